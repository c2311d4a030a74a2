//! The invariants of the crate's documentation as a function: called after every step in the
//! simulation. It looks at everything and is slow on purpose.

use std::collections::BTreeMap;

use rozmova_base::id::{AgentId, InteractionId};

use crate::agent::meets;
use crate::config::{Medium, PerMedium};
use crate::contact::Kept;
use crate::engine::Engine;
use crate::lane::{Ends, MediaSet};
use crate::needs::relaxed;
use crate::slab::Slot;
use crate::timer::Timer;
use crate::transition::{is_in_hand, is_owned};
use crate::view::ContactState;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {number} is broken: {what}")]
pub struct Violation {
    /// Its number in the crate's documentation.
    pub number: &'static str,
    /// What was found.
    pub what: String,
}

/// Checks every invariant. The outputs must have been drained or not, the inputs be settled.
///
/// # Errors
/// The first that does not hold.
pub fn check(engine: &Engine) -> Result<(), Violation> {
    one_place_each(engine)?;
    owners_and_loads(engine)?;
    nobody_fit_is_free(engine)?;
    order_of_lanes(engine)?;
    timers(engine)?;
    totals(engine)
}

fn broken<T>(number: &'static str, what: String) -> Result<T, Violation> {
    Err(Violation { number, what })
}

/// I1: a waiting contact stands in exactly one place, any other in none.
fn one_place_each(engine: &Engine) -> Result<(), Violation> {
    let mut places: BTreeMap<Slot, u32> = BTreeMap::new();
    for (queue, _) in engine.core.queues.iter() {
        for (Ends { key, .. }, lane) in engine.index.queues[queue as usize].lanes.iter() {
            for wait_key in &lane.waiting {
                *places.entry(wait_key.2).or_default() += 1;
                let contact = &engine.core.contacts[wait_key.2];
                if contact.queue != queue || engine.lane_key(wait_key.2) != *key {
                    return broken("I1", format!("{} stands in a wrong lane", contact.id));
                }
            }
        }
    }
    for index in &engine.index.agents {
        for wait_key in &index.kept {
            *places.entry(wait_key.2).or_default() += 1;
        }
    }
    for (slot, contact) in engine.core.contacts.iter() {
        let expected = u32::from(contact.state == ContactState::Queued);
        let found = places.get(&slot).copied().unwrap_or(0);
        if found != expected {
            let state = contact.state;
            return broken("I1", format!("{} is {state:?} in {found} places", contact.id));
        }
        if contact.state.is_final() {
            return broken("I1", format!("{} is over and still known", contact.id));
        }
    }
    Ok(())
}

/// I2, I3: one owner, one offer; loads are what the contacts say and within the maxima.
fn owners_and_loads(engine: &Engine) -> Result<(), Violation> {
    for (slot, contact) in engine.core.contacts.iter() {
        let offer = contact.offer();
        if offer.is_some() != (contact.state == ContactState::Offered) {
            return broken("I2", format!("{} is {:?}, {offer:?}", contact.id, contact.state));
        }
        let is_listed =
            contact.agent().is_some_and(|agent| engine.core.agents[agent].contacts.contains(&slot));
        let without_agent = contact.agent().is_none()
            && matches!(contact.state, ContactState::Parked | ContactState::WaitingForClient);
        if is_listed != (is_owned(contact.state) && !without_agent) {
            return broken("I2", format!("{} has a wrong owner", contact.id));
        }
        if let Some(offer) = offer
            && engine.index.offer_of.get(&offer.id) != Some(&slot)
        {
            return broken("I2", format!("offer {} is not found", offer.id));
        }
    }
    for (slot, agent) in engine.core.agents.iter() {
        for medium in Medium::ALL {
            let count = |test: fn(ContactState) -> bool| {
                let contacts = agent.contacts.iter().map(|slot| &engine.core.contacts[*slot]);
                contacts.filter(|c| c.agent == slot && c.medium == medium && test(c.state)).count()
            };
            let offered = count(|state| state == ContactState::Offered);
            let wrap_up = count(|state| state == ContactState::WrapUp);
            let handled = count(is_in_hand) - wrap_up;
            let counted = [agent.offered[medium], agent.handled[medium], agent.wrap_up[medium]];
            if [offered, handled, wrap_up] != counted.map(usize::from) {
                return broken("I3", format!("loads of {} are wrong", agent.config.id));
            }
            if offered > 1 {
                return broken("I3", format!("{} has two offers", agent.config.id));
            }
        }
    }
    Ok(())
}

