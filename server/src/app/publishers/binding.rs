//! Whether a job is one that a trusted publisher means: part by part, the first that does not match is told.

use super::job::Job;
use crate::app::openid::mismatch;
use crate::config::Provider;

/// Which jobs are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Whose CI.
    pub provider: Provider,
    /// As it was given; any case matches.
    pub repository: String,
    /// Id of the owner; none: whichever comes first, and none but that afterwards.
    pub owner_id: Option<String>,
    /// Id of the repository; likewise.
    pub repository_id: Option<String>,
    /// File name of the workflow, or path of the CI configuration.
    pub workflow: String,
    /// `owner/repository/path`, with `@ref` or without: the reusable workflow in which the job must be written.
    pub reusable: Option<String>,
    /// Environment, any case; none: every one.
    pub environment: Option<String>,
    /// Whole ref; none: every one.
    pub git_ref: Option<String>,
    /// Only refs that are protected.
    pub protected_only: bool,
    /// Runs for pull or merge requests are trusted too.
    pub pull_requests: bool,
}

/// They run with the rights of the repository on what strangers wrote: never.
const NEVER: [&str; 2] = ["pull_request_target", "workflow_run"];

impl Binding {
    /// Nothing if the job is meant; otherwise the part that is not, what was found and what was expected.
    pub fn mismatch(&self, job: &Job) -> Option<String> {
        if !job.repository.eq_ignore_ascii_case(&self.repository) {
            return Some(mismatch("repository", Some(&job.repository), &quoted(&self.repository)));
        }
        self.ids(job).or_else(|| self.event(job)).or_else(|| self.file(job)).or_else(|| self.place(job))
    }

    /// Names can be given up and taken over by somebody else; ids cannot.
    fn ids(&self, job: &Job) -> Option<String> {
        let (owner, repository) = match self.provider {
            Provider::GitHub => ("repository_owner_id", "repository_id"),
            Provider::GitLab => ("namespace_id", "project_id"),
        };
        for (part, found, expected) in
            [(owner, &job.owner_id, &self.owner_id), (repository, &job.repository_id, &self.repository_id)]
        {
            let why = match (found, expected) {
                (None, _) => "an id",
                (Some(found), Some(expected)) if found != expected => {
                    let whom = format!("{}, the one known of {}", quoted(expected), quoted(&self.repository));
                    return Some(mismatch(part, Some(found), &whom));
                }
                _ => continue,
            };
            return Some(mismatch(part, None, why));
        }
        None
    }

    fn event(&self, job: &Job) -> Option<String> {
        let part = match self.provider {
            Provider::GitHub => "event_name",
            Provider::GitLab => "pipeline_source",
        };
        let Some(event) = job.event.as_deref() else {
            return Some(mismatch(part, None, "what set the job off"));
        };
        if NEVER.contains(&event) {
            let expected = "any other event: it runs what strangers wrote, with the rights of the repository";
            return Some(mismatch(part, Some(event), expected));
        }
        let strangers = event.starts_with("pull_request")
            || matches!(event, "merge_request_event" | "external_pull_request_event");
        let refused = strangers && !self.pull_requests;
        refused.then(|| {
            mismatch(part, Some(event), "no pull or merge request: this publisher does not allow them")
        })
    }

    fn file(&self, job: &Job) -> Option<String> {
        if job.workflow.as_deref() != Some(self.workflow.as_str()) {
            return Some(mismatch("workflow", job.workflow.as_deref(), &quoted(&self.workflow)));
        }
        let expected = self.reusable.as_deref()?;
        let found = job.reusable.as_deref();
        let same = found.is_some_and(|found| same_reusable(found, expected));
        (!same).then(|| mismatch("job_workflow_ref", found, &quoted(expected)))
    }

    fn place(&self, job: &Job) -> Option<String> {
        if let Some(expected) = &self.git_ref
            && job.git_ref.as_ref() != Some(expected)
        {
            return Some(mismatch("ref", job.git_ref.as_deref(), &quoted(expected)));
        }
        if self.protected_only && !job.protected {
            let found = job.git_ref.as_deref().map_or_else(|| "no".to_owned(), |name| format!("no, {name}"));
            return Some(mismatch("ref_protected", Some(&found), "a protected ref"));
        }
        let expected = self.environment.as_ref()?;
        let same = job.environment.as_ref().is_some_and(|e| e.to_lowercase() == expected.to_lowercase());
        (!same).then(|| mismatch("environment", job.environment.as_deref(), &quoted(expected)))
    }
}

/// `owner/repository` in any case, the path and the ref to the byte; the ref only if one is expected.
fn same_reusable(found: &str, expected: &str) -> bool {
    let (path, git_ref) = found.split_once('@').unwrap_or((found, ""));
    let (wanted, wanted_ref) = expected.split_once('@').map_or((expected, None), |(path, r)| (path, Some(r)));
    let parts = |path: &str| {
        let mut parts = path.splitn(3, '/').map(str::to_owned);
        Some((parts.next()?.to_lowercase(), parts.next()?.to_lowercase(), parts.next()?))
    };
    let same = parts(path).is_some_and(|found| Some(found) == parts(wanted));
    same && wanted_ref.is_none_or(|wanted| wanted == git_ref)
}

