//! A server started the way a newcomer does: a command in an empty directory, nothing configured.

use std::io::{BufRead, BufReader};
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
    /// What it printed on standard output until it was ready, and shortly after.
    pub lines: Vec<String>,
}

impl Bare {
    /// Runs `waterbear` with `args` in `dir`; only the port is chosen for it.
    pub fn start(dir: &Path, args: &[&str], limit: Duration) -> Self {
        let env = [("WATERBEAR_LISTEN".to_owned(), "127.0.0.1:0".to_owned())];
        let child = command(dir, &env)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("waterbear cannot be started: {e}"));
        let mut bare = Self { child, base: String::new(), lines: Vec::new() };
        let out = bare.child.stdout.take().unwrap_or_else(|| panic!("no standard output"));
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
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

fn receive_into(receive: &mpsc::Receiver<String>, lines: &mut Vec<String>) -> bool {
    let line = receive.recv_timeout(Duration::from_millis(200));
    line.map(|l| lines.push(l)).is_ok()
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
