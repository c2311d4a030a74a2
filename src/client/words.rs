//! Words by which clients are found, folded so that spellings of one name meet.
//!
//! A word of the index and a word of a query go through the same [`fold`]: lower case, apostrophes
//! joined (`Лук'яненко`, `Лук’яненко`, `Лукʼяненко`), `ґ` as `г`, Cyrillic transliterated (Cabinet
//! Resolution 55 of 27.01.2010), and then the letters that transliterations disagree about made
//! one: `y`, `j`, `ї`, `й`, `и`, `і` are `i`, `g`, `h`, `kh` are `h`, `ye` and `e` begin a word
//! alike, doubled letters are single. So `Сергій`, `Serhii`, `Sergiy` and `Sergii` are one word,
//! and a beginning of any of them finds all.

/// Longest word kept, in bytes: longer ones are no names and not typed.
pub const MAX_WORD_BYTES: usize = 64;
/// Most words kept of one client.
pub const MAX_WORDS: usize = 64;
/// Most words of a query that are looked up; further ones are ignored.
pub const MAX_QUERY_WORDS: usize = 4;

/// One word in the form in which words are compared. Empty when nothing is left.
pub fn fold(word: &str) -> String {
    let mut latin = String::with_capacity(word.len() * 2);
    for character in word.chars().flat_map(char::to_lowercase) {
        if !matches!(character, '\'' | '’' | 'ʼ' | '‘' | '`' | '´' | '′') {
            transliterate(character, &mut latin);
        }
    }
    let mut folded = unite(&latin);
    if folded.len() > MAX_WORD_BYTES {
        let end = (0..=MAX_WORD_BYTES).rev().find(|at| folded.is_char_boundary(*at)).unwrap_or(0);
        folded.truncate(end);
    }
    folded
}

/// Words of a name or another text, folded, in their order.
pub fn of_text(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| {
        !c.is_alphanumeric()
            && !matches!(c, '\'' | '’' | 'ʼ' | '‘' | '`' | '´' | '′')
            && !is_combining(c)
    })
    .map(fold)
    .filter(|word| !word.is_empty())
}

/// A mail address is found by its whole, by its local part and by its domain.
pub fn of_email(address: &str) -> Vec<String> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let mut words: Vec<String> = vec![fold(address)];
    words.extend(of_text(local));
    words.push(fold(domain));
    words.retain(|word| !word.is_empty());
    words
}

/// A telephone number (`+380441234567`) is found by its digits with and without country code, and
/// by its last four.
pub fn of_phone(number: &str) -> Vec<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let mut words = Vec::with_capacity(3);
    if let Some(rest) = digits.strip_prefix("380") {
        words.push(format!("0{rest}"));
    }
    if digits.len() > 4 {
        words.push(digits[digits.len() - 4..].to_owned());
    }
    words.push(digits);
    words
}

/// An account, tax or register number is found by its whole and by its last four characters.
pub fn of_number(number: &str) -> Vec<String> {
    let whole: String = number.chars().filter(|c| c.is_alphanumeric()).collect();
    let whole = fold(&whole);
    let mut words = Vec::with_capacity(2);
    if whole.len() > 4 && whole.is_ascii() {
        words.push(whole[whole.len() - 4..].to_owned());
    }
    words.push(whole);
    words.retain(|word| !word.is_empty());
    words
}

/// What a user typed, as folded beginnings of words. A query of digits and punctuation is one
/// number: `(067) 123-45-67` and `+38 067 1234567` are one word each.
pub fn of_query(query: &str) -> Vec<String> {
    let is_number = query.chars().any(|c| c.is_ascii_digit())
        && query.chars().all(|c| {
            c.is_ascii_digit()
                || c.is_whitespace()
                || matches!(c, '+' | '-' | '(' | ')' | '.' | '/')
        });
    if is_number {
        return vec![query.chars().filter(char::is_ascii_digit).collect()];
    }
    let compact: String = query.chars().filter(|c| !c.is_whitespace()).collect();
    if is_iban_beginning(&compact) {
        return vec![fold(&compact)];
    }
    let mut words = Vec::with_capacity(MAX_QUERY_WORDS);
    for part in query.split_whitespace() {
        if part.contains('@') {
            words.push(fold(part.trim_matches(|c: char| "<>,;()".contains(c))));
        } else {
            words.extend(of_text(part));
        }
    }
    words.retain(|word| !word.is_empty());
    words.dedup();
    words.truncate(MAX_QUERY_WORDS);
    words
}

/// A whole text in the form used for order and for comparing postal addresses: folded words, one
/// space between them.
pub fn key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in of_text(text) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&word);
    }
    key
}

fn is_iban_beginning(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.eq_ignore_ascii_case(&b'u'))
        && bytes.next().is_some_and(|b| b.eq_ignore_ascii_case(&b'a'))
        && text.len() > 2
        && bytes.all(|b| b.is_ascii_digit())
}

