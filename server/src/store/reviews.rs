//! Rows and queries of reviews, and the reads that raise them: each by a range of ids or an index, never a whole table.

use diesel::connection::Connection;
use diesel::dsl::{count, count_star};
use diesel::prelude::*;

use super::facts::FactRow;
use super::schema::{documents, drills, fact_history, review_evidence, reviews, scores, services};
use super::{CHUNK_ROWS, Conn, insert_rows};

/// The state of a review that waits for an answer.
pub const OPEN: &str = "open";
/// The state of one that was answered.
pub const CLOSED: &str = "closed";

/// A review as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = reviews, treat_none_as_default_value = false)]
pub struct ReviewRow {
    pub id: String,
    pub kind: String,
    /// Id of the service or team it is about.
    pub subject: String,
    pub service_id: Option<String>,
    pub team_id: Option<String>,
    pub state: String,
    pub opened_at: i64,
    pub changed_at: i64,
    pub finding: Option<String>,
    pub note: String,
    pub closed_at: Option<i64>,
    pub closed_by: Option<String>,
}

/// Something that was noticed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = review_evidence, treat_none_as_default_value = false)]
pub struct EvidenceRow {
    pub kind: String,
    pub mark: String,
    pub review_id: String,
    pub at: i64,
    pub sentence: String,
    pub drill_id: Option<String>,
    pub seq: Option<i64>,
}

/// What of a drill result may raise a review.
#[derive(Clone, Debug, Queryable)]
pub struct SeenDrill {
    pub id: String,
    pub service_id: String,
    pub failure: Option<i16>,
    pub target: String,
    pub environment: String,
    pub verdict: Option<i16>,
    pub started_at: i64,
    pub ended_at: i64,
    pub evidence_class: i16,
    pub document_id: Option<String>,
}

/// Those of `marks` that are evidence of this kind already.
pub fn known(conn: &mut Conn, kind: &str, marks: &[String]) -> QueryResult<Vec<String>> {
    let mut found = Vec::new();
    for chunk in marks.chunks(CHUNK_ROWS) {
        let of = review_evidence::table.filter(review_evidence::kind.eq(kind));
        let of = of.filter(review_evidence::mark.eq_any(chunk)).select(review_evidence::mark);
        found.extend(of.load::<String>(conn)?);
    }
    Ok(found)
}

/// The open reviews of a kind about these subjects.
pub fn open_about(conn: &mut Conn, kind: &str, subjects: &[String]) -> QueryResult<Vec<ReviewRow>> {
    let mut found = Vec::new();
    for chunk in subjects.chunks(CHUNK_ROWS) {
        let of = reviews::table.filter(reviews::kind.eq(kind)).filter(reviews::subject.eq_any(chunk));
        // As a literal: the index holds open ones only, and a plan that does not know the value could not use it.
        let open = diesel::dsl::sql::<diesel::sql_types::Bool>("state = 'open'");
        found.extend(of.filter(open).load::<ReviewRow>(conn)?);
    }
    Ok(found)
}

/// Stores reviews.
pub fn insert(conn: &mut Conn, rows: &[ReviewRow]) -> QueryResult<()> {
    insert_rows!(conn, reviews::table, rows)
}

/// Stores evidence.
pub fn insert_evidence(conn: &mut Conn, rows: &[EvidenceRow]) -> QueryResult<()> {
    insert_rows!(conn, review_evidence::table, rows)
}

/// Notes that evidence was added to open reviews.
pub fn touch(conn: &mut Conn, ids: &[String], at: i64) -> QueryResult<()> {
    for chunk in ids.chunks(CHUNK_ROWS) {
        diesel::update(reviews::table.filter(reviews::id.eq_any(chunk)))
            .set(reviews::changed_at.eq(at))
            .execute(conn)?;
    }
    Ok(())
}

/// How much evidence each of these reviews has.
pub fn sizes(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<(String, i64)>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let of = review_evidence::table.filter(review_evidence::review_id.eq_any(chunk));
        let of = of.group_by(review_evidence::review_id).select((review_evidence::review_id, count_star()));
        found.extend(of.load::<(String, i64)>(conn)?);
    }
    Ok(found)
}

/// Reviews in a state, perhaps of one kind, newest first, older than `before` (an id).
pub fn page(
    conn: &mut Conn,
    state: &str,
    kind: Option<&str>,
    before: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<ReviewRow>> {
    let mut query =
        reviews::table.filter(reviews::state.eq(state)).into_boxed::<<Conn as Connection>::Backend>();
    if let Some(kind) = kind {
        query = query.filter(reviews::kind.eq(kind));
    }
    if let Some(before) = before {
        query = query.filter(reviews::id.lt(before));
    }
    query.order(reviews::id.desc()).limit(limit).load(conn)
}

/// How many reviews are open, counted up to `most`.
pub fn count_open(conn: &mut Conn, most: i64) -> QueryResult<i64> {
    let open = reviews::table.filter(reviews::state.eq(OPEN)).select(reviews::id).limit(most);
    Ok(open.load::<String>(conn)?.len() as i64)
}

/// One review.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<ReviewRow>> {
    reviews::table.find(id).get_result(conn).optional()
}

