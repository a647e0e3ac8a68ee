//! People: accounts, their role, their teams. Passwords and sessions lie below.

pub mod passwords;
pub mod provider;
pub mod sessions;
mod views;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use views::{ChangeUser, CreateUser, InTeam, MayBe, MemberOf, UserView};

use super::Tx;
use super::actor::{Person, Role};
use super::audit::Sides;
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::people::{Belongs, MembershipRow, UserRow};
use crate::types::{MAX_NAME_BYTES, Timestamp};

/// Teams of a person at most.
const MOST_TEAMS: usize = 100;

/// Makes a local account; `password` is the hash of its password.
///
/// # Errors
///
/// [`Error::Invalid`] with all that is wrong, [`Error::Conflict`] when the login is taken.
pub fn create(tx: &mut Tx<'_>, cmd: &CreateUser, password: String) -> Result<UserView> {
    let login = cmd.login.trim().to_lowercase();
    let mut fields = check_login(&login);
    let name = cmd.name.as_deref().unwrap_or(&login).trim().to_owned();
    check_name(&name, &mut fields);
    check_email(cmd.email.as_deref(), &mut fields);
    let role = role_of(cmd.role.as_deref(), &mut fields).unwrap_or(Role::Viewer);
    let members = teams_of(tx, &cmd.teams, &mut fields)?;
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    if store::people::by_login(tx.conn, &login)?.is_some() {
        return Err(Error::Conflict { detail: format!("There is an account `{login}` already.") });
    }
    let row = UserRow {
        id: tx.new_id(),
        subject: login.clone(),
        login,
        name,
        email: cmd.email.clone(),
        role: code_of(role),
        issuer: String::new(),
        password: Some(password),
        created_at: tx.now.0,
        signed_in_at: None,
        disabled_at: None,
    };
    store::people::insert(tx.conn, &row)?;
    belong(tx, &row.id, &members, |_| false)?;
    let after = described(tx, &row)?;
    let sentence = format!("The account “{}” was created.", row.login);
    let data = json!({ "account": row.id });
    tx.emit_change("account_created", None, None, sentence, &data, Sides::made(after));
    view_of(tx, &row)
}

