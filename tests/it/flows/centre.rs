//! A small centre: one queue, a pause reason, two results, agents by name.

use rozmova::auth::Role;
use rozmova::interaction::store::{self, NewInteraction};
use rozmova_base::id::{InteractionId, QueueId};
use rozmova_queue::Input;
use rozmova_queue::config::Medium;
use rozmova_queue::input::Arrival;
use serde_json::{Value, json};

use crate::support::{Client, TestServer};

pub(super) struct Centre<'a> {
    pub(super) server: &'a TestServer,
    pub(super) administrator: Client,
    pub(super) queue: QueueId,
    /// As the server gave it, with ids.
    pub(super) routing: Value,
}

impl<'a> Centre<'a> {
    /// Agents with these logins serve the queue.
    pub(super) async fn open(server: &'a TestServer, agents: &[&str]) -> Self {
        let administrator = server.program("admin", Role::Administrator).await;
        let routing = json!({
            "pause_reason": [{ "name": "Lunch", "limit_ms": 3_600_000 }],
            "disposition": [
                { "code": "done", "name": "Done" },
                { "code": "dispute", "name": "Dispute", "required_note": true },
            ],
            "queue": [{
                "name": "Cards", "wrap_up_ms": { "email": 60_000 },
                "disposition_required": true, "target_ms": { "email": 60_000 },
            }],
            "agent": agents.iter().map(|login| {
                json!({ "login": login, "queues": [{ "queue": "Cards" }] })
            }).collect::<Vec<_>>(),
        });
        let routing = administrator.put("/api/v1/routing", &routing).await.expect(200).json();
        let queue = routing["queue"][0]["id"].as_str().expect("an id").parse().expect("an id");
        Self { server, administrator, queue, routing }
    }

    pub(super) fn disposition(&self, index: usize) -> Value {
        self.routing["disposition"][index]["id"].clone()
    }

    /// A contact comes in, as intake would bring it.
    pub(super) async fn arrive(&self, number: i64) -> InteractionId {
        let app = self.server.app();
        let id = InteractionId::make(app.ids.as_ref());
        let mut turn = app.dispatch.journal().begin().await.expect("a turn");
        let at = turn.at();
        let new = NewInteraction {
            id,
            number,
            medium: "email",
            direction: "inbound",
            state: "queued",
            subject: "Card",
            from_name: "Olena",
            from_address: "olena@example.ua",
            queue: self.queue,
            at,
        };
        store::insert(&mut turn.sql(), &new).await.expect("inserted");
        turn.append(Input::ContactArrived(Arrival::new(id, Medium::Email, self.queue)));
        for verdict in turn.commit().await.expect("committed") {
            let applied = verdict.wait().await.expect("taken");
            app.dispatch.wait_until_shown(applied).await;
        }
        id
    }
}

pub(super) async fn make_ready(agent: &Client) {
    let body = json!({ "state": "ready" });
    let answer = agent.put("/api/v1/agents/me/presence", &body).await.expect(200);
    assert_eq!(answer.json()["state"], "ready");
}
