//! Sentences that people read: what moved a score, why a rule came out as it did.

use scoring_rules::{
    DrillWindow, EvidenceClass, FactSpec, Facts, Missing, MissingWhy, Outcome, Rule, RuleResult, Rulebook,
    Value,
};

use super::grading::Cause;
use super::views::RuleMove;
use crate::store::grades::ScoreRow;

/// What moved a score, in one sentence.
pub fn change(
    book: &Rulebook,
    before: Option<&ScoreRow>,
    after: &ScoreRow,
    moves: &[RuleMove],
    cause: Cause,
) -> String {
    let Some(before) = before else { return "First graded.".into() };
    if cause == Cause::Rulebook {
        return format!("Judged by rulebook {} from now on.", short_hash(&after.book_hash));
    }
    let points = |m: &RuleMove| book.rule(&m.rule).map_or(0, |r| r.points);
    let Some(biggest) = moves.iter().max_by_key(|m| points(m)) else {
        return match cause {
            Cause::Expiry => "Evidence grew older.".into(),
            Cause::Ownership => "Its catalog entry changed.".into(),
            _ if after.capped_by != before.capped_by => "A cap came or went.".into(),
            _ => "New evidence arrived.".into(),
        };
    };
    let title = book.rule(&biggest.rule).map_or(biggest.rule.as_str(), |r| r.title.as_str());
    let more = match moves.len() {
        1 => String::new(),
        2 => " One more rule moved.".into(),
        n => format!(" {} more rules moved.", n - 1),
    };
    let lead = match cause {
        Cause::Expiry => "Evidence aged. ",
        Cause::Ownership => "Its catalog entry changed. ",
        Cause::Evidence | Cause::Rulebook => "",
    };
    format!("{lead}“{title}” went from {} to {}.{more}", word(&biggest.before), word(&biggest.after))
}

/// An outcome for people.
pub fn word(outcome: &str) -> &str {
    match outcome {
        "pass" => "passed",
        "fail" => "failed",
        "not_applicable" => "not applicable",
        other => other,
    }
}

/// A score change as a line of the feed.
pub fn score_event(name: &str, before: &ScoreRow, after: &ScoreRow, sentence: &str) -> String {
    let moved = if before.grade == after.grade {
        format!("went from {} to {} points", before.score.max(0), after.score.max(0))
    } else if after.grade.is_empty() {
        "is no longer graded".to_owned()
    } else if before.score < after.score {
        format!("reached grade {}", after.grade)
    } else {
        format!("went from {} to {}", or_dash(&before.grade), after.grade)
    };
    format!("{name} {moved}. {sentence}")
}

/// A letter, or that there is none.
pub(super) fn or_dash(grade: &str) -> &str {
    if grade.is_empty() { "not graded" } else { grade }
}

/// The first seven characters of a content hash.
pub fn short_hash(hash: &str) -> &str {
    hash.get(..7).unwrap_or(hash)
}

/// Why a rule came out as it did, with the measured numbers, or what is missing and how to send it.
pub fn reason(
    book: &Rulebook,
    rule: &Rule,
    result: &RuleResult,
    facts: &Facts,
    windows: &[DrillWindow],
) -> String {
    match result.outcome {
        Outcome::NotApplicable if result.previewed => {
            return rule.starts.map_or_else(
                || "Previewed; does not count yet.".into(),
                |day| format!("Previewed; counts from {day}."),
            );
        }
        Outcome::NotApplicable => return "Does not apply to this service.".into(),
        Outcome::Waived => return "Waived.".into(),
        _ => {}
    }
    if let Some(missing) = result.missing.first() {
        let more = match result.missing.len() {
            0 | 1 => String::new(),
            2 => " One more fact is missing.".into(),
            n => format!(" {} more facts are missing.", n - 1),
        };
        return format!("{}{more}", missing_detail(book, missing));
    }
    if let Some(window) = windows.iter().find(|w| w.rule == result.rule)
        && let Some(sentence) = drill_reason(book, window, rule, facts)
    {
        return sentence;
    }
    let read: Vec<String> = rule
        .facts()
        .iter()
        .filter_map(|id| {
            let spec = book.catalogue().spec(*id);
            facts.get(*id).map(|f| measured(spec, &f.value))
        })
        .collect();
    if read.is_empty() { "Holds without any fact.".into() } else { format!("Measured: {}.", read.join(", ")) }
}

