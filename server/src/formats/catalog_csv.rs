//! Service lists as CSV: a header, then one component a row.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::{Map, Value, json};

use super::backstage::{self, RefContext, parse_entity_ref};
use super::catalog::{CatalogReading, DocumentReading};
use super::redact::shown;
use super::utf8;
use crate::error::Error;

/// More rows than this in one file are not read.
const MAX_ROWS: usize = 200_000;

/// The columns, and the headings they go by.
const COLUMNS: &[(Column, &[&str])] = &[
    (Column::Ref, &["ref", "entity_ref", "entity", "slug", "service", "id"]),
    (Column::Name, &["name"]),
    (Column::Title, &["title", "display_name"]),
    (Column::Description, &["description"]),
    (Column::Owner, &["owner", "team", "owner_team"]),
    (Column::Tier, &["tier"]),
    (Column::Lifecycle, &["lifecycle"]),
    (Column::Type, &["type"]),
    (Column::System, &["system"]),
    (Column::DependsOn, &["depends_on", "dependson", "dependencies"]),
    (Column::Tags, &["tags"]),
    (Column::Labels, &["labels"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Ref,
    Name,
    Title,
    Description,
    Owner,
    Tier,
    Lifecycle,
    Type,
    System,
    DependsOn,
    Tags,
    Labels,
}

/// Reads a service list.
pub fn read_csv(body: &[u8]) -> Result<CatalogReading, Error> {
    let text = utf8::text(body)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let (columns, mut notes) = columns(&header)?;
    let mut documents = Vec::new();
    let mut truncated = false;
    for row in reader.into_records() {
        let index = documents.len();
        if index == MAX_ROWS {
            truncated = true;
            break;
        }
        let Ok(row) = row else {
            notes.push("a row could not be read".to_owned());
            continue;
        };
        let line = line_of(&row, text);
        if row.iter().all(str::is_empty) {
            continue;
        }
        documents.push(read_row(&row, &columns, header.len(), index, line));
    }
    backstage::warn_of_repeats(&mut documents);
    if let Some(first) = documents.first_mut() {
        first.warnings.splice(0..0, notes);
    }
    Ok(CatalogReading { documents, truncated })
}

/// The line on which a row begins; the reader's own place is before the blank lines it skipped.
fn line_of(row: &StringRecord, text: &str) -> usize {
    let Some(place) = row.position() else { return 0 };
    let number = |n: u64| usize::try_from(n).unwrap_or(0);
    let rest = text.as_bytes().get(number(place.byte())..).unwrap_or_default();
    let blank = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    number(place.line()) + blank.filter(|b| **b == b'\n').count()
}

/// The separator that the first line has most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| first.bytes().filter(|b| *b == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// Which column is where, and what to say of the others.
fn columns(header: &StringRecord) -> Result<(BTreeMap<Column, usize>, Vec<String>), Error> {
    let mut columns = BTreeMap::new();
    let mut notes = Vec::new();
    for (at, heading) in header.iter().enumerate() {
        let word = heading.to_lowercase().replace([' ', '-'], "_");
        match COLUMNS.iter().find(|(_, names)| names.contains(&word.as_str())) {
            Some((column, _)) if columns.contains_key(column) => {
                notes.push(format!("the column `{}` repeats another one and is ignored", shown(heading)));
            }
            Some((column, _)) => {
                columns.insert(*column, at);
            }
            None if heading.is_empty() => {}
            None => notes.push(format!("the column `{}` is not known and is ignored", shown(heading))),
        }
    }
    if columns.contains_key(&Column::Ref) || columns.contains_key(&Column::Name) {
        return Ok((columns, notes));
    }
    let detail = "line 1: the header must name a column `ref`, `slug` or `name`; known columns: ref, slug, name, title, \
                  description, owner, team, tier, lifecycle, type, system, depends_on, tags, labels";
    Err(Error::invalid("", detail))
}

fn read_row(
    row: &StringRecord,
    columns: &BTreeMap<Column, usize>,
    width: usize,
    index: usize,
    line: usize,
) -> DocumentReading {
    let reading =
        DocumentReading { index, line, kind: Some("Component".to_owned()), ..DocumentReading::default() };
    let cell =
        |column: Column| columns.get(&column).and_then(|at| row.get(*at)).filter(|cell| !cell.is_empty());
    let name = cell(Column::Ref).or_else(|| cell(Column::Name)).map(str::to_owned);
    let reading = DocumentReading { name: name.clone(), ..reading };
    if row.len() > width && row.iter().skip(width).any(|cell| !cell.is_empty()) {
        let problem = format!(
            "has {} cells, but the header names {width} columns; put quotes around commas",
            row.len()
        );
        return DocumentReading { problem: Some(problem), ..reading };
    }
    match name
        .ok_or_else(|| "has no `ref`, `slug` or `name`; add one".to_owned())
        .and_then(|name| entity(&name, &cell))
    {
        Ok(entity) => backstage::read_entity(&entity, reading),
        Err(problem) => DocumentReading { problem: Some(problem), ..reading },
    }
}

/// The row as the document it would be in a catalog file.
fn entity<'a>(name: &str, cell: &impl Fn(Column) -> Option<&'a str>) -> Result<Value, String> {
    let context = RefContext { default_kind: Some("Component"), default_namespace: None };
    let own = parse_entity_ref(name, context)?;
    if !own.kind.eq_ignore_ascii_case("component") {
        return Err(format!("is of kind `{}`; a service list holds components only", shown(&own.kind)));
    }
    let owner = cell(Column::Owner).ok_or("has no `owner` (or `team`); add one")?;
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), own.name.into());
    metadata.insert("namespace".to_owned(), own.namespace.to_lowercase().into());
    // A name beside a reference is what people call it.
    let title = cell(Column::Title).or_else(|| cell(Column::Ref).and_then(|_| cell(Column::Name)));
    for (key, text) in [("title", title), ("description", cell(Column::Description))] {
        if let Some(text) = text {
            metadata.insert(key.to_owned(), text.into());
        }
    }
    let tags: Vec<String> =
        cell(Column::Tags).map(|cell| words(cell).map(str::to_lowercase).collect()).unwrap_or_default();
    metadata.insert("tags".to_owned(), tags.into());
    metadata.insert("labels".to_owned(), Value::Object(labels(cell(Column::Labels), cell(Column::Tier))?));
    let mut spec = Map::new();
    spec.insert("type".to_owned(), cell(Column::Type).unwrap_or("service").into());
    spec.insert("lifecycle".to_owned(), cell(Column::Lifecycle).unwrap_or("production").into());
    spec.insert("owner".to_owned(), owner_ref(owner).into());
    if let Some(system) = cell(Column::System) {
        spec.insert("system".to_owned(), system.into());
    }
    if let Some(cell) = cell(Column::DependsOn) {
        let refs: Vec<String> = words(cell).map(|word| component_ref(word, context)).collect();
        spec.insert("dependsOn".to_owned(), refs.into());
    }
    Ok(
        json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata, "spec": spec}),
    )
}

