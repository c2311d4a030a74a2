//! Ukrainian identifiers with their check digits.
//!
//! The algorithms are those of the state registers: EDRPOU (Cabinet Resolution 118 of 22.01.1996),
//! RNOKPP (Order 779 of 29.09.2017) and the IBAN (ISO 13616, NBU Resolution 162 of 28.12.2018).

/// Why a text is not the identifier it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Too short, too long, or a character that cannot be there.
    #[error("{name} has {shape}")]
    Shape {
        /// What was expected.
        name: &'static str,
        /// How it looks.
        shape: &'static str,
    },
    /// The check digit does not fit: a digit is wrong or two are exchanged.
    #[error("{name} has a wrong check digit: a digit is mistyped or two are exchanged")]
    CheckDigit {
        /// What was expected.
        name: &'static str,
    },
}

/// Register number of an organisation: 8 digits, the last one a check digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edrpou(String);

impl Edrpou {
    const NAME: &'static str = "an EDRPOU number";

    /// Reads and verifies a number.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let digits = exactly::<8>(text)
            .ok_or(IdentifierError::Shape { name: Self::NAME, shape: "8 digits" })?;
        let mut head = [0; 7];
        head.copy_from_slice(&digits[..7]);
        if Self::check_digit(head) == digits[7] {
            Ok(Self(join(&digits)))
        } else {
            Err(IdentifierError::CheckDigit { name: Self::NAME })
        }
    }

    /// The number that begins with these seven digits.
    pub fn complete(head: [u8; 7]) -> Self {
        Self(format!("{}{}", join(&head), Self::check_digit(head)))
    }

    /// The eight digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Weights 1 to 7, turned by one for the numbers 30000000 to 59999999; where the remainder by
    /// 11 is 10, again with weights larger by two.
    fn check_digit(head: [u8; 7]) -> u8 {
        let weights: [u32; 7] =
            if (3..=5).contains(&head[0]) { [7, 1, 2, 3, 4, 5, 6] } else { [1, 2, 3, 4, 5, 6, 7] };
        let sum = |more: u32| -> u32 {
            head.iter()
                .zip(weights)
                .map(|(digit, weight)| u32::from(*digit) * (weight + more))
                .sum()
        };
        let first = sum(0) % 11;
        let digit = if first == 10 { sum(2) % 11 % 10 } else { first };
        digit as u8
    }
}

/// Registration number of a taxpayer: 10 digits; the first five count the days from 1899-12-31 to
/// the birth, the ninth is odd for men, the last is a check digit. Who refuses the number for
/// religious reasons has none; the field is empty then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rnokpp(String);

/// 1899-12-31 as days since 1970-01-01.
const RNOKPP_EPOCH_DAY: i64 = -25_568;

impl Rnokpp {
    const NAME: &'static str = "a taxpayer number (RNOKPP)";

    /// Reads and verifies a number.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let digits = exactly::<10>(text)
            .ok_or(IdentifierError::Shape { name: Self::NAME, shape: "10 digits" })?;
        let mut head = [0; 9];
        head.copy_from_slice(&digits[..9]);
        if Self::check_digit(head) == digits[9] {
            Ok(Self(join(&digits)))
        } else {
            Err(IdentifierError::CheckDigit { name: Self::NAME })
        }
    }

    /// The number of someone born on `birth_day` (days since 1970-01-01), with a running number of
    /// which the last digit is odd for men.
    pub fn complete(birth_day: i64, running: u16) -> Self {
        let days = (birth_day - RNOKPP_EPOCH_DAY).clamp(0, 99_999);
        let text = format!("{days:05}{:04}", running % 10_000);
        let mut head = [0; 9];
        for (place, byte) in head.iter_mut().zip(text.bytes()) {
            *place = byte - b'0';
        }
        Self(format!("{text}{}", Self::check_digit(head)))
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day of birth that the number states, as days since 1970-01-01.
    pub fn birth_day(&self) -> i64 {
        self.0[..5].parse::<i64>().map_or(0, |days| days + RNOKPP_EPOCH_DAY)
    }

    fn check_digit(head: [u8; 9]) -> u8 {
        const WEIGHTS: [i32; 9] = [-1, 5, 7, 9, 4, 6, 10, 5, 7];
        let sum: i32 =
            head.iter().zip(WEIGHTS).map(|(digit, weight)| i32::from(*digit) * weight).sum();
        (sum.rem_euclid(11) % 10) as u8
    }
}

