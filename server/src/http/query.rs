//! Query parameters, checked against what the route table says of them; everything wrong is told at once.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::routes;
use crate::error::{Error, FieldError, Result};
use crate::types::Timestamp;

/// Items of a page unless the caller says otherwise.
pub const DEFAULT_LIMIT: i64 = 50;

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// An RFC 3339 instant.
    Instant,
    /// true or false; present without a value means true.
    Flag,
}

/// A parameter of a route.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it does.
    pub about: &'static str,
}

/// A parameter.
pub const fn param(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param { name, kind, about }
}

/// `?limit=` of every list.
pub const LIMIT: Param = param("limit", Kind::Whole(1, 500), "Items of a page, 50 unless said otherwise");
/// `?cursor=` of every list.
pub const CURSOR: Param = param("cursor", Kind::Text, "`next` of the page before");
/// `?format=` where a table can be had.
pub const FORMAT: Param = param("format", Kind::Word(&["json", "csv"]), "json, or csv for a spreadsheet");

/// The parameters of a request that are not empty.
#[derive(Clone, Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// A text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.parse().ok()
    }

    /// An instant.
    pub fn instant(&self, name: &str) -> Option<Timestamp> {
        Timestamp::parse(self.0.get(name)?).ok()
    }

    /// A flag; off when absent.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value == "true" || value == "1")
    }

    /// How many items a page has.
    pub fn limit(&self) -> i64 {
        self.whole("limit").unwrap_or(DEFAULT_LIMIT)
    }

    /// Whether the caller wants a table for a spreadsheet.
    pub fn wants_csv(&self) -> bool {
        self.0.get("format").is_some_and(|format| format == "csv")
    }

    /// Whether the caller names one page, rather than everything.
    pub fn names_a_page(&self) -> bool {
        self.0.contains_key("limit") || self.0.contains_key("cursor")
    }

    /// Reads a query string; unknown names and bad values are errors.
    pub fn read(text: &str, params: &[Param]) -> Result<Self> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text)
            .map_err(|error| Error::malformed(format!("the query cannot be read: {error}")))?;
        let mut found = BTreeMap::new();
        let mut fields = Vec::new();
        for (name, value) in pairs.into_inner() {
            let pointer = format!("?{}", name.chars().take(60).collect::<String>());
            let checked = match params.iter().find(|p| p.name == name) {
                None => Err(unknown(&name, params)),
                Some(_) if found.contains_key(&name) => Err("is given twice".to_owned()),
                Some(param) => check(param.kind, value.trim()),
            };
            match checked {
                Ok(Some(value)) => {
                    found.insert(name, value);
                }
                Ok(None) => {}
                Err(detail) => fields.push(FieldError::new(pointer, detail)),
            }
        }
        if fields.is_empty() { Ok(Self(found)) } else { Err(Error::Invalid { fields }) }
    }
}

fn unknown(name: &str, params: &[Param]) -> String {
    let known: Vec<&str> = params.iter().map(|p| p.name).collect();
    if known.is_empty() {
        return "unknown parameter; this call takes none".to_owned();
    }
    let near = crate::config::nearest(name, &known);
    format!("unknown parameter; known here: {}{near}", known.join(", "))
}

/// The value to keep; none when it is empty, which is the same as not said.
fn check(kind: Kind, value: &str) -> std::result::Result<Option<String>, String> {
    if value.chars().any(char::is_control) {
        return Err("holds control characters".to_owned());
    }
    if value.is_empty() {
        return Ok(matches!(kind, Kind::Flag).then(|| "true".to_owned()));
    }
    let good = match kind {
        Kind::Text => Ok(()),
        Kind::Word(words) if words.contains(&value) => Ok(()),
        Kind::Word(words) => Err(format!("expected one of: {}", words.join(", "))),
        Kind::Whole(least, most) => match value.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(()),
            _ if most == i64::MAX => Err(format!("expected a whole number, {least} or more")),
            _ => Err(format!("expected a whole number from {least} to {most}")),
        },
        // A plus sign of an offset arrives as a space when it is not escaped.
        Kind::Instant => return Timestamp::parse(&value.replace(' ', "+")).map(|t| Some(t.to_rfc3339())),
        Kind::Flag if matches!(value, "true" | "false" | "1" | "0") => Ok(()),
        Kind::Flag => Err("expected true or false".to_owned()),
    };
    good.map(|()| Some(value.to_owned()))
}

impl FromRequest for Query {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let params = routes::of(req).map_or(&[] as &[Param], |route| route.query);
        ready(Self::read(req.query_string(), params))
    }
}

/// The one word in a path: a slug, a catalog reference, an id, the name of a board.
#[derive(Clone, Debug)]
pub struct Name(pub String);

/// Longest name worth looking up.
const MAX_NAME_CHARS: usize = 300;

impl FromRequest for Name {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = web::Path::<String>::from_request(req, payload).into_inner();
        ready(match name.map(web::Path::into_inner) {
            Ok(name) if fit(&name) => Ok(Self(name)),
            // No database holds such a name, and PostgreSQL refuses even to look for it.
            Ok(name) => {
                let shown = name.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
                Err(Error::not_found("such thing", shown))
            }
            Err(error) => Err(Error::malformed(format!("the path cannot be read: {error}"))),
        })
    }
}

fn fit(name: &str) -> bool {
    name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        LIMIT,
        FORMAT,
        param("q", Kind::Text, ""),
        param("as_of", Kind::Instant, ""),
        param("strict", Kind::Flag, ""),
    ];

    fn wrong(text: &str) -> String {
        match Query::read(text, PARAMS) {
            Err(Error::Invalid { fields }) => {
                fields.iter().map(|f| format!("{} {}", f.pointer, f.detail)).collect::<Vec<_>>().join("\n")
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn good_values_are_read() {
        let query =
            Query::read("limit=7&q=a%20b&as_of=2026-03-01T10:00:00%2B01:00&strict&format=", PARAMS).unwrap();
        assert_eq!((query.limit(), query.text("q").as_deref()), (7, Some("a b")));
        assert_eq!(query.instant("as_of").unwrap().to_rfc3339(), "2026-03-01T09:00:00.000Z");
        assert!(query.flag("strict") && !query.wants_csv());
    }

    #[test]
    fn everything_wrong_is_told_at_once_by_name() {
        let all = wrong("limit=0&colour=red&as_of=soon&strict=maybe&format=xml&q=%00&q=b&q=c");
        for named in ["?limit", "?colour", "?as_of", "?strict", "?format", "?q holds", "?q is given twice"] {
            assert!(all.contains(named), "{named}: {all}");
        }
        assert!(wrong("limt=1").contains("did you mean `limit`?"));
        assert!(wrong("limit=501").contains("from 1 to 500"));
    }
}
