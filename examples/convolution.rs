//! A convolution from a dense layer: the layer reads patches of an image, one a row, so that its noise is drawn anew at each place.
//! Forward and back to the image, checked by a finite difference. `cargo run --example convolution`

use vardrop::layers::{Activation, GaussianOutput, Layer};
use vardrop::ndarray::{Array1, Array2, ArrayView2};
use vardrop::noise::NoiseSource;

const SIZE: usize = 7; // of the image
const SIDE: usize = 3; // of a patch
const PLACES: usize = SIZE - SIDE + 1;

/// (places × pixels of a patch) from an image.
fn unfold(image: ArrayView2<'_, f64>) -> Array2<f64> {
    let pixel = |(place, k)| image[(place / PLACES + k / SIDE, place % PLACES + k % SIDE)];
    Array2::from_shape_fn((PLACES * PLACES, SIDE * SIDE), pixel)
}

/// The way back: what every patch has of a pixel, added up.
fn fold(patches: &Array2<f64>) -> Array2<f64> {
    let mut image = Array2::zeros((SIZE, SIZE));
    for ((place, k), value) in patches.indexed_iter() {
        image[(place / PLACES + k / SIDE, place % PLACES + k % SIDE)] += value;
    }
    image
}

/// Runs the example.
pub fn main() -> vardrop::Result<()> {
    // Two filters with type B noise, α learned for each of their weights.
    let weight = Array2::from_shape_fn((SIDE * SIDE, 2), |(i, j)| (1.3 * i as f64 + 2.0 * j as f64).sin());
    let noise = GaussianOutput::learned(0.2)(SIDE * SIDE, 2)?;
    let layer = Layer::new(weight, Array1::zeros(2), noise)?.activation(Activation::Softplus);
    let image = Array2::from_shape_fn((SIZE, SIZE), |(y, x)| (0.7 * y as f64).cos() * (0.9 * x as f64).sin());

    let draws = layer.draw(NoiseSource::new(1, 0), 0, PLACES * PLACES);
    let maps = |image: &Array2<f64>| layer.forward(unfold(image.view()).view(), Some(draws.view()));
    let (output, tape) = maps(&image)?;
    let first = output.column(0).to_shape((PLACES, PLACES)).expect("one output for each place").to_owned();
    println!("the first filter's map\n{first:.2}");

    // For the loss ½·Σ output².
    let gradients = layer.backward(&tape, output.view())?;
    let of_image = fold(&gradients.input);
    let loss = |by: f64| -> vardrop::Result<f64> {
        let mut moved = image.clone();
        moved[(3, 2)] += by;
        Ok(0.5 * maps(&moved)?.0.mapv(|x| x * x).sum())
    };
    let difference = (loss(1e-6)? - loss(-1e-6)?) / 2e-6;
    println!("∂loss/∂pixel (3, 2) = {:.6}, by a finite difference {difference:.6}", of_image[(3, 2)]);
    assert!((of_image[(3, 2)] - difference).abs() < 1e-6);
    Ok(())
}
