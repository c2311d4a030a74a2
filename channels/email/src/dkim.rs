//! DKIM signatures under what we send. RFC 6376, RFC 8463.
//!
//! 1. The bytes that leave are the bytes that were signed: the header is put in front of them and
//!    nothing is built anew.
//! 2. Every key of the sender's domain signs, so that a domain can have an Ed25519 key beside the
//!    RSA key that all verifiers know (RFC 8463 §3).
//! 3. Fields that a forger could add are signed although they are absent (RFC 6376 §5.4.2).
//! 4. Keys appear in no message, log or debug output.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{DkimKey, Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// What is signed. `From`, `To`, `Cc`, `Subject` and `Date` twice: whoever adds another one breaks
/// the signature. RFC 6376 §5.4.1 names the rest.
const FIELDS: [&str; 20] = [
    "From",
    "From",
    "To",
    "To",
    "Cc",
    "Cc",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Reply-To",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];
/// Shortest RSA key. RFC 8301 §3.2: signers use at least 2048 bits.
const MIN_RSA_BITS: usize = 2_048;
/// Longest string within a TXT record. RFC 1035 §3.3.14.
const TXT_STRING_BYTES: usize = 255;
/// `SEQUENCE { OID rsaEncryption, NULL }`. RFC 8017 §A.1.
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Why a key cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// It is no private key that we know.
    #[error(
        "the key for {selector}._domainkey.{domain} is no PKCS#8 or PKCS#1 key in PEM: {reason}"
    )]
    Key {
        /// Whose mail it should sign.
        domain: String,
        /// Its name within the domain.
        selector: String,
        /// What is wrong with it; never the key.
        reason: String,
    },
    /// The library refused to sign.
    #[error("the mail cannot be signed: {0}")]
    Sign(String),
}

/// A record to be published in the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// `selector._domainkey.domain`.
    pub name: String,
    /// `v=DKIM1; k=rsa; p=…`. RFC 6376 §3.6.1.
    pub text: String,
}

impl DnsRecord {
    /// As a line of a zone file, the text in strings of at most 255 bytes.
    pub fn zone_line(&self) -> String {
        let strings: Vec<String> = self
            .text
            .as_bytes()
            .chunks(TXT_STRING_BYTES)
            .map(|chunk| format!("\"{}\"", String::from_utf8_lossy(chunk)))
            .collect();
        format!("{}. IN TXT ( {} )", self.name, strings.join(" "))
    }
}

struct Key {
    domain: String,
    signer: DkimSigner<DkimKey, Done>,
    record: DnsRecord,
}

/// The keys of all our domains.
#[derive(Default)]
pub struct Dkim(Vec<Key>);

impl std::fmt::Debug for Dkim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|key| &key.record.name)).finish()
    }
}

impl Dkim {
    /// Adds a key. `pem`: a private key, PKCS#8 (RSA or Ed25519) or PKCS#1 (RSA).
    pub fn add(&mut self, domain: &str, selector: &str, pem: &[u8]) -> Result<(), DkimError> {
        let domain = domain.trim().to_ascii_lowercase();
        let (key, public) = read_key(pem).map_err(|reason| DkimError::Key {
            domain: domain.clone(),
            selector: selector.to_owned(),
            reason,
        })?;
        let name = format!("{selector}._domainkey.{domain}");
        let record = DnsRecord { name, text: format!("v=DKIM1; {public}") };
        let signer =
            DkimSigner::from_key(key).domain(domain.clone()).selector(selector).headers(FIELDS);
        self.0.push(Key { domain, signer, record });
        Ok(())
    }

    /// What is to be published, in the order of the configuration.
    pub fn records(&self) -> impl Iterator<Item = &DnsRecord> {
        self.0.iter().map(|key| &key.record)
    }

    /// Puts the signatures of the sender's domain before a mail; a domain without keys changes
    /// nothing. A key of `bank.example` signs for `mail.bank.example` too, since a verifier takes
    /// both for one organisation (RFC 7489 §3.1.1, relaxed).
    pub fn sign(&self, from_address: &str, mail: Vec<u8>) -> Result<Vec<u8>, DkimError> {
        let domain = from_address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let domain = domain.to_ascii_lowercase();
        let covers = |key: &&Key| {
            domain
                .strip_suffix(key.domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let mut headers = String::new();
        for key in self.0.iter().filter(covers) {
            let signed = key.signer.sign(&mail);
            let signature = signed.map_err(|error| DkimError::Sign(error.to_string()))?;
            headers.push_str(&signature.to_header());
        }
        if headers.is_empty() {
            return Ok(mail);
        }
        let mut bytes = headers.into_bytes();
        bytes.extend_from_slice(&mail);
        Ok(bytes)
    }
}

/// The key, and `k=…; p=…` of its record.
fn read_key(pem: &[u8]) -> Result<(DkimKey, String), String> {
    let der = PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
    if let PrivateKeyDer::Pkcs8(pkcs8) = &der
        && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der())
    {
        let public = STANDARD.encode(key.public_key());
        return Ok((key.into(), format!("k=ed25519; p={public}")));
    }
    let key = RsaKey::<Sha256>::from_key_der(der).map_err(|error| error.to_string())?;
    let public = key.public_key();
    let bits = modulus_bits(&public);
    if bits < MIN_RSA_BITS {
        return Err(format!("an RSA key of {bits} bits; take {MIN_RSA_BITS}"));
    }
    let public = STANDARD.encode(subject_public_key_info(&public));
    Ok((key.into(), format!("k=rsa; p={public}")))
}

/// Size of the key in an `RSAPublicKey`, by its length in bytes: the exponent and the frame take
/// fewer than 20 (RFC 8017 §A.1.1).
fn modulus_bits(public: &[u8]) -> usize {
    const FRAME_BYTES_MAX: usize = 20;
    (public.len().saturating_sub(FRAME_BYTES_MAX) * 8).next_multiple_of(256)
}

/// An `RSAPublicKey` as the `SubjectPublicKeyInfo` that verifiers expect (RFC 6376 §3.6.1, errata
/// 3017; RFC 5280 §4.1).
fn subject_public_key_info(public: &[u8]) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend_from_slice(public);
    let mut content = RSA_ALGORITHM.to_vec();
    content.extend(tagged(0x03, &bits));
    tagged(0x30, &content)
}

