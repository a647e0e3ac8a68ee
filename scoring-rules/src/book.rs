//! The rulebook: a whole pack, read, checked and compiled at once, or refused with every error in it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::award::{self, Award, AwardKind};
use crate::boards::Leagues;
use crate::catalogue::{Catalogue, RESULTS, ResultSlots};
use crate::custom;
use crate::error::{RuleError, nearest};
use crate::example;
use crate::expr::Scope;
use crate::fact::{FactId, Facts};
use crate::form::Doc;
use crate::grade::holds;
use crate::grades::{self, Band, Grades, Practice, is_id};
use crate::pack::PackFiles;
use crate::policy::{self, Policy};
use crate::rule::{self, Flaky, Rule, drill_of};

const GRADES: &str = "grades.toml";
const POLICIES: &str = "policies.toml";
const FACTS: &str = "facts.toml";
const RULES: &str = "rules/";
const CERTIFICATES: &str = "certificates/";
const BADGES: &str = "badges/";
/// Larger files are refused unread.
const MAX_FILE_BYTES: usize = 64 * 1_024;
/// More files than this are refused.
const MAX_FILES: usize = 2_000;
/// The end of the names of facts that say when a drill last passed.
const SINCE_PASSED: &str = "_days_since_passed";

/// A drill that a rule expects of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DrillWindow {
    /// Index of the rule in the book.
    pub rule: usize,
    /// The fact that says when the drill last passed.
    pub fact: FactId,
    /// Until which age in days a pass is worth all points.
    pub fresh_days: u32,
    /// From which age in days it is worth none.
    pub expires_days: u32,
}

/// All rules of one version, ready to grade with.
#[derive(Debug, Clone)]
pub struct Rulebook {
    hash: String,
    catalogue: Catalogue,
    grades: Grades,
    rules: Vec<Rule>,
    by_id: BTreeMap<String, usize>,
    policies: Vec<Policy>,
    awards: Vec<Award>,
    windows: Vec<DrillWindow>,
    flaky: BTreeMap<FactId, Flaky>,
    slots: ResultSlots,
}

impl Rulebook {
    /// Reads a pack. On any error the whole book is refused, with all errors of all files.
    pub fn load(files: &PackFiles) -> Result<Self, Vec<RuleError>> {
        let mut errors = misplaced(files);
        let mut catalogue = Catalogue::standard();
        if let Some(text) = files.get(FACTS) {
            let doc = Doc::new(FACTS, text, None);
            custom::read(&doc, &mut catalogue);
            errors.extend(doc.into_errors());
        }
        let grades = if let Some(text) = files.get(GRADES) {
            let doc = Doc::new(GRADES, text, None);
            let grades = grades::read(&doc);
            errors.extend(doc.into_errors());
            grades
        } else {
            errors.push(in_file(GRADES, "the pack has no grades.toml", None));
            Grades::default()
        };
        let letters = grades.letters();
        catalogue.add_bands(&letters);
        let tried = f64::from(grades.tried_milli) / 1_000.0;
        let mut scope = Scope { catalogue: &catalogue, letters: &letters, tried, results: &[] };
        let rules = read_rules(files, &grades, &scope, &mut errors);
        let flaky = flaky(&rules, &catalogue, &mut errors);
        scope.results = &["grade"];
        let policies = files.get(POLICIES).map_or_else(Vec::new, |text| {
            let doc = Doc::new(POLICIES, text, None);
            let policies = policy::read(&doc, &scope);
            errors.extend(doc.into_errors());
            policies
        });
        scope.results = &RESULTS;
        let awards = read_awards(files, &grades, &scope, &mut errors);
        if !errors.is_empty() {
            errors.sort();
            errors.dedup();
            return Err(errors);
        }
        let by_id = rules.iter().enumerate().map(|(index, rule)| (rule.id.clone(), index)).collect();
        let windows = windows(&rules, &catalogue);
        let slots = ResultSlots::of(&catalogue, &letters);
        Ok(Self {
            hash: hash(files),
            catalogue,
            grades,
            rules,
            by_id,
            policies,
            awards,
            windows,
            flaky,
            slots,
        })
    }

    /// SHA-256 of all files, in hex: the name of this version.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The standard facts and those of `facts.toml`.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Where the facts stand that come out of grading.
    pub(crate) fn result_slots(&self) -> &ResultSlots {
        &self.slots
    }

