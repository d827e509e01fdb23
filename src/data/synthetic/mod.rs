//! Digits that the crate draws by itself, so that everything runs where MNIST is not.
//!
//! A digit is written in one of several ways, by strokes whose points are jittered; then it is rotated, slanted,
//! stretched and moved, drawn with a round pen of random thickness, partly rubbed out or crossed now and then, and made
//! noisy. They are about as hard as MNIST: a 784–100–100–100–10 network without dropout, trained with Adam for 20
//! epochs, errs on 2 % of the test digits after 50,000 training digits, and on 5 % after 10,000.
//!
//! The same seed draws the same digits on every platform: the generator is a named, portable one, and the arithmetic is
//! confined to what IEEE 754 rounds correctly (no sine, no logarithm).

mod alphabet;
mod canvas;
mod letters;
mod strokes;

use ndarray::Array2;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use canvas::{Canvas, Point, SIDE};
pub use letters::{LETTERS, letters};
use strokes::{DIGITS, Stroke};

use crate::data::dataset::Dataset;

/// Training images of the source `synthetic`, those held out included.
const TRAIN: usize = 60_000;
/// Test images of the source `synthetic`.
const TEST: usize = 10_000;
/// Seeds of the two.
const SEEDS: [u64; 2] = [2015, 1506];

/// Draws `examples` digits of 28 × 28 pixels; more of the same seed begin with the same.
///
/// ```
/// use vardrop::data::synthetic;
///
/// let digits = synthetic(100, 7);
/// assert_eq!((digits.len(), digits.inputs(), digits.classes()), (100, 784, 10));
/// assert_eq!(digits.pixels(), synthetic(200, 7).slice(0..100)?.pixels());
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn synthetic(examples: usize, seed: u64) -> Dataset {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut pixels = Vec::with_capacity(examples * SIDE * SIDE);
    let mut labels = Vec::with_capacity(examples);
    for _ in 0..examples {
        let digit = rng.random_range(0..10_u8);
        let canvas = draw(digit, &mut rng);
        pixels.extend(canvas.ink.iter().map(|&ink| noisy(ink, &mut rng)));
        labels.push(digit);
    }
    let pixels = Array2::from_shape_vec((examples, SIDE * SIDE), pixels).expect("one canvas an example");
    Dataset::new("synthetic", pixels, labels, SIDE, SIDE).expect("digits below 10")
}

/// Training and test images of the source `synthetic`.
pub(super) fn splits() -> (Dataset, Dataset) {
    (synthetic(TRAIN, SEEDS[0]), synthetic(TEST, SEEDS[1]))
}

/// Uniform in ±`bound`.
fn within(bound: f32, rng: &mut impl Rng) -> f32 {
    bound * (2.0 * rng.random::<f32>() - 1.0)
}

fn draw(digit: u8, rng: &mut impl Rng) -> Canvas {
    let variants = DIGITS[usize::from(digit)];
    let strokes = variants[rng.random_range(0..variants.len() as u32) as usize];
    let hand = Hand::random(rng);
    let mut canvas = Canvas::new();
    for &stroke in strokes {
        match stroke {
            Stroke::Straight(points) => canvas.polyline(&hand.place(points, rng), hand.radius),
            Stroke::Smooth(points) => canvas.curve(&hand.place(points, rng), hand.radius),
        }
    }
    disturb(&mut canvas, hand.radius, rng);
    canvas
}

/// How one digit is placed and written: an affine map from the strokes' grid to pixels, and the pen.
struct Hand {
    /// The columns of the map.
    x: Point,
    y: Point,
    centre: Point,
    radius: f32,
}

impl Hand {
    fn random(rng: &mut impl Rng) -> Self {
        // t = tan(angle / 2) gives sine and cosine without either: ±0.17 is an angle of ±19°.
        let t = within(0.17, rng);
        let (cos, sin) = ((1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
        let slant = within(0.3, rng);
        let (width, height) = (0.235 + within(0.055, rng), 0.25 + within(0.04, rng));
        Self {
            x: [width * cos, width * sin],
            y: [height * (-sin - slant * cos), height * (cos - slant * sin)],
            centre: [0, 1].map(|_| SIDE as f32 / 2.0 + within(2.5, rng)),
            radius: 1.25 + within(0.55, rng),
        }
    }

    /// The points in pixels, each jittered.
    fn place(&self, points: &[[u8; 2]], rng: &mut impl Rng) -> Vec<Point> {
        const JITTER: f32 = 5.0;
        let place = |&point: &[u8; 2]| {
            let [x, y] = point.map(|coordinate| f32::from(coordinate) - 50.0 + within(JITTER, rng));
            [0, 1].map(|axis| self.centre[axis] + self.x[axis] * x + self.y[axis] * y)
        };
        points.iter().map(place).collect()
    }
}

/// Now and then rubs a bar out or crosses the digit with a stray stroke.
fn disturb(canvas: &mut Canvas, radius: f32, rng: &mut impl Rng) {
    let kind = rng.random::<f32>();
    if kind < 0.15 {
        let start = rng.random_range(4..SIDE as u32 - 6) as usize;
        let thickness = rng.random_range(2..4_u32) as usize;
        let upright = rng.random::<bool>();
        for bar in start..start + thickness {
            for along in 0..SIDE {
                let (row, column) = if upright { (along, bar) } else { (bar, along) };
                canvas.ink[row * SIDE + column] = 0.0;
            }
        }
    } else if kind < 0.3 {
        let [from, to] = [0, 1].map(|_| [0, 1].map(|_| SIDE as f32 * rng.random::<f32>()));
        canvas.polyline(&[from, to], 0.5 * radius);
    }
}

/// The byte of a pixel: ink varies by a quarter; one background pixel in 50 is a speck.
fn noisy(ink: f32, rng: &mut impl Rng) -> u8 {
    let noise = rng.random::<f32>();
    let speck = if noise < 0.02 { 25.0 * noise } else { 0.0 };
    // Rounded by the cast: the value is within 0..=255.5.
    (255.0 * (ink * (1.0 - 0.25 * noise)).max(speck) + 0.5) as u8
}
