//! Teams that are hidden, and what leaves them and their services out of a list.

use diesel::prelude::*;

use super::Conn;
use super::schema::{services, teams};
use super::services::path_end;

/// A team that is hidden, as far as telling it from others takes.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct HiddenTeam {
    pub id: String,
    pub slug: String,
    pub path: String,
    pub entity_ref: String,
}

/// What somebody may not see: the services of these teams (by id), but for those that are named (by slug or reference).
#[derive(Clone, Debug, Default)]
pub struct Unseen {
    pub teams: Vec<String>,
    pub but: Vec<String>,
}

impl Unseen {
    /// Everything is seen.
    pub fn is_empty(&self) -> bool {
        self.teams.is_empty()
    }
}

/// Narrows a query of services, which must be boxed, to those that are seen; where all are, it stays as it is.
macro_rules! seen {
    ($query:expr, $unseen:expr) => {{
        let unseen: &$crate::store::veil::Unseen = $unseen;
        if unseen.is_empty() {
            $query
        } else {
            $query.filter(
                services::team_id
                    .is_null()
                    .or(services::team_id.ne_all(unseen.teams.clone()))
                    .or(services::slug.eq_any(unseen.but.clone()))
                    .or(services::entity_ref.eq_any(unseen.but.clone())),
            )
        }
    }};
}
pub(super) use seen;

/// The teams with these slugs and all below them, removed ones too.
pub fn hidden_teams(conn: &mut Conn, slugs: &[String]) -> QueryResult<Vec<HiddenTeam>> {
    let roots: Vec<String> = teams::table.filter(teams::slug.eq_any(slugs)).select(teams::path).load(conn)?;
    let mut found: Vec<HiddenTeam> = Vec::new();
    for path in roots {
        let below: Vec<HiddenTeam> = teams::table
            .filter(teams::path.ge(&path))
            .filter(teams::path.lt(path_end(&path)))
            .select((teams::id, teams::slug, teams::path, teams::entity_ref))
            .load(conn)?;
        found.extend(below);
    }
    Ok(found)
}

/// Ids of the services that are not seen, removed ones too.
pub fn unseen_services(conn: &mut Conn, unseen: &Unseen) -> QueryResult<Vec<String>> {
    services::table
        .filter(services::team_id.eq_any(&unseen.teams))
        .filter(services::slug.ne_all(&unseen.but))
        .filter(services::entity_ref.ne_all(&unseen.but))
        .select(services::id)
        .load(conn)
}
