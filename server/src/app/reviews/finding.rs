//! What a look found, and the window of time it looked at.

use super::kind::ReviewKind;
use crate::app::App;
use crate::app::retention::first_id;
use crate::error::Result;
use crate::store;
use crate::store::reviews::SeenDrill;
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// One thing that was noticed.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) kind: ReviewKind,
    /// About a service, or, where none is named, about the team.
    pub(super) service_id: Option<String>,
    pub(super) team_id: Option<String>,
    /// What tells it apart: the same mark is never brought up twice.
    pub(super) mark: String,
    pub(super) at: Timestamp,
    pub(super) sentence: String,
    pub(super) drill_id: Option<String>,
    /// Position of the event behind it.
    pub(super) seq: Option<i64>,
}

impl Finding {
    /// About a service.
    pub(super) fn of_service(
        kind: ReviewKind,
        service: &ServiceRow,
        mark: impl Into<String>,
        (at, sentence): (Timestamp, String),
    ) -> Self {
        Self {
            kind,
            service_id: Some(service.id.clone()),
            team_id: service.team_id.clone(),
            mark: mark.into(),
            at,
            sentence,
            drill_id: None,
            seq: None,
        }
    }

    /// About a team.
    pub(super) fn of_team(
        kind: ReviewKind,
        team_id: &str,
        mark: impl Into<String>,
        (at, sentence): (Timestamp, String),
    ) -> Self {
        Self {
            kind,
            service_id: None,
            team_id: Some(team_id.to_owned()),
            mark: mark.into(),
            at,
            sentence,
            drill_id: None,
            seq: None,
        }
    }

    /// The same, shown by a drill.
    pub(super) fn by_drill(mut self, id: &str) -> Self {
        self.drill_id = Some(id.to_owned());
        self
    }

    /// The same, shown by an event.
    pub(super) fn by_event(mut self, seq: i64) -> Self {
        self.seq = Some(seq);
        self
    }

    /// Id of what it is about; none where a service has no team and none is named.
    pub(super) fn subject(&self) -> Option<&str> {
        self.service_id.as_deref().or(self.team_id.as_deref())
    }
}

/// Results read together.
const PART: i64 = 2_000;

/// What one look goes through.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// What arrived from here on; a little more than since the last look, as transactions may end late.
    pub(super) from: Timestamp,
    /// Up to here.
    pub(super) to: Timestamp,
    /// Events after this position.
    pub(super) seq: i64,
}

impl Window {
    /// Calls for the results that arrived in it, and up to so many days before it, in parts, each in a read of its own.
    pub(super) fn each_part(
        &self,
        app: &App,
        days_before: i64,
        mut f: impl FnMut(Vec<SeenDrill>) -> Result<()>,
    ) -> Result<()> {
        let (mut after, to) = self.ids();
        if days_before > 0 {
            after = first_id(self.from.plus_days(-days_before));
        }
        loop {
            let rows =
                app.read_now(|tx| Ok(store::reviews::drills_between(tx.conn, (&after, &to), PART)?))?;
            let more = rows.len() as i64 == PART;
            if let Some(last) = rows.last() {
                after.clone_from(&last.id);
            }
            f(rows)?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Ids of what arrived in it: after the first and below the second.
    pub(super) fn ids(&self) -> (String, String) {
        (first_id(self.from), first_id(Timestamp(self.to.0 + 1)))
    }
}

/// A day for a sentence.
pub(super) fn day(at: Timestamp) -> String {
    at.to_datetime().format("%-d %B %Y").to_string()
}
