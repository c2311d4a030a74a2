//! What the parsers of single parts promise, whatever they are given. For fuzz targets.

use super::{calendar, html_text, tnef, uuencode};

/// Text that is asked for of HTML, in bytes.
const TEXT_BYTES: usize = 4_096;

pub(crate) fn tnef(bytes: &[u8]) {
    let Some(container) = tnef::read(bytes) else { return };
    assert!(container.files.len() <= tnef::MAX_FILES);
    let held: usize = container.files.iter().map(|file| file.content.len()).sum();
    assert!(held <= bytes.len(), "nothing is unpacked");
}

pub(crate) fn uuencode(text: &str) {
    let Some((rest, files)) = uuencode::extract(text) else { return };
    assert!(files.len() <= uuencode::MAX_FILES);
    assert!(rest.len() <= text.len() && !files.is_empty());
    for file in files {
        assert!(file.content.len() <= text.len());
        assert!(!file.name.contains(['/', '\\', '\0']), "{:?}", file.name);
    }
}

pub(crate) fn calendar(text: &str) {
    let Some(event) = calendar::describe(text) else { return };
    assert!(!event.contains('\r'));
}

pub(crate) fn html_text(html: &str) {
    let text = html_text::html_to_text(html, TEXT_BYTES);
    // The last piece of text is taken whole or cut at a character.
    assert!(text.len() <= TEXT_BYTES + html.len());
}
