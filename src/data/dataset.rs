//! Examples: the features that a network reads, and the targets that it predicts.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use super::features::Features;
use super::images::{Images, inputs};
use super::standardisation::Standardisation;
use super::target::{Target, Targets};
use crate::error::{Error, Result};
use crate::real::Real;

/// The number of classes of images that are made without naming it: the ten digits.
const DIGITS: usize = 10;

/// Examples, each with features (a grey image or a row of numbers) and a target (a class or real values).
///
/// Features and targets are shared, so a clone or a slice copies none of them. Images stay bytes, and a batch of them is scaled to
/// [0, 1] when it is drawn.
///
/// ```
/// use vardrop::data::Dataset;
/// use vardrop::ndarray::array;
///
/// let images = Dataset::new("two", array![[0, 255], [51, 102]], vec![3, 7], 1, 2)?;
/// let mut batch = [0.0; 4];
/// images.fill_batch(&[1, 0], &mut batch);
/// assert_eq!(batch, [0.2, 0.4, 0.0, 1.0]);
/// assert_eq!(images.slice(1..2)?.labels(), [7]);
///
/// let flowers = Dataset::classification("flowers", array![[5.1, 0.2], [6.3, 1.8]], vec![0, 2], 3)?;
/// assert_eq!((flowers.inputs(), flowers.classes(), flowers.image_size()), (2, 3, None));
///
/// let houses = Dataset::regression("houses", array![[3.0], [5.0]], array![[120.0], [310.0]])?;
/// assert_eq!(houses.quantities(), ["target"]);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset {
    pub(super) features: Features,
    pub(super) targets: Targets,
    pub(super) standardisation: Option<Arc<Standardisation>>,
}

impl Dataset {
    /// Grey images with classes, one a row, each row by row from the top: 10 classes, or more where a label is above 9.
    /// [`Self::of_images`] has another number.
    ///
    /// # Shapes
    /// `pixels`: examples × (height · width); `labels`: examples.
    ///
    /// # Errors
    /// [`Error::Shape`] where these do not fit together; [`Error::Argument`] where an image has no pixels.
    pub fn new(
        name: impl Into<String>,
        pixels: Array2<u8>,
        labels: Vec<u8>,
        height: usize,
        width: usize,
    ) -> Result<Self> {
        let name = name.into();
        let expected = [labels.len(), inputs(height, width)?];
        if pixels.shape() != expected {
            return Err(Error::Shape {
                what: format!("the array of pixels of {name} ({} labels, {height} × {width} images)", labels.len()),
                found: pixels.shape().to_vec(),
                expected: expected.to_vec(),
            });
        }
        let labels: Vec<usize> = labels.into_iter().map(usize::from).collect();
        let classes = labels.iter().max().map_or(DIGITS, |highest| DIGITS.max(highest + 1));
        Self::of_images(Images::new(name, pixels, height, width)?, labels, classes)
    }

    /// Grey images in `classes` classes; labels count from 0.
    ///
    /// # Errors
    /// Another number of labels than of images; a label that is no class; fewer than two classes.
    pub fn of_images(images: Images, labels: Vec<usize>, classes: usize) -> Result<Self> {
        let targets = Targets::classes(images.name(), labels, classes)?;
        Self::joined(Features::Images(images), targets)
    }

    /// Rows of numbers in `classes` classes; labels count from 0.
    ///
    /// # Shapes
    /// `features`: examples × features; `labels`: examples.
    ///
    /// # Errors
    /// As [`Self::of_images`]; a feature that is infinite or not a number, named by its row and column; no features.
    pub fn classification(
        name: impl Into<String>,
        features: Array2<f64>,
        labels: Vec<usize>,
        classes: usize,
    ) -> Result<Self> {
        let name = name.into();
        let targets = Targets::classes(&name, labels, classes)?;
        Self::joined(Features::table(name, features)?, targets)
    }

    /// Rows of numbers with real values to predict.
    ///
    /// # Shapes
    /// `features`: examples × features; `targets`: examples × quantities.
    ///
    /// # Errors
    /// Another number of targets than of rows; a number that is infinite or not a number, named by its row and column; no features
    /// or no targets.
    pub fn regression(name: impl Into<String>, features: Array2<f64>, targets: Array2<f64>) -> Result<Self> {
        let name = name.into();
        let targets = Targets::values(&name, targets)?;
        Self::joined(Features::table(name, features)?, targets)
    }

    fn joined(features: Features, targets: Targets) -> Result<Self> {
        if features.len() != targets.len() {
            return Err(Error::Shape {
                what: format!("the targets of {}", features.name()),
                found: vec![targets.len()],
                expected: vec![features.len()],
            });
        }
        Ok(Self { features, targets, standardisation: None })
    }

