//! A gap in the data: the band of the predictions widens where the networks have seen nothing. One network's factorised posterior
//! says too little there (Foong et al. 2019), so eight make an ensemble. `cargo run --release --example regression` draws it.

use std::path::Path;

use vardrop::Network;
use vardrop::data::{Dataset, Splits};
use vardrop::figures::predictive_band;
use vardrop::layers::{Activation, GaussianOutput};
use vardrop::likelihood::Likelihood;
use vardrop::ndarray::Array2;
use vardrop::noise::{NoiseSource, fill_standard_normal_f64};
use vardrop::optimizer::Schedule;
use vardrop::training::{Config, Trainer};
use vardrop::uncertainty::{RegressionEnsemble, RegressionPredictive, Sampling};

/// Trains, checks the band, and writes the figure.
pub fn run(figure: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut noise = vec![0.0; 400];
    fill_standard_normal_f64(NoiseSource::new(7, 0).row(0, 0), &mut noise);
    // 200 points from −1.5 to −0.5, and 200 from 0.5 to 1.5.
    let x = Array2::from_shape_fn((400, 1), |(i, _)| (i % 200) as f64 / 200.0 + if i < 200 { -1.5 } else { 0.5 });
    let y = Array2::from_shape_fn((400, 1), |(i, _)| (4.0 * x[(i, 0)]).sin() + 0.1 * noise[i]);
    let points: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
    let data = Dataset::regression("gap", x, y)?;
    let splits = Splits::hold_out(data.clone(), data, 0)?;
    let grid: Vec<f64> = (0..=120).map(|i| -1.5 + 0.025 * f64::from(i)).collect();
    let inputs = Array2::from_shape_fn((grid.len(), 1), |(i, _)| grid[i] as f32);

    let mut ensemble = RegressionEnsemble::new(grid.len(), 1)?;
    for seed in 1..=8 {
        let noise = || GaussianOutput::learned(0.05);
        let network = Network::builder(1).dense(50, Activation::Tanh);
        let network = network.dense(50, Activation::Tanh).noise(noise()).kl_weight(0.1);
        let network = network.dense(1, Activation::Identity).noise(noise()).kl_weight(0.1);
        let network = network.likelihood(Likelihood::gaussian_learned(1)).build(seed)?;
        let config = Config::for_network(&network).epochs(300).batch_size(20).learning_rate(1e-2).averaging(0.99);
        let config = config.schedule(Schedule::Cosine, 0).seed(seed).threads(1);
        let mut trainer = Trainer::with_network(network, config, &splits)?;
        trainer.run(|_| std::ops::ControlFlow::Continue(()))?;
        let sampling = Sampling::draws(50).seed(seed).threads(1);
        ensemble.add_draws(&RegressionPredictive::of_array(trainer.averaged(), inputs.view(), sampling)?)?;
    }
    let predictive = ensemble.predictive()?;
    std::fs::write(figure, predictive_band(&grid, &predictive, &points, Some(&|x| (4.0 * x).sin())).to_png()?)?;
    let mean = |inside: &dyn Fn(f64) -> bool| {
        let chosen = grid.iter().zip(predictive.variance()).filter(|(x, _)| inside(**x));
        let (sum, count) = chosen.fold((0.0, 0.0), |(sum, count), (_, v)| (sum + v.sqrt(), count + 1.0));
        sum / count
    };
    let (on, gap) = (mean(&|x| x.abs() >= 0.5), mean(&|x| x.abs() <= 0.3));
    println!("standard deviation of a prediction: {on:.3} on the data, {gap:.3} in the gap; the data has 0.100");
    assert!(gap > 2.0 * on, "{gap}, {on}");
    Ok(())
}

/// Runs the example.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(Path::new("regression.png"))
}
