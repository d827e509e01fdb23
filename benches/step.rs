//! A training step (gradient and Adam with averaging) of each method, a gradient by each estimator, and the noise and KL
//! arithmetic in them; and what a network answers with its weights dense and, pruned, compressed.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vardrop::Method;
use vardrop::data::{Dataset, Source, Splits};
use vardrop::engine::{Engine, Examples};
use vardrop::network::Network;
use vardrop::noise::{NoiseSource, fill_binary, fill_standard_normal, negative_kl_slope};
use vardrop::optimizer::Adam;
use vardrop::sparse::SparseNetwork;
use vardrop::training::Config;
use vardrop::variance::{Estimator, GradientSampler};

/// One network in training, on as many threads as the machine has processors.
struct Training<'a> {
    config: Config,
    dataset: &'a Dataset,
    indices: Vec<usize>,
    network: Network,
    adam: Adam,
    engine: Engine,
}

impl<'a> Training<'a> {
    fn new(dataset: &'a Dataset, method: Method, width: usize, batch_size: usize) -> Self {
        let config = Config::new(method, &[width; 3]).batch_size(batch_size);
        let network = config.network(dataset.inputs(), dataset.classes()).expect("a valid shape");
        let adam = Adam::new(&network, config.adam()).expect("default settings");
        let engine = Engine::new(&network, batch_size, config.threads).expect("a valid engine");
        // Far apart, as the rows of a shuffled minibatch are.
        let indices = (0..batch_size).map(|i| i * 7919 % dataset.len()).collect();
        Self { config, dataset, indices, network, adam, engine }
    }

    fn step(&mut self) {
        let batch = Examples { dataset: self.dataset, indices: &self.indices };
        let source = NoiseSource::new(1, self.adam.steps());
        let objective = self.config.objective(self.dataset.len(), 0.0);
        self.engine.gradient(&self.network, &batch, source, objective).expect("a minibatch of the engine's shape");
        self.engine.step(&mut self.network, &mut self.adam, 1.0);
    }
}

fn steps(criterion: &mut Criterion) {
    let splits = Splits::open(&Source::Synthetic, 0).expect("embedded data");
    let sizes: [(usize, usize, &[Method]); 2] =
        [(250, 100, &Method::ALL), (1024, 1000, &[Method::None, Method::VariationalA, Method::VariationalB])];
    for (width, batch_size, methods) in sizes {
        let mut group = criterion.benchmark_group(format!("step/{width}/{batch_size}"));
        group.sample_size(if width > 500 { 10 } else { 50 }).throughput(Throughput::Elements(batch_size as u64));
        for &method in methods {
            let mut training = Training::new(&splits.train, method, width, batch_size);
            group.bench_function(method.name(), |bencher| bencher.iter(|| training.step()));
        }
    }
}

fn estimators(criterion: &mut Criterion) {
    let splits = Splits::open(&Source::Synthetic, 0).expect("embedded data");
    let training = Training::new(&splits.train, Method::VariationalB, 250, 100);
    let threads = training.config.threads;
    let mut sampler =
        GradientSampler::new(training.network, splits.train.len(), 100, threads).expect("a valid sampler");
    let batch = Examples { dataset: &splits.train, indices: &training.indices };
    let mut group = criterion.benchmark_group("gradient/250/100");
    group.throughput(Throughput::Elements(100));
    for estimator in Estimator::ALL {
        let mut draw = 0;
        group.bench_function(estimator.name(), |bencher| {
            bencher.iter(|| {
                draw += 1;
                let gradients = sampler.draw(estimator, &batch, NoiseSource::new(1, draw)).expect("a valid minibatch");
                black_box(gradients[0][(0, 0)])
            });
        });
    }
}

fn noise(criterion: &mut Criterion) {
    let source = NoiseSource::new(1, 0);
    let mut group = criterion.benchmark_group("noise");
    for width in [250, 784, 1024] {
        let mut row = vec![0f32; width];
        group.throughput(Throughput::Elements(width as u64));
        group.bench_function(BenchmarkId::new("normal", width), |bencher| {
            bencher.iter(|| fill_standard_normal(source.row(0, black_box(1)), black_box(&mut row)));
        });
        group.bench_function(BenchmarkId::new("binary", width), |bencher| {
            bencher.iter(|| fill_binary(source.row(0, black_box(1)), 0.5, black_box(&mut row)));
        });
    }
}

fn kl(criterion: &mut Criterion) {
    let alpha: Vec<f32> = (1..=1024).map(|k| k as f32 / 1024.0).collect();
    let mut group = criterion.benchmark_group("kl");
    group.throughput(Throughput::Elements(alpha.len() as u64));
    group.bench_function("slope", |bencher| {
        bencher.iter(|| black_box(&alpha).iter().map(|&alpha| negative_kl_slope(alpha)).fold(0.0, f32::max));
    });
}

/// 10,000 images through LeNet-300-100 on one thread, of whose weights one in 68 is left, wherever it is.
fn predictions(criterion: &mut Criterion) {
    let splits = Splits::open(&Source::Synthetic, 0).expect("embedded data");
    let config = Config::new(Method::None, &[300, 100]);
    let mut network = config.network(784, 10).expect("a valid shape");
    for layer in network.layers_mut() {
        let mut position = 0u32;
        layer.weight.map_inplace(|weight| {
            position = position.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if !(position >> 16).is_multiple_of(68) {
                *weight = 0.0;
            }
        });
    }
    let indices: Vec<usize> = (0..10_000).map(|i| i % splits.train.len()).collect();
    let batch = Examples { dataset: &splits.train, indices: &indices };
    let mut engine = Engine::new(&network, 500, 1).expect("a valid engine");
    let sparse = SparseNetwork::new(&network).expect("a network without noise");
    let mut group = criterion.benchmark_group("predict/300-100/10000");
    group.sample_size(20).throughput(Throughput::Elements(10_000));
    group.bench_function("dense", |bencher| bencher.iter(|| engine.predict(&network, &batch, None)));
    group.bench_function("pruned", |bencher| bencher.iter(|| sparse.predict(&batch, 1)));
}

criterion_group!(benches, steps, estimators, noise, kl, predictions);
criterion_main!(benches);
