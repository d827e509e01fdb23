//! What is written into a file of records is read back equal; what could not be read back is never written. Every kind of record, with
//! every number, text and list of it in turn taken to its extremes.
#![cfg(feature = "sweep")]

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use crate::Place;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;
use vardrop::experiment::{Record, Records};
use vardrop::sparse::{LeNet5Record, PruneRecord};
use vardrop::uncertainty::EvaluationRecord;
use vardrop::variance::VarianceRecord;
use vardrop::{Result, to_json};

/// A kind of record, as its own module reads and writes it.
trait Kind: Serialize + DeserializeOwned + PartialEq + Debug {
    /// Files of this kind under results/.
    const FILES: [&str; 2];

    fn append_to(&self, path: &Path) -> Result<()>;

    fn open(path: &Path) -> Result<Vec<Self>>;
}

impl Kind for Record {
    const FILES: [&str; 2] = ["ablation/last-step/records.jsonl", "sparse/training.jsonl"];

    fn append_to(&self, path: &Path) -> Result<()> {
        Records::append(path, self)
    }
    fn open(path: &Path) -> Result<Vec<Self>> {
        Ok(Records::open(path)?.iter().cloned().collect())
    }
}

impl Kind for VarianceRecord {
    const FILES: [&str; 2] = ["table1/records.jsonl", "table1-on-the-way/records.jsonl"];

    fn append_to(&self, path: &Path) -> Result<()> {
        self.append(path)
    }
    fn open(path: &Path) -> Result<Vec<Self>> {
        Ok(Self::open(path)?.0)
    }
}

impl Kind for EvaluationRecord {
    const FILES: [&str; 2] = ["uncertainty/evaluations.jsonl"; 2];

    fn append_to(&self, path: &Path) -> Result<()> {
        self.append(path)
    }
    fn open(path: &Path) -> Result<Vec<Self>> {
        Ok(Self::open(path)?.0)
    }
}

impl Kind for PruneRecord {
    const FILES: [&str; 2] = ["sparse/lenet-300-100.jsonl", "sparse/threshold.jsonl"];

    fn append_to(&self, path: &Path) -> Result<()> {
        self.append(path)
    }
    fn open(path: &Path) -> Result<Vec<Self>> {
        Ok(Self::open(path)?.0)
    }
}

impl Kind for LeNet5Record {
    const FILES: [&str; 2] = ["lenet5/runs.jsonl"; 2];

    fn append_to(&self, path: &Path) -> Result<()> {
        self.append(path)
    }
    fn open(path: &Path) -> Result<Vec<Self>> {
        Ok(Self::open(path)?.0)
    }
}

/// Records of this kind, with long lists cut short, as values that can also hold NaN: TOML has it.
fn templates<K: Kind>() -> Vec<Value> {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let records = K::FILES.iter().map(|file| K::open(&results.join(file)).unwrap().swap_remove(0));
    let values = records.map(|record| {
        let mut value = Value::try_from(&record).unwrap();
        shorten(&mut value);
        value
    });
    values.collect()
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(2);
            items.iter_mut().for_each(shorten);
        }
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| shorten(value)),
        _ => {}
    }
}

/// The way to every part of a value: keys, and indices of lists.
fn paths(value: &Value) -> Vec<Vec<String>> {
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        _ => Vec::new(),
    };
    let below = children.into_iter().flat_map(|(key, child)| {
        let rest = paths(child).into_iter();
        rest.map(move |rest| std::iter::once(key.clone()).chain(rest).collect())
    });
    std::iter::once(Vec::new()).chain(below).collect()
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, key| match value {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        value => &mut value[key.as_str()],
    })
}

/// `measurement.layers[0].variance`.
fn named(path: &[String]) -> String {
    let part = |key: &String| if key.parse::<usize>().is_ok() { format!("[{key}]") } else { format!(".{key}") };
    path.iter().map(part).collect::<String>().trim_start_matches('.').to_owned()
}

/// What may stand in the place of a value.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Float(_) => {
            let numbers = [0.0, -0.0, 1.0 / 3.0, 100.0, -1e-300, 5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN];
            numbers.map(Value::Float).into()
        }
        Value::Integer(value) => [0, 1, i64::MAX, value.saturating_mul(2)].map(Value::Integer).into(),
        Value::String(_) => {
            let texts = ["", "\"", "a, \"b\"\r\nc", "{}", "\\", "\0", "\u{2028}", "ü 日本 🦀", "none", "null", " x "];
            texts
                .map(|text| Value::String(text.to_owned()))
                .into_iter()
                .chain([Value::String("x".repeat(9999))])
                .collect()
        }
        Value::Array(items) => {
            let of = |count: usize| {
                Value::Array(items.iter().cycle().take(count.min(count * items.len())).cloned().collect())
            };
            [0, 1, 7].map(of).into()
        }
        Value::Boolean(value) => vec![Value::Boolean(!value)],
        _ => Vec::new(),
    }
}

/// What is written is read back: as a value, and as it was written.
#[track_caller]
fn assert_comes_back<K: Kind>(place: &Place, record: &K) {
    let _ = fs::remove_file(&place.path);
    record.append_to(&place.path).unwrap();
    let read = K::open(&place.path).unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), [record]);
    // -0.0 equals 0.0.
    assert_eq!(to_json(&read[0]).unwrap(), to_json(record).unwrap());
}

