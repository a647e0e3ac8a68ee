//! The weekly digest: what moved for a team, or for everybody, since the one before. Quiet when nothing did.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::kinds::{self, Section};
use super::note::{Line, Note, Part, address, clean};
use super::spread::{below, concerns};
use super::{message, queue, targets};
use crate::app::feed::event_views;
use crate::app::owners::TeamTree;
use crate::app::views::{EventView, Standing, TeamStep};
use crate::app::{Actor, App, Tx, sentences, teams};
use crate::error::Result;
use crate::store;
use crate::store::events::EventRow;
use crate::store::log::Part as OfLog;
use crate::store::outbox::TargetRow;
use crate::store::services::TeamRow;
use crate::types::Timestamp;

/// Events of one kind, or of one team, that a digest looks at; of more it says that there are.
const LOOKED_AT: i64 = 5_000;
/// Teams whose parts of the log are read one by one; of more the kinds are.
const MERGED: usize = 40;
/// Lines of a section.
const LINES: usize = 10;
/// Longest line, characters.
const MAX_LINE: usize = 240;

/// Makes every digest that is due; gives how many were. One that cannot be made stands in nobody's way, and is tried
/// again.
pub fn run_due(app: &App) -> Result<usize> {
    let ids = app.read_now(|tx| Ok(store::outbox::due_digests(tx.conn, tx.now.0)?))?;
    let mut made = 0;
    for id in ids {
        match one(app, &id) {
            Ok(told) => made += usize::from(told),
            Err(error) => tracing::warn!(target_id = id, ?error, "a digest"),
        }
    }
    Ok(made)
}

/// Puts the schedule of the settings into force for targets that were added under another one; gives how many moved.
///
/// # Errors
///
/// Those of the database.
pub fn reschedule(app: &App) -> Result<usize> {
    app.write_now(&Actor::schedule(), |tx| {
        let next = targets::next_digest(tx);
        Ok(store::outbox::move_digests(tx.conn, tx.now.0, next)?)
    })
}

/// Makes the digest of one target, unless another process has.
fn one(app: &App, id: &str) -> Result<bool> {
    // Put together without holding anybody up.
    let Some((due, head, note)) = app.read_now(|tx| compose(tx, id))? else { return Ok(false) };
    app.write_now(&Actor::schedule(), |tx| {
        let Some(mut row) = store::outbox::held(tx.conn, id)? else { return Ok(false) };
        if row.digest_at != Some(due) {
            return Ok(false);
        }
        row.digest_at = targets::next_digest(tx);
        row.digest_seq = head;
        let told = note.is_some();
        if let Some(note) = &note {
            // However much waits: there is one a week, and it is never left out.
            let digest = message(tx, &row.id, None, note)?;
            queue(tx, &mut row, std::slice::from_ref(&digest))?;
        }
        store::outbox::save(tx.conn, &row)?;
        Ok(told)
    })
}

/// For whom a digest is.
struct Scope {
    /// The team, its id and slug and all below it; none: everybody.
    team: Option<(TeamRow, HashSet<String>)>,
    ids: Vec<String>,
}

/// Due instant, position up to which it tells, and what it says.
type Composed = (i64, i64, Option<Note>);

fn compose(tx: &mut Tx<'_>, id: &str) -> Result<Option<Composed>> {
    let Some(row) = store::outbox::by_id(tx.conn, id)? else { return Ok(None) };
    let Some(due) = row.digest_at.filter(|at| *at <= tx.now.0) else { return Ok(None) };
    let head = store::events::newest_seq(tx.conn)?;
    let scope = scope(tx, &row)?;
    let (events, over) = read(tx, &scope, (row.digest_seq, head))?;
    if events.is_empty() {
        return Ok(Some((due, head, None)));
    }
    let mut note = write(tx, &row, &scope, &events)?;
    if let Some(note) = note.as_mut().filter(|_| over) {
        note.text.push_str(" More happened than a digest looks at: see the activity.");
    }
    Ok(Some((due, head, note)))
}

