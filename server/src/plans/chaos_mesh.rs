//! Chaos Mesh: one object that induces the failure and ends it by its `duration`.
//!
//! Its status says whether the failure went in and came out, and nothing of the service: the script checks the service
//! itself, and sends the object too, as the proof that there was a failure.

use super::drill::{DELAY_MS, Drill, HANG_MS, HEADER};
use super::kube::{self, Read};
use super::tree::{self, Node, map};
use super::{Engine, Plan, runner};
use crate::types::Failure;

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let mut read = kube::common(drill);
    read.extend(more(drill));
    let (kind, spec) = fault(drill);
    let object = map([
        ("apiVersion", "chaos-mesh.org/v1alpha1".into()),
        ("kind", kind.into()),
        ("metadata", drill.metadata()),
        ("spec", spec),
    ]);
    let text = format!("{}{}", drill.head(&[]), tree::yaml(&object));
    let plural = kind.to_lowercase();
    let name = &drill.name;
    let place = "--namespace \"$DRILL_NAMESPACE\"";
    // An object that selected nothing has nothing left to inject either.
    let wait = format!(
        "kubectl {place} wait --for=condition=Selected {plural}/{name} --timeout=30s || exit 1\n\
         kubectl {place} wait --for=condition=AllInjected {plural}/{name} --timeout=60s\n"
    );
    // Kept before it is deleted; after a failure nobody waits for the duration to end.
    let before = format!(
        "[ \"$outcome\" = failed ] || kubectl {place} wait --for=condition=AllRecovered {plural}/{name} --timeout=30s\n\
         kubectl {place} get {plural} {name} --output json >\"$here/{name}.object.json\" 2>/dev/null\n"
    );
    let after = format!(
        "if [ -s \"$here/{name}.object.json\" ]; then\n{} || echo 'The object of Chaos Mesh was not taken; the result follows.' >&2\nfi\n",
        runner::post(&format!("ingest/chaos-mesh?{}", drill.query()), &format!("@$here/{name}.object.json"))
    );
    let marked = [format!("{HEADER}: {}", drill.target)];
    let script = runner::script(
        drill,
        &runner::Engine {
            tool: "chaos-mesh",
            prepare: &kube::prepare(&read, &["kubectl", "envsubst"]),
            headers: if drill.is_dependency() { &marked } else { &[] },
            steps: kube::steps(drill, &read, &plural, &wait, &before),
            after: &after,
        },
    );
    let mut variables = runner::common(drill);
    variables.extend(kube::variables(&read));
    drill.plan(
        Engine::ChaosMesh,
        "The object ends by its duration or is deleted, which takes the failure back first; checked by its absence and by a request (HTTP status).",
        variables,
        vec![
            drill.file("yaml", "application/yaml", text),
            drill.file("sh", "application/x-sh", script),
        ],
    )
}

fn more(drill: &Drill<'_>) -> Vec<Read> {
    match drill.failure() {
        Failure::Disk | Failure::DiskWrite => {
            vec![("DRILL_VOLUME", "Where the volume is mounted in the container.", None)]
        }
        Failure::Rack => {
            vec![("DRILL_RACK", "The value of the node label topology.kubernetes.io/rack.", None)]
        }
        Failure::DataCentre => {
            vec![("DRILL_ZONE", "The value of the node label topology.kubernetes.io/zone.", None)]
        }
        Failure::Error | Failure::Delay | Failure::Timeout => vec![
            (
                "DRILL_DEPENDENCY",
                "The value of the label `app` on the pods of the dependency.",
                Some(drill.target.clone()),
            ),
            ("DRILL_PORT", "The port on which the dependency listens.", Some("8080".to_owned())),
        ],
        _ => Vec::new(),
    }
}

/// The kind of the object, and its specification.
fn fault(drill: &Drill<'_>) -> (&'static str, Node) {
    let one = |kind, fields: Vec<(&str, Node)>| (kind, spec("one", kube::selector("$DRILL_APP"), fields));
    match drill.failure() {
        Failure::Cpu => {
            let load = map([("workers", 2.into()), ("load", 90.into())]);
            one("StressChaos", vec![("stressors", map([("cpu", load)]))])
        }
        Failure::Memory => {
            let size = map([("workers", 1.into()), ("size", "90%".into())]);
            one("StressChaos", vec![("stressors", map([("memory", size)]))])
        }
        // ENOSPC and EROFS.
        Failure::Disk => one("IOChaos", io(28)),
        Failure::DiskWrite => one("IOChaos", io(30)),
        Failure::Latency => {
            let late = map([("latency", "300ms".into())]);
            one("NetworkChaos", vec![("action", "delay".into()), ("direction", "to".into()), ("delay", late)])
        }
        Failure::Dns => one("DNSChaos", vec![("action", "error".into())]),
        Failure::Clock => one("TimeChaos", vec![("timeOffset", "-10m".into())]),
        Failure::HostOffline => one("PodChaos", vec![("action", "pod-failure".into())]),
        Failure::Rack => by_node("topology.kubernetes.io/rack", "$DRILL_RACK"),
        Failure::DataCentre => by_node("topology.kubernetes.io/zone", "$DRILL_ZONE"),
        Failure::Error | Failure::Delay | Failure::Timeout => http(drill),
        // The others are no failures of Chaos Mesh: the table of support says so before.
        _ => one("NetworkChaos", cut_off()),
    }
}

fn spec(mode: &str, selector: Node, fields: Vec<(&str, Node)>) -> Node {
    let mut all = vec![("mode", mode.into()), ("selector", selector)];
    all.extend(fields);
    all.push(("duration", Node::Text("${DRILL_SECONDS}s".to_owned())));
    Node::Map(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn cut_off() -> Vec<(&'static str, Node)> {
    vec![
        ("action", "partition".into()),
        ("direction", "to".into()),
        ("externalTargets", vec!["0.0.0.0/0"].into()),
    ]
}

fn io(errno: i64) -> Vec<(&'static str, Node)> {
    vec![
        ("action", "fault".into()),
        ("volumePath", "$DRILL_VOLUME".into()),
        ("path", "$DRILL_VOLUME/**/*".into()),
        ("methods", vec!["WRITE"].into()),
        ("errno", errno.into()),
        ("percent", 100.into()),
    ]
}

/// All pods of the service on the nodes with a label.
fn by_node(label: &str, value: &str) -> (&'static str, Node) {
    let selector = map([
        ("namespaces", vec!["$DRILL_NAMESPACE"].into()),
        ("labelSelectors", map([("app", "$DRILL_APP".into())])),
        ("nodeSelectors", map([(label, value.into())])),
    ]);
    ("NetworkChaos", spec("all", selector, cut_off()))
}

/// Requests to the dependency that carry the drill's header.
fn http(drill: &Drill<'_>) -> (&'static str, Node) {
    let header = map([(HEADER, drill.target.as_str().into())]);
    let (target, fault) = match drill.failure() {
        Failure::Error => ("Response", ("replace", map([("code", 503.into())]))),
        Failure::Delay => ("Request", ("delay", format!("{}s", DELAY_MS / 1000).into())),
        _ => ("Request", ("delay", format!("{}s", HANG_MS / 1000).into())),
    };
    let fields = vec![
        ("target", target.into()),
        ("port", Node::Bare("$DRILL_PORT")),
        ("path", "*".into()),
        ("request_headers", header),
        fault,
    ];
    ("HTTPChaos", spec("all", kube::selector("$DRILL_DEPENDENCY"), fields))
}
