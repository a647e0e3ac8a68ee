//! The arithmetic of challenges: shares, a team's own goal, milestones, ranks, and the pace forecast. Whole numbers only, so
//! that a person can redo each by hand.

use serde::{Deserialize, Serialize};

/// Days over which the pace is measured.
pub const PACE_DAYS: i64 = 14;
/// In the first days nothing is forecast.
pub const EARLY_DAYS: i64 = 3;

/// So many of so many items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Closed items.
    pub done: i64,
    /// All items.
    pub total: i64,
}

impl Count {
    /// So many of so many.
    pub fn new(done: i64, total: i64) -> Self {
        Self { done, total }
    }

    /// Thousandths that are done, rounded down; 0 of nothing.
    pub fn milli(self) -> i64 {
        if self.total <= 0 { 0 } else { (self.done * 1_000 / self.total).clamp(0, 1_000) }
    }

    /// Percent that are done, rounded down: what is shown is never more than what is.
    pub fn pct(self) -> i64 {
        self.milli() / 10
    }

    /// Whether at least `pct` percent are done; of nothing never.
    pub fn reaches(self, pct: i64) -> bool {
        self.total > 0 && self.done * 100 >= pct * self.total
    }

    /// Items that are still to be closed until `pct` percent are done.
    pub fn to_go(self, pct: i64) -> i64 {
        let wanted = (pct * self.total + 99).div_euclid(100);
        (wanted - self.done).max(0)
    }

    /// One item more.
    pub fn add(&mut self, done: bool) {
        self.total += 1;
        self.done += i64::from(done);
    }
}

/// A team's own goal in percent: of what is open where it starts, it closes the same part as all teams together, who go from
/// `common` to `target` percent. `start + ceil((100 - start) x (target - common) / (100 - common))`. Where all together have
/// reached the target at the start, each team that has anything open is to gain one percent.
pub fn own_goal(start: Count, common: Count, target: i64) -> i64 {
    let (from, all) = (start.pct(), common.pct());
    let open = 100 - from;
    let gain = if all >= target { open.min(1) } else { (open * (target - all)).div_ceil_of(100 - all) };
    (from + gain).min(100)
}

/// How far a team came from its start to its own goal, in thousandths; 1000 when it is reached.
pub fn toward(start: Count, now: Count, goal: i64) -> i64 {
    if now.reaches(goal) {
        return 1_000;
    }
    let way = goal * 10 - start.milli();
    if way <= 0 {
        return 0;
    }
    ((now.milli() - start.milli()) * 1_000 / way).clamp(0, 999)
}

/// Standard competition ranks (1, 2, 2, 4) of values that are given best first; none below the top half, and none for 0:
/// on the first day nobody is second together with everybody else.
pub fn ranks(values: &[i64]) -> Vec<Option<i64>> {
    let half = values.len().div_ceil(2);
    let mut ranks = Vec::with_capacity(values.len());
    let (mut rank, mut before) = (0, None);
    for (place, value) in values.iter().enumerate() {
        if before != Some(value) {
            rank = place + 1;
            before = Some(value);
        }
        ranks.push((rank <= half && *value > 0).then_some(rank as i64));
    }
    ranks
}

/// The percent of all items at which a milestone stands that lies `way` percent of the way from the start to the target.
pub fn milestone(start: Count, target: i64, way: i64) -> i64 {
    let from = start.pct();
    if from >= target { target } else { from + ((target - from) * way).div_ceil_of(100) }
}

/// Where a goal will stand at the end if it goes on as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Pace {
    /// Fewer than three days have passed: nothing can be said.
    TooEarly,
    /// The goal is reached.
    Reached,
    /// The goal falls on `day` (days since 1970), before the last one.
    Ahead {
        /// The day.
        day: i64,
    },
    /// The goal falls on the last day.
    OnPace,
    /// The goal is not reached: at the end `pct` percent are done.
    Behind {
        /// Percent at the end.
        pct: i64,
    },
}

