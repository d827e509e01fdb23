//! What the layers' noise does to their outputs: mean and covariance against explicit samples of the weights, over
//! output units and over examples, and the goodness of fit of binary noise.
//!
//! Tolerances are five standard errors, estimated from the samples themselves.

use ndarray::{Array1, Array2, array};
use rand_distr::{Distribution, StandardNormal};
use vardrop::engine::{Engine, Objective, Rows};
use vardrop::layers::{Binary, GaussianInput, GaussianOutput, Layer, Noise};
use vardrop::network::{DropoutRates, Initialisation, Network};
use vardrop::noise::{NoiseSource, Purpose, Rates, Sharing, alpha_of_rate, fill_binary};
use vardrop::{Method, Real};

const OUTPUTS: usize = 3;
/// Pairs of examples, the first of one input and the second of another.
const PAIRS: usize = 20_000;

fn weight() -> Array2<f64> {
    array![[0.6, -0.4, 0.2], [0.3, 0.7, 0.0], [-0.5, 0.2, 0.9], [0.1, 0.5, -0.3], [0.4, -0.6, 0.8]]
}

fn inputs() -> [Array1<f64>; 2] {
    [array![1.0, 0.5, 0.0, -0.8, 0.3], array![0.2, -0.7, 0.9, 0.4, 0.6]]
}

/// α of weight (i, j): different for every unit, and for every weight where it is not shared by a unit.
fn alpha(i: usize, j: usize, sharing: Sharing) -> f64 {
    match sharing {
        Sharing::Layer => 0.5,
        Sharing::Unit => 0.2 + 0.15 * i as f64,
        Sharing::Weight => 0.2 + 0.15 * i as f64 + 0.05 * j as f64,
    }
}

fn rates(sharing: Sharing) -> Rates<f64> {
    let (rows, columns) = weight().dim();
    let mut rates = Rates::new(0.5, sharing, true, rows, columns).unwrap();
    for ((i, j), value) in rates.log_alpha.indexed_iter_mut() {
        *value = alpha(i, j, sharing).ln();
    }
    rates
}

/// Samples as rows: the outputs of the first input, then those of the second.
fn engine_samples(noise: Noise<f64>) -> Array2<f64> {
    let bias = array![0.1, -0.2, 0.3];
    let network = Network::from_layers(vec![Layer::new(weight(), bias, noise).unwrap()]).unwrap();
    let inputs = inputs();
    let rows = Array2::from_shape_fn((2 * PAIRS, 5), |(row, column)| inputs[row % 2][column]);
    let mut engine = Engine::new(&network, 256, 1).unwrap();
    let source = NoiseSource::for_purpose(Purpose::Prediction, 3, 0);
    let outputs = engine.outputs(&network, &rows.view(), Some(source)).unwrap();
    outputs.into_shape_with_order((PAIRS, 2 * OUTPUTS)).unwrap()
}

/// The same with weights that are drawn anew for every example: N(W, α ∘ W²), one draw for each weight, or one for each
/// input unit.
fn weight_samples(sharing: Sharing, one_draw_per_unit: bool) -> Array2<f64> {
    let mut generator = NoiseSource::new(99, 0).generator();
    let mut normal = || -> f64 { StandardNormal.sample(&mut generator) };
    let (weight, inputs, bias) = (weight(), inputs(), [0.1, -0.2, 0.3]);
    let mut samples = Array2::zeros((PAIRS, 2 * OUTPUTS));
    for mut row in samples.outer_iter_mut() {
        for (example, input) in inputs.iter().enumerate() {
            for (i, &x) in input.iter().enumerate() {
                let of_unit = normal();
                for j in 0..OUTPUTS {
                    let draw = if one_draw_per_unit { of_unit } else { normal() };
                    row[example * OUTPUTS + j] += x * weight[(i, j)] * (1.0 + alpha(i, j, sharing).sqrt() * draw);
                }
            }
            (0..OUTPUTS).for_each(|j| row[example * OUTPUTS + j] += bias[j]);
        }
    }
    samples
}

