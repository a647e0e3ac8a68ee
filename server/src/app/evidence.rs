//! The evidence of services: where each drill identity stands, and posted facts, as grading reads them.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::ser::SerializeTuple;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use scoring_rules::{Flaky, MOST_RUNS};

use super::state;
use crate::error::Result;
use crate::store::evidence::EvidenceRow;
use crate::store::{self, Conn};
use crate::types::{Outcome, Timestamp};

/// Days within which a drill that was repaired is told of.
const FIXED_DAYS: i64 = 90;

/// Where one identity (failure, target, environment) of a service stands, folded from its counted drills.
///
/// Kept as a JSON list in the order of the fields: names in every row would double what grading reads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct State {
    /// Code of the failure class.
    pub failure: i16,
    /// What is hit; may be empty.
    pub target: String,
    /// Where; may be empty.
    pub environment: String,
    /// The last counted drill.
    pub last_drill_id: String,
    /// What it counted as.
    pub last_verdict: i16,
    /// When it ended.
    pub last_at: i64,
    /// Class of its evidence.
    pub last_class: i16,
    /// An alert noticed some drill of this identity.
    pub detected: bool,
    /// Who sent the last drill.
    pub last_sender: String,
    /// The last drill that passed.
    pub passed_drill_id: Option<String>,
    /// When it ended.
    pub passed_at: Option<i64>,
    /// Class of its evidence.
    pub passed_class: Option<i16>,
    /// Who sent it.
    pub passed_sender: Option<String>,
    /// Since when it fails after it had passed.
    pub regressed_at: Option<i64>,
    /// Durations of the last passed rollbacks, in milliseconds, oldest first.
    pub recent_ms: Vec<i64>,
    /// How its last counted drills ended, see [`State::runs`]; 0 where that was not kept yet.
    #[serde(default)]
    pub recent_runs: u8,
}

impl State {
    /// What tells identities of one service apart, in the order they are kept.
    pub fn key(&self) -> (i16, &str, &str) {
        (self.failure, &self.target, &self.environment)
    }

    /// Whether its last drills passed, newest first; five at most.
    pub fn runs(&self) -> impl Iterator<Item = bool> {
        let kept = self.kept_runs();
        (0..kept.ilog2()).map(move |bit| (kept >> bit) & 1 == 1)
    }

    /// A one, and behind it a bit a run; of before runs were kept, the last one.
    fn kept_runs(&self) -> u8 {
        match (self.recent_runs, self.last_verdict) {
            (0 | 1, 0) => 1,
            (0 | 1, last) => 0b10 | u8::from(last == Outcome::Passed.code()),
            (kept, _) => kept,
        }
    }

    /// Notes one run more.
    pub fn ran(&mut self, passed: bool) {
        let all = (u16::from(self.kept_runs()) << 1) | u16::from(passed);
        let most = 1 << MOST_RUNS;
        let kept = if all >= 2 * most { (all % most) | most } else { all };
        self.recent_runs = u8::try_from(kept).unwrap_or(u8::MAX);
    }

    /// Whether the drill counts as passed.
    pub fn holds(&self, flaky: Flaky) -> bool {
        flaky.holds(self.runs())
    }

    /// Whether it regressed: it had passed, it failed since, and more often than its rule lets it.
    pub fn regressed(&self, flaky: Flaky) -> bool {
        self.regressed_at.is_some() && !self.holds(flaky)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_tuple(16)?;
        list.serialize_element(&self.failure)?;
        list.serialize_element(&self.target)?;
        list.serialize_element(&self.environment)?;
        list.serialize_element(&self.last_drill_id)?;
        list.serialize_element(&self.last_verdict)?;
        list.serialize_element(&self.last_at)?;
        list.serialize_element(&self.last_class)?;
        list.serialize_element(&self.detected)?;
        list.serialize_element(&self.last_sender)?;
        list.serialize_element(&self.passed_drill_id)?;
        list.serialize_element(&self.passed_at)?;
        list.serialize_element(&self.passed_class)?;
        list.serialize_element(&self.passed_sender)?;
        list.serialize_element(&self.regressed_at)?;
        list.serialize_element(&self.recent_ms)?;
        list.serialize_element(&self.recent_runs)?;
        list.end()
    }
}

/// The newest value of a posted fact, kept as a JSON list like [`State`].
#[derive(Clone, Debug, Deserialize)]
pub struct Posted {
    /// Name in the catalogue.
    pub fact: String,
    /// Its value, as JSON.
    pub value: Box<RawValue>,
    /// The instant it tells of.
    pub as_of: i64,
    /// Class of the evidence.
    pub class: i16,
    /// Who sent it.
    pub sender: String,
    /// When it arrived.
    pub received_at: i64,
}

impl Serialize for Posted {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        (&self.fact, &self.value, self.as_of, self.class, &self.sender, self.received_at)
            .serialize(serializer)
    }
}

/// The evidence of one service: states in the order of their keys, facts in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct ServiceEvidence {
    /// One for each drill identity.
    pub states: Vec<State>,
    /// One for each posted fact.
    pub posted: Vec<Posted>,
}

