//! What a rule may say, and what it may not. Pure.

use std::collections::BTreeSet;

use regex::RegexBuilder;
use rozmova_base::Timestamp;
use rozmova_base::id::{QueueId, RuleId, SkillId, TextId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fold::fold;
use crate::media::ContentHash;

/// Most rules: each of them is asked of every contact that comes in.
pub const RULES_MAX: usize = 500;
/// Longest name, tag or reason, in characters: they stand in every trace.
pub const NAME_CHARS_MAX: usize = 100;
/// Most conditions of one rule, groups among them.
pub const CONDITIONS_MAX: usize = 50;
/// Groups within groups: deeper ones cannot be read any more.
pub const DEPTH_MAX: usize = 4;
/// Most values of one condition.
pub const VALUES_MAX: usize = 200;
/// Longest value, in characters.
pub const VALUE_CHARS_MAX: usize = 200;
/// Most acts of one rule.
pub const ACTS_MAX: usize = 12;
/// Most patterns in all rules together. Each may have to walk through the whole text.
pub const PATTERNS_MAX: usize = 50;
/// Memory of one compiled pattern, in bytes. It bounds the states of its automaton, and with them
/// the work for each character of a text.
pub const PATTERN_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of values in all rules together: they become automatons of some twenty times that.
pub const VALUE_BYTES_MAX: usize = 512 * 1024;
/// Highest level of a skill.
const SKILL_LEVEL_MAX: u8 = 100;

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rule {
    /// Which.
    pub id: RuleId,
    /// Its place in the order, from 1.
    pub number: u32,
    /// What it says.
    #[serde(flatten)]
    pub content: NewRule,
    /// Its state: send it as If-Match with a change.
    pub version: String,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: Option<UserId>,
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// How people call it.
    pub name: String,
    /// A rule that is switched off is kept and does nothing.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// When it applies.
    pub condition: Condition,
    /// What it does.
    pub acts: Vec<Action>,
}

const fn yes() -> bool {
    true
}

/// When a rule applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Several conditions together.
    Group {
        /// How many of them must hold.
        of: Quantifier,
        /// The conditions. Of none, `all` and `none` hold and `any` does not.
        #[schema(no_recursion)]
        conditions: Vec<Condition>,
    },
    /// One question about the contact.
    Test(Test),
}

/// How many conditions of a group must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// Each.
    All,
    /// At least one.
    Any,
    /// Not one.
    None,
}

/// One question about the contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleTest)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What is looked at.
    pub field: Field,
    /// For `header`: whose value, without colon.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub header: String,
    /// How it is looked at.
    pub operator: Operator,
    /// The opposite: the question must be answered with no.
    #[serde(default)]
    pub negated: bool,
    /// With what it is compared.
    pub values: Vec<String>,
}

/// What rules can look at. Of fields with several values (`recipient`, `attachment_name`) one that
/// fits is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleField)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Address or number of whoever wrote or called.
    From,
    /// The name shown beside it.
    FromName,
    /// What stands behind the `@`.
    FromDomain,
    /// Where answers should go.
    ReplyTo,
    /// Addresses in `To`.
    To,
    /// Addresses in `Cc`.
    Cc,
    /// Every address of ours and others that it was sent to: `To`, `Cc` and the envelope.
    Recipient,
    /// The subject.
    Subject,
    /// The text.
    Body,
    /// A header field, as it was sent.
    Header,
    /// Names of attachments.
    AttachmentName,
    /// Media types of attachments: `application/pdf`.
    AttachmentType,
    /// Name of the channel by which it came.
    Channel,
    /// Our address that it came to.
    Mailbox,
    /// The client's segment.
    Segment,
    /// In which language it is written, ISO 639-1: `uk`.
    Language,
    /// What sort of message: `message`, `list`, `complaint`.
    Kind,
    /// `email`, `call`, `fax`, `letter`.
    Medium,
    /// RFC 7208: `none`, `pass`, `fail`, `neutral`.
    Spf,
    /// RFC 6376, likewise.
    Dkim,
    /// RFC 7489, likewise.
    Dmarc,
    /// What is odd about the sender, by the codes of warnings: `reply_to_elsewhere`.
    Warning,
    /// Who wrote: `client`, `prospect`, `unknown`, `ambiguous`; and `vip`.
    Client,
    /// Size in bytes.
    SizeBytes,
    /// How many files came with it.
    AttachmentCount,
    /// Hour of the day in which it came, where the centre is, 0 to 23.
    Hour,
    /// Day of the week on which it came, 1 (Monday) to 7.
    Weekday,
}

