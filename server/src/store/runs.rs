//! Grading runs, their batches, and claims of scheduled jobs: compare-and-set on rows, so that of several processes one
//! does each thing, and what a dead one held is taken over.

use std::time::Duration;

use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use diesel::sql_types::{BigInt, Text};

use super::schema::{grading_runs, job_runs, run_batches};
use super::{Conn, each, insert_rows};

/// A grading run; `state`: 1 queued, 2 running, 3 finished, 4 failed.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = grading_runs, treat_none_as_default_value = false)]
pub struct RunRow {
    pub id: String,
    pub state: i16,
    pub started_by: String,
    pub requested_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub as_of: Option<i64>,
    pub services: i64,
    pub changed: i64,
    pub errors: String,
}

/// Queued.
pub const QUEUED: i16 = 1;
/// Running.
pub const RUNNING: i16 = 2;
/// Finished.
pub const FINISHED: i16 = 3;
/// Failed.
pub const FAILED: i16 = 4;

/// A part of a run: the living services with `after_id < id <= to_id`; `state`: 1 open, 2 claimed, 3 done.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = run_batches, treat_none_as_default_value = false)]
pub struct BatchRow {
    pub run_id: String,
    pub seq: i32,
    pub after_id: String,
    pub to_id: String,
    pub state: i16,
    pub owner: String,
    pub lease_until: i64,
    pub attempt: i64,
}

/// Nobody works on the batch.
pub const OPEN: i16 = 1;
/// Its owner works on it until the lease ends.
pub const CLAIMED: i16 = 2;
/// Its scores are written.
pub const DONE: i16 = 3;

/// Milliseconds by the clock that all processes of a database share: that of PostgreSQL, or this machine's.
pub fn shared_now(conn: &mut Conn) -> QueryResult<i64> {
    let sql = match conn {
        Conn::Pg(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        Conn::Sqlite(_) => "CAST(unixepoch('subsec') * 1000 AS BIGINT)",
    };
    diesel::select(diesel::dsl::sql::<BigInt>(sql)).get_result(conn)
}

/// When a claim of `now` ends that is held for `lease`.
fn until(now: i64, lease: Duration) -> i64 {
    now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}

/// Stores a run.
pub fn insert(conn: &mut Conn, row: &RunRow) -> QueryResult<()> {
    diesel::insert_into(grading_runs::table).values(row).execute(conn).map(|_| ())
}

/// One run.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<RunRow>> {
    QueryDsl::find(grading_runs::table, id).get_result(conn).optional()
}

/// Runs older than `before`, newest first.
pub fn page(conn: &mut Conn, before: Option<&str>, limit: i64) -> QueryResult<Vec<RunRow>> {
    let mut query = grading_runs::table.into_boxed();
    if let Some(before) = before {
        query = QueryDsl::filter(query, grading_runs::id.lt(before.to_owned()));
    }
    query.order(grading_runs::id.desc()).limit(limit).load(conn)
}

/// The oldest run that is queued or under way.
pub fn next_open(conn: &mut Conn) -> QueryResult<Option<RunRow>> {
    QueryDsl::filter(grading_runs::table, grading_runs::state.le(RUNNING))
        .order(grading_runs::id)
        .first(conn)
        .optional()
}