    /// The same with names for its classes, or for the quantities that are predicted.
    ///
    /// # Errors
    /// Another number of names.
    pub fn with_target_names<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let targets = self.targets.named(names.into_iter().map(Into::into).collect())?;
        Ok(Self { targets, ..self })
    }

    /// What the data is called in records: `mnist`, `synthetic`, or the path of a folder or file.
    pub fn name(&self) -> &str {
        self.features.name()
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of features of an example: of an image, `height · width`.
    pub fn inputs(&self) -> usize {
        self.height() * self.width()
    }

    /// The height of an image in pixels; 1 of a row of numbers.
    pub fn height(&self) -> usize {
        self.features.size().0
    }

    /// The width of an image in pixels; of a row of numbers, how many there are.
    pub fn width(&self) -> usize {
        self.features.size().1
    }

    /// Height and width of the images; `None` where the features are rows of numbers.
    pub fn image_size(&self) -> Option<(usize, usize)> {
        matches!(self.features, Features::Images(_)).then(|| self.features.size())
    }

    /// The images without their labels.
    ///
    /// # Panics
    /// Where the features are rows of numbers: [`Self::image_size`] is then `None`.
    pub fn images(&self) -> &Images {
        match &self.features {
            Features::Images(images) => images,
            Features::Table { name, .. } => panic!("{name} has rows of numbers and no images: read them with `table`"),
        }
    }

    /// All images, examples × inputs, from 0 (background) to 255 (ink).
    ///
    /// # Panics
    /// As [`Self::images`].
    pub fn pixels(&self) -> ArrayView2<'_, u8> {
        self.images().pixels()
    }

    /// All rows of numbers, examples × inputs; `None` where the features are images.
    pub fn table(&self) -> Option<ArrayView2<'_, f64>> {
        match &self.features {
            Features::Images(_) => None,
            Features::Table { rows, .. } => Some(rows.view()),
        }
    }

    /// The number of classes; 0 where the targets are real values.
    pub fn classes(&self) -> usize {
        match &self.targets {
            Targets::Classes { classes, .. } => *classes,
            Targets::Values { .. } => 0,
        }
    }

    /// The names of the classes; empty where they have none.
    pub fn class_names(&self) -> &[String] {
        match &self.targets {
            Targets::Classes { names, .. } => names,
            Targets::Values { .. } => &[],
        }
    }

    /// The class of each example, counted from 0; empty where the targets are real values.
    pub fn labels(&self) -> &[usize] {
        match &self.targets {
            Targets::Classes { labels, .. } => labels.as_slice().expect("labels are contiguous"),
            Targets::Values { .. } => &[],
        }
    }

    /// The names of the real values that are predicted; empty where the targets are classes.
    pub fn quantities(&self) -> &[String] {
        match &self.targets {
            Targets::Classes { .. } => &[],
            Targets::Values { names, .. } => names,
        }
    }

    /// The real values to predict, examples × quantities; `None` where the targets are classes.
    pub fn values(&self) -> Option<ArrayView2<'_, f64>> {
        match &self.targets {
            Targets::Classes { .. } => None,
            Targets::Values { values, .. } => Some(values.view()),
        }
    }

    /// What is to be predicted of an example.
    ///
    /// # Panics
    /// Where it does not exist.
    pub fn target(&self, example: usize) -> Target<'_> {
        self.targets.of(example)
    }

    /// The examples in `range`, sharing their features and targets with this dataset.
    ///
    /// # Errors
    /// [`Error::Argument`] where the range is reversed or ends beyond the last example.
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        if range.start > range.end || range.end > self.len() {
            let expected = format!("a range within the 0..{} examples of {}", self.len(), self.name());
            return Err(Error::argument("range", format!("{range:?}"), expected));
        }
        let features = self.features.slice(range.clone())?;
        Ok(Self { features, targets: self.targets.slice(range), standardisation: self.standardisation.clone() })
    }

    /// Writes the features of `examples` into `out`, one example after another: of images, scaled from 0..=255 to [0, 1].
    ///
    /// # Shapes
    /// `out`: examples.len() · inputs, row-major.
    ///
    /// # Panics
    /// Where `out` has another length, or an example does not exist.
    pub fn fill_batch<T: Real>(&self, examples: &[usize], out: &mut [T]) {
        self.features.fill_batch(examples, out);
    }

    /// What the features and targets were standardised by, where they were.
    pub fn standardisation(&self) -> Option<&Standardisation> {
        self.standardisation.as_deref()
    }
}
