//! Mails as programs of clients write them: plain, in HTML, with a file, in an old character set;
//! answers of robots, reports of what could not be delivered. RFC 5322, 2045–2047, 3464, 3834.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use rozmova_base::Timestamp;

/// Width of a line of base64. RFC 2045 §6.8: at most 76.
const LINE_CHARS: usize = 76;
/// Bytes of text in one encoded word: its base64 stays within the 75 of RFC 2047 §2.
const WORD_BYTES: usize = 42;

/// The bank's own mail server: it stands between, and says who vouches for a sender (RFC 8601).
pub const OWN_SERVER: &str = "mx.bank.example";

/// Its words, as a header line.
pub fn verdict(dmarc: &str) -> String {
    format!("Authentication-Results: {OWN_SERVER}; dmarc={dmarc}\r\n")
}

/// Name and address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// As shown.
    pub name: String,
    /// The address.
    pub address: String,
}

/// How a mail looks inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text in UTF-8.
    Plain,
    /// Text in windows-1251, as old programs of this country send it.
    Windows1251,
    /// Text and HTML with a remote picture.
    Html,
    /// Text with a small PDF file.
    WithFile,
}

/// A mail to be written.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Who shows as the sender.
    pub from: Mailbox,
    /// To whom.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// How it looks inside.
    pub form: Form,
    /// Without brackets.
    pub message_id: String,
    /// Message-IDs of what it answers, oldest first.
    pub references: Vec<String>,
    /// Further header lines, with their line ends.
    pub more_headers: String,
    /// When it is written.
    pub at: Timestamp,
}

impl Letter {
    /// The bytes that go over the wire, lines ended by CRLF.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = String::with_capacity(1_024);
        let from = format!("{} <{}>", encoded(&self.from.name), self.from.address);
        let _ = write!(head, "From: {from}\r\nTo: <{}>\r\n", self.to);
        let _ = write!(head, "Subject: {}\r\nDate: {}\r\n", encoded(&self.subject), date(self.at));
        let _ = write!(head, "Message-ID: <{}>\r\nMIME-Version: 1.0\r\n", self.message_id);
        if let Some(last) = self.references.last() {
            let _ = write!(head, "In-Reply-To: <{last}>\r\nReferences:");
            for id in &self.references {
                let _ = write!(head, "\r\n <{id}>");
            }
            head.push_str("\r\n");
        }
        head.push_str(&self.more_headers);
        head.push_str(&self.content());
        head.into_bytes()
    }

    fn content(&self) -> String {
        let plain = part("text/plain; charset=utf-8", "", self.text.as_bytes());
        match self.form {
            Form::Plain => plain,
            Form::Windows1251 => {
                part("text/plain; charset=windows-1251", "", &windows_1251(&self.text))
            }
            Form::Html => {
                let html = part("text/html; charset=utf-8", "", self.html().as_bytes());
                multipart("alternative", &self.message_id, &[plain, html])
            }
            Form::WithFile => {
                let disposition = "Content-Disposition: attachment; filename=\"vypyska.pdf\"\r\n";
                let file = part("application/pdf; name=\"vypyska.pdf\"", disposition, &pdf());
                multipart("mixed", &self.message_id, &[plain, file])
            }
        }
    }

    fn html(&self) -> String {
        let mut body = String::with_capacity(self.text.len() + 300);
        body.push_str("<html><body style=\"font-family:Arial\">");
        for line in self.text.split('\n') {
            let line = line.replace('&', "&amp;").replace('<', "&lt;");
            let _ = write!(body, "<p>{line}</p>");
        }
        body.push_str("<img src=\"https://pictures.example/open.gif\" width=\"1\" height=\"1\">");
        body.push_str("</body></html>");
        body
    }
}

/// A report that a mail could not be delivered, with the mail's head. RFC 3464.
pub fn bounce(to: &str, failed: &str, original: &Received, id: &str, at: Timestamp) -> Vec<u8> {
    let text = format!("Your message to <{failed}> could not be delivered: the mailbox is gone.\n");
    let status = format!(
        "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {failed}\r\n\
         Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
    );
    let plain_status = format!("Content-Type: message/delivery-status\r\n\r\n{status}");
    let head = format!("Content-Type: text/rfc822-headers\r\n\r\n{}\r\n", original.head);
    let plain = part("text/plain; charset=utf-8", "", text.as_bytes());
    let body = multipart("report; report-type=delivery-status", id, &[plain, plain_status, head]);
    format!(
        "From: Mail Delivery System <mailer-daemon@mx.example>\r\nTo: <{to}>\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nDate: {}\r\nMessage-ID: <{id}>\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n{body}",
        date(at)
    )
    .into_bytes()
}

/// What a client's program knows of a mail that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// `MAIL FROM`.
    pub mail_from: String,
    /// `RCPT TO`.
    pub recipient: String,
    /// The lines before the first empty line.
    pub head: String,
    /// Without brackets; empty when there is none.
    pub message_id: String,
    /// Without brackets, oldest first.
    pub references: Vec<String>,
    /// As it stands in the head.
    pub raw_subject: String,
    /// The address in `From`.
    pub from: String,
    /// A robot wrote it (RFC 3834).
    pub automatic: bool,
}

