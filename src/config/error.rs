use std::path::PathBuf;

use figment::Figment;
use figment::error::{Error, Kind};

use super::{ENV_PREFIX, Problem};

/// Why the settings cannot be used. The text names the file or variable, the key, what is wrong
/// and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file named on the command line does not exist.
    #[error("{}: there is no such file; name another one with --config", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// One line for each thing that is wrong.
    #[error("{}", .0.join("\n"))]
    Wrong(Vec<String>),
}

impl ConfigError {
    pub(super) fn from_figment(figment: &Figment, errors: Error) -> Self {
        Self::Wrong(errors.into_iter().map(|error| line(figment, &error)).collect())
    }

    pub(super) fn from_problems(figment: &Figment, problems: Vec<Problem>) -> Self {
        let lines = problems
            .into_iter()
            .map(|problem| format!("{}: {}", place(figment, &problem.key), problem.message));
        Self::Wrong(lines.collect())
    }
}

/// `FILE: KEY` or `environment variable NAME`, by where the value of the key came from.
fn place(figment: &Figment, key: &str) -> String {
    // Of a list's item figment knows the list only: channels.email.imap[0].name.
    let metadata = figment.find_metadata(key.split('[').next().unwrap_or(key));
    match metadata.and_then(|metadata| metadata.source.as_ref()?.file_path()) {
        Some(path) => format!("{}: {key}", path.display()),
        None if metadata.is_some_and(|metadata| metadata.name.contains("environment")) => {
            format!("environment variable {}", variable(key))
        }
        None => key.to_owned(),
    }
}

/// The environment variable that overrides a key.
pub(super) fn variable(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "__").to_uppercase())
}

fn line(figment: &Figment, error: &Error) -> String {
    let key = error.path.join(".");
    let source = error.metadata.as_ref();
    let from_environment = source.is_some_and(|source| source.name.contains("environment"));
    let file = source.and_then(|source| source.source.as_ref()?.file_path());
    let (key, message) = match &error.kind {
        Kind::UnknownField(field, known) => {
            // The path of an unknown key ends with the key itself.
            (key, unknown(field, known))
        }
        Kind::UnknownVariant(value, known) => {
            (key, format!("\"{value}\" is unknown; write one of {}", known.join(", ")))
        }
        Kind::InvalidType(found, wanted) if from_environment && wanted.contains("string") => {
            (key, format!("{found} is read as no text; put it into double quotes"))
        }
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            (key, format!("found {found}, but {wanted} is needed"))
        }
        Kind::Message(_)
        | Kind::InvalidLength(..)
        | Kind::MissingField(_)
        | Kind::DuplicateField(_)
        | Kind::ISizeOutOfRange(_)
        | Kind::USizeOutOfRange(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..) => (key, error.kind.to_string()),
    };
    // An unknown field has no value of its own, so figment names no source: look the key up.
    match file {
        _ if from_environment => format!("environment variable {}: {message}", variable(&key)),
        Some(path) if key.is_empty() => format!("{}: {message}", path.display()),
        Some(path) => format!("{}: {key}: {message}", path.display()),
        None => format!("{}: {message}", place(figment, &key)),
    }
}

fn unknown(field: &str, known: &[&str]) -> String {
    match known.iter().min_by_key(|candidate| distance(field, candidate)) {
        Some(nearest) if distance(field, nearest) <= 2 => {
            format!("there is no such key; did you mean {nearest}?")
        }
        _ => format!("there is no such key; known here: {}", known.join(", ")),
    }
}

/// Edits (insert, remove, replace) between two words: the distance of Levenshtein.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
