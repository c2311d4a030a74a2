//! How a call sounds, as a number: the E-model. ITU-T G.107.
//!
//! Loss, delay and codec give a rating R, and that the mean opinion (MOS) from 1 to 4.5. What is
//! not measured (loudness, noise, echo) has the values that the standard gives by default; echo
//! counts as cancelled by the phones. G.722 is judged on the same narrow-band scale as G.711.

/// R of a line on which everything not looked at here is as G.107 supposes.
const BEST: f32 = 93.2;
/// A delay in one direction that nobody notices. G.107 §3.5 (`Idd`).
const UNNOTICED_DELAY_MS: f32 = 100.0;
/// What the codec itself costs, and how well it bears loss (with concealment). ITU-T G.113
/// appendix I, G.711 with packet loss concealment.
const CODEC_IMPAIRMENT: f32 = 0.0;
const LOSS_ROBUSTNESS: f32 = 25.1;

/// What was measured of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Share of packets that were not played, 0 to 1.
    pub loss: f32,
    /// Mean length of losses relative to random loss of the same share; 1 when unknown.
    pub burstiness: f32,
    /// From mouth to ear, in milliseconds.
    pub delay_ms: f32,
}

/// Quality of one direction of a leg, for the screen and the record of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Quality {
    /// Packets expected.
    pub expected: u64,
    /// Packets lost or too late to be played.
    pub lost: u64,
    /// Mean deviation of arrivals, in milliseconds.
    pub jitter_ms: f32,
    /// There and back, in milliseconds; `None`: the other side sends no reports.
    pub round_trip_ms: Option<f32>,
    /// Delay of our own buffer, in milliseconds.
    pub buffer_ms: f32,
    /// Mean opinion, 1 to 4.5.
    pub mos: f32,
}

/// The rating R, 0 to 93.2. G.107 §3.1, equation 7-1.
pub fn rating(measured: &Measured) -> f32 {
    let loss_percent = measured.loss.clamp(0.0, 1.0) * 100.0;
    let burstiness = measured.burstiness.max(1.0);
    let equipment = CODEC_IMPAIRMENT
        + (95.0 - CODEC_IMPAIRMENT) * loss_percent / (loss_percent / burstiness + LOSS_ROBUSTNESS);
    (BEST - delay_impairment(measured.delay_ms) - equipment).max(0.0)
}

/// `Idd` of G.107 §3.5, with its defaults for sensitivity (sT = 1, mT = 100 ms).
fn delay_impairment(delay_ms: f32) -> f32 {
    if delay_ms <= UNNOTICED_DELAY_MS {
        return 0.0;
    }
    let x = (delay_ms / UNNOTICED_DELAY_MS).log2();
    let sixth = |value: f32| (1.0 + value.powi(6)).powf(1.0 / 6.0);
    25.0 * (sixth(x) - 3.0 * sixth(x / 3.0) + 2.0)
}

/// The mean opinion for a rating. G.107 annex B.
pub fn mos(rating: f32) -> f32 {
    if rating <= 0.0 {
        return 1.0;
    }
    if rating >= 100.0 {
        return 4.5;
    }
    let mos = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    mos.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(loss: f32, delay_ms: f32) -> Measured {
        Measured { loss, burstiness: 1.0, delay_ms }
    }

    #[test]
    fn the_known_points_of_the_model_are_met() {
        // G.107 annex B and its calculation examples: R 93.2 is 4.41; R 50 is 2.58; 80 is 4.02.
        for (rating, expected) in
            [(93.2, 4.41), (80.0, 4.02), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)]
        {
            assert!((mos(rating) - expected).abs() < 0.01, "R {rating}: {}", mos(rating));
        }
        assert!((mos(-5.0) - 1.0).abs() < f32::EPSILON && (mos(120.0) - 4.5).abs() < f32::EPSILON);
    }

    #[test]
    fn delay_costs_what_the_standard_says() {
        // G.107 §3.5: nothing up to 100 ms; G.108 gives about 3 at 200 ms less 93, 13.5 at 300 ms.
        assert!(delay_impairment(100.0).abs() < f32::EPSILON);
        assert!((delay_impairment(200.0) - 3.0).abs() < 0.6, "{}", delay_impairment(200.0));
        assert!((delay_impairment(300.0) - 14.0).abs() < 1.5, "{}", delay_impairment(300.0));
        assert!((delay_impairment(400.0) - 24.0).abs() < 2.0, "{}", delay_impairment(400.0));
    }

    #[test]
    fn loss_makes_it_worse_and_bursts_more_so() {
        let ratings: Vec<f32> =
            [0.0, 0.01, 0.03, 0.1, 1.0].map(|loss| rating(&measured(loss, 0.0))).to_vec();
        assert!(ratings.windows(2).all(|pair| pair[1] < pair[0]), "{ratings:?}");
        // 1 %: 95 · 1 / (1 + 25.1) = 3.64.
        assert!((ratings[0] - ratings[1] - 3.64).abs() < 0.01);
        let bursts = Measured { burstiness: 2.0, ..measured(0.1, 0.0) };
        assert!(rating(&bursts) < ratings[3]);
    }
}
