//! The OpenAPI 3.1 document, made from the route table and the types that handlers answer with.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::problem::{self, Problem};
use super::query::{Kind, Param};
use super::routes::{Access, Given, ROUTES, Route};

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
    for route in ROUTES {
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
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    if let Access::Scope(scope) | Access::Whole(scope) = route.access {
        operation["security"] = json!([{ "token": [] }]);
        operation["description"] = json!(format!("Needs a token with the scope `{scope}`."));
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
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Whole(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
        Kind::Flag => json!({ "type": "boolean" }),
    }
}

fn responses(route: &Route, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    for given in route.gives {
        all.insert(given.status.to_string(), response(given, route, schemas));
    }
    let mut problems: Vec<(&str, &str)> = Vec::new();
    if route.access != Access::Public {
        problems.push(("401", "No credential, or a bad one."));
    }
    let answers_403 = route.path.ends_with("/gate") || route.path.ends_with("/exchange");
    if matches!(route.access, Access::Scope(_) | Access::Whole(_)) || answers_403 {
        problems.push(("403", "Not allowed."));
    }
    if route.path.contains('{') || route.path.starts_with("/api/v1/drills") {
        problems.push(("404", "There is no such thing; the nearest name is told."));
    }
    if route.method != "GET" && route.tag != "tokens" && route.tag != "grading" {
        problems.push(("409", "Collides with what is there."));
    }
    if route.body.is_some() {
        problems.push(("400", "The body cannot be read; line and column are told."));
        problems.push(("413", "The body is too large."));
        problems.push(("415", "The media type is not taken."));
    }
    if route.body.is_some() || !route.query.is_empty() {
        problems.push(("422", "Readable, but wrong; every field is told."));
    }
    if route.path != "/healthz" && route.path != "/api/openapi.json" {
        problems.push(("503", "The database is away; `Retry-After` says when to try again."));
    }
    for (status, about) in problems {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        all.insert(
            status.to_owned(),
            json!({ "description": about, "content": { (problem::MEDIA): { "schema": schema } } }),
        );
    }
    Value::Object(all)
}

fn response(given: &Given, route: &Route, schemas: &mut Schemas) -> Value {
    let mut content = Map::new();
    if !given.media.is_empty() {
        content.insert(given.media.to_owned(), json!({ "schema": (given.shape)(schemas) }));
    }
    if route.method == "GET" && route.query.iter().any(|param| param.name == "format") {
        content.insert("text/csv".to_owned(), json!({ "schema": { "type": "string" } }));
    }
    let mut response = json!({ "description": given.about });
    if !content.is_empty() {
        response["content"] = Value::Object(content);
    }
    response
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
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method.to_lowercase()];
            assert!(operation["summary"].is_string(), "{} {}", route.method, route.path);
        }
    }
}
