//! Sparse variational dropout from training to the compressed file: what is taken out, what stays, and that nothing else changes.

use std::ops::ControlFlow;
use std::path::Path;

use ndarray::{Array1, Array2, array};
use vardrop::data::{Digest, Identity, Source, Splits, synthetic};
use vardrop::engine::{Engine, Examples, Rows};
use vardrop::layers::{Additive, Layer, Noise, Prior};
use vardrop::network::{DropoutRates, Initialisation};
use vardrop::sparse::{SparseModel, SparseNetwork, compression, fine_tune, layer_sparsity, prune};
use vardrop::training::{Config, Model, Trainer};
use vardrop::{Method, Network};

fn splits() -> Splits {
    Splits::hold_out(synthetic(1200, 1), synthetic(333, 2), 200).unwrap()
}

/// A network of zeros and other weights, in `share` of ten of the places.
fn thinned(widths: &[usize], share: u64) -> Network {
    let (rates, initialisation) = (DropoutRates::default(), Initialisation::default());
    let mut network: Network = Network::new(Method::None, widths, rates, initialisation, 5).unwrap();
    for (index, layer) in network.layers_mut().iter_mut().enumerate() {
        for (position, weight) in layer.weight.iter_mut().enumerate() {
            let mixed = (position as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ ((index as u64) << 7)) >> 33;
            if mixed % 10 >= share {
                *weight = 0.0;
            }
        }
        layer.bias.iter_mut().enumerate().for_each(|(unit, bias)| *bias = 0.1 * (unit as f32 * 1.3).sin());
    }
    network
}

fn dense(network: &Network, splits: &Splits) -> Array2<f32> {
    let indices: Vec<usize> = (0..splits.test.len()).collect();
    let batch = Examples { dataset: &splits.test, indices: &indices };
    Engine::new(network, 100, 1).unwrap().predict(network, &batch, None).unwrap()
}

fn compressed(network: &SparseNetwork, splits: &Splits, threads: usize) -> Array2<f32> {
    let indices: Vec<usize> = (0..splits.test.len()).collect();
    network.predict(&Examples { dataset: &splits.test, indices: &indices }, threads).unwrap()
}

#[track_caller]
fn assert_close(a: &Array2<f32>, b: &Array2<f32>) {
    assert_eq!(a.dim(), b.dim());
    let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    // Sums of up to 784 products in another order, through three layers and a softmax.
    assert!(largest < 2e-5, "{largest}");
}

#[test]
fn the_compressed_network_predicts_what_the_dense_one_does() {
    let splits = splits();
    for share in [0, 1, 3, 10] {
        let network = thinned(&[784, 40, 30, 10], share);
        let sparse = SparseNetwork::new(&network).unwrap();
        let expected = dense(&network, &splits);
        for threads in [1, 2, 3] {
            assert_close(&compressed(&sparse, &splits, threads), &expected);
        }
        assert_eq!(sparse.sparsity(), layer_sparsity(&network));
        assert_eq!(sparse.widths(), [784, 40, 30, 10]);
    }
}

#[test]
fn units_that_are_constant_or_unread_are_not_computed_and_change_nothing() {
    let splits = splits();
    let mut network = thinned(&[784, 12, 9, 10], 4);
    // Constant: units 2 (of a positive bias) and 3 (of a negative one) of the first hidden layer. Unread: 5 of the second, and
    // so whatever only it reads.
    let layers = network.layers_mut();
    for unit in [2, 3] {
        layers[0].weight.column_mut(unit).fill(0.0);
    }
    (layers[0].bias[2], layers[0].bias[3]) = (0.7, -0.7);
    layers[1].weight.row_mut(2).fill(0.3);
    layers[2].weight.row_mut(5).fill(0.0);
    layers[1].weight.row_mut(7).fill(0.0);
    layers[1].weight[(7, 5)] = 1.0;
    let sparse = SparseNetwork::new(&network).unwrap();
    let units = sparse.units();
    assert!(units[1] <= 9 && units[2] <= 8 && units[0] < 784, "{units:?}");
    assert!(sparse.stored_weights() < layer_sparsity(&network).iter().map(|layer| layer.kept).sum());
    assert_close(&compressed(&sparse, &splits, 1), &dense(&network, &splits));
}

/// A layer with means 1, 0.1, 0.01 and ln σ² = 0 for each: ln α = 0, 4.6, 9.2.
fn layer() -> Layer<f64> {
    let noise = Additive { log_variance: Array2::zeros((3, 2)), prior: Prior::LogUniform, zero_above: None };
    let weight = array![[1.0, -1.0], [0.1, -0.1], [0.01, 2.0]];
    Layer::new(weight, Array1::from(vec![0.5, -0.5]), noise).unwrap()
}

