//! Ties drill results to tickets: what a result leaves unsaid, its ticket says.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::drill_of;
use crate::app::Tx;
use crate::app::drills::RecordDrill;
use crate::app::recording::Post;
use crate::error::{Error, FieldError, Result};
use crate::formats::Format;
use crate::store;
use crate::tickets::{Drill, may_be_id};
use crate::types::DrillKind;

/// The posts, with every result that names a ticket tied to it. Of results that name none, nothing is asked.
pub fn tie<'p>(tx: &mut Tx<'_>, posts: &'p [Post]) -> Result<Cow<'p, [Post]>> {
    let wanted: BTreeSet<&str> =
        posts.iter().flat_map(|post| &post.results).flat_map(names).filter(|id| may_be_id(id)).collect();
    if wanted.is_empty() {
        return Ok(Cow::Borrowed(posts));
    }
    let wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let mut known = HashMap::new();
    for chunk in wanted.chunks(store::CHUNK_ROWS) {
        for row in store::tickets::by_ids(tx.conn, chunk)? {
            known.insert(row.id.clone(), drill_of(&row)?);
        }
    }
    if known.is_empty() {
        return Ok(Cow::Borrowed(posts));
    }
    let mut posts = posts.to_vec();
    for cmd in posts.iter_mut().flat_map(|post| &mut post.results) {
        let found = names(cmd).find_map(|id| known.get_key_value(id));
        if let Some((id, drill)) = found.map(|(id, drill)| (id.clone(), drill)) {
            fill(cmd, drill);
            cmd.ticket = Some(id);
        }
    }
    Ok(Cow::Owned(posts))
}

/// Where a result may name its ticket, the strongest word first.
fn names(cmd: &RecordDrill) -> impl Iterator<Item = &str> {
    [&cmd.hints.ticket, &cmd.reading.ticket, &cmd.reading.run_id].into_iter().flatten().map(String::as_str)
}

/// Refuses a result that names a ticket that is not there, or that without one lacks what it must say.
pub fn require_tied(cmd: &RecordDrill) -> Result<()> {
    let said = [(&cmd.hints.ticket, crate::tickets::HEADER), (&cmd.reading.ticket, "/ticket")];
    let named = said.into_iter().find_map(|(id, place)| id.as_ref().map(|id| (id, place)));
    if let Some((id, place)) = named.filter(|(id, _)| cmd.ticket.as_ref() != Some(id)) {
        let shown: String = id.chars().filter(|c| !c.is_control()).take(60).collect();
        let detail =
            format!("there is no drill ticket `{shown}`; leave it out, or issue one (/api/v1/drill-tickets)");
        return Err(Error::invalid(place, detail));
    }
    let reading = &cmd.reading;
    let parts = [
        (&reading.service, "/service"),
        (&reading.environment, "/environment"),
        (&reading.failure, "/failure"),
    ];
    let missing = parts.into_iter().filter(|(word, _)| cmd.format == Format::Drill && word.is_none());
    let why = if cmd.ticket.is_some() { "is required: the ticket names several" } else { "is required" };
    let fields: Vec<FieldError> = missing.map(|(_, place)| FieldError::new(place, why)).collect();
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid { fields }) }
}

/// Says what is unsaid; also among the hints, so that a document that is read again later says it again.
fn fill(cmd: &mut RecordDrill, drill: &Drill) {
    let (reading, hints) = (&mut cmd.reading, &mut cmd.hints);
    let say = |said: &mut Option<String>, hint: &mut Option<String>, word: Option<String>| {
        if let (None, Some(word)) = (&said, word) {
            *said = Some(word.clone());
            *hint = Some(word);
        }
    };
    // A result of another kind than a failed dependency keeps its own words, or none.
    if reading.kind.is_none_or(|kind| kind == DrillKind::Dependency) {
        say(&mut reading.failure, &mut hints.failure, Some(drill.failure.as_str().to_owned()));
        reading.kind = Some(DrillKind::Dependency);
    }
    say(&mut reading.environment, &mut hints.environment, Some(drill.environment.clone()));
    let callers: BTreeSet<&str> = drill.edges.iter().map(|edge| edge.from.as_str()).collect();
    say(&mut reading.service, &mut hints.service, only(&callers));
    let service = reading.service.as_deref().unwrap_or_default().to_lowercase();
    let of_service =
        drill.edges.iter().filter(|edge| edge.from.to_lowercase() == service || callers.len() == 1);
    let called: BTreeSet<&str> = of_service.map(|edge| edge.to.as_str()).collect();
    if reading.kind == Some(DrillKind::Dependency) {
        say(&mut reading.target, &mut hints.target, only(&called));
    }
}

/// The one word of a set of one.
fn only(words: &BTreeSet<&str>) -> Option<String> {
    words.first().filter(|_| words.len() == 1).map(|word| (*word).to_owned())
}
