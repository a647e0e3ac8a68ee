//! Reviews: each detector over an organisation that plays for its grade and one that works for it. The second raises
//! nothing, the first one review, once.

mod answers;
mod organisation;

use serde_json::{Value, json};
use waterbear::app::actor::Credential;
use waterbear::app::{Actor, posted};
use waterbear::formats::Format;

pub(crate) use answers::tell;
use organisation::{Organisation, ada, at};

/// A journal of an experiment whose one action and one check run these programs.
fn journal(action: &Value, check: &Value, seconds: i64) -> String {
    let begin = at("2026-08-10T08:00:00Z");
    let time = |ms: i64| begin.to_datetime() + chrono::Duration::milliseconds(ms);
    let text = |ms: i64| time(ms).format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let probe = json!({"type": "probe", "name": "it answers", "tolerance": 0, "provider": check});
    let state = json!({"steady_state_met": true, "probes": [
        {"activity": probe, "status": "succeeded", "tolerance_met": true, "start": text(0), "output": null}]});
    let act = json!({"type": "action", "name": "break it", "provider": action});
    json!({
        "chaoslib-version": "1.44.0", "status": "completed", "deviated": false,
        "start": text(0), "end": text(seconds * 1_000),
        "experiment": {"title": "DNS is away", "method": [act],
                       "steady-state-hypothesis": {"title": "Orders are taken", "probes": [probe]}},
        "steady_states": {"before": state, "after": state, "during": []},
        "run": [{"activity": act, "status": "succeeded", "start": text(0), "end": text(1), "output": null}],
        "rollbacks": [],
    })
    .to_string()
}

fn process(path: &str, arguments: &str) -> Value {
    json!({"type": "process", "path": path, "arguments": arguments})
}

#[test]
fn drills_that_do_nothing_are_asked_about() {
    let honest = Organisation::new("noop_honest");
    let fault = process("tc", "qdisc add dev eth0 root netem delay 200ms");
    let check = process("curl", "-fsS http://shop.test/health");
    honest.document(Format::ChaosToolkit, &journal(&fault, &check, 120));
    honest.drill("a-2", "cpu", "passed", 30);
    honest.drill("a-2", "memory", "failed", 0);
    let cases = |time: &str, more: &str| {
        format!(
            "<testsuites><testsuite name=\"dns\" tests=\"1\" timestamp=\"2026-08-10T08:00:00\"{time}>\
             <testcase name=\"one\"{more}{time}/></testsuite></testsuites>"
        )
    };
    honest.document(Format::Junit, &cases(" time=\"4.2\"", " assertions=\"3\""));
    honest.document(Format::Junit, &cases("", ""));
    let summary = |threshold: &str| {
        json!({"metrics": {"http_req_failed": {"thresholds": {threshold: false}}}}).to_string()
    };
    honest.document(Format::K6, &summary("rate<0.01"));
    honest.is_honest();

    for (n, (fault, check, seconds)) in [
        (process("/bin/true", ""), check.clone(), 60),
        (process("sh", "-c 'sleep 30'"), check.clone(), 60),
        (
            json!({"type": "python", "module": "time", "func": "sleep", "arguments": {"secs": 9}}),
            check.clone(),
            60,
        ),
        (fault.clone(), process("echo", "ok"), 60),
        (fault.clone(), check.clone(), 0),
    ]
    .into_iter()
    .enumerate()
    {
        let gamed = Organisation::new(&format!("noop_{n}"));
        gamed.document(Format::ChaosToolkit, &journal(&fault, &check, seconds));
        gamed.is_asked("no_op_drill", "a-1", 1);
    }
    let gamed = Organisation::new("noop_more");
    gamed.drill("a-1", "cpu", "passed", 0);
    gamed.document(Format::Junit, &cases(" time=\"0\"", " assertions=\"0\""));
    gamed.document(Format::K6, &summary("rate<=1"));
    let asked = gamed.is_asked("no_op_drill", "a-1", 3);
    assert!(asked.evidence.iter().all(|one| one.drill.is_some()), "each leads to its drill");
    let sentences: Vec<&str> = asked.evidence.iter().map(|one| one.sentence.as_str()).collect();
    assert!(
        sentences.iter().any(|s| s.contains("none of its test cases asserted anything")),
        "{sentences:?}"
    );
    assert!(sentences.iter().any(|s| s.contains("ended at the instant it began")), "{sentences:?}");
    assert!(sentences.iter().any(|s| s.contains("`rate<=1` always holds")), "{sentences:?}");
}

