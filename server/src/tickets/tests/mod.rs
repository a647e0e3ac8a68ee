//! What holds of tickets: who meets a fault, and that everything that is wrong with a token means none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://waterbear.example";

fn pair() -> (KeyPair, Jwks) {
    let pair = KeyPair::from_pkcs8("k1", &KeyPair::generate().unwrap()).unwrap();
    let jwk = public_jwk("k1", pair.public_point()).unwrap();
    let set = json!({ "keys": [{"kty": "RSA", "kid": "r", "alg": "RS256", "n": "AQAB", "e": "AQAB"}, jwk] });
    let keys = Jwks::parse(&set.to_string()).unwrap();
    assert_eq!(keys.len(), 1, "a key of a kind that is not known is passed over");
    (pair, keys)
}

fn claims(audience: Audience) -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        jti: "0199-ticket".into(),
        iat: NOW,
        nbf: NOW,
        exp: NOW + 1_800,
        drill: Drill {
            edges: vec![Edge { from: "storefront".into(), to: "ads".into() }],
            failure: FailureMode::Error,
            status: Some(503),
            delay_ms: None,
            audience,
            environment: "staging".into(),
        },
    }
}

fn verifier(keys: Jwks) -> Verifier {
    Verifier::new(ISSUER, "staging", keys)
}

fn call<'a>(from: Option<&'a str>, to: &'a str, member: Option<&'a str>) -> Call<'a> {
    Call { from, to, member, request_id: None, header: &|_| None }
}

#[test]
fn a_good_ticket_fails_its_edge_and_no_other() {
    let (pair, keys) = pair();
    let token = pair.sign(TYPE, &claims(Audience::Holder(true))).unwrap();
    let ticket = verifier(keys).verify(&token, NOW).unwrap();
    assert_eq!(decide(&ticket, &call(Some("storefront"), "ads", None)), Decision::Abort(503));
    assert_eq!(decide(&ticket, &call(None, "ads", None)), Decision::Abort(503));
    for (from, to) in [("storefront", "cart"), ("cart", "ads"), ("ads", "storefront")] {
        assert_eq!(decide(&ticket, &call(Some(from), to, None)), Decision::None, "{from} -> {to}");
    }
}

#[test]
fn a_ticket_holds_in_its_time_place_and_until_it_is_revoked() {
    let (pair, keys) = pair();
    let token = pair.sign(TYPE, &claims(Audience::Holder(true))).unwrap();
    let mut good = verifier(keys.clone());
    let at = |seconds: i64| good.verify(&token, seconds).map(|_| ());
    assert_eq!(at(NOW - 61), Err(Refusal::NotYet));
    assert_eq!(at(NOW - 60), Ok(()));
    assert_eq!(at(NOW + 1_800 + 59), Ok(()), "clocks may differ by a minute");
    assert_eq!(at(NOW + 1_800 + 60), Err(Refusal::Expired));
    assert_eq!(at(i64::MAX), Err(Refusal::Expired));
    assert_eq!(at(i64::MIN), Err(Refusal::NotYet));
    good.set_revoked(["0199-ticket".to_owned()]);
    assert_eq!(good.verify(&token, NOW).map(|_| ()), Err(Refusal::Revoked));
    let elsewhere = Verifier::new(ISSUER, "production", keys.clone());
    assert_eq!(elsewhere.verify(&token, NOW).map(|_| ()), Err(Refusal::Environment));
    let other = Verifier::new("https://other.example", "staging", keys);
    assert_eq!(other.verify(&token, NOW).map(|_| ()), Err(Refusal::Issuer));
    assert_eq!(verifier(Jwks::default()).verify(&token, NOW).map(|_| ()), Err(Refusal::UnknownKey));
}

