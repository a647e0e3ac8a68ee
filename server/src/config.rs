//! Settings: defaults < `waterbear.toml` < environment < flags. The only reader of the environment.
//!
//! All errors are reported at once, each with the setting's name and what would be right.

mod access;
mod catalog;
mod hooks;
mod issuers;
mod keys;
mod limits;
mod nearest;
mod notifications;
mod provider;
mod rates;
mod sources;

use std::path::PathBuf;
use std::str::FromStr;

use toml::{Table, Value};

pub use access::SignInConfig;
pub use catalog::CatalogConfig;
pub use hooks::{AlertsConfig, HookConfig, Proof};
pub use issuers::{CiConfig, IssuerConfig, Provider};
pub use keys::{CertificateConfig, MIN_SECRET_BYTES};
pub use limits::Limits;
pub use nearest::nearest;
pub use notifications::{MailConfig, MailTls, NotificationsConfig, is_address};
pub use provider::{ForwardAuth, GroupRules, IdentityProvider};
pub use rates::{Proxies, Rates};
pub use sources::{Auth, FAMILIES, Family, Network, OwnQueries, Secret, SourceConfig};

use crate::store::DatabaseUrl;
use crate::types::Timestamp;

/// Typed, checked settings; passed as a value, never global.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 picks a free one.
    pub listen: String,
    /// Address under which others reach this installation, for links; without trailing slash.
    pub public_url: Option<String>,
    /// Further names under which the server is reached.
    pub hosts: Vec<String>,
    /// Whether reading takes signing in; none: it depends on the listener.
    pub reading_signed_in: Option<bool>,
    /// Slugs of teams whose details only those near them may know.
    pub hidden_teams: Vec<String>,
    /// How long sessions last.
    pub sign_in: SignInConfig,
    /// Where people sign in by OpenID Connect.
    pub identity_provider: Option<IdentityProvider>,
    /// A proxy that signs people in.
    pub forward_auth: Option<ForwardAuth>,
    /// Seals private keys; none: a file beside the SQLite database.
    pub secret_key: Option<Secret>,
    /// Who issues certificates, and with which key.
    pub certificates: CertificateConfig,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How much the server takes on at once.
    pub limits: Limits,
    /// How much one may ask for in a minute.
    pub rates: Rates,
    /// Proxies whose word on addresses counts.
    pub proxies: Proxies,
    /// Where everything is kept.
    pub database: DatabaseUrl,
    /// Directory of the rulebook; none: the built-in pack.
    pub rules_dir: Option<PathBuf>,
    /// Cron expression of the nightly grading, five or six fields.
    pub grading_schedule: String,
    /// Time zone of the schedule.
    pub time_zone: chrono_tz::Tz,
    /// Months that single results and changes are kept; 0: for ever.
    pub retention_months: u32,
    /// How tier and lifecycle are read from a catalog.
    pub catalog: CatalogConfig,
    /// Where telemetry is read.
    pub sources: Vec<SourceConfig>,
    /// Senders that prove themselves by a signature or a key.
    pub hooks: Vec<HookConfig>,
    /// Which labels of an alert say what it is about.
    pub alerts: AlertsConfig,
    /// Whose CI jobs may prove who they are.
    pub ci: CiConfig,
    /// Where messages may go, when the digest is made, through which server mail goes.
    pub notifications: NotificationsConfig,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Filter such as `info` or `waterbear=debug`.
    pub log_level: String,
    /// This process serves the made-up organisation.
    pub demo: bool,
    /// A clock that stands still, for tests; only honoured by debug builds.
    pub frozen_now: Option<Timestamp>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: None,
            hosts: Vec::new(),
            reading_signed_in: None,
            hidden_teams: Vec::new(),
            sign_in: SignInConfig::default(),
            identity_provider: None,
            forward_auth: None,
            secret_key: None,
            certificates: CertificateConfig::default(),
            max_body_bytes: 10 * 1024 * 1024,
            limits: Limits::default(),
            rates: Rates::default(),
            proxies: Proxies::default(),
            database: DatabaseUrl::Sqlite { path: "data/waterbear.db".into(), durable: true },
            rules_dir: None,
            grading_schedule: "0 2 * * *".into(),
            time_zone: chrono_tz::UTC,
            retention_months: 13,
            catalog: CatalogConfig::default(),
            sources: Vec::new(),
            hooks: Vec::new(),
            alerts: AlertsConfig::default(),
            ci: CiConfig::default(),
            notifications: NotificationsConfig::default(),
            log_json: false,
            log_level: "info".into(),
            demo: false,
            frozen_now: None,
        }
    }
}

/// What the command line says; wins over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config FILE`.
    pub file: Option<PathBuf>,
    /// `--database URL`.
    pub database: Option<String>,
    /// `--listen ADDR`.
    pub listen: Option<String>,
}

