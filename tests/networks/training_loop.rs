//! A run against its loop written out here, and what it tells of itself on the way.

use std::ops::ControlFlow;
use std::time::Instant;

use rand::seq::SliceRandom;
use vardrop::Method;
use vardrop::data::{Splits, synthetic};
use vardrop::engine::{Engine, Examples, Objective};
use vardrop::network::Network;
use vardrop::noise::{NoiseSource, Purpose};
use vardrop::optimizer::Optimizer;
use vardrop::training::{Config, Progress, Trainer};

fn bits(network: &Network) -> Vec<u32> {
    network.parameters().into_iter().flat_map(|(_, values)| values).map(|x| x.to_bits()).collect()
}

/// What decides a step: the examples and their order, noise that no other step has, the step size and the weight of the KL term.
/// To the bit, since the same numbers are added in the same order.
#[test]
fn a_run_is_a_loop_of_gradients_and_steps() {
    const SEED: u64 = 3;
    // The last of the eleven minibatches has 60 examples.
    let splits = Splits::hold_out(synthetic(850, 1), synthetic(100, 2), 150).unwrap();
    let train = &splits.train;
    for method in [Method::Binary, Method::VariationalA2, Method::VariationalB, Method::Sparse] {
        let mut config = Config::new(method, &[12, 10]).epochs(3).batch_size(64).threads(1).seed(SEED);
        config.protocol.constant_epochs = 1;
        config.protocol.kl_warm_up = Some([0.5, 2.5]);
        let mut network: Network = config.network(train.inputs(), train.classes()).unwrap();
        let mut adam = Optimizer::new(&network, config.optimizer_settings()).unwrap();
        let mut engine = Engine::new(&network, 64, 1).unwrap();
        let mut trainer = Trainer::new(config, &splits).unwrap();

        for epoch in 0..3 {
            let mut order: Vec<usize> = (0..700).collect();
            order.shuffle(&mut NoiseSource::for_purpose(Purpose::Order, SEED, epoch).generator());
            let objective = |now: f64| {
                let grown = ((now - 0.5) / 2.0).clamp(0.0, 1.0);
                Objective { kl_weight: grown, examples: 700 }
            };
            let mut cross_entropy = 0.0;
            for (step, indices) in order.chunks(64).enumerate() {
                let now = epoch as f64 + step as f64 / 11.0;
                let source = NoiseSource::new(SEED, 11 * epoch + step as u64);
                let batch = Examples { dataset: train, indices };
                let mean = engine.gradient(&network, &batch, source, objective(now)).unwrap();
                cross_entropy += mean * indices.len() as f64;
                let falling = if now <= 1.0 { 1.0 } else { (3.0 - now) / 2.0 };
                adam.step(&mut network, &mut engine, falling).unwrap();
            }

            assert!(trainer.run_epoch(&mut |_| ControlFlow::Continue(())).unwrap().is_continue());
            let what = format!("{method}, epoch {}", epoch + 1);
            assert!(bits(trainer.network()) == bits(&network), "{what}: the parameters");
            assert!(bits(trainer.averaged()) == bits(adam.averaged()), "{what}: their average");
            let told = trainer.history().epochs.last().unwrap();
            let kl = objective(epoch as f64 + 1.0).kl(&network);
            assert_eq!((told.train_cross_entropy, told.train_kl), (cross_entropy / 700.0, kl), "{what}");
            assert_eq!(told.train_loss, cross_entropy / 700.0 + kl, "{what}");
            let indices: Vec<usize> = (0..100).collect();
            let test =
                engine.evaluate(adam.averaged(), &Examples { dataset: &splits.test, indices: &indices }).unwrap();
            assert_eq!((told.test_cross_entropy, told.test_error_percent), (test.cross_entropy, test.error_percent));
        }
        assert!(trainer.is_finished());
    }
}

/// The time left is counted at the pace so far: no faster than the steps alone, and no slower than the clock. What was trained
/// before the run was broken off counts too.
#[test]
fn the_seconds_left_are_those_of_the_epochs_left() {
    let splits = Splits::hold_out(synthetic(850, 1), synthetic(100, 2), 150).unwrap();
    let config = Config::new(Method::VariationalB, &[12, 10]).epochs(4).batch_size(64).threads(1);
    let mut trainer = Trainer::new(config, &splits).unwrap();
    let (begun, mut steps, mut epochs) = (Instant::now(), 0.0, 0);
    for break_off in [true, false] {
        let ending = trainer.run(|progress| {
            match progress {
                Progress::Step { epoch: 2, step: 9, .. } if break_off => return ControlFlow::Break(()),
                Progress::Step { .. } => {}
                Progress::Epoch { epoch, seconds_left, .. } => {
                    (steps, epochs) = (steps + epoch.seconds, epoch.epoch);
                    let (seconds, left) = (seconds_left.unwrap(), (4 - epochs) as f64 / epochs as f64);
                    let clock = begun.elapsed().as_secs_f64();
                    assert!(steps * left <= seconds && seconds <= clock * left, "{steps} {clock} {left}: {seconds}");
                }
            }
            ControlFlow::Continue(())
        });
        ending.unwrap();
    }
    assert_eq!(epochs, 4);
}

#[test]
fn an_epoch_says_how_sparse_the_network_is() {
    let splits = Splits::hold_out(synthetic(300, 1), synthetic(100, 2), 0).unwrap();
    let config = Config::new(Method::Sparse, &[8]).epochs(1).batch_size(100).threads(1);
    let mut trainer = Trainer::new(config, &splits).unwrap();
    trainer.run(|_| ControlFlow::Continue(())).unwrap();
    let mut epoch = trainer.history().epochs[0].clone();
    (epoch.train_loss, epoch.test_error_percent, epoch.seconds) = (0.5, 12.0, 2.0);
    epoch.sparsity = vec![0.9, 0.125];
    let text = Progress::Epoch { epoch: &epoch, epochs: 3, seconds_left: None }.to_string();
    let expected = "epoch 1/3: loss 0.5000, test error 12.00 %, 2.0 s, ln α above 3 for 90.0, 12.5 % of the weights";
    assert_eq!(text, expected);
}
