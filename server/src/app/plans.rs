//! Drill plans of a service: what is due, each ready to run by the engine that was asked for; what is due in a team.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::due::{self, Due};
use super::evidence::Evidence;
use super::views::{
    DrillPlan, DuePlan, DuePlans, DueRow, PlanFileView, TeamDue, UnsupportedPlan, VariableView,
};
use super::{Tx, flows, owners, runs};
use crate::error::{Error, FieldError, Result};
use crate::plans::{self, Engine, Plan, PlanFile, PlanRequest, Unsupported};
use crate::store;
use crate::store::services::ServiceRow;
use crate::types::{Failure, MAX_NAME_BYTES, Timestamp};

/// Plans of one answer at most.
const PLANS: usize = 60;
/// The rule that is fulfilled by drills of dependencies.
const VERIFIED: &str = "fallback-verified";
/// Services of a team that are looked through, the lowest score first.
const SERVICES: i64 = 200;
/// Rows of what is due in a team.
const ROWS: usize = 200;

/// A dependency whose drills are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub target: String,
    /// Which of its failures.
    pub failures: Vec<Failure>,
    /// What a drill of it is worth, in the unit of rules: points of one hour's work.
    pub weight: i64,
}

/// Which plans are asked for.
#[derive(Clone, Debug)]
pub struct AskPlans {
    /// What shall run them.
    pub engine: Engine,
    /// Only this failure, due or not.
    pub failure: Option<Failure>,
    /// Only this target.
    pub target: Option<String>,
    /// Where they shall run.
    pub environment: Option<String>,
}

impl AskPlans {
    /// Reads what the caller said; everything wrong at once.
    pub fn read(
        engine: Option<&str>,
        failure: Option<&str>,
        target: Option<String>,
        environment: Option<String>,
    ) -> Result<Self> {
        let mut fields = Vec::new();
        let engine = match engine {
            None => Some(Engine::ChaosToolkit),
            Some(word) => Engine::parse(word).or_else(|| {
                let known = Engine::WORDS.join(", ");
                fields.push(FieldError::new("?format", format!("expected one of: {known}")));
                None
            }),
        };
        let failure = failure.and_then(|word| {
            Failure::from_loose(word).or_else(|| {
                let known = Failure::words();
                fields.push(FieldError::new("?failure", format!("expected one of: {known}")));
                None
            })
        });
        for (name, text) in [("?target", &target), ("?environment", &environment)] {
            if text.as_ref().is_some_and(|t| t.len() > MAX_NAME_BYTES || t.chars().any(char::is_control)) {
                let detail = format!("expected at most {MAX_NAME_BYTES} bytes without control characters");
                fields.push(FieldError::new(name, detail));
            }
        }
        match engine {
            Some(engine) if fields.is_empty() => Ok(Self { engine, failure, target, environment }),
            _ => Err(Error::Invalid { fields }),
        }
    }
}

/// What is due of a service, with its plans.
pub fn due_plans(tx: &mut Tx<'_>, name: &str, ask: &AskPlans) -> Result<DuePlans> {
    let (service, all) = standing(tx, name)?;
    let due = all.iter().filter(|d| d.is_due()).count();
    let chosen = chosen(&all, ask);
    let items = chosen.iter().take(PLANS).map(|due| item(tx, &service, due, ask)).collect();
    Ok(DuePlans { service: service.slug, format: ask.engine.as_str(), due, expected: all.len(), items })
}

/// What is due of a service, without plans.
pub fn due_rows(tx: &mut Tx<'_>, name: &str) -> Result<Vec<DueRow>> {
    let (service, all) = standing(tx, name)?;
    Ok(all.iter().map(|due| row(tx.now, &service, due)).collect())
}

/// All drills of a service, and of those that an ask means the first with its plan.
pub fn next(tx: &mut Tx<'_>, name: &str, ask: &AskPlans) -> Result<(Vec<DueRow>, Option<DuePlan>)> {
    let (service, all) = standing(tx, name)?;
    let first = chosen(&all, ask).first().map(|due| item(tx, &service, due, ask));
    Ok((all.iter().map(|due| row(tx.now, &service, due)).collect(), first))
}

