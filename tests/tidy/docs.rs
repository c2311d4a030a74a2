//! Documents say what is so: links resolve, fixtures are named, RFCs are cited in one form.

use crate::tree::{Breaches, File, files, files_of, root};

#[test]
fn links_in_documents_resolve() {
    let mut breaches = Breaches::default();
    for file in files_of(&["md"]) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in file.lines() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let path = target.split('#').next().unwrap_or_default();
                let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
                if path.is_empty() || is_elsewhere {
                    continue;
                }
                if !root().join(folder).join(path).exists() {
                    breaches.note(&file, number, &format!("{path} does not exist"));
                }
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn every_fixture_is_named_in_its_readme() {
    let mut breaches = Breaches::default();
    let mut fixtures: Vec<String> = Vec::new();
    walk(root(), "", &mut fixtures);
    for path in &fixtures {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == "README.md" || name == ".gitattributes" {
            continue;
        }
        // One line names a case: what comes in and what is expected share a stem.
        let stem = name.split('.').next().unwrap_or(name);
        let readme = std::fs::read_to_string(root().join(folder).join("README.md"));
        if !readme.is_ok_and(|text| text.contains(stem)) {
            breaches.say(&format!("{path}: not named in {folder}/README.md"));
        }
    }
    breaches.assert_none();
}

/// Fixtures may hold any bytes, so they are not among the text files.
fn walk(folder: &std::path::Path, prefix: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let is_folder = entry.path().is_dir();
        if is_folder && !["target", "node_modules", ".git", "dist"].contains(&name.as_str()) {
            walk(&entry.path(), &path, found);
        } else if !is_folder && path.contains("/fixtures/") {
            found.push(path);
        }
    }
}

#[test]
fn rfcs_are_cited_by_number_and_paragraph() {
    let mut breaches = Breaches::default();
    for file in files_of(&["rs", "md", "sql", "toml", "ts", "svelte"]) {
        if file.path.contains("/fixtures/") || file.name() == "Cargo.toml" {
            continue;
        }
        for (number, line) in file.lines() {
            for rest in line.split("RFC").skip(1) {
                if let Some(what) = wrong_citation(rest) {
                    breaches.note(&file, number, what);
                }
            }
        }
    }
    breaches.assert_none();
}

/// What is wrong with what stands behind `RFC`; nothing when no number follows at all.
fn wrong_citation(rest: &str) -> Option<&'static str> {
    // IMAP has items with that name: RFC 3501 §6.4.5.
    if rest.starts_with("822.") {
        return None;
    }
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    if digits(rest) > 0 || rest.strip_prefix('-').is_some_and(|rest| digits(rest) > 0) {
        return Some("write RFC 3261, with a space");
    }
    let number = rest.strip_prefix(' ')?;
    let length = digits(number);
    if length == 0 {
        return None;
    }
    let after = number[length..].trim_start_matches(',').trim_start().to_lowercase();
    let words = ["section", "sec.", "chapter", "paragraph", "para"];
    words.iter().any(|word| after.starts_with(word)).then_some("write RFC 3261 §17.1.1.2")
}

#[test]
fn the_form_of_citations_is_told_from_others() {
    for (rest, is_wrong) in [
        ("3261", true),
        ("-3261", true),
        (" 3261 section 17", true),
        (" 3261, Section 17", true),
        (" 3261 §17.1.1.2", false),
        (" 3261)", false),
        ("822.SIZE", false),
        ("s are cited", false),
    ] {
        assert_eq!(wrong_citation(rest).is_some(), is_wrong, "RFC{rest}");
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // Spelt in pieces so that this file passes.
    let words = [concat!("/wo", "rk/"), concat!("../sha", "red"), concat!("crates.io ", "mirror")];
    let mut breaches = Breaches::default();
    for file in files() {
        for (number, line) in file.lines() {
            if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                breaches.note(&file, number, &format!("{word} is not of this project"));
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn code_blocks_and_tables_do_not_hide_files() {
    let file = File { path: "a.md".to_owned(), text: "x\n// y\n".to_owned() };
    assert_eq!(file.code().map(|(_, line)| line).collect::<Vec<_>>(), ["x", ""]);
}