impl ServiceEvidence {
    /// Reads what is stored.
    pub fn of_row(row: &EvidenceRow) -> Result<Self> {
        let place = |what: &str| format!("{what} in the evidence of service {}", row.service_id);
        Ok(Self {
            states: serde_json::from_str(&row.states).with_context(|| place("states"))?,
            posted: serde_json::from_str(&row.posted).with_context(|| place("posted"))?,
        })
    }

    /// What is stored.
    pub fn row(&self, service_id: &str) -> Result<EvidenceRow> {
        Ok(EvidenceRow {
            service_id: service_id.to_owned(),
            states: serde_json::to_string(&self.states).map_err(anyhow::Error::new)?,
            posted: serde_json::to_string(&self.posted).map_err(anyhow::Error::new)?,
        })
    }

    /// Drills that failed among their last runs and, newer than that and within 90 days before `now`, passed.
    pub fn drills_fixed(&self, now: Timestamp) -> i64 {
        let since = now.plus_days(-FIXED_DAYS).0;
        let is_fixed = |state: &&State| {
            let mut runs = state.runs();
            runs.next() == Some(true) && runs.any(|passed| !passed) && state.passed_at >= Some(since)
        };
        self.states.iter().filter(is_fixed).count() as i64
    }

    fn place(&self, key: (i16, &str, &str)) -> std::result::Result<usize, usize> {
        self.states.binary_search_by(|s| s.key().cmp(&key))
    }

    /// The state of one identity.
    pub fn state(&self, key: (i16, &str, &str)) -> Option<&State> {
        self.place(key).ok().and_then(|at| self.states.get(at))
    }

    /// Writes the state of one identity.
    pub fn put_state(&mut self, state: State) {
        match self.place(state.key()) {
            Ok(at) => {
                if let Some(slot) = self.states.get_mut(at) {
                    *slot = state;
                }
            }
            Err(at) => self.states.insert(at, state),
        }
    }

    /// Forgets the state of one identity.
    pub fn remove_state(&mut self, key: (i16, &str, &str)) {
        if let Ok(at) = self.place(key) {
            self.states.remove(at);
        }
    }

    /// The newest value of a posted fact.
    pub fn posted_fact(&self, fact: &str) -> Option<&Posted> {
        let at = self.posted.binary_search_by(|p| p.fact.as_str().cmp(fact)).ok()?;
        self.posted.get(at)
    }

    /// Takes a posted value unless what is known is newer or says the same; true if it was taken.
    pub fn post(&mut self, fact: Posted) -> bool {
        match self.posted.binary_search_by(|p| p.fact.as_str().cmp(&fact.fact)) {
            Ok(at) => {
                let Some(held) = self.posted.get_mut(at) else { return false };
                let same = held.value.get() == fact.value.get();
                let news = held.as_of < fact.as_of || (held.as_of == fact.as_of && !same);
                if news {
                    *held = fact;
                }
                news
            }
            Err(at) => {
                self.posted.insert(at, fact);
                true
            }
        }
    }
}

/// The evidence of several services; of those without any it is empty.
#[derive(Debug, Default)]
pub struct Evidence {
    by_service: BTreeMap<String, ServiceEvidence>,
    none: ServiceEvidence,
}

impl Evidence {
    fn of_rows(rows: &[EvidenceRow]) -> Result<Self> {
        let mut by_service = BTreeMap::new();
        for row in rows {
            by_service.insert(row.service_id.clone(), ServiceEvidence::of_row(row)?);
        }
        Ok(Self { by_service, ..Self::default() })
    }

    /// All services with `lo <= id <= hi`: one query, whatever the range.
    pub fn between(conn: &mut Conn, lo: &str, hi: &str) -> Result<Self> {
        Self::of_rows(&store::evidence::between(conn, lo, hi)?)
    }

    /// These services.
    pub fn of_services(conn: &mut Conn, ids: &[String]) -> Result<Self> {
        Self::of_rows(&store::evidence::of(conn, ids)?)
    }

    /// The evidence of one service as it stood at `by`, folded from the kept results.
    pub fn as_of(conn: &mut Conn, service_id: &str, by: Timestamp) -> Result<Self> {
        let mut evidence = ServiceEvidence {
            states: state::fold(&store::drills::counted(conn, service_id, by.0)?),
            posted: Vec::new(),
        };
        // Oldest first: of equal instants the later arrival stands.
        for row in store::facts::history(conn, service_id, by.0)? {
            let value = RawValue::from_string(row.value).map_err(anyhow::Error::new)?;
            evidence.post(Posted {
                fact: row.fact,
                value,
                as_of: row.as_of,
                class: row.evidence_class,
                sender: row.sender,
                received_at: row.received_at,
            });
        }
        Ok(Self { by_service: BTreeMap::from([(service_id.to_owned(), evidence)]), ..Self::default() })
    }

    /// The evidence of one service.
    pub fn of(&self, service_id: &str) -> &ServiceEvidence {
        self.by_service.get(service_id).unwrap_or(&self.none)
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, service_id: &str) -> &mut ServiceEvidence {
        self.by_service.entry(service_id.to_owned()).or_default()
    }

    /// Where the drills of one service stand.
    pub fn states(&self, service_id: &str) -> &[State] {
        &self.of(service_id).states
    }
}
