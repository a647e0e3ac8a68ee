//! Reviews: what looks as if a grade was played for, as a question to whoever looks after the programme.
//!
//! A review is private, accuses nobody, and changes no grade, certificate or rank: somebody has to ask first. After each
//! grading run what arrived since the last look is gone through once ([`keep_up`]); of several processes one does it.

mod bulk;
mod declared;
mod edits;
mod finding;
mod kind;
mod look;
mod no_op;
mod read;
mod retried;
mod split;
mod views;

pub use kind::ReviewKind;
pub use look::{keep_up, look};
pub use read::{AnswerReview, FINDINGS, STATES, answer, list, one, waiting};
pub use views::{ReviewDetail, ReviewEvidence, ReviewView};

/// An answer as it may be sent.
pub const EXAMPLE: &str =
    r#"{"state": "closed", "finding": "nothing_wrong", "note": "The staging cluster was being rebuilt."}"#;
