//! A rule, and the TOML it is written in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::error::nearest;
use crate::example::{self, Example};
use crate::expr::{Expr, Scope, Wanted};
use crate::fact::{EvidenceClass, FactId};
use crate::form::{Doc, Form};
use crate::grades::{Grades, band_index};

/// The most points one rule may have.
pub const MAX_POINTS: i64 = 100;

/// The work a rule's fix takes, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Done before the coffee is cold.
    Minutes,
    /// Done the same day.
    Hours,
    /// Needs planning.
    Days,
}

impl Effort {
    /// The name used in files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    /// How much one such step weighs against another.
    pub fn weight(self) -> i64 {
        match self {
            Self::Minutes => 1,
            Self::Hours => 4,
            Self::Days => 16,
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What decides whether a rule passes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// Passes when the expression holds, fails otherwise.
    Pass(Expr),
    /// Passes by the share the expression yields, 0 to 1.
    Score(Expr),
}

impl Judge {
    /// The expression in it.
    pub fn expr(&self) -> &Expr {
        match self {
            Self::Pass(expr) | Self::Score(expr) => expr,
        }
    }
}

/// The grade a rule holds a service down to while it is not passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cap {
    /// Index of the band.
    pub band: usize,
    /// Where the cap holds; absent: everywhere. Not known counts as holding.
    pub when: Option<Expr>,
}

/// How many of the last runs of a drill must pass for it to count as passed: one that fails now and then for reasons of its
/// own is not taken for broken at once. Without it, the last run decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flaky {
    /// So many must pass, 1 at least.
    pub passes: u8,
    /// Of so many, [`MOST_RUNS`] at most.
    pub of: u8,
}

/// The most runs that a flake policy looks back on.
pub const MOST_RUNS: u8 = 5;

impl Flaky {
    /// The last run decides.
    pub const NONE: Self = Self { passes: 1, of: 1 };

    /// Whether a drill with these runs, newest first, counts as passed: no more of them failed than may, and one passed at
    /// least. Of a drill that ran less often than `of` times, those runs are all there is.
    pub fn holds(self, newest_first: impl Iterator<Item = bool>) -> bool {
        let (mut passed, mut failed) = (0, 0);
        for run in newest_first.take(usize::from(self.of)) {
            if run { passed += 1 } else { failed += 1 }
        }
        passed > 0 && failed <= self.of.saturating_sub(self.passes)
    }
}

/// One judgement, as an organisation writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// The name of its file.
    pub id: String,
    /// What holds when it passes.
    pub title: String,
    /// The id of its practice.
    pub practice: String,
    /// Index of its practice in the book.
    pub practice_index: usize,
    /// Why it matters.
    pub why: String,
    /// How to make it pass.
    pub fix: String,
    /// The work that takes.
    pub effort: Effort,
    /// What it is worth; 0 for a rule that only caps.
    pub points: u16,
    /// Where it applies; absent: everywhere.
    pub when: Option<Expr>,
    /// What decides.
    pub judge: Judge,
    /// What it does to the grade while not passed.
    pub caps: Option<Cap>,
    /// The least class of evidence that counts.
    pub evidence: EvidenceClass,
    /// How many runs of the drills it reads must pass.
    pub flaky: Option<Flaky>,
    /// Who answers for the rule.
    pub owner: Option<String>,
    /// The day by which somebody should look at it again.
    pub review_by: Option<Date>,
    /// The day from which it counts; before, it is previewed.
    pub starts: Option<Date>,
    /// Its own tests.
    pub examples: Vec<Example>,
}

impl Rule {
    /// The facts its judgement reads, in slot order.
    pub fn facts(&self) -> &[FactId] {
        self.judge.expr().facts()
    }

    /// Where it applies, as written.
    pub fn when_text(&self) -> Option<&str> {
        self.when.as_ref().map(Expr::text)
    }

    /// What decides, as written.
    pub fn judge_text(&self) -> &str {
        self.judge.expr().text()
    }

    /// Whether it is only previewed at this time.
    pub fn is_previewed(&self, now_ms: i64) -> bool {
        self.starts.is_some_and(|day| now_ms < day.start_ms())
    }

    /// Whether its review is overdue.
    pub fn is_past_review(&self, now_ms: i64) -> bool {
        self.review_by.is_some_and(|day| day.is_past(now_ms))
    }
}

