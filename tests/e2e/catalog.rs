//! The catalog: what is read, what is refused, what a second import does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use harness::{SMALL_CATALOG, Server, Value, json, sample, sample_json, samples_dir};

/// The reading of a sample catalog, by document index.
fn reading(server: &Server, file: &str) -> BTreeMap<u64, Value> {
    let path = samples_dir().join("backstage").join(file);
    let read = server.cli(&["import", &path.display().to_string(), "--dry-run", "--json"]).ok().json();
    let documents = read["documents"].as_array().cloned().unwrap_or_default();
    documents.into_iter().map(|d| (d["index"].as_u64().unwrap_or(u64::MAX), d)).collect()
}

fn assert_reads_as_oracle(file: &str, oracle: &str) {
    let server = Server::start();
    let read = reading(&server, file);
    let oracle = sample_json(&format!("backstage/{oracle}"));
    for expected in oracle["documents"].as_array().into_iter().flatten() {
        let index = expected["index"].as_u64().unwrap_or_default();
        let Some(ours) = read.get(&index) else { panic!("{file}: document {index} is not in the reading") };
        assert_eq!(
            ours["accepted"], expected["accepted"],
            "{file}, document {index}: {ours:#}\n{expected:#}"
        );
        assert!(ours["line"].as_u64() > Some(0), "{file}, document {index} has no line: {ours:#}");
        if expected["accepted"] == false {
            let problem = ours["problem"].as_str().unwrap_or_default();
            assert!(problem.len() > 10, "{file}, document {index} says no reason: {ours:#}");
            continue;
        }
        assert_eq!(ours["kind"], expected["kind"], "{file}, document {index}");
        assert_eq!(ours["ref"], expected["ref"], "{file}, document {index}");
        for (name, targets) in expected["relations"].as_object().into_iter().flatten() {
            let wanted: Vec<&Value> =
                targets.as_array().into_iter().flatten().filter(|t| t.is_string()).collect();
            let found: Vec<&Value> =
                ours["relations"][name].as_array().into_iter().flatten().filter(|t| t.is_string()).collect();
            assert_eq!(found, wanted, "{file}, document {index}, {name}: {ours:#}");
        }
    }
}

#[test]
fn the_good_sample_reads_as_its_oracle_says() {
    assert_reads_as_oracle("catalog-a.yaml", "catalog-a.oracle.json");
}

#[test]
fn the_bad_sample_reads_as_its_oracle_says() {
    assert_reads_as_oracle("catalog-bad.yaml", "catalog-bad.oracle.json");
}

#[test]
fn every_entity_reference_of_the_oracle_resolves_as_in_backstage() {
    let oracle = sample_json("backstage/entity-refs.oracle.json");
    let cases = oracle["cases"].as_array().cloned().unwrap_or_default();
    assert_eq!(cases.len(), 63);
    let mut yaml = String::new();
    for (n, case) in cases.iter().enumerate() {
        let namespace = case["context"]["defaultNamespace"].as_str().unwrap_or("default");
        // `dependsOn` has no default kind; the default kind of `subcomponentOf` is Component.
        let spec = if case["context"]["defaultKind"].is_string() {
            format!("subcomponentOf: {}", case["ref"])
        } else {
            format!("dependsOn: [{}]", case["ref"])
        };
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
             metadata: {{name: case-{n}, namespace: {namespace}}}\n\
             spec: {{type: service, lifecycle: production, owner: group:default/a, {spec}}}\n"
        );
    }
    let server = Server::start();
    let file = server.dir().join("refs.yaml");
    std::fs::write(&file, yaml).unwrap();
    let read = server.cli(&["import", &file.display().to_string(), "--dry-run", "--json"]).ok().json();
    let documents = read["documents"].as_array().cloned().unwrap_or_default();
    for (n, case) in cases.iter().enumerate() {
        let name = format!("/case-{n}");
        let document = documents.iter().find(|d| d["ref"].as_str().is_some_and(|r| r.ends_with(&name)));
        let field = if case["context"]["defaultKind"].is_string() { "subcomponentOf" } else { "dependsOn" };
        let found = document.map_or(Value::Null, |d| d["relations"][field][0].clone());
        match case["canonical"].as_str() {
            Some(canonical) => assert_eq!(found, canonical, "{case}: {document:?}"),
            None => assert!(!found.is_string(), "{case} was read as {found}"),
        }
    }
}

