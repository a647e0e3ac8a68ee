//! Values of a table as text, and back: durations, numbers, words.

use serde_json::Value;

use super::table::{Spec, Unit};

/// How a tool writes durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Protobuf's JSON: seconds with an `s`, and nothing else.
    Proto,
    /// Units: `77ms`, `10s`, `1m30s`.
    Units,
    /// Units, ISO 8601, or bare milliseconds.
    Java,
    /// Bare milliseconds, all values as strings.
    Strings,
    /// Bare milliseconds.
    Bare,
}

impl Style {
    /// A value as the tool writes it, without quotes.
    pub(super) fn show(self, unit: Unit, value: f64) -> String {
        match unit {
            Unit::Ms => self.show_ms(value),
            Unit::Flag | Unit::Present => (value != 0.0).to_string(),
            Unit::Word(words) => words.get(value as usize).copied().unwrap_or_default().to_owned(),
            Unit::Count | Unit::Percent | Unit::Thousandths | Unit::Number => value.to_string(),
        }
    }

    fn show_ms(self, ms: f64) -> String {
        match self {
            Self::Proto => format!("{}s", ms / 1_000.0),
            Self::Units | Self::Java if ms % 1_000.0 == 0.0 => format!("{}s", ms / 1_000.0),
            Self::Units | Self::Java => format!("{ms}ms"),
            Self::Strings | Self::Bare => ms.to_string(),
        }
    }

    /// Reads a value; what is wrong with it otherwise.
    pub(super) fn read(self, spec: &Spec, value: &Value) -> Result<f64, String> {
        // The wrappers of protobuf, as they stand in dumps of a configuration.
        let value = match value {
            Value::Object(map) if map.len() == 1 => map.get("value").unwrap_or(value),
            value => value,
        };
        match spec.unit {
            Unit::Ms => self.read_ms(value),
            Unit::Flag => flag(value).ok_or_else(|| format!("must be true or false, is {}", shown(value))),
            Unit::Present => Ok(f64::from(u8::from(value.is_object()))),
            Unit::Word(words) => {
                let text = value.as_str().unwrap_or_default();
                let place = words.iter().position(|word| word.eq_ignore_ascii_case(text));
                let place = place.and_then(|place| u32::try_from(place).ok()).map(f64::from);
                place.ok_or_else(|| format!("must be {}, is {}", words.join(" or "), shown(value)))
            }
            Unit::Count | Unit::Percent | Unit::Thousandths | Unit::Number => {
                number(value).ok_or_else(|| format!("must be a number, is {}", shown(value)))
            }
        }
    }

    fn read_ms(self, value: &Value) -> Result<f64, String> {
        let found = match self {
            Self::Proto => value
                .as_str()
                .and_then(|text| text.strip_suffix('s'))
                .filter(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'))
                .and_then(|text| text.parse().ok())
                .map(|seconds: f64| seconds * 1_000.0),
            Self::Units => value.as_str().and_then(units),
            Self::Java => {
                number(value).or_else(|| value.as_str().and_then(|text| iso(text).or_else(|| units(text))))
            }
            Self::Strings | Self::Bare => number(value),
        };
        let form = match self {
            Self::Proto => "seconds with an s, such as \"10s\" or \"0.077s\"",
            Self::Units => "a duration with its unit, such as \"10s\" or \"77ms\"",
            Self::Java => "a duration, such as \"10s\", \"77ms\" or \"PT10S\"",
            Self::Strings | Self::Bare => "milliseconds",
        };
        found.map(whole_ms).ok_or_else(|| format!("must be {form}, is {}", shown(value)))
    }
}

/// Whole ms; what is shorter than one, but more than nothing, is one.
fn whole_ms(ms: f64) -> f64 {
    if ms > 0.0 { ms.round().max(1.0) } else { ms }
}

/// A value in a message: cut, as it may be long.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
        Value::Null => "empty".into(),
        value => {
            let text = value.to_string();
            let cut: String = text.chars().take(40).collect();
            if cut.len() < text.len() { format!("{cut}...") } else { cut }
        }
    }
}

fn flag(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(1.0),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(0.0),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// `1h30m`, `10s`, `77ms`, `1.5s`, in ms.
fn units(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0.0);
    }
    let mut sum = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let factor = match unit.trim() {
            "ns" => 1e-6,
            "us" | "µs" => 1e-3,
            "ms" => 1.0,
            "s" => 1_000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return None,
        };
        sum = Some(sum.unwrap_or(0.0) + amount.parse::<f64>().ok()? * factor);
        rest = tail;
    }
    sum
}

/// `PT10S`, `PT1M30S`, `P1DT2H`, in ms.
fn iso(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_uppercase();
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    if days.contains(['H', 'M', 'S']) || (days.is_empty() && time.is_empty()) {
        return None;
    }
    units(&format!("{days}{time}").to_ascii_lowercase())
}
