//! Chaos Toolkit, and a toy service on loopback that stands failures or does not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::cli::Output;
use crate::server::Server;
use crate::stub::{Asked, Stub, Told};

/// The directory of `chaos`: of the one that `WATERBEAR_CHAOS` names, or of the one on the path.
pub fn chaos_dir() -> Option<PathBuf> {
    let named = std::env::var_os("WATERBEAR_CHAOS").map(PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = || path.split(':').map(|dir| Path::new(dir).join("chaos")).find(|p| p.is_file());
    named.or_else(on_path)?.parent().map(Path::to_path_buf)
}

/// A service that answers, and what is around it: a directory in which commands leave marks.
#[derive(Debug)]
pub struct Toy {
    stub: Stub,
    dir: TempDir,
}

impl Toy {
    /// One that stands what happens to its host and to its dependency `ads`, or one that does not.
    ///
    /// Its proxy honours the fault headers of Envoy on calls to `ads`, as the filter does: an abort is answered at
    /// once, a delay is waited for. With a fallback the service does not wait, and answers without ads.
    pub fn start(stands_it: bool) -> Self {
        let dir = TempDir::new().unwrap_or_else(|e| panic!("no temporary directory: {e}"));
        let mark = dir.path().join("fault");
        let stub = Stub::start(move |asked| {
            if stands_it {
                return Told::new(200, "{}");
            }
            if mark.exists() {
                return Told::new(503, "{}");
            }
            ads(asked)
        });
        Self { stub, dir }
    }

    /// Where it answers.
    pub fn base(&self) -> &str {
        self.stub.base()
    }

    /// Everything it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.stub.asked()
    }

    /// Its directory; while there is a file `fault` in it, its host is ill.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a script of a plan in `plans` against it, with these variables, to its end.
    pub fn run(&self, server: &Server, script: &Path, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new("sh");
        command.arg(script);
        self.finish(server, command, variables)
    }

    /// Runs a command in the environment of a drill, to its end.
    pub fn finish(&self, server: &Server, mut command: Command, variables: &[(&str, &str)]) -> Output {
        let chaos = chaos_dir().map(|dir| format!("{}:", dir.display())).unwrap_or_default();
        let done = command
            .env_clear()
            .env("PATH", format!("{chaos}/usr/local/bin:/usr/bin:/bin"))
            .env("HOME", self.dir.path())
            .env("WATERBEAR_URL", server.base())
            .env("WATERBEAR_TOKEN", server.token())
            .env("DRILL_URL", format!("{}/", self.base()))
            .env("DRILL_SECONDS", "2")
            .env("DRILL_DEADLINE", "1")
            .env("DRILL_SETTLE", "2")
            .env("DRILL_EVERY", "0.5")
            .envs(variables.iter().copied())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("the script cannot be started: {e}"));
        Output {
            code: done.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&done.stdout).into_owned(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }
}

/// The service without a fallback, behind a proxy that honours the headers for requests to `ads`.
fn ads(asked: &Asked) -> Told {
    if asked.header("x-waterbear-drill") != "ads" {
        return Told::new(200, "{}");
    }
    let number = |name: &str| asked.header(name).parse::<u64>().ok();
    let status = number("x-envoy-fault-abort-request").and_then(|n| u16::try_from(n).ok());
    let mut told = Told::new(status.unwrap_or(200), "{}");
    // Longer than any deadline of a test, and not as long as somebody would have to wait.
    told.pause = Duration::from_millis(number("x-envoy-fault-delay-request").unwrap_or(0).min(3_000));
    told
}
