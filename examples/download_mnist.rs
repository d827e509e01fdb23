//! Downloads MNIST to where Vardrop looks for it, with the fewest dependencies:
//! `cargo run --no-default-features --features fetch --example download_mnist`.

use vardrop::data::mnist::{Fetcher, MNIST, Places};

fn main() -> vardrop::Result<()> {
    for file in Fetcher::default().locate_or_fetch(&Places::from_environment(&MNIST))? {
        println!("{}", file.display());
    }
    Ok(())
}