#[test]
fn drills_that_are_repeated_until_they_pass_are_asked_about() {
    let tries = |it: &Organisation, gap: i64| {
        for _ in 0..3 {
            it.drill("a-1", "dns", "failed", 30);
            it.minutes(gap);
        }
    };
    let honest = Organisation::new("retried_honest");
    tries(&honest, 10);
    honest.deploy("a-1");
    honest.minutes(5);
    honest.drill("a-1", "dns", "passed", 30);
    // Another team takes its time, and a third drill fails for good.
    for _ in 0..3 {
        honest.drill("b-1", "cpu", "failed", 30);
        honest.minutes(90);
    }
    honest.drill("b-1", "cpu", "passed", 30);
    for _ in 0..5 {
        honest.drill("b-2", "cpu", "failed", 30);
        honest.minutes(5);
    }
    honest.is_honest();

    let gamed = Organisation::new("retried");
    tries(&gamed, 10);
    // The night falls into it: the pass comes after a look.
    assert_eq!(gamed.look(), 0);
    gamed.minutes(5);
    gamed.drill("a-1", "dns", "passed", 30);
    let asked = gamed.is_asked("retried_until_green", "a-1", 1);
    assert_eq!(
        asked.evidence[0].sentence,
        "Dns drill of a-1: 3 failures and then a pass within 36 minutes, and no deployment in between."
    );
}

#[test]
fn changes_of_the_catalog_before_an_end_are_asked_about() {
    let late = "2026-09-26T09:00:00Z";
    let mut honest = Organisation::new("edits_honest");
    for n in 1..=4 {
        honest.drill(&format!("a-{n}"), "dns", "passed", 30);
    }
    // In the middle of the season everything may change; at its end, what asks more, and a whole team that is handed over.
    honest.services[0].2 = 3;
    honest.services[4].1 = "amber";
    honest.import();
    honest.clock.set(at(late));
    honest.services[0].2 = 1;
    for service in honest.services.iter_mut().filter(|(_, team, _)| *team == "birch") {
        service.1 = "cedar";
    }
    honest.import();
    honest.is_honest();

    let mut gamed = Organisation::new("edits_tier");
    gamed.clock.set(at(late));
    gamed.services[0].2 = 4;
    gamed.import();
    let asked = gamed.is_asked("late_edit", "a-1", 1);
    assert_eq!(
        asked.evidence[0].sentence,
        "a-1: 26 September 2026, 4 days before the season 2026-Q3 ended, its tier went from 2 to 4."
    );

    let mut gamed = Organisation::new("edits_owner");
    for n in 1..=3 {
        gamed.drill(&format!("a-{n}"), "dns", "passed", 30);
        gamed.drill(&format!("b-{n}"), "dns", "passed", 30);
    }
    gamed.clock.set(at(late));
    // Amber gives its weakest service away.
    gamed.services[3].1 = "birch";
    gamed.import();
    let asked = gamed.is_asked("late_edit", "amber", 1);
    assert!(asked.evidence[0].sentence.ends_with("the mean score of amber rises by it."), "{asked:?}");
}

#[test]
fn services_that_are_taken_apart_are_asked_about() {
    let mut honest = Organisation::new("split_honest");
    honest.drill("a-1", "dns", "passed", 30);
    honest.days(20);
    // New parts that have yet to earn their points, and another one that only sounds alike.
    for name in ["a-1-read", "a-1-write", "a-10"] {
        honest.services.push((name.to_owned(), "amber", 2));
    }
    honest.import();
    honest.is_honest();

    let mut gamed = Organisation::new("split");
    gamed.days(20);
    for name in ["a-1-read", "a-1-write"] {
        gamed.services.push((name.to_owned(), "amber", 3));
    }
    gamed.import();
    assert_eq!(gamed.look(), 0, "nothing was gained so far");
    for name in ["a-1-read", "a-1-write"] {
        for failure in ["config", "dns", "cpu"] {
            gamed.drill(name, failure, "passed", 30);
        }
    }
    let asked = gamed.is_asked("service_split", "amber", 1);
    assert!(asked.evidence[0].sentence.contains("a-1-read, a-1-write came within 30 days"), "{asked:?}");
}

