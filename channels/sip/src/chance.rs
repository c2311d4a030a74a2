//! Words that nobody can guess: tags, branches, Call-IDs.
//!
//! From one key of the machine's chance, given at the start, and a counter: so that a test with a
//! fixed key sees the same words each time. RFC 3261 §19.3 asks for 32 random bits; these have 96.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of one word.
const WORD_BYTES: usize = 12;

/// Makes words.
pub struct Words {
    key: [u8; 32],
    count: u64,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Words").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Words {
    /// From a key that is chance itself.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key, count: 0 }
    }

    /// Bits for the next word.
    fn next_bytes(&mut self) -> [u8; WORD_BYTES] {
        self.count += 1;
        let mut bytes = [0; WORD_BYTES];
        // A key of any length is taken: the error cannot arise.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(&self.count.to_be_bytes());
            bytes.copy_from_slice(&mac.finalize().into_bytes()[..WORD_BYTES]);
        }
        bytes
    }

    /// The next word, hexadecimal.
    pub fn word(&mut self) -> String {
        crate::digest::hex(&self.next_bytes())
    }

    /// A branch of RFC 3261 §8.1.1.7.
    pub fn branch(&mut self) -> String {
        format!("{}{}", crate::message::via::BRANCH_COOKIE, self.word())
    }

    /// A number below a bound, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let bytes = self.next_bytes();
        let number = bytes.iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte));
        number % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_differ_and_follow_from_the_key() {
        let mut words = Words::new([1; 32]);
        let (one, another) = (words.word(), words.word());
        assert_ne!(one, another);
        assert_eq!(one.len(), 2 * WORD_BYTES);
        assert_eq!(Words::new([1; 32]).word(), one);
        assert_ne!(Words::new([2; 32]).word(), one);
        assert!(words.branch().starts_with("z9hG4bK"));
        assert!((0..100).all(|_| words.below(7) < 7));
    }
}
