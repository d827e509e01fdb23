//! Models come back as they were saved: every method, names and numbers at their extremes. What could not be read back is not written, and
//! what stood in its place stays.

use std::fs;

use crate::Place;
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use vardrop::data::{Dataset, Digest, Identity, Splits};
use vardrop::engine::Examples;
use vardrop::layers::{Activation, Layer};
use vardrop::network::{DropoutRates, Initialisation};
use vardrop::sparse::{SparseModel, SparseNetwork, prune};
use vardrop::training::{Config, Model, ModelInfo, Trainer};
use vardrop::{Method, Network};

/// Images of 2 × 3 pixels.
fn splits(name: &str, held_out: usize) -> Splits {
    let dataset = |examples: usize| {
        let labels = (0..examples).map(|example| (example * 7 % 10) as u8).collect();
        let pixels = Array2::from_shape_fn((examples, 6), |(example, pixel)| (example * 53 + pixel * 31) as u8);
        Dataset::new(name, pixels, labels, 2, 3).unwrap()
    };
    Splits::hold_out(dataset(12 + held_out), dataset(5), held_out).unwrap()
}

fn weight() -> impl Strategy<Value = f32> {
    let extremes = vec![0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, -1e-45];
    prop_oneof![3 => -1.0f32..1.0, 1 => prop::sample::select(extremes)]
}

/// Dense layers without noise, of these widths.
fn network(widths: &[usize], weights: &[f32]) -> Network {
    let mut values = weights.iter().copied().cycle();
    let layers = widths.windows(2).map(|pair| {
        let weight = Array2::from_shape_simple_fn((pair[0], pair[1]), || values.next().unwrap());
        let bias = Array1::from_shape_simple_fn(pair[1], || values.next().unwrap());
        Layer::dense(weight, bias).unwrap().activation(Activation::Relu)
    });
    Network::from_layers(layers.collect()).unwrap()
}

