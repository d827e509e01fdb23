//! Training: that it repeats bit for bit, also when it is broken off; Adam and the average against plain
//! implementations; the projection of α; early stopping; and what stops it.

use std::ops::ControlFlow;
use std::path::Path;

use ndarray::Array2;
use safetensors::SafeTensors;
use vardrop::data::{Dataset, Splits, synthetic};
use vardrop::engine::{Engine, Examples, Objective, Rows};
use vardrop::network::{DropoutRates, Initialisation, Network};
use vardrop::noise::NoiseSource;
use vardrop::optimizer::{AdamSettings, AlphaBound, Optimizer};
use vardrop::training::{Config, Ending, History, Progress, Trainer, snapshots, train};
use vardrop::{Error, Method, Real};

/// One of each kind: no noise, binary, on the input and on the output, fixed and learned.
const KINDS: [Method; 6] =
    [Method::None, Method::Binary, Method::GaussianA, Method::VariationalA2, Method::GaussianB, Method::VariationalB];

/// 700 training examples, which minibatches of 64 do not divide: the eleventh has 60.
fn splits() -> Splits {
    Splits::hold_out(synthetic(850, 1), synthetic(100, 2), 150).unwrap()
}

fn config(method: Method) -> Config {
    Config::new(method, &[12, 10]).epochs(3).batch_size(64).threads(1)
}

/// Everything but the seconds.
fn figures(history: &History) -> History {
    let mut history = history.clone();
    history.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
    history
}

