//! Standard output, which may be a pipe whose reader has had enough: `rozmova simulate … | head`.

use std::io::{ErrorKind, Write};

/// Nobody reads on. No failure, but no reason to go on either.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
pub(super) struct Closed;

/// Writes all of a text.
///
/// # Errors
/// [`Closed`], or what the system said.
pub(super) fn write(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        written => Ok(written?),
    }
}

/// Writes each with the end of a line.
pub(super) fn write_lines(lines: &[String]) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    write(&(lines.join("\n") + "\n"))
}
