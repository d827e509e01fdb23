//! The plan of a sweep: which networks, how each is trained.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};

use crate::data::Source;
use crate::error::{Error, Result};
use crate::method::Method;
use crate::training::{Config, Protocol};

/// A plan read from TOML: methods × widths × seeds, trained by one protocol, from which a grid may differ.
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
///     [[grid]]             # trained when the grid above it is done
///     methods = ["none", "variational-a2"]
///     widths = [1000]
///     seeds = [1]
///     protocol = { epochs = 20 }
///     protocol_of.none = { epochs = 10 } # of a single method; also for the whole plan, as [protocol_of.none]
/// "#.parse()?;
/// assert_eq!(plan.networks().len(), 7 * 2 * 3 + 2);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    data: Source,
    protocol: Protocol,
    networks: Vec<Config>,
    /// The grid that each of the networks is of.
    grids: Vec<usize>,
}

/// A plan as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    data: Source,
    #[serde(default)]
    protocol: Settings,
    #[serde(default)]
    protocol_of: BTreeMap<Method, Settings>,
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
    #[serde(default)]
    protocol: Settings,
    #[serde(default)]
    protocol_of: BTreeMap<Method, Settings>,
}

fn methods_of_figure1() -> Vec<Method> {
    Method::FIGURE1.to_vec()
}

/// The most hidden layers of a network.
const MOST_LAYERS: usize = 100;

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
        let remedy = "expected the plan of a sweep: TOML with a [[grid]] of widths and seeds";
        let text = std::fs::read_to_string(path).map_err(Error::unread("read", path, remedy))?;
        let no_plan = |reason: String| Error::Format { path: path.to_owned(), expected: "the plan of a sweep", reason };
        let written: Written =
            toml::from_str(&text).map_err(|error| no_plan(error.to_string().trim_end().to_owned()))?;
        Self::from_written(written).map_err(|error| no_plan(error.to_string()))
    }

    /// What the networks are trained on.
    pub fn data(&self) -> &Source {
        &self.data
    }

    /// How they are trained, where a grid says nothing else.
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The networks, each once, in the order of the plan, for one thread each.
    pub fn networks(&self) -> &[Config] {
        &self.networks
    }

    /// One of [`Self::networks`], by its index, which is the number of a single task.
    ///
    /// # Errors
    /// An index that the plan has not.
    pub fn network(&self, task: usize) -> Result<&Config> {
        self.networks
            .get(task)
            .ok_or_else(|| Error::argument("task", task, format!("0 to {}, as the plan has", self.networks.len() - 1)))
    }

    /// Puts networks, by their indices, in the order in which they are trained: one grid after the other, and the largest of each
    /// first, so that no worker is left with one of them at the end.
    pub(super) fn in_order_of_training(&self, networks: &mut [usize]) {
        let units = |index: usize| self.networks[index].hidden.iter().sum::<usize>();
        networks.sort_by_key(|&index| (self.grids[index], std::cmp::Reverse(units(index))));
    }
}

/// What a plan changes of a protocol: its keys and values are a protocol's.
#[derive(Default)]
struct Settings(toml::Table);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self(toml::Table::deserialize(deserializer)?);
        // Here rather than where a network's protocol is made, for the error to show the place in the text.
        settings.applied_to(&Protocol::default()).map_err(|error| de::Error::custom(error.to_string().trim_end()))?;
        Ok(settings)
    }
}

impl Settings {
    /// `base` with these settings.
    fn applied_to(&self, base: &Protocol) -> Result<Protocol, toml::de::Error> {
        let mut all = toml::Table::try_from(base).map_err(de::Error::custom)?;
        all.extend(self.0.clone());
        let mut protocol: Protocol = all.try_into()?;
        // A constant step size stays constant, however many epochs there are.
        if base.constant_epochs == base.epochs && !self.0.contains_key("constant_epochs") {
            protocol.constant_epochs = protocol.epochs;
        }
        Ok(protocol)
    }
}

fn no_toml(error: toml::de::Error) -> Error {
    wrong(format!("unreadable ({})", error.to_string().trim_end()), "TOML with the tables and keys of a SweepPlan")
}

fn wrong(reason: String, expected: &str) -> Error {
    Error::argument("plan", reason, expected.to_owned())
}

impl std::str::FromStr for SweepPlan {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_written(toml::from_str(text).map_err(no_toml)?)
    }
}

