//! What may happen in a centre, by seed: sensible things mostly, nonsense sometimes.

use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, DispositionId, HoursId, InteractionId, OfferId, PauseReasonId, QueueId, SkillId,
    UserId,
};
use rozmova_queue::config::{
    AgePolicy, AgentConfig, AgentRule, CentreConfig, MediaConfig, Medium, OrderConfig,
    OverflowRule, OverflowTo, OverflowTrigger, PauseReasonConfig, PerMedium, PriorityClass,
    QueueConfig, RingConfig, Service, SkillLevel,
};
use rozmova_queue::hours::{HoursConfig, Opening, WeeklyOpening};
use rozmova_queue::input::{Act, ActKind, Arrival, Outbound, Target};
use rozmova_queue::view::{AgentState, ContactState};
use rozmova_queue::{Engine, Input};

use crate::chance::Chance;

pub(crate) struct World {
    chance: Chance,
    now_ms: i64,
    queues: u64,
    agents: u64,
    skills: u64,
    contacts: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        Self {
            now_ms: 1_736_121_600_000 + chance.below(7 * 86_400_000) as i64,
            queues: 1 + chance.below(5),
            agents: 2 + chance.below(9),
            skills: 1 + chance.below(4),
            contacts: 0,
            chance,
        }
    }

    /// The settings with which the day begins.
    pub(crate) fn settings(&mut self) -> Vec<Input> {
        let centre = CentreConfig { trace_candidates: 4, ..CentreConfig::default() };
        let mut inputs = vec![Input::PutCentre(centre), self.order(), hours()];
        for number in 1..=3 {
            inputs.push(Input::PutPauseReason(PauseReasonConfig {
                id: PauseReasonId::from_u128(number),
                name: format!("reason {number}"),
                limit_ms: (number > 1).then_some(60_000),
                counts_as_work: false,
            }));
        }
        for number in 0..self.queues {
            inputs.push(Input::PutQueue(self.queue(number)));
        }
        for number in 0..self.agents {
            inputs.push(Input::PutAgent(self.agent(number)));
        }
        inputs
    }

    /// Settings and inputs with which every contact can be brought to its end.
    pub(crate) fn enough_agents(&self, engine: &Engine) -> Vec<Input> {
        let mut inputs = Vec::new();
        for number in 0..self.agents {
            let agent = AgentId::from_u128(u128::from(number) + 1);
            let mut config = AgentConfig::new(agent, "all-rounder");
            let queues = engine.queues().map(|view| view.queue);
            config.serves = queues.map(|queue| Service { queue, ring: 1 }).collect();
            config.skills = (0..self.skills).map(|skill| level(skill, 100)).collect();
            inputs.push(Input::PutAgent(config));
            inputs.push(Input::SignedIn { agent });
            for medium in Medium::ALL {
                inputs.push(Input::SetMediumReady { agent, medium, ready: true });
            }
            inputs.push(Input::SetReady { agent });
        }
        inputs
    }

    /// Agents who did not answer once are at their desks again.
    #[expect(clippy::unused_self, reason = "a matter of the world")]
    pub(crate) fn wake_up(&self, engine: &Engine) -> Vec<Input> {
        let silent = engine.agents().filter(|agent| agent.state == AgentState::NotResponding);
        silent.map(|agent| Input::SetReady { agent: agent.agent }).collect()
    }

    fn order(&mut self) -> Input {
        let slope = if self.chance.percent(30) { 2000 } else { 1000 };
        let mut order = OrderConfig::default();
        order.priorities.push(PriorityClass { head_start_ms: 30_000, slope_permille: slope });
        order.client_class_head_start_ms = vec![0, self.chance.below(60_000) as i64];
        Input::PutOrder(order)
    }

    fn queue(&mut self, number: u64) -> QueueConfig {
        let chance = &mut self.chance;
        let mut config = QueueConfig::new(queue_id(number), format!("queue {number}"));
        let rules = [
            AgentRule::LongestIdle,
            AgentRule::LeastLoaded,
            AgentRule::MostSkilled,
            AgentRule::LowestOccupancy,
        ];
        config.rule = rules[chance.below(4) as usize];
        config.preferred_ms = chance.below(3) as i64 * 10_000;
        config.decline_pause_ms = chance.below(3) as i64 * 20_000;
        config.auto_accept.email = chance.percent(30);
        config.wrap_up_ms.email = chance.below(2) as i64 * 5_000;
        config.pull_allowed = chance.percent(50);
        config.announce_every_ms = chance.below(2) as i64 * 15_000;
        config.disposition.required = chance.percent(20);
        let ages = [AgePolicy::Keep, AgePolicy::Reset, AgePolicy::Credit { credit_ms: 20_000 }];
        config.on_transfer = ages[chance.below(3) as usize];
        config.hours = chance.percent(30).then_some(HoursId::from_u128(1));
        for ring in 0..chance.below(3) {
            config.rings.push(RingConfig {
                after_ms: (ring as i64 + 1) * 10_000,
                lower_levels_by: chance.below(60) as u8,
                drop_skills: vec![skill_id(chance.below(self.skills))],
                drop_all_skills: ring == 1,
            });
        }
        if chance.percent(40) {
            config.overflow = vec![overflow_rule(chance, number)];
        }
        config
    }

    fn agent(&mut self, number: u64) -> AgentConfig {
        let chance = &mut self.chance;
        let agent = AgentId::from_u128(u128::from(number) + 1);
        let mut config = AgentConfig::new(agent, format!("agent {number}"));
        for queue in 0..self.queues {
            if chance.percent(60) {
                let ring = 1 + chance.below(3) as u8;
                config.serves.push(Service { queue: queue_id(queue), ring });
            }
        }
        for skill in 0..self.skills {
            if chance.percent(60) {
                config.skills.push(level(skill, 1 + chance.below(100) as u8));
            }
        }
        config.maximum = PerMedium {
            call: chance.below(2) as u8,
            email: chance.below(5) as u8,
            fax: chance.below(3) as u8,
            letter: 2,
        };
        config.own_queues_first = chance.percent(20);
        config
    }

    /// The next thing that happens, and when.
    pub(crate) fn next(&mut self, engine: &Engine) -> (Timestamp, Input) {
        let step_ms = match self.chance.below(20) {
            0..3 => 0,
            3..14 => self.chance.below(4_000) as i64,
            14..19 => self.chance.below(40_000) as i64,
            _ => self.chance.below(600_000) as i64,
        };
        self.now_ms += step_ms;
        // Sometimes the clock steps back.
        let back_ms = if self.chance.percent(1) { 5_000 } else { 0 };
        let at = Timestamp::from_millis(self.now_ms - back_ms);
        let input = match self.chance.below(100) {
            0..24 => self.arrival(),
            24..48 => self.answer(engine),
            48..70 => self.work(engine),
            70..84 => self.presence(),
            84..92 => self.supervise(engine),
            92..96 => self.setting(),
            _ => Input::Tick,
        };
        (at, input)
    }

    pub(crate) const fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn arrival(&mut self) -> Input {
        self.contacts += 1;
        let chance = &mut self.chance;
        let number = if chance.percent(2) { 1 } else { self.contacts };
        let queue = queue_id(chance.below(self.queues));
        let medium = Medium::ALL[chance.below(4) as usize];
        let mut arrival = Arrival::new(contact_id(number), medium, queue);
        arrival.priority = chance.below(6) as u8;
        arrival.client_class = chance.below(2) as u8;
        if chance.percent(40) {
            arrival.needs = vec![level(chance.below(self.skills), 1 + chance.below(100) as u8)];
        }
        if chance.percent(20) {
            arrival.preferred = Some(agent_id(chance.below(self.agents)));
        }
        if chance.percent(10) {
            let shift_ms = chance.below(60_000) as i64 - 40_000;
            arrival.eligible_at = Some(Timestamp::from_millis(self.now_ms + shift_ms));
        }
        Input::ContactArrived(arrival)
    }

    fn contact(&mut self, engine: &Engine, state: Option<ContactState>) -> InteractionId {
        let open: Vec<InteractionId> = engine
            .interactions()
            .filter(|view| state.is_none_or(|state| view.state == state))
            .map(|view| view.interaction)
            .collect();
        let nobody = contact_id(1_000_000);
        self.chance.pick(&open).copied().unwrap_or(nobody)
    }

    fn answer(&mut self, engine: &Engine) -> Input {
        let interaction = self.contact(engine, Some(ContactState::Offered));
        let offer = engine.interaction(interaction).and_then(|view| view.offer);
        let offer = offer.map_or(OfferId::from_u128(7), |offer| offer.offer);
        match self.chance.below(20) {
            0..13 => Input::OfferAccepted { offer },
            13..16 => Input::OfferDeclined { offer, reason: "busy".into() },
            16 => Input::OfferFailed { offer, cause: "unreachable".into() },
            17 => Input::ContactAbandoned { interaction },
            _ => Input::Tick,
        }
    }

    fn work(&mut self, engine: &Engine) -> Input {
        let states = [
            ContactState::Active,
            ContactState::Active,
            ContactState::Active,
            ContactState::Held,
            ContactState::WrapUp,
            ContactState::WaitingForClient,
            ContactState::Queued,
        ];
        let state = self.chance.pick(&states).copied();
        let interaction = self.contact(engine, state);
        let code = DispositionId::from_u128(1);
        let soon = Timestamp::from_millis(self.now_ms + self.chance.below(90_000) as i64);
        match self.chance.below(20) {
            0..6 => Input::ContactEnded { interaction },
            6 => Input::Hold { interaction },
            7 => Input::Resume { interaction },
            8 => Input::Park { interaction, until: soon },
            9 => Input::AwaitClient { interaction },
            10 => {
                let queue = queue_id(self.chance.below(self.queues));
                Input::Transfer { interaction, to: Target::Queue { queue } }
            }
            11 => {
                let agent = agent_id(self.chance.below(self.agents));
                Input::Transfer { interaction, to: Target::Agent { agent } }
            }
            12 => Input::WrapUpDone { interaction, disposition: Some(code) },
            13 => Input::WrapUpDone { interaction, disposition: None },
            14 => Input::ExtendWrapUp { interaction, by_ms: 20_000 },
            15 => Input::ContactContinued { interaction },
            16 => Input::ContactAbandoned { interaction },
            17 => Input::ContactFailed { interaction, cause: "line lost".into() },
            18 => Input::ScheduleCallback {
                interaction,
                not_before: self.chance.percent(50).then_some(soon),
            },
            _ => Input::SetDisposition { interaction, disposition: code },
        }
    }

    fn presence(&mut self) -> Input {
        let agent = agent_id(self.chance.below(self.agents + 1));
        let reason = PauseReasonId::from_u128(u128::from(1 + self.chance.below(4)));
        let medium = Medium::ALL[self.chance.below(4) as usize];
        match self.chance.below(24) {
            0..5 => Input::SignedIn { agent },
            5..13 => Input::SetReady { agent },
            13 => Input::SetPaused { agent, reason, after_this: false },
            14 => Input::SetPaused { agent, reason, after_this: true },
            15 => Input::ReadyAfterThis { agent },
            16 => Input::SetMediumReady { agent, medium, ready: false },
            17 => Input::SetMediumReady { agent, medium, ready: true },
            18 => Input::ConnectionLost { agent },
            19..22 => Input::ConnectionRestored { agent },
            22 => Input::SignedOut { agent },
            _ => {
                self.contacts += 1;
                let interaction = contact_id(self.contacts);
                let queue = queue_id(self.chance.below(self.queues));
                Input::StartOutbound(Outbound { interaction, agent, medium, queue })
            }
        }
    }

    fn supervise(&mut self, engine: &Engine) -> Input {
        let interaction = self.contact(engine, None);
        let agent = agent_id(self.chance.below(self.agents));
        let queue = queue_id(self.chance.below(self.queues));
        let what = match self.chance.below(10) {
            0 => ActKind::SetAgentReady { agent },
            1 => ActKind::PauseAgent { agent, pause: PauseReasonId::from_u128(1) },
            2 => ActKind::LogOut { agent },
            3 => ActKind::Assign { interaction, agent },
            4 => ActKind::Move { interaction, queue },
            5 => ActKind::Reprioritise { interaction, priority: self.chance.below(7) as u8 },
            6 => ActKind::Requeue { interaction },
            7 => ActKind::Merge { interaction, into: self.contact(engine, None) },
            8 => ActKind::Close { interaction },
            _ => return Input::PullContact { agent, interaction },
        };
        let author = UserId::from_u128(99);
        Input::Supervisor(Act { author, reason: "because".into(), what })
    }

    fn setting(&mut self) -> Input {
        match self.chance.below(11) {
            0 | 1 => {
                let number = self.chance.below(self.queues);
                Input::PutQueue(self.queue(number))
            }
            2 | 3 => {
                let number = self.chance.below(self.agents);
                Input::PutAgent(self.agent(number))
            }
            4 => self.order(),
            5 => {
                let mut media = MediaConfig::default();
                media.0.call.wrap_up_takes_capacity = self.chance.percent(50);
                media.0.email.units = 10 + self.chance.below(30) as u16;
                Input::PutMedia(media)
            }
            6 => Input::RemoveQueue { queue: queue_id(self.chance.below(self.queues)) },
            7 => Input::RemovePauseReason { reason: PauseReasonId::from_u128(4) },
            8 => Input::RemoveAgent { agent: agent_id(self.chance.below(self.agents)) },
            9 => Input::RemoveHours { hours: HoursId::from_u128(1) },
            _ => hours(),
        }
    }
}

