//! The prediction for one example.

use super::entropy::Uncertainty;
use crate::table::{Cell, Table};

/// Class probabilities of one example, and how unsure they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Mean probability of each class.
    pub probabilities: Vec<f64>,
    /// How unsure they are.
    pub uncertainty: Uncertainty,
    /// K: the number of networks in the mean; `None` for the network without noise.
    pub samples: Option<u64>,
}

impl Prediction {
    /// The most probable class; of equals the first.
    pub fn class(&self) -> usize {
        let better =
            |best: usize, class: usize| if self.probabilities[class] > self.probabilities[best] { class } else { best };
        (0..self.probabilities.len()).fold(0, better)
    }

    /// The probability of that class; NaN where there is none.
    pub fn confidence(&self) -> f64 {
        self.probabilities.get(self.class()).copied().unwrap_or(f64::NAN)
    }

    /// The prediction in words: class, probability, entropy and its parts.
    pub fn sentence(&self) -> String {
        let Uncertainty { entropy, expected_entropy, mutual_information } = self.uncertainty;
        let split = match self.samples {
            Some(_) => format!(" = {expected_entropy:.2} expected + {mutual_information:.2} mutual information"),
            None => String::new(),
        };
        format!("{} with probability {:.3}; entropy {entropy:.2} nats{split}", self.class(), self.confidence())
    }

    /// The classes' probabilities as a table.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["class", "probability"]).caption(self.sentence());
        for (class, &probability) in self.probabilities.iter().enumerate() {
            table.push((class, Cell::number(probability, 3)));
        }
        table
    }
}
