//! The mappings of a document with their places, and where in it a tool's own ones stand.

use serde_json::{Map, Value};

use super::spelling::{Spelling, same};
use super::table::Table;

/// Deeper than this nothing is looked for.
const MAX_DEPTH: usize = 32;
/// Blocks of one name that are looked at.
const MAX_FOUND: usize = 1_000;
/// Longer keys are not looked into: no tool has such a name, and places repeat it.
pub(super) const LONG_KEY: usize = 1_000;

/// A mapping in a document.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    pub map: &'a Map<String, Value>,
    /// Its JSON pointer.
    pub at: String,
}

impl<'a> Block<'a> {
    /// The document itself, if it is a mapping.
    pub(super) fn of(document: &'a Value) -> Option<Self> {
        document.as_object().map(|map| Self { map, at: String::new() })
    }

    /// A block within, by its very name.
    pub(super) fn exactly(&self, name: &str) -> Option<Self> {
        let (key, value) = self.map.get_key_value(name)?;
        value.as_object().map(|map| Self { map, at: under(&self.at, key) })
    }

    /// The blocks around it in `document`, the nearest first, the document last.
    pub(super) fn around(&self, document: &'a Value) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut at = self.at.as_str();
        while let Some((outer, _)) = at.rsplit_once('/') {
            at = outer;
            let map = document.pointer(at).and_then(Value::as_object);
            blocks.extend(map.map(|map| Self { map, at: at.to_owned() }));
        }
        blocks
    }

    /// A block within, by any of its names.
    pub(super) fn child(&self, names: &[&str]) -> Option<Self> {
        self.map.iter().find_map(|(key, value)| {
            let map = value.as_object().filter(|_| names.iter().any(|name| same(key, name)))?;
            Some(Self { map, at: under(&self.at, key) })
        })
    }

    /// The blocks within, whatever their names.
    pub(super) fn children(&self) -> Vec<Self> {
        let blocks = self.map.iter().filter_map(|(key, value)| Some((key, value.as_object()?)));
        let blocks = blocks.filter(|(key, _)| key.len() <= LONG_KEY).take(MAX_FOUND);
        blocks.map(|(key, map)| Self { map, at: under(&self.at, key) }).collect()
    }

    /// A key in whatever spelling, as it stands there, and its value.
    pub(super) fn entry(&self, key: &str) -> Option<(&'a str, &'a Value)> {
        let found = self.map.iter().find(|(other, value)| same(other, key) && !value.is_null());
        found.map(|(key, value)| (key.as_str(), value))
    }

    /// The text of a key, in whatever spelling.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.entry(key).and_then(|(_, value)| value.as_str())
    }

    /// Whether it has a key, in whatever spelling.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.keys().any(|other| same(other, key))
    }

    /// Whether it is nothing but the table's own block: empty, or with a key of its outermost rows.
    pub(super) fn is_bare(&self, table: &impl Table, spelling: Spelling) -> bool {
        let known = |key: &String| {
            table.specs().iter().any(|spec| {
                let (block, leaf) = spec.split();
                block.is_empty() && spelling.resembles(leaf, key)
            })
        };
        self.map.is_empty() || self.map.keys().any(known)
    }

    /// The key that it stands under; empty for the document.
    pub(super) fn name(&self) -> String {
        self.at.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
    }

    /// The pointer of a key in it.
    pub(super) fn pointer(&self, key: &str) -> String {
        under(&self.at, key)
    }
}

/// The pointer of a key below a place.
pub(super) fn under(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A step into a document: where it starts, and its last part.
struct Step<'a> {
    from: Option<usize>,
    part: Part<'a>,
}

enum Part<'a> {
    Key(&'a str),
    Item(usize),
}

/// The pointer of the step at `last`.
fn path(steps: &[Step<'_>], last: usize) -> String {
    let mut parts = Vec::new();
    let mut next = Some(last);
    while let Some(step) = next.and_then(|i| steps.get(i)) {
        parts.push(&step.part);
        next = step.from;
    }
    parts.iter().rev().fold(String::new(), |at, part| match part {
        Part::Key(key) => under(&at, key),
        Part::Item(i) => format!("{at}/{i}"),
    })
}

/// The values of these keys, wherever in the document, outer ones first; also `a.key` where a dot joins two keys.
///
/// Places are put together only for what is found: a long key around a long list must cost nothing.
pub(super) fn find<'a>(document: &'a Value, names: &[&str]) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    let mut steps: Vec<Step<'a>> = Vec::new();
    let mut level = vec![(None, document)];
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for (from, value) in level {
            let mut enter = |part: Part<'a>, value: &'a Value| {
                steps.push(Step { from, part });
                let last = steps.len() - 1;
                if let Part::Key(key) = &steps.get(last)?.part
                    && (names.contains(key) || key.rsplit('.').next().is_some_and(|end| names.contains(&end)))
                {
                    found.push((path(&steps, last), value));
                }
                (value.is_object() || value.is_array()).then(|| next.push((Some(last), value)))
            };
            match value {
                Value::Object(map) => {
                    for (key, value) in map.iter().filter(|(key, _)| key.len() <= LONG_KEY) {
                        enter(Part::Key(key), value);
                    }
                }
                Value::Array(list) => {
                    for (i, value) in list.iter().enumerate().filter(|(_, v)| v.is_object() || v.is_array()) {
                        enter(Part::Item(i), value);
                    }
                }
                _ => {}
            }
            if found.len() >= MAX_FOUND {
                found.truncate(MAX_FOUND);
                return found;
            }
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    found
}

/// The mappings of a list.
pub(super) fn blocks_of<'a>(at: &str, list: &'a Value) -> Vec<Block<'a>> {
    let items = list.as_array().into_iter().flatten().enumerate().take(MAX_FOUND);
    items.filter_map(|(i, item)| item.as_object().map(|map| Block { map, at: format!("{at}/{i}") })).collect()
}

/// The mappings among what [`find`] finds.
pub(super) fn find_blocks<'a>(document: &'a Value, names: &[&str]) -> Vec<Block<'a>> {
    let found = find(document, names).into_iter();
    found.filter_map(|(at, value)| value.as_object().map(|map| Block { map, at })).collect()
}
