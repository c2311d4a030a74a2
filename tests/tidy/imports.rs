//! What may name what, by file name: docs/ARCHITECTURE.md, "Which way dependencies point".

use crate::tree::{Breaches, File, files_of, names};

/// Files that only compute: no runtime, no database, no HTTP.
const PURE: [&str; 4] = ["model.rs", "measure.rs", "identify.rs", "interval.rs"];
const STATEMENTS: [&str; 4] = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];

fn is_test(file: &File) -> bool {
    file.path.starts_with("tests/")
        || file.path.contains("/tests/")
        || file.name() == "tests.rs"
        || file.name() == "testing.rs"
}

/// Code up to the unit tests at the end of the file.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.code().take_while(|(_, line)| line.trim() != "#[cfg(test)]" || !is_last_module(file, line))
}

/// `#[cfg(test)]` before `mod tests;` near the head of a file ends nothing.
fn is_last_module(file: &File, _line: &str) -> bool {
    file.text.contains("mod tests {")
}

fn may_name_sqlx(file: &File) -> bool {
    file.name() == "store.rs"
        || file.path.contains("/store/")
        || file.path == "src/dispatch/journal.rs"
        || file.path.starts_with("base/src/")
}

fn may_name_axum(file: &File) -> bool {
    file.name() == "api.rs"
        || file.path.contains("/api/")
        || file.path.starts_with("src/http/")
        || file.path == "src/live/ws.rs"
}

fn may_name_tokio(file: &File) -> bool {
    if file.path.starts_with("queue/") || PURE.contains(&file.name()) {
        return false;
    }
    let Some(channel) = file.path.strip_prefix("channels/") else { return true };
    let Some((channel, path)) = channel.split_once("/src/") else { return true };
    channel == "contract" || path == "lib.rs" || path == "io.rs" || path.starts_with("io/")
}

#[test]
fn sql_is_in_stores_http_in_apis_and_the_runtime_outside_of_rules() {
    let mut breaches = Breaches::default();
    for file in files_of(&["rs"]).iter().filter(|file| !is_test(file)) {
        for (number, line) in code(file) {
            if names(line, "sqlx") && !may_name_sqlx(file) {
                breaches.note(file, number, "sqlx outside of store.rs, store/ and journal.rs");
            }
            if names(line, "axum") && !may_name_axum(file) {
                breaches.note(file, number, "axum outside of api.rs, http/ and live/ws.rs");
            }
            let names_tokio = names(line, "tokio") || names(line, "tokio_util");
            if names_tokio && !may_name_tokio(file) {
                breaches.note(file, number, "tokio in a file that only computes");
            }
            let is_sql = STATEMENTS.iter().any(|word| line.contains(&format!("\"{word}")));
            if is_sql && !may_name_sqlx(file) {
                breaches.note(file, number, "SQL outside of store.rs, store/ and journal.rs");
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn the_queue_is_pure() {
    let mut breaches = Breaches::default();
    let files = files_of(&["rs"]);
    let ours = files.iter().filter(|file| file.path.starts_with("queue/src/"));
    for file in ours {
        for (number, line) in code(file) {
            for word in ["HashMap", "HashSet", "SystemClock", "async", "Instant", "getrandom"] {
                if names(line, word) {
                    breaches.note(file, number, &format!("{word} in the queue"));
                }
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn only_what_stands_above_names_app_and_http() {
    let above = [
        "src/app.rs",
        "src/bench",
        "src/channels.rs",
        "src/cli",
        "src/demo/",
        "src/http/",
        "src/jobs/",
        "src/main.rs",
    ];
    let mut breaches = Breaches::default();
    for file in files_of(&["rs"]).iter().filter(|file| file.path.starts_with("src/")) {
        let is_above = above.iter().any(|start| file.path.starts_with(start));
        // A feature's `live.rs` tells open screens what changed: it works with all parts.
        let is_live = file.name() == "live.rs";
        if is_above || is_live || may_name_axum(file) || is_test(file) {
            continue;
        }
        for (number, line) in code(file) {
            for module in ["crate::app", "crate::http", "crate::cli"] {
                if names(line, module) {
                    breaches.note(file, number, &format!("{module} stands above this file"));
                }
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn models_know_no_store_and_the_store_knows_nobody() {
    let mut breaches = Breaches::default();
    for file in files_of(&["rs"]).iter().filter(|file| file.path.starts_with("src/")) {
        let is_engine_room = file.path.starts_with("src/store/");
        for (number, line) in code(file) {
            if PURE.contains(&file.name()) && names(line, "crate::store") {
                breaches.note(file, number, "the store in a file that only computes");
            }
            let uses = line.trim_start().strip_prefix("use crate::").unwrap_or_default();
            if is_engine_room && uses.contains("::") && !uses.starts_with("store::") {
                breaches.note(file, number, "the engine room of SQL knows no feature");
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn the_machine_is_asked_for_chance_in_one_place() {
    let mut breaches = Breaches::default();
    for file in files_of(&["rs"]).iter().filter(|file| !is_test(file)) {
        for (number, line) in code(file) {
            if names(line, "getrandom") && file.path != "src/app.rs" {
                breaches.note(file, number, "chance comes in as an argument; src/app.rs asks");
            }
        }
    }
    breaches.assert_none();
}
