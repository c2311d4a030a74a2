//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::ZonedDateTime;

use super::Cell;

/// Writes a table.
pub(super) fn write(
    out: &mut dyn Write,
    head: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> io::Result<()> {
    write_line(out, head.iter().map(|name| quoted(name)))?;
    for row in rows {
        write_line(out, row.iter().map(field))?;
    }
    Ok(())
}

fn write_line<'a>(
    out: &mut dyn Write,
    fields: impl Iterator<Item = Cow<'a, str>>,
) -> io::Result<()> {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        out.write_all(field.as_bytes())?;
    }
    out.write_all(b"\r\n")
}

fn field(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => quoted(text),
        Cell::Number(number) => Cow::Owned(number.to_string()),
        Cell::Moment(moment) => Cow::Owned(with_offset(moment)),
    }
}

/// A text that a spreadsheet would take for a formula is marked with an apostrophe: a name such as
/// `=HYPERLINK(…)` must not run.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if is_formula { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{mark}{}\"", text.replace('"', "\"\"")))
    } else if is_formula {
        Cow::Owned(format!("{mark}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// `2026-03-02T10:00:00+02:00`. RFC 3339.
fn with_offset(moment: &ZonedDateTime) -> String {
    let offset_minutes = moment.offset().seconds() / 60;
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    format!("{}{sign}{hours:02}:{minutes:02}", moment.datetime())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        let moment: ZonedDateTime =
            "2026-03-02T10:00:00+02:00[Europe/Kyiv]".parse().expect("a moment");
        let texts = ["plain", "a,b", "say \"x\"", "=1+1", "-5", "@x,y"].map(Cell::from);
        let others = [Cell::Number(-5.5), Cell::Number(7.0), Cell::Empty, moment.into()];
        let mut out = Vec::new();
        let rows = [texts.into_iter().chain(others).collect()];
        write(&mut out, &["name", "=head"], rows.into_iter()).expect("written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "name,'=head\r\n\
             plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,'-5,\"'@x,y\",-5.5,7,,2026-03-02T10:00:00+02:00\r\n"
        );
    }
}
