//! Settings of any dialect, judged and compared: one call for all of them.

use serde::{Deserialize, Serialize};

use super::super::tuner::compare;
use super::super::{
    D2, Defence, Field, Group, HealthyDay, Judged, Recommended, Relative, Remark, Replay, Scenario, Traffic,
    Tunable, Tuning, judge, tune, tune_relative,
};
use super::remarks::remarks;
use super::settings::each;
use super::table::Table;
use super::{Dialect, Envoy, Finagle, Grpc, Istio, Resilience4j, Settings};

/// How good settings are on a service's traffic, and what to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Score, replays, what to change and how far to trust it.
    pub tuning: Tuning<Settings>,
    /// Whether the tool can isolate a single host at all, set up as it is. Where it cannot, the score says nothing.
    pub applicable: bool,
    /// Words for people: what the dialect cannot see and what it needs beside it.
    pub sight: Sight,
}

/// What a dialect sees of a failing host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// Whether it looks at latency itself.
    pub sees_latency: bool,
    /// What it cannot see, in a sentence.
    pub blind_to: String,
    /// What is paired with it for that, in a sentence; empty: nothing is needed.
    pub paired_with: String,
}

/// Judges current settings of any dialect on a service's traffic, finds better ones, and says what to change.
pub fn assess(settings: &Settings, traffic: &Traffic) -> Assessment {
    let tuning = match settings {
        Settings::D2(of) => wrapped(tune(of, traffic), Settings::D2),
        Settings::Relative(of) => wrapped(tune_relative(of, traffic), Settings::Relative),
        other => compare(other, Settings::recommend(other.dialect(), traffic), traffic),
    };
    Assessment { tuning, applicable: settings.isolates_single_hosts(), sight: settings.dialect().sight() }
}

/// The same tuning, of settings of any dialect.
fn wrapped<S>(tuning: Tuning<S>, wrap: fn(S) -> Settings) -> Tuning<Settings> {
    Tuning {
        current: tuning.current,
        best: tuning.best,
        best_settings: wrap(tuning.best_settings),
        score: tuning.score,
        recommended: tuning.recommended.map(|found| Recommended {
            settings: wrap(found.settings),
            judged: found.judged,
            score: found.score,
            changes: found.changes,
        }),
        confidence: tuning.confidence,
        calls_per_window: tuning.calls_per_window,
        calls_per_window_at_night: tuning.calls_per_window_at_night,
        hard_failures: tuning.hard_failures,
        refusals: tuning.refusals,
        notes: tuning.notes,
        not_modelled: tuning.not_modelled,
    }
}

impl Settings {
    /// Judges the settings on some traffic.
    pub fn judge(&self, traffic: &Traffic) -> Judged {
        judge(self, traffic)
    }

    /// The settings that the dialect's formulas give for some traffic.
    pub fn recommend(dialect: Dialect, traffic: &Traffic) -> Self {
        match dialect {
            Dialect::D2 => Self::D2(tune(&D2::default(), traffic).best_settings),
            Dialect::Relative => Self::Relative(tune_relative(&Relative::default(), traffic).best_settings),
            Dialect::Envoy => Self::Envoy(Envoy::recommend(traffic)),
            Dialect::Grpc => Self::Grpc(Grpc::recommend(traffic)),
            Dialect::Istio => Self::Istio(Istio::recommend(traffic)),
            Dialect::Resilience4j => Self::Resilience4j(Resilience4j::recommend(traffic)),
            Dialect::Finagle => Self::Finagle(Finagle::recommend(traffic)),
        }
    }

    /// Whether the tool can isolate a single host, set up like this.
    fn isolates_single_hosts(&self) -> bool {
        !matches!(self, Self::Resilience4j(of) if !of.keyed_per_host)
    }
}

