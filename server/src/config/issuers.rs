//! Issuers of identity tokens, each a section `[issuers.NAME]`, and for whom such tokens must be meant (`[ci]`).

use std::path::PathBuf;

use toml::Value;

use super::sources::{Fields, networks};
use super::{Network, Source};

/// Longest address of an issuer, bytes: it is part of a key.
const MAX_URL: usize = 255;

/// Whose CI it is: which claims its tokens have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// GitHub Actions, also of GitHub Enterprise.
    GitHub,
    /// GitLab CI, also self-managed.
    GitLab,
}

impl Provider {
    /// Both.
    pub const ALL: [Self; 2] = [Self::GitHub, Self::GitLab];

    /// The word of settings, JSON and the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The issuer of the hosted offer.
    pub const fn issuer(self) -> &'static str {
        match self {
            Self::GitHub => "https://token.actions.githubusercontent.com",
            Self::GitLab => "https://gitlab.com",
        }
    }
}

/// An issuer whose tokens are looked at.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// Its name, from the section's.
    pub name: String,
    /// Whose CI; none: people sign in with it.
    pub provider: Option<Provider>,
    /// The issuer, to the byte as it stands in `iss`.
    pub url: String,
    /// Address of its discovery document, where it is not the usual one.
    pub discovery: Option<String>,
    /// Address of its keys; then no discovery document is asked for.
    pub jwks_url: Option<String>,
    /// Networks that are not public and may be asked all the same.
    pub private_networks: Vec<Network>,
    /// PEM file of a CA that is believed beside those of the system.
    pub ca_file: Option<PathBuf>,
}

impl IssuerConfig {
    /// The section of the settings it stands in.
    pub fn section(&self) -> String {
        if self.provider.is_some() { format!("issuers.{}", self.name) } else { self.name.clone() }
    }

    /// The hosted offer of a provider.
    pub fn hosted(provider: Provider) -> Self {
        Self {
            name: provider.as_str().to_owned(),
            provider: Some(provider),
            url: provider.issuer().to_owned(),
            discovery: None,
            jwks_url: None,
            private_networks: Vec::new(),
            ca_file: None,
        }
    }
}

/// Identity of CI jobs.
#[derive(Clone, Debug)]
pub struct CiConfig {
    /// What a token must name as its audience; none: the public address of this installation.
    pub audience: Option<String>,
    /// Issuers; GitHub and gitlab.com are always among them.
    pub issuers: Vec<IssuerConfig>,
}

impl Default for CiConfig {
    fn default() -> Self {
        Self { audience: None, issuers: Provider::ALL.map(IssuerConfig::hosted).to_vec() }
    }
}

impl CiConfig {
    /// The issuer of exactly this address.
    pub fn issuer(&self, url: &str) -> Option<&IssuerConfig> {
        self.issuers.iter().find(|issuer| issuer.url == url)
    }
}

const KEYS: &[&str] = &["provider", "url", "discovery", "jwks_url", "private_networks", "ca_file"];

/// Reads `[ci]` and every `[issuers.NAME]`.
pub(super) fn read(source: &mut Source) -> CiConfig {
    let audience = source.text("ci", "audience").filter(|text| !text.trim().is_empty());
    if let Some(odd) =
        audience.as_ref().filter(|text| text.len() > MAX_URL || text.contains(char::is_whitespace))
    {
        let odd: String = odd.chars().take(80).collect();
        source.error("ci.audience", &odd, "a text without spaces, of at most 255 bytes");
    }
    let mut issuers: Vec<IssuerConfig> = match source.table.get("issuers").cloned() {
        None => Vec::new(),
        Some(Value::Table(all)) => {
            all.into_iter().filter_map(|(name, value)| one(&name, &value, &mut source.errors)).collect()
        }
        Some(_) => {
            source.errors.push("issuers: expected sections such as [issuers.gitlab-corp]".into());
            Vec::new()
        }
    };
    for (n, issuer) in issuers.iter().enumerate() {
        if let Some(other) = issuers.iter().take(n).find(|other| other.url == issuer.url) {
            let (name, other) = (&issuer.name, &other.name);
            source.errors.push(format!("issuers.{name}.url: is the issuer of issuers.{other} already"));
        }
    }
    for hosted in Provider::ALL.map(IssuerConfig::hosted) {
        if issuers.iter().all(|issuer| issuer.url != hosted.url) {
            issuers.push(hosted);
        }
    }
    CiConfig { audience, issuers }
}