#[test]
fn a_second_import_of_the_same_file_changes_nothing() {
    let server = Server::start();
    let first = server.import(SMALL_CATALOG);
    assert_eq!(first["created"], 2, "{first:#}");
    assert_eq!(first["problems"], json!([]), "{first:#}");
    let events = server.json("/api/v1/events")["items"].as_array().map(Vec::len);
    let second = server.import(SMALL_CATALOG);
    assert_eq!(
        (&second["created"], &second["updated"], &second["removed"]),
        (&json!(0), &json!(0), &json!(0))
    );
    assert_eq!(second["unchanged"], 2, "{second:#}");
    let after = server.json("/api/v1/events")["items"].as_array().map(Vec::len);
    assert_eq!(after, events, "an import that changes nothing is no news");
}

#[test]
fn groups_become_the_team_tree_and_components_services() {
    let server = Server::with_shop();
    let team = server.json("/api/v1/teams/storefront-team");
    assert_eq!(team["ancestors"][0]["slug"], "shop-leads", "{team:#}");
    let service = server.json("/api/v1/services/storefront");
    assert_eq!(service["ref"], "component:default/storefront");
    assert_eq!(service["team"]["slug"], "storefront-team");
    assert_eq!(service["tier"], 1);
    assert_eq!(service["lifecycle"], "production");
    let depends: Vec<&str> = refs(&service["dependencies"]);
    for wanted in ["component:payments/gateway", "component:default/ads", "resource:default/orders-db"] {
        assert!(depends.contains(&wanted), "{wanted} is not in {depends:?}");
    }
    let ads = server.json("/api/v1/services/ads");
    assert_eq!(ads["dependents"], json!(["storefront"]), "{ads:#}");
}

fn refs(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|d| d["ref"].as_str()).collect()
}

#[test]
fn a_bad_document_is_reported_and_never_fails_the_good_ones() {
    let server = Server::start();
    let answer = server.import(&String::from_utf8_lossy(&sample("backstage/catalog-bad.yaml")));
    let problems = answer["problems"].as_array().cloned().unwrap_or_default();
    assert!(problems.len() >= 13, "{answer:#}");
    for problem in &problems {
        assert!(problem["document"].is_u64() && problem["line"].as_u64() > Some(0), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.len() > 10), "{problem}");
    }
    server.get("/api/v1/services/own-lifecycle-word").expect(200).json();
    server.get("/api/v1/services/missing-owner").problem(404, "not_found");
}

#[test]
fn broken_yaml_in_one_document_leaves_the_others() {
    let server = Server::start();
    let basket = SMALL_CATALOG.split("---\n").last().unwrap_or_default().replace("checkout", "basket");
    let yaml = format!("{SMALL_CATALOG}---\nkind: [unclosed\n---\n{basket}");
    let reply = server.post_bytes("/api/v1/catalog/import", "application/yaml", yaml).expect(200).json();
    assert_eq!(reply["problems"].as_array().map(Vec::len), Some(1), "{reply:#}");
    for service in ["checkout", "basket"] {
        server.get(&format!("/api/v1/services/{service}")).expect(200).json();
    }
}

#[test]
fn a_dry_run_says_what_would_happen_and_does_nothing() {
    let server = Server::start();
    let request = server.request("POST", "/api/v1/catalog/import?dry_run=true");
    let answer =
        server.send(request.header("content-type", "application/yaml").body(SMALL_CATALOG)).expect(200);
    assert_eq!(answer.json()["created"], 2);
    server.get("/api/v1/services/checkout").problem(404, "not_found");
}

