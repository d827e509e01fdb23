//! Letters: images that look like handwriting, and are no digit.

use ndarray::Array2;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use super::Hand;
use super::alphabet::ALPHABET;
use super::canvas::{Canvas, Point, SIDE};
use super::strokes::Stroke;
use crate::data::images::Images;

/// Where the centre of mass goes, in pixels from the upper and the left edge: the middle of pixel 14, counted from 0,
/// which it is in for each of MNIST's test images.
const MIDDLE: f32 = 14.5;
/// The side of the box that MNIST's digits were scaled to, in pixels.
const BOX: f32 = 20.0;

/// The letters that [`letters()`] writes.
pub const LETTERS: [char; ALPHABET.len()] = {
    let mut letters = ['?'; ALPHABET.len()];
    let mut index = 0;
    while index < letters.len() {
        letters[index] = ALPHABET[index].0;
        index += 1;
    }
    letters
};

/// Draws `examples` letters of [`LETTERS`], 28 × 28 pixels, each as likely as every other; more of the same seed begin
/// with the same.
///
/// The pen and the hand are those of the crate's own digits ([`synthetic()`](crate::data::synthetic())). The rest is as
/// in MNIST (LeCun et al. 1998): a clean background, the ink in a box of 20 × 20 pixels that it fills one way, and its
/// centre of mass in the middle, so that it is the shape and not the place that is strange to a network of digits. (The
/// crate's own digits stand off the middle, in several sizes, with specks and stray strokes.)
///
/// ```
/// use vardrop::data::letters;
///
/// let unknown = letters(100, 7);
/// assert_eq!((unknown.len(), unknown.inputs()), (100, 784));
/// assert_eq!(unknown.pixels(), letters(200, 7).slice(0..100)?.pixels());
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn letters(examples: usize, seed: u64) -> Images {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut pixels = Vec::with_capacity(examples * SIDE * SIDE);
    for _ in 0..examples {
        let (_, variants) = ALPHABET[rng.random_range(0..ALPHABET.len() as u32) as usize];
        let strokes = variants[rng.random_range(0..variants.len() as u32) as usize];
        let canvas = draw(strokes, &mut rng);
        // Rounded by the cast: ink is within 0..=1.
        pixels.extend(canvas.ink.iter().map(|&ink| (255.0 * ink + 0.5) as u8));
    }
    let pixels = Array2::from_shape_vec((examples, SIDE * SIDE), pixels).expect("one canvas an example");
    Images::new("letters", pixels, SIDE, SIDE).expect("images of 28 × 28 pixels")
}

/// A stroke whose points are in pixels.
enum Placed {
    Straight(Vec<Point>),
    Smooth(Vec<Point>),
}

impl Placed {
    fn points(&self) -> &[Point] {
        let (Self::Straight(points) | Self::Smooth(points)) = self;
        points
    }
}

fn draw(strokes: &[Stroke], rng: &mut impl Rng) -> Canvas {
    let hand = Hand::random(rng);
    let mut placed: Vec<Placed> = strokes
        .iter()
        .map(|stroke| match stroke {
            Stroke::Straight(points) => Placed::Straight(hand.place(points, rng)),
            Stroke::Smooth(points) => Placed::Smooth(hand.place(points, rng)),
        })
        .collect();
    fit(&mut placed, hand.radius);
    // Drawn once to weigh the ink, then moved and drawn again: a picture that is moved by less than a pixel is blurred.
    let centre = centre_of_mass(&write(&placed, hand.radius));
    transform(&mut placed, |axis, coordinate| coordinate + MIDDLE - centre[axis]);
    write(&placed, hand.radius)
}

/// Scales strokes so that the longer side of their ink is [`BOX`] pixels long, and puts that box in the middle of the
/// image.
fn fit(placed: &mut [Placed], radius: f32) {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for [x, y] in placed.iter().flat_map(|stroke| stroke.points()) {
        low = [low[0].min(*x), low[1].min(*y)];
        high = [high[0].max(*x), high[1].max(*y)];
    }
    let longer = (high[0] - low[0]).max(high[1] - low[1]);
    let scale = (BOX - 2.0 * radius) / longer;
    transform(placed, |axis, coordinate| MIDDLE + scale * (coordinate - (low[axis] + high[axis]) / 2.0));
}

fn transform(placed: &mut [Placed], change: impl Fn(usize, f32) -> f32) {
    for Placed::Straight(points) | Placed::Smooth(points) in placed {
        for point in points {
            *point = [change(0, point[0]), change(1, point[1])];
        }
    }
}

fn write(strokes: &[Placed], radius: f32) -> Canvas {
    let mut canvas = Canvas::new();
    for stroke in strokes {
        match stroke {
            Placed::Straight(points) => canvas.polyline(points, radius),
            Placed::Smooth(points) => canvas.curve(points, radius),
        }
    }
    canvas
}

/// Where the ink lies on average, in pixels from the upper left corner. There is always some.
fn centre_of_mass(canvas: &Canvas) -> Point {
    let mut sum = [0.0; 2];
    let mut mass = 0.0;
    for (index, &ink) in canvas.ink.iter().enumerate() {
        mass += ink;
        sum[0] += ink * ((index % SIDE) as f32 + 0.5);
        sum[1] += ink * ((index / SIDE) as f32 + 0.5);
    }
    sum.map(|sum| sum / mass)
}
