//! How long things take.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::chance::Chance;

/// The shape of a distribution of times.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Memoryless, as the formulas of Erlang assume.
    #[default]
    Exponential,
    /// As handling times are in practice; needs `deviation_s`.
    Lognormal,
    /// Always the mean.
    Constant,
}

/// A time by chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Mean, s.
    pub mean_s: f64,
    /// `exponential`, `lognormal` or `constant`.
    #[serde(default)]
    pub shape: Shape,
    /// Standard deviation of a lognormal time, s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation_s: Option<f64>,
}

impl Distribution {
    /// Exponential.
    pub const fn exponential(mean_s: f64) -> Self {
        Self { mean_s, shape: Shape::Exponential, deviation_s: None }
    }

    /// Always the same.
    pub const fn constant(mean_s: f64) -> Self {
        Self { mean_s, shape: Shape::Constant, deviation_s: None }
    }

    /// One time, s.
    pub fn draw(&self, chance: &mut Chance) -> f64 {
        match self.shape {
            Shape::Exponential => chance.exponential(self.mean_s),
            Shape::Constant => self.mean_s,
            Shape::Lognormal => {
                let ratio = self.deviation_s.unwrap_or(0.0) / self.mean_s;
                let variance = (1.0 + ratio * ratio).ln();
                (self.mean_s.ln() - variance / 2.0 + variance.sqrt() * chance.normal()).exp()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lognormal_time_has_its_mean_and_deviation() {
        let asked =
            Distribution { mean_s: 180.0, shape: Shape::Lognormal, deviation_s: Some(120.0) };
        let mut chance = Chance::new(3);
        let draws: Vec<f64> = (0..400_000).map(|_| asked.draw(&mut chance)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let square = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>();
        let deviation = (square / draws.len() as f64).sqrt();
        assert!((mean - 180.0).abs() < 1.0, "{mean}");
        assert!((deviation - 120.0).abs() < 3.0, "{deviation}");
    }
}
