//! `rozmova routing …`: the routing document as a file.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::output;
use crate::app::{self, Outside};
use crate::config::Config;
use crate::routing::difference::{ItemChange, What};
use crate::routing::import::{self, ImportState};
use crate::routing::warning::{Surroundings, warnings};
use crate::routing::{ApplyError, RoutingDocument, RoutingProblem, store};

/// Looks at whether the server has taken a document.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// So many looks: a server looks every second, and a large document takes some more to check.
const LOOKS: u32 = 50;

#[derive(Debug, Subcommand)]
pub(super) enum RoutingCommand {
    /// Write the routing document as TOML, to standard output or to a file.
    Export {
        /// The file; absent: standard output.
        file: Option<PathBuf>,
    },
    /// Replace the routing document by that of a file. The running server takes it; without one it
    /// is taken when the server starts.
    Import {
        /// The file, TOML.
        file: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(command: RoutingCommand, config: Config) -> anyhow::Result<()> {
    let db = app::open_store(&config).await?;
    match command {
        RoutingCommand::Export { file } => {
            let mut connection = db.read().await?;
            let document = store::load(&mut connection.sql()).await?;
            drop(connection);
            let text = document.to_toml()?;
            match file {
                Some(path) => std::fs::write(&path, text)
                    .with_context(|| format!("{} cannot be written", path.display()))?,
                None => output::write(&text)?,
            }
        }
        RoutingCommand::Import { file, dry_run } => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            let document = RoutingDocument::from_toml(&text)
                .with_context(|| format!("{} is no routing document", file.display()))?;
            import(&db, &config, &text, &document, dry_run).await?;
        }
    }
    db.close().await;
    Ok(())
}

async fn import(
    db: &crate::store::Db,
    config: &Config,
    text: &str,
    document: &RoutingDocument,
    is_dry_run: bool,
) -> anyhow::Result<()> {
    let outside = Outside::system();
    let now = outside.clock.now();
    let ids = outside.ids.as_ref();
    let outcome = match import::preview(db, ids, document, now).await {
        Ok(outcome) => outcome,
        Err(ApplyError::Wrong(problems)) => return refused(&problems),
        Err(error) => return Err(error.into()),
    };
    let mut told: Vec<String> = outcome.changes.iter().flat_map(change_lines).collect();
    let mut connection = db.read().await?;
    let people = store::people(&mut connection.sql()).await?;
    drop(connection);
    let disabled = people.into_iter().filter(|(_, (_, _, is_disabled))| *is_disabled);
    let mailboxes = config.channels.email.mailboxes.iter();
    let around = Surroundings {
        today: Surroundings::day_of(now, &config.centre.time_zone),
        mailboxes: mailboxes.map(|one| (one.address.clone(), one.queue.clone())).collect(),
        disabled: disabled.map(|(login, _)| login).collect(),
    };
    for warning in warnings(&outcome.document, &around) {
        told.push(format!("! {}", warning.message));
    }
    if outcome.changes.is_empty() {
        told.push("Nothing would change.".to_owned());
    }
    output::write_lines(&told)?;
    if is_dry_run {
        return Ok(());
    }
    let id = import::hand_over(db, ids, text, now).await?;
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        let (state, problems) = import::outcome(db, id).await?;
        if state == ImportState::Applied.as_str() {
            println!("Applied {} changes.", outcome.changes.len());
            return Ok(());
        }
        if state == ImportState::Refused.as_str() {
            return refused(&problems);
        }
    }
    println!("No server has taken it yet; it takes effect when the server runs.");
    Ok(())
}

fn refused(problems: &[RoutingProblem]) -> anyhow::Result<()> {
    let lines = problems.iter().map(|problem| format!("✗ {}: {}", problem.at, problem.message));
    output::write_lines(&lines.collect::<Vec<_>>())?;
    bail!("the document has {} mistakes; nothing was changed", problems.len())
}

fn change_lines(change: &ItemChange) -> Vec<String> {
    let ItemChange { kind, name, what, fields, .. } = change;
    match what {
        What::Added => vec![format!("+ {kind} {name:?}")],
        What::Removed => vec![format!("- {kind} {name:?}")],
        What::Changed => fields
            .iter()
            .map(|change| {
                let (field, before, after) = (&change.field, &change.before, &change.after);
                format!("~ {kind} {name:?}: {field} {before} → {after}")
            })
            .collect(),
    }
}
