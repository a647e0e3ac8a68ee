//! Interim: the strategy "relative" counts as no defence until its replay is merged. This file then goes.

use super::super::{Defence, Field, Group, HealthyDay, Relative, Replay, Scenario, Traffic, Tunable};
use super::calls::Course;

impl Defence for Relative {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        Course::undefended().replay(traffic, scenario, traffic.timeout_ms, curve)
    }

    fn healthy_day(&self, _: &Traffic) -> HealthyDay {
        HealthyDay { false_drop: 0.0, worst_slot: 0.0, refused: 0.0 }
    }
}

impl Tunable for Relative {
    fn fields(&self) -> Vec<Field> {
        Vec::new()
    }

    fn take(&mut self, _: Group, _: &Self) {}

    fn window_ms(&self) -> f64 {
        self.update_interval_ms as f64
    }
}

impl Relative {
    pub(super) fn recommend(_: &Traffic) -> Self {
        Self::default()
    }
}
