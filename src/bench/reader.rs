//! The full reading of mails: parts, headers, quotation, rules, language, cleaned HTML. No store
//! and no name server: what the processor has to do for one mail after it has come in.

use std::fmt::Write as _;

use channel_email::EmailChannel;
use channel_email::config::EmailConfig;
use serde_json::json;

use super::{Latencies, Process, Report, Stopwatch};

/// The mean of a thousand real mails.
const USUAL_BYTES: usize = 8 * 1024;
/// A long newsletter: mostly text, near the number of tags that is still cleaned.
const LARGE_HTML_BYTES: usize = 1024 * 1024;
/// Bytes of text between two tags of the large one; 1 MiB has some 9,000 tags then.
const LARGE_TEXT_BYTES: usize = 230;
const SENTENCE: &str = "Добрий день! Прошу надіслати мені виписку за рахунком за минулий місяць. ";

/// Measures usual mails for so long, then large ones for as long.
pub fn run(seconds: u64) -> Report {
    let email = EmailChannel::new(EmailConfig::default(), b"a secret for measuring");
    let usual = mail(USUAL_BYTES, 40);
    let mut usual_run = Run::measure(&email, &usual, seconds);
    let large = mail(LARGE_HTML_BYTES, LARGE_TEXT_BYTES);
    let mut large_run = Run::measure(&email, &large, seconds);
    Report {
        name: "reader",
        unit: "mails",
        rate_per_s: usual_run.count() / usual_run.seconds,
        cpu_ms_each: usual_run.cpu_ms_each(),
        p50_ms: usual_run.latencies.permille_ms(500),
        p99_ms: usual_run.latencies.permille_ms(990),
        rss_mb: Process::rss_mb(),
        failures: usual_run.failures + large_run.failures,
        seconds: usual_run.seconds,
        cores: usual_run.cpu_seconds / usual_run.seconds,
        details: json!({
            "mail_bytes": usual.len(),
            "large": {
                "mail_bytes": large.len(),
                "mails": large_run.latencies.count(),
                "cpu_ms_each": large_run.cpu_ms_each(),
                "p50_ms": large_run.latencies.permille_ms(500),
                "p99_ms": large_run.latencies.permille_ms(990),
            },
        }),
    }
}

struct Run {
    latencies: Latencies,
    cpu_seconds: f64,
    seconds: f64,
    failures: u64,
}

impl Run {
    fn measure(email: &EmailChannel, raw: &[u8], seconds: u64) -> Self {
        let mut latencies = Latencies::default();
        let mut failures = 0;
        let process = Process::start();
        while process.elapsed().as_secs() < seconds || latencies.count() == 0 {
            let clock = Stopwatch::start();
            let read = email.inspect(raw);
            latencies.add_micros(clock.micros());
            let is_whole = read.readable
                && read.language.as_deref() == Some("uk")
                && read.html.is_some()
                && read.reply_text.len() < read.text.len();
            failures += u64::from(!is_whole);
        }
        let cpu_seconds = process.cpu_seconds();
        Self { latencies, cpu_seconds, seconds: process.elapsed().as_secs_f64(), failures }
    }

    fn count(&self) -> f64 {
        self.latencies.count() as f64
    }

    fn cpu_ms_each(&self) -> f64 {
        self.cpu_seconds * 1_000.0 / self.count()
    }
}

/// A mail with a text, a quotation and the same as HTML, of about this size; `text_bytes`: between
/// two tags.
fn mail(bytes: usize, text_bytes: usize) -> Vec<u8> {
    const TEXT_BYTES_MAX: usize = 2 * 1024;
    let answer = SENTENCE.repeat((bytes / 4).min(TEXT_BYTES_MAX) / SENTENCE.len());
    let text = format!("{answer}\r\n\r\nOn Mon, 23 Nov 2026 Bank wrote:\r\n> {SENTENCE}\r\n");
    let mut html = String::with_capacity(bytes + SENTENCE.len());
    html.push_str("<html><body>");
    let piece = SENTENCE.repeat(text_bytes.div_ceil(SENTENCE.len()));
    while html.len() + text.len() < bytes {
        let _ = write!(html, "<p style=\"color:#333\">{piece}</p>\r\n");
    }
    html.push_str("</body></html>");
    let part = |kind: &str, content: &str| {
        format!("--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{content}\r\n")
    };
    format!(
        "From: Olena <olena@example.ua>\r\nTo: info@bank.example\r\nSubject: Card\r\n\
         Date: Mon, 23 Nov 2026 10:15:00 +0200\r\nMessage-ID: <1@example.ua>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         {}{}--b--\r\n",
        part("plain", &text),
        part("html", &html)
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_mails_are_read_as_wholes() {
        let email = EmailChannel::new(EmailConfig::default(), b"");
        for (bytes, text_bytes) in [(USUAL_BYTES, 40), (LARGE_HTML_BYTES, LARGE_TEXT_BYTES)] {
            let raw = mail(bytes, text_bytes);
            assert!((bytes..bytes + bytes / 4).contains(&raw.len()), "{}", raw.len());
            assert_eq!(Run::measure(&email, &raw, 0).failures, 0);
        }
    }
}
