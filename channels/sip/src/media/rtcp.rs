//! RTCP: reports about RTP streams. RFC 3550 §6.
//!
//! A datagram is a *compound* packet: it begins with a sender or receiver report, and its lengths
//! add up exactly (RFC 3550 §A.2); anything else is refused as a whole. Types that we have no use
//! for (APP, feedback, extended reports) are skipped.

/// Packets in one datagram that are looked at: two reports, descriptions and a goodbye are usual.
const PACKETS_MAX: usize = 16;
const VERSION: u8 = 2;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// SDES item: the canonical name. RFC 3550 §6.5.1.
const CNAME: u8 = 1;
const REPORT_BLOCK_BYTES: usize = 24;
const SENDER_INFO_BYTES: usize = 20;
/// Longest text that the length byte of an item can announce.
const TEXT_MAX_BYTES: usize = 255;
/// Blocks and sources are counted by five bits.
const COUNT_MAX: usize = 31;
/// Seconds from 1900 (NTP) to 1970. RFC 5905 §6.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// One packet of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RtcpPacket {
    /// From one who sends: RFC 3550 §6.4.1.
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// What it sent.
        info: SenderInfo,
        /// What it received.
        blocks: Vec<ReportBlock>,
    },
    /// From one who does not send: RFC 3550 §6.4.2.
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// What it received.
        blocks: Vec<ReportBlock>,
    },
    /// The canonical names of sources: RFC 3550 §6.5.
    SourceDescription(Vec<(u32, String)>),
    /// Sources that end: RFC 3550 §6.6.
    Goodbye(Vec<u32>),
}

/// What a sender says of its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// When it was said: seconds since 1900 in the upper, their fraction in the lower half.
    pub ntp: u64,
    /// The same moment in units of the stream.
    pub rtp_timestamp: u32,
    /// Packets since the start, wraps.
    pub packets: u32,
    /// Bytes of payload since the start, wraps.
    pub octets: u32,
}

/// What a receiver says of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose stream.
    pub ssrc: u32,
    /// Lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Lost since the start; negative when packets came twice. 24 bits on the wire.
    pub cumulative_lost: i32,
    /// Highest sequence number with its cycles above.
    pub highest_sequence: u32,
    /// Mean deviation of arrival, in units of the stream.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's time; 0: none came.
    pub last_sender_report: u32,
    /// From that report to this one, in 65,536ths of a second.
    pub delay_since_last: u32,
}

/// Why a datagram is no compound of RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// Lengths, version or first packet do not fit RFC 3550 §A.2.
    #[error("not a compound RTCP packet: {0}")]
    Form(&'static str),
    /// More packets than anybody needs.
    #[error("more than 16 RTCP packets in one datagram")]
    TooMany,
}

/// Reads one datagram.
pub fn parse(datagram: &[u8]) -> Result<Vec<RtcpPacket>, RtcpError> {
    let mut packets = Vec::new();
    let mut rest = datagram;
    let mut count = 0;
    while !rest.is_empty() {
        if count == PACKETS_MAX {
            return Err(RtcpError::TooMany);
        }
        let Split { head, body, behind } = split_packet(rest)?;
        let is_report = matches!(head[1], SENDER_REPORT | RECEIVER_REPORT);
        if count == 0 && !is_report {
            return Err(RtcpError::Form("the first packet is no report"));
        }
        packets.extend(parse_packet(head, body)?);
        rest = behind;
        count += 1;
    }
    if count == 0 { Err(RtcpError::Form("empty")) } else { Ok(packets) }
}

struct Split<'a> {
    /// 4 bytes.
    head: &'a [u8],
    /// Without padding.
    body: &'a [u8],
    /// The packets that follow.
    behind: &'a [u8],
}

