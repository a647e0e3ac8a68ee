//! What is told, before it is a webhook, a Slack message or a mail: one form for all of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::kinds;
use crate::app::views::EventView;
use crate::types::Timestamp;

/// Longest sentence that is told, in characters.
const MAX_SENTENCE: usize = 600;
/// No sentence of ours is shorter, in bytes.
const SHORTEST: usize = 20;
/// Details of an event that are longer than this are left out, bytes of JSON.
const MAX_DETAILS: usize = 8_000;

/// Something to tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// Kind of the event, `digest`, `test`, `notifications_skipped`.
    pub(super) kind: String,
    /// When it happened.
    pub(super) at: Timestamp,
    /// One line that says it.
    pub(super) title: String,
    /// A sentence or two.
    pub(super) text: String,
    /// Lists below it.
    pub(super) sections: Vec<Part>,
    /// Where to look.
    pub(super) url: String,
    /// What programs are told.
    pub(super) data: Json,
}

/// A list with a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Title.
    pub(super) title: String,
    /// Lines.
    pub(super) lines: Vec<Line>,
    /// Lines that were left out.
    pub(super) more: usize,
}

/// A line, with where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// What is read.
    pub(super) text: String,
    /// Where it leads.
    pub(super) url: Option<String>,
}

/// A text without control characters and line breaks, cut.
pub(super) fn clean(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    let mut out: String = text.chars().map(plain).take(most).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// The first sentence, without its full stop: what is read in a subject or a header.
fn headline(sentence: &str) -> &str {
    // A name may hold a full stop of its own.
    let end = sentence.match_indices(". ").map(|(at, _)| at).find(|at| *at >= SHORTEST);
    let first = end.and_then(|at| sentence.get(..at)).unwrap_or(sentence);
    first.strip_suffix('.').unwrap_or(first)
}

/// The address of what an event is about.
pub(super) fn address(base: &str, event: &EventView) -> String {
    if event.kind.starts_with("challenge_") {
        return challenge(base, &event.data);
    }
    match (&event.service, &event.team) {
        (Some(service), _) => format!("{base}/services/{service}"),
        (None, Some(team)) => format!("{base}/teams/{team}"),
        (None, None) if event.kind == "rulebook_published" => format!("{base}/rules"),
        (None, None) => format!("{base}/activity"),
    }
}

/// The page of a challenge, where the event names it by a plain slug.
fn challenge(base: &str, data: &Json) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let slug = ["slug", "challenge"].iter().find_map(|key| data[*key].as_str());
    match slug.filter(|slug| !slug.is_empty() && slug.chars().all(plain)) {
        Some(slug) => format!("{base}/challenges/{slug}"),
        None => format!("{base}/challenges"),
    }
}

impl Note {
    /// An event that is told at once.
    pub(super) fn of(base: &str, event: &EventView) -> Self {
        let url = address(base, event);
        let sentence = clean(&event.sentence, MAX_SENTENCE);
        let details = (event.data.to_string().len() <= MAX_DETAILS).then(|| event.data.clone());
        let data = json!({
            "event": event.id, "seq": event.seq, "service": event.service, "team": event.team,
            "sentence": sentence, "url": url, "details": details,
        });
        let lead = match kinds::class_of(&event.kind) {
            Some(kinds::Class::Regression) => "Regression",
            Some(kinds::Class::Certificate) => "Certificate",
            Some(kinds::Class::Challenge) => "Challenge",
            None => "Waterbear",
        };
        Self {
            kind: event.kind.clone(),
            at: event.at,
            title: format!("{lead}: {}", clean(headline(&event.sentence), 120)),
            text: sentence,
            sections: Vec::new(),
            url,
            data,
        }
    }

    /// A message that somebody asked for to see whether it arrives.
    pub(super) fn test(base: &str, now: Timestamp, name: &str) -> Self {
        let text = format!("This is a test of the target “{}”. Nothing happened.", clean(name, 100));
        let url = format!("{base}/admin/notifications");
        let data = json!({ "sentence": text, "url": url });
        let title = "Waterbear: a test".to_owned();
        Self { kind: "test".into(), at: now, title, text, sections: Vec::new(), url, data }
    }

    /// That events were left out.
    pub(super) fn skipped(base: &str, now: Timestamp, count: i64) -> Self {
        let what = if count == 1 { "1 event was".to_owned() } else { format!("{count} events were") };
        let text = format!("{what} skipped: too much waited for this target. The activity has them all.");
        let url = format!("{base}/activity");
        let data = json!({ "skipped": count, "sentence": text, "url": url });
        let title = format!("Waterbear: {what} skipped");
        Self { kind: "notifications_skipped".into(), at: now, title, text, sections: Vec::new(), url, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_is_the_first_sentence_whole() {
        let told = "login-api: dns drill in staging passed before and fails now. It broke between 07:36 and 07:38 UTC.";
        assert_eq!(headline(told), "login-api: dns drill in staging passed before and fails now");
        assert_eq!(
            headline("St. Moritz: a drill passed before and fails now."),
            "St. Moritz: a drill passed before and fails now"
        );
        assert_eq!(headline("No stop"), "No stop");
    }
}
