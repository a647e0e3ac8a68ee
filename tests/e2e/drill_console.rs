//! The drill console of a flow: a page that puts a drill together, and nothing more.

use harness::{Value, json};

use crate::tickets::{drilling, wish};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `storefront->ads` in an address.
const EDGE: &str = "storefront-%3Eads";

#[test]
fn the_drill_console_of_a_flow_gives_every_text_without_a_script() {
    let server = drilling();
    let edges = json!([
        {"from": "storefront", "to": "ads", "core": false, "deadline_ms": 400},
        {"from": "storefront", "to": "external:tax", "core": true},
    ]);
    let flow = json!({"title": "Buy <b>", "edges": edges});
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    let open = server.get("/flows/buy").expect(200).text();
    assert!(open.contains("href=\"/flows/buy/drill\""), "the flow leads to its console");
    let empty = server.get("/flows/buy/drill").expect(200).text();
    assert!(empty.contains("value=\"storefront-&gt;ads\"") && !empty.contains("Get the ticket"), "{empty}");

    let query = format!(
        "edge={EDGE}&failure=delay&delay_ms=250&who=members&members=m1,mm%22%3Ezz&environment=qa&minutes=5"
    );
    let page = server.get(&format!("/flows/buy/drill?{query}")).expect(200).text();
    let plain = page.replace("&quot;", "\"").replace("&#x27;", "'").replace("&gt;", ">").replace("&lt;", "<");
    for text in [
        r#""delay_ms":250"#,
        "--edge 'storefront->ads'",
        "x-waterbear-drill: TICKET",
        "x-envoy-fault-delay-request: 250",
        "fixedDelay: 250ms",
        "\"targetingKey\"",
        "/.well-known/jwks.json",
    ] {
        assert!(plain.contains(text), "{text} is missing:\n{plain}");
    }
    assert!(!page.contains("mm\">zz"), "what is typed is escaped");

    // The line of the page, run as it stands, issues a ticket of this flow.
    let line =
        plain.split("<pre").nth(1).and_then(|rest| rest.split_once('>')).map(|(_, rest)| rest).unwrap();
    let line = line
        .split("</pre>")
        .next()
        .unwrap()
        .replace("&#x60;", "`")
        .replace("&#x3D;", "=")
        .replace("&amp;", "&");
    let run =
        std::process::Command::new("sh").args(["-c", &line]).env("WATERBEAR_TOKEN", server.token()).output();
    let answer = run.unwrap();
    if answer.status.code() != Some(127) {
        let issued: Value = serde_json::from_slice(&answer.stdout)
            .unwrap_or_else(|e| panic!("{e}: {line}\n{}", String::from_utf8_lossy(&answer.stdout)));
        assert_eq!((&issued["flow"], &issued["delay_ms"]), (&json!("buy"), &json!(250)));
        let page = server.get("/flows/buy/drill").expect(200).text();
        assert!(page.contains(text(&issued["id"])), "it is listed");
    }

    let wrong = server
        .get(&format!("/flows/buy/drill?edge={EDGE}&edge=gone&status=20&minutes=900"))
        .expect(200)
        .text();
    assert!(
        wrong.contains("no such call") && wrong.contains("400 to 599") && !wrong.contains("Get the ticket")
    );
    let mut of_none = wish();
    of_none["flow"] = json!("nowhere");
    let problem = server.post("/api/v1/drill-tickets", &of_none).problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/flow");
    assert_eq!(server.get("/flows/nowhere/drill").status, 404);
}
