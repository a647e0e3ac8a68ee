//! The life of a challenge by a clock that is moved: each step is told once, by whichever process comes first.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service};
use serde_json::{Value, json};
use waterbear::app::catalog::{ImportCatalog, import};
use waterbear::app::challenges::{self, ChangeChallenge, CreateChallenge, cycle};
use waterbear::app::views::EventView;
use waterbear::app::{Actor, App, feed, ingest};
use waterbear::clock::{Clock, FrozenClock};
use waterbear::config::Config;
use waterbear::formats::read_backstage;
use waterbear::store::DatabaseUrl;
use waterbear::types::Timestamp;

use crate::plans::Heard;

const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: pay-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ledger}
spec: {type: service, lifecycle: production, owner: pay-team}
";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn open(url: &str, clock: &Arc<FrozenClock>) -> Arc<App> {
    let config = Config { database: DatabaseUrl::parse(url).unwrap(), ..Config::default() };
    App::build(config, Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

fn wish(title: &str, from: &str, to: &str) -> Value {
    let goal = json!({"kind": "drills", "failures": ["config"], "fresh_days": 40});
    json!({ "title": title, "goal": goal, "starts_at": from, "ends_at": to })
}

fn make(app: &App, wish: Value) -> String {
    let cmd: CreateChallenge = serde_json::from_value(wish).unwrap();
    app.write_now(&Actor::command_line(), |tx| challenges::create(tx, &cmd, None)).unwrap().slug
}

fn drill(app: &App, service: &str, outcome: &str) {
    let now = app.clock().now();
    let line = json!({
        "service": service, "kind": "rollback", "failure": "config", "environment": "staging", "outcome": outcome,
        "started_at": Timestamp(now.0 - 60_000), "ended_at": Timestamp(now.0 - 1_000),
        "rollback": {"outcome": "succeeded", "seconds": 40},
    });
    let lines =
        app.write_now(&Actor::command_line(), |tx| ingest::batch(tx, line.to_string().as_bytes(), None));
    assert!(lines.unwrap().iter().all(|line| line.problem.is_none()));
}

fn told(app: &App, kind: &str) -> Vec<EventView> {
    let mut events = app.read_now(|tx| feed::events_after(tx, 0, 500)).unwrap().items;
    events.retain(|event| event.kind == kind);
    events
}

/// Both processes look at once; gives how many steps were taken.
fn look(apps: &[Arc<App>; 2]) -> usize {
    let threads = apps.clone().map(|app| std::thread::spawn(move || cycle::run_due(&app).unwrap()));
    threads.into_iter().map(|thread| thread.join().unwrap()).sum()
}

#[test]
fn each_step_of_a_challenge_is_taken_once_and_made_up_for_after_downtime() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::database("challenges", folder.path());
    let clock = Arc::new(FrozenClock::at(at("2026-03-01T08:00:00Z")));
    let apps = [open(&url, &clock), open(&url, &clock)];
    let app = &apps[0];
    let reading = read_backstage(CATALOG.as_bytes()).unwrap();
    let catalog = ImportCatalog { reading, source: "test".into(), dry_run: false, complete: true };
    app.write_now(&Actor::command_line(), |tx| import(tx, &catalog)).unwrap();
    make(app, wish("Way back", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z"));
    let view = || app.read_now(|tx| challenges::one(tx, "way-back")).unwrap();
    assert_eq!((look(&apps), view().row.state.as_str()), (0, "draft"), "its time has not come");

    clock.set(at("2026-03-02T00:00:01Z"));
    assert_eq!((look(&apps), look(&apps)), (1, 0), "it starts once");
    assert_eq!((told(app, "challenge_started").len(), view().row.state.as_str()), (1, "open"));
    clock.set(at("2026-03-05T08:00:00Z"));
    drill(app, "checkout", "passed");
    assert_eq!((look(&apps), look(&apps)), (1, 0), "a third is more than the first quarter");
    let reached = told(app, "challenge_milestone");
    assert_eq!((reached.len(), &reached[0].data["milestone"]["at"]), (1, &json!(25)));

    // Half of the time is over.
    clock.set(at("2026-03-17T00:00:00Z"));
    assert_eq!((look(&apps), look(&apps)), (1, 0), "teams are reminded once");
    let half = told(app, "challenge_half_time");
    let named = |event: &EventView| (event.team.clone().unwrap(), event.data["remaining"].clone());
    let mut teams: Vec<_> = half.iter().map(named).collect();
    teams.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(teams, [("pay-team".to_owned(), json!(1)), ("shop-team".to_owned(), json!(1))]);
    let shop = half.iter().find(|event| event.team.as_deref() == Some("shop-team")).unwrap();
    assert_eq!(
        shop.data["items"],
        json!([{"service": "cart", "what": "Config rollback", "note": "never run"}])
    );

    // pay-team has nothing left: only shop-team is told that the end is near.
    drill(app, "ledger", "passed");
    look(&apps);
    clock.set(at("2026-03-29T06:00:00Z"));
    assert_eq!((look(&apps), look(&apps)), (1, 0));
    let ending = told(app, "challenge_ending");
    assert_eq!((ending.len(), ending[0].team.as_deref()), (1, Some("shop-team")));

    // The end falls into a downtime, and so does the whole of another challenge.
    make(app, wish("Missed", "2026-04-03T00:00:00Z", "2026-04-05T00:00:00Z"));
    clock.set(at("2026-04-20T08:00:00Z"));
    let before = told(app, "challenge_half_time").len();
    assert_eq!((look(&apps), look(&apps)), (3, 0), "one ends, the other starts and ends");
    assert_eq!(told(app, "challenge_half_time").len(), before, "nobody is reminded of what is over");
    let ended = view();
    let result = |view: &challenges::ChallengeView| view.row.progress.clone().map(|p| (p.done, p.total));
    assert_eq!(
        (ended.row.state.as_str(), result(&ended)),
        ("ended", Some((2, 3))),
        "at its end checkout was fresh"
    );
    assert_eq!(ended.days.last().map(|day| day.day.as_str()), Some("2026-03-31"));
    let rewards = told(app, "challenge_reward_earned");
    let earned: Vec<_> = rewards.iter().filter(|e| e.data["challenge"] == "way-back").collect();
    assert_eq!((earned.len(), earned[0].team.as_deref()), (1, Some("pay-team")));

    // What arrives later changes nothing.
    drill(app, "cart", "passed");
    drill(app, "ledger", "failed");
    assert_eq!((look(&apps), result(&view())), (0, Some((2, 3))));
    let held = app.read_now(|tx| challenges::rewards_of(tx, "pay-team")).unwrap();
    assert!(held.iter().any(|reward| reward.challenge == "way-back"), "{held:?}");
}

#[test]
fn a_change_and_the_job_do_not_undo_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::database("challenge_change", folder.path());
    let clock = Arc::new(FrozenClock::at(at("2026-03-01T08:00:00Z")));
    let apps = [open(&url, &clock), open(&url, &clock)];
    let app = &apps[0];
    let reading = read_backstage(CATALOG.as_bytes()).unwrap();
    let catalog = ImportCatalog { reading, source: "test".into(), dry_run: false, complete: true };
    app.write_now(&Actor::command_line(), |tx| import(tx, &catalog)).unwrap();
    let slug = make(app, wish("Way back", "2026-03-01T00:00:00Z", "2026-03-21T00:00:00Z"));
    look(&apps);
    clock.set(at("2026-03-12T00:00:00Z"));
    look(&apps);
    let change = |cmd: ChangeChallenge| {
        app.write_now(&Actor::command_line(), |tx| challenges::change(tx, &slug, &cmd))
    };
    let later = ChangeChallenge { ends_at: Some(at("2026-03-25T00:00:00Z")), ..ChangeChallenge::default() };
    change(later).unwrap();
    assert_eq!((look(&apps), told(app, "challenge_half_time").len()), (0, 2), "the reminder stands");
    let sooner = ChangeChallenge { ends_at: Some(at("2026-03-22T00:00:00Z")), ..ChangeChallenge::default() };
    assert!(change(sooner).is_err(), "teams plan by the end they were told");
    change(ChangeChallenge { state: Some("cancelled".into()), ..ChangeChallenge::default() }).unwrap();
    clock.set(at("2026-04-01T00:00:00Z"));
    assert_eq!((look(&apps), told(app, "challenge_ended").len()), (0, 0), "what is cancelled has no result");
    assert_eq!(told(app, "challenge_cancelled").len(), 1);
}

/// Writes and runs challenges, so that their statements are heard.
pub(crate) async fn tell<S, B>(app: &App, service: &S, token: &str, now: Timestamp, heard: &mut Heard)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let request = |request: TestRequest| {
        request.insert_header(("authorization", format!("Bearer {token}"))).to_request()
    };
    let goals = [
        ("Way back", json!({"kind": "drills", "failures": ["config"], "fresh_days": 30}), json!({})),
        ("Short", json!({"kind": "actions"}), json!({"teams": ["shop-team"]})),
        ("Grade", json!({"kind": "grade", "grade": "C"}), json!({"services": ["checkout"]})),
        ("Fallbacks", json!({"kind": "fallbacks", "flow": "calls"}), json!({})),
    ];
    let edge = json!({"from": "checkout", "to": "external:bank", "core": false});
    let flow = json!({"title": "Calls", "owner": "shop-team", "edges": [edge]});
    let put = TestRequest::put().uri("/api/v1/flows/calls").set_json(&flow);
    assert!(call_service(service, request(put)).await.status().is_success());
    for (title, goal, scope) in goals {
        let wish = json!({
            "title": title, "goal": goal, "scope": scope, "starts_at": Timestamp(now.0 - 60_000),
            "ends_at": now.plus_days(1),
        });
        let post = TestRequest::post().uri("/api/v1/challenges").set_json(&wish);
        assert_eq!(call_service(service, request(post)).await.status(), 201, "{title}");
        heard.listen("POST /api/v1/challenges");
    }
    let patch =
        TestRequest::patch().uri("/api/v1/challenges/way-back").set_json(json!({"why": "To be sure."}));
    assert_eq!(call_service(service, request(patch)).await.status(), 200);
    heard.listen("PATCH /api/v1/challenges/{slug}");
    cycle::run_due(app).unwrap();
    heard.listen("the life of challenges");
}
