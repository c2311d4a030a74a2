//! In which language a text is written.
//!
//! Letters come first: `ї`, `є`, `ґ` are Ukrainian and nothing else, `ы`, `э`, `ё` are not. Then
//! the small words of which every sentence has some; a letter of two lines is too short for
//! trigrams, which come last and only count when they are sure. Only the beginning is looked at.

use whatlang::{Detector, Lang, Script};

/// Letters under which nothing is said: "ok, thanks" could be anything.
const MIN_LETTERS: usize = 16;
/// Words under which nothing is said: one long word is often a name.
const MIN_WORDS: usize = 3;
/// Characters looked at.
const MAX_CHARS: usize = 1_500;
/// Below this confidence of the trigrams nothing is said.
const MIN_CONFIDENCE: f64 = 0.5;

/// Languages that are told apart, with their ISO 639-1 codes. The fewer, the surer.
const LANGUAGES: [(Lang, &str); 38] = [
    (Lang::Ukr, "uk"),
    (Lang::Rus, "ru"),
    (Lang::Eng, "en"),
    (Lang::Deu, "de"),
    (Lang::Pol, "pl"),
    (Lang::Fra, "fr"),
    (Lang::Spa, "es"),
    (Lang::Ita, "it"),
    (Lang::Por, "pt"),
    (Lang::Nld, "nl"),
    (Lang::Ron, "ro"),
    (Lang::Ces, "cs"),
    (Lang::Slk, "sk"),
    (Lang::Hun, "hu"),
    (Lang::Bul, "bg"),
    (Lang::Bel, "be"),
    (Lang::Srp, "sr"),
    (Lang::Mkd, "mk"),
    (Lang::Hrv, "hr"),
    (Lang::Lit, "lt"),
    (Lang::Lav, "lv"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Swe, "sv"),
    (Lang::Dan, "da"),
    (Lang::Nob, "no"),
    (Lang::Tur, "tr"),
    (Lang::Ell, "el"),
    (Lang::Heb, "he"),
    (Lang::Ara, "ar"),
    (Lang::Kat, "ka"),
    (Lang::Hye, "hy"),
    (Lang::Cmn, "zh"),
    (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"),
    (Lang::Vie, "vi"),
    (Lang::Tha, "th"),
    (Lang::Hin, "hi"),
];

/// Words that are frequent in one of the six languages of our clients and not in the others.
const SMALL_WORDS: [(&str, &[&str]); 7] = [
    (
        "uk",
        &[
            "та",
            "що",
            "це",
            "або",
            "чи",
            "мені",
            "мій",
            "моя",
            "мене",
            "ви",
            "вас",
            "ваш",
            "від",
            "як",
            "якщо",
            "коли",
            "будь",
            "ласка",
            "дякую",
            "доброго",
            "дня",
            "є",
            "немає",
            "щоб",
            "дуже",
            "прошу",
            "можна",
            "був",
            "була",
            "було",
            "цей",
            "ця",
            "про",
        ],
    ),
    (
        "ru",
        &[
            "и",
            "что",
            "это",
            "или",
            "мне",
            "мой",
            "меня",
            "как",
            "если",
            "когда",
            "пожалуйста",
            "спасибо",
            "здравствуйте",
            "добрый",
            "для",
            "вас",
            "вы",
            "прошу",
            "можно",
            "нет",
            "есть",
            "был",
            "была",
            "было",
            "чтобы",
            "очень",
            "подскажите",
            "будет",
            "уже",
            "ли",
            "со",
        ],
    ),
    (
        "bg",
        &[
            "и",
            "че",
            "ще",
            "моля",
            "благодаря",
            "съм",
            "са",
            "се",
            "това",
            "ми",
            "ли",
            "което",
            "който",
            "има",
            "няма",
            "може",
            "във",
            "със",
            "към",
            "сте",
            "беше",
            "като",
            "да",
            "за",
        ],
    ),
    (
        "en",
        &[
            "the", "and", "is", "to", "you", "of", "my", "please", "for", "your", "that", "have",
            "it", "with", "this", "i", "not", "are", "can", "was", "would", "could", "be", "from",
            "thank", "thanks", "we", "will", "dear", "hello",
        ],
    ),
    (
        "de",
        &[
            "der", "die", "das", "und", "ich", "ist", "nicht", "sie", "mit", "bitte", "für", "den",
            "ein", "eine", "von", "zu", "auf", "mir", "mein", "meine", "wir", "dem", "haben",
            "danke", "guten", "sehr", "geehrte", "wurde", "auch", "können",
        ],
    ),
    (
        "pl",
        &[
            "i",
            "nie",
            "się",
            "jest",
            "że",
            "proszę",
            "na",
            "z",
            "w",
            "dzień",
            "dobry",
            "dziękuję",
            "czy",
            "mam",
            "moje",
            "mojego",
            "moja",
            "jak",
            "dla",
            "już",
            "jestem",
            "państwa",
            "przez",
            "został",
            "została",
            "będzie",
            "mogę",
            "pani",
            "pan",
        ],
    ),
    (
        "fr",
        &[
            "le",
            "la",
            "les",
            "et",
            "je",
            "est",
            "vous",
            "pas",
            "de",
            "des",
            "mon",
            "ma",
            "une",
            "bonjour",
            "merci",
            "pour",
            "que",
            "votre",
            "nous",
            "dans",
            "du",
            "avec",
            "sur",
            "ne",
            "il",
            "cordialement",
            "veuillez",
            "mes",
            "qui",
            "au",
        ],
    ),
];

/// The ISO 639-1 code of the language of a text; `None` when it is too short or the answer unsure.
pub fn detect(text: &str) -> Option<&'static str> {
    let sample = sample(text);
    let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
    let words = sample.split_whitespace().count();
    let script = whatlang::detect_script(&sample)?;
    // These write a word with one or two characters and no spaces.
    let dense = matches!(
        script,
        Script::Mandarin | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Thai
    );
    if letters < if dense { MIN_LETTERS / 2 } else { MIN_LETTERS } || (words < MIN_WORDS && !dense)
    {
        return None;
    }
    if script == Script::Cyrillic
        && let Some(code) = by_letters(&sample)
    {
        return Some(code);
    }
    if matches!(script, Script::Cyrillic | Script::Latin)
        && let Some(code) = by_words(&sample)
    {
        return Some(code);
    }
    let allowed = LANGUAGES.iter().map(|(lang, _)| *lang).collect();
    let info = Detector::with_allowlist(allowed).detect(&sample)?;
    if info.confidence() < MIN_CONFIDENCE && !info.is_reliable() {
        return None;
    }
    LANGUAGES.iter().find(|(lang, _)| *lang == info.lang()).map(|(_, code)| *code)
}

