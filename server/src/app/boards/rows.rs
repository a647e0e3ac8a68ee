//! Rows of a board, with what only shown rows need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::table::{Entry, rank};
use super::{Shown, Source};
use crate::app::fleet::Picture;
use crate::app::standing::{self, Tally};
use crate::app::views::BoardRow;
use crate::app::{Book, Tx};
use crate::error::Result;
use crate::store;
use crate::store::boards::DailyRow;

/// The rows at these places.
pub(super) fn rows(tx: &mut Tx<'_>, shown: &Shown, at: &[usize]) -> Result<Vec<BoardRow>> {
    let book = Arc::clone(&tx.book);
    let places: Vec<(usize, Entry)> = at.iter().filter_map(|n| Some((*n, *shown.entry(*n)?))).collect();
    let bare: Vec<(Entry, BoardRow)> =
        places.iter().map(|(n, entry)| (*entry, bare(&book, shown, *n, entry))).collect();
    match &shown.source {
        Source::Frozen(archive) => Ok(bare
            .into_iter()
            .filter_map(|(entry, row)| {
                let held = archive.rows.get(entry.at as usize)?;
                let grades: BTreeMap<String, i64> = serde_json::from_str(&held.grades).unwrap_or_default();
                Some(BoardRow {
                    name: held.name.clone(),
                    group: held.group_name.clone(),
                    grade: held.grade.clone(),
                    grades: standing::grade_counts(&book.rulebook, &grades),
                    ..row
                })
            })
            .collect()),
        Source::Live(picture, ..) if shown.by_team => teams(tx, picture, bare),
        Source::Live(picture, ..) => services(tx, picture, bare),
    }
}

/// What every row has.
fn bare(book: &Book, shown: &Shown, at: usize, entry: &Entry) -> BoardRow {
    let league = shown.source.leagues().get(usize::from(entry.league)).filter(|_| shown.by_team);
    BoardRow {
        rank: rank(&shown.order, at),
        slug: shown.slug(at).to_owned(),
        name: String::new(),
        group: None,
        score: entry.score,
        grade: standing::letter_of(&book.rulebook, Some(entry.score)).unwrap_or_default(),
        gained: entry.gained,
        value: entry.value(shown.board).unwrap_or(0),
        league: league.map(|league| league.id.clone()),
        services: i64::from(entry.services),
        grades: standing::grade_counts(&book.rulebook, &BTreeMap::new()),
        weeks: Vec::new(),
    }
}

fn services(tx: &mut Tx<'_>, picture: &Picture, bare: Vec<(Entry, BoardRow)>) -> Result<Vec<BoardRow>> {
    let slugs: Vec<String> = bare.iter().map(|(_, row)| row.slug.clone()).collect();
    let names: HashMap<String, (String, Option<String>)> =
        store::fleet::names_of(tx.conn, &slugs)?.into_iter().map(|(slug, n, t)| (slug, (n, t))).collect();
    let full = |(entry, row): (Entry, BoardRow)| {
        let (name, group) = names.get(&row.slug).cloned().unwrap_or_else(|| (row.slug.clone(), None));
        let held = picture.services.get(entry.at as usize);
        BoardRow { name, group, grade: held.map_or_else(String::new, |s| picture.letter(s.grade)), ..row }
    };
    Ok(bare.into_iter().map(full).collect())
}

fn teams(tx: &mut Tx<'_>, picture: &Picture, bare: Vec<(Entry, BoardRow)>) -> Result<Vec<BoardRow>> {
    let team = |entry: &Entry| picture.tree.rows().get(entry.at as usize);
    let ids: Vec<String> = bare.iter().filter_map(|(entry, _)| Some(team(entry)?.id.clone())).collect();
    let days = standing::week_days(tx.now, 12);
    let mut kept: HashMap<String, Vec<DailyRow>> = HashMap::new();
    for row in store::boards::daily_of(tx.conn, standing::TEAM, &ids, &days)? {
        kept.entry(row.scope_id.clone()).or_default().push(row);
    }
    let book = Arc::clone(&tx.book);
    let none = Tally::default();
    let full = |(entry, row): (Entry, BoardRow)| {
        let team = team(&entry)?;
        let tally = picture.teams.get(&team.id).unwrap_or(&none);
        let weeks = kept.get(&team.id).map_or(&[][..], Vec::as_slice);
        Some(BoardRow {
            name: team.name.clone(),
            group: picture.tree.ancestors(team).last().map(|t| t.name.clone()),
            grades: standing::grade_counts(&book.rulebook, &tally.grades),
            weeks: standing::weeks_of(&days, weeks, tally),
            ..row
        })
    };
    Ok(bare.into_iter().filter_map(full).collect())
}
