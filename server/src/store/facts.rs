//! Rows and queries of the history of posted facts.

use diesel::prelude::*;

use super::schema::fact_history;
use super::{Conn, insert_rows};

/// One value that a posted fact has had.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = fact_history, treat_none_as_default_value = false)]
pub struct FactRow {
    pub id: String,
    pub service_id: String,
    pub fact: String,
    pub value: String,
    pub as_of: i64,
    pub evidence_class: i16,
    pub sender: String,
    pub received_at: i64,
}

/// Facts of one service as they stood at `by`, the newest last.
pub fn history(conn: &mut Conn, service_id: &str, by: i64) -> QueryResult<Vec<FactRow>> {
    fact_history::table
        .filter(fact_history::service_id.eq(service_id))
        .filter(fact_history::received_at.le(by))
        .order((fact_history::as_of, fact_history::id))
        .load(conn)
}

/// Appends values.
pub fn append(conn: &mut Conn, rows: &[FactRow]) -> QueryResult<()> {
    insert_rows!(conn, fact_history::table, rows)
}
