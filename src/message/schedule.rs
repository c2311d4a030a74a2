//! When a message that is written now is to leave. Pure.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::WritingProblem;
use crate::outbox::UNDO_MS;
use crate::outbox::store::Schedule;

/// Longest time ahead: a mail of next year is a note in somebody's calendar.
const AHEAD_DAYS_MAX: i64 = 90;
const MS_PER_DAY: i64 = 86_400_000;

/// A time as people name it: where they are, what the clock on their wall shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// `2026-11-24T09:00`. A time that the clock skips in spring is taken an hour later, one that
    /// it shows twice in autumn is the first.
    pub local_time: String,
    /// IANA name; absent: the centre's.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// A chosen time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Scheduled {
    /// The instant.
    pub send_at: Timestamp,
    /// As it was named.
    pub local_time: String,
    /// The zone in which it was named.
    pub time_zone: String,
}

impl NewSchedule {
    /// The instant, if it can be one. `zone`: the centre's.
    pub fn resolve(&self, zone: &str, now: Timestamp) -> Result<Schedule, WritingProblem> {
        let problem = |message: String| WritingProblem { field: "schedule", message };
        let name = self.time_zone.as_deref().unwrap_or(zone);
        let zone = TimeZone::get(name).map_err(|_| {
            problem(format!("\"{name}\" is no time zone; write for example Europe/Kyiv"))
        })?;
        let text = self.local_time.trim();
        let local: DateTime = text.parse().map_err(|_| {
            problem(format!("\"{text}\" is no time; write for example 2026-11-24T09:00"))
        })?;
        let zoned = local.to_zoned_datetime(zone).map_err(|error| problem(error.to_string()))?;
        let send_at = Timestamp(zoned.timestamp().as_microsecond());
        let ahead_ms = send_at.millis_since(now);
        if ahead_ms < UNDO_MS {
            return Err(problem(format!(
                "{text} ({name}) is over; send now, or choose a later time"
            )));
        }
        if ahead_ms > AHEAD_DAYS_MAX * MS_PER_DAY {
            return Err(problem(format!("at most {AHEAD_DAYS_MAX} days ahead")));
        }
        let local_time = local.strftime("%Y-%m-%dT%H:%M").to_string();
        Ok(Schedule { send_at, time_zone: name.to_owned(), local_time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-28T12:00Z: the clocks of Kyiv go forward in the night to come.
    const NOW: Timestamp = Timestamp::from_seconds(1_774_699_200);

    fn resolve(local_time: &str, zone: Option<&str>) -> Result<Schedule, WritingProblem> {
        let time_zone = zone.map(ToOwned::to_owned);
        NewSchedule { local_time: local_time.to_owned(), time_zone }.resolve("Europe/Kyiv", NOW)
    }

    fn hours_from_now(local_time: &str, zone: Option<&str>) -> i64 {
        resolve(local_time, zone).expect("a time").send_at.millis_since(NOW) / 3_600_000
    }

    #[test]
    fn nine_o_clock_is_nine_o_clock_where_it_was_said() {
        // Before the change Kyiv is two hours ahead of UTC, after it three.
        assert_eq!(hours_from_now("2026-03-28T21:00", None), 7);
        assert_eq!(hours_from_now("2026-03-29T09:00", None), 18);
        assert_eq!(hours_from_now("2026-03-29T09:00", Some("Europe/Lisbon")), 20);
        // 03:30 does not exist in that night.
        assert_eq!(hours_from_now("2026-03-29T03:30", None), 13);
    }

    #[test]
    fn what_is_no_time_to_come_is_refused() {
        for (time, zone) in [
            ("2026-03-28T13:59", None),
            ("2026-03-28T14:00", None),
            ("2026-07-01T09:00", None),
            ("tomorrow", None),
            ("2026-02-30T09:00", None),
            ("2026-03-29T09:00", Some("Europe/Nowhere")),
        ] {
            let problem = resolve(time, zone).expect_err(time);
            assert_eq!(problem.field, "schedule");
        }
    }
}
