//! toxiproxy: one toxic, put on a proxy and taken off again by calls of its API.

use super::drill::{DELAY_MS, Drill};
use super::scripts::Steps;
use super::tree::{self, Node, map};
use super::{Engine, Plan, Variable, runner, scripts};
use crate::types::Failure;

const ADDRESS: &str = "http://127.0.0.1:8474";

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let proxy = if drill.is_dependency() { drill.target.as_str() } else { drill.service.as_str() };
    let prepare = format!(
        "{}{}",
        scripts::variable("DRILL_TOXIPROXY", "", Some(ADDRESS)),
        scripts::variable("DRILL_PROXY", "", Some(proxy)),
    );
    let script = runner::script(
        drill,
        &runner::Engine {
            tool: "toxiproxy",
            prepare: &prepare,
            headers: &[],
            steps: steps(drill),
            after: "",
        },
    );
    let mut variables = runner::common(drill);
    variables.push(Variable {
        name: "DRILL_TOXIPROXY",
        about: "Where toxiproxy takes calls.".to_owned(),
        default: Some(ADDRESS.to_owned()),
    });
    variables.push(Variable {
        name: "DRILL_PROXY",
        about: "The proxy through which the calls go that shall fail.".to_owned(),
        default: Some(proxy.to_owned()),
    });
    drill.plan(
        Engine::Toxiproxy,
        "The toxic is deleted; checked by its absence (HTTP 404) and by a request to the service (HTTP status).",
        variables,
        vec![
            drill.file("json", "application/json", tree::json(&toxic(drill))),
            drill.file("sh", "application/x-sh", script),
        ],
    )
}

fn toxic(drill: &Drill<'_>) -> Node {
    let (kind, attributes) = match drill.failure() {
        Failure::Error => ("reset_peer", map([("timeout", 0.into())])),
        Failure::Delay => ("latency", map([("latency", i64::from(DELAY_MS).into())])),
        Failure::Latency => ("latency", map([("latency", 300.into()), ("jitter", 50.into())])),
        // Zero: nothing goes through, and nothing is closed.
        _ => ("timeout", map([("timeout", 0.into())])),
    };
    map([
        ("name", drill.name.as_str().into()),
        ("type", kind.into()),
        ("stream", "downstream".into()),
        ("toxicity", 1.into()),
        ("attributes", attributes),
    ])
}

fn steps(drill: &Drill<'_>) -> Steps {
    let name = &drill.name;
    let call = "curl --silent --show-error --output /dev/null --max-time 10";
    let list = "\"$DRILL_TOXIPROXY/proxies/$DRILL_PROXY/toxics\"";
    let one = format!("\"$DRILL_TOXIPROXY/proxies/$DRILL_PROXY/toxics/{name}\"");
    Steps {
        inject: format!(
            "{call} --fail --header 'Content-Type: application/json' --data \"@$here/{name}.json\" --url {list}\n"
        ),
        restore: format!("{call} --request DELETE --url {one}\n"),
        restored: format!("[ \"$({call} --write-out '%{{http_code}}' --url {one})\" = 404 ]\n"),
    }
}
