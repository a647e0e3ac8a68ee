//! Tests of expressions: what they yield, what they refuse, and that nothing written in them can do harm.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::fact::{EvidenceClass, Fact, Facts, Value};
use crate::outcome::{Missing, MissingWhy};

fn letters() -> Vec<String> {
    ["A+", "A", "B", "C", "D", "F"].map(str::to_owned).to_vec()
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::standard);

fn compile(text: &str, wanted: Wanted) -> Result<Expr, ExprError> {
    let letters = letters();
    Expr::compile(
        text,
        wanted,
        &Scope { catalogue: &CATALOGUE, letters: &letters, tried: 0.25, results: &[] },
    )
}

fn facts(values: &[(&str, Value)]) -> Facts {
    let mut facts = Facts::new(CATALOGUE.len());
    for (name, value) in values {
        let evidence = EvidenceClass::ExecutedCi;
        let fact = Fact { value: value.clone(), as_of_ms: 0, evidence, source_error: None };
        facts.set(CATALOGUE.id(name).expect(name), fact);
    }
    facts
}

fn some_facts() -> Facts {
    facts(&[
        ("service.tier", Value::Int(2)),
        ("service.lifecycle", Value::from("production")),
        ("service.labels", Value::List(vec!["pci".to_owned(), "eu-west".to_owned()])),
        ("degrader.tuning_score", Value::Num(82.0)),
        ("fallbacks.verified", Value::Int(3)),
        ("fallbacks.noncore_edges", Value::Int(8)),
    ])
}

fn holds(text: &str) -> Result<bool, Stop> {
    let facts = some_facts();
    let expr = compile(text, Wanted::Bool).expect(text);
    expr.holds(&mut Reader::new(&facts, &CATALOGUE, 0, EvidenceClass::Declared))
}

fn number(text: &str) -> Result<f64, Stop> {
    let facts = some_facts();
    let expr = compile(text, Wanted::Number).expect(text);
    expr.number(&mut Reader::new(&facts, &CATALOGUE, 0, EvidenceClass::Declared))
}

fn missing(text: &str) -> Vec<String> {
    let facts = some_facts();
    let expr = compile(text, Wanted::Bool).expect(text);
    let mut reader = Reader::new(&facts, &CATALOGUE, 0, EvidenceClass::Declared);
    let _ = expr.holds(&mut reader);
    let name = |note: &Note| match note {
        Note::Missing(Missing { fact, why: MissingWhy::NoData }) => CATALOGUE.spec(*fact).name.clone(),
        other => format!("{other:?}"),
    };
    reader.notes.iter().map(name).collect()
}

#[test]
fn operators_yield_what_cel_says() {
    for text in [
        "service.tier == 2 && service.tier != 3 && service.tier < 3 && service.tier >= 2",
        "!(service.tier > 2) || false",
        "service.lifecycle in ['production', 'deprecated']",
        "'pci' in service.labels && !('us' in service.labels)",
        "service.tier in [1, 2]",
        "size(service.labels) == 2 && service.labels.size() == 2 && size('abc') == 3",
        "service.labels.exists(l, l.startsWith('eu-')) && !service.labels.all(l, l.endsWith('west'))",
        "service.labels.exists_one(l, l.contains('c'))",
        "has(service.tier) && !has(drills.regressed)",
        "service.tier == 2 ? true : drills.regressed",
        "7 % 4 == 3 && -service.tier == -2 && 2 + 3 * 4 == 14",
        "rank('A+') > rank('A') && rank('F') == 1",
        "9223372036854775807 + 1 == 9223372036854775807",
        "service.lifecycle == 'prod' + 'uction' || true",
    ] {
        if text.contains("'prod' +") {
            assert!(compile(text, Wanted::Bool).is_err(), "{text}");
        } else {
            assert_eq!(holds(text), Ok(true), "{text}");
        }
    }
}

#[test]
fn whole_and_other_numbers_mix() {
    assert_eq!(holds("degrader.tuning_score >= 82 && degrader.tuning_score < 82.5"), Ok(true));
    assert_eq!(number("degrader.tuning_score / 100"), Ok(0.82));
    assert_eq!(number("fallbacks.verified / fallbacks.noncore_edges"), Ok(0.375));
    assert_eq!(number("service.tier == 2 ? 1 : 0.5"), Ok(1.0));
    assert_eq!(number("1 / 0"), Err(Stop::Fault));
    assert_eq!(holds("5 % 0 == 1"), Err(Stop::Fault));
}

