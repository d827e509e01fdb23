//! The named protocols, in one table: what a network is trained by where nothing else is asked for.
//!
//! | name | for | what it is |
//! |---|---|---|
//! | `figure1` | every method but sparse, whose default it is | Figure 1: step size and epochs as validation chose them for each method and width; all of MNIST's 60,000 training images; the last epoch counts |
//! | `table1` | every method but sparse | Table 1: minibatches of 1000, a step size of 1e-4, 100 epochs, all images |
//! | `sparse` | sparse, whose default it is | LeNet-300-100 of Molchanov, Ashukha & Vetrov (2017): 200 epochs, a step size that falls in the second half, a KL term that grows from 0, all images |
//! | `first` | every method but sparse | the first records, and abandoned since: a step of ln α 20 times as large, 60 epochs on 50,000 images |
//! | `table` | every method, for tables | what tables are trained by: small minibatches, dropout rates of 0.01, up to 400 epochs, and a stop once the likelihood of held-out rows has not risen for 20 of them |
//!
//! `figure1` was chosen for three equal layers of 100, 250 and 500 units; the grid took the choice of 500 over for more. Any other
//! network takes the choice of the nearest of the three, by ratio: up to 158 units that of 100, up to 353 that of 250, and beyond that
//! of 500. Layers of unequal widths count as their geometric mean. `experiments/protocol.md` says how each choice was made.
//!
//! `table` is not from the paper, which has no tables. Its rates, its choice of the epoch by likelihood, and the two layers of 100 units
//! that the command line takes by default gave held-out rows the best likelihood on eight small public tables: among rates from 0.01 to
//! the paper's 0.2 and 0.5, one to three layers, and a choice by error (`experiments/tables.py`). The paper's rates are too much noise
//! for a few hundred rows.

use std::fmt;
use std::str::FromStr;

use super::{Protocol, Selection};
use crate::data::{Splits, Validation};
use crate::error::{Error, Result};
use crate::layers::Activation;
use crate::likelihood::Family;
use crate::method::Method;
use crate::network::Initialisation;
use crate::optimizer::{Algorithm, AlphaBound, Schedule};

/// A protocol with a name. All but [`Self::Table`] were chosen on MNIST.
///
/// [`Self::Figure1`] was chosen for three equal layers of 100, 250 and 500 units. Another network takes the choice of the nearest of
/// them, by ratio: up to 158 units that of 100, up to 353 that of 250, and beyond that of 500. Layers of unequal widths count as their
/// geometric mean.
///
/// ```
/// use vardrop::Method;
/// use vardrop::training::Preset;
///
/// let protocol = Preset::of(Method::GaussianA).protocol(Method::GaussianA, &[100, 100, 100])?;
/// assert_eq!((protocol.epochs, protocol.learning_rate, protocol.held_out), (120, 3e-4, 0));
/// assert_eq!(protocol.preset(Method::GaussianA, &[100, 100, 100]), Some(Preset::Figure1));
/// assert_eq!(protocol.with_epochs(8).preset(Method::GaussianA, &[100, 100, 100]), None);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Figure 1: step size and epochs as validation chose them for each method and width, all of MNIST's training images,
    /// the last epoch. The default of every method but sparse.
    Figure1,
    /// Table 1: minibatches of 1000, a step size of 1e-4, 100 epochs. For every method but sparse.
    Table1,
    /// Sparse variational dropout as it was published (Molchanov, Ashukha & Vetrov 2017), and its default.
    Sparse,
    /// The first records, abandoned since: a step of ln α 20 times as large, 60 epochs on 50,000 images. For every method but sparse.
    First,
    /// For tables, and their default: not of the paper, but chosen by validation on small public tables. Dropout rates of 0.01;
    /// minibatches of 32 and an average of about 100 steps, or of 100 and 1,000 steps for 10,000 training rows and more; training stops
    /// once 20 epochs in a row have not raised the likelihood of the held-out rows ([`Self::protocol_for`]).
    Table,
}

/// Training rows from which `table` takes larger minibatches and a longer average.
const MANY_ROWS: usize = 10_000;

/// Training rows from which some are held out, and from which a tenth and not a fifth is.
const ROWS_TO_CHOOSE_BY: [usize; 2] = [50, 1_000];

