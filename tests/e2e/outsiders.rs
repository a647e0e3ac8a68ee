//! Certificates as those meet them who do not believe us: what they rest on recomputed, verified by the commands that are
//! given, with lists and keys that may be the wrong ones.

use std::fs;

use harness::{Output, Server, Setup, Value, json};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::certificates::{certificate, kinds, on, rules, send, started, started_by, verify};

const GRADES: &str = include_str!("../../scoring-rules/packs/default/grades.toml");
const NO_REGRESSION: &str = include_str!("../../scoring-rules/packs/default/rules/drill-no-regression.toml");
const SHIPPED: &str = include_str!("../../scoring-rules/packs/default/certificates/waterbear-certified.toml");

fn id_of(server: &Server) -> String {
    certificate(server)["id"].as_str().unwrap().to_owned()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |all, byte| format!("{all}{byte:02x}"))
}

#[test]
fn with_the_shipped_rules_a_regression_holds_a_certificate_and_only_a_low_score_suspends_it() {
    let home = tempfile::TempDir::new().unwrap();
    rules(home.path());
    fs::write(home.path().join("grades.toml"), GRADES).unwrap();
    fs::write(home.path().join("rules/drill-no-regression.toml"), NO_REGRESSION).unwrap();
    fs::write(home.path().join("certificates/waterbear-certified.toml"), SHIPPED).unwrap();
    let (mut server, _home) = started_by(home, |setup| setup);
    on(&mut server, "2026-03-15");
    assert_eq!(certificate(&server)["state"], "certified");
    send(&server, "cpu", "failed", "2026-03-15T11:00:00Z");
    let card = server.scorecard("checkout");
    assert_eq!((&card["score"], &card["grade"]), (&json!(99), &json!("B")), "the regression caps it");
    let held = certificate(&server);
    assert_eq!(
        (&held["state"], &held["reason"]),
        (&json!("on_hold"), &json!("a drill that had passed fails"))
    );
    assert_eq!(kinds(&server), ["certificate_earned", "certificate_held"]);
    // The score falls too: now the grade is below A without the cap as well.
    send(&server, "dns", "failed", "2026-03-15T11:10:00Z");
    let held = certificate(&server);
    assert_eq!((&held["state"], &held["reason"]), (&json!("suspended"), &json!("the grade is below A")));
    send(&server, "dns", "passed", "2026-03-15T11:20:00Z");
    assert_eq!(certificate(&server)["state"], "on_hold");
    on(&mut server, "2026-03-28");
    assert_eq!(certificate(&server)["state"], "on_hold");
    on(&mut server, "2026-03-30");
    assert!(certificate(&server).is_null(), "two weeks out of force end it");
    let wanted = [
        "certificate_earned",
        "certificate_held",
        "certificate_suspended",
        "certificate_held",
        "certificate_revoked",
    ];
    assert_eq!(kinds(&server).iter().filter(|kind| kind.starts_with("cert")).collect::<Vec<_>>(), wanted);
}

#[test]
fn anybody_can_recompute_the_digest_of_what_a_certificate_rests_on() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    let id = id_of(&server);
    let path = format!("/api/v1/certificates/{id}");
    // The bytes as they came, cut out without reading what they mean.
    let answer = server.get(&path).expect(200).text();
    let rest = answer.split_once("\"evidence\":").unwrap().1;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Box<RawValue>>();
    let raw = values.next().unwrap().unwrap();
    let view: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(view["evidence_sha256"], sha256(raw.get()).as_str());
    let alone = server.get(&format!("{path}/evidence")).expect(200);
    assert_eq!(
        (alone.header("content-type").as_str(), alone.text().as_str()),
        ("application/json", raw.get())
    );
    let token = server.get(&format!("/certificates/{id}.jwt")).expect(200).text();
    let signed = claims(&token)["evidence"][0]["narrative"].as_str().unwrap().to_owned();
    assert!(signed.contains(&sha256(raw.get())), "{signed}");
    let page = server.get(&format!("/certificates/{id}")).expect(200).text();
    assert!(
        page.contains(&sha256(raw.get())) && page.contains(&format!("{path}/evidence | sha256sum")),
        "{page}"
    );
    server.get(&format!("{}/evidence", path.replace(&id, "nobody"))).problem(404, "not_found");
    // A badge keeps no evidence.
    send(&server, "cpu", "failed", "2026-03-15T11:00:00Z");
    send(&server, "cpu", "passed", "2026-03-15T11:30:00Z");
    let awards = server.scorecard("checkout")["awards"].clone();
    let badge = awards.as_array().unwrap().iter().find(|one| one["award"] == "bug-finder").unwrap();
    let badge = badge["id"].as_str().unwrap();
    server.get(&format!("/api/v1/certificates/{badge}/evidence")).problem(404, "not_found");
}

