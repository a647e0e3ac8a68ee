//! Every plan of every engine: it parses, it is whole, and no name becomes a program.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn ask(failure: Failure, target: Option<&str>) -> PlanRequest {
    PlanRequest {
        service: "checkout".into(),
        service_name: "Checkout".into(),
        failure,
        target: target.map(str::to_owned),
        environment: "staging".into(),
        why: "It was never run.".into(),
        waterbear: "https://waterbear.example".into(),
    }
}

fn every() -> Vec<Plan> {
    let pairs = Engine::ALL.iter().flat_map(|e| Failure::ALL.iter().map(move |f| (*e, *f)));
    pairs
        .filter_map(|(engine, failure)| plan(engine, &ask(failure, Some("component:default/ads"))).ok())
        .collect()
}

fn text_of<'a>(plan: &'a Plan, ending: &str) -> &'a str {
    &plan.files.iter().find(|file| file.name.ends_with(ending)).unwrap().text
}

#[test]
fn the_words_of_engines_are_those_of_the_list() {
    let words: Vec<&str> = Engine::ALL.iter().map(|e| e.as_str()).collect();
    assert_eq!(words, Engine::WORDS);
    assert!(Engine::WORDS.iter().all(|word| Engine::parse(word).is_some()));
}

#[test]
fn each_failure_has_a_plan_and_who_has_none_names_those_that_do() {
    for failure in Failure::ALL {
        assert!(plan(Engine::ChaosToolkit, &ask(*failure, None)).is_ok());
        for engine in Engine::ALL {
            if let Err(none) = plan(*engine, &ask(*failure, None)) {
                assert!(none.reason.ends_with('.') && none.engines.contains(&Engine::ChaosToolkit));
                assert!(!none.engines.contains(engine));
            }
        }
    }
    // The table of the integrations guide.
    let can = |failure| engines_for(failure).iter().map(|e| e.as_str()).collect::<Vec<_>>().join(" ");
    assert_eq!(can(Failure::Error), "chaostoolkit istio chaos-mesh litmus toxiproxy");
    assert_eq!(can(Failure::Clock), "chaostoolkit chaos-mesh salt");
    assert_eq!(can(Failure::Latency), "chaostoolkit chaos-mesh litmus toxiproxy aws-fis salt");
    assert_eq!(can(Failure::Config), "chaostoolkit");
    assert_eq!(can(Failure::Rack), "chaostoolkit chaos-mesh litmus aws-fis salt");
}

#[test]
fn every_file_parses_and_every_plan_is_whole() {
    for plan in every() {
        let what = format!("{} {}", plan.engine.as_str(), plan.title);
        for said in [&plan.hypothesis, &plan.blast_radius, &plan.stop_condition, &plan.rollback] {
            assert!(said.ends_with('.'), "{what}: {said}");
        }
        assert!(plan.rollback.contains("checked") || plan.rollback.contains("checks"), "{what}");
        assert!(plan.duration_seconds > 0 && plan.variables.iter().any(|v| v.name == "WATERBEAR_TOKEN"));
        for file in &plan.files {
            match file.media {
                "application/json" => drop(serde_json::from_str::<Value>(&file.text).expect(&what)),
                "application/yaml" => {
                    drop(
                        serde_saphyr::from_str::<Value>(&file.text)
                            .unwrap_or_else(|e| panic!("{what}: {e}\n{}", file.text)),
                    );
                }
                _ => assert!(file.text.starts_with("#!/bin/sh\n"), "{what}"),
            }
            assert!(!file.text.contains("wb_"), "{what}: a token");
            // Chaos Toolkit would make one of it.
            assert!(!file.text.contains("$$"), "{what}");
        }
        let script = text_of(&plan, ".sh");
        assert!(script.contains("$WATERBEAR_TOKEN") && script.contains("/api/v1/"), "{what}");
    }
}

#[test]
fn an_experiment_says_what_our_reader_looks_for() {
    let plan = plan(Engine::ChaosToolkit, &ask(Failure::Error, Some("component:default/ads"))).unwrap();
    let experiment: Value = serde_json::from_str(text_of(&plan, ".json")).unwrap();
    let mine = &experiment["extensions"][0];
    assert_eq!(mine["name"], "waterbear");
    assert_eq!(mine["failure_class"], "error");
    assert_eq!(mine["target"], "component:default/ads");
    assert_eq!(mine["drill"], "checkout-error-ads");
    let script = experiment["method"][0]["provider"]["arguments"][1].as_str().unwrap();
    assert!(
        script.contains("'x-envoy-fault-abort-request: 503'") && script.contains("'x-waterbear-drill: ads'")
    );
}

