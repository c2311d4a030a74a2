//! One side of a call: what comes from its phone, and what goes there. G.711, 20 ms.

use std::net::SocketAddr;

use channel_contract::base::Timestamp;

use super::comfort_noise::{self, ComfortNoise};
use super::conceal::Concealment;
use super::dtmf::DtmfDetector;
use super::g711::Law;
use super::jitter::{JitterBuffer, Playout, Waiting};
use super::latch::{AddressPolicy, Judged, Latch};
use super::quality::{Measured, Quality, mos, rating};
use super::reception::{Placed, Reception};
use super::rtcp::{self, RtcpPacket};
use super::rtp::{Header, Packet};
use super::sender::{StreamSeed, StreamSender};
use super::telephone_event::{Digit, KeyEvent, KeyReceiver};
use super::tone_detector::ToneDetector;
use super::{FRAME_MS, SampleRate};

const CLOCK_RATE_HZ: u32 = 8_000;
/// Samples of a frame, and units of the clock too.
pub const FRAME_SAMPLES: usize = SampleRate::Narrow.frame_samples();
/// Between two reports. RFC 3550 §6.2 gives five seconds as the least.
const REPORT_MS: i64 = 5_000;
/// Longest payload that is decoded: 120 ms.
const PAYLOAD_MAX_BYTES: usize = 960;

/// What the call agreed upon for one leg.
#[derive(Clone, Debug)]
pub struct LegConfig {
    /// The codec.
    pub law: Law,
    /// Its payload type, for both directions.
    pub payload_type: u8,
    /// That of telephone events; `None`: keys are listened for in the sound.
    pub key_payload_type: Option<u8>,
    /// From where packets may come.
    pub policy: AddressPolicy,
    /// By chance.
    pub seed: StreamSeed,
    /// Our canonical name in reports: no name of a person. RFC 7022.
    pub cname: String,
}

/// One leg.
#[derive(Debug)]
pub struct Leg {
    config: LegConfig,
    latch: Latch,
    reception: Reception,
    jitter: JitterBuffer,
    concealment: Concealment,
    comfort: ComfortNoise,
    keys: KeyReceiver,
    dtmf: Option<DtmfDetector>,
    fax: ToneDetector,
    /// Decoded and not yet played.
    decoded: Vec<i16>,
    /// To where we send.
    pub(super) sender: StreamSender,
    round_trip_ms: Option<f32>,
    reported_at: Option<Timestamp>,
    heard_at: Option<Timestamp>,
}

/// What a packet brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// Sound, or comfort noise.
    Audio(Packet<'a>),
    /// A packet of a key.
    Key(Packet<'a>),
    /// Nothing to be played.
    Nothing,
}

/// What a leg notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// The keypad.
    Key(KeyEvent),
    /// A fax machine calls.
    CallingFax,
    /// From now on packets go there.
    Settled(SocketAddr),
    /// The other side ends its stream (RTCP BYE).
    Goodbye,
}

impl Leg {
    /// Before the other side's SDP is known.
    pub fn new(config: LegConfig) -> Self {
        let is_listening = config.key_payload_type.is_none();
        Self {
            latch: Latch::new(config.policy),
            reception: Reception::new(CLOCK_RATE_HZ),
            jitter: JitterBuffer::new(CLOCK_RATE_HZ),
            concealment: Concealment::new(SampleRate::Narrow),
            comfort: ComfortNoise::new(config.seed.ssrc),
            keys: KeyReceiver::default(),
            dtmf: is_listening.then(DtmfDetector::default),
            fax: ToneDetector::calling_fax(),
            decoded: Vec::new(),
            sender: StreamSender::new(config.seed),
            round_trip_ms: None,
            reported_at: None,
            heard_at: None,
            config,
        }
    }

    /// The other side's SDP names this address.
    pub fn said(&mut self, address: SocketAddr, now: Timestamp) {
        self.latch.said(address, now);
    }

    /// What was agreed.
    pub const fn config(&self) -> &LegConfig {
        &self.config
    }

