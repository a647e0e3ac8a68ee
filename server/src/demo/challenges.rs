//! Two challenges of the made-up organisation: one that ended with a retrospective, one that runs.

use serde_json::{Value, json};

use super::DAYS;
use crate::app::challenges::{ChangeChallenge, CreateChallenge, change, create, cycle};
use crate::app::{Actor, App};
use crate::types::Timestamp;

/// The day on which the challenge that is over began.
const FIRST: i64 = DAYS - 120;
/// Its days.
const LASTED: i64 = 42;
/// The day on which the challenge that runs began.
const SECOND: i64 = DAYS - 17;

/// What happens to challenges on a day, after its evidence has come in.
pub(super) fn live(app: &App, day: i64, at: Timestamp) -> anyhow::Result<()> {
    // They begin with their day.
    let today = Timestamp(at.0 - at.0.rem_euclid(crate::types::DAY_MS));
    let wish = match day {
        FIRST => Some(first(today)),
        SECOND => Some(second(today)),
        _ => None,
    };
    if let Some(wish) = wish {
        let cmd: CreateChallenge = serde_json::from_value(wish)?;
        app.write_now(&Actor::command_line(), |tx| create(tx, &cmd))?;
    }
    cycle::run_due(app)?;
    if day == FIRST + LASTED + 2 {
        let cmd = ChangeChallenge { retrospective: Some(LEARNED.to_owned()), ..ChangeChallenge::default() };
        app.write_now(&Actor::command_line(), |tx| change(tx, "first-drills", &cmd))?;
    }
    Ok(())
}

fn first(today: Timestamp) -> Value {
    json!({
        "slug": "first-drills",
        "title": "First drills",
        "why": "The first drill is the hardest one. After four of them it is a habit.",
        "starts_at": today,
        "ends_at": today.plus_days(LASTED),
        "scope": { "lifecycles": ["production"] },
        "goal": { "kind": "drills", "failures": ["infrastructure"], "fresh_days": 75, "count": 4, "per": "service" },
        "target_pct": 60,
        "badge": "First drills",
    })
}

fn second(today: Timestamp) -> Value {
    json!({
        "slug": "rehearse-the-way-back",
        "title": "Rehearse the way back",
        "why": "A rollback that was never tried is a hope. By the end, 80% of our rollbacks have been run once, for real.",
        "starts_at": today,
        "ends_at": today.plus_days(31),
        "scope": { "lifecycles": ["production"] },
        "goal": { "kind": "drills", "failures": ["rollback"], "fresh_days": 30 },
        "target_pct": 80,
        "milestones": [
            { "at": 25, "title": "Kick-off breakfast" },
            { "at": 50, "title": "Open drill hour every Tuesday" },
            { "at": 75, "title": "Sticker drop" },
            { "at": 100, "title": "Badge for every team that reached its own goal" },
        ],
        "badge": "Way back",
    })
}

const LEARNED: &str = "\
# What helped
- An **open drill hour** every Tuesday: whoever had a question brought the service along.
- Plans to copy from [what is due](/drills), so that nobody began with an empty page.

# What we would do otherwise
Half of the failures were found in the first week, and their fixes took longer than the drills. Next time we plan
a week between `first run` and `second run`.
";
