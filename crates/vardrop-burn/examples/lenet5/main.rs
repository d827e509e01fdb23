//! LeNet-5 on MNIST, as sparse as Molchanov, Ashukha & Vetrov (2017, table 1) make it: 0.75 % test error with 280 times fewer
//! weights.
//!
//!     cargo run --release -p vardrop-burn --example lenet5 -- --epochs 30 --checkpoints models/lenet5 \
//!         --record results/lenet5/runs.jsonl
//!
//! `--start FOLDER` goes on with the network of another run's checkpoints, with a step size (`--learning-rate`) that falls anew.
//! A run that was interrupted goes on from its last epoch when it is started again. `--held-out 0` trains on all images.
//! `--synthetic N` trains on N of the crate's own digits, which needs no MNIST. With `--zero-above 3` it trains as the authors' code
//! does, which sets the mean of weights of more noise to 0.

mod model;
mod protocol;
mod run;

use std::path::PathBuf;

use burn::tensor::Device;
use protocol::Protocol;
use run::{Outcome, Run};
use vardrop::data::{Splits, mnist, synthetic};
use vardrop::sparse::lenet5_table;

/// glibc's allocator gives the memory of large tensors back to the system after every operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Arguments {
    epochs: usize,
    seed: Option<u64>,
    checkpoints: Option<PathBuf>,
    record: Option<PathBuf>,
    zero_above: Option<f64>,
    start: Option<PathBuf>,
    learning_rate: f64,
    held_out: Option<usize>,
    synthetic: Option<usize>,
}

fn arguments() -> Outcome<Arguments> {
    let mut found = Arguments {
        epochs: 30,
        seed: None,
        checkpoints: None,
        record: None,
        zero_above: None,
        start: None,
        learning_rate: 1e-3,
        held_out: None,
        synthetic: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} has no value"))?;
        match name.as_str() {
            "--epochs" => found.epochs = value.parse()?,
            "--seed" => found.seed = Some(value.parse()?),
            "--checkpoints" => found.checkpoints = Some(value.into()),
            "--record" => found.record = Some(value.into()),
            "--zero-above" => found.zero_above = Some(value.parse()?),
            "--start" => found.start = Some(value.into()),
            "--learning-rate" => found.learning_rate = value.parse()?,
            "--held-out" => found.held_out = Some(value.parse()?),
            "--synthetic" => found.synthetic = Some(value.parse()?),
            _ => {
                let known = "--epochs, --seed, --checkpoints, --record, --zero-above, --start, --learning-rate, --held-out, --synthetic";
                return Err(format!("argument is {name}: expected one of {known}").into());
            }
        }
    }
    if found.start.is_some() && (found.seed.is_some() || found.zero_above.is_some()) {
        return Err(
            "--start has the seed and the protocol of the run that it goes on from: leave out --seed and --zero-above"
                .into(),
        );
    }
    Ok(found)
}

/// An error in percent, or a dash where no images were held out.
fn percent(error: Option<f64>) -> String {
    error.map_or("–".to_owned(), |error| format!("{error:.2}"))
}

fn main() -> Outcome<()> {
    let arguments = arguments()?;
    let Arguments { epochs, zero_above, learning_rate, .. } = arguments;
    let mut protocol = Protocol { zero_above, learning_rate, ..Protocol::published(epochs) };
    let (train, test) = match arguments.synthetic {
        None => mnist::open(&mnist::MNIST)?,
        Some(images) => {
            protocol.held_out = images / 4;
            (synthetic(images, 1), synthetic(images / 4, 2))
        }
    };
    protocol.held_out = arguments.held_out.unwrap_or(protocol.held_out);
    let splits = Splits::hold_out(train, test, protocol.held_out)?;
    let device = Device::default().autodiff();
    let mut run = match &arguments.start {
        Some(folder) => Run::started(folder, epochs, learning_rate, &splits, device)?,
        None => Run::new(protocol, arguments.seed.unwrap_or(1), &splits, device),
    };
    if let Some(folder) = &arguments.checkpoints {
        run = run.resumed(folder)?;
    }
    while !run.is_finished() {
        let epoch = run.epoch();
        let layers: Vec<String> = epoch.sparsity.iter().map(|pruned| format!("{:.1}", 100.0 * pruned)).collect();
        println!(
            "epoch {:3}: {:6.1} s, cross-entropy {:.4}, validation error {} %, pruned {} % at {:.1} times ({} % gone)",
            epoch.epoch,
            epoch.seconds,
            epoch.train_cross_entropy,
            percent(epoch.valid_error_percent),
            percent(epoch.pruned_valid_error_percent),
            epoch.compression,
            layers.join(", "),
        );
        if let Some(folder) = &arguments.checkpoints {
            run.save(folder)?;
        }
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let record = run.record(format!("cargo run --release -p vardrop-burn --example lenet5 -- {}", words.join(" ")))?;
    println!("{}", lenet5_table(std::slice::from_ref(&record)));
    if let Some(path) = &arguments.record {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        record.append(path)?;
    }
    Ok(())
}
