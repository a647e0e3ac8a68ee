//! The rulebook in force: loading, publishing, and the views of rules and facts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use scoring_rules::{Example, Expected, Outcome, PackFiles, Rule, Rulebook, default_pack};
use serde_json::json;

use super::facts::Slots;
use super::views::{BandView, ExampleView, FactSpecView, RuleView, RulebookPractice, RulebookView};
use super::{Actor, App, Tx};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::store::books::BookRow;
use crate::store::{self, Db};
use crate::types::Timestamp;

const IN_FORCE: &str = "rulebook.in_force";
const IN_FORCE_SINCE: &str = "rulebook.since";

/// A rulebook with where it came from.
#[derive(Debug)]
pub struct Book {
    /// The rules.
    pub rulebook: Rulebook,
    /// Slots of the computed facts.
    pub slots: Slots,
    /// `built-in pack`, or the directory.
    pub source: String,
    /// Since when it is in force.
    pub since: Timestamp,
    /// Why a newer one was refused.
    pub refused: Vec<String>,
}

impl Book {
    fn new(rulebook: Rulebook, source: String, since: Timestamp, refused: Vec<String>) -> Self {
        Self { slots: Slots::of(rulebook.catalogue()), rulebook, source, since, refused }
    }
}

/// Reads the files of a pack from a directory; hidden files and other types are left out.
pub fn read_dir(dir: &Path) -> anyhow::Result<PackFiles> {
    fn walk(root: &Path, dir: &Path, depth: u8, files: &mut PackFiles) -> anyhow::Result<()> {
        let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
        for entry in entries {
            let path = entry?.path();
            let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() {
                if depth < 3 {
                    walk(root, &path, depth + 1, files)?;
                }
            } else if path.extension().is_some_and(|e| e == "toml") {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                files.insert(name, text);
            }
        }
        Ok(())
    }
    let mut files = PackFiles::new();
    walk(dir, dir, 0, &mut files)?;
    anyhow::ensure!(!files.is_empty(), "{} holds no rule files (*.toml)", dir.display());
    Ok(files)
}

/// Loads what the settings name: a directory, or the built-in pack. Errors as lines.
fn load(config: &Config) -> std::result::Result<(PackFiles, Rulebook, String), Vec<String>> {
    let (files, source) = match &config.rules_dir {
        None => (default_pack(), "built-in pack".to_owned()),
        Some(dir) => {
            let files = read_dir(dir).map_err(|e| vec![format!("{e:#}")])?;
            (files, dir.display().to_string())
        }
    };
    let rulebook = Rulebook::load(&files)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok((files, rulebook, source))
}

/// Puts the rulebook in force at start: the one of the settings, or, if that is refused, the last good one.
///
/// With `publish` off (a command that only visits the database) the one in force stays, whatever the settings say.
pub fn start(db: &Db, config: &Config, clock: &dyn Clock, publish: bool) -> anyhow::Result<Book> {
    if !publish && db.read(|c| Ok(store::books::get(c, IN_FORCE)?)).map_err(Error::into_anyhow)?.is_some() {
        return last_good(db, Vec::new());
    }
    match load(config) {
        Ok((files, rulebook, source)) => {
            let hash = rulebook.hash().to_owned();
            let current = db.read(|c| Ok(store::books::get(c, IN_FORCE)?)).map_err(Error::into_anyhow)?;
            let since = if current.as_deref() == Some(hash.as_str()) {
                db.read(|c| Ok(store::books::get(c, IN_FORCE_SINCE)?))
                    .map_err(Error::into_anyhow)?
                    .and_then(|t| t.parse().ok().map(Timestamp))
                    .unwrap_or_else(|| clock.now())
            } else {
                let now = clock.now();
                db.write(|c| put_in_force(c, &files, &hash, &source, now, clock))
                    .map_err(Error::into_anyhow)?;
                now
            };
            Ok(Book::new(rulebook, source, since, Vec::new()))
        }
        Err(refused) => {
            for line in &refused {
                tracing::error!("rulebook refused: {line}");
            }
            last_good(db, refused)
        }
    }
}

fn last_good(db: &Db, refused: Vec<String>) -> anyhow::Result<Book> {
    let row = db
        .read(|c| match store::books::get(c, IN_FORCE)? {
            Some(hash) => Ok(store::books::book(c, &hash)?),
            None => Ok(None),
        })
        .map_err(Error::into_anyhow)?;
    let Some(row) = row else {
        anyhow::bail!("the rulebook is refused and there is no earlier one:\n  {}", refused.join("\n  "));
    };
    let rulebook = of_row(&row)?;
    Ok(Book::new(rulebook, row.source, Timestamp(row.loaded_at), refused))
}

