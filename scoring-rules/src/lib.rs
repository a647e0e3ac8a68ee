//! The rules of Waterbear: facts and a rulebook in, a grade out. Pure: no clock, no files, no network, no threads.
//!
//! - A [`Fact`] is a named, typed, dated value about one service; the [`Catalogue`] knows every name and hands out
//!   a slot for each, and [`Facts`] holds the values of one service by slot.
//! - A [`Rule`] is data, written in TOML: where it applies, what passes, its points, why, how to fix, its examples.
//!   A [`Rulebook`] is a whole pack of them, with grades and gates; [`Rulebook::load`] takes all of it or reports
//!   every [`RuleError`] in it.
//! - [`grade`] judges each rule and adds up; [`next_steps`] and [`path_to_next_band`] say what to do next;
//!   [`Rulebook::gate`] answers whether a service may be deployed.
//! - An [`Award`] is a certificate or badge, written like a rule, over the facts that come out of grading: a [`Record`]
//!   remembers streaks, [`Award::read`] says how its conditions stand, [`advance`] moves its life on.
//!
//! # Expressions
//!
//! They are written in CEL, and checked when the book is loaded: names, types, choices. Beyond CEL's operators,
//! `in`, `has(group.fact)`, `size`, `double`, `int`, `startsWith`, `endsWith`, `contains`, `exists`, `exists_one`
//! and `all`, there are:
//!
//! | function | yields |
//! | --- | --- |
//! | `fresh(days, fresh_days, expires_days)` | 1 until `fresh_days`, then a straight line to 0 at `expires_days` |
//! | `share(part, whole)` | the part of the whole, 0 to 1; 1 when the whole is 0 |
//! | `scale(x, worst, best)` | 0 at the worst value, 1 at the best, a straight line between |
//! | `rank("B")` | a number for a grade, more for a better one |
//! | `tried` | what a failed try is worth: the `tried` of `grades.toml` |
//!
//! Whole numbers and others mix freely, and `/` yields the exact quotient. Nothing overflows, nothing loops.
//!
//! # What is not known
//!
//! A fact that is absent, past its age limit or too weakly proven is missing. A judgement that needs it is
//! [`Outcome::Unknown`] and names it; one that `||` or `&&` decides without it is not. `has` asks whether a fact is
//! there. A `when` that cannot be decided lets the rule apply, as unknown; a cap that cannot be decided holds: not
//! to know must never pay.

#![warn(missing_docs)]

mod award;
pub mod boards;
mod book;
mod catalogue;
mod custom;
mod date;
pub mod degrader;
mod error;
mod example;
mod expr;
mod fact;
pub mod flows;
mod form;
mod goal;
mod grade;
mod grades;
mod knapsack;
mod outcome;
mod pack;
mod parts;
mod policy;
pub mod quest;
mod record;
mod regression;
mod remedy;
mod rule;
mod step;
mod suppose;

pub use award::{
    Award, AwardExample, AwardExpected, AwardKind, MAX_VALID_DAYS, Medal, Reading, Standing, StandingState,
    Step as AwardStep, advance,
};
pub use book::{DrillWindow, Rulebook};
pub use catalogue::{Catalogue, FactSpec};
pub use date::Date;
pub use error::RuleError;
pub use example::{Example, Expected};
pub use expr::{Expr, MAX_EXPRESSION_BYTES};
pub use fact::{EvidenceClass, Fact, FactId, FactType, Facts, MAX_LIST, Value};
pub use goal::{Goal, GoalError};
pub use grade::{Grade, PracticeScore, RuleResult, Waivers, grade};
pub use grades::{Band, Practice};
pub use outcome::{Missing, MissingWhy, Outcome};
pub use pack::{PackFiles, default_pack};
pub use policy::{GateResult, Policy};
pub use record::Record;
pub use rule::{Cap, Effort, Flaky, Judge, MAX_POINTS, MOST_RUNS, Rule};
pub use step::{Path, Step, next_steps, path_to_next_band};
pub use suppose::{Supposed, suppose};
