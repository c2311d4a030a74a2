//! `rozmova demo`.

use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::demo::{self, DemoOptions};

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Where the bank is kept; made on the first start.
    #[arg(long, default_value = "demo-data", value_name = "DIR")]
    folder: PathBuf,
    /// Port of the desk on this machine.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Folder with the built desk, when it is not in the binary.
    #[arg(long, default_value = "web/dist", value_name = "DIR")]
    web_dist: PathBuf,
}

/// Runs the demo bank until SIGTERM or SIGINT, then stops it in order.
pub(super) async fn run(arguments: DemoArguments) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let options = DemoOptions {
        folder: arguments.folder,
        port: arguments.port,
        web_dist: arguments.web_dist,
    };
    println!("Opening the demo bank in {} …", options.folder.display());
    let starting = demo::start(&options);
    let demo = tokio::select! {
        demo = starting => demo?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    println!("{}", demo.welcome());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    println!("Closing the demo bank …");
    demo.stop().await;
    Ok(())
}
