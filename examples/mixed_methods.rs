//! A network whose layers differ: variational dropout A on the input, B above, each with its own weight of the KL term, tanh
//! between them. `cargo run --release --example mixed_methods`

use vardrop::Network;
use vardrop::data::{Splits, synthetic};
use vardrop::layers::{Activation, GaussianInput, GaussianOutput};
use vardrop::training::{Config, Trainer};
use vardrop::uncertainty::{Predictive, Sampling};

/// Runs the example.
pub fn main() -> vardrop::Result<()> {
    let splits = Splits::hold_out(synthetic(2_000, 1), synthetic(500, 2), 200)?;
    let network: Network = Network::builder(784)
        .dense(100, Activation::Tanh)
        .noise(GaussianInput::learned(0.2))
        .dense(50, Activation::Tanh)
        .noise(GaussianOutput::learned(0.3))
        .kl_weight(0.5)
        .dense(10, Activation::Identity)
        .noise(GaussianOutput::learned(0.3))
        .kl_weight(0.1)
        .build(1)?;

    let config = Config::for_network(&network).epochs(10).batch_size(50).learning_rate(1e-3).averaging(0.99).threads(1);
    let mut trainer = Trainer::with_network(network, config, &splits)?;
    trainer.run(|progress| {
        println!("{progress}");
        std::ops::ControlFlow::Continue(())
    })?;

    let network = trainer.best_network();
    for (layer, alpha) in network.layers().iter().zip(network.alpha_statistics()) {
        println!("{}: mean α {:.3}", layer.noise.description(), alpha.mean);
    }
    let predictive = Predictive::of_dataset(network, &splits.test, Sampling::draws(20).threads(1))?;
    let calibration = predictive.calibration(splits.test.labels(), 15)?;
    println!("20 drawn networks: test error {:.1} %", calibration.error_percent);
    assert!(calibration.error_percent < 30.0);
    Ok(())
}
