//! What a reader asks of a degrader: one failure replayed, the values in the form of a tool, and what if.

use scoring_rules::degrader::{
    Context, Defence, Dialect, Judged, Problem, Replay, Scenario, Settings, Traffic, assess, judge, score,
};

use super::{Assessment, Instance, Known, Told};
use crate::app::views::ServiceDetail;
use crate::app::{Tx, services};
use crate::error::{Error, Result};

/// Most values that a reader changes at a time.
pub const MAX_CHANGES: usize = 64;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Id of the failure to replay.
    pub scenario: Option<String>,
    /// Id of the tool whose form the values shall have.
    pub dialect: Option<String>,
    /// Values may be searched for, where none for the tool are known; that takes some ms.
    pub search: bool,
    /// Values to try, by key.
    pub tried: Vec<(String, String)>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Study {
    /// The service.
    pub detail: ServiceDetail,
    /// Who told what is known, and when.
    pub told: Told,
    /// Its hosts, where they were measured.
    pub instances: Vec<Instance>,
    /// The settings in force.
    pub settings: Option<Settings>,
    /// The traffic.
    pub traffic: Option<Traffic>,
    /// What the simulation made of both.
    pub assessment: Option<Assessment>,
    /// The failure that is replayed.
    pub scenario: Scenario,
    /// Its course under the settings in force.
    pub today: Option<Replay>,
    /// Its course under the settings to copy.
    pub recommended: Option<Replay>,
    /// The tool whose form the values have.
    pub dialect: Dialect,
    /// The values to copy.
    pub paste: Option<String>,
    /// What the reader tries.
    pub tried: Option<Tried>,
    /// What cannot be tried.
    pub problems: Vec<Problem>,
}

/// Settings that a reader tries.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The settings.
    pub settings: Settings,
    /// How they did.
    pub judged: Judged,
    /// Their score.
    pub score: f64,
    /// The course of the failure.
    pub replay: Replay,
}

/// Reads what is known of a service's degrader and works out what is asked.
pub fn study(tx: &mut Tx<'_>, name: &str, ask: &Ask) -> Result<Study> {
    let scenario = scenario(ask.scenario.as_deref())?;
    let detail = services::detail(tx, name)?;
    let service = crate::app::owners::service(tx, name)?;
    let Known { settings, traffic, assessment, told, instances, .. } = Known::of(tx, &service.id)?;
    let dialect = dialect(ask.dialect.as_deref(), settings.as_ref())?;
    let known = known_to_do(dialect, settings.as_ref(), assessment.as_ref());
    let to_copy = match (known, &traffic) {
        (None, Some(traffic)) if ask.search => searched(dialect, traffic),
        (known, _) => known,
    };
    let replay = |(settings, judged): (&Settings, &Judged)| {
        traffic.as_ref().map(|t| course(settings, judged, t, scenario))
    };
    let current = assessment.as_ref().map(|a| &a.tuning.current);
    let (tried, problems) = match (&settings, &traffic, &assessment) {
        (Some(settings), Some(traffic), Some(assessment)) if !ask.tried.is_empty() => {
            tries(settings, traffic, assessment, scenario, &ask.tried)
        }
        _ => (None, Vec::new()),
    };
    Ok(Study {
        today: settings.as_ref().zip(current).and_then(replay),
        recommended: to_copy.as_ref().and_then(|(settings, judged)| replay((settings, judged))),
        paste: to_copy.as_ref().map(|(s, _)| s.write(&Context { service: detail.row.slug.clone() })),
        detail,
        told,
        instances,
        settings,
        traffic,
        assessment,
        scenario,
        dialect,
        tried,
        problems,
    })
}

fn scenario(id: Option<&str>) -> Result<Scenario> {
    let Some(id) = id else { return Ok(Scenario::Slow(10.0)) };
    let found = Scenario::ALL.iter().map(|(scenario, _)| *scenario).find(|scenario| scenario.id() == id);
    found.ok_or_else(|| {
        let known: Vec<String> = Scenario::ALL.iter().map(|(s, _)| s.id()).collect();
        Error::invalid("?scenario", format!("expected one of: {}", known.join(", ")))
    })
}

fn dialect(id: Option<&str>, settings: Option<&Settings>) -> Result<Dialect> {
    match id {
        None => Ok(settings.map_or(Dialect::D2, Settings::dialect)),
        Some(id) => Dialect::from_id(id).ok_or_else(|| {
            let known: Vec<&str> = Dialect::ALL.iter().map(|d| d.id()).collect();
            Error::invalid("?dialect", format!("expected one of: {}", known.join(", ")))
        }),
    }
}

/// The settings to copy, as far as they are known: those recommended, or those in force where they will do.
fn known_to_do(
    dialect: Dialect,
    settings: Option<&Settings>,
    assessment: Option<&Assessment>,
) -> Option<(Settings, Judged)> {
    let settings = settings.filter(|s| s.dialect() == dialect)?;
    let tuning = &assessment?.tuning;
    let better = tuning.recommended.as_ref().map(|r| (&r.settings, &r.judged));
    let (settings, judged) = better.unwrap_or((settings, &tuning.current));
    Some((settings.clone(), judged.clone()))
}

/// One failure with its course. Its figures are those of the assessment, as everywhere else; the course is a mean over
/// more of the instants at which the failure can begin, and would give slightly others.
fn course(settings: &Settings, judged: &Judged, traffic: &Traffic, scenario: Scenario) -> Replay {
    let replayed = settings.replay(traffic, scenario, true);
    match judged.replays.iter().find(|r| r.scenario == scenario) {
        Some(told) => Replay { curve: replayed.curve, ..told.clone() },
        None => replayed,
    }
}

/// The best settings of a tool; none where nothing may be recommended.
fn searched(dialect: Dialect, traffic: &Traffic) -> Option<(Settings, Judged)> {
    let found = assess(&Settings::defaults(dialect), traffic).tuning;
    found.refusals.is_empty().then_some((found.best_settings, found.best))
}

fn tries(
    settings: &Settings,
    traffic: &Traffic,
    assessment: &Assessment,
    scenario: Scenario,
    changes: &[(String, String)],
) -> (Option<Tried>, Vec<Problem>) {
    let (mut tried, mut problems) = (settings.clone(), Vec::new());
    for (key, text) in changes.iter().take(MAX_CHANGES) {
        match tried.clone().with(key, text) {
            Ok(changed) => tried = changed,
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        problems = tried.check();
    }
    if !problems.is_empty() || tried == *settings {
        return (None, problems);
    }
    let judged = judge(&tried, traffic);
    let reached = score(&judged, &assessment.tuning.best);
    let replay = course(&tried, &judged, traffic, scenario);
    (Some(Tried { settings: tried, score: reached, judged, replay }), problems)
}
