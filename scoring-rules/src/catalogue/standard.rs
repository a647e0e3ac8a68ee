//! The facts the product itself knows, group by group.

use super::FactSpec;
use crate::fact::{FactType, Value};

/// The failure classes of drills, with how help names each.
const CLASSES: [(&str, &str); 14] = [
    ("cpu", "processors kept busy"),
    ("memory", "memory used up"),
    ("disk", "disk filled up"),
    ("network", "network cut or saturated"),
    ("dns", "name resolution failing"),
    ("clock", "clock skewed"),
    ("disk_write", "disk writes failing"),
    ("latency", "network latency added"),
    ("host_offline", "one host offline"),
    ("rack", "one rack offline"),
    ("data_centre", "one data centre offline"),
    ("dependency_error", "a dependency answering with errors"),
    ("dependency_delay", "a dependency answering late"),
    ("dependency_timeout", "a dependency not answering"),
];
const ROLLBACKS: [&str; 3] = ["code", "config", "schema"];
/// How long a figure measured in drills holds: a rehearsal half a year ago says little about today.
const MEASURED_DAYS: u32 = 180;
const SEND_FACT: &str = "Send it with POST /api/v1/facts (scope evidence:write): see /help/facts.";

const SEND_FLOW: &str = "Declare core flows with PUT /api/v1/flows/{slug} (scope catalog:write) and drill their dependencies: see /help/flows.";
const SEND_DEGRADER: &str = "Send settings and traffic with PUT /api/v1/services/{slug}/degrader (scope evidence:write), or let a source measure the traffic: see /help/degrader.";

/// A source of facts: what its facts have in common.
pub(super) struct Group<'a> {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) send: &'a str,
    pub(super) ttl_days: Option<u32>,
    pub(super) posted: bool,
}

impl Group<'_> {
    fn fact(
        &self,
        name: &str,
        kind: FactType,
        unit: &str,
        example: impl Into<Value>,
        help: &str,
    ) -> FactSpec {
        FactSpec {
            name: format!("{}.{name}", self.name),
            kind,
            unit: (!unit.is_empty()).then(|| unit.to_owned()),
            source: self.source.to_owned(),
            help: help.to_owned(),
            ttl_days: self.ttl_days,
            example: example.into(),
            posted: self.posted,
            send: self.send.to_owned(),
            choices: Vec::new(),
        }
    }

    pub(super) fn bool(&self, name: &str, help: &str) -> FactSpec {
        self.fact(name, FactType::Bool, "", true, help)
    }

    pub(super) fn int(&self, name: &str, unit: &str, example: i64, help: &str) -> FactSpec {
        self.fact(name, FactType::Int, unit, example, help)
    }

    fn number(&self, name: &str, unit: &str, example: f64, help: &str) -> FactSpec {
        self.fact(name, FactType::Number, unit, example, help)
    }

    fn choice(&self, name: &str, choices: &[&str], example: &'static str, help: &str) -> FactSpec {
        let mut spec = self.fact(name, FactType::Text, "", example, help);
        spec.choices = choices.iter().map(|&choice| choice.to_owned()).collect();
        spec
    }
}

/// All standard facts. The order is the slot order: add at the end of a group only with a new release.
pub(super) fn specs() -> Vec<FactSpec> {
    let mut all = service();
    all.extend(degrader());
    all.extend(rollback());
    all.extend(drills());
    all.extend(fallbacks());
    all.extend(learning());
    all.extend(evidence());
    all.extend(super::results::specs());
    all
}

fn service() -> Vec<FactSpec> {
    let group = Group {
        name: "service",
        source: "service catalog",
        send: "Set it in the catalog: PUT /api/v1/services/{slug}, or POST /api/v1/catalog/import.",
        ttl_days: None,
        posted: false,
    };
    vec![
        group.int("tier", "", 1, "How critical the service is: 1 is the most critical, 4 the least."),
        group.choice(
            "lifecycle",
            &["experimental", "production", "deprecated"],
            "production",
            "Where the service stands in its life.",
        ),
        group.fact("type", FactType::Text, "", "api", "The kind of service, as the catalog calls it."),
        group.fact(
            "labels",
            FactType::List,
            "",
            Value::List(vec!["pci".to_owned()]),
            "The labels of the service in the catalog.",
        ),
        group.bool("has_owner", "Whether a team owns the service."),
        group.bool("has_database", "Whether the catalog says that the service has a database."),
        group.int("age_days", "days", 400, "Days since the service entered the catalog."),
    ]
}

fn degrader() -> Vec<FactSpec> {
    let group = Group {
        name: "degrader",
        source: "degrader settings and their simulation",
        send: SEND_DEGRADER,
        ttl_days: Some(90),
        posted: false,
    };
    vec![
        group.bool("settings_known", "Whether the degrader settings in force are known."),
        group.int(
            "profile_age_days",
            "days",
            12,
            "Days since the traffic was as the simulation took it to be.",
        ),
        group.number(
            "tuning_score",
            "points",
            82.0,
            "How well the settings did in the simulation, 0 to 100.",
        ),
        group.number(
            "seconds_to_isolate",
            "seconds",
            15.0,
            "Seconds until a failing host is left out, simulated.",
        ),
        group.number(
            "leaked_ppm",
            "per million",
            800.0,
            "Requests that still met the failing host, simulated.",
        ),
        group.number(
            "false_drop_ppm",
            "per million",
            40.0,
            "Requests dropped with nothing wrong, simulated.",
        ),
        group.number(
            "points_from_recommended",
            "points",
            6.0,
            "Tuning points the recommended settings would add.",
        ),
        group.bool("profile_known", "Whether the traffic is known: how many calls, how long they take."),
        group.bool(
            "refuses_healthy",
            "Whether the settings refuse calls, or leave out hosts, while nothing fails; simulated.",
        ),
    ]
}

