//! People whom a proxy in front signed in (forward authentication): believed only from proxies that the settings trust.
//!
//! The headers begin a session as a password does, and after that the session counts: forms carry its text, it can be
//! ended, its rights are looked up. A session of somebody else than the proxy names counts no longer.

use std::sync::Arc;

use actix_web::HttpRequest;

use super::auth::Caller;
use super::{origin, session};
use crate::app::people::provider::{self, Profile};
use crate::app::people::sessions;
use crate::app::{Actor, App};
use crate::config::GroupRules;
use crate::error::Result;

/// The person whom a trusted proxy names, with what groups say here; none where none does.
pub fn person(app: &Arc<App>, req: &HttpRequest) -> Result<Option<(GroupRules, Profile)>> {
    let Some(config) = app.config.forward_auth.as_ref().filter(|_| by_proxy(app, req)) else {
        return Ok(None);
    };
    let text = |name: &str| {
        let value = req.headers().get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let of = |name: &Option<String>| name.as_deref().and_then(text);
    let Some(user) = text(&config.user_header) else { return Ok(None) };
    let groups = of(&config.groups_header).unwrap_or_default();
    let who = Profile::of_proxy(&user, of(&config.name_header), of(&config.email_header), &groups)?;
    Ok(Some((config.groups.clone(), who)))
}

/// Whether the connection is that of a proxy whose word counts.
fn by_proxy(app: &Arc<App>, req: &HttpRequest) -> bool {
    req.peer_addr().is_some_and(|peer| app.config.proxies.trusts(peer.ip()))
}

/// Begins a session of a person whom somebody else signed in, a proxy or an identity provider; gives its text.
pub async fn sign_in(app: &Arc<App>, req: &HttpRequest, rules: GroupRules, who: Profile) -> Result<String> {
    let agent = session::agent(req);
    let before = session::held(app, req.headers());
    app.write(Caller::of(req).0.calling_from(origin::of(req)), move |tx| {
        if let Some(before) = &before {
            sessions::end(tx, before)?;
        }
        provider::sign_in(tx, &rules, &who, agent.as_deref())
    })
    .await
}

/// Whether a proxy names somebody else than the session is of.
pub fn is_somebody_else(app: &Arc<App>, req: &HttpRequest, actor: &Actor) -> bool {
    let named = person(app, req).ok().flatten();
    let own = actor.person.as_ref().and_then(|person| person.proxy_name.as_deref());
    named.is_some_and(|(_, who)| own != Some(who.subject.as_str()))
}
