//! A real identity provider on the loopback, with people of a test's own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

/// A provider that ends with this.
#[derive(Debug)]
pub struct IdentityProvider {
    process: Child,
    base: String,
    http: Client,
}

fn program() -> PathBuf {
    let named = std::env::var_os("WATERBEAR_IDENTITY_PROVIDER").map(PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path =
        || path.split(':').map(|dir| Path::new(dir).join("oidc-provider-mock")).find(|p| p.is_file());
    named.or_else(on_path).expect("oidc-provider-mock is missing: tests/run installs it")
}

impl IdentityProvider {
    /// Starts one that knows these people: their claims, `sub` among them.
    pub fn start(people: &[Value]) -> Self {
        crate::prepare_tls();
        // Free now; whoever takes it in between makes this test fail and no other.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).unwrap().port();
        let mut command = Command::new(program());
        command.args(["--port", &port.to_string(), "--require-nonce", "true"]);
        for person in people {
            command.args(["--user-claims", &person.to_string()]);
        }
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let http =
            Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(20)).build().unwrap();
        let provider = Self { process, base: format!("http://127.0.0.1:{port}"), http };
        let began = Instant::now();
        while provider.http.get(format!("{}/jwks", provider.base)).send().is_err() {
            assert!(began.elapsed() < Duration::from_mins(1), "the identity provider did not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        provider
    }

    /// Its issuer.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Signs `sub` in on the page at `url`; gives where the browser is sent.
    pub fn authorize(&self, url: &str, sub: &str) -> String {
        assert!(url.starts_with(&self.base), "{url} is not at {}", self.base);
        let answer = self.http.post(url).form(&[("sub", sub)]).send().unwrap();
        let to = answer.headers().get("location").and_then(|v| v.to_str().ok()).map(str::to_owned);
        to.unwrap_or_else(|| {
            panic!("{url} answered {}: {}", answer.status(), answer.text().unwrap_or_default())
        })
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