impl Dialect {
    /// What it sees of a failing host, in words.
    pub fn sight(self) -> Sight {
        let (sees_latency, blind_to, paired_with) = match self {
            Self::D2 | Self::Relative => {
                (true, "Errors, as long as the error marks stand at their defaults of 1.1: never.", "")
            }
            Self::Envoy => (
                false,
                "Latency: a slow host is as good as a fast one until its calls fail.",
                "`per_try_timeout` of the route, which turns slow calls into errors that are counted.",
            ),
            Self::Grpc => (
                false,
                "Latency: a slow host is as good as a fast one until its calls fail. Failures in a row: only shares of \
                 a whole interval count.",
                "A `timeout` in `methodConfig`, which turns slow calls into errors that are counted.",
            ),
            Self::Istio => (
                false,
                "Latency, and the share of errors: only failures in a row count, and at 20 % errors five in a row take \
                 thousands of calls.",
                "`perTryTimeout` of the VirtualService, which turns slow calls into errors that are counted.",
            ),
            Self::Resilience4j => (
                true,
                "Hosts: a breaker guards whatever it is named for, usually a whole dependency, and one bad host of many \
                 never opens it.",
                "One breaker for each host, and a time limiter, since a call that never returns is never counted.",
            ),
            Self::Finagle => (
                false,
                "Latency, and HTTP errors where no response classifier makes them failures.",
                "A request timeout, which turns slow calls into failures, and a response classifier.",
            ),
        };
        Sight { sees_latency, blind_to: blind_to.into(), paired_with: paired_with.into() }
    }
}

impl Defence for Settings {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        each!(self, of => of.replay(traffic, scenario, curve))
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        each!(self, of => of.healthy_day(traffic))
    }
}

impl Tunable for Settings {
    fn fields(&self) -> Vec<Field> {
        match self {
            Self::D2(of) => of.fields(),
            Self::Relative(of) => of.fields(),
            _ => {
                let rows = self.rows().into_iter();
                rows.map(|row| Field { key: row.key, value: row.value, group: row.group }).collect()
            }
        }
    }

    fn take(&mut self, group: Group, other: &Self) {
        match (self, other) {
            (Self::D2(to), Self::D2(from)) => to.take(group, from),
            (Self::Relative(to), Self::Relative(from)) => to.take(group, from),
            (Self::Envoy(to), Self::Envoy(from)) => to.take_group(group, from),
            (Self::Grpc(to), Self::Grpc(from)) => to.take_group(group, from),
            (Self::Istio(to), Self::Istio(from)) => to.take_group(group, from),
            (Self::Resilience4j(to), Self::Resilience4j(from)) => to.take_group(group, from),
            (Self::Finagle(to), Self::Finagle(from)) => to.take_group(group, from),
            // Values of another tool mean nothing here.
            _ => {}
        }
    }

    fn with_defaults(&self) -> Self {
        match self {
            Self::D2(of) => Self::D2(of.with_defaults()),
            Self::Relative(of) => Self::Relative(of.with_defaults()),
            other => Self::defaults(other.dialect()),
        }
    }

    fn window_ms(&self) -> f64 {
        match self {
            Self::D2(of) => of.window_ms(),
            Self::Relative(of) => of.window_ms(),
            Self::Envoy(of) => of.interval as f64,
            Self::Grpc(of) => of.interval as f64,
            Self::Istio(of) => of.interval as f64,
            Self::Resilience4j(of) => of.window_ms(),
            Self::Finagle(of) => of.window as f64,
        }
    }

    fn refusals(&self, traffic: &Traffic) -> Vec<Remark> {
        match self {
            Self::D2(of) => of.refusals(traffic),
            Self::Relative(of) => of.refusals(traffic),
            _ => Vec::new(),
        }
    }

    fn notes(&self, traffic: &Traffic) -> Vec<Remark> {
        match self {
            Self::D2(of) => of.notes(traffic),
            Self::Relative(of) => of.notes(traffic),
            _ => remarks(self, traffic),
        }
    }
}
