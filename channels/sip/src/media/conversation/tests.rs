//! Two phones and a supervisor's on a call, under a clock of their own: a tone goes in at one end
//! and is looked for at the others and in the recording.

use std::net::SocketAddr;
use std::sync::Arc;

use channel_contract::base::Timestamp;

use super::*;
use crate::media::g711::Law;
use crate::media::goertzel::share;
use crate::media::latch::AddressPolicy;
use crate::media::leg::LegConfig;
use crate::media::player::Clip;
use crate::media::recorder::RecordingSink;
use crate::media::sender::{StreamSeed, StreamSender};
use crate::media::telephone_event::KeyEvent;
use crate::media::tone::{Progress, Tone, ToneSpec};
use crate::media::wav;

const CALLER: usize = 0;
const AGENT: usize = 1;
const SUPERVISOR: usize = 2;
const KEYS: u8 = 101;

/// A phone that plays one tone and keeps what it hears.
struct Phone {
    address: SocketAddr,
    law: Law,
    sender: StreamSender,
    tone: Tone,
    heard: Vec<i16>,
}

impl Phone {
    fn new(number: u16, law: Law, hz: f32) -> Self {
        let address = SocketAddr::from(([192, 0, 2, number as u8], 4_000 + number * 2));
        let seed = StreamSeed { ssrc: u32::from(number), sequence: 60_000, timestamp: 5 };
        let tone = Tone::new(ToneSpec::steady(hz, -12.0), SampleRate::Narrow);
        Self { address, law, sender: StreamSender::new(seed), tone, heard: Vec::new() }
    }

    const fn payload_type(&self) -> u8 {
        match self.law {
            Law::A => 8,
            Law::Mu => 0,
        }
    }

    fn speak(&mut self) -> Vec<u8> {
        let mut frame = [0; FRAME_SAMPLES];
        self.tone.next_frame(&mut frame);
        let mut bytes = Vec::new();
        if self.sender.send_key(KEYS, 160, &mut bytes) {
            return bytes;
        }
        let mut payload = Vec::new();
        self.law.encode_all(&frame, &mut payload);
        self.sender.send(self.payload_type(), &payload, 160, &mut bytes);
        bytes
    }

    fn hear(&mut self, datagram: &[u8]) {
        let packet = Packet::parse(datagram).expect("a packet");
        if packet.header.payload_type == self.payload_type() {
            self.law.decode_all(packet.payload, &mut self.heard);
        }
    }

    fn hears(&self, hz: f32) -> bool {
        let last = &self.heard[self.heard.len().saturating_sub(2_400)..];
        share(last, hz, SampleRate::Narrow) > 0.2
    }
}

struct World {
    conversation: Conversation,
    phones: Vec<Phone>,
    now: Timestamp,
    out: Outbox,
    noticed: Vec<(usize, Noticed)>,
    ended: Vec<(usize, u64)>,
    file: File,
    reports: usize,
}

#[derive(Default)]
struct File(Vec<u8>);

impl RecordingSink for File {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self, header: &[u8; wav::HEADER_BYTES]) -> std::io::Result<()> {
        self.0[..wav::HEADER_BYTES].copy_from_slice(header);
        Ok(())
    }
}

impl File {
    fn side(&self, side: Side, from_ms: usize, to_ms: usize) -> Vec<i16> {
        let column = usize::from(side == Side::Us) * 2;
        let pairs = self.0[wav::HEADER_BYTES..].chunks_exact(4);
        let pairs = pairs.skip(from_ms * 8).take((to_ms - from_ms) * 8);
        pairs.map(|pair| i16::from_le_bytes([pair[column], pair[column + 1]])).collect()
    }

    fn has(&self, side: Side, hz: f32, from_ms: usize, to_ms: usize) -> bool {
        share(&self.side(side, from_ms, to_ms), hz, SampleRate::Narrow) > 0.4
    }
}

/// 440, 620 and 1,300 Hz; the agent's phone has the other law.
const TONES_HZ: [f32; 3] = [440.0, 620.0, 1_300.0];

