//! Every statement that API, pages and jobs issue is explained by the database: none reads a growing table whole.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test as web;
use diesel::connection::{
    Instrumentation, InstrumentationEvent, SimpleConnection, set_default_instrumentation,
};
use diesel::prelude::*;
use waterbear::app::tokens::{self, CreateToken};
use waterbear::app::{Actor, App, counts, limits, retention, runs};
use waterbear::clock::{Clock, FrozenClock};
use waterbear::config::{CiConfig, Config};
use waterbear::http::{configure, routes};
use waterbear::store::DatabaseUrl;
use waterbear::types::{DAY_MS, Timestamp};

use crate::paths::{CATALOG, PATHS, fits};

/// Tables whose rows come with time, not with the catalog.
const GROWING: &[&str] = &[
    "drills",
    "documents",
    "alerts",
    "deployments",
    "kept_messages",
    "idempotency_keys",
    "events",
    "score_history",
    "fact_history",
    "score_daily",
    "drill_daily",
    "scope_daily",
    "drill_tickets",
    "ticket_results",
    "tokens",
    "used_identity_tokens",
    "flow_edges",
    "seen_edges",
    "rate_windows",
    "sign_in_attempts",
    "awards",
    "credential_status",
    "sharing",
    "users",
    "sessions",
    "memberships",
    "deliveries",
    "season_standings",
    "reviews",
    "review_evidence",
];

/// Statements issued since the last look.
static ISSUED: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listen;

impl Instrumentation for Listen {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let text = text.split("-- binds:").next().unwrap_or_default().trim().to_owned();
            if ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| text.starts_with(verb)) {
                ISSUED.lock().unwrap().push(text);
            }
        }
    }
}

/// Each statement with what first issued it.
#[derive(Default)]
pub(crate) struct Heard(BTreeMap<String, String>);

impl Heard {
    pub(crate) fn listen(&mut self, what: &str) {
        for text in ISSUED.lock().unwrap().drain(..) {
            self.0.entry(text).or_insert_with(|| what.to_owned());
        }
    }
}

fn body(at: Timestamp, failure: &str, outcome: &str) -> serde_json::Value {
    serde_json::json!({
        "service": "checkout", "kind": "infrastructure", "failure": failure, "environment": "staging",
        "outcome": outcome, "started_at": Timestamp(at.0 - 60_000), "ended_at": at,
        "rollback": {"outcome": "succeeded", "seconds": 40},
    })
}

