//! Rows and queries of the append-only event log. Each event carries a hash over itself and the hash before it.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::schema::{event_head, events};
use super::{CHUNK_ROWS, Conn, insert_rows, log};

/// An event as stored.
#[derive(Clone, Debug, Queryable)]
pub struct EventRow {
    pub seq: i64,
    pub id: String,
    pub at: i64,
    pub kind: String,
    pub service_id: Option<String>,
    pub team_id: Option<String>,
    pub actor: String,
    pub sentence: String,
    pub data: String,
    pub hash: String,
    pub audit: Option<String>,
}

/// An event to append.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub id: String,
    pub at: i64,
    pub kind: String,
    pub service_id: Option<String>,
    pub team_id: Option<String>,
    pub actor: String,
    pub sentence: String,
    pub data: String,
    /// Who acted, how that is known, from where, and what changed, as JSON; none of what merely follows from a write.
    pub audit: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct LinkedRow<'a> {
    seq: i64,
    id: &'a str,
    at: i64,
    kind: &'a str,
    service_id: Option<String>,
    team_id: Option<String>,
    actor: &'a str,
    sentence: &'a str,
    data: &'a str,
    hash: String,
    audit: Option<String>,
}

/// The last event: its position and hash; position 0 and no hash while there is none.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Head {
    pub seq: i64,
    pub hash: String,
}

/// The hash of the event `event` at position `seq` after one with the hash `before`: SHA-256 in hexadecimal over all of
/// them, each with its length before it, so that no two different events read the same.
pub fn link(before: &str, seq: i64, event: &NewEvent) -> String {
    let mut hasher = Sha256::new();
    let mut part = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    part(before);
    part(&event.id);
    part(&event.kind);
    // An absent name and an empty one differ.
    for name in [&event.service_id, &event.team_id] {
        part(if name.is_some() { "1" } else { "0" });
        part(name.as_deref().unwrap_or_default());
    }
    part(&event.actor);
    part(&event.sentence);
    part(&event.data);
    // An event without it has the hash that it had before there was an audit.
    if let Some(audit) = &event.audit {
        part(audit);
    }
    hasher.update(seq.to_be_bytes());
    hasher.update(event.at.to_be_bytes());
    format!("{:x}", hasher.finalize())
}

impl EventRow {
    /// The event without its place in the log.
    pub fn content(&self) -> NewEvent {
        NewEvent {
            id: self.id.clone(),
            at: self.at,
            kind: self.kind.clone(),
            service_id: self.service_id.clone(),
            team_id: self.team_id.clone(),
            actor: self.actor.clone(),
            sentence: self.sentence.clone(),
            data: self.data.clone(),
            audit: self.audit.clone(),
        }
    }
}

/// Where the log ends.
pub fn head(conn: &mut Conn) -> QueryResult<Head> {
    event_head::table.find(1).select((event_head::seq, event_head::hash)).get_result(conn)
}

/// The same, held against others until the end of the transaction.
fn held_head(conn: &mut Conn) -> QueryResult<Head> {
    let of = event_head::table.find(1).select((event_head::seq, event_head::hash));
    match conn {
        Conn::Pg(c) => of.for_update().get_result(c),
        Conn::Sqlite(c) => of.get_result(c),
    }
}

fn move_head(conn: &mut Conn, head: &Head) -> QueryResult<()> {
    diesel::update(event_head::table.find(1))
        .set((event_head::seq.eq(head.seq), event_head::hash.eq(&head.hash)))
        .execute(conn)
        .map(|_| ())
}

/// Appends events. The last thing a transaction does: from here to its commit nobody else can append.
pub fn append(conn: &mut Conn, new: &[NewEvent]) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let mut head = held_head(conn)?;
    let mut rows = Vec::with_capacity(new.len());
    for event in new {
        head.seq += 1;
        head.hash = link(&head.hash, head.seq, event);
        rows.push(LinkedRow {
            seq: head.seq,
            id: &event.id,
            at: event.at,
            kind: &event.kind,
            service_id: event.service_id.clone(),
            team_id: event.team_id.clone(),
            actor: &event.actor,
            sentence: &event.sentence,
            data: &event.data,
            hash: head.hash.clone(),
            audit: event.audit.clone(),
        });
    }
    insert_rows!(conn, events::table, rows)?;
    move_head(conn, &head)
}

/// Chains the events of an installation that has none chained yet; gives how many. Of a log that has a chain nothing is
/// touched: what was added beyond its head by other means is for `verify` to find.
pub fn chain(conn: &mut Conn) -> QueryResult<usize> {
    let mut head = held_head(conn)?;
    if head.seq > 0 {
        return Ok(0);
    }
    let mut chained = 0;
    loop {
        let rows = log::whole(conn, head.seq, CHUNK_ROWS as i64)?;
        for row in &rows {
            head = Head { seq: row.seq, hash: link(&head.hash, row.seq, &row.content()) };
            diesel::update(events::table.find(row.seq)).set(events::hash.eq(&head.hash)).execute(conn)?;
        }
        chained += rows.len();
        if rows.is_empty() {
            break;
        }
    }
    if chained > 0 {
        move_head(conn, &head)?;
    }
    Ok(chained)
}

/// The newest position, 0 when there is none.
pub fn newest_seq(conn: &mut Conn) -> QueryResult<i64> {
    event_head::table.find(1).select(event_head::seq).get_result(conn)
}
