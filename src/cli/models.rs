//! The models that are evaluated: one, or several that make an ensemble.

use std::path::{Path, PathBuf};

use vardrop::data::{Dataset, Examples};
use vardrop::ndarray::Array2;
use vardrop::sparse::{SparseModel, SparseNetwork};
use vardrop::training::{Config, Model, ModelInfo};
use vardrop::uncertainty::{
    Ensemble, EvaluationRecord, Predictive, RegressionEnsemble, RegressionPredictive, Sampling,
};
use vardrop::{Error, Result};

use super::trained_on::TrainedOn;

/// One model or more, with their files. All are of one kind of target, trained on the same data.
pub struct Models(Vec<(PathBuf, Opened)>);

/// What a model's file holds.
enum Opened {
    Whole(Box<Model>),
    Pruned(Box<SparseModel>),
}

impl Models {
    /// Opens the models' files.
    pub fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut models = Self(Vec::new());
        for path in paths {
            let model = Opened::open(path)?;
            let refused =
                |expected: String| Err(Error::Argument { name: "model", value: path.display().to_string(), expected });
            if let Some((first, of_first)) = models.0.first() {
                let (data, own) = (of_first.trained_on(first).data, model.trained_on(path).data);
                if models.0.iter().any(|(other, _)| other == path) {
                    return refused("each model of an ensemble once".into());
                } else if own != data {
                    return refused(format!(
                        "a model trained on the data of {}, {data}, and not on {own}",
                        first.display()
                    ));
                } else if model.is_categorical() != of_first.is_categorical() {
                    return refused(format!("a model for the kind of targets that {} is for", first.display()));
                }
            }
            models.0.push((path.clone(), model));
        }
        Ok(models)
    }

    /// The number of models.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn first(&self) -> &(PathBuf, Opened) {
        self.0.first().expect("the arguments name one model or more")
    }

    /// The first model's file, which messages name.
    pub fn path(&self) -> &Path {
        &self.first().0
    }

    /// The first model's settings.
    pub fn config(&self) -> &Config {
        self.first().1.config()
    }

    /// The data that all were trained on.
    pub fn trained_on(&self) -> TrainedOn<'_> {
        let (path, model) = self.first();
        model.trained_on(path)
    }

    /// Whether they are for classes.
    pub fn is_categorical(&self) -> bool {
        self.first().1.is_categorical()
    }

    /// Whether a network among them is pruned.
    pub fn have_pruned(&self) -> bool {
        self.0.iter().any(|(_, model)| matches!(model, Opened::Pruned(_)))
    }

    /// What records tell of the models: the first one, and the seeds of an ensemble. An error where they cannot tell all: `record` then
    /// is the file that is named.
    pub fn for_record(&self, record: &Path) -> Result<(&ModelInfo, Vec<u64>)> {
        let refused = |expected: &str| {
            Err(Error::Argument { name: "record", value: record.display().to_string(), expected: expected.to_owned() })
        };
        if self.have_pruned() {
            return refused("none for a pruned network: `vardrop prune --record` keeps what came of it");
        }
        if !self.is_categorical() {
            return refused("none for real targets: `json` prints the result, which you can keep in a file");
        }
        let infos: Vec<&ModelInfo> = self
            .0
            .iter()
            .filter_map(|(_, model)| if let Opened::Whole(model) = model { Some(&model.info) } else { None })
            .collect();
        let first = infos[0];
        if infos.iter().any(|info| !EvaluationRecord::are_of_one_kind(first, info)) {
            return refused("none for models that differ in more than their seed: `json` prints the result");
        }
        let seeds = infos.iter().map(|info| info.config.seed).collect();
        Ok((first, if infos.len() > 1 { seeds } else { Vec::new() }))
    }

    /// The class probabilities of all models, or of all networks drawn from them, and their mean.
    pub fn classes(&self, inputs: &Inputs<'_>, sampling: Sampling) -> Result<Predictive> {
        let first = self.first().1.classes(inputs, sampling)?;
        if self.len() == 1 {
            return Ok(first);
        }
        let mut ensemble = Ensemble::new(first.len(), first.classes())?;
        ensemble.add_draws(&first)?;
        self.0[1..].iter().try_for_each(|(_, model)| ensemble.add_draws(&model.classes(inputs, sampling)?))?;
        ensemble.predictive()
    }

    /// What all models, or all networks drawn from them, predict of real targets.
    pub fn values(&self, inputs: &Inputs<'_>, sampling: Sampling) -> Result<RegressionPredictive> {
        let first = self.first().1.values(inputs, sampling)?;
        if self.len() == 1 {
            return Ok(first);
        }
        let mut ensemble = RegressionEnsemble::new(first.len(), first.mean().ncols())?;
        ensemble.add_draws(&first)?;
        self.0[1..].iter().try_for_each(|(_, model)| ensemble.add_draws(&model.values(inputs, sampling)?))?;
        ensemble.predictive()
    }
}