    /// Where we send.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latch.remote()
    }

    /// When a packet of the leg's own came last.
    pub const fn heard_at(&self) -> Option<Timestamp> {
        self.heard_at
    }

    /// Takes an RTP datagram. `keeps`: the sound is to be played here, by [`Self::next_frame`].
    pub fn receive<'a>(
        &mut self,
        datagram: &'a [u8],
        from: SocketAddr,
        keeps: bool,
        now: Timestamp,
        mut notice: impl FnMut(Noticed),
    ) -> Received<'a> {
        let Ok(packet) = Packet::parse(datagram) else { return Received::Nothing };
        match self.latch.judge(from, &packet.header, now) {
            Judged::Refused => return Received::Nothing,
            Judged::Settled(address) => notice(Noticed::Settled(address)),
            Judged::Accepted => {}
        }
        self.heard_at = Some(now);
        let sequence = match self.reception.packet(&packet.header, now) {
            Placed::Ignore => return Received::Nothing,
            Placed::Start(sequence) => {
                self.jitter.clear();
                sequence
            }
            Placed::Continue(sequence) => sequence,
        };
        let Header { payload_type, timestamp, .. } = packet.header;
        if Some(payload_type) == self.config.key_payload_type {
            let events = self.keys.packet(timestamp, packet.payload, now);
            events.into_iter().flatten().map(Noticed::Key).for_each(&mut notice);
            if keeps {
                // It holds its place, or it would count as lost.
                self.jitter.insert(sequence, waiting(&packet), now);
            }
            return Received::Key(packet);
        }
        let is_known = [self.config.payload_type, comfort_noise::PAYLOAD_TYPE];
        if !is_known.contains(&payload_type) || packet.payload.len() > PAYLOAD_MAX_BYTES {
            return Received::Nothing;
        }
        if keeps {
            self.jitter.insert(sequence, waiting(&packet), now);
        } else if self.dtmf.is_some() && payload_type == self.config.payload_type {
            let mut samples = Vec::with_capacity(packet.payload.len());
            self.config.law.decode_all(packet.payload, &mut samples);
            self.listen(&samples, notice);
        }
        Received::Audio(packet)
    }

    /// The sound of the next 20 ms, as far as it came.
    pub fn next_frame(
        &mut self,
        frame: &mut [i16; FRAME_SAMPLES],
        now: Timestamp,
        notice: impl FnMut(Noticed),
    ) {
        while self.decoded.len() < FRAME_SAMPLES {
            let playout = self.jitter.pull(now);
            self.decode(playout);
        }
        frame.copy_from_slice(&self.decoded[..FRAME_SAMPLES]);
        self.decoded.drain(..FRAME_SAMPLES);
        self.listen(frame, notice);
    }

    fn decode(&mut self, playout: Playout) {
        let start = self.decoded.len();
        match playout {
            Playout::Packet { packet, is_spliced }
                if packet.payload_type == self.config.payload_type
                    && !packet.payload.is_empty() =>
            {
                self.comfort.stop();
                self.config.law.decode_all(&packet.payload, &mut self.decoded);
                self.concealment.heard(&mut self.decoded[start..], is_spliced);
            }
            Playout::Packet { packet, .. } => {
                if packet.payload_type == comfort_noise::PAYLOAD_TYPE {
                    self.comfort.told(&packet.payload);
                }
                self.decoded.resize(start + FRAME_SAMPLES, 0);
                self.comfort.fill(&mut self.decoded[start..]);
            }
            Playout::Conceal { length_ms } => {
                let length = (length_ms * SampleRate::Narrow.samples_per_ms()) as usize;
                self.decoded.resize(start + length, 0);
                self.concealment.conceal(&mut self.decoded[start..]);
            }
            Playout::Silence => {
                self.decoded.resize(start + FRAME_SAMPLES, 0);
                self.comfort.fill(&mut self.decoded[start..]);
            }
        }
    }

    fn listen(&mut self, samples: &[i16], mut notice: impl FnMut(Noticed)) {
        if let Some(dtmf) = &mut self.dtmf {
            dtmf.listen(samples, |event| notice(Noticed::Key(event)));
        }
        if self.fax.listen(samples) {
            notice(Noticed::CallingFax);
        }
    }

    /// Forgets what waits to be played: packets are passed on from now on, or no longer.
    pub fn forget_sound(&mut self) {
        self.jitter.clear();
        self.decoded.clear();
    }

    /// Ends a key whose end was lost.
    pub fn tick(&mut self, now: Timestamp) -> Option<Noticed> {
        self.keys.tick(now).map(Noticed::Key)
    }

    /// Sends a frame, or a packet of the key that is held.
    pub fn send_frame(&mut self, frame: &[i16; FRAME_SAMPLES], out: &mut Vec<u8>) {
        let units = FRAME_SAMPLES as u32;
        if let Some(payload_type) = self.config.key_payload_type
            && self.sender.send_key(payload_type, units, out)
        {
            return;
        }
        let mut payload = [0; FRAME_SAMPLES];
        for (byte, sample) in payload.iter_mut().zip(frame) {
            *byte = self.config.law.encode(*sample);
        }
        self.sender.send(self.config.payload_type, &payload, units, out);
    }

    /// Holds a key towards this leg, if it takes telephone events.
    pub fn press(&mut self, digit: Digit, held_ms: u32) -> bool {
        let takes_events = self.config.key_payload_type.is_some();
        if takes_events {
            self.sender.press(digit, held_ms);
        }
        takes_events
    }

    /// Takes an RTCP datagram.
    pub fn receive_report(
        &mut self,
        datagram: &[u8],
        from: SocketAddr,
        now: Timestamp,
        mut notice: impl FnMut(Noticed),
    ) {
        if !self.latch.accepts_report(from) {
            return;
        }
        let Ok(packets) = rtcp::parse(datagram) else { return };
        let ntp = Reception::ntp(now);
        for packet in &packets {
            let blocks = match packet {
                RtcpPacket::SenderReport { ssrc, info, blocks } => {
                    self.reception.sender_report(*ssrc, info.ntp, now);
                    blocks
                }
                RtcpPacket::ReceiverReport { blocks, .. } => blocks,
                RtcpPacket::Goodbye(sources) => {
                    if self.reception.ssrc().is_some_and(|ssrc| sources.contains(&ssrc)) {
                        notice(Noticed::Goodbye);
                    }
                    continue;
                }
                RtcpPacket::SourceDescription(_) => continue,
            };
            let ours = blocks.iter().find(|block| block.ssrc == self.sender.ssrc());
            if let Some(round_trip) = ours.and_then(|block| rtcp::round_trip_ms(block, ntp)) {
                self.round_trip_ms = Some(round_trip);
            }
        }
    }

    /// Writes a report when it is time; `false`: it is not.
    pub fn report(&mut self, now: Timestamp, out: &mut Vec<u8>) -> bool {
        if self.reported_at.is_some_and(|at| now.millis_since(at) < REPORT_MS) {
            return false;
        }
        let is_first = self.reported_at.replace(now).is_none();
        // There is nothing to tell yet.
        if is_first {
            return false;
        }
        let ssrc = self.sender.ssrc();
        let blocks = self.reception.report(now).into_iter().collect();
        let report = match self.sender.info(Reception::ntp(now)) {
            Some(info) => RtcpPacket::SenderReport { ssrc, info, blocks },
            None => RtcpPacket::ReceiverReport { ssrc, blocks },
        };
        let names = vec![(ssrc, self.config.cname.clone())];
        rtcp::write(&[report, RtcpPacket::SourceDescription(names)], out);
        true
    }

    /// How it sounds: live, and at the end.
    pub fn quality(&self) -> Quality {
        let totals = self.reception.totals();
        let buffer_ms = self.jitter.depth_ms() as f32;
        let one_way_ms = self.round_trip_ms.unwrap_or(0.0) / 2.0;
        let delay_ms = one_way_ms + buffer_ms + FRAME_MS as f32;
        let measured = Measured { loss: totals.loss(), burstiness: 1.0, delay_ms };
        Quality {
            expected: totals.expected,
            lost: totals.lost(),
            jitter_ms: self.reception.jitter_ms(),
            round_trip_ms: self.round_trip_ms,
            buffer_ms,
            mos: mos(rating(&measured)),
        }
    }
}

fn waiting(packet: &Packet<'_>) -> Waiting {
    Waiting {
        payload_type: packet.header.payload_type,
        timestamp: packet.header.timestamp,
        payload: packet.payload.to_vec(),
    }
}
