//! Challenges that have proved themselves elsewhere, to begin from.

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

const EMPTY: Template = Template {
    id: "",
    title: "",
    about: "",
    why: "",
    days: 31,
    tiers: "",
    lifecycles: "production",
    kind: "drills",
    failures: "",
    fresh_days: "",
    count: "",
    per: "",
    pass: "",
    target_pct: 100,
    milestones: "25:\n50:\n75:\n100:",
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
        kind: "fallbacks",
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
        badge: "First drills",
        ..EMPTY
    },
];
