//! One thing of the routing document by itself: how it is found, put, taken out, and told apart
//! from an earlier state of itself. Pure.

use rozmova_queue::config::{CentreConfig, MediumConfig, OrderConfig};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{
    AgentItem, DispositionItem, HoursItem, MediaValues, PauseReasonItem, QueueItem,
    RoutingDocument, SkillItem,
};
use super::reference;
use crate::media::ContentHash;

/// Digits of a version: 64 bits of SHA-256, enough to tell two states of one thing apart.
const VERSION_DIGITS: usize = 16;

/// Kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What agents can do.
    Skills,
    /// Calendars of opening hours.
    Hours,
    /// Why agents pause.
    PauseReasons,
    /// Result codes.
    Dispositions,
    /// Waiting lines.
    Queues,
    /// What agents can do and may be given.
    Agents,
    /// Times, limits and order of the whole centre: one thing without an id.
    Centre,
}

impl Kind {
    /// Every kind, in the order of the document.
    pub const ALL: [Self; 7] = [
        Self::Centre,
        Self::Skills,
        Self::Hours,
        Self::PauseReasons,
        Self::Dispositions,
        Self::Queues,
        Self::Agents,
    ];

    /// As in the document, in places of mistakes and in the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skills => "skill",
            Self::Hours => "hours",
            Self::PauseReasons => "pause_reason",
            Self::Dispositions => "disposition",
            Self::Queues => "queue",
            Self::Agents => "agent",
            Self::Centre => "centre",
        }
    }
}

/// Times and limits of the whole centre, and how places and media count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CentreItem {
    /// Times and limits.
    #[schema(value_type = Object)]
    pub centre: CentreConfig,
    /// How the place in the queue is computed.
    #[schema(value_type = Object)]
    pub order: OrderConfig,
    /// What each medium demands of an agent.
    #[schema(value_type = Object)]
    pub media: MediaValues<MediumConfig>,
}

/// One thing of the document.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Item {
    /// What an agent can do.
    Skill(SkillItem),
    /// A calendar.
    Hours(HoursItem),
    /// Why an agent pauses.
    PauseReason(PauseReasonItem),
    /// A result code.
    Disposition(DispositionItem),
    /// A waiting line.
    Queue(Box<QueueItem>),
    /// An agent.
    Agent(Box<AgentItem>),
    /// What holds for all.
    Centre(Box<CentreItem>),
}

impl Item {
    /// Reads one; the error says what is wrong with it.
    pub fn parse(kind: Kind, body: &[u8]) -> Result<Self, String> {
        fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, String> {
            serde_json::from_slice(body).map_err(|error| error.to_string())
        }
        Ok(match kind {
            Kind::Skills => Self::Skill(read(body)?),
            Kind::Hours => Self::Hours(read(body)?),
            Kind::PauseReasons => Self::PauseReason(read(body)?),
            Kind::Dispositions => Self::Disposition(read(body)?),
            Kind::Queues => Self::Queue(read(body)?),
            Kind::Agents => Self::Agent(read(body)?),
            Kind::Centre => Self::Centre(read(body)?),
        })
    }

    /// Which kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Skill(_) => Kind::Skills,
            Self::Hours(_) => Kind::Hours,
            Self::PauseReason(_) => Kind::PauseReasons,
            Self::Disposition(_) => Kind::Dispositions,
            Self::Queue(_) => Kind::Queues,
            Self::Agent(_) => Kind::Agents,
            Self::Centre(_) => Kind::Centre,
        }
    }

    /// Its id; none: it has not been written yet, or needs none.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Skill(item) => item.id.map(|id| id.0),
            Self::Hours(item) => item.id.map(|id| id.0),
            Self::PauseReason(item) => item.id.map(|id| id.0),
            Self::Disposition(item) => item.id.map(|id| id.0),
            Self::Queue(item) => item.id.map(|id| id.0),
            Self::Agent(item) => item.id.map(|id| id.0),
            Self::Centre(_) => None,
        }
    }

    /// By what the others refer to it.
    pub fn name(&self) -> &str {
        match self {
            Self::Skill(item) => &item.name,
            Self::Hours(item) => &item.name,
            Self::PauseReason(item) => &item.name,
            Self::Disposition(item) => &item.code,
            Self::Queue(item) => &item.name,
            Self::Agent(item) => &item.login,
            Self::Centre(_) => "",
        }
    }

    /// The same with this id.
    #[must_use]
    pub fn with_id(mut self, id: Uuid) -> Self {
        use rozmova_base::id::{DispositionId, HoursId, PauseReasonId, QueueId, SkillId, UserId};
        match &mut self {
            Self::Skill(item) => item.id = Some(SkillId(id)),
            Self::Hours(item) => item.id = Some(HoursId(id)),
            Self::PauseReason(item) => item.id = Some(PauseReasonId(id)),
            Self::Disposition(item) => item.id = Some(DispositionId(id)),
            Self::Queue(item) => item.id = Some(QueueId(id)),
            Self::Agent(item) => item.id = Some(UserId(id)),
            Self::Centre(_) => {}
        }
        self
    }

    /// See [`version_of`].
    pub fn version(&self) -> String {
        version_of(self)
    }
}

/// Tells this state of a thing, or of the whole document, apart from every other: who writes names
/// the version he saw.
pub fn version_of(state: &impl Serialize) -> String {
    let text = serde_json::to_vec(state).unwrap_or_default();
    let mut digits = ContentHash::of(&text).to_string();
    digits.truncate(VERSION_DIGITS);
    digits
}