impl World {
    fn new(parties: usize) -> Self {
        let now = Timestamp::from_seconds(1_000);
        let mut conversation = Conversation::default();
        let mut phones = Vec::new();
        for (place, hz) in TONES_HZ.into_iter().take(parties).enumerate() {
            let law = if place == AGENT { Law::Mu } else { Law::A };
            let phone = Phone::new(place as u16 + 1, law, hz);
            let mut leg = Leg::new(LegConfig {
                law,
                payload_type: phone.payload_type(),
                key_payload_type: Some(KEYS),
                policy: AddressPolicy::AsSaid,
                seed: StreamSeed { ssrc: 900 + place as u32, sequence: 1, timestamp: 2 },
                cname: "leg".to_owned(),
            });
            leg.said(phone.address, now);
            assert_eq!(conversation.join(leg), Some(place));
            phones.push(phone);
        }
        Self {
            conversation,
            phones,
            now,
            out: Outbox::default(),
            noticed: Vec::new(),
            ended: Vec::new(),
            file: File::default(),
            reports: 0,
        }
    }

    fn run(&mut self, length_ms: i64) {
        for _ in 0..length_ms / 20 {
            for place in 0..self.phones.len() {
                let datagram = self.phones[place].speak();
                let from = self.phones[place].address;
                self.conversation.receive(place, &datagram, from, self.now, &mut self.out);
                self.carry();
            }
            self.conversation.tick(self.now, &mut self.out);
            self.carry();
            self.now = self.now.plus_millis(20);
        }
    }

    fn carry(&mut self) {
        for (place, port, to, datagram) in self.out.datagrams() {
            match port {
                Port::Rtp => {
                    assert_eq!(to, self.phones[place].address);
                    self.phones[place].hear(datagram);
                }
                Port::Rtcp => {
                    assert!(crate::media::rtcp::parse(datagram).is_ok());
                    self.reports += 1;
                }
            }
        }
        self.noticed.append(&mut self.out.noticed);
        self.ended.append(&mut self.out.ended);
        if let Some(chunk) = self.out.chunk.take() {
            chunk.write_to(&mut self.file).expect("a file in memory");
        }
        self.out.clear();
    }

    /// Who hears whose tone, as a table.
    fn table(&self) -> Vec<String> {
        let row = |phone: &Phone| {
            TONES_HZ.map(|hz| if phone.hears(hz) { '#' } else { '.' }).iter().collect()
        };
        self.phones.iter().map(row).collect()
    }
}

#[test]
fn two_legs_are_passed_on_and_recorded_without_delay() {
    let mut world = World::new(2);
    world.conversation.connect(SendMatrix::all(&[CALLER, AGENT]));
    world.conversation.record(CALLER, world.now);
    world.run(6_000);
    assert!(world.conversation.is_passing());
    assert_eq!(world.table(), [".#.", "#.."]);
    // Nothing was held back: each packet left at once.
    assert_eq!(world.phones[CALLER].heard.len(), 6_000 * 8);
    let chunk = world.conversation.finish_recording(world.now).expect("a recording");
    chunk.write_to(&mut world.file).expect("a file in memory");
    assert_eq!(wav::read(&world.file.0, SampleRate::Narrow).map(|all| all.len()), Ok(48_000));
    assert!(world.file.has(Side::Caller, 440.0, 0, 6_000));
    assert!(world.file.has(Side::Us, 620.0, 0, 6_000));
    assert!(!world.file.has(Side::Caller, 620.0, 0, 6_000));
    assert_eq!(world.reports, 2, "one of each leg after five seconds");
    let quality = world.conversation.leg(CALLER).expect("a leg").quality();
    assert_eq!((quality.expected, quality.lost), (300, 0));
    assert!(quality.mos > 4.3, "{quality:?}");
}

#[test]
fn each_arrangement_is_heard_by_those_it_is_for() {
    let mut world = World::new(3);
    let talk = SendMatrix::all(&[CALLER, AGENT]);
    let listening = talk.listening(SUPERVISOR, &[CALLER, AGENT]);
    for (matrix, expected) in [
        (SendMatrix::silent(), ["...", "...", "..."]),
        (talk, [".#.", "#..", "..."]),
        (listening, [".#.", "#..", "##."]),
        (listening.whispering(SUPERVISOR, AGENT), [".#.", "#.#", "##."]),
        (SendMatrix::all(&[CALLER, AGENT, SUPERVISOR]), [".##", "#.#", "##."]),
        (talk, [".#.", "#..", "..."]),
    ] {
        world.phones.iter_mut().for_each(|phone| phone.heard.clear());
        world.conversation.connect(matrix);
        world.run(1_000);
        assert_eq!(world.table(), expected, "{matrix:?}");
    }
}

