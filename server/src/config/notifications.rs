//! `[notifications]`: how far messages may go, and when the digest is made. `[mail]`: through which server mail goes.

use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

use super::sources::{Fields, networks};
use super::{Network, Secret, Source};
use crate::jobs::schedule::Schedule;
use crate::types::Timestamp;

/// Where messages may go, and when the digest is made.
#[derive(Clone, Debug)]
pub struct NotificationsConfig {
    /// Networks that are not public and may be told all the same.
    pub private_networks: Vec<Network>,
    /// Whether an address may begin with `http://`.
    pub plain_http: bool,
    /// PEM file of a CA that is believed beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// The longest an answer may take.
    pub timeout: Duration,
    /// When the weekly digest is made, in the time zone of the schedule: a cron expression.
    pub digest: String,
    /// The server that takes mail; none: no mail is sent.
    pub mail: Option<MailConfig>,
}

/// The server that takes mail.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// PEM file of a CA that is believed beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// User and password; none: it takes mail without.
    pub login: Option<(String, Secret)>,
    /// Whom mail is from: `Waterbear <waterbear@shop.example>` or the bare address.
    pub from: String,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte (port 465).
    Implicit,
    /// After `STARTTLS`, without which nothing is sent (port 587).
    StartTls,
    /// Not at all.
    None,
}

/// Monday morning.
const DIGEST: &str = "0 8 * * Mon";

impl Default for NotificationsConfig {
    fn default() -> Self {
        Self {
            private_networks: Vec::new(),
            plain_http: false,
            ca_file: None,
            timeout: Duration::from_secs(15),
            digest: DIGEST.to_owned(),
            mail: None,
        }
    }
}

impl NotificationsConfig {
    /// When the first digest after `now` is due; none where the schedule never comes due.
    pub fn next_digest(&self, zone: chrono_tz::Tz, now: Timestamp) -> Option<Timestamp> {
        let schedule = Schedule::parse(&self.digest).ok()?;
        schedule.next_after(zone, now.to_datetime()).map(|at| Timestamp(at.timestamp_millis()))
    }
}

/// Reads `[notifications]` and `[mail]`.
pub(super) fn read(source: &mut Source) -> NotificationsConfig {
    let mut config = NotificationsConfig { mail: mail(source), ..NotificationsConfig::default() };
    let Some(value) = source.table.get("notifications").cloned() else { return config };
    let Some(mut at) = Fields::of("notifications".into(), &value, &mut source.errors) else { return config };
    at.only(&["private_networks", "plain_http", "ca_file", "timeout_seconds", "digest"]);
    config.private_networks = networks(&mut at);
    match at.value("plain_http") {
        None => {}
        Some(Value::Boolean(allowed)) => config.plain_http = allowed,
        Some(other) => at.wrong("plain_http", &other.to_string(), "true or false"),
    }
    config.ca_file = at.text("ca_file").map(PathBuf::from);
    if let Some(seconds) = at.number("timeout_seconds", 1, 30) {
        config.timeout = Duration::from_secs(seconds.unsigned_abs());
    }
    if let Some(text) = at.text("digest") {
        match Schedule::parse(&text) {
            Ok(_) => config.digest = text,
            Err(expected) => at.wrong("digest", &text, &expected),
        }
    }
    config
}

