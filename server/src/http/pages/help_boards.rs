//! How boards are ranked: the formula, its constants, and an example that the ranking code itself works out.

use scoring_rules::Rulebook;
use scoring_rules::boards::{
    LEAST_LEAGUE, LEAST_ROOM, LENT, MILLI, MOST_WEEKS, Member, Stood, counted_weeks, own_mean, shrunk,
    tier_weight,
};
use serde::Serialize;

use super::board::percent;
use super::chrome::Chrome;
use super::parts::Link;
use super::words;

/// The services of the example: name, tier, number of the system, score.
const EXAMPLE: &[(&str, u8, Option<u8>, u8)] =
    &[("checkout-api", 1, Some(1), 90), ("checkout-worker", 3, Some(1), 60), ("gift-cards", 4, None, 30)];
/// Whole weeks of the same services; one was never rehearsed.
const WEEKS: [Option<i64>; 3] = [Some(12), None, Some(40)];
/// Mean of the league's streaks in the example.
const LEAGUE_WEEKS: i64 = 6;
/// A service that comes over from another team: tier and score.
const COMES: (u8, u8) = (1, 100);
/// Mean of the league in the example, in points.
const LEAGUE: i64 = 64;
/// Scores at the start and now, of the examples of improvement.
const MOVES: &[(u8, u8)] = &[(20, 60), (90, 95), (98, 99), (80, 75)];

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    weights: String,
    lent: i64,
    least_league: usize,
    least_room: i64,
    services: Vec<Service>,
    system_mean: String,
    own: String,
    league: i64,
    count: usize,
    worth: String,
    shown: i64,
    alone: String,
    /// What the team would be worth if a service that came over counted at once.
    grown: String,
    comes: (u8, u8),
    most_weeks: i64,
    weeks: Vec<Weeks>,
    league_weeks: i64,
    own_weeks: String,
    worth_weeks: String,
    shown_weeks: i64,
    moves: Vec<Move>,
    leagues: Vec<League>,
}

/// A service of the example.
#[derive(Serialize)]
struct Service {
    name: &'static str,
    tier: u8,
    weight: i64,
    system: Option<&'static str>,
    score: u8,
}

/// A streak of the example.
#[derive(Serialize)]
struct Weeks {
    name: &'static str,
    has: Option<i64>,
    counts: i64,
}

/// An example of improvement.
#[derive(Serialize)]
struct Move {
    from: u8,
    to: u8,
    gained: String,
    part: String,
}

#[derive(Serialize)]
struct League {
    id: String,
    title: String,
}

/// Thousandths of a point with three decimals.
fn points(milli: i64) -> String {
    format!("{}.{:03}", milli / MILLI, milli % MILLI)
}

fn members(of: impl Fn(&&(&'static str, u8, Option<u8>, u8)) -> bool) -> Vec<Member<u8>> {
    let member = |(_, tier, system, score): &(&str, u8, Option<u8>, u8)| Member {
        tier: *tier,
        system: *system,
        milli: i64::from(*score) * MILLI,
    };
    EXAMPLE.iter().filter(of).map(member).collect()
}

/// The page, with the leagues of the rulebook in force.
pub fn context(chrome: Chrome, book: &Rulebook) -> Ctx {
    let own = own_mean(&members(|_| true)).unwrap_or(0);
    let system = own_mean(&members(|(_, _, system, _)| system.is_some())).unwrap_or(0);
    let worth = shrunk(own, EXAMPLE.len(), LEAGUE * MILLI);
    let mut grown = members(|_| true);
    grown.push(Member { tier: COMES.0, system: None, milli: i64::from(COMES.1) * MILLI });
    let grown = shrunk(own_mean(&grown).unwrap_or(0), EXAMPLE.len() + 1, LEAGUE * MILLI);
    let weeks: Vec<Weeks> = EXAMPLE
        .iter()
        .zip(WEEKS)
        .map(|((name, ..), has)| Weeks { name, has, counts: counted_weeks(has, true).unwrap_or(0) })
        .collect();
    let steady = members(|_| true).into_iter().zip(&weeks);
    let steady: Vec<Member<u8>> = steady.map(|(m, w)| Member { milli: w.counts * MILLI, ..m }).collect();
    let own_weeks = own_mean(&steady).unwrap_or(0);
    let worth_weeks = shrunk(own_weeks, EXAMPLE.len(), LEAGUE_WEEKS * MILLI);
    let service = |(name, tier, system, score): &(&'static str, u8, Option<u8>, u8)| Service {
        name,
        tier: *tier,
        weight: tier_weight(*tier),
        system: system.map(|_| "checkout"),
        score: *score,
    };
    let moved = |(from, to): &(u8, u8)| {
        let (gained, part) = Stood { base: *from, arrived: false }.gained(*to, None);
        Move {
            from: *from,
            to: *to,
            gained: words::signed(gained),
            part: percent(i32::try_from(part).unwrap_or(0)),
        }
    };
    let weights: Vec<String> = (1..=4).map(|tier| tier_weight(tier).to_string()).collect();
    Ctx {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Boards",
        weights: weights.join(", "),
        lent: LENT,
        least_league: LEAST_LEAGUE,
        least_room: LEAST_ROOM,
        services: EXAMPLE.iter().map(service).collect(),
        system_mean: points(system),
        own: points(own),
        league: LEAGUE,
        count: EXAMPLE.len(),
        worth: points(worth),
        shown: worth / MILLI,
        alone: points(shrunk(100 * MILLI, 1, LEAGUE * MILLI)),
        grown: points(grown),
        comes: COMES,
        most_weeks: MOST_WEEKS,
        weeks,
        league_weeks: LEAGUE_WEEKS,
        own_weeks: points(own_weeks),
        worth_weeks: points(worth_weeks),
        shown_weeks: worth_weeks / MILLI,
        moves: MOVES.iter().map(moved).collect(),
        leagues: book.leagues().all().into_iter().map(|l| League { id: l.id, title: l.title }).collect(),
        chrome: chrome.titled("How boards are ranked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scoring_rules::default_pack;

    #[test]
    fn the_example_can_be_redone_by_hand() {
        let book = Rulebook::load(&default_pack()).unwrap();
        let page = context(Chrome::new("/help/boards", crate::types::Timestamp(0)), &book);
        // System: (4 x 90 + 2 x 60) / 6 = 80 with weight 4; beside tier 4 at 30: (4 x 80 + 30) / 5 = 70.
        assert_eq!((page.system_mean.as_str(), page.own.as_str()), ("80.000", "70.000"));
        // Three own services and three lent at 64: (3 x 70 + 3 x 64) / 6 = 67.
        assert_eq!((page.worth.as_str(), page.shown), ("67.000", 67));
        // With one more voice, weight 4 at 100: (4 x 80 + 30 + 4 x 100) / 9 = 83.333; (4 x 83.333 + 3 x 64) / 7.
        assert_eq!(page.grown, "75.047");
        // Weeks: (4 x 12 + 2 x 0) / 6 = 8 with weight 4; beside 26 of 40: (4 x 8 + 26) / 5; (3 x 11.6 + 3 x 6) / 6.
        assert_eq!(
            (page.own_weeks.as_str(), page.worth_weeks.as_str(), page.shown_weeks),
            ("11.600", "8.800", 8)
        );
        let parts: Vec<&str> = page.moves.iter().map(|m| m.part.as_str()).collect();
        assert_eq!(parts, ["50.0%", "50.0%", "10.0%", "−25.0%"]);
    }
}
