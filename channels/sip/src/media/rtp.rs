//! RTP packets. RFC 3550 §5.1, §5.3.1; RFC 3551 for the static payload types.
//!
//! Reading borrows from the datagram and never panics, whatever it holds. Writing always gives the
//! plain header of 12 bytes: sources, extensions and padding of others are not passed on.

/// Longest datagram that is looked at: an Ethernet frame; voice needs a fifth of it.
pub const DATAGRAM_MAX_BYTES: usize = 1_500;
/// The fixed header. RFC 3550 §5.1.
pub const HEADER_BYTES: usize = 12;
const VERSION: u8 = 2;
const CSRC_BYTES: usize = 4;
const EXTENSION_HEADER_BYTES: usize = 4;

/// The fields of a header that we write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// First packet of a talk spurt or of an event.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Counts packets, wraps.
    pub sequence: u16,
    /// In units of the clock rate of the payload type, wraps.
    pub timestamp: u32,
    /// Whose stream.
    pub ssrc: u32,
}

/// One packet as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What the fixed header says.
    pub header: Header,
    /// Contributing sources, 4 bytes each, at most 15.
    csrc: &'a [u8],
    /// The header extension, when there is one.
    pub extension: Option<Extension<'a>>,
    /// Without padding; may be empty (some senders keep a path open that way).
    pub payload: &'a [u8],
}

/// A header extension. RFC 3550 §5.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// What `data` is, by agreement of both sides.
    pub profile: u16,
    /// A multiple of 4 bytes.
    pub data: &'a [u8],
}

/// What a datagram on a media port is. RFC 7983 §7, RFC 5761 §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatagramKind {
    /// Audio or events.
    Rtp,
    /// Reports.
    Rtcp,
    /// A probe of the path (RFC 8489), not ours to answer on plain RTP.
    Stun,
    /// Nothing that belongs here.
    Other,
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Shorter than its own header says, or longer than any voice packet.
    #[error("RTP packet of {0} bytes: shorter than its header, or longer than 1,500")]
    Length(usize),
    /// Another version than 2.
    #[error("RTP version {0} is not 2")]
    Version(u8),
    /// More padding than payload, or none although announced.
    #[error("RTP padding of {0} bytes does not fit the packet")]
    Padding(u8),
}

/// Tells RTP from RTCP and from others by the first two bytes.
pub fn datagram_kind(datagram: &[u8]) -> DatagramKind {
    match datagram {
        [0..=3, ..] => DatagramKind::Stun,
        // Packet types 192 to 223 of RTCP are payload types 64 to 95 with a marker: RFC 5761 §4.
        [128..=191, 192..=223, ..] => DatagramKind::Rtcp,
        [128..=191, _, ..] => DatagramKind::Rtp,
        _ => DatagramKind::Other,
    }
}

impl<'a> Packet<'a> {
    /// Reads one datagram.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let length = datagram.len();
        let too_short = RtpError::Length(length);
        if length > DATAGRAM_MAX_BYTES {
            return Err(too_short);
        }
        let (fixed, rest) = datagram.split_at_checked(HEADER_BYTES).ok_or(too_short)?;
        let version = fixed[0] >> 6;
        if version != VERSION {
            return Err(RtpError::Version(version));
        }
        let csrc_bytes = usize::from(fixed[0] & 0x0F) * CSRC_BYTES;
        let (csrc, rest) = rest.split_at_checked(csrc_bytes).ok_or(too_short)?;
        let has_extension = fixed[0] & 0x10 != 0;
        let (extension, rest) = if has_extension {
            let (head, rest) = rest.split_at_checked(EXTENSION_HEADER_BYTES).ok_or(too_short)?;
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let (data, rest) = rest.split_at_checked(words * 4).ok_or(too_short)?;
            let profile = u16::from_be_bytes([head[0], head[1]]);
            (Some(Extension { profile, data }), rest)
        } else {
            (None, rest)
        };
        let has_padding = fixed[0] & 0x20 != 0;
        let payload = if has_padding { without_padding(rest)? } else { rest };
        let header = Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7F,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Ok(Self { header, csrc, extension, payload })
    }

    /// The contributing sources: who was mixed into this packet.
    pub fn csrcs(&self) -> impl Iterator<Item = u32> {
        self.csrc
            .chunks_exact(CSRC_BYTES)
            .map(|id| u32::from_be_bytes([id[0], id[1], id[2], id[3]]))
    }
}

