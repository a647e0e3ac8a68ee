//! Telling people, over one database, so that its statements are heard.

use waterbear::app::outbox::{self, AddTarget, Answer, ChangeTarget, Fault};
use waterbear::app::{Actor, App, Tx};
use waterbear::config::{MailConfig, MailTls, NotificationsConfig, Secret};
use waterbear::error::Result;
use waterbear::types::DAY_MS;

use crate::plans::Heard;

/// Settings with a mail server that nobody asks.
pub(crate) fn settings() -> NotificationsConfig {
    let mail = MailConfig {
        host: "127.0.0.1".into(),
        port: 9,
        tls: MailTls::None,
        ca_file: None,
        login: None,
        from: "waterbear@shop.example".into(),
    };
    NotificationsConfig { mail: Some(mail), ..NotificationsConfig::default() }
}

fn write<T>(app: &App, run: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> T {
    app.write_now(&Actor::command_line(), run).unwrap()
}

/// Adds targets, before there is anything to tell.
pub(crate) fn add(app: &App, heard: &mut Heard) -> Vec<String> {
    let new = |kind: &str, team: Option<&str>| AddTarget {
        kind: Some(kind.to_owned()),
        name: kind.to_owned(),
        url: (kind != "mail").then(|| "https://hooks.shop.example/x".to_owned()),
        address: (kind == "mail").then(|| "team@shop.example".to_owned()),
        team: team.map(str::to_owned),
        events: None,
    };
    let wishes = [new("webhook", None), new("slack", None), new("mail", Some("shop-team"))];
    let ids = wishes.iter().map(|wish| write(app, |tx| outbox::create(tx, wish)).target.id).collect();
    heard.listen("adding targets");
    ids
}

/// Tells of what happened meanwhile, in every way that it can go.
pub(crate) fn tell(app: &App, ids: &[String], later: impl Fn(i64), heard: &mut Heard) {
    assert!(outbox::spread(app).unwrap() >= 3, "there were regressions");
    heard.listen("from events to messages");
    let due = app.read_now(|tx| outbox::due(tx, 10)).unwrap();
    assert_eq!(due.len(), 3);
    let answers = [
        Answer { status: Some(200), ..Answer::default() },
        Answer { fault: Some((Fault::Target, "away".into())), ..Answer::default() },
        Answer { fault: Some((Fault::Message, "odd".into())), ..Answer::default() },
    ];
    for (id, answer) in ids.iter().zip(&answers) {
        let job = write(app, |tx| outbox::begin(tx, id, "me")).unwrap();
        assert!(write(app, |tx| outbox::begin(tx, id, "other")).is_none(), "one process has it");
        write(app, |tx| outbox::settle(tx, &job, answer, 0.0));
    }
    heard.listen("sending");
    assert_eq!(outbox::reschedule_digests(app).unwrap(), 0, "the schedule is the one they were added under");
    heard.listen("the schedule of digests");
    later(8 * DAY_MS);
    assert_eq!(outbox::reschedule_digests(app).unwrap(), 0, "what is due stays due");
    assert_eq!(outbox::digest_due(app).unwrap(), 3);
    heard.listen("digests");
    for paused in [true, false] {
        write(app, |tx| outbox::change(tx, &ids[1], &ChangeTarget { paused }));
    }
    write(app, |tx| outbox::test(tx, &ids[1]));
    write(app, |tx| outbox::rotate(tx, &ids[0]));
    app.read_now(|tx| {
        outbox::list(tx)?;
        assert!(!outbox::deliveries(tx, &ids[0], None, 1)?.items.is_empty());
        outbox::deliveries(tx, &ids[0], Some("0199"), 5)
    })
    .unwrap();
    heard.listen("looking at targets");
    later(40 * DAY_MS);
    assert!(outbox::sweep(app, 100).unwrap() > 0);
    heard.listen("sweeping messages");
    write(app, |tx| outbox::remove(tx, &ids[0]));
    heard.listen("removing targets");
}

#[test]
fn a_schedule_that_changed_holds_for_targets_that_were_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::database("digests", folder.path());
    let clock = std::sync::Arc::new(waterbear::clock::FrozenClock::at(
        waterbear::types::Timestamp::parse("2026-08-12T09:00:00Z").unwrap(),
    ));
    let open = |digest: &str| {
        let config = waterbear::config::Config {
            database: waterbear::store::DatabaseUrl::parse(&url).unwrap(),
            notifications: NotificationsConfig { digest: digest.to_owned(), ..settings() },
            secret_key: Some(Secret::of("a secret key of some length, for tests".into())),
            ..waterbear::config::Config::default()
        };
        let clock: std::sync::Arc<dyn waterbear::clock::Clock> = clock.clone();
        App::build(config, clock).unwrap()
    };
    let weekly = open("0 9 * * Mon");
    let wish = AddTarget {
        kind: Some("mail".into()),
        name: "Team".into(),
        url: None,
        address: Some("team@shop.example".into()),
        team: None,
        events: None,
    };
    let added = write(&weekly, |tx| outbox::create(tx, &wish)).target;
    let day =
        |app: &App| app.read_now(|tx| outbox::one(tx, &added.id)).unwrap().next_digest_at.unwrap().day_text();
    assert_eq!(day(&weekly), "2026-08-17");
    drop(weekly);
    let daily = open("0 9 * * *");
    assert_eq!((outbox::reschedule_digests(&daily).unwrap(), day(&daily).as_str()), (1, "2026-08-13"));
}
