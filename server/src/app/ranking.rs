//! Who ranks where: orders of a board over the picture of all services, and pages of it by key.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::fleet::Picture;
use super::standing::mean;
use crate::error::Result;
use crate::store::{self, Conn};
use crate::types::DAY_MS;

/// Services read in one query.
const PAGE: i64 = 5_000;
/// Seasons and orders that are kept beside a picture.
const KEPT: usize = 4;
const KEPT_ORDERS: usize = 20;
/// Up to so many services, what was known of a past instant is read again for each picture.
const SMALL: usize = 5_000;

/// One place on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the service within the picture (of the team within the list).
    pub at: u32,
    /// Score now.
    pub score: i16,
    /// Points gained.
    pub gained: i16,
}

/// Scores at an instant, service by service as in the picture; `i16::MIN` where there was none.
type Then = Arc<Vec<i16>>;
/// By team id, its mean on the first day of a season that was kept.
type Firsts = Arc<HashMap<String, i16>>;
/// Board, tier (0: all) and instant of an order.
type OrderKey = (bool, i8, i64);

/// What was made for one picture.
#[derive(Debug, Default)]
pub struct Ranking {
    then: Vec<(i64, Then)>,
    firsts: Vec<(i32, Firsts)>,
    orders: HashMap<OrderKey, Arc<Vec<Place>>>,
}

impl Ranking {
    /// Takes over what an earlier picture knew of the past: a score of a past instant stays what it was. Services
    /// that are new since then had none.
    pub fn take_over(&mut self, earlier: &Self, from: &Picture, to: &Picture) {
        // A run under way writes as of its beginning, so the past may still move once; a nightly run ends that.
        if to.services.len() <= SMALL || !to.same_run(from) {
            return;
        }
        self.firsts.clone_from(&earlier.firsts);
        self.then = earlier
            .then
            .iter()
            .map(|(at, scores)| {
                let mut known = from.services.iter().zip(scores.iter()).peekable();
                let carried = to.services.iter().map(|service| {
                    while known.next_if(|(old, _)| old.id < service.id).is_some() {}
                    known.peek().filter(|(old, _)| old.id == service.id).map_or(i16::MIN, |(_, s)| **s)
                });
                (*at, Arc::new(carried.collect()))
            })
            .collect();
    }

    /// What was asked for.
    fn asked(&self) -> (Vec<OrderKey>, Vec<i32>) {
        (self.orders.keys().copied().collect(), self.firsts.iter().map(|(start, _)| *start).collect())
    }
}

/// Makes for a new picture what readers asked of the one before, and the boards of the season that started on day
/// `season`: so that none of them waits for it.
pub fn warm(
    conn: &mut Conn,
    before: Option<&Picture>,
    picture: &Picture,
    season: i32,
    today: i32,
) -> Result<()> {
    let start = i64::from(season) * DAY_MS;
    let asked = before.map(|b| b.rankings.lock().unwrap_or_else(PoisonError::into_inner).asked());
    let (mut orders, mut starts) = asked.unwrap_or_default();
    orders.extend([(true, 0, start), (false, 0, start)]);
    starts.push(season);
    for (improved, tier, start) in orders {
        services(conn, picture, improved, tier, start)?;
    }
    for start in starts {
        firsts(conn, picture, start, today)?;
    }
    Ok(())
}

/// Mean score of each team on the first kept day of the season that starts on day `start`.
pub fn firsts(conn: &mut Conn, picture: &Picture, start: i32, today: i32) -> Result<Firsts> {
    let mut ranking = picture.rankings.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, firsts)) = ranking.firsts.iter().find(|(of, _)| *of == start) {
        return Ok(Arc::clone(firsts));
    }
    let rows = store::fleet::first_standings(conn, start - 1, (start + 92).min(today))?;
    let means = rows.into_iter().filter_map(|r| Some((r.team_id, mean(r.score_sum, r.graded)?)));
    let firsts: Firsts = Arc::new(means.collect());
    if ranking.firsts.len() >= KEPT {
        ranking.firsts.remove(0);
    }
    ranking.firsts.push((start, Arc::clone(&firsts)));
    Ok(firsts)
}