/// An account number of a Ukrainian bank: `UA`, two check digits, six digits of the bank, nineteen
/// of the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UkrainianIban(String);

impl UkrainianIban {
    const NAME: &'static str = "a Ukrainian account number (IBAN)";

    /// Reads and verifies a number; spaces are allowed.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let shape = IdentifierError::Shape { name: Self::NAME, shape: "UA and 27 digits" };
        let text: String =
            text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let digits = text.strip_prefix("UA").ok_or(shape)?;
        if digits.len() != 27 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(shape);
        }
        if Self::check_digits(&digits[2..]) == digits[..2] {
            Ok(Self(text))
        } else {
            Err(IdentifierError::CheckDigit { name: Self::NAME })
        }
    }

    /// The number of an account (up to 19 digits) at a bank (its six-digit code, MFO).
    pub fn complete(bank: u32, account: u64) -> Self {
        let rest = format!("{:06}{account:019}", bank % 1_000_000);
        Self(format!("UA{}{rest}", Self::check_digits(&rest)))
    }

    /// `UA` and 27 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bank's six-digit code (MFO).
    pub fn bank(&self) -> &str {
        &self.0[4..10]
    }

    /// ISO 7064 MOD 97-10 over the rest, the country as numbers (U = 30, A = 10) and `00`.
    fn check_digits(rest: &str) -> String {
        let remainder = rest
            .bytes()
            .chain(*b"301000")
            .fold(0_u32, |sum, byte| (sum * 10 + u32::from(byte - b'0')) % 97);
        format!("{:02}", 98 - remainder)
    }
}

/// All characters but the last four replaced, so that two numbers can be told apart and none read.
pub fn mask(number: &str) -> String {
    let count = number.chars().count();
    let kept = if count > 4 { 4 } else { 0 };
    let tail: String = number.chars().skip(count - kept).collect();
    format!("••••{tail}")
}

fn exactly<const COUNT: usize>(text: &str) -> Option<[u8; COUNT]> {
    let text = text.trim();
    if text.len() != COUNT {
        return None;
    }
    let mut digits = [0; COUNT];
    for (place, byte) in digits.iter_mut().zip(text.bytes()) {
        *place = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
    }
    Some(digits)
}

fn join(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn register_numbers_are_verified() {
        assert_eq!(Edrpou::parse("32855961").map(|n| n.0), Ok("32855961".to_owned()));
        assert_eq!(
            Edrpou::parse("32855968"),
            Err(IdentifierError::CheckDigit { name: Edrpou::NAME })
        );
        assert!(matches!(Edrpou::parse("3285596"), Err(IdentifierError::Shape { .. })));
        assert!(matches!(Edrpou::parse("3285596X"), Err(IdentifierError::Shape { .. })));
        for first in 0..10_000_u32 {
            let mut head = [0; 7];
            for (place, byte) in head.iter_mut().zip(format!("{:07}", first * 991).bytes()) {
                *place = byte - b'0';
            }
            assert!(Edrpou::parse(Edrpou::complete(head).as_str()).is_ok());
        }
    }

    #[test]
    fn taxpayer_numbers_are_verified_and_tell_the_birth() {
        assert!(Rnokpp::parse("1759013776").is_ok());
        assert!(Rnokpp::parse("2530414071").is_ok());
        assert!(matches!(Rnokpp::parse("1759013770"), Err(IdentifierError::CheckDigit { .. })));
        for day in [-20_000, 0, 5_000, 12_345] {
            let number = Rnokpp::complete(day, 4_711);
            let read = Rnokpp::parse(number.as_str()).expect("a number of ours");
            assert_eq!(read.birth_day(), day);
        }
    }

    #[test]
    fn account_numbers_are_verified() {
        let number = UkrainianIban::parse("ua21 3223130000026007233566001").expect("an account");
        assert_eq!(number.bank(), "322313");
        assert!(matches!(
            UkrainianIban::parse("UA213223130000026007233566002"),
            Err(IdentifierError::CheckDigit { .. })
        ));
        assert!(matches!(UkrainianIban::parse("DE21"), Err(IdentifierError::Shape { .. })));
        let made = UkrainianIban::complete(300_001, 26_007_233_566_001);
        assert_eq!(UkrainianIban::parse(made.as_str()), Ok(made));
    }

    #[test]
    fn masks_keep_the_last_four_or_nothing() {
        assert_eq!(mask("1759013776"), "••••3776");
        assert_eq!(mask("123"), "••••");
    }
}
