//! Recording many posts in one transaction: what they share is read and written once, yet each post is judged by
//! itself, in the order of arrival, and one bad result leaves its neighbours alone.

mod check;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use check::{Checked, check};

use super::alerts::Heard;
use super::awards::Held;
use super::drill_tickets;
use super::drills::{RecordDrill, Recorded, Row, announce, break_window, shown_grade, shown_score};
use super::evidence::Evidence;
use super::grading::{Cause, Pass, Passed, Verdicts};
use super::state::{self, Turn};
use super::views::{Change, DrillAnswer};
use super::{Actor, Tx};
use crate::error::{Error, Result};
use crate::store;
use crate::store::drills::{DocumentRow, DrillRow, KeyRow};
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;
use crate::store::tickets::ResultRow;
use crate::types::Outcome;

/// Results that arrived together, from one sender; they are judged together.
#[derive(Clone, Debug)]
pub struct Post {
    /// Who sends.
    pub actor: Actor,
    /// What is sent.
    pub results: Vec<RecordDrill>,
}

/// What became of each result of a post.
pub type PostAnswer = Vec<Result<Recorded>>;

/// Records posts. The outer error is everybody's (the database is away); inner errors are of one result each, of which
/// nothing is stored.
pub fn record_posts(tx: &mut Tx<'_>, posts: &[Post]) -> Result<Vec<PostAnswer>> {
    let posts = &*drill_tickets::tie(tx, posts)?;
    let checked = check(tx, posts)?;
    let mut group = Group::load(tx, &checked, window_of(tx, posts))?;
    let mut answers = Vec::with_capacity(posts.len());
    for (post, results) in posts.iter().zip(checked) {
        answers.push(tx.acting(&post.actor, |tx| group.record(tx, post, results))?);
    }
    group.write(tx)?;
    Ok(answers)
}

/// From the first start to the last end of all results.
fn window_of(tx: &Tx<'_>, posts: &[Post]) -> Option<(i64, i64)> {
    let times = posts.iter().flat_map(|post| &post.results).map(|cmd| {
        let (start, end) = (cmd.reading.started_at, cmd.reading.ended_at);
        let end = end.or(start).unwrap_or(tx.now);
        (start.unwrap_or(end).0, end.0)
    });
    times.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
}

/// What the posts of one transaction share.
struct Group {
    services: HashMap<String, ServiceRow>,
    evidence: Evidence,
    scores: HashMap<String, ScoreRow>,
    awards: Held,
    answers: HashMap<(String, String), Known>,
    touched: BTreeSet<String>,
    /// Services of which a drill of the post that is being recorded regressed.
    regressed: BTreeSet<String>,
    documents: Vec<DocumentRow>,
    drills: Vec<DrillRow>,
    keys: Vec<KeyRow>,
    ticketed: Vec<ResultRow>,
    verdicts: Verdicts,
    heard: Heard,
}

/// The answer that a key got.
#[derive(Clone)]
struct Known {
    content: String,
    answer: Answer,
}

#[derive(Clone)]
enum Answer {
    /// Given before this transaction.
    Stored(String),
    /// Of this transaction and complete.
    Given(Box<DrillAnswer>),
    /// Of the post that is being recorded: its number there.
    Pending(usize),
}

/// What became of a result before its post was judged.
enum Slot {
    Done(Box<Result<Recorded>>),
    Pending { index: usize, again: bool },
}

/// A result that is stored, until its post is judged.
struct Pending {
    service_id: String,
    content: String,
    keys: Vec<(String, String)>,
    answer: DrillAnswer,
}

impl Group {
    fn load(tx: &mut Tx<'_>, checked: &[Vec<Result<Checked>>], window: Option<(i64, i64)>) -> Result<Self> {
        let good = || checked.iter().flatten().filter_map(|c| c.as_ref().ok());
        let ids: BTreeSet<&str> = good().map(|c| c.service_id.as_str()).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let services = store::services::lock_all(tx.conn, &ids)?;
        // From here on nobody else writes for these services: what is read now stays true.
        let mut by_owner: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (owner, key) in good().flat_map(|c| &c.keys) {
            by_owner.entry(owner).or_default().insert(key);
        }
        let mut answers = HashMap::new();
        for (owner, keys) in by_owner {
            let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
            for row in store::drills::keys(tx.conn, owner, &keys)? {
                let known = Known { content: row.content_sha256, answer: Answer::Stored(row.answer) };
                answers.insert((row.owner, row.key), known);
            }
        }
        let scores = store::grades::of(tx.conn, &ids)?;
        let heard = Heard::load(tx, &ids, window)?;
        Ok(Self {
            heard,
            services: services.into_iter().map(|s| (s.id.clone(), s)).collect(),
            evidence: Evidence::of_services(tx.conn, &ids)?,
            awards: Held::of_services(tx.conn, &ids)?,
            scores: scores.into_iter().map(|s| (s.service_id.clone(), s)).collect(),
            answers,
            touched: BTreeSet::new(),
            regressed: BTreeSet::new(),
            documents: Vec::new(),
            drills: Vec::new(),
            keys: Vec::new(),
            ticketed: Vec::new(),
            verdicts: Verdicts::default(),
        })
    }

