//! Texts to paste: the command that adds a publisher, and the workflow whose jobs it means. Every name in them was
//! checked; what may hold more than letters and digits is quoted.

use std::fmt::Write;

use serde_json::json;

use crate::app::publishers::CreatePublisher;

/// For the shell.
fn sh(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// For YAML, which reads JSON's texts alike.
fn yaml(text: &str) -> String {
    json!(text).to_string()
}

/// `waterbear publisher add …`
pub(super) fn command(wish: &CreatePublisher) -> String {
    let mut line = format!("waterbear publisher add --provider {}", sh(&wish.provider));
    let options = [
        ("--issuer", wish.issuer.as_ref()),
        ("--repository", Some(&wish.repository)),
        ("--owner-id", wish.owner_id.as_ref()),
        ("--workflow", wish.workflow.as_ref()),
        ("--environment", wish.environment.as_ref()),
        ("--ref", wish.git_ref.as_ref()),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = write!(line, " \\\n  {option} {}", sh(value));
        }
    }
    if wish.protected_ref_only {
        line.push_str(" \\\n  --protected-ref-only");
    }
    for (option, names) in [("--service", &wish.services), ("--team", &wish.teams)] {
        for name in names {
            // Writing to a String cannot fail.
            let _ = write!(line, " \\\n  {option} {}", sh(name));
        }
    }
    line
}

