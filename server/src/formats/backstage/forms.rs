//! The forms of names, keys, tags and URLs that Backstage accepts.

/// A run of letters and digits with single marks between is not asked for: `a--b` and `a._b` are fine.
pub(super) fn is_object_name(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && ends(text.chars().next())
        && ends(text.chars().next_back())
}

/// Small letters and digits, with dashes inside.
pub(super) fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_dns_subdomain(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.split('.').all(is_dns_label)
}

/// `name` or `prefix/name`.
fn is_prefixed(text: &str, is_name: impl Fn(&str) -> bool) -> bool {
    match text.split_once('/') {
        None => is_name(text),
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_name(name),
    }
}

/// A key of a label or an annotation.
pub(super) fn is_key(text: &str) -> bool {
    is_prefixed(text, is_object_name)
}

/// A label's value: empty, or like a name.
pub(super) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_object_name(text)
}

/// An `apiVersion`.
pub(super) fn is_api_version(text: &str) -> bool {
    is_prefixed(text, |name| {
        (1..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// A `kind`.
pub(super) fn is_kind(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Groups of small letters, digits and `:+#`, joined by single dashes.
pub(super) fn is_tag(text: &str) -> bool {
    let is_group = |group: &str| {
        !group.is_empty()
            && group
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '+' | '#'))
    };
    (1..=63).contains(&text.len()) && text.split('-').all(is_group)
}

/// An absolute URL: a scheme, and a host where the scheme needs one.
pub(super) fn is_url(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_ascii_control() || c == ' ');
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let good_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !good_scheme {
        return false;
    }
    let special = ["http", "https", "ws", "wss", "ftp"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    !special || has_good_host(rest)
}

fn has_good_host(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((v6, port)) => {
                let port = port.strip_prefix(':').unwrap_or(port);
                return v6.parse::<std::net::Ipv6Addr>().is_ok() && is_port(port);
            }
            None => return false,
        },
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let forbidden = |c: char| {
        c.is_ascii_control()
            || matches!(c, ' ' | '<' | '>' | '^' | '|' | '%' | '[' | ']' | ':' | '@' | '`' | '{' | '}')
    };
    !host.is_empty() && !host.chars().any(forbidden) && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.is_empty() || (text.chars().all(|c| c.is_ascii_digit()) && text.parse::<u16>().is_ok())
}
