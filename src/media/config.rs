//! The section `[media]` of the configuration file.

use serde::{Deserialize, Serialize};

/// Where raw mails and attachments are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// A folder, absolute or relative to the working folder, or `s3://bucket/prefix` (with the
    /// build feature `s3`; keys and region come from the environment: `AWS_ACCESS_KEY_ID`, …).
    pub url: String,
    /// Largest file in bytes that an agent may upload. 25 MiB: what most mail servers accept.
    pub upload_bytes_max: u64,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self { url: "data/media".to_owned(), upload_bytes_max: 25 * 1024 * 1024 }
    }
}
