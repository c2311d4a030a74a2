//! Two phones on loopback sockets.

use std::net::Ipv4Addr;

use channel_contract::base::time::SystemClock;

use super::*;
use crate::media::SampleRate;
use crate::media::g711::Law;
use crate::media::goertzel::share;
use crate::media::latch::AddressPolicy;
use crate::media::leg::{FRAME_SAMPLES, LegConfig};
use crate::media::mixer::SendMatrix;
use crate::media::player::Piece;
use crate::media::rtp::Packet;
use crate::media::sender::{StreamSeed, StreamSender};
use crate::media::tone::{Tone, ToneSpec};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A pair of ports outside of any range: the system chooses the first.
async fn any_pair() -> (UdpSocket, UdpSocket) {
    loop {
        let rtp = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port");
        let port = rtp.local_addr().expect("an address").port();
        if let Some(above) = port.checked_add(1)
            && let Ok(rtcp) = UdpSocket::bind((LOOPBACK, above)).await
        {
            return (rtp, rtcp);
        }
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("rozmova-media-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A phone, and the server's port that it speaks to.
struct Phone {
    socket: UdpSocket,
    server: SocketAddr,
    sender: StreamSender,
    tone: Tone,
}

impl Phone {
    /// Joins the call from a port of its own.
    async fn join(call: &Arc<Call>, number: u32, hz: f32) -> (Self, usize) {
        let socket = UdpSocket::bind((LOOPBACK, 0)).await.expect("a port");
        let ports = any_pair().await;
        let server = ports.0.local_addr().expect("an address");
        let seed = StreamSeed { ssrc: number, sequence: 0, timestamp: 0 };
        let mut leg = Leg::new(LegConfig {
            law: Law::A,
            payload_type: 8,
            key_payload_type: Some(101),
            policy: AddressPolicy::AsSaid,
            seed: StreamSeed { ssrc: number + 100, ..seed },
            cname: "leg".to_owned(),
        });
        leg.said(socket.local_addr().expect("an address"), SystemClock.now());
        let place = call.join(leg, ports).expect("a place");
        let tone = Tone::new(ToneSpec::steady(hz, -12.0), SampleRate::Narrow);
        (Self { socket, server, sender: StreamSender::new(seed), tone }, place)
    }

    async fn speak(&mut self) {
        let mut frame = [0; FRAME_SAMPLES];
        self.tone.next_frame(&mut frame);
        let (mut payload, mut bytes) = (Vec::new(), Vec::new());
        Law::A.encode_all(&frame, &mut payload);
        self.sender.send(8, &payload, 160, &mut bytes);
        self.socket.send_to(&bytes, self.server).await.expect("sent");
    }

    /// Waits for the next packet that is not silence: before the bridge stands, silence is sent.
    async fn hear(&self) -> Vec<i16> {
        let mut buffer = [0; 2_000];
        loop {
            let (length, _) = self.socket.recv_from(&mut buffer).await.expect("a datagram");
            let packet = Packet::parse(&buffer[..length]).expect("a packet");
            let mut samples = Vec::new();
            Law::A.decode_all(packet.payload, &mut samples);
            if samples.iter().any(|sample| sample.abs() > 8) {
                return samples;
            }
        }
    }
}

#[tokio::test]
async fn a_tone_goes_through_both_ways_and_into_the_recording() {
    let folder = folder("talk");
    let hub = MediaHub::start(Arc::new(SystemClock)).expect("a hub");
    let (call, mut events) = hub.open();
    let (mut caller, caller_place) = Phone::join(&call, 1, 440.0).await;
    let (mut agent, agent_place) = Phone::join(&call, 2, 620.0).await;
    call.with(|conversation, _| {
        conversation.connect(SendMatrix::all(&[caller_place, agent_place]));
    });
    let path = folder.join("talk.wav");
    call.record(caller_place, Box::new(WavFile::create(&path).expect("a file")));
    let (mut at_caller, mut at_agent) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        caller.speak().await;
        at_agent.extend(agent.hear().await);
        agent.speak().await;
        at_caller.extend(caller.hear().await);
    }
    assert!(share(&at_agent, 440.0, SampleRate::Narrow) > 0.9);
    assert!(share(&at_caller, 620.0, SampleRate::Narrow) > 0.9);
    assert!(matches!(events.recv().await, Some(MediaEvent::Noticed { .. })));
    call.finish_recording().await.expect("a recording").expect("written");
    let file = std::fs::read(&path).expect("a file");
    assert!(wav::read(&file, SampleRate::Narrow).is_ok());
    assert_eq!(wav::mended(&file, file.len() as u64), None, "its header is right");
    call.close();
    assert_eq!(hub.open_calls(), 0);
    std::fs::remove_dir_all(folder).expect("removed");
}

#[tokio::test]
async fn a_waiting_caller_hears_what_is_played_and_is_told_when_it_ends() {
    let hub = MediaHub::start(Arc::new(SystemClock)).expect("a hub");
    let (call, mut events) = hub.open();
    let (caller, place) = Phone::join(&call, 1, 440.0).await;
    call.with(|conversation, _| {
        let mut spec = ToneSpec::steady(1_000.0, -12.0);
        spec.repeats = false;
        conversation.play(place, 42, Piece::Tone(spec), false).expect("room");
    });
    let mut heard = Vec::new();
    loop {
        tokio::select! {
            samples = caller.hear() => heard.extend(samples),
            event = events.recv() => {
                assert_eq!(event, Some(MediaEvent::Ended { party: place, id: 42 }));
                break;
            }
        }
    }
    assert!(heard.len() > 4_000, "{}", heard.len());
    assert!(share(&heard, 1_000.0, SampleRate::Narrow) > 0.9);
    call.close();
}

/// Tries it with four ports in a row that the system just gave out; `None`: somebody else took one
/// of them meanwhile.
async fn round_of_two_pairs() -> Option<()> {
    let (rtp, rtcp) = any_pair().await;
    let port = rtp.local_addr().expect("an address").port();
    drop((rtp, rtcp));
    let first = port + port % 2;
    let ports = Ports::new(LOOPBACK, PortRange { first, last: first.checked_add(3)? });
    let (one, two) = (ports.open().ok()?, ports.open().ok()?);
    let numbers = |pair: &(UdpSocket, UdpSocket)| {
        [&pair.0, &pair.1].map(|socket| socket.local_addr().expect("an address").port())
    };
    assert_eq!(numbers(&one), [first, first + 1]);
    assert_eq!(numbers(&two), [first + 2, first + 3]);
    assert!(matches!(ports.open(), Err(PortsError::Exhausted { .. })));
    drop(one);
    assert_eq!(numbers(&ports.open().ok()?), [first, first + 1]);
    Some(())
}

#[tokio::test]
async fn pairs_of_ports_go_round_and_run_out() {
    let mut is_tried = false;
    for _ in 0..100 {
        is_tried |= round_of_two_pairs().await.is_some();
    }
    assert!(is_tried);
}

#[test]
fn recordings_of_a_crash_are_mended_and_others_left_alone() {
    let folder = folder("mend");
    let cut_off = [wav::header(0).to_vec(), vec![1; 32_000]].concat();
    std::fs::write(folder.join("a.wav"), &cut_off).expect("written");
    std::fs::write(folder.join("b.wav"), b"something else").expect("written");
    std::fs::write(folder.join("c.txt"), &cut_off).expect("written");
    assert_eq!(mend_recordings(&folder).expect("looked through"), 1);
    assert_eq!(mend_recordings(&folder).expect("looked through"), 0);
    let file = std::fs::read(folder.join("a.wav")).expect("a file");
    assert_eq!(wav::read(&file, SampleRate::Narrow).map(|all| all.len()), Ok(8_000));
    std::fs::remove_dir_all(folder).expect("removed");
}
