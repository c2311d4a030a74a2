//! How much memory waiting contacts take. Alone in its program: it looks at the whole process.

use rozmova_base::Timestamp;
use rozmova_base::id::{InteractionId, QueueId, SkillId};
use rozmova_queue::config::{Medium, QueueConfig, SkillLevel};
use rozmova_queue::input::Arrival;
use rozmova_queue::{Engine, Input};

/// Just above a power of two, where growing vectors have the most unused room.
const CONTACTS: u32 = 270_000;
/// In memory, all told: record, place in the lane, look-up by id.
const BYTES_EACH_MAX: f64 = 250.0;
/// In a snapshot, as JSON.
const SAVED_BYTES_EACH_MAX: f64 = 400.0;

/// A day's mail waits; every tenth needs a skill.
#[test]
fn a_waiting_contact_takes_a_few_hundred_bytes() {
    let Some(before) = resident_bytes() else { return };
    let queue = QueueId::from_u128(1);
    let mut engine = Engine::new();
    let at = |number: u32| Timestamp::from_seconds(1_736_121_600 + i64::from(number));
    engine.handle(Input::PutQueue(QueueConfig::new(queue, "mail")), at(0)).expect("accepted");
    for number in 1..=CONTACTS {
        // Ids as they come: by time, then chance.
        let id = u128::from(number) << 80 | u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let interaction = InteractionId::from_u128(id);
        let mut arrival = Arrival::new(interaction, Medium::Email, queue);
        if number % 10 == 0 {
            arrival.needs = vec![SkillLevel { skill: SkillId::from_u128(1), level: 5 }];
        }
        engine.handle(Input::ContactArrived(arrival), at(number)).expect("accepted");
        while engine.poll_output().is_some() {}
    }
    let bytes = resident_bytes().unwrap_or(before) - before;
    let each = bytes / f64::from(CONTACTS);
    assert_eq!(engine.open_contacts(), CONTACTS as usize);
    assert!(each < BYTES_EACH_MAX, "{each:.0} bytes each");
    assert!(each > 50.0, "{each:.0} bytes each: the measurement is wrong");
    let saved = serde_json::to_vec(&engine).expect("it can be saved");
    let each = saved.len() as f64 / f64::from(CONTACTS);
    assert!(each < SAVED_BYTES_EACH_MAX, "{each:.0} bytes each in a snapshot");
}

/// Resident memory of the process; none where the system does not tell (proc(5), statm).
fn resident_bytes() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = told.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096.0)
}
