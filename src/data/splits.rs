//! The parts of a data set: training, validation and test.

use std::sync::{Arc, OnceLock};

use super::csv::{CsvOptions, Recipe};
use super::dataset::Dataset;
use super::digest::{Digest, Identity};
use super::source::Source;
use super::standardisation::Standardisation;
use super::validation::{Validation, drawn_last};
use super::{mnist, synthetic};
use crate::error::{Error, Result};

/// Training, validation and test examples.
#[derive(Debug, Clone)]
pub struct Splits {
    /// What a network is trained on.
    pub train: Dataset,
    /// What early stopping and every choice look at; may be empty.
    pub validation: Dataset,
    /// What is reported.
    pub test: Dataset,
    opened: Opened,
}

/// The parts as they were when they were made.
#[derive(Debug, Clone)]
struct Opened {
    /// Which training images were held out.
    validation: Validation,
    /// Which ones would be, if nobody said it.
    usual: Validation,
    /// How a table was read.
    recipe: Option<Arc<Recipe>>,
    /// Clones, which share their features: who puts another data set in the place of one has other data.
    parts: [Dataset; 3],
    /// Taken when it is first asked for: it takes a tenth of a second.
    digest: Arc<OnceLock<Digest>>,
}

impl Splits {
    /// Opens a source and holds `held_out` training images out for validation. For MNIST and the digits that the crate draws, these
    /// are the last ones. Other data may be sorted by class, so there they are drawn in proportion to the classes
    /// ([`Self::open_with`] lets you choose).
    ///
    /// MNIST has 60,000 training images. Holding out 10,000 leaves 50,000 to train on; 0 leaves all of them and an empty
    /// validation set. The source `synthetic` has the same sizes.
    ///
    /// # Errors
    /// Where the data is not found or damaged, or no training image would be left.
    pub fn open(source: &Source, held_out: usize) -> Result<Self> {
        Self::open_with(source, held_out, None)
    }

