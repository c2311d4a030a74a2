//! Keys heard in the sound itself, for lines without telephone events. ITU-T Q.23, Q.24.
//!
//! Every 10 ms the last 20 ms are compared with the eight frequencies. The phase of the two
//! strongest tells where each really lies, and there its strength is measured. A window holds a
//! key when both tones are near enough, balanced, loud enough, and make up nearly all of the
//! sound: that last condition is what keeps voices from being taken for keys.
//!
//! Three windows of one key in a row press it, if two of them are filled by it: a key of 40 ms
//! always has those, one of 23 ms never. Three windows without it release it, so that an
//! interruption of 10 ms does not make two keys of one.

use std::f32::consts::TAU;

use super::SampleRate;
use super::goertzel;
use super::telephone_event::{Digit, KeyEvent};
use super::tone::{AMPLITUDE_0_DBM0, COLUMNS_HZ, KEYPAD, ROWS_HZ};

/// 10 ms at 8 kHz.
const STEP: usize = 80;
const STEP_S: f32 = 0.01;
const STEP_MS: u32 = 10;
/// ITU-T Q.24 table A-1: 1.5 % + 2 Hz must be taken, 3.5 % must not; this lies between for all.
const OFF_SHARE_MAX: f32 = 0.023;
const OFF_MAX_HZ: f32 = 2.0;
/// Each tone at least: Q.24 (AT&T) asks for −25 dBm0.
const LEVEL_MIN_DBM0: f32 = -29.0;
/// The high group may be louder by 4 dB, the low one by 8 (Q.24, AT&T), and a little for noise.
const HIGH_LOUDER_MAX_DB: f32 = 6.0;
const LOW_LOUDER_MAX_DB: f32 = 10.0;
/// Share of the energy that both tones make up in a window into which a key reaches.
const SHARE_MIN: f32 = 0.5;
/// And in one that it fills: noise 15 dB below the tones leaves 0.95.
const SHARE_FULL: f32 = 0.91;
/// Windows that press and release.
const WINDOWS: u8 = 3;
/// How many of the pressing ones must be filled.
const FULL_WINDOWS: u8 = 2;
/// A key begins before its third window is complete.
const PRESS_LAG_MS: u32 = 40;

/// Listens for keys in 8 kHz sound.
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    /// Cosine and sine of the eight frequencies over one step.
    waves: Box<[[(f32, f32); STEP]; 8]>,
    /// The last step and what has come of the next.
    pending: Vec<i16>,
    /// Correlations and energy of the step before.
    before: Option<Step>,
    /// Sum of the last two steps.
    window: Option<[Complex; 8]>,
    candidate: Option<Candidate>,
    pressed: Option<Pressed>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    digit: Digit,
    windows: u8,
    full: u8,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    digit: Digit,
    is_full: bool,
}

#[derive(Clone, Copy, Debug)]
struct Pressed {
    digit: Digit,
    held_ms: u32,
    missing: u8,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    parts: [Complex; 8],
    energy: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn turn(angle: f32) -> Self {
        Self { re: angle.cos(), im: angle.sin() }
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn mirrored(self) -> Self {
        Self { re: self.re, im: -self.im }
    }

    fn square(self) -> f32 {
        self.re * self.re + self.im * self.im
    }
}

impl Default for DtmfDetector {
    fn default() -> Self {
        let mut waves = Box::new([[(0.0, 0.0); STEP]; 8]);
        for (wave, hz) in waves.iter_mut().zip(frequencies()) {
            for (index, point) in wave.iter_mut().enumerate() {
                let angle = TAU * hz * index as f32 / 8_000.0;
                *point = (angle.cos(), -angle.sin());
            }
        }
        let mut pending = Vec::with_capacity(3 * STEP);
        pending.resize(STEP, 0);
        Self { waves, pending, before: None, window: None, candidate: None, pressed: None }
    }
}

fn frequencies() -> impl Iterator<Item = f32> {
    ROWS_HZ.into_iter().chain(COLUMNS_HZ)
}

impl DtmfDetector {
    /// Listens to the next samples; tells each key when it is sure and when it is released.
    pub fn listen(&mut self, samples: &[i16], mut tell: impl FnMut(KeyEvent)) {
        for part in samples.chunks(STEP) {
            self.pending.extend_from_slice(part);
            while self.pending.len() >= 2 * STEP {
                let step = self.correlate();
                if let Some(event) = self.step(step) {
                    tell(event);
                }
                self.pending.drain(..STEP);
            }
        }
    }

