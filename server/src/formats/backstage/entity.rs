//! A checked document as an entity: its references made canonical, everything else as written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::catalog::{DocumentReading, Entity, Link, Relation};
use super::super::json;
use super::super::redact::shown;
use super::entity_ref::{DEFAULT_NAMESPACE, EntityRef, RefContext, parse_entity_ref};
use super::validate;

/// The fields of `spec` that refer to other entities, and the kind meant where none is written.
const RELATIONS: &[(&str, Option<&str>)] = &[
    ("owner", Some("Group")),
    ("system", Some("System")),
    ("domain", Some("Domain")),
    ("subcomponentOf", Some("Component")),
    ("providesApis", Some("API")),
    ("consumesApis", Some("API")),
    ("parent", Some("Group")),
    ("children", Some("Group")),
    ("members", Some("User")),
    ("memberOf", Some("Group")),
    ("dependsOn", None),
    ("dependencyOf", None),
];

/// Judges one document and, if it is sound, reads it; `reading` knows its place already.
pub(in crate::formats) fn read(document: &Value, mut reading: DocumentReading) -> DocumentReading {
    let Value::Object(root) = document else {
        let what = format!("a catalog document must be a mapping, not {}", json::kind_of(document));
        reading.problem = Some(what);
        return reading;
    };
    reading.kind = root.get("kind").and_then(scalar);
    reading.name = root.get("metadata").and_then(|m| m.get("name")).and_then(scalar);
    placeholders(document, "", &mut reading.warnings);
    if let Err(problem) = validate::check(root) {
        reading.problem = Some(problem);
        return reading;
    }
    let empty = Map::new();
    let part = |key: &str| root.get(key).and_then(Value::as_object).unwrap_or(&empty);
    let (metadata, spec) = (part("metadata"), part("spec"));
    let own = EntityRef {
        kind: text(root, "kind").unwrap_or_default(),
        namespace: text(metadata, "namespace").unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
        name: text(metadata, "name").unwrap_or_default(),
    };
    reading.relations = relations(spec, &own.namespace);
    for (field, ends) in &reading.relations {
        for end in ends {
            if let Relation::Error(error) = end {
                reading.warnings.push(format!("`spec.{field}`: {error}"));
            }
        }
    }
    reading.accepted = true;
    reading.entity_ref = Some(own.canonical());
    let entity = entity(own, metadata, spec, &reading.relations);
    reading.entity = Some(Entity { content_sha256: json::content_hash(document), ..entity });
    reading
}

fn relations(spec: &Map<String, Value>, namespace: &str) -> BTreeMap<String, Vec<Relation>> {
    let mut relations = BTreeMap::new();
    for (field, default_kind) in RELATIONS {
        let Some(value) = spec.get(*field) else { continue };
        let context = RefContext { default_kind: *default_kind, default_namespace: Some(namespace) };
        let one = |value: &Value| match value {
            Value::String(text) => match parse_entity_ref(text, context) {
                Ok(reference) => Relation::Ref(reference.canonical()),
                Err(error) => Relation::Error(error),
            },
            other => Relation::Error(format!("expected a reference as text, found {}", json::kind_of(other))),
        };
        let ends = match value {
            Value::Array(items) => items.iter().map(one).collect(),
            single => vec![one(single)],
        };
        relations.insert((*field).to_owned(), ends);
    }
    relations
}

fn entity(
    own: EntityRef,
    metadata: &Map<String, Value>,
    spec: &Map<String, Value>,
    relations: &BTreeMap<String, Vec<Relation>>,
) -> Entity {
    let ends = |field: &str| -> Vec<String> {
        let sound = |end: &Relation| match end {
            Relation::Ref(reference) => Some(reference.clone()),
            Relation::Error(_) => None,
        };
        relations.get(field).map(|ends| ends.iter().filter_map(sound).collect()).unwrap_or_default()
    };
    let end = |field: &str| ends(field).into_iter().next();
    let profile = spec.get("profile").and_then(Value::as_object);
    let mut targets = texts(spec, "targets");
    targets.extend(text(spec, "target"));
    Entity {
        entity_ref: own.canonical(),
        title: text(metadata, "title"),
        description: text(metadata, "description"),
        tags: texts(metadata, "tags"),
        labels: pairs(metadata, "labels"),
        annotations: pairs(metadata, "annotations"),
        links: links(metadata),
        spec_type: text(spec, "type"),
        lifecycle: text(spec, "lifecycle"),
        owner: end("owner"),
        system: end("system"),
        domain: end("domain"),
        parent: end("parent"),
        children: ends("children"),
        members: ends("members"),
        member_of: ends("memberOf"),
        depends_on: ends("dependsOn"),
        dependency_of: ends("dependencyOf"),
        provides_apis: ends("providesApis"),
        consumes_apis: ends("consumesApis"),
        subcomponent_of: end("subcomponentOf"),
        display_name: profile.and_then(|profile| text(profile, "displayName")),
        email: profile.and_then(|profile| text(profile, "email")),
        targets,
        kind: own.kind,
        namespace: own.namespace,
        name: own.name,
        content_sha256: [0; 32],
    }
}

fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(map: &Map<String, Value>, key: &str) -> Vec<String> {
    let items = map.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn pairs(map: &Map<String, Value>, key: &str) -> BTreeMap<String, String> {
    let map = map.get(key).and_then(Value::as_object);
    let pairs = map.into_iter().flatten();
    pairs.filter_map(|(key, value)| value.as_str().map(|value| (key.clone(), value.to_owned()))).collect()
}

fn links(metadata: &Map<String, Value>) -> Vec<Link> {
    let links = metadata.get("links").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let link = |link: &Value| {
        let map = link.as_object()?;
        Some(Link { url: text(map, "url")?, title: text(map, "title") })
    };
    links.iter().filter_map(link).collect()
}

/// A scalar as text, for telling documents apart even when they are wrong.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Notes every value that stands in another file.
fn placeholders(value: &Value, place: &str, warnings: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                if validate::placeholder_key(key) {
                    let place = place.trim_start_matches('.');
                    warnings
                        .push(format!("`{place}` refers to another file with `{key}`, which is not fetched"));
                } else {
                    placeholders(item, &format!("{place}.{}", shown(key)), warnings);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| placeholders(item, place, warnings)),
        _ => {}
    }
}
