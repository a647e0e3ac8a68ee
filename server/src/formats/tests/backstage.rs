//! Catalog files in YAML, against the oracle of the real library.

use std::fmt::Write as _;
use std::time::Instant;

use serde_json::{Value, json};

use super::super::{DocumentReading, RefContext, Relation, parse_entity_ref, read_backstage};
use super::{sample, sample_json};

fn one(yaml: &str) -> DocumentReading {
    let mut reading = read_backstage(yaml.as_bytes()).unwrap();
    assert_eq!(reading.documents.len(), 1, "{reading:?}");
    reading.documents.remove(0)
}

/// A component with these lines added below `metadata` and `spec`.
fn component(metadata: &str, spec: &str) -> DocumentReading {
    one(&format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\n{metadata}\nspec:\n  type: service\n  lifecycle: production\n  owner: team\n{spec}\n"
    ))
}

fn documents(oracle: &Value) -> Vec<Value> {
    oracle.as_object().unwrap().values().find_map(Value::as_array).unwrap().clone()
}

fn agrees_with_oracle(name: &str) {
    let reading = read_backstage(&sample(&format!("backstage/{name}.yaml"))).unwrap();
    let oracle = documents(&sample_json(&format!("backstage/{name}.oracle.json")));
    assert_eq!(reading.documents.len(), oracle.len());
    for (ours, theirs) in reading.documents.iter().zip(&oracle) {
        assert_eq!(json!(ours.index), theirs["index"]);
        assert_eq!(json!(ours.accepted), theirs["accepted"], "{ours:?}");
        assert_eq!(json!(ours.kind), theirs["kind"]);
        assert_eq!(json!(ours.name), theirs["name"]);
        if ours.accepted {
            assert_eq!(json!(ours.entity_ref), theirs["ref"]);
            let relations = theirs["relations"].as_object().unwrap();
            assert_eq!(ours.relations.len(), relations.len(), "{ours:?}");
            for (key, ends) in relations {
                let ends = ends.as_array().unwrap();
                assert_eq!(ours.relations[key].len(), ends.len());
                for (our, their) in ours.relations[key].iter().zip(ends) {
                    match our {
                        Relation::Ref(reference) => assert_eq!(json!(reference), *their),
                        Relation::Error(_) => assert!(their.get("error").is_some()),
                    }
                }
            }
        } else if theirs["error"] != "not a mapping: null" {
            let problem = ours.problem.as_deref().unwrap_or_default();
            assert!(problem.len() > 15, "{ours:?}");
        }
    }
}

#[test]
fn the_good_catalog_reads_as_backstage_reads_it() {
    agrees_with_oracle("catalog-a");
}

#[test]
fn the_bad_catalog_reads_as_backstage_reads_it() {
    agrees_with_oracle("catalog-bad");
}

#[test]
fn problems_name_the_field_and_the_cure() {
    let reading = read_backstage(&sample("backstage/catalog-bad.yaml")).unwrap();
    let problem = |index: usize| reading.documents[index].problem.clone().unwrap();
    assert!(problem(1).contains("`spec.owner` is missing"), "{}", problem(1));
    assert!(problem(3).contains("`spec.dependsOn` must be a list"), "{}", problem(3));
    assert!(problem(4).contains("waterbear.dev/tier") && problem(4).contains("quotes"), "{}", problem(4));
    assert!(problem(10).contains("`owner` is not a root field"), "{}", problem(10));
    assert!(problem(15).contains("write `Component`"), "{}", problem(15));
    assert_eq!(reading.documents[13].problem, None);
    assert_eq!(reading.documents[1].line, 7);
    assert_eq!(reading.documents[0].line, 2);
}

