//! Final standings: everybody's worth at the last instant of a season, whenever they are worked out.

use std::collections::{BTreeMap, HashMap, HashSet};

use scoring_rules::boards::Leagues;

use super::board::Board;
use super::cohort::Cohort;
use super::season::Season;
use super::table::{Entry, Table};
use crate::app::fleet::{Picture, Ranked};
use crate::app::{Tx, scorecard, standing};
use crate::error::{Error, Result};
use crate::store;
use crate::store::seasons::{FinalRow, SERVICE, StoodAt, TEAM};
use crate::types::Timestamp;

/// Services read in one query.
const PAGE: i64 = 5_000;
/// Services judged since the season ended are looked back at one by one, so many at most: normally those of some seconds.
const LOOK_BACK: usize = 10_000;

/// The standings of a season that is over. Evidence that arrived since its end does not change them.
pub fn compute(tx: &mut Tx<'_>, season: Season, leagues: &Leagues) -> Result<Vec<FinalRow>> {
    let end = season.end();
    let stood = stood_at(tx, end)?;
    let mut picture = Picture::make(tx.conn)?;
    let mut late = Vec::new();
    let (letters, services) = (&mut picture.letters, &mut picture.services);
    services.retain_mut(|service| {
        let Some(then) = stood.get(&*service.id) else { return false };
        if then.graded_at >= end.0 {
            late.push(service.id.clone());
        }
        service.score = then.score;
        service.grade = number(letters, &then.grade);
        true
    });
    late.truncate(LOOK_BACK);
    look_back(tx, &mut picture.services, &late, end)?;
    let mut cohort = Cohort::read(tx.conn, season)?;
    cohort.rows.retain(|row| row.gone.is_some() || stood.contains_key(&*row.id));
    let table = Table::make(&picture, &cohort, leagues, Timestamp(end.0 - 1));
    let mut rows = teams(tx, season, &picture, &table);
    rows.extend(services_of(tx, season, &picture, &table)?);
    Ok(rows)
}

fn stood_at(tx: &mut Tx<'_>, end: Timestamp) -> Result<HashMap<String, StoodAt>> {
    let mut found = HashMap::new();
    let mut after = String::new();
    loop {
        let (rows, last) = store::seasons::stood_at(tx.conn, &after, PAGE, end.0)?;
        found.extend(rows.into_iter().map(|row| (row.service_id.clone(), row)));
        match last {
            Some(last) => after = last,
            None => return Ok(found),
        }
    }
}

fn number(letters: &mut Vec<String>, letter: &str) -> u8 {
    let at = letters.iter().position(|known| known == letter).unwrap_or_else(|| {
        letters.push(letter.to_owned());
        letters.len() - 1
    });
    u8::try_from(at).unwrap_or(u8::MAX)
}

/// Counts of services that were judged since the end are those of evidence until then.
fn look_back(tx: &mut Tx<'_>, services: &mut [Ranked], late: &[Box<str>], end: Timestamp) -> Result<()> {
    let late: HashSet<&str> = late.iter().map(|id| &**id).collect();
    for service in services.iter_mut().filter(|service| late.contains(&*service.id)) {
        let then = match scorecard::explain(tx, &service.slug, Some(Timestamp(end.0 - 1))) {
            Ok(then) => then,
            // Pruned meanwhile: what is known now has to do.
            Err(Error::Internal(error)) => return Err(Error::Internal(error)),
            Err(_) => continue,
        };
        let counts = then.judged.sheet.counts;
        service.drills = (counts.expected, counts.fresh);
        service.calls = (counts.calls, counts.verified);
        service.broken = then.judged.sheet.regressions > 0;
        if service.steady_since.is_some_and(|since| since >= end.0) {
            service.steady_since = store::seasons::regressed_before(tx.conn, &service.id, end.0)?;
        }
    }
    Ok(())
}

fn row(season: Season, subject: i16, entry: &Entry) -> FinalRow {
    FinalRow {
        season: season.to_string(),
        subject,
        id: String::new(),
        slug: String::new(),
        name: String::new(),
        group_name: None,
        tier: i16::from(entry.tier),
        league: i16::from(entry.league),
        services: i32::try_from(entry.services).unwrap_or(i32::MAX),
        score: entry.score,
        grade: String::new(),
        gained: entry.gained,
        improved: entry.value(Board::Improved),
        streak: entry.value(Board::Streak),
        drills: entry.value(Board::Drills),
        fallbacks: entry.value(Board::Fallbacks),
        grades: "{}".to_owned(),
        worth: None,
    }
}

fn teams(tx: &Tx<'_>, season: Season, picture: &Picture, table: &Table) -> Vec<FinalRow> {
    let mut grades: HashMap<u32, BTreeMap<String, i64>> = HashMap::new();
    for service in &picture.services {
        if let Some(team) = service.team {
            *grades.entry(team).or_default().entry(picture.letter(service.grade)).or_default() += 1;
        }
    }
    let grades = with_above(picture, &grades);
    let full = |entry: &Entry| {
        let team = picture.tree.rows().get(entry.at as usize)?;
        let none = BTreeMap::new();
        let grades = grades.get(team.id.as_str()).unwrap_or(&none);
        Some(FinalRow {
            id: team.id.clone(),
            slug: team.slug.clone(),
            name: team.name.clone(),
            group_name: picture.tree.ancestors(team).last().map(|above| above.name.clone()),
            grade: standing::letter_of(&tx.book.rulebook, Some(entry.score)).unwrap_or_default(),
            grades: serde_json::to_string(grades).unwrap_or_default(),
            worth: entry.value(Board::Score).and_then(|worth| i16::try_from(worth).ok()),
            ..row(season, TEAM, entry)
        })
    };
    table.entries(true).iter().filter_map(full).collect()
}

/// By id of the team, what it and all teams below it count.
fn with_above<'a>(
    picture: &'a Picture,
    own: &HashMap<u32, BTreeMap<String, i64>>,
) -> HashMap<&'a str, BTreeMap<String, i64>> {
    let mut all: HashMap<&str, BTreeMap<String, i64>> = HashMap::new();
    for (team, counts) in own {
        let Some(team) = picture.tree.rows().get(*team as usize) else { continue };
        for above in picture.tree.ancestors(team).into_iter().chain([team]) {
            let sums = all.entry(above.id.as_str()).or_default();
            for (letter, count) in counts {
                *sums.entry(letter.clone()).or_default() += count;
            }
        }
    }
    all
}

fn services_of(tx: &mut Tx<'_>, season: Season, picture: &Picture, table: &Table) -> Result<Vec<FinalRow>> {
    let slugs: Vec<String> = picture.services.iter().map(|s| s.slug.to_string()).collect();
    let mut names: HashMap<String, (String, Option<String>)> = store::fleet::names_of(tx.conn, &slugs)?
        .into_iter()
        .map(|(slug, name, team)| (slug, (name, team)))
        .collect();
    let full = |entry: &Entry| {
        let service = picture.services.get(entry.at as usize)?;
        let (name, group_name) =
            names.remove(&*service.slug).unwrap_or_else(|| (service.slug.to_string(), None));
        Some(FinalRow {
            id: service.id.to_string(),
            slug: service.slug.to_string(),
            name,
            group_name,
            grade: picture.letter(service.grade),
            ..row(season, SERVICE, entry)
        })
    };
    Ok(table.entries(false).iter().filter_map(full).collect())
}
