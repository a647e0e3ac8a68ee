//! Where it is measured: a server process, its memory, copies of its database.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use harness::{Server, Setup, psql};

/// A filled server that can be stopped, copied and started again.
pub struct Place {
    /// The server.
    pub server: Server,
    /// Services it knows.
    pub services: usize,
}

/// `s-000123`.
pub fn slug(n: usize) -> String {
    format!("s-{n:06}")
}

impl Place {
    /// A server with so many services of a hundred teams, on the database of the environment.
    pub fn filled(services: usize, cache: bool) -> Self {
        let setup = Setup::default()
            .env("WATERBEAR_GRADING_SCHEDULE", "0 0 31 12 *")
            // Counted as in earnest, but never refused: one token does here what a thousand do elsewhere.
            .env("WATERBEAR_TOKEN_PER_MINUTE", "100000000")
            .env("WATERBEAR_ADDRESS_PER_MINUTE", "100000000");
        let setup = if cache { setup } else { setup.env("WATERBEAR_CACHE_MIB", "0") };
        let server = setup.start();
        let all: Vec<usize> = (0..services).collect();
        for (part, chunk) in all.chunks(10_000).enumerate() {
            let mut yaml = String::new();
            for team in 0..100 {
                let _ = write!(
                    yaml,
                    "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: team-{part}-{team}}}\n\
                     spec: {{type: team, children: []}}\n---\n"
                );
            }
            for n in chunk {
                let _ = write!(
                    yaml,
                    "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
                     metadata: {{name: {}, annotations: {{\"waterbear.dev/tier\": \"{}\"}}}}\n\
                     spec: {{type: service, lifecycle: production, owner: team-{part}-{}}}\n---\n",
                    slug(*n),
                    n % 4 + 1,
                    n % 100
                );
            }
            let path = format!("/api/v1/catalog/import?source=bench-{part}");
            let _ = server.post_bytes(&path, "application/yaml", yaml).expect(200);
        }
        Self { server, services }
    }

    /// Stops the server in order, so that its database is at rest.
    pub fn stop(&self) {
        self.server.ask_to_end();
        let _ = self.server.wait_for_end(Duration::from_mins(1));
    }

    /// Starts it again; how long until it answered, in milliseconds.
    pub fn start(&mut self) -> f64 {
        let began = Instant::now();
        self.server.restart();
        let _ = self.server.get("/healthz").expect(200);
        began.elapsed().as_secs_f64() * 1000.0
    }

    /// A copy of the database of a server that is stopped.
    pub fn copy(&self, name: &str) -> Copy {
        let url = self.server.database().url();
        if let Some(file) = url.strip_prefix("sqlite:") {
            let copy = format!("{file}.{name}");
            std::fs::copy(file, &copy).unwrap_or_else(|e| panic!("copying {file}: {e}"));
            return Copy { url: format!("sqlite:{copy}"), postgres: None };
        }
        let (server, database) = url.rsplit_once('/').expect("a database URL");
        let copy = format!("{database}_{name}");
        let maintenance = format!("{server}/postgres");
        psql(&maintenance, &format!("CREATE DATABASE {copy} TEMPLATE {database}"));
        Copy { url: format!("{server}/{copy}"), postgres: Some((maintenance, copy)) }
    }

    /// Memory that the process holds now.
    pub fn memory(&self) -> Memory {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kb =
                line.and_then(|rest| rest.split_whitespace().next()).and_then(|kb| kb.parse::<f64>().ok());
            kb.unwrap_or(0.0) / 1000.0
        };
        Memory { all: of("VmRSS:"), own: of("RssAnon:") }
    }
}

/// Memory of a process, in MB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// All that is resident, with the pages of the program and of the database file.
    pub all: f64,
    /// Its own: what the system cannot take back.
    pub own: f64,
}

/// A copy of a database, gone when this is dropped.
pub struct Copy {
    /// As `--database` takes it.
    pub url: String,
    postgres: Option<(String, String)>,
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.postgres {
            psql(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
