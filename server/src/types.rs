//! Words of the domain as types: drill kinds, failure classes, verdicts, instants, slugs.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in milliseconds since 1970-01-01T00:00:00Z, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Milliseconds in one day.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// Reads RFC 3339 (offset required) and cuts it to milliseconds.
    pub fn parse(text: &str) -> Result<Self, String> {
        DateTime::parse_from_rfc3339(text.trim())
            .map(|t| Self(t.timestamp_millis()))
            .map_err(|e| format!("expected an RFC 3339 instant such as 2026-03-01T09:26:00.000Z: {e}"))
    }

    /// The instant as RFC 3339 in UTC with milliseconds.
    pub fn to_rfc3339(self) -> String {
        self.to_datetime().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The instant for calendar arithmetic; out-of-range values become the epoch.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// Days since the epoch, in UTC.
    pub fn day(self) -> i32 {
        i32::try_from(self.0.div_euclid(DAY_MS)).unwrap_or(0)
    }

    /// The day as `2026-03-01`, in UTC.
    pub fn day_text(self) -> String {
        self.to_datetime().format("%Y-%m-%d").to_string()
    }

    /// This instant moved by whole days.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days * DAY_MS)
    }

    /// Whole days from `self` to `later`, never negative.
    pub fn days_until(self, later: Self) -> i64 {
        ((later.0 - self.0) / DAY_MS).max(0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Declares an enum whose variants have one text each (API, command line) and one small number (database).
macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in the API and on pages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The number stored in the database.
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value stored under `code`.
            pub const fn from_code(code: i16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// Reads the exact word.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }

            /// All words, comma separated, for error messages.
            pub fn words() -> String {
                Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{text}` is not one of: {}", Self::words()))
                })
            }
        }
    };
}

word_enum! {
    /// What a drill rehearses.
    DrillKind {
        /// Going back to the last good code, configuration or schema.
        Rollback = 1, "rollback";
        /// A host or the infrastructure around it fails.
        Infrastructure = 2, "infrastructure";
        /// One named dependency fails.
        Dependency = 3, "dependency";
    }
}

word_enum! {
    /// What the service did while the fault was on.
    Outcome {
        /// The fault went in, the hypothesis held during and after.
        Passed = 1, "passed";
        /// The hypothesis broke.
        Failed = 2, "failed";
        /// Nothing was proven: no fault, no gate, no check.
        Inconclusive = 3, "inconclusive";
        /// A dry run; never counts.
        Rehearsal = 4, "rehearsal";
    }
}

word_enum! {
    /// What became of the rollback of the fault (or the rollback that was drilled).
    RollbackOutcome {
        /// It ran and worked.
        Succeeded = 1, "succeeded";
        /// It ran and did not work.
        Failed = 2, "failed";
        /// It is said to have worked, but its own answer says otherwise.
        Suspect = 3, "suspect";
        /// It was declared but never ran.
        NotRun = 4, "not_run";
        /// The drill declares none.
        NoneDeclared = 5, "none_declared";
        /// Nothing is known about it.
        NotTested = 6, "not_tested";
    }
}

word_enum! {
    /// How a version came into service.
    DeploymentKind {
        /// It was put there.
        Deployed = 1, "deployed";
        /// It took the place of another one.
        Upgraded = 2, "upgraded";
        /// An older one took its place again.
        RolledBack = 3, "rolled_back";
        /// It was opened to its callers.
        Published = 4, "published";
    }
}

word_enum! {
    /// The failure a drill induces. Each belongs to exactly one [`DrillKind`].
    Failure {
        /// Rollback of code.
        Code = 1, "code";
        /// Rollback of configuration.
        Config = 2, "config";
        /// Rollback of a schema change.
        Schema = 3, "schema";
        /// CPU exhausted.
        Cpu = 11, "cpu";
        /// Memory exhausted.
        Memory = 12, "memory";
        /// Disk full or busy.
        Disk = 13, "disk";
        /// Network disconnected or saturated.
        Network = 14, "network";
        /// DNS answers wrongly or not at all.
        Dns = 15, "dns";
        /// Clock out of sync.
        Clock = 16, "clock";
        /// Writes to disk fail.
        DiskWrite = 17, "disk_write";
        /// Network latency is high.
        Latency = 18, "latency";
        /// A host is gone.
        HostOffline = 19, "host_offline";
        /// A rack is gone.
        Rack = 20, "rack";
        /// A data centre is gone or cut off.
        DataCentre = 21, "data_centre";
        /// A dependency answers with errors.
        Error = 31, "error";
        /// A dependency answers late.
        Delay = 32, "delay";
        /// A dependency does not answer.
        Timeout = 33, "timeout";
    }
}

impl Failure {
    /// The kind this failure belongs to.
    pub const fn kind(self) -> DrillKind {
        match self {
            Self::Code | Self::Config | Self::Schema => DrillKind::Rollback,
            Self::Error | Self::Delay | Self::Timeout => DrillKind::Dependency,
            _ => DrillKind::Infrastructure,
        }
    }

    /// Prefix of the facts about it, e.g. `drills.dns` or `rollback.config`.
    pub fn fact_prefix(self) -> String {
        match self.kind() {
            DrillKind::Rollback => format!("rollback.{self}"),
            DrillKind::Infrastructure => format!("drills.{self}"),
            DrillKind::Dependency => format!("drills.dependency_{self}"),
        }
    }

    /// Reads a failure class the way tools write it: any case, `-` or `_`, common other names,
    /// with or without the prefix `dependency_` or `rollback_`.
    pub fn from_loose(text: &str) -> Option<Self> {
        let word = text.trim().to_lowercase().replace(['-', ' '], "_");
        let word =
            word.strip_prefix("dependency_").or_else(|| word.strip_prefix("rollback_")).unwrap_or(&word);
        let word = match word {
            "configuration" => "config",
            "deploy" | "deployment" | "release" => "code",
            "database" | "migration" => "schema",
            "mem" => "memory",
            "disk_full" | "disk_fill" => "disk",
            "network_disconnected" | "network_partition" | "partition" => "network",
            "dns_pollution" | "dns_error" => "dns",
            "clock_skew" | "time" | "time_skew" => "clock",
            "disk_write_failure" | "io" => "disk_write",
            "network_latency" | "high_latency" => "latency",
            "host" | "host_down" | "node_offline" => "host_offline",
            "rack_offline" => "rack",
            "datacenter" | "data_center" | "datacentre" | "dc" | "zone" | "region" => "data_centre",
            "errors" | "abort" => "error",
            "slow" => "delay",
            "hang" => "timeout",
            other => other,
        };
        Self::parse(word)
    }

    /// A name for people, e.g. "data centre".
    pub fn label(self) -> String {
        self.as_str().replace('_', " ")
    }
}

/// Longest accepted name of a target, environment, tool or external id, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// Bytes that nobody can guess, from the system.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness from the system: {e}"))?;
    Ok(bytes)
}

/// `N` such bytes as text, for what is shown once and known again by its hash: base64url, without padding.
pub fn random_text<const N: usize>() -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<N>()?))
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
