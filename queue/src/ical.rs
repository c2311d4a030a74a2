//! Opening hours and holidays out of an iCalendar file (RFC 5545) as calendar programs write it.
//!
//! What is read of each `VEVENT`:
//! - an all-day event (`DTSTART;VALUE=DATE`) is a closed day, or several up to `DTEND`; repeated
//!   every year if it has `RRULE:FREQ=YEARLY`;
//! - a timed event with `RRULE:FREQ=WEEKLY` is open every week on the days of `BYDAY`, or on the
//!   day of its start;
//! - a timed event without a rule makes its day exceptional: open then, and only then.
//!
//! Anything else (other rules, times in another zone) is not guessed at: it is named in
//! [`Imported::skipped`], so that a person can enter it by hand.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use rozmova_base::id::HoursId;

use crate::hours::{ExceptionalDay, HoursConfig, MAX_EXCEPTIONS, Opening, WeeklyOpening};

/// Longest file read; a bank's calendar of ten years is a hundredth of it.
pub const MAX_BYTES: usize = 1_000_000;
/// Yearly holidays are entered for so many years from the first one asked for.
pub const YEARS: i16 = 5;

/// A calendar read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The calendar.
    pub hours: HoursConfig,
    /// Events that could not be taken over, each with the reason.
    pub skipped: Vec<String>,
}

/// Why a file cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IcalError {
    /// Longer than [`MAX_BYTES`].
    #[error("a calendar file has at most {MAX_BYTES} bytes")]
    TooLong,
    /// It does not begin with `BEGIN:VCALENDAR`.
    #[error("this is not an iCalendar file: it does not begin with BEGIN:VCALENDAR")]
    NotACalendar,
    /// More days than a calendar keeps.
    #[error("a calendar has at most {MAX_EXCEPTIONS} exceptional days")]
    TooMany,
}

/// Reads a file. Times are taken as the clock on the wall shows them in `time_zone`; yearly events
/// are entered for [`YEARS`] years from `first_year`.
pub fn import(
    text: &str,
    id: HoursId,
    name: &str,
    time_zone: &str,
    first_year: i16,
) -> Result<Imported, IcalError> {
    if text.len() > MAX_BYTES {
        return Err(IcalError::TooLong);
    }
    let lines = unfolded(text);
    let begins = lines.first().is_some_and(|line| line.trim() == "BEGIN:VCALENDAR");
    if !begins {
        return Err(IcalError::NotACalendar);
    }
    let mut reader = Reader { time_zone, first_year, ..Reader::default() };
    let mut event: Option<Vec<Property>> = None;
    for line in &lines {
        match (line.trim(), &mut event) {
            ("BEGIN:VEVENT", _) => event = Some(Vec::new()),
            ("END:VEVENT", Some(properties)) => {
                reader.event(properties);
                event = None;
            }
            (_, Some(properties)) => properties.extend(Property::read(line)),
            (_, None) => {}
        }
    }
    if reader.days.len() > MAX_EXCEPTIONS {
        return Err(IcalError::TooMany);
    }
    let exceptions = reader.days.into_iter().map(|(date, (name, open))| ExceptionalDay {
        date: date.to_string(),
        open,
        name,
    });
    let hours = HoursConfig {
        id,
        name: name.into(),
        time_zone: time_zone.into(),
        weekly: reader.weekly,
        exceptions: exceptions.collect(),
    };
    Ok(Imported { hours, skipped: reader.skipped })
}

/// Content lines; a line that begins with white space continues the one before. RFC 5545 §3.1.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `NAME;PARAMETER=VALUE:VALUE`. RFC 5545 §3.1.
struct Property {
    name: String,
    parameters: String,
    value: String,
}

impl Property {
    fn read(line: &str) -> Option<Self> {
        let (head, value) = line.split_once(':')?;
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        let [name, parameters] = [name, parameters].map(str::to_ascii_uppercase);
        Some(Self { name, parameters, value: value.trim().to_owned() })
    }
}

#[derive(Default)]
struct Reader<'a> {
    time_zone: &'a str,
    first_year: i16,
    weekly: Vec<WeeklyOpening>,
    days: BTreeMap<Date, (String, Vec<Opening>)>,
    skipped: Vec<String>,
}