fn forged(header: &Value, claims: &Claims, signature: &[u8]) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let payload = serde_json::to_string(claims).unwrap();
    format!("{}.{}.{}", part(header.to_string()), part(payload), URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn no_header_talks_its_way_past_the_key() {
    let (pair, keys) = pair();
    let verifier = verifier(keys);
    let claims = claims(Audience::Holder(true));
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": TYPE});
    let refused = |token: &str| verifier.verify(token, NOW).map(|_| ()).unwrap_err();
    assert_eq!(refused(&forged(&header("none", "k1"), &claims, b"")), Refusal::Algorithm);
    assert_eq!(refused(&forged(&header("None", "k1"), &claims, b"")), Refusal::Algorithm);
    // The public key as the secret of an HMAC: the classic confusion.
    let unsigned = forged(&header("HS256", "k1"), &claims, b"");
    let message = unsigned.trim_end_matches('.');
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, pair.public_point());
    let token =
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, message.as_bytes()).as_ref()));
    assert_eq!(refused(&token), Refusal::Algorithm);
    assert_eq!(refused(&forged(&header("ES256", "k2"), &claims, &[1; 64])), Refusal::UnknownKey);
    assert_eq!(refused(&forged(&header("ES256", "k1"), &claims, &[0; 64])), Refusal::Signature);
    assert_eq!(refused(&forged(&header("ES256", "k1"), &claims, b"")), Refusal::Signature);
    let own =
        public_jwk("k1", KeyPair::from_pkcs8("k1", &KeyPair::generate().unwrap()).unwrap().public_point());
    let with_key = json!({"alg": "ES256", "kid": "k1", "typ": TYPE, "jwk": own});
    assert_eq!(refused(&forged(&with_key, &claims, &[1; 64])), Refusal::Malformed);
    let crit = json!({"alg": "ES256", "kid": "k1", "typ": TYPE, "crit": ["b64"], "b64": false});
    assert_eq!(refused(&forged(&crit, &claims, &[1; 64])), Refusal::Malformed);
    // Something else that the same key signed is no ticket.
    assert_eq!(refused(&pair.sign("vc+jwt", &claims).unwrap()), Refusal::Type);
    let for_others = Claims { aud: "somebody".into(), ..claims.clone() };
    assert_eq!(refused(&pair.sign(TYPE, &for_others).unwrap()), Refusal::Audience);
    assert_eq!(refused(&pair.sign(TYPE, &json!({"iss": ISSUER})).unwrap()), Refusal::Claims);
    let mut of_nothing = claims;
    of_nothing.drill.status = None;
    assert_eq!(refused(&pair.sign(TYPE, &of_nothing).unwrap()), Refusal::Claims);
}

#[test]
fn keys_that_cannot_be_meant_are_not_used() {
    let good =
        public_jwk("k", KeyPair::from_pkcs8("k", &KeyPair::generate().unwrap()).unwrap().public_point())
            .unwrap();
    assert_eq!(Jwks::of(std::slice::from_ref(&good)).len(), 1);
    let bad = [
        Jwk { kty: "oct".into(), ..good.clone() },
        Jwk { usage: Some("enc".into()), ..good.clone() },
        Jwk { alg: Some("HS256".into()), ..good.clone() },
        Jwk { alg: None, ..good.clone() },
        Jwk { kid: None, ..good.clone() },
        Jwk { crv: Some("P-384".into()), ..good.clone() },
        Jwk { x: Some("AQ".into()), ..good.clone() },
        Jwk { y: None, ..good },
    ];
    assert!(Jwks::of(&bad).is_empty());
    assert!(Jwks::parse("{").is_err() && Jwks::parse(&" ".repeat(70_000)).is_err());
    assert!(Jwks::parse(&json!({"keys": vec![json!({}); 65]}).to_string()).is_err());
}

#[test]
fn rubbish_is_refused_without_a_look_at_a_key() {
    let (_, keys) = pair();
    let verifier = verifier(keys);
    for (token, why) in [
        ("x".repeat(MAX_TOKEN_BYTES + 1), Refusal::TooLong),
        (".".repeat(MAX_TOKEN_BYTES), Refusal::Malformed),
        (format!("{}.a.b", "A".repeat(4_000)), Refusal::Malformed),
        (format!("{}.e30.AA", URL_SAFE_NO_PAD.encode("[".repeat(380))), Refusal::Malformed),
        (String::new(), Refusal::Malformed),
        ("..".to_owned(), Refusal::Malformed),
        ("a.b".to_owned(), Refusal::Malformed),
        ("a.b.c.d".to_owned(), Refusal::Malformed),
    ] {
        assert_eq!(verifier.verify(&token, NOW).map(|_| ()), Err(why), "{token:.20}");
    }
}