const SETTINGS: &[(&str, &str, &str)] = &[
    ("server", "listen", "WATERBEAR_LISTEN"),
    ("server", "public_url", "WATERBEAR_PUBLIC_URL"),
    ("server", "hosts", "WATERBEAR_HOSTS"),
    ("server", "secret_key", "WATERBEAR_SECRET_KEY"),
    ("server", "secret_key_file", "WATERBEAR_SECRET_KEY_FILE"),
    ("server", "max_body_mib", "WATERBEAR_MAX_BODY_MIB"),
    ("server", "cache_mib", "WATERBEAR_CACHE_MIB"),
    ("server", "max_connections", "WATERBEAR_MAX_CONNECTIONS"),
    ("server", "max_waiting", "WATERBEAR_MAX_WAITING"),
    ("server", "max_in_flight_mib", "WATERBEAR_MAX_IN_FLIGHT_MIB"),
    ("server", "trusted_proxies", "WATERBEAR_TRUSTED_PROXIES"),
    ("server", "proxy_header", "WATERBEAR_PROXY_HEADER"),
    ("limits", "token_per_minute", "WATERBEAR_TOKEN_PER_MINUTE"),
    ("limits", "address_per_minute", "WATERBEAR_ADDRESS_PER_MINUTE"),
    ("limits", "failed_per_minute", "WATERBEAR_FAILED_PER_MINUTE"),
    ("limits", "exchange_per_minute", "WATERBEAR_EXCHANGE_PER_MINUTE"),
    ("access", "reading", "WATERBEAR_READING"),
    ("access", "hidden_teams", "WATERBEAR_HIDDEN_TEAMS"),
    ("sign_in", "idle_hours", "WATERBEAR_SESSION_IDLE_HOURS"),
    ("sign_in", "absolute_hours", "WATERBEAR_SESSION_HOURS"),
    ("sign_in", "passwords", "WATERBEAR_PASSWORDS"),
    ("database", "url", "DATABASE_URL"),
    ("rules", "dir", "WATERBEAR_RULES_DIR"),
    ("grading", "schedule", "WATERBEAR_GRADING_SCHEDULE"),
    ("grading", "time_zone", "WATERBEAR_TIME_ZONE"),
    ("retention", "raw_months", "WATERBEAR_RETENTION_MONTHS"),
    ("log", "format", "WATERBEAR_LOG_FORMAT"),
    ("log", "level", "WATERBEAR_LOG_LEVEL"),
    ("catalog", "tier_from", ""),
    ("catalog", "default_tier", "WATERBEAR_DEFAULT_TIER"),
    ("catalog", "tier_words", ""),
    ("catalog", "lifecycle_words", ""),
    ("alerts", "service_labels", ""),
    ("alerts", "environment_labels", ""),
    ("ci", "audience", "WATERBEAR_CI_AUDIENCE"),
    ("certificates", "issuer_name", "WATERBEAR_CERTIFICATES_ISSUER_NAME"),
    ("certificates", "signing_key_file", "WATERBEAR_CERTIFICATES_SIGNING_KEY_FILE"),
];

/// Sections of sections, each with a name that somebody chose; they check their own keys.
const BY_NAME: [&str; 7] =
    ["sources", "hooks", "issuers", "identity_provider", "forward_auth", "notifications", "mail"];

