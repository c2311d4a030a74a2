//! What hangs together: signed Message-IDs and addresses, and the hints of others. RFC 5322 §3.6.4.
//!
//! 1. A Message-ID that we make names the message and its interaction and is signed. Whoever quotes
//!    it in `References` or `In-Reply-To` has received that message: a proof of descent.
//! 2. The same for the return path (a delivery report comes back to it) and for a plus-address.
//! 3. A number in the subject is a hint and no proof: anyone can write one.
//!
//! The signature is HMAC-SHA-256 cut to 96 bits (RFC 2104 §5 asks for 80 or more), compared in
//! constant time. The alphabet is base 32 in lower case, since some servers fold the case of
//! addresses.

use channel_contract::ThreadKeys;
use channel_contract::base::id::{InteractionId, MessageId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Longest chain looked at: the oldest and newest matter, and a hostile one must not cost time.
pub const MAX_REFERENCES: usize = 100;

/// Bytes kept of each signature.
const SIGNATURE_BYTES: usize = 12;

/// What a signature stands for, so that one can never be passed off as another.
#[derive(Clone, Copy)]
enum Purpose {
    MessageId,
    ReturnPath,
    Address,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::MessageId => b"rozmova message-id\0",
            Self::ReturnPath => b"rozmova return-path\0",
            Self::Address => b"rozmova address\0",
        }
    }
}

/// What a Message-ID of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The message that went out under it.
    pub message: MessageId,
    /// The interaction it belongs to.
    pub interaction: InteractionId,
}

/// Makes and checks the signatures.
#[derive(Clone)]
pub struct Signer {
    keyed: Hmac<Sha256>,
    domain: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Signer").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl Signer {
    /// `secret`: the key, any length. `domain`: what stands after the `@` of our Message-IDs.
    pub fn new(secret: &[u8], domain: &str) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length: RFC 2104 §2")]
        let keyed = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
        Self { keyed, domain: domain.to_ascii_lowercase() }
    }

    /// The Message-ID of a message of ours, without brackets; the same each time it is asked for.
    pub fn message_id(&self, origin: Origin) -> String {
        let (message, interaction) = (bytes_of(origin.message), interaction_bytes(origin));
        let signature = self.sign(Purpose::MessageId, &[&message, &interaction]);
        format!(
            "m-{}.{}.{}@{}",
            base32::encode(&message),
            base32::encode(&interaction),
            base32::encode(&signature),
            self.domain
        )
    }

    /// What a Message-ID says, if we made it.
    pub fn verify_message_id(&self, message_id: &str) -> Option<Origin> {
        let (local, _domain) = message_id.split_once('@')?;
        let mut fields = local.strip_prefix("m-")?.split('.');
        let message: [u8; 16] = base32::decode(fields.next()?)?;
        let interaction: [u8; 16] = base32::decode(fields.next()?)?;
        let signature: [u8; SIGNATURE_BYTES] = base32::decode(fields.next()?)?;
        if fields.next().is_some() {
            return None;
        }
        self.check(Purpose::MessageId, &[&message, &interaction], &signature)?;
        Some(Origin {
            message: MessageId::from_u128(u128::from_be_bytes(message)),
            interaction: InteractionId::from_u128(u128::from_be_bytes(interaction)),
        })
    }

    /// The return path of one message (VERP): `bounces+KEY@domain` from `bounces@domain`.
    pub fn return_path(&self, bounce_address: &str, message: MessageId) -> String {
        self.plus_address(Purpose::ReturnPath, bounce_address, bytes_of(message))
    }

    /// The message whose return path this address is.
    pub fn verify_return_path(&self, address: &str) -> Option<MessageId> {
        let id = self.verify_plus_address(Purpose::ReturnPath, address)?;
        Some(MessageId::from_u128(id))
    }

    /// An address whose mail belongs to one interaction: `info+KEY@domain` from `info@domain`.
    pub fn interaction_address(&self, address: &str, interaction: InteractionId) -> String {
        self.plus_address(Purpose::Address, address, *interaction.0.as_bytes())
    }

    /// The interaction to which such an address belongs.
    pub fn verify_interaction_address(&self, address: &str) -> Option<InteractionId> {
        let id = self.verify_plus_address(Purpose::Address, address)?;
        Some(InteractionId::from_u128(id))
    }

    fn plus_address(&self, purpose: Purpose, address: &str, id: [u8; 16]) -> String {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, &self.domain));
        let signature = self.sign(purpose, &[&id]);
        format!("{local}+{}{}@{domain}", base32::encode(&id), base32::encode(&signature))
    }

    fn verify_plus_address(&self, purpose: Purpose, address: &str) -> Option<u128> {
        let (local, _domain) = address.rsplit_once('@')?;
        let (_, key) = local.rsplit_once('+')?;
        let (id, signature) = key.split_at_checked(base32::length(16))?;
        let id: [u8; 16] = base32::decode(id)?;
        let signature: [u8; SIGNATURE_BYTES] = base32::decode(signature)?;
        self.check(purpose, &[&id], &signature)?;
        Some(u128::from_be_bytes(id))
    }

    fn sign(&self, purpose: Purpose, values: &[&[u8; 16]]) -> [u8; SIGNATURE_BYTES] {
        let full = self.mac(purpose, values).finalize().into_bytes();
        let mut cut = [0; SIGNATURE_BYTES];
        cut.copy_from_slice(&full[..SIGNATURE_BYTES]);
        cut
    }

    fn check(&self, purpose: Purpose, values: &[&[u8; 16]], signature: &[u8]) -> Option<()> {
        // Compares in constant time.
        self.mac(purpose, values).verify_truncated_left(signature).ok()
    }

    fn mac(&self, purpose: Purpose, values: &[&[u8; 16]]) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(purpose.label());
        for value in values {
            mac.update(*value);
        }
        mac
    }
}

