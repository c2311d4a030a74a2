//! The engine in simulated time.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, MessageId, OfferId, QueueId};
use rozmova_queue::config::Medium;
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, Event, EventKind, Input, Output};

use super::{Correspondent, PastInteraction, PastMessage, Setting};
use crate::demo::chance::{Chance, SeededIds};
use crate::demo::texts::{self, Filling, QueueKey, Topic};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Kyiv is two or three hours before UTC; for curves of arrivals two will do.
const LOCAL_MS: i64 = 2 * HOUR_MS;
/// Contacts on an ordinary working day.
const CONTACTS_A_DAY: f64 = 130.0;
/// Monday to Sunday, against an ordinary day.
const WEEK: [f64; 7] = [1.3, 1.1, 1.0, 1.0, 0.95, 0.45, 0.3];
/// Share of each hour of the day, in thousandths.
const HOURS: [u64; 24] =
    [2, 1, 1, 1, 1, 3, 10, 28, 60, 95, 105, 100, 85, 80, 85, 80, 70, 58, 45, 35, 25, 16, 9, 5];
/// No new contacts before the end, so that the demo begins with a tidy floor.
const QUIET_END_MS: i64 = 2 * HOUR_MS;
/// Decisions are explained for the last days only: they are the bulk of the rows.
const EXPLAINED_DAYS: i64 = 3;
/// Of a hundred offers: declined, not answered.
const DECLINED_PERCENT: u64 = 3;
const MISSED_PERCENT: u64 = 3;
/// Of a hundred contacts so many have a note.
const NOTE_PERCENT: u64 = 12;

/// What happened.
#[derive(Debug, Default)]
pub struct Past {
    /// In the order of their arrival.
    pub interactions: Vec<PastInteraction>,
    /// In the order of time within an interaction.
    pub messages: Vec<PastMessage>,
    /// What the engine said, in its order.
    pub outputs: Vec<Output>,
    /// Still open at the end.
    pub open: Vec<InteractionId>,
}

/// Runs the engine, which must know queues and agents, through the time of the setting.
pub fn live_through(engine: &mut Engine, setting: &Setting, seed: u64) -> Past {
    let mut simulation = Simulation {
        engine,
        setting,
        chance: Chance::new(seed),
        ids: SeededIds::new(seed ^ 0x15, setting.from),
        acts: BTreeMap::new(),
        act_number: 0,
        contacts: BTreeMap::new(),
        past: Past::default(),
    };
    simulation.plan();
    simulation.run();
    simulation.past
}

/// Something that somebody does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Arrive,
    Come(AgentId),
    Leave(AgentId),
    GetReady(AgentId),
    Accept(OfferId),
    Decline(OfferId),
    /// The visit to an agent tells a stale act from a fresh one.
    Answer(InteractionId, u32),
    Close(InteractionId),
}

struct Contact {
    place: usize,
    topic: &'static Topic,
    is_uk: bool,
    agent: Option<AgentId>,
    visit: u32,
    is_answered: bool,
}

struct Simulation<'a> {
    engine: &'a mut Engine,
    setting: &'a Setting,
    chance: Chance,
    ids: SeededIds,
    acts: BTreeMap<(Timestamp, u64), Act>,
    act_number: u64,
    contacts: BTreeMap<InteractionId, Contact>,
    past: Past,
}

