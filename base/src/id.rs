//! One newtype per entity, so that a client's id can never be passed where a queue's is wanted.
//!
//! Ids have the layout of UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then chance.
//! They sort by the time of their making, are native in PostgreSQL and 16 bytes in SQLite.
//! Time and chance are arguments; [`IdMaker`] in the server supplies them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// Makes the value of an id from a time and 80 random bits, of which 74 are kept.
/// RFC 9562 §5.7.
pub fn uuid_v7(at: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A source of new ids. The server's takes the clock and the operating system's randomness;
/// tests and simulations count.
pub trait IdMaker: Send + Sync {
    /// A new, never repeated value.
    fn next_uuid(&self) -> Uuid;
}

/// Defines an id type: `id!(/// doc  ClientId);`.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id from the maker.
            pub fn make(ids: &dyn IdMaker) -> Self {
                Self(ids.next_uuid())
            }

            /// A fixed id, for tests and scenarios.
            pub const fn from_u128(value: u128) -> Self {
                Self(Uuid::from_u128(value))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::Custom("uuid".to_owned())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }

        #[cfg(feature = "sqlx")]
        crate::id::column!($name);
    };
}

/// The same encoding in both databases: `UUID` in PostgreSQL, a 16-byte `BLOB` in SQLite.
#[cfg(feature = "sqlx")]
macro_rules! column {
    ($name:ident) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            Uuid: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <Uuid as sqlx::Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <Uuid as sqlx::Type<DB>>::compatible(info)
            }
        }

        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $name
        where
            Uuid: sqlx::Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut <DB as sqlx::Database>::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            Uuid: sqlx::Decode<'r, DB>,
        {
            fn decode(
                value: <DB as sqlx::Database>::ValueRef<'r>,
            ) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(Self(<Uuid as sqlx::Decode<'r, DB>>::decode(value)?))
            }
        }
    };
}
#[cfg(feature = "sqlx")]
pub(crate) use column;

id!(
    /// A client of the bank, or someone who may become one.
    ClientId
);
id!(
    /// One address, number or place at which a client can be reached.
    ContactPointId
);
id!(
    /// One contact with one client in one medium, from its arrival to its end.
    InteractionId
);
id!(
    /// One visit of an interaction to one queue.
    SegmentId
);
id!(
    /// One proposal of an interaction to one agent.
    OfferId
);
id!(
    /// One mail, note, call or fax within an interaction.
    MessageId
);
id!(
    /// A file that came with or goes with a message.
    AttachmentId
);
id!(
    /// A waiting line with its own rules.
    QueueId
);
id!(
    /// Something an agent can do: a language, a product, a certificate.
    SkillId
);
id!(
    /// A person who signs in. Agents are users who serve queues; they share the id.
    UserId
);
id!(
    /// A branch or department of the bank.
    BranchId
);
id!(
    /// One signed-in browser.
    SessionId
);
id!(
    /// A token for programs that use the API.
    ApiTokenId
);
id!(
    /// A result code that an agent gives a contact.
    DispositionId
);
id!(
    /// Why an agent is paused.
    PauseReasonId
);
id!(
    /// A calendar of opening hours and holidays that queues share.
    HoursId
);
id!(
    /// One command to a channel that waits until it is carried out.
    OutboxId
);
id!(
    /// A text that agents put into answers.
    TextId
);
id!(
    /// One arrival from outside, kept raw before anything else happens to it.
    ArrivalId
);
id!(
    /// One line of the ledger: a mail that came in, for the first time or again.
    ReceptionId
);
id!(
    /// One comparison of the ledger with everything else.
    ReconciliationId
);
id!(
    /// One of the rules for what comes in.
    RuleId
);
id!(
    /// One line of the audit trail.
    AuditId
);

/// An agent is a user who serves queues.
pub type AgentId = UserId;
