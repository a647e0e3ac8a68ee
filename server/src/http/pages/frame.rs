//! Who looks at a page and where from: cookies, path, and the way from a context to an answer.

use std::future::{Ready, ready};
use std::sync::{Arc, LazyLock};

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use anyhow::anyhow;
use serde::Serialize;

use super::chrome::{Chrome, Me, MyTeam, Waiting};
use super::parts::When;
use crate::app::owners::{self, TeamTree};
use crate::app::views::TeamRef;
use crate::app::{Tx, reviews, runs};
use crate::demo::HOME_TEAM;
use crate::error::{Error, Result};
use crate::http::Installed;
use crate::http::assets::Assets;
use crate::http::auth::Caller;
use crate::http::render::Templates;
use crate::http::session::{Session, cookie};
use crate::types::Timestamp;

/// Names that a field offers to choose from at most.
const OFFERED: i64 = 500;

/// Templates and static files: part of the program, so there is one of them, made when first asked for.
pub struct Site {
    /// Static files.
    pub assets: Arc<Assets>,
    templates: Templates,
}

static SITE: LazyLock<std::result::Result<Site, String>> = LazyLock::new(|| {
    let load = || {
        let assets = Arc::new(Assets::load()?);
        Ok(Site { templates: Templates::load(Arc::clone(&assets))?, assets })
    };
    load().map_err(|error: Error| match error {
        Error::Internal(inside) => format!("{inside:#}"),
        other => other.to_string(),
    })
});

/// The site, or why it could not be made.
pub fn site() -> Result<&'static Site> {
    SITE.as_ref().map_err(|error| Error::Internal(anyhow!("templates: {error}")))
}

/// What a request tells of its reader.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    path: String,
    theme: Option<&'static str>,
    /// Cookie `team`; empty means: none, even in a demo.
    team: Option<String>,
    demo: bool,
    /// Who is signed in.
    me: Option<Me>,
}

impl Frame {
    /// Reads path and cookies.
    pub fn of(req: &HttpRequest) -> Self {
        let path = req.uri().path_and_query().map_or("/", |p| p.as_str());
        let caller = Caller::of(req).0;
        let me = Me::of(&caller, Session::of(req).map(|session| session.form_token()));
        let own_team = caller.person.as_ref().and_then(|p| p.leads.first().or(p.member_of.first())).cloned();
        let demo = req.app_data::<Installed>().is_some_and(|app| app.config.demo);
        Self {
            path: path.to_owned(),
            theme: cookie(req.headers(), "theme").and_then(|word| theme(&word)),
            team: cookie(req.headers(), "team").or(own_team).or_else(|| demo.then(|| HOME_TEAM.to_owned())),
            demo,
            me,
        }
    }

    /// The frame without anything that has to be looked up.
    pub fn bare(self, now: Timestamp) -> Chrome {
        let mut chrome = Chrome::new(self.path, now);
        chrome.theme = self.theme;
        chrome.demo = self.demo;
        chrome.me = self.me;
        chrome
    }

    /// The frame with the reader's team and the time of the last grading; where reading takes signing in, only once signed
    /// in: some pages are open to everybody, and a cookie must not tell which teams there are.
    pub fn chrome(self, tx: &mut Tx<'_>) -> Result<Chrome> {
        if !tx.may_read() {
            return Ok(self.bare(tx.now));
        }
        let graded = runs::last_grading(tx)?;
        let team = match self.team.as_deref().filter(|slug| !slug.is_empty()) {
            Some(slug) => find_team(tx, slug)?,
            None => None,
        };
        // Whoever reads openly is told nothing, also where everybody may do everything.
        let waiting = if self.me.is_some() { reviews::waiting(tx)? } else { None };
        let mut chrome = self.bare(tx.now);
        chrome.reviews = waiting.map(Waiting::new);
        chrome.team = team.map(|t| MyTeam::new(t.slug, t.name));
        chrome.graded = (graded.0 > 0).then(|| When::new(tx.now, graded));
        Ok(chrome)
    }
}

impl FromRequest for Frame {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

/// `light` or `dark`; anything else leaves it to the system.
pub fn theme(word: &str) -> Option<&'static str> {
    ["light", "dark"].into_iter().find(|known| *known == word)
}

/// A living team.
pub fn find_team(tx: &mut Tx<'_>, slug: &str) -> Result<Option<TeamRef>> {
    let team = owners::living_team(tx, slug)?;
    Ok(team.map(|t| TeamRef { slug: t.slug, name: t.name }))
}

/// Living teams to choose from, by name; in a large organisation only the first of them.
pub fn offered_teams(tx: &mut Tx<'_>) -> Result<Vec<TeamRef>> {
    let mut teams = owners::some_teams(tx, OFFERED)?;
    teams.sort_by_cached_key(|t| (t.name.to_lowercase(), t.slug.clone()));
    Ok(teams)
}

/// All living teams, by name.
pub fn teams(tx: &mut Tx<'_>) -> Result<Vec<TeamRef>> {
    let tree = TeamTree::load(tx)?;
    let veil = tx.veil()?;
    let living = tree.rows().iter().filter(|t| t.removed_at.is_none() && !veil.hides_team(&t.id));
    let mut teams: Vec<TeamRef> =
        living.map(|t| TeamRef { slug: t.slug.clone(), name: t.name.clone() }).collect();
    teams.sort_by_cached_key(|t| (t.name.to_lowercase(), t.slug.clone()));
    Ok(teams)
}

/// A page as an answer.
pub fn html<C: Serialize>(page: &str, context: &C) -> Result<HttpResponse> {
    answer(StatusCode::OK, page, context)
}

/// A page with a status of its own.
pub fn answer<C: Serialize>(status: StatusCode, page: &str, context: &C) -> Result<HttpResponse> {
    let body = site()?.templates.render(page, context)?;
    Ok(HttpResponseBuilder::new(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Cookie"))
        .body(body))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn cookies_are_read_and_odd_ones_ignored() {
        let req = TestRequest::with_uri("/rules?x=1")
            .insert_header(("cookie", "a=b; theme=dark; team=shop"))
            .to_http_request();
        let frame = Frame::of(&req);
        assert_eq!(
            (frame.theme, frame.team.as_deref(), frame.path.as_str()),
            (Some("dark"), Some("shop"), "/rules?x=1")
        );
        let req = TestRequest::with_uri("/").insert_header(("cookie", "theme=\"><script>")).to_http_request();
        assert_eq!(Frame::of(&req).theme, None);
    }
}