#[test]
fn functions_draw_straight_lines() {
    for (text, wanted) in [
        ("fresh(30, 30, 90)", 1.0),
        ("fresh(60, 30, 90)", 0.5),
        ("fresh(90, 30, 90)", 0.0),
        ("fresh(-1, 30, 90)", 1.0),
        ("share(3, 8)", 0.375),
        ("share(0, 0)", 1.0),
        ("share(9, 8)", 1.0),
        ("scale(82, 0, 100)", 0.82),
        ("scale(3600, 3600, 600)", 0.0),
        ("scale(2100, 3600, 600)", 0.5),
        ("scale(10, 3600, 600)", 1.0),
        ("tried", 0.25),
        ("double(int(2.9))", 2.0),
    ] {
        assert_eq!(number(text), Ok(wanted), "{text}");
    }
}

#[test]
fn only_facts_that_mattered_are_missing() {
    assert_eq!(holds("service.tier == 2 || drills.regressed"), Ok(true));
    assert_eq!(holds("drills.regressed || service.tier == 2"), Ok(true));
    assert_eq!(missing("drills.regressed || service.tier == 2"), Vec::<String>::new());
    assert_eq!(holds("drills.regressed && service.tier == 3"), Ok(false));
    assert_eq!(holds("drills.regressed || service.tier == 3"), Err(Stop::Missing));
    assert_eq!(missing("drills.regressed || service.tier == 3"), ["drills.regressed"]);
    assert_eq!(missing("drills.fresh < drills.expected"), ["drills.fresh", "drills.expected"]);
    assert_eq!(
        missing("fresh(drills.cpu_days_since_passed, drills.fresh, 90) > 0.5 && drills.regressed"),
        ["drills.cpu_days_since_passed", "drills.fresh", "drills.regressed"]
    );
    assert_eq!(missing("service.labels.all(l, drills.regressed)"), ["drills.regressed"]);
    assert_eq!(
        missing("drills.dns_last_outcome == 'passed' ? drills.fresh > 1 : false"),
        ["drills.dns_last_outcome"]
    );
}

#[test]
fn mistakes_are_refused_where_they_stand() {
    let mut wrong = Vec::new();
    for (text, at, message, suggestion) in [
        ("service.teir == 1", 0, "unknown fact `service.teir`", Some("service.tier")),
        ("1 == 1 && service.teir == 1", 10, "unknown fact", Some("service.tier")),
        ("frsh(1, 2, 3) > 0.5", 0, "unknown function `frsh`", Some("fresh")),
        ("service.lifecycle == 'prodution'", 21, "is never \"prodution\"", Some("production")),
        ("service.lifecycle in ['live']", 21, "is never \"live\"", None),
        ("tier == 1", 0, "unknown name `tier`", None),
        ("service == 1", 0, "is a group of facts", None),
        ("service.lifecycle == 1", 18, "a text cannot be compared with a whole number", None),
        ("service.tier && true", 0, "a bool is needed here", None),
        ("grade.score > 50", 0, "a rule cannot read it", None),
        ("rank('E') > 1", 5, "no grade is called \"E\"", None),
        ("rank(service.tier) > 1", 0, "takes one grade as text", None),
        ("fresh(1, 90, 30) > 0.5", 0, "expires_days must be above fresh_days", None),
        ("fresh(1, 90) > 0.5", 0, "takes 3 arguments, and 2 are given", None),
        ("scale(1, 5, 5) > 0.5", 0, "worst and best must differ", None),
        ("service.labels.map(l, l) == []", 18, "rules know exists", None),
        ("service.labels.exists(l, service.labels.exists(m, m == l))", 46, "cannot stand inside", None),
        ("service.tier ==", 15, "cannot be read", None),
        ("{'a': 1}.a == 1", 0, "only facts have parts", None),
        ("service.labels[0] == 'a'", 14, "is not available in rules", None),
        ("'é' == service.type && service.teir == 1", 24, "unknown fact", Some("service.tier")),
        ("service.tier == null", 16, "`null` is not available", None),
        ("1 + 1", 0, "must yield a bool, but it yields a whole number", None),
        ("", 0, "cannot be read", None),
    ] {
        let error = compile(text, Wanted::Bool).expect_err(text);
        assert!(error.message.contains(message), "{text}: {error:?}");
        assert_eq!(error.suggestion.as_deref(), suggestion, "{text}: {error:?}");
        if error.at != at {
            wrong.push(format!("{text}: {} for {at}", error.at));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn long_and_deep_expressions_are_refused_cleanly() {
    let long = format!("{} 1 == 1", "1 == 1 && ".repeat(120));
    assert!(compile(&long, Wanted::Bool).expect_err("long").message.contains("at most 1024"));
    for deep in [
        format!("{}true{}", "(".repeat(500), ")".repeat(500)),
        format!("{}true", "!(".repeat(500)),
        format!("{}1 == 1", "1 + ".repeat(80)),
        format!("true{}", " ? true : true".repeat(70)),
        format!("service{}", ".a".repeat(90)),
        format!("service.tier{}", "[0]".repeat(80)),
        format!("{}1{} == 1", "[".repeat(500), "]".repeat(500)),
        format!("size{}", "(size".repeat(200)),
        "service.labels.exists(a, ".repeat(40),
    ] {
        assert!(compile(&deep, Wanted::Bool).is_err(), "{deep}");
    }
}

#[test]
fn the_deepest_expressions_let_through_fit_the_stack() {
    let ternaries = "true ? true : ".repeat(8);
    for deep in [
        format!("{}{ternaries}true{}", "(".repeat(8), ")".repeat(8)),
        format!("{}1{} == 1", "[".repeat(8), "]".repeat(8)),
        format!("{}1{} == 1", "size([".repeat(4), "])".repeat(4)),
        format!("{}true{}", "!(true && ".repeat(8), ")".repeat(8)),
        format!("{}{ternaries}true{}", "service.labels.all(l, true || ".repeat(8), ")".repeat(8)),
        format!("{}{{1: {ternaries}2}}{}", "{1: ".repeat(7), "}".repeat(7)),
        format!("{}1{}", "[1, a.b(".repeat(4), ")]".repeat(4)),
        format!("{}(1) + {}1 == 1", "(((((((".to_owned(), "1 + ".repeat(55)),
        format!("service{} == 1", ".a(1)".repeat(70)),
        format!("{}true", "!".repeat(1_000)),
        format!("{}1 == 1", "-".repeat(900)),
        format!("{}true", "true || ".repeat(60)),
    ] {
        let _ = compile(&deep, Wanted::Bool);
    }
}

#[test]
fn clauses_split_only_where_all_must_hold() {
    assert_eq!(clauses("a && b > 1 && c(x && y)"), ["a", "b > 1", "c(x && y)"]);
    assert_eq!(clauses("a || b && c"), ["a || b && c"]);
    assert_eq!(clauses("x == ' && ' && \"it\\\"s && \" == y"), ["x == ' && '", "\"it\\\"s && \" == y"]);
}

/// Conditions over constants, a third of them with an error somewhere.
fn conditions() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        (0..4_i64).prop_map(|number| number.to_string()),
        (0..4_i64, "[+*%-]", 0..3_i64).prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
    ];
    let leaf = prop_oneof![
        proptest::bool::ANY.prop_map(|truth| truth.to_string()),
        (number.clone(), "==|!=|<|<=|>|>=", number.clone())
            .prop_map(|(left, sign, right)| format!("{left} {sign} {right}")),
        number.prop_map(|number| format!("{number} in [1, 2]")),
        ("[a-c]", "[a-c]{1,3}").prop_map(|(part, text)| format!("'{text}'.contains('{part}')")),
        "[a-c]".prop_map(|text| format!("['a', 'b', 'b'].exists_one(x, x == '{text}')")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), "&&|[|][|]", inner.clone())
                .prop_map(|(left, sign, right)| format!("({left}) {sign} ({right})")),
            inner.clone().prop_map(|inner| format!("!({inner})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
        ]
    })
}

