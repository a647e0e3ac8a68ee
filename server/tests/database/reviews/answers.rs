//! Reviews are answered once, by the owner; one process looks; every statement is heard.

use std::sync::Arc;

use serde_json::json;
use waterbear::app::catalog::{PutService, put_service};
use waterbear::app::reviews::{self, AnswerReview};
use waterbear::app::{Actor, App, feed, ingest, posted};
use waterbear::clock::FrozenClock;

use super::organisation::{Organisation, ada, at, folder_and_url, open};
use crate::plans::Heard;

#[test]
fn a_review_is_answered_once_and_what_comes_later_opens_another() {
    let it = Organisation::new("answers");
    it.drill("a-1", "dns", "passed", 0);
    let asked = it.is_asked("no_op_drill", "a-1", 1);
    let id = asked.review.id.clone();
    let ada = ada("amber");
    let answer = |state: &str, finding: Option<&str>| {
        let cmd = AnswerReview {
            state: Some(state.into()),
            finding: finding.map(str::to_owned),
            note: Some("A trial of the pipeline.".into()),
        };
        it.app.write_now(&ada, |tx| reviews::answer(tx, &id, &cmd))
    };
    assert!(answer("closed", None).is_err() && answer("closed", Some("guilty")).is_err());
    let closed = answer("closed", Some("nothing_wrong")).unwrap();
    assert_eq!(closed.review.closed_by.as_deref(), Some("Ada"));
    assert_eq!((it.look(), it.open_reviews().len()), (0, 0), "what was answered is not asked again");

    it.drill("a-1", "cpu", "passed", 0);
    assert_eq!((it.look(), it.open_reviews().len()), (1, 1));
    assert_ne!(it.open_reviews()[0].id, id);
    let refused = answer("open", None).unwrap_err().to_string();
    assert!(refused.contains("newer review"), "{refused}");

    // No grade moved by it, nobody but the owner reads it, and the feed is silent.
    let other = Actor::new("t", "t1", vec!["catalog:write".into()], None, None);
    assert!(it.app.read_as(&other, |tx| reviews::list(tx, "open", None, None, 10)).is_err());
    assert!(it.app.read_as(&other, |tx| reviews::one(tx, &id)).is_err());
    let events = it.app.read_now(|tx| feed::events_after(tx, 0, 500)).unwrap().items;
    assert!(events.iter().all(|event| !event.kind.starts_with("review")), "{events:?}");
}

#[test]
fn of_two_processes_one_looks_and_a_flood_is_bounded() {
    let (folder, url) = folder_and_url("claims");
    let clock = Arc::new(FrozenClock::at(at("2026-08-10T09:00:00Z")));
    let services = vec![("a-1".to_owned(), "amber", 2)];
    let it = Organisation::over(open(&url, &clock), clock, services, folder);
    it.import();
    let other = open(&url, &it.clock);
    for _ in 0..60 {
        it.minutes(1);
        it.drill("a-1", "dns", "passed", 0);
    }
    it.minutes(1);
    let looks = [Arc::clone(&it.app), other]
        .map(|app| std::thread::spawn(move || reviews::look(&app).unwrap()))
        .map(|thread| thread.join().unwrap());
    assert_eq!(looks.iter().sum::<usize>(), 50, "{looks:?}");
    assert_eq!(it.noticed().values().copied().collect::<Vec<_>>(), [50]);
}

/// Looks at results, changes and values, reads what was found and answers it, so that the statements are heard.
pub(crate) fn tell(app: &App, heard: &mut Heard) {
    let (command_line, ada) = (Actor::command_line(), ada("shop-team"));
    let now = app.clock().now();
    let instant = json!({
        "service": "checkout", "kind": "infrastructure", "failure": "dns", "environment": "staging",
        "outcome": "passed", "started_at": now, "ended_at": now,
    });
    let value = json!([{"service": "checkout", "fact": "learning.actions_overdue", "value": 3}]);
    let values: Vec<posted::PostFact> = serde_json::from_value(value).unwrap();
    let eased = PutService { tier: Some(4), team: Some("shop-team".into()), ..PutService::default() };
    for outcome in ["failed", "failed", "failed", "passed"] {
        let mut line = instant.clone();
        line["outcome"] = outcome.into();
        line["external_id"] = app.clock().new_id().into();
        let line = line.to_string();
        app.write_now(&ada, |tx| ingest::batch(tx, line.as_bytes(), None)).unwrap();
    }
    app.write_now(&ada, |tx| posted::post(tx, &values)).unwrap();
    app.write_now(&command_line, |tx| put_service(tx, "checkout", &eased)).unwrap();
    heard.listen("what is looked at");
    reviews::look(app).unwrap();
    heard.listen("looking for reviews");
    let open = app.read_as(&ada, |tx| reviews::list(tx, "open", None, None, 10)).unwrap().items;
    assert!(!open.is_empty(), "there is something to read");
    for review in open {
        app.read_as(&ada, |tx| reviews::one(tx, &review.id)).unwrap();
        let cmd =
            AnswerReview { state: Some("closed".into()), finding: Some("corrected".into()), note: None };
        app.write_now(&ada, |tx| reviews::answer(tx, &review.id, &cmd)).unwrap();
    }
    heard.listen("reading and answering reviews");
}
