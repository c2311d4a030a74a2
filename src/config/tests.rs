use std::collections::BTreeSet;

use figment::Figment;
use figment::providers::{Format, Toml};
use serde_json::Value;

use super::*;

/// The keys of a document, `a.b.c`; lists count as one key.
fn keys(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                keys(&format!("{prefix}.{name}"), value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            found.insert(prefix.trim_start_matches('.').to_owned());
        }
    }
}

const LISTS: [&str; 4] = [
    "channels.email.mailboxes",
    "channels.email.imap",
    "channels.email.pop3",
    "channels.email.dkim",
];

fn keys_of(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys("", value, &mut found);
    found
}

fn parsed(text: &str) -> Value {
    Figment::from(Toml::string(text)).extract().expect("TOML")
}

#[test]
fn the_documented_file_holds_the_defaults_and_every_key() {
    let config = Config::from_toml(docs::DOCUMENTED).expect("the documented file");
    assert_eq!(config, Config::default());
    let known = serde_json::to_value(Config::default()).expect("serialises");
    let mut documented = keys_of(&parsed(docs::DOCUMENTED));
    // These lists are documented by example blocks: see the next test.
    documented.extend(LISTS.map(str::to_owned));
    assert_eq!(documented, keys_of(&known));
}

/// `# ` begins prose, `#key` and `#[section]` are examples.
fn with_examples() -> String {
    let uncommented = |line: &'static str| match line.strip_prefix('#') {
        Some(code) if !code.starts_with(' ') => code,
        _ => line,
    };
    docs::DOCUMENTED.lines().map(uncommented).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_examples_work_and_have_every_key() {
    let text = with_examples();
    let config = Config::from_toml(&text).expect("the examples");
    let written = parsed(&text);
    let known = serde_json::to_value(&config).expect("serialises");
    for pointer in [
        "/channels/email/mailboxes/0",
        "/channels/email/imap/0",
        "/channels/email/pop3/0",
        "/channels/email/dkim/0",
        "/intake/queues/Cards",
    ] {
        let keys = |document: &Value| keys_of(document.pointer(pointer).expect(pointer));
        assert_eq!(keys(&written), keys(&known), "{pointer}");
    }
}

#[test]
fn every_key_is_in_the_generated_page() {
    let page = markdown();
    for key in keys_of(&serde_json::to_value(Config::default()).expect("serialises")) {
        let variable = error::variable(&key);
        let is_there = page.contains(&format!("`{variable}`"));
        assert!(is_there || LISTS.contains(&key.as_str()), "{key}");
    }
}

#[test]
fn wrong_keys_and_values_are_named_with_what_would_be_right() {
    for (text, expected) in [
        ("[http]\nlisten = \"8080\"", "http.listen"),
        (
            "[http]\nlisen = \"127.0.0.1:1\"",
            "http.lisen: there is no such key; did you mean listen?",
        ),
        ("[htp]\nlisten = \"127.0.0.1:1\"", "htp: there is no such key; did you mean http?"),
        ("[http]\npublic_url = \"desk\"", "write for example https://desk.bank.example"),
        ("[log]\nformat = \"xml\"", "log.format: \"xml\" is unknown; write one of text, json"),
        ("[store]\nconnections_max = \"many\"", "store.connections_max: found string \"many\""),
        ("[centre]\ntime_zone = \"Kyiv\"", "centre.time_zone: \"Kyiv\" is no time zone"),
        ("[http", "TOML"),
    ] {
        let error = Config::from_toml(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?} gives {error:?}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/rozmova.toml"))).expect_err("no file");
    assert!(error.to_string().starts_with("/nowhere/rozmova.toml: there is no such file"));
}

#[test]
fn the_password_of_the_store_does_not_show() {
    let store = StoreConfig { url: "postgres://u:hunter2@db/x".to_owned(), ..Default::default() };
    assert_eq!(store.shown_url(), "postgres://db/x");
    assert!(!format!("{store:?}").contains("hunter2"));
}
