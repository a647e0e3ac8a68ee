//! One pass over services: each judged, what is remembered of it and its awards moved on, only what changed kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use scoring_rules::Record;
use serde_json::json;

use super::verdicts::Changed;
use super::{Cause, Judged, Verdicts, attributes, judge, moves, same_on_scorecard, same_row, score_row};
use crate::app::awards::{Held, Turn, Turning};
use crate::app::evidence::ServiceEvidence;
use crate::app::{Book, Tx, sentences};
use crate::clock::Clock;
use crate::store::events::NewEvent;
use crate::store::grades::{HistoryRow, ScoreRow};
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// A pass of the rulebook over services, in memory.
pub(in crate::app) struct Pass<'a> {
    book: Arc<Book>,
    now: Timestamp,
    actor: &'a str,
    clock: &'a dyn Clock,
    cause: Cause,
    held: Held,
    /// Services of which a drill has regressed since they were judged, even if it recovered at once.
    regressed: BTreeSet<String>,
    verdicts: Verdicts,
}

/// What judging one service came to.
pub(in crate::app) struct Passed {
    /// Its score.
    pub(in crate::app) row: ScoreRow,
    /// Ids of certificates and badges that it earned by it.
    pub(in crate::app) earned: Vec<String>,
}

impl<'a> Pass<'a> {
    /// Judges as of `tx.now` by the rulebook in force; `held` are the awards of all services to be judged.
    pub(in crate::app) fn new(tx: &Tx<'a>, cause: Cause, held: Held) -> Self {
        Self {
            book: Arc::clone(&tx.book),
            now: tx.now,
            actor: &tx.actor.name,
            clock: tx.clock,
            cause,
            held,
            regressed: BTreeSet::new(),
            verdicts: Verdicts::default(),
        }
    }

    /// Tells of services of which a drill has regressed.
    pub(in crate::app) fn regressed(mut self, services: BTreeSet<String>) -> Self {
        self.regressed = services;
        self
    }

    /// Judges one service and keeps what changed.
    pub(in crate::app) fn judge(
        &mut self,
        service: &ServiceRow,
        evidence: &ServiceEvidence,
        before: Option<&ScoreRow>,
    ) -> Passed {
        let book = Arc::clone(&self.book);
        let book = &book.rulebook;
        let now = self.instant(before);
        let mut judged = judge(book, &self.book.slots, service, evidence, now, false);
        let mut after = score_row(book, service, &judged, now);
        after.steady_since = self.steady(service, evidence, before, &after);
        let shown_same = before.is_some_and(|b| same_on_scorecard(b, &after));
        if shown_same && let Some(b) = before {
            after.changed_at = b.changed_at;
        }
        let turn = self.turn(service, evidence, before, &mut judged, &mut after);
        let earned = turn.earned.clone();
        let same = before.is_some_and(|b| same_row(b, &after) && b.record == after.record);
        // New evidence is judged as of now even if it moves nothing: the row says as of when the grade holds.
        if self.cause == Cause::Evidence || !same || !turn.changed.is_empty() {
            let (history, event) = if shown_same { (None, None) } else { self.tell(service, before, &after) };
            let events = event.into_iter().chain(turn.events).collect();
            let (awards, withdrawn) = (turn.changed, turn.withdrawn);
            let change =
                Changed { before: before.cloned(), after: after.clone(), history, events, awards, withdrawn };
            self.verdicts.changes.push(change);
        }
        Passed { row: after, earned }
    }

    /// Since when no drill has regressed. It counts from when a result arrived here, whatever day it tells of.
    fn steady(
        &self,
        service: &ServiceRow,
        evidence: &ServiceEvidence,
        before: Option<&ScoreRow>,
        after: &ScoreRow,
    ) -> Option<i64> {
        let held = before.and_then(|b| b.steady_since);
        let broke =
            self.regressed.contains(&service.id) || before.is_some_and(|b| after.regressions > b.regressions);
        match held {
            _ if evidence.states.is_empty() => held,
            Some(since) if !broke => Some(since),
            _ => Some(after.graded_at),
        }
    }

