use channel_contract::{Authentication, ReportAction};

use super::*;
use crate::intake::config::IntakeConfig;
use crate::intake::mailbox::Mailboxes;
use crate::intake::testing::{CountingIds, answer, mail};
use crate::routing::Routing;
use crate::rule::RuleSet;

const GENERAL: QueueId = QueueId::from_u128(71);
const CARDS: QueueId = QueueId::from_u128(72);
const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn settings() -> Settings {
    let mailbox = |address: &str, queue: &str| Mailbox {
        address: address.to_owned(),
        display_name: "Bank".to_owned(),
        queue: queue.to_owned(),
        signature: String::new(),
    };
    let mailboxes = Mailboxes::new(
        vec![mailbox("info@bank.example", "General"), mailbox("cards@bank.example", "Cards")],
        "bounces@bank.example",
    );
    Settings::new(IntakeConfig::default(), mailboxes, "Bank Example", true).expect("templates")
}

fn queue(id: QueueId, name: &str) -> QueueName {
    QueueName { id, name: name.to_owned(), reopen_within_days: None }
}

fn known() -> Known {
    Known {
        queues: vec![queue(CARDS, "Cards"), queue(GENERAL, "General")],
        next_number: 100,
        ..Known::default()
    }
}

fn nobody() -> Resolution {
    Resolution {
        client: None,
        name: String::new(),
        how: "none",
        candidates: 0,
        vip: false,
        created: false,
        has_file: false,
    }
}

fn client(id: u128) -> Resolution {
    Resolution { client: Some(ClientId::from_u128(id)), how: "email", candidates: 1, ..nobody() }
}

/// One of the bank, not only a prospect.
fn client_with_file(id: u128) -> Resolution {
    Resolution { has_file: true, ..client(id) }
}

/// What the plan does with each message, as text: `new #100 queued ack`, `adds #7 wakes`.
fn plan<'a>(batch: &'a [InboundMessage], known: Known, resolution: &Resolution) -> Plan<'a> {
    let resolutions = vec![resolution.clone(); batch.len()];
    let (set, routing) = (RuleSet::default(), Routing::default());
    let rules = Rules { set: &set, routing: &routing };
    decide(batch, known, &resolutions, (&settings(), rules), &CountingIds::from(1_000), NOW)
}

fn old_thread(closed_at: Option<Timestamp>) -> Known {
    let id = InteractionId::from_u128(7);
    let thread = Thread {
        client: Some(ClientId::from_u128(1)),
        queue: CARDS,
        agent: Some(AgentId::from_u128(5)),
        closed_at,
        participants: BTreeSet::from(["olena@example.ua".to_owned()]),
    };
    let ours = |message, automatic| Referred {
        message: MessageId::from_u128(message),
        interaction: id,
        outbound: true,
        automatic,
    };
    let mut known = known();
    known.threads.by_id.insert(id, thread);
    known.threads.by_number.insert(7, id);
    known.threads.by_message_id.insert("ours@bank.example".to_owned(), ours(70, false));
    known.threads.by_message.insert(MessageId::from_u128(70), ours(70, false));
    known.threads.by_message.insert(MessageId::from_u128(71), ours(71, true));
    known
}

fn reply_to_ours(id: &str) -> InboundMessage {
    let mut message = mail(id, "olena@example.ua");
    message.thread.in_reply_to = vec!["ours@bank.example".to_owned()];
    message
}

#[test]
fn a_first_mail_opens_an_interaction_in_the_queue_of_its_mailbox() {
    let mut message = mail("a", "Olena@Example.ua");
    message.envelope.recipients = vec!["CARDS+x@bank.example".to_owned()];
    let batch = [message];
    let plan = plan(&batch, known(), &client(1));
    let [interaction] = &plan.interactions[..] else { panic!("{:?}", plan.interactions) };
    assert_eq!((interaction.number, interaction.queue, interaction.unread), (100, CARDS, 1));
    assert_eq!(interaction.mailbox, "cards@bank.example");
    assert_eq!(interaction.from_key, "olena@example.ua");
    assert_eq!(interaction.identified_by, "email");
    let [Input::ContactArrived(arrival)] = &plan.inputs[..] else { panic!("{:?}", plan.inputs) };
    assert_eq!((arrival.interaction, arrival.queue), (interaction.id, CARDS));
    let [acknowledgement] = &plan.acknowledgements[..] else { panic!("one acknowledgement") };
    assert!(acknowledgement.subject.contains("[#100]"), "{}", acknowledgement.subject);
    assert_eq!(acknowledgement.from.address, "cards@bank.example");
    assert_eq!(acknowledgement.references, ["a@example.ua"]);
}