/// What sort of values a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from 0.
    Number,
}

const VERDICTS: &[&str] = &["none", "pass", "fail", "neutral"];

impl Field {
    /// What sort of values it has.
    pub const fn sort(self) -> Sort {
        match self {
            Self::From
            | Self::FromName
            | Self::FromDomain
            | Self::ReplyTo
            | Self::To
            | Self::Cc
            | Self::Recipient
            | Self::Subject
            | Self::Body
            | Self::Header
            | Self::AttachmentName
            | Self::AttachmentType
            | Self::Channel
            | Self::Mailbox
            | Self::Segment
            | Self::Language
            | Self::Warning => Sort::Text,
            Self::Kind => Sort::Word(&["message", "list", "complaint"]),
            Self::Medium => Sort::Word(&["email", "call", "fax", "letter"]),
            Self::Spf | Self::Dkim | Self::Dmarc => Sort::Word(VERDICTS),
            Self::Client => Sort::Word(&["client", "prospect", "unknown", "ambiguous", "vip"]),
            Self::SizeBytes | Self::AttachmentCount | Self::Hour | Self::Weekday => Sort::Number,
        }
    }
}

/// How a value is looked at. Texts are compared without regard to case, to the form of
/// apostrophes and to how words are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleOperator)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// One of the texts stands in it.
    Contains,
    /// It is the value.
    Equals,
    /// It is one of the values.
    InList,
    /// The regular expression is found in it.
    Matches,
    /// It is a greater number.
    GreaterThan,
    /// It is a smaller number.
    LessThan,
}

impl Operator {
    const fn fits(self, sort: Sort) -> bool {
        match sort {
            Sort::Text => !matches!(self, Self::GreaterThan | Self::LessThan),
            Sort::Word(_) => matches!(self, Self::Equals | Self::InList),
            Sort::Number => matches!(self, Self::Equals | Self::GreaterThan | Self::LessThan),
        }
    }

    const fn takes_several(self) -> bool {
        matches!(self, Self::Contains | Self::InList)
    }
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleAction)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// It waits in this queue.
    Queue {
        /// Which.
        queue_id: QueueId,
    },
    /// It has at least this priority class; its queue may give it more.
    Priority {
        /// Index of the class.
        priority: u8,
    },
    /// Only an agent who can do this gets it.
    Skill {
        /// What.
        skill_id: SkillId,
        /// How well, 1 to 100.
        level: u8,
    },
    /// It bears a word by which it is found again.
    Tag {
        /// The word.
        tag: String,
    },
    /// The sender gets this text in place of the acknowledgement.
    Reply {
        /// An answer of those kept for agents.
        text_id: TextId,
    },
    /// It is kept, closed, and is nobody's work.
    Discard {
        /// Why.
        reason: String,
    },
    /// Rules that follow are not looked at.
    Stop,
}

impl Action {
    /// Which sort of act, as in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Queue { .. } => "queue",
            Self::Priority { .. } => "priority",
            Self::Skill { .. } => "skill",
            Self::Tag { .. } => "tag",
            Self::Reply { .. } => "reply",
            Self::Discard { .. } => "discard",
            Self::Stop => "stop",
        }
    }
}

