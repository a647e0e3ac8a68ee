//! The boards: what each ranks, and in which unit.

/// What is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Board {
    /// The part of what was possible that was gained since the season began.
    Improved,
    /// The score.
    Score,
    /// Whole weeks without a drill regression.
    Streak,
    /// The share of expected drills that are fresh.
    Drills,
    /// The share of calls that users can do without whose fallback is verified.
    Fallbacks,
}

impl Board {
    /// All of them, the default first.
    pub const ALL: [Self; 5] = [Self::Improved, Self::Score, Self::Streak, Self::Drills, Self::Fallbacks];

    /// The name in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Score => "score",
            Self::Streak => "streak",
            Self::Drills => "drills",
            Self::Fallbacks => "fallbacks",
        }
    }

    /// Reads the name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|board| board.as_str() == name)
    }

    /// What a value is counted in.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Improved | Self::Drills | Self::Fallbacks => "permille",
            Self::Score => "points",
            Self::Streak => "weeks",
        }
    }

    /// Its place among the values of an entry.
    pub const fn number(self) -> usize {
        match self {
            Self::Improved => 0,
            Self::Score => 1,
            Self::Streak => 2,
            Self::Drills => 3,
            Self::Fallbacks => 4,
        }
    }
}
