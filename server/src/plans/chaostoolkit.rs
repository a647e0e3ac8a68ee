//! Chaos Toolkit: an experiment in JSON, and the line that runs it and sends its journal.
//!
//! The tool's own status is not to be relied on (it says `completed` for faults that never went in and `succeeded` for
//! rollbacks that were answered with an error), so each step ends with an exit code or an HTTP status that our reader
//! looks at. Faults of one host are switched on before the hypothesis is checked again, and off by the rollbacks.

use super::drill::{DEADLINE, DELAY_MS, Drill, HANG_MS, HEADER};
use super::tree::{self, Node, list, map};
use super::{Engine, Plan, Variable, host, quote, runner, scripts};
use crate::types::{DrillKind, Failure};

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let experiment = tree::json(&experiment(drill));
    let files = vec![
        drill.file("json", "application/json", experiment),
        drill.file("sh", "application/x-sh", run(drill)),
        drill.file("settings.yaml", "application/yaml", settings(drill)),
    ];
    let mut variables = runner::common(drill);
    if !drill.is_dependency() {
        variables.extend(host::commands(drill.failure(), &drill.name, drill.seconds).variables());
        variables.push(Variable {
            name: "DRILL_SETTLE",
            about: "Seconds for which the check of the rollback is tried again.".to_owned(),
            default: Some("30".to_owned()),
        });
    }
    drill.plan(Engine::ChaosToolkit, rollback_words(drill.failure()), variables, files)
}

const fn rollback_words(failure: Failure) -> &'static str {
    match failure.kind() {
        DrillKind::Dependency => {
            "The headers are no longer sent; checked by their absence and by a request without them (HTTP status)."
        }
        DrillKind::Rollback => {
            "The change is taken back; checked by the exit code of that, of the check of the version, and of a request."
        }
        DrillKind::Infrastructure => {
            "The failure is taken back; checked by the exit codes of that and of a check that it is gone, and by a request (HTTP status)."
        }
    }
}

fn experiment(drill: &Drill<'_>) -> Node {
    map([
        ("version", "1.0.0".into()),
        ("title", drill.title.as_str().into()),
        ("description", description(drill).into()),
        ("tags", list(["waterbear".into(), format!("failure:{}", drill.failure()).into()])),
        ("extensions", list([extension(drill)])),
        ("configuration", configuration(drill)),
        (
            "steady-state-hypothesis",
            map([("title", drill.hypothesis.as_str().into()), ("probes", Node::List(probes(drill)))]),
        ),
        ("method", list([inject(drill)])),
        ("rollbacks", Node::List(rollbacks(drill))),
    ])
}

fn description(drill: &Drill<'_>) -> String {
    let envoy = if drill.is_dependency() {
        format!(
            " Needs the Envoy filter for faults (header_abort, header_delay) on the way to the dependency, for requests with {HEADER}: {}, and a service that passes these headers on; strip them at the edge.",
            drill.target
        )
    } else {
        String::new()
    };
    format!(
        "Why: {} Blast radius: {} Stop condition: {} Rollback: {}{envoy}",
        quote::comment(&drill.ask.why),
        drill.blast_radius,
        drill.stop(),
        rollback_words(drill.failure())
    )
}

/// The block that our reader of journals looks for.
fn extension(drill: &Drill<'_>) -> Node {
    let mut fields = vec![("name".to_owned(), "waterbear".into())];
    for (name, value) in drill.identity() {
        let name = if name == "failure" { "failure_class" } else { name };
        fields.push((name.to_owned(), value.into()));
    }
    fields.push(("drill".to_owned(), drill.name.as_str().into()));
    Node::Map(fields)
}

fn configuration(drill: &Drill<'_>) -> Node {
    let number = |key: &str, default: u32| {
        map([
            ("type", "env".into()),
            ("key", key.into()),
            ("default", i64::from(default).into()),
            ("env_var_type", "int".into()),
        ])
    };
    map([
        ("url", map([("type", "env".into()), ("key", "DRILL_URL".into()), ("default", runner::URL.into())])),
        ("seconds", number("DRILL_SECONDS", drill.seconds)),
        ("deadline", number("DRILL_DEADLINE", DEADLINE)),
    ])
}

fn http(name: &str, kind: &str, tolerance: bool) -> Node {
    let mut fields = vec![("type".to_owned(), kind.into()), ("name".to_owned(), name.into())];
    if tolerance {
        fields.push(("tolerance".to_owned(), vec![200_i64, 201, 202, 204].into()));
    }
    let provider = map([
        ("type", "http".into()),
        ("url", "${url}".into()),
        ("method", "GET".into()),
        ("timeout", "${deadline}".into()),
    ]);
    fields.push(("provider".to_owned(), provider));
    Node::Map(fields)
}

fn process(name: &str, kind: &str, script: &str, arguments: &[&str]) -> Vec<(String, Node)> {
    let mut words = vec!["-c", script];
    if !arguments.is_empty() {
        words.push("drill");
        words.extend(arguments);
    }
    let provider = map([("type", "process".into()), ("path", "sh".into()), ("arguments", words.into())]);
    vec![
        ("type".to_owned(), kind.into()),
        ("name".to_owned(), name.into()),
        ("provider".to_owned(), provider),
    ]
}

/// A step whose exit code other than 0 is an error of the tool too, not only something to look at.
fn checked(name: &str, script: &str) -> Node {
    let arguments = map([("args", vec!["sh", "-c", script].into())]);
    map([
        ("type", "action".into()),
        ("name", name.into()),
        (
            "provider",
            map([
                ("type", "python".into()),
                ("module", "subprocess".into()),
                ("func", "check_call".into()),
                ("arguments", arguments),
            ]),
        ),
    ])
}

