//! A server process of a test's own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::SMALL_CATALOG;
use crate::cli::{self, Output};
use crate::database::Database;
use crate::places;
use crate::reply::Reply;

/// How a server is to be started.
#[derive(Debug, Default)]
pub struct Setup {
    frozen: Option<String>,
    env: Vec<(String, String)>,
    args: Vec<String>,
    files: Vec<(String, String)>,
    sqlite: bool,
}

impl Setup {
    /// The clock stands still at `at` (RFC 3339), and ids count up.
    #[must_use]
    pub fn frozen(mut self, at: &str) -> Self {
        self.frozen = Some(at.to_owned());
        // A nightly run that is due at start would take ids at an instant of its own choosing.
        self.env("WATERBEAR_GRADING_SCHEDULE", "0 0 31 12 *")
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument to `serve`.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Writes a file into the server's directory before it starts.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// On SQLite even when the suite runs on PostgreSQL: the test is about the file.
    #[must_use]
    pub fn on_sqlite(mut self) -> Self {
        self.sqlite = true;
        self
    }

    /// Starts it, and makes one token that may do everything.
    pub fn start(self) -> Server {
        let dir = places::folder_with(&self.files);
        let database = if self.sqlite {
            Database::in_file(&dir.path().join("waterbear.db"))
        } else {
            Database::fresh(dir.path())
        };
        self.on(database, dir).begin()
    }

    /// Starts it on a database that somebody else drops, at `url`.
    pub fn start_at(self, url: &str) -> Server {
        let dir = places::folder_with(&self.files);
        self.on(Database::of_another(url), dir).begin()
    }

    /// Starts a second process on the database of `server`, with the same token.
    pub fn start_beside(self, server: &Server) -> Server {
        let dir = places::folder_with(&self.files);
        let mut replica = self.on(Database::of_another(server.database.url()), dir);
        replica.token.clone_from(&server.token);
        replica.base = replica.spawn();
        replica
    }

    fn on(self, database: Database, dir: TempDir) -> Server {
        crate::prepare_tls();
        Server {
            process: Mutex::new(None),
            base: String::new(),
            token: String::new(),
            http: Client::builder()
                .timeout(Duration::from_mins(2))
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap_or_else(|e| panic!("no HTTP client: {e}")),
            commands: AtomicI64::new(0),
            setup: self,
            database,
            dir,
        }
    }
}

/// A running server; it ends, and its database goes, when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Mutex<Option<Child>>,
    base: String,
    token: String,
    http: Client,
    commands: AtomicI64,
    setup: Setup,
    // Dropped in this order: first the database (a name on a server), then the files.
    database: Database,
    dir: TempDir,
}

impl Server {
    /// Makes the tables and a token, and starts the process.
    fn begin(mut self) -> Self {
        // Only some commands make a database, and `token create` is none of them.
        let _ = self.cli(&["migrate"]).ok();
        self.token = self.new_token("tests", &["admin"]);
        self.base = self.spawn();
        self
    }

    /// A server with nothing in it.
    pub fn start() -> Self {
        Setup::default().start()
    }

    /// A server that knows one service, `checkout` of `shop-team`.
    pub fn with_checkout() -> Self {
        let server = Self::start();
        server.import(SMALL_CATALOG);
        server
    }

    /// A server that knows the sample shop.
    pub fn with_shop() -> Self {
        let server = Self::start();
        server.import(&String::from_utf8_lossy(&places::sample("backstage/catalog-a.yaml")));
        server
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where it listens, for a socket.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Its own directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A token that may do everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.lock().unwrap().as_ref().map_or(0, Child::id)
    }

