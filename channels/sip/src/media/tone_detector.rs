//! One steady tone heard in 8 kHz sound: a fax machine that calls, or one that answers.

use super::SampleRate;
use super::goertzel;

/// 10 ms: short enough that a tone at the edge of its tolerance still counts.
const WINDOW: usize = 80;
const WINDOW_MS: u32 = 10;
/// Share of the energy at the frequency. A window of 10 ms leaves 0.61 of a tone 38 Hz off and
/// the half of one 44 Hz off.
const SHARE_MIN: f32 = 0.5;
/// Mean square of a sine at −43 dBm0, the least that ITU-T T.30 makes a receiver hear.
const MEAN_SQUARE_MIN: f32 = 13_000.0;
/// Windows in a row without the tone that end it: clicks do not.
const MISSING_MAX: u32 = 3;

/// Listens for one tone.
#[derive(Clone, Debug)]
pub struct ToneDetector {
    hz: f32,
    held_min_ms: u32,
    pending: Vec<i16>,
    held_ms: u32,
    missing: u32,
    is_told: bool,
}

impl ToneDetector {
    /// `hz` for at least `held_min_ms`.
    pub fn new(hz: f32, held_min_ms: u32) -> Self {
        let pending = Vec::with_capacity(2 * WINDOW);
        Self { hz, held_min_ms, pending, held_ms: 0, missing: 0, is_told: false }
    }

    /// A fax machine that calls (CNG): 1,100 Hz for half a second, every three. ITU-T T.30 §4.3.3.
    pub fn calling_fax() -> Self {
        // 0.5 s ± 15 %, less what the edges of the windows swallow.
        Self::new(1_100.0, 380)
    }

    /// A fax machine that answers (CED): 2,100 Hz for 2.6 to 4 s. ITU-T T.30 §4.3.2.
    pub fn answering_fax() -> Self {
        Self::new(2_100.0, 500)
    }

    /// Listens to the next samples; `true` once for each time the tone is held long enough.
    pub fn listen(&mut self, samples: &[i16]) -> bool {
        self.pending.extend_from_slice(samples);
        let mut is_found = false;
        let whole = self.pending.len() / WINDOW * WINDOW;
        for window in 0..whole / WINDOW {
            let window = &self.pending[window * WINDOW..][..WINDOW];
            let is_on = goertzel::mean_square(window) >= MEAN_SQUARE_MIN
                && goertzel::share(window, self.hz, SampleRate::Narrow) >= SHARE_MIN;
            if is_on {
                self.missing = 0;
                self.held_ms = self.held_ms.saturating_add(WINDOW_MS);
            } else {
                self.missing += 1;
                if self.missing >= MISSING_MAX {
                    (self.missing, self.held_ms, self.is_told) = (0, 0, false);
                }
            }
            if self.held_ms >= self.held_min_ms && !self.is_told {
                self.is_told = true;
                is_found = true;
            }
        }
        self.pending.drain(..whole);
        is_found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::noise::Noise;
    use crate::media::tone::{Progress, Tone, ToneSpec};

    fn sound(hz: f32, level_dbm0: f32, length_ms: usize) -> Vec<i16> {
        let mut samples = vec![0; length_ms * 8];
        Tone::new(ToneSpec::steady(hz, level_dbm0), SampleRate::Narrow).next_frame(&mut samples);
        samples
    }

    fn times_found(samples: &[i16]) -> usize {
        let mut detector = ToneDetector::calling_fax();
        samples.chunks(160).filter(|frame| detector.listen(frame)).count()
    }

    #[test]
    fn a_calling_fax_is_heard_within_its_tolerances() {
        for hz in [1_062.0, 1_100.0, 1_138.0] {
            for level_dbm0 in [0.0, -15.0, -40.0] {
                for length_ms in [425, 500, 575] {
                    let cng = [vec![0; 333], sound(hz, level_dbm0, length_ms), vec![0; 24_000]];
                    let samples = cng.concat().repeat(2);
                    assert_eq!(
                        times_found(&samples),
                        2,
                        "{hz} Hz {level_dbm0} dBm0 {length_ms} ms"
                    );
                }
            }
        }
    }

    #[test]
    fn other_tones_and_shorter_ones_are_not() {
        assert_eq!(times_found(&sound(1_100.0, -15.0, 300)), 0);
        assert_eq!(times_found(&sound(1_100.0, -55.0, 600)), 0);
        for hz in [425.0, 950.0, 1_000.0, 1_209.0, 1_300.0, 2_100.0] {
            assert_eq!(times_found(&sound(hz, -10.0, 2_000)), 0, "{hz}");
        }
        let mut ringback = vec![0; 80_000];
        Tone::new(Progress::Ringback.spec(), SampleRate::Narrow).next_frame(&mut ringback);
        assert_eq!(times_found(&ringback), 0);
        let mut noise = Noise::new(1);
        let hiss: Vec<i16> = (0..160_000).map(|_| (noise.next_f32() * 9_000.0) as i16).collect();
        assert_eq!(times_found(&hiss), 0);
    }

    #[test]
    fn a_fax_that_answers_is_told_from_one_that_calls() {
        let mut detector = ToneDetector::answering_fax();
        assert!(detector.listen(&sound(2_100.0, -12.0, 3_000)));
        assert!(!detector.listen(&sound(1_100.0, -12.0, 3_000)));
    }
}