fn bytes_of(message: MessageId) -> [u8; 16] {
    *message.0.as_bytes()
}

fn interaction_bytes(origin: Origin) -> [u8; 16] {
    *origin.interaction.0.as_bytes()
}

/// Puts together what a message says about its place: the newest proof wins.
///
/// `addresses`: everywhere the message was sent to, for plus-addresses.
pub fn thread_keys<'a>(
    signer: &Signer,
    message_id: Option<String>,
    in_reply_to: Vec<String>,
    references: Vec<String>,
    subject: &str,
    addresses: impl Iterator<Item = &'a str>,
) -> ThreadKeys {
    let by_message_id = in_reply_to
        .iter()
        .chain(references.iter().rev())
        .find_map(|id| signer.verify_message_id(id))
        .map(|origin| origin.interaction);
    let mut addresses = addresses;
    let proved = by_message_id
        .or_else(|| addresses.find_map(|address| signer.verify_interaction_address(address)));
    ThreadKeys {
        message_id,
        in_reply_to,
        references,
        proved,
        subject_number: subject_number(subject),
    }
}

/// The contact number in a subject, `[#123456]`; the last one when there are several.
pub fn subject_number(subject: &str) -> Option<i64> {
    /// Digits of the largest number looked for: fits an `i64` with room to spare.
    const MAX_DIGITS: usize = 15;
    subject.rmatch_indices("[#").find_map(|(start, _)| {
        let rest = &subject[start + 2..];
        let end = rest.find(']')?;
        let digits = &rest[..end];
        let right = (1..=MAX_DIGITS).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if right { digits.parse().ok() } else { None }
    })
}

/// RFC 4648 §6 in lower case and without padding.
mod base32 {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

    /// Characters for so many bytes.
    pub(super) const fn length(bytes: usize) -> usize {
        (bytes * 8).div_ceil(5)
    }

