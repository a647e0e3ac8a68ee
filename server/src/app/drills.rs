//! Recording drill results: idempotent, judged at once, with the grade before and after in the answer.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::facts::class_code;
use super::grading::{Cause, regrade};
use super::identity::{Identity, content_hash, keys_of, verdict};
use super::state::{self, Turn};
use super::views::{Change, DrillAnswer};
use super::{Tx, owners};
use crate::error::{Error, Result};
use crate::formats::{Format, Hints, Reading, check_times};
use crate::store;
use crate::store::drills::{DocumentRow, DrillRow, KeyRow};
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;
use crate::types::{DrillKind, Failure, Outcome, Timestamp};

/// A drill result to record.
#[derive(Clone, Debug)]
pub struct RecordDrill {
    /// What the document says.
    pub reading: Reading,
    /// Its form.
    pub format: Format,
    /// What the caller said beside it.
    pub hints: Hints,
    /// The sender's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

/// What became of one result.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The answer; of a repeat, the first answer.
    pub answer: DrillAnswer,
    /// It was there already.
    pub replayed: bool,
}

/// Records one result.
pub fn record(tx: &mut Tx<'_>, cmd: &RecordDrill) -> Result<Recorded> {
    let mut recorder = Recorder::default();
    let slot = recorder.add(tx, cmd)?;
    let mut done = recorder.finish(tx)?;
    Ok(done.swap_remove(slot))
}

/// Records many results in one transaction; each service is judged once, after its last result.
#[derive(Debug, Default)]
pub struct Recorder {
    slots: Vec<Slot>,
    pending: Vec<Pending>,
    keys: HashMap<(String, String), (String, usize)>,
    touched: BTreeMap<String, ServiceRow>,
}

#[derive(Debug)]
enum Slot {
    Replayed(Box<DrillAnswer>),
    Pending { index: usize, again: bool },
}

#[derive(Debug)]
struct Pending {
    service_id: String,
    content: String,
    keys: Vec<(String, String)>,
    answer: DrillAnswer,
}

impl Recorder {
    /// Checks and stores one result. An error stores nothing of it and leaves the others alone.
    pub fn add(&mut self, tx: &mut Tx<'_>, cmd: &RecordDrill) -> Result<usize> {
        let reading = &cmd.reading;
        let Some(name) = reading.service.as_deref() else {
            return Err(Error::invalid(
                "/service",
                "the document names no service: add ?service=SLUG, or name it in the document (see /help/drills)",
            ));
        };
        let service = owners::service(tx, name)?;
        owners::require_writer(tx, &service)?;
        store::services::lock(tx.conn, &service.id)?;
        let identity = Identity::of(reading)?;
        let content = content_hash(reading, &service, &identity);
        let keys = keys_of(tx, cmd, &service, &identity, &content);
        if let Some(slot) = self.find(tx, &keys, &content)? {
            self.slots.push(slot);
            return Ok(self.slots.len() - 1);
        }
        let row = drill_row(tx, cmd, &service, &identity)?;
        let index = self.store(tx, cmd, &service, row, content, keys)?;
        self.slots.push(Slot::Pending { index, again: false });
        Ok(self.slots.len() - 1)
    }

    fn find(&self, tx: &mut Tx<'_>, keys: &[(String, String)], content: &str) -> Result<Option<Slot>> {
        for (owner, key) in keys {
            if let Some((first, index)) = self.keys.get(&(owner.clone(), key.clone())) {
                same_content(first, content, key)?;
                return Ok(Some(Slot::Pending { index: *index, again: true }));
            }
            if let Some(row) = store::drills::key(tx.conn, owner, key)? {
                same_content(&row.content_sha256, content, key)?;
                let answer: DrillAnswer = serde_json::from_str(&row.answer).map_err(anyhow::Error::new)?;
                return Ok(Some(Slot::Replayed(Box::new(answer))));
            }
        }
        Ok(None)
    }

