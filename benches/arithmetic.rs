//! The arithmetic of noise, on one core: standard normal and binary samples a row at a time, and the slope of the KL term.
//!
//! "Melem/s" is millions of samples a second: 1667 of them are 0.6 ns each.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use vardrop::noise::{NoiseSource, fill_binary, fill_standard_normal, negative_kl, negative_kl_slope};

fn noise(criterion: &mut Criterion) {
    let source = NoiseSource::new(1, 0);
    let mut group = criterion.benchmark_group("noise");
    // Rows as layers have them, and bulk: per sample, one key's costs are nothing then, and the row still fits the first cache.
    for width in [250, 784, 1024, 4096] {
        let mut row = vec![0f32; width];
        group.throughput(Throughput::Elements(width as u64));
        group.bench_function(BenchmarkId::new("normal", width), |bencher| {
            bencher.iter(|| fill_standard_normal(source.row(0, black_box(1)), black_box(&mut row)));
        });
        group.bench_function(BenchmarkId::new("binary", width), |bencher| {
            bencher
                .iter(|| fill_binary(source.row(0, black_box(1)), 0.5, black_box(&mut row)).expect("a rate below 1"));
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
    group.bench_function("value", |bencher| {
        bencher.iter(|| black_box(&alpha).iter().map(|&alpha| negative_kl(alpha)).sum::<f32>());
    });
}

criterion_group!(benches, noise, kl);
criterion_main!(benches);
