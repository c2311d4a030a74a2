//! What a caller hears while nobody speaks with him: announcements one after the other, music,
//! tones.

use std::collections::VecDeque;
use std::sync::Arc;

use super::SampleRate;
use super::tone::{Tone, ToneSpec};

/// Pieces that wait at most: a menu with all its numbers spelt out is far shorter.
const QUEUE_MAX: usize = 64;

/// Sound that is kept in memory once for all callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// At what rate.
    pub rate: SampleRate,
    /// One channel.
    pub samples: Vec<i16>,
}

/// One thing to be played.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Recorded or spoken sound, once.
    Clip(Arc<Clip>),
    /// The same for ever. It is the same music for everybody: each caller comes in where it is.
    Music {
        /// The music.
        clip: Arc<Clip>,
        /// Where it is now, in samples.
        from: usize,
    },
    /// A tone, as its cadence says.
    Tone(ToneSpec),
    /// Nothing for so long.
    Silence {
        /// In milliseconds.
        length_ms: u32,
    },
}

/// The play list of one party.
#[derive(Debug)]
pub struct Player {
    rate: SampleRate,
    queue: VecDeque<Queued>,
    current: Option<(Queued, Playing)>,
}

#[derive(Clone, Debug)]
struct Queued {
    id: u64,
    piece: Piece,
    /// A key ends it.
    yields_to_keys: bool,
}

#[derive(Debug)]
enum Playing {
    At(usize),
    Tone(Box<Tone>),
}

/// The list is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("64 announcements wait already: wait until some are played")]
pub struct QueueFull;

impl Player {
    /// Empty.
    pub const fn new(rate: SampleRate) -> Self {
        Self { rate, queue: VecDeque::new(), current: None }
    }

    /// Puts a piece behind the others. `id` comes back when it ends. `yields_to_keys`: a caller who
    /// knows the menu need not hear it out.
    pub fn play(&mut self, id: u64, piece: Piece, yields_to_keys: bool) -> Result<(), QueueFull> {
        if self.queue.len() >= QUEUE_MAX {
            return Err(QueueFull);
        }
        self.queue.push_back(Queued { id, piece, yields_to_keys });
        Ok(())
    }

    /// Ends everything.
    pub fn stop(&mut self) {
        self.queue.clear();
        self.current = None;
    }

    /// A key was pressed: ends what yields to it, up to the first piece that does not. Tells which
    /// pieces were ended.
    pub fn key_pressed(&mut self) -> Vec<u64> {
        let mut ended = Vec::new();
        match &self.current {
            Some((current, _)) if current.yields_to_keys => ended.push(current.id),
            Some(_) => return ended,
            None => {}
        }
        self.current = None;
        while let Some(queued) = self.queue.pop_front_if(|queued| queued.yields_to_keys) {
            ended.push(queued.id);
        }
        ended
    }

    /// Whether there is nothing to play.
    pub fn is_idle(&self) -> bool {
        self.current.is_none() && self.queue.is_empty()
    }

    /// Fills the next frame, silence where nothing is left, and tells which pieces ended in it.
    pub fn next_frame(&mut self, frame: &mut [i16], mut ended: impl FnMut(u64)) {
        let mut filled = 0;
        while filled < frame.len() {
            let Some((queued, mut playing)) = self.current.take().or_else(|| self.begin_next())
            else {
                frame[filled..].fill(0);
                return;
            };
            filled += fill(&queued.piece, self.rate, &mut playing, &mut frame[filled..]);
            if filled < frame.len() {
                ended(queued.id);
            } else {
                self.current = Some((queued, playing));
            }
        }
    }

    fn begin_next(&mut self) -> Option<(Queued, Playing)> {
        let queued = self.queue.pop_front()?;
        let playing = match &queued.piece {
            Piece::Tone(spec) => Playing::Tone(Box::new(Tone::new(spec.clone(), self.rate))),
            Piece::Music { from, .. } => Playing::At(*from),
            Piece::Clip(_) | Piece::Silence { .. } => Playing::At(0),
        };
        Some((queued, playing))
    }
}

