//! Salt: a state that fails a minion, one that takes it back, and one that checks that, as text.

use super::drill::Drill;
use super::host::{self, Command, Commands};
use super::scripts::Steps;
use super::tree::{self, Node, map};
use super::{Engine, Plan, PlanFile, Variable, runner, scripts};

pub(super) fn write(drill: &Drill<'_>) -> Plan {
    let commands = host::commands(drill.failure(), &drill.name, drill.seconds);
    let mut files = vec![
        state(drill, "induce", &commands.inject, &commands),
        state(drill, "take-back", &commands.restore, &commands),
        state(drill, "is-gone", &commands.restored, &commands),
    ];
    let minions = "The minions that are hit, for instance `web-7`.";
    let script = runner::script(
        drill,
        &runner::Engine {
            tool: "salt",
            prepare: &scripts::variable("DRILL_MINIONS", minions, None),
            headers: &[],
            steps: Steps {
                inject: apply(drill, "induce"),
                restore: apply(drill, "take-back"),
                restored: apply(drill, "is-gone"),
            },
            after: "",
        },
    );
    files.push(drill.file("sh", "application/x-sh", script));
    let mut variables = runner::common(drill);
    variables.push(Variable { name: "DRILL_MINIONS", about: minions.to_owned(), default: None });
    drill.plan(
        Engine::Salt,
        "A second state takes the failure back, a third one checks that it is gone (exit codes), and a request checks the service (HTTP status).",
        variables,
        files,
    )
}

fn apply(drill: &Drill<'_>, what: &str) -> String {
    format!(
        "salt --retcode-passthrough \"$DRILL_MINIONS\" state.template_str \"$(cat \"$here/{}.{what}.sls\")\"\n",
        drill.name
    )
}

fn state(drill: &Drill<'_>, what: &str, command: &Command, commands: &Commands) -> PlanFile {
    // A command without a default has to be written into the file: until then the state fails.
    let text = command.default.as_ref().map_or_else(
        || {
            format!(
                "echo 'Write the command into this file. {}' >&2; exit 64",
                command.about.replace('\'', "")
            )
        },
        |text| text.replace("\\\"", "\"").replace("\\$", "$"),
    );
    let environment = commands
        .more
        .iter()
        .map(|(name, _, default)| Node::Map(vec![((*name).to_owned(), default.unwrap_or("set-me").into())]));
    let mut arguments = vec![map([("name", text.into())])];
    if !commands.more.is_empty() {
        arguments.push(map([("env", Node::List(environment.collect()))]));
    }
    arguments.push(map([("shell", "/bin/sh".into())]));
    let id = format!("{}-{what}", drill.name);
    let body = Node::Map(vec![(id, map([("cmd.run", Node::List(arguments))]))]);
    // Salt renders braces before it reads YAML, in comments too.
    let head = drill.head(&[]).replace('{', "(").replace('}', ")");
    drill.file(&format!("{what}.sls"), "application/yaml", format!("{head}{}", tree::yaml(&body)))
}