fn of_row(row: &BookRow) -> anyhow::Result<Rulebook> {
    let files: PackFiles = serde_json::from_str(&row.files).context("stored rulebook")?;
    Rulebook::load(&files).map_err(|e| anyhow::anyhow!("stored rulebook {}: {:?}", row.hash, e.first()))
}

/// The rulebook in force in the database, which another process may have published since this one looked.
pub fn in_force(app: &App, conn: &mut store::Conn) -> Result<std::sync::Arc<Book>> {
    let held = app.book();
    let Some(hash) = store::books::get(conn, IN_FORCE)? else { return Ok(held) };
    if hash == held.rulebook.hash() {
        return Ok(held);
    }
    let Some(row) = store::books::book(conn, &hash)? else { return Ok(held) };
    let rulebook = of_row(&row)?;
    let since = store::books::get(conn, IN_FORCE_SINCE)?.and_then(|t| t.parse().ok());
    let since = Timestamp(since.unwrap_or(row.loaded_at));
    app.put_book(Book::new(rulebook, row.source, since, held.refused.clone()));
    Ok(app.book())
}

/// Looks whether another process has published a rulebook.
pub fn keep_up(app: &App) -> Result<()> {
    app.db().read(|conn| in_force(app, conn)).map(|_| ())
}

/// A rulebook of the past by its hash; the one in force is not read again.
pub fn by_hash(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Rulebook>> {
    kept(tx.conn, hash)
}

/// A kept rulebook by its hash.
pub(super) fn kept(conn: &mut store::Conn, hash: &str) -> Result<Option<Rulebook>> {
    match store::books::book(conn, hash)? {
        Some(row) => Ok(Some(of_row(&row)?)),
        None => Ok(None),
    }
}

fn put_in_force(
    conn: &mut store::Conn,
    files: &PackFiles,
    hash: &str,
    source: &str,
    now: Timestamp,
    clock: &dyn Clock,
) -> Result<()> {
    let row = BookRow {
        hash: hash.to_owned(),
        source: source.to_owned(),
        files: serde_json::to_string(files).map_err(anyhow::Error::new)?,
        loaded_at: now.0,
    };
    store::books::keep(conn, &row)?;
    store::books::set(conn, IN_FORCE, hash)?;
    store::books::set(conn, IN_FORCE_SINCE, &now.0.to_string())?;
    let event = store::events::NewEvent {
        id: clock.new_id(),
        at: now.0,
        kind: "rulebook_published".into(),
        service_id: None,
        team_id: None,
        actor: source.to_owned(),
        sentence: format!("Rulebook {} is in force.", super::sentences::short_hash(hash)),
        data: json!({ "hash": hash, "source": source }).to_string(),
        audit: None,
    };
    store::events::append(conn, &[event])?;
    Ok(())
}

/// Reads the rulebook of the settings again; true when another one is in force now.
///
/// A refused rulebook changes nothing but the note on the rules page.
pub fn reload(app: &App) -> Result<bool> {
    let held = app.book();
    match load(&app.config) {
        Ok((files, rulebook, source)) => {
            let changed = rulebook.hash() != held.rulebook.hash();
            let mut since = held.since;
            if changed {
                let hash = rulebook.hash().to_owned();
                since = app.clock().now();
                app.db().write(|c| put_in_force(c, &files, &hash, &source, since, app.clock()))?;
                app.put_book(Book::new(rulebook, source, since, Vec::new()));
                super::runs::request(app, &Actor::schedule(), "rulebook")?;
            } else if !held.refused.is_empty() {
                app.put_book(Book::new(rulebook, source, since, Vec::new()));
            }
            Ok(changed)
        }
        Err(refused) => {
            for line in &refused {
                tracing::error!("rulebook refused: {line}");
            }
            app.put_book(Book::new(held.rulebook.clone(), held.source.clone(), held.since, refused));
            Ok(false)
        }
    }
}

/// The bands of a rulebook.
pub fn bands(book: &Rulebook) -> Vec<BandView> {
    book.bands().iter().map(|b| BandView { grade: b.letter.clone(), min: b.min }).collect()
}

/// The rulebook in force, with how all services do on each rule.
pub fn view(tx: &mut Tx<'_>) -> Result<RulebookView> {
    let counts = outcome_counts(tx)?;
    let book = std::sync::Arc::clone(&tx.book);
    let rules = &book.rulebook;
    let practices = rules
        .practices()
        .iter()
        .map(|practice| {
            let of: Vec<RuleView> = rules
                .rules()
                .iter()
                .enumerate()
                .filter(|(_, r)| r.practice == practice.id)
                .map(|(i, r)| rule_view(rules, r, counts.get(i)))
                .collect();
            RulebookPractice {
                id: practice.id.clone(),
                title: practice.title.clone(),
                points: of.iter().map(|r| u32::from(r.points)).sum(),
                rules: of,
            }
        })
        .collect();
    Ok(RulebookView {
        hash: rules.hash().to_owned(),
        source: book.source.clone(),
        since: book.since,
        refused: book.refused.clone(),
        bands: bands(rules),
        practices,
    })
}

type Counts = BTreeMap<String, i64>;

/// Services by outcome for each rule, read from the compact outcomes of every score.
fn outcome_counts(tx: &mut Tx<'_>) -> Result<Vec<Counts>> {
    let hash = tx.book.rulebook.hash().to_owned();
    let mut counts = vec![Counts::new(); tx.book.rulebook.rules().len()];
    let picture = tx.picture()?;
    for (rule, count) in picture.outcomes.get(&hash).into_iter().flatten().zip(counts.iter_mut()) {
        for (code, services) in rule {
            let word = Outcome::from_code(*code).map_or("unknown", Outcome::as_str);
            *count.entry(word.to_owned()).or_default() += services;
        }
    }
    Ok(counts)
}

fn rule_view(book: &Rulebook, rule: &Rule, counts: Option<&Counts>) -> RuleView {
    let outcomes = counts.cloned().unwrap_or_default();
    let applies: i64 =
        outcomes.iter().filter(|(k, _)| *k != "not_applicable" && *k != "waived").map(|(_, n)| n).sum();
    let passed = outcomes.get("pass").copied().unwrap_or(0);
    RuleView {
        id: rule.id.clone(),
        title: rule.title.clone(),
        practice: rule.practice.clone(),
        why: rule.why.clone(),
        fix: rule.fix.clone(),
        effort: rule.effort.as_str().to_owned(),
        points: rule.points,
        when: rule.when_text().map(str::to_owned),
        judge: rule.judge_text().to_owned(),
        caps: rule.caps.as_ref().and_then(|c| book.bands().get(c.band)).map(|b| b.letter.clone()),
        evidence: rule.evidence.as_str().to_owned(),
        flaky: rule.flaky,
        owner: rule.owner.clone(),
        review_by: rule.review_by.map(|d| d.to_string()),
        facts: rule.facts().iter().map(|id| book.catalogue().spec(*id).name.clone()).collect(),
        examples: rule.examples.iter().map(|e| example_view(book, e)).collect(),
        outcomes,
        pass_rate: (applies > 0).then(|| i16::try_from(100 * passed / applies).unwrap_or(0)),
    }
}

fn example_view(book: &Rulebook, example: &Example) -> ExampleView {
    let expect = match example.expected {
        Expected::Pass => "pass".to_owned(),
        Expected::Fail => "fail".to_owned(),
        Expected::Unknown => "unknown".to_owned(),
        Expected::NotApplicable => "not_applicable".to_owned(),
        Expected::Partial(milli) => format!("partial, {}%", f64::from(milli) / 10.0),
    };
    let facts: BTreeMap<&str, &scoring_rules::Value> =
        example.facts.iter().map(|(id, value)| (book.catalogue().spec(*id).name.as_str(), value)).collect();
    ExampleView { facts: serde_json::to_value(&facts).unwrap_or_default(), expect }
}

/// The fact catalogue of the rulebook in force.
pub fn facts(book: &Book) -> Vec<FactSpecView> {
    book.rulebook
        .catalogue()
        .iter()
        .map(|(_, spec)| FactSpecView {
            name: spec.name.clone(),
            fact_type: spec.kind.as_str().to_owned(),
            unit: spec.unit.clone(),
            source: spec.source.clone(),
            help: spec.help.clone(),
            age_limit_days: spec.ttl_days,
            example: serde_json::to_value(&spec.example).unwrap_or_default(),
            posted: spec.posted,
            send: spec.send.clone(),
        })
        .collect()
}
