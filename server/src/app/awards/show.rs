//! Awards as readers see them: on a scorecard, one certificate, the calendar of renewals.

use std::collections::{BTreeMap, HashMap};

use scoring_rules::{Award, AwardKind, Record, Rulebook};
use serde_json::value::RawValue;

use super::{HELD, issue, kind_code, state_word};
use crate::app::scorecard::Explained;
use crate::app::views::{AwardView, CertificateView, Page};
use crate::app::{Tx, owners, rulebook};
use crate::error::{Error, Result};
use crate::store;
use crate::store::awards::AwardRow;
use crate::store::services::ServiceRow;
use crate::types::{DAY_MS, Timestamp};

/// Awards of a service that are looked at, newest first.
const MOST: i64 = 500;

/// What a service holds and what it can still earn; at an earlier instant only what it held then.
pub fn of_scorecard(tx: &mut Tx<'_>, explained: &Explained, now: bool) -> Result<Vec<AwardView>> {
    let id = &explained.service.id;
    let book = explained.book.rules();
    if !now {
        let at = explained.at.0;
        let rows = store::awards::of_service(tx.conn, id, MOST)?;
        let held = rows.iter().filter(|row| row.earned_at <= at && row.ended_at.is_none_or(|end| end > at));
        // How it stood then is in the events; that it was held is enough here.
        return Ok(held.map(|row| view(book, None, Some(row), Vec::new())).collect());
    }
    let held = store::awards::held_by(tx.conn, std::slice::from_ref(id))?;
    let of = |award: &Award| held.iter().find(|r| r.kind == kind_code(award.kind) && r.award == award.id);
    let kept = store::grades::one(tx.conn, id)?.map(|row| row.record);
    let record: Record = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut facts = explained.judged.sheet.facts.clone();
    let (grade, at) = (&explained.judged.grade, explained.at.0);
    book.set_grade_facts(&mut facts, grade, at);
    book.set_record_facts(&mut facts, &record, grade, explained.fixed, at);
    let mut views: Vec<AwardView> = book
        .awards()
        .iter()
        .map(|award| {
            let row = of(award);
            let lacking = if row.is_some() { Vec::new() } else { lacking(book, award, &facts, &record, at) };
            view(book, Some(award), row, lacking)
        })
        .collect();
    let known =
        |row: &&AwardRow| book.awards().iter().any(|a| kind_code(a.kind) == row.kind && a.id == row.award);
    views.extend(held.iter().filter(|row| !known(row)).map(|row| view(book, None, Some(row), Vec::new())));
    Ok(views)
}

/// What is lacking of an award that is not held; if nothing is but time, how long it has been true.
fn lacking(
    book: &Rulebook,
    award: &Award,
    facts: &scoring_rules::Facts,
    record: &Record,
    now: i64,
) -> Vec<String> {
    let mut lacking = award.lacking(book, facts, now);
    if lacking.is_empty() && award.for_days > 0 {
        let days = record.met_since(award.since_key()).map_or(0, |since| (now - since).max(0) / DAY_MS);
        lacking.push(format!("true for {days} of {} days", award.for_days));
    }
    lacking
}

fn view(book: &Rulebook, award: Option<&Award>, row: Option<&AwardRow>, lacking: Vec<String>) -> AwardView {
    let kind = award.map_or_else(
        || {
            if row.is_some_and(|r| r.kind == store::awards::CERTIFICATE) {
                AwardKind::Certificate
            } else {
                AwardKind::Badge
            }
        },
        |award| award.kind,
    );
    let id = award.map(|a| a.id.clone()).or_else(|| row.map(|r| r.award.clone())).unwrap_or_default();
    let award = award.or_else(|| book.award(kind, &id));
    AwardView {
        kind: kind.as_str().to_owned(),
        title: row.map(|r| r.title.clone()).or_else(|| award.map(|a| a.title.clone())).unwrap_or_default(),
        medal: award.map_or("practice", |a| a.medal.as_str()).to_owned(),
        practice: award.and_then(|a| a.practice.clone()),
        state: row.map(|r| state_word(r.state).to_owned()),
        id: row.map(|r| r.id.clone()),
        earned_at: row.map(|r| Timestamp(r.earned_at)),
        valid_until: row.and_then(|r| r.valid_until).map(Timestamp),
        reason: row.map(|r| r.reason.clone()).filter(|reason| !reason.is_empty()),
        why: award.map_or_else(String::new, |a| a.why.clone()),
        fix: award.map_or_else(String::new, |a| a.fix.clone()),
        award: id,
        lacking,
    }
}

