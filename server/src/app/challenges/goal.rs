//! What a challenge asks for: five kinds of goals, each judged from evidence.

use scoring_rules::{Goal as Compiled, Rulebook};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::flows::is_slug;
use crate::app::owners::nearest;
use crate::error::FieldError;
use crate::store::challenges::ChallengeRow as Row;
use crate::types::{DrillKind, Failure};

/// The kinds of goals.
pub(super) const KINDS: [&str; 5] = ["grade", "drills", "fallbacks", "actions", "custom"];
/// What no action overdue means; the rule of the shipped pack says the same.
pub(super) const NONE_OVERDUE: &str = "learning.actions_overdue == 0";
/// Until which age of a passed drill may be asked for, days.
const MAX_FRESH: i64 = 400;
/// Drills that may be asked for in all.
const MAX_COUNT: i64 = 100_000;

/// A goal. Which fields it has follows from its kind; the others are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChallengeGoal {
    /// `grade` (services at a grade or better), `drills` (fresh drills), `fallbacks` (all fallbacks of a flow verified),
    /// `actions` (no follow-through action overdue) or `custom` (an expression over facts).
    pub kind: String,
    /// `grade`: the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// `drills`: failure classes such as `config`, or kinds (`rollback`), which mean all of theirs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// `drills`: until which age in days a passed drill is fresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_days: Option<i64>,
    /// `drills`: how many; left out, each service needs one of each failure class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// `drills` with a count: `service` (so many in each service) or `all` (so many in all).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
    /// `fallbacks`: slug of the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// `custom`: what must hold of a service's facts, written as in a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
}

/// How many drills a goal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Per {
    /// One of each failure class in each service.
    Failure,
    /// So many in each service.
    Service(i64),
    /// So many in all.
    All(i64),
}

/// A goal that can be judged.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    Grade { band: usize },
    Drills { failures: Vec<Failure>, fresh_days: i64, per: Per },
    Fallbacks { flow: String },
    Facts(Compiled),
}

/// The goal of a row.
pub(super) fn read(row: &Row) -> ChallengeGoal {
    serde_json::from_str(&row.goal).unwrap_or_default()
}

impl ChallengeGoal {
    /// The goal as it can be judged by this rulebook.
    ///
    /// # Errors
    ///
    /// Every field that is wrong, with its place below `/goal`.
    pub(super) fn compile(&self, book: &Rulebook) -> Result<Goal, Vec<FieldError>> {
        let mut wrong = self.surplus();
        let goal = match self.kind.as_str() {
            "grade" => self.grade(book, &mut wrong),
            "drills" => Some(self.drills(&mut wrong)),
            "fallbacks" => Some(self.fallbacks(&mut wrong)),
            "actions" => self.facts(book, NONE_OVERDUE, &mut wrong),
            "custom" => {
                let text = self.pass.as_deref().map_or("", str::trim);
                if text.is_empty() {
                    add(&mut wrong, "/pass", "expected an expression such as `drills.fresh >= 4`");
                    None
                } else {
                    self.facts(book, text, &mut wrong)
                }
            }
            other => {
                let known = KINDS.map(str::to_owned);
                let near =
                    nearest(other, &known).map_or_else(String::new, |k| format!("; did you mean `{k}`?"));
                add(&mut wrong, "/kind", format!("expected one of {}{near}", KINDS.join(", ")));
                None
            }
        };
        goal.filter(|_| wrong.is_empty()).ok_or(wrong)
    }

    /// Fields that do not go with the kind: what is not looked at must not seem to count.
    fn surplus(&self) -> Vec<FieldError> {
        let given = [
            ("grade", "/grade", self.grade.is_some()),
            ("drills", "/failures", !self.failures.is_empty()),
            ("drills", "/fresh_days", self.fresh_days.is_some()),
            ("drills", "/count", self.count.is_some()),
            ("drills", "/per", self.per.is_some()),
            ("fallbacks", "/flow", self.flow.is_some()),
            ("custom", "/pass", self.pass.is_some()),
        ];
        let mut wrong = Vec::new();
        if KINDS.contains(&self.kind.as_str()) {
            for (kind, place, _) in given.iter().filter(|(kind, _, is)| *is && *kind != self.kind) {
                add(&mut wrong, place, format!("belongs to the kind `{kind}`, and this is `{}`", self.kind));
            }
        }
        wrong
    }

    fn grade(&self, book: &Rulebook, wrong: &mut Vec<FieldError>) -> Option<Goal> {
        let letter = self.grade.as_deref().unwrap_or_default();
        let band = book.band_index(letter);
        if band.is_none() {
            let letters: Vec<&str> = book.bands().iter().map(|b| b.letter.as_str()).collect();
            add(wrong, "/grade", format!("expected one of {}", letters.join(", ")));
        }
        band.map(|band| Goal::Grade { band })
    }

