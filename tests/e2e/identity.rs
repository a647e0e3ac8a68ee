//! Signing in at an identity provider, a real one: who gets in, as what, and what is refused.

use harness::{IdentityProvider, SMALL_CATALOG, Server, Setup, Visitor, json};

const PORT_PLACE: &str = "ISSUER";

const SETTINGS: &str = "\
[identity_provider]
title = \"Shop\"
issuer = \"ISSUER\"
client_id = \"waterbear\"
client_secret_env = \"SHOP_SECRET\"
admin_groups = \"admins\"
owner_groups = \"resilience\"
private_networks = [\"127.0.0.0/8\"]
";

fn people() -> IdentityProvider {
    IdentityProvider::start(&[
        json!({"sub": "ada-1", "name": "Ada Lovelace", "preferred_username": "ada", "email": "ada@shop.example",
               "groups": ["/platform/shop-team-leads", "unknown"]}),
        json!({"sub": "bo-1", "name": "Bo", "preferred_username": "bo", "groups": ["admins"]}),
        json!({"sub": "cy-1", "name": "Cy <b>", "preferred_username": "ada", "groups": "resilience,shop-team"}),
    ])
}

fn server(provider: &IdentityProvider) -> Server {
    let settings = SETTINGS.replace(PORT_PLACE, provider.base());
    let server = Setup::default().file("waterbear.toml", &settings).env("SHOP_SECRET", "s3cret").start();
    server.import(SMALL_CATALOG);
    server
}

/// From our page to the provider; gives the address there.
fn begin(visitor: &Visitor<'_>) -> String {
    let page = visitor.get("/sign-in?next=/services/checkout").expect(200).text();
    assert!(page.contains("Sign in with <bdi>Shop</bdi>"), "{page}");
    visitor.get("/sign-in/elsewhere?next=/services/checkout").expect(303).header("location")
}

/// The path of an address of ours.
fn path(server: &Server, address: &str) -> String {
    address.strip_prefix(server.base()).unwrap_or_else(|| panic!("{address} leads elsewhere")).to_owned()
}

fn sign_in<'a>(server: &'a Server, provider: &IdentityProvider, sub: &str) -> Visitor<'a> {
    let visitor = Visitor::of(server);
    let there = begin(&visitor);
    for part in ["code_challenge_method=S256", "nonce=", "state=", "scope=openid%20profile%20email"] {
        assert!(there.contains(part), "{there}");
    }
    let back = path(server, &provider.authorize(&there, sub));
    let reply = visitor.get(&back);
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(reply.header("location"), "/services/checkout");
    visitor
}

fn account(server: &Server, login: &str) -> harness::Value {
    let all = server.json("/api/v1/users");
    all["items"].as_array().unwrap().iter().find(|u| u["login"] == login).cloned().unwrap_or_default()
}

#[test]
fn people_get_in_as_what_their_groups_say() {
    let provider = people();
    let server = server(&provider);
    let ada = sign_in(&server, &provider, "ada-1");
    assert!(ada.get("/account").expect(200).text().contains("Ada Lovelace"));
    let of = account(&server, "ada");
    assert_eq!((of["role"].as_str(), of["email"].as_str()), (Some("viewer"), Some("ada@shop.example")));
    assert_eq!(
        (of["teams"][0]["team"].as_str(), of["teams"][0]["is"].as_str()),
        (Some("shop-team"), Some("lead"))
    );
    assert_eq!(of["teams"][0]["from_groups"], true);
    let bo = sign_in(&server, &provider, "bo-1");
    let _ = bo.get("/admin/users").expect(200);
    // The same name is not the same person.
    let cy = sign_in(&server, &provider, "cy-1");
    let of = account(&server, "ada+2");
    assert_eq!((of["role"].as_str(), of["teams"][0]["is"].as_str()), (Some("owner"), Some("member")));
    assert!(!cy.get("/account").expect(200).text().contains("Cy <b>"));
    // Signing in again is the same account.
    let _ = sign_in(&server, &provider, "ada-1");
    assert_eq!(server.json("/api/v1/users")["items"].as_array().unwrap().len(), 3);
    // Who is disabled here does not get in by the provider either.
    let id = account(&server, "ada")["id"].as_str().unwrap().to_owned();
    let _ = server.send(server.request("DELETE", &format!("/api/v1/users/{id}"))).expect(204);
    let visitor = Visitor::of(&server);
    let back = path(&server, &provider.authorize(&begin(&visitor), "ada-1"));
    let reply = visitor.get(&back).expect(403);
    assert!(reply.text().contains("This account is disabled"), "{}", reply.text());
    let dump = server.database().dump();
    assert!(!dump.contains("s3cret") && !server.log().contains("s3cret"));
}

#[test]
fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let provider = people();
    let server = server(&provider);
    let (ada, mallory) = (Visitor::of(&server), Visitor::of(&server));
    let there = begin(&ada);
    let back = path(&server, &provider.authorize(&there, "ada-1"));
    // Mallory has no attempt, or another one.
    let _ = mallory.get(&back).expect(400);
    let _ = begin(&mallory);
    let reply = mallory.get(&back).expect(400);
    assert!(reply.text().contains("another browser"), "{}", reply.text());
    let forged = back.replace("state=", "state=x");
    let _ = ada.get(&forged).expect(400);
    let other = format!("{back}&iss=https%3A%2F%2Fevil.example");
    let _ = ada.get(&other).expect(400);
    let _ = ada.get(&back).expect(303);
    let _ = ada.get("/account").expect(200);
    // A code is worth something once.
    let again = Visitor::of(&server);
    let _ = again.get(&back).expect(400);
    // A denial is told, and leads nowhere.
    let there = begin(&again);
    let state = there.split("state=").nth(1).and_then(|s| s.split('&').next()).unwrap();
    let denied = again.get(&format!("/sign-in/back?error=access_denied&state={state}")).expect(401);
    assert!(denied.text().contains("Shop did not sign you in (access_denied)."), "{}", denied.text());
}

#[test]
fn a_provider_that_is_away_is_told_and_passwords_work_on() {
    let provider = people();
    let server = server(&provider);
    drop(provider);
    let password = server.new_person("eve", &[]);
    let eve = Visitor::of(&server);
    let reply = eve.get("/sign-in/elsewhere");
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("retry-after"), "60");
    let _ = eve.sign_in("eve", &password).expect(303);
    let plain = Server::start();
    let _ = Visitor::of(&plain).get("/sign-in/elsewhere").expect(404);
}
