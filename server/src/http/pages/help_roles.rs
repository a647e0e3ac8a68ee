//! Who may do what: the tables of routes, read from the least role up.

use actix_web::HttpResponse;
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::Link;
use super::words;
use crate::app::actor::Role;
use crate::error::Result;
use crate::http::Shared;
use crate::http::routes::{self, Access, Route};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    /// Reading takes signing in on this server.
    closed: bool,
    roles: Vec<Told>,
    groups: Vec<Group>,
}

/// A role.
#[derive(Serialize)]
struct Told {
    name: &'static str,
    about: &'static str,
    scopes: String,
}

/// What the same least role may.
#[derive(Serialize)]
struct Group {
    title: String,
    id: String,
    rows: Vec<Row>,
}

/// One line of the tables.
#[derive(Serialize)]
struct Row {
    method: &'static str,
    verb: String,
    path: &'static str,
    about: &'static str,
    scope: &'static str,
}

/// `GET /help/roles`
pub async fn page(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let closed = app.config.reading_takes_sign_in();
    let chrome = app.read(move |tx| frame.chrome(tx)).await?;
    html("help_roles", &context(chrome, closed))
}

/// The page.
pub fn context(chrome: Chrome, closed: bool) -> Ctx {
    let mut groups: Vec<Group> = Vec::new();
    for (title, of) in
        [("Everybody", None)].into_iter().chain(Role::ALL.into_iter().map(|role| (name(role), Some(role))))
    {
        let of_it = |route: &&Route| route.least_role() == of && route.method != "HEAD";
        let rows: Vec<Row> = routes::all().filter(of_it).map(Row::new).collect();
        if !rows.is_empty() {
            let title = if of.is_none() && closed {
                "Whoever may read".to_owned()
            } else {
                format!("{title} and up")
            };
            let title = if of.is_none() && !closed { "Everybody".to_owned() } else { title };
            groups.push(Group { id: words::encode(&title.to_lowercase().replace(' ', "-")), title, rows });
        }
    }
    Ctx {
        chrome: chrome.titled("Who may do what"),
        crumbs: vec![Link::to("Help", "/help")],
        here: "Who may do what",
        closed,
        roles: Role::ALL
            .into_iter()
            .map(|role| Told { name: name(role), about: about(role), scopes: role.scopes().join(", ") })
            .collect(),
        groups,
    }
}

impl Row {
    fn new(route: &'static Route) -> Self {
        let scope = match route.access {
            Access::Scope(scope) | Access::Whole(scope) => scope,
            Access::Person => "signed in",
            Access::Signed => "signed by its sender",
            Access::Public | Access::Open | Access::Anyone => "",
        };
        Self {
            method: route.method,
            verb: route.method.to_lowercase(),
            path: route.path,
            about: route.about,
            scope,
        }
    }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Member => "Team member",
        Role::Lead => "Team lead",
        Role::Owner => "Programme owner",
        Role::Admin => "Administrator",
    }
}

fn about(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Reads.",
        Role::Member => {
            "Sends drill results and issues drill tickets for the services of the team and of those below it."
        }
        Role::Lead => "Also sends what else is known of these services: facts, degrader settings, calls.",
        Role::Owner => "Looks after the programme: writes for every service, and the catalog with its flows.",
        Role::Admin => "Everything: accounts, tokens, operation.",
    }
}
