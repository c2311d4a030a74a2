use bytes::Bytes;

use super::*;
use crate::message::Message;
use crate::message::parse::{Parsed, parse};

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn request(method: &str, uri: &str, authorization: &str) -> Request {
    let text = format!("{method} {uri} SIP/2.0\r\nAuthorization: {authorization}\r\n\r\n");
    match parse(&Bytes::from(text)) {
        Ok(Parsed::Message(Message::Request(request), _)) => request,
        other => panic!("{other:?}"),
    }
}

fn verifier() -> Verifier {
    Verifier::new("bank", [7; 32])
}

fn known(user: &str) -> Option<Secret> {
    (user == "olena").then(|| Secret::new("olena", "bank", "pass word"))
}

/// A REGISTER of a phone that answers this challenge.
fn proof(challenge: &str, user: &str, password: &str) -> Request {
    let mut request = request("REGISTER", "sip:bank.example", "x y=1");
    let challenge = AuthFields::parse(challenge).expect("a challenge");
    let value = answer(&challenge, user, password, &request, "c1").expect("known");
    request.headers.set(HeaderName::Authorization, value);
    request
}

fn judge(verifier: &mut Verifier, request: &Request, now: Timestamp) -> Verdict {
    verifier.verify(request, &HeaderName::Authorization, known, now)
}

#[test]
fn published_examples_are_computed() {
    // RFC 7616 §3.9.1.
    for (algorithm, expected) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let secret = Secret::new("Mufasa", "http-auth@example.org", "Circle of Life");
        let question = Question {
            algorithm,
            is_session: false,
            method: &Method::Other("GET".to_owned()),
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            nc: "00000001",
            qop: Some("auth"),
            body: b"",
        };
        assert_eq!(response(secret.ha1(algorithm), &question), expected);
    }
}

#[test]
fn the_count_is_hexadecimal_and_part_of_the_proof() {
    let secret = Secret::new("a", "b", "c");
    let question = |nc| Question {
        algorithm: Algorithm::Md5,
        is_session: false,
        method: &Method::Register,
        uri: "sip:b",
        nonce: "n",
        cnonce: "c",
        nc,
        qop: Some("auth"),
        body: b"",
    };
    let text = |nc: &str| {
        let ha1 = Algorithm::Md5.hash(b"a:b:c");
        let ha2 = Algorithm::Md5.hash(b"REGISTER:sip:b");
        Algorithm::Md5.hash(format!("{ha1}:n:{nc}:c:auth:{ha2}").as_bytes())
    };
    for nc in ["0000000a", "00000300"] {
        assert_eq!(response(secret.ha1(Algorithm::Md5), &question(nc)), text(nc));
    }
}

#[test]
fn both_algorithms_prove_and_the_strongest_is_offered_first() {
    let mut verifier = verifier();
    let challenges = verifier.challenges(false, NOW);
    assert!(challenges[0].contains("algorithm=SHA-256"));
    assert!(challenges[1].contains("algorithm=MD5"));
    for (at, challenge) in challenges.iter().enumerate() {
        let fresh = Verifier::new("bank", [7; 32]);
        verifier = fresh;
        let proof = proof(challenge, "olena", "pass word");
        assert_eq!(judge(&mut verifier, &proof, NOW), Verdict::Proved("olena".to_owned()), "{at}");
    }
}

#[test]
fn session_keys_and_protected_bodies_are_understood() {
    for (algorithm, qop) in [("MD5-sess", "auth"), ("SHA-256-sess", "auth"), ("MD5", "auth-int")] {
        let mut verifier = verifier();
        let challenge = verifier.challenges(false, NOW).remove(0);
        let challenge = challenge
            .replace("algorithm=SHA-256", &format!("algorithm={algorithm}"))
            .replace("auth,auth-int", qop);
        let proof = proof(&challenge, "olena", "pass word");
        let proved = Verdict::Proved("olena".to_owned());
        assert_eq!(judge(&mut verifier, &proof, NOW), proved, "{algorithm} {qop}");
        let mut changed = proof;
        changed.body = Bytes::from_static(b"other");
        let verdict = judge(&mut Verifier::new("bank", [7; 32]), &changed, NOW);
        assert_eq!(verdict == Verdict::Wrong, qop == "auth-int", "{algorithm} {qop}");
    }
}

#[test]
fn a_proof_works_once_and_a_nonce_five_minutes() {
    let mut verifier = verifier();
    let challenge = verifier.challenges(false, NOW).remove(0);
    let proof = proof(&challenge, "olena", "pass word");
    assert_eq!(judge(&mut verifier, &proof, NOW), Verdict::Proved("olena".to_owned()));
    assert_eq!(judge(&mut verifier, &proof, NOW), Verdict::Challenge { is_stale: true });
    let late = NOW.plus_millis(NONCE_LIFE_MS + 1);
    let mut other = Verifier::new("bank", [7; 32]);
    assert_eq!(judge(&mut other, &proof, late), Verdict::Challenge { is_stale: true });
    let mut restarted = Verifier::new("bank", [8; 32]);
    assert_eq!(judge(&mut restarted, &proof, NOW), Verdict::Challenge { is_stale: false });
}

#[test]
fn a_wrong_user_and_a_wrong_password_look_the_same() {
    let mut verifier = verifier();
    let challenge = verifier.challenges(false, NOW).remove(0);
    for (user, password) in [("olena", "wrong"), ("nobody", "pass word"), ("", "")] {
        assert_eq!(judge(&mut verifier, &proof(&challenge, user, password), NOW), Verdict::Wrong);
    }
    // What they were compared with is not a password either.
    let shown = format!("{:?} {verifier:?}", known("olena"));
    assert!(!shown.contains("ha1") && !shown.contains("key"), "{shown}");
}

#[test]
fn what_is_not_for_us_is_asked_again_and_what_is_no_proof_refused() {
    for (text, verdict) in [
        ("Basic realm=\"bank\"", Verdict::Challenge { is_stale: false }),
        ("Digest realm=\"other\", nonce=\"1\"", Verdict::Challenge { is_stale: false }),
        ("Digest realm=\"bank\", nonce=\"1\"", Verdict::Unreadable),
        ("Digest realm=\"bank", Verdict::Unreadable),
        (
            "Digest realm=\"bank\", username=\"olena\", nonce=\"1\", uri=\"x\", response=\"y\", \
             qop=other",
            Verdict::Unreadable,
        ),
        (
            "Digest realm=\"bank\", username=\"olena\", nonce=\"1\", uri=\"x\", response=\"y\", \
             algorithm=SHA-512-256",
            Verdict::Challenge { is_stale: false },
        ),
    ] {
        let request = request("REGISTER", "sip:bank", text);
        assert_eq!(judge(&mut verifier(), &request, NOW), verdict, "{text}");
    }
}
