//! The ways of computing a training step's products: which this machine has, and which it would take.
//!
//! ```text
//! cargo run --example products
//! ```

use vardrop::engine::Products;
use vardrop::processor;

fn main() -> vardrop::Result<()> {
    println!("processor: {}", processor());
    for way in Products::ALL {
        println!("{way}: {}", if way.is_available() { "here" } else { "not here" });
    }
    println!("chosen: {}", Products::chosen()?);
    Ok(())
}
