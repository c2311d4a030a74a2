//! What a robot does with an offer and with a contact.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Robot;
use super::http::CallError;
use crate::demo::texts::{self, Filling, Topic};

/// Of a hundred offers so many are declined, and so many not answered at all.
const DECLINED_PERCENT: u64 = 4;
const MISSED_PERCENT: u64 = 2;
/// Median time to accept an offer.
const ACCEPT_MS: f64 = 2_500.0;
/// Robots read and write faster than the people whose times the topics state.
const PACE_OF_TOPIC: f64 = 0.28;
/// Without a topic: median time of an answer.
const THINK_MS: f64 = 35_000.0;
/// Median time to choose a result.
const RESULT_MS: f64 = 4_000.0;
/// Of a hundred contacts so many get a note for the colleagues.
const NOTE_PERCENT: u64 = 12;

/// Takes, declines or misses an offer.
pub(super) async fn decide_offer(robot: &Robot, id: &str) -> Result<(), CallError> {
    robot.think(ACCEPT_MS).await;
    let dice = robot.chance().below(100);
    if dice < MISSED_PERCENT {
        return Ok(());
    }
    let answered = if dice < MISSED_PERCENT + DECLINED_PERCENT {
        let body = json!({ "reason": "не моя тема" });
        robot.api.put(&format!("/offers/{id}/refusal"), &body).await
    } else {
        robot.api.put(&format!("/offers/{id}/acceptance"), &json!({})).await
    };
    match answered {
        // Withdrawn or timed out meanwhile: nothing to do.
        Err(CallError::Refused {
            status: StatusCode::CONFLICT | StatusCode::NOT_FOUND, ..
        }) => Ok(()),
        other => other.map(drop),
    }
}

/// Reads, answers and closes a contact.
pub(super) async fn handle(robot: &Robot, id: &str) -> Result<(), CallError> {
    let interaction = robot.api.get(&format!("/interactions/{id}")).await?;
    let subject = interaction["subject"].as_str().unwrap_or_default();
    let topic = texts::recognise(subject);
    if interaction["state"] == "active" {
        let median =
            topic.map_or(THINK_MS, |(topic, _)| topic.handling_s * 1_000.0 * PACE_OF_TOPIC);
        robot.think(median).await;
        if robot.stop.is_cancelled() || !is_still_mine(robot, id).await? {
            return Ok(());
        }
        answer_newest(robot, id, &interaction, topic).await?;
        robot.think(RESULT_MS).await;
    }
    let code = topic.map_or("information_given", |(topic, _)| topic.disposition);
    close(robot, id, &interaction, code).await
}

/// A supervisor may have moved it while the robot was thinking.
async fn is_still_mine(robot: &Robot, id: &str) -> Result<bool, CallError> {
    let interaction = robot.api.get(&format!("/interactions/{id}")).await?;
    Ok(interaction["state"] == "active")
}

