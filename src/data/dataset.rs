//! Labelled grey images, held as bytes.

use std::ops::Range;

use ndarray::{ArcArray1, ArcArray2, Array1, Array2, ArrayView2, s};

use crate::error::{Error, Result};
use crate::real::Real;

/// The number of classes of everything that this crate reads: the ten digits.
const CLASSES: usize = 10;

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
    name: String,
    // Both arrays are in standard layout: `new` sees to it, and a slice of whole rows keeps it.
    pixels: ArcArray2<u8>,
    labels: ArcArray1<u8>,
    height: usize,
    width: usize,
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
        let inputs = height.checked_mul(width).filter(|&inputs| inputs > 0).ok_or_else(|| {
            Error::argument("height × width", format!("{height} × {width}"), "an image of at least one pixel")
        })?;
        let expected = [labels.len(), inputs];
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
        let pixels = if pixels.is_standard_layout() { pixels } else { pixels.as_standard_layout().into_owned() };
        Ok(Self { name, pixels: pixels.into_shared(), labels: Array1::from(labels).into_shared(), height, width })
    }

    /// What the data is called in records: `mnist`, `synthetic` or a folder's name.
    pub fn name(&self) -> &str {
        &self.name
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
        self.height * self.width
    }

    /// The height of an image in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The width of an image in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of classes: 10. Labels count from 0.
    pub fn classes(&self) -> usize {
        CLASSES
    }

    /// All images, examples × inputs, from 0 (background) to 255 (ink).
    pub fn pixels(&self) -> ArrayView2<'_, u8> {
        self.pixels.view()
    }

    /// The class of each example.
    pub fn labels(&self) -> &[u8] {
        self.labels.as_slice().expect("labels are contiguous")
    }

    /// The examples in `range`, sharing their pixels with this dataset.
    ///
    /// # Errors
    /// [`Error::Argument`] where the range is reversed or ends beyond the last example.
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        if range.start > range.end || range.end > self.len() {
            let expected = format!("a range within the 0..{} examples of {}", self.len(), self.name);
            return Err(Error::argument("range", format!("{range:?}"), expected));
        }
        Ok(Self {
            name: self.name.clone(),
            pixels: self.pixels.clone().slice_move(s![range.clone(), ..]),
            labels: self.labels.clone().slice_move(s![range]),
            height: self.height,
            width: self.width,
        })
    }

    /// Writes the images of `examples` into `out`, one after another, scaled from 0..=255 to [0, 1].
    ///
    /// # Shapes
    /// `out`: examples.len() · inputs, row-major.
    ///
    /// # Panics
    /// Where `out` has another length, or an example does not exist.
    pub fn fill_batch<T: Real>(&self, examples: &[usize], out: &mut [T]) {
        let inputs = self.inputs();
        assert_eq!(out.len(), examples.len() * inputs, "{} examples of {inputs} pixels each", examples.len());
        let pixels = self.pixels.as_slice().expect("pixels are in standard layout");
        for (&example, out) in examples.iter().zip(out.chunks_exact_mut(inputs)) {
            let row = &pixels[example * inputs..][..inputs];
            // Multiplied in f64 and rounded once: exactly pixel / 255 in f32, and the compiler vectorises it.
            for (out, &pixel) in out.iter_mut().zip(row) {
                *out = T::of(f64::from(pixel) * (1.0 / 255.0));
            }
        }
    }
}