#[test]
fn weights_above_the_threshold_are_taken_out_and_no_others() {
    let network = Network::from_layers(vec![layer()]).unwrap();
    for (threshold, kept) in [(-0.5, 1), (3.0, 3), (5.0, 5), (f64::MAX, 6)] {
        let pruned = prune(&network, threshold).unwrap();
        let sparsity = layer_sparsity(&pruned)[0];
        assert_eq!((sparsity.kept, sparsity.weights()), (kept, 6), "{threshold}");
        assert!((compression(&[sparsity]) - 6.0 / kept as f64).abs() < 1e-12);
        for (after, before) in pruned.layers()[0].weight.iter().zip(&network.layers()[0].weight) {
            assert!(*after == 0.0 || after == before);
        }
        assert_eq!(pruned.layers()[0].bias, network.layers()[0].bias);
        assert_eq!(pruned.layers()[0].noise, Noise::None);
    }
}

#[test]
fn what_cannot_be_pruned_is_said() {
    let network = Network::from_layers(vec![layer()]).unwrap();
    let message = |threshold| prune(&network, threshold).unwrap_err().to_string();
    assert!(message(f64::NAN).contains("threshold is NaN"));
    assert!(message(f64::INFINITY).contains("threshold is inf: expected a finite number"));
    assert!(
        message(-2.0).contains("threshold is -2") && message(-2.0).contains("smallest ln α is -1.39"),
        "{}",
        message(-2.0)
    );
    let dense = thinned(&[5, 4, 3], 10);
    let message = prune(&dense, 3.0).unwrap_err().to_string();
    assert!(message.contains("layer 0") && message.contains("--method sparse"), "{message}");
    let (rates, initialisation) = (DropoutRates::default(), Initialisation::default());
    let noisy: Network = Network::new(Method::Binary, &[5, 4, 3], rates, initialisation, 1).unwrap();
    let message = SparseNetwork::new(&noisy).unwrap_err().to_string();
    assert!(message.contains("layer 0") && message.contains("prune"), "{message}");
    let wide = Layer::dense(Array2::zeros((70_000, 1)), Array1::zeros(1)).unwrap();
    let message = SparseNetwork::new(&Network::from_layers(vec![wide]).unwrap()).unwrap_err().to_string();
    assert!(message.contains("70000") && message.contains("65536"), "{message}");
}

#[test]
fn examples_that_do_not_fit_are_refused() {
    let sparse = SparseNetwork::new(&thinned(&[5, 4, 3], 5)).unwrap();
    let inputs = Array2::zeros((2, 6));
    let error = sparse.predict(&Rows::new(inputs.view(), &[0, 1]).unwrap(), 1).unwrap_err().to_string();
    assert!(error.contains("[6]") && error.contains("[5]"), "{error}");
    let inputs = Array2::zeros((2, 5));
    let error = sparse.evaluate(&Rows::new(inputs.view(), &[0, 3]).unwrap(), 1).unwrap_err().to_string();
    assert!(error.contains("label is 3"), "{error}");
    assert!(sparse.predict(&Rows::new(inputs.view(), &[0, 1]).unwrap(), 0).is_err());
    let none = Array2::zeros((0, 5));
    assert!(
        sparse.evaluate(&Rows::new(none.view(), &[]).unwrap(), 1).unwrap_err().to_string().contains("examples is 0")
    );
}

