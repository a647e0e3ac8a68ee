//! Writing challenges: everything that is wrong is told at once, and what runs is not moved under anybody's feet.

use serde::Serialize;
use serde_json::{Value, json};

use super::goal;
use super::wish::{ChangeChallenge, CreateChallenge, Created, Milestone, Sent};
use super::{CANCELLED, DRAFT, ENDED, OPEN, progress, stored};
use crate::app::Tx;
use crate::app::audit::Sides;
use crate::app::flows;
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::challenges::ChallengeRow as Row;
use crate::types::{DAY_MS, Timestamp};

/// Challenges that are written or under way at once.
const MAX_LIVE: i64 = 50;
/// The longest challenge, days.
const MAX_DAYS: i64 = 366;
/// Milestones of one challenge.
const MAX_MILESTONES: usize = 12;
/// Longest retrospective, in bytes of Markdown.
pub const MAX_MARKDOWN: usize = 20_000;

/// Stores a challenge as a draft.
///
/// # Errors
///
/// [`Error::Invalid`] with every wrong field; [`Error::Conflict`] for a slug that is taken, too many challenges, or a key
/// under which something else was sent.
pub fn create(tx: &mut Tx<'_>, cmd: &CreateChallenge, sent: Option<&Sent>) -> Result<Created> {
    let owner = tx.actor.owner.clone();
    if let Some(slug) = made_before(tx, &owner, sent)? {
        return Ok(Created { slug, replayed: true });
    }
    let mut wrong = Vec::new();
    let slug = match &cmd.slug {
        Some(slug) => {
            if !flows::is_slug(slug) || slug == "new" {
                let detail =
                    "a slug has 1 to 63 of a-z, 0-9, - _ . and begins and ends with a letter or digit";
                wrong.push(FieldError::new("/slug", detail));
            }
            slug.clone()
        }
        None => free_slug(tx, &cmd.title)?,
    };
    let row = Row {
        id: tx.new_id(),
        slug,
        title: cmd.title.trim().to_owned(),
        why: cmd.why.trim().to_owned(),
        state: DRAFT.to_owned(),
        starts_at: cmd.starts_at.0,
        ends_at: cmd.ends_at.0,
        scope: text(&cmd.scope.check(tx, &mut wrong)?)?,
        goal: text(&cmd.goal)?,
        target: percent(cmd.target_pct.unwrap_or(100), &mut wrong),
        milestones: text(&milestones(cmd.milestones.as_deref(), &mut wrong))?,
        badge: cmd.badge.as_deref().unwrap_or(&cmd.title).trim().to_owned(),
        retrospective: String::new(),
        created_by: tx.actor.name.clone(),
        created_at: tx.now.0,
        changed_at: tx.now.0,
        start_done: None,
        start_total: None,
        end_done: None,
        end_total: None,
        milestone: 0,
        half_time_at: None,
        ending_at: None,
        sent_by: sent.map(|_| owner),
        sent_key: sent.map(|sent| sent.key.clone()),
        sent_sha256: sent.map(|sent| sent.sha256.clone()),
    };
    check(tx, &row, &mut wrong)?;
    if store::challenges::count(tx.conn, &[DRAFT, OPEN])? >= MAX_LIVE {
        let detail = format!("There are {MAX_LIVE} challenges already. End or cancel one first.");
        return Err(Error::Conflict { detail });
    }
    if store::challenges::by_slug(tx.conn, &row.slug)?.is_some() {
        let detail = format!("The slug {} is taken. Name another one.", row.slug);
        return Err(Error::Conflict { detail });
    }
    store::challenges::insert(tx.conn, &row)?;
    let sentence = format!("The challenge {} was drafted.", row.title);
    tx.emit_change("challenge_created", None, None, sentence, &named(&row), Sides::made(shown(&row)));
    Ok(Created { slug: row.slug, replayed: false })
}

/// The slug of what the sender made before under the same key.
fn made_before(tx: &mut Tx<'_>, owner: &str, sent: Option<&Sent>) -> Result<Option<String>> {
    let Some(sent) = sent else { return Ok(None) };
    match store::challenges::by_key(tx.conn, owner, &sent.key)? {
        None => Ok(None),
        Some(row) if row.sent_sha256.as_deref() == Some(sent.sha256.as_str()) => Ok(Some(row.slug)),
        Some(_) => {
            let detail = "This Idempotency-Key was used for another challenge. Take a new one.";
            Err(Error::Conflict { detail: detail.into() })
        }
    }
}

