//! `vardrop sweep`: trains the networks of a plan.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use vardrop::experiment::{Estimate, Sweep, SweepEvent, SweepPlan};
use vardrop::training::{Best, Config};
use vardrop::{Cell, Result, Table, significant};

/// The exit code of an interrupted command, as a shell's.
const INTERRUPTED: u8 = 130;

/// Train the networks of a plan, and continue an earlier sweep
///
/// Each finished network has its record in a file of its own in the sweep's folder, and is not trained again. An unfinished one has
/// a checkpoint. So you may interrupt or kill a sweep and start it again, and several processes may share a folder. `vardrop report
/// figure1 FOLDER` reads it.
///
/// On many machines, a sweep is an array of jobs: `--count` prints their number, and each job runs `--task I`. The folder deploy/ has
/// this for Slurm and Kubernetes. After SIGTERM or Ctrl-C, every network writes a checkpoint at its next step.
///
/// Example: vardrop sweep experiments/figure1.toml --jobs 2
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The plan: a TOML file with a [protocol] and one or more [[grid]]
    plan: PathBuf,
    /// Folder for the records [default: results/NAME for NAME.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Networks to train at the same time, one thread each [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Train only network number I of the plan, counted from 0
    #[arg(long, value_name = "I", conflicts_with_all = ["dry_run", "jobs"])]
    task: Option<usize>,
    /// Print how many networks the plan has, and do nothing else
    #[arg(long, conflicts_with_all = ["out", "jobs", "task", "dry_run"])]
    count: bool,
    /// Report what is left to do and how long it would take here, measured with a few steps of each network, and train nothing. The
    /// first steps of a network are its slowest, so a sweep takes somewhat less
    #[arg(long)]
    dry_run: bool,
    /// Write a checkpoint at the end of an epoch if the last one is at least S seconds old
    #[arg(long, value_name = "S", default_value_t = 20)]
    checkpoint_seconds: u64,
    /// Train a network from the beginning if its checkpoint is damaged or belongs to another training
    #[arg(long)]
    force: bool,
}

impl SweepArgs {
    /// Sweeps; 0 where every network has its record, 1 where one failed or is left, 130 where an interrupt stopped it.
    pub fn run(self) -> Result<ExitCode> {
        let plan = SweepPlan::open(&self.plan)?;
        if self.count {
            super::print(&plan.networks().len().to_string())?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(task) = self.task {
            plan.network(task)?;
        }
        let name = self.plan.file_stem().unwrap_or_default();
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from("results").join(name));
        let splits = plan.open_data()?;
        super::warn(&splits);
        let mut sweep = Sweep::new(&plan, &splits, &out)?;
        sweep.jobs = self.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
        sweep.checkpoint_every = Duration::from_secs(self.checkpoint_seconds);
        sweep.command = super::train::command_line();
        sweep.force = self.force;
        let mut claims = super::claims(self.force, plan.data());
        claims.reads("the plan", &self.plan);
        for file in sweep.files() {
            claims.owns("out", file)?;
        }
        super::tell_of_torn(sweep.records()?.torn());
        if let Some(machines) = sweep.mixture()? {
            super::note(&format!(
                "note: with this machine's, the networks in {} are from {machines}: they agree with those of one machine to rounding, \
                 and not bit for bit",
                out.display()
            ));
        }
        if self.dry_run {
            return estimate(&sweep);
        }
        let stop = super::train::stop_at_interrupt()?;
        let all = if self.task.is_some() { 1 } else { sweep.left()?.len() };
        let progress = Display::new(&plan, all);
        let observer = |index: usize, event: SweepEvent<'_>| progress.show(index, event);
        let end = match self.task {
            Some(task) => sweep.run_task(task, &stop, &observer)?,
            None => sweep.run(&stop, &observer)?,
        };
        progress.clear();
        super::note(&format!(
            "{} networks have their record in {}, {} failed, {} are left",
            end.finished,
            out.display(),
            end.failed,
            end.left
        ));
        Ok(match end {
            end if end.failed + end.left == 0 => ExitCode::SUCCESS,
            _ if stop.load(Ordering::SeqCst) => ExitCode::from(INTERRUPTED),
            _ => ExitCode::FAILURE,
        })
    }
}

