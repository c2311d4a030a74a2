//! A text in the form in which texts are compared. Pure.

/// Lower case, one space between words and none at the ends, one form of apostrophe, and nothing
/// that cannot be seen: `М’ЯКИЙ\n знак` and `м'який знак` are the same.
///
/// One pass over the text.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut is_space_due = false;
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            push(&mut folded, &mut is_space_due, character.to_ascii_lowercase());
            continue;
        }
        match character {
            'а'..='я' | 'ё'..='џ' | 'ґ' => push(&mut folded, &mut is_space_due, character),
            'А'..='Я' => push(&mut folded, &mut is_space_due, moved(character, 0x20)),
            'Ѐ'..='Џ' => push(&mut folded, &mut is_space_due, moved(character, 0x50)),
            'Ґ' => push(&mut folded, &mut is_space_due, 'ґ'),
            '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' | '\u{b4}' | '\u{2032}' | '\u{ff07}' => {
                push(&mut folded, &mut is_space_due, '\'');
            }
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            _ if character.is_whitespace() || character.is_control() => {
                is_space_due = !folded.is_empty();
            }
            _ => {
                for lower in character.to_lowercase() {
                    push(&mut folded, &mut is_space_due, lower);
                }
            }
        }
    }
    folded
}

fn push(folded: &mut String, is_space_due: &mut bool, character: char) {
    if *is_space_due {
        folded.push(' ');
        *is_space_due = false;
    }
    folded.push(character);
}

/// In these two blocks of Cyrillic the small letters stand at a fixed distance.
fn moved(letter: char, distance: u32) -> char {
    char::from_u32(u32::from(letter) + distance).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (text, folded) in [
            ("  М’ЯКИЙ\r\n\t знак ", "м'який знак"),
            ("Ґанок ЇЖАК Єдність ІНН Ёлка", "ґанок їжак єдність інн ёлка"),
            ("zero\u{200b}width so\u{ad}ft", "zerowidth soft"),
            ("Straße ÀÉ İ", "straße àé i\u{307}"),
            ("IBAN: UA12`34", "iban: ua12'34"),
            (" \n ", ""),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn every_letter_is_folded_as_unicode_does() {
        for character in ('\u{20}'..='\u{52f}').filter(|character| character.is_alphabetic()) {
            let lower: String = character.to_lowercase().collect();
            let expected = if character == '\u{2bc}' { "'".to_owned() } else { lower };
            assert_eq!(fold(&character.to_string()), expected, "{character:?}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["А  Б’В", "İstanbul", "a\u{0}b"] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }
}
