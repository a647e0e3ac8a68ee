//! Database URLs: what they may look like, how they are shown, and whether the way to the server is proven.
//!
//! What may hold a password is never repeated in a message.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// A checked database URL.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Wait for the disk on each commit. Only the demo's throw-away database does not.
        durable: bool,
    },
    /// `postgres://...`.
    Postgres {
        /// The URL with its password.
        url: String,
    },
}

/// The forms that are taken, for messages.
const FORMS: &str = "expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE";

/// How every SQLite file begins.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `postgres://...` or `postgresql://...`; every other scheme is an error.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path.contains(":memory:") {
                return Err("`sqlite:` needs a file path, e.g. sqlite:data/waterbear.db".into());
            }
            if path.contains('?') || path.starts_with("file:") {
                return Err(format!("`{text}`: a SQLite path takes no parameters; write sqlite:PATH"));
            }
            return Ok(Self::Sqlite { path: PathBuf::from(path), durable: true });
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Parts::of(text)?;
            return Ok(Self::Postgres { url: text.to_owned() });
        }
        Err(match text.split_once(':') {
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
                format!("`{scheme}:` is no database of ours: {FORMS}")
            }
            // The text may hold a password (`host=... password=...`): it is not repeated.
            _ if text.contains(['=', '@', ':']) => FORMS.to_owned(),
            _ => format!("`{text}` names no kind of database; did you mean sqlite:{text}? {FORMS}"),
        })
    }

    /// The SQLite file, if it is one.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { path, .. } => Some(path),
            Self::Postgres { .. } => None,
        }
    }

    /// An error when the SQLite file is not there: for commands that must not make a new database by mistake.
    pub fn must_exist(&self) -> anyhow::Result<()> {
        match self.sqlite_path() {
            Some(path) if !path.exists() => bail!(
                "there is no database at {self}. Correct the path (--database, DATABASE_URL or database.url), \
                 or make a new database there with `waterbear migrate`"
            ),
            _ => Ok(()),
        }
    }

    /// Makes a SQLite file, and its folder, where there is none; refuses what is no SQLite file.
    pub fn prepare(&self) -> anyhow::Result<()> {
        let Some(path) = self.sqlite_path() else { return Ok(()) };
        if path.is_dir() || path.to_string_lossy().ends_with('/') {
            let file = path.join("waterbear.db");
            bail!(
                "cannot use {self}: it is a folder. Name a file in it, for example sqlite:{}",
                file.display()
            );
        }
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                anyhow::anyhow!(
                    "cannot use {self}: the folder {} cannot be made: {error}. Make it and give it to the user \
                     that runs Waterbear, or name another path",
                    folder.display()
                )
            })?;
        }
        let opened = std::fs::OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = opened.map_err(|error| {
            anyhow::anyhow!(
                "cannot use {self}: the file cannot be opened for writing: {error}. Give file and folder to the \
                 user that runs Waterbear, or name another path"
            )
        })?;
        let mut head = [0; 16];
        let empty = file.metadata()?.len() == 0;
        if !empty && (file.read_exact(&mut head).is_err() || &head != SQLITE_MAGIC) {
            bail!("cannot use {self}: it is not a SQLite database. Name another path");
        }
        Ok(())
    }

    /// What to tell the operator of a connection that does not prove who answers; none when it does, or when the
    /// server is on this machine. `env` looks a variable of libpq up.
    pub fn unproven(&self, env: impl Fn(&str) -> Option<String>) -> Option<String> {
        let Self::Postgres { url } = self else { return None };
        let parts = Parts::of(url).ok()?;
        let of = |name: &str, variable: &str| parts.parameter(name).or_else(|| env(variable));
        let hosts = of("hostaddr", "PGHOSTADDR")
            .or_else(|| parts.parameter("host"))
            .or_else(|| Some(parts.hosts.to_owned()).filter(|h| !h.is_empty()))
            .or_else(|| env("PGHOST"))
            .unwrap_or_default();
        if hosts.split(',').all(is_local) {
            return None;
        }
        let system = of("sslrootcert", "PGSSLROOTCERT").is_some_and(|r| r == "system");
        let default = if system { "verify-full" } else { "prefer" };
        let mode = of("sslmode", "PGSSLMODE").unwrap_or_else(|| default.to_owned());
        (!["verify-full", "verify-ca"].contains(&mode.as_str())).then(|| {
            format!(
                "the connection to {self} has sslmode={mode}: nothing proves that the right server answers. Add \
                 ?sslmode=verify-full&sslrootcert=CA-FILE to the URL"
            )
        })
    }

    /// The URL for libpq: it waits a bounded time for a server that does not answer.
    pub(super) fn for_libpq(url: &str) -> String {
        match Parts::of(url) {
            Ok(parts) if parts.parameter("connect_timeout").is_none() => {
                let sign = if url.contains('?') { '&' } else { '?' };
                format!("{url}{sign}connect_timeout=10")
            }
            _ => url.to_owned(),
        }
    }
}

fn is_local(host: &str) -> bool {
    let name = host_of(host);
    let loopback = name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    name.is_empty() || name.starts_with(['/', '@']) || name == "localhost" || loopback
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`; a bare IPv6 address is its own host.
fn host_of(text: &str) -> &str {
    if let Some((host, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => text,
    }
}

/// The parts of a `postgres://` URL that we look at; libpq reads the URL for itself.
struct Parts<'a> {
    scheme: &'a str,
    /// `host:port`, several with commas; may be empty.
    hosts: &'a str,
    database: String,
    parameters: &'a str,
}

