//! Every page in its states.

use anyhow::anyhow;
use serde_json::json;

use super::super::{
    activity, api_docs, degrader, drills, due, error, help, help_boards, help_degrader, help_errors,
    help_facts, help_flows, home, leaderboard, rule, rules, search, service, services, team, teams, why,
};
use super::{
    Sample, bands, cards, chrome, days_ago, degraders, drills as drill_views, fleet, flows, rulebook,
    stranger,
};
use crate::app::challenges::RewardView;
use crate::app::views::{DuePlan, DueRow, Page, TeamDue, TeamRef};
use crate::error::Error;
use crate::plans::Engine;
use crate::types::Failure;

pub(crate) fn all() -> Vec<Sample> {
    [
        homes(),
        service_pages(),
        degrader_pages(),
        due_pages(),
        flows::all(),
        lists(),
        boards(),
        rule_pages(),
        helps(),
        super::publishers::all(),
        super::notifications::all(),
        super::challenges::all(),
        super::audit::all(),
        super::reviews::all(),
        super::awards::all(),
        super::sources::all(),
        super::people::all(),
        super::tickets::all(),
        super::what_ifs::all(),
        super::overviews::all(),
        rest(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn homes() -> Vec<Sample> {
    let (whole, none) = (fleet::fleet(), fleet::empty_fleet());
    let (mine, hostile) = (fleet::my_team(), fleet::hostile_team());
    let (board, empty_board) = (fleet::board("improved", "team"), fleet::empty_board());
    let (events, bands) = (fleet::events(), bands());
    let refs = [TeamRef { slug: mine.slug.clone(), name: mine.name.clone() }];
    let running = super::challenges::running();
    let full = home::Home {
        fleet: &whole,
        team: Some(&mine),
        board: &board,
        events: &events,
        teams: &refs,
        bands: &bands,
        challenge: Some(&running),
    };
    let bare = home::Home {
        fleet: &none,
        team: None,
        board: &empty_board,
        events: &[],
        teams: &[],
        bands: &bands,
        challenge: None,
    };
    vec![
        Sample::new("home", "mine", home::context(chrome("/"), &full)),
        Sample::new(
            "home",
            "stranger",
            home::context(stranger("/"), &home::Home { team: None, events: &[], ..full }),
        ),
        Sample::new(
            "home",
            "hostile",
            home::context(chrome("/"), &home::Home { team: Some(&hostile), board: &empty_board, ..full }),
        ),
        Sample::new("home", "empty", home::context(stranger("/"), &bare)),
    ]
}

fn service_pages() -> Vec<Sample> {
    let path = "/services/checkout-api";
    let card = |name, view| {
        Sample::new(
            "service",
            name,
            service::context(chrome(path), &view, &cards::history(), &degraders::defaults(), &flows::calls()),
        )
    };
    let tree = |name, view, as_of| Sample::new("why", name, why::context(chrome(path), &view, as_of));
    let (some, none) = (drill_views::results(), Vec::new());
    let detail = cards::half_way().detail;
    vec![
        card("half-way", cards::half_way()),
        card("capped", cards::capped()),
        card("top", cards::top()),
        card("low", cards::low()),
        card("not-graded", cards::not_graded()),
        Sample::new(
            "service",
            "new",
            service::context(chrome(path), &cards::new(), &[], &degraders::nothing(), &flows::no_calls()),
        ),
        tree("half-way", cards::half_way(), None),
        tree("capped", cards::capped(), Some(days_ago(30))),
        tree("not-graded", cards::not_graded(), None),
        Sample::new(
            "drills",
            "full",
            drills::context(
                chrome(path),
                &detail,
                &drill_views::matrix(),
                &Page { items: some, next: Some("x".to_owned()) },
                &next(&drill_views::due_rows(), Some(&drill_views::due_plan())),
            ),
        ),
        Sample::new(
            "drills",
            "empty",
            drills::context(
                chrome(path),
                &detail,
                &drill_views::untouched(),
                &Page { items: none, next: None },
                &next(&[], None),
            ),
        ),
        Sample::new(
            "drills",
            "no-plan",
            drills::context(
                chrome(path),
                &detail,
                &drill_views::matrix(),
                &Page { items: Vec::new(), next: None },
                &next(&drill_views::due_rows(), Some(&drill_views::no_plan())),
            ),
        ),
    ]
}

fn next<'a>(rows: &'a [DueRow], chosen: Option<&'a DuePlan>) -> drills::Next<'a> {
    drills::Next { rows, chosen, engine: Engine::ChaosToolkit }
}

fn due_pages() -> Vec<Sample> {
    let team = TeamRef { slug: "checkout-platform".to_owned(), name: super::HOSTILE.to_owned() };
    let teams = [team.clone()];
    let full = drill_views::team_due(drill_views::due_rows());
    let none = TeamDue { items: Vec::new(), total: 0, services: 0, more_services: false };
    let page = |name, team, due| Sample::new("due", name, due::context(chrome("/drills"), team, &teams, due));
    vec![page("full", Some(&team), &full), page("empty", None, &none)]
}

fn degrader_pages() -> Vec<Sample> {
    let asked: Vec<(String, String)> =
        degraders::ASKED.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    let page = |name, study, asked: &[(String, String)]| {
        let chrome = chrome("/services/checkout-api/degrader");
        Sample::new("degrader", name, degrader::context(chrome, &study, asked))
    };
    vec![
        page("nothing", degraders::nothing(), &[]),
        page("traffic-only", degraders::traffic_only(), &[]),
        page("settings-only", degraders::settings_only(), &[]),
        page("defaults", degraders::defaults(), &[]),
        page("tried", degraders::tried(), &asked),
        page("outage", degraders::outage(), &[]),
        page("coarse", degraders::coarse(), &[]),
    ]
}

fn rewards() -> Vec<RewardView> {
    vec![RewardView {
        challenge: "fallback-february".into(),
        title: super::HOSTILE.into(),
        badge: super::HOSTILE.into(),
        at: days_ago(30),
    }]
}

fn lists() -> Vec<Sample> {
    let rows = vec![
        cards::row("ingest-gw", Some(31)),
        cards::hostile_row(),
        cards::row("order-writer", None),
        cards::row("profile-graph", Some(98)),
    ];
    let refs = [TeamRef { slug: "checkout-platform".to_owned(), name: "Checkout Platform".to_owned() }];
    let offers = services::Offers {
        teams: refs.to_vec(),
        grades: ["A+", "A", "B"].map(str::to_owned).to_vec(),
        practices: vec![("rollback".to_owned(), "Rollback tested".to_owned())],
    };
    let page = |query: services::Query, items, next: Option<&str>| {
        services::context(
            chrome("/services"),
            &query,
            &offers,
            &Page { items, next: next.map(str::to_owned) },
        )
    };
    let asked = services::Query {
        q: Some("nothing \"like\" it".to_owned()),
        tier: Some("1".to_owned()),
        ..services::Query::default()
    };
    let later = services::Query { cursor: Some("abc".to_owned()), ..services::Query::default() };
    let rewards = rewards();
    let team_page = |name, view| {
        Sample::new(
            "team",
            name,
            team::context(chrome("/teams/checkout-platform"), &view, &fleet::events(), &rewards, true),
        )
    };
    vec![
        Sample::new("services", "full", page(services::Query::default(), rows.clone(), Some("next"))),
        Sample::new("services", "later", page(later, rows.clone(), None)),
        Sample::new("services", "no-match", page(asked, Vec::new(), None)),
        Sample::new("services", "empty", page(services::Query::default(), Vec::new(), None)),
        team_page("mine", fleet::my_team()),
        team_page("hostile", fleet::hostile_team()),
        Sample::new(
            "team",
            "empty",
            team::context(stranger("/teams/new-team"), &fleet::empty_team(), &[], &[], false),
        ),
        Sample::new("teams", "tree", teams::context(chrome("/teams"), &fleet::tree(), None)),
        Sample::new("teams", "empty", teams::context(stranger("/teams"), &[], None)),
        Sample::new("search", "found", search::context(chrome("/search?q=o"), "o", &rows, &refs, true)),
        Sample::new(
            "search",
            "nothing",
            search::context(chrome("/search?q=x"), super::HOSTILE, &[], &[], false),
        ),
        Sample::new("search", "asking", search::context(chrome("/search"), "", &[], &[], false)),
    ]
}

fn boards() -> Vec<Sample> {
    let board = |name, view| {
        Sample::new("leaderboard", name, leaderboard::context(chrome("/leaderboards/improved"), &view, false))
    };
    let scope = activity::Scope {
        team: Some(("checkout-platform".to_owned(), "Checkout Platform".to_owned())),
        service: None,
    };
    let page = |items, next: Option<&str>| Page { items, next: next.map(str::to_owned) };
    vec![
        board("improved", fleet::board("improved", "team")),
        board("score-by-service", fleet::board("score", "service")),
        board("streak", fleet::board("streak", "team")),
        board("drills-by-service", fleet::board("drills", "service")),
        board("past", fleet::past_board()),
        board("empty", fleet::empty_board()),
        Sample::new(
            "activity",
            "mine",
            activity::context(chrome("/activity"), &scope, &page(fleet::events(), Some("4"))),
        ),
        Sample::new(
            "activity",
            "empty",
            activity::context(stranger("/activity"), &activity::Scope::default(), &page(Vec::new(), None)),
        ),
    ]
}

fn rule_pages() -> Vec<Sample> {
    let refused = vec![
        "rules/x.toml:3:1: unknown fact `rollback.confg`; did you mean `rollback.config_days_since_passed`?"
            .to_owned(),
    ];
    vec![
        Sample::new("rules", "shipped", rules::context(chrome("/rules"), &rulebook::book(Vec::new()))),
        Sample::new("rules", "refused", rules::context(chrome("/rules"), &rulebook::book(refused))),
        Sample::new(
            "rule",
            "full",
            rule::context(
                chrome("/rules/x"),
                &rulebook::rule("rollback-config", Some(59)),
                "Rollback tested",
            ),
        ),
        Sample::new(
            "rule",
            "bare",
            rule::context(chrome("/rules/x"), &rulebook::bare_rule(), "Rollback tested"),
        ),
    ]
}

fn helps() -> Vec<Sample> {
    let slugs = vec!["checkout-api".to_owned(), "pricing".to_owned()];
    let filled =
        help::Filling { service: Some("pricing".to_owned()), failure: Some(Failure::Delay), services: slugs };
    let open = help::Filling { service: None, failure: None, services: Vec::new() };
    let mut demo = stranger("/help/catalog");
    demo.demo = true;
    vec![
        Sample::new("help", "index", help::index(chrome("/help"))),
        Sample::new("help_drills", "filled", help::drills(chrome("/help/drills"), &filled)),
        Sample::new("help_drills", "open", help::drills(chrome("/help/drills"), &open)),
        Sample::new("help_rollback", "filled", help::rollback(chrome("/help/rollback"), &filled)),
        Sample::new("help_degrader", "filled", help_degrader::context(chrome("/help/degrader"), &filled)),
        Sample::new(
            "help_flows",
            "filled",
            help_flows::context(chrome("/help/flows"), &filled, Some(super::HOSTILE)),
        ),
        Sample::new("help_flows", "open", help_flows::context(chrome("/help/flows"), &open, None)),
        Sample::new("help_degrader", "open", help_degrader::context(chrome("/help/degrader"), &open)),
        Sample::new("help_catalog", "demo", help::catalog(demo)),
        Sample::new(
            "help_facts",
            "all",
            help_facts::context(chrome("/help/facts"), &rulebook::facts(), Some("pricing")),
        ),
        Sample::new(
            "help_boards",
            "all",
            help_boards::context(
                chrome("/help/boards"),
                &scoring_rules::Rulebook::load(&scoring_rules::default_pack()).unwrap(),
            ),
        ),
        Sample::new("help_errors", "all", help_errors::context(chrome("/help/errors"))),
        Sample::new("help_facts", "empty", help_facts::context(chrome("/help/facts"), &[], None)),
    ]
}

fn rest() -> Vec<Sample> {
    let sorry = |name, error: Error, status| {
        Sample::new(
            "error",
            name,
            error::context(stranger("/nowhere"), &error, status, Some("0192-request".to_owned())),
        )
    };
    vec![
        Sample::new("api_docs", "some", api_docs::context(chrome("/api/docs"), &rulebook::openapi())),
        Sample::new("api_docs", "none", api_docs::context(chrome("/api/docs"), &json!({}))),
        sorry(
            "not-found",
            Error::NotFound {
                what: "service",
                key: "chekout".to_owned(),
                nearest: Some("checkout".to_owned()),
            },
            404,
        ),
        sorry("internal", Error::Internal(anyhow!("secret")), 500),
        sorry(
            "away",
            Error::Unavailable { detail: "The database does not answer.".to_owned(), retry_after_seconds: 5 },
            503,
        ),
    ]
}
