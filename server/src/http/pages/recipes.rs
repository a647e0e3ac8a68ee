//! Ready-to-paste lines that send evidence, true to the ingest API.

use crate::types::{DrillKind, Failure, Timestamp};

/// One drill result by curl.
pub fn curl_drill(service: &str, failure: Failure, now: Timestamp) -> String {
    let kind = failure.kind();
    let started = Timestamp(now.0 - 10 * 60_000).to_rfc3339();
    let ended = Timestamp(now.0 - 6 * 60_000).to_rfc3339();
    let extra = match kind {
        DrillKind::Rollback => "\n    \"rollback\": {\"outcome\": \"succeeded\", \"seconds\": 41},",
        DrillKind::Dependency => "\n    \"target\": \"the-dependency\",",
        DrillKind::Infrastructure => "",
    };
    format!(
        r#"curl --fail-with-body "$WATERBEAR_URL/api/v1/drills" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{{
    "service": "{service}",
    "kind": "{kind}", "failure": "{failure}",
    "environment": "staging",
    "outcome": "passed",{extra}
    "started_at": "{started}",
    "ended_at": "{ended}"
  }}'"#
    )
}

/// Settings and traffic of a service's degrader.
pub fn curl_degrader(service: &str) -> String {
    format!(
        r#"curl --fail-with-body -X PUT "$WATERBEAR_URL/api/v1/services/{service}/degrader" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{{
    "dialect": "d2",
    "settings": {{"degraderProperties": {{"degrader.highLatency": "400", "degrader.lowLatency": "200"}}}},
    "profile": {{
      "hosts": 50, "clients": 20, "qps": 5000,
      "latency": {{"p50_ms": 6, "p99_ms": 30}},
      "error_rate": 0.0005, "timeout_ms": 1000, "slo_ms": 50
    }}
  }}'"#
    )
}

/// Calls that traces showed.
pub fn curl_seen(service: &str) -> String {
    format!(
        r#"curl --fail-with-body "$WATERBEAR_URL/api/v1/dependencies" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/json" \
  -d '[{{"from": "{service}", "to": "recs-api", "calls_per_second": 120}}]'"#
    )
}

/// The query that says what a tool's own document leaves out.
fn hints(service: &str, failure: Failure) -> String {
    format!("service={service}&kind={}&failure={failure}&environment=staging", failure.kind())
}

/// A JUnit report, unchanged.
pub fn curl_junit(service: &str, failure: Failure) -> String {
    format!(
        r#"curl --fail-with-body "$WATERBEAR_URL/api/v1/ingest/junit?{}" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/xml" \
  --data-binary @report.xml"#,
        hints(service, failure)
    )
}

/// A job of GitHub Actions that rehearses and posts.
pub fn github_actions(service: &str, failure: Failure) -> String {
    format!(
        r#"name: drill
on:
  schedule: [{{cron: "0 9 * * 2"}}]
  workflow_dispatch:
jobs:
  drill:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Rehearse
        run: ./drill.sh --junit report.xml
      - name: Send the result, a failed one too
        if: always()
        env:
          WATERBEAR_URL: ${{{{ vars.WATERBEAR_URL }}}}
          WATERBEAR_TOKEN: ${{{{ secrets.WATERBEAR_TOKEN }}}}
        run: |
          curl --fail-with-body --retry 5 --retry-all-errors \
            "$WATERBEAR_URL/api/v1/ingest/junit?{}" \
            -H "Authorization: Bearer $WATERBEAR_TOKEN" \
            -H "Content-Type: application/xml" \
            -H "Idempotency-Key: $GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT" \
            --data-binary @report.xml"#,
        hints(service, failure)
    )
}

/// A job of GitLab CI that rehearses and posts.
pub fn gitlab_ci(service: &str, failure: Failure) -> String {
    format!(
        r#"drill:
  stage: test
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - ./drill.sh --junit report.xml
  after_script:
    - >-
      curl --fail-with-body --retry 5 --retry-all-errors
      "$WATERBEAR_URL/api/v1/ingest/junit?{}"
      -H "Authorization: Bearer $WATERBEAR_TOKEN"
      -H "Content-Type: application/xml"
      -H "Idempotency-Key: $CI_JOB_ID"
      --data-binary @report.xml
  artifacts:
    when: always
    reports: {{junit: report.xml}}"#,
        hints(service, failure)
    )
}

