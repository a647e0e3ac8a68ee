//! Whom the made-up organisation tells. They are paused: nothing ever leaves the demo.

use crate::app::outbox::{AddTarget, create, pause};
use crate::app::{Actor, App};
use crate::error::{Error, Result};

/// Adds two that are told, and pauses them at once.
pub(super) fn add(app: &App, team: &str) -> Result<()> {
    let target = |kind: &str, name: &str, url: &str, team: Option<&str>| AddTarget {
        kind: Some(kind.to_owned()),
        name: name.to_owned(),
        url: Some(url.to_owned()),
        address: None,
        team: team.map(str::to_owned),
        events: None,
    };
    let all = [
        target("webhook", "On-call tool", "https://oncall.shop.example/hooks/waterbear", None),
        target(
            "slack",
            "#checkout-platform",
            "https://hooks.slack.example/services/T0/B0/made-up",
            Some(team),
        ),
    ];
    let added = app.write_now(&Actor::command_line(), |tx| {
        for target in &all {
            let made = create(tx, target)?;
            pause(tx, &made.target.id)?;
        }
        Ok(())
    });
    match added {
        // Without a secret key nothing can be sealed; the rest of the demo needs none.
        Err(Error::Conflict { .. }) => Ok(()),
        other => other,
    }
}
