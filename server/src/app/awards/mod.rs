//! Certificates and badges: held by services, moved on in the same pass that judges, shown to readers and to verifiers.

mod badge;
mod issue;
mod proof;
mod show;
mod turn;

use std::collections::HashMap;

use scoring_rules::{AwardKind, Standing, StandingState};

pub use badge::{Badge, Show, Tone, badge, unknown_badge};
pub use issue::{achievement, credential, issuer, issuer_base, status_list, status_number};
pub use show::{calendar, certificate, evidence, held, of_scorecard};
pub(in crate::app) use turn::{Changed, Turn, Turning, write};

use crate::error::Result;
use crate::store::awards::AwardRow;
use crate::store::{self, Conn};

/// Stored code of an award that is in force.
pub(in crate::app) const IN_FORCE: i16 = 1;
/// Stored codes of an award that is held: in force, on hold, suspended.
const HELD: [i16; 3] = [IN_FORCE, 2, 3];
/// Stored code of an award that is revoked.
const REVOKED: i16 = 4;
/// Stored code of an award that lapsed, or is no longer true.
const LAPSED: i16 = 5;

/// The stored code of a kind.
pub const fn kind_code(kind: AwardKind) -> i16 {
    match kind {
        AwardKind::Certificate => store::awards::CERTIFICATE,
        AwardKind::Badge => 2,
    }
}

const fn state_code(state: StandingState) -> i16 {
    match state {
        StandingState::Good => IN_FORCE,
        StandingState::OnHold => 2,
        StandingState::Suspended => 3,
    }
}

/// The word of a stored state.
pub const fn state_word(code: i16) -> &'static str {
    match code {
        IN_FORCE => "certified",
        2 => "on_hold",
        3 => "suspended",
        REVOKED => "revoked",
        _ => "lapsed",
    }
}

/// How a stored award that is held stands.
fn standing_of(row: &AwardRow) -> Standing {
    Standing {
        state: match row.state {
            2 => StandingState::OnHold,
            3 => StandingState::Suspended,
            _ => StandingState::Good,
        },
        earned_ms: row.earned_at,
        renewed_ms: row.renewed_at,
        until_ms: row.valid_until,
        bad_since_ms: row.bad_since,
        warned: row.warned,
    }
}

/// The awards that services hold, by service.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Held(HashMap<String, Vec<AwardRow>>);

impl Held {
    fn of(rows: Vec<AwardRow>) -> Self {
        let mut held: HashMap<String, Vec<AwardRow>> = HashMap::new();
        for row in rows {
            held.entry(row.service_id.clone()).or_default().push(row);
        }
        Self(held)
    }

    /// Of services with `lo <= id <= hi`.
    pub(in crate::app) fn between(conn: &mut Conn, lo: &str, hi: &str) -> Result<Self> {
        Ok(Self::of(store::awards::held_between(conn, lo, hi)?))
    }

    /// Of these services.
    pub(in crate::app) fn of_services(conn: &mut Conn, ids: &[String]) -> Result<Self> {
        Ok(Self::of(store::awards::held_by(conn, ids)?))
    }

    /// What one service holds.
    pub(in crate::app) fn by(&self, service_id: &str) -> &[AwardRow] {
        self.0.get(service_id).map_or(&[], Vec::as_slice)
    }

    /// Takes in what has changed.
    pub(in crate::app) fn take(&mut self, turn: &Turn) {
        for changed in &turn.changed {
            let held = self.0.entry(changed.row.service_id.clone()).or_default();
            held.retain(|row| row.id != changed.row.id);
            if changed.row.ended_at.is_none() {
                held.push(changed.row.clone());
            }
        }
    }
}
