//! One layer by itself, in nobody's network: type B noise by the local reparameterization, forward, backward and the KL term, with a
//! derivative checked by a finite difference. `cargo run --example layer`

use vardrop::layers::{GaussianOutput, Layer};
use vardrop::ndarray::array;
use vardrop::noise::{NoiseSource, Rates, Sharing};

/// Runs the example.
pub fn main() -> vardrop::Result<()> {
    // Three inputs, two outputs, α = 0.25 for each weight.
    let noise = GaussianOutput { rates: Rates::new(0.25, Sharing::Weight, true, 3, 2)? };
    let layer = Layer::<f64>::new(array![[0.5, -1.0], [0.8, 0.3], [-0.4, 0.6]], array![0.1, -0.2], noise)?;
    let input = array![[1.0, 0.0, 2.0], [0.5, -1.0, 0.0]];

    // ε for every example and output; the same source gives the same draws.
    let draws = layer.draw(NoiseSource::new(1, 0), 0, input.nrows());
    let (output, tape) = layer.forward(input.view(), Some(draws.view()))?;
    println!("without noise\n{:.3}", layer.forward(input.view(), None)?.0);
    println!("with noise\n{output:.3}");

    // For the loss ½·Σ output², whose derivative with respect to the output is the output.
    let gradients = layer.backward(&tape, output.view())?;
    println!("∂loss/∂weight\n{:.3}", gradients.weight);
    println!("∂loss/∂ln α\n{:.3}", gradients.noise);
    println!("−KL(q ‖ prior) = {:.3} nats, up to a constant", layer.negative_kl());

    let loss = |layer: &Layer<f64>| -> vardrop::Result<f64> {
        let (output, _) = layer.forward(input.view(), Some(draws.view()))?;
        Ok(0.5 * output.mapv(|x| x * x).sum())
    };
    let at = |by: f64| {
        let mut moved = layer.clone();
        moved.weight[(0, 1)] += by;
        loss(&moved)
    };
    let difference = (at(1e-6)? - at(-1e-6)?) / 2e-6;
    println!("∂loss/∂weight[0, 1] = {:.6}, by a finite difference {difference:.6}", gradients.weight[(0, 1)]);
    assert!((gradients.weight[(0, 1)] - difference).abs() < 1e-6);
    Ok(())
}
