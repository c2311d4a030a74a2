//! Passwords, hashed with Argon2id (RFC 9106).

use std::sync::Arc;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use super::RandomSource;

/// Memory of one hash in KiB, passes, lanes: the first choice of the OWASP Password Storage Cheat
/// Sheet for Argon2id. RFC 9106 §4 has more memory for servers with little else to do.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// RFC 9106 §3.1 recommends 16 bytes.
const SALT_BYTES: usize = 16;
/// Hashing takes time in proportion to the length: nobody types more.
const PASSWORD_MAX_BYTES: usize = 1_024;
/// Characters of a generated password: no two look alike. 16 of 32 are 80 bits.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
const GENERATED_CHARS: usize = 16;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Fewer characters than the configuration demands.
    #[error("the password must have at least {0} characters")]
    TooShort(usize),
    /// More than anyone types.
    #[error("the password must have at most {PASSWORD_MAX_BYTES} bytes")]
    TooLong,
}

/// Checks the length only: rules on characters make passwords worse. NIST SP 800-63B §5.1.1.2.
pub fn check_length(password: &str, min_chars: usize) -> Result<(), PasswordProblem> {
    if password.chars().count() < min_chars {
        Err(PasswordProblem::TooShort(min_chars))
    } else if password.len() > PASSWORD_MAX_BYTES {
        Err(PasswordProblem::TooLong)
    } else {
        Ok(())
    }
}

/// A new password that can be read out over the telephone.
pub fn generate(random: &dyn RandomSource) -> String {
    let mut bytes = [0; GENERATED_CHARS];
    random.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

/// Hashes and checks passwords, a few at a time and off the asynchronous threads.
#[derive(Clone, Debug)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    /// Checked when there is no such user, so that the answer takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    /// `at_once` bounds memory and processor use.
    pub fn new(at_once: usize, random: &dyn RandomSource) -> Self {
        let nobody = hash_now("nobody's password", salt(random));
        Self { slots: Arc::new(Semaphore::new(at_once)), nobody: nobody.into() }
    }

    /// The text to store.
    pub async fn hash(&self, password: String, random: &dyn RandomSource) -> String {
        let salt = salt(random);
        self.off_thread(move || hash_now(&password, salt)).await
    }

    /// Whether the password belongs to the stored text. Without one it takes as long and is
    /// `false`.
    pub async fn verify(&self, password: String, stored: Option<String>) -> bool {
        let is_somebody = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        let matches = self
            .off_thread(move || {
                password.len() <= PASSWORD_MAX_BYTES
                    && argon2().verify_password(password.as_bytes(), stored.as_str()).is_ok()
            })
            .await;
        matches && is_somebody
    }

    async fn off_thread<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within the limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn salt(random: &dyn RandomSource) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    salt
}

fn hash_now(password: &str, salt: [u8; SALT_BYTES]) -> String {
    let hash = argon2().hash_password_with_salt(password.as_bytes(), &salt);
    hash.expect("salt and password within the limits").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl RandomSource for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let random = Counting(0.into());
        let passwords = Passwords::new(1, &random);
        let stored = passwords.hash("correct horse".to_owned(), &random).await;
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await);
        assert!(!passwords.verify("wrong horse".to_owned(), Some(stored.clone())).await);
        assert!(!passwords.verify("nobody's password".to_owned(), None).await);
        let again = passwords.hash("correct horse".to_owned(), &random).await;
        assert_ne!(stored, again, "the salt differs");
    }

    #[test]
    fn length_is_all_that_is_asked() {
        assert_eq!(check_length("короткий", 12), Err(PasswordProblem::TooShort(12)));
        assert_eq!(check_length("дванадцять с", 12), Ok(()));
        assert_eq!(check_length(&"x".repeat(1_025), 12), Err(PasswordProblem::TooLong));
    }

    #[test]
    fn generated_passwords_have_no_characters_that_look_alike() {
        let password = generate(&Counting(3.into()));
        assert_eq!(password.len(), GENERATED_CHARS);
        assert!(!password.contains(['0', 'O', '1', 'l', 'i', 'o']));
    }
}
