//! Which services take part: a filter that is fixed in meaning. What it holds is worked out whenever it is asked.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::evidence::Evidence;
use crate::app::{Tx, owners};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::challenges::ChallengeRow as Row;
use crate::store::services::ServiceRow;

/// Names of one list at most.
const MAX_NAMES: usize = 200;
/// Services read together.
const PART: usize = 1_000;
/// The teams of a scope are read one by one up to so many; of more, all services are walked.
const FEW_TEAMS: usize = 200;
/// Slugs weighed for "did you mean", before and after the one that was given.
const NEAR: i64 = 200;
/// What a catalog usually says of a lifecycle.
const LIFECYCLES: [&str; 3] = ["experimental", "production", "deprecated"];

/// A filter over services: all conditions that are given must hold. With none given, all services take part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChallengeScope {
    /// Slugs of teams; the services of all teams below count too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// 1 to 4.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<i16>,
    /// experimental, production, deprecated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lifecycles: Vec<String>,
    /// Labels of which a service has at least one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Slugs of exactly these services; then nothing else is given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
}

/// The scope of a row.
pub(super) fn read(row: &Row) -> ChallengeScope {
    serde_json::from_str(&row.scope).unwrap_or_default()
}

impl ChallengeScope {
    /// The scope with the names that are stored; what is wrong goes to `wrong`, with its place below `/scope`.
    pub(super) fn check(&self, tx: &mut Tx<'_>, wrong: &mut Vec<FieldError>) -> Result<Self> {
        let mut add =
            |place: String, detail: String| wrong.push(FieldError::new(format!("/scope{place}"), detail));
        let lists = [("teams", &self.teams), ("labels", &self.labels), ("services", &self.services)];
        for (name, list) in lists {
            if list.len() > MAX_NAMES {
                add(format!("/{name}"), format!("expected at most {MAX_NAMES}"));
                return Ok(Self::default());
            }
        }
        // No database holds such a name, and PostgreSQL refuses even to look for it.
        for (name, list) in lists {
            if let Some(n) = list.iter().position(|text| text.contains(char::is_control)) {
                add(format!("/{name}/{n}"), "holds control characters".to_owned());
                return Ok(Self::default());
            }
        }
        for (n, tier) in self.tiers.iter().enumerate().filter(|(_, tier)| !(1..=4).contains(*tier)) {
            add(format!("/tiers/{n}"), format!("expected 1, 2, 3 or 4, not {tier}"));
        }
        // A catalog may have words of its own; one that is nearly a known one is a slip.
        let known = LIFECYCLES.map(str::to_owned);
        for (n, word) in self.lifecycles.iter().enumerate().filter(|(_, word)| !known.contains(*word)) {
            match owners::nearest(word, &known) {
                Some(near) => add(format!("/lifecycles/{n}"), format!("did you mean `{near}`?")),
                None if word.trim().is_empty() || word.len() > 100 => {
                    add(format!("/lifecycles/{n}"), "expected 1 to 100 characters".to_owned());
                }
                None => {}
            }
        }
        for (n, _) in self.labels.iter().enumerate().filter(|(_, l)| l.trim().is_empty() || l.len() > 100) {
            add(format!("/labels/{n}"), "expected 1 to 100 characters".to_owned());
        }
        let others = !(self.teams.is_empty() && self.tiers.is_empty() && self.lifecycles.is_empty());
        if !self.services.is_empty() && (others || !self.labels.is_empty()) {
            let detail = "names services one by one, so that no other condition can be given beside it";
            add("/services".to_owned(), detail.to_owned());
        }
        let mut scope = Self { teams: Vec::new(), services: Vec::new(), ..self.clone() };
        for (n, slug) in self.teams.iter().enumerate() {
            match team(tx, slug)? {
                Ok(slug) => scope.teams.push(slug),
                Err(detail) => add(format!("/teams/{n}"), detail),
            }
        }
        for (n, name) in self.services.iter().enumerate() {
            match owners::service(tx, name) {
                Ok(service) => scope.services.push(service.slug),
                Err(error @ Error::NotFound { .. }) => add(format!("/services/{n}"), error.to_string()),
                Err(other) => return Err(other),
            }
        }
        scope.tiers.sort_unstable();
        scope.tiers.dedup();
        for list in [&mut scope.teams, &mut scope.services, &mut scope.labels, &mut scope.lifecycles] {
            let distinct: BTreeSet<String> = list.drain(..).collect();
            list.extend(distinct);
        }
        Ok(scope)
    }

