//! Credentials: the samples of others end as they must, and ours hold.

use base64::Engine;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use serde_json::{Value, json};

use super::*;
use crate::formats::tests::sample;
use crate::types::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(sample(&format!("openbadges/{name}"))).unwrap()
}

fn keys() -> RsaJwks {
    RsaJwks::parse(&text("jwks.json")).unwrap()
}

#[test]
fn the_good_sample_holds_and_each_bad_one_is_refused_for_what_is_wrong_with_it() {
    let now = at("2026-11-22T00:00:00Z");
    let good = verify(&text("ob3-vc.jwt"), &keys(), &[], now).unwrap();
    assert_eq!(
        (good.name.as_str(), &good.revocation),
        ("Waterbear certified: storefront", &Revocation::None)
    );
    for (file, part) in [
        ("ob3-vc.tampered.jwt", "signature"),
        ("ob3-vc.alg-none.jwt", "alg"),
        ("ob3-vc.nbf-mismatch.jwt", "nbf"),
        ("ob3-vc.sub-mismatch.jwt", "sub"),
        ("ob3-eddsa-rdfc-2022.json", "proof"),
    ] {
        assert_eq!(verify(&text(file), &keys(), &[], now).unwrap_err().part, part, "{file}");
    }
    let early = verify(&text("ob3-vc.jwt"), &keys(), &[], at("2026-10-31T00:00:00Z")).unwrap_err();
    assert_eq!(early.part, "validFrom");
    let late = verify(&text("ob3-vc.jwt"), &keys(), &[], at("2127-02-01T00:00:00Z")).unwrap_err();
    assert_eq!(late.part, "validUntil");
}

fn signer(kid: &str) -> Signer {
    let key = PKey::from_rsa(Rsa::generate(2_048).unwrap()).unwrap();
    Signer::from_pkcs8(kid, &key.private_key_to_pkcs8().unwrap()).unwrap()
}

fn holding() -> Holding {
    Holding {
        id: "https://w.example/certificates/1".into(),
        name: "Waterbear certified: checkout".into(),
        issuer: json!({ "id": "https://w.example/issuer", "type": ["Profile"], "name": "W" }),
        holder: "https://w.example/services/checkout".into(),
        achievement: Achievement {
            id: "https://w.example/achievements/waterbear-certified".into(),
            name: "Waterbear certified".into(),
            description: "It held.".into(),
            criteria_id: "https://w.example/help/certificates".into(),
            criteria: "Hold.".into(),
        },
        evidence: vec![Evidence {
            id: "https://w.example/e".into(),
            name: "e".into(),
            narrative: "n".into(),
        }],
        from: at("2026-11-01T00:00:00.123Z"),
        until: at("2027-01-30T00:00:00.999Z"),
        status: Status { list: "https://w.example/status/0".into(), index: 131_071 },
    }
}

fn list(signer: &Signer, places: &[usize], until: &str) -> String {
    let (from, nbf) = instant(at("2026-11-01T00:00:00Z"));
    let (until, exp) = instant(at(until));
    let list = StatusList::of(places.iter().copied());
    let issuer = holding().issuer;
    let payload =
        status_list("https://w.example/status/0", &issuer, &list, (&from, nbf), (&until, exp)).unwrap();
    signer.sign(&payload).unwrap()
}

