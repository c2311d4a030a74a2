//! Which interaction a message continues. Pure.
//!
//! 1. A Message-ID or address signed by us and handed back is a proof: only who got our mail has
//!    it.
//! 2. The Message-ID of any earlier message counts only when the sender takes part already.
//! 3. So does the number in the subject.
//! 4. Otherwise the message opens a new interaction that says where it may belong: a stranger never
//!    reads along in another client's thread by guessing a number.
//! 5. A sender whom its own domain disowns (DMARC) takes part nowhere by name.

use std::collections::{BTreeMap, BTreeSet};

use channel_contract::ThreadKeys;
use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, ClientId, InteractionId, MessageId, QueueId};

/// Most interactions noted as "may belong to" for one message.
pub const MAX_HINTS: usize = 5;

/// What is known of an interaction that a message may continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its client, if known.
    pub client: Option<ClientId>,
    /// Its queue.
    pub queue: QueueId,
    /// Who had it last.
    pub agent: Option<AgentId>,
    /// When it was closed; `None`: it is open.
    pub closed_at: Option<Timestamp>,
    /// Addresses of clients who wrote or were written to, in lower case.
    pub participants: BTreeSet<String>,
}

/// A stored message that another may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referred {
    /// The message.
    pub message: MessageId,
    /// Its interaction.
    pub interaction: InteractionId,
    /// Sent by us.
    pub outbound: bool,
    /// Written by the server itself.
    pub automatic: bool,
}

/// What the store knows of everything that the messages of a batch refer to.
#[derive(Clone, Debug, Default)]
pub struct Threads {
    /// Interactions.
    pub by_id: BTreeMap<InteractionId, Thread>,
    /// By contact number.
    pub by_number: BTreeMap<i64, InteractionId>,
    /// By Message-ID, without brackets.
    pub by_message_id: BTreeMap<String, Referred>,
    /// Messages of ours by their own id.
    pub by_message: BTreeMap<MessageId, Referred>,
    /// Interactions that became part of others.
    pub merged: BTreeMap<InteractionId, InteractionId>,
}

impl Threads {
    /// The interaction, or the one that it became part of, when it is known.
    pub fn current(&self, interaction: InteractionId) -> Option<InteractionId> {
        let current = self.merged.get(&interaction).copied().unwrap_or(interaction);
        self.by_id.contains_key(&current).then_some(current)
    }
}

/// Who wrote.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The address by which it is compared.
    pub key: Option<&'a str>,
    /// The client whose address it is.
    pub client: Option<ClientId>,
    /// The domain disowns the message.
    pub disowned: bool,
}

/// Why two interactions may belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// It refers to a message there, but its sender takes no part in it.
    References,
    /// Its subject has that number, likewise.
    SubjectNumber,
    /// It continues what is closed too long ago to be opened again.
    Follows,
}

impl Hint {
    /// As in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::References => "references",
            Self::SubjectNumber => "subject_number",
            Self::Follows => "follows",
        }
    }
}

/// Where a message belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into this interaction.
    Continues(InteractionId),
    /// Into a new one.
    Opens {
        /// Where it may belong, likeliest first.
        hints: Vec<(InteractionId, Hint)>,
    },
}

/// Decides where a message belongs.
pub fn place(keys: &ThreadKeys, writer: &Writer<'_>, threads: &Threads) -> Place {
    if let Some(proved) = keys.proved.and_then(|proved| threads.current(proved)) {
        return Place::Continues(proved);
    }
    let mut hints: Vec<(InteractionId, Hint)> = Vec::new();
    // RFC 5322 §3.6.4: the newest reference is the last; In-Reply-To names the parent itself.
    let referred = keys
        .in_reply_to
        .iter()
        .chain(keys.references.iter().rev())
        .filter_map(|id| threads.by_message_id.get(id))
        .map(|referred| (referred.interaction, Hint::References));
    let numbered = keys
        .subject_number
        .and_then(|number| threads.by_number.get(&number))
        .map(|&interaction| (interaction, Hint::SubjectNumber));
    for (interaction, hint) in referred.chain(numbered) {
        let Some(interaction) = threads.current(interaction) else { continue };
        let Some(thread) = threads.by_id.get(&interaction) else { continue };
        if takes_part(writer, thread) {
            return Place::Continues(interaction);
        }
        if hints.len() < MAX_HINTS && hints.iter().all(|(known, _)| *known != interaction) {
            hints.push((interaction, hint));
        }
    }
    Place::Opens { hints }
}

fn takes_part(writer: &Writer<'_>, thread: &Thread) -> bool {
    let by_address = writer.key.is_some_and(|key| thread.participants.contains(key));
    let by_client = writer.client.is_some() && writer.client == thread.client;
    !writer.disowned && (by_address || by_client)
}

/// What continuing means for an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// It is open: the message is added.
    Open,
    /// It was closed lately: it waits in its queue again.
    Reopens,
    /// It was closed long ago: a new interaction follows it.
    FollowUp,
}

