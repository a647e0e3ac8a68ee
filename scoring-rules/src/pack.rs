//! The pack that the binary carries: the rules Waterbear ships with.

use std::collections::BTreeMap;

/// The files of a pack: path relative to the pack, with `/` between its parts, to content.
pub type PackFiles = BTreeMap<String, String>;

/// One line per file of the shipped pack.
macro_rules! shipped {
    ($($path:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../packs/default/", $path)))),+]
    };
}

const DEFAULT: [(&str, &str); 40] = shipped![
    "badges/bug-finder.toml",
    "badges/comeback.toml",
    "badges/drill-veteran.toml",
    "badges/fallback-complete.toml",
    "badges/rollback-ready.toml",
    "badges/well-tuned.toml",
    "certificates/waterbear-certified.toml",
    "grades.toml",
    "policies.toml",
    "rules/degrader-acts-in-time.toml",
    "rules/degrader-no-false-alarms.toml",
    "rules/degrader-refuses-healthy.toml",
    "rules/degrader-settings-fresh.toml",
    "rules/degrader-settings-known.toml",
    "rules/drill-clock.toml",
    "rules/drill-cpu.toml",
    "rules/drill-data-centre.toml",
    "rules/drill-detected.toml",
    "rules/drill-disk-write.toml",
    "rules/drill-disk.toml",
    "rules/drill-dns.toml",
    "rules/drill-host-offline.toml",
    "rules/drill-latency.toml",
    "rules/drill-memory.toml",
    "rules/drill-network.toml",
    "rules/drill-no-regression.toml",
    "rules/drill-rack.toml",
    "rules/fallback-declared.toml",
    "rules/fallback-flows-declared.toml",
    "rules/fallback-verified.toml",
    "rules/learning-actions-dated.toml",
    "rules/learning-none-overdue.toml",
    "rules/learning-postmortem.toml",
    "rules/learning-repeats-handled.toml",
    "rules/rollback-code-fast.toml",
    "rules/rollback-code.toml",
    "rules/rollback-config-fast.toml",
    "rules/rollback-config.toml",
    "rules/rollback-failed-in-incident.toml",
    "rules/rollback-schema.toml",
];

/// The default pack.
pub fn default_pack() -> PackFiles {
    DEFAULT.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}
