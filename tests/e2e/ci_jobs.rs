//! What jobs of trusted publishers send and may do, and the page that makes them trusted.

use harness::{Setup, Stub, Told, Value, json, passed, sample};

use crate::publishers::{CATALOG, NOW, add, exchange, github, samples_stub, settings, start, token};

#[test]
fn what_a_job_sends_is_executed_by_ci_everywhere_and_for_its_services_only() {
    let stub = samples_stub();
    let server = start(&stub, "");
    let mut publisher = github();
    publisher["scopes"] = json!(["drills:write", "evidence:write"]);
    add(&server, &publisher);
    let given = exchange(&server, &token("gh-valid.jwt")).expect(200).json();
    let short = given["token"].as_str().unwrap_or_default().to_owned();
    let post = |path: &str, body: &Value| server.send(server.request_as(&short, "POST", path).json(body));
    let mut drill = passed("storefront", "dns");
    drill["started_at"] = json!("2026-11-22T08:00:00Z");
    drill["ended_at"] = json!("2026-11-22T08:01:00Z");
    let _ = post("/api/v1/drills", &drill).expect(201);
    let mut elsewhere = drill.clone();
    elsewhere["service"] = json!("basket");
    post("/api/v1/drills", &elsewhere).problem(403, "forbidden");
    let fact = json!({"service": "storefront", "fact": "learning.actions_open", "value": 3});
    let _ = post("/api/v1/facts", &fact).expect(200);
    let settings: Value = waterbear::app::degrader::EXAMPLE.parse().unwrap();
    let put = server.request_as(&short, "PUT", "/api/v1/services/storefront/degrader").json(&settings);
    let _ = server.send(put).expect(200);

    let listed = &server.json("/api/v1/services/storefront/drills")["items"][0];
    assert_eq!(
        (&listed["sender"], &listed["evidence_class"]),
        (&json!("github:shop-example/storefront"), &json!("executed_ci"))
    );
    let card = server.scorecard("storefront").to_string();
    assert!(card.contains("executed_ci") && !card.contains("executed_token"), "{card}");
    let page = server.get("/services/storefront/why").expect(200).text();
    assert!(page.contains("executed, CI") && !page.contains("executed, token"), "{page}");
    let drills = server.get("/services/storefront/drills").expect(200).text();
    assert!(drills.contains("executed, CI"), "{drills}");
    for name in ["learning.actions_open", "degrader.settings_known", "degrader.profile_known"] {
        let ask =
            format!("SELECT CAST(evidence_class AS TEXT) AS text FROM fact_history WHERE fact = '{name}'");
        assert_eq!(server.database().lines(&ask), ["4"], "{name}");
    }

    // The short token may do nothing else, is listed nowhere, and ends when the job says so.
    let ask = |method: &str, path: &str| server.send(server.request_as(&short, method, path));
    ask("GET", "/api/v1/tokens").problem(403, "forbidden");
    assert!(!server.get("/api/v1/tokens").expect(200).text().contains("github:"));
    let _ = ask("GET", "/api/v1/services/storefront").expect(200);
    let _ = ask("DELETE", "/api/v1/oidc/token").expect(204);
    post("/api/v1/drills", &drill).problem(401, "unauthenticated");
    // An ordinary token is not ended that way.
    let other = server.send(server.request("DELETE", "/api/v1/oidc/token"));
    other.problem(403, "forbidden");
    let _ = server.get("/api/v1/tokens").expect(200);
}

#[test]
fn a_removed_publisher_ends_its_tokens_at_once() {
    let stub = samples_stub();
    let server = start(&stub, "");
    let id = server
        .cli(&[
            "publisher",
            "add",
            "--provider",
            "github",
            "--repository",
            "shop-example/storefront",
            "--owner-id",
            "65",
            "--workflow",
            "drills.yml",
            "--team",
            "shop-team",
        ])
        .ok()
        .out;
    let given = exchange(&server, &token("gh-valid.jwt")).expect(200).json();
    assert_eq!((&given["services"], &given["teams"]), (&Value::Null, &json!(["shop-team"])));
    let short = given["token"].as_str().unwrap_or_default();
    let ask = || server.send(server.request_as(short, "GET", "/api/v1/services/storefront")).status;
    assert_eq!(ask(), 200);
    let list = server.cli(&["publisher", "list"]).ok().out;
    assert!(list.contains("active") && list.contains("shop-team") && list.contains(id.trim()), "{list}");
    let _ = server
        .send(server.request("DELETE", &format!("/api/v1/trusted-publishers/{}", id.trim())))
        .expect(204);
    assert_eq!(ask(), 401);
    exchange(&server, &token("gh-valid-second-key.jwt")).problem(403, "forbidden");
    let again = server.cli(&["publisher", "remove", id.trim()]);
    assert_eq!(again.code, 0, "once more is no error: {}", again.err);
    let page = server.get("/admin/publishers").expect(200).text();
    assert!(page.contains("removed") && page.contains("shop-example/storefront"), "{page}");
}

