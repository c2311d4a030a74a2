//! Which files hold mails, and what is in them.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rozmova_base::Timestamp;

use super::mbox::{Mbox, Quoting, is_separator};

/// Read at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// Folders within folders that are gone into.
const DEPTH_MAX: u32 = 32;
/// How much of a file is looked at to tell what it is.
const HEAD_BYTES: u64 = 1_024;

/// The bytes of a mail, or of the beginning of one that is too large.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// What is kept.
    pub bytes: Vec<u8>,
    whole_bytes: u64,
    kept_bytes_max: usize,
    /// An empty line has ended the header.
    pub(super) has_body: bool,
}

impl Content {
    pub(super) fn new(kept_bytes_max: usize) -> Self {
        Self { kept_bytes_max, ..Self::default() }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.has_body |= piece.trim_ascii().is_empty();
        self.whole_bytes += piece.len() as u64;
        let room = self.kept_bytes_max - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The size of the whole, when only its beginning is kept.
    pub fn cut_from_bytes(&self) -> Option<u64> {
        (self.whole_bytes > self.bytes.len() as u64).then_some(self.whole_bytes)
    }
}

/// A mail as found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where: the path of its file, in an mbox with `#` and the number of its first byte.
    pub place: String,
    /// Its bytes.
    pub content: Content,
    /// When its file was written last.
    pub file_at: Option<Timestamp>,
}

/// What a walk through files gives.
#[derive(Clone, Debug)]
pub enum Item {
    /// A mail.
    Mail(Found),
    /// A file that cannot be read or is no mail: its path and why.
    Skipped(String, String),
}

type Sink<'a> = &'a mut dyn FnMut(Item) -> ControlFlow<()>;

/// How to read.
#[derive(Clone, Copy, Debug)]
struct Manner {
    quoting: Quoting,
    kept_bytes_max: usize,
}

/// Goes through files and folders and gives every mail, until `sink` has had enough. Of a mail over
/// `kept_bytes_max`, the beginning is given.
pub fn read_all(paths: &[PathBuf], quoting: Quoting, kept_bytes_max: usize, sink: Sink<'_>) {
    let manner = Manner { quoting, kept_bytes_max };
    for path in paths {
        if walk(path, manner, 0, sink).is_break() {
            return;
        }
    }
}

fn walk(path: &Path, manner: Manner, depth: u32, sink: Sink<'_>) -> ControlFlow<()> {
    let skip = |reason: String| Item::Skipped(path.display().to_string(), reason);
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return sink(skip(error.to_string())),
    };
    if metadata.is_file() {
        return read_file(path, manner, sink);
    }
    if !metadata.is_dir() {
        return sink(skip("neither a file nor a folder".to_owned()));
    }
    if depth > DEPTH_MAX {
        return sink(skip(format!("more than {DEPTH_MAX} folders deep")));
    }
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => return sink(skip(error.to_string())),
    };
    entries.sort_unstable();
    let is_maildir = path.join("cur").is_dir() && path.join("new").is_dir();
    for entry in entries {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let is_wanted = if is_maildir {
            // What is in `tmp` is not delivered yet; beside the three are indexes and subfolders.
            matches!(name.as_str(), "cur" | "new") || entry.join("cur").is_dir()
        } else {
            !name.starts_with('.')
        };
        if is_wanted {
            walk(&entry, manner, depth + 1, sink)?;
        }
    }
    ControlFlow::Continue(())
}

fn read_file(path: &Path, manner: Manner, sink: Sink<'_>) -> ControlFlow<()> {
    let place = path.display().to_string();
    if let Err(error) = try_read_file(path, &place, manner, sink) {
        return match error {
            Stop::Enough => ControlFlow::Break(()),
            Stop::Fault(error) => sink(Item::Skipped(place, error.to_string())),
        };
    }
    ControlFlow::Continue(())
}

enum Stop {
    Enough,
    Fault(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Fault(error)
    }
}

