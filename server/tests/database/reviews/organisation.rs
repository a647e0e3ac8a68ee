//! An organisation of two teams with a clock of its own, in which somebody looks for reviews.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use waterbear::app::actor::{Credential, Person, Role};
use waterbear::app::catalog::{ImportCatalog, import};
use waterbear::app::ingest::{self, Ingested};
use waterbear::app::reviews::{self, ReviewDetail, ReviewView};
use waterbear::app::{Actor, App, deployments};
use waterbear::clock::{Clock, FrozenClock};
use waterbear::config::Config;
use waterbear::formats::{DeploymentReading, Format, Hints, read_backstage};
use waterbear::store::DatabaseUrl;
use waterbear::types::{DAY_MS, Timestamp};

/// A service of a catalog: name, owner, tier.
pub(super) type Listed = (String, &'static str, u8);

/// An organisation with a clock of its own.
pub(super) struct Organisation {
    pub(super) app: Arc<App>,
    pub(super) clock: Arc<FrozenClock>,
    pub(super) services: Vec<Listed>,
    _folder: tempfile::TempDir,
}

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn open(url: &str, clock: &Arc<FrozenClock>) -> Arc<App> {
    let config = Config { database: DatabaseUrl::parse(url).unwrap(), ..Config::default() };
    App::build(config, Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

pub(super) fn folder_and_url(test: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::database(&format!("reviews_{test}"), Path::new(folder.path()));
    (folder, url)
}

pub(super) fn ada(evidence_of: &str) -> Actor {
    let person = Person {
        id: "u1".into(),
        login: "ada".into(),
        name: "Ada".into(),
        role: Role::Owner,
        member_of: vec![evidence_of.to_owned()],
        leads: Vec::new(),
        proxy_name: None,
    };
    Actor::person(Arc::new(person), Credential::Session("s1".into()))
}

impl Organisation {
    /// These services over a database that is there.
    pub(super) fn over(
        app: Arc<App>,
        clock: Arc<FrozenClock>,
        services: Vec<Listed>,
        folder: tempfile::TempDir,
    ) -> Self {
        Self { app, clock, services, _folder: folder }
    }

    /// Two teams with four services each, on a day in the middle of a season.
    pub(super) fn new(test: &str) -> Self {
        Self::from(test, "2026-08-10T09:00:00Z")
    }

    pub(super) fn from(test: &str, now: &str) -> Self {
        let (folder, url) = folder_and_url(test);
        let clock = Arc::new(FrozenClock::at(at(now)));
        let app = open(&url, &clock);
        let mut services = Vec::new();
        for (team, first) in [("amber", "a"), ("birch", "b")] {
            services.extend((1..=4).map(|n| (format!("{first}-{n}"), team, 2)));
        }
        let it = Self::over(app, clock, services, folder);
        it.import();
        it
    }

    pub(super) fn import(&self) {
        let mut yaml = String::new();
        for team in ["amber", "birch", "cedar"] {
            let _ = write!(
                yaml,
                "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: {team}}}\n\
                 spec: {{type: team, children: []}}\n"
            );
        }
        for (name, team, tier) in &self.services {
            let _ = write!(
                yaml,
                "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
                 metadata: {{name: {name}, annotations: {{\"waterbear.dev/tier\": \"{tier}\"}}}}\n\
                 spec: {{type: service, lifecycle: production, owner: {team}}}\n"
            );
        }
        let reading = read_backstage(yaml.as_bytes()).unwrap();
        let catalog = ImportCatalog { reading, source: "test".into(), dry_run: false, complete: true };
        self.app.write_now(&Actor::command_line(), |tx| import(tx, &catalog)).unwrap();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn minutes(&self, minutes: i64) {
        self.clock.advance_ms(minutes * 60_000);
    }

    pub(super) fn days(&self, days: i64) {
        self.clock.advance_ms(days * DAY_MS);
    }

    /// A result that ends now and took `seconds`.
    pub(super) fn drill(&self, service: &str, failure: &str, outcome: &str, seconds: i64) {
        self.drill_of(&Actor::command_line(), service, failure, outcome, seconds);
    }

    pub(super) fn drill_of(&self, actor: &Actor, service: &str, failure: &str, outcome: &str, seconds: i64) {
        let kind = if ["config", "code"].contains(&failure) { "rollback" } else { "infrastructure" };
        let now = self.now();
        let line = json!({
            "service": service, "kind": kind, "failure": failure, "environment": "staging", "outcome": outcome,
            "started_at": Timestamp(now.0 - seconds * 1_000), "ended_at": now,
            "rollback": {"outcome": "succeeded", "seconds": 20}, "source": {"tool": "runner"},
        });
        let lines = self.app.write_now(actor, |tx| ingest::batch(tx, line.to_string().as_bytes(), None));
        assert!(lines.unwrap().iter().all(|line| line.problem.is_none()));
    }

    pub(super) fn document(&self, format: Format, body: &str) {
        let hints = Hints {
            service: Some("a-1".into()),
            kind: Some("infrastructure".into()),
            failure: Some("dns".into()),
            environment: Some("staging".into()),
            ..Hints::default()
        };
        let read = ingest::read(format, body.as_bytes(), &hints, None).unwrap();
        let done = self.app.write_now(&Actor::command_line(), |tx| ingest::apply(tx, read)).unwrap();
        let Ingested::Recorded(recorded) = done else { panic!("{done:?}") };
        assert_eq!(recorded.answer.outcome, "passed", "{:?}", recorded.answer.reason);
    }

    pub(super) fn deploy(&self, service: &str) {
        let post =
            json!({"service": service, "environment": "staging", "version": "2", "deployed_at": self.now()});
        let post: deployments::PostDeployment = serde_json::from_value(post).unwrap();
        let reading = DeploymentReading::from(post);
        self.app.write_now(&Actor::command_line(), |tx| deployments::record(tx, &reading)).unwrap();
    }

    /// Looks a minute later; gives what was noticed.
    pub(super) fn look(&self) -> usize {
        self.minutes(1);
        reviews::look(&self.app).unwrap()
    }

    pub(super) fn open_reviews(&self) -> Vec<ReviewView> {
        self.app.read_as(&ada("amber"), |tx| reviews::list(tx, "open", None, None, 100)).unwrap().items
    }

    /// Kind and subject of the open reviews, each with how much was noticed.
    pub(super) fn noticed(&self) -> BTreeMap<(String, String), i64> {
        let one = |review: ReviewView| {
            let about = review.service.or(review.team).unwrap_or_default();
            ((review.kind, about), review.noticed)
        };
        self.open_reviews().into_iter().map(one).collect()
    }

    /// Nothing is to ask.
    pub(super) fn is_honest(&self) {
        assert_eq!((self.look(), self.noticed()), (0, BTreeMap::new()));
    }

    /// One review, of this kind about this subject, and the same look again brings nothing more.
    pub(super) fn is_asked(&self, kind: &str, about: &str, times: i64) -> ReviewDetail {
        self.look();
        let expected = BTreeMap::from([((kind.to_owned(), about.to_owned()), times)]);
        assert_eq!(self.noticed(), expected);
        assert_eq!((self.look(), self.noticed()), (0, expected), "once");
        let id = self.open_reviews().remove(0).id;
        self.app.read_as(&ada("amber"), |tx| reviews::one(tx, &id)).unwrap()
    }
}
