//! Which events are told, to whom at once, and where they stand in the digest: one table.

/// What a target may wish to be told of at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A drill that passed fails now.
    Regression,
    /// A certificate is held, suspended or ends soon.
    Certificate,
    /// A challenge of a team is half over or ends soon: one event for each team, so only who hears of a team is told at
    /// once.
    Challenge,
}

impl Class {
    /// The word in `events` of a target.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Certificate => "certificate",
            Self::Challenge => "challenge",
        }
    }
}

/// The word for the weekly digest.
pub const DIGEST: &str = "digest";

/// Everything a target may wish, as words with what they mean.
pub const WANTS: &[(&str, &str)] = &[
    ("regression", "a drill that passed fails now"),
    ("certificate", "a certificate is held, suspended or ends soon"),
    ("challenge", "a challenge of the team is half over or ends soon"),
    (DIGEST, "once a week, everything that moved"),
];

/// A part of the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Drills that broke or work again.
    Regressions,
    /// Certificates earned, held, ended.
    Certificates,
    /// Letters that moved.
    Grades,
    /// Badges.
    Badges,
    /// Challenges and seasons.
    Challenges,
    /// The rulebook.
    Rules,
}

impl Section {
    /// All of them, in the order of the digest.
    pub const ALL: [Self; 6] =
        [Self::Regressions, Self::Certificates, Self::Grades, Self::Challenges, Self::Badges, Self::Rules];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Regressions => "Drills that broke, and that work again",
            Self::Certificates => "Certificates",
            Self::Grades => "Grades that moved",
            Self::Badges => "Badges",
            Self::Challenges => "Challenges",
            Self::Rules => "Rules",
        }
    }
}

/// How an event is told.
struct Telling(&'static str, Option<Class>, Section);

/// Every event that is told. What is not in here is told to nobody.
const TABLE: &[Telling] = &[
    Telling("drill_regressed", Some(Class::Regression), Section::Regressions),
    Telling("drill_recovered", None, Section::Regressions),
    Telling("certificate_held", Some(Class::Certificate), Section::Certificates),
    Telling("certificate_suspended", Some(Class::Certificate), Section::Certificates),
    Telling("certificate_expiring", Some(Class::Certificate), Section::Certificates),
    Telling("certificate_earned", None, Section::Certificates),
    Telling("certificate_renewed", None, Section::Certificates),
    Telling("certificate_resumed", None, Section::Certificates),
    Telling("certificate_revoked", None, Section::Certificates),
    Telling("certificate_lapsed", None, Section::Certificates),
    Telling("badge_earned", None, Section::Badges),
    Telling("badge_lost", None, Section::Badges),
    Telling("challenge_half_time", Some(Class::Challenge), Section::Challenges),
    Telling("challenge_ending", Some(Class::Challenge), Section::Challenges),
    Telling("challenge_started", None, Section::Challenges),
    Telling("challenge_milestone", None, Section::Challenges),
    Telling("challenge_ended", None, Section::Challenges),
    Telling("challenge_cancelled", None, Section::Challenges),
    Telling("challenge_reward_earned", None, Section::Challenges),
    Telling("season_ended", None, Section::Challenges),
    Telling("rulebook_published", None, Section::Rules),
    Telling("grade_changed", None, Section::Grades),
];

/// Kinds that are told at once.
pub fn at_once() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(|telling| telling.1.is_some()).map(|telling| telling.0)
}

/// Of which class an event is; none: it is not told at once.
pub fn class_of(kind: &str) -> Option<Class> {
    TABLE.iter().find(|telling| telling.0 == kind).and_then(|telling| telling.1)
}

/// Where an event stands in the digest; none: it does not.
pub fn section_of(kind: &str) -> Option<Section> {
    TABLE.iter().find(|telling| telling.0 == kind).map(|telling| telling.2)
}

/// Kinds that stand in the digest.
pub fn in_digest() -> Vec<&'static str> {
    TABLE.iter().map(|telling| telling.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_wait_is_told_at_once() {
        let at_once: Vec<&str> = at_once().collect();
        assert_eq!(
            at_once,
            [
                "drill_regressed",
                "certificate_held",
                "certificate_suspended",
                "certificate_expiring",
                "challenge_half_time",
                "challenge_ending",
            ]
        );
        assert_eq!(class_of("grade_changed"), None);
        assert_eq!(section_of("token_created"), None);
        let words: Vec<&str> = WANTS.iter().map(|(word, _)| *word).collect();
        for kind in at_once {
            assert!(words.contains(&class_of(kind).unwrap().as_str()), "{kind}");
        }
    }

    #[test]
    fn no_kind_stands_twice() {
        let mut kinds = in_digest();
        let all = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
    }
}
