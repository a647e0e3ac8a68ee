//! Reads of the log for the audit: newest first, by one index each.

use diesel::connection::Connection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::Conn;
use super::events::EventRow;
use super::schema::events;

type Backend = <Conn as Connection>::Backend;

/// The index that is walked.
#[derive(Clone, Copy, Debug)]
pub enum Walk<'a> {
    /// The whole log.
    All,
    /// Who acted, by the name that events show.
    Name(&'a str),
    /// Who acted, by id; never a token, which is found by its credential.
    Actor(&'a str),
    /// Through which credential, by its id.
    Credential(&'a str),
    /// From which address.
    Address(&'a str),
    /// What happened to a service, by id.
    Service(&'a str),
    /// What happened to a team, by id.
    Team(&'a str),
    /// One kind; never `drill_recorded`, which is nearly everything.
    Kind(&'a str),
}

/// The expressions of the indexes, to the letter: on another spelling no index is used.
struct Words {
    kind: &'static str,
    actor: &'static str,
    credential: &'static str,
    address: &'static str,
}

const SQLITE: Words = Words {
    kind: "json_extract(audit, '$.actor.kind') <> 'token'",
    actor: "json_extract(audit, '$.actor.id') = ",
    credential: "json_extract(audit, '$.credential.id') = ",
    address: "json_extract(audit, '$.address') = ",
};

const POSTGRES: Words = Words {
    kind: "((audit::jsonb) -> 'actor' ->> 'kind') <> 'token'",
    actor: "((audit::jsonb) -> 'actor' ->> 'id') = ",
    credential: "((audit::jsonb) -> 'credential' ->> 'id') = ",
    address: "((audit::jsonb) ->> 'address') = ",
};

fn rows<'a>(words: &Words, walk: Walk<'a>) -> events::BoxedQuery<'a, Backend> {
    let query = events::table.into_boxed::<Backend>();
    let audited = || events::audit.is_not_null();
    match walk {
        Walk::All => query,
        Walk::Name(name) => query.filter(events::actor.eq(name)).filter(audited()),
        Walk::Actor(id) => {
            query.filter(sql::<Bool>(words.kind)).filter(sql::<Bool>(words.actor).bind::<Text, _>(id))
        }
        Walk::Credential(id) => {
            query.filter(sql::<Bool>(words.credential).bind::<Text, _>(id)).filter(audited())
        }
        Walk::Address(text) => {
            query.filter(sql::<Bool>(words.address).bind::<Text, _>(text)).filter(audited())
        }
        Walk::Service(id) => query.filter(events::service_id.eq(id)),
        Walk::Team(id) => query.filter(events::team_id.eq(id)),
        // The second half is what the index is limited to; as a literal, for plans that do not know the values.
        Walk::Kind(kind) => {
            query.filter(events::kind.eq(kind)).filter(sql::<Bool>("kind <> 'drill_recorded'"))
        }
    }
}

/// Events at positions from `from` on and below `below`, newest first.
pub fn before(
    conn: &mut Conn,
    walk: Walk<'_>,
    (from, below): (i64, i64),
    limit: i64,
) -> QueryResult<Vec<EventRow>> {
    let words = if matches!(conn, Conn::Pg(_)) { &POSTGRES } else { &SQLITE };
    rows(words, walk)
        .filter(events::seq.lt(below))
        .filter(events::seq.ge(from))
        .order(events::seq.desc())
        .limit(limit)
        .load(conn)
}

/// The instant of the first event at a position or after it, in ms; none at the end of the log.
pub fn instant(conn: &mut Conn, seq: i64) -> QueryResult<Option<i64>> {
    events::table
        .filter(events::seq.ge(seq))
        .order(events::seq.asc())
        .limit(1)
        .select(events::at)
        .get_result(conn)
        .optional()
}
