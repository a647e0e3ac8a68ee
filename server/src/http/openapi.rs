//! The OpenAPI 3.1 document, made from the route table and the types that handlers answer with.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::problem::{self, Problem};
use super::query::{Kind, Param};
use super::routes::{self, Access, Given, Route};
use super::session;

/// Schemas by name, as they are met.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// The form of a body: a reference, with what it refers to put among the schemas.
pub type Shape = fn(&mut Schemas) -> Value;

/// A JSON value of this type.
pub fn json_of<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let name = T::name().into_owned();
    if !schemas.iter().any(|(known, _)| *known == name) {
        schemas.push((name.clone(), T::schema()));
        T::schemas(schemas);
    }
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A list of values of this type.
pub fn list_of<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({ "type": "array", "items": json_of::<T>(schemas) })
}

/// A page of values of this type.
pub fn page_of<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": list_of::<T>(schemas),
            "next": {
                "type": ["string", "null"],
                "description": "Pass as `?cursor=` (events: `?after=`) for the next page; null on the last.",
            },
        },
    })
}

/// No form that could be told.
pub fn nothing(_: &mut Schemas) -> Value {
    json!({})
}

/// The document.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    json_of::<Problem>(&mut schemas);
    for route in routes::api() {
        let operation = operation(route, &mut schemas);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.method.to_lowercase(), operation);
        }
    }
    let schemas: BTreeMap<String, RefOr<Schema>> = schemas.into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Waterbear",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Grades every service of an organisation on how it survives failure. \
                            JSON in, JSON out, snake_case; instants are RFC 3339 in UTC; lists are paged by \
                            `cursor`; errors are problem+json (RFC 9457); reads carry an ETag.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token, wb_…, as `waterbear token create` prints it. Scopes: read, \
                                    drills:write, evidence:write, catalog:write, admin (all of them).",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": session::NAME,
                    "description": "A person's session, as signing in gives it; `__Host-` stands before the name where \
                                    the server is reached by https. A write needs Sec-Fetch-Site or Origin of our own \
                                    pages, or the session's X-CSRF-Token, beside it.",
                },
            },
        },
    })
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = json!({
        "tags": [route.tag],
        "operationId": operation_id(route),
        "summary": route.about,
        "parameters": parameters(route),
        "responses": responses(route, schemas),
    });
    if let Some(body) = &route.body {
        let mut content = Map::new();
        for media in body.media {
            content.insert((*media).to_owned(), json!({ "schema": (body.shape)(schemas) }));
        }
        if let (Some(example), Some(first)) = (body.example, content.get_mut("application/json")) {
            let example: Value = serde_json::from_str(example).unwrap_or_default();
            first["example"] = example;
        }
        operation["requestBody"] = json!({ "required": !body.may_be_empty, "content": content });
    }
    operation["security"] = match route.access {
        Access::Public | Access::Signed => json!([]),
        // Where reading takes signing in, one of the two is needed.
        Access::Open | Access::Anyone => json!([{}, { "token": [] }, { "session": [] }]),
        Access::Person => json!([{ "session": [] }]),
        Access::Scope(_) | Access::Whole(_) => json!([{ "token": [] }, { "session": [] }]),
    };
    if let Access::Scope(scope) | Access::Whole(scope) = route.access {
        let about = format!("Needs a token with the scope `{scope}`, or a person whose role has it.");
        operation["description"] = json!(about);
    }
    operation
}

/// `get_services_scorecard` of `GET /api/v1/services/{slug}/scorecard`.
fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/api/v1").replace(['/', '-', '.'], "_");
    let name: String = path.chars().filter(|c| !matches!(c, '{' | '}')).collect();
    format!("{}{name}", route.method.to_lowercase())
}

fn parameters(route: &Route) -> Vec<Value> {
    let names = route.path.split('{').skip(1).filter_map(|part| part.split('}').next());
    let mut all: Vec<Value> = names
        .map(|name| {
            json!({
                "name": name, "in": "path", "required": true, "schema": { "type": "string" },
                "description": about_path(route, name),
            })
        })
        .collect();
    all.extend(route.query.iter().map(|param| {
        json!({
            "name": param.name, "in": "query", "required": false, "schema": kind(param),
            "description": param.about,
        })
    }));
    if route.path == "/api/v1/drills"
        || (route.path == "/api/v1/challenges" && route.method == "POST")
        || route.path == "/api/v1/drills/batch"
        || route.path.contains("/ingest/")
    {
        all.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": { "type": "string", "maxLength": 255 },
            "description": "A repeat under the same key answers as the first time; other content is a conflict.",
        }));
    }
    all
}

