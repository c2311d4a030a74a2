//! How much of one frequency is in a piece of sound (Goertzel's filter).

use super::SampleRate;
use super::tone::AMPLITUDE_0_DBM0;

/// What a frequency amounts to in `samples`: the amplitude of a sine of that frequency that has
/// the same energy there, in sample units.
pub fn amplitude(samples: &[i16], hz: f32, rate: SampleRate) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    // In 64 bits: over a second of sound, rounding in 32 would show.
    let coefficient = 2.0 * (std::f64::consts::TAU * f64::from(hz) / f64::from(rate.hz())).cos();
    let (mut last, mut before) = (0.0_f64, 0.0_f64);
    for sample in samples {
        let next = f64::from(*sample) + coefficient * last - before;
        before = last;
        last = next;
    }
    let energy = last * last + before * before - coefficient * last * before;
    (2.0 * energy.max(0.0).sqrt() / samples.len() as f64) as f32
}

/// The same as a level: a sine of full scale is +3.14 dBm0.
pub fn power_dbm0(samples: &[i16], hz: f32, rate: SampleRate) -> f32 {
    let amplitude = amplitude(samples, hz, rate).max(f32::MIN_POSITIVE);
    20.0 * (amplitude / AMPLITUDE_0_DBM0).log10()
}

/// Mean square of the samples.
pub fn mean_square(samples: &[i16]) -> f32 {
    let sum: i64 = samples.iter().map(|sample| i64::from(*sample) * i64::from(*sample)).sum();
    sum as f32 / samples.len().max(1) as f32
}

/// The share of the energy that one frequency has, 0 to 1. Silence has no tone.
pub fn share(samples: &[i16], hz: f32, rate: SampleRate) -> f32 {
    let all = mean_square(samples);
    if all < 1.0 { 0.0 } else { amplitude(samples, hz, rate).powi(2) / 2.0 / all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f32, amplitude: f32, length: usize) -> Vec<i16> {
        let angle = |index: usize| std::f32::consts::TAU * hz * index as f32 / 8_000.0;
        (0..length).map(|index| (angle(index).sin() * amplitude) as i16).collect()
    }

    #[test]
    fn a_sine_is_found_with_its_amplitude_and_nowhere_else() {
        let samples = sine(1_000.0, 10_000.0, 800);
        assert!((amplitude(&samples, 1_000.0, SampleRate::Narrow) - 10_000.0).abs() < 20.0);
        assert!(amplitude(&samples, 1_200.0, SampleRate::Narrow) < 50.0);
        assert!((share(&samples, 1_000.0, SampleRate::Narrow) - 1.0).abs() < 0.01);
        assert!(share(&samples, 440.0, SampleRate::Narrow) < 0.01);
    }

    #[test]
    fn silence_has_no_tone() {
        assert!(share(&[0; 160], 1_000.0, SampleRate::Narrow).abs() < f32::EPSILON);
        assert!(share(&[], 1_000.0, SampleRate::Narrow).abs() < f32::EPSILON);
        assert!(power_dbm0(&[0; 160], 1_000.0, SampleRate::Narrow) < -200.0);
    }
}
