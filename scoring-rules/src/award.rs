//! Certificates and badges: awards by rule, and the TOML they are written in.

mod life;

use serde::Serialize;
use toml::Spanned;
use toml::de::DeValue;

pub use life::{Reading, Standing, StandingState, Step, advance};

use crate::book::Rulebook;
use crate::example;
use crate::expr::{Expr, Scope, Wanted};
use crate::fact::{FactId, Facts, Value};
use crate::form::{Doc, Form};
use crate::grade::holds;
use crate::grades::Practice;
use crate::policy::Clauses;

/// The longest that an award holds before it must be renewed, days: whoever keeps a key for that long can verify it.
pub const MAX_VALID_DAYS: i64 = 366;
/// Days before the end from which an award is renewed when nothing else is said: a third of its time.
const RENEW_PART: u16 = 3;
/// Days out of good standing after which it is gone, when nothing else is said.
const REVOKE_AFTER_DAYS: u16 = 14;
/// Days before the end from which it is told that an award will lapse.
const WARN_DAYS: u16 = 14;

/// What kind of award.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AwardKind {
    /// Shown outside, signed, on hold at once when something regresses.
    Certificate,
    /// A smaller award of the same form.
    Badge,
}

impl AwardKind {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Badge => "badge",
        }
    }
}

/// How a badge looks: what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Medal {
    /// A practice is in order.
    Practice,
    /// Something was kept up for long.
    Upkeep,
    /// Something worth telling happened.
    Recognition,
}

impl Medal {
    const ALL: [Self; 3] = [Self::Practice, Self::Upkeep, Self::Recognition];

    /// The name used in files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Practice => "practice",
            Self::Upkeep => "upkeep",
            Self::Recognition => "recognition",
        }
    }
}

/// A certificate or badge, as an organisation writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Award {
    /// The name of its file.
    pub id: String,
    /// Certificate or badge.
    pub kind: AwardKind,
    /// What it is called.
    pub title: String,
    /// What whoever holds it has shown, in a sentence or two.
    pub why: String,
    /// How to come by it.
    pub fix: String,
    /// What earns and renews it.
    pub earn: Expr,
    /// For so many days without a break that must have held; 0: at once.
    pub for_days: u16,
    /// What puts it on hold while it is true. Not known counts as true.
    pub hold: Option<Expr>,
    /// What that means, as a part of a sentence.
    pub hold_why: String,
    /// What suspends it while it is true. Not known counts as true.
    pub suspend: Option<Expr>,
    /// What that means, as a part of a sentence.
    pub suspend_why: String,
    /// How long it holds, days; none: for as long as what earns it is true.
    pub valid_days: Option<u16>,
    /// It is renewed from so many days before its end.
    pub renew_before_days: u16,
    /// It is told that it will lapse from so many days before its end.
    pub warn_before_days: u16,
    /// It is gone after so many days out of good standing.
    pub revoke_after_days: u16,
    /// How it looks.
    pub medal: Medal,
    /// The practice it is of.
    pub practice: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its examples.
    pub examples: Vec<AwardExample>,
    /// The parts of `earn`, each of which must hold.
    #[serde(skip)]
    clauses: Clauses,
    /// See [`Award::since_key`]: each pass asks for it with each service.
    #[serde(skip)]
    since_key: String,
}

/// What an example says becomes of an award.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AwardExpected {
    /// What earns it is true.
    Earned,
    /// It is not, or not known.
    NotEarned,
    /// Whoever holds it: on hold.
    OnHold,
    /// Whoever holds it: suspended.
    Suspended,
}

impl AwardExpected {
    const ALL: [(&'static str, Self); 4] = [
        ("earned", Self::Earned),
        ("not_earned", Self::NotEarned),
        ("on_hold", Self::OnHold),
        ("suspended", Self::Suspended),
    ];
}

/// Facts, and what becomes of the award on them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AwardExample {
    /// The facts, all of them fresh and well proven.
    pub facts: Vec<(FactId, Value)>,
    /// What must come out.
    pub expected: AwardExpected,
    #[serde(skip)]
    at: usize,
}

impl Award {
    /// What the award's conditions say of a service. `facts` must hold `grade.*`, `streak.*` and `history.*` too.
    pub fn read(&self, book: &Rulebook, facts: &Facts, now_ms: i64) -> Reading {
        self.read_by(book.catalogue(), facts, now_ms)
    }

