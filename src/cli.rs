//! The command line. Results go to standard output, everything else to standard error.
//!
//! Exit codes: 0 done; 1 tried and failed; 2 wrong command line or configuration.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the command line speaks here")]

mod bench;
mod demo;
mod dkim;
mod import;
mod inspect;
mod output;
mod reconcile;
mod routing;
mod serve;
mod simulate;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, ConfigError};
use crate::{app, http, telemetry};

const EXIT_FAILED: u8 = 1;
const EXIT_WRONG_CONFIG: u8 = 2;

/// A multimedia contact-centre server for banks.
#[derive(Debug, Parser)]
#[command(name = "rozmova", version, about, disable_help_subcommand = true)]
struct CommandLine {
    /// The configuration file; absent: config/rozmova.toml when there is one.
    #[arg(long, global = true, env = "ROZMOVA_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT.
    Serve,
    /// Run a demo bank with live traffic, everything on this machine.
    Demo(demo::DemoArguments),
    /// Bring the store up to date and exit.
    Migrate,
    /// Read the configuration and say what is wrong with it.
    CheckConfig,
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Run a whole centre by seed with the real queue: what if?
    Simulate(simulate::SimulateCommand),
    /// Measure how fast a part is on this machine.
    Bench(bench::BenchCommand),
    /// Print docs/config.md.
    #[command(hide = true)]
    ConfigDocs,
    /// Print the DNS records with which others check our signatures.
    Dkim,
    /// People who sign in.
    #[command(subcommand)]
    User(users::UserCommand),
    /// Tokens for programs.
    #[command(subcommand)]
    Token(users::TokenCommand),
    /// Queues, skills, hours and all other routing as one file.
    #[command(subcommand)]
    Routing(routing::RoutingCommand),
    /// Take in what lies in files.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Prove that nothing was lost: compare the ledger with everything else.
    #[command(subcommand)]
    Reconcile(reconcile::ReconcileCommand),
    /// Show how something from outside is read.
    #[command(subcommand)]
    Inspect(inspect::InspectCommand),
}

/// Parses the command line, runs one command, gives the exit code.
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    match execute(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<output::Closed>() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rozmova: {error:#}");
            let is_config = error.downcast_ref::<ConfigError>().is_some();
            ExitCode::from(if is_config { EXIT_WRONG_CONFIG } else { EXIT_FAILED })
        }
    }
}

fn execute(line: CommandLine) -> anyhow::Result<()> {
    match line.command {
        Command::Openapi => {
            return output::write(&(http::document().to_pretty_json()? + "\n"));
        }
        Command::ConfigDocs => {
            return output::write(&config::markdown());
        }
        Command::Simulate(command) => return simulate::simulate(&command),
        Command::Bench(command) => return runtime()?.block_on(bench::run(command)),
        Command::Demo(arguments) => {
            let log =
                config::LogConfig { filter: "warn".to_owned(), ..config::LogConfig::default() };
            telemetry::start_logging(&log);
            return runtime()?.block_on(demo::run(arguments));
        }
        Command::Serve
        | Command::Migrate
        | Command::CheckConfig
        | Command::Dkim
        | Command::User(_)
        | Command::Token(_)
        | Command::Routing(_)
        | Command::Import(_)
        | Command::Reconcile(_)
        | Command::Inspect(_) => {}
    }
    let config = Config::load(line.config.as_deref())?;
    telemetry::start_logging(&config.log);
    runtime()?.block_on(with_config(line.command, config))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn with_config(command: Command, config: Config) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve::run(config).await,
        Command::Migrate => {
            let db = app::open_store(&config).await?;
            db.close().await;
            println!("The store {} is up to date.", config.store.shown_url());
            Ok(())
        }
        Command::CheckConfig => {
            println!("The configuration is in order.");
            Ok(())
        }
        Command::Dkim => dkim::run(config),
        Command::User(command) => users::run_user(command, config).await,
        Command::Token(command) => users::run_token(command, config).await,
        Command::Routing(command) => routing::run(command, config).await,
        Command::Import(command) => import::run(command, config).await,
        Command::Reconcile(command) => reconcile::run(command, config).await,
        Command::Inspect(command) => inspect::run(command, config).await,
        Command::Openapi
        | Command::ConfigDocs
        | Command::Simulate(_)
        | Command::Bench(_)
        | Command::Demo(_) => Ok(()),
    }
}
