//! Where most is at stake: weak services by traffic, each with its plan, which is its cheapest path.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use scoring_rules::{Waivers, next_steps, path_to_next_band};

use super::risk::{weak_below, weak_letters, within};
use crate::app::due::{self, Due};
use crate::app::evidence::Evidence;
use crate::app::fleet::{Picture, Ranked};
use crate::app::grading::{judge, letter};
use crate::app::views::TeamRef;
use crate::app::{Tx, runs, sentences};
use crate::error::Result;
use crate::store;
use crate::types::Timestamp;

/// Services shown.
const SHOWN: usize = 6;

/// A weak service with its plan.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// Slug.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// 1..4.
    pub tier: i16,
    /// Owner.
    pub team: Option<TeamRef>,
    /// Calls a second in thousandths; none while nobody knows.
    pub calls_milli: Option<i64>,
    /// Score.
    pub score: i16,
    /// Letter.
    pub grade: String,
    /// What is open first, with the measured numbers.
    pub why: String,
    /// The first step: title, points, effort.
    pub step: Option<(String, u8, String)>,
    /// The next letter, and how many steps lead there.
    pub path: Option<(String, usize)>,
    /// The drill that is due first: name, state, and since when (or until when) its last pass counts.
    pub due: Option<(String, String, Option<Timestamp>)>,
}

/// The most exposed of a scope: by calls a second times points missing; of those without known traffic the most critical.
pub fn of(tx: &mut Tx<'_>, picture: &Picture, scope: Option<Range<usize>>) -> Result<Vec<Exposed>> {
    let book = Arc::clone(&tx.book);
    let (weak, below) = (weak_letters(&book.rulebook, picture), i64::from(weak_below(&book.rulebook)));
    let unseen = tx.unseen_services()?;
    let is_weak = |service: &&Ranked| weak.get(usize::from(service.grade)).copied().unwrap_or(false);
    let seen = |service: &&Ranked| unseen.is_empty() || !unseen.contains(&*service.id);
    let services = picture.services.iter().filter(is_weak).filter(|s| within(scope.as_ref(), s)).filter(seen);
    let stake = |service: &Ranked| service.calls_milli * (below - i64::from(service.score)).max(1);
    let key = |s: &&Ranked| (s.calls_milli < 0, Reverse(stake(s).max(0)), s.tier, s.score);
    let mut found: Vec<&Ranked> = services.collect();
    if found.len() > SHOWN {
        found.select_nth_unstable_by_key(SHOWN, key);
        found.truncate(SHOWN);
    }
    found.sort_by_cached_key(|service| (key(service), service.slug.clone()));
    let slugs: Vec<String> = found.iter().map(|service| service.slug.to_string()).collect();
    let rows = store::services::by_slugs(tx.conn, &slugs)?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let evidence = Evidence::of_services(tx.conn, &ids)?;
    let at = runs::last_grading(tx)?.min(tx.now);
    let mut exposed = Vec::with_capacity(found.len());
    for ranked in found {
        let Some(row) = rows.iter().find(|row| *row.slug == *ranked.slug) else { continue };
        let rules = &book.rulebook;
        let judged = judge(rules, &book.slots, row, evidence.of(&row.id), at, false);
        let facts = &judged.sheet.facts;
        let path = path_to_next_band(rules, facts, &Waivers::new(), at.0, &judged.grade);
        let first = path.as_ref().and_then(|path| path.steps.first().cloned());
        let first = first
            .or_else(|| next_steps(rules, facts, &Waivers::new(), at.0, &judged.grade).into_iter().next());
        let windows = rules.windows(facts, at.0);
        let told = first.as_ref().and_then(|step| {
            let (rule, result) = (rules.rules().get(step.rule)?, judged.grade.rules.get(step.rule)?);
            Some((rule.title.clone(), sentences::reason(rules, rule, result, facts, &windows)))
        });
        let team = row.team_id.as_deref().and_then(|id| picture.tree.get(id));
        exposed.push(Exposed {
            slug: row.slug.clone(),
            name: row.name.clone(),
            tier: row.tier,
            team: team.map(|team| TeamRef { slug: team.slug.clone(), name: team.name.clone() }),
            calls_milli: (ranked.calls_milli >= 0).then_some(ranked.calls_milli),
            score: ranked.score,
            grade: picture.letter(ranked.grade),
            why: told.as_ref().map(|(_, why)| why.clone()).unwrap_or_default(),
            step: told.zip(first).map(|((title, _), step)| (title, step.points, step.effort.to_string())),
            path: path.map(|path| (letter(rules, Some(path.target_band)), path.steps.len())),
            due: due::of_service(&book, row, evidence.of(&row.id), &[], at)
                .iter()
                .find(|due| due.is_due())
                .map(drill),
        });
    }
    Ok(exposed)
}

fn drill(due: &Due) -> (String, String, Option<Timestamp>) {
    (due.failure.label(), due.state.to_owned(), due.due_at)
}
