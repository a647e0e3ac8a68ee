//! The script that runs a plan whose engine judges nothing: it checks the service before, during and after, takes the
//! failure back, checks that, and sends one drill result.

use super::drill::{DEADLINE, Drill};
use super::scripts::Steps;
use super::{Variable, quote};
use crate::plans::tree;

/// The page that is checked, unless said otherwise.
pub(super) const URL: &str = "http://127.0.0.1:8080/";

/// Variables of every plan.
pub(super) fn common(drill: &Drill<'_>) -> Vec<Variable> {
    let of = |name, about: &str, default: Option<String>| Variable { name, about: about.to_owned(), default };
    vec![
        of("WATERBEAR_TOKEN", "A token with the scope drills:write; it is never written to a file.", None),
        of("WATERBEAR_URL", "Where the result is sent.", Some(drill.ask.waterbear.clone())),
        of("DRILL_URL", "The page of the service whose answer is checked.", Some(URL.to_owned())),
        of("DRILL_SECONDS", "How long the failure lasts.", Some(drill.seconds.to_string())),
        of("DRILL_DEADLINE", "Seconds in which the page must answer.", Some(DEADLINE.to_string())),
    ]
}

/// Where the result goes, and with which token.
pub(super) fn credentials(drill: &Drill<'_>) -> String {
    let address = quote::shell(&drill.ask.waterbear);
    format!(
        "[ -n \"${{WATERBEAR_URL:-}}\" ] || WATERBEAR_URL={address}\n\
         if [ -z \"${{WATERBEAR_TOKEN:-}}\" ]; then echo 'WATERBEAR_TOKEN is not set: a token with the scope drills:write.' >&2; exit 64; fi\n"
    )
}

/// The call that sends `body` (a text, or `@` and a file). The token does not show up in the list of processes.
pub(super) fn post(path: &str, body: &str) -> String {
    format!(
        "printf 'header = \"Authorization: Bearer %s\"\\n' \"$WATERBEAR_TOKEN\" |\n  \
         curl --config - --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 60 \\\n    \
         --header 'Content-Type: application/json' --data-binary \"{body}\" \\\n    \
         --url \"$WATERBEAR_URL/api/v1/{path}\""
    )
}

/// What is particular to an engine.
pub(super) struct Engine<'a> {
    /// Its name in the result.
    pub(super) tool: &'a str,
    /// Lines that set defaults and name what is missing.
    pub(super) prepare: &'a str,
    /// Headers of the requests that check the service while the failure is on.
    pub(super) headers: &'a [String],
    /// What induces the failure, takes it back and checks that.
    pub(super) steps: Steps,
    /// Lines that run when all is over, for instance to send the engine's own document too.
    pub(super) after: &'a str,
}

/// The whole script.
pub(super) fn script(drill: &Drill<'_>, engine: &Engine<'_>) -> String {
    let head = drill.head(&[]);
    let headers: Vec<String> =
        engine.headers.iter().map(|h| format!(" --header {}", quote::shell(h))).collect();
    let headers = headers.concat();
    let (credentials, prepare, after) = (credentials(drill), engine.prepare, engine.after);
    let Steps { inject, restore, restored } = &engine.steps;
    let seconds = drill.seconds;
    let post = post("drills", "$body");
    let body = body(drill, engine.tool);
    format!(
        r#"#!/bin/sh
{head}set -u
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
{credentials}: "${{DRILL_URL:={URL}}}" "${{DRILL_SECONDS:={seconds}}}" "${{DRILL_DEADLINE:={DEADLINE}}}"
{prepare}
now() {{ date -u +%Y-%m-%dT%H:%M:%SZ; }}
answers() {{ curl --silent --show-error --fail --output /dev/null --max-time "$DRILL_DEADLINE" --url "$DRILL_URL" "$@"; }}
induce() (
{inject})
take_back() (
{restore})
is_gone() (
{restored})

outcome=inconclusive
rollback=not_run
started=$(now)
if ! answers; then
  echo 'The service did not answer before the failure: the drill did not run.' >&2
else
  trap 'outcome=failed; take_back; exit 130' INT TERM
  if induce; then
    outcome=passed
    until_then=$(($(date +%s) + DRILL_SECONDS))
    while :; do
      answers{headers} || {{ outcome=failed; break; }}
      [ "$(date +%s)" -lt "$until_then" ] || break
      sleep 1
    done
  else
    echo 'The failure could not be induced.' >&2
  fi
  if take_back && is_gone && answers; then rollback=succeeded; else rollback=failed; fi
  trap - INT TERM
fi
ended=$(now)
{after}{body}
{post} || exit 1
[ "$outcome" = passed ]
"#
    )
}

/// The line that puts the result together. What identifies the drill stands between single quotes.
fn body(drill: &Drill<'_>, tool: &str) -> String {
    let text = |name: &str, value: &str| format!("{}: {}", tree::quoted_json(name), tree::quoted_json(value));
    let mut fields: Vec<String> = drill.identity().iter().map(|(name, value)| text(name, value)).collect();
    fields.push(text("hypothesis", &drill.hypothesis));
    fields.push(format!("\"source\": {{\"tool\": {}}}", tree::quoted_json(tool)));
    let fixed = quote::shell(&fields.join(", "));
    format!(
        "body=\"{{$(printf '%s' {fixed}), \\\"outcome\\\": \\\"$outcome\\\", \\\"rollback\\\": {{\\\"outcome\\\": \\\"$rollback\\\"}}, \
         \\\"started_at\\\": \\\"$started\\\", \\\"ended_at\\\": \\\"$ended\\\"}}\""
    )
}
