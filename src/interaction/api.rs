//! `/api/v1/interactions`, `/api/v1/offers`: reading contacts; what agents and supervisors do with
//! them is in the files below.

mod callback;
mod explain;
pub mod reach;
mod supervise;
mod work;

use std::sync::Arc;

use axum::extract::State;
use rozmova_base::id::{AgentId, ClientId, InteractionId, QueueId};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::model::{Identification, Interaction, InteractionDetails, ViewerRef};
use super::store::{self, Filter, PageKey, Search};
use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::client::{self, words};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Path, Query};
use crate::http::page::{Page, PageQuery};
use crate::http::routes::routes;
use crate::live::{Audience, LiveEvent};

/// Everything below `/api/v1`.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(choose_client))
        .merge(work::router())
        .merge(callback::router())
        .merge(supervise::router())
        .merge(explain::router())
}

/// Which contacts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ListQuery {
    /// One state or several, with commas between; `open`: all that are not over.
    state: Option<String>,
    /// Of this queue.
    queue_id: Option<QueueId>,
    /// With this client.
    client_id: Option<ClientId>,
    /// In this agent's hands.
    agent_id: Option<AgentId>,
    /// `email`, `voice`, `fax`, `letter`, `callback`.
    medium: Option<String>,
    /// A contact's number, an address, or the beginning of a word of the client's record.
    q: Option<String>,
    /// `queue`, with `queue_id`: those that wait, in the order in which they will be served.
    order: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// States in which a contact is not over.
const OPEN_STATES: [&str; 9] = [
    "received",
    "queued",
    "offered",
    "active",
    "held",
    "waiting_for_client",
    "parked",
    "wrap_up",
    "callback_scheduled",
];

/// Contacts, newest first; or, with order=queue, in the order of their queue
#[utoipa::path(get, path = "/interactions", tag = "interaction", params(ListQuery),
    responses((status = 200, body = Page<Interaction>)))]
async fn list(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<ListQuery>,
) -> ApiResult<Page<Interaction>> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewClients])?;
    let page = PageQuery { cursor: query.cursor.clone(), limit: query.limit };
    if query.order.as_deref() == Some("queue") {
        return in_queue_order(&app, &signed_in, query.queue_id, &page).await;
    }
    let filter = Filter {
        states: states(query.state.as_deref()),
        queue: query.queue_id,
        client: query.client_id,
        agent: query.agent_id,
        medium: query.medium,
        reach: reach::reach(&app, &signed_in),
        search: query.q.as_deref().and_then(|text| Search::parse(text, words::fold)),
    };
    let before = page.after::<PageKey>()?;
    let routing = app.routing.get();
    let mut connection = app.db.read().await?;
    let rows = store::list(&mut connection.sql(), &routing, &filter, before, page.fetch()).await?;
    let page = page.page(rows, |row| (row.received_at, row.id));
    Ok(Json(page.map(|row| with_viewers(&app, row))))
}

fn states(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .flat_map(|word| match word {
            "open" => OPEN_STATES.map(str::to_owned).to_vec(),
            other => vec![other.to_owned()],
        })
        .collect()
}

async fn in_queue_order(
    app: &App,
    signed_in: &SignedIn,
    queue: Option<QueueId>,
    page: &PageQuery,
) -> ApiResult<Page<Interaction>> {
    let Some(queue) = queue else {
        return Err(ApiError::invalid("queue_id", "order=queue needs a queue_id"));
    };
    if !reach::reach(app, signed_in).has_queue(queue) {
        return Err(ApiError::not_found("queue", queue));
    }
    // The order changes while it is read: one page of the beginning is all that means something.
    let limit = page.limit();
    let ids: Vec<InteractionId> = app
        .dispatch
        .read(move |engine| {
            engine.waiting(queue, limit).iter().map(|contact| contact.interaction).collect()
        })
        .await?;
    let mut connection = app.db.read().await?;
    let mut rows = store::load_many(&mut connection.sql(), &app.routing.get(), &ids).await?;
    let items = ids.iter().filter_map(|id| rows.remove(id));
    let items = items.map(|row| with_viewers(app, row)).collect();
    Ok(Json(Page { items, next: None }))
}

/// One contact, with how its client was found
#[utoipa::path(get, path = "/interactions/{id}", tag = "interaction",
    params(("id" = InteractionId, Path)), responses((status = 200, body = InteractionDetails)))]
async fn get(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
) -> ApiResult<InteractionDetails> {
    signed_in.require_any(&[Right::Work, Right::Supervise, Right::ViewClients])?;
    reach::require(&app, &signed_in, id).await?;
    let interaction = load(&app, id).await?;
    let mut connection = app.db.read().await?;
    let sql = &mut connection.sql();
    let (how, candidates) = store::identification(sql, id).await?;
    let may_belong_to = store::may_belong_to(sql, id).await?;
    let merged_into = store::merged_into(sql, id).await?;
    let identification = Identification { how, candidates };
    Ok(Json(InteractionDetails { interaction, identification, may_belong_to, merged_into }))
}

/// Who the client is.
#[derive(Debug, Deserialize, ToSchema)]
struct ChooseClient {
    client_id: ClientId,
}

/// Says with which client a contact is; the address means this client from now on
///
/// Also where a client is only proposed, because nobody vouches for the sender: whoever says so has
/// made sure of it, and the audit trail names them.
#[utoipa::path(put, path = "/interactions/{id}/client", tag = "interaction",
    params(("id" = InteractionId, Path)), request_body = ChooseClient,
    responses((status = 200, body = Interaction)))]
async fn choose_client(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<InteractionId>,
    Json(choice): Json<ChooseClient>,
) -> ApiResult<Interaction> {
    signed_in.require_any(&[Right::Work, Right::Supervise])?;
    reach::require(&app, &signed_in, id).await?;
    let mut tx = app.db.begin().await?;
    let client = client::store::load_client(&mut tx.sql(), choice.client_id).await?;
    if client.is_none() {
        return Err(ApiError::not_found("client", choice.client_id));
    }
    let now = app.clock.now();
    let (before, _) = store::identification(&mut tx.sql(), id).await?;
    store::choose_client(&mut tx.sql(), id, choice.client_id, signed_in.id(), now).await?;
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act: "interaction.choose_client",
        subject: ("interaction", id.to_string()),
        details: json!({ "client": choice.client_id, "before": before }),
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut tx.sql(), app.ids.as_ref(), now, entry).await?;
    tx.commit().await?;
    announce(&app, id).await
}

/// Tells desks of a change that the queue does not know of, and answers with it.
async fn announce(app: &App, id: InteractionId) -> ApiResult<Interaction> {
    let interaction = load(app, id).await?;
    let agent = interaction.agent.as_ref().map(|agent| agent.id);
    let audience = Audience::Interaction { queue: interaction.queue.id, agent };
    let data = serde_json::json!({ "interaction": interaction });
    app.hub.publish(LiveEvent::new("interaction.changed", &data), audience);
    Ok(Json(interaction))
}

/// One contact, or 404.
async fn load(app: &App, id: InteractionId) -> Result<Interaction, ApiError> {
    let mut connection = app.db.read().await?;
    let found = store::load(&mut connection.sql(), &app.routing.get(), id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("interaction", id))?;
    Ok(with_viewers(app, found))
}

/// With those who look at it just now.
fn with_viewers(app: &App, mut interaction: Interaction) -> Interaction {
    let viewers = app.viewers.of(interaction.id, app.clock.now()).into_iter();
    interaction.viewers = viewers.map(ViewerRef::from).collect();
    interaction
}
