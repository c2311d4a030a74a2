//! WAV files: reading what the bank supplies, writing recordings, mending those of a crash.
//!
//! Read: PCM of 16 bits, A-law and µ-law, one or two channels, any usual rate; the result is one
//! channel at the rate of the call. Written: PCM of 16 bits, 8 kHz, two channels.

use super::SampleRate;
use super::g711::Law;
use super::resample::resample;

/// Bytes of the header that we write.
pub const HEADER_BYTES: usize = 44;
/// Largest file that is read: half an hour of 16 kHz in 16 bits.
pub const FILE_MAX_BYTES: usize = 64 * 1024 * 1024;
const RATE_MIN_HZ: u32 = 8_000;
const RATE_MAX_HZ: u32 = 48_000;
const PCM: u16 = 1;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
/// The format stands further behind, at the beginning of a GUID.
const EXTENSIBLE: u16 = 0xFFFE;
const EXTENSIBLE_BYTES: usize = 26;

/// Why a file cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// It is no WAV file, or cut off before its sound begins.
    #[error("not a WAV file: {0}")]
    Form(&'static str),
    /// Its sound is coded in a way that is not read.
    #[error(
        "WAV format {format} with {bits} bits, {channels} channels and {rate_hz} Hz is not \
             played; convert it to PCM of 16 bits"
    )]
    Unsupported {
        /// Number of the coding.
        format: u16,
        /// Bits of a sample.
        bits: u16,
        /// Channels.
        channels: u16,
        /// Samples a second.
        rate_hz: u32,
    },
    /// It is larger than anything that should be played to callers.
    #[error("a WAV file of {0} bytes: at most 64 MiB are played")]
    TooLarge(usize),
}

#[derive(Clone, Copy)]
struct Format {
    coding: u16,
    channels: u16,
    rate_hz: u32,
    bits: u16,
}

/// Reads a file as one channel at `rate`. A file that is cut off gives the sound that is there.
pub fn read(file: &[u8], rate: SampleRate) -> Result<Vec<i16>, WavError> {
    if file.len() > FILE_MAX_BYTES {
        return Err(WavError::TooLarge(file.len()));
    }
    let is_wave = file.get(..4) == Some(b"RIFF") && file.get(8..12) == Some(b"WAVE");
    let Some(mut rest) = file.get(12..).filter(|_| is_wave) else {
        return Err(WavError::Form("it does not begin with RIFF and WAVE"));
    };
    let mut format = None;
    while let Some((head, after)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let body = &after[..length.min(after.len())];
        if head.starts_with(b"fmt ") {
            format = Some(read_format(body).ok_or(WavError::Form("its format is too short"))?);
        } else if head.starts_with(b"data") {
            let format = format.ok_or(WavError::Form("its sound comes before its format"))?;
            return samples(body, format, rate);
        }
        // Chunks begin at even places.
        rest = after.get(length.saturating_add(length % 2)..).unwrap_or_default();
    }
    Err(WavError::Form("it holds no sound"))
}

fn read_format(body: &[u8]) -> Option<Format> {
    let u16_at = |at: usize| Some(u16::from_le_bytes([*body.get(at)?, *body.get(at + 1)?]));
    let coding = match u16_at(0)? {
        EXTENSIBLE if body.len() >= EXTENSIBLE_BYTES => u16_at(24)?,
        coding => coding,
    };
    let rate_hz = u32::from(u16_at(4)?) | (u32::from(u16_at(6)?) << 16);
    Some(Format { coding, channels: u16_at(2)?, rate_hz, bits: u16_at(14)? })
}

fn samples(body: &[u8], format: Format, rate: SampleRate) -> Result<Vec<i16>, WavError> {
    let Format { coding, channels, rate_hz, bits } = format;
    let all: Vec<i16> = match (coding, bits) {
        (PCM, 16) => {
            body.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
        }
        (A_LAW, 8) => body.iter().map(|byte| Law::A.decode(*byte)).collect(),
        (MU_LAW, 8) => body.iter().map(|byte| Law::Mu.decode(*byte)).collect(),
        _ => Vec::new(),
    };
    let is_coding_known = matches!((coding, bits), (PCM, 16) | (A_LAW | MU_LAW, 8));
    let is_rate_known = (RATE_MIN_HZ..=RATE_MAX_HZ).contains(&rate_hz);
    if !is_coding_known || !is_rate_known || !(1..=2).contains(&channels) {
        return Err(WavError::Unsupported { format: coding, bits, channels, rate_hz });
    }
    let mono = if channels == 1 {
        all
    } else {
        let mean = |pair: &[i16]| i32::midpoint(i32::from(pair[0]), i32::from(pair[1])) as i16;
        all.chunks_exact(2).map(mean).collect()
    };
    Ok(resample(&mono, rate_hz, rate.hz()))
}

/// The header of a recording: two channels, 16 bits, 8 kHz, so many bytes of sound.
pub fn header(data_bytes: u32) -> [u8; HEADER_BYTES] {
    const CHANNELS: u16 = 2;
    const RATE_HZ: u32 = 8_000;
    const BYTES_OF_FRAME: u16 = 4;
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(b"RIFF");
    header[4..8].copy_from_slice(&data_bytes.saturating_add(36).to_le_bytes());
    header[8..16].copy_from_slice(b"WAVEfmt ");
    header[16..20].copy_from_slice(&16_u32.to_le_bytes());
    header[20..22].copy_from_slice(&PCM.to_le_bytes());
    header[22..24].copy_from_slice(&CHANNELS.to_le_bytes());
    header[24..28].copy_from_slice(&RATE_HZ.to_le_bytes());
    header[28..32].copy_from_slice(&(RATE_HZ * u32::from(BYTES_OF_FRAME)).to_le_bytes());
    header[32..34].copy_from_slice(&BYTES_OF_FRAME.to_le_bytes());
    header[34..36].copy_from_slice(&16_u16.to_le_bytes());
    header[36..40].copy_from_slice(b"data");
    header[40..44].copy_from_slice(&data_bytes.to_le_bytes());
    header
}

