//! How many agents are needed: the formulas of Erlang, and of Palm for clients who lose patience.
//!
//! Load is in Erlang (arrivals per second × handling time in seconds). Times are in seconds,
//! probabilities and service levels between 0 and 1.

/// Most agents considered; loads that need more are refused.
pub const MAX_STAFF: u32 = 100_000;

/// What Erlang C says about a centre without abandonment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErlangC {
    /// Probability that a client waits.
    pub wait_probability: f64,
    /// Mean wait of all clients (average speed of answer), s.
    pub asa_s: f64,
    /// Share answered within the target.
    pub service_level: f64,
    /// Share of their time in which agents are busy.
    pub occupancy: f64,
    /// Mean number of clients that wait.
    pub queue_length: f64,
}

/// What Erlang A says about a centre whose clients leave after a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErlangA {
    /// Probability that a client waits.
    pub wait_probability: f64,
    /// Probability that a client leaves before he is answered.
    pub abandon_probability: f64,
    /// Mean wait of all clients, answered or not, s.
    pub mean_wait_s: f64,
    /// Probability that a client waits longer than the target, answered or not.
    pub wait_over_target: f64,
    /// Share of their time in which agents are busy.
    pub occupancy: f64,
    /// Mean number of clients that wait.
    pub queue_length: f64,
}

/// Blocking probability without a queue: `B(k) = A·B(k−1)/(k + A·B(k−1))`, `B(0) = 1`.
/// None unless the load is a positive number and `agents` at most [`MAX_STAFF`].
pub fn erlang_b(load: f64, agents: u32) -> Option<f64> {
    if !(load > 0.0 && load.is_finite()) || agents > MAX_STAFF {
        return None;
    }
    let step = |blocked: f64, k: u32| load * blocked / (f64::from(k) + load * blocked);
    Some((1..=agents).fold(1.0, step))
}

/// Waiting without abandonment. None for a load that the agents cannot carry, or out of range.
pub fn erlang_c(load: f64, agents: u32, handling_s: f64, target_s: f64) -> Option<ErlangC> {
    let n = f64::from(agents);
    if load >= n || handling_s <= 0.0 || target_s < 0.0 {
        return None;
    }
    let blocked = erlang_b(load, agents)?;
    let wait_probability = n * blocked / (n - load * (1.0 - blocked));
    let relief = n - load;
    Some(ErlangC {
        wait_probability,
        asa_s: wait_probability * handling_s / relief,
        service_level: 1.0 - wait_probability * (-relief * target_s / handling_s).exp(),
        occupancy: load / n,
        queue_length: wait_probability * load / relief,
    })
}

/// Waiting with exponential patience of a mean. None out of range.
pub fn erlang_a(
    load: f64,
    agents: u32,
    handling_s: f64,
    patience_s: f64,
    target_s: f64,
) -> Option<ErlangA> {
    let valid = handling_s > 0.0 && patience_s > 0.0 && target_s >= 0.0 && agents > 0;
    if !valid {
        return None;
    }
    let n = f64::from(agents);
    let blocked = erlang_b(load, agents)?;
    let (lambda, mu, theta) = (load / handling_s, 1.0 / handling_s, 1.0 / patience_s);
    // States above n, relative to state n: weight, sum of weights, clients waiting.
    let (mut weight, mut sum, mut waiting) = (1.0, 0.0, 0.0);
    let mut place = 0.0;
    let mut over_target = OverTarget::new(n * mu, theta, target_s);
    let mut late = over_target.next();
    while weight > 1e-15 * (1.0 + sum) || place < lambda / theta {
        place += 1.0;
        weight *= lambda / (n * mu + place * theta);
        sum += weight;
        waiting += weight * place;
        late += weight * over_target.next();
    }
    // Probability of state n: B is that of n among the states 0..=n.
    let at_n = blocked / (1.0 + blocked * sum);
    let abandon_probability = theta * at_n * waiting / lambda;
    let queue_length = at_n * waiting;
    Some(ErlangA {
        wait_probability: at_n * (1.0 + sum),
        abandon_probability,
        mean_wait_s: queue_length / lambda,
        wait_over_target: at_n * late,
        occupancy: load * (1.0 - abandon_probability) / n,
        queue_length,
    })
}

