//! Rows and queries of certificates and badges, and of what verifiers are told of credentials.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::{awards, credential_status, services};
use super::services::ServiceRow;
use super::veil::{Unseen, seen};
use super::{CHUNK_ROWS, Conn, each, insert_rows};

type Backend = <Conn as Connection>::Backend;

/// An award from earning to end.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = awards, treat_none_as_default_value = false)]
pub struct AwardRow {
    pub id: String,
    /// 1 certificate, 2 badge.
    pub kind: i16,
    /// Its id in the rulebook.
    pub award: String,
    pub service_id: String,
    pub title: String,
    /// 1 in force, 2 on hold, 3 suspended, 4 revoked, 5 lapsed.
    pub state: i16,
    /// The rulebook by which it was earned or renewed last.
    pub book_hash: String,
    pub earned_at: i64,
    pub renewed_at: Option<i64>,
    pub valid_until: Option<i64>,
    /// Since when it is not in force.
    pub bad_since: Option<i64>,
    /// It was told that it will lapse.
    pub warned: bool,
    pub ended_at: Option<i64>,
    /// Why it is not in force, or gone.
    pub reason: String,
    /// Score, grade and coverage when it was earned or renewed last.
    pub score: i16,
    pub grade: String,
    pub coverage: i16,
    /// What it rests on, as JSON; empty for badges.
    pub proof: String,
    /// SHA-256 of that.
    pub proof_sha256: String,
    /// Place in the status list of its credential; none while none can be had.
    pub status_index: Option<i64>,
}

/// What verifiers are told of one credential.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = credential_status, treat_none_as_default_value = false)]
pub struct StatusRow {
    pub list_index: i64,
    pub award_id: String,
    pub issued_at: i64,
    pub revoked_at: Option<i64>,
}

/// Awards that services with `lo <= id <= hi` hold.
pub fn held_between(conn: &mut Conn, lo: &str, hi: &str) -> QueryResult<Vec<AwardRow>> {
    awards::table
        .filter(awards::ended_at.is_null())
        .filter(awards::service_id.ge(lo))
        .filter(awards::service_id.le(hi))
        .load(conn)
}

/// A certificate that a service holds.
#[derive(Clone, Debug, Queryable)]
pub struct HeldRow {
    pub service_id: String,
    pub award: String,
    /// 1 in force, 2 on hold, 3 suspended.
    pub state: i16,
    pub valid_until: Option<i64>,
}

/// Certificates that services with `lo <= id <= hi` hold, by service.
pub fn certificates_between(conn: &mut Conn, lo: &str, hi: &str) -> QueryResult<Vec<HeldRow>> {
    awards::table
        .filter(awards::ended_at.is_null())
        .filter(awards::kind.eq(CERTIFICATE))
        .filter(awards::service_id.ge(lo))
        .filter(awards::service_id.le(hi))
        .order((awards::service_id, awards::award))
        .select((awards::service_id, awards::award, awards::state, awards::valid_until))
        .load(conn)
}

