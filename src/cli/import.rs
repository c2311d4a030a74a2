//! `rozmova import mail PATH…`.
//!
//! There is one writer of the queue's journal. So with a running server every mail goes through its
//! HTTP API, one after the other; without one, store and intake are opened here.

mod remote;
mod tally;

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use channel_contract::{ChannelName, DeliverError, Delivered, Envelope, InboundMessage, Origin};
use channel_email::EmailChannel;
use channel_email::reader::Arrival;
use clap::{Args, Subcommand, ValueEnum};
use futures_util::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use self::remote::Remote;
use self::tally::{Fate, Tally};
use crate::app::{Offline, Outside};
use crate::config::Config;
use crate::import::{Found, Item, Quoting, read_all};
use crate::intake::history::{Brought, dated};

/// Mails read ahead.
const AHEAD: usize = 64;
/// Memory for them. More than the largest mail: it must fit.
const AHEAD_BYTES: usize = 128 * 1024 * 1024;
/// The budget is counted in units of so many bytes.
const UNIT_BYTES: usize = 1024;

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Take in mails from Maildirs, mbox files, .eml files and folders of them. Running it again
    /// goes on where it stopped and takes nothing twice.
    Mail(MailArguments),
}

#[derive(Debug, Args)]
pub(super) struct MailArguments {
    /// Files and folders.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The address of ours to which they belong, one of channels.email.mailboxes.
    #[arg(long, value_name = "ADDRESS")]
    mailbox: String,
    /// Read everything, take in nothing.
    #[arg(long)]
    dry_run: bool,
    /// Treat them as new: they wait in the queue and may be acknowledged. Else they are history,
    /// kept closed with their own dates.
    #[arg(long)]
    queue: bool,
    /// How lines that begin with "From " are quoted in mbox files.
    #[arg(long, value_enum, default_value_t = MboxQuoting::Rd)]
    mbox_quoting: MboxQuoting,
    /// Where the running server answers HTTP; absent: http.listen, if it answers there.
    #[arg(long, value_name = "HOST:PORT")]
    server: Option<SocketAddr>,
    /// Token of a person with the right bring_mail, for a running server.
    #[arg(long, env = "ROZMOVA_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MboxQuoting {
    /// >From, >>From and so on (mboxrd).
    Rd,
    /// >From only (mboxo).
    O,
}

/// Where the mails go.
enum Target {
    Nowhere(Box<EmailChannel>),
    Server(Remote),
    Store(Box<Offline>),
}

pub(super) async fn run(command: ImportCommand, config: Config) -> anyhow::Result<()> {
    let ImportCommand::Mail(arguments) = command;
    let known = config.channels.email.mailboxes.iter().map(|mailbox| mailbox.address.as_str());
    let wanted = arguments.mailbox.to_lowercase();
    if !known.clone().any(|address| address.to_lowercase() == wanted) {
        let known: Vec<&str> = known.collect();
        bail!(
            "\"{}\" is no mailbox of channels.email.mailboxes; there are: {}",
            arguments.mailbox,
            known.join(", ")
        );
    }
    let limit = config.channels.email.limits.message_bytes;
    let target = open(&arguments, config).await?;
    let (tally, is_interrupted) = import(&arguments, &target, limit).await;
    if let Target::Store(offline) = target {
        offline.close().await;
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&tally)?);
    } else {
        println!("{tally}");
    }
    if is_interrupted {
        bail!("interrupted; run it again to go on");
    }
    if tally.failed > 0 {
        bail!("{} mails were not taken in; run it again when that is mended", tally.failed);
    }
    Ok(())
}

async fn open(arguments: &MailArguments, config: Config) -> anyhow::Result<Target> {
    if arguments.dry_run {
        return Ok(Target::Nowhere(Box::new(EmailChannel::new(config.channels.email, b""))));
    }
    let address = arguments.server.unwrap_or(config.http.listen);
    let answers = tokio::net::TcpStream::connect(address).await.is_ok();
    if !answers {
        if let Some(server) = arguments.server {
            bail!("no server answers at {server}");
        }
        let offline = Offline::open(config, Outside::system()).await?;
        return Ok(Target::Store(Box::new(offline)));
    }
    let token = arguments.token.clone().with_context(|| {
        format!(
            "a server runs at {address}: give a token of an administrator in ROZMOVA_TOKEN \
             (rozmova token create LOGIN)"
        )
    })?;
    Ok(Target::Server(Remote::new(address, token)))
}

