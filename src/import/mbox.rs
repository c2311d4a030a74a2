//! One file with many mails, each behind a line that begins with `From `. RFC 4155.

use std::io::{BufRead, Read, Result};

use super::source::Content;

/// Lines of mails have at most 998 characters (RFC 5322 §2.1.1); files that are no mbox have longer
/// ones, and must not fill the memory.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// How a line of a mail that begins with `From ` was kept from ending it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quoting {
    /// `>` before `From `, `>From `, `>>From ` and so on: nothing is lost.
    #[default]
    Mboxrd,
    /// `>` before `From ` only: what had one in the mail itself loses it.
    Mboxo,
}

/// Splits a file into mails.
#[derive(Debug)]
pub struct Mbox<R> {
    input: R,
    quoting: Quoting,
    kept_bytes_max: usize,
    line: Vec<u8>,
    /// Where the line that was read last begins.
    offset: u64,
    is_begun: bool,
}

impl<R: BufRead> Mbox<R> {
    /// Of a mail over `kept_bytes_max`, the beginning is kept and the rest counted.
    pub fn new(input: R, quoting: Quoting, kept_bytes_max: usize) -> Self {
        Self { input, quoting, kept_bytes_max, line: Vec::new(), offset: 0, is_begun: false }
    }

    /// The next mail with the number of the byte at which its separator begins.
    pub fn next_mail(&mut self) -> Result<Option<(u64, Content)>> {
        if !self.is_begun {
            self.is_begun = true;
            self.read_line()?;
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let place = self.offset;
        let mut mail = Content::new(self.kept_bytes_max);
        if is_separator(&self.line) {
            self.read_line()?;
        }
        // The empty line before a separator belongs to the separator.
        let mut empty: Option<Vec<u8>> = None;
        while !self.line.is_empty() {
            if empty.is_some() && is_separator(&self.line) {
                empty = None;
                break;
            }
            if let Some(empty) = empty.take() {
                mail.push(&empty);
            }
            if self.line.trim_ascii().is_empty() {
                empty = Some(self.line.clone());
            } else {
                mail.push(unquoted(&self.line, self.quoting));
            }
            self.read_line()?;
        }
        // At the end of the file it is a separator without a successor, unless it ends the header.
        if let Some(empty) = empty.filter(|_| !mail.has_body) {
            mail.push(&empty);
        }
        Ok(Some((place, mail)))
    }

    fn read_line(&mut self) -> Result<()> {
        self.offset += self.line.len() as u64;
        self.line.clear();
        // A longer line goes on as the next one: it is put together again in the mail.
        self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
        Ok(())
    }
}

/// `From somebody Thu Nov 26 10:00:00 2026`. The time is asked for: many programs leave a line of a
/// letter that begins with "From " unquoted.
pub fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let digit = |byte: u8| byte.is_ascii_digit();
    rest.windows(5).any(|five| {
        digit(five[0]) && digit(five[1]) && five[2] == b':' && digit(five[3]) && digit(five[4])
    })
}

fn unquoted(line: &[u8], quoting: Quoting) -> &[u8] {
    let Some(rest) = line.strip_prefix(b">") else { return line };
    let bare = match quoting {
        Quoting::Mboxo => rest,
        Quoting::Mboxrd => {
            let marks = rest.iter().take_while(|byte| **byte == b'>').count();
            &rest[marks..]
        }
    };
    if bare.starts_with(b"From ") { rest } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, quoting: Quoting) -> Vec<(u64, String)> {
        let mut mbox = Mbox::new(text.as_bytes(), quoting, 1_000);
        let mut mails = Vec::new();
        while let Some((place, mail)) = mbox.next_mail().expect("memory can be read") {
            mails.push((place, String::from_utf8(mail.bytes).expect("text")));
        }
        mails
    }

    const TWO: &str = "From a@b.example Thu Nov 26 10:00:00 2026\nSubject: one\n\nFrom here on\n\n\
        From the start\n>From a friend\n>>From two\n\nFrom c@d.example Thu Nov 26 11:00:00 2026\n\
        Subject: two\n\n";

    #[test]
    fn mails_are_split_where_separators_stand_and_nowhere_else() {
        let mails = split(TWO, Quoting::Mboxrd);
        let one = "Subject: one\n\nFrom here on\n\nFrom the start\nFrom a friend\n>From two\n";
        assert_eq!(mails[0], (0, one.to_owned()));
        assert_eq!(mails[1].1, "Subject: two\n\n");
        assert_eq!(&TWO[mails[1].0 as usize..][..6], "From c");
        assert_eq!(mails.len(), 2);
        let mails = split(TWO, Quoting::Mboxo);
        assert!(mails[0].1.ends_with("\nFrom a friend\n>>From two\n"), "{}", mails[0].1);
    }

    #[test]
    fn odd_files_give_what_is_in_them() {
        assert_eq!(split("", Quoting::Mboxrd), []);
        assert_eq!(split("Subject: bare\n\ntext", Quoting::Mboxrd).len(), 1);
        let crlf = TWO.replace('\n', "\r\n");
        let mails = split(&crlf, Quoting::Mboxrd);
        assert_eq!(mails.len(), 2);
        assert!(mails[0].1.ends_with("\r\n>From two\r\n"));
        let empty = "From a Thu Nov 26 10:00:00 2026\n\nFrom b Thu Nov 26 10:00:00 2026\n";
        assert_eq!(split(empty, Quoting::Mboxrd).len(), 2, "each is listed, however empty");
    }

    #[test]
    fn of_a_large_mail_the_beginning_is_kept_and_the_rest_counted() {
        let text =
            format!("From a Thu Nov 26 10:00:00 2026\nA: b\n\n{}", "0123456789\n".repeat(500));
        let mut mbox = Mbox::new(text.as_bytes(), Quoting::Mboxrd, 1_000);
        let (_, mail) = mbox.next_mail().expect("read").expect("a mail");
        assert_eq!(mail.bytes.len(), 1_000);
        assert_eq!(mail.cut_from_bytes(), Some(5_506));
    }
}
