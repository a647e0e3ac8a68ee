//! Sending what the outbox tells: webhooks and Slack over HTTP, mail over SMTP. Nothing is sent to where the settings do
//! not allow it, and of answers only as much is read as is needed.

mod http;
mod smtp;

use crate::app::outbox::{Answer, Fault, Message};
use crate::config::NotificationsConfig;
use crate::integrations::net::Door;

/// What sends; made once, for it reads the CAs of the system.
pub struct Sender {
    http: Result<reqwest::Client, String>,
    settings: NotificationsConfig,
}

fn door(settings: &NotificationsConfig) -> Door<'_> {
    Door {
        section: "notifications".to_owned(),
        networks: &settings.private_networks,
        ca_file: settings.ca_file.as_deref(),
        timeout: settings.timeout,
    }
}

/// Whether requests may go to an address, as far as can be said without looking its name up.
///
/// # Errors
///
/// Why not, with the setting that would have to allow it.
pub fn check(settings: &NotificationsConfig, url: &str) -> Result<(), String> {
    door(settings).check(url).map(|_| ())
}

impl Sender {
    /// A sender; no work for a thread that serves.
    pub fn new(settings: &NotificationsConfig) -> Self {
        Self { http: door(settings).client(), settings: settings.clone() }
    }

    /// Sends one message and says how it was answered.
    pub async fn send(&self, message: Message) -> Answer {
        match message {
            Message::Mail { .. } => {
                smtp::send(self.settings.mail.as_ref(), self.settings.timeout, message).await
            }
            Message::Webhook { .. } | Message::Slack { .. } => match &self.http {
                Ok(client) => http::send(client, &self.settings, message).await,
                Err(why) => away(why.clone()),
            },
        }
    }
}

/// There was no answer.
fn away(why: String) -> Answer {
    Answer { status: None, fault: Some((Fault::Target, why)), retry_after_ms: None }
}