#[actix_web::test]
async fn no_statement_reads_a_growing_table_whole() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::database("plans", folder.path());
    let heard = collect(&url).await;
    assert!(heard.0.len() > 60, "only {} statements were heard", heard.0.len());
    let mut explain = Explain::connect(&url);
    let mut wrong = Vec::new();
    for (text, what) in &heard.0 {
        let plan = explain.plan(text);
        if let Some(line) = explain.whole(text, &plan) {
            wrong.push(format!("{what}\n  {text}\n  {line}\n{plan}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), heard.0.len(), wrong.join("\n\n"));
}

#[test]
fn a_plan_that_reads_a_growing_table_whole_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plans.db");
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT)").unwrap();
    let mut explain = Explain::Sqlite(conn);
    for (text, whole) in [
        ("SELECT * FROM events WHERE kind = ?", true),
        ("SELECT COUNT(*) FROM events", true),
        ("SELECT * FROM events ORDER BY kind LIMIT 5", true),
        ("SELECT COUNT(*) FROM events AS e", true),
        ("SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT 5", false),
        ("SELECT * FROM events ORDER BY seq DESC LIMIT 5", false),
    ] {
        let plan = explain.plan(text);
        assert_eq!(explain.whole(text, &plan).is_some(), whole, "{text}\n{plan}");
    }
}

fn a_token(app: &App) -> String {
    let token = CreateToken {
        name: "plans".into(),
        scopes: vec!["admin".into()],
        services: Vec::new(),
        teams: Vec::new(),
        expires_at: None,
    };
    app.write_now(&Actor::command_line(), |tx| tokens::create(tx, &token)).unwrap().1
}

/// What writes flows and calls that were seen.
fn flow_calls() -> Vec<web::TestRequest> {
    let edge = serde_json::json!({"from": "checkout", "to": "external:bank", "core": true});
    let flow = serde_json::json!({"title": "Buy", "owner": "shop-team", "edges": [edge]});
    let seen = serde_json::json!([{"from": "checkout", "to": "cart", "calls_per_second": 4}]);
    vec![
        web::TestRequest::put().uri("/api/v1/flows/buy").set_json(&flow),
        web::TestRequest::put().uri("/api/v1/flows/other").set_json(&flow),
        web::TestRequest::post().uri("/api/v1/dependencies").set_json(&seen),
        web::TestRequest::delete().uri("/api/v1/flows/other"),
    ]
}

/// One of each that is told of services besides drills; told twice, what is known already is looked for.
fn signals(at: Timestamp) -> Vec<(&'static str, serde_json::Value)> {
    let alert = serde_json::json!({"version": "4", "alerts": [{
        "status": "firing", "labels": {"alertname": "Slow", "service": "checkout"}, "startsAt": at,
    }]});
    let deployment = serde_json::json!({"service": "checkout", "environment": "staging", "deployed_at": at});
    let told = [
        ("/api/v1/ingest/alertmanager", alert.clone()),
        ("/api/v1/deployments", deployment),
        ("/api/v1/ingest/pagerduty", alert),
    ];
    [told.clone(), told].concat()
}

/// Issues two tickets, sends a result under one and takes the other back.
async fn tell_of_tickets<S, B>(service: &S, token: &str, now: Timestamp, heard: &mut Heard)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let request = |request: web::TestRequest| {
        request.insert_header(("authorization", format!("Bearer {token}"))).to_request()
    };
    let wish = serde_json::from_str::<serde_json::Value>(waterbear::app::drill_tickets::EXAMPLE).unwrap();
    let mut tickets = Vec::new();
    for _ in 0..2 {
        let post = web::TestRequest::post().uri("/api/v1/drill-tickets").set_json(&wish);
        let reply = web::call_service(service, request(post)).await;
        let answer: serde_json::Value = web::read_body_json(reply).await;
        tickets.push(format!("/api/v1/drill-tickets/{}", answer["id"].as_str().unwrap()));
        heard.listen("POST /api/v1/drill-tickets");
    }
    let mut under = body(Timestamp(now.0 - 60_000), "cpu", "passed");
    under["ticket"] = tickets[0].rsplit('/').next().into();
    let post = web::TestRequest::post().uri("/api/v1/drills").set_json(under);
    assert_eq!(web::call_service(service, request(post)).await.status(), 201);
    heard.listen("POST /api/v1/drills under a ticket");
    for ticket in &tickets {
        let one = web::TestRequest::get().uri(ticket);
        assert_eq!(web::call_service(service, request(one)).await.status(), 200);
        heard.listen("GET /api/v1/drill-tickets/{id}");
    }
    let end = web::TestRequest::delete().uri(&tickets[1]);
    assert_eq!(web::call_service(service, request(end)).await.status(), 204);
    heard.listen("DELETE /api/v1/drill-tickets/{id}");
}

/// Asks for every path, `last` being the last drill.
async fn read_all<S, B>(service: &S, token: &str, last: &str, heard: &mut Heard)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    for path in PATHS {
        let path = path.replace("{id}", last);
        let status = web::call_service(service, crate::hidden::get(&path, token)).await.status().as_u16();
        assert!(status == 200 || (status == 404 && !path.contains("checkout")), "{path}: {status}");
        heard.listen(&path);
    }
}

