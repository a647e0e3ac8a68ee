//! Help: what is where, and recipes for sending evidence with the service filled in.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{Choice, Code, Link};
use super::{recipes, words};
use crate::types::{DrillKind, Failure};

/// The service of the recipes where the reader has not named one.
const EXAMPLE: &str = "checkout-api";

/// The index.
#[derive(Serialize)]
pub struct Index {
    chrome: Chrome,
    topics: &'static [Topic],
    token: Code,
}

/// A page of the help.
#[derive(Serialize)]
pub struct Topic {
    title: &'static str,
    text: &'static str,
    href: &'static str,
}

const TOPICS: &[Topic] = &[
    Topic {
        title: "Send drill results",
        text: "By curl, from GitHub Actions or GitLab CI, from the Chaos Toolkit and other engines, as JUnit.",
        href: "/help/drills",
    },
    Topic {
        title: "What is due",
        text: "Every drill that no fresh pass covers, each with a plan that is ready to run.",
        href: "/drills",
    },
    Topic {
        title: "Rehearse a rollback",
        text: "Code, configuration, schema: what to do and what to send.",
        href: "/help/rollback",
    },
    Topic {
        title: "Degrader tuning",
        text: "How settings are judged by what they do, and how to send them.",
        href: "/help/degrader",
    },
    Topic {
        title: "Certificates and badges",
        text: "How they come and go, how anybody can verify one, badges for pages elsewhere.",
        href: "/help/certificates",
    },
    Topic {
        title: "Core flows and fallbacks",
        text: "What users cannot do without, what happens when it fails, and how a drill proves it.",
        href: "/help/flows",
    },
    Topic {
        title: "Challenges",
        text: "How items close, what a team's own goal is, ranks, and the pace.",
        href: "/help/challenges",
    },
    Topic {
        title: "How boards are ranked",
        text: "What a team is worth, what counts as gained, leagues, seasons, leaving.",
        href: "/help/boards",
    },
    Topic {
        title: "Load a catalogue",
        text: "Teams, services, tiers and dependencies from Backstage, Datadog or CSV files.",
        href: "/help/catalog",
    },
    Topic {
        title: "Facts",
        text: "Every name a rule can read, its age limit, how to send it.",
        href: "/help/facts",
    },
    Topic {
        title: "Sources",
        text: "Which Prometheus is asked for latencies and errors, and whether it answers.",
        href: "/sources",
    },
    Topic { title: "The rulebook", text: "What is judged, why, and what passes.", href: "/rules" },
    Topic { title: "The API", text: "Every path, parameter and answer.", href: "/api/docs" },
];

/// The page `/help`.
pub fn index(chrome: Chrome) -> Index {
    let token = Code::new("the command that makes a token", recipes::token("drills:write"));
    Index { chrome: chrome.titled("Help"), topics: TOPICS, token }
}

/// What the recipes are filled in with, from the query.
pub struct Filling {
    /// `?service=`, known to exist.
    pub service: Option<String>,
    /// `?failure=`.
    pub failure: Option<Failure>,
    /// Slugs of services to choose from.
    pub services: Vec<String>,
}

impl Filling {
    /// The service of the recipes.
    pub fn or_example(&self) -> &str {
        self.service.as_deref().unwrap_or(EXAMPLE)
    }

    /// The services to choose from.
    pub fn choices(&self) -> Vec<Choice> {
        let current = self.service.as_deref();
        std::iter::once(Choice::new("", "an example", current))
            .chain(self.services.iter().map(|slug| Choice::new(slug, slug, current)))
            .collect()
    }
}

/// The page `/help/drills`.
#[derive(Serialize)]
pub struct Drills {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    service: String,
    known: bool,
    services: Vec<Choice>,
    failures: Vec<Choice>,
    failure: String,
    token: Code,
    curl: Code,
    github: Code,
    gitlab: Code,
    chaos_extension: Code,
    chaos_settings: Code,
    chaos_curl: Code,
    junit: Code,
    engines: Code,
    deployment: Code,
    plan: Code,
    batch: Code,
    classes: Vec<Classes>,
}

/// The failure classes of a kind.
#[derive(Serialize)]
pub struct Classes {
    kind: &'static str,
    words: Vec<&'static str>,
}