fn scope(tx: &mut Tx<'_>, row: &TargetRow) -> Result<Scope> {
    let Some(id) = &row.team_id else { return Ok(Scope { team: None, ids: Vec::new() }) };
    let tree = TeamTree::load(tx)?;
    let team = tree.get(id).cloned();
    let ids = match &team {
        Some(team) => store::fleet::team_ids_below(tx.conn, &team.path)?,
        None => vec![id.clone()],
    };
    Ok(Scope { team: team.map(|team| (team, below(&tree, id))), ids })
}

/// What happened in between, oldest first, and whether more did than is looked at.
fn read(tx: &mut Tx<'_>, scope: &Scope, span: (i64, i64)) -> Result<(Vec<(EventRow, EventView)>, bool)> {
    let kinds = kinds::in_digest();
    let (mut rows, mut over) = (Vec::new(), false);
    let mut add = |found: Vec<EventRow>| {
        over |= found.len() as i64 == LOOKED_AT;
        rows.extend(found);
    };
    if scope.ids.is_empty() || scope.ids.len() > MERGED {
        for kind in &kinds {
            add(store::log::of_kind_between(tx.conn, OfLog::Kind(kind), &[kind], span, LOOKED_AT)?);
        }
    } else {
        for id in &scope.ids {
            add(store::log::of_kind_between(tx.conn, OfLog::Team(id), &kinds, span, LOOKED_AT)?);
        }
        // What is told of no team in particular concerns it all the same.
        for kind in kinds.iter().filter(|kind| is_general(kind)) {
            let all = store::log::of_kind_between(tx.conn, OfLog::Kind(kind), &[kind], span, LOOKED_AT)?;
            add(all.into_iter().filter(|row| row.team_id.is_none()).collect());
        }
    }
    rows.sort_by_key(|row| row.seq);
    let views = event_views(tx, &rows)?;
    let mut events: Vec<(EventRow, EventView)> = rows.into_iter().zip(views).collect();
    if let Some((_, near)) = &scope.team {
        let general = |view: &EventView| is_general(&view.kind) && !view.data["teams"].is_array();
        events.retain(|(row, view)| concerns(row, view, near) || (row.team_id.is_none() && general(view)));
    }
    Ok((events, over))
}

/// Whether events of a kind may be of no team in particular.
fn is_general(kind: &str) -> bool {
    matches!(kinds::section_of(kind), Some(Section::Challenges | Section::Rules))
}

/// What the digest says; none where nothing of it is worth a line.
fn write(
    tx: &mut Tx<'_>,
    row: &TargetRow,
    scope: &Scope,
    events: &[(EventRow, EventView)],
) -> Result<Option<Note>> {
    let base = tx.base_url.clone();
    let mut sections: Vec<Part> = Vec::new();
    for section in Section::ALL {
        let of: Vec<&EventView> = events
            .iter()
            .map(|(_, view)| view)
            .filter(|v| kinds::section_of(&v.kind) == Some(section))
            .collect();
        let lines = match section {
            Section::Grades => grades(tx, &of)?,
            _ => of.iter().rev().map(|view| sentence(&base, view)).collect(),
        };
        if !lines.is_empty() {
            sections.push(part(section.title(), lines));
        }
    }
    if sections.is_empty() {
        return Ok(None);
    }
    let from = events.first().map_or(tx.now, |(row, _)| Timestamp(row.at));
    let (name, standing, steps, url) = match &scope.team {
        None => ("everything".to_owned(), teams::fleet(tx)?.standing, Vec::new(), format!("{base}/")),
        Some((team, _)) if team.removed_at.is_none() => {
            let view = teams::team(tx, &team.slug)?;
            (team.name.clone(), view.standing, view.next_steps, format!("{base}/teams/{}", team.slug))
        }
        // The team is gone: what happened to it last is told all the same.
        Some((team, _)) => {
            return Ok(Some(note(
                row,
                &team.name,
                tx.now,
                from,
                String::new(),
                sections,
                format!("{base}/activity"),
            )));
        }
    };
    let regressed = events.iter().filter(|(_, view)| view.kind == "drill_regressed").count();
    if let Some(step) = steps.first() {
        sections.push(Part {
            title: "Next step of the week".into(),
            lines: vec![step_line(&base, step)],
            more: 0,
        });
    }
    Ok(Some(note(row, &name, tx.now, from, lead(&standing, regressed), sections, url)))
}

