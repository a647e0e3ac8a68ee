//! CloudEvents 1.0, in the structured and the binary mode, and the CDEvents they carry; CDEvents also as they are.

mod cdevents;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::engine::{self, text};
use super::redact::shown;
use super::{Hints, Read, json, utf8};
use crate::error::Error;

pub use cdevents::DeploymentReading;

/// Reads one event.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let document = json::parse(body)?;
    engine::require_object(&document, "a CloudEvent or a CDEvent")?;
    if cdevents::is_one(&document) {
        return cdevents::read(&document, hints);
    }
    let Some(kind) = text(&document, "/type") else {
        let detail = "this is neither a CloudEvent (`specversion`, `id`, `source`, `type`) nor a CDEvent (`context`, \
                      `subject`)";
        return Err(Error::invalid("/type", detail));
    };
    for name in ["id", "source", "specversion"] {
        if text(&document, &format!("/{name}")).is_none() {
            return Err(Error::invalid(format!("/{name}"), "is required of a CloudEvent"));
        }
    }
    let data = data_of(&document)?;
    if !kind.starts_with(cdevents::PREFIX) {
        let reason = format!("A CloudEvent of the type `{}` is not understood yet.", shown(kind));
        return Ok(Read::Unknown { reason });
    }
    match data {
        Some(event) if cdevents::is_one(&event) => cdevents::read(&event, hints),
        Some(_) | None => {
            let detail = "expected the CDEvent (`context`, `subject`) as JSON, in `data` or `data_base64`";
            Err(Error::invalid("/data", detail))
        }
    }
}

/// The data of a structured event as JSON; none if there is none or it is no JSON.
fn data_of(document: &Value) -> Result<Option<Value>, Error> {
    match (document.get("data"), document.get("data_base64")) {
        (Some(_), Some(_)) => {
            Err(Error::invalid("/data_base64", "stands beside `data`; an event has one of them"))
        }
        (Some(Value::String(inner)), None) => Ok(json::parse(inner).ok()),
        (Some(data), None) => Ok(Some(data.clone())),
        (None, Some(Value::String(coded))) => {
            let bytes =
                STANDARD.decode(coded.trim()).map_err(|_| Error::invalid("/data_base64", "is not base64"))?;
            Ok(Some(json::parse(utf8::text(&bytes)?)?))
        }
        (None, Some(_)) => Err(Error::invalid("/data_base64", "expected a string in base64")),
        (None, None) => Ok(None),
    }
}

/// The structured form of an event in the binary mode: `attributes` are the `ce-*` headers without their prefix, with
/// `datacontenttype` for the content type.
pub fn structured(attributes: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut event = Map::new();
    for (name, value) in attributes {
        // Header values are percent-encoded where they are not printable ASCII.
        event.insert(name.clone(), Value::String(cdevents::percent_decoded(value)));
    }
    let data = utf8::text(body).ok().and_then(|text| json::parse(text).ok());
    match data {
        Some(data) => event.insert("data".to_owned(), data),
        None if body.is_empty() => None,
        None => event.insert("data_base64".to_owned(), Value::String(STANDARD.encode(body))),
    };
    Value::Object(event).to_string().into_bytes()
}
