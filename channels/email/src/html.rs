//! HTML of strangers, made fit for a sandboxed frame.
//!
//! 1. A linear guard comes first: the cleaner's tree builder is quadratic in the depth and in the
//!    attributes of one element. What is over a limit is not cleaned and not shown as HTML.
//! 2. The cleaner lets through a list of elements, attributes, style properties and URL schemes;
//!    relative addresses are refused (`href="<nbsp>javascript:…"` counts as one).
//! 3. Remote pictures tell the sender that, when and where a mail is read: their addresses are
//!    moved to `data-src`. Pictures of one pixel go altogether. `cid:` pictures stay.

use std::collections::{BTreeMap, HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use channel_contract::RenderedHtml;
use memchr::memchr;

use crate::config::ReadingLimits;

/// Attributes of one element.
pub const MAX_ATTRIBUTES: usize = 512;

/// What may be cleaned, counted in tags and ampersands. An optimised build on a busy machine took 1
/// to 3 µs for a tag and 3.5 µs for a character reference, and is quadratic in ampersands that
/// begin none: this many take it 10 to 35 ms whatever the size. Letters of shops have some 2,000;
/// what has more is a table for machines, and is shown as text.
pub const MAX_HTML_WORK: usize = 10_000;

/// Elements that have no end tag, or that the next of their kind ends.
const UNNESTED: [&str; 26] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr", "p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot",
    "colgroup",
];

/// Elements beyond the cleaner's own list that mail programs write.
const MORE_TAGS: [&str; 8] = ["font", "center", "u", "s", "strike", "big", "tt", "address"];

const ATTRIBUTES: [&str; 16] = [
    "style",
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "color",
    "face",
    "size",
    "dir",
    "lang",
    "title",
    "border",
    "cellpadding",
    "cellspacing",
    "start",
];

/// None of these takes an address or moves an element out of its place.
const STYLES: [&str; 38] = [
    "color",
    "background-color",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "font-variant",
    "letter-spacing",
    "line-height",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "word-spacing",
    "list-style-type",
    "margin",
    "margin-top",
    "margin-right",
    "margin-bottom",
    "margin-left",
    "padding",
    "padding-top",
    "padding-right",
    "padding-bottom",
    "padding-left",
    "border",
    "border-top",
    "border-right",
    "border-bottom",
    "border-left",
    "border-color",
    "border-collapse",
    "border-spacing",
    "width",
    "max-width",
];

/// Cleans HTML; `None` when it is over a limit. Takes up to some hundred milliseconds for what
/// comes close to the limits: call it off the asynchronous threads.
pub fn clean(html: &str, limits: &ReadingLimits) -> Option<RenderedHtml> {
    if html.len() > limits.html_bytes || !is_tame(html, limits.html_depth) {
        return None;
    }
    let cleaned = cleaner().clean(html).to_string();
    Some(hold_back_pictures(&cleaned))
}

fn cleaner() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(MORE_TAGS)
        .add_generic_attributes(ATTRIBUTES)
        .add_tag_attributes("td", ["colspan", "rowspan"])
        .add_tag_attributes("th", ["colspan", "rowspan"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_values(HashMap::from([("a", HashMap::from([("target", "_blank")]))]))
        .filter_style_properties(HashSet::from(STYLES))
        .strip_comments(true);
    builder
}

/// Whether the cleaner can take it: depth and attributes within limits, found in one pass.
fn is_tame(html: &str, depth_max: usize) -> bool {
    let bytes = html.as_bytes();
    let mut work = memchr::memchr_iter(b'&', bytes).count();
    if work > MAX_HTML_WORK {
        return false;
    }
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(offset) = memchr(b'<', &bytes[at..]) {
        at += offset + 1;
        let closing = bytes.get(at) == Some(&b'/');
        let start = at + usize::from(closing);
        work += 1;
        if work > MAX_HTML_WORK {
            return false;
        }
        let Some(first) = bytes.get(start) else { break };
        if !first.is_ascii_alphabetic() {
            continue;
        }
        let name_end = bytes[start..]
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'))
            .map_or(bytes.len(), |length| start + length);
        let name = String::from_utf8_lossy(&bytes[start..name_end.min(start + 32)]);
        let name = name.to_ascii_lowercase();
        let Some(end) = tag_end(bytes, name_end) else { return false };
        at = end;
        if UNNESTED.contains(&name.as_str()) {
            continue;
        }
        // Counted for each name: a flood of `</i>` must not hide one of `<b>`.
        let count = open.entry(name).or_default();
        if !closing {
            *count += 1;
            depth += 1;
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
        if depth > depth_max || open.len() > depth_max {
            return false;
        }
    }
    true
}

/// Where a tag ends; `None` when it has too many attributes.
fn tag_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut attributes = 0;
    let mut at = from;
    let mut after_equals = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => return Some(at),
            b'"' | b'\'' if after_equals => {
                at += 1 + memchr(byte, &bytes[at + 1..]).unwrap_or(bytes.len() - at - 1);
                attributes += 1;
            }
            b'/' => attributes += 1,
            _ if byte.is_ascii_whitespace()
                && bytes.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace()) =>
            {
                attributes += 1;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            after_equals = byte == b'=';
        }
        // A quoted value after a space counts twice.
        if attributes > 2 * MAX_ATTRIBUTES {
            return None;
        }
        at += 1;
    }
    Some(bytes.len())
}

