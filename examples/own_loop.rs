//! A training loop of one's own: an engine, an optimizer, and six lines. `cargo run --release --example own_loop`

use vardrop::Network;
use vardrop::data::{Splits, synthetic};
use vardrop::engine::{Engine, Examples, Objective};
use vardrop::layers::{Activation, GaussianInput};
use vardrop::noise::NoiseSource;
use vardrop::optimizer::{AdamSettings, Optimizer};

/// Runs the example.
pub fn main() -> vardrop::Result<()> {
    let splits = Splits::hold_out(synthetic(2_000, 1), synthetic(500, 2), 0)?;
    let mut network: Network = Network::builder(784)
        .dense(100, Activation::Relu)
        .noise(GaussianInput::learned(0.2))
        .dense(10, Activation::Identity)
        .noise(GaussianInput::learned(0.5))
        .build(1)?;
    let mut engine = Engine::new(&network, 50, 1)?;
    let mut optimizer = Optimizer::new(&network, AdamSettings { averaging: 0.99, ..AdamSettings::default() })?;
    let objective = Objective { kl_weight: 1.0, examples: splits.train.len() };
    let all: Vec<usize> = (0..splits.train.len()).collect();

    for _epoch in 0..5 {
        for indices in all.chunks(50) {
            let batch = Examples { dataset: &splits.train, indices };
            engine.gradient(&network, &batch, NoiseSource::new(1, optimizer.steps()), objective)?;
            optimizer.step(&mut network, &mut engine, 1.0)?;
        }
    }

    let test: Vec<usize> = (0..splits.test.len()).collect();
    let found = engine.evaluate(optimizer.averaged(), &Examples { dataset: &splits.test, indices: &test })?;
    println!("test error {:.1} %, cross-entropy {:.3} nats", found.error_percent, found.cross_entropy);
    assert!(found.error_percent < 30.0);
    Ok(())
}
