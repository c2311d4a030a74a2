//! The acknowledgement: who gets one, and what it says. Pure. RFC 3834.
//!
//! 1. Only a person who opened a new interaction gets one: never a report, an automatic answer, a
//!    list, a null return path, an address of our own or one that says that nobody reads it.
//! 2. Never an address whose domain disowns the mail: it would go to someone who wrote nothing.
//! 3. At most one to an address within the configured hours, and at most one in an interaction.
//! 4. It quotes nothing but the subject, so it cannot carry somebody else's text.

use channel_contract::{AuthenticationResult, InboundMessage, MessageKind};
use minijinja::{Environment, context};
use rozmova_base::Timestamp;

use super::config::AcknowledgementConfig;
use super::mailbox::Mailboxes;

/// Local parts that no person reads. RFC 2142 §4 and §5, and custom.
const UNREAD_LOCAL_PARTS: [&str; 12] = [
    "mailer-daemon",
    "postmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "bounce",
    "bounces",
    "root",
    "daemon",
];
/// Longest subject quoted, in characters.
const MAX_SUBJECT_CHARS: usize = 120;
/// Characters of a mail that are looked at to tell its language.
const LANGUAGE_SAMPLE_CHARS: usize = 600;

/// Whether the sender of this message, who opened a new interaction, may get one.
/// `last_at`: when the address got its last one.
pub fn is_due(
    message: &InboundMessage,
    key: &str,
    mailboxes: &Mailboxes,
    last_at: Option<Timestamp>,
    now: Timestamp,
    every_ms: i64,
) -> bool {
    message.kind == MessageKind::Message
        && message.readable
        && message.unanswerable.is_none()
        // RFC 3834 §2: no answer to the null return path.
        && message.envelope.mail_from.as_deref() != Some("")
        && message.authentication.dmarc != AuthenticationResult::Fail
        && !mailboxes.is_own(key)
        && is_read(key)
        && last_at.is_none_or(|last| now.millis_since(last) >= every_ms)
}

/// Whether a person may read what is sent to this address.
pub fn is_read(key: &str) -> bool {
    let local = key.split(['@', '+']).next().unwrap_or_default();
    !UNREAD_LOCAL_PARTS.contains(&local)
}

/// The texts, compiled.
pub struct Templates(Environment<'static>);

impl std::fmt::Debug for Templates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Templates")
    }
}

/// A rendered acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// One line.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl Templates {
    /// Compiles the configured texts.
    pub fn new(config: &AcknowledgementConfig) -> Result<Self, String> {
        let mut environment = Environment::new();
        for (name, text) in [
            ("subject.uk", &config.subject_uk),
            ("text.uk", &config.text_uk),
            ("subject.en", &config.subject_en),
            ("text.en", &config.text_en),
        ] {
            environment
                .add_template_owned(name, text.clone())
                .map_err(|error| error.to_string())?;
        }
        Ok(Self(environment))
    }

    /// What to answer to this message.
    pub fn render(
        &self,
        message: &InboundMessage,
        number: i64,
        bank: &str,
    ) -> Result<Acknowledgement, String> {
        let language = if is_cyrillic(message) { "uk" } else { "en" };
        let printable = |text: &str| {
            let printable = text.chars().filter(|character| !character.is_control());
            printable.take(MAX_SUBJECT_CHARS).collect::<String>()
        };
        let quoted = printable(&message.subject);
        let name = message.from.as_ref().map_or_else(String::new, |from| printable(&from.name));
        let values = context! { number, subject => quoted.trim(), bank, name };
        let render = |part: &str| {
            self.0
                .get_template(&format!("{part}.{language}"))
                .and_then(|template| template.render(&values))
                .map_err(|error| error.to_string())
        };
        let subject = render("subject")?.replace(['\r', '\n'], " ").trim().to_owned();
        Ok(Acknowledgement { subject, text: render("text")? })
    }
}

/// Whether a text is a template; says what is wrong with it.
pub(super) fn check(text: &str) -> Result<(), String> {
    Environment::new()
        .render_str(text, context! { number => 1, subject => "", bank => "", name => "" })
        .map(drop)
        .map_err(|error| error.to_string())
}

/// More Cyrillic than Latin letters, or no letters at all.
fn is_cyrillic(message: &InboundMessage) -> bool {
    let (mut cyrillic, mut latin) = (0, 0);
    let sample = message.subject.chars().chain(message.reply_text.chars());
    for character in sample.take(LANGUAGE_SAMPLE_CHARS) {
        match character {
            '\u{400}'..='\u{52f}' => cyrillic += 1,
            'a'..='z' | 'A'..='Z' => latin += 1,
            _ => {}
        }
    }
    cyrillic >= latin
}
