//! The calls of the API: by POST, so that a query may be long; answers of bounded size.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};

use super::answer::{self, Answer, Fault};
use crate::config::{Auth, SourceConfig};
use crate::integrations::net;
use crate::types::Timestamp;

/// Points that Prometheus gives of a series at most are 11,000; this many are plenty.
pub(super) const MOST_POINTS: f64 = 1_000.0;
/// The finest step, seconds.
pub(super) const FINEST: f64 = 15.0;

/// A span of time and the step at which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// Begin, seconds since the epoch.
    pub(super) start: f64,
    /// End, seconds since the epoch.
    pub(super) end: f64,
    /// Step, seconds.
    pub(super) step: f64,
}

impl Range {
    /// `window` up to `end` in `points` steps, as far as the limits allow.
    pub(super) fn new(end: Timestamp, window: Duration, points: f64) -> Self {
        let (end, seconds) = ((end.0 as f64 / 1_000.0).floor(), window.as_secs_f64());
        let step = (seconds / points.min(MOST_POINTS)).max(FINEST).ceil();
        // The first step looks back over what lies before it: the range begins one step in.
        Self { start: (end - seconds + step).min(end), end, step }
    }
}

/// One source, asked over connections that are kept.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    auth: Auth,
    header: Option<(HeaderName, crate::config::Secret)>,
    most: usize,
    timeout: Duration,
}

impl Client {
    /// A client for a source.
    ///
    /// # Errors
    ///
    /// Why none can be made: see [`net::client`].
    pub fn new(source: &SourceConfig) -> Result<Self, Fault> {
        let header = match &source.header {
            None => None,
            Some((name, value)) => {
                let name = name.parse().map_err(|_| Fault::Away("header_name is no header".into()))?;
                Some((name, value.clone()))
            }
        };
        Ok(Self {
            http: net::client(source).map_err(Fault::Away)?,
            base: format!("{}/api/v1", source.url),
            auth: source.auth.clone(),
            header,
            most: source.max_answer_bytes,
            timeout: source.timeout,
        })
    }

    /// Whether it answers; its version, where it tells one.
    ///
    /// # Errors
    ///
    /// That it is away.
    pub async fn version(&self, now: Timestamp) -> Result<Option<String>, Fault> {
        let request = self.request(Method::GET, "/status/buildinfo")?;
        let (status, body) = self.send(request).await?;
        match answer::version(status, &body) {
            Ok(version) => Ok(Some(version)),
            // Older and foreign servers lack that call, but not this one.
            Err(_) if matches!(status, 400 | 404 | 405) => {
                self.instant("1", now.0 as f64 / 1_000.0).await.map(|_| None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// A query over a range.
    ///
    /// # Errors
    ///
    /// What Prometheus tells, or that it is away.
    pub(super) async fn range(&self, query: &str, range: Range) -> Result<Answer, Fault> {
        let (start, end, step) = (range.start.to_string(), range.end.to_string(), range.step.to_string());
        let form = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
        self.ask("/query_range", &form).await
    }

    /// A query of one instant.
    ///
    /// # Errors
    ///
    /// As [`Client::range`].
    pub(super) async fn instant(&self, query: &str, at: f64) -> Result<Answer, Fault> {
        self.ask("/query", &[("query", query), ("time", &at.to_string())]).await
    }

    async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer, Fault> {
        let (status, body) = self.send(self.request(Method::POST, path)?.form(form)).await?;
        answer::read(status, &body)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Fault> {
        let secret = |secret: &crate::config::Secret| secret.read().map_err(Fault::Away);
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = match &self.auth {
            Auth::None => request,
            Auth::Basic { username, password } => request.basic_auth(username, Some(secret(password)?)),
            Auth::Bearer(token) => request.bearer_auth(secret(token)?),
        };
        if let Some((name, value)) = &self.header {
            let mut value = HeaderValue::from_str(&secret(value)?)
                .map_err(|_| Fault::Away(format!("the value of the header {name} cannot be sent")))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        Ok(request)
    }

    async fn send(&self, request: RequestBuilder) -> Result<(u16, Vec<u8>), Fault> {
        let answer = request.send().await.map_err(|e| self.fault(e))?;
        let status = answer.status().as_u16();
        Ok((status, self.body(answer).await?))
    }

    /// The body, as long as it is not too large.
    async fn body(&self, mut answer: Response) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| self.fault(e))? {
            if body.len() + chunk.len() > self.most {
                return Err(Fault::TooLarge(self.most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// An error of the connection. Its URL is left out: it stands beside it, and would be long.
    fn fault(&self, error: reqwest::Error) -> Fault {
        let error = error.without_url();
        if error.is_timeout() && !error.is_connect() {
            return Fault::Timeout(format!("no whole answer within {} s", self.timeout.as_secs()));
        }
        if error.is_builder() {
            return Fault::Away(format!("the request cannot be made: {}", net::cause(&error)));
        }
        if error.is_timeout() {
            return Fault::Away("no connection within the time allowed".into());
        }
        Fault::Away(format!("no answer: {}", net::cause(&error)))
    }
}