    fn correlate(&self) -> Step {
        let samples = &self.pending[STEP..2 * STEP];
        let energy = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        let mut parts = [Complex::default(); 8];
        // Silence needs no comparison: most of a call is.
        if energy > energy_min() {
            for (part, wave) in parts.iter_mut().zip(self.waves.iter()) {
                for (sample, (cosine, sine)) in samples.iter().zip(wave) {
                    part.re += f32::from(*sample) * cosine;
                    part.im += f32::from(*sample) * sine;
                }
            }
        }
        Step { parts, energy }
    }

    fn step(&mut self, step: Step) -> Option<KeyEvent> {
        let before = self.before.replace(step)?;
        let mut window = [Complex::default(); 8];
        for (index, hz) in frequencies().enumerate() {
            // Both steps as seen from the beginning of the first.
            let turned = step.parts[index].times(Complex::turn(-TAU * hz * STEP_S));
            window[index] = before.parts[index].plus(turned);
        }
        let last_window = self.window.replace(window)?;
        let energy = before.energy + step.energy;
        let heard = judge(&last_window, &window, &self.pending[..2 * STEP], energy);
        self.follow(heard)
    }

    fn follow(&mut self, heard: Option<Heard>) -> Option<KeyEvent> {
        if let Some(pressed) = &mut self.pressed {
            let is_on = heard.is_some_and(|heard| heard.digit == pressed.digit);
            pressed.held_ms += STEP_MS;
            pressed.missing = if is_on { 0 } else { pressed.missing + 1 };
            if pressed.missing < WINDOWS {
                return None;
            }
            let held_ms = pressed.held_ms - u32::from(WINDOWS) * STEP_MS;
            let released = KeyEvent::Released { digit: pressed.digit, held_ms };
            self.pressed = None;
            self.candidate = heard.map(Candidate::new);
            return Some(released);
        }
        let Some(heard) = heard else {
            self.candidate = None;
            return None;
        };
        let candidate = match self.candidate {
            Some(candidate) if candidate.digit == heard.digit => candidate.and(heard),
            Some(_) | None => Candidate::new(heard),
        };
        if candidate.windows < WINDOWS || candidate.full < FULL_WINDOWS {
            self.candidate = Some(candidate);
            return None;
        }
        self.candidate = None;
        self.pressed = Some(Pressed { digit: heard.digit, held_ms: PRESS_LAG_MS, missing: 0 });
        Some(KeyEvent::Pressed(heard.digit))
    }
}

impl Candidate {
    fn new(heard: Heard) -> Self {
        Self { digit: heard.digit, windows: 1, full: u8::from(heard.is_full) }
    }