    fn read_by(&self, catalogue: &crate::catalogue::Catalogue, facts: &Facts, now_ms: i64) -> Reading {
        let met = holds(&self.earn, facts, catalogue, now_ms) == Ok(true);
        // Not to know must never pay.
        let is = |expr: &Option<Expr>| {
            expr.as_ref().is_some_and(|expr| holds(expr, facts, catalogue, now_ms) != Ok(false))
        };
        let suspend = match (&self.suspend, self.valid_days) {
            (None, None) => !met,
            _ => is(&self.suspend),
        };
        Reading { met, hold: is(&self.hold), suspend }
    }

    /// What is lacking before it is earned, a sentence each; empty when nothing is.
    pub fn lacking(&self, book: &Rulebook, facts: &Facts, now_ms: i64) -> Vec<String> {
        self.clauses.failing(book, facts, now_ms)
    }

    /// The name under which it is kept since when `earn` has held: another condition begins anew.
    pub fn since_key(&self) -> &str {
        &self.since_key
    }
}

/// The name of an award's condition: its id, and the first four bytes of the condition's SHA-256.
fn since_key(id: &str, earn: &Expr) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    let digest = Sha256::digest(earn.text().as_bytes());
    digest.iter().take(4).fold(format!("{id}@"), |mut key, byte| {
        // Writing to a String cannot fail.
        let _ = write!(key, "{byte:02x}");
        key
    })
}

/// Reads the file of an award and checks its examples.
pub(crate) fn read(
    doc: &Doc<'_>,
    id: &str,
    kind: AwardKind,
    practices: &[Practice],
    scope: &Scope<'_>,
) -> Option<Award> {
    let table = doc.parse()?;
    let form = Form::new(doc, &table, 0);
    let title = form.required_text("title");
    let why = form.required_text("why");
    let fix = form.required_text("fix");
    if form.value("earn").is_none() {
        form.wrong(form.at, "`earn` is missing: the expression that earns it");
    }
    let earn = form.expr("earn", Wanted::Bool, scope);
    let days = |key: &'static str, least: i64, most: i64| days(&form, key, least, most);
    let for_days = days("for_days", 0, MAX_VALID_DAYS).unwrap_or(0);
    let hold = form.expr("hold", Wanted::Bool, scope);
    let suspend = form.expr("suspend", Wanted::Bool, scope);
    let words = |key: &'static str, expr: &Option<Expr>| match (form.text(key), expr) {
        (Some((_, words)), _) => words.to_owned(),
        (None, Some(expr)) => format!("`{}` is true, or not known", expr.text()),
        (None, None) => "what earned it is no longer true".to_owned(),
    };
    let (hold_why, suspend_why) = (words("hold_why", &hold), words("suspend_why", &suspend));
    let term = term(&form, kind);
    let revoke_after_days = days("revoke_after_days", 0, MAX_VALID_DAYS).unwrap_or(REVOKE_AFTER_DAYS);
    let medal = medal(&form, kind);
    let practice = practice(&form, practices);
    let owner = form.text("owner").map(|(_, owner)| owner.to_owned());
    let examples = form.value("example").map_or_else(Vec::new, |value| read_examples(doc, value, scope));
    form.finish();
    if doc.has_errors() {
        return None;
    }
    let earn = earn?;
    let award = Award {
        clauses: Clauses::of(&earn, scope),
        since_key: since_key(id, &earn),
        id: id.to_owned(),
        kind,
        title: title?.1.to_owned(),
        why: why?.1.to_owned(),
        fix: fix?.1.to_owned(),
        earn,
        for_days,
        hold,
        hold_why,
        suspend,
        suspend_why,
        valid_days: term.valid,
        renew_before_days: term.renew_before,
        warn_before_days: term.warn_before,
        revoke_after_days,
        medal: medal?,
        practice,
        owner,
        examples,
    };
    check_examples(doc, &award, scope);
    Some(award)
}

fn days(form: &Form<'_>, key: &'static str, least: i64, most: i64) -> Option<u16> {
    form.int(key, least, most).and_then(|days| u16::try_from(days).ok())
}

/// How long an award holds, and when before its end it is renewed or told of; days.
struct Term {
    valid: Option<u16>,
    renew_before: u16,
    warn_before: u16,
}

