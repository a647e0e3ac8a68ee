//! Calendar days as rules write them: `2027-06-30`.

use std::fmt;

use serde::{Serialize, Serializer};

const DAY_MS: i64 = 86_400_000;

/// A day of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year, 0 to 9999.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// The first millisecond of the day, counted from 1970.
    pub fn start_ms(self) -> i64 {
        // Count years from March, so that the leap day is the last day of a year.
        let shifted = i64::from(self.month) + 9;
        let month_from_march = shifted % 12;
        let year = i64::from(self.year) - 1 + shifted / 12;
        let before_year = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let in_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        (before_year + in_year - 719_468) * DAY_MS
    }

    /// Whether the whole day lies before `now_ms`.
    pub fn is_past(self, now_ms: i64) -> bool {
        now_ms >= self.start_ms() + DAY_MS
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970_across_leap_years() {
        let days = |year, month, day| Date { year, month, day }.start_ms() / DAY_MS;
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(1969, 12, 31), -1);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(days(2026, 12, 1), 20_788);
    }
}
