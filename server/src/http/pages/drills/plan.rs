//! What is due next, ready to run: the list of what is due, and one plan for the engine that was chosen.

use serde::Serialize;

use super::super::parts::{Choice, Code, Outcome};
use super::super::words;
use crate::app::views::{DrillPlan, DuePlan, DueRow, VariableView};
use crate::plans::Engine;
use crate::types::DrillKind;

/// Due drills shown before the others.
const SHOWN: usize = 6;

/// What a page is told of what is due.
pub struct Next<'a> {
    /// All drills, the most urgent first.
    pub rows: &'a [DueRow],
    /// The one whose plan is shown.
    pub chosen: Option<&'a DuePlan>,
    /// What shall run it.
    pub engine: Engine,
}

/// The section.
#[derive(Serialize)]
pub(super) struct Section {
    lead: String,
    rows: Vec<Row>,
    /// `12 more are due`, in the table below.
    more: Option<String>,
    plan: Option<Shown>,
}

/// One drill that is due.
#[derive(Serialize)]
pub struct Row {
    pub(in crate::http::pages) label: String,
    pub(in crate::http::pages) why: String,
    pub(in crate::http::pages) state: Outcome,
    pub(in crate::http::pages) points: Option<u16>,
    pub(in crate::http::pages) effort: Option<String>,
    pub(in crate::http::pages) href: String,
    on: bool,
}

/// A plan as it is shown.
#[derive(Serialize)]
struct Shown {
    title: String,
    failure: String,
    target: Option<String>,
    environment: String,
    engine: &'static str,
    engines: Vec<Choice>,
    /// Why the engine has none, and links to those that have.
    unsupported: Option<Unsupported>,
    facts: Vec<Fact>,
    variables: Vec<VariableView>,
    run: Option<Code>,
    files: Vec<File>,
}

#[derive(Serialize)]
struct Unsupported {
    reason: String,
    instead: Vec<Instead>,
}

#[derive(Serialize)]
struct Instead {
    text: &'static str,
    href: String,
}

#[derive(Serialize)]
struct Fact {
    label: &'static str,
    text: String,
}

#[derive(Serialize)]
struct File {
    name: String,
    code: Code,
    href: String,
}

impl Section {
    /// The section of a service.
    pub(super) fn new(slug: &str, next: &Next<'_>) -> Self {
        let due: Vec<&DueRow> = next.rows.iter().filter(|row| row.due).collect();
        let rows = due.iter().take(SHOWN).map(|row| Row::new(row, next.engine, next.chosen)).collect();
        let rest = due.len().saturating_sub(SHOWN);
        Self {
            lead: lead(due.len()),
            rows,
            more: (rest > 0).then(|| format!("{rest} more are due; each is in the list below.")),
            plan: next.chosen.map(|chosen| Shown::new(slug, chosen, next.engine)),
        }
    }
}

fn lead(due: usize) -> String {
    match due {
        0 => "Nothing is due: a fresh pass covers everything that is expected. Any drill can be run again."
            .to_owned(),
        1 => "One drill is due. Its plan is ready to run and sends its own result.".to_owned(),
        n => format!(
            "{n} drills are due, the most urgent first. Each plan is ready to run and sends its own result."
        ),
    }
}

/// `Error of ads`.
fn label(row: &DueRow) -> String {
    let rollback = if row.kind == DrillKind::Rollback.as_str() { " rollback" } else { "" };
    let failure = words::capital(&words::failure(&row.failure)) + rollback;
    row.target.as_ref().map_or_else(|| failure.clone(), |target| format!("{failure} of {target}"))
}

/// The query that names a drill.
fn query(row: &DueRow, engine: Engine) -> String {
    let mut query = format!("format={}&failure={}", engine.as_str(), words::encode(&row.failure));
    if let Some(target) = &row.target {
        query = format!("{query}&target={}", words::encode(target));
    }
    format!("{query}&environment={}", words::encode(&row.environment))
}

impl Row {
    /// A row whose link shows the plan.
    pub fn new(row: &DueRow, engine: Engine, chosen: Option<&DuePlan>) -> Self {
        let on = chosen.is_some_and(|c| c.drill.failure == row.failure && c.drill.target == row.target);
        Self {
            label: label(row),
            why: row.why.clone(),
            state: Outcome::new(&row.state),
            points: row.points,
            effort: row.effort.as_deref().map(words::effort),
            href: format!("/services/{}/drills?{}#next", words::encode(&row.service), query(row, engine)),
            on,
        }
    }
}

impl Shown {
    fn new(slug: &str, chosen: &DuePlan, engine: Engine) -> Self {
        let row = &chosen.drill;
        let plan = chosen.plan.as_ref();
        let here = |engine: Engine| format!("/services/{slug}/drills?{}#next", query(row, engine));
        let unsupported = chosen.unsupported.as_ref().map(|none| Unsupported {
            reason: format!("{} has no plan for this. {}", engine.title(), none.reason),
            instead: none
                .formats
                .iter()
                .filter_map(|word| Engine::parse(word))
                .map(|other| Instead { text: other.title(), href: here(other) })
                .collect(),
        });
        Self {
            title: plan.map_or_else(|| label(row), |p| p.title.clone()),
            failure: row.failure.clone(),
            target: row.target.clone(),
            environment: row.environment.clone(),
            engine: engine.title(),
            engines: Engine::ALL
                .iter()
                .map(|e| Choice::new(e.as_str(), e.title(), Some(engine.as_str())))
                .collect(),
            unsupported,
            facts: plan.map(facts).unwrap_or_default(),
            variables: plan.map(|p| p.variables.clone()).unwrap_or_default(),
            run: plan.map(|p| Code::new("the command", p.run.clone())),
            files: plan.map(|p| files(slug, row, engine, p)).unwrap_or_default(),
        }
    }
}

fn facts(plan: &DrillPlan) -> Vec<Fact> {
    let fact = |label, text: &str| Fact { label, text: text.to_owned() };
    vec![
        fact("Hypothesis", &plan.hypothesis),
        fact("Blast radius", &plan.blast_radius),
        fact("Stop condition", &plan.stop_condition),
        fact("Rollback", &plan.rollback),
    ]
}

fn files(slug: &str, row: &DueRow, engine: Engine, plan: &DrillPlan) -> Vec<File> {
    let address = format!("/api/v1/services/{slug}/drill-plan?{}", query(row, engine));
    plan.files
        .iter()
        .map(|file| File {
            name: file.name.clone(),
            code: Code::new(file.name.clone(), file.text.clone()),
            href: format!("{address}&file={}", words::encode(&file.name)),
        })
        .collect()
}
