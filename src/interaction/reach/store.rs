//! The rule as a predicate of SQL, and questions about one contact or message.

use rozmova_base::id::{InteractionId, MessageId};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::Reach;
use crate::on_engine;
use crate::store::{Sql, StoreError};

impl Reach {
    /// What is bound to the parameters of [`Reach::predicate`], in their order.
    pub fn bound(&self) -> Vec<Uuid> {
        match self {
            Self::All => Vec::new(),
            Self::Agent { agent, queues } => {
                std::iter::once(agent.0).chain(queues.iter().map(|queue| queue.0)).collect()
            }
        }
    }

    /// A condition on the contact `i`. `parameters`: as many as [`Reach::bound`] has, `$3`.
    pub fn predicate(&self, parameters: &[String]) -> String {
        let Some((agent, queues)) = parameters.split_first() else { return "1 = 1".to_owned() };
        let of_queue = match queues {
            [] => String::new(),
            queues => format!("i.queue_id IN ({}) OR ", queues.join(", ")),
        };
        format!(
            "({of_queue}i.agent_id = {agent} OR i.id IN (SELECT o.interaction_id FROM offer o
                WHERE o.agent_id = {agent} AND o.outcome IS NULL)
             OR i.client_id IN (SELECT w.client_id FROM interaction w
                WHERE w.agent_id = {agent} AND w.identified_by <> 'proposed' AND w.state IN
                    ('active', 'held', 'waiting_for_client', 'parked', 'wrap_up'))
             OR i.client_id IN (SELECT w.client_id FROM offer o
                JOIN interaction w ON w.id = o.interaction_id
                WHERE o.agent_id = {agent} AND o.outcome IS NULL
                    AND w.identified_by <> 'proposed'))"
        )
    }

    /// The predicate with parameters from number `first` on.
    pub fn predicate_from(&self, first: usize) -> String {
        let parameters: Vec<String> =
            (first..first + self.bound().len()).map(|number| format!("${number}")).collect();
        self.predicate(&parameters)
    }
}

/// Whether a contact is within reach. No such contact: it is not.
pub async fn has(
    sql: &mut Sql<'_>,
    reach: &Reach,
    interaction: InteractionId,
) -> Result<bool, StoreError> {
    let predicate = reach.predicate_from(2);
    let text = format!("SELECT i.id FROM interaction i WHERE i.id = $1 AND {predicate}");
    exists(sql, reach, text, interaction.0).await
}

/// Whether a message is within reach. No such message: it is not.
pub async fn has_message(
    sql: &mut Sql<'_>,
    reach: &Reach,
    message: MessageId,
) -> Result<bool, StoreError> {
    let predicate = reach.predicate_from(2);
    let text = format!(
        "SELECT i.id FROM message m JOIN interaction i ON i.id = m.interaction_id
         WHERE m.id = $1 AND {predicate}"
    );
    exists(sql, reach, text, message.0).await
}

async fn exists(
    sql: &mut Sql<'_>,
    reach: &Reach,
    text: String,
    id: Uuid,
) -> Result<bool, StoreError> {
    // Only literals and parameter numbers are in the text.
    let text = AssertSqlSafe(text);
    let found: Option<(Uuid,)> = on_engine!(sql, connection => {
        let mut query = sqlx::query_as(text).bind(id);
        for bound in reach.bound() {
            query = query.bind(bound);
        }
        query.fetch_optional(connection).await.map_err(StoreError::from)
    })?;
    Ok(found.is_some())
}