#[test]
fn every_entity_reference_of_the_oracle_agrees() {
    let oracle = sample_json("backstage/entity-refs.oracle.json");
    let cases = oracle["cases"].as_array().unwrap();
    assert!(cases.len() >= 63);
    for case in cases {
        let context = RefContext {
            default_kind: case["context"]["defaultKind"].as_str(),
            default_namespace: case["context"]["defaultNamespace"].as_str(),
        };
        let ours = parse_entity_ref(case["ref"].as_str().unwrap(), context);
        match case.get("parsed") {
            None => assert!(ours.is_err(), "{case} {ours:?}"),
            Some(parsed) => {
                let ours = ours.unwrap();
                assert_eq!(
                    json!({"kind": ours.kind, "namespace": ours.namespace, "name": ours.name}),
                    *parsed
                );
                assert_eq!(json!(ours.canonical()), case["canonical"]);
            }
        }
    }
}

#[test]
fn the_entity_keeps_what_the_document_says() {
    let reading = read_backstage(&sample("backstage/catalog-a.yaml")).unwrap();
    let entity = reading.documents[6].entity.as_ref().unwrap();
    assert_eq!(entity.owner.as_deref(), Some("group:default/storefront-team"));
    assert_eq!(entity.annotations["waterbear.dev/tier"], "1");
    assert_eq!(entity.depends_on.len(), 4);
    assert_eq!(entity.links[0].title.as_deref(), Some("Runbook"));
    assert_eq!(entity.spec_type.as_deref(), Some("website"));
    let group = reading.documents[2].entity.as_ref().unwrap();
    assert_eq!(group.display_name.as_deref(), Some("Storefront"));
    assert_eq!(group.members, ["user:default/ada", "user:default/grace"]);
    let location = reading.documents[13].entity.as_ref().unwrap();
    assert_eq!(location.targets, ["./services/*/catalog-info.yaml"]);
}

#[test]
fn a_broken_document_does_not_lose_the_others() {
    let good = "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: a}\nspec: {owner: x}\n";
    let bad = "kind: [unclosed\n  other: \"text\n";
    let reading = read_backstage(format!("{good}---\n{bad}---\n{good}").as_bytes()).unwrap();
    let accepted: Vec<bool> = reading.documents.iter().map(|d| d.accepted).collect();
    assert_eq!(accepted, [true, false, true]);
    let problem = reading.documents[1].problem.as_deref().unwrap();
    assert!(problem.starts_with("line "), "{problem}");
    let line: usize = problem.trim_start_matches("line ").split(',').next().unwrap().parse().unwrap();
    assert!((6..=8).contains(&line), "{problem}");
    assert_eq!(reading.documents[2].line, 9);
}

#[test]
fn crlf_bom_end_markers_and_comments_are_fine() {
    let text = "\u{feff}# head\r\n---\r\napiVersion: backstage.io/v1alpha1\r\nkind: Domain\r\nmetadata: {name: a}\r\nspec: {owner: x}\r\n...\r\n# between\r\n---\r\n{apiVersion: backstage.io/v1beta1, kind: Domain, metadata: {name: b}, spec: {owner: x}}\r\n";
    let reading = read_backstage(text.as_bytes()).unwrap();
    let names: Vec<_> = reading.documents.iter().map(|d| (d.index, d.line, d.accepted)).collect();
    assert_eq!(names, [(0, 3, true), (1, 10, true)], "{reading:?}");
}

#[test]
fn yaml_is_version_1_2() {
    let reading = component("  annotations: {a: yes, b: \"no\", c: 'on', d: 0o17x}", "");
    assert!(reading.accepted, "{reading:?}");
    for wrong in ["true", "False", "1", "0x1F", "1.5", "~", ".nan", "[]"] {
        let reading = component(&format!("  annotations: {{a: {wrong}}}"), "");
        assert!(!reading.accepted, "{wrong}: {reading:?}");
    }
}

#[test]
fn anchors_work_and_merge_keys_do_not_merge() {
    let reading = component("  labels: &l {zone: public}\n  annotations: *l", "");
    assert_eq!(reading.entity.unwrap().annotations["zone"], "public");
    let reading = component("  labels: &l {zone: public}\n  annotations:\n    <<: *l", "");
    assert!(!reading.accepted, "a merge key is an ordinary key with a mapping in it: {reading:?}");
}

