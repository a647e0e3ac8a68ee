//! Accounts and sessions: signing in and out, what ends a session, what a stolen or old cookie is worth.

use harness::{SMALL_CATALOG, Server, Setup, Visitor, json, passed};

const PASSWORD: &str = "a staple of correct horses";

#[test]
fn signing_in_gives_a_session_and_signing_out_ends_it_for_good() {
    let server = Server::start();
    let password = server.new_person("ada", &["--name", "Ada Lovelace"]);
    let ada = Visitor::of(&server);
    let reply = ada.sign_in_to("ADA", &password, "/services?q=x").expect(303);
    assert_eq!(reply.header("location"), "/services?q=x");
    let cookie = reply.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let page = ada.get("/account").expect(200).text();
    assert!(page.contains("Ada Lovelace") && page.contains("this one"), "{page}");
    let stolen = ada.cookie();
    let _ = ada.submit("/sign-out", &[]).expect(303);
    assert_eq!(ada.cookie(), "");
    ada.hold(&stolen);
    let reply = ada.get("/account").expect(303);
    assert_eq!(reply.header("location"), "/sign-in?next=%2Faccount");
}

#[test]
fn nobody_learns_which_accounts_there_are() {
    let server = Server::start();
    let _ = server.new_person("ada", &[]);
    let _ = server.new_person("gone", &[]);
    let _ = server.cli(&["user", "disable", "gone"]).ok();
    let page = |login: &str| {
        let reply = Visitor::of(&server).sign_in(login, "not the right password").expect(401);
        assert_eq!(reply.header("set-cookie"), "");
        let cut = reply.text().replace(login, "");
        cut.split("<main").nth(1).unwrap_or_default().to_owned()
    };
    let known = page("ada");
    assert!(known.contains("Login or password is not right."), "{known}");
    for other in ["nobody", "gone"] {
        assert_eq!(page(other), known, "{other}");
    }
}

#[test]
fn whoever_guesses_waits_longer_each_time_and_others_do_not() {
    let mut server = Setup::default().frozen("2026-03-01T08:00:00Z").start();
    let (ada, bo) = (server.new_person("ada", &[]), server.new_person("bo", &[]));
    for login in ["ada", "nobody"] {
        for _ in 0..5 {
            let _ = Visitor::of(&server).sign_in(login, "not the right password").expect(401);
        }
        let reply = Visitor::of(&server).sign_in(login, "not the right password").expect(429);
        assert_eq!(reply.header("retry-after"), "1", "{login}");
    }
    let refused = Visitor::of(&server).sign_in("ada", &ada).expect(429);
    assert!(refused.text().contains("Too many attempts") && refused.header("set-cookie").is_empty());
    let _ = Visitor::of(&server).sign_in("bo", &bo).expect(303);
    server.move_clock("2026-03-01T08:00:02Z");
    server.restart();
    let _ = Visitor::of(&server).sign_in("ada", "not the right password").expect(401);
    let reply = Visitor::of(&server).sign_in("ada", &ada).expect(429);
    assert_eq!(reply.header("retry-after"), "2", "twice as long");
    server.move_clock("2026-03-01T08:00:05Z");
    server.restart();
    let _ = Visitor::of(&server).sign_in("ada", &ada).expect(303);
    // The count begins anew.
    let _ = Visitor::of(&server).sign_in("ada", "not the right password").expect(401);
    let _ = Visitor::of(&server).sign_in("ada", &ada).expect(303);
    let said = server.json("/api/v1/audit?kind=account_refused&limit=50");
    assert!(said["items"].as_array().is_some_and(|all| all.len() >= 11), "{said:#}");
    assert_eq!(server.json("/api/v1/audit?kind=account_signed_in")["items"][0]["actor"]["kind"], "person");
}

