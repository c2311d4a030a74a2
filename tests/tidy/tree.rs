//! The files of the repository and the list of breaches.

use std::fmt::Write;
use std::path::Path;

/// Folders that hold nothing of ours, or nothing written by hand.
const SKIPPED: [&str; 8] = [
    ".git",
    "target",
    "node_modules",
    "dist",
    "data",
    "test-results",
    "playwright-report",
    "coverage",
];
/// Written by programs.
const GENERATED: [&str; 2] = ["web/src/api/schema.ts", "docs/openapi.json"];

/// One text file.
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        self.name().rsplit_once('.').is_some_and(|(_, end)| extensions.contains(&end))
    }

    /// Lines with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Lines without comments.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().map(|(number, line)| {
            let is_comment = line.trim_start().starts_with("//");
            let code = line.split(" // ").next().unwrap_or_default();
            (number, if is_comment { "" } else { code })
        })
    }
}

/// What is wrong, and where.
#[derive(Default)]
pub(crate) struct Breaches(String);

impl Breaches {
    pub(crate) fn note(&mut self, file: &File, line: usize, what: &str) {
        let _ = writeln!(self.0, "{}:{line}: {what}", file.path);
    }

    pub(crate) fn say(&mut self, what: &str) {
        let _ = writeln!(self.0, "{what}");
    }

    pub(crate) fn assert_none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

pub(crate) fn root() -> &'static Path {
    // The test belongs to the package `base`.
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every file written by hand that is text.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    walk(root(), "", &mut found);
    assert!(found.len() > 100, "only {} files found: is this the repository?", found.len());
    found
}

/// Those of [`files`] with one of these endings.
pub(crate) fn files_of(extensions: &[&str]) -> Vec<File> {
    let mut found = files();
    found.retain(|file| file.has_extension(extensions));
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry")).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if entry.path().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&entry.path(), &path, found);
            }
        } else if !SKIPPED.contains(&name.as_str())
            && !GENERATED.contains(&path.as_str())
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            found.push(File { path, text });
        }
    }
}

/// Whether `word` stands in the line as a word of its own.
pub(crate) fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, found)| {
        let before = line[..start].chars().next_back();
        let after = line[start + found.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
