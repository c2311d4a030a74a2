//! The codec as a whole: what other parsers get wrong, what RFC 4475 and RFC 5118 are about,
//! and whatever chance sends.

use proptest::prelude::*;

use super::essentials::essentials;
use super::parse::{Defect, Parsed, Refusal, parse};
use super::screening::screen;
use super::write::write;
use super::*;

const HEAD: &str = "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1;rport\r\n\
    From: \"Olena\" <sip:olena@example.com>;tag=1\r\n\
    To: <sip:bank@example.com>\r\n\
    Call-ID: c1@192.0.2.1\r\n\
    CSeq: 1 INVITE\r\n\
    Max-Forwards: 70\r\n";

fn message(text: impl Into<Vec<u8>>) -> Message {
    match parse(&Bytes::from(text.into())).expect("a message") {
        Parsed::Message(message, _) => message,
        Parsed::KeepAlive => panic!("only line ends"),
    }
}

fn invite(more: &str) -> Message {
    message(format!("INVITE sip:bank@example.com SIP/2.0\r\n{HEAD}{more}\r\n"))
}

fn refusal(text: impl Into<Vec<u8>>) -> Refusal {
    parse(&Bytes::from(text.into())).expect_err("no message")
}

fn screened(text: &str) -> u16 {
    match parse(&Bytes::copy_from_slice(text.as_bytes())) {
        Err(refusal) => refusal.status.code(),
        Ok(Parsed::KeepAlive) => 0,
        Ok(Parsed::Message(message, _)) => {
            screen(&message).map_or_else(|screened| screened.status.code(), |_| 200)
        }
    }
}

// ── what a widely used parser gets wrong ──

#[test]
fn compact_names_are_names() {
    let read = message(
        "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\n\
         t: <sip:c@d>\r\ni: 1\r\nm: <sip:a@h>\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n",
    );
    assert_eq!(essentials(&read).expect("complete").call_id, "1");
    assert!(read.headers().raw(&HeaderName::Contact).is_some());
}

#[test]
fn folded_lines_and_blanks_before_the_colon_are_read() {
    let read = invite("Subject : one\r\n  two\r\n\tthree\r\nContent-Length: 0\r\n");
    assert_eq!(read.headers().text(&HeaderName::Subject).as_deref(), Some("one two three"));
}

#[test]
fn line_ends_before_a_message_are_signs_of_life() {
    let text = format!("\r\n\r\nINVITE sip:bank@example.com SIP/2.0\r\n{HEAD}\r\n");
    assert!(essentials(&message(text)).is_ok());
    assert_eq!(parse(&Bytes::from_static(b"\r\n\r\n")), Ok(Parsed::KeepAlive));
    assert_eq!(parse(&Bytes::new()), Ok(Parsed::KeepAlive));
}

#[test]
fn ipv6_is_read_everywhere() {
    // RFC 5118 §4.1, §4.5, §4.6.
    let read = message(
        "REGISTER sip:[2001:db8::10] SIP/2.0\r\n\
         Via: SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=z9hG4bKas3\r\n\
         From: <sip:user@[2001:db8::1]>;tag=1\r\nTo: <sip:user@[2001:db8::1]>\r\nCall-ID: 1\r\n\
         CSeq: 1 REGISTER\r\nContact: \"Caller\" <sip:caller@[2001:db8::1]:5061>\r\n\r\n",
    );
    let known = essentials(&read).expect("complete");
    assert_eq!(known.via.sent_by.to_string(), "[2001:db8::9:1]:6050");
    let address = known.via.answer_address(5060).expect("an address");
    assert_eq!(address.to_string(), "[2001:db8::9:255]:6050");
    // RFC 5118 §4.2: without brackets nobody can tell the port.
    assert_eq!(screened("REGISTER sip:2001:db8::10 SIP/2.0\r\n\r\n"), 400);
}

#[test]
fn numbers_keep_their_plus() {
    let read = invite("P-Asserted-Identity: <tel:+4312>\r\n");
    let value = read.headers().text(&HeaderName::PAssertedIdentity).expect("there");
    assert_eq!(NameAddr::parse(&value).expect("an address").uri.to_string(), "tel:+4312");
}

#[test]
fn instances_wildcards_and_lists_are_read() {
    let read = invite("Contact: <sip:a@h>;+sip.instance=\"<urn:uuid:1>\", \"x,y\" <sip:b@h>\r\n");
    let line = read.headers().text(&HeaderName::Contact).expect("there");
    let list = NameAddr::parse_list(&line).expect("a list");
    assert_eq!(list[0].parameters.get("+sip.instance"), Some("<urn:uuid:1>"));
    assert_eq!(list[1].display_name, "x,y");
    let two = message(
        "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1, SIP/2.0/TCP i\r\n\
         Via: SIP/2.0/UDP j\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n\
         CSeq: 1 OPTIONS\r\n\r\n",
    );
    assert_eq!(essentials(&two).expect("complete").vias, 3);
}