/// The evidence of a review, oldest first.
pub fn evidence(conn: &mut Conn, id: &str, limit: i64) -> QueryResult<Vec<EvidenceRow>> {
    review_evidence::table
        .filter(review_evidence::review_id.eq(id))
        .order((review_evidence::at, review_evidence::mark))
        .limit(limit)
        .load(conn)
}

/// Writes the answer of a review if it is still in the state it was read in; false otherwise.
pub fn answer(conn: &mut Conn, row: &ReviewRow, was: &str) -> QueryResult<bool> {
    let rows = diesel::update(reviews::table.find(&row.id).filter(reviews::state.eq(was)))
        .set((
            reviews::state.eq(&row.state),
            reviews::changed_at.eq(row.changed_at),
            reviews::finding.eq(row.finding.as_deref()),
            reviews::note.eq(&row.note),
            reviews::closed_at.eq(row.closed_at),
            reviews::closed_by.eq(row.closed_by.as_deref()),
        ))
        .execute(conn)?;
    Ok(rows == 1)
}

/// Results with ids after `after` and below `to`, in the order of arrival, counted or not.
pub fn drills_between(conn: &mut Conn, (after, to): (&str, &str), limit: i64) -> QueryResult<Vec<SeenDrill>> {
    drills::table
        .filter(drills::id.gt(after))
        .filter(drills::id.lt(to))
        .order(drills::id)
        .limit(limit)
        .select((
            drills::id,
            drills::service_id,
            drills::failure,
            drills::target,
            drills::environment,
            drills::verdict,
            drills::started_at,
            drills::ended_at,
            drills::evidence_class,
            drills::document_id,
        ))
        .load(conn)
}

/// Format and text of documents, by id.
pub fn documents_of(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<(String, String, String)>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let of = documents::table.filter(documents::id.eq_any(chunk));
        let of = of.select((documents::id, documents::format, documents::body));
        found.extend(of.load::<(String, String, String)>(conn)?);
    }
    Ok(found)
}

/// Passed results of services that ended in `[from, to)` (ms): how many of each class of evidence.
pub fn passes(
    conn: &mut Conn,
    ids: &[String],
    passed: i16,
    (from, to): (i64, i64),
) -> QueryResult<Vec<(String, i16, i64)>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let of = drills::table
            .filter(drills::service_id.eq_any(chunk))
            .filter(drills::ended_at.ge(from))
            .filter(drills::ended_at.lt(to))
            .filter(drills::verdict.eq(passed))
            .group_by((drills::service_id, drills::evidence_class))
            .select((drills::service_id, drills::evidence_class, count(drills::id)));
        found.extend(of.load::<(String, i16, i64)>(conn)?);
    }
    Ok(found)
}

/// Posted values of a class with ids after `after` and below `to`, in the order of arrival.
pub fn facts_between(
    conn: &mut Conn,
    (after, to): (&str, &str),
    class: i16,
    limit: i64,
) -> QueryResult<Vec<FactRow>> {
    fact_history::table
        .filter(fact_history::id.gt(after))
        .filter(fact_history::id.lt(to))
        .filter(fact_history::evidence_class.eq(class))
        .order(fact_history::id)
        .limit(limit)
        .load(conn)
}

/// Team, id and score of the living, graded services of teams.
pub fn scores_of_teams(conn: &mut Conn, teams: &[String]) -> QueryResult<Vec<(String, String, i16)>> {
    let mut found = Vec::new();
    for chunk in teams.chunks(CHUNK_ROWS) {
        let of = services::table
            .inner_join(scores::table)
            .filter(services::team_id.eq_any(chunk))
            .filter(services::removed_at.is_null())
            .filter(scores::score.ge(0))
            .select((services::team_id.assume_not_null(), services::id, scores::score));
        found.extend(of.load::<(String, String, i16)>(conn)?);
    }
    Ok(found)
}

/// Services of teams, removed ones too.
pub fn all_of_teams(conn: &mut Conn, teams: &[String]) -> QueryResult<Vec<super::services::ServiceRow>> {
    let mut found = Vec::new();
    for chunk in teams.chunks(CHUNK_ROWS) {
        found.extend(services::table.filter(services::team_id.eq_any(chunk)).load(conn)?);
    }
    Ok(found)
}

/// Passed results with ids in `[from, to)`: how many of each service.
pub fn arrived(conn: &mut Conn, (from, to): (&str, &str), passed: i16) -> QueryResult<Vec<(String, i64)>> {
    drills::table
        .filter(drills::id.ge(from))
        .filter(drills::id.lt(to))
        .filter(drills::verdict.eq(passed))
        .group_by(drills::service_id)
        .select((drills::service_id, count(drills::id)))
        .load(conn)
}