/// Something in a rule that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RuleProblem)]
pub struct Problem {
    /// Where: `name`, `condition.conditions.0.values`, `acts.1`.
    pub field: String,
    /// What, as a stable word for programs.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl NewRule {
    /// Tells this state of a rule apart from every other: who writes names the version he saw.
    pub fn version(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut digits = ContentHash::of(&text).to_string();
        digits.truncate(16);
        digits
    }

    /// Everything that is wrong with the rule by itself. What it refers to is looked up elsewhere.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if let Some(message) = wrong_name(&self.name) {
            found.note("name", "bad_name", message);
        }
        let mut conditions = 0;
        found.condition(&self.condition, "condition", 1, &mut conditions);
        if conditions > CONDITIONS_MAX {
            let message = format!("{conditions} conditions; at most {CONDITIONS_MAX} in one rule");
            found.note("condition", "too_many_conditions", message);
        }
        found.acts(&self.acts);
        found.0
    }

    /// Every question that it asks.
    fn tests(&self) -> Vec<&Test> {
        fn collect<'a>(condition: &'a Condition, tests: &mut Vec<&'a Test>) {
            match condition {
                Condition::Group { conditions, .. } => {
                    for inner in conditions {
                        collect(inner, tests);
                    }
                }
                Condition::Test(test) => tests.push(test),
            }
        }
        let mut tests = Vec::new();
        collect(&self.condition, &mut tests);
        tests
    }
}

/// What is too much in all rules together, were they these.
pub fn too_much<'a>(rules: impl Iterator<Item = &'a NewRule> + Clone) -> Option<Problem> {
    let problem = |field: &str, code, message: String| {
        Some(Problem { field: field.to_owned(), code, message })
    };
    if rules.clone().count() > RULES_MAX {
        let message = format!("there are {RULES_MAX} rules already; remove one first");
        return problem("name", "too_many_rules", message);
    }
    let tests: Vec<&Test> = rules.flat_map(NewRule::tests).collect();
    let patterns = tests.iter().filter(|test| test.operator == Operator::Matches).count();
    if patterns > PATTERNS_MAX {
        let message = format!("{patterns} patterns in all rules; at most {PATTERNS_MAX}");
        return problem("condition", "too_many_patterns", message);
    }
    let bytes: usize = tests.iter().flat_map(|test| &test.values).map(String::len).sum();
    if bytes > VALUE_BYTES_MAX {
        let message = format!("{bytes} bytes of values in all rules; at most {VALUE_BYTES_MAX}");
        return problem("condition", "too_many_values", message);
    }
    None
}

fn wrong_name(name: &str) -> Option<String> {
    let is_wrong = name.trim().is_empty()
        || name.chars().count() > NAME_CHARS_MAX
        || name.chars().any(char::is_control);
    is_wrong.then(|| format!("write one line of 1 to {NAME_CHARS_MAX} characters"))
}