impl SweepPlan {
    fn from_written(written: Written) -> Result<Self> {
        let common = written.protocol.applied_to(&Protocol::default()).map_err(no_toml)?;
        let mut plan = Self { data: written.data, protocol: common, networks: Vec::new(), grids: Vec::new() };
        let trained = |method: &&Method| written.grid.iter().any(|grid| grid.methods.contains(method));
        if let Some(method) = written.protocol_of.keys().find(|method| !trained(method)) {
            let expected = "methods that a grid trains: leave this one out, or add it to a grid's methods";
            return Err(wrong(format!("with a protocol of {method}, which no grid trains"), expected));
        }
        for (number, grid) in written.grid.iter().enumerate() {
            if !(1..=MOST_LAYERS).contains(&grid.layers) {
                let expected = format!("1 to {MOST_LAYERS} hidden layers");
                return Err(Error::argument("layers of a grid", grid.layers, expected));
            }
            if let Some(method) = grid.protocol_of.keys().find(|method| !grid.methods.contains(method)) {
                let expected = "methods that the grid trains: leave this one out, or add it to its methods";
                return Err(wrong(format!("with a protocol of {method} in a grid without it"), expected));
            }
            for &width in &grid.widths {
                for &method in &grid.methods {
                    // From what holds for the most networks to what holds for the fewest.
                    let settings =
                        [written.protocol_of.get(&method), Some(&grid.protocol), grid.protocol_of.get(&method)];
                    let mut settings = settings.into_iter().flatten();
                    let protocol =
                        settings.try_fold(plan.protocol.clone(), |base, own| own.applied_to(&base)).map_err(no_toml)?;
                    if protocol.held_out != plan.protocol.held_out {
                        let expected =
                            format!("{}, as [protocol] has it: a plan has one validation set", plan.protocol.held_out);
                        return Err(Error::argument("held_out of a grid", protocol.held_out, expected));
                    }
                    for &seed in &grid.seeds {
                        let hidden = vec![width; grid.layers];
                        plan.add(Config { method, hidden, seed, threads: 1, protocol: protocol.clone() }, number)?;
                    }
                }
            }
        }
        if plan.networks.is_empty() {
            return Err(wrong("without a network".to_owned(), "a [[grid]] with widths and seeds"));
        }
        Ok(plan)
    }

