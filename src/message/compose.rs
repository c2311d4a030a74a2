//! An answer on its way from the composer to the outbox.

use std::borrow::Cow;

use channel_contract::Party;
use minijinja::{Environment, context};
use rozmova_base::Timestamp;
use rozmova_base::id::{AttachmentId, IdMaker, InteractionId, MessageId, OutboxId};

use super::model::{ATTACHMENTS_MAX, WritingProblem, Written, chain, numbered_subject};
use super::store::{self, Head, LastInbound};
use crate::auth::User;
use crate::intake::store::{Recipients, json};
use crate::intake::{Mailbox, Mailboxes};
use crate::outbox::{self, UNDO_MS};
use crate::store::{Sql, StoreError};

/// Why an answer was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    /// Something in it cannot be taken.
    #[error(transparent)]
    Writing(#[from] WritingProblem),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A message from an agent to a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewReply<'a> {
    /// Its id.
    pub id: MessageId,
    /// Where it belongs.
    pub interaction: InteractionId,
    /// Who wrote it.
    pub author: &'a User,
    /// From which of our addresses it goes.
    pub mailbox: &'a Mailbox,
    /// Name of the bank, for the signature.
    pub bank: &'a str,
    /// What was written.
    pub written: &'a Written,
    /// What it answers.
    pub answers: Option<&'a LastInbound>,
    /// Uploads that go with it.
    pub attachments: &'a [AttachmentId],
    /// When.
    pub at: Timestamp,
}

/// The mailbox from which an interaction is answered: its own, or the first when that is gone.
pub(super) fn sender<'a>(
    mailboxes: &'a Mailboxes,
    address: &str,
) -> Result<&'a Mailbox, WritingProblem> {
    mailboxes.find(address).or_else(|| mailboxes.first()).ok_or_else(|| WritingProblem {
        field: "to",
        message: "no mailbox is configured to send from; see channels.email.mailboxes".to_owned(),
    })
}

/// The subject: what was written, else that of the interaction as an answer, with its number.
pub(super) fn subject(written: &str, head: &Head) -> String {
    let subject = match written.trim() {
        "" if head.subject.to_lowercase().starts_with("re:") => head.subject.clone(),
        "" => format!("Re: {}", head.subject).trim_end().to_owned(),
        written => written.to_owned(),
    };
    numbered_subject(&subject, head.number)
}

/// What stands under the text, with the line that mail programs cut at (RFC 3676 §4.3).
pub(super) fn signature(mailbox: &Mailbox, agent: &str, bank: &str) -> Option<String> {
    let template = mailbox.signature.trim();
    if template.is_empty() {
        return None;
    }
    let rendered = Environment::new().render_str(template, context! { agent, bank });
    let text = rendered.unwrap_or_else(|error| {
        tracing::error!(mailbox = mailbox.address, %error, "A signature cannot be rendered");
        String::new()
    });
    (!text.is_empty()).then(|| format!("\n\n-- \n{text}"))
}

/// Writes message, command and attachments.
pub(super) async fn store_reply(
    sql: &mut Sql<'_>,
    ids: &dyn IdMaker,
    reply: &NewReply<'_>,
) -> Result<(), ComposeError> {
    let problem = |message: String| WritingProblem { field: "attachments", message };
    if reply.attachments.len() > ATTACHMENTS_MAX {
        return Err(problem(format!("a message has at most {ATTACHMENTS_MAX} files")).into());
    }
    let references = reply.answers.map_or_else(Vec::new, |last| {
        let earlier = serde_json::from_str(&last.reference_ids).unwrap_or_default();
        chain(earlier, last.message_id.clone())
    });
    let recipients = Recipients {
        to: Cow::Borrowed(&reply.written.to),
        cc: Cow::Borrowed(&reply.written.cc),
        ..Recipients::default()
    };
    let signature = signature(reply.mailbox, &reply.author.name, reply.bank);
    let text = format!("{}{}", reply.written.text, signature.unwrap_or_default());
    let from =
        Party { name: reply.mailbox.display_name.clone(), address: reply.mailbox.address.clone() };
    let outgoing = outbox::store::NewOutgoing {
        id: reply.id,
        outbox: OutboxId::make(ids),
        interaction: reply.interaction,
        kind: "message",
        author: Some(reply.author.id),
        from: &from,
        recipients: json(&recipients),
        subject: &reply.written.subject,
        text: &text,
        references: json(&references),
        automatic: false,
        not_before: reply.at.plus_millis(UNDO_MS),
        at: reply.at,
    };
    outbox::store::insert(sql, &outgoing).await?;
    for upload in reply.attachments {
        if !store::attach(sql, *upload, reply.author.id, reply.id).await? {
            return Err(problem(format!("{upload} is no upload of yours; upload it again")).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rozmova_base::id::QueueId;

    use super::*;

    #[test]
    fn an_answer_without_a_subject_gets_that_of_the_contact() {
        let head = |subject: &str| Head {
            number: 7,
            subject: subject.to_owned(),
            mailbox: String::new(),
            queue_id: QueueId::from_u128(1),
            agent_id: None,
        };
        assert_eq!(subject("", &head("Card")), "Re: Card [#7]");
        assert_eq!(subject(" ", &head("RE: Card")), "RE: Card [#7]");
        assert_eq!(subject("Your card [#7]", &head("Card")), "Your card [#7]");
        assert_eq!(subject("", &head("")), "Re: [#7]");
    }

    #[test]
    fn a_signature_names_the_agent() {
        let mailbox =
            Mailbox { signature: "{{ agent }}, {{ bank }}".to_owned(), ..Mailbox::default() };
        assert_eq!(signature(&mailbox, "Ana", "Bank").as_deref(), Some("\n\n-- \nAna, Bank"));
        assert_eq!(signature(&Mailbox::default(), "Ana", "Bank"), None);
        let broken = Mailbox { signature: "{{".to_owned(), ..Mailbox::default() };
        assert_eq!(signature(&broken, "Ana", "Bank"), None);
    }
}