/// Changes an account; what it may do afterwards holds at once, and its sessions end. `password` is the hash of a new one.
///
/// # Errors
///
/// [`Error::Conflict`] when nobody would be left who may administer.
pub fn change(tx: &mut Tx<'_>, id: &str, cmd: &ChangeUser, password: Option<String>) -> Result<UserView> {
    let mut row = found(tx, id)?;
    let before = described(tx, &row)?;
    let mut fields = Vec::new();
    if let Some(name) = &cmd.name {
        name.trim().clone_into(&mut row.name);
        check_name(&row.name, &mut fields);
    }
    if let Some(email) = &cmd.email {
        row.email = Some(email.trim().to_owned()).filter(|e| !e.is_empty());
        check_email(row.email.as_deref(), &mut fields);
    }
    let role = role_of(cmd.role.as_deref(), &mut fields);
    let members = cmd.teams.as_ref().map(|teams| teams_of(tx, teams, &mut fields)).transpose()?;
    if password.is_some() && !row.issuer.is_empty() {
        fields.push(FieldError::new("/password", "this account signs in elsewhere and has no password here"));
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let was_admin = row.role == code_of(Role::Admin) && row.disabled_at.is_none();
    row.role = role.map_or(row.role, code_of);
    row.disabled_at = match cmd.disabled {
        Some(true) => row.disabled_at.or(Some(tx.now.0)),
        Some(false) => None,
        None => row.disabled_at,
    };
    let is_admin = row.role == code_of(Role::Admin) && row.disabled_at.is_none();
    if was_admin && !is_admin && store::people::count_enabled(tx.conn, code_of(Role::Admin))? <= 1 {
        let detail = "This is the last administrator; make another one first.".to_owned();
        return Err(Error::Conflict { detail });
    }
    let new_password = password.is_some();
    row.password = password.or(row.password);
    store::people::update(tx.conn, &row)?;
    if let Some(members) = members {
        belong(tx, id, &members, |_| false)?;
    }
    let after = described(tx, &row)?;
    let powers = |of: &Value| (of["role"].clone(), of["teams"].clone(), of["disabled"].clone());
    if new_password || powers(&before) != powers(&after) {
        sessions::end_of(tx, &row, None)?;
    }
    let sentence = format!("The account “{}” was changed.", row.login);
    let data = json!({ "account": id, "password": new_password });
    tx.emit_change("account_changed", None, None, sentence, &data, Sides::changed(before, after));
    view_of(tx, &row)
}

/// One account.
pub fn one(tx: &mut Tx<'_>, id: &str) -> Result<UserView> {
    let row = found(tx, id)?;
    view_of(tx, &row)
}

/// The account with this login.
pub fn by_login(tx: &mut Tx<'_>, login: &str) -> Result<UserView> {
    let login = login.trim().to_lowercase();
    let row = store::people::by_login(tx.conn, &login)?.ok_or_else(|| Error::not_found("account", login))?;
    view_of(tx, &row)
}

/// Accounts by login, those behind `after`.
pub fn list(tx: &mut Tx<'_>, after: Option<&str>, limit: i64) -> Result<Vec<UserView>> {
    let rows = store::people::page(tx.conn, after, limit)?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let mut teams: BTreeMap<String, Vec<Belongs>> = BTreeMap::new();
    for of in store::people::memberships_of(tx.conn, &ids)? {
        teams.entry(of.user_id.clone()).or_default().push(of);
    }
    Ok(rows.iter().map(|row| UserView::new(row, teams.remove(&row.id).unwrap_or_default())).collect())
}

/// Whether there is somebody who may administer and sign in.
pub fn has_admin(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(store::people::count_enabled(tx.conn, code_of(Role::Admin))? > 0)
}

/// Id and password hash of the local account with this login, as far as it may sign in.
pub fn secret_of(tx: &mut Tx<'_>, login: &str) -> Result<Option<(String, String)>> {
    let login = login.trim().to_lowercase();
    if !check_login(&login).is_empty() {
        return Ok(None);
    }
    let row = store::people::by_login(tx.conn, &login)?.filter(|row| row.disabled_at.is_none());
    Ok(row.and_then(|row| row.password.map(|hash| (row.id, hash))))
}

/// Notes that somebody could not sign in. The login is what was typed, cut: it may be a password in the wrong field.
pub fn note_refusal(tx: &mut Tx<'_>, account: Option<&str>) {
    let sentence = "Somebody could not sign in.".to_owned();
    tx.emit("account_refused", None, None, sentence, &json!({ "account": account }));
}

/// The person an account stands for.
fn person_of(tx: &mut Tx<'_>, row: &UserRow) -> Result<Person> {
    let teams = store::people::memberships_of(tx.conn, std::slice::from_ref(&row.id))?;
    let slugs = |lead: bool| teams.iter().filter(|t| t.lead == lead).map(|t| t.slug.clone()).collect();
    Ok(Person {
        id: row.id.clone(),
        login: row.login.clone(),
        name: row.name.clone(),
        role: role_from(row.role),
        member_of: slugs(false),
        leads: slugs(true),
        proxy_name: (row.issuer == provider::PROXY).then(|| row.subject.clone()),
    })
}

/// The stored account.
pub fn found(tx: &mut Tx<'_>, id: &str) -> Result<UserRow> {
    let key: String = id.chars().take(120).collect();
    store::people::by_id(tx.conn, id)?.ok_or_else(|| Error::not_found("account", key))
}

fn view_of(tx: &mut Tx<'_>, row: &UserRow) -> Result<UserView> {
    Ok(UserView::new(row, store::people::memberships_of(tx.conn, std::slice::from_ref(&row.id))?))
}

/// What the audit tells of an account: never its password.
fn described(tx: &mut Tx<'_>, row: &UserRow) -> Result<Value> {
    let view = view_of(tx, row)?;
    Ok(json!({
        "login": view.login, "name": view.name, "email": view.email, "role": view.role,
        "disabled": view.disabled, "teams": view.teams,
    }))
}

/// The number a role is stored as.
fn code_of(role: Role) -> i16 {
    Role::ALL.iter().position(|r| *r == role).map_or(1, |at| at as i16 + 1)
}

fn role_from(code: i16) -> Role {
    let known = Role::ALL.into_iter().find(|role| code_of(*role) == code);
    known.unwrap_or(Role::Viewer)
}

fn check_login(login: &str) -> Vec<FieldError> {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.@+".contains(c);
    let good = (1..=100).contains(&login.len()) && login.chars().all(fit);
    let expected = "expected 1 to 100 lower-case letters, digits and -_.@+";
    if good { Vec::new() } else { vec![FieldError::new("/login", expected)] }
}

fn check_name(name: &str, fields: &mut Vec<FieldError>) {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        fields.push(FieldError::new("/name", format!("expected a name of 1 to {MAX_NAME_BYTES} bytes")));
    }
}

