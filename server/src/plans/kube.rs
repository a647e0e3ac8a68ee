//! Objects of Kubernetes: how they get there, how they go again, what a plan for them reads from the environment.

use super::drill::Drill;
use super::scripts::Steps;
use super::tree::{Node, map};
use super::{Variable, scripts};

/// A variable of a plan: name, what it says, default.
pub(super) type Read = (&'static str, &'static str, Option<String>);

/// Variables that every object needs.
pub(super) fn common(drill: &Drill<'_>) -> Vec<Read> {
    vec![
        ("DRILL_NAMESPACE", "The namespace of the service.", Some("default".to_owned())),
        (
            "DRILL_APP",
            "The value of the label `app` on the pods of the service.",
            Some(drill.service.clone()),
        ),
    ]
}

/// The variables for people.
pub(super) fn variables(read: &[Read]) -> Vec<Variable> {
    read.iter()
        .map(|(name, about, default)| Variable { name, about: (*about).to_owned(), default: default.clone() })
        .collect()
}

/// The lines that set defaults, name what is missing, and look for the programs.
pub(super) fn prepare(read: &[Read], programs: &[&str]) -> String {
    let mut lines: Vec<String> = programs
        .iter()
        .map(|p| format!("command -v {p} >/dev/null || {{ echo '{p} is not there.' >&2; exit 64; }}\n"))
        .collect();
    for (name, about, default) in read {
        lines.push(scripts::variable(name, about, default.as_deref()));
    }
    let names: Vec<&str> = read.iter().map(|(name, ..)| *name).collect();
    lines.push(format!("export DRILL_URL DRILL_SECONDS DRILL_DEADLINE {}\n", names.join(" ")));
    lines.concat()
}

/// A call of envsubst that fills in the variables of a file, and nothing else that looks like one.
pub(super) fn fill(drill: &Drill<'_>, read: &[Read], ending: &str) -> String {
    let mut names = "$DRILL_URL $DRILL_SECONDS $DRILL_DEADLINE".to_owned();
    for (name, ..) in read {
        names.push_str(" $");
        names.push_str(name);
    }
    format!("envsubst '{names}' <\"$here/{}.{ending}\"", drill.name)
}

/// Steps that make the object of the file and delete it. `kind` is what `kubectl` calls it; `wait` runs after it is made.
pub(super) fn steps(drill: &Drill<'_>, read: &[Read], kind: &str, wait: &str, before: &str) -> Steps {
    let name = &drill.name;
    let object = "--namespace \"$DRILL_NAMESPACE\"";
    Steps {
        inject: format!("{} | kubectl apply --filename - || exit 1\n{wait}", fill(drill, read, "yaml")),
        restore: format!(
            "{before}kubectl {object} delete {kind} {name} --ignore-not-found --wait --timeout=120s\n"
        ),
        restored: format!(
            "[ -z \"$(kubectl {object} get {kind} {name} --ignore-not-found --output name)\" ]\n"
        ),
    }
}

/// The pods of the service.
pub(super) fn selector(app: &str) -> Node {
    map([("namespaces", vec!["$DRILL_NAMESPACE"].into()), ("labelSelectors", map([("app", app.into())]))])
}