    fn store(
        &mut self,
        tx: &mut Tx<'_>,
        cmd: &RecordDrill,
        service: &ServiceRow,
        mut row: DrillRow,
        content: String,
        keys: Vec<(String, String)>,
    ) -> Result<usize> {
        let document = DocumentRow {
            id: tx.new_id(),
            format: cmd.format.as_str().to_owned(),
            hints: hints_json(&cmd.hints),
            body: cmd.reading.document.clone(),
            received_at: tx.now.0,
        };
        store::drills::insert_document(tx.conn, &document)?;
        row.document_id = Some(document.id);
        let counted = row.verdict.is_some();
        let turn = if counted { advance(tx, &mut row)? } else { Turn::Steady };
        store::drills::insert(tx.conn, &row)?;
        announce(tx, service, &row, turn)?;
        let reason =
            row.note.clone().or_else(|| (row.outcome != Outcome::Passed.code()).then(|| row.reason.clone()));
        let index = self.pending.len();
        for key in &keys {
            self.keys.insert(key.clone(), (content.clone(), index));
        }
        self.pending.push(Pending {
            service_id: service.id.clone(),
            content,
            keys,
            answer: DrillAnswer {
                id: row.id,
                service: service.slug.clone(),
                outcome: cmd.reading.outcome.as_str().to_owned(),
                counted,
                reason,
                grade: Change { before: None, after: None },
                score: Change { before: None, after: None },
                regression: row.regression,
                awarded: Vec::new(),
                scorecard_url: format!("{}/services/{}", tx.base_url, service.slug),
            },
        });
        self.touched.insert(service.id.clone(), service.clone());
        Ok(index)
    }

    /// Judges every touched service and gives the answers in the order of [`Recorder::add`].
    pub fn finish(mut self, tx: &mut Tx<'_>) -> Result<Vec<Recorded>> {
        let mut scores: HashMap<String, (Option<ScoreRow>, ScoreRow)> = HashMap::new();
        for (id, service) in &self.touched {
            scores.insert(id.clone(), regrade(tx, service, Cause::Evidence)?);
        }
        for pending in &mut self.pending {
            let Some((before, after)) = scores.get(&pending.service_id) else { continue };
            let answer = &mut pending.answer;
            answer.score =
                Change { before: before.as_ref().and_then(shown_score), after: shown_score(after) };
            answer.grade =
                Change { before: before.as_ref().and_then(shown_grade), after: shown_grade(after) };
            let text = serde_json::to_string(answer).map_err(anyhow::Error::new)?;
            for (owner, key) in &pending.keys {
                store::drills::insert_key(
                    tx.conn,
                    &KeyRow {
                        owner: owner.clone(),
                        key: key.clone(),
                        content_sha256: pending.content.clone(),
                        drill_id: answer.id.clone(),
                        answer: text.clone(),
                        created_at: tx.now.0,
                    },
                )?;
            }
        }
        let pending = &self.pending;
        let answers = self.slots.into_iter().filter_map(|slot| match slot {
            Slot::Replayed(answer) => Some(Recorded { answer: *answer, replayed: true }),
            Slot::Pending { index, again } => {
                pending.get(index).map(|p| Recorded { answer: p.answer.clone(), replayed: again })
            }
        });
        Ok(answers.collect())
    }
}

/// A score for people: absent while not graded.
pub fn shown_score(row: &ScoreRow) -> Option<i16> {
    (row.score >= 0).then_some(row.score)
}

/// A letter for people: absent while not graded.
pub fn shown_grade(row: &ScoreRow) -> Option<String> {
    (!row.grade.is_empty()).then(|| row.grade.clone())
}

fn same_content(first: &str, now: &str, key: &str) -> Result<()> {
    if first == now {
        return Ok(());
    }
    Err(Error::Conflict {
        detail: format!(
            "Another result was stored under the key `{key}` before. A correction needs a key of its own; \
             a repeat must be the same content."
        ),
    })
}

fn millis(seconds: Option<f64>) -> Option<i64> {
    seconds.filter(|s| s.is_finite()).map(|s| (s * 1000.0).round() as i64)
}

fn drill_row(tx: &Tx<'_>, cmd: &RecordDrill, service: &ServiceRow, identity: &Identity) -> Result<DrillRow> {
    let reading = &cmd.reading;
    // A document without times (some JUnit writers) is taken as of its arrival.
    let ended = reading.ended_at.or(reading.started_at).unwrap_or(tx.now);
    let started = reading.started_at.unwrap_or(ended);
    let fields = check_times(started, ended, tx.now);
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let (verdict, note) = verdict(reading, identity.failure);
    Ok(DrillRow {
        id: tx.new_id(),
        service_id: service.id.clone(),
        kind: identity.failure.map(Failure::kind).or(reading.kind).map(DrillKind::code),
        failure: identity.failure.map(Failure::code),
        target: identity.target.clone(),
        environment: identity.environment.clone(),
        outcome: reading.outcome.code(),
        reason: reading.reason.clone(),
        verdict: verdict.map(Outcome::code),
        note,
        regression: false,
        exploratory: reading.exploratory,
        rollback: reading.rollback.outcome.code(),
        rollback_reason: reading.rollback.reason.clone(),
        rollback_ms: millis(reading.rollback.seconds),
        started_at: started.0,
        ended_at: ended.0,
        received_at: tx.now.0,
        detected_ms: millis(reading.detected_after_seconds),
        recovered_ms: millis(reading.recovered_after_seconds),
        title: reading.title.clone(),
        hypothesis: reading.hypothesis.clone(),
        evidence: serde_json::to_string(&reading.evidence).map_err(anyhow::Error::new)?,
        evidence_class: class_code(tx.actor.evidence),
        sender: tx.actor.name.clone(),
        tool: reading.tool.clone(),
        tool_version: reading.tool_version.clone(),
        run_id: reading.run_id.clone(),
        external_id: reading.external_id.clone(),
        document_id: None,
    })
}

