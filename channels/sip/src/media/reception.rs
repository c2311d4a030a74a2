//! What one leg receives: order, loss, jitter, and the report about it. RFC 3550 §A.1, §A.3, §A.8.
//!
//! 1. One stream (SSRC) at a time is listened to. Another takes over only with
//!    [`SWITCH_PACKETS`] packets in a row and none of the old one between them: two senders at
//!    once cannot make the call flutter.
//! 2. Sequence numbers are extended to 64 bits and never run backwards by a cycle: a jump too far
//!    is believed after two packets in a row, and counts as a new start.
//! 3. Loss is expected minus received, as the RFC defines it; duplicates can make it negative.

use channel_contract::base::Timestamp;

use super::rtcp::{ReportBlock, ntp_from_micros, ntp_middle};
use super::rtp::Header;

/// Packets of another stream in a row before it takes over.
pub const SWITCH_PACKETS: u32 = 3;
/// A step forward that still is loss: RFC 3550 §A.1 (`MAX_DROPOUT`), a minute of 20 ms packets.
const DROPOUT_MAX: u16 = 3_000;
/// A step backwards that still is reordering: RFC 3550 §A.1 (`MAX_MISORDER`).
const MISORDER_MAX: u16 = 100;
const CYCLE: u64 = 1 << 16;

/// Statistics of what comes in.
#[derive(Clone, Debug)]
pub struct Reception {
    clock_rate_hz: u32,
    stream: Option<Stream>,
    /// Another source that may be taking over, the sequence number it should send next, and how
    /// many of its packets have come in a row.
    rival: Option<(u32, u16, u32)>,
    /// Of the streams that came before.
    past: Totals,
}

#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    first: u64,
    highest: u64,
    /// After a jump: the number that would confirm it.
    jumped_to: Option<u16>,
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// Arrival minus timestamp of the last packet, in clock units.
    transit: Option<i64>,
    /// In 16ths of a clock unit: RFC 3550 §A.8.
    jitter_16ths: u32,
    /// Middle of the NTP time and arrival of the last sender report.
    sender_report: Option<(u32, Timestamp)>,
}

/// What the receiver should do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// A new stream begins: forget the old one's buffers. The number is the extended sequence.
    Start(u64),
    /// The next one, or one that fills a gap, or comes again.
    Continue(u64),
    /// From another source or far out of order: not to be played.
    Ignore,
}

/// Sums since the start of the leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets that the sequence numbers say were sent.
    pub expected: u64,
    /// Packets that came, duplicates included.
    pub received: u64,
}

impl Totals {
    /// Packets that did not come.
    pub const fn lost(self) -> u64 {
        self.expected.saturating_sub(self.received)
    }

    /// Share of packets that did not come, 0 to 1.
    pub fn loss(self) -> f32 {
        if self.expected == 0 { 0.0 } else { self.lost() as f32 / self.expected as f32 }
    }
}

impl Reception {
    /// `clock_rate_hz` of the payload type's timestamps (8,000 for G.711 and, by RFC 3551 §4.5.2,
    /// for G.722 too).
    pub const fn new(clock_rate_hz: u32) -> Self {
        let past = Totals { expected: 0, received: 0 };
        Self { clock_rate_hz, stream: None, rival: None, past }
    }

    /// Takes one packet into account.
    pub fn packet(&mut self, header: &Header, now: Timestamp) -> Placed {
        let is_ours = self.stream.as_ref().is_some_and(|stream| stream.ssrc == header.ssrc);
        if !is_ours && !self.takes_over(header) {
            return Placed::Ignore;
        }
        self.rival = None;
        if !is_ours {
            self.close_stream();
        }
        let clock_rate_hz = self.clock_rate_hz;
        let stream = self.stream.get_or_insert_with(|| Stream::new(header));
        let placed = if is_ours {
            stream.place(header.sequence)
        } else {
            stream.received = 1;
            Placed::Start(stream.first)
        };
        if let Placed::Start(number) = placed
            && is_ours
        {
            let report = stream.sender_report;
            self.close_stream();
            let restarted = Stream { received: 1, sender_report: report, ..Stream::new(header) };
            self.stream = Some(restarted);
            return Placed::Start(number);
        }
        if placed != Placed::Ignore {
            stream.note_jitter(header.timestamp, clock_rate_hz, now);
        }
        placed
    }

    fn takes_over(&mut self, header: &Header) -> bool {
        if self.stream.is_none() {
            return true;
        }
        let in_a_row = match self.rival {
            Some((ssrc, next, count)) if ssrc == header.ssrc && next == header.sequence => {
                count + 1
            }
            Some(_) | None => 1,
        };
        self.rival = Some((header.ssrc, header.sequence.wrapping_add(1), in_a_row));
        in_a_row >= SWITCH_PACKETS
    }

