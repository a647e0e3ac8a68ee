//! What holds of the tuner for services and settings of every kind.

use proptest::prelude::*;
use scoring_rules::degrader::{
    D2, Defence, HealthyDay, Judged, Relative, Replay, Scenario, Traffic, judge, score, tune, tune_relative,
};

use crate::tuner::Service;

/// Settings whose replays let more through than those of others.
struct Leaky<'a> {
    of: &'a D2,
    more: f64,
}

impl Defence for Leaky<'_> {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let mut replay = self.of.replay(traffic, scenario, curve);
        replay.leak_ratio += self.more;
        replay.bad_requests += self.more * replay.undefended;
        replay
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        self.of.healthy_day(traffic)
    }
}

fn service() -> impl Strategy<Value = Service> {
    // Logarithms of calls a host, and of the mean latency: services of every size.
    (2_u32..200, 1_u32..40, -1.0..3.0_f64, 0.0..2.8_f64, 0.2..2.5_f64, 1.0..3.0_f64).prop_map(
        |(hosts, clients, rate, mean, cv, patience)| {
            let mean_ms = 10_f64.powf(mean);
            Service {
                hosts,
                clients,
                qps: f64::from(hosts) * 10_f64.powf(rate),
                mean_ms,
                cv,
                timeout_ms: (mean_ms * 10_f64.powf(patience)).max(200.0),
                slo_ms: 6.0 * mean_ms,
            }
        },
    )
}

fn settings() -> impl Strategy<Value = D2> {
    (5_i64..2_000, 0.2..1.0_f64, 0.02..1.2_f64, 1_i64..20, 0.05..1.0_f64, 0.02..0.5_f64).prop_map(
        |(high, low, errors, calls, up_step, down_step)| {
            let mut settings = D2::default();
            let degrader = &mut settings.degrader;
            (degrader.high_latency, degrader.low_latency) = (high, ((high as f64 * low) as i64).max(1));
            (degrader.high_error_rate, degrader.low_error_rate) = (errors, errors / 2.0);
            (degrader.min_call_count, degrader.up_step, degrader.down_step) = (calls, up_step, down_step);
            settings
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_leak_never_raises_the_score(service in service(), settings in settings(), more in 0.0..0.5_f64) {
        let traffic = service.traffic();
        let tuning = tune(&settings, &traffic);
        let worse = judge(&Leaky { of: &settings, more }, &traffic);
        prop_assert!(worse.objective >= tuning.current.objective);
        prop_assert!(score(&worse, &tuning.best) <= tuning.score + 1e-9);
    }

    #[test]
    fn what_is_recommended_scores_at_least_as_well(service in service(), settings in settings()) {
        let traffic = service.traffic();
        let tuning = tune(&settings, &traffic);
        prop_assert!((0.0..=100.0).contains(&tuning.score));
        prop_assert!(tuning.best.objective <= tuning.current.objective || !tuning.hard_failures.is_empty());
        if let Some(recommended) = &tuning.recommended {
            prop_assert!(recommended.score >= tuning.score);
            prop_assert!(!recommended.changes.is_empty());
            prop_assert_eq!(&judge(&recommended.settings, &traffic), &recommended.judged);
        }
        for replay in tuning.current.replays.iter().chain(&tuning.best.replays) {
            prop_assert!((0.0..=1.0 + 1e-9).contains(&replay.leak_ratio), "{:?}", replay);
            prop_assert!(replay.bad_requests.is_finite() && replay.refused >= 0.0);
        }
        prop_assert_eq!(tune(&settings, &traffic), tuning);
    }

    #[test]
    fn odd_settings_and_odd_traffic_are_borne(
        service in service(),
        interval in prop::sample::select(vec![-1_i64, 0, 1, 100, 700, 60_000, i64::MAX]),
        numbers in prop::collection::vec(
            prop::sample::select(vec![-5.0_f64, 0.0, 1e-9, 0.3, 1.0, 7.0, 1e9, f64::MAX]), 12),
        hosts in 1_u32..4,
    ) {
        let mut settings = D2::default();
        let degrader = &mut settings.degrader;
        (degrader.high_latency, degrader.low_latency) = (numbers[0] as i64, numbers[1] as i64);
        (degrader.up_step, degrader.down_step, degrader.max_drop_rate) = (numbers[2], numbers[3], numbers[4]);
        (degrader.min_call_count, degrader.min_outstanding_count) = (numbers[5] as i64, numbers[6] as i64);
        (degrader.high_error_rate, degrader.low_error_rate) = (numbers[7], numbers[7] / 3.0);
        let balancer = &mut settings.balancer;
        (balancer.update_interval_ms, balancer.points_per_weight) = (interval, numbers[8] as i64);
        (balancer.high_water_mark, balancer.low_water_mark) = (numbers[9], numbers[9] / 2.0);
        (balancer.ring_ramp_factor, balancer.initial_recovery_level) = (numbers[10], numbers[11]);
        let traffic = Service { hosts, ..service }.traffic();
        let tuning = tune(&settings, &traffic);
        prop_assert!((0.0..=100.0).contains(&tuning.score));
        for replay in tuning.best.replays.iter().chain(&tuning.current.replays) {
            prop_assert!(replay.bad_requests.is_finite(), "{:?}", replay);
        }
        prop_assert!(settings.replay(&traffic, Scenario::Hung, interval > 100).bad_requests.is_finite());
        let compared = Relative {
            update_interval_ms: interval,
            relative_latency_high_threshold_factor: numbers[0],
            points_per_weight: numbers[8] as i64,
            down_step: numbers[3],
            ..Relative::default()
        };
        prop_assert!((0.0..=100.0).contains(&tune_relative(&compared, &traffic).score));
    }

    #[test]
    fn calls_and_those_who_share_them_scale_together(service in service(), settings in settings()) {
        let one = judge(&settings, &service.traffic());
        let clients = Service { clients: 3 * service.clients, qps: 3.0 * service.qps, ..service };
        let by_clients = judge(&settings, &clients.traffic());
        prop_assert!((one.objective - by_clients.objective).abs() < 1e-6 * (1.0 + one.objective));
        // Twice the hosts: the bad one is a smaller part of its cluster, which the rest hardly notices.
        let hosts = 40 + service.hosts;
        let many = Service { hosts, qps: service.qps / f64::from(service.hosts) * f64::from(hosts), ..service };
        let more = Service { hosts: 2 * hosts, qps: 2.0 * many.qps, ..many };
        let (many, more) = (judge(&settings, &many.traffic()), judge(&settings, &more.traffic()));
        // Water marks are held against the mean of the whole cluster, of which the bad host is a part.
        let refuses = |judged: &Judged| {
            judged.healthy.refused > 0.0 || judged.replays.iter().any(|replay| replay.refused > 0.0)
        };
        // Where healthy hosts are left out too, whole ring points decide who gets what is left.
        let harmful = many.healthy.worst_slot >= 0.5;
        // Nor does it matter by how much two are worse than none: both score 0.
        let worthless = many.objective >= 1.0 && more.objective >= 1.0;
        if !harmful && !worthless && !refuses(&many) && !refuses(&more) {
            prop_assert!((many.objective - more.objective).abs() < 0.05, "{} {}", many.objective, more.objective);
        }
    }
}
