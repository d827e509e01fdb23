//! Images turned about their centre.

use ndarray::Array2;

use super::{Dataset, Images};
use crate::error::{Error, Result};

impl Images {
    /// Every image turned by an angle in degrees, counter-clockwise as it is seen, about its centre.
    ///
    /// A pixel of the result is read off the original at the place that it comes from: bilinear between the four pixels
    /// around that place, black outside the image, rounded to the nearest byte. Multiples of 90° move pixels and change
    /// none.
    ///
    /// # Errors
    /// Images that are not square; an angle that is infinite or not a number.
    pub fn rotated(&self, degrees: f64) -> Result<Self> {
        let turn = Turn::new(self, degrees)?;
        let mut pixels = Array2::zeros(self.pixels().dim());
        for (image, mut out) in self.pixels().outer_iter().zip(pixels.outer_iter_mut()) {
            turn.apply(image.as_slice().expect(ROWS), out.as_slice_mut().expect(ROWS));
        }
        Ok(self.with_pixels(format!("{}, rotated by {degrees}°", self.name()), pixels))
    }

    /// One image turned by each of the angles, as [`Self::rotated`] turns it: one row for each angle.
    ///
    /// # Errors
    /// As [`Self::rotated`]; an image that does not exist.
    pub fn rotations_of(&self, example: usize, degrees: &[f64]) -> Result<Self> {
        if example >= self.len() {
            let expected = format!("an image of {}, counted from 0 and below {}", self.name(), self.len());
            return Err(Error::argument("example", example, expected));
        }
        let pixels = self.pixels();
        let image = pixels.row(example);
        let mut turned = Array2::zeros((degrees.len(), self.inputs()));
        for (&degrees, mut out) in degrees.iter().zip(turned.outer_iter_mut()) {
            Turn::new(self, degrees)?.apply(image.as_slice().expect(ROWS), out.as_slice_mut().expect(ROWS));
        }
        Ok(self.with_pixels(format!("image {example} of {}, rotated", self.name()), turned))
    }
}

impl Dataset {
    /// Every image turned by an angle in degrees as [`Images::rotated`] turns it. The labels stay: what a turned digit
    /// is still to be taken for is for the reader to say (a 6 by 180° is a 9).
    ///
    /// # Errors
    /// As [`Images::rotated`]; examples that are no images.
    pub fn rotated(&self, degrees: f64) -> Result<Self> {
        if self.image_size().is_none() {
            return Err(Error::setting("data", self.name(), "has rows of numbers: only images can be rotated"));
        }
        Ok(self.with_images(self.images().rotated(degrees)?))
    }
}

const ROWS: &str = "rows are contiguous";

/// A turn of square images.
struct Turn {
    side: usize,
    cosine: f64,
    sine: f64,
}

impl Turn {
    fn new(images: &Images, degrees: f64) -> Result<Self> {
        let (height, width) = (images.height(), images.width());
        if height != width {
            let expected = "square images, because other rectangles do not keep their shape when they are rotated";
            return Err(Error::argument("height × width", format!("{height} × {width}"), expected));
        }
        if !degrees.is_finite() {
            return Err(Error::argument("angle", degrees, "a finite number of degrees"));
        }
        // Quarter turns exactly: the cosine of 90° that a computer knows is not 0.
        let (sine, cosine) = match degrees.rem_euclid(360.0) {
            0.0 | 360.0 => (0.0, 1.0),
            90.0 => (1.0, 0.0),
            180.0 => (0.0, -1.0),
            270.0 => (-1.0, 0.0),
            angle => angle.to_radians().sin_cos(),
        };
        Ok(Self { side: height, cosine, sine })
    }

    /// With x to the right and y down from the centre, a counter-clockwise turn by φ takes (x, y) to
    /// (x·cos φ + y·sin φ, y·cos φ − x·sin φ); what is read is the place that the opposite turn takes a pixel to.
    fn apply(&self, image: &[u8], out: &mut [u8]) {
        let side = self.side;
        let centre = (side as f64 - 1.0) / 2.0;
        for row in 0..side {
            for column in 0..side {
                let (x, y) = (column as f64 - centre, row as f64 - centre);
                let from_x = centre + x * self.cosine - y * self.sine;
                let from_y = centre + y * self.cosine + x * self.sine;
                out[row * side + column] = bilinear(image, side, from_x, from_y);
            }
        }
    }
}

/// The brightness at a place between pixels, whose middles are at whole numbers.
fn bilinear(image: &[u8], side: usize, x: f64, y: f64) -> u8 {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = (x - left, y - top);
    let pixel = |column: f64, row: f64| {
        let inside = 0.0..side as f64;
        if inside.contains(&column) && inside.contains(&row) {
            f64::from(image[row as usize * side + column as usize])
        } else {
            0.0
        }
    };
    let across = |row| (1.0 - right_share) * pixel(left, row) + right_share * pixel(left + 1.0, row);
    // Between 0 and 255 as every mean of bytes; the cast rounds down.
    ((1.0 - lower_share) * across(top) + lower_share * across(top + 1.0) + 0.5) as u8
}
