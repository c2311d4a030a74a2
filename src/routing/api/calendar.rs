//! Reading a calendar file: nothing is stored; what was read goes into opening hours by hand.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use rozmova_base::id::HoursId;
use rozmova_queue::hours::{ExceptionalDay, WeeklyOpening};
use rozmova_queue::ical;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Json, Query};
use crate::http::routes::routes;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(read_calendar))
}

/// How a calendar is read.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct CalendarQuery {
    /// The first year for which yearly holidays are entered; absent: this year.
    first_year: Option<i16>,
}

/// What stands in a calendar file.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarRead {
    /// Open every week.
    #[schema(value_type = Vec<Object>)]
    weekly: Vec<WeeklyOpening>,
    /// Holidays and days with other hours.
    #[schema(value_type = Vec<Object>)]
    exceptions: Vec<ExceptionalDay>,
    /// Events that could not be taken over, each with the reason.
    skipped: Vec<String>,
}

/// Reads an iCalendar file (RFC 5545): its holidays and hours, to be put into opening hours
#[utoipa::path(post, path = "/routing/calendar-readings", tag = "administrator",
    params(CalendarQuery), request_body(content = String, content_type = "text/calendar"),
    responses((status = 200, body = CalendarRead)))]
async fn read_calendar(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Query(query): Query<CalendarQuery>,
    text: String,
) -> ApiResult<CalendarRead> {
    signed_in.require(Right::ManageRouting)?;
    let now = jiff::Timestamp::from_microsecond(app.clock.now().0).unwrap_or_default();
    let this_year = jiff::tz::TimeZone::UTC.to_datetime(now).year();
    let first_year = query.first_year.unwrap_or(this_year);
    let nobody = HoursId(Uuid::nil());
    let read = ical::import(&text, nobody, "", "UTC", first_year).map_err(|error| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "not_a_calendar", error.to_string())
    })?;
    let ical::Imported { hours, skipped } = read;
    let (weekly, exceptions) = (hours.weekly, hours.exceptions);
    Ok(Json(CalendarRead { weekly, exceptions, skipped }))
}
