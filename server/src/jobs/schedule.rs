//! Cron expressions: five or six fields, walked on the wall clock of a named zone.
//!
//! The `cron` crate numbers weekdays from Sunday = 1 and combines day of month and weekday by "and";
//! both surprise people who know cron, so numeric weekdays and the combination are refused.

use std::str::FromStr;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// No zone's clock jumps further than this.
const JUMP: Duration = Duration::hours(3);

/// When a job is due.
#[derive(Clone, Debug)]
pub struct Schedule(cron::Schedule);

impl Schedule {
    /// Reads `minute hour day month weekday`, or the same with seconds before it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let six = match fields.len() {
            5 => format!("0 {}", fields.join(" ")),
            6 => fields.join(" "),
            n => return Err(format!("five fields (minute hour day month weekday), found {n}")),
        };
        let parts: Vec<&str> = six.split(' ').collect();
        if let [.., day, _, weekday] = parts.as_slice() {
            if weekday.chars().any(|c| c.is_ascii_digit()) {
                return Err("weekdays by name (Mon-Fri): their numbers differ between crons".into());
            }
            let free = |field: &str| field == "*" || field == "?";
            if !free(day) && !free(weekday) {
                return Err("either a day of the month or a weekday, not both".into());
            }
        }
        cron::Schedule::from_str(&six).map(Self).map_err(|e| format!("a cron expression: {e}"))
    }

    /// The first due time after `after`, or none if the expression never comes due.
    ///
    /// The wall clock is walked as if it had no jumps and each wall time is resolved once: in a spring gap the job
    /// runs at the first minute after the gap, in an autumn overlap at the earlier of the two instants.
    pub fn next_after(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let wall = after.with_timezone(&zone).naive_local();
        // Around a jump of the wall clock the walk begins earlier, so that no wall time is missed.
        let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let calm = offset(after - JUMP) == offset(after + JUMP);
        let from = Utc.from_utc_datetime(&if calm { wall } else { wall - JUMP });
        self.0.after(&from).map(|tick| resolve(zone, tick.naive_utc())).find(|tick| *tick > after)
    }
}

fn resolve(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    let mut wall = wall;
    loop {
        match zone.from_local_datetime(&wall) {
            LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => return t.with_timezone(&Utc),
            LocalResult::None => wall = next_minute(wall),
        }
    }
}

fn next_minute(wall: NaiveDateTime) -> NaiveDateTime {
    use chrono::Timelike;
    wall.with_second(0).unwrap_or(wall) + Duration::minutes(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn ticks(expression: &str, zone: Tz, from: &str, n: usize) -> Vec<String> {
        let schedule = Schedule::parse(expression).unwrap();
        let mut now = at(from);
        (0..n)
            .map(|_| {
                now = schedule.next_after(zone, now).unwrap();
                now.format("%FT%H:%MZ").to_string()
            })
            .collect()
    }

    #[test]
    fn five_fields_run_nightly_in_utc() {
        let due = ticks("0 2 * * *", chrono_tz::UTC, "2026-11-21T02:00:00Z", 2);
        assert_eq!(due, ["2026-11-22T02:00Z", "2026-11-23T02:00Z"]);
    }

    #[test]
    fn a_spring_gap_runs_after_the_gap_and_an_autumn_overlap_once() {
        let spring = ticks("30 2 * * *", chrono_tz::Europe::Paris, "2026-03-28T12:00:00Z", 2);
        assert_eq!(spring, ["2026-03-29T01:00Z", "2026-03-30T00:30Z"]);
        let autumn = ticks("30 2 * * *", chrono_tz::Europe::Paris, "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    }

    #[test]
    fn ambiguous_expressions_are_refused_with_a_cure() {
        assert!(Schedule::parse("0 2 * * 1").unwrap_err().contains("Mon-Fri"));
        assert!(Schedule::parse("0 2 1 * Mon").unwrap_err().contains("not both"));
        assert!(Schedule::parse("0 2 * *").unwrap_err().contains("found 4"));
        assert!(Schedule::parse("61 2 * * *").is_err());
    }
}
