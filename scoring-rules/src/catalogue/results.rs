//! The facts that come out of grading: what policies, certificates and badges read beside the others.

use super::standard::Group;
use super::{Catalogue, FactSpec};
use crate::fact::FactId;

const SEND: &str = "It is computed when the service is graded.";

fn group(name: &'static str) -> Group<'static> {
    Group { name, source: "the scorecard", send: SEND, ttl_days: None, posted: false }
}

/// Those that every rulebook has.
pub(super) fn specs() -> Vec<FactSpec> {
    let (grade, streak, history) = (group("grade"), group("streak"), group("history"));
    vec![
        grade.int("score", "points", 84, "The score, 0 to 100."),
        grade.int("rank", "", 5, "The rank of the grade: compare it with rank(\"B\")."),
        grade.int(
            "rank_without_regression",
            "",
            6,
            "The rank that the grade would have without the caps of rules that turn on a drill that had passed and fails.",
        ),
        grade.int("coverage_pct", "percent", 92, "Share of the points whose facts are known."),
        grade.bool("capped", "Whether a rule that is not passed, or a waiver, holds the grade down."),
        grade.int(
            "must_haves_open",
            "rules",
            0,
            "Rules with a cap that apply to the service and are not passed on evidence of the class they ask for.",
        ),
        streak.int(
            "days_without_regression",
            "days",
            40,
            "Days since a drill that had passed failed last; unknown while one is open.",
        ),
        history.int("best_rank", "", 6, "The rank of the best grade ever: compare it with rank(\"A\")."),
        history.int("gained_30d", "points", 6, "Points of the score gained in 30 days; unknown before that."),
        history.int("gained_90d", "points", 11, "Points of the score gained in 90 days; unknown before that."),
        history.int(
            "ranks_up_30d",
            "grades",
            2,
            "Grades between the lowest of the last 30 days and the grade now.",
        ),
        history.int(
            "drills_fixed_90d",
            "drills",
            1,
            "Drills that failed and, run again within the last 90 days, passed.",
        ),
    ]
}

/// How long a service has been at a grade or better, for one grade of the rulebook.
pub(super) fn at_band(letter: &str) -> FactSpec {
    group("streak").int(
        &format!("days_at_{}", letter_name(letter)),
        "days",
        20,
        &format!("Days without a break at {letter} or better; 0 while it is worse."),
    )
}

/// Slots of these facts, looked up once a rulebook: each of its passes sets them for each service.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResultSlots {
    pub(crate) score: Option<FactId>,
    pub(crate) rank: Option<FactId>,
    pub(crate) rank_without_regression: Option<FactId>,
    pub(crate) coverage_pct: Option<FactId>,
    pub(crate) capped: Option<FactId>,
    pub(crate) must_haves_open: Option<FactId>,
    pub(crate) days_without_regression: Option<FactId>,
    pub(crate) best_rank: Option<FactId>,
    pub(crate) gained_30d: Option<FactId>,
    pub(crate) gained_90d: Option<FactId>,
    pub(crate) ranks_up_30d: Option<FactId>,
    pub(crate) drills_fixed_90d: Option<FactId>,
    /// How long at each grade or better, in the order of the bands.
    pub(crate) at_band: Vec<Option<FactId>>,
}

impl ResultSlots {
    /// The slots of a catalogue that has the facts of these grades.
    pub(crate) fn of(catalogue: &Catalogue, letters: &[String]) -> Self {
        let id = |name: &str| catalogue.id(name);
        Self {
            score: id("grade.score"),
            rank: id("grade.rank"),
            rank_without_regression: id("grade.rank_without_regression"),
            coverage_pct: id("grade.coverage_pct"),
            capped: id("grade.capped"),
            must_haves_open: id("grade.must_haves_open"),
            days_without_regression: id("streak.days_without_regression"),
            best_rank: id("history.best_rank"),
            gained_30d: id("history.gained_30d"),
            gained_90d: id("history.gained_90d"),
            ranks_up_30d: id("history.ranks_up_30d"),
            drills_fixed_90d: id("history.drills_fixed_90d"),
            at_band: letters.iter().map(|letter| id(&at_band(letter).name)).collect(),
        }
    }
}

/// A grade as the part of a name: `A+` is `a_plus`.
fn letter_name(letter: &str) -> String {
    let mut name = String::new();
    for c in letter.chars() {
        match c {
            '+' => name.push_str("_plus"),
            '-' => name.push_str("_minus"),
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_lowercase()),
            _ => name.push('_'),
        }
    }
    name
}
