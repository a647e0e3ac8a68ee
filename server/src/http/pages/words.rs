//! How pages write numbers, times, values and counts.

use serde_json::Value;

use crate::app::views::Points;
use crate::types::{DAY_MS, Timestamp};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// `6 minutes ago`, `yesterday`, `12 days ago`, then the date.
pub fn ago(now: Timestamp, then: Timestamp) -> String {
    let age = now.0 - then.0;
    match age {
        _ if age < -MINUTE_MS => day(then),
        _ if age < MINUTE_MS => "just now".to_owned(),
        _ if age < HOUR_MS => format!("{} ago", count(age / MINUTE_MS, "minute")),
        _ if age < DAY_MS => format!("{} ago", count(age / HOUR_MS, "hour")),
        _ if age < 2 * DAY_MS => "yesterday".to_owned(),
        _ if age < 60 * DAY_MS => format!("{} ago", count(age / DAY_MS, "day")),
        _ => day(then),
    }
}

/// `18 May 2026`.
pub fn day(at: Timestamp) -> String {
    at.to_datetime().format("%-d %B %Y").to_string()
}

/// `18 May`.
pub fn short_day(at: Timestamp) -> String {
    at.to_datetime().format("%-d %b").to_string()
}

/// `18 May 2026, 09:26 UTC`.
pub fn minute(at: Timestamp) -> String {
    at.to_datetime().format("%-d %B %Y, %H:%M UTC").to_string()
}

/// `1 service`, `3 services`.
pub fn count(n: i64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `an A`, `a B`: the article as the letter is spoken.
pub fn a_letter(letter: &str) -> String {
    let vowel = letter.chars().next().is_some_and(|c| "AEFHILMNORSX".contains(c.to_ascii_uppercase()));
    format!("{} {letter}", if vowel && letter.chars().count() <= 2 { "an" } else { "a" })
}

/// Points without needless decimals: `7.5`, `10`.
pub fn points(points: Points) -> String {
    let (whole, rest) = (points.0 / 1000, (points.0 % 1000).abs());
    if rest == 0 {
        return whole.to_string();
    }
    let sign = if points.0 < 0 && whole == 0 { "-" } else { "" };
    format!("{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
}

/// Signed with a true minus: `+4`, `−2`, `0`.
pub fn signed(n: i64) -> String {
    match n {
        0 => "0".to_owned(),
        n if n > 0 => format!("+{n}"),
        n => format!("\u{2212}{}", -n),
    }
}

/// How long a step takes, in words.
pub fn effort(word: &str) -> String {
    match word {
        "minutes" => "a few minutes".to_owned(),
        "hours" => "a few hours".to_owned(),
        "days" => "a few days".to_owned(),
        other => other.to_owned(),
    }
}

/// A fact's value for people.
pub fn value(value: &Value, unit: Option<&str>) -> String {
    let text = match value {
        Value::Null => return "none".to_owned(),
        Value::Bool(true) => return "yes".to_owned(),
        Value::Bool(false) => return "no".to_owned(),
        Value::String(text) if text.is_empty() => return "empty".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => return "none".to_owned(),
        Value::Array(items) => items.iter().map(|i| self::value(i, None)).collect::<Vec<_>>().join(", "),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(share) if unit == Some("share") => {
                return format!("{}%", decimal((share * 1000.0).round() / 10.0));
            }
            Some(float) => decimal(float),
            None => number.to_string(),
        },
        other @ Value::Object(_) => other.to_string(),
    };
    match unit {
        Some("%" | "percent") => format!("{text}%"),
        Some(unit) if text == "1" => format!("{text} {}", unit.strip_suffix('s').unwrap_or(unit)),
        Some(unit) => format!("{text} {unit}"),
        None => text,
    }
}

/// A number with at most three decimals.
fn decimal(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Seconds as people say them: `41 s`, `3 min`, `2.5 h`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{} s", (seconds * 10.0).round() / 10.0)
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{} h", (seconds / 360.0).round() / 10.0)
    }
}

/// A failure class for people.
pub fn failure(word: &str) -> String {
    match word {
        "cpu" => "CPU".to_owned(),
        "dns" => "DNS".to_owned(),
        "config" => "configuration".to_owned(),
        other => plain(other),
    }
}

/// `host_offline` as `host offline`.
pub fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// The first letter in upper case.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The first characters of a content hash, enough to tell rulebooks apart.
pub fn short_hash(hash: &str) -> String {
    hash.rsplit(':').next().unwrap_or(hash).chars().take(7).collect()
}

/// Text as part of a query string.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Up to two initials of a team's name.
pub fn initials(name: &str) -> String {
    let initials: String = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect();
    if initials.is_empty() { "?".to_owned() } else { initials }
}

/// `1st`, `2nd`, `3rd`, `4th`, `11th`.
pub fn ordinal(n: i64) -> String {
    let end = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short_and_become_dates() {
        let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        let before = |ms| ago(now, Timestamp(now.0 - ms));
        assert_eq!(before(10_000), "just now");
        assert_eq!(before(6 * MINUTE_MS), "6 minutes ago");
        assert_eq!(before(HOUR_MS), "1 hour ago");
        assert_eq!(before(DAY_MS + 1), "yesterday");
        assert_eq!(before(12 * DAY_MS), "12 days ago");
        assert_eq!(before(200 * DAY_MS), "5 May 2026");
        assert_eq!(before(-DAY_MS), "22 November 2026");
    }

    #[test]
    fn points_are_exact_decimals() {
        assert_eq!(points(Points(7_500)), "7.5");
        assert_eq!(points(Points(10_000)), "10");
        assert_eq!(points(Points(333)), "0.333");
        assert_eq!(points(Points(-250)), "-0.25");
    }

    #[test]
    fn values_read_as_words() {
        assert_eq!(value(&Value::Bool(true), None), "yes");
        assert_eq!(value(&serde_json::json!(12), Some("days")), "12 days");
        assert_eq!(value(&serde_json::json!(1), Some("days")), "1 day");
        assert_eq!(value(&serde_json::json!(["a", "b"]), None), "a, b");
        assert_eq!(value(&serde_json::json!(92), Some("percent")), "92%");
        assert_eq!(value(&serde_json::json!(0.818_181_8), Some("share")), "81.8%");
        assert_eq!(value(&serde_json::json!(75.0), None), "75");
    }

    #[test]
    fn small_words() {
        assert_eq!(a_letter("A"), "an A");
        assert_eq!(a_letter("B"), "a B");
        assert_eq!(a_letter("Excellent"), "a Excellent");
        assert_eq!(initials("Checkout Platform Team"), "CP");
        assert_eq!(initials("—"), "?");
        assert_eq!(encode("a b&c/ä"), "a%20b%26c%2F%C3%A4");
        assert_eq!(short_hash("sha256:0123456789abcdef"), "0123456");
        assert_eq!(capital("élan"), "Élan");
        assert_eq!(failure("dns"), "DNS");
        assert_eq!(failure("host_offline"), "host offline");
        assert_eq!(seconds(41.26), "41.3 s");
        assert_eq!(seconds(300.0), "5 min");
        assert_eq!(seconds(9000.0), "2.5 h");
    }
}
