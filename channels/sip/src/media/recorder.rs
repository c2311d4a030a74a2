//! The recording of a call: the caller left, everybody else right, in step with the clock.
//!
//! 1. Each piece of sound is laid down at its place in time; what nobody said is silence. Pieces
//!    may come out of order within [`SLACK_MS`]; what comes later than that is left out.
//! 2. While paused (card numbers), silence is written instead and the pauses are listed, so that
//!    the recording stays in step and shows what is not in it.
//! 3. What is finished goes to a [`RecordingSink`] in chunks; after each flush the bytes written
//!    so far are a readable WAV file. Where they lie and how they are encrypted is the sink's.

use channel_contract::base::Timestamp;

use super::wav;

/// How long a place in time may still be filled.
pub const SLACK_MS: i64 = 500;
/// How often what is finished is handed over and made readable.
pub const FLUSH_MS: i64 = 2_000;
/// Longest recording: six hours, after which it ends (a WAV file cannot exceed 4 GiB).
pub const LENGTH_MAX_MS: i64 = 6 * 3_600_000;
/// Pauses that are listed.
const PAUSES_MAX: usize = 1_000;
const SAMPLES_PER_MS: i64 = 8;
const CHANNELS: usize = 2;
/// Width of one bar of the waveform.
const PEAK_SAMPLES: usize = 800;

/// Who is recorded on which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The caller: left.
    Caller,
    /// Agents, colleagues, announcements: right.
    Us,
}

/// Where the bytes of a recording go. The file's owner encrypts at rest behind this.
pub trait RecordingSink: Send {
    /// Appends bytes to the end.
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()>;

    /// Replaces the first bytes and makes everything so far durable.
    fn flush(&mut self, header: &[u8; wav::HEADER_BYTES]) -> std::io::Result<()>;
}

/// What is to be done with a sink, decided here and performed elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// To be appended.
    pub bytes: Vec<u8>,
    /// The header for everything up to here.
    pub header: Vec<u8>,
}

impl Chunk {
    /// Hands it to a sink.
    pub fn write_to(&self, sink: &mut dyn RecordingSink) -> std::io::Result<()> {
        sink.append(&self.bytes)?;
        match self.header.first_chunk() {
            Some(header) => sink.flush(header),
            None => Ok(()),
        }
    }
}

/// A stretch that is not in the recording, in milliseconds from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pause {
    /// From here.
    pub begin_ms: i64,
    /// To here; `None`: still paused.
    pub end_ms: Option<i64>,
}

/// One recording.
#[derive(Clone, Debug)]
pub struct Recorder {
    began_at: Timestamp,
    /// Interleaved, from `written` on.
    open: Vec<i16>,
    /// Samples of each side that were handed over.
    written: i64,
    flushed_at: Timestamp,
    pauses: Vec<Pause>,
    is_paused: bool,
    peaks: Peaks,
    /// Samples that came too late.
    left_out: u64,
}

impl Recorder {
    /// Begins now.
    pub fn new(now: Timestamp) -> Self {
        Self {
            began_at: now,
            open: Vec::new(),
            written: 0,
            flushed_at: now,
            pauses: Vec::new(),
            is_paused: false,
            peaks: Peaks::default(),
            left_out: 0,
        }
    }

    /// Place of a moment, in samples from the beginning.
    pub fn place(&self, at: Timestamp) -> i64 {
        (at.as_micros() - self.began_at.as_micros()) * SAMPLES_PER_MS / 1_000
    }

    /// Lays `samples` (8 kHz) down from `place` on, over what is there on that side.
    pub fn lay(&mut self, side: Side, place: i64, samples: &[i16]) {
        if self.is_paused {
            return;
        }
        let column = usize::from(side == Side::Us);
        let limit = LENGTH_MAX_MS * SAMPLES_PER_MS;
        for (index, sample) in samples.iter().enumerate() {
            let offset = place + index as i64 - self.written;
            if offset < 0 || place + index as i64 >= limit {
                self.left_out += 1;
                continue;
            }
            let cell = offset as usize * CHANNELS + column;
            if cell >= self.open.len() {
                self.open.resize((offset as usize + samples.len() - index) * CHANNELS, 0);
            }
            self.open[cell] = *sample;
        }
    }

