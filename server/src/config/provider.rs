//! `[identity_provider]`: where people sign in by OpenID Connect, and which of its claims say what they are here.

use toml::Value;

use super::issuers::{IssuerConfig, with};
use super::sources::{Fields, Secret};
use super::{Proxies, Source, env};

/// Where people sign in.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Name on the button.
    pub title: String,
    /// The issuer, and how it is asked.
    pub issuer: IssuerConfig,
    /// What the provider knows this installation by.
    pub client_id: String,
    /// Proves it; none for a public client, which PKCE alone protects.
    pub client_secret: Option<Secret>,
    /// What is asked for; `openid` is always among it.
    pub scopes: Vec<String>,
    /// Claim that the login is made of.
    pub login_claim: String,
    /// Claim with the groups; its path has dots.
    pub groups_claim: String,
    /// Claim that is true for administrators.
    pub admin_claim: Option<String>,
    /// What groups say.
    pub groups: GroupRules,
}

/// What groups of people say of their role here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRules {
    /// Groups whose people administer.
    pub admin_groups: Vec<String>,
    /// Groups whose people look after the programme.
    pub owner_groups: Vec<String>,
    /// What a group's name ends with whose people lead the team it is named after.
    pub lead_suffix: String,
}

impl GroupRules {
    fn read(at: &mut Fields<'_>) -> Self {
        let mut words = |key: &'static str| -> Vec<String> {
            let text = at.text(key).unwrap_or_default();
            text.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect()
        };
        let (admin_groups, owner_groups) = (words("admin_groups"), words("owner_groups"));
        let lead_suffix = at.text("lead_suffix").unwrap_or_else(|| "-leads".to_owned());
        Self { admin_groups, owner_groups, lead_suffix }
    }
}

/// A proxy that signs people in, and says in headers who they are. Only proxies in `server.trusted_proxies` are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardAuth {
    /// Header with the login.
    pub user_header: String,
    /// Header with the name as shown.
    pub name_header: Option<String>,
    /// Header with the mail address.
    pub email_header: Option<String>,
    /// Header with the groups, commas between.
    pub groups_header: Option<String>,
    /// What groups say.
    pub groups: GroupRules,
}

const FORWARD: &str = "forward_auth";

const FORWARD_KEYS: &[&str] = &[
    "user_header",
    "name_header",
    "email_header",
    "groups_header",
    "admin_groups",
    "owner_groups",
    "lead_suffix",
];

/// Reads `[forward_auth]`; none when there is none. It takes trusted proxies.
pub(super) fn forward(source: &mut Source, proxies: &Proxies) -> Option<ForwardAuth> {
    let value = source.table.get(FORWARD)?.clone();
    let before = source.errors.len();
    if proxies.trusted.is_empty() {
        source
            .errors
            .push(format!("{FORWARD}: name the proxy in server.trusted_proxies; nobody else is believed"));
    }
    let mut at = Fields::of(FORWARD.to_owned(), &value, &mut source.errors)?;
    at.only(FORWARD_KEYS);
    let mut header = |key: &'static str| {
        let name = at.text(key)?.to_lowercase();
        let fit = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let reserved = ["authorization", "cookie", "host", "x-forwarded-for", "forwarded"];
        if !fit || reserved.contains(&name.as_str()) {
            at.wrong(key, &name, "the name of a header that the proxy sets, such as X-Auth-Request-User");
        }
        Some(name)
    };
    let names =
        [header("user_header"), header("name_header"), header("email_header"), header("groups_header")];
    let [user_header, name_header, email_header, groups_header] = names;
    if user_header.is_none() {
        at.missing("user_header", "the header with the login, such as X-Auth-Request-User");
    }
    let groups = GroupRules::read(&mut at);
    let good = source.errors.len() == before;
    let user_header = user_header.filter(|_| good)?;
    Some(ForwardAuth { user_header, name_header, email_header, groups_header, groups })
}

const SECTION: &str = "identity_provider";

const KEYS: &[&str] = &[
    "title",
    "issuer",
    "client_id",
    "client_secret_env",
    "client_secret_file",
    "scopes",
    "login_claim",
    "groups_claim",
    "admin_groups",
    "admin_claim",
    "owner_groups",
    "lead_suffix",
    "discovery",
    "private_networks",
    "ca_file",
];

/// Reads the section; none when there is none.
pub(super) fn read(source: &mut Source) -> Option<IdentityProvider> {
    let value = source.table.get(SECTION)?.clone();
    let before = source.errors.len();
    let found = one(&value, &mut source.errors);
    found.filter(|_| source.errors.len() == before)
}

fn one(value: &Value, errors: &mut Vec<String>) -> Option<IdentityProvider> {
    let mut at = Fields::of(SECTION.to_owned(), value, errors)?;
    at.only(KEYS);
    let issuer = with(&mut at, SECTION, None, "issuer");
    let client_id = at.text("client_id").unwrap_or_default();
    if client_id.is_empty() || client_id.len() > 255 || client_id.chars().any(char::is_control) {
        at.missing("client_id", "what the provider knows this installation by");
    }
    let client_secret = match (at.text("client_secret_env"), at.text("client_secret_file")) {
        (Some(_), Some(_)) => {
            at.missing("client_secret_env", "this or client_secret_file, not both");
            None
        }
        (Some(name), None) => {
            let secret = env(&name).map(Secret::of);
            if secret.is_none() {
                at.wrong("client_secret_env", &name, "a variable of the environment that is set");
            }
            secret
        }
        (None, Some(file)) => Some(Secret::in_file(file.into())),
        (None, None) => None,
    };
    let scopes = at.text("scopes").unwrap_or_else(|| "openid profile email".to_owned());
    let mut scopes: Vec<String> =
        scopes.split([' ', ',']).filter(|s| !s.is_empty()).map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    Some(IdentityProvider {
        title: at.text("title").unwrap_or_else(|| "your organisation".to_owned()),
        issuer: issuer?,
        client_id,
        client_secret,
        scopes,
        login_claim: at.text("login_claim").unwrap_or_else(|| "preferred_username".to_owned()),
        groups_claim: at.text("groups_claim").unwrap_or_else(|| "groups".to_owned()),
        admin_claim: at.text("admin_claim"),
        groups: GroupRules::read(&mut at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_toml(text: &str) -> (Option<IdentityProvider>, Vec<String>) {
        let mut source = Source { table: text.parse().unwrap(), errors: Vec::new() };
        let found = read(&mut source);
        (found, source.errors)
    }

    #[test]
    fn the_least_is_an_issuer_and_a_client() {
        let (found, errors) = read_toml(
            "[identity_provider]\nissuer = \"https://id.shop.example/realms/shop\"\nclient_id = \"wb\"",
        );
        assert_eq!(errors, Vec::<String>::new());
        let found = found.unwrap();
        assert_eq!(found.scopes, ["openid", "profile", "email"]);
        assert_eq!((found.groups_claim.as_str(), found.groups.lead_suffix.as_str()), ("groups", "-leads"));
        assert_eq!(found.issuer.section(), "identity_provider");
        assert!(read_toml("").0.is_none());
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let (found, errors) =
            read_toml("[identity_provider]\nissuer = \"http://id.example\"\nclient = \"x\"");
        assert!(found.is_none());
        for place in ["identity_provider.issuer", "identity_provider.client_id", "identity_provider.client"] {
            assert!(errors.iter().any(|error| error.contains(place)), "{place}: {errors:?}");
        }
    }
}