#[test]
fn a_session_that_was_there_before_signing_in_is_never_adopted() {
    let server = Server::start();
    let password = server.new_person("ada", &[]);
    let ada = Visitor::of(&server);
    ada.hold("waterbear=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let planted = ada.cookie();
    let _ = ada.sign_in("ada", &password).expect(303);
    assert_ne!(ada.cookie(), planted);
    let first = ada.cookie();
    let _ = ada.sign_in("ada", &password).expect(303);
    assert_ne!(ada.cookie(), first);
    let before = Visitor::of(&server);
    before.hold(&first);
    let _ = before.get("/account").expect(303);
    before.hold(&planted);
    let _ = before.get("/account").expect(303);
}

#[test]
fn a_session_ends_when_it_is_not_used_and_at_its_absolute_end() {
    let mut server = Setup::default().frozen("2026-03-01T08:00:00Z").start();
    let cookie = {
        let ada = server.signed_in("ada", &[]);
        let _ = ada.get("/account").expect(200);
        ada.cookie()
    };
    let at = |server: &mut Server, at: &str, status: u16| {
        server.move_clock(at);
        server.restart();
        let ada = Visitor::of(server);
        ada.hold(&cookie);
        let _ = ada.get("/account").expect(status);
        // The use is noted behind the answer.
        std::thread::sleep(std::time::Duration::from_millis(300));
    };
    at(&mut server, "2026-03-01T19:50:00Z", 200);
    at(&mut server, "2026-03-02T07:40:00Z", 200);
    at(&mut server, "2026-03-02T19:45:00Z", 303);
    for day in
        ["02T19:30", "03T07:00", "03T18:30", "04T06:00", "04T17:30", "05T05:00", "05T16:30", "06T04:00"]
    {
        at(&mut server, &format!("2026-03-{day}:00Z"), 200);
    }
    for day in ["06T15:30", "07T03:00", "07T14:30", "08T02:00", "08T07:59"] {
        at(&mut server, &format!("2026-03-{day}:00Z"), 200);
    }
    at(&mut server, "2026-03-08T08:00:01Z", 303);
}

#[test]
fn what_changes_rights_ends_sessions_and_holds_at_once() {
    let server = Server::with_checkout();
    let ada = server.signed_in("ada", &["--role", "admin"]);
    let bo = server.signed_in("bo", &["--role", "admin"]);
    let id = |login: &str| {
        let all = server.json("/api/v1/users");
        let found = all["items"].as_array().unwrap().iter().find(|u| u["login"] == login).cloned();
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (ada_id, bo_id) = (id("ada"), id("bo"));
    let _ = bo.get("/admin/users").expect(200);
    let reply =
        ada.submit(&format!("/admin/users/{bo_id}"), &[("do", "change"), ("name", "Bo"), ("role", "viewer")]);
    let _ = reply.expect(303);
    let _ = bo.get("/account").expect(303);
    // The last one who may administer stays.
    let reply = ada.submit(&format!("/admin/users/{ada_id}"), &[("do", "disable")]).expect(409);
    assert!(reply.text().contains("last administrator"));
    server.send(server.request("DELETE", &format!("/api/v1/users/{ada_id}"))).problem(409, "conflict");
    let demoted = server
        .send(server.request("PATCH", &format!("/api/v1/users/{ada_id}")).json(&json!({"role": "owner"})));
    demoted.problem(409, "conflict");
    assert_eq!(server.json(&format!("/api/v1/users/{ada_id}"))["role"], "admin");
}

#[test]
fn signing_out_everywhere_ends_all_sessions_and_one_ends_one() {
    let server = Server::start();
    let password = server.new_person("ada", &[]);
    let browsers: Vec<Visitor<'_>> = (0..3).map(|_| Visitor::of(&server)).collect();
    for browser in &browsers {
        let _ = browser.sign_in("ada", &password).expect(303);
    }
    let page = browsers[0].get("/account").expect(200).text();
    let ids: Vec<&str> =
        page.split("name=\"id\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), 3, "{page}");
    // Newest first: the last is the first browser, the one in the middle the second.
    let _ = browsers[0].submit("/account/sessions", &[("id", ids[1])]).expect(303);
    let _ = browsers[1].get("/account").expect(303);
    let _ = browsers[0].get("/account").expect(200);
    let _ = browsers[2].submit("/account/sessions", &[]).expect(303);
    for browser in [&browsers[0], &browsers[2]] {
        let _ = browser.get("/account").expect(303);
    }
}

#[test]
fn a_new_password_needs_the_old_one_and_signs_out_elsewhere() {
    let server = Server::start();
    let old = server.new_person("ada", &[]);
    let (here, there) = (Visitor::of(&server), Visitor::of(&server));
    let _ = here.sign_in("ada", &old).expect(303);
    let _ = there.sign_in("ada", &old).expect(303);
    let _ = here.submit("/account/password", &[("old", "wrong"), ("new", PASSWORD)]).expect(422);
    let _ = here.submit("/account/password", &[("old", &old), ("new", "short")]).expect(422);
    let before = here.cookie();
    let _ = here.submit("/account/password", &[("old", &old), ("new", PASSWORD)]).expect(303);
    assert_ne!(here.cookie(), before, "the session is a new one");
    let _ = here.get("/account").expect(200);
    let _ = there.get("/account").expect(303);
    let _ = Visitor::of(&server).sign_in("ada", &old).expect(401);
    let _ = Visitor::of(&server).sign_in("ada", PASSWORD).expect(303);
}

#[test]
fn neither_password_nor_session_is_stored_or_logged() {
    let server = Server::start();
    let password = server.new_person("ada", &["--admin"]);
    let ada = Visitor::of(&server);
    let _ = ada.sign_in("ada", &password).expect(303);
    let _ = ada.get("/account").expect(200);
    let made = server.post("/api/v1/users", &json!({"login": "bo", "password": PASSWORD})).expect(201);
    assert!(!made.text().contains(PASSWORD), "{}", made.text());
    let session = ada.cookie().split_once('=').unwrap().1.to_owned();
    for (what, text) in [("the database", server.database().dump()), ("the log", server.log())] {
        for secret in [password.as_str(), session.as_str(), PASSWORD] {
            assert!(!text.contains(secret), "{what} holds a secret");
        }
    }
    assert!(server.database().dump().contains("$argon2id$v=19$m=19456,t=2,p=1$"));
}

#[test]
fn replicas_share_sessions() {
    let server = Server::start();
    if !server.database().is_postgres() {
        // One process serves a file.
        return;
    }
    let other = Setup::default().start_beside(&server);
    let ada = server.signed_in("ada", &[]);
    let _ = ada.at(&other).get("/account").expect(200);
    let _ = ada.at(&other).submit("/sign-out", &[]).expect(303);
    // What another process ended is refused here after a second at the latest.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let _ = ada.get("/account").expect(303);
}

#[test]
fn a_person_writes_for_their_teams_only_and_what_they_type_is_declared() {
    let server = Server::start();
    server.import(&format!("{SMALL_CATALOG}{OTHER_TEAM}"));
    let member = server.signed_in("mia", &["--team", "shop-team"]);
    let lead = server.signed_in("leo", &["--lead", "shop-team", "--team", "data-team"]);
    let viewer = server.signed_in("vic", &[]);
    let drill = |who: &Visitor<'_>, service: &str| {
        who.send(who.request("POST", "/api/v1/drills").json(&passed(service, "dns")))
    };
    let fact = |who: &Visitor<'_>, service: &str| {
        let body = json!({"service": service, "fact": "custom.unknown", "value": 1, "as_of": "2026-03-01T00:00:00Z"});
        who.send(who.request("POST", "/api/v1/facts").json(&body))
    };
    let _ = drill(&member, "checkout").expect(201);
    drill(&member, "ingest").problem(403, "forbidden");
    drill(&viewer, "checkout").problem(403, "forbidden");
    fact(&member, "checkout").problem(403, "forbidden");
    let _ = drill(&lead, "ingest").expect(201);
    // Let in, and refused for what it says.
    fact(&lead, "checkout").problem(422, "invalid");
    let refused = fact(&lead, "ingest");
    assert!(matches!(refused.status, 403 | 422), "{}", refused.text());
    let card = server.scorecard("checkout").to_string();
    assert!(card.contains("\"declared\"") && !card.contains("executed_token"), "{card}");
}

const OTHER_TEAM: &str = "\
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: data-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ingest, annotations: {\"waterbear.dev/tier\": \"2\"}}
spec: {type: service, lifecycle: production, owner: data-team}
";

#[test]
fn accounts_are_made_and_changed_with_every_error_named() {
    let server = Server::with_checkout();
    let wrong = json!({"login": "A b", "email": "no", "role": "lead", "teams": [{"team": "nowhere"}], "password": PASSWORD});
    let problem = server.post("/api/v1/users", &wrong).problem(422, "invalid");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/login", "/email", "/role", "/teams/0/team"]);
    server.post("/api/v1/users", &json!({"login": "ada", "password": "short"})).problem(422, "invalid");
    server.post("/api/v1/users", &json!({"login": "ada", "is_admin": true})).problem(422, "invalid");
    let made = server
        .post("/api/v1/users", &json!({"login": "Ada", "teams": [{"team": "shop-team", "is": "lead"}]}));
    let made = made.expect(201).json();
    assert_eq!((made["login"].as_str(), made["role"].as_str()), (Some("ada"), Some("viewer")));
    assert!(made["password"].as_str().is_some_and(|p| p.len() >= 20));
    assert_eq!(made["teams"][0]["is"], "lead");
    server.post("/api/v1/users", &json!({"login": "ada"})).problem(409, "conflict");
    let id = made["id"].as_str().unwrap();
    let change = |body| server.send(server.request("PATCH", &format!("/api/v1/users/{id}")).json(&body));
    change(json!({"id": "other", "password_hash": "x"})).problem(422, "invalid");
    assert_eq!(change(json!({"teams": []})).expect(200).json()["teams"], json!([]));
    let _ = server.send(server.request("DELETE", &format!("/api/v1/users/{id}"))).expect(204);
    assert_eq!(server.json(&format!("/api/v1/users/{id}"))["disabled"], true);
    let login = made["password"].as_str().unwrap();
    let _ = Visitor::of(&server).sign_in("ada", login).expect(401);
    // What concerns accounts is not for the feed.
    assert!(!server.get("/api/v1/events").text().contains("account_"));
}
