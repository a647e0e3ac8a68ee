//! Reading TOML by hand: every key is asked for by name, and every mistake is reported where it stands.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::date::Date;
use crate::error::{RuleError, nearest};
use crate::expr::{Expr, Scope, Wanted};
use crate::fact::{FactType, Value};

/// The longest text a file may give for one key.
const MAX_TEXT: usize = 2_000;

pub(crate) type Entry<'a> = (&'a str, usize, &'a Spanned<DeValue<'a>>);

/// One file of the pack, and the errors found in it so far.
pub(crate) struct Doc<'a> {
    file: &'a str,
    text: &'a str,
    rule: Option<String>,
    errors: RefCell<Vec<RuleError>>,
}

impl<'a> Doc<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, rule: Option<String>) -> Self {
        Self { file, text, rule, errors: RefCell::new(Vec::new()) }
    }

    /// Parses the file. On a syntax error the rest cannot be trusted, so there is nothing to read.
    pub(crate) fn parse(&self) -> Option<DeTable<'a>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                self.report(at, format!("not valid TOML: {}", error.message().replace('\n', ", ")));
                None
            }
        }
    }

    pub(crate) fn report(&self, at: usize, message: impl Into<String>) {
        self.report_meant(at, message, None);
    }

    pub(crate) fn report_meant(&self, at: usize, message: impl Into<String>, suggestion: Option<&str>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        self.errors.borrow_mut().push(RuleError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
            rule: self.rule.clone(),
            message: message.into(),
            suggestion: suggestion.map(str::to_owned),
        });
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    pub(crate) fn into_errors(self) -> Vec<RuleError> {
        self.errors.into_inner()
    }
}

/// One table of a file. Keys nobody asked for are reported by `finish`.
pub(crate) struct Form<'a> {
    pub(crate) doc: &'a Doc<'a>,
    table: &'a DeTable<'a>,
    /// Where the table begins: missing keys are reported here.
    pub(crate) at: usize,
    asked: RefCell<BTreeSet<&'static str>>,
    broken: Cell<bool>,
}

impl<'a> Form<'a> {
    pub(crate) fn new(doc: &'a Doc<'a>, table: &'a DeTable<'a>, at: usize) -> Self {
        Self { doc, table, at, asked: RefCell::default(), broken: Cell::new(false) }
    }

