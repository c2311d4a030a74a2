//! What a text is, and what it may hold.

use rozmova_base::Timestamp;
use rozmova_base::id::{QueueId, TextId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::render::{self, Values};

/// Longest template, in bytes: an answer longer than this is a document.
pub const BODY_MAX_BYTES: usize = 16 * 1024;
/// Longest name, in characters.
pub const NAME_MAX_CHARS: usize = 100;
/// Most texts: more cannot be found by those who should use them.
pub const TEXTS_MAX: i64 = 1_000;
/// What can be filled in.
pub const PLACEHOLDERS: [&str; 7] =
    ["client", "agent", "bank", "number", "subject", "queue", "date"];

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// An answer, or a part of one.
    Answer,
    /// Stands under every answer of its queue.
    Signature,
}

impl TextKind {
    /// As in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Signature => "signature",
        }
    }

    /// From a row.
    pub fn from_row(text: &str) -> Self {
        if text == "signature" { Self::Signature } else { Self::Answer }
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Text {
    /// Which.
    pub id: TextId,
    /// What it is for.
    pub kind: TextKind,
    /// The queue in which it is used; `null`: in all of them.
    pub queue_id: Option<QueueId>,
    /// `uk`, `en`, or empty: whatever the client writes.
    pub language: String,
    /// How agents find it.
    pub name: String,
    /// The template.
    pub body: String,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: Option<UserId>,
}

/// A text to be kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewText {
    /// What it is for.
    pub kind: TextKind,
    /// The queue in which it is used; absent: in all of them.
    #[serde(default)]
    pub queue_id: Option<QueueId>,
    /// `uk`, `en`, or empty: whatever the client writes.
    #[serde(default)]
    pub language: String,
    /// How agents find it.
    pub name: String,
    /// The template. Placeholders: `{{ client }}`, `{{ agent }}`, `{{ bank }}`, `{{ number }}`,
    /// `{{ subject }}`, `{{ queue }}`, `{{ date }}`; conditions: `{% if client %}…{% endif %}`.
    pub body: String,
}

/// Why a text cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TextProblem {
    /// Which field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl NewText {
    /// The same with a clean name, if it can be kept.
    pub fn checked(mut self) -> Result<Self, TextProblem> {
        let problem = |field, message: String| TextProblem { field, message };
        let name: String = self.name.chars().filter(|character| !character.is_control()).collect();
        name.trim().clone_into(&mut self.name);
        if self.name.is_empty() || self.name.chars().count() > NAME_MAX_CHARS {
            let message = format!("a name has 1 to {NAME_MAX_CHARS} characters");
            return Err(problem("name", message));
        }
        if !matches!(self.language.as_str(), "" | "uk" | "en") {
            let message = format!("\"{}\" is no language; write uk, en or nothing", self.language);
            return Err(problem("language", message));
        }
        if self.body.trim().is_empty() || self.body.len() > BODY_MAX_BYTES {
            let message = format!("a text has 1 to {BODY_MAX_BYTES} bytes");
            return Err(problem("body", message));
        }
        self.body = self.body.replace("\r\n", "\n").replace('\0', "");
        render::render(&self.body, &Values::example())
            .map_err(|error| problem("body", error.to_string()))?;
        Ok(self)
    }
}

/// The language of a text by its letters: `uk` when most of them are Cyrillic, else `en`.
pub fn language_of(text: &str) -> &'static str {
    /// Characters that are looked at.
    const SAMPLE_CHARS: usize = 600;
    let (mut cyrillic, mut latin) = (0, 0);
    for character in text.chars().take(SAMPLE_CHARS) {
        match character {
            '\u{400}'..='\u{52f}' => cyrillic += 1,
            letter if letter.is_ascii_alphabetic() => latin += 1,
            _ => {}
        }
    }
    if cyrillic >= latin { "uk" } else { "en" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> NewText {
        NewText {
            kind: TextKind::Answer,
            queue_id: None,
            language: "uk".to_owned(),
            name: " Картка ".to_owned(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_refused_when_it_is_saved() {
        let kept = text("Вітаємо, {{ client }}!").checked().expect("fine");
        assert_eq!(kept.name, "Картка");
        let field = |new: NewText| new.checked().expect_err("wrong").field;
        assert_eq!(field(text("{{ balance }}")), "body");
        assert_eq!(field(text("{{")), "body");
        assert_eq!(field(text(" ")), "body");
        assert_eq!(field(text(&"x".repeat(BODY_MAX_BYTES + 1))), "body");
        assert_eq!(field(NewText { language: "de".to_owned(), ..text("x") }), "language");
        assert_eq!(field(NewText { name: "\n".to_owned(), ..text("x") }), "name");
    }

    #[test]
    fn the_language_is_told_by_its_letters() {
        assert_eq!(language_of("Добрий день, iPhone"), "uk");
        assert_eq!(language_of("Good morning, Київ"), "en");
    }
}