    /// Everything is in it.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The scope in words, with team names that were looked up and services counted.
    pub(super) fn words(&self, teams: &[String]) -> String {
        if self.is_all() {
            return "all services".to_owned();
        }
        if !self.services.is_empty() {
            return if self.services.len() == 1 {
                "one named service".to_owned()
            } else {
                format!("{} named services", self.services.len())
            };
        }
        let mut words = Vec::new();
        if !self.tiers.is_empty() {
            let tiers: Vec<String> = self.tiers.iter().map(ToString::to_string).collect();
            words.push(format!("tier {}", tiers.join(" and ")));
        }
        if !self.lifecycles.is_empty() {
            words.push(format!("in {}", self.lifecycles.join(" or ")));
        }
        if !self.labels.is_empty() {
            words.push(format!("labelled {}", self.labels.join(" or ")));
        }
        if !self.teams.is_empty() {
            words.push(format!("of {} and all teams below", teams.join(", ")));
        }
        format!("services {}", words.join(", "))
    }
}

/// The slug of a living team, or what is wrong with the name.
fn team(tx: &mut Tx<'_>, slug: &str) -> Result<std::result::Result<String, String>> {
    let slug: String = slug.trim().to_lowercase().chars().take(120).collect();
    if let Some(team) = owners::living_team(tx, &slug)? {
        return Ok(Ok(team.slug));
    }
    let unseen = tx.veil()?.unseen().teams.clone();
    let near = store::fleet::team_slugs_near(tx.conn, &slug, NEAR, &unseen)?;
    let nearest = owners::nearest(&slug, &near);
    Ok(Err(Error::NotFound { what: "team", key: slug, nearest }.to_string()))
}

/// A scope with the ids of its teams.
struct Resolved<'a> {
    scope: &'a ChallengeScope,
    teams: HashSet<String>,
}

impl Resolved<'_> {
    fn holds(&self, service: &ServiceRow) -> bool {
        let scope = self.scope;
        let labels = || -> Vec<String> { serde_json::from_str(&service.labels).unwrap_or_default() };
        let of_team = || service.team_id.as_ref().is_some_and(|id| self.teams.contains(id));
        service.removed_at.is_none()
            && (scope.tiers.is_empty() || scope.tiers.contains(&service.tier))
            && (scope.lifecycles.is_empty() || scope.lifecycles.contains(&service.lifecycle))
            && (scope.teams.is_empty() || of_team())
            && (scope.labels.is_empty() || labels().iter().any(|label| scope.labels.contains(label)))
    }
}

/// Reads the services of a scope in id order, in parts, each with its evidence; so the number of queries follows from the
/// number of services in thousands.
pub(super) fn walk(
    tx: &mut Tx<'_>,
    scope: &ChallengeScope,
    with_evidence: bool,
    mut part: impl FnMut(&mut Tx<'_>, &[ServiceRow], &Evidence) -> Result<()>,
) -> Result<()> {
    let mut resolved = Resolved { scope, teams: HashSet::new() };
    for slug in &scope.teams {
        if let Some(team) = store::services::team_by_slug(tx.conn, slug)? {
            resolved.teams.extend(store::fleet::team_ids_below(tx.conn, &team.path)?);
        }
    }
    let listed = if !scope.services.is_empty() {
        Some(store::services::by_slugs(tx.conn, &scope.services)?)
    } else if !scope.teams.is_empty() && resolved.teams.len() <= FEW_TEAMS {
        let ids: Vec<String> = resolved.teams.iter().cloned().collect();
        Some(store::challenges::services_of_teams(tx.conn, &ids)?)
    } else {
        None
    };
    if let Some(mut rows) = listed {
        rows.retain(|service| resolved.holds(service));
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        for rows in rows.chunks(PART) {
            let ids: Vec<String> = rows.iter().map(|service| service.id.clone()).collect();
            let evidence =
                if with_evidence { Evidence::of_services(tx.conn, &ids)? } else { Evidence::default() };
            part(tx, rows, &evidence)?;
        }
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let mut rows = store::services::batch_after(tx.conn, &after, PART as i64)?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let (first, last) = (first.id.clone(), last.id.clone());
        after.clone_from(&last);
        let whole = rows.len() == PART;
        rows.retain(|service| resolved.holds(service));
        if !rows.is_empty() {
            let evidence =
                if with_evidence { Evidence::between(tx.conn, &first, &last)? } else { Evidence::default() };
            part(tx, &rows, &evidence)?;
        }
        if !whole {
            return Ok(());
        }
    }
}
