use serde::{Deserialize, Serialize};

use super::Problem;

/// What is written to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `text` for people, `json` for machines: one object a line.
    pub format: LogFormat,
    /// Levels by module: `info`, `warn,rozmova::intake=debug`.
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one object a line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

impl LogConfig {
    pub(super) fn problems(&self, found: &mut Vec<Problem>) {
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&self.filter) {
            let message = format!("{error}; write info or warn,rozmova::intake=debug");
            found.push(Problem::new("log.filter", message));
        }
    }
}
