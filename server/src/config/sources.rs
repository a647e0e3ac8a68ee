//! Sources of telemetry, each a section `[sources.NAME]`: where it is, how to sign in, what to ask and how often.

mod fields;
mod network;
mod secret;

use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

pub use network::Network;
pub use secret::Secret;

use super::Source;
pub(super) use fields::Fields;

/// A Prometheus, or whatever answers as one (Thanos, Mimir, VictoriaMetrics).
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Its name, from the section's; part of what is stored.
    pub name: String,
    /// `http://` or `https://` address under which `/api/v1/query` lies; no trailing slash, no user, no query.
    pub url: String,
    /// How to sign in.
    pub auth: Auth,
    /// One more header, such as `X-Scope-OrgID`.
    pub header: Option<(String, Secret)>,
    /// PEM file of a CA that is believed beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Networks that are not public and may be asked all the same.
    pub private_networks: Vec<Network>,
    /// Whose metric names are asked for.
    pub metrics: Family,
    /// Label matchers of a service, with placeholders; none: those that the family usually has.
    pub matcher: Option<String>,
    /// Label that tells instances apart; none: the one that the family usually has.
    pub instance: Option<String>,
    /// Queries in place of the family's.
    pub queries: OwnQueries,
    /// From one collection to the next.
    pub interval: Duration,
    /// The longest an answer may take.
    pub timeout: Duration,
    /// Requests at once.
    pub concurrency: usize,
    /// How far back a profile looks.
    pub window: Duration,
    /// How often the Prometheus scrapes.
    pub scrape: Duration,
    /// The largest answer that is read, bytes.
    pub max_answer_bytes: usize,
}

/// How to sign in.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Not at all.
    None,
    /// User and password.
    Basic { username: String, password: Secret },
    /// A token.
    Bearer(Secret),
}

/// Whose metric names are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// OpenTelemetry, HTTP servers.
    Otel,
    /// Envoy's upstream clusters, as each proxy sees them.
    Envoy,
    /// Istio's sidecars, at the destination.
    Istio,
    /// Linkerd's proxies, inbound.
    Linkerd,
    /// gRPC servers.
    Grpc,
    /// Resilience4j's circuit breakers, as each caller sees them.
    Resilience4j,
    /// None: the settings bring their own queries.
    Own,
}

/// Every family by its word.
pub const FAMILIES: &[(&str, Family)] = &[
    ("otel", Family::Otel),
    ("envoy", Family::Envoy),
    ("istio", Family::Istio),
    ("linkerd", Family::Linkerd),
    ("grpc", Family::Grpc),
    ("resilience4j", Family::Resilience4j),
    ("own", Family::Own),
];

/// Queries in place of a family's; `{match}`, `{service}`, `{instance}` and `{window}` are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnQueries {
    /// Calls a second by bucket and instance: classic (with the label `le`) or native.
    pub buckets: Option<String>,
    /// Failed calls a second by instance.
    pub errors: Option<String>,
    /// Hosts that serve, one number.
    pub hosts: Option<String>,
    /// Client processes that call, one number.
    pub clients: Option<String>,
    /// Latencies are milliseconds, not seconds.
    pub in_ms: Option<bool>,
    /// An instance is a caller, not a host.
    pub by_caller: Option<bool>,
}

const KEYS: &[&str] = &[
    "url",
    "username",
    "password_env",
    "password_file",
    "token_env",
    "token_file",
    "header_name",
    "header_value",
    "header_env",
    "header_file",
    "ca_file",
    "private_networks",
    "metrics",
    "match",
    "instance",
    "queries",
    "interval_seconds",
    "timeout_seconds",
    "concurrency",
    "window_minutes",
    "scrape_seconds",
    "max_answer_mib",
];

const QUERY_KEYS: &[&str] = &["buckets", "errors", "hosts", "clients", "unit", "by"];

/// Placeholders that every query and matcher may hold; `{annotation:KEY}` and `{label:KEY}` besides.
const PLACEHOLDERS: &[&str] = &["match", "service", "instance", "window"];

/// Reads every `[sources.NAME]`.
pub(super) fn read(source: &mut Source) -> Vec<SourceConfig> {
    match source.table.get("sources").cloned() {
        None => Vec::new(),
        Some(Value::Table(all)) => {
            all.into_iter().filter_map(|(name, value)| one(&name, &value, &mut source.errors)).collect()
        }
        Some(_) => {
            source.errors.push("sources: expected sections such as [sources.prod]".into());
            Vec::new()
        }
    }
}

