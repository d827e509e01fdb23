//! The four estimators: each against an independent derivation, their means against each other, and what is measured of them.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use vardrop::data::{Dataset, Source, Splits};
use vardrop::engine::Rows;
use vardrop::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Noise};
use vardrop::network::{DropoutRates, Initialisation};
use vardrop::noise::{NoiseSource, fill_binary, fill_standard_normal_f64};
use vardrop::variance::{
    DecompositionPlan, Estimator, GradientSampler, Interval, Moments, Plan, VarianceLaw, VarianceRecord, decompose,
    measure, pass_table,
};
use vardrop::{Method, Network, Real};

const WIDTHS: [usize; 4] = [9, 7, 6, 4];

fn network<T: Real>(method: Method, alpha: Option<f64>) -> Network<T> {
    let rates = DropoutRates::default();
    let mut network = Network::new(method, &WIDTHS, rates, Initialisation::UnitColumns, 3).unwrap();
    for (index, layer) in network.layers_mut().iter_mut().enumerate() {
        // Biases that are not 0, and rates that differ.
        layer.bias.iter_mut().enumerate().for_each(|(unit, bias)| *bias = T::of(0.1 * (unit as f64 - 2.0)));
        if let Some(rates) = layer.rates_mut() {
            rates.log_alpha.indexed_iter_mut().for_each(|((row, column), x)| {
                let own = (0.2 + 0.1 * ((row + 2 * column + index) % 7) as f64).ln();
                *x = T::of(alpha.map_or(own, f64::ln));
            });
        }
    }
    network
}

/// Examples with zeros among their inputs, as images have.
fn examples(count: usize) -> (Array2<f64>, Vec<usize>) {
    let value = |(row, column): (usize, usize)| {
        let x = ((row * 13 + column * 7) % 11) as f64 / 10.0;
        if (row + column).is_multiple_of(3) { 0.0 } else { x }
    };
    (Array2::from_shape_fn((count, WIDTHS[0]), value), (0..count).map(|row| row % 4).collect())
}

/// W̃ of one layer for weight sample `sample`, as the documentation says that it is drawn.
fn weights(network: &Network<f64>, layer: usize, source: NoiseSource, sample: usize) -> Array2<f64> {
    let (inputs, outputs) = network.layers()[layer].dim();
    let mut all = network.layers()[layer].weight.clone();
    for row in 0..inputs {
        let key = source.row(layer, sample * inputs + row);
        let normal = |count| {
            let mut normal = vec![0.0; count];
            fill_standard_normal_f64(key, &mut normal);
            Array1::from(normal)
        };
        let mut weights = all.row_mut(row);
        match &network.layers()[layer].noise {
            Noise::None => {}
            Noise::Binary(Binary { rate }) => {
                let mut factor = [0.0];
                fill_binary(key, *rate, &mut factor).unwrap();
                weights *= factor[0];
            }
            Noise::GaussianInput(GaussianInput { rates }) => {
                let alpha = rates.log_alpha[(if rates.log_alpha.nrows() == 1 { 0 } else { row }, 0)].exp();
                weights *= 1.0 + alpha.sqrt() * normal(1)[0];
            }
            Noise::GaussianOutput(GaussianOutput { rates }) => {
                let deviation =
                    rates.log_alpha.broadcast((inputs, outputs)).unwrap().row(row).mapv(|x| (0.5 * x).exp());
                weights *= &(deviation * normal(outputs) + 1.0);
            }
            Noise::Additive(Additive { log_variance, .. }) => {
                weights += &(log_variance.row(row).mapv(|x| (0.5 * x).exp()) * normal(outputs));
            }
        }
    }
    all
}

/// An example's weights by flipout: the deviation of the minibatch's sample with the signs of s·rᵀ.
fn flipped(network: &Network<f64>, layer: usize, source: NoiseSource, example: usize) -> Array2<f64> {
    let mean = &network.layers()[layer].weight;
    let (inputs, outputs) = mean.dim();
    let signs = |place: usize, count: usize| {
        let mut signs = vec![0.0; count];
        fill_standard_normal_f64(source.row(layer, inputs + 2 * example + place), &mut signs);
        signs.into_iter().map(f64::signum).collect::<Array1<f64>>()
    };
    let both = signs(0, inputs).insert_axis(Axis(1)).dot(&signs(1, outputs).insert_axis(Axis(0)));
    mean + &((weights(network, layer, source, 0) - mean) * both)
}

