//! All media of one call: its parties, what is played to them, who hears whom, the recording.
//!
//! 1. Datagrams and ticks (every 20 ms) come in; what is to be sent and what was noticed is in the
//!    [`Outbox`] afterwards.
//! 2. While exactly two hear each other and nothing is played, packets are *passed on* as they
//!    come: no buffer, no delay, no decoding, except for a copy to the recording. Otherwise
//!    everything is decoded, mixed and encoded at the tick.
//! 3. The recording belongs to the call and not to a leg: it goes on through every change.

use std::net::SocketAddr;
use std::ops::Range;

use channel_contract::base::Timestamp;

use super::SampleRate;
use super::leg::{FRAME_SAMPLES, Leg, Noticed, Received};
use super::mixer::{self, PARTIES_MAX, SendMatrix};
use super::player::{Piece, Player, QueueFull};
use super::recorder::{Chunk, Recorder, Side};
use super::rtp::{DatagramKind, Packet, datagram_kind};
use super::telephone_event::Digit;

/// How far the sound of a leg may run away from the clock before its place is taken anew.
const DRIFT_MAX_SAMPLES: u64 = 800;

/// One call.
#[derive(Debug, Default)]
pub struct Conversation {
    parties: [Option<Party>; PARTIES_MAX],
    matrix: SendMatrix,
    is_passing: bool,
    recording: Option<Recording>,
}

#[derive(Debug)]
struct Party {
    leg: Leg,
    player: Player,
    /// In the recording: a timestamp of this stream, and its place.
    anchor: Option<(u32, u32, i64)>,
}

#[derive(Debug)]
struct Recording {
    recorder: Recorder,
    /// Who is on the left.
    caller: usize,
    /// Place of the next mixed frame.
    next: Option<i64>,
}

/// What came out of a datagram or a tick. Cleared by the one who has read it.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    datagrams: Vec<(usize, Port, SocketAddr, Range<usize>)>,
    /// What the parties' legs noticed.
    pub noticed: Vec<(usize, Noticed)>,
    /// Pieces that were played to the end, or ended by a key.
    pub ended: Vec<(usize, u64)>,
    /// To be appended to the recording.
    pub chunk: Option<Chunk>,
}

/// Through which of a leg's two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Sound.
    Rtp,
    /// Reports.
    Rtcp,
}

impl Outbox {
    /// What is to be sent: to which party, through which port, where, what.
    pub fn datagrams(&self) -> impl Iterator<Item = (usize, Port, SocketAddr, &[u8])> {
        self.datagrams
            .iter()
            .map(|(party, port, to, range)| (*party, *port, *to, &self.bytes[range.clone()]))
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
        self.noticed.clear();
        self.ended.clear();
        self.chunk = None;
    }

    /// Sends what `write` appends, if it appends anything.
    fn send(
        &mut self,
        party: usize,
        port: Port,
        to: Option<SocketAddr>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        match to {
            Some(to) if self.bytes.len() > start => {
                self.datagrams.push((party, port, to, start..self.bytes.len()));
            }
            Some(_) | None => self.bytes.truncate(start),
        }
    }
}

impl Conversation {
    /// Puts a leg into a free place; `None`: all are taken.
    pub fn join(&mut self, leg: Leg) -> Option<usize> {
        let place = self.parties.iter().position(Option::is_none)?;
        let player = Player::new(SampleRate::Narrow);
        self.parties[place] = Some(Party { leg, player, anchor: None });
        Some(place)
    }

    /// Takes a leg out.
    pub fn leave(&mut self, party: usize) -> Option<Leg> {
        for other in 0..PARTIES_MAX {
            self.matrix.set(party, other, false);
            self.matrix.set(other, party, false);
        }
        Some(self.parties.get_mut(party)?.take()?.leg)
    }

    /// A party's leg.
    pub fn leg(&mut self, party: usize) -> Option<&mut Leg> {
        self.parties.get_mut(party)?.as_mut().map(|party| &mut party.leg)
    }

    /// From now on these hear those.
    pub const fn connect(&mut self, matrix: SendMatrix) {
        self.matrix = matrix;
    }

    /// Who hears whom now.
    pub const fn matrix(&self) -> SendMatrix {
        self.matrix
    }

    /// Plays something to a party, behind what is played already.
    pub fn play(
        &mut self,
        party: usize,
        id: u64,
        piece: Piece,
        yields_to_keys: bool,
    ) -> Result<(), QueueFull> {
        match self.parties.get_mut(party).and_then(Option::as_mut) {
            Some(party) => party.player.play(id, piece, yields_to_keys),
            None => Ok(()),
        }
    }