/// One file of one plan, as a file: the plan itself, or the one that is named.
pub fn plan_file(tx: &mut Tx<'_>, name: &str, ask: &AskPlans, file: Option<&str>) -> Result<PlanFile> {
    let (service, all) = standing(tx, name)?;
    let Some(due) = chosen(&all, ask).into_iter().next() else {
        let detail = "nothing is due: name the failure that you want to drill";
        return Err(Error::invalid("?failure", detail));
    };
    let plan = made(tx, &service, &due, ask).map_err(|none| {
        let engines: Vec<&str> = none.engines.iter().map(|e| e.as_str()).collect();
        let detail = format!(
            "{} has no plan for {}: {} Take one of: {}",
            ask.engine.title(),
            due.failure.label(),
            none.reason,
            engines.join(", ")
        );
        Error::invalid("?format", detail)
    })?;
    let names: Vec<String> = plan.files.iter().map(|f| f.name.clone()).collect();
    let wanted = |f: &PlanFile| file.is_none_or(|name| f.name == name);
    plan.files
        .into_iter()
        .find(wanted)
        .ok_or_else(|| Error::invalid("?file", format!("expected one of: {}", names.join(", "))))
}

/// The drills that an ask means: the one that is named, due or not, or all that are due.
fn chosen(all: &[Due], ask: &AskPlans) -> Vec<Due> {
    let same = |due: &Due| match &ask.target {
        None => true,
        Some(target) => due.target.as_ref().is_some_and(|t| due::short(t) == due::short(target)),
    };
    let mut chosen: Vec<Due> = all
        .iter()
        .filter(|due| match ask.failure {
            Some(failure) => due.failure == failure && same(due),
            None => due.is_due() && same(due),
        })
        .cloned()
        .collect();
    if let (true, Some(failure)) = (chosen.is_empty(), ask.failure) {
        chosen.push(Due::on_request(failure, ask.target.clone()));
    }
    if let Some(environment) = &ask.environment {
        for due in &mut chosen {
            due.environment.clone_from(environment);
        }
    }
    chosen
}

/// The service, and its drills as they stand now.
fn standing(tx: &mut Tx<'_>, name: &str) -> Result<(ServiceRow, Vec<Due>)> {
    let service = owners::service(tx, name)?;
    let graded = store::grades::one(tx.conn, &service.id)?.map_or(0, |s| s.graded_at);
    let at = runs::last_grading(tx)?.max(Timestamp(graded)).min(tx.now);
    let evidence = Evidence::between(tx.conn, &service.id, &service.id)?;
    let wanted = wanted(tx, &service)?;
    let book = Arc::clone(&tx.book);
    let all = due::of_service(&book, &service, evidence.of(&service.id), &wanted, at);
    Ok((service, all))
}

/// The dependencies of a service whose failure it should stand: first the non-core ones of its flows, those whose fallback
/// is least proved first; then what the catalog names beside them.
fn wanted(tx: &mut Tx<'_>, service: &ServiceRow) -> Result<Vec<Wanted>> {
    let calls = flows::of_service(tx, &service.slug)?;
    let refs = store::services::dependencies(tx.conn, &service.id)?;
    let refs = owners::seen_of(tx, refs)?;
    let told = || calls.edges.iter().filter(|e| !flows::is_covered(&e.to));
    let noncore: Vec<&str> = told().filter(|e| !e.core).map(|e| e.to.as_str()).collect();
    let core: BTreeSet<String> = told().filter(|e| e.core).map(|e| due::short(&e.to)).collect();
    // All proved fallbacks together are worth the points of their rule.
    let points = tx.book.rulebook.rule(VERIFIED).map_or(0, |rule| {
        i64::from(rule.points) * 16 / rule.effort.weight() / i64::try_from(noncore.len().max(1)).unwrap_or(1)
    });
    let one = |to: &str, weight: i64| Wanted {
        target: due::short(to),
        failures: vec![Failure::Error, Failure::Delay, Failure::Timeout],
        weight,
    };
    let mut all: Vec<Wanted> = noncore.iter().map(|to| one(to, points)).collect();
    // What a flow cannot do without fails with it: no drill of it can pass.
    all.extend(refs.iter().filter(|to| !core.contains(&due::short(to))).map(|to| one(to, 0)));
    Ok(all)
}

fn request(tx: &Tx<'_>, service: &ServiceRow, due: &Due) -> PlanRequest {
    PlanRequest {
        service: service.slug.clone(),
        service_name: service.name.clone(),
        failure: due.failure,
        target: due.target.clone(),
        environment: due.environment.clone(),
        why: due.why.clone(),
        waterbear: tx.base_url.clone(),
    }
}