#[test]
fn the_page_composes_what_to_paste_for_github_and_gitlab() {
    let stub = samples_stub();
    let server = start(&stub, "");
    let empty = server.get("/admin/publishers").expect(200).text();
    assert!(empty.contains("Nobody yet") && !empty.contains("This is not complete"), "{empty}");
    let query = "provider=github&repository=shop-example%2Fstorefront&owner_id=65&workflow=drills.yml&services=storefront";
    let github = server.get(&format!("/admin/publishers?{query}")).expect(200).text();
    for needed in [
        "id-token: write",
        "waterbear publisher add --provider github",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "/api/v1/oidc/exchange",
        ".github/workflows/drills.yml",
        "https://waterbear.example",
    ] {
        assert!(github.contains(needed), "{needed} is not in {github}");
    }
    let query = "provider=gitlab&repository=a%2Fb%2Fc&teams=shop-team";
    let gitlab = server.get(&format!("/admin/publishers?{query}")).expect(200).text();
    assert!(gitlab.contains("id_tokens:") && gitlab.contains("--team shop-team"), "{gitlab}");
    let query = "provider=github&repository=%3Cscript%3E&services=storefront";
    let wrong = server.get(&format!("/admin/publishers?{query}")).expect(200).text();
    assert!(wrong.contains("This is not complete") && wrong.contains("/owner_id"), "{wrong}");
    assert!(!wrong.contains("<script>") && !wrong.contains("id-token: write"), "{wrong}");
}

#[test]
fn without_an_audience_nobody_is_given_anything() {
    let stub = samples_stub();
    let text = settings(stub.base(), "").replace("audience = \"https://waterbear.example\"", "");
    let server = Setup::default().frozen(NOW).file("waterbear.toml", &text).start();
    server.import(CATALOG);
    add(&server, &github());
    let problem = exchange(&server, &token("gh-valid.jwt")).problem(409, "conflict");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("server.public_url")), "{problem:#}");
    let public = Setup::default()
        .frozen(NOW)
        .file("waterbear.toml", &text)
        .env("WATERBEAR_PUBLIC_URL", "https://waterbear.example")
        .start();
    public.import(CATALOG);
    add(&public, &github());
    let _ = exchange(&public, &token("gh-valid.jwt")).expect(200);
}

/// The text of the block of code that begins with `begin`.
fn code(page: &str, begin: &str) -> String {
    let rest = page.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {page}")).1;
    let text = rest.split("</pre>").next().unwrap_or_default();
    let pairs =
        [("&quot;", "\""), ("&#x27;", "'"), ("&#x3D;", "="), ("&lt;", "<"), ("&gt;", ">"), ("&#x60;", "`")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}

#[test]
fn the_workflow_to_paste_sends_a_result_when_it_is_run() {
    let stub = Stub::start(|asked| match asked.path.split('?').next() {
        Some("/identity") => Told::new(200, json!({"count": 7, "value": token("gh-valid.jwt")}).to_string()),
        _ => Told::new(200, sample("oidc/jwks.json")),
    });
    let server = start(&stub, "");
    add(&server, &github());
    let query = "provider=github&repository=shop-example%2Fstorefront&owner_id=65&workflow=drills.yml&services=storefront";
    let page = server.get(&format!("/admin/publishers?{query}")).expect(200).text();
    let script: Vec<String> = code(&page, "- name: Send the result\n        run: |\n")
        .lines()
        .map(|line| line.strip_prefix("          ").unwrap_or(line).to_owned())
        .collect();
    let run = std::process::Command::new("bash")
        .args(["-c", &script.join("\n")])
        .env("WATERBEAR_URL", server.base())
        .env("WATERBEAR_AUDIENCE", "https://waterbear.example")
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-runner")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/identity?api-version=2.0", stub.base()))
        .env("started", "2026-11-22T08:00:00Z")
        .env("ended", "2026-11-22T08:01:00Z")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}\n{}", script.join("\n"));
    let asked = stub.asked();
    let asked = asked.iter().find(|a| a.path.starts_with("/identity")).unwrap();
    assert_eq!(
        asked.path.to_lowercase(),
        "/identity?api-version=2.0&audience=https%3a%2f%2fwaterbear.example"
    );
    assert_eq!(asked.header("authorization"), "bearer of-the-runner");
    let drill = &server.json("/api/v1/services/storefront/drills")["items"][0];
    assert_eq!(
        (&drill["evidence_class"], &drill["outcome"]),
        (&json!("executed_ci"), &json!("passed")),
        "{said}"
    );
    // Both tokens are masked in the log of the job, and ours is given back.
    assert_eq!(said.matches("::add-mask::").count(), 2, "{said}");
    let short = said.split("::add-mask::wb_").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let after = server.send(server.request_as(&format!("wb_{short}"), "GET", "/api/v1/services/storefront"));
    after.problem(401, "unauthenticated");
}
