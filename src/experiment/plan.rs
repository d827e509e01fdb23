//! The plan of a sweep: which networks, how each is trained.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de};

use crate::data::csv::{CsvOptions, TargetKind, TestPart};
use crate::data::{Source, Splits, Validation};
use crate::error::{Error, Result};
use crate::method::Method;
use crate::training::{Config, Preset, Protocol};

/// A plan read from TOML: methods × widths × seeds, trained by one protocol, from which a grid may differ.
///
/// ```
/// let plan: vardrop::experiment::SweepPlan = r#"
///     [protocol]
///     preset = "figure1"   # what is not named is as this preset has it for the method and the widths
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
///
/// A [`Preset`] is named as `preset = "NAME"` among the settings, or, where nothing else differs, as `protocol = "NAME"` in their
/// place. Of several that concern a network (the plan's, its method's, its grid's, its method's in the grid) the last one counts, and
/// on top of it all settings that are named, in the same order. Where none is named, each method has its own ([`Preset::of`]), and of a
/// table every method has [`Preset::Table`].
///
/// `data` names what is trained on: `mnist`, which is the default, `fashion-mnist`, `synthetic`, a folder, or a table, of which
/// `[table]` says how it is read:
///
/// ```
/// # let plan: vardrop::experiment::SweepPlan = r#"
/// data = "houses.csv"
/// [table]
/// target = "price"      # or several: ["price", "rent"]; the last column where none is named
/// test_share = 0.2      # with test_seed; or test_data = "other.csv"
/// ignored = ["id"]      # also: categorical = [...], kind = "classes" or "values"
/// [[grid]]
/// methods = ["none", "variational-b"]
/// widths = [50]
/// layers = 1
/// seeds = [1, 2, 3]
/// # "#.parse()?;
/// # assert_eq!(plan.networks()[0].protocol.preset(vardrop::Method::None, &[50]), Some(vardrop::training::Preset::Table));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    written: Written,
    validation: Option<Validation>,
    networks: Vec<Config>,
    /// Whether a preset is named for every network.
    names_presets: bool,
    /// The grid that each of the networks is of.
    grids: Vec<usize>,
}

/// A plan as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    data: Source,
    table: Option<WrittenTable>,
    #[serde(default)]
    protocol: Settings,
    #[serde(default)]
    protocol_of: BTreeMap<Method, Settings>,
    grid: Vec<Grid>,
}

/// How the table of a plan is read, with the names of the command line's options.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenTable {
    target: Columns,
    kind: Option<TargetKind>,
    categorical: Columns,
    ignored: Columns,
    test_data: Option<PathBuf>,
    test_share: Option<f64>,
    test_seed: Option<u64>,
}

/// The name of a column, or several.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected the name of a column, or a list of them")]
enum Columns {
    One(String),
    Several(Vec<String>),
}