impl Reader<'_> {
    fn event(&mut self, properties: &[Property]) {
        let find = |name: &str| properties.iter().find(|property| property.name == name);
        let summary = find("SUMMARY").map_or("", |summary| summary.value.as_str());
        if find("STATUS").is_some_and(|status| status.value == "CANCELLED") {
            return;
        }
        let result = match find("DTSTART") {
            None => Err("it has no start"),
            Some(start) if start.value.len() == 8 => {
                self.all_day(start, find("DTEND"), find("RRULE"), summary)
            }
            Some(start) => self.timed(start, find("DTEND"), find("RRULE"), summary),
        };
        if let Err(why) = result {
            self.skipped.push(format!("{summary}: {why}"));
        }
    }

    fn all_day(
        &mut self,
        start: &Property,
        end: Option<&Property>,
        rule: Option<&Property>,
        summary: &str,
    ) -> Result<(), &'static str> {
        const UNREADABLE: &str = "its date cannot be read";
        let first = date(&start.value).ok_or(UNREADABLE)?;
        let after = match end {
            Some(end) => date(&end.value).ok_or(UNREADABLE)?,
            None => first.tomorrow().map_err(|_| UNREADABLE)?,
        };
        let repeats = match rule.map(|rule| rule.value.as_str()) {
            None => false,
            Some("FREQ=YEARLY" | "FREQ=YEARLY;INTERVAL=1") => true,
            Some(_) => return Err("its rule is not simply yearly"),
        };
        let years = if repeats { 0..YEARS } else { 0..1 };
        for year in years {
            let shift =
                if repeats { self.first_year.max(first.year()) + year - first.year() } else { 0 };
            let mut day = first;
            while day < after && self.days.len() <= MAX_EXCEPTIONS {
                // 29 February falls out in other years.
                if let Ok(moved) = Date::new(day.year() + shift, day.month(), day.day()) {
                    self.days.entry(moved).or_insert_with(|| (summary.to_owned(), Vec::new()));
                }
                day = day.checked_add(1.day()).map_err(|_| UNREADABLE)?;
            }
        }
        Ok(())
    }

    fn timed(
        &mut self,
        start: &Property,
        end: Option<&Property>,
        rule: Option<&Property>,
        summary: &str,
    ) -> Result<(), &'static str> {
        let end = end.ok_or("it has no end")?;
        for property in [start, end] {
            let zone = property.parameters.split(';').find_map(|part| part.strip_prefix("TZID="));
            let other = zone.is_some_and(|zone| !zone.eq_ignore_ascii_case(self.time_zone));
            if other || property.value.ends_with('Z') {
                return Err("its times are in another time zone");
            }
        }
        let times = date_time(&start.value).zip(date_time(&end.value));
        let (from, to) = times.ok_or("its times cannot be read")?;
        let until_midnight = from.date().tomorrow().ok() == Some(to.date()) && minute(to) == 0;
        let to_minute = if until_midnight { 1_440 } else { minute(to) };
        let opening = Opening { from_minute: minute(from), to_minute };
        if (from.date() != to.date() && !until_midnight) || opening.from_minute >= to_minute {
            return Err("it does not end on the day on which it begins");
        }
        let Some(rule) = rule else {
            let day = self.days.entry(from.date());
            day.or_insert_with(|| (summary.to_owned(), Vec::new())).1.push(opening);
            return Ok(());
        };
        let own_day = from.date().weekday().to_monday_one_offset();
        for weekday in weekly_days(&rule.value, own_day)? {
            self.weekly.push(WeeklyOpening { weekday, opening });
        }
        Ok(())
    }
}