    fn close_stream(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.past.expected += stream.expected();
            self.past.received += stream.received;
        }
    }

    /// Whose stream is listened to.
    pub fn ssrc(&self) -> Option<u32> {
        self.stream.as_ref().map(|stream| stream.ssrc)
    }

    /// Notes a sender report about the stream, for the round trip that the other side measures.
    pub fn sender_report(&mut self, ssrc: u32, ntp: u64, now: Timestamp) {
        if let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == ssrc) {
            stream.sender_report = Some((ntp_middle(ntp), now));
        }
    }

    /// The block for our next report. RFC 3550 §A.3.
    pub fn report(&mut self, now: Timestamp) -> Option<ReportBlock> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected();
        let expected_since = expected - stream.expected_before;
        let received_since = stream.received - stream.received_before;
        stream.expected_before = expected;
        stream.received_before = stream.received;
        let lost_since = expected_since.saturating_sub(received_since);
        let fraction = (lost_since * 256).checked_div(expected_since).unwrap_or(0).min(255);
        let (last_sender_report, delay_since_last) =
            stream.sender_report.map_or((0, 0), |(middle, at)| {
                let micros = u64::try_from(now.as_micros() - at.as_micros()).unwrap_or(0);
                (middle, (micros * 65_536 / 1_000_000) as u32)
            });
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: fraction as u8,
            cumulative_lost: (expected as i64 - stream.received as i64) as i32,
            highest_sequence: stream.highest as u32,
            jitter: stream.jitter_16ths >> 4,
            last_sender_report,
            delay_since_last,
        })
    }

    /// Sums over all streams of the leg.
    pub fn totals(&self) -> Totals {
        let (expected, received) =
            self.stream.as_ref().map_or((0, 0), |stream| (stream.expected(), stream.received));
        Totals { expected: self.past.expected + expected, received: self.past.received + received }
    }

    /// Mean deviation of arrivals in milliseconds, of the current stream.
    pub fn jitter_ms(&self) -> f32 {
        let sixteenths = self.stream.as_ref().map_or(0, |stream| stream.jitter_16ths);
        sixteenths as f32 / 16.0 * 1_000.0 / self.clock_rate_hz as f32
    }

    /// The NTP time of `now`, as our sender reports write it.
    pub fn ntp(now: Timestamp) -> u64 {
        ntp_from_micros(now.as_micros())
    }
}

impl Stream {
    fn new(header: &Header) -> Self {
        // One cycle up, so that a packet from before the first has a number too.
        let first = CYCLE + u64::from(header.sequence);
        Self {
            ssrc: header.ssrc,
            first,
            highest: first,
            jumped_to: None,
            received: 0,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter_16ths: 0,
            sender_report: None,
        }
    }

    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn place(&mut self, sequence: u16) -> Placed {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let behind = (self.highest as u16).wrapping_sub(sequence);
        if ahead < DROPOUT_MAX {
            self.highest += u64::from(ahead);
            self.jumped_to = None;
            self.received += 1;
            return Placed::Continue(self.highest);
        }
        if behind <= MISORDER_MAX {
            self.received += 1;
            return Placed::Continue(self.highest - u64::from(behind));
        }
        if self.jumped_to == Some(sequence) {
            return Placed::Start(CYCLE + u64::from(sequence));
        }
        self.jumped_to = Some(sequence.wrapping_add(1));
        Placed::Ignore
    }

    fn note_jitter(&mut self, timestamp: u32, clock_rate_hz: u32, now: Timestamp) {
        let transit = clock_units(now, clock_rate_hz) - i64::from(timestamp);
        if let Some(before) = self.transit {
            // Over 32 bits, for the timestamp wraps.
            let deviation = i64::from((transit - before) as i32).unsigned_abs();
            // A pause of the sender without a step of the timestamp is no jitter.
            let deviation = deviation.min(u64::from(clock_rate_hz)) as u32;
            self.jitter_16ths += deviation;
            self.jitter_16ths -= (self.jitter_16ths - deviation + 8) >> 4;
        }
        self.transit = Some(transit);
    }
}