    pub(super) fn encode(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(length(bytes.len()));
        let (mut buffer, mut bits) = (0_u32, 0);
        for &byte in bytes {
            buffer = (buffer << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(ALPHABET[(buffer >> bits & 31) as usize]));
            }
        }
        if bits > 0 {
            text.push(char::from(ALPHABET[(buffer << (5 - bits) & 31) as usize]));
        }
        text
    }

    /// Exactly `N` bytes, in either case; `None` for anything else.
    pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
        if text.len() != length(N) {
            return None;
        }
        let mut bytes = [0; N];
        let (mut buffer, mut bits, mut next) = (0_u32, 0, 0);
        for character in text.bytes() {
            let value = match character {
                b'a'..=b'z' => character - b'a',
                b'A'..=b'Z' => character - b'A',
                b'2'..=b'7' => character - b'2' + 26,
                _ => return None,
            };
            buffer = (buffer << 5) | u32::from(value);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                *bytes.get_mut(next)? = (buffer >> bits & 255) as u8;
                next += 1;
            }
        }
        // Left-over bits must be zero, or several texts would mean the same.
        let rest = buffer & ((1 << bits) - 1);
        (next == N && rest == 0).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new(b"a secret of the bank", "Bank.example")
    }

    fn origin() -> Origin {
        Origin {
            message: MessageId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
            interaction: InteractionId::from_u128(u128::MAX - 5),
        }
    }

    #[test]
    fn a_message_id_of_ours_proves_where_it_belongs() {
        let id = signer().message_id(origin());
        assert_eq!(id, signer().message_id(origin()), "the same at each attempt");
        assert!(id.ends_with("@bank.example") && id.len() < 100, "{id}");
        assert_eq!(signer().verify_message_id(&id), Some(origin()));
        let shouted = id.to_ascii_uppercase().replacen("M-", "m-", 1);
        assert_eq!(signer().verify_message_id(&shouted), Some(origin()), "case was folded");
    }

    #[test]
    fn one_changed_character_is_no_proof() {
        let id = signer().message_id(origin());
        let at = id.find('@').expect("an @");
        for position in 2..at {
            let mut bytes = id.clone().into_bytes();
            bytes[position] = if bytes[position] == b'a' { b'b' } else { b'a' };
            let forged = String::from_utf8(bytes).expect("ASCII");
            if forged != id {
                assert_eq!(signer().verify_message_id(&forged), None, "{forged}");
            }
        }
        let other = Signer::new(b"another secret", "bank.example");
        assert_eq!(other.verify_message_id(&id), None);
    }

    #[test]
    fn a_return_path_is_no_interaction_address() {
        let signer = signer();
        let path = signer.return_path("bounces@bank.example", origin().message);
        assert!(path.split('@').next().expect("local part").len() <= 64, "RFC 5321 §4.5.3.1.1");
        assert_eq!(signer.verify_return_path(&path), Some(origin().message));
        assert_eq!(signer.verify_interaction_address(&path), None);
        let address = signer.interaction_address("info@bank.example", origin().interaction);
        assert_eq!(signer.verify_interaction_address(&address), Some(origin().interaction));
        assert_eq!(signer.verify_interaction_address("info@bank.example"), None);
        assert_eq!(signer.verify_interaction_address("info+x@bank.example"), None);
    }

    #[test]
    fn the_newest_reference_of_ours_wins() {
        let signer = signer();
        let old = Origin { interaction: InteractionId::from_u128(1), ..origin() };
        let keys = thread_keys(
            &signer,
            None,
            vec!["stranger@example.net".to_owned()],
            vec![signer.message_id(old), signer.message_id(origin()), "x@y".to_owned()],
            "Re: [#7]",
            std::iter::empty(),
        );
        assert_eq!(keys.proved, Some(origin().interaction));
        assert_eq!(keys.subject_number, Some(7));
    }

    #[test]
    fn numbers_in_subjects() {
        for (subject, number) in [
            ("Re: Картка [#123456]", Some(123_456)),
            ("[#1] і [#22]", Some(22)),
            ("[#] [#12a] #5", None),
            ("[#99999999999999999999]", None),
            ("[#12", None),
        ] {
            assert_eq!(subject_number(subject), number, "{subject}");
        }
    }
}
