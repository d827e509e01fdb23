//! `vardrop evaluate`: the figures that it prints, their keys, the records that it writes, and what it refuses.

use crate::support;
use std::fs;
use std::ops::Deref;

use crate::support::folder::Folder;
use serde_json::Value;
use vardrop::uncertainty::EvaluationRecord;

/// A folder with digits, and a `model` that was trained on them.
struct Place(Folder);

impl Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Place {
    fn new(method: &str) -> Self {
        let place = Self(Folder::with_digits());
        place.train(&format!("--seed 3 --hidden 8,8 --method {method} --save model"));
        place
    }

    #[track_caller]
    fn train(&self, arguments: &str) {
        self.both(&format!("train --data ./digits --held-out 60 --batch-size 32 --threads 1 --epochs 3 {arguments}"));
    }

    #[track_caller]
    fn evaluate(&self, arguments: &str) -> String {
        self.stdout(&format!("evaluate model --threads 1 {arguments}"))
    }

    #[track_caller]
    fn json(&self, arguments: &str) -> Value {
        self.0.json(&format!("evaluate model --threads 1 {arguments}"))
    }

    #[track_caller]
    fn failure(&self, arguments: &str) -> String {
        self.0.failure(&format!("evaluate {arguments}"))
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn json_has_the_keys_that_scripts_rely_on_and_figures_that_agree() {
    let place = Place::new("variational-b");
    let output = place.json("--samples 8 --bins 10 --seed 5");
    assert_eq!((&output["method"], &output["hidden"]), (&"variational-b".into(), &serde_json::json!([8, 8])));
    assert_eq!((&output["dataset"], &output["test_examples"]), (&"./digits".into(), &100.into()));
    assert_eq!((&output["samples"], &output["noise_seed"]), (&8.into(), &5.into()));
    let calibration = &output["calibration"];
    assert_eq!(output["test_error_percent"], calibration["error_percent"]);
    assert_eq!(output["test_cross_entropy"], calibration["negative_log_likelihood"]);
    for key in ["brier_score", "mean_confidence", "expected_calibration_error", "error_by_chance"] {
        assert!(number(&calibration[key]) > 0.0, "{key}: {calibration}");
    }
    let bins = calibration["bins"].as_array().unwrap();
    assert_eq!(bins.len(), 10);
    assert_eq!(bins.iter().map(|bin| bin["count"].as_u64().unwrap()).sum::<u64>(), 100);
    let mut error = 0.0;
    for bin in bins {
        if bin["count"] == 0 {
            assert!(bin["confidence"].is_null() && bin["accuracy"].is_null() && bin["chance"].is_null());
        } else {
            error += number(&bin["count"]) / 100.0 * (number(&bin["accuracy"]) - number(&bin["confidence"])).abs();
        }
    }
    assert!((error - number(&calibration["expected_calibration_error"])).abs() < 1e-12);
    let split = &output["uncertainty"];
    let information = number(&split["mutual_information"]);
    assert!(information > 0.0);
    assert!((number(&split["entropy"]) - number(&split["expected_entropy"]) - information).abs() < 1e-9);
}

#[test]
fn without_samples_nothing_disagrees_and_without_json_there_is_a_table() {
    let place = Place::new("binary");
    let plain = place.json("");
    assert_eq!((&plain["samples"], number(&plain["uncertainty"]["mutual_information"])), (&Value::Null, 0.0));
    assert_eq!(plain["calibration"]["bins"].as_array().unwrap().len(), 15);
    let printed = place.evaluate("--samples 4");
    for part in [
        "binary on 100 test examples of ./digits (4 drawn networks): error ",
        "Brier score 0.",
        "mutual information",
        "Expected calibration error 0.",
        "by chance alone",
        "mean confidence  accuracy",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(place.evaluate("").contains("(without noise)"));
}

#[test]
fn a_record_has_what_was_evaluated_and_how_and_a_repeated_one_stands_once() {
    let place = Place::new("gaussian-a");
    let printed = place.json("--samples 4 --record deep/evaluations.jsonl");
    place.json("--record deep/evaluations.jsonl");
    place.json("--samples 4 --record deep/evaluations.jsonl");
    place.json("--samples 4 --seed 2 --record deep/evaluations.jsonl");
    place.json("--samples 4 --bins 5 --record deep/evaluations.jsonl");
    let path = place.path("deep/evaluations.jsonl");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
    let (records, torn) = EvaluationRecord::open(path.parent().unwrap()).unwrap();
    assert!(torn.is_empty());
    let told: Vec<_> =
        records.iter().map(|record| (record.samples, record.noise_seed, record.calibration.bins.len())).collect();
    assert_eq!(told, [(Some(4), 1, 15), (None, 1, 15), (Some(4), 2, 15), (Some(4), 1, 5)]);
    let record = &records[0];
    assert_eq!((record.method.name(), &record.hidden[..], record.seed), ("gaussian-a", &[8, 8][..], 3));
    assert_eq!((record.train_examples, record.protocol.held_out, record.protocol.epochs), (240, 60, 3));
    assert_eq!((&record.dataset[..], &record.test_dataset[..], record.threads), ("./digits", "./digits", 1));
    assert_eq!((record.epochs_trained, record.epoch.is_some()), (3, true));
    let from = &record.provenance;
    assert!(from.command.starts_with("vardrop evaluate model") && from.finished.ends_with('Z'));
    assert_eq!(serde_json::to_value(&record.calibration).unwrap(), printed["calibration"]);
    assert_eq!(serde_json::to_value(record.uncertainty).unwrap(), printed["uncertainty"]);
}

#[test]
fn unknown_and_turned_images_are_printed_and_kept_in_the_record() {
    let place = Place::new("variational-b");
    support::digits_labelled(&place.path("others"), [30, 100], |example| (example * 3 % 10) as u8);
    let arguments = "--samples 3 --unknown ./others --unknown noise --turned 20 --record records.jsonl";
    let output = place.json(arguments);
    place.json(arguments);
    place.json("--samples 3 --record records.jsonl");
    let unknown = output["unknown"].as_array().unwrap();
    assert_eq!(unknown.iter().map(|one| &one["images"]).collect::<Vec<_>>(), ["./others", "noise"]);
    for score in
        unknown.iter().flat_map(|one| ["entropy", "mutual_information", "least_confidence"].map(|key| &one[key]))
    {
        let area = number(&score["auroc"]);
        assert!(number(&score["interval"]["low"]) <= area && area <= number(&score["interval"]["high"]), "{score}");
        assert_eq!((&score["known"], &score["unknown"]), (&100.into(), &100.into()));
    }
    let turned = output["turned"].as_array().unwrap();
    assert_eq!((turned.len(), &turned[23]["degrees"], &turned[23]["examples"]), (24, &345.0.into(), &20.into()));

    let (records, _) = EvaluationRecord::open(place.path("records.jsonl")).unwrap();
    assert_eq!(records.len(), 2, "one with the unknown images, one without");
    assert_eq!(serde_json::to_value(&records[0].unknown).unwrap(), output["unknown"]);
    assert_eq!(serde_json::to_value(&records[0].turned).unwrap(), output["turned"]);
    assert!(records[0].ensemble.is_empty() && records[1].unknown.is_empty() && records[1].turned.is_empty());

    let plain = place.json("--unknown noise");
    assert!(plain["unknown"][0]["mutual_information"].is_null() && plain["turned"].is_null(), "{plain}");
    let printed = place.evaluate("--unknown noise --turned 5");
    for part in ["AUROC of entropy", "noise", "The first 5 test images, turned", "mean confidence"] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}

#[test]
fn several_models_are_an_ensemble_whose_seeds_the_record_holds() {
    let place = Place::new("binary");
    place.train("--seed 4 --hidden 8,8 --method binary --save second");
    place.train("--seed 4 --hidden 8,8 --method none --save other");
    let both = place.json("second --samples 4 --record records.jsonl");
    assert_eq!((&both["models"], &both["samples"]), (&2.into(), &4.into()));
    assert!(place.evaluate("second").contains("(ensemble of 2 models, without noise)"));
    assert!(place.evaluate("second --samples 4").contains("(ensemble of 2 models, 4 drawn networks each)"));
    // The models disagree even without noise, and each of them does not.
    assert!(number(&place.json("second")["uncertainty"]["mutual_information"]) > 0.0);
    let (records, _) = EvaluationRecord::open(place.path("records.jsonl")).unwrap();
    assert_eq!((records[0].seed, &records[0].ensemble[..], records[0].samples), (3, &[3, 4][..], Some(4)));

    assert_eq!(place.json("other")["models"], 2, "models of two methods are evaluated, and not recorded");
    for (arguments, parts) in [
        ("model other --record records.jsonl", ["--record is records.jsonl", "differ in more than their seed"]),
        ("model second model", ["model is model", "each model of an ensemble once"]),
    ] {
        let message = place.failure(arguments);
        assert!(parts.iter().all(|part| message.contains(part)), "{arguments}: {message}");
    }
    let train =
        "train --data synthetic --held-out 59000 --batch-size 100 --epochs 1 --threads 1 --method none --hidden 8";
    assert!(place.run(&format!("{train} --save elsewhere")).status.success());
    assert!(place.failure("model elsewhere").contains("a model trained on the data of model, ./digits"));
}

#[test]
fn a_wrong_setting_is_named_before_anything_is_evaluated() {
    let place = Place::new("none");
    support::Tiny::new().write_plain(&place.path("small"));
    fs::write(place.path("table.csv"), "a,b\n1,2\n").unwrap();
    for (arguments, parts) in [
        ("model --bins 0", ["bins is 0", "from 1 to 10000"]),
        ("model --bins 10001", ["bins is 10001", "from 1 to 10000"]),
        ("missing --bins 0", ["bins is 0", "from 1 to 10000"]),
        ("model --samples 0", ["--samples", "0"]),
        ("model --threads 0", ["threads is 0", "1 to 1024"]),
        ("model --record digits", ["cannot write digits", "directory"]),
        ("missing --record records.jsonl", ["cannot read missing", ""]),
        ("model --unknown shoes", ["unknown is \"shoes\"", "letters, noise, mnist, fashion-mnist"]),
        ("model --unknown table.csv", ["unknown is \"table.csv\"", "a folder that holds four files"]),
        ("model --unknown ./digits", ["--unknown is ./digits", "these are the test images themselves"]),
        ("model --unknown ./small", ["--unknown is ./small", "4 × 4 pixels, as the test's: these have 2 × 3"]),
        ("model --turned 0", ["--turned is 0", "a number from 1 to 100, of the test images of ./digits"]),
        ("model --turned 101", ["--turned is 101", "from 1 to 100"]),
        ("model --turned 5 --predict a.csv", ["--turned <N>", "cannot be used with"]),
    ] {
        let message = place.failure(arguments);
        assert!(parts.iter().all(|part| message.contains(part)), "{arguments}: {message}");
    }
    assert!(!place.path("records.jsonl").exists());
}
