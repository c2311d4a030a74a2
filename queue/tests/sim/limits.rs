//! The largest centre that is promised works; beyond the limits an input is refused and says so.

use rozmova_base::Timestamp;
use rozmova_base::id::{AgentId, InteractionId, QueueId, SkillId};
use rozmova_queue::config::{
    AgentConfig, MAX_AGENTS, MAX_QUEUES, MAX_QUEUES_PER_AGENT, MAX_SKILLS, Medium, QueueConfig,
    Service, SkillLevel,
};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, Input, Rejected, invariants};

const AT: Timestamp = Timestamp::from_seconds(1_736_121_600);

fn queue(number: u128) -> QueueId {
    QueueId::from_u128(number + 1)
}

fn agent(number: u128) -> AgentId {
    AgentId::from_u128(number + 1)
}

fn skills(count: u128) -> Vec<SkillLevel> {
    (1..=count).map(|number| SkillLevel { skill: SkillId::from_u128(number), level: 50 }).collect()
}

fn give(engine: &mut Engine, input: Input) -> Result<(), Rejected> {
    let result = engine.handle(input, AT);
    while engine.poll_output().is_some() {}
    result
}

fn put_queues(engine: &mut Engine, count: u128) {
    for number in 0..count {
        let config = QueueConfig::new(queue(number), "queue");
        give(engine, Input::PutQueue(config)).expect("within the limit");
    }
}

#[test]
fn a_thousand_queues_ten_thousand_agents_and_a_hundred_thousand_waiting_are_within_limits() {
    let mut engine = Engine::new();
    put_queues(&mut engine, 1_000);
    for number in 0..10_000 {
        let mut config = AgentConfig::new(agent(number), "agent");
        config.serves =
            (0..3).map(|step| Service { queue: queue((number + step) % 1_000), ring: 1 }).collect();
        config.skills = skills(200);
        give(&mut engine, Input::PutAgent(config)).expect("within the limit");
        give(&mut engine, Input::SignedIn { agent: agent(number) }).expect("signed in");
    }
    let needs = skills(200);
    for number in 0..100_000 {
        let interaction = InteractionId::from_u128(number + 1);
        let mut arrival = Arrival::new(interaction, Medium::Email, queue(number % 1_000));
        arrival.needs = vec![needs[(number % 200) as usize]];
        give(&mut engine, Input::ContactArrived(arrival)).expect("within the limit");
    }
    assert_eq!(engine.queues().map(|queue| queue.waiting.email).sum::<u32>(), 100_000);
    invariants::check(&engine).expect("sound");
    // They come to work, and each is asked at once.
    for number in 0..10_000 {
        give(&mut engine, Input::SetReady { agent: agent(number) }).expect("ready");
    }
    assert_eq!(engine.queues().map(|queue| queue.waiting.email).sum::<u32>(), 90_000);
    invariants::check(&engine).expect("sound");
}

#[test]
fn what_is_beyond_a_limit_is_refused_by_name() {
    let mut engine = Engine::new();
    put_queues(&mut engine, MAX_QUEUES as u128);
    let one_more = QueueConfig::new(queue(MAX_QUEUES as u128), "queue");
    let refused = give(&mut engine, Input::PutQueue(one_more)).expect_err("too many");
    assert!(refused.to_string().contains("10 000"), "{refused}");

    let mut config = AgentConfig::new(agent(0), "agent");
    let serves = |count: usize| {
        (0..count as u128).map(|number| Service { queue: queue(number), ring: 1 }).collect()
    };
    config.serves = serves(MAX_QUEUES_PER_AGENT + 1);
    let refused = give(&mut engine, Input::PutAgent(config.clone())).expect_err("too many");
    assert!(refused.to_string().contains("200 queues"), "{refused}");
    config.serves = serves(MAX_QUEUES_PER_AGENT);
    config.skills = skills(MAX_SKILLS as u128 + 1);
    let refused = give(&mut engine, Input::PutAgent(config.clone())).expect_err("too many");
    assert!(refused.to_string().contains("200 skills"), "{refused}");
    config.skills = skills(MAX_SKILLS as u128);
    give(&mut engine, Input::PutAgent(config)).expect("within the limits");

    let mut arrival = Arrival::new(InteractionId::from_u128(1), Medium::Email, queue(0));
    arrival.needs = skills(MAX_SKILLS as u128 + 1);
    let refused = give(&mut engine, Input::ContactArrived(arrival)).expect_err("too many");
    assert!(refused.to_string().contains("200 skills"), "{refused}");
    assert_eq!(engine.open_contacts(), 0, "a refused contact leaves nothing");

    for number in 1..MAX_AGENTS as u128 {
        let config = AgentConfig::new(agent(number), "agent");
        give(&mut engine, Input::PutAgent(config)).expect("within the limit");
    }
    let one_more = AgentConfig::new(agent(MAX_AGENTS as u128), "agent");
    let refused = give(&mut engine, Input::PutAgent(one_more)).expect_err("too many");
    assert!(refused.to_string().contains("100 000"), "{refused}");
    invariants::check(&engine).expect("sound");
}