#[test]
fn each_audience_is_met_and_nobody_else() {
    let to = |ticket: &Claims, member: Option<&str>, value: Option<&str>| {
        let header = |name: &str| value.filter(|_| name.eq_ignore_ascii_case("x-team")).map(str::to_owned);
        let call = Call { from: Some("storefront"), to: "ads", member, request_id: None, header: &header };
        decide(ticket, &call) != Decision::None
    };
    let team = claims(Audience::Header { name: "X-Team".into(), value: "green".into() });
    assert!(to(&team, None, Some("green")));
    assert!(!to(&team, None, Some("Green")) && !to(&team, None, None));
    let members = claims(Audience::Members(vec!["m1".into(), "m2".into()]));
    assert!(to(&members, Some("m2"), None));
    assert!(!to(&members, Some("m3"), None) && !to(&members, None, None));
    assert!(!to(&claims(Audience::Holder(false)), Some("m1"), None));
    assert!(!to(&claims(Audience::Percentage(100)), None, None), "nobody to throw the dice for");
    assert!(to(&claims(Audience::Percentage(100)), Some("m"), None));
    let mut slow = claims(Audience::Holder(true));
    (slow.drill.failure, slow.drill.delay_ms) = (FailureMode::Delay, Some(250));
    assert_eq!(decide(&slow, &call(None, "ads", None)), Decision::Delay(250));
    slow.drill.failure = FailureMode::Timeout;
    assert_eq!(decide(&slow, &call(None, "ads", None)), Decision::Timeout);
}

#[test]
fn a_share_is_of_members_and_other_members_for_another_ticket() {
    let met = |ticket: &Claims| -> Vec<usize> {
        let is_met = |n: &usize| {
            let member = format!("member-{n}");
            decide(ticket, &call(Some("storefront"), "ads", Some(&member))) != Decision::None
        };
        (0..10_000).filter(is_met).collect()
    };
    let one = claims(Audience::Percentage(10));
    let some = met(&one);
    // Ten standard deviations of a fair draw are 300.
    assert!((700..=1_300).contains(&some.len()), "{}", some.len());
    assert_eq!(some, met(&one), "always the same ones");
    let more = met(&claims(Audience::Percentage(25)));
    assert!(some.iter().all(|n| more.contains(n)), "a larger share takes the smaller one in");
    let other = met(&Claims { jti: "0199-other".into(), ..one });
    let both = some.iter().filter(|n| other.contains(n)).count();
    assert!(both < some.len() / 2, "{both} of {}", some.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_a_ticket_by_chance(text in ".{0,400}", dots in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,90}") {
        let (_, keys) = pair();
        let verifier = verifier(keys);
        prop_assert!(verifier.verify(&text, NOW).is_err());
        prop_assert!(verifier.verify(&dots, NOW).is_err());
    }

    #[test]
    fn one_changed_bit_ends_a_ticket(at in any::<prop::sample::Index>(), bit in 0_u8..7) {
        let (pair, keys) = pair();
        let token = pair.sign(TYPE, &claims(Audience::Holder(true))).unwrap();
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).unwrap();
        // A blank at the end is not part of a header's value.
        prop_assume!(changed.trim() != token);
        prop_assert!(verifier(keys).verify(&changed, NOW).is_err(), "{}", changed);
    }

    #[test]
    fn deciding_is_the_same_each_time(member in ".{0,40}", share in 1_u8..=100) {
        let ticket = claims(Audience::Percentage(share));
        let ask = || decide(&ticket, &call(Some("storefront"), "ads", Some(&member)));
        prop_assert_eq!(ask(), ask());
        prop_assert!(matches!(ask(), Decision::None | Decision::Abort(503)));
    }
}