/// Changes a challenge; gives its slug.
///
/// # Errors
///
/// [`Error::Invalid`] with every wrong field, and those that cannot change any more.
pub fn change(tx: &mut Tx<'_>, slug: &str, cmd: &ChangeChallenge) -> Result<String> {
    let before = stored(tx, slug)?;
    let mut wrong = fixed(&before, cmd);
    let mut row = before.clone();
    let trimmed = |text: &str| text.trim().to_owned();
    row.title = cmd.title.as_deref().map_or(row.title, trimmed);
    row.why = cmd.why.as_deref().map_or(row.why, trimmed);
    row.badge = cmd.badge.as_deref().map_or(row.badge, trimmed);
    row.retrospective = cmd.retrospective.as_deref().map_or(row.retrospective, trimmed);
    row.starts_at = cmd.starts_at.map_or(row.starts_at, |at| at.0);
    row.ends_at = cmd.ends_at.map_or(row.ends_at, |at| at.0);
    if let Some(scope) = &cmd.scope {
        row.scope = text(&scope.check(tx, &mut wrong)?)?;
    }
    if let Some(goal) = &cmd.goal {
        row.goal = text(goal)?;
    }
    if let Some(pct) = cmd.target_pct {
        row.target = percent(pct, &mut wrong);
    }
    if let Some(given) = &cmd.milestones {
        row.milestones = text(&milestones(Some(given), &mut wrong))?;
    }
    match cmd.state.as_deref() {
        None => {}
        Some(word) if word == row.state => {}
        Some(CANCELLED) if row.state == DRAFT || row.state == OPEN => CANCELLED.clone_into(&mut row.state),
        Some(_) => {
            let detail = format!(
                "a challenge starts and ends by itself; one that is draft or open can be cancelled, and this is {}",
                row.state
            );
            wrong.push(FieldError::new("/state", detail));
        }
    }
    if before.state == DRAFT {
        check(tx, &row, &mut wrong)?;
    } else {
        check_texts(&row, &mut wrong);
        if !wrong.is_empty() {
            return Err(Error::Invalid { fields: wrong });
        }
    }
    if row == before {
        return Ok(row.slug);
    }
    // Never the same twice: the one who writes and the job that starts it compare by it.
    row.changed_at = tx.now.0.max(before.changed_at + 1);
    if !store::challenges::update(tx.conn, &row, &before.state, before.changed_at)? {
        let detail = "The challenge was changed at this moment. Look at it again.";
        return Err(Error::Conflict { detail: detail.into() });
    }
    let cancelled = row.state == CANCELLED && before.state == OPEN;
    let (kind, verb) = match (cancelled, row.state == CANCELLED) {
        (true, _) => ("challenge_cancelled", "was cancelled"),
        (_, true) => ("challenge_changed", "was cancelled before it began"),
        _ => ("challenge_changed", "was changed"),
    };
    let sentence = format!("The challenge {} {verb}.", row.title);
    let sides = Sides::changed(shown(&before), shown(&row));
    tx.emit_change(kind, None, None, sentence, &named(&row), sides);
    Ok(row.slug)
}

/// Fields that are fixed in the state a challenge is in.
fn fixed(row: &Row, cmd: &ChangeChallenge) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let mut add = |place: &str, detail: &str| wrong.push(FieldError::new(place, detail));
    if row.state != DRAFT {
        let given = [
            ("/starts_at", cmd.starts_at.is_some()),
            ("/scope", cmd.scope.is_some()),
            ("/goal", cmd.goal.is_some()),
            ("/target_pct", cmd.target_pct.is_some()),
            ("/milestones", cmd.milestones.is_some()),
        ];
        for (place, _) in given.iter().filter(|(_, given)| *given) {
            add(place, "cannot change once a challenge has started; cancel it and make another one");
        }
        match cmd.ends_at {
            Some(_) if row.state != OPEN => {
                add("/ends_at", "cannot change: the challenge is over");
            }
            Some(at) if at.0 < row.ends_at => {
                add("/ends_at", "may only be put off: teams plan by the end they were told");
            }
            Some(at) if at.0 - row.starts_at > MAX_DAYS * DAY_MS => {
                add("/ends_at", "a challenge lasts 366 days at most");
            }
            _ => {}
        }
    }
    if row.state == ENDED || row.state == CANCELLED {
        // Teams carry the badge of this title.
        let given =
            [("/title", cmd.title.is_some()), ("/why", cmd.why.is_some()), ("/badge", cmd.badge.is_some())];
        for (place, _) in given.iter().filter(|(_, given)| *given) {
            add(place, "cannot change: the challenge is over, its result is frozen");
        }
    }
    if cmd.retrospective.is_some() && row.state != ENDED && row.state != CANCELLED {
        add("/retrospective", "is for a challenge that is over");
    }
    wrong
}

