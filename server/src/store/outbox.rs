//! Rows and queries of whom to tell, and of what waits to be told.
//!
//! Whoever changes a target holds its row first, so a whole row is written back. What waits is found by a partial
//! index; how much waits is counted on the target.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::schema::{deliveries, meta, notification_targets as targets};
use super::{CHUNK_ROWS, Conn, each};

/// Where in `meta` the position up to which the log was told is kept.
const CURSOR: &str = "outbox.cursor";

/// A target as stored; `wants` is a JSON list of words, `sealed` holds its address and secrets.
#[derive(Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = targets, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TargetRow {
    pub id: String,
    pub kind: i16,
    pub name: String,
    /// The team whose events are told, with all below it; none: everything.
    pub team_id: Option<String>,
    pub wants: String,
    /// As much of the address as may be shown.
    pub shown: String,
    pub sealed: String,
    /// SHA-256 of what ends mail; none where it is no mail.
    pub unsubscribe: Option<String>,
    pub paused: bool,
    pub why: String,
    /// Since when it is paused or not.
    pub since: i64,
    pub created_by: String,
    pub created_at: i64,
    /// Events up to this position were before its time.
    pub from_seq: i64,
    /// When the next digest is due; none: it wants none.
    pub digest_at: Option<i64>,
    /// Up to where the last digest told.
    pub digest_seq: i64,
    /// When something is to be sent; none: nothing waits.
    pub due_at: Option<i64>,
    /// Attempts in a row that it did not answer well.
    pub failures: i32,
    pub pending: i64,
    /// Events that were left out because too much waited, and of which it was not told yet.
    pub skipped: i64,
    pub delivered: i64,
    pub failed: i64,
    pub tried_at: Option<i64>,
    pub succeeded_at: Option<i64>,
    pub error: String,
    pub owner: String,
    pub lease_until: i64,
}

/// One message to one target.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = deliveries, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct DeliveryRow {
    pub id: String,
    pub target_id: String,
    /// The same on every attempt: the event's id.
    pub message_id: String,
    pub kind: String,
    /// What is told, as JSON; empty once it is done.
    pub body: String,
    pub state: i16,
    pub attempts: i32,
    pub next_at: Option<i64>,
    pub status: Option<i32>,
    pub error: String,
    pub created_at: i64,
    pub done_at: Option<i64>,
}

/// It waits.
pub const WAITS: i16 = 1;
/// It was taken.
pub const DELIVERED: i16 = 2;
/// It was tried as often as the schedule says.
pub const GIVEN_UP: i16 = 3;

/// What all targets together come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub targets: i64,
    pub paused: i64,
    pub failing: i64,
    pub pending: i64,
    pub skipped: i64,
    pub delivered: i64,
    pub failed: i64,
}

/// Stores a target.
pub fn insert(conn: &mut Conn, row: &TargetRow) -> QueryResult<()> {
    diesel::insert_into(targets::table).values(row).execute(conn).map(|_| ())
}

/// Every target, newest first. Their number is bounded.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<TargetRow>> {
    targets::table.order(targets::id.desc()).load(conn)
}

/// How many targets there are.
pub fn count(conn: &mut Conn) -> QueryResult<i64> {
    targets::table.count().get_result(conn)
}

/// One target.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<TargetRow>> {
    targets::table.find(id).get_result(conn).optional()
}

/// The target whose mail ends by what has this hash.
pub fn by_unsubscribe(conn: &mut Conn, sha256: &str) -> QueryResult<Option<TargetRow>> {
    targets::table.filter(targets::unsubscribe.eq(sha256)).get_result(conn).optional()
}

/// One target, held against others until the end of the transaction.
pub fn held(conn: &mut Conn, id: &str) -> QueryResult<Option<TargetRow>> {
    let of = targets::table.find(id);
    match conn {
        Conn::Pg(c) => of.for_update().get_result(c).optional(),
        Conn::Sqlite(c) => of.get_result(c).optional(),
    }
}

