//! Commands that fail one host, and take it back. Each can be replaced by the user's own; those that need to know a
//! machine, a port or a provider have no default and refuse to start without one.

use super::Variable;
use crate::types::Failure;

/// The three commands of a drill on a host, each run by `$DRILL_SHELL`.
pub(super) struct Commands {
    /// Name of the variable that holds the command, what it does, and its default.
    pub(super) inject: Command,
    /// Takes the failure back. Must do no harm when run twice.
    pub(super) restore: Command,
    /// Ends well once the failure is gone.
    pub(super) restored: Command,
    /// Further variables that the defaults read: name, what it says, default.
    pub(super) more: Vec<(&'static str, &'static str, Option<&'static str>)>,
}

/// A command that the user may set.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Text between double quotes of a POSIX shell; nothing that anybody sent is in it.
    pub(super) default: Option<String>,
}

impl Commands {
    /// The variables, those without a default first.
    pub(super) fn variables(&self) -> Vec<Variable> {
        let of = |c: &Command| Variable {
            name: c.name,
            about: c.about.to_owned(),
            default: c.default.as_ref().map(|text| text.replace("\\\"", "\"").replace("\\$", "$")),
        };
        let mut all: Vec<Variable> = [&self.inject, &self.restore, &self.restored].map(of).into();
        all.extend(self.more.iter().map(|(name, about, default)| Variable {
            name,
            about: (*about).to_owned(),
            default: default.map(str::to_owned),
        }));
        all.push(Variable {
            name: "DRILL_SHELL",
            about: "How a command gets to the host: for instance `ssh web-7`.".to_owned(),
            default: Some("sh -c".to_owned()),
        });
        all.sort_by_key(|variable| variable.default.is_some());
        all
    }
}

/// The commands of a failure. `name` is a name of lower-case letters, digits and dashes; `seconds` bounds what ends by
/// itself, so that a runner that dies leaves no host behind.
pub(super) fn commands(failure: Failure, name: &str, seconds: u32) -> Commands {
    let limit = seconds * 5;
    match failure {
        Failure::Code | Failure::Config | Failure::Schema => change(),
        Failure::Cpu => stress(name, &format!("--cpu 0 --timeout {limit}s")),
        Failure::Memory => stress(name, &format!("--vm 1 --vm-bytes 90% --vm-keep --timeout {limit}s")),
        Failure::Disk => disk(name),
        Failure::DiskWrite => with_limit(
            limit,
            ["mount -o remount,ro $DRILL_MOUNT", "mount -o remount,rw $DRILL_MOUNT"],
            &format!("touch $DRILL_MOUNT/.{name} && rm -f $DRILL_MOUNT/.{name}"),
            vec![("DRILL_MOUNT", "The mount point that takes no more writes.", None)],
        ),
        Failure::Network => with_limit(
            limit,
            [
                "iptables -I INPUT -p tcp --dport $DRILL_PORT -j DROP",
                "iptables -D INPUT -p tcp --dport $DRILL_PORT -j DROP",
            ],
            "! iptables -C INPUT -p tcp --dport $DRILL_PORT -j DROP 2>/dev/null",
            vec![("DRILL_PORT", "The port on which nobody reaches the host any more.", None)],
        ),
        Failure::Latency => with_limit(
            limit,
            [
                "tc qdisc add dev $DRILL_DEVICE root netem delay ${DRILL_DELAY_MS}ms",
                "tc qdisc del dev $DRILL_DEVICE root netem",
            ],
            "! tc qdisc show dev $DRILL_DEVICE | grep -q netem",
            vec![
                ("DRILL_DEVICE", "The network device of the host.", Some("eth0")),
                ("DRILL_DELAY_MS", "Milliseconds by which every packet is late.", Some("300")),
            ],
        ),
        Failure::Dns => with_limit(
            limit,
            [
                // 192.0.2.1 is for documentation (RFC 5737): nobody answers there.
                "cp /etc/resolv.conf /etc/resolv.conf.drill && echo nameserver 192.0.2.1 >/etc/resolv.conf",
                "[ ! -e /etc/resolv.conf.drill ] || { cat /etc/resolv.conf.drill >/etc/resolv.conf && rm -f /etc/resolv.conf.drill; }",
            ],
            "! grep -q 192.0.2.1 /etc/resolv.conf",
            Vec::new(),
        ),
        Failure::Clock => with_limit(
            limit,
            ["timedatectl set-ntp false && date -s '+10 minutes' >/dev/null", "timedatectl set-ntp true"],
            r#"[ \"\$(timedatectl show --property=NTPSynchronized --value)\" = yes ]"#,
            Vec::new(),
        ),
        Failure::HostOffline => provider("one host"),
        Failure::Rack => provider("one rack"),
        Failure::DataCentre => provider("one data centre"),
        // Dependencies fail by headers: there is no host to work on.
        Failure::Error | Failure::Delay | Failure::Timeout => provider("the dependency"),
    }
}

