//! Requests to addresses that somebody configured: no address that is not public unless the settings name its network,
//! no redirect, no proxy, nothing that never ends.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::config::{Network, SourceConfig};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How far requests of one configured place may go.
#[derive(Clone, Debug)]
pub struct Door<'a> {
    /// The settings' section, for errors: `sources.prod`.
    pub section: String,
    /// Networks that are not public and may be asked all the same.
    pub networks: &'a [Network],
    /// PEM file of a CA that is believed beside those of the system.
    pub ca_file: Option<&'a Path>,
    /// The longest an answer may take.
    pub timeout: Duration,
}

/// A client for one source.
///
/// # Errors
///
/// Why none can be made: a CA file that cannot be read, an address in the URL that may not be asked.
pub fn client(source: &SourceConfig) -> Result<Client, String> {
    let door = Door {
        section: format!("sources.{}", source.name),
        networks: &source.private_networks,
        ca_file: source.ca_file.as_deref(),
        timeout: source.timeout,
    };
    door.check(&source.url)?;
    door.client()
}

impl Door<'_> {
    /// The URL, unless it holds an address that may not be asked: such a one is never looked up, so the resolver does
    /// not see it.
    ///
    /// # Errors
    ///
    /// That it is no URL, or which setting would have to allow it.
    pub fn check(&self, url: &str) -> Result<Url, String> {
        let url = Url::parse(url).map_err(|e| format!("the address is no URL: {e}"))?;
        let host = url.host_str().unwrap_or_default();
        if let Ok(ip) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            allowed(ip, self.networks).map_err(|kind| refusal(&self.section, &ip.to_string(), ip, kind))?;
        }
        Ok(url)
    }

    /// A client that follows no redirect, uses no proxy and connects to no other address than allowed. It reads the CAs
    /// of the system: no work for a thread that serves.
    ///
    /// # Errors
    ///
    /// Why none can be made: a CA file that cannot be read.
    pub fn client(&self) -> Result<Client, String> {
        let guard = Guard { section: self.section.clone(), networks: self.networks.to_vec() };
        Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .dns_resolver(Arc::new(guard))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(self.timeout.min(CONNECT))
            .timeout(self.timeout)
            .user_agent(concat!("waterbear/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| format!("no client: {}", cause(&e)))
    }

    /// TLS that believes the system's CAs and the one of the settings.
    fn tls(&self) -> Result<ClientConfig, String> {
        let mut roots = RootCertStore::empty();
        // A system without CAs is not an error here: plain HTTP and an own CA need none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = self.ca_file {
            let place = |e: &dyn fmt::Display| format!("{}.ca_file: {}: {e}", self.section, file.display());
            let found = CertificateDer::pem_file_iter(file).map_err(|e| place(&e))?;
            let own: Vec<_> = found.collect::<Result<_, _>>().map_err(|e| place(&e))?;
            if roots.add_parsable_certificates(own).0 == 0 {
                return Err(place(&"no certificate that can be used"));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(config.map_err(|e| format!("TLS: {e}"))?.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Looks names up, and gives only those addresses that may be asked.
struct Guard {
    section: String,
    networks: Vec<Network>,
}

impl Resolve for Guard {
    fn resolve(&self, host: Name) -> Resolving {
        let (section, networks) = (self.section.clone(), self.networks.clone());
        Box::pin(async move {
            let host = host.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let mut refused = None;
            let mut good = Vec::new();
            for address in found {
                match allowed(address.ip(), &networks) {
                    Ok(()) => good.push(address),
                    Err(kind) => refused = Some(refusal(&section, &host, address.ip(), kind)),
                }
            }
            match (good.is_empty(), refused) {
                (true, Some(why)) => Err(Refused(why).into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

/// An address that may not be asked.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

fn refusal(section: &str, host: &str, ip: IpAddr, kind: &str) -> String {
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    let which = if host == ip.to_string() { host.to_owned() } else { format!("{host} is at {ip}, which") };
    format!(
        "{which} is {kind}, and such an address is not asked unless {section}.private_networks names its network \
         (\"{ip}/{whole}\" or a larger one)"
    )
}

/// Whether an address may be asked; otherwise what it is.
fn allowed(ip: IpAddr, networks: &[Network]) -> Result<(), &'static str> {
    if networks.iter().any(|network| network.contains(ip)) {
        return Ok(());
    }
    let found = match ip {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => match inner(v6) {
            // Another way to write an address of the fourth version.
            Some(v4) => return allowed(IpAddr::V4(v4), networks),
            None => kind_v6(v6),
        },
    };
    found.map_or(Ok(()), Err)
}

/// What an address is that is not public.
fn kind_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (127, ..) => Some("this machine itself"),
        (10, ..) | (192, 168, _) | (172, 16..=31, _) => Some("a private address"),
        (169, 254, _) => Some("a link-local address, where clouds keep their metadata"),
        (100, 64..=127, _) => Some("an address of a carrier's own network"),
        (0, ..) | (192, 0, 0 | 2) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => {
            Some("a reserved address")
        }
        (224.., ..) => Some("a multicast or reserved address"),
        _ => None,
    }
}

fn kind_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let [first, second, ..] = ip.segments();
    match (first, second) {
        _ if ip.is_loopback() => Some("this machine itself"),
        _ if ip.is_unspecified() => Some("no address"),
        (0xfc00..=0xfdff, _) => Some("a private address"),
        (0xfe80..=0xfeff, _) => Some("a link-local address"),
        (0xff00.., _) => Some("a multicast address"),
        (0x2001, 0..=0x01ff | 0x0db8) => Some("a reserved address"),
        (0x2000..=0x3fff, _) => None,
        _ => Some("a reserved address"),
    }
}

/// The address of the fourth version in one of the sixth: mapped, compatible, behind NAT64, or 6to4.
fn inner(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => join(high, low),
        _ => None,
    }
}

/// What lies at the bottom of an error: what stands above it names the library's own layers.
pub fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(below) = last.source() {
        last = below;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_asked_by_themselves() {
        for refused in [
            "127.0.0.1",
            "127.8.9.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001:0:1::1",
            "64:ff9b:1::1",
        ] {
            assert!(allowed(refused.parse().unwrap(), &[]).is_err(), "{refused}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert_eq!(allowed(public.parse().unwrap(), &[]), Ok(()), "{public}");
        }
    }

    #[test]
    fn a_network_of_the_settings_is_asked_and_no_other() {
        let networks = ["127.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for good in ["127.0.0.1", "::ffff:127.0.0.1", "fd00::1"] {
            assert_eq!(allowed(good.parse().unwrap(), &networks), Ok(()), "{good}");
        }
        for other in ["10.0.0.1", "::1", "169.254.169.254", "fc00::1"] {
            assert!(allowed(other.parse().unwrap(), &networks).is_err(), "{other}");
        }
    }
}
