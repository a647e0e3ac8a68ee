//! The fields of the form for a challenge: what was typed, and the wish that it means.

use serde::{Deserialize, Serialize};

use crate::app::challenges::{
    ChallengeGoal, ChallengeScope, ChallengeView, ChangeChallenge, CreateChallenge, Milestone, Template,
};
use crate::error::FieldError;
use crate::types::Timestamp;

/// The form, as it is sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Fields {
    pub title: String,
    pub why: String,
    pub starts: String,
    pub ends: String,
    pub teams: String,
    pub tiers: String,
    pub lifecycles: String,
    pub labels: String,
    pub services: String,
    pub kind: String,
    pub grade: String,
    pub failures: String,
    pub fresh_days: String,
    pub count: String,
    pub per: String,
    pub flow: String,
    pub pass: String,
    pub target_pct: String,
    pub milestones: String,
    pub badge: String,
    pub retrospective: String,
    /// Id of the template that it was begun from.
    pub template: String,
    /// `cancel` where that button was pressed.
    #[serde(rename = "do")]
    pub action: String,
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn list(text: &str) -> Vec<String> {
    text.split([',', '\n']).filter_map(given).collect()
}

/// The day before, as a date field has it.
fn last_day(end: Timestamp) -> String {
    Timestamp(end.0 - 1).day_text()
}

impl Fields {
    /// The form filled in with a template, from `now`.
    pub fn of_template(template: &Template, now: Timestamp) -> Self {
        let (first, end) = template.span(now);
        Self {
            title: template.title.to_owned(),
            why: template.why.to_owned(),
            starts: first.day_text(),
            ends: last_day(end),
            template: template.id.to_owned(),
            tiers: template.tiers.to_owned(),
            lifecycles: template.lifecycles.to_owned(),
            kind: template.kind.to_owned(),
            failures: template.failures.to_owned(),
            fresh_days: template.fresh_days.to_owned(),
            count: template.count.to_owned(),
            per: template.per.to_owned(),
            pass: template.pass.to_owned(),
            target_pct: template.target_pct.to_string(),
            milestones: template.milestones.to_owned(),
            badge: template.badge.to_owned(),
            ..Self::default()
        }
    }

    /// The form filled in with what is stored.
    pub fn of_view(view: &ChallengeView) -> Self {
        let (row, goal, scope) = (&view.row, &view.goal, &view.scope);
        let text = |value: Option<i64>| value.map_or_else(String::new, |n| n.to_string());
        let miles: Vec<String> = view
            .milestones
            .iter()
            .map(|one| match one.title.as_str() {
                "" => one.at.to_string(),
                title => format!("{}: {title}", one.at),
            })
            .collect();
        let tiers: Vec<String> = scope.tiers.iter().map(ToString::to_string).collect();
        Self {
            title: row.title.clone(),
            why: row.why.clone(),
            starts: row.starts_at.day_text(),
            ends: last_day(row.ends_at),
            teams: scope.teams.join(", "),
            tiers: tiers.join(", "),
            lifecycles: scope.lifecycles.join(", "),
            labels: scope.labels.join(", "),
            services: scope.services.join(", "),
            kind: goal.kind.clone(),
            grade: goal.grade.clone().unwrap_or_default(),
            failures: goal.failures.join(", "),
            fresh_days: text(goal.fresh_days),
            count: text(goal.count),
            per: goal.per.clone().unwrap_or_default(),
            flow: goal.flow.clone().unwrap_or_default(),
            pass: goal.pass.clone().unwrap_or_default(),
            target_pct: row.target_pct.to_string(),
            milestones: miles.join("\n"),
            badge: row.badge.clone(),
            retrospective: view.retrospective.clone(),
            template: String::new(),
            action: String::new(),
        }
    }

    /// The goal: of the fields only those that go with its kind.
    fn goal(&self, wrong: &mut Vec<FieldError>) -> ChallengeGoal {
        let kind = self.kind.trim();
        let of = |wanted: &str, text: &str| if kind == wanted { given(text) } else { None };
        let mut number = |place: &str, text: Option<String>| {
            let text = text?;
            let read = text.parse::<i64>().ok();
            if read.is_none() {
                wrong.push(FieldError::new(place, "expected a whole number"));
            }
            read
        };
        let count = number("/goal/count", of("drills", &self.count));
        ChallengeGoal {
            kind: kind.to_owned(),
            grade: of("grade", &self.grade),
            failures: if kind == "drills" { list(&self.failures) } else { Vec::new() },
            fresh_days: number("/goal/fresh_days", of("drills", &self.fresh_days)),
            per: of("drills", &self.per).filter(|_| count.is_some()),
            count,
            flow: of("fallbacks", &self.flow),
            pass: of("custom", &self.pass),
        }
    }