    /// All rules, by practice and then by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// One rule.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(self.rule_index(id)?)
    }

    /// Where a rule stands among all.
    pub fn rule_index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The practices in the order of `grades.toml`.
    pub fn practices(&self) -> &[Practice] {
        &self.grades.practices
    }

    /// The bands by which boards put teams into leagues.
    pub fn leagues(&self) -> &Leagues {
        &self.grades.leagues
    }

    /// The bands, best first.
    pub fn bands(&self) -> &[Band] {
        &self.grades.bands
    }

    /// Index of the band a score earns.
    pub fn band_for(&self, score: u8) -> usize {
        let bands = self.bands();
        bands.iter().position(|band| score >= band.min).unwrap_or(bands.len().saturating_sub(1))
    }

    /// Index of the band of a letter.
    pub fn band_index(&self, letter: &str) -> Option<usize> {
        self.bands().iter().position(|band| band.letter == letter)
    }

    /// The rank of a band, as `rank("B")` and `grade.rank` have it: 1 for the worst, more for better ones.
    pub fn rank(&self, band: usize) -> i64 {
        self.bands().len().saturating_sub(band) as i64
    }

    /// All gates.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// All certificates and then all badges, each by id.
    pub fn awards(&self) -> &[Award] {
        &self.awards
    }

    /// One certificate or badge.
    pub fn award(&self, kind: AwardKind, id: &str) -> Option<&Award> {
        self.awards.iter().find(|award| award.kind == kind && award.id == id)
    }

    /// What a failed try is worth, in thousandths.
    pub fn tried_milli(&self) -> u16 {
        self.grades.tried_milli
    }

    /// The band that a waiver in force holds a grade down to.
    pub fn waiver_cap(&self) -> Option<usize> {
        self.grades.waiver_cap
    }

    /// How many of the last runs of a drill must pass; `outcome` is the fact that says how its last run ended.
    pub fn flaky(&self, outcome: FactId) -> Flaky {
        self.flaky.get(&outcome).copied().unwrap_or(Flaky::NONE)
    }

    /// The drills that the rules expect of a service with these facts.
    pub fn windows(&self, facts: &Facts, now_ms: i64) -> Vec<DrillWindow> {
        let applies = |window: &&DrillWindow| {
            self.rules.get(window.rule).is_some_and(|rule| {
                let when = rule.when.as_ref();
                !rule.is_previewed(now_ms)
                    && when.is_none_or(|when| holds(when, facts, &self.catalogue, now_ms) != Ok(false))
            })
        };
        self.windows.iter().filter(applies).copied().collect()
    }
}

fn in_file(file: &str, message: impl Into<String>, suggestion: Option<&str>) -> RuleError {
    let suggestion = suggestion.map(str::to_owned);
    RuleError { file: file.to_owned(), line: 1, column: 1, rule: None, message: message.into(), suggestion }
}

/// The id in the path of a rule file.
fn rule_id(path: &str) -> Option<&str> {
    path.strip_prefix(RULES)?.strip_suffix(".toml")?.rsplit('/').next()
}

/// Kind and id in the path of the file of an award.
fn award_id(path: &str) -> Option<(AwardKind, &str)> {
    let of = |kind, folder| Some((kind, path.strip_prefix(folder)?.strip_suffix(".toml")?));
    of(AwardKind::Certificate, CERTIFICATES).or_else(|| of(AwardKind::Badge, BADGES))
}

