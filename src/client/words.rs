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
/// Most entries of the index for one client: a name of six words has 18, a contact point up to
/// five, an account two; an organisation with more accounts is found by the first of them.
pub const MAX_WORDS: usize = 160;
/// Most words of a name that are indexed: longer names are those of authorities, whose first words
/// are what people type.
pub const MAX_NAME_WORDS: usize = 6;
/// Most words of a name that are indexed in pairs.
const MAX_PAIRED_WORDS: usize = 4;
/// Begins an entry for a pair of words; no folded word begins so.
const PAIR_MARK: char = '+';
/// Characters of the first word of a pair. Three are typed in a second and leave a bounded number
/// of names; more would keep half-typed words from being looked up as pairs.
pub const PAIR_HEAD_CHARS: usize = 3;
/// Longest entry, in bytes: what stands behind the first words only gives the order.
const MAX_ENTRY_BYTES: usize = 96;
/// Most words of a query that are looked up; further ones are ignored.
pub const MAX_QUERY_WORDS: usize = 4;

/// One word in the form in which words are compared. Empty when nothing is left.
pub fn fold(word: &str) -> String {
    let mut latin = String::with_capacity(word.len() * 2);
    for character in word.chars().flat_map(char::to_lowercase) {
        if !is_apostrophe(character) {
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
    text.split(|c: char| !c.is_alphanumeric() && !is_apostrophe(c) && !is_combining(c))
        .map(fold)
        .filter(|word| !word.is_empty())
}

/// Entries of the index for the words of a name, given in their order.
///
/// Each word leads an entry and the others follow, so that whoever is found by one word is listed
/// in the order of whole names; and each pair has an entry, so that two beginnings (`шев ол`) are
/// one range of the index however frequent each of them is.
pub fn of_name(name: &[String]) -> Vec<String> {
    let mut words: Vec<&str> = Vec::with_capacity(name.len());
    for word in name {
        if words.len() < MAX_NAME_WORDS && !words.contains(&word.as_str()) {
            words.push(word);
        }
    }
    let mut entries = Vec::with_capacity(words.len() * 4);
    for (place, word) in words.iter().enumerate() {
        let mut entry = (*word).to_owned();
        for (other, rest) in words.iter().enumerate() {
            if other != place && entry.len() + rest.len() < MAX_ENTRY_BYTES {
                entry.push(' ');
                entry.push_str(rest);
            }
        }
        entries.push(entry);
    }
    let paired = &words[..words.len().min(MAX_PAIRED_WORDS)];
    for (place, head) in paired.iter().enumerate() {
        for (other, rest) in paired.iter().enumerate() {
            if other != place {
                entries.extend(pair(head, rest));
            }
        }
    }
    entries
}

/// The beginning of the entries of names with a word that begins with `rest` beside one that begins
/// like `head`. None: `head` is too short.
pub fn pair(head: &str, rest: &str) -> Option<String> {
    let (end, last) = head.char_indices().nth(PAIR_HEAD_CHARS - 1)?;
    Some(format!("{PAIR_MARK}{} {rest}", &head[..end + last.len_utf8()]))
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
        } else if part.bytes().filter(u8::is_ascii_digit).count() >= 4 {
            // `D-00123456`, `AB/123456`: a number, however it is divided.
            words.push(fold(&part.chars().filter(|c| c.is_alphanumeric()).collect::<String>()));
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

/// A name in the form by which lists are ordered: words in the order of the Ukrainian alphabet,
/// then what is written in Latin; case, apostrophes and punctuation count for nothing.
pub fn order_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut is_between = false;
    for character in name.chars().flat_map(char::to_lowercase) {
        if is_apostrophe(character) || is_combining(character) {
            continue;
        }
        if !character.is_alphanumeric() {
            is_between = !key.is_empty();
            continue;
        }
        if is_between {
            key.push(' ');
            is_between = false;
        }
        let place = ALPHABET.chars().position(|letter| letter == character);
        // Places of the alphabet are code points between digits and Latin letters of their own.
        let placed = place.and_then(|place| char::from_u32(u32::from(':') + place as u32));
        key.push(placed.unwrap_or_else(|| unaccent(character)));
    }
    key
}

/// The Ukrainian alphabet; letters of Russian names stand beside those they are read like.
const ALPHABET: &str = "абвгґдеэєёжзиыіїйклмнопрстуфхцчшщьъюя";

const fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | 'ʼ' | '‘' | '`' | '´' | '′')
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
    fn a_name_is_indexed_by_each_word_and_by_pairs() {
        let name: Vec<String> = of_text("Шевченко Олена Петрівна").collect();
        let entries = of_name(&name);
        for entry in [
            "shevchenko olena petrivna",
            "olena shevchenko petrivna",
            "petrivna shevchenko olena",
            "+she olena",
            "+ole shevchenko",
            "+pet olena",
        ] {
            assert!(entries.iter().any(|known| known == entry), "{entry} in {entries:?}");
        }
        assert_eq!(entries.len(), 3 + 6);
        assert_eq!(pair("ol", "x"), None);
        assert_eq!(pair("語言學", "x").as_deref(), Some("+語言學 x"));
        let long: Vec<String> = (0..20).map(|n| format!("word{n}")).collect();
        assert!(of_name(&long).len() <= MAX_NAME_WORDS + 12);
        let same = [String::from("ivan"), String::from("ivan")];
        assert_eq!(of_name(&same), ["ivan"]);
    }

    #[test]
    fn names_are_ordered_as_in_ukrainian() {
        let ordered = [
            "101 далматинець",
            "Авраменко",
            "Василь Мороз",
            "Галаган",
            "Ґалаґан",
            "Ємець",
            "Жук",
            "Іван",
            "Їжак",
            "Йосипенко",
            "Лук'яненко Ганна",
            "лукяненко Сергій",
            "Надія",
            "ТОВ «Мрія»",
            "Щербак",
            "Яременко",
            "Adams",
            "Smith",
        ];
        for pair in ordered.windows(2) {
            assert!(order_key(pair[0]) < order_key(pair[1]), "{} and {}", pair[0], pair[1]);
        }
        assert_eq!(order_key(" «Мрія»,  ТОВ"), order_key("мрія тов"));
    }

    #[test]
    fn a_query_of_digits_is_one_number() {
        assert_eq!(of_query("(067) 123-45-67"), ["0671234567"]);
        assert_eq!(of_query("+38 067 1234567"), ["380671234567"]);
        assert_eq!(of_query("UA21 3223 13"), ["ua21322313"]);
        assert_eq!(of_query("D-00123456 Шевч"), ["d00123456", "shevch"]);
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