fn made(
    tx: &Tx<'_>,
    service: &ServiceRow,
    due: &Due,
    ask: &AskPlans,
) -> std::result::Result<Plan, Unsupported> {
    plans::plan(ask.engine, &request(tx, service, due))
}

fn item(tx: &Tx<'_>, service: &ServiceRow, due: &Due, ask: &AskPlans) -> DuePlan {
    let (plan, unsupported) = match made(tx, service, due, ask) {
        Ok(plan) => (Some(plan_view(plan)), None),
        Err(none) => (None, Some(unsupported(&none))),
    };
    DuePlan { drill: row(tx.now, service, due), plan, unsupported }
}

fn unsupported(none: &Unsupported) -> UnsupportedPlan {
    UnsupportedPlan {
        reason: none.reason.to_owned(),
        formats: none.engines.iter().map(|e| e.as_str().to_owned()).collect(),
    }
}

fn plan_view(plan: Plan) -> DrillPlan {
    DrillPlan {
        title: plan.title,
        hypothesis: plan.hypothesis,
        blast_radius: plan.blast_radius,
        duration_seconds: plan.duration_seconds,
        stop_condition: plan.stop_condition,
        rollback: plan.rollback,
        variables: plan
            .variables
            .into_iter()
            .map(|v| VariableView { name: v.name.to_owned(), about: v.about, default: v.default })
            .collect(),
        run: plan.run,
        files: plan
            .files
            .into_iter()
            .map(|f| PlanFileView { name: f.name, media: f.media.to_owned(), text: f.text })
            .collect(),
    }
}

fn row(now: Timestamp, service: &ServiceRow, due: &Due) -> DueRow {
    DueRow {
        service: service.slug.clone(),
        service_name: service.name.clone(),
        kind: due.failure.kind().as_str().to_owned(),
        failure: due.failure.as_str().to_owned(),
        target: due.target.clone(),
        environment: due.environment.clone(),
        state: due.state.to_owned(),
        why: due.why.clone(),
        rule: due.rule.clone(),
        points: due.points,
        effort: due.effort.map(str::to_owned),
        // What never passed, or no longer counts in full, is due today.
        due_on: due.due_at.filter(|at| *at > now && !due.is_due()).unwrap_or(now).day_text(),
        due: due.is_due(),
    }
}

/// What is due over the services of a team and all teams below it, or of everybody.
pub fn team_due(tx: &mut Tx<'_>, team: Option<&str>, fresh_too: bool) -> Result<TeamDue> {
    let team_ids = match team {
        None => None,
        Some(slug) => {
            let team = owners::team(tx, slug)?;
            Some(store::fleet::team_ids_below(tx.conn, &team.path)?)
        }
    };
    let unseen = tx.veil()?.unseen().clone();
    let filter = store::boards::ServiceFilter { team_ids, unseen, ..store::boards::ServiceFilter::default() };
    let worst = store::boards::ServiceSort::ScoreAsc;
    let mut services = store::boards::list_services(tx.conn, &filter, worst, None, SERVICES + 1)?;
    let more_services = services.len() as i64 > SERVICES;
    services.truncate(usize::try_from(SERVICES).unwrap_or(0));
    let ids: Vec<String> = services.iter().map(|(service, ..)| service.id.clone()).collect();
    let evidence = Evidence::of_services(tx.conn, &ids)?;
    let last = runs::last_grading(tx)?;
    let book = Arc::clone(&tx.book);
    let mut found: Vec<(Due, &ServiceRow)> = Vec::new();
    for (service, score, _) in &services {
        let at = last.max(Timestamp(score.graded_at)).min(tx.now);
        // Dependencies that were never drilled stand on the page of each service.
        let all = due::of_service(&book, service, evidence.of(&service.id), &[], at);
        found.extend(all.into_iter().filter(|due| fresh_too || due.is_due()).map(|due| (due, service)));
    }
    found.sort_by_key(|(due, service)| (due.order(), service.tier));
    let total = found.len();
    let items = found.iter().take(ROWS).map(|(due, service)| row(tx.now, service, due)).collect();
    Ok(TeamDue { items, total, services: services.len(), more_services })
}
