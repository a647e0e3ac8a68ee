//! JSON of strangers: bounded, without duplicate fields, errors with line and column; canonical text and hashes.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use super::redact;
use crate::error::Error;

/// More values than this in one document are refused, so that small text cannot become large memory.
const MAX_VALUES: usize = 1_000_000;
/// This many bytes of text cost as much as one value.
const TEXT_BYTES_PER_VALUE: usize = 64;

/// Reads one JSON document.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = build(&mut reader, &left).and_then(|value| reader.end().map(|()| value));
    value.map_err(|e| malformed(&e))
}

/// Reads JSON documents one after another, at least one.
pub(super) fn parse_all(text: &str) -> Result<Vec<Value>, Error> {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut all = vec![build(&mut reader, &left).map_err(|e| malformed(&e))?];
    while reader.end().is_err() {
        all.push(build(&mut reader, &left).map_err(|e| malformed(&e))?);
    }
    Ok(all)
}

fn malformed(error: &serde_json::Error) -> Error {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    Error::malformed(format!("line {}, column {}: not valid JSON: {what}", error.line(), error.column()))
}

/// Builds a value from any self-describing form, taking every value built from `left`.
pub(super) fn build<'de, D: Deserializer<'de>>(
    deserializer: D,
    left: &Cell<usize>,
) -> Result<Value, D::Error> {
    Build { left }.deserialize(deserializer)
}

/// Builds a value and counts what it builds.
#[derive(Clone, Copy)]
struct Build<'a> {
    left: &'a Cell<usize>,
}

impl Build<'_> {
    /// Takes the cost of something from what is left: one a value, and one for every so many bytes of text, since an
    /// alias can repeat a long text at the price of a few bytes.
    fn charge<E: serde::de::Error>(self, cost: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| E::custom("more values than one document may hold"))
    }

    fn charge_text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.charge(text.len() / TEXT_BYTES_PER_VALUE)
    }
}

impl<'de> DeserializeSeed<'de> for Build<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.charge(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Build<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Number::from_f64(value as f64).map_or(Value::Null, Value::Number))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Number::from_f64(value as f64).map_or(Value::Null, Value::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.charge_text(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Value, E> {
        self.charge_text(&value)?;
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            self.charge_text(&key)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the field `{}` appears twice", redact::shown(&key))));
            }
            let value = access.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// The one text of a value: no spaces, keys sorted by their bytes.
pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(map.get(key).unwrap_or(&Value::Null), out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// SHA-256 of the canonical text of a value.
pub(super) fn content_hash(value: &Value) -> [u8; 32] {
    sha256(canonical(value).as_bytes())
}

/// SHA-256 of bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `base` one step deeper, escaped as RFC 6901 wants.
pub(super) fn pointer(base: &str, key: &str) -> String {
    let key = redact::shown(key).replace('~', "~0").replace('/', "~1");
    format!("{base}/{key}")
}

/// What a value is, for messages; never the value itself.
pub(super) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
