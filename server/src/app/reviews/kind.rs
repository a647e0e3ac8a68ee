//! The kinds of reviews: what is noticed, what is asked, and what is often behind it.

/// What a review is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewKind {
    /// A passed drill that broke nothing, checked nothing or took no time.
    NoOpDrill,
    /// A drill that was repeated until it passed, with nothing mended in between.
    RetriedUntilGreen,
    /// Tier, lifecycle or owner changed just before something ended, to somebody's advantage.
    LateEdit,
    /// One service became several that grade better.
    ServiceSplit,
    /// Results typed in where a machine had spoken, or instead of one.
    SelfDeclared,
    /// Far more passed drills in the last days of a season than before.
    BulkAtSeasonEnd,
}

impl ReviewKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NoOpDrill,
        Self::RetriedUntilGreen,
        Self::LateEdit,
        Self::ServiceSplit,
        Self::SelfDeclared,
        Self::BulkAtSeasonEnd,
    ];

    /// The names in JSON and queries.
    pub const NAMES: [&'static str; 6] = [
        Self::NoOpDrill.as_str(),
        Self::RetriedUntilGreen.as_str(),
        Self::LateEdit.as_str(),
        Self::ServiceSplit.as_str(),
        Self::SelfDeclared.as_str(),
        Self::BulkAtSeasonEnd.as_str(),
    ];

    /// The name in JSON and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoOpDrill => "no_op_drill",
            Self::RetriedUntilGreen => "retried_until_green",
            Self::LateEdit => "late_edit",
            Self::ServiceSplit => "service_split",
            Self::SelfDeclared => "self_declared",
            Self::BulkAtSeasonEnd => "bulk_at_season_end",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// A title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::NoOpDrill => "Drills that may have done nothing",
            Self::RetriedUntilGreen => "A drill repeated until it passed",
            Self::LateEdit => "The catalog changed just before an end",
            Self::ServiceSplit => "One service became several",
            Self::SelfDeclared => "Results typed in by hand",
            Self::BulkAtSeasonEnd => "Many results in the last days of a season",
        }
    }

    /// What to ask.
    pub const fn question(self) -> &'static str {
        match self {
            Self::NoOpDrill => "What did these drills break, and how would one have seen it?",
            Self::RetriedUntilGreen => "What was mended between the failures and the pass?",
            Self::LateEdit => "Why did the catalog change just then?",
            Self::ServiceSplit => "What do the new services do that the old one did not?",
            Self::SelfDeclared => "What was seen, and could a tool report it the next time?",
            Self::BulkAtSeasonEnd => "Will these drills run through the next season too?",
        }
    }

    /// What is looked for, with its limits.
    pub const fn looks_for(self) -> &'static str {
        match self {
            Self::NoOpDrill => {
                "A result that counts as passed, and whose document shows no fault (each action only waits or prints), \
                 no check (it cannot fail), or an end at the instant it began."
            }
            Self::RetriedUntilGreen => {
                "At least 3 failures of the same drill, each within an hour of the next try, and then a pass, with no \
                 deployment of the service in between."
            }
            Self::LateEdit => {
                "In the 7 days before the end of a season or a challenge: a tier made less critical, a service taken out \
                 of production, or a service given away that lifts the mean of the team it left or joined. A whole team \
                 that is handed over is left alone."
            }
            Self::ServiceSplit => {
                "Within 30 days at least 2 new services of a team that are called after an older one of it (or share the \
                 system of one that was removed), no more critical than it, with a better mean score."
            }
            Self::SelfDeclared => {
                "A pass that was typed in where a tool had last seen the same drill fail; a value that was typed in over \
                 one that CI had proven, and the score rose; in 30 days at least 3 typed passes of a service, more than \
                 tools reported."
            }
            Self::BulkAtSeasonEnd => {
                "In the last 3 days of a season at least 10 passed drills of a team, more than 4 times its pace of the 4 \
                 weeks before. A team that began less than 3 weeks ago is left alone."
            }
        }
    }

    /// What is often behind it, so that nobody is blamed for it.
    pub const fn often(self) -> &'static [&'static str] {
        match self {
            Self::NoOpDrill => &[
                "A trial of the pipeline before the real fault was put in.",
                "A tool that writes only one of the two times.",
            ],
            Self::RetriedUntilGreen => &[
                "A fix that is no deployment: a flag, a limit, a rule of the load balancer.",
                "An unsteady environment, or a deployment that nobody reported.",
            ],
            Self::LateEdit => &[
                "A reorganisation, or a tier that was wrong all along. Boards do not move by it: a season counts services as \
                 they stood at its start.",
            ],
            Self::ServiceSplit => &["A monolith that is taken apart for good reasons."],
            Self::SelfDeclared => &[
                "A rehearsal that no tool runs: a rack, a data centre, a phone tree.",
                "A pipeline that is broken, so that somebody helped out.",
            ],
            Self::BulkAtSeasonEnd => &[
                "A drill week that was planned for those days.",
                "A new tool, connected late, that sent what it had.",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert!(ReviewKind::ALL.into_iter().all(|kind| ReviewKind::parse(kind.as_str()) == Some(kind)));
        assert_eq!(ReviewKind::NAMES, ReviewKind::ALL.map(ReviewKind::as_str));
    }
}