/// Awards that these services hold.
pub fn held_by(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<AwardRow>> {
    if let [id] = ids {
        return awards::table
            .filter(awards::ended_at.is_null())
            .filter(awards::service_id.eq(id))
            .order((awards::kind, awards::award))
            .load(conn);
    }
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let rows: Vec<AwardRow> = awards::table
            .filter(awards::ended_at.is_null())
            .filter(awards::service_id.eq_any(chunk))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Awards of one service, newest first; those that ended too.
pub fn of_service(conn: &mut Conn, service_id: &str, limit: i64) -> QueryResult<Vec<AwardRow>> {
    awards::table
        .filter(awards::service_id.eq(service_id))
        .order((awards::earned_at.desc(), awards::id.desc()))
        .limit(limit)
        .load(conn)
}

/// One award with its service.
pub fn one(conn: &mut Conn, id: &str) -> QueryResult<Option<(AwardRow, ServiceRow)>> {
    awards::table
        .inner_join(services::table)
        .filter(awards::id.eq(id))
        .select((awards::all_columns, services::all_columns))
        .get_result(conn)
        .optional()
}

/// Runs the upsert of awards with the given values: one row, or a list of them.
macro_rules! upsert_awards {
    ($c:expr, $values:expr) => {
        diesel::insert_into(awards::table)
            .values($values)
            .on_conflict(awards::id)
            .do_update()
            .set((
                awards::title.eq(excluded(awards::title)),
                awards::state.eq(excluded(awards::state)),
                awards::book_hash.eq(excluded(awards::book_hash)),
                awards::renewed_at.eq(excluded(awards::renewed_at)),
                awards::valid_until.eq(excluded(awards::valid_until)),
                awards::bad_since.eq(excluded(awards::bad_since)),
                awards::warned.eq(excluded(awards::warned)),
                awards::ended_at.eq(excluded(awards::ended_at)),
                awards::reason.eq(excluded(awards::reason)),
                awards::score.eq(excluded(awards::score)),
                awards::grade.eq(excluded(awards::grade)),
                awards::coverage.eq(excluded(awards::coverage)),
                awards::proof.eq(excluded(awards::proof)),
                awards::proof_sha256.eq(excluded(awards::proof_sha256)),
                awards::status_index.eq(excluded(awards::status_index)),
            ))
            .execute($c)
    };
}

/// Writes awards, new or changed.
pub fn put(conn: &mut Conn, rows: &[AwardRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => upsert_awards!(c, chunk))?;
    }
    Ok(())
}

/// Takes places in the status list; gives those of `indices` that are taken by others.
pub fn places_taken(conn: &mut Conn, indices: &[i64]) -> QueryResult<Vec<i64>> {
    let mut taken = Vec::new();
    for chunk in indices.chunks(CHUNK_ROWS) {
        let found: Vec<i64> = credential_status::table
            .filter(credential_status::list_index.eq_any(chunk))
            .select(credential_status::list_index)
            .load(conn)?;
        taken.extend(found);
    }
    Ok(taken)
}

/// Stores credentials that may be shown from now on.
pub fn insert_status(conn: &mut Conn, rows: &[StatusRow]) -> QueryResult<()> {
    insert_rows!(conn, credential_status::table, rows)
}

/// Tells verifiers that these credentials hold no more.
pub fn revoke_status(conn: &mut Conn, indices: &[i64], at: i64) -> QueryResult<()> {
    for chunk in indices.chunks(CHUNK_ROWS) {
        diesel::update(credential_status::table.filter(credential_status::list_index.eq_any(chunk)))
            .filter(credential_status::revoked_at.is_null())
            .set(credential_status::revoked_at.eq(at))
            .execute(conn)?;
    }
    Ok(())
}

/// Places within `[from, to)` whose credentials hold no more, in order.
pub fn revoked_places(conn: &mut Conn, from: i64, to: i64) -> QueryResult<Vec<i64>> {
    credential_status::table
        .filter(credential_status::revoked_at.is_not_null())
        .filter(credential_status::list_index.ge(from))
        .filter(credential_status::list_index.lt(to))
        .order(credential_status::list_index)
        .select(credential_status::list_index)
        .load(conn)
}

/// Which certificates a calendar shows.
pub struct Calendar<'a> {
    /// End and id of the last one of the page before.
    pub after: Option<(i64, &'a str)>,
    /// Ends no later than that.
    pub until: i64,
    /// Ids of the teams whose services to show.
    pub teams: Option<&'a [String]>,
    /// What the reader may not see.
    pub unseen: &'a Unseen,
}

/// Certificates that are held, whose service is there and seen, in the order of their end.
pub fn calendar(conn: &mut Conn, ask: &Calendar<'_>, limit: i64) -> QueryResult<Vec<(AwardRow, ServiceRow)>> {
    let mut query = awards::table
        .inner_join(services::table)
        .filter(awards::ended_at.is_null())
        // As a literal, for plans that do not know the values: the index is limited to it.
        .filter(sql::<Bool>("awards.kind = 1"))
        .filter(services::removed_at.is_null())
        .select((awards::all_columns, services::all_columns))
        .into_boxed::<Backend>();
    query = seen!(query, ask.unseen);
    if let Some((at, id)) = ask.after {
        let later = awards::valid_until.gt(at).or(awards::id.gt(id.to_owned()));
        query = query.filter(awards::valid_until.ge(at)).filter(later.assume_not_null());
    }
    if let Some(teams) = ask.teams {
        query = query.filter(services::team_id.eq_any(teams.to_vec()));
    }
    query
        .filter(awards::valid_until.le(ask.until))
        .order((awards::valid_until, awards::id))
        .limit(limit)
        .load(conn)
}

/// Kind of certificates.
pub const CERTIFICATE: i16 = 1;
