//! Times a training step beside the same step in JAX and PyTorch and beside its matrix products alone:
//! `cargo bench --bench peers -- --help` (`make bench-peers`).
//!
//! Every contestant is a process of its own, so that none disturbs another's threads, allocator or OpenBLAS. They take turns
//! of a few steps, so that whatever else the machine does weighs on all; each figure is the median of a contestant's turns.

mod contestant;
mod products;
mod steps;
mod table;

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, Subcommand};
use vardrop::Method;
use vardrop::engine::Products as Way;

use contestant::Contestant;
use products::{Products, Split};
use steps::Steps;
use table::Row;

/// Milliseconds per training step of 784-H-H-H-10 in turns: ours, peers' and the matrix products alone.
#[derive(Parser)]
#[command(name = "peers")]
struct Options {
    /// METHOD:H:MINIBATCH, separated by commas.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "none:1024:1000,variational-a:1024:1000,variational-b:1024:1000,none:250:100,\
                         variational-a:250:100,variational-b:250:100"
    )]
    rows: Vec<Size>,
    /// Peers, separated by commas: jax, torch, torch-compiled; one that is not installed is left out.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// The Python that has the peers.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// How ours computes products, separated by commas. Against avx2 all others are held to AVX2 too. Without it: what
    /// VARDROP_PRODUCTS says, or else avx512 and avx2, where the machine has them.
    #[arg(long, value_delimiter = ',')]
    ways: Vec<Way>,
    /// Timed turns of each contestant.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The least duration of a turn in seconds.
    #[arg(long, default_value_t = 0.5)]
    turn: f64,
    /// Threads of ours and of the products; peers use every processor.
    #[arg(long, default_value_t = processors())]
    threads: usize,
    /// Append one JSON object a row to a file.
    #[arg(long)]
    out: Option<PathBuf>,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    worker: Option<Worker>,
}

/// A contestant's own process, which reads numbers of steps from its standard input and answers each with a JSON line.
#[derive(Subcommand)]
enum Worker {
    #[command(hide = true)]
    Steps { size: Size, threads: usize },
    #[command(hide = true)]
    Products { size: Size, threads: usize, split: Split },
}

/// What is trained: three hidden layers of `width` units.
#[derive(Clone, Copy)]
struct Size {
    method: Method,
    width: usize,
    batch_size: usize,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?} is not METHOD:H:MINIBATCH, such as variational-a:1024:1000");
        let [method, width, batch_size] = text.split(':').collect::<Vec<_>>().try_into().map_err(|_| expected())?;
        let number = |text: &str| text.parse().ok().filter(|&number| number > 0).ok_or_else(expected);
        let method = method.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { method, width: number(width)?, batch_size: number(batch_size)? })
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.method, self.width, self.batch_size)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    match options.worker {
        Some(Worker::Steps { size, threads }) => contestant::serve(Steps::new(size, threads)?),
        Some(Worker::Products { size, threads, split }) => contestant::serve(Products::new(size, threads, split)),
        None => compare(&options),
    }
}

fn compare(options: &Options) -> Result<(), Box<dyn Error>> {
    for way in ways(options)? {
        let mut names = Vec::new();
        for &size in &options.rows {
            let row = measure(options, way, size)?;
            if names != row.names() {
                names = row.names();
                println!("{}", row.header());
            }
            println!("{row}");
            if let Some(path) = &options.out {
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                writeln!(file, "{}", row.record())?;
            }
        }
        println!();
    }
    Ok(())
}

fn ways(options: &Options) -> Result<Vec<Way>, Box<dyn Error>> {
    if !options.ways.is_empty() {
        return Ok(options.ways.clone());
    }
    let chosen = Way::chosen()?;
    let fast = [Way::Avx512, Way::Avx2].into_iter().filter(|way| way.is_available());
    match std::env::var_os(Way::VARIABLE) {
        None if chosen != Way::DOUBLE => Ok(fast.collect()),
        _ => Ok(vec![chosen]),
    }
}

/// All contestants for one size: started, warmed up, and timed in turns.
fn measure(options: &Options, way: Way, size: Size) -> Result<Row, Box<dyn Error>> {
    let ours = ["steps", &size.to_string(), &options.threads.to_string()];
    let mut contestants = vec![Contestant::ours("ours", &ours, way)?];
    for peer in &options.peers {
        contestants.extend(Contestant::peer(&options.python, peer, &size.to_string(), way)?);
    }
    for split in Split::ALL {
        let worker = ["products", &size.to_string(), &options.threads.to_string(), split.name()];
        contestants.push(Contestant::ours(split.name(), &worker, way)?);
    }
    for contestant in &mut contestants {
        contestant.warm_up(options.turn)?;
    }
    for _ in 0..options.rounds {
        for contestant in &mut contestants {
            contestant.take_turn()?;
        }
    }
    Ok(Row::new(size, way, options.threads, contestants))
}
