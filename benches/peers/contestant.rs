//! A process that takes timed turns: both ends of its pipe.
//!
//! It first writes a line with its name, then answers each line with a number of steps by a line with the milliseconds of one.

use std::error::Error;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};
use vardrop::engine::Products;
use vardrop::peak_memory_mib;

/// What is timed.
pub trait Timed {
    /// What it is, with its version.
    fn describe(&self) -> String;

    /// Does `steps` steps; returns the seconds they took.
    fn run(&mut self, steps: usize) -> Result<f64, Box<dyn Error>>;
}

#[derive(Serialize, Deserialize)]
struct Ready {
    ready: String,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    ms: f64,
    /// The most memory that the process has had in use so far.
    #[serde(default)]
    peak_memory_mib: Option<f64>,
}

/// The process's own end: takes turns until its standard input ends.
pub fn serve(mut timed: impl Timed) -> Result<(), Box<dyn Error>> {
    let write = |line: String| writeln!(stdout(), "{line}").and_then(|()| stdout().flush());
    write(serde_json::to_string(&Ready { ready: timed.describe() })?)?;
    for line in stdin().lines() {
        let steps = line?.trim().parse()?;
        let seconds = timed.run(steps)?;
        let answer = Answer { ms: 1e3 * seconds / steps as f64, peak_memory_mib: peak_memory_mib() };
        write(serde_json::to_string(&answer)?)?;
    }
    Ok(())
}

/// What holds the libraries of the others to AVX2: XLA, OpenBLAS, and those of PyTorch.
const HELD_TO_AVX2: [(&str, &str); 5] = [
    ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2"),
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
];

/// The other end.
pub struct Contestant {
    pub name: String,
    /// What the process said it is.
    pub description: String,
    /// Steps of a turn.
    pub steps: usize,
    /// Milliseconds per step of every timed turn.
    pub times: Vec<f64>,
    /// Of the whole process, where it tells.
    pub peak_memory_mib: Option<f64>,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Contestant {
    /// This program as a worker.
    pub fn ours(name: &str, arguments: &[&str], way: Products) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        Self::start(name, command.args(arguments), way)?.ok_or_else(|| format!("{name} did not start").into())
    }

    /// A peer's script; `None`, after a word on standard error, where what it needs is not installed.
    pub fn peer(python: &Path, peer: &str, size: &str, way: Products) -> Result<Option<Self>, Box<dyn Error>> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let mut command = Command::new(python);
        let found = Self::start(peer, command.arg(scripts.join("worker.py")).args([peer, size]), way)?;
        if found.is_none() {
            eprintln!("{peer} is left out: see benches/peers/requirements.in");
        }
        Ok(found)
    }

    fn start(name: &str, command: &mut Command, way: Products) -> Result<Option<Self>, Box<dyn Error>> {
        command.env(Products::VARIABLE, way.name());
        if way == Products::Avx2 {
            command.envs(HELD_TO_AVX2);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        if output.read_line(&mut line)? == 0 {
            child.wait()?;
            return Ok(None);
        }
        let description = serde_json::from_str::<Ready>(&line)?.ready;
        Ok(Some(Self {
            name: name.to_owned(),
            description,
            steps: 2,
            times: Vec::new(),
            peak_memory_mib: None,
            child,
            input,
            output,
        }))
    }

    /// Compiles, fills caches and settles how many steps a turn of `seconds` has.
    pub fn warm_up(&mut self, seconds: f64) -> Result<(), Box<dyn Error>> {
        self.turn()?;
        let estimate = self.turn()?;
        self.steps = (1e3 * seconds / estimate).ceil().clamp(3.0, 1000.0) as usize;
        // Once more: JAX compiles anew for another number of steps.
        self.turn()?;
        Ok(())
    }

    pub fn take_turn(&mut self) -> Result<(), Box<dyn Error>> {
        let ms = self.turn()?;
        self.times.push(ms);
        Ok(())
    }

    fn turn(&mut self) -> Result<f64, Box<dyn Error>> {
        writeln!(self.input.as_mut().expect("open until dropped"), "{}", self.steps)?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("{} ended in a turn of {} steps", self.description, self.steps).into());
        }
        let answer: Answer = serde_json::from_str(&line)?;
        self.peak_memory_mib = answer.peak_memory_mib;
        Ok(answer.ms)
    }

    /// The median of the timed turns.
    pub fn median(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        let middle = times.len() / 2;
        if times.len() % 2 == 1 { times[middle] } else { (times[middle - 1] + times[middle]) / 2.0 }
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        // The end of its input is the sign to leave.
        self.input = None;
        let _ = self.child.wait();
    }
}
