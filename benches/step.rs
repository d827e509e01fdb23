//! A training step (gradient and Adam with averaging) of each method, and a gradient by each estimator, on all processors.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vardrop::Method;
use vardrop::data::{Dataset, Source, Splits};
use vardrop::engine::{Engine, Examples};
use vardrop::network::Network;
use vardrop::noise::NoiseSource;
use vardrop::optimizer::Optimizer;
use vardrop::training::Config;
use vardrop::variance::{Estimator, GradientSampler};

/// One network in training, on as many threads as the machine has processors.
struct Training<'a> {
    config: Config,
    dataset: &'a Dataset,
    indices: Vec<usize>,
    network: Network,
    optimizer: Optimizer,
    engine: Engine,
}

impl<'a> Training<'a> {
    fn new(dataset: &'a Dataset, method: Method, width: usize, batch_size: usize) -> Self {
        let config = Config::new(method, &[width; 3]).batch_size(batch_size);
        let network = config.network(dataset.inputs(), dataset.classes()).expect("a valid shape");
        let optimizer = Optimizer::new(&network, config.optimizer_settings()).expect("default settings");
        let engine = Engine::new(&network, batch_size, config.threads).expect("a valid engine");
        // Far apart, as the rows of a shuffled minibatch are.
        let indices = (0..batch_size).map(|i| i * 7919 % dataset.len()).collect();
        Self { config, dataset, indices, network, optimizer, engine }
    }

    fn step(&mut self) {
        let batch = Examples { dataset: self.dataset, indices: &self.indices };
        let source = NoiseSource::new(1, self.optimizer.steps());
        let objective = self.config.objective(self.dataset.len(), 0.0);
        self.engine.gradient(&self.network, &batch, source, objective).expect("a minibatch of the engine's shape");
        self.optimizer.step(&mut self.network, &mut self.engine, 1.0).expect("the network's own optimizer");
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

criterion_group!(benches, steps, estimators);
criterion_main!(benches);
