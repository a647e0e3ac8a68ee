//! What may be asked for: every wrong field of a wish is told at once.

use super::CreateTicket;
use crate::error::{Error, FieldError, Result};
use crate::tickets::{Audience, Drill, Edge, FailureMode, HEADER, HOLD_MS};

/// Edges of one ticket.
pub const MAX_EDGES: usize = 32;
/// Members of one ticket.
pub const MAX_MEMBERS: usize = 100;
/// Longest name of a service, a member, an environment, a header; bytes.
const MAX_NAME: usize = 128;
/// Longest a ticket lives, minutes.
pub const MAX_MINUTES: i64 = 480;
/// A ticket lives so long unless it is said otherwise, minutes.
pub const MINUTES: i64 = 30;
/// The status of an error unless it is said otherwise.
pub const STATUS: i64 = 503;

/// Headers whose values are secrets, or ours: none to choose testers by.
const NOT_TO_CHOOSE_BY: &[&str] =
    &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", HEADER];

/// The drill that is wished for, and how many minutes its ticket lives.
///
/// # Errors
///
/// [`Error::Invalid`] with every wrong field.
pub fn check(cmd: &CreateTicket) -> Result<(Drill, i64)> {
    let mut wrong = Wrong(Vec::new());
    let edges = wrong.edges(&cmd.edges);
    let failure = FailureMode::parse(cmd.failure.trim());
    if failure.is_none() {
        let words = FailureMode::ALL.map(FailureMode::as_str);
        let near = crate::config::nearest(cmd.failure.trim(), &words);
        wrong.say("/failure", format!("expected one of: {}{near}", words.join(", ")));
    }
    let status = wrong.status(failure, cmd.status);
    let delay_ms = wrong.delay(failure, cmd.delay_ms);
    let audience = wrong.audience(&cmd.audience);
    let environment = wrong.name("/environment", &cmd.environment).to_lowercase();
    let minutes = cmd.minutes.unwrap_or(MINUTES);
    if !(1..=MAX_MINUTES).contains(&minutes) {
        wrong.say("/minutes", format!("expected 1 to {MAX_MINUTES}"));
    }
    match (failure, wrong.0) {
        (Some(failure), fields) if fields.is_empty() => {
            Ok((Drill { edges, failure, status, delay_ms, audience, environment }, minutes))
        }
        (_, fields) => Err(Error::Invalid { fields }),
    }
}

struct Wrong(Vec<FieldError>);

impl Wrong {
    fn say(&mut self, pointer: &str, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, detail));
    }

    fn name(&mut self, pointer: &str, text: &str) -> String {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
            self.say(pointer, format!("expected 1 to {MAX_NAME} bytes without control characters"));
        }
        text.to_owned()
    }

    fn edges(&mut self, edges: &[Edge]) -> Vec<Edge> {
        if edges.is_empty() || edges.len() > MAX_EDGES {
            let detail = format!(
                "expected 1 to {MAX_EDGES} edges such as {{\"from\": \"storefront\", \"to\": \"ads\"}}"
            );
            self.say("/edges", detail);
            return Vec::new();
        }
        let mut good: Vec<Edge> = Vec::with_capacity(edges.len());
        for (n, edge) in edges.iter().enumerate() {
            let from = self.name(&format!("/edges/{n}/from"), &edge.from);
            let to = self.name(&format!("/edges/{n}/to"), &edge.to);
            let edge = Edge { from, to };
            if edge.from == edge.to {
                self.say(&format!("/edges/{n}"), "a service does not call itself");
            } else if !good.contains(&edge) {
                good.push(edge);
            }
        }
        good
    }

    fn status(&mut self, failure: Option<FailureMode>, status: Option<i64>) -> Option<u16> {
        match (failure, status) {
            (Some(FailureMode::Error), status) => {
                let found = u16::try_from(status.unwrap_or(STATUS)).ok();
                let good = found.filter(|status| (400..=599).contains(status));
                if good.is_none() {
                    self.say("/status", "expected an HTTP status from 400 to 599");
                }
                good
            }
            (_, Some(_)) => {
                self.say("/status", "goes with the failure `error` only");
                None
            }
            (_, None) => None,
        }
    }

    fn delay(&mut self, failure: Option<FailureMode>, delay: Option<i64>) -> Option<u32> {
        match (failure, delay) {
            (Some(FailureMode::Delay), delay) => {
                let found = delay.and_then(|ms| u32::try_from(ms).ok());
                let good = found.filter(|ms| (1..=HOLD_MS).contains(ms));
                if good.is_none() {
                    self.say("/delay_ms", format!("expected 1 to {HOLD_MS} milliseconds"));
                }
                good
            }
            (_, Some(_)) => {
                self.say("/delay_ms", "goes with the failure `delay` only");
                None
            }
            (_, None) => None,
        }
    }

    fn audience(&mut self, audience: &Audience) -> Audience {
        match audience {
            Audience::Header { name, value } => {
                let name = name.trim().to_lowercase();
                let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
                if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(token) {
                    self.say("/audience/header/name", "expected the name of an HTTP header");
                } else if NOT_TO_CHOOSE_BY.contains(&name.as_str()) {
                    let detail =
                        "its value would stand in the ticket, readable by all; choose another header";
                    self.say("/audience/header/name", detail);
                }
                let value = value.trim().to_owned();
                if value.is_empty()
                    || value.len() > MAX_NAME
                    || !value.chars().all(|c| (' '..='~').contains(&c))
                {
                    self.say(
                        "/audience/header/value",
                        format!("expected 1 to {MAX_NAME} visible ASCII characters"),
                    );
                }
                Audience::Header { name, value }
            }
            Audience::Members(members) => {
                if members.is_empty() || members.len() > MAX_MEMBERS {
                    self.say("/audience/members", format!("expected 1 to {MAX_MEMBERS} member ids"));
                    return Audience::Members(Vec::new());
                }
                let each = members.iter().enumerate();
                let mut good: Vec<String> =
                    each.map(|(n, id)| self.name(&format!("/audience/members/{n}"), id)).collect();
                good.sort_unstable();
                good.dedup();
                Audience::Members(good)
            }
            Audience::Percentage(share) => {
                if !(1..=100).contains(share) {
                    self.say("/audience/percentage", "expected a whole number from 1 to 100");
                }
                Audience::Percentage(*share)
            }
            Audience::Holder(holder) => {
                if !holder {
                    self.say("/audience/holder", "expected true; choose another audience otherwise");
                }
                Audience::Holder(*holder)
            }
        }
    }
}