/// Decides it. `reopen_within_ms` 0: a closed interaction stays closed.
pub fn continuation(thread: &Thread, now: Timestamp, reopen_within_ms: i64) -> Continuation {
    match thread.closed_at {
        None => Continuation::Open,
        Some(closed_at) if now.millis_since(closed_at) < reopen_within_ms => Continuation::Reopens,
        Some(_) => Continuation::FollowUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: InteractionId = InteractionId::from_u128(1);
    const OTHER: InteractionId = InteractionId::from_u128(2);
    const CLIENT: ClientId = ClientId::from_u128(10);

    fn thread(client: Option<ClientId>, participant: &str) -> Thread {
        Thread {
            client,
            queue: QueueId::from_u128(1),
            agent: None,
            closed_at: None,
            participants: BTreeSet::from([participant.to_owned()]),
        }
    }

    fn referred(interaction: InteractionId) -> Referred {
        let message = MessageId::from_u128(1);
        Referred { message, interaction, outbound: false, automatic: false }
    }

    /// Two interactions: number 7 with olena, number 8 with petro.
    fn threads() -> Threads {
        Threads {
            by_id: BTreeMap::from([
                (OURS, thread(Some(CLIENT), "olena@example.ua")),
                (OTHER, thread(None, "petro@example.ua")),
            ]),
            by_number: BTreeMap::from([(7, OURS), (8, OTHER)]),
            by_message_id: BTreeMap::from([
                ("first@example.ua".to_owned(), referred(OURS)),
                ("theirs@example.ua".to_owned(), referred(OTHER)),
            ]),
            by_message: BTreeMap::new(),
            merged: BTreeMap::new(),
        }
    }

    #[test]
    fn an_answer_to_what_was_merged_goes_where_it_went() {
        let gone = InteractionId::from_u128(3);
        let mut threads = threads();
        threads.merged.insert(gone, OURS);
        threads.by_number.insert(9, gone);
        let proved = ThreadKeys { proved: Some(gone), ..keys(&[], None) };
        let stranger = from("new@example.ua");
        assert_eq!(place(&proved, &stranger, &threads), Place::Continues(OURS));
        let olena = from("olena@example.ua");
        assert_eq!(place(&keys(&[], Some(9)), &olena, &threads), Place::Continues(OURS));
        let hinted = place(&keys(&[], Some(9)), &stranger, &threads);
        assert_eq!(hinted, opens(&[(OURS, Hint::SubjectNumber)]));
    }

    fn keys(in_reply_to: &[&str], number: Option<i64>) -> ThreadKeys {
        ThreadKeys {
            in_reply_to: in_reply_to.iter().map(|id| (*id).to_owned()).collect(),
            subject_number: number,
            ..ThreadKeys::default()
        }
    }

    fn from(key: &str) -> Writer<'_> {
        Writer { key: Some(key), client: None, disowned: false }
    }

    fn opens(hints: &[(InteractionId, Hint)]) -> Place {
        Place::Opens { hints: hints.to_vec() }
    }

    #[test]
    fn a_proof_is_enough_whoever_writes() {
        let proved = ThreadKeys { proved: Some(OURS), ..keys(&[], Some(8)) };
        assert_eq!(place(&proved, &from("new@example.ua"), &threads()), Place::Continues(OURS));
        let gone = ThreadKeys { proved: Some(InteractionId::from_u128(9)), ..keys(&[], None) };
        assert_eq!(place(&gone, &from("olena@example.ua"), &threads()), opens(&[]));
    }

    #[test]
    fn a_known_message_id_counts_for_participants_only() {
        let keys = keys(&["unknown@x", "first@example.ua"], None);
        let olena = from("olena@example.ua");
        assert_eq!(place(&keys, &olena, &threads()), Place::Continues(OURS));
        let stranger = place(&keys, &from("stranger@example.net"), &threads());
        assert_eq!(stranger, opens(&[(OURS, Hint::References)]));
    }

    #[test]
    fn a_client_continues_from_another_address_of_hers() {
        let writer = Writer { client: Some(CLIENT), ..from("olena@work.example") };
        let keys = keys(&["first@example.ua"], None);
        assert_eq!(place(&keys, &writer, &threads()), Place::Continues(OURS));
    }

    #[test]
    fn a_number_in_the_subject_lets_no_stranger_in() {
        let olena = place(&keys(&[], Some(7)), &from("olena@example.ua"), &threads());
        assert_eq!(olena, Place::Continues(OURS));
        let stranger = place(&keys(&[], Some(7)), &from("stranger@example.net"), &threads());
        assert_eq!(stranger, opens(&[(OURS, Hint::SubjectNumber)]));
        let disowned = Writer { disowned: true, ..from("olena@example.ua") };
        let forged = place(&keys(&[], Some(7)), &disowned, &threads());
        assert_eq!(forged, opens(&[(OURS, Hint::SubjectNumber)]));
    }

    #[test]
    fn nobody_with_an_unknown_client_joins_another_unknown_client() {
        let writer = Writer { key: None, client: None, disowned: false };
        let place = place(&keys(&["theirs@example.ua"], Some(8)), &writer, &threads());
        assert_eq!(place, opens(&[(OTHER, Hint::References)]));
    }

    #[test]
    fn the_own_interaction_wins_over_a_hint() {
        let keys = keys(&["theirs@example.ua", "first@example.ua"], Some(8));
        let place = place(&keys, &from("olena@example.ua"), &threads());
        assert_eq!(place, Place::Continues(OURS));
    }

    #[test]
    fn closed_interactions_open_again_within_their_window() {
        let day_ms = 86_400_000;
        let now = Timestamp::from_millis(100 * day_ms);
        let mut thread = thread(None, "olena@example.ua");
        assert_eq!(continuation(&thread, now, 0), Continuation::Open);
        thread.closed_at = Some(Timestamp::from_millis(95 * day_ms));
        assert_eq!(continuation(&thread, now, 14 * day_ms), Continuation::Reopens);
        assert_eq!(continuation(&thread, now, 5 * day_ms), Continuation::FollowUp);
        assert_eq!(continuation(&thread, now, 0), Continuation::FollowUp);
    }
}
