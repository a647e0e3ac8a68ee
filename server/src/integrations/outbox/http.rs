//! One request, and what its answer means.

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response};

use super::{away, door};
use crate::app::outbox::{Answer, Fault, Message};
use crate::config::NotificationsConfig;
use crate::integrations::net;

/// As much of an answer is read, bytes.
const MOST_READ: usize = 4_096;
/// Longest word of Slack's that is shown.
const MAX_WORD: usize = 60;

/// Sends a webhook or a message to Slack.
pub(super) async fn send(client: &Client, settings: &NotificationsConfig, message: Message) -> Answer {
    let slack = matches!(message, Message::Slack { .. });
    let (url, body, signed) = match message {
        Message::Webhook { url, id, at_seconds, signature, body } => {
            (url, body, Some((id, at_seconds, signature)))
        }
        Message::Slack { url, body } => (url, body, None),
        Message::Mail { .. } => return away("mail is no request".to_owned()),
    };
    if !url.starts_with("https://") && !settings.plain_http {
        return away("its URL does not begin with https:// (see notifications.plain_http)".to_owned());
    }
    let checked = match door(settings).check(&url) {
        Ok(checked) => checked,
        Err(why) => return away(why),
    };
    let mut request = client.post(checked).header(CONTENT_TYPE, "application/json").body(body);
    if let Some((id, at_seconds, signature)) = signed {
        request = request
            .header("webhook-id", id)
            .header("webhook-timestamp", at_seconds.to_string())
            .header("webhook-signature", signature);
    }
    match request.send().await {
        Ok(answer) => judge(answer, slack).await,
        Err(error) => away(fault(error, settings)),
    }
}

/// Why there was no answer. The URL is left out: it may be a secret.
fn fault(error: reqwest::Error, settings: &NotificationsConfig) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return format!("no whole answer within {} s", settings.timeout.as_secs());
    }
    net::cause(&error)
}

/// What an answer means. Of its body only Slack's word is kept: it could be anything, of anybody.
async fn judge(answer: Response, slack: bool) -> Answer {
    let status = answer.status();
    let code = status.as_u16();
    let retry_after_ms = retry_after(answer.headers());
    if status.is_success() {
        // Read to its end, as far as that is near: the connection can be used again.
        drain(answer).await;
        return Answer { status: Some(code), fault: None, retry_after_ms: None };
    }
    let word = if slack { word(&drain(answer).await) } else { String::new() };
    let why =
        if word.is_empty() { format!("it answered {status}") } else { format!("it answered {code} {word}") };
    let (fault, why) = match (code, slack) {
        (410, _) => (Fault::Ended, format!("{why}: it is gone")),
        (403 | 404, true) => {
            (Fault::Ended, format!("{why}: Slack takes nothing under this address any more"))
        }
        (300..=399, _) => (Fault::Target, format!("{why}, and redirects are not followed")),
        (400 | 413 | 415 | 422, _) => (Fault::Message, why),
        _ => (Fault::Target, why),
    };
    Answer { status: Some(code), fault: Some((fault, why)), retry_after_ms }
}

/// The begin of a body.
async fn drain(mut answer: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        let room = MOST_READ - body.len();
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if body.len() >= MOST_READ {
            break;
        }
    }
    body
}

/// Slack's word for what is wrong, such as `channel_is_archived`; empty when it is none.
fn word(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).trim().to_owned();
    let plain = text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if plain && text.len() <= MAX_WORD { text } else { String::new() }
}

/// `Retry-After`: seconds, or an instant beside the answer's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return (seconds >= 0).then(|| seconds.saturating_mul(1_000));
    }
    let instant = |text: &str| DateTime::parse_from_rfc2822(text).ok().map(|at| at.with_timezone(&Utc));
    let now = instant(headers.get("date")?.to_str().ok()?)?;
    Some((instant(text)? - now).num_milliseconds().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&'static str, &str)]) -> Option<i64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn retry_after_is_seconds_or_an_instant() {
        assert_eq!(wait(&[("retry-after", "30")]), Some(30_000));
        let date = ("date", "Sun, 22 Nov 2026 04:00:00 GMT");
        assert_eq!(wait(&[date, ("retry-after", "Sun, 22 Nov 2026 04:01:00 GMT")]), Some(60_000));
        for odd in ["-1", "soon", ""] {
            assert_eq!(wait(&[date, ("retry-after", odd)]), None, "{odd}");
        }
    }

    #[test]
    fn only_a_word_of_slack_is_kept() {
        assert_eq!(word(b"channel_is_archived\n"), "channel_is_archived");
        for odd in [&b"<html>internal"[..], b"Secret", b"\xff\xfe", &[b'a'; 200]] {
            assert_eq!(word(odd), "");
        }
    }
}
