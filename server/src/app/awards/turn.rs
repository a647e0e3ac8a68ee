//! One look at the awards of one service: what its rulebook makes of its facts, as rows to write and events to tell.

use std::collections::{BTreeMap, HashSet};

use scoring_rules::{Award, AwardKind, AwardStep, Record, Rulebook, Standing, advance};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{IN_FORCE, LAPSED, REVOKED, kind_code, proof, standing_of, state_code};
use crate::app::Tx;
use crate::app::evidence::ServiceEvidence;
use crate::app::facts::Slots;
use crate::app::grading::{Judged, letter};
use crate::clock::Clock;
use crate::error::Result;
use crate::store;
use crate::store::awards::{AwardRow, StatusRow};
use crate::store::events::NewEvent;
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// Places of the status lists that are given out first; when those are scarce, 16 times as many.
const PLACES: u64 = 1 << 20;
/// Tries after which more places are used.
const SCARCE: u32 = 8;

/// What became of the awards of one service.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Turn {
    /// Rows to write.
    pub(in crate::app) changed: Vec<Changed>,
    /// Places in the status list whose credentials hold no more.
    pub(in crate::app) withdrawn: Vec<i64>,
    /// What is to be told, in order.
    pub(in crate::app) events: Vec<NewEvent>,
    /// Ids of what was earned.
    pub(in crate::app) earned: Vec<String>,
}

/// An award to write.
#[derive(Clone, Debug)]
pub(in crate::app) struct Changed {
    pub(in crate::app) row: AwardRow,
    /// Its credential needs a place in the status list.
    needs_place: bool,
}

/// What a look at awards takes.
pub(in crate::app) struct Turning<'a> {
    pub(in crate::app) book: &'a Rulebook,
    pub(in crate::app) slots: &'a Slots,
    pub(in crate::app) service: &'a ServiceRow,
    pub(in crate::app) evidence: &'a ServiceEvidence,
    pub(in crate::app) clock: &'a dyn Clock,
    pub(in crate::app) actor: &'a str,
    pub(in crate::app) now: Timestamp,
}

