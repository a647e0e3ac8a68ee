//! Moves, splits, edits and removals that gain nobody a place on any board; streaks, which pages and boards count alike.

use std::collections::BTreeMap;

use harness::{Server, Value, json};

use super::{LAST_DAY, LATER, TEAMS, autumn, board, column, go_on, result, services, sorted, summer, yaml};

const ALL: [&str; 5] = ["improved", "score", "streak", "drills", "fallbacks"];

/// A flow in which two teams have a call that users can do without, one of them with a proven fallback.
fn with_fallbacks(server: &Server, at: &str) {
    let edge = |from: &str, to: &str| json!({"from": from, "to": to, "core": false});
    let flow = json!({"title": "Buy", "owner": "amber", "edges": [edge("a-1", "c-1"), edge("b-1", "c-1")]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    let end = chrono::DateTime::parse_from_rfc3339(at).unwrap_or_default() - chrono::Duration::hours(1);
    let proof = json!({
        "service": "a-1", "kind": "dependency", "failure": "timeout", "target": "c-1", "environment": "staging",
        "outcome": "passed", "started_at": (end - chrono::Duration::minutes(2)).to_rfc3339(),
        "ended_at": end.to_rfc3339(),
    });
    let _ = server.post_drill(&proof).expect(201);
}

fn values(server: &Server) -> BTreeMap<&'static str, Vec<(String, Value)>> {
    ALL.into_iter().map(|name| (name, sorted(column(&board(server, name), "value")))).collect()
}

fn of(all: &[(String, Value)], team: &str) -> Option<i64> {
    all.iter().find(|(slug, _)| slug == team).and_then(|(_, value)| value.as_i64())
}

#[test]
fn nobody_gains_a_place_by_moving_splitting_weighing_or_removing_services() {
    let mut server = autumn();
    go_on(&mut server, LATER);
    // Amber works; birch plays.
    result(&server, LATER, "a-1", "cpu", "passed");
    result(&server, LATER, "a-2", "dns", "passed");
    with_fallbacks(&server, LATER);
    let _ = server.cli(&["grade"]).ok();
    let before = values(&server);
    for (name, column) in &before {
        assert!(
            column.iter().any(|(_, value)| value.as_i64() > Some(0)),
            "{name} tells something: {column:?}"
        );
    }
    let honest: Vec<_> = column(&board(&server, "improved"), "league");
    // Amber's gaining service moves to birch, birch's falling one to delta; one is split, one is removed.
    let mut gamed = services();
    gamed[0].1 = "birch";
    gamed[2].1 = "delta";
    gamed.remove(5);
    gamed.push(("b-2-read", "birch", 2, Some("pay")));
    gamed.push(("b-2-write", "birch", 2, Some("pay")));
    server.import(&yaml(TEAMS, &gamed));
    assert_eq!(values(&server), before, "nothing moved but the catalog");
    // Another tier means other rules, but neither more weight nor another league.
    gamed[5].2 = 1;
    server.import(&yaml(TEAMS, &gamed));
    assert_eq!(
        sorted(column(&board(&server, "improved"), "league")),
        sorted(honest),
        "nobody changed the league"
    );
    // Who works on a service that came over works for the team that had it when the season began.
    result(&server, LATER, "a-1", "memory", "passed");
    let worked = values(&server);
    for name in ["improved", "drills"] {
        assert!(of(&worked[name], "amber") > of(&before[name], "amber"), "{name}: {before:?} {worked:?}");
    }
}

#[test]
fn a_team_under_a_new_name_stays_on_the_boards_and_one_that_took_others_in_gains_nothing() {
    let mut server = autumn();
    go_on(&mut server, LATER);
    let _ = server.cli(&["grade"]).ok();
    let before = values(&server);
    // Amber is called aurum now; all of delta goes to birch, and delta is gone.
    let mut moved = services();
    for service in &mut moved {
        service.1 = match service.1 {
            "amber" => "aurum",
            "delta" => "birch",
            other => other,
        };
    }
    server.import(&yaml(&["aurum", "birch", "cedar"], &moved));
    let after = values(&server);
    assert_eq!(of(&after["score"], "aurum"), of(&before["score"], "amber"), "{before:?} {after:?}");
    assert_eq!(of(&after["score"], "birch"), of(&before["score"], "birch"), "{before:?} {after:?}");
    assert_eq!(of(&after["improved"], "amber"), None);
}

/// What a team is worth on the board of streaks, worked out from the weeks of services.
fn expected(server: &Server) -> BTreeMap<String, i64> {
    let weeks = column(&board(server, "streak?by=service"), "value");
    let mut own: BTreeMap<&str, (i64, i64, i64)> = BTreeMap::new();
    for (name, team, tier, _) in services() {
        let (weight, sum) = (5 - i64::from(tier), of(&weeks, name).unwrap_or(0).min(26) * 1_000);
        let team = own.entry(team).or_default();
        *team = (team.0 + weight * sum, team.1 + weight, team.2 + 1);
    }
    let mean = |team: &str| own[team].0 / own[team].1;
    let critical = (mean("amber") + mean("birch") + mean("cedar")) / 3;
    let all = (mean("amber") + mean("birch") + mean("cedar") + mean("delta")) / 4;
    let worth = |(team, (_, _, count)): (&&str, &(i64, i64, i64))| {
        let lent = if *team == "delta" { all } else { critical };
        ((*team).to_owned(), (count * mean(team) + 3 * lent) / (count + 3) / 1_000)
    };
    own.iter().map(worth).collect()
}

#[test]
fn a_streak_ends_by_a_regression_even_if_the_drill_passes_again_at_once() {
    let mut server = summer();
    go_on(&mut server, LAST_DAY);
    for service in ["a-1", "b-1"] {
        result(&server, LAST_DAY, service, "memory", "passed");
    }
    let weeks = |server: &Server, slug: &str| of(&column(&board(server, "streak?by=service"), "value"), slug);
    // Boards, pages and the arithmetic of the help agree.
    let agree = |server: &Server| {
        let found: BTreeMap<String, i64> = column(&board(server, "streak"), "value")
            .into_iter()
            .map(|(team, value)| (team, value.as_i64().unwrap_or(-1)))
            .collect();
        assert_eq!(found, expected(server));
        for (team, value) in &found {
            let view = server.json(&format!("/api/v1/teams/{team}"));
            assert_eq!(view["standing"]["streak_weeks"], json!(value), "{team}");
        }
        let ranks = column(&board(server, "streak"), "rank");
        for (team, rank) in ranks.iter().filter(|(team, _)| found[team] == 0) {
            assert_eq!(*rank, Value::Null, "{team} has a streak of nothing");
        }
        found
    };
    // 41 days since the first result.
    assert_eq!(weeks(&server, "a-1"), Some(5));
    let before = agree(&server);
    assert!(before["amber"] > 0, "one service that is not rehearsed does not end it: {before:?}");
    let line = |outcome: &str, minute: u32| {
        json!({
            "service": "a-1", "kind": "infrastructure", "failure": "dns", "environment": "staging", "outcome": outcome,
            "started_at": "2026-09-30T18:00:00Z", "ended_at": format!("2026-09-30T18:{minute:02}:00Z"),
        })
        .to_string()
    };
    let batch = [line("failed", 1), line("passed", 2)].join("\n");
    let _ = server.post_bytes("/api/v1/drills/batch", "application/x-ndjson", batch).expect(200);
    assert_eq!(weeks(&server, "a-1"), Some(0));
    let after = agree(&server);
    assert!(after["amber"] < before["amber"], "{before:?} {after:?}");
    let page = server.get("/teams/birch").expect(200).text();
    assert!(page.contains(&format!("streak {} week", after["birch"])), "{after:?} {page}");
    // One that stays open is 0 too, until it passes again and weeks go by.
    result(&server, LAST_DAY, "b-1", "memory", "failed");
    assert_eq!(weeks(&server, "b-1"), Some(0));
    // Where nothing is fresh any more a streak rests.
    assert!(weeks(&server, "c-2").is_some());
    go_on(&mut server, LATER);
    let _ = server.cli(&["grade"]).ok();
    assert_eq!(weeks(&server, "c-2"), None);
}