/// Dropout rate of `table`, on the input and on hidden layers.
const TABLE_RATE: f64 = 0.01;

/// Examples in a minibatch, and decay of the average, of `table` for few and for many rows.
const TABLE: [(usize, f64); 2] = [(32, 0.99), (100, 0.999)];

/// The widths for which validation chose `figure1`.
const WIDTHS: [usize; 3] = [100, 250, 500];

/// Epochs and step size of `figure1` at each of [`WIDTHS`].
const FIGURE1: [(Method, [(usize, f64); WIDTHS.len()]); Method::FIGURE1.len()] = [
    (Method::None, [(60, 1e-3), (30, 1e-3), (60, 1e-3)]),
    (Method::Binary, [(300, 3e-4), (120, 3e-4), (120, 3e-4)]),
    (Method::GaussianA, [(120, 3e-4), (120, 3e-4), (120, 3e-4)]),
    (Method::VariationalA, [(120, 1e-3), (60, 3e-4), (120, 3e-4)]),
    (Method::VariationalA2, [(300, 1e-3), (120, 3e-4), (120, 3e-4)]),
    (Method::GaussianB, [(120, 1e-3), (60, 1e-3), (60, 1e-3)]),
    (Method::VariationalB, [(300, 1e-3), (60, 1e-3), (60, 1e-3)]),
];

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Figure1, Self::Table1, Self::Sparse, Self::First, Self::Table];

    /// What the record of a run is called that no preset has the settings of.
    pub const CUSTOM: &str = "custom";

    /// The one that a method is trained by where none is named.
    pub fn of(method: Method) -> Self {
        if method == Method::Sparse { Self::Sparse } else { Self::Figure1 }
    }

    /// Its name on the command line, in plans and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Figure1 => "figure1",
            Self::Table1 => "table1",
            Self::Sparse => "sparse",
            Self::First => "first",
            Self::Table => "table",
        }
    }

    /// What it is, in a line.
    pub fn description(self) -> &'static str {
        match self {
            Self::Figure1 => "Figure 1: epochs and step size as validation chose them for each method and width",
            Self::Table1 => "Table 1: minibatches of 1000, a step size of 1e-4, 100 epochs",
            Self::Sparse => "the published setting of sparse variational dropout: 200 epochs (the method sparse only)",
            Self::First => {
                "our first records, no longer used: 60 epochs on 50,000 images, with steps for ln α that are 20 times as large"
            }
            Self::Table => {
                "for tables, not from the paper: up to 400 epochs, stopped by validation; the minibatch depends on the number of rows"
            }
        }
    }

    /// Its settings for a method and the widths of the hidden layers.
    ///
    /// # Errors
    /// A method that it has no settings for: `sparse` is for the method sparse and the others are not.
    pub fn protocol(self, method: Method, hidden: &[usize]) -> Result<Protocol> {
        if self != Self::Table && (self == Self::Sparse) != (method == Method::Sparse) {
            let problem =
                format!("has no settings for the method {method}: name {}, or leave it out", Self::of(method));
            return Err(Error::setting("preset", self, problem));
        }
        // Of the first records; the others say what they have in its place.
        let first = Protocol {
            epochs: 60,
            patience: None,
            selection: Selection::Error,
            batch_size: 100,
            held_out: 10_000,
            validation: Validation::Last,
            learning_rate: 1e-3,
            constant_epochs: 60,
            alpha_step: 20.0,
            alpha_bound: AlphaBound::Projection,
            averaging: 0.999,
            kl_warm_up: None,
            start: None,
            input_rate: 0.2,
            hidden_rate: 0.5,
            zero_above: None,
            activation: Activation::Relu,
            initialisation: Initialisation::UnitColumns,
            likelihood: Family::Categorical,
            optimizer: Algorithm::Adam,
            schedule: Schedule::Linear,
        };
        Ok(match self {
            Self::First => first,
            Self::Figure1 => {
                let (epochs, learning_rate) = figure1(method, hidden);
                let all = Protocol { learning_rate, held_out: 0, alpha_step: 1.0, averaging: 0.9998, ..first };
                all.with_epochs(epochs)
            }
            Self::Table1 => {
                let all = Protocol { batch_size: 1000, learning_rate: 1e-4, held_out: 0, alpha_step: 1.0, ..first };
                all.with_epochs(100)
            }
            // It has no ln α that the factor would count for. The records say 20, by which they are known.
            Self::Sparse => Protocol { held_out: 0, ..first }.with_sparse_phases(200),
            Self::Table => {
                let (batch_size, averaging) = TABLE[0];
                // Unit columns leave a table of two features one direction.
                let initialisation = Initialisation::Uniform;
                let selection = Selection::Likelihood;
                let rates = Protocol { input_rate: TABLE_RATE, hidden_rate: TABLE_RATE, selection, ..first };
                let all = Protocol { batch_size, averaging, initialisation, held_out: 0, alpha_step: 1.0, ..rates };
                match method {
                    // Its error falls and rises again while weights go.
                    Method::Sparse => all.with_sparse_phases(200),
                    _ => Protocol { patience: Some(20), ..all.with_epochs(400) },
                }
            }
        })
    }

    /// [`Self::protocol`] for this data: of real targets the likelihood is Gaussian, and [`Self::Table`] looks at how many rows there
    /// are. Its patience is nothing where no row is held out.
    ///
    /// # Errors
    /// As [`Self::protocol`].
    pub fn protocol_for(self, method: Method, hidden: &[usize], splits: &Splits) -> Result<Protocol> {
        let mut protocol = self.protocol(method, hidden)?;
        if !splits.train.quantities().is_empty() {
            protocol.likelihood = Family::Gaussian;
        }
        if self == Self::Table {
            let rows = splits.train.len();
            let (batch_size, averaging) = TABLE[usize::from(rows >= MANY_ROWS)];
            (protocol.batch_size, protocol.averaging) = (batch_size.min(rows), averaging);
            (protocol.held_out, protocol.validation) = (splits.validation.len(), splits.held_out_by());
            protocol.patience = protocol.patience.filter(|_| !splits.validation.is_empty());
        }
        Ok(protocol)
    }

    /// [`Self::protocol`] for data such as `other` is for: what [`Self::protocol_for`] takes from the data is as there.
    ///
    /// # Errors
    /// As [`Self::protocol`].
    pub fn protocol_like(self, method: Method, hidden: &[usize], other: &Protocol) -> Result<Protocol> {
        let mut protocol = self.protocol(method, hidden)?;
        if self == Self::Table {
            if !other.likelihood.is_categorical() {
                protocol.likelihood = Family::Gaussian;
            }
            (protocol.batch_size, protocol.averaging) = TABLE[usize::from(other.batch_size >= TABLE[1].0)];
            (protocol.held_out, protocol.validation) = (other.held_out, other.validation);
            // Patience needs held-out rows, which `other` has, or has not been asked for yet.
            protocol.patience = protocol.patience.filter(|_| other.held_out > 0 || other.patience.is_some());
        }
        Ok(protocol)
    }

    /// How many of a table's training rows are held out for validation where nobody says it: a tenth of 1,000 or more, a fifth of fewer,
    /// and none of fewer than 50.
    pub fn held_out_of_rows(rows: usize) -> usize {
        let [some, many] = ROWS_TO_CHOOSE_BY;
        if rows < some { 0 } else { rows / if rows < many { 5 } else { 10 } }
    }

    /// The one that a network for this data is trained by where none is named: [`Self::Table`] for rows of numbers.
    pub fn of_data(method: Method, splits: &Splits) -> Self {
        if splits.train.table().is_some() { Self::Table } else { Self::of(method) }
    }
}

/// Epochs and step size of `figure1`.
fn figure1(method: Method, hidden: &[usize]) -> (usize, f64) {
    // A network built by hand is trained as one without noise.
    let method = if method == Method::Custom { Method::None } else { method };
    let row = FIGURE1.iter().find(|row| row.0 == method).expect("a method of Figure 1").1;
    let logarithm = |&width: &usize| (width.max(1) as f64).ln();
    let width = hidden.iter().map(logarithm).sum::<f64>() / hidden.len().max(1) as f64;
    let distance = |index: usize| (logarithm(&WIDTHS[index]) - width).abs();
    let nearest = (0..WIDTHS.len()).min_by(|&a, &b| distance(a).total_cmp(&distance(b))).expect("widths");
    row[nearest]
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| {
            let expected = format!("one of {}", Self::ALL.map(Self::name).join(", "));
            Error::argument("preset", format!("{name:?}"), expected)
        })
    }
}