/// I4: nobody waits whom a free agent could take.
fn nobody_fit_is_free(engine: &Engine) -> Result<(), Violation> {
    for (slot, contact) in engine.core.contacts.iter() {
        if contact.state != ContactState::Queued {
            continue;
        }
        let fit = engine.core.agents.iter().find(|(agent, _)| could_take(engine, slot, *agent));
        if let Some((_, agent)) = fit {
            let (contact, agent) = (contact.id, agent.config.id);
            return broken("I4", format!("{contact} waits although {agent} could take it"));
        }
    }
    Ok(())
}

/// From the records alone, without any index.
fn could_take(engine: &Engine, slot: Slot, agent: Slot) -> bool {
    let contact = &engine.core.contacts[slot];
    let person = &engine.core.agents[agent];
    if person.exclusion(contact.medium, &engine.core.media).is_some() {
        return false;
    }
    if contact.kept != Kept::No {
        return contact.agent() == Some(agent);
    }
    let config = &engine.core.queues[contact.queue].config;
    let serves = person.config.serves.iter().find(|service| service.queue == config.id);
    let needs = relaxed(engine.core.needs.levels(contact.need), contact.ring, config);
    serves.is_some_and(|service| service.ring <= contact.ring)
        && meets(&person.config.skills, &needs)
        && !engine.has_declined(slot, agent)
}

/// I5: keys in the lanes are the keys of the contacts; the free are listed as they are.
fn order_of_lanes(engine: &Engine) -> Result<(), Violation> {
    for (_, contact) in engine.core.contacts.iter() {
        if contact.state == ContactState::Queued
            && contact.key(&engine.core.order).key_ms != contact.key_ms
        {
            return broken("I5", format!("{} has an old key", contact.id));
        }
    }
    for (slot, agent) in engine.core.agents.iter() {
        let index = &engine.index.agents[slot as usize];
        let mut can_take = PerMedium::default();
        for medium in Medium::ALL {
            can_take[medium] = agent.exclusion(medium, &engine.core.media).is_none();
        }
        let media = MediaSet::of(can_take);
        let listed = index.serves.iter().all(|served| {
            let free = &engine.index.queues[served.queue as usize].free;
            let group = free.groups.get(&(served.ring, index.profile, media));
            let is_member = group.is_some_and(|group| group.contains(&served.key));
            is_member != media.is_empty() && served.listed == media
        });
        if index.can_take != can_take || !listed {
            return broken("I5", format!("{} is listed wrongly", agent.config.id));
        }
    }
    for (queue, _) in engine.core.queues.iter() {
        let free = &engine.index.queues[queue as usize].free;
        let heads = free
            .groups
            .iter()
            .filter_map(|(group, members)| members.first().map(|head| (*head, *group)));
        if heads.collect::<std::collections::BTreeSet<_>>() != free.heads {
            return broken("I5", format!("heads of queue {queue} are wrong"));
        }
        for medium in Medium::ALL {
            let groups = free.groups.iter().filter(|(group, _)| group.2.contains(medium));
            let count: usize = groups.map(|(_, members)| members.len()).sum();
            if free.count[medium] as usize != count {
                return broken("I5", format!("the free of queue {queue} are counted wrongly"));
            }
        }
        for (ends, lane) in engine.index.queues[queue as usize].lanes.iter() {
            let first = lane.waiting.first();
            let entered_at = first.map(|first| engine.core.contacts[first.2].entered_at);
            let found = (first.zip(entered_at), lane.waiting.last(), lane.waiting.len());
            let told = (&ends.first, ends.first_entered_at);
            if found != (Some(told), Some(&ends.last), ends.count as usize) {
                return broken("I5", format!("the ends of a lane of queue {queue} are wrong"));
            }
        }
    }
    Ok(())
}