/// The pace. `days` are the counts that were kept, by day, oldest first, the last one today's; the challenge began on
/// `first` and its last day is `last`.
///
/// The gain a day is taken over the last 14 days, or since the start: `(now - then) / days`. At the end stands
/// `now + gain x days left`, between 0 and 100 %.
pub fn pace(days: &[(i64, Count)], first: i64, last: i64, target: i64) -> Pace {
    let Some(&(today, now)) = days.last() else { return Pace::TooEarly };
    if now.reaches(target) {
        return Pace::Reached;
    }
    let then = days.iter().find(|(day, _)| *day >= today - PACE_DAYS && *day >= first);
    let Some(&(since, then)) = then.filter(|(day, _)| today - first >= EARLY_DAYS && *day < today) else {
        return Pace::TooEarly;
    };
    let (span, left) = (today - since, (last - today).max(0));
    let gained = now.milli() - then.milli();
    let end = (now.milli() + (gained * left).div_euclid(span)).clamp(0, 1_000);
    let lacking = target * 10 - now.milli();
    if gained > 0 {
        let day = today + (lacking * span).div_ceil_of(gained);
        if day < last {
            return Pace::Ahead { day };
        }
        if day == last {
            return Pace::OnPace;
        }
    }
    Pace::Behind { pct: (end / 10).min(target - 1).max(0) }
}

/// Division that rounds up, of numbers that are not negative.
trait DivCeil {
    fn div_ceil_of(self, by: Self) -> Self;
}

