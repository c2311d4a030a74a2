//! Reads scenario lines into inputs.
//!
//! `09:00 queue billing wrap=10 ring2=30:-5`, `09:00 agent ana billing:1 es:5,loans:2`,
//! `09:00 ana ready`, `09:00:05 call c1 billing needs=es:3 for=ana`, `09:00:07 ana accept c1`,
//! `09:01 c1 end`, `09:02 boss assign c1 bob`. After every input the invariants are checked.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::{
    AgentId, DispositionId, HoursId, InteractionId, OfferId, PauseReasonId, QueueId, SkillId,
    UserId,
};
use rozmova_queue::config::{
    AgePolicy, AgentConfig, AgentRule, Medium, OverflowRule, OverflowTo, OverflowTrigger,
    PauseReasonConfig, PerMedium, QueueConfig, RingConfig, Service, SkillLevel,
};
use rozmova_queue::hours::{HoursConfig, Opening, WeeklyOpening};
use rozmova_queue::input::{Act, ActKind, Arrival, Outbound, Target};
use rozmova_queue::{Engine, Input, Output, invariants};

use crate::words::{clock, first_word};

/// Runs a scenario and compares what the engine said.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "as expect-test is written")]
pub(crate) fn check(scenario: &str, expected: expect_test::Expect) {
    let mut script = Script::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        script.line(line);
    }
    expected.assert_eq(&script.said);
}

pub(crate) struct Script {
    pub(crate) engine: Engine,
    pub(crate) said: String,
    pub(crate) numbers: BTreeMap<String, u128>,
    pub(crate) names: BTreeMap<u128, String>,
}

/// A Monday, 6 January 2025, 00:00 UTC.
pub(crate) const MIDNIGHT_SECONDS: i64 = 1_736_121_600;

impl Script {
    pub(crate) fn new() -> Self {
        let (numbers, names) = (BTreeMap::new(), BTreeMap::new());
        Self { engine: Engine::new(), said: String::new(), numbers, names }
    }

