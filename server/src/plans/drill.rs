//! What every plan of a drill says, whatever the engine: names, hypothesis, blast radius, duration, stop condition.

use super::quote;
use super::tree::{Node, map};
use super::{Engine, Plan, PlanFile, PlanRequest, Variable};
use crate::types::{DrillKind, Failure};

/// The header that marks requests which take part in a drill; its value names the dependency that is to fail for them.
pub(super) const HEADER: &str = "x-waterbear-drill";
/// Seconds in which the service must answer, unless said otherwise.
pub(super) const DEADLINE: u32 = 5;
/// Milliseconds by which a slow dependency answers late.
pub(super) const DELAY_MS: u32 = 2_000;
/// Milliseconds after which nobody still waits for a dependency that does not answer.
pub(super) const HANG_MS: u32 = 60_000;

/// A drill in words.
pub(super) struct Drill<'a> {
    pub(super) ask: &'a PlanRequest,
    /// Name of files and objects.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) hypothesis: String,
    pub(super) blast_radius: String,
    pub(super) seconds: u32,
    /// The service's slug, short enough for the name of an object.
    pub(super) service: String,
    /// The target as it may stand in a header or in the name of an object.
    pub(super) target: String,
}

impl<'a> Drill<'a> {
    pub(super) fn new(ask: &'a PlanRequest) -> Self {
        let service = quote::slug(&ask.service, 30, "service");
        let failure = ask.failure.as_str().replace('_', "-");
        let given = ask.target.as_deref().map(|t| quote::slug(short(t), 24, "target"));
        let mut name = format!("{service}-{failure}");
        if let Some(target) = &given {
            name = format!("{name}-{target}");
        }
        Self {
            name: quote::slug(&name, 50, "drill"),
            title: title(ask),
            hypothesis: hypothesis(ask),
            blast_radius: blast_radius(ask.failure).to_owned(),
            seconds: seconds(ask.failure),
            service,
            target: given.unwrap_or_else(|| "dependency".to_owned()),
            ask,
        }
    }

    pub(super) const fn failure(&self) -> Failure {
        self.ask.failure
    }

    pub(super) const fn is_dependency(&self) -> bool {
        matches!(self.ask.failure.kind(), DrillKind::Dependency)
    }

    /// When the drill is broken off.
    pub(super) fn stop(&self) -> String {
        format!("The first check that does not hold, or {} s, whichever comes first.", self.seconds)
    }

    /// What ties a result to the drill, in the order of the extension that our reader knows.
    pub(super) fn identity(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("service", self.ask.service.clone()),
            ("kind", self.ask.failure.kind().as_str().to_owned()),
            ("failure", self.ask.failure.as_str().to_owned()),
        ];
        if let Some(target) = &self.ask.target {
            fields.push(("target", target.clone()));
        }
        fields.push(("environment", self.ask.environment.clone()));
        fields
    }

    /// The same as the query of the address that takes a tool's own document.
    pub(super) fn query(&self) -> String {
        let pair = |(name, value): (&str, String)| format!("{name}={}", quote::query(&value));
        self.identity().into_iter().map(pair).collect::<Vec<_>>().join("&")
    }

    /// The same as annotations of a Kubernetes object.
    pub(super) fn annotations(&self) -> Node {
        let identity = self.identity().into_iter();
        Node::Map(
            identity.map(|(name, value)| (format!("waterbear.dev/{name}"), Node::Text(value))).collect(),
        )
    }

    /// Labels and annotations of a Kubernetes object.
    pub(super) fn metadata(&self) -> Node {
        map([
            ("name", self.name.as_str().into()),
            ("namespace", "$DRILL_NAMESPACE".into()),
            ("labels", map([("app.kubernetes.io/managed-by", "waterbear".into())])),
            ("annotations", self.annotations()),
        ])
    }

    /// The lines at the head of a file that may hold comments.
    pub(super) fn head(&self, more: &[&str]) -> String {
        let mut out = format!("# {}\n", quote::comment(&self.title));
        let mut say = |line: &str| {
            out.push_str("# ");
            out.push_str(&quote::comment(line));
            out.push('\n');
        };
        say(&format!("Why: {}", self.ask.why));
        say(&format!("Hypothesis: {}", self.hypothesis));
        say(&format!("Blast radius: {}", self.blast_radius));
        say(&format!("Stop condition: {}", self.stop()));
        for line in more {
            say(line);
        }
        out
    }

    /// The plan with everything but its files.
    pub(super) fn plan(
        &self,
        engine: Engine,
        rollback: &str,
        variables: Vec<Variable>,
        files: Vec<PlanFile>,
    ) -> Plan {
        Plan {
            engine,
            title: self.title.clone(),
            hypothesis: self.hypothesis.clone(),
            blast_radius: self.blast_radius.clone(),
            duration_seconds: self.seconds,
            stop_condition: self.stop(),
            rollback: rollback.to_owned(),
            variables,
            run: format!("sh {}.sh", self.name),
            files,
        }
    }

    /// A file of the plan.
    pub(super) fn file(&self, ending: &str, media: &'static str, text: String) -> PlanFile {
        PlanFile { name: format!("{}.{ending}", self.name), media, text }
    }
}

