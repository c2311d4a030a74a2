//! The clients' side of SMTP: handing a mail in, and the mail server where answers arrive.
//! RFC 5321, as much of it as two well-behaved programs on one machine need.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long a peer may take for one mail. On one machine it takes milliseconds.
const MAIL_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest mail that the clients' server takes, in bytes; the same limit as large providers have.
const MAIL_BYTES_MAX: u64 = 25 * 1024 * 1024;

/// A mail that arrived at the clients' mail server.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// `MAIL FROM`.
    pub mail_from: String,
    /// `RCPT TO`.
    pub recipients: Vec<String>,
    /// Every byte.
    pub raw: Vec<u8>,
}

/// Why a mail was not handed in.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The server does not answer. Try again later.
    #[error("the mail server does not answer: {0}")]
    Io(#[from] std::io::Error),
    /// The server does not take it.
    #[error("the mail server said {0:?}")]
    Refused(String),
    /// Nothing happened for too long.
    #[error("the mail server did not answer in time")]
    Timeout,
}

/// Hands one mail in.
pub async fn send(
    server: SocketAddr,
    mail_from: &str,
    to: &str,
    raw: &[u8],
) -> Result<(), SendError> {
    let handing_in = hand_in(server, mail_from, to, raw);
    tokio::time::timeout(MAIL_TIMEOUT, handing_in).await.map_err(|_| SendError::Timeout)?
}

async fn hand_in(
    server: SocketAddr,
    mail_from: &str,
    to: &str,
    raw: &[u8],
) -> Result<(), SendError> {
    let mut stream = BufReader::new(TcpStream::connect(server).await?);
    expect(&mut stream, '2').await?;
    for (command, answer) in [
        ("EHLO client.example".to_owned(), '2'),
        (format!("MAIL FROM:<{mail_from}>"), '2'),
        (format!("RCPT TO:<{to}>"), '2'),
        ("DATA".to_owned(), '3'),
    ] {
        stream.write_all(format!("{command}\r\n").as_bytes()).await?;
        expect(&mut stream, answer).await?;
    }
    stream.write_all(&stuffed(raw)).await?;
    expect(&mut stream, '2').await?;
    stream.write_all(b"QUIT\r\n").await?;
    expect(&mut stream, '2').await
}

/// Reads one answer, all its lines.
async fn expect(stream: &mut BufReader<TcpStream>, class: char) -> Result<(), SendError> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(SendError::Refused("nothing and closed the connection".to_owned()));
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            let is_expected = line.starts_with(class);
            return if is_expected { Ok(()) } else { Err(SendError::Refused(line)) };
        }
    }
}

/// With a dot before lines that begin with one, and the dot at the end. RFC 5321 §4.5.2.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(raw.len() + 16);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            sent.push(b'.');
        }
        sent.extend_from_slice(line);
    }
    if !raw.ends_with(b"\r\n") {
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b".\r\n");
    sent
}

/// The clients' mail server: takes everything for everybody and passes it on.
pub async fn serve(
    listener: TcpListener,
    delivered: mpsc::Sender<Delivered>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (delivered, stop) = (delivered.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                ended = converse(stream, &delivered) => {
                    if let Err(error) = ended {
                        tracing::debug!("A sender left the clients' mail server: {error}");
                    }
                }
                () = stop.cancelled() => {}
            }
        });
    }
}

async fn converse(stream: TcpStream, delivered: &mpsc::Sender<Delivered>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mx.example ESMTP\r\n").await?;
    let mut mail_from = String::new();
    let mut recipients = Vec::new();
    loop {
        let mut line = String::new();
        if (&mut stream).take(4_096).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let answer: &[u8] = if command.starts_with("EHLO") {
            b"250-mx.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n"
        } else if command.starts_with("MAIL FROM:") {
            mail_from = address(&line);
            recipients.clear();
            b"250 2.1.0 Sender taken\r\n"
        } else if command.starts_with("RCPT TO:") {
            recipients.push(address(&line));
            b"250 2.1.5 Recipient taken\r\n"
        } else if command == "DATA" {
            stream.write_all(b"354 Go ahead\r\n").await?;
            let raw = content(&mut stream).await?;
            let mail = Delivered {
                mail_from: std::mem::take(&mut mail_from),
                recipients: std::mem::take(&mut recipients),
                raw,
            };
            let _ = delivered.send(mail).await;
            b"250 2.0.0 Taken\r\n"
        } else if command == "QUIT" {
            return stream.write_all(b"221 2.0.0 Bye\r\n").await;
        } else {
            b"250 2.0.0 As you like\r\n"
        };
        stream.write_all(answer).await?;
    }
}

/// What stands between the angle brackets.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_owned())
}

/// Up to the line with the single dot, without the stuffed dots.
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    let mut limited = stream.take(MAIL_BYTES_MAX);
    loop {
        let mut line = Vec::new();
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" || line == b".\n" {
            return Ok(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mail_arrives_as_it_was_sent() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, mut receiver) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, sender, stop.clone()));
        let raw = b"Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n";
        send(address, "a@example.com", "b@example.com", raw).await.expect("sent");
        let mail = receiver.recv().await.expect("delivered");
        assert_eq!(mail.raw, raw);
        assert_eq!(mail.mail_from, "a@example.com");
        assert_eq!(mail.recipients, ["b@example.com"]);
        stop.cancel();
        server.await.expect("stopped");
        assert!(matches!(send(address, "a@x", "b@x", raw).await, Err(SendError::Io(_))));
    }
}
