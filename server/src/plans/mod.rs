//! Drill plans: files with which an engine induces one failure, checks that the service stands it, takes the failure
//! back, checks that this worked, and tells Waterbear what happened.
//!
//! Pure: a request in, texts out. We generate plans and read results; engines induce the failures. What only the user
//! knows (addresses, selectors, commands) is read from environment variables named `DRILL_...` when the plan runs.

mod aws_fis;
mod chaos_mesh;
mod chaostoolkit;
mod drill;
mod host;
mod istio;
mod kube;
mod litmus;
pub mod quote;
mod runner;
mod salt;
mod scripts;
mod support;
mod toxiproxy;
pub mod tree;

#[cfg(test)]
mod tests;

pub use support::{engines_for, unsupported};

use self::drill::Drill;
use crate::types::Failure;

/// What runs a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// Chaos Toolkit, an experiment in JSON.
    ChaosToolkit,
    /// Istio, a VirtualService.
    Istio,
    /// Chaos Mesh, a Workflow.
    ChaosMesh,
    /// LitmusChaos, a ChaosEngine.
    Litmus,
    /// toxiproxy, calls of its API in a shell script.
    Toxiproxy,
    /// AWS Fault Injection Service, an experiment template.
    AwsFis,
    /// Salt, a state file.
    Salt,
}

impl Engine {
    /// Every engine, the one that can most first.
    pub const ALL: &'static [Self] = &[
        Self::ChaosToolkit,
        Self::Istio,
        Self::ChaosMesh,
        Self::Litmus,
        Self::Toxiproxy,
        Self::AwsFis,
        Self::Salt,
    ];

    /// The words of [`Engine::ALL`], as `?format=` takes them.
    pub const WORDS: &'static [&'static str] =
        &["chaostoolkit", "istio", "chaos-mesh", "litmus", "toxiproxy", "aws-fis", "salt"];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChaosToolkit => "chaostoolkit",
            Self::Istio => "istio",
            Self::ChaosMesh => "chaos-mesh",
            Self::Litmus => "litmus",
            Self::Toxiproxy => "toxiproxy",
            Self::AwsFis => "aws-fis",
            Self::Salt => "salt",
        }
    }

    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ChaosToolkit => "Chaos Toolkit",
            Self::Istio => "Istio",
            Self::ChaosMesh => "Chaos Mesh",
            Self::Litmus => "Litmus",
            Self::Toxiproxy => "toxiproxy",
            Self::AwsFis => "AWS FIS",
            Self::Salt => "Salt",
        }
    }

    /// Reads the exact word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|engine| engine.as_str() == text)
    }
}

/// What a plan is asked for.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// Slug of the service.
    pub service: String,
    /// Its name for people.
    pub service_name: String,
    /// What fails.
    pub failure: Failure,
    /// What is hit, where the drill has a target: any text.
    pub target: Option<String>,
    /// Where it runs: any text.
    pub environment: String,
    /// Why it is due, one sentence.
    pub why: String,
    /// Address of this Waterbear, without trailing slash.
    pub waterbear: String,
}

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// Its name: lower-case letters, digits, dashes and dots only.
    pub name: String,
    /// Media type.
    pub media: &'static str,
    /// Its text.
    pub text: String,
}

/// A variable that the user sets before the plan runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub about: String,
    /// What holds when it is not set; none where the plan refuses to start without it.
    pub default: Option<String>,
}

/// A plan, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What runs it.
    pub engine: Engine,
    /// What is drilled, for people.
    pub title: String,
    /// What must stay true, and how it is checked.
    pub hypothesis: String,
    /// Who may notice.
    pub blast_radius: String,
    /// How long the failure lasts, in seconds.
    pub duration_seconds: u32,
    /// When it is broken off.
    pub stop_condition: String,
    /// How the failure is taken back, and how that is checked.
    pub rollback: String,
    /// What to set first.
    pub variables: Vec<Variable>,
    /// The plan itself, then what runs it and what else belongs to it.
    pub files: Vec<PlanFile>,
    /// One command line that runs it and sends the result.
    pub run: String,
}

/// Why there is no plan for an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// What the engine lacks.
    pub reason: &'static str,
    /// Engines that have it.
    pub engines: Vec<Engine>,
}

/// The plan of a drill for an engine, or why there is none.
pub fn plan(engine: Engine, request: &PlanRequest) -> Result<Plan, Unsupported> {
    if let Some(reason) = unsupported(engine, request.failure) {
        return Err(Unsupported { reason, engines: engines_for(request.failure) });
    }
    let drill = Drill::new(request);
    Ok(match engine {
        Engine::ChaosToolkit => chaostoolkit::write(&drill),
        Engine::Istio => istio::write(&drill),
        Engine::ChaosMesh => chaos_mesh::write(&drill),
        Engine::Litmus => litmus::write(&drill),
        Engine::Toxiproxy => toxiproxy::write(&drill),
        Engine::AwsFis => aws_fis::write(&drill),
        Engine::Salt => salt::write(&drill),
    })
}

/// What the person is told of a plan before reading it: a name of the file without its ending.
pub fn stem(request: &PlanRequest) -> String {
    Drill::new(request).name
}