fn estimate(sweep: &Sweep<'_>) -> Result<ExitCode> {
    let estimates = sweep.estimate()?;
    let mut table =
        Table::new(["Method", "Hidden layers", "Protocol", "Epochs", "Networks", "Left", "Under way", "Minutes each"]);
    for estimate in &estimates {
        let hidden = estimate.hidden.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let minutes = (estimate.left > 0).then(|| Cell::number(estimate.seconds / 60.0, 2));
        let (protocol, epochs) = (estimate.protocol.hash(), estimate.protocol.epochs);
        let Estimate { networks, left, under_way, .. } = *estimate;
        table.push((estimate.method, hidden, protocol, epochs, networks, left, under_way, minutes));
    }
    super::print(table.to_string().trim_end())?;
    let mut hashes: Vec<String> = Vec::new();
    for hash in sweep.networks().iter().map(|config| config.protocol.hash()) {
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    super::print(&format!("protocol {}, tasks 0 to {}", hashes.join(", "), sweep.networks().len() - 1))?;
    let sum = |count: fn(&Estimate) -> usize| estimates.iter().map(count).sum::<usize>();
    let (networks, left, under_way) = (sum(|e| e.networks), sum(|e| e.left), sum(|e| e.under_way));
    let begun = if under_way > 0 { format!(", {under_way} of them under way") } else { String::new() };
    let seconds = sweep.seconds_left(&estimates);
    super::print(&format!(
        "{left} of {networks} networks are left{begun}: about {} on {} at a time, if validation stops none of them earlier",
        indicatif::HumanDuration(Duration::from_secs_f64(seconds.ceil())),
        sweep.jobs
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// How often a running network has a line where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// Every running network: with a bar of its own on a terminal, else with a line now and then; a line for each that ends.
struct Display<'a> {
    plan: &'a SweepPlan,
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<usize, Running>>,
    all: usize,
    done: Mutex<usize>,
}

/// How a running network is shown.
enum Running {
    Bar(ProgressBar),
    /// When its last line was printed.
    Lines(Instant),
}

impl<'a> Display<'a> {
    fn new(plan: &'a SweepPlan, all: usize) -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { plan, bars, running: Mutex::default(), all, done: Mutex::default() }
    }

    fn show(&self, index: usize, event: SweepEvent<'_>) {
        let config = &self.plan.networks()[index];
        let all_epochs = config.protocol.epochs;
        match event {
            SweepEvent::Started { epochs, moved } => {
                if let Some(machine) = moved {
                    self.line(&format!("note: {}", super::moved(&name(index, config), machine)));
                }
                if epochs > 0 {
                    self.line(&format!("{}: goes on after epoch {epochs}", name(index, config)));
                } else if self.bars.is_none() {
                    self.line(&format!("{}: begins", name(index, config)));
                }
                let running = match &self.bars {
                    Some(bars) => Running::Bar(bar(bars, name(index, config), epochs, all_epochs)),
                    None => Running::Lines(Instant::now()),
                };
                self.running().insert(index, running);
            }
            SweepEvent::Epoch(epoch) => {
                let error = match epoch.valid_rmse.or(epoch.test_rmse) {
                    Some(rmse) => format!("RMSE {}", significant(rmse)),
                    None => format!("error {:.2} %", epoch.valid_error_percent.unwrap_or(epoch.test_error_percent)),
                };
                match self.running().get_mut(&index) {
                    Some(Running::Bar(bar)) => {
                        bar.set_message(format!("{}, {error}", name(index, config)));
                        bar.set_style(style("{msg} [{wide_bar}] epoch {pos}/{len}, {eta} left"));
                        bar.set_position(epoch.epoch as u64);
                    }
                    Some(Running::Lines(last)) if last.elapsed() >= LINE_EVERY => {
                        *last = Instant::now();
                        let name = name(index, config);
                        self.line(&format!("{name}: epoch {}/{all_epochs}, {error}", epoch.epoch));
                    }
                    _ => {}
                }
            }
            SweepEvent::Finished(record) => {
                self.end(index, &result(&record.best));
            }
            SweepEvent::Unrecorded(record) => {
                self.end(index, &format!("{}, which could not be recorded", result(&record.best)));
            }
            SweepEvent::Failed(error) => self.end(index, &format!("failed: {error}")),
            SweepEvent::Elsewhere => self.line(&format!("{}: another process trains it", name(index, config))),
        }
    }

    fn end(&self, index: usize, what: &str) {
        if let Some(Running::Bar(bar)) = self.running().remove(&index) {
            bar.finish_and_clear();
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += 1;
        self.line(&format!("[{}/{}] {}: {what}", *done, self.all, name(index, &self.plan.networks()[index])));
    }

    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => {
                let _ = bars.println(text);
            }
            None => super::note(text),
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clear(&self) {
        for (_, running) in self.running().drain() {
            if let Running::Bar(bar) = running {
                bar.finish_and_clear();
            }
        }
    }
}

/// How well a finished network does.
fn result(best: &Best) -> String {
    match best.test_rmse {
        Some(rmse) => format!("test RMSE {} at epoch {}", significant(rmse), best.epoch),
        None => format!("test error {:.2} % at epoch {}", best.test_error_percent, best.epoch),
    }
}

fn bar(bars: &MultiProgress, name: String, position: usize, length: usize) -> ProgressBar {
    // How long the rest takes is known once an epoch has ended.
    let style = style("{msg} [{wide_bar}] epoch {pos}/{len}");
    // Added before it is touched: until then it would draw itself, beside the others.
    let bar = bars.add(ProgressBar::new(length as u64).with_style(style).with_message(name));
    bar.set_position(position as u64);
    bar.reset_eta();
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a valid template").progress_chars("=> ")
}

fn name(index: usize, config: &Config) -> String {
    let hidden = config.hidden.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
    format!("{index}: {} {hidden}, seed {}", config.method.name(), config.seed)
}
