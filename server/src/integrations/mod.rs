//! Other systems that are asked for evidence: the only place that speaks to the network by itself.

pub mod net;
pub mod openid;
pub mod outbox;
pub mod prometheus;