impl Default for Columns {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl From<Columns> for Vec<String> {
    fn from(columns: Columns) -> Self {
        match columns {
            Columns::One(name) => vec![name],
            Columns::Several(names) => names,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
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

/// The most networks of a plan: years of work, and a slip of the keyboard costs no more memory than they do.
const MOST_NETWORKS: usize = 100_000;

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
        Self::from_written(written, None).map_err(|error| no_plan(error.to_string()))
    }

    /// What the networks are trained on.
    pub fn data(&self) -> &Source {
        &self.written.data
    }

    /// Opens what the networks are trained on, and holds out what the plan says; of a table whose plan does not say it, what
    /// [`Preset::held_out_of_rows`] says. A table
    /// is standardised by the rows that are left.
    ///
    /// # Errors
    /// As [`Splits::open_with`] and [`CsvOptions::open`].
    pub fn open_data(&self) -> Result<Splits> {
        let Source::Csv(path) = &self.written.data else {
            return Splits::open_with(&self.written.data, self.held_out(), self.validation);
        };
        let table = self.written.table.clone().unwrap_or_default();
        let test = match (table.test_data, TestPart::default()) {
            (Some(path), _) => TestPart::File(path),
            (None, TestPart::Share { fraction, seed }) => TestPart::Share {
                fraction: table.test_share.unwrap_or(fraction),
                seed: table.test_seed.unwrap_or(seed),
            },
            (None, other) => other,
        };
        let options = CsvOptions {
            target: table.target.into(),
            kind: table.kind,
            categorical: table.categorical.into(),
            ignored: table.ignored.into(),
            test,
        };
        let whole = options.open(path, 0, None)?;
        let says = |settings: &Settings| {
            settings.own.contains_key("held_out") || settings.preset.is_some_and(|preset| preset != Preset::Table)
        };
        let is_said = self.written.settings().any(says);
        let held_out = if is_said { self.held_out() } else { Preset::held_out_of_rows(whole.train.len()) };
        whole.holding_out(held_out, self.validation)?.standardised()
    }

    /// The networks with the settings that the data decides where the plan does not: [`Preset::protocol_for`].
    pub(super) fn networks_for(&self, splits: &Splits) -> Result<Vec<Config>> {
        Ok(Self::from_written(self.written.clone(), Some(splits))?.networks)
    }

    /// How many training images are held out for validation: of every network the same ones.
    pub fn held_out(&self) -> usize {
        self.networks[0].protocol.held_out
    }

    /// Whether the plan names a preset for every network.
    pub(super) fn names_presets(&self) -> bool {
        self.names_presets
    }

    /// Which training images are held out; `None` where the plan does not say it, and the data decides
    /// ([`Splits::open_with`](crate::data::Splits::open_with)).
    pub fn validation(&self) -> Option<Validation> {
        self.validation
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

/// What a plan says of a protocol: the name of a preset, or a table of settings, `preset` among them.
#[derive(Debug, Clone, PartialEq, Default)]
struct Settings {
    preset: Option<Preset>,
    own: toml::Table,
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |error: &dyn std::fmt::Display| de::Error::custom(error.to_string().trim_end());
        let name = |name: &str| name.parse::<Preset>().map_err(|error| wrong(&error));
        let settings = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(preset) => Self { preset: Some(name(&preset)?), own: toml::Table::new() },
            toml::Value::Table(mut own) => match own.remove("preset") {
                None => Self { preset: None, own },
                Some(toml::Value::String(preset)) => Self { preset: Some(name(&preset)?), own },
                Some(other) => {
                    let found = other.type_str();
                    return Err(wrong(&format!("preset is of type {found}: expected a name, such as \"figure1\"")));
                }
            },
            other => {
                let expected = "the name of a preset, such as \"figure1\", or a table of settings";
                return Err(wrong(&format!("protocol is of type {}: expected {expected}", other.type_str())));
            }
        };
        // Here rather than where a network's protocol is made, for the error to show the place in the text.
        let any = Config::new(Method::None, &[]).protocol;
        settings.applied_to(&any).map_err(|error| wrong(&error))?;
        Ok(settings)
    }
}

impl Settings {
    /// Whether they say which images are held out.
    fn has_validation(&self) -> bool {
        self.own.contains_key("validation")
    }

