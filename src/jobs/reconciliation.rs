//! Compares the ledger once a day and whenever a person asks.

use std::time::Duration;

use rozmova_base::id::{ReconciliationId, UserId};
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::channels;
use crate::ledger::{Report, Scope, reconcile, store};
use crate::store::StoreError;

/// Between two comparisons that nobody asked for.
const EVERY_MS: i64 = 24 * 3_600_000;
/// How often it is looked whether it is time.
const PAUSE: Duration = Duration::from_hours(1);

/// A comparison that has begun; another cannot begin before this is gone.
#[derive(Debug)]
pub struct Begun {
    /// Its row.
    pub id: ReconciliationId,
    _alone: OwnedSemaphorePermit,
}

/// Begins one, unless one is going on.
pub async fn begin(app: &App, by: Option<UserId>) -> Result<Option<Begun>, StoreError> {
    let Ok(alone) = std::sync::Arc::clone(&app.reconciling).try_acquire_owned() else {
        return Ok(None);
    };
    let mut tx = app.db.begin().await?;
    // Whatever is called running was cut off by the end of its server.
    store::forget_running(&mut tx.sql()).await?;
    let id = store::begin(&mut tx.sql(), app.ids.as_ref(), by, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Some(Begun { id, _alone: alone }))
}

/// Carries it out and stores what it found.
pub async fn carry_out(app: &App, begun: Begun, scope: Scope) -> Result<(), StoreError> {
    let surveys = if scope.mailboxes {
        channels::survey(&app.channels, &app.db, &app.clock).await
    } else {
        Vec::new()
    };
    let found = reconcile::reconcile(&app.db, &app.media, scope.contents, surveys).await;
    let (state, report) = match &found {
        Ok(report) if report.agrees() => ("agrees", to_json(report)),
        Ok(report) => {
            let count = report.differences_count;
            tracing::error!(count, "The ledger differs; see Could not be read in the desk");
            ("differs", to_json(report))
        }
        Err(error) => {
            tracing::warn!(%error, "The ledger could not be compared");
            ("failed", String::new())
        }
    };
    let mut tx = app.db.begin().await?;
    store::finish(&mut tx.sql(), begun.id, state, &report, app.clock.now()).await?;
    tx.commit().await
}

fn to_json(report: &Report) -> String {
    serde_json::to_string(report).unwrap_or_default()
}

/// Once a day, if mail has come since the last time.
pub(super) async fn daily(app: &App) -> Result<Duration, StoreError> {
    let mut connection = app.db.read().await?;
    let last = store::reconciliations(&mut connection.sql(), None, 1).await?;
    let received_at = store::last_received(&mut connection.sql()).await?;
    drop(connection);
    let Some(received_at) = received_at else { return Ok(PAUSE) };
    let started_at = last.first().map(|row| row.started_at);
    let is_due = started_at.is_none_or(|started_at| {
        received_at > started_at && app.clock.now() > started_at.plus_millis(EVERY_MS)
    });
    if is_due && let Some(begun) = begin(app, None).await? {
        carry_out(app, begun, Scope { contents: false, mailboxes: true }).await?;
    }
    Ok(PAUSE)
}
