//! Mails handed to a running server over its HTTP API: one connection, one mail after the other.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::{MailArguments, Taken};
use crate::import::Found;

/// Largest answer taken.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Times that a mail is tried while the server does not answer or has no room.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A running server.
pub(super) struct Remote {
    address: SocketAddr,
    token: String,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Remote {
    pub(super) fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, connection: Mutex::new(None) }
    }

    /// Hands one mail over, again while waiting can help.
    pub(super) async fn bring(&self, arguments: &MailArguments, mail: Found) -> Taken {
        let path = path(arguments, &mail);
        let body = Bytes::from(mail.content.bytes);
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let said = self.post(&path, body.clone()).await;
            let reason = match said {
                Ok((status, value)) if status.is_success() => {
                    let identity = value["message_id"].as_str().unwrap_or_default().to_owned();
                    let flag = |name: &str| value[name].as_bool().unwrap_or_default();
                    return Ok((identity, flag("repeated"), flag("readable")));
                }
                Ok((status, value)) => {
                    let message = value["error"]["message"].as_str().unwrap_or_default();
                    let reason = format!("{status}: {message}");
                    if status != StatusCode::SERVICE_UNAVAILABLE {
                        return Err(reason);
                    }
                    reason
                }
                Err(reason) => reason,
            };
            if attempt == ATTEMPTS {
                return Err(reason);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(String::new())
    }

    async fn post(&self, path: &str, body: Bytes) -> Result<(StatusCode, Value), String> {
        let request = Request::post(path)
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "message/rfc822")
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let mut connection = self.connection.lock().await;
        let mut sender = match connection.take() {
            Some(sender) if sender.is_ready() => sender,
            _ => connect(self.address).await?,
        };
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let limited = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        let bytes = limited.collect().await.map_err(|error| error.to_string())?.to_bytes();
        *connection = Some(sender);
        drop(connection);
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}

fn path(arguments: &MailArguments, mail: &Found) -> String {
    let mut path = format!(
        "/api/v1/mail?mailbox={}&place={}&history={}",
        encoded(&arguments.mailbox),
        encoded(&mail.place),
        !arguments.queue
    );
    if let Some(at) = mail.file_at {
        let _ = write!(path, "&fallback_at={}", at.0);
    }
    if let Some(bytes) = mail.content.cut_from_bytes() {
        let _ = write!(path, "&cut_from_bytes={bytes}");
    }
    path
}

/// RFC 3986 §2.1.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let _ = stream.set_nodelay(true);
    let shaken = handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("The connection to the server ended: {error}");
        }
    });
    sender.ready().await.map_err(|error| error.to_string())?;
    Ok(sender)
}
