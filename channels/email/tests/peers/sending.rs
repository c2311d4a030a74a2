//! Sending through a real server and back: our answer lies in a mailbox, and what the client
//! answers to it is proved to belong to the same interaction.

use bytes::Bytes;
use channel_contract::base::Timestamp;
use channel_contract::base::id::{InteractionId, MessageId};
use channel_contract::{Channel, Outbound, OutboundMessage, Party, PerformError, Performed};
use channel_email::EmailChannel;
use channel_email::config::{EmailConfig, RelayConfig};

use crate::dovecot::{Dovecot, USER};
use crate::postfix::Postfix;
use crate::support::{Running, config, free_port, wait_until};

fn answer(to: &str) -> OutboundMessage {
    OutboundMessage {
        message: MessageId::from_u128(1),
        interaction: InteractionId::from_u128(2),
        written_at: Timestamp::from_seconds(1_795_428_000),
        from: Party { name: "Банк".to_owned(), address: "info@bank.example".to_owned() },
        to: vec![Party { name: String::new(), address: to.to_owned() }],
        cc: vec![],
        bcc: vec![],
        deliver_to: vec![],
        subject: "Re: Картка".to_owned(),
        text: "Добрий день!\n.\nТак.".to_owned(),
        in_reply_to: Some("q@shop.example".to_owned()),
        references: vec![],
        attachments: vec![],
        automatic: false,
    }
}

fn through(port: u16) -> EmailConfig {
    let relay = RelayConfig {
        host: "127.0.0.1".to_owned(),
        port,
        timeout_seconds: 5,
        ..RelayConfig::default()
    };
    EmailConfig { relay, bounce_address: "bounces@bank.example".to_owned(), ..config() }
}

/// Sends one mail to the bank itself.
pub(crate) async fn send_one(config: EmailConfig) -> Result<Performed, PerformError> {
    let channel = EmailChannel::new(config, b"another secret");
    channel.perform(&Outbound::SendMessage(Box::new(answer("info@bank.example")))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_reaches_the_mailbox_and_its_answer_comes_back_threaded() {
    let dovecot = Dovecot::start().await;
    let running = Running::start(config()).await;
    let postfix = Postfix::start(&dovecot, &running).await;
    let channel = EmailChannel::new(through(postfix.port), b"a secret for tests");
    let command = Outbound::SendMessage(Box::new(answer(&format!("{USER}@shop.example"))));
    let first = channel.perform(&command).await.unwrap();
    assert!(first.receipt.starts_with("250 "), "{}", first.receipt);
    let again = channel.perform(&command).await.unwrap();
    assert_eq!(first.external_id, again.external_id, "two attempts, one mail");
    wait_until("the mail in the mailbox", || !dovecot.files("new").is_empty()).await;
    let file = dovecot.maildir().join("new").join(&dovecot.files("new")[0]);
    let raw = std::fs::read(file).unwrap();
    let mail = channel_email::mime::read(&raw);
    assert_eq!(mail.subject, "Re: Картка");
    assert_eq!(mail.text.trim(), "Добрий день!\n.\nТак.");
    assert_eq!(mail.message_id.as_deref(), Some(first.external_id.as_str()));

    // The client answers, from another address even: the signed Message-ID proves where to.
    let reply = format!(
        "From: other@shop.example\r\nTo: info@bank.example\r\nSubject: Re: Re:\r\nMessage-ID: \
         <r@shop.example>\r\nReferences: <{}>\r\n\r\nДякую\r\n",
        first.external_id
    );
    postfix.submit("other@shop.example", "info@bank.example", &reply).await;
    let messages = running.host.wait_for(1).await;
    assert_eq!(messages[0].thread.proved, Some(InteractionId::from_u128(2)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_to_nobody_comes_back_as_a_report_on_the_exact_message() {
    let dovecot = Dovecot::start().await;
    let running = Running::start(config()).await;
    let postfix = Postfix::start(&dovecot, &running).await;
    let channel = EmailChannel::new(through(postfix.port), b"a secret for tests");
    // Postfix takes it and finds out later that it is refused where it should go.
    let command = Outbound::SendMessage(Box::new(answer("nobody@refused.example")));
    channel.perform(&command).await.unwrap();
    let messages = running.host.wait_for(1).await;
    let [report] = messages[0].reports.as_slice() else { panic!("{:?}", messages[0]) };
    assert_eq!(report.message, Some(MessageId::from_u128(1)));
    assert_eq!(report.recipient, "nobody@refused.example");
    assert_eq!((report.status.as_str(), report.reply_code), ("5.7.1", Some(550)), "{report:?}");
    assert_eq!(messages[0].unanswerable.as_deref(), Some("bounce"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_final_and_absences_are_not() {
    let running = Running::start(config()).await;
    // Our own listener refuses strangers for good.
    let channel = EmailChannel::new(through(running.address("smtp").port()), b"another secret");
    let refused = channel
        .perform(&Outbound::SendMessage(Box::new(answer("stranger@elsewhere.example"))))
        .await;
    assert!(
        matches!(&refused, Err(PerformError::Permanent(text)) if text.contains("550")),
        "{refused:?}"
    );
    running.host.broken.store(true, std::sync::atomic::Ordering::SeqCst);
    let command = Outbound::SendMessage(Box::new(answer("info@bank.example")));
    let put_off = channel.perform(&command).await;
    assert!(
        matches!(&put_off, Err(PerformError::Temporary(text)) if text.contains("451")),
        "{put_off:?}"
    );
    let gone = EmailChannel::new(through(free_port()), b"another secret");
    let gone = gone.perform(&command).await;
    assert!(matches!(gone, Err(PerformError::Temporary(_))), "{gone:?}");
    let bad = Outbound::SendMessage(Box::new(answer("no address")));
    assert!(matches!(channel.perform(&bad).await, Err(PerformError::Permanent(_))));
    let empty = EmailChannel::new(config(), b"another secret");
    let text = empty.perform(&command).await.unwrap_err().to_string();
    assert!(text.contains("channels.email.relay.host"), "{text}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_falls_silent_does_not_hold_up_the_sender() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut config = through(port);
    config.relay.timeout_seconds = 1;
    let keep = tokio::spawn(async move {
        let mut sockets = Vec::new();
        while let Ok((socket, _)) = silent.accept().await {
            sockets.push((socket, Bytes::new()));
        }
    });
    let channel = EmailChannel::new(config, b"another secret");
    let command = Outbound::SendMessage(Box::new(answer("info@bank.example")));
    let result = channel.perform(&command).await;
    assert!(matches!(&result, Err(PerformError::Temporary(_))), "{result:?}");
    keep.abort();
}
