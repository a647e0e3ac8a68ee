//! Whether a publisher that is wished for makes sense; every wrong field at once.

use super::{Binding, CreatePublisher};
use crate::app::Tx;
use crate::app::tokens;
use crate::config::{CiConfig, Provider};
use crate::error::{Error, FieldError, Result};

/// Longest name of anything here, bytes.
const MAX_TEXT: usize = 255;
/// Services or teams of one publisher.
const MAX_LIMITS: usize = 200;
/// What its tokens may be allowed; anything more cannot be limited to some services.
const SCOPES: [&str; 3] = ["drills:write", "evidence:write", "read"];

/// A wish that makes sense.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Issuer.
    pub issuer: String,
    /// Which jobs.
    pub binding: Binding,
    /// What they may do.
    pub scopes: Vec<String>,
    /// For which services.
    pub services: Vec<String>,
    /// For which teams.
    pub teams: Vec<String>,
}

/// The wish, with services and teams that are there.
pub(super) fn check(tx: &mut Tx<'_>, cmd: &CreatePublisher) -> Result<Checked> {
    let (checked, mut fields) = form(&tx.config.ci, cmd);
    if cmd.services.len().max(cmd.teams.len()) <= MAX_LIMITS {
        tokens::check_limits(tx, &cmd.services, &cmd.teams, &mut fields)?;
    }
    if fields.is_empty() { Ok(checked) } else { Err(Error::Invalid { fields }) }
}

/// The wish as far as it can be judged without asking for services and teams.
///
/// # Errors
///
/// [`Error::Invalid`] with every wrong field.
pub fn check_form(config: &CiConfig, cmd: &CreatePublisher) -> Result<Checked> {
    let (checked, fields) = form(config, cmd);
    if fields.is_empty() { Ok(checked) } else { Err(Error::Invalid { fields }) }
}

/// Collects what is wrong.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn add(&mut self, place: &str, detail: impl Into<String>) {
        self.0.push(FieldError::new(place, detail));
    }

    /// A text that may be left out, trimmed, of characters that are `good`.
    fn text(
        &mut self,
        place: &str,
        text: Option<&str>,
        good: fn(char) -> bool,
        expected: &str,
    ) -> Option<String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        if text.len() > MAX_TEXT || !text.chars().all(good) {
            self.add(place, format!("expected {expected}"));
        }
        Some(text.to_owned())
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

fn form(config: &CiConfig, cmd: &CreatePublisher) -> (Checked, Vec<FieldError>) {
    let mut wrong = Wrong::default();
    let (provider, issuer) = issuer(config, cmd, &mut wrong);
    let repository = cmd.repository.trim().to_owned();
    if !repository_fits(provider, &repository) {
        wrong.add(
            "/repository",
            match provider {
                Provider::GitHub => "expected `owner/repository`",
                Provider::GitLab => {
                    "expected the whole path of the project, such as `group/subgroup/project`"
                }
            },
        );
    }
    let digits = "digits, as the API of the provider tells them";
    let owner_id = wrong.text("/owner_id", cmd.owner_id.as_deref(), |c| c.is_ascii_digit(), digits);
    let repository_id =
        wrong.text("/repository_id", cmd.repository_id.as_deref(), |c| c.is_ascii_digit(), digits);
    if provider == Provider::GitHub && owner_id.is_none() {
        wrong.add(
            "/owner_id",
            "is missing: the id of the owner, since a name can be given up and taken over by somebody else; \
             `gh api repos/OWNER/REPOSITORY --jq .owner.id` prints it",
        );
    }
    let binding = Binding {
        provider,
        owner_id,
        repository_id,
        workflow: workflow(provider, cmd, &mut wrong),
        reusable: reusable(provider, cmd, &mut wrong),
        environment: wrong.text(
            "/environment",
            cmd.environment.as_deref(),
            |c| !c.is_control(),
            "the name of an environment, of at most 255 bytes",
        ),
        git_ref: git_ref(cmd, &mut wrong),
        protected_only: cmd.protected_ref_only,
        pull_requests: cmd.allow_pull_requests,
        repository,
    };
    let scopes = scopes(cmd, &mut wrong);
    if cmd.services.is_empty() && cmd.teams.is_empty() {
        wrong.add("/services", "expected at least one service or team: a job speaks for some services only");
    }
    for (place, list) in [("/services", &cmd.services), ("/teams", &cmd.teams)] {
        if list.len() > MAX_LIMITS || list.iter().any(|name| name.trim().is_empty() || name.len() > MAX_TEXT)
        {
            wrong.add(place, format!("expected at most {MAX_LIMITS} names of at most {MAX_TEXT} bytes"));
        }
    }
    let (services, teams) = (cmd.services.clone(), cmd.teams.clone());
    (Checked { issuer, binding, scopes, services, teams }, wrong.0)
}

