//! The files that earlier versions wrote are read as before: every record and model under results/, and every plan under experiments/.
#![cfg(feature = "sweep")]

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vardrop::experiment::{Record, Records, SweepPlan};
use vardrop::sparse::{LeNet5Record, PruneRecord};
use vardrop::to_json;
use vardrop::training::Model;
use vardrop::uncertainty::EvaluationRecord;
use vardrop::variance::VarianceRecord;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn below(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { below(&path, files) } else { files.push(path) }
        }
    }
    let mut files = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    files.retain(|file| file.extension().is_some_and(|own| own == extension));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// A line as it was and as it is written now differ in no value; a setting that older versions had not is left out.
#[track_caller]
fn assert_same<T: Serialize + DeserializeOwned + PartialEq + Debug>(path: &Path, line: &str) {
    let record: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let written = to_json(&record).unwrap();
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), record);
    let then: Value = serde_json::from_str(line).unwrap();
    let mut now: Value = serde_json::from_str(&written).unwrap();
    if then.get("protocol_hash").is_none() {
        now.as_object_mut().unwrap().remove("protocol_hash");
    }
    assert_eq!(without_nulls(now), without_nulls(then), "{}", path.display());
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(key, value)| (key, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        value => value,
    }
}

#[test]
fn every_record_is_read_and_written_as_it_was() {
    let mut counts = [0; 6];
    for path in files("results", "jsonl") {
        for line in fs::read_to_string(&path).unwrap().lines() {
            // A key that no other kind has.
            let has = |key: &str| serde_json::from_str::<Value>(line).unwrap().get(key).is_some();
            let keys = ["best", "measurement", "calibration", "first_filters", "threshold", "contestants"];
            let kind = keys.iter().position(|key| has(key));
            match kind {
                Some(0) => assert_same::<Record>(&path, line),
                Some(1) => assert_same::<VarianceRecord>(&path, line),
                Some(2) => assert_same::<EvaluationRecord>(&path, line),
                Some(3) => assert_same::<LeNet5Record>(&path, line),
                Some(4) => assert_same::<PruneRecord>(&path, line),
                // The benchmarks' own, which the crate does not read.
                Some(5) => {}
                _ => panic!("{} holds a record of no kind: {line}", path.display()),
            }
            counts[kind.unwrap()] += 1;
        }
        let opened = [
            Records::open(&path).is_ok(),
            VarianceRecord::open(&path).is_ok(),
            EvaluationRecord::open(&path).is_ok(),
            PruneRecord::open(&path).is_ok(),
            LeNet5Record::open(&path).is_ok(),
        ];
        let performance = path.components().any(|part| part.as_os_str() == "performance");
        let expected = usize::from(!performance);
        assert_eq!(opened.iter().filter(|opened| **opened).count(), expected, "{}", path.display());
    }
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
}

#[test]
fn every_model_and_every_plan_is_read() {
    for path in files("results", "safetensors") {
        Model::open(&path).unwrap();
    }
    for path in files("experiments", "toml") {
        let plan = SweepPlan::open(&path).unwrap();
        assert!(!plan.networks().is_empty(), "{}", path.display());
    }
}
