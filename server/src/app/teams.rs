//! Teams: the tree, one team with its services and next steps, the whole organisation.

use std::sync::Arc;

use scoring_rules::{Waivers, next_steps};

use super::boards;
use super::evidence::Evidence;
use super::grading::judge;
use super::owners;
use super::services;
use super::standing::{self, Tally};
use super::views::{FleetView, FleetWeek, NextGrade, Standing, TeamRef, TeamStep, TeamView};
use super::{Tx, runs};
use crate::error::{Error, Result};
use crate::store;
use crate::store::boards::ListedRow;
use crate::store::services::TeamRow;
use crate::types::{DAY_MS, Timestamp};

/// Services whose steps are weighed for a team.
const STEP_SERVICES: usize = 100;
/// Slugs weighed for "did you mean", before and after the one asked for.
const NEAR: i64 = 200;
/// Steps a team is shown.
const STEPS: usize = 6;

/// Every living team, root first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<TeamListRow>> {
    let veil = tx.veil()?;
    let picture = tx.picture()?;
    let tree = &picture.tree;
    let book = Arc::clone(&tx.book);
    let none = Tally::default();
    Ok(tree
        .rows()
        .iter()
        .filter(|t| t.removed_at.is_none() && !veil.hides_team(&t.id))
        .map(|team| {
            let tally = picture.teams.get(&team.id).unwrap_or(&none);
            TeamListRow {
                slug: team.slug.clone(),
                name: team.name.clone(),
                parent: team.parent_id.as_deref().and_then(|id| tree.get(id)).map(|t| t.slug.clone()),
                depth: tree.ancestors(team).len(),
                services: tally.services,
                score: tally.mean(),
                grade: standing::letter_of(&book.rulebook, tally.mean()),
                grades: standing::grade_counts(&book.rulebook, &tally.grades),
                regressions: tally.regressions,
            }
        })
        .collect())
}

/// A team in the list of teams.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TeamListRow {
    /// Address of the team.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Slug of the team above.
    pub parent: Option<String>,
    /// Teams above it.
    pub depth: usize,
    /// Services of the team and all below it.
    pub services: i64,
    /// Their mean score.
    pub score: Option<i16>,
    /// Letter of the mean.
    pub grade: Option<String>,
    /// Services by grade.
    pub grades: Vec<super::views::GradeCount>,
    /// Open regressions.
    pub regressions: i64,
}

/// One team with everything below it.
pub fn team(tx: &mut Tx<'_>, slug: &str) -> Result<TeamView> {
    let veil = tx.veil()?;
    let Some(team) = owners::known_team(tx, slug)? else {
        let slug: String = slug.chars().take(120).collect();
        let near = store::fleet::team_slugs_near(tx.conn, &slug, NEAR, &veil.unseen().teams)?;
        return Err(Error::NotFound { what: "team", nearest: owners::nearest(&slug, &near), key: slug });
    };
    let picture = tx.picture()?;
    let none = Tally::default();
    let live = picture.teams.get(&team.id).unwrap_or(&none);
    let standing = standing::standing(tx, standing::TEAM, &team.id, live)?;
    let ids = store::fleet::team_ids_below(tx.conn, &team.path)?;
    let filter = store::boards::ServiceFilter {
        team_ids: Some(ids),
        unseen: veil.unseen().clone(),
        ..store::boards::ServiceFilter::default()
    };
    let worst = store::boards::ServiceSort::ScoreAsc;
    let rows = store::boards::list_services(tx.conn, &filter, worst, None, store::MAX_PAGE)?;
    let services = services::views(tx, &rows)?;
    let next_grade = next_grade(tx, &standing);
    let refs = |teams: &[TeamRow]| -> Vec<TeamRef> {
        teams.iter().map(|t| TeamRef { slug: t.slug.clone(), name: t.name.clone() }).collect()
    };
    let above = store::fleet::teams_at(tx.conn, &owners::paths_above(&team.path))?;
    let mut children = store::fleet::children(tx.conn, &team.id)?;
    children.retain(|team| !veil.hides_team(&team.id));
    let on_boards = !store::seasons::has_left(tx.conn, &team.id)?;
    let seasons = boards::record::of_team(tx, &team.id)?;
    Ok(TeamView {
        on_boards,
        seasons,
        slug: team.slug.clone(),
        name: team.name.clone(),
        entity_ref: team.entity_ref.clone(),
        ancestors: refs(&above),
        children: refs(&children),
        next_steps: steps(tx, rows)?,
        standing,
        services,
        next_grade,
    })
}

