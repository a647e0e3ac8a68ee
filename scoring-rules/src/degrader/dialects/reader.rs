//! Reads a table out of a tool's document, and tells the place of everything that is wrong or unknown.

use serde_json::{Map, Value};

use super::super::Problem;
use super::table::{Spec, Table, outside};
use super::text::Style;

/// Deeper than this nothing is looked for.
const MAX_DEPTH: usize = 32;
/// Blocks of one name that are looked at.
const MAX_FOUND: usize = 100;

/// Settings with what is to be told of their document; or everything that is wrong with it.
pub(super) type Found<T> = Result<(T, Vec<Problem>), Vec<Problem>>;

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
        blocks.map(|(key, map)| Self { map, at: under(&self.at, key) }).collect()
    }

    /// The text of a key, in whatever spelling.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.map.iter().find(|(other, _)| same(other, key)).and_then(|(_, value)| value.as_str())
    }

    /// Whether it has a key, in whatever spelling.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.keys().any(|other| same(other, key))
    }

    /// Whether it is nothing but the table's own block: empty, or with a key of its outermost rows.
    pub(super) fn is_bare(&self, table: &impl Table, loose: bool) -> bool {
        let known = |key: &String| {
            table.specs().iter().any(|spec| {
                let (block, leaf) = spec.split();
                block.is_empty() && (leaf == key || (loose && same(leaf, key)))
            })
        };
        self.map.is_empty() || self.map.keys().any(known)
    }

    /// The pointer of a key in it.
    pub(super) fn pointer(&self, key: &str) -> String {
        under(&self.at, key)
    }
}

fn under(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Whether two spellings name the same key: `base_ejection_time`, `base-ejection-time` and `baseEjectionTime` do.
fn same(a: &str, b: &str) -> bool {
    let letters = |text: &str| -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect()
    };
    a == b || letters(a) == letters(b)
}

/// Every value of these keys, wherever in the document, outer ones first; also `a.key` where a dot joins two keys.
pub(super) fn find<'a>(document: &'a Value, names: &[&str]) -> Vec<(String, &'a Value)> {
    let mut found = Vec::new();
    let mut level = vec![(String::new(), document)];
    for _ in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for (at, value) in level {
            match value {
                Value::Object(map) => {
                    for (key, value) in map {
                        let last = key.rsplit('.').next().unwrap_or(key);
                        if names.contains(&key.as_str()) || names.contains(&last) {
                            found.push((under(&at, key), value));
                        }
                        next.push((under(&at, key), value));
                    }
                }
                Value::Array(list) => {
                    next.extend(list.iter().enumerate().map(|(i, value)| (format!("{at}/{i}"), value)));
                }
                _ => {}
            }
        }
        if next.is_empty() || found.len() >= MAX_FOUND {
            break;
        }
        level = next;
    }
    found
}

/// The mappings of a list.
pub(super) fn blocks_of<'a>(at: &str, list: &'a Value) -> Vec<Block<'a>> {
    let items = list.as_array().into_iter().flatten().enumerate();
    items.filter_map(|(i, item)| item.as_object().map(|map| Block { map, at: format!("{at}/{i}") })).collect()
}

/// The mappings among what [`find`] finds.
pub(super) fn find_blocks<'a>(document: &'a Value, names: &[&str]) -> Vec<Block<'a>> {
    let found = find(document, names).into_iter();
    found.filter_map(|(at, value)| value.as_object().map(|map| Block { map, at })).collect()
}

/// A block of the table: where its rows lie.
struct Place<'a> {
    /// As rows name it; empty: the outermost.
    name: &'static str,
    block: Block<'a>,
    /// Whether keys are told that the table does not know.
    whole: bool,
}