/// Mean of a sequence and its standard error.
fn mean(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

struct Moments {
    means: Vec<(f64, f64)>,
    covariances: Array2<(f64, f64)>,
}

fn moments(samples: &Array2<f64>) -> Moments {
    let means: Vec<_> = samples.columns().into_iter().map(|column| mean(column.iter().copied())).collect();
    let covariances = Array2::from_shape_fn((2 * OUTPUTS, 2 * OUTPUTS), |(a, b)| {
        mean(samples.outer_iter().map(|row| (row[a] - means[a].0) * (row[b] - means[b].0)))
    });
    Moments { means, covariances }
}

fn assert_agree((a, a_error): (f64, f64), (b, b_error): (f64, f64), what: &str) {
    let tolerance = 5.0 * a_error.hypot(b_error) + 1e-12;
    assert!((a - b).abs() <= tolerance, "{what}: {a} and {b}, at most {tolerance} apart");
}

fn assert_same_distribution(engine: &Moments, weights: &Moments, what: &str) {
    for (a, (x, y)) in engine.means.iter().zip(&weights.means).enumerate() {
        assert_agree(*x, *y, &format!("{what}, mean of output {a}"));
    }
    for ((a, b), x) in engine.covariances.indexed_iter() {
        assert_agree(*x, weights.covariances[(a, b)], &format!("{what}, covariance of outputs {a} and {b}"));
    }
}

#[test]
fn local_reparameterization_agrees_with_explicit_weights_and_its_outputs_are_independent() {
    for sharing in [Sharing::Layer, Sharing::Unit, Sharing::Weight] {
        let what = format!("α per {sharing:?}");
        let engine = moments(&engine_samples(GaussianOutput { rates: rates(sharing) }.into()));
        assert_same_distribution(&engine, &moments(&weight_samples(sharing, false)), &what);
        let (weight, inputs) = (weight(), inputs());
        for ((a, b), &covariance) in engine.covariances.indexed_iter() {
            let (example, j) = (a / OUTPUTS, a % OUTPUTS);
            let variance: f64 =
                (0..5).map(|i| inputs[example][i].powi(2) * alpha(i, j, sharing) * weight[(i, j)].powi(2)).sum();
            let expected = if a == b { variance } else { 0.0 };
            assert_agree(covariance, (expected, 0.0), &format!("{what}, covariance of outputs {a} and {b}"));
        }
    }
}

#[test]
fn input_noise_agrees_with_explicit_weights_and_correlates_the_outputs_of_one_example() {
    for sharing in [Sharing::Layer, Sharing::Unit] {
        let what = format!("α per {sharing:?}");
        let engine = moments(&engine_samples(GaussianInput { rates: rates(sharing) }.into()));
        assert_same_distribution(&engine, &moments(&weight_samples(sharing, true)), &what);
        let (weight, inputs) = (weight(), inputs());
        for ((a, b), &covariance) in engine.covariances.indexed_iter() {
            let shared = |i: usize| {
                let x = inputs[a / OUTPUTS][i];
                x * x * alpha(i, 0, sharing) * weight[(i, a % OUTPUTS)] * weight[(i, b % OUTPUTS)]
            };
            let expected: f64 = if a / OUTPUTS == b / OUTPUTS { (0..5).map(shared).sum() } else { 0.0 };
            assert_agree(covariance, (expected, 0.0), &format!("{what}, covariance of outputs {a} and {b}"));
        }
        // The correlation is no matter of a rounding: it is many standard errors from the independence of type B.
        let (covariance, error) = engine.covariances[(0, 1)];
        assert!(covariance.abs() > 10.0 * error, "{what}: {covariance}");
    }
}

#[test]
fn each_noise_has_the_mean_and_the_variance_of_its_rate() {
    for p in [0.0, 0.2, 0.5] {
        let alpha = alpha_of_rate(p).unwrap();
        let gaussian = || Rates::new(alpha, Sharing::Layer, false, 5, 4).unwrap();
        for noise in [
            Noise::from(Binary { rate: p }),
            GaussianInput { rates: gaussian() }.into(),
            GaussianOutput { rates: gaussian() }.into(),
        ] {
            let what = format!("p = {p}, {noise:?}");
            let engine = moments(&engine_samples(noise));
            let (weight, inputs, bias) = (weight(), inputs(), [0.1, -0.2, 0.3]);
            for a in 0..2 * OUTPUTS {
                let (x, w) = (&inputs[a / OUTPUTS], weight.column(a % OUTPUTS));
                let expected = x.dot(&w) + bias[a % OUTPUTS];
                assert_agree(engine.means[a], (expected, 0.0), &format!("{what}, mean of output {a}"));
                let variance = alpha * (x * &w).mapv(|x| x * x).sum();
                assert_agree(engine.covariances[(a, a)], (variance, 0.0), &format!("{what}, variance of output {a}"));
            }
        }
    }
}

/// The network's predictions with noise and without, as bits would tell them apart.
fn predictions<T: Real>(method: Method, rates: DropoutRates) -> [Array2<T>; 2] {
    let network = Network::<T>::new(method, &[6, 9, 8, 4], rates, Initialisation::UnitColumns, 1).unwrap();
    let inputs = Array2::from_shape_fn((7, 6), |(i, j)| T::of((1.3 * i as f64 + 2.1 * j as f64).sin().max(0.0)));
    let batch = Rows::new(inputs.view(), &[0; 7]).unwrap();
    let mut engine = Engine::new(&network, 7, 1).unwrap();
    [Some(NoiseSource::new(1, 1)), None].map(|source| engine.predict(&network, &batch, source).unwrap())
}

#[test]
fn a_rate_of_zero_is_exactly_no_noise_and_any_other_is_some() {
    let (zero, some) = (DropoutRates { input: 0.0, hidden: 0.0 }, DropoutRates { input: 0.0, hidden: 0.01 });
    for method in [Method::None, Method::Binary, Method::GaussianA, Method::GaussianB] {
        let [noisy, clean] = predictions::<f32>(method, zero);
        assert_eq!(noisy, clean, "{method}, single precision");
        let [noisy, clean] = predictions::<f64>(method, zero);
        assert_eq!(noisy, clean, "{method}, double precision");
    }
    for method in [Method::GaussianA, Method::GaussianB] {
        let [noisy, clean] = predictions::<f32>(method, some);
        assert_ne!(noisy, clean, "{method}");
    }
}

#[test]
fn a_rate_of_zero_has_finite_gradients() {
    for method in [Method::Binary, Method::GaussianA, Method::GaussianB] {
        let rates = DropoutRates { input: 0.0, hidden: 0.0 };
        let network = Network::<f32>::new(method, &[3, 4, 2], rates, Initialisation::UnitColumns, 1).unwrap();
        let inputs = array![[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]];
        let mut engine = Engine::new(&network, 2, 1).unwrap();
        let batch = Rows::new(inputs.view(), &[0, 1]).unwrap();
        let objective = Objective { kl_weight: 0.0, examples: 2 };
        engine.gradient(&network, &batch, NoiseSource::new(1, 1), objective).unwrap();
        assert!(engine.gradients().tensors().into_iter().flatten().all(|x| x.is_finite()), "{method}");
    }
}

#[test]
fn a_rate_of_one_half_is_a_noise_of_variance_one() {
    assert_eq!(alpha_of_rate(0.5).unwrap(), 1.0);
    for method in [Method::GaussianA, Method::VariationalA, Method::GaussianB, Method::VariationalB] {
        let widths = [6, 5, 4];
        let network =
            Network::<f32>::new(method, &widths, DropoutRates::default(), Initialisation::UnitColumns, 1).unwrap();
        let hidden = &network.alpha_statistics()[1];
        assert_eq!((hidden.mean, hidden.std, hidden.min, hidden.max), (1.0, 0.0, 1.0, 1.0), "{method}");
    }
}

#[test]
fn a_rate_out_of_range_makes_no_network_and_is_named() {
    let network = |method, p| {
        let rates = DropoutRates { input: p, hidden: 0.5 };
        Network::<f32>::new(method, &[4, 3, 2], rates, Initialisation::UnitColumns, 1)
    };
    for method in Method::FIGURE1.into_iter().filter(|&method| method != Method::None) {
        for p in [-0.1, 1.0, 1.5, f64::NAN, f64::INFINITY] {
            let message = network(method, p).unwrap_err().to_string();
            assert!(message.contains("dropout rate p") && message.contains(&p.to_string()), "{method}: {message}");
        }
        let learns = method.learns_rates();
        for p in [0.0, 0.6] {
            assert_eq!(network(method, p).is_err(), learns, "{method}, p = {p}");
        }
    }
}

#[test]
fn an_engine_refuses_a_network_of_other_noise_and_an_objective_for_no_examples() {
    let network = |method, sharing| {
        let rates = DropoutRates::default();
        Network::<f64>::with_sharing(method, sharing, &[3, 4, 2], rates, Initialisation::UnitColumns, 1).unwrap()
    };
    let inputs = array![[0.0, 1.0, 0.5]];
    let batch = Rows::new(inputs.view(), &[0]).unwrap();
    let (source, objective) = (NoiseSource::new(1, 1), Objective { kl_weight: 1.0, examples: 1 });
    let of_none = network(Method::None, Sharing::Layer);
    let mut engine = Engine::new(&of_none, 1, 1).unwrap();
    for other in [network(Method::Binary, Sharing::Layer), network(Method::VariationalB, Sharing::Weight)] {
        let message = engine.gradient(&other, &batch, source, objective).unwrap_err().to_string();
        assert!(message.contains("noise") && message.contains("layer 0"), "{message}");
        assert!(engine.predict(&other, &batch, Some(source)).is_err());
    }
    let per_weight = network(Method::VariationalB, Sharing::Weight);
    let mut engine = Engine::new(&per_weight, 1, 1).unwrap();
    assert!(engine.loss(&network(Method::VariationalB, Sharing::Unit), &batch, source, objective).is_err());
    let message = engine.gradient(&per_weight, &batch, source, Objective { examples: 0, ..objective }).unwrap_err();
    assert!(message.to_string().contains("number of training examples is 0"), "{message}");
}

#[test]
fn arrays_in_another_memory_order_make_the_same_network() {
    let noise = || -> Noise<f64> { GaussianOutput { rates: rates(Sharing::Weight) }.into() };
    let bias = Array1::zeros(3);
    let plain = Network::from_layers(vec![Layer::new(weight(), bias.clone(), noise()).unwrap()]).unwrap();
    let transposed = weight().t().as_standard_layout().into_owned().reversed_axes();
    assert!(!transposed.is_standard_layout());
    let other = Network::from_layers(vec![Layer::new(transposed, bias, noise()).unwrap()]).unwrap();
    assert_eq!(other.parameters(), plain.parameters());
}

/// Whether each of a million units is dropped, in rows of 1000 as training draws them.
fn drops(rate: f64) -> Vec<Vec<bool>> {
    let source = NoiseSource::new(21, 4);
    let row = |row| {
        let mut values = vec![0f32; 1000];
        fill_binary(source.row(1, row), rate, &mut values).unwrap();
        values.into_iter().map(|value| value == 0.0).collect()
    };
    (0..1000).map(row).collect()
}

fn chi_square(counts: &[f64], probabilities: &[f64]) -> f64 {
    let total: f64 = counts.iter().sum();
    counts.iter().zip(probabilities).map(|(count, p)| (count - total * p).powi(2) / (total * p)).sum()
}

#[test]
fn chi_square_does_not_reject_pairs_of_binary_noise() {
    for rate in [0.2, 0.5] {
        let rows = drops(rate);
        let pair = |a: bool, b: bool| usize::from(a) * 2 + usize::from(b);
        let probabilities = [(1.0 - rate) * (1.0 - rate), (1.0 - rate) * rate, rate * (1.0 - rate), rate * rate];
        // Pairs that do not overlap, so that the counts are multinomial.
        for gap in [1, 4, 16, 32, 500] {
            let mut counts = [0.0; 4];
            for chunk in rows.iter().flat_map(|row| row.chunks_exact(2 * gap)) {
                (0..gap).for_each(|i| counts[pair(chunk[i], chunk[i + gap])] += 1.0);
            }
            // 3 degrees of freedom: the 99.9 % quantile is 16.27.
            let statistic = chi_square(&counts, &probabilities);
            assert!(statistic < 16.27, "p = {rate}, {gap} units apart: χ² = {statistic}");
        }
        let mut counts = [0.0; 4];
        for rows in rows.chunks_exact(2) {
            rows[0].iter().zip(&rows[1]).for_each(|(&a, &b)| counts[pair(a, b)] += 1.0);
        }
        let statistic = chi_square(&counts, &probabilities);
        assert!(statistic < 16.27, "p = {rate}, neighbouring examples: χ² = {statistic}");
    }
}

#[test]
fn chi_square_does_not_reject_the_lengths_of_runs_of_binary_noise() {
    const LONGEST: usize = 6;
    for rate in [0.2, 0.5] {
        for dropped in [true, false] {
            let p: f64 = if dropped { rate } else { 1.0 - rate };
            let mut counts = [0.0; LONGEST];
            for row in drops(rate) {
                // A run that touches the row's end is cut off; leaving out all but those that begin 64 or more units
                // before it biases the geometric lengths by less than 0.8⁶⁴ = 6e-7.
                let runs = row.chunk_by(|a, b| a == b);
                let mut position = 0;
                for (index, run) in runs.enumerate() {
                    if index > 0 && run[0] == dropped && position + 64 <= row.len() {
                        counts[run.len().min(LONGEST) - 1] += 1.0;
                    }
                    position += run.len();
                }
            }
            // Geometric: P(n) = p^(n−1)·(1 − p), the rest in the last cell.
            let mut probabilities = [0.0; LONGEST];
            for (n, probability) in probabilities.iter_mut().enumerate() {
                *probability = p.powi(n as i32) * if n + 1 < LONGEST { 1.0 - p } else { 1.0 };
            }
            // 5 degrees of freedom: the 99.9 % quantile is 20.52.
            let statistic = chi_square(&counts, &probabilities);
            assert!(statistic < 20.52, "p = {rate}, runs of {dropped}: χ² = {statistic}");
        }
    }
}
