//! Reads of the event log by its indexes: newest first, of everything, of a service, of one team, of one kind.
//!
//! Each query names one value of one index, so that the database walks the index backwards and stops at the limit
//! instead of sorting the whole log; lists of teams or kinds are merged by the caller.

use diesel::connection::Connection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Conn;
use super::events::EventRow;
use super::schema::{events, services};
use super::veil::Unseen;

/// Kinds that are only for the audit, besides those that begin with [`ACCOUNTS`]: neither the activity, nor feeds, nor `/api/v1/events` tell of them.
pub const PRIVATE: &[&str] = &[
    "alerts_received",
    "calls_recorded",
    "challenge_changed",
    "challenge_created",
    "degrader_set",
    "deployment_recorded",
    "grading_requested",
    "message_kept",
    "review_answered",
    "review_opened",
    "target_added",
    "target_changed",
    "target_paused",
    "target_removed",
    "team_changed",
    "write_refused",
];

/// How kinds begin that tell of accounts and sign-ins.
pub const ACCOUNTS: &str = "account";

type Backend = <Conn as Connection>::Backend;

/// Which part of the log.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// All of it.
    All,
    /// One service, by id.
    Service(&'a str),
    /// One team's own, by id.
    Team(&'a str),
    /// These teams, where they are too many to be read one by one: the log is walked and others left out.
    Teams(&'a [String]),
    /// One kind, of all teams; never `drill_recorded`, which is nearly everything.
    Kind(&'a str),
}

fn rows(part: Part<'_>) -> events::BoxedQuery<'_, Backend> {
    let query = events::table.into_boxed::<Backend>();
    match part {
        Part::All => query,
        Part::Service(id) => query.filter(events::service_id.eq(id)),
        Part::Team(id) => query.filter(events::team_id.eq(id)),
        Part::Teams(ids) => query.filter(events::team_id.eq_any(ids)),
        // The second half is what the index is limited to; as a literal, for plans that do not know the values.
        Part::Kind(kind) => {
            query.filter(events::kind.eq(kind)).filter(sql::<Bool>("kind <> 'drill_recorded'"))
        }
    }
}

/// What everybody may see.
fn public() -> Box<dyn BoxableExpression<events::table, Backend, SqlType = Bool>> {
    Box::new(events::kind.ne_all(PRIVATE).and(events::kind.not_like(format!("{ACCOUNTS}%"))))
}

/// Kinds that may name services of any team in their words: for who may not know of some teams, they are not there.
const NAMING: &[&str] = &[
    "ci_token_issued",
    "drill_ticket_issued",
    "drill_ticket_revoked",
    "publisher_added",
    "publisher_pinned",
    "publisher_removed",
    "token_created",
    "token_revoked",
];

/// Leaves out what is told of teams and services that are not seen: those that belonged to such a team then, and
/// those that do now.
fn of_seen<'a>(
    query: events::BoxedQuery<'a, Backend>,
    unseen: &'a Unseen,
) -> events::BoxedQuery<'a, Backend> {
    if unseen.is_empty() {
        return query;
    }
    let theirs = services::table
        .filter(services::team_id.eq_any(&unseen.teams))
        .filter(services::slug.ne_all(&unseen.but))
        .filter(services::entity_ref.ne_all(&unseen.but))
        .select(services::id.nullable());
    let named = services::table
        .filter(services::slug.eq_any(&unseen.but).or(services::entity_ref.eq_any(&unseen.but)))
        .select(services::id.nullable());
    let query = query.filter(events::kind.ne_all(NAMING));
    let query = query.filter(events::service_id.is_null().or(events::service_id.ne_all(theirs)));
    let of_team = events::team_id.is_null().or(events::team_id.ne_all(&unseen.teams));
    query.filter(of_team.or(events::service_id.eq_any(named)))
}

/// Public events before position `before` (or the newest), newest first.
pub fn latest(
    conn: &mut Conn,
    part: Part<'_>,
    before: Option<i64>,
    limit: i64,
    unseen: &Unseen,
) -> QueryResult<Vec<EventRow>> {
    let mut query = of_seen(rows(part).filter(public()), unseen);
    if let Some(before) = before {
        query = query.filter(events::seq.lt(before));
    }
    query.order(events::seq.desc()).limit(limit).load(conn)
}

/// Public events after position `after`, oldest first.
pub fn after(conn: &mut Conn, after: i64, limit: i64, unseen: &Unseen) -> QueryResult<Vec<EventRow>> {
    of_seen(rows(Part::All).filter(events::seq.gt(after)).filter(public()), unseen)
        .order(events::seq.asc())
        .limit(limit)
        .load(conn)
}

/// Events of one kind after position `after`, oldest first; the kind is never `drill_recorded`.
pub fn of_kind_after(conn: &mut Conn, kind: &str, after: i64, limit: i64) -> QueryResult<Vec<EventRow>> {
    rows(Part::Kind(kind)).filter(events::seq.gt(after)).order(events::seq.asc()).limit(limit).load(conn)
}

/// Events of one kind of a part of the log after position `after` and up to `upto`, newest first.
pub fn of_kind_between(
    conn: &mut Conn,
    part: Part<'_>,
    kinds: &[&str],
    (after, upto): (i64, i64),
    limit: i64,
) -> QueryResult<Vec<EventRow>> {
    rows(part)
        .filter(events::kind.eq_any(kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>()))
        .filter(events::seq.gt(after))
        .filter(events::seq.le(upto))
        .order(events::seq.desc())
        .limit(limit)
        .load(conn)
}

/// All events after position `after`, also those that only the audit shows, oldest first.
pub fn whole(conn: &mut Conn, after: i64, limit: i64) -> QueryResult<Vec<EventRow>> {
    events::table.filter(events::seq.gt(after)).order(events::seq.asc()).limit(limit).load(conn)
}