/// Collects places, problems and notes while a document is read.
pub(super) struct Reader<'a> {
    style: Style,
    /// Whether the tool takes keys in other spellings too.
    loose: bool,
    places: Vec<Place<'a>>,
    /// Keys of blocks that are no rows but belong there.
    known: &'static [&'static str],
    pub wrong: Vec<Problem>,
    pub notes: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(style: Style, loose: bool, known: &'static [&'static str]) -> Self {
        Self { style, loose, places: Vec::new(), known, wrong: Vec::new(), notes: Vec::new() }
    }

    /// Rows of block `name` lie in `block`, if it is there; later places win over earlier ones. Unknown keys in it are told.
    pub(super) fn place(&mut self, name: &'static str, block: Option<Block<'a>>) {
        self.places.extend(block.map(|block| Place { name, block, whole: true }));
    }

    /// The same for a block that holds much else.
    pub(super) fn place_among_others(&mut self, name: &'static str, block: Option<Block<'a>>) {
        self.places.extend(block.map(|block| Place { name, block, whole: false }));
    }

    /// The first of several blocks; the others are told.
    pub(super) fn first(&mut self, blocks: Vec<Block<'a>>) -> Option<Block<'a>> {
        let mut blocks = blocks.into_iter();
        let first = blocks.next()?;
        for other in blocks.filter(|other| other.map != first.map) {
            let detail = format!("is another of its kind and was passed over; {} was read", first.at);
            self.notes.push(Problem::new(other.at, detail));
        }
        Some(first)
    }

    /// The block of these names wherever in the document, or the document where it is nothing but the block.
    pub(super) fn locate(
        &mut self,
        document: &'a Value,
        names: &[&str],
        table: &impl Table,
    ) -> Option<Block<'a>> {
        let found = find_blocks(document, names);
        self.first(found).or_else(|| Block::of(document).filter(|block| block.is_bare(table, self.loose)))
    }

    /// Reads every row that is there.
    pub(super) fn fill(&mut self, table: &mut impl Table) {
        let places = std::mem::take(&mut self.places);
        let specs = table.specs();
        for place in &places {
            for (key, value) in place.block.map.iter().filter(|(_, value)| !value.is_null()) {
                let at = place.block.pointer(key);
                let row = specs.iter().position(|spec| {
                    let (block, leaf) = spec.split();
                    block == place.name && (leaf == key || (self.loose && same(leaf, key)))
                });
                let Some((i, spec)) = row.and_then(|i| Some((i, specs.get(i)?))) else {
                    let opens = places.iter().any(|other| other.block.at == at);
                    if place.whole && !opens {
                        self.unknown(at, key, table, place.name);
                    }
                    continue;
                };
                match self.style.read(spec, value) {
                    Ok(value) => match outside(spec, value) {
                        None => table.set(i, Some(value)),
                        Some(detail) => self.wrong.push(Problem::new(at, detail)),
                    },
                    Err(detail) => self.wrong.push(Problem::new(at, detail)),
                }
            }
        }
        self.places = places;
    }

    /// Whether a key stands in the document.
    pub(super) fn has(&self, leaf: &str) -> bool {
        let there = |key: &String| key == leaf || (self.loose && same(leaf, key));
        self.places.iter().any(|place| place.block.map.keys().any(there))
    }

    fn unknown(&mut self, at: String, key: &str, table: &impl Table, block: &str) {
        if self.notes.len() >= MAX_FOUND || self.known.iter().any(|known| same(known, key)) {
            return;
        }
        let meant = table.specs().iter().map(Spec::split).find(|(b, leaf)| *b == block && same(leaf, key));
        let detail = match meant {
            Some((_, leaf)) => format!("is not known; is `{leaf}` meant?"),
            None => "is not read: the simulation knows no setting of this name".to_owned(),
        };
        self.notes.push(Problem::new(at, detail));
    }

    /// Checks what was read.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place in the document.
    pub(super) fn finish<T: Table>(mut self, table: T) -> Found<T> {
        if self.wrong.is_empty() {
            let mistakes = table.mistakes();
            self.wrong =
                mistakes.into_iter().map(|(key, detail)| self.problem(&table, key, detail)).collect();
        }
        if self.wrong.is_empty() { Ok((table, self.notes)) } else { Err(self.wrong) }
    }

    /// A problem with a row: where its key stands, or else where it would.
    fn problem(&self, table: &impl Table, key: &str, detail: String) -> Problem {
        let Some(spec) = table.specs().iter().find(|spec| spec.key == key) else {
            return Problem::new("", format!("{key}: {detail}"));
        };
        let (block, leaf) = spec.split();
        let named = |place: &&Place<'_>| place.name == block;
        for place in self.places.iter().rev().filter(named) {
            if let Some(key) = place.block.map.keys().find(|key| key.as_str() == leaf || same(leaf, key)) {
                return Problem::new(place.block.pointer(key), detail);
            }
        }
        let at = self.places.iter().rev().find(named).map(|place| place.block.pointer(leaf));
        Problem::new(at.unwrap_or_else(|| spec.pointer()), detail)
    }
}

/// Says that a document holds nothing to read.
pub(super) fn nothing(what: &str) -> Vec<Problem> {
    vec![Problem::new("", format!("holds no {what}"))]
}
