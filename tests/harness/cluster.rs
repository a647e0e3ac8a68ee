//! A PostgreSQL server of one test's own, for what the shared one cannot be: with TLS, without a login, stopped.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::psql;

/// A server on loopback; it ends, and its files go, when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    dir: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts one; none where PostgreSQL is not part of this run of the tests.
    ///
    /// `hba` is its pg_hba.conf for TCP, `files` are put into its data folder, readable by its own user only, and
    /// `settings` are its settings, each `name=value`.
    pub fn start(hba: &str, files: &[(&str, &str)], settings: &[&str]) -> Option<Self> {
        std::env::var("WATERBEAR_TEST_PG").ok().filter(|url| !url.is_empty())?;
        let dir = TempDir::new().unwrap_or_else(|e| panic!("no temporary directory: {e}"));
        let mut cluster = Self { dir, bin: bin(), port: 0 };
        // Its own user must reach it, and nobody has to look into it by name.
        own(cluster.dir.path());
        cluster.run("initdb", &["-U", "waterbear", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]);
        let data = cluster.data();
        let write = |name: &str, text: &str| {
            let file = data.join(name);
            std::fs::write(&file, text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            own(&file);
        };
        write("pg_hba.conf", &format!("local all all trust\n{hba}\n"));
        for (name, text) in files {
            write(name, text);
        }
        for attempt in 0..5_u32 {
            cluster.port =
                20_000 + (std::process::id().wrapping_mul(7).wrapping_add(attempt * 3571) % 40_000) as u16;
            if cluster.launch(settings) {
                return Some(cluster);
            }
        }
        let log = std::fs::read_to_string(cluster.dir.path().join("log")).unwrap_or_default();
        panic!("no PostgreSQL of the test's own: {log}")
    }

    fn launch(&self, settings: &[&str]) -> bool {
        let socket = self.dir.path().display();
        let mut options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={socket} -c fsync=off",
            self.port
        );
        for setting in settings {
            options.push_str(" -c ");
            options.push_str(setting);
        }
        let log = self.dir.path().join("log").display().to_string();
        self.try_run("pg_ctl", &["-w", "-t", "30", "-l", &log, "-o", &options, "start"]).status.success()
    }

    /// `USER[:PASSWORD]` at this server, in a database, with parameters.
    pub fn url(&self, user: &str, host: &str, rest: &str) -> String {
        format!("postgres://{user}@{host}:{}/{rest}", self.port)
    }

    /// Runs statements as the server's owner and gives their rows.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let socket = self.dir.path().display().to_string().replace('/', "%2F");
        psql(&format!("postgres://waterbear@/{database}?host={socket}&port={}", self.port), statement)
    }

    /// Stops it as a failing machine would, and starts it again after `pause`.
    pub fn crash(&self, pause: std::time::Duration) {
        self.run("pg_ctl", &["-w", "-t", "30", "-m", "immediate", "stop"]);
        std::thread::sleep(pause);
        assert!(self.launch(&[]), "it did not start again");
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn run(&self, program: &str, args: &[&str]) {
        let out = self.try_run(program, args);
        assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// PostgreSQL refuses to run as root: then its programs run as the user that its package made.
    fn try_run(&self, program: &str, args: &[&str]) -> Output {
        let path = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // pg_ctl leaves a server behind that must not hold our output open.
        let silent = std::process::Stdio::null;
        let out =
            command.arg("-D").arg(self.data()).args(args).current_dir("/").stdin(silent()).stdout(silent());
        let out = if program == "pg_ctl" { out.stderr(silent()) } else { out };
        out.output().unwrap_or_else(|e| panic!("{program} cannot be run: {e}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            let _ = self.try_run("pg_ctl", &["-w", "-t", "30", "-m", "fast", "stop"]);
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"))
}

/// Gives a file to PostgreSQL's user where we are root, and keeps it from others.
fn own(file: &Path) {
    let run = |program: &str, how: &str| {
        let done = Command::new(program).arg(how).arg(file).status();
        assert!(done.is_ok_and(|s| s.success()), "{program} {how} {}", file.display());
    };
    if is_root() {
        run("chown", "postgres");
    }
    run("chmod", if file.is_dir() { "0700" } else { "0600" });
}

/// Where the server's programs are: on the path, or where Debian's package puts them.
fn bin() -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = path.split(':').map(PathBuf::from).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|v| v.path().join("bin")));
    }
    let found = places.into_iter().find(|p| p.join("initdb").is_file());
    found.unwrap_or_else(|| panic!("PostgreSQL's initdb is neither on the path nor in /usr/lib/postgresql"))
}
