//! Sparse variational dropout: train, take out the weights that are noise, and compare. `cargo run --release --example sparse`

use vardrop::Method;
use vardrop::data::{Splits, synthetic};
use vardrop::engine::{Engine, Examples};
use vardrop::network::PRUNING_THRESHOLD;
use vardrop::sparse::{SparseNetwork, compression, prune};
use vardrop::training::{Config, train};

/// Runs the example.
pub fn main() -> vardrop::Result<()> {
    let splits = Splits::hold_out(synthetic(3_000, 1), synthetic(500, 2), 0)?;
    let config = Config::new(Method::Sparse, &[60, 30]).epochs(60).batch_size(50).learning_rate(3e-3).threads(1);
    let run = train(&config, &splits, |progress| println!("{progress}"))?;

    let pruned = prune(&run.network, PRUNING_THRESHOLD)?;
    let sparse = SparseNetwork::new(&pruned)?;
    for (index, layer) in sparse.sparsity().iter().enumerate() {
        println!("layer {}: {:.1} % of the weights gone", index + 1, layer.percent());
    }
    let test: Vec<usize> = (0..splits.test.len()).collect();
    let batch = Examples { dataset: &splits.test, indices: &test };
    let whole = Engine::new(&run.network, 500, 1)?.evaluate(&run.network, &batch)?;
    let left = sparse.evaluate(&batch, 1)?;
    let times = compression(&sparse.sparsity());
    println!(
        "{times:.1} times fewer weights; test error {:.1} % before, {:.1} % after",
        whole.error_percent, left.error_percent
    );
    assert!(times > 2.0 && left.error_percent < whole.error_percent + 5.0);
    Ok(())
}
