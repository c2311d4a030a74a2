//! What is opened of a mail: the section `[channels.email.reading]`.

use serde::{Deserialize, Serialize};

/// Part numbers have 16 bits.
const MAX_PARTS: usize = 65_535;
/// The cleaner is quadratic in the depth: 40,000 elements take it ten seconds.
const MAX_HTML_DEPTH: usize = 4_096;

/// What is over one of these is kept as it came and not opened: a person finds it under "could not
/// be read". (Recipients and HTML are shown in part, or as text.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadingLimits {
    /// Largest mail that is opened, in bytes. 50 MiB.
    pub message_bytes: usize,
    /// Parts in one mail; real ones stay under a hundred.
    pub parts: usize,
    /// Parts within parts; real ones stay under ten.
    pub depth: usize,
    /// Messages attached to messages attached to messages.
    pub nested_messages: usize,
    /// Header fields of the mail, and ten times as many for each part in `parts` together; real
    /// mails stay under two hundred.
    pub headers: usize,
    /// One header field with its continuation lines, in bytes.
    pub header_bytes: usize,
    /// Recipients that are shown, of To and of Cc each; the raw mail keeps the rest.
    pub recipients: usize,
    /// Largest HTML that is shown as such, in bytes; larger is shown as text. 2 MiB.
    pub html_bytes: usize,
    /// Elements of HTML within one another; what is deeper is shown as text.
    pub html_depth: usize,
    /// Seconds for the reading of one mail. Usual ones take a thousandth.
    pub seconds: u64,
}

impl Default for ReadingLimits {
    fn default() -> Self {
        Self {
            message_bytes: 50 * 1024 * 1024,
            parts: 1_000,
            depth: 50,
            nested_messages: 5,
            headers: 2_000,
            header_bytes: 64 * 1024,
            recipients: 100,
            html_bytes: 2 * 1024 * 1024,
            html_depth: 512,
            seconds: 10,
        }
    }
}

impl ReadingLimits {
    pub(super) fn problems(&self, say: &mut impl FnMut(&str, String)) {
        for (key, value, most) in [
            ("reading.message_bytes", self.message_bytes, usize::MAX),
            ("reading.parts", self.parts, MAX_PARTS),
            ("reading.depth", self.depth, MAX_PARTS),
            ("reading.nested_messages", self.nested_messages, MAX_PARTS),
            ("reading.headers", self.headers, usize::MAX),
            ("reading.header_bytes", self.header_bytes, usize::MAX),
            ("reading.recipients", self.recipients, usize::MAX),
            ("reading.html_bytes", self.html_bytes, usize::MAX),
            ("reading.html_depth", self.html_depth, MAX_HTML_DEPTH),
        ] {
            if value == 0 {
                say(key, "must be 1 or more".to_owned());
            } else if value > most {
                say(key, format!("{value} is too much; at most {most}"));
            }
        }
        if self.seconds == 0 {
            say("reading.seconds", "must be 1 or more".to_owned());
        }
    }
}