/// One section; nothing when it has an error, which is told.
fn one(name: &str, value: &Value, errors: &mut Vec<String>) -> Option<SourceConfig> {
    let before = errors.len();
    let mut at = Fields::of(format!("sources.{name}"), value, errors)?;
    at.only(KEYS);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        at.wrong("", name, "a name of at most 40 small letters, digits and dashes");
    }
    let seconds = |n: Option<i64>, usual: u64| Duration::from_secs(n.map_or(usual, i64::unsigned_abs));
    let config = SourceConfig {
        name: name.to_owned(),
        url: url(&mut at),
        auth: auth(&mut at),
        header: header(&mut at),
        ca_file: at.text("ca_file").map(PathBuf::from),
        private_networks: networks(&mut at),
        metrics: family(&mut at),
        matcher: at.text("match"),
        instance: at.text("instance"),
        queries: OwnQueries::default(),
        interval: seconds(at.number("interval_seconds", 5, 86_400), 3_600),
        timeout: seconds(at.number("timeout_seconds", 1, 120), 30),
        concurrency: at.number("concurrency", 1, 32).map_or(4, i64::unsigned_abs) as usize,
        window: seconds(at.number("window_minutes", 2, 10_080).map(|n| n * 60), 86_400),
        scrape: seconds(at.number("scrape_seconds", 1, 3_600), 15),
        max_answer_bytes: at.number("max_answer_mib", 1, 256).map_or(16, i64::unsigned_abs) as usize
            * 1024
            * 1024,
    };
    let own = at.value("queries");
    let label = |text: &String| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if let Some(odd) = config.instance.as_ref().filter(|text| !label(text)) {
        at.wrong("instance", odd, "the name of a label, such as instance or pod");
    }
    placeholders(&mut at, "match", config.matcher.as_deref(), &["service"]);
    let queries = queries(name, own.as_ref(), config.metrics, at.errors());
    (errors.len() == before).then_some(SourceConfig { queries, ..config })
}

fn url(at: &mut Fields<'_>) -> String {
    let Some(text) = at.text("url") else {
        at.missing("url", "the address of the Prometheus, such as https://prometheus.shop.example");
        return String::new();
    };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    // The text may hold a password: it is not repeated.
    let expected = "an address that begins with http:// or https://, without user, password, `?` and `#` \
                    (see username, password_env and token_env)";
    if rest.is_none_or(|r| r.is_empty() || r.starts_with('/') || r.contains(['@', '?', '#', ' '])) {
        at.missing("url", expected);
    }
    text.trim_end_matches('/').to_owned()
}

fn auth(at: &mut Fields<'_>) -> Auth {
    let (user, password, token) =
        (at.text("username"), at.secret("password", false), at.secret("token", false));
    match (user, password, token) {
        (None, None, None) => Auth::None,
        (Some(username), Some(password), None) => Auth::Basic { username, password },
        (None, None, Some(token)) => Auth::Bearer(token),
        (Some(_), None, None) => {
            at.missing(
                "password_env",
                "the variable that holds the password of `username` (or password_file)",
            );
            Auth::None
        }
        (None, Some(_), None) => {
            at.missing("username", "the user of that password");
            Auth::None
        }
        _ => {
            at.missing("token_env", "either a token, or user and password");
            Auth::None
        }
    }
}

fn header(at: &mut Fields<'_>) -> Option<(String, Secret)> {
    let (name, value) = (at.text("header_name"), at.secret("header", true));
    match (name, value) {
        (None, None) => None,
        (Some(name), Some(value)) => {
            let token = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if name.is_empty() || !name.chars().all(token) || name.eq_ignore_ascii_case("authorization") {
                at.wrong(
                    "header_name",
                    &name,
                    "the name of a header other than Authorization, such as X-Scope-OrgID",
                );
            }
            Some((name, value))
        }
        (Some(_), None) => {
            at.missing("header_value", "the value of that header (or header_env, header_file)");
            None
        }
        (None, Some(_)) => {
            at.missing("header_name", "the name of that header");
            None
        }
    }
}

pub(super) fn networks(at: &mut Fields<'_>) -> Vec<Network> {
    let mut found = Vec::new();
    for text in at.texts("private_networks") {
        match text.parse() {
            Ok(network) => found.push(network),
            Err(()) => at.wrong("private_networks", &text, "a network such as 10.0.0.0/8 or ::1/128"),
        }
    }
    found
}

