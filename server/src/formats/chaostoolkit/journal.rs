//! A journal's parts, found without trusting that any of them is there.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;

use crate::types::Timestamp;

/// A journal of any age of the tool.
pub(in crate::formats) struct Journal<'a> {
    document: &'a Value,
}

/// One check of the hypothesis.
pub(super) struct Check<'a> {
    pub(super) state: &'a Value,
    /// Whether it held; `None` where nothing was checked.
    pub(super) met: Option<bool>,
}

/// What an activity's record says of how it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Succeeded,
    Failed,
    /// Killed in flight: neither end nor status was written.
    Unfinished,
}

/// How dry a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dry {
    No,
    /// Only the waits were left out.
    Pause,
    /// Faults or checks were left out.
    Rehearsal,
}

impl<'a> Journal<'a> {
    pub(in crate::formats) const fn new(document: &'a Value) -> Self {
        Self { document }
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.document.get(key).and_then(Value::as_str)
    }

    pub(super) fn experiment(&self) -> Option<&'a Value> {
        self.document.get("experiment")
    }

    pub(super) fn experiment_text(&self, key: &str) -> Option<&'a str> {
        self.experiment()?.get(key).and_then(Value::as_str)
    }

    /// A list of the experiment as written.
    pub(super) fn declared(&self, key: &str) -> &'a [Value] {
        list(self.experiment().and_then(|e| e.get(key)))
    }

    /// A list of what ran.
    pub(in crate::formats) fn runs(&self, key: &str) -> &'a [Value] {
        list(self.document.get(key))
    }

    pub(super) fn hypothesis(&self) -> Option<&'a Value> {
        self.experiment()?
            .get("steady-state-hypothesis")
            .filter(|h| h.as_object().is_some_and(|h| !h.is_empty()))
    }

    pub(super) fn deviated(&self) -> bool {
        self.document.get("deviated").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The check before or after the method.
    pub(super) fn check(&self, when: &str) -> Option<bool> {
        self.document.get("steady_states").and_then(|s| s.get(when)).and_then(met)
    }

    /// The checks while the method ran.
    pub(super) fn during(&self) -> impl Iterator<Item = Check<'a>> {
        let during = self.document.get("steady_states").and_then(|s| s.get("during"));
        list(during).iter().map(|state| Check { state, met: met(state) })
    }

    pub(super) fn dry(&self) -> Dry {
        match self.experiment().and_then(|e| e.get("dry")) {
            None | Some(Value::Null | Value::Bool(false)) => Dry::No,
            Some(Value::String(word)) if word.is_empty() => Dry::No,
            Some(Value::String(word)) if matches!(word.as_str(), "pause" | "pauses") => Dry::Pause,
            // Older versions write `true`. A word of a version to come is not to be taken for the real thing.
            Some(_) => Dry::Rehearsal,
        }
    }

    /// The activity that a record is of, looked up where it only names it.
    pub(in crate::formats) fn activity_of<'b>(&self, run: &'b Value) -> Option<&'b Value>
    where
        'a: 'b,
    {
        let activity = run.get("activity")?;
        match activity.get("ref").and_then(Value::as_str) {
            Some(name) => Some(self.activity(name).unwrap_or(activity)),
            None => Some(activity),
        }
    }

    /// The checks of the hypothesis, as written.
    pub(in crate::formats) fn probes(&self) -> &'a [Value] {
        list(self.hypothesis().and_then(|h| h.get("probes")))
    }

    /// Whether the record is of an action, as opposed to a probe.
    pub(in crate::formats) fn is_action(&self, run: &Value) -> bool {
        let Some(activity) = self.activity_of(run) else { return true };
        match activity.get("type").and_then(Value::as_str) {
            Some(kind) => kind == "action",
            None => activity.get("tolerance").is_none(),
        }
    }

    /// The activity another one refers to by name.
    fn activity(&self, name: &str) -> Option<&'a Value> {
        let all = self.probes().iter().chain(self.declared("method")).chain(self.declared("rollbacks"));
        all.into_iter().find(|activity| activity.get("name").and_then(Value::as_str) == Some(name))
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a check held. Its probes are believed over its summary when one of them says it did not.
fn met(state: &Value) -> Option<bool> {
    let said = state.get("steady_state_met").and_then(Value::as_bool);
    let probes = list(state.get("probes"));
    let broken = probes.iter().any(|probe| {
        probe.get("tolerance_met").and_then(Value::as_bool) == Some(false) || went(probe) == Went::Failed
    });
    if broken {
        return Some(false);
    }
    let all_met = !probes.is_empty()
        && probes.iter().all(|probe| probe.get("tolerance_met").and_then(Value::as_bool) == Some(true));
    said.or(all_met.then_some(true))
}

/// How one activity went, by its own record.
pub(super) fn went(run: &Value) -> Went {
    match run.get("status").and_then(Value::as_str) {
        Some("succeeded") => Went::Succeeded,
        Some(_) => Went::Failed,
        None if run.get("exception").is_some_and(|e| !e.is_null()) => Went::Failed,
        None => Went::Unfinished,
    }
}

/// What a "succeeded" call answered when that answer says the contrary: an HTTP error or a non-zero exit.
pub(super) fn contrary_answer(run: &Value) -> Option<String> {
    let output = run.get("output")?;
    let status = output.get("status")?;
    let status = status.as_i64().or_else(|| status.as_str().and_then(|s| s.trim().parse().ok()))?;
    let provider = run.pointer("/activity/provider/type").and_then(Value::as_str);
    let process = match provider {
        Some("process") => true,
        Some("http") => false,
        _ if output.get("stdout").is_some() || output.get("stderr").is_some() => true,
        _ if output.get("headers").is_some() || output.get("body").is_some() => false,
        _ => return None,
    };
    // A background process is ended by a signal when the method is over.
    let background = run.pointer("/activity/background").and_then(Value::as_bool).unwrap_or(false);
    match (process, status) {
        (true, code) if code < 0 && background => None,
        (true, code) if code != 0 => Some(format!("its process exited with {code}")),
        (false, code) if code >= 400 => Some(format!("it was answered with HTTP {code}")),
        _ => None,
    }
}

/// The activity's name, for a sentence.
pub(in crate::formats) fn name_of(run: &Value) -> &str {
    run.pointer("/activity/name")
        .or_else(|| run.get("name"))
        .or_else(|| run.pointer("/activity/ref"))
        .and_then(Value::as_str)
        .unwrap_or("without a name")
}

/// Microseconds since the epoch of a time with or without zone; without one it is UTC.
pub(super) fn micros(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc().timestamp_micros())
}

/// A journal's time as ours.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    micros(text).map(|micros| Timestamp(micros.div_euclid(1000)))
}

/// When a check began.
pub(super) fn check_time(state: &Value) -> Option<i64> {
    list(state.get("probes"))
        .iter()
        .find_map(|probe| probe.get("start").and_then(Value::as_str))
        .and_then(micros)
}
