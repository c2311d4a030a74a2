//! Every `NAME.eml` is read as `NAME.json` says.
//!
//! `WRITE_FIXTURES=1 cargo test -p channel-email --test reading` writes the `.json` files anew;
//! look at the difference before it is committed.

use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder of fixtures")
        .filter_map(|entry| {
            let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
            name.strip_suffix(".eml").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

#[test]
fn every_fixture_is_read_as_expected() {
    let write = std::env::var_os("WRITE_FIXTURES").is_some();
    let policy = super::policy();
    for name in names() {
        let raw = std::fs::read(folder().join(format!("{name}.eml"))).expect("a mail");
        let inspection = channel_email::inspect::inspect(&raw, &policy);
        let mut json = serde_json::to_string_pretty(&inspection).expect("JSON");
        json.push('\n');
        let path = folder().join(format!("{name}.json"));
        if write {
            std::fs::write(&path, &json).expect("written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(json == expected, "{name}.eml is read differently from {name}.json:\n{json}");
    }
}

#[test]
fn every_fixture_is_named_in_the_readme() {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("README.md");
    for name in names() {
        assert!(
            readme.contains(&format!("| `{name}.eml`, `{name}.json` |")),
            "{name} is not in README.md"
        );
    }
}