    /// Moves what is remembered of the service, and its awards, on to what was judged.
    fn turn(
        &mut self,
        service: &ServiceRow,
        evidence: &ServiceEvidence,
        before: Option<&ScoreRow>,
        judged: &mut Judged,
        after: &mut ScoreRow,
    ) -> Turn {
        let book = &self.book.rulebook;
        let now = Timestamp(after.graded_at);
        let mut record: Record =
            before.and_then(|b| serde_json::from_str(&b.record).ok()).unwrap_or_default();
        record.take(book, &judged.grade, after.regressions, before.map(|b| b.changed_at), now.0);
        let turning = Turning {
            book,
            slots: &self.book.slots,
            service,
            evidence,
            clock: self.clock,
            actor: self.actor,
            now,
        };
        let turn = turning.turn(judged, &mut record, self.held.by(&service.id));
        self.held.take(&turn);
        if let Some(b) = before.filter(|_| !record.moved()) {
            after.record.clone_from(&b.record);
        } else {
            record.forget_met(|key| book.awards().iter().any(|award| award.since_key() == key));
            after.record = serde_json::to_string(&record).unwrap_or_default();
        }
        turn
    }

    /// When a service is judged: never before it was judged last. Clocks of processes differ, and a transaction that
    /// waited for another one began before it.
    fn instant(&self, before: Option<&ScoreRow>) -> Timestamp {
        match before {
            Some(b) if b.graded_at > self.now.0 => Timestamp(b.graded_at + 1),
            _ => self.now,
        }
    }

    /// What there is to write, and the awards as they are then.
    pub(in crate::app) fn finish(self) -> (Verdicts, Held) {
        (self.verdicts, self.held)
    }

    fn tell(
        &self,
        service: &ServiceRow,
        before: Option<&ScoreRow>,
        after: &ScoreRow,
    ) -> (Option<HistoryRow>, Option<NewEvent>) {
        let book = &self.book.rulebook;
        let cause = match before {
            Some(b) if b.book_hash != after.book_hash => Cause::Rulebook,
            _ => self.cause,
        };
        let moves = moves(book, before, after);
        let sentence = sentences::change(book, before, after, &moves, cause);
        let event = before.and_then(|b| self.event(service, b, after, &sentence));
        let history = HistoryRow {
            id: self.clock.new_id(),
            service_id: service.id.clone(),
            at: after.graded_at,
            score: after.score,
            grade: after.grade.clone(),
            coverage: after.coverage,
            prev_score: before.map(|b| b.score),
            prev_grade: before.map(|b| b.grade.clone()),
            book_hash: after.book_hash.clone(),
            cause: cause.code(),
            moves: serde_json::to_string(&moves).unwrap_or_default(),
            sentence,
            attributes: attributes(service),
        };
        (Some(history), event)
    }

    fn event(
        &self,
        service: &ServiceRow,
        before: &ScoreRow,
        after: &ScoreRow,
        sentence: &str,
    ) -> Option<NewEvent> {
        if before.score == after.score && before.grade == after.grade {
            return None;
        }
        let kind = if before.grade == after.grade { "score_changed" } else { "grade_changed" };
        let data = json!({
            "score": { "before": before.score, "after": after.score },
            "grade": { "before": before.grade, "after": after.grade },
        });
        Some(NewEvent {
            id: self.clock.new_id(),
            at: self.now.0,
            kind: kind.to_owned(),
            service_id: Some(service.id.clone()),
            team_id: service.team_id.clone(),
            actor: self.actor.to_owned(),
            sentence: sentences::score_event(&service.name, before, after, sentence),
            data: data.to_string(),
            // It follows from something that is audited.
            audit: None,
        })
    }
}