impl Turning<'_> {
    /// Moves the awards of the service on. `judged` gets the facts of grades and streaks; `record` must have taken in the
    /// grade.
    pub(in crate::app) fn turn(&self, judged: &mut Judged, record: &mut Record, held: &[AwardRow]) -> Turn {
        let now = self.now.0;
        let fixed = self.evidence.drills_fixed(self.now);
        let (book, grade) = (self.book, &judged.grade);
        book.set_grade_facts(&mut judged.sheet.facts, grade, now);
        book.set_record_facts(&mut judged.sheet.facts, record, grade, fixed, now);
        let mut turn = Turn::default();
        for award in book.awards() {
            let reading = award.read(book, &judged.sheet.facts, now);
            let since = record.met(award.since_key(), reading.met, now);
            let row = held.iter().find(|row| row.kind == kind_code(award.kind) && row.award == award.id);
            let (standing, steps) = advance(award, row.map(standing_of), reading, since, now);
            self.take(&mut turn, judged, Some(award), row.cloned(), standing, &steps);
        }
        // What the rulebook no longer has holds until its end, and is not renewed.
        let known = |row: &&AwardRow| {
            book.awards().iter().any(|award| row.kind == kind_code(award.kind) && row.award == award.id)
        };
        for row in held.iter().filter(|row| !known(row)) {
            if row.valid_until.is_none_or(|until| now >= until) {
                self.take(&mut turn, judged, None, Some(row.clone()), None, &[AwardStep::Lapsed]);
            }
        }
        turn
    }

    /// Turns the steps of one award into rows and events.
    fn take(
        &self,
        turn: &mut Turn,
        judged: &Judged,
        award: Option<&Award>,
        held: Option<AwardRow>,
        standing: Option<Standing>,
        steps: &[AwardStep],
    ) {
        let mut row = held;
        for step in steps {
            let mut needs_place = false;
            match (step, award) {
                (AwardStep::Earned, Some(award)) => {
                    row = Some(self.fresh(award, judged));
                    turn.earned.push(award.id.clone());
                    needs_place = award.kind == AwardKind::Certificate;
                }
                (AwardStep::Renewed, Some(award)) => {
                    if let Some(row) = &mut row {
                        self.prove(row, award, judged);
                    }
                }
                (AwardStep::Resumed, Some(award)) => {
                    needs_place = award.kind == AwardKind::Certificate;
                    if let Some(row) = &mut row {
                        row.reason = String::new();
                    }
                }
                (AwardStep::Held | AwardStep::Suspended | AwardStep::Revoked | AwardStep::Lapsed, _) => {
                    if let Some(row) = &mut row {
                        turn.withdrawn.extend(row.status_index.take());
                        self.worsen(row, award, *step);
                    }
                }
                _ => {}
            }
            let Some(row) = &mut row else { continue };
            let ends = matches!(step, AwardStep::Revoked | AwardStep::Lapsed);
            if let Some(standing) = standing.filter(|_| !ends) {
                row.state = state_code(standing.state);
                row.renewed_at = standing.renewed_ms;
                row.valid_until = standing.until_ms;
                row.bad_since = standing.bad_since_ms;
                row.warned = standing.warned;
            }
            turn.events.extend(self.event(row, *step));
            // Of several steps at one look the last row is written; what the first ones asked for stays asked for.
            let before = turn.changed.iter().position(|known| known.row.id == row.id);
            let asked = before.map(|at| turn.changed.remove(at)).is_some_and(|known| known.needs_place);
            turn.changed.push(Changed { row: row.clone(), needs_place: needs_place || asked });
        }
    }

    fn fresh(&self, award: &Award, judged: &Judged) -> AwardRow {
        let mut row = AwardRow {
            id: self.clock.new_id(),
            kind: kind_code(award.kind),
            award: award.id.clone(),
            service_id: self.service.id.clone(),
            title: award.title.clone(),
            state: IN_FORCE,
            book_hash: String::new(),
            earned_at: self.now.0,
            renewed_at: None,
            valid_until: None,
            bad_since: None,
            warned: false,
            ended_at: None,
            reason: String::new(),
            score: -1,
            grade: String::new(),
            coverage: 0,
            proof: String::new(),
            proof_sha256: String::new(),
            status_index: None,
        };
        self.prove(&mut row, award, judged);
        row
    }

    /// Writes down what an award rests on, as of now.
    fn prove(&self, row: &mut AwardRow, award: &Award, judged: &Judged) {
        row.title.clone_from(&award.title);
        self.book.hash().clone_into(&mut row.book_hash);
        row.score = judged.grade.score.map_or(-1, i16::from);
        row.grade = letter(self.book, judged.grade.band);
        row.coverage = i16::from(judged.grade.coverage_pct);
        if award.kind == AwardKind::Certificate {
            row.proof = proof::of(self.book, self.slots, self.service, self.evidence, self.now);
            row.proof_sha256 = crate::types::hex(&Sha256::digest(row.proof.as_bytes()));
        }
    }

    fn worsen(&self, row: &mut AwardRow, award: Option<&Award>, step: AwardStep) {
        let gone = "the rulebook no longer has it".to_owned();
        let days = award.map_or(0, |award| award.revoke_after_days);
        row.reason = match (step, award) {
            (_, None) => gone,
            (AwardStep::Held, Some(award)) => award.hold_why.clone(),
            (AwardStep::Revoked, Some(_)) if days > 0 && !row.reason.is_empty() => {
                format!("for {days} days: {}", row.reason)
            }
            (AwardStep::Suspended | AwardStep::Revoked, Some(award)) => award.suspend_why.clone(),
            _ => "its term is over, and what earns it was not true in time to renew it".to_owned(),
        };
        match step {
            AwardStep::Revoked => (row.state, row.ended_at) = (REVOKED, Some(self.now.0)),
            AwardStep::Lapsed => (row.state, row.ended_at) = (LAPSED, Some(self.now.0)),
            _ => {}
        }
    }

    /// What is told of a step. Of badges only that they came and went.
    fn event(&self, row: &AwardRow, step: AwardStep) -> Option<NewEvent> {
        let certificate = row.kind == store::awards::CERTIFICATE;
        let (name, title) = (&self.service.name, &row.title);
        let until = row.valid_until.map_or_else(String::new, |at| Timestamp(at).day_text());
        let (kind, sentence) = match (certificate, step) {
            (true, AwardStep::Earned) => ("certificate_earned", format!("{name} is {title}, until {until}.")),
            (true, AwardStep::Renewed) => {
                ("certificate_renewed", format!("{name}: {title} is renewed until {until}."))
            }
            (true, AwardStep::Held) => {
                ("certificate_held", format!("{name}: {title} is on hold, as {}.", row.reason))
            }
            (true, AwardStep::Suspended) => {
                ("certificate_suspended", format!("{name}: {title} is suspended, as {}.", row.reason))
            }
            (true, AwardStep::Resumed) => {
                ("certificate_resumed", format!("{name}: {title} is in force again."))
            }
            (true, AwardStep::Expiring) => (
                "certificate_expiring",
                format!("{name}: {title} lapses on {until} unless what earns it becomes true."),
            ),
            (true, AwardStep::Revoked) => {
                ("certificate_revoked", format!("{name}: {title} is revoked: {}.", row.reason))
            }
            (true, AwardStep::Lapsed) => {
                ("certificate_lapsed", format!("{name}: {title} has lapsed: {}.", row.reason))
            }
            (false, AwardStep::Earned) => ("badge_earned", format!("{name} earned {title}.")),
            (false, AwardStep::Revoked | AwardStep::Lapsed) => {
                ("badge_lost", format!("{name} holds {title} no more."))
            }
            (false, _) => return None,
        };
        let data = json!({
            "award": row.award,
            "id": row.id,
            "title": title,
            "reason": (!row.reason.is_empty()).then_some(&row.reason),
            "valid_until": row.valid_until.map(Timestamp),
        });
        Some(NewEvent {
            id: self.clock.new_id(),
            at: self.now.0,
            kind: kind.to_owned(),
            service_id: Some(self.service.id.clone()),
            team_id: self.service.team_id.clone(),
            actor: self.actor.to_owned(),
            sentence,
            data: data.to_string(),
            // It follows from something that is audited.
            audit: None,
        })
    }
}