    fn drills(&self, wrong: &mut Vec<FieldError>) -> Goal {
        let mut failures: Vec<Failure> = Vec::new();
        for (n, word) in self.failures.iter().enumerate() {
            match (DrillKind::parse(word), Failure::parse(word)) {
                (Some(kind), _) => failures.extend(Failure::ALL.iter().filter(|f| f.kind() == kind)),
                (None, Some(failure)) => failures.push(failure),
                (None, None) => {
                    let known: Vec<String> = Failure::ALL.iter().map(ToString::to_string).collect();
                    let near = nearest(word, &known);
                    let near = near.map_or_else(String::new, |k| format!("; did you mean `{k}`?"));
                    let detail = format!("no failure class or kind of drill{near}: see /help/drills");
                    add(wrong, &format!("/failures/{n}"), detail);
                }
            }
        }
        failures.sort_unstable();
        failures.dedup();
        if self.failures.is_empty() || self.failures.len() > Failure::ALL.len() {
            add(wrong, "/failures", "expected failure classes such as config, or a kind such as rollback");
        }
        let fresh_days = self.fresh_days.unwrap_or(0);
        if !(1..=MAX_FRESH).contains(&fresh_days) {
            add(wrong, "/fresh_days", format!("expected days from 1 to {MAX_FRESH}"));
        }
        let per = match (self.count, self.per.as_deref()) {
            (None, None) => Per::Failure,
            (Some(count), Some("service")) if (1..=20).contains(&count) => Per::Service(count),
            (Some(count), Some("all")) if (1..=MAX_COUNT).contains(&count) => Per::All(count),
            (Some(_), Some("service")) => {
                add(wrong, "/count", "expected 1 to 20 drills in each service");
                Per::Failure
            }
            (Some(_), Some("all")) => {
                add(wrong, "/count", format!("expected 1 to {MAX_COUNT} drills in all"));
                Per::Failure
            }
            (None, Some(_)) => {
                add(wrong, "/count", "expected how many drills, as `per` is given");
                Per::Failure
            }
            (Some(_), _) => {
                add(wrong, "/per", "expected `service` or `all`, as `count` is given");
                Per::Failure
            }
        };
        Goal::Drills { failures, fresh_days, per }
    }

    fn fallbacks(&self, wrong: &mut Vec<FieldError>) -> Goal {
        let flow = self.flow.clone().unwrap_or_default();
        if !is_slug(&flow) {
            add(wrong, "/flow", "expected the slug of a core flow: see /flows");
        }
        Goal::Fallbacks { flow }
    }

    fn facts(&self, book: &Rulebook, text: &str, wrong: &mut Vec<FieldError>) -> Option<Goal> {
        let place = if self.kind == "custom" { "/pass" } else { "/kind" };
        match book.goal(text) {
            Ok(goal) => Some(Goal::Facts(goal)),
            Err(error) => {
                add(wrong, place, error.to_string());
                None
            }
        }
    }

    /// The goal in words, without its share: `config rollback passed within 30 days`.
    pub(super) fn words(&self) -> String {
        match self.kind.as_str() {
            "grade" => format!("grade {} or better", self.grade.as_deref().unwrap_or("?")),
            "drills" => {
                let drills = self.drill_words();
                let days = self.fresh_days.unwrap_or(0);
                let so_many = |n: i64| if n == 1 { "1 drill".to_owned() } else { format!("{n} drills") };
                match (self.count, self.per.as_deref()) {
                    (Some(n), Some("all")) => {
                        format!("{} in all: {drills}, passed within {days} days", so_many(n))
                    }
                    (Some(n), Some(_)) => {
                        format!("{} a service: {drills}, passed within {days} days", so_many(n))
                    }
                    _ => format!("{drills} drilled and passed within {days} days"),
                }
            }
            "fallbacks" => {
                format!(
                    "every fallback of the flow {} verified by a drill",
                    self.flow.as_deref().unwrap_or("?")
                )
            }
            "actions" => "no follow-through action overdue".to_owned(),
            _ => self.pass.clone().unwrap_or_default(),
        }
    }

    fn drill_words(&self) -> String {
        let word = |word: &String| match Failure::parse(word) {
            Some(failure) if failure.kind() == DrillKind::Rollback => format!("{} rollback", failure.label()),
            Some(failure) => failure.label(),
            None => format!("every {word}"),
        };
        self.failures.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    /// What its items are called.
    pub(super) fn noun(&self) -> &'static str {
        let rollback = |word: &String| {
            word == "rollback" || Failure::parse(word).is_some_and(|f| f.kind() == DrillKind::Rollback)
        };
        match self.kind.as_str() {
            "drills" if self.per.as_deref() == Some("service") => "service",
            "drills" if self.failures.iter().all(rollback) => "rollback",
            "drills" => "drill",
            "fallbacks" => "fallback",
            _ => "service",
        }
    }
}

fn add(wrong: &mut Vec<FieldError>, place: &str, detail: impl Into<String>) {
    wrong.push(FieldError::new(format!("/goal{place}"), detail));
}