/// Answers the newest message of the client, unless we have written after it or it only thanks.
async fn answer_newest(
    robot: &Robot,
    id: &str,
    interaction: &Value,
    topic: Option<(&'static Topic, bool)>,
) -> Result<(), CallError> {
    let messages = all_messages(robot, id).await?;
    let is_visible = |message: &&Value| message["kind"] != "note" && message["automatic"] != true;
    let newest = messages.iter().rev().find(is_visible);
    let Some(newest) = newest.filter(|message| message["direction"] == "inbound") else {
        return Ok(());
    };
    let text = newest["reply_text"].as_str().or(newest["text"].as_str()).unwrap_or_default();
    if is_thanks(text) {
        return Ok(());
    }
    if robot.chance().percent(NOTE_PERCENT) {
        let note = robot.chance().pick(&texts::NOTES);
        let body = json!({ "kind": "note", "text": note });
        robot.api.post(&format!("/interactions/{id}/messages"), &body).await?;
    }
    let is_ours =
        |message: &Value| message["direction"] == "outbound" && message["automatic"] != true;
    let is_first = !messages.iter().any(is_ours);
    let name = interaction["from"]["name"].as_str().unwrap_or_default();
    let body = json!({
        "kind": "reply",
        "to": [newest["from"]],
        "cc": [],
        "subject": reply_subject(interaction["subject"].as_str().unwrap_or_default()),
        "text": answer_text(robot, name, text, topic.filter(|_| is_first)),
        "attachments": [],
        "seen_message_id": newest["id"],
    });
    match robot.api.post(&format!("/interactions/{id}/messages"), &body).await {
        // The client wrote again meanwhile; the next look round takes it up.
        Err(CallError::Refused { status: StatusCode::PRECONDITION_FAILED, .. }) => Ok(()),
        other => other.map(drop),
    }
}

async fn all_messages(robot: &Robot, id: &str) -> Result<Vec<Value>, CallError> {
    let page = robot.api.get(&format!("/interactions/{id}/messages?limit=200")).await?;
    Ok(page["items"].as_array().cloned().unwrap_or_default())
}

fn reply_subject(subject: &str) -> String {
    let has_prefix = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if has_prefix { subject.to_owned() } else { format!("Re: {subject}") }
}

fn is_thanks(text: &str) -> bool {
    let first = text.trim_start();
    ["Дякую, усе", "Ви мені", "Thank you, that", "Great, thank"]
        .iter()
        .any(|start| first.starts_with(start))
}

fn is_ukrainian(text: &str) -> bool {
    text.chars().any(|character| ('а'..='я').contains(&character))
}

fn answer_text(
    robot: &Robot,
    name: &str,
    question: &str,
    topic: Option<(&'static Topic, bool)>,
) -> String {
    let is_uk = topic.map_or_else(|| is_ukrainian(question), |(_, is_uk)| is_uk);
    let greeting = match (is_uk, name.is_empty()) {
        (true, true) => "Вітаємо".to_owned(),
        (true, false) => format!("Вітаємо, {name}"),
        (false, true) => "Hello".to_owned(),
        (false, false) => format!("Dear {name}"),
    };
    let template = match topic {
        Some((topic, true)) => topic.uk.answer,
        Some((topic, false)) => topic.en.answer,
        None if is_uk => {
            "{greeting}!\n\nДякуємо за повідомлення. Приходити до відділення не потрібно: усе \
             зробимо протягом двох робочих днів і напишемо вам.\n\nЗ повагою,\n{agent}"
        }
        None => {
            "{greeting},\n\nthank you for your message. You need not come to a branch: we will do \
             it within two working days and write to you.\n\nKind regards,\n{agent}"
        }
    };
    let mut chance = robot.chance();
    let day = format!("{:02}.{:02}", chance.between(1, 28), chance.between(1, 12));
    let filling = Filling::new(&mut chance, name, &greeting, &robot.name, day);
    drop(chance);
    filling.fill(template)
}

/// Sets the result: the topic's, or the first that the queue allows.
async fn close(robot: &Robot, id: &str, interaction: &Value, code: &str) -> Result<(), CallError> {
    let queue = interaction["queue"]["id"].as_str().unwrap_or_default();
    let dispositions = robot.api.get(&format!("/dispositions?queue_id={queue}")).await?;
    let list = dispositions["items"].as_array().or_else(|| dispositions.as_array());
    let list = list.map_or(&[][..], Vec::as_slice);
    let by_code = |wanted: &str| list.iter().find(|item| item["code"] == wanted);
    let chosen = by_code(code).or_else(|| by_code("information_given"));
    let body = json!({
        "disposition_id": chosen.map_or(Value::Null, |item| item["id"].clone()),
        "note": "Відповідь надіслано.",
    });
    match robot.api.put(&format!("/interactions/{id}/disposition"), &body).await {
        // Closed, moved or continued meanwhile.
        Err(CallError::Refused {
            status: StatusCode::CONFLICT | StatusCode::NOT_FOUND, ..
        }) => Ok(()),
        other => other.map(drop),
    }
}
