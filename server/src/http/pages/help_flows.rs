//! Help: what a core flow is, how to declare one, how to prove a fallback.

use serde::Serialize;

use super::chrome::Chrome;
use super::help::Filling;
use super::parts::{Choice, Code, Link};
use super::recipes;
use crate::types::Failure;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    service: String,
    known: bool,
    services: Vec<Choice>,
    target: String,
    failures: Vec<Choice>,
    file: Code,
    annotation: Code,
    seen: Code,
    drill: Code,
}

const FILE: &str = r#"apiVersion: waterbear.dev/v1
kind: Flow
metadata:
  name: buy
  title: "Buy something"
spec:
  owner: checkout-platform
  entry: checkout-api
  steps: [browse, pay]
  edges:
    - {from: checkout-api, to: cart-api, core: true, deadline_ms: 300, step: browse}
    - from: checkout-api
      to: recs-api
      core: false
      deadline_ms: 80
      traffic: 120
      fallback: {strategy: trade_feature, how: "Show the best sellers of the day."}
    - {from: checkout-api, to: "external:card-scheme", core: true, deadline_ms: 2000, step: pay}
"#;

const ANNOTATION: &str = r#"apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout-api
  annotations:
    waterbear.dev/core-dependencies: "component:cart-api, resource:orders-db"
spec:
  type: service
  lifecycle: production
  owner: checkout-platform
  dependsOn: [component:cart-api, resource:orders-db, component:recs-api]
"#;

/// The page with the recipes filled in; `target` is the dependency that fails.
pub fn context(chrome: Chrome, filling: &Filling, target: Option<&str>) -> Ctx {
    let service = filling.or_example();
    let target: String =
        target.unwrap_or("recs-api").chars().filter(|c| !"\"\\'`$".contains(*c)).take(255).collect();
    let failure = filling.failure.filter(|f| ["error", "delay", "timeout"].contains(&f.as_str()));
    let failure = failure.unwrap_or(Failure::Error);
    let line = recipes::curl_drill(service, failure, chrome.now);
    Ctx {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Core flows",
        known: filling.service.is_some(),
        services: filling.choices(),
        failures: [Failure::Error, Failure::Delay, Failure::Timeout]
            .map(|f| Choice::new(f.as_str(), f.label(), Some(failure.as_str())))
            .to_vec(),
        file: Code::new("the file", FILE),
        annotation: Code::new("the annotation", ANNOTATION),
        seen: Code::new("the curl line of a trace", recipes::curl_seen(service)),
        drill: Code::new("the curl line of a drill", line.replace("the-dependency", &target)),
        service: service.to_owned(),
        target,
        chrome: chrome.titled("Core flows and fallbacks"),
    }
}
