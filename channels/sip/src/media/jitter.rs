//! The buffer between a network that delivers when it likes and a voice that needs 20 ms each.
//!
//! 1. It plays packets in the order of their sequence, each at most once.
//! 2. A packet that is *lost* (later ones are here) is concealed and passed over; one that is only
//!    *late* (nothing is here) is waited for, and what was concealed meanwhile is the new delay. So
//!    the delay grows with the network's jitter by itself, up to [`DELAY_MAX_MS`].
//! 3. It shrinks by one packet at a time when a reserve was not needed for [`WINDOW_PULLS`], down
//!    to [`DELAY_MIN_MS`], and grows by one when the reserve is nearly used up. A sender whose
//!    clock runs fast or slow shows as a reserve that grows or melts, and is followed so.
//! 4. Memory is bounded: [`PACKETS_MAX`].

use std::collections::BTreeMap;

use channel_contract::base::Timestamp;

/// Delay with which playing begins, and below which it is not reduced.
pub const DELAY_MIN_MS: u32 = 60;
/// Most that is kept: beyond it people talk over each other.
pub const DELAY_MAX_MS: u32 = 200;
/// Packets kept at most, whatever their length.
pub const PACKETS_MAX: usize = 64;
/// Reserve that stays when the delay is reduced.
const RESERVE_MS: u32 = 40;
/// And the mean reserve below which it is not: a little more than [`DELAY_MIN_MS`].
const MEAN_RESERVE_MS: u32 = 70;
/// Mean reserve below which the delay is increased before packets come too late.
const MEAN_RESERVE_LOW_MS: u32 = 45;
/// Over so many packets a reserve must stay unneeded: 3 s of 20 ms packets.
pub const WINDOW_PULLS: u32 = 150;
/// Windows without reduction after a packet was late: 12 s.
const CALM_WINDOWS: u32 = 4;
/// Packets concealed one by one; a longer gap is jumped over.
const CONCEALED_MAX: u64 = 5;
/// A sender that is silent for so long begins anew.
const PAUSE_MS: u32 = 200;
/// What a packet lasts until its successor tells.
const USUAL_PACKET_MS: u32 = 20;
/// Longest packet that is believed.
const PACKET_MAX_MS: u32 = 120;

/// One packet waiting to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Of its header.
    pub payload_type: u8,
    /// Of its header.
    pub timestamp: u32,
    /// As it came.
    pub payload: Vec<u8>,
}

/// What is to be played next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Playout {
    /// This. `is_spliced`: what came before in the stream was left out or concealed.
    Packet {
        /// The packet.
        packet: Waiting,
        /// Blend it into what was played.
        is_spliced: bool,
    },
    /// A replacement of this length.
    Conceal {
        /// In milliseconds.
        length_ms: u32,
    },
    /// Nothing: playing has not begun, or the sender makes a pause.
    Silence,
}

/// The buffer of one stream.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    units_per_ms: u32,
    packets: BTreeMap<u64, Waiting>,
    /// The next to be played, once playing has begun.
    next: Option<u64>,
    /// When playing begins.
    begins_at: Option<Timestamp>,
    packet_ms: u32,
    /// Packets' worth that was concealed while nothing was here.
    waited: u64,
    is_spliced: bool,
    /// The next piece is an insertion.
    grows: bool,
    /// Since the last look at the reserve.
    window: Window,
    calm_windows: u32,
    counts: Counts,
}

/// What became of the packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Played.
    pub played: u64,
    /// Concealed because they were lost or too late.
    pub concealed: u64,
    /// Came after their turn, or twice.
    pub discarded: u64,
    /// Left out to reduce the delay.
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    pulls: u32,
    min_ms: u32,
    sum_ms: u32,
}

impl JitterBuffer {
    /// `clock_rate_hz` of the stream's timestamps.
    pub fn new(clock_rate_hz: u32) -> Self {
        Self {
            units_per_ms: (clock_rate_hz / 1_000).max(1),
            packets: BTreeMap::new(),
            next: None,
            begins_at: None,
            packet_ms: USUAL_PACKET_MS,
            waited: 0,
            is_spliced: false,
            grows: false,
            window: Window::default(),
            calm_windows: 0,
            counts: Counts::default(),
        }
    }

    /// Forgets everything that waits: a new stream begins.
    pub fn clear(&mut self) {
        self.packets.clear();
        self.pause();
    }

