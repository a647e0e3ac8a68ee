//! Somebody who proved who they are to the identity provider: their account here, made or brought up to date.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Tx, belong, code_of, described, sessions};
use crate::app::actor::Role;
use crate::app::audit::Sides;
use crate::app::openid::Claims;
use crate::config::{GroupRules, IdentityProvider};
use crate::error::{Error, Result};
use crate::store;
use crate::store::people::UserRow;
use crate::types::MAX_NAME_BYTES;

/// Issuer of people whom a proxy signs in.
pub(super) const PROXY: &str = "proxy";
/// Groups of a person that are looked at.
const MOST_GROUPS: usize = 500;
/// Longest subject, bytes: OpenID Connect Core says 255.
const MAX_SUBJECT: usize = 255;

/// What the provider says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who said it.
    pub issuer: String,
    /// The person, never given to another one.
    pub subject: String,
    /// Name to sign in with; not proven to be unique.
    pub login: String,
    /// Name as shown.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Whether a claim says that the person administers; none where no claim is looked at.
    pub admin: Option<bool>,
}

impl Profile {
    /// Reads the claims that the settings name.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] for claims without a subject.
    pub fn of(provider: &IdentityProvider, claims: &Claims) -> Result<Self> {
        let lacking =
            || Error::Unauthenticated { detail: "The identity provider names no subject.".to_owned() };
        let subject = claims.text("sub").filter(|s| s.len() <= MAX_SUBJECT).ok_or_else(lacking)?;
        let email = claims.text("email").filter(|mail| is_mail(mail));
        let wanted =
            claims.text(&provider.login_claim).or_else(|| email.clone()).unwrap_or_else(|| subject.clone());
        let login = login_of(&wanted);
        let name = shown_name(claims.text("name"), &login);
        let mut groups = claims.list(&provider.groups_claim);
        groups.truncate(MOST_GROUPS);
        Ok(Self {
            issuer: provider.issuer.url.clone(),
            subject,
            login,
            name,
            email,
            groups,
            admin: provider.admin_claim.as_ref().map(|claim| claims.is_true(claim)),
        })
    }

    /// What a trusted proxy says of the person it signed in.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthenticated`] for a login that is none.
    pub fn of_proxy(user: &str, name: Option<String>, email: Option<String>, groups: &str) -> Result<Self> {
        if user.is_empty() || user.len() > MAX_SUBJECT || user.chars().any(char::is_control) {
            return Err(Error::Unauthenticated {
                detail: "The proxy names no login that can be used.".to_owned(),
            });
        }
        let login = login_of(user);
        let groups = groups.split(',').map(str::trim).filter(|g| !g.is_empty()).take(MOST_GROUPS);
        Ok(Self {
            issuer: PROXY.to_owned(),
            subject: user.to_owned(),
            name: shown_name(name, &login),
            login,
            email: email.filter(|mail| is_mail(mail)),
            groups: groups.map(str::to_owned).collect(),
            admin: None,
        })
    }

    /// What the groups say of the whole installation; none where the settings name no groups for that.
    fn role(&self, rules: &GroupRules) -> Option<Role> {
        let told = !rules.admin_groups.is_empty() || self.admin.is_some() || !rules.owner_groups.is_empty();
        let in_one =
            |wanted: &[String]| wanted.iter().any(|group| self.groups.iter().any(|own| is(own, group)));
        told.then(|| {
            if self.admin == Some(true) || in_one(&rules.admin_groups) {
                Role::Admin
            } else if in_one(&rules.owner_groups) {
                Role::Owner
            } else {
                Role::Viewer
            }
        })
    }
}

/// Whether a group is the one that is meant: Keycloak writes `/platform/checkout` where others write `checkout`.
fn is(own: &str, group: &str) -> bool {
    own == group || own.trim_start_matches('/') == group.trim_start_matches('/')
}

/// A mail address, as far as one is needed here.
fn is_mail(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && text.contains('@')
}

/// The name as shown: the login where there is none.
fn shown_name(given: Option<String>, login: &str) -> String {
    let plain: String = given.unwrap_or_default().chars().filter(|c| !c.is_control()).take(120).collect();
    if plain.trim().is_empty() { login.to_owned() } else { plain }
}

/// A login made of what the provider calls somebody.
fn login_of(wanted: &str) -> String {
    let lower = wanted.to_lowercase();
    let fit =
        |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.@+".contains(c) { c } else { '-' };
    lower.chars().map(fit).take(80).collect()
}