/// −ln p(label | input) with the weights W̃, written down plainly.
fn cross_entropy(network: &Network<f64>, weights: &[Array2<f64>], input: ArrayView1<'_, f64>, label: usize) -> f64 {
    let mut hidden: Array1<f64> = input.to_owned();
    for (layer, weights) in network.layers().iter().zip(weights) {
        hidden = (hidden.dot(weights) + &layer.bias).mapv(|x| layer.activation.value(x));
    }
    hidden.mapv(f64::exp).sum().ln() - hidden[label]
}

#[test]
fn weight_samples_have_the_gradient_of_finite_differences() {
    let (inputs, labels) = examples(6);
    let source = NoiseSource::new(4, 9);
    for (index, method) in Method::ALL.into_iter().enumerate() {
        let mut network = network::<f64>(method, None);
        // The paper's rectifier, and one that lets something of everything through.
        let other = if index % 2 == 0 { Activation::Relu } else { Activation::Tanh };
        network.layers_mut()[1].activation = other;
        for layer in network.layers_mut() {
            if let Noise::Additive(Additive { log_variance, .. }) = &mut layer.noise {
                log_variance.fill(-1.0);
            }
        }
        let flips = network
            .layers()
            .iter()
            .all(|layer| matches!(layer.noise, Noise::None | Noise::GaussianOutput(_) | Noise::Additive(_)));
        let mut estimators = vec![Estimator::SeparateWeightSamples, Estimator::SingleWeightSample, Estimator::NoNoise];
        if flips {
            estimators.push(Estimator::Flipout);
        }
        for estimator in estimators {
            for threads in [1, 2] {
                let mut sampler = GradientSampler::new(network.clone(), 60, 6, threads).unwrap();
                let batch = Rows::new(inputs.view(), &labels).unwrap();
                let gradients = sampler.draw(estimator, &batch, source).unwrap().to_vec();
                let loss = |network: &Network<f64>| -> f64 {
                    let one = |example: usize| {
                        let weights: Vec<_> = (0..3)
                            .map(|layer| match estimator {
                                Estimator::NoNoise => network.layers()[layer].weight.clone(),
                                Estimator::SingleWeightSample => weights(network, layer, source, 0),
                                Estimator::Flipout => flipped(network, layer, source, example),
                                _ => weights(network, layer, source, example),
                            })
                            .collect();
                        cross_entropy(network, &weights, inputs.row(example), labels[example])
                    };
                    // 60 training examples stand behind the 6.
                    10.0 * (0..6).map(one).sum::<f64>()
                };
                for (layer, gradients) in gradients.iter().enumerate() {
                    let largest = gradients.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
                    for ((row, column), &gradient) in gradients.indexed_iter() {
                        let step = 1e-5;
                        let at = |step: f64| {
                            let mut moved = network.clone();
                            moved.layers_mut()[layer].weight[(row, column)] += step;
                            loss(&moved)
                        };
                        let expected = (at(step) - at(-step)) / (2.0 * step);
                        let error = (gradient - expected).abs();
                        assert!(
                            error <= 1e-6 * largest.max(1.0),
                            "{method} {estimator} layer {layer} ({row}, {column}): {gradient}, {expected}"
                        );
                    }
                }
            }
        }
    }
}

