//! The stream that we send to one leg: one SSRC, one sequence, one clock, whatever is put into it
//! (our own frames, packets of another leg passed on, keys).

use super::rtcp::SenderInfo;
use super::rtp::Header;
use super::telephone_event::{Digit, KeySender};

/// What chance gives a stream: RFC 3550 §5.1 wants all three unpredictable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSeed {
    /// Its name.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
}

/// One stream that we send.
#[derive(Clone, Debug)]
pub struct StreamSender {
    ssrc: u32,
    next_sequence: u16,
    next_timestamp: u32,
    /// The next packet begins something new for the listener.
    marker: bool,
    /// Whose packets are passed on, and what is added to their sequence and timestamp.
    passing: Option<(u32, u16, u32)>,
    key: Option<(KeySender, u32)>,
    packets: u32,
    octets: u32,
}

impl StreamSender {
    /// Before its first packet.
    pub const fn new(seed: StreamSeed) -> Self {
        Self {
            ssrc: seed.ssrc,
            next_sequence: seed.sequence,
            next_timestamp: seed.timestamp,
            marker: true,
            passing: None,
            key: None,
            packets: 0,
            octets: 0,
        }
    }

    /// Its name.
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Sends a frame of our own, `units` of the clock long.
    pub fn send(&mut self, payload_type: u8, payload: &[u8], units: u32, out: &mut Vec<u8>) {
        // What was passed on ends here: the next one to be passed on is placed anew.
        self.marker |= self.passing.take().is_some();
        let header = Header {
            marker: std::mem::take(&mut self.marker),
            payload_type,
            sequence: self.next_sequence,
            timestamp: self.next_timestamp,
            ssrc: self.ssrc,
        };
        self.next_timestamp = self.next_timestamp.wrapping_add(units);
        self.write(header, payload, out);
    }

    /// Passes a packet of another leg on: order, gaps and times stay as they came.
    pub fn pass(
        &mut self,
        theirs: &Header,
        payload_type: u8,
        payload: &[u8],
        units: u32,
        out: &mut Vec<u8>,
    ) {
        let (sequence, timestamp) = match self.passing {
            Some((ssrc, sequence, timestamp)) if ssrc == theirs.ssrc => (sequence, timestamp),
            Some(_) | None => {
                self.marker = true;
                let sequence = self.next_sequence.wrapping_sub(theirs.sequence);
                let timestamp = self.next_timestamp.wrapping_sub(theirs.timestamp);
                self.passing = Some((theirs.ssrc, sequence, timestamp));
                (sequence, timestamp)
            }
        };
        let header = Header {
            marker: std::mem::take(&mut self.marker) || theirs.marker,
            payload_type,
            sequence: theirs.sequence.wrapping_add(sequence),
            timestamp: theirs.timestamp.wrapping_add(timestamp),
            ssrc: self.ssrc,
        };
        let end = header.timestamp.wrapping_add(units);
        if (end.wrapping_sub(self.next_timestamp) as i32) > 0 {
            self.next_timestamp = end;
        }
        self.write(header, payload, out);
    }

    fn write(&mut self, header: Header, payload: &[u8], out: &mut Vec<u8>) {
        header.write(payload, out);
        let after = header.sequence.wrapping_add(1);
        if (after.wrapping_sub(self.next_sequence) as i16) > 0 {
            self.next_sequence = after;
        }
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload.len() as u32);
    }

    /// Begins to hold a key; one that is held already goes on.
    pub fn press(&mut self, digit: Digit, held_ms: u32) {
        if self.key.is_none() {
            self.key = Some((KeySender::new(digit, held_ms), self.next_timestamp));
        }
    }

    /// Whether a key is being sent.
    pub const fn is_pressing(&self) -> bool {
        self.key.is_some()
    }

    /// Sends the key's packet in place of a frame; `false`: there is no key.
    pub fn send_key(&mut self, payload_type: u8, units: u32, out: &mut Vec<u8>) -> bool {
        let Some((key, timestamp)) = &mut self.key else { return false };
        let Some(packet) = key.next_packet() else {
            self.key = None;
            self.marker = true;
            return false;
        };
        self.passing = None;
        let header = Header {
            marker: packet.is_first,
            payload_type,
            sequence: self.next_sequence,
            timestamp: *timestamp,
            ssrc: self.ssrc,
        };
        self.next_timestamp = self.next_timestamp.wrapping_add(units);
        self.write(header, &packet.payload, out);
        true
    }

    /// What a sender report says; `None`: nothing was sent yet.
    pub fn info(&self, ntp: u64) -> Option<SenderInfo> {
        (self.packets > 0).then_some(SenderInfo {
            ntp,
            rtp_timestamp: self.next_timestamp,
            packets: self.packets,
            octets: self.octets,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::rtp::Packet;

    const SEED: StreamSeed = StreamSeed { ssrc: 7, sequence: 65_535, timestamp: u32::MAX - 79 };

    fn header(bytes: &[u8]) -> Header {
        Packet::parse(bytes).expect("a packet").header
    }

    fn theirs(ssrc: u32, sequence: u16) -> Header {
        let timestamp = u32::from(sequence) * 160;
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc }
    }

    #[test]
    fn one_stream_runs_on_through_all_sources() {
        let mut sender = StreamSender::new(SEED);
        let mut seen = Vec::new();
        let mut note = |bytes: &mut Vec<u8>| {
            let header = header(bytes);
            bytes.clear();
            assert_eq!(header.ssrc, 7);
            let since = header.timestamp.wrapping_sub(SEED.timestamp);
            seen.push((header.sequence, since, header.marker));
        };
        let mut bytes = Vec::new();
        sender.send(8, &[0; 160], 160, &mut bytes);
        note(&mut bytes);
        // Two are passed on in the wrong order, with one missing.
        for number in [500, 503, 501] {
            sender.pass(&theirs(1, number), 8, &[0; 160], 160, &mut bytes);
            note(&mut bytes);
        }
        sender.pass(&theirs(2, 9), 8, &[0; 160], 160, &mut bytes);
        note(&mut bytes);
        sender.send(8, &[0; 160], 160, &mut bytes);
        note(&mut bytes);
        assert_eq!(
            seen,
            [
                (65_535, 0, true),
                (0, 160, true),
                (3, 640, false),
                (1, 320, false),
                (4, 800, true),
                (5, 960, true),
            ]
        );
        assert_eq!(sender.info(1).map(|info| (info.packets, info.octets)), Some((6, 960)));
    }

    #[test]
    fn a_key_takes_the_place_of_frames_and_keeps_its_timestamp() {
        let mut sender = StreamSender::new(SEED);
        sender.press(Digit::from_char('9').expect("a key"), 60);
        let mut bytes = Vec::new();
        let mut headers = Vec::new();
        while sender.send_key(101, 160, &mut bytes) {
            headers.push(header(&bytes));
            bytes.clear();
        }
        assert_eq!(headers.len(), 5);
        assert!(headers.iter().all(|header| header.timestamp == SEED.timestamp));
        assert!(headers[0].marker && !headers[1].marker && !sender.is_pressing());
        sender.send(8, &[0; 160], 160, &mut bytes);
        assert_eq!(header(&bytes).timestamp, SEED.timestamp.wrapping_add(5 * 160));
    }
}