#[test]
fn a_service_gone_from_its_file_is_marked_removed_and_keeps_its_history() {
    let server = Server::start();
    let file = server.dir().join("catalog-info.yaml");
    let path = file.display().to_string();
    let two = format!("{SMALL_CATALOG}---\n{}", SMALL_CATALOG.replace("checkout", "basket"));
    std::fs::write(&file, two).unwrap();
    let _ = server.cli(&["import", &path]).ok();
    server.post_drill(&harness::passed("basket", "dns")).expect(201).json();
    std::fs::write(&file, SMALL_CATALOG).unwrap();
    let again = server.cli(&["import", &path, "--json"]).ok().json();
    assert_eq!(again["removed"], 1, "{again:#}");
    let basket = server.json("/api/v1/services/basket");
    assert_eq!(basket["removed"], true, "{basket:#}");
    assert!(basket["removed_at"].is_string(), "{basket:#}");
    let drills = server.json("/api/v1/services/basket/drills");
    assert_eq!(drills["items"].as_array().map(Vec::len), Some(1), "{drills:#}");
    let listed = server.json("/api/v1/services");
    assert!(!refs(&listed["items"]).contains(&"component:default/basket"), "removed services are not listed");
}

#[test]
fn a_service_may_come_back() {
    let server = Server::start();
    let file = server.dir().join("catalog-info.yaml");
    let path = file.display().to_string();
    let two = format!("{SMALL_CATALOG}---\n{}", SMALL_CATALOG.replace("checkout", "basket"));
    for text in [two.as_str(), SMALL_CATALOG, two.as_str()] {
        std::fs::write(&file, text).unwrap();
        let _ = server.cli(&["import", &path]).ok();
    }
    assert_eq!(server.json("/api/v1/services/basket")["removed"], false);
}

#[test]
fn ten_thousand_components_and_fifty_thousand_edges_import_in_one_go() {
    let mut yaml = String::from(
        "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: t}\nspec: {type: team, children: []}\n",
    );
    for n in 0..10_000_u32 {
        let edges: Vec<String> =
            (1..=5).map(|k| format!("component:s-{}", (n * 7 + k * 131) % 10_000)).collect();
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: s-{n}}}\n\
             spec: {{type: service, lifecycle: production, owner: t, dependsOn: [{}]}}\n",
            edges.iter().map(|e| format!("\"{e}\"")).collect::<Vec<_>>().join(", ")
        );
    }
    let server = Server::start();
    let started = Instant::now();
    let answer = server.import(&yaml);
    assert_eq!(answer["created"], 10_001, "{answer:#}");
    assert!(started.elapsed() < Duration::from_secs(90), "the import took {:?}", started.elapsed());
    let one = server.json("/api/v1/services/s-77");
    assert_eq!(one["dependencies"].as_array().map(Vec::len), Some(5), "{one:#}");
    assert_eq!(server.import(&yaml)["unchanged"], 10_001);
}

#[test]
fn csv_is_a_catalog_too() {
    let server = Server::start();
    let csv = "name,owner,tier,lifecycle,type,description\n\
               checkout,shop-team,1,production,service,Takes the order\n\
               basket,shop-team,3,experimental,service,Keeps the goods\n";
    let answer = server.post_bytes("/api/v1/catalog/import", "text/csv", csv).expect(200).json();
    assert_eq!(answer["problems"], json!([]), "{answer:#}");
    let basket = server.json("/api/v1/services/basket");
    assert_eq!((&basket["tier"], &basket["lifecycle"]), (&json!(3), &json!("experimental")), "{basket:#}");
    assert_eq!(basket["team"]["slug"], "shop-team");
}

#[test]
fn one_service_can_be_put_read_and_deleted() {
    let server = Server::with_checkout();
    let body = json!({"name": "Basket", "team": "shop-team", "tier": 2, "lifecycle": "production"});
    let put = server.send(server.request("PUT", "/api/v1/services/basket").json(&body));
    assert!(matches!(put.status, 200 | 201), "{}: {}", put.status, put.text());
    assert_eq!(server.json("/api/v1/services/basket")["tier"], 2);
    let gone = server.send(server.request("DELETE", "/api/v1/services/basket"));
    assert!(matches!(gone.status, 200 | 204), "{}: {}", gone.status, gone.text());
    let after = server.get("/api/v1/services/basket");
    assert!(after.status == 404 || after.json()["removed"] == true, "{}", after.text());
}

