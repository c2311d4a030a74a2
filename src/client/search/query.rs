//! How a typed text is looked up: which range of the index leads, what else must fit, and what the
//! text would be with the other keyboard layout. Pure.

use crate::client::words;

/// Sorts after every character, in UTF-8 too.
const AFTER_ALL: char = '\u{10ffff}';
/// A word with so many digits is part of a number and leads: few clients have it.
const NUMBER_DIGITS_MIN: usize = 4;

/// Entries of the index from `from` on, before `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: String,
    /// Behind the last.
    pub to: String,
}

impl Range {
    /// Entries that begin so.
    pub fn beginning_with(text: &str) -> Self {
        let mut to = text.to_owned();
        to.push(AFTER_ALL);
        Self { from: text.to_owned(), to }
    }
}

/// A range that is walked in its order, and ranges of which a client must have an entry too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Walked.
    pub lead: Range,
    /// Asked for each client found.
    pub others: Vec<Range>,
}

impl Lookup {
    /// Walks the range of one of the words and asks for the others.
    pub fn led_by(words: &[String], lead: usize) -> Option<Self> {
        let others = words.iter().enumerate().filter(|(place, _)| *place != lead);
        Some(Self {
            lead: Range::beginning_with(words.get(lead)?),
            others: others.map(|(_, word)| Range::beginning_with(word)).collect(),
        })
    }

    /// Walks the range of the pair of words that leaves fewest clients. None: there is none,
    /// because the words are too few or too short, or are no names.
    pub fn led_by_pair(words: &[String]) -> Option<Self> {
        if words.len() < 2 || words.iter().any(|word| word.contains('@') || is_number(word)) {
            return None;
        }
        let pairs = (0..words.len()).flat_map(|head| {
            (0..words.len()).filter(move |rest| *rest != head).filter_map(move |rest| {
                let entry = words::pair(&words[head], &words[rest])?;
                Some((words[rest].chars().count(), words[head].len(), head, rest, entry))
            })
        });
        // The longer the word that is compared whole, the fewer; then the longer the other.
        let (_, _, head, rest, entry) = pairs.max()?;
        let is_whole = words[head].chars().count() <= words::PAIR_HEAD_CHARS;
        let others = words.iter().enumerate();
        let others = others.filter(|(place, _)| *place != rest && !(is_whole && *place == head));
        Some(Self {
            lead: Range::beginning_with(&entry),
            others: others.map(|(_, word)| Range::beginning_with(word)).collect(),
        })
    }
}

/// A word that is part of a telephone, account or tax number.
pub fn is_number(word: &str) -> bool {
    word.bytes().filter(u8::is_ascii_digit).count() >= NUMBER_DIGITS_MIN
}

/// Keys of the Latin layout and what the Ukrainian layout has on them. What both have is left out.
const KEYS: [(char, char); 35] = [
    ('q', 'й'),
    ('w', 'ц'),
    ('e', 'у'),
    ('r', 'к'),
    ('t', 'е'),
    ('y', 'н'),
    ('u', 'г'),
    ('i', 'ш'),
    ('o', 'щ'),
    ('p', 'з'),
    ('[', 'х'),
    (']', 'ї'),
    ('a', 'ф'),
    ('s', 'і'),
    ('d', 'в'),
    ('f', 'а'),
    ('g', 'п'),
    ('h', 'р'),
    ('j', 'о'),
    ('k', 'л'),
    ('l', 'д'),
    (';', 'ж'),
    ('\'', 'є'),
    ('z', 'я'),
    ('x', 'ч'),
    ('c', 'с'),
    ('v', 'м'),
    ('b', 'и'),
    ('n', 'т'),
    ('m', 'ь'),
    (',', 'б'),
    ('.', 'ю'),
    ('`', '\''),
    ('\\', 'ґ'),
    ('/', '.'),
];

/// The text as the same keys give it in the other layout: `ghbdsn` is `привіт`, `іьшер` is `smith`.
/// None: both scripts are in it, or neither.
pub fn switch_layout(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let is_cyrillic = |c: char| matches!(c, 'а'..='я' | 'є' | 'і' | 'ї' | 'ґ' | 'ё');
    let has_latin = lower.chars().any(|c| c.is_ascii_lowercase());
    let has_cyrillic = lower.chars().any(is_cyrillic);
    if has_latin == has_cyrillic {
        return None;
    }
    let other = |character: char| {
        let found = KEYS.iter().find_map(|(latin, cyrillic)| {
            let (typed, meant) = if has_latin { (latin, cyrillic) } else { (cyrillic, latin) };
            (*typed == character).then_some(*meant)
        });
        found.unwrap_or(character)
    };
    Some(lower.chars().map(other).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        words::of_query(text)
    }

    #[test]
    fn two_beginnings_are_one_range() {
        let lookup = Lookup::led_by_pair(&words("шев ол")).expect("a pair");
        assert_eq!(lookup.lead.from, "+she ol");
        // A pair has but three letters of its first word.
        assert_eq!(lookup.others, [Range::beginning_with("shev")]);
        assert!(Lookup::led_by_pair(&words("ков ол")).is_some_and(|pair| pair.others.is_empty()));
        let lookup = Lookup::led_by_pair(&words("олена шевченко")).expect("a pair");
        assert_eq!(lookup.lead.from, "+ole shevchenko");
        let lookup = Lookup::led_by_pair(&words("ш олена")).expect("a pair");
        assert_eq!(lookup.lead.from, "+ole sh");
    }

    #[test]
    fn numbers_addresses_and_single_words_are_no_pairs() {
        for text in ["шевченко", "ш о", "шевченко 0671", "olena@example.com шев", ""]
        {
            assert_eq!(Lookup::led_by_pair(&words(text)), None, "{text}");
        }
        let lookup = Lookup::led_by(&words("шевченко 1234x"), 1).expect("a word");
        assert_eq!(lookup.lead.from, "1234x");
        assert_eq!(lookup.others, [Range::beginning_with("shevchenko")]);
        assert_eq!(Lookup::led_by(&[], 0), None);
    }

    #[test]
    fn a_range_holds_what_begins_so_and_nothing_else() {
        let range = Range::beginning_with("kov");
        for (entry, is_in) in [("kov", true), ("koval ivan", true), ("ko", false), ("kow", false)] {
            let found = entry >= range.from.as_str() && entry < range.to.as_str();
            assert_eq!(found, is_in, "{entry}");
        }
    }

    #[test]
    fn the_other_layout_is_tried_for_one_script_only() {
        for (typed, meant) in [
            ("ghbdsn", "привіт"),
            ("itdxtyrj jktyf", "шевченко олена"),
            (";erjdcmrbq", "жуковський"),
            ("kerzytyrj", "лукяненко"),
            ("іьшер", "smith"),
        ] {
            assert_eq!(switch_layout(typed).as_deref(), Some(meant), "{typed}");
        }
        assert_eq!(switch_layout("067 123"), None);
        assert_eq!(switch_layout("ТОВ Smith"), None);
    }
}
