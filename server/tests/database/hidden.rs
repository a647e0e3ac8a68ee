//! What is read by somebody from whom a team is hidden is asked for in other words.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, call_service};
use waterbear::config::{Config, Secret};

use crate::paths::PATHS;
use crate::plans::Heard;

/// Settings under which the only team is hidden from whoever shows no token.
pub(crate) fn settings() -> Config {
    Config {
        hidden_teams: vec!["shop-team".to_owned()],
        notifications: crate::outbox::settings(),
        secret_key: Some(Secret::of("a secret key of some length, for tests".into())),
        ..Config::default()
    }
}

/// A request of somebody, or of nobody in particular where `token` is empty.
pub(crate) fn get(path: &str, token: &str) -> actix_http::Request {
    let ask = TestRequest::get().uri(path);
    if token.is_empty() {
        return ask.to_request();
    }
    ask.insert_header(("authorization", format!("Bearer {token}"))).to_request()
}

/// Reads all paths without a token: what is of the hidden team is not there.
pub(crate) async fn read_all<S, B>(service: &S, last: &str, heard: &mut Heard)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    for path in PATHS {
        let path = path.replace("{id}", last);
        let status = call_service(service, get(&path, "")).await.status().as_u16();
        assert!(matches!(status, 200 | 303 | 401 | 404), "{path}: {status}");
        let hidden = [
            "/services/checkout",
            "/teams/shop-team",
            "/api/v1/drills/",
            "/flows/buy",
            "/challenges/fallbacks",
        ];
        if hidden.iter().any(|name| path.contains(name)) {
            assert_eq!(status, 404, "{path}");
        }
        heard.listen(&format!("{path} where the team is hidden"));
    }
}