/// Reads one rule file. Nothing comes back when it holds any error: the errors are in the document.
pub(crate) fn read(doc: &Doc<'_>, id: &str, grades: &Grades, scope: &Scope<'_>) -> Option<Rule> {
    let table = doc.parse()?;
    let form = Form::new(doc, &table, 0);
    let title = form.required_text("title");
    let practice = practice(&form, grades);
    let why = form.required_text("why");
    let fix = form.required_text("fix");
    let effort = effort(&form);
    let caps = caps(&form, scope);
    let points = points(&form);
    let when = form.expr("when", Wanted::Bool, scope);
    let judge = judge(&form, scope);
    let evidence = evidence(&form);
    let flaky = flaky(&form, judge.as_ref(), scope);
    let owner = form.text("owner").map(|(_, owner)| owner.to_owned());
    let review_by = form.date("review_by");
    let starts = form.date("starts");
    let examples = form.value("example").map(|value| example::read_all(doc, value, scope.catalogue));
    form.finish();
    if doc.has_errors() {
        return None;
    }
    let practice_index = practice?;
    Some(Rule {
        id: id.to_owned(),
        title: title?.1.to_owned(),
        practice: grades.practices.get(practice_index)?.id.clone(),
        practice_index,
        why: why?.1.to_owned(),
        fix: fix?.1.to_owned(),
        effort: effort?,
        points: points?,
        when,
        judge: judge?,
        caps,
        evidence: evidence?,
        flaky,
        owner,
        review_by,
        starts,
        examples: examples.unwrap_or_default(),
    })
}

fn practice(form: &Form<'_>, grades: &Grades) -> Option<usize> {
    let (at, id) = form.required_text("practice")?;
    let found = grades.practices.iter().position(|practice| practice.id == id);
    if found.is_none() && !grades.practices.is_empty() {
        let ids: Vec<&str> = grades.practices.iter().map(|practice| practice.id.as_str()).collect();
        let message = format!("unknown practice `{id}`; grades.toml has {}", ids.join(", "));
        form.doc.report_meant(at, message, nearest(id, ids.into_iter()));
    }
    found
}

fn effort(form: &Form<'_>) -> Option<Effort> {
    let (at, text) = form.required_text("effort")?;
    let found =
        [Effort::Minutes, Effort::Hours, Effort::Days].into_iter().find(|known| known.as_str() == text);
    if found.is_none() {
        form.wrong(at, format!("`effort` is \"{text}\"; it must be minutes, hours or days"));
    }
    found
}

fn points(form: &Form<'_>) -> Option<u16> {
    let points = form.required_int("points", 0, MAX_POINTS)?;
    if points == 0 && form.value("caps").is_none() {
        let at = form.value("points").map_or(form.at, |value| value.span().start);
        form.wrong(at, "`points` is 0; only a rule with `caps` may be worth nothing");
    }
    u16::try_from(points).ok()
}

fn caps(form: &Form<'_>, scope: &Scope<'_>) -> Option<Cap> {
    let value = form.value("caps")?;
    if let Some(letter) = value.get_ref().as_str() {
        let band = band_index(form.doc, value.span().start, "caps", letter, scope.letters)?;
        return Some(Cap { band, when: None });
    }
    let table = Form::of(form.doc, "caps", value)?;
    let grade = table.required_text("grade");
    let band = grade.and_then(|(at, letter)| band_index(form.doc, at, "caps", letter, scope.letters));
    let when = table.expr("when", Wanted::Bool, scope);
    table.finish();
    Some(Cap { band: band?, when })
}

fn judge(form: &Form<'_>, scope: &Scope<'_>) -> Option<Judge> {
    let pass = form.expr("pass", Wanted::Bool, scope);
    let score = form.expr("score", Wanted::Number, scope);
    match (form.value("pass"), form.value("score")) {
        (Some(_), None) => pass.map(Judge::Pass),
        (None, Some(_)) => score.map(Judge::Score),
        (Some(_), Some(second)) => {
            form.wrong(second.span().start, "a rule has either `pass` or `score`, not both");
            None
        }
        (None, None) => {
            form.wrong(form.at, "a rule needs `pass` or `score`");
            None
        }
    }
}

fn flaky(form: &Form<'_>, judge: Option<&Judge>, scope: &Scope<'_>) -> Option<Flaky> {
    let value = form.value("flaky")?;
    let at = value.span().start;
    let table = Form::of(form.doc, "flaky", value)?;
    let of = table.required_int("of", 2, i64::from(MOST_RUNS));
    let passes = table.required_int("passes", 1, of.unwrap_or(i64::from(MOST_RUNS)));
    table.finish();
    let reads_drill = |judge: &Judge| {
        judge.expr().facts().iter().any(|fact| drill_of(&scope.catalogue.spec(*fact).name).is_some())
    };
    if judge.is_some_and(|judge| !reads_drill(judge)) {
        form.wrong(
            at,
            "`flaky` is for rules that read a drill: a fact that ends in _last_outcome or _days_since_passed",
        );
    }
    Some(Flaky { passes: u8::try_from(passes?).ok()?, of: u8::try_from(of?).ok()? })
}

/// The drill that a fact tells of: what its name begins with.
pub(crate) fn drill_of(fact: &str) -> Option<&str> {
    fact.strip_suffix("_last_outcome").or_else(|| fact.strip_suffix("_days_since_passed"))
}

fn evidence(form: &Form<'_>) -> Option<EvidenceClass> {
    let Some((at, name)) = form.text("evidence") else { return Some(EvidenceClass::Declared) };
    let class = EvidenceClass::from_name(name);
    if class.is_none() {
        let message = format!(
            "`evidence` is \"{name}\"; it must be declared, observed, executed, executed_token or executed_ci"
        );
        form.wrong(at, message);
    }
    class
}