    fn scope(&self) -> ChallengeScope {
        ChallengeScope {
            teams: list(&self.teams),
            // What is no number is told as a tier that there is not.
            tiers: list(&self.tiers).iter().map(|word| word.parse().unwrap_or(0)).collect(),
            lifecycles: list(&self.lifecycles),
            labels: list(&self.labels),
            services: list(&self.services),
        }
    }

    /// One a line: percent of the way, a colon, what is celebrated.
    fn milestones(&self, wrong: &mut Vec<FieldError>) -> Option<Vec<Milestone>> {
        let mut all = Vec::new();
        for (n, line) in self.milestones.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
            let (at, title) = line.split_once(':').unwrap_or((line, ""));
            if let Ok(at) = at.trim().trim_end_matches('%').parse() {
                all.push(Milestone { at, title: title.trim().to_owned() });
            } else {
                let detail = "expected a line such as `50: Open drill hour`";
                wrong.push(FieldError::new(format!("/milestones/{n}"), detail));
            }
        }
        (!all.is_empty()).then_some(all)
    }

    fn target(&self, wrong: &mut Vec<FieldError>) -> Option<i64> {
        let text = given(&self.target_pct)?;
        let read = text.trim_end_matches('%').trim().parse().ok();
        if read.is_none() {
            wrong.push(FieldError::new("/target_pct", "expected percent from 1 to 100"));
        }
        read
    }

    /// The wish for a new challenge, or every field that cannot be read.
    pub fn create(&self) -> Result<CreateChallenge, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let starts_at = day("/starts_at", &self.starts, 0, &mut wrong);
        let ends_at = day("/ends_at", &self.ends, 1, &mut wrong);
        let cmd = CreateChallenge {
            slug: None,
            title: self.title.clone(),
            why: self.why.clone(),
            starts_at,
            ends_at,
            scope: self.scope(),
            goal: self.goal(&mut wrong),
            target_pct: self.target(&mut wrong),
            milestones: self.milestones(&mut wrong),
            badge: given(&self.badge),
        };
        if wrong.is_empty() { Ok(cmd) } else { Err(wrong) }
    }

    /// The wish to change what is stored: only fields that say something else than before.
    pub fn change(&self, view: &ChallengeView) -> Result<ChangeChallenge, Vec<FieldError>> {
        if self.action == "cancel" {
            return Ok(ChangeChallenge { state: Some("cancelled".to_owned()), ..ChangeChallenge::default() });
        }
        let before = Self::of_view(view);
        if view.row.state == "ended" || view.row.state == "cancelled" {
            let retrospective = Some(self.retrospective.clone()).filter(|text| *text != before.retrospective);
            return Ok(ChangeChallenge { retrospective, ..ChangeChallenge::default() });
        }
        let mut wrong = Vec::new();
        let mut cmd = ChangeChallenge {
            title: given(&self.title).filter(|title| *title != before.title),
            why: Some(self.why.trim().to_owned()).filter(|why| *why != before.why),
            badge: given(&self.badge).filter(|badge| *badge != before.badge),
            ..ChangeChallenge::default()
        };
        // A form has days; where the day is the same, the stored instant stays.
        if self.ends != before.ends {
            cmd.ends_at = Some(day("/ends_at", &self.ends, 1, &mut wrong));
        }
        if view.row.state == "draft" {
            if self.starts != before.starts {
                cmd.starts_at = Some(day("/starts_at", &self.starts, 0, &mut wrong));
            }
            cmd.scope = Some(self.scope());
            cmd.goal = Some(self.goal(&mut wrong));
            cmd.target_pct = self.target(&mut wrong);
            cmd.milestones = self.milestones(&mut wrong);
        }
        if wrong.is_empty() { Ok(cmd) } else { Err(wrong) }
    }
}

/// The first instant of a day, or of the one after it.
fn day(place: &str, text: &str, more: i64, wrong: &mut Vec<FieldError>) -> Timestamp {
    if let Ok(at) = Timestamp::parse(&format!("{}T00:00:00Z", text.trim())) {
        return at.plus_days(more);
    }
    wrong.push(FieldError::new(place, "expected a day such as 2026-12-01"));
    Timestamp(0)
}
