//! Every kind of mistake in a pack, reported where it stands, all of them at once.

use scoring_rules::{PackFiles, RuleError, Rulebook, default_pack};

use crate::support::{GRADES, pack};

fn errors(files: &PackFiles) -> Vec<RuleError> {
    Rulebook::load(files).err().unwrap_or_default()
}

/// The errors of a pack with one rule, written in full.
fn of_rule(text: &str) -> Vec<String> {
    let mut files = pack(&[]);
    files.insert("rules/x.toml".to_owned(), text.to_owned());
    errors(&files).iter().map(ToString::to_string).collect()
}

fn of_grades(text: &str) -> Vec<String> {
    let mut files = pack(&[("ok", "points = 1\npass = 'true'")]);
    files.insert("grades.toml".to_owned(), text.to_owned());
    errors(&files).iter().map(ToString::to_string).collect()
}

fn of_facts(text: &str) -> Vec<String> {
    let mut files = pack(&[("ok", "points = 1\npass = 'true'")]);
    files.insert("facts.toml".to_owned(), text.to_owned());
    errors(&files).iter().map(ToString::to_string).collect()
}

const HEAD: &str = "title = 't'\npractice = 'one'\nwhy = 'w'\nfix = 'f'\neffort = 'hours'\n";

/// Asserts that a rule made of the usual head and these lines has exactly one error.
fn refused(rest: &str, wanted: &str) {
    assert_eq!(of_rule(&format!("{HEAD}{rest}\n")), [format!("rules/x.toml:{wanted}")], "{rest}");
}

#[test]
fn keys_and_facts_are_known() {
    refused("points = 1\npas = 'true'\npass = 'true'", "7:1: unknown key `pas`; did you mean `pass`?");
    refused(
        "points = 1\nscore = 'fresh(rollback.confg_days_since_passed, 30, 90)'",
        "7:16: `score`: unknown fact `rollback.confg_days_since_passed`; \
         did you mean `rollback.config_days_since_passed`?",
    );
    refused(
        "points = 1\npass = 'true'\nwhen = 'service.teir == 1'",
        "8:9: `when`: unknown fact `service.teir`; did you mean `service.tier`?",
    );
    refused(
        "points = 1\npass = 'grade.score > 1'",
        "7:9: `pass`: `grade.score` is the result of grading, so a rule cannot read it; policies, certificates and \
         badges may",
    );
    refused(
        "points = 1\npass = '''\ntrue &&\n  drills.regresed'''",
        "9:3: `pass`: unknown fact `drills.regresed`; did you mean `drills.regressed`?",
    );
    refused(
        "points = 1\npass = \"service.type == 'é' && drills.regresed\"",
        "7:32: `pass`: unknown fact `drills.regresed`; did you mean `drills.regressed`?",
    );
}

#[test]
fn flake_policies_are_checked() {
    let rule =
        |flaky: &str| format!("points = 1\npass = 'drills.cpu_last_outcome == \"passed\"'\nflaky = {flaky}");
    refused(&rule("{ passes = 4, of = 3 }"), "8:20: `passes` is 4; it must be from 1 to 3");
    refused(&rule("{ passes = 2, of = 9 }"), "8:28: `of` is 9; it must be from 2 to 5");
    refused(
        "points = 1\npass = 'service.tier == 1'\nflaky = { passes = 2, of = 3 }",
        "8:9: `flaky` is for rules that read a drill: a fact that ends in _last_outcome or _days_since_passed",
    );
    let mut files = pack(&[]);
    for (id, flaky) in [("a", "{ passes = 2, of = 3 }"), ("b", "{ passes = 3, of = 4 }")] {
        files.insert(format!("rules/{id}.toml"), format!("{HEAD}{}\n", rule(flaky)));
    }
    let found: Vec<String> = errors(&files).iter().map(ToString::to_string).collect();
    assert!(found.len() == 1 && found[0].contains("a drill has one policy"), "{found:?}");
}

#[test]
fn a_flake_policy_counts_failures_among_the_last_runs() {
    let flaky = scoring_rules::Flaky { passes: 2, of: 3 };
    for (newest_first, holds) in [
        (&[true][..], true),
        (&[false], false),
        (&[false, true], true),
        (&[false, false, true], false),
        (&[false, true, true, false], true),
        (&[true, false, false, true], false),
    ] {
        assert_eq!(flaky.holds(newest_first.iter().copied()), holds, "{newest_first:?}");
    }
}