#[test]
fn one_team_can_be_put_and_read() {
    let server = Server::with_checkout();
    let body = json!({"name": "Payments", "parent": "shop-team"});
    let put = server.send(server.request("PUT", "/api/v1/teams/payments").json(&body));
    assert!(matches!(put.status, 200 | 201), "{}: {}", put.status, put.text());
    let team = server.json("/api/v1/teams/payments");
    assert_eq!(team["name"], "Payments");
    assert_eq!(team["ancestors"][0]["slug"], "shop-team", "{team:#}");
}

#[test]
fn a_cycle_and_a_dangling_reference_are_findings_not_errors() {
    let server = Server::start();
    let yaml = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: loop}\n\
                spec: {type: service, lifecycle: production, owner: nobody, \
                dependsOn: [\"component:loop\", \"component:missing\"]}\n";
    let answer = server.import(yaml);
    assert_eq!(answer["created"], 1, "{answer:#}");
    let service = server.json("/api/v1/services/loop");
    let missing = service["dependencies"].as_array().into_iter().flatten().find(|d| d["dangling"] == true);
    assert_eq!(missing.map(|d| &d["ref"]), Some(&json!("component:default/missing")), "{service:#}");
}

#[test]
fn two_sources_take_nothing_from_each_other() {
    let server = Server::start();
    for (source, service) in [("red", "checkout"), ("blue", "basket"), ("red", "checkout")] {
        let path = format!("/api/v1/catalog/import?source={source}");
        let yaml = SMALL_CATALOG.replace("checkout", service);
        let answer = server.post_bytes(&path, "application/yaml", yaml).expect(200).json();
        assert_eq!(answer["removed"], 0, "{answer:#}");
    }
    for service in ["checkout", "basket"] {
        assert_eq!(server.json(&format!("/api/v1/services/{service}"))["removed"], false);
    }
}

#[test]
fn tier_and_lifecycle_are_looked_up_where_the_settings_say() {
    let settings = "[catalog]\ntier_from = [\"label:shop.example/class\", \"tag:tier\"]\ndefault_tier = 4\n\
                    tier_words = { gold = 1 }\nlifecycle_words = { \"early access\" = \"experimental\" }\n";
    let server = harness::Setup::default().file("waterbear.toml", settings).start();
    let component = |name: &str, metadata: &str, lifecycle: &str| {
        format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}{metadata}}}\n\
             spec: {{type: service, lifecycle: {lifecycle}, owner: a}}\n"
        )
    };
    let yaml = [
        component("by-label", ", labels: {shop.example/class: Gold}", "production"),
        component("by-tag", ", tags: [java, tier-2]", "early access"),
        component("by-none", ", annotations: {waterbear.dev/tier: \"1\"}", "production"),
    ];
    server.import(&yaml.concat());
    for (name, tier, lifecycle) in
        [("by-label", 1, "production"), ("by-tag", 2, "experimental"), ("by-none", 4, "production")]
    {
        let service = server.json(&format!("/api/v1/services/{name}"));
        assert_eq!(
            (&service["tier"], &service["lifecycle"]),
            (&json!(tier), &json!(lifecycle)),
            "{service:#}"
        );
    }
}

#[test]
fn a_file_that_is_cut_off_is_told() {
    let server = Server::start();
    let text = format!("{}{}", SMALL_CATALOG, "---\n".repeat(210_000));
    let report =
        server.post_bytes("/api/v1/catalog/import", "application/yaml", text.into_bytes()).expect(200).json();
    assert_eq!(report["created"], 2, "{report:#}");
    let told = report["problems"].as_array().into_iter().flatten();
    let told: Vec<&str> = told.filter_map(|p| p["detail"].as_str()).collect();
    assert!(told.iter().any(|t| t.contains("the rest of the file was not")), "{told:?}");
}
