//! The media of calls: packets, sound, keys, mixing, recording, quality.
//!
//! 1. Everything here is pure: datagrams and the time come in, datagrams and events go out.
//!    Sockets, files and child processes are in `crate::io::media`.
//! 2. Sound is cut into frames of 20 ms ([`FRAME_MS`]) of 16-bit samples.
//! 3. Nothing that comes from the network panics, allocates without bound, or is believed without
//!    a check: sizes, sequence, source address and stream are each judged in one place.
//! 4. Absent on purpose: SDP (the call's business), WebRTC, and any knowledge of clients or queues.

pub mod comfort_noise;
pub mod conceal;
pub mod conversation;
pub mod dtmf;
pub mod g711;
pub mod goertzel;
pub mod jitter;
pub mod latch;
pub mod leg;
pub mod mixer;
pub mod noise;
pub mod player;
pub mod quality;
pub mod reception;
pub mod recorder;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod sender;
pub mod telephone_event;
pub mod tone;
pub mod tone_detector;
pub mod wav;

/// Length of a frame. RFC 3551 §4.2 gives it as the default of nearly every codec.
pub const FRAME_MS: u32 = 20;

/// How many samples a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleRate {
    /// 8,000: the telephone.
    Narrow,
    /// 16,000: wide-band codecs.
    Wide,
}

impl SampleRate {
    /// In Hz.
    pub const fn hz(self) -> u32 {
        self.samples_per_ms() * 1_000
    }

    /// Samples in a millisecond.
    pub const fn samples_per_ms(self) -> u32 {
        match self {
            Self::Narrow => 8,
            Self::Wide => 16,
        }
    }

    /// Samples in a frame.
    pub const fn frame_samples(self) -> usize {
        (self.samples_per_ms() * FRAME_MS) as usize
    }
}
