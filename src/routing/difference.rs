//! What differs between two routing documents, thing by thing. Pure.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::RoutingDocument;
use super::item::{Item, Kind};

/// What becomes of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ItemChange {
    /// `queue`, `skill`, …
    pub kind: &'static str,
    /// Its id, once it has one.
    pub id: Option<Uuid>,
    /// Its name; the new one when it was renamed.
    pub name: String,
    /// What becomes of it.
    pub what: What,
    /// Its fields that differ.
    pub fields: Vec<FieldChange>,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldChange {
    /// Which.
    pub field: String,
    /// Before; `null`: it was not there.
    #[schema(value_type = Option<Object>)]
    pub before: Value,
    /// Now.
    #[schema(value_type = Option<Object>)]
    pub after: Value,
}

/// All that differs, in the order of the document. Things are the same by id, or by name as long
/// as one of them has none. That things have another order is not told.
pub fn changes(before: &RoutingDocument, after: &RoutingDocument) -> Vec<ItemChange> {
    Kind::ALL.into_iter().flat_map(|kind| of_kind(kind, before, after)).collect()
}

fn of_kind(kind: Kind, before: &RoutingDocument, after: &RoutingDocument) -> Vec<ItemChange> {
    let (old, new) = (before.items(kind), after.items(kind));
    let by_id: std::collections::BTreeMap<Option<Uuid>, &Item> =
        old.iter().map(|item| (item.id(), item)).collect();
    let by_name: std::collections::BTreeMap<&str, &Item> =
        old.iter().map(|item| (item.name(), item)).collect();
    let mut kept = BTreeSet::new();
    let mut found = Vec::new();
    for item in &new {
        let same = if item.id().is_some() || kind == Kind::Centre {
            by_id.get(&item.id())
        } else {
            by_name.get(item.name())
        };
        let Some(same) = same else {
            found.push(change(kind, item, What::Added, fields(None, Some(item))));
            continue;
        };
        kept.insert(same.name());
        let fields = fields(Some(same), Some(item));
        if !fields.is_empty() {
            found.push(change(kind, item, What::Changed, fields));
        }
    }
    let gone = old.iter().filter(|item| !kept.contains(item.name()));
    found.extend(gone.map(|item| change(kind, item, What::Removed, fields(Some(item), None))));
    found
}

fn change(kind: Kind, item: &Item, what: What, fields: Vec<FieldChange>) -> ItemChange {
    ItemChange { kind: kind.as_str(), id: item.id(), name: item.name().to_owned(), what, fields }
}

fn fields(before: Option<&Item>, after: Option<&Item>) -> Vec<FieldChange> {
    let (before, after) = (object(before), object(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let field = |name: &String| {
        let value = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or_default();
        let (before, after) = (value(&before), value(&after));
        (name != "id" && before != after).then(|| FieldChange {
            field: name.clone(),
            before,
            after,
        })
    };
    names.into_iter().filter_map(field).collect()
}

fn object(item: Option<&Item>) -> Map<String, Value> {
    match item.and_then(|item| serde_json::to_value(item).ok()) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        let read = |text| RoutingDocument::from_toml(text).expect("a document");
        let changes = changes(&read(before), &read(after));
        let line = |change: ItemChange| {
            let fields: Vec<String> = change.fields.into_iter().map(|field| field.field).collect();
            format!("{:?} {} {} [{}]", change.what, change.kind, change.name, fields.join(" "))
        };
        changes.into_iter().map(line).collect()
    }

    #[test]
    fn things_are_added_changed_and_removed_by_name() {
        let before =
            "[[skill]]\nname = \"A\"\n[[queue]]\nname = \"Cards\"\n[[queue]]\nname = \"Old\"";
        let after = "[[skill]]\nname = \"A\"\n[[queue]]\nname = \"Cards\"\npriority = 2\n\
                     [[pause_reason]]\nname = \"Lunch\"";
        assert_eq!(told(before, before), Vec::<String>::new());
        let expected =
            ["Added pause_reason Lunch [counts_as_work name]", "Changed queue Cards [priority]"];
        let told = told(before, after);
        assert_eq!(told[..2], expected);
        assert!(told[2].starts_with("Removed queue Old"), "{told:?}");
    }

    #[test]
    fn a_new_name_with_the_same_id_is_a_change() {
        let id = "id = \"00000000-0000-0000-0000-000000000007\"\n";
        let before = format!("[[skill]]\n{id}name = \"A\"");
        let after = format!("[[skill]]\n{id}name = \"B\"");
        assert_eq!(told(&before, &after), ["Changed skill B [name]"]);
    }

    #[test]
    fn the_centre_is_one_thing() {
        let after = "[centre]\nconnection_grace_ms = 1\npersonal_ms = 2\nshort_abandon_ms = 3\n\
                     trace_candidates = 4";
        assert_eq!(told("", after), ["Changed centre  [centre]"]);
    }
}