impl Config {
    /// Reads file, environment and flags; every error at once.
    pub fn load(over: &Overrides) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let table = read_file(over.file.as_ref(), &mut errors);
        check_names(&table, &mut errors);
        let mut source = Source { table, errors };
        let mut config = Self::default();
        config.apply(&mut source, over);
        if source.errors.is_empty() { Ok(config) } else { Err(source.errors) }
    }

    fn apply(&mut self, source: &mut Source, over: &Overrides) {
        self.apply_server(source, over);
        if let Some(text) = over.database.clone().or_else(|| source.text("database", "url")) {
            match DatabaseUrl::parse(&text) {
                Ok(url) => self.database = url,
                // The text may hold a password: it is not repeated.
                Err(expected) => source.errors.push(format!("database.url: {expected}")),
            }
        }
        self.rules_dir = source.text("rules", "dir").map(PathBuf::from);
        if let Some(text) = source.text("grading", "time_zone") {
            match chrono_tz::Tz::from_str(&text) {
                Ok(zone) => self.time_zone = zone,
                Err(_) => source.error("grading.time_zone", &text, "a zone such as UTC or Europe/Zurich"),
            }
        }
        if let Some(text) = source.text("grading", "schedule") {
            match crate::jobs::schedule::Schedule::parse(&text) {
                Ok(_) => self.grading_schedule = text,
                Err(expected) => source.error("grading.schedule", &text, &expected),
            }
        }
        // A quarter is what boards and trends look back over.
        match source.number("retention", "raw_months", 0, 1_200) {
            None => {}
            Some(months @ (1 | 2)) => {
                let expected = "at least 3 months, or 0 to keep everything for ever";
                source.error("retention.raw_months", &months.to_string(), expected);
            }
            Some(months) => self.retention_months = u32::try_from(months).unwrap_or(0),
        }
        match source.text("log", "format").as_deref() {
            None | Some("text") => {}
            Some("json") => self.log_json = true,
            Some(other) => source.error("log.format", other, "text or json"),
        }
        if let Some(text) = source.text("log", "level") {
            self.log_level = text;
        }
        self.catalog.apply(source);
        self.certificates = keys::certificates(source);
        self.apply_senders(source);
        if cfg!(debug_assertions) {
            self.frozen_now = env("WATERBEAR_FROZEN_NOW").and_then(|t| Timestamp::parse(&t).ok());
        }
    }

    fn apply_server(&mut self, source: &mut Source, over: &Overrides) {
        if let Some(text) = over.listen.clone().or_else(|| source.text("server", "listen")) {
            match text.parse::<std::net::SocketAddr>() {
                Ok(_) => self.listen = text,
                Err(_) => {
                    source.error("server.listen", &text, "an address and a port such as 127.0.0.1:8080");
                }
            }
        }
        if let Some(text) = source.text("server", "public_url") {
            if text.starts_with("http://") || text.starts_with("https://") {
                self.public_url = Some(text.trim_end_matches('/').to_owned());
            } else {
                source.error("server.public_url", &text, "a URL that begins with http:// or https://");
            }
        }
        if let Some(mib) = source.number("server", "max_body_mib", 1, 1024) {
            self.max_body_bytes = usize::try_from(mib).unwrap_or(10) * 1024 * 1024;
        }
        self.limits.apply(source, self.max_body_bytes);
        self.rates.apply(source);
        self.proxies.apply(source);
        self.secret_key = keys::read(source);
        self.hosts = access::hosts(source);
        self.reading_signed_in = access::reading(source);
        self.hidden_teams = access::hidden_teams(source);
        self.sign_in.apply(source);
    }

    fn apply_senders(&mut self, source: &mut Source) {
        self.sources = sources::read(source);
        self.identity_provider = provider::read(source);
        self.forward_auth = provider::forward(source, &self.proxies);
        self.hooks = hooks::read(source);
        self.alerts.apply(source);
        self.ci = issuers::read(source);
        self.notifications = notifications::read(source);
    }
}

/// A variable of the environment; unset and empty are the same.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

struct Source {
    table: Table,
    errors: Vec<String>,
}

impl Source {
    fn value(&self, section: &str, key: &str) -> Option<Value> {
        self.table.get(section)?.as_table()?.get(key).cloned()
    }

    fn text(&mut self, section: &str, key: &str) -> Option<String> {
        let variable = SETTINGS.iter().find(|(s, k, _)| *s == section && *k == key).map_or("", |(.., v)| v);
        if let Some(value) = env(variable) {
            return Some(value);
        }
        match self.value(section, key)? {
            Value::String(text) => Some(text),
            Value::Integer(number) => Some(number.to_string()),
            other => {
                self.errors.push(format!("{section}.{key}: expected a text, found {}", other.type_str()));
                None
            }
        }
    }

    fn number(&mut self, section: &str, key: &str, least: i64, most: i64) -> Option<i64> {
        let text = self.text(section, key)?;
        match text.parse::<i64>() {
            Ok(n) if (least..=most).contains(&n) => Some(n),
            _ => {
                self.error(
                    &format!("{section}.{key}"),
                    &text,
                    &format!("a whole number from {least} to {most}"),
                );
                None
            }
        }
    }

    fn error(&mut self, setting: &str, found: &str, expected: &str) {
        self.errors.push(format!("{setting}: found `{found}`, expected {expected}"));
    }
}

fn read_file(path: Option<&PathBuf>, errors: &mut Vec<String>) -> Table {
    let chosen = path.cloned().or_else(|| env("WATERBEAR_CONFIG").map(PathBuf::from));
    let (file, required) = match chosen {
        Some(file) => (file, true),
        None => (PathBuf::from("waterbear.toml"), false),
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            if required || error.kind() != std::io::ErrorKind::NotFound {
                errors.push(format!("{}: {error}", file.display()));
            }
            return Table::new();
        }
    };
    text.parse().unwrap_or_else(|error| {
        errors.push(format!("{}: {error}", file.display()));
        Table::new()
    })
}

fn check_names(table: &Table, errors: &mut Vec<String>) {
    let sections: Vec<&str> = SETTINGS.iter().map(|(s, ..)| *s).chain(BY_NAME).collect();
    for (section, content) in table.iter().filter(|(name, _)| !BY_NAME.contains(&name.as_str())) {
        if !sections.contains(&section.as_str()) {
            errors.push(format!("unknown section [{section}]{}", nearest(section, &sections)));
            continue;
        }
        let keys: Vec<&str> = SETTINGS.iter().filter(|(s, ..)| s == section).map(|(_, k, _)| *k).collect();
        let Some(content) = content.as_table() else {
            errors.push(format!("{section}: expected a section [{section}]"));
            continue;
        };
        for key in content.keys().filter(|k| !keys.contains(&k.as_str())) {
            errors.push(format!("unknown setting {section}.{key}{}", nearest(key, &keys)));
        }
    }
}
