//! Tones that we play: call progress, keys, the pause between them.
//!
//! Ukrainian networks use 425 Hz as ETSI countries do; the cadences are those of ITU-T E.180,
//! supplement 2.

use super::SampleRate;
use super::telephone_event::Digit;

/// Amplitude of a sine at 0 dBm0: full scale of G.711 A-law is +3.14 dBm0. ITU-T G.711 §4.
pub const AMPLITUDE_0_DBM0: f32 = 22_827.0;
/// How loud call progress tones are: −10 dBm0, as ITU-T E.180 §6 recommends at the exchange.
const PROGRESS_DBM0: f32 = -10.0;
/// How loud each of a key's two tones is. ITU-T Q.23 leaves it to the network; −7 suits detectors.
const KEY_DBM0: f32 = -7.0;

/// One part of a cadence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    /// One or two frequencies in Hz; 0: none. Both 0: silence.
    pub hz: [f32; 2],
    /// For so long, in milliseconds.
    pub length_ms: u32,
}

/// A cadence, for ever or once.
#[derive(Clone, Debug, PartialEq)]
pub struct ToneSpec {
    /// Played one after the other.
    pub beats: Vec<Beat>,
    /// Loudness of each frequency, in dBm0.
    pub level_dbm0: f32,
    /// From the start again after the last beat.
    pub repeats: bool,
}

/// The tones of a telephone network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The other side rings: 1 s in 5.
    Ringback,
    /// Busy: 0.35 s on and off.
    Busy,
    /// No way through: 0.175 s on and off.
    Congestion,
    /// Ready for a number: without end.
    Dial,
    /// Special information: three rising tones, then 1 s of silence. ITU-T E.180 §6.
    SpecialInformation,
    /// Once before something is said or a recording begins.
    Beep,
}

/// Frequencies of rows and columns in Hz, keys in their places. ITU-T Q.23.
pub const ROWS_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// The high group.
pub const COLUMNS_HZ: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// What stands at row and column.
pub const KEYPAD: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

impl Progress {
    /// Its cadence.
    pub fn spec(self) -> ToneSpec {
        let beat = |hz, length_ms| Beat { hz: [hz, 0.0], length_ms };
        let (beats, repeats) = match self {
            Self::Ringback => (vec![beat(425.0, 1_000), beat(0.0, 4_000)], true),
            Self::Busy => (vec![beat(425.0, 350), beat(0.0, 350)], true),
            Self::Congestion => (vec![beat(425.0, 175), beat(0.0, 175)], true),
            Self::Dial => (vec![beat(425.0, 1_000)], true),
            Self::SpecialInformation => {
                let tones = [950.0, 1_400.0, 1_800.0].map(|hz| beat(hz, 330));
                ([tones.to_vec(), vec![beat(0.0, 1_000)]].concat(), true)
            }
            Self::Beep => (vec![beat(1_000.0, 250), beat(0.0, 50)], false),
        };
        ToneSpec { beats, level_dbm0: PROGRESS_DBM0, repeats }
    }
}

impl ToneSpec {
    /// A key held for so long, and silence behind it.
    pub fn key(digit: Digit, held_ms: u32, pause_ms: u32) -> Self {
        let place = KEYPAD.iter().flatten().position(|key| *key == digit.as_char()).unwrap_or(0);
        let hz = [ROWS_HZ[place / 4], COLUMNS_HZ[place % 4]];
        let beats =
            vec![Beat { hz, length_ms: held_ms }, Beat { hz: [0.0; 2], length_ms: pause_ms }];
        Self { beats, level_dbm0: KEY_DBM0, repeats: false }
    }

    /// One frequency without end.
    pub fn steady(hz: f32, level_dbm0: f32) -> Self {
        let beats = vec![Beat { hz: [hz, 0.0], length_ms: 1_000 }];
        Self { beats, level_dbm0, repeats: true }
    }
}

/// A tone being played.
#[derive(Clone, Debug)]
pub struct Tone {
    spec: ToneSpec,
    rate: SampleRate,
    amplitude: f32,
    beat: usize,
    /// Samples of the current beat that have been played.
    played: u32,
    /// Of both frequencies, in turns: it runs on over beats of the same frequency.
    phases: [f32; 2],
}

