//! Where a leg's packets really come from: symmetric RTP with protection against hijack.
//!
//! What a phone writes into its SDP may be an address behind its router. We answer to where its
//! packets come from, once it is clear that they are its own:
//!
//! 1. Before an SDP answer nothing is accepted.
//! 2. The address of the SDP wins: its first packet settles the matter.
//! 3. Another address is learnt only while the leg is new ([`LEARN_MS`]), only if the policy allows
//!    it, and only by [`LEARN_PACKETS`] packets in a row of one stream.
//! 4. Once settled, everything from elsewhere is refused. A phone whose router gave it a new port
//!    is followed when the old address has been silent ([`SILENCE_MS`]) and the new one continues
//!    the *same* stream (SSRC and sequence), which somebody off the path cannot know.

use std::net::SocketAddr;

use channel_contract::base::Timestamp;

use super::rtp::Header;

/// Packets in a row from one other address before it is believed.
pub const LEARN_PACKETS: u32 = 4;
/// How long after an SDP another address may be learnt.
pub const LEARN_MS: i64 = 10_000;
/// Silence of the settled address after which its stream may go on from another.
pub const SILENCE_MS: i64 = 1_000;
/// How far a continued stream may have run on meanwhile: a minute of 20 ms packets.
const AHEAD_MAX: u16 = 3_000;

/// Which other addresses may be learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPolicy {
    /// None: a trunk with fixed addresses.
    AsSaid,
    /// Other ports of the same host.
    SameHost,
    /// Any: phones behind routers.
    Any,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// From the leg's own address.
    Accepted,
    /// Likewise, and from now on we send there.
    Settled(SocketAddr),
    /// Not (yet) to be listened to.
    Refused,
}

/// The remote address of one leg.
#[derive(Clone, Debug)]
pub struct Latch {
    policy: AddressPolicy,
    /// From the SDP, and since when.
    said: Option<(SocketAddr, Timestamp)>,
    settled: Option<Settled>,
    candidate: Option<Candidate>,
    /// Packets refused, for the health of the leg.
    refused: u64,
}

#[derive(Clone, Copy, Debug)]
struct Settled {
    address: SocketAddr,
    ssrc: u32,
    sequence: u16,
    heard_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    next_sequence: u16,
    packets: u32,
}

impl Latch {
    /// Refuses everything until [`Self::said`].
    pub const fn new(policy: AddressPolicy) -> Self {
        Self { policy, said: None, settled: None, candidate: None, refused: 0 }
    }

    /// The other side's SDP names `address`. The same again changes nothing; another one begins
    /// the learning anew.
    pub fn said(&mut self, address: SocketAddr, now: Timestamp) {
        if self.said.is_some_and(|(before, _)| before == address) {
            return;
        }
        self.said = Some((address, now));
        self.settled = None;
        self.candidate = None;
    }

