//! Changes of the catalog shortly before something ends, where somebody gains by them.

use std::collections::HashMap;

use serde_json::Value;

use super::finding::{Finding, Window, day};
use super::kind::ReviewKind;
use crate::app::Tx;
use crate::app::boards::Season;
use crate::app::challenges::{ChallengeScope, under_way};
use crate::error::Result;
use crate::store;
use crate::store::events::EventRow;
use crate::store::services::{ServiceRow, TeamRow};
use crate::types::{DAY_MS, Timestamp};

/// So long before an end a change is worth a question.
const LAST_DAYS: i64 = 7;
/// Events read together.
const PART: i64 = 500;
/// Changes of one look that are gone into.
const MOST: usize = 5_000;

/// What changed of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    tier: Option<(i64, i64)>,
    lifecycle: Option<(String, String)>,
    owner: Option<(String, String)>,
}

impl Edit {
    /// Reads the two sides of a change; none where nothing of interest changed.
    fn of(event: &EventRow) -> Option<Self> {
        let audit: Value = serde_json::from_str(event.audit.as_deref()?).ok()?;
        let (was, is) = (audit.get("before")?, audit.get("after")?);
        let text = |key: &str| {
            let of = |side: &Value| side.get(key)?.as_str().map(str::to_owned);
            Some((of(was)?, of(is)?))
        };
        let tier = was.get("tier").and_then(Value::as_i64).zip(is.get("tier").and_then(Value::as_i64));
        let edit = Self { tier, lifecycle: text("lifecycle"), owner: text("owner") };
        (edit.tier.is_some() || edit.lifecycle.is_some() || edit.owner.is_some()).then_some(edit)
    }

    /// What was made easier by it, in words; a tier or lifecycle that asks more is nobody's gain.
    fn eased(&self) -> Option<String> {
        if let Some((was, is)) = self.tier.filter(|(was, is)| is > was) {
            return Some(format!("its tier went from {was} to {is}"));
        }
        let (was, is) = self.lifecycle.as_ref()?;
        (was == "production").then(|| format!("its lifecycle went from {was} to {is}"))
    }
}

/// Changes since the last look that came shortly before an end.
pub(super) fn find(tx: &mut Tx<'_>, window: &Window) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let (mut after, mut gone_into) = (window.seq, 0);
    loop {
        let events = store::log::of_kind_after(tx.conn, "service_changed", after, PART)?;
        for event in &events {
            after = event.seq;
            // Of the first look of an installation, what is long past is of no matter.
            if event.at >= window.from.0
                && let Some(edit) = Edit::of(event)
            {
                gone_into += 1;
                found.extend(judged(tx, event, &edit)?);
            }
        }
        if (events.len() as i64) < PART || gone_into >= MOST {
            return Ok(found);
        }
    }
}

fn judged(tx: &mut Tx<'_>, event: &EventRow, edit: &Edit) -> Result<Option<Finding>> {
    let Some(id) = &event.service_id else { return Ok(None) };
    let at = Timestamp(event.at);
    let Some(service) = store::services::by_id(tx.conn, id)? else { return Ok(None) };
    let owners = owners(tx, edit)?;
    let Some(end) = end_after(tx, at, &service, edit, owners.as_ref())? else { return Ok(None) };
    let when = format!("{}, {end}", day(at));
    if let Some(eased) = edit.eased() {
        let said = format!("{}: {when}, {eased}.", service.name);
        let found = Finding::of_service(ReviewKind::LateEdit, &service, &event.id, (at, said));
        return Ok(Some(found.by_event(event.seq)));
    }
    let Some((from, to)) = owners else { return Ok(None) };
    let Some(gain) = gain(tx, &service, &from, &to)? else { return Ok(None) };
    let said = format!("{}: {when}, it went from {} to {}; {gain}.", service.name, from.name, to.name);
    // About the team it left: what leaves a team together is one question.
    let found = Finding::of_team(ReviewKind::LateEdit, &from.id, &event.id, (at, said));
    Ok(Some(found.by_event(event.seq)))
}

/// The teams that a service left and joined.
fn owners(tx: &mut Tx<'_>, edit: &Edit) -> Result<Option<(TeamRow, TeamRow)>> {
    let Some((was, is)) = &edit.owner else { return Ok(None) };
    let mut team = |name: &String| store::services::team_by_ref(tx.conn, name);
    Ok(team(was)?.zip(team(is)?))
}

