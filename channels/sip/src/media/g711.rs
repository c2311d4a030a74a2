//! G.711: 8 bits for a sample, A-law (Europe) and µ-law (America, Japan). ITU-T G.711, tables 1
//! and 2.
//!
//! Samples are 16 bits with the sign; the laws have 13 and 14 of them, the rest is filled up.
//! Reading is a table made when this is compiled; writing finds the segment by counting zeros.

/// One of the two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// PCMA, payload type 8.
    A,
    /// PCMU, payload type 0.
    Mu,
}

/// Added to the magnitude so that each segment of µ-law begins at a power of two (14 bits).
const MU_BIAS: i32 = 33;
const A_SAMPLES: [i16; 256] = table(Law::A);
const MU_SAMPLES: [i16; 256] = table(Law::Mu);

impl Law {
    /// The byte that means silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::A => 0xD5,
            Self::Mu => 0xFF,
        }
    }

    /// One sample of one byte.
    pub const fn decode(self, byte: u8) -> i16 {
        match self {
            Self::A => A_SAMPLES[byte as usize],
            Self::Mu => MU_SAMPLES[byte as usize],
        }
    }

    /// The byte whose sample is nearest.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::A => encode_a(sample),
            Self::Mu => encode_mu(sample),
        }
    }

    /// Appends the samples of a payload.
    pub fn decode_all(self, payload: &[u8], samples: &mut Vec<i16>) {
        samples.extend(payload.iter().map(|byte| self.decode(*byte)));
    }

    /// Appends the payload of samples.
    pub fn encode_all(self, samples: &[i16], payload: &mut Vec<u8>) {
        payload.extend(samples.iter().map(|sample| self.encode(*sample)));
    }

    /// The same sound in the other law, byte by byte: no buffer, no delay.
    pub const fn translate(self, byte: u8, to: Self) -> u8 {
        match (self, to) {
            (Self::A, Self::A) | (Self::Mu, Self::Mu) => byte,
            (Self::A, Self::Mu) | (Self::Mu, Self::A) => to.encode(self.decode(byte)),
        }
    }
}

const fn table(law: Law) -> [i16; 256] {
    let mut samples = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        samples[byte] = match law {
            Law::A => decode_a(byte as u8),
            Law::Mu => decode_mu(byte as u8),
        };
        byte += 1;
    }
    samples
}

const fn decode_a(byte: u8) -> i16 {
    // Even bits are inverted on the line; a positive sample has the sign bit set.
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 0x07;
    // The middle of the interval, in halves of the smallest step.
    let middle = (((code & 0x0F) as i16) << 1) | 1;
    let magnitude = if segment == 0 { middle } else { (middle | 0x20) << (segment - 1) };
    // 12 bits of magnitude in 15.
    let sample = magnitude << 3;
    if code & 0x80 == 0 { -sample } else { sample }
}

const fn decode_mu(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 0x07;
    let middle = ((((code & 0x0F) as i32) << 1) | 0x21) << segment;
    // 13 bits of magnitude in 15.
    let sample = ((middle - MU_BIAS) << 2) as i16;
    if code & 0x80 == 0 { sample } else { -sample }
}

const fn encode_a(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    // One's complement: −1 and 0 lie beside each other, in the two smallest intervals.
    let magnitude = (if sample < 0 { !sample } else { sample }) as u16 >> 4;
    let code = if magnitude < 32 {
        // The two lowest segments have the same step.
        magnitude as u8
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        ((segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)) as u8
    };
    (code | sign) ^ 0x55
}

const fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (if sample < 0 { !(sample as i32) } else { sample as i32 }) >> 2;
    let biased = magnitude + MU_BIAS;
    // The largest code stands for everything above it.
    let biased = if biased > 0x1FFF { 0x1FFF } else { biased };
    let segment = 26 - biased.leading_zeros() as i32;
    let code = (segment << 4) | ((biased >> (segment + 1)) & 0x0F);
    !(code as u8 | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at the decoder's output, positive half, from the formulas under tables 1a and 2a of
    /// ITU-T G.711: character number 0 to 127 in the order of magnitude, in 16 bits.
    fn by_definition(law: Law, number: i32) -> i32 {
        let (segment, step) = (number / 16, number % 16);
        match law {
            Law::A if segment == 0 => (2 * step + 1) * 8,
            Law::A => ((2 * step + 33) << (segment - 1)) * 8,
            Law::Mu => (((2 * step + 33) << segment) - 33) * 4,
        }
    }

    /// The character that the tables give for number and sign.
    fn character(law: Law, number: u8, is_positive: bool) -> u8 {
        match law {
            Law::A => (number | if is_positive { 0x80 } else { 0 }) ^ 0x55,
            Law::Mu => !(number | if is_positive { 0 } else { 0x80 }),
        }
    }

    #[test]
    fn all_256_characters_decode_by_the_definition() {
        for law in [Law::A, Law::Mu] {
            for number in 0..128_u8 {
                let value = by_definition(law, i32::from(number));
                let up = law.decode(character(law, number, true));
                let down = law.decode(character(law, number, false));
                assert_eq!((i32::from(up), i32::from(down)), (value, -value), "{law:?} {number}");
            }
        }
    }

    /// The decision values between which a character stands, in 16 bits, from the same tables.
    fn interval(law: Law, number: i32) -> std::ops::RangeInclusive<i32> {
        let (segment, step) = (number / 16, number % 16);
        let edge = |step: i32| match law {
            Law::A if segment == 0 => 2 * step * 8,
            Law::A => ((2 * step + 32) << (segment - 1)) * 8,
            Law::Mu => ((((2 * step + 32) << segment) - 33) * 4).max(0),
        };
        // The last one stands for everything above.
        edge(step)..=if number == 127 { 32_768 } else { edge(step + 1) }
    }

    #[test]
    fn every_sample_lies_between_the_decision_values_of_its_character() {
        for law in [Law::A, Law::Mu] {
            for sample in i16::MIN..=i16::MAX {
                let byte = law.encode(sample);
                let number = match law {
                    Law::A => (byte ^ 0x55) & 0x7F,
                    Law::Mu => !byte & 0x7F,
                };
                assert_eq!(byte, character(law, number, sample >= 0), "{law:?} {sample}");
                let magnitude = i32::from(sample).abs();
                let interval = interval(law, i32::from(number));
                assert!(interval.contains(&magnitude), "{law:?} {sample}: {interval:?}");
            }
        }
    }

    #[test]
    fn characters_survive_decoding_and_encoding() {
        for law in [Law::A, Law::Mu] {
            for byte in 0..=255_u8 {
                // µ-law has two zeros; the positive one is written.
                let expected = if law == Law::Mu && byte == 0x7F { 0xFF } else { byte };
                assert_eq!(law.encode(law.decode(byte)), expected, "{law:?} {byte:02x}");
                assert_eq!(law.translate(byte, law), byte);
            }
        }
    }

    #[test]
    fn known_characters_are_right() {
        for (law, sample, byte) in [
            (Law::A, 0, 0xD5),
            (Law::A, -1, 0x55),
            (Law::A, i16::MAX, 0xAA),
            (Law::A, i16::MIN, 0x2A),
            (Law::Mu, 0, 0xFF),
            (Law::Mu, i16::MAX, 0x80),
            (Law::Mu, i16::MIN, 0x00),
        ] {
            assert_eq!(law.encode(sample), byte, "{law:?} {sample}");
        }
        assert_eq!(Law::A.decode(Law::A.silence()), 8);
        assert_eq!(Law::Mu.decode(Law::Mu.silence()), 0);
    }

    #[test]
    fn a_tone_keeps_its_quality_through_both_laws() {
        let tone = |index: u32| (f64::from(index) * 0.8).sin() * 12_000.0;
        let (mut signal, mut noise) = (0.0, 0.0);
        for index in 0..8_000 {
            let sample = tone(index) as i16;
            let there = Law::A.translate(Law::A.encode(sample), Law::Mu);
            let back = Law::A.decode(Law::Mu.translate(there, Law::A));
            signal += f64::from(sample).powi(2);
            noise += (f64::from(sample) - f64::from(back)).powi(2);
        }
        // ITU-T G.712 asks for 33 dB at this level for one coding; here are three in a row.
        assert!(
            10.0 * (signal / noise).log10() > 33.0,
            "{:.1} dB",
            10.0 * (signal / noise).log10()
        );
    }
}
