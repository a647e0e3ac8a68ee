//! Istio: a VirtualService of the dependency that fails the requests which carry the drill's header.

use super::drill::{DELAY_MS, Drill, HANG_MS, HEADER};
use super::kube::{self, Read};
use super::tree::{self, Node, list, map};
use super::{Engine, Plan, runner};
use crate::types::Failure;

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let host = (
        "DRILL_DEPENDENCY_HOST",
        "The host of the dependency as callers name it.",
        Some(drill.target.clone()),
    );
    let read: Vec<Read> =
        vec![("DRILL_NAMESPACE", "The namespace of the callers.", Some("default".to_owned())), host];
    let text = format!(
        "{}{}",
        drill.head(&[
            "If the host has a VirtualService already, put the first route of this one before its own instead: two for one host do not add up.",
            "The service has to pass the header on to the dependency.",
        ]),
        tree::yaml(&object(drill))
    );
    let wait = "sleep \"${DRILL_SPREAD:-5}\"\n";
    let script = runner::script(
        drill,
        &runner::Engine {
            tool: "istio",
            prepare: &kube::prepare(&read, &["kubectl", "envsubst"]),
            headers: &[format!("{HEADER}: {}", drill.target)],
            steps: kube::steps(drill, &read, "virtualservice", wait, ""),
            after: "",
        },
    );
    let mut variables = runner::common(drill);
    variables.extend(kube::variables(&read));
    drill.plan(
        Engine::Istio,
        "The VirtualService is deleted; checked by its absence and by a request (HTTP status).",
        variables,
        vec![drill.file("yaml", "application/yaml", text), drill.file("sh", "application/x-sh", script)],
    )
}

fn object(drill: &Drill<'_>) -> Node {
    // Without a percentage Istio does nothing at all.
    let all = ("percentage", map([("value", 100.into())]));
    let fault = match drill.failure() {
        Failure::Delay => delay(DELAY_MS, all),
        Failure::Timeout => delay(HANG_MS, all),
        _ => ("abort", map([all, ("httpStatus", 503.into())])),
    };
    let route = || list([map([("destination", map([("host", "$DRILL_DEPENDENCY_HOST".into())]))])]);
    let only = map([("headers", map([(HEADER, map([("exact", drill.target.as_str().into())]))]))]);
    map([
        ("apiVersion", "networking.istio.io/v1".into()),
        ("kind", "VirtualService".into()),
        ("metadata", drill.metadata()),
        (
            "spec",
            map([
                ("hosts", vec!["$DRILL_DEPENDENCY_HOST"].into()),
                (
                    "http",
                    list([
                        map([
                            ("name", "waterbear-drill".into()),
                            ("match", list([only])),
                            ("fault", map([fault])),
                            ("route", route()),
                        ]),
                        map([("name", "everybody-else".into()), ("route", route())]),
                    ]),
                ),
            ]),
        ),
    ])
}

fn delay(ms: u32, all: (&'static str, Node)) -> (&'static str, Node) {
    ("delay", map([all, ("fixedDelay", format!("{}s", ms / 1000).into())]))
}
