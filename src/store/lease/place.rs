//! Where a server runs, so that another on the same machine can see whether it still does. Linux
//! tells by proc(5); elsewhere nobody is ever known to be gone.

use serde::{Deserialize, Serialize};

/// A process, told apart from all others on all machines since they were started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// `/proc/sys/kernel/random/boot_id`.
    boot: String,
    /// The namespace in which the number below counts: containers have their own.
    namespace: String,
    process: u32,
    /// When it was started, in ticks since the machine was: numbers are used again.
    started: u64,
}

impl Place {
    /// This process.
    pub(super) fn here() -> Option<Self> {
        let process = std::process::id();
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
        Some(Self {
            boot: boot.trim().to_owned(),
            namespace: namespace.display().to_string(),
            process,
            started: started(process)?,
        })
    }

    /// Whether the process ran where this one runs, and does no more.
    pub(super) fn is_gone(&self) -> bool {
        let Some(here) = Self::here() else { return false };
        let is_same_machine = here.boot == self.boot && here.namespace == self.namespace;
        is_same_machine && started(self.process) != Some(self.started)
    }
}

/// For people: `process 4711 on bank-1`.
pub(super) fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "this host" } else { host.trim() };
    format!("process {} on {host}", std::process::id())
}

/// proc(5), `/proc/PID/stat`: fields 3 (state) and 22 (start time). A process that has ended and
/// waits for its parent is gone.
fn started(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name in brackets and may hold spaces.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    if matches!(fields.next(), Some("Z" | "X") | None) {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_to_live_and_to_be_gone() {
        let here = Place::here().expect("Linux tells");
        assert!(!here.is_gone());
        let again = Place { started: here.started + 1, ..here.clone() };
        assert!(again.is_gone(), "its number is another's now");
        let elsewhere = Place { boot: "another".to_owned(), ..again };
        assert!(!elsewhere.is_gone(), "nobody here can tell");
        let mut child = std::process::Command::new("true").spawn().expect("a process");
        let process = child.id();
        let place = Place { process, started: started(process).unwrap_or(0), ..here };
        child.wait().expect("it ends");
        assert!(place.is_gone());
    }
}
