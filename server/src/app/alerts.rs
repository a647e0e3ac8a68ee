//! Alerts: proof that a drill was detected, and after how long, whichever of the two arrives first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::grading::{Cause, regrade};
use super::{Tx, owners, replay};
use crate::error::{Error, Result};
use crate::formats::{AlertReading, Hints};
use crate::store;
use crate::store::alerts::AlertRow;
use crate::store::drills::DrillRow;
use crate::store::services::ServiceRow;
use crate::types::{DAY_MS, Failure};

/// Days that alerts are kept: a result that arrives later than that after its alert is not matched any more.
pub const KEPT_DAYS: i64 = 31;
/// No drill runs for longer.
const LONGEST_MS: i64 = 7 * DAY_MS;
/// Drills that one alert is tied to at most.
const DRILLS: i64 = 50;
/// Alerts that are looked at for the results of one transaction.
const ALERTS: i64 = 5_000;

/// What became of alerts.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AlertsAnswer {
    /// New alerts of known services.
    pub taken: usize,
    /// Alerts that were known, or only told that one stopped.
    pub repeated: usize,
    /// Alerts of no service that is known here.
    pub ignored: usize,
    /// Drills that are known to be detected now, or to have been detected earlier than thought.
    pub detected: Vec<DetectedDrill>,
}

/// A drill that an alert tells to be detected.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DetectedDrill {
    /// Id of the drill.
    pub drill: String,
    /// Slug of its service.
    pub service: String,
    /// Name of the alert.
    pub alert: String,
    /// Seconds from the start of the drill to the alert.
    pub detected_after_seconds: f64,
}

/// Takes alerts in, and tells of the drills that ran when they began to fire.
pub fn take(tx: &mut Tx<'_>, alerts: &[AlertReading], hints: &Hints) -> Result<AlertsAnswer> {
    let mut answer = AlertsAnswer::default();
    let mut found: HashMap<String, Option<ServiceRow>> = HashMap::new();
    let mut mine: Vec<(ServiceRow, &AlertReading)> = Vec::new();
    for alert in alerts {
        match service_of(tx, alert, hints, &mut found)? {
            Some(service) => mine.push((service, alert)),
            None => answer.ignored += 1,
        }
    }
    let mut above = owners::Above::default();
    for (service, _) in &mine {
        above.require_writer(tx, service)?;
    }
    let ids: BTreeSet<String> = mine.iter().map(|(service, _)| service.id.clone()).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    // From here on no result of these services is recorded beside us.
    store::services::lock_all(tx.conn, &ids)?;
    let mut closed = 0;
    let mut touched: BTreeMap<String, (ServiceRow, Vec<DrillRow>)> = BTreeMap::new();
    for (service, alert) in mine {
        let row = row_of(tx, &service, alert, hints);
        let known = store::alerts::known(tx.conn, &row)?;
        if let Some(known) = &known
            && let (None, Some(end)) = (known.ends_at, row.ends_at)
        {
            store::alerts::close(tx.conn, &known.id, end)?;
            closed += 1;
        }
        // What has stopped and never was told to fire proves nothing.
        if known.is_some() || !alert.firing {
            answer.repeated += 1;
            continue;
        }
        store::alerts::insert(tx.conn, std::slice::from_ref(&row))?;
        answer.taken += 1;
        let latest = row.starts_at.saturating_add(LONGEST_MS);
        for drill in store::drills::running_at(tx.conn, &service.id, row.starts_at, latest, DRILLS)? {
            if let Some(drill) = detected(tx, &drill, &row) {
                store::drills::set_detected(tx.conn, &drill)?;
                answer.detected.push(tell(tx, &service, &drill, &row));
                touched
                    .entry(service.id.clone())
                    .or_insert_with(|| (service.clone(), Vec::new()))
                    .1
                    .push(drill);
            }
        }
    }
    if answer.taken + closed > 0 {
        let sentence =
            format!("{} alerts arrived from {}, {closed} were closed.", answer.taken, tx.actor.name);
        let data = json!({ "taken": answer.taken, "closed": closed, "services": ids.len() });
        let only = ids.first().filter(|_| ids.len() == 1).map(String::as_str);
        tx.emit("alerts_received", only, None, sentence, &data);
    }
    for (service, drills) in touched.values() {
        for drill in drills.iter().filter(|drill| drill.verdict.is_some()) {
            replay::rebuild(tx, drill)?;
        }
        regrade(tx, service, Cause::Evidence)?;
    }
    Ok(answer)
}

