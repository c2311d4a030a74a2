//! The unified queue: decides which agent gets which contact, for every medium alike.
//!
//! # Contract
//! Pure: the same inputs at the same times give the same outputs, on every machine.
//! 1. Give [`Engine::handle`] an [`Input`] and the time. Time-outs due until then fire first, each
//!    at its own due time, so they need not be recorded: the inputs and their times are the
//!    history.
//!    Record the time as it counted: not before that of any earlier [`Input::Tick`].
//! 2. Drain [`Engine::poll_output`] until `None`. Store the events, then do what they ask for.
//! 3. Sleep until [`Engine::next_timeout`] or the next input; at a time-out handle [`Input::Tick`].
//!
//! To stop and go on, serialise the [`Engine`] after step 2 and keep the inputs that follow.
//! Restored from both it is the same engine: same state, same ids, same next event number.
//!
//! # How a contact is placed
//! `key = eligible_at − head start (priority, client class, medium)`; smallest first, ties by the
//! order of arrival. With slopes, what is compared is `slope × (now − key)`, largest first.
//! A contact kept for one agent (preferred, handed over in person, assigned) is taken by him before
//! anything else. Contacts of all queues that an agent serves compete by the same measure, unless
//! his own queues come first ([`config::AgentConfig::own_queues_first`]).
//!
//! # How an agent is chosen
//! Of the agents who serve the queue from the contact's ring or an earlier one, whose skills meet
//! what the ring leaves of the needs, who did not just decline it, and who can take the medium now:
//! the first by the queue's rule. Ties end by longest idle, then id. There is no chance in it.
//!
//! # Invariants
//! [`invariants::check`] verifies I1 to I6 and I8 on a running engine; the tests verify the others.
//! - **I1** A contact is in exactly one state; it waits in exactly one place, or in none.
//! - **I2** It is offered to at most one agent and owned by at most one.
//! - **I3** An agent's load is what his contacts say; at most one offer of each medium is before
//!   him.
//! - **I4** After every step nobody waits whom a free, fit agent could take.
//! - **I5** Who has the greater age is served first among contacts that the same agents can take.
//! - **I6** Every offer, wrap-up, park, callback and preference has a timer, and every timer an
//!   owner.
//! - **I7** Wrap-up never blocks hanging up: a call that ends leaves *active* at once.
//! - **I8** `arrived = open + closed + abandoned + overflowed + failed`.
//! - **I9** Time never runs backwards; event numbers have no gap; a slot is kept only while its
//!   record lives.
//! - **I10** A refused input changes nothing but the time.
//! - **I11** The state of every contact and agent is the fold of the events about it
//!   ([`EventKind::contact_state`]).
//!
//! # What is absent
//! No clock, no chance, no hash order, no I/O, no async, no clients, no channels, no SQL. The rules
//! of time zones are compiled in. Floating point is used for a forecast only, never for state.
//!
//! # Cost
//! With `W` contacts waiting in `L` lanes (kinds of contacts: medium, needs, ring, slope) and `A`
//! free agents in `G` groups (ring, set of skills), a decision costs
//! `O(L + log W)` when an agent becomes free and at most `O(G + log A)` when a contact arrives.

mod administer;
mod agent;
mod callback;
pub mod config;
mod contact;
mod engine;
pub mod erlang;
mod estimate;
mod explain;
pub mod hours;
pub mod ical;
mod ids;
pub mod input;
mod inspect;
pub mod invariants;
mod lane;
mod needs;
mod offer;
pub mod output;
mod presence;
pub mod rejected;
mod restore;
mod routing;
pub mod service_level;
mod skill_table;
mod slab;
mod standing;
mod supervise;
mod timer;
pub mod trace;
mod transition;
pub mod view;
mod waiting;
mod work;

/// Number of the rules by which contacts are placed. Raised whenever the same inputs at the same
/// times would give other outputs than before: whoever replays an older history must know.
pub const RULES: i64 = 1;

pub use engine::{Engine, Totals};
pub use input::Input;
pub use output::{Event, EventKind, Output};
pub use rejected::Rejected;
pub use timer::TimerKind;
pub use work::MAX_WRAP_UP_MS;