/// Writes awards, of several versions the last one, and what verifiers are told of their credentials.
pub(in crate::app) fn write(tx: &mut Tx<'_>, changed: Vec<Changed>, withdrawn: &[i64]) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut last: BTreeMap<String, Changed> = BTreeMap::new();
    for mut change in changed {
        if let Some(earlier) = last.remove(&change.row.id) {
            change.needs_place |= earlier.needs_place && change.row.status_index.is_none();
        }
        last.insert(change.row.id.clone(), change);
    }
    let (mut open, mut rows): (Vec<AwardRow>, Vec<AwardRow>) = (Vec::new(), Vec::new());
    for Changed { row, needs_place } in last.into_values() {
        // Only what is in force can be shown.
        let to = if needs_place && row.state == IN_FORCE { &mut open } else { &mut rows };
        to.push(row);
    }
    store::awards::revoke_status(tx.conn, withdrawn, tx.now.0)?;
    let status = give_places(tx, &mut open)?;
    rows.append(&mut open);
    // What ended first: the same award may be held anew.
    rows.sort_by_key(|row| (row.ended_at.is_none(), row.id.clone()));
    store::awards::put(tx.conn, &rows)?;
    Ok(store::awards::insert_status(tx.conn, &status)?)
}

/// Gives credentials their places in the status lists: a hash of the award and the instant, so that a place says nothing
/// of when a certificate was earned, nor whose it is.
fn give_places(tx: &mut Tx<'_>, rows: &mut [AwardRow]) -> Result<Vec<StatusRow>> {
    let mut status: Vec<StatusRow> = Vec::new();
    let mut used: HashSet<i64> = HashSet::new();
    let mut attempt = 0;
    while status.len() < rows.len() {
        let open = || rows.iter().filter(|row| row.status_index.is_none());
        let wanted: Vec<i64> = open().map(|row| place(&row.id, tx.now, attempt)).collect();
        let taken: HashSet<i64> = store::awards::places_taken(tx.conn, &wanted)?.into_iter().collect();
        for (row, place) in rows.iter_mut().filter(|row| row.status_index.is_none()).zip(wanted) {
            if !taken.contains(&place) && used.insert(place) {
                row.status_index = Some(place);
                let award_id = row.id.clone();
                status.push(StatusRow { list_index: place, award_id, issued_at: tx.now.0, revoked_at: None });
            }
        }
        attempt += 1;
    }
    Ok(status)
}

fn place(id: &str, now: Timestamp, attempt: u32) -> i64 {
    let digest = Sha256::digest(format!("{id} {} {attempt}", now.0));
    let number = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    let places = if attempt < SCARCE { PLACES } else { PLACES * 16 };
    i64::try_from(number % places).unwrap_or(0)
}