/// A team by its bare name is the group of that name in the default namespace, whether it is known or not.
fn owner_ref(owner: &str) -> String {
    let context = RefContext { default_kind: Some("Group"), default_namespace: None };
    parse_entity_ref(owner, context).map_or_else(|_| owner.to_owned(), |reference| reference.canonical())
}

/// A bare name in a dependency list means a component.
fn component_ref(word: &str, context: RefContext<'_>) -> String {
    parse_entity_ref(word, context).map_or_else(|_| word.to_owned(), |reference| reference.canonical())
}

/// The words of a cell that holds several.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', ',', '|', ' ', '\t', '\n', '\r']).filter(|word| !word.is_empty())
}

fn labels(cell: Option<&str>, tier: Option<&str>) -> Result<Map<String, Value>, String> {
    let mut labels = Map::new();
    for word in cell.into_iter().flat_map(words) {
        let (key, value) = word
            .split_once('=')
            .or_else(|| word.split_once(':'))
            .ok_or_else(|| format!("`{}` in `labels` is not of the form key=value", shown(word)))?;
        labels.insert(key.to_owned(), value.into());
    }
    if let Some(tier) = tier {
        let lower = tier.to_lowercase();
        let number = lower.trim_start_matches("tier").trim_start_matches([' ', '-', '_', ':']);
        if !matches!(number, "1" | "2" | "3" | "4") {
            return Err(format!("`tier` is `{}`; write 1 (most critical) to 4", shown(tier)));
        }
        labels.insert("waterbear.dev/tier".to_owned(), number.into());
    }
    Ok(labels)
}
