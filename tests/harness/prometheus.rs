//! A real Prometheus that scrapes a made-up service of five instances, one of them bad.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::stub::{Stub, Told};

/// Bounds of the buckets in seconds, and the share of calls up to each: of a healthy instance, of the bad one.
const BUCKETS: &[(&str, f64, f64)] = &[
    ("0.001", 0.001, 0.000_5),
    ("0.0025", 0.15, 0.06),
    ("0.005", 0.70, 0.28),
    ("0.01", 0.96, 0.395),
    ("0.015", 0.985, 0.399),
    ("0.025", 0.999_5, 0.40),
    ("0.1", 1.0, 0.40),
    ("1", 1.0, 0.44),
    ("2.5", 1.0, 0.76),
    ("5", 1.0, 0.97),
    ("10", 1.0, 0.999),
    ("+Inf", 1.0, 1.0),
];

/// Calls a second of each instance.
const QPS: f64 = 200.0;

/// The server and what it scrapes; both end when this is dropped.
#[derive(Debug)]
pub struct Prometheus {
    process: Child,
    base: String,
    bad: String,
    _instances: Vec<Stub>,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts it, with `job` as the name of the service; none where there is no Prometheus.
    pub fn start(job: &str) -> Option<Self> {
        let program = program()?;
        let began = Instant::now();
        let instances: Vec<Stub> =
            (0..5).map(|n| Stub::start(move |_| Told::new(200, exposed(began.elapsed(), n == 2)))).collect();
        let dir = TempDir::new().unwrap_or_else(|e| panic!("no temporary directory: {e}"));
        let targets: Vec<String> =
            instances.iter().map(|i| format!("\"{}\"", i.base().trim_start_matches("http://"))).collect();
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n- job_name: {job}\n  \
             static_configs: [{{targets: [{}]}}]\n",
            targets.join(", ")
        );
        let file = dir.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let port = free_port();
        let log = std::fs::File::create(dir.path().join("log")).unwrap_or_else(|e| panic!("no log: {e}"));
        let process = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("Prometheus cannot be started: {e}"));
        let bad = instances[2].base().trim_start_matches("http://").to_owned();
        let base = format!("http://127.0.0.1:{port}");
        let server = Self { process, base, bad, _instances: instances, _dir: dir };
        server.wait();
        Some(server)
    }

    /// Where it answers.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The label `instance` of the bad one.
    pub fn bad_instance(&self) -> &str {
        &self.bad
    }

    fn wait(&self) {
        crate::prepare_tls();
        let began = Instant::now();
        let ready = format!("{}/-/ready", self.base);
        while !reqwest::blocking::get(&ready).is_ok_and(|r| r.status().is_success()) {
            assert!(began.elapsed() < Duration::from_mins(1), "Prometheus does not become ready");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The metrics of an instance after some time.
fn exposed(elapsed: Duration, bad: bool) -> String {
    let calls = (elapsed.as_secs_f64() * QPS).floor();
    let name = "http_server_request_duration_seconds";
    let mut text = format!("# TYPE {name} histogram\n");
    let failed = if bad { 0.36 } else { 0.000_5 };
    for (code, share) in [("200", 1.0 - failed), ("503", failed)] {
        let label = format!("http_response_status_code=\"{code}\"");
        for (le, well, ill) in BUCKETS {
            let part = if bad { *ill } else { *well };
            let _ = writeln!(text, "{name}_bucket{{{label},le=\"{le}\"}} {}", (calls * share * part).floor());
        }
        let mean = if bad { 1.5 } else { 0.005 };
        let _ = writeln!(text, "{name}_sum{{{label}}} {}", calls * share * mean);
        let _ = writeln!(text, "{name}_count{{{label}}} {}", (calls * share).floor());
    }
    text
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.unwrap_or_else(|e| panic!("no free port: {e}")).port()
}

/// `WATERBEAR_PROMETHEUS`, or the one on the path.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("WATERBEAR_PROMETHEUS") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').map(|dir| PathBuf::from(dir).join("prometheus")).find(|p| p.is_file())
}