/// The block of an experiment that says which service it is about.
pub fn chaos_extension(service: &str, failure: Failure) -> String {
    format!(
        r#""extensions": [
  {{
    "name": "waterbear",
    "service": "{service}",
    "failure_class": "{failure}",
    "environment": "staging"
  }}
]"#
    )
}

/// Settings with which the Chaos Toolkit posts by itself.
pub fn chaos_settings() -> String {
    r"# ~/.chaostoolkit/settings.yaml
notifications:
  - type: http
    url: https://waterbear.example.com/api/v1/ingest/chaostoolkit
    headers:
      Authorization: Bearer wb_...
    events: [run-completed, run-failed, run-deviated]"
        .to_owned()
}

/// A journal, unchanged.
pub fn curl_chaos() -> String {
    r#"chaos run --journal-path journal.json experiment.json
curl --fail-with-body --retry 5 "$WATERBEAR_URL/api/v1/ingest/chaostoolkit" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/json" \
  --data-binary @journal.json"#
        .to_owned()
}

/// Many results in one request.
pub fn curl_batch() -> String {
    r#"curl --fail-with-body "$WATERBEAR_URL/api/v1/drills/batch" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/x-ndjson" \
  --data-binary @results.ndjson"#
        .to_owned()
}

/// A custom fact.
pub fn curl_fact(service: &str, fact: &str, value: &str, now: Timestamp) -> String {
    format!(
        r#"curl --fail-with-body "$WATERBEAR_URL/api/v1/facts" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/json" \
  -d '[{{"service": "{service}", "fact": "{fact}",
       "value": {value}, "as_of": "{}"}}]'"#,
        now.to_rfc3339()
    )
}

/// A token for CI.
pub fn token(scope: &str) -> String {
    format!("export WATERBEAR_TOKEN=$(waterbear token create --name ci --scope {scope})")
}

/// A catalogue over the network.
pub fn curl_import() -> String {
    r#"curl --fail-with-body "$WATERBEAR_URL/api/v1/catalog/import" \
  -H "Authorization: Bearer $WATERBEAR_TOKEN" \
  -H "Content-Type: application/yaml" \
  --data-binary @catalog-info.yaml"#
        .to_owned()
}

/// A catalogue as Backstage writes it.
pub fn backstage() -> String {
    r"apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: checkout-platform, title: Checkout Platform}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout-api
  description: Takes orders
  labels: {waterbear.dev/tier: '1'}
spec:
  type: service
  lifecycle: production
  owner: group:checkout-platform
  dependsOn: [component:pricing, resource:orders-db]"
        .to_owned()
}

/// A catalogue as a table.
pub fn csv() -> String {
    "name,owner,tier,lifecycle,depends_on\n\
     checkout-api,checkout-platform,1,production,pricing\n\
     pricing,checkout-platform,2,production,"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The JSON between the quotes of `-d '...'`.
    fn body(recipe: &str) -> serde_json::Value {
        let (_, rest) = recipe.split_once("-d '").unwrap();
        serde_json::from_str(rest.strip_suffix('\'').unwrap()).unwrap()
    }

    #[test]
    fn bodies_are_json_that_names_the_service() {
        for failure in Failure::ALL {
            let drill = body(&curl_drill("shop", *failure, Timestamp(1_700_000_000_000)));
            assert_eq!(drill["service"], "shop");
            assert_eq!(drill["kind"], failure.kind().as_str());
            assert_eq!(drill.get("target").is_some(), failure.kind() == DrillKind::Dependency);
        }
        let facts = body(&curl_fact("shop", "learning.actions_open", "2", Timestamp(0)));
        assert_eq!(facts[0]["value"], 2);
        let extension: serde_json::Value =
            serde_json::from_str(&format!("{{{}}}", chaos_extension("shop", Failure::Dns))).unwrap();
        assert_eq!(extension["extensions"][0]["failure_class"], "dns");
    }
}
