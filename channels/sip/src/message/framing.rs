//! Cuts a stream into messages by `Content-Length`. RFC 3261 §18.3.
//!
//! A stream that has lost its frame cannot be found into again: after an error the connection is
//! closed. Datagrams and WebSocket frames hold one message each and need none of this.

use bytes::{Buf as _, Bytes, BytesMut};

use super::{MAX_HEAD_BYTES, MAX_MESSAGE_BYTES};

/// Collects what a stream brings.
#[derive(Debug, Default)]
pub struct StreamFramer {
    buffer: BytesMut,
    /// So far no end of the headers was found; a byte is looked at once.
    searched_bytes: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message.
    Message(Bytes),
    /// `CRLFCRLF`: to be answered with one `CRLF`. RFC 5626 §4.4.1.
    Ping,
    /// `CRLF`: the answer to one of ours.
    Pong,
}

/// Why a stream is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// The headers have no end within [`MAX_HEAD_BYTES`].
    #[error("the headers have no end")]
    HeadTooLarge,
    /// The message is larger than [`MAX_MESSAGE_BYTES`].
    #[error("the message is too large")]
    TooLarge,
    /// `Content-Length` is missing, no number, or there are two that differ.
    #[error("Content-Length does not say where the message ends")]
    NoLength,
}

impl StreamFramer {
    /// Takes what was read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// How much lies here unused; at most a message and one reading more.
    pub fn waiting_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole frame; `None` until more is read.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            return Ok(Some(Frame::Ping));
        }
        if self.buffer.starts_with(b"\r\n") {
            // It may be the first half of a ping: who sends one sends it in one piece.
            if &self.buffer[..] == b"\r\n\r" {
                return Ok(None);
            }
            self.buffer.advance(2);
            return Ok(Some(Frame::Pong));
        }
        if self.buffer.starts_with(b"\r") && self.buffer.len() == 1 {
            return Ok(None);
        }
        let Some(head_bytes) = self.find_end_of_head()? else { return Ok(None) };
        let length = content_length(&self.buffer[..head_bytes]).ok_or(FramingError::NoLength)?;
        let whole = head_bytes.saturating_add(length);
        if whole > MAX_MESSAGE_BYTES {
            return Err(FramingError::TooLarge);
        }
        if self.buffer.len() < whole {
            return Ok(None);
        }
        self.searched_bytes = 0;
        Ok(Some(Frame::Message(self.buffer.split_to(whole).freeze())))
    }

    fn find_end_of_head(&mut self) -> Result<Option<usize>, FramingError> {
        let end = &b"\r\n\r\n"[..];
        // The end may lie across what was searched and what is new.
        let from = self.searched_bytes.saturating_sub(end.len() - 1);
        let found = self.buffer[from..].windows(end.len()).position(|window| window == end);
        self.searched_bytes = self.buffer.len();
        let head_bytes = found.map(|place| from + place + end.len());
        if head_bytes.unwrap_or(self.buffer.len()) > MAX_HEAD_BYTES {
            return Err(FramingError::HeadTooLarge);
        }
        if head_bytes.is_some() {
            // The body may still be on its way: the next search finds the same end.
            self.searched_bytes = from;
        }
        Ok(head_bytes)
    }
}

/// The one number that all `Content-Length` headers say.
fn content_length(head: &[u8]) -> Option<usize> {
    let mut found = None;
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = line[..colon].trim_ascii();
        if !name.eq_ignore_ascii_case(b"Content-Length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = std::str::from_utf8(line[colon + 1..].trim_ascii()).ok()?;
        let length = super::fields::whole(value).and_then(|length| usize::try_from(length).ok())?;
        if found.is_some_and(|known| known != length) {
            return None;
        }
        found = Some(length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";

    fn frames(framer: &mut StreamFramer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next_frame().expect("in frame")).collect()
    }

    #[test]
    fn messages_are_cut_wherever_the_stream_was_cut() {
        let stream = [ONE, b"\r\n\r\n", ONE, ONE].concat();
        for size in 1..stream.len() {
            let mut framer = StreamFramer::default();
            let mut found = Vec::new();
            for piece in stream.chunks(size) {
                framer.extend(piece);
                found.extend(frames(&mut framer));
            }
            let messages = found.iter().filter(|frame| matches!(frame, Frame::Message(_))).count();
            assert_eq!(messages, 3, "pieces of {size}");
            assert_eq!(framer.waiting_bytes(), 0);
            let all = found.into_iter().all(|frame| match frame {
                Frame::Message(bytes) => bytes == ONE,
                Frame::Ping | Frame::Pong => true,
            });
            assert!(all, "pieces of {size}");
        }
    }

    #[test]
    fn signs_of_life_are_told_apart() {
        let mut framer = StreamFramer::default();
        framer.extend(b"\r\n\r\n\r\n");
        assert_eq!(frames(&mut framer), [Frame::Ping, Frame::Pong]);
    }

    #[test]
    fn a_stream_that_lost_its_frame_is_given_up() {
        for (stream, error) in [
            (b"OPTIONS sip:a SIP/2.0\r\n\r\n".to_vec(), FramingError::NoLength),
            (b"A\r\nl: 1\r\nContent-Length: 2\r\n\r\n".to_vec(), FramingError::NoLength),
            (b"A\r\nl: -1\r\n\r\n".to_vec(), FramingError::NoLength),
            (b"A\r\nl: 65535\r\n\r\n".to_vec(), FramingError::TooLarge),
            (vec![b'x'; MAX_HEAD_BYTES + 1], FramingError::HeadTooLarge),
        ] {
            let mut framer = StreamFramer::default();
            framer.extend(&stream);
            assert_eq!(framer.next_frame(), Err(error));
        }
    }
}
