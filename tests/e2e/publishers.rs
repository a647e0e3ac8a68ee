//! CI jobs that prove who they are: every sample token ends as its index says, and what they send is marked as such.

use harness::{Reply, Server, Setup, Stub, Told, Value, json, sample, sample_json};

/// After the samples' tokens were issued.
pub(crate) const NOW: &str = "2026-11-22T09:00:00Z";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Settings under which both hosted issuers, and what `more` says, publish their keys at `jwks`.
pub(crate) fn settings(jwks: &str, more: &str) -> String {
    let issuer = |name: &str, provider: &str, url: &str| {
        format!(
            "[issuers.{name}]\nprovider = \"{provider}\"\nurl = \"{url}\"\njwks_url = \"{jwks}\"\n\
             private_networks = [\"127.0.0.0/8\"]\n"
        )
    };
    format!(
        "[ci]\naudience = \"https://waterbear.example\"\n{}{}{more}",
        issuer("github", "github", GITHUB),
        issuer("gitlab", "gitlab", "https://gitlab.com")
    )
}

pub(crate) fn samples_stub() -> Stub {
    Stub::start(|_| Told::new(200, sample("oidc/jwks.json")))
}

pub(crate) const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: storefront, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team}
";

pub(crate) fn start(stub: &Stub, more: &str) -> Server {
    let server = Setup::default().frozen(NOW).file("waterbear.toml", &settings(stub.base(), more)).start();
    server.import(CATALOG);
    server
}

/// The binding of the samples' index.
pub(crate) fn github() -> Value {
    let index = sample_json("oidc/index.json");
    let binding = &index["binding"];
    json!({
        "provider": "github", "repository": binding["repository"], "owner_id": binding["repository_owner_id"],
        "repository_id": binding["repository_id"], "workflow": binding["workflow"], "ref": binding["ref"],
        "services": [binding["service"]],
    })
}

fn gitlab() -> Value {
    json!({
        "provider": "gitlab", "repository": "shop-example/platform/storefront", "protected_ref_only": true,
        "services": ["storefront"],
    })
}