/// Compiles a pattern within its bounds; the error says what is wrong with it.
pub fn pattern(text: &str) -> Result<regex::Regex, String> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(PATTERN_BYTES_MAX).build().map_err(
        |error| {
            if matches!(error, regex::Error::CompiledTooBig(_)) {
                format!("the pattern grows over {PATTERN_BYTES_MAX} bytes; make it simpler")
            } else {
                error.to_string()
            }
        },
    )
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn note(&mut self, field: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.0.push(Problem { field: field.into(), code, message: message.into() });
    }

    fn condition(&mut self, condition: &Condition, place: &str, depth: usize, count: &mut usize) {
        *count += 1;
        match condition {
            Condition::Group { .. } if depth > DEPTH_MAX => {
                self.note(place, "too_deep", format!("at most {DEPTH_MAX} groups in one another"));
            }
            Condition::Group { conditions, .. } => {
                if conditions.is_empty() && depth > 1 {
                    self.note(place, "empty_group", "an empty group says nothing; remove it");
                }
                for (index, inner) in conditions.iter().enumerate() {
                    let place = format!("{place}.conditions.{index}");
                    self.condition(inner, &place, depth + 1, count);
                }
            }
            Condition::Test(test) => self.test(test, place),
        }
    }

    fn test(&mut self, test: &Test, place: &str) {
        let sort = test.field.sort();
        if !test.operator.fits(sort) {
            let message = "this field is not compared in this way; choose another operator";
            self.note(format!("{place}.operator"), "operator_unfit", message);
            return;
        }
        let is_header = test.field == Field::Header;
        if is_header != is_field_name(&test.header) {
            let message = if is_header {
                "name the header field: letters, digits and hyphens, without colon"
            } else {
                "only the field header takes a name"
            };
            self.note(format!("{place}.header"), "bad_header", message);
        }
        if let Some((code, message)) = wrong_values(test, sort) {
            self.note(format!("{place}.values"), code, message);
        }
    }

    fn acts(&mut self, acts: &[Action]) {
        if acts.is_empty() || acts.len() > ACTS_MAX {
            self.note("acts", "bad_acts", format!("a rule does 1 to {ACTS_MAX} things"));
        }
        let mut once: BTreeSet<&str> = BTreeSet::new();
        let discards = acts.iter().any(|act| matches!(act, Action::Discard { .. }));
        for (index, act) in acts.iter().enumerate() {
            let place = format!("acts.{index}");
            let adds_up = matches!(act, Action::Skill { .. } | Action::Tag { .. });
            if !adds_up && !once.insert(act.kind()) {
                self.note(&place, "twice", "a rule does this once; remove one of them");
            }
            if discards && !matches!(act, Action::Discard { .. } | Action::Tag { .. }) {
                let message = "what is discarded waits nowhere and gets no answer; remove this or \
                               the discarding";
                self.note(&place, "contradicts_discard", message);
            }
            match act {
                Action::Tag { tag: text } | Action::Discard { reason: text } => {
                    if let Some(message) = wrong_name(text) {
                        self.note(place, "bad_text", message);
                    }
                }
                Action::Skill { level, .. } if !(1..=SKILL_LEVEL_MAX).contains(level) => {
                    let message = format!("a level is a number from 1 to {SKILL_LEVEL_MAX}");
                    self.note(place, "bad_level", message);
                }
                Action::Queue { .. }
                | Action::Priority { .. }
                | Action::Skill { .. }
                | Action::Reply { .. }
                | Action::Stop => {}
            }
        }
    }
}

/// RFC 5322 §2.2, and no longer than any in use.
fn is_field_name(name: &str) -> bool {
    const NAME_BYTES_MAX: usize = 100;
    let is_part = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_part)
}

fn wrong_values(test: &Test, sort: Sort) -> Option<(&'static str, String)> {
    let values = &test.values;
    let most = if test.operator.takes_several() { VALUES_MAX } else { 1 };
    if values.is_empty() || values.len() > most {
        return Some(("value_count", format!("give 1 to {most} values")));
    }
    // What folds to nothing would be found everywhere.
    let is_bad = |value: &String| value.chars().count() > VALUE_CHARS_MAX || fold(value).is_empty();
    if values.iter().any(is_bad) {
        let message = format!("a value has 1 to {VALUE_CHARS_MAX} characters");
        return Some(("bad_value", message));
    }
    match sort {
        Sort::Number if values.iter().any(|value| value.trim().parse::<u32>().is_err()) => {
            Some(("not_a_number", "write a whole number from 0".to_owned()))
        }
        Sort::Word(words) => {
            let unknown = values.iter().find(|value| !words.contains(&value.as_str()))?;
            let message = format!("\"{unknown}\" is none of {}", words.join(", "));
            Some(("unknown_word", message))
        }
        Sort::Text if test.operator == Operator::Matches => {
            let message = pattern(values.first()?).err()?;
            Some(("bad_pattern", message))
        }
        Sort::Number | Sort::Text => None,
    }
}
