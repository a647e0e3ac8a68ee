//! Score against traffic, one point a service; what is too many to draw is summed up.

use std::cmp::Reverse;
use std::ops::Range;

use scoring_rules::Rulebook;

use crate::app::Tx;
use crate::app::fleet::{Picture, Ranked};
use crate::error::Result;

/// Points drawn at most.
const MOST_POINTS: usize = 200;

/// One service.
#[derive(Clone, Debug)]
pub struct RiskPoint {
    /// Slug.
    pub slug: String,
    /// Score.
    pub score: i16,
    /// Letter.
    pub grade: String,
    /// Calls a second, in thousandths.
    pub calls_milli: i64,
    /// Busy and weak.
    pub hot: bool,
}

/// The map.
#[derive(Clone, Debug, Default)]
pub struct RiskMap {
    /// The riskiest first: busy and weak ones, then by traffic.
    pub points: Vec<RiskPoint>,
    /// Services of known traffic that are left out.
    pub more: usize,
    /// Of those left out, how many are busy and weak.
    pub more_hot: usize,
    /// Graded services of which no traffic is known.
    pub unknown: usize,
    /// Calls a second in thousandths from which a service is busy: the busiest quarter of those known.
    pub busy_from: i64,
    /// Services of a lower score are weak, whatever holds their grade down besides.
    pub weak_below: u8,
}

/// The number of the first letter that counts as weak: the last third of the letters.
pub(super) fn weak_from(book: &Rulebook) -> usize {
    let bands = book.bands().len();
    (bands * 2).div_ceil(3).min(bands.saturating_sub(1))
}

/// The least score that is not weak.
pub(super) fn weak_below(book: &Rulebook) -> u8 {
    weak_from(book).checked_sub(1).and_then(|at| book.bands().get(at)).map_or(0, |band| band.min)
}

/// By number of a letter of the picture whether it is weak.
pub(super) fn weak_letters(book: &Rulebook, picture: &Picture) -> Vec<bool> {
    let from = weak_from(book);
    picture.letters.iter().map(|letter| book.band_index(letter).is_some_and(|band| band >= from)).collect()
}

/// Whether a service is in a scope: places of teams, or everything.
pub(super) fn within(scope: Option<&Range<usize>>, service: &Ranked) -> bool {
    scope.is_none_or(|places| service.team.is_some_and(|team| places.contains(&(team as usize))))
}

/// The map of a scope. Services that the reader may not know of are no points of it.
pub fn map(tx: &mut Tx<'_>, picture: &Picture, scope: Option<Range<usize>>) -> Result<RiskMap> {
    let unseen = tx.unseen_services()?;
    let seen = |service: &&Ranked| unseen.is_empty() || !unseen.contains(&*service.id);
    let services = picture.services.iter().filter(|service| within(scope.as_ref(), service)).filter(seen);
    let (known, unknown): (Vec<&Ranked>, Vec<&Ranked>) =
        services.partition(|service| service.calls_milli >= 0);
    Ok(of(&tx.book.rulebook, picture, known, unknown.len()))
}

fn of(book: &Rulebook, picture: &Picture, mut known: Vec<&Ranked>, unknown: usize) -> RiskMap {
    let weak = weak_letters(book, picture);
    let mut calls: Vec<i64> = known.iter().map(|service| service.calls_milli).collect();
    let busy_from = if calls.is_empty() {
        0
    } else {
        let at = calls.len() * 3 / 4;
        *calls.select_nth_unstable(at).1
    };
    let hot = |service: &Ranked| {
        service.calls_milli >= busy_from && weak.get(usize::from(service.grade)).copied().unwrap_or(false)
    };
    let all_hot = known.iter().filter(|service| hot(service)).count();
    let key = |service: &&Ranked| (Reverse(hot(service)), Reverse(service.calls_milli), service.slug.clone());
    let more = known.len().saturating_sub(MOST_POINTS);
    if more > 0 {
        known.select_nth_unstable_by_key(MOST_POINTS, |s| (Reverse(hot(s)), Reverse(s.calls_milli)));
        known.truncate(MOST_POINTS);
    }
    known.sort_by_cached_key(key);
    let points: Vec<RiskPoint> = known
        .iter()
        .map(|service| RiskPoint {
            slug: service.slug.to_string(),
            score: service.score,
            grade: picture.letter(service.grade),
            calls_milli: service.calls_milli,
            hot: hot(service),
        })
        .collect();
    let more_hot = all_hot - points.iter().filter(|point| point.hot).count();
    RiskMap { points, more, more_hot, unknown, busy_from, weak_below: weak_below(book) }
}