#[test]
fn ours_holds_until_its_place_on_the_status_list_is_set() {
    let signer = signer("https://w.example/keys/1");
    let keys = RsaJwks::parse(&signer.public().jwk("https://w.example/keys/1").to_string()).unwrap();
    let token = signer.sign(&credential(&holding())).unwrap();
    let now = at("2026-11-22T00:00:00Z");
    let unchecked = Revocation::Unchecked("https://w.example/status/0".into(), "131071".into());
    assert_eq!(verify(&token, &keys, &[], now).unwrap().revocation, unchecked);
    assert_eq!(status_address(&token).as_deref(), Some("https://w.example/status/0"));
    let holds = list(&signer, &[0, 131_070], "2026-11-23T00:00:00Z");
    assert_eq!(verify(&token, &keys, &[holds], now).unwrap().revocation, Revocation::Holds);
    let revoked = list(&signer, &[131_071], "2026-11-23T00:00:00Z");
    let refused = verify(&token, &keys, &[revoked], now).unwrap_err();
    assert_eq!((refused.part, refused.detail.as_str()), ("credentialStatus", "it was revoked by its issuer"));
    let old = list(&signer, &[], "2026-11-21T00:00:00Z");
    assert_eq!(verify(&token, &keys, &[old], now).unwrap_err().part, "validUntil");
    // A list that somebody else signed is none.
    let forged = super::tests::signer("https://w.example/keys/1");
    let forged = list(&forged, &[], "2026-11-23T00:00:00Z");
    assert_eq!(verify(&token, &keys, &[forged], now).unwrap_err().part, "signature");
}

type Change = fn(&mut Value);

#[test]
fn every_equality_is_checked() {
    let signer = signer("k");
    let keys = RsaJwks::parse(&signer.public().jwk("k").to_string()).unwrap();
    let now = at("2026-11-22T00:00:00Z");
    let changes: [(Change, &str); 11] = [
        (|c| c["iss"] = json!("https://evil.example/issuer"), "iss"),
        (|c| c["jti"] = json!("other"), "jti"),
        (|c| c["sub"] = json!("other"), "sub"),
        (|c| c["nbf"] = json!(1), "nbf"),
        (|c| c["exp"] = json!(9_999_999_999_i64), "exp"),
        (|c| drop(c.as_object_mut().unwrap().remove("exp")), "exp"),
        (|c| drop(c.as_object_mut().unwrap().remove("validUntil")), "exp"),
        (|c| c["type"] = json!(["VerifiableCredential"]), "type"),
        (|c| c["@context"] = json!(["https://evil.example"]), "@context"),
        (|c| c["credentialStatus"]["type"] = json!("Other"), "credentialStatus"),
        (
            |c| drop(c["credentialSubject"].as_object_mut().unwrap().remove("achievement")),
            "credentialSubject.achievement",
        ),
    ];
    for (n, (change, part)) in changes.into_iter().enumerate() {
        let mut claims = credential(&holding());
        change(&mut claims);
        let token = signer.sign(&claims).unwrap();
        assert_eq!(verify(&token, &keys, &[], now).unwrap_err().part, part, "change {n}");
    }
}

#[test]
fn what_is_no_token_is_refused_and_never_panics() {
    let now = at("2026-11-22T00:00:00Z");
    let good = text("ob3-vc.jwt");
    let good = good.trim();
    for bad in ["", ".", "..", "a.b.c", "a.b.c.d", "eyJhbGciOiJSUzI1NiJ9.e30.", &"x".repeat(600_000)] {
        assert!(verify(bad, &keys(), &[], now).is_err(), "{}", bad.len());
    }
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(verify(&String::from_utf8(bytes).unwrap(), &keys(), &[], now).is_err(), "byte {at}");
    }
}

#[test]
fn a_status_list_reads_back_and_hostile_ones_do_not_fill_the_memory() {
    let list = StatusList::of([0, 7, 8, 131_071, 999_999]);
    let read = StatusList::decode(&list.encoded().unwrap()).unwrap();
    for place in [0, 7, 8, 131_071] {
        assert_eq!(read.is_set(place), Some(true));
    }
    assert_eq!((read.is_set(1), read.is_set(131_072)), (Some(false), None));
    // Half a gigabyte of zeros, packed.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..512 {
        std::io::Write::write_all(&mut gzip, &vec![0; 1 << 20]).unwrap();
    }
    let bomb =
        format!("u{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(gzip.finish().unwrap()));
    assert!(StatusList::decode(&bomb).unwrap_err().contains("longer"));
    for bad in ["", "u", "uAAAA", "zAAAA"] {
        assert!(StatusList::decode(bad).is_err(), "{bad}");
    }
}
