//! Which rules a contact meets, and what follows. Pure.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use channel_contract::{AuthenticationResult, MessageKind, Party};
use rozmova_base::id::{QueueId, RuleId, SkillId, TextId};
use rozmova_queue::config::SkillLevel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::compile::{Check, CompiledRule, Node, Place, RuleSet};
use super::facts::Facts;
use super::fold::fold;
use super::model::{Action, Field, Quantifier};
use crate::routing::Routing;

/// What rules want of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Where it waits.
    pub queue: Option<QueueId>,
    /// Its priority class, at least.
    pub priority: Option<u8>,
    /// What an agent must be able to do.
    pub skills: BTreeMap<SkillId, u8>,
    /// Words by which it is found.
    pub tags: Vec<String>,
    /// What the sender is answered.
    pub reply: Option<TextId>,
    /// Why it is nobody's work.
    pub discard: Option<Discard>,
    /// Rules that it met, in order.
    pub matched: Vec<Matched>,
}

/// Why a contact is nobody's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discard {
    /// The rule that said so.
    pub rule: RuleId,
    /// Its number then.
    pub number: u32,
    /// Its name then.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// A rule that a contact met, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MatchedRule)]
pub struct Matched {
    /// Which.
    pub rule_id: RuleId,
    /// Its number then.
    pub number: u32,
    /// Its name then.
    pub name: String,
    /// What it did.
    pub acts: Vec<Act>,
}

/// What a rule did, or would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleAct)]
pub struct Act {
    /// What.
    #[serde(flatten)]
    pub action: Action,
    /// What came of it.
    pub effect: Effect,
}

/// What came of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleEffect)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It was done.
    Done,
    /// Something else had decided: an earlier rule, the address, or a later discarding.
    Overruled,
    /// What it names is no longer there.
    Gone,
    /// It would not have been safe.
    Withheld,
}

impl Verdict {
    /// As if no rule had been met.
    pub const NONE: Self = Self {
        queue: None,
        priority: None,
        skills: BTreeMap::new(),
        tags: Vec::new(),
        reply: None,
        discard: None,
        matched: Vec::new(),
    };

    /// What an agent must be able to do, as the queue takes it.
    pub fn needs(&self) -> Vec<SkillLevel> {
        self.skills
            .iter()
            .map(|(skill, level)| SkillLevel { skill: *skill, level: *level })
            .collect()
    }

    /// Notes that an act of this kind, which was to be done, came to something else.
    pub fn amend(&mut self, kind: &str, effect: Effect) {
        let acts = self.matched.iter_mut().flat_map(|matched| &mut matched.acts);
        for act in acts.filter(|act| act.effect == Effect::Done && act.action.kind() == kind) {
            act.effect = effect;
        }
    }

    fn take(&mut self, action: &Action, context: &Context<'_>) -> Effect {
        fn once<T>(place: &mut Option<T>, value: T) -> Effect {
            if place.is_some() {
                return Effect::Overruled;
            }
            *place = Some(value);
            Effect::Done
        }
        let Context { set, routing, rule, readable } = *context;
        match action {
            Action::Queue { queue_id } if routing.queue(*queue_id).is_none() => Effect::Gone,
            Action::Queue { queue_id } => once(&mut self.queue, *queue_id),
            Action::Priority { priority } => once(&mut self.priority, *priority),
            Action::Skill { skill_id, .. } if !routing.has_skill(*skill_id) => Effect::Gone,
            Action::Skill { skill_id, level } => {
                let known = self.skills.entry(*skill_id).or_default();
                *known = (*known).max(*level);
                Effect::Done
            }
            Action::Tag { tag } => {
                if !self.tags.contains(tag) {
                    self.tags.push(tag.clone());
                }
                Effect::Done
            }
            Action::Reply { text_id } if set.text(*text_id).is_none() => Effect::Gone,
            Action::Reply { text_id } => once(&mut self.reply, *text_id),
            Action::Discard { .. } if !readable => Effect::Withheld,
            Action::Discard { reason } => {
                let tags = std::mem::take(&mut self.tags);
                let matched = std::mem::take(&mut self.matched);
                let (number, name) = (rule.number, rule.name.clone());
                let discard = Discard { rule: rule.id, number, name, reason: reason.clone() };
                *self = Self { tags, matched, discard: Some(discard), ..Self::NONE };
                for kind in ["queue", "priority", "skill", "reply"] {
                    self.amend(kind, Effect::Overruled);
                }
                Effect::Done
            }
            Action::Stop => Effect::Done,
        }
    }
}