#[test]
fn unknown_methods_transports_and_schemes_are_values() {
    for text in [
        "JUMP sip:a@b SIP/2.0\r\n\r\n",
        "OPTIONS sip:a@b;transport=foo SIP/2.0\r\n\r\n",
        "INVITE urn:service:sos SIP/2.0\r\n\r\n",
    ] {
        message(text);
    }
}

#[test]
fn bytes_that_are_not_utf8_harm_nobody_and_are_copied_as_they_are() {
    let mut text = format!("INVITE sip:bank@example.com SIP/2.0\r\n{HEAD}").into_bytes();
    text.extend_from_slice(b"Subject: caf\xe9\r\nContent-Length: 3\r\n\r\n\x00\xff\n");
    let Ok(Parsed::Message(read, defects)) = parse(&Bytes::from(text)) else { panic!("refused") };
    assert_eq!(defects, [Defect::NotUtf8]);
    assert_eq!(read.body().as_ref(), b"\x00\xff\n");
    let written = write(&read);
    assert!(written.windows(5).any(|window| window == b"caf\xe9\r"));
    assert!(written.ends_with(b"\r\n\r\n\x00\xff\n"));
}

#[test]
fn phrases_are_kept_and_those_of_ours_have_spaces() {
    let read = message("SIP/2.0 183 Session Progress é\r\n\r\n");
    assert!(write(&read).starts_with("SIP/2.0 183 Session Progress é\r\n".as_bytes()));
    assert_eq!(Status::NO_SUCH_CALL.phrase(), "Call/Transaction Does Not Exist");
    assert!(matches!(message("SIP/2.0 100 \r\n\r\n"), Message::Response(_)));
}

#[test]
fn the_body_is_what_content_length_says() {
    let text = "SIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nabcd";
    let Ok(Parsed::Message(read, defects)) = parse(&Bytes::from(text)) else { panic!("refused") };
    assert_eq!((read.body().as_ref(), defects), (&b"ab"[..], vec![Defect::TrailingBytes]));
    for wrong in ["5", "-1", "x", "99999999999999999999", "1\r\nl: 2"] {
        let text = format!("INVITE sip:a@b SIP/2.0\r\n{HEAD}Content-Length: {wrong}\r\n\r\nabcd");
        let refusal = refusal(text);
        assert_eq!(refusal.status, Status::BAD_REQUEST, "{wrong}");
        assert!(refusal.headers.is_some(), "the answer finds its way");
    }
}

// ── what RFC 4475 is about, in messages of our own ──

#[test]
fn lines_that_begin_no_message_are_refused() {
    for (line, status) in [
        ("INVITE  sip:a@b SIP/2.0", 400),
        ("INVITE sip:a@b SIP/2.0 ", 400),
        ("INVITE <sip:a@b> SIP/2.0", 400),
        ("INVITE sip:a@b; lr SIP/2.0", 400),
        ("INVITE sip:a@b?Route=%3Csip:c%3E SIP/2.0", 400),
        ("OPTIONS sip:a@b SIP/7.0", 505),
        ("GET / HTTP/1.1", 400),
        ("INVITE sip:a@b", 400),
        ("SIP/2.0 4294967301 better", 400),
        ("SIP/2.0 99 low", 400),
        ("SIP/2.0 2+0 OK", 400),
    ] {
        let refusal = refusal(format!("{line}\r\n{HEAD}\r\n"));
        assert_eq!(refusal.status.code(), status, "{line}");
        assert_eq!(refusal.is_response, line.starts_with("SIP/"), "{line}");
    }
}

#[test]
fn requests_that_cannot_be_worked_on_say_why() {
    let line = "INVITE sip:bank@example.com SIP/2.0\r\n";
    for (text, status) in [
        (format!("{line}{HEAD}\r\n"), 200),
        (format!("{line}\r\n"), 400),
        (format!("{line}{}\r\n", HEAD.replace("1 INVITE", "1 BYE")), 400),
        (format!("{line}{}\r\n", HEAD.replace("1 INVITE", "2147483648 INVITE")), 400),
        (format!("{line}{}\r\n", HEAD.replace(": 70", ": 300")), 400),
        (format!("{line}{}\r\n", HEAD.replace("\"Olena\"", "\"Olena")), 400),
        (format!("{line}{}\r\n", HEAD.replace("\"Olena\"", "Bell, A")), 400),
        (format!("{line}{}\r\n", HEAD.replace("rport", ";,")), 400),
        (format!("{line}{HEAD}From: <sip:b@c>;tag=2\r\n\r\n"), 400),
        (format!("{line}{HEAD}Contact: sip:a@b?Route=x\r\n\r\n"), 400),
        (format!("{line}{HEAD}Contact: <sip:a@b>;;;\r\n\r\n"), 400),
        (format!("{line}{HEAD}Expires: soon\r\n\r\n"), 400),
        (format!("INVITE soap.beep://192.0.2.1 SIP/2.0\r\n{HEAD}\r\n"), 416),
        (format!("{line}{HEAD}Require: nothing\r\n\r\n"), 420),
        (format!("{line}{HEAD}Proxy-Require: 100rel\r\n\r\n"), 420),
        (format!("{line}{HEAD}Require: OUTBOUND\r\n\r\n"), 200),
        (format!("{line}{HEAD}Content-Type: application/unknown\r\n\r\nx"), 415),
        (format!("{line}{HEAD}\r\nx"), 415),
        (format!("{line}{HEAD}Content-Type: application/sdp\r\n\r\nv=0\r\n"), 200),
        (format!("{line}{HEAD}Accept: text/nobody\r\n\r\n"), 406),
        (format!("{line}{HEAD}Accept: text/nobody, application/*;q=0.1\r\n\r\n"), 200),
    ] {
        assert_eq!(screened(&text), status, "{text}");
    }
}

