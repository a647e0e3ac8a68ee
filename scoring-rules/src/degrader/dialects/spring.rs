//! Spring's flattened keys: `resilience4j.circuitbreaker.instances.a.sliding-window-size` says the same as mappings within
//! mappings. They are made so, and every place is told as it stands in the document.

use serde_json::{Map, Value};

use super::super::Problem;
use super::blocks::under;

/// Deeper than this nothing is taken apart.
const MAX_DEPTH: usize = 32;
/// Keys that are taken apart; what is beyond stays as it is.
const MAX_KEYS: usize = 10_000;
/// Longer places are left as they are: no property has such a name.
const LONG_PLACE: usize = 1_000;

/// A document without flattened keys.
pub(super) struct Nested<'a> {
    pub document: Value,
    /// What the document says twice.
    pub twice: Vec<Problem>,
    original: &'a Value,
    /// Places as they are now, and as they were.
    places: Vec<(String, String)>,
}

impl<'a> Nested<'a> {
    /// Takes the flattened keys of a document apart.
    pub(super) fn of(original: &'a Value) -> Self {
        let mut work = Work { now: Vec::new(), was: Vec::new(), places: Vec::new(), twice: Vec::new() };
        let document = work.nested(original, 0);
        Self { document, twice: work.twice, original, places: work.places }
    }

    /// The same problems with their places in the original document.
    pub(super) fn told(&self, problems: Vec<Problem>) -> Vec<Problem> {
        problems
            .into_iter()
            .map(|problem| Problem { pointer: self.place(&problem.pointer), ..problem })
            .collect()
    }

    /// Where in the original document a place of the nested one is: the candidate that is there, or is nearest to it.
    fn place(&self, now: &str) -> String {
        let there = |place: &str| self.original.pointer(place).is_some();
        if there(now) {
            return now.to_owned();
        }
        let below =
            |from: &str| now.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let moved =
            self.places.iter().filter_map(|(from, to)| Some((from.len(), format!("{to}{}", below(from)?))));
        let best = moved.max_by_key(|(length, place)| (there(place), *length));
        best.map_or_else(|| now.to_owned(), |(_, place)| place)
    }
}

/// What is known on the way down.
struct Work<'a> {
    now: Vec<&'a str>,
    was: Vec<&'a str>,
    places: Vec<(String, String)>,
    twice: Vec<Problem>,
}

impl<'a> Work<'a> {
    fn nested(&mut self, value: &'a Value, depth: usize) -> Value {
        match value {
            Value::Object(map) if depth < MAX_DEPTH => Value::Object(self.mapping(map, depth)),
            Value::Array(list) if depth == 0 => {
                // Several documents: their numbers are no parts of a property's name, but of its place.
                Value::Array(list.iter().enumerate().map(|(i, item)| self.document(i, item)).collect())
            }
            other => other.clone(),
        }
    }

    /// One of several documents.
    fn document(&mut self, i: usize, item: &'a Value) -> Value {
        let (places, twice) = (std::mem::take(&mut self.places), std::mem::take(&mut self.twice));
        let value = self.nested(item, 1);
        let inner = std::mem::replace(&mut self.places, places);
        self.places.extend(inner.into_iter().map(|(now, was)| (format!("/{i}{now}"), format!("/{i}{was}"))));
        let inner = std::mem::replace(&mut self.twice, twice);
        self.twice.extend(inner.into_iter().map(|p| Problem::new(format!("/{i}{}", p.pointer), p.detail)));
        value
    }

    fn mapping(&mut self, map: &'a Map<String, Value>, depth: usize) -> Map<String, Value> {
        let mut out = Map::new();
        let mut flat = Vec::new();
        for (key, value) in map {
            if let Some(parts) = parts(key) {
                flat.push((key, parts, value));
                continue;
            }
            self.now.push(key);
            self.was.push(key);
            let inner = self.nested(value, depth + 1);
            self.now.pop();
            self.was.pop();
            out.insert(key.clone(), inner);
        }
        for (key, parts, value) in flat {
            if !self.insert(&mut out, key, &parts, value, depth) {
                out.insert(key.clone(), value.clone());
            }
        }
        out
    }

    /// Puts the value of a flattened key where it belongs; false: it stays as it is.
    fn insert(
        &mut self,
        out: &mut Map<String, Value>,
        key: &'a str,
        parts: &[&'a str],
        value: &'a Value,
        depth: usize,
    ) -> bool {
        let length: usize = self.was.iter().map(|key| key.len() + 1).sum::<usize>() + key.len();
        if depth + parts.len() > MAX_DEPTH || self.places.len() >= MAX_KEYS || length > LONG_PLACE {
            return false;
        }
        self.now.extend(parts);
        self.was.push(key);
        let pointer = |keys: &[&str]| keys.iter().fold(String::new(), |at, key| under(&at, key));
        let was = pointer(&self.was);
        self.places.push((pointer(&self.now), was.clone()));
        let inner = self.nested(value, depth + parts.len());
        self.now.truncate(self.now.len() - parts.len());
        self.was.pop();
        match put(out, parts, inner) {
            Put::Done => true,
            Put::Twice => {
                let detail = "is said elsewhere in the document too, and that was read: say it once";
                self.twice.push(Problem::new(was, detail));
                true
            }
            Put::NoPlace => {
                self.places.pop();
                false
            }
        }
    }
}

/// What became of a value.
#[derive(PartialEq, Eq)]
enum Put {
    Done,
    /// Something of it was there already, and stays.
    Twice,
    /// A mapping is needed where there is none.
    NoPlace,
}

fn put(out: &mut Map<String, Value>, parts: &[&str], value: Value) -> Put {
    let Some((first, rest)) = parts.split_first() else { return Put::NoPlace };
    if rest.is_empty() {
        let mut twice = false;
        merge(out, first, value, &mut twice);
        return if twice { Put::Twice } else { Put::Done };
    }
    let inner = out.entry(*first).or_insert_with(|| Value::Object(Map::new()));
    inner.as_object_mut().map_or(Put::NoPlace, |inner| put(inner, rest, value))
}

/// Adds what is not there yet.
fn merge(out: &mut Map<String, Value>, key: &str, value: Value, twice: &mut bool) {
    match (out.get_mut(key), value) {
        (None, value) => {
            out.insert(key.to_owned(), value);
        }
        (Some(Value::Object(there)), Value::Object(new)) => {
            for (key, value) in new {
                merge(there, &key, value, twice);
            }
        }
        (Some(there), value) => *twice |= *there != value,
    }
}

/// The parts of a flattened key: `a.b`, `a[b.c].d`, `[a.b]`. None: it is a single plain name.
fn parts(key: &str) -> Option<Vec<&str>> {
    if let Some(name) = key.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return (!name.is_empty()).then(|| vec![name]);
    }
    let mut parts = Vec::new();
    let mut rest = key;
    while !rest.is_empty() {
        let (name, tail) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']')?,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        if name.is_empty() || parts.len() >= MAX_DEPTH {
            return None;
        }
        parts.push(name);
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    (parts.len() > 1).then_some(parts)
}

/// A name as a key that Spring takes for one name: in brackets, unless it is plain.
pub(super) fn one_name(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain { name.to_owned() } else { format!("[{name}]") }
}
