//! A target that is wished for, checked; everything that is wrong is told at once, and nothing secret repeated.

use super::Kind;
use super::kinds::WANTS;
use super::targets::AddTarget;
use crate::app::{Tx, owners};
use crate::config::is_address;
use crate::error::{Error, FieldError, Result};
use crate::types::MAX_NAME_BYTES;

/// Longest URL.
const MAX_URL: usize = 2_000;

/// What was checked of a wish.
pub(super) struct Wish {
    pub(super) kind: Kind,
    pub(super) address: String,
    /// As much of the address as may be shown.
    pub(super) shown: String,
    /// Id and slug.
    pub(super) team: Option<(String, String)>,
    pub(super) events: Vec<String>,
}

/// Checks a wish.
pub(super) fn check(tx: &mut Tx<'_>, cmd: &AddTarget) -> Result<Wish> {
    let mut fields = Vec::new();
    let name = cmd.name.trim();
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        fields.push(FieldError::new("/name", "expected a name of 1 to 255 bytes"));
    }
    let kind = Kind::parse(cmd.kind.as_deref().unwrap_or("webhook"));
    if kind.is_none() {
        fields.push(FieldError::new("/kind", "expected one of: webhook, slack, mail"));
    }
    let kind = kind.unwrap_or(Kind::Webhook);
    let (address, shown) = match kind {
        Kind::Mail => mail_address(tx, cmd, &mut fields),
        Kind::Webhook | Kind::Slack => url(tx, cmd, kind, &mut fields),
    };
    let words = || WANTS.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    let mut events = cmd.events.clone().unwrap_or_else(|| words().iter().map(|w| (*w).to_owned()).collect());
    for (i, word) in events.iter().enumerate().filter(|(_, word)| !words().contains(&word.as_str())) {
        let near = crate::config::nearest(word, &words());
        let detail = format!("expected one of: {}{near}", words().join(", "));
        fields.push(FieldError::new(format!("/events/{i}"), detail));
    }
    if events.is_empty() {
        fields.push(FieldError::new("/events", format!("expected at least one of: {}", words().join(", "))));
    }
    events.sort_unstable();
    events.dedup();
    let team = match cmd.team.as_deref().map(str::trim).filter(|slug| !slug.is_empty()) {
        None => None,
        Some(slug) => {
            let found = owners::living_team(tx, slug)?;
            if found.is_none() {
                let shown: String = slug.chars().take(120).collect();
                fields.push(FieldError::new("/team", format!("no team `{shown}`")));
            }
            found.map(|team| (team.id, team.slug))
        }
    };
    if fields.is_empty() {
        Ok(Wish { kind, address, shown, team, events })
    } else {
        Err(Error::Invalid { fields })
    }
}

fn mail_address(tx: &Tx<'_>, cmd: &AddTarget, fields: &mut Vec<FieldError>) -> (String, String) {
    let address = cmd.address.as_deref().unwrap_or_default().trim().to_owned();
    if !is_address(&address) {
        fields.push(FieldError::new("/address", "expected one mail address such as team@shop.example"));
    }
    if cmd.url.is_some() {
        fields.push(FieldError::new("/url", "mail goes to an address, not to a URL"));
    }
    if tx.config.notifications.mail.is_none() {
        let detail = "no mail server is set: set mail.host and mail.from in the settings first";
        fields.push(FieldError::new("/kind", detail));
    }
    (address.clone(), address)
}

/// The URL, and as much of it as may be shown: of Slack's the host alone, for its path is the secret.
fn url(tx: &Tx<'_>, cmd: &AddTarget, kind: Kind, fields: &mut Vec<FieldError>) -> (String, String) {
    let url = cmd.url.as_deref().unwrap_or_default().trim().to_owned();
    let secure = url.starts_with("https://");
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if cmd.address.is_some() {
        fields.push(FieldError::new("/address", "only mail goes to an address; expected a `url`"));
    }
    // The URL may hold a secret: it is not repeated.
    if authority.is_empty() || url.len() > MAX_URL || url.contains(odd) || authority.contains('@') {
        let detail = "expected a URL such as https://oncall.shop.example/hooks, without user and password";
        fields.push(FieldError::new("/url", detail));
    } else if !(secure || tx.config.notifications.plain_http && url.starts_with("http://")) {
        let detail = "expected a URL that begins with https:// (or set notifications.plain_http = true)";
        fields.push(FieldError::new("/url", detail));
    }
    let scheme = if secure { "https" } else { "http" };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let shown = match kind {
        Kind::Slack => format!("{scheme}://{authority}/…"),
        _ if path.is_empty() => format!("{scheme}://{authority}/"),
        _ => format!("{scheme}://{authority}/…/{}", last_of(path)),
    };
    (url, shown)
}

/// The last part of a path as a hint; a long one may be a secret, and is cut.
fn last_of(path: &str) -> String {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.chars().count() > 12 {
        format!("{}…", last.chars().take(4).collect::<String>())
    } else {
        last.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_shows_no_secret() {
        assert_eq!(last_of("services/T0/B0/aVeryLongSecretIndeed"), "aVer…");
        assert_eq!(last_of("hooks/waterbear"), "waterbear");
        assert_eq!(last_of("hooks/"), "hooks");
    }
}
