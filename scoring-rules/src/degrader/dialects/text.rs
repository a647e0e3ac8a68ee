//! Values of a table as text, and back: durations, numbers, words.

use serde_json::Value;

use super::super::profile::MOST;
use super::durations::{go, lenient, spring};
use super::table::{Spec, Unit};

/// How a tool writes durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Protobuf's JSON: seconds with an `s`, and nothing else.
    Proto,
    /// Units as in Go: `77ms`, `10s`, `1m30s`.
    Units,
    /// As Spring binds them: one amount with or without a unit, or ISO 8601. Words in any case, with or without dashes.
    Spring,
    /// A document of ours: units, ISO 8601, or bare milliseconds.
    Lenient,
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
            Self::Units | Self::Spring | Self::Lenient if ms % 1_000.0 == 0.0 => format!("{}s", ms / 1_000.0),
            Self::Units | Self::Spring | Self::Lenient => format!("{ms}ms"),
            Self::Strings | Self::Bare => ms.to_string(),
        }
    }

    /// Reads a value; what is wrong with it otherwise.
    pub(super) fn read(self, spec: &Spec, value: &Value) -> Result<f64, String> {
        if spec.unit == Unit::Present {
            let there = value.is_object().then_some(1.0);
            return there.ok_or_else(|| format!("must be an object, is {}", shown(value)));
        }
        // The wrappers of protobuf, as they stand in dumps of a configuration.
        let value = match value {
            Value::Object(map) if map.len() == 1 => map.get("value").unwrap_or(value),
            value => value,
        };
        match spec.unit {
            Unit::Ms | Unit::Count if matches!(self, Self::Strings | Self::Bare) => whole(value),
            Unit::Ms => self.read_ms(value),
            Unit::Flag => flag(value).ok_or_else(|| format!("must be true or false, is {}", shown(value))),
            Unit::Word(words) => {
                let text = value.as_str().unwrap_or_default();
                let place = words.iter().position(|word| self.same_word(word, text));
                let place = place.and_then(|place| u32::try_from(place).ok()).map(f64::from);
                place.ok_or_else(|| format!("must be {}, is {}", words.join(" or "), shown(value)))
            }
            Unit::Count | Unit::Percent | Unit::Thousandths | Unit::Number | Unit::Present => {
                number(value).ok_or_else(|| format!("must be a number, is {}", shown(value)))
            }
        }
    }

    /// Whether the tool takes `text` for `word`.
    fn same_word(self, word: &str, text: &str) -> bool {
        let letters = |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
        word.eq_ignore_ascii_case(text)
            || (self == Self::Spring && letters(word).eq_ignore_ascii_case(&letters(text)))
    }

    fn read_ms(self, value: &Value) -> Result<f64, String> {
        let text = value.as_str();
        let (found, form) = match self {
            Self::Proto => {
                let seconds = text.and_then(|text| text.strip_suffix('s'));
                let seconds = seconds
                    .filter(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'))
                    .and_then(|text| text.parse().ok())
                    .map(|seconds: f64| seconds * 1_000.0);
                (seconds, "seconds with an s, such as \"10s\" or \"0.077s\"")
            }
            Self::Units => {
                let found = text.and_then(go);
                if let Some(ms) = found {
                    whole_as_istio(ms).map_err(|what| format!("{what}, is {}", shown(value)))?;
                }
                (found, "a duration with its unit, such as \"10s\" or \"77ms\"")
            }
            Self::Spring => {
                let bare = value.as_i64().map(|ms| ms as f64).or_else(|| value.as_u64().map(|ms| ms as f64));
                let form = "one amount with its unit or in ms, such as \"10s\", \"77ms\" or \"PT1M30S\"";
                (bare.or_else(|| text.and_then(spring)), form)
            }
            Self::Lenient => {
                let found = number(value).or_else(|| text.and_then(lenient));
                (found, "a duration, such as \"10s\", \"77ms\" or \"PT10S\"")
            }
            Self::Strings | Self::Bare => (number(value), "milliseconds"),
        };
        found.map(whole_ms).ok_or_else(|| format!("must be {form}, is {}", shown(value)))
    }
}

/// Whole ms; what is shorter than one, but more than nothing, is one.
fn whole_ms(ms: f64) -> f64 {
    if ms > 0.0 { ms.round().max(1.0) } else { ms }
}

/// Istio's own check of durations; 0 means off where a row allows it.
fn whole_as_istio(ms: f64) -> Result<(), &'static str> {
    if ms > 0.0 && ms < 1.0 {
        return Err("must be at least 1ms");
    }
    // Less than a nanosecond is an error of the arithmetic.
    if (ms - ms.round()).abs() > 1e-7 { Err("must be whole milliseconds") } else { Ok(()) }
}

/// A whole number as Java's `Long.parseLong` takes it, or as JSON has it.
fn whole(value: &Value) -> Result<f64, String> {
    let found = match value {
        Value::Number(number) => number.as_f64().filter(|number| number.fract() == 0.0),
        Value::String(text) => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|_| whole)
        }
        _ => None,
    };
    let number = found.ok_or_else(|| format!("must be a whole number, is {}", shown(value)))?;
    // Beyond it not every whole number has its own place among the doubles.
    if number.abs() < 1e15 {
        return Ok(number);
    }
    Err(format!("must be at most {MOST} in size, is {}", shown(value)))
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
