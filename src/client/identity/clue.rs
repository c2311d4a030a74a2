//! By what a client is looked for: an address, or a number that people and machines name. Pure.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Why;
use crate::client::identifier::{Edrpou, IdentifierError, Rnokpp, UkrainianIban};
use crate::client::model::{ContactMedium, ContactPointError, MatchKey};

/// Longest contract number, in characters.
const CONTRACT_CHARS_MAX: usize = 60;
/// Most clues taken from one text: more is a list of payments, not a client who names himself.
pub const CLUES_MAX: usize = 8;
/// So much of a text is looked at, in bytes: people name their number at the beginning or in the
/// signature of a letter, not behind ten pages.
pub const TEXT_MAX_BYTES: usize = 32 * 1_024;

/// By what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClueKind {
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A fax number.
    Fax,
    /// A postal address.
    Post,
    /// RNOKPP or EDRPOU.
    TaxNumber,
    /// A Ukrainian IBAN.
    Account,
    /// Number of a contract.
    Contract,
    /// The last four digits of a card.
    Card,
}

impl ClueKind {
    /// As in rows and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Fax => "fax",
            Self::Post => "post",
            Self::TaxNumber => "tax_number",
            Self::Account => "account",
            Self::Contract => "contract",
            Self::Card => "card",
        }
    }

    /// By what means an address of this kind reaches someone; none: it is no address.
    pub const fn medium(self) -> Option<ContactMedium> {
        match self {
            Self::Email => Some(ContactMedium::Email),
            Self::Phone => Some(ContactMedium::Phone),
            Self::Fax => Some(ContactMedium::Fax),
            Self::Post => Some(ContactMedium::Post),
            Self::TaxNumber | Self::Account | Self::Contract | Self::Card => None,
        }
    }

    /// Why a client who has the number stands in the list; none: an address, of which the record
    /// knows more.
    pub const fn why(self) -> Option<Why> {
        match self {
            Self::Email | Self::Phone | Self::Fax | Self::Post => None,
            Self::TaxNumber => Some(Why::TaxNumber),
            Self::Account => Some(Why::Account),
            Self::Contract => Some(Why::Contract),
            Self::Card => Some(Why::Card),
        }
    }
}

/// A clue, normalised as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// What it is.
    pub kind: ClueKind,
    /// What is compared.
    pub value: String,
}

/// Why a text is no such clue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClueError {
    /// No address of that kind.
    #[error(transparent)]
    Address(#[from] ContactPointError),
    /// Not the number that it should be.
    #[error(transparent)]
    Number(#[from] IdentifierError),
    /// No contract number.
    #[error("a contract number has letters or digits and at most {CONTRACT_CHARS_MAX} characters")]
    Contract,
    /// Not the end of a card number. A whole number is refused, and not repeated here.
    #[error("give the last four digits of the card and nothing else")]
    Card,
}

impl Clue {
    /// Reads what people write; check digits are verified.
    pub fn parse(kind: ClueKind, text: &str) -> Result<Self, ClueError> {
        if let Some(medium) = kind.medium() {
            return Ok(Self { kind, value: MatchKey::parse(medium, text)?.value });
        }
        let value = match kind {
            ClueKind::TaxNumber => tax_number(text)?,
            ClueKind::Account => UkrainianIban::parse(text)?.as_str().to_owned(),
            ClueKind::Card => {
                let text = text.trim();
                if text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(ClueError::Card);
                }
                text.to_owned()
            }
            ClueKind::Contract
            | ClueKind::Email
            | ClueKind::Phone
            | ClueKind::Fax
            | ClueKind::Post => {
                let text = text.trim();
                let has_signs = text.chars().any(char::is_alphanumeric);
                if !has_signs || text.chars().count() > CONTRACT_CHARS_MAX {
                    return Err(ClueError::Contract);
                }
                text.to_owned()
            }
        };
        Ok(Self { kind, value })
    }

    /// Account and tax numbers that a text names, in its order. A number counts only with a right
    /// check digit; whether it is the writer's own is for a person to judge.
    pub fn find_in(text: &str) -> Vec<Self> {
        let end = (0..=text.len().min(TEXT_MAX_BYTES)).rev().find(|at| text.is_char_boundary(*at));
        let text = &text[..end.unwrap_or(0)];
        let mut found: Vec<Self> = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            rest = &rest[start..];
            let (clue, length) = clue_at(rest);
            found.extend(clue.filter(|clue| !found.contains(clue)));
            if found.len() == CLUES_MAX {
                break;
            }
            rest = &rest[length..];
        }
        found
    }
}

fn tax_number(text: &str) -> Result<String, IdentifierError> {
    if text.trim().len() == 8 {
        return Ok(Edrpou::parse(text)?.as_str().to_owned());
    }
    Ok(Rnokpp::parse(text)?.as_str().to_owned())
}