impl Opened {
    fn open(path: &Path) -> Result<Self> {
        if SparseModel::is_one(path)? {
            return Ok(Self::Pruned(Box::new(SparseModel::open(path)?)));
        }
        Ok(Self::Whole(Box::new(Model::open(path)?)))
    }

    fn config(&self) -> &Config {
        match self {
            Self::Whole(model) => &model.info.config,
            Self::Pruned(model) => &model.info.config,
        }
    }

    fn trained_on<'a>(&'a self, path: &'a Path) -> TrainedOn<'a> {
        match self {
            Self::Whole(model) => TrainedOn::new(path, &model.info),
            Self::Pruned(model) => {
                let info = &model.info;
                TrainedOn { model: path, data: info.data(), recipe: info.recipe.as_ref() }
            }
        }
    }

    fn is_categorical(&self) -> bool {
        match self {
            Self::Whole(model) => model.network.likelihood().is_categorical(),
            Self::Pruned(model) => model.network.likelihood().is_categorical(),
        }
    }

    fn classes(&self, inputs: &Inputs<'_>, sampling: Sampling) -> Result<Predictive> {
        let network = match self {
            Self::Whole(model) => &model.network,
            Self::Pruned(model) => {
                let probabilities = outputs(&model.network, inputs, sampling.threads)?.mapv(f64::from);
                let mut alone = Ensemble::new(probabilities.nrows(), probabilities.ncols())?;
                alone.add(probabilities.view())?;
                return alone.predictive();
            }
        };
        match inputs {
            Inputs::Rows(rows) => Predictive::of_array(network, rows.view(), sampling),
            Inputs::Examples(dataset) => Predictive::of_dataset(network, dataset, sampling),
        }
    }

    fn values(&self, inputs: &Inputs<'_>, sampling: Sampling) -> Result<RegressionPredictive> {
        let network = match self {
            Self::Whole(model) => &model.network,
            Self::Pruned(model) => {
                let outputs = outputs(&model.network, inputs, sampling.threads)?;
                let moments = model.network.likelihood().moments(outputs.view());
                let (means, variances) = moments.expect("the likelihood is of real targets");
                let mut alone = RegressionEnsemble::new(means.nrows(), means.ncols())?;
                alone.add(means.view(), variances.view())?;
                return alone.predictive();
            }
        };
        match inputs {
            Inputs::Rows(rows) => RegressionPredictive::of_array(network, rows.view(), sampling),
            Inputs::Examples(dataset) => RegressionPredictive::of_dataset(network, dataset, sampling),
        }
    }
}

/// Of a pruned network.
fn outputs(network: &SparseNetwork, inputs: &Inputs<'_>, threads: usize) -> Result<Array2<f32>> {
    match inputs {
        Inputs::Rows(rows) => network.predict(&rows.view(), threads),
        Inputs::Examples(dataset) => {
            let indices: Vec<usize> = (0..dataset.len()).collect();
            network.predict(&Examples { dataset, indices: &indices }, threads)
        }
    }
}

/// What is predicted for.
pub enum Inputs<'a> {
    /// The features of a table that needs no targets.
    Rows(Array2<f32>),
    /// All examples of a data set.
    Examples(&'a Dataset),
}