    /// Stops recording what is said from `now` on. What was laid down ahead is taken back.
    pub fn pause(&mut self, now: Timestamp) {
        if self.is_paused {
            return;
        }
        self.is_paused = true;
        let keep = (self.place(now) - self.written).max(0) as usize * CHANNELS;
        self.open.truncate(keep);
        if self.pauses.len() < PAUSES_MAX {
            let begin_ms = self.place(now) / SAMPLES_PER_MS;
            self.pauses.push(Pause { begin_ms, end_ms: None });
        }
    }

    /// Goes on recording.
    pub fn resume(&mut self, now: Timestamp) {
        if !self.is_paused {
            return;
        }
        self.is_paused = false;
        let end_ms = self.place(now) / SAMPLES_PER_MS;
        if let Some(pause) = self.pauses.last_mut() {
            pause.end_ms.get_or_insert(end_ms);
        }
    }

    /// Whether it is paused.
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// What is finished, when it is time to hand it over. Call it now and then.
    pub fn tick(&mut self, now: Timestamp) -> Option<Chunk> {
        if now.millis_since(self.flushed_at) < FLUSH_MS {
            return None;
        }
        self.flushed_at = now;
        Some(self.take(self.place(now.plus_millis(-SLACK_MS))))
    }

    /// The rest. The recording ends at `now`.
    pub fn finish(&mut self, now: Timestamp) -> Chunk {
        self.take(self.place(now))
    }

    /// The bars of the waveform so far: the loudest sample of each tenth of a second, caller and
    /// us, 0 to 255.
    pub fn peaks(&self) -> &[[u8; CHANNELS]] {
        &self.peaks.bars
    }

    /// What is not in it.
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// Samples that came too late to be laid down.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn take(&mut self, until: i64) -> Chunk {
        let until = until.clamp(self.written, (LENGTH_MAX_MS * SAMPLES_PER_MS).max(self.written));
        let length = (until - self.written) as usize * CHANNELS;
        let mut bytes = Vec::with_capacity(wav::HEADER_BYTES + length * 2);
        if self.written == 0 {
            bytes.extend(wav::header(0));
        }
        if self.open.len() < length {
            self.open.resize(length, 0);
        }
        for pair in self.open[..length].chunks_exact(CHANNELS) {
            self.peaks.add(pair[0], pair[1]);
            bytes.extend(pair[0].to_le_bytes());
            bytes.extend(pair[1].to_le_bytes());
        }
        self.open.drain(..length);
        self.written = until;
        let data_bytes = u32::try_from(until * 4).unwrap_or(u32::MAX - 36);
        Chunk { bytes, header: wav::header(data_bytes).to_vec() }
    }
}

#[derive(Clone, Debug, Default)]
struct Peaks {
    bars: Vec<[u8; CHANNELS]>,
    loudest: [u16; CHANNELS],
    samples: usize,
}

