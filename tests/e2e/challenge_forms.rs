//! Challenges: who may write them and by which form, what is hidden in them, and how a goal becomes a rule.

use harness::{SMALL_CATALOG, Server, Setup, json, now, passed, run};

use crate::challenges::{MORE, config_goal, items, make, shop, stands, wish};

#[test]
fn owners_draft_and_cancel_by_the_form_and_nobody_else_does_or_sees_it() {
    let server = shop();
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    let lead = server.signed_in("lena", &["--lead", "shop-team"]);
    let form = owner.get("/challenges/new?template=rehearse-the-way-back").expect(200).text();
    assert!(form.contains("value=\"Rehearse the way back\"") && form.contains("value=\"1, 2\""), "{form}");
    let day = |days: i64| (now() + chrono::Duration::days(days)).format("%Y-%m-%d").to_string();
    let (first, last) = (day(2), day(9));
    let fields = |title: &'static str, kind: &'static str| {
        vec![
            ("title", title.to_owned()),
            ("starts", first.clone()),
            ("ends", last.clone()),
            ("tiers", "1, 2".to_owned()),
            ("kind", kind.to_owned()),
            ("failures", "config".to_owned()),
            ("fresh_days", "30".to_owned()),
            ("grade", "A".to_owned()),
            ("pass", "drills.fresh >= 1".to_owned()),
            ("target_pct", "80".to_owned()),
            ("milestones", "50: Half of it\n100".to_owned()),
        ]
    };
    let send = |visitor: &harness::Visitor<'_>, path: &str, fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        visitor.submit(path, &fields)
    };
    let made = send(&owner, "/challenges/new", &fields("Rehearse it", "drills")).expect(303);
    assert_eq!(made.header("location"), "/challenges/rehearse-it");
    let refused = send(&owner, "/challenges/new", &fields("Other", "fallbacks")).expect(422).text();
    // What is wrong stands at its field, in words.
    assert!(refused.contains("id=\"e-flow\">choose one") && refused.contains("value=\"Other\""), "{refused}");
    assert!(refused.contains("aria-invalid=\"true\" aria-describedby=\"e-flow\""), "{refused}");
    assert!(!refused.contains("/goal/flow"), "{refused}");
    assert_eq!(send(&lead, "/challenges/new", &fields("Mine", "drills")).status, 403);
    assert_eq!((lead.get("/challenges/new").status, lead.get("/challenges/rehearse-it").status), (403, 404));
    assert!(!lead.get("/challenges").expect(200).text().contains("Rehearse it"));
    assert!(!lead.get("/api/v1/events?limit=500").text().contains("Rehearse it"), "a draft is no news");
    assert!(owner.get("/challenges").expect(200).text().contains("Drafts"));
    let draft = owner.get("/api/v1/challenges/rehearse-it").expect(200).json();
    assert_eq!(
        (draft["state"].as_str(), draft["ends_at"].as_str()),
        (Some("draft"), Some(format!("{}T00:00:00.000Z", day(10)).as_str()))
    );
    assert_eq!(draft["milestones"][0]["title"], "Half of it");
    let grade = send(&owner, "/challenges/rehearse-it/edit", &fields("Rehearse it all", "grade")).expect(303);
    assert_eq!(grade.header("location"), "/challenges/rehearse-it");
    let changed = owner.get("/api/v1/challenges/rehearse-it").expect(200).json();
    assert_eq!(
        (&changed["goal"], &changed["title"]),
        (&json!({"kind": "grade", "grade": "A"}), &json!("Rehearse it all"))
    );
    assert_eq!(changed["starts_at"], draft["starts_at"]);
    let mut cancel = fields("Rehearse it all", "grade");
    cancel.push(("do", "cancel".to_owned()));
    let _ = send(&owner, "/challenges/rehearse-it/edit", &cancel).expect(303);
    assert_eq!(owner.get("/api/v1/challenges/rehearse-it").expect(200).json()["state"], "cancelled");
    assert_eq!(lead.get("/challenges/rehearse-it").status, 404, "it never began");
    no_token_of_less_writes(&server);
    let empty = Server::start();
    assert!(empty.get("/challenges").expect(200).text().contains("No challenge yet"));
}