fn probes(drill: &Drill<'_>) -> Vec<Node> {
    let mut probes = vec![http("the-service-answers", "probe", true)];
    if drill.is_dependency() {
        // Before the fault is on there are no headers, so that the same probe is the gate too.
        let script = format!(
            "{}h=/dev/null\n[ ! -e \"$d/headers\" ] || h=\"$d/headers\"\nexec curl --silent --show-error --fail --output /dev/null --max-time \"$2\" --header \"@$h\" --url \"$1\"\n",
            scripts::state(&drill.name)
        );
        let mut fields = process(
            "the-service-answers-without-the-dependency",
            "probe",
            &script,
            &["${url}", "${deadline}"],
        );
        fields.insert(2, ("tolerance".to_owned(), 0.into()));
        probes.push(Node::Map(fields));
    }
    probes
}

/// Headers that make an Envoy on the way fail the drill's own requests to the dependency.
pub(super) fn fault_headers(drill: &Drill<'_>) -> Vec<String> {
    let mut headers = vec![format!("{HEADER}: {}", drill.target)];
    let (name, value) = match drill.failure() {
        Failure::Delay => ("delay", DELAY_MS),
        Failure::Timeout => ("delay", HANG_MS),
        _ => ("abort", 503),
    };
    headers.push(format!("x-envoy-fault-{name}-request: {value}"));
    headers.push(format!("x-envoy-fault-{name}-request-percentage: 100"));
    headers
}

fn steps(drill: &Drill<'_>) -> scripts::Steps {
    if drill.is_dependency() {
        scripts::by_headers(&drill.name, &fault_headers(drill))
    } else {
        let commands = host::commands(drill.failure(), &drill.name, drill.seconds);
        scripts::on_host(&drill.name, &commands)
    }
}

fn inject(drill: &Drill<'_>) -> Node {
    let name = match drill.failure().kind() {
        DrillKind::Rollback => "put-the-change-in-place",
        _ => "induce-the-failure",
    };
    let mut fields = process(name, "action", &steps(drill).inject, &[]);
    fields.push(("pauses".to_owned(), map([("after", "${seconds}".into())])));
    Node::Map(fields)
}

fn rollbacks(drill: &Drill<'_>) -> Vec<Node> {
    let steps = steps(drill);
    let answers = http("the-service-answers-again", "probe", false);
    if drill.failure().kind() == DrillKind::Rollback {
        let request = format!(
            "exec curl --silent --show-error --fail --output /dev/null --retry 5 --retry-connrefused --max-time \"${{DRILL_DEADLINE:-{DEADLINE}}}\" --url \"${{DRILL_URL:-{}}}\"\n",
            runner::URL
        );
        return vec![
            checked("take-the-change-back", &steps.restore),
            checked("the-version-of-before-is-in-place", &steps.restored),
            checked("the-service-answers-with-it", &request),
            answers,
        ];
    }
    vec![
        Node::Map(process("take-the-failure-back", "action", &steps.restore, &[])),
        Node::Map(process("the-failure-is-gone", "probe", &steps.restored, &[])),
        answers,
    ]
}

/// The script that runs the experiment and sends the journal, whatever the outcome.
fn run(drill: &Drill<'_>) -> String {
    let head = drill.head(&[]);
    let name = &drill.name;
    let credentials = runner::credentials(drill);
    let post = runner::post("ingest/chaostoolkit", "@$journal");
    format!(
        "#!/bin/sh\n{head}#\n# Runs {name}.json, which lies beside this file, and sends the journal whatever the outcome.\n\
         set -u\n{credentials}\
         here=$(CDPATH= cd -- \"$(dirname -- \"$0\")\" && pwd) || exit 1\n\
         journal=${{DRILL_JOURNAL:-$here/{name}.journal.json}}\n\
         rm -f \"$journal\"\n\
         chaos run --hypothesis-strategy continuously --hypothesis-frequency \"${{DRILL_EVERY:-2}}\" --fail-fast \\\n\
         \x20 --rollback-strategy always --journal-path \"$journal\" \"$here/{name}.json\"\n\
         ended=$?\n\
         [ -s \"$journal\" ] || {{ echo 'There is no journal: nothing was sent.' >&2; exit 1; }}\n\
         {post} || exit 1\n\
         exit \"$ended\"\n"
    )
}

/// Settings with which the tool posts by itself, for those who run experiments in their own way.
fn settings(drill: &Drill<'_>) -> String {
    let head = "# Instead of the script: settings with which the tool posts by itself. It does not try again when the\n\
                # network fails. The settings know no variables, so fill them in while you copy them:\n";
    let name = &drill.name;
    let fill = format!(
        "#   envsubst < {name}.settings.yaml > ~/.chaostoolkit/settings.yaml\n#   chaos run --rollback-strategy always {name}.json\n"
    );
    let headers = map([("Authorization", "Bearer ${WATERBEAR_TOKEN}".into())]);
    let events: Vec<&str> = vec!["run-completed", "run-failed", "run-deviated"];
    let body = map([(
        "notifications",
        list([map([
            ("type", "http".into()),
            ("url", "${WATERBEAR_URL}/api/v1/ingest/chaostoolkit".into()),
            ("headers", headers),
            ("events", events.into()),
        ])]),
    )]);
    format!("{head}{fill}{}", tree::yaml(&body))
}
