//! Certificates and badges as users meet them: earned by time, on hold at once, verified outside, shown elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::{Server, Setup, Value, json, passed, samples_dir};

const GRADES: &str = "[bands]\n\"A+\" = 97\nA = 90\nB = 80\nF = 0\n\
    [practices.drills]\ntitle = \"Drills passed\"\nwhy = \"So.\"\n";
const CERTIFICATE: &str = r#"
title = "Waterbear certified"
why = "It held the best grade for two weeks."
fix = "Hold it."
earn = 'streak.days_at_a_plus >= 14 && !grade.capped && !drills.regressed'
hold = 'drills.regressed'
hold_why = "a drill that had passed fails"
suspend = 'grade.rank < rank("A")'
suspend_why = "the grade is below A"
valid_days = 90
"#;
const BADGE: &str = r#"
title = "Bug Finder"
why = "A drill failed, was fixed, and passed."
fix = "Find one."
earn = 'history.drills_fixed_90d >= 1'
valid_days = 90
medal = "recognition"
"#;

/// A rulebook in which dns is worth nearly everything and cpu next to nothing.
pub(crate) fn rules(dir: &Path) {
    let rule = |drill: &str, points: u8| {
        format!(
            "title = \"{drill} rehearsed\"\npractice = \"drills\"\nwhy = \"w\"\nfix = \"f\"\neffort = \"hours\"\n\
             points = {points}\npass = 'drills.{drill}_last_outcome == \"passed\"'\nevidence = \"executed\"\n"
        )
    };
    for (path, text) in [
        ("grades.toml", GRADES.to_owned()),
        ("rules/dns.toml", rule("dns", 99)),
        ("rules/cpu.toml", rule("cpu", 1)),
        ("certificates/waterbear-certified.toml", CERTIFICATE.to_owned()),
        ("badges/bug-finder.toml", BADGE.to_owned()),
    ] {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// A server with that rulebook on the first of March, on which checkout passed both drills.
pub(crate) fn started(more: impl FnOnce(Setup) -> Setup) -> (Server, tempfile::TempDir) {
    let home = tempfile::TempDir::new().unwrap();
    rules(home.path());
    started_by(home, more)
}

/// The same with the rulebook in a folder.
pub(crate) fn started_by(
    home: tempfile::TempDir,
    more: impl FnOnce(Setup) -> Setup,
) -> (Server, tempfile::TempDir) {
    let setup = Setup::default()
        .frozen("2026-03-01T12:00:00Z")
        .env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests")
        .env("WATERBEAR_RULES_DIR", &home.path().display().to_string());
    let server = more(setup).start();
    server.import(harness::SMALL_CATALOG);
    send(&server, "cpu", "passed", "2026-03-01T10:00:00Z");
    send(&server, "dns", "passed", "2026-03-01T10:00:00Z");
    (server, home)
}

pub(crate) fn send(server: &Server, failure: &str, outcome: &str, at: &str) -> Value {
    let mut body = passed("checkout", failure);
    body["outcome"] = json!(outcome);
    (body["started_at"], body["ended_at"]) = (json!(at), json!(at));
    server.post_drill(&body).expect(201).json()
}

pub(crate) fn on(server: &mut Server, day: &str) {
    server.move_clock(&format!("{day}T13:00:00Z"));
    server.restart();
    let _ = server.cli(&["grade"]).ok();
}

pub(crate) fn kinds(server: &Server) -> Vec<String> {
    let events = server.json("/api/v1/events?limit=500");
    let kinds = events["items"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str());
    kinds.filter(|k| k.starts_with("certificate_") || k.starts_with("badge_")).map(str::to_owned).collect()
}

/// The day of an instant: commands have a clock of their own, some minutes away.
fn day_of(instant: &Value) -> &str {
    instant.as_str().and_then(|text| text.get(..10)).unwrap_or_default()
}

pub(crate) fn certificate(server: &Server) -> Value {
    server.scorecard("checkout")["certificate"].clone()
}

pub(crate) fn verify(server: &Server, token: &str, more: &[&str]) -> harness::Output {
    let file = server.dir().join("certificate.jwt");
    fs::write(&file, token).unwrap();
    let file = file.display().to_string();
    let mut args = vec!["certificate", "verify", &file];
    args.extend(more);
    server.cli(&args)
}

#[test]
fn a_certificate_is_earned_by_time_goes_on_hold_resumes_and_is_revoked() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-14");
    assert!(certificate(&server).is_null(), "thirteen days are not fourteen");
    let awards = server.scorecard("checkout")["awards"].clone();
    let lacking = awards[0]["lacking"][0].as_str().unwrap().to_owned();
    assert!(lacking.starts_with("streak.days_at_a_plus >= 14 does not hold"), "{lacking}");

    on(&mut server, "2026-03-15");
    let held = certificate(&server);
    assert_eq!((&held["state"], day_of(&held["valid_until"])), (&json!("certified"), "2026-06-13"));
    let id = held["id"].as_str().unwrap().to_owned();
    assert_eq!(kinds(&server), ["certificate_earned"]);
    on(&mut server, "2026-03-16");
    assert_eq!(kinds(&server), ["certificate_earned"], "a second night tells nothing new");

    let path = format!("/certificates/{id}.jwt");
    let first = server.get(&path).expect(200);
    assert!(first.header("content-type").starts_with("text/plain"));
    let first = first.text();
    let good = verify(&server, &first, &["--at", "2026-03-16T13:00:00Z", "--json"]).ok().json();
    assert_eq!((&good["valid"], &good["revocation"]), (&json!(true), &json!("holds")), "{good:#}");

    // A regression that hardly moves the score puts it on hold in the answer's own transaction.
    send(&server, "cpu", "failed", "2026-03-16T11:00:00Z");
    let held = certificate(&server);
    assert_eq!(
        (&held["state"], &held["reason"]),
        (&json!("on_hold"), &json!("a drill that had passed fails"))
    );
    let refused = server.get(&path).expect(409);
    assert!(refused.text().contains("on hold"), "{}", refused.text());
    let gone = verify(&server, &first, &["--at", "2026-03-16T13:00:00Z"]);
    assert_eq!((gone.code, gone.err.contains("revoked by its issuer")), (1, true), "{}", gone.err);

    // Fixed: in force again, with a credential of its own, and a badge for what was found.
    let answer = send(&server, "cpu", "passed", "2026-03-16T11:30:00Z");
    assert_eq!(answer["awarded"], json!(["bug-finder"]));
    assert_eq!(certificate(&server)["state"], "certified");
    let second = server.get(&path).expect(200).text();
    assert_ne!(first, second);
    let _ = verify(&server, &second, &["--at", "2026-03-16T13:00:00Z"]).ok();
    assert_eq!(
        verify(&server, &first, &["--at", "2026-03-16T13:00:00Z"]).code,
        1,
        "the old one stays revoked"
    );

    suspended_and_revoked(server, &id);
}

/// The end of the story: the grade falls, and nobody mends it for two weeks.
fn suspended_and_revoked(mut server: Server, id: &str) {
    send(&server, "dns", "failed", "2026-03-16T11:45:00Z");
    let held = certificate(&server);
    assert_eq!((&held["state"], &held["reason"]), (&json!("suspended"), &json!("the grade is below A")));
    on(&mut server, "2026-03-29");
    assert_eq!(certificate(&server)["state"], "suspended");
    on(&mut server, "2026-03-31");
    assert!(certificate(&server).is_null(), "two weeks out of force end it");
    let view = server.json(&format!("/api/v1/certificates/{id}"));
    assert_eq!(
        (&view["state"], &view["reason"]),
        (&json!("revoked"), &json!("for 14 days: the grade is below A"))
    );
    let told = kinds(&server);
    assert_eq!(
        told,
        [
            "certificate_earned",
            "certificate_held",
            "certificate_resumed",
            "badge_earned",
            "certificate_suspended",
            "certificate_revoked"
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    assert!(server.cli(&["verify"]).ok().out.contains("clean"));
}

#[test]
fn a_certificate_that_is_kept_up_is_renewed_and_one_that_is_not_lapses_with_a_warning() {
    let (mut server, home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    on(&mut server, "2026-05-15");
    assert_eq!(day_of(&certificate(&server)["valid_until"]), "2026-08-13", "from 30 days before its end");
    // What earns it becomes harder: nothing regressed, yet it cannot be renewed.
    let harder = CERTIFICATE.replace(">= 14", ">= 999");
    fs::write(home.path().join("certificates/waterbear-certified.toml"), harder).unwrap();
    on(&mut server, "2026-07-29");
    assert_eq!(certificate(&server)["state"], "certified");
    on(&mut server, "2026-07-31");
    on(&mut server, "2026-08-14");
    assert!(certificate(&server).is_null());
    let told = kinds(&server);
    let wanted = ["certificate_earned", "certificate_renewed", "certificate_expiring", "certificate_lapsed"];
    assert_eq!(told, wanted.map(str::to_owned).to_vec());
}

#[test]
fn what_a_certificate_rests_on_can_be_read_and_recomputed() {
    use std::fmt::Write;
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    let id = certificate(&server)["id"].as_str().unwrap().to_owned();
    let view = server.json(&format!("/api/v1/certificates/{id}"));
    assert_eq!(
        (&view["service"], &view["score"], &view["public"]),
        (&json!("checkout"), &json!(100), &json!(false))
    );
    assert_eq!(view["rulebook"], server.json("/api/v1/rulebook")["hash"]);
    let fact = &view["evidence"]["rules"][1]["facts"]["drills.dns_last_outcome"];
    assert_eq!((&fact["value"], &fact["evidence"]), (&json!("passed"), &json!("executed_token")), "{view:#}");
    let drill = fact["drill"].as_str().unwrap();
    assert_eq!(server.json(&format!("/api/v1/drills/{drill}"))["failure"], "dns");
    let digest = view["evidence_sha256"].as_str().unwrap();
    assert_eq!(digest.len(), 64);
    let mut listed = String::new();
    for one in server.json("/api/v1/certificates")["items"].as_array().unwrap() {
        let _ = write!(listed, "{} {};", one["service"], one["state"]);
    }
    assert_eq!(listed, "\"checkout\" \"certified\";");
    let page = server.get(&format!("/certificates/{id}")).expect(200).text();
    assert!(page.contains(digest) && page.contains("Waterbear certified") && page.contains("/rules/dns"));
    let calendar = server.get("/certificates").expect(200).text();
    assert!(calendar.contains("1 certificate in force"), "{calendar}");
    let csv = server.get("/api/v1/certificates?format=csv").expect(200).text();
    assert!(csv.lines().nth(1).unwrap().contains("checkout"), "{csv}");
    for lost in
        ["/api/v1/certificates/nobody", "/certificates/nobody", "/certificates/nobody.jwt", "/status/999"]
    {
        let _ = server.get(lost).expect(404);
    }
    // Where the credential leads.
    assert_eq!(server.json("/issuer")["type"], json!(["Profile"]));
    assert_eq!(server.json("/achievements/waterbear-certified")["name"], "Waterbear certified");
}

fn program(name: &str) -> PathBuf {
    let named = std::env::var_os("WATERBEAR_PYJWT").map(PathBuf::from);
    named.unwrap_or_else(|| panic!("{name} is missing: tests/run installs it"))
}

/// What PyJWT makes of a token with these keys: the claims, or an error.
fn by_pyjwt(token: &str, jwks: &str) -> Result<Value, String> {
    let script = "import json, sys, jwt\n\
        token, keys = json.load(sys.stdin)\n\
        kid = jwt.get_unverified_header(token)['kid']\n\
        key = next(k for k in jwt.PyJWKSet.from_dict(json.loads(keys)).keys if k.key_id == kid)\n\
        print(json.dumps(jwt.decode(token, key, algorithms=['RS256'], options={'verify_aud': False})))\n";
    let mut child = Command::new(program("PyJWT"))
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(child.stdin.take().unwrap(), &json!([token, jwks])).unwrap();
    let done = child.wait_with_output().unwrap();
    if done.status.success() {
        return Ok(serde_json::from_slice(&done.stdout).unwrap());
    }
    Err(String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn a_jwt_library_verifies_it_and_the_five_equalities_hold() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    // Libraries judge by their own clock: the certificate must hold today.
    let id = certificate(&server)["id"].as_str().unwrap().to_owned();
    let token = server.get(&format!("/certificates/{id}.jwt")).expect(200).text();
    let jwks = server.get("/.well-known/jwks.json").expect(200).text();
    let script_error = by_pyjwt(&token, &jwks);
    // In March 2026 it was good; by now its 90 days are over, and the library says exactly that.
    assert!(script_error.as_ref().is_err_and(|e| e.contains("ExpiredSignatureError")), "{script_error:?}");

    // One of today.
    let today = chrono::Utc::now();
    let day = |back: i64| (today - chrono::Duration::days(back)).format("%Y-%m-%d").to_string();
    let home = tempfile::TempDir::new().unwrap();
    rules(home.path());
    let rules_dir = home.path().display().to_string();
    let mut server = Setup::default()
        .frozen(&format!("{}T12:00:00Z", day(20)))
        .env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests")
        .env("WATERBEAR_RULES_DIR", &rules_dir)
        .start();
    server.import(harness::SMALL_CATALOG);
    for failure in ["cpu", "dns"] {
        send(&server, failure, "passed", &format!("{}T10:00:00Z", day(20)));
    }
    on(&mut server, &day(1));
    let id = certificate(&server)["id"].as_str().unwrap().to_owned();
    let token = server.get(&format!("/certificates/{id}.jwt")).expect(200).text();
    let jwks = server.get("/.well-known/jwks.json").expect(200).text();
    let claims = by_pyjwt(&token, &jwks).unwrap();
    assert_eq!(claims["iss"], claims["issuer"]["id"]);
    assert_eq!(claims["jti"], claims["id"]);
    assert_eq!(claims["sub"], claims["credentialSubject"]["id"]);
    let seconds = |name: &str| {
        chrono::DateTime::parse_from_rfc3339(claims[name].as_str().unwrap()).unwrap().timestamp()
    };
    assert_eq!(claims["nbf"], seconds("validFrom"));
    assert_eq!(claims["exp"], seconds("validUntil"));
    assert_eq!(claims["type"], json!(["VerifiableCredential", "OpenBadgeCredential"]));
    // The key's id is an address under which the key can be had.
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let kid = header["kid"].as_str().unwrap();
    let key = server.json(kid.strip_prefix(server.base()).unwrap());
    assert_eq!((&key["kid"], &key["kty"]), (&json!(kid), &json!("RSA")));
    // Tampered with: refused by the library and by us.
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[1] = parts[1].replacen('A', "B", 1);
    let tampered = parts.join(".");
    assert!(by_pyjwt(&tampered, &jwks).is_err());
    assert_eq!(verify(&server, &tampered, &[]).code, 1);
    // Keys that were rotated stay good for what they signed.
    let _ = server.cli(&["keys", "rotate", "--for", "certificates"]).ok();
    let jwks = server.get("/.well-known/jwks.json").expect(200).text();
    assert!(by_pyjwt(&token, &jwks).is_ok());
    let _ = server.cli(&["keys", "rotate", "--for", "certificates", "--compromised"]).ok();
    let jwks = server.get("/.well-known/jwks.json").expect(200).text();
    assert!(by_pyjwt(&token, &jwks).is_err(), "the key is gone");
}

#[test]
fn the_command_reads_credentials_of_others() {
    let server = Server::start();
    let file = |name: &str| samples_dir().join("openbadges").join(name).display().to_string();
    let run = |name: &str| {
        let (file, jwks) = (file(name), file("jwks.json"));
        server.cli(&["certificate", "verify", &file, "--jwks", &jwks, "--at", "2026-11-22T00:00:00Z"])
    };
    let good = run("ob3-vc.jwt").ok();
    assert!(good.out.contains("Waterbear certified: storefront") && good.out.contains("no status list"));
    for (name, part) in [
        ("ob3-vc.tampered.jwt", "signature"),
        ("ob3-vc.alg-none.jwt", "alg"),
        ("ob3-vc.nbf-mismatch.jwt", "nbf"),
        ("ob3-vc.sub-mismatch.jwt", "sub"),
        ("ob3-eddsa-rdfc-2022.json", "proof"),
    ] {
        let refused = run(name);
        assert_eq!(refused.code, 1, "{name}");
        assert!(refused.err.contains(&format!("not to be trusted: {part}:")), "{name}: {}", refused.err);
    }
    assert_eq!(server.cli(&["certificate", "verify"]).code, 2);
}
