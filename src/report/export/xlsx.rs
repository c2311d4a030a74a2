//! A workbook of one sheet (ECMA-376, part 1). Texts are written as texts, in the cell itself:
//! nothing in them can become a formula, a link or another cell.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use jiff::ZonedDateTime;
use jiff::civil::{Date, date};

use super::Cell;
use super::zip::Zip;

/// Longest text of a cell in characters; spreadsheets refuse more.
const TEXT_CHARS_MAX: usize = 32_767;
/// Days are counted from here, as spreadsheets count them since 1 March 1900. §18.17.4.1.
const DAY_ZERO: Date = date(1899, 12, 30);
/// Styles by their place in `cellXfs` below.
const STYLE_HEAD: u8 = 1;
const STYLE_MOMENT: u8 = 2;

const CONTENT_TYPES: &str = include_str!("xlsx/content-types.xml");
const ROOT: &str = include_str!("xlsx/root.xml");
const WORKBOOK: &str = include_str!("xlsx/workbook.xml");
const WORKBOOK_PARTS: &str = include_str!("xlsx/workbook-parts.xml");
const STYLES: &str = include_str!("xlsx/styles.xml");
const SHEET_BEGIN: &str = include_str!("xlsx/sheet-begin.xml");
const SHEET_END: &str = "</sheetData></worksheet>";

/// Writes a table.
pub(super) fn write(
    out: &mut dyn Write,
    head: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> io::Result<()> {
    let mut zip = Zip::new(out);
    for (name, content) in [
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_PARTS),
        ("xl/styles.xml", STYLES),
    ] {
        zip.file(name, |out| out.write_all(content.as_bytes()))?;
    }
    zip.file("xl/worksheets/sheet1.xml", |out| {
        // Cells are short; the packer takes longer parts at once.
        let mut out = BufWriter::new(out);
        out.write_all(SHEET_BEGIN.as_bytes())?;
        out.write_all(b"<row>")?;
        for name in head {
            write_text(&mut out, name, STYLE_HEAD)?;
        }
        out.write_all(b"</row>")?;
        for row in rows {
            out.write_all(b"<row>")?;
            for cell in &row {
                write_cell(&mut out, cell)?;
            }
            out.write_all(b"</row>")?;
        }
        out.write_all(SHEET_END.as_bytes())?;
        out.flush()
    })?;
    zip.finish()
}

fn write_cell(out: &mut impl Write, cell: &Cell) -> io::Result<()> {
    match cell {
        Cell::Text(text) => write_text(out, text, 0),
        Cell::Number(number) if number.is_finite() => write!(out, "<c><v>{number}</v></c>"),
        Cell::Empty | Cell::Number(_) => out.write_all(b"<c/>"),
        Cell::Moment(moment) => {
            write!(out, "<c s=\"{STYLE_MOMENT}\"><v>{}</v></c>", serial(moment))
        }
    }
}

fn write_text(out: &mut impl Write, text: &str, style: u8) -> io::Result<()> {
    let text = escaped(text);
    write!(
        out,
        "<c s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
    )
}

/// Days and their part since day zero, by the clocks of the moment's zone.
fn serial(moment: &ZonedDateTime) -> f64 {
    let local = moment.datetime();
    let day_s = 86_400.0;
    let time = local.time();
    let seconds =
        i32::from(time.hour()) * 3_600 + i32::from(time.minute()) * 60 + i32::from(time.second());
    let days = DAY_ZERO.duration_until(local.date()).as_hours() / 24;
    days as f64 + f64::from(seconds) / day_s
}

