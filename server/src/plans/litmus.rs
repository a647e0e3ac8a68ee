//! Litmus: a ChaosEngine with a probe of the service, and the ChaosResult sent as it is.

use super::drill::{DEADLINE, DELAY_MS, Drill, HANG_MS};
use super::kube::{self, Read};
use super::tree::{self, Node, list, map};
use super::{Engine, Plan, runner};
use crate::types::Failure;

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let mut read = kube::common(drill);
    read.push((
        "DRILL_ACCOUNT",
        "The service account that Litmus works under.",
        Some("litmus-admin".to_owned()),
    ));
    read.extend(more(drill));
    let (experiment, _) = fault(drill);
    let text = format!(
        "{}{}",
        drill.head(&[
            "The ChaosExperiment must be installed in the namespace; the probe decides the verdict."
        ]),
        tree::yaml(&engine(drill))
    );
    let mut variables = runner::common(drill);
    variables.extend(kube::variables(&read));
    drill.plan(
        Engine::Litmus,
        "Litmus reverts the failure when it ends or is stopped; checked by the state of each target in the ChaosResult and by a request (HTTP status).",
        variables,
        vec![
            drill.file("yaml", "application/yaml", text),
            drill.file("sh", "application/x-sh", script(drill, &read, experiment)),
        ],
    )
}

