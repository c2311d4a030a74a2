//! `GET /api/v1/live`: the live stream over a WebSocket (RFC 6455).
//!
//! The origin is checked by `http::session::same_origin`, the person by the same extractor as
//! everywhere. The connection holds no queue of its own: it reads the hub's ring from where it
//! stands, so a slow line costs no memory.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::SinkExt;
use rozmova_base::Timestamp;
use rozmova_base::id::UserId;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use super::rights::concern;
use super::{Frame, Next, Resumed, Subscription, Viewer};
use crate::app::App;
use crate::auth::login::{self, Standing};
use crate::auth::{Right, SignedIn};
use crate::http::error::ApiError;
use crate::http::extract::Query;
use crate::http::routes::routes;

/// How often the server asks whether the browser is still there.
const PING_EVERY: Duration = Duration::from_secs(15);
/// A browser that says nothing for so long is gone: two pings and a half.
const SILENCE_MAX: Duration = Duration::from_secs(38);
/// A browser that does not take a frame for so long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest frame of a browser: pongs only.
const INBOUND_BYTES_MAX: usize = 4_096;

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Where to go on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct LiveQuery {
    /// `epoch` of the last `hello`.
    epoch: Option<String>,
    /// `seq` of the last event applied.
    after: Option<u64>,
}

/// Live events over a WebSocket: first `hello`, then events, each with its number
#[utoipa::path(get, path = "/live", tag = "live", params(LiveQuery),
    responses((status = 101, description = "The stream begins")))]
async fn live(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<LiveQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let resumed = query.epoch.zip(query.after).map(|(epoch, after)| Resumed { epoch, after });
    let upgrade = upgrade.max_message_size(INBOUND_BYTES_MAX).max_frame_size(INBOUND_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(app, signed_in, resumed, socket)))
}

#[derive(Serialize)]
struct Hello<'a> {
    r#type: &'static str,
    epoch: &'a str,
    seq: u64,
    resumed: bool,
}

/// The last event of a session; its number follows all others.
#[derive(Serialize)]
struct SessionEnded {
    seq: u64,
    at: Timestamp,
    r#type: &'static str,
    data: Reason,
}

#[derive(Serialize)]
struct Reason {
    reason: &'static str,
}

#[derive(Serialize)]
struct Ping {
    r#type: &'static str,
    at: Timestamp,
}

/// Why a connection ends.
enum End {
    /// The browser went, or does not answer.
    Gone,
    /// He must connect again and fetch anew.
    Lost,
    /// He is no longer signed in.
    SignedOut,
}

async fn serve(app: Arc<App>, signed_in: SignedIn, resumed: Option<Resumed>, socket: WebSocket) {
    let user = signed_in.id();
    let routing = app.routing.get();
    let (queues, team) = routing.place_of(user);
    let viewer = Viewer { user, supervises: signed_in.may(Right::Supervise), queues, team };
    // Before the check: what changes from here on is heard.
    let rights = app.rights.listen();
    let connected = signed_in.may(Right::Work).then(|| app.presence.connect(user));
    let subscription = app.hub.subscribe(viewer, resumed.as_ref());
    // A change in between was told to those who listened before.
    let routing_now = app.routing.get();
    if !Arc::ptr_eq(&routing, &routing_now) {
        app.hub.renew_viewers(|user| routing_now.place_of(user));
    }
    metrics::gauge!("rozmova_live_connections").increment(1.0);
    let mut connection = Connection { app, signed_in, socket, subscription, rights };
    let end = connection.run().await;
    connection.close(&end).await;
    metrics::gauge!("rozmova_live_connections").decrement(1.0);
    drop(connected);
}

struct Connection {
    app: Arc<App>,
    signed_in: SignedIn,
    socket: WebSocket,
    subscription: Subscription,
    rights: broadcast::Receiver<UserId>,
}

impl Connection {
    async fn run(&mut self) -> End {
        let hello = Hello {
            r#type: "hello",
            epoch: &self.subscription.epoch.clone(),
            seq: self.subscription.after,
            resumed: self.subscription.is_resumed,
        };
        if !self.send(text(&hello)).await {
            return End::Gone;
        }
        // What changed while the connection was opened was not heard.
        if let Some(end) = end_of_rights(&self.app, &self.signed_in).await {
            return end;
        }
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                next = self.subscription.next() => match next {
                    Next::Frames(frames) => {
                        if !self.send_all(&frames).await {
                            return End::Gone;
                        }
                    }
                    Next::Lost => return End::Lost,
                },
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                    Some(Ok(_)) => heard_at = Instant::now(),
                },
                () = concern(&mut self.rights, self.signed_in.id()) => {
                    if let Some(end) = end_of_rights(&self.app, &self.signed_in).await {
                        return end;
                    }
                }
                _ = ping.tick() => {
                    if heard_at.elapsed() > SILENCE_MAX {
                        return End::Gone;
                    }
                    if let Some(end) = end_of_rights(&self.app, &self.signed_in).await {
                        return end;
                    }
                    let at = self.app.clock.now();
                    if !self.send(text(&Ping { r#type: "ping", at })).await {
                        return End::Gone;
                    }
                }
            }
        }
    }

    /// Writes what is there at once; gives whether the browser took it.
    async fn send_all(&mut self, frames: &[Frame]) -> bool {
        let written = tokio::time::timeout(SEND_TIMEOUT, async {
            for frame in frames {
                self.socket.feed(Message::Text(Utf8Bytes::from(&**frame))).await?;
            }
            self.socket.flush().await
        });
        matches!(written.await, Ok(Ok(())))
    }

    /// Gives whether the browser took it.
    async fn send(&mut self, text: Utf8Bytes) -> bool {
        let sent = tokio::time::timeout(SEND_TIMEOUT, self.socket.send(Message::Text(text))).await;
        matches!(sent, Ok(Ok(())))
    }

    async fn close(&mut self, end: &End) {
        let (code, reason) = match end {
            End::Gone => return,
            End::Lost => (close_code::AGAIN, "connect again and fetch anew"),
            End::SignedOut => (close_code::POLICY, "signed_out"),
        };
        if matches!(end, End::SignedOut) {
            let seq = self.app.hub.sequence() + 1;
            let (at, data) = (self.app.clock.now(), Reason { reason });
            self.send(text(&SessionEnded { seq, at, r#type: "session.ended", data })).await;
        }
        let frame = CloseFrame { code, reason: reason.into() };
        let _ =
            tokio::time::timeout(SEND_TIMEOUT, self.socket.send(Message::Close(Some(frame)))).await;
    }
}

/// Whether this person may no longer listen, or no longer with these rights.
async fn end_of_rights(app: &App, signed_in: &SignedIn) -> Option<End> {
    match login::standing(&app.db, signed_in, app.clock.now()).await {
        // A store that does not answer is no reason to send people away.
        Ok(Standing::Unchanged) | Err(_) => None,
        Ok(Standing::OtherRights) => Some(End::Lost),
        Ok(Standing::SignedOut) => Some(End::SignedOut),
    }
}

fn text(value: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(value).unwrap_or_default().into()
}