fn family(at: &mut Fields<'_>) -> Family {
    let Some(word) = at.text("metrics") else { return Family::Otel };
    let found = FAMILIES.iter().find(|(known, _)| *known == word).map(|(_, family)| *family);
    found.unwrap_or_else(|| {
        let words: Vec<&str> = FAMILIES.iter().map(|(word, _)| *word).collect();
        at.wrong("metrics", &word, &format!("one of {}", words.join(", ")));
        Family::Own
    })
}

fn queries(name: &str, own: Option<&Value>, family: Family, errors: &mut Vec<String>) -> OwnQueries {
    let place = format!("sources.{name}.queries");
    let mut found = OwnQueries::default();
    if let Some(value) = own
        && let Some(mut at) = Fields::of(place.clone(), value, errors)
    {
        at.only(QUERY_KEYS);
        let mut query = |key: &str| {
            let text = at.text(key);
            placeholders(&mut at, key, text.as_deref(), PLACEHOLDERS);
            text
        };
        found.buckets = query("buckets");
        found.errors = query("errors");
        found.hosts = query("hosts");
        found.clients = query("clients");
        found.in_ms = at.either("unit", "s", "ms");
        found.by_caller = at.either("by", "host", "caller");
    }
    if family == Family::Own && found.buckets.is_none() {
        errors.push(format!("{place}.buckets: is missing; with metrics = \"own\" it says what to ask"));
    }
    if family == Family::Own && found.in_ms.is_none() {
        errors.push(format!("{place}.unit: is missing; expected s or ms"));
    }
    found
}

/// Every `{word}` must be one that is filled in; other braces are PromQL's own.
fn placeholders(at: &mut Fields<'_>, key: &str, text: Option<&str>, known: &[&str]) {
    for part in text.unwrap_or_default().split('{').skip(1) {
        let Some((word, _)) = part.split_once('}') else { continue };
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic());
        if plain && !known.contains(&word) {
            at.wrong(key, &format!("{{{word}}}"), &format!("one of {{{}}}", known.join("}, {")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_toml(text: &str) -> (Vec<SourceConfig>, Vec<String>) {
        let mut source = Source { table: text.parse().unwrap(), errors: Vec::new() };
        let found = read(&mut source);
        (found, source.errors)
    }

    #[test]
    fn a_url_is_enough() {
        let (found, errors) = read_toml("[sources.prod]\nurl = \"https://prometheus.shop.example/prom/\"");
        assert_eq!(errors, Vec::<String>::new());
        let [source] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (source.name.as_str(), source.url.as_str()),
            ("prod", "https://prometheus.shop.example/prom")
        );
        assert_eq!((source.metrics, source.interval.as_secs()), (Family::Otel, 3_600));
        assert!(source.private_networks.is_empty(), "nothing private is asked unless it is said");
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_no_secret() {
        let (found, errors) = read_toml(
            "[sources.prod]\nurl = \"https://ada:hunter2@prometheus.shop.example\"\nmetrics = \"statsd\"\n\
             interval_seconds = 1\npassword = \"hunter2\"\nprivate_networks = [\"10.0.0.0/33\"]\nmatch = 'a=\"{slug}\"'\n\
             [sources.Other]\nusername = \"ada\"\n[sources.own]\nurl = \"http://x.example\"\nmetrics = \"own\"",
        );
        assert!(found.is_empty());
        let all = errors.join("\n");
        for place in [
            "sources.prod.url",
            "sources.prod.metrics",
            "sources.prod.interval_seconds",
            "sources.prod.password;",
            "sources.prod.private_networks",
            "sources.prod.match",
            "sources.Other:",
            "sources.Other.url",
            "sources.Other.password_env",
            "sources.own.queries.buckets",
            "sources.own.queries.unit",
        ] {
            assert!(all.contains(place), "{place} is not in\n{all}");
        }
        assert!(!all.contains("hunter2"), "{all}");
    }

    #[test]
    fn secrets_come_from_files_and_never_show() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "hunter2\n").unwrap();
        let text = format!(
            "[sources.prod]\nurl = \"https://p.example\"\ntoken_file = \"{}\"\nheader_name = \"X-Scope-OrgID\"\n\
             header_value = \"hunter3\"",
            file.display()
        );
        let (found, errors) = read_toml(&text);
        assert_eq!(errors, Vec::<String>::new());
        let Auth::Bearer(token) = &found[0].auth else { panic!("{found:?}") };
        assert_eq!(token.read().unwrap(), "hunter2");
        assert_eq!(found[0].header.as_ref().unwrap().1.read().unwrap(), "hunter3");
        let shown = format!("{found:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