#[test]
fn the_page_names_the_rulebook_and_says_of_which_day_its_grade_is() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    let path = format!("/certificates/{}", id_of(&server));
    let hash = server.json("/api/v1/rulebook")["hash"].as_str().unwrap().to_owned();
    send(&server, "dns", "failed", "2026-03-15T11:00:00Z");
    let page = server.get(&path).expect(200).text();
    assert!(page.contains(&hash), "{page}");
    assert!(
        page.contains(">dns rehearsed</a>") && !page.contains(">dns</a>"),
        "rules by their titles: {page}"
    );
    let (head, rest) = page.split_once("As of the award, 15 March 2026:").expect("a day");
    assert!(head.contains(">suspended<") && !head.contains("class=\"chip"), "{head}");
    assert!(rest.contains("A+") && rest.contains("score 100, 100 % of the points known"), "{rest}");
    let main = page.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    assert!(!main.contains("2026-03-"), "days are written in one way: {main}");
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Does what the page of a certificate says, with each address asked as a stranger would.
fn follow(server: &Server, recipe: &str) -> Output {
    let mut last = None;
    for line in recipe.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["curl", "-fsS", url, "-o", file] = words.as_slice() {
            let path = url.strip_prefix(server.base()).unwrap();
            fs::write(server.dir().join(file), server.get(path).expect(200).bytes()).unwrap();
        } else {
            assert_eq!(words[0], "waterbear", "{line}");
            let more = ["--at", "2026-03-15T14:00:00Z"];
            let args: Vec<&str> = words[1..].iter().copied().chain(more).collect();
            last = Some(server.cli(&args));
        }
    }
    last.unwrap()
}

#[test]
fn the_commands_on_the_page_tell_a_revoked_certificate_from_one_that_holds() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    let page = server.get(&format!("/certificates/{}", id_of(&server))).expect(200).text();
    let recipe =
        page.split("aria-label=\"how to verify it\">").nth(1).unwrap().split("</pre>").next().unwrap();
    let recipe = recipe.replace("&#x3D;", "=").replace("&#x2F;", "/");
    let good = follow(&server, &recipe).ok();
    assert!(good.out.contains("not revoked"), "{}", good.out);
    send(&server, "cpu", "failed", "2026-03-15T11:00:00Z");
    let later: String = recipe
        .lines()
        .filter(|line| !line.contains(".jwt -o checkout"))
        .fold(String::new(), |all, line| all + line + "\n");
    let gone = follow(&server, &later);
    assert_eq!(
        (gone.code, gone.err.contains("revoked by its issuer")),
        (1, true),
        "{}{}",
        gone.out,
        gone.err
    );
}

