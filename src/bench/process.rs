//! What this process uses, from `/proc` (proc(5)).

use std::time::{Duration, Instant};

/// Linux reports CPU time in hundredths of a second, whatever the kernel's own clock
/// (`sysconf(_SC_CLK_TCK)`).
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE_BYTES: f64 = 4_096.0;
const MIB: f64 = 1_048_576.0;

/// CPU and wall time since a moment.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    began: Instant,
    cpu_seconds: f64,
}

impl Process {
    /// From now on.
    #[expect(clippy::disallowed_methods, reason = "measures")]
    pub fn start() -> Self {
        Self { began: Instant::now(), cpu_seconds: cpu_seconds() }
    }

    /// Wall time since the start.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// CPU time of all threads since the start, in s.
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds() - self.cpu_seconds
    }

    /// Memory in use, in MiB.
    pub fn rss_mb() -> f64 {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
        pages.unwrap_or(0.0) * PAGE_BYTES / MIB
    }
}

/// Wall time alone, for what takes less than reading CPU time does.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    #[expect(clippy::disallowed_methods, reason = "measures")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start, in microseconds.
    pub fn micros(self) -> i64 {
        i64::try_from(self.0.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// Since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// User and system time: fields 14 and 15 of `/proc/self/stat`, counted behind the name, which may
/// hold spaces.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_ascii_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_SECOND
}
