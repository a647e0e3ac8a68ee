//! Assessments lately made, so that what takes long is done before the transaction that stores it, not in it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use scoring_rules::degrader::{Settings, Traffic, assess};

use crate::error::Result;

/// As many as a source hands over at a time, and some.
const KEPT: usize = 128;

/// Hash of the inputs with the assessment as JSON, the newest last. An assessment depends on its inputs alone.
static LATELY: Mutex<VecDeque<(String, String)>> = Mutex::new(VecDeque::new());

/// The assessment of settings on traffic, as JSON; `inputs` is the hash of both.
pub(super) fn assessment(inputs: &str, settings: &Settings, traffic: &Traffic) -> Result<String> {
    let kept = lately().iter().find(|(held, _)| held == inputs).map(|(_, text)| text.clone());
    if let Some(text) = kept {
        return Ok(text);
    }
    let text = serde_json::to_string(&assess(settings, traffic)).map_err(anyhow::Error::new)?;
    let mut lately = lately();
    if lately.len() >= KEPT {
        lately.pop_front();
    }
    lately.push_back((inputs.to_owned(), text.clone()));
    Ok(text)
}

fn lately() -> MutexGuard<'static, VecDeque<(String, String)>> {
    LATELY.lock().unwrap_or_else(PoisonError::into_inner)
}
