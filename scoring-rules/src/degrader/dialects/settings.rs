//! Settings of any dialect, behind one interface.

use serde::{Deserialize, Serialize};

use super::super::{D2, Group, Relative};
use super::{Dialect, Envoy, Finagle, Grpc, Istio, Resilience4j};

/// The settings of one client of a service, in one dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "dialect", content = "settings", rename_all = "lowercase")]
pub enum Settings {
    /// Rest.li's strategy "degrader".
    D2(D2),
    /// Rest.li's strategy "relative".
    Relative(Relative),
    /// Envoy.
    Envoy(Envoy),
    /// gRPC clients.
    Grpc(Grpc),
    /// Istio.
    Istio(Istio),
    /// Resilience4j.
    Resilience4j(Resilience4j),
    /// Finagle.
    Finagle(Finagle),
}

/// One value of some settings, to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The tool's own key.
    pub key: &'static str,
    /// The value as the tool writes it; a dash: absent.
    pub value: String,
    /// Its unit, where the value does not name it; may be empty.
    pub unit: &'static str,
    /// What it belongs to.
    pub group: Group,
}

/// What a written block is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Name of the service that is called: cluster, host, instance or service name in the block.
    pub service: String,
}

impl Settings {
    /// The defaults of a dialect's tool.
    pub fn defaults(dialect: Dialect) -> Self {
        match dialect {
            Dialect::D2 => Self::D2(D2::default()),
            Dialect::Relative => Self::Relative(Relative::default()),
            Dialect::Envoy => Self::Envoy(Envoy::default()),
            Dialect::Grpc => Self::Grpc(Grpc::default()),
            Dialect::Istio => Self::Istio(Istio::default()),
            Dialect::Resilience4j => Self::Resilience4j(Resilience4j::default()),
            Dialect::Finagle => Self::Finagle(Finagle::default()),
        }
    }

    /// Whose settings they are.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::D2(_) => Dialect::D2,
            Self::Relative(_) => Dialect::Relative,
            Self::Envoy(_) => Dialect::Envoy,
            Self::Grpc(_) => Dialect::Grpc,
            Self::Istio(_) => Dialect::Istio,
            Self::Resilience4j(_) => Dialect::Resilience4j,
            Self::Finagle(_) => Dialect::Finagle,
        }
    }
}
