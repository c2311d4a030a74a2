//! "Why him, why then" in words, in Ukrainian and in English. Pure: a decision of the queue in,
//! sentences out.

use std::collections::BTreeMap;

use rozmova_base::Timestamp;
use rozmova_base::id::UserId;
use rozmova_queue::config::{AgentRule, Medium};
use rozmova_queue::input::ActKind;
use rozmova_queue::trace::{Candidate, Decision, Exclusion, Moment};
use rozmova_queue::view::AgentState;

/// Agents named in one sentence; of more, how many.
const NAMED_MAX: usize = 3;

/// A language of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Ukrainian.
    Ukrainian,
    /// English.
    English,
}

impl Language {
    /// `uk` is Ukrainian; everything else is read in English.
    pub fn of(code: &str) -> Self {
        if code == "uk" { Self::Ukrainian } else { Self::English }
    }

    const fn choose<'a>(self, ukrainian: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Ukrainian => ukrainian,
            Self::English => english,
        }
    }
}

/// Speaks of decisions.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// In which language.
    pub language: Language,
    /// Of people.
    pub names: &'a BTreeMap<UserId, String>,
}

impl Speaker<'_> {
    /// Why this agent got the contact, and why then; or why nobody has it yet.
    pub fn explain(&self, decision: &Decision) -> String {
        let mut sentences = vec![self.moment(decision), self.place(decision)];
        sentences.extend(self.ring(decision));
        sentences.extend(self.choice(decision));
        sentences.extend(self.excluded(decision));
        sentences.join(" ")
    }

    /// What a supervisor did, and why.
    pub fn act(&self, author: UserId, what: &ActKind, reason: &str, target: &str) -> String {
        let (uk, en) = match what {
            ActKind::SetAgentReady { .. } => ("зробив(-ла) оператора готовим:", "made ready:"),
            ActKind::PauseAgent { .. } => ("поставив(-ла) на паузу:", "paused:"),
            ActKind::LogOut { .. } => ("вивів(-ла) із системи:", "signed out:"),
            ActKind::Assign { .. } => ("призначив(-ла) звернення оператору:", "assigned it to"),
            ActKind::Move { .. } => ("перемістив(-ла) до черги", "moved it to the queue"),
            ActKind::Reprioritise { .. } => ("змінив(-ла) пріоритет на", "set its priority to"),
            ActKind::Requeue { .. } => ("повернув(-ла) до черги", "took it back into the queue"),
            ActKind::Merge { .. } => ("об’єднав(-ла) зі зверненням", "merged it into contact"),
            ActKind::Close { .. } => ("закрив(-ла)", "closed it"),
        };
        let who = self.name(author);
        let did = self.language.choose(uk, en);
        let target = if target.is_empty() { String::new() } else { format!(" {target}") };
        let why = self.language.choose("Причина", "Reason");
        format!("{who} {did}{target}. {why}: {reason}")
    }

    fn moment(&self, decision: &Decision) -> String {
        let chosen = decision.chosen.map(|id| self.name(id)).unwrap_or_default();
        let (uk, en) = match decision.moment {
            Moment::ContactWaits if decision.ring > 1 => (
                format!(
                    "Для звернення шукали оператора в колі {}, і {chosen} може його взяти.",
                    decision.ring
                ),
                format!(
                    "An agent was sought for it in ring {}, and {chosen} could take it.",
                    decision.ring
                ),
            ),
            Moment::ContactWaits => (
                format!("Звернення стало в чергу, і {chosen} може взяти його відразу."),
                format!("The contact began to wait, and {chosen} could take it at once."),
            ),
            Moment::AgentFree => (
                format!(
                    "{chosen} може взяти нове звернення; з усіх, які йому чи їй можна дати, це \
                     було першим за порядком."
                ),
                format!(
                    "{chosen} became able to take a contact; of all that could be given, this one \
                     was first in order."
                ),
            ),
            Moment::KeptForAgent => (
                format!("Звернення тримали особисто для {chosen}."),
                format!("The contact was kept for {chosen} in person."),
            ),
            Moment::Asked => (
                "Звернення ще ні в кого: ось як справи зараз.".to_owned(),
                "Nobody has the contact yet: this is how it stands now.".to_owned(),
            ),
        };
        self.pick(uk, en)
    }

    /// Head starts, as far as there are any.
    fn place(&self, decision: &Decision) -> String {
        let key = &decision.key;
        let waited = decision.at.millis_since(Timestamp::from_millis(key.eligible_at_ms)).max(0);
        let parts: Vec<String> = [
            (key.priority_ms, "за пріоритет", "for its priority"),
            (key.client_class_ms, "за клас клієнта", "for the client's class"),
            (key.medium_ms, "за канал", "for its medium"),
        ]
        .into_iter()
        .filter(|(head_start_ms, ..)| *head_start_ms != 0)
        .map(|(head_start_ms, uk, en)| {
            format!("{} {}", self.duration(head_start_ms), self.language.choose(uk, en))
        })
        .collect();
        let waited = self.duration(waited);
        let slope = (key.slope_permille != 1000).then(|| {
            let times = f64::from(key.slope_permille) / 1000.0;
            let uk = format!(" Його очікування рахується у {times} раза швидше.");
            self.pick(uk, format!(" Its waiting counts {times} times as fast."))
        });
        let slope = slope.unwrap_or_default();
        if parts.is_empty() {
            let uk = format!("Воно чекало {waited}.{slope}");
            self.pick(uk, format!("It had waited {waited}.{slope}"))
        } else {
            let parts = parts.join(", ");
            let uk = format!("Воно чекало {waited}, і до цього додано перевагу: {parts}.{slope}");
            self.pick(uk, format!("It had waited {waited}, with a head start of {parts}.{slope}"))
        }
    }

    fn ring(&self, decision: &Decision) -> Option<String> {
        (decision.ring > 1 && decision.moment != Moment::ContactWaits).then(|| {
            let ring = decision.ring;
            let uk = format!("Його час у черзі довів його до кола {ring}.");
            self.pick(uk, format!("Its time in the queue had led it to ring {ring}."))
        })
    }

    fn choice(&self, decision: &Decision) -> Option<String> {
        let fit: Vec<&Candidate> =
            decision.candidates.iter().filter(|one| one.excluded.is_none()).collect();
        if decision.moment == Moment::KeptForAgent {
            return None;
        }
        let Some(chosen) = decision.chosen else {
            let (uk, en) = if fit.is_empty() {
                (
                    "Зараз ніхто з операторів черги не може його взяти.",
                    "No agent of the queue can take it now.",
                )
            } else {
                (
                    "Є оператори, які можуть його взяти; рішення буде за мить.",
                    "There are agents who can take it; it is decided in a moment.",
                )
            };
            return Some(self.language.choose(uk, en).to_owned());
        };
        let winner = fit.iter().find(|one| one.agent == chosen)?;
        let others: Vec<&&Candidate> = fit.iter().filter(|one| one.agent != chosen).collect();
        if others.is_empty() {
            let (uk, en) = ("Більше ніхто не міг його взяти.", "Nobody else could take it.");
            return Some(self.language.choose(uk, en).to_owned());
        }
        let rule = match decision.rule {
            AgentRule::LongestIdle => {
                ("найдовше без нового звернення", "longest without a new contact")
            }
            AgentRule::LeastLoaded => ("найменше завантаження", "least loaded"),
            AgentRule::MostSkilled => ("найвищі навички", "most skilled"),
            AgentRule::LowestOccupancy => ("найменша зайнятість", "lowest occupancy"),
        };
        let rule = self.language.choose(rule.0, rule.1);
        let count = fit.len();
        let figures: Vec<String> = std::iter::once(winner)
            .chain(others.iter().copied())
            .take(NAMED_MAX)
            .map(|one| format!("{} — {}", self.name(one.agent), self.figure(decision, one)))
            .collect();
        let figures = figures.join("; ");
        let uk = format!("Взяти могли {count}; за правилом «{rule}» перевага така: {figures}.");
        Some(self.pick(uk, format!("{count} could take it; by the rule “{rule}”: {figures}.")))
    }

    /// By what the rule compares.
    fn figure(&self, decision: &Decision, one: &Candidate) -> String {
        match decision.rule {
            AgentRule::LongestIdle => {
                self.duration(decision.at.millis_since(one.idle_since).max(0))
            }
            AgentRule::LeastLoaded => {
                format!("{} {}", one.used_units, self.language.choose("од.", "units"))
            }
            AgentRule::MostSkilled => {
                format!("{} {}", one.skill_score, self.language.choose("балів", "points"))
            }
            AgentRule::LowestOccupancy => {
                format!("{:.1} %", f64::from(one.occupancy_permille) / 10.0)
            }
        }
    }

    fn excluded(&self, decision: &Decision) -> Option<String> {
        let out: Vec<&Candidate> =
            decision.candidates.iter().filter(|one| one.excluded.is_some()).collect();
        if out.is_empty() || decision.moment == Moment::KeptForAgent {
            return None;
        }
        let named: Vec<String> = out
            .iter()
            .take(NAMED_MAX)
            .filter_map(|one| {
                Some(format!("{} — {}", self.name(one.agent), self.why_not(one.excluded?)))
            })
            .collect();
        let rest = out.len().saturating_sub(NAMED_MAX) + decision.more_candidates as usize;
        let rest = if rest == 0 {
            String::new()
        } else {
            self.pick(format!("; і ще {rest}"), format!("; and {rest} more"))
        };
        let names = named.join("; ");
        Some(self.pick(format!("Не могли: {names}{rest}."), format!("Could not: {names}{rest}.")))
    }

    fn why_not(&self, why: Exclusion) -> String {
        let (uk, en) = match why {
            Exclusion::KeptForOther => ("звернення тримають для іншого", "it is kept for another"),
            Exclusion::Ring { from } => {
                let uk = format!("допомагає лише з кола {from}");
                return self.pick(uk, format!("is asked from ring {from} only"));
            }
            Exclusion::Skill => ("бракує навички", "lacks a skill"),
            Exclusion::Declined { .. } => ("щойно відхилив(-ла) його", "has just declined it"),
            Exclusion::State { state } => return self.state(state).to_owned(),
            Exclusion::Disconnected => ("немає з’єднання", "is disconnected"),
            Exclusion::MediumNotReady => ("не приймає цей канал", "does not take this medium now"),
            Exclusion::Maximum => ("уже має найбільшу кількість", "has as many as allowed"),
            Exclusion::BeingOffered => ("має іншу пропозицію", "has another offer"),
            Exclusion::Blocked { by } => {
                let uk = format!("має в роботі {}", self.medium(by));
                return self.pick(uk, format!("has {} in hand", self.medium(by)));
            }
            Exclusion::Capacity => ("завантаження повне", "has no capacity left"),
        };
        self.language.choose(uk, en).to_owned()
    }

    const fn state(&self, state: AgentState) -> &'static str {
        let (uk, en) = match state {
            AgentState::Offline => ("не в мережі", "is offline"),
            AgentState::Ready => ("готовий(-а)", "is ready"),
            AgentState::Busy => ("зайнятий(-а)", "is busy"),
            AgentState::WrapUp => ("завершує звернення", "is in wrap-up"),
            AgentState::NotResponding => ("не відповідає", "does not respond"),
            AgentState::Paused { .. } => ("на паузі", "is paused"),
        };
        match self.language {
            Language::Ukrainian => uk,
            Language::English => en,
        }
    }

    const fn medium(&self, medium: Medium) -> &'static str {
        let (uk, en) = match medium {
            Medium::Call => ("дзвінок", "a call"),
            Medium::Email => ("лист", "a mail"),
            Medium::Fax => ("факс", "a fax"),
            Medium::Letter => ("паперовий лист", "a letter"),
        };
        match self.language {
            Language::Ukrainian => uk,
            Language::English => en,
        }
    }

    /// The two largest units: `2 min 5 s`.
    fn duration(&self, ms: i64) -> String {
        let seconds = ms / 1_000;
        let units = match self.language {
            Language::Ukrainian => ["дн", "год", "хв", "с"],
            Language::English => ["d", "h", "min", "s"],
        };
        let parts = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60];
        let shown: Vec<String> = parts
            .iter()
            .zip(units)
            .skip_while(|(part, _)| **part == 0)
            .take(2)
            .filter(|(part, _)| **part != 0)
            .map(|(part, unit)| format!("{part} {unit}"))
            .collect();
        if shown.is_empty() { format!("0 {}", units[3]) } else { shown.join(" ") }
    }

    fn name(&self, id: UserId) -> String {
        let unknown = self.language.choose("невідомий оператор", "an unknown agent");
        let name = self.names.get(&id).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| unknown.to_owned())
    }

    fn pick(&self, uk: String, en: String) -> String {
        match self.language {
            Language::Ukrainian => uk,
            Language::English => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use rozmova_base::id::{InteractionId, QueueId};
    use rozmova_queue::view::Key;

    use super::*;

    const OLENA: UserId = UserId::from_u128(1);
    const PETRO: UserId = UserId::from_u128(2);
    const IVAN: UserId = UserId::from_u128(3);

    fn candidate(agent: UserId, idle_s: i64, excluded: Option<Exclusion>) -> Candidate {
        Candidate {
            agent,
            excluded,
            ring: 1,
            idle_since: Timestamp::from_seconds(1_000 - idle_s),
            used_units: 25,
            skill_score: 40,
            occupancy_permille: 512,
        }
    }

    fn decision(moment: Moment, candidates: Vec<Candidate>) -> Decision {
        Decision {
            at: Timestamp::from_seconds(1_000),
            interaction: InteractionId::from_u128(9),
            queue: QueueId::from_u128(8),
            medium: Medium::Email,
            ring: 1,
            key: Key {
                key_ms: 0,
                eligible_at_ms: 875_000,
                priority_ms: 0,
                client_class_ms: 0,
                medium_ms: 0,
                slope_permille: 1000,
                arrival_number: 1,
            },
            rule: AgentRule::LongestIdle,
            moment,
            chosen: Some(OLENA),
            offer: None,
            candidates,
            more_candidates: 0,
        }
    }

    fn said(language: Language, decision: &Decision) -> String {
        let names = [(OLENA, "Olena"), (PETRO, "Petro"), (IVAN, "Ivan")];
        let names = names.into_iter().map(|(id, name)| (id, name.to_owned())).collect();
        Speaker { language, names: &names }.explain(decision)
    }

    #[test]
    fn a_choice_between_two_says_by_what() {
        let paused = Exclusion::State { state: AgentState::Paused { reason: None } };
        let candidates = vec![
            candidate(OLENA, 300, None),
            candidate(PETRO, 60, None),
            candidate(IVAN, 900, Some(paused)),
        ];
        let decision = decision(Moment::ContactWaits, candidates);
        assert_eq!(
            said(Language::English, &decision),
            "The contact began to wait, and Olena could take it at once. It had waited 2 min 5 s. \
             2 could take it; by the rule “longest without a new contact”: Olena — 5 min; Petro — \
             1 min. Could not: Ivan — is paused."
        );
        assert_eq!(
            said(Language::Ukrainian, &decision),
            "Звернення стало в чергу, і Olena може взяти його відразу. Воно чекало 2 хв 5 с. \
             Взяти могли 2; за правилом «найдовше без нового звернення» перевага така: Olena — 5 \
             хв; Petro — 1 хв. Не могли: Ivan — на паузі."
        );
    }

    #[test]
    fn the_parts_of_a_place_and_a_kept_contact_are_told() {
        let mut free = decision(Moment::AgentFree, vec![candidate(OLENA, 0, None)]);
        free.key.priority_ms = 600_000;
        free.key.medium_ms = 300_000;
        free.ring = 2;
        let text = said(Language::English, &free);
        assert!(
            text.contains("head start of 10 min for its priority, 5 min for its medium"),
            "{text}"
        );
        assert!(text.contains("ring 2") && text.contains("Nobody else could take it."), "{text}");
        let kept = decision(
            Moment::KeptForAgent,
            vec![candidate(OLENA, 0, None), candidate(PETRO, 0, Some(Exclusion::KeptForOther))],
        );
        assert_eq!(
            said(Language::English, &kept),
            "The contact was kept for Olena in person. It had waited 2 min 5 s."
        );
    }

    #[test]
    fn who_waits_without_anybody_is_told_why() {
        let mut asked = decision(
            Moment::Asked,
            vec![
                candidate(OLENA, 0, Some(Exclusion::Skill)),
                candidate(PETRO, 0, Some(Exclusion::Blocked { by: Medium::Call })),
                candidate(IVAN, 0, Some(Exclusion::Ring { from: 2 })),
            ],
        );
        asked.chosen = None;
        asked.more_candidates = 4;
        assert_eq!(
            said(Language::English, &asked),
            "Nobody has the contact yet: this is how it stands now. It had waited 2 min 5 s. No \
             agent of the queue can take it now. Could not: Olena — lacks a skill; Petro — has a \
             call in hand; Ivan — is asked from ring 2 only; and 4 more."
        );
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let names = BTreeMap::new();
        let speaker = Speaker { language: Language::English, names: &names };
        let cases = [
            (0, "0 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_661_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ];
        for (ms, text) in cases {
            assert_eq!(speaker.duration(ms), text);
        }
    }
}
