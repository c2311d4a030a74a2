//! The section `[intake]` of the configuration file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What becomes of messages that come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntakeConfig {
    /// Whether the sender of a new contact gets an acknowledgement with its number.
    pub acknowledge: bool,
    /// Hours in which one address gets at most one acknowledgement.
    pub acknowledge_every_hours: u32,
    /// Days after its closing in which an answer opens an interaction again; later it begins a new
    /// one that refers to the old one. 0: always a new one.
    pub reopen_within_days: u32,
    /// How often mail may open the same closed interaction within an hour; beyond that it opens
    /// when the hour is over.
    pub reopenings_per_contact: u32,
    /// How often mail of one sender may open closed interactions within an hour, likewise.
    pub reopenings_per_sender: u32,
    /// Most acknowledgements to all senders together within an hour: a robot that changes its
    /// address each time ends here.
    pub acknowledgements_per_hour: u32,
    /// What differs in single queues, by the queue's name.
    pub queues: BTreeMap<String, QueueIntakeConfig>,
    /// The acknowledgement's texts.
    pub acknowledgement: AcknowledgementConfig,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self {
            acknowledge: true,
            acknowledge_every_hours: 24,
            reopen_within_days: 14,
            reopenings_per_contact: 6,
            reopenings_per_sender: 30,
            acknowledgements_per_hour: 2_000,
            queues: BTreeMap::new(),
            acknowledgement: AcknowledgementConfig::default(),
        }
    }
}

/// What differs in one queue; a key that is missing is as in `[intake]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueIntakeConfig {
    /// As [`IntakeConfig::acknowledge`].
    pub acknowledge: Option<bool>,
    /// As [`IntakeConfig::reopen_within_days`].
    pub reopen_within_days: Option<u32>,
}

/// Templates (minijinja). Variables: `number`, `subject`, `bank`, `name` (of the sender, may be
/// empty).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcknowledgementConfig {
    /// Subject for mails in Ukrainian.
    pub subject_uk: String,
    /// Text for mails in Ukrainian.
    pub text_uk: String,
    /// Subject for mails in other languages.
    pub subject_en: String,
    /// Text for mails in other languages.
    pub text_en: String,
}

impl Default for AcknowledgementConfig {
    fn default() -> Self {
        Self {
            subject_uk: "Ваше звернення отримано [#{{ number }}] {{ subject }}".to_owned(),
            text_uk: "Вітаємо{% if name %}, {{ name }}{% endif %}!\n\n\
                Ми отримали ваше звернення, його номер {{ number }}. Фахівець відповість вам на цю \
                адресу.\n\nЩоб доповнити звернення, просто дайте відповідь на цей лист.\n\n\
                {{ bank }}\n"
                .to_owned(),
            subject_en: "We have received your message [#{{ number }}] {{ subject }}".to_owned(),
            text_en: "Hello{% if name %} {{ name }}{% endif %},\n\n\
                we have received your message; its number is {{ number }}. An agent will answer to \
                this address.\n\nTo add something, just reply to this mail.\n\n{{ bank }}\n"
                .to_owned(),
        }
    }
}

impl IntakeConfig {
    /// Settings that cannot work: key below `intake`, and what is wrong.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.acknowledge_every_hours == 0 {
            let message = "0 would let two robots answer each other for ever; write 1 or more";
            found.push(("acknowledge_every_hours", message.to_owned()));
        }
        for (key, value) in [
            ("reopenings_per_contact", self.reopenings_per_contact),
            ("reopenings_per_sender", self.reopenings_per_sender),
        ] {
            if value == 0 {
                found.push((key, "write 1 or more; 0 would hold every answer back".to_owned()));
            }
        }
        let texts = &self.acknowledgement;
        for (key, text) in [
            ("acknowledgement.subject_uk", &texts.subject_uk),
            ("acknowledgement.text_uk", &texts.text_uk),
            ("acknowledgement.subject_en", &texts.subject_en),
            ("acknowledgement.text_en", &texts.text_en),
        ] {
            if let Err(error) = super::acknowledge::check(text) {
                found.push((key, error));
            }
        }
        found
    }
}
