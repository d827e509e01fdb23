//! Data sets that are made of others, and whether two go together.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use super::dataset::Dataset;
use super::features::Features;
use super::images::Images;
use super::standardisation::{Scale, Standardisation};
use super::target::Targets;
use crate::error::{Error, Result};

impl Dataset {
    /// The same targets for other images, of which there are as many.
    pub(super) fn with_images(&self, images: Images) -> Self {
        Self { features: Features::Images(images), ..self.clone() }
    }

    /// The examples after a standardisation.
    pub(super) fn with_standardised(
        &self,
        features: Features,
        values: Option<Array2<f64>>,
        by: Standardisation,
    ) -> Self {
        let mut targets = self.targets.clone();
        if let (Targets::Values { values, .. }, Some(new)) = (&mut targets, values) {
            *values = new.into_shared();
        }
        Self { features, targets, standardisation: Some(Arc::new(by)) }
    }

    /// The same with room for more classes.
    pub(super) fn with_classes(mut self, at_least: usize) -> Self {
        if let Targets::Classes { classes, names, .. } = &mut self.targets
            && *classes < at_least
        {
            *classes = at_least;
            names.clear();
        }
        self
    }

    /// The examples in another order, each once or more or not at all.
    ///
    /// # Panics
    /// Where one does not exist.
    pub(super) fn in_order(&self, examples: &[usize]) -> Self {
        let (features, targets) = (self.features.select(examples), self.targets.select(examples));
        Self { features, targets, standardisation: self.standardisation.clone() }
    }

    /// The class of each example; where targets are real values, all examples are of one.
    pub(super) fn classes_or_one(&self) -> Vec<usize> {
        if self.values().is_some() { vec![0; self.len()] } else { self.labels().to_vec() }
    }

    /// Whether the two are the same examples in memory, and not only equal ones.
    pub(super) fn shares_all_with(&self, other: &Self) -> bool {
        let place = |of: &Self| (of.features.address(), of.targets.address(), of.len(), of.features.size());
        place(self) == place(other)
    }

    /// Whether `test` can be the test set of what is trained on this.
    ///
    /// # Errors
    /// Other features, or targets of another kind.
    pub(super) fn check_test(&self, test: &Self) -> Result<()> {
        let sizes = [test, self].map(|part| part.features.size());
        if sizes[0] != sizes[1] || test.image_size().is_some() != self.image_size().is_some() {
            let [found, expected] = sizes.map(|(height, width)| vec![height, width]);
            let what = if test.image_size().is_some() { "a test image of" } else { "a test example of" };
            return Err(Error::Shape { what: format!("{what} {}", test.name()), found, expected });
        }
        if self.quantities() != test.quantities() {
            let named = |part: &Self| format!("{} {}", part.targets.described(), part.quantities().join(", "));
            let value = format!("{} in {}", named(test).trim_end(), test.name());
            let expected = format!("{}, as the training examples have", named(self).trim_end());
            return Err(Error::argument("target of the test examples", value, expected));
        }
        if self.standardisation() != test.standardisation() {
            let problem =
                "are not standardised as the training examples are: standardise neither, then both with Splits";
            return Err(Error::setting("test examples of", test.name(), problem));
        }
        Ok(())
    }
}

impl Standardisation {
    /// Of the columns of a data set, which should be the training part.
    ///
    /// # Errors
    /// No examples; numbers so large that their deviation is infinite; examples that are standardised already.
    pub fn of(train: &Dataset) -> Result<Self> {
        check_raw(train)?;
        if train.is_empty() {
            return Err(Error::argument("number of examples to standardise by", 0, "1 or more"));
        }
        let scales = |columns: Option<ArrayView2<'_, f64>>| -> Vec<Scale> {
            columns.iter().flat_map(|columns| columns.columns()).map(Scale::of).collect()
        };
        let standardisation = Self { features: scales(train.table()), targets: scales(train.values()) };
        standardisation.check()?;
        Ok(standardisation)
    }

    /// The examples of a data set with the same columns, standardised; they remember it.
    ///
    /// # Errors
    /// Another number of columns; a scale that is not a positive number; examples that are standardised already.
    pub fn apply(&self, dataset: &Dataset) -> Result<Dataset> {
        check_raw(dataset)?;
        self.check()?;
        let columns = |of: Option<ArrayView2<'_, f64>>| of.map_or(0, |columns| columns.ncols());
        let found = vec![columns(dataset.table()), columns(dataset.values())];
        let expected = vec![self.features.len(), self.targets.len()];
        if found != expected {
            let what = format!("the numbers of features and of real targets of {} to standardise", dataset.name());
            return Err(Error::Shape { what, found, expected });
        }
        let applied = |columns: ArrayView2<'_, f64>, scales: &[Scale]| {
            let mut columns = columns.to_owned();
            for (mut column, scale) in columns.columns_mut().into_iter().zip(scales) {
                column.mapv_inplace(|value| scale.apply(value));
            }
            columns
        };
        let features = match dataset.table() {
            Some(rows) => Features::table(dataset.name().to_owned(), applied(rows, &self.features))?,
            None => dataset.features.clone(),
        };
        let values = dataset.values().map(|values| applied(values, &self.targets));
        Ok(dataset.with_standardised(features, values, self.clone()))
    }
}

fn check_raw(dataset: &Dataset) -> Result<()> {
    match dataset.standardisation() {
        Some(_) => {
            Err(Error::setting("standardisation of", dataset.name(), "is already done: standardise the data only once"))
        }
        None => Ok(()),
    }
}
