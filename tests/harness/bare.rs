//! A server started the way a newcomer does: a command in an empty directory, nothing configured.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::cli::command;

/// A process that ends when this is dropped.
#[derive(Debug)]
pub struct Bare {
    child: Child,
    /// Where it listens.
    pub base: String,
    /// What it printed until it was ready, and shortly after.
    pub lines: Vec<String>,
}

impl Bare {
    /// Runs `waterbear` with `args` in `dir`; only the port is chosen for it.
    pub fn start(dir: &Path, args: &[&str], limit: Duration) -> Self {
        crate::prepare_tls();
        let env = [("WATERBEAR_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
        let child = command(dir, &env)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("waterbear cannot be started: {e}"));
        let mut bare = Self { child, base: String::new(), lines: Vec::new() };
        let (send, receive) = mpsc::channel();
        if let (Some(out), Some(err)) = (bare.child.stdout.take(), bare.child.stderr.take()) {
            forward(out, send.clone());
            forward(err, send);
        }
        let started = Instant::now();
        while bare.base.is_empty() || receive_into(&receive, &mut bare.lines) {
            assert!(started.elapsed() < limit, "not ready after {limit:?}: {:?}", bare.lines);
            receive_into(&receive, &mut bare.lines);
            let found = bare.lines.iter().find_map(|l| l.split_once("listening on "));
            bare.base = found.map(|(_, base)| base.trim().to_owned()).unwrap_or_default();
        }
        bare
    }
}

fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = to.send(line);
        }
    });
}

fn receive_into(receive: &mpsc::Receiver<String>, lines: &mut Vec<String>) -> bool {
    let line = receive.recv_timeout(Duration::from_millis(200));
    line.map(|l| lines.push(l)).is_ok()
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Asked first: the demo then takes its temporary database with it.
        let _ = std::process::Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(10) && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
