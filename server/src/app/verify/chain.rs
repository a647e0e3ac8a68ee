//! The event log: each event's hash against its content and the hash before it, up to the head.

use super::Check;
use crate::error::Result;
use crate::store::events::{self, EventRow, Head, link};
use crate::store::log;
use crate::store::{Conn, audit};

/// Events read at a time.
const ROWS: i64 = 2_000;

/// Walks the log from its first event; tells of the first broken link what differs, and counts the others.
pub(super) fn check(conn: &mut Conn) -> Result<Check> {
    let mut check = Check::new("events");
    if audit::heads(conn)? != 1 {
        check.problem(|| "the row that says where the log ends (event_head) is missing".into());
        return Ok(check);
    }
    let head = events::head(conn)?;
    let mut walk = Walk { check, before: Head { seq: 0, hash: String::new() }, broken: None, n: 0 };
    loop {
        let rows = log::whole(conn, walk.before.seq, ROWS)?;
        if rows.is_empty() {
            break;
        }
        for row in rows.iter().filter(|r| r.seq <= head.seq) {
            walk.step(row);
        }
        if rows.last().is_some_and(|r| r.seq > head.seq) {
            break;
        }
    }
    walk.end(conn, &head)
}

struct Walk {
    check: Check,
    /// The last event: its position, and the hash that is stored with it.
    before: Head,
    /// The broken link that waits for its neighbour, which tells what was changed.
    broken: Option<Broken>,
    n: usize,
}

struct Broken {
    text: String,
    /// The hash the event should have.
    expected: String,
}

impl Walk {
    fn step(&mut self, row: &EventRow) {
        self.n += 1;
        self.settle(|hash| link(hash, row.seq, &row.content()) == row.hash);
        let expected = link(&self.before.hash, row.seq, &row.content());
        if expected != row.hash {
            let gap = match (self.before.seq, row.seq) {
                (last, here) if here == last + 1 => String::new(),
                (last, here) if here == last + 2 => format!("; event {} is not there", last + 1),
                (last, here) => format!("; events {} to {} are not there", last + 1, here - 1),
            };
            let text = format!("event {} ({}, {}){gap}", row.seq, row.id, row.kind);
            self.broken = Some(Broken { text, expected });
        }
        self.before = Head { seq: row.seq, hash: row.hash.clone() };
    }

    /// Tells of a broken link what was changed: the next event was chained to what was there at its time.
    fn settle(&mut self, next_fits: impl Fn(&str) -> bool) {
        let Some(Broken { text, expected }) = self.broken.take() else { return };
        let gap = text.contains("not there");
        let what = if gap {
            "it does not follow the event before it"
        } else if next_fits(&expected) {
            "its stored hash is not the one it was given; its content is as it was written"
        } else if next_fits(&self.before.hash) {
            "its content is not what was written, or what stood before it has changed"
        } else {
            "neither its content nor its hash fits what stands around it"
        };
        self.tell(format!("the first broken link is {text}: {what}"));
    }

    /// Only the first is told: what follows a broken link may be broken by it.
    fn tell(&mut self, text: String) {
        self.check.problems += 1;
        if self.check.told.is_empty() {
            self.check.told.push(text);
        }
    }

    fn end(mut self, conn: &mut Conn, head: &Head) -> Result<Check> {
        let last = audit::last_event(conn)?;
        self.settle(|hash| hash == head.hash);
        if self.before.seq < head.seq {
            let (from, to) = (self.before.seq + 1, head.seq);
            self.tell(format!(
                "the log ends before event {from}, and its head says {to}: the end is missing"
            ));
        } else if self.before.hash != head.hash && self.check.problems == 0 {
            self.tell(format!("the head of the log names another hash than that of event {}", head.seq));
        }
        if last > head.seq {
            self.tell(format!(
                "events after {} (the last is {last}) were not appended by Waterbear",
                head.seq
            ));
        }
        self.check.extent = format!("{} events, the last is {}", self.n, self.before.seq);
        Ok(self.check)
    }
}
