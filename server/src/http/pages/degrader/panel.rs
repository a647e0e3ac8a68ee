//! The degrader on the scorecard: how long calls take against the marks, and one failure replayed.

use serde::Serialize;

use super::{Figure, latencies, replayed, title, words};
use crate::app::degrader::Study;
use crate::http::charts::{Latencies, Replayed};

/// The panel; null while nothing is known.
#[derive(Serialize)]
pub struct Panel {
    title: String,
    lead: Option<String>,
    latencies: Option<Latencies>,
    replay: Option<Replayed>,
    replay_title: String,
    percentiles: Vec<Figure>,
    action: &'static str,
}

impl Panel {
    /// The panel of a study.
    pub fn of(study: &Study) -> Option<Self> {
        let assessment = study.assessment.as_ref().map(|a| &a.tuning);
        if study.settings.is_none() && study.traffic.is_none() {
            return None;
        }
        let recommended = assessment.and_then(|a| a.recommended.as_ref());
        Some(Self {
            title: title(study),
            lead: assessment.map(|a| words::lead(a, recommended)),
            latencies: latencies(study),
            replay: replayed(study),
            replay_title: words::capital(&format!(
                "one host {}, replayed",
                words::scenario_words(study.scenario)
            )),
            percentiles: super::percentiles(study).into_iter().take(3).collect(),
            action: if recommended.is_some() { "Copy the values" } else { "Open" },
        })
    }
}