#[test]
fn types_and_bounds_are_checked() {
    refused(
        "points = 1\npass = 'service.tier'",
        "7:9: `pass`: the expression must yield a bool, but it yields a whole number",
    );
    refused(
        "points = 1\nscore = 'true'",
        "7:10: `score`: the expression must yield a number from 0 to 1, but it yields a bool",
    );
    refused(
        "points = 1\npass = 'service.lifecycle == 1'",
        "7:27: `pass`: a text cannot be compared with a whole number",
    );
    refused("points = 101\npass = 'true'", "6:10: `points` is 101; it must be from 0 to 100");
    refused("points = -1\npass = 'true'", "6:10: `points` is -1; it must be from 0 to 100");
    refused("points = 'x'\npass = 'true'", "6:10: `points` must be a whole number, not text");
    refused("points = 0\npass = 'true'", "6:10: `points` is 0; only a rule with `caps` may be worth nothing");
    refused("points = 1\npass = true", "7:8: `pass` must be an expression in quotes, not a bool");
    refused("points = 1", "1:1: a rule needs `pass` or `score`");
    refused("points = 1\npass = 'true'\nscore = '1'", "8:9: a rule has either `pass` or `score`, not both");
    refused(
        "points = 1\npass = 'true'\nevidence = 'seen'",
        "8:12: `evidence` is \"seen\"; it must be declared, observed, executed, executed_token or executed_ci",
    );
    refused("pass = 'true'", "1:1: `points` is missing");
    let long = format!("points = 1\npass = '{}true'", "true && ".repeat(128));
    refused(&long, "7:9: `pass`: the expression is 1028 bytes long; at most 1024 are read");
}

#[test]
fn expressions_must_parse() {
    refused(
        "points = 1\npass = 'service.tier =='",
        "7:24: `pass`: the expression cannot be read: mismatched input '<EOF>' expecting \
         {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
    );
    refused("points = 1\npass = 'service.type == \"a'", "7:25: `pass`: this text is not closed");
}

#[test]
fn caps_practices_and_dates_are_checked() {
    refused(
        "points = 1\npass = 'true'\ncaps = 'E'",
        "8:8: `caps` names no band: \"E\" is not one of A+, A, B, C, D, F",
    );
    refused(
        "points = 1\npass = 'true'\ncaps = { grade = 'BB', when = 'true' }",
        "8:18: `caps` names no band: \"BB\" is not one of A+, A, B, C, D, F; did you mean `B`?",
    );
    refused(
        "points = 1\npass = 'true'\ncaps = { grade = 'B', wen = 'true' }",
        "8:23: unknown key `wen`; did you mean `when`?",
    );
    refused(
        "points = 1\npass = 'true'\nstarts = '2026-12-01'",
        "8:10: `starts` must be a date such as 2027-06-30, with no quotes and no time",
    );
    let unknown = of_rule(
        "title = 't'\npractice = 'on'\nwhy = 'w'\nfix = 'f'\neffort = 'days'\npoints = 1\npass = 'true'\n",
    );
    assert_eq!(
        unknown,
        ["rules/x.toml:2:12: unknown practice `on`; grades.toml has one, two; did you mean `one`?"]
    );
    let impossible = of_rule(&format!("{HEAD}points = 1\npass = 'true'\nreview_by = 2027-02-30\n"));
    assert!(impossible[0].starts_with("rules/x.toml:8:"), "{impossible:?}");
    assert!(impossible[0].contains("not valid TOML"), "{impossible:?}");
    let effort = of_rule(
        "title = 't'\npractice = 'one'\nwhy = 'w'\nfix = ''\neffort = 'weeks'\npoints = 1\npass = 'true'\n",
    );
    assert_eq!(
        effort,
        [
            "rules/x.toml:4:7: `fix` is empty",
            "rules/x.toml:5:10: `effort` is \"weeks\"; it must be minutes, hours or days"
        ]
    );
}

#[test]
fn examples_must_hold() {
    let example = |facts: &str, expect: &str| {
        format!(
            "points = 1\nscore = 'share(fallbacks.verified, fallbacks.noncore_edges)'\n[[example]]\nfacts = {{ {facts} }}\nexpect = {expect}"
        )
    };
    refused(
        &example("\"fallbacks.verified\" = 1, \"fallbacks.noncore_edges\" = 4", "\"pass\""),
        "10:10: this example does not hold: the rule decides { partial = 0.250 }",
    );
    refused(
        &example("\"fallbacks.verified\" = 1", "\"fail\""),
        "10:10: this example does not hold: the rule decides \"unknown\" (missing fallbacks.noncore_edges)",
    );
    refused(
        &example("\"fallbacks.verifed\" = 1", "\"unknown\""),
        "9:11: unknown fact `fallbacks.verifed` in an example; did you mean `fallbacks.verified`?",
    );
    refused(
        &example("\"fallbacks.verified\" = \"x\"", "\"unknown\""),
        "9:34: `fallbacks.verified` is of type int, and this is text",
    );
    refused(
        &example("\"service.lifecycle\" = \"live\"", "\"unknown\""),
        "9:33: `service.lifecycle` is never \"live\"; it is one of experimental, production, deprecated",
    );
    refused(
        &example("", "\"maybe\""),
        "10:10: `expect` must be \"pass\", \"fail\", \"unknown\", \"not_applicable\" or { partial = 0.5 }",
    );
}

