//! The path to the next grade, or what to do when there is none.

use serde::Serialize;

use crate::app::views::{NextStepView, PathView, RuleOutcomeView, ScorecardView};
use crate::http::charts::{Ladder, LadderSteps};
use crate::http::pages::parts::{self, Code, Grade, Span};
use crate::http::pages::{recipes, what_if, words};
use crate::types::{Failure, Timestamp};

/// Most steps shown at once.
const MOST_STEPS: usize = 5;

/// The right half of the scorecard's head.
#[derive(Serialize)]
pub(super) struct PathCard {
    title: String,
    /// `9 points, 3 steps`.
    sub: String,
    ladder: Option<Ladder>,
    steps: Vec<Step>,
    /// The same steps, ticked on the page of what ifs.
    try_it: Option<String>,
    /// A sentence below the steps.
    note: Option<String>,
    /// Nothing is known: how to send the first result.
    first: Option<Code>,
    /// The recipes of the first result, with the service filled in.
    recipes: Option<String>,
}

/// One step of the path.
#[derive(Serialize)]
pub(super) struct Step {
    points: String,
    title: String,
    why: Vec<Span>,
    practice: String,
    effort: String,
    href: String,
    action: &'static str,
}

impl PathCard {
    /// The way up from where `card` stands.
    pub(super) fn new(card: &ScorecardView, now: Timestamp) -> Self {
        if card.score.is_none() {
            return Self::without(
                "Not graded",
                "No rule of the rulebook in force applies to this service, so there is nothing to judge.",
            );
        }
        if card.coverage == 0 {
            return Self::unknown(card, now);
        }
        match &card.path {
            Some(path) => Self::to(card, path),
            None => Self::top(card),
        }
    }

    fn without(title: &str, note: &str) -> Self {
        Self {
            title: title.to_owned(),
            sub: String::new(),
            ladder: None,
            steps: Vec::new(),
            try_it: None,
            note: Some(note.to_owned()),
            first: None,
            recipes: None,
        }
    }

    fn unknown(card: &ScorecardView, now: Timestamp) -> Self {
        let failure =
            card.next_steps.iter().find_map(|step| rule_failure(card, &step.rule)).unwrap_or(Failure::Config);
        let slug = &card.detail.row.slug;
        Self {
            first: Some(Code::new("the curl line", recipes::curl_drill(slug, failure, now))),
            recipes: Some(format!("/help/drills?service={}", words::encode(slug))),
            ..Self::without(
                "No evidence yet",
                "Waterbear grades what it can see. Send one drill result and the first grade appears at once.",
            )
        }
    }

    fn to(card: &ScorecardView, path: &PathView) -> Self {
        let shown = path.steps.iter().take(MOST_STEPS);
        let hidden = path.steps.len().saturating_sub(MOST_STEPS);
        let note = if path.steps.is_empty() {
            Some(
                "No single step is known to lead there. Read the practices below for what is missing."
                    .to_owned(),
            )
        } else if hidden > 0 {
            Some(format!("{} more below, by practice.", words::count(hidden as i64, "step")))
        } else if path.reaches {
            None
        } else {
            Some(format!("These steps alone do not reach {}: a cap has to be lifted too.", path.grade))
        };
        let points = if path.points == 0 {
            "a cap to lift".to_owned()
        } else {
            words::count(i64::from(path.points), "point")
        };
        Self {
            title: format!("Path to {}", path.grade),
            sub: format!("{points}, {}", words::count(path.steps.len() as i64, "step")),
            ladder: Some(ladder(card, path)),
            steps: shown.map(|s| Step::new(card, s)).collect(),
            try_it: Some(try_it(card, &path.steps)),
            note,
            first: None,
            recipes: None,
        }
    }

    fn top(card: &ScorecardView) -> Self {
        let grade = card.grade.as_deref().unwrap_or("the best grade");
        let steps: Vec<Step> = card.next_steps.iter().take(3).map(|s| Step::new(card, s)).collect();
        let note = if steps.is_empty() {
            "Nothing is open. Evidence ages: keep the drills fresh and it stays that way.".to_owned()
        } else {
            "There is no better letter. These steps still add points.".to_owned()
        };
        let try_it = (!steps.is_empty()).then(|| try_it(card, &[]));
        Self { steps, try_it, ..Self::without(&format!("{grade} is the top"), &note) }
    }
}

fn try_it(card: &ScorecardView, steps: &[NextStepView]) -> String {
    let rules: Vec<&str> = steps.iter().map(|step| step.rule.as_str()).collect();
    what_if::address(&card.detail.row.slug, &rules, &[])
}

impl Step {
    fn new(card: &ScorecardView, view: &NextStepView) -> Self {
        let (href, action) = action(card, view);
        Self {
            points: if view.points == 0 { "cap".to_owned() } else { format!("+{}", view.points) },
            title: view.title.clone(),
            why: parts::linked(&view.why, None),
            practice: view.practice.clone(),
            effort: words::effort(&view.effort),
            href,
            action,
        }
    }
}

/// Drills lead to the drill; other rules to the recipe their text names; the rest to the rule.
fn action(card: &ScorecardView, step: &NextStepView) -> (String, &'static str) {
    let slug = &card.detail.row.slug;
    if let Some(failure) = rule_failure(card, &step.rule) {
        return (format!("/services/{slug}/drills#{failure}"), "Open the drill");
    }
    if let Some(known) = degrader_known(card, &step.rule) {
        let page = format!("/services/{slug}/degrader");
        return if known { (page + "#values", "See the values") } else { (page, "Open the degrader") };
    }
    let recipe = parts::linked(&step.fix, Some(slug)).into_iter().find_map(|span| span.href);
    recipe
        .map_or_else(|| (format!("/rules/{}", step.rule), "Read the rule"), |href| (href, "Open the recipe"))
}

fn rule_failure(card: &ScorecardView, rule: &str) -> Option<Failure> {
    let rule: &RuleOutcomeView = card.rules.iter().find(|r| r.id == rule)?;
    let missing = rule.missing.iter().map(|m| m.fact.as_str());
    missing.chain(rule.facts.keys().map(String::as_str)).find_map(parts::failure_of_fact)
}

/// Of a rule about the degrader: whether anything of it is known.
fn degrader_known(card: &ScorecardView, rule: &str) -> Option<bool> {
    let rule = card.rules.iter().find(|r| r.id == rule)?;
    let about = |fact: &str| fact.starts_with("degrader.");
    if rule.facts.keys().any(|fact| about(fact)) {
        return Some(true);
    }
    rule.missing.iter().any(|m| about(&m.fact)).then_some(false)
}

fn ladder(card: &ScorecardView, path: &PathView) -> Ladder {
    Ladder::new(&LadderSteps {
        now: card.score.unwrap_or(0),
        now_cls: Grade::new(card.grade.as_deref()).cls,
        goal: (&path.grade, path.score),
        steps: path.steps.iter().map(|s| s.points).collect(),
        bands: &parts::bands(&card.bands),
    })
}
