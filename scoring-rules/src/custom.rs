//! `facts.toml`: facts of the organisation's own, which others post.

use crate::catalogue::{Catalogue, FactSpec};
use crate::fact::{FactType, Value};
use crate::form::{Doc, Entry, Form, fact_value};

/// The most facts a pack may add.
const MAX_CUSTOM: usize = 500;
/// Words that an expression reads as something else.
const RESERVED: [&str; 8] = ["true", "false", "null", "in", "tried", "has", "int", "double"];
const SEND: &str = "Send it with POST /api/v1/facts (scope evidence:write): see /help/facts.";

pub(crate) fn read(doc: &Doc<'_>, catalogue: &mut Catalogue) {
    let Some(table) = doc.parse() else { return };
    let mut specs = Vec::new();
    for (group, at, value) in Form::new(doc, &table, 0).entries() {
        if !is_name(group) {
            doc.report(at, format!("a group is lower-case letters, digits and underscores, not `{group}`"));
        } else if catalogue.has_group(group) {
            doc.report(at, format!("the group `{group}` is the product's own; choose another name"));
        } else if let Some(facts) = Form::of(doc, group, value) {
            specs.extend(facts.entries().into_iter().filter_map(|entry| spec(doc, group, entry)));
        }
    }
    if specs.len() > MAX_CUSTOM {
        doc.report(0, format!("{} facts are declared; at most {MAX_CUSTOM} are read", specs.len()));
    }
    for spec in specs.into_iter().take(MAX_CUSTOM) {
        catalogue.add(spec);
    }
}

fn spec(doc: &Doc<'_>, group: &str, (name, at, value): Entry<'_>) -> Option<FactSpec> {
    if !is_name(name) {
        doc.report(at, format!("a fact is lower-case letters, digits and underscores, not `{name}`"));
        return None;
    }
    let form = Form::of(doc, name, value)?;
    let kind = kind(&form);
    let help = form.required_text("help");
    let unit = form.text("unit").map(|(_, unit)| unit.to_owned());
    let source = form.text("source").map_or("facts posted by others", |(_, source)| source);
    let send = form.text("send").map_or(SEND, |(_, send)| send);
    let ttl_days = form.int("ttl_days", 1, 3_650);
    let choices = choices(&form, kind);
    if form.value("example").is_none() {
        form.wrong(form.at, "`example` is missing: a typical value");
    }
    let full_name = format!("{group}.{name}");
    let example = match (kind, form.value("example")) {
        (Some(kind), Some(value)) => fact_value(doc, &full_name, kind, value),
        _ => None,
    };
    let sound = form.finish();
    let spec = FactSpec {
        name: full_name,
        kind: kind?,
        unit,
        source: source.to_owned(),
        help: help?.1.to_owned(),
        ttl_days: ttl_days.and_then(|days| u32::try_from(days).ok()),
        example: example?,
        posted: true,
        send: send.to_owned(),
        choices,
    };
    if !spec.accepts(&spec.example) {
        doc.report(at, format!("the example of `{}` is not one of its choices", spec.name));
        return None;
    }
    sound.then_some(spec)
}

fn kind(form: &Form<'_>) -> Option<FactType> {
    let (at, name) = form.required_text("type")?;
    let kind = FactType::ALL.into_iter().find(|kind| kind.as_str() == name);
    if kind.is_none() {
        form.wrong(at, format!("`type` is \"{name}\"; it must be bool, int, number, text or list"));
    }
    kind
}

fn choices(form: &Form<'_>, kind: Option<FactType>) -> Vec<String> {
    let Some(value) = form.value("choices") else { return Vec::new() };
    let at = value.span().start;
    match fact_value(form.doc, "choices", FactType::List, value) {
        Some(Value::List(choices)) if kind == Some(FactType::Text) => choices,
        Some(_) => {
            form.wrong(at, "`choices` are only for facts of type text");
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.len() <= 64
        && bytes.iter().all(|&byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !RESERVED.contains(&text)
}
