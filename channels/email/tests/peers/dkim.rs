//! Our signatures, read by a verifier that is not ours: dkimpy (Debian: python3-dkim).

use std::io::Write;
use std::process::{Command, Stdio};

use channel_contract::base::Timestamp;
use channel_contract::base::id::{InteractionId, MessageId};
use channel_contract::{OutboundAttachment, OutboundMessage, Party};
use channel_email::compose::compose;
use channel_email::dkim::Dkim;
use channel_email::thread::Signer;

/// The Debian interpreter, whatever else is on the path.
const PYTHON: &str = "/usr/bin/python3";
/// Takes the records as arguments and the mail on its input; prints one word for each signature.
const VERIFY: &str = "
import sys, dkim
records = dict(one.split('=', 1) for one in sys.argv[1:])
def dns(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return records.get(name.rstrip('.'), '').encode()
mail = sys.stdin.buffer.read()
count = mail.split(b'\\r\\n\\r\\n')[0].lower().count(b'dkim-signature:')
for index in range(count):
    try:
        print('pass' if dkim.DKIM(mail).verify(idx=index, dnsfunc=dns) else 'fail')
    except dkim.ValidationError:
        print('fail')
";

fn keys() -> Dkim {
    let mut dkim = Dkim::default();
    let rsa = include_bytes!("../keys/rsa2048.pem");
    let ed25519 = include_bytes!("../keys/ed25519.pem");
    dkim.add("bank.example", "rsa1", rsa).unwrap();
    dkim.add("bank.example", "ed1", ed25519).unwrap();
    dkim
}

fn signed() -> Vec<u8> {
    let message = OutboundMessage {
        message: MessageId::from_u128(1),
        interaction: InteractionId::from_u128(2),
        written_at: Timestamp::from_seconds(1_795_428_000),
        from: Party { name: "Банк".to_owned(), address: "info@bank.example".to_owned() },
        to: vec![Party { name: "Олена".to_owned(), address: "olena@shop.example".to_owned() }],
        cc: vec![],
        bcc: vec![],
        deliver_to: vec![],
        subject: "Re: Картка ".repeat(20),
        text: "Добрий день!\n\n.\nFrom here  \n\n\n".to_owned(),
        in_reply_to: Some("q@shop.example".to_owned()),
        references: vec![],
        attachments: vec![OutboundAttachment {
            name: "Виписка.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            content: vec![7; 10_000].into(),
        }],
        automatic: false,
    };
    let signer = Signer::new(b"a secret of the bank", "bank.example");
    let composed = compose(&message, &signer, "bounces@bank.example").unwrap();
    keys().sign("info@bank.example", composed.bytes).unwrap()
}

fn verified(mail: &[u8]) -> Vec<String> {
    let records = keys();
    let records = records.records().map(|record| format!("{}={}", record.name, record.text));
    let mut child = Command::new(PYTHON)
        .args(["-c", VERIFY])
        .args(records)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(ToOwned::to_owned).collect()
}

#[test]
fn another_verifier_believes_our_signatures_and_not_a_changed_mail() {
    let probe = Command::new(PYTHON).args(["-c", "import dkim, nacl"]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: no python3-dkim with python3-nacl");
        return;
    }
    let mail = signed();
    assert_eq!(verified(&mail), ["pass", "pass"], "{}", String::from_utf8_lossy(&mail));
    let mail = String::from_utf8(mail).unwrap();
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    for changed in [
        format!("{head}\r\n\r\nx{body}"),
        format!("From: ceo@bank.example\r\n{mail}"),
        format!("Subject: another\r\n{mail}"),
        mail.replacen("olena@shop.example", "petro@shop.example", 1),
    ] {
        assert_eq!(verified(changed.as_bytes()), ["fail", "fail"], "{changed}");
    }
}
