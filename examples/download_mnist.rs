//! Downloads MNIST to where Vardrop looks for it, with the fewest dependencies:
//! `cargo run --no-default-features --features fetch --example download_mnist`.

use vardrop::data::mnist::{FILES, Fetcher, Places};

fn main() -> vardrop::Result<()> {
    for file in Fetcher::default().locate_or_fetch(&Places::from_environment(), &FILES)? {
        println!("{}", file.display());
    }
    Ok(())
}
