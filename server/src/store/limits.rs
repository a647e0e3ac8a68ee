//! What was taken of limits by all processes together, and attempts to sign in.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::schema::{rate_windows, sign_in_attempts};
use super::{Conn, each};

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    taken: i64,
}

/// One statement, so that no two processes are given the same. A process whose clock is behind takes from the window
/// that another has begun.
const TAKE: &str = "\
    INSERT INTO rate_windows (key, starts_at, taken) VALUES ($1, $2, $3) \
    ON CONFLICT (key) DO UPDATE SET \
        taken = CASE WHEN rate_windows.starts_at >= $2 THEN rate_windows.taken + $3 ELSE $3 END, \
        starts_at = CASE WHEN rate_windows.starts_at >= $2 THEN rate_windows.starts_at ELSE $2 END \
    WHERE rate_windows.starts_at < $2 OR rate_windows.taken + $3 <= $4 \
    RETURNING taken";

/// Takes `n` of the `limit` of the window that began at `start` (ms); gives what is taken then, none if not enough is
/// left.
pub fn take(conn: &mut Conn, key: &str, start: i64, n: i64, limit: i64) -> QueryResult<Option<i64>> {
    let found: Option<Taken> = diesel::sql_query(TAKE)
        .bind::<Text, _>(key)
        .bind::<BigInt, _>(start)
        .bind::<BigInt, _>(n)
        .bind::<BigInt, _>(limit)
        .get_result(conn)
        .optional()?;
    Ok(found.map(|found| found.taken))
}

/// Attempts under one key.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = sign_in_attempts, treat_none_as_default_value = false)]
pub struct AttemptRow {
    pub key: String,
    pub failed: i32,
    pub last_at: i64,
    pub paused_until: i64,
}

/// The attempts under a key, held against others until the end of the transaction.
pub fn attempts(conn: &mut Conn, key: &str) -> QueryResult<Option<AttemptRow>> {
    let of = sign_in_attempts::table.find(key);
    match conn {
        Conn::Pg(c) => of.for_update().get_result(c).optional(),
        Conn::Sqlite(c) => of.get_result(c).optional(),
    }
}

/// Writes attempts.
pub fn put_attempts(conn: &mut Conn, row: &AttemptRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(sign_in_attempts::table)
        .values(row)
        .on_conflict(sign_in_attempts::key)
        .do_update()
        .set(row)
        .execute(c))
    .map(|_| ())
}

/// Forgets the attempts under a key.
pub fn forget_attempts(conn: &mut Conn, key: &str) -> QueryResult<()> {
    diesel::delete(sign_in_attempts::table.find(key)).execute(conn).map(|_| ())
}

/// Deletes what nobody was heard of since `before` (ms).
pub fn sweep(conn: &mut Conn, before: i64) -> QueryResult<usize> {
    let windows = diesel::delete(rate_windows::table.filter(rate_windows::starts_at.lt(before)));
    let attempts = diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::last_at.lt(before)));
    Ok(windows.execute(conn)? + attempts.execute(conn)?)
}