#[derive(Clone, Copy)]
struct Context<'a> {
    set: &'a RuleSet,
    routing: &'a Routing,
    rule: &'a CompiledRule,
    readable: bool,
}

impl RuleSet {
    /// Looks at a contact rule by rule.
    ///
    /// Takes time in proportion to the contact's text, hardly more for more rules; patterns that
    /// look at the text each walk through it by themselves.
    pub fn evaluate(&self, facts: &Facts<'_>, routing: &Routing) -> Verdict {
        let mut verdict = Verdict::default();
        let look = Look::new(self, facts);
        for rule in self.rules.iter().filter(|rule| look.holds(&rule.condition)) {
            let context = Context { set: self, routing, rule, readable: facts.readable };
            let mut acts = Vec::with_capacity(rule.acts.len());
            let mut is_last = false;
            for action in &rule.acts {
                let effect = verdict.take(action, &context);
                is_last |= effect == Effect::Done
                    && matches!(action, Action::Stop | Action::Discard { .. });
                acts.push(Act { action: action.clone(), effect });
            }
            let (rule_id, number, name) = (rule.id, rule.number, rule.name.clone());
            verdict.matched.push(Matched { rule_id, number, name, acts });
            if is_last {
                break;
            }
        }
        verdict
    }
}

/// One contact, looked at as far as rules ask.
struct Look<'r, 'a> {
    set: &'r RuleSet,
    facts: &'r Facts<'a>,
    seen: Vec<OnceCell<Seen>>,
}

/// A place as it was found.
struct Seen {
    /// Its values, folded.
    values: Vec<String>,
    /// Which of the texts looked for stand in one of them.
    found: OnceCell<Vec<bool>>,
}

impl<'r, 'a> Look<'r, 'a> {
    fn new(set: &'r RuleSet, facts: &'r Facts<'a>) -> Self {
        Self { set, facts, seen: set.places.iter().map(|_| OnceCell::new()).collect() }
    }

    fn holds(&self, node: &Node) -> bool {
        match node {
            Node::Group { of, nodes } => {
                let mut held = nodes.iter().map(|node| self.holds(node));
                match of {
                    Quantifier::All => held.all(|held| held),
                    Quantifier::Any => held.any(|held| held),
                    Quantifier::None => !held.any(|held| held),
                }
            }
            Node::Test { place, check, negated } => self.answers(*place, check) != *negated,
        }
    }

    fn answers(&self, number: usize, check: &Check) -> bool {
        let place = &self.set.places[number];
        let seen = || {
            self.seen[number].get_or_init(|| {
                let values = self.values(place).iter().map(|value| fold(value)).collect();
                Seen { values, found: OnceCell::new() }
            })
        };
        match check {
            Check::Number(ordering, wanted) => self.number(place.field).cmp(wanted) == *ordering,
            Check::Contains(wanted) => {
                let seen = seen();
                let found = seen.found.get_or_init(|| found(place, &seen.values));
                wanted.iter().any(|text| found[*text])
            }
            Check::OneOf(wanted) => seen().values.iter().any(|value| wanted.contains(value)),
            Check::Matches(pattern) => seen().values.iter().any(|value| pattern.is_match(value)),
        }
    }

