//! What small values show as a cell's output: a table of their fields, and a list of them a row for each.

use serde::Serialize;
use serde_json::Value;

use super::DisplayList;
use crate::data::Source;
use crate::engine::{Evaluation, Loss, Objective};
use crate::error::Error;
use crate::experiment::paper::{PublishedPoint, PublishedVariances};
use crate::experiment::{Estimate, Sample, SweepPlan};
use crate::layers::Layer;
use crate::method::Method;
use crate::network::DropoutRates;
use crate::noise::Rates;
use crate::optimizer::{AdamSettings, Optimizer};
use crate::sparse::{Errors, PruningErrors, SparseInfo, SparseModel};
use crate::table::{Cell, Table};
use crate::training::{AlphaStatistics, BorderAlpha, Phase, Protocol};
use crate::uncertainty::{Bin, EvaluationRecord, Sampling, Uncertainty, evaluation_table};
use crate::variance::{DecompositionPlan, Estimator, GradientSampler, Interval, LayerVariance, Plan, VarianceLaw};

/// Names and values of what a type consists of, in the order in which they are shown.
trait Fields {
    fn fields(&self) -> Vec<(&'static str, Value)>;
}

macro_rules! display_fields {
    ($($kind:ty { $($field:ident),* })*) => {$(
        impl Fields for $kind {
            fn fields(&self) -> Vec<(&'static str, Value)> {
                vec![$((stringify!($field), json(&self.$field))),*]
            }
        }

        impl $kind {
            /// Shows a table of the fields, as a cell's output.
            pub fn evcxr_display(&self) {
                table_of(self).evcxr_display();
            }
        }

        impl DisplayList for [$kind] {
            fn evcxr_display(&self) {
                table_of_list(self).evcxr_display();
            }
        }
    )*};
}
display_fields! {
    AdamSettings { learning_rate, alpha_step, alpha_bound, beta1, beta2, epsilon, averaging }
    AlphaStatistics { mean, std }
    Bin { lower, upper, count, confidence, accuracy }
    BorderAlpha { border, centre }
    DecompositionPlan { estimators, layer, batch_sizes, draws, seed }
    DropoutRates { input, hidden }
    Errors { valid, test }
    Estimate { method, hidden, networks, left, seconds }
    Evaluation { cross_entropy, error_percent }
    Interval { low, high }
    LayerVariance { layer, variance, interval }
    Loss { cross_entropy, kl }
    Objective { kl_weight, examples }
    Plan { layers, batch_size, passes, seed }
    PublishedPoint { method, hidden, error_percent, error_bar }
    PublishedVariances { estimator, columns }
    Sample { runs, mean, std, standard_error }
    Sampling { samples, seed, threads, block }
    SparseInfo { dataset, train_examples, threshold, fine_tuned_epochs }
    Uncertainty { entropy, expected_entropy, mutual_information }
    VarianceLaw { variance, covariance }
}

/// Shows the text of what is a line of it anyway, where the kernel would show how it is written in Rust.
macro_rules! display_text {
    ($($kind:ty),*) => {$(
        impl $kind {
            /// Shows it in a line, as a cell's output.
            pub fn evcxr_display(&self) {
                super::print(&vec![("text/plain", self.to_string())]);
            }
        }
    )*};
}
display_text!(Error, Estimator, Method, Source);

impl Phase {
    /// Shows where the run stands, as a cell's output.
    pub fn evcxr_display(&self) {
        let text = match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed(reason) => reason,
        };
        super::print(&vec![("text/plain", text.to_owned())]);
    }
}

impl Protocol {
    /// Shows the settings as a table, as a cell's output.
    pub fn evcxr_display(&self) {
        settings(self).evcxr_display();
    }
}

impl PruningErrors {
    /// Shows the errors of the three stages as a table, as a cell's output.
    pub fn evcxr_display(&self) {
        [self.unpruned, self.pruned, self.fine_tuned]
            .iter()
            .zip(["unpruned", "pruned", "fine-tuned"])
            .fold(Table::new(["Network", "Validation error (%)", "Test error (%)"]), |table, (errors, name)| {
                table.row((name, errors.valid.map(|valid| Cell::number(valid, 2)), Cell::number(errors.test, 2)))
            })
            .evcxr_display();
    }
}

impl EvaluationRecord {
    /// Shows error, likelihood, calibration and uncertainty as a table, as a cell's output.
    pub fn evcxr_display(&self) {
        std::slice::from_ref(self).evcxr_display();
    }
}

impl DisplayList for [EvaluationRecord] {
    fn evcxr_display(&self) {
        evaluation_table(self).evcxr_display();
    }
}

impl SparseModel {
    /// Shows what was pruned, and what is left of each layer, as a cell's output.
    pub fn evcxr_display(&self) {
        let SparseInfo { config, dataset, threshold, .. } = &self.info;
        println!("{} on {dataset}, pruned where ln α is above {threshold}", config.method);
        self.network.evcxr_display();
    }
}

impl SweepPlan {
    /// Shows the networks of the plan, a row for each method and size, as a cell's output.
    pub fn evcxr_display(&self) {
        planned(self).evcxr_display();
    }
}

