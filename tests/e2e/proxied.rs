//! People whom a proxy signed in: believed from a trusted proxy, and from nobody else.

use harness::{SMALL_CATALOG, Server, Setup, Visitor};

const SETTINGS: &str = "\
[forward_auth]
user_header = \"X-Auth-Request-User\"
groups_header = \"X-Auth-Request-Groups\"
email_header = \"X-Auth-Request-Email\"
admin_groups = \"admins\"
";

fn server(proxies: &str) -> Server {
    let setup = Setup::default().file("waterbear.toml", SETTINGS).env("WATERBEAR_TRUSTED_PROXIES", proxies);
    let server = setup.env("WATERBEAR_READING", "signed_in").start();
    server.import(SMALL_CATALOG);
    server
}

fn come(visitor: &Visitor<'_>, user: &str, groups: &str, path: &str) -> harness::Reply {
    let request = visitor.request("GET", path).header("x-auth-request-user", user);
    visitor.send(request.header("x-auth-request-groups", groups))
}

#[test]
fn a_trusted_proxy_signs_people_in_and_a_stranger_does_not() {
    let trusting = server("127.0.0.0/8");
    let ada = Visitor::of(&trusting);
    let _ = come(&ada, "Ada", "shop-team-leads, admins", "/services/checkout").expect(303);
    let reply = come(&ada, "Ada", "shop-team-leads, admins", "/sign-in?next=/services/checkout").expect(303);
    assert_eq!(reply.header("location"), "/services/checkout");
    assert!(come(&ada, "Ada", "", "/account").expect(200).text().contains("shop-team"));
    let _ = come(&ada, "Ada", "", "/admin/users").expect(200);
    // The proxy names somebody else now: the session of Ada is not for Bo.
    let _ = come(&ada, "Bo", "", "/account").expect(303);
    let _ = come(&ada, "Bo", "", "/sign-in").expect(303);
    let _ = come(&ada, "Bo", "", "/admin/users").expect(403);
    // An API token is never replaced by a header.
    let header = trusting.request_as("", "GET", "/api/v1/services").header("x-auth-request-user", "Ada");
    trusting.send(header).problem(401, "unauthenticated");

    let wary = server("192.0.2.0/24");
    let mallory = Visitor::of(&wary);
    let _ = come(&mallory, "Ada", "admins", "/sign-in").expect(200);
    let _ = come(&mallory, "Ada", "admins", "/account").expect(303);
    assert!(wary.json("/api/v1/users")["items"].as_array().unwrap().is_empty());
}

#[test]
fn without_a_trusted_proxy_the_settings_are_refused() {
    let server = Server::start();
    server.kill();
    std::fs::write(server.dir().join("forward.toml"), SETTINGS).unwrap();
    let args = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--config",
        "forward.toml",
        "--database",
        server.database().url(),
    ];
    let out = harness::run(server.dir(), &[], &args);
    assert_eq!(out.code, 1);
    assert!(out.err.contains("server.trusted_proxies"), "{}", out.err);
}

#[test]
fn a_group_puts_people_into_a_hidden_team_too() {
    let setup =
        Setup::default().file("waterbear.toml", SETTINGS).env("WATERBEAR_TRUSTED_PROXIES", "127.0.0.0/8");
    let server = setup.env("WATERBEAR_HIDDEN_TEAMS", "shop-team").start();
    server.import(SMALL_CATALOG);
    let (ada, bo) = (Visitor::of(&server), Visitor::of(&server));
    let _ = come(&ada, "Ada", "shop-team", "/sign-in").expect(303);
    let _ = come(&ada, "Ada", "", "/services/checkout").expect(200);
    let _ = come(&bo, "Bo", "", "/sign-in").expect(303);
    let _ = come(&bo, "Bo", "", "/services/checkout").expect(404);
}