    /// Where we send: what was learnt, or what the SDP says.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.settled.map(|settled| settled.address).or(self.said.map(|(address, _)| address))
    }

    /// Packets refused so far.
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Judges one RTP packet.
    pub fn judge(&mut self, from: SocketAddr, header: &Header, now: Timestamp) -> Judged {
        let Some((said, said_at)) = self.said else {
            self.refused += 1;
            return Judged::Refused;
        };
        if let Some(settled) = &mut self.settled {
            if settled.address == from {
                *settled = Settled {
                    address: from,
                    ssrc: header.ssrc,
                    sequence: header.sequence,
                    heard_at: now,
                };
                return Judged::Accepted;
            }
            let settled = *settled;
            let may_follow = now.millis_since(settled.heard_at) >= SILENCE_MS
                && settled.ssrc == header.ssrc
                && header.sequence.wrapping_sub(settled.sequence) < AHEAD_MAX
                && self.allows(from, said);
            return self.learn(from, header, may_follow, now);
        }
        if from == said {
            return self.settle(from, header, now);
        }
        let may_learn = now.millis_since(said_at) < LEARN_MS && self.allows(from, said);
        self.learn(from, header, may_learn, now)
    }

    /// Whether a report may come from `from`: its host is the leg's, whatever the port.
    pub fn accepts_report(&self, from: SocketAddr) -> bool {
        self.remote().is_some_and(|remote| remote.ip() == from.ip())
    }

    fn allows(&self, from: SocketAddr, said: SocketAddr) -> bool {
        match self.policy {
            AddressPolicy::AsSaid => false,
            AddressPolicy::SameHost => from.ip() == said.ip(),
            AddressPolicy::Any => true,
        }
    }

    fn learn(&mut self, from: SocketAddr, header: &Header, may: bool, now: Timestamp) -> Judged {
        if !may {
            self.refused += 1;
            return Judged::Refused;
        }
        let in_a_row = self.candidate.filter(|candidate| {
            candidate.address == from
                && candidate.ssrc == header.ssrc
                && candidate.next_sequence == header.sequence
        });
        let packets = in_a_row.map_or(0, |candidate| candidate.packets) + 1;
        if packets >= LEARN_PACKETS {
            return self.settle(from, header, now);
        }
        self.candidate = Some(Candidate {
            address: from,
            ssrc: header.ssrc,
            next_sequence: header.sequence.wrapping_add(1),
            packets,
        });
        self.refused += 1;
        Judged::Refused
    }

    fn settle(&mut self, from: SocketAddr, header: &Header, now: Timestamp) -> Judged {
        self.candidate = None;
        self.settled = Some(Settled {
            address: from,
            ssrc: header.ssrc,
            sequence: header.sequence,
            heard_at: now,
        });
        Judged::Settled(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_000);
    const PHONE: &str = "192.0.2.1:4000";
    const ROUTER: &str = "198.51.100.7:61000";
    const STRANGER: &str = "203.0.113.9:5000";

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn packet(ssrc: u32, sequence: u16) -> Header {
        Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc }
    }

    fn latch(policy: AddressPolicy) -> Latch {
        let mut latch = Latch::new(policy);
        latch.said(address(PHONE), START);
        latch
    }

    #[test]
    fn nothing_is_accepted_before_an_answer() {
        let mut latch = Latch::new(AddressPolicy::Any);
        for number in 0..20 {
            let judged = latch.judge(address(PHONE), &packet(1, number), START);
            assert_eq!(judged, Judged::Refused);
        }
        assert_eq!((latch.remote(), latch.refused()), (None, 20));
    }

    #[test]
    fn the_address_of_the_sdp_settles_at_once_and_shuts_out_others() {
        let mut latch = latch(AddressPolicy::Any);
        for number in 0..3 {
            assert_eq!(latch.judge(address(STRANGER), &packet(9, number), START), Judged::Refused);
        }
        let judged = latch.judge(address(PHONE), &packet(1, 0), START);
        assert_eq!(judged, Judged::Settled(address(PHONE)));
        for number in 3..100 {
            assert_eq!(latch.judge(address(STRANGER), &packet(9, number), START), Judged::Refused);
            assert_eq!(latch.judge(address(PHONE), &packet(1, number), START), Judged::Accepted);
        }
        assert_eq!(latch.remote(), Some(address(PHONE)));
    }

    #[test]
    fn another_address_is_learnt_by_packets_in_a_row() {
        let mut latch = latch(AddressPolicy::Any);
        // A gap begins the count anew.
        for number in [1, 2, 3, 5, 6, 7] {
            let judged = latch.judge(address(ROUTER), &packet(1, number), START);
            assert_eq!(judged, Judged::Refused, "{number}");
            assert_eq!(latch.remote(), Some(address(PHONE)));
        }
        let judged = latch.judge(address(ROUTER), &packet(1, 8), START);
        assert_eq!(judged, Judged::Settled(address(ROUTER)));
        assert_eq!(latch.remote(), Some(address(ROUTER)));
    }

    #[test]
    fn the_policy_and_the_time_limit_hold() {
        let others = |policy, from: &str, after_ms| {
            let mut latch = latch(policy);
            let now = START.plus_millis(after_ms);
            (0..10).any(|number| {
                latch.judge(address(from), &packet(1, number), now) != Judged::Refused
            })
        };
        let other_port = "192.0.2.1:4002";
        for (policy, from, after_ms, is_learnt) in [
            (AddressPolicy::AsSaid, other_port, 0, false),
            (AddressPolicy::SameHost, other_port, 0, true),
            (AddressPolicy::SameHost, ROUTER, 0, false),
            (AddressPolicy::Any, ROUTER, LEARN_MS - 1, true),
            (AddressPolicy::Any, ROUTER, LEARN_MS, false),
        ] {
            assert_eq!(others(policy, from, after_ms), is_learnt, "{policy:?} {from} {after_ms}");
        }
    }

    #[test]
    fn a_phone_with_a_new_port_is_followed_and_a_stranger_is_not() {
        let try_from = |ssrc: u32, first: u16, silence_ms: i64| {
            let mut latch = latch(AddressPolicy::Any);
            latch.judge(address(PHONE), &packet(1, 100), START);
            let now = START.plus_millis(silence_ms);
            (0..8).any(|number| {
                latch.judge(address(ROUTER), &packet(ssrc, first + number), now) != Judged::Refused
            })
        };
        assert!(try_from(1, 150, SILENCE_MS));
        assert!(!try_from(1, 150, SILENCE_MS - 1));
        assert!(!try_from(2, 150, SILENCE_MS));
        assert!(!try_from(1, 100 + AHEAD_MAX, SILENCE_MS));
    }

    #[test]
    fn a_new_sdp_begins_anew_and_the_same_one_does_not() {
        let mut latch = latch(AddressPolicy::AsSaid);
        latch.judge(address(PHONE), &packet(1, 1), START);
        latch.said(address(PHONE), START);
        assert_eq!(latch.judge(address(PHONE), &packet(1, 2), START), Judged::Accepted);
        latch.said(address(ROUTER), START);
        assert_eq!(latch.remote(), Some(address(ROUTER)));
        assert_eq!(latch.judge(address(PHONE), &packet(1, 3), START), Judged::Refused);
        let judged = latch.judge(address(ROUTER), &packet(1, 4), START);
        assert_eq!(judged, Judged::Settled(address(ROUTER)));
        assert!(latch.accepts_report("198.51.100.7:61001".parse().expect("an address")));
        assert!(!latch.accepts_report(address(PHONE)));
    }
}