const INJECT: &str = "The command that induces the failure, and returns at once.";
const RESTORE: &str = "The command that takes it back; run twice it does no harm.";
const CHECK: &str = "A command that ends with 0 once the failure is gone.";

fn three(inject: Option<String>, restore: Option<String>, restored: Option<String>) -> Commands {
    Commands {
        inject: Command { name: "DRILL_INJECT", about: INJECT, default: inject },
        restore: Command { name: "DRILL_RESTORE", about: RESTORE, default: restore },
        restored: Command { name: "DRILL_CHECK", about: CHECK, default: restored },
        more: Vec::new(),
    }
}

fn change() -> Commands {
    Commands {
        inject: Command {
            name: "DRILL_CHANGE",
            about: "Puts a harmless change in place, the way changes are made, for instance `./deploy.sh v2`.",
            default: None,
        },
        restore: Command {
            name: "DRILL_ROLLBACK",
            about: "Takes it back, the way it would be done at night, for instance `./rollback.sh`.",
            default: None,
        },
        restored: Command {
            name: "DRILL_CHECK",
            about: "Ends with 0 only when the version of before is in place.",
            default: None,
        },
        more: Vec::new(),
    }
}

fn provider(what: &'static str) -> Commands {
    let about = match what {
        "one rack" => "Your provider's command that takes one rack away.",
        "one data centre" => "Your provider's command that takes one data centre away.",
        _ => "Your provider's command that takes one host away.",
    };
    let mut all = three(None, None, None);
    all.inject.about = about;
    all.restore.about = "Your provider's command that brings it back; run twice it does no harm.";
    all.restored.about = "A command that ends with 0 once it is back.";
    all
}

/// `stress-ng` ends by itself; the file holds its process.
fn stress(name: &str, arguments: &str) -> Commands {
    let file = format!("\\$HOME/.waterbear-{name}.pid");
    three(
        Some(format!(
            r"command -v stress-ng >/dev/null && {{ nohup stress-ng {arguments} >/dev/null 2>&1 & echo \$! >{file}; }}"
        )),
        Some(format!(r"[ ! -s {file} ] || kill \$(cat {file}) 2>/dev/null; rm -f {file}")),
        Some("! pgrep -x stress-ng >/dev/null".to_owned()),
    )
}

fn disk(name: &str) -> Commands {
    let file = format!("$DRILL_DISK/{name}.fill");
    let mut all = three(
        Some(format!("fallocate -l $DRILL_FILL {file}")),
        Some(format!("rm -f {file}")),
        Some(format!("[ ! -e {file} ]")),
    );
    all.more = vec![
        ("DRILL_DISK", "A directory on the disk that fills up.", Some("/var/tmp")),
        ("DRILL_FILL", "How much is written; leave less free than one request needs.", Some("1G")),
    ];
    all
}

/// Taken back by itself after some seconds, should nobody be left to do it.
fn with_limit(
    seconds: u32,
    [inject, restore]: [&str; 2],
    restored: &str,
    more: Vec<(&'static str, &'static str, Option<&'static str>)>,
) -> Commands {
    let later = format!("{{ nohup sh -c \\\"sleep {seconds}; {restore}\\\" >/dev/null 2>&1 & }}");
    let mut all = three(
        Some(format!("{inject} && {later}")),
        // Gone already is as good.
        Some(format!("{restore} 2>/dev/null; true")),
        Some(restored.to_owned()),
    );
    all.more = more;
    all
}
