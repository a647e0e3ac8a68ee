//! Hidden teams: for whoever is not near them, they and their services are not there, on no route and in no text.

mod world;

use harness::{Reply, Visitor, json, passed};
use waterbear::http::routes;

use world::{SECRETS, World, world};

/// The paths of a route with names of what everybody may know.
fn paths(world: &World, pattern: &str) -> Vec<String> {
    let fill = |name: &str, values: &[&str]| -> Vec<String> {
        values.iter().map(|value| pattern.replace(&format!("{{{name}}}"), value)).collect()
    };
    match pattern {
        p if p.contains("/services/{slug}") => fill("slug", &["checkout", "cart"]),
        p if p.contains("/teams/{slug}") => fill("slug", &["shop-team", "acme"]),
        p if p.contains("/flows/{slug}") => fill("slug", &["pay"]),
        p if p.contains("/challenges/{slug}") => fill("slug", &["way-back", "all-of-us"]),
        p if p.contains("{board}") => fill("board", &["improved", "score"]),
        p if p.contains("/drills/{id}") => fill("id", &[&world.drill]),
        p if p.contains("/drill-tickets/{id}") => fill("id", &[&world.ticket]),
        p if p.contains("/rules/{id}") => fill("id", &["fallback-verified"]),
        p if p.contains("{id}") => fill("id", &["nowhere"]),
        p if p.contains("{file}") => Vec::new(),
        p => vec![p.to_owned()],
    }
}

/// Queries that make a route say more; what takes none of them refuses it.
const QUERIES: &[&str] = &[
    "",
    "?format=csv",
    "?by=service",
    "?by=service&format=csv",
    "?by=team&format=csv",
    "?q=a",
    "?sort=name",
    "?limit=500",
    "?team=acme",
    "?removed=true",
    "?download=true",
    "?edge=checkout-%3Ea%20hidden%20service",
];

/// Everything that a reader is given on every route that is read, by path.
fn all_answers(world: &World, ask: &dyn Fn(&str) -> Reply) -> Vec<(String, Reply)> {
    let mut answers = Vec::new();
    for route in routes::all().filter(|route| route.method == "GET") {
        for path in paths(world, route.path) {
            for query in QUERIES {
                let path = format!("{path}{query}");
                let reply = ask(&path);
                assert!(reply.status < 500, "{path}: {} {}", reply.status, reply.text());
                answers.push((path, reply));
            }
        }
    }
    answers
}

/// The first hidden name in an answer, with what stands around it.
fn leak(reply: &Reply) -> Option<String> {
    let mut text = reply.text().to_lowercase();
    text.push_str(&reply.header("location").to_lowercase());
    text.push_str(&reply.header("link").to_lowercase());
    // Lines of a calendar are folded.
    let text = text.replace("\r\n ", "");
    SECRETS.iter().find_map(|secret| {
        let at = text.find(secret)?;
        let around: String =
            text[..at].chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
        Some(format!("{secret} after …{around}"))
    })
}

/// Reads that tell of the hidden ones to whoever may know.
const TELLING: &[&str] = &[
    "/services",
    "/services?q=a",
    "/services/checkout",
    "/flows",
    "/flows/pay",
    "/teams",
    "/teams/acme",
    "/activity",
    "/drills",
    "/leaderboards/score?by=service",
    "/search?q=a",
    "/feed.atom",
    "/teams/acme/feed.atom",
    "/teams/acme/drills.ics",
    "/api/v1/services?format=csv",
    "/api/v1/teams?format=csv",
    "/api/v1/teams/acme",
    "/api/v1/teams/acme/drills-due",
    "/api/v1/rollups?by=team&format=csv",
    "/api/v1/rollups?by=division&format=csv",
    "/overview",
    "/api/v1/leaderboards/score?by=service&format=csv",
    "/api/v1/events?limit=500",
    "/api/v1/flows",
    "/api/v1/flows/pay",
    "/challenges",
    "/challenges/way-back",
    "/api/v1/challenges",
    "/api/v1/challenges/all-of-us",
    "/api/v1/challenges/way-back/standings",
    "/api/v1/challenges/way-back/items",
    "/api/v1/drill-tickets",
    "/api/v1/services/checkout",
    "/api/v1/services/checkout/fallbacks",
    "/api/v1/services/checkout/drill-plan",
    "/metrics",
];

