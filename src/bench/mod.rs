//! `rozmova bench NAME`: how fast the parts are, on this machine, now.
//!
//! A bench starts its own server on a free port with a scratch store, or measures `--against` one
//! that runs. Its last line is one JSON object, the same fields for every bench. The load comes
//! from the same process, so its share of the CPU is counted too.

pub mod clients;
pub mod engine;
pub mod intake;
pub mod live;
pub mod offer;
mod process;
pub mod reader;
pub mod restart;
pub mod send;
mod server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rozmova_base::Timestamp;
use serde::Serialize;

pub use process::{Process, Stopwatch};
pub use server::{ScratchServer, ServerOptions};

use crate::config::Config;

/// What every bench tells.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Which bench.
    pub name: &'static str,
    /// What `rate_per_s` counts, in words.
    pub unit: &'static str,
    /// Things done in a second.
    pub rate_per_s: f64,
    /// CPU time of this process for each of them, in ms.
    pub cpu_ms_each: f64,
    /// Half of them took at most this, in ms.
    pub p50_ms: f64,
    /// All but one in a hundred took at most this, in ms.
    pub p99_ms: f64,
    /// Memory of this process at its end, in MiB.
    pub rss_mb: f64,
    /// Things that should have been done and were not.
    pub failures: u64,
    /// How long it was measured.
    pub seconds: f64,
    /// CPU cores in use on average.
    pub cores: f64,
    /// What belongs to this bench alone.
    pub details: serde_json::Value,
}

/// How long things took, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<i64>);

impl Latencies {
    /// Adds one.
    pub fn add(&mut self, begun: Timestamp, done: Timestamp) {
        self.add_micros(done.as_micros() - begun.as_micros());
    }

    /// Adds one.
    pub fn add_micros(&mut self, micros: i64) {
        self.0.push(micros);
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// So many of a thousand took at most this, in ms. Nearest rank.
    pub fn permille_ms(&mut self, permille: usize) -> f64 {
        self.0.sort_unstable();
        let rank = (self.0.len() * permille).div_ceil(1_000).max(1);
        self.0.get(rank - 1).map_or(0.0, |micros| *micros as f64 / 1_000.0)
    }
}

/// A folder for a scratch store; it is not there yet.
fn free_folder() -> PathBuf {
    std::env::temp_dir().join(format!("rozmova-bench-{}", std::process::id()))
}

/// A server in a folder of its own, on a free port, to which no mail comes.
fn scratch_config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.store.url = format!("sqlite:{}", folder.join("bench.db").display());
    config.media.url = folder.join("media").display().to_string();
    config.channels.email.smtp_listen = None;
    config.channels.email.lmtp_listen = None;
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let mut latencies = Latencies::default();
        for micros in (1..=100).rev() {
            latencies.add_micros(micros * 1_000);
        }
        assert!((latencies.permille_ms(500) - 50.0).abs() < 1e-9);
        assert!((latencies.permille_ms(990) - 99.0).abs() < 1e-9);
        assert!(Latencies::default().permille_ms(990).abs() < 1e-9);
    }
}