    /// Adds a network, unless it is there.
    fn add(&mut self, config: Config, grid: usize) -> Result<()> {
        config.check()?;
        if let Some(start) = &config.protocol.start {
            let expected = "none: the networks of a plan start from random weights; leave it out";
            return Err(Error::argument("start", format!("{start:?}"), expected));
        }
        let same =
            |other: &&Config| (other.method, &other.hidden, other.seed) == (config.method, &config.hidden, config.seed);
        match self.networks.iter().find(same) {
            Some(other) if *other == config => {}
            Some(_) => {
                let network =
                    format!("with {} {:?}, seed {}, by two protocols", config.method, config.hidden, config.seed);
                return Err(wrong(network, "one protocol for each network; make two plans of it"));
            }
            None => {
                self.networks.push(config);
                self.grids.push(grid);
            }
        }
        Ok(())
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
        let mut order: Vec<usize> = (0..6).collect();
        plan.in_order_of_training(&mut order);
        assert_eq!(order, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_grid_has_its_own_settings_on_top_of_the_plans_and_its_place_in_the_order() {
        let plan: SweepPlan = "[protocol]\nepochs = 8\naveraging = 0.5\n\
             [[grid]]\nmethods = [\"none\"]\nwidths = [5, 9]\nseeds = [1]\nprotocol = { epochs = 3 }\n\
             [[grid]]\nmethods = [\"none\"]\nwidths = [20]\nseeds = [1]\n"
            .parse()
            .unwrap();
        let common = Protocol { epochs: 8, constant_epochs: 8, averaging: 0.5, ..Protocol::default() };
        let own = Protocol { epochs: 3, constant_epochs: 3, ..common.clone() };
        let protocols: Vec<_> = plan.networks().iter().map(|config| config.protocol.clone()).collect();
        assert_eq!(protocols, [own.clone(), own, common]);
        let mut order = vec![2, 0, 1];
        plan.in_order_of_training(&mut order);
        assert_eq!(order, [1, 0, 2], "the first grid's larger one, its smaller one, the second grid's");
        let falling: SweepPlan = "[protocol]\nconstant_epochs = 0\n\
             [[grid]]\nwidths = [5]\nseeds = [1]\nprotocol = { epochs = 9 }\n"
            .parse()
            .unwrap();
        assert_eq!(falling.networks()[0].protocol.constant_epochs, 0);
    }

    #[test]
    fn a_method_may_have_its_own_settings_in_the_plan_and_in_a_grid() {
        let plan: SweepPlan = "[protocol]\nepochs = 8\n[protocol_of.binary]\nepochs = 9\nlearning_rate = 0.01\n\
             [[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [5]\nseeds = [1]\n\
             [[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [6]\nseeds = [1]\n\
             protocol = { averaging = 0.5, epochs = 6 }\nprotocol_of.binary = { epochs = 30 }\n"
            .parse()
            .unwrap();
        let none = Protocol { epochs: 8, constant_epochs: 8, ..Protocol::default() };
        let binary = Protocol { epochs: 9, constant_epochs: 9, learning_rate: 0.01, ..Protocol::default() };
        let wide_none = Protocol { epochs: 6, constant_epochs: 6, averaging: 0.5, ..Protocol::default() };
        let wide_binary = Protocol { epochs: 30, constant_epochs: 30, learning_rate: 0.01, ..wide_none.clone() };
        let protocols: Vec<_> = plan.networks().iter().map(|config| config.protocol.clone()).collect();
        assert_eq!(protocols, [none, binary, wide_none, wide_binary]);
    }

    #[test]
    fn what_is_no_plan_is_named() {
        let grid = "[[grid]]\nwidths = [5]\nseeds = [1]\n";
        for (text, part) in [
            ("", "grid"),
            ("grid = []", "without a network"),
            (&grid.replace("[5]", "[0]"), "hidden is [0, 0, 0]"),
            (&format!("{grid}layers = 0"), "layers of a grid is 0: expected 1 to 100"),
            (&format!("{grid}layers = 9223372036854775807"), "expected 1 to 100 hidden layers"),
            (&format!("{grid}methods = [\"none\"]\n[protocol_of.binary]\nepochs = 9"), "binary, which no grid trains"),
            (&format!("{grid}[protocol]\nstart = \"a.safetensors\""), "start is \"a.safetensors\": expected none"),
            (&format!("{grid}methods = [\"none\"]\nprotocol = {{ hidden_rate = nan }}"), "dropout rate p is NaN"),
            (&format!("{grid}methods = [\"none\"]\nprotocol = {{ input_rate = 1.0 }}"), "dropout rate p is 1"),
            (&format!("{grid}protocol = {{ hidden_rate = 0.6 }}"), "a number in (0, 0.5] where"),
            (&grid.replace("seeds = [1]", "seeds = []"), "without a network"),
            (&grid.replace("[5]", "5"), "line 2"),
            (&format!("{grid}epoch = 3"), "epoch"),
            (&format!("{grid}methods = [\"dropout\"]"), "dropout"),
            (&format!("{grid}[protocol]\nepoch = 3"), "line 4"),
            (&format!("{grid}[protocol]\nepoch = 3"), "unknown field `epoch`, expected one of `epochs`"),
            (&format!("{grid}[protocol]\nepochs = \"x\""), "string \"x\", expected usize\nin `epochs`"),
            (&format!("{grid}[protocol]\nepochs = 0"), "epochs is 0"),
            (&format!("{grid}protocol = {{ epoch = 3 }}"), "epoch"),
            (&format!("{grid}protocol = {{ held_out = 5 }}"), "held_out of a grid is 5: expected 10000"),
            (&format!("{grid}protocol_of.binary = {{ epochs = 0 }}"), "epochs is 0"),
            (&format!("{grid}protocol_of.binary = {{ epoch = 3 }}"), "epoch"),
            (&format!("{grid}protocol_of.dropout = {{ epochs = 3 }}"), "dropout"),
            (&format!("{grid}protocol_of.binary = {{ held_out = 5 }}"), "held_out of a grid is 5: expected 10000"),
            (&format!("{grid}protocol_of.sparse = {{ epochs = 3 }}"), "with a protocol of sparse in a grid without it"),
            (&format!("{grid}{grid}protocol = {{ epochs = 5 }}"), "none [5, 5, 5], seed 1, by two protocols"),
            (&format!("{grid}[protocol]\nepochs = 2\nconstant_epochs = 3"), "constant epochs is 3"),
        ] {
            let message = text.parse::<SweepPlan>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