    /// [`Self::open`], with which images are held out; `None` is as there.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(source: &Source, held_out: usize, validation: Option<Validation>) -> Result<Self> {
        if let Source::Csv(path) = source {
            return CsvOptions::default().open(path, held_out, validation);
        }
        let (train, test, digest) = match source {
            // Its files' checksums are looked at before they are read.
            Source::Mnist => with(mnist::open(&mnist::MNIST)?, Digest::MNIST),
            Source::FashionMnist => with(mnist::open(&mnist::FASHION_MNIST)?, Digest::FASHION_MNIST),
            Source::Synthetic => {
                let (train, test) = synthetic::splits();
                (train, test, OnceLock::new())
            }
            Source::Csv(_) => unreachable!("it is open"),
            Source::Folder(folder) => {
                let (train, test) = mnist::open_folder(folder, &source.to_string())?;
                let digest = Digest::of(&[&train], &test);
                let is_fashion = digest == Digest::FASHION_MNIST;
                let parts = (train, test);
                with(if is_fashion { mnist::FASHION_MNIST.name_classes(parts)? } else { parts }, digest)
            }
        };
        let in_order = *source == Source::Synthetic || digest.get() == Some(&Digest::MNIST);
        let usual = if in_order { Validation::Last } else { Validation::DRAWN };
        let splits = Self::divide(train, test, held_out, validation.unwrap_or(usual), digest)?;
        Ok(Self { opened: Opened { usual, ..splits.opened }, ..splits })
    }

    /// The same data with `held_out` training images held out, where none is so far: which ones, as [`Self::open_with`] has it.
    ///
    /// # Errors
    /// As [`Self::open`]; images that are held out already.
    pub fn holding_out(self, held_out: usize, validation: Option<Validation>) -> Result<Self> {
        if !self.validation.is_empty() {
            let expected = "0: to hold out others, open the data again";
            return Err(Error::argument("number of examples held out already", self.validation.len(), expected));
        }
        if self.train.standardisation().is_some() {
            let problem =
                "is standardised by examples that would now be held out: hold them out first, then standardise";
            return Err(Error::setting("data", self.train.name(), problem));
        }
        let (digest, usual, recipe) = (OnceLock::from(self.digest()), self.opened.usual, self.opened.recipe);
        let splits = Self::divide(self.train, self.test, held_out, validation.unwrap_or(usual), digest)?;
        Ok(Self { opened: Opened { usual, recipe, ..splits.opened }, ..splits })
    }

    /// The parts of a table, with how it was read.
    pub(super) fn of_table(
        train: Dataset,
        test: Dataset,
        held_out: usize,
        validation: Option<Validation>,
        recipe: Arc<Recipe>,
    ) -> Result<Self> {
        let usual = Validation::DRAWN;
        let splits = Self::divide(train, test, held_out, validation.unwrap_or(usual), OnceLock::new())?;
        Ok(Self { opened: Opened { usual, recipe: Some(recipe), ..splits.opened }, ..splits })
    }

    /// How a table was read, and what it was standardised by: to be kept with a model. `None` of other data.
    pub fn recipe(&self) -> Option<Recipe> {
        let standardisation = self.train.standardisation().cloned();
        self.opened.recipe.as_ref().map(|recipe| Recipe { standardisation, ..Recipe::clone(recipe) })
    }

    /// Holds the last `held_out` of the training images out for validation.
    ///
    /// # Errors
    /// Where no training image would be left, or the test images have another size.
    pub fn hold_out(train: Dataset, test: Dataset, held_out: usize) -> Result<Self> {
        Self::hold_out_by(train, test, held_out, Validation::Last)
    }

    /// Holds `held_out` of the training images out for validation, the last ones or some that are drawn.
    ///
    /// ```
    /// use vardrop::data::{Splits, Validation, synthetic};
    /// let (train, test) = (synthetic(600, 1), synthetic(100, 2));
    /// let splits = Splits::hold_out_by(train, test, 200, Validation::Drawn { seed: 7 })?;
    /// assert_eq!((splits.train.len(), splits.validation.len()), (400, 200));
    /// # Ok::<(), vardrop::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::hold_out`].
    pub fn hold_out_by(train: Dataset, test: Dataset, held_out: usize, validation: Validation) -> Result<Self> {
        Self::divide(train, test, held_out, validation, OnceLock::new())
    }

    fn divide(
        train: Dataset,
        test: Dataset,
        held_out: usize,
        validation: Validation,
        digest: OnceLock<Digest>,
    ) -> Result<Self> {
        if held_out >= train.len() {
            let (all, name, examples) = (train.len(), train.name(), plural(&train));
            let expected = format!(
                "fewer than the {all} training {examples} of {name}, such as {} (--held-out {0}, or held_out = {0} in a plan)",
                all / 6
            );
            return Err(Error::argument("held_out", held_out, expected));
        }
        train.check_test(&test)?;
        let classes = train.classes().max(test.classes());
        let (train, test) = (train.with_classes(classes), test.with_classes(classes));
        // Of none that are held out it makes no difference which.
        let validation = if held_out == 0 { Validation::Last } else { validation };
        let train = match validation {
            Validation::Last => train,
            Validation::Drawn { seed } => {
                // While the images are in their own order.
                digest.get_or_init(|| Digest::of(&[&train], &test));
                train.in_order(&drawn_last(&train.classes_or_one(), held_out, seed))
            }
        };
        let kept = train.len() - held_out;
        let parts = [train.slice(0..kept)?, train.slice(kept..train.len())?, test];
        let (usual, recipe) = (Validation::Last, None);
        let opened = Opened { validation, usual, recipe, parts: parts.clone(), digest: Arc::new(digest) };
        let [train, validation, test] = parts;
        Ok(Self { train, validation, test, opened })
    }

    /// The parts with features and real targets brought to mean 0 and standard deviation 1 over the training examples. Validation
    /// and test examples do not influence this. Images and classes stay as they are.
    ///
    /// ```
    /// use vardrop::data::{Dataset, Splits};
    /// use vardrop::ndarray::{Array2, array};
    ///
    /// let line = |n: usize| Array2::from_shape_fn((n, 1), |(row, _)| row as f64);
    /// let part = |n| Dataset::regression("line", line(n), 2.0 * line(n));
    /// let splits = Splits::hold_out(part(4)?, part(3)?, 2)?.standardised()?;
    /// assert_eq!(splits.train.values().unwrap(), array![[-1.0], [1.0]]);
    /// assert_eq!(splits.test.values().unwrap(), array![[-1.0], [1.0], [3.0]]);
    /// assert_eq!(splits.train.standardisation().unwrap().to_units(0, 3.0, 0.5), (4.0, 0.5));
    /// # Ok::<(), vardrop::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Standardisation::of`].
    pub fn standardised(self) -> Result<Self> {
        let by = Standardisation::of(&self.train)?;
        if by.features.is_empty() && by.targets.is_empty() { Ok(self) } else { self.standardised_by(&by) }
    }

    /// [`Self::standardised`] by what was learned before, such as from the data that a model was trained on.
    ///
    /// # Errors
    /// As [`Standardisation::apply`].
    pub fn standardised_by(self, by: &Standardisation) -> Result<Self> {
        let (train, validation, test) = (by.apply(&self.train)?, by.apply(&self.validation)?, by.apply(&self.test)?);
        // The digest is of the data as they were.
        let digest = Arc::new(OnceLock::from(self.digest()));
        let opened = Opened { parts: [train.clone(), validation.clone(), test.clone()], digest, ..self.opened };
        Ok(Self { train, validation, test, opened })
    }

    /// Which of the training examples were held out.
    pub fn held_out_by(&self) -> Validation {
        self.opened.validation
    }

    /// The digest of the whole data, however many images are held out, and whichever.
    pub fn digest(&self) -> Digest {
        let own = || Digest::of(&[&self.train, &self.validation], &self.test);
        let parts = [&self.train, &self.validation, &self.test];
        let is_as_opened = parts.iter().zip(&self.opened.parts).all(|(part, opened)| part.shares_all_with(opened));
        if is_as_opened { *self.opened.digest.get_or_init(own) } else { own() }
    }

    /// What the data is known by.
    pub fn identity(&self) -> Identity<'_> {
        Identity { dataset: self.train.name(), dataset_digest: Some(self.digest()) }
    }

    /// What makes the data unfit to learn from or to choose by, a sentence for each problem, such as a class of the test examples that
    /// no training example has.
    pub fn warnings(&self) -> Vec<String> {
        let [train, validation, test] = [&self.train, &self.validation, &self.test].map(examples_of_classes);
        // Of the classes that training lacks, those that a condition holds for, and how many examples of them a part has.
        let lacking = |holds: &dyn Fn(usize) -> bool, part: &[usize]| {
            let classes: Vec<usize> = (0..part.len()).filter(|&class| train[class] == 0 && holds(class)).collect();
            let count: usize = classes.iter().map(|&class| part[class]).sum();
            (!classes.is_empty()).then_some((classes, count))
        };
        let (name, images) = (self.train.name(), plural(&self.train));
        let image = &images[..images.len() - 1];
        let mut warnings = Vec::new();
        if let Some((classes, count)) = lacking(&|class| validation[class] > 0, &validation) {
            let remedy = match self.opened.validation {
                Validation::Last => "hold out of each class its share, with --validation drawn",
                Validation::Drawn { .. } => "hold fewer out, with --held-out",
            };
            let (classes, have) = named(&classes);
            warnings.push(format!(
                "{classes} of {name} {have} no training {image}: all {count} are held out for validation; {remedy}"
            ));
        }
        if let Some((classes, count)) = lacking(&|class| validation[class] == 0 && test[class] > 0, &test) {
            let (all, (classes, have)) = (self.test.len(), named(&classes));
            warnings.push(format!(
                "{classes} of {name} {have} {images} only in the test: {count} of {all}, which no network can get right but by chance"
            ));
        }
        warnings
    }
}

/// How many examples each class has.
fn examples_of_classes(dataset: &Dataset) -> Vec<usize> {
    let mut examples = vec![0; dataset.classes()];
    dataset.labels().iter().for_each(|&label| examples[label] += 1);
    examples
}

/// What its examples are called in messages.
fn plural(dataset: &Dataset) -> &'static str {
    if dataset.image_size().is_some() { "images" } else { "examples" }
}

/// Data whose digest is known.
fn with((train, test): (Dataset, Dataset), digest: Digest) -> (Dataset, Dataset, OnceLock<Digest>) {
    (train, test, OnceLock::from(digest))
}

/// Classes as the subject of a sentence, and its verb: `class 3` has, `classes 3, 5 and 7` have.
fn named(classes: &[usize]) -> (String, &'static str) {
    let classes: Vec<String> = classes.iter().map(usize::to_string).collect();
    match classes.as_slice() {
        [one] => (format!("class {one}"), "has"),
        [most @ .., last] => (format!("classes {} and {last}", most.join(", ")), "have"),
        [] => unreachable!("there is a class"),
    }
}