/// As XML text. What XML cannot hold becomes U+FFFD; `_x0041_`, which spreadsheets would read as a
/// character, is told apart (§22.9.2.19).
fn escaped(text: &str) -> Cow<'_, str> {
    let is_special = |character: char| {
        matches!(character, '<' | '>' | '&' | '_' | '\u{fffe}' | '\u{ffff}')
            || (character < ' ' && !matches!(character, '\t' | '\n'))
    };
    if !text.contains(is_special) && text.len() <= TEXT_CHARS_MAX {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let places = text.char_indices().take(TEXT_CHARS_MAX);
    for (place, character) in places {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '_' if is_code(&text[place..]) => safe.push_str("_x005F_"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other < ' ' && !matches!(other, '\t' | '\n') => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    Cow::Owned(safe)
}

/// `_x0041_…`
fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes.starts_with(b"_x")
        && bytes[6] == b'_'
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// The content of one file, by the directory at the end.
    fn unpacked(archive: &[u8], name: &str) -> String {
        let number = |at: usize| {
            u32::from_le_bytes(archive[at..at + 4].try_into().expect("four bytes")) as usize
        };
        let short = |at: usize| usize::from(archive[at]) + usize::from(archive[at + 1]) * 256;
        let end = archive.len() - 22;
        let (count, mut place) = (short(end + 10), number(end + 16));
        for _ in 0..count {
            let length = short(place + 28);
            let found = &archive[place + 46..place + 46 + length];
            if found == name.as_bytes() {
                let (packed, bytes) = (number(place + 20), number(place + 24));
                let header = number(place + 42);
                let begin = header + 30 + short(header + 26) + short(header + 28);
                let mut text = String::new();
                let mut content =
                    flate2::read::DeflateDecoder::new(&archive[begin..begin + packed]);
                content.read_to_string(&mut text).expect("unpacked");
                assert_eq!(text.len(), bytes, "{name}");
                let mut crc = flate2::Crc::new();
                crc.update(text.as_bytes());
                assert_eq!(crc.sum() as usize, number(place + 16), "{name}");
                return text;
            }
            place += 46 + length;
        }
        panic!("no {name}")
    }

    #[test]
    fn a_table_is_a_sheet_in_which_nothing_runs() {
        let moment: ZonedDateTime =
            "2026-03-02T18:00:00+02:00[Europe/Kyiv]".parse().expect("a moment");
        let row = vec![
            moment.into(),
            Cell::from("=HYPERLINK(\"http://x\")"),
            Cell::from("<b>&_x0041_\u{1}"),
            Cell::Number(12.5),
            Cell::Number(f64::NAN),
            Cell::Empty,
        ];
        let mut archive = Vec::new();
        let rows = std::iter::repeat_n(row, 3);
        write(&mut archive, &["begins", "name"], rows).expect("written");
        let sheet = unpacked(&archive, "xl/worksheets/sheet1.xml");
        assert!(sheet.starts_with("<?xml") && sheet.ends_with("</worksheet>"), "{sheet}");
        assert_eq!(sheet.matches("<row>").count(), 4);
        // 2 March 2026 is day 46083; 18:00 is three quarters of it.
        assert!(sheet.contains("<c s=\"2\"><v>46083.75</v></c>"), "{sheet}");
        assert!(!sheet.contains("<f>"), "no formula");
        let text = "<is><t xml:space=\"preserve\">=HYPERLINK(\"http://x\")</t></is>";
        assert!(sheet.contains(text), "{sheet}");
        assert!(sheet.contains("&lt;b&gt;&amp;_x005F_x0041_\u{fffd}"), "{sheet}");
        assert!(sheet.contains("<c><v>12.5</v></c><c/><c/></row>"), "{sheet}");
        unpacked(&archive, "[Content_Types].xml");
    }

    #[test]
    fn the_same_table_is_the_same_file_and_a_long_text_is_cut() {
        let long = Cell::Text("я".repeat(TEXT_CHARS_MAX + 5));
        let file = || {
            let mut archive = Vec::new();
            let rows = std::iter::once(vec![long.clone()]);
            write(&mut archive, &["text"], rows).expect("written");
            archive
        };
        assert_eq!(file(), file());
        let sheet = unpacked(&file(), "xl/worksheets/sheet1.xml");
        assert_eq!(sheet.matches('я').count(), TEXT_CHARS_MAX);
    }
}
