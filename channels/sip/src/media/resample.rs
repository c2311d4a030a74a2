//! From one sampling rate to another, for files that are read once: a windowed sinc.

/// Zero crossings on each side of the filter: enough that what is above the telephone's band is
/// 60 dB down.
const CROSSINGS: f64 = 16.0;
/// Points of the filter's table for each crossing.
const TABLE_STEPS: usize = 256;

/// The same sound at another rate. The length follows exactly; the edges count as silence.
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Vec<i16> {
    if from_hz == to_hz || from_hz == 0 || to_hz == 0 || samples.is_empty() {
        return samples.to_vec();
    }
    let ratio = f64::from(from_hz) / f64::from(to_hz);
    // When going down, everything above half the new rate must go, a little below it already.
    let band = (1.0 / ratio).min(1.0) * 0.95;
    let reach = CROSSINGS / band;
    let table = filter_table();
    let length = (samples.len() as u64 * u64::from(to_hz)).div_ceil(u64::from(from_hz)) as usize;
    let at = |index: usize| -> i16 {
        let center = index as f64 * ratio;
        let first = (center - reach).ceil().max(0.0) as usize;
        let last = ((center + reach).floor() as usize).min(samples.len() - 1);
        let sum: f64 = (first..=last)
            .map(|place| {
                let distance = ((place as f64 - center) * band).abs();
                f64::from(samples[place]) * weight(&table, distance)
            })
            .sum();
        (sum * band).round().clamp(-32_768.0, 32_767.0) as i16
    };
    (0..length).map(at).collect()
}

/// The filter at multiples of a part of a crossing, from the middle outwards.
fn filter_table() -> Vec<f64> {
    let points = CROSSINGS as usize * TABLE_STEPS;
    let value = |point: usize| {
        let distance = point as f64 / TABLE_STEPS as f64;
        let angle = std::f64::consts::PI * distance;
        let sinc = if point == 0 { 1.0 } else { angle.sin() / angle };
        // Blackman's window.
        let along = std::f64::consts::PI * distance / CROSSINGS;
        sinc * (0.42 + 0.5 * along.cos() + 0.08 * (2.0 * along).cos())
    };
    (0..=points).map(value).collect()
}

fn weight(table: &[f64], distance: f64) -> f64 {
    let place = distance * TABLE_STEPS as f64;
    let index = place as usize;
    match table.get(index..index + 2) {
        Some([here, next]) => here + (next - here) * place.fract(),
        Some(_) | None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::SampleRate;
    use crate::media::goertzel;

    fn sine(hz: f32, rate_hz: u32) -> Vec<i16> {
        let angle = |index: u32| std::f32::consts::TAU * hz * index as f32 / rate_hz as f32;
        (0..rate_hz).map(|index| (angle(index).sin() * 10_000.0) as i16).collect()
    }

    #[test]
    fn what_fits_into_the_band_stays_and_the_rest_goes() {
        let narrow = SampleRate::Narrow;
        for rate_hz in [11_025, 16_000, 22_050, 44_100, 48_000] {
            let kept = resample(&sine(1_000.0, rate_hz), rate_hz, 8_000);
            assert!((goertzel::amplitude(&kept, 1_000.0, narrow) - 10_000.0).abs() < 150.0);
            // 5 kHz would come back as 3 kHz.
            let gone = resample(&sine(5_000.0, rate_hz), rate_hz, 8_000);
            assert!(goertzel::mean_square(&gone).sqrt() < 40.0, "{rate_hz}");
        }
    }

    #[test]
    fn lengths_follow_the_rates() {
        assert_eq!(resample(&[1; 441], 44_100, 8_000).len(), 80);
        assert_eq!(resample(&[1; 80], 8_000, 16_000).len(), 160);
        assert_eq!(resample(&[1, 2, 3], 8_000, 8_000), [1, 2, 3]);
        assert!(resample(&[], 8_000, 16_000).is_empty());
    }
}
