//! `rozmova dkim`: what to publish so that others can check our signatures.

use channel_email::EmailChannel;

use crate::config::Config;

/// Prints the DNS record of every configured key, as lines of a zone file.
pub(super) fn run(config: Config) -> anyhow::Result<()> {
    // The secret of Message-IDs plays no part here.
    let email = EmailChannel::new(config.channels.email, b"");
    let dkim = email.dkim().map_err(|reason| anyhow::anyhow!("{reason}"))?;
    let mut records = dkim.records().peekable();
    if records.peek().is_none() {
        anyhow::bail!("no key is configured; see [[channels.email.dkim]]");
    }
    for record in records {
        println!("{}", record.zone_line());
    }
    Ok(())
}