/// Moves the state of the drill's identity on; a result that arrives late is folded in at its place.
fn advance(tx: &mut Tx<'_>, row: &mut DrillRow) -> Result<Turn> {
    let Some(failure) = row.failure else { return Ok(Turn::Steady) };
    let held = store::drills::state(tx.conn, &row.service_id, failure, &row.target, &row.environment)?;
    let was_open = held.as_ref().is_some_and(|s| s.regressed_at.is_some());
    let newest = held.as_ref().is_none_or(|s| (s.last_at, &s.last_drill_id) <= (row.ended_at, &row.id));
    let next = if newest {
        state::apply(held, row).0
    } else {
        let mut all =
            store::drills::counted_of(tx.conn, &row.service_id, failure, &row.target, &row.environment)?;
        all.push(row.clone());
        all.sort_by(|a, b| (a.ended_at, &a.id).cmp(&(b.ended_at, &b.id)));
        state::fold(&all).pop().ok_or_else(|| anyhow::anyhow!("a fold of one identity gave none"))?
    };
    let open = next.regressed_at.is_some();
    store::drills::put_state(tx.conn, &next)?;
    row.regression = open && row.verdict == Some(Outcome::Failed.code());
    Ok(match (was_open, open) {
        (false, true) => Turn::Regressed,
        (true, false) => Turn::Recovered,
        _ => Turn::Steady,
    })
}

fn announce(tx: &mut Tx<'_>, service: &ServiceRow, row: &DrillRow, turn: Turn) -> Result<()> {
    let failure = row.failure.and_then(Failure::from_code);
    let what = match failure {
        Some(f) if f.kind() == DrillKind::Rollback => format!("{} rollback", f.label()),
        Some(f) if row.target.is_empty() => f.label(),
        Some(f) => format!("{} of {}", f.label(), row.target),
        None => row.title.clone().unwrap_or_else(|| "unnamed".into()),
    };
    let outcome = Outcome::from_code(row.outcome).map_or("", Outcome::as_str);
    let place = if row.environment.is_empty() { String::new() } else { format!(" in {}", row.environment) };
    let data = json!({
        "drill": row.id, "outcome": outcome, "counted": row.verdict.is_some(),
        "kind": failure.map(|f| f.kind().as_str()), "failure": failure.map(Failure::as_str),
        "target": row.target, "environment": row.environment,
    });
    let team = service.team_id.as_deref();
    let sentence = format!("{}: {what} drill{place} {outcome}.", service.name);
    tx.emit("drill_recorded", Some(&service.id), team, sentence, &data)?;
    match turn {
        Turn::Regressed => {
            let window = last_pass(tx, row)?.map_or_else(String::new, |at| {
                format!(" It broke between {} and {}.", at.to_rfc3339(), Timestamp(row.ended_at).to_rfc3339())
            });
            let sentence =
                format!("{}: {what} drill{place} passed before and fails now.{window}", service.name);
            tx.emit("drill_regressed", Some(&service.id), team, sentence, &data)
        }
        Turn::Recovered => {
            let sentence =
                format!("{}: {what} drill{place} passes again; the regression is closed.", service.name);
            tx.emit("drill_recovered", Some(&service.id), team, sentence, &data)
        }
        Turn::Steady => Ok(()),
    }
}

fn last_pass(tx: &mut Tx<'_>, row: &DrillRow) -> Result<Option<Timestamp>> {
    let Some(failure) = row.failure else { return Ok(None) };
    let held = store::drills::state(tx.conn, &row.service_id, failure, &row.target, &row.environment)?;
    Ok(held.and_then(|s| s.passed_at).map(Timestamp))
}

fn hints_json(hints: &Hints) -> String {
    json!({
        "service": hints.service, "kind": hints.kind, "failure": hints.failure,
        "target": hints.target, "environment": hints.environment,
    })
    .to_string()
}
