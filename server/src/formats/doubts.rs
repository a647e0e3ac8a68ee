//! What a document of a passed drill leaves in doubt: nothing broke anything, nothing was looked at, no time went by.
//!
//! Whoever reads a document for its verdict takes the tool at its word. Here it is asked what its actions and checks
//! were: a fault that only waits or prints, and a check that cannot fail, are worth a question.

use serde_json::Value;

use super::chaostoolkit::{self, Journal, name_of};
use super::{Format, Hints, Read, json, read};

/// Programs that neither break nor look at anything.
const IDLE: &[&str] = &[
    "true", ":", "echo", "printf", "sleep", "date", "pwd", "whoami", "hostname", "id", "uname", "cd", "yes",
];
/// Shells that run what they are given.
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "zsh"];
/// Functions that neither break nor look at anything: module and name.
const IDLE_CALLS: &[(&str, &str)] =
    &[("time", "sleep"), ("builtins", "print"), ("time", "time"), ("os", "getcwd"), ("platform", "node")];
/// Patterns that match whatever is answered.
const MATCH_ALL: &[&str] = &["", ".*", "^.*$", ".*$", "^.*", "^", "$", "(.*)", "^(.*)$", "[\\s\\S]*"];

/// What is in doubt of one document; each a clause for a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Why it seems that nothing was broken.
    pub fault: Option<String>,
    /// Why it seems that nothing was checked.
    pub check: Option<String>,
    /// The document itself tells begin and end, and they are the same.
    pub instant: bool,
}

impl Doubts {
    /// The doubts in one sentence; none without any.
    pub fn sentence(&self) -> Option<String> {
        let took = self.instant.then(|| "it ended at the instant it began".to_owned());
        let all: Vec<String> = [self.fault.clone(), self.check.clone(), took].into_iter().flatten().collect();
        (!all.is_empty()).then(|| format!("It passed, but {}.", all.join(", and ")))
    }
}

/// What a stored document leaves in doubt. Of what cannot be read, nothing.
pub fn doubts(format: Format, body: &str) -> Doubts {
    let mut found = match format {
        Format::ChaosToolkit => of_journal(body),
        Format::K6 => of_summary(body),
        Format::Junit => of_report(body),
        _ => Doubts::default(),
    };
    found.instant = told_instant(format, body);
    found
}

/// Whether the document tells both times, and they are one. Names are of no matter here: any will do.
fn told_instant(format: Format, body: &str) -> bool {
    let some = |text: &str| Some(text.to_owned());
    let hints = Hints {
        service: some("any"),
        failure: some("dns"),
        environment: some("any"),
        kind: some("infrastructure"),
        ..Hints::default()
    };
    // A report without durations says nothing of how long it took.
    if format == Format::Junit && !body.contains(" time=\"") {
        return false;
    }
    match read(format, body.as_bytes(), &hints) {
        Ok(Read::Drill(reading)) => {
            reading.started_at.zip(reading.ended_at).is_some_and(|(start, end)| start == end)
        }
        _ => false,
    }
}

fn of_journal(body: &str) -> Doubts {
    let mut doubts = Doubts::default();
    let Ok(document) = json::parse(body) else { return doubts };
    let Some(document) = chaostoolkit::journal_in(&document) else { return doubts };
    let journal = Journal::new(document);
    let actions: Vec<&Value> = journal.runs("run").iter().filter(|run| journal.is_action(run)).collect();
    let idle: Vec<String> =
        actions.iter().filter_map(|run| idle(journal.activity_of(run)?.get("provider")?)).collect();
    if let Some(first) = idle.first().filter(|_| idle.len() == actions.len()) {
        doubts.fault = Some(format!("each of its actions only ran something like `{first}`"));
    }
    let probes = journal.probes();
    let empty: Vec<String> = probes.iter().filter_map(empty_check).collect();
    if let Some(first) = empty.first().filter(|_| empty.len() == probes.len()) {
        let name = probes.first().map_or("", |probe| name_of(probe));
        doubts.check = Some(format!("its check `{name}` {first}"));
    }
    doubts
}

/// Why a check of the hypothesis cannot fail.
fn empty_check(probe: &Value) -> Option<String> {
    if let Some(program) = probe.get("provider").and_then(idle) {
        return Some(format!("only ran `{program}`"));
    }
    let tolerance = probe.get("tolerance")?;
    let pattern = tolerance.get("pattern").and_then(Value::as_str)?;
    MATCH_ALL.contains(&pattern.trim()).then(|| "accepts any answer".to_owned())
}

/// What a provider runs, if that neither breaks nor looks at anything.
fn idle(provider: &Value) -> Option<String> {
    let text = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("type") == "python" {
        let call = (text("module"), text("func"));
        return IDLE_CALLS.contains(&call).then(|| format!("{}.{}", call.0, call.1));
    }
    let mut words = text("path").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    words.extend(arguments(provider.get("arguments")));
    let program = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let first = program(words.first()?);
    if !SHELLS.contains(&first.as_str()) {
        return IDLE.contains(&first.as_str()).then_some(first);
    }
    // A shell does what it is told; anything but plain words could do more than that.
    let told =
        words.iter().skip(1).filter(|word| !word.starts_with('-')).cloned().collect::<Vec<_>>().join(" ");
    let told = told.trim_matches(['\'', '"', ' ']);
    let plain = !told.contains(['|', '&', ';', '$', '`', '>', '<', '\n', '(']);
    let inner = program(told.split_whitespace().next()?);
    (plain && IDLE.contains(&inner.as_str())).then_some(inner)
}

/// The words of the arguments of a program, in whatever form they are written.
fn arguments(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::Object(map)) => map
            .iter()
            .flat_map(|(key, value)| [Some(key.clone()), value.as_str().map(str::to_owned)])
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}

fn of_summary(body: &str) -> Doubts {
    let Ok(document) = json::parse(body) else { return Doubts::default() };
    let found = super::k6::asked(&document);
    let empty = found.checks == 0
        && !found.thresholds.is_empty()
        && found.thresholds.iter().all(|threshold| always_holds(threshold));
    let first = found.thresholds.first().cloned().unwrap_or_default();
    Doubts { check: empty.then(|| format!("its threshold `{first}` always holds")), ..Doubts::default() }
}

/// Whether a threshold of k6 cannot break: a share that may be all, a number that may be nothing.
fn always_holds(expression: &str) -> bool {
    let bare: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(at) = bare.find(['<', '>', '=', '!']) else { return false };
    let (what, rest) = bare.split_at(at);
    let op: String = rest.chars().take_while(|c| "<>=!".contains(*c)).collect();
    let Ok(bound) = rest.trim_start_matches(['<', '>', '=', '!']).parse::<f64>() else { return false };
    match (what, op.as_str()) {
        ("rate", "<=") => bound >= 1.0,
        ("rate", "<") => bound > 1.0,
        (_, ">=") => bound <= 0.0,
        (_, ">") => bound < 0.0,
        _ => false,
    }
}

/// Some writers count what each case asserted.
fn of_report(body: &str) -> Doubts {
    let said: Vec<&str> =
        body.split(" assertions=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let none = !said.is_empty() && said.iter().all(|count| count.trim() == "0");
    let check = none.then(|| "none of its test cases asserted anything".to_owned());
    Doubts { check, ..Doubts::default() }
}