/// The same over the API.
pub(super) fn curl(base_url: &str, wish: &CreatePublisher) -> String {
    let mut body = json!({ "provider": wish.provider, "repository": wish.repository });
    let texts = [
        ("issuer", &wish.issuer),
        ("owner_id", &wish.owner_id),
        ("workflow", &wish.workflow),
        ("environment", &wish.environment),
        ("ref", &wish.git_ref),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    if wish.protected_ref_only {
        body["protected_ref_only"] = json!(true);
    }
    for (key, names) in [("services", &wish.services), ("teams", &wish.teams)] {
        if !names.is_empty() {
            body[key] = json!(names);
        }
    }
    let body = serde_json::to_string_pretty(&body).unwrap_or_default().replace('\'', r"'\''");
    format!(
        "curl --fail-with-body -X POST {} \\\n  -H \"Authorization: Bearer $WATERBEAR_TOKEN\" \\\n  \
         -H \"Content-Type: application/json\" \\\n  -d '{body}'",
        sh(&format!("{base_url}/api/v1/trusted-publishers"))
    )
}

/// Where the workflow belongs.
pub(super) fn file(wish: &CreatePublisher) -> String {
    match (wish.provider.as_str(), wish.workflow.as_deref()) {
        ("gitlab", path) => path.unwrap_or(".gitlab-ci.yml").to_owned(),
        (_, name) => format!(".github/workflows/{}", name.unwrap_or("drills.yml")),
    }
}

/// The service that the example is about.
fn service(wish: &CreatePublisher) -> &str {
    wish.services.first().map_or("YOUR-SERVICE", String::as_str)
}

/// Takes one text out of a JSON object; neither of the two tokens holds a quote, and `jq` is not everywhere.
fn field(name: &str) -> String {
    format!(r#"sed -n 's/.*"{name}" *: *"\([^"]*\)".*/\1/p'"#)
}

/// What both do with the identity token in `$identity`: exchange it, send a result, give the token back.
fn sending(wish: &CreatePublisher, mask: &str) -> String {
    let drill = json!({
        "service": service(wish), "kind": "infrastructure", "failure": "dns", "environment": "staging",
        "outcome": "passed", "started_at": "STARTED", "ended_at": "ENDED",
        "rollback": { "outcome": "succeeded", "seconds": 40 },
    })
    .to_string()
    .replace("\"STARTED\"", "\"$started\"")
    .replace("\"ENDED\"", "\"$ended\"");
    format!(
        "answer=$(printf '{{\"token\":\"%s\"}}' \"$identity\" | curl -sS --fail-with-body \\\n  \
         -H 'Content-Type: application/json' --data-binary @- \"$WATERBEAR_URL/api/v1/oidc/exchange\") || {{ echo \"$answer\"; exit 1; }}\n\
         token=$(printf '%s' \"$answer\" | {})\n{mask}\
         curl -sS --fail-with-body -H \"Authorization: Bearer $token\" -H 'Content-Type: application/json' \\\n  \
         --data-binary @- \"$WATERBEAR_URL/api/v1/drills\" <<END\n{drill}\nEND\n\
         curl -sS --fail-with-body -X DELETE -H \"Authorization: Bearer $token\" \"$WATERBEAR_URL/api/v1/oidc/token\"\n",
        field("token")
    )
}

fn indented(text: &str, by: usize) -> String {
    let space = " ".repeat(by);
    text.lines().flat_map(|line| [space.as_str(), line, "\n"]).collect()
}

/// The workflow.
pub(super) fn workflow(wish: &CreatePublisher, audience: &str, base_url: &str) -> String {
    if wish.provider == "gitlab" {
        gitlab(wish, audience, base_url)
    } else {
        github(wish, audience, base_url)
    }
}

fn github(wish: &CreatePublisher, audience: &str, base_url: &str) -> String {
    let environment = wish
        .environment
        .as_ref()
        .map_or_else(String::new, |name| format!("    environment: {}\n", yaml(name)));
    let identity = "set -euo pipefail\n\
         identity=$(curl -sS --fail-with-body --get --data-urlencode \"audience=$WATERBEAR_AUDIENCE\" \\\n  \
         -H \"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\" \"$ACTIONS_ID_TOKEN_REQUEST_URL\" | FIELD)\n\
         echo \"::add-mask::$identity\"\n"
        .replace("FIELD", &field("value"));
    let script = format!("{identity}{}", sending(wish, "echo \"::add-mask::$token\"\n"));
    format!(
        "name: drills\non:\n  schedule:\n    - cron: \"0 5 * * 1-5\"\n  workflow_dispatch:\npermissions:\n  contents: read\n  \
         id-token: write\njobs:\n  drill:\n    runs-on: ubuntu-latest\n{environment}    env:\n      WATERBEAR_URL: {}\n      \
         WATERBEAR_AUDIENCE: {}\n    steps:\n      - uses: actions/checkout@v4\n      - name: Run the drill\n        run: |\n          \
         echo \"started=$(date -u +%FT%TZ)\" >> \"$GITHUB_ENV\"\n          ./drills/run.sh\n          \
         echo \"ended=$(date -u +%FT%TZ)\" >> \"$GITHUB_ENV\"\n      - name: Send the result\n        run: |\n{}",
        yaml(base_url),
        yaml(audience),
        indented(&script, 10)
    )
}

fn gitlab(wish: &CreatePublisher, audience: &str, base_url: &str) -> String {
    let environment =
        wish.environment.as_ref().map_or_else(String::new, |name| format!("  environment: {}\n", yaml(name)));
    let script = format!("identity=$WATERBEAR_ID_TOKEN\n{}", sending(wish, ""));
    format!(
        "drill:\n  # Any image with a shell, curl and what your drill needs.\n  image: registry.example/ci/curl\n{environment}  id_tokens:\n    WATERBEAR_ID_TOKEN:\n      \
         aud: {}\n  variables:\n    WATERBEAR_URL: {}\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"schedule\"\n  script:\n    \
         - started=$(date -u +%Y-%m-%dT%H:%M:%SZ)\n    - ./drills/run.sh\n    - ended=$(date -u +%Y-%m-%dT%H:%M:%SZ)\n    - |\n{}",
        yaml(audience),
        yaml(base_url),
        indented(&script, 6)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(provider: &str) -> CreatePublisher {
        CreatePublisher {
            provider: provider.into(),
            repository: "shop-example/storefront".into(),
            owner_id: Some("65".into()),
            workflow: Some("drills.yml".into()),
            environment: Some("it's \"staging\": #1".into()),
            services: vec!["storefront".into()],
            ..CreatePublisher::default()
        }
    }

    #[test]
    fn both_workflows_are_yaml_that_asks_for_an_identity_token_of_the_audience() {
        for provider in ["github", "gitlab"] {
            let text = workflow(&wish(provider), "https://wb.example", "https://wb.example");
            let read: serde_json::Value =
                crate::formats::read_settings(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            let job = if provider == "github" { &read["jobs"]["drill"] } else { &read["drill"] };
            assert_eq!(job["environment"], "it's \"staging\": #1", "{text}");
            if provider == "github" {
                assert_eq!(read["permissions"]["id-token"], "write");
                assert_eq!(job["env"]["WATERBEAR_AUDIENCE"], "https://wb.example");
            } else {
                assert_eq!(job["id_tokens"]["WATERBEAR_ID_TOKEN"]["aud"], "https://wb.example");
            }
            assert!(
                text.contains("/api/v1/oidc/exchange") && text.contains("\"service\":\"storefront\""),
                "{text}"
            );
        }
    }

    #[test]
    fn what_the_shell_would_read_is_quoted() {
        let line = command(&wish("github"));
        assert!(line.contains(r#"--environment 'it'\''s "staging": #1'"#), "{line}");
        let curl = curl("https://wb.example", &wish("github"));
        assert!(curl.contains(r"it'\''s"), "{curl}");
    }
}
