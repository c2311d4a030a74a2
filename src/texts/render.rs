//! A template and its values to a text. Pure, bounded, never more than the template can say.

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior, context};
use rozmova_base::Timestamp;

/// Steps that a template may take; one of 16 KB without loops needs fewer.
const FUEL: u64 = 50_000;
/// Longest result in bytes: a template of 16 KB with every placeholder filled to its limit fits.
const OUTPUT_MAX_BYTES: usize = 128 * 1024;
/// Longest value of one placeholder, in characters.
const VALUE_MAX_CHARS: usize = 200;
/// What may stand between `{%` and `%}`. Loops and assignments could double a text thirty times.
const STATEMENTS: [&str; 4] = ["if", "elif", "else", "endif"];

/// What is filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// The client's name; empty when unknown.
    pub client: String,
    /// The agent's name.
    pub agent: String,
    /// Name of the bank.
    pub bank: String,
    /// The contact's number.
    pub number: i64,
    /// The contact's subject.
    pub subject: String,
    /// Name of the queue.
    pub queue: String,
    /// Today, as people write it.
    pub date: String,
}

impl Values {
    /// Something for every placeholder, for checks and previews.
    pub fn example() -> Self {
        Self {
            client: "Олена Коваль".to_owned(),
            agent: "Ірина Шевчук".to_owned(),
            bank: "Bank".to_owned(),
            number: 100_042,
            subject: "Картка".to_owned(),
            queue: "Картки".to_owned(),
            date: "24.11.2026".to_owned(),
        }
    }
}

/// Why a template gives no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It says something that texts may not say.
    #[error("\"{{% {0} %}}\" cannot be used in a text; only if, elif, else and endif can")]
    Statement(String),
    /// It is no template, or names a placeholder that does not exist.
    #[error("the text cannot be filled in: {0}; placeholders are {list}", list = placeholders())]
    Template(String),
    /// The result is too long.
    #[error("the text grows over {OUTPUT_MAX_BYTES} bytes")]
    TooLong,
}

fn placeholders() -> String {
    super::model::PLACEHOLDERS.join(", ")
}

/// Fills a template in.
pub fn render(template: &str, values: &Values) -> Result<String, TextError> {
    check_statements(template)?;
    // Without filters and functions: nothing is there that could grow.
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let value = |text: &str| -> String {
        let plain = text.chars().filter(|character| !character.is_control());
        plain.take(VALUE_MAX_CHARS).collect()
    };
    let rendered = environment.render_str(
        template,
        context! {
            client => value(&values.client),
            agent => value(&values.agent),
            bank => value(&values.bank),
            number => values.number,
            subject => value(&values.subject),
            queue => value(&values.queue),
            date => value(&values.date),
        },
    );
    let text = rendered.map_err(|error| TextError::Template(error.to_string()))?;
    if text.len() > OUTPUT_MAX_BYTES { Err(TextError::TooLong) } else { Ok(text) }
}

fn check_statements(template: &str) -> Result<(), TextError> {
    for (start, _) in template.match_indices("{%") {
        let inside = template[start + 2..].trim_start_matches(['-', '+']).trim_start();
        let word: String = inside.chars().take_while(char::is_ascii_alphabetic).collect();
        if !STATEMENTS.contains(&word.as_str()) {
            return Err(TextError::Statement(word));
        }
    }
    // Repeating a text is the one operator by which an expression could outgrow its parts.
    for (start, _) in template.match_indices("{{") {
        let inside = template[start + 2..].split("}}").next().unwrap_or_default();
        if inside.contains('*') {
            return Err(TextError::Template("\"*\" has no meaning here".to_owned()));
        }
    }
    Ok(())
}

/// A day as it is written in letters: `24.11.2026`, or `24 November 2026` in English.
pub fn date(at: Timestamp, zone: &TimeZone, language: &str) -> String {
    let Ok(instant) = Instant::from_microsecond(at.as_micros()) else { return String::new() };
    let format = if language == "en" { "%-d %B %Y" } else { "%d.%m.%Y" };
    instant.to_zoned_datetime(zone.clone()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render_example(template: &str) -> Result<String, TextError> {
        render(template, &Values::example())
    }

    #[test]
    fn placeholders_and_conditions_are_filled_in() {
        let text = "Вітаємо{% if client %}, {{ client }}{% endif %}! Звернення {{ number }}.";
        assert_eq!(render_example(text).expect("text"), "Вітаємо, Олена Коваль! Звернення 100042.");
        let nobody = Values { client: String::new(), ..Values::example() };
        assert_eq!(render(text, &nobody).expect("text"), "Вітаємо! Звернення 100042.");
    }

    #[test]
    fn what_a_client_writes_is_no_template() {
        let hostile = Values {
            client: "{{ agent }}{% for x in y %}\r\nBcc: a@b.example".to_owned(),
            ..Values::example()
        };
        let text = render("{{ client }}", &hostile).expect("text");
        assert_eq!(text, "{{ agent }}{% for x in y %}Bcc: a@b.example");
    }

    #[test]
    fn a_template_can_neither_loop_nor_grow_nor_call() {
        for bomb in [
            "{% for a in 'x' %}{% endfor %}",
            "{% set x = agent %}{% set x = x ~ x %}{{ x }}",
            "{%- macro a() %}{% endmacro %}",
            "{%+ include 'x' %}",
            "{{ 'x' * 1000000000 }}",
            "{{ range(100000000) }}",
            "{{ client | upper }}",
            "{{ client.a.b }}",
            "{{ secret }}",
            "{% if %}",
            "{% \u{a0}for a in b %}",
        ] {
            assert!(render_example(bomb).is_err(), "{bomb}");
        }
        let long = "{{ subject }}".repeat(1_200);
        let wide = Values { subject: "ї".repeat(10_000), ..Values::default() };
        assert_eq!(render(&long, &wide), Err(TextError::TooLong));
        let many = "{% if number %}".repeat(500) + &"{% endif %}".repeat(500);
        assert!(render_example(&many).is_err(), "nested too deeply");
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        let zone = TimeZone::get("Europe/Kyiv").expect("a zone");
        // 2026-11-23T23:30Z is already the 24th in Kyiv.
        let at = Timestamp::from_seconds(1_795_476_600);
        assert_eq!(date(at, &zone, "uk"), "24.11.2026");
        assert_eq!(date(at, &zone, "en"), "24 November 2026");
    }
}
