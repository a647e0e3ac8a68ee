//! Seasons that end and stay; services under a new name gain nobody a place.

use harness::{Server, Value, json};

use super::{
    AUTUMN, LAST_DAY, LATER, TEAMS, autumn, board, column, events, go_on, result, services, summer, wait_for,
    yaml,
};

#[test]
fn a_season_that_ended_is_frozen_and_stays_whatever_arrives_later() {
    let mut server = summer();
    go_on(&mut server, LAST_DAY);
    result(&server, LAST_DAY, "c-1", "dns", "passed");
    let last: Vec<Value> = ["improved", "score", "streak", "drills"]
        .iter()
        .map(|b| board(&server, b)["items"].clone())
        .collect();
    // The process was down over the end.
    go_on(&mut server, AUTUMN);
    wait_for(&server, "season_ended");
    let frozen = |server: &Server| -> Vec<Value> {
        let of = |by: &str| {
            ["improved", "score", "streak", "drills"]
                .map(|b| board(server, &format!("{b}?by={by}&season=2026-Q3")))
        };
        of("team").into_iter().chain(of("service")).collect()
    };
    let kept = frozen(&server);
    for (before, after) in last.iter().zip(&kept) {
        assert_eq!(after["ended"], true);
        let after = after["items"].as_array().cloned().unwrap_or_default();
        assert_eq!(before.as_array().map(Vec::len), Some(after.len()));
        for (a, b) in before.as_array().into_iter().flatten().zip(&after) {
            for field in ["slug", "name", "rank", "score", "grade", "gained", "value", "league", "grades"] {
                assert_eq!(a[field], b[field], "{field} of {a:#} and {b:#}");
            }
        }
    }
    assert_eq!(board(&server, "score")["seasons"], json!(["2026-Q4", "2026-Q3"]));
    // Late evidence of the old season, a run, a removed service, a renamed team, another process.
    result(&server, LAST_DAY, "c-1", "cpu", "passed");
    result(&server, AUTUMN, "a-1", "dns", "failed");
    let _ = server.cli(&["grade"]).ok();
    let _ = server.send(server.request("DELETE", "/api/v1/services/d-2")).expect(204);
    server.restart();
    assert_eq!(frozen(&server), kept);
    assert_eq!(events(&server, "season_ended").len(), 1, "told once");
    let team = server.json("/api/v1/teams/birch");
    let record = &team["seasons"][0];
    assert_eq!((&record["season"], &record["league"]), (&json!("2026-Q3"), &json!("critical-small")));
    for page in ["/leaderboards/score?season=2026-Q3", "/teams/birch"] {
        assert!(server.get(page).expect(200).text().contains("2026-Q3"), "{page}");
    }
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn late_drills_and_judgements_between_the_end_and_the_freezing_do_not_count() {
    let mut server = summer();
    go_on(&mut server, LAST_DAY);
    // As every night: what has aged is known to have.
    let _ = server.cli(&["grade"]).ok();
    let fresh = column(&board(&server, "drills?by=service"), "value");
    // Judged in the new season by a command, before any schedule ran.
    server.kill();
    server.move_clock(AUTUMN);
    let line = json!({
        "service": "d-1", "kind": "infrastructure", "failure": "memory", "environment": "staging", "outcome": "passed",
        "started_at": "2026-10-01T10:00:00Z", "ended_at": "2026-10-01T10:01:00Z",
    });
    let _ = server.cli_with_input(&["ingest", "drill", "-"], line.to_string().as_bytes()).ok();
    server.restart();
    result(&server, AUTUMN, "d-1", "dns", "passed");
    wait_for(&server, "season_ended");
    assert_eq!(column(&board(&server, "drills?by=service&season=2026-Q3"), "value"), fresh);
}

#[test]
fn a_service_that_is_registered_anew_gains_nothing_by_its_old_results() {
    let mut server = autumn();
    go_on(&mut server, LATER);
    let before = column(&board(&server, "improved"), "value");
    let mut renamed = services();
    renamed[2].0 = "b-1-again";
    server.import(&yaml(TEAMS, &renamed));
    // The same results once more, up to where the team stood: catching up.
    result(&server, LATER, "b-1-again", "config", "passed");
    let rows = board(&server, "improved?by=service");
    let again = column(&rows, "value").into_iter().find(|(slug, _)| slug == "b-1-again");
    assert_eq!(again.map(|(_, value)| value), Some(json!(0)), "{rows:#}");
    let after = column(&board(&server, "improved"), "value");
    assert_eq!(after, before, "nor does its team");
}
