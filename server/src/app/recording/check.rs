//! What is asked of each result before anything is stored: a service, a sender who may, an identity, its keys.

use std::collections::{BTreeSet, HashMap};

use super::Post;
use crate::app::drills::RecordDrill;
use crate::app::identity::{Identity, content_hash, keys_of};
use crate::app::owners::{self, Above};
use crate::app::{Tx, drill_tickets, tokens};
use crate::error::{Error, Result};
use crate::store;
use crate::store::services::ServiceRow;

/// A result that may be stored: its service is known, its sender may write for it.
pub(super) struct Checked {
    pub(super) service_id: String,
    pub(super) identity: Identity,
    pub(super) content: String,
    pub(super) keys: Vec<(String, String)>,
}

/// A service is everybody's to find; who may write for it is asked for each result.
pub(super) fn check(tx: &mut Tx<'_>, posts: &[Post]) -> Result<Vec<Vec<Result<Checked>>>> {
    let mut services = known_services(tx, posts)?;
    let refused = refused_tokens(tx, posts)?;
    let mut above = Above::default();
    let mut all = Vec::with_capacity(posts.len());
    for post in posts {
        let refused = refused.get(&post.actor.owner);
        let mut of_post = Vec::with_capacity(post.results.len());
        for cmd in &post.results {
            let checked = match refused {
                Some(detail) => Err(Error::Unauthenticated { detail: detail.clone() }),
                None => tx.acting(&post.actor, |tx| check_one(tx, cmd, &mut services, &mut above)),
            };
            match checked {
                Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) => return Err(error),
                checked => of_post.push(checked),
            }
        }
        all.push(of_post);
    }
    Ok(all)
}

fn check_one(
    tx: &mut Tx<'_>,
    cmd: &RecordDrill,
    services: &mut HashMap<String, ServiceRow>,
    above: &mut Above,
) -> Result<Checked> {
    drill_tickets::require_tied(cmd)?;
    let Some(name) = cmd.reading.service.as_deref() else {
        return Err(Error::invalid(
            "/service",
            "the document names no service: add ?service=SLUG, or name it in the document (see /help/drills)",
        ));
    };
    let slug = name.trim().to_lowercase();
    let service = match services.get(&slug) {
        Some(service) if tx.sees(service)? => service.clone(),
        _ => owners::service(tx, name)?,
    };
    above.require_writer(tx, &service)?;
    let identity = Identity::of(&cmd.reading)?;
    let content = content_hash(&cmd.reading, &service, &identity);
    let keys = keys_of(tx, cmd, &service, &identity, &content);
    let service_id = service.id.clone();
    services.entry(slug).or_insert(service);
    Ok(Checked { service_id, identity, content, keys })
}

/// Services by the slugs that are named, found at once.
fn known_services(tx: &mut Tx<'_>, posts: &[Post]) -> Result<HashMap<String, ServiceRow>> {
    let names: BTreeSet<String> = posts
        .iter()
        .flat_map(|p| &p.results)
        .filter_map(|r| r.reading.service.as_deref())
        .map(|name| name.trim().to_lowercase())
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    let rows = match names.as_slice() {
        [slug] => store::services::by_slug(tx.conn, slug)?.into_iter().collect(),
        _ => store::services::by_slugs(tx.conn, &names)?,
    };
    Ok(rows.into_iter().map(|s| (s.slug.clone(), s)).collect())
}

/// Credentials that ended since the request was let in, with why.
fn refused_tokens(tx: &mut Tx<'_>, posts: &[Post]) -> Result<HashMap<String, String>> {
    let owners: BTreeSet<&str> = posts.iter().map(|p| p.actor.owner.as_str()).collect();
    let owners: Vec<String> = owners.into_iter().map(str::to_owned).collect();
    let mut refused = HashMap::new();
    for row in store::tokens::by_ids(tx.conn, &owners)? {
        if let Err(error) = tokens::still_good(&row, tx.now) {
            refused.insert(row.id, error.to_string());
        }
    }
    Ok(refused)
}
