//! A plan of networks, trained by two workers and reported as a table. Killed and begun again, a sweep goes on where it was.
//! `cargo run --release --example sweep`

use std::path::Path;
use std::sync::atomic::AtomicBool;

use vardrop::data::{Splits, synthetic};
use vardrop::experiment::{Sweep, SweepEvent, SweepPlan};

const PLAN: &str = r#"
data = "synthetic"

[protocol]
epochs = 6
batch_size = 50
learning_rate = 1e-3
averaging = 0.99

[[grid]]
methods = ["none", "gaussian-a", "variational-b"]
widths = [30]
seeds = [1, 2]
"#;

/// Trains what `folder` has no record of yet.
pub fn run(folder: &Path) -> vardrop::Result<()> {
    let plan: SweepPlan = PLAN.parse()?;
    let splits = Splits::hold_out(synthetic(2_000, 1), synthetic(500, 2), 0)?;
    let mut sweep = Sweep::new(&plan, &splits, folder)?;
    sweep.jobs = 2;
    let tell = |network: usize, event: SweepEvent<'_>| match event {
        SweepEvent::Finished(record) => {
            println!("network {network}: {}, test error {:.1} %", record.method, record.best.test_error_percent);
        }
        SweepEvent::Failed(error) => println!("network {network}: {error}"),
        _ => {}
    };
    let end = sweep.run(&AtomicBool::new(false), &tell)?;
    println!("{} networks have their record in {}", end.finished, folder.display());
    for summary in sweep.records()?.summaries() {
        let error = summary.test_error_percent;
        println!("{}: {:.1} % over seeds {:?}", summary.method, error.mean, summary.seeds);
    }
    assert_eq!((end.finished, end.failed, end.left), (6, 0, 0));
    Ok(())
}

/// Runs the example in the folder `sweep-example`.
pub fn main() -> vardrop::Result<()> {
    run(Path::new("sweep-example"))
}
