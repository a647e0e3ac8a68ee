//! A drill result: what is stored of it, and what is told of it. `recording` stores many at once.

use serde_json::json;

use super::Tx;
use super::deployments::{self, BreakWindow};
use super::evidence::ServiceEvidence;
use super::facts::class_code;
use super::identity::{Identity, verdict};
use super::recording::{Post, record_posts};
use super::state::Turn;
use super::views::DrillAnswer;
use crate::error::{Error, Result};
use crate::formats::{Format, Hints, Reading, check_times};
use crate::store::drills::{DocumentRow, DrillRow};
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;
use crate::types::{DrillKind, Failure, Outcome};

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
    /// Id of the drill ticket it was found to belong to.
    pub ticket: Option<String>,
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
    let post = Post { actor: tx.actor.clone(), results: vec![cmd.clone()] };
    let mut answers = record_posts(tx, std::slice::from_ref(&post))?.pop().unwrap_or_default();
    answers
        .pop()
        .unwrap_or_else(|| Err(Error::Internal(anyhow::anyhow!("a post of one result gave no answer"))))
}

/// A score for people: absent while not graded.
pub fn shown_score(row: &ScoreRow) -> Option<i16> {
    (row.score >= 0).then_some(row.score)
}

/// A letter for people: absent while not graded.
pub fn shown_grade(row: &ScoreRow) -> Option<String> {
    (!row.grade.is_empty()).then(|| row.grade.clone())
}

fn millis(seconds: Option<f64>) -> Option<i64> {
    seconds.filter(|s| s.is_finite()).map(|s| (s * 1000.0).round() as i64)
}

/// A result as it is stored.
pub(super) struct Row {
    pub(super) drill: DrillRow,
    pub(super) document: DocumentRow,
}

impl Row {
    /// The rows of a result; an error if its times cannot be.
    pub(super) fn of(
        tx: &Tx<'_>,
        cmd: &RecordDrill,
        service: &ServiceRow,
        identity: &Identity,
    ) -> Result<Self> {
        let mut drill = drill_row(tx, cmd, service, identity)?;
        let document = DocumentRow {
            id: tx.new_id(),
            format: cmd.format.as_str().to_owned(),
            hints: hints_json(&cmd.hints),
            body: cmd.reading.document.clone(),
            received_at: tx.now.0,
        };
        drill.document_id = Some(document.id.clone());
        Ok(Self { drill, document })
    }
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
        detected_since: None,
    })
}

/// Tells what a drill was and what it did to its identity; of a regression also the `window` in which it broke.
pub(super) fn announce(
    tx: &mut Tx<'_>,
    service: &ServiceRow,
    row: &DrillRow,
    turn: Turn,
    window: Option<&BreakWindow>,
) {
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
    tx.emit("drill_recorded", Some(&service.id), team, sentence, &data);
    match turn {
        Turn::Regressed => {
            let broke = window.map_or_else(String::new, |window| format!(" {}", window.sentence));
            let sentence =
                format!("{}: {what} drill{place} passed before and fails now.{broke}", service.name);
            let mut data = data;
            if let (Some(window), Some(map)) = (window, data.as_object_mut()) {
                let all = window.deployments.iter().take(MOST_TOLD).map(|one| {
                    json!({
                        "id": one.id, "version": one.version, "kind": one.kind, "deployed_at": one.deployed_at,
                    })
                });
                map.insert("broke_after".into(), json!(window.after));
                map.insert("broke_before".into(), json!(window.before));
                map.insert("deployments".into(), all.collect());
            }
            tx.emit("drill_regressed", Some(&service.id), team, sentence, &data);
        }
        Turn::Recovered => {
            let sentence =
                format!("{}: {what} drill{place} passes again; the regression is closed.", service.name);
            tx.emit("drill_recovered", Some(&service.id), team, sentence, &data);
        }
        Turn::Flaked => {
            let flaky = tx.book.slots.flaky(&tx.book.rulebook, row.failure.unwrap_or(0));
            let sentence = format!(
                "{}: {what} drill{place} failed; its rule asks for {} of the last {} runs, so it counts as passed still.",
                service.name, flaky.passes, flaky.of
            );
            tx.emit("drill_flaked", Some(&service.id), team, sentence, &data);
        }
        Turn::Steady => {}
    }
}

/// Deployments that an event names at most.
const MOST_TOLD: usize = 20;

/// What was deployed between the last pass of a drill's identity, whose `evidence` has it already, and this failure.
pub(super) fn break_window(
    tx: &mut Tx<'_>,
    service: &ServiceRow,
    row: &DrillRow,
    evidence: &ServiceEvidence,
) -> Result<Option<BreakWindow>> {
    let state = row.failure.and_then(|failure| evidence.state((failure, &row.target, &row.environment)));
    let Some(passed_at) = state.and_then(|state| state.passed_at) else { return Ok(None) };
    let of = (service.id.as_str(), service.slug.as_str());
    deployments::window(tx, of, &row.environment, (passed_at, row.ended_at)).map(Some)
}

/// What the caller said, as it is kept.
pub(super) fn hints_json(hints: &Hints) -> String {
    json!({
        "service": hints.service, "kind": hints.kind, "failure": hints.failure,
        "target": hints.target, "environment": hints.environment, "exit_code": hints.exit_code,
    })
    .to_string()
}