/// Services in the order of a board: by points gained since `start` (ms), or by score.
pub fn services(
    conn: &mut Conn,
    picture: &Picture,
    improved: bool,
    tier: i8,
    start: i64,
) -> Result<Arc<Vec<Place>>> {
    // Held while the order is made: of many readers who ask at once, one makes it.
    let mut ranking = picture.rankings.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(order) = ranking.orders.get(&(improved, tier, start)) {
        return Ok(Arc::clone(order));
    }
    let known = ranking.then.iter().find(|(at, _)| *at == start).map(|(_, then)| Arc::clone(then));
    let then = if let Some(then) = known {
        then
    } else {
        let then = Arc::new(scores_at(conn, picture, start)?);
        if ranking.then.len() >= KEPT {
            ranking.then.remove(0);
        }
        ranking.then.push((start, Arc::clone(&then)));
        then
    };
    let mut places: Vec<Place> = picture
        .services
        .iter()
        .zip(then.iter())
        .enumerate()
        .filter(|(_, (service, _))| tier == 0 || service.tier == tier)
        .map(|(number, (service, then))| Place {
            at: u32::try_from(number).unwrap_or(u32::MAX),
            score: service.score,
            gained: if *then < 0 { 0 } else { service.score - then },
        })
        .collect();
    let slug = |place: &Place| picture.services.get(place.at as usize).map(|s| &s.slug);
    places.sort_unstable_by(|a, b| {
        (Reverse(a.key(improved)), slug(a)).cmp(&(Reverse(b.key(improved)), slug(b)))
    });
    let order = Arc::new(places);
    if ranking.orders.len() >= KEPT_ORDERS {
        ranking.orders.clear();
    }
    ranking.orders.insert((improved, tier, start), Arc::clone(&order));
    Ok(order)
}

impl Place {
    /// What is ranked, and the score among equals.
    pub fn key(self, improved: bool) -> (i16, i16) {
        if improved { (self.gained, self.score) } else { (self.score, self.score) }
    }

    fn ranked(self, improved: bool) -> i16 {
        self.key(improved).0
    }
}

/// The standard competition rank (1, 2, 2, 4) of number `at` of an order; none below the top half of a board of
/// gains: praise is public, the lower half is nobody's business.
pub fn rank(order: &[Place], at: usize, improved: bool) -> Option<i64> {
    let value = order.get(at)?.ranked(improved);
    let rank = order.partition_point(|p| p.ranked(improved) > value) as i64 + 1;
    (!improved || rank <= order.len().div_ceil(2) as i64).then_some(rank)
}

fn scores_at(conn: &mut Conn, picture: &Picture, at: i64) -> Result<Vec<i16>> {
    let mut known: HashMap<String, i16> = HashMap::with_capacity(picture.services.len());
    let mut after = String::new();
    loop {
        let rows = store::fleet::page_at(conn, &after, PAGE, at)?;
        let done = (rows.len() as i64) < PAGE;
        if let Some((last, _)) = rows.last() {
            after.clone_from(last);
        }
        known.extend(rows.into_iter().filter_map(|(id, score)| Some((id, score?))));
        if done {
            break;
        }
    }
    Ok(picture.services.iter().map(|s| known.get(&*s.id).copied().unwrap_or(i16::MIN)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(gained: i16, score: i16) -> Place {
        Place { at: 0, score, gained }
    }

    #[test]
    fn equals_share_a_rank_and_the_lower_half_of_gains_has_none() {
        let order = [place(9, 90), place(5, 80), place(5, 70), place(2, 60), place(0, 50)];
        let ranks: Vec<_> = (0..5).map(|n| rank(&order, n, true)).collect();
        assert_eq!(ranks, [Some(1), Some(2), Some(2), None, None]);
        let order = [place(0, 90), place(9, 80), place(5, 80), place(2, 60)];
        let ranks: Vec<_> = (0..4).map(|n| rank(&order, n, false)).collect();
        assert_eq!(ranks, [Some(1), Some(2), Some(2), Some(4)]);
    }
}