    /// The table under a value, or a report that it is none.
    pub(crate) fn of(doc: &'a Doc<'a>, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Self> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(doc, table, at)),
            other => {
                doc.report(at, format!("`{key}` must be a table, not {}", named(other)));
                None
            }
        }
    }

    /// All entries in the order of the file.
    pub(crate) fn entries(&self) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> =
            self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value)).collect();
        entries.sort_by_key(|(_, at, _)| *at);
        entries
    }

    pub(crate) fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    pub(crate) fn wrong(&self, at: usize, message: impl Into<String>) {
        self.broken.set(true);
        self.doc.report(at, message);
    }

    fn missing(&self, key: &str) {
        self.wrong(self.at, format!("`{key}` is missing"));
    }

    /// An optional text that is not empty.
    pub(crate) fn text(&self, key: &'static str) -> Option<(usize, &'a str)> {
        let value = self.value(key)?;
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => self.wrong(at, format!("`{key}` is empty")),
            DeValue::String(text) if text.len() > MAX_TEXT => {
                self.wrong(at, format!("`{key}` is longer than {MAX_TEXT} bytes"));
            }
            DeValue::String(text) => return Some((at, text.as_ref())),
            other => self.wrong(at, format!("`{key}` must be text, not {}", named(other))),
        }
        None
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, key: &'static str) -> Option<(usize, &'a str)> {
        if self.value(key).is_none() {
            self.missing(key);
        }
        self.text(key)
    }

    /// A whole number within bounds.
    pub(crate) fn int(&self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let value = self.value(key)?;
        let at = value.span().start;
        match int_of(value.get_ref()) {
            Some(number) if (least..=most).contains(&number) => return Some(number),
            Some(number) => {
                self.wrong(at, format!("`{key}` is {number}; it must be from {least} to {most}"));
            }
            None => {
                let given = named(value.get_ref());
                self.wrong(at, format!("`{key}` must be a whole number, not {given}"));
            }
        }
        None
    }

    /// A whole number that must be there.
    pub(crate) fn required_int(&self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        if self.value(key).is_none() {
            self.missing(key);
        }
        self.int(key, least, most)
    }

    /// A day of the calendar, written without quotes.
    pub(crate) fn date(&self, key: &'static str) -> Option<Date> {
        let value = self.value(key)?;
        if let DeValue::Datetime(moment) = value.get_ref()
            && let (Some(date), None, None) = (moment.date, moment.time, moment.offset)
        {
            return Some(Date { year: date.year, month: date.month, day: date.day });
        }
        let message = format!("`{key}` must be a date such as 2027-06-30, with no quotes and no time");
        self.wrong(value.span().start, message);
        None
    }

    /// An optional expression.
    pub(crate) fn expr(&self, key: &'static str, wanted: Wanted, scope: &Scope<'_>) -> Option<Expr> {
        let value = self.value(key)?;
        compile(self.doc, key, value, wanted, scope).or_else(|| {
            self.broken.set(true);
            None
        })
    }

    /// Reports what nobody asked for; true when the table held no error.
    pub(crate) fn finish(self) -> bool {
        let asked = self.asked.borrow();
        for (key, at, _) in self.entries() {
            if !asked.contains(key) {
                let meant = nearest(key, asked.iter().copied());
                self.doc.report_meant(at, format!("unknown key `{key}`"), meant);
                self.broken.set(true);
            }
        }
        !self.broken.get()
    }
}

/// Compiles the expression under a key and reports its error at the very character.
pub(crate) fn compile(
    doc: &Doc<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    wanted: Wanted,
    scope: &Scope<'_>,
) -> Option<Expr> {
    let span = value.span();
    let DeValue::String(text) = value.get_ref() else {
        doc.report(
            span.start,
            format!("`{key}` must be an expression in quotes, not {}", named(value.get_ref())),
        );
        return None;
    };
    match Expr::compile(text, wanted, scope) {
        Ok(expr) => Some(expr),
        Err(error) => {
            // Quotes and escapes shift the text; where it stands verbatim, the place is exact.
            let raw = doc.text.get(span.clone()).unwrap_or_default();
            let at = raw.find(text.as_ref()).map_or(span.start, |shift| span.start + shift + error.at);
            doc.report_meant(at, format!("`{key}`: {}", error.message), error.suggestion.as_deref());
            None
        }
    }
}

/// A value for a fact of this type, or a report of what was expected.
pub(crate) fn fact_value(
    doc: &Doc<'_>,
    name: &str,
    kind: FactType,
    value: &Spanned<DeValue<'_>>,
) -> Option<Value> {
    let read = match value.get_ref() {
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::String(text) => Some(Value::from(text.to_string())),
        DeValue::Float(number) => number.as_str().parse().ok().map(Value::Num),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map(Value::List),
        other => int_of(other).map(Value::Int),
    };
    let read = read.filter(|read| read.fits(kind));
    if read.is_none() {
        let given = named(value.get_ref());
        doc.report(value.span().start, format!("`{name}` is of type {kind}, and this is {given}"));
    }
    read
}

pub(crate) fn int_of(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A number as thousandths, if it is one from 0 to 1.
pub(crate) fn milli_of(value: &DeValue<'_>) -> Option<u16> {
    let number = match value {
        DeValue::Float(number) => number.as_str().parse::<f64>().ok()?,
        other => int_of(other)? as f64,
    };
    (0.0..=1.0).contains(&number).then(|| (number * 1_000.0).round() as u16)
}

pub(crate) fn named(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a bool",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
