//! Current settings against the best that were found: score, recommendation, confidence. The same for each dialect.

use super::super::{Judged, Scenario, Traffic, judge};
use super::{Change, GROUPS, Group, Level, Recommended, Remark, Tunable, Tuning, words};

/// Score, in percent, from which settings are left alone.
const GOOD: f64 = 90.0;
/// Score, in percent, at which a recommendation has changed enough.
const ENOUGH: f64 = 95.0;
/// Improvement of the objective that is worth a recommendation.
const WORTH: f64 = 0.03;
/// Calls for each host, client and window, at night, from which confidence is high, and from which it is medium.
const CALLS: (f64, f64) = (20.0, 5.0);
/// Fewer calls for each host, client and window, mean over the day, are too few to set marks by.
const TOO_FEW_CALLS: f64 = 0.5;
/// Fewer calls in a histogram do not tell a 99th percentile.
const TOO_FEW_COUNTED: f64 = 1_000.0;
/// Share of its traffic from which a healthy host that lacks it makes the settings harmful by themselves.
const HARMFUL_DROP: f64 = 0.5;
/// Weighted share of calls, over all failures, below which a failing host makes hardly any difference to users.
const LITTLE: f64 = 0.1;
/// Tells how `current` settings do against those `found` by a search, and what to change.
pub fn compare<S: Tunable>(current: &S, found: S, traffic: &Traffic) -> Tuning<S> {
    let judged = judge(current, traffic);
    let (best_settings, best) = best_of(current, &judged, found, traffic);
    let score = score(&judged, &best);
    let mut refusals = refusals(traffic, current.window_ms().max(best_settings.window_ms()));
    refusals.extend(current.refusals(traffic));
    if refusals.is_empty() {
        refusals.extend(nothing_helps(&best, traffic));
    }
    let worth = score < GOOD && judged.objective - best.objective > WORTH;
    let recommended =
        if worth && refusals.is_empty() { recommend(current, &best_settings, &best, traffic) } else { None };
    let calls = traffic.calls_per_window(current.window_ms());
    let at_night = calls * traffic.night_and_peak().0;
    let mut notes = words::notes(traffic);
    notes.extend(current.notes(traffic));
    Tuning {
        hard_failures: hard_failures(&judged),
        confidence: words::confidence(traffic, level(at_night), at_night),
        current: judged,
        best,
        best_settings,
        score,
        recommended,
        calls_per_window: calls,
        calls_per_window_at_night: at_night,
        refusals,
        notes,
        not_modelled: words::NOT_MODELLED.iter().map(|&sentence| sentence.to_owned()).collect(),
    }
}

/// The best of what was found, what is in force, and the tool's defaults.
fn best_of<S: Tunable>(current: &S, judged: &Judged, found: S, traffic: &Traffic) -> (S, Judged) {
    let mut best = (current.clone(), judged.clone());
    for other in [found, current.with_defaults()] {
        let limit = if harmful(&best.1) { f64::INFINITY } else { best.1.objective };
        let Some(other_judged) = other.judge_below(traffic, limit) else { continue };
        if better(&other_judged, &best.1) {
            best = (other, other_judged);
        }
    }
    best
}

/// Share of the avoidable bad requests that settings avoid, in percent; 0 while they are an outage by themselves, and
/// where they are no better than none.
pub fn score(judged: &Judged, best: &Judged) -> f64 {
    if harmful(judged) || judged.objective.is_nan() || judged.objective >= 1.0 {
        return 0.0;
    }
    if judged.objective <= best.objective {
        return 100.0;
    }
    100.0 * ((1.0 - judged.objective) / (1.0 - best.objective)).clamp(0.0, 1.0)
}

/// Why even the best settings are not worth having.
fn nothing_helps(best: &Judged, traffic: &Traffic) -> Option<Remark> {
    let spoiled: f64 =
        best.replays.iter().zip(Scenario::ALL).map(|(replay, (_, prior))| prior * replay.spoiled).sum();
    if spoiled < LITTLE {
        return Some(words::all_bad_already(traffic));
    }
    (harmful(best) || best.objective > 1.0 - WORTH).then(|| words::nothing_helps(traffic))
}