const HOSTILE: &str = "a'b\"c$(id)`x`\n{{7*7}}<b>&:# -";

fn plans() -> Vec<(&'static str, Drill)> {
    let drill = |failure, status, delay_ms, audience| Drill {
        failure,
        status,
        delay_ms,
        audience,
        ..claims(Audience::Holder(true)).drill
    };
    let hostile = Drill {
        edges: vec![Edge { from: HOSTILE.into(), to: HOSTILE.into() }],
        environment: HOSTILE.into(),
        ..drill(FailureMode::Delay, None, Some(5), Audience::Members(vec![HOSTILE.into(), "m.1".into()]))
    };
    vec![
        ("holder-error", drill(FailureMode::Error, Some(503), None, Audience::Holder(true))),
        (
            "members-delay",
            drill(FailureMode::Delay, None, Some(2_000), Audience::Members(vec!["m1".into(), "m2".into()])),
        ),
        ("share-timeout", drill(FailureMode::Timeout, None, None, Audience::Percentage(5))),
        (
            "header-error",
            drill(
                FailureMode::Error,
                Some(429),
                None,
                Audience::Header { name: "X-Team".into(), value: "it's".into() },
            ),
        ),
        ("hostile", hostile),
    ]
}

#[test]
fn texts_are_as_they_were() {
    for (name, drill) in plans() {
        let plan = texts::Plan { drill: &drill, until: NOW, id: Some("T-ID"), token: Some("aaa.bbb.ccc") };
        let said = |list: Vec<(String, String)>| {
            list.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<Vec<_>>().concat()
        };
        let text = format!(
            "# headers\n{}# envoy\n{}# curl\n{}\n# istio\n{}# flagd\n{}\n",
            said(texts::headers(&plan)),
            said(texts::envoy(&plan)),
            texts::curl(&plan),
            texts::istio(&plan),
            serde_json::to_string_pretty(&texts::flagd(&plan)).unwrap()
        );
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn hostile_names_stay_names_in_every_text() {
    let (_, drill) = plans().pop().unwrap();
    let plan = texts::Plan { drill: &drill, until: NOW, id: None, token: None };
    let flag = texts::flagd(&plan);
    assert_eq!(flag["flags"][texts::FLAG]["variants"]["fault"]["environment"], json!(HOSTILE));
    let manifest = crate::formats::read_settings(&texts::istio(&plan)).unwrap();
    assert_eq!(manifest["metadata"]["annotations"]["waterbear.dev/environment"], json!(HOSTILE));
    assert_eq!(manifest["spec"]["hosts"], json!(["service"]));
    let line = texts::issue(ISSUER, HOSTILE);
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{line}");
    let out = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let words: Vec<&[u8]> = out.stdout.split(|b| *b == 0).collect();
    assert!(words.contains(&HOSTILE.as_bytes()), "{}", String::from_utf8_lossy(&out.stdout));
}

#[test]
fn a_flag_is_of_the_form_that_flagd_takes() {
    for (name, drill) in plans() {
        let plan = texts::Plan { drill: &drill, until: NOW, id: None, token: None };
        let document = texts::flagd(&plan);
        let flag = &document["flags"][texts::FLAG];
        let variants = flag["variants"].as_object().unwrap();
        assert!(variants.values().all(Value::is_object), "{name}: variants are of one type");
        assert!(variants.contains_key(flag["defaultVariant"].as_str().unwrap()), "{name}");
        assert_eq!(flag["state"], "ENABLED");
        let rule = flag["targeting"].as_object().unwrap();
        assert_eq!(rule.keys().collect::<Vec<_>>(), ["if"], "{name}");
        let shares = &flag["targeting"]["if"][1]["fractional"];
        if let Some(list) = shares.as_array() {
            let sum: i64 = list[1..].iter().filter_map(|pair| pair[1].as_i64()).sum();
            assert_eq!(sum, 100, "{name}");
        }
    }
}
