//! What a network answers, and how fast, with its weights dense and, pruned, compressed.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vardrop::Method;
use vardrop::data::{Source, Splits};
use vardrop::engine::{Engine, Examples};
use vardrop::sparse::SparseNetwork;
use vardrop::training::Config;

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

criterion_group!(benches, predictions);
criterion_main!(benches);
