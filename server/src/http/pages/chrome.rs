//! What surrounds every page: title, navigation, theme, the reader's team.

use serde::Serialize;

use super::parts::When;
use super::words;
use crate::app::Actor;
use crate::app::actor::Role;
use crate::types::Timestamp;

/// The frame of a page.
#[derive(Clone, Debug, Serialize)]
pub struct Chrome {
    /// Title of the document.
    pub title: String,
    /// `light`, `dark`, or null: the system decides.
    pub theme: Option<&'static str>,
    /// What the search field holds.
    pub q: String,
    /// The reader's team.
    pub team: Option<MyTeam>,
    /// Made-up data: the footer leads to loading one's own.
    pub demo: bool,
    /// Who is signed in.
    pub me: Option<Me>,
    /// For who may read reviews: how many are open.
    pub reviews: Option<Waiting>,
    /// When the latest grading run ended.
    pub graded: Option<When>,
    /// Path and query of this page, to come back to after a form.
    pub path: String,
    /// Atom feed of this page.
    pub feed: Option<String>,
    nav: Vec<NavItem>,
    tabs: Vec<NavItem>,
    /// Every section, for the foot of the page: on a small screen the bars have no room for all.
    sections: Vec<NavItem>,
    /// All relative times are told from here.
    #[serde(skip)]
    pub now: Timestamp,
}

/// The reader's team, as chosen by the cookie `team`.
#[derive(Clone, Debug, Serialize)]
pub struct MyTeam {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Two letters for the disc.
    pub initials: String,
}

/// Who is signed in.
#[derive(Clone, Debug, Serialize)]
pub struct Me {
    /// Name as shown.
    pub name: String,
    /// May administer.
    pub admin: bool,
    /// What the forms of this session carry.
    pub csrf: String,
}

/// Reviews that are open.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// There is one.
    pub any: bool,
    /// How many.
    pub open: i64,
    /// `3 reviews`.
    pub text: String,
}

impl Waiting {
    /// So many.
    pub fn new(open: i64) -> Self {
        Self { any: open > 0, open, text: words::count(open, "review") }
    }
}

impl Me {
    /// The person behind a request.
    pub fn of(actor: &Actor, csrf: Option<String>) -> Option<Self> {
        let person = actor.person.as_ref()?;
        let admin = person.role == Role::Admin;
        Some(Self { name: person.name.clone(), admin, csrf: csrf.unwrap_or_default() })
    }
}

#[derive(Clone, Debug, Serialize)]
struct NavItem {
    text: &'static str,
    href: &'static str,
    icon: &'static str,
    current: bool,
}

/// Text, address, icon, and whether it has a place in the bar of small screens.
const NAV: &[(&str, &str, &str, bool)] = &[
    ("Home", "/", "home", true),
    ("Services", "/services", "grid", true),
    ("Flows", "/flows", "loop", false),
    ("Teams", "/teams", "users", false),
    ("Boards", "/leaderboards/improved", "trophy", true),
    ("Challenges", "/challenges", "flag", true),
    ("Overview", "/overview", "dial", true),
    ("Rules", "/rules", "book", false),
    ("Help", "/help", "life", false),
];

/// Sections that stand at the foot of pages only.
const FOOT: &[(&str, &str, &str, bool)] = &[
    ("Certificates", "/certificates", "award", false),
    ("Drills due", "/drills", "clock", false),
    ("Activity", "/activity", "list", false),
    ("Sources", "/sources", "loop", false),
    ("API", "/api/docs", "book", false),
];

impl Chrome {
    /// A frame for the page at `path` (with its query), as of `now`.
    pub fn new(path: impl Into<String>, now: Timestamp) -> Self {
        let path = path.into();
        let item = |&(text, href, icon, _): &(&'static str, &'static str, &'static str, bool)| NavItem {
            text,
            href,
            icon,
            current: is_under(&path, href),
        };
        let items = |small: bool| NAV.iter().filter(|n| n.3 || !small).map(item).collect();
        Self {
            title: String::new(),
            theme: None,
            q: String::new(),
            team: None,
            demo: false,
            me: None,
            reviews: None,
            graded: None,
            feed: None,
            nav: items(false),
            tabs: items(true),
            sections: NAV.iter().chain(FOOT).map(item).collect(),
            path,
            now,
        }
    }

    /// The same frame with a title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The same frame with an Atom feed.
    #[must_use]
    pub fn fed(mut self, feed: impl Into<String>) -> Self {
        self.feed = Some(feed.into());
        self
    }

    /// The same frame with `q` in the search field.
    #[must_use]
    pub fn searching(mut self, q: impl Into<String>) -> Self {
        self.q = q.into();
        self
    }

    /// The slug of the reader's team.
    pub fn my_team(&self) -> Option<&str> {
        self.team.as_ref().map(|t| t.slug.as_str())
    }
}

impl MyTeam {
    /// A team as the frame shows it.
    pub fn new(slug: impl Into<String>, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { slug: slug.into(), initials: words::initials(&name), name }
    }
}

/// `/services/shop` lies under `/services`; only `/` itself lies under `/`.
fn is_under(path: &str, href: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let section = |p: &str| p.split('/').nth(1).unwrap_or_default().to_owned();
    if href == "/" { path == "/" } else { section(path) == section(href) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lights_its_section() {
        assert!(is_under("/services/shop/why?as_of=x", "/services"));
        assert!(is_under("/leaderboards/score", "/leaderboards/improved"));
        assert!(is_under("/?league=tier-1", "/"));
        assert!(!is_under("/services", "/"));
        assert!(!is_under("/search", "/services"));
    }
}