impl RoutingDocument {
    /// All things of a kind, in the order of the document.
    pub fn items(&self, kind: Kind) -> Vec<Item> {
        match kind {
            Kind::Skills => self.skills.iter().cloned().map(Item::Skill).collect(),
            Kind::Hours => self.hours.iter().cloned().map(Item::Hours).collect(),
            Kind::PauseReasons => {
                self.pause_reasons.iter().cloned().map(Item::PauseReason).collect()
            }
            Kind::Dispositions => {
                self.dispositions.iter().cloned().map(Item::Disposition).collect()
            }
            Kind::Queues => {
                self.queues.iter().cloned().map(|item| Item::Queue(Box::new(item))).collect()
            }
            Kind::Agents => {
                self.agents.iter().cloned().map(|item| Item::Agent(Box::new(item))).collect()
            }
            Kind::Centre => vec![Item::Centre(Box::new(CentreItem {
                centre: self.centre,
                order: self.order.clone(),
                media: self.media,
            }))],
        }
    }

    /// One thing by its id; of the centre there is one only.
    pub fn item(&self, kind: Kind, id: Option<Uuid>) -> Option<Item> {
        self.items(kind).into_iter().find(|item| item.id() == id)
    }

    /// Puts a thing in the place of the one with its id, or at the end. A new name is followed by
    /// everything that refers to it.
    pub fn put(&mut self, item: Item) {
        if let Some(before) = item.id().and_then(|id| self.item(item.kind(), Some(id)))
            && before.name() != item.name()
        {
            reference::rename(self, item.kind(), before.name(), item.name());
        }
        match item {
            Item::Skill(item) => place(&mut self.skills, item, |item| item.id),
            Item::Hours(item) => place(&mut self.hours, item, |item| item.id),
            Item::PauseReason(item) => place(&mut self.pause_reasons, item, |item| item.id),
            Item::Disposition(item) => place(&mut self.dispositions, item, |item| item.id),
            Item::Queue(item) => place(&mut self.queues, *item, |item| item.id),
            Item::Agent(item) => place(&mut self.agents, *item, |item| item.id),
            Item::Centre(item) => {
                let CentreItem { centre, order, media } = *item;
                (self.centre, self.order, self.media) = (centre, order, media);
            }
        }
    }

    /// Takes a thing out.
    pub fn take_out(&mut self, kind: Kind, id: Uuid) {
        match kind {
            Kind::Skills => self.skills.retain(|item| item.id.is_none_or(|own| own.0 != id)),
            Kind::Hours => self.hours.retain(|item| item.id.is_none_or(|own| own.0 != id)),
            Kind::PauseReasons => {
                self.pause_reasons.retain(|item| item.id.is_none_or(|own| own.0 != id));
            }
            Kind::Dispositions => {
                self.dispositions.retain(|item| item.id.is_none_or(|own| own.0 != id));
            }
            Kind::Queues => self.queues.retain(|item| item.id.is_none_or(|own| own.0 != id)),
            Kind::Agents => self.agents.retain(|item| item.id.is_none_or(|own| own.0 != id)),
            Kind::Centre => {}
        }
    }
}

fn place<T, I: PartialEq>(items: &mut Vec<T>, item: T, id: impl Fn(&T) -> Option<I>) {
    let wanted = id(&item);
    let found = items.iter_mut().find(|known| wanted.is_some() && id(known) == wanted);
    match found {
        Some(known) => *known = item,
        None => items.push(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_put_found_and_taken_out_again() {
        let mut document = RoutingDocument::default();
        let id = Uuid::from_u128(7);
        for kind in Kind::ALL {
            let body: &[u8] = match kind {
                Kind::Skills | Kind::PauseReasons | Kind::Queues => br#"{"name":"One"}"#,
                Kind::Hours => br#"{"name":"One","time_zone":"Europe/Kyiv"}"#,
                Kind::Dispositions => br#"{"code":"one","name":"One"}"#,
                Kind::Agents => br#"{"login":"one"}"#,
                Kind::Centre => {
                    br#"{"centre":{"connection_grace_ms":1,"personal_ms":2,
                    "short_abandon_ms":3,"trace_candidates":4}}"#
                }
            };
            let item = Item::parse(kind, body).expect("an item").with_id(id);
            let key = (kind != Kind::Centre).then_some(id);
            document.put(item.clone());
            document.put(item.clone());
            assert_eq!(document.items(kind).len(), 1, "{kind:?}");
            assert_eq!(document.item(kind, key), Some(item));
            document.take_out(kind, id);
            assert_eq!(document.items(kind).len(), usize::from(kind == Kind::Centre));
        }
    }

    #[test]
    fn every_change_makes_another_version() {
        let read = |body: &str| Item::parse(Kind::Queues, body.as_bytes()).expect("a queue");
        let cards = read(r#"{"name":"Cards"}"#);
        assert_eq!(cards.version(), read(r#"{"name":"Cards","priority":0}"#).version());
        assert_ne!(cards.version(), read(r#"{"name":"Cards","priority":1}"#).version());
        assert_eq!(cards.version().len(), VERSION_DIGITS);
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = Item::parse(Kind::Queues, br#"{"nmae":"Cards"}"#).expect_err("refused");
        assert!(error.contains("nmae"), "{error}");
    }
}