/// Takes the first packet off.
fn split_packet(rest: &[u8]) -> Result<Split<'_>, RtcpError> {
    let too_short = RtcpError::Form("shorter than its length says");
    let (head, after) = rest.split_at_checked(4).ok_or(too_short)?;
    if head[0] >> 6 != VERSION {
        return Err(RtcpError::Form("the version is not 2"));
    }
    let bytes = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
    let (body, behind) = after.split_at_checked(bytes).ok_or(too_short)?;
    if head[0] & 0x20 == 0 {
        return Ok(Split { head, body, behind });
    }
    let padding = usize::from(body.last().copied().unwrap_or(0));
    if !behind.is_empty() || padding == 0 || padding > body.len() {
        return Err(RtcpError::Form("padding that does not fit"));
    }
    Ok(Split { head, body: &body[..body.len() - padding], behind })
}

fn parse_packet(head: &[u8], body: &[u8]) -> Result<Option<RtcpPacket>, RtcpError> {
    let too_short = RtcpError::Form("fewer bytes than its count says");
    let count = usize::from(head[0] & 0x1F);
    let packet = match head[1] {
        SENDER_REPORT => {
            let (own, rest) = body.split_at_checked(4 + SENDER_INFO_BYTES).ok_or(too_short)?;
            let info = SenderInfo {
                ntp: (u64::from(word(own, 1)) << 32) | u64::from(word(own, 2)),
                rtp_timestamp: word(own, 3),
                packets: word(own, 4),
                octets: word(own, 5),
            };
            let blocks = parse_blocks(rest, count).ok_or(too_short)?;
            RtcpPacket::SenderReport { ssrc: word(own, 0), info, blocks }
        }
        RECEIVER_REPORT => {
            let (own, rest) = body.split_at_checked(4).ok_or(too_short)?;
            let blocks = parse_blocks(rest, count).ok_or(too_short)?;
            RtcpPacket::ReceiverReport { ssrc: word(own, 0), blocks }
        }
        SOURCE_DESCRIPTION => {
            RtcpPacket::SourceDescription(parse_chunks(body, count).ok_or(too_short)?)
        }
        GOODBYE => {
            let sources = body.get(..count * 4).ok_or(too_short)?;
            RtcpPacket::Goodbye((0..count).map(|index| word(sources, index)).collect())
        }
        _ => return Ok(None),
    };
    Ok(Some(packet))
}