/// A certificate (or badge) with its service, for whoever may know of it: it is public, or the reader may read and know of
/// the service.
///
/// # Errors
///
/// [`Error::Unauthenticated`] where reading takes signing in and it is not public, whether there is one or not;
/// [`Error::NotFound`].
pub(super) fn found(tx: &mut Tx<'_>, id: &str) -> Result<(AwardRow, ServiceRow, bool)> {
    let missing = || Error::not_found("certificate", id.chars().take(60).collect::<String>());
    let row = store::awards::one(tx.conn, id)?;
    let public = match &row {
        Some((_, service)) => {
            store::sharing::of(tx.conn, &service.id)?.is_some_and(|sharing| sharing.certificates)
        }
        None => false,
    };
    if !public && !tx.may_read() {
        return Err(Error::Unauthenticated { detail: "Sign in to see certificates.".to_owned() });
    }
    let (row, service) = row.ok_or_else(missing)?;
    if !public && !tx.sees(&service)? {
        return Err(missing());
    }
    Ok((row, service, public))
}

/// One certificate.
///
/// # Errors
///
/// [`Error::Unauthenticated`] where reading takes signing in and it is not public; [`Error::NotFound`].
pub fn certificate(tx: &mut Tx<'_>, id: &str) -> Result<CertificateView> {
    let (row, service, public) = found(tx, id)?;
    let team = match &service.team_id {
        Some(id) => store::fleet::team_names(tx.conn, std::slice::from_ref(id))?.pop(),
        None => None,
    };
    let base = tx.base_url.clone();
    let book = rulebook::by_hash(tx, &row.book_hash)?;
    Ok(one(row, &service, team, public, book.as_ref(), &base))
}

/// What a certificate rests on, byte for byte as its digest is of.
///
/// # Errors
///
/// As [`certificate`]; [`Error::NotFound`] also for a badge, which keeps none.
pub fn evidence(tx: &mut Tx<'_>, id: &str) -> Result<String> {
    let (row, ..) = found(tx, id)?;
    if row.proof.is_empty() {
        return Err(Error::not_found("evidence of a certificate", row.id));
    }
    Ok(row.proof)
}

fn one(
    row: AwardRow,
    service: &ServiceRow,
    team: Option<(String, String, String)>,
    public: bool,
    book: Option<&Rulebook>,
    base: &str,
) -> CertificateView {
    let kind = if row.kind == store::awards::CERTIFICATE { AwardKind::Certificate } else { AwardKind::Badge };
    let award = book.and_then(|book| book.award(kind, &row.award));
    let renews = award.filter(|_| row.ended_at.is_none()).zip(row.valid_until);
    let text = |text: String| (!text.is_empty()).then_some(text);
    let (team, team_name) = team.map_or((None, None), |(_, slug, name)| (Some(slug), Some(name)));
    CertificateView {
        credential_url: row.status_index.map(|_| format!("{base}/certificates/{}.jwt", row.id)),
        status_list_url: row.status_index.map(|index| issue::list_url(base, index)),
        award: row.award,
        kind: kind.as_str().to_owned(),
        title: row.title,
        why: award.map(|award| award.why.clone()),
        service: service.slug.clone(),
        service_name: service.name.clone(),
        team,
        team_name,
        state: state_word(row.state).to_owned(),
        reason: text(row.reason),
        earned_at: Timestamp(row.earned_at),
        renewed_at: row.renewed_at.map(Timestamp),
        valid_until: row.valid_until.map(Timestamp),
        renews_from: renews.map(|(a, until)| Timestamp(until - i64::from(a.renew_before_days) * DAY_MS)),
        not_in_force_since: row.bad_since.map(Timestamp),
        ended_at: row.ended_at.map(Timestamp),
        score: (row.score >= 0).then_some(row.score),
        grade: row.grade,
        coverage: row.coverage,
        rulebook: row.book_hash,
        // The kept bytes, which the digest is of: parsed and written again they might be others.
        evidence: RawValue::from_string(row.proof).ok(),
        evidence_sha256: text(row.proof_sha256),
        waivers: Vec::new(),
        public,
        id: row.id,
    }
}