/// `P(W > t)` of a client who finds so many ahead: he is still patient, and the time until an agent
/// is free for him, a sum of exponential times with rates nμ + jθ, is longer than `t`.
///
/// With `b = nμ/θ` that time is longer than `t` with `Σ i=0..=k p(i)`, where, by the pure-death
/// process, `p(i) = e^(−nμt) · b(b+1)…(b+i−1)/i! · (1 − e^(−θt))^i`.
struct OverTarget {
    ratio: f64,
    left: f64,
    patient: f64,
    term: f64,
    sum: f64,
    count: f64,
}

impl OverTarget {
    fn new(service: f64, theta: f64, target_s: f64) -> Self {
        Self {
            ratio: service / theta,
            left: 1.0 - (-theta * target_s).exp(),
            patient: (-theta * target_s).exp(),
            term: (-service * target_s).exp(),
            sum: 0.0,
            count: 0.0,
        }
    }

    /// For 0 ahead, then for 1, and so on.
    fn next(&mut self) -> f64 {
        self.sum += self.term;
        let probability = self.patient * self.sum.min(1.0);
        self.term *= (self.ratio + self.count) / (self.count + 1.0) * self.left;
        self.count += 1.0;
        probability
    }
}

/// The fewest agents with whom at least this share is answered within the target (Erlang C).
/// None if none suffice up to [`MAX_STAFF`], or out of range.
pub fn least_agents(load: f64, handling_s: f64, target_s: f64, level: f64) -> Option<u32> {
    let can_be_carried = load > 0.0 && load < f64::from(MAX_STAFF);
    if !can_be_carried || !(0.0..1.0).contains(&level) {
        return None;
    }
    let first = load.floor() as u32 + 1;
    (first..=MAX_STAFF).find(|agents| {
        erlang_c(load, *agents, handling_s, target_s)
            .is_some_and(|result| result.service_level >= level)
    })
}

/// Agents to schedule so that so many are at work while a share of them is absent (holidays,
/// training, breaks). None unless the share is from 0 to below 1.
pub fn with_shrinkage(agents: u32, absent_share: f64) -> Option<u32> {
    (0.0..1.0).contains(&absent_share).then(|| {
        let scheduled = f64::from(agents) / (1.0 - absent_share);
        // A share such as 0.3 has no exact binary form; a hair above a whole number is that number.
        (scheduled - 1e-9).ceil() as u32
    })
}