#[test]
fn no_answer_names_what_is_hidden_and_those_near_it_read_it_everywhere() {
    let world = world();
    let server = &world.server;
    let other = server.signed_in("mia", &["--team", "shop-team"]);
    let near = server.signed_in("vera", &["--team", "vault-guild"]);
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    let nobody = Visitor::of(server);
    let ci = server.new_limited_token("ci", &["drills:write", "evidence:write"], &["checkout"]);
    let by_token = |path: &str| server.send(server.request_as(&ci, "GET", path));
    let mut tried = 0;
    for (who, ask) in [
        ("anonymous", &(|path: &str| nobody.get(path)) as &dyn Fn(&str) -> Reply),
        ("a member of another team", &|path: &str| other.get(path)),
        ("a token of another service", &by_token),
    ] {
        for (path, reply) in all_answers(&world, ask) {
            assert_eq!(leak(&reply), None, "{path} to {who}");
            tried += usize::from(reply.status == 200);
        }
    }
    assert!(tried > 600, "{tried}");
    for (who, visitor) in [("a member", &near), ("an owner", &owner)] {
        for path in TELLING {
            let reply = visitor.get(path).expect(200);
            assert!(leak(&reply).is_some(), "{path} to {who}: {}", reply.text());
        }
        let home = visitor.get("/").expect(200);
        assert!(leak(&home).is_some() || who == "an owner", "home of {who}");
        for path in hidden_paths(&world) {
            assert_eq!(visitor.get(&path).status, 200, "{path} to {who}");
        }
    }
}

/// Everything that is read under the name of something hidden.
fn hidden_paths(world: &World) -> Vec<String> {
    let mut paths = Vec::new();
    for route in routes::all().filter(|route| route.method == "GET") {
        let values: &[&str] = match route.path {
            p if p.contains("/services/{slug}") => &["quartz-ledger", "component:default%2Fonyx-keys"],
            p if p.contains("/teams/{slug}") => &["vault-guild", "cipher-crew"],
            p if p.contains("/flows/{slug}") => &["moon-vault"],
            // Who may write challenges knows all teams: their forms are asked for elsewhere.
            p if p.contains("/challenges/{slug}/edit") => &[],
            p if p.contains("/challenges/{slug}") => &["moon-proofs"],
            p if p.contains("/drills/{id}") => &[&world.hidden_drill],
            p if p.contains("/drill-tickets/{id}") => &[&world.hidden_ticket],
            _ => &[],
        };
        let name = if route.path.contains("{slug}") { "{slug}" } else { "{id}" };
        paths.extend(values.iter().map(|value| route.path.replace(name, value)));
    }
    let asked = ["/services?team=", "/drills?team=", "/activity?team=", "/api/v1/services?team="];
    paths.extend(asked.map(|path| format!("{path}cipher-crew")));
    paths.push("/activity?service=onyx-keys".to_owned());
    paths
}

/// An answer without what differs each time, and without the name that was asked for.
fn bare(reply: &Reply, name: &str) -> String {
    let id = reply.header("x-request-id");
    let text = reply.text();
    let text = if id.is_empty() { text } else { text.replace(&id, "ID") };
    let text = text.replace(name, "NAME").replace(&name.replace("%2F", "/"), "NAME");
    format!("{} {} {text}", reply.status, reply.header("content-type"))
}