    fn record(&mut self, tx: &mut Tx<'_>, post: &Post, checked: Vec<Result<Checked>>) -> Result<PostAnswer> {
        let mut pending = Vec::new();
        let mut slots = Vec::with_capacity(checked.len());
        for (cmd, checked) in post.results.iter().zip(checked) {
            let slot = checked.and_then(|checked| self.add(tx, cmd, checked, &mut pending));
            match slot {
                Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) => return Err(error),
                slot => slots.push(slot.unwrap_or_else(|error| Slot::Done(Box::new(Err(error))))),
            }
        }
        self.judge(tx, &mut pending)?;
        Ok(slots
            .into_iter()
            .filter_map(|slot| match slot {
                Slot::Done(done) => Some(*done),
                Slot::Pending { index, again } => {
                    let answer = pending.get(index)?.answer.clone();
                    Some(Ok(Recorded { answer, replayed: again }))
                }
            })
            .collect())
    }

    /// Takes one result in; an error leaves everything as it was.
    fn add(
        &mut self,
        tx: &mut Tx<'_>,
        cmd: &RecordDrill,
        checked: Checked,
        pending: &mut Vec<Pending>,
    ) -> Result<Slot> {
        if let Some(slot) = self.replay(&checked)? {
            return Ok(slot);
        }
        let Some(service) = self.services.get(&checked.service_id).cloned() else {
            return Err(Error::Conflict { detail: "The service was removed at this moment.".into() });
        };
        let Row { mut drill, document } = Row::of(tx, cmd, &service, &checked.identity)?;
        self.heard.mark(&mut drill);
        let turn = if drill.verdict.is_some() { self.advance(tx, &mut drill)? } else { Turn::Steady };
        let window = match turn {
            Turn::Regressed => break_window(tx, &service, &drill, self.evidence.of(&service.id))?,
            Turn::Recovered | Turn::Flaked | Turn::Steady => None,
        };
        if turn == Turn::Regressed {
            self.regressed.insert(service.id.clone());
        }
        announce(tx, &service, &drill, turn, window.as_ref());
        let reason = drill
            .note
            .clone()
            .or_else(|| (drill.outcome != Outcome::Passed.code()).then(|| drill.reason.clone()));
        let answer = DrillAnswer {
            id: drill.id.clone(),
            service: service.slug.clone(),
            outcome: cmd.reading.outcome.as_str().to_owned(),
            counted: drill.verdict.is_some(),
            reason,
            grade: Change { before: None, after: None },
            score: Change { before: None, after: None },
            regression: drill.regression,
            awarded: Vec::new(),
            scorecard_url: format!("{}/services/{}", tx.base_url, service.slug),
        };
        let index = pending.len();
        for key in &checked.keys {
            let known = Known { content: checked.content.clone(), answer: Answer::Pending(index) };
            self.answers.insert(key.clone(), known);
        }
        pending.push(Pending {
            service_id: checked.service_id,
            content: checked.content,
            keys: checked.keys,
            answer,
        });
        if let Some(ticket_id) = cmd.ticket.clone() {
            self.ticketed.push(ResultRow { drill_id: drill.id.clone(), ticket_id });
        }
        self.documents.push(document);
        self.drills.push(drill);
        Ok(Slot::Pending { index, again: false })
    }

    /// The answer to a result that was there already.
    fn replay(&self, checked: &Checked) -> Result<Option<Slot>> {
        for key in &checked.keys {
            let Some(known) = self.answers.get(key) else { continue };
            if known.content != checked.content {
                return Err(Error::Conflict {
                    detail: format!(
                        "Another result was stored under the key `{}` before. A correction needs a key of its own; \
                         a repeat must be the same content.",
                        key.1
                    ),
                });
            }
            let answer = match &known.answer {
                Answer::Pending(index) => return Ok(Some(Slot::Pending { index: *index, again: true })),
                Answer::Given(answer) => (**answer).clone(),
                Answer::Stored(text) => serde_json::from_str(text).map_err(anyhow::Error::new)?,
            };
            return Ok(Some(Slot::Done(Box::new(Ok(Recorded { answer, replayed: true })))));
        }
        Ok(None)
    }

    /// Moves the state of the drill's identity on; a result that arrives late is folded in at its place.
    fn advance(&mut self, tx: &mut Tx<'_>, row: &mut DrillRow) -> Result<Turn> {
        let Some(failure) = row.failure else { return Ok(Turn::Steady) };
        self.touched.insert(row.service_id.clone());
        let evidence = self.evidence.of_mut(&row.service_id);
        let held = evidence.state((failure, &row.target, &row.environment)).cloned();
        let flaky = tx.book.slots.flaky(&tx.book.rulebook, failure);
        let was_open = held.as_ref().is_some_and(|s| s.regressed(flaky));
        let newest = held.as_ref().is_none_or(|s| (s.last_at, &s.last_drill_id) <= (row.ended_at, &row.id));
        let next = if newest {
            state::apply(held, row).0
        } else {
            let mut all =
                store::drills::counted_of(tx.conn, &row.service_id, failure, &row.target, &row.environment)?;
            let same = |d: &&DrillRow| {
                (&d.service_id, d.failure, &d.target, &d.environment)
                    == (&row.service_id, row.failure, &row.target, &row.environment)
                    && d.verdict.is_some()
            };
            all.extend(self.drills.iter().filter(same).cloned());
            all.push(row.clone());
            all.sort_by(|a, b| (a.ended_at, &a.id).cmp(&(b.ended_at, &b.id)));
            state::fold(&all).pop().ok_or_else(|| anyhow::anyhow!("a fold of one identity gave none"))?
        };
        let open = next.regressed(flaky);
        let failed = row.verdict == Some(Outcome::Failed.code());
        let borne = failed && next.regressed_at.is_some();
        evidence.put_state(next);
        row.regression = open && failed;
        Ok(match (was_open, open) {
            (false, true) => Turn::Regressed,
            (true, false) => Turn::Recovered,
            (false, false) if borne => Turn::Flaked,
            _ => Turn::Steady,
        })
    }

    /// Judges every service of a post once, and completes its answers.
    fn judge(&mut self, tx: &mut Tx<'_>, pending: &mut [Pending]) -> Result<()> {
        let ids: BTreeSet<String> = pending.iter().map(|p| p.service_id.clone()).collect();
        let mut moved: HashMap<String, (Option<ScoreRow>, Passed)> = HashMap::new();
        let mut pass = Pass::new(tx, Cause::Evidence, std::mem::take(&mut self.awards))
            .regressed(std::mem::take(&mut self.regressed));
        for id in ids {
            let Some(service) = self.services.get(&id) else { continue };
            let before = self.scores.get(&id).cloned();
            let after = pass.judge(service, self.evidence.of(&id), before.as_ref());
            self.scores.insert(id.clone(), after.row.clone());
            moved.insert(id, (before, after));
        }
        let (mut verdicts, awards) = pass.finish();
        self.awards = awards;
        // Told here, so that what happened to one service stays in order.
        tx.events.extend(verdicts.take_events());
        self.verdicts.append(verdicts);
        for result in pending {
            let Some((before, after)) = moved.get(&result.service_id) else { continue };
            let answer = &mut result.answer;
            let before = before.as_ref();
            let row = &after.row;
            answer.score = Change { before: before.and_then(shown_score), after: shown_score(row) };
            answer.grade = Change { before: before.and_then(shown_grade), after: shown_grade(row) };
            answer.awarded.clone_from(&after.earned);
            let text = serde_json::to_string(answer).map_err(anyhow::Error::new)?;
            for (owner, key) in &result.keys {
                let known = Known {
                    content: result.content.clone(),
                    answer: Answer::Given(Box::new(answer.clone())),
                };
                self.answers.insert((owner.clone(), key.clone()), known);
                self.keys.push(KeyRow {
                    owner: owner.clone(),
                    key: key.clone(),
                    content_sha256: result.content.clone(),
                    drill_id: answer.id.clone(),
                    answer: text.clone(),
                    created_at: tx.now.0,
                });
            }
        }
        Ok(())
    }

    fn write(self, tx: &mut Tx<'_>) -> Result<()> {
        store::drills::insert_documents(tx.conn, &self.documents)?;
        store::drills::insert(tx.conn, &self.drills)?;
        store::tickets::insert_results(tx.conn, &self.ticketed)?;
        store::drills::insert_keys(tx.conn, &self.keys)?;
        let mut rows = Vec::with_capacity(self.touched.len());
        for id in &self.touched {
            rows.push(self.evidence.of(id).row(id)?);
        }
        store::evidence::put(tx.conn, &rows)?;
        self.verdicts.write(tx)
    }
}
