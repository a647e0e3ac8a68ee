//! All services: filter, sort, search, fifty a page; works as a plain form.

use serde::{Deserialize, Serialize};

use super::chrome::Chrome;
use super::parts::{Choice, Delta, Grade, When};
use super::words;
use crate::app::services::ListServices;
use crate::app::views::{Page, ServiceRow, TeamRef};
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// What the form sends; the same names as the API.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    /// Team slug.
    pub team: Option<String>,
    /// 1 to 4.
    pub tier: Option<String>,
    /// Letter, or `none` for not graded.
    pub grade: Option<String>,
    /// Practice id.
    pub practice: Option<String>,
    /// Part of a name.
    pub q: Option<String>,
    /// One of [`SORTS`].
    pub sort: Option<String>,
    /// Where the page starts.
    pub cursor: Option<String>,
}

/// Orders of the list, as the API names them, the first by default.
pub const SORTS: &[(&str, &str)] = &[
    ("-score", "Highest score"),
    ("score", "Lowest score"),
    ("name", "Name"),
    ("tier", "Tier"),
    ("coverage", "Least known"),
    ("changed", "Latest change"),
];

/// What the fields of the form offer.
pub struct Offers {
    /// Teams by name.
    pub teams: Vec<TeamRef>,
    /// Letters, best first.
    pub grades: Vec<String>,
    /// Practice ids and titles.
    pub practices: Vec<(String, String)>,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    q: String,
    teams: Vec<Choice>,
    tiers: Vec<Choice>,
    grades: Vec<Choice>,
    practices: Vec<Choice>,
    sorts: Vec<Choice>,
    filtered: bool,
    /// There is no service at all.
    empty: bool,
    caption: String,
    rows: Vec<Row>,
    /// The first page, when this is a later one.
    first: Option<String>,
    next: Option<String>,
    csv: String,
}

/// One service.
#[derive(Serialize)]
pub struct Row {
    href: String,
    name: String,
    sub: String,
    tier: i16,
    coverage: i16,
    score: String,
    grade: Grade,
    delta: Option<Delta>,
    changed: Option<When>,
    regressed: Option<String>,
    removed: bool,
}

/// One page of services.
pub fn context(chrome: Chrome, query: &Query, offers: &Offers, page: &Page<ServiceRow>) -> Ctx {
    let now = chrome.now;
    let filtered = query.pairs(false).iter().any(|(name, _)| *name != "sort");
    let empty = page.items.is_empty() && !filtered && query.cursor.is_none();
    Ctx {
        q: query.q.clone().unwrap_or_default(),
        teams: choices(
            "All teams",
            query.team.as_deref(),
            offers.teams.iter().map(|t| (t.slug.clone(), t.name.clone())),
        ),
        tiers: choices(
            "All tiers",
            query.tier.as_deref(),
            (1..=4).map(|t| (t.to_string(), format!("Tier {t}"))),
        ),
        grades: choices(
            "All grades",
            query.grade.as_deref(),
            offers
                .grades
                .iter()
                .map(|g| (g.clone(), g.clone()))
                .chain([("none".to_owned(), "Not graded".to_owned())]),
        ),
        practices: choices("All practices", query.practice.as_deref(), offers.practices.iter().cloned()),
        sorts: SORTS
            .iter()
            .map(|(value, text)| Choice::new(*value, *text, query.sort.as_deref().or(Some("-score"))))
            .collect(),
        filtered,
        empty,
        caption: "Services with tier, coverage, score and change".to_owned(),
        rows: page.items.iter().map(|row| Row::new(row, now)).collect(),
        first: query.cursor.is_some().then(|| query.href("/services", None)),
        next: page.next.as_deref().map(|cursor| query.href("/services", Some(cursor))),
        csv: query.csv(),
        chrome: chrome.titled("Services"),
    }
}

fn choices(all: &str, current: Option<&str>, offers: impl Iterator<Item = (String, String)>) -> Vec<Choice> {
    std::iter::once(Choice::new("", all, current))
        .chain(offers.map(|(v, t)| Choice::new(v, t, current)))
        .collect()
}

impl Query {
    /// What the application is asked for.
    pub fn ask(&self, limit: i64) -> Result<ListServices> {
        let tier = self.tier.as_deref().map(str::trim).filter(|t| !t.is_empty());
        let tier =
            tier.map(|t| t.parse().map_err(|_| Error::invalid("?tier", "expected 1 to 4"))).transpose()?;
        Ok(ListServices {
            team: self.team.clone(),
            tier,
            grade: self.grade.clone(),
            practice: self.practice.clone(),
            q: self.q.clone(),
            sort: self.sort.clone(),
            removed: false,
            cursor: self.cursor.clone().filter(|c| !c.is_empty()),
            limit,
        })
    }

    /// The fields that say something.
    fn pairs(&self, with_cursor: bool) -> Vec<(&'static str, &str)> {
        let fields = [
            ("q", &self.q),
            ("team", &self.team),
            ("tier", &self.tier),
            ("grade", &self.grade),
            ("practice", &self.practice),
            ("sort", &self.sort),
            ("cursor", &self.cursor),
        ];
        fields
            .into_iter()
            .filter(|(name, _)| with_cursor || *name != "cursor")
            .filter_map(|(name, value)| Some((name, value.as_deref().filter(|v| !v.trim().is_empty())?)))
            .collect()
    }

    fn href(&self, path: &str, cursor: Option<&str>) -> String {
        let pairs = self.pairs(false).into_iter().chain(cursor.map(|c| ("cursor", c)));
        let query: Vec<String> =
            pairs.map(|(name, value)| format!("{name}={}", words::encode(value))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }

    fn csv(&self) -> String {
        let href = self.href("/api/v1/services", None);
        format!("{href}{}format=csv&limit=500", if href.contains('?') { '&' } else { '?' })
    }
}

impl Row {
    /// One line of the list.
    pub fn new(row: &ServiceRow, now: Timestamp) -> Self {
        let team = row.team.as_ref().map_or("no owner yet", |t| t.name.as_str());
        Self {
            href: format!("/services/{}", row.slug),
            name: row.name.clone(),
            sub: format!("{team} · {}", row.lifecycle),
            tier: row.tier,
            coverage: row.coverage,
            score: row.score.map_or_else(String::new, |s| s.to_string()),
            grade: Grade::new(row.grade.as_deref()),
            delta: row.trend.map(|t| Delta::new(i64::from(t), "")),
            changed: row.changed_at.map(|at| When::new(now, at)),
            regressed: (row.regressions > 0).then(|| words::count(i64::from(row.regressions), "regression")),
            removed: row.removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_the_filters_and_nothing_empty() {
        let query = Query {
            q: Some("a b".to_owned()),
            team: Some(String::new()),
            tier: Some("1".to_owned()),
            ..Query::default()
        };
        assert_eq!(query.href("/services", Some("x=")), "/services?q=a%20b&tier=1&cursor=x%3D");
        assert_eq!(Query::default().csv(), "/api/v1/services?format=csv&limit=500");
    }
}
