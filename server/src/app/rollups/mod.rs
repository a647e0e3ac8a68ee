//! Rollups: standings by company, division, team, tier or practice, now or on a past day.
//!
//! A past day is what was kept at the end of its last grading run (`scope_daily`), so it never changes. What was not kept
//! is null and not guessed. Sums are of everything; lines of teams that the reader may not know of are left out.

pub mod day;
pub mod moved;

use std::collections::HashMap;
use std::sync::Arc;

use self::day::{Day, day_text};
use super::owners::TeamTree;
use super::standing::{self, Tally};
use super::views::Rollup;
use super::{Book, Tx, owners};
use crate::error::{Error, Result};
use crate::store;
use crate::store::services::TeamRow;

/// Days over which a trend is told.
const TREND_DAYS: i32 = 30;

/// What is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Everything.
    Company,
    /// The first level below the company, and the rest.
    Division,
    /// Every team with all below it.
    Team,
    /// Each tier.
    Tier,
    /// Each practice.
    Practice,
}

impl By {
    /// Reads the word of a query; a team for any other.
    pub fn of(word: &str) -> Self {
        match word {
            "company" => Self::Company,
            "division" => Self::Division,
            "tier" => Self::Tier,
            "practice" => Self::Practice,
            _ => Self::Team,
        }
    }
}

/// A scope to be told of.
struct Scope {
    kind: i16,
    id: String,
    key: String,
    name: String,
    parent: Option<String>,
}

impl Scope {
    fn all() -> Self {
        Self {
            kind: standing::ALL,
            id: String::new(),
            key: "all".to_owned(),
            name: "All services".to_owned(),
            parent: None,
        }
    }

    fn team(tree: &TeamTree, team: &TeamRow) -> Self {
        let parent = team.parent_id.as_deref().and_then(|id| tree.get(id)).map(|above| above.slug.clone());
        Self {
            kind: standing::TEAM,
            id: team.id.clone(),
            key: team.slug.clone(),
            name: team.name.clone(),
            parent,
        }
    }
}

/// The lines of a rollup on a day; none: now. With the slug of a team, that team and those below it.
///
/// # Errors
///
/// [`Error::Invalid`] for a day that is not over yet, or of which nothing was kept, and for a team where something else
/// than teams is added up; [`Error::NotFound`] for a team that the reader may not know of.
pub fn rollups(tx: &mut Tx<'_>, by: By, at: Option<i32>, scope: Option<&str>) -> Result<Vec<Rollup>> {
    if scope.is_some() && by != By::Team {
        return Err(Error::invalid("?scope", "goes with by=team; leave one of them out"));
    }
    let below = scope.map(|slug| owners::team(tx, slug)).transpose()?.map(|team| team.path);
    let inside = |team: &TeamRow| below.as_ref().is_none_or(|path| team.path.starts_with(path.as_str()));
    let day = Day::of(tx, at)?;
    let veil = tx.veil()?;
    let tree = &day.picture.tree;
    let living = || tree.rows().iter().filter(|team| team.removed_at.is_none());
    let scopes: Vec<Scope> = match by {
        By::Practice => return by_practice(tx, &day),
        By::Company => vec![Scope::all()],
        By::Division => divisions(tree).into_iter().map(|team| Scope::team(tree, team)).collect(),
        By::Team => {
            living().filter(|t| !veil.hides_team(&t.id) && inside(t)).map(|t| Scope::team(tree, t)).collect()
        }
        By::Tier => (1..=4).map(tier).collect(),
    };
    let Some(kind) = scopes.first().map(|scope| scope.kind) else { return Ok(Vec::new()) };
    let ids: Vec<String> = scopes.iter().map(|scope| scope.id.clone()).collect();
    let tallies = day.tallies(tx, kind, &ids)?;
    let before = means(tx, kind, &ids, day.day - TREND_DAYS)?;
    let book = Arc::clone(&tx.book);
    let none = Tally::default();
    let mut lines: Vec<(bool, Rollup)> = Vec::with_capacity(scopes.len() + 1);
    for scope in &scopes {
        let tally = tallies.get(&scope.id).unwrap_or(&none);
        // A tier that nothing is in is no line; a team is one.
        if by == By::Tier && tally.services == 0 {
            continue;
        }
        let line = line(&book, &day, scope, tally, before.get(&scope.id).copied());
        lines.push((veil.hides_team(&scope.id), line));
    }
    if by == By::Division {
        let all = day.tally(tx, standing::ALL, "")?;
        let rest = rest_of(&all, scopes.iter().filter_map(|scope| tallies.get(&scope.id)));
        if rest.services > 0 {
            let scope = Scope { key: String::new(), name: "Of no division".to_owned(), ..Scope::all() };
            lines.push((false, line(&book, &day, &scope, &rest, None)));
        }
    }
    Ok(lines.into_iter().filter(|(hidden, _)| !hidden).map(|(_, line)| line).collect())
}

