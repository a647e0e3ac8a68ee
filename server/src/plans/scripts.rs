//! The shell of a drill: what induces the failure, takes it back and checks that. POSIX `sh`, nothing else.
//!
//! No text that anybody sent is part of a script: names in it are made of letters, digits and dashes.
//!
//! Chaos Toolkit replaces `$name` and `${name}` in arguments where its configuration has such a name, and `$$` always:
//! so scripts use neither `$$` nor a name of the configuration in lower case.

use super::host::{Command, Commands};

/// The bodies of the three steps; each is the whole of one shell.
pub(super) struct Steps {
    pub(super) inject: String,
    pub(super) restore: String,
    pub(super) restored: String,
}

/// The line that says where a drill remembers that its failure is on.
pub(super) fn state(name: &str) -> String {
    format!("d=\"${{DRILL_STATE:-$HOME/.waterbear-drills/{name}}}\"\n")
}

/// Steps that run the user's commands, or their defaults, on a host.
pub(super) fn on_host(name: &str, commands: &Commands) -> Steps {
    let state = state(name);
    let more: String =
        commands.more.iter().map(|(name, about, default)| variable(name, about, *default)).collect();
    let load = |command: &Command| format!("{more}{}", command_line(command));
    Steps {
        inject: format!(
            "{state}{}mkdir -p \"$d\" && chmod 700 \"$d\" && : >\"$d/on\" || exit 1\n{}\n",
            load(&commands.inject),
            run(&commands.inject)
        ),
        restore: format!(
            "{state}[ -e \"$d/on\" ] || exit 0\n{}{} && rm -f \"$d/on\"\n",
            load(&commands.restore),
            run(&commands.restore)
        ),
        restored: format!(
            "{}n=0\nuntil {}; do\n  n=$((n + 1))\n  [ \"$n\" -lt \"${{DRILL_SETTLE:-30}}\" ] || exit 1\n  sleep 1\ndone\n",
            load(&commands.restored),
            run(&commands.restored)
        ),
    }
}

fn run(command: &Command) -> String {
    format!("${{DRILL_SHELL:-sh -c}} \"${}\"", command.name)
}

/// A variable with its default; without one the script ends, and says what is missing.
pub(super) fn variable(name: &str, about: &str, default: Option<&str>) -> String {
    match default {
        Some(default) => format!(": \"${{{name}:={default}}}\"\n"),
        None => format!(
            "if [ -z \"${{{name}:-}}\" ]; then echo '{name} is not set. {}' >&2; exit 64; fi\n",
            about.replace('\'', "")
        ),
    }
}

fn command_line(command: &Command) -> String {
    match &command.default {
        Some(text) => {
            format!("if [ -z \"${{{0}:-}}\" ]; then {0}=\"{text}\"; fi\n", command.name)
        }
        None => variable(command.name, command.about, None),
    }
}

/// Steps that switch headers on and off: the file holds those that the drill's own requests carry.
pub(super) fn by_headers(name: &str, headers: &[String]) -> Steps {
    let state = state(name);
    let lines: Vec<String> = headers.iter().map(|header| format!(" '{header}'")).collect();
    let lines = lines.concat();
    Steps {
        inject: format!(
            "{state}mkdir -p \"$d\" && chmod 700 \"$d\" || exit 1\nprintf '%s\\n'{lines} >\"$d/headers\"\n"
        ),
        restore: format!("{state}rm -f \"$d/headers\"\n"),
        restored: format!("{state}[ ! -e \"$d/headers\" ]\n"),
    }
}
