//! The hiss in place of silence that was not sent. RFC 3389.
//!
//! The level is followed; the shape of the spectrum (optional there) is not: white noise at that
//! level tells the listener that the line is alive.

use super::noise::Noise;
use super::tone::AMPLITUDE_0_DBM0;

/// The static payload type at 8 kHz. RFC 3551 §6.
pub const PAYLOAD_TYPE: u8 = 13;
/// Loudest noise that is made, in −dBov: a sender that says 0 would hurt.
const LOUDEST_DBOV: u8 = 30;
/// 0 dBov is the power of a square wave of full scale, 3.01 dB above its sine, which is 3.14 dBm0.
const DBM0_OF_0_DBOV: f32 = 6.15;

/// Noise at the level that the other side told.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    amplitude: f32,
    noise: Noise,
}

impl ComfortNoise {
    /// Silent until told a level.
    pub const fn new(seed: u32) -> Self {
        Self { amplitude: 0.0, noise: Noise::new(seed) }
    }

    /// Reads the payload of a comfort noise packet: the first byte is the level in −dBov.
    pub fn told(&mut self, payload: &[u8]) {
        let Some(level) = payload.first() else { return };
        let dbov = f32::from((level & 0x7F).max(LOUDEST_DBOV));
        // Evenly spread values have a third of the power of their peak's square, a sine a half.
        let peak = 1.5_f32.sqrt();
        self.amplitude = AMPLITUDE_0_DBM0 * 10.0_f32.powf((DBM0_OF_0_DBOV - dbov) / 20.0) * peak;
    }

    /// Silent again: sound is coming.
    pub const fn stop(&mut self) {
        self.amplitude = 0.0;
    }

    /// Fills a frame.
    pub fn fill(&mut self, frame: &mut [i16]) {
        if self.amplitude < 1.0 {
            frame.fill(0);
            return;
        }
        for sample in frame {
            *sample = (self.noise.next_f32() * self.amplitude) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::goertzel;

    fn level_dbov(payload: &[u8]) -> f32 {
        let mut comfort = ComfortNoise::new(1);
        comfort.told(payload);
        let mut frame = [0; 8_000];
        comfort.fill(&mut frame);
        10.0 * (goertzel::mean_square(&frame) / (32_768.0 * 32_768.0)).log10()
    }

    #[test]
    fn noise_has_the_level_that_was_told() {
        for level in [40_u8, 50, 60] {
            let heard = level_dbov(&[level, 1, 2, 3]);
            assert!((heard + f32::from(level)).abs() < 0.5, "{level}: {heard}");
        }
        assert!(level_dbov(&[0]) < -29.0, "never loud");
    }

    #[test]
    fn nothing_told_is_silence() {
        let mut frame = [1; 160];
        let mut comfort = ComfortNoise::new(1);
        comfort.told(&[]);
        comfort.fill(&mut frame);
        assert_eq!(frame, [0; 160]);
    }
}
