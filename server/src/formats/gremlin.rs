//! Gremlin: the body of its webhook, whose template each team may change; ours adds `service` and its like.
//!
//! An attack that ran to its end says nothing of the service; one that a health check halted does.

use super::engine::{self, Story, faults, text, time};
use super::redact::shown;
use super::{Hints, Read, json};
use crate::error::Error;
use crate::types::{Outcome, RollbackOutcome};

/// Reads one event.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let document = json::parse(body)?;
    engine::require_object(&document, "an event of Gremlin")?;
    let any = |names: &[&str]| names.iter().find_map(|name| text(&document, &format!("/{name}")));
    let state = any(&["attackStatus", "attack_status", "ATTACK_STATUS", "status"]);
    let stage = any(&["stage", "attackStage", "STAGE"]).unwrap_or_default();
    let id = any(&["attackId", "attack_id", "ATTACK_ID"]);
    let Some(state) = state.or((!stage.is_empty()).then_some("")).filter(|_| id.is_some()) else {
        let detail = "the body has no `attackId` with `attackStatus` or `stage`; put them into the template of the \
                      webhook: {\"attackId\": \"${ATTACK_ID}\", \"stage\": \"${STAGE}\", ...}";
        return Err(Error::invalid("/attackId", detail));
    };
    let flat: String = stage.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if !ended(state, &flat) {
        let now = if stage.is_empty() { state } else { stage };
        let reason = format!("The attack is in the stage `{}`; it has not ended.", shown(now));
        return Ok(Read::Ignored { reason });
    }
    let (outcome, reason) = judge(&flat, stage);
    let mut story = Story::new("gremlin", outcome, reason);
    story.labels.take(Some(&document), "", true);
    story.labels.take(document.get("tags"), "/tags", true);
    let attack = any(&["attackType", "attack_type", "ATTACK_TYPE", "type"]);
    story.failure = attack.and_then(faults::of_name);
    story.title = any(&["attackName", "scenarioName", "name"])
        .map(str::to_owned)
        .or_else(|| attack.map(|attack| format!("Gremlin {attack}")));
    story.run_id = id.map(|id| format!("{id}/{stage}"));
    let begin = ["/startTime", "/start_time", "/startedAt"].iter().find_map(|at| time(&document, at));
    let end =
        ["/endTime", "/end_time", "/endedAt", "/time", "/TIME"].iter().find_map(|at| time(&document, at));
    story.times = (begin, end);
    let rollback = if flat == "lostcommunication" {
        engine::rollback(
            RollbackOutcome::Suspect,
            "Gremlin lost its agent: whether the fault is off is not known.",
        )
    } else {
        engine::rollback(
            RollbackOutcome::NotTested,
            "Gremlin does not tell whether the fault was taken back.",
        )
    };
    story.rollback = Some(rollback);
    story.read(&document, hints).map(|reading| Read::Drill(Box::new(reading)))
}

/// Stages after which nothing comes.
const LAST: &[&str] = &[
    "successful",
    "failed",
    "initializationfailed",
    "userhalted",
    "halted",
    "lostcommunication",
    "clientaborted",
    "targetnotfound",
    "interruptcompleted",
    "expired",
    "healthcheckhalted",
    "haltedbyhealthcheck",
    "statuscheckhalted",
    "healthcheckfailed",
];

fn ended(state: &str, stage: &str) -> bool {
    state.eq_ignore_ascii_case("finished") || (state.is_empty() && LAST.contains(&stage)) || {
        // A template may say the stage alone, under the name of the status.
        let flat: String =
            state.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        stage.is_empty() && LAST.contains(&flat.as_str())
    }
}

fn judge(stage: &str, said: &str) -> (Outcome, String) {
    if stage.contains("healthcheck") || stage.contains("statuscheck") {
        return (Outcome::Failed, "A health check failed and halted the attack.".to_owned());
    }
    let reason = match stage {
        "successful" | "" => {
            "The attack ran to its end; Gremlin says nothing of the service. Pair it with a probe.".to_owned()
        }
        "userhalted" | "halted" => "The attack was halted by a person.".to_owned(),
        "failed" | "initializationfailed" | "targetnotfound" => {
            format!("The attack itself did not run (stage `{}`).", shown(said))
        }
        _ => format!("The attack ended in the stage `{}`.", shown(said)),
    };
    (Outcome::Inconclusive, reason)
}
