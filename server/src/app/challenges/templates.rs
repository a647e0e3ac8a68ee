//! Challenges that have proved themselves elsewhere, to begin from.

use chrono::{Datelike, NaiveDate};

use crate::types::{DAY_MS, Timestamp};

/// What the form for a new challenge is filled in with.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its name in addresses.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// What it is, for who chooses.
    pub about: &'static str,
    /// Why.
    pub why: &'static str,
    /// How long it lasts.
    pub days: i64,
    /// The month of the year that it is made for; none for any time.
    pub month: Option<u32>,
    /// Tiers, with commas between.
    pub tiers: &'static str,
    /// Lifecycles, with commas between.
    pub lifecycles: &'static str,
    /// Kind of its goal.
    pub kind: &'static str,
    /// Failure classes or kinds, with commas between.
    pub failures: &'static str,
    /// Days until which a pass is fresh.
    pub fresh_days: &'static str,
    /// How many drills.
    pub count: &'static str,
    /// In each service or in all.
    pub per: &'static str,
    /// An expression.
    pub pass: &'static str,
    /// Percent.
    pub target_pct: i64,
    /// Milestones: percent of the way, a colon, what is celebrated.
    pub milestones: &'static str,
    /// Name of the badge.
    pub badge: &'static str,
}

impl Template {
    /// Its first instant and the first one after it, for who plans it at `now`: from tomorrow, or all of its month.
    pub fn span(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let tomorrow = now.plus_days(1).to_datetime().date_naive();
        let whole = self.month.and_then(|month| {
            let first = |year: i32| NaiveDate::from_ymd_opt(year, month, 1);
            let year = if first(tomorrow.year())? < tomorrow { tomorrow.year() + 1 } else { tomorrow.year() };
            let start = first(year)?;
            Some((start, start.checked_add_months(chrono::Months::new(1))?))
        });
        let at =
            |day: NaiveDate| Timestamp(day.signed_duration_since(NaiveDate::default()).num_days() * DAY_MS);
        whole.map_or_else(
            || (at(tomorrow), at(tomorrow).plus_days(self.days)),
            |(start, end)| (at(start), at(end)),
        )
    }
}

const EMPTY: Template = Template {
    id: "",
    title: "",
    about: "",
    why: "",
    days: 31,
    month: None,
    tiers: "",
    lifecycles: "production",
    kind: "drills",
    failures: "",
    fresh_days: "",
    count: "",
    per: "",
    pass: "",
    target_pct: 100,
    milestones: "25: A quarter of the way\n50: Half of the way\n75: Three quarters of the way\n100: The goal, and a badge for every team that reached its own",
    badge: "",
};

/// The templates.
pub const TEMPLATES: &[Template] = &[
    Template {
        id: "rehearse-the-way-back",
        title: "Rehearse the way back",
        about: "Every tier 1 and 2 service rolls its configuration back once, for real.",
        why: "A rollback that was never tried is a hope. Most long outages are made longer by a way back that did \
              not work when it was needed.",
        tiers: "1, 2",
        failures: "config",
        fresh_days: "30",
        milestones: "25: Kick-off\n50: Open drill hour every Tuesday\n75: Half the way and more\n100: Badge for every team that reached its own goal",
        badge: "Way back",
        ..EMPTY
    },
    Template {
        id: "fallback-february",
        title: "Fallback February",
        about: "Every fallback of one core flow is proved by a drill.",
        why: "A fallback that nobody has seen work is code that runs for the first time on the worst day.",
        days: 28,
        month: Some(2),
        kind: "fallbacks",
        milestones: "25: The first fallbacks are proved\n50: Show and tell: what a fallback looks like to a user\n75: One week without a new fallback that nobody tried\n100: Every fallback of the flow is proved",
        badge: "Fallback February",
        ..EMPTY
    },
    Template {
        id: "tune-up-week",
        title: "Tune-up week",
        about: "One week in which degraders are tuned until they act in time.",
        why: "A degrader with the settings it was shipped with acts too late, or on healthy instances.",
        days: 7,
        lifecycles: "production",
        kind: "custom",
        pass: "degrader.tuning_score >= 90.0",
        target_pct: 80,
        milestones: "50: Half of the way by the middle of the week\n100: What was tuned is shown to all",
        badge: "Well tuned",
        ..EMPTY
    },
    Template {
        id: "onboarding-quest",
        title: "Onboarding quest",
        about: "Every service runs its first three drills, whichever they are.",
        why: "The first drill is the hardest one. After three of them it is a habit.",
        days: 60,
        failures: "rollback, infrastructure",
        fresh_days: "90",
        count: "3",
        per: "service",
        milestones: "25: The first services have three\n50: Half of the way: an open drill hour for the others\n75: Three quarters: the last ones get help\n100: Every service has run its first drills",
        badge: "First drills",
        ..EMPTY
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_of_a_month_waits_for_it() {
        let span = |id: &str, now: &str| {
            let template = TEMPLATES.iter().find(|t| t.id == id).unwrap();
            let (start, end) = template.span(Timestamp::parse(now).unwrap());
            (start.day_text(), Timestamp(end.0 - 1).day_text())
        };
        let days = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        let february = "fallback-february";
        assert_eq!(span(february, "2026-11-22T09:00:00Z"), days("2027-02-01", "2027-02-28"));
        assert_eq!(span(february, "2027-01-31T23:00:00Z"), days("2027-02-01", "2027-02-28"));
        assert_eq!(span(february, "2027-02-01T00:00:00Z"), days("2028-02-01", "2028-02-29"));
        assert_eq!(span("tune-up-week", "2026-11-22T09:00:00Z"), days("2026-11-23", "2026-11-29"));
    }

    #[test]
    fn every_template_says_what_its_milestones_celebrate() {
        for template in TEMPLATES {
            let told = |line: &str| line.split_once(": ").is_some_and(|(_, text)| !text.is_empty());
            assert!(template.milestones.lines().all(told), "{}", template.id);
        }
    }
}