#[test]
fn only_a_sender_who_is_vouched_for_opens_a_file() {
    let opened = |authentication: Authentication, is_history: bool, who: &Resolution| {
        let mut message = mail("a", "olena@example.ua");
        message.authentication = authentication;
        message.origin.is_history = is_history;
        let batch = [message];
        let mut plan = plan(&batch, known(), who);
        let interaction = plan.interactions.remove(0);
        assert!(interaction.client.is_some(), "it is on the client's timeline in any case");
        (interaction.identified_by, interaction.candidates)
    };
    let verdict = |dmarc| Authentication { dmarc, ..Authentication::default() };
    let (vouched, disowned) =
        (verdict(AuthenticationResult::Pass), verdict(AuthenticationResult::Fail));
    let file = client_with_file(1);
    assert_eq!(opened(vouched.clone(), false, &file), ("email", 1));
    assert_eq!(opened(disowned.clone(), false, &file), ("proposed", 1));
    assert_eq!(opened(Authentication::default(), false, &file), ("proposed", 1));
    // What an agent once chose for the address says whose it is, not who writes.
    let chosen = Resolution { how: "chosen", ..file.clone() };
    assert_eq!(opened(Authentication::default(), false, &chosen), ("proposed", 1));
    // The past opens nothing before anybody, and a prospect has nothing to hide.
    assert_eq!(opened(Authentication::default(), true, &file), ("email", 1));
    assert_eq!(opened(disowned, false, &client(1)), ("email", 1));
}

#[test]
fn a_repetition_is_counted_and_nothing_else() {
    let mut before = known();
    before.repeated.insert("a@example.ua".to_owned());
    let batch = [mail("a", "olena@example.ua"), mail("b", "x@y.ua"), mail("b", "x@y.ua")];
    let plan = plan(&batch, before, &nobody());
    assert_eq!(plan.is_repeated, [true, false, true]);
    assert_eq!((plan.interactions.len(), plan.messages.len(), plan.repeats.len()), (1, 1, 2));
    assert_eq!(plan.inputs.len(), 1);
}

#[test]
fn question_and_answer_in_one_batch_share_an_interaction() {
    let batch = [mail("a", "olena@example.ua"), answer("b", "olena@example.ua", "a")];
    let plan = plan(&batch, known(), &nobody());
    assert_eq!(plan.interactions.len(), 1);
    assert_eq!(plan.interactions[0].unread, 2);
    assert_eq!(plan.messages[1].interaction, plan.interactions[0].id);
    assert!(matches!(plan.inputs[..], [Input::ContactArrived(_), Input::ContactContinued { .. }]));
    let strangers = [mail("a", "olena@example.ua"), answer("b", "other@example.net", "a")];
    let plan = super::tests::plan(&strangers, known(), &nobody());
    assert_eq!(plan.interactions.len(), 2);
    assert_eq!(plan.hints.len(), 1);
}

#[test]
fn an_answer_wakes_an_open_interaction_and_gets_no_acknowledgement() {
    let batch = [reply_to_ours("a")];
    let plan = plan(&batch, old_thread(None), &client(1));
    assert!(plan.interactions.is_empty() && plan.acknowledgements.is_empty());
    assert!(matches!(plan.inputs[..], [Input::ContactContinued { .. }]));
    assert_eq!(plan.touched[&InteractionId::from_u128(7)].unread, 1);
    assert!(plan.messages[0].continues);
}

#[test]
fn a_closed_interaction_opens_again_once_at_its_agent() {
    let batch = [reply_to_ours("a"), reply_to_ours("b")];
    let yesterday = NOW.plus_millis(-86_400_000);
    let plan = plan(&batch, old_thread(Some(yesterday)), &client(1));
    let [Input::ContactArrived(arrival), Input::ContactContinued { .. }] = &plan.inputs[..] else {
        panic!("{:?}", plan.inputs)
    };
    assert_eq!(arrival.preferred, Some(AgentId::from_u128(5)));
    assert_eq!(arrival.queue, CARDS);
    assert_eq!(plan.touched[&InteractionId::from_u128(7)].unread, 2);
}

