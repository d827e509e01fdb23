//! What the fuzz targets share.

mod readers;

use std::path::PathBuf;
use std::sync::LazyLock;

pub use readers::*;

/// A folder for the files that a process reads: in memory where the system has such a place.
pub static SCRATCH: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = place.join(format!("vardrop-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder that can be written");
    folder
});

/// Writes what a target starts from into the folder that the variable FUZZ_SEEDS names, where it is set.
pub fn seed(target: &str) {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("a folder that can be written");
    for (number, (_, bytes)) in seeds().into_iter().filter(|seed| seed.0 == target).enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), bytes).expect("a file that can be written");
    }
}
