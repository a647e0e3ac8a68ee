//! What a ticket says.

use serde::{Deserialize, Serialize};

use super::HOLD_MS;

/// A call from one service to another, or to something outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureMode {
    /// It is answered with an error at once.
    Error,
    /// It takes longer.
    Delay,
    /// It is not answered in time.
    Timeout,
}

impl FailureMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Error, Self::Delay, Self::Timeout];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Delay => "delay",
            Self::Timeout => "timeout",
        }
    }

    /// The mode of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// The fault itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answer with this HTTP status.
    Error(u16),
    /// Wait so many milliseconds, then go on.
    Delay(u32),
    /// Do not answer.
    Timeout,
}

/// For whose calls a ticket holds. Whatever is said here, the ticket itself must come with the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Audience {
    /// Calls that also carry this header with this value.
    Header {
        /// Name; upper and lower case are one.
        name: String,
        /// Value, exactly.
        value: String,
    },
    /// Calls on behalf of these members.
    Members(Vec<String>),
    /// So many of 100 members (calls, where no member is known), always the same ones for one ticket.
    Percentage(u8),
    /// Every call that carries the ticket; always `true`.
    Holder(bool),
}

/// Our claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// Which calls fail.
    pub edges: Vec<Edge>,
    /// How.
    pub failure: FailureMode,
    /// With which status, for errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// By how much, for delays; milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u32>,
    /// For whom.
    pub audience: Audience,
    /// Where.
    pub environment: String,
}

impl Drill {
    /// The fault; none if the parts do not fit together.
    pub fn fault(&self) -> Option<Fault> {
        match self.failure {
            FailureMode::Error => self.status.filter(|status| (400..=599).contains(status)).map(Fault::Error),
            FailureMode::Delay => self.delay_ms.filter(|ms| (1..=HOLD_MS).contains(ms)).map(Fault::Delay),
            FailureMode::Timeout => Some(Fault::Timeout),
        }
    }
}

/// All claims of a ticket (RFC 7519); instants are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: the address of the installation.
    pub iss: String,
    /// Whom it is for: always [`super::AUDIENCE`].
    pub aud: String,
    /// Its id.
    pub jti: String,
    /// When it was issued.
    pub iat: i64,
    /// Not before.
    pub nbf: i64,
    /// Until.
    pub exp: i64,
    /// What it allows.
    #[serde(rename = "https://waterbear.dev/drill")]
    pub drill: Drill,
}