#[test]
fn fine_tuning_trains_what_is_left_and_nothing_else() {
    let splits = splits();
    let network = thinned(&[784, 20, 10], 2);
    let mut epochs = 0;
    let config = Config::new(Method::Sparse, &[20]).batch_size(50).threads(1);
    let run = fine_tune(&network, &config, &splits, 3, 1e-2, &mut |_| {
        epochs += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(epochs > 3 && run.history.epochs.len() == 3);
    assert_eq!(layer_sparsity(&run.network), layer_sparsity(&network), "the zeros stay, and what was not 0 does too");
    let errors = |network: &Network| {
        SparseNetwork::new(network)
            .unwrap()
            .evaluate(&Examples { dataset: &splits.test, indices: &(0..333).collect::<Vec<_>>() }, 1)
            .unwrap()
            .error_percent
    };
    assert!(
        errors(&run.network) < errors(&network) - 20.0,
        "{} after, {} before",
        errors(&run.network),
        errors(&network)
    );
    for (after, before) in run.network.layers().iter().zip(network.layers()) {
        assert_ne!(after.weight, before.weight);
        assert_ne!(after.bias, before.bias);
    }
}

#[test]
fn training_makes_a_network_sparse_and_the_last_epoch_counts() {
    let splits = splits();
    let config = Config::new(Method::Sparse, &[30]).epochs(40).batch_size(20).learning_rate(3e-3).threads(1);
    let mut trainer = Trainer::new(config, &splits).unwrap();
    trainer.run(|_| ControlFlow::Continue(())).unwrap();
    let last = trainer.history().epochs.last().unwrap().clone();
    assert_eq!(trainer.best().unwrap().epoch, 40);
    assert!(
        last.sparsity[0] > 0.8 && last.test_error_percent < 40.0,
        "{:?}, {} %",
        last.sparsity,
        last.test_error_percent
    );
    let pruned = prune(trainer.best_network(), 3.0).unwrap();
    let sparsity = layer_sparsity(&pruned);
    assert!(
        (sparsity[0].percent() / 100.0 - last.sparsity[0]).abs() < 1e-9,
        "history and pruning count the same weights"
    );
    let indices: Vec<usize> = (0..splits.test.len()).collect();
    let batch = Examples { dataset: &splits.test, indices: &indices };
    let error = SparseNetwork::new(&pruned).unwrap().evaluate(&batch, 1).unwrap().error_percent;
    assert!((error - last.test_error_percent).abs() < 4.0, "{error} % pruned, {} % before", last.test_error_percent);
}

#[test]
fn a_dense_networks_weights_can_be_started_from() {
    let splits = splits();
    let config = |method| Config::new(method, &[15]).epochs(2).batch_size(50).threads(1);
    let mut dense = Trainer::new(config(Method::None), &splits).unwrap();
    dense.run(|_| ControlFlow::Continue(())).unwrap();
    let start = dense.best_network();
    let sparse = Trainer::from_weights(config(Method::Sparse), &splits, start).unwrap();
    for network in [sparse.network(), sparse.averaged()] {
        for (layer, from) in network.layers().iter().zip(start.layers()) {
            assert_eq!((&layer.weight, &layer.bias), (&from.weight, &from.bias));
            assert!(layer.log_variance().unwrap().iter().all(|&x| x == -10.0));
        }
    }
    let other = Config::new(Method::Sparse, &[16]).threads(1);
    let message = Trainer::from_weights(other, &splits, start).unwrap_err().to_string();
    assert!(message.contains("[784, 15, 10]") && message.contains("[784, 16, 10]"), "{message}");
}

fn saved(folder: &Path) -> (SparseModel, std::path::PathBuf) {
    let network = SparseNetwork::new(&thinned(&[784, 20, 15, 10], 2)).unwrap();
    let data = Identity { dataset: "synthetic", dataset_digest: Some(Digest::MNIST) };
    let model = SparseModel::new(network, &Config::new(Method::Sparse, &[20, 15]), data, 1000, 3.0, 2);
    let path = folder.join("pruned.safetensors");
    model.save(&path).unwrap();
    (model, path)
}

#[test]
fn a_pruned_network_reads_back_as_it_was_saved_and_is_no_other_model() {
    let folder = tempfile::tempdir().unwrap();
    let (model, path) = saved(folder.path());
    assert_eq!(SparseModel::open(&path).unwrap(), model);
    assert!(SparseModel::is_one(&path).unwrap());
    // Six bytes a weight, four a bias and a start, two an input, and the description.
    let weights = model.network.stored_weights() as u64;
    assert!(std::fs::metadata(&path).unwrap().len() < 6 * weights + 8 * 60 + 2 * 784 + 2000);
    let message = Model::open(&path).unwrap_err().to_string();
    assert!(message.contains("pruned network"), "{message}");
    let dense = folder.path().join("dense.safetensors");
    let splits = Splits::open(&Source::Synthetic, 100).unwrap();
    Trainer::new(Config::new(Method::None, &[5]).threads(1), &splits).unwrap().save(&dense).unwrap();
    assert!(!SparseModel::is_one(&dense).unwrap());
    let message = SparseModel::open(&dense).unwrap_err().to_string();
    assert!(message.contains("is not a pruned vardrop model"), "{message}");
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = saved(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(211) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let message = SparseModel::open(&path).unwrap_err().to_string();
        assert!(message.contains("is not a pruned vardrop model"), "{message}");
    }
    // Whatever byte is another one, the file is refused or what is read can be used.
    let splits = splits();
    for position in (0..bytes.len()).step_by(53) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x41;
        std::fs::write(&path, &damaged).unwrap();
        if let Ok(model) = SparseModel::open(&path) {
            let indices = [0, 1];
            model.network.predict(&Examples { dataset: &splits.test, indices: &indices }, 1).unwrap();
        }
    }
}