fn check_email(email: Option<&str>, fields: &mut Vec<FieldError>) {
    let odd = |e: &str| {
        !e.contains('@') || e.len() > MAX_NAME_BYTES || e.chars().any(|c| c.is_control() || c.is_whitespace())
    };
    if email.is_some_and(odd) {
        fields.push(FieldError::new("/email", "expected an address such as ada@shop.example"));
    }
}

fn role_of(name: Option<&str>, fields: &mut Vec<FieldError>) -> Option<Role> {
    let name = name?;
    let role = Role::from_name(name).filter(|role| !matches!(role, Role::Member | Role::Lead));
    if role.is_none() {
        let detail = "expected viewer, owner or admin; member and lead are said of a team, in `teams`";
        fields.push(FieldError::new("/role", detail));
    }
    role
}

fn teams_of(tx: &mut Tx<'_>, teams: &[InTeam], fields: &mut Vec<FieldError>) -> Result<Vec<(String, bool)>> {
    if teams.len() > MOST_TEAMS {
        fields.push(FieldError::new("/teams", format!("at most {MOST_TEAMS} teams")));
        return Ok(Vec::new());
    }
    let mut members: BTreeMap<String, bool> = BTreeMap::new();
    for (n, of) in teams.iter().enumerate() {
        match super::owners::living_team(tx, &of.team)? {
            Some(team) => *members.entry(team.id).or_default() |= of.is == MayBe::Lead,
            None => {
                fields.push(FieldError::new(format!("/teams/{n}/team"), format!("no team `{}`", of.team)));
            }
        }
    }
    Ok(members.into_iter().collect())
}

fn belong(
    tx: &mut Tx<'_>,
    user_id: &str,
    members: &[(String, bool)],
    from_groups: impl Fn(&String) -> bool,
) -> Result<()> {
    let rows: Vec<MembershipRow> = members
        .iter()
        .map(|(team_id, lead)| MembershipRow {
            user_id: user_id.to_owned(),
            team_id: team_id.clone(),
            lead: *lead,
            from_groups: from_groups(team_id),
        })
        .collect();
    Ok(store::people::set_memberships(tx.conn, user_id, &rows)?)
}

impl UserView {
    fn new(row: &UserRow, teams: Vec<Belongs>) -> Self {
        Self {
            id: row.id.clone(),
            login: row.login.clone(),
            name: row.name.clone(),
            email: row.email.clone(),
            role: role_from(row.role).as_str().to_owned(),
            teams: teams
                .into_iter()
                .map(|of| MemberOf {
                    team: of.slug,
                    name: of.name,
                    is: if of.lead { MayBe::Lead } else { MayBe::Member },
                    from_groups: of.from_groups,
                })
                .collect(),
            signs_in: if row.issuer.is_empty() { "password" } else { "identity provider" }.to_owned(),
            disabled: row.disabled_at.is_some(),
            created_at: Timestamp(row.created_at),
            signed_in_at: row.signed_in_at.map(Timestamp),
        }
    }
}