    fn number(&self, field: Field) -> u64 {
        let zone = &self.set.references.zone;
        let local = || self.facts.received_at.to_jiff().to_zoned_datetime(zone.clone());
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other fields are no numbers")]
        match field {
            Field::SizeBytes => self.facts.size_bytes,
            Field::AttachmentCount => self.facts.attachments.len() as u64,
            Field::Hour => local().hour().unsigned_abs().into(),
            Field::Weekday => local().weekday().to_monday_one_offset().unsigned_abs().into(),
            _ => 0,
        }
    }

    fn values(&self, place: &Place) -> Vec<Cow<'_, str>> {
        let facts = self.facts;
        let one = |text| vec![Cow::Borrowed(text)];
        let address = facts.from.map_or("", |from| from.address.as_str());
        match place.field {
            Field::From => one(address),
            Field::FromName => one(facts.from.map_or("", |from| from.name.as_str())),
            Field::FromDomain => one(address.rsplit_once('@').map_or("", |(_, domain)| domain)),
            Field::ReplyTo => addresses(facts.reply_to).collect(),
            Field::To => addresses(facts.to).collect(),
            Field::Cc => addresses(facts.cc).collect(),
            Field::Recipient => {
                let envelope = facts.recipients.iter().map(|address| Cow::Borrowed(&**address));
                addresses(facts.to).chain(addresses(facts.cc)).chain(envelope).collect()
            }
            Field::Subject => one(facts.subject),
            Field::Body => one(facts.beginning()),
            Field::Header => facts.header(&place.header).into_iter().map(Cow::Owned).collect(),
            Field::AttachmentName => {
                facts.attachments.iter().map(|(name, _)| Cow::Borrowed(*name)).collect()
            }
            Field::AttachmentType => {
                facts.attachments.iter().map(|(_, media_type)| Cow::Borrowed(*media_type)).collect()
            }
            Field::Channel => one(facts.channel),
            Field::Mailbox => one(facts.mailbox),
            Field::Segment => one(facts.sender.segment),
            Field::Language => {
                let language = channel_email::language::detect(facts.beginning());
                language.map(Cow::Borrowed).into_iter().collect()
            }
            Field::Kind => one(kind(facts.kind)),
            Field::Medium => one(facts.medium.as_str()),
            Field::Spf => one(verdict(facts.authentication.spf)),
            Field::Dkim => one(verdict(facts.authentication.dkim)),
            Field::Dmarc => one(verdict(facts.authentication.dmarc)),
            Field::Warning => {
                let warnings = facts.authentication.warnings.iter();
                warnings.map(|warning| Cow::Borrowed(&*warning.code)).collect()
            }
            Field::Client => {
                let vip = facts.sender.vip.then_some("vip");
                [Some(facts.sender.standing.as_str()), vip]
                    .into_iter()
                    .flatten()
                    .map(Cow::Borrowed)
                    .collect()
            }
            Field::SizeBytes | Field::AttachmentCount | Field::Hour | Field::Weekday => Vec::new(),
        }
    }
}

fn addresses(parties: &[Party]) -> impl Iterator<Item = Cow<'_, str>> {
    parties.iter().map(|party| Cow::Borrowed(party.address.as_str()))
}

fn found(place: &Place, values: &[String]) -> Vec<bool> {
    let Some(texts) = &place.texts else { return Vec::new() };
    let mut found = vec![false; texts.patterns_len()];
    for value in values {
        for hit in texts.find_overlapping_iter(value) {
            found[hit.pattern().as_usize()] = true;
        }
    }
    found
}

const fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Message => "message",
        MessageKind::AutoReply => "auto_reply",
        MessageKind::Bounce => "bounce",
        MessageKind::Complaint => "complaint",
        MessageKind::List => "list",
    }
}

const fn verdict(result: AuthenticationResult) -> &'static str {
    match result {
        AuthenticationResult::None => "none",
        AuthenticationResult::Pass => "pass",
        AuthenticationResult::Fail => "fail",
        AuthenticationResult::Neutral => "neutral",
    }
}
