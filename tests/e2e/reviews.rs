//! Reviews by API and page: for who looks after the programme, answered by a form, and silent for everybody else.

use harness::{SMALL_CATALOG, Server, Setup, json, passed};

/// Posts a drill that took no time, has all graded, and gives the id of the review that this opens.
#[track_caller]
pub(crate) fn opened(server: &Server) -> String {
    let mut drill = passed("checkout", "memory");
    drill["started_at"] = drill["ended_at"].clone();
    let _ = server.post_drill(&drill).expect(201);
    let _ = server.cli(&["grade"]).ok();
    let reviews = server.json("/api/v1/reviews?kind=no_op_drill");
    let id = reviews["items"][0]["id"].as_str();
    id.unwrap_or_else(|| panic!("a review is open: {reviews:#}")).to_owned()
}

fn shop() -> Server {
    let server = Server::start();
    server.import(SMALL_CATALOG);
    server
}

#[test]
fn a_grading_run_opens_a_review_that_the_owner_reads_and_closes_by_the_form() {
    let server = shop();
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    let before = server.scorecard("checkout")["score"].clone();
    let id = opened(&server);
    let after = server.scorecard("checkout")["score"].clone();
    assert!(after.as_i64() >= before.as_i64(), "no grade is lowered by a review: {before} {after}");
    let home = owner.get("/").expect(200).text();
    assert!(home.contains("href=\"/reviews\" aria-label=\"1 review\""), "the owner is told on every page");
    let list = owner.get("/reviews").expect(200).text();
    assert!(
        list.contains("Drills that may have done nothing") && list.contains("/services/checkout"),
        "{list}"
    );
    let path = format!("/reviews/{id}");
    let page = owner.get(&path).expect(200).text();
    assert!(page.contains("it ended at the instant it began") && page.contains("A trial of the pipeline"));
    let refused =
        owner.submit(&path, &[("do", "close"), ("note", "Only a <b>trial</b>.")]).expect(422).text();
    assert!(
        refused.contains("finding: say what was found")
            && refused.contains("Only a &lt;b&gt;trial&lt;/b&gt;."),
        "{refused}"
    );
    let answer = [("do", "close"), ("finding", "nothing_wrong"), ("note", "Only a trial.")];
    assert_eq!(owner.submit(&path, &answer).expect(303).header("location"), "/reviews");
    assert!(owner.get("/reviews").expect(200).text().contains("Nothing to ask"));
    let closed = owner.get("/reviews?state=closed").expect(200).text();
    assert!(closed.contains("nothing wrong"), "{closed}");
    let view = owner.get(&format!("/api/v1/reviews/{id}")).expect(200).json();
    assert_eq!(
        (&view["state"], &view["finding"], &view["note"], &view["noticed"]),
        (&json!("closed"), &json!("nothing_wrong"), &json!("Only a trial."), &json!(1))
    );
    assert_eq!(owner.submit(&path, &[("do", "open")]).expect(303).header("location"), path);
    assert_eq!(owner.get(&format!("/api/v1/reviews/{id}")).expect(200).json()["state"], "open");
    let audit = server.get("/api/v1/audit?kind=review_answered").expect(200).json();
    assert_eq!(audit["items"][0]["actor"]["login"], "olaf");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn nobody_else_reads_answers_or_hears_of_a_review() {
    let server = shop();
    let id = opened(&server);
    let one = format!("/api/v1/reviews/{id}");
    let answer = json!({"state": "closed", "finding": "nothing_wrong"});
    for scopes in [&["read"][..], &["drills:write", "evidence:write"], &["catalog:write"]] {
        let token = server.new_token(&scopes.join(" "), scopes);
        for path in ["/api/v1/reviews", one.as_str(), "/reviews", &format!("/reviews/{id}")] {
            let reply = server.send(server.request_as(&token, "GET", path));
            assert_eq!(reply.status, 403, "{scopes:?} {path}");
        }
        let reply = server.send(server.request_as(&token, "PATCH", &one).json(&answer));
        assert_eq!(reply.status, 403, "{scopes:?}");
    }
    let lead = server.signed_in("lena", &["--lead", "shop-team"]);
    let home = lead.get("/").expect(200).text();
    assert!(!home.contains("review"), "{home}");
    for path in ["/reviews", &format!("/reviews/{id}"), "/api/v1/reviews", one.as_str()] {
        assert_eq!(lead.get(path).status, 403, "{path}");
    }
    for path in
        ["/api/v1/events?limit=500", "/activity", "/feed.atom", "/services/checkout", "/teams/shop-team"]
    {
        let text = lead.get(path).expect(200).text();
        assert!(!text.contains("review_") && !text.contains("A review was"), "{path} tells of it");
    }
    assert_eq!(server.send(server.request_as("", "GET", "/api/v1/reviews")).status, 401);
    assert_eq!(server.json(&one)["state"], "open");
}

#[test]
fn wrong_asks_and_answers_name_the_place_and_the_cure() {
    let server = shop();
    let id = opened(&server);
    let one = format!("/api/v1/reviews/{id}");
    server.get("/api/v1/reviews?state=ended").problem(422, "invalid");
    server.get("/api/v1/reviews?kind=cheating").problem(422, "invalid");
    server.get("/api/v1/reviews/none").problem(404, "not_found");
    let patch = |body: &harness::Value| server.send(server.request("PATCH", &one).json(body));
    for (body, place) in [
        (json!({"state": "closed"}), "/finding"),
        (json!({"state": "closed", "finding": "guilty"}), "/finding"),
        (json!({"state": "gone"}), "/state"),
        (json!({"finding": "corrected"}), "/finding"),
        (json!({"note": "x".repeat(5_000)}), "/note"),
    ] {
        let problem = patch(&body).expect(422).json();
        assert_eq!(problem["errors"][0]["pointer"], place, "{body} {problem:#}");
    }
    let _ = patch(&json!({"note": "Asked them; waiting."})).expect(200);
    let view = server.json(&one);
    assert_eq!((&view["state"], &view["note"]), (&json!("open"), &json!("Asked them; waiting.")));
}

#[test]
fn a_hidden_team_shows_in_reviews_to_the_owner_alone() {
    let server = Setup::default().env("WATERBEAR_HIDDEN_TEAMS", "shop-team").start();
    server.import(SMALL_CATALOG);
    let id = opened(&server);
    let owner = server.signed_in("olaf", &["--role", "owner"]);
    assert_eq!(owner.get(&format!("/api/v1/reviews/{id}")).expect(200).json()["service"], "checkout");
    let viewer = server.signed_in("vera", &["--role", "viewer"]);
    assert_eq!(viewer.get(&format!("/api/v1/reviews/{id}")).status, 403);
}
