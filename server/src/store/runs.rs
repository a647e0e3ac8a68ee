//! Grading runs and claims of scheduled jobs.

use diesel::prelude::*;

use super::schema::{grading_runs, job_runs};
use super::{Conn, each};

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
    pub cursor_id: Option<String>,
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

/// Stores a run.
pub fn insert(conn: &mut Conn, row: &RunRow) -> QueryResult<()> {
    diesel::insert_into(grading_runs::table).values(row).execute(conn).map(|_| ())
}

/// Writes what a run has come to.
pub fn update(conn: &mut Conn, row: &RunRow) -> QueryResult<()> {
    diesel::update(grading_runs::table.find(&row.id))
        .set((
            grading_runs::state.eq(row.state),
            grading_runs::started_at.eq(row.started_at),
            grading_runs::finished_at.eq(row.finished_at),
            grading_runs::as_of.eq(row.as_of),
            grading_runs::cursor_id.eq(row.cursor_id.as_deref()),
            grading_runs::services.eq(row.services),
            grading_runs::changed.eq(row.changed),
            grading_runs::errors.eq(&row.errors),
        ))
        .execute(conn)
        .map(|_| ())
}

/// One run.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<RunRow>> {
    grading_runs::table.find(id).get_result(conn).optional()
}

/// Runs older than `before`, newest first.
pub fn page(conn: &mut Conn, before: Option<&str>, limit: i64) -> QueryResult<Vec<RunRow>> {
    let mut query = grading_runs::table.into_boxed();
    if let Some(before) = before {
        query = query.filter(grading_runs::id.lt(before.to_owned()));
    }
    query.order(grading_runs::id.desc()).limit(limit).load(conn)
}

/// The oldest run that is queued or was left running.
pub fn next_open(conn: &mut Conn) -> QueryResult<Option<RunRow>> {
    grading_runs::table.filter(grading_runs::state.le(RUNNING)).order(grading_runs::id).first(conn).optional()
}

/// Claims a scheduled job for its due time; false when another process has it.
pub fn claim(conn: &mut Conn, job: &str, due_at: i64, owner: &str, lease_until: i64) -> QueryResult<bool> {
    let inserted = each!(conn, c => diesel::insert_into(job_runs::table)
        .values((
            job_runs::job.eq(job),
            job_runs::due_at.eq(due_at),
            job_runs::state.eq(RUNNING),
            job_runs::owner.eq(owner),
            job_runs::lease_until.eq(lease_until),
            job_runs::attempt.eq(1),
        ))
        .on_conflict((job_runs::job, job_runs::due_at))
        .do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Marks a claimed job as done.
pub fn finish_job(conn: &mut Conn, job: &str, due_at: i64) -> QueryResult<()> {
    diesel::update(job_runs::table.find((job, due_at)))
        .set(job_runs::state.eq(FINISHED))
        .execute(conn)
        .map(|_| ())
}