/// The header that a recording of ours of `file_bytes` should have; `None`: `found` is that
/// already, or the file is none of ours.
pub fn mended(found: &[u8], file_bytes: u64) -> Option<[u8; HEADER_BYTES]> {
    let found: &[u8; HEADER_BYTES] = found.get(..HEADER_BYTES)?.try_into().ok()?;
    let data_bytes = file_bytes.checked_sub(HEADER_BYTES as u64)?;
    // Whole pairs of samples only.
    let should = header(u32::try_from(data_bytes / 4 * 4).unwrap_or(u32::MAX - 36));
    let is_ours = found[..4] == should[..4] && found[8..40] == should[8..40];
    (is_ours && *found != should).then_some(should)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::goertzel;

    /// A file of one second of 440 Hz.
    fn file(coding: u16, channels: u16, rate_hz: u32, bits: u16) -> Vec<u8> {
        let angle = |index: u32| std::f32::consts::TAU * 440.0 * index as f32 / rate_hz as f32;
        let mut data = Vec::new();
        for index in 0..rate_hz {
            let sample = (angle(index).sin() * 8_000.0) as i16;
            for _ in 0..channels {
                match coding {
                    A_LAW => data.push(Law::A.encode(sample)),
                    MU_LAW => data.push(Law::Mu.encode(sample)),
                    _ => data.extend(sample.to_le_bytes()),
                }
            }
        }
        let mut file = b"RIFF\0\0\0\0WAVELIST\x05\0\0\0abcde\0fmt \x10\0\0\0".to_vec();
        file.extend(coding.to_le_bytes());
        file.extend(channels.to_le_bytes());
        file.extend(rate_hz.to_le_bytes());
        file.extend([0; 6]);
        file.extend(bits.to_le_bytes());
        file.extend(b"data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file
    }

    #[test]
    fn what_banks_supply_is_read_at_both_rates() {
        for (coding, channels, rate_hz, bits) in [
            (PCM, 1, 8_000, 16),
            (PCM, 2, 48_000, 16),
            (PCM, 1, 22_050, 16),
            (PCM, 1, 16_000, 16),
            (A_LAW, 1, 8_000, 8),
            (MU_LAW, 2, 8_000, 8),
        ] {
            for rate in [SampleRate::Narrow, SampleRate::Wide] {
                let samples = read(&file(coding, channels, rate_hz, bits), rate).expect("a file");
                assert!(samples.len().abs_diff(rate.hz() as usize) <= 1, "{}", samples.len());
                let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
                let share = goertzel::share(middle, 440.0, rate);
                let amplitude = goertzel::amplitude(middle, 440.0, rate);
                assert!(share > 0.98, "{coding} {rate_hz}: {share}");
                assert!((amplitude - 8_000.0).abs() < 200.0, "{coding} {rate_hz}: {amplitude}");
            }
        }
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let rate = SampleRate::Narrow;
        assert!(matches!(read(b"ID3 an mp3 file", rate), Err(WavError::Form(_))));
        assert!(matches!(read(b"RIFF\0\0\0\0WAVE", rate), Err(WavError::Form(_))));
        assert!(matches!(read(b"RIFF\0\0\0\0WAVEdata\0\0\0\0", rate), Err(WavError::Form(_))));
        for (coding, channels, rate_hz, bits) in
            [(3, 1, 8_000, 32), (PCM, 6, 8_000, 16), (PCM, 1, 96_000, 16), (PCM, 1, 8_000, 24)]
        {
            let error = read(&file(coding, channels, rate_hz, bits), rate);
            assert!(matches!(error, Err(WavError::Unsupported { .. })), "{error:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_gives_what_is_there() {
        let whole = file(PCM, 1, 8_000, 16);
        let cut = &whole[..whole.len() - 8_001];
        assert_eq!(read(cut, SampleRate::Narrow).map(|samples| samples.len()), Ok(3_999));
    }

    #[test]
    fn a_recording_cut_off_by_a_crash_is_mended() {
        let mut file = header(0).to_vec();
        file.extend([1; 4_003]);
        let mended_header = mended(&file, file.len() as u64).expect("a header to mend");
        assert_eq!(mended_header, header(4_000));
        file[..HEADER_BYTES].copy_from_slice(&mended_header);
        assert_eq!(mended(&file, file.len() as u64), None, "nothing left to mend");
        assert_eq!(read(&file, SampleRate::Narrow).map(|samples| samples.len()), Ok(1_000));
        assert_eq!(mended(&file[..20], 20), None);
        assert_eq!(mended(&[0; 100], 100), None, "not ours");
    }

    proptest::proptest! {
        #[test]
        fn no_file_panics(
            at in 0_usize..70,
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..12),
        ) {
            let mut file = file(PCM, 1, 8_000, 16);
            file.truncate(400);
            for (place, byte) in file[at..].iter_mut().zip(bytes) {
                *place = byte;
            }
            let _ = read(&file, SampleRate::Wide);
        }
    }
}