fn about_path(route: &Route, name: &str) -> &'static str {
    match name {
        "slug" if route.path.contains("/services/") => {
            "Slug, or catalog reference such as component:default/checkout, percent-encoded"
        }
        "slug" => "Slug of the team",
        "format" => "The tool's form: chaostoolkit, junit, litmus, chaos-mesh, aws-fis, k6, ...",
        "name" => "Name of the hook, from the settings",
        "key" => "The hook's key, where its sender cannot sign",
        "board" => "improved or score",
        _ => "Id",
    }
}

fn kind(param: &Param) -> Value {
    match param.kind {
        Kind::Text => json!({ "type": "string" }),
        // Empty is the same as not said, as forms send it.
        Kind::Word(words) => {
            let all: Vec<&str> = words.iter().copied().chain([""]).collect();
            json!({ "type": "string", "enum": all })
        }
        Kind::Whole(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Instant => {
            json!({ "type": "string", "anyOf": [{ "format": "date-time" }, { "maxLength": 0 }] })
        }
        Kind::Flag => json!({ "type": "boolean" }),
    }
}

fn responses(route: &Route, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    for given in route.gives {
        let one = response(given, route, schemas);
        match all.get_mut(&given.status.to_string()) {
            Some(known) => also(known, &one),
            None => {
                all.insert(given.status.to_string(), one);
            }
        }
    }
    for (status, about) in problems(route) {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        all.insert(
            status.to_owned(),
            json!({ "description": about, "content": { (problem::MEDIA): { "schema": schema } } }),
        );
    }
    Value::Object(all)
}

/// What a call may answer when all is not well.
fn problems(route: &Route) -> Vec<(&'static str, &'static str)> {
    let watched = matches!(route.path, "/healthz" | "/readyz");
    let has_path = route.path.contains('{');
    let mut all = Vec::new();
    if route.body.is_some() {
        all.push(("400", "The body cannot be read; line and column are told."));
        all.push(("413", "The body is too large."));
        all.push(("415", "The media type is not taken."));
    } else if has_path {
        all.push(("400", "The path cannot be read."));
    }
    if route.access != Access::Public {
        all.push(("401", "No credential, or a bad one."));
    }
    if route.method != "GET" || route.least_role().is_some() || route.path.ends_with("/gate") {
        all.push(("403", "Not allowed; or a session's cookie that does not come from our own pages."));
    }
    let names_some = matches!(route.access, Access::Scope("drills:write" | "evidence:write"));
    if has_path || names_some || route.path.starts_with("/api/v1/drills") {
        all.push(("404", "There is no such thing; the nearest name is told."));
    }
    if route.method != "GET" && route.tag != "tokens" && route.tag != "grading" {
        all.push(("409", "Collides with what is there."));
    }
    if !watched {
        all.push(("421", "The server does not go by the name in `Host`."));
        all.push(("422", "Readable, but wrong; every field and every unknown parameter is told."));
        all.push(("429", "Too many requests; `Retry-After` says when to try again."));
    }
    if !matches!(route.path, "/healthz" | "/api/openapi.json") {
        all.push(("503", "The database is away; `Retry-After` says when to try again."));
    }
    all
}

fn response(given: &Given, route: &Route, schemas: &mut Schemas) -> Value {
    let mut content = Map::new();
    if !given.media.is_empty() {
        content.insert(given.media.to_owned(), json!({ "schema": (given.shape)(schemas) }));
    }
    let formats = route.query.iter().find(|param| param.name == "format").map(|param| param.kind);
    if let (true, Some(Kind::Word(words))) = (route.method == "GET", formats) {
        for (word, media) in [("csv", "text/csv"), ("ndjson", "application/x-ndjson")] {
            if words.contains(&word) {
                content.insert(media.to_owned(), json!({ "schema": { "type": "string" } }));
            }
        }
    }
    let mut response = json!({ "description": given.about });
    if !content.is_empty() {
        response["content"] = Value::Object(content);
    }
    response
}

/// Another answer of the same status beside the first.
fn also(known: &mut Value, other: &Value) {
    for (media, body) in other["content"].as_object().into_iter().flatten() {
        let first = known["content"].get(media).map(|body| body["schema"].clone());
        let schema = match first {
            Some(first) => json!({ "anyOf": [first, body["schema"].clone()] }),
            None => body["schema"].clone(),
        };
        known["content"][media.as_str()] = json!({ "schema": schema });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|inner| references(inner, into));
            }
            Value::Array(items) => items.iter().for_each(|inner| references(inner, into)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_in_the_document() {
        let document = document();
        for route in routes::api() {
            let operation = &document["paths"][route.path][route.method.to_lowercase()];
            assert!(operation["summary"].is_string(), "{} {}", route.method, route.path);
        }
    }
}
