//! Boards: five of them, in leagues; seasons that end and stay; moves, splits and edits of the catalog that gain nobody a
//! place; teams that leave.

mod moves;
mod seasons;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use harness::{Server, Setup, Value, json};

/// Late in one season, early in the next one, and later in it.
const SUMMER: &str = "2026-08-20T09:00:00Z";
const LAST_DAY: &str = "2026-09-30T20:00:00Z";
const AUTUMN: &str = "2026-10-02T09:00:00Z";
const LATER: &str = "2026-11-20T09:00:00Z";

/// A service of a catalog: name, team, tier, system.
type Listed<'a> = (&'a str, &'a str, u8, Option<&'a str>);

fn yaml(teams: &[&str], services: &[Listed<'_>]) -> String {
    let mut yaml = String::new();
    for team in teams {
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: {team}}}\nspec: {{type: team, children: []}}\n"
        );
    }
    for (name, team, tier, system) in services {
        let system = system.map_or_else(String::new, |system| format!(", system: {system}"));
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
             metadata: {{name: {name}, annotations: {{\"waterbear.dev/tier\": \"{tier}\"}}}}\n\
             spec: {{type: service, lifecycle: production, owner: {team}{system}}}\n"
        );
    }
    yaml
}

const TEAMS: &[&str] = &["amber", "birch", "cedar", "delta"];

/// Four teams: three critical, one supporting.
fn services() -> Vec<Listed<'static>> {
    vec![
        ("a-1", "amber", 1, None),
        ("a-2", "amber", 3, None),
        ("b-1", "birch", 2, None),
        ("b-2", "birch", 2, Some("pay")),
        ("c-1", "cedar", 1, None),
        ("c-2", "cedar", 4, None),
        ("d-1", "delta", 3, None),
        ("d-2", "delta", 4, None),
    ]
}

/// A result that ended an hour before `at`.
fn result(server: &Server, at: &str, service: &str, failure: &str, outcome: &str) {
    let end = chrono::DateTime::parse_from_rfc3339(at).unwrap_or_default() - chrono::Duration::hours(1);
    let kind = if ["code", "config"].contains(&failure) { "rollback" } else { "infrastructure" };
    let body = json!({
        "service": service, "kind": kind, "failure": failure, "environment": "staging", "outcome": outcome,
        "started_at": (end - chrono::Duration::minutes(2)).to_rfc3339(), "ended_at": end.to_rfc3339(),
        "rollback": {"outcome": "succeeded", "seconds": 20},
    });
    let _ = server.post_drill(&body).expect(201);
}

fn go_on(server: &mut Server, at: &str) {
    server.move_clock(at);
    server.restart();
}

/// A summer in which everybody did something.
fn summer() -> Server {
    let server = Setup::default().frozen(SUMMER).start();
    server.import(&yaml(TEAMS, &services()));
    for (service, failures) in [("a-1", 2), ("b-1", 3), ("b-2", 1), ("c-2", 1), ("d-1", 2)] {
        for failure in ["config", "dns", "cpu"].iter().take(failures) {
            result(&server, SUMMER, service, failure, "passed");
        }
    }
    server
}

/// The same, two days into the season after it, with the roster noted.
fn autumn() -> Server {
    let mut server = summer();
    go_on(&mut server, AUTUMN);
    wait_for(&server, "season_ended");
    // A run, after which it is noted who takes part.
    let _ = server.cli(&["grade"]).ok();
    server
}

fn board(server: &Server, rest: &str) -> Value {
    server.json(&format!("/api/v1/leaderboards/{rest}"))
}

/// Slug and one field of every row.
fn column(board: &Value, field: &str) -> Vec<(String, Value)> {
    let rows = board["items"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| (row["slug"].as_str().unwrap_or_default().to_owned(), row[field].clone())).collect()
}

fn slugs(board: &Value) -> Vec<String> {
    column(board, "slug").into_iter().map(|(slug, _)| slug).collect()
}

fn sorted(mut column: Vec<(String, Value)>) -> Vec<(String, Value)> {
    column.sort_by(|a, b| a.0.cmp(&b.0));
    column
}

fn events(server: &Server, kind: &str) -> Vec<Value> {
    let all = server.json("/api/v1/events?limit=500")["items"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|event| event["kind"] == kind).collect()
}

/// Waits until the schedule has done what it does at the start.
fn wait_for(server: &Server, kind: &str) {
    let began = Instant::now();
    while events(server, kind).is_empty() {
        assert!(began.elapsed() < Duration::from_mins(1), "no event {kind}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn each_board_ranks_teams_and_services_in_its_own_unit() {
    let server = summer();
    for (name, unit) in [
        ("improved", "permille"),
        ("score", "points"),
        ("streak", "weeks"),
        ("drills", "permille"),
        ("fallbacks", "permille"),
    ] {
        for by in ["team", "service"] {
            let found = board(&server, &format!("{name}?by={by}"));
            assert_eq!(found["unit"], unit, "{found:#}");
            let values: Vec<i64> = column(&found, "value").iter().filter_map(|(_, v)| v.as_i64()).collect();
            assert!(values.is_sorted_by(|a, b| a >= b), "{name} by {by}: {values:?}");
            let ranks: Vec<Option<i64>> = column(&found, "rank").iter().map(|(_, r)| r.as_i64()).collect();
            for (n, rank) in ranks.iter().enumerate() {
                let better = values.iter().filter(|other| **other > values[n]).count() as i64;
                let shown = better < values.len().div_ceil(2) as i64 && values[n] > 0;
                assert_eq!(*rank, shown.then_some(better + 1), "{name} by {by}: {values:?} {ranks:?}");
            }
        }
    }
    let drills = board(&server, "drills?by=service");
    assert_eq!(slugs(&drills).first().map(String::as_str), Some("b-1"), "{drills:#}");
    // Nobody declared a flow: nobody is on that board, and no 0 is shown for it.
    assert_eq!(board(&server, "fallbacks?by=service")["total"], 0);
    // Results give a streak; who never sent one has none.
    let mut steady = slugs(&board(&server, "streak?by=service"));
    steady.sort();
    assert_eq!(steady, ["a-1", "b-1", "b-2", "c-2", "d-1"]);
}

#[test]
fn leagues_are_by_tier_and_size_and_others_are_refused_by_name() {
    let server = summer();
    let all = board(&server, "score");
    assert_eq!(all["total"], 4);
    let ids: Vec<&str> =
        all["leagues"].as_array().into_iter().flatten().filter_map(|l| l["id"].as_str()).collect();
    assert_eq!(ids, ["all", "critical-small", "supporting-small"], "empty leagues are not offered");
    let critical = board(&server, "score?league=critical-small");
    assert_eq!((&critical["total"], &critical["league"]), (&json!(3), &json!("critical-small")));
    assert!(column(&critical, "league").iter().all(|(_, league)| league == "critical-small"));
    assert_eq!(slugs(&board(&server, "score?league=supporting-small")), ["delta"]);
    assert_eq!(slugs(&board(&server, "score?by=service&league=tier-2")).len(), 2);
    let wrong = server.get("/api/v1/leaderboards/score?league=huge").problem(422, "invalid");
    assert!(wrong.to_string().contains("critical-small"), "{wrong:#}");
    server.get("/api/v1/leaderboards/score?by=service&league=critical-small").problem(422, "invalid");
    server.get("/api/v1/leaderboards/score?season=autumn").problem(422, "invalid");
}

#[test]
fn a_small_team_is_drawn_to_its_league_as_the_help_says() {
    let server = summer();
    let means: Vec<(String, i64, i64)> = TEAMS
        .iter()
        .map(|team| {
            let services = server.json(&format!("/api/v1/services?team={team}"))["items"].clone();
            let mut weights = (0, 0);
            for service in services.as_array().into_iter().flatten() {
                let weight = 5 - service["tier"].as_i64().unwrap_or(4);
                weights.0 += weight * service["score"].as_i64().unwrap_or(0) * 1_000;
                weights.1 += weight;
            }
            let count = services.as_array().map_or(0, Vec::len) as i64;
            ((*team).to_owned(), weights.0 / weights.1, count)
        })
        .collect();
    let league = |team: &str| -> i64 {
        let critical: Vec<i64> =
            means.iter().filter(|(t, ..)| t != "delta").map(|(_, mean, _)| *mean).collect();
        let all: Vec<i64> = means.iter().map(|(_, mean, _)| *mean).collect();
        // A league of one is lent the mean of all.
        let of = if team == "delta" { &all } else { &critical };
        of.iter().sum::<i64>() / of.len() as i64
    };
    let rows = board(&server, "score");
    let worth = column(&rows, "value");
    for (team, own, count) in &means {
        let expected = (count * own + 3 * league(team)) / (count + 3) / 1_000;
        let found = worth.iter().find(|(slug, _)| slug == team).map(|(_, value)| value.clone());
        assert_eq!(found, Some(json!(expected)), "{team}: own {own}, {worth:?}");
    }
    // Beside it stands the score that the team's own page shows, with its letter; the weeks end there.
    for row in rows["items"].as_array().into_iter().flatten() {
        let team = server.json(&format!("/api/v1/teams/{}", row["slug"].as_str().unwrap_or_default()));
        let standing = &team["standing"];
        assert_eq!((&row["score"], &row["grade"]), (&standing["score"], &standing["grade"]), "{row:#}");
        assert_eq!(row["weeks"].as_array().and_then(|weeks| weeks.last()), Some(&row["score"]), "{row:#}");
    }
}

#[test]
fn a_team_leaves_the_boards_and_keeps_its_grades() {
    let server = summer();
    let others = |server: &Server| slugs(&board(server, "score"));
    let card = server.scorecard("a-1");
    assert_eq!(others(&server).len(), 4);
    let put = |token: &str, team: &str, on: bool| {
        let path = format!("/api/v1/teams/{team}/boards");
        server.send(server.request_as(token, "PUT", &path).json(&json!({ "on_boards": on })))
    };
    assert_eq!(put(server.token(), "amber", false).expect(200).json(), json!({ "on_boards": false }));
    let left = others(&server);
    assert!(left.len() == 3 && !left.contains(&"amber".to_owned()), "{left:?}");
    assert!(!slugs(&board(&server, "score?by=service")).iter().any(|slug| slug.starts_with("a-")));
    let ranks: Vec<Value> =
        column(&board(&server, "score"), "rank").into_iter().map(|(_, rank)| rank).collect();
    assert_eq!(ranks, [json!(1), json!(2), Value::Null], "no gap where it was");
    assert_eq!(server.scorecard("a-1")["grade"], card["grade"]);
    assert_eq!(server.json("/api/v1/teams/amber")["on_boards"], false);
    // Said once, and not to everybody.
    let _ = put(server.token(), "amber", false).expect(200);
    let audit = server.json("/api/v1/audit?limit=20")["items"].as_array().cloned().unwrap_or_default();
    let told = audit.iter().filter(|r| r["after"]["on_boards"] == json!(false)).count();
    assert_eq!(told, 1, "{audit:#?}");
    assert!(events(&server, "team_changed").is_empty());
    // Its lead may decide; a lead of another team, a token for drills may not.
    let drills = server.new_token("ci", &["drills:write"]);
    put(&drills, "amber", true).problem(403, "forbidden");
    put(server.token(), "nobody", true).problem(404, "not_found");
    let other = server.signed_in("cleo", &["--lead", "cedar"]);
    let own = server.signed_in("ada", &["--lead", "amber"]);
    assert!(own.get("/teams/amber").expect(200).text().contains("Take part in boards"));
    assert!(!other.get("/teams/amber").expect(200).text().contains("/teams/amber/boards"));
    assert_eq!(other.submit("/teams/amber/boards", &[("on", "yes")]).status, 403);
    assert_eq!(own.submit("/teams/amber/boards", &[("on", "yes")]).status, 303);
    assert_eq!(others(&server).len(), 4);
}

#[test]
fn home_shows_the_league_of_ones_own_team_and_the_board_its_own_row() {
    let server = summer();
    let page = |path: &str| {
        let asked = server.request("GET", path).header("cookie", "team=delta");
        server.send(asked).expect(200).text()
    };
    let home = page("/");
    assert!(
        home.contains("Tier 3-4, up to 7 services") && home.contains("league=supporting-small"),
        "{home}"
    );
    assert!(!home.contains(">amber</bdi>"), "another league");
    assert!(page("/?league=all").contains(">amber</bdi>"));
    assert!(page("/leaderboards/score").contains("class=\"you\""));
    let help = page("/help/boards");
    assert!(help.contains("67.000") && help.contains("critical-small"), "{help}");
}

#[test]
fn before_the_first_grading_the_season_has_not_started() {
    let server = Server::start();
    let page = server.get("/leaderboards/improved").expect(200).text();
    assert!(page.contains("The season starts with the first grading run"), "{page}");
    for board in ["streak", "drills", "fallbacks"] {
        let _ = server.get(&format!("/leaderboards/{board}?by=service")).expect(200);
    }
    let early = server.get("/api/v1/leaderboards/improved?season=2130-Q1").problem(422, "invalid");
    assert!(early.to_string().contains("has not begun"), "{early:#}");
    assert_eq!(server.get("/leaderboards/improved?season=2130-Q1").status, 422);
    let empty = server.json("/api/v1/leaderboards/improved?season=2020-Q1");
    assert_eq!((&empty["total"], &empty["ended"]), (&json!(0), &json!(true)));
}
