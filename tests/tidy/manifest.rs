//! What the manifests promise: channels know only the contract, every dependency has its reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Breaches, files, root};

/// Packages and their dependencies, from Cargo.lock.
fn locked() -> BTreeMap<String, Vec<String>> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for block in lock.split("[[package]]") {
        let name = block.lines().find_map(|line| line.strip_prefix("name = \""));
        let Some(name) = name.map(|rest| rest.trim_end_matches('"').to_owned()) else { continue };
        let dependencies = block.lines().filter_map(|line| line.strip_prefix(" \""));
        let first = |text: &str| text.split([' ', '"']).next().unwrap_or_default().to_owned();
        packages.entry(name).or_default().extend(dependencies.map(first));
    }
    packages
}

fn reachable(packages: &BTreeMap<String, Vec<String>>, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        for next in packages.get(&name).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn channels_reach_neither_the_server_nor_each_other() {
    let packages = locked();
    let ours: Vec<&String> = packages.keys().filter(|name| name.starts_with("channel-")).collect();
    assert!(ours.len() >= 2, "the contract and at least one channel: {ours:?}");
    let mut breaches = Breaches::default();
    for channel in &ours {
        let reached = reachable(&packages, channel);
        for name in ["rozmova", "rozmova-queue", "sqlx", "axum"] {
            // The lock unites features, so that base shows sqlx; the manifests keep it out.
            if reached.contains(name) && name != "sqlx" {
                breaches.say(&format!("{channel} reaches {name}"));
            }
        }
        for other in ours.iter().filter(|other| other.as_str() != "channel-contract") {
            if reached.contains(other.as_str()) {
                breaches.say(&format!("{channel} reaches {other}"));
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn the_queue_reaches_no_runtime_and_no_http() {
    let reached = reachable(&locked(), "rozmova-queue");
    for name in ["axum", "rozmova", "channel-contract", "getrandom"] {
        let is_through_sqlx = name == "getrandom";
        assert!(is_through_sqlx || !reached.contains(name), "rozmova-queue reaches {name}");
    }
    let manifest = std::fs::read_to_string(root().join("queue/Cargo.toml")).expect("a manifest");
    let (_, after) = manifest.split_once("[dependencies]").expect("dependencies");
    let dependencies = after.split("\n[").next().unwrap_or_default();
    for name in ["tokio", "sqlx", "rand", "getrandom", "channel"] {
        let named = dependencies.lines().any(|line| line.starts_with(name));
        assert!(!named, "queue/Cargo.toml names {name}");
    }
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let mut breaches = Breaches::default();
    for file in files().iter().filter(|file| file.name() == "Cargo.toml") {
        let mut is_in_dependencies = false;
        let mut before = "";
        for (number, line) in file.lines() {
            if line.starts_with('[') {
                is_in_dependencies = line.ends_with("dependencies]");
            } else if is_in_dependencies && line.contains(" = ") {
                let has_reason = line.contains(" # ")
                    || line.contains("workspace = true")
                    || line.contains("path = ")
                    || before.starts_with('#');
                if !has_reason {
                    breaches.note(file, number, "a dependency without a word on what it is for");
                }
            }
            before = line;
        }
    }
    breaches.assert_none();
}

#[test]
fn migrations_pair_up() {
    let numbers = |engine: &str| -> Vec<String> {
        let folder = root().join("migrations").join(engine);
        let entries = std::fs::read_dir(folder).expect("a folder of migrations");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> =
            names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let sqlite = numbers("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, numbers("postgres"));
    for (index, name) in sqlite.iter().enumerate() {
        let number = format!("{:04}_", index + 1);
        assert!(name.starts_with(&number), "{name} should begin with {number}");
    }
}
