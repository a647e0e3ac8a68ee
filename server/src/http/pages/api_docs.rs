//! The API, read from its own OpenAPI document: every path, parameter, body and answer, without a third-party viewer.

use serde::Serialize;
use serde_json::{Map, Value};

use super::chrome::Chrome;
use super::parts::{self, Span};
use super::words;

/// Methods in the order they are listed.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Answers of nearly every call, told once.
const COMMON: [&str; 3] = ["421", "429", "503"];

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    lead: String,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

/// Operations with the same tag.
#[derive(Serialize)]
pub struct Group {
    id: String,
    title: String,
    operations: Vec<Operation>,
}

/// One method of one path.
#[derive(Serialize)]
pub struct Operation {
    verb: &'static str,
    upper: String,
    path: String,
    summary: Vec<Span>,
    description: Option<Vec<Span>>,
    parameters: Vec<Field>,
    body: Vec<Body>,
    answers: Vec<Answer>,
}

/// A parameter, or a field of an object.
#[derive(Serialize)]
pub struct Field {
    name: String,
    place: Option<String>,
    required: bool,
    kind: Vec<Span>,
    text: Option<Vec<Span>>,
}

/// A body in one media type.
#[derive(Serialize)]
pub struct Body {
    media: String,
    kind: Vec<Span>,
}

/// An answer by status.
#[derive(Serialize)]
pub struct Answer {
    status: String,
    text: Vec<Span>,
    kind: Vec<Span>,
}

/// A named object.
#[derive(Serialize)]
pub struct Schema {
    name: String,
    text: Option<Vec<Span>>,
    kind: Option<Vec<Span>>,
    fields: Vec<Field>,
}