#[test]
fn duplicate_keys_are_refused() {
    let reading = component("  title: a\n  title: b", "");
    assert!(reading.problem.unwrap().contains("title"));
}

#[test]
fn placeholders_are_noted_and_never_fetched() {
    let yaml = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata: {name: a}\nspec:\n  type: openapi\n  lifecycle: production\n  owner: x\n  definition:\n    $text: https://example.org/api.yaml\n";
    let reading = one(yaml);
    assert!(reading.accepted, "{reading:?}");
    assert!(reading.warnings[0].contains("spec.definition"), "{reading:?}");
}

#[test]
fn formats_follow_the_catalog_model() {
    let cases = [
        ("  namespace: team-a", true),
        ("  namespace: Team", false),
        ("  namespace: ''", false),
        ("  namespace:", false),
        ("  title: ''", false),
        ("  title:", false),
        ("  description: ''", true),
        ("  description: 1", false),
        ("  labels: {a/b/c: x}", false),
        ("  labels: {a.b/c: ''}", true),
        ("  labels: {a: 'has space'}", false),
        ("  labels: {A.b/c: x}", false),
        ("  annotations: {'': x}", false),
        ("  tags: [a-b, 'c:d', e+, '#f']", true),
        ("  tags: [a--b]", false),
        ("  tags: [-a]", false),
        ("  tags: [A]", false),
        ("  tags: ['']", false),
        ("  tags: a", false),
        ("  links: [{url: 'https://a.example/x'}]", true),
        ("  links: [{url: 'mailto:a@b'}]", true),
        ("  links: [{url: './x'}]", false),
        ("  links: [{url: 'https://'}]", false),
        ("  links: [{title: x}]", false),
        ("  links: [{url: 'https://a', title: ' '}]", false),
        ("  links: [{url: 'https://a', type: ' '}]", true),
        ("  uid: 3", false),
        ("  anything: [else]", true),
    ];
    for (metadata, good) in cases {
        let reading = component(metadata, "");
        assert_eq!(reading.accepted, good, "{metadata}: {:?}", reading.problem);
    }
    let cases = [
        ("  system: ''", false),
        ("  system: 1", false),
        ("  dependsOn: []", true),
        ("  dependsOn: [1]", false),
        ("  dependsOn:", false),
        ("  providesApis: ['']", false),
        ("  dependencyOf: component:a", true),
        ("  unknownField: {x: 1}", true),
    ];
    for (spec, good) in cases {
        let reading = component("", spec);
        assert_eq!(reading.accepted, good, "{spec}: {:?}", reading.problem);
    }
}