/// Mean gradient of each layer with its standard errors, over `draws` draws of the noise.
fn mean_gradient(
    network: &Network<f64>,
    estimator: Estimator,
    batch: &Rows<'_, f64>,
    draws: u64,
) -> Vec<(Vec<f64>, Vec<f64>)> {
    let mut sampler = GradientSampler::new(network.clone(), 12, 12, 1).unwrap();
    let mut moments: Vec<Moments> = network.layers().iter().map(|layer| Moments::new(layer.weight.len())).collect();
    for draw in 0..draws {
        let gradients = sampler.draw(estimator, batch, NoiseSource::new(estimator as u64, draw)).unwrap();
        moments.iter_mut().zip(gradients).for_each(|(moments, g)| moments.push(g.as_slice().unwrap()));
    }
    let error = |variance: f64| (variance / draws as f64).sqrt();
    moments.iter().map(|m| (m.mean().to_vec(), m.variance().into_iter().map(error).collect())).collect()
}

/// The squared differences of two means in squared standard errors: mean, largest.
fn distance(a: &[(Vec<f64>, Vec<f64>)], b: &[(Vec<f64>, Vec<f64>)]) -> (f64, f64) {
    let mut squares = Vec::new();
    for ((mean, error), (other, other_error)) in a.iter().zip(b) {
        for index in 0..mean.len() {
            let variance = error[index].powi(2) + other_error[index].powi(2);
            // A weight behind an input that is always 0 has no gradient.
            if variance > 0.0 {
                squares.push((mean[index] - other[index]).powi(2) / variance);
            }
        }
    }
    (squares.iter().sum::<f64>() / squares.len() as f64, squares.into_iter().fold(0.0, f64::max))
}

#[test]
fn the_noisy_estimators_have_one_mean() {
    let (inputs, labels) = examples(12);
    let batch = Rows::new(inputs.view(), &labels).unwrap();
    for method in [Method::VariationalB, Method::VariationalA] {
        let network = network::<f64>(method, None);
        let [local, separate, single, none] =
            Estimator::TABLE1.map(|estimator| mean_gradient(&network, estimator, &batch, 20_000));
        let mut others = vec![separate, single];
        if method == Method::VariationalB {
            others.push(mean_gradient(&network, Estimator::Flipout, &batch, 20_000));
        }
        for other in &others {
            let (mean, largest) = distance(&local, other);
            // About 130 weights, correlated: χ² / n is near 1, and the largest of them far from 5² = 25.
            assert!(mean < 2.0 && largest < 25.0, "{method}: {mean}, {largest}");
        }
        let (mean, _) = distance(&local, &none);
        assert!(mean > 3.0, "{method}: without noise the mean is another one ({mean})");
    }
}

#[test]
fn with_little_noise_all_estimators_have_one_mean() {
    let (inputs, labels) = examples(12);
    let batch = Rows::new(inputs.view(), &labels).unwrap();
    let network = network::<f64>(Method::VariationalB, Some(1e-8));
    let none = mean_gradient(&network, Estimator::NoNoise, &batch, 2);
    for estimator in &Estimator::ALL[..4] {
        let (mean, largest) = distance(&mean_gradient(&network, *estimator, &batch, 2000), &none);
        assert!(mean < 2.0 && largest < 25.0, "{estimator}: {mean}, {largest}");
    }
}

#[test]
fn a_sampler_says_what_it_cannot_draw() {
    let network = network::<f64>(Method::VariationalB, None);
    assert!(GradientSampler::new(network.clone(), 0, 5, 1).is_err());
    assert!(GradientSampler::new(network.clone(), 5, 0, 1).is_err());
    assert!(GradientSampler::new(network.clone(), 5, 5, 0).is_err());
    let (inputs, labels) = examples(6);
    let narrow = inputs.slice(ndarray::s![.., ..4]).to_owned();
    let of_type_a = self::network::<f64>(Method::VariationalA, None);
    let batch = Rows::new(inputs.view(), &labels).unwrap();
    let mut sampler = GradientSampler::new(of_type_a, 60, 6, 1).unwrap();
    let message = sampler.draw(Estimator::Flipout, &batch, NoiseSource::new(1, 1)).unwrap_err().to_string();
    assert!(
        message.contains("estimator is flipout") && message.contains("layer 0 has its noise on the input"),
        "{message}"
    );
    for estimator in Estimator::ALL {
        let mut sampler = GradientSampler::new(network.clone(), 60, 5, 2).unwrap();
        let mut message = |inputs: &Array2<f64>, labels: &[usize]| {
            let count = labels.len();
            let batch = Rows::new(inputs.slice(ndarray::s![..count, ..]), labels).unwrap();
            sampler.draw(estimator, &batch, NoiseSource::new(1, 1)).unwrap_err().to_string()
        };
        assert!(message(&inputs, &labels).contains("minibatch is 6"), "{estimator}");
        assert!(message(&inputs, &[]).contains("minibatch is 0"), "{estimator}");
        assert!(message(&narrow, &labels[..3]).contains("an example has shape [4]"), "{estimator}");
        assert!(message(&inputs, &[0, 9]).contains("label is 9"), "{estimator}");
    }
}