impl<T: crate::Real> Layer<T> {
    /// Shows the layer's shape and noise, as a cell's output: its weights are in `weight`.
    pub fn evcxr_display(&self) {
        let (inputs, outputs) = self.dim();
        let noise = self.noise.description();
        Table::new(["Shape", "Noise"]).row((format!("{inputs} × {outputs}"), noise)).evcxr_display();
    }
}

impl<T: crate::Real> Rates<T> {
    /// Shows how many α there are, whether training changes them, and their mean and ends, as a cell's output.
    pub fn evcxr_display(&self) {
        let (rows, columns) = self.log_alpha.dim();
        let alpha = || self.log_alpha.iter().map(|x| x.f64().exp());
        Table::new(["Shape", "Learned", "Mean of α", "Smallest", "Largest"])
            .row((
                format!("{rows} × {columns}"),
                if self.learned { "yes" } else { "no" },
                number(alpha().sum::<f64>() / self.log_alpha.len() as f64),
                number(alpha().fold(f64::INFINITY, f64::min)),
                number(alpha().fold(0.0, f64::max)),
            ))
            .evcxr_display();
    }
}

impl Optimizer {
    /// Shows how many steps were taken, and the layers of the averaged network, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{} steps; the average of the parameters:", self.steps());
        self.averaged().evcxr_display();
    }
}

impl GradientSampler {
    /// Shows the layers of the network whose gradients are drawn, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("gradients of minibatches of up to {} examples, of this network:", self.batch_size());
        self.network().evcxr_display();
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn table_of(value: &impl Fields) -> Table {
    value
        .fields()
        .into_iter()
        .fold(Table::new(["What", "Value"]), |table, (name, value)| table.row((name, cell(&value))))
}

fn table_of_list<T: Fields>(values: &[T]) -> Table {
    let mut table = Table::new(values.first().map_or_else(Vec::new, T::fields).into_iter().map(|(name, _)| name));
    for value in values {
        table.push(value.fields().iter().map(|(_, value)| cell(value)).collect::<Vec<_>>());
    }
    table
}

/// Every setting under the name that it has in records.
pub(super) fn settings(settings: &impl Serialize) -> Table {
    let mut table = Table::new(["Setting", "Value"]);
    let mut push = |name: &str, value: &Value| table.push((name, Cell::Text(cell(value).to_string())));
    for (name, value) in json(settings).as_object().into_iter().flatten() {
        match value.as_object() {
            Some(parts) => parts.iter().for_each(|(name, value)| push(name, value)),
            None => push(name, value),
        }
    }
    table
}

fn planned(plan: &SweepPlan) -> Table {
    let mut table = Table::new(["Method", "Hidden layers", "Networks"]);
    let networks = plan.networks();
    for group in networks.chunk_by(|a, b| (a.method, &a.hidden) == (b.method, &b.hidden)) {
        let hidden: Vec<_> = group[0].hidden.iter().map(usize::to_string).collect();
        table.push((group[0].method, hidden.join("-"), group.len()));
    }
    let data = plan.data();
    table.caption(format!("{} networks on {data}", networks.len()))
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::String(text) => Cell::Text(text.clone()),
        Value::Number(value) => match (value.as_i64(), value.as_f64()) {
            (Some(whole), _) => Cell::from(whole),
            (None, Some(value)) => number(value),
            (None, None) => Cell::Text(value.to_string()),
        },
        other => Cell::Text(other.to_string()),
    }
}

/// A number that is short, as settings are, to its last digit; another one in four digits.
fn number(value: f64) -> Cell {
    let whole = value.to_string();
    if whole.len() <= 7 {
        let decimals = whole.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        return Cell::number(value, decimals);
    }
    match value.abs() {
        0.001..1e5 => Cell::number(value, (3 - value.abs().log10().floor() as i32).max(0) as usize),
        _ => Cell::scientific(value, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        let shown =
            [0.001, 1e-8, 0.123_456_789, 12_345.678_9, 1.0 / 3.0 * 1e-7, -2.5, 1e20].map(|x| number(x).to_string());
        assert_eq!(shown, ["0.001", "1.000e-8", "0.1235", "12346", "3.333e-8", "-2.5", "1.000e20"]);
    }

    #[test]
    fn a_value_is_a_row_for_each_field_and_a_list_a_row_for_each_value() {
        let sampling = Sampling::draws(32).seed(7).threads(2).block(100);
        let table = table_of(&sampling).to_csv();
        assert_eq!(table, "What,Value\nsamples,32\nseed,7\nthreads,2\nblock,100\n");
        let points = &crate::experiment::paper::figure1()[..2];
        let list = table_of_list(points).to_csv();
        assert_eq!(list.lines().next(), Some("method,hidden,error_percent,error_bar"));
        assert_eq!(list.lines().count(), 3);
    }

    #[test]
    fn a_plan_is_told_by_method_and_size() {
        let text =
            "[protocol]\nepochs = 2\n[[grid]]\nmethods = [\"none\", \"binary\"]\nwidths = [10]\nseeds = [1, 2, 3]\n";
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), text).unwrap();
        let table = planned(&SweepPlan::open(path.path()).unwrap()).to_string();
        assert!(
            table.contains("10-10-10") && table.lines().filter(|line| line.ends_with(" 3")).count() == 2,
            "{table}"
        );
    }
}
