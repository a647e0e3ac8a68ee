//! The degrader of a service: what a bad host costs under its settings, which would be better, and what if.

mod panel;
mod rows;
mod words;

use std::fmt::Write as _;

use scoring_rules::degrader::{Dialect, Judged, Level, Replay, Scenario};
use serde::Serialize;

use self::words::{after, left_out, requests, scenario_words};
use super::chrome::Chrome;
use super::parts::{Choice, Code, Link};
use super::{recipes, service};
use crate::app::degrader::{Assessment, MAX_CHANGES, Study};
use crate::http::charts::{Course, Latencies, Mark, Replayed, ms, percent};

pub(super) use panel::Panel;
use rows::{ChangeRow, Field, InstanceRow, TriedCtx, fields};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    slug: String,
    title: String,
    lead: Option<String>,
    /// What to send while nothing, or only half of it, is known.
    first: Option<First>,
    warnings: Vec<Warning>,
    figures: Vec<Figure>,
    confidence: Option<Confidence>,
    latencies: Option<Latencies>,
    percentiles: Vec<Figure>,
    replay: Option<Replayed>,
    scenarios: Vec<Choice>,
    costs: Vec<Cost>,
    changes: Vec<ChangeRow>,
    dialects: Vec<Choice>,
    keep: Keep,
    format: &'static str,
    paste: Option<Code>,
    /// What the tool of the values cannot see, and what stands beside it for that.
    sight: Vec<String>,
    fields: Vec<Field>,
    tried: Option<TriedCtx>,
    instances: Vec<InstanceRow>,
    notes: Vec<String>,
    not_modelled: Vec<String>,
    sources: Vec<String>,
}

/// What a form of the page carries along from the others.
#[derive(Serialize)]
struct Keep {
    scenario: String,
    dialect: &'static str,
    tried: Vec<Typed>,
}