impl Simulation<'_> {
    /// Arrivals and shifts of all days.
    fn plan(&mut self) {
        let last_arrival = self.setting.until.plus_millis(-QUIET_END_MS);
        let mut day = local_midnight(self.setting.from);
        while day < self.setting.until {
            let weekday = weekday(day);
            let mean = CONTACTS_A_DAY * WEEK[weekday] * (0.85 + 0.3 * self.chance.fraction());
            for _ in 0..mean as u64 {
                let hour = self.chance.weighted(&HOURS) as i64;
                let at = day.plus_millis(hour * HOUR_MS + self.chance.between(0, HOUR_MS - 1));
                if at > self.setting.from && at < last_arrival {
                    self.schedule(at, Act::Arrive);
                }
            }
            self.plan_shifts(day, weekday);
            day = day.plus_millis(DAY_MS);
        }
    }

    fn plan_shifts(&mut self, day: Timestamp, weekday: usize) {
        for place in 0..self.setting.agents.len() {
            let agent = self.setting.agents[place].0;
            let works = if weekday < 5 { 90 } else { 35 };
            if !self.chance.percent(works) {
                continue;
            }
            // Two shifts: from 8 and from 11.
            let begin = if place % 2 == 0 { 8 } else { 11 } * HOUR_MS;
            let come = begin + self.chance.between(-10, 15) * MINUTE_MS;
            let leave = begin + 9 * HOUR_MS + self.chance.between(0, 25) * MINUTE_MS;
            self.schedule(day.plus_millis(come), Act::Come(agent));
            self.schedule(day.plus_millis(leave), Act::Leave(agent));
        }
    }

    fn schedule(&mut self, at: Timestamp, act: Act) {
        if at > self.setting.from && at < self.setting.until {
            self.act_number += 1;
            self.acts.insert((at, self.act_number), act);
        }
    }

    fn run(&mut self) {
        while let Some(((at, _), act)) = self.acts.pop_first() {
            self.pass_time(at);
            self.perform(act, at);
        }
        let end = self.setting.until;
        self.pass_time(end);
        for place in 0..self.setting.agents.len() {
            self.tell(Input::SignedOut { agent: self.setting.agents[place].0 }, end);
        }
        self.past.open = self.engine.interactions().map(|view| view.interaction).collect();
    }

    /// Fires time-outs up to `at`.
    fn pass_time(&mut self, at: Timestamp) {
        while let Some((due, _)) = self.engine.next_timeout().filter(|(due, _)| *due <= at) {
            self.tell(Input::Tick, due);
        }
    }

    /// What the engine refuses did not happen.
    fn tell(&mut self, input: Input, at: Timestamp) -> bool {
        let is_taken = self.engine.handle(input, at).is_ok();
        while let Some(output) = self.engine.poll_output() {
            if let Output::Event(event) = &output {
                self.react(event);
            }
            let is_recent = at.plus_millis(EXPLAINED_DAYS * DAY_MS) > self.setting.until;
            if is_recent || matches!(output, Output::Event(_)) {
                self.past.outputs.push(output);
            }
        }
        is_taken
    }

    fn perform(&mut self, act: Act, at: Timestamp) {
        match act {
            Act::Arrive => self.arrive(at),
            Act::Come(agent) => {
                self.tell(Input::SignedIn { agent }, at);
                self.tell(Input::SetReady { agent }, at);
            }
            Act::Leave(agent) => drop(self.tell(Input::SignedOut { agent }, at)),
            Act::GetReady(agent) => drop(self.tell(Input::SetReady { agent }, at)),
            Act::Accept(offer) => drop(self.tell(Input::OfferAccepted { offer }, at)),
            Act::Decline(offer) => {
                self.tell(Input::OfferDeclined { offer, reason: "не моя тема".to_owned() }, at);
            }
            Act::Answer(interaction, visit) => self.answer(interaction, visit, at),
            Act::Close(interaction) => self.close(interaction, at),
        }
    }

    /// People react to what the engine says.
    fn react(&mut self, event: &Event) {
        let at = event.at;
        if let (EventKind::Offered { .. }, Some(offer)) = (&event.kind, event.offer) {
            let moment = at.plus_millis(self.chance.between(1_500, 12_000));
            match self.chance.below(100) {
                0..MISSED_PERCENT => {}
                dice if dice < MISSED_PERCENT + DECLINED_PERCENT => {
                    self.schedule(moment, Act::Decline(offer));
                }
                _ => self.schedule(moment, Act::Accept(offer)),
            }
        } else if let (EventKind::OfferTimedOut, Some(agent)) = (&event.kind, event.agent) {
            let back = at.plus_millis(self.chance.between(20_000, 200_000));
            self.schedule(back, Act::GetReady(agent));
        } else if let (EventKind::Connected { .. }, Some(interaction)) =
            (&event.kind, event.interaction)
        {
            self.begin_work(interaction, event.agent, at);
        } else if let (EventKind::WrapUpStarted { .. }, Some(interaction)) =
            (&event.kind, event.interaction)
        {
            let done = at.plus_millis(self.chance.between(4_000, 22_000));
            self.schedule(done, Act::Close(interaction));
        }
    }

    fn begin_work(&mut self, interaction: InteractionId, agent: Option<AgentId>, at: Timestamp) {
        let Some(contact) = self.contacts.get_mut(&interaction) else { return };
        contact.agent = agent;
        contact.visit += 1;
        let visit = contact.visit;
        let time_ms = self.chance.handling_ms(contact.topic.handling_s * 1_000.0);
        self.schedule(at.plus_millis(time_ms), Act::Answer(interaction, visit));
    }

    fn arrive(&mut self, at: Timestamp) {
        self.ids.set_time(at);
        let client = self.chance.pick_ref(&self.setting.clients).clone();
        let key = self.queue_key(&client);
        let Some((queue, mailbox)) = self.setting.queues.get(key).cloned() else { return };
        let topic = texts::topic(&mut self.chance, key);
        let is_uk = !client.is_english;
        let in_language = if is_uk { &topic.uk } else { &topic.en };
        let day = day_and_month(at.plus_millis(-self.chance.between(0, 3) * DAY_MS));
        let filling = Filling::new(&mut self.chance, &client.name, "", "", day);
        let subject = filling.fill(self.chance.pick(in_language.subjects));
        let interaction = InteractionId::make(&self.ids);
        let text = filling.fill(in_language.question);
        let message = PastMessage {
            id: MessageId::make(&self.ids),
            interaction,
            at,
            author: None,
            is_note: false,
            from: (client.name.clone(), client.email.clone()),
            to: (String::new(), mailbox.clone()),
            subject: subject.clone(),
            body: text,
        };
        let (place, vip) = (self.past.interactions.len(), client.vip);
        self.past.messages.push(message);
        self.past.interactions.push(PastInteraction {
            id: interaction,
            subject,
            client,
            queue,
            mailbox,
            received_at: at,
            last_message_at: at,
            disposition_note: String::new(),
        });
        let contact = Contact { place, topic, is_uk, agent: None, visit: 0, is_answered: false };
        self.contacts.insert(interaction, contact);
        self.tell(Input::ContactArrived(arrival(interaction, queue, vip)), at);
    }

    /// Companies write to their own queue, people to the others.
    fn queue_key(&mut self, client: &Correspondent) -> QueueKey {
        if client.is_business && self.chance.percent(80) {
            return "business";
        }
        let weights: Vec<u64> = texts::QUEUES
            .iter()
            .map(|(key, share)| if *key == "business" { 0 } else { *share })
            .collect();
        texts::QUEUES[self.chance.weighted(&weights)].0
    }

    fn answer(&mut self, interaction: InteractionId, visit: u32, at: Timestamp) {
        let Some(contact) = self.contacts.get(&interaction) else { return };
        if contact.visit != visit || contact.is_answered {
            return;
        }
        let Some(agent) = contact.agent else { return };
        if !self.tell(Input::ContactEnded { interaction }, at) {
            return;
        }
        self.ids.set_time(at);
        if self.chance.percent(NOTE_PERCENT) {
            let body = self.chance.pick(&texts::NOTES).to_owned();
            self.write(interaction, agent, at.plus_millis(-20_000), true, body);
        }
        let body = self.answer_text(interaction, agent, at);
        self.write(interaction, agent, at, false, body);
        if let Some(contact) = self.contacts.get_mut(&interaction) {
            contact.is_answered = true;
            self.past.interactions[contact.place].last_message_at = at;
        }
    }

    fn answer_text(&mut self, interaction: InteractionId, agent: AgentId, at: Timestamp) -> String {
        let Some(contact) = self.contacts.get(&interaction) else { return String::new() };
        let name = self.past.interactions[contact.place].client.name.clone();
        let (greeting, template) = if contact.is_uk {
            (format!("Вітаємо, {name}"), contact.topic.uk.answer)
        } else {
            (format!("Dear {name}"), contact.topic.en.answer)
        };
        let agent = self.agent_name(agent);
        let day = day_and_month(at);
        Filling::new(&mut self.chance, &name, &greeting, &agent, day).fill(template)
    }

    fn write(
        &mut self,
        interaction: InteractionId,
        agent: AgentId,
        at: Timestamp,
        is_note: bool,
        body: String,
    ) {
        let Some(contact) = self.contacts.get(&interaction) else { return };
        let row = &self.past.interactions[contact.place];
        let message = PastMessage {
            id: MessageId::make(&self.ids),
            interaction,
            at,
            author: Some(agent),
            is_note,
            from: (self.agent_name(agent), row.mailbox.clone()),
            to: (row.client.name.clone(), row.client.email.clone()),
            subject: if is_note { String::new() } else { format!("Re: {}", row.subject) },
            body,
        };
        self.past.messages.push(message);
    }

    fn close(&mut self, interaction: InteractionId, at: Timestamp) {
        let Some(contact) = self.contacts.get(&interaction) else { return };
        let code = contact.topic.disposition;
        let place = contact.place;
        let disposition = self.setting.dispositions.get(code).copied();
        if self.tell(Input::WrapUpDone { interaction, disposition }, at) {
            "Відповідь надіслано.".clone_into(&mut self.past.interactions[place].disposition_note);
            self.contacts.remove(&interaction);
        }
    }

    fn agent_name(&self, agent: AgentId) -> String {
        let found = self.setting.agents.iter().find(|(id, _)| *id == agent);
        found.map_or_else(String::new, |(_, name)| name.clone())
    }
}