fn digits() -> (Dataset, Network) {
    let splits = Splits::open(&Source::Synthetic, 0).unwrap();
    let widths = [splits.train.inputs(), 12, 10, 10];
    let rates = DropoutRates::default();
    let network = Network::new(Method::VariationalB, &widths, rates, Initialisation::UnitColumns, 2).unwrap();
    (splits.train.slice(0..2000).unwrap(), network)
}

#[test]
fn a_measurement_is_the_variance_over_the_minibatches_of_its_passes() {
    let (dataset, network) = digits();
    let plan = Plan { layers: vec![2, 0], batch_size: 190, passes: 2, seed: 5 };
    for estimator in Estimator::ALL {
        let mut told = Vec::new();
        let mut sampler = GradientSampler::new(network.clone(), 2000, 190, 2).unwrap();
        let measured =
            measure(&mut sampler, &dataset, estimator, &plan, &mut |done, all| told.push((done, all))).unwrap();
        assert_eq!((measured.gradients, told.last()), (20, Some(&(20, 20))));
        for (layer, index) in measured.layers.iter().zip([2, 0]) {
            assert_eq!((layer.layer, layer.contributions.len()), (index, 2 * 9));
            let interval = layer.interval.unwrap();
            assert!(interval.low < layer.variance && layer.variance < interval.high);
        }
        let again = measure(&mut sampler, &dataset, estimator, &plan, &mut |_, _| {}).unwrap();
        assert_eq!(again.layers, measured.layers, "the same seed gives the same numbers");
    }
    let mut sampler = GradientSampler::new(network, 2000, 190, 1).unwrap();
    for (plan, name) in [
        (Plan { layers: vec![3], ..plan.clone() }, "layers is 3"),
        (Plan { layers: vec![], ..plan.clone() }, "layers is empty"),
        (Plan { batch_size: 1001, ..plan.clone() }, "batch_size is 1001"),
        (Plan { batch_size: 0, ..plan.clone() }, "batch_size is 0"),
        (Plan { passes: 0, ..plan.clone() }, "passes is 0"),
        (Plan { batch_size: 500, ..plan.clone() }, "minibatch is 500"),
    ] {
        let message =
            measure(&mut sampler, &dataset, Estimator::NoNoise, &plan, &mut |_, _| {}).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn noise_of_ones_own_falls_as_one_over_m_and_shared_noise_does_not() {
    let (dataset, network) = digits();
    let mut sampler = GradientSampler::new(network, 2000, 100, 1).unwrap();
    let plan = DecompositionPlan {
        estimators: Estimator::ALL.to_vec(),
        layer: 1,
        batch_sizes: vec![1, 10, 100],
        draws: 200,
        seed: 1,
    };
    let shares = decompose(&mut sampler, &dataset, &plan, &mut |_, _| {}).unwrap();
    let of = |estimator| -> Vec<_> { shares.iter().filter(|share| share.estimator == estimator).cloned().collect() };
    for estimator in Estimator::ALL {
        let shares = of(estimator);
        let law = VarianceLaw::fit(&shares).unwrap();
        let (own, shared) = (law.variance / 100.0, law.covariance);
        match estimator {
            Estimator::SingleWeightSample => assert!(shared > 0.6 * own, "{law:?}"),
            _ => assert!(shared.abs() < 0.3 * own, "{estimator}: {law:?}"),
        }
        let noise = shares[2].noise;
        assert_eq!(noise == 0.0, estimator == Estimator::NoNoise);
        let interval = shares[2].noise_interval.unwrap();
        assert!(interval.low <= noise && noise <= interval.high);
    }
    // The local reparameterization and separate weight samples draw the same output: one example's noise gradient differs
    // in what flows on to the weights, and is smaller.
    let (local, separate) = (of(Estimator::LocalReparameterization), of(Estimator::SeparateWeightSamples));
    assert!(local[2].noise < separate[2].noise);
    for (plan, name) in [
        (DecompositionPlan { layer: 3, ..plan.clone() }, "layer is 3"),
        (DecompositionPlan { draws: 1, ..plan.clone() }, "draws is 1"),
        (DecompositionPlan { batch_sizes: vec![101], ..plan.clone() }, "batch_sizes is 101"),
    ] {
        let message = decompose(&mut sampler, &dataset, &plan, &mut |_, _| {}).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}

#[cfg(feature = "blas")]
#[test]
fn the_spectrum_has_the_trace_of_the_noise() {
    use vardrop::engine::Examples;
    use vardrop::variance::noise_spectrum;
    let (dataset, network) = digits();
    let mut sampler = GradientSampler::new(network, 2000, 50, 1).unwrap();
    let indices: Vec<usize> = (0..50).collect();
    let batch = Examples { dataset: &dataset, indices: &indices };
    for estimator in &Estimator::ALL[..4] {
        let spectrum = noise_spectrum(&mut sampler, &dataset, &indices, *estimator, 2, 40, 7).unwrap();
        assert_eq!((spectrum.eigenvalues.len(), spectrum.dimensions), (39, 100));
        assert!(spectrum.eigenvalues.is_sorted_by(|a, b| a >= b));
        let mut moments = Moments::new(100);
        for draw in 0..40 {
            let source = NoiseSource::for_purpose(vardrop::noise::Purpose::Gradient, 7, draw);
            moments.push(sampler.draw(*estimator, &batch, source).unwrap()[2].as_slice().unwrap());
        }
        let trace: f64 = moments.variance().iter().sum();
        assert!((spectrum.trace() / trace - 1.0).abs() < 1e-4, "{} {trace}", spectrum.trace());
        let shares = spectrum.cumulative_share();
        assert!(shares.is_sorted() && (shares[38] - 1.0).abs() < 1e-12);
        assert!((1.0..=39.0).contains(&spectrum.effective_directions()));
    }
    assert!(noise_spectrum(&mut sampler, &dataset, &indices, Estimator::NoNoise, 2, 40, 7).is_err());
    assert!(noise_spectrum(&mut sampler, &dataset, &indices, Estimator::SingleWeightSample, 3, 40, 7).is_err());
    assert!(noise_spectrum(&mut sampler, &dataset, &indices, Estimator::SingleWeightSample, 2, 2, 7).is_err());
}

#[test]
fn intervals_shrink_with_the_number_of_values() {
    let values: Vec<f64> = (0..400).map(|i| f64::from(i % 20)).collect();
    let width = |n: usize| {
        let interval = Interval::of_mean(&values[..n], 1).unwrap();
        interval.high - interval.low
    };
    assert!((width(100) / width(400) - 2.0).abs() < 0.3);
}

/// A pass has as many gradients as the training set has minibatches: 60 here, of 1,000. Of the stored records only the first
/// network's count, which are those of seed 1 after 10 epochs.
#[test]
fn a_pass_is_timed_beside_the_papers() {
    let (records, _) = VarianceRecord::open("results/table1").unwrap();
    let markdown = pass_table(&records).to_markdown();
    let rows: Vec<&str> = markdown.lines().skip(2).map(str::trim).collect();
    let expected = [
        "| local reparameterization | 11.2 | 1.0 | 7.4 | 1 |",
        "| separate weight samples | 94.9 | 8.4 | 1635.0 | 221 |",
        "| single weight sample | 5.8 | 0.5 |  |  |",
        "| no dropout noise | 5.5 | 0.5 |  |  |",
    ];
    for row in expected {
        assert!(rows.contains(&row), "{row} is missing from {rows:?}");
    }
}