/// What runs by itself: a grading run, the pruning, the settling of counts, and attempts to sign in.
fn run_jobs(app: &App, heard: &mut Heard) {
    app.write_now(&Actor::schedule(), |tx| runs::enqueue(tx, "plans")).unwrap();
    runs::work_off(app).unwrap();
    heard.listen("a grading run");
    let pruned = retention::prune(app, false).unwrap();
    assert!(pruned.drills + pruned.keys > 0, "{pruned:?}");
    heard.listen("prune");
    counts::settle(app).unwrap();
    heard.listen("settling of counts");
    for prover in [limits::Prover::Account("ada"), limits::Prover::Address("192.0.2.1")] {
        app.write_now(&Actor::anonymous(), |tx| limits::attempt(tx, prover)).unwrap();
        app.write_now(&Actor::anonymous(), |tx| limits::succeeded(tx, prover)).unwrap();
    }
    limits::sweep(app).unwrap();
    heard.listen("attempts to sign in");
}

/// Accounts and what they do; a minute later reviews, for nothing is looked at twice.
fn what_people_do(app: &App, clock: &FrozenClock, heard: &mut Heard) {
    crate::people::tell(app, heard);
    clock.advance_ms(60_000);
    crate::reviews::tell(app, heard);
}

/// Runs everything over one database and gives the statements.
async fn collect(url: &str) -> Heard {
    set_default_instrumentation(|| Some(Box::new(Listen))).unwrap();
    let clock = Arc::new(FrozenClock::at(Timestamp::parse("2025-01-10T09:00:00Z").unwrap()));
    let ci = CiConfig { audience: Some(crate::ci::AUDIENCE.to_owned()), ..CiConfig::default() };
    let config = Config { database: DatabaseUrl::parse(url).unwrap(), ci, ..crate::hidden::settings() };
    let app = App::build(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let mut heard = Heard::default();
    heard.listen("start");
    let token = a_token(&app);
    let service = web::init_service(actix_web::App::new().configure(configure(Arc::clone(&app)))).await;
    let request = |request: web::TestRequest| {
        request.insert_header(("authorization", format!("Bearer {token}"))).to_request()
    };
    let import = web::TestRequest::post()
        .uri("/api/v1/catalog/import")
        .insert_header(("content-type", "application/yaml"))
        .set_payload(CATALOG);
    assert_eq!(web::call_service(&service, request(import)).await.status(), 200);
    heard.listen("POST /api/v1/catalog/import");
    for call in flow_calls() {
        assert!(web::call_service(&service, request(call)).await.status().is_success());
        heard.listen("PUT, DELETE /api/v1/flows, POST /api/v1/dependencies");
    }
    let targets = crate::outbox::add(&app, &mut heard);
    let mut last = String::new();
    for failure in ["dns", "dns", "cpu"] {
        for outcome in ["passed", "failed"] {
            // The first of them are old enough to be pruned, and the second late.
            clock.advance_ms(60 * DAY_MS);
            for late in [0, 30 * DAY_MS] {
                let at = Timestamp(clock.now().0 - 60_000 - late);
                let post =
                    web::TestRequest::post().uri("/api/v1/drills").set_json(body(at, failure, outcome));
                let reply = web::call_service(&service, request(post)).await;
                assert_eq!(reply.status(), 201);
                let answer: serde_json::Value = web::read_body_json(reply).await;
                answer["id"].as_str().unwrap().clone_into(&mut last);
                heard.listen("POST /api/v1/drills");
            }
        }
    }
    tell_of_tickets(&service, &token, clock.now(), &mut heard).await;
    let result = body(Timestamp(clock.now().0 - 60_000), "disk", "passed");
    crate::ci::tell(&app, &service, &token, clock.now(), result, &mut heard).await;
    for (path, body) in signals(Timestamp(clock.now().0 - 90_000)) {
        let post = web::TestRequest::post().uri(path).set_json(&body);
        assert!(web::call_service(&service, request(post)).await.status().is_success(), "{path}");
        heard.listen(path);
    }
    crate::outbox::tell(&app, &targets, |ms| clock.advance_ms(ms), &mut heard);
    clock.set(Timestamp::parse("2026-11-10T09:00:00Z").unwrap());
    run_jobs(&app, &mut heard);
    what_people_do(&app, &clock, &mut heard);
    crate::challenges::tell(&app, &service, &token, clock.now(), &mut heard).await;
    read_all(&service, &token, &last, &mut heard).await;
    crate::hidden::read_all(&service, &last, &mut heard).await;
    for route in routes::api().filter(|r| r.method == "GET") {
        assert!(PATHS.iter().any(|p| fits(route.path, p)), "no path of this test asks for {}", route.path);
    }
    heard
}

enum Explain {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

#[derive(QueryableByName)]
struct PgLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    line: String,
}

#[derive(QueryableByName)]
struct SqliteLine {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

impl Explain {
    fn connect(url: &str) -> Self {
        if let Some(file) = url.strip_prefix("sqlite:") {
            Self::Sqlite(SqliteConnection::establish(file).unwrap())
        } else {
            let mut conn = PgConnection::establish(url).unwrap();
            // Tables are small here: a whole read is only chosen where there is no other way. And what the
            // server prepares once must be good for all values.
            conn.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").unwrap();
            Self::Pg(conn)
        }
    }

    fn plan(&mut self, text: &str) -> String {
        match self {
            Self::Sqlite(conn) => {
                let lines: Vec<SqliteLine> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}"))
                    .load(conn)
                    .unwrap_or_else(|e| panic!("{text}: {e}"));
                lines.into_iter().map(|l| l.detail + "\n").collect()
            }
            Self::Pg(conn) => {
                let values = (1..100).take_while(|n| text.contains(&format!("${n}"))).count();
                let nulls = vec!["NULL"; values].join(", ");
                let call = if values == 0 { String::new() } else { format!("({nulls})") };
                conn.batch_execute(&format!("PREPARE plan AS {text}"))
                    .unwrap_or_else(|e| panic!("{text}: {e}"));
                let lines: Vec<PgLine> = diesel::sql_query(format!("EXPLAIN EXECUTE plan{call}"))
                    .load(conn)
                    .unwrap_or_else(|e| panic!("{text}: {e}"));
                conn.batch_execute("DEALLOCATE plan").unwrap();
                lines.into_iter().map(|l| l.line + "\n").collect()
            }
        }
    }

    /// The line of a statement's plan that reads a growing table whole. To walk an index from one end is not that, as
    /// long as a limit ends it before anything is sorted.
    fn whole(&self, text: &str, plan: &str) -> Option<String> {
        let lines: Vec<&str> = plan.lines().collect();
        let known = names(text);
        let growing = |line: &str, after: &str| {
            let name = line.split(after).nth(1).unwrap_or_default();
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            known.contains(&name)
        };
        let depth = |line: &str| line.len() - line.trim_start().len();
        let found = match self {
            Self::Sqlite(_) => {
                let walks = text.contains("LIMIT") && !plan.contains("TEMP B-TREE FOR");
                lines.iter().find(|line| line.starts_with("SCAN ") && growing(line, "SCAN ") && !walks)
            }
            Self::Pg(_) => {
                let walks = plan.contains("Limit") && !plan.contains("Sort");
                lines.iter().enumerate().map(|(n, line)| (line, &lines[n + 1..])).find_map(|(line, below)| {
                    let by_index = line.contains("Index Scan") || line.contains("Index Only Scan");
                    let mut own = below.iter().take_while(|l| depth(l) > depth(line));
                    let bounded = own.any(|l| l.contains("Index Cond"));
                    let whole = line.contains("Seq Scan") || (by_index && !bounded && !walks);
                    (whole && growing(line, " on ")).then_some(line)
                })
            }
        };
        found.map(|line| (*line).to_owned())
    }
}

/// The growing tables, and what a statement calls them.
fn names(text: &str) -> Vec<String> {
    let called = |table: &&str| {
        let alias = text.split(&format!("{table} AS ")).nth(1)?;
        Some(alias.chars().take_while(|c| c.is_alphanumeric()).collect())
    };
    GROWING.iter().map(|t| (*t).to_owned()).chain(GROWING.iter().filter_map(called)).collect()
}