#[test]
fn bands_cover_all_scores_in_order() {
    let practices = "[practices.one]\ntitle = 'One'\n";
    for (bands, wanted) in [
        (
            "A = 90\nB = 80\nF = 1",
            "4:1: bands leave a gap: no grade for scores below 1; let the last band begin at 0",
        ),
        ("A = 90\nB = 90\nF = 0", "3:5: bands overlap: A and B both begin at 90"),
        ("B = 80\nA = 90\nF = 0", "3:5: bands must descend: A begins at 90, above B at 80"),
        ("A = 101\nF = 0", "2:5: band A begins at 101; it must be 0 to 100"),
        ("A = 'x'\nF = 0", "2:5: band A must begin at a whole number, not text"),
        ("\"A A\" = 5\nF = 0", "2:1: a grade is 1 to 8 characters with no blanks, not \"A A\""),
    ] {
        let found = of_grades(&format!("[bands]\n{bands}\n{practices}"));
        assert_eq!(found, [format!("grades.toml:{wanted}")], "{bands}");
    }
    let twice = of_grades(&format!("[bands]\nA = 90\nA = 80\nF = 0\n{practices}"));
    assert!(twice[0].starts_with("grades.toml:3:1: not valid TOML: duplicate key"), "{twice:?}");
    let waiver = of_grades(&format!("waiver_cap = 'E'\ntried = 2\n[bands]\nA = 90\nF = 0\n{practices}"));
    assert_eq!(
        waiver,
        [
            "grades.toml:1:14: `waiver_cap` names no band: \"E\" is not one of A, F",
            "grades.toml:2:9: `tried` must be a number from 0 to 1",
        ]
    );
    assert_eq!(
        of_grades("[bands]\nF = 0\n"),
        ["grades.toml:1:1: `practices` is missing: one table [practices.<id>] each"]
    );
    let mut files = pack(&[("ok", "points = 1\npass = 'true'\ncaps = \"B\"")]);
    files.insert("grades.toml".to_owned(), practices.to_owned());
    files.insert("policies.toml".to_owned(), "deploy = 'grade.rank >= rank(\"B\")'\n".to_owned());
    assert_eq!(errors(&files).len(), 1, "one mistake is one error: {:?}", errors(&files));
}

#[test]
fn files_must_have_a_place_and_ids_one_owner() {
    let ok = "points = 1\npass = 'true'";
    let mut files = pack(&[("ok", ok)]);
    let text = files["rules/ok.toml"].clone();
    files.insert("rules/team/ok.toml".to_owned(), text.clone());
    files.insert("rules/Not_An_Id.toml".to_owned(), text);
    files.insert("polices.toml".to_owned(), String::new());
    files.insert("rules/ok.yaml".to_owned(), String::new());
    let found: Vec<String> = errors(&files).iter().map(ToString::to_string).collect();
    let place = "the pack has no place for this file: it holds grades.toml, policies.toml, facts.toml, \
                 rules/<id>.toml, certificates/<id>.toml and badges/<id>.toml";
    assert_eq!(found, [
        format!("polices.toml:1:1: {place}; did you mean `policies.toml`?"),
        "rules/Not_An_Id.toml:1:1: a rule file is named in lower-case letters, digits and dashes, not `Not_An_Id`"
            .to_owned(),
        format!("rules/ok.yaml:1:1: {place}"),
        "rules/team/ok.toml:1:1: the rule id `ok` is taken by rules/ok.toml".to_owned(),
    ]);
    let empty: Vec<String> = errors(&PackFiles::new()).iter().map(ToString::to_string).collect();
    assert_eq!(empty, ["grades.toml:1:1: the pack has no grades.toml", "rules/:1:1: the pack has no rules"]);
}

