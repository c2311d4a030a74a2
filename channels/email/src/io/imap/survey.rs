//! What lies in a folder beside what has been fetched of it. Looks, and changes nothing.

use channel_contract::{ChannelName, Host, Survey};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Fault};
use super::{load_cursor, place};
use crate::config::ImapConfig;

/// Compares one folder with the cursor of its watcher.
pub(crate) async fn survey(
    channel: ChannelName,
    folder: &str,
    config: &ImapConfig,
    host: &dyn Host,
) -> Survey {
    let mut survey = Survey { channel, expected: Vec::new(), waiting: 0, fault: None };
    if let Err(fault) = look(folder, config, host, &mut survey).await {
        survey.fault = Some(fault.to_string());
    }
    survey
}

async fn look(
    folder: &str,
    config: &ImapConfig,
    host: &dyn Host,
    survey: &mut Survey,
) -> Result<(), Fault> {
    let mut connection = Connection::open(config, &CancellationToken::new()).await?;
    let validity = connection.examine(folder).await?;
    let present = connection.search("ALL").await?;
    let unseen = connection.search("UNSEEN").await?;
    // Read last: what the watcher fetches meanwhile counts as fetched.
    let cursor = load_cursor(&survey.channel, folder, host).await?;
    if cursor.uid_validity != validity {
        // The watcher has not been here since the server renumbered it, or never.
        survey.waiting = present.len() as u64;
        return Ok(());
    }
    for uid in present {
        if cursor.is_to_come(uid) {
            survey.waiting += 1;
        } else if cursor.was_to_be_fetched(uid) || unseen.binary_search(&uid).is_ok() {
            survey.expected.push(place(folder, validity, uid));
        }
    }
    Ok(())
}