/// A mail on its way, with its share of the memory.
type OnItsWay = (Item, Option<OwnedSemaphorePermit>);

async fn import(arguments: &MailArguments, target: &Target, limit: usize) -> (Tally, bool) {
    let (sender, mut found) = mpsc::channel::<OnItsWay>(AHEAD);
    let paths = arguments.paths.clone();
    let quoting = match arguments.mbox_quoting {
        MboxQuoting::Rd => Quoting::Mboxrd,
        MboxQuoting::O => Quoting::Mboxo,
    };
    let memory = Arc::new(Semaphore::new(AHEAD_BYTES / UNIT_BYTES));
    let runtime = tokio::runtime::Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        read_all(&paths, quoting, limit, &mut |item| {
            let permit = match &item {
                Item::Mail(mail) => {
                    let units = mail.content.bytes.len().min(AHEAD_BYTES) / UNIT_BYTES;
                    let wanted = Arc::clone(&memory).acquire_many_owned(units as u32);
                    runtime.block_on(wanted).ok()
                }
                Item::Skipped(..) => None,
            };
            match sender.blocking_send((item, permit)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
    });
    let mut tally = Tally::default();
    let mut is_interrupted = false;
    {
        let at_once = if matches!(target, Target::Store(_)) { AHEAD } else { 1 };
        let items = stream::poll_fn(|context| found.poll_recv(context));
        // In order: an answer must not overtake what it answers.
        let fates = items.map(|item| take(arguments, target, item)).buffered(at_once);
        let mut fates = std::pin::pin!(fates);
        loop {
            let next = tokio::select! {
                next = fates.next() => next,
                _ = tokio::signal::ctrl_c() => {
                    is_interrupted = true;
                    None
                }
            };
            let Some((place, fate)) = next else { break };
            tally.note(place, fate);
            if !arguments.json {
                tally.show_progress();
            }
        }
    }
    drop(found);
    if let Err(error) = reading.await {
        tracing::error!(%error, "Reading ended badly");
    }
    (tally, is_interrupted)
}

async fn take(
    arguments: &MailArguments,
    target: &Target,
    (item, _memory): OnItsWay,
) -> (String, Fate) {
    let mail = match item {
        Item::Mail(mail) => mail,
        Item::Skipped(place, reason) => return (place, Fate::Skipped(reason)),
    };
    let place = mail.place.clone();
    let bytes = mail.content.bytes.len() as u64;
    let fate = match target {
        Target::Nowhere(email) => {
            let now = Outside::system().clock.now();
            let message = email.read(arrival(arguments, mail, now));
            Ok((message.external_id, false, message.readable))
        }
        Target::Server(remote) => remote.bring(arguments, mail).await,
        Target::Store(offline) => deliver(arguments, offline, mail).await,
    };
    let fate = match fate {
        Ok((identity, repeated, readable)) => Fate::Taken { identity, repeated, readable, bytes },
        Err(reason) => Fate::Failed(reason),
    };
    (place, fate)
}

/// Identity, whether it had come before, whether it can be read; or why it was not taken.
type Taken = Result<(String, bool, bool), String>;

async fn deliver(arguments: &MailArguments, offline: &Offline, mail: Found) -> Taken {
    let app = &offline.app;
    let now = app.clock.now();
    let brought = Brought { history: !arguments.queue, fallback_at: mail.file_at };
    let message: InboundMessage =
        dated(app.channels.email.read(arrival(arguments, mail, now)), brought, now);
    let (identity, readable) = (message.external_id.clone(), message.readable);
    match app.channels.way_in.deliver(Box::new(message)).await {
        Ok(delivered) => Ok((identity, delivered == Delivered::Repeated, readable)),
        Err(DeliverError::Unavailable(reason)) => Err(reason),
    }
}

fn arrival(arguments: &MailArguments, mail: Found, now: rozmova_base::Timestamp) -> Arrival {
    Arrival {
        channel: ChannelName("import".to_owned()),
        received_at: now,
        envelope: Envelope::default(),
        origin: Origin {
            place: mail.place,
            mailbox: arguments.mailbox.clone(),
            is_history: !arguments.queue,
        },
        cut_from_bytes: mail.content.cut_from_bytes(),
        raw: Bytes::from(mail.content.bytes),
    }
}
