//! Challenges in each of their states.

use super::super::challenges::{
    Fields, Offers, Shown, form_context, help_context, list_context, one_context, rule_context,
};
use super::{HOSTILE, Sample, chrome, days_ago, now, stranger};
use crate::app::challenges::{
    ChallengeGoal, ChallengeRow, ChallengeScope, ChallengeView, DayView, ItemView, MilestoneView, Opened,
    PaceView, ProgressView, RuleDraft, RuleFile, StandingView, TEMPLATES, ToGo,
};
use crate::app::views::Page;
use crate::error::FieldError;
use crate::types::Timestamp;

/// A challenge on day 18 of 31, and what a team has to do in it.
pub(super) fn running() -> (ChallengeRow, Option<ToGo>) {
    (row("open"), Some(mine()))
}

pub(super) fn all() -> Vec<Sample> {
    let path = "/challenges/rehearse-the-way-back";
    let list = |items: Vec<ChallengeRow>, next: Option<&str>| Page { items, next: next.map(str::to_owned) };
    let every: Vec<ChallengeRow> = ["open", "draft", "ended", "cancelled"].map(row).to_vec();
    let shown = |may: bool| Shown { may, ..Shown::default() };
    let errors = vec![FieldError::new("/goal/pass", HOSTILE), FieldError::new("", "expected more")];
    let offers =
        Offers { grades: vec!["A+".into(), HOSTILE.into()], flows: vec![("pay".into(), HOSTILE.into())] };
    let template = Fields::of_template(&TEMPLATES[1], now());
    let draft = RuleDraft {
        files: vec![RuleFile {
            path: "rules/way-back.toml".into(),
            text: format!("title = \"{HOSTILE}\"\n"),
        }],
        notes: vec![HOSTILE.into()],
    };
    let none = RuleDraft { files: Vec::new(), notes: vec!["It cannot.".into()] };
    let page = |name, context| Sample::new("challenge", name, context);
    let form = |name, context| Sample::new("challenge_edit", name, context);
    vec![
        Sample::new(
            "challenges",
            "every state",
            list_context(chrome("/challenges"), true, &list(every, Some("a"))),
        ),
        Sample::new(
            "challenges",
            "none",
            list_context(stranger("/challenges"), false, &list(Vec::new(), None)),
        ),
        Sample::new(
            "challenges",
            "none, to propose",
            list_context(chrome("/challenges"), true, &list(Vec::new(), None)),
        ),
        page("open", one_context(chrome(path), shown(true), &opened("open"))),
        page(
            "open to a stranger",
            one_context(stranger(path), shown(false), &Opened { mine: None, ..opened("open") }),
        ),
        page(
            "all teams",
            one_context(chrome(path), Shown { all: true, by_name: true, may: false }, &opened("open")),
        ),
        page("draft", one_context(chrome(path), shown(true), &opened("draft"))),
        page("ended", one_context(chrome(path), shown(true), &opened("ended"))),
        page("cancelled", one_context(chrome(path), shown(true), &opened("cancelled"))),
        page("hostile", one_context(chrome(path), shown(true), &hostile())),
        form(
            "template",
            form_context(
                chrome("/challenges/new"),
                None,
                (template, Some("fallback-february")),
                &offers,
                Vec::new(),
            ),
        ),
        form(
            "wrong",
            form_context(chrome("/challenges/new"), None, (Fields::default(), None), &offers, errors),
        ),
        form(
            "open",
            form_context(
                chrome(path),
                Some(&view("open")),
                (Fields::of_view(&view("open")), None),
                &offers,
                Vec::new(),
            ),
        ),
        form(
            "ended",
            form_context(
                chrome(path),
                Some(&view("ended")),
                (Fields::of_view(&view("ended")), None),
                &offers,
                Vec::new(),
            ),
        ),
        form(
            "hostile",
            form_context(
                chrome(path),
                Some(&hostile().view),
                (Fields::of_view(&hostile().view), None),
                &offers,
                Vec::new(),
            ),
        ),
        Sample::new("challenge_rule", "a draft", rule_context(chrome(path), &view("open"), &draft)),
        Sample::new("challenge_rule", "none", rule_context(stranger(path), &hostile().view, &none)),
        Sample::new("help_challenges", "the page", help_context(chrome("/help/challenges"))),
    ]
}

