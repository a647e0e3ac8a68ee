//! An answer, read whole, that says what came when it is not what was expected.

use reqwest::blocking::Response;
use serde_json::Value;

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Path and query it answers.
    pub asked: String,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn read(asked: &str, response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().map(|b| b.to_vec()).unwrap_or_default();
        Self { status, asked: asked.to_owned(), headers, body }
    }

    /// Goes on only with this status.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.asked, self.status, self.head());
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{} answered no JSON ({e}): {}", self.asked, self.head()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// A header, empty when absent.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<String> {
        self.headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
    }

    /// An RFC 9457 problem with this status and code; returns it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{} answered {}: {}", self.asked, self.status, self.head());
        let media = self.header("content-type");
        assert!(media.starts_with("application/problem+json"), "{}: content type {media}", self.asked);
        let body = self.json();
        assert_eq!(body["status"], status, "{body:#}");
        assert_eq!(body["code"], code, "{body:#}");
        for field in ["type", "title", "detail", "request_id"] {
            assert!(body[field].is_string(), "a problem without `{field}`: {body:#}");
        }
        let text = self.text();
        for leak in ["panicked", "src/", "SELECT ", "INSERT ", "UNIQUE constraint", "diesel"] {
            assert!(!text.contains(leak), "a problem that leaks `{leak}`: {text}");
        }
        body
    }

    fn head(&self) -> String {
        self.text().chars().take(1500).collect()
    }
}