fn bits(network: &Network) -> Vec<u32> {
    network.parameters().into_iter().flat_map(|(_, values)| values).map(|x| x.to_bits()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let splits = splits();
    for method in [Method::None, Method::VariationalA, Method::VariationalB] {
        for threads in [1, 2] {
            let run = |seed| {
                let run = train(&config(method).threads(threads).epochs(2).seed(seed), &splits, |_| {}).unwrap();
                (figures(&run.history), bits(&run.network))
            };
            let first = run(5);
            assert_eq!(first, run(5), "{method}, {threads} threads");
            let other = run(6);
            assert!(first.0 != other.0 && first.1 != other.1, "{method}, {threads} threads");
        }
    }
}

/// Every tensor of a model file, by name.
fn tensors(path: &Path) -> Vec<(String, Vec<u8>)> {
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut all: Vec<_> = tensors.iter().map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect();
    all.sort();
    all
}

#[test]
fn a_run_that_is_broken_off_and_resumed_gives_the_bits_of_one_that_is_not() {
    let (splits, folder) = (splits(), tempfile::tempdir().unwrap());
    let paths = ["whole", "broken"].map(|name| folder.path().join(name));
    for method in KINDS {
        let config = config(method).threads(2);
        let mut whole = Trainer::new(config.clone(), &splits).unwrap();
        assert_eq!(whole.run(|_| ControlFlow::Continue(())).unwrap(), Ending::Finished);
        whole.save(&paths[0]).unwrap();

        // 33 steps and 3 ends of epochs: after every fifth, a trainer of its own, in the middle of an epoch or not.
        Trainer::new(config, &splits).unwrap().save(&paths[1]).unwrap();
        let mut parts = 0;
        loop {
            let mut part = Trainer::resume(&paths[1], &splits, None).unwrap();
            let mut events = 0;
            let ending = part.run(|_| {
                events += 1;
                if events == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            part.save(&paths[1]).unwrap();
            parts += 1;
            if ending.unwrap() == Ending::Finished {
                assert_eq!(figures(part.history()), figures(whole.history()), "{method}");
                assert_eq!(bits(part.network()), bits(whole.network()), "{method}");
                assert_eq!(bits(part.best_network()), bits(whole.best_network()), "{method}");
                assert_eq!(part.best(), whole.best(), "{method}");
                break;
            }
        }
        assert_eq!(parts, 8, "{method}");
        // The optimizer's moments and the average among them.
        assert_eq!(tensors(&paths[1]), tensors(&paths[0]), "{method}");
    }
}

#[test]
fn a_finished_run_can_be_extended_to_the_numbers_of_a_longer_one() {
    let (splits, folder) = (splits(), tempfile::tempdir().unwrap());
    let path = folder.path().join("model");
    let mut short = Trainer::new(config(Method::GaussianB).epochs(1), &splits).unwrap();
    short.run(|_| ControlFlow::Continue(())).unwrap();
    short.save(&path).unwrap();
    let mut extended = Trainer::resume(&path, &splits, Some(3)).unwrap();
    extended.run(|_| ControlFlow::Continue(())).unwrap();
    let long = train(&config(Method::GaussianB), &splits, |_| {}).unwrap();
    assert_eq!(figures(extended.history()), figures(&long.history));
    assert_eq!(bits(extended.best_network()), bits(&long.network));

    // A step size that falls towards the last epoch has no longer run.
    let mut falling = config(Method::None);
    falling.protocol.constant_epochs = 1;
    Trainer::new(falling, &splits).unwrap().save(&path).unwrap();
    let message = Trainer::resume(&path, &splits, Some(5)).unwrap_err().to_string();
    assert!(message.contains("epochs 5 does not go with") && message.contains("falls towards epoch 3"), "{message}");
}

#[test]
fn averaging_of_zero_is_the_last_parameters() {
    let splits = Splits::hold_out(synthetic(300, 1), synthetic(50, 2), 0).unwrap();
    for method in [Method::None, Method::VariationalB] {
        let mut trainer = Trainer::new(config(method).averaging(0.0).epochs(2), &splits).unwrap();
        trainer.run(|_| ControlFlow::Continue(())).unwrap();
        assert_eq!(bits(trainer.best_network()), bits(trainer.network()), "{method}");
    }
}

/// A network of learned α, in double precision, and data for it.
fn small(sharing_b: bool) -> (Network<f64>, Array2<f64>, Vec<usize>) {
    let method = if sharing_b { Method::VariationalB } else { Method::VariationalA };
    let rates = DropoutRates { input: 0.2, hidden: 0.45 };
    let network = Network::new(method, &[6, 5, 4], rates, Initialisation::UnitColumns, 2).unwrap();
    let inputs = Array2::from_shape_fn((12, 6), |(i, j)| (1.3 * i as f64 + 2.1 * j as f64).sin());
    (network, inputs, (0..12).map(|row| row % 4).collect())
}

#[test]
fn adam_and_its_average_agree_with_a_plain_implementation() {
    for (output_noise, alpha_bound) in
        [false, true].into_iter().flat_map(|output| [(output, AlphaBound::Projection), (output, AlphaBound::Sigmoid)])
    {
        let (mut network, inputs, labels) = small(output_noise);
        let settings =
            AdamSettings { learning_rate: 0.01, alpha_step: 20.0, alpha_bound, averaging: 0.8, ..Default::default() };
        let mut adam = Optimizer::new(&network, settings).unwrap();
        let mut engine = Engine::new(&network, 12, 2).unwrap();
        let objective = Objective { kl_weight: 1.0, examples: 12 };
        let is_alpha: Vec<bool> =
            network.parameters().iter().flat_map(|(name, x)| vec![name.ends_with("log_alpha"); x.len()]).collect();
        let flat =
            |network: &Network<f64>| network.parameters().iter().flat_map(|(_, x)| x.to_vec()).collect::<Vec<_>>();

        // Kingma & Ba, algorithm 1, with its names, of ln α or of its logit; then the projection of ln α.
        let is_logit: Vec<bool> = is_alpha.iter().map(|&is| is && alpha_bound == AlphaBound::Sigmoid).collect();
        let to_parameter = |i: usize, t: f64| if is_logit[i] { -(-t).exp().ln_1p() } else { t };
        let mut theta = flat(&network);
        for (theta, _) in theta.iter_mut().zip(&is_logit).filter(|(_, is)| **is) {
            let alpha = theta.exp();
            *theta = (alpha / (1.0 - alpha)).ln();
        }
        let (mut m, mut v) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
        let mut trace = Vec::new();
        for t in 1..=30 {
            let batch = Rows::new(inputs.view(), &labels).unwrap();
            engine.gradient(&network, &batch, NoiseSource::new(1, t), objective).unwrap();
            let gradient: Vec<f64> = engine.gradients().tensors().into_iter().flatten().copied().collect();
            // A schedule of 1/2 from step 20 on.
            let schedule = if t < 20 { 1.0 } else { 0.5 };
            adam.step(&mut network, &mut engine, schedule).unwrap();
            for i in 0..theta.len() {
                // ∂ln α/∂t = 1 − α.
                let g = gradient[i] * if is_logit[i] { 1.0 - to_parameter(i, theta[i]).exp() } else { 1.0 };
                m[i] = 0.9 * m[i] + (1.0 - 0.9) * g;
                v[i] = 0.999 * v[i] + (1.0 - 0.999) * g * g;
                let m_hat: f64 = m[i] / (1.0 - 0.9f64.powi(t as i32));
                let v_hat: f64 = v[i] / (1.0 - 0.999f64.powi(t as i32));
                let step = 0.01 * schedule * if is_alpha[i] { 20.0 } else { 1.0 };
                theta[i] -= step * m_hat / (v_hat.sqrt() + 1e-8);
                if is_alpha[i] && !is_logit[i] {
                    theta[i] = theta[i].min(0.0);
                }
            }
            let parameters: Vec<f64> = theta.iter().enumerate().map(|(i, &t)| to_parameter(i, t)).collect();
            trace.push(parameters.clone());
            for (i, (ours, plain)) in flat(&network).iter().zip(&parameters).enumerate() {
                // Roundings of 30 steps of at most 0.2.
                assert!((ours - plain).abs() < 1e-11, "step {t}, parameter {i}: {ours}, {plain}");
            }
            // Section 7.2 in closed form: Σ (1 − β)·β^(t−k)·θ_k / (1 − β^t).
            for (i, average) in flat(adam.averaged()).iter().enumerate() {
                let sum: f64 = (1..=t).map(|k| 0.2 * 0.8f64.powi((t - k) as i32) * trace[k as usize - 1][i]).sum();
                let closed = sum / (1.0 - 0.8f64.powi(t as i32));
                assert!((average - closed).abs() < 1e-11, "step {t}, average {i}: {average}, {closed}");
            }
        }
        assert_eq!(adam.steps(), 30);
    }
}

#[test]
fn alpha_stays_at_most_one_and_comes_back_from_there() {
    for output_noise in [false, true] {
        let (mut network, inputs, labels) = small(output_noise);
        let settings = AdamSettings { learning_rate: 0.05, alpha_step: 10.0, ..Default::default() };
        let mut engine = Engine::new(&network, 12, 1).unwrap();
        let mut run = |network: &mut Network<f64>, objective| {
            let mut adam = Optimizer::new(network, settings).unwrap();
            for t in 1..=40 {
                let batch = Rows::new(inputs.view(), &labels).unwrap();
                engine.gradient(network, &batch, NoiseSource::new(1, t), objective).unwrap();
                adam.step(network, &mut engine, 1.0).unwrap();
                assert!(network.alpha_statistics().iter().all(|alpha| alpha.max <= 1.0), "step {t}");
                assert!(adam.averaged().alpha_statistics().iter().all(|alpha| alpha.max <= 1.0), "step {t}");
            }
        };
        // A prior that outweighs the data pulls every α to the bound, where it stands exactly.
        run(&mut network, Objective { kl_weight: 1000.0, examples: 1 });
        assert!(network.alpha_statistics().iter().all(|alpha| alpha.min == 1.0));
        // Without the prior the noise only hurts.
        run(&mut network, Objective { kl_weight: 0.0, examples: 1 });
        let alpha = network.alpha_statistics();
        assert!(alpha.iter().all(|alpha| alpha.mean < 0.9), "{alpha:?}");
    }
}

/// The logits of α before and after 1000 steps by the prior alone, from a start where the sigmoid is flat.
fn logits_by_the_prior<T: Real>() -> [Vec<f64>; 2] {
    // α = 0.9998, of the logit 8.5: 1 − α is 2e-4, and a step changes its thousandth.
    let rates = DropoutRates { input: 0.499_95, hidden: 0.499_95 };
    let mut network: Network<T> =
        Network::new(Method::VariationalB, &[6, 5, 4], rates, Initialisation::UnitColumns, 2).unwrap();
    let settings = AdamSettings { alpha_bound: AlphaBound::Sigmoid, ..AdamSettings::default() };
    let mut adam = Optimizer::new(&network, settings).unwrap();
    let mut engine = Engine::new(&network, 12, 1).unwrap();
    let inputs = Array2::from_shape_fn((12, 6), |(i, j)| T::of((1.3 * i as f64 + 2.1 * j as f64).sin()));
    let labels: Vec<usize> = (0..12).map(|row| row % 4).collect();
    let logits = |network: &Network<T>| -> Vec<f64> {
        let rates = network.parameters().into_iter().filter(|(name, _)| name.ends_with("log_alpha"));
        rates.flat_map(|(_, values)| values.to_vec()).map(|x| -(-x.f64()).exp_m1().ln()).collect()
    };
    let before = logits(&network);
    for _ in 0..1000 {
        let batch = Rows::new(inputs.view(), &labels).unwrap();
        engine.gradient(&network, &batch, NoiseSource::new(1, 0), Objective { kl_weight: 1e6, examples: 1 }).unwrap();
        adam.step(&mut network, &mut engine, 1.0).unwrap();
    }
    [before, logits(&network)]
}

#[test]
fn a_sigmoid_keeps_its_precision_near_one_and_cannot_start_there() {
    let ([before, exact], [_, single]) = (logits_by_the_prior::<f64>(), logits_by_the_prior::<f32>());
    for ((before, exact), single) in before.iter().zip(&exact).zip(&single) {
        // A thousand steps of at most 1e-3, which the falling gradient makes smaller.
        assert!((0.7..1.0).contains(&(exact - before)), "{before}, {exact}");
        assert!((single - exact).abs() < 2e-3, "{single}, {exact}");
    }

    let settings = AdamSettings { alpha_bound: AlphaBound::Sigmoid, ..AdamSettings::default() };
    let rates = DropoutRates { input: 0.5, hidden: 0.5 };
    let at_one = Network::<f32>::new(Method::VariationalB, &[6, 4], rates, Initialisation::default(), 2).unwrap();
    let message = Optimizer::new(&at_one, settings).unwrap_err().to_string();
    assert!(message.contains("sigmoid") && message.contains("below 0.5"), "{message}");
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_says_where() {
    let splits = splits();
    for method in [Method::None, Method::VariationalA, Method::VariationalB] {
        let error = train(&config(method).learning_rate(1e30), &splits, |_| {}).unwrap_err();
        let Error::NonFinite { epoch, step, value, ref what } = error else { panic!("{error}") };
        assert!(epoch == 1 && (2..=11).contains(&step) && !value.is_finite(), "{error}");
        assert!(what.contains("cross-entropy"), "{error}");
        assert!(error.to_string().contains(&format!("at epoch 1, step {step}")), "{error}");
    }
}

#[test]
fn a_last_step_that_leaves_no_number_is_no_finished_run() {
    let (splits, folder) = (splits(), tempfile::tempdir().unwrap());
    // One step in all: no loss follows it.
    let mut config = config(Method::VariationalA).batch_size(700).epochs(1).learning_rate(1e3);
    // In single precision the two step sizes have an infinite product.
    config.protocol.alpha_step = 3e38;
    let mut trainer = Trainer::new(config, &splits).unwrap();
    let error = trainer.run(|_| ControlFlow::Continue(())).unwrap_err();
    let Error::NonFinite { epoch: 1, step: 1, ref what, .. } = error else { panic!("{error}") };
    assert!(what.contains("log_alpha"), "{error}");
    assert!(trainer.history().epochs.is_empty());
    // Such a state is not written.
    let path = folder.path().join("model");
    let message = trainer.save(&path).unwrap_err().to_string();
    assert!(message.contains("not finite") && !path.exists(), "{message}");
}

#[test]
fn early_stopping_chooses_by_validation_and_keeps_that_epochs_parameters() {
    let splits = splits();
    let mut earlier = 0;
    for seed in 1..=4 {
        // A large step size makes the errors go up and down.
        let config = config(Method::None).epochs(6).learning_rate(0.03).averaging(0.0).seed(seed);
        let run = train(&config, &splits, |_| {}).unwrap();
        let valid: Vec<f64> = run.history.epochs.iter().map(|epoch| epoch.valid_error_percent.unwrap()).collect();
        let lowest = valid.iter().copied().fold(f64::INFINITY, f64::min);
        let first = valid.iter().position(|&error| error == lowest).unwrap();
        assert_eq!(run.best.epoch, first + 1, "{valid:?}");
        assert_eq!(run.best.test_error_percent, run.history.epochs[first].test_error_percent);
        let indices: Vec<usize> = (0..splits.test.len()).collect();
        let batch = Examples { dataset: &splits.test, indices: &indices };
        let score = Engine::new(&run.network, 100, 1).unwrap().evaluate(&run.network, &batch).unwrap();
        assert_eq!(score.error_percent, run.best.test_error_percent);
        earlier += usize::from(first < 5);
    }
    assert!(earlier > 0, "no run had its lowest validation error before the last epoch");
}

#[test]
fn patience_stops_a_run_that_no_longer_gains_and_needs_validation() {
    let splits = splits();
    // A step size that destroys what is learned: the first epochs are the best.
    let config = config(Method::None).epochs(50).learning_rate(0.3).averaging(0.0).patience(3);
    let run = train(&config, &splits, |_| {}).unwrap();
    assert!(run.history.epochs.len() < 50);
    assert_eq!(run.history.epochs.len(), run.best.epoch + 3);

    let none_held_out = Splits::hold_out(synthetic(300, 1), synthetic(100, 2), 0).unwrap();
    let message = train(&config, &none_held_out, |_| {}).unwrap_err().to_string();
    assert!(message.contains("patience 3 needs a validation set"), "{message}");
    let message = train(&config.patience(0), &splits, |_| {}).unwrap_err().to_string();
    assert!(message.contains("patience is 0"), "{message}");
}

#[test]
fn without_validation_the_last_epoch_counts() {
    let splits = Splits::hold_out(synthetic(300, 1), synthetic(100, 2), 0).unwrap();
    let run = train(&config(Method::Binary).epochs(2), &splits, |_| {}).unwrap();
    assert_eq!((run.best.epoch, run.best.valid_error_percent), (2, None));
    assert_eq!(run.config.protocol.held_out, 0, "what was held out is what the splits say");
}

#[test]
fn every_method_learns() {
    let splits = Splits::hold_out(synthetic(2000, 1), synthetic(300, 2), 0).unwrap();
    for method in Method::ALL {
        let config = Config::new(method, &[40]).epochs(1).batch_size(20).learning_rate(3e-3).averaging(0.9).threads(1);
        let run = train(&config, &splits, |_| {}).unwrap();
        let epoch = &run.history.epochs[0];
        // Chance errs on 90 %.
        assert!(epoch.test_error_percent < 60.0, "{method}: {} %", epoch.test_error_percent);
        assert_eq!(epoch.train_loss, epoch.train_cross_entropy + epoch.train_kl, "{method}");
        assert_eq!(epoch.train_kl == 0.0, !method.learns_rates(), "{method}");
        let without = matches!(method, Method::None | Method::Binary | Method::Sparse);
        assert_eq!(epoch.alpha.is_empty(), without, "{method}");
        assert_eq!(epoch.sparsity.is_empty(), method != Method::Sparse, "{method}");
    }
}

#[test]
fn a_last_minibatch_that_is_not_full_is_trained_on() {
    let splits = splits();
    for threads in [1, 3] {
        let mut trainer = Trainer::new(config(Method::VariationalB).threads(threads).epochs(1), &splits).unwrap();
        let mut seen = Vec::new();
        trainer
            .run(|progress| {
                if let Progress::Step { step, steps, .. } = progress {
                    seen.push((step, steps));
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(seen, (1..=11).map(|step| (step, 11)).collect::<Vec<_>>());
    }
    // Fewer examples than threads, one of them in the last minibatch.
    let splits = Splits::hold_out(synthetic(7, 1), synthetic(5, 2), 0).unwrap();
    for method in Method::ALL {
        train(&Config::new(method, &[3]).epochs(2).batch_size(2).threads(4), &splits, |_| {}).unwrap();
    }
}

#[test]
fn settings_out_of_range_are_errors_that_name_them() {
    let splits = splits();
    let refused = |config: Config, parts: [&str; 2]| {
        let message = Trainer::new(config, &splits).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let good = || config(Method::VariationalA);
    refused(good().batch_size(701), ["batch_size 701 is more than", "700 training examples"]);
    refused(good().batch_size(0), ["batch_size is 0", "1 example or more"]);
    for epochs in [0, 1_000_000_001, usize::MAX] {
        refused(good().epochs(epochs), [&format!("epochs is {epochs}"), "from 1 to 1000000000"]);
    }
    let mut late = good();
    late.protocol.constant_epochs = 8;
    refused(late, ["constant_epochs 8 is later than the last of 3 epochs", "`epochs`"]);
    refused(good().threads(0), ["threads is 0", "1 to 1024"]);
    refused(good().threads(usize::MAX), ["threads is 18446744073709551615", "1 to 1024"]);
    refused(good().averaging(1.0), ["averaging is 1", "from 0 to below 1"]);
    refused(good().averaging(-0.1), ["averaging is -0.1", "from 0 to below 1"]);
    refused(good().averaging(f64::NAN), ["averaging is NaN", "from 0 to below 1"]);
    // In single precision 1e-39 is next to 0, and 1e39 infinite.
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-39, 1e39] {
        refused(good().learning_rate(rate), [&format!("learning_rate is {rate:?}"), "a number above 0"]);
        let mut steps = good();
        steps.protocol.alpha_step = rate;
        refused(steps, [&format!("alpha_step is {rate:?}"), "a number above 0"]);
    }
    let mut warm = good();
    warm.protocol.kl_warm_up = Some([2.0, 1e3]);
    refused(warm.clone(), ["kl_warm_up is 2,1000", "from 0 to the 3 `epochs`"]);
    warm.protocol.kl_warm_up = Some([f64::NAN, 1.0]);
    refused(warm, ["kl_warm_up is NaN,1", "from 0 to the 3 `epochs`"]);
    refused(good().patience(0), ["patience is 0", "1 epoch or more"]);
    refused(config(Method::Sparse).patience(3), ["patience 3 does not go with the method sparse", "leave it out"]);
    let all = Splits::hold_out(splits.train.clone(), splits.test.clone(), 0).unwrap();
    let message = Trainer::new(good().patience(3), &all).unwrap_err().to_string();
    assert_eq!(message, "patience 3 needs a validation set: hold some training images out with `held_out`");
    let with_hidden = |hidden: &[usize]| Config { hidden: hidden.to_vec(), ..good() };
    refused(with_hidden(&[]), ["hidden is []", "one width or more"]);
    refused(with_hidden(&[10, 0]), ["hidden is [10, 0]", "each at least 1"]);
    refused(with_hidden(&[1 << 40]), ["widths is [784, 1099511627776, 10]", "at most"]);
    let mut rates = good();
    rates.protocol.hidden_rate = 0.7;
    refused(rates, ["hidden_rate is 0.7", "(0, 0.5]"]);
    let empty = Dataset::new("empty", Array2::zeros((0, 784)), vec![], 28, 28).unwrap();
    let splits = Splits::hold_out(synthetic(100, 1), empty, 0).unwrap();
    let message = Trainer::new(good(), &splits).unwrap_err().to_string();
    assert!(message.contains("number of test examples is 0"), "{message}");
}

#[test]
fn snapshots_are_the_networks_of_the_run_on_its_way() {
    let (splits, config) = (splits(), config(Method::VariationalB));
    let mut told = Vec::new();
    let kept = snapshots(&config, &splits, &[3, 1], &mut |progress| told.push(progress.to_string())).unwrap();
    assert_eq!((kept.iter().map(|s| s.epoch.epoch).collect::<Vec<_>>(), told.len()), (vec![1, 3], 3));
    let mut trainer = Trainer::new(config.clone(), &splits).unwrap();
    trainer.run(|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(bits(&kept[1].network), bits(trainer.network()));
    assert_eq!(bits(&kept[1].averaged), bits(trainer.averaged()));
    assert_ne!(bits(&kept[0].network), bits(&kept[1].network));
    for epochs in [&[][..], &[0, 2]] {
        assert!(snapshots(&config, &splits, epochs, &mut |_| {}).unwrap_err().to_string().contains("epochs is"));
    }
}
