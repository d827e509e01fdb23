//! Four tiny files that stand for MNIST's, with their own sizes and checksums.

#![allow(dead_code, reason = "each test file uses its part")]

#[cfg(feature = "cli")]
pub mod folder;
#[cfg(feature = "cli")]
pub mod place;
pub mod server;

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use vardrop::data::mnist::{FileSpec, Fingerprint, MNIST, Published};

/// What `vardrop train --json` prints, but for what a clock or the system tells.
pub fn figures(mut output: Value) -> Value {
    for epoch in output["epochs"].as_array_mut().unwrap() {
        epoch["seconds"] = 0.into();
    }
    output["peak_memory_mib"] = Value::Null;
    output
}

/// An IDX file of unsigned bytes.
pub fn idx(sizes: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(elements);
    file
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Six training and four test images of 2 × 3 pixels under MNIST's names.
pub struct Tiny {
    pub specs: [FileSpec; 4],
    pub plain: [Vec<u8>; 4],
    pub gz: [Vec<u8>; 4],
}

impl Tiny {
    pub fn new() -> Self {
        let plain = [
            idx(&[6, 2, 3], &(0..36).collect::<Vec<u8>>()),
            idx(&[6], &[0, 1, 2, 3, 4, 5]),
            idx(&[4, 2, 3], &(100..124).collect::<Vec<u8>>()),
            idx(&[4], &[9, 8, 7, 6]),
        ];
        let gz = plain.each_ref().map(|file| gzip(file));
        let specs = std::array::from_fn(|file| FileSpec {
            name: MNIST.files[file].name,
            gz: fingerprint(&gz[file]),
            plain: fingerprint(&plain[file]),
        });
        Self { specs, plain, gz }
    }

    /// As a data set that was published like MNIST.
    pub fn published(&self) -> &'static Published {
        Box::leak(Box::new(Published { files: self.specs, ..MNIST }))
    }

    pub fn write_gz(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for (spec, bytes) in self.specs.iter().zip(&self.gz) {
            fs::write(folder.join(spec.gz_name()), bytes).unwrap();
        }
    }

    pub fn write_plain(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for (spec, bytes) in self.specs.iter().zip(&self.plain) {
            fs::write(folder.join(spec.name), bytes).unwrap();
        }
    }
}

fn fingerprint(bytes: &[u8]) -> Fingerprint {
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Fingerprint { bytes: bytes.len() as u64, sha256: sha256.leak() }
}

/// Makes a folder with 300 training and 100 test images of 4 × 4 pixels, whose class shows in them.
pub fn digits(folder: &Path) {
    digits_labelled(folder, [300, 100], |example| (example * 7 % 10) as u8);
}

/// As [`digits`], with `counts` training and test images of the classes that `label` says.
pub fn digits_labelled(folder: &Path, counts: [u32; 2], label: impl Fn(u32) -> u8) {
    fs::create_dir_all(folder).unwrap();
    for (files, count) in [0, 2].into_iter().zip(counts) {
        let labels: Vec<u8> = (0..count).map(&label).collect();
        let pixel = |example: u32, pixel: u32| {
            let bright = pixel == u32::from(labels[example as usize]);
            (if bright { 150 } else { 40 }) + ((example * 31 + pixel * 17) % 80) as u8
        };
        let pixels: Vec<u8> = (0..count * 16).map(|index| pixel(index / 16, index % 16)).collect();
        let files = &MNIST.files[files..];
        fs::write(folder.join(files[0].name), idx(&[count, 4, 4], &pixels)).unwrap();
        fs::write(folder.join(files[1].name), idx(&[count], &labels)).unwrap();
    }
}

/// The file with another header: the safetensors header as JSON, and the metadata's own JSON within it.
pub fn rewritten(bytes: &[u8], change: impl FnOnce(&mut Value, &mut Value)) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut info: Value = serde_json::from_str(header["__metadata__"]["vardrop"].as_str().unwrap()).unwrap();
    change(&mut header, &mut info);
    if header["__metadata__"]["vardrop"].is_string() {
        header["__metadata__"]["vardrop"] = info.to_string().into();
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(&bytes[8 + length..]);
    file
}

/// The records in a folder: the lines of its files, in the order of their names.
pub fn records(folder: &Path) -> String {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}
