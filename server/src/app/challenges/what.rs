//! What an item of a challenge asks of its service, in words.

use crate::types::{DrillKind, Failure};

/// What an item asks of its service.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The service as a whole.
    Service,
    /// A drill of this failure class.
    Drill(Failure),
    /// The fallback of a call to another one: its reference, and its number among the others where the catalog has it.
    Edge(String, Option<usize>),
}

impl What {
    /// The item in words that name nobody else: `Config rollback`, `Fallback`.
    pub(super) fn short(&self) -> String {
        match self {
            Self::Edge(..) => "Fallback".to_owned(),
            other => other.words(None),
        }
    }

    /// The item in words: `Config rollback`, `Fallback for recs`.
    pub(super) fn words(&self, other: Option<&str>) -> String {
        let capital = |text: String| {
            let mut chars = text.chars();
            chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        };
        match self {
            Self::Service => String::new(),
            Self::Drill(failure) if failure.kind() == DrillKind::Rollback => {
                capital(format!("{} rollback", failure.label()))
            }
            Self::Drill(failure) => capital(format!("drill: {}", failure.label())),
            Self::Edge(to, _) => {
                let name = other.unwrap_or_else(|| to.strip_prefix("component:default/").unwrap_or(to));
                format!("Fallback for {name}")
            }
        }
    }
}
