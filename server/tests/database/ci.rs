//! What the jobs of a trusted publisher ask of the database, for the test of plans.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test as web;
use serde_json::{Value, json};
use waterbear::app::openid::Keys;
use waterbear::app::publishers::keys;
use waterbear::app::{Actor, App};
use waterbear::config::Provider;
use waterbear::tickets::{KeyPair, public_jwk};
use waterbear::types::Timestamp;

use crate::plans::Heard;

/// For whom identity tokens are meant.
pub(crate) const AUDIENCE: &str = "https://waterbear.example";

/// Adds a publisher, lets a job of it send a result and end its token, and removes the publisher.
pub(crate) async fn tell<S, B>(
    app: &App,
    service: &S,
    token: &str,
    now: Timestamp,
    result: Value,
    heard: &mut Heard,
) where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    let request = |request: web::TestRequest, token: &str| {
        request.insert_header(("authorization", format!("Bearer {token}"))).to_request()
    };
    let wish = json!({
        "provider": "github", "repository": "a/b", "owner_id": "1", "workflow": "d.yml", "services": ["checkout"],
    });
    let post = web::TestRequest::post().uri("/api/v1/trusted-publishers").set_json(&wish);
    let reply = web::call_service(service, request(post, token)).await;
    assert_eq!(reply.status(), 201);
    let publisher: Value = web::read_body_json(reply).await;
    heard.listen("POST /api/v1/trusted-publishers");
    let identity = json!({ "token": identity(app, now) });
    let post = web::TestRequest::post().uri("/api/v1/oidc/exchange").set_json(&identity).to_request();
    let reply = web::call_service(service, post).await;
    assert_eq!(reply.status(), 200);
    let given: Value = web::read_body_json(reply).await;
    let short = given["token"].as_str().unwrap();
    heard.listen("POST /api/v1/oidc/exchange");
    let post = web::TestRequest::post().uri("/api/v1/drills").set_json(&result);
    assert_eq!(web::call_service(service, request(post, short)).await.status(), 201);
    heard.listen("POST /api/v1/drills by a CI job");
    let end = web::TestRequest::delete().uri("/api/v1/oidc/token");
    assert_eq!(web::call_service(service, request(end, short)).await.status(), 204);
    heard.listen("DELETE /api/v1/oidc/token");
    let path = format!("/api/v1/trusted-publishers/{}", publisher["id"].as_str().unwrap());
    let end = web::TestRequest::delete().uri(&path);
    assert_eq!(web::call_service(service, request(end, token)).await.status(), 204);
    heard.listen("DELETE /api/v1/trusted-publishers/{id}");
}

/// An identity token whose key is kept as if it had been read.
fn identity(app: &App, now: Timestamp) -> String {
    let key = KeyPair::from_pkcs8("k", &KeyPair::generate().unwrap()).unwrap();
    let set = json!({ "keys": [public_jwk("k", key.public_point()).unwrap()] }).to_string();
    let read = Ok((None, Keys::parse(set.as_bytes()).unwrap()));
    let issuer = app.config.ci.issuer(Provider::GitHub.issuer()).unwrap().clone();
    app.write_now(&Actor::schedule(), |tx| {
        let turn = keys::take_turn(tx, &issuer.url)?.unwrap();
        keys::keep(tx, &issuer, turn, &read)?;
        keys::keep(tx, &issuer, turn, &Err("away".to_owned()))
    })
    .unwrap();
    let seconds = now.0 / 1_000;
    let claims = json!({
        "iss": issuer.url, "aud": AUDIENCE, "jti": "1", "iat": seconds, "exp": seconds + 300, "repository": "a/b",
        "repository_owner_id": "1", "repository_id": "2", "event_name": "push",
        "workflow_ref": "a/b/.github/workflows/d.yml@refs/heads/main",
    });
    key.sign("JWT", &claims).unwrap()
}
