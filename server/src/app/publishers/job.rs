//! A CI job as its identity token describes it, in the same words for every provider.

use crate::app::openid::Claims;
use crate::config::Provider;

/// What a token says of a job. Whatever a provider leaves out is none, and matches no binding that asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// `owner/repository`, or the whole path of a project.
    pub repository: String,
    /// Id of the owner, or of the namespace.
    pub owner_id: Option<String>,
    /// Id of the repository, or of the project.
    pub repository_id: Option<String>,
    /// The workflow's file name, or the path of the CI configuration in the project.
    pub workflow: Option<String>,
    /// The workflow's file that the job is really written in, `owner/repository/path@ref`.
    pub reusable: Option<String>,
    /// Environment it deploys to.
    pub environment: Option<String>,
    /// The whole ref: `refs/heads/main`.
    pub git_ref: Option<String>,
    /// Whether the ref is protected.
    pub protected: bool,
    /// What set it off.
    pub event: Option<String>,
    /// Id of the run, or of the pipeline.
    pub run_id: Option<String>,
    /// Commit.
    pub sha: Option<String>,
}

impl Job {
    /// Reads the claims of a provider; none without the repository.
    pub fn of(provider: Provider, issuer: &str, claims: &Claims) -> Option<Self> {
        match provider {
            Provider::GitHub => Self::of_github(claims),
            Provider::GitLab => Self::of_gitlab(issuer, claims),
        }
    }

    fn of_github(claims: &Claims) -> Option<Self> {
        let repository = claims.text("repository")?;
        let written = claims.text("workflow_ref");
        Some(Self {
            owner_id: claims.text("repository_owner_id"),
            repository_id: claims.text("repository_id"),
            workflow: written.and_then(|text| github_file(&repository, &text)),
            reusable: claims.text("job_workflow_ref"),
            environment: claims.text("environment"),
            git_ref: claims.text("ref"),
            protected: claims.is_true("ref_protected"),
            event: claims.text("event_name"),
            run_id: claims.text("run_id"),
            sha: claims.text("sha"),
            repository,
        })
    }

    fn of_gitlab(issuer: &str, claims: &Claims) -> Option<Self> {
        let repository = claims.text("project_path")?;
        let written = claims.text("ci_config_ref_uri");
        let kind = match claims.text("ref_type").as_deref() {
            Some("tag") => "tags",
            _ => "heads",
        };
        let git_ref = claims.text("ref").map(|name| format!("refs/{kind}/{name}"));
        Some(Self {
            owner_id: claims.text("namespace_id"),
            repository_id: claims.text("project_id"),
            workflow: written.and_then(|text| gitlab_file(issuer, &repository, &text)),
            reusable: None,
            environment: claims.text("environment"),
            git_ref: claims.text("ref_path").or(git_ref),
            protected: claims.is_true("ref_protected"),
            event: claims.text("pipeline_source"),
            run_id: claims.text("pipeline_id"),
            sha: claims.text("sha"),
            repository,
        })
    }
}

/// What stands before the ref: the first `@` that a ref or a commit follows. Branches may hold another one, and files
/// an `@` before it, but no file name holds a slash.
fn before_ref(text: &str) -> Option<(&str, &str)> {
    text.match_indices('@').map(|(at, _)| text.split_at(at)).find_map(|(file, rest)| {
        let rest = rest.strip_prefix('@')?;
        let commit = rest.len() >= 40 && rest.bytes().all(|b| b.is_ascii_hexdigit());
        (rest.starts_with("refs/") || commit).then_some((file, rest))
    })
}

/// The file name in `owner/repository/.github/workflows/FILE@REF`, of the same repository only.
fn github_file(repository: &str, text: &str) -> Option<String> {
    let (path, _) = before_ref(text)?;
    let file = strip_prefix_any_case(path, repository)?.strip_prefix("/.github/workflows/")?;
    (!file.is_empty() && !file.contains('/')).then(|| file.to_owned())
}

/// The path in `HOST/PROJECT//PATH@REF`, of the same project only.
fn gitlab_file(issuer: &str, repository: &str, text: &str) -> Option<String> {
    let host = issuer.split_once("://").map_or(issuer, |(_, host)| host).trim_end_matches('/');
    let (path, _) = before_ref(text)?;
    let file = strip_prefix_any_case(path, &format!("{host}/{repository}"))?.strip_prefix("//")?;
    (!file.is_empty()).then(|| file.to_owned())
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_cut_where_the_ref_begins_and_nowhere_else() {
        let cut = |text: &str| github_file("shop-example/storefront", text);
        for (text, file) in [
            ("shop-example/storefront/.github/workflows/drills.yml@refs/heads/main", Some("drills.yml")),
            ("Shop-Example/STOREFRONT/.github/workflows/drills.yml@refs/heads/main", Some("drills.yml")),
            (
                "shop-example/storefront/.github/workflows/x.yml@refs/heads/drills.yml@refs/heads/main",
                Some("x.yml"),
            ),
            (
                "shop-example/storefront/.github/workflows/drills.yml@x.yml@refs/heads/main",
                Some("drills.yml@x.yml"),
            ),
            (
                "shop-example/storefront/.github/workflows/drills.yml@3c1f5a7b9d2e4f6081a2b3c4d5e6f708192a3b4c",
                Some("drills.yml"),
            ),
            ("shop-example/other/.github/workflows/drills.yml@refs/heads/main", None),
            ("shop-example/storefront-2/.github/workflows/drills.yml@refs/heads/main", None),
            ("shop-example/storefront/.github/workflows/sub/drills.yml@refs/heads/main", None),
            ("shop-example/storefront/.github/workflows/drills.yml", None),
            ("", None),
        ] {
            assert_eq!(cut(text).as_deref(), file, "{text}");
        }
    }

    #[test]
    fn a_configuration_of_another_host_or_project_is_none() {
        let cut = |text: &str| gitlab_file("https://gitlab.com", "shop/platform/storefront", text);
        for (text, file) in [
            ("gitlab.com/shop/platform/storefront//.gitlab-ci.yml@refs/heads/main", Some(".gitlab-ci.yml")),
            ("gitlab.com/shop/platform/storefront//ci/drills.yml@refs/tags/v1", Some("ci/drills.yml")),
            ("gitlab.corp.example/shop/platform/storefront//.gitlab-ci.yml@refs/heads/main", None),
            ("gitlab.com/shop/platform/other//.gitlab-ci.yml@refs/heads/main", None),
            ("gitlab.com/shop/platform/storefront/.gitlab-ci.yml@refs/heads/main", None),
        ] {
            assert_eq!(cut(text).as_deref(), file, "{text}");
        }
    }
}