#[test]
fn the_form_marks_its_template_says_what_to_choose_and_suggests_names() {
    let server = shop();
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    let form = |query: &str| owner.get(&format!("/challenges/new{query}")).expect(200).text();
    let first = form("");
    assert_eq!(
        first.matches("aria-current=\"true\"").count(),
        1,
        "the template it is filled in with: {first}"
    );
    assert!(first.contains("<option value=\"shop-team\">") && first.contains("<option value=\"checkout\">"));
    assert!(first.contains("data-kind=\"drills\" open") && !first.contains("data-kind=\"custom\" open"));
    let february = form("?template=fallback-february");
    assert!(february.contains("none is declared yet"), "{february}");
    assert!(february.contains("-02-01\"") && !february.contains("25:\n"), "{february}");
    let edge = json!({"from": "checkout", "to": "cart", "core": false});
    let flow = json!({"title": "Buy", "owner": "shop-team", "edges": [edge]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    assert!(form("?template=fallback-february").contains("Choose the core flow"));
    let hidden = Setup::default().env("WATERBEAR_HIDDEN_TEAMS", "pay-team").start();
    hidden.import(&format!("{SMALL_CATALOG}{MORE}"));
    let outside = hidden.signed_in("olga", &["--role", "owner"]);
    let text = outside.get("/challenges/new").expect(200).text();
    let sees = outside.get("/api/v1/services/ledger").status == 200;
    assert_eq!(text.contains("\"ledger\""), sees, "suggested is what may be known");
}

#[test]
fn a_draft_says_where_teams_and_milestones_would_stand_and_writes_facts_as_they_are() {
    let server = shop();
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    let _ = server.post_drill(&passed("ledger", "config")).expect(201);
    let mut draft = wish("Later", &config_goal());
    draft["starts_at"] = json!(harness::seconds_from_now(86_400));
    draft["target_pct"] = json!(80);
    let made = make(&server, &draft);
    // From 33 % to 80 %: a quarter, a half, three quarters of the way, and the goal.
    let pcts: Vec<_> = made["milestones"].as_array().unwrap().iter().map(|m| m["pct"].clone()).collect();
    assert_eq!(pcts, [45, 57, 69, 80].map(|pct| json!(pct)), "{made:#}");
    assert!(made["milestones"].as_array().unwrap().iter().all(|m| m["reached"] == false));
    let page = owner.get("/challenges/later").expect(200).text();
    assert!(
        page.contains("If it began now") && page.contains("goal 100 percent, started at 100 percent"),
        "{page}"
    );
    assert!(page.contains("<b>45%</b>"), "{page}");
    let mut custom = wish("Tuned", &json!({"kind": "custom", "pass": "degrader.tuning_score >= 90.0"}));
    custom["starts_at"] = json!(harness::seconds_from_now(86_400));
    make(&server, &custom);
    let list = owner.get("/challenges").expect(200).text();
    assert!(list.contains("degrader.tuning_score") && !list.contains("Degrader.tuning_score"), "{list}");
}

#[test]
fn a_milestone_that_was_told_stays_reached_when_the_evidence_is_gone() {
    let server = shop();
    let mut half = wish("Halfway", &config_goal());
    half["milestones"] = json!([{"at": 50, "title": "Cake"}, {"at": 100, "title": "More cake"}]);
    make(&server, &half);
    for service in ["checkout", "cart"] {
        let _ = server.post_drill(&passed(service, "config")).expect(201);
    }
    // A write looks what is due.
    let say = json!({"why": "Because."});
    let _ = server.send(server.request("PATCH", "/api/v1/challenges/halfway").json(&say)).expect(200);
    let told = server.get("/api/v1/events?limit=500").text().matches("\"challenge_milestone\"").count();
    assert_eq!(told, 1);
    for service in ["checkout", "cart"] {
        let mut failed = harness::drill(service, "config", "failed");
        failed["ended_at"] = json!(harness::seconds_from_now(-5));
        let _ = server.post_drill(&failed).expect(201);
    }
    assert_eq!(stands(&server, "halfway"), (0, 3));
    let view = server.json("/api/v1/challenges/halfway");
    let reached: Vec<_> =
        view["milestones"].as_array().unwrap().iter().map(|m| m["reached"].clone()).collect();
    assert_eq!(reached, [json!(true), json!(false)], "{view:#}");
}

#[test]
fn the_same_wish_under_the_same_key_makes_one_challenge() {
    let server = shop();
    let body = wish("Idem", &config_goal()).to_string();
    let send = |key: &str, body: &str| {
        let asked = server.request("POST", "/api/v1/challenges").header("idempotency-key", key);
        server.send(asked.header("content-type", "application/json").body(body.to_owned()))
    };
    let made = send("one", &body).expect(201).json();
    let again = send("one", &body).expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["slug"], made["slug"]);
    assert_eq!(server.json("/api/v1/challenges")["items"].as_array().map(Vec::len), Some(1));
    send("one", &wish("Other", &config_goal()).to_string()).problem(409, "conflict");
    assert_eq!(send("two", &body).expect(201).json()["slug"], "idem-2");
    // Another sender's key is another key.
    let other = server.new_token("other", &["catalog:write"]);
    let asked = server.request_as(&other, "POST", "/api/v1/challenges").header("idempotency-key", "one");
    let sent = server.send(asked.header("content-type", "application/json").body(body.clone()));
    assert_eq!(sent.expect(201).json()["slug"], "idem-3");
}

#[test]
fn a_drill_that_somebody_typed_in_closes_nothing() {
    let server = shop();
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    make(&server, &wish("Way back", &config_goal()));
    let token = owner.form_token();
    let post = owner
        .request("POST", "/api/v1/drills")
        .header("x-csrf-token", token)
        .json(&passed("checkout", "config"));
    let _ = owner.send(post).expect(201);
    assert_eq!(stands(&server, "way-back"), (0, 3));
    let open = items(&server, "way-back", "&state=open");
    assert!(open.iter().any(|item| item["note"] == "only typed in"), "{open:#?}");
}

#[test]
fn a_goal_becomes_a_rule_that_the_rulebook_accepts() {
    let server = shop();
    let pack = server.dir().join("pack");
    let _ = server.cli(&["rules", "export", pack.to_str().unwrap()]);
    let infra = json!({"kind": "drills", "failures": ["rollback", "dns", "cpu"], "fresh_days": 90, "count": 3, "per": "service"});
    let labelled = json!({"kind": "drills", "failures": ["rollback", "host_offline"], "fresh_days": 45});
    let goals = [
        ("Counted drills", infra),
        ("Fresh drills", labelled),
        ("No action late", json!({"kind": "actions"})),
        (
            "An expression",
            json!({"kind": "custom", "pass": "degrader.tuning_score >= 90.0 && service.tier <= 2"}),
        ),
    ];
    let mut written = 0;
    for (title, goal) in goals {
        let mut wish = wish(title, &goal);
        wish["scope"] = json!({"tiers": [1, 2], "lifecycles": ["production"]});
        wish["why"] = json!("Because \"it\" matters \\ always.");
        let slug = make(&server, &wish)["slug"].as_str().unwrap().to_owned();
        let draft = server.json(&format!("/api/v1/challenges/{slug}/rule"));
        let files = draft["files"].as_array().unwrap();
        assert!(!files.is_empty(), "{title}: {draft:#}");
        for file in files {
            std::fs::write(pack.join(file["path"].as_str().unwrap()), file["text"].as_str().unwrap())
                .unwrap();
            assert!(file["text"].as_str().unwrap().contains("[[example]]"), "{draft:#}");
            written += 1;
        }
        let page = server.get(&format!("/challenges/{slug}/rule")).expect(200).text();
        assert!(page.contains("[[example]]"));
    }
    assert_eq!(written, 1 + 4 + 1 + 1);
    let checked = run(server.dir(), &[], &["rules", "check", pack.to_str().unwrap()]).ok();
    assert!(checked.out.contains("all hold"), "{}", checked.out);
    make(&server, &wish("A grade", &json!({"kind": "grade", "grade": "B"})));
    let gate = server.json("/api/v1/challenges/a-grade/rule");
    assert_eq!(gate["files"][0]["path"], "policies.toml", "{gate:#}");
    let policies = std::fs::read_to_string(pack.join("policies.toml")).unwrap();
    std::fs::write(pack.join("policies.toml"), policies + gate["files"][0]["text"].as_str().unwrap())
        .unwrap();
    let _ = run(server.dir(), &[], &["rules", "check", pack.to_str().unwrap()]).ok();
}

#[test]
fn every_template_and_every_goal_becomes_a_rule_that_the_rulebook_accepts() {
    let server = shop();
    let edge = json!({"from": "checkout", "to": "cart", "core": false});
    let flow = json!({"title": "Buy", "owner": "shop-team", "edges": [edge]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    let drills = |failures: &[&str], count: i64, per: &str| json!({"kind": "drills", "failures": failures, "fresh_days": 90, "count": count, "per": per});
    let goals = [
        // The templates.
        ("Way back", json!({"kind": "drills", "failures": ["config"], "fresh_days": 30})),
        ("February", json!({"kind": "fallbacks", "flow": "buy"})),
        ("Tune-up", json!({"kind": "custom", "pass": "degrader.tuning_score >= 90.0"})),
        ("Onboarding", drills(&["rollback", "infrastructure"], 3, "service")),
        // The others.
        ("First drills", drills(&["infrastructure"], 7, "service")),
        ("In all", drills(&["rollback", "infrastructure", "dependency"], 20, "all")),
        ("More than there are", drills(&["dns"], 3, "service")),
        ("Actions", json!({"kind": "actions"})),
    ];
    for (title, goal) in goals {
        let mut wish = wish(title, &goal);
        wish["scope"] = json!({"lifecycles": ["production"]});
        let slug = make(&server, &wish)["slug"].as_str().unwrap().to_owned();
        let draft = server.json(&format!("/api/v1/challenges/{slug}/rule"));
        let files = draft["files"].as_array().unwrap();
        assert!(!files.is_empty(), "{title}: {draft:#}");
        // A pack of its own: what was drafted before is not there.
        let pack = server.dir().join(&slug);
        let _ = server.cli(&["rules", "export", pack.to_str().unwrap()]);
        for file in files {
            std::fs::write(pack.join(file["path"].as_str().unwrap()), file["text"].as_str().unwrap())
                .unwrap();
        }
        let checked = run(server.dir(), &[], &["rules", "check", pack.to_str().unwrap()]).ok();
        assert!(checked.out.contains("all hold"), "{title}: {}", checked.out);
        let page = server.get(&format!("/challenges/{slug}/rule")).expect(200).text();
        assert!(page.contains("[[example]]") && !page.contains("No rule can say this"), "{title}");
    }
}

#[test]
fn what_is_hidden_has_no_place_in_standings_items_and_words() {
    let server = Setup::default().env("WATERBEAR_HIDDEN_TEAMS", "pay-team").start();
    server.import(&format!("{SMALL_CATALOG}{MORE}"));
    let edge = json!({"from": "ledger", "to": "checkout", "core": false});
    let flow = json!({"title": "Payday", "owner": "pay-team", "edges": [edge]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/payday").json(&flow)).expect(201);
    make(&server, &wish("Way back", &config_goal()));
    let _ = server.post_drill(&passed("checkout", "config")).expect(201);
    let mut named = wish("Teams", &config_goal());
    named["scope"] = json!({"teams": ["pay-team", "shop-team"]});
    make(&server, &named);
    make(&server, &wish("Payday proved", &json!({"kind": "fallbacks", "flow": "payday"})));
    let nobody = harness::Visitor::of(&server);
    let member = server.signed_in("mia", &["--team", "pay-team"]);
    for path in [
        "/api/v1/challenges",
        "/challenges",
        "/api/v1/challenges/way-back",
        "/challenges/way-back",
        "/api/v1/challenges/way-back/items",
        "/api/v1/challenges/way-back/standings",
        "/api/v1/challenges/teams",
        "/challenges/teams",
        "/api/v1/events?limit=500",
        "/activity",
        "/",
    ] {
        let text = nobody.get(path).expect(200).text().to_lowercase();
        for secret in ["pay-team", "ledger", "payday"] {
            assert!(!text.contains(secret), "{path} names {secret}: {text}");
        }
    }
    let rows = nobody.get("/api/v1/challenges/way-back/standings").expect(200).json();
    assert_eq!((rows["total"].as_i64(), rows["items"][0]["rank"].as_i64()), (Some(1), Some(1)));
    assert_eq!(nobody.get("/api/v1/challenges/payday-proved").status, 404);
    assert_eq!(member.get("/api/v1/challenges/payday-proved").status, 200);
    let rows = member.get("/api/v1/challenges/way-back/standings").expect(200).json();
    assert_eq!(rows["total"], 2);
}

fn no_token_of_less_writes(server: &Server) {
    let viewer = server.new_token("reader", &["read"]);
    for (method, path) in [("POST", "/api/v1/challenges"), ("PATCH", "/api/v1/challenges/rehearse-it")] {
        let asked = server.request_as(&viewer, method, path).json(&wish("X", &config_goal()));
        assert_eq!(server.send(asked).status, 403);
    }
    let limited = server.new_limited_token("limited", &["catalog:write"], &["checkout"]);
    let asked = server.request_as(&limited, "POST", "/api/v1/challenges").json(&wish("X", &config_goal()));
    assert_eq!(server.send(asked).status, 403, "a challenge is of all");
}
