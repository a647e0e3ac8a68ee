//! Sentences about degraders.

use scoring_rules::degrader::{Dialect, Recommended, Replay, Scenario, Settings, Tuning};

use crate::app::degrader::Told;
use crate::http::charts::{Mark, ms};
use crate::http::pages::words::ago;
use crate::types::Timestamp;

pub(super) use crate::http::pages::words::capital;

/// `10 times as slow`, `hanging`, `failing half of its calls`.
pub(super) fn scenario_words(scenario: Scenario) -> String {
    match scenario {
        Scenario::Slow(factor) => format!("{factor} times as slow"),
        Scenario::Hung => "hanging".to_owned(),
        Scenario::Errors(share) if share >= 1.0 => "failing every call".to_owned(),
        Scenario::Errors(share) => format!("failing {:.0}% of its calls", share * 100.0),
    }
}

/// `after 12 s`, `never`.
pub(super) fn after(replay: &Replay) -> String {
    replay.isolated_after_s.map_or_else(|| "never".to_owned(), |s| format!("after {s:.0} s"))
}

/// `left out after 12 s`, `never left out`.
pub(super) fn left_out(replay: &Replay) -> String {
    replay
        .isolated_after_s
        .map_or_else(|| "never left out".to_owned(), |s| format!("left out after {s:.0} s"))
}

/// `17,674`, `2.5`.
pub(super) fn requests(n: f64) -> String {
    if n < 9.95 {
        let text = format!("{n:.1}");
        return text.trim_end_matches(".0").to_owned();
    }
    let digits = format!("{n:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What the page says first.
pub(super) fn lead(assessment: &Tuning<Settings>, recommended: Option<&Recommended<Settings>>) -> String {
    if !assessment.hard_failures.is_empty() {
        return "On a usual day, with nothing wrong, calls to healthy hosts are refused or kept away."
            .to_owned();
    }
    match recommended {
        Some(better) => {
            let n = better.changes.len();
            format!(
                "{} of {} would bring it to {:.0}.",
                if n == 1 { "A change".to_owned() } else { "Changes".to_owned() },
                crate::http::pages::words::count(i64::try_from(n).unwrap_or(0), "value"),
                better.score
            )
        }
        None if assessment.refusals.is_empty() => "Good as it is: nothing to change.".to_owned(),
        None => "Nothing is recommended until more is known.".to_owned(),
    }
}

/// Where the marks stand, in words.
pub(super) fn marks(marks: &[Mark]) -> String {
    let of = |current: bool| {
        let all: Vec<String> = marks
            .iter()
            .filter(|m| m.current == current)
            .map(|m| format!("{} {}", m.label, ms(m.ms)))
            .collect();
        all.join(", ")
    };
    let (now, new) = (of(true), of(false));
    match (now.is_empty(), new.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("Marks: {now}."),
        (false, false) => format!("Marks now: {now}; recommended: {new}."),
    }
}

/// What a tool cannot see of a failing host, and what is paired with it for that.
pub(super) fn sight(dialect: Dialect) -> Vec<String> {
    let sight = dialect.sight();
    let paired = (!sight.paired_with.is_empty()).then(|| format!("Paired with it: {}", sight.paired_with));
    let blind =
        (!sight.blind_to.is_empty()).then(|| format!("{} does not see: {}", dialect.name(), sight.blind_to));
    blind.into_iter().chain(paired).collect()
}

/// Who told what, and when.
pub(super) fn sources(told: &Told, now: Timestamp) -> Vec<String> {
    let mut all = Vec::new();
    if let (Some(from), Some(at)) = (&told.settings_from, told.settings_at) {
        all.push(format!("Settings: told by {from}, {}.", ago(now, at)));
    }
    if let (Some(from), Some(at)) = (&told.profile_from, told.profile_at) {
        let how = if told.observed { "measured" } else { "told" };
        all.push(format!("Traffic: {how} by {from}, {}.", ago(now, at)));
    }
    all
}