#[test]
fn hidden_and_unknown_are_answered_alike() {
    let world = world();
    let server = &world.server;
    let other = server.signed_in("mia", &["--team", "shop-team"]);
    let nobody = Visitor::of(server);
    // Names of nothing, each as near to a name that is known as the one it stands for.
    let names = [
        ("quartz-ledger", "quarzz-lodgex"),
        ("component:default%2Fonyx-keys", "component:default%2Fonix-kexs"),
        ("vault-guild", "vaulx-guixd"),
        ("cipher-crew", "ciphex-crxw"),
        ("moon-vault", "moox-vaulx"),
        ("moon-proofs", "moox-proxfs"),
        ("onyx-keys", "onix-kexs"),
        (world.hidden_drill.as_str(), "00000000-0000-7000-8000-000000000000"),
        (world.hidden_ticket.as_str(), "00000000-0000-7000-8000-000000000001"),
    ];
    for path in hidden_paths(&world) {
        let (name, unknown) = names.iter().find(|(name, _)| path.contains(name)).unwrap();
        for visitor in [&nobody, &other] {
            let hidden = visitor.get(&path);
            let nothing = visitor.get(&path.replace(name, unknown));
            assert_eq!(hidden.status, 404, "{path}: {}", hidden.text());
            assert_eq!(bare(&hidden, name), bare(&nothing, unknown), "{path}");
        }
    }
}

#[test]
fn what_is_sent_for_a_hidden_service_is_refused_as_for_one_that_is_not_there() {
    let world = world();
    let server = &world.server;
    let strange = [
        server.new_token("all drills", &["drills:write", "evidence:write"]),
        server.new_limited_token("checkout", &["drills:write", "evidence:write"], &["checkout"]),
    ];
    let bodies = |name: &str| {
        let at = harness::seconds_from_now(-60);
        [
            ("POST", "/api/v1/drills".to_owned(), passed(name, "code")),
            (
                "POST",
                "/api/v1/facts".to_owned(),
                json!({"service": name, "fact": "followthrough.open_actions", "value": 1}),
            ),
            (
                "POST",
                "/api/v1/deployments".to_owned(),
                json!({"service": name, "environment": "staging", "version": "2", "deployed_at": at}),
            ),
            ("POST", "/api/v1/dependencies".to_owned(), json!([{"from": name, "to": "cart"}])),
            ("PUT", format!("/api/v1/services/{name}/degrader"), json!({"dialect": "envoy", "settings": {}})),
        ]
    };
    for token in &strange {
        let pairs = bodies("quartz-ledger").into_iter().zip(bodies("quarzz-lodgex"));
        for ((method, path, hidden), (_, other, nothing)) in pairs {
            let hidden = server.send(server.request_as(token, method, &path).json(&hidden));
            let nothing = server.send(server.request_as(token, method, &other).json(&nothing));
            assert!(matches!(hidden.status, 404 | 422), "{path}: {} {}", hidden.status, hidden.text());
            assert_eq!(bare(&hidden, "quartz-ledger"), bare(&nothing, "quarzz-lodgex"), "{method} {path}");
        }
    }
    let own = server.new_limited_token("own", &["drills:write"], &["quartz-ledger"]);
    let sent = server
        .send(server.request_as(&own, "POST", "/api/v1/drills").json(&passed("quartz-ledger", "config")));
    assert_eq!(sent.status, 201, "{}", sent.text());
    let seen = |path: &str| server.send(server.request_as(&own, "GET", path)).status;
    assert_eq!(seen("/api/v1/services/quartz-ledger/scorecard"), 200);
    assert_eq!((seen("/api/v1/services/onyx-keys"), seen("/api/v1/teams/vault-guild")), (404, 404));
    let listed = server.send(server.request_as(&own, "GET", "/api/v1/services?sort=name")).text();
    assert!(listed.contains("quartz-ledger") && !listed.contains("onyx-keys"), "{listed}");
}