fn more(drill: &Drill<'_>) -> Vec<Read> {
    match drill.failure() {
        Failure::HostOffline => vec![("DRILL_NODE", "The node that is switched off.", None)],
        Failure::Rack => {
            vec![("DRILL_RACK", "The value of the node label topology.kubernetes.io/rack.", None)]
        }
        Failure::DataCentre => vec![
            ("DRILL_LOAD_BALANCER", "The load balancer whose zone is taken away.", None),
            ("DRILL_ZONE", "The zone, for instance eu-west-1a.", None),
            ("DRILL_REGION", "The region of the zone.", None),
        ],
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

/// The experiment, and what is particular to it.
fn fault(drill: &Drill<'_>) -> (&'static str, Vec<(&'static str, String)>) {
    let late = |ms: u32| vec![("LATENCY", ms.to_string()), ("TARGET_SERVICE_PORT", "$DRILL_PORT".to_owned())];
    let one = |name, value: &str| vec![(name, value.to_owned())];
    match drill.failure() {
        Failure::Cpu => ("pod-cpu-hog", one("CPU_CORES", "1")),
        Failure::Memory => ("pod-memory-hog", one("MEMORY_CONSUMPTION", "500")),
        Failure::Disk => ("disk-fill", one("FILL_PERCENTAGE", "90")),
        Failure::DiskWrite => ("disk-fill", one("FILL_PERCENTAGE", "100")),
        Failure::Dns => ("pod-dns-error", one("MATCH_SCHEME", "substring")),
        Failure::Latency => ("pod-network-latency", one("NETWORK_LATENCY", "300")),
        Failure::HostOffline => ("node-poweroff", one("TARGET_NODE", "$DRILL_NODE")),
        Failure::Rack => ("node-drain", one("NODE_LABEL", "topology.kubernetes.io/rack=$DRILL_RACK")),
        Failure::DataCentre => (
            "aws-az-chaos",
            vec![
                ("LOAD_BALANCER_NAME", "$DRILL_LOAD_BALANCER".to_owned()),
                ("ZONES", "$DRILL_ZONE".to_owned()),
                ("REGION", "$DRILL_REGION".to_owned()),
            ],
        ),
        Failure::Delay => ("pod-http-latency", late(DELAY_MS)),
        Failure::Timeout => ("pod-http-latency", late(HANG_MS)),
        Failure::Error => (
            "pod-http-status-code",
            vec![
                ("STATUS_CODE", "503".to_owned()),
                ("MODIFY_RESPONSE_BODY", "true".to_owned()),
                ("TARGET_SERVICE_PORT", "$DRILL_PORT".to_owned()),
            ],
        ),
        // The others are no failures of Litmus, but for this one: the table of support says so before.
        _ => ("pod-network-loss", one("NETWORK_PACKET_LOSS_PERCENTAGE", "100")),
    }
}

fn engine(drill: &Drill<'_>) -> Node {
    let (experiment, settings) = fault(drill);
    let app = if drill.is_dependency() { "app=$DRILL_DEPENDENCY" } else { "app=$DRILL_APP" };
    let mut environment = vec![("TOTAL_CHAOS_DURATION", "$DRILL_SECONDS".to_owned())];
    environment.extend(settings);
    let environment =
        environment.into_iter().map(|(name, value)| map([("name", name.into()), ("value", value.into())]));
    map([
        ("apiVersion", "litmuschaos.io/v1alpha1".into()),
        ("kind", "ChaosEngine".into()),
        ("metadata", drill.metadata()),
        (
            "spec",
            map([
                ("engineState", "active".into()),
                ("chaosServiceAccount", "$DRILL_ACCOUNT".into()),
                ("jobCleanUpPolicy", "retain".into()),
                (
                    "appinfo",
                    map([
                        ("appns", "$DRILL_NAMESPACE".into()),
                        ("applabel", app.into()),
                        ("appkind", "deployment".into()),
                    ]),
                ),
                (
                    "experiments",
                    list([map([
                        ("name", experiment.into()),
                        (
                            "spec",
                            map([
                                ("components", map([("env", Node::List(environment.collect()))])),
                                ("probe", list([probe()])),
                            ]),
                        ),
                    ])]),
                ),
            ]),
        ),
    ])
}

/// The hypothesis: without a probe a verdict of Litmus says nothing.
fn probe() -> Node {
    let get = map([("criteria", "==".into()), ("responseCode", "200".into())]);
    map([
        ("name", "the-service-answers".into()),
        ("type", "httpProbe".into()),
        ("mode", "Continuous".into()),
        ("httpProbe/inputs", map([("url", "$DRILL_URL".into()), ("method", map([("get", get)]))])),
        (
            "runProperties",
            map([
                ("probeTimeout", format!("{DEADLINE}s").into()),
                ("interval", "2s".into()),
                ("attempt", 1.into()),
                ("stopOnFailure", true.into()),
            ]),
        ),
    ])
}

fn script(drill: &Drill<'_>, read: &[Read], experiment: &str) -> String {
    let name = &drill.name;
    let seconds = drill.seconds;
    let place = "--namespace \"$DRILL_NAMESPACE\"";
    let fill = kube::fill(drill, read, "yaml");
    let (head, credentials) = (drill.head(&[]), runner::credentials(drill));
    let prepare = kube::prepare(read, &["kubectl", "envsubst", "curl"]);
    let post =
        runner::post(&format!("ingest/litmus?{}", drill.query()), &format!("@$here/{name}.result.json"));
    let url = runner::URL;
    format!(
        r#"#!/bin/sh
{head}set -u
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
{credentials}: "${{DRILL_URL:={url}}}" "${{DRILL_SECONDS:={seconds}}}" "${{DRILL_DEADLINE:={DEADLINE}}}"
{prepare}
answers() {{ curl --silent --show-error --fail --output /dev/null --max-time "$DRILL_DEADLINE" --url "$DRILL_URL"; }}
answers || {{ echo 'The service does not answer: the drill does not begin.' >&2; exit 1; }}
take_back() {{
  kubectl {place} patch chaosengine {name} --type merge --patch '{{"spec":{{"engineState":"stop"}}}}'
}}
trap 'take_back; exit 130' INT TERM
{fill} | kubectl apply --filename - || exit 1
n=0
until [ "$(kubectl {place} get chaosengine {name} --output jsonpath='{{.status.engineStatus}}')" = completed ]; do
  n=$((n + 5))
  if [ "$n" -gt "$((DRILL_SECONDS + 300))" ]; then echo 'It does not end: stopped.' >&2; take_back; break; fi
  sleep 5
done
trap - INT TERM
kubectl {place} get chaosresult {name}-{experiment} --output json >"$here/{name}.result.json" || exit 1
{post} || exit 1
kubectl {place} delete chaosengine {name} --ignore-not-found --wait --timeout=120s
[ -z "$(kubectl {place} get chaosengine {name} --ignore-not-found --output name)" ] && answers
"#
    )
}
