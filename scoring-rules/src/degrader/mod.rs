//! Degrader tuning: what one bad host of a service costs its users under given settings, what the settings cost on a
//! healthy day, and which settings would be best.
//!
//! - [`Profile`] is what is known of a service's traffic; checked, it is [`Traffic`].
//! - [`D2`] holds the settings of Rest.li's dynamic discovery, the reference dialect.
//! - [`Relative`] holds those of its newer strategy; [`mod@reference`] runs either as the client library does.
//! - [`Settings`] holds the settings of any tool, each in its own [`Dialect`].
//! - A [`Defence`] answers how settings behave: [`Replay`] of a failure, and [`HealthyDay`].
//! - [`judge`] puts those answers together to one number, the objective J: 0 is perfect, 1 is no defence at all.

mod d2;
mod defence;
mod derive;
mod dialects;
mod model;
mod objective;
mod problems;
mod profile;
pub mod reference;
mod relative;
mod traffic;
mod tuner;

pub use d2::{Balancer, D2, Degrader, LatencyMetric};
pub use defence::{CurvePoint, Defence, FAILURE_SECONDS, HealthyDay, Replay, Scenario};
pub use derive::{call_timeout_ms, error_marks, high_error_rate};
pub use dialects::{
    Assessment, Context, Dialect, Envoy, Finagle, Grpc, Istio, Reading, Resilience4j, Row, Settings, Sight,
    assess,
};
pub use objective::{Judged, judge};
pub use profile::{Bucket, Latency, Problem, Profile, Slot};
pub use relative::Relative;
pub use traffic::Traffic;
pub use tuner::{
    Change, Confidence, Field, Group, Level, Recommended, Remark, Tunable, Tuning, compare, has_moved,
    input_hash, score, tune, tune_relative,
};
