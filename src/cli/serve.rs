//! `rozmova serve`.

use std::net::SocketAddr;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, App, Outside};
use crate::config::Config;

/// Runs the server until SIGTERM or SIGINT, then stops it in order. A server that has lost its
/// store to another stops too, as a failure: what supervises it may start it again. When its first
/// settings are made in the browser it starts anew with them.
pub(super) async fn run(mut config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        let running = app::start(config.clone(), Outside::system()).await?;
        announce(&running.app, running.address).await;
        let mut is_restart = false;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
            () = running.app.lease.lost() => {}
            () = running.app.setup.restart_asked() => is_restart = true,
        }
        // Browsers look for it where it was, also where the system had chosen the port.
        config.http.listen = running.address;
        let lease = running.app.lease.clone();
        running.stop().await;
        lease.unless_lost()?;
        if !is_restart {
            return Ok(());
        }
        tracing::info!("Starting anew with the first settings");
    }
}

/// Says where the server answers, and how the first administrator gets in.
async fn announce(app: &App, address: SocketAddr) {
    println!("Rozmova answers at http://{address}");
    if let Some(code) = app.setup.code().await {
        let http = &app.config.http;
        let here = format!("http://{address}");
        let base = if http.is_https() { http.public_url.trim_end_matches('/') } else { &here };
        // What stands behind the # stays in the browser: no log of a proxy shows it.
        println!("Nobody can sign in yet. Set it up at {base}/setup#{code}");
    }
}
