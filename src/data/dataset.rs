//! Labelled grey images, held as bytes.

use std::ops::Range;

use ndarray::{ArcArray1, Array1, Array2, ArrayView2, Axis, s};

use super::images::{Images, inputs};
use super::target::Target;
use crate::error::{Error, Result};
use crate::real::Real;

/// The number of classes of everything that this crate reads: the ten digits.
pub(super) const CLASSES: usize = 10;

/// Labelled grey images. Pixels stay bytes and are shared: a clone or a slice copies none of them.
///
/// ```
/// use vardrop::data::Dataset;
/// use vardrop::ndarray::array;
///
/// let dataset = Dataset::new("two", array![[0, 255], [51, 102]], vec![3, 7], 1, 2)?;
/// let mut batch = [0.0; 4];
/// dataset.fill_batch(&[1, 0], &mut batch);
/// assert_eq!(batch, [0.2, 0.4, 0.0, 1.0]);
/// assert_eq!(dataset.slice(1..2)?.labels(), [7]);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset {
    images: Images,
    // In standard layout: `new` sees to it, and a slice keeps it.
    labels: ArcArray1<u8>,
}

impl Dataset {
    /// A dataset of images, one a row, each row by row from the top.
    ///
    /// # Shapes
    /// `pixels`: examples × (height · width); `labels`: examples.
    ///
    /// # Errors
    /// [`Error::Shape`] where these do not fit together; [`Error::Argument`] where an image has no pixels or a label is
    /// not below 10.
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
        if let Some((example, label)) = labels.iter().enumerate().find(|&(_, &label)| usize::from(label) >= CLASSES) {
            let value = format!("{label} (example {example} of {name})");
            return Err(Error::argument("label", value, format!("a class from 0 to {}", CLASSES - 1)));
        }
        let images = Images::new(name, pixels, height, width)?;
        Ok(Self { images, labels: Array1::from(labels).into_shared() })
    }

    /// The images without their labels.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The same labels for other images, of which there are as many.
    pub(super) fn with_images(&self, images: Images) -> Self {
        Self { images, labels: self.labels.clone() }
    }

    /// The examples in another order, each once or more or not at all.
    ///
    /// # Panics
    /// Where one does not exist.
    pub(super) fn in_order(&self, examples: &[usize]) -> Self {
        let pixels = self.pixels().select(Axis(0), examples);
        let images = self.images.with_pixels(self.name().to_owned(), pixels);
        Self { images, labels: self.labels.select(Axis(0), examples).into_shared() }
    }

    /// Whether the two are the same examples in memory, and not only equal ones.
    pub(super) fn shares_all_with(&self, other: &Self) -> bool {
        let place = |of: &Self| (of.pixels().as_ptr(), of.labels.as_ptr(), of.len(), of.height(), of.width());
        place(self) == place(other)
    }

    /// What the data is called in records: `mnist`, `synthetic` or a folder's name.
    pub fn name(&self) -> &str {
        self.images.name()
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of pixels of an image: `height · width`.
    pub fn inputs(&self) -> usize {
        self.images.inputs()
    }

    /// The height of an image in pixels.
    pub fn height(&self) -> usize {
        self.images.height()
    }

    /// The width of an image in pixels.
    pub fn width(&self) -> usize {
        self.images.width()
    }

    /// The number of classes: 10. Labels count from 0.
    pub fn classes(&self) -> usize {
        CLASSES
    }

    /// All images, examples × inputs, from 0 (background) to 255 (ink).
    pub fn pixels(&self) -> ArrayView2<'_, u8> {
        self.images.pixels()
    }

    /// The class of each example.
    pub fn labels(&self) -> &[u8] {
        self.labels.as_slice().expect("labels are contiguous")
    }

    /// What is to be predicted of an example.
    ///
    /// # Panics
    /// Where it does not exist.
    pub fn target(&self, example: usize) -> Target<'_> {
        Target::Class(self.labels()[example].into())
    }

    /// The examples in `range`, sharing their pixels with this dataset.
    ///
    /// # Errors
    /// [`Error::Argument`] where the range is reversed or ends beyond the last example.
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        let images = self.images.slice(range.clone())?;
        Ok(Self { images, labels: self.labels.clone().slice_move(s![range]) })
    }

    /// Writes the images of `examples` into `out`, one after another, scaled from 0..=255 to [0, 1].
    ///
    /// # Shapes
    /// `out`: examples.len() · inputs, row-major.
    ///
    /// # Panics
    /// Where `out` has another length, or an example does not exist.
    pub fn fill_batch<T: Real>(&self, examples: &[usize], out: &mut [T]) {
        self.images.fill_batch(examples, out);
    }
}
