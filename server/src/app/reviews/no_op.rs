//! Drills that pass although, by their own document, nothing was broken, nothing was looked at, or no time went by.

use std::collections::{BTreeMap, HashMap};

use super::finding::{Finding, Window, day};
use super::kind::ReviewKind;
use crate::app::App;
use crate::error::Result;
use crate::formats::{Format, doubts};
use crate::store;
use crate::store::reviews::SeenDrill;
use crate::types::{Failure, Outcome, Timestamp};

/// Findings of one service in one look.
const MOST: usize = 50;

/// Passed, counted results of the window whose document leaves something in doubt.
pub(super) fn find(app: &App, window: &Window) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut of_service: HashMap<String, usize> = HashMap::new();
    window.each_part(app, 0, |rows| {
        let mut doubtful = doubtful(app, rows)?;
        doubtful.retain(|(row, _)| {
            let count = of_service.entry(row.service_id.clone()).or_default();
            *count += 1;
            *count <= MOST
        });
        found.extend(named(app, &doubtful)?);
        Ok(())
    })?;
    Ok(found)
}

/// Those of the results that pass in doubt, each with the sentence that says why.
fn doubtful(app: &App, rows: Vec<SeenDrill>) -> Result<Vec<(SeenDrill, String)>> {
    let passed = Some(Outcome::Passed.code());
    let passed: Vec<SeenDrill> = rows.into_iter().filter(|row| row.verdict == passed).collect();
    let ids: Vec<String> = passed.iter().filter_map(|row| row.document_id.clone()).collect();
    let documents = app.read_now(|tx| Ok(store::reviews::documents_of(tx.conn, &ids)?))?;
    let mut sentences: BTreeMap<String, String> = BTreeMap::new();
    for (id, format, body) in documents {
        let Some(format) = Format::parse(&format) else { continue };
        if let Some(sentence) = doubts(format, &body).sentence() {
            sentences.insert(id, sentence);
        }
    }
    Ok(passed
        .into_iter()
        .filter_map(|row| {
            let sentence = sentences.remove(row.document_id.as_ref()?)?;
            Some((row, sentence))
        })
        .collect())
}

fn named(app: &App, doubtful: &[(SeenDrill, String)]) -> Result<Vec<Finding>> {
    let ids: Vec<String> = doubtful.iter().map(|(row, _)| row.service_id.clone()).collect();
    let services = app.read_now(|tx| Ok(store::services::by_ids(tx.conn, &ids)?))?;
    let services: HashMap<&str, _> = services.iter().map(|service| (service.id.as_str(), service)).collect();
    let one = |(row, sentence): &(SeenDrill, String)| {
        let service = services.get(row.service_id.as_str())?;
        let at = Timestamp(row.ended_at);
        let said = format!("{} of {}, {}: {sentence}", title(row), service.name, day(at));
        Some(Finding::of_service(ReviewKind::NoOpDrill, service, &row.id, (at, said)).by_drill(&row.id))
    };
    Ok(doubtful.iter().filter_map(one).collect())
}

/// What a drill is called in a sentence.
pub(super) fn title(row: &SeenDrill) -> String {
    let failure = row.failure.and_then(Failure::from_code);
    let what = failure.map_or_else(|| "a drill".to_owned(), |f| format!("{} drill", f.label()));
    let mut what = what.chars();
    let first = what.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let mut title = format!("{first}{}", what.as_str());
    if !row.target.is_empty() {
        title = format!("{title} against {}", row.target);
    }
    title
}