/// The name of a fact for people: `rollback.config_median_seconds` is "config median".
fn measured(spec: &FactSpec, value: &Value) -> String {
    let name = spec.name.split_once('.').map_or(spec.name.as_str(), |(_, n)| n).replace('_', " ");
    let unit = spec.unit.as_deref().unwrap_or("");
    let bare = name.strip_suffix(unit).map_or(name.as_str(), str::trim_end);
    let shown = match (value, unit) {
        (Value::Num(n), "share") => format!("{:.0}%", n * 100.0),
        (Value::Num(n), _) => format!("{n:.2} {unit}").trim_end().to_owned(),
        (other, _) => format!("{other} {unit}").trim_end().to_owned(),
    };
    format!("{bare} {shown}")
}

fn drill_reason(book: &Rulebook, window: &DrillWindow, rule: &Rule, facts: &Facts) -> Option<String> {
    let spec = book.catalogue().spec(window.fact);
    let prefix = spec.name.strip_suffix("_days_since_passed")?;
    let outcome = book.catalogue().id(&format!("{prefix}_last_outcome")).and_then(|id| facts.get(id));
    let days = match facts.get(window.fact).map(|f| &f.value) {
        Some(Value::Int(days)) => Some(*days),
        _ => None,
    };
    let failed = outcome.is_some_and(|f| f.value == Value::from("failed"));
    let scale = format!(
        "A passed drill counts in full for {} days, not at all after {}.",
        window.fresh_days, window.expires_days
    );
    Some(match (failed, days) {
        (true, Some(days)) => {
            format!("Last run failed; it had passed {}. Fix it and run it again.", ago(days))
        }
        (true, None) => format!(
            "Tried and failed: worth {} of {} points. Fix it and run it again.",
            tried(book, rule),
            rule.points
        ),
        (false, Some(days)) => format!("Last passed {}. {scale}", ago(days)),
        (false, None) => return None,
    })
}

fn tried(book: &Rulebook, rule: &Rule) -> String {
    let milli = u32::from(book.tried_milli()) * u32::from(rule.points);
    format!("{:.2}", f64::from(milli) / 1000.0).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// "today", "yesterday", "12 days ago".
pub fn ago(days: i64) -> String {
    match days {
        0 => "today".into(),
        1 => "yesterday".into(),
        n => format!("{n} days ago"),
    }
}

/// What is missing and how to send it.
pub fn missing_detail(book: &Rulebook, missing: &Missing) -> String {
    let spec = book.catalogue().spec(missing.fact);
    match missing.why {
        MissingWhy::NoData => format!("No data for `{}`. {}", spec.name, spec.send),
        MissingWhy::Stale { age_days, limit_days } => format!(
            "`{}` is {age_days} days old and counts for {limit_days} days only. {}",
            spec.name, spec.send
        ),
        MissingWhy::TooWeak { have } => {
            format!(
                "`{}` is only {}; this rule asks for stronger evidence. {}",
                spec.name,
                class_word(have),
                spec.send
            )
        }
    }
}

/// The code of a missing fact in the API.
pub fn missing_code(why: MissingWhy) -> &'static str {
    match why {
        MissingWhy::NoData => "no_data",
        MissingWhy::Stale { .. } => "stale",
        MissingWhy::TooWeak { .. } => "too_weak",
    }
}

/// An evidence class for people.
pub fn class_word(class: EvidenceClass) -> &'static str {
    match class {
        EvidenceClass::Declared => "declared",
        EvidenceClass::Observed => "observed",
        EvidenceClass::ExecutedToken => "executed, token",
        EvidenceClass::ExecutedCi => "executed, CI",
    }
}
