//! From what settings do on a service's traffic to a score, and to the settings that would do best.
//!
//! [`tune`] searches for the best settings of D2, [`tune_relative`] for those of its newer strategy; [`compare`] tells for settings of any dialect how they do against
//! others that were found, and which few changes do.

mod candidate;
mod compare;
mod d2;
mod relative;
mod search;
mod tunable;
mod tuning;
mod warm;
mod words;

pub use compare::{compare, score};
pub use relative::tune_relative;
pub use search::tune;
pub use tunable::{Field, Tunable};
use tuning::GROUPS;
pub use tuning::{Change, Confidence, Group, Level, Recommended, Remark, Tuning};
pub use warm::{has_moved, input_hash};