/// The beginning of the text without addresses and links, which are in no language.
fn sample(text: &str) -> String {
    let mut sample = String::new();
    let mut count = 0;
    for word in text.split_whitespace() {
        if word.contains(['@', '/', '<', '>', '=', '_', '\\']) || word.starts_with("www.") {
            continue;
        }
        if !sample.is_empty() {
            sample.push(' ');
        }
        let left = MAX_CHARS - count;
        sample.extend(word.chars().take(left));
        count += word.chars().take(left).count() + 1;
        if count >= MAX_CHARS {
            break;
        }
    }
    sample
}

/// By letters that only one of the languages has, if they speak clearly.
fn by_letters(text: &str) -> Option<&'static str> {
    let (mut ukrainian, mut russian, mut belarusian, mut others, mut i) = (0, 0, 0, 0, 0);
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            'ї' | 'є' | 'ґ' => ukrainian += 1,
            'і' => i += 1,
            'ы' | 'э' | 'ё' => russian += 1,
            'ў' => belarusian += 1,
            'ђ' | 'ј' | 'љ' | 'њ' | 'ћ' | 'џ' | 'ѓ' | 'ќ' | 'қ' | 'ғ' | 'ң' | 'ө' | 'ү' | 'ұ' =>
            {
                others += 1;
            }
            _ => {}
        }
    }
    if others > 0 || belarusian > 0 {
        return (belarusian > 0 && ukrainian == 0 && others == 0).then_some("be");
    }
    // Belarusian has і and ы; a Ukrainian text quotes Russian names and the other way round.
    if ukrainian > 0 || i > 0 {
        let clear = (ukrainian + i) > 2 * russian && (ukrainian > 0 || i > 1);
        return (clear && (ukrainian > 0 || russian == 0)).then_some("uk");
    }
    (russian > 1).then_some("ru")
}

