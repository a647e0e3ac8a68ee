//! One row a service: where its drills stand and its posted facts, as JSON; all that grading reads.

use diesel::prelude::*;

use super::schema::evidence;
use super::{CHUNK_ROWS, Conn, each};

/// The evidence of one service; `states` and `posted` are the JSON of `app/evidence.rs`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = evidence, treat_none_as_default_value = false)]
pub struct EvidenceRow {
    pub service_id: String,
    pub states: String,
    pub posted: String,
}

/// Evidence of all services with `lo <= id <= hi`, in id order.
pub fn between(conn: &mut Conn, lo: &str, hi: &str) -> QueryResult<Vec<EvidenceRow>> {
    evidence::table
        .filter(evidence::service_id.ge(lo))
        .filter(evidence::service_id.le(hi))
        .order(evidence::service_id)
        .load(conn)
}

/// Evidence of these services, in no particular order.
pub fn of(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<EvidenceRow>> {
    // One service has a statement that stays prepared.
    if let [id] = ids {
        return Ok(evidence::table.find(id).get_result(conn).optional()?.into_iter().collect());
    }
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK_ROWS) {
        found.extend(evidence::table.filter(evidence::service_id.eq_any(chunk)).load::<EvidenceRow>(conn)?);
    }
    Ok(found)
}

/// Runs the upsert with the given values: one row, or a list of them.
macro_rules! upsert_evidence {
    ($c:expr, $values:expr) => {
        diesel::insert_into(evidence::table)
            .values($values)
            .on_conflict(evidence::service_id)
            .do_update()
            .set((
                evidence::states.eq(excluded(evidence::states)),
                evidence::posted.eq(excluded(evidence::posted)),
            ))
            .execute($c)
    };
}

/// Writes evidence, new or changed.
pub fn put(conn: &mut Conn, rows: &[EvidenceRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    // One row has a statement that stays prepared; a list is prepared anew for each length.
    if let [row] = rows {
        return each!(conn, c => upsert_evidence!(c, row)).map(|_| ());
    }
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => upsert_evidence!(c, chunk))?;
    }
    Ok(())
}
