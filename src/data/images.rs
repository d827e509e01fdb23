//! Grey images without labels, held as bytes: what a data set's images are, and images that are of no class.

use std::ops::Range;

use multiversion::multiversion;
use ndarray::{ArcArray2, Array2, ArrayView2, s};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

use crate::error::{Error, Result};
use crate::real::Real;

/// Grey images of one size. Pixels stay bytes and are shared: a clone or a slice copies none of them.
///
/// ```
/// use vardrop::data::Images;
/// use vardrop::ndarray::array;
///
/// let images = Images::new("two", array![[0, 255], [51, 102]], 1, 2)?;
/// assert_eq!((images.len(), images.inputs()), (2, 2));
/// assert_eq!(images.slice(1..2)?.pixels(), array![[51, 102]]);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    pub(super) name: String,
    // In standard layout: `new` sees to it, and a slice of whole rows keeps it.
    pixels: ArcArray2<u8>,
    height: usize,
    width: usize,
}

impl Images {
    /// Images, one a row, each row by row from the top.
    ///
    /// # Shapes
    /// `pixels`: images × (height · width).
    ///
    /// # Errors
    /// [`Error::Shape`] where rows have another length; [`Error::Argument`] where an image has no pixels.
    pub fn new(name: impl Into<String>, pixels: Array2<u8>, height: usize, width: usize) -> Result<Self> {
        let name = name.into();
        let inputs = inputs(height, width)?;
        if pixels.ncols() != inputs {
            return Err(Error::Shape {
                what: format!("the array of pixels of {name} ({height} × {width} images)"),
                found: pixels.shape().to_vec(),
                expected: vec![pixels.nrows(), inputs],
            });
        }
        let pixels = if pixels.is_standard_layout() { pixels } else { pixels.as_standard_layout().into_owned() };
        Ok(Self { name, pixels: pixels.into_shared(), height, width })
    }

    /// What the images are called in figures and messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same images under another name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.pixels.nrows()
    }

    /// Whether there is none.
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

    /// All of them, images × inputs, from 0 (background) to 255 (ink).
    pub fn pixels(&self) -> ArrayView2<'_, u8> {
        self.pixels.view()
    }

    /// The images in `range`, sharing their pixels with these.
    ///
    /// # Errors
    /// [`Error::Argument`] where the range is reversed or ends beyond the last image.
    pub fn slice(&self, range: Range<usize>) -> Result<Self> {
        if range.start > range.end || range.end > self.len() {
            let expected = format!("a range within the 0..{} examples of {}", self.len(), self.name);
            return Err(Error::argument("range", format!("{range:?}"), expected));
        }
        Ok(Self { pixels: self.pixels.clone().slice_move(s![range, ..]), ..self.clone() })
    }

    /// Noise with the brightness of these images: the pixels of each in a random order of its own. Every image keeps
    /// its histogram and loses all else.
    pub fn shuffled(&self, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut pixels = self.pixels().to_owned();
        for mut image in pixels.outer_iter_mut() {
            image.as_slice_mut().expect("rows are contiguous").shuffle(&mut rng);
        }
        self.with_pixels(format!("{}, pixels shuffled", self.name), pixels)
    }

    /// Other images of the same size.
    pub(super) fn with_pixels(&self, name: String, pixels: Array2<u8>) -> Self {
        Self { name, pixels: pixels.into_shared(), height: self.height, width: self.width }
    }

    /// Writes the images numbered `examples` into `out`, one after another, scaled from 0..=255 to [0, 1].
    ///
    /// # Shapes
    /// `out`: examples.len() · inputs, row-major.
    ///
    /// # Panics
    /// Where `out` has another length, or an image does not exist.
    pub fn fill_batch<T: Real>(&self, examples: &[usize], out: &mut [T]) {
        let inputs = self.inputs();
        assert_eq!(out.len(), examples.len() * inputs, "{} examples of {inputs} pixels each", examples.len());
        let pixels = self.pixels.as_slice().expect("pixels are in standard layout");
        for (&example, out) in examples.iter().zip(out.chunks_exact_mut(inputs)) {
            scale(&pixels[example * inputs..][..inputs], out);
        }
    }
}

/// Pixel / 255, rounded.
#[multiversion(targets = "simd")]
fn scale<T: Real>(pixels: &[u8], out: &mut [T]) {
    let white = <T as From<u8>>::from(255);
    for (out, &pixel) in out.iter_mut().zip(pixels) {
        *out = <T as From<u8>>::from(pixel) / white;
    }
}

/// The number of pixels of an image.
pub(super) fn inputs(height: usize, width: usize) -> Result<usize> {
    height.checked_mul(width).filter(|&inputs| inputs > 0).ok_or_else(|| {
        Error::argument("height × width", format!("{height} × {width}"), "an image of at least one pixel")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_its_255th_rounded_once() {
        let pixels: Vec<u8> = (0..=255).collect();
        let mut single = [0.0f32; 256];
        scale(&pixels, &mut single);
        assert!((0..=255).zip(single).all(|(pixel, x)| x == (f64::from(pixel) / 255.0) as f32));
    }
}
