//! All teams as the tree they form: company, division, team.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{self, Grade};
use crate::app::teams::TeamListRow;
use crate::http::charts::Mix;

/// Deepest level that is drawn further in.
const DEEPEST: usize = 4;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    rows: Vec<Row>,
    /// The next page.
    next: Option<String>,
    /// There are pages before this one.
    first: bool,
}

/// One team.
#[derive(Serialize)]
pub struct Row {
    slug: String,
    name: String,
    depth: usize,
    you: bool,
    services: i64,
    mix: Mix,
    score: String,
    grade: Grade,
    regressions: i64,
}

/// Teams on a page.
const PAGE: usize = 200;

/// The page of all teams, from the one after `after` on.
pub fn context(chrome: Chrome, teams: &[TeamListRow], after: Option<&str>) -> Ctx {
    let mine = chrome.my_team().map(str::to_owned);
    let ordered = in_tree_order(teams);
    let from = after.and_then(|slug| ordered.iter().position(|t| t.slug == slug)).map_or(0, |at| at + 1);
    let page = ordered.get(from..(from + PAGE).min(ordered.len())).unwrap_or_default();
    let more = from + page.len() < ordered.len();
    Ctx {
        rows: page.iter().map(|t| Row::new(t, mine.as_deref())).collect(),
        next: page.last().filter(|_| more).map(|t| format!("/teams?after={}", t.slug)),
        first: from > 0,
        chrome: chrome.titled("Teams"),
    }
}

/// Each team is followed by those below it, siblings by name.
fn in_tree_order(teams: &[TeamListRow]) -> Vec<&TeamListRow> {
    let known: HashSet<&str> = teams.iter().map(|t| t.slug.as_str()).collect();
    let mut below: HashMap<&str, Vec<&TeamListRow>> = HashMap::new();
    let mut stack = Vec::new();
    for team in teams {
        match team.parent.as_deref().filter(|parent| known.contains(parent)) {
            Some(parent) => below.entry(parent).or_default().push(team),
            // A parent that is not listed itself leaves its children as roots.
            None => stack.push(team),
        }
    }
    // A stack of what is still to be listed: the first name on top.
    let last_first = |list: &mut Vec<&TeamListRow>| list.sort_by(|a, b| b.name.cmp(&a.name));
    last_first(&mut stack);
    let mut ordered = Vec::with_capacity(teams.len());
    while let Some(team) = stack.pop() {
        ordered.push(team);
        // Taken out, so that a circle in the tree is not walked for ever.
        if let Some(mut children) = below.remove(team.slug.as_str()) {
            last_first(&mut children);
            stack.extend(children);
        }
    }
    ordered
}

impl Row {
    fn new(view: &TeamListRow, mine: Option<&str>) -> Self {
        Self {
            slug: view.slug.clone(),
            name: view.name.clone(),
            depth: view.depth.min(DEEPEST),
            you: mine == Some(view.slug.as_str()),
            services: view.services,
            mix: parts::mix(&view.grades),
            score: view.score.map_or_else(String::new, |s| s.to_string()),
            grade: Grade::new(view.grade.as_deref()),
            regressions: view.regressions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_follow_their_parents() {
        let team = |slug: &str, parent: Option<&str>| TeamListRow {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            parent: parent.map(str::to_owned),
            depth: 0,
            services: 0,
            score: None,
            grade: None,
            grades: Vec::new(),
            regressions: 0,
        };
        let teams = [
            team("b1", Some("b")),
            team("a", Some("top")),
            team("b", Some("top")),
            team("a1", Some("a")),
            team("top", None),
            team("lost", Some("gone")),
        ];
        let order: Vec<&str> = in_tree_order(&teams).iter().map(|t| t.slug.as_str()).collect();
        assert_eq!(order, ["lost", "top", "a", "a1", "b", "b1"]);
    }
}