fn term(form: &Form<'_>, kind: AwardKind) -> Term {
    let valid = days(form, "valid_days", 2, MAX_VALID_DAYS);
    if kind == AwardKind::Certificate && form.value("valid_days").is_none() {
        form.wrong(form.at, "`valid_days` is missing: a certificate says until when it holds");
    }
    // Shorter than the term, or each look at it would renew it.
    let most = i64::from(valid.unwrap_or(2)) - 1;
    let renew = days(form, "renew_before_days", 1, most);
    let warn = days(form, "warn_before_days", 1, most);
    if valid.is_none() {
        for key in ["renew_before_days", "warn_before_days"] {
            if let Some(value) = form.value(key) {
                form.wrong(value.span().start, format!("`{key}` is only for awards with `valid_days`"));
            }
        }
    }
    let renew_before = renew.unwrap_or_else(|| valid.map_or(1, |days| (days / RENEW_PART).max(1)));
    Term { valid, renew_before, warn_before: warn.unwrap_or(WARN_DAYS.min(renew_before)) }
}

fn medal(form: &Form<'_>, kind: AwardKind) -> Option<Medal> {
    let Some((at, name)) = form.text("medal") else {
        return Some(match kind {
            AwardKind::Certificate => Medal::Recognition,
            AwardKind::Badge => Medal::Practice,
        });
    };
    let found = Medal::ALL.into_iter().find(|medal| medal.as_str() == name);
    if found.is_none() {
        form.wrong(at, format!("`medal` is \"{name}\"; it must be practice, upkeep or recognition"));
    }
    found
}

fn practice(form: &Form<'_>, practices: &[Practice]) -> Option<String> {
    let (at, id) = form.text("practice")?;
    if !practices.is_empty() && !practices.iter().any(|practice| practice.id == id) {
        let ids: Vec<&str> = practices.iter().map(|practice| practice.id.as_str()).collect();
        form.wrong(at, format!("unknown practice `{id}`; grades.toml has {}", ids.join(", ")));
    }
    Some(id.to_owned())
}

fn read_examples(doc: &Doc<'_>, value: &Spanned<DeValue<'_>>, scope: &Scope<'_>) -> Vec<AwardExample> {
    let DeValue::Array(items) = value.get_ref() else {
        doc.report(value.span().start, "examples are written as [[example]]");
        return Vec::new();
    };
    items.iter().filter_map(|item| read_example(doc, item, scope)).collect()
}

fn read_example(doc: &Doc<'_>, value: &Spanned<DeValue<'_>>, scope: &Scope<'_>) -> Option<AwardExample> {
    let form = Form::of(doc, "example", value)?;
    let facts = example::facts(&form, scope.catalogue)?;
    let found = form.required_text("expect");
    let expected = found.and_then(|(at, name)| {
        let known = AwardExpected::ALL.into_iter().find(|(known, _)| *known == name);
        if known.is_none() {
            form.wrong(at, "`expect` must be \"earned\", \"not_earned\", \"on_hold\" or \"suspended\"");
        }
        known.map(|(_, expected)| (at, expected))
    });
    form.finish();
    let (at, expected) = expected?;
    Some(AwardExample { facts, expected, at })
}

/// Runs the examples of an award and reports each that does not hold.
fn check_examples(doc: &Doc<'_>, award: &Award, scope: &Scope<'_>) {
    for one in &award.examples {
        let facts = example::proven(&one.facts, scope.catalogue.len());
        let reading = award.read_by(scope.catalogue, &facts, 0);
        let suspends = award.suspend.as_ref().map(|expr| holds(expr, &facts, scope.catalogue, 0));
        let (holds, got) = match one.expected {
            AwardExpected::Earned => (reading.met, "what earns it is not true"),
            AwardExpected::NotEarned => (!reading.met, "what earns it is true"),
            // Suspended wins over on hold.
            AwardExpected::OnHold if suspends == Some(Ok(true)) => (false, "it is suspended"),
            AwardExpected::OnHold => (reading.hold, "nothing puts it on hold"),
            AwardExpected::Suspended => (reading.suspend, "nothing suspends it"),
        };
        if !holds {
            doc.report(one.at, format!("this example does not hold: {got}"));
        }
    }
}