    /// Takes a packet by its extended sequence number.
    pub fn insert(&mut self, sequence: u64, packet: Waiting, now: Timestamp) {
        let is_late = self.next.is_some_and(|next| sequence < next);
        if is_late || self.packets.contains_key(&sequence) {
            self.counts.discarded += 1;
            return;
        }
        if self.packets.len() >= PACKETS_MAX {
            self.packets.pop_first();
            self.counts.discarded += 1;
        }
        if self.next.is_none() && self.begins_at.is_none() {
            self.begins_at = Some(now.plus_millis(i64::from(DELAY_MIN_MS)));
        }
        if let Some(before) = sequence.checked_sub(1).and_then(|before| self.packets.get(&before)) {
            let length_ms = packet.timestamp.wrapping_sub(before.timestamp) / self.units_per_ms;
            if (1..=PACKET_MAX_MS).contains(&length_ms) {
                self.packet_ms = length_ms;
            }
        }
        self.packets.insert(sequence, packet);
    }

    /// What to play now. Call it whenever the last piece has been played.
    pub fn pull(&mut self, now: Timestamp) -> Playout {
        if self.next.is_none() && !self.begin(now) {
            return Playout::Silence;
        }
        let Some(next) = self.next else { return Playout::Silence };
        if std::mem::take(&mut self.grows) {
            return self.conceal();
        }
        let Some((&first, _)) = self.packets.first_key_value() else {
            return self.wait();
        };
        let next = self.catch_up(next, first);
        self.next = Some(next + 1);
        if let Some(packet) = self.packets.remove(&next) {
            self.waited = 0;
            self.counts.played += 1;
            let is_spliced = std::mem::take(&mut self.is_spliced);
            self.watch_reserve();
            return Playout::Packet { packet, is_spliced };
        }
        self.conceal()
    }

    /// How much sound waits, in milliseconds: what the buffer adds to the delay of the path.
    pub fn depth_ms(&self) -> u32 {
        let last = self.packets.keys().next_back();
        let waiting = last.zip(self.next).map_or(0, |(last, next)| (last + 1).saturating_sub(next));
        waiting.min(PACKETS_MAX as u64) as u32 * self.packet_ms
    }

