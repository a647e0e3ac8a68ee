//! What if: tick steps or change a fact, and see where score and letter would go.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{self, Frame};
use super::parts::{Choice, Delta, Link, Outcome};
use super::words;
use crate::app::views::{WhatIfFact, WhatIfGrade, WhatIfMove, WhatIfPractice, WhatIfStep};
use crate::app::what_if::{self as uses, AskWhatIf, UNKNOWN, WhatIf};
use crate::error::{FieldError, Result};
use crate::http::Shared;
use crate::http::api::what_if;
use crate::http::charts::Ring;
use crate::http::query::Name;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    slug: String,
    name: String,
    title: String,
    now: Ring,
    then: Ring,
    delta: Option<Delta>,
    caps: Vec<String>,
    /// Something is supposed.
    tried: bool,
    /// The address without what is wrong, to be shared.
    link: String,
    path: Option<Link>,
    steps: Vec<Tick>,
    fields: Vec<Field>,
    errors: Vec<String>,
    choices: Vec<Choice>,
    moves: Vec<MoveRow>,
    practices: Vec<PracticeRow>,
    supposed: Vec<FactRow>,
    taken: Vec<Link>,
}

#[derive(Serialize)]
struct Tick {
    id: String,
    title: String,
    practice: String,
    effort: String,
    points: String,
    outcome: Outcome,
    lifts: Option<String>,
    on: bool,
}

/// A fact that is changed, with what was typed.
#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
    now: Option<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct MoveRow {
    title: Link,
    before: Outcome,
    after: Outcome,
    points: String,
    cap: Option<String>,
}

#[derive(Serialize)]
struct PracticeRow {
    title: String,
    before: String,
    after: String,
    delta: Option<Delta>,
}

#[derive(Serialize)]
struct FactRow {
    fact: String,
    before: String,
    after: String,
}

/// `GET /services/{slug}/what-if?pass=RULE&FACT=VALUE`
pub async fn page(app: Shared, frame: Frame, req: HttpRequest, Name(slug): Name) -> Result<HttpResponse> {
    let ask = what_if::read(req.query_string())?;
    let (status, context) = app
        .read(move |tx| {
            let found = uses::what_if(tx, &slug, &ask)?;
            let status =
                if found.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            Ok((status, context(frame.chrome(tx)?, &ask, &found)))
        })
        .await?;
    frame::answer(status, "what_if", &context)
}

/// The page of an answer; `ask` is what was typed.
pub fn context(chrome: Chrome, ask: &AskWhatIf, found: &WhatIf) -> Ctx {
    let detail = &found.detail;
    let view = &found.view;
    let tried = !ask.pass.is_empty() || !ask.facts.is_empty();
    let row = &detail.row;
    let mut crumbs = super::service::crumbs(detail);
    crumbs.push(Link::to(&row.slug, format!("/services/{}", row.slug)));
    let (fields, errors) = fields(ask, found);
    Ctx {
        crumbs,
        here: "What if",
        slug: row.slug.clone(),
        name: row.name.clone(),
        title: title(tried, &view.now, &view.then),
        now: ring(&view.now),
        then: ring(&view.then),
        delta: view
            .now
            .score
            .zip(view.then.score)
            .map(|(now, then)| Delta::new(i64::from(then) - i64::from(now), " points")),
        caps: caps(found),
        tried,
        link: address(&row.slug, &view.pass, &good_facts(ask, found)),
        path: found.path.as_ref().map(|(grade, rules)| {
            Link::to(format!("Tick the path to {grade}"), address(&row.slug, rules, &good_facts(ask, found)))
        }),
        steps: found.steps.iter().map(tick).collect(),
        fields,
        errors,
        choices: choices(found, ask),
        moves: view.rules.iter().map(moved).collect(),
        practices: view.practices.iter().filter_map(practice).collect(),
        supposed: view.supposed.iter().map(fact).collect(),
        taken: view.taken.iter().map(|id| Link::to(id, format!("/rules/{id}"))).collect(),
        chrome: chrome.titled(format!("What if: {}", row.name)),
    }
}

fn ring(grade: &WhatIfGrade) -> Ring {
    Ring::new(grade.grade.as_deref(), grade.score.map(i64::from), i64::from(grade.coverage))
}

/// The finding, in a few words.
fn title(tried: bool, now: &WhatIfGrade, then: &WhatIfGrade) -> String {
    if !tried {
        return "What if?".to_owned();
    }
    match (&now.grade, &then.grade) {
        (Some(now), Some(then)) if now != then => format!("It would be {}", words::a_letter(then)),
        (Some(now), Some(_)) => format!("It would stay {}", words::a_letter(now)),
        (None, Some(then)) => format!("It would be {}", words::a_letter(then)),
        _ => "It would not be graded".to_owned(),
    }
}

