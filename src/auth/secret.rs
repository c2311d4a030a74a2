//! Random tokens: given out once, kept as a digest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// 256 random bits: beyond guessing, so the digest needs no salt and no slow hash.
const TOKEN_BYTES: usize = 32;
/// What an API token begins with, so that scanners for leaked secrets recognise one.
const API_TOKEN_PREFIX: &str = "rzm_";

/// Where chance comes from. The server's is the operating system's.
pub trait RandomSource: Send + Sync {
    /// Fills the bytes with chance fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

/// A new secret and what the store keeps of it.
#[derive(Clone)]
pub struct Token {
    /// The secret itself: shown or sent once.
    pub text: String,
    /// What is stored.
    pub sha256: Vec<u8>,
}

/// Never shows the secret.
impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

impl Token {
    /// For a browser's cookie.
    pub fn session(random: &dyn RandomSource) -> Self {
        Self::make("", random)
    }

    /// For a program.
    pub fn api(random: &dyn RandomSource) -> Self {
        Self::make(API_TOKEN_PREFIX, random)
    }

    fn make(prefix: &str, random: &dyn RandomSource) -> Self {
        let mut bytes = [0; TOKEN_BYTES];
        random.fill(&mut bytes);
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        let sha256 = digest(&text);
        Self { text, sha256 }
    }
}

/// What the store keeps of a token. Looking it up by the digest takes no time that depends on how
/// much of a guess is right.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl RandomSource for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_token_is_found_by_its_digest_and_never_shown() {
        let token = Token::api(&Fixed(7));
        assert!(token.text.starts_with("rzm_"));
        assert_eq!(token.text.len(), 4 + 43);
        assert_eq!(digest(&token.text), token.sha256);
        assert!(!format!("{token:?}").contains(&token.text));
        assert_ne!(Token::session(&Fixed(8)).sha256, Token::session(&Fixed(7)).sha256);
    }
}