/// What certificates are counted under that the rulebook in force does not have.
const OTHER: &str = "other";

/// How many services hold each certificate of the rulebook in force, by how it stands; the others together. Nobody is
/// named, so it is the same for every reader.
///
/// # Errors
///
/// Those of the database.
pub fn held(tx: &mut Tx<'_>) -> Result<Vec<(String, &'static str, i64)>> {
    let picture = tx.picture()?;
    let known = tx.book.rulebook.awards().iter().filter(|award| award.kind == AwardKind::Certificate);
    let mut counts: BTreeMap<(&str, i16), i64> = BTreeMap::new();
    for award in known.map(|award| award.id.as_str()).chain([OTHER]) {
        counts.extend(HELD.iter().map(|state| ((award, *state), 0)));
    }
    for ((award, state), n) in &picture.certificates {
        let award = if counts.contains_key(&(award.as_str(), *state)) { award } else { OTHER };
        *counts.entry((award, *state)).or_default() += n;
    }
    Ok(counts.into_iter().map(|((award, state), n)| (award.to_owned(), state_word(state), n)).collect())
}

/// Certificates that are held, in the order of their end: the calendar of renewals.
///
/// # Errors
///
/// [`Error::Invalid`] for a cursor of another list, [`Error::NotFound`] for an unknown team.
pub fn calendar(
    tx: &mut Tx<'_>,
    team: Option<&str>,
    until: Option<Timestamp>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<CertificateView>> {
    let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    let after = match cursor {
        None => None,
        Some(text) => {
            let (at, id) = text.split_once('.').ok_or_else(bad)?;
            Some((at.parse::<i64>().map_err(|_| bad())?, id))
        }
    };
    let teams = match team {
        Some(slug) => {
            let team = owners::team(tx, slug)?;
            Some(store::fleet::team_ids_below(tx.conn, &team.path)?)
        }
        None => None,
    };
    let veil = tx.veil()?;
    let until = until.map_or(i64::MAX, |at| at.0);
    let ask = store::awards::Calendar { after, until, teams: teams.as_deref(), unseen: veil.unseen() };
    let mut rows = store::awards::calendar(tx.conn, &ask, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next =
        rows.last().filter(|_| more).map(|(row, _)| format!("{}.{}", row.valid_until.unwrap_or(0), row.id));
    let ids: Vec<String> = rows.iter().filter_map(|(_, service)| service.team_id.clone()).collect();
    let names: HashMap<String, (String, String, String)> =
        store::fleet::team_names(tx.conn, &ids)?.into_iter().map(|row| (row.0.clone(), row)).collect();
    let base = tx.base_url.clone();
    let book = std::sync::Arc::clone(&tx.book);
    let items = rows
        .into_iter()
        .map(|(mut row, service)| {
            let team = service.team_id.as_ref().and_then(|id| names.get(id)).cloned();
            // The list says who holds what until when; what it rests on is on the certificate.
            row.proof = String::new();
            one(row, &service, team, false, Some(&book.rulebook), &base)
        })
        .collect();
    Ok(Page { items, next })
}