/// The Halfin–Whitt function: the probability of waiting in a large centre that is staffed with
/// `A + β·√A` agents. Halfin, Whitt 1981.
pub fn halfin_whitt(beta: f64) -> f64 {
    let density = (-beta * beta / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    1.0 / (1.0 + beta * normal_cdf(beta) / density)
}

/// Standard normal distribution by the series of its integral; exact to double precision for the
/// arguments in use (below 8).
fn normal_cdf(x: f64) -> f64 {
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + density * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{found} {expected}");
    }

    #[test]
    fn erlang_b_matches_the_tables() {
        for (load, agents, blocked) in [
            (1.0, 1, 0.5),
            (1.0, 2, 0.2),
            (2.0, 4, 0.095_238_095_238_095_23),
            (5.0, 7, 0.120_518_635_073_429_6),
            (10.0, 10, 0.214_582_343_107_347_33),
            (10.0, 15, 0.036_496_945_472_370_79),
            (20.0, 25, 0.050_221_777_890_794_614),
            (50.0, 58, 0.032_218_431_103_795_894),
            (180.0, 200, 0.010_324_995_204_982_297),
        ] {
            close(erlang_b(load, agents).expect("in range"), blocked);
        }
    }

    #[test]
    fn erlang_c_matches_the_tables() {
        // Load, agents, handling s, target s; P(W>0), ASA s, service level.
        let table = [
            [1.0, 2.0, 60.0, 20.0, 1.0 / 3.0, 20.0, 0.761_156_229_808_736_9],
            [
                5.0,
                7.0,
                240.0,
                20.0,
                0.324_149_949_173_288,
                38.897_993_900_794_56,
                0.725_612_991_900_590_3,
            ],
            [
                10.0,
                11.0,
                180.0,
                20.0,
                0.682_118_204_689_332_4,
                122.781_276_844_079_83,
                0.389_613_811_729_153_3,
            ],
            [
                10.0,
                13.0,
                180.0,
                20.0,
                0.285_270_453_036_492_95,
                17.116_227_182_189_58,
                0.795_594_788_417_783_1,
            ],
            [
                48.0,
                50.0,
                60.0,
                20.0,
                0.694_455_611_196_834_3,
                20.833_668_335_905_028,
                0.643_454_600_803_303_5,
            ],
            [
                10.0,
                14.0,
                180.0,
                19.8,
                0.174_131_933_595_049_83,
                7.835_937_011_777_243,
                0.887_852_692_691_156_9,
            ],
        ];
        for [load, agents, handling, target, wait, asa, level] in table {
            let agents = agents as u32;
            let found = erlang_c(load, agents, handling, target).expect("in range");
            close(found.wait_probability, wait);
            close(found.asa_s, asa);
            close(found.service_level, level);
            close(found.queue_length, wait * load / (f64::from(agents) - load));
        }
        assert_eq!(erlang_c(10.0, 10, 180.0, 20.0), None, "the queue grows for ever");
    }

    #[test]
    fn erlang_a_matches_the_tables() {
        // λ, μ, θ per minute, agents; P(W>0), P(Ab), E[W] s, utilisation, P(W>20 s).
        for (lambda, mu, theta, agents, wait, abandon, mean, busy, late) in [
            (
                48.0,
                1.0,
                0.5,
                50,
                0.467_774_068_553_784_6,
                0.030_912_249_162_192_443,
                3.709_469_899_463_093,
                0.930_324_240_804_292_7,
                0.027_135_608_292_190_7,
            ),
            (
                10.0 / 3.0,
                1.0 / 3.0,
                1.0 / 3.0,
                10,
                0.542_070_285_528_148_3,
                0.125_110_035_721_133_58,
                22.519_806_429_804_046,
                0.874_889_964_278_866_8,
                0.363_119_173_674_280_2,
            ),
            (
                10.0 / 3.0,
                1.0 / 3.0,
                0.5,
                12,
                0.279_807_018_645_444_55,
                0.061_597_377_003_680_495,
                7.391_685_240_441_659,
                0.782_002_185_830_266_3,
                0.140_412_705_503_758_2,
            ),
            (
                100.0,
                1.0,
                1.0,
                100,
                0.513_298_798_279_129_4,
                0.039_860_996_809_144_76,
                2.391_659_808_548_685_5,
                0.960_139_003_190_850_5,
                0.000_639_646_574_574_212_8,
            ),
        ] {
            let found =
                erlang_a(lambda / mu, agents, 60.0 / mu, 60.0 / theta, 20.0).expect("valid");
            close(found.wait_probability, wait);
            close(found.abandon_probability, abandon);
            close(found.mean_wait_s, mean);
            close(found.occupancy, busy);
            assert!((found.wait_over_target - late).abs() < 1e-6, "{found:?} {late}");
        }
    }

    #[test]
    fn the_least_staff_for_80_in_20_s() {
        for (load, agents) in
            [(5.0, 8), (10.0, 14), (20.0, 24), (50.0, 56), (100.0, 107), (200.0, 208)]
        {
            assert_eq!(least_agents(load, 180.0, 20.0, 0.8), Some(agents), "{load} Erlang");
        }
        assert_eq!(least_agents(0.0, 180.0, 20.0, 0.8), None);
        assert_eq!(least_agents(10.0, 180.0, 20.0, 1.0), None);
    }

    #[test]
    fn shrinkage_is_added_on_top() {
        assert_eq!(with_shrinkage(14, 0.3), Some(20));
        assert_eq!(with_shrinkage(14, 0.0), Some(14));
        assert_eq!(with_shrinkage(15, 0.3), Some(22));
        assert_eq!(with_shrinkage(14, 1.0), None);
    }

    #[test]
    fn halfin_whitt_matches_the_tables() {
        for (beta, alpha) in [
            (0.1, 0.880_287_083_330_811_5),
            (0.5, 0.504_538_640_997_945),
            (1.0, 0.223_361_274_798_260_76),
            (2.0, 0.026_881_362_429_432_27),
            (2.4, 0.009_320_489_343_676_71),
        ] {
            close(halfin_whitt(beta), alpha);
        }
    }
}
