//! Every living service judged again, by the rulebook and as of the instant its stored score stands for.

use std::collections::HashMap;

use scoring_rules::Rulebook;

use super::{BATCH, Check};
use crate::app::evidence::ServiceEvidence;
use crate::app::facts::Slots;
use crate::app::grading::{judge, same_row, score_row};
use crate::app::{rulebook, runs};
use crate::error::Result;
use crate::store::evidence::EvidenceRow;
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;
use crate::store::{self, Conn};
use crate::types::Timestamp;

/// The kept rulebooks that scores name; none where it cannot be had, told once.
type Books = HashMap<String, Option<(Rulebook, Slots)>>;

/// Judges again and compares everything the scorecard and the lists show.
pub(super) fn check(conn: &mut Conn) -> Result<Check> {
    let mut check = Check::new("scores");
    let last_run = runs::last_run(conn)?;
    let mut books = Books::new();
    let (mut services, mut after) = (0, String::new());
    loop {
        let batch = store::services::batch_after(conn, &after, BATCH)?;
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { break };
        let mut scores: HashMap<String, ScoreRow> = HashMap::new();
        for row in store::grades::between(conn, &first.id, &last.id)? {
            hold_book(conn, &mut books, &row.book_hash, &mut check);
            scores.insert(row.service_id.clone(), row);
        }
        let mut evidence: HashMap<String, EvidenceRow> = HashMap::new();
        for row in store::evidence::between(conn, &first.id, &last.id)? {
            evidence.insert(row.service_id.clone(), row);
        }
        for service in &batch {
            let Some(score) = scores.get(&service.id) else {
                check.problem(|| format!("{}: has no score", service.slug));
                continue;
            };
            let Some(Some(book)) = books.get(&score.book_hash) else { continue };
            compare(&mut check, service, score, evidence.get(&service.id), book, last_run);
        }
        services += batch.len();
        after.clone_from(&last.id);
    }
    check.extent = format!("{services} services judged again by {} rulebooks", books.len());
    Ok(check)
}

fn hold_book(conn: &mut Conn, books: &mut Books, hash: &str, check: &mut Check) {
    if books.contains_key(hash) {
        return;
    }
    let book = match rulebook::kept(conn, hash) {
        Ok(Some(rules)) => {
            if rules.hash() != hash {
                check.problem(|| format!("rulebook {hash}: its kept text is that of {}", rules.hash()));
            }
            let slots = Slots::of(rules.catalogue());
            Some((rules, slots))
        }
        Ok(None) => {
            check.problem(|| format!("rulebook {hash}: scores name it, and it is not kept"));
            None
        }
        Err(error) => {
            check.problem(|| format!("rulebook {hash}: {:#}", error.into_anyhow()));
            None
        }
    };
    books.insert(hash.to_owned(), book);
}

fn compare(
    check: &mut Check,
    service: &ServiceRow,
    held: &ScoreRow,
    evidence: Option<&EvidenceRow>,
    (book, slots): &(Rulebook, Slots),
    last_run: Timestamp,
) {
    let evidence = match evidence.map(ServiceEvidence::of_row).transpose() {
        Ok(evidence) => evidence.unwrap_or_default(),
        Err(error) => {
            return check
                .problem(|| format!("{}: cannot be judged: {:#}", service.slug, error.into_anyhow()));
        }
    };
    // A score that a run found unchanged is not written again: it holds as of that run.
    let at = Timestamp(held.graded_at).max(last_run);
    let again = score_row(book, service, &judge(book, slots, service, &evidence, at, false), at);
    let mut held = held.clone();
    if held.drills_expected < 0 {
        // From before boards counted this: the next run does.
        (held.drills_expected, held.drills_fresh) = (again.drills_expected, again.drills_fresh);
        (held.calls, held.calls_verified) = (again.calls, again.calls_verified);
    }
    let held = &held;
    if !same_row(held, &again) {
        check
            .problem(|| format!("{}: as of {}: {}", service.slug, at.to_rfc3339(), difference(held, &again)));
    }
}

/// The first thing that differs: what is kept, what judging again gives.
fn difference(held: &ScoreRow, again: &ScoreRow) -> String {
    let fields = |r: &ScoreRow| {
        [
            ("score", r.score.to_string()),
            ("grade", r.grade.clone()),
            ("coverage", r.coverage.to_string()),
            ("points earned", r.earned.to_string()),
            ("points possible", r.possible.to_string()),
            ("caps", r.capped_by.clone()),
            ("practices", r.practices.clone()),
            ("regressions", r.regressions.to_string()),
            ("outcomes", r.outcomes.clone()),
            ("drills expected and fresh", format!("{} {}", r.drills_expected, r.drills_fresh)),
            ("calls and verified fallbacks", format!("{} {}", r.calls, r.calls_verified)),
        ]
    };
    let differing = fields(held).into_iter().zip(fields(again)).find(|(a, b)| a != b);
    differing.map_or_else(String::new, |((name, a), (_, b))| format!("{name} is `{a}`, should be `{b}`"))
}