/// The last part of a catalog reference: `resource:default/orders-db` hits `orders-db`.
fn short(target: &str) -> &str {
    target.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(target)
}

fn title(ask: &PlanRequest) -> String {
    let of = ask.target.as_deref().map_or_else(|| "a dependency".to_owned(), quote::comment);
    let name = quote::comment(&ask.service_name);
    match ask.failure {
        Failure::Code => format!("{name}: a release is taken back"),
        Failure::Config => format!("{name}: a change of configuration is taken back"),
        Failure::Schema => format!("{name}: a change of the schema is taken back"),
        Failure::Cpu => format!("{name} stands a host with busy processors"),
        Failure::Memory => format!("{name} stands a host without free memory"),
        Failure::Disk => format!("{name} stands a host with a full disk"),
        Failure::Network => format!("{name} stands a host that is cut off"),
        Failure::Dns => format!("{name} stands name resolution that fails"),
        Failure::Clock => format!("{name} stands a host with a wrong clock"),
        Failure::DiskWrite => format!("{name} stands a host that cannot write"),
        Failure::Latency => format!("{name} stands a slow network"),
        Failure::HostOffline => format!("{name} stands the loss of one host"),
        Failure::Rack => format!("{name} stands the loss of one rack"),
        Failure::DataCentre => format!("{name} stands the loss of one data centre"),
        Failure::Error => format!("{name} stands errors of {of}"),
        Failure::Delay => format!("{name} stands a slow {of}"),
        Failure::Timeout => format!("{name} stands a {of} that does not answer"),
    }
}

fn hypothesis(ask: &PlanRequest) -> String {
    let answers = format!("answers with a good status within {DEADLINE} s");
    match ask.failure.kind() {
        DrillKind::Rollback => format!(
            "The service {answers} before the change, with it, and after it is taken back; then the version of before is in place."
        ),
        DrillKind::Infrastructure => format!("The service {answers}, before and while one host is hit."),
        DrillKind::Dependency => {
            format!("The service {answers}, also for requests for which the dependency fails.")
        }
    }
}

const fn blast_radius(failure: Failure) -> &'static str {
    match failure {
        Failure::Code | Failure::Config | Failure::Schema => {
            "The instances to which the change goes; begin with one, outside production."
        }
        Failure::Error | Failure::Delay | Failure::Timeout => {
            "Only requests that carry the drill's headers: nobody else notices."
        }
        Failure::Rack => "One rack or what stands for it (a placement group, a set of nodes).",
        Failure::DataCentre => "One data centre or zone. Tell those on call before you begin.",
        _ => "One host, or one pod, of the service.",
    }
}

const fn seconds(failure: Failure) -> u32 {
    match failure.kind() {
        DrillKind::Dependency => 20,
        DrillKind::Rollback => 30,
        DrillKind::Infrastructure => match failure {
            Failure::HostOffline | Failure::Rack | Failure::DataCentre => 300,
            _ => 120,
        },
    }
}
