use super::acknowledge::Templates;
use super::config::{IntakeConfig, QueueIntakeConfig};
use super::mailbox::Mailboxes;

const MS_PER_DAY: i64 = 86_400_000;

/// Everything that intake is told at start.
#[derive(Debug)]
pub struct Settings {
    /// The section `[intake]`.
    pub config: IntakeConfig,
    /// The bank's own addresses.
    pub mailboxes: Mailboxes,
    /// The acknowledgement.
    pub templates: Templates,
    /// Name of the bank, for texts.
    pub bank: String,
    /// Whether there is a way out: without one, acknowledgements would only pile up.
    pub can_send: bool,
}

impl Settings {
    /// Compiles the templates; the error names what is wrong with them.
    pub fn new(
        config: IntakeConfig,
        mailboxes: Mailboxes,
        bank: &str,
        can_send: bool,
    ) -> Result<Self, String> {
        let templates = Templates::new(&config.acknowledgement)?;
        Ok(Self { config, mailboxes, templates, bank: bank.to_owned(), can_send })
    }

    /// How long after its closing an interaction of this queue opens again.
    pub(super) fn reopen_within_ms(&self, queue: &str) -> i64 {
        let days = self.of_queue(queue).and_then(|queue| queue.reopen_within_days);
        i64::from(days.unwrap_or(self.config.reopen_within_days)) * MS_PER_DAY
    }

    /// Whether new contacts of this queue are acknowledged.
    pub(super) fn acknowledges(&self, queue: &str) -> bool {
        let chosen = self.of_queue(queue).and_then(|queue| queue.acknowledge);
        self.can_send && chosen.unwrap_or(self.config.acknowledge)
    }

    fn of_queue(&self, name: &str) -> Option<&QueueIntakeConfig> {
        self.config.queues.get(name)
    }
}
