//! `rozmova inspect mail FILE...` and `rozmova inspect sip FILE...`.

use std::path::PathBuf;

use anyhow::Context;
use channel_contract::{Channel as _, StoredMessage};
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
        /// Show also what intake makes of them: thread keys, why no program may answer, digests.
        #[arg(long)]
        all: bool,
        /// Ask the name servers who vouches for each sender (DKIM, DMARC), as configured in
        /// channels.email.authentication.
        #[arg(long)]
        ask_dns: bool,
    },
    /// Show how the SIP listeners read messages: one JSON object for each file.
    Sip {
        /// Files with one message each, as it goes over the line.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// What one object holds, in this order; the rest of an inspection only with `--all`.
const FIELDS: [&str; 19] = [
    "file",
    "from",
    "reply_to",
    "to",
    "cc",
    "subject",
    "date",
    "message_id",
    "in_reply_to",
    "references",
    "text",
    "reply_text",
    "html",
    "attachments",
    "language",
    "kind",
    "bounces",
    "authentication",
    "defects",
];

/// The store is not looked at: Message-IDs of ours are recognised when the configuration names
/// `channels.email.signing_secret`.
pub(super) async fn run(command: InspectCommand, config: Config) -> anyhow::Result<()> {
    let (files, all, ask_dns) = match command {
        InspectCommand::Mail { files, all, ask_dns } => (files, all, ask_dns),
        InspectCommand::Sip { files } => return inspect_sip(files),
    };
    let email = EmailChannel::new(config.channels.email, b"");
    for file in files {
        let raw = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let mut inspection = email.inspect(&raw);
        if ask_dns {
            // Who delivered it is not in the file: SPF stays out.
            let from = inspection.from.as_ref().map(|from| from.address.clone());
            let message = StoredMessage {
                raw: raw.into(),
                from: from.unwrap_or_default(),
                authentication: inspection.authentication.clone(),
                ..StoredMessage::default()
            };
            if let Some(examination) = email.examine(message).await {
                inspection.authentication = examination.authentication;
            }
        }
        let mut object = json!({ "file": file.display().to_string() });
        if let (Value::Object(fields), Value::Object(read)) =
            (&mut object, serde_json::to_value(inspection)?)
        {
            fields.extend(read);
            if !all {
                keep_listed(fields);
            }
        }
        println!("{object}");
    }
    Ok(())
}

fn inspect_sip(files: Vec<PathBuf>) -> anyhow::Result<()> {
    for file in files {
        let raw = std::fs::read(&file).with_context(|| file.display().to_string())?;
        let mut object = json!({ "file": file.display().to_string() });
        if let (Value::Object(fields), Value::Object(read)) =
            (&mut object, serde_json::to_value(channel_sip::inspect::inspect(&raw))?)
        {
            fields.extend(read);
        }
        println!("{object}");
    }
    Ok(())
}

fn keep_listed(fields: &mut serde_json::Map<String, Value>) {
    fields.retain(|name, _| FIELDS.contains(&name.as_str()));
    let attachments = fields.get_mut("attachments").and_then(Value::as_array_mut);
    for attachment in attachments.into_iter().flatten() {
        // The number of the part is for `open_part`.
        attachment.as_object_mut().map(|fields| fields.remove("part"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_holds_what_is_listed_and_nothing_else() {
        let raw = b"From: a@b.example\r\nContent-Type: application/pdf; name=x.pdf\r\n\r\nx\r\n";
        let email = EmailChannel::new(Config::default().channels.email, b"");
        let mut object = json!({ "file": "x.eml" });
        let read = serde_json::to_value(email.inspect(raw)).expect("JSON");
        let fields = object.as_object_mut().expect("an object");
        fields.extend(read.as_object().expect("an object").clone());
        keep_listed(fields);
        let mut names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let mut listed = FIELDS.to_vec();
        names.sort_unstable();
        listed.sort_unstable();
        assert_eq!(names, listed);
        let attachment = fields["attachments"][0].as_object().expect("an attachment");
        let names: Vec<&str> = attachment.keys().map(String::as_str).collect();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(names, ["content_id", "inline", "media_type", "name", "sha256", "size_bytes"]);
    }
}