impl Received {
    /// Reads the head of a mail.
    pub fn read(mail_from: &str, recipient: &str, raw: &[u8]) -> Self {
        let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
        let head = text.split("\n\n").next().unwrap_or_default();
        let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
        let field = |name: &str| -> String {
            let found = unfolded.lines().find_map(|line| {
                let (field, value) = line.split_once(':')?;
                field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            });
            found.unwrap_or_default()
        };
        let ids = |text: &str| -> Vec<String> {
            let trimmed = text.split_whitespace().map(|id| id.trim_matches(['<', '>', ',']));
            trimmed.filter(|id| id.contains('@')).map(str::to_owned).collect()
        };
        let from = field("From");
        let address = from.rsplit_once('<').map_or(from.as_str(), |(_, rest)| rest);
        let automatic = field("Auto-Submitted");
        Self {
            mail_from: mail_from.to_owned(),
            recipient: recipient.to_owned(),
            message_id: ids(&field("Message-ID")).pop().unwrap_or_default(),
            references: ids(&field("References")),
            raw_subject: field("Subject"),
            from: address.trim_end_matches('>').trim().to_owned(),
            automatic: !automatic.is_empty() && !automatic.eq_ignore_ascii_case("no"),
            head: head.replace('\n', "\r\n"),
        }
    }

    /// What an answer refers to.
    pub fn thread(&self) -> Vec<String> {
        let mut references = self.references.clone();
        if !self.message_id.is_empty() && !references.contains(&self.message_id) {
            references.push(self.message_id.clone());
        }
        references
    }
}

fn part(content_type: &str, more: &str, bytes: &[u8]) -> String {
    let mut text =
        format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n");
    let encoded = STANDARD.encode(bytes);
    for line in encoded.as_bytes().chunks(LINE_CHARS) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push_str("\r\n");
    }
    text
}

fn multipart(kind: &str, id: &str, parts: &[String]) -> String {
    let boundary: String = id.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let mut text = format!("Content-Type: multipart/{kind}; boundary=\"=_{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(text, "--=_{boundary}\r\n{part}\r\n");
    }
    let _ = write!(text, "--=_{boundary}--\r\n");
    text
}

/// ASCII as it is, the rest in encoded words. RFC 2047.
fn encoded(text: &str) -> String {
    let is_plain = text.bytes().all(|b| (0x20..0x7f).contains(&b) && !b"\"<>=?()".contains(&b));
    if is_plain || text.starts_with("Re: =?") {
        return text.to_owned();
    }
    let mut words = String::new();
    let mut chunk = String::new();
    for character in text.chars() {
        if chunk.len() + character.len_utf8() > WORD_BYTES {
            let _ = write!(words, "=?utf-8?B?{}?=\r\n ", STANDARD.encode(&chunk));
            chunk.clear();
        }
        chunk.push(character);
    }
    let _ = write!(words, "=?utf-8?B?{}?=", STANDARD.encode(&chunk));
    words
}

fn date(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/Kyiv").unwrap_or(TimeZone::UTC);
    let local = jiff::ZonedDateTime::new(at.to_jiff(), zone);
    jiff::fmt::rfc2822::to_string(&local).unwrap_or_default()
}

/// What the code page does not have becomes a question mark.
fn windows_1251(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| match character {
            '\0'..='\u{7f}' => character as u8,
            'А'..='я' => 0xc0 + (u32::from(character) - 0x410) as u8,
            'Ґ' => 0xa5,
            'ґ' => 0xb4,
            'Є' => 0xaa,
            'є' => 0xba,
            'І' => 0xb2,
            'і' => 0xb3,
            'Ї' => 0xaf,
            'ї' => 0xbf,
            '«' => 0xab,
            '»' => 0xbb,
            '—' => 0x97,
            '’' => 0x92,
            '\u{a0}' => 0xa0,
            _ => b'?',
        })
        .collect()
}

/// The smallest page that programs open.
fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
      2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
      3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R\
      /Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n\
      4 0 obj<</Length 44>>stream\nBT /F1 18 Tf 40 100 Td (Account statement) Tj ET\nendstream\n\
      endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(form: Form) -> Letter {
        Letter {
            from: Mailbox {
                name: "Шевченко Олена".into(), address: "o@example.com".into()
            },
            to: "cards@bank.example".into(),
            subject: "Загубила картку, прошу якнайшвидше заблокувати її, дякую".into(),
            text: "Добрий день!\n\nЇї ґудзик «є».".into(),
            form,
            message_id: "1@example.com".into(),
            references: vec!["a@bank.example".into(), "b@bank.example".into()],
            more_headers: String::new(),
            at: Timestamp::from_seconds(1_790_000_000),
        }
    }

    #[test]
    fn our_own_intake_reads_every_form_as_it_was_meant() {
        for form in [Form::Plain, Form::Windows1251, Form::Html, Form::WithFile] {
            let raw = letter(form).bytes();
            let channel = channel_email::EmailChannel::new(
                channel_email::config::EmailConfig::default(),
                b"a secret for this test",
            );
            let shown = serde_json::to_string(&channel.inspect(&raw)).expect("serialises");
            assert!(shown.contains("Загубила картку, прошу якнайшвидше"), "{form:?}: {shown}");
            assert!(shown.contains("Її ґудзик «є»."), "{form:?}: {shown}");
            assert_eq!(shown.contains("vypyska.pdf"), form == Form::WithFile);
        }
    }

    #[test]
    fn an_answer_stays_in_the_thread() {
        let received =
            Received::read("bounces@bank.example", "o@example.com", &letter(Form::Plain).bytes());
        assert_eq!(received.message_id, "1@example.com");
        assert_eq!(received.thread(), ["a@bank.example", "b@bank.example", "1@example.com"]);
        assert_eq!(received.from, "o@example.com");
        assert!(!received.automatic);
    }

    #[test]
    fn no_line_is_longer_than_mail_servers_take() {
        for form in [Form::Plain, Form::Html, Form::WithFile] {
            let raw = letter(form).bytes();
            let text = String::from_utf8(raw).expect("ASCII");
            assert!(text.split("\r\n").all(|line| line.len() <= 78 && line.is_ascii()));
        }
    }
}
