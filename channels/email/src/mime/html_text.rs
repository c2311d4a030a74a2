//! HTML to plain text for reading, searching and telling the answer from the quotation.
//!
//! Invariant: linear in the size, whatever the nesting; never builds a tree. Block elements end a
//! line, quotations (`blockquote`) are marked with `> ` as in plain text, the content of `style`,
//! `script` and the like is left out.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memmem};

/// Quotation marks written before a line at most.
const MAX_QUOTE_DEPTH: usize = 9;

/// Elements whose content is no text.
const SILENT: [&str; 7] = ["style", "script", "head", "template", "title", "noscript", "svg"];

struct Writer {
    out: String,
    quote_depth: usize,
    line_started: bool,
    space: bool,
    blank_lines: usize,
    /// For which of [`SILENT`] no closing tag follows any more: not searched for again.
    unclosed: [bool; SILENT.len()],
}

/// The text of an HTML document, at most about `max_bytes`.
pub(super) fn html_to_text(html: &str, max_bytes: usize) -> String {
    let mut writer = Writer {
        out: String::with_capacity(html.len().min(max_bytes) / 2),
        quote_depth: 0,
        line_started: false,
        space: false,
        blank_lines: 0,
        unclosed: [false; SILENT.len()],
    };
    let bytes = html.as_bytes();
    let mut at = 0;
    while at < bytes.len() && writer.out.len() < max_bytes {
        let end = memchr(b'<', &bytes[at..]).map_or(bytes.len(), |offset| at + offset);
        writer.text(&html[at..end]);
        if end == bytes.len() {
            break;
        }
        at = after_tag(html, end, &mut writer);
    }
    writer.out.truncate(writer.out.trim_end().len());
    writer.out
}

/// Handles the tag that starts at `start` and returns where the text goes on.
fn after_tag(html: &str, start: usize, writer: &mut Writer) -> usize {
    let bytes = html.as_bytes();
    let rest = &bytes[start..];
    if rest.starts_with(b"<!--") {
        return memmem::find(&rest[4..], b"-->").map_or(bytes.len(), |end| start + 4 + end + 3);
    }
    let next = rest.get(1).copied().unwrap_or(0);
    if !(next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')) {
        writer.text("<");
        return start + 1;
    }
    let Some(length) = memchr(b'>', rest) else { return bytes.len() };
    let inside = &html[start + 1..start + length];
    let (closing, name) = match inside.strip_prefix('/') {
        Some(name) => (true, name),
        None => (false, inside),
    };
    let name_end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name[..name_end].to_ascii_lowercase();
    let after = start + length + 1;
    if !closing
        && !inside.ends_with('/')
        && let Some(silent) = SILENT.iter().position(|known| *known == name)
    {
        // A missing closing tag hides nothing: an open `<title>` must not swallow the letter.
        if !writer.unclosed[silent] {
            match end_of_element(bytes, after, &name) {
                Some(end) => return end,
                None => writer.unclosed[silent] = true,
            }
        }
        return after;
    }
    writer.tag(&name, closing);
    after
}

/// Where the closing tag of a silent element ends.
fn end_of_element(bytes: &[u8], from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    loop {
        let start = at + memmem::find(&bytes[at..], b"</")? + 2;
        let candidate = bytes.get(start..start + name.len());
        if candidate.is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes())) {
            return Some(memchr(b'>', &bytes[start..]).map_or(bytes.len(), |end| start + end + 1));
        }
        at = start;
    }
}

