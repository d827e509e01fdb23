//! Steps of small networks of every noise, on threads, on every way of products that this machine has: what an interpreter that
//! looks for undefined behaviour goes through too.

use ndarray::{Array1, Array2};

use super::*;
use crate::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Layer, Noise, Prior};
use crate::noise::{Rates, Sharing};
use crate::optimizer::{AdamSettings, Optimizer};

/// A layer each of (inputs, outputs), with the noise numbered `kind`.
fn layer(kind: usize, inputs: usize, outputs: usize) -> Layer<f32> {
    let rates = |sharing| Rates::new(0.4, sharing, true, inputs, outputs).unwrap();
    let noise: Noise<f32> = match kind {
        0 => Noise::None,
        1 => Binary { rate: 0.3 }.into(),
        2 => GaussianInput { rates: rates(Sharing::Unit) }.into(),
        3 => GaussianOutput { rates: rates(Sharing::Weight) }.into(),
        4 => GaussianOutput { rates: rates(Sharing::Unit) }.into(),
        _ => Additive {
            log_variance: Array2::from_elem((inputs, outputs), -4.0),
            prior: Prior::LogUniform,
            zero_above: None,
        }
        .into(),
    };
    let weight = Array2::from_shape_fn((inputs, outputs), |(i, j)| (1.7 * i as f32 + 0.9 * j as f32).sin() * 0.5);
    Layer::new(weight, Array1::from_elem(outputs, 0.1), noise).unwrap().activation(Activation::Relu)
}

#[test]
fn small_steps_of_every_noise_agree_on_every_way_of_products() {
    // An interpreter takes a minute for a million multiplications.
    let (rows, widths) = if cfg!(miri) { (6, [3, 33, 3]) } else { (10, [19, 34, 3]) };
    for kind in 0..6 {
        // Another noise in the second layer.
        let layers = || vec![layer(kind, widths[0], widths[1]), layer((kind + 2) % 6, widths[1], widths[2])];
        for ink in if cfg!(miri) { &[0.9][..] } else { &[0.9, -2.0] } {
            let inputs = Array2::from_shape_fn((rows, widths[0]), |(i, j)| {
                let value = (1.3 * i as f32 + 2.1 * j as f32).sin();
                if value < *ink { 0.0 } else { value }
            });
            let labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0];
            let batch = Rows::new(inputs.view(), &labels[..rows]).unwrap();
            let objective = Objective { kl_weight: 1.0, examples: rows };
            let losses = |way, input_gradient| {
                let mut network = Network::from_layers(layers()).unwrap();
                let mut adam = Optimizer::new(&network, AdamSettings::default()).unwrap();
                let mut engine = Engine::with_products(&network, rows, 2, way).unwrap();
                engine.input_gradient = input_gradient;
                (0..2)
                    .map(|step| {
                        let loss = engine.gradient(&network, &batch, NoiseSource::new(1, step), objective).unwrap();
                        adam.step(&mut network, &mut engine, 1.0).unwrap();
                        loss + engine.evaluate(&network, &batch).unwrap().cross_entropy
                    })
                    .sum::<f64>()
            };
            let expected = losses(Products::DOUBLE, false);
            // The expected loss comes by another path, which an interpreter has been through already.
            for way in Products::available().into_iter().filter(|&way| !cfg!(miri) || way != Products::DOUBLE) {
                for input_gradient in if cfg!(miri) { vec![kind % 2 == 1] } else { vec![false, true] } {
                    let found = losses(way, input_gradient);
                    assert!((found / expected - 1.0).abs() < 1e-5, "noise {kind}, {way}: {found}, {expected}");
                }
            }
        }
    }
}