fn rollback() -> Vec<FactSpec> {
    let mut all = Vec::new();
    for what in ROLLBACKS {
        let send = format!("Post a drill result of kind rollback, failure {what}: see /help/rollback.");
        let group =
            Group { name: "rollback", source: "rollback drills", send: &send, ttl_days: None, posted: false };
        all.extend([
            group.int(
                &format!("{what}_days_since_passed"),
                "days",
                12,
                &format!("Days since a {what} rollback last passed."),
            ),
            group.choice(
                &format!("{what}_last_outcome"),
                &["passed", "failed"],
                "passed",
                &format!("How the last counted {what} rollback ended."),
            ),
            FactSpec {
                ttl_days: Some(MEASURED_DAYS),
                ..group.int(
                    &format!("{what}_median_seconds"),
                    "seconds",
                    240,
                    &format!("The median time of the last five {what} rollbacks that passed."),
                )
            },
        ]);
    }
    let group =
        Group { name: "rollback", source: "incidents", send: SEND_FACT, ttl_days: None, posted: true };
    all.push(group.int(
        "failed_in_incident_days",
        "days",
        9,
        "Days since a rollback failed during an incident; absent when none did.",
    ));
    all
}

fn drills() -> Vec<FactSpec> {
    let mut all = Vec::new();
    for (class, meaning) in CLASSES {
        let kind = if class.starts_with("dependency_") { "dependency" } else { "infrastructure" };
        let failure = class.trim_start_matches("dependency_");
        let send = format!("Post a drill result of kind {kind}, failure {failure}: see /help/drills.");
        let group =
            Group { name: "drills", source: "drill results", send: &send, ttl_days: None, posted: false };
        all.push(group.int(
            &format!("{class}_days_since_passed"),
            "days",
            12,
            &format!("Days since a drill with {meaning} last passed."),
        ));
        all.push(group.choice(
            &format!("{class}_last_outcome"),
            &["passed", "failed"],
            "passed",
            &format!("How the last counted drill with {meaning} ended."),
        ));
    }
    let group = Group {
        name: "drills",
        source: "drill results",
        send: "Post drill results with POST /api/v1/drills (scope drills:write): see /help/drills.",
        ttl_days: None,
        posted: false,
    };
    all.extend([
        group.int("expected", "drills", 12, "Drills the rules expect of this service."),
        group.int("fresh", "drills", 7, "Expected drills whose last pass is still fresh."),
        group.int("never_run", "drills", 2, "Expected drills that were never run."),
        group.bool("regressed", "Whether a drill that had passed failed in its last run."),
        FactSpec {
            ttl_days: Some(MEASURED_DAYS),
            ..group.number(
                "detected_share",
                "share",
                0.75,
                "Of the expected drills, the share that an alert noticed in at least one run, 0 to 1; absent while \
                 no drill says when an alert noticed it.",
            )
        },
    ]);
    all
}

fn fallbacks() -> Vec<FactSpec> {
    let group =
        Group { name: "fallbacks", source: "core flows", send: SEND_FLOW, ttl_days: None, posted: false };
    vec![
        group.int("flows", "flows", 3, "Core flows the service takes part in."),
        group.int("noncore_edges", "dependencies", 8, "Its non-core dependencies in these flows."),
        group.int("declared", "dependencies", 6, "Non-core dependencies with a declared fallback."),
        group.int("verified", "dependencies", 4, "Non-core dependencies whose fallback a drill proved."),
        group.int("stale", "dependencies", 1, "Non-core dependencies whose proof is out of date."),
        group.int("core_edges", "dependencies", 5, "Its core dependencies in these flows."),
        group.number(
            "coverage_pct",
            "percent",
            50.0,
            "Verified fallbacks per hundred non-core dependencies.",
        ),
    ]
}

fn learning() -> Vec<FactSpec> {
    let group = Group {
        name: "learning",
        source: "postmortems and their actions",
        send: SEND_FACT,
        ttl_days: Some(35),
        posted: true,
    };
    vec![
        group.int("incidents_90d", "incidents", 2, "Incidents of the last 90 days."),
        group.int("without_postmortem", "incidents", 0, "Incidents older than 14 days with no postmortem."),
        group.int("actions_open", "actions", 5, "Open follow-up actions."),
        group.int("actions_overdue", "actions", 0, "Open actions past their due date."),
        group.int("actions_undated", "actions", 1, "Open actions with no owner or no due date."),
        group.int("repeats", "incidents", 1, "Incidents whose cause had been seen before."),
        group.int("repeats_handled", "incidents", 1, "Repeats with an action that a drill proved."),
        group.number("median_days_to_close", "days", 11.0, "The median days from an action to its closing."),
    ]
}

fn evidence() -> Vec<FactSpec> {
    let group = Group {
        name: "evidence",
        source: "the evidence itself",
        send: "It is counted from all evidence of the service: see /help/facts.",
        ttl_days: None,
        posted: false,
    };
    vec![
        group.number("proven_share", "share", 0.6, "Share of the evidence sent with a proven CI identity."),
        group.number("declared_share", "share", 0.1, "Share of the evidence that a person typed in."),
    ]
}