    /// The most memory it ever held, in kB.
    pub fn peak_memory_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// A request with the token that may do everything.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.request_as(&self.token, method, path)
    }

    /// A request with this token; none when it is empty.
    pub fn request_as(&self, token: &str, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap_or_else(|e| panic!("method {method}: {e}"));
        let request = self.http.request(method, format!("{}{path}", self.base));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    /// Sends a request and reads the answer.
    #[track_caller]
    pub fn send(&self, request: RequestBuilder) -> Reply {
        let request = request.build().unwrap_or_else(|e| panic!("request: {e}"));
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request);
        Reply::read(&asked, response.unwrap_or_else(|e| panic!("{asked}: {e:?}\n{}", self.log_tail())))
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path))
    }

    /// GET, 200, JSON.
    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        self.get(path).expect(200).json()
    }

    /// POST of JSON.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request("POST", path).json(body))
    }

    /// POST of any bytes.
    #[track_caller]
    pub fn post_bytes(&self, path: &str, media: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send(self.request("POST", path).header("content-type", media).body(body.into()))
    }

    /// Posts a drill result.
    #[track_caller]
    pub fn post_drill(&self, body: &Value) -> Reply {
        self.post("/api/v1/drills", body)
    }

    /// Imports a catalog of any number of YAML documents; all must be read.
    #[track_caller]
    pub fn import(&self, yaml: &str) -> Value {
        self.post_bytes("/api/v1/catalog/import", "application/yaml", yaml).expect(200).json()
    }

    /// The scorecard of a service.
    #[track_caller]
    pub fn scorecard(&self, service: &str) -> Value {
        self.json(&format!("/api/v1/services/{service}/scorecard"))
    }

    /// A new token with these scopes, made by the command line.
    #[track_caller]
    pub fn new_token(&self, name: &str, scopes: &[&str]) -> String {
        self.new_limited_token(name, scopes, &[])
    }

    /// A new token with these scopes for these services only.
    #[track_caller]
    pub fn new_limited_token(&self, name: &str, scopes: &[&str], services: &[&str]) -> String {
        let mut args = vec!["token", "create", "--name", name];
        for scope in scopes {
            args.extend(["--scope", scope]);
        }
        for service in services {
            args.extend(["--service", service]);
        }
        let token = self.cli(&args).ok().out.trim().to_owned();
        assert!(token.starts_with("wb_"), "token create printed {token:?}");
        token
    }

    /// Runs a command on this server's database.
    pub fn cli(&self, args: &[&str]) -> Output {
        self.cli_with_input(args, b"")
    }

    /// Runs a command on this server's database with something on standard input.
    pub fn cli_with_input(&self, args: &[&str], input: &[u8]) -> Output {
        let mut all = args.to_vec();
        all.extend(["--database", self.database.url()]);
        let mut env = self.setup.env.clone();
        if let Some(frozen) = &self.setup.frozen {
            // Ids under a frozen clock count up from its instant: each process needs an instant of its own.
            let n = self.commands.fetch_add(1, Ordering::SeqCst) + 1;
            let at = chrono::DateTime::parse_from_rfc3339(frozen).unwrap_or_default();
            let at = (at - chrono::Duration::minutes(n)).to_rfc3339();
            env.push(("WATERBEAR_FROZEN_NOW".into(), at));
        }
        cli::run_with_input(self.dir.path(), &env, &all, input)
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&self) {
        if let Some(mut child) = self.process.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end (SIGTERM), without waiting.
    pub fn ask_to_end(&self) {
        let pid = self.pid().to_string();
        let done = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        assert!(done.is_ok_and(|s| s.success()), "kill -TERM {pid} did not work");
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_end(&self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        let mut process = self.process.lock().unwrap();
        let child = process.as_mut().unwrap_or_else(|| panic!("the server is not running"));
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                return status;
            }
            assert!(started.elapsed() < limit, "the server still runs after {limit:?}\n{}", self.log_tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again on the same database; the address is new.
    pub fn restart(&mut self) {
        self.kill();
        self.base = self.spawn();
    }

    /// The instant at which the clock stands after the next restart.
    pub fn move_clock(&mut self, at: &str) {
        self.setup.frozen = Some(at.to_owned());
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("stderr.log")
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Starts the process and returns its base address once it is ready.
    fn spawn(&self) -> String {
        let log = File::options().create(true).append(true).open(self.log_file());
        let log = log.unwrap_or_else(|e| panic!("no log file: {e}"));
        let mut env = self.setup.env.clone();
        if let Some(frozen) = &self.setup.frozen {
            env.push(("WATERBEAR_FROZEN_NOW".into(), frozen.clone()));
        }
        let mut child = cli::command(self.dir.path(), &env)
            .args(["serve", "--listen", "127.0.0.1:0", "--database", self.database.url()])
            .args(&self.setup.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap_or_else(|e| panic!("the server cannot be started: {e}"));
        let out = child.stdout.take().unwrap_or_else(|| panic!("no standard output"));
        *self.process.lock().unwrap() = Some(child);
        let (found, wait) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some((_, base)) = line.split_once("listening on ") {
                    let _ = found.send(base.trim().to_owned());
                }
            }
        });
        match wait.recv_timeout(Duration::from_mins(1)) {
            Ok(base) => base,
            Err(why) => panic!("the server did not say where it listens ({why})\n{}", self.log_tail()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the server's last words ---\n{}", self.log_tail());
        }
    }
}
