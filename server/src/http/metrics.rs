//! Numbers for Prometheus: what the process counts itself, and what the database says at the time of asking.

use std::fmt::Write as _;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::outbox::Totals as Told;
use crate::app::people::passwords;
use crate::app::views::{FleetView, ServiceRow};
use crate::error::Result;

/// Media type of the classic text format.
pub const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    path: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    path: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByOutcome {
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByGrade {
    grade: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfCertificate {
    certificate: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfService {
    service: String,
    team: String,
    tier: i16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LookedUp {
    result: &'static str,
}

/// What the process counts.
pub struct Metrics {
    registry: Registry,
    hits: Counter,
    misses: Counter,
    answered: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram, fn() -> Histogram>,
}

/// What the database says.
#[derive(Debug, Default)]
pub struct Standings {
    /// All services together.
    pub fleet: Option<FleetView>,
    /// Services that hold a certificate: its id in the rulebook, how it stands, and how many.
    pub certificates: Vec<(String, &'static str, i64)>,
    /// Drill results by outcome.
    pub drills: Vec<(String, u64)>,
    /// Each service; empty unless the asker may see names.
    pub services: Vec<ServiceRow>,
    /// What the outbox comes to.
    pub told: Told,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let answered = Family::<Answered, Counter>::default();
        let seconds: Family<Asked, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let build = Family::<Build, Gauge>::default();
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION") }).set(1);
        let kept = Family::<LookedUp, Counter>::default();
        let hits = kept.get_or_create(&LookedUp { result: "hit" }).clone();
        let misses = kept.get_or_create(&LookedUp { result: "miss" }).clone();
        registry.register(
            "waterbear_http_cache_lookups",
            "Requests for an answer that may be kept, by whether it was",
            kept,
        );
        registry.register("waterbear_build_info", "The running version", build);
        registry.register("waterbear_http_requests", "Requests answered", answered.clone());
        registry.register(
            "waterbear_http_request_duration_seconds",
            "Time from the head of a request to the head of its answer",
            seconds.clone(),
        );
        Self { registry, hits, misses, answered, seconds }
    }

    /// Counts one look for a kept answer.
    pub fn looked_up(&self, hit: bool) {
        if hit { &self.hits } else { &self.misses }.inc();
    }

    /// Counts one request. Paths are those of the table, so that their number is bounded.
    pub fn observe(&self, method: &str, pattern: Option<&str>, status: u16, took: Duration) {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
        let method = known.iter().find(|word| **word == method).copied().unwrap_or("other");
        let path = pattern.unwrap_or("unmatched").to_owned();
        self.seconds.get_or_create(&Asked { method, path: path.clone() }).observe(took.as_secs_f64());
        self.answered.get_or_create(&Answered { method, path, status }).inc();
    }

    /// Everything, in the classic text format. Without standings the database did not answer.
    pub fn text(&self, standings: Option<&Standings>) -> Result<String> {
        let mut registry = Registry::default();
        let up: Gauge = Gauge::default();
        up.set(i64::from(standings.is_some()));
        registry.register("waterbear_database_up", "Whether the database answered", up);
        let compared: Counter = Counter::default();
        compared.inc_by(passwords::compared());
        registry.register(
            "waterbear_password_checks",
            "Passwords compared, for accounts that are there and accounts that are not",
            compared,
        );
        if let Some(standings) = standings {
            add_fleet(&mut registry, standings);
            add_services(&mut registry, &standings.services);
            add_told(&mut registry, standings.told);
        }
        let mut text = String::new();
        encode_registry(&mut text, &self.registry).map_err(anyhow::Error::new)?;
        encode_registry(&mut text, &registry).map_err(anyhow::Error::new)?;
        Ok(classic(&text))
    }
}

fn add_fleet(registry: &mut Registry, standings: &Standings) {
    let drills = Family::<ByOutcome, Counter>::default();
    for (outcome, count) in &standings.drills {
        drills.get_or_create(&ByOutcome { outcome: outcome.clone() }).inc_by(*count);
    }
    registry.register("waterbear_drills", "Drill results stored", drills);
    let certificates = Family::<OfCertificate, Gauge>::default();
    for (certificate, state, count) in &standings.certificates {
        certificates.get_or_create(&OfCertificate { certificate: certificate.clone(), state }).set(*count);
    }
    registry.register(
        "waterbear_certificates",
        "Services that hold a certificate, by its id in the rulebook and how it stands",
        certificates,
    );
    let Some(fleet) = &standings.fleet else { return };
    let grades = Family::<ByGrade, Gauge>::default();
    for count in &fleet.standing.grades {
        let grade = count.grade.clone().unwrap_or_else(|| "none".to_owned());
        grades.get_or_create(&ByGrade { grade }).set(count.services);
    }
    registry.register("waterbear_services", "Services by grade", grades);
    let plain: [(&str, &str, Option<i64>); 4] = [
        (
            "waterbear_fleet_score",
            "Mean score of graded services, 0 to 100",
            fleet.standing.score.map(i64::from),
        ),
        (
            "waterbear_fleet_coverage",
            "Mean share of points whose facts are known, in percent",
            Some(i64::from(fleet.standing.coverage)),
        ),
        (
            "waterbear_drill_regressions",
            "Drills that passed once and fail now",
            Some(fleet.standing.regressions),
        ),
        ("waterbear_teams", "Teams", Some(fleet.teams)),
    ];
    for (name, help, value) in plain {
        let Some(value) = value else { continue };
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
}

fn add_told(registry: &mut Registry, told: Told) {
    let gauges: [(&str, &str, i64); 4] = [
        ("waterbear_notification_targets", "Targets that are told", told.targets),
        ("waterbear_notification_targets_paused", "Targets that are paused", told.paused),
        ("waterbear_notification_targets_failing", "Targets that did not answer well lately", told.failing),
        ("waterbear_notifications_pending", "Messages that wait to be sent", told.pending),
    ];
    for (name, help, value) in gauges {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let ended = Family::<ByOutcome, Gauge>::default();
    for (outcome, count) in
        [("delivered", told.delivered), ("given_up", told.failed), ("skipped", told.skipped)]
    {
        ended.get_or_create(&ByOutcome { outcome: outcome.to_owned() }).set(count);
    }
    registry.register(
        "waterbear_notifications_ended",
        "Messages to present targets by how they ended; skipped: not told of yet",
        ended,
    );
}

fn add_services(registry: &mut Registry, services: &[ServiceRow]) {
    if services.is_empty() {
        return;
    }
    let scores = Family::<OfService, Gauge>::default();
    let coverage = Family::<OfService, Gauge>::default();
    for row in services {
        let labels = OfService {
            service: row.slug.clone(),
            team: row.team.as_ref().map_or_else(String::new, |team| team.slug.clone()),
            tier: row.tier,
        };
        if let Some(score) = row.score {
            scores.get_or_create(&labels).set(i64::from(score));
        }
        coverage.get_or_create(&labels).set(i64::from(row.coverage));
    }
    registry.register("waterbear_service_score", "Score of a service, 0 to 100", scores);
    registry.register(
        "waterbear_service_coverage",
        "Share of a service's points whose facts are known, in percent",
        coverage,
    );
}

/// OpenMetrics as the older format that every scraper reads: there a counter's family has the name of its samples.
fn classic(text: &str) -> String {
    let counters: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ").and_then(|l| l.strip_suffix(" counter")))
        .collect();
    let mut out = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(word), Some(name), Some(rest)) if counters.contains(&name) => {
                let _ = writeln!(out, "# {word} {name}_total {rest}");
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_the_names_of_their_samples() {
        let metrics = Metrics::new();
        metrics.observe("GET", Some("/api/v1/services"), 200, Duration::from_millis(3));
        metrics.observe("BREW", None, 404, Duration::from_millis(3));
        let text = metrics.text(None).unwrap();
        for line in [
            "# TYPE waterbear_http_requests_total counter",
            "waterbear_http_requests_total{method=\"GET\",path=\"/api/v1/services\",status=\"200\"} 1",
            "waterbear_http_requests_total{method=\"other\",path=\"unmatched\",status=\"404\"} 1",
            "waterbear_database_up 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("# EOF"));
    }

    #[test]
    fn label_values_are_escaped() {
        let drills = vec![("a\"b\\c\nd".to_owned(), 2)];
        let standings = Standings { drills, ..Standings::default() };
        let text = Metrics::new().text(Some(&standings)).unwrap();
        assert!(text.contains("waterbear_drills_total{outcome=\"a\\\"b\\\\c\\nd\"} 2"), "{text}");
    }
}
