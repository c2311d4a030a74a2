use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than any event takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A desk that listens.
pub(crate) struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The first frame.
    pub(crate) hello: Value,
    /// Number of the last event.
    pub(crate) last: u64,
}

impl Live {
    /// Opens the stream; `query` is `?epoch=…&after=…` or empty.
    pub(crate) async fn open(
        address: SocketAddr,
        headers: &[(String, String)],
        query: &str,
    ) -> Self {
        let url = format!("ws://{address}/api/v1/live{query}");
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.expect("a socket");
        let mut live = Self { socket, hello: Value::Null, last: 0 };
        live.hello = live.frame().await;
        assert_eq!(live.hello["type"], "hello");
        live.last = live.hello["seq"].as_u64().expect("a number");
        live
    }

    /// Where to go on after this connection.
    pub(crate) fn resume(&self) -> String {
        let epoch = self.hello["epoch"].as_str().expect("an epoch");
        format!("?epoch={epoch}&after={}", self.last)
    }

    /// The next event; pings are answered.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == "ping" {
                let pong = json!({ "type": "pong", "at": frame["at"] }).to_string();
                self.socket.send(Message::text(pong)).await.expect("sent");
                continue;
            }
            let number = frame["seq"].as_u64().expect("a number");
            assert!(number > self.last, "{number} after {}", self.last);
            self.last = number;
            return frame;
        }
    }

    /// The next event of this type, others passed over.
    pub(crate) async fn until(&mut self, name: &str) -> Value {
        self.find(|event| event["type"] == name).await
    }

    /// The next event that fits, others passed over.
    pub(crate) async fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.event().await;
            if fits(&event) {
                return event["data"].clone();
            }
        }
    }

    /// Waits until the server has closed the stream; what comes before is passed over.
    pub(crate) async fn closed(&mut self) {
        while let Some(Ok(message)) = self.socket.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
    }

    async fn frame(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.expect("a frame in time").expect("an open socket");
            if let Message::Text(text) = message.expect("a sound frame") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }
}