    /// `base` with these settings.
    fn applied_to(&self, base: &Protocol) -> Result<Protocol, toml::de::Error> {
        let base = match self.own.get("epochs").and_then(toml::Value::as_integer).map(usize::try_from) {
            Some(Ok(epochs)) => base.clone().with_epochs(epochs),
            _ => base.clone(),
        };
        let mut all = toml::Table::try_from(base).map_err(de::Error::custom)?;
        all.extend(self.own.clone());
        all.try_into()
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
        Self::from_written(toml::from_str(text).map_err(no_toml)?, None)
    }
}

impl SweepPlan {
    /// For this data where it is known.
    fn from_written(written: Written, splits: Option<&Splits>) -> Result<Self> {
        let is_table = matches!(written.data, Source::Csv(_));
        if written.table.is_some() && !is_table {
            let problem = "is not a table, but the plan has a section [table]: name a FILE.csv, or leave [table] out";
            return Err(Error::setting("data", &written.data, problem));
        }
        if written
            .table
            .as_ref()
            .is_some_and(|table| table.test_data.is_some() && (table.test_share.is_some() || table.test_seed.is_some()))
        {
            let expected = "one of test_data and test_share: leave the other out";
            return Err(wrong("with two test sets in [table]".to_owned(), expected));
        }
        let (networks, grids) = (Vec::new(), Vec::new());
        let mut plan = Self { written: written.clone(), validation: None, networks, names_presets: true, grids };
        let mut places = BTreeMap::new();
        // Repeated ones count: each of them is looked at.
        let networks = written.grid.iter().try_fold(0, |sum: usize, grid| {
            let own = grid.widths.len().checked_mul(grid.methods.len())?.checked_mul(grid.seeds.len().max(1))?;
            sum.checked_add(own).filter(|&sum| sum <= MOST_NETWORKS)
        });
        if networks.is_none() {
            let expected = format!("at most {MOST_NETWORKS}: make several plans of it");
            return Err(wrong("with too many networks".to_owned(), &expected));
        }
        let trained = |method: &&Method| written.grid.iter().any(|grid| grid.methods.contains(method));
        if let Some(method) = written.protocol_of.keys().find(|method| !trained(method)) {
            let expected = "methods that a grid trains: leave this one out, or add it to a grid's methods";
            return Err(wrong(format!("with a protocol of {method}, which no grid trains"), expected));
        }
        for (number, grid) in written.grid.iter().enumerate() {
            if !(1..=MOST_LAYERS).contains(&grid.layers) {
                let expected = format!("1 to {MOST_LAYERS} hidden layers");
                return Err(Error::argument("layers", grid.layers, expected));
            }
            if let Some(method) = grid.protocol_of.keys().find(|method| !grid.methods.contains(method)) {
                let expected = "methods that the grid trains: leave this one out, or add it to its methods";
                return Err(wrong(format!("with a protocol of {method} in a grid without it"), expected));
            }
            for &width in &grid.widths {
                for &method in &grid.methods {
                    // From what holds for the most networks to what holds for the fewest.
                    let settings = [
                        Some(&written.protocol),
                        written.protocol_of.get(&method),
                        Some(&grid.protocol),
                        grid.protocol_of.get(&method),
                    ];
                    let preset = settings.iter().flatten().filter_map(|settings| settings.preset).next_back();
                    plan.names_presets &= preset.is_some();
                    let hidden = vec![width; grid.layers];
                    let usual = || if is_table { Preset::Table } else { Preset::of(method) };
                    let preset = preset.unwrap_or_else(usual);
                    let base = match splits {
                        Some(splits) => preset.protocol_for(method, &hidden, splits)?,
                        None => preset.protocol(method, &hidden)?,
                    };
                    let has_own_validation = settings[1..].iter().flatten().any(|own| own.has_validation());
                    let mut settings = settings.into_iter().flatten();
                    let protocol = settings.try_fold(base, |base, own| own.applied_to(&base)).map_err(no_toml)?;
                    if has_own_validation {
                        let expected = "one for the whole plan: write it under [protocol]";
                        return Err(Error::argument("validation of a grid", protocol.validation, expected));
                    }
                    plan.validation = written.protocol.has_validation().then_some(protocol.validation);
                    for &seed in &grid.seeds {
                        let (hidden, protocol) = (hidden.clone(), protocol.clone());
                        let place = places.entry((method, width, grid.layers, seed)).or_insert(plan.networks.len());
                        plan.add(Config { method, hidden, seed, threads: 1, protocol }, number, *place)?;
                    }
                }
            }
        }
        if plan.networks.is_empty() {
            return Err(wrong("without a network".to_owned(), "a [[grid]] with widths and seeds"));
        }
        Ok(plan)
    }

