//! The rules that hold now, in memory, ready to be carried out.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use tokio::sync::{Mutex, MutexGuard};

use super::compile::{CompileError, RuleSet};
use super::store;
use crate::store::{Db, Sql, StoreError};

/// The rules that hold now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RulesNow {
    set: Arc<RwLock<Arc<RuleSet>>>,
    /// Held by whoever changes rows that rules are made of, so that the set of the later commit
    /// stays.
    turn: Arc<Mutex<()>>,
}

/// Why rules cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The database does not answer, or a row cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule cannot be carried out.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// A change of rules under way: nobody else changes them meanwhile.
#[derive(Debug)]
pub struct Turn<'a> {
    now: &'a RulesNow,
    _alone: MutexGuard<'a, ()>,
}

impl RulesNow {
    /// As they are at this moment; they do not change in the caller's hands.
    pub fn get(&self) -> Arc<RuleSet> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until nobody else changes rules or what they refer to.
    pub async fn turn(&self) -> Turn<'_> {
        Turn { now: self, _alone: self.turn.lock().await }
    }

    /// Reads them from the store. `zone`: where the centre is.
    pub async fn refresh(&self, db: &Db, zone: &TimeZone) -> Result<(), RulesError> {
        let turn = self.turn().await;
        let set = {
            let mut connection = db.read().await?;
            prepare(&mut connection.sql(), zone).await?
        };
        turn.take_effect(set);
        Ok(())
    }
}

impl Turn<'_> {
    /// From the next batch on these rules hold. To be called after the commit.
    pub fn take_effect(self, set: RuleSet) {
        *self.now.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }
}

/// Makes the rules ready as they are in this transaction.
pub async fn prepare(sql: &mut Sql<'_>, zone: &TimeZone) -> Result<RuleSet, RulesError> {
    let rules = store::list(sql).await?;
    let contents = rules.iter().map(|rule| &rule.content);
    let references = store::references(sql, contents, zone).await?;
    Ok(RuleSet::compile(&rules, references)?)
}