fn caps(found: &WhatIf) -> Vec<String> {
    let (now, then) = (&found.view.now, &found.view.then);
    let title = |id: &String| {
        let step = found.steps.iter().find(|step| step.rule == *id);
        step.map_or_else(|| id.clone(), |step| step.title.clone())
    };
    let gone = now.capped_by.iter().filter(|id| !then.capped_by.contains(id));
    let held = then.capped_by.iter().map(|id| format!("Held down by “{}”.", title(id)));
    gone.map(|id| format!("No longer held down by “{}”.", title(id))).chain(held).collect()
}

fn tick(step: &WhatIfStep) -> Tick {
    Tick {
        id: step.rule.clone(),
        title: step.title.clone(),
        practice: step.practice.clone(),
        effort: words::effort(&step.effort),
        points: if step.points > 0 { format!("+{}", step.points) } else { "0".to_owned() },
        outcome: Outcome::new(&step.outcome),
        lifts: step.lifts.clone(),
        on: step.ticked,
    }
}

/// Facts of the question, each with what is wrong with it, and what else is wrong.
fn fields(ask: &AskWhatIf, found: &WhatIf) -> (Vec<Field>, Vec<String>) {
    let wrong = |name: &str| found.errors.iter().find(|error| error.pointer == format!("?{name}"));
    let is_fact = |error: &FieldError| ask.facts.iter().any(|(name, _)| error.pointer == format!("?{name}"));
    let fields = ask.facts.iter().map(|(name, value)| Field {
        now: found
            .view
            .facts
            .iter()
            .find(|fact| fact.fact == *name)
            .map(|fact| value_of(fact, fact.before.as_ref())),
        error: wrong(name).map(|error| error.detail.clone()),
        name: name.clone(),
        value: value.clone(),
    });
    let others = found.errors.iter().filter(|error| !is_fact(error));
    (fields.collect(), others.map(|error| words::capital(&error.detail)).collect())
}

fn good_facts(ask: &AskWhatIf, found: &WhatIf) -> Vec<(String, String)> {
    let good = |name: &str| found.view.facts.iter().any(|fact| fact.fact == name);
    ask.facts.iter().filter(|(name, _)| good(name)).cloned().collect()
}

/// The address of a what-if: rules, then facts.
pub(super) fn address<R: AsRef<str>>(slug: &str, rules: &[R], facts: &[(String, String)]) -> String {
    let passes = rules.iter().map(|id| format!("pass={}", words::encode(id.as_ref())));
    let facts = facts.iter().map(|(name, value)| format!("{}={}", words::encode(name), words::encode(value)));
    let query: Vec<String> = passes.chain(facts).collect();
    if query.is_empty() {
        format!("/services/{slug}/what-if")
    } else {
        format!("/services/{slug}/what-if?{}", query.join("&"))
    }
}

fn choices(found: &WhatIf, ask: &AskWhatIf) -> Vec<Choice> {
    let free = found.offered.iter().filter(|spec| ask.facts.iter().all(|(name, _)| *name != spec.name));
    let mut choices = vec![Choice::new("", "Choose a fact", None)];
    choices.extend(free.map(|spec| {
        let hint = match (&spec.unit, spec.kind.as_str()) {
            (_, "bool") => "yes or no".to_owned(),
            (Some(unit), _) => unit.clone(),
            (None, _) if !spec.choices.is_empty() => spec.choices.join(", "),
            (None, kind) => kind.to_owned(),
        };
        Choice::new(&spec.name, format!("{} ({hint})", spec.name), None)
    }));
    choices
}

fn moved(rule: &WhatIfMove) -> MoveRow {
    let points = |earned, possible: crate::app::views::Points| match possible.0 {
        0 => "–".to_owned(),
        _ => format!("{} of {}", words::points(earned), words::points(possible)),
    };
    let cap = match (&rule.caps_before, &rule.caps_after) {
        (Some(letter), None) => Some(format!("no longer holds the grade at {letter}")),
        (before, Some(letter)) if before.as_ref() != Some(letter) => {
            Some(format!("would hold the grade at {letter}"))
        }
        _ => None,
    };
    MoveRow {
        title: Link::to(&rule.title, format!("/rules/{}", rule.id)),
        before: Outcome::new(&rule.before),
        after: Outcome::new(&rule.after),
        points: format!(
            "{} → {}",
            points(rule.earned_before, rule.possible_before),
            points(rule.earned_after, rule.possible_after)
        ),
        cap,
    }
}

fn practice(view: &WhatIfPractice) -> Option<PracticeRow> {
    let shown = |score: Option<u8>| score.map_or_else(|| "–".to_owned(), |score| score.to_string());
    (view.before.is_some() || view.after.is_some()).then(|| PracticeRow {
        title: view.title.clone(),
        before: shown(view.before),
        after: shown(view.after),
        delta: view.before.zip(view.after).map(|(a, b)| Delta::new(i64::from(b) - i64::from(a), "")),
    })
}

fn value_of(fact: &WhatIfFact, value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| words::value(value, fact.unit.as_deref()))
}

fn fact(fact: &WhatIfFact) -> FactRow {
    FactRow {
        fact: fact.fact.clone(),
        before: value_of(fact, fact.before.as_ref()),
        after: value_of(fact, fact.after.as_ref()),
    }
}
