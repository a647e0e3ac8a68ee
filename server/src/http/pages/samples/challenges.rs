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
    [lists(), pages(), forms(), rest()].into_iter().flatten().collect()
}

const PATH: &str = "/challenges/rehearse-the-way-back";

fn lists() -> Vec<Sample> {
    let list = |items: Vec<ChallengeRow>, next: Option<&str>| Page { items, next: next.map(str::to_owned) };
    let every: Vec<ChallengeRow> = ["open", "draft", "ended", "cancelled"].map(row).to_vec();
    let path = "/challenges";
    let page = |name, context| Sample::new("challenges", name, context);
    vec![
        page("every state", list_context(chrome(path), true, &list(every, Some("a")))),
        page("none", list_context(stranger(path), false, &list(Vec::new(), None))),
        page("none, to propose", list_context(chrome(path), true, &list(Vec::new(), None))),
    ]
}

fn pages() -> Vec<Sample> {
    let shown = |may: bool| Shown { may, ..Shown::default() };
    let all = Shown { all: true, by_name: true, may: false };
    let page = |name, context| Sample::new("challenge", name, context);
    let strange = Opened { mine: None, ..opened("open") };
    vec![
        page("open", one_context(chrome(PATH), shown(true), &opened("open"))),
        page("open to a stranger", one_context(stranger(PATH), shown(false), &strange)),
        page("all teams", one_context(chrome(PATH), all, &opened("open"))),
        page("draft", one_context(chrome(PATH), shown(true), &opened("draft"))),
        page("ended", one_context(chrome(PATH), shown(true), &opened("ended"))),
        page("cancelled", one_context(chrome(PATH), shown(true), &opened("cancelled"))),
        page("hostile", one_context(chrome(PATH), shown(true), &hostile())),
    ]
}

fn forms() -> Vec<Sample> {
    let errors = vec![FieldError::new("/goal/pass", HOSTILE), FieldError::new("", "expected more")];
    let flows = vec![("pay".into(), HOSTILE.into())];
    let named = || vec![("pay-team".into(), HOSTILE.into())];
    let grades = vec!["A+".into(), HOSTILE.into()];
    let offers = Offers { grades, flows, teams: named(), services: named() };
    let new = |name, fields, errors: &[FieldError]| {
        let context = form_context(chrome("/challenges/new"), None, fields, &offers, errors);
        Sample::new("challenge_edit", name, context)
    };
    let held = |name, view: &ChallengeView| {
        let context = form_context(chrome(PATH), Some(view), Fields::of_view(view), &offers, &[]);
        Sample::new("challenge_edit", name, context)
    };
    vec![
        new("template", Fields::of_template(&TEMPLATES[1], now()), &[]),
        new("wrong", Fields::default(), &errors),
        held("open", &view("open")),
        held("ended", &view("ended")),
        held("hostile", &hostile().view),
    ]
}

fn rest() -> Vec<Sample> {
    let text = format!("title = \"{HOSTILE}\"\n");
    let files = vec![RuleFile { path: "rules/way-back.toml".into(), text }];
    let draft = RuleDraft { files, notes: vec![HOSTILE.into()] };
    let none = RuleDraft { files: Vec::new(), notes: vec!["It cannot.".into()] };
    vec![
        Sample::new("challenge_rule", "a draft", rule_context(chrome(PATH), &view("open"), &draft)),
        Sample::new("challenge_rule", "none", rule_context(stranger(PATH), &hostile().view, &none)),
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