/// The page of an OpenAPI document.
pub fn context(chrome: Chrome, document: &Value) -> Ctx {
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in object(&document["paths"]) {
        for verb in METHODS {
            let Some(operation) = item.get(verb) else { continue };
            let title = words::capital(operation["tags"][0].as_str().unwrap_or("other"));
            let entry = read_operation(verb, path, item, operation);
            match groups.iter_mut().find(|g| g.title == title) {
                Some(group) => group.operations.push(entry),
                None => groups.push(Group {
                    id: format!("tag-{}", groups.len() + 1),
                    title,
                    operations: vec![entry],
                }),
            }
        }
    }
    let count: usize = groups.iter().map(|g| g.operations.len()).sum();
    Ctx {
        lead: format!(
            "{count} calls, read from the document the server makes of its own code. JSON in, JSON out; errors are problem+json. \
             Any call may also answer 421 (this server does not go by that name), 429 (too many requests) and 503 (the \
             database is away); the last two say in Retry-After when to try again."
        ),
        groups,
        schemas: object(&document["components"]["schemas"])
            .map(|(name, schema)| read_schema(name, schema))
            .collect(),
        chrome: chrome.titled("API"),
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// A description, with what it sets in backticks as code.
fn prose(value: &Value) -> Option<Vec<Span>> {
    text(value).map(|t| parts::linked(&t, None))
}

fn read_operation(verb: &'static str, path: &str, item: &Value, operation: &Value) -> Operation {
    let description = prose(&operation["description"]);
    let summary = prose(&operation["summary"]);
    let shared = item["parameters"].as_array().into_iter().flatten();
    let own = operation["parameters"].as_array().into_iter().flatten();
    let content = object(&operation["requestBody"]["content"]);
    Operation {
        verb,
        upper: verb.to_uppercase(),
        path: path.to_owned(),
        parameters: shared.chain(own).map(read_parameter).collect(),
        body: content.map(|(media, c)| Body { media: media.clone(), kind: kind(&c["schema"]) }).collect(),
        answers: object(&operation["responses"])
            .filter(|(status, _)| !COMMON.contains(&status.as_str()))
            .map(|(status, answer)| read_answer(status, answer))
            .collect(),
        description: description.clone().filter(|d| summary.is_some() && summary.as_ref() != Some(d)),
        summary: summary.or(description).unwrap_or_default(),
    }
}

fn read_parameter(parameter: &Value) -> Field {
    Field {
        name: parameter["name"].as_str().unwrap_or_default().to_owned(),
        place: text(&parameter["in"]),
        required: parameter["required"].as_bool().unwrap_or(false),
        kind: kind(&parameter["schema"]),
        text: prose(&parameter["description"]),
    }
}

fn read_answer(status: &str, answer: &Value) -> Answer {
    let schema = object(&answer["content"]).next().map(|(_, content)| &content["schema"]);
    Answer {
        status: status.to_owned(),
        text: prose(&answer["description"]).unwrap_or_default(),
        kind: schema.map(kind).unwrap_or_default(),
    }
}

fn read_schema(name: &str, schema: &Value) -> Schema {
    // A flattened struct becomes `allOf`: its parts' fields are its own.
    let parts = schema["allOf"].as_array().map_or_else(|| vec![schema], |parts| parts.iter().collect());
    let fields: Vec<Field> = parts.iter().flat_map(|part| read_fields(part)).collect();
    let inherited: Vec<Span> =
        parts.iter().filter(|p| p.get("$ref").is_some()).flat_map(|p| kind(p)).collect();
    Schema {
        name: name.to_owned(),
        text: prose(&schema["description"]),
        kind: if fields.is_empty() {
            Some(kind(schema))
        } else if inherited.is_empty() {
            None
        } else {
            Some(std::iter::once(Span::text("All fields of ")).chain(inherited).collect())
        },
        fields,
    }
}

fn read_fields(schema: &Value) -> Vec<Field> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    object(&schema["properties"])
        .map(|(name, property)| Field {
            name: name.clone(),
            place: None,
            required: required.contains(&name.as_str()),
            kind: kind(property),
            text: prose(&property["description"]),
        })
        .collect()
}

/// A schema in words, with links to the objects it names.
fn kind(schema: &Value) -> Vec<Span> {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return vec![Span::link(name, format!("#schema-{name}"))];
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[key].as_array() {
            return joined(options.iter().map(kind), if key == "allOf" { " with " } else { " or " });
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let words = values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        // That a parameter may be empty needs no word.
        let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
        return vec![Span::text(words.join(", "))];
    }
    match &schema["type"] {
        Value::Array(types) => {
            let one = |t: &Value| {
                let mut only = schema.clone();
                only["type"] = t.clone();
                kind(&only)
            };
            joined(types.iter().map(one), " or ")
        }
        Value::String(word) if word == "array" => {
            std::iter::once(Span::text("list of ")).chain(kind(&schema["items"])).collect()
        }
        Value::String(word) if word == "object" && schema["additionalProperties"].is_object() => {
            std::iter::once(Span::text("object of ")).chain(kind(&schema["additionalProperties"])).collect()
        }
        Value::String(word) => {
            let format = schema["format"].as_str().map_or_else(String::new, |f| format!(", {f}"));
            vec![Span::text(format!("{word}{format}"))]
        }
        _ => vec![Span::text("anything")],
    }
}

fn joined(kinds: impl Iterator<Item = Vec<Span>>, word: &str) -> Vec<Span> {
    let mut all = Vec::new();
    for spans in kinds {
        if !all.is_empty() {
            all.push(Span::text(word));
        }
        all.extend(spans);
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(schema: &Value) -> String {
        kind(schema).into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn schemas_read_as_words() {
        assert_eq!(
            read(&json!({"type": ["string", "null"], "format": "date-time"})),
            "string, date-time or null, date-time"
        );
        assert_eq!(
            read(&json!({"type": "array", "items": {"$ref": "#/components/schemas/Drill"}})),
            "list of Drill"
        );
        assert_eq!(read(&json!({"oneOf": [{"type": "null"}, {"$ref": "#/x/Path"}]})), "null or Path");
        assert_eq!(read(&json!({})), "anything");
    }
}
