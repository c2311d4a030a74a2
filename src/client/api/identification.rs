//! Whom an address or a number means.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::id::ClientId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::audit;
use crate::auth::{Right, SignedIn};
use crate::client::identity::clue::{Clue, ClueKind};
use crate::client::identity::store::{identify_by, remember_choice_for};
use crate::client::identity::{Candidate, Identified, Why};
use crate::client::model::{Kind, Status};
use crate::client::store;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Query};
use crate::http::routes::routes;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(identify)).routes(routes!(choose))
}

/// What is known.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ClueQuery {
    /// `email`, `phone`, `fax`, `post`, `tax_number`, `account`, `contract`, `card`.
    by: String,
    /// As people write it; of a card the last four digits.
    value: String,
}

/// Whom an address or a number means
#[derive(Debug, Serialize, ToSchema)]
struct IdentifiedView {
    /// The client; `null`: nobody has it, or several have and nobody has chosen yet.
    client_id: Option<ClientId>,
    /// Those who have it, best first.
    candidates: Vec<CandidateView>,
    /// How many there are.
    count: usize,
}

/// A client who may be meant
#[derive(Debug, Serialize, ToSchema)]
struct CandidateView {
    /// The record.
    id: ClientId,
    /// The number, for people.
    number: i64,
    /// As shown.
    name: String,
    /// What sort of party.
    kind: Kind,
    /// How it stands to the bank.
    status: Status,
    /// Served before others.
    vip: bool,
    /// What speaks for it.
    why: Why,
}

impl From<(Candidate, Why)> for CandidateView {
    fn from((candidate, why): (Candidate, Why)) -> Self {
        Self {
            id: candidate.client,
            number: candidate.number,
            name: candidate.name,
            kind: candidate.kind,
            status: candidate.status,
            vip: candidate.vip,
            why,
        }
    }
}

/// Whom an address or a number means
///
/// Check digits are verified: 422 when one is wrong.
#[utoipa::path(get, path = "/identification", tag = "client", params(ClueQuery),
    responses((status = 200, body = IdentifiedView)))]
async fn identify(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<ClueQuery>,
) -> ApiResult<IdentifiedView> {
    signed_in.require(Right::ViewClients)?;
    let clue = clue(&query.by, &query.value)?;
    let mut connection = app.db.read().await?;
    Ok(Json(match identify_by(&mut connection.sql(), &clue).await? {
        Identified::One { client, why } => IdentifiedView {
            client_id: Some(client.client),
            candidates: vec![(client, why).into()],
            count: 1,
        },
        Identified::Several { ranked, count } => IdentifiedView {
            client_id: None,
            candidates: ranked.into_iter().map(Into::into).collect(),
            count,
        },
        Identified::None => IdentifiedView { client_id: None, candidates: vec![], count: 0 },
    }))
}

/// Whom it means from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// What it is.
    by: ClueKind,
    /// As people write it.
    value: String,
    /// The client.
    client_id: ClientId,
}

/// Says whom an address or a number means from now on
#[utoipa::path(put, path = "/identification", tag = "client", request_body = Choice,
    responses((status = 204, description = "Remembered")))]
async fn choose(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Json(choice): Json<Choice>,
) -> Result<StatusCode, ApiError> {
    signed_in.require(Right::EditClients)?;
    let clue = clue(choice.by.as_str(), &choice.value)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if store::load_client(&mut tx.sql(), choice.client_id).await?.is_none() {
        return Err(ApiError::not_found("client", choice.client_id));
    }
    remember_choice_for(&mut tx.sql(), &clue, choice.client_id, signed_in.id(), now).await?;
    let entry = audit::Entry {
        actor: Some(signed_in.id()),
        act: "client.choose",
        subject: ("client", choice.client_id.to_string()),
        details: serde_json::json!({ "by": clue.kind.as_str() }),
        peer: signed_in.peer.clone(),
    };
    audit::record(&mut tx.sql(), app.ids.as_ref(), now, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn clue(by: &str, value: &str) -> Result<Clue, ApiError> {
    let kind: ClueKind = by.parse().map_err(|error| ApiError::invalid("by", format!("{error}")))?;
    Clue::parse(kind, value).map_err(|error| ApiError::invalid("value", error.to_string()))
}
