//! Answers to reads: an ETag over the body, and 304 for whoever has it already.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::types::hex;

/// Bytes of the hash that an ETag carries.
const TAG_BYTES: usize = 16;

/// A view as JSON.
pub fn json<T: Serialize + ?Sized>(req: &HttpRequest, view: &T) -> Result<HttpResponse> {
    let body = serde_json::to_vec(view).map_err(anyhow::Error::new)?;
    Ok(bytes(req, "application/json", body))
}

/// A body of any media type.
pub fn bytes(req: &HttpRequest, media: &str, body: Vec<u8>) -> HttpResponse {
    let digest = Sha256::digest(&body);
    let tag = format!("\"{}\"", hex(digest.get(..TAG_BYTES).unwrap_or_default()));
    let standing = |answer: &mut HttpResponseBuilder| {
        answer.insert_header((header::ETAG, tag.as_str())).insert_header((header::CACHE_CONTROL, "no-cache"));
    };
    if has_it(req.headers(), &tag) {
        let mut answer = HttpResponse::NotModified();
        standing(&mut answer);
        return answer.finish();
    }
    let mut answer = HttpResponse::Ok();
    standing(&mut answer);
    answer.insert_header((header::CONTENT_TYPE, media)).body(body)
}

/// Whether `If-None-Match` names this version.
fn has_it(headers: &HeaderMap, tag: &str) -> bool {
    names(headers.get_all(header::IF_NONE_MATCH), tag)
}

/// Whether values of `If-None-Match` name this version.
pub fn names<'a>(values: impl Iterator<Item = &'a HeaderValue>, tag: &str) -> bool {
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn who_has_the_version_is_not_sent_it_again() {
        let first = bytes(&TestRequest::default().to_http_request(), "text/plain", b"same".to_vec());
        let tag = first.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let req = TestRequest::default().insert_header((header::IF_NONE_MATCH, known)).to_http_request();
            assert_eq!(bytes(&req, "text/plain", b"same".to_vec()).status(), 304);
        }
        let req = TestRequest::default().insert_header((header::IF_NONE_MATCH, tag)).to_http_request();
        assert_eq!(bytes(&req, "text/plain", b"other".to_vec()).status(), 200);
    }
}
