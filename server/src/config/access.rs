//! Who may read without signing in, how long a session lasts, under which names the server is reached.

use std::net::{IpAddr, SocketAddr};

use super::{Config, Source};

/// `[sign_in]`: how long sessions last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInConfig {
    /// A session that was not used for so many hours ends.
    pub idle_hours: i64,
    /// A session ends after so many hours whatever happens.
    pub absolute_hours: i64,
    /// Whether local accounts may sign in with a password.
    pub passwords: bool,
}

impl Default for SignInConfig {
    fn default() -> Self {
        Self { idle_hours: 12, absolute_hours: 7 * 24, passwords: true }
    }
}

impl SignInConfig {
    /// The idle time in ms.
    pub const fn idle_ms(&self) -> i64 {
        self.idle_hours * 3_600_000
    }

    /// The absolute time in ms.
    pub const fn absolute_ms(&self) -> i64 {
        self.absolute_hours * 3_600_000
    }

    pub(super) fn apply(&mut self, source: &mut Source) {
        if let Some(hours) = source.number("sign_in", "idle_hours", 1, 24 * 90) {
            self.idle_hours = hours;
        }
        if let Some(hours) = source.number("sign_in", "absolute_hours", 1, 24 * 365) {
            self.absolute_hours = hours;
        }
        if let Some(word) = source.text("sign_in", "passwords") {
            match word.as_str() {
                "true" | "yes" => self.passwords = true,
                "false" | "no" => self.passwords = false,
                other => source.error("sign_in.passwords", other, "true or false"),
            }
        }
    }
}

/// `access.reading`: true when it takes signing in, false when it is open, none when it depends on the listener.
pub(super) fn reading(source: &mut Source) -> Option<bool> {
    match source.text("access", "reading")?.as_str() {
        "open" => Some(false),
        "signed_in" => Some(true),
        other => {
            source.error("access.reading", other, "open or signed_in");
            None
        }
    }
}

/// `access.hidden_teams`: slugs of teams, with commas between them.
pub(super) fn hidden_teams(source: &mut Source) -> Vec<String> {
    let Some(text) = source.text("access", "hidden_teams") else { return Vec::new() };
    let mut slugs: Vec<String> =
        text.split(',').map(|slug| slug.trim().to_lowercase()).filter(|slug| !slug.is_empty()).collect();
    slugs.sort_unstable();
    slugs.dedup();
    for slug in slugs.iter().filter(|slug| slug.contains(['/', ':']) || slug.contains(char::is_whitespace)) {
        source.error(
            "access.hidden_teams",
            slug,
            "slugs of teams with commas between them, such as audit,legal",
        );
    }
    slugs
}

/// `server.hosts`: further names under which the server is reached.
pub(super) fn hosts(source: &mut Source) -> Vec<String> {
    let Some(text) = source.text("server", "hosts") else { return Vec::new() };
    text.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect()
}

impl Config {
    /// Whether others than this machine can reach the server: its listener, or the address it is said to have.
    pub fn is_exposed(&self) -> bool {
        let outside = self.listen.parse::<SocketAddr>().is_ok_and(|addr| !addr.ip().is_loopback());
        outside || self.public_host().is_some_and(|host| !is_this_machine(&host))
    }

    /// Whether reading takes signing in. Unless said otherwise: wherever others can reach the server. The made-up
    /// organisation of the demo is open.
    pub fn reading_takes_sign_in(&self) -> bool {
        self.reading_signed_in.unwrap_or_else(|| self.is_exposed() && !self.demo)
    }

    /// The host of the public address, in lower case and without its port.
    pub fn public_host(&self) -> Option<String> {
        let (_, rest) = self.public_url.as_deref()?.split_once("://")?;
        Some(host_of(rest.split(['/', '?', '#']).next().unwrap_or_default()))
    }

    /// What stands against serving beyond this machine, each with its cure; nothing when it does not.
    pub fn unsafe_to_serve(&self, has_admin: bool) -> Vec<String> {
        let mut reasons = Vec::new();
        let outside = self.listen.parse::<SocketAddr>().is_ok_and(|addr| !addr.ip().is_loopback());
        if !outside {
            return reasons;
        }
        if !self.public_url.as_deref().is_some_and(|url| url.starts_with("https://")) {
            reasons.push(
                "server.public_url: expected an address that begins with https://, which says that TLS ends in \
                 front of this server; without it passwords and tokens would cross the network in the clear"
                    .to_owned(),
            );
        }
        if self.secret_key.is_none() {
            reasons.push(
                "server.secret_key (or server.secret_key_file, WATERBEAR_SECRET_KEY): expected 32 random \
                 characters or more, the same on every replica"
                    .to_owned(),
            );
        }
        if !has_admin {
            reasons.push(
                "accounts: there is no administrator; make one with `waterbear user create --login NAME --role \
                 admin`"
                    .to_owned(),
            );
        }
        reasons
    }

    /// Whether a request may name this host in `Host`: what somebody's own domain was made to point here for
    /// (DNS rebinding) is refused; an address in digits cannot be that.
    pub fn answers_to(&self, host: &str) -> bool {
        let host = host_of(host);
        is_this_machine(&host)
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || self.public_host().is_some_and(|own| own == host)
            || self.hosts.contains(&host)
    }
}

/// Whether a host is a name of this machine for itself.
fn is_this_machine(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

/// A host without its port, in lower case.
fn host_of(authority: &str) -> String {
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let bare = match authority.rfind(']') {
        Some(end) => authority.get(..=end).unwrap_or(authority),
        None => authority.split(':').next().unwrap_or_default(),
    };
    bare.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, public_url: Option<&str>) -> Config {
        Config { listen: listen.into(), public_url: public_url.map(str::to_owned), ..Config::default() }
    }

    #[test]
    fn reading_is_open_on_this_machine_only() {
        assert!(!config("127.0.0.1:8080", None).reading_takes_sign_in());
        assert!(!config("[::1]:8080", Some("http://localhost:8080")).reading_takes_sign_in());
        assert!(config("0.0.0.0:8080", None).reading_takes_sign_in());
        assert!(config("127.0.0.1:8080", Some("https://waterbear.shop.example")).reading_takes_sign_in());
        let mut open = config("0.0.0.0:8080", None);
        open.reading_signed_in = Some(false);
        assert!(!open.reading_takes_sign_in());
    }

    #[test]
    fn everything_that_stands_against_serving_is_said_at_once() {
        assert!(config("127.0.0.1:8080", None).unsafe_to_serve(false).is_empty());
        assert_eq!(config("0.0.0.0:8080", None).unsafe_to_serve(false).len(), 3);
        assert_eq!(config("0.0.0.0:8080", Some("http://a.example")).unsafe_to_serve(true).len(), 2);
    }

    #[test]
    fn a_foreign_name_in_host_is_refused_and_digits_are_not() {
        let own = config("127.0.0.1:8080", Some("https://waterbear.shop.example:8443/base"));
        for host in
            ["waterbear.shop.example", "Waterbear.Shop.Example.:8443", "localhost:9", "10.0.0.7", "[::1]:80"]
        {
            assert!(own.answers_to(host), "{host}");
        }
        for host in [
            "evil.example",
            "waterbear.shop.example.evil.example",
            "localhost.evil.example",
            "",
            "a@evil.example",
        ] {
            assert!(!own.answers_to(host), "{host}");
        }
    }
}
