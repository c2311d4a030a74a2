use std::fmt::Write;

use super::error::variable;

/// The documented file, from which `docs/config.md` is made.
pub(super) const DOCUMENTED: &str = include_str!("../../config/rozmova.toml");

/// `docs/config.md`: one table for each section, with each key's meaning, default and variable.
///
/// Reads the file by its form: `# ` begins prose, `#key = …` is a key of an example block.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Settings\n\nMade from `config/rozmova.toml` by `rozmova config-docs`; do not edit.\n\n\
         One TOML file: `--config PATH`, `ROZMOVA_CONFIG`, or `config/rozmova.toml` in the\n\
         working directory. Each key can be overridden by the environment variable beside it.\n\
         Lists are written there as in TOML: `[\"10.0.0.1\"]`. A text that looks like a number\n\
         or a list goes into double quotes. `rozmova check-config` says what is wrong.\n",
    );
    let mut section = String::new();
    let mut prose: Vec<&str> = Vec::new();
    let mut lines = DOCUMENTED.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix("# ") {
            prose.push(words);
            continue;
        }
        let code = line.strip_prefix('#').unwrap_or(line).trim();
        if let Some(name) = code.strip_prefix('[') {
            let is_list = name.starts_with('[');
            name.trim_matches(['[', ']']).clone_into(&mut section);
            let title = if is_list { format!("[[{section}]]") } else { format!("[{section}]") };
            let _ = write!(text, "\n## `{title}`\n\n{}\n\n", prose.join(" "));
            text.push_str(if is_list {
                "| key | meaning | example |\n|---|---|---|\n"
            } else {
                "| key | meaning | default | variable |\n|---|---|---|---|\n"
            });
            prose.clear();
        } else if let Some((key, value)) = code.split_once(" = ") {
            let meaning = prose.join(" ");
            let value = if value == "\"\"\"" {
                // A text of several lines: too long for a table.
                lines.by_ref().take_while(|line| *line != "\"\"\"").for_each(drop);
                "(see the file)"
            } else {
                value
            };
            let is_example = line.starts_with('#');
            let variable = variable(&format!("{section}.{key}"));
            let _ = if is_example {
                writeln!(text, "| `{key}` | {meaning} | `{value}` |")
            } else {
                writeln!(text, "| `{key}` | {meaning} | `{value}` | `{variable}` |")
            };
            prose.clear();
        } else {
            prose.clear();
        }
    }
    text
}