    /// Adds a network, unless it is there, at `place`.
    fn add(&mut self, config: Config, grid: usize, place: usize) -> Result<()> {
        config.check()?;
        if let Some(start) = &config.protocol.start {
            let problem = "does not go in a plan, whose networks start from random weights: leave it out";
            return Err(Error::setting("start", format!("{start:?}"), problem));
        }
        if let Some(first) = self.networks.first().filter(|first| first.protocol.held_out != config.protocol.held_out) {
            let problem = format!(
                "is for {} {:?}, and {} for {} {:?}: a plan has one validation set; name one number in [protocol]",
                config.method, config.hidden, first.protocol.held_out, first.method, first.hidden
            );
            return Err(Error::setting("held_out", config.protocol.held_out, problem));
        }
        match self.networks.get(place) {
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

impl Written {
    /// All settings, of the plan and of its grids.
    fn settings(&self) -> impl Iterator<Item = &Settings> {
        let own = std::iter::once(&self.protocol).chain(self.protocol_of.values());
        own.chain(self.grid.iter().flat_map(|grid| std::iter::once(&grid.protocol).chain(grid.protocol_of.values())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::tests::first;

    #[test]
    fn a_plan_has_each_network_once_in_its_order() {
        let plan: SweepPlan = "data = \"synthetic\"\n[protocol]\npreset = \"first\"\nepochs = 7\nalpha_step = 1.0\n\
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
        let expected = Protocol { alpha_step: 1.0, ..first().with_epochs(7) };
        assert!(plan.networks().iter().all(|config| config.protocol == expected));
        assert_eq!((plan.held_out(), plan.names_presets()), (10_000, true));
        let mut order: Vec<usize> = (0..6).collect();
        plan.in_order_of_training(&mut order);
        assert_eq!(order, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_grid_has_its_own_settings_on_top_of_the_plans_and_its_place_in_the_order() {
        let plan: SweepPlan = "[protocol]\npreset = \"first\"\nepochs = 8\naveraging = 0.5\n\
             [[grid]]\nmethods = [\"none\"]\nwidths = [5, 9]\nseeds = [1]\nprotocol = { epochs = 3 }\n\
             [[grid]]\nmethods = [\"none\"]\nwidths = [20]\nseeds = [1]\n"
            .parse()
            .unwrap();
        let common = Protocol { averaging: 0.5, ..first().with_epochs(8) };
        let own = common.clone().with_epochs(3);
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
        let plan: SweepPlan = "protocol_of.none = \"first\"\n[protocol]\nepochs = 8\n[protocol_of.binary]\npreset = \"first\"\nepochs = 9\nlearning_rate = 0.01\n\
             [[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [5]\nseeds = [1]\n\
             [[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [6]\nseeds = [1]\n\
             protocol = { averaging = 0.5, epochs = 6 }\nprotocol_of.binary = { epochs = 30 }\n"
            .parse()
            .unwrap();
        let none = first().with_epochs(8);
        let binary = Protocol { learning_rate: 0.01, ..first().with_epochs(9) };
        let wide_none = Protocol { averaging: 0.5, ..first().with_epochs(6) };
        let wide_binary = Protocol { learning_rate: 0.01, ..wide_none.clone().with_epochs(30) };
        let protocols: Vec<_> = plan.networks().iter().map(|config| config.protocol.clone()).collect();
        assert_eq!(protocols, [none, binary, wide_none, wide_binary]);
    }

    #[test]
    fn a_preset_gives_what_is_not_named_by_method_and_width_and_the_innermost_one_counts() {
        let plan: SweepPlan = "[protocol]\naveraging = 0.5\n\
             [[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [100, 1000]\nseeds = [1]\n\
             [[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [7]\nseeds = [1]\n\
             protocol = \"first\"\nprotocol_of.none = { preset = \"table1\", epochs = 3, held_out = 0 }\n\
             protocol_of.binary.held_out = 0\n"
            .parse()
            .unwrap();
        assert!(!plan.names_presets(), "none is named for the first grid");
        let of = |preset: Preset, method, width| Protocol {
            averaging: 0.5,
            ..preset.protocol(method, &[width; 3]).unwrap()
        };
        let (none, binary) = (Method::None, Method::Binary);
        let expected = [
            of(Preset::Figure1, none, 100),
            of(Preset::Figure1, binary, 100),
            of(Preset::Figure1, none, 1000),
            of(Preset::Figure1, binary, 1000),
            of(Preset::Table1, none, 7).with_epochs(3),
            Protocol { held_out: 0, ..of(Preset::First, binary, 7) },
        ];
        let protocols: Vec<_> = plan.networks().iter().map(|config| config.protocol.clone()).collect();
        assert_eq!(protocols, expected);
        let sparse: SweepPlan = "[protocol]\nepochs = 40\n\
             [[grid]]\nmethods = [\"sparse\"]\nwidths = [30]\nseeds = [1]\n"
            .parse()
            .unwrap();
        assert_eq!(sparse.networks()[0], Config::new(Method::Sparse, &[30; 3]).epochs(40).threads(1));
    }

    #[test]
    fn what_is_no_plan_is_named() {
        let grid = "[[grid]]\nwidths = [5]\nseeds = [1]\n";
        for (text, part) in [
            ("", "grid"),
            ("grid = []", "without a network"),
            (&grid.replace("[5]", &format!("{:?}", vec![5; 20_000])), "too many networks: expected at most 100000"),
            (&grid.replace("[5]", "[0]"), "hidden is [0, 0, 0]"),
            (&format!("{grid}layers = 0"), "layers is 0: expected 1 to 100"),
            (&format!("{grid}layers = 9223372036854775807"), "expected 1 to 100 hidden layers"),
            (&format!("{grid}methods = [\"none\"]\n[protocol_of.binary]\nepochs = 9"), "binary, which no grid trains"),
            (&format!("{grid}[protocol]\nstart = \"a.safetensors\""), "start \"a.safetensors\" does not go in a plan"),
            (&format!("{grid}methods = [\"none\"]\nprotocol = {{ hidden_rate = nan }}"), "hidden_rate is NaN"),
            (&format!("{grid}methods = [\"none\"]\nprotocol = {{ input_rate = 1.0 }}"), "input_rate is 1"),
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
            (&format!("{grid}protocol = \"figure2\""), "expected one of figure1, table1, sparse, first, table"),
            (&format!("{grid}protocol = {{ preset = 1 }}"), "preset is of type integer: expected a name"),
            (&format!("{grid}protocol = 1"), "line 4"),
            (
                &format!("{grid}protocol = \"sparse\""),
                "preset sparse has no settings for the method none: name figure1",
            ),
            (
                &format!("{grid}methods = [\"sparse\"]\nprotocol = \"first\""),
                "preset first has no settings for the method",
            ),
            (
                &format!("{grid}protocol = {{ validation = \"last\" }}"),
                "validation of a grid is last: expected one for",
            ),
            (&format!("{grid}[protocol]\nvalidation = \"first\""), "expected last, drawn, or drawn:SEED"),
            (&format!("{grid}protocol_of.binary = {{ epochs = 0 }}"), "epochs is 0"),
            (&format!("{grid}protocol_of.binary = {{ epoch = 3 }}"), "epoch"),
            (&format!("{grid}protocol_of.dropout = {{ epochs = 3 }}"), "dropout"),
            (
                &format!("{grid}protocol_of.binary = {{ held_out = 5 }}"),
                "held_out 5 is for binary [5, 5, 5], and 0 for none",
            ),
            (&format!("{grid}protocol_of.sparse = {{ epochs = 3 }}"), "with a protocol of sparse in a grid without it"),
            (&format!("{grid}{grid}protocol = {{ epochs = 5 }}"), "none [5, 5, 5], seed 1, by two protocols"),
            (
                &format!("{grid}[protocol]\nepochs = 2\nconstant_epochs = 3"),
                "constant_epochs 3 is later than the last of 2 epochs",
            ),
        ] {
            let message = text.parse::<SweepPlan>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
