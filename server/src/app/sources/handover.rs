//! What a source said of a service, handed to the degrader of the service; what has hardly moved is not.

use scoring_rules::degrader::{Profile, has_moved};

use super::Collected;
use crate::app::Tx;
use crate::app::degrader::{self, Instance, Measured};
use crate::error::Result;
use crate::store;
use crate::store::services::ServiceRow;
use crate::types::DAY_MS;

/// After this time also what has not moved is handed over, so that it does not grow old.
const REFRESH_MS: i64 = DAY_MS * 4 / 5;

/// Hands it over, unless nothing may be concluded from it or nothing is new.
pub(super) fn hand_over(tx: &mut Tx<'_>, service: &ServiceRow, collected: &Collected) -> Result<()> {
    match news(tx, service, collected)? {
        Some(found) => degrader::measured(tx, service, &found).map(|_| ()),
        None => Ok(()),
    }
}

/// Does of [`hand_over`] what takes long.
pub(super) fn rehearse(tx: &mut Tx<'_>, service: &ServiceRow, collected: &Collected) -> Result<()> {
    match news(tx, service, collected)? {
        Some(found) => degrader::rehearse_measured(tx, service, &found),
        None => Ok(()),
    }
}

fn news(tx: &mut Tx<'_>, service: &ServiceRow, collected: &Collected) -> Result<Option<Measured>> {
    let Some(profile) = &collected.profile else { return Ok(None) };
    if collected.refusals().next().is_some() {
        return Ok(None);
    }
    let row = store::degraders::of(tx.conn, &service.id)?;
    let known = row.as_ref().and_then(|r| r.profile.as_deref()).and_then(|t| serde_json::from_str(t).ok());
    let found = Measured {
        source: collected.source.clone(),
        profile: with_what_was_told(profile, known.as_ref()),
        instances: instances(collected),
        at: collected.at,
    };
    if let (Some(row), Some(known)) = (&row, &known) {
        let own = row.observed && row.profile_from == collected.source;
        let fresh = row.profile_at.is_some_and(|at| collected.at.0 - at < REFRESH_MS);
        let before: Vec<Instance> = serde_json::from_str(&row.instances).unwrap_or_default();
        if own && fresh && alike(known, &found.profile) && odd(&before) == odd(&found.instances) {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// Telemetry of hosts knows neither their callers nor what callers can bear: that stays as it was told.
fn with_what_was_told(found: &Profile, known: Option<&Profile>) -> Profile {
    let Some(known) = known else { return found.clone() };
    Profile {
        clients: found.clients.or(known.clients),
        timeout_ms: known.timeout_ms,
        slo_ms: known.slo_ms,
        ..found.clone()
    }
}

fn instances(collected: &Collected) -> Vec<Instance> {
    let one = |seen: &super::InstanceSeen| Instance {
        name: seen.name.clone(),
        qps: seen.calls_per_second,
        p99_ms: seen.p99_ms,
        error_rate: seen.error_rate.unwrap_or(0.0),
        bad: seen.stands_out,
    };
    collected.instances.iter().map(one).collect()
}

fn odd(instances: &[Instance]) -> Vec<&str> {
    instances.iter().filter(|i| i.bad).map(|i| i.name.as_str()).collect()
}

/// Whether two profiles would be judged alike.
fn alike(a: &Profile, b: &Profile) -> bool {
    matches!((a.check(), b.check()), (Ok(a), Ok(b)) if !has_moved(&a, &b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile(qps: f64, p99: f64, hosts: u32) -> Profile {
        let text = json!({"hosts": hosts, "qps": qps, "latency": {"p50_ms": 10.0, "p99_ms": p99}});
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn only_what_has_moved_is_handed_over() {
        let usual = profile(1_000.0, 40.0, 20);
        assert!(alike(&usual, &profile(1_030.0, 40.5, 20)));
        for moved in [profile(1_100.0, 40.0, 20), profile(1_000.0, 60.0, 20), profile(1_000.0, 40.0, 22)] {
            assert!(!alike(&usual, &moved), "{moved:?}");
        }
        assert!(!alike(&usual, &Profile { error_rate: 0.01, ..usual.clone() }));
        assert!(!alike(&usual, &Profile { clients: Some(20), ..usual.clone() }), "told is not assumed");
    }

    #[test]
    fn what_only_the_callers_know_stays_as_they_told_it() {
        let known =
            Profile { clients: Some(7), timeout_ms: 250.0, slo_ms: Some(80.0), ..profile(1.0, 20.0, 2) };
        let merged = with_what_was_told(&profile(1_000.0, 40.0, 20), Some(&known));
        assert_eq!((merged.clients, merged.timeout_ms, merged.slo_ms), (Some(7), 250.0, Some(80.0)));
        assert_eq!((merged.hosts, merged.qps), (20, 1_000.0));
    }
}
