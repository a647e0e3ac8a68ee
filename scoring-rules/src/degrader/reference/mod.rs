//! Reference machines: what Rest.li's client library does, window by window, to the last bit of a double.
//!
//! - [`Tracker`] turns calls into windows, [`Host`] turns windows into a drop rate, [`Gate`] drops single calls by it.
//! - [`Cluster`] turns drop rates into ring points (strategy "degrader", also called V3).
//! - [`RelativeCluster`] does so by comparison with the cluster's mean (strategy "relative").
//! - [`Vector`] is a recorded course of any of them; [`check`] runs it again and tells each [`Difference`].
//!
//! A step is plain arithmetic on a small struct: no clock, no allocation. The operations come in the order of the
//! reference, because the rounding of doubles depends on it.

mod host;
mod relative;
mod tracker;
mod v3;
mod vectors;

pub use host::{Action, Gate, Host, Window, lowered, raised};
pub use relative::{
    Health, HostTraffic, RelativeCluster, RelativeHost, relative_kept, relative_lowered, relative_raised,
};
pub use tracker::{Closed, Outcome, Tracker};
pub use v3::{Cluster, Member, Seen, Turn, full_points};
pub use vectors::{Difference, Vector, check};

/// To the next integer, halves up; what is not a number becomes 0.
fn round_half_up(x: f64) -> i64 {
    let floor = x.floor();
    let up = if x - floor >= 0.5 { 1.0 } else { 0.0 };
    (floor + up) as i64
}
