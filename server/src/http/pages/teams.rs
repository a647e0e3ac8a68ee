//! All teams as the tree they form: company, division, team.

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

/// The page of all teams.
pub fn context(chrome: Chrome, teams: &[TeamListRow]) -> Ctx {
    let mine = chrome.my_team().map(str::to_owned);
    let rows = in_tree_order(teams).into_iter().map(|t| Row::new(t, mine.as_deref())).collect();
    Ctx { rows, chrome: chrome.titled("Teams") }
}

/// Each team is followed by those below it, siblings by name.
fn in_tree_order(teams: &[TeamListRow]) -> Vec<&TeamListRow> {
    let is_known = |slug: &str| teams.iter().any(|t| t.slug == slug);
    // A stack of what is still to be listed; a parent that is not listed itself leaves its children as roots.
    let mut stack: Vec<&TeamListRow> =
        teams.iter().filter(|t| t.parent.as_deref().is_none_or(|p| !is_known(p))).collect();
    stack.sort_by(|a, b| b.name.cmp(&a.name));
    let mut ordered = Vec::with_capacity(teams.len());
    while let Some(team) = stack.pop() {
        ordered.push(team);
        let mut below: Vec<&TeamListRow> =
            teams.iter().filter(|t| t.parent.as_deref() == Some(team.slug.as_str())).collect();
        below.sort_by(|a, b| b.name.cmp(&a.name));
        stack.extend(below);
        // A circle in the tree must not be walked for ever.
        if ordered.len() >= teams.len() {
            break;
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
