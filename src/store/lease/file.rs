//! The lock of the operating system: `DATABASE.lock`, with flock(2) semantics. Not the database
//! itself, whose locks SQLite would lose when anybody else closes it (sqlite.org/howtocorrupt.html
//! §2.2).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{Claim, Lease, LeaseError, Signals, place};

/// What is read of another's lock file: one line about him.
const HOLDER_BYTES_MAX: u64 = 200;

/// Locks the file beside this database. One in memory is nobody else's.
pub(super) fn take(database: &Path) -> Result<Lease, LeaseError> {
    if database.as_os_str().is_empty() || database.starts_with("file:") {
        return Ok(Lease::alone());
    }
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let failed = |source| LeaseError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LeaseError::InUse { holder: holder(&file) }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // For people only: whether it is held, the lock tells.
    let written = file.set_len(0).and_then(|()| file.write_all(place::holder().as_bytes()));
    if let Err(error) = written {
        tracing::debug!(%error, "The lock file does not say whose it is");
    }
    Ok(Lease::new(Claim::File(Mutex::new(Some(file))), Signals::default(), None))
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    if read.is_err() || text.is_empty() { "unknown process".to_owned() } else { text }
}
