//! Prometheus, and whatever speaks its API: how services behave, instance by instance.

pub mod answer;
mod client;
mod collect;
mod histogram;
mod instances;
mod queries;
mod reading;

#[cfg(test)]
mod tests;

pub use answer::Fault;
pub use client::Client;
pub use collect::collect;
pub use queries::Words;
