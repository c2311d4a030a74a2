//! Live events of one agent over the WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::http::{Api, CallError};

/// Why the events ended. In each case: connect anew.
#[derive(Debug, thiserror::Error)]
pub(super) enum LiveError {
    /// The connection failed.
    #[error(transparent)]
    Socket(#[from] Box<tungstenite::Error>),
    /// The server closed it.
    #[error("the server closed the connection")]
    Closed,
    /// A call in between failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// An open stream of events.
pub(super) struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Live {
    /// Connects with the token of the API.
    pub(super) async fn connect(api: &Api) -> Result<Self, LiveError> {
        let mut request = format!("ws://{}/api/v1/live", api.address())
            .into_client_request()
            .map_err(Box::new)?;
        if let Ok(value) = api.authorization().parse() {
            request.headers_mut().insert("Authorization", value);
        }
        let (socket, _) = connect_async(request).await.map_err(Box::new)?;
        Ok(Self(socket))
    }

    /// The next event. Pings of the server are answered here.
    pub(super) async fn next(&mut self) -> Result<Value, LiveError> {
        loop {
            let message = self.0.next().await.ok_or(LiveError::Closed)?.map_err(Box::new)?;
            let Message::Text(text) = message else { continue };
            let Ok(event) = serde_json::from_str::<Value>(&text) else { continue };
            if event["type"] != "ping" {
                return Ok(event);
            }
            let pong = json!({ "type": "pong", "at": event["at"] }).to_string();
            self.0.send(Message::text(pong)).await.map_err(Box::new)?;
        }
    }
}
