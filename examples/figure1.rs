//! Draws docs/figure1.png from the records in results/figure1: our test errors beside the paper's, a panel for each method.
//! `cargo run --release --example figure1`

use std::error::Error;
use std::fs;
use std::path::Path;

use vardrop::experiment::Records;
use vardrop::figures::figure1;

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new("docs/figure1.png"))
}

/// Draws the figure into a file.
pub fn run(file: &Path) -> Result<(), Box<dyn Error>> {
    let records = Records::open("results/figure1")?;
    fs::write(file, figure1(&records)?.to_png()?)?;
    Ok(())
}
