//! Keys as events in the RTP stream. RFC 4733 §2.
//!
//! Receiving: each key is told once, when its first packet comes, and again when it is released.
//! Packets of an event share its timestamp, so repetitions and late ones are recognised; if all
//! packets with the end bit are lost, silence ends the event ([`LOST_END_MS`]).
//! Sending: a packet every 20 ms while the key is down, the last one three times (§2.5.1.4).

use channel_contract::base::Timestamp;

/// Bytes of one event's payload.
pub const PAYLOAD_BYTES: usize = 4;
/// Without a packet for so long a key counts as released: three packets of the slowest usual
/// sender (50 ms).
pub const LOST_END_MS: i64 = 150;
/// Shortest and longest time a key is held by us. 40 ms is what ITU-T Q.24 makes others accept.
const HELD_MIN_MS: u32 = 60;
const HELD_MAX_MS: u32 = 6_000;
/// How often the packet with the end bit is sent. RFC 4733 §2.5.1.4.
const END_PACKETS: u8 = 3;
const END_BIT: u8 = 0x80;
/// In −dBm0: as loud as a phone. RFC 4733 §2.3.4.
const VOLUME: u8 = 10;
const UNITS_PER_MS: u32 = 8;
const FRAME_UNITS: u16 = 160;

/// A key of the keypad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

impl Digit {
    /// From `0`–`9`, `*`, `#`, `A`–`D` (small letters too).
    pub const fn from_char(key: char) -> Option<Self> {
        let code = match key {
            '0'..='9' => key as u8 - b'0',
            '*' => 10,
            '#' => 11,
            'A'..='D' => key as u8 - b'A' + 12,
            'a'..='d' => key as u8 - b'a' + 12,
            _ => return None,
        };
        Some(Self(code))
    }

    /// From the event code; those above 15 are no keys. RFC 4733 §3.2.
    pub const fn from_code(code: u8) -> Option<Self> {
        if code < 16 { Some(Self(code)) } else { None }
    }

    /// The event code.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The key as it is written.
    pub const fn as_char(self) -> char {
        b"0123456789*#ABCD"[self.0 as usize] as char
    }
}

/// What a keypad does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key went down.
    Pressed(Digit),
    /// It was released after so long.
    Released {
        /// Which.
        digit: Digit,
        /// Held, in milliseconds.
        held_ms: u32,
    },
}

/// What one packet can bring, in this order: the release of a key whose end was lost, a key, its
/// release.
pub type KeyEvents = [Option<KeyEvent>; 3];

/// Keys that come in on one leg.
#[derive(Clone, Debug, Default)]
pub struct KeyReceiver {
    current: Option<Held>,
    /// Timestamp of the last key that was released; older ones are repetitions.
    done: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    digit: Digit,
    timestamp: u32,
    /// Of earlier segments: an event longer than 65,535 units goes on under a new timestamp.
    units_before: u32,
    units: u16,
    heard_at: Timestamp,
}

impl Held {
    fn released(&self) -> KeyEvent {
        let units = self.units_before + u32::from(self.units);
        KeyEvent::Released { digit: self.digit, held_ms: units / UNITS_PER_MS }
    }
}

impl KeyReceiver {
    /// Reads one packet of the negotiated payload type (8 kHz). What is no key is skipped.
    pub fn packet(&mut self, timestamp: u32, payload: &[u8], now: Timestamp) -> KeyEvents {
        let Some((code, flags, units)) = read(payload) else { return [None; 3] };
        let Some(digit) = Digit::from_code(code) else { return [None; 3] };
        let is_end = flags & END_BIT != 0;
        if self.is_old(timestamp) {
            return [None; 3];
        }
        let mut events = [None; 3];
        match &mut self.current {
            Some(held) if held.timestamp == timestamp => {
                held.units = held.units.max(units);
                held.heard_at = now;
            }
            Some(held) if held.continues(digit, timestamp) => {
                held.units_before += u32::from(held.units);
                held.timestamp = timestamp;
                held.units = units;
                held.heard_at = now;
            }
            current => {
                events[0] = current.take().map(|held| held.released());
                *current = Some(Held { digit, timestamp, units_before: 0, units, heard_at: now });
                // A key of which only the end came still was pressed.
                events[1] = Some(KeyEvent::Pressed(digit));
            }
        }
        if is_end {
            self.done = Some(timestamp);
            events[2] = self.current.take().map(|held| held.released());
        }
        events
    }

