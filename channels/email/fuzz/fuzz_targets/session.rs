//! Whatever a client sends: a session ends or asks for more, and keeps to its limits.
#![no_main]

use channel_email::session::{Protocol, RecipientAnswer, Session, SessionConfig, Step};
use libfuzzer_sys::fuzz_target;

const MESSAGE_BYTES: usize = 64 * 1024;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (lmtp, piece, script) = input;
    let mut session = Session::new(SessionConfig {
        protocol: if lmtp { Protocol::Lmtp } else { Protocol::Smtp },
        host_name: "bank.example".to_owned(),
        message_bytes: MESSAGE_BYTES,
        recipients: 10,
        errors: 20,
        starttls: true,
    });
    for bytes in script.chunks(usize::from(piece).max(1)) {
        let mut input = bytes.iter();
        loop {
            match session.advance(&mut input) {
                Step::NeedInput => break,
                Step::Recipient(_) => session.recipient(RecipientAnswer::Accepted),
                Step::Reserve(_) => session.reserved(false),
                Step::Deliver(mail) => {
                    assert!(mail.raw.len() <= MESSAGE_BYTES);
                    session.delivered(true, mail.recipients.len());
                }
                Step::StartTls => session.secured(),
                Step::Close => return,
            }
        }
        session.clear_replies();
    }
});