    /// Ends what is played to a party.
    pub fn stop_playing(&mut self, party: usize) {
        if let Some(party) = self.parties.get_mut(party).and_then(Option::as_mut) {
            party.player.stop();
        }
    }

    /// Holds a key towards a party; `false`: its leg takes no telephone events.
    pub fn press(&mut self, party: usize, digit: Digit, held_ms: u32) -> bool {
        self.leg(party).is_some_and(|leg| leg.press(digit, held_ms))
    }

    /// Begins to record, with `caller` on the left.
    pub fn record(&mut self, caller: usize, now: Timestamp) {
        self.recording = Some(Recording { recorder: Recorder::new(now), caller, next: None });
    }

    /// The recording: for pauses, bars and times.
    pub fn recorder(&mut self) -> Option<&mut Recorder> {
        self.recording.as_mut().map(|recording| &mut recording.recorder)
    }

    /// Ends the recording; its last bytes.
    pub fn finish_recording(&mut self, now: Timestamp) -> Option<Chunk> {
        self.recording.take().map(|mut recording| recording.recorder.finish(now))
    }

    /// Whether packets are passed on as they come.
    pub const fn is_passing(&self) -> bool {
        self.is_passing
    }

    /// Takes a datagram that came through one of a party's ports.
    pub fn receive(
        &mut self,
        party: usize,
        datagram: &[u8],
        from: SocketAddr,
        now: Timestamp,
        out: &mut Outbox,
    ) {
        self.settle_mode();
        let passes_to =
            self.matrix.pair().filter(|_| self.is_passing).and_then(|pair| match pair {
                (one, other) if one == party => Some(other),
                (one, other) if other == party => Some(one),
                _ => None,
            });
        let Some(this) = self.parties.get_mut(party).and_then(Option::as_mut) else { return };
        match datagram_kind(datagram) {
            DatagramKind::Rtp => {
                let keeps = !self.is_passing;
                let first = out.noticed.len();
                let noticed = &mut out.noticed;
                let received = this
                    .leg
                    .receive(datagram, from, keeps, now, |what| noticed.push((party, what)));
                self.yield_to_keys(party, first, out);
                if let Some(to) = passes_to {
                    self.pass(party, to, &received, now, out);
                }
            }
            DatagramKind::Rtcp => {
                let noticed = &mut out.noticed;
                this.leg.receive_report(datagram, from, now, |what| noticed.push((party, what)));
            }
            DatagramKind::Stun | DatagramKind::Other => {}
        }
    }

    fn pass(
        &mut self,
        from: usize,
        to: usize,
        received: &Received<'_>,
        now: Timestamp,
        out: &mut Outbox,
    ) {
        let (packet, is_key) = match received {
            Received::Audio(packet) => (packet, false),
            Received::Key(packet) => (packet, true),
            Received::Nothing => return,
        };
        let Some(law) = self.leg(from).map(|leg| leg.config().law) else { return };
        let Some(leg) = self.leg(to) else { return };
        let config = leg.config();
        let is_audio = !is_key && packet.header.payload_type != super::comfort_noise::PAYLOAD_TYPE;
        let payload_type = match (is_key, is_audio) {
            (true, _) => config.key_payload_type,
            (false, true) => Some(config.payload_type),
            (false, false) => Some(super::comfort_noise::PAYLOAD_TYPE),
        };
        let (their_law, remote) = (config.law, leg.remote());
        if let Some(payload_type) = payload_type {
            let units = if is_audio { packet.payload.len() as u32 } else { 0 };
            out.send(to, Port::Rtp, remote, |bytes| {
                let start = bytes.len();
                leg.sender.pass(&packet.header, payload_type, packet.payload, units, bytes);
                if is_audio && their_law != law {
                    for byte in &mut bytes[start + super::rtp::HEADER_BYTES..] {
                        *byte = law.translate(*byte, their_law);
                    }
                }
            });
        }
        if is_audio {
            self.record_packet(from, packet, now);
        }
    }

    /// Lays the decoded copy of a packet down at the place that its timestamp gives.
    fn record_packet(&mut self, from: usize, packet: &Packet<'_>, now: Timestamp) {
        let Some(recording) = &mut self.recording else { return };
        let Some(party) = self.parties.get_mut(from).and_then(Option::as_mut) else { return };
        let here = recording.recorder.place(now);
        let (ssrc, timestamp) = (packet.header.ssrc, packet.header.timestamp);
        let by_timestamp = party
            .anchor
            .filter(|anchor| anchor.0 == ssrc)
            .map(|anchor| anchor.2 + i64::from(timestamp.wrapping_sub(anchor.1) as i32));
        let place = by_timestamp.filter(|place| place.abs_diff(here) <= DRIFT_MAX_SAMPLES);
        let place = place.unwrap_or_else(|| {
            party.anchor = Some((ssrc, timestamp, here));
            here
        });
        let mut samples = Vec::with_capacity(packet.payload.len());
        party.leg.config().law.decode_all(packet.payload, &mut samples);
        let side = if from == recording.caller { Side::Caller } else { Side::Us };
        recording.recorder.lay(side, place, &samples);
    }

