//! AWS Fault Injection Service: an experiment template, as `create-experiment-template` takes it.
//!
//! `completed` says that the failure ran, not that the service stood it: the script checks the service itself.

use super::drill::Drill;
use super::kube::{self, Read};
use super::scripts::Steps;
use super::tree::{self, Node, list, map};
use super::{Engine, Plan, quote, runner, scripts};
use crate::types::Failure;

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let mut read: Vec<Read> = vec![
        ("DRILL_ROLE_ARN", "The role under which FIS works.", None),
        ("DRILL_ALARM_ARN", "The CloudWatch alarm that stops the experiment.", None),
        ("DRILL_REGION", "The region.", None),
        ("DRILL_TAG", "The value of the tag `service` on what is hit.", Some(drill.service.clone())),
    ];
    match drill.failure() {
        Failure::Rack => read.push(("DRILL_RACK", "The value of the tag `rack` on its instances.", None)),
        Failure::DataCentre => read.push(("DRILL_ZONE", "The availability zone.", None)),
        _ => {}
    }
    let script = runner::script(
        drill,
        &runner::Engine {
            tool: "aws-fis",
            prepare: &format!(
                "{}export AWS_REGION=\"$DRILL_REGION\"\n",
                kube::prepare(&read, &["aws", "envsubst"])
            ),
            headers: &[],
            steps: steps(drill, &read),
            after: &after(drill),
        },
    );
    let mut variables = runner::common(drill);
    variables.extend(kube::variables(&read));
    drill.plan(
        Engine::AwsFis,
        "The experiment ends by itself or is stopped; checked by its state and by a request (HTTP status).",
        variables,
        vec![
            drill.file("json", "application/json", tree::json(&template(drill))),
            drill.file("sh", "application/x-sh", script),
        ],
    )
}

fn template(drill: &Drill<'_>) -> Node {
    let tags = drill.identity().into_iter().map(|(name, value)| {
        // What a tag may hold: letters, digits, spaces and + - = . _ : / @
        let value: String = value
            .chars()
            .map(|c| if c.is_alphanumeric() || " +-=._:/@".contains(c) { c } else { '-' })
            .take(256)
            .collect();
        (format!("waterbear.dev/{name}"), Node::Text(value))
    });
    let (action, target) = fault(drill);
    let stop = map([("source", "aws:cloudwatch:alarm".into()), ("value", "$DRILL_ALARM_ARN".into())]);
    let about: String = quote::comment(&drill.title).chars().take(512).collect();
    map([
        ("description", about.into()),
        ("roleArn", "$DRILL_ROLE_ARN".into()),
        ("targets", map([("hit", target)])),
        ("actions", map([("fail", action)])),
        ("stopConditions", list([stop])),
        (
            "experimentOptions",
            map([
                ("accountTargeting", "single-account".into()),
                ("emptyTargetResolutionMode", "fail".into()),
            ]),
        ),
        ("tags", Node::Map(tags.collect())),
    ])
}

/// The action with its parameters, and what it hits.
fn fault(drill: &Drill<'_>) -> (Node, Node) {
    let for_so_long = "PT${DRILL_SECONDS}S";
    let instance = "aws:ec2:instance";
    let run = |document: &str, more: &str| {
        let parameters = format!("{{\"DurationSeconds\": \"${{DRILL_SECONDS}}\"{more}}}");
        let arn = format!("arn:aws:ssm:$DRILL_REGION::document/{document}");
        let action = action(
            "aws:ssm:send-command",
            vec![
                ("documentArn", arn.as_str()),
                ("documentParameters", &parameters),
                ("duration", for_so_long),
            ],
            "Instances",
        );
        (action, target(instance, &[("service", "$DRILL_TAG")], "COUNT(1)", None))
    };
    match drill.failure() {
        Failure::Cpu => run("AWSFIS-Run-CPU-Stress", ""),
        Failure::Memory => run("AWSFIS-Run-Memory-Stress", ", \"Percent\": \"90\""),
        Failure::Disk => run("AWSFIS-Run-Disk-Fill", ", \"Percent\": \"95\""),
        Failure::Latency => run("AWSFIS-Run-Network-Latency", ", \"DelayMilliseconds\": \"300\""),
        Failure::DiskWrite => (
            action("aws:ebs:pause-volume-io", vec![("duration", for_so_long)], "Volumes"),
            target("aws:ec2:ebs-volume", &[("service", "$DRILL_TAG")], "COUNT(1)", None),
        ),
        Failure::HostOffline | Failure::Rack => {
            let stop = vec![("startInstancesAfterDuration", for_so_long)];
            let rack = [("service", "$DRILL_TAG"), ("rack", "$DRILL_RACK")];
            let hit = if drill.failure() == Failure::Rack {
                target(instance, &rack, "ALL", None)
            } else {
                target(instance, &[("service", "$DRILL_TAG")], "COUNT(1)", None)
            };
            (action("aws:ec2:stop-instances", stop, "Instances"), hit)
        }
        other => {
            let scope = vec![("duration", for_so_long), ("scope", "all")];
            let zone = (other == Failure::DataCentre).then_some("$DRILL_ZONE");
            let mode = if zone.is_some() { "ALL" } else { "COUNT(1)" };
            (
                action("aws:network:disrupt-connectivity", scope, "Subnets"),
                target("aws:ec2:subnet", &[("service", "$DRILL_TAG")], mode, zone),
            )
        }
    }
}

