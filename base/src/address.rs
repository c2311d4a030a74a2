//! Addresses normalised so that two spellings of one address compare equal.

use serde::{Deserialize, Serialize};

/// Longest address kept. RFC 5321 §4.5.3.1.3 limits a path to 256 octets with its brackets.
pub const MAX_EMAIL_BYTES: usize = 254;

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// No `@`, nothing before it, or no domain after it.
    #[error("an e-mail address looks like name@domain")]
    Shape,
    /// Longer than [`MAX_EMAIL_BYTES`].
    #[error("an e-mail address has at most {MAX_EMAIL_BYTES} bytes")]
    TooLong,
    /// White space or a control character.
    #[error("an e-mail address has no spaces or control characters")]
    Character,
}

/// An e-mail address in the form in which addresses are compared: trimmed and lower case.
/// Strictly only the domain is case-insensitive (RFC 5321 §2.4); in practice the whole is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes an address as people write it.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > MAX_EMAIL_BYTES {
            return Err(EmailError::TooLong);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(EmailError::Character);
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                Ok(Self(text.to_lowercase()))
            }
            Some(_) | None => Err(EmailError::Shape),
        }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a text is not a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Fewer than 3 or more than 15 digits. ITU-T E.164 §6.2.1.
    #[error("a telephone number has 3 to 15 digits")]
    Length,
    /// Something that is neither a digit nor usual punctuation.
    #[error("a telephone number has digits, spaces, brackets, dots and dashes only")]
    Character,
}

/// A telephone or fax number as `+` and digits (ITU-T E.164).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Takes a number as people write it. A number without an international prefix is read as one
    /// of the country whose calling code is given: `(044) 123-45-67` with `380` is `+380441234567`.
    pub fn parse(text: &str, country_code: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        let international = text.starts_with('+');
        let mut digits = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '0'..='9' => digits.push(character),
                '+' | ' ' | '\u{a0}' | '(' | ')' | '-' | '–' | '.' | '/' => {}
                _ => return Err(PhoneError::Character),
            }
        }
        let digits = if international {
            digits
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(rest) = digits.strip_prefix('0') {
            format!("{country_code}{rest}")
        } else {
            digits
        };
        if (3..=15).contains(&digits.len()) {
            Ok(Self(format!("+{digits}")))
        } else {
            Err(PhoneError::Length)
        }
    }

    /// `+` and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PhoneNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_compare_without_case_or_spaces() {
        let address = EmailAddress::parse(" Olena.Koval@Example.UA ").expect("an address");
        assert_eq!(address.as_str(), "olena.koval@example.ua");
        assert_eq!(address.domain(), "example.ua");
        assert_eq!(EmailAddress::parse("no at sign"), Err(EmailError::Character));
        assert_eq!(EmailAddress::parse("@x"), Err(EmailError::Shape));
    }

    #[test]
    fn numbers_of_one_subscriber_compare_equal() {
        for text in
            ["+380 44 123-45-67", "(044) 123 45 67", "0441234567", "00380441234567", "380441234567"]
        {
            let number = PhoneNumber::parse(text, "380").expect(text);
            assert_eq!(number.as_str(), "+380441234567", "{text}");
        }
        assert_eq!(PhoneNumber::parse("12", "380"), Err(PhoneError::Length));
        assert_eq!(PhoneNumber::parse("044-DOCTOR", "380"), Err(PhoneError::Character));
    }
}