/// By small words, if one language has far more of its own than the others.
fn by_words(text: &str) -> Option<&'static str> {
    /// Fewer are chance.
    const MIN_HITS: usize = 2;
    let lower = text.to_lowercase();
    let mut hits = [0_usize; SMALL_WORDS.len()];
    for word in lower.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|w| !w.is_empty()) {
        for (hits, (_, words)) in hits.iter_mut().zip(&SMALL_WORDS) {
            *hits += usize::from(words.contains(&word));
        }
    }
    let best = (0..hits.len()).max_by_key(|&index| hits[index])?;
    let second = (0..hits.len()).filter(|&index| index != best).map(|index| hits[index]).max()?;
    let clear = hits[best] >= MIN_HITS && hits[best] >= 2 * second;
    // Other languages share single words with these: a text has at least one in eight.
    let dense = hits[best] * 8 >= text.split_whitespace().count();
    (clear && dense).then_some(SMALL_WORDS[best].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_a_bank() {
        for (text, code) in [
            ("Добрий день! Прошу надіслати виписку за моїм рахунком за минулий місяць.", "uk"),
            ("Доброго дня. Не можу зайти в мобільний застосунок, пише помилку.", "uk"),
            ("Здравствуйте! Прошу выслать выписку по моему счёту за прошлый месяц.", "ru"),
            ("Подскажите, пожалуйста, когда будет готова карта? Спасибо за помощь.", "ru"),
            ("Good afternoon, please send me the statement of my account for last month.", "en"),
            ("My card was declined twice yesterday. Could you please check it?", "en"),
            ("Guten Tag, bitte senden Sie mir den Kontoauszug für den letzten Monat.", "de"),
            ("Dzień dobry, proszę o przesłanie wyciągu z mojego rachunku za zeszły miesiąc.", "pl"),
            ("Bonjour, veuillez m'envoyer le relevé de mon compte pour le mois dernier.", "fr"),
            (
                "Добры дзень! Калі ласка, дашліце выпіску па маім рахунку за мінулы месяц, дзякуй вам ўсім.",
                "be",
            ),
            ("您好，请把上个月的对账单发给我，谢谢您的帮助。", "zh"),
            ("こんにちは。先月の取引明細書を送ってください。", "ja"),
        ] {
            assert_eq!(detect(text), Some(code), "{text}");
        }
    }

    #[test]
    fn what_is_short_is_in_no_language() {
        for text in [
            "",
            "ok",
            "Дякую!",
            "Thanks",
            "+380 44 123 45 67",
            "1234567890 1234 5678 000",
            "a@b.example https://example.com/a/b/c info@bank.example x@y.example",
        ] {
            assert_eq!(detect(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_beginning_is_looked_at() {
        let text = format!(
            "{} {}",
            "Прошу надіслати виписку. ".repeat(100),
            "Hello there. ".repeat(9_000)
        );
        assert_eq!(detect(&text), Some("uk"));
        assert!(sample(&"ї".repeat(100_000)).chars().count() <= MAX_CHARS);
    }
}
