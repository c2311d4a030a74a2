//! What a calendar part says, for mails that say nothing else. RFC 5545, RFC 6047.
//!
//! Shows the first event as text; computes nothing (time zones stay as they are written).

/// Lines looked at; an invitation has some dozens.
const MAX_LINES: usize = 2_000;
/// Bytes of one unfolded value.
const MAX_VALUE_BYTES: usize = 16 * 1024;

/// The first event as text, or `None` when there is none.
pub(super) fn describe(calendar: &str) -> Option<String> {
    let mut wanted: [(&str, Option<String>); 6] =
        ["SUMMARY", "DTSTART", "DTEND", "LOCATION", "ORGANIZER", "DESCRIPTION"]
            .map(|name| (name, None));
    let mut in_event = false;
    for line in unfolded(calendar) {
        let Some((name, value)) = property(&line) else { continue };
        if name.eq_ignore_ascii_case("BEGIN") && value.eq_ignore_ascii_case("VEVENT") {
            in_event = true;
        } else if name.eq_ignore_ascii_case("END") && value.eq_ignore_ascii_case("VEVENT") {
            break;
        } else if in_event
            && let Some((_, slot)) =
                wanted.iter_mut().find(|(key, _)| name.eq_ignore_ascii_case(key))
        {
            slot.get_or_insert_with(|| unescaped(value));
        }
    }
    let [summary, start, end, location, organizer, description] = wanted.map(|(_, value)| value);
    let summary = summary?;
    let mut text = summary;
    if let Some(start) = start.as_deref().and_then(date_time) {
        text.push('\n');
        text.push_str(&start);
        if let Some(end) = end.as_deref().and_then(date_time) {
            text.push_str(" – ");
            text.push_str(&end);
        }
    }
    let organizer = organizer.map(|value| strip_mailto(&value).to_owned());
    for line in [location, organizer].into_iter().flatten().filter(|line| !line.is_empty()) {
        text.push('\n');
        text.push_str(&line);
    }
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        text.push_str("\n\n");
        text.push_str(&description);
    }
    Some(text)
}

/// Lines with their continuations. RFC 5545 §3.1.
fn unfolded(calendar: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in calendar.lines().take(MAX_LINES) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => {
                if last.len() + rest.len() <= MAX_VALUE_BYTES {
                    last.push_str(rest);
                }
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `NAME;PARAMETER="a:b":value`.
fn property(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let colon = line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })?;
    let name = line[..colon].split(';').next().unwrap_or_default();
    Some((name, line[colon + 1..].trim()))
}

/// RFC 5545 §3.3.11.
fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (other, false) => out.push(other),
        }
    }
    out
}

fn strip_mailto(value: &str) -> &str {
    match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &value[7..],
        _ => value,
    }
}

/// `20261123T101500Z` as `2026-11-23 10:15 UTC`.
fn date_time(value: &str) -> Option<String> {
    let digits = |range: std::ops::Range<usize>| {
        value.get(range).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let date = format!("{}-{}-{}", digits(0..4)?, digits(4..6)?, digits(6..8)?);
    let Some((hour, minute)) = digits(9..11).zip(digits(11..13)) else { return Some(date) };
    let zone = if value.ends_with('Z') { " UTC" } else { "" };
    Some(format!("{date} {hour}:{minute}{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_says_what_when_and_where() {
        let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n\
                        SUMMARY;LANGUAGE=uk:Зустріч\\, \r\n відділення\r\n\
                        DTSTART:20261123T101500Z\r\n\
                        DTEND;TZID=\"a:b\":20261123T110000\r\nLOCATION:Київ\r\n\
                        ORGANIZER;CN=\"Bank: Example\":MAILTO:info@bank.example\r\n\
                        DESCRIPTION:Візьміть\\nпаспорт\r\nEND:VEVENT\r\n\
                        BEGIN:VEVENT\r\nSUMMARY:x\r\n";
        assert_eq!(
            describe(calendar).expect("an event"),
            "Зустріч, відділення\n2026-11-23 10:15 UTC – 2026-11-23 11:00\nКиїв\n\
             info@bank.example\n\nВізьміть\nпаспорт"
        );
        assert_eq!(describe("BEGIN:VCALENDAR\nSUMMARY:not an event\n"), None);
        assert_eq!(
            describe("BEGIN:VEVENT\nSUMMARY:День\nDTSTART;VALUE=DATE:20261123\n").as_deref(),
            Some("День\n2026-11-23")
        );
        assert!(describe(&"BEGIN:VEVENT\nSUMMARY:x\n y\n".repeat(100_000)).is_some());
    }
}