#[derive(QueryableByName)]
struct Bound {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Every `size`th id of the living services, in order.
pub fn bounds(conn: &mut Conn, size: i64) -> QueryResult<Vec<String>> {
    let sql = "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM services \
               WHERE removed_at IS NULL) AS numbered WHERE n % $1 = 0 ORDER BY id";
    let rows: Vec<Bound> = diesel::sql_query(sql).bind::<BigInt, _>(size).load(conn)?;
    Ok(rows.into_iter().map(|b| b.id).collect())
}

/// Begins a queued run with its batches; false when another process has begun it.
pub fn begin(conn: &mut Conn, id: &str, as_of: i64, batches: &[BatchRow]) -> QueryResult<bool> {
    let queued = QueryDsl::filter(QueryDsl::find(grading_runs::table, id), grading_runs::state.eq(QUEUED));
    let begun = diesel::update(queued)
        .set((
            grading_runs::state.eq(RUNNING),
            grading_runs::started_at.eq(as_of),
            grading_runs::as_of.eq(as_of),
        ))
        .execute(conn)?;
    if begun == 0 {
        return Ok(false);
    }
    insert_rows!(conn, run_batches::table, batches)?;
    Ok(true)
}

/// Claims the next batch that is open, or whose owner let its lease run out.
pub fn claim_batch(
    conn: &mut Conn,
    run_id: &str,
    owner: &str,
    lease: Duration,
) -> QueryResult<Option<BatchRow>> {
    let now = shared_now(conn)?;
    let free =
        run_batches::state.eq(OPEN).or(run_batches::state.eq(CLAIMED).and(run_batches::lease_until.lt(now)));
    let of = QueryDsl::filter(QueryDsl::filter(run_batches::table, run_batches::run_id.eq(run_id)), free)
        .order(run_batches::seq)
        .limit(1);
    let found: Option<BatchRow> = match conn {
        Conn::Pg(c) => of.for_update().skip_locked().get_result(c).optional()?,
        Conn::Sqlite(c) => of.get_result(c).optional()?,
    };
    let Some(mut batch) = found else { return Ok(None) };
    batch.state = CLAIMED;
    owner.clone_into(&mut batch.owner);
    batch.lease_until = until(now, lease);
    batch.attempt += 1;
    diesel::update(QueryDsl::find(run_batches::table, (run_id, batch.seq)))
        .set((
            run_batches::state.eq(CLAIMED),
            run_batches::owner.eq(owner),
            run_batches::lease_until.eq(batch.lease_until),
            run_batches::attempt.eq(batch.attempt),
        ))
        .execute(conn)?;
    Ok(Some(batch))
}

/// Sets the state of a claimed batch; false when its lease ran out and another process has it: then nothing may be
/// written for it.
pub fn leave_batch(conn: &mut Conn, batch: &BatchRow, state: i16) -> QueryResult<bool> {
    let held = run_batches::owner
        .eq(&batch.owner)
        .and(run_batches::attempt.eq(batch.attempt))
        .and(run_batches::state.eq(CLAIMED));
    let of = QueryDsl::filter(QueryDsl::find(run_batches::table, (&batch.run_id, batch.seq)), held);
    Ok(diesel::update(of).set(run_batches::state.eq(state)).execute(conn)? == 1)
}

/// Counts what a batch has come to.
pub fn count(conn: &mut Conn, run_id: &str, services: i64, changed: i64) -> QueryResult<()> {
    diesel::update(QueryDsl::find(grading_runs::table, run_id))
        .set((
            grading_runs::services.eq(grading_runs::services + services),
            grading_runs::changed.eq(grading_runs::changed + changed),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Batches of a run that are not done.
pub fn batches_left(conn: &mut Conn, run_id: &str) -> QueryResult<i64> {
    QueryDsl::filter(
        QueryDsl::filter(run_batches::table, run_batches::run_id.eq(run_id)),
        run_batches::state.ne(DONE),
    )
    .count()
    .get_result(conn)
}

/// Ends a run that is under way, with its batches; false when another process has ended it.
pub fn end(conn: &mut Conn, id: &str, state: i16, at: i64, errors: &str) -> QueryResult<bool> {
    let running = QueryDsl::filter(QueryDsl::find(grading_runs::table, id), grading_runs::state.eq(RUNNING));
    let ended = diesel::update(running)
        .set((
            grading_runs::state.eq(state),
            grading_runs::finished_at.eq(at),
            grading_runs::errors.eq(errors),
        ))
        .execute(conn)?;
    if ended == 1 {
        diesel::delete(QueryDsl::filter(run_batches::table, run_batches::run_id.eq(id))).execute(conn)?;
    }
    Ok(ended == 1)
}

/// Claims a scheduled job for its due time, or takes it over from a process whose lease ran out; false when another
/// process has it or has done it.
pub fn claim(conn: &mut Conn, job: &str, due_at: i64, owner: &str, lease: Duration) -> QueryResult<bool> {
    use diesel::upsert::excluded;
    let now = shared_now(conn)?;
    let claimed = each!(conn, c => FilterDsl::filter(
        diesel::insert_into(job_runs::table)
            .values((
                job_runs::job.eq(job),
                job_runs::due_at.eq(due_at),
                job_runs::state.eq(RUNNING),
                job_runs::owner.eq(owner),
                job_runs::lease_until.eq(until(now, lease)),
                job_runs::attempt.eq(1),
            ))
            .on_conflict((job_runs::job, job_runs::due_at))
            .do_update()
            .set((
                job_runs::owner.eq(excluded(job_runs::owner)),
                job_runs::lease_until.eq(excluded(job_runs::lease_until)),
                job_runs::attempt.eq(job_runs::attempt + 1),
            )),
        job_runs::state.eq(RUNNING).and(job_runs::lease_until.lt(now)),
    )
    .execute(c))?;
    Ok(claimed == 1)
}

/// Marks a claimed job as done.
pub fn finish_job(conn: &mut Conn, job: &str, due_at: i64) -> QueryResult<()> {
    diesel::update(QueryDsl::find(job_runs::table, (job, due_at)))
        .set(job_runs::state.eq(FINISHED))
        .execute(conn)
        .map(|_| ())
}

/// Holds a claimed job for longer; false when its lease ran out and another process has it: then nothing may be written
/// for it.
pub fn extend(conn: &mut Conn, job: &str, due_at: i64, owner: &str, lease: Duration) -> QueryResult<bool> {
    let now = shared_now(conn)?;
    let held = job_runs::owner.eq(owner).and(job_runs::state.eq(RUNNING));
    let of = QueryDsl::filter(QueryDsl::find(job_runs::table, (job, due_at)), held);
    Ok(diesel::update(of).set(job_runs::lease_until.eq(until(now, lease))).execute(conn)? == 1)
}

/// Forgets the turns of a job that were due before another.
pub fn forget_before(conn: &mut Conn, job: &str, due_at: i64) -> QueryResult<()> {
    let of = QueryDsl::filter(
        QueryDsl::filter(job_runs::table, job_runs::job.eq(job)),
        job_runs::due_at.lt(due_at),
    );
    diesel::delete(of).execute(conn).map(|_| ())
}
