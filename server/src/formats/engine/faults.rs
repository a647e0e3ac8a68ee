//! Failure classes by the names that engines give their faults, where the name is plain.

use crate::types::{DrillKind, Failure};

/// Parts of names, in the order in which they are tried; a name is in lower case with `-` between words.
const PARTS: &[(&str, Failure)] = &[
    ("lambda-invocation-add-delay", Failure::Delay),
    ("lambda-invocation-error", Failure::Error),
    ("lambda-invocation-http-integration-response", Failure::Error),
    ("inject-api-", Failure::Error),
    ("pod-http-latency", Failure::Delay),
    ("pod-http-", Failure::Error),
    ("httpchaos-delay", Failure::Delay),
    ("httpchaos-abort", Failure::Error),
    ("httpchaos-replace", Failure::Error),
    ("dns", Failure::Dns),
    ("timechaos", Failure::Clock),
    ("time-travel", Failure::Clock),
    ("physicalmachinechaos-clock", Failure::Clock),
    ("time-chaos", Failure::Clock),
    ("cpu-hog", Failure::Cpu),
    ("cpu-stress", Failure::Cpu),
    ("stress-cpu", Failure::Cpu),
    ("memory-hog", Failure::Memory),
    ("memory-stress", Failure::Memory),
    ("stress-mem", Failure::Memory),
    ("iochaos-fault", Failure::DiskWrite),
    ("pause-volume-io", Failure::DiskWrite),
    ("iochaos-latency", Failure::Disk),
    ("io-stress", Failure::Disk),
    ("disk-fill", Failure::Disk),
    ("disk-read", Failure::Disk),
    ("disk-write-payload", Failure::Disk),
    ("az-chaos", Failure::DataCentre),
    ("zonal-autoshift", Failure::DataCentre),
    ("disrupt-connectivity-all", Failure::DataCentre),
    ("network-latency", Failure::Latency),
    ("network-delay", Failure::Latency),
    ("networkchaos-delay", Failure::Latency),
    ("network-loss", Failure::Network),
    ("network-packet-loss", Failure::Network),
    ("network-partition", Failure::Network),
    ("network-blackhole", Failure::Network),
    ("network-down", Failure::Network),
    ("network-bandwidth", Failure::Network),
    ("network-rate-limit", Failure::Network),
    ("network-corrupt", Failure::Network),
    ("networkchaos-loss", Failure::Network),
    ("networkchaos-partition", Failure::Network),
    ("networkchaos-bandwidth", Failure::Network),
    ("networkchaos-corrupt", Failure::Network),
    ("disrupt-connectivity", Failure::Network),
    ("poweroff", Failure::HostOffline),
    ("node-drain", Failure::HostOffline),
    ("node-restart", Failure::HostOffline),
    ("node-stop", Failure::HostOffline),
    ("vm-stop", Failure::HostOffline),
    ("instance-stop", Failure::HostOffline),
    ("ec2-stop", Failure::HostOffline),
    ("ec2-terminate", Failure::HostOffline),
    ("ec2-reboot", Failure::HostOffline),
    ("stop-instances", Failure::HostOffline),
    ("terminate-instances", Failure::HostOffline),
    ("reboot-instances", Failure::HostOffline),
    ("podchaos-pod-failure", Failure::HostOffline),
    ("physicalmachinechaos-vm", Failure::HostOffline),
];

/// Whole names: too short to be looked for inside others.
const NAMES: &[(&str, Failure)] = &[
    ("cpu", Failure::Cpu),
    ("memory", Failure::Memory),
    ("disk", Failure::Disk),
    ("io", Failure::Disk),
    ("latency", Failure::Latency),
    ("packet-loss", Failure::Network),
    ("blackhole", Failure::Network),
    ("shutdown", Failure::HostOffline),
];

/// The failure class that a fault's name says plainly; killing a pod or a process says none.
pub(in crate::formats) fn of_name(name: &str) -> Option<Failure> {
    let name = name.trim().to_ascii_lowercase().replace(['_', ' ', ':', '/', '.'], "-");
    NAMES
        .iter()
        .find(|(whole, _)| *whole == name)
        .or_else(|| PARTS.iter().find(|(part, _)| name.contains(part)))
        .map(|(_, failure)| *failure)
}

/// The class all names agree on, if they do.
pub(in crate::formats) fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Option<Failure> {
    let mut found = names.map(of_name);
    let first = found.next()??;
    found.all(|other| other == Some(first)).then_some(first)
}

/// A derived class under a kind that was said: what is slow or cut off in front of a dependency is the dependency's
/// delay or silence. None if the two do not go together.
pub(super) fn of_kind(failure: Failure, kind: Option<DrillKind>) -> Option<Failure> {
    match kind {
        None => Some(failure),
        Some(kind) if kind == failure.kind() => Some(failure),
        Some(DrillKind::Dependency) => match failure {
            Failure::Latency => Some(Failure::Delay),
            Failure::Network => Some(Failure::Timeout),
            _ => None,
        },
        Some(_) => None,
    }
}