fn without_padding(rest: &[u8]) -> Result<&[u8], RtpError> {
    let padding = rest.last().copied().unwrap_or(0);
    let length = rest.len().checked_sub(usize::from(padding));
    match length {
        Some(length) if padding > 0 => Ok(&rest[..length]),
        Some(_) | None => Err(RtpError::Padding(padding)),
    }
}

impl Header {
    /// The 12 bytes on the wire.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = VERSION << 6;
        bytes[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7F);
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }

    /// Appends a whole packet to `out`.
    pub fn write(self, payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
        out.extend_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        marker: true,
        payload_type: 8,
        sequence: 0xFFFE,
        timestamp: 0x0102_0304,
        ssrc: 0xCAFE_BABE,
    };

    #[test]
    fn what_is_written_is_read_again() {
        let mut bytes = Vec::new();
        HEADER.write(&[1, 2, 3], &mut bytes);
        assert_eq!(bytes[..4], [0x80, 0x88, 0xFF, 0xFE]);
        let packet = Packet::parse(&bytes).expect("a packet");
        assert_eq!((packet.header, packet.payload), (HEADER, &[1, 2, 3][..]));
        assert_eq!((packet.csrcs().count(), packet.extension), (0, None));
    }

    #[test]
    fn sources_extension_and_padding_are_taken_off() {
        let mut bytes = HEADER.to_bytes().to_vec();
        bytes[0] |= 0x20 | 0x10 | 2;
        bytes.extend([0, 0, 0, 7, 0, 0, 0, 9]);
        bytes.extend([0xBE, 0xDE, 0, 1, 0x10, 0x55, 0, 0]);
        bytes.extend([42, 43, 0, 0, 3]);
        let packet = Packet::parse(&bytes).expect("a packet");
        assert_eq!(packet.csrcs().collect::<Vec<_>>(), [7, 9]);
        let extension = Extension { profile: 0xBEDE, data: &[0x10, 0x55, 0, 0] };
        assert_eq!(packet.extension, Some(extension));
        assert_eq!(packet.payload, [42, 43]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let whole = HEADER.to_bytes();
        for length in 0..HEADER_BYTES {
            assert_eq!(Packet::parse(&whole[..length]), Err(RtpError::Length(length)));
        }
        let with = |first: u8, rest: &[u8]| {
            let mut bytes = whole.to_vec();
            bytes[0] = first;
            bytes.extend_from_slice(rest);
            bytes
        };
        assert_eq!(Packet::parse(&with(0x81, &[1, 2, 3])), Err(RtpError::Length(15)));
        assert_eq!(Packet::parse(&with(0x90, &[0, 0, 0])), Err(RtpError::Length(15)));
        assert_eq!(Packet::parse(&with(0x90, &[0, 0, 0xFF, 0xFF])), Err(RtpError::Length(16)));
        assert_eq!(Packet::parse(&with(0xA0, &[])), Err(RtpError::Padding(0)));
        assert_eq!(Packet::parse(&with(0xA0, &[9, 0])), Err(RtpError::Padding(0)));
        assert_eq!(Packet::parse(&with(0xA0, &[9, 3])), Err(RtpError::Padding(3)));
        assert_eq!(Packet::parse(&with(0x40, &[])), Err(RtpError::Version(1)));
        assert_eq!(Packet::parse(&with(0x80, &[0; 1_489])), Err(RtpError::Length(1_501)));
        assert!(Packet::parse(&with(0x80, &[0; 1_488])).is_ok());
    }

    #[test]
    fn reports_are_told_from_audio() {
        for (datagram, kind) in [
            (&[0x80, 0x00][..], DatagramKind::Rtp),
            (&[0x80, 0x88], DatagramKind::Rtp),
            (&[0x80, 0xE5], DatagramKind::Rtp),
            (&[0x81, 200], DatagramKind::Rtcp),
            (&[0x80, 203], DatagramKind::Rtcp),
            (&[0x00, 0x01], DatagramKind::Stun),
            (&[22, 254], DatagramKind::Other),
            (&[0x80], DatagramKind::Other),
            (&[], DatagramKind::Other),
        ] {
            assert_eq!(datagram_kind(datagram), kind, "{datagram:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_datagram_panics(
            datagram in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        ) {
            if let Ok(packet) = Packet::parse(&datagram) {
                proptest::prop_assert!(packet.payload.len() <= datagram.len() - HEADER_BYTES);
                proptest::prop_assert!(packet.csrcs().count() <= 15);
            }
        }
    }
}
