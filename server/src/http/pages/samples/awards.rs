//! Certificates in every state, what is shown elsewhere, their help.

use scoring_rules::{Rulebook, default_pack};
use serde_json::json;
use serde_json::value::to_raw_value;

use super::super::{certificates, help_certificates, sharing};
use super::{HOSTILE, Sample, chrome, days_ago, now, stranger, team};
use crate::app::views::{AwardView, CertificateView, Page, SharingView};
use crate::types::Timestamp;

fn certificate(state: &str) -> CertificateView {
    let good = state == "certified";
    CertificateView {
        id: "0190".to_owned(),
        award: "waterbear-certified".to_owned(),
        kind: "certificate".to_owned(),
        title: "Waterbear certified".to_owned(),
        why: Some("It held the best grade.".to_owned()),
        service: "checkout".to_owned(),
        service_name: HOSTILE.to_owned(),
        team: Some("checkout-platform".to_owned()),
        team_name: Some(HOSTILE.to_owned()),
        state: state.to_owned(),
        reason: (!good).then(|| "a drill that had passed fails".to_owned()),
        earned_at: days_ago(80),
        renewed_at: good.then(|| days_ago(20)),
        valid_until: Some(now().plus_days(70)),
        renews_from: good.then(|| now().plus_days(40)),
        not_in_force_since: (!good).then(|| days_ago(2)),
        ended_at: (state == "revoked").then(|| days_ago(1)),
        score: Some(98),
        grade: "A+".to_owned(),
        coverage: 97,
        rulebook: "ab12".to_owned(),
        evidence_sha256: Some("0f".repeat(32)),
        evidence: to_raw_value(&json!({ "rules": [{ "rule": "drill-dns", "outcome": "pass", "facts": {
            "drills.dns_last_outcome": { "value": HOSTILE, "as_of": "2026-11-01T00:00:00.000Z", "evidence": "executed_ci", "drill": "0191" },
            "service.labels": { "value": ["a", "b"], "as_of": "2026-11-01T00:00:00.000Z", "evidence": "observed" },
        }}] }))
        .ok(),
        waivers: Vec::new(),
        public: good,
        credential_url: good.then(|| "https://waterbear.example/certificates/0190.jwt".to_owned()),
        status_list_url: good.then(|| "https://waterbear.example/status/5".to_owned()),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let one = |state: &str| {
        let around = certificates::Around {
            base: "https://w.example".to_owned(),
            titles: [("drill-dns".to_owned(), HOSTILE.to_owned())].into(),
            reads: state != "revoked",
        };
        let context = certificates::context(chrome("/certificates/0190"), &certificate(state), &around);
        Sample::new("certificate", "one", context)
    };
    let list = |items: Vec<CertificateView>, next: Option<&str>| {
        let page = Page { items, next: next.map(str::to_owned) };
        let teams = [team("checkout-platform", HOSTILE)];
        certificates::list_context(chrome("/certificates"), &teams, Some("checkout-platform"), &page)
    };
    let shown = |signed_in: bool, key: bool, closed: bool| {
        let view = SharingView {
            service: "checkout".to_owned(),
            certificates: key,
            badge: key,
            badge_url: key.then(|| "https://w.example/badges/Zm9v.svg".to_owned()),
        };
        let chrome = if signed_in { super::people::me("/services/checkout/sharing") } else { stranger("/") };
        let around = sharing::Around {
            name: HOSTILE.to_owned(),
            base: "https://w.example".to_owned(),
            closed,
            may: signed_in,
            practice: signed_in.then(|| ("rollback".to_owned(), HOSTILE.to_owned())),
        };
        sharing::context(chrome, &view, &around)
    };
    let book = Rulebook::load(&default_pack()).unwrap();
    vec![
        one("certified"),
        one("on_hold"),
        one("revoked"),
        Sample::new("certificates", "none", list(Vec::new(), None)),
        Sample::new(
            "certificates",
            "some",
            list(vec![certificate("certified"), certificate("suspended")], None),
        ),
        Sample::new("certificates", "many", list(vec![certificate("certified")], Some("1.0190"))),
        Sample::new("sharing", "open", shown(false, false, false)),
        Sample::new("sharing", "closed", shown(true, true, true)),
        Sample::new(
            "help_certificates",
            "shipped",
            help_certificates::context(chrome("/help/certificates"), &book, "https://w.example", true),
        ),
        Sample::new(
            "help_certificates",
            "from outside",
            help_certificates::context(chrome("/help/certificates"), &book, "https://w.example", false),
        ),
    ]
}

/// One certificate that is held, one badge that is not.
pub(super) fn on_card() -> Vec<AwardView> {
    let view = |kind: &str, award: &str, title: &str, held: bool| AwardView {
        award: award.to_owned(),
        kind: kind.to_owned(),
        title: title.to_owned(),
        medal: "recognition".to_owned(),
        practice: None,
        state: held.then(|| "on_hold".to_owned()),
        id: held.then(|| "0190".to_owned()),
        earned_at: held.then_some(Timestamp(0)),
        valid_until: held.then_some(Timestamp(0)),
        reason: held.then(|| "a drill that had passed fails".to_owned()),
        why: "It held.".to_owned(),
        fix: "Keep it up.".to_owned(),
        lacking: vec!["grade.rank >= 6 does not hold: the grade is B".to_owned()],
    };
    vec![
        view("certificate", "waterbear-certified", "Waterbear certified", true),
        view("badge", "comeback", "Comeback", false),
    ]
}
