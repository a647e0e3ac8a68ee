//! Reads a table out of a tool's document, and tells the place of everything that is wrong or unknown.

use serde_json::Value;

use super::super::Problem;
use super::blocks::{Block, LONG_KEY, find_blocks};
use super::spelling::{Spelling, same};
use super::table::{Spec, Table, outside};
use super::text::Style;

/// Notes that are told of one document.
const MAX_NOTES: usize = 100;

/// Settings with what is to be told of their document; or everything that is wrong with it.
pub(super) type Found<T> = Result<(T, Vec<Problem>), Vec<Problem>>;

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
    /// In which spellings the tool takes its keys.
    spelling: Spelling,
    places: Vec<Place<'a>>,
    /// Keys of blocks that are no rows but belong there.
    known: &'static [&'static str],
    /// The tool that refuses keys that it does not know, if it does; and those that it knows but the table does not.
    strict: Option<(&'static str, &'static [&'static str])>,
    pub wrong: Vec<Problem>,
    pub notes: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(style: Style, spelling: Spelling, known: &'static [&'static str]) -> Self {
        Self {
            style,
            spelling,
            places: Vec::new(),
            known,
            strict: None,
            wrong: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same for a tool that refuses keys that it does not know; `unread` it knows, but the table does not.
    pub(super) fn strict(self, tool: &'static str, unread: &'static [&'static str]) -> Self {
        Self { strict: Some((tool, unread)), ..self }
    }

    /// Tells something that is no error, unless much has been told.
    pub(super) fn note(&mut self, at: String, detail: impl Into<String>) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(Problem::new(at, detail));
        }
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
            self.note(other.at, detail);
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
        self.first(found).or_else(|| Block::of(document).filter(|block| block.is_bare(table, self.spelling)))
    }

    /// Reads every row that is there.
    pub(super) fn fill(&mut self, table: &mut impl Table) {
        let places = std::mem::take(&mut self.places);
        let opened: Vec<&str> = places.iter().map(|place| place.block.at.as_str()).collect();
        for place in &places {
            self.fill_from(place, &opened, table);
        }
        self.places = places;
    }

    fn fill_from(&mut self, place: &Place<'a>, opened: &[&str], table: &mut impl Table) {
        let specs = table.specs();
        let mut taken: Vec<(usize, &str)> = Vec::new();
        for (key, value) in place.block.map.iter().filter(|(_, value)| !value.is_null()) {
            let row = specs.iter().position(|spec| {
                let (block, leaf) = spec.split();
                block == place.name && self.spelling.takes(leaf, key)
            });
            let Some((i, spec)) = row.and_then(|i| Some((i, specs.get(i)?))) else {
                if place.whole {
                    self.unknown(place, key, opened, table);
                }
                continue;
            };
            let at = place.block.pointer(key);
            let twin = taken.iter().find(|(row, _)| *row == i).filter(|_| self.spelling == Spelling::Proto);
            if let Some((_, twin)) = twin {
                let detail = format!("is the same field as `{twin}` beside it: give one of them");
                self.wrong.push(Problem::new(at, detail));
                continue;
            }
            taken.push((i, key));
            let read = self.style.read(spec, value).and_then(|value| match outside(spec, value) {
                None => Ok(value),
                Some(detail) => Err(detail),
            });
            match read {
                Ok(value) => table.set(i, Some(value)),
                Err(detail) => self.wrong.push(Problem::new(at, detail)),
            }
        }
    }

    /// Whether a key stands in the document.
    pub(super) fn has(&self, leaf: &str) -> bool {
        let there = |key: &String| self.spelling.takes(leaf, key);
        self.places.iter().any(|place| place.block.map.keys().any(there))
    }

    /// Tells a key that is no row, or refuses it where the tool does.
    fn unknown(&mut self, place: &Place<'a>, key: &str, opened: &[&str], table: &impl Table) {
        if self.notes.len() >= MAX_NOTES || self.wrong.len() >= MAX_NOTES || key.len() > LONG_KEY {
            return self.too_much(place, key);
        }
        let at = place.block.pointer(key);
        let belongs = self.strict.is_none() || place.block.at.is_empty();
        if opened.contains(&at.as_str()) || (belongs && self.known.iter().any(|known| same(known, key))) {
            return;
        }
        let leaves = || table.specs().iter().map(Spec::split).filter(|(block, _)| *block == place.name);
        let meant = leaves().map(|(_, leaf)| leaf).find(|leaf| same(leaf, key));
        let unread = "is not read: the simulation knows no setting of this name";
        match (self.strict, meant) {
            (Some((_, others)), None) if others.iter().any(|other| self.spelling.takes(other, key)) => {
                self.note(at, unread);
            }
            (Some((tool, _)), meant) => {
                let near = meant.or_else(|| crate::error::nearest(key, leaves().map(|(_, leaf)| leaf)));
                let near = near.map(|near| format!("; is `{near}` meant?")).unwrap_or_default();
                self.wrong.push(Problem::new(at, format!("is no key that {tool} takes{near}")));
            }
            (None, Some(leaf)) => self.note(at, format!("is not known; is `{leaf}` meant?")),
            (None, None) => self.note(at, unread),
        }
    }

    /// A key too long to be repeated, or one of too many.
    fn too_much(&mut self, place: &Place<'a>, key: &str) {
        if key.len() <= LONG_KEY || self.wrong.len() >= MAX_NOTES {
            return;
        }
        let detail = format!("has a key of {} bytes, which no tool takes", key.len());
        match self.strict {
            Some(_) => self.wrong.push(Problem::new(place.block.at.clone(), detail)),
            None => self.note(place.block.at.clone(), detail),
        }
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
            if let Some(key) = place.block.map.keys().find(|key| self.spelling.takes(leaf, key)) {
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