fn next_grade(tx: &Tx<'_>, standing: &Standing) -> Option<NextGrade> {
    let score = u8::try_from(standing.score?).ok()?;
    let bands = tx.book.rulebook.bands();
    let better = tx.book.rulebook.band_for(score).checked_sub(1)?;
    let band = bands.get(better)?;
    Some(NextGrade { grade: band.letter.clone(), points: i16::from(band.min.saturating_sub(score)) })
}

/// The cheapest steps over some services, given worst first.
fn steps(tx: &mut Tx<'_>, mut rows: Vec<ListedRow>) -> Result<Vec<TeamStep>> {
    rows.truncate(STEP_SERVICES);
    // The most critical first: among equal steps theirs is shown.
    rows.sort_by(|a, b| (a.0.tier, &a.0.slug).cmp(&(b.0.tier, &b.0.slug)));
    let book = Arc::clone(&tx.book);
    let rules = &book.rulebook;
    let last = runs::last_grading(tx)?;
    let ids: Vec<String> = rows.iter().map(|(service, ..)| service.id.clone()).collect();
    let evidence = Evidence::of_services(tx.conn, &ids)?;
    let mut found = Vec::new();
    for (service, score, _) in &rows {
        let at = last.max(Timestamp(score.graded_at)).min(tx.now);
        let judged = judge(rules, &book.slots, service, evidence.of(&service.id), at, false);
        let all = next_steps(rules, &judged.sheet.facts, &Waivers::new(), at.0, &judged.grade);
        for step in all.iter().take(2) {
            let Some(rule) = rules.rules().get(step.rule) else { continue };
            let practice = rules.practices().iter().find(|p| p.id == rule.practice);
            let weight = step.gain_milli * 16 / step.work.max(1);
            let view = TeamStep {
                service: service.slug.clone(),
                rule: rule.id.clone(),
                title: rule.title.clone(),
                practice: practice.map_or_else(|| rule.practice.clone(), |p| p.title.clone()),
                points: i16::from(step.points),
                effort: step.effort.as_str().to_owned(),
            };
            found.push((std::cmp::Reverse(weight), view));
        }
    }
    found.sort_by_key(|(weight, _)| *weight);
    Ok(found.into_iter().map(|(_, view)| view).take(STEPS).collect())
}

/// The whole organisation.
pub fn fleet(tx: &mut Tx<'_>) -> Result<FleetView> {
    let tallies = tx.picture()?;
    let standing = standing::standing(tx, standing::ALL, "", &tallies.all)?;
    let days = standing::week_days(tx.now, 26);
    let kept = store::boards::daily(tx.conn, standing::ALL, "", &days)?;
    let book = Arc::clone(&tx.book);
    let mut weeks: Vec<FleetWeek> = kept
        .iter()
        .filter(|row| row.day != tx.now.day())
        .map(|row| FleetWeek {
            at: Timestamp(i64::from(row.day) * DAY_MS),
            grades: standing::grade_counts(&book.rulebook, &Tally::of_day(row).grades),
        })
        .collect();
    if tallies.all.services > 0 {
        let grades = standing::grade_counts(&book.rulebook, &tallies.all.grades);
        weeks.push(FleetWeek { at: tx.now, grades });
    }
    Ok(FleetView {
        standing,
        weeks,
        practices: standing::practice_means(&book.rulebook, &tallies.all),
        teams: store::fleet::count_teams(tx.conn)?,
    })
}
