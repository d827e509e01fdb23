//! The plan of a sweep: which networks, how each is trained.

use std::path::Path;

use serde::Deserialize;

use super::Protocol;
use crate::data::Source;
use crate::error::{Error, Result};
use crate::method::Method;
use crate::training::Config;

/// A plan read from TOML: methods × widths × seeds, trained by one protocol.
///
/// ```
/// let plan: vardrop::experiment::SweepPlan = r#"
///     [protocol]           # what is not named is as by default
///     epochs = 40
///
///     [[grid]]             # the methods of Figure 1, where none is named
///     widths = [100, 250]  # three hidden layers each
///     seeds = [1, 2, 3]
///
///     [[grid]]
///     methods = ["none", "variational-a2"]
///     widths = [1000]
///     seeds = [1]
/// "#.parse()?;
/// assert_eq!(plan.networks().len(), 7 * 2 * 3 + 2);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    data: Source,
    protocol: Protocol,
    networks: Vec<Config>,
}

/// A plan as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    data: Source,
    #[serde(default)]
    protocol: toml::Table,
    grid: Vec<Grid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grid {
    #[serde(default = "methods_of_figure1")]
    methods: Vec<Method>,
    widths: Vec<usize>,
    #[serde(default = "three")]
    layers: usize,
    seeds: Vec<u64>,
}

fn methods_of_figure1() -> Vec<Method> {
    Method::FIGURE1.to_vec()
}

fn three() -> usize {
    3
}

impl SweepPlan {
    /// Reads a plan.
    ///
    /// # Errors
    /// A file that cannot be read, or is no plan: the reason names the line, the value or the key.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        text.parse().map_err(|error: Error| Error::Format {
            path: path.to_owned(),
            expected: "the plan of a sweep",
            reason: error.to_string(),
        })
    }

    /// What the networks are trained on.
    pub fn data(&self) -> &Source {
        &self.data
    }

    /// How they are trained.
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The networks, each once, in the order of the plan, for one thread each.
    pub fn networks(&self) -> &[Config] {
        &self.networks
    }
}

impl std::str::FromStr for SweepPlan {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: String, expected: &str| Error::argument("plan", reason, expected.to_owned());
        let toml = |error: toml::de::Error| wrong(error.to_string().trim_end().to_owned(), "TOML as in experiments/");
        let written: Written = toml::from_str(text).map_err(toml)?;
        let mut protocol = toml::Table::try_from(Protocol::default())
            .map_err(|error| wrong(error.to_string(), "a protocol that can be written as TOML"))?;
        // A constant step size stays constant, however many epochs there are.
        if let Some(epochs) = written.protocol.get("epochs") {
            protocol.insert("constant_epochs".to_owned(), epochs.clone());
        }
        protocol.extend(written.protocol);
        let protocol: Protocol = protocol.try_into().map_err(toml)?;
        let mut networks: Vec<Config> = Vec::new();
        for grid in &written.grid {
            for &width in &grid.widths {
                for &method in &grid.methods {
                    for &seed in &grid.seeds {
                        let hidden = vec![width; grid.layers];
                        let config = Config { method, hidden, seed, threads: 1, protocol: protocol.clone() };
                        config.check()?;
                        if !networks.contains(&config) {
                            networks.push(config);
                        }
                    }
                }
            }
        }
        if networks.is_empty() {
            return Err(wrong("without a network".to_owned(), "a [[grid]] with widths and seeds"));
        }
        Ok(Self { data: written.data, protocol, networks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_each_network_once_in_its_order() {
        let plan: SweepPlan = "data = \"synthetic\"\n[protocol]\nepochs = 7\nalpha_step = 1.0\n\
             [[grid]]\nmethods = [\"none\"]\nwidths = [20, 10]\nseeds = [1, 2]\n\
             [[grid]]\nmethods = [\"binary\", \"none\"]\nwidths = [10]\nlayers = 2\nseeds = [2, 2]\n"
            .parse()
            .unwrap();
        let networks: Vec<_> = plan.networks().iter().map(|c| (c.method, c.hidden.clone(), c.seed)).collect();
        let none = |width: usize, layers, seed| (Method::None, vec![width; layers], seed);
        let expected = [
            none(20, 3, 1),
            none(20, 3, 2),
            none(10, 3, 1),
            none(10, 3, 2),
            (Method::Binary, vec![10; 2], 2),
            none(10, 2, 2),
        ];
        assert_eq!(networks, expected);
        assert_eq!(plan.data(), &Source::Synthetic);
        let expected = Protocol { epochs: 7, constant_epochs: 7, alpha_step: 1.0, ..Protocol::default() };
        assert_eq!(plan.protocol(), &expected);
    }

    #[test]
    fn what_is_no_plan_is_named() {
        let grid = "[[grid]]\nwidths = [5]\nseeds = [1]\n";
        for (text, part) in [
            ("", "grid"),
            ("grid = []", "without a network"),
            (&grid.replace("[5]", "[0]"), "hidden is [0, 0, 0]"),
            (&grid.replace("seeds = [1]", "seeds = []"), "without a network"),
            (&grid.replace("[5]", "5"), "line 2"),
            (&format!("{grid}epoch = 3"), "epoch"),
            (&format!("{grid}methods = [\"dropout\"]"), "dropout"),
            (&format!("{grid}[protocol]\nepoch = 3"), "epoch"),
            (&format!("{grid}[protocol]\nepochs = 0"), "epochs is 0"),
            (&format!("{grid}[protocol]\nepochs = 2\nconstant_epochs = 3"), "constant epochs is 3"),
        ] {
            let message = text.parse::<SweepPlan>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
