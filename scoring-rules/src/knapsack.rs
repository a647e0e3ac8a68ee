//! One item of each group, of least effort together, worth enough: exactly, over small whole efforts.

/// One of the items of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// Whole, not negative.
    pub(crate) effort: i64,
    /// What it adds; may be negative.
    pub(crate) value: i64,
    /// Of equal effort and value, fewer win.
    pub(crate) steps: usize,
}

/// The best that an effort buys: value, then fewer steps.
type Best = (i64, i64);

/// Efforts looked at first; four times as many whenever they do not suffice.
const FIRST_BOUND: usize = 128;

/// For each group the number of the chosen item, so that the values together reach `need` with the least effort; none
/// when nothing does. Of equal effort the greatest value wins, then the fewest steps, then what stands first.
pub(crate) fn cheapest(groups: &[Vec<Item>], need: i64) -> Option<Vec<usize>> {
    let groups: Vec<Vec<(usize, Item)>> = groups.iter().map(|items| undominated(items)).collect();
    let most: Option<i64> = groups.iter().map(|items| items.iter().map(|(_, item)| item.value).max()).sum();
    if most? < need {
        return None;
    }
    let all: usize =
        groups.iter().map(|items| items.iter().map(|(_, item)| weight(item)).max().unwrap_or(0)).sum();
    let mut bound = FIRST_BOUND;
    loop {
        let width = bound.min(all) + 1;
        if let Some(found) = within(&groups, need, width) {
            return Some(found);
        }
        if bound >= all {
            return None;
        }
        bound = bound.saturating_mul(4);
    }
}

fn weight(item: &Item) -> usize {
    usize::try_from(item.effort).unwrap_or(0)
}

/// The items that may be chosen, by effort: those worth more than all that take no more work.
fn undominated(items: &[Item]) -> Vec<(usize, Item)> {
    let mut all: Vec<(usize, Item)> = items.iter().copied().enumerate().collect();
    all.sort_by_key(|(at, item)| (item.effort, std::cmp::Reverse(item.value), item.steps, *at));
    let mut best = None;
    all.retain(|(_, item)| {
        let better = best.is_none_or(|value| item.value > value);
        if better {
            best = Some(item.value);
        }
        better
    });
    all
}

/// [`cheapest`] among choices of less effort than `width`: for each effort the most that the groups so far add.
fn within(groups: &[Vec<(usize, Item)>], need: i64, width: usize) -> Option<Vec<usize>> {
    let mut best: Vec<Option<Best>> = vec![None; width];
    *best.first_mut()? = Some((0, 0));
    let mut picked: Vec<Vec<u16>> = Vec::with_capacity(groups.len());
    for items in groups {
        let mut next: Vec<Option<Best>> = vec![None; width];
        let mut pick = vec![0_u16; width];
        for (number, (_, item)) in (0_u16..).zip(items) {
            let weight = weight(item);
            let steps = i64::try_from(item.steps).unwrap_or(i64::MAX);
            for ((slot, chosen), from) in next.iter_mut().zip(&mut pick).skip(weight).zip(&best) {
                let Some((value, fewer)) = from else { continue };
                let sum = Some((value + item.value, fewer - steps));
                if sum > *slot {
                    (*slot, *chosen) = (sum, number);
                }
            }
        }
        best = next;
        picked.push(pick);
    }
    let mut at = best.iter().position(|best| best.is_some_and(|(value, _)| value >= need))?;
    let mut chosen = Vec::with_capacity(groups.len());
    for (items, pick) in groups.iter().zip(&picked).rev() {
        let (index, item) = items.get(usize::from(*pick.get(at)?))?;
        chosen.push(*index);
        at = at.checked_sub(weight(item))?;
    }
    chosen.reverse();
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use super::{Item, cheapest};

    fn item(effort: i64, value: i64) -> Item {
        Item { effort, value, steps: usize::from(effort > 0) }
    }

    #[test]
    fn the_least_effort_wins_then_the_greatest_value() {
        let groups =
            [vec![item(0, 0), item(16, 30)], vec![item(0, 0), item(4, 9)], vec![item(0, 0), item(4, 11)]];
        assert_eq!(cheapest(&groups, 0), Some(vec![0, 0, 0]));
        assert_eq!(cheapest(&groups, 9), Some(vec![0, 0, 1]));
        assert_eq!(cheapest(&groups, 20), Some(vec![0, 1, 1]));
        assert_eq!(cheapest(&groups, 21), Some(vec![1, 0, 0]));
        assert_eq!(cheapest(&groups, 51), None);
        assert_eq!(cheapest(&[vec![]], 0), None);
        assert_eq!(cheapest(&[], 0), Some(vec![]));
    }

    #[test]
    fn far_more_work_than_is_looked_at_first_is_found_too() {
        let groups: Vec<Vec<Item>> = (0..60).map(|_| vec![item(0, 0), item(16, 1)]).collect();
        assert_eq!(cheapest(&groups, 60), Some(vec![1; 60]));
        assert_eq!(cheapest(&groups, 61), None);
    }
}
