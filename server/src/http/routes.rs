//! What a line of the route table says, and how the table is put into force.

mod table;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{HttpMessage, HttpRequest, web};

use super::openapi::{Shape, nothing};
use super::problem;
use super::query::Param;

pub use table::ROUTES;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; a credential is not even looked at.
    Public,
    /// Everybody; a credential that is given must be good.
    Open,
    /// Whoever proves itself to the handler, by a signature over the body or a key of its own.
    Signed,
    /// A token with this scope; what it is limited to is checked where it writes.
    Scope(&'static str),
    /// A token with this scope that is not limited to some services or teams.
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

type Wire = fn(actix_web::Route) -> actix_web::Route;

const fn route(method: &'static str, path: &'static str, access: Access, wire: Wire) -> Route {
    Route { method, path, access, tag: "operation", about: "", query: &[], body: None, gives: &[], wire }
}

const fn get(path: &'static str, wire: Wire) -> Route {
    route("GET", path, Access::Open, wire)
}

impl Route {
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
        Self { body: Some(Taken { media, shape, example: None }), ..self }
    }

    const fn example(self, example: &'static str) -> Self {
        match self.body {
            Some(body) => Self { body: Some(Taken { example: Some(example), ..body }), ..self },
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

/// Puts the table into force; a known path asked with an unknown method names the methods it takes.
pub fn wire(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&str> = Vec::new();
    for route in ROUTES {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let mut resource = web::resource(path);
        let mut allow = Vec::new();
        for route in ROUTES.iter().filter(|route| route.path == path) {
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
    ROUTES.iter().find(|route| route.path == pattern && route.method == method)
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
        || path.starts_with("/hooks/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_documented_and_stands_once() {
        for (n, route) in ROUTES.iter().enumerate() {
            assert!(!route.about.is_empty() && !route.gives.is_empty(), "{} {}", route.method, route.path);
            let same = |other: &Route| other.path == route.path && other.method == route.method;
            assert_eq!(ROUTES.iter().position(same), Some(n), "{} {} stands twice", route.method, route.path);
        }
    }

    #[test]
    fn nothing_is_written_without_a_scope() {
        for route in ROUTES.iter().filter(|route| route.method != "GET") {
            assert!(
                matches!(route.access, Access::Scope(_) | Access::Whole(_))
                    || (route.access == Access::Signed
                        && (route.path.starts_with("/hooks/{name}")
                            || route.path == "/api/v1/oidc/exchange")),
                "{} {}",
                route.method,
                route.path
            );
        }
    }
}