#[test]
fn evidence_that_is_typed_in_is_asked_about() {
    let ada = ada("amber");
    let honest = Organisation::new("typed_honest");
    for failure in ["dns", "cpu", "memory"] {
        honest.drill("a-1", failure, "passed", 30);
    }
    honest.minutes(10);
    // A few by hand among many, a failure by hand, and a pass by hand of what nobody else ran.
    honest.drill_of(&ada, "a-1", "rack", "passed", 30);
    honest.drill_of(&ada, "a-1", "disk", "failed", 30);
    honest.drill_of(&ada, "a-2", "rack", "passed", 30);
    honest.is_honest();

    let gamed = Organisation::new("typed_over");
    gamed.drill("a-1", "dns", "failed", 30);
    gamed.minutes(200);
    gamed.drill_of(&ada, "a-1", "dns", "passed", 30);
    let asked = gamed.is_asked("self_declared", "a-1", 1);
    assert!(asked.evidence[0].sentence.contains("runner had reported a failure"), "{asked:?}");

    let gamed = Organisation::new("typed_instead");
    for failure in ["dns", "cpu", "memory"] {
        gamed.drill_of(&ada, "a-1", failure, "passed", 30);
    }
    let asked = gamed.is_asked("self_declared", "a-1", 1);
    assert!(asked.evidence[0].sentence.contains("3 were typed in and 0 reported"), "{asked:?}");
}

#[test]
fn a_value_that_is_typed_in_over_a_proven_one_is_asked_about() {
    let fact = |it: &Organisation, actor: &Actor, value: i64| {
        let wish = json!([{"service": "a-1", "fact": "learning.actions_overdue", "value": value}]);
        let facts: Vec<posted::PostFact> = serde_json::from_value(wish).unwrap();
        it.app.write_now(actor, |tx| posted::post(tx, &facts)).unwrap();
        it.minutes(1);
    };
    let ci = Actor::command_line().known_by(Credential::Ci { token: "t".into(), publisher: "p".into() });
    let ada = ada("amber");
    let honest = Organisation::new("facts_honest");
    // By hand where nothing was proven; worse than it was; and proven again.
    fact(&honest, &ada, 3);
    fact(&honest, &ci, 2);
    fact(&honest, &ada, 5);
    fact(&honest, &ci, 0);
    honest.is_honest();

    let gamed = Organisation::new("facts");
    fact(&gamed, &ci, 4);
    fact(&gamed, &ada, 0);
    let asked = gamed.is_asked("self_declared", "a-1", 1);
    assert!(asked.evidence[0].sentence.contains("was 4 by proof of CI and was typed in as 0"), "{asked:?}");
}

#[test]
fn drills_in_bulk_at_the_end_of_a_season_are_asked_about() {
    let failures = ["dns", "cpu", "memory", "disk"];
    // From late August on, a drill of each kind on every service, two days apart.
    let steady = |it: &Organisation| {
        while it.now().0 < at("2026-10-01T00:00:00Z").0 {
            for n in 1..=4 {
                for failure in failures {
                    it.drill(&format!("b-{n}"), failure, "passed", 30);
                }
            }
            it.days(2);
        }
    };
    let honest = Organisation::from("bulk_honest", "2026-08-20T09:00:00Z");
    steady(&honest);
    honest.clock.set(at("2026-10-02T03:00:00Z"));
    honest.is_honest();

    let gamed = Organisation::from("bulk", "2026-08-20T09:00:00Z");
    gamed.drill("a-1", "dns", "passed", 30);
    gamed.clock.set(at("2026-09-29T09:00:00Z"));
    for n in 1..=4 {
        for failure in failures {
            gamed.drill(&format!("a-{n}"), failure, "passed", 30);
        }
    }
    assert_eq!(gamed.look(), 0, "the season is not over");
    gamed.clock.set(at("2026-10-02T03:00:00Z"));
    let asked = gamed.is_asked("bulk_at_season_end", "amber", 1);
    assert_eq!(
        asked.evidence[0].sentence,
        "amber: 16 passed drills arrived in the last 3 days of the season 2026-Q3; in the 28 days before them the same \
         services had 0."
    );
    gamed.days(1);
    assert_eq!(gamed.look(), 0);
}
