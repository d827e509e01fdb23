//! `vardrop variance` and `vardrop report table1`: what they print, that they go on where they were, and their errors.

use std::fs;

use crate::support::folder::Folder;
use serde_json::Value;
use vardrop::variance::{VarianceRecord, ratios_to_paper};

const QUICK: &str = "variance --data synthetic --hidden 12,8 --epochs 2,1 --batch-size 1000 --threads 1";

/// Measurements of a command that must end well.
#[track_caller]
fn measurements(place: &Folder, arguments: &str) -> Vec<VarianceRecord> {
    serde_json::from_value(place.json(arguments)["measurements"].clone()).unwrap()
}

/// What does not depend on the clock.
fn numbers(records: &[VarianceRecord]) -> Vec<(usize, Value)> {
    let numbers = |record: &VarianceRecord| serde_json::to_value(&record.measurement.layers).unwrap();
    records.iter().map(|record| (record.protocol.epochs, numbers(record))).collect()
}

#[test]
fn every_epoch_and_estimator_is_measured_and_the_table_has_them() {
    let place = Folder::new();
    let records = measurements(&place, QUICK);
    let order: Vec<_> =
        records.iter().map(|record| (record.protocol.epochs, record.measurement.estimator.name())).collect();
    let names = ["local", "separate", "single", "none"];
    assert_eq!(order, [1, 2].map(|epochs| names.map(|name| (epochs, name))).concat());
    for record in &records {
        assert_eq!((record.plan.layers.as_slice(), record.dataset.as_str()), (&[0, 2][..], "synthetic"));
        assert_eq!(record.measurement.gradients, record.train_examples / 1000);
        assert!(record.provenance.command.starts_with("vardrop variance") && record.test_error_percent < 90.0);
    }
    let table = place.stdout(QUICK);
    assert_eq!(table.lines().filter(|line| line.starts_with("Top") || line.starts_with("Bottom")).count(), 16);
}

#[test]
fn what_is_measured_is_not_measured_again_and_an_interrupted_command_gives_the_same_numbers() {
    let place = Folder::new();
    let whole = measurements(&place, &format!("{QUICK} --save whole --record whole.jsonl"));
    assert!(place.path("whole/epoch-1.safetensors").exists() && place.path("whole/epoch-2.safetensors").exists());

    // As it was left when it was killed after the first epoch's second estimator, in the middle of a line.
    fs::create_dir(place.path("cut")).unwrap();
    fs::copy(place.path("whole/epoch-1.safetensors"), place.path("cut/epoch-1.safetensors")).unwrap();
    fs::copy(place.path("whole/epoch-1.safetensors"), place.path("cut/training.safetensors")).unwrap();
    let lines = fs::read_to_string(place.path("whole.jsonl")).unwrap();
    let two: usize = lines.split_inclusive('\n').take(2).map(str::len).sum();
    fs::write(place.path("cut.jsonl"), &lines[..two + 40]).unwrap();
    let resumed = measurements(&place, &format!("{QUICK} --save cut --record cut.jsonl"));
    assert_eq!(numbers(&resumed), numbers(&whole));
    assert_eq!(resumed[..2], whole[..2], "what was recorded is taken from the record");
    let (records, torn) = VarianceRecord::open(place.path("cut.jsonl")).unwrap();
    assert_eq!((numbers(&records), torn.len()), (numbers(&whole), 0));

    let before = fs::read(place.path("cut.jsonl")).unwrap();
    fs::remove_dir_all(place.path("whole")).unwrap();
    assert_eq!(measurements(&place, &format!("{QUICK} --save whole --record cut.jsonl")), resumed);
    assert!(!place.path("whole").exists(), "what is all measured is not trained again");
    assert_eq!(measurements(&place, &format!("{QUICK} --save cut --record cut.jsonl")), resumed);
    assert_eq!(fs::read(place.path("cut.jsonl")).unwrap(), before);
    let message = place.failure(&format!("{QUICK} --seed 2 --save cut"));
    assert!(message.contains("cut/epoch-1.safetensors") && message.contains("this command's settings"), "{message}");
}

#[test]
fn a_saved_model_of_any_method_is_measured() {
    let place = Folder::new();
    for method in ["variational-a", "binary", "none"] {
        let train = format!("train --method {method} --data synthetic --hidden 9 --epochs 1 --threads 1");
        place.stdout(&format!("{train} --save {method}.safetensors"));
        let records = measurements(&place, &format!("variance {method}.safetensors --batch-size 500 --layers 1"));
        assert_eq!(records.len(), 4);
        assert!(records.iter().all(|r| r.protocol.epochs == 1 && r.measurement.layers[0].layer == 1));
        let equal = records[0].measurement.layers[0].variance == records[3].measurement.layers[0].variance;
        assert_eq!(equal, method == "none", "without noise every estimator is the same");
    }
}

#[test]
fn the_report_puts_records_beside_the_paper() {
    let place = Folder::new();
    let quick = QUICK.replace("2,1", "10");
    place.stdout(&format!("{quick} --train-batch-size 1000 --record results/table1/r.jsonl"));
    let markdown = place.stdout("report table1");
    assert!(
        markdown.contains("| Top | 10 | local reparameterization |") && markdown.contains("| 7.8e3 |"),
        "{markdown}"
    );
    assert!(place.stdout("report table1 results/table1/r.jsonl --format html").contains("<td"));
    let csv = place.stdout("report table1 --format csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "source,estimator,top_10,top_100,bottom_10,bottom_100");
    assert!(lines[1].starts_with("ours,local reparameterization,") && lines[1].contains(",,"), "{csv}");
    assert_eq!(lines[5], "paper,local reparameterization,7800,1200,190,110");
    assert_eq!(lines.len(), 1 + 3 * 4);
    let (records, _) = VarianceRecord::open(place.path("results/table1")).unwrap();
    let ratios = ratios_to_paper(&records);
    let local: f64 = lines[1].split(',').nth(2).unwrap().parse().unwrap();
    assert!(ratios.len() == 8 && (ratios[0] / (local / 7.8e3) - 1.0).abs() < 1e-6, "{ratios:?}");

    place.stdout(&format!("{quick} --train-batch-size 500 --estimators none --record results/table1/r.jsonl"));
    let message = place.failure("report table1");
    assert!(message.contains("a mixture") && message.contains("minibatches of 500"), "{message}");
    let message = place.failure("report table1 nowhere");
    assert!(message.contains("nowhere"), "{message}");
}

#[test]
fn wrong_settings_are_named_before_anything_is_trained() {
    let place = Folder::new();
    for (arguments, name) in [
        ("--epochs 0", "epochs"),
        ("--layers 3", "--layers is 3"),
        ("--batch-size 0", "--batch-size is 0"),
        ("--batch-size 100000", "--batch-size is 100000"),
        ("--passes 0", "--passes is 0"),
        ("--train-batch-size 0", "--train-batch-size is 0"),
        ("--train-batch-size 60001", "--train-batch-size 60001 is more than the 60000"),
        ("--method sparse", "--method sparse has noise that is added to the weights"),
        ("--averaging 1", "averaging"),
        ("--threads 0", "threads"),
    ] {
        let message = place.failure(&format!("variance --data synthetic --hidden 5,5 {arguments}"));
        assert!(message.contains(name) && !message.contains("epoch 1"), "{message}");
    }
    let output = place.run("variance --estimators local,both");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && message.contains("local, separate, flipout, single, none"), "{message}");
}