#[test]
fn istio_is_told_a_percentage_and_whom() {
    for (failure, at) in [(Failure::Error, "abort"), (Failure::Delay, "delay"), (Failure::Timeout, "delay")] {
        let plan = plan(Engine::Istio, &ask(failure, Some("ads"))).unwrap();
        let object: Value = serde_saphyr::from_str(text_of(&plan, ".yaml")).unwrap();
        let route = &object["spec"]["http"][0];
        assert_eq!(route["fault"][at]["percentage"]["value"], 100);
        assert_eq!(route["match"][0]["headers"]["x-waterbear-drill"]["exact"], "ads");
    }
}

#[test]
fn a_verdict_of_litmus_rests_on_a_probe() {
    for plan in every().iter().filter(|plan| plan.engine == Engine::Litmus) {
        let object: Value = serde_saphyr::from_str(text_of(plan, ".yaml")).unwrap();
        let probe = &object["spec"]["experiments"][0]["spec"]["probe"][0];
        assert_eq!(probe["httpProbe/inputs"]["url"], "$DRILL_URL");
        assert_eq!(probe["runProperties"]["stopOnFailure"], true);
    }
}

/// The scripts of a plan without their comments and without what stands between single quotes.
fn code_of(plan: &Plan) -> String {
    let mut scripts: Vec<String> =
        plan.files.iter().filter(|f| f.media == "application/x-sh").map(|f| f.text.clone()).collect();
    if plan.engine == Engine::ChaosToolkit {
        let experiment: Value = serde_json::from_str(text_of(plan, ".json")).unwrap();
        let probes = experiment["steady-state-hypothesis"]["probes"].as_array().unwrap();
        let all =
            [probes, experiment["method"].as_array().unwrap(), experiment["rollbacks"].as_array().unwrap()];
        for step in all.into_iter().flatten() {
            let arguments = &step["provider"]["arguments"];
            let words = arguments.get("args").unwrap_or(arguments);
            scripts.extend(words.as_array().into_iter().flatten().map(|w| w.as_str().unwrap().to_owned()));
        }
    }
    let mut out = String::new();
    for script in scripts {
        let lines: String = script.split_inclusive('\n').filter(|l| !l.starts_with('#')).collect();
        // A quote inside a quoted text ends nothing: `'\\''`.
        out.extend(lines.replace(r"'\''", "").split('\'').step_by(2));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]
    #[test]
    fn no_name_becomes_a_program(target in "\\PC{0,40}", environment in "\\PC{0,20}", name in "\\PC{0,20}", n in 0..Failure::ALL.len()) {
        let mark = "§q7Z";
        let failure = Failure::ALL[n];
        let calm = ask(failure, Some("ads"));
        let wild = PlanRequest {
            target: Some(format!("{target}{mark}'\"`$(id){{{{x}}}}\n{mark}")),
            environment: format!("{environment}{mark}"),
            service_name: format!("{name}{mark}\n{mark}"),
            why: format!("{mark}\r\n{mark}"),
            ..calm.clone()
        };
        for engine in Engine::ALL {
            let (Ok(calm), Ok(wild)) = (plan(*engine, &calm), plan(*engine, &wild)) else { continue };
            prop_assert!(!code_of(&wild).contains(mark), "{}", code_of(&wild));
            for (file, other) in wild.files.iter().zip(&calm.files) {
                prop_assert!(file.name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)), "{}", file.name);
                // Comments end where their line ends.
                let bare = |text: &str| text.lines().filter(|l| !l.starts_with('#')).count();
                prop_assert_eq!(bare(&file.text), bare(&other.text), "{}", file.text);
                match file.media {
                    "application/json" => drop(serde_json::from_str::<Value>(&file.text).unwrap()),
                    "application/yaml" => drop(serde_saphyr::from_str::<Value>(&file.text).unwrap()),
                    _ => {}
                }
                if *engine == Engine::Salt && file.media == "application/yaml" {
                    prop_assert!(!file.text.contains("{{"));
                }
            }
        }
    }
}
