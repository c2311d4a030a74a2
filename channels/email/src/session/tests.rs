use super::*;

fn config(protocol: Protocol) -> SessionConfig {
    SessionConfig {
        protocol,
        host_name: "bank.example".to_owned(),
        message_bytes: 100_000,
        recipients: 3,
        errors: 5,
        starttls: false,
    }
}

/// Runs a whole script through a session, in pieces of `piece` bytes, and returns the replies and
/// the mails. Addresses that start with `ours` are accepted.
fn run_in_pieces(protocol: Protocol, script: &str, piece: usize) -> (String, Vec<ReceivedMail>) {
    let mut session = Session::new(config(protocol));
    let mut replies = String::new();
    let mut mails = Vec::new();
    'pieces: for bytes in script.as_bytes().chunks(piece) {
        let mut input = bytes.iter();
        loop {
            match session.advance(&mut input) {
                Step::NeedInput => break,
                Step::Recipient(address) => session.recipient(if address.starts_with("ours") {
                    RecipientAnswer::Accepted
                } else {
                    RecipientAnswer::Unknown
                }),
                Step::Reserve(_) => session.reserved(true),
                Step::Deliver(mail) => {
                    session.delivered(true, mail.recipients.len());
                    mails.push(mail);
                }
                Step::StartTls | Step::Close => {
                    replies += &String::from_utf8_lossy(session.replies());
                    session.clear_replies();
                    break 'pieces;
                }
            }
        }
        replies += &String::from_utf8_lossy(session.replies());
        session.clear_replies();
    }
    (replies, mails)
}

/// The same whatever the network cuts it into.
#[track_caller]
fn run(protocol: Protocol, script: &str) -> (Vec<String>, Vec<ReceivedMail>) {
    let whole = run_in_pieces(protocol, script, script.len());
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(run_in_pieces(protocol, script, piece), whole, "in pieces of {piece}");
    }
    let codes = whole.0.lines().map(|line| line[..3].to_owned()).collect();
    (codes, whole.1)
}

const ENVELOPE: &str = "EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ours@x.example>\r\n";

fn after_envelope(script: &str) -> (Vec<String>, Vec<ReceivedMail>) {
    let (codes, mails) = run(Protocol::Smtp, &format!("{ENVELOPE}{script}"));
    let skipped = 1 + 7 + 2;
    (codes[skipped..].to_vec(), mails)
}

#[test]
fn a_pipelined_mail_arrives_with_dots_unstuffed() {
    let (codes, mails) = after_envelope("DATA\r\nFrom: a\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    assert_eq!(codes, ["354", "250", "221"]);
    assert_eq!(mails[0].raw, "From: a\r\n\r\n.dot\r\n");
    assert_eq!(mails[0].mail_from, "a@b.example");
    assert_eq!(mails[0].recipients, ["ours@x.example"]);
}

#[test]
fn an_empty_mail_ends_at_once() {
    let (codes, mails) = after_envelope("DATA\r\n.\r\nNOOP\r\n");
    assert_eq!(codes, ["354", "250", "250"]);
    assert_eq!(mails[0].raw, "");
}

#[test]
fn only_a_dot_between_carriage_returns_and_line_feeds_ends_a_mail() {
    for smuggled in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r\n.\0\r\n"] {
        let script = format!("DATA\r\nx{smuggled}MAIL FROM:<evil@x>\r\ny\r\n.\r\n");
        let (codes, mails) = after_envelope(&script);
        assert_eq!(codes, ["354", "250"], "{smuggled:?}");
        assert_eq!(mails.len(), 1, "{smuggled:?}");
        assert!(mails[0].raw.ends_with(b"y\r\n"));
    }
}

#[test]
fn nothing_is_relayed() {
    let (codes, mails) =
        run(Protocol::Smtp, "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<other@y>\r\nDATA\r\n");
    assert_eq!(codes, ["220", "250", "250", "550", "503"]);
    assert_eq!(mails, []);
}

#[test]
fn lmtp_answers_for_each_recipient_and_delivers_once() {
    let script = "LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<ours1@x>\r\nRCPT TO:<no@x>\r\n\
                  RCPT TO:<ours2@x>\r\nDATA\r\nx\r\n.\r\nEHLO c\r\n";
    let (codes, mails) = run(Protocol::Lmtp, script);
    assert_eq!(codes[8..], ["250", "250", "550", "250", "354", "250", "250", "500"]);
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].mail_from.as_str(), mails[0].recipients.len()), ("", 2));
}

#[test]
fn chunks_are_put_together() {
    let (codes, mails) = after_envelope("BDAT 5\r\nFrom:BDAT 6 LAST\r\n a\r\n\r\nNOOP\r\n");
    assert_eq!(codes, ["250", "250", "250"]);
    assert_eq!(mails[0].raw, "From: a\r\n\r\n");
}

#[test]
fn sizes_are_limited_before_and_while() {
    let (codes, _) = run(Protocol::Smtp, "EHLO c\r\nMAIL FROM:<a@b> SIZE=100001\r\n");
    assert_eq!(codes.last().expect("a reply"), "552");
    let large = "x".repeat(99).repeat(1_100);
    let (codes, mails) = after_envelope(&format!("DATA\r\n{large}\r\n.\r\nNOOP\r\n"));
    assert_eq!(codes, ["354", "552", "250"]);
    assert_eq!(mails, []);
    let (codes, mails) = after_envelope(&format!("BDAT 108900 LAST\r\n{large}NOOP\r\n"));
    assert_eq!((codes, mails), (vec!["552".to_owned(), "250".to_owned()], vec![]));
}

#[test]
fn recipients_errors_and_order_are_limited() {
    let many = "RCPT TO:<ours@x>\r\n".repeat(3);
    let (codes, _) = after_envelope(&many);
    assert_eq!(codes, ["250", "250", "452"]);
    let (codes, _) = run(Protocol::Smtp, &"NONSENSE\r\n".repeat(20));
    assert_eq!(codes.len(), 1 + 6 + 1);
    assert_eq!(codes.last().expect("a reply"), "421");
    let (codes, _) = run(Protocol::Smtp, "MAIL FROM:<a@b>\r\nRCPT TO:<ours@x>\r\nDATA\r\n");
    assert_eq!(codes, ["220", "503", "503", "503"]);
}

#[test]
fn large_mails_ask_for_memory_and_can_be_put_off() {
    let mut session =
        Session::new(SessionConfig { message_bytes: 5_000_000, ..config(Protocol::Smtp) });
    let large = "x".repeat(2_000_000);
    let script = format!("{ENVELOPE}DATA\r\n{large}\r\n.\r\nNOOP\r\n");
    let mut asked = 0;
    for piece in script.as_bytes().chunks(10_000) {
        let mut input = piece.iter();
        loop {
            match session.advance(&mut input) {
                Step::NeedInput => break,
                Step::Recipient(_) => session.recipient(RecipientAnswer::Accepted),
                Step::Reserve(bytes) => {
                    assert_eq!(bytes, 5_000_000, "no size was declared: the largest");
                    asked += 1;
                    session.reserved(false);
                }
                Step::Deliver(_) | Step::StartTls | Step::Close => panic!("not expected"),
            }
        }
    }
    assert_eq!(asked, 1);
    let replies = String::from_utf8_lossy(session.replies()).into_owned();
    assert!(replies.ends_with(&format!("{NO_MEMORY}\r\n250 2.0.0 OK\r\n")), "{replies}");
}