#[test]
fn a_status_list_that_is_not_the_one_of_the_credential_is_an_error() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-15");
    let token = server.get(&format!("/certificates/{}.jwt", id_of(&server))).expect(200).text();
    let keep = |name: &str, text: &str| {
        let file = server.dir().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let jwks = keep("jwks.json", &server.get("/.well-known/jwks.json").expect(200).text());
    let named = claims(&token)["credentialStatus"]["statusListCredential"].as_str().unwrap().to_owned();
    let number: usize = named.rsplit('/').next().unwrap().parse().unwrap();
    let list = |number: usize| server.get(&format!("/status/{number}")).expect(200).text();
    let (right, wrong) = (keep("right.jwt", &list(number)), keep("wrong.jwt", &list(number + 1)));
    let ordinary = keep("ordinary.jwt", &token);
    let run = |lists: &[&str]| {
        let mut args = vec!["--jwks", &jwks, "--at", "2026-03-15T13:30:00Z"];
        args.extend(lists.iter().flat_map(|list| ["--status", list]));
        verify(&server, &token, &args)
    };
    assert!(run(&[&right]).ok().out.contains("not revoked"));
    assert!(run(&[&wrong, &right]).ok().out.contains("not revoked"), "one of several is enough");
    let other = run(&[&wrong]);
    let told = format!("status list: found `{}/status/{}`, expected `{named}`", server.base(), number + 1);
    assert_eq!((other.code, other.err.contains(&told)), (1, true), "{}{}", other.out, other.err);
    let none = run(&[&ordinary]);
    let told = "status list: what was given as one is none: type: found `VerifiableCredential`, `OpenBadgeCredential`, \
                expected VerifiableCredential and BitstringStatusListCredential";
    assert_eq!((none.code, none.err.contains(told)), (1, true), "{}{}", none.out, none.err);
    // A credential that names no list cannot be checked against one.
    let theirs = |name: &str| harness::samples_dir().join("openbadges").join(name).display().to_string();
    let (file, keys) = (theirs("ob3-vc.jwt"), theirs("jwks.json"));
    let args =
        ["certificate", "verify", &file, "--jwks", &keys, "--status", &file, "--at", "2026-11-22T00:00:00Z"];
    let without = server.cli(&args);
    assert_eq!(
        (without.code, without.err.contains("the credential names none")),
        (1, true),
        "{}",
        without.err
    );
}

#[test]
fn pages_of_browsers_elsewhere_may_read_what_verifiers_read() {
    let (server, _home) = started(|setup| setup);
    for path in ["/.well-known/jwks.json", "/issuer", "/status/0", "/achievements/waterbear-certified"] {
        let answer = server.get(path).expect(200);
        let header = |name: &str| answer.header(name);
        assert_eq!(header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "cross-origin", "{path}");
    }
}

#[test]
fn a_first_start_with_a_secret_key_has_a_key_for_certificates() {
    let (mut server, _home) = started(|setup| setup);
    // The address in an id is that of the process; the key itself must stay.
    let keys = |server: &Server| -> Vec<Value> {
        let set = server.json("/.well-known/jwks.json");
        set["keys"].as_array().unwrap().iter().map(|key| key["n"].clone()).collect()
    };
    let first = keys(&server);
    assert_eq!((first.len(), first[0].as_str().map(str::len)), (1, Some(512)), "{first:?}");
    server.restart();
    assert_eq!(keys(&server), first, "a second start makes none");
}

#[test]
fn the_key_that_the_settings_name_signs() {
    let rsa = openssl::rsa::Rsa::generate(2_048).unwrap();
    let own = openssl::pkey::PKey::from_rsa(rsa).unwrap().private_key_to_pem_pkcs8().unwrap();
    let home = tempfile::TempDir::new().unwrap();
    let file = home.path().join("own.pem");
    fs::write(&file, own).unwrap();
    let (server, _home) = started(|setup: Setup| {
        setup.env("WATERBEAR_CERTIFICATES_SIGNING_KEY_FILE", &file.display().to_string())
    });
    let keys = server.json("/.well-known/jwks.json")["keys"].clone();
    // A modulus of 2,048 bits: one that is made has 3,072.
    let lengths: Vec<usize> =
        keys.as_array().unwrap().iter().filter_map(|key| Some(key["n"].as_str()?.len())).collect();
    assert_eq!(lengths, [342], "{keys}");
}
