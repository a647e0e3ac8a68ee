//! The collection from sources: each in a loop of its own, one process a turn, a bounded number of requests at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::app::sources::{self, Ended, Said, Target, Turn};
use crate::app::{Actor, App, blocking};
use crate::config::SourceConfig;
use crate::error::Result;
use crate::integrations::prometheus::{self, Client, Fault, Words};
use crate::types::Timestamp;

/// Longest sleep before it is looked again whether a source is due: another process may have asked it meanwhile.
const LOOK: Duration = Duration::from_secs(5);
/// Services that are read, asked about and stored together, for each request at once.
const PART: usize = 4;
/// Queries in a row that may time out before the source counts as away.
const PATIENCE: usize = 3;

/// Starts a loop for each source.
pub(super) fn start(app: &Arc<App>) {
    for source in app.config.sources.clone() {
        tokio::spawn(source_loop(Arc::clone(app), source));
    }
}

async fn source_loop(app: Arc<App>, source: SourceConfig) {
    loop {
        if let Err(error) = look(&app, &source).await {
            tracing::warn!(source = source.name, ?error, "collecting");
        }
        tokio::time::sleep(pause(&app, &source).await).await;
    }
}

/// Until the source is due, but not long.
async fn pause(app: &Arc<App>, source: &SourceConfig) -> Duration {
    let asked = source.clone();
    let next = app.read_for(Actor::schedule(), move |tx| sources::next_at(tx, &asked)).await.ok().flatten();
    let wait = next.map_or(0, |at| at.0 - app.clock().now().0);
    Duration::from_millis(u64::try_from(wait).unwrap_or(0)).clamp(Duration::from_millis(200), LOOK)
}

/// Collects if it is time.
async fn look(app: &Arc<App>, source: &SourceConfig) -> Result<()> {
    let now = app.clock().now();
    let asked = source.clone();
    // Looked at before it is claimed: a claim is a write.
    if app
        .read_for(Actor::schedule(), move |tx| sources::next_at(tx, &asked))
        .await?
        .is_some_and(|at| at > now)
    {
        return Ok(());
    }
    let (asked, owner) = (source.clone(), app.instance().to_owned());
    let taken = app.write(Actor::schedule(), move |tx| sources::take_turn(tx, &asked, &owner)).await?;
    let Some(turn) = taken else { return Ok(()) };
    let ended = turn_of(app, source, &turn, now).await?;
    if let Some(why) = &ended.away {
        tracing::warn!(source = source.name, why, "the source is away");
    } else {
        tracing::info!(source = source.name, "collected");
    }
    let asked = source.clone();
    let done = app.write(Actor::schedule(), move |tx| sources::end(tx, &turn, &asked, &ended)).await?;
    if !done {
        tracing::warn!(source = source.name, "another process has taken the collection over");
    }
    Ok(())
}

/// Asks for every service, part by part.
async fn turn_of(app: &Arc<App>, source: &SourceConfig, turn: &Turn, now: Timestamp) -> Result<Ended> {
    let mut ended = Ended { jitter: super::jitter(), ..Ended::default() };
    // It reads the CAs of the system: that is no work for a thread that serves.
    let asked = source.clone();
    let client = match blocking(move || Ok(Client::new(&asked))).await? {
        Ok(client) => client,
        Err(fault) => return Ok(Ended { away: Some(fault.to_string()), ..ended }),
    };
    match client.version(now).await {
        Ok(version) => ended.version = version,
        Err(fault) => return Ok(Ended { away: Some(fault.to_string()), ..ended }),
    }
    let mut after = String::new();
    let part = i64::try_from(PART * source.concurrency).unwrap_or(i64::MAX);
    loop {
        let from = after.clone();
        let targets = app.read_for(Actor::schedule(), move |tx| sources::targets(tx, &from, part)).await?;
        let Some(last) = targets.last() else { return Ok(ended) };
        after.clone_from(&last.id);
        let (part, away) = ask(&client, source, targets, now).await;
        let part = Arc::new(part);
        let first = Arc::clone(&part);
        app.read_for(Actor::schedule(), move |tx| sources::rehearse(tx, &first)).await?;
        let turn = turn.clone();
        if !app.write(Actor::schedule(), move |tx| sources::keep(tx, &turn, &part)).await? {
            return Ok(ended);
        }
        if let Some(fault) = away {
            return Ok(Ended { away: Some(fault.to_string()), ..ended });
        }
    }
}

/// Asks for some services; gives what was said, and why the source seems to be away. Then the rest is not asked for.
async fn ask(
    client: &Client,
    source: &SourceConfig,
    targets: Vec<Target>,
    now: Timestamp,
) -> (Vec<(Target, Said)>, Option<Fault>) {
    let one = |target: Target| async move {
        let said = prometheus::collect(client, source, &words(&target), now).await;
        (target, said)
    };
    let mut answers = stream::iter(targets).map(one).buffer_unordered(source.concurrency);
    let (mut part, mut in_a_row) = (Vec::new(), 0);
    while let Some((target, said)) = answers.next().await {
        match said {
            Err(fault) => {
                in_a_row = if fault.of_the_source() { in_a_row + 1 } else { 0 };
                if fault.ends_all() || in_a_row >= PATIENCE {
                    return (part, Some(fault));
                }
                part.push((target, Said::Failed(fault.to_string())));
            }
            Ok(found) => {
                in_a_row = 0;
                part.push((target, found.map_or(Said::Nothing, |c| Said::Found(Box::new(c)))));
            }
        }
    }
    (part, None)
}

fn words(target: &Target) -> Words<'_> {
    let pairs = |list: &'_ [(String, String)]| list.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Words { slug: &target.slug, annotations: pairs(&target.annotations), labels: pairs(&target.labels) }
}