fn every_value_comes_back<K: Kind>() {
    let place = Place::new("records.jsonl");
    for template in templates::<K>() {
        assert_comes_back(&place, &template.clone().try_into::<K>().unwrap());
        for path in paths(&template) {
            let mut accepted = 0;
            let others = others(at(&mut template.clone(), &path));
            for other in &others {
                let mut value = template.clone();
                *at(&mut value, &path) = other.clone();
                if path == ["protocol_hash"] {
                    continue;
                }
                // Another protocol has another hash; an empty one is made anew.
                value.as_table_mut().unwrap().remove("protocol_hash");
                if let Ok(record) = value.try_into::<K>() {
                    assert_comes_back(&place, &record);
                    accepted += 1;
                }
            }
            // Names of a list, two ends, and digests.
            let chosen =
                ["method", "estimator", "protocol_hash", "kl_warm_up", "dataset_digest", "test_dataset_digest"];
            let is_chosen = path.last().is_some_and(|key| chosen.contains(&key.as_str()));
            assert!(accepted > 0 || others.is_empty() || is_chosen, "nothing else is accepted as {}", named(&path));
        }
    }
}

fn no_number_is_written_that_json_has_not<K: Kind>() {
    let place = Place::new("records.jsonl");
    for template in templates::<K>() {
        let whole: K = template.clone().try_into().unwrap();
        whole.append_to(&place.path).unwrap();
        let before = fs::read(&place.path).unwrap();
        let mut refused = 0;
        for path in paths(&template) {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut value = template.clone();
                if !at(&mut value, &path).is_float() {
                    continue;
                }
                *at(&mut value, &path) = Value::Float(bad);
                value.as_table_mut().unwrap().remove("protocol_hash");
                // What is refused when it is read is not there to be written.
                let Ok(record) = value.try_into::<K>() else { continue };
                let message = record.append_to(&place.path).unwrap_err().to_string();
                let expected =
                    format!("cannot write {}: number for JSON is {bad} at {}", place.path.display(), named(&path));
                assert!(message.starts_with(&expected), "{message}");
                refused += 1;
            }
        }
        assert!(refused > 10, "{refused}");
        assert_eq!(fs::read(&place.path).unwrap(), before, "the file is as it was");
    }
}

macro_rules! kinds {
    ($($name:ident: $kind:ty),*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn every_value_comes_back() {
                super::every_value_comes_back::<$kind>();
            }

            #[test]
            fn no_number_is_written_that_json_has_not() {
                super::no_number_is_written_that_json_has_not::<$kind>();
            }

            proptest! {
                #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

                #[test]
                fn many_values_at_once_come_back(choices in prop::collection::vec(any::<(u16, u16, f64, String)>(), 1..6)) {
                    super::many_values_at_once_come_back::<$kind>(&choices);
                }
            }
        }
    )* };
}
kinds!(training: Record, variance: VarianceRecord, evaluation: EvaluationRecord, pruning: PruneRecord);

fn many_values_at_once_come_back<K: Kind>(choices: &[(u16, u16, f64, String)]) {
    let mut value = templates::<K>().swap_remove(0);
    value.as_table_mut().unwrap().remove("protocol_hash");
    for (place, choice, number, text) in choices {
        let paths = paths(&value);
        let path = &paths[usize::from(*place) % paths.len()];
        let mut others = others(at(&mut value, path));
        match at(&mut value, path) {
            Value::Float(_) if number.is_finite() => others.push(Value::Float(*number)),
            Value::String(_) => others.push(Value::String(text.clone())),
            _ => {}
        }
        let mut changed = value.clone();
        if !others.is_empty() {
            *at(&mut changed, path) = others[usize::from(*choice) % others.len()].clone();
        }
        if changed.clone().try_into::<K>().is_ok() {
            value = changed;
        }
    }
    assert_comes_back(&Place::new("records.jsonl"), &value.try_into::<K>().unwrap());
}

/// As version 0.1.0 wrote it with two minibatches, which leave no interval.
#[test]
fn a_record_whose_interval_an_older_version_wrote_as_nulls_has_none() {
    let place = Place::new("records.jsonl");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/table1/records.jsonl");
    let mut records = <VarianceRecord as Kind>::open(&file).unwrap();
    let line = to_json(&records[0]).unwrap();
    let interval = &line[line.find("\"interval\":").unwrap()..];
    let interval = &interval[..=interval.find('}').unwrap()];
    records[0].measurement.layers[0].interval = None;
    for null in ["\"interval\":{\"low\":null,\"high\":null}", "\"interval\":null"] {
        fs::write(&place.path, line.replacen(interval, null, 1) + "\n").unwrap();
        assert_eq!(<VarianceRecord as Kind>::open(&place.path).unwrap(), records[..1]);
    }
    assert_comes_back(&place, &records[0]);
    let markdown = vardrop::variance::table1(&records[..1]).unwrap().to_markdown();
    assert!(markdown.contains(" | – | "), "{markdown}");
}
