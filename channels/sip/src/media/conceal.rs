//! Sound in place of a packet that did not come: the last period of the voice, repeated and
//! faded. The idea is that of ITU-T G.711 appendix I, made simple.

use super::SampleRate;

/// What is remembered: two periods of the deepest voice.
const HISTORY_MS: usize = 40;
/// Periods that are looked for: 50 to 400 Hz.
const PERIOD_MIN_US: usize = 2_500;
const PERIOD_MAX_MS: usize = 20;
/// Full loudness for so long, then fading; silent at the end.
const FULL_MS: usize = 10;
const SILENT_MS: usize = 60;
/// How long the true sound is blended in again.
const BLEND_US: usize = 4_000;

/// Remembers what was played, and goes on from it.
#[derive(Clone, Debug)]
pub struct Concealment {
    samples_per_ms: usize,
    history: Vec<i16>,
    /// The period that is repeated, while concealing.
    period: Vec<i16>,
    at: usize,
    concealed: usize,
}

impl Concealment {
    /// For sound of that rate.
    pub fn new(rate: SampleRate) -> Self {
        let samples_per_ms = rate.samples_per_ms() as usize;
        let history = vec![0; HISTORY_MS * samples_per_ms];
        Self { samples_per_ms, history, period: Vec::new(), at: 0, concealed: 0 }
    }

    /// Passes true sound on. `is_spliced`: blend its beginning into what came before.
    pub fn heard(&mut self, samples: &mut [i16], is_spliced: bool) {
        if is_spliced || self.concealed > 0 {
            let length = (BLEND_US * self.samples_per_ms / 1_000).min(samples.len());
            let mut before = vec![0; length];
            self.go_on(&mut before);
            for (index, sample) in samples[..length].iter_mut().enumerate() {
                let (new, old) = (i32::from(*sample), i32::from(before[index]));
                let share = (index + 1) as i32;
                let whole = length as i32 + 1;
                *sample = (old + (new - old) * share / whole) as i16;
            }
        }
        self.concealed = 0;
        self.period.clear();
        self.remember(samples);
    }

    /// Fills `samples` with a replacement.
    pub fn conceal(&mut self, samples: &mut [i16]) {
        self.go_on(samples);
        self.remember(samples);
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.history.len();
        if samples.len() >= length {
            self.history.copy_from_slice(&samples[samples.len() - length..]);
        } else {
            self.history.copy_within(samples.len().., 0);
            self.history[length - samples.len()..].copy_from_slice(samples);
        }
    }

    fn go_on(&mut self, samples: &mut [i16]) {
        if self.period.is_empty() {
            let length = self.find_period();
            self.period.extend_from_slice(&self.history[self.history.len() - length..]);
            self.at = 0;
        }
        let (full, silent) = (FULL_MS * self.samples_per_ms, SILENT_MS * self.samples_per_ms);
        for sample in samples {
            let left = silent.saturating_sub(self.concealed.max(full)) as i32;
            let loudness = left * 256 / (silent - full) as i32;
            *sample = ((i32::from(self.period[self.at]) * loudness) >> 8) as i16;
            self.at = (self.at + 1) % self.period.len();
            self.concealed = self.concealed.saturating_add(1);
        }
    }

    /// The shift at which the last sound is most like itself.
    fn find_period(&self) -> usize {
        let shortest = PERIOD_MIN_US * self.samples_per_ms / 1_000;
        let longest = PERIOD_MAX_MS * self.samples_per_ms;
        let length = self.history.len();
        let end = &self.history[length - longest..];
        let likeness = |shift: usize| {
            let shifted = &self.history[length - longest - shift..length - shift];
            let (mut product, mut energy) = (0_i64, 1_i64);
            for (a, b) in end.iter().zip(shifted) {
                product += i64::from(*a) * i64::from(*b);
                energy += i64::from(*b) * i64::from(*b);
            }
            product.max(0) as f64 / (energy as f64).sqrt()
        };
        (shortest..=longest)
            .map(|shift| (shift, likeness(shift)))
            // The shortest of equals: multiples of the period are as like as itself.
            .fold((longest, 0.0), |best, next| if next.1 > best.1 * 1.001 { next } else { best })
            .0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::goertzel;

    fn tone(hz: f32, from: usize, rate: SampleRate) -> Vec<i16> {
        let length = rate.frame_samples();
        let angle = |index: usize| std::f32::consts::TAU * hz * index as f32 / rate.hz() as f32;
        (from..from + length).map(|index| (angle(index).sin() * 10_000.0) as i16).collect()
    }

    #[test]
    fn a_tone_goes_on_over_one_lost_frame() {
        for rate in [SampleRate::Narrow, SampleRate::Wide] {
            for hz in [120.0, 200.0, 333.0] {
                let mut concealment = Concealment::new(rate);
                let length = rate.frame_samples();
                for frame in 0..5 {
                    concealment.heard(&mut tone(hz, frame * length, rate), false);
                }
                let mut lost = vec![0; length];
                concealment.conceal(&mut lost);
                let true_sound = tone(hz, 5 * length, rate);
                // The first 10 ms are at full loudness: nearly what was lost.
                let half = length / 2;
                let difference: Vec<i16> =
                    lost[..half].iter().zip(&true_sound).map(|(a, b)| a - b).collect();
                let ratio = goertzel::mean_square(&difference) / goertzel::mean_square(&true_sound);
                assert!(ratio < 0.1, "{hz} Hz: {ratio}");
            }
        }
    }

    #[test]
    fn it_fades_to_silence_within_60_ms() {
        let mut concealment = Concealment::new(SampleRate::Narrow);
        for frame in 0..5 {
            concealment.heard(&mut tone(200.0, frame * 160, SampleRate::Narrow), false);
        }
        let mut loudness = Vec::new();
        for _ in 0..4 {
            let mut frame = [0; 160];
            concealment.conceal(&mut frame);
            loudness.push(goertzel::mean_square(&frame));
        }
        assert!(
            loudness.windows(2).all(|pair| pair[1] < pair[0] || pair[0] == 0.0),
            "{loudness:?}"
        );
        assert!(loudness[3] == 0.0, "{loudness:?}");
    }

    #[test]
    fn the_true_sound_comes_back_without_a_click() {
        let mut concealment = Concealment::new(SampleRate::Narrow);
        let mut sound = Vec::new();
        for frame in 0..12 {
            let mut samples = tone(200.0, frame * 160, SampleRate::Narrow);
            if frame == 6 || frame == 7 {
                concealment.conceal(&mut samples);
            } else {
                concealment.heard(&mut samples, false);
            }
            sound.extend(samples);
        }
        let steepest = sound.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
        // A sine of that height climbs at most 1,571 a sample.
        assert!(steepest.is_some_and(|steepest| steepest < 3_200), "{steepest:?}");
    }

    #[test]
    fn silence_is_concealed_by_silence() {
        let mut frame = [5; 160];
        Concealment::new(SampleRate::Narrow).conceal(&mut frame);
        assert_eq!(frame, [0; 160]);
    }
}