/// Pieces of which most sequences are nonsense and some are not.
const PIECES: [&str; 28] = [
    "service.tier",
    "drills.regressed",
    "service.labels",
    "degrader.tuning_score",
    "service.lifecycle",
    "(",
    ")",
    "[",
    "]",
    "&&",
    "||",
    "?",
    ":",
    "==",
    "<",
    "!",
    "-",
    "/",
    "%",
    "fresh(",
    "share(",
    ",",
    "1",
    "0.5",
    "'production'",
    ".exists(x, x == ",
    "in",
    "has(",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions_hold_as_the_reference_interpreter_says(text in conditions()) {
        let facts = Facts::new(CATALOGUE.len());
        let ours = compile(&text, Wanted::Bool).expect(&text);
        let ours = ours.holds(&mut Reader::new(&facts, &CATALOGUE, 0, EvidenceClass::Declared)).ok();
        let theirs = cel::Program::compile(&text).expect(&text).execute(&cel::Context::default());
        let theirs = match theirs {
            Ok(cel::Value::Bool(truth)) => Some(truth),
            Ok(other) => panic!("{text} yields {other:?}"),
            Err(_) => None,
        };
        prop_assert_eq!(ours, theirs, "{}", text);
    }

    #[test]
    fn no_text_breaks_the_compiler(text in "\\PC{0,40}") {
        let _ = compile(&text, Wanted::Bool);
    }

    #[test]
    fn no_sequence_of_pieces_breaks_compiler_or_reader(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 1..14)
    ) {
        let text = pieces.join(" ");
        let facts = some_facts();
        if let Ok(expr) = compile(&text, Wanted::Number) {
            let _ = expr.number(&mut Reader::new(&facts, &CATALOGUE, 0, EvidenceClass::Declared));
        }
        if let Ok(expr) = compile(&text, Wanted::Bool) {
            let _ = expr.holds(&mut Reader::new(&facts, &CATALOGUE, 0, EvidenceClass::Declared));
        }
    }
}