/// What ends within [`LAST_DAYS`] and is touched by the change, in words.
fn end_after(
    tx: &mut Tx<'_>,
    at: Timestamp,
    service: &ServiceRow,
    edit: &Edit,
    owners: Option<&(TeamRow, TeamRow)>,
) -> Result<Option<String>> {
    let soon = |end: Timestamp| at.0 < end.0 && end.0 - at.0 <= LAST_DAYS * DAY_MS;
    let season = Season::at(at);
    if soon(season.end()) {
        return Ok(Some(format!("{} before the season {season} ended", days(at, season.end()))));
    }
    for (title, end, scope) in under_way(tx, at)? {
        if soon(end) && touches(&scope, service, edit, owners) {
            return Ok(Some(format!("{} before the challenge {title} ended", days(at, end))));
        }
    }
    Ok(None)
}

fn days(from: Timestamp, to: Timestamp) -> String {
    match from.days_until(to) {
        0 => "less than a day".to_owned(),
        1 => "one day".to_owned(),
        n => format!("{n} days"),
    }
}

/// Whether a challenge is about the service as it was or as it is.
fn touches(
    scope: &ChallengeScope,
    service: &ServiceRow,
    edit: &Edit,
    owners: Option<&(TeamRow, TeamRow)>,
) -> bool {
    let was_tier = edit.tier.map_or(i64::from(service.tier), |(was, _)| was);
    let of_tier = |tier: i64| scope.tiers.iter().any(|wanted| i64::from(*wanted) == tier);
    let of_team = |(from, to): &(TeamRow, TeamRow)| {
        [from, to]
            .into_iter()
            .any(|team| team.path.split('/').any(|slug| scope.teams.iter().any(|s| s == slug)))
    };
    (scope.services.is_empty() || scope.services.contains(&service.slug))
        && (scope.tiers.is_empty() || of_tier(was_tier) || of_tier(i64::from(service.tier)))
        && (scope.teams.is_empty() || owners.is_none_or(of_team))
}

/// Whom a move helps: the mean of the team that was left, or of the one that was joined, rises. Nobody, where a team
/// hands over all it has.
fn gain(tx: &mut Tx<'_>, service: &ServiceRow, from: &TeamRow, to: &TeamRow) -> Result<Option<String>> {
    let rows = store::reviews::scores_of_teams(tx.conn, &[from.id.clone(), to.id.clone()])?;
    let own = store::grades::one(tx.conn, &service.id)?.map(|row| row.score).filter(|score| *score >= 0);
    let mut scores: HashMap<String, Vec<i16>> = HashMap::new();
    for (team, id, score) in rows {
        if id != service.id {
            scores.entry(team).or_default().push(score);
        }
    }
    let mean = |team: &TeamRow| scores.get(&team.id).and_then(|all| mean(all));
    Ok(helped(own, mean(from), mean(to)).map(|who| {
        let name = if who == Helped::Left { &from.name } else { &to.name };
        format!("the mean score of {name} rises by it")
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Helped {
    Left,
    Joined,
}

/// Scores in hundredths, so that means can be compared.
fn helped(own: Option<i16>, left: Option<i64>, joined: Option<i64>) -> Option<Helped> {
    let own = i64::from(own?) * 100;
    // A team that has nothing left gave everything away; that is a handover.
    let left = left?;
    if own < left {
        return Some(Helped::Left);
    }
    joined.filter(|mean| own > *mean).map(|_| Helped::Joined)
}

fn mean(scores: &[i16]) -> Option<i64> {
    let sum: i64 = scores.iter().map(|score| i64::from(*score) * 100).sum();
    (!scores.is_empty()).then(|| sum / scores.len() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_helps_a_team_that_loses_its_weakest_or_gains_a_better_one() {
        assert_eq!(helped(Some(40), Some(80_00), Some(30_00)), Some(Helped::Left));
        assert_eq!(helped(Some(90), Some(80_00), Some(70_00)), Some(Helped::Joined));
        assert_eq!(helped(Some(80), Some(80_00), Some(80_00)), None, "the means stay");
        assert_eq!(helped(Some(80), Some(70_00), Some(90_00)), None, "both sink");
        assert_eq!(helped(Some(90), None, Some(70_00)), None, "a handover");
        assert_eq!(helped(None, Some(80_00), Some(70_00)), None, "not graded");
    }

    #[test]
    fn only_what_asks_less_is_eased() {
        let edit = |tier| Edit { tier: Some(tier), lifecycle: None, owner: None };
        assert!(edit((1, 3)).eased().is_some() && edit((3, 1)).eased().is_none());
        let life = |was: &str, is: &str| Edit {
            tier: None,
            lifecycle: Some((was.to_owned(), is.to_owned())),
            owner: None,
        };
        assert!(life("production", "experimental").eased().is_some());
        assert!(life("experimental", "production").eased().is_none());
    }
}
