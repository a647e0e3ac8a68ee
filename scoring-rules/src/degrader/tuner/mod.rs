//! From what settings do on a service's traffic to a score, and to the settings that would do best.

mod tunable;
mod tuning;

pub use tunable::{Field, Tunable};
pub use tuning::{Change, Confidence, Group, Level, Recommended, Remark, Tuning};