fn mail(source: &mut Source) -> Option<MailConfig> {
    let value = source.table.get("mail").cloned()?;
    let mut at = Fields::of("mail".into(), &value, &mut source.errors)?;
    at.only(&["host", "port", "tls", "ca_file", "username", "password_env", "password_file", "from"]);
    let tls = match at.text("tls").as_deref() {
        None | Some("starttls") => MailTls::StartTls,
        Some("implicit") => MailTls::Implicit,
        Some("none") => MailTls::None,
        Some(other) => {
            at.wrong("tls", other, "starttls, implicit or none");
            MailTls::StartTls
        }
    };
    let usual = match tls {
        MailTls::Implicit => 465,
        MailTls::StartTls => 587,
        MailTls::None => 25,
    };
    let host = at.text("host");
    let from = at.text("from");
    if host.as_ref().is_none_or(|host| host.contains(['/', ':', ' ', '@'])) {
        at.missing("host", "the name of the mail server, such as smtp.shop.example");
    }
    if !from.as_ref().is_some_and(|from| is_address(bare(from))) {
        at.missing("from", "whom mail is from, such as Waterbear <waterbear@shop.example>");
    }
    let login = match (at.text("username"), at.secret("password", false)) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => {
            at.missing("username", "both username and password_env (or password_file), or neither");
            None
        }
    };
    if login.is_some() && tls == MailTls::None {
        at.missing("tls", "starttls or implicit: a password is not sent in the clear");
    }
    let port = at.number("port", 1, 65_535).and_then(|n| u16::try_from(n).ok()).unwrap_or(usual);
    let ca_file = at.text("ca_file").map(PathBuf::from);
    Some(MailConfig { host: host?, port, tls, ca_file, login, from: from? })
}

/// The address in `Name <address>`, or all of it.
fn bare(from: &str) -> &str {
    from.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(from, |(inner, _)| inner)
}

/// Whether a text is a plain mail address: one `@`, nothing that a header or a list of addresses gives a meaning to.
pub fn is_address(text: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let good = |text: &str| {
        !text.is_empty() && !text.starts_with('.') && !text.ends_with('.') && !text.contains("..")
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(name, domain)| {
            name.len() <= 64
                && good(name)
                && good(domain)
                && name.chars().all(part)
                && domain.chars().all(host)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_toml(text: &str) -> (NotificationsConfig, Vec<String>) {
        let mut source = Source { table: text.parse().unwrap(), errors: Vec::new() };
        let found = read(&mut source);
        (found, source.errors)
    }

    #[test]
    fn without_settings_nothing_private_is_told_and_no_mail_sent() {
        let (found, errors) = read_toml("");
        assert!(errors.is_empty() && found.mail.is_none() && found.private_networks.is_empty());
        assert!(!found.plain_http);
        let sunday = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        let next = found.next_digest(chrono_tz::UTC, sunday).unwrap();
        assert_eq!(next.to_rfc3339(), "2026-11-23T08:00:00.000Z");
    }

    #[test]
    fn the_port_follows_from_the_encryption() {
        for (tls, port) in [("implicit", 465), ("starttls", 587), ("none", 25)] {
            let text = format!(
                "[mail]\nhost = \"smtp.shop.example\"\nfrom = \"W <w@shop.example>\"\ntls = \"{tls}\""
            );
            let (found, errors) = read_toml(&text);
            assert_eq!((errors, found.mail.map(|m| m.port)), (Vec::new(), Some(port)));
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_no_secret() {
        let (_, errors) = read_toml(
            "[notifications]\nprivate_networks = [\"10.0.0.0/99\"]\ndigest = \"weekly\"\nplain_http = \"maybe\"\nx = 1\n\
             [mail]\nhost = \"smtp://x\"\nfrom = \"nobody\"\ntls = \"ssl\"\nusername = \"ada\"\npassword = \"hunter2\"",
        );
        let all = errors.join("\n");
        for place in [
            "notifications.private_networks",
            "notifications.digest",
            "notifications.plain_http",
            "notifications.x",
            "mail.host",
            "mail.from",
            "mail.tls",
            "mail.username",
            "mail.password",
        ] {
            assert!(all.contains(place), "{place} is not in\n{all}");
        }
        assert!(!all.contains("hunter2"), "{all}");
    }

    #[test]
    fn an_address_holds_nothing_that_ends_a_header() {
        for good in ["ada@shop.example", "a.b+c@x-y.example"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "ada",
            "@x.example",
            "a@",
            "a@b@c.example",
            "a b@x.example",
            "a@x.example\r\nBcc: b@x.example",
            "a@x.example,b@x.example",
            "<a@x.example>",
            "a..b@x.example",
            "\"a\"@x.example",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