/// Reports files that belong nowhere, are too large or too many, and ids given twice.
fn misplaced(files: &PackFiles) -> Vec<RuleError> {
    let mut errors = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    if files.len() > MAX_FILES {
        errors.push(in_file(
            "",
            format!("the pack has {} files; at most {MAX_FILES} are read", files.len()),
            None,
        ));
    }
    for (path, text) in files {
        if text.len() > MAX_FILE_BYTES {
            errors.push(in_file(path, format!("the file is larger than {MAX_FILE_BYTES} bytes"), None));
        }
        if let Some(id) = rule_id(path) {
            if !is_id(id) {
                let message =
                    format!("a rule file is named in lower-case letters, digits and dashes, not `{id}`");
                errors.push(in_file(path, message, None));
            }
            if let Some(first) = seen.insert(id, path) {
                errors.push(in_file(path, format!("the rule id `{id}` is taken by {first}"), None));
            }
        } else if let Some((kind, id)) = award_id(path) {
            if !is_id(id) {
                let message = format!(
                    "the file of a {} is named in lower-case letters, digits and dashes, not `{id}`",
                    kind.as_str()
                );
                errors.push(in_file(path, message, None));
            }
        } else if ![GRADES, POLICIES, FACTS, "README.md"].contains(&path.as_str()) {
            let meant = nearest(path, [GRADES, POLICIES, FACTS].into_iter());
            let message = "the pack has no place for this file: it holds grades.toml, policies.toml, \
                 facts.toml, rules/<id>.toml, certificates/<id>.toml and badges/<id>.toml";
            errors.push(in_file(path, message, meant));
        }
    }
    if seen.is_empty() {
        errors.push(in_file(RULES, "the pack has no rules", None));
    }
    errors
}

fn read_rules(
    files: &PackFiles,
    grades: &Grades,
    scope: &Scope<'_>,
    errors: &mut Vec<RuleError>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (path, text) in files {
        let Some(id) = rule_id(path) else { continue };
        if text.len() > MAX_FILE_BYTES {
            continue;
        }
        let doc = Doc::new(path, text, Some(id.to_owned()));
        if let Some(rule) = rule::read(&doc, id, grades, scope) {
            example::check(&doc, &rule, scope.catalogue);
            rules.push(rule);
        }
        errors.extend(doc.into_errors());
    }
    rules.sort_by(|left, right| (left.practice_index, &left.id).cmp(&(right.practice_index, &right.id)));
    rules
}

fn read_awards(
    files: &PackFiles,
    grades: &Grades,
    scope: &Scope<'_>,
    errors: &mut Vec<RuleError>,
) -> Vec<Award> {
    let mut awards = Vec::new();
    for (path, text) in files.iter().filter(|(_, text)| text.len() <= MAX_FILE_BYTES) {
        let Some((kind, id)) = award_id(path) else { continue };
        let doc = Doc::new(path, text, Some(id.to_owned()));
        awards.extend(award::read(&doc, id, kind, &grades.practices, scope));
        errors.extend(doc.into_errors());
    }
    awards.sort_by(|left: &Award, right| (left.kind, &left.id).cmp(&(right.kind, &right.id)));
    awards
}

/// What rules say of flaky drills. Two that read the same drill must say the same.
fn flaky(rules: &[Rule], catalogue: &Catalogue, errors: &mut Vec<RuleError>) -> BTreeMap<FactId, Flaky> {
    let mut all: BTreeMap<String, (Flaky, &str)> = BTreeMap::new();
    for rule in rules {
        let Some(flaky) = rule.flaky else { continue };
        for drill in rule.facts().iter().filter_map(|fact| drill_of(&catalogue.spec(*fact).name)) {
            let (held, by) = *all.entry(drill.to_owned()).or_insert((flaky, &rule.id));
            if held != flaky {
                let message = format!(
                    "`flaky` says {} of {} for {drill}, and the rule `{by}` says {} of {}; a drill has one policy",
                    flaky.passes, flaky.of, held.passes, held.of
                );
                errors.push(in_file(&format!("{RULES}{}.toml", rule.id), message, None));
            }
        }
    }
    let outcome = |drill: &str| catalogue.id(&format!("{drill}_last_outcome"));
    all.iter().filter_map(|(drill, (flaky, _))| Some((outcome(drill)?, *flaky))).collect()
}

fn windows(rules: &[Rule], catalogue: &Catalogue) -> Vec<DrillWindow> {
    let mut windows = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        for call in rule.judge.expr().fresh_calls() {
            if catalogue.spec(call.fact).name.ends_with(SINCE_PASSED) {
                windows.push(DrillWindow {
                    rule: index,
                    fact: call.fact,
                    fresh_days: call.fresh_days.floor() as u32,
                    expires_days: call.expires_days.ceil() as u32,
                });
            }
        }
    }
    windows
}

fn hash(files: &PackFiles) -> String {
    let mut hasher = Sha256::new();
    for (path, text) in files {
        for part in [path, text] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