fn one(name: &str, value: &Value, errors: &mut Vec<String>) -> Option<IssuerConfig> {
    let before = errors.len();
    let mut at = Fields::of(format!("issuers.{name}"), value, errors)?;
    at.only(KEYS);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        at.wrong("", name, "a name of at most 40 small letters, digits and dashes");
    }
    let word = at.text("provider").unwrap_or_default();
    let provider = Provider::parse(&word).unwrap_or(Provider::GitHub);
    if Provider::parse(&word).is_none() {
        at.wrong("provider", &word, "github or gitlab");
    }
    with(&mut at, name, Some(provider), "url").filter(|_| errors.len() == before)
}

/// Reads how an issuer is asked, whose own address stands in `key`; none when something of that is wrong.
pub(super) fn with(
    at: &mut Fields<'_>,
    name: &str,
    provider: Option<Provider>,
    key: &'static str,
) -> Option<IssuerConfig> {
    let issuer = at.text(key);
    let lacking = issuer.is_none();
    if lacking {
        at.missing(key, "the issuer as it stands in `iss`, such as https://gitlab.shop.example");
    }
    let config = IssuerConfig {
        name: name.to_owned(),
        provider,
        url: issuer.unwrap_or_default(),
        discovery: at.text("discovery"),
        jwks_url: provider.and_then(|_| at.text("jwks_url")),
        private_networks: networks(at),
        ca_file: at.text("ca_file").map(PathBuf::from),
    };
    // Keys that come in the clear are anybody's who sits in between.
    let inside = !config.private_networks.is_empty();
    let asked = config.jwks_url.is_some() || (provider.is_some() && config.discovery.is_some());
    let urls = [
        (key, Some(&config.url).filter(|url| !url.is_empty()), inside || asked),
        ("discovery", config.discovery.as_ref(), inside),
        ("jwks_url", config.jwks_url.as_ref(), inside),
    ];
    let mut good = !lacking;
    for (key, url, in_clear) in urls {
        if let Some(url) = url
            && !is_address(url, in_clear)
        {
            good = false;
            at.missing(
                key,
                "an address that begins with https:// (or http://, where private_networks says that it is inside), \
                 without user, `?` and `#`",
            );
        }
    }
    good.then_some(config)
}

fn is_address(url: &str, in_clear: bool) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://").filter(|_| in_clear));
    let odd = |c: char| matches!(c, '@' | '?' | '#') || c.is_whitespace() || c.is_control();
    url.len() <= MAX_URL
        && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_toml(text: &str) -> (CiConfig, Vec<String>) {
        let mut source = Source { table: text.parse().unwrap(), errors: Vec::new() };
        let found = read(&mut source);
        (found, source.errors)
    }

    #[test]
    fn the_hosted_issuers_are_known_without_any_setting() {
        let (found, errors) = read_toml("");
        assert_eq!(errors, Vec::<String>::new());
        for provider in Provider::ALL {
            let issuer = found.issuer(provider.issuer()).unwrap();
            assert!(issuer.provider == Some(provider) && issuer.private_networks.is_empty());
        }
        assert!(found.issuer("https://token.actions.githubusercontent.com/").is_none(), "to the byte");
    }

    #[test]
    fn a_section_takes_the_place_of_a_hosted_issuer_or_stands_beside_it() {
        let (found, errors) = read_toml(
            "[issuers.a]\nprovider = \"github\"\nurl = \"https://token.actions.githubusercontent.com\"\n\
             jwks_url = \"http://127.0.0.1:1/keys\"\nprivate_networks = [\"127.0.0.0/8\"]\n\
             [issuers.corp]\nprovider = \"gitlab\"\nurl = \"https://gitlab.corp.example\"",
        );
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(found.issuers.len(), 3);
        assert!(found.issuer(Provider::GitHub.issuer()).unwrap().jwks_url.is_some());
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let (_, errors) = read_toml(
            "[ci]\naudience = \"two words\"\n[issuers.A]\nprovider = \"jenkins\"\nsecret = \"x\"\n\
             [issuers.b]\nprovider = \"gitlab\"\nurl = \"http://gitlab.corp.example\"\njwks_url = \"ftp://x\"\n\
             [issuers.c]\nprovider = \"gitlab\"\nurl = \"https://ada:pw@gitlab.corp.example\"\n\
             [issuers.d]\nprovider = \"gitlab\"\nurl = \"https://d.example\"\n[issuers.e]\nprovider = \"gitlab\"\n\
             url = \"https://d.example\"",
        );
        let all = errors.join("\n");
        for place in [
            "ci.audience",
            "issuers.A:",
            "issuers.A.provider",
            "issuers.A.secret",
            "issuers.A.url",
            "issuers.b.jwks_url",
            "issuers.c.url",
            "issuers.e.url",
        ] {
            assert!(all.contains(place), "{place} is not in\n{all}");
        }
        assert!(!all.contains("ada:pw"), "{all}");
    }
}
