//! Every route of the tables, tried by every role: the table, the help and what happens say the same.

use harness::{Reply, Server, Visitor, json};
use waterbear::app::actor::Role;
use waterbear::http::routes::{self, Access, Route};

/// Somebody who may be let in.
struct Caller<'a> {
    what: &'static str,
    role: Option<Role>,
    browser: Visitor<'a>,
}

fn filled(path: &str) -> String {
    // Names that lead nowhere: what is let in finds nothing to write to.
    path.split(['{', '}']).enumerate().map(|(n, part)| if n % 2 == 1 { "nowhere" } else { part }).collect()
}

fn ask(caller: &Caller<'_>, route: &Route) -> Reply {
    let path = filled(route.path);
    let request = caller.browser.request(route.method, &path);
    if route.method == "GET" {
        return caller.browser.send(request);
    }
    if !route.takes_programs() {
        return caller.browser.send(request.form(&[("nothing", "at all")]));
    }
    caller.browser.send(request.json(&json!({ "nothing": "at all" })))
}

#[test]
fn every_route_lets_in_whom_the_table_names_and_nobody_else() {
    let server = Server::with_checkout();
    let signed = |login: &'static str, role, more: &[&str]| Caller {
        what: login,
        role: Some(role),
        browser: server.signed_in(login, more),
    };
    let callers = [
        Caller { what: "anonymous", role: None, browser: Visitor::of(&server) },
        signed("viewer", Role::Viewer, &[]),
        signed("member", Role::Member, &["--team", "shop-team"]),
        signed("lead", Role::Lead, &["--lead", "shop-team"]),
        signed("owner", Role::Owner, &["--role", "owner"]),
        signed("admin", Role::Admin, &["--role", "admin"]),
    ];
    let mut tried = 0;
    for route in routes::all() {
        // These end the credential of whoever tries, or take a proof of another kind.
        if matches!(route.path, "/sign-out" | "/api/v1/oidc/token") || route.access == Access::Signed {
            continue;
        }
        for caller in &callers {
            let reply = ask(caller, route);
            let shut = match reply.status {
                401 | 403 => route.path != "/sign-in" && !is_form(&reply),
                303 => reply.header("location").starts_with("/sign-in"),
                _ => false,
            };
            let may = route.least_role().is_none_or(|least| caller.role.is_some_and(|role| role >= least));
            assert_eq!(
                shut,
                !may,
                "{} {} by {}: {} {}",
                route.method,
                route.path,
                caller.what,
                reply.status,
                reply.text()
            );
            assert!(
                reply.status < 500,
                "{} {} by {}: {}",
                route.method,
                route.path,
                caller.what,
                reply.status
            );
            tried += 1;
        }
    }
    assert!(tried > 600, "{tried}");
}

/// A form without the text of its session: let in by the gate, refused by the form.
fn is_form(reply: &Reply) -> bool {
    reply.status == 403 && reply.text().contains("from an earlier session")
}

#[test]
fn the_help_names_every_route_with_its_least_role() {
    let server = Server::start();
    let page = server.get("/help/roles").expect(200).text();
    for route in routes::all() {
        assert!(page.contains(&format!("<code>{}</code>", route.path)), "{} is not in the help", route.path);
    }
    for title in [
        "Everybody",
        "Team member and up",
        "Team lead and up",
        "Programme owner and up",
        "Administrator and up",
    ] {
        assert!(page.contains(title), "{title}");
    }
}