impl Writer {
    fn tag(&mut self, name: &str, closing: bool) {
        match name {
            "br" => self.end_line(true),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "ul" | "ol" | "pre" => {
                self.end_line(false);
                if closing && self.blank_lines == 0 && !self.out.is_empty() {
                    self.end_line(true);
                }
            }
            "div" | "tr" | "section" | "article" | "header" | "footer" | "center" | "body"
            | "hr" | "dt" | "dd" | "form" | "address" => self.end_line(false),
            "li" => {
                self.end_line(false);
                if !closing {
                    self.start_line();
                    self.out.push_str("• ");
                    self.space = false;
                }
            }
            "td" | "th" => self.space |= closing,
            "blockquote" => {
                self.end_line(false);
                self.quote_depth = if closing {
                    self.quote_depth.saturating_sub(1)
                } else {
                    // Counted past the limit, so that the closing tags fit.
                    self.quote_depth + 1
                };
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        for (index, word) in text.split([' ', '\t', '\r', '\n']).enumerate() {
            if index > 0 {
                self.space = true;
            }
            if word.is_empty() {
                continue;
            }
            if !self.line_started {
                self.start_line();
            } else if self.space {
                self.out.push(' ');
            }
            self.space = false;
            self.word(word);
        }
    }

    /// One word with its character references decoded.
    fn word(&mut self, word: &str) {
        /// `&CounterClockwiseContourIntegral;`
        const MAX_REFERENCE_BYTES: usize = 33;
        let mut rest = word;
        while let Some(start) = rest.find('&') {
            self.out.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.bytes().take(MAX_REFERENCE_BYTES).position(|byte| byte == b';');
            if let Some(end) = end {
                add_html_token(&mut self.out, &rest.as_bytes()[..=end], false);
                rest = &rest[end + 1..];
            } else {
                self.out.push('&');
                rest = &rest[1..];
            }
        }
        self.out.push_str(rest);
    }

    fn start_line(&mut self) {
        for _ in 0..self.quote_depth.min(MAX_QUOTE_DEPTH) {
            self.out.push('>');
        }
        if self.quote_depth > 0 {
            self.out.push(' ');
        }
        self.line_started = true;
        self.space = false;
        self.blank_lines = 0;
    }

    /// Ends the line; an empty one is written only if `even_empty`, and one at a time.
    fn end_line(&mut self, even_empty: bool) {
        if self.line_started {
            self.out.push('\n');
            self.line_started = false;
        } else if even_empty && self.blank_lines == 0 && !self.out.is_empty() {
            self.out.push('\n');
            self.blank_lines = 1;
        }
        self.space = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        html_to_text(html, 100_000)
    }

    #[test]
    fn lines_of_gmail_and_outlook_stay_lines() {
        assert_eq!(
            text("<div>Добрий день</div><div><br></div><div>a &amp; b&nbsp;c</div>"),
            "Добрий день\n\na & b\u{a0}c"
        );
        assert_eq!(text("<p>one\r\ntwo</p><p>three</p>"), "one two\n\nthree");
        assert_eq!(text("<ul><li>x</li><li>y</li></ul>"), "• x\n• y");
        assert_eq!(text("<tr><td>a</td><td>b</td></tr>"), "a b");
    }

    #[test]
    fn quotations_are_marked() {
        assert_eq!(
            text("ja<blockquote>nein<blockquote>wie?</blockquote></blockquote>gut"),
            "ja\n> nein\n>> wie?\ngut"
        );
    }

    #[test]
    fn silent_elements_and_comments_are_left_out() {
        assert_eq!(text("<head><title>t</title></head>a<style>b{}</style><!-- c -->d"), "ad");
        assert_eq!(text("<script>if (a < b) x()</script>e"), "e");
        assert_eq!(text("<title>never closed<p>letter</p>"), "never closed\nletter");
    }

    #[test]
    fn what_is_no_tag_is_text() {
        assert_eq!(text("1 < 2 && 3 > 2 &unknown; &"), "1 < 2 && 3 > 2 &unknown; &");
        assert_eq!(text("<"), "<");
        assert_eq!(text("a<b"), "a");
    }

    #[test]
    fn forty_thousand_open_lists_cost_nothing() {
        let bomb = "<ul><li>".repeat(40_000);
        assert!(text(&bomb).len() < 1_000_000);
        assert_eq!(text(&"<title>".repeat(50_000)), "");
        assert!(text(&format!("a{}", "&".repeat(100_000))).len() <= 100_001);
        let quotes = "<blockquote>x".repeat(20_000);
        assert!(text(&quotes).starts_with("> x"));
    }
}
