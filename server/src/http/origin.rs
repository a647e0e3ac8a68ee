//! Where a request comes from: the address of its client, also behind proxies that are trusted.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName};

use super::Installed;
use super::headers::request_id;
use crate::app::actor::Origin;
use crate::config::Proxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
/// Proxies in a row that are looked at.
const MOST_HOPS: usize = 20;

/// The address of the client; none where the connection has none.
pub fn address(req: &HttpRequest) -> Option<IpAddr> {
    let peer = req.peer_addr()?.ip().to_canonical();
    let proxies = &req.app_data::<Installed>()?.config.proxies;
    Some(if proxies.trusts(peer) { behind(req.headers(), proxies).unwrap_or(peer) } else { peer })
}

/// The last address that a trusted proxy wrote and that is not a trusted proxy itself. What stands before it was
/// written by whoever is there.
fn behind(headers: &HeaderMap, proxies: &Proxies) -> Option<IpAddr> {
    let name = if proxies.forwarded { FORWARDED } else { X_FORWARDED_FOR };
    let lines: Vec<&str> = headers.get_all(name).map(|v| v.to_str()).collect::<Result<_, _>>().ok()?;
    let all = lines.join(",");
    let mut last = None;
    for hop in all.rsplit(',').take(MOST_HOPS) {
        let text = if proxies.forwarded { forwarded_for(hop)? } else { hop };
        let address = read(text)?;
        last = Some(address);
        if !proxies.trusts(address) {
            break;
        }
    }
    last
}

/// `for=` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })
}

/// An address, perhaps in quotes, in brackets, with a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok().map(|a| a.to_canonical())
}

/// Where a request comes from, for the audit.
pub fn of(req: &HttpRequest) -> Arc<Origin> {
    let pattern = req.match_pattern().unwrap_or_default();
    Arc::new(Origin {
        address: address(req).map(|address| address.to_string()),
        request_id: request_id(req),
        action: format!("{} {pattern}", req.method()),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn seen(forwarded: bool, lines: &[&str]) -> Option<String> {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        let name = if forwarded { FORWARDED } else { X_FORWARDED_FOR };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_str(line).unwrap());
        }
        behind(&headers, &Proxies { trusted, forwarded }).map(|a| a.to_string())
    }

    #[test]
    fn only_what_a_trusted_proxy_wrote_is_believed() {
        let one = |lines: &[&str]| seen(false, lines);
        assert_eq!(one(&["192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        // The client made the first one up.
        assert_eq!(one(&["6.6.6.6, 192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(one(&["6.6.6.6", "192.0.2.7, 10.1.1.1"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(one(&["10.1.1.1"]).as_deref(), Some("10.1.1.1"));
        assert_eq!(one(&["192.0.2.7:1234"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(one(&["::ffff:192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        for nonsense in ["", "unknown", "192.0.2.7\" x"] {
            assert_eq!(one(&[nonsense]), None, "{nonsense}");
        }
        let two = |lines: &[&str]| seen(true, lines);
        assert_eq!(
            two(&["for=6.6.6.6, For=\"[2001:db8::1]:80\";proto=https"]).as_deref(),
            Some("2001:db8::1")
        );
        assert_eq!(two(&["proto=https"]), None);
    }
}
