//! Dialects: the settings of each tool that guards clients against a bad host, in the tool's own names.
//!
//! [`Settings::read`] takes a tool's own document, [`Settings::write`] gives the block to paste, [`assess`] says how good the
//! settings are on a service's traffic and what to change: the same call for each dialect.

mod blocks;
mod calls;
mod cycle;
mod d2;
mod durations;
mod edit;
mod emit;
mod envoy;
mod finagle;
mod grpc;
mod istio;
mod judging;
mod layers;
mod marks;
mod reader;
mod remarks;
mod resilience4j;
mod routes;
mod settings;
mod spelling;
mod spring;
mod sweeps;
mod table;
mod text;
mod writer;

pub use envoy::Envoy;
pub use finagle::Finagle;
pub use grpc::Grpc;
pub use istio::Istio;
pub use judging::{Assessment, Sight, assess};
pub use resilience4j::Resilience4j;
pub use settings::{Context, Row, Settings};

use serde::{Deserialize, Serialize};

use super::Problem;

/// A tool, by the form of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Rest.li's strategy "degrader".
    D2,
    /// Rest.li's strategy "relative".
    Relative,
    /// Envoy.
    Envoy,
    /// gRPC clients.
    Grpc,
    /// Istio.
    Istio,
    /// Resilience4j.
    Resilience4j,
    /// Finagle.
    Finagle,
}

impl Dialect {
    /// All of them, the reference first.
    pub const ALL: [Self; 7] =
        [Self::D2, Self::Relative, Self::Envoy, Self::Grpc, Self::Istio, Self::Resilience4j, Self::Finagle];

    /// Its name in documents, addresses and commands.
    pub fn id(self) -> &'static str {
        match self {
            Self::D2 => "d2",
            Self::Relative => "relative",
            Self::Envoy => "envoy",
            Self::Grpc => "grpc",
            Self::Istio => "istio",
            Self::Resilience4j => "resilience4j",
            Self::Finagle => "finagle",
        }
    }

    /// The dialect of this [`Dialect::id`].
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.id() == id)
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::D2 => "Rest.li D2 (degrader)",
            Self::Relative => "Rest.li D2 (relative)",
            Self::Envoy => "Envoy",
            Self::Grpc => "gRPC",
            Self::Istio => "Istio",
            Self::Resilience4j => "Resilience4j",
            Self::Finagle => "Finagle",
        }
    }

    /// In which format [`Settings::write`] writes: `json` or `yaml`.
    pub fn format(self) -> &'static str {
        match self {
            Self::D2 | Self::Relative | Self::Grpc => "json",
            Self::Envoy | Self::Istio | Self::Resilience4j | Self::Finagle => "yaml",
        }
    }
}

/// Settings as they were read, and what is to be told of the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The settings, those that are not in the document at the tool's defaults.
    pub settings: Settings,
    /// What was passed over: unknown keys and the like, each with its place. Not errors.
    pub notes: Vec<Problem>,
}