#[test]
fn other_kinds_have_their_own_needs() {
    let cases = [
        ("backstage.io/v1alpha1", "Group", "{type: team}", false),
        ("backstage.io/v1alpha1", "Group", "{type: team, children: [], profile: {email: ''}}", false),
        ("backstage.io/v1alpha1", "User", "{}", false),
        ("backstage.io/v1alpha1", "User", "{memberOf: []}", true),
        ("backstage.io/v1alpha1", "Location", "{}", true),
        ("backstage.io/v1alpha1", "Location", "{presence: maybe}", false),
        ("backstage.io/v1alpha1", "Resource", "{type: db}", false),
        ("backstage.io/v1alpha1", "API", "{type: t, lifecycle: l, owner: o}", false),
        ("backstage.io/v1alpha1", "AiResource", "{type: skill, lifecycle: l, owner: o}", true),
        ("backstage.io/v1beta1", "AiResource", "{type: skill, lifecycle: l, owner: o}", false),
        ("backstage.io/v1", "System", "{owner: o}", false),
        ("v1", "System", "{owner: o}", false),
        ("backstage.io/v1beta1", "System", "{owner: o}", true),
        ("scaffolder.backstage.io/v1beta3", "Template", "{owner: o, type: x, steps: []}", false),
    ];
    for (version, kind, spec, good) in cases {
        let reading =
            one(&format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n"));
        assert_eq!(reading.accepted, good, "{kind} {spec}: {:?}", reading.problem);
    }
}

#[test]
fn relations_default_to_the_holders_namespace() {
    let reading =
        component("  namespace: pay", "  dependsOn: ['component:ledger', 'payments']\n  system: Big");
    assert_eq!(reading.relations["dependsOn"][0], Relation::Ref("component:pay/ledger".to_owned()));
    assert!(matches!(reading.relations["dependsOn"][1], Relation::Error(_)));
    assert_eq!(reading.entity.unwrap().system.as_deref(), Some("system:pay/big"));
    assert!(reading.warnings[0].contains("`component:payments`"), "{:?}", reading.warnings);
    let text = serde_json::to_string(&reading.relations["dependsOn"]).unwrap();
    assert!(text.starts_with("[\"component:pay/ledger\",{\"error\":"), "{text}");
}

#[test]
fn the_same_content_has_the_same_hash_in_any_spelling() {
    let one = component("  tags: [a]", "").entity.unwrap();
    let other = component("  tags:\n    - \"a\"  # comment", "").entity.unwrap();
    assert_eq!(one.content_sha256, other.content_sha256);
    assert_ne!(one.content_sha256, component("  tags: [b]", "").entity.unwrap().content_sha256);
}

#[test]
fn a_billion_laughs_is_refused_and_the_next_document_read() {
    let mut bomb = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let before = level - 1;
        writeln!(bomb, "a{level}: &a{level} [{}]", vec![format!("*a{before}"); 10].join(", ")).unwrap();
    }
    let good = "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: a}\nspec: {owner: x}\n";
    let start = Instant::now();
    let reading = read_backstage(format!("{bomb}---\n{good}").as_bytes()).unwrap();
    assert!(!reading.documents[0].accepted && reading.documents[1].accepted);
    let many = format!("{bomb}---\n").repeat(if cfg!(debug_assertions) { 2 } else { 500 });
    let reading = read_backstage(many.as_bytes()).unwrap();
    assert!(reading.documents.iter().all(|d| !d.accepted));
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn a_long_text_repeated_by_aliases_is_refused() {
    let text = "x".repeat(1_000_000);
    let many = vec!["*a"; 9_000].join(", ");
    for bomb in [
        format!("a: &a \"{text}\"\nb: [{many}]\n"),
        format!("a: &a {{\"{}\": 1}}\nb: [{many}]\n", "k".repeat(900)),
        format!("a: &a |\n  {text}\nb: [{many}]\n"),
    ] {
        let start = Instant::now();
        let reading = read_backstage(bomb.as_bytes()).unwrap();
        let problem = reading.documents[0].problem.as_deref().unwrap();
        assert!(problem.contains("not readable"), "{problem}");
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(100_000), "- ".repeat(20_000), "{a: ".repeat(50_000), "? ".repeat(10_000)] {
        let reading = read_backstage(text.as_bytes()).unwrap();
        assert!(reading.documents[0].problem.is_some());
    }
}

#[test]
fn endless_empty_documents_are_cut_off() {
    let reading = read_backstage("---\n".repeat(210_000).as_bytes()).unwrap();
    assert!(reading.truncated);
}

#[test]
fn thousands_of_components_read_quickly() {
    let mut text = String::new();
    let components = if cfg!(debug_assertions) { 1_000_usize } else { 10_000 };
    for at in 0..components {
        writeln!(text, "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: s{at}\n  annotations:\n    waterbear.dev/tier: \"2\"\nspec:\n  type: service\n  lifecycle: production\n  owner: team-{}\n  dependsOn:", at % 500).unwrap();
        for edge in 1..=5 {
            writeln!(text, "    - component:s{}", (at * 7 + edge) % components).unwrap();
        }
    }
    let start = Instant::now();
    let reading = read_backstage(text.as_bytes()).unwrap();
    assert_eq!(reading.documents.iter().filter(|d| d.accepted).count(), components);
    assert!(!reading.truncated);
    // Under a second on a quiet machine; ten times that on a busy one is still no square.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
