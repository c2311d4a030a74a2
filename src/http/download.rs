//! Answers that are files, written while they are sent: a long one is never whole in memory.

use std::io::{self, BufWriter, Write};

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc;

/// Bytes handed to the connection at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait for a slow line; beyond it the writer waits.
const CHUNKS_WAITING_MAX: usize = 4;

/// A file to be saved under this name. `write` runs on a thread of its own; when it fails the
/// connection breaks, so that nobody takes half a file for a whole one.
pub fn download(
    name: &str,
    media_type: &'static str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, Outgoing(sender.clone()));
        if let Err(error) = write(&mut out).and_then(|()| out.flush()) {
            let _ = sender.blocking_send(Err(error));
        }
    });
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((chunk, receiver))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

/// Hands on what is written.
struct Outgoing(mpsc::Sender<io::Result<Bytes>>);

impl Write for Outgoing {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(part)));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
