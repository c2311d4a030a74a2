//! An answer on its way from the composer to the outbox.

use std::borrow::Cow;

use channel_contract::Party;
use rozmova_base::Timestamp;
use rozmova_base::id::{AttachmentId, IdMaker, InteractionId, MessageId, OutboxId};

use super::model::{ATTACHMENTS_MAX, WritingProblem, Written, chain, numbered_subject};
use super::store::{self, Head, LastInbound};
use crate::auth::User;
use crate::intake::store::{Recipients, json};
use crate::intake::{Mailbox, Mailboxes};
use crate::outbox::store::Schedule;
use crate::outbox::{self, UNDO_MS};
use crate::store::{Sql, StoreError};
use crate::texts::model::Text;
use crate::texts::render::{self, Values};

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
    /// What stands under it, with its dividing line; may be empty.
    pub signature: &'a str,
    /// What was written.
    pub written: &'a Written,
    /// What it answers.
    pub answers: Option<&'a LastInbound>,
    /// Uploads that go with it.
    pub attachments: &'a [AttachmentId],
    /// When it leaves, if not at once.
    pub schedule: Option<&'a Schedule>,
    /// When.
    pub at: Timestamp,
}

/// The mailbox from which an interaction is answered: the one that the writer chose, else that of
/// its queue, else the one to which the client wrote, else the first.
pub(super) fn sender<'a>(
    mailboxes: &'a Mailboxes,
    chosen: Option<&str>,
    queue: &str,
    address: &str,
) -> Result<&'a Mailbox, WritingProblem> {
    if let Some(chosen) = chosen.filter(|chosen| !chosen.trim().is_empty()) {
        return mailboxes.find(chosen).ok_or_else(|| WritingProblem {
            field: "from",
            message: format!("\"{}\" is no address of the bank", chosen.trim()),
        });
    }
    mailboxes
        .find(mailboxes.address_of_queue(queue))
        .or_else(|| mailboxes.find(address))
        .or_else(|| mailboxes.first())
        .ok_or_else(|| WritingProblem {
            field: "to",
            message: "no mailbox is configured to send from; see channels.email.mailboxes"
                .to_owned(),
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

/// The subject of a forwarded message.
pub(super) fn forward_subject(written: &str, head: &Head) -> String {
    let subject = match written.trim() {
        "" => format!("Fwd: {}", head.subject).trim_end().to_owned(),
        written => written.to_owned(),
    };
    numbered_subject(&subject, head.number)
}

/// What stands under the text, with the line that mail programs cut at (RFC 3676 §4.3): the first
/// text for signatures in this language, its queue's before that of all queues, else the mailbox's.
/// Empty: nothing.
pub(super) fn signature(
    texts: &[Text],
    language: &str,
    mailbox: &Mailbox,
    values: &Values,
) -> String {
    let fits = |text: &&Text| text.language == language || text.language.is_empty();
    let kept = texts.iter().find(fits).map(|text| text.body.as_str());
    let template = kept.unwrap_or(&mailbox.signature).trim();
    if template.is_empty() {
        return String::new();
    }
    match render::render(template, values) {
        Ok(text) if text.trim().is_empty() => String::new(),
        Ok(text) => format!("\n\n-- \n{text}"),
        Err(error) => {
            tracing::error!(mailbox = mailbox.address, %error, "A signature cannot be rendered");
            String::new()
        }
    }
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
    let text = format!("{}{}", reply.written.text, reply.signature);
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
        not_before: reply
            .schedule
            .map_or_else(|| reply.at.plus_millis(UNDO_MS), |schedule| schedule.send_at),
        schedule: reply.schedule,
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

    fn text(language: &str, body: &str) -> Text {
        Text {
            id: rozmova_base::id::TextId::from_u128(1),
            kind: crate::texts::model::TextKind::Signature,
            queue_id: None,
            language: language.to_owned(),
            name: String::new(),
            body: body.to_owned(),
            changed_at: Timestamp(0),
            changed_by: None,
        }
    }

    #[test]
    fn a_signature_names_the_agent_in_the_language_of_the_answer() {
        let mailbox =
            Mailbox { signature: "{{ agent }}, {{ bank }}".to_owned(), ..Mailbox::default() };
        let values =
            Values { agent: "Ana".to_owned(), bank: "Bank".to_owned(), ..Values::example() };
        let of = |texts: &[Text], mailbox: &Mailbox| signature(texts, "uk", mailbox, &values);
        assert_eq!(of(&[], &mailbox), "\n\n-- \nAna, Bank");
        assert_eq!(of(&[], &Mailbox::default()), "");
        let texts = [text("en", "Yours, {{ agent }}"), text("uk", "З повагою, {{ agent }}")];
        assert_eq!(of(&texts, &mailbox), "\n\n-- \nЗ повагою, Ana");
        let broken = Mailbox { signature: "{{".to_owned(), ..Mailbox::default() };
        assert_eq!(of(&[], &broken), "");
    }

    #[test]
    fn an_answer_goes_from_the_mailbox_of_its_queue() {
        let mailbox = |address: &str, queue: &str| Mailbox {
            address: address.to_owned(),
            queue: queue.to_owned(),
            ..Mailbox::default()
        };
        let all = Mailboxes::new(
            vec![mailbox("info@bank.example", ""), mailbox("cards@bank.example", "Cards")],
            "",
        );
        let from = |chosen: Option<&str>, queue: &str| {
            sender(&all, chosen, queue, "info@bank.example").map(|m| m.address.clone())
        };
        assert_eq!(from(None, "Cards").as_deref(), Ok("cards@bank.example"));
        assert_eq!(from(None, "Loans").as_deref(), Ok("info@bank.example"));
        assert_eq!(from(Some("info@bank.example"), "Cards").as_deref(), Ok("info@bank.example"));
        assert_eq!(from(Some("x@elsewhere.example"), "Cards").unwrap_err().field, "from");
    }
}
