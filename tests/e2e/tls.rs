//! TLS to PostgreSQL: the server has to prove who it is, and what is wrong is told.

use std::path::Path;

use harness::{Bare, Cluster, Output, run};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A CA of the test's own: its certificate, and what signs.
fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(params, key))
}

/// A server whose certificate names `localhost`, and the CA that signed it; TCP is let in only with TLS.
fn server() -> Option<(Cluster, String)> {
    let (ca, issuer) = authority("An authority of the tests");
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let files = [("wb.crt", leaf.pem()), ("wb.key", key.serialize_pem())];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let hba = "hostssl all all 127.0.0.1/32 scram-sha-256";
    let settings = ["ssl=on", "ssl_cert_file=wb.crt", "ssl_key_file=wb.key"];
    let Some(cluster) = Cluster::start(hba, &files, &settings) else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set; an embedded database speaks no TLS");
        return None;
    };
    cluster.sql("postgres", "CREATE ROLE wb LOGIN PASSWORD 'EXAMPLE-DB-SECRET'");
    cluster.sql("postgres", "CREATE DATABASE wb OWNER wb");
    Some((cluster, ca))
}

fn migrate(dir: &Path, url: &str) -> Output {
    let out = run(dir, &[], &["migrate", "--database", url]);
    assert!(!out.err.contains("EXAMPLE-DB-SECRET"), "{}", out.err);
    out
}

#[test]
fn the_server_is_taken_only_with_the_certificate_of_its_ca_for_its_name() {
    let Some((cluster, ca)) = server() else { return };
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::write(dir.path().join("ca.pem"), ca).unwrap();
    std::fs::write(dir.path().join("other.pem"), authority("Another authority").0).unwrap();
    // Another key under the same name: a CA that was made anew.
    std::fs::write(dir.path().join("anew.pem"), authority("An authority of the tests").0).unwrap();
    let url = |host: &str, mode: &str| cluster.url("wb:EXAMPLE-DB-SECRET", host, &format!("wb?{mode}"));
    let refused = |host: &str, mode: &str, words: &[&str]| {
        let out = migrate(dir.path(), &url(host, mode));
        assert_eq!(out.code, 1, "{host} {mode}: {}{}", out.out, out.err);
        assert_eq!(out.err.lines().count(), 1, "one message: {}", out.err);
        for word in words {
            assert!(out.err.contains(word), "{host} {mode}: no `{word}` in: {}", out.err);
        }
    };
    let own = "sslmode=verify-full&sslrootcert=ca.pem";
    refused("localhost", "sslmode=verify-full&sslrootcert=anew.pem", &["signature failure", "right CA"]);
    refused(
        "localhost",
        "sslmode=verify-full&sslrootcert=other.pem",
        &["certificate verify failed", "right CA"],
    );
    refused("127.0.0.1", own, &["does not match host name \"127.0.0.1\"", "the name that stands in it"]);
    refused("localhost", "sslmode=verify-full&sslrootcert=none.pem", &["none.pem", "sslrootcert"]);
    refused("localhost", "sslmode=disable", &["pg_hba.conf", "TLS"]);
    let wrong = cluster.url("wb:wrong", "localhost", &format!("wb?{own}"));
    let out = migrate(dir.path(), &wrong);
    assert!(out.code == 1 && out.err.contains("Correct the user and the password"), "{}", out.err);

    let _ = migrate(dir.path(), &url("localhost", own)).ok();
    let server = Bare::start(
        dir.path(),
        &["serve", "--listen", "127.0.0.1:0", "--database", &url("localhost", own)],
        std::time::Duration::from_secs(30),
    );
    let reply = reqwest::blocking::get(format!("{}/readyz", server.base)).unwrap();
    assert_eq!(reply.status(), 200);
    let query = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                 WHERE datname = 'wb' AND client_addr IS NOT NULL";
    assert_eq!(cluster.sql("postgres", query).trim(), "t", "every connection is encrypted");
}
