//! JUnit reports, against the recorded ones.

use super::super::{Format, Hints, Reading};
use super::{at, drill_of, invalid, malformed, sample};
use crate::types::{DrillKind, Outcome, RollbackOutcome};

fn read(xml: &str) -> Reading {
    drill_of(Format::Junit, xml.as_bytes(), &Hints::default())
}

fn recorded(name: &str) -> Reading {
    drill_of(Format::Junit, &sample(&format!("junit/{name}.xml")), &Hints::default())
}

#[test]
fn the_recorded_reports_have_their_verdicts() {
    let expected = [
        ("pytest-pass", Outcome::Passed, RollbackOutcome::Succeeded),
        ("pytest-mixed", Outcome::Failed, RollbackOutcome::Failed),
        ("pytest-empty", Outcome::Inconclusive, RollbackOutcome::NotTested),
        ("pytest-collection-error", Outcome::Failed, RollbackOutcome::NotTested),
        ("node-test", Outcome::Failed, RollbackOutcome::NotTested),
    ];
    for (name, outcome, rollback) in expected {
        let reading = recorded(name);
        assert_eq!(reading.outcome, outcome, "{name}: {}", reading.reason);
        assert_eq!(reading.rollback.outcome, rollback, "{name}");
        assert!(!reading.document.contains("hostname=\"vm\""));
    }
}

#[test]
fn a_recorded_report_tells_service_drill_and_times() {
    let pass = recorded("pytest-pass");
    assert_eq!(pass.service.as_deref(), Some("component:default/storefront"));
    assert_eq!(pass.kind, Some(DrillKind::Rollback));
    assert_eq!(pass.title.as_deref(), Some("rollback"));
    assert_eq!(pass.started_at.unwrap().to_rfc3339(), "2026-11-20T22:03:49.378Z");
    assert_eq!(pass.ended_at.unwrap().to_rfc3339(), "2026-11-20T22:03:49.394Z");
    let mixed = recorded("pytest-mixed");
    assert_eq!(mixed.service.as_deref(), Some("component:default/storefront"));
    assert_eq!(mixed.rollback.seconds, Some(41.0));
    assert!(
        mixed.reason.contains("2 failed, 1 errored") && mixed.reason.contains("8 test cases"),
        "{}",
        mixed.reason
    );
    let node = recorded("node-test");
    assert_eq!((node.started_at, node.ended_at), (None, None));
    assert_eq!(node.title.as_deref(), Some("rollback of storefront"));
}

#[test]
fn cases_decide_whatever_the_attributes_count() {
    let cases = [
        ("<testsuite><testcase name='a'/></testsuite>", Outcome::Passed),
        (
            "<testsuites tests='0'><testsuite><testsuite><testcase/></testsuite></testsuite></testsuites>",
            Outcome::Passed,
        ),
        ("<testsuites><testcase name='top level'/></testsuites>", Outcome::Passed),
        ("<testsuite tests='3' failures='0'/>", Outcome::Inconclusive),
        (
            "<testsuite><testcase><skipped/></testcase><testcase><skipped type='todo'/></testcase></testsuite>",
            Outcome::Inconclusive,
        ),
        (
            "<testsuite><testcase><skipped type='pytest.xfail'/></testcase><testcase/></testsuite>",
            Outcome::Passed,
        ),
        ("<testsuite failures='0'><testcase><failure/></testcase></testsuite>", Outcome::Failed),
        ("<testsuite><testcase><error message='x'/></testcase></testsuite>", Outcome::Failed),
        ("<testsuite><testcase failure='503 == 200'/></testsuite>", Outcome::Failed),
        ("<testsuite><testcase status='notrun'/></testsuite>", Outcome::Inconclusive),
        ("<testsuite><testcase status='run' result='completed'/></testsuite>", Outcome::Passed),
        ("<testsuite><testcase><flakyFailure/></testcase></testsuite>", Outcome::Passed),
        ("<testsuite><error>setup</error></testsuite>", Outcome::Failed),
        ("<testsuite failures='1'><testcase/></testsuite>", Outcome::Inconclusive),
        (
            "<testsuite><testcase><system-out>&lt;failure/></system-out></testcase></testsuite>",
            Outcome::Passed,
        ),
        (
            "<testsuite><testcase><system-out><![CDATA[<failure/>]]></system-out></testcase></testsuite>",
            Outcome::Passed,
        ),
        (
            "<?xml version='1.0'?>\n<!-- x -->\n<j:testsuite xmlns:j='u'><j:testcase/></j:testsuite>\n",
            Outcome::Passed,
        ),
    ];
    for (xml, outcome) in cases {
        let reading = read(xml);
        assert_eq!(reading.outcome, outcome, "{xml}: {}", reading.reason);
        // What is stored is a report again, with the same verdict.
        assert_eq!(read(&reading.document).outcome, outcome, "{}", reading.document);
    }
}

