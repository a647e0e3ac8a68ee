//! What a line of the route table says, and how the table is put into force.

mod awards;
mod challenges;
mod media;
mod notifications;
mod pages;
mod reviews;
mod rollups;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{HttpMessage, HttpRequest, web};

use super::openapi::{Shape, nothing};
use super::problem;
use super::query::Param;

use awards::AWARDS;
pub use pages::PAGES;
use table::ROUTES;

use crate::app::actor::Role;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; a credential is not even looked at.
    Public,
    /// Everybody; a credential that is given must be good.
    Open,
    /// Everybody, also where reading takes signing in; a credential that is given must be good, and the use case decides
    /// what may be told to whom.
    Anyone,
    /// Whoever proves itself to the handler, by a signature over the body or a key of its own.
    Signed,
    /// Whoever is signed in as a person.
    Person,
    /// A token, or a person, with this scope; what it is limited to is checked where it writes.
    Scope(&'static str),
    /// A token, or a person, with this scope that is not limited to some services or teams.
    Whole(&'static str),
}

/// A body that a route takes.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Media types, the usual one first.
    pub media: &'static [&'static str],
    /// Its form, in the usual media type.
    pub shape: Shape,
    /// Example of it.
    pub example: Option<&'static str>,
    /// It may be empty.
    pub may_be_empty: bool,
}

/// An answer that a route gives.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Status.
    pub status: u16,
    /// When.
    pub about: &'static str,
    /// Media type; empty without a body.
    pub media: &'static str,
    /// Form.
    pub shape: Shape,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path with its parameters in braces.
    pub path: &'static str,
    /// Who may call.
    pub access: Access,
    /// Chapter of the documentation.
    pub tag: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Query parameters; others are refused.
    pub query: &'static [Param],
    /// The body it takes.
    pub body: Option<Taken>,
    /// What it answers when all is well.
    pub gives: &'static [Given],
    wire: fn(actix_web::Route) -> actix_web::Route,
}

/// Every call of the API.
pub fn api() -> impl Iterator<Item = &'static Route> {
    let all = [ROUTES, AWARDS, notifications::ROUTES, challenges::ROUTES, reviews::ROUTES, rollups::ROUTES];
    all.into_iter().flatten()
}

/// Every line of all tables.
pub fn all() -> impl Iterator<Item = &'static Route> {
    api().chain(PAGES)
}

/// The lines of the tables by path.
static BY_PATH: LazyLock<HashMap<&'static str, Vec<&'static Route>>> = LazyLock::new(|| {
    let mut by_path: HashMap<&'static str, Vec<&'static Route>> = HashMap::new();
    for route in all() {
        by_path.entry(route.path).or_default().push(route);
    }
    by_path
});

/// Chapter of the pages, which the documentation of the API leaves out.
const PAGES_TAG: &str = "pages";

type Wire = fn(actix_web::Route) -> actix_web::Route;

const fn route(method: &'static str, path: &'static str, access: Access, wire: Wire) -> Route {
    Route { method, path, access, tag: "operation", about: "", query: &[], body: None, gives: &[], wire }
}

const fn get(path: &'static str, wire: Wire) -> Route {
    route("GET", path, Access::Open, wire)
}

impl Route {
    /// Whether programs call it, which have no site they come from: everything but the pages.
    pub fn takes_programs(&self) -> bool {
        self.tag != PAGES_TAG
    }

    /// The least role that may call it; none: whoever may read, or nobody in particular.
    pub fn least_role(&self) -> Option<Role> {
        match self.access {
            Access::Public | Access::Open | Access::Anyone | Access::Signed => None,
            Access::Person => Some(Role::Viewer),
            Access::Scope(scope) => {
                Role::ALL.into_iter().find(|role| role.scopes().iter().any(|s| *s == scope || *s == "admin"))
            }
            Access::Whole(scope) => {
                let of_all = |role: &Role| !matches!(role, Role::Member | Role::Lead);
                let may = |role: &Role| role.scopes().iter().any(|s| *s == scope || *s == "admin");
                Role::ALL.into_iter().filter(of_all).find(may)
            }
        }
    }

    const fn doc(self, tag: &'static str, about: &'static str) -> Self {
        Self { tag, about, ..self }
    }

    const fn public(self) -> Self {
        Self { access: Access::Public, ..self }
    }

    const fn only(self, access: Access) -> Self {
        Self { access, ..self }
    }

    const fn query(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }

    const fn takes(self, media: &'static [&'static str], shape: Shape) -> Self {
        Self { body: Some(Taken { media, shape, example: None, may_be_empty: false }), ..self }
    }

    const fn example(self, example: &'static str) -> Self {
        match self.body {
            Some(body) => Self { body: Some(Taken { example: Some(example), ..body }), ..self },
            None => self,
        }
    }

    const fn may_be_empty(self) -> Self {
        match self.body {
            Some(body) => Self { body: Some(Taken { may_be_empty: true, ..body }), ..self },
            None => self,
        }
    }

    const fn gives(self, gives: &'static [Given]) -> Self {
        Self { gives, ..self }
    }
}

const fn json(status: u16, about: &'static str, shape: Shape) -> Given {
    Given { status, about, media: "application/json", shape }
}

const fn text(media: &'static str, about: &'static str) -> Given {
    Given { status: 200, about, media, shape: nothing }
}

const fn empty(status: u16, about: &'static str) -> Given {
    Given { status, about, media: "", shape: nothing }
}

const SHOWN: &[Given] = &[text("text/html", "The page.")];
const ANSWERED: &[Given] = &[text("text/html", "The page again, or the way to the next.")];

/// A page for people.
const fn page(path: &'static str, about: &'static str, wire: Wire) -> Route {
    get(path, wire).doc(PAGES_TAG, about).gives(SHOWN)
}

/// What a form of a page is sent to.
const fn form(path: &'static str, about: &'static str, access: Access, wire: Wire) -> Route {
    route("POST", path, access, wire).doc(PAGES_TAG, about).gives(ANSWERED)
}

/// Puts the tables into force; a known path asked with an unknown method names the methods it takes.
pub fn wire(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&str> = Vec::new();
    for route in all() {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let mut resource = web::resource(path);
        let mut allow = Vec::new();
        for route in all().filter(|route| route.path == path) {
            let method = Method::from_bytes(route.method.as_bytes()).unwrap_or(Method::GET);
            if method == Method::GET {
                resource = resource.route((route.wire)(web::head()));
                allow.extend(["GET", "HEAD"]);
            } else {
                allow.push(route.method);
            }
            resource = resource.route((route.wire)(web::method(method)));
        }
        let allow = allow.join(", ");
        let other = move |req: HttpRequest| {
            let answer = problem::method_not_allowed(&req, &allow);
            async move { answer }
        };
        config.service(resource.default_service(web::to(other)));
    }
}

/// The line of the table that a request asks for.
pub fn find(req: &ServiceRequest) -> Option<&'static Route> {
    let pattern = req.match_pattern()?;
    let method = if req.method() == Method::HEAD { "GET" } else { req.method().as_str() };
    BY_PATH.get(pattern.as_str())?.iter().copied().find(|route| route.method == method)
}

/// The line of the table under which a handler runs; the gate found it.
pub fn of(req: &HttpRequest) -> Option<&'static Route> {
    req.extensions().get::<&'static Route>().copied()
}

/// Whether errors at this path are for programs.
pub fn speaks_json(path: &str) -> bool {
    let program = path == "/api" || (path.starts_with("/api/") && path != "/api/docs");
    program
        || matches!(path, "/healthz" | "/readyz" | "/metrics" | "/.well-known/jwks.json")
        || path.ends_with("/feed.atom")
        || path.ends_with("/drills.ics")
        || path == "/certificates.ics"
        || path.starts_with("/badges/")
        || path == "/issuer"
        || ["/achievements/", "/status/", "/keys/"].iter().any(|start| path.starts_with(start))
        || path.strip_prefix("/certificates/").is_some_and(|rest| rest.split('.').nth(1) == Some("jwt"))
        || path.starts_with("/hooks/")
        || path.starts_with("/unsubscribe/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_documented_and_stands_once() {
        for (n, route) in all().enumerate() {
            assert!(!route.about.is_empty() && !route.gives.is_empty(), "{} {}", route.method, route.path);
            let same = |other: &Route| other.path == route.path && other.method == route.method;
            assert_eq!(all().position(same), Some(n), "{} {} stands twice", route.method, route.path);
        }
    }

    #[test]
    fn nothing_is_written_without_a_scope() {
        // What keeps a choice in a cookie or only shows something again writes nothing.
        let harmless = ["/theme", "/team", "/flows/new", "/flows/{slug}/edit"];
        let way_in = ["/sign-in"];
        for route in all().filter(|route| route.method != "GET") {
            assert!(
                matches!(route.access, Access::Scope(_) | Access::Whole(_) | Access::Person)
                    || (route.access == Access::Signed
                        && (route.path.starts_with("/hooks/{name}")
                            || route.path == "/api/v1/oidc/exchange"
                            || route.path == "/unsubscribe/{key}"))
                    || harmless.contains(&route.path)
                    || way_in.contains(&route.path),
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}
