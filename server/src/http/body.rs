//! Request bodies: read as a stream, counted against the limit, of a media type the route takes.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::weight::InFlight;
use super::{Installed, routes};
use crate::error::{Error, FieldError, Result};

/// A sender that falls silent for so long is not waited for.
const SILENCE: Duration = Duration::from_secs(30);
/// Nor one that takes longer than this over all.
const WHOLE: Duration = Duration::from_mins(5);
/// Nor one that trickles: after [`SILENCE`], so many bytes have come for each second since the head.
const PACE: u64 = 1_024;

/// A body, whole and within the limit.
#[derive(Debug, Default)]
pub struct Body {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its media type without parameters, in lower case; empty when the sender named none.
    pub media: String,
    /// Counted as held until this is dropped.
    held: Option<OwnedSemaphorePermit>,
}

impl Body {
    /// The body as a JSON object of a fixed form: line and column of what cannot be read, the place of what is wrong.
    pub fn json<T: DeserializeOwned + ToSchema>(&self) -> Result<T> {
        // Where the form has a default for every field, a list would pass for an object without any.
        if self.begins_with() != Some(b'{') {
            let _: IgnoredAny = parse(&self.bytes)?;
            return Err(Error::invalid("", "expected a JSON object"));
        }
        match parse(&self.bytes) {
            Err(Error::Invalid { fields }) => {
                // Read anew with time to look for all that is wrong; what is told first stays first.
                let all = parse::<Map<String, Value>>(&self.bytes).map(mistakes::<T>).unwrap_or_default();
                Err(Error::Invalid { fields: if all.is_empty() { fields } else { all } })
            }
            done => done,
        }
    }

    /// The body as JSON objects of a fixed form: one, or a list of them.
    pub fn json_list<T: DeserializeOwned + ToSchema>(&self) -> Result<Vec<T>> {
        if self.begins_with() != Some(b'[') {
            return Ok(vec![self.json()?]);
        }
        let items: Vec<Map<String, Value>> = parse(&self.bytes)?;
        let mut good = Vec::with_capacity(items.len());
        let mut fields = Vec::new();
        for (n, item) in items.into_iter().enumerate() {
            match serde_path_to_error::deserialize(Value::Object(item.clone())) {
                Ok(item) => good.push(item),
                Err(_) => fields.extend(mistakes::<T>(item).into_iter().map(|mut field| {
                    field.pointer = format!("/{n}{}", field.pointer);
                    field
                })),
            }
        }
        if fields.is_empty() { Ok(good) } else { Err(Error::Invalid { fields }) }
    }

    /// The first byte that is no white space.
    pub fn begins_with(&self) -> Option<u8> {
        self.bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| explain(error.inner(), pointer(error.path())))?;
    reader.end().map_err(|error| explain(&error, String::new()))?;
    Ok(value)
}

/// Everything that is wrong with an object: fields of the wrong form or name, one after the other with those before left
/// out, and then all that are missing.
fn mistakes<T: DeserializeOwned + ToSchema>(mut map: Map<String, Value>) -> Vec<FieldError> {
    let given: Vec<String> = map.keys().cloned().collect();
    let mut fields = Vec::new();
    while let Err(error) = serde_path_to_error::deserialize::<_, T>(Value::Object(map.clone())) {
        let place = pointer(error.path());
        let wrong = place.split('/').nth(1).map(|name| name.replace("~1", "/").replace("~0", "~"));
        if wrong.is_none_or(|name| map.remove(&name).is_none()) {
            break;
        }
        fields.push(FieldError::new(place, error.inner().to_string()));
    }
    let missing = required::<T>().into_iter().filter(|name| !given.contains(name));
    fields.extend(missing.map(|name| FieldError::new(format!("/{name}"), format!("missing field `{name}`"))));
    fields
}

/// Fields that a form cannot do without, as its description says.
fn required<T: ToSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => object.required,
        _ => Vec::new(),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&part);
    }
    pointer
}

fn explain(error: &serde_json::Error, pointer: String) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let words = text.split(" at line ").next().unwrap_or_default().to_owned();
    if error.is_data() {
        return Error::invalid(pointer, words);
    }
    Error::malformed(format!("the body is no JSON: {words} at line {line}, column {column}"))
}

impl FromRequest for Body {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = req.app_data::<Installed>().map_or(0, |app| app.config.max_body_bytes);
        let in_flight = req.app_data::<web::Data<InFlight>>().cloned();
        let checked = check_head(req, limit).and_then(|(media, length)| {
            in_flight.as_ref().map_or(Ok(()), |all| all.has_room_for_body(length))?;
            Ok(media)
        });
        let payload = payload.take();
        Box::pin(async move {
            let media = checked?;
            let mut body = Self { media, ..Self::default() };
            let read = tokio::time::timeout(WHOLE, read(payload, limit, in_flight, &mut body.held)).await;
            body.bytes = read.unwrap_or_else(|_| Err(too_slow()))?;
            Ok(body)
        })
    }
}

fn too_large(limit: usize) -> Error {
    let mib = limit as f64 / (1024.0 * 1024.0);
    Error::TooLarge {
        limit_bytes: limit as u64,
        detail: format!("The body is larger than the limit of {limit} bytes ({mib:.1} MiB)."),
    }
}

fn too_slow() -> Error {
    Error::malformed("the body did not arrive in time")
}

