//! The head of Home and of a team's page: ring, the distance to the next grade, the three next steps.

use serde::Serialize;

use super::parts::{self, Delta};
use super::words;
use crate::app::views::{NextGrade, Standing, TeamStep, TeamView};
use crate::http::charts::Ring;

/// Steps shown.
const STEPS: usize = 3;

/// The head of a page about a team or everything.
#[derive(Serialize)]
pub struct Hero {
    eyebrow: String,
    ring: Ring,
    /// Before, inside and after the emphasis of the headline.
    before: String,
    emphasis: Option<String>,
    after: String,
    lead: String,
    /// Where the failing drills are listed.
    lead_href: Option<String>,
    pills: Vec<Pill>,
    steps: Vec<Step>,
}

/// A word below the headline.
#[derive(Serialize)]
pub struct Pill {
    cls: &'static str,
    icon: Option<&'static str>,
    delta: Option<Delta>,
    text: String,
}

/// A next step of one service.
#[derive(Serialize)]
pub struct Step {
    points: i16,
    title: String,
    service: String,
    practice: String,
    effort: String,
    href: String,
}

impl Hero {
    /// The head for `team`.
    pub fn team(team: &TeamView, eyebrow: String) -> Self {
        let (before, emphasis, after) = headline(&team.name, &team.standing, team.next_grade.as_ref());
        Self {
            eyebrow,
            ring: ring(&team.standing),
            before,
            emphasis,
            after,
            lead: lead(&team.standing, team.next_steps.first()),
            lead_href: (team.standing.regressions > 0).then(|| format!("/teams/{}#services", team.slug)),
            pills: pills(&team.standing),
            steps: team.next_steps.iter().take(STEPS).map(Step::new).collect(),
        }
    }

    /// The head for everything, where no team is chosen. `upper` is the sentence about the better half.
    pub fn fleet(standing: &Standing, teams: i64, upper: String) -> Self {
        Self {
            eyebrow: format!(
                "All {}, {}",
                words::count(teams, "team"),
                words::count(standing.services, "service")
            ),
            ring: ring(standing),
            before: upper,
            emphasis: None,
            after: String::new(),
            lead: lead(standing, None),
            lead_href: None,
            pills: pills(standing),
            steps: Vec::new(),
        }
    }
}

fn ring(standing: &Standing) -> Ring {
    Ring::new(standing.grade.as_deref(), standing.score.map(i64::from), i64::from(standing.coverage))
}

fn headline(name: &str, standing: &Standing, next: Option<&NextGrade>) -> (String, Option<String>, String) {
    match (&standing.grade, next) {
        (Some(_), Some(next)) if next.points > 0 => {
            let points = words::count(i64::from(next.points), "point");
            (format!("{name} is"), Some(points), format!(" from {}", words::a_letter(&next.grade)))
        }
        (Some(grade), _) => (format!("{name} holds"), Some(words::a_letter(grade)), String::new()),
        (None, _) => (format!("{name} is not graded yet"), None, String::new()),
    }
}

fn lead(standing: &Standing, step: Option<&TeamStep>) -> String {
    match (standing.services, standing.graded, standing.regressions, step) {
        (0, ..) => "No service belongs here yet. Name the owner in the catalogue.".to_owned(),
        (_, 0, ..) => "Send one drill result and the first grade appears at once.".to_owned(),
        (.., 1, _) => "One drill that passed before fails now. Start there.".to_owned(),
        (.., n, _) if n > 1 => format!("{n} drills that passed before fail now. Start there."),
        (.., Some(step)) => {
            let points = words::count(i64::from(step.points), "point");
            format!("Start in {}: {points} for {} of work.", step.service, words::effort(&step.effort))
        }
        (services, graded, _, None) => format!("{graded} of {} graded.", words::count(services, "service")),
    }
}

fn pills(standing: &Standing) -> Vec<Pill> {
    let plain = |text: String| Pill { cls: "", icon: None, delta: None, text };
    let mut pills = Vec::new();
    if let Some(gained) = standing.gained_30d.map(i64::from) {
        let cls = match parts::direction(gained) {
            "same" => "",
            dir => dir,
        };
        pills.push(Pill { cls, delta: Some(Delta::new(gained, " in 30 days")), ..plain(String::new()) });
    }
    if let Some(weeks) = standing.streak_weeks.filter(|w| *w > 0) {
        pills.push(Pill {
            cls: "gold",
            icon: Some("flame"),
            ..plain(format!("mean streak {}", words::count(weeks, "week")))
        });
    }
    if standing.regressions > 0 {
        let text = words::count(standing.regressions, "regression");
        pills.push(Pill { cls: "bad", icon: Some("bolt"), ..plain(text) });
    }
    if standing.graded > 0 {
        pills.push(plain(format!("{}% of points known", standing.coverage)));
    }
    pills
}

impl Step {
    fn new(view: &TeamStep) -> Self {
        Self {
            points: view.points,
            title: view.title.clone(),
            service: view.service.clone(),
            practice: view.practice.clone(),
            effort: words::effort(&view.effort),
            href: format!("/services/{}#rule-{}", view.service, view.rule),
        }
    }
}
