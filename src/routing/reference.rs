//! Who refers to whom in a routing document. Pure.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{OverflowTarget, RoutingDocument, SkillValue};
use super::item::Kind;

/// Something that needs another thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Use {
    /// What kind of thing: as in the document, or `mailbox`, `interaction`.
    pub kind: &'static str,
    /// Its id, where it has one.
    pub id: Option<Uuid>,
    /// Its name; of a contact its number.
    pub name: String,
    /// Where in it.
    pub field: &'static str,
}

/// What in the document refers to the thing of this kind and name.
pub fn uses(document: &RoutingDocument, kind: Kind, name: &str) -> Vec<Use> {
    let mut found = Vec::new();
    let mut add = |kind: Kind, id: Option<Uuid>, who: &str, field| {
        found.push(Use { kind: kind.as_str(), id, name: who.to_owned(), field });
    };
    for queue in &document.queues {
        let id = queue.id.map(|id| id.0);
        let mut fields = Vec::new();
        match kind {
            Kind::Skills => {
                fields.extend(has(&queue.needs, name).then_some("needs"));
                let drops =
                    queue.rings.iter().any(|ring| ring.drop_skills.iter().any(|s| s == name));
                fields.extend(drops.then_some("ring"));
            }
            Kind::Hours => fields.extend((queue.hours.as_deref() == Some(name)).then_some("hours")),
            Kind::Dispositions => {
                fields
                    .extend(queue.dispositions.iter().any(|c| c == name).then_some("dispositions"));
            }
            Kind::Queues => {
                let points = queue.name != name
                    && queue.overflow.iter().any(|rule| goes_to(&rule.then, name));
                fields.extend(points.then_some("overflow"));
            }
            Kind::PauseReasons | Kind::Agents | Kind::Centre => {}
        }
        for field in fields {
            add(Kind::Queues, id, &queue.name, field);
        }
    }
    if kind == Kind::Dispositions {
        let children = document.dispositions.iter();
        for child in children.filter(|child| child.parent.as_deref() == Some(name)) {
            add(Kind::Dispositions, child.id.map(|id| id.0), &child.code, "parent");
        }
    }
    for agent in &document.agents {
        let id = agent.id.map(|id| id.0);
        if kind == Kind::Skills && has(&agent.skills, name) {
            add(Kind::Agents, id, &agent.login, "skills");
        }
        if kind == Kind::Queues && agent.queues.iter().any(|service| service.queue == name) {
            add(Kind::Agents, id, &agent.login, "queues");
        }
    }
    found
}

fn has(values: &[SkillValue], name: &str) -> bool {
    values.iter().any(|value| value.skill == name)
}

fn goes_to(target: &OverflowTarget, name: &str) -> bool {
    matches!(target, OverflowTarget::Queue { queue } if queue == name)
}

/// Lets everything that refers to the old name refer to the new one.
pub fn rename(document: &mut RoutingDocument, kind: Kind, from: &str, to: &str) {
    let change = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    match kind {
        Kind::Skills => {
            for queue in &mut document.queues {
                queue.needs.iter_mut().for_each(|value| change(&mut value.skill));
                let rings = queue.rings.iter_mut();
                rings.flat_map(|ring| &mut ring.drop_skills).for_each(change);
            }
            let skills = document.agents.iter_mut().flat_map(|agent| &mut agent.skills);
            skills.for_each(|value| change(&mut value.skill));
        }
        Kind::Hours => {
            document.queues.iter_mut().filter_map(|queue| queue.hours.as_mut()).for_each(change);
        }
        Kind::Dispositions => {
            document.queues.iter_mut().flat_map(|queue| &mut queue.dispositions).for_each(change);
            let parents = document.dispositions.iter_mut();
            parents.filter_map(|item| item.parent.as_mut()).for_each(change);
        }
        Kind::Queues => {
            for rule in document.queues.iter_mut().flat_map(|queue| &mut queue.overflow) {
                if let OverflowTarget::Queue { queue } = &mut rule.then {
                    change(queue);
                }
            }
            let services = document.agents.iter_mut().flat_map(|agent| &mut agent.queues);
            services.for_each(|service| change(&mut service.queue));
        }
        Kind::PauseReasons | Kind::Agents | Kind::Centre => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> RoutingDocument {
        RoutingDocument::from_toml(
            r#"
            [[skill]]
            name = "English"
            [[hours]]
            name = "Days"
            time_zone = "Europe/Kyiv"
            [[disposition]]
            code = "all"
            name = "All"
            [[disposition]]
            code = "done"
            name = "Done"
            parent = "all"
            [[queue]]
            name = "Cards"
            needs = [{ skill = "English", level = 10 }]
            hours = "Days"
            dispositions = ["done"]
            ring = [{ after_ms = 5, drop_skills = ["English"] }]
            [[queue.overflow]]
            when = { type = "nobody_at_arrival" }
            then = { type = "queue", queue = "Loans" }
            [[queue]]
            name = "Loans"
            [[agent]]
            login = "ana"
            skills = [{ skill = "English", level = 50 }]
            queues = [{ queue = "Loans" }]
            "#,
        )
        .expect("a document")
    }

    fn used(document: &RoutingDocument, kind: Kind, name: &str) -> Vec<String> {
        let uses = uses(document, kind, name).into_iter();
        uses.map(|found| format!("{} {} {}", found.kind, found.name, found.field)).collect()
    }

    #[test]
    fn every_reference_is_found_and_follows_a_new_name() {
        let mut document = document();
        let cases: [(Kind, &str, &[&str]); 5] = [
            (
                Kind::Skills,
                "English",
                &["queue Cards needs", "queue Cards ring", "agent ana skills"],
            ),
            (Kind::Hours, "Days", &["queue Cards hours"]),
            (Kind::Dispositions, "done", &["queue Cards dispositions"]),
            (Kind::Dispositions, "all", &["disposition done parent"]),
            (Kind::Queues, "Loans", &["queue Cards overflow", "agent ana queues"]),
        ];
        for (kind, name, expected) in cases {
            assert_eq!(used(&document, kind, name), expected, "{name}");
            rename(&mut document, kind, name, "New");
            assert_eq!(used(&document, kind, "New"), expected, "{name}");
            assert!(used(&document, kind, name).is_empty(), "{name}");
            rename(&mut document, kind, "New", name);
        }
    }
}