async fn read(
    mut payload: Payload,
    limit: usize,
    in_flight: Option<web::Data<InFlight>>,
    held: &mut Option<OwnedSemaphorePermit>,
) -> Result<Bytes> {
    let began = Instant::now();
    let mut body = BytesMut::new();
    loop {
        let chunk = match tokio::time::timeout(SILENCE, payload.next()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(body.freeze()),
            Ok(Some(Err(error))) => return Err(Error::malformed(format!("the body broke off: {error}"))),
            Ok(Some(Ok(chunk))) => chunk,
        };
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        if let Some(all) = &in_flight {
            let more = all.body(chunk.len())?;
            match held.as_mut() {
                Some(held) => held.merge(more),
                None => *held = Some(more),
            }
        }
        body.extend_from_slice(&chunk);
        if trickles(began.elapsed(), body.len()) {
            return Err(too_slow());
        }
    }
}

fn trickles(since: Duration, bytes: usize) -> bool {
    since > SILENCE && (bytes as u64) < since.as_secs() * PACE
}

/// What the head alone already says against a body; its media type and length if nothing.
fn check_head(req: &HttpRequest, limit: usize) -> Result<(String, u64)> {
    let text = |name: header::HeaderName| match req.headers().get(name) {
        None => Ok(String::new()),
        Some(value) => value
            .to_str()
            .map(|text| text.trim().to_lowercase())
            .map_err(|_| Error::malformed("a header holds bytes that are no text")),
    };
    let length = text(header::CONTENT_LENGTH)?.parse::<u64>().unwrap_or(0);
    if length > limit as u64 {
        return Err(too_large(limit));
    }
    let encoding = text(header::CONTENT_ENCODING)?;
    if !matches!(encoding.as_str(), "" | "identity") {
        let detail = format!("A body in `{encoding}` is not taken: send it uncompressed.");
        return Err(Error::UnsupportedMedia { detail });
    }
    let content_type = text(header::CONTENT_TYPE)?;
    let mut parts = content_type.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let taken = routes::of(req).and_then(|route| route.body).map_or(&[] as &[&str], |body| body.media);
    if !media.is_empty() && !taken.iter().any(|known| same_media(known, media)) {
        let detail = format!("`{media}` is not taken here. Content-Type is one of: {}.", taken.join(", "));
        return Err(Error::UnsupportedMedia { detail });
    }
    for charset in parts.filter_map(|part| part.strip_prefix("charset=")) {
        let charset = charset.trim_matches('"');
        if !matches!(charset, "utf-8" | "utf8" | "us-ascii") {
            return Err(Error::malformed(format!("the charset `{charset}` is not taken: send UTF-8")));
        }
    }
    Ok((media.to_owned(), length))
}

/// `application/vnd.x+json` is JSON too.
fn same_media(known: &str, media: &str) -> bool {
    let suffix = |kind: &str| media.starts_with("application/") && media.ends_with(kind);
    known == media
        || (known == "application/json" && suffix("+json"))
        || (known == "application/xml" && suffix("+xml"))
        || (known == "application/yaml" && suffix("+yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its form matters here")]
    struct Form {
        name: String,
        #[serde(default)]
        list: Vec<i64>,
    }

    fn read(text: &str) -> Error {
        let body = Body { bytes: Bytes::copy_from_slice(text.as_bytes()), ..Body::default() };
        body.json::<Form>().unwrap_err()
    }

    fn field(text: &str) -> (String, String) {
        match read(text) {
            Error::Invalid { fields } => fields.into_iter().map(|f| (f.pointer, f.detail)).next().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_line_and_column() {
        for text in ["{\n  \"name\": oops\n}", "", "{\"name\": \"a\"} trailing", "\u{feff}x"] {
            let error = read(text);
            assert_eq!(error.status(), 400, "{text}");
            assert!(error.to_string().contains("line ") && error.to_string().contains("column "), "{error}");
        }
        assert_eq!(read(&"[".repeat(100_000)).status(), 400, "too deep to be read");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let (pointer, detail) = field("{\"name\": \"a\", \"surprise\": 1}");
        assert!(pointer == "/surprise" && detail.contains("surprise"), "{pointer} {detail}");
        let (pointer, _) = field("{\"name\": \"a\", \"list\": [1, \"two\"]}");
        assert_eq!(pointer, "/list/1");
        for text in ["[]", "[\"a\"]", "7", "null"] {
            assert!(field(text).1.contains("object"), "{text}");
        }
        let (pointer, detail) = field("{}");
        assert!(pointer == "/name" && detail.contains("`name`"), "{pointer} {detail}");
    }

    #[test]
    fn all_mistakes_of_an_object_are_told() {
        let Error::Invalid { fields } = read("{\"list\": [1, \"two\"], \"nam\": \"a\", \"a/b\": 1}") else {
            panic!()
        };
        let places: Vec<&str> = fields.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(places, ["/a~1b", "/list/1", "/nam", "/name"]);
    }

    #[test]
    fn a_list_is_told_all_its_mistakes() {
        let text = "[{\"name\": \"a\"}, {\"name\": 1}, {\"nam\": \"c\"}]";
        let body = Body { bytes: Bytes::copy_from_slice(text.as_bytes()), ..Body::default() };
        match body.json_list::<Form>() {
            Err(Error::Invalid { fields }) => {
                let places: Vec<&str> = fields.iter().map(|f| f.pointer.as_str()).collect();
                assert_eq!(places, ["/1/name", "/2/nam", "/2/name"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_suffix_names_the_form() {
        assert!(same_media("application/json", "application/vnd.api+json"));
        assert!(same_media("application/xml", "application/junit+xml"));
        assert!(!same_media("application/json", "text/json+json"));
        assert!(!same_media("text/csv", "application/csv+json"));
    }
}