/// The first level below the company, which is the only team with teams below it and none above; beside them, teams that
/// stand alone. Where several teams with teams below them have none above, there is no company, and those are the divisions.
pub fn divisions(tree: &TeamTree) -> Vec<&TeamRow> {
    let living = tree.rows().iter().filter(|team| team.removed_at.is_none());
    let is_root = |team: &&TeamRow| tree.ancestors(team).iter().all(|above| above.removed_at.is_some());
    let roots: Vec<&TeamRow> = living.filter(is_root).collect();
    let mut companies = roots.iter().filter(|root| !children(tree, root).is_empty());
    let (Some(company), None) = (companies.next(), companies.next()) else { return roots };
    let alone = roots.iter().copied().filter(|root| root.id != company.id);
    children(tree, company).into_iter().chain(alone).collect()
}

/// Living teams right below a team, in path order.
pub fn children<'a>(tree: &'a TeamTree, team: &TeamRow) -> Vec<&'a TeamRow> {
    let places = tree.places_below(&team.path);
    let below = tree.rows().get(places).unwrap_or_default();
    let own =
        |child: &&TeamRow| child.parent_id.as_deref() == Some(team.id.as_str()) && child.removed_at.is_none();
    below.iter().filter(own).collect()
}

/// What of a whole is in none of its parts. The median of that is not known.
pub fn rest_of<'a>(all: &Tally, parts: impl Iterator<Item = &'a Tally>) -> Tally {
    let mut rest = all.clone();
    let standing::Extra { regressions, certified, expiring, .. } = all.extra;
    rest.extra = standing::Extra { regressions, certified, expiring, ..standing::Extra::default() };
    let less = |all: Option<i64>, part: Option<i64>| all.zip(part).map(|(all, part)| all - part);
    for part in parts {
        rest.services -= part.services;
        rest.graded -= part.graded;
        rest.score_sum -= part.score_sum;
        rest.coverage_sum -= part.coverage_sum;
        rest.regressions -= part.regressions;
        rest.extra.regressions = less(rest.extra.regressions, part.extra.regressions);
        rest.extra.certified = less(rest.extra.certified, part.extra.certified);
        rest.extra.expiring = less(rest.extra.expiring, part.extra.expiring);
        for (letter, n) in &part.grades {
            *rest.grades.entry(letter.clone()).or_default() -= n;
        }
        for (practice, (sum, n)) in &part.practices {
            let sums = rest.practices.entry(practice.clone()).or_default();
            sums.0 -= sum;
            sums.1 -= n;
        }
    }
    rest
}

fn tier(tier: i16) -> Scope {
    Scope {
        kind: standing::TIER,
        id: tier.to_string(),
        key: tier.to_string(),
        name: format!("Tier {tier}"),
        parent: None,
    }
}

/// Mean scores of scopes on one kept day.
fn means(tx: &mut Tx<'_>, kind: i16, ids: &[String], day: i32) -> Result<HashMap<String, i16>> {
    let rows = store::rollups::sums_on(tx.conn, kind, ids, day)?;
    Ok(rows.into_iter().filter_map(|(id, sum, n)| Some((id, standing::mean(sum, n)?))).collect())
}

fn line(book: &Book, day: &Day, scope: &Scope, tally: &Tally, before: Option<i16>) -> Rollup {
    Rollup {
        key: scope.key.clone(),
        name: scope.name.clone(),
        parent: scope.parent.clone(),
        day: day_text(day.day),
        services: tally.services,
        graded: tally.graded,
        score: tally.mean(),
        median: tally.extra.median,
        grade: standing::letter_of(&book.rulebook, tally.mean()),
        coverage: tally.coverage_sum.checked_div(tally.graded),
        grades: standing::grade_counts(&book.rulebook, &tally.grades),
        trend: tally.mean().zip(before).map(|(now, then)| now - then),
        regressions: tally.extra.regressions,
        certified: tally.extra.certified,
        certified_pct: tally.certified_pct(),
        expiring: tally.extra.expiring,
    }
}

fn by_practice(tx: &mut Tx<'_>, day: &Day) -> Result<Vec<Rollup>> {
    let all = day.tally(tx, standing::ALL, "")?;
    let before = store::boards::daily(tx.conn, standing::ALL, "", &[day.day - TREND_DAYS])?;
    let before = before.first().map(Tally::of_day).unwrap_or_default();
    let book = Arc::clone(&tx.book);
    let then = standing::practice_means(&book.rulebook, &before);
    let now = standing::practice_means(&book.rulebook, &all);
    let lines = now.into_iter().zip(then).map(|(mean, then)| {
        let services = all.practices.get(&mean.id).map_or(0, |(_, count)| *count);
        Rollup {
            key: mean.id,
            name: mean.title,
            parent: None,
            day: day_text(day.day),
            services,
            graded: services,
            score: mean.score,
            median: None,
            grade: standing::letter_of(&book.rulebook, mean.score),
            coverage: None,
            grades: Vec::new(),
            trend: mean.score.zip(then.score).map(|(now, then)| now - then),
            regressions: None,
            certified: None,
            certified_pct: None,
            expiring: None,
        }
    });
    Ok(lines.collect())
}
