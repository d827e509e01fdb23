//! Every input that fuzzing has found, through every reader: none panics, and none takes long.
#![cfg(feature = "sweep")]

#[path = "../../fuzz/readers.rs"]
mod readers;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

type Reader = fn(&[u8], &Path) -> bool;

const READERS: [(&str, Reader); 8] = [
    ("idx", readers::idx),
    ("folder", readers::folder),
    ("table", readers::table),
    ("model", readers::model),
    ("pruned", readers::pruned),
    ("plan", readers::plan),
    ("records", readers::records),
    ("paper", readers::paper),
];

/// Many times what the slowest input takes: a reader that believes a header takes for ever.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn no_reader_panics_or_takes_long_whatever_it_is_given() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let scratch = tempfile::tempdir().unwrap();
    for (own, _) in READERS {
        let mut files: Vec<_> = fs::read_dir(corpus.join(own)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 2, "{own} has a corpus");
        for file in files {
            let bytes = fs::read(&file).unwrap();
            for (name, read) in READERS {
                let start = Instant::now();
                // The test's output names the input where a reader panics.
                println!("{name}: {}", file.display());
                read(&bytes, scratch.path());
                let took = start.elapsed();
                assert!(took < LIMIT, "{name} took {took:?} for {}", file.display());
            }
        }
    }
}

#[test]
fn what_fuzzing_starts_from_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    for (number, (target, bytes)) in readers::seeds().into_iter().enumerate() {
        let (_, read) = READERS.iter().find(|(name, _)| *name == target).unwrap();
        assert!(read(&bytes, scratch.path()), "seed {number}, of {target}");
        if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
            let folder = Path::new(&folder).join(target);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("seed-{number}")), bytes).unwrap();
        }
    }
}