    /// What became of the packets so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    fn begin(&mut self, now: Timestamp) -> bool {
        let is_time = self.begins_at.is_some_and(|at| now >= at);
        if is_time {
            self.next = self.packets.keys().next().copied();
            self.begins_at = None;
        }
        is_time && self.next.is_some()
    }

    fn pause(&mut self) {
        self.next = None;
        self.begins_at = None;
        self.waited = 0;
        self.is_spliced = false;
        self.grows = false;
        self.window = Window::default();
    }

    /// Nothing is here: the packet may be late, the next ones lost, or the sender silent.
    fn wait(&mut self) -> Playout {
        self.waited += 1;
        if self.waited * u64::from(self.packet_ms) > u64::from(PAUSE_MS) {
            self.pause();
            return Playout::Silence;
        }
        self.calm_windows = CALM_WINDOWS;
        self.conceal()
    }

    fn conceal(&mut self) -> Playout {
        self.counts.concealed += 1;
        self.is_spliced = true;
        Playout::Conceal { length_ms: self.packet_ms }
    }

    /// Where to go on: over what was concealed already, over gaps too long to conceal, and over
    /// what is beyond the greatest delay.
    fn catch_up(&mut self, next: u64, first: u64) -> u64 {
        let mut next = next;
        let gap = first.saturating_sub(next);
        if gap > 0 {
            next += self.waited.min(gap);
            self.waited = 0;
        }
        if first.saturating_sub(next) > CONCEALED_MAX {
            next = first;
        }
        let depth_max = u64::from(DELAY_MAX_MS / self.packet_ms).max(2);
        let last = self.packets.keys().next_back().copied().unwrap_or(first);
        while last + 1 - next.min(last) > depth_max {
            next = self.leave_out(next);
        }
        next
    }

    fn leave_out(&mut self, next: u64) -> u64 {
        if self.packets.remove(&next).is_some() {
            self.counts.left_out += 1;
        }
        self.is_spliced = true;
        next + 1
    }

    /// Reduces the delay when the reserve was not needed, increases it when all of it was.
    fn watch_reserve(&mut self) {
        let reserve_ms = self.depth_ms();
        let window = &mut self.window;
        window.min_ms = if window.pulls == 0 { reserve_ms } else { window.min_ms.min(reserve_ms) };
        window.sum_ms += reserve_ms;
        window.pulls += 1;
        if window.pulls < WINDOW_PULLS {
            return;
        }
        let Window { min_ms, sum_ms, pulls } = std::mem::take(window);
        self.grows = min_ms < self.packet_ms && sum_ms / pulls < MEAN_RESERVE_LOW_MS;
        if self.calm_windows > 0 {
            self.calm_windows -= 1;
            return;
        }
        if min_ms >= RESERVE_MS
            && sum_ms / pulls >= MEAN_RESERVE_MS
            && let Some(next) = self.next
        {
            self.next = Some(self.leave_out(next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::noise::Noise;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    /// A network by seed.
    struct Network {
        seed: u32,
        seconds: i64,
        /// Of a thousand packets.
        lost: u32,
        doubled: u32,
        /// Delay of each packet, evenly from 0 to this.
        jitter_ms: u32,
        /// Instead of single losses: so many in a row.
        burst: u32,
        /// The sender's clock is fast by so many millionths.
        fast_ppm: i64,
    }

    const GOOD: Network =
        Network { seed: 1, seconds: 60, lost: 0, doubled: 0, jitter_ms: 0, burst: 1, fast_ppm: 0 };

    /// What the listener got.
    struct Played {
        numbers: Vec<u64>,
        counts: Counts,
        depth_ms: Vec<u32>,
        sent: u64,
        silences: u64,
    }

    impl Network {
        /// Arrivals in their order: when, which.
        fn arrivals(&self) -> (Vec<(Timestamp, u64)>, u64) {
            let mut noise = Noise::new(self.seed);
            let mut arrivals = Vec::new();
            let interval_us = 20_000 - 20_000 * self.fast_ppm / 1_000_000;
            let count = (self.seconds * 1_000_000 / interval_us) as u64;
            let mut burst_left = 0;
            for number in 0..count {
                if burst_left == 0 && noise.next_u32() % 1_000 < self.lost / self.burst.max(1) {
                    burst_left = self.burst;
                }
                if burst_left > 0 {
                    burst_left -= 1;
                    continue;
                }
                let copies = 1 + u32::from(noise.next_u32() % 1_000 < self.doubled);
                for _ in 0..copies {
                    let late_us = i64::from(noise.next_u32() % (self.jitter_ms * 1_000 + 1));
                    let at = START.0 + number as i64 * interval_us + late_us;
                    arrivals.push((Timestamp(at), number));
                }
            }
            arrivals.sort_unstable();
            (arrivals, count)
        }

        fn play(&self) -> Played {
            let (arrivals, sent) = self.arrivals();
            let mut arrivals = arrivals.into_iter().peekable();
            let mut buffer = JitterBuffer::new(8_000);
            let (mut numbers, mut depth_ms, mut silences) = (Vec::new(), Vec::new(), 0);
            for frame in 0..self.seconds * 50 {
                let now = START.plus_millis(frame * 20);
                while let Some((at, number)) = arrivals.next_if(|(at, _)| *at <= now) {
                    let timestamp = (number * 160) as u32;
                    let packet = Waiting { payload_type: 8, timestamp, payload: vec![0; 160] };
                    buffer.insert(65_536 + number, packet, at);
                }
                match buffer.pull(now) {
                    Playout::Packet { packet, .. } => {
                        numbers.push(u64::from(packet.timestamp) / 160);
                    }
                    Playout::Conceal { length_ms } => assert_eq!(length_ms, 20),
                    Playout::Silence => silences += 1,
                }
                depth_ms.push(buffer.depth_ms());
            }
            Played { numbers, counts: buffer.counts(), depth_ms, sent, silences }
        }
    }

    impl Played {
        fn assert_in_order(&self) {
            assert!(self.numbers.windows(2).all(|pair| pair[0] < pair[1]), "order, each once");
        }

        fn mean_depth_ms(&self, from_frame: usize) -> f64 {
            let depths = &self.depth_ms[from_frame..];
            depths.iter().map(|depth| f64::from(*depth)).sum::<f64>() / depths.len() as f64
        }
    }

    #[test]
    fn a_good_network_costs_60_ms_and_nothing_is_concealed() {
        let played = GOOD.play();
        played.assert_in_order();
        assert_eq!((played.counts.concealed, played.counts.left_out, played.silences), (0, 0, 3));
        assert!((played.mean_depth_ms(100) - 60.0).abs() < 1.0, "{}", played.mean_depth_ms(100));
    }

    #[test]
    fn loss_is_concealed_one_for_one() {
        for burst in [1, 3] {
            let played = Network { lost: 50, burst, ..GOOD }.play();
            played.assert_in_order();
            let lost = played.sent - played.numbers.len() as u64 - 3;
            assert!(
                played.counts.concealed.abs_diff(lost) <= 2,
                "{} {lost}",
                played.counts.concealed
            );
            assert!(lost > 60, "{lost}: the network lost as it should");
            assert_eq!(played.counts.left_out, 0);
        }
    }

    #[test]
    fn jitter_reordering_and_duplicates_are_smoothed_away() {
        for seed in 1..=20 {
            let network = Network { seed, jitter_ms: 70, doubled: 50, ..GOOD };
            let played = network.play();
            played.assert_in_order();
            // After the first seconds of learning hardly anything is concealed.
            let share = played.counts.concealed as f64 / played.sent as f64;
            assert!(share < 0.01, "seed {seed}: {share}");
            let depth = played.mean_depth_ms(500);
            assert!((40.0..=140.0).contains(&depth), "seed {seed}: {depth} ms");
            let gone = played.sent - played.numbers.len() as u64;
            assert!(gone < played.sent / 100, "seed {seed}: {gone} of {}", played.sent);
        }
    }

    #[test]
    fn the_delay_never_exceeds_its_limit() {
        for seed in 1..=5 {
            let played = Network { seed, jitter_ms: 400, lost: 20, ..GOOD }.play();
            played.assert_in_order();
            let most = played.depth_ms.iter().max().copied().unwrap_or(0);
            assert!(most <= DELAY_MAX_MS, "{most} ms");
        }
    }

    #[test]
    fn clocks_that_drift_are_followed_for_a_quarter_of_an_hour() {
        for fast_ppm in [-300, 300] {
            let network = Network { fast_ppm, jitter_ms: 20, seconds: 900, ..GOOD };
            let played = network.play();
            played.assert_in_order();
            // 300 ppm of 45,000 packets are 13.5.
            let Counts { concealed, left_out, .. } = played.counts;
            let adjusted = if fast_ppm > 0 { left_out } else { concealed };
            assert!((11..=40).contains(&adjusted), "{fast_ppm}: {:?}", played.counts);
            let depth = played.mean_depth_ms(40_000);
            assert!((20.0..=120.0).contains(&depth), "{fast_ppm}: {depth} ms");
        }
    }

    #[test]
    fn the_delay_shrinks_when_the_network_calms_down() {
        let mut buffer = JitterBuffer::new(8_000);
        let packet = |number: i64| Waiting {
            payload_type: 8,
            timestamp: number as u32 * 160,
            payload: Vec::new(),
        };
        let mut depths = Vec::new();
        for frame in 0_i64..3_000 {
            let now = START.plus_millis(frame * 20);
            // Nothing for 120 ms in the first second, and then everything at once.
            let arriving = match frame {
                30..36 => 0..0,
                36 => 30..37,
                _ => frame..frame + 1,
            };
            for number in arriving {
                buffer.insert(1_000 + number as u64, packet(number), now);
            }
            buffer.pull(now);
            depths.push(buffer.depth_ms());
        }
        assert!(depths[40] >= 100, "grown: {} ms", depths[40]);
        assert!(depths[2_999] <= 60, "shrunk: {} ms", depths[2_999]);
    }

    #[test]
    fn a_pause_of_the_sender_begins_anew() {
        let mut buffer = JitterBuffer::new(8_000);
        let mut kinds = String::new();
        for frame in 0_i64..60 {
            let now = START.plus_millis(frame * 20);
            if !(20..40).contains(&frame) {
                let timestamp = frame as u32 * 160;
                // Silence suppression: the sequence goes on, the time jumps.
                let sequence = if frame < 20 { frame } else { frame - 20 };
                let packet = Waiting { payload_type: 8, timestamp, payload: Vec::new() };
                buffer.insert(1_000 + sequence as u64, packet, now);
            }
            kinds.push(match buffer.pull(now) {
                Playout::Packet { .. } => '#',
                Playout::Conceal { .. } => '~',
                Playout::Silence => '.',
            });
        }
        let expected =
            format!("...{}~~~~~~~~~~.......{}", "#".repeat(20), "...").to_owned() + &"#".repeat(17);
        assert_eq!(kinds, expected);
    }

    #[test]
    fn memory_is_bounded() {
        let mut buffer = JitterBuffer::new(8_000);
        for number in 0..10_000 {
            let packet = Waiting { payload_type: 8, timestamp: 0, payload: vec![0; 160] };
            buffer.insert(number, packet, START);
        }
        assert_eq!(buffer.packets.len(), PACKETS_MAX);
    }
}