#[test]
fn an_old_request_without_branch_and_tag_is_read() {
    // RFC 4475 §3.4.
    let read = message(
        "INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\n\
         From: <sip:+13035551111@ift.example.net;user=phone>\r\n\
         To: sip:+16505552222@ss1.example.net\r\n\
         Call-ID: inv2543\r\nCSeq: 56 INVITE\r\n\r\n",
    );
    let known = essentials(&read).expect("complete");
    assert_eq!((known.via.branch(), known.max_forwards), (None, 70));
}

#[test]
fn a_bad_date_is_noted_and_no_reason_to_refuse() {
    let text =
        format!("INVITE sip:a@b SIP/2.0\r\n{HEAD}Date: Fri, 01 Jan 2010 16:00:00 EST\r\n\r\n");
    let Ok(Parsed::Message(_, defects)) = parse(&Bytes::from(text)) else { panic!("refused") };
    assert_eq!(defects, [Defect::BadDate]);
}

// ── limits ──

#[test]
fn limits_hold_and_what_is_just_within_is_read() {
    let with = |more: String| format!("INVITE sip:a@b SIP/2.0\r\n{HEAD}{more}\r\n");
    let lines = |count: usize| with("X: y\r\n".repeat(count - 6));
    message(lines(MAX_HEADERS));
    assert_eq!(refusal(lines(MAX_HEADERS + 1)).status, Status::MESSAGE_TOO_LARGE);
    let value = |bytes: usize| with(format!("X: {}\r\n", "y".repeat(bytes)));
    message(value(MAX_VALUE_BYTES));
    assert_eq!(refusal(value(MAX_VALUE_BYTES + 1)).status, Status::MESSAGE_TOO_LARGE);
    let head = with(format!("X: {}\r\n", "y".repeat(8_000)).repeat(5));
    assert_eq!(refusal(head).status, Status::MESSAGE_TOO_LARGE);
    let uri = format!("INVITE sip:{}@b SIP/2.0\r\n{HEAD}\r\n", "a".repeat(MAX_URI_BYTES));
    assert_eq!(refusal(uri).status, Status::URI_TOO_LONG);
    let whole = vec![b'x'; MAX_MESSAGE_BYTES + 1];
    assert_eq!(refusal(whole).status, Status::MESSAGE_TOO_LARGE);
    let method = format!("{} sip:a@b SIP/2.0\r\n\r\n", "M".repeat(MAX_METHOD_BYTES + 1));
    assert_eq!(refusal(method).status, Status::BAD_REQUEST);
}

#[test]
fn no_value_ends_its_line() {
    let Message::Request(mut request) = invite("") else { panic!("a response") };
    request.headers.push(HeaderName::Subject, "x\r\nVia: evil");
    let written = write(&Message::Request(request));
    let again = message(written.to_vec());
    assert_eq!(again.headers().count(&HeaderName::Via), 1);
}

// ── whatever chance sends ──

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(Parsed::Message(read, _)) = parse(&Bytes::from(bytes)) {
            let _ = screen(&read);
        }
    }

    #[test]
    fn a_message_with_flipped_bytes_never_panics_and_survives_writing(
        flips in proptest::collection::vec((0_usize..400, any::<u8>()), 0..4),
    ) {
        let mut text = format!("INVITE sip:bank@example.com SIP/2.0\r\n{HEAD}Contact: <sip:a@h>\r\n\
            Record-Route: <sip:p;lr>, <sip:q;lr>\r\nContent-Length: 4\r\n\r\nbody").into_bytes();
        for (place, byte) in flips {
            let place = place % text.len();
            text[place] = byte;
        }
        if let Ok(Parsed::Message(read, _)) = parse(&Bytes::from(text)) {
            let _ = screen(&read);
            // Line ends within a value are made harmless, so the second writing is the measure.
            let once = write(&read);
            let Ok(Parsed::Message(again, _)) = parse(&once) else {
                panic!("what was written cannot be read: {once:?}")
            };
            prop_assert_eq!(write(&again), once);
        }
    }
}
