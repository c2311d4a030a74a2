//! Noise by seed: for comfort noise, and for tests that must be the same every time.

/// A small generator (xorshift of 32 bits): sounds random, is no secret.
#[derive(Clone, Debug)]
pub struct Noise(u32);

impl Noise {
    /// The same seed gives the same noise.
    pub const fn new(seed: u32) -> Self {
        // Zero would stay zero.
        Self(if seed == 0 { 0x9E37_79B9 } else { seed })
    }

    /// 32 bits.
    pub const fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Evenly spread from −1 to 1.
    pub fn next_f32(&mut self) -> f32 {
        self.next_u32().cast_signed() as f32 / 2_147_483_648.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spread_evenly_and_repeats_by_seed() {
        let mut noise = Noise::new(1);
        let values: Vec<f32> = (0..10_000).map(|_| noise.next_f32()).collect();
        let mean = values.iter().sum::<f32>() / 10_000.0;
        let power = values.iter().map(|value| value * value).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.03 && (power - 1.0 / 3.0).abs() < 0.02, "{mean} {power}");
        assert_eq!(Noise::new(0).next_u32(), Noise::new(0).next_u32());
        assert_ne!(Noise::new(1).next_u32(), Noise::new(2).next_u32());
    }
}
