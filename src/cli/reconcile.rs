//! `rozmova reconcile mail`.

use anyhow::bail;
use clap::Subcommand;

use crate::app::{self, Outside};
use crate::channels::{self, Channels};
use crate::config::Config;
use crate::ledger::{Report, reconcile, store};
use crate::media::MediaStore;

#[derive(Debug, Subcommand)]
pub(super) enum ReconcileCommand {
    /// Compare every mail received with interactions, raw bytes and mailboxes. Exit code 0: all
    /// agrees; 1: something differs, and each difference is named.
    Mail {
        /// Read all raw bytes and compare them with their hashes.
        #[arg(long)]
        contents: bool,
        /// Do not look into the mailboxes that are fetched over IMAP.
        #[arg(long)]
        no_mailboxes: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Works on the store, whether the server runs or not; the desk shows the result too.
pub(super) async fn run(command: ReconcileCommand, config: Config) -> anyhow::Result<()> {
    let ReconcileCommand::Mail { contents, no_mailboxes, json } = command;
    let (db, outside) = (app::open_store(&config).await?, Outside::system());
    let media = MediaStore::open(&config.media, db.clone())?;
    let surveys = if no_mailboxes {
        Vec::new()
    } else {
        let bank = &config.centre.bank_name;
        let random = outside.random.as_ref();
        let channels = Channels::build(&db, random, &config.channels, &config.intake, bank).await?;
        channels::survey(&channels, &db, &outside.clock).await
    };
    let started_at = outside.clock.now();
    let report = reconcile::reconcile(&db, &media, contents, surveys).await?;
    let mut tx = db.begin().await?;
    let id = store::begin(&mut tx.sql(), outside.ids.as_ref(), None, started_at).await?;
    let (state, text) = (if report.agrees() { "agrees" } else { "differs" }, to_json(&report)?);
    store::finish(&mut tx.sql(), id, state, &text, outside.clock.now()).await?;
    tx.commit().await?;
    db.close().await;
    if json {
        println!("{text}");
    } else {
        print(&report);
    }
    if !report.agrees() {
        bail!("the ledger differs in {} places", report.differences_count);
    }
    Ok(())
}

fn to_json(report: &Report) -> anyhow::Result<String> {
    Ok(serde_json::to_string(report)?)
}

fn print(report: &Report) {
    println!("received {}: {} mails, {} again", report.received, report.mails, report.repeated);
    for (place, count) in &report.places {
        println!("  {place}: {count}");
    }
    for mailbox in &report.mailboxes {
        let (channel, found, expected) = (&mailbox.channel, mailbox.found, mailbox.expected);
        println!("{channel}: {found} of {expected} are in the ledger, {} wait", mailbox.waiting);
        if let Some(fault) = &mailbox.fault {
            println!("{channel}: cannot be looked at: {fault}");
        }
    }
    for difference in &report.differences {
        println!("{} {}: {}", difference.code, difference.subject, difference.detail);
    }
    println!("{} differences", report.differences_count);
}
