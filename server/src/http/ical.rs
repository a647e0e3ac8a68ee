//! Drills that are due, and certificates that end, as calendars (RFC 5545).

use sha2::{Digest, Sha256};

use crate::app::views::{CertificateView, DueRow};
use crate::types::{Failure, Timestamp, hex};

/// Media type of a calendar.
pub const MEDIA: &str = "text/calendar; charset=utf-8";

/// Octets of a line at most, without its end (RFC 5545, 3.1).
const LINE: usize = 75;
/// Bytes of the hash that an event is known by.
const UID_BYTES: usize = 16;

/// Which calendar it is.
#[derive(Clone, Debug)]
pub struct About {
    /// Address under which others reach this installation, without trailing slash.
    pub base: String,
    /// Its name.
    pub name: String,
    /// Now.
    pub now: Timestamp,
}

/// A whole day on which something is due.
struct Event<'a> {
    /// The same thing is the same event, on whichever day it is.
    uid: String,
    /// `2026-12-31`
    day: &'a str,
    summary: String,
    description: String,
    url: String,
    category: &'a str,
}

/// The calendar of these drills: a whole day each, on the day on which the drill is due.
pub fn drills(about: &About, rows: &[DueRow]) -> String {
    let events = rows.iter().map(|row| {
        let label = Failure::parse(&row.failure).map_or_else(|| row.failure.clone(), Failure::label);
        let of = row.target.as_ref().map_or_else(String::new, |target| format!(" of {target}"));
        let word = if row.due { "Drill due" } else { "Drill runs out" };
        let url = format!("{}/services/{}/drills?failure={}#next", about.base, row.service, row.failure);
        Event {
            uid: uid(row),
            day: &row.due_on,
            summary: format!("{word}: {}, {label}{of}", row.service_name),
            description: format!("{}\nThe plan: {url}", row.why),
            url,
            category: &row.kind,
        }
    });
    calendar(about, "Drills that are due", events)
}

/// The calendar of these certificates: a whole day each, on the day on which it ends unless it is renewed. `next` says what
/// comes next of one.
pub fn certificates(
    about: &About,
    rows: &[CertificateView],
    next: impl Fn(&CertificateView) -> String,
) -> String {
    let days: Vec<Option<String>> = rows.iter().map(|one| one.valid_until.map(Timestamp::day_text)).collect();
    let dated = rows.iter().zip(&days).filter_map(|(one, day)| Some((one, day.as_deref()?)));
    let events = dated.map(|(one, day)| {
        let state = match one.state.as_str() {
            "certified" => String::new(),
            other => format!(" ({})", other.replace('_', " ")),
        };
        let url = format!("{}/certificates/{}", about.base, one.id);
        Event {
            // It is renewed under the same id.
            uid: one.id.clone(),
            day,
            summary: format!("Certificate ends{state}: {}, {}", one.service_name, one.title),
            description: format!("{}\nThe certificate: {url}", next(one)),
            url,
            category: "certificate",
        }
    });
    calendar(about, "Certificates that end", events)
}

fn calendar<'a>(about: &About, product: &str, events: impl Iterator<Item = Event<'a>>) -> String {
    let mut out = String::new();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0"] {
        push(&mut out, line);
    }
    push(&mut out, &format!("PRODID:-//Waterbear//{product}//EN"));
    push(&mut out, "CALSCALE:GREGORIAN");
    push(&mut out, "METHOD:PUBLISH");
    push(&mut out, &format!("X-WR-CALNAME:{}", escaped(&about.name)));
    push(&mut out, "REFRESH-INTERVAL;VALUE=DURATION:PT12H");
    // The same all day, so that who asks again is told that nothing changed.
    let stamp = about.now.to_datetime().format("%Y%m%dT000000Z").to_string();
    for event in events {
        write(&mut out, &event, &stamp);
    }
    push(&mut out, "END:VCALENDAR");
    out
}

fn write(out: &mut String, event: &Event<'_>, stamp: &str) {
    let Some((start, end)) = days(event.day) else { return };
    push(out, "BEGIN:VEVENT");
    push(out, &format!("UID:{}@waterbear", event.uid));
    push(out, &format!("DTSTAMP:{stamp}"));
    push(out, &format!("DTSTART;VALUE=DATE:{start}"));
    push(out, &format!("DTEND;VALUE=DATE:{end}"));
    push(out, &format!("SUMMARY:{}", escaped(&event.summary)));
    push(out, &format!("DESCRIPTION:{}", escaped(&event.description)));
    push(out, &format!("URL:{}", event.url));
    push(out, &format!("CATEGORIES:{}", escaped(event.category)));
    push(out, "TRANSP:TRANSPARENT");
    push(out, "END:VEVENT");
}

/// The same drill is the same event, whenever it is due.
fn uid(row: &DueRow) -> String {
    let mut hasher = Sha256::new();
    for part in [&row.service, &row.failure, row.target.as_ref().unwrap_or(&String::new()), &row.environment]
    {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(hasher.finalize().get(..UID_BYTES).unwrap_or_default())
}

/// A day and the one after it, as the format writes them.
fn days(day: &str) -> Option<(String, String)> {
    let at = Timestamp::parse(&format!("{day}T00:00:00Z")).ok()?;
    let form = |at: Timestamp| at.to_datetime().format("%Y%m%d").to_string();
    Some((form(at), form(at.plus_days(1))))
}

/// A text as a value: what separates values is escaped, other control characters go.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A line, folded: what is longer than 75 octets goes on after a space, and no character is torn apart.
fn push(out: &mut String, line: &str) {
    let mut octets = 0;
    for c in line.chars() {
        if octets + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(c);
        octets += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: &str) -> DueRow {
        DueRow {
            service: "checkout".into(),
            service_name: "Checkout, \"the\" one; \\o/".into(),
            kind: "dependency".into(),
            failure: "error".into(),
            target: Some(target.into()),
            environment: "staging".into(),
            state: "stale".into(),
            why: "It last passed 90 days ago.".into(),
            rule: None,
            points: None,
            effort: None,
            due_on: "2026-12-31".into(),
            due: true,
        }
    }

    fn about() -> About {
        About {
            base: "https://w.example".into(),
            name: "Drills".into(),
            now: Timestamp::parse("2026-12-30T09:00:00Z").unwrap(),
        }
    }

    #[test]
    fn lines_are_folded_and_texts_escaped() {
        let long = "é".repeat(200);
        let text = drills(&about(), &[row(&format!("a\r\nBEGIN:VALARM {long}"))]);
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        for line in text.split("\r\n") {
            assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line}");
        }
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains("DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n"));
        assert!(
            unfolded.contains(
                "SUMMARY:Drill due: Checkout\\, \"the\" one\\; \\\\o/\\, error of a\\nBEGIN:VALARM é"
            )
        );
        assert_eq!(unfolded.matches("\r\nBEGIN:").count(), 1);
    }

    #[test]
    fn an_event_stays_the_same_one() {
        let mut later = row("ads");
        later.due_on = "2027-02-01".into();
        later.state = "fresh".into();
        assert_eq!(uid(&row("ads")), uid(&later));
        assert_ne!(uid(&row("ads")), uid(&row("ad")));
    }
}
