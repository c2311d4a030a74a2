//! Settings: one TOML file, each key of which can be overridden by the environment.
//!
//! `http.listen` is `ROZMOVA_HTTP__LISTEN`: the prefix, then the path in capitals, its parts joined
//! by two underscores. Lists are written as in TOML: `ROZMOVA_HTTP__TRUSTED_PROXIES=["10.0.0.1"]`.
//! `config/rozmova.toml` documents every key; a test compares it with the defaults here.

mod auth;
mod centre;
mod docs;
mod error;
mod http;
mod log;
mod store;

use std::path::{Path, PathBuf};

pub use auth::AuthConfig;
pub use centre::CentreConfig;
use channel_email::config::EmailConfig;
pub use docs::markdown;
pub use error::ConfigError;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
pub use http::HttpConfig;
pub use log::{LogConfig, LogFormat};
use serde::{Deserialize, Serialize};
pub use store::StoreConfig;

use crate::intake::IntakeConfig;
use crate::media::MediaConfig;

/// Read when no file is named and it exists.
pub const DEFAULT_PATH: &str = "config/rozmova.toml";
/// What the environment variables begin with.
pub const ENV_PREFIX: &str = "ROZMOVA_";

/// All settings, one field for each section of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whose contact centre it is.
    pub centre: CentreConfig,
    /// The web server.
    pub http: HttpConfig,
    /// The database.
    pub store: StoreConfig,
    /// Raw mails and attachments.
    pub media: MediaConfig,
    /// Messages that come in.
    pub intake: IntakeConfig,
    /// The ways in and out.
    pub channels: ChannelsConfig,
    /// Passwords and sessions.
    pub auth: AuthConfig,
    /// What is written to standard error.
    pub log: LogConfig,
}

/// The ways in and out, a section for each medium.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelsConfig {
    /// E-mail.
    pub email: EmailConfig,
}

/// A setting that cannot work although its type is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The whole key: `http.public_url`.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem of one key.
    pub fn new(key: &str, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), message: message.into() }
    }
}

impl Config {
    /// Reads the file, or [`DEFAULT_PATH`] when it exists and none is named, then the environment.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let path = match path {
            Some(path) if path.is_file() => Some(path.to_owned()),
            Some(path) => return Err(ConfigError::NoFile { path: path.to_owned() }),
            None => Some(PathBuf::from(DEFAULT_PATH)).filter(|path| path.is_file()),
        };
        let mut figment = Figment::new();
        if let Some(path) = &path {
            figment = figment.merge(Toml::file_exact(path));
        }
        Self::from_figment(&figment.merge(environment()))
    }

    /// Takes the settings from a TOML text alone.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_figment(&Figment::from(Toml::string(text)))
    }

    fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        let config: Self =
            figment.extract().map_err(|error| ConfigError::from_figment(figment, error))?;
        let problems = config.problems();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::from_problems(figment, problems))
        }
    }

    /// What cannot work, in the order of the sections; empty when all is well.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        self.centre.problems(&mut found);
        self.http.problems(&mut found);
        self.store.problems(&mut found);
        for (key, message) in self.intake.problems() {
            found.push(Problem::new(&format!("intake.{key}"), message));
        }
        for problem in self.channels.email.problems() {
            found.push(Problem::new(&format!("channels.email.{}", problem.key), problem.message));
        }
        self.auth.problems(&mut found);
        self.log.problems(&mut found);
        found
    }
}

/// Variables without two underscores (`ROZMOVA_CONFIG`) are no settings.
fn environment() -> Env {
    Env::prefixed(ENV_PREFIX).filter(|key| key.as_str().contains("__")).split("__")
}

#[cfg(test)]
mod tests;
