//! Whatever the bytes: reading ends, and what it says can be stored and shown.

use channel_email::inspect::{Inspection, inspect};
use proptest::prelude::*;

/// Pieces from which mails are put together, right and wrong.
const PIECES: [&str; 40] = [
    "From: ",
    "To: ",
    "Subject: ",
    "Date: ",
    "Message-ID: ",
    "References: ",
    "Content-Type: ",
    "Content-Transfer-Encoding: ",
    "Content-Disposition: attachment; filename=",
    "multipart/mixed; boundary=b",
    "multipart/alternative; boundary=\"b",
    "message/rfc822",
    "message/delivery-status",
    "multipart/report; report-type=delivery-status; boundary=b",
    "text/plain; charset=windows-1251",
    "text/html; charset=utf-16",
    "text/plain; format=flowed",
    "base64",
    "quoted-printable",
    "--b",
    "--b--",
    "\r\n",
    "\n",
    "\r\n\r\n",
    "=?utf-8?B?",
    "=?windows-1251?Q?=CF",
    "?=",
    "<a@b.example>",
    "\"",
    "(",
    "> ",
    "-- \r\n",
    "З повагою,\r\n",
    " пише:\r\n",
    "<div><blockquote>",
    "</div>",
    "<img src=cid:x>",
    "&#x0;",
    "\0",
    "\u{202e}",
];

fn mail() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => (0..PIECES.len()).prop_map(|index| PIECES[index].as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn check(inspection: &Inspection) {
    let one_line = |text: &str| !text.chars().any(char::is_control);
    assert!(one_line(&inspection.subject), "{:?}", inspection.subject);
    let parties = inspection.from.iter().chain(&inspection.to).chain(&inspection.cc);
    for party in parties {
        assert!(one_line(&party.name) && one_line(&party.address), "{party:?}");
    }
    for attachment in &inspection.attachments {
        assert!(one_line(&attachment.name) && !attachment.name.is_empty(), "{attachment:?}");
        assert!(!attachment.name.contains(['/', '\\']), "{attachment:?}");
    }
    for text in [&inspection.text, &inspection.reply_text] {
        let strange = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!text.chars().any(strange), "{text:?}");
    }
    let empty = |text: &str| text.trim().is_empty();
    assert_eq!(empty(&inspection.text), empty(&inspection.reply_text), "{:?}", inspection.text);
    let html = inspection.html.as_deref().unwrap_or_default().to_lowercase();
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        assert!(!tag.starts_with("script") && !tag.contains("=\"javascript:"), "{tag}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_mails(raw in mail()) {
        let inspection = inspect(&raw, &super::policy());
        prop_assert!(!inspection.defects.iter().any(|defect| defect.code == "reader_failed"));
        check(&inspection);
    }

    #[test]
    fn noise(raw in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let inspection = inspect(&raw, &super::policy());
        prop_assert!(!inspection.defects.iter().any(|defect| defect.code == "reader_failed"));
        check(&inspection);
    }
}
