//! Clients as the API shows and takes them.

mod fields;
mod record;
mod timeline;

use jiff::civil::Date;

pub use fields::{ClientChange, ClientFields, FieldProblem, NewClient, NewContactPoint};
pub use record::{AccountView, ClientLine, ClientView, ContactPointView, ManagerView, TroubleView};
pub use timeline::{TimelineEntry, TimelineInteraction, TimelineMessage, TimelineType};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// None: beyond the calendar.
fn date(day: i64) -> Option<String> {
    let span = jiff::Span::new().try_days(day).ok()?;
    EPOCH.checked_add(span).ok().map(|date| date.to_string())
}

/// None: no such day.
fn day(text: &str) -> Option<i64> {
    let date: Date = text.parse().ok()?;
    Some(date.duration_since(EPOCH).as_hours().div_euclid(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_same_days() {
        for (number, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (20_000, "2024-10-04")] {
            let shown = date(number).expect("a date");
            assert_eq!(shown, text);
            assert_eq!(day(&shown), Some(number));
        }
        assert_eq!(day("31.12.1990"), None);
    }
}
