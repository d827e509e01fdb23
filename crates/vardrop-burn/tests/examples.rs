//! Every example runs, in a short form, and what it shows is so.

#[path = "../examples/finetune.rs"]
mod finetune;
#[path = "../examples/regression.rs"]
mod regression;

#[cfg(feature = "train")]
#[path = "../examples/custom_model.rs"]
mod custom_model;

// LeNet-5's parts find each other at the root of a crate.
#[path = "../examples/lenet5/model.rs"]
mod model;
#[path = "../examples/lenet5/protocol.rs"]
mod protocol;
#[path = "../examples/lenet5/run.rs"]
mod run;

mod common;

use burn::tensor::Device;
use common::seeded;
use protocol::Protocol;
use run::Run;
use vardrop::data::{Splits, synthetic};
use vardrop::sparse::{LeNet5Record, lenet5_table};

#[test]
fn regression_knows_less_where_there_is_no_data() {
    let _seeded = seeded(&Device::default(), 1);
    let band = regression::run(800).unwrap();
    let (noise, ignorance) = (band.data_variance(), band.weight_variance());
    // Noise rises over the data; ignorance rises behind its end.
    assert!(noise[(18, 0)] > 2.0 * noise[(2, 0)], "{noise}");
    assert!(ignorance[(40, 0)] > 2.0 * ignorance[(10, 0)], "{ignorance}");
}

#[test]
fn finetuning_makes_a_trained_model_less_sure_of_what_it_never_saw() {
    let _seeded = seeded(&Device::default(), 1);
    let found = finetune::run(1_500, 12).unwrap();
    assert!(found.bayesian.1 > found.deterministic.1, "letters: {:?}, {:?}", found.bayesian, found.deterministic);
    assert!(found.bayesian.1 > found.bayesian.0);
    assert!(found.error_percent < 25.0, "{} %", found.error_percent);
}

#[cfg(feature = "train")]
#[test]
fn a_model_of_ones_own_is_trained_by_burns_learner() {
    let _seeded = seeded(&Device::default(), 1);
    let folder = tempfile::tempdir().unwrap();
    let (known, unknown) = custom_model::run(folder.path(), 1_000, 3).unwrap();
    assert!(unknown.mean_uncertainty().entropy > known.mean_uncertainty().entropy);
    assert!(known.mean_uncertainty().mutual_information > 0.0);
}

/// A protocol of a few steps.
fn short() -> Protocol {
    Protocol { pretraining_epochs: 1, warmup_epochs: 1, batch_size: 20, held_out: 60, ..Protocol::published(3) }
}

#[test]
fn lenet5_goes_on_where_it_was_interrupted() {
    let _seeded = seeded(&Device::default(), 1);
    let splits = Splits::hold_out(synthetic(200, 1), synthetic(60, 2), 60).unwrap();
    let run = || Run::new(short(), 3, &splits, Device::default().autodiff());
    let mut whole = run();
    while !whole.is_finished() {
        whole.epoch();
    }
    let expected = whole.record("whole").unwrap();
    assert_eq!(expected.epochs.len(), 3);
    let pruned = expected.at(3.0).unwrap();
    assert!(pruned.layers.iter().map(|layer| layer.sparsity.weights()).eq([500, 25_000, 400_000, 5_000]));

    let folder = tempfile::tempdir().unwrap();
    let mut first = run();
    first.epoch();
    first.epoch();
    first.save(folder.path()).unwrap();
    let mut second = run().resumed(folder.path()).unwrap();
    while !second.is_finished() {
        second.epoch();
        second.save(folder.path()).unwrap();
    }
    let found = second.record("resumed").unwrap();
    let numbers = |record: &LeNet5Record| -> Vec<(f64, f64, Option<f64>)> {
        record.epochs.iter().map(|epoch| (epoch.train_cross_entropy, epoch.kl, epoch.valid_error_percent)).collect()
    };
    assert_eq!(numbers(&found), numbers(&expected));
    assert_eq!(found.by_threshold, expected.by_threshold);
    assert_eq!(found.unpruned_test_error_percent, expected.unpruned_test_error_percent);
    // A higher threshold keeps more.
    assert!(found.by_threshold.windows(2).all(|pair| pair[0].compression >= pair[1].compression));
    assert_eq!((found.first_filters.len(), found.first_filters[0].len()), (20, 25));
    let kept = found.first_filters.iter().flatten().filter(|&&weight| weight != 0.0).count();
    assert_eq!(kept, pruned.layers[0].sparsity.kept);
    let path = folder.path().join("runs.jsonl");
    found.append(&path).unwrap();
    assert_eq!(LeNet5Record::open(&path).unwrap().0, std::slice::from_ref(&found));
    assert!(lenet5_table(std::slice::from_ref(&found)).to_string().contains("Ours, seed 3, 3 epochs"));
    std::fs::remove_file(&path).unwrap();
    // A further run goes on with the network, the seed and the count of epochs.
    let mut third = Run::started(folder.path(), 2, 5e-4, &splits, Device::default().autodiff()).unwrap();
    let epoch = third.epoch().clone();
    assert_eq!((epoch.epoch, third.seed, third.protocol.epochs_before()), (4, 3, 3));
    assert!(epoch.kl < 1.05 * found.epochs[2].kl, "{} after {}", epoch.kl, found.epochs[2].kl);
    assert_eq!((third.protocol.kl_weight(0, 10), third.protocol.learning_rate(0, 10)), (1.0, 5e-4));
    // Without images held out there is no validation error, and the record says so.
    let all = Splits::hold_out(synthetic(200, 1), synthetic(60, 2), 0).unwrap();
    let mut fourth = Run::started(folder.path(), 1, 5e-4, &all, Device::default().autodiff()).unwrap();
    assert_eq!((fourth.epoch().valid_error_percent, fourth.protocol.held_out), (None, 0));
    let record = fourth.record("all images").unwrap();
    assert_eq!((record.at(3.0).unwrap().valid_error_percent, record.train_examples), (None, 200));
    record.append(&path).unwrap();
    assert_eq!(LeNet5Record::open(&path).unwrap().0, [record]);
    std::fs::remove_file(&path).unwrap();
    // Only the newest checkpoint is kept, and another protocol does not go on from it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let other = Run::new(Protocol::published(3), 3, &splits, Device::default().autodiff());
    let message = other.resumed(folder.path()).err().unwrap().to_string();
    assert!(message.contains("name another folder"), "{message}");
}

#[test]
fn the_kl_term_warms_up_and_the_step_falls() {
    let protocol = Protocol::published(30);
    assert_eq!((protocol.kl_weight(0, 10), protocol.kl_weight(30, 10)), (0.0, 0.0));
    assert_eq!((protocol.kl_weight(55, 10), protocol.kl_weight(80, 10)), (0.5, 1.0));
    assert_eq!((protocol.learning_rate(0, 10), protocol.learning_rate(30, 10)), (1e-3, 1e-3));
    assert!(protocol.learning_rate(299, 10) > 0.0 && protocol.learning_rate(299, 10) < 1e-5);
}
