//! How long lines, files and functions may be, and what never stands in them.

use crate::tree::{Breaches, File, files_of, names};

const LINE_MAX_CHARS: usize = 100;
const FILE_MAX_LINES: usize = 800;
const FUNCTION_MAX_LINES: usize = 70;
/// What the web's own formatter does not look after.
const WRITTEN: [&str; 3] = ["rs", "sql", "sh"];
/// Left over from a moment of work. Spelt in two so that this file passes.
const LEFTOVERS: [&str; 3] = ["todo", "dbg", "unimplemented"];

#[test]
fn lines_have_at_most_100_characters_and_files_800_lines() {
    let mut breaches = Breaches::default();
    for file in files_of(&WRITTEN) {
        if file.path.contains("/fixtures/") {
            continue;
        }
        for (number, line) in file.lines() {
            let chars = line.chars().count();
            // A text of the demo or a template is one literal: broken up it could not be read.
            let is_text = line.split('"').next().is_some_and(|before| before.len() < 40)
                && line.trim_end_matches([',', ')', ';', '!', '(']).ends_with('"');
            if chars > LINE_MAX_CHARS && !is_text {
                breaches.note(&file, number, &format!("{chars} characters"));
            }
        }
        let lines = file.lines().count();
        if lines > FILE_MAX_LINES {
            breaches.note(&file, lines, "more than 800 lines");
        }
    }
    breaches.assert_none();
}

#[test]
fn functions_have_at_most_70_lines() {
    let mut breaches = Breaches::default();
    for file in files_of(&["rs"]) {
        for (start, lines) in functions(&file) {
            if lines > FUNCTION_MAX_LINES {
                breaches.note(&file, start, &format!("a function of {lines} lines"));
            }
        }
    }
    breaches.assert_none();
}

#[test]
fn the_measure_of_functions_is_right() {
    let text = "impl A {\n    pub async fn short(&self) {\n        1\n    }\n\n    \
                fn declared(&self);\n}\nfn long() {\n    2;\n    3;\n}\n";
    let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
    assert_eq!(functions(&file), [(2, 3), (8, 4)]);
}

/// First line and number of lines of each function, by the form that rustfmt gives them.
fn functions(file: &File) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_head = names(code, "fn") && !code.starts_with("//") && !code.contains("(fn");
        let starts = ["fn ", "pub ", "pub(", "async ", "const "];
        if !is_head || !starts.iter().any(|start| code.starts_with(start)) {
            continue;
        }
        let indent = &line[..line.len() - code.len()];
        let end = lines[index..].iter().position(|line| {
            line.strip_prefix(indent).is_some_and(|rest| rest == "}" || is_declaration(rest))
        });
        match end {
            Some(length) if lines[index + length].trim_end() == format!("{indent}}}") => {
                found.push((index + 1, length + 1));
            }
            Some(_) | None => {}
        }
    }
    found
}

/// The end of a head without a body, or of a body on the same line.
fn is_declaration(rest: &str) -> bool {
    !rest.starts_with(' ') && (rest.ends_with(';') || rest.ends_with('}')) && rest != "}"
}

#[test]
fn nothing_is_left_over_and_only_the_command_line_prints() {
    let mut breaches = Breaches::default();
    for file in files_of(&["rs"]) {
        let may_print = file.path.starts_with("src/cli") || file.path.contains("tests/");
        for (number, line) in file.code() {
            for word in LEFTOVERS {
                if line.contains(&format!("{word}!(")) {
                    breaches.note(&file, number, &format!("{word} is left over"));
                }
            }
            if !may_print && (line.contains("println!(") && !line.contains("eprintln!(")) {
                breaches.note(&file, number, "only src/cli prints");
            }
        }
    }
    breaches.assert_none();
}