fn quoted(text: &str) -> String {
    format!("`{}`", crate::app::openid::shown(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binding() -> Binding {
        Binding {
            provider: Provider::GitHub,
            repository: "shop-example/storefront".into(),
            owner_id: Some("65".into()),
            repository_id: Some("74".into()),
            workflow: "drills.yml".into(),
            reusable: None,
            environment: None,
            git_ref: None,
            protected_only: false,
            pull_requests: false,
        }
    }

    fn job() -> Job {
        Job {
            repository: "shop-example/storefront".into(),
            owner_id: Some("65".into()),
            repository_id: Some("74".into()),
            workflow: Some("drills.yml".into()),
            reusable: Some("other-org/shared/.github/workflows/drill.yml@refs/tags/v2".into()),
            environment: Some("Staging".into()),
            git_ref: Some("refs/heads/main".into()),
            protected: true,
            event: Some("schedule".into()),
            run_id: None,
            sha: None,
        }
    }

    #[test]
    fn every_part_that_does_not_match_is_named_with_what_was_found_and_expected() {
        type Change = fn(&mut Binding, &mut Job);
        let cases: [(Change, &[&str]); 14] = [
            (|_, j| j.repository = "shop-example/other".into(), &["repository:", "other", "storefront"]),
            (|_, j| j.owner_id = Some("999".into()), &["repository_owner_id", "`999`", "`65`"]),
            (|_, j| j.owner_id = None, &["repository_owner_id", "nothing"]),
            (|_, j| j.repository_id = Some("75".into()), &["repository_id", "`75`", "`74`"]),
            (|_, j| j.workflow = Some("Drills.yml".into()), &["workflow", "`Drills.yml`", "`drills.yml`"]),
            (|_, j| j.workflow = None, &["workflow", "nothing"]),
            (|b, j| (b.pull_requests, j.event) = (true, Some("pull_request_target".into())), &["event_name"]),
            (|b, j| (b.pull_requests, j.event) = (true, Some("workflow_run".into())), &["event_name"]),
            (|_, j| j.event = Some("pull_request".into()), &["event_name", "pull_request", "does not allow"]),
            (|_, j| j.event = None, &["event_name", "nothing"]),
            (
                |b, _| b.git_ref = Some("refs/heads/Main".into()),
                &["ref:", "refs/heads/main", "refs/heads/Main"],
            ),
            (|b, j| (b.protected_only, j.protected) = (true, false), &["ref_protected", "refs/heads/main"]),
            (|b, _| b.environment = Some("production".into()), &["environment", "Staging", "production"]),
            (
                |b, _| b.reusable = Some("other-org/shared/.github/workflows/drill.yml@refs/tags/v3".into()),
                &["job_workflow_ref", "v2", "v3"],
            ),
        ];
        for (n, (change, words)) in cases.into_iter().enumerate() {
            let (mut binding, mut job) = (binding(), job());
            change(&mut binding, &mut job);
            let said = binding.mismatch(&job).unwrap_or_else(|| panic!("case {n} matched"));
            for word in words {
                assert!(said.contains(word), "case {n}: {said} lacks {word}");
            }
        }
    }

    #[test]
    fn what_is_not_asked_for_may_be_anything_and_names_come_in_any_case() {
        type Change = fn(&mut Binding, &mut Job);
        let cases: [Change; 8] = [
            |_, _| {},
            |_, j| j.repository = "SHOP-EXAMPLE/Storefront".into(),
            |b, _| b.environment = Some("sTAGING".into()),
            |b, j| (b.owner_id, b.repository_id, j.owner_id) = (None, None, Some("1".into())),
            |b, j| (b.pull_requests, j.event) = (true, Some("pull_request".into())),
            |b, _| b.reusable = Some("Other-Org/SHARED/.github/workflows/drill.yml".into()),
            |b, _| b.reusable = Some("other-org/shared/.github/workflows/drill.yml@refs/tags/v2".into()),
            |b, _| (b.git_ref, b.protected_only) = (Some("refs/heads/main".into()), true),
        ];
        for (n, change) in cases.into_iter().enumerate() {
            let (mut binding, mut job) = (binding(), job());
            change(&mut binding, &mut job);
            assert_eq!(binding.mismatch(&job), None, "case {n}");
        }
    }

    prop_compose! {
        fn word()(n in 0..3_usize) -> String { ["main", "Main", "other"][n].to_owned() }
    }

    proptest! {
        /// Whatever matches, matches in every part that is asked for; and no part is forgotten.
        #[test]
        fn a_job_is_meant_only_if_every_part_asked_for_is_the_same(
            names in prop::collection::vec(word(), 10),
            given in prop::collection::vec(any::<bool>(), 6),
            event in prop::sample::select(vec!["push", "pull_request", "pull_request_target", "workflow_run"]),
            allowed in any::<bool>(),
            protected in any::<bool>(),
        ) {
            let some = |n: usize| given[n].then(|| names[n].clone());
            let binding = Binding {
                provider: Provider::GitHub,
                repository: names[0].clone(),
                owner_id: some(1),
                repository_id: some(2),
                workflow: names[3].clone(),
                reusable: None,
                environment: some(4),
                git_ref: some(5),
                protected_only: given[0],
                pull_requests: allowed,
            };
            let job = Job {
                repository: names[6].clone(),
                owner_id: Some(names[7].clone()),
                repository_id: Some(names[8].clone()),
                workflow: Some(names[9].clone()),
                environment: Some(names[7].clone()),
                git_ref: Some(names[8].clone()),
                protected,
                event: Some(event.to_owned()),
                ..Job::default()
            };
            let same = |asked: &Option<String>, found: &Option<String>| asked.is_none() || asked == found;
            let any_case = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
            let meant = any_case(&binding.repository, &job.repository)
                && same(&binding.owner_id, &job.owner_id)
                && same(&binding.repository_id, &job.repository_id)
                && job.workflow.as_ref() == Some(&binding.workflow)
                && binding.environment.as_ref().is_none_or(|e| any_case(e, &names[7]))
                && same(&binding.git_ref, &job.git_ref)
                && (protected || !binding.protected_only)
                && (event == "push" || (event == "pull_request" && allowed));
            prop_assert_eq!(binding.mismatch(&job).is_none(), meant);
        }
    }
}