fn row(state: &str) -> ChallengeRow {
    let over = state == "ended" || state == "cancelled";
    let starts_at = if over { days_ago(60) } else { days_ago(17) };
    ChallengeRow {
        slug: format!("rehearse-{state}"),
        title: "Rehearse the way back".into(),
        why: "A rollback that was never tried is a hope.".into(),
        state: state.into(),
        starts_at,
        ends_at: starts_at.plus_days(31),
        target_pct: 80,
        asks: "config rollback drilled and passed within 30 days: services tier 1 and 2".into(),
        noun: "rollback".into(),
        badge: "Way back".into(),
        progress: (state != "draft" && state != "cancelled").then(progress),
        teams_reached: 2,
    }
}

fn progress() -> ProgressView {
    ProgressView { done: 224, total: 330, pct: 67, start_pct: 41, to_go: 40, reached: false, at: now() }
}

fn view(state: &str) -> ChallengeView {
    let first = row(state).starts_at;
    let day = |n: i64| {
        let at = first.plus_days(n);
        let done = 135 + 5 * n;
        DayView { day: at.day_text(), done, total: 330, pct: done * 100 / 330, number: at.day() }
    };
    let mile =
        |at, pct, title: &str, reached| MilestoneView { at, pct: Some(pct), title: title.into(), reached };
    ChallengeView {
        row: row(state),
        scope: ChallengeScope { tiers: vec![1, 2], ..ChallengeScope::default() },
        goal: ChallengeGoal {
            kind: "drills".into(),
            failures: vec!["config".into()],
            fresh_days: Some(30),
            ..ChallengeGoal::default()
        },
        milestones: vec![
            mile(25, 51, "Kick-off", true),
            mile(50, 61, "", true),
            mile(75, 71, "Sticker drop", false),
            mile(100, 80, "", false),
        ],
        pace: (state == "open").then(|| PaceView {
            state: "ahead".into(),
            title: "Ahead of pace".into(),
            sentence: "At this pace the goal falls on 26 November, five days early.".into(),
            goal_on: Some(now().plus_days(9).day_text()),
            end_pct: None,
        }),
        days: if state == "draft" { Vec::new() } else { (0..18).map(day).collect() },
        services: Some(110),
        retrospective: if state == "ended" {
            "# What we learned\nThe `way back` is **short** once it is [rehearsed](/help/rollback).\n\n- try it\n- say it".into()
        } else {
            String::new()
        },
        problem: None,
    }
}

fn standing(n: i64, name: &str) -> StandingView {
    StandingView {
        rank: (n < 9).then_some(n),
        team: if n == 3 { "checkout-platform".into() } else { format!("team-{n}") },
        name: name.into(),
        start_pct: 44,
        pct: 91 - 3 * n,
        goal_pct: 82,
        done: 20 - n,
        total: 22,
        to_go: n,
        gained: 47 - 5 * n,
        reached: n < 3,
    }
}

fn mine() -> ToGo {
    let item = |what: Option<&str>| ItemView {
        service: "order-writer".into(),
        name: "Order Writer".into(),
        what: what.map(str::to_owned),
        closed: false,
        at: None,
        drill: None,
        note: "passed 41 days ago".into(),
    };
    let items = vec![item(Some("Config rollback")), item(None)];
    ToGo { team: "checkout-platform".into(), name: "Checkout Platform".into(), done: 13, total: 17, items }
}

fn opened(state: &str) -> Opened {
    let standings = if state == "draft" { 0 } else { 20 };
    Opened {
        view: view(state),
        standings: (1..=standings).map(|n| standing(n, "Messaging Core")).collect(),
        mine: (state == "open").then(mine),
        events: super::fleet::events(),
    }
}

fn hostile() -> Opened {
    let mut opened = opened("open");
    let row = &mut opened.view.row;
    for text in [&mut row.title, &mut row.why, &mut row.asks, &mut row.badge, &mut row.noun] {
        *text = HOSTILE.into();
    }
    row.ends_at = Timestamp(row.starts_at.0 + 1);
    opened.view.retrospective = format!("# {HOSTILE}\n- {HOSTILE}\n\n{HOSTILE} `{HOSTILE}` **{HOSTILE}**");
    opened.view.problem = Some(HOSTILE.into());
    opened.view.goal.pass = Some(HOSTILE.into());
    opened.view.scope.labels = vec![HOSTILE.into()];
    opened.view.milestones[0].title = HOSTILE.into();
    opened.standings = vec![standing(1, HOSTILE)];
    if let Some(mine) = &mut opened.mine {
        mine.name = HOSTILE.into();
        mine.items[0].what = Some(HOSTILE.into());
        mine.items[0].note = HOSTILE.into();
    }
    opened
}
