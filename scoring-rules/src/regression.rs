//! What the grade would be without the caps of a regression: on hold or suspended turns on it.

use crate::book::Rulebook;
use crate::expr::Expr;
use crate::fact::{FactId, Facts, Value};
use crate::grade::{Grade, waiver_cap};
use crate::rule::Rule;

/// The end of the name of the fact that says how the drills of a failure came out last.
const OUTCOME: &str = "_last_outcome";
/// The end of the name of the fact that is known once such a drill has passed.
const PASSED: &str = "_days_since_passed";

impl Rulebook {
    /// The rank of the grade without the caps that come from a regression; absent for a service that is not graded. It is
    /// the rank of the grade itself while no drill stands regressed. What the failing drill costs in points stays lost.
    pub fn rank_without_regression(&self, grade: &Grade, facts: &Facts) -> Option<i64> {
        let (band, uncapped) = (grade.band?, grade.uncapped_band?);
        let regressed = self.catalogue().id("drills.regressed");
        let open = regressed.and_then(|id| facts.get(id)).is_some_and(|fact| fact.value == Value::Bool(true));
        if band == uncapped || !open {
            return Some(self.rank(band));
        }
        let caps = grade.rules.iter().filter_map(|result| {
            let cap = result.caps?;
            let rule = self.rules().get(result.rule)?;
            let of_regression = reads(rule).any(|id| Some(id) == regressed || self.broke(id, facts));
            (!of_regression).then_some(cap)
        });
        let lowest = caps.chain(waiver_cap(self, &grade.rules)).fold(uncapped, usize::max);
        Some(self.rank(lowest))
    }

    /// Whether a fact is how a drill came out last, and says that one that had passed fails.
    fn broke(&self, id: FactId, facts: &Facts) -> bool {
        let Some(drill) = self.catalogue().spec(id).name.strip_suffix(OUTCOME) else { return false };
        let failed = facts.get(id).is_some_and(|fact| fact.value == Value::Text("failed".into()));
        let passed = self.catalogue().id(&format!("{drill}{PASSED}"));
        failed && passed.is_some_and(|id| facts.get(id).is_some())
    }
}

/// What a rule with a cap turns on.
fn reads(rule: &Rule) -> impl Iterator<Item = FactId> {
    let when = rule.caps.as_ref().and_then(|cap| cap.when.as_ref()).map_or(&[][..], Expr::facts);
    rule.facts().iter().chain(when).copied()
}