/// The service that an alert is of: the one that is said beside it, or the first label that names one.
fn service_of(
    tx: &mut Tx<'_>,
    alert: &AlertReading,
    hints: &Hints,
    found: &mut HashMap<String, Option<ServiceRow>>,
) -> Result<Option<ServiceRow>> {
    if let Some(name) = hints.service.as_deref().filter(|name| !name.trim().is_empty()) {
        return owners::service(tx, name).map(Some);
    }
    let labels = &tx.config.alerts.service_labels;
    let names: Vec<String> = labels.iter().filter_map(|label| alert.labels.get(label).cloned()).collect();
    for name in names.iter().filter(|name| !name.is_empty()) {
        if let Some(known) = found.get(name) {
            if known.is_some() {
                return Ok(known.clone());
            }
            continue;
        }
        let service = match owners::service(tx, name) {
            Ok(service) if service.removed_at.is_none() => Some(service),
            Ok(_) | Err(Error::NotFound { .. }) => None,
            Err(other) => return Err(other),
        };
        found.insert(name.clone(), service.clone());
        if service.is_some() {
            return Ok(service);
        }
    }
    Ok(None)
}

fn row_of(tx: &Tx<'_>, service: &ServiceRow, alert: &AlertReading, hints: &Hints) -> AlertRow {
    let labels = &tx.config.alerts.environment_labels;
    let said = hints.environment.as_deref().filter(|word| !word.trim().is_empty());
    let environment =
        said.or_else(|| labels.iter().find_map(|label| alert.labels.get(label).map(String::as_str)));
    AlertRow {
        id: tx.new_id(),
        service_id: service.id.clone(),
        starts_at: alert.starts_at.0,
        fingerprint: alert.fingerprint.clone(),
        environment: environment.unwrap_or_default().trim().to_lowercase(),
        name: alert.labels.get("alertname").cloned().unwrap_or_else(|| "an alert".to_owned()),
        summary: alert.summary.clone().unwrap_or_default(),
        ends_at: alert.ends_at.map(|end| end.0),
        sender: tx.actor.name.clone(),
        received_at: tx.now.0,
    }
}

/// Milliseconds from the start of a drill to an alert that tells of it.
fn lag(drill: &DrillRow, alert: &AlertRow) -> Option<i64> {
    let here = alert.environment.is_empty()
        || drill.environment.is_empty()
        || alert.environment == drill.environment;
    let during = (drill.started_at..=drill.ended_at).contains(&alert.starts_at);
    (here && during).then(|| alert.starts_at - drill.started_at)
}

/// The drill with an alert's word on it; none if that is no news.
fn detected(tx: &Tx<'_>, drill: &DrillRow, alert: &AlertRow) -> Option<DrillRow> {
    let ms = lag(drill, alert)?;
    match drill.detected_ms {
        Some(held) if held <= ms => None,
        // It was known to be detected before; only how soon is news.
        Some(_) => Some(DrillRow { detected_ms: Some(ms), ..drill.clone() }),
        None => Some(DrillRow { detected_ms: Some(ms), detected_since: Some(tx.now.0), ..drill.clone() }),
    }
}

fn tell(tx: &mut Tx<'_>, service: &ServiceRow, drill: &DrillRow, alert: &AlertRow) -> DetectedDrill {
    let seconds = drill.detected_ms.unwrap_or_default() as f64 / 1000.0;
    let what =
        drill.failure.and_then(Failure::from_code).map_or_else(|| "unnamed".to_owned(), Failure::label);
    let place =
        if drill.environment.is_empty() { String::new() } else { format!(" in {}", drill.environment) };
    let sentence =
        format!("{}: the alert {} fired {seconds} s into the {what} drill{place}.", service.name, alert.name);
    let data = json!({
        "drill": drill.id, "alert": alert.name, "detected_after_seconds": seconds,
        "fingerprint": alert.fingerprint, "environment": drill.environment,
    });
    tx.emit("drill_detected", Some(&service.id), service.team_id.as_deref(), sentence, &data);
    DetectedDrill {
        drill: drill.id.clone(),
        service: service.slug.clone(),
        alert: alert.name.clone(),
        detected_after_seconds: seconds,
    }
}

/// Alerts of services by service: those that results of one transaction may meet.
#[derive(Debug, Default)]
pub(super) struct Heard(HashMap<String, Vec<AlertRow>>);

impl Heard {
    /// Alerts of these services that began from `from` to `to` (ms).
    pub(super) fn load(tx: &mut Tx<'_>, ids: &[String], window: Option<(i64, i64)>) -> Result<Self> {
        let mut all: HashMap<String, Vec<AlertRow>> = HashMap::new();
        // Older ones are not kept.
        let oldest = tx.now.0 - KEPT_DAYS * 2 * DAY_MS;
        if let Some((from, to)) = window.filter(|(_, to)| *to >= oldest) {
            for row in store::alerts::between(tx.conn, ids, (from.max(oldest), to), ALERTS)? {
                all.entry(row.service_id.clone()).or_default().push(row);
            }
        }
        Ok(Self(all))
    }

    /// Notes on a result that has just arrived when an alert first told of it.
    pub(super) fn mark(&self, drill: &mut DrillRow) {
        let alerts = self.0.get(&drill.service_id).map(Vec::as_slice).unwrap_or_default();
        let first = alerts.iter().filter_map(|alert| lag(drill, alert)).min();
        drill.detected_ms = match (drill.detected_ms, first) {
            (Some(held), Some(first)) => Some(held.min(first)),
            (held, first) => held.or(first),
        };
    }
}
