//! `rozmova inspect mail FILE...`.

use std::path::PathBuf;

use anyhow::Context;
use channel_email::EmailChannel;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum InspectCommand {
    /// Show how intake reads mails: one JSON object for each file.
    Mail {
        /// Files with one mail each, as they go over the line.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// The store is not looked at: Message-IDs of ours are recognised when the configuration names
/// `channels.email.signing_secret`.
pub(super) fn run(command: InspectCommand, config: Config) -> anyhow::Result<()> {
    let InspectCommand::Mail { files } = command;
    let email = EmailChannel::new(config.channels.email, b"");
    for file in files {
        let raw = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let mut object = json!({ "file": file.display().to_string() });
        if let (Value::Object(fields), Value::Object(read)) =
            (&mut object, serde_json::to_value(email.inspect(&raw))?)
        {
            fields.extend(read);
        }
        println!("{object}");
    }
    Ok(())
}
