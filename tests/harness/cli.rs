//! The command line, run to its end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::places::binary;

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Output {
    /// Goes on only with exit code 0.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "exit code {}\n{}\n{}", self.code, self.out, self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {}\n{}", self.out, self.err))
    }
}

/// Runs `waterbear` with `args` in `dir`, with nothing in its environment but `env`.
pub fn run(dir: &Path, env: &[(String, String)], args: &[&str]) -> Output {
    run_with_input(dir, env, args, b"")
}

/// The same with something on standard input.
pub fn run_with_input(dir: &Path, env: &[(String, String)], args: &[&str], input: &[u8]) -> Output {
    let mut child = command(dir, env)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{} cannot be started: {e}", binary().display()));
    if let Some(mut stdin) = child.stdin.take() {
        // A command that reads nothing closes its end: not our failure.
        let _ = stdin.write_all(input);
    }
    let done = child.wait_with_output().unwrap_or_else(|e| panic!("waiting for waterbear: {e}"));
    Output {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

/// The binary with a clean environment.
pub(crate) fn command(dir: &Path, env: &[(String, String)]) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir).current_dir(dir);
    command.envs(env.iter().map(|(k, v)| (k, v)));
    command
}