impl Tone {
    /// At its beginning.
    pub fn new(spec: ToneSpec, rate: SampleRate) -> Self {
        let amplitude = AMPLITUDE_0_DBM0 * 10.0_f32.powf(spec.level_dbm0 / 20.0);
        Self { spec, rate, amplitude, beat: 0, played: 0, phases: [0.0; 2] }
    }

    /// Fills `frame` as far as the tone reaches and the rest with silence; tells how far that was.
    pub fn next_frame(&mut self, frame: &mut [i16]) -> usize {
        for (index, sample) in frame.iter_mut().enumerate() {
            let Some(value) = self.next_sample() else {
                frame[index..].fill(0);
                return index;
            };
            *sample = value;
        }
        frame.len()
    }

    fn next_sample(&mut self) -> Option<i16> {
        let mut skipped = 0;
        let beat = loop {
            let beat = *self.spec.beats.get(self.beat)?;
            let length = beat.length_ms * self.rate.samples_per_ms();
            if self.played < length {
                break beat;
            }
            self.played = 0;
            self.beat += 1;
            if self.beat == self.spec.beats.len() && self.spec.repeats {
                self.beat = 0;
            }
            // A cadence of nothing but empty beats ends.
            skipped += 1;
            if skipped > self.spec.beats.len() {
                return None;
            }
        };
        self.played += 1;
        let mut sum = 0.0;
        for (hz, phase) in beat.hz.iter().zip(&mut self.phases) {
            if *hz > 0.0 {
                sum += (*phase * std::f32::consts::TAU).sin();
                *phase = (*phase + hz / self.rate.hz() as f32).fract();
            } else {
                *phase = 0.0;
            }
        }
        Some((sum * self.amplitude).clamp(-32_768.0, 32_767.0) as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::goertzel::power_dbm0;

    fn play(spec: ToneSpec, rate: SampleRate, length_ms: u32) -> Vec<i16> {
        let mut tone = Tone::new(spec, rate);
        let mut samples = vec![0; (length_ms * rate.samples_per_ms()) as usize];
        for frame in samples.chunks_mut(rate.frame_samples()) {
            tone.next_frame(frame);
        }
        samples
    }

    /// Which tenths of a second hold the tone.
    fn pattern(progress: Progress, length_ms: u32) -> String {
        let samples = play(progress.spec(), SampleRate::Narrow, length_ms);
        let is_on = |tenth: &[i16]| power_dbm0(tenth, 425.0, SampleRate::Narrow) > -14.0;
        samples.chunks(800).map(|tenth| if is_on(tenth) { '#' } else { '.' }).collect()
    }

    #[test]
    fn cadences_are_those_of_the_network() {
        assert_eq!(
            pattern(Progress::Ringback, 6_000),
            format!("{}{}{}", "#".repeat(10), ".".repeat(40), "#".repeat(10))
        );
        assert_eq!(pattern(Progress::Busy, 1_400), "###....###....");
        assert_eq!(pattern(Progress::Dial, 1_000), "#".repeat(10));
    }

    #[test]
    fn tones_have_the_level_they_say_at_both_rates() {
        for rate in [SampleRate::Narrow, SampleRate::Wide] {
            let samples = play(ToneSpec::steady(1_000.0, -20.0), rate, 500);
            let level = power_dbm0(&samples, 1_000.0, rate);
            assert!((level + 20.0).abs() < 0.1, "{level}");
        }
    }

    #[test]
    fn a_tone_that_ends_says_where() {
        let mut tone = Tone::new(Progress::Beep.spec(), SampleRate::Narrow);
        let mut frame = [1; 160];
        let lengths: Vec<usize> = (0..16).map(|_| tone.next_frame(&mut frame)).collect();
        assert_eq!((&lengths[..15], lengths[15]), (&[160; 15][..], 0));
        assert_eq!(frame, [0; 160]);
    }

    #[test]
    fn a_cadence_of_nothing_ends() {
        let empty = Beat { hz: [425.0, 0.0], length_ms: 0 };
        let spec = ToneSpec { beats: vec![empty; 3], level_dbm0: 0.0, repeats: true };
        let mut frame = [1; 160];
        assert_eq!(Tone::new(spec, SampleRate::Narrow).next_frame(&mut frame), 0);
    }
}