#[test]
fn an_old_interaction_is_followed_by_a_new_one() {
    let batch = [reply_to_ours("a")];
    let last_year = NOW.plus_millis(-365 * 86_400_000);
    let plan = plan(&batch, old_thread(Some(last_year)), &client(1));
    assert_eq!(plan.interactions.len(), 1);
    assert_eq!(plan.hints[0].1, InteractionId::from_u128(7));
    assert_eq!(plan.hints[0].2, Hint::Follows);
}

#[test]
fn an_automatic_answer_never_makes_work() {
    for closed_at in [None, Some(NOW)] {
        let mut message = reply_to_ours("a");
        message.kind = MessageKind::AutoReply;
        let batch = [message];
        let plan = plan(&batch, old_thread(closed_at), &client(1));
        assert!(plan.inputs.is_empty() && plan.interactions.is_empty(), "{:?}", plan.inputs);
        assert_eq!(plan.touched[&InteractionId::from_u128(7)].unread, 0);
    }
    let mut message = mail("a", "robot@example.ua");
    message.kind = MessageKind::AutoReply;
    let batch = [message];
    let plan = plan(&batch, known(), &nobody());
    assert!(plan.inputs.is_empty() && plan.interactions[0].is_closed);
    assert!(plan.acknowledgements.is_empty());
}

fn bounce(message: Option<u128>, action: ReportAction) -> InboundMessage {
    let mut bounce = mail("dsn", "mailer-daemon@example.ua");
    bounce.kind = MessageKind::Bounce;
    bounce.envelope.mail_from = Some(String::new());
    bounce.reports = vec![DeliveryReport {
        message: message.map(MessageId::from_u128),
        original_message_id: None,
        recipient: "olena@example.ua".to_owned(),
        action,
        status: "5.1.1".to_owned(),
        reply_code: Some(550),
        reason: "no such user".to_owned(),
    }];
    bounce
}

#[test]
fn a_bounce_marks_the_message_and_calls_the_agent() {
    let batch = [bounce(Some(70), ReportAction::Failed)];
    let plan = plan(&batch, old_thread(Some(NOW)), &nobody());
    assert_eq!(plan.reported[0].message, MessageId::from_u128(70));
    let What::Delivery(report) = &plan.reported[0].what else { panic!("a delivery report") };
    assert_eq!((report.state, report.is_hard), (State::Failed, true));
    assert_eq!(report.detail, "olena@example.ua: 5.1.1 no such user");
    assert!(matches!(plan.inputs[..], [Input::ContactArrived(_)]));
    assert!(plan.interactions.is_empty());
}

#[test]
fn a_bounce_of_an_acknowledgement_or_a_delay_calls_nobody() {
    for (message, action) in [(71, ReportAction::Failed), (70, ReportAction::Delayed)] {
        let batch = [bounce(Some(message), action)];
        let plan = plan(&batch, old_thread(Some(NOW)), &nobody());
        assert_eq!(plan.reported.len(), 1);
        assert!(plan.inputs.is_empty(), "{:?}", plan.inputs);
    }
}

#[test]
fn a_bounce_that_belongs_nowhere_is_kept() {
    let batch = [bounce(None, ReportAction::Failed)];
    let plan = plan(&batch, known(), &nobody());
    assert!(plan.inputs.is_empty() && plan.interactions[0].is_closed);
    assert_eq!(plan.messages.len(), 1);
}

#[test]
fn what_cannot_be_read_waits_in_the_queue_of_its_mailbox() {
    let mut message = mail("a", "olena@example.ua");
    message.readable = false;
    message.from = None;
    message.envelope.recipients = vec!["cards@bank.example".to_owned()];
    let batch = [message];
    let plan = plan(&batch, known(), &nobody());
    assert!(!plan.interactions[0].readable);
    assert_eq!(plan.interactions[0].queue, CARDS);
    assert!(matches!(plan.inputs[..], [Input::ContactArrived(_)]));
    assert!(plan.acknowledgements.is_empty());
}

