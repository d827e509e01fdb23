//! The methods: where noise enters a layer, and whether its rate is learned.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A regularisation method: those of Kingma, Salimans & Welling (2015), Figure 1, and sparse variational dropout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// No noise.
    None,
    /// Binary dropout: inputs times Bernoulli(1 − p) / (1 − p) (Hinton et al. 2012).
    Binary,
    /// Gaussian dropout type A: inputs times N(1, α), correlated over outputs (Srivastava et al. 2014).
    GaussianA,
    /// Variational dropout type A: as Gaussian A, with α learned per input unit.
    VariationalA,
    /// Variational dropout type A with the KL term weighted by 1/3.
    VariationalA2,
    /// Gaussian dropout type B: independent noise on the outputs (Wang & Manning 2013).
    GaussianB,
    /// Variational dropout type B: as Gaussian B, with α learned per weight.
    VariationalB,
    /// Sparse variational dropout: as variational B, with the weight's mean and variance learned by themselves, so that α is
    /// unbounded (Molchanov, Ashukha & Vetrov 2017).
    Sparse,
    /// None of them: a network that was built by hand, each layer with its own noise.
    Custom,
}

impl Method {
    /// The seven methods of Figure 1, in the order of the paper's legend.
    pub const FIGURE1: [Self; 7] = [
        Self::None,
        Self::Binary,
        Self::GaussianA,
        Self::VariationalA,
        Self::VariationalA2,
        Self::GaussianB,
        Self::VariationalB,
    ];

    /// All methods that make a network: those of Figure 1, and sparse variational dropout.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Binary,
        Self::GaussianA,
        Self::VariationalA,
        Self::VariationalA2,
        Self::GaussianB,
        Self::VariationalB,
        Self::Sparse,
    ];

    /// The name that the command line, the records and the paper's tables use, such as `variational-a2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Binary => "binary",
            Self::GaussianA => "gaussian-a",
            Self::VariationalA => "variational-a",
            Self::VariationalA2 => "variational-a2",
            Self::GaussianB => "gaussian-b",
            Self::VariationalB => "variational-b",
            Self::Sparse => "sparse",
            Self::Custom => "custom",
        }
    }

    /// A title for figures and tables, such as `Variational A2`.
    pub fn title(self) -> &'static str {
        match self {
            Self::None => "No dropout",
            Self::Binary => "Binary dropout",
            Self::GaussianA => "Gaussian A",
            Self::VariationalA => "Variational A",
            Self::VariationalA2 => "Variational A2",
            Self::GaussianB => "Gaussian B",
            Self::VariationalB => "Variational B",
            Self::Sparse => "Sparse variational",
            Self::Custom => "Built by hand",
        }
    }

    /// Whether α is learned, so that the objective has a KL term.
    pub fn learns_rates(self) -> bool {
        matches!(self, Self::VariationalA | Self::VariationalA2 | Self::VariationalB | Self::Sparse)
    }

    /// The weight of the KL term in the objective: 1, 1/3 for A2, 0 where α is fixed.
    pub fn kl_weight(self) -> f64 {
        match self {
            Self::VariationalA | Self::VariationalB | Self::Sparse => 1.0,
            Self::VariationalA2 => 1.0 / 3.0,
            _ => 0.0,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|method| method.name()).collect();
            Error::argument("method", name, format!("one of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_parses_back_and_is_the_serialised_form() {
        for method in Method::ALL {
            assert_eq!(method.name().parse::<Method>().unwrap(), method);
            assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{method}\""));
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let message = "dropout".parse::<Method>().unwrap_err().to_string();
        assert!(message.contains("dropout") && message.contains("variational-a2"), "{message}");
    }
}
