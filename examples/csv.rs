//! A table from a CSV file: train on it, and predict with intervals in the table's own units. `cargo run --release --example csv`
//! makes up a table; `cargo run --release --example csv houses.csv price` reads yours, and predicts the column `price`.

use std::path::Path;

use vardrop::Method;
use vardrop::data::csv::CsvOptions;
use vardrop::layers::Activation;
use vardrop::likelihood::Family;
use vardrop::network::Initialisation;
use vardrop::training::{Config, train};
use vardrop::uncertainty::{RegressionPredictive, Sampling};

/// A thousand made-up houses: the price rises with the area, falls with the age, and is scattered by 20.
pub fn made_up(path: &Path) -> std::io::Result<()> {
    let random = |i: usize, k: usize| ((i as f64 * 12.9898 + k as f64).sin() * 43_758.545).rem_euclid(1.0);
    let row = |i: usize| {
        let (area, age, north) = (40.0 + 160.0 * random(i, 1), 80.0 * random(i, 2), random(i, 3) < 0.5);
        let scatter: f64 = (0..12).map(|k| random(i, 10 + k)).sum::<f64>() - 6.0;
        let price = area * (3.0 - 0.02 * age) + if north { 80.0 } else { 0.0 } + 20.0 * scatter;
        format!("{area:.1},{age:.0},{},{price:.1}", if north { "north" } else { "south" })
    };
    let rows: Vec<String> = (0..1_000).map(row).collect();
    std::fs::write(path, format!("area,age,side,price\n{}\n", rows.join("\n")))
}

/// Trains on a table and predicts its test rows.
pub fn run(path: &Path, target: &str) -> vardrop::Result<()> {
    let splits = CsvOptions::default().target([target]).open(path, 100, None)?.standardised()?;
    println!("features {:?}", splits.recipe().expect("the data is a table").feature_names());
    let config = Config::new(Method::VariationalB, &[50, 50]).activation(Activation::Tanh).likelihood(Family::Gaussian);
    let mut config =
        config.epochs(100).batch_size(32).averaging(0.99).initialisation(Initialisation::Uniform).threads(1);
    // Few rows have no noise to spare: the rates start small.
    (config.protocol.input_rate, config.protocol.hidden_rate) = (0.01, 0.01);
    let run = train(&config, &splits, |_| ())?;

    let scale = splits.test.standardisation().expect("standardised above").targets[0];
    let predictive = RegressionPredictive::of_dataset(&run.network, &splits.test, Sampling::draws(100).threads(1))?;
    let predictive = predictive.in_units(&[scale.mean], &[scale.scale])?;
    let truth = splits.test.values().expect("real targets").mapv(|value| scale.undo(value));
    let (low, high) = predictive.intervals(0.9)?;
    for ((mean, true_value), (low, high)) in predictive.mean().iter().zip(&truth).zip(low.iter().zip(&high)).take(5) {
        println!("{target} {mean:.1}, 90 % from {low:.1} to {high:.1}; in truth {true_value:.1}");
    }
    println!("{}", predictive.scores(truth.view(), &[0.5, 0.9])?.table());
    Ok(())
}

/// Runs the example.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let [path, target] = &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        return Ok(run(Path::new(path), target)?);
    }
    let path = std::env::temp_dir().join(format!("vardrop-houses-{}.csv", std::process::id()));
    made_up(&path)?;
    let result = run(&path, "price");
    std::fs::remove_file(&path)?;
    Ok(result?)
}