fn arrival(interaction: InteractionId, queue: QueueId, vip: bool) -> Arrival {
    Arrival { client_class: u8::from(vip), ..Arrival::new(interaction, Medium::Email, queue) }
}

fn local_midnight(at: Timestamp) -> Timestamp {
    let local = at.as_millis() + LOCAL_MS;
    Timestamp::from_millis(local - local.rem_euclid(DAY_MS) - LOCAL_MS)
}

/// 0 is Monday. 1970-01-01 was a Thursday.
fn weekday(midnight: Timestamp) -> usize {
    let days = (midnight.as_millis() + LOCAL_MS).div_euclid(DAY_MS);
    (days + 3).rem_euclid(7) as usize
}

fn day_and_month(at: Timestamp) -> String {
    let date = jiff::tz::TimeZone::UTC.to_datetime(at.to_jiff()).date();
    format!("{:02}.{:02}", date.day(), date.month())
}

#[cfg(test)]
mod tests {
    use rozmova_base::id::{ClientId, DispositionId};
    use rozmova_queue::config::{AgentConfig, QueueConfig, Service};

    use super::*;

    fn setting() -> Setting {
        let until = Timestamp::from_seconds(1_790_000_000);
        let client = Correspondent {
            id: ClientId::from_u128(1),
            name: "Шевченко Олена".to_owned(),
            email: "o@example.com".to_owned(),
            is_business: false,
            is_english: false,
            vip: false,
        };
        let queue = |place: usize| QueueId::from_u128(100 + place as u128);
        Setting {
            from: until.plus_millis(-5 * DAY_MS),
            until,
            agents: (1..=6).map(|id| (AgentId::from_u128(id), format!("agent {id}"))).collect(),
            queues: texts::QUEUES
                .iter()
                .enumerate()
                .map(|(place, (key, _))| (*key, (queue(place), format!("{key}@bank.example"))))
                .collect(),
            dispositions: texts::TOPICS
                .iter()
                .enumerate()
                .map(|(n, t)| (t.disposition.to_owned(), DispositionId::from_u128(n as u128)))
                .collect(),
            clients: vec![client],
        }
    }

