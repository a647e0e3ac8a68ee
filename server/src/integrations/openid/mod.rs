//! Discovery documents and key sets of issuers (OpenID Connect), asked for over the network: few, small and bounded.

mod client;
pub mod sign_in;

use std::sync::Arc;
use std::time::Duration;

pub use client::{Discovery, discovery, keys};

use crate::app::publishers::keys::{self as kept, Standing};
use crate::app::{Actor, App, blocking};
use crate::config::IssuerConfig;
use crate::error::Result;

/// How often it is looked whether another process has read the keys by now.
const LOOK: Duration = Duration::from_millis(100);
/// How often at most: a little longer than a try may take.
const LOOKS: usize = 120;

/// Sees to it that a key of an issuer is known, as far as that can be. Whether it is says the cache afterwards.
pub async fn ready(app: &Arc<App>, issuer: &IssuerConfig, kid: &str) -> Result<()> {
    for _ in 0..LOOKS {
        let (url, kid) = (issuer.url.clone(), kid.to_owned());
        match app.read_for(Actor::schedule(), move |tx| kept::standing(tx, &url, &kid)).await? {
            Standing::Settled => return Ok(()),
            Standing::Lacking => {
                if read(app, issuer).await? {
                    return Ok(());
                }
                // Another process has the turn.
            }
            Standing::Old => {
                let (app, issuer) = (Arc::clone(app), issuer.clone());
                // Nobody waits for it: the key is known.
                tokio::spawn(async move {
                    if let Err(error) = read(&app, &issuer).await {
                        tracing::warn!(issuer = issuer.name, %error, "reading keys");
                    }
                });
                return Ok(());
            }
            Standing::Coming => {}
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Reads the keys, if it is this process's turn.
async fn read(app: &Arc<App>, issuer: &IssuerConfig) -> Result<bool> {
    let url = issuer.url.clone();
    let turn = app.write(Actor::schedule(), move |tx| kept::take_turn(tx, &url)).await?;
    let Some(turn) = turn else { return Ok(false) };
    let asked = issuer.clone();
    // It reads the CAs of the system: that is no work for a thread that serves.
    let found = match blocking(move || Ok(client::Asker::new(&asked))).await? {
        Ok(asker) => asker.read().await,
        Err(why) => Err(why),
    };
    if let Err(why) = &found {
        tracing::warn!(issuer = issuer.name, why, "keys cannot be read; those known stay in force");
    } else {
        tracing::info!(issuer = issuer.name, "keys were read");
    }
    let issuer = issuer.clone();
    app.write(Actor::schedule(), move |tx| kept::keep(tx, &issuer, turn, &found)).await?;
    Ok(true)
}
