//! The first steps of an empty installation, made in the browser.
//!
//! 1. While nobody can sign in, whoever started the server may add the first administrator: the
//!    server prints a code that nobody else has seen. Being on the same machine is no proof: behind
//!    a proxy everybody seems to be.
//! 2. The code works once, and not at all once anybody exists.
//! 3. The bank's name and the first mailbox are kept in the store, and only fill what the
//!    configuration file leaves open: what stands in the file always holds.
//! 4. They hold after a restart, which the server makes by itself, in the same process.

pub mod api;
mod check;
pub mod model;

use rozmova_base::id::IdMaker;
use serde_json::json;
use tokio::sync::{Mutex, Notify};

use self::model::FirstSettings;
use crate::audit;
use crate::auth::users::By;
use crate::auth::{self, RandomSource, Token};
use crate::config::Config;
use crate::store::{Db, StoreError, setting};

/// Where the first settings are kept.
const SETTINGS: &str = "setup.settings";

/// What an installation has and lacks on its first day.
#[derive(Debug)]
pub struct Setup {
    /// Lets the first administrator in; `None` once somebody exists.
    code: Mutex<Option<Token>>,
    /// The configuration file names mailboxes, so nothing is asked here.
    mailboxes_in_file: bool,
    restart: Notify,
}

impl Setup {
    /// Looks whether anybody exists, and completes the configuration with what was set up earlier.
    pub async fn open(
        db: &Db,
        random: &dyn RandomSource,
        config: &mut Config,
    ) -> Result<Self, StoreError> {
        let mailboxes_in_file = !config.channels.email.mailboxes.is_empty();
        if let Some(settings) = load(db).await? {
            settings.complete(config);
        }
        let code = is_empty(db).await?.then(|| Token::session(random));
        Ok(Self { code: Mutex::new(code), mailboxes_in_file, restart: Notify::new() })
    }

    /// The code to print; `None` when somebody can sign in.
    pub async fn code(&self) -> Option<String> {
        self.code.lock().await.as_ref().map(|code| code.text.clone())
    }

    /// Resolves when the server should start anew with other settings.
    pub async fn restart_asked(&self) {
        self.restart.notified().await;
    }
}

/// Whether nobody exists.
async fn is_empty(db: &Db) -> Result<bool, StoreError> {
    let mut connection = db.read().await?;
    Ok(auth::store::list_users(&mut connection.sql(), "", 1).await?.is_empty())
}

/// What was set up; what cannot be read counts as nothing, for a file can always say it again.
async fn load(db: &Db) -> Result<Option<FirstSettings>, StoreError> {
    let mut connection = db.read().await?;
    let text = setting::load(&mut connection.sql(), SETTINGS).await?;
    Ok(text.and_then(|text| {
        serde_json::from_str(&text)
            .inspect_err(|error| tracing::error!(%error, "The first settings cannot be read"))
            .ok()
    }))
}

async fn save(
    db: &Db,
    by: &By<'_>,
    ids: &dyn IdMaker,
    settings: &FirstSettings,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(settings)
        .map_err(|error| StoreError::Fault(format!("the first settings: {error}")))?;
    let mailbox = settings.mailbox.as_ref().map(|mailbox| mailbox.address.clone());
    let entry = audit::Entry {
        actor: by.actor,
        act: "setup.change",
        subject: ("setup", "first".to_owned()),
        details: json!({ "bank": settings.bank_name, "mailbox": mailbox }),
        peer: by.peer.to_owned(),
    };
    let mut tx = db.begin().await?;
    setting::save(&mut tx.sql(), SETTINGS, &text).await?;
    audit::record(&mut tx.sql(), ids, by.now, entry).await?;
    tx.commit().await
}