#[test]
fn a_waiting_caller_hears_music_and_the_recording_goes_on_into_the_talk() {
    let mut world = World::new(2);
    world.conversation.record(CALLER, world.now);
    let mut samples = vec![0; 8_000];
    let music = ToneSpec::steady(880.0, -14.0);
    Tone::new(music, SampleRate::Narrow).next_frame(&mut samples);
    let clip = Arc::new(Clip { rate: SampleRate::Narrow, samples });
    let piece = Piece::Music { clip, from: 0 };
    world.conversation.play(CALLER, 1, piece, false).expect("room");
    world.run(3_000);
    assert!(world.phones[CALLER].hears(880.0) && !world.phones[CALLER].hears(620.0));
    world.conversation.stop_playing(CALLER);
    world.conversation.connect(SendMatrix::all(&[CALLER, AGENT]));
    world.run(3_000);
    assert!(!world.phones[CALLER].hears(880.0) && world.phones[CALLER].hears(620.0));
    let chunk = world.conversation.finish_recording(world.now).expect("a recording");
    chunk.write_to(&mut world.file).expect("a file in memory");
    assert!(world.file.has(Side::Us, 880.0, 200, 2_900));
    assert!(world.file.has(Side::Us, 620.0, 3_100, 6_000));
    // In two parts: the sound is 60 ms younger from the bridge on, which turns the tone's phase.
    assert!(world.file.has(Side::Caller, 440.0, 200, 2_900));
    assert!(world.file.has(Side::Caller, 440.0, 3_100, 6_000));
}

#[test]
fn a_key_ends_the_announcement_and_is_told_once() {
    let mut world = World::new(1);
    let beep = || Piece::Tone(Progress::Ringback.spec());
    world.conversation.play(CALLER, 5, beep(), true).expect("room");
    world.run(400);
    let three = Digit::from_char('3').expect("a key");
    world.phones[CALLER].sender.press(three, 100);
    world.run(400);
    let keys: Vec<_> = world
        .noticed
        .iter()
        .filter_map(|(_, what)| match what {
            Noticed::Key(event) => Some(*event),
            Noticed::CallingFax | Noticed::Settled(_) | Noticed::Goodbye => None,
        })
        .collect();
    let released = KeyEvent::Released { digit: three, held_ms: 100 };
    assert_eq!(keys, [KeyEvent::Pressed(three), released]);
    assert_eq!(world.ended, [(CALLER, 5)]);
}

#[test]
fn a_stranger_is_neither_heard_nor_recorded_and_nobody_sends_to_him() {
    let mut world = World::new(2);
    world.conversation.connect(SendMatrix::all(&[CALLER, AGENT]));
    world.run(200);
    let mut stranger = Phone::new(9, Law::A, 1_700.0);
    for _ in 0..50 {
        let datagram = stranger.speak();
        let (from, now) = (stranger.address, world.now);
        world.conversation.receive(CALLER, &datagram, from, now, &mut world.out);
        assert_eq!(world.out.datagrams().count(), 0);
        world.run(20);
    }
    assert!(!world.phones[AGENT].hears(1_700.0));
    assert_eq!(world.table(), [".#.", "#.."]);
}

#[test]
fn who_leaves_is_heard_no_more_and_his_place_is_free() {
    let mut world = World::new(2);
    world.conversation.connect(SendMatrix::all(&[CALLER, AGENT]));
    world.run(500);
    assert!(world.conversation.leave(AGENT).is_some());
    assert_eq!(world.conversation.matrix(), SendMatrix::silent());
    world.phones[CALLER].heard.clear();
    world.phones.truncate(1);
    world.run(500);
    assert!(!world.phones[CALLER].hears(620.0));
    assert!(world.conversation.leave(AGENT).is_none() && world.conversation.leave(99).is_none());
}
