//! A client of the HTTP API with a token: one connection, one request after the other.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// Largest answer taken, in bytes: a page of two hundred messages.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server does not answer. Try again later.
    #[error("the server does not answer: {0}")]
    Unreachable(String),
    /// The server refuses: its code and message.
    #[error("{status} {code}: {message}")]
    Refused {
        /// The status line.
        status: StatusCode,
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
}

/// Calls the API as one user.
#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    token: String,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Api {
    /// The user of the token at this server.
    pub fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, connection: Mutex::new(None) }
    }

    /// The server.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What goes into the `Authorization` header.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// `GET /api/v1/…`.
    pub async fn get(&self, path: &str) -> Result<Value, CallError> {
        self.call(Method::GET, path, None).await
    }

    /// `PUT /api/v1/…` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// `POST /api/v1/…` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, self.authorization())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(bytes))
            .map_err(unreachable)?;
        let mut connection = self.connection.lock().await;
        let mut sender = match connection.take() {
            Some(sender) if sender.is_ready() => sender,
            _ => connect(self.address).await?,
        };
        let response = sender.send_request(request).await.map_err(unreachable)?;
        let status = response.status();
        let limited = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        let bytes = limited.collect().await.map_err(unreachable)?.to_bytes();
        *connection = Some(sender);
        drop(connection);
        answer(status, &bytes)
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, CallError> {
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("A connection of an agent's program ended: {error}");
        }
    });
    sender.ready().await.map_err(unreachable)?;
    Ok(sender)
}

fn answer(status: StatusCode, bytes: &[u8]) -> Result<Value, CallError> {
    let value: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(value);
    }
    let text = |field: &str| value["error"][field].as_str().unwrap_or_default().to_owned();
    Err(CallError::Refused { status, code: text("code"), message: text("message") })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreachable(error: impl ToString) -> CallError {
    CallError::Unreachable(error.to_string())
}