/// The clue at the beginning of a text that begins with a letter or digit, and how many bytes to go
/// on by.
fn clue_at(text: &str) -> (Option<Clue>, usize) {
    const IBAN_CHARS: usize = 29;
    let word = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    if text.get(..2).is_some_and(|country| country.eq_ignore_ascii_case("UA")) {
        // Printed in groups of four.
        let mut signs = String::with_capacity(IBAN_CHARS);
        for (at, character) in text.char_indices() {
            if character.is_ascii_alphanumeric() {
                signs.push(character);
            } else if character != ' ' && character != '\u{a0}' {
                break;
            }
            if signs.len() == IBAN_CHARS {
                let length = at + 1;
                let ends = !text[length..].starts_with(|c: char| c.is_ascii_alphanumeric());
                if let Some(number) = UkrainianIban::parse(&signs).ok().filter(|_| ends) {
                    let value = number.as_str().to_owned();
                    return (Some(Clue { kind: ClueKind::Account, value }), length);
                }
                break;
            }
        }
    }
    let number = matches!(word, 8 | 10).then(|| tax_number(&text[..word]).ok()).flatten();
    (number.map(|value| Clue { kind: ClueKind::TaxNumber, value }), word)
}

/// The text is no kind of clue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("by is email, phone, fax, post, tax_number, account, contract or card")]
pub struct UnknownClue;

impl FromStr for ClueKind {
    type Err = UnknownClue;

    fn from_str(text: &str) -> Result<Self, UnknownClue> {
        const ALL: [ClueKind; 8] = [
            ClueKind::Email,
            ClueKind::Phone,
            ClueKind::Fax,
            ClueKind::Post,
            ClueKind::TaxNumber,
            ClueKind::Account,
            ClueKind::Contract,
            ClueKind::Card,
        ];
        ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownClue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalised_and_verified() {
        let value = |kind, text| Clue::parse(kind, text).map(|clue| clue.value);
        assert_eq!(value(ClueKind::Phone, "(067) 123-45-67").as_deref(), Ok("+380671234567"));
        assert_eq!(value(ClueKind::TaxNumber, "1759013776").as_deref(), Ok("1759013776"));
        assert_eq!(value(ClueKind::TaxNumber, "32855961").as_deref(), Ok("32855961"));
        let iban = "ua21 3223 1300 0002 6007 2335 6600 1";
        assert_eq!(value(ClueKind::Account, iban).as_deref(), Ok("UA213223130000026007233566001"));
        for (kind, text) in [
            (ClueKind::TaxNumber, "1759013770"),
            (ClueKind::TaxNumber, "32855968"),
            (ClueKind::Account, "UA213223130000026007233566002"),
            (ClueKind::Card, "4149439012345678"),
            (ClueKind::Contract, " - "),
            (ClueKind::Email, "nobody"),
        ] {
            assert!(Clue::parse(kind, text).is_err(), "{text}");
        }
        let refused = Clue::parse(ClueKind::Card, "4149439012345678").expect_err("a whole number");
        assert!(!refused.to_string().contains("4149"), "{refused}");
    }

    #[test]
    fn a_text_names_accounts_and_tax_numbers_with_right_check_digits() {
        let text = "Мій рахунок UA21 3223 1300 0002 6007 2335 6600 1, ІПН 1759013776; \
                    не 1759013770 і не UA213223130000026007233566002. ЄДРПОУ:32855961 1759013776 \
                    тел. 380671234567, ua213223130000026007233566001x";
        let found: Vec<(ClueKind, String)> =
            Clue::find_in(text).into_iter().map(|clue| (clue.kind, clue.value)).collect();
        assert_eq!(
            found,
            [
                (ClueKind::Account, "UA213223130000026007233566001".to_owned()),
                (ClueKind::TaxNumber, "1759013776".to_owned()),
                (ClueKind::TaxNumber, "32855961".to_owned()),
            ]
        );
        assert!(Clue::find_in("Їжак UA та інше ї").is_empty());
        let many: Vec<String> =
            (0..40_u16).map(|n| Rnokpp::complete(5_000, n).as_str().to_owned()).collect();
        let many = many.join(" ");
        assert_eq!(Clue::find_in(&many).len(), CLUES_MAX);
        assert!(Clue::find_in(&"ї".repeat(TEXT_MAX_BYTES)).is_empty());
    }

    #[test]
    fn kinds_have_one_name() {
        for name in ["email", "phone", "fax", "post", "tax_number", "account", "contract", "card"] {
            let kind: ClueKind = name.parse().expect(name);
            assert_eq!(serde_json::to_value(kind).expect("serialises"), name);
        }
        assert!("name".parse::<ClueKind>().is_err(), "a name identifies nobody");
    }
}