    fn and(self, heard: Heard) -> Self {
        Self {
            digit: self.digit,
            windows: self.windows.saturating_add(1),
            // Those in a row: a voice that is pure now and then does not add up to a key.
            full: if heard.is_full { self.full.saturating_add(1) } else { self.full.min(1) },
        }
    }
}

/// Both tones at the least level fill a window so far.
fn energy_min() -> f32 {
    let amplitude = AMPLITUDE_0_DBM0 * 10.0_f32.powf(LEVEL_MIN_DBM0 / 20.0);
    amplitude * amplitude / 2.0 * STEP as f32
}

/// The key of one window, if it holds one. `last` began one step before `window`, which is of
/// `samples` with that energy.
fn judge(
    last: &[Complex; 8],
    window: &[Complex; 8],
    samples: &[i16],
    energy: f32,
) -> Option<Heard> {
    if energy < 2.0 * energy_min() {
        return None;
    }
    let strongest = |range: std::ops::Range<usize>| {
        range.max_by(|a, b| window[*a].square().total_cmp(&window[*b].square()))
    };
    let (row, column) = (strongest(0..4)?, strongest(4..8)?);
    let low_hz = true_hz(last[row], window[row], ROWS_HZ[row])?;
    let high_hz = true_hz(last[column], window[column], COLUMNS_HZ[column - 4])?;
    // A sine of amplitude a has the energy a²/2 for each sample.
    let tone_energy = |hz| {
        goertzel::amplitude(samples, hz, SampleRate::Narrow).powi(2) / 2.0 * samples.len() as f32
    };
    let (low, high) = (tone_energy(low_hz), tone_energy(high_hz));
    let louder_db = 10.0 * (high / low).log10();
    let is_balanced = (-LOW_LOUDER_MAX_DB..=HIGH_LOUDER_MAX_DB).contains(&louder_db);
    let is_loud = low.min(high) >= 2.0 * energy_min();
    let share = (low + high) / energy;
    if !is_balanced || !is_loud || share < SHARE_MIN {
        return None;
    }
    let digit = Digit::from_char(KEYPAD[row][column - 4])?;
    Some(Heard { digit, is_full: share >= SHARE_FULL })
}

/// The frequency of a tone near `hz`, from the turn of its phase between two windows one step
/// apart; `None`: too far off.
fn true_hz(last: Complex, window: Complex, hz: f32) -> Option<f32> {
    let expected = Complex::turn(-TAU * hz * STEP_S);
    let turned = window.times(last.mirrored()).times(expected);
    let off_hz = turned.im.atan2(turned.re) / (TAU * STEP_S);
    (off_hz.abs() <= hz * OFF_SHARE_MAX + OFF_MAX_HZ).then_some(hz + off_hz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::noise::Noise;

    /// Sound that is made up for a test.
    #[derive(Clone, Copy)]
    struct Key {
        name: char,
        held_ms: u32,
        /// Factors of the frequencies.
        off: [f32; 2],
        low_dbm0: f32,
        high_dbm0: f32,
        noise_dbm0: f32,
    }

    const PLAIN: Key = Key {
        name: '5',
        held_ms: 60,
        off: [1.0; 2],
        low_dbm0: -10.0,
        high_dbm0: -10.0,
        noise_dbm0: -60.0,
    };

    fn amplitude(dbm0: f32) -> f32 {
        AMPLITUDE_0_DBM0 * 10.0_f32.powf(dbm0 / 20.0)
    }

    fn sound(key: Key, noise: &mut Noise, samples: &mut Vec<i16>) {
        let place = KEYPAD.iter().flatten().position(|other| *other == key.name).expect("a key");
        let low = TAU * ROWS_HZ[place / 4] * key.off[0] / 8_000.0;
        let high = TAU * COLUMNS_HZ[place % 4] * key.off[1] / 8_000.0;
        for index in 0..key.held_ms * 8 {
            let value = (low * index as f32).sin() * amplitude(key.low_dbm0)
                + (high * index as f32).sin() * amplitude(key.high_dbm0);
            samples.push((value + hiss(noise, key.noise_dbm0)) as i16);
        }
    }

    /// White noise of that level: evenly spread values have a third of the peak's power.
    fn hiss(noise: &mut Noise, dbm0: f32) -> f32 {
        noise.next_f32() * amplitude(dbm0) * (1.5_f32).sqrt()
    }

    fn keys(samples: &[i16]) -> String {
        let mut detector = DtmfDetector::default();
        let mut heard = String::new();
        // Odd pieces: nothing may depend on how the sound is cut.
        for piece in samples.chunks(173) {
            detector.listen(piece, |event| {
                if let KeyEvent::Pressed(digit) = event {
                    heard.push(digit.as_char());
                }
            });
        }
        heard
    }

    /// The same key sixteen times with pauses, beginning anywhere in the 10 ms step.
    fn heard(key: Key, pause_ms: u32) -> usize {
        let mut noise = Noise::new(7);
        let mut samples = Vec::new();
        for index in 0..16 {
            samples.extend((0..pause_ms * 8 + index * 5).map(|_| 0));
            sound(key, &mut noise, &mut samples);
        }
        samples.extend([0; 800]);
        let heard = keys(&samples);
        assert!(heard.chars().all(|other| other == key.name), "{heard}");
        heard.len()
    }

    #[test]
    fn every_key_is_heard_once() {
        let mut noise = Noise::new(3);
        let mut samples = Vec::new();
        for key in KEYPAD.into_iter().flatten() {
            sound(Key { name: key, ..PLAIN }, &mut noise, &mut samples);
            samples.extend([0; 400]);
        }
        assert_eq!(keys(&samples), "123A456B789C*0#D");
    }

    #[test]
    fn lengths_are_judged_as_q24_asks() {
        for key in ['1', '5', 'D'] {
            assert_eq!(heard(Key { name: key, held_ms: 40, ..PLAIN }, 40), 16, "{key}");
            assert_eq!(heard(Key { name: key, held_ms: 23, ..PLAIN }, 40), 0, "{key}");
        }
    }

    #[test]
    fn frequencies_are_judged_as_q24_asks() {
        for (index, key) in ['1', '5', '9', 'D'].into_iter().enumerate() {
            let (low_hz, high_hz) = (ROWS_HZ[index], COLUMNS_HZ[index]);
            for (sign_low, sign_high) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
                let near = |hz: f32, sign: f32| 1.0 + sign * (0.015 + 2.0 / hz);
                let off = [near(low_hz, sign_low), near(high_hz, sign_high)];
                assert_eq!(
                    heard(Key { name: key, off, held_ms: 50, ..PLAIN }, 50),
                    16,
                    "{key} {off:?}"
                );
                for off in [[1.0 + sign_low * 0.035, 1.0], [1.0, 1.0 + sign_high * 0.035]] {
                    assert_eq!(
                        heard(Key { name: key, off, held_ms: 100, ..PLAIN }, 50),
                        0,
                        "{key} {off:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn levels_twist_and_noise_are_judged_as_q24_asks() {
        for (low_dbm0, high_dbm0, noise_dbm0, expected) in [
            (0.0, 0.0, -60.0, 16),
            (-25.0, -25.0, -60.0, 16),
            (-36.0, -36.0, -60.0, 0),
            // Twist: 8 dB for the low group, 4 dB for the high one.
            (-10.0, -18.0, -60.0, 16),
            (-14.0, -10.0, -60.0, 16),
            (-8.0, -22.0, -60.0, 0),
            (-20.0, -10.0, -60.0, 0),
            // 15 dB below the weaker tone.
            (-10.0, -10.0, -25.0, 16),
        ] {
            let key = Key { low_dbm0, high_dbm0, noise_dbm0, ..PLAIN };
            assert_eq!(heard(key, 50), expected, "{low_dbm0} {high_dbm0} {noise_dbm0}");
        }
    }

    #[test]
    fn an_interruption_of_ten_milliseconds_does_not_make_two_keys() {
        let mut noise = Noise::new(5);
        for offset in 0..10 {
            let mut samples = vec![0; 400 + offset * 8];
            sound(PLAIN, &mut noise, &mut samples);
            samples.extend([0; 80]);
            sound(PLAIN, &mut noise, &mut samples);
            samples.extend([0; 800]);
            assert_eq!(keys(&samples), "5", "{offset}");
        }
    }

    #[test]
    fn the_time_held_is_told() {
        let mut noise = Noise::new(5);
        let mut samples = vec![0; 800];
        sound(Key { held_ms: 300, ..PLAIN }, &mut noise, &mut samples);
        samples.extend([0; 800]);
        let mut events = Vec::new();
        DtmfDetector::default().listen(&samples, |event| events.push(event));
        let five = Digit::from_char('5').expect("a key");
        let Some(KeyEvent::Released { digit, held_ms }) = events.get(1) else {
            panic!("pressed and released: {events:?}");
        };
        assert_eq!((events[0], *digit), (KeyEvent::Pressed(five), five));
        assert!((270..=330).contains(held_ms), "{held_ms}");
    }

    /// Ten minutes of vowels by seed: voices of all heights, gliding, shaped by three resonances
    /// (source and filter, as textbooks model speech), with breath. What talk-off tapes hold,
    /// without a tape.
    #[test]
    fn voices_press_no_keys() {
        let mut noise = Noise::new(11);
        let mut detector = DtmfDetector::default();
        let mut pressed = 0;
        for _ in 0..2_000 {
            let syllable = syllable(&mut noise);
            detector.listen(&syllable, |event| {
                pressed += usize::from(matches!(event, KeyEvent::Pressed(_)));
            });
        }
        assert_eq!(pressed, 0);
    }

    /// 300 ms.
    fn syllable(noise: &mut Noise) -> Vec<i16> {
        let pitch_hz = 80.0 + 220.0 * noise.next_f32().abs();
        let glide = 1.0 + 0.2 * noise.next_f32();
        let mut between = |low: f32, high: f32| low + (high - low) * noise.next_f32().abs();
        let formants = [
            (between(250.0, 900.0), between(50.0, 120.0), 1.0),
            (between(900.0, 2_300.0), between(60.0, 150.0), between(0.2, 1.0)),
            (between(2_400.0, 3_200.0), between(90.0, 200.0), between(0.05, 0.4)),
        ];
        let resonance = |hz: f32| -> f32 {
            let gain = |at: f32, width: f32| 1.0 / (1.0 + (2.0 * (hz - at) / width).powi(2)).sqrt();
            formants.iter().map(|(at, width, loud)| loud * gain(*at, *width)).sum()
        };
        let harmonics = (3_400.0 / pitch_hz) as usize;
        let strengths: Vec<f32> =
            (1..=harmonics).map(|number| resonance(number as f32 * pitch_hz)).collect();
        let loudness = 9_000.0 / strengths.iter().sum::<f32>();
        let mut phase = 0.0_f32;
        (0..2_400)
            .map(|index| {
                let along = index as f32 / 2_400.0;
                phase += TAU * pitch_hz * (1.0 + (glide - 1.0) * along) / 8_000.0;
                let voice: f32 = strengths
                    .iter()
                    .enumerate()
                    .map(|(index, strength)| strength * (phase * (index + 1) as f32).sin())
                    .sum();
                (voice * loudness + hiss(noise, -45.0)) as i16
            })
            .collect()
    }
}