/// The days of a weekly rule, 1 Monday to 7 Sunday. RFC 5545 §3.3.10.
fn weekly_days(rule: &str, own_day: i8) -> Result<Vec<u8>, &'static str> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    const NOT_WEEKLY: &str = "its rule is not simply weekly";
    let mut days = vec![u8::try_from(own_day).map_err(|_| NOT_WEEKLY)?];
    let mut is_weekly = false;
    for part in rule.split(';') {
        match part.split_once('=') {
            Some(("FREQ", "WEEKLY")) => is_weekly = true,
            Some(("INTERVAL", "1") | ("WKST", _)) => {}
            Some(("BYDAY", list)) => {
                let numbers = list.split(',').map(|day| {
                    DAYS.iter().position(|name| *name == day).map(|index| index as u8 + 1)
                });
                days = numbers.collect::<Option<_>>().ok_or(NOT_WEEKLY)?;
            }
            _ => return Err(NOT_WEEKLY),
        }
    }
    if is_weekly { Ok(days) } else { Err(NOT_WEEKLY) }
}

fn date(text: &str) -> Option<Date> {
    Date::strptime("%Y%m%d", text).ok()
}

fn date_time(text: &str) -> Option<DateTime> {
    DateTime::strptime("%Y%m%dT%H%M%S", text).ok()
}

fn minute(at: DateTime) -> u16 {
    u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hours::Hours;

    const OFFICE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
        BEGIN:VEVENT\r\nSUMMARY:Open\r\nDTSTART;TZID=Europe/Kyiv:20260105T090000\r\n\
        DTEND;TZID=Europe/Kyiv:20260105T180000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,\r\n FR\r\n\
        END:VEVENT\r\n\
        BEGIN:VEVENT\r\nSUMMARY:Independence Day\r\nDTSTART;VALUE=DATE:20200824\r\n\
        RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nSUMMARY:Move\r\nDTSTART;VALUE=DATE:20260706\r\n\
        DTEND;VALUE=DATE:20260708\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nSUMMARY:Stocktaking\r\nDTSTART:20261231T090000\r\nDTEND:20261231T130000\r\n\
        END:VEVENT\r\n\
        BEGIN:VEVENT\r\nSUMMARY:Easter\r\nDTSTART;VALUE=DATE:20260412\r\n\
        RRULE:FREQ=YEARLY;BYDAY=SU\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nSUMMARY:London\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\n\
        END:VEVENT\r\nEND:VCALENDAR\r\n";

    fn read(text: &str) -> Result<Imported, IcalError> {
        import(text, HoursId::from_u128(1), "Office", "Europe/Kyiv", 2026)
    }

    #[test]
    fn weekly_hours_holidays_and_short_days_are_taken_over() {
        let imported = read(OFFICE).expect("a calendar");
        let hours = Hours::new(&imported.hours).expect("valid hours");
        let is_open =
            |text: &str| hours.is_open(text.parse::<jiff::Timestamp>().expect("an instant").into());
        assert_eq!(imported.hours.weekly.len(), 5, "folded lines are joined");
        assert!(is_open("2026-01-09T07:00:00Z"), "a Friday");
        assert!(!is_open("2026-01-10T07:00:00Z"), "a Saturday");
        assert!(!is_open("2026-08-24T09:00:00Z"), "yearly");
        assert!(!is_open("2028-08-24T09:00:00Z"), "and in years to come");
        assert!(!is_open("2026-07-07T09:00:00Z") && is_open("2026-07-08T09:00:00Z"));
        assert!(is_open("2026-12-31T10:59:00Z") && !is_open("2026-12-31T11:00:00Z"));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let imported = read(OFFICE).expect("a calendar");
        assert_eq!(
            imported.skipped,
            ["Easter: its rule is not simply yearly", "London: its times are in another time zone"]
        );
    }

    #[test]
    fn files_that_are_no_calendars_are_refused() {
        assert_eq!(read("hello"), Err(IcalError::NotACalendar));
        assert_eq!(read(""), Err(IcalError::NotACalendar));
        assert_eq!(read(&"x".repeat(MAX_BYTES + 1)), Err(IcalError::TooLong));
        let endless = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20000101\n\
            DTEND;VALUE=DATE:99991231\nEND:VEVENT\n";
        assert_eq!(read(endless), Err(IcalError::TooMany));
        let odd = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:2026\nEND:VEVENT\nBEGIN:VEVENT\nX\n";
        assert_eq!(read(odd).expect("a calendar").skipped.len(), 1);
    }
}
