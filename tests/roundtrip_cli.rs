//! What one command writes, the next one reads: models, pruned files, records and reports, also of data with one class, of two examples
//! and of names that need quoting.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use vardrop::data::mnist::FILES;
use vardrop::experiment::Records;
use vardrop::variance::VarianceRecord;

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    /// A folder with the data set `data`: images of 4 × 4 pixels, of which `train` and `test` are the classes.
    fn new(train: &[u8], test: &[u8]) -> Self {
        let place = Self { root: tempfile::tempdir().unwrap() };
        folder(&place.path("data"), train, test);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn output(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vardrop"));
        command.args(arguments).current_dir(self.root.path()).env_remove("MNIST_DIR").output().unwrap()
    }

    /// Standard output, once it has ended well.
    #[track_caller]
    fn run(&self, arguments: &str) -> String {
        let output = self.output(&arguments.split_whitespace().collect::<Vec<_>>());
        assert!(output.status.success(), "vardrop {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Either a right answer or a sentence, and never a panic or a number that is none.
    #[track_caller]
    fn ends_well(&self, arguments: &str) -> bool {
        let output = self.output(&arguments.split_whitespace().collect::<Vec<_>>());
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(
            !text.contains("panicked") && !text.contains("NaN") && !text.contains("inf "),
            "vardrop {arguments}: {text}"
        );
        let code = output.status.code();
        assert!(matches!(code, Some(0..=2)), "vardrop {arguments}: {code:?}: {text}");
        assert!(code == Some(0) || text.contains("expected"), "vardrop {arguments}: {text}");
        code == Some(0)
    }
}

fn folder(folder: &Path, train: &[u8], test: &[u8]) {
    fs::create_dir(folder).unwrap();
    for (files, labels) in [(&FILES[..2], train), (&FILES[2..], test)] {
        let pixels: Vec<u8> = (0..labels.len() * 16).map(|index| (index * 37 % 256) as u8).collect();
        let count = labels.len() as u32;
        fs::write(folder.join(files[0].name), support::idx(&[count, 4, 4], &pixels)).unwrap();
        fs::write(folder.join(files[1].name), support::idx(&[count], labels)).unwrap();
    }
}

const QUICK: &str = "--hidden 4 --epochs 2 --batch-size 2 --held-out 0 --threads 1 --data ./data";

fn ten_classes(examples: u8) -> Vec<u8> {
    (0..examples).map(|example| example % 10).collect()
}

#[test]
fn each_command_reads_what_another_one_has_written() {
    let place = Place::new(&ten_classes(40), &ten_classes(10));
    let json: Value = serde_json::from_str(
        &place.run(&format!("train --method sparse {QUICK} --save s --export e --record runs.jsonl --json")),
    )
    .unwrap();
    let keys = "method hidden seed dataset train_examples batch_size epochs best peak_memory_mib";
    assert!(keys.split(' ').all(|key| json.get(key).is_some()), "{json}");
    let keys = "epoch seconds train_loss valid_error_percent test_error_percent";
    assert!(keys.split(' ').all(|key| json["epochs"][1].get(key).is_some()), "{json}");
    assert!(json["best"]["test_error_percent"].as_f64().is_some_and(|error| (0.0..=100.0).contains(&error)), "{json}");

    for model in ["s", "e"] {
        let evaluated: Value = serde_json::from_str(&place.run(&format!("evaluate {model} --json"))).unwrap();
        assert_eq!(evaluated["test_error_percent"], json["best"]["test_error_percent"], "{model}");
        place.run(&format!("evaluate {model} --samples 3 --record evaluations.jsonl"));
        place.run(&format!("train --method none --start {model} --epochs 1 --batch-size 5 --held-out 0 --data ./data"));
        let pruned: Value = serde_json::from_str(
            &place.run(&format!("prune {model} --threshold -1 --out {model}.pruned --record prunings.jsonl --json")),
        )
        .unwrap();
        let evaluated: Value = serde_json::from_str(&place.run(&format!("evaluate {model}.pruned --json"))).unwrap();
        assert_eq!(evaluated["test_error_percent"], pruned["test_error_percent"], "{model}");
    }
    place.run("train --resume s --save s2 --record runs2.jsonl");
    place.run("variance s --batch-size 10 --record variances.jsonl --threads 1".trim_end_matches(" --threads 1"));
    assert_eq!(Records::open(place.path("runs.jsonl")).unwrap().len(), 1);
    for what in ["figure1", "differences", "claims", "selection", "selection-claims", "protocols"] {
        for format in ["markdown", "csv", "html"] {
            place.run(&format!("report {what} runs.jsonl --format {format}"));
        }
    }
    for format in ["markdown", "csv", "html"] {
        place.run(&format!("report table1 variances.jsonl --format {format}"));
    }
    fs::write(
        place.path("plan.toml"),
        "data = \"./data\"\n[protocol]\nepochs = 1\nheld_out = 0\nbatch_size = 10\n\
         [[grid]]\nmethods = [\"none\"]\nwidths = [3]\nseeds = [1, 2]\n",
    )
    .unwrap();
    place.run("sweep plan.toml --out swept");
    assert!(
        place
            .run("report figure1 swept --format csv")
            .starts_with("source,method,hidden,error_percent,error_bar\nours,none,3,")
    );
}

/// One gradient's difference has no interval: once it was a NaN, and the file could not be read for good.
#[test]
fn two_minibatches_leave_a_record_that_a_report_reads() {
    let place = Place::new(&ten_classes(20), &ten_classes(10));
    let quick = QUICK.replace("--epochs 2", "--epochs 1").replace("--batch-size", "--train-batch-size");
    for _ in 0..2 {
        let text = place.run(&format!("variance --method variational-b {quick} --batch-size 10 --record r.jsonl"));
        assert!(text.contains(" – ") && !text.contains("NaN"), "{text}");
    }
    let (records, _) = VarianceRecord::open(place.path("r.jsonl")).unwrap();
    assert_eq!(records.len(), 4);
    assert!(records.iter().flat_map(|record| &record.measurement.layers).all(|layer| layer.interval.is_none()));
    assert!(place.run("report table1 r.jsonl").contains("| – |"));
    assert!(place.run("report table1 r.jsonl --format html").contains(">–</td>"));
    let json: Value = serde_json::from_str(
        &place.run(&format!("variance --method variational-b {quick} --batch-size 10 --record r.jsonl --json")),
    )
    .unwrap();
    assert_eq!(json["measurements"][0]["measurement"]["layers"][0]["interval"], Value::Null);
}

#[test]
fn small_and_one_sided_data_ends_in_a_right_answer_or_in_a_sentence() {
    for (train, test) in [
        (vec![3; 12], vec![3; 4]),
        (vec![3; 12], vec![4]),
        (vec![0, 9], vec![0]),
        (vec![5], vec![5, 5]),
        (vec![1, 2], vec![]),
    ] {
        let place = Place::new(&train, &test);
        for method in ["none", "variational-a", "sparse"] {
            let batch = train.len().min(2);
            let quick = QUICK.replace("--batch-size 2", &format!("--batch-size {batch}"));
            let trained =
                place.ends_well(&format!("train --method {method} {quick} --save {method} --record runs.jsonl --json"));
            assert_eq!(trained, !test.is_empty(), "{train:?} {test:?}");
            if trained {
                assert!(place.ends_well(&format!("evaluate {method} --json")));
                assert!(place.ends_well(&format!("evaluate {method} --samples 2")));
                assert_eq!(place.ends_well(&format!("variance {method} --batch-size 1 --json")), train.len() > 1);
            }
        }
        if !test.is_empty() {
            assert!(place.ends_well("prune sparse --threshold -1 --out pruned --json"));
            assert!(place.ends_well("evaluate pruned"));
            assert!(place.ends_well("report protocols runs.jsonl"));
            if test.iter().all(|label| train.iter().all(|other| other == label)) {
                let text = place.run("evaluate none --json");
                assert!(text.contains("\"test_error_percent\":0.0"), "one class is learned: {text}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn names_that_need_quoting_are_kept() {
    let place = Place::new(&ten_classes(20), &ten_classes(10));
    for name in ["a b", "a\"b", "a,b", "a\nb", "ü 日本", "-x"] {
        folder(&place.path(name), &ten_classes(20), &ten_classes(10));
        let data = format!("./{name}");
        let model = format!("./{name}.safetensors");
        let output = place.output(&[
            "train",
            "--method",
            "none",
            "--hidden",
            "3",
            "--epochs",
            "1",
            "--batch-size",
            "5",
            "--held-out",
            "0",
            "--data",
            &data,
            "--save",
            &model,
            "--record",
            "runs.jsonl",
            "--json",
        ]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["dataset"], data);
        let output = place.output(&["evaluate", &model, "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let records = Records::open(place.path("runs.jsonl")).unwrap();
    assert_eq!(records.len(), 6);
    for format in ["markdown", "csv", "html"] {
        place.run(&format!("report protocols runs.jsonl --format {format}"));
    }
}