fn try_read_file(path: &Path, place: &str, manner: Manner, sink: Sink<'_>) -> Result<(), Stop> {
    let file = File::open(path)?;
    let file_at = file.metadata()?.modified().ok().and_then(timestamp);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut give = |item: Item| if sink(item).is_break() { Err(Stop::Enough) } else { Ok(()) };
    let head = input.fill_buf()?;
    let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if is_separator(first_line) {
        let mut mbox = Mbox::new(input, manner.quoting, manner.kept_bytes_max);
        while let Some((offset, content)) = mbox.next_mail()? {
            let place = format!("{place}#{offset}");
            give(Item::Mail(Found { place, content, file_at }))?;
        }
        return Ok(());
    }
    if !looks_like_mail(path, head) {
        let reason = "no mail: it begins with no header line".to_owned();
        return give(Item::Skipped(place.to_owned(), reason));
    }
    let mut content = Content::new(manner.kept_bytes_max);
    let kept = manner.kept_bytes_max as u64;
    input.by_ref().take(kept).read_to_end(&mut content.bytes)?;
    content.whole_bytes =
        content.bytes.len() as u64 + std::io::copy(&mut input, &mut std::io::sink())?;
    give(Item::Mail(Found { place: place.to_owned(), content, file_at }))
}

/// What is called `.eml` or lies in a Maildir is a mail, however broken; of anything else the first
/// line must be a header field (RFC 5322 §2.2).
fn looks_like_mail(path: &Path, head: &[u8]) -> bool {
    let is_named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"));
    let folder = path.parent().and_then(Path::file_name);
    let is_in_maildir = folder.is_some_and(|folder| folder == "cur" || folder == "new");
    let head = &head[..head.len().min(HEAD_BYTES as usize)];
    let name = head.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_field =
        name.len() < head.len() && !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_named || is_in_maildir || is_field
}

fn timestamp(time: std::time::SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok().map(Timestamp::from_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[PathBuf]) -> (Vec<Found>, Vec<String>) {
        let (mut mails, mut skipped) = (Vec::new(), Vec::new());
        read_all(paths, Quoting::Mboxrd, 1_000, &mut |item| {
            match item {
                Item::Mail(mail) => mails.push(mail),
                Item::Skipped(place, reason) => skipped.push(format!("{place}: {reason}")),
            }
            ControlFlow::Continue(())
        });
        (mails, skipped)
    }

    #[test]
    fn a_maildir_a_folder_and_an_mbox_are_told_apart() {
        let root = std::env::temp_dir().join(format!("rozmova-import-{}", std::process::id()));
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        put("box/cur/1.a:2,S", "Subject: seen\n\n");
        put("box/new/2.a", "broken");
        put("box/tmp/3.a", "Subject: not delivered\n\n");
        put("box/dovecot.index", "Index: no mail");
        put("box/.Archive/cur/4.a:2,", "Subject: subfolder\n\n");
        put("box/.Archive/new/.keep", "");
        put("files/a.eml", "no header at all");
        put("files/b", "Subject: by its first line\n\n");
        put("files/c.txt", "a shopping list\n");
        put("files/.hidden", "Subject: hidden\n\n");
        put(
            "old.mbox",
            "From a Thu Nov 26 10:00:00 2026\nSubject: one\n\nFrom b Thu Nov 26 \
            10:00:00 2026\nSubject: two\n",
        );
        put("large.eml", &format!("Subject: x\n\n{}", "0".repeat(2_000)));
        let paths = ["box", "files", "old.mbox", "large.eml", "absent"].map(|name| root.join(name));
        let (mails, skipped) = found(&paths);
        std::fs::remove_dir_all(&root).expect("removed");
        let places: Vec<&str> =
            mails.iter().map(|mail| &mail.place[root.display().to_string().len() + 1..]).collect();
        assert_eq!(
            places,
            [
                "box/.Archive/cur/4.a:2,",
                "box/cur/1.a:2,S",
                "box/new/2.a",
                "files/a.eml",
                "files/b",
                "old.mbox#0",
                "old.mbox#46",
                "large.eml"
            ]
        );
        let large = mails.last().expect("a mail");
        assert_eq!(
            (large.content.bytes.len(), large.content.cut_from_bytes()),
            (1_000, Some(2_012))
        );
        assert!(mails.iter().all(|mail| mail.file_at.is_some()));
        assert_eq!(skipped.len(), 2, "{skipped:?}");
        assert!(
            skipped[0].contains("c.txt: no mail") && skipped[1].contains("absent"),
            "{skipped:?}"
        );
    }
}
