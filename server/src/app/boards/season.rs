//! Seasons: the quarters of the calendar, in UTC.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::error::{Error, Result};
use crate::types::{DAY_MS, Timestamp};

/// A quarter of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Season {
    year: i32,
    quarter: u32,
}

impl Season {
    /// The season of an instant.
    pub fn at(now: Timestamp) -> Self {
        let today = now.to_datetime().date_naive();
        Self { year: today.year(), quarter: today.month0() / 3 + 1 }
    }

    /// Reads `2026-Q4`.
    ///
    /// # Errors
    ///
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = text.split_once("-Q").and_then(|(y, q)| Some((y.parse().ok()?, q.parse().ok()?)));
        match parsed {
            Some((year, quarter)) if (1..=4).contains(&quarter) && (2000..3000).contains(&year) => {
                Ok(Self { year, quarter })
            }
            _ => Err(Error::invalid("?season", "expected a quarter such as 2026-Q4")),
        }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        if self.quarter == 4 {
            Self { year: self.year + 1, quarter: 1 }
        } else {
            Self { quarter: self.quarter + 1, ..self }
        }
    }

    /// The one before it.
    #[must_use]
    pub fn before(self) -> Self {
        if self.quarter == 1 {
            Self { year: self.year - 1, quarter: 4 }
        } else {
            Self { quarter: self.quarter - 1, ..self }
        }
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        let date = NaiveDate::from_ymd_opt(self.year, (self.quarter - 1) * 3 + 1, 1).unwrap_or_default();
        Timestamp(date.signed_duration_since(NaiveDate::default()).num_days() * DAY_MS)
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        self.next().start()
    }
}

impl fmt::Display for Season {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-Q{}", self.year, self.quarter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seasons_follow_each_other_without_a_gap() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let last = Season::at(at("2026-12-31T23:59:59.999Z"));
        assert_eq!(last.to_string(), "2026-Q4");
        assert_eq!(last.start(), at("2026-10-01T00:00:00Z"));
        assert_eq!(last.end(), at("2027-01-01T00:00:00Z"));
        assert_eq!(Season::at(last.end()), last.next());
        assert_eq!((last.next().to_string(), last.next().before()), ("2027-Q1".to_owned(), last));
        assert_eq!(Season::parse("2026-Q4").unwrap(), last);
        assert!(["2026-Q5", "2026Q4", "26-Q1", "Q4"].iter().all(|text| Season::parse(text).is_err()));
    }
}