impl Peaks {
    fn add(&mut self, left: i16, right: i16) {
        self.loudest[0] = self.loudest[0].max(left.unsigned_abs());
        self.loudest[1] = self.loudest[1].max(right.unsigned_abs());
        self.samples += 1;
        if self.samples == PEAK_SAMPLES {
            self.bars.push(self.loudest.map(|loudest| (loudest >> 7).min(255) as u8));
            self.loudest = [0; CHANNELS];
            self.samples = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::SampleRate;

    const START: Timestamp = Timestamp::from_seconds(1_000);

    #[derive(Default)]
    struct File(Vec<u8>);

    impl RecordingSink for File {
        fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }

        fn flush(&mut self, header: &[u8; wav::HEADER_BYTES]) -> std::io::Result<()> {
            self.0[..wav::HEADER_BYTES].copy_from_slice(header);
            Ok(())
        }
    }

    impl File {
        fn take(&mut self, chunk: &Chunk) {
            chunk.write_to(self).expect("a file in memory");
        }

        /// One side.
        fn side(&self, side: Side) -> Vec<i16> {
            let column = usize::from(side == Side::Us) * 2;
            let pairs = self.0[wav::HEADER_BYTES..].chunks_exact(4);
            pairs.map(|pair| i16::from_le_bytes([pair[column], pair[column + 1]])).collect()
        }
    }

    #[test]
    fn sound_lies_where_it_was_said_whatever_the_order() {
        let mut recorder = Recorder::new(START);
        recorder.lay(Side::Us, 480, &[3; 160]);
        recorder.lay(Side::Caller, 160, &[2; 160]);
        recorder.lay(Side::Caller, 0, &[1; 160]);
        let mut file = File::default();
        file.take(&recorder.finish(START.plus_millis(100)));
        let caller = [vec![1; 160], vec![2; 160], vec![0; 480]].concat();
        let us = [vec![0; 480], vec![3; 160], vec![0; 160]].concat();
        assert_eq!((file.side(Side::Caller), file.side(Side::Us)), (caller, us));
        let read = wav::read(&file.0, SampleRate::Narrow).expect("a file");
        assert_eq!(read.len(), 800);
    }

    #[test]
    fn every_flush_leaves_a_readable_file_of_the_right_length() {
        let mut recorder = Recorder::new(START);
        let mut file = File::default();
        let mut flushes = 0;
        for frame in 0..1_000_i64 {
            let now = START.plus_millis(frame * 20);
            recorder.lay(Side::Caller, frame * 160, &[100; 160]);
            if let Some(chunk) = recorder.tick(now) {
                file.take(&chunk);
                flushes += 1;
                let seconds = now.millis_since(START);
                let samples = wav::read(&file.0, SampleRate::Narrow).expect("a file").len() as i64;
                assert_eq!(samples, (seconds - SLACK_MS) * 8);
            }
            assert!(recorder.open.len() < 8_000 * 3 * CHANNELS, "what is open stays small");
        }
        assert_eq!(flushes, 9);
        file.take(&recorder.finish(START.plus_millis(20_000)));
        assert!(file.side(Side::Caller).iter().all(|sample| *sample == 100));
        assert_eq!(file.side(Side::Caller).len(), 160_000);
    }

    #[test]
    fn card_numbers_are_not_in_it_and_the_time_still_fits() {
        let mut recorder = Recorder::new(START);
        for frame in 0..100_i64 {
            let now = START.plus_millis(frame * 20);
            match frame {
                30 => recorder.pause(now),
                70 => recorder.resume(now),
                _ => {}
            }
            recorder.lay(Side::Caller, frame * 160, &[7; 160]);
            recorder.lay(Side::Us, frame * 160 - 80, &[7; 160]);
        }
        let mut file = File::default();
        file.take(&recorder.finish(START.plus_millis(2_000)));
        let caller = file.side(Side::Caller);
        assert_eq!(caller.len(), 16_000);
        for (index, sample) in caller.iter().enumerate() {
            let is_paused = (4_800..11_200).contains(&index);
            assert_eq!(*sample == 0, is_paused, "{index}");
        }
        assert!(file.side(Side::Us)[4_800..11_120].iter().all(|sample| *sample == 0));
        assert_eq!(recorder.pauses(), [Pause { begin_ms: 600, end_ms: Some(1_400) }]);
    }

    #[test]
    fn what_comes_too_late_is_left_out_and_counted() {
        let mut recorder = Recorder::new(START);
        let chunk = recorder.tick(START.plus_millis(FLUSH_MS)).expect("a chunk");
        assert_eq!(chunk.bytes.len(), wav::HEADER_BYTES + 1_500 * 32);
        recorder.lay(Side::Caller, 1_500 * 8 - 100, &[5; 160]);
        assert_eq!(recorder.left_out(), 100);
    }

    #[test]
    fn a_recording_ends_at_its_limit() {
        let mut recorder = Recorder::new(START);
        let end = LENGTH_MAX_MS * SAMPLES_PER_MS;
        recorder.written = end - 10;
        recorder.lay(Side::Caller, end - 10, &[1; 160]);
        let chunk = recorder.finish(START.plus_millis(LENGTH_MAX_MS + 60_000));
        assert_eq!((chunk.bytes.len(), recorder.left_out()), (40, 150));
    }

    #[test]
    fn the_waveform_has_a_bar_for_each_tenth_of_a_second() {
        let mut recorder = Recorder::new(START);
        recorder.lay(Side::Caller, 0, &[i16::MIN; 10]);
        recorder.lay(Side::Us, 900, &[12_800; 10]);
        recorder.finish(START.plus_millis(250));
        assert_eq!(recorder.peaks(), [[255, 0], [0, 100]]);
    }
}