#[test]
fn facts_of_an_organisation_are_checked() {
    assert_eq!(
        of_facts("[service.x]\ntype = 'int'\nhelp = 'h'\nexample = 1\n"),
        ["facts.toml:1:2: the group `service` is the product's own; choose another name"]
    );
    assert_eq!(
        of_facts("[sec.x]\ntype = 'integer'\nhelp = 'h'\nexample = 1\n"),
        ["facts.toml:2:8: `type` is \"integer\"; it must be bool, int, number, text or list"]
    );
    assert_eq!(
        of_facts("[sec.x]\ntype = 'int'\nhelp = 'h'\nexample = 'one'\n"),
        ["facts.toml:4:11: `sec.x` is of type int, and this is text"]
    );
    assert_eq!(
        of_facts("[sec.X]\ntype = 'int'\nhelp = 'h'\nexample = 1\n"),
        ["facts.toml:1:6: a fact is lower-case letters, digits and underscores, not `X`"]
    );
    assert_eq!(
        of_facts("[sec.x]\ntype = 'int'\nhelp = 'h'\nttl = 5\nexample = 1\n"),
        ["facts.toml:4:1: unknown key `ttl`"]
    );
}

#[test]
fn a_policy_is_checked_too() {
    let mut files = pack(&[("ok", "points = 1\npass = 'true'")]);
    files
        .insert("policies.toml".to_owned(), "deploy = 'grade.rnk >= rank(\"B\")'\nBad = 'true'\n".to_owned());
    let found: Vec<String> = errors(&files).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "policies.toml:1:11: `deploy`: unknown fact `grade.rnk`; did you mean `grade.rank`?",
            "policies.toml:2:1: a policy name is lower-case letters, digits and dashes, not `Bad`",
        ]
    );
}

#[test]
fn all_errors_of_all_files_come_at_once() {
    let mut files = default_pack();
    for (path, from, to) in [
        ("rules/drill-dns.toml", "points = 2", "points = 200"),
        ("rules/drill-cpu.toml", "effort = \"hours\"", "efort = \"hours\""),
        ("grades.toml", "F = 0", "F = 60"),
    ] {
        let text = files[path].replace(from, to);
        files.insert(path.to_owned(), text);
    }
    let found = errors(&files);
    let places: Vec<(&str, usize, Option<&str>)> =
        found.iter().map(|error| (error.file.as_str(), error.line, error.rule.as_deref())).collect();
    let f_line = 1 + default_pack()["grades.toml"].lines().position(|line| line == "F = 0").unwrap();
    assert_eq!(
        places,
        [
            ("grades.toml", f_line, None),
            ("grades.toml", f_line, None),
            ("rules/drill-cpu.toml", 1, Some("drill-cpu")),
            ("rules/drill-cpu.toml", 5, Some("drill-cpu")),
            ("rules/drill-dns.toml", 6, Some("drill-dns")),
        ]
    );
    assert_eq!(found[2].message, "`effort` is missing");
    assert_eq!(found[3].suggestion.as_deref(), Some("effort"));
    assert!(GRADES.contains("A+"));
}

#[test]
fn league_bands_have_no_gaps_and_no_overlaps() {
    let grades = |leagues: &str| of_grades(&format!("{GRADES}\n{leagues}"));
    assert_eq!(grades("[leagues]\ntiers = { one = 1, rest = 4 }\nsizes = { all = 1 }"), [""; 0]);
    let wrong = |leagues: &str, wanted: &str| {
        let found = grades(leagues);
        assert!(found.len() == 1 && found.iter().all(|e| e.contains(wanted)), "{leagues}: {found:?}");
    };
    wrong(
        "[leagues]\ntiers = { one = 1, two = 2 }",
        "leagues leave a gap: two ends at tier 2; let the last band end at 4",
    );
    wrong("[leagues]\nsizes = { some = 2 }", "leagues leave a gap: some begins at 2 services");
    wrong(
        "[leagues]\nsizes = { a = 1, b = 5, c = 5 }",
        "league bands overlap: c at 5 does not come after b at 5",
    );
    wrong(
        "[leagues]\nsizes = { a = 1, Big-ones = 5 }",
        "a league band is 1 to 20 lower-case letters and digits",
    );
    wrong("[leagues]\nsizes = { a = 'one' }", "band a must be a whole number, not text");
    wrong("[leagues]\ntiers = { a = 5, b = 4 }", "band a is 5; it must be from 1 to 4");
    wrong("[leagues]\nsizes = {}", "`sizes` needs at least one band, such as small = 1");
    wrong("[leagues]\nsize = { a = 1 }", "unknown key `size`; did you mean `sizes`?");
}