#[test]
fn pages_stay_full_and_ranks_have_no_gaps_where_something_is_left_out() {
    let world = world();
    let nobody = Visitor::of(&world.server);
    for (path, by) in [
        ("/api/v1/services?sort=name", "slug"),
        ("/api/v1/services?sort=-score", "slug"),
        ("/api/v1/flows?", "slug"),
        ("/api/v1/drill-tickets?", "id"),
        ("/api/v1/services/checkout/events?", "seq"),
        ("/api/v1/leaderboards/score?by=service", "slug"),
    ] {
        let (mut at, mut found) = (String::new(), Vec::new());
        loop {
            let page = nobody.get(&format!("{path}&limit=1{at}")).expect(200).json();
            let items = page["items"].as_array().unwrap().clone();
            assert!(items.len() == 1 || page["next"].is_null(), "{path}: {page}");
            found.extend(items.iter().map(|item| item[by].to_string()));
            match page["next"].as_str() {
                Some(next) => at = format!("&cursor={next}"),
                None => break,
            }
        }
        let whole = nobody.get(&format!("{path}&limit=500")).expect(200).json();
        let whole: Vec<String> =
            whole["items"].as_array().unwrap().iter().map(|item| item[by].to_string()).collect();
        assert_eq!(found, whole, "{path}");
    }
    let board = nobody.get("/api/v1/leaderboards/score?by=service").expect(200).json();
    // Below the top half nobody has a rank.
    let rows = board["items"].as_array().unwrap();
    let ranks: Vec<i64> = rows.iter().filter_map(|row| row["rank"].as_i64()).collect();
    assert_eq!((ranks.first(), rows.len() as i64), (Some(&1), board["total"].as_i64().unwrap()), "{board}");
    for (n, rank) in ranks.iter().enumerate() {
        assert!(*rank == n as i64 + 1 || n > 0 && *rank == ranks[n - 1], "a gap: {ranks:?}");
    }
    let mut after = 0;
    loop {
        let page = nobody.get(&format!("/api/v1/events?after={after}&limit=2")).expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() == 2 || page["next"].is_null(), "{page}");
        match items.last() {
            Some(last) => after = last["seq"].as_i64().unwrap(),
            None => break,
        }
    }
}

#[test]
fn a_hidden_team_is_known_in_its_own_line() {
    let world = world();
    let server = &world.server;
    for (login, team, knows) in [
        ("above", "acme", [200, 200]),
        ("lead", "vault-guild", [200, 200]),
        ("below", "cipher-crew", [200, 200]),
        ("beside", "shop-team", [404, 404]),
    ] {
        let visitor = server.signed_in(login, &["--team", team]);
        let seen = ["vault-guild", "cipher-crew"].map(|slug| visitor.get(&format!("/teams/{slug}")).status);
        assert_eq!(seen, knows, "{login}");
    }
    let admin = server.signed_in("ada", &["--role", "admin"]);
    assert!(leak(&admin.get("/services").expect(200)).is_some());
}

#[test]
fn a_flow_that_somebody_tries_out_does_not_tell_which_names_are_hidden() {
    let world = world();
    let nobody = Visitor::of(&world.server);
    let tried = |name: &str| {
        let doc = format!(
            "apiVersion: waterbear.dev/v1\nkind: Flow\nmetadata: {{name: try, title: Try}}\n\
             spec:\n  entry: checkout\n  edges:\n  - {{from: checkout, to: {name}, core: true}}\n"
        );
        let form = [("doc", doc.as_str())];
        nobody.send(nobody.request("POST", "/flows/new").form(&form))
    };
    let (hidden, nothing) = (tried("quartz-ledger"), tried("quarzz-lodgex"));
    assert_eq!(hidden.status, 200, "{}", hidden.text());
    assert!(hidden.text().contains("quartz-ledger") && !hidden.text().contains("onyx"), "{}", hidden.text());
    assert_eq!(bare(&hidden, "quartz-ledger"), bare(&nothing, "quarzz-lodgex"));
}