/// Moves remote addresses of pictures aside and takes pictures of one pixel out. Works on the
/// cleaner's output, where attributes are `name="value"` with quotation marks escaped.
fn hold_back_pictures(html: &str) -> RenderedHtml {
    let mut out = String::with_capacity(html.len() + 64);
    let mut remote_pictures = 0;
    let mut rest = html;
    while let Some(start) = rest.find("<img") {
        out.push_str(&rest[..start]);
        let tag = &rest[start..];
        let Some(end) = cleaned_tag_end(tag) else { break };
        let (tag, after) = tag.split_at(end);
        rest = after;
        let remote = [" src=\"http:", " src=\"https:"].iter().any(|src| tag.contains(src));
        if !remote {
            out.push_str(tag);
        } else if !is_pixel(tag) {
            remote_pictures += 1;
            out.push_str(&tag.replacen(" src=\"http", " data-src=\"http", 1));
        }
    }
    out.push_str(rest);
    RenderedHtml { html: out, remote_pictures }
}

/// Where a tag of the cleaner's output ends, `>` in quoted values apart.
fn cleaned_tag_end(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.bytes()
        .position(|byte| {
            quoted ^= byte == b'"';
            byte == b'>' && !quoted
        })
        .map(|end| end + 1)
}

fn is_pixel(tag: &str) -> bool {
    let small = |name: &str| {
        tag.find(name).is_some_and(|start| {
            let digits = tag[start + name.len()..].trim_start();
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            digits[..end].parse::<u32>().is_ok_and(|size| size <= 1)
        })
    };
    [" width=\"", " height=\"", "\"width:", ";width:"].into_iter().any(small)
}

#[cfg(test)]
mod tests {
    use super::{MAX_HTML_WORK, ReadingLimits, RenderedHtml};

    fn clean(html: &str) -> Option<RenderedHtml> {
        super::clean(html, &ReadingLimits::default())
    }

    fn cleaned(html: &str) -> String {
        clean(html).expect("cleaned").html
    }

    #[test]
    fn size_and_depth_can_be_set_and_hold_to_one() {
        let limits = ReadingLimits { html_bytes: 40, html_depth: 3, ..ReadingLimits::default() };
        let fits = |html: &str| super::clean(html, &limits).is_some();
        assert!(fits(&"x".repeat(40)) && !fits(&"x".repeat(41)));
        assert!(fits(&"<b>".repeat(3)) && !fits(&"<b>".repeat(4)));
    }

    #[test]
    fn what_runs_goes_and_what_is_written_stays() {
        for (html, expected) in [
            ("<p onclick=x()>a<script>x()</script></p>", "<p>a</p>"),
            ("<a href=\"javascript:x()\">a</a>", "a"),
            ("<a href=\"\u{a0}javascript:x()\">a</a>", "a"),
            ("<style>p{}</style><iframe src=x></iframe><svg><a>b</a></svg>c", "c"),
            ("<p style=\"color:red;position:fixed\">a</p>", "<p style=\"color:red\">a</p>"),
            ("<form action=x><input name=y>z</form>", "z"),
        ] {
            let got = cleaned(html);
            let got = got.replace(" rel=\"noopener noreferrer nofollow\"", "");
            let got = got.replace(" target=\"_blank\"", "").replace("<a>", "").replace("</a>", "");
            assert_eq!(got, expected, "{html}");
        }
    }

    #[test]
    fn remote_pictures_wait_and_pixels_go() {
        let html = "<img src=\"https://x.example/a.png\" alt=\"1 > 0\"><img src=\"cid:a@b\">\
                    <img src=\"http://x.example/t.gif\" width=\"1\" height=\"1\">\
                    <img src=\"data:image/png;base64,AA\"><img src=\"//x.example/p\">";
        let rendered = clean(html).expect("cleaned");
        assert_eq!(rendered.remote_pictures, 1);
        assert!(rendered.html.contains(" data-src=\"https://x.example/a.png\""), "{rendered:?}");
        assert!(rendered.html.contains("src=\"cid:a@b\""));
        for gone in ["t.gif", "data:image", "//x.example/p", " src=\"http"] {
            assert!(!rendered.html.contains(gone), "{gone} in {}", rendered.html);
        }
    }

    #[test]
    fn bombs_are_refused_before_the_tree_is_built() {
        for bomb in [
            "<div>".repeat(40_000),
            "<ul><li>".repeat(40_000),
            "<b id=x></i>".repeat(10_000),
            format!("<p {}>", "a ".repeat(200_000)),
            format!("<p {}>", "a=''".repeat(100_000)),
            "x".repeat(ReadingLimits::default().html_bytes + 1),
            "&".repeat(100_000),
            "&x".repeat(100_000),
            "&nbsp;".repeat(100_000),
            "<br>".repeat(MAX_HTML_WORK + 1),
            "<p>x</p>".repeat(100_000),
            "<x><y><z>".repeat(2_000),
        ] {
            assert!(clean(&bomb).is_none(), "{}", &bomb[..20]);
        }
        assert!(clean(&"<p>line<br>".repeat(1_000)).is_some(), "many paragraphs are not deep");
        assert!(clean(&"<div>x</div>".repeat(1_000)).is_some());
        let long = format!("<p>{}</p>", "text ".repeat(200_000));
        assert!(clean(&long).is_some(), "a megabyte of text is no work");
        assert!(clean(&"a&nbsp;b & c ".repeat(1_000)).is_some());
    }
}