pub(crate) fn add(server: &Server, publisher: &Value) -> String {
    let made = server.post("/api/v1/trusted-publishers", publisher).expect(201).json();
    made["id"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn token(file: &str) -> String {
    String::from_utf8_lossy(&sample(&format!("oidc/{file}"))).trim().to_owned()
}

pub(crate) fn exchange(server: &Server, token: &str) -> Reply {
    server.send(server.request_as("", "POST", "/api/v1/oidc/exchange").json(&json!({ "token": token })))
}

/// What the detail of each refusal must name: the part, what was found, what was expected.
const REFUSED: &[(&str, u16, &[&str])] = &[
    ("gh-replayed.jwt", 401, &["jti", "7f3b0d0e-0001", "not exchanged before"]),
    ("gh-expired.jwt", 401, &["exp", "2023-11-14", "2026-11-22"]),
    ("gh-not-yet.jwt", 401, &["iat", "2126", "2026-11-22"]),
    ("gh-wrong-aud.jwt", 401, &["aud", "https://github.com/shop-example", "https://waterbear.example"]),
    ("gh-aud-list.jwt", 401, &["aud", "https://other.example", "nothing else"]),
    ("gh-wrong-iss.jwt", 401, &["iss", "githubusercontent.com/`", "githubusercontent.com`"]),
    ("gh-pull-request-target.jwt", 403, &["event_name", "pull_request_target", "strangers"]),
    ("gh-pull-request.jwt", 403, &["event_name", "pull_request"]),
    ("gh-resurrected-owner.jwt", 403, &["repository_owner_id", "`999999`", "`65`"]),
    ("gh-other-workflow.jwt", 403, &["workflow", "`x.yml`", "`drills.yml`"]),
    ("gh-no-jti.jwt", 401, &["jti", "nothing", "used only once"]),
    ("gh-unknown-kid.jwt", 401, &["kid", "toy-unknown", "toy-2026-a", "toy-2026-b"]),
    ("gh-no-kid.jwt", 401, &["kid", "nothing"]),
    ("gh-signed-by-stranger.jwt", 401, &["signature", "toy-2026-a"]),
    ("gh-alg-none.jwt", 401, &["alg", "`none`", "RS256"]),
    ("gh-hs256-confusion.jwt", 401, &["alg", "`HS256`", "RS256"]),
    ("gh-tampered.jwt", 401, &["signature"]),
    ("gl-unprotected-ref.jwt", 403, &["ref_protected", "refs/heads/feature", "protected ref"]),
    ("gl-self-managed.jwt", 401, &["iss", "https://gitlab.corp.example", "https://gitlab.com"]),
    ("gl-renamed-namespace.jwt", 403, &["namespace_id", "`4040`", "`72`"]),
    ("not-a-jwt.jwt", 400, &["no JSON Web Token"]),
];

#[test]
fn every_sample_token_ends_as_the_index_says() {
    let stub = samples_stub();
    let server = start(&stub, "");
    add(&server, &github());
    add(&server, &gitlab());
    let index = sample_json("oidc/index.json");
    let mut tried = 0;
    for entry in index["tokens"].as_array().into_iter().flatten() {
        let (file, expect) = (entry["file"].as_str().unwrap(), entry["expect"].as_str().unwrap());
        tried += 1;
        let token = token(file);
        let reply = exchange(&server, &token);
        if expect.starts_with("accept") {
            let given = reply.expect(200).json();
            assert!(given["token"].as_str().is_some_and(|t| t.starts_with("wb_")), "{file}: {given:#}");
            assert_eq!(given["expires_at"], "2026-11-22T09:15:00.000Z", "{file}");
            assert_eq!(given["scopes"], json!(["drills:write"]), "{file}");
            assert!(given["services"].is_array(), "{file}: limited");
            continue;
        }
        let (_, status, words) =
            REFUSED.iter().find(|(name, ..)| *name == file).unwrap_or_else(|| panic!("{file}"));
        let code = match status {
            400 => "malformed",
            401 => "unauthenticated",
            _ => "forbidden",
        };
        let problem = reply.problem(*status, code);
        let detail = problem["detail"].as_str().unwrap_or_default();
        for word in *words {
            assert!(detail.contains(word), "{file}: `{detail}` lacks `{word}`");
        }
        let secret = token.rsplit('.').next().unwrap_or_default();
        assert!(secret.len() < 8 || !reply.text().contains(secret), "{file}: the token is repeated");
    }
    assert!(tried >= 28 && REFUSED.len() == 21, "{tried} tokens");
    // Keys were asked for once: all the rest knew them, or came within the minute.
    assert!(stub.asked().len() <= 2, "one set for each issuer: {:?}", stub.asked().len());
    for secret in [token("gh-valid.jwt"), token("gl-valid-subgroup.jwt")] {
        assert!(!server.log().contains(&secret) && !server.database().dump().contains(&secret));
    }
}

#[test]
fn other_bindings_decide_otherwise() {
    let stub = samples_stub();
    let corp = format!(
        "[issuers.corp]\nprovider = \"gitlab\"\nurl = \"https://gitlab.corp.example\"\njwks_url = \"{}\"\n\
         private_networks = [\"127.0.0.0/8\"]\n",
        stub.base()
    );
    let server = start(&stub, &corp);
    let with = |key: &str, value: Value| {
        let mut publisher = github();
        publisher[key] = value;
        publisher
    };
    let detail =
        |reply: &Reply| reply.problem(403, "forbidden")["detail"].as_str().unwrap_or_default().to_owned();
    // Each publisher alone: with two of them either may mean a job.
    let alone = |publisher: &Value, file: &str| {
        let id = add(&server, publisher);
        let reply = exchange(&server, &token(file));
        let _ =
            server.send(server.request("DELETE", &format!("/api/v1/trusted-publishers/{id}"))).expect(204);
        reply
    };
    let _ = alone(&with("environment", json!("staging")), "gh-environment.jwt").expect(200);
    let other = alone(&with("environment", json!("production")), "gh-valid.jwt");
    assert!(
        detail(&other).contains("environment: found nothing, expected `production`"),
        "{}",
        detail(&other)
    );
    let shared = "Other-Org/shared/.github/workflows/drill.yml";
    let _ = alone(&with("reusable_workflow", json!(shared)), "gh-reusable-workflow.jwt").expect(200);
    let own = alone(&with("reusable_workflow", json!(shared)), "gh-valid.jwt");
    assert!(detail(&own).contains("job_workflow_ref"), "{}", detail(&own));
    let mut anywhere = with("allow_pull_requests", json!(true));
    let bound = alone(&anywhere, "gh-pull-request.jwt");
    assert!(
        detail(&bound).contains("ref: found `refs/pull/7/merge`, expected `refs/heads/main`"),
        "{}",
        detail(&bound)
    );
    let target = alone(&anywhere, "gh-pull-request-target.jwt");
    assert!(detail(&target).contains("pull_request_target"), "{}", detail(&target));
    anywhere["ref"] = Value::Null;
    let _ = alone(&anywhere, "gh-pull-request.jwt").expect(200);
    // A configured issuer is one of its own: gitlab.com's binding does not mean its jobs.
    let hosted = alone(&gitlab(), "gl-self-managed.jwt");
    assert!(detail(&hosted).contains("No trusted publisher is registered"), "{}", detail(&hosted));
    let mut corp = gitlab();
    corp["issuer"] = json!("https://gitlab.corp.example");
    let _ = alone(&corp, "gl-self-managed.jwt").expect(200);
    // Unprotected refs, where nobody asks for protection.
    let mut loose = gitlab();
    loose["protected_ref_only"] = json!(false);
    let _ = alone(&loose, "gl-unprotected-ref.jwt").expect(200);
}

#[test]
fn the_ids_of_the_first_job_are_kept() {
    let stub = samples_stub();
    let server = start(&stub, "");
    let id = add(&server, &gitlab());
    let of = || {
        let all = server.json("/api/v1/trusted-publishers");
        all["items"].as_array().into_iter().flatten().find(|p| p["id"] == id.as_str()).cloned().unwrap()
    };
    assert_eq!((&of()["state"], &of()["owner_id"]), (&json!("waiting"), &Value::Null));
    let _ = exchange(&server, &token("gl-valid-subgroup.jwt")).expect(200);
    let met = of();
    assert_eq!(
        (&met["state"], &met["owner_id"], &met["repository_id"], &met["last_used_at"]),
        (&json!("active"), &json!("72"), &json!("20"), &json!("2026-11-22T09:00:00.000Z"))
    );
    exchange(&server, &token("gl-renamed-namespace.jwt")).problem(403, "forbidden");
    let kinds: Vec<Value> = server.json("/api/v1/events?limit=500")["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| e["kind"].clone())
        .collect();
    for kind in ["publisher_added", "publisher_pinned", "ci_token_issued"] {
        assert!(kinds.contains(&json!(kind)), "{kind} is not in {kinds:?}");
    }
    let issued = &server.json("/api/v1/audit?kind=ci_token_issued")["items"][0];
    assert_eq!(
        (&issued["action"], &issued["address"]),
        (&json!("POST /api/v1/oidc/exchange"), &json!("127.0.0.1"))
    );
}

#[test]
fn a_wish_that_makes_no_sense_is_refused_with_every_field() {
    let stub = samples_stub();
    let server = start(&stub, "");
    let wrong = json!({
        "provider": "github", "repository": "shop-example", "workflow": "../x.sh", "environment": "a\nb",
        "ref": "refs/heads/*", "scopes": ["admin"], "issuer": "https://evil.example", "owner_id": "me",
        "services": ["storefrnt"], "teams": ["nobody"],
    });
    let problem = server.post("/api/v1/trusted-publishers", &wrong).problem(422, "invalid");
    let text = problem.to_string();
    for place in [
        "/repository",
        "/workflow",
        "/environment",
        "/ref",
        "/scopes/0",
        "/issuer",
        "/owner_id",
        "/services/0",
        "/teams/0",
    ] {
        assert!(text.contains(&format!("\"{place}\"")), "{place} is not in {problem:#}");
    }
    let bare = json!({"provider": "github", "repository": "a/b", "workflow": "x.yml"});
    let text = server.post("/api/v1/trusted-publishers", &bare).problem(422, "invalid").to_string();
    assert!(text.contains("/services") && text.contains("/owner_id"), "{text}");
    add(&server, &github());
    server.post("/api/v1/trusted-publishers", &github()).problem(409, "conflict");
    let sender = server.new_token("sender", &["drills:write"]);
    let refused =
        server.send(server.request_as(&sender, "POST", "/api/v1/trusted-publishers").json(&github()));
    refused.problem(403, "forbidden");
}

#[test]
fn nonsense_in_place_of_a_token_is_refused_and_asks_nobody() {
    let stub = samples_stub();
    let server = start(&stub, "");
    let part = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let head = part(r#"{"alg":"RS256","kid":"k"}"#);
    let deep = part(&format!("{{\"iss\":{}", "[".repeat(6_000)));
    let crit = part(r#"{"alg":"RS256","kid":"k","crit":["b64"],"b64":false}"#);
    let strange = part(r#"{"iss":"https://evil.example\r\nSet-Cookie: a=b"}"#);
    for (text, status) in [
        (String::new(), 400),
        ("a.b.c".into(), 400),
        (format!("{head}.{}.", part("[]")), 400),
        (format!("{head}.{deep}.x"), 400),
        (format!("{}.{}.x", part(&format!("{{\"a\":\"{}\"}}", "x".repeat(2_000))), part("{}")), 400),
        (format!("{head}.{}.x", "A".repeat(20_000)), 400),
        (format!("{head}.{}.x.y", part("{}")), 400),
        (format!("{head}.{}.x", part("{}")), 401),
        (format!("{crit}.{}.x", part("{}")), 401),
        (format!("{head}.{strange}.x"), 401),
        (format!("{}.{}.x", part(r#"{"alg":["RS256"],"kid":"k"}"#), part("{}")), 401),
    ] {
        let reply = exchange(&server, &text);
        assert_eq!(reply.status, status, "{}: {}", text.chars().take(80).collect::<String>(), reply.text());
        assert!(reply.text().len() < 2_000 && !reply.text().contains("\\r"), "{}", reply.text());
    }
    let plain = server.request_as("", "POST", "/api/v1/oidc/exchange");
    server.send(plain.json(&json!({ "token": "x", "more": 1 }))).problem(422, "invalid");
    assert!(stub.asked().is_empty(), "an issuer that is not in the settings is asked nothing");
}
