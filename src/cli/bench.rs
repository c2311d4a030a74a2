//! `rozmova bench`.

use clap::{Args, Subcommand};

use crate::bench::{Report, clients, engine, intake, live, offer, reader, restart, send};

/// What to measure, and how to tell.
#[derive(Clone, Debug, Args)]
pub(super) struct BenchCommand {
    #[command(subcommand)]
    name: BenchName,
    /// Print one JSON object and nothing else.
    #[arg(long, global = true)]
    json: bool,
    /// Measure for so long.
    #[arg(long, global = true, default_value_t = 20)]
    seconds: u64,
}

#[derive(Clone, Debug, Subcommand)]
enum BenchName {
    /// The queue engine alone: 1,000 agents, 50 queues, 100,000 contacts waiting.
    Engine,
    /// Whom an address means, and search, in a directory of many clients.
    Clients {
        /// Clients in the directory.
        #[arg(long, default_value_t = 100_000)]
        parties: usize,
        /// A PostgreSQL server on which databases may be made; absent: SQLite.
        #[arg(long)]
        postgres: Option<String>,
    },
    /// Mail by LMTP until it is durable, into a server of its own.
    Intake {
        /// Connections at once.
        #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=200))]
        connections: u16,
        /// A PostgreSQL server on which databases may be made; absent: SQLite.
        #[arg(long)]
        postgres: Option<String>,
        /// Measure an LMTP listener that runs: host:port.
        #[arg(long)]
        against: Option<std::net::SocketAddr>,
    },
    /// The full reading of mails of 8 KB, and of mails with 1 MB of HTML.
    Reader,
    /// Answers out of the outbox, signed, to a relay in this process.
    Send {
        /// How many.
        #[arg(long, default_value_t = 5_000)]
        mails: u32,
        /// A private key in PEM: RSA of 2048 bits or more, or Ed25519.
        #[arg(long)]
        key_file: std::path::PathBuf,
        /// Connections to the relay at once.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
        connections: u32,
    },
    /// From a mail that is safe to its offer on an agent's screen, through the whole server.
    Offer {
        /// Mails a second.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=999))]
        rate: u32,
        /// Agents at their desks.
        #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=500))]
        agents: u32,
        /// A PostgreSQL server on which databases may be made; absent: SQLite.
        #[arg(long)]
        postgres: Option<String>,
    },
    /// How soon the queue is back: the replay of a year, and starts of the server.
    Restart {
        /// Events of the year.
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// Live events on their way to many desks.
    Live {
        /// Open desks.
        #[arg(long, default_value_t = 500)]
        desks: usize,
        /// Contacts a second.
        #[arg(long, default_value_t = 50)]
        rate: u32,
        /// Measure the traffic of a server that runs: http://host:port.
        #[arg(long, requires = "token")]
        against: Option<String>,
        /// A supervisor's API token for that server.
        #[arg(long, env = "ROZMOVA_TOKEN", hide_env_values = true)]
        token: Option<String>,
    },
}

pub(super) async fn run(command: BenchCommand) -> anyhow::Result<()> {
    let seconds = command.seconds;
    let report = match command.name {
        BenchName::Engine => tokio::task::spawn_blocking(move || engine::run(seconds)).await?,
        BenchName::Clients { parties, postgres } => {
            clients::run(clients::Options { parties, seconds, postgres }).await?
        }
        BenchName::Intake { connections, postgres, against } => {
            let connections = usize::from(connections);
            intake::run(&intake::Options { against, seconds, connections, postgres }).await?
        }
        BenchName::Reader => tokio::task::spawn_blocking(move || reader::run(seconds)).await?,
        BenchName::Send { mails, key_file, connections } => {
            let mails = mails as usize;
            send::run(&send::Options { mails, key_file, connections }).await?
        }
        BenchName::Offer { rate, agents, postgres } => {
            offer::run(&offer::Options { rate_per_s: rate, agents, seconds, postgres }).await?
        }
        BenchName::Restart { events } => restart::run(restart::Options { events }).await?,
        BenchName::Live { desks, rate, against, token } => {
            let against = against.zip(token);
            live::run(live::Options { desks, events_per_s: rate, seconds, against }).await?
        }
    };
    if !command.json {
        print_for_people(&report);
    }
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

fn print_for_people(report: &Report) {
    println!("{}: {:.0} {} a second", report.name, report.rate_per_s, report.unit);
    println!("  half within {:.3} ms, 99 % within {:.3} ms", report.p50_ms, report.p99_ms);
    println!(
        "  {:.4} ms CPU each, {:.2} cores, {:.0} MiB, {} failures in {:.0} s",
        report.cpu_ms_each, report.cores, report.rss_mb, report.failures, report.seconds
    );
}