fn bits(network: &Network) -> Vec<Vec<u32>> {
    network.parameters().iter().map(|(_, values)| values.iter().map(|value| value.to_bits()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_model_comes_back_to_the_last_bit(
        method in prop::sample::select(Method::ALL.to_vec()),
        hidden in prop::collection::vec(1usize..6, 1..4),
        weights in prop::collection::vec(weight(), 7..60),
        name in any::<String>(),
        seed in any::<u64>(),
        learning_rate in prop::sample::select(vec![1.2e-38, 1.0 / 3.0, 3.4e38]),
        held_out in 0usize..3,
    ) {
        let (place, splits) = (Place::new("model.safetensors"), splits(&name, held_out));
        let mut config = Config::new(method, &hidden).epochs(2).batch_size(5).seed(seed).threads(1);
        config.protocol.learning_rate = learning_rate;
        config.protocol.start = Some(name.clone());
        let widths: Vec<usize> = [6].into_iter().chain(hidden).chain([10]).collect();
        let trainer = Trainer::from_weights(config, &splits, &network(&widths, &weights)).unwrap();
        trainer.save(&place.path).unwrap();
        let bytes = fs::read(&place.path).unwrap();
        let model = Model::open(&place.path).unwrap();
        prop_assert_eq!(bits(&model.network), bits(trainer.best_network()));
        prop_assert_eq!((&model.info.config, &*model.info.dataset), (trainer.config(), &*name));
        prop_assert_eq!(&ModelInfo::open(&place.path).unwrap(), &model.info);
        let resumed = Trainer::resume(&place.path, &splits, None).unwrap();
        prop_assert_eq!(bits(resumed.network()), bits(trainer.network()));
        resumed.save(&place.path).unwrap();
        // The metadata is a map without an order.
        let same = |bytes: &[u8]| { let mut bytes = bytes.to_vec(); bytes.sort_unstable(); bytes };
        prop_assert_eq!(same(&fs::read(&place.path).unwrap()), same(&bytes));
        let path = place.path.with_extension("exported");
        trainer.export(&path).unwrap();
        let exported = Model::open(&path).unwrap();
        prop_assert_eq!(bits(&exported.network), bits(&model.network));
        let message = Trainer::resume(&path, &splits, None).unwrap_err().to_string();
        prop_assert!(message.contains("exported model"), "{message}");
    }

    #[test]
    fn a_pruned_model_comes_back_to_the_last_bit(
        hidden in prop::collection::vec(1usize..6, 0..4),
        weights in prop::collection::vec(prop_oneof![2 => Just(0.0), 1 => weight()], 1..60),
        name in any::<String>(),
        threshold in prop_oneof![any::<f64>().prop_filter("finite", |x| x.is_finite()), Just(f64::MAX), Just(-0.0)],
    ) {
        let place = Place::new("model.safetensors");
        let widths: Vec<usize> = [6].into_iter().chain(hidden.clone()).chain([10]).collect();
        // Biases that are folded into others may become too large.
        let small: Vec<f32> = weights.iter().map(|weight| weight.clamp(-1e3, 1e3)).collect();
        let network = SparseNetwork::new(&network(&widths, &small)).unwrap();
        let data = Identity { dataset: &name, dataset_digest: (threshold > 0.0).then_some(Digest::MNIST) };
        let model = SparseModel::new(network, &Config::new(Method::Sparse, &hidden), data, 7, threshold, 0);
        model.save(&place.path).unwrap();
        let read = SparseModel::open(&place.path).unwrap();
        prop_assert_eq!(&read, &model);
        prop_assert!(SparseModel::is_one(&place.path).unwrap());
        let splits = splits("tiny", 0);
        let batch = Examples { dataset: &splits.test, indices: &[0, 1, 2, 3, 4] };
        prop_assert_eq!(read.network.predict(&batch, 1).unwrap(), model.network.predict(&batch, 1).unwrap());
    }
}

#[test]
fn a_model_with_a_number_that_is_not_finite_leaves_what_is_there_as_it_was() {
    let (place, splits) = (Place::new("model.safetensors"), splits("tiny", 2));
    let config = Config::new(Method::None, &[3]).epochs(2).batch_size(5).threads(1);
    Trainer::new(config.clone(), &splits).unwrap().save(&place.path).unwrap();
    let before = fs::read(&place.path).unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        let trainer = Trainer::from_weights(config.clone(), &splits, &network(&[6, 3, 10], &[0.5, bad])).unwrap();
        for written in [trainer.save(&place.path), trainer.export(&place.path)] {
            let message = written.unwrap_err().to_string();
            assert!(message.contains("layers.0.weight holds a number that is not finite"), "{message}");
        }
        assert_eq!(fs::read(&place.path).unwrap(), before);
    }
}

#[test]
fn a_pruned_model_with_a_number_that_is_not_finite_leaves_what_is_there_as_it_was() {
    let place = Place::new("model.safetensors");
    fs::write(&place.path, "before").unwrap();
    let (rates, initialisation) = (DropoutRates::default(), Initialisation::default());
    let network: Network = Network::new(Method::Sparse, &[6, 3, 10], rates, initialisation, 1).unwrap();
    let sparse = SparseNetwork::new(&prune(&network, -1.0).unwrap()).unwrap();
    let (config, data) = (Config::new(Method::Sparse, &[3]), Identity { dataset: "tiny", dataset_digest: None });
    for threshold in [f64::NAN, f64::INFINITY] {
        let model = SparseModel::new(sparse.clone(), &config, data, 7, threshold, 0);
        let message = model.save(&place.path).unwrap_err().to_string();
        assert!(message.contains(&format!("number for JSON is {threshold} at threshold")), "{message}");
    }
    // 1e38 · 1e38, which goes into the next layer's bias.
    let mut layers = self::network(&[6, 1, 10], &[0.0]).layers().to_vec();
    layers[0].bias.fill(1e38);
    layers[1].weight.fill(1e38);
    let sparse = SparseNetwork::new(&Network::from_layers(layers).unwrap()).unwrap();
    let message = SparseModel::new(sparse, &config, data, 7, 3.0, 0).save(&place.path).unwrap_err().to_string();
    assert!(message.contains("layer 1 holds a number that is not finite"), "{message}");
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "before");
}