    /// The id behind a name; new names get new ids, in order.
    fn id(&mut self, name: &str) -> u128 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as u128 + 1;
        self.numbers.insert(name.into(), number);
        self.names.insert(number, name.into());
        number
    }

    /// Takes one line; gives what the engine said to it.
    pub(crate) fn line(&mut self, line: &str) -> Vec<Output> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = time(words[0]);
        let input = self.input(&words[1..]);
        let result = self.engine.handle(input, at);
        let mut outputs = Vec::new();
        while let Some(output) = self.engine.poll_output() {
            outputs.push(output);
        }
        for output in &outputs {
            self.write(output);
        }
        if let Err(refused) = result {
            let line = format!("{} refused: {}\n", clock(at), first_word(&refused));
            self.said.push_str(&line);
        }
        invariants::check(&self.engine).unwrap_or_else(|broken| panic!("{line}: {broken}"));
        outputs
    }

    fn input(&mut self, words: &[&str]) -> Input {
        match words {
            ["tick"] => Input::Tick,
            ["queue", name, options @ ..] => Input::PutQueue(self.queue(name, options)),
            ["agent", name, queues, rest @ ..] => {
                Input::PutAgent(self.agent(name, queues, rest.first().copied().unwrap_or("")))
            }
            ["reason", name, limit] => Input::PutPauseReason(PauseReasonConfig {
                id: PauseReasonId::from_u128(self.id(name)),
                name: (*name).into(),
                limit_ms: Some(seconds(limit)),
                counts_as_work: false,
            }),
            ["hours", name, from, to] => Input::PutHours(HoursConfig {
                id: HoursId::from_u128(self.id(name)),
                name: (*name).into(),
                time_zone: "UTC".into(),
                weekly: (1..=7)
                    .map(|weekday| WeeklyOpening {
                        weekday,
                        opening: Opening {
                            from_minute: from.parse::<u16>().expect("an hour") * 60,
                            to_minute: to.parse::<u16>().expect("an hour") * 60,
                        },
                    })
                    .collect(),
                exceptions: Vec::new(),
            }),
            ["boss", act @ ..] => self.act(act),
            ["remove", kind, name] => self.remove(kind, name),
            [medium, name, queue, options @ ..] if medium_named(medium).is_some() => {
                self.arrival(medium, name, queue, options)
            }
            [subject, verb, rest @ ..] => self.verb(subject, verb, rest),
            _ => panic!("cannot read {words:?}"),
        }
    }

    fn remove(&mut self, kind: &str, name: &str) -> Input {
        let number = self.id(name);
        match kind {
            "queue" => Input::RemoveQueue { queue: QueueId::from_u128(number) },
            "agent" => Input::RemoveAgent { agent: AgentId::from_u128(number) },
            "reason" => Input::RemovePauseReason { reason: PauseReasonId::from_u128(number) },
            "hours" => Input::RemoveHours { hours: HoursId::from_u128(number) },
            other => panic!("remove {other}"),
        }
    }

    fn queue(&mut self, name: &str, options: &[&str]) -> QueueConfig {
        let mut config = QueueConfig::new(QueueId::from_u128(self.id(name)), name);
        config.wrap_up_ms = PerMedium::default();
        for option in options {
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            let parts: Vec<&str> = value.split(':').collect();
            match key {
                "wrap" => config.wrap_up_ms.call = seconds(value),
                "offer" => config.offer_ms.call = seconds(value),
                "preferred" => config.preferred_ms = seconds(value),
                "decline" => config.decline_pause_ms = seconds(value),
                "announce" => config.announce_every_ms = seconds(value),
                "pull" => config.pull_allowed = true,
                "auto" => config.auto_accept.email = true,
                "code" => config.disposition.required = true,
                "hours" => config.hours = Some(HoursId::from_u128(self.id(value))),
                "rule" => {
                    config.rule = match value {
                        "loaded" => AgentRule::LeastLoaded,
                        "skilled" => AgentRule::MostSkilled,
                        "occupancy" => AgentRule::LowestOccupancy,
                        _ => AgentRule::LongestIdle,
                    }
                }
                "transfer" => {
                    config.on_transfer = match parts[..] {
                        ["reset"] => AgePolicy::Reset,
                        ["credit", credit] => AgePolicy::Credit { credit_ms: seconds(credit) },
                        _ => AgePolicy::Keep,
                    }
                }
                "ring" => config.rings.push(RingConfig {
                    after_ms: seconds(parts[0]),
                    lower_levels_by: parts[1].parse().unwrap_or(0),
                    drop_skills: Vec::new(),
                    drop_all_skills: parts[1] == "any",
                }),
                "overflow" => config.overflow.push(self.overflow(&parts)),
                _ => panic!("queue option {option}"),
            }
        }
        config
    }

    fn overflow(&mut self, parts: &[&str]) -> OverflowRule {
        let then = match parts[parts.len() - 1] {
            "voicemail" => OverflowTo::Voicemail,
            "callback" => OverflowTo::Callback,
            "close" => OverflowTo::Close,
            queue => OverflowTo::Queue { queue: QueueId::from_u128(self.id(queue)) },
        };
        let when = match parts {
            ["waited", after, _] => OverflowTrigger::Waited { after_ms: seconds(after) },
            ["length", length, _] => {
                OverflowTrigger::LengthAtArrival { at_least: length.parse().expect("a number") }
            }
            ["nobody", _] => OverflowTrigger::NobodyAtArrival,
            _ => OverflowTrigger::ClosedAtArrival,
        };
        OverflowRule { media: Vec::new(), when, then }
    }

    fn agent(&mut self, name: &str, queues: &str, skills: &str) -> AgentConfig {
        let mut config = AgentConfig::new(AgentId::from_u128(self.id(name)), name);
        for queue in queues.split(',') {
            let (queue, ring) = queue.split_once(':').unwrap_or((queue, "1"));
            config.serves.push(Service {
                queue: QueueId::from_u128(self.id(queue)),
                ring: ring.parse().expect("a ring"),
            });
        }
        config.skills = self.skills(skills);
        config
    }

    fn skills(&mut self, text: &str) -> Vec<SkillLevel> {
        text.split(',')
            .filter(|skill| !skill.is_empty())
            .map(|skill| {
                let (skill, level) = skill.split_once(':').unwrap_or((skill, "1"));
                SkillLevel {
                    skill: SkillId::from_u128(self.id(skill)),
                    level: level.parse().expect("a level"),
                }
            })
            .collect()
    }

    fn arrival(&mut self, medium: &str, name: &str, queue: &str, options: &[&str]) -> Input {
        let medium = medium_named(medium).expect("a medium");
        let queue = QueueId::from_u128(self.id(queue));
        let mut arrival = Arrival::new(InteractionId::from_u128(self.id(name)), medium, queue);
        for option in options {
            match option.split_once('=') {
                Some(("needs", skills)) => arrival.needs = self.skills(skills),
                Some(("for", agent)) => {
                    arrival.preferred = Some(AgentId::from_u128(self.id(agent)));
                }
                Some(("priority", class)) => arrival.priority = class.parse().expect("a class"),
                Some(("from", at)) => arrival.eligible_at = Some(time(at)),
                _ => panic!("arrival option {option}"),
            }
        }
        Input::ContactArrived(arrival)
    }

    fn verb(&mut self, subject: &str, verb: &str, rest: &[&str]) -> Input {
        let number = self.id(subject);
        let interaction = InteractionId::from_u128(number);
        let agent = AgentId::from_u128(number);
        match (verb, rest) {
            ("in", []) => Input::SignedIn { agent },
            ("ready", []) => Input::SetReady { agent },
            ("pause", [reason, rest @ ..]) => Input::SetPaused {
                agent,
                reason: PauseReasonId::from_u128(self.id(reason)),
                after_this: !rest.is_empty(),
            },
            ("ready-after", []) => Input::ReadyAfterThis { agent },
            ("takes" | "leaves", [medium]) => Input::SetMediumReady {
                agent,
                medium: medium_named(medium).expect("a medium"),
                ready: verb == "takes",
            },
            ("lost", []) => Input::ConnectionLost { agent },
            ("back", []) => Input::ConnectionRestored { agent },
            ("out", []) => Input::SignedOut { agent },
            ("accept", [contact]) => Input::OfferAccepted { offer: self.offer(contact) },
            ("decline", [contact]) => {
                Input::OfferDeclined { offer: self.offer(contact), reason: "busy".into() }
            }
            ("unreachable", [contact]) => {
                Input::OfferFailed { offer: self.offer(contact), cause: "486".into() }
            }
            ("pull", [contact]) => Input::PullContact {
                agent,
                interaction: InteractionId::from_u128(self.id(contact)),
            },
            ("dial", [contact, queue]) => Input::StartOutbound(Outbound {
                interaction: InteractionId::from_u128(self.id(contact)),
                agent,
                medium: Medium::Call,
                queue: QueueId::from_u128(self.id(queue)),
            }),
            _ => self.contact_verb(interaction, verb, rest),
        }
    }

    fn contact_verb(&mut self, interaction: InteractionId, verb: &str, rest: &[&str]) -> Input {
        match (verb, rest) {
            ("abandon", []) => Input::ContactAbandoned { interaction },
            ("end", []) => Input::ContactEnded { interaction },
            ("again", []) => Input::ContactContinued { interaction },
            ("fail", []) => Input::ContactFailed { interaction, cause: "line lost".into() },
            ("hold", []) => Input::Hold { interaction },
            ("resume", []) => Input::Resume { interaction },
            ("park", [until]) => Input::Park { interaction, until: time(until) },
            ("await", []) => Input::AwaitClient { interaction },
            ("transfer", ["to", agent]) => {
                let agent = AgentId::from_u128(self.id(agent));
                Input::Transfer { interaction, to: Target::Agent { agent } }
            }
            ("transfer", [queue]) => {
                let queue = QueueId::from_u128(self.id(queue));
                Input::Transfer { interaction, to: Target::Queue { queue } }
            }
            ("more", [by]) => Input::ExtendWrapUp { interaction, by_ms: seconds(by) },
            ("done", code) => Input::WrapUpDone {
                interaction,
                disposition: code.first().map(|code| DispositionId::from_u128(self.id(code))),
            },
            ("callback", at) => {
                Input::ScheduleCallback { interaction, not_before: at.first().map(|at| time(at)) }
            }
            _ => panic!("cannot read {verb} {rest:?}"),
        }
    }

    fn act(&mut self, words: &[&str]) -> Input {
        let mut contact = |index: usize| InteractionId::from_u128(self.id(words[index]));
        let what = match words[0] {
            "assign" => ActKind::Assign {
                interaction: contact(1),
                agent: AgentId::from_u128(self.id(words[2])),
            },
            "move" => ActKind::Move {
                interaction: contact(1),
                queue: QueueId::from_u128(self.id(words[2])),
            },
            "priority" => ActKind::Reprioritise {
                interaction: contact(1),
                priority: words[2].parse().expect("a class"),
            },
            "requeue" => ActKind::Requeue { interaction: contact(1) },
            "merge" => ActKind::Merge { interaction: contact(1), into: contact(2) },
            "close" => ActKind::Close { interaction: contact(1) },
            "logout" => ActKind::LogOut { agent: AgentId::from_u128(self.id(words[1])) },
            "ready" => ActKind::SetAgentReady { agent: AgentId::from_u128(self.id(words[1])) },
            "pause" => ActKind::PauseAgent {
                agent: AgentId::from_u128(self.id(words[1])),
                pause: PauseReasonId::from_u128(self.id(words[2])),
            },
            other => panic!("act {other}"),
        };
        let author = UserId::from_u128(self.id("boss"));
        Input::Supervisor(Act { author, reason: "as agreed".into(), what })
    }

    fn offer(&mut self, contact: &str) -> OfferId {
        let interaction = InteractionId::from_u128(self.id(contact));
        let view = self.engine.interaction(interaction);
        // An offer that is over has some id that is not known any more.
        view.and_then(|view| view.offer).map_or(OfferId::from_u128(1), |offer| offer.offer)
    }
}

fn medium_named(name: &str) -> Option<Medium> {
    Medium::ALL.into_iter().find(|medium| medium.as_str() == name)
}

fn seconds(text: &str) -> i64 {
    text.parse::<i64>().expect("seconds") * 1000
}

/// `09:00` or `09:00:05`.
fn time(text: &str) -> Timestamp {
    let mut parts = text.split(':').map(|part| part.parse::<i64>().expect("a time"));
    let mut next = || parts.next().unwrap_or(0);
    let (hours, minutes, seconds) = (next(), next(), next());
    Timestamp::from_seconds(MIDNIGHT_SECONDS + hours * 3600 + minutes * 60 + seconds)
}
