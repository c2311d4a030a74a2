//! Words with one mistake: a letter too many, too few, wrong, or two exchanged. Pure.
//!
//! A word and a mistyped one that differ by one mistake have a form with a letter left out in
//! common (deletion neighbourhood). Forms are made of the beginning of a word only, so that a word
//! is found while it is still being typed, and a word has at most twelve.

use std::collections::BTreeSet;

/// Letters of the beginning whose forms are kept, for words typed that far and farther.
const BEGINNINGS: [usize; 2] = [4, 6];
/// Shortest word that is corrected: below, everything is like everything.
const TYPED_CHARS_MIN: usize = 4;
/// Shortest word of a name that others are corrected to.
const WORD_CHARS_MIN: usize = 3;

/// Two letters in Latin that are one in Cyrillic, as one: a mistake in them is one mistake. The
/// capitals stand for nothing else, because folded words are in lower case.
const PAIRS: [(&str, char); 5] =
    [("shch", 'W'), ("sh", 'S'), ("ch", 'C'), ("zh", 'Z'), ("ts", 'T')];

/// One character for each letter of the name as it is written in Cyrillic, as far as that can be
/// told.
fn compact(word: &str) -> Vec<char> {
    let mut letters = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let pair =
            PAIRS.iter().find_map(|(pair, letter)| Some((rest.strip_prefix(pair)?, *letter)));
        let (after, letter) = pair.unwrap_or((&rest[first.len_utf8()..], first));
        letters.push(letter);
        rest = after;
    }
    letters
}

/// Forms under which a word of a name is kept; none for numbers and what is too short.
pub fn variants(word: &str) -> BTreeSet<String> {
    let letters = compact(word);
    if letters.len() < WORD_CHARS_MIN || !letters.iter().all(|letter| letter.is_alphabetic()) {
        return BTreeSet::new();
    }
    BEGINNINGS.iter().flat_map(|length| forms(&letters[..letters.len().min(*length)])).collect()
}

/// Forms under which a mistyped word is looked for; none: it is not corrected.
pub fn look_ups(typed: &str) -> BTreeSet<String> {
    let letters = compact(typed);
    if letters.len() < TYPED_CHARS_MIN || !letters.iter().all(|letter| letter.is_alphabetic()) {
        return BTreeSet::new();
    }
    let length = if letters.len() < BEGINNINGS[1] { BEGINNINGS[0] } else { BEGINNINGS[1] };
    forms(&letters[..length])
}

/// The beginning itself, and without each of its letters.
fn forms(beginning: &[char]) -> BTreeSet<String> {
    let without = |place: usize| -> String {
        let kept = beginning.iter().enumerate().filter(|(other, _)| *other != place);
        kept.map(|(_, letter)| *letter).collect()
    };
    (0..=beginning.len()).map(without).collect()
}

/// Those of `words` with a beginning that differs from what was typed by one mistake, likeliest
/// first.
pub fn corrections(typed: &str, words: Vec<String>, count: usize) -> Vec<String> {
    let letters = compact(typed);
    let mut close: Vec<(bool, usize, String)> = words
        .into_iter()
        .filter(|word| word != typed)
        .filter_map(|word| {
            let other = compact(&word);
            let is_close = distance_to_beginning(&letters, &other) <= 1;
            // People seldom miss the first letter, and rather type the whole than a part.
            let begins_otherwise = letters.first() != other.first();
            is_close.then(|| (begins_otherwise, other.len().abs_diff(letters.len()), word))
        })
        .collect();
    close.sort();
    close.into_iter().take(count).map(|(_, _, word)| word).collect()
}

/// The fewest mistakes (Damerau–Levenshtein, neighbours exchanged count as one) that make some
/// beginning of `word` out of `typed`.
fn distance_to_beginning(typed: &[char], word: &[char]) -> usize {
    let width = word.len().min(typed.len() + 1);
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=width).collect();
    for (line, letter) in typed.iter().enumerate() {
        let mut next = Vec::with_capacity(width + 1);
        next.push(line + 1);
        for column in 0..width {
            let wrong = row[column] + usize::from(*letter != word[column]);
            let mut best = wrong.min(row[column + 1] + 1).min(next[column] + 1);
            let are_exchanged = line > 0
                && column > 0
                && *letter == word[column - 1]
                && typed[line - 1] == word[column];
            if are_exchanged {
                best = best.min(before[column - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.into_iter().min().unwrap_or(typed.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::words::fold;

    fn is_found(typed: &str, name: &str) -> bool {
        let (typed, name) = (fold(typed), fold(name));
        let meet = !look_ups(&typed).is_disjoint(&variants(&name));
        meet && corrections(&typed, vec![name.clone()], 5) == [name]
    }

    #[test]
    fn one_mistake_is_forgiven_wherever_it_is() {
        for typed in [
            "Шевчнко",    // one too few
            "Шевчьеенко", // folded: the same letter twice
            "Шевчекно",   // exchanged
            "Щевченко",   // wrong, four letters in Latin
            "Шевценко",
            "Шевчеенко",
            "Шекченко",
            "Ншевченко", // one too many at the beginning
            "евченко",
            "Шевчунк", // still being typed
            "Shevchemko",
        ] {
            assert!(is_found(typed, "Шевченко") || fold(typed) == fold("Шевченко"), "{typed}");
        }
        for (typed, name) in [("Олнеа", "Олена"), ("Ковлаь", "Коваль"), ("Мльник", "Мельник")]
        {
            assert!(is_found(typed, name), "{typed}");
        }
    }

    #[test]
    fn every_single_mistake_in_a_long_name_is_forgiven() {
        let name = compact(&fold("Мартиненко"));
        for place in 0..name.len() {
            let mut wrong = name.clone();
            wrong[place] = 'q';
            let mut without = name.clone();
            without.remove(place);
            let mut more = name.clone();
            more.insert(place, 'q');
            for typed in [wrong, without, more] {
                let text: String = typed.iter().collect();
                let meet = !look_ups(&text).is_disjoint(&variants(&fold("Мартиненко")));
                assert!(meet && distance_to_beginning(&typed, &name) <= 1, "{text}");
            }
        }
    }

    #[test]
    fn two_mistakes_short_words_and_numbers_are_not_corrected() {
        assert!(!is_found("Шеченкл", "Шевченко"));
        assert!(!is_found("Івн", "Іван"));
        assert!(look_ups("0671234567").is_empty() && variants("2000").is_empty());
        assert!(variants(&fold("Олександрівна")).len() <= 12);
    }

    #[test]
    fn the_likeliest_comes_first() {
        let words = ["kovalenko", "koval", "nkoval", "kovalchuk"].map(str::to_owned).to_vec();
        let found = corrections("kvoal", words, 3);
        assert_eq!(found, ["koval", "kovalchuk", "kovalenko"]);
    }
}