/// Combining diacritical marks: `й` and `ї` may come as two characters.
const fn is_combining(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// One Cyrillic letter in Latin; `unite` evens out what depends on the place in the word.
fn transliterate(character: char, latin: &mut String) {
    let text = match character {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "h",
        'д' => "d",
        'е' | 'э' => "e",
        'є' | 'ё' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' | 'й' | 'ы' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ю' => "iu",
        'я' => "ia",
        'ь' | 'ъ' => "",
        mark if is_combining(mark) => "",
        // `ß` and other letters of their own stay; the rest of Latin is plain or has its accent
        // taken off.
        other => {
            latin.push(unaccent(other));
            return;
        }
    };
    latin.push_str(text);
}

const fn unaccent(character: char) -> char {
    match character {
        'à'..='å' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ę' | 'ě' | 'ē' => 'e',
        'ğ' => 'g',
        'ì'..='ï' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

/// Makes one what transliterations write differently.
fn unite(latin: &str) -> String {
    let mut united = String::with_capacity(latin.len());
    let mut characters = latin.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let character = match character {
            'y' | 'j' => 'i',
            'g' => 'h',
            'w' => 'v',
            'k' if next == Some('h') => continue,
            other => other,
        };
        let last = united.chars().last();
        if last == Some(character) && !character.is_numeric() {
            continue;
        }
        if united == "i" && character == 'e' {
            united.clear();
        }
        united.push(character);
    }
    united
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(words: &[&str]) {
        let first = fold(words[0]);
        for word in words {
            assert_eq!(fold(word), first, "{word} and {}", words[0]);
        }
    }

    #[test]
    fn spellings_of_one_name_meet() {
        same(&["Сергій", "СЕРГІЙ", "Serhii", "Serhiy", "Sergiy", "Sergii"]);
        same(&["Лук'яненко", "Лук’яненко", "Лукʼяненко", "Lukianenko", "Lukyanenko"]);
        same(&["Ґалаґан", "Галаган", "Halahan", "Galagan"]);
        same(&["Євген", "Yevhen", "Ievgen", "Evgen"]);
        same(&["Харченко", "Kharchenko", "Harchenko"]);
        same(&["Юлія", "Yuliia", "Yulia", "Julia"]);
        same(&["Ганна", "Hanna", "Hana"]);
        same(&["Щербак", "Shcherbak"]);
        // й as two characters
        same(&["Бойко", "Бои\u{306}ко", "Boiko", "Boyko"]);
        same(&["Müller", "Muller"]);
    }

    #[test]
    fn different_names_stay_different() {
        assert_ne!(fold("Шевченко"), fold("Шевчук"));
        assert_ne!(fold("Марія"), fold("Марина"));
        assert_ne!(fold("1001"), fold("101"), "digits are never joined");
    }

    #[test]
    fn beginnings_of_words_are_beginnings_of_folded_words() {
        for name in ["Шевченко", "Андрієнко", "Юлія", "Євген", "Щербак", "Лук'янець"]
        {
            let letters: Vec<char> = name.chars().collect();
            for count in 1..=letters.len() {
                let beginning: String = letters[..count].iter().collect();
                assert!(fold(name).starts_with(&fold(&beginning)), "{beginning} of {name}");
            }
        }
        for beginning in ["Sh", "Shev", "shevch", "ШЕВЧЕ"] {
            assert!(fold("Шевченко").starts_with(&fold(beginning)), "{beginning}");
        }
    }

    #[test]
    fn a_query_of_digits_is_one_number() {
        assert_eq!(of_query("(067) 123-45-67"), ["0671234567"]);
        assert_eq!(of_query("+38 067 1234567"), ["380671234567"]);
        assert_eq!(of_query("UA21 3223 13"), ["ua21322313"]);
        assert_eq!(of_query("Шевч Ол"), ["shevch", "ol"]);
        assert_eq!(of_query("<Olena.K@Example.com>"), [fold("olena.k@example.com")]);
        assert_eq!(of_query("один два три чотири п'ять").len(), MAX_QUERY_WORDS);
        assert!(of_query("  '' ").is_empty());
    }

    #[test]
    fn numbers_are_found_by_what_people_type() {
        assert_eq!(of_phone("+380671234567"), ["0671234567", "4567", "380671234567"]);
        assert_eq!(of_number("1759013776"), ["3776", "1759013776"]);
        assert!(of_email("olena.koval@example.com").contains(&fold("koval")));
    }

    #[test]
    fn a_word_has_a_limit_and_is_cut_between_characters() {
        assert_eq!(fold(&"q1".repeat(500)).len(), MAX_WORD_BYTES);
        assert!(fold(&"語言".repeat(500)).len() <= MAX_WORD_BYTES);
    }
}