    /// Goes over from passing on to mixing or back.
    fn settle_mode(&mut self) {
        let is_quiet = |party: &Party| party.player.is_idle() && !party.leg.sender.is_pressing();
        let passes = self.matrix.pair().is_some() && self.parties.iter().flatten().all(is_quiet);
        if passes != self.is_passing {
            self.is_passing = passes;
            for party in self.parties.iter_mut().flatten() {
                party.leg.forget_sound();
                party.anchor = None;
            }
            if let Some(recording) = &mut self.recording {
                recording.next = None;
            }
        }
    }

    /// A key ends announcements that yield to it.
    fn yield_to_keys(&mut self, party: usize, first: usize, out: &mut Outbox) {
        let is_pressed = |(_, what): &(usize, Noticed)| {
            matches!(what, Noticed::Key(super::telephone_event::KeyEvent::Pressed(_)))
        };
        if out.noticed[first..].iter().any(is_pressed)
            && let Some(this) = self.parties.get_mut(party).and_then(Option::as_mut)
        {
            out.ended.extend(this.player.key_pressed().into_iter().map(|id| (party, id)));
        }
    }

    /// Call it every 20 ms.
    pub fn tick(&mut self, now: Timestamp, out: &mut Outbox) {
        self.settle_mode();
        for (place, party) in self.parties.iter_mut().enumerate() {
            let Some(party) = party else { continue };
            out.noticed.extend(party.leg.tick(now).map(|what| (place, what)));
            // Reports go to the port above that of the sound. RFC 3550 §11.
            let to = party.leg.remote().and_then(report_address);
            out.send(place, Port::Rtcp, to, |bytes| {
                party.leg.report(now, bytes);
            });
        }
        if !self.is_passing {
            self.mix(now, out);
        }
        if let Some(recording) = &mut self.recording {
            out.chunk = recording.recorder.tick(now);
        }
    }

    fn mix(&mut self, now: Timestamp, out: &mut Outbox) {
        let mut said = [[0_i16; FRAME_SAMPLES]; PARTIES_MAX];
        for (place, frame) in said.iter_mut().enumerate() {
            let Some(party) = &mut self.parties[place] else { continue };
            let first = out.noticed.len();
            let noticed = &mut out.noticed;
            party.leg.next_frame(frame, now, |what| noticed.push((place, what)));
            self.yield_to_keys(place, first, out);
        }
        let frames: [Option<&[i16]>; PARTIES_MAX] =
            std::array::from_fn(|place| self.parties[place].as_ref().map(|_| &said[place][..]));
        let caller = self.recording.as_ref().map(|recording| recording.caller);
        let mut caller_hears = [0; FRAME_SAMPLES];
        for (place, party) in self.parties.iter_mut().enumerate() {
            let Some(party) = party else { continue };
            let mut frame = [0; FRAME_SAMPLES];
            self.matrix.mix(place, &frames, &mut frame);
            if !party.player.is_idle() {
                let mut played = [0; FRAME_SAMPLES];
                party.player.next_frame(&mut played, |id| out.ended.push((place, id)));
                let spoken = frame;
                mixer::add([&spoken[..], &played].into_iter(), &mut frame);
            }
            if Some(place) == caller {
                caller_hears = frame;
            }
            let remote = party.leg.remote();
            out.send(place, Port::Rtp, remote, |bytes| party.leg.send_frame(&frame, bytes));
        }
        if let Some(recording) = &mut self.recording {
            let here = recording.recorder.place(now);
            let next = recording.next.filter(|next| next.abs_diff(here) <= DRIFT_MAX_SAMPLES);
            let place = next.unwrap_or(here);
            recording.recorder.lay(Side::Caller, place, &said[recording.caller]);
            recording.recorder.lay(Side::Us, place, &caller_hears);
            recording.next = Some(place + FRAME_SAMPLES as i64);
        }
    }
}

fn report_address(remote: SocketAddr) -> Option<SocketAddr> {
    remote.port().checked_add(1).map(|port| SocketAddr::new(remote.ip(), port))
}

#[cfg(test)]
mod tests;