fn note(
    row: &TargetRow,
    name: &str,
    at: Timestamp,
    from: Timestamp,
    lead: String,
    sections: Vec<Part>,
    url: String,
) -> Note {
    let scope = row.team_id.as_ref().map(|_| name);
    let data = json!({
        "team": scope, "from": from, "to": at, "summary": lead, "url": url, "sections": sections,
    });
    let title = format!("Waterbear, the week of {}", clean(name, 80));
    Note { kind: "digest".into(), at, title, text: lead, sections, url, data }
}

/// Where it stands, in a sentence or two.
fn lead(standing: &Standing, regressed: usize) -> String {
    let services =
        if standing.services == 1 { "1 service".into() } else { format!("{} services", standing.services) };
    let score = match (standing.score, &standing.grade) {
        (Some(score), Some(grade)) => format!("{services}, on average {score} points ({grade})"),
        _ => format!("{services}, none graded yet"),
    };
    let moved = match standing.gained_30d {
        Some(gained) if gained > 0 => format!(", {gained} more than 30 days ago"),
        Some(gained) if gained < 0 => format!(", {} less than 30 days ago", -gained),
        _ => String::new(),
    };
    let open = match standing.regressions {
        0 => "No drill that passed once fails now.".to_owned(),
        1 => "1 drill that passed once fails now.".to_owned(),
        n => format!("{n} drills that passed once fail now."),
    };
    let new = match regressed {
        0 => String::new(),
        1 => " 1 broke since the last digest.".to_owned(),
        n => format!(" {n} broke since the last digest."),
    };
    format!("{score}{moved}. {open}{new}")
}

fn step_line(base: &str, step: &TeamStep) -> Line {
    let text = format!("{}: {} ({} points, {})", step.service, step.title, step.points, step.effort);
    Line { text: clean(&text, MAX_LINE), url: Some(format!("{base}/services/{}", step.service)) }
}

fn sentence(base: &str, view: &EventView) -> Line {
    Line { text: clean(&view.sentence, MAX_LINE), url: Some(address(base, view)) }
}

fn part(title: &str, mut lines: Vec<Line>) -> Part {
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    Part { title: title.to_owned(), lines, more }
}

/// Of each service the letter it had first and has now, where they differ: the greatest falls first, then the greatest
/// gains.
fn grades(tx: &mut Tx<'_>, events: &[&EventView]) -> Result<Vec<Line>> {
    struct Moved {
        from: (i64, String),
        to: (i64, String),
    }
    let side = |data: &Json, when: &str| {
        let letter = data["grade"][when].as_str().unwrap_or_default().to_owned();
        (data["score"][when].as_i64().unwrap_or(0), letter)
    };
    let mut moved: BTreeMap<&str, Moved> = BTreeMap::new();
    for view in events {
        let Some(slug) = view.service.as_deref() else { continue };
        let to = side(&view.data, "after");
        match moved.get_mut(slug) {
            Some(known) => known.to = to,
            None => {
                moved.insert(slug, Moved { from: side(&view.data, "before"), to });
            }
        }
    }
    moved.retain(|_, moved| moved.from.1 != moved.to.1);
    let slugs: Vec<String> = moved.keys().map(|slug| (*slug).to_owned()).collect();
    let names: HashMap<String, String> =
        store::fleet::names_of(tx.conn, &slugs)?.into_iter().map(|(slug, name, _)| (slug, name)).collect();
    let mut order: Vec<(i64, &str)> = moved.iter().map(|(slug, m)| (m.to.0 - m.from.0, *slug)).collect();
    // Falls, the greatest first; then gains, the greatest first.
    order.sort_by_key(|(by, slug)| (*by >= 0, -by.abs(), *slug));
    let line = |(by, slug): (i64, &str)| {
        let Moved { from, to } = moved.get(slug)?;
        let name = names.get(slug).map_or(slug, String::as_str);
        let text = format!("{name}: {} to {} ({by:+} points)", letter(&from.1), letter(&to.1));
        Some(Line { text: clean(&text, MAX_LINE), url: Some(format!("{}/services/{slug}", tx.base_url)) })
    };
    Ok(order.into_iter().filter_map(line).collect())
}

fn letter(grade: &str) -> &str {
    sentences::or_dash(grade)
}