/// A value as it was typed.
#[derive(Serialize)]
struct Typed {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct First {
    title: &'static str,
    text: &'static str,
    code: Code,
}

#[derive(Serialize)]
struct Warning {
    cls: &'static str,
    icon: &'static str,
    fact: String,
    text: String,
}

/// A number with what it is.
#[derive(Serialize)]
pub struct Figure {
    label: String,
    value: String,
    sub: Option<String>,
}

#[derive(Serialize)]
struct Confidence {
    level: &'static str,
    why: Vec<String>,
}

/// One failure: what it costs.
#[derive(Serialize)]
struct Cost {
    label: String,
    href: String,
    on: bool,
    undefended: String,
    today: String,
    today_after: String,
    recommended: Option<String>,
    recommended_after: Option<String>,
}

/// The page of `study`; `asked` are the values that the reader tries, as typed.
pub fn context(chrome: Chrome, study: &Study, asked: &[(String, String)]) -> Ctx {
    let slug = study.detail.row.slug.clone();
    let now = chrome.now;
    let mut crumbs = service::crumbs(&study.detail);
    crumbs.push(Link::to(&slug, format!("/services/{slug}")));
    let assessment = study.assessment.as_ref().map(|a| &a.tuning);
    let recommended = assessment.and_then(|a| a.recommended.as_ref());
    Ctx {
        crumbs,
        here: "Degrader",
        title: title(study),
        lead: assessment.map(|a| words::lead(a, recommended)),
        first: first(study, &slug),
        warnings: warnings(study),
        figures: assessment.map(|a| figures(&a.current, a.score)).unwrap_or_default(),
        confidence: assessment.map(|a| Confidence {
            level: match a.confidence.level {
                Level::High => "high",
                Level::Medium => "medium",
                Level::Low => "low",
            },
            why: a.confidence.why.clone(),
        }),
        latencies: latencies(study),
        percentiles: percentiles(study),
        replay: replayed(study),
        scenarios: Scenario::ALL
            .iter()
            .map(|(s, _)| Choice::new(s.id(), scenario_words(*s), Some(study.scenario.id().as_str())))
            .collect(),
        costs: costs(study, &slug),
        changes: recommended.map(|r| r.changes.iter().map(ChangeRow::new).collect()).unwrap_or_default(),
        dialects: Dialect::ALL
            .iter()
            .map(|d| Choice::new(d.id(), d.name(), Some(study.dialect.id())))
            .collect(),
        keep: keep(study, asked),
        format: study.dialect.format(),
        paste: study
            .paste
            .as_ref()
            .map(|text| Code::new(format!("the values for {}", study.dialect.name()), text)),
        sight: words::sight(study.dialect),
        fields: fields(study, asked),
        tried: study.tried.as_ref().zip(assessment).map(|(t, a)| TriedCtx::new(t, a.score)),
        instances: study.instances.iter().map(InstanceRow::new).collect(),
        notes: notes(study),
        not_modelled: assessment.map(|a| a.not_modelled.clone()).unwrap_or_default(),
        sources: words::sources(&study.told, now),
        slug,
        chrome: chrome.titled(format!("Degrader of {}", study.detail.row.name)),
    }
}

fn keep(study: &Study, asked: &[(String, String)]) -> Keep {
    let typed = |(key, value): &(String, String)| Typed { name: format!("set.{key}"), value: value.clone() };
    Keep {
        scenario: study.scenario.id(),
        dialect: study.dialect.id(),
        tried: asked.iter().take(MAX_CHANGES).map(typed).collect(),
    }
}

fn title(study: &Study) -> String {
    match study.assessment.as_ref().map(|a| &a.tuning) {
        Some(a) if !a.hard_failures.is_empty() => "The settings refuse healthy traffic".to_owned(),
        Some(a) if a.refusals.is_empty() => format!("Tuned to {:.0} of 100", a.score),
        Some(_) => "Too little is known to judge the settings".to_owned(),
        None => format!("Degrader of {}", study.detail.row.name),
    }
}

fn first(study: &Study, slug: &str) -> Option<First> {
    let (title, text) = match (&study.settings, &study.traffic) {
        (Some(_), Some(_)) => return None,
        (None, None) => (
            "Nothing is known of its degrader yet",
            "Send the settings in force, in the form of their tool, and what the traffic is like; or let a source measure the traffic.",
        ),
        (None, Some(_)) => (
            "The traffic is known, the settings are not",
            "Send the settings in force, in the form of their tool.",
        ),
        (Some(_), None) => (
            "The settings are known, the traffic is not",
            "Send what the traffic is like, or let a source measure it.",
        ),
    };
    Some(First { title, text, code: Code::new("the curl line", recipes::curl_degrader(slug)) })
}

fn warnings(study: &Study) -> Vec<Warning> {
    let Some(Assessment { tuning: assessment, applicable, .. }) = &study.assessment else {
        return Vec::new();
    };
    let hard = assessment.hard_failures.iter().map(|remark| Warning {
        cls: "bad",
        icon: "bolt",
        fact: "An outage by itself.".to_owned(),
        text: remark.detail.clone(),
    });
    let refused = assessment.refusals.iter().map(|remark| Warning {
        cls: "warn",
        icon: "ask",
        fact: "Nothing is recommended.".to_owned(),
        text: remark.detail.clone(),
    });
    let blind = (!applicable).then(|| Warning {
        cls: "warn",
        icon: "ask",
        fact: "No single host can be left out.".to_owned(),
        text:
            "One breaker guards all hosts together, so the score is 0 until breakers are kept for each host."
                .to_owned(),
    });
    hard.chain(blind).chain(refused).collect()
}

/// What to know of the figures; first, what the tool in force cannot see.
fn notes(study: &Study) -> Vec<String> {
    let Some(assessment) = &study.assessment else { return Vec::new() };
    let sight = study.settings.as_ref().map(|s| words::sight(s.dialect())).unwrap_or_default();
    sight.into_iter().chain(assessment.tuning.notes.iter().map(|n| n.detail.clone())).collect()
}

fn figures(judged: &Judged, score: f64) -> Vec<Figure> {
    let figure = |label: &str, value: String, sub: Option<&str>| Figure {
        label: label.to_owned(),
        value,
        sub: sub.map(str::to_owned),
    };
    vec![
        figure("Score", format!("{score:.0}"), Some("of 100: share of the avoidable bad requests avoided")),
        figure(
            "Until a bad host is left out",
            judged
                .seconds_to_isolate()
                .map_or_else(|| "nothing to leave out".to_owned(), |s| format!("{s:.0} s")),
            Some("mean over the failures that matter; never counts as 5 minutes"),
        ),
        figure(
            "Gets through to users",
            percent(judged.leaked()),
            Some("of the bad requests of an undefended client"),
        ),
        figure(
            "Kept from healthy hosts",
            percent(judged.healthy.false_drop),
            Some("of their traffic, on a day when nothing fails"),
        ),
    ]
}

fn latencies(study: &Study) -> Option<Latencies> {
    let traffic = study.traffic.as_ref()?;
    let marks = |settings: &scoring_rules::degrader::Settings, current: bool| -> Vec<Mark> {
        settings
            .latency_marks()
            .into_iter()
            .map(|(label, ms)| Mark { label: label.to_owned(), ms, current })
            .collect()
    };
    let mut all = study.settings.as_ref().map(|s| marks(s, true)).unwrap_or_default();
    if let Some(recommended) = study.assessment.as_ref().and_then(|a| a.tuning.recommended.as_ref()) {
        let mut new = marks(&recommended.settings, false);
        new.retain(|mark| {
            !all.iter().any(|held| held.label == mark.label && (held.ms - mark.ms).abs() < 1e-9)
        });
        all.extend(new);
    }
    let far = all.iter().map(|m| m.ms).fold(traffic.quantile_ms(0.9999), f64::max);
    let desc = format!(
        "Half of the calls take up to {}, 99% up to {}. {}",
        ms(traffic.quantile_ms(0.5)),
        ms(traffic.quantile_ms(0.99)),
        words::marks(&all)
    );
    Some(Latencies::new(
        |ms| traffic.share_within(ms),
        (traffic.quantile_ms(0.001), far * 1.3),
        (traffic.quantile_ms(0.99), traffic.slo_ms),
        &all,
        desc,
    ))
}

fn percentiles(study: &Study) -> Vec<Figure> {
    let Some(traffic) = &study.traffic else { return Vec::new() };
    let mut all: Vec<Figure> = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]
        .iter()
        .map(|(label, p)| Figure {
            label: (*label).to_owned(),
            value: ms(traffic.quantile_ms(*p)),
            sub: None,
        })
        .collect();
    let fact = |label: &str, value: String| Figure { label: label.to_owned(), value, sub: None };
    all.push(fact("bad above", ms(traffic.slo_ms)));
    all.push(fact("timeout", ms(traffic.timeout_ms)));
    all.push(fact("calls a second", requests(traffic.qps)));
    all.push(fact("hosts", format!("{:.0}", traffic.hosts)));
    let clients = if traffic.clients_known { String::new() } else { ", assumed".to_owned() };
    all.push(fact("clients", format!("{:.0}{clients}", traffic.clients)));
    all
}

