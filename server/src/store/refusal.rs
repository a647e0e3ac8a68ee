//! Why a database cannot be used, in one message: which one, what it said, and the cure.

use super::DatabaseUrl;

/// Words of a driver or a server, and what helps then. The first that fits is taken.
type Cures = &'static [(&'static [&'static str], &'static str)];

const POSTGRES: Cures = &[
    (
        &["does not match host name"],
        "The certificate was made for another name: use the name that stands in it as the host of the URL.",
    ),
    (
        &["root certificate file"],
        "Name in sslrootcert= the file of the CA that signed the server's certificate.",
    ),
    (
        &[
            "certificate verify failed",
            "self-signed certificate",
            "unable to get local issuer",
            "signature failure",
        ],
        "The server's certificate is not signed by the CA in sslrootcert: name the file of the right CA.",
    ),
    (
        &["server does not support SSL"],
        "The server speaks no TLS: switch it on there (ssl = on), or, on a network that you trust, lower sslmode.",
    ),
    (
        &["no pg_hba.conf entry", "pg_hba.conf rejects"],
        "The server's pg_hba.conf does not let this user in this way: add a line for it there, or connect with \
         TLS (sslmode=verify-full) if it asks for that.",
    ),
    (
        &["password authentication failed", "no password supplied", "authentication failed"],
        "Correct the user and the password in the URL.",
    ),
    (&["could not translate host name"], "There is no such host: correct the host name in the URL."),
    (
        &["too many clients", "remaining connection slots"],
        "The server has no connection left: each Waterbear process takes up to 17 of its max_connections.",
    ),
    (&["starting up", "shutting down", "not yet accepting"], "Try again in a moment."),
    (
        &["not currently accepting connections"],
        "Somebody has closed this database: ALTER DATABASE ... ALLOW_CONNECTIONS true opens it.",
    ),
    (&["permission denied for database"], "Let the role in: GRANT CONNECT ON DATABASE ... TO the role."),
    (&["role \""], "Make the role (createuser) with the right to log in, or correct the user in the URL."),
    (&["database \""], "Make the database (createdb -O USER DATABASE), or correct its name in the URL."),
    (
        &[
            "connection refused",
            "no such file or directory",
            "timeout",
            "timed out",
            "unreachable",
            "no route",
        ],
        "No PostgreSQL answers there: start it, or correct host and port in the URL.",
    ),
    (
        &["read-only transaction", "recovery is in progress"],
        "The server or the role only reads (a standby?): use the primary, and a role that may write.",
    ),
    (
        &["permission denied for schema", "no schema has been selected"],
        "Give the role the right to make tables: GRANT USAGE, CREATE ON SCHEMA public TO the role; or let the \
         owner of the database run `waterbear migrate` first.",
    ),
    (
        &["permission denied", "must be owner"],
        "Give the role its rights: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public; only \
         the owner of the tables can bring the schema up to date (`waterbear migrate`).",
    ),
];

const SQLITE: Cures = &[
    (&["not a database", "encrypted"], "It is not a SQLite database: name another path."),
    (
        &["malformed", "corrupt"],
        "The file is damaged: keep it, and go back to the last backup with `waterbear restore`.",
    ),
    (
        &["readonly", "read-only", "permission", "unable to open"],
        "Give the file and its folder to the user that runs Waterbear, on a disk that can be written.",
    ),
    (&["full"], "The disk is full: make room."),
    (&["locked", "busy"], "Another program holds the file: end it."),
    (&["disk I/O"], "The disk has failed, or is full: see the system's log."),
];

fn cure(list: Cures, said: &str) -> &'static str {
    let said = said.to_lowercase();
    let fits = |words: &[&str]| words.iter().any(|w| said.contains(&w.to_lowercase()));
    list.iter().find(|(words, _)| fits(words)).map_or("", |(_, cure)| cure)
}

/// The refusal of a database that said this when it was opened.
pub(super) fn connecting(url: &DatabaseUrl, said: &str) -> anyhow::Error {
    refusal(url, "cannot use", said)
}

/// The refusal of a database that said this when its schema was brought up to date.
pub(super) fn migrating(url: &DatabaseUrl, said: &str) -> anyhow::Error {
    refusal(url, "cannot bring up to date", said)
}

fn refusal(url: &DatabaseUrl, what: &str, said: &str) -> anyhow::Error {
    let list = if url.sqlite_path().is_some() { SQLITE } else { POSTGRES };
    let words: Vec<&str> = said.split_whitespace().collect();
    let said = words.join(" ");
    let stop = if said.ends_with(['.', '?', '!']) { "" } else { "." };
    let text = format!("{what} {url}: {said}{stop} {}", cure(list, &said));
    anyhow::anyhow!("{}", text.trim_end())
}