impl<'a> Parts<'a> {
    /// Refuses what libpq would read otherwise than it is meant, and tell of in a message that shows the password.
    fn of(url: &'a str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or(FORMS)?;
        let (main, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = main.split_once('/').unwrap_or((main, ""));
        let (user, hosts) = authority.split_once('@').unwrap_or(("", authority));
        let bare = |host: &str| {
            let after = host.rsplit_once(']').map_or(host, |(_, port)| port);
            after.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok())
        };
        if [hosts, path, parameters].iter().any(|p| p.contains('@')) || !hosts.split(',').all(bare) {
            return Err(
                "the PostgreSQL URL cannot be read. In the user and the password write @ as %40, / as %2F, \
                 : as %3A, ? as %3F, # as %23 and % as %25; the port is a number. Expected \
                 postgres://USER:PASSWORD@HOST:PORT/DATABASE"
                    .into(),
            );
        }
        let mut parts = Self { scheme, hosts, database: plain(path), parameters };
        if let Some(name) = parts.parameter("dbname") {
            parts.database = name;
        }
        if parts.database.is_empty() {
            let place = if user.is_empty() { hosts.to_owned() } else { format!("...@{hosts}") };
            return Err(format!(
                "`{scheme}://{place}` names no database: expected postgres://USER:PASSWORD@HOST/DATABASE"
            ));
        }
        Ok(parts)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.parameters.split('&').filter_map(|p| p.split_once('='));
        pairs.rfind(|(key, _)| *key == name).map(|(_, value)| plain(value)).filter(|v| !v.is_empty())
    }
}

/// Text with its `%XX` read.
fn plain(text: &str) -> String {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push((high * 16 + low) as u8);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for DatabaseUrl {
    /// The URL without user, password and parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "sqlite:{}", path.display()),
            Self::Postgres { url } => match Parts::of(url) {
                Ok(parts) => write!(f, "{}://{}/{}", parts.scheme, parts.hosts, parts.database),
                Err(_) => f.write_str("postgres://..."),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        DatabaseUrl::parse(text).unwrap().to_string()
    }

    #[test]
    fn no_password_is_ever_shown() {
        for text in [
            "postgres://wb:SECRET@db.example/wb",
            "postgres://wb@db.example/wb?password=SECRET&sslmode=require",
            "postgresql://SECRET:SECRET@[::1]:5433,db2.example:5432/wb",
        ] {
            assert!(!shown(text).contains("SECRET"), "{}", shown(text));
            assert!(shown(text).contains("/wb"));
        }
        for text in [
            "postgres://wb:SEC@RET@db.example/wb",
            "postgres://wb:SEC/RET@db.example/wb",
            "postgres://wb:SEC?RET@db.example/wb",
            "postgres://wb:SECRET@db.example",
            "postgres://wb:SECRET@db.example:55x/wb",
            "mysql://wb:SECRET@db.example/wb",
            "host=db.example password=SECRET",
        ] {
            let said = DatabaseUrl::parse(text).unwrap_err();
            assert!(!said.contains("SEC") && !said.contains("RET"), "{said}");
            assert!(said.contains("postgres://USER:PASSWORD@HOST"), "{said}");
        }
    }

    #[test]
    fn a_path_without_a_scheme_is_answered_with_the_right_form() {
        let said = DatabaseUrl::parse("/var/lib/waterbear.db").unwrap_err();
        assert!(said.contains("did you mean sqlite:/var/lib/waterbear.db?"), "{said}");
        assert!(DatabaseUrl::parse("sqlite:wb.db?mode=ro").is_err());
    }

    #[test]
    fn only_a_proven_or_a_local_connection_goes_without_a_word() {
        let word = |text: &str| DatabaseUrl::parse(text).unwrap().unproven(|_| None);
        for fine in [
            "postgres://wb@localhost/wb",
            "postgres://wb@127.0.0.1:5433/wb",
            "postgres://wb@[::1]/wb",
            "postgres:///wb?host=%2Frun%2Fpostgresql",
            "postgres://wb@db.example/wb?sslmode=verify-full",
            "postgres://wb@db.example/wb?sslrootcert=system",
            "sqlite:wb.db",
        ] {
            assert_eq!(word(fine), None, "{fine}");
        }
        for open in ["postgres://wb@db.example/wb", "postgres://wb:x@localhost,10.0.0.7/wb?sslmode=require"] {
            let said = word(open).unwrap_or_default();
            assert!(said.contains("sslmode=verify-full"), "{open}: {said}");
        }
        let asked = DatabaseUrl::parse("postgres://wb@db.example/wb").unwrap();
        let env = |name: &str| (name == "PGSSLMODE").then(|| "verify-full".to_owned());
        assert_eq!(asked.unproven(env), None);
    }

    #[test]
    fn the_wait_for_a_server_is_bounded_unless_the_url_says_otherwise() {
        assert_eq!(DatabaseUrl::for_libpq("postgres://h/d"), "postgres://h/d?connect_timeout=10");
        assert_eq!(DatabaseUrl::for_libpq("postgres://h/d?a=b"), "postgres://h/d?a=b&connect_timeout=10");
        let own = "postgres://h/d?connect_timeout=3";
        assert_eq!(DatabaseUrl::for_libpq(own), own);
    }
}
