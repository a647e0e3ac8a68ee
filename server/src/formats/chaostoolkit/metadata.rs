//! What an experiment says about itself for us: the extension `waterbear`, then tags.

use serde_json::{Map, Value};

use super::super::claims::{self, Claim, Claims};
use super::super::json;
use super::journal::Journal;
use crate::error::FieldError;

/// Tags in the form `word:value`, and what each word stands for.
const TAGS: &[(&str, Part)] = &[
    ("service", Part::Service),
    ("kind", Part::Kind),
    ("drill-kind", Part::Kind),
    ("failure-class", Part::Failure),
    ("failure_class", Part::Failure),
    ("failure", Part::Failure),
    ("target", Part::Target),
    ("environment", Part::Environment),
    ("env", Part::Environment),
];

#[derive(Clone, Copy)]
enum Part {
    Service,
    Kind,
    Failure,
    Target,
    Environment,
}

/// What was stated.
#[derive(Default)]
pub(super) struct Stated {
    pub(super) claims: Claims,
    pub(super) drill: Option<String>,
    pub(super) run_id: Option<String>,
    pub(super) exploratory: bool,
}

/// Reads the extension, and the tags for what it leaves open.
pub(super) fn read(journal: &Journal<'_>, base: &str, errors: &mut Vec<FieldError>) -> Stated {
    let mut stated = Stated::default();
    for (at, extension) in journal.declared("extensions").iter().enumerate() {
        if let Value::Object(map) = extension
            && map
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| name.eq_ignore_ascii_case("waterbear"))
        {
            let place = format!("{base}/experiment/extensions/{at}");
            let found = extension_of(map, &place, errors);
            stated.claims = stated.claims.or(found.claims);
            stated.drill = stated.drill.or(found.drill);
            stated.run_id = stated.run_id.or(found.run_id);
            stated.exploratory |= found.exploratory;
        }
    }
    stated.claims = stated.claims.or(tags_of(journal, base));
    stated
}

fn extension_of(map: &Map<String, Value>, place: &str, errors: &mut Vec<FieldError>) -> Stated {
    let mut claim = |key: &str| {
        let place = json::pointer(place, key);
        match map.get(key)? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(Claim::new(text.as_str(), place)),
            Value::Null => None,
            other => {
                errors.push(FieldError::new(
                    place,
                    format!("expected a string, found {}", json::kind_of(other)),
                ));
                None
            }
        }
    };
    let claims = Claims {
        service: claim("service"),
        kind: claim("kind"),
        failure: claim("failure_class").or_else(|| claim("failure")).or_else(|| claim("failure-class")),
        target: claim("target"),
        environment: claim("environment"),
    };
    let drill = claim("drill");
    let run_id = claim("run_id");
    let mut named = |claim: Option<Claim>| claim.and_then(|c| claims::name(&c.text, &c.place, errors));
    Stated {
        claims,
        drill: named(drill),
        run_id: named(run_id),
        exploratory: map.get("exploratory").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn tags_of(journal: &Journal<'_>, base: &str) -> Claims {
    let mut claims = Claims::default();
    for (at, tag) in journal.declared("tags").iter().enumerate() {
        let Some((word, value)) = tag.as_str().and_then(|tag| tag.split_once(':')) else { continue };
        let value = value.trim();
        let word = word.trim();
        let Some((_, part)) = TAGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) else {
            continue;
        };
        if value.is_empty() {
            continue;
        }
        let slot = match part {
            Part::Service => &mut claims.service,
            Part::Kind => &mut claims.kind,
            Part::Failure => &mut claims.failure,
            Part::Target => &mut claims.target,
            Part::Environment => &mut claims.environment,
        };
        slot.get_or_insert_with(|| Claim::new(value, format!("{base}/experiment/tags/{at}")));
    }
    claims
}