/// The 32-bit number at word `index`; the caller has checked the length.
fn word(bytes: &[u8], index: usize) -> u32 {
    bytes[index * 4..].iter().take(4).fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

fn parse_blocks(bytes: &[u8], count: usize) -> Option<Vec<ReportBlock>> {
    let blocks = bytes.get(..count * REPORT_BLOCK_BYTES)?;
    let read = |block: &[u8]| ReportBlock {
        ssrc: word(block, 0),
        fraction_lost: block[4],
        // The sign is bit 23.
        cumulative_lost: ((word(block, 1) << 8) as i32) >> 8,
        highest_sequence: word(block, 2),
        jitter: word(block, 3),
        last_sender_report: word(block, 4),
        delay_since_last: word(block, 5),
    };
    Some(blocks.chunks_exact(REPORT_BLOCK_BYTES).map(read).collect())
}

/// Chunks of sources with their items; each chunk ends with a zero and is filled up to a word.
fn parse_chunks(body: &[u8], count: usize) -> Option<Vec<(u32, String)>> {
    let mut names = Vec::new();
    let mut at = 0;
    for _ in 0..count {
        let ssrc = word(body.get(at..at + 4)?, 0);
        at += 4;
        let mut name = String::new();
        loop {
            let kind = *body.get(at)?;
            if kind == 0 {
                break;
            }
            let length = usize::from(*body.get(at + 1)?);
            let text = body.get(at + 2..at + 2 + length)?;
            if kind == CNAME {
                name = String::from_utf8_lossy(text).into_owned();
            }
            at += 2 + length;
        }
        at = (at / 4 + 1) * 4;
        names.push((ssrc, name));
    }
    Some(names)
}

/// Writes a compound: `packets` should begin with a report.
pub fn write(packets: &[RtcpPacket], out: &mut Vec<u8>) {
    for packet in packets {
        let start = out.len();
        out.extend([0; 4]);
        let (kind, count) = write_body(packet, out);
        while !(out.len() - start).is_multiple_of(4) {
            out.push(0);
        }
        let words = ((out.len() - start) / 4 - 1) as u16;
        out[start] = (VERSION << 6) | count as u8;
        out[start + 1] = kind;
        out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    }
}

/// The packet type and the number that its header counts.
fn write_body(packet: &RtcpPacket, out: &mut Vec<u8>) -> (u8, usize) {
    match packet {
        RtcpPacket::SenderReport { ssrc, info, blocks } => {
            out.extend(ssrc.to_be_bytes());
            out.extend(info.ntp.to_be_bytes());
            out.extend(info.rtp_timestamp.to_be_bytes());
            out.extend(info.packets.to_be_bytes());
            out.extend(info.octets.to_be_bytes());
            (SENDER_REPORT, write_blocks(blocks, out))
        }
        RtcpPacket::ReceiverReport { ssrc, blocks } => {
            out.extend(ssrc.to_be_bytes());
            (RECEIVER_REPORT, write_blocks(blocks, out))
        }
        RtcpPacket::SourceDescription(names) => {
            let names = &names[..names.len().min(COUNT_MAX)];
            for (ssrc, name) in names {
                out.extend(ssrc.to_be_bytes());
                let text = &name.as_bytes()[..name.len().min(TEXT_MAX_BYTES)];
                out.extend([CNAME, text.len() as u8]);
                out.extend_from_slice(text);
                // At least one zero ends the items.
                let filling = 4 - (2 + text.len()) % 4;
                out.extend(std::iter::repeat_n(0, filling));
            }
            (SOURCE_DESCRIPTION, names.len())
        }
        RtcpPacket::Goodbye(sources) => {
            let sources = &sources[..sources.len().min(COUNT_MAX)];
            out.extend(sources.iter().flat_map(|ssrc| ssrc.to_be_bytes()));
            (GOODBYE, sources.len())
        }
    }
}

fn write_blocks(blocks: &[ReportBlock], out: &mut Vec<u8>) -> usize {
    let blocks = &blocks[..blocks.len().min(COUNT_MAX)];
    for block in blocks {
        out.extend(block.ssrc.to_be_bytes());
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
        out.extend(((u32::from(block.fraction_lost) << 24) | lost).to_be_bytes());
        out.extend(block.highest_sequence.to_be_bytes());
        out.extend(block.jitter.to_be_bytes());
        out.extend(block.last_sender_report.to_be_bytes());
        out.extend(block.delay_since_last.to_be_bytes());
    }
    blocks.len()
}

/// A moment as NTP writes it, from microseconds since 1970.
pub fn ntp_from_micros(unix_us: i64) -> u64 {
    let unix_us = u64::try_from(unix_us).unwrap_or(0);
    let seconds = unix_us / 1_000_000 + NTP_TO_UNIX_S;
    let fraction = ((unix_us % 1_000_000) << 32) / 1_000_000;
    (seconds << 32) | fraction
}

/// The middle 32 bits, by which reports refer to a moment: 65,536ths of a second.
pub const fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Round trip in milliseconds, from a block about our stream that came at `now_ntp`. RFC 3550
/// §6.4.1, figure 2. `None`: the other side has no report of ours yet, or its figures are wrong.
pub fn round_trip_ms(block: &ReportBlock, now_ntp: u64) -> Option<f32> {
    if block.last_sender_report == 0 {
        return None;
    }
    let units = ntp_middle(now_ntp)
        .wrapping_sub(block.last_sender_report)
        .wrapping_sub(block.delay_since_last) as i32;
    // More than a minute is no round trip but a wrong clock.
    (0..60 * 65_536).contains(&units).then(|| units as f32 * 1_000.0 / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> ReportBlock {
        ReportBlock {
            ssrc: 7,
            fraction_lost: 26,
            cumulative_lost: -3,
            highest_sequence: 0x0001_0002,
            jitter: 80,
            last_sender_report: 0xB705_2000,
            delay_since_last: 0x0005_4000,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let info = SenderInfo { ntp: 1 << 40, rtp_timestamp: 2, packets: 3, octets: 4 };
        let packets = vec![
            RtcpPacket::SenderReport { ssrc: 1, info, blocks: vec![block(); 2] },
            RtcpPacket::ReceiverReport { ssrc: 2, blocks: vec![block()] },
            RtcpPacket::SourceDescription(vec![
                (1, "a".to_owned()),
                (2, "four".to_owned()),
                (3, String::new()),
                (4, "ab".to_owned()),
            ]),
            RtcpPacket::Goodbye(vec![1, 2, 3]),
        ];
        let mut bytes = Vec::new();
        write(&packets, &mut bytes);
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(parse(&bytes), Ok(packets));
    }

    #[test]
    fn the_round_trip_of_the_rfc_is_found() {
        // RFC 3550 §6.4.1, figure 2: A = b710:8000, LSR = b705:2000, DLSR = 5.250 s → 6.125 s.
        let now = 0xB44D_B710_8000_0000_u64;
        assert_eq!(round_trip_ms(&block(), now), Some(6_125.0));
        let without = ReportBlock { last_sender_report: 0, ..block() };
        assert_eq!(round_trip_ms(&without, now), None);
        let liar = ReportBlock { delay_since_last: 0x0FFF_0000, ..block() };
        assert_eq!(round_trip_ms(&liar, now), None);
    }

    #[test]
    fn moments_are_written_as_ntp_does() {
        // RFC 5905 §6: 1970-01-01 is 2,208,988,800 s.
        assert_eq!(ntp_from_micros(500_000), (2_208_988_800 << 32) | (1 << 31));
        assert_eq!(ntp_middle(ntp_from_micros(500_000)), (0x7E80 << 16) | 0x8000);
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        let mut report = Vec::new();
        write(&[RtcpPacket::ReceiverReport { ssrc: 2, blocks: vec![block()] }], &mut report);
        assert!(parse(&report).is_ok());
        let cut = &report[..report.len() - 1];
        assert!(matches!(parse(cut), Err(RtcpError::Form(_))));
        let mut count = report.clone();
        count[0] |= 0x1F;
        assert!(matches!(parse(&count), Err(RtcpError::Form(_))));
        let mut version = report.clone();
        version[0] &= 0x3F;
        assert!(matches!(parse(&version), Err(RtcpError::Form(_))));
        let mut goodbye = Vec::new();
        write(&[RtcpPacket::Goodbye(vec![2])], &mut goodbye);
        assert!(matches!(parse(&goodbye), Err(RtcpError::Form(_))));
        assert!(matches!(parse(&[]), Err(RtcpError::Form(_))));
        let many: Vec<u8> = report.iter().copied().cycle().take(report.len() * 17).collect();
        assert_eq!(parse(&many), Err(RtcpError::TooMany));
        // An application's packet behind a report is skipped.
        report.extend([0x80, 204, 0, 1, 1, 2, 3, 4]);
        assert_eq!(parse(&report).map(|packets| packets.len()), Ok(1));
    }

    proptest::proptest! {
        #[test]
        fn no_datagram_panics(
            mut datagram in proptest::collection::vec(proptest::num::u8::ANY, 0..120),
            kind in 200_u8..=204,
        ) {
            // Steered past the first checks, or hardly any input would get further.
            if datagram.len() >= 4 {
                datagram.truncate(datagram.len() / 4 * 4);
                datagram[0] = 0x80 | (datagram[0] & 0x1F);
                datagram[1] = kind;
                let words = (datagram.len() / 4 - 1) as u16;
                datagram[2..4].copy_from_slice(&words.to_be_bytes());
            }
            let _ = parse(&datagram);
        }
    }
}