/// Writes a target that is held.
pub fn save(conn: &mut Conn, row: &TargetRow) -> QueryResult<()> {
    diesel::update(targets::table.find(&row.id)).set(row).execute(conn).map(|_| ())
}

/// Removes a target and all that was sent to it.
pub fn delete(conn: &mut Conn, id: &str) -> QueryResult<()> {
    diesel::delete(deliveries::table.filter(deliveries::target_id.eq(id))).execute(conn)?;
    diesel::delete(targets::table.find(id)).execute(conn).map(|_| ())
}

/// Targets to which something is to be sent at `now`, and that nobody is sending to: first those that answer, and
/// whether they do.
pub fn due(conn: &mut Conn, now: i64, shared_now: i64, limit: i64) -> QueryResult<Vec<(String, bool)>> {
    let found: Vec<(String, i32)> = targets::table
        .filter(targets::due_at.le(now))
        .filter(targets::paused.eq(false))
        .filter(targets::lease_until.lt(shared_now))
        .order((targets::failures, targets::due_at))
        .limit(limit)
        .select((targets::id, targets::failures))
        .load(conn)?;
    Ok(found.into_iter().map(|(id, failures)| (id, failures == 0)).collect())
}

/// Targets whose digest is due, the oldest first.
pub fn due_digests(conn: &mut Conn, now: i64) -> QueryResult<Vec<String>> {
    targets::table
        .filter(targets::digest_at.le(now))
        .order((targets::digest_at, targets::id))
        .select(targets::id)
        .load(conn)
}

/// Has digests that are to come come at `next` (ms); those that are due stay due. Gives how many moved.
pub fn move_digests(conn: &mut Conn, now: i64, next: Option<i64>) -> QueryResult<usize> {
    let to_come = targets::table.filter(targets::digest_at.gt(now));
    match next {
        Some(next) => diesel::update(to_come.filter(targets::digest_at.ne(next)))
            .set(targets::digest_at.eq(next))
            .execute(conn),
        None => diesel::update(to_come).set(targets::digest_at.eq(None::<i64>)).execute(conn),
    }
}

