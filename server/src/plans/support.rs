//! Which engine can induce which failure, and what the others lack.

use super::Engine;
use crate::types::{DrillKind, Failure};

/// Why `engine` cannot induce `failure`; none if it can.
pub fn unsupported(engine: Engine, failure: Failure) -> Option<&'static str> {
    match (engine, failure.kind(), failure) {
        (Engine::ChaosToolkit, ..) => None,
        (_, DrillKind::Rollback, _) => {
            Some("It induces failures; it does not take back releases, configuration or schemas.")
        }
        (Engine::Istio, DrillKind::Infrastructure, _) => {
            Some("A VirtualService acts on requests; it cannot reach the host.")
        }
        (
            Engine::Istio | Engine::ChaosMesh | Engine::Litmus | Engine::Toxiproxy,
            DrillKind::Dependency,
            _,
        )
        | (Engine::Toxiproxy, _, Failure::Network | Failure::Latency)
        | (Engine::ChaosMesh, ..) => None,
        (Engine::Toxiproxy, ..) => Some("A proxy acts on connections; it cannot reach the host."),
        (Engine::Litmus, _, Failure::Clock) => Some("It has no experiment that moves the clock."),
        (Engine::AwsFis | Engine::Salt, DrillKind::Dependency, _) => {
            Some("It acts on hosts and networks; it cannot fail the calls to one dependency.")
        }
        (Engine::AwsFis, _, Failure::Dns | Failure::Clock) => {
            Some("It has no action for this; it would take a document of your own in Systems Manager.")
        }
        (Engine::Litmus | Engine::AwsFis | Engine::Salt, ..) => None,
    }
}

/// Engines that can induce a failure.
pub fn engines_for(failure: Failure) -> Vec<Engine> {
    Engine::ALL.iter().copied().filter(|engine| unsupported(*engine, failure).is_none()).collect()
}