/// Signs in: finds or makes the account, takes over what the groups say, begins a session. Gives its text.
///
/// # Errors
///
/// [`Error::Forbidden`] when the account is disabled here.
pub fn sign_in(tx: &mut Tx<'_>, rules: &GroupRules, who: &Profile, agent: Option<&str>) -> Result<String> {
    let known = store::people::by_subject(tx.conn, &who.issuer, &who.subject)?;
    let before = known.as_ref().map(|row| described(tx, row)).transpose()?;
    let mut row = match known {
        Some(row) => row,
        None => made(tx, who)?,
    };
    row.name.clone_from(&who.name);
    row.email.clone_from(&who.email);
    if let Some(role) = who.role(rules) {
        row.role = code_of(role);
    }
    store::people::update(tx.conn, &row)?;
    let (from_groups, mut teams) = (teams_of(tx, rules, &who.groups)?, assigned(tx, &row.id)?);
    // What an administrator assigned stays; what a group said goes with the group.
    for (team, lead) in &from_groups {
        *teams.entry(team.clone()).or_default() |= *lead;
    }
    let members: Vec<(String, bool)> = teams.into_iter().collect();
    belong(tx, &row.id, &members, |team| from_groups.contains_key(team))?;
    let after = described(tx, &row)?;
    match before {
        None => {
            let sentence = format!("The account “{}” was created at its first sign-in.", row.login);
            let data = json!({ "account": row.id });
            tx.emit_change("account_created", None, None, sentence, &data, Sides::made(after));
        }
        Some(before) if before != after => {
            let sentence = format!("The account “{}” was changed by its groups.", row.login);
            let data = json!({ "account": row.id });
            tx.emit_change("account_changed", None, None, sentence, &data, Sides::changed(before, after));
            // What somebody may do no longer, they may not do in another browser either.
            sessions::end_of(tx, &row, None)?;
        }
        Some(_) => {}
    }
    sessions::begin(tx, &row.id, if who.issuer == PROXY { "a proxy" } else { "identity provider" }, agent)
}

fn made(tx: &mut Tx<'_>, who: &Profile) -> Result<UserRow> {
    let mut login = who.login.clone();
    // A local account, or one of another provider, is never taken over by a name.
    let mut n = 2;
    while store::people::by_login(tx.conn, &login)?.is_some() {
        login = format!("{}+{n}", who.login);
        n += 1;
        if n > 100 {
            return Err(Error::Conflict { detail: format!("The login `{}` is taken too often.", who.login) });
        }
    }
    let row = UserRow {
        id: tx.new_id(),
        login,
        name: who.name.clone(),
        email: who.email.clone(),
        role: code_of(Role::Viewer),
        issuer: who.issuer.clone(),
        subject: who.subject.clone(),
        password: None,
        created_at: tx.now.0,
        signed_in_at: None,
        disabled_at: None,
    };
    store::people::insert(tx.conn, &row)?;
    Ok(row)
}

/// The teams that groups are named after: `checkout`, `/platform/checkout`; `checkout-leads` leads.
fn teams_of(tx: &mut Tx<'_>, rules: &GroupRules, groups: &[String]) -> Result<BTreeMap<String, bool>> {
    let mut teams: BTreeMap<String, bool> = BTreeMap::new();
    for group in groups {
        let name = group.rsplit('/').next().unwrap_or_default().to_lowercase();
        let led = name.strip_suffix(&rules.lead_suffix).filter(|_| !rules.lead_suffix.is_empty());
        let names = [(Some(name.as_str()), false), (led, true)];
        for (slug, lead) in names {
            // Who signs in is nobody yet, from whom teams may be hidden: the provider's word is not.
            let team = slug.map(|slug| store::services::team_by_slug(tx.conn, slug)).transpose()?.flatten();
            if let Some(team) = team.filter(|team| team.removed_at.is_none()) {
                *teams.entry(team.id).or_default() |= lead;
            }
        }
    }
    Ok(teams)
}

/// The teams that an administrator put somebody in.
fn assigned(tx: &mut Tx<'_>, user_id: &str) -> Result<BTreeMap<String, bool>> {
    let rows = store::people::assigned(tx.conn, user_id)?;
    Ok(rows.into_iter().map(|row| (row.team_id, row.lead)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_made_of_whatever_the_provider_says() {
        assert_eq!(login_of("Ada.Lovelace@Shop.example"), "ada.lovelace@shop.example");
        assert_eq!(login_of("auth0|5f7\u{202e}<b>"), "auth0-5f7--b-");
        assert_eq!(login_of(&"x".repeat(300)).len(), 80);
    }

    #[test]
    fn a_group_is_known_with_and_without_its_path() {
        assert!(is("/admins", "admins") && is("admins", "/admins") && is("a/b", "/a/b"));
        assert!(!is("/other/admins", "admins") && !is("admins2", "admins"));
    }
}