    fn engine(setting: &Setting) -> Engine {
        let mut engine = Engine::new();
        for (queue, _) in setting.queues.values() {
            let config = QueueConfig::new(*queue, queue.to_string());
            engine.handle(Input::PutQueue(config), setting.from).expect("a queue");
        }
        for (agent, name) in &setting.agents {
            let mut config = AgentConfig::new(*agent, name.as_str());
            let serves =
                setting.queues.values().map(|(queue, _)| Service { queue: *queue, ring: 1 });
            config.serves = serves.collect();
            engine.handle(Input::PutAgent(config), setting.from).expect("an agent");
        }
        while engine.poll_output().is_some() {}
        engine
    }

    #[test]
    fn nearly_everything_is_answered_and_the_same_seed_gives_the_same_past() {
        let setting = setting();
        let mut first = engine(&setting);
        let past = live_through(&mut first, &setting, 7);
        assert!(past.interactions.len() > 250, "{}", past.interactions.len());
        let is_closed = |kind: &EventKind| matches!(kind, EventKind::Closed { .. });
        let closed = |output: &&Output| matches!(output, Output::Event(e) if is_closed(&e.kind));
        let count = past.outputs.iter().filter(closed).count();
        assert_eq!(count + past.open.len(), past.interactions.len());
        assert!(count * 100 > past.interactions.len() * 80, "{count}");
        let again = live_through(&mut engine(&setting), &setting, 7);
        assert_eq!(again.outputs, past.outputs);
        assert!(first.agents().all(|view| view.state == rozmova_queue::view::AgentState::Offline));
    }

    #[test]
    fn days_of_the_week_are_right() {
        let monday = Timestamp::from_seconds(1_789_948_800);
        assert_eq!(weekday(local_midnight(monday)), 0);
    }
}
