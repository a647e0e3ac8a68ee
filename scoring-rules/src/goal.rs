//! A goal over facts: one expression, compiled like a rule's, that a challenge asks of each service.

use std::fmt;

use crate::book::Rulebook;
use crate::expr::{Expr, Scope, Wanted};
use crate::fact::{FactId, Facts};
use crate::grade::holds;
use crate::outcome::Missing;

/// A compiled goal. It belongs to the rulebook that compiled it, for it reads the slots of that book's catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    expr: Expr,
}

impl Goal {
    /// The expression as written.
    pub fn text(&self) -> &str {
        self.expr.text()
    }

    /// The facts it may read, in slot order.
    pub fn facts(&self) -> &[FactId] {
        self.expr.facts()
    }
}

/// Why a goal was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct GoalError {
    /// Where in the expression, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The name that was probably meant.
    pub suggestion: Option<String>,
}

impl fmt::Display for GoalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl Rulebook {
    /// Compiles a goal: names, types and choices are checked as those of a rule's `pass` are.
    ///
    /// # Errors
    ///
    /// [`GoalError`] with the place of what is wrong.
    pub fn goal(&self, text: &str) -> Result<Goal, GoalError> {
        let letters: Vec<String> = self.bands().iter().map(|band| band.letter.clone()).collect();
        let tried = f64::from(self.tried_milli()) / 1_000.0;
        // A goal that read a grade could never become a rule: grades are made from rules.
        let scope = Scope { catalogue: self.catalogue(), letters: &letters, tried, results: &[] };
        let expr = Expr::compile(text, Wanted::Bool, &scope).map_err(|error| GoalError {
            column: text.get(..error.at).unwrap_or(text).chars().count() + 1,
            message: error.message,
            suggestion: error.suggestion,
        })?;
        Ok(Goal { expr })
    }

    /// Whether a service with these facts meets the goal.
    ///
    /// # Errors
    ///
    /// The facts that are missing, where it cannot be told without them; none where a computation had no result.
    pub fn meets(&self, goal: &Goal, facts: &Facts, now_ms: i64) -> Result<bool, Vec<Missing>> {
        holds(&goal.expr, facts, self.catalogue(), now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{EvidenceClass, Fact, Value};
    use crate::pack::default_pack;

    fn book() -> Rulebook {
        Rulebook::load(&default_pack()).unwrap()
    }

    #[test]
    fn a_goal_is_checked_like_a_rule_and_names_the_place_and_the_cure() {
        let book = book();
        let error = book.goal("drills.fresh >= 1 && service.teir == 1").unwrap_err();
        assert_eq!((error.column, error.suggestion.as_deref()), (22, Some("service.tier")));
        assert!(error.to_string().starts_with("column 22: "), "{error}");
        assert!(book.goal("drills.fresh").unwrap_err().message.contains("must yield a bool"));
        assert!(book.goal("grade.rank >= rank(\"B\")").is_err(), "no rule can read a grade");
        assert!(book.goal("").is_err() && book.goal(&"1".repeat(2_000)).is_err());
    }

    #[test]
    fn what_is_not_known_is_named_and_stale_is_not_known() {
        let book = book();
        let goal = book.goal("learning.actions_overdue == 0").unwrap();
        let id = goal.facts()[0];
        let mut facts = Facts::new(book.catalogue().len());
        let day = 86_400_000;
        assert_eq!(book.meets(&goal, &facts, day).unwrap_err()[0].fact, id);
        let fact = |value: i64| Fact {
            value: Value::Int(value),
            as_of_ms: 0,
            evidence: EvidenceClass::Declared,
            source_error: None,
        };
        facts.set(id, fact(0));
        assert_eq!(book.meets(&goal, &facts, day), Ok(true));
        assert_eq!(book.meets(&goal, &facts, 60 * day).unwrap_err()[0].fact, id);
        facts.set(id, fact(2));
        assert_eq!(book.meets(&goal, &facts, day), Ok(false));
    }
}
