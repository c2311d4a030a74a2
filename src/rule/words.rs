//! What rules did with a message, in words, in Ukrainian and in English. Pure.

use super::evaluate::{Act, Effect, Matched};
use super::model::Action;
use crate::interaction::words::Language;
use crate::routing::Routing;

/// One sentence for each rule that was met.
pub fn explain(matched: &[Matched], routing: &Routing, language: Language) -> String {
    let sentence = |rule: &Matched| {
        let acts: Vec<String> = rule.acts.iter().map(|one| act(one, routing, language)).collect();
        let (number, name, acts) = (rule.number, &rule.name, acts.join("; "));
        match language {
            Language::Ukrainian => format!("Правило {number} «{name}»: {acts}."),
            Language::English => format!("Rule {number} “{name}”: {acts}."),
        }
    };
    matched.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

fn act(act: &Act, routing: &Routing, language: Language) -> String {
    let is_uk = language == Language::Ukrainian;
    let pick = |uk: &str, en: &str, what: &str| {
        let does = if is_uk { uk } else { en };
        if what.is_empty() { does.to_owned() } else { format!("{does} {what}") }
    };
    let did = match &act.action {
        Action::Queue { queue_id } => pick("черга", "queue", routing.queue_name(*queue_id)),
        Action::Priority { priority } => pick("пріоритет", "priority", &priority.to_string()),
        Action::Skill { skill_id, level } => {
            let skill = routing.skill_name(*skill_id);
            pick("потрібна навичка", "skill needed:", &format!("{skill} ≥ {level}"))
        }
        Action::Tag { tag } => pick("позначка", "tag", tag),
        Action::Reply { .. } => pick("відповідь за шаблоном", "reply by template", ""),
        Action::Discard { reason } => pick("відкинуто, причина:", "discarded, reason:", reason),
        Action::Stop => pick("далі правила не розглядалися", "no further rules", ""),
    };
    let effect = match (act.effect, is_uk) {
        (Effect::Done, _) => return did,
        (Effect::Overruled, true) => "не діє: вирішило інше правило",
        (Effect::Overruled, false) => "without effect: another rule had decided",
        (Effect::Gone, true) => "не діє: цього вже немає",
        (Effect::Gone, false) => "without effect: it is no longer there",
        (Effect::Withheld, true) => "утримано: це не було б безпечно",
        (Effect::Withheld, false) => "withheld: it would not have been safe",
    };
    format!("{did} ({effect})")
}