/// Settings that are no outage are better than those that are; otherwise the objective decides.
fn better(one: &Judged, other: &Judged) -> bool {
    match (harmful(one), harmful(other)) {
        (false, true) => true,
        (true, false) => false,
        _ => one.objective < other.objective,
    }
}

fn harmful(judged: &Judged) -> bool {
    judged.refuses_healthy() || judged.healthy.worst_slot >= HARMFUL_DROP
}

/// Changes one group of values after the other, each time the one that helps most, until that is enough.
fn recommend<S: Tunable>(
    current: &S,
    best: &S,
    best_judged: &Judged,
    traffic: &Traffic,
) -> Option<Recommended<S>> {
    let target = best.fields();
    let differs = |settings: &S, group: Group| {
        settings.fields().iter().zip(&target).any(|(a, b)| a.group == group && a.value != b.value)
    };
    let mut left: Vec<Group> = GROUPS.into_iter().filter(|group| differs(current, *group)).collect();
    let mut always: Vec<Group> =
        left.iter().copied().filter(|group| current.always_change(*group, traffic)).collect();
    let mut settings = current.clone();
    let mut judged: Option<Judged> = None;
    let mut reached = 0.0;
    let mut changes = Vec::new();
    while !left.is_empty() && (reached < ENOUGH || !always.is_empty()) {
        // What helps enough has been changed; what is to be changed anyway is left.
        let open = if reached < ENOUGH { &left } else { &always };
        let mut choice: Option<(Group, S, Judged)> = None;
        for group in open {
            let mut tried = settings.clone();
            tried.take(*group, best);
            // What is no outage needs only be looked at as long as it can be the best.
            let limit = choice.as_ref().filter(|(_, _, chosen)| !harmful(chosen));
            let limit = limit.map_or(f64::INFINITY, |(_, _, chosen)| chosen.objective);
            let Some(result) = tried.judge_below(traffic, limit) else { continue };
            if choice.as_ref().is_none_or(|(_, _, chosen)| better(&result, chosen)) {
                choice = Some((*group, tried, result));
            }
        }
        let Some((group, tried, result)) = choice else { break };
        left.retain(|other| *other != group);
        always.retain(|other| *other != group);
        reached = score(&result, best_judged);
        changes.extend(changed(&settings, &tried, group, reached));
        (settings, judged) = (tried, Some(result));
    }
    judged.map(|judged| Recommended { settings, judged, score: reached, changes })
}

/// The values of the group that differ.
fn changed<S: Tunable>(from: &S, to: &S, group: Group, score: f64) -> Vec<Change> {
    let both = from.fields().into_iter().zip(to.fields());
    both.filter(|(a, b)| a.value != b.value)
        .map(|(a, b)| Change { field: a.key.to_owned(), from: a.value, to: b.value, group, score })
        .collect()
}

/// What makes settings an outage by themselves; looked at before any mark.
fn hard_failures(judged: &Judged) -> Vec<Remark> {
    let mut found = Vec::new();
    if judged.refuses_healthy() {
        found.push(words::refuses_healthy(judged));
    }
    if judged.healthy.worst_slot >= HARMFUL_DROP {
        found.push(words::drops_healthy(judged));
    }
    found
}

/// Why nothing may be recommended.
fn refusals(traffic: &Traffic, longest_window_ms: f64) -> Vec<Remark> {
    let mut found = Vec::new();
    if traffic.hosts < 2.0 {
        found.push(words::one_host());
    }
    if !traffic.fine {
        found.push(words::coarse_latency());
    }
    let counted = traffic.histogram.last().map(|bucket| bucket.count);
    let calls = traffic.calls_per_window(longest_window_ms);
    if counted.is_some_and(|count| count < TOO_FEW_COUNTED) {
        found.push(words::too_few_counted(counted.unwrap_or_default()));
    } else if calls < TOO_FEW_CALLS {
        found.push(words::too_few_calls(calls, longest_window_ms));
    }
    found
}

fn level(calls_at_night: f64) -> Level {
    if calls_at_night >= CALLS.0 {
        Level::High
    } else if calls_at_night >= CALLS.1 {
        Level::Medium
    } else {
        Level::Low
    }
}