impl DivCeil for i64 {
    fn div_ceil_of(self, by: Self) -> Self {
        if by <= 0 { self } else { (self + by - 1).div_euclid(by) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(done: i64, total: i64) -> Count {
        Count::new(done, total)
    }

    #[test]
    fn a_team_closes_the_same_part_of_what_it_has_open_as_all_together() {
        // From 41 % to 80 % all together close 39 of 59 open hundredths.
        for (start, goal) in [(44, 82), (80, 94), (12, 71), (100, 100), (0, 67)] {
            assert_eq!(own_goal(of(start, 100), of(41, 100), 80), goal, "from {start}");
        }
        assert_eq!(own_goal(of(50, 100), of(85, 100), 80), 51, "all together are there already");
        assert_eq!(own_goal(of(100, 100), of(85, 100), 80), 100);
    }

    #[test]
    fn ties_share_a_rank_and_the_lower_half_has_none() {
        let some = |ranks: &[i64]| ranks.iter().map(|rank| Some(*rank)).collect::<Vec<_>>();
        assert_eq!(ranks(&[9, 7, 7, 5]), [Some(1), Some(2), Some(2), None]);
        assert_eq!(ranks(&[9]), some(&[1]));
        assert_eq!(ranks(&[5, 5, 5]), some(&[1, 1, 1]));
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn the_pace_says_what_two_weeks_say() {
        let line = |from: i64, per_day: i64, days: i64| -> Vec<(i64, Count)> {
            (0..=days).map(|day| (100 + day, of(from + per_day * day, 1_000))).collect()
        };
        assert_eq!(pace(&line(400, 15, 2), 100, 130, 80), Pace::TooEarly);
        assert_eq!(pace(&[], 100, 130, 80), Pace::TooEarly);
        assert_eq!(pace(&line(400, 15, 17), 100, 130, 80), Pace::Ahead { day: 127 });
        assert_eq!(pace(&line(400, 10, 10), 100, 140, 80), Pace::OnPace);
        assert_eq!(pace(&line(400, 5, 10), 100, 130, 80), Pace::Behind { pct: 55 });
        assert_eq!(pace(&line(400, 0, 10), 100, 130, 80), Pace::Behind { pct: 40 });
        assert_eq!(pace(&line(400, -5, 10), 100, 130, 80), Pace::Behind { pct: 25 });
        assert_eq!(pace(&line(800, 1, 1), 100, 130, 80), Pace::Reached);
        // Only the last two weeks count: a burst before them is history.
        let mut burst = line(400, 0, 30);
        burst[0].1 = of(0, 1_000);
        assert_eq!(pace(&burst, 100, 160, 80), Pace::Behind { pct: 40 });
    }

    proptest! {
        #[test]
        fn a_share_is_never_shown_as_more_than_it_is(done in 0i64..5_000, more in 0i64..5_000, pct in 0i64..=100) {
            let count = of(done, done + more);
            prop_assert!((0..=100).contains(&count.pct()));
            prop_assert!(count.total == 0 || count.reaches(count.pct()));
            prop_assert_eq!(count.total > 0 && count.to_go(pct) == 0, count.reaches(pct));
            let later = of(done + count.to_go(pct), done + more);
            prop_assert!(later.total == 0 || later.reaches(pct));
            prop_assert!(count.to_go(pct) == 0 || !of(later.done - 1, later.total).reaches(pct), "no more than needed");
        }

        #[test]
        fn an_own_goal_is_ahead_of_the_start_and_can_be_met(
            start in 0i64..=400, common in 0i64..=400, target in 1i64..=100,
        ) {
            let (start, common) = (of(start, 400), of(common, 400));
            let goal = own_goal(start, common, target);
            prop_assert!((1..=100).contains(&goal) && goal >= start.pct());
            prop_assert!(goal > start.pct() || start.pct() == 100);
            prop_assert_eq!(toward(start, of(400, 400), goal), 1_000);
            prop_assert!(toward(start, start, goal) == 0 || start.reaches(goal));
            // Who starts further ahead has no lower a goal.
            let ahead = of((start.done + 40).min(400), 400);
            prop_assert!(own_goal(ahead, common, target) >= goal - 1);
        }

        #[test]
        fn coming_closer_never_looks_like_falling_back(a in 0i64..=300, b in 0i64..=300, c in 0i64..=300) {
            let mut all = [a, b, c];
            all.sort_unstable();
            let [start, before, after] = all.map(|done| of(done, 300));
            let goal = own_goal(start, of(100, 300), 80);
            prop_assert!(toward(start, before, goal) <= toward(start, after, goal));
        }

        #[test]
        fn ranks_count_who_is_better(mut values in prop::collection::vec(0i64..20, 0..40)) {
            values.sort_unstable_by(|x, y| y.cmp(x));
            for (value, rank) in values.iter().zip(ranks(&values)) {
                let better = values.iter().filter(|v| *v > value).count() as i64;
                let shown = better < values.len().div_ceil(2) as i64 && *value > 0;
                prop_assert_eq!(rank, shown.then_some(better + 1));
            }
        }

        #[test]
        fn a_forecast_is_within_bounds_and_agrees_with_itself(
            counts in prop::collection::vec(0i64..=500, 1..40), left in 0i64..60, target in 1i64..=100,
        ) {
            let days: Vec<(i64, Count)> =
                counts.iter().enumerate().map(|(n, done)| (50 + n as i64, of(*done, 500))).collect();
            let today = 50 + counts.len() as i64 - 1;
            let last = today + left;
            match pace(&days, 50, last, target) {
                Pace::TooEarly => prop_assert!(today - 50 < EARLY_DAYS),
                Pace::Reached => prop_assert!(days.last().unwrap().1.reaches(target)),
                Pace::Ahead { day } => prop_assert!(day > today && day < last),
                Pace::OnPace => prop_assert!(last > today),
                Pace::Behind { pct } => prop_assert!((0..target).contains(&pct)),
            }
        }

        #[test]
        fn milestones_lie_between_start_and_target(start in 0i64..=100, target in 1i64..=100, way in 1i64..=100) {
            let at = milestone(of(start, 100), target, way);
            prop_assert!(at <= target.max(start) && (start >= target || at >= start));
            prop_assert_eq!(milestone(of(start, 100), target, 100), target);
        }
    }
}
