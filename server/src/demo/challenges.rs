//! Two challenges of the made-up organisation: one that ended with a retrospective, one that runs.

use serde_json::{Value, json};

use super::DAYS;
use super::dice::Dice;
use crate::app::challenges::{ChangeChallenge, CreateChallenge, ItemView, change, create, cycle, items};
use crate::app::ingest::batch;
use crate::app::{Actor, App};
use crate::types::{DAY_MS, Failure, Timestamp};

/// The day on which the challenge that is over began.
const FIRST: i64 = DAYS - 120;
/// Its days.
const LASTED: i64 = 42;
/// The day on which the challenge that runs began.
const SECOND: i64 = DAYS - 17;

/// What happens to challenges on a day, after its evidence has come in.
pub(super) fn live(app: &App, day: i64, at: Timestamp) -> anyhow::Result<()> {
    // They begin with their day.
    let today = Timestamp(at.0 - at.0.rem_euclid(DAY_MS));
    let wish = match day {
        FIRST => Some(first(today)),
        SECOND => Some(second(today)),
        _ => None,
    };
    if let Some(wish) = wish {
        let cmd: CreateChallenge = serde_json::from_value(wish)?;
        app.write_now(&Actor::command_line(), |tx| create(tx, &cmd, None))?;
    }
    cycle::run_due(app)?;
    if (FIRST..FIRST + LASTED).contains(&day) {
        answer(app, "first-drills", day, at, 0.04)?;
    } else if day > SECOND {
        answer(app, "rehearse-the-way-back", day, at, 0.06)?;
    }
    if day == FIRST + LASTED + 2 {
        let cmd = ChangeChallenge { retrospective: Some(LEARNED.to_owned()), ..ChangeChallenge::default() };
        app.write_now(&Actor::command_line(), |tx| change(tx, "first-drills", &cmd))?;
    }
    Ok(())
}

/// The teams take part: some of what is open is drilled on this day, and most of it passes.
fn answer(app: &App, slug: &str, day: i64, at: Timestamp, share: f64) -> anyhow::Result<()> {
    let open = app.read_now(|tx| items(tx, slug, (None, Some("open")), None, 500))?.items;
    let mut lines = Vec::new();
    for (n, item) in open.iter().enumerate() {
        let mut dice = Dice::of(21, &format!("{slug}/{}/{n}/{day}", item.service));
        if dice.chance(share) {
            lines.push(drill(item, &mut dice, at).to_string());
        }
    }
    if !lines.is_empty() {
        app.write_now(&Actor::command_line(), |tx| batch(tx, lines.join("\n").as_bytes(), None))?;
    }
    cycle::run_due(app)?;
    Ok(())
}

fn drill(item: &ItemView, dice: &mut Dice, at: Timestamp) -> Value {
    const FIRST_ONES: [Failure; 6] =
        [Failure::Cpu, Failure::Memory, Failure::Network, Failure::Dns, Failure::Latency, Failure::Disk];
    let named = item.what.as_deref().and_then(|what| Failure::from_loose(what.split(' ').next()?));
    let any = usize::try_from(dice.range(0, 5)).ok().and_then(|n| FIRST_ONES.get(n).copied());
    let failure = named.or(any).unwrap_or(Failure::Cpu);
    let start = Timestamp(at.0 - dice.range(1, 6) * DAY_MS / 24);
    json!({
        "service": item.service,
        "kind": failure.kind().as_str(),
        "failure": failure.as_str(),
        "environment": "staging",
        "outcome": if dice.chance(0.9) { "passed" } else { "failed" },
        "started_at": start,
        "ended_at": Timestamp(start.0 + dice.range(60, 900) * 1_000),
        "rollback": { "outcome": "succeeded", "seconds": dice.range(40, 400) },
        "source": { "tool": "drill-runner", "version": "3.2" },
    })
}

fn first(today: Timestamp) -> Value {
    json!({
        "slug": "first-drills",
        "title": "First drills",
        "why": "The first drill is the hardest one. After some of them it is a habit.",
        "starts_at": today,
        "ends_at": today.plus_days(LASTED),
        "scope": { "lifecycles": ["production"] },
        "goal": { "kind": "drills", "failures": ["infrastructure"], "fresh_days": 60, "count": 7, "per": "service" },
        "target_pct": 70,
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
