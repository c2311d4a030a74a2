//! `rozmova serve`.

use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, Outside};
use crate::config::Config;

/// Runs the server until SIGTERM or SIGINT, then stops it in order. A server that has lost its
/// store to another stops too, as a failure: what supervises it may start it again.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = app::start(config, Outside::system()).await?;
    println!("Rozmova answers at http://{}", running.address);
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
        _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
        () = running.app.lease.lost() => {}
    }
    let lease = running.app.lease.clone();
    running.stop().await;
    lease.unless_lost()?;
    Ok(())
}