fn overflow_rule(chance: &mut Chance, number: u64) -> OverflowRule {
    let when = match chance.below(5) {
        0 => OverflowTrigger::Waited { after_ms: 25_000 },
        1 => OverflowTrigger::LengthAtArrival { at_least: 4 },
        2 => OverflowTrigger::EstimateAtArrival { at_least_ms: 60_000 },
        3 => OverflowTrigger::NobodyAtArrival,
        _ => OverflowTrigger::ClosedAtArrival,
    };
    let then = match chance.below(4) {
        // Only to a queue with a lower number: no circle.
        0 | 1 if number > 0 => OverflowTo::Queue { queue: queue_id(chance.below(number)) },
        2 => OverflowTo::Callback,
        3 => OverflowTo::Voicemail,
        _ => OverflowTo::Close,
    };
    OverflowRule { media: Vec::new(), when, then }
}

fn hours() -> Input {
    let opening = Opening { from_minute: 9 * 60, to_minute: 18 * 60 };
    Input::PutHours(HoursConfig {
        id: HoursId::from_u128(1),
        name: "office".into(),
        time_zone: "Europe/Kyiv".into(),
        weekly: (1..=5).map(|weekday| WeeklyOpening { weekday, opening }).collect(),
        exceptions: Vec::new(),
    })
}

fn queue_id(number: u64) -> QueueId {
    QueueId::from_u128(u128::from(number) + 1)
}

fn agent_id(number: u64) -> AgentId {
    AgentId::from_u128(u128::from(number) + 1)
}

fn skill_id(number: u64) -> SkillId {
    SkillId::from_u128(u128::from(number) + 1)
}

fn contact_id(number: u64) -> InteractionId {
    InteractionId::from_u128(u128::from(number))
}

fn level(skill: u64, level: u8) -> SkillLevel {
    SkillLevel { skill: skill_id(skill), level }
}