/// Everything that can be wrong with a draft; answers with all of it at once.
fn check(tx: &mut Tx<'_>, row: &Row, wrong: &mut Vec<FieldError>) -> Result<()> {
    check_texts(row, wrong);
    if row.ends_at <= row.starts_at {
        wrong.push(FieldError::new("/ends_at", "expected an instant after `starts_at`"));
    } else if row.ends_at - row.starts_at > MAX_DAYS * DAY_MS {
        wrong.push(FieldError::new("/ends_at", format!("a challenge lasts {MAX_DAYS} days at most")));
    } else if row.ends_at <= tx.now.0 && row.state == DRAFT {
        wrong.push(FieldError::new("/ends_at", "has passed already"));
    }
    let goal = goal::read(row);
    if let Err(fields) = goal.compile(&tx.book.rulebook) {
        wrong.extend(fields);
    } else if let Some(flow) = &goal.flow
        && let Err(error) = flows::detail(tx, flow)
    {
        match error {
            Error::NotFound { .. } => wrong.push(FieldError::new("/goal/flow", error.to_string())),
            other => return Err(other),
        }
    }
    if wrong.is_empty() && row.state == DRAFT {
        let progress = progress::evaluate(tx, row, tx.now)?;
        if let Some(problem) = progress.problem {
            wrong.push(FieldError::new("/goal", problem));
        } else if progress.all.total == 0 {
            let detail =
                "holds no service now of which the goal asks anything; widen it, or look at the catalog";
            wrong.push(FieldError::new("/scope", detail));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid { fields: std::mem::take(wrong) }) }
}

fn check_texts(row: &Row, wrong: &mut Vec<FieldError>) {
    let mut text = |place: &str, text: &str, least: usize, most: usize| {
        let odd = |c: char| c.is_control() && c != '\n' && c != '\r' && c != '\t';
        if text.len() < least || text.len() > most || text.contains(odd) {
            let detail = format!("expected {least} to {most} bytes of plain text");
            wrong.push(FieldError::new(place, detail));
        }
    };
    text("/title", &row.title, 1, 120);
    text("/why", &row.why, 0, 600);
    text("/badge", &row.badge, 1, 120);
    text("/retrospective", &row.retrospective, 0, MAX_MARKDOWN);
}

fn percent(pct: i64, wrong: &mut Vec<FieldError>) -> i16 {
    match i16::try_from(pct) {
        Ok(pct) if (1..=100).contains(&pct) => pct,
        _ => {
            wrong.push(FieldError::new("/target_pct", "expected percent from 1 to 100"));
            100
        }
    }
}

/// Milestones in their order, each place once.
fn milestones(given: Option<&[Milestone]>, wrong: &mut Vec<FieldError>) -> Vec<Milestone> {
    let quarters = || [25, 50, 75, 100].map(|at| Milestone { at, title: String::new() }).to_vec();
    let Some(given) = given.filter(|given| !given.is_empty()) else { return quarters() };
    if given.len() > MAX_MILESTONES {
        wrong.push(FieldError::new("/milestones", format!("expected at most {MAX_MILESTONES}")));
        return Vec::new();
    }
    let mut all: Vec<Milestone> = Vec::new();
    for (n, one) in given.iter().enumerate() {
        if !(1..=100).contains(&one.at) {
            wrong.push(FieldError::new(
                format!("/milestones/{n}/at"),
                "expected percent of the way, 1 to 100",
            ));
        } else if all.iter().any(|known| known.at == one.at) {
            wrong.push(FieldError::new(format!("/milestones/{n}/at"), "is given twice"));
        }
        if one.title.len() > 120 || one.title.contains(char::is_control) {
            let detail = "expected at most 120 bytes of plain text";
            wrong.push(FieldError::new(format!("/milestones/{n}/title"), detail));
        }
        all.push(Milestone { at: one.at, title: one.title.trim().to_owned() });
    }
    all.sort_by_key(|one| one.at);
    all
}

/// A slug from a title; with a number where it is taken, so that a challenge can come again.
fn free_slug(tx: &mut Tx<'_>, title: &str) -> Result<String> {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 48 {
            break;
        }
    }
    let base = Some(slug.trim_matches('-')).filter(|s| !s.is_empty() && *s != "new").unwrap_or("challenge");
    let base = base.to_owned();
    let mut slug = base.clone();
    for n in 2..200 {
        if store::challenges::by_slug(tx.conn, &slug)?.is_none() {
            return Ok(slug);
        }
        slug = format!("{base}-{n}");
    }
    Ok(slug)
}

fn text<T: Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value).map_err(anyhow::Error::new)?)
}

/// What an event of a challenge carries.
pub(super) fn named(row: &Row) -> Value {
    json!({ "challenge": row.slug, "title": row.title })
}

/// A challenge for the audit.
fn shown(row: &Row) -> Value {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "slug": row.slug, "title": row.title, "why": row.why, "state": row.state,
        "starts_at": Timestamp(row.starts_at), "ends_at": Timestamp(row.ends_at), "scope": read(&row.scope),
        "goal": read(&row.goal), "target_pct": row.target, "milestones": read(&row.milestones),
        "badge": row.badge, "retrospective": row.retrospective,
    })
}
