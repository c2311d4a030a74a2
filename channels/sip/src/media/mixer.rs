//! Who hears whom. Conversation, conference, listening in, whispering, joining and recording are
//! the same sum with different matrices.

/// Parties of one call at most: client, agent, consulted colleague, outside number, supervisors.
pub const PARTIES_MAX: usize = 8;

/// Who hears whom: a bit for each speaker, for each listener. Nobody hears himself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendMatrix {
    hears: [u8; PARTIES_MAX],
}

impl SendMatrix {
    /// Nobody hears anybody.
    pub const fn silent() -> Self {
        Self { hears: [0; PARTIES_MAX] }
    }

    /// All of them hear each other: two are a conversation, three a conference.
    pub fn all(parties: &[usize]) -> Self {
        let mut matrix = Self::silent();
        for listener in parties {
            for speaker in parties {
                matrix.set(*speaker, *listener, true);
            }
        }
        matrix
    }

    /// `listener` hears all of `speakers` and stays unheard.
    #[must_use]
    pub fn listening(mut self, listener: usize, speakers: &[usize]) -> Self {
        for speaker in speakers {
            self.set(*speaker, listener, true);
        }
        self
    }

    /// `speaker` is heard by `listener` alone, beside what they hear already.
    #[must_use]
    pub fn whispering(mut self, speaker: usize, listener: usize) -> Self {
        self.set(speaker, listener, true);
        self
    }

    /// Sets one connection; places beyond the limit and oneself are left out.
    pub fn set(&mut self, speaker: usize, listener: usize, hears: bool) {
        if speaker >= PARTIES_MAX || listener >= PARTIES_MAX || speaker == listener {
            return;
        }
        if hears {
            self.hears[listener] |= 1 << speaker;
        } else {
            self.hears[listener] &= !(1 << speaker);
        }
    }

    /// Whether `listener` hears `speaker`.
    pub fn hears(&self, listener: usize, speaker: usize) -> bool {
        speaker < PARTIES_MAX
            && self.hears.get(listener).is_some_and(|speakers| speakers & (1 << speaker) != 0)
    }

    /// The two who hear each other, when nobody else hears or is heard: their packets can be
    /// passed on as they come.
    pub fn pair(&self) -> Option<(usize, usize)> {
        let mut pair = None;
        for (listener, speakers) in self.hears.iter().enumerate() {
            if *speakers == 0 {
                continue;
            }
            if speakers.count_ones() != 1 {
                return None;
            }
            let speaker = speakers.trailing_zeros() as usize;
            if !self.hears(speaker, listener) {
                return None;
            }
            let this = (listener.min(speaker), listener.max(speaker));
            if pair.is_some_and(|other| other != this) {
                return None;
            }
            pair = Some(this);
        }
        pair
    }

    /// The sum of what `listener` hears. `frames[n]` is what party n says; `None`: nothing. Frames
    /// shorter than `out` count as silent behind their end.
    pub fn mix(&self, listener: usize, frames: &[Option<&[i16]>], out: &mut [i16]) {
        let heard = frames
            .iter()
            .enumerate()
            .filter(|(speaker, _)| self.hears(listener, *speaker))
            .filter_map(|(_, frame)| *frame);
        add(heard, out);
    }
}

/// The sum of frames, without overflow: what is louder than full scale is cut off there.
pub fn add<'a>(frames: impl Iterator<Item = &'a [i16]>, out: &mut [i16]) {
    out.fill(0);
    for (index, frame) in frames.enumerate() {
        if index == 0 {
            let length = frame.len().min(out.len());
            out[..length].copy_from_slice(&frame[..length]);
        } else {
            for (sum, sample) in out.iter_mut().zip(frame) {
                *sum = sum.saturating_add(*sample);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: usize = 0;
    const AGENT: usize = 1;
    const SUPERVISOR: usize = 2;

    /// What each of the three hears when they say 100, 20 and 3.
    fn heard(matrix: SendMatrix) -> [i16; 3] {
        let said = [[100_i16; 160], [20; 160], [3; 160]];
        let frames: Vec<Option<&[i16]>> = said.iter().map(|frame| Some(&frame[..])).collect();
        [CLIENT, AGENT, SUPERVISOR].map(|listener| {
            let mut out = [7; 160];
            matrix.mix(listener, &frames, &mut out);
            assert!(out.iter().all(|sample| *sample == out[0]));
            out[0]
        })
    }

    #[test]
    fn each_arrangement_lets_hear_whom_it_should() {
        let conversation = SendMatrix::all(&[CLIENT, AGENT]);
        let listening = conversation.listening(SUPERVISOR, &[CLIENT, AGENT]);
        assert_eq!(heard(SendMatrix::silent()), [0, 0, 0]);
        assert_eq!(heard(conversation), [20, 100, 0]);
        assert_eq!(heard(listening), [20, 100, 120]);
        assert_eq!(heard(listening.whispering(SUPERVISOR, AGENT)), [20, 103, 120]);
        assert_eq!(heard(SendMatrix::all(&[CLIENT, AGENT, SUPERVISOR])), [23, 103, 120]);
    }

    #[test]
    fn a_pair_is_seen_only_when_nobody_else_takes_part() {
        let conversation = SendMatrix::all(&[AGENT, CLIENT]);
        assert_eq!(conversation.pair(), Some((CLIENT, AGENT)));
        assert_eq!(SendMatrix::silent().pair(), None);
        assert_eq!(conversation.listening(SUPERVISOR, &[CLIENT]).pair(), None);
        assert_eq!(SendMatrix::silent().listening(SUPERVISOR, &[CLIENT]).pair(), None);
        assert_eq!(SendMatrix::all(&[0, 1, 2]).pair(), None);
    }

    #[test]
    fn full_scale_is_a_wall_and_not_a_cliff() {
        let (loud, quiet) = ([i16::MAX; 4], [i16::MIN; 4]);
        let mut out = [0; 4];
        add([&loud[..], &loud, &loud].into_iter(), &mut out);
        assert_eq!(out, [i16::MAX; 4]);
        add([&quiet[..], &quiet].into_iter(), &mut out);
        assert_eq!(out, [i16::MIN; 4]);
    }

    #[test]
    fn missing_and_short_frames_are_silence() {
        let matrix = SendMatrix::all(&[0, 1]);
        let mut out = [9; 4];
        matrix.mix(0, &[None, Some(&[5, 5])], &mut out);
        assert_eq!(out, [5, 5, 0, 0]);
        matrix.mix(0, &[], &mut out);
        assert_eq!(out, [0; 4]);
        matrix.mix(99, &[Some(&[5])], &mut out);
        assert_eq!(out, [0; 4]);
    }
}