/// Tag, length, content. X.690 §8.1.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut bytes = vec![tag];
    match significant.as_slice() {
        [] => bytes.push(0),
        [short] if *short < 0x80 => bytes.push(*short),
        long => {
            bytes.push(0x80 | long.len() as u8);
            bytes.extend_from_slice(long);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
pub(crate) mod testing {
    /// Made for tests with `openssl genrsa 2048`; used nowhere else.
    pub(crate) const RSA: &str = include_str!("../tests/keys/rsa2048.pem");
    /// Made for tests with `openssl genpkey -algorithm ed25519`; used nowhere else.
    pub(crate) const ED25519: &str = include_str!("../tests/keys/ed25519.pem");
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"From: a@bank.example\r\nSubject: x\r\n\r\nHello\r\n";

    fn dkim() -> Dkim {
        let mut dkim = Dkim::default();
        dkim.add("bank.example", "rsa1", testing::RSA.as_bytes()).expect("an RSA key");
        dkim.add("bank.example", "ed1", testing::ED25519.as_bytes()).expect("an Ed25519 key");
        dkim
    }

    #[test]
    fn every_key_of_the_domain_signs_and_no_other() {
        let signed = dkim().sign("info@Bank.example", MAIL.to_vec()).expect("signed");
        let text = String::from_utf8(signed).expect("ASCII");
        assert_eq!(text.matches("DKIM-Signature:").count(), 2, "{text}");
        assert!(text.contains("a=rsa-sha256") && text.contains("a=ed25519-sha256"), "{text}");
        assert!(text.ends_with(std::str::from_utf8(MAIL).expect("ASCII")), "unchanged");
        assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
        let below = dkim().sign("info@mail.bank.example", MAIL.to_vec()).expect("signed");
        assert!(below.len() > MAIL.len());
        for other in ["info@shop.example", "info@otherbank.example", "nobody"] {
            assert_eq!(dkim().sign(other, MAIL.to_vec()).expect("as it was"), MAIL, "{other}");
        }
    }

    #[test]
    fn the_sender_is_signed_twice() {
        let text = dkim().sign("info@bank.example", MAIL.to_vec()).expect("signed");
        let text = String::from_utf8(text).expect("ASCII").replace("\r\n\t", "").replace(' ', "");
        let fields = text.split("h=").nth(1).and_then(|rest| rest.split(';').next());
        let names: Vec<&str> = fields.expect("h=").split(':').collect();
        assert_eq!(names.iter().filter(|name| **name == "From").count(), 2, "{names:?}");
    }

    #[test]
    fn records_say_what_verifiers_ask_for() {
        let dkim = dkim();
        let [rsa, ed] = dkim.records().collect::<Vec<_>>()[..] else { panic!("two records") };
        assert_eq!(rsa.name, "rsa1._domainkey.bank.example");
        // What `openssl rsa -pubout` writes begins like this for every 2048-bit key.
        assert!(rsa.text.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"));
        assert!(ed.text.starts_with("v=DKIM1; k=ed25519; p="));
        let line = rsa.zone_line();
        assert!(line.split('"').skip(1).step_by(2).all(|string| string.len() <= 255), "{line}");
        assert_eq!(line.split('"').skip(1).step_by(2).collect::<String>(), rsa.text);
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_shown() {
        let mut dkim = Dkim::default();
        for text in
            ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"]
        {
            let error = dkim.add("bank.example", "s", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("s._domainkey.bank.example"), "{error}");
            assert!(!error.contains("c2VjcmV0") && !error.contains("secret"), "{error}");
        }
        let small = include_str!("../tests/keys/rsa1024.pem");
        let error = dkim.add("bank.example", "s", small.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("s._domainkey.bank.example"), "too short: {error}");
        let shown = format!("{:?}", super::tests::dkim());
        assert_eq!(shown, r#"["rsa1._domainkey.bank.example", "ed1._domainkey.bank.example"]"#);
    }
}