/// I6: every timer has an owner, and what must end has a timer.
fn timers(engine: &Engine) -> Result<(), Violation> {
    let mut count = 0;
    for (slot, contact) in engine.core.contacts.iter() {
        if let Some(due) = contact.wake_at {
            count += 1;
            if !engine.index.timers.contains(&(due, Timer::Contact(slot))) {
                return broken("I6", format!("the timer of {} is lost", contact.id));
            }
        }
        let must_end = matches!(
            contact.state,
            ContactState::Received
                | ContactState::Offered
                | ContactState::WrapUp
                | ContactState::Parked
                | ContactState::CallbackScheduled
        ) || contact.kept != Kept::No
            || !contact.declined().is_empty() && contact.state == ContactState::Queued;
        if must_end && contact.wake_at.is_none() {
            return broken("I6", format!("{} is {:?} for ever", contact.id, contact.state));
        }
    }
    for (slot, agent) in engine.core.agents.iter() {
        if let Some(due) = engine.index.agents[slot as usize].wake_at {
            count += 1;
            if !engine.index.timers.contains(&(due, Timer::Agent(slot))) {
                return broken("I6", format!("the timer of {} is lost", agent.config.id));
            }
        }
    }
    if count != engine.index.timers.len() {
        return broken("I6", "a timer has no owner".into());
    }
    Ok(())
}

/// I8: nothing is lost from the counts.
fn totals(engine: &Engine) -> Result<(), Violation> {
    let totals = engine.core.totals;
    let over = totals.closed + totals.abandoned + totals.overflowed + totals.failed;
    if totals.arrived != over + engine.core.contacts.len() as u64 {
        return broken("I8", format!("{totals:?}, {} open", engine.core.contacts.len()));
    }
    let mut states: BTreeMap<Slot, Vec<ContactState>> = BTreeMap::new();
    for (_, contact) in engine.core.contacts.iter() {
        states.entry(contact.queue).or_default().push(contact.state);
    }
    for (slot, _) in engine.core.queues.iter() {
        let index = &engine.index.queues[slot as usize];
        let of_queue = states.get(&slot).map_or(&[][..], Vec::as_slice);
        let in_state =
            |test: fn(ContactState) -> bool| of_queue.iter().filter(|state| test(**state)).count();
        let counted = [
            index.contacts as usize,
            engine.waiting_in(slot) as usize,
            index.offered as usize,
            index.in_hand as usize,
            index.signed_in as usize,
        ];
        let signed_in = index
            .members
            .iter()
            .filter(|member| engine.core.agents[member.2].is_signed_in())
            .count();
        let found = [
            of_queue.len(),
            in_state(|state| state == ContactState::Queued),
            in_state(|state| state == ContactState::Offered),
            in_state(is_in_hand),
            signed_in,
        ];
        if counted != found {
            return broken("I8", format!("queue {slot} counts {counted:?}, has {found:?}"));
        }
    }
    Ok(())
}

/// I2, seen from outside: who owns what, for tests that compare with a model.
pub fn owners(engine: &Engine) -> BTreeMap<InteractionId, AgentId> {
    let contacts = engine.core.contacts.iter();
    contacts
        .filter(|(_, contact)| is_owned(contact.state))
        .filter_map(|(_, contact)| {
            Some((contact.id, engine.core.agents[contact.agent()?].config.id))
        })
        .collect()
}