/// A moment in units of a stream's clock.
fn clock_units(at: Timestamp, clock_rate_hz: u32) -> i64 {
    let rate = i64::from(clock_rate_hz);
    let micros = at.as_micros();
    micros.div_euclid(1_000_000) * rate + micros.rem_euclid(1_000_000) * rate / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    fn header(ssrc: u32, sequence: u16) -> Header {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        Header { marker: false, payload_type: 8, sequence, timestamp, ssrc }
    }

    /// Sends the numbers of one stream 20 ms apart and tells where each was placed.
    fn place(reception: &mut Reception, numbers: &[u16]) -> Vec<Placed> {
        let at = |index: usize| START.plus_millis(20 * index as i64);
        numbers
            .iter()
            .enumerate()
            .map(|(index, number)| reception.packet(&header(1, *number), at(index)))
            .collect()
    }

    #[test]
    fn numbers_run_on_when_sixteen_bits_wrap() {
        let mut reception = Reception::new(8_000);
        let placed = place(&mut reception, &[65_534, 65_535, 0, 2, 1]);
        let first = 65_536 + 65_534;
        assert_eq!(
            placed,
            [
                Placed::Start(first),
                Placed::Continue(first + 1),
                Placed::Continue(first + 2),
                Placed::Continue(first + 4),
                Placed::Continue(first + 3),
            ]
        );
        assert_eq!(reception.totals(), Totals { expected: 5, received: 5 });
        let report = reception.report(START).expect("a report");
        assert_eq!(report.highest_sequence, 0x0002_0002);
    }

    #[test]
    fn loss_is_what_was_expected_and_did_not_come() {
        let mut reception = Reception::new(8_000);
        place(&mut reception, &[10, 11, 13, 17]);
        let report = reception.report(START).expect("a report");
        assert_eq!((report.fraction_lost, report.cumulative_lost), (128, 4));
        place(&mut reception, &[18, 19]);
        let report = reception.report(START).expect("a report");
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, 4));
        // Duplicates make up for it, by the definition of the RFC, down to below zero.
        place(&mut reception, &[19; 6]);
        assert_eq!(reception.report(START).expect("a report").cumulative_lost, -2);
        assert_eq!(reception.totals().lost(), 0);
    }

    #[test]
    fn jitter_follows_the_formula() {
        let mut reception = Reception::new(8_000);
        let mut jitter = 0.0_f64;
        for number in 0_u16..200 {
            // Every other packet 10 ms late: a deviation of 80 units each time.
            let late_ms = if number % 2 == 0 { 0 } else { 10 };
            let now = START.plus_millis(i64::from(number) * 20 + late_ms);
            reception.packet(&header(1, number), now);
            if number > 0 {
                jitter += (80.0 - jitter) / 16.0;
            }
        }
        let ours = f64::from(reception.jitter_ms());
        assert!((ours - jitter / 8.0).abs() < 0.2, "{ours} ms, by the formula {}", jitter / 8.0);
    }

    #[test]
    fn another_stream_takes_over_only_alone_and_in_a_row() {
        let mut reception = Reception::new(8_000);
        place(&mut reception, &[1, 2, 3]);
        for number in 0..20 {
            // Both at once: the one that was first stays.
            assert_eq!(reception.packet(&header(2, 500 + number), START), Placed::Ignore);
            let own = reception.packet(&header(1, 4 + number), START);
            assert!(matches!(own, Placed::Continue(_)));
        }
        let placed: Vec<_> =
            (600..604).map(|number| reception.packet(&header(2, number), START)).collect();
        assert_eq!(placed[..2], [Placed::Ignore; 2]);
        assert!(matches!(placed[2], Placed::Start(_)) && matches!(placed[3], Placed::Continue(_)));
        assert_eq!(reception.ssrc(), Some(2));
        assert_eq!(reception.totals(), Totals { expected: 25, received: 25 });
    }

    #[test]
    fn a_jump_is_believed_when_the_next_packet_confirms_it() {
        let mut reception = Reception::new(8_000);
        let placed = place(&mut reception, &[1, 2, 40_000, 3, 40_000, 40_001, 40_002]);
        assert_eq!(placed[2], Placed::Ignore);
        assert!(matches!(placed[3], Placed::Continue(_)));
        assert_eq!(placed[4], Placed::Ignore);
        assert!(matches!(placed[5], Placed::Start(_)));
        assert_eq!(reception.totals(), Totals { expected: 5, received: 5 });
    }

    #[test]
    fn the_delay_since_the_senders_report_is_told() {
        let mut reception = Reception::new(8_000);
        place(&mut reception, &[1]);
        reception.sender_report(1, 0x0000_1234_5678_0000, START);
        reception.sender_report(99, 0, START);
        let report = reception.report(START.plus_millis(1_500)).expect("a report");
        assert_eq!((report.last_sender_report, report.delay_since_last), (0x1234_5678, 98_304));
    }
}
