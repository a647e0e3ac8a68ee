//! Rows and queries of people and of what they are in teams.

use diesel::prelude::*;

use super::schema::{memberships, teams, users};
use super::{Conn, insert_rows};

/// An account as stored; `issuer` is empty for a local one, whose `subject` is its login.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct UserRow {
    pub id: String,
    pub login: String,
    pub name: String,
    pub email: Option<String>,
    pub role: i16,
    pub issuer: String,
    pub subject: String,
    pub password: Option<String>,
    pub created_at: i64,
    pub signed_in_at: Option<i64>,
    pub disabled_at: Option<i64>,
}

/// What a person is in a team.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = memberships)]
pub struct MembershipRow {
    pub user_id: String,
    pub team_id: String,
    pub lead: bool,
    pub from_groups: bool,
}

/// A membership with the team's slug and name.
#[derive(Clone, Debug, Queryable)]
pub struct Belongs {
    pub user_id: String,
    pub slug: String,
    pub name: String,
    pub lead: bool,
    pub from_groups: bool,
}

/// Stores an account.
pub fn insert(conn: &mut Conn, row: &UserRow) -> QueryResult<()> {
    diesel::insert_into(users::table).values(row).execute(conn).map(|_| ())
}

/// Writes an account again.
pub fn update(conn: &mut Conn, row: &UserRow) -> QueryResult<()> {
    diesel::update(users::table.find(&row.id))
        .set((
            users::login.eq(&row.login),
            users::name.eq(&row.name),
            users::email.eq(&row.email),
            users::role.eq(row.role),
            users::password.eq(&row.password),
            users::signed_in_at.eq(row.signed_in_at),
            users::disabled_at.eq(row.disabled_at),
        ))
        .execute(conn)
        .map(|_| ())
}

/// One account.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<UserRow>> {
    users::table.find(id).get_result(conn).optional()
}

/// The account with this login.
pub fn by_login(conn: &mut Conn, login: &str) -> QueryResult<Option<UserRow>> {
    users::table.filter(users::login.eq(login)).get_result(conn).optional()
}

/// The account that an identity provider knows by `subject`.
pub fn by_subject(conn: &mut Conn, issuer: &str, subject: &str) -> QueryResult<Option<UserRow>> {
    users::table.filter(users::issuer.eq(issuer).and(users::subject.eq(subject))).get_result(conn).optional()
}

/// `limit` accounts with a login behind `after`, by login.
pub fn page(conn: &mut Conn, after: Option<&str>, limit: i64) -> QueryResult<Vec<UserRow>> {
    let mut query = users::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(users::login.gt(after));
    }
    query.order(users::login).limit(limit).load(conn)
}

/// How many accounts with this role may sign in.
pub fn count_enabled(conn: &mut Conn, role: i16) -> QueryResult<i64> {
    users::table.filter(users::role.eq(role).and(users::disabled_at.is_null())).count().get_result(conn)
}

/// What the given people are in which teams.
pub fn memberships_of(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<Belongs>> {
    memberships::table
        .inner_join(teams::table.on(teams::id.eq(memberships::team_id)))
        .filter(memberships::user_id.eq_any(ids))
        .filter(teams::removed_at.is_null())
        .order((memberships::user_id, teams::slug))
        .select((memberships::user_id, teams::slug, teams::name, memberships::lead, memberships::from_groups))
        .load(conn)
}

/// Replaces what a person is in teams.
pub fn set_memberships(conn: &mut Conn, user_id: &str, rows: &[MembershipRow]) -> QueryResult<()> {
    diesel::delete(memberships::table.filter(memberships::user_id.eq(user_id))).execute(conn)?;
    insert_rows!(conn, memberships::table, rows.to_vec())
}