/// The page with recipes for drill results.
pub fn drills(chrome: Chrome, filling: &Filling) -> Drills {
    let service = filling.or_example();
    let failure = filling.failure.unwrap_or(Failure::Config);
    let all = Failure::ALL.iter();
    Drills {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Drill results",
        services: filling.choices(),
        failures: all
            .map(|f| {
                Choice::new(
                    f.as_str(),
                    format!("{}: {}", f.kind(), words::failure(f.as_str())),
                    Some(failure.as_str()),
                )
            })
            .collect(),
        token: Code::new("the command that makes a token", recipes::token("drills:write")),
        curl: Code::new("the curl line", recipes::curl_drill(service, failure, chrome.now)),
        github: Code::new("the GitHub Actions workflow", recipes::github_actions(service, failure)),
        gitlab: Code::new("the GitLab CI job", recipes::gitlab_ci(service, failure)),
        chaos_extension: Code::new("the extension block", recipes::chaos_extension(service, failure)),
        chaos_settings: Code::new("the Chaos Toolkit settings", recipes::chaos_settings()),
        chaos_curl: Code::new("the journal upload", recipes::curl_chaos()),
        junit: Code::new("the JUnit upload", recipes::curl_junit(service, failure)),
        engines: Code::new("the lines for engines", recipes::curl_engines(service)),
        deployment: Code::new("the line for a deployment", recipes::curl_deployment(service, chrome.now)),
        plan: Code::new("the commands of a plan", recipes::drill_plan(service, failure)),
        batch: Code::new("the batch upload", recipes::curl_batch()),
        classes: DrillKind::ALL
            .iter()
            .map(|kind| Classes {
                kind: kind.as_str(),
                words: Failure::ALL.iter().filter(|f| f.kind() == *kind).map(|f| f.as_str()).collect(),
            })
            .collect(),
        service: service.to_owned(),
        known: filling.service.is_some(),
        failure: words::failure(failure.as_str()),
        chrome: chrome.titled("Send drill results"),
    }
}

/// The page `/help/rollback`.
#[derive(Serialize)]
pub struct Rollback {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    service: String,
    known: bool,
    services: Vec<Choice>,
    curls: Vec<RollbackRecipe>,
    incident: Code,
}

/// How to rehearse one kind of rollback.
#[derive(Serialize)]
pub struct RollbackRecipe {
    title: &'static str,
    text: &'static str,
    curl: Code,
}

/// The page with recipes for rollbacks.
pub fn rollback(chrome: Chrome, filling: &Filling) -> Rollback {
    let service = filling.or_example();
    let recipe = |title, text, failure| RollbackRecipe {
        title,
        text,
        curl: Code::new(
            format!("the curl line for {failure}"),
            recipes::curl_drill(service, failure, chrome.now),
        ),
    };
    Rollback {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Rollback",
        services: filling.choices(),
        curls: vec![
            recipe(
                "Configuration",
                "Take the last change of a setting that was rolled out, roll it back in staging the way you would at night, and check that the service reads the old value. The clock runs from the decision to the last instance.",
                Failure::Config,
            ),
            recipe(
                "Code",
                "Deploy the build before the current one over it, with traffic on. Check that no request failed that would not have failed anyway.",
                Failure::Code,
            ),
            recipe(
                "Schema",
                "Migrate a copy of the database up and down again with the code of both sides running. A migration that cannot go down needs a written way forward; that is a failed drill until it exists.",
                Failure::Schema,
            ),
        ],
        incident: Code::new(
            "the fact by curl",
            recipes::curl_fact(service, "rollback.failed_in_incident_days", "3", chrome.now),
        ),
        service: service.to_owned(),
        known: filling.service.is_some(),
        chrome: chrome.titled("Rehearse a rollback"),
    }
}

/// The page `/help/catalog`.
#[derive(Serialize)]
pub struct Catalog {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    import: Code,
    token: Code,
    curl: Code,
    backstage: Code,
    csv: Code,
    own: Option<String>,
}

/// The page about catalogues.
pub fn catalog(chrome: Chrome) -> Catalog {
    Catalog {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Catalogue",
        import: Code::new(
            "the import command",
            "waterbear import --dry-run catalog-info.yaml\nwaterbear import catalog-info.yaml",
        ),
        token: Code::new("the command that makes a token", recipes::token("catalog:write")),
        curl: Code::new("the import by curl", recipes::curl_import()),
        backstage: Code::new("a Backstage file", recipes::backstage()),
        csv: Code::new("a CSV file", recipes::csv()),
        own: chrome.demo.then(|| {
            words::capital("this is a demo with made-up data. Start `waterbear serve` for your own.")
        }),
        chrome: chrome.titled("Load a catalogue"),
    }
}