#[test]
fn one_acknowledgement_for_one_sender() {
    let batch = [mail("a", "olena@example.ua"), mail("b", "olena@example.ua")];
    let first = plan(&batch, known(), &nobody());
    assert_eq!((first.interactions.len(), first.acknowledgements.len()), (2, 1));
    let mut later = known();
    later.acknowledged.insert("olena@example.ua".to_owned(), NOW.plus_millis(-3_600_000));
    assert!(plan(&batch, later, &nobody()).acknowledgements.is_empty());
}

#[test]
fn nobody_who_must_not_get_an_acknowledgement_gets_one() {
    let changed = |change: fn(&mut InboundMessage)| {
        let mut message = mail("a", "olena@example.ua");
        change(&mut message);
        message
    };
    let cases: [(&str, InboundMessage); 6] = [
        ("list", changed(|message| message.kind = MessageKind::List)),
        ("null path", changed(|message| message.envelope.mail_from = Some(String::new()))),
        ("forged", changed(|m| m.authentication.dmarc = AuthenticationResult::Fail)),
        ("noreply", mail("a", "no-reply@example.ua")),
        ("daemon", mail("a", "MAILER-DAEMON@example.ua")),
        ("own", mail("a", "cards@bank.example")),
    ];
    for (name, message) in cases {
        let batch = [message];
        let plan = plan(&batch, known(), &nobody());
        assert!(plan.acknowledgements.is_empty(), "{name}");
        assert_eq!(plan.inputs.len(), 1, "{name}: a person still looks at it");
    }
}

#[test]
fn a_contact_that_was_opened_too_often_waits_an_hour() {
    let yesterday = NOW.plus_millis(-86_400_000);
    let id = InteractionId::from_u128(7);
    let opened = |subject: String, count| {
        let mut known = old_thread(Some(yesterday));
        let window_began_at = NOW.plus_millis(-60_000);
        known.openings.insert(subject, Openings { window_began_at, count });
        known
    };
    let batch = [reply_to_ours("a"), reply_to_ours("b")];
    for (subject, limit) in
        [(reopening::of_interaction(id), 6), (reopening::of_sender("olena@example.ua"), 30)]
    {
        let held = plan(&batch, opened(subject.clone(), limit), &client(1));
        assert!(held.inputs.is_empty(), "{:?}", held.inputs);
        let open_at = NOW.plus_millis(reopening::WINDOW_MS - 60_000);
        assert_eq!(held.held, [(id, open_at), (id, open_at)]);
        assert_eq!(held.touched[&id].unread, 2, "nothing is lost");
        let free = plan(&batch, opened(subject.clone(), limit - 1), &client(1));
        assert_eq!((free.inputs.len(), free.held.len()), (2, 0));
        assert_eq!(free.openings[&subject].count, limit);
    }
    let bounces = [bounce(Some(70), ReportAction::Failed)];
    let held = plan(&bounces, opened(reopening::of_interaction(id), 6), &nobody());
    assert!(held.inputs.is_empty() && held.reported.len() == 1, "reports loop too");
}

#[test]
fn a_queue_decides_whether_an_old_contact_opens_or_is_followed() {
    let batch = [reply_to_ours("a")];
    let last_week = NOW.plus_millis(-7 * 86_400_000);
    for (days, opens) in [(None, true), (Some(8), true), (Some(7), false), (Some(0), false)] {
        let mut known = old_thread(Some(last_week));
        known.queues[0].reopen_within_days = days;
        let plan = plan(&batch, known, &client(1));
        assert_eq!(plan.interactions.is_empty(), opens, "{days:?}");
    }
}

#[test]
fn a_robot_with_many_addresses_gets_no_acknowledgement_for_ever() {
    let mut busy = known();
    busy.acknowledged_lately = 1_999;
    let batch = [mail("a", "one@example.ua"), mail("b", "two@example.ua")];
    let plan = plan(&batch, busy, &nobody());
    assert_eq!((plan.acknowledgements.len(), plan.inputs.len()), (1, 2));
}

#[test]
fn a_complaint_is_counted_on_the_address_and_seen_by_a_person() {
    let mut complaint = bounce(Some(70), ReportAction::Delivered);
    complaint.kind = MessageKind::Complaint;
    let batch = [complaint];
    let plan = plan(&batch, old_thread(Some(NOW)), &nobody());
    assert!(matches!(
        &plan.reported[0].what,
        What::Complaint { recipient, .. } if recipient == "olena@example.ua"
    ));
    assert!(matches!(plan.inputs[..], [Input::ContactArrived(_)]));
}