fn action(id: &str, parameters: Vec<(&str, &str)>, hits: &str) -> Node {
    let parameters =
        parameters.into_iter().map(|(name, value)| (name.to_owned(), Node::from(value))).collect();
    map([
        ("actionId", id.into()),
        ("parameters", Node::Map(parameters)),
        ("targets", map([(hits, "hit".into())])),
    ])
}

fn target(kind: &str, tags: &[(&str, &str)], mode: &str, zone: Option<&str>) -> Node {
    let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), Node::from(*value))).collect();
    let mut fields = vec![
        ("resourceType".to_owned(), kind.into()),
        ("resourceTags".to_owned(), Node::Map(tags)),
        ("selectionMode".to_owned(), mode.into()),
    ];
    if let Some(zone) = zone {
        // Subnets know their zone by parameter, not by tag.
        fields.push(("parameters".to_owned(), map([("availabilityZoneIdentifier", zone.into())])));
    }
    Node::Map(fields)
}

const STATE: &str = "aws fis get-experiment --id \"$id\" --query experiment.state.status --output text";

fn steps(drill: &Drill<'_>, read: &[Read]) -> Steps {
    let state = scripts::state(&drill.name);
    let known = format!("{state}id=$(cat \"$d/experiment\" 2>/dev/null)\n");
    let fill = kube::fill(drill, read, "json");
    Steps {
        inject: format!(
            "{state}mkdir -p \"$d\" && chmod 700 \"$d\" || exit 1\n\
             rm -f \"$d/template\" \"$d/experiment\" \"$d/ended\"\n\
             {fill} >\"$d/template.json\" || exit 1\n\
             template=$(aws fis create-experiment-template --cli-input-json \"file://$d/template.json\" --query experimentTemplate.id --output text) || exit 1\n\
             printf '%s' \"$template\" >\"$d/template\"\n\
             id=$(aws fis start-experiment --experiment-template-id \"$template\" --query experiment.id --output text) || exit 1\n\
             printf '%s' \"$id\" >\"$d/experiment\"\n\
             n=0\n\
             until [ \"$({STATE})\" = running ]; do\n  n=$((n + 5))\n  [ \"$n\" -lt 120 ] || exit 1\n  sleep 5\ndone\n"
        ),
        // How it stood before anybody here stopped it: only the alarm stops it otherwise.
        restore: format!(
            "{known}if [ -n \"$id\" ]; then\n  now=$({STATE})\n  printf '%s' \"$now\" >\"$d/ended\"\n  \
             [ \"$now\" != running ] || aws fis stop-experiment --id \"$id\" --output text >/dev/null || exit 1\nfi\n\
             [ ! -s \"$d/template\" ] || aws fis delete-experiment-template --id \"$(cat \"$d/template\")\" --output text >/dev/null || exit 1\n\
             rm -f \"$d/template\"\n"
        ),
        restored: format!(
            "{known}[ -n \"$id\" ] || exit 0\nn=0\n\
             while :; do\n  case \"$({STATE})\" in completed|stopped) exit 0 ;; failed) exit 1 ;; esac\n  n=$((n + 5))\n  [ \"$n\" -lt 300 ] || exit 1\n  sleep 5\ndone\n"
        ),
    }
}

/// An alarm that fired is a failure of the service; an action that failed is none of it.
fn after(drill: &Drill<'_>) -> String {
    format!(
        "{}case \"$(cat \"$d/ended\" 2>/dev/null)\" in\n  stopping|stopped) outcome=failed ;;\n  failed) [ \"$outcome\" = failed ] || outcome=inconclusive ;;\nesac\n",
        scripts::state(&drill.name)
    )
}