/// Up to which position of the log everything was told; none: nothing was yet.
pub fn cursor(conn: &mut Conn) -> QueryResult<Option<i64>> {
    let text: Option<String> = meta::table.find(CURSOR).select(meta::value).get_result(conn).optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Moves the position on; false when another process moved it meanwhile: then nothing may be told.
pub fn move_cursor(conn: &mut Conn, from: Option<i64>, to: i64) -> QueryResult<bool> {
    let to = to.to_string();
    let moved = match from {
        Some(from) => diesel::update(meta::table.find(CURSOR).filter(meta::value.eq(from.to_string())))
            .set(meta::value.eq(to))
            .execute(conn)?,
        None => each!(conn, c => diesel::insert_into(meta::table)
            .values((meta::key.eq(CURSOR), meta::value.eq(&to)))
            .on_conflict(meta::key)
            .do_nothing()
            .execute(c))?,
    };
    Ok(moved == 1)
}

/// Stores messages that wait; gives how many were not there yet.
pub fn add(conn: &mut Conn, rows: &[DeliveryRow]) -> QueryResult<usize> {
    let mut added = 0;
    for chunk in rows.chunks(CHUNK_ROWS) {
        added += each!(conn, c => diesel::insert_into(deliveries::table)
            .values(chunk)
            .on_conflict((deliveries::target_id, deliveries::message_id))
            .do_nothing()
            .execute(c))?;
    }
    Ok(added)
}

fn waiting() -> diesel::expression::SqlLiteral<Bool> {
    // As a literal: what the index is limited to must stand in the statement.
    sql::<Bool>("state = 1")
}

/// The oldest message to a target that waits and is due.
pub fn next(conn: &mut Conn, target: &str, now: i64) -> QueryResult<Option<DeliveryRow>> {
    deliveries::table
        .filter(deliveries::target_id.eq(target))
        .filter(waiting())
        .filter(deliveries::next_at.le(now))
        .order(deliveries::id)
        .limit(1)
        .get_result(conn)
        .optional()
}

/// When the next message to a target is due; none: nothing waits.
pub fn next_at(conn: &mut Conn, target: &str) -> QueryResult<Option<i64>> {
    deliveries::table
        .filter(deliveries::target_id.eq(target))
        .filter(waiting())
        .select(diesel::dsl::min(deliveries::next_at))
        .get_result(conn)
}

/// One message.
pub fn delivery(conn: &mut Conn, id: &str) -> QueryResult<Option<DeliveryRow>> {
    deliveries::table.find(id).get_result(conn).optional()
}

/// Writes a message.
pub fn save_delivery(conn: &mut Conn, row: &DeliveryRow) -> QueryResult<()> {
    diesel::update(deliveries::table.find(&row.id)).set(row).execute(conn).map(|_| ())
}

/// Begins the schedule of everything that waits for a target anew.
pub fn try_anew(conn: &mut Conn, target: &str, now: i64) -> QueryResult<()> {
    diesel::update(deliveries::table.filter(deliveries::target_id.eq(target)).filter(waiting()))
        .set((deliveries::attempts.eq(0), deliveries::next_at.eq(now)))
        .execute(conn)
        .map(|_| ())
}

/// Drops everything that waits for a target.
pub fn drop_waiting(conn: &mut Conn, target: &str) -> QueryResult<usize> {
    diesel::delete(deliveries::table.filter(deliveries::target_id.eq(target)).filter(waiting())).execute(conn)
}

/// Messages to a target before `before` (an id), newest first.
pub fn page(
    conn: &mut Conn,
    target: &str,
    before: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<DeliveryRow>> {
    let mut query = deliveries::table.filter(deliveries::target_id.eq(target)).into_boxed();
    if let Some(before) = before {
        query = query.filter(deliveries::id.lt(before.to_owned()));
    }
    query.order(deliveries::id.desc()).limit(limit).load(conn)
}

/// Removes messages that were done before `at`, at most `limit`; gives how many.
pub fn sweep(conn: &mut Conn, at: i64, limit: i64) -> QueryResult<usize> {
    let old: Vec<String> = deliveries::table
        .filter(deliveries::done_at.lt(at))
        .order(deliveries::done_at)
        .limit(limit)
        .select(deliveries::id)
        .load(conn)?;
    if old.is_empty() {
        return Ok(0);
    }
    diesel::delete(deliveries::table.filter(deliveries::id.eq_any(old))).execute(conn)
}

#[derive(QueryableByName)]
struct TotalsRow {
    #[diesel(sql_type = BigInt)]
    targets: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    paused: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    failing: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pending: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    skipped: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    delivered: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    failed: Option<i64>,
}

/// What all targets together come to.
pub fn totals(conn: &mut Conn) -> QueryResult<Totals> {
    let row: TotalsRow = diesel::sql_query(
        "SELECT COUNT(*) AS targets, \
         CAST(SUM(CASE WHEN paused THEN 1 ELSE 0 END) AS BIGINT) AS paused, \
         CAST(SUM(CASE WHEN failures > 0 AND NOT paused THEN 1 ELSE 0 END) AS BIGINT) AS failing, \
         CAST(SUM(pending) AS BIGINT) AS pending, CAST(SUM(skipped) AS BIGINT) AS skipped, \
         CAST(SUM(delivered) AS BIGINT) AS delivered, CAST(SUM(failed) AS BIGINT) AS failed \
         FROM notification_targets",
    )
    .get_result(conn)?;
    Ok(Totals {
        targets: row.targets,
        paused: row.paused.unwrap_or(0),
        failing: row.failing.unwrap_or(0),
        pending: row.pending.unwrap_or(0),
        skipped: row.skipped.unwrap_or(0),
        delivered: row.delivered.unwrap_or(0),
        failed: row.failed.unwrap_or(0),
    })
}