fn issuer(config: &CiConfig, cmd: &CreatePublisher, wrong: &mut Wrong) -> (Provider, String) {
    let Some(provider) = Provider::parse(cmd.provider.trim()) else {
        wrong.add("/provider", "expected github or gitlab");
        return (Provider::GitHub, String::new());
    };
    let url = cmd.issuer.as_deref().map(str::trim).filter(|url| !url.is_empty());
    let url = url.unwrap_or_else(|| provider.issuer()).to_owned();
    let known = || {
        let all = config.issuers.iter().filter(|issuer| issuer.provider == Some(provider));
        all.map(|issuer| format!("`{}`", issuer.url)).collect::<Vec<_>>().join(", ")
    };
    match config.issuer(&url) {
        Some(found) if found.provider == Some(provider) => {}
        _ => wrong.add(
            "/issuer",
            format!("expected an issuer of {} that stands in the settings: {}", provider.as_str(), known()),
        ),
    }
    (provider, url)
}

/// Whether a repository's name is one of the provider's.
pub fn repository_fits(provider: Provider, name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let good = |part: &&str| !part.is_empty() && !matches!(*part, "." | "..") && part.chars().all(plain);
    let depth = match provider {
        Provider::GitHub => parts.len() == 2,
        Provider::GitLab => (2..=21).contains(&parts.len()),
    };
    name.len() <= MAX_TEXT && depth && parts.iter().all(good)
}

fn workflow(provider: Provider, cmd: &CreatePublisher, wrong: &mut Wrong) -> String {
    let given = cmd.workflow.as_deref();
    let yaml = |name: &str| [".yml", ".yaml"].iter().any(|end| name.len() > end.len() && name.ends_with(end));
    let expected = match provider {
        Provider::GitHub => "the file name of a workflow in .github/workflows, such as drills.yml",
        Provider::GitLab => "the path of the CI configuration in the project, such as .gitlab-ci.yml",
    };
    let file: fn(char) -> bool = match provider {
        Provider::GitHub => plain,
        Provider::GitLab => |c| plain(c) || c == '/',
    };
    let usual = (provider == Provider::GitLab).then(|| ".gitlab-ci.yml".to_owned());
    let before = wrong.0.len();
    let Some(name) = wrong.text("/workflow", given, file, expected).or(usual) else {
        wrong.add("/workflow", format!("is missing: {expected}"));
        return String::new();
    };
    if wrong.0.len() == before && !yaml(&name) {
        wrong.add("/workflow", format!("expected {expected}"));
    }
    name
}

fn reusable(provider: Provider, cmd: &CreatePublisher, wrong: &mut Wrong) -> Option<String> {
    let expected = "`owner/repository/.github/workflows/FILE`, with `@ref` or without";
    let good = |c| plain(c) || matches!(c, '/' | '@');
    let text = wrong.text("/reusable_workflow", cmd.reusable_workflow.as_deref(), good, expected)?;
    let path = text.split('@').next().unwrap_or_default();
    if provider == Provider::GitLab || path.split('/').count() < 3 || path.split('/').any(str::is_empty) {
        wrong.add("/reusable_workflow", format!("expected {expected}; GitHub only"));
    }
    Some(text)
}

/// A branch by its name alone becomes a ref.
fn git_ref(cmd: &CreatePublisher, wrong: &mut Wrong) -> Option<String> {
    let good = |c: char| {
        !c.is_control() && !c.is_whitespace() && !matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\')
    };
    let expected = "the name of a branch, or a ref such as refs/tags/v1; patterns are not taken";
    let text = wrong.text("/ref", cmd.git_ref.as_deref(), good, expected)?;
    Some(if text.starts_with("refs/") { text } else { format!("refs/heads/{text}") })
}

fn scopes(cmd: &CreatePublisher, wrong: &mut Wrong) -> Vec<String> {
    for (n, scope) in cmd.scopes.iter().enumerate().take(10) {
        if !SCOPES.contains(&scope.as_str()) {
            wrong.add(&format!("/scopes/{n}"), format!("expected one of {}", SCOPES.join(", ")));
        }
    }
    let mut scopes = cmd.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() { vec!["drills:write".to_owned()] } else { scopes }
}
