//! A whole session with a server that says anything. For fuzz targets.

use std::time::Duration;

use tokio::io::{BufReader, join, sink};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Wire};

/// Mails fetched in one session.
const MAILS: usize = 4;
/// Largest mail that is fetched whole, in bytes.
const BYTES_MAX: usize = 4_096;
/// Nothing waits: what the server says is there, and then the connection is closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// `replies`: what the server says, from its greeting on.
pub(crate) fn session(replies: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let Ok(runtime) = runtime else { return };
    let wire: Box<dyn Wire> = Box::new(join(std::io::Cursor::new(replies.to_vec()), sink()));
    let stop = CancellationToken::new();
    let mut connection = Connection::over(BufReader::new(wire), stop, "fuzz".to_owned());
    let session = async {
        connection.greeted().await?;
        for mail in connection.list().await?.iter().take(MAILS) {
            let (raw, _) = connection.retrieve(mail, BYTES_MAX).await?;
            assert!(raw.len() <= BYTES_MAX);
            connection.delete(mail.number).await?;
        }
        connection.quit().await
    };
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, session).await });
    assert!(ended.is_ok(), "it waits for what does not come");
}