#[test]
fn times_have_zones_or_are_utc_and_spans_cover_all_suites() {
    let reading = read(
        "<testsuites><testsuite timestamp='2026-11-20T10:00:00' time='1,200.5'><testcase/></testsuite>\
         <testsuite timestamp='2026-11-20T11:30:00+02:00' time='2'><testcase/></testsuite>\
         <testsuite timestamp='20 November' time='NaN'/></testsuites>",
    );
    assert_eq!(reading.started_at.unwrap().to_rfc3339(), "2026-11-20T09:30:00.000Z");
    assert_eq!(reading.ended_at.unwrap().to_rfc3339(), "2026-11-20T10:20:00.500Z");
    let by_cases = read(
        "<testsuite timestamp='2026-11-20T10:00:00Z'><testcase time='1.5'/><testcase time='2'/></testsuite>",
    );
    assert_eq!(by_cases.ended_at.unwrap().to_rfc3339(), "2026-11-20T10:00:03.500Z");
}

#[test]
fn properties_stand_in_suites_or_cases_as_attributes_or_text() {
    let reading = read(
        "<testsuite><properties><property name='waterbear.service' value='shop'/><property name='Waterbear.Failure_Class'>dns-pollution</property>\
         <property name='waterbear.environment' value='prod'/></properties>\
         <testcase><properties><property name='waterbear.target' value='resolver'/><property name='waterbear.service' value='shop'/></properties></testcase></testsuite>",
    );
    assert_eq!(reading.service.as_deref(), Some("shop"));
    assert_eq!(reading.failure.as_deref(), Some("dns_pollution"));
    assert_eq!(reading.kind, Some(DrillKind::Infrastructure));
    assert_eq!(reading.target.as_deref(), Some("resolver"));
    assert_eq!(reading.environment.as_deref(), Some("prod"));
}

#[test]
fn wrong_or_contradicting_properties_are_refused() {
    let two = "<testsuite><testcase><properties><property name='waterbear.service' value='a'/></properties></testcase><testcase><properties><property name='waterbear.service' value='b'/></properties></testcase></testsuite>";
    let fields = invalid(Format::Junit, two.as_bytes(), &Hints::default());
    assert!(at(&fields, "property waterbear.service").contains("`a`, `b`"));
    let hints = Hints { service: Some("c".into()), ..Hints::default() };
    assert_eq!(drill_of(Format::Junit, two.as_bytes(), &hints).service.as_deref(), Some("c"));
    let odd = "<testsuite><properties><property name='waterbear.failure' value='dnss'/><property name='waterbear.kind' value='rolback'/></properties></testsuite>";
    let fields = invalid(Format::Junit, odd.as_bytes(), &Hints::default());
    assert!(at(&fields, "property waterbear.failure").contains("Did you mean `dns`?"));
    assert!(at(&fields, "property waterbear.kind").contains("Did you mean `rollback`?"));
    let fields = invalid(Format::Junit, b"<html/>", &Hints::default());
    assert!(at(&fields, "").contains("<html>"));
}

#[test]
fn a_rollback_drill_speaks_for_the_rollback() {
    let hints = Hints { failure: Some("code".into()), ..Hints::default() };
    let reading = drill_of(Format::Junit, b"<testsuite><testcase/></testsuite>", &hints);
    assert_eq!(reading.rollback.outcome, RollbackOutcome::Succeeded);
}

#[test]
fn hostile_or_broken_xml_is_refused_with_its_place() {
    let laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]>\n<testsuite>&b;</testsuite>";
    assert!(malformed(Format::Junit, laughs.as_bytes()).contains("line 2"));
    for (xml, what) in [
        ("<testsuite>\n  <testcase>\n</testsuite>", "line 3"),
        ("<testsuite><testcase/>", "ends before"),
        ("", "no XML element"),
        ("{}", "outside the root"),
        ("<testsuite/><testsuite/>", "second root"),
        ("<testsuite/>\ntrailing", "line 1"),
        ("<testsuite>&custom;</testsuite>", "unknown entity"),
        ("<testsuite a='1' a='2'/>", "attribute"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><testsuite/>", "send UTF-8"),
        ("<?xml version='1.0' encoding='UTF-16'?><testsuite/>", "send UTF-8"),
    ] {
        let detail = malformed(Format::Junit, xml.as_bytes());
        assert!(detail.contains(what), "{xml}: {detail}");
    }
    assert!(malformed(Format::Junit, &"<a>".repeat(1000).into_bytes()).contains("deeper than 64"));
    let wide = format!("<testsuite {}/>", (0..100).fold(String::new(), |s, i| format!("{s} a{i}='x'")));
    assert!(malformed(Format::Junit, wide.as_bytes()).contains("attributes"));
}