    /// Ends a key whose end was lost. Call it every frame.
    pub fn tick(&mut self, now: Timestamp) -> Option<KeyEvent> {
        let held = self.current?;
        if now.millis_since(held.heard_at) < LOST_END_MS {
            return None;
        }
        self.current = None;
        self.done = Some(held.timestamp);
        Some(held.released())
    }

    /// Whether a key is down now.
    pub const fn is_held(&self) -> bool {
        self.current.is_some()
    }

    fn is_old(&self, timestamp: u32) -> bool {
        let is_before = |done: u32| (timestamp.wrapping_sub(done) as i32) <= 0;
        let before_current =
            self.current.is_some_and(|held| (timestamp.wrapping_sub(held.timestamp) as i32) < 0);
        self.done.is_some_and(is_before) || before_current
    }
}

impl Held {
    /// Whether a packet is the next segment of this key. RFC 4733 §2.5.1.3.
    fn continues(&self, digit: Digit, timestamp: u32) -> bool {
        self.digit == digit
            && self.units == u16::MAX
            && timestamp == self.timestamp.wrapping_add(u32::from(u16::MAX))
    }
}

fn read(payload: &[u8]) -> Option<(u8, u8, u16)> {
    match payload {
        // Some senders pack repetitions behind; the first four bytes are the event.
        [code, flags, high, low, ..] => Some((*code, *flags, u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// One key that we send.
#[derive(Clone, Debug)]
pub struct KeySender {
    digit: Digit,
    /// Units of the stream's clock since the key went down.
    units: u16,
    end_units: u16,
    ends_sent: u8,
}

/// One packet of a key that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPacket {
    /// The first one has the marker. Its timestamp is that of the key's start, as of all others.
    pub is_first: bool,
    /// Four bytes.
    pub payload: [u8; PAYLOAD_BYTES],
}

impl KeySender {
    /// Holds `digit` for `held_ms`, kept between 60 ms and 6 s.
    pub fn new(digit: Digit, held_ms: u32) -> Self {
        let held_ms = held_ms.clamp(HELD_MIN_MS, HELD_MAX_MS);
        Self { digit, units: 0, end_units: (held_ms * UNITS_PER_MS) as u16, ends_sent: 0 }
    }

    /// The packet of the next 20 ms; `None`: the key and its repetitions are done.
    pub fn next_packet(&mut self) -> Option<KeyPacket> {
        if self.ends_sent == END_PACKETS {
            return None;
        }
        let is_first = self.units == 0;
        self.units = self.units.saturating_add(FRAME_UNITS).min(self.end_units);
        let is_end = self.units == self.end_units;
        self.ends_sent += u8::from(is_end);
        let [high, low] = self.units.to_be_bytes();
        let flags = VOLUME | if is_end { END_BIT } else { 0 };
        Some(KeyPacket { is_first, payload: [self.digit.code(), flags, high, low] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    fn digit(key: char) -> Digit {
        Digit::from_char(key).expect("a key")
    }

    /// The packets of a key held for so long.
    fn packets(key: char, held_ms: u32) -> Vec<KeyPacket> {
        let mut sender = KeySender::new(digit(key), held_ms);
        std::iter::from_fn(|| sender.next_packet()).collect()
    }

    fn receive(receiver: &mut KeyReceiver, timestamp: u32, packets: &[KeyPacket]) -> Vec<KeyEvent> {
        let events = packets.iter().enumerate().flat_map(|(index, packet)| {
            let now = START.plus_millis(20 * index as i64);
            receiver.packet(timestamp, &packet.payload, now)
        });
        events.flatten().collect()
    }

    #[test]
    fn keys_have_the_codes_of_the_rfc() {
        for (code, key) in "0123456789*#ABCD".chars().enumerate() {
            assert_eq!((digit(key).code(), digit(key).as_char()), (code as u8, key));
        }
        assert_eq!((Digit::from_char('E'), Digit::from_code(16)), (None, None));
        assert_eq!(Digit::from_char('d'), Digit::from_char('D'));
    }

    #[test]
    fn a_key_is_sent_as_the_rfc_shows() {
        let packets = packets('#', 100);
        let bytes: Vec<_> = packets.iter().map(|packet| packet.payload).collect();
        assert_eq!(
            bytes,
            [
                [11, 10, 0, 160],
                [11, 10, 1, 64],
                [11, 10, 1, 224],
                [11, 10, 2, 128],
                [11, 0x8A, 3, 32],
                [11, 0x8A, 3, 32],
                [11, 0x8A, 3, 32],
            ]
        );
        assert!(packets[0].is_first && packets[1..].iter().all(|packet| !packet.is_first));
    }

    #[test]
    fn a_key_is_told_once_however_often_it_comes() {
        let pressed_and_released = |held_ms| {
            let five = digit('5');
            vec![KeyEvent::Pressed(five), KeyEvent::Released { digit: five, held_ms }]
        };
        let sent = packets('5', 100);
        let doubled: Vec<_> = sent.iter().flat_map(|packet| [*packet; 2]).collect();
        let last_alone = vec![sent[6]];
        let mut shuffled = sent.clone();
        shuffled.swap(0, 2);
        for (packets, what) in [
            (&sent, "whole"),
            (&doubled, "doubled"),
            (&last_alone, "its end"),
            (&shuffled, "mixed"),
        ] {
            let mut receiver = KeyReceiver::default();
            assert_eq!(receive(&mut receiver, 800, packets), pressed_and_released(100), "{what}");
            assert_eq!(receive(&mut receiver, 800, packets), [], "{what}, again");
            assert_eq!(receive(&mut receiver, 640, packets), [], "{what}, from before");
        }
    }

    #[test]
    fn the_same_key_twice_is_two_keys() {
        let mut receiver = KeyReceiver::default();
        assert_eq!(receive(&mut receiver, 800, &packets('1', 60)).len(), 2);
        assert_eq!(receive(&mut receiver, 2_400, &packets('1', 60)).len(), 2);
    }

    #[test]
    fn a_lost_end_is_found_by_silence_or_by_the_next_key() {
        let mut receiver = KeyReceiver::default();
        receive(&mut receiver, 800, &packets('1', 60)[..2]);
        let heard_at = START.plus_millis(20);
        assert!(receiver.is_held());
        assert_eq!(receiver.tick(heard_at.plus_millis(LOST_END_MS - 1)), None);
        let released = KeyEvent::Released { digit: digit('1'), held_ms: 40 };
        assert_eq!(receiver.tick(heard_at.plus_millis(LOST_END_MS)), Some(released));
        assert_eq!(receiver.tick(heard_at.plus_millis(LOST_END_MS + 20)), None);

        receive(&mut receiver, 4_000, &packets('1', 60)[..2]);
        let events = receive(&mut receiver, 8_000, &packets('2', 60)[..1]);
        assert_eq!(events, [released, KeyEvent::Pressed(digit('2'))]);
    }

    #[test]
    fn a_key_held_for_long_goes_on_under_a_new_timestamp() {
        let mut receiver = KeyReceiver::default();
        let first = receiver.packet(1_000, &[7, 10, 0xFF, 0xFF], START);
        assert_eq!(first, [None, Some(KeyEvent::Pressed(digit('7'))), None]);
        assert_eq!(receiver.packet(1_000 + 65_535, &[7, 10, 0, 160], START), [None; 3]);
        let last = receiver.packet(1_000 + 65_535, &[7, 0x8A, 0x40, 0x01], START);
        let held_ms = (65_535 + 16_385) / 8;
        assert_eq!(last, [None, None, Some(KeyEvent::Released { digit: digit('7'), held_ms })]);
    }

    #[test]
    fn what_is_no_key_is_skipped() {
        let mut receiver = KeyReceiver::default();
        for payload in [&[][..], &[5], &[5, 10, 0], &[16, 10, 0, 160], &[255; 4]] {
            assert_eq!(receiver.packet(800, payload, START), [None; 3], "{payload:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn presses_and_releases_alternate_whatever_comes(
            packets in proptest::collection::vec((0_u32..6, 0_u8..3, proptest::bool::ANY), 0..60),
        ) {
            let mut receiver = KeyReceiver::default();
            let mut down = None;
            for (timestamp, code, is_end) in packets {
                let flags = if is_end { 0x8A } else { 0x0A };
                let payload = [code, flags, 0, 160];
                let events = receiver.packet(timestamp * 160, &payload, START);
                for event in events.into_iter().flatten() {
                    match event {
                        KeyEvent::Pressed(digit) => {
                            proptest::prop_assert!(down.is_none());
                            down = Some(digit);
                        }
                        KeyEvent::Released { digit, .. } => {
                            proptest::prop_assert_eq!(down, Some(digit));
                            down = None;
                        }
                    }
                }
            }
        }
    }
}
