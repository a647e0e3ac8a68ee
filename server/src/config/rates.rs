//! Settings of how much one may ask for in a minute, and of the proxies whose word on addresses counts.

use std::net::IpAddr;

use toml::Value;

use super::{Network, Source, env};

/// Largest limit.
const MOST: i64 = 1_000_000_000;

/// Requests a minute; 0 switches a limit off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// With one token, or of one account.
    pub token: u32,
    /// From one address without a credential.
    pub address: u32,
    /// Credentials from one address that are not good.
    pub failed: u32,
    /// Exchanges of a CI identity from one address.
    pub exchange: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { token: 60_000, address: 60_000, failed: 20, exchange: 600 }
    }
}

impl Rates {
    pub(super) fn apply(&mut self, source: &mut Source) {
        for (name, slot) in [
            ("token_per_minute", &mut self.token),
            ("address_per_minute", &mut self.address),
            ("failed_per_minute", &mut self.failed),
            ("exchange_per_minute", &mut self.exchange),
        ] {
            if let Some(n) = source.number("limits", name, 0, MOST) {
                *slot = u32::try_from(n).unwrap_or(u32::MAX);
            }
        }
    }
}

/// Proxies in front of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they are; empty: nobody's word counts, the address is that of the connection.
    pub trusted: Vec<Network>,
    /// They write `Forwarded` and not `X-Forwarded-For`.
    pub forwarded: bool,
}

impl Proxies {
    /// Whether the connection of a request comes from a proxy that is trusted.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address.to_canonical()))
    }

    pub(super) fn apply(&mut self, source: &mut Source) {
        let texts: Vec<String> = match env("WATERBEAR_TRUSTED_PROXIES") {
            Some(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            None => match source.value("server", "trusted_proxies") {
                None => Vec::new(),
                Some(Value::Array(list)) if list.iter().all(Value::is_str) => {
                    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                Some(_) => {
                    let text = "server.trusted_proxies: expected a list of addresses and networks";
                    source.errors.push(text.into());
                    Vec::new()
                }
            },
        };
        for text in texts {
            match text.parse() {
                Ok(network) => self.trusted.push(network),
                Err(()) => {
                    source.error(
                        "server.trusted_proxies",
                        &text,
                        "an address, or a network such as 10.0.0.0/8",
                    );
                }
            }
        }
        match source.text("server", "proxy_header").map(|text| text.to_lowercase()).as_deref() {
            None | Some("x-forwarded-for") => {}
            Some("forwarded") => self.forwarded = true,
            Some(other) => source.error("server.proxy_header", other, "x-forwarded-for or forwarded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, HookConfig, Proof, Secret};
    use crate::formats::Format;
    use crate::store::DatabaseUrl;

    #[test]
    fn settings_show_no_secret() {
        let secret = || Secret::of("s3cr3t-of-somebody".to_owned());
        let hook = HookConfig {
            name: "h".into(),
            format: Format::Gremlin,
            proof: Proof::Key,
            secret: secret(),
            service: None,
            environment: None,
            services: Vec::new(),
        };
        let database = DatabaseUrl::parse("postgres://me:s3cr3t-of-somebody@127.0.0.1/waterbear").unwrap();
        let config = Config { database, secret_key: Some(secret()), hooks: vec![hook], ..Config::default() };
        let shown = format!("{config:?} {config:#?}");
        assert!(shown.contains("waterbear") && !shown.contains("s3cr3t"), "{shown}");
    }
}