/// How much of `out` the piece filled; less than all of it: it has ended.
fn fill(piece: &Piece, rate: SampleRate, playing: &mut Playing, out: &mut [i16]) -> usize {
    let at = match playing {
        Playing::Tone(tone) => return tone.next_frame(out),
        Playing::At(at) => at,
    };
    match piece {
        Piece::Clip(clip) => {
            let rest = clip.samples.get(*at..).unwrap_or_default();
            let length = rest.len().min(out.len());
            out[..length].copy_from_slice(&rest[..length]);
            *at += length;
            length
        }
        Piece::Music { clip, .. } => {
            // Music of nothing would never end.
            if clip.samples.is_empty() {
                return 0;
            }
            for sample in out.iter_mut() {
                *at %= clip.samples.len();
                *sample = clip.samples[*at];
                *at += 1;
            }
            out.len()
        }
        Piece::Silence { length_ms } => {
            let whole = (length_ms * rate.samples_per_ms()) as usize;
            let length = whole.saturating_sub(*at).min(out.len());
            out[..length].fill(0);
            *at += length;
            length
        }
        Piece::Tone(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone::Progress;

    fn clip(value: i16, length: usize) -> Piece {
        let samples = vec![value; length];
        Piece::Clip(Arc::new(Clip { rate: SampleRate::Narrow, samples }))
    }

    fn player(pieces: Vec<(Piece, bool)>) -> Player {
        let mut player = Player::new(SampleRate::Narrow);
        for (id, (piece, yields)) in pieces.into_iter().enumerate() {
            player.play(id as u64, piece, yields).expect("room");
        }
        player
    }

    /// So many frames, and what ended in them.
    fn play(player: &mut Player, frames: usize) -> (Vec<i16>, Vec<u64>) {
        let (mut samples, mut ended) = (vec![99; frames * 160], Vec::new());
        for frame in samples.chunks_mut(160) {
            player.next_frame(frame, |id| ended.push(id));
        }
        (samples, ended)
    }

    #[test]
    fn pieces_follow_each_other_without_a_gap() {
        let silence = Piece::Silence { length_ms: 10 };
        let mut player = player(vec![(clip(1, 200), true), (silence, true), (clip(2, 100), true)]);
        let (samples, ended) = play(&mut player, 3);
        let expected = [vec![1; 200], vec![0; 80], vec![2; 100], vec![0; 100]].concat();
        assert_eq!((samples, ended), (expected, vec![0, 1, 2]));
        assert!(player.is_idle());
    }

    #[test]
    fn music_goes_round_from_where_it_is() {
        let samples = (0..100).collect();
        let clip = Arc::new(Clip { rate: SampleRate::Narrow, samples });
        let mut player = player(vec![(Piece::Music { clip, from: 1_050 }, false)]);
        let (samples, ended) = play(&mut player, 2);
        assert!(samples.iter().enumerate().all(|(index, sample)| {
            usize::try_from(*sample).is_ok_and(|sample| sample == (index + 50) % 100)
        }));
        assert!(ended.is_empty());
        let clip = Arc::new(Clip { rate: SampleRate::Narrow, samples: Vec::new() });
        player.stop();
        player.play(7, Piece::Music { clip, from: 3 }, false).expect("room");
        assert_eq!(play(&mut player, 1).1, [7], "music of nothing ends");
    }

    #[test]
    fn a_key_ends_what_yields_to_it_and_nothing_behind_what_does_not() {
        let pieces = vec![(clip(1, 800), true), (clip(2, 800), true), (clip(3, 320), false)];
        let mut player = player([pieces, vec![(clip(4, 160), true)]].concat());
        play(&mut player, 1);
        assert_eq!(player.key_pressed(), [0, 1]);
        let (samples, _) = play(&mut player, 1);
        assert_eq!(samples, [3; 160]);
        assert!(player.key_pressed().is_empty());
        let (samples, ended) = play(&mut player, 2);
        assert_eq!((samples[0], samples[160], ended), (3, 4, vec![2]));
    }

    #[test]
    fn tones_are_pieces_too_and_the_list_has_an_end() {
        let mut player = player(vec![(Piece::Tone(Progress::Beep.spec()), false)]);
        let (samples, ended) = play(&mut player, 16);
        assert!(samples[..2_000].iter().any(|sample| *sample > 5_000));
        assert_eq!(ended, [0]);
        for id in 0..QUEUE_MAX as u64 {
            player.play(id, clip(1, 1), true).expect("room");
        }
        assert_eq!(player.play(99, clip(1, 1), true), Err(QueueFull));
    }
}