fn replayed(study: &Study) -> Option<Replayed> {
    let today = study.today.as_ref()?;
    let course = |label, cls, replay: &Replay| Course {
        label,
        cls,
        points: replay.curve.iter().map(|p| (p.at_s, p.dropped)).collect(),
    };
    let mut courses = vec![course("today", "old", today)];
    let recommended = study.recommended.as_ref().filter(|better| better.curve != today.curve);
    // Of another tool the values are shown, and replayed, as they would be there.
    let own = study.settings.as_ref().is_none_or(|s| s.dialect() == study.dialect);
    if let Some(recommended) = recommended {
        courses.push(course(if own { "recommended" } else { study.dialect.name() }, "new", recommended));
    }
    if let Some(tried) = &study.tried {
        courses.push(course("tried", "try", &tried.replay));
    }
    let mut desc = format!(
        "Today the host is {}, and users meet {} bad requests.",
        left_out(today),
        requests(today.bad_requests)
    );
    if let Some(recommended) = recommended {
        // Writing to a String cannot fail.
        let _ = write!(
            desc,
            " With the {} it is {}, and users meet {}.",
            if own {
                "recommended values".to_owned()
            } else {
                format!("values for {}", study.dialect.name())
            },
            left_out(recommended),
            requests(recommended.bad_requests)
        );
    }
    let title = format!("One host, {}: share of its traffic kept away", scenario_words(study.scenario));
    Some(Replayed::new(title, desc, &courses, scoring_rules::degrader::FAILURE_SECONDS))
}

fn costs(study: &Study, slug: &str) -> Vec<Cost> {
    let Some(assessment) = study.assessment.as_ref().map(|a| &a.tuning) else { return Vec::new() };
    let judged = assessment.recommended.as_ref().map(|r| &r.judged);
    assessment
        .current
        .replays
        .iter()
        .enumerate()
        .map(|(i, today)| {
            let better = judged.and_then(|j| j.replays.get(i));
            Cost {
                label: words::capital(&scenario_words(today.scenario)),
                href: format!("/services/{slug}/degrader?scenario={}#replay", today.scenario.id()),
                on: today.scenario == study.scenario,
                undefended: requests(today.undefended),
                today: requests(today.bad_requests),
                today_after: after(today),
                recommended: better.map(|r| requests(r.bad_requests)),
                recommended_after: better.map(after),
            }
        })
        .collect()
}
