//! Rules in the form in which they are carried out. Pure.
//!
//! All texts that rules look for in one place (the subject, the body) make one automaton: a text
//! is walked through once, however many rules there are. What costs little is asked first.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use jiff::tz::TimeZone;
use regex::Regex;
use rozmova_base::id::{RuleId, TextId};

use super::fold::fold;
use super::model::{Action, Condition, Field, Operator, Quantifier, Rule, Sort, Test, pattern};

/// Up to so many bytes of texts the automaton is a table of states, the fastest form; beyond that
/// the table would take too much memory (about half a kilobyte for each byte of text).
const TABLE_BYTES_MAX: usize = 16 * 1024;

/// Rules, ready to be carried out.
#[derive(Debug, Default)]
pub struct RuleSet {
    pub(super) rules: Vec<CompiledRule>,
    pub(super) places: Vec<Place>,
    pub(super) references: References,
}

/// What rules refer to, as it is now.
#[derive(Clone, Debug)]
pub struct References {
    /// Answers.
    pub texts: BTreeMap<TextId, Answer>,
    /// Where the centre is.
    pub zone: TimeZone,
}

/// An answer of those kept for agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `uk`, `en`, or empty.
    pub language: String,
    /// The template.
    pub body: String,
}

impl Default for References {
    fn default() -> Self {
        Self { texts: BTreeMap::new(), zone: TimeZone::UTC }
    }
}

/// Why rules cannot be carried out. What was checked when it was saved can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rule {rule} cannot be carried out: {reason}; correct it or switch it off")]
pub struct CompileError {
    /// Its name; empty: it is all of them together.
    pub rule: String,
    /// What is wrong.
    pub reason: String,
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    pub(super) id: RuleId,
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) condition: Node,
    pub(super) acts: Vec<Action>,
}

/// A field, or one of the header fields.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) field: Field,
    pub(super) header: String,
    /// Everything that rules look for there.
    pub(super) texts: Option<AhoCorasick>,
}

#[derive(Debug)]
pub(super) enum Node {
    Group { of: Quantifier, nodes: Vec<Node> },
    Test { place: usize, check: Check, negated: bool },
}

#[derive(Debug)]
pub(super) enum Check {
    /// One of these, by their numbers in [`Place::texts`].
    Contains(Vec<usize>),
    /// One of these values, folded.
    OneOf(BTreeSet<String>),
    /// Found in the folded value.
    Matches(Regex),
    /// Compared with a number.
    Number(std::cmp::Ordering, u64),
}

impl RuleSet {
    /// Compiles those of the rules that are switched on, in their order.
    pub fn compile(rules: &[Rule], references: References) -> Result<Self, CompileError> {
        let mut places = Places::default();
        let mut compiled = Vec::new();
        for rule in rules.iter().filter(|rule| rule.content.enabled) {
            let name = rule.content.name.clone();
            let failed = |reason| CompileError { rule: name.clone(), reason };
            let condition = places.node(&rule.content.condition).map_err(failed)?;
            compiled.push(CompiledRule {
                id: rule.id,
                number: rule.number,
                name,
                condition,
                acts: rule.content.acts.clone(),
            });
        }
        let failed = |reason| CompileError { rule: String::new(), reason };
        Ok(Self { rules: compiled, places: places.finished().map_err(failed)?, references })
    }

    /// Whether there is nothing to carry out.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a rule looks at a header field: only then are raw bytes needed.
    pub fn reads_headers(&self) -> bool {
        self.places.iter().any(|place| place.field == Field::Header)
    }

    /// Whether a rule looks at who the sender is by the records: only then are they read.
    pub fn reads_senders(&self) -> bool {
        self.places.iter().any(|place| matches!(place.field, Field::Client | Field::Segment))
    }

    /// An answer, if it is still there.
    pub fn text(&self, text: TextId) -> Option<&Answer> {
        self.references.texts.get(&text)
    }

    /// Where the centre is.
    pub fn zone(&self) -> &TimeZone {
        &self.references.zone
    }
}

/// Places that rules look at, with what they look for.
#[derive(Default)]
struct Places {
    numbers: BTreeMap<(Field, String), usize>,
    /// Folded texts with their numbers, for each place.
    texts: Vec<BTreeMap<String, usize>>,
}

impl Places {
    fn node(&mut self, condition: &Condition) -> Result<Node, String> {
        match condition {
            Condition::Group { of, conditions } => {
                let nodes: Result<Vec<Node>, String> =
                    conditions.iter().map(|inner| self.node(inner)).collect();
                let mut nodes = nodes?;
                nodes.sort_by_key(cost);
                Ok(Node::Group { of: *of, nodes })
            }
            Condition::Test(test) => {
                let place = self.place(test);
                let check = self.check(test, place)?;
                Ok(Node::Test { place, check, negated: test.negated })
            }
        }
    }

    fn place(&mut self, test: &Test) -> usize {
        let key = (test.field, test.header.to_ascii_lowercase());
        let next = self.texts.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.texts.push(BTreeMap::new());
        }
        number
    }

    fn check(&mut self, test: &Test, place: usize) -> Result<Check, String> {
        let first = test.values.first().map_or("", String::as_str);
        let is_number = test.field.sort() == Sort::Number;
        let number = || first.trim().parse().map_err(|_| format!("\"{first}\" is no number"));
        Ok(match test.operator {
            Operator::Contains => {
                let texts = &mut self.texts[place];
                let numbers = test.values.iter().map(|value| {
                    let next = texts.len();
                    *texts.entry(fold(value)).or_insert(next)
                });
                Check::Contains(numbers.collect())
            }
            Operator::Equals if is_number => Check::Number(std::cmp::Ordering::Equal, number()?),
            Operator::GreaterThan => Check::Number(std::cmp::Ordering::Greater, number()?),
            Operator::LessThan => Check::Number(std::cmp::Ordering::Less, number()?),
            Operator::Equals | Operator::InList => {
                Check::OneOf(test.values.iter().map(|value| fold(value)).collect())
            }
            Operator::Matches => Check::Matches(pattern(first)?),
        })
    }

    fn finished(self) -> Result<Vec<Place>, String> {
        let mut places: Vec<((Field, String), usize)> = self.numbers.into_iter().collect();
        places.sort_by_key(|(_, number)| *number);
        let place =
            |(((field, header), _), texts)| Ok(Place { field, header, texts: automaton(texts)? });
        places.into_iter().zip(self.texts).map(place).collect()
    }
}

fn automaton(texts: BTreeMap<String, usize>) -> Result<Option<AhoCorasick>, String> {
    if texts.is_empty() {
        return Ok(None);
    }
    let bytes: usize = texts.keys().map(String::len).sum();
    let mut texts: Vec<(String, usize)> = texts.into_iter().collect();
    texts.sort_by_key(|(_, number)| *number);
    let kind = if bytes <= TABLE_BYTES_MAX {
        AhoCorasickKind::DFA
    } else {
        AhoCorasickKind::ContiguousNFA
    };
    AhoCorasick::builder()
        // Texts that stand within one another are all found.
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .build(texts.iter().map(|(text, _)| text))
        .map(Some)
        .map_err(|error| error.to_string())
}

/// What asking costs, beside other questions: the order in which conditions are asked.
fn cost(node: &Node) -> u32 {
    match node {
        Node::Group { nodes, .. } => nodes.iter().map(cost).sum(),
        Node::Test { check, .. } => match check {
            Check::Number(..) => 1,
            Check::OneOf(_) => 2,
            Check::Contains(_) => 4,
            Check::Matches(_) => 64,
        },
    }
}
