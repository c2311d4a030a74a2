//! The contract between the channels and the server: the only crate that both know.
//!
//! A channel turns bytes into [`Inbound`] events and [`Outbound`] commands into bytes. It knows
//! nothing of clients, queues or SQL, and no other channel. The server knows nothing of protocols.
//!
//! 1. **Nothing from outside is acknowledged before it is committed.** A channel gives what came in
//!    to [`Host::deliver`] and acknowledges it to its peer (`250`, `\Seen`, `200 OK`) only after
//!    `deliver` has returned `Ok`. On `Err` it answers with a temporary failure and keeps nothing.
//! 2. **Delivering twice is harmless.** The server recognises a repeated
//!    [`InboundMessage::external_id`] and answers [`Delivered::Repeated`].
//! 3. **A command may be performed twice, the effect must be one.** The outbox calls
//!    [`Channel::perform`] at least once; everything that identifies the effect to the outside
//!    (a Message-ID) is fixed in the command.
//! 4. **What cannot be read is delivered all the same**, raw and with its defects. Only a limit
//!    that was announced to the peer may refuse it.
//! 5. **A channel never panics on input** and never stops because of one bad item.
//!
//! Invariant: no type here names a client, a queue, a database row or a protocol library.

mod channel;
mod content;
mod inbound;
mod outbound;

pub use channel::{
    Channel, ChannelError, ChannelName, DeliverError, Delivered, Health, HealthState, Host,
    Reserved, Survey,
};
pub use content::{
    AttachmentInfo, Authentication, AuthenticationResult, Defect, PartContent, Party, RenderedHtml,
    Standing,
};
pub use inbound::{
    DeliveryReport, Envelope, Examination, Inbound, InboundMessage, MessageKind, Origin,
    ReportAction, StoredMessage, ThreadKeys,
};
pub use outbound::{
    Outbound, OutboundAttachment, OutboundMessage, PerformError, Performed, RecipientOutcome,
    RecipientState,
};
pub use rozmova_base as base;
