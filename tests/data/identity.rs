//! Data is known by its content: another spelling of its path goes on, other content at the same path is refused or named, in every
//! command; what an earlier version wrote is matched by name.
#![cfg(feature = "cli")]

use crate::support;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::Output;

use crate::support::folder::Folder;
use crate::support::{gzip, rewritten};
use serde_json::Value;
use vardrop::data::mnist::{MNIST, Places};
use vardrop::data::{Digest, Identity, Source, Splits, Validation};
use vardrop::experiment::{Records, SweepPlan};
use vardrop::training::{ModelInfo, Trainer};

const TRAIN: &str = "train --held-out 60 --hidden 6 --batch-size 20 --threads 1 --averaging 0 --method none";

struct Place(Folder);

impl Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Place {
    /// A folder with the data set `digits`, and a model `m` that was trained on it for an epoch.
    fn new() -> Self {
        let place = Self::without_model();
        place.stdout(&format!("{TRAIN} --data ./digits --epochs 1 --save m"));
        place
    }

    fn without_model() -> Self {
        Self(Folder::with_digits())
    }

    /// The message of a command that must fail.
    #[track_caller]
    fn error(&self, arguments: &str) -> String {
        self.failure_of(arguments, 1)
    }

    fn digest(&self, folder: &str) -> Digest {
        Splits::open(&Source::Folder(self.path(folder)), 0).unwrap().digest()
    }

    /// Changes one byte of a file of a data set, at its end: a pixel, or a label.
    fn change(&self, file: &str) {
        let mut bytes = fs::read(self.path(file)).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(self.path(file), bytes).unwrap();
    }

    /// Takes from a model what version 0.1 did not write.
    fn age(&self, model: &str) {
        let bytes = rewritten(&fs::read(self.path(model)).unwrap(), |_, info| {
            assert!(info.as_object_mut().unwrap().remove("dataset_digest").is_some());
            info["config"]["protocol"].as_object_mut().unwrap().remove("validation");
        });
        fs::write(self.path(model), bytes).unwrap();
    }
}

fn copy(from: &Path, to: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>, suffix: &str) {
    fs::create_dir_all(to).unwrap();
    for file in MNIST.files {
        let bytes = change(fs::read(from.join(file.name)).unwrap());
        fs::write(to.join(format!("{}{suffix}", file.name)), bytes).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_run_goes_on_with_its_data_however_it_is_spelled_packed_or_moved() {
    let place = Place::new();
    copy(&place.path("digits"), &place.path("packed"), |bytes| gzip(&bytes), ".gz");
    std::os::unix::fs::symlink(place.path("digits"), place.path("link")).unwrap();
    let absolute = place.path("digits").display().to_string();
    let whole = place.stdout(&format!("{TRAIN} --data ./digits --epochs 2 --json"));
    let errors = |json: &str| serde_json::from_str::<Value>(json).unwrap()["best"].clone();
    for spelling in ["digits", "digits/", "./digits/../digits", "packed", "link", absolute.as_str()] {
        let json = place.stdout(&format!("train --resume m --epochs 2 --json --data {spelling}"));
        assert_eq!(errors(&json), errors(&whole), "{spelling}");
    }
    // The new name is kept, with the same digest.
    place.stdout("train --resume m --epochs 2 --save n --data packed");
    let info = ModelInfo::open(place.path("n")).unwrap();
    assert_eq!((&*info.dataset, info.dataset_digest), ("./packed", Some(place.digest("digits"))));

    fs::rename(place.path("digits"), place.path("elsewhere")).unwrap();
    let message = place.error("train --resume m --epochs 2 --json");
    let digest = info.dataset_digest.unwrap().short();
    let what = format!(
        "the data ./digits (digest {digest}) that m was trained on was not found; tried\n  ./digits: no such folder"
    );
    assert!(message.contains(&what), "{message}");
    let advice =
        "Give its new place, whatever it is called: vardrop train --resume m --epochs 2 --json --data FOLDER\n";
    assert!(message.ends_with(advice), "{message}");
    let typed = advice.split_once("vardrop ").unwrap().1.replace("FOLDER", "elsewhere");
    assert_eq!(errors(&place.stdout(&typed)), errors(&whole));
    for command in ["evaluate m", "variance m --batch-size 50"] {
        assert!(place.error(command).contains("that m was trained on was not found"), "{command}");
        place.stdout(&format!("{command} --data elsewhere"));
    }
}

#[test]
fn other_content_at_the_same_path_is_refused_by_name() {
    let place = Place::new();
    let trained = place.digest("digits").short();
    for file in ["digits/train-images-idx3-ubyte", "digits/t10k-labels-idx1-ubyte"] {
        place.change(file);
        let here = place.digest("digits").short();
        for command in
            ["train --resume m --epochs 2", "variance m --batch-size 50", "train --resume m --data ./digits --epochs 2"]
        {
            let message = place.error(command);
            let data = format!(
                "data is ./digits (digest {here}): expected the data with digest {trained} that m was trained on"
            );
            assert!(message.contains(&data) && message.contains("give its folder with --data"), "{command}: {message}");
        }
        let message = place.error("evaluate m");
        assert!(message.contains(&here) && message.contains("vardrop evaluate m --data ./digits"), "{message}");
        place.change(file);
    }
    place.stdout("train --resume m --epochs 2");
}

#[test]
fn an_evaluation_on_other_data_says_so_and_its_record_too() {
    let place = Place::new();
    support::digits_labelled(&place.path("other"), [300, 80], |example| (example * 3 % 10) as u8);
    let Output { status, stdout, stderr } = place.run("evaluate m --data other --record e.jsonl --json");
    assert!(status.success());
    let (own, other) = (place.digest("digits"), place.digest("other"));
    let note = format!(
        "note: ./other (digest {}) is other data than m was trained on, ./digits (digest {})\n",
        other.short(),
        own.short()
    );
    assert_eq!(String::from_utf8(stderr).unwrap(), note);
    let output: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!((&output["other_data"], &output["dataset_digest"]), (&true.into(), &other.to_string().into()));
    let record: Value = serde_json::from_str(&fs::read_to_string(place.path("e.jsonl")).unwrap()).unwrap();
    assert_eq!(record["dataset_digest"], own.to_string());
    assert_eq!(record["test_dataset_digest"], other.to_string());
    assert!(place.stdout("evaluate m --data other").contains("of ./other, other data than it was trained on"));
    let Output { stdout, stderr, .. } = place.run("evaluate m --data ./digits/. --json");
    assert!(stderr.is_empty() && String::from_utf8(stdout).unwrap().contains("\"other_data\":false"));
}

const PLAN: &str = "data = \"digits\"\n[protocol]\nepochs = 2\nheld_out = 60\nbatch_size = 20\n\
                    [[grid]]\nmethods = [\"none\"]\nwidths = [5, 6]\nlayers = 1\nseeds = [1]\n";

#[test]
fn a_sweep_goes_on_with_another_spelling_and_refuses_other_content() {
    let place = Place::without_model();
    let write = |plan: &str| fs::write(place.path("plan.toml"), plan).unwrap();
    write(PLAN);
    place.stdout("sweep plan.toml --out out");
    let records = support::records(&place.path("out"));
    let absolute = place.path("digits").display().to_string();
    for spelling in ["./digits/", &absolute] {
        write(&PLAN.replace("\"digits\"", &format!("\"{spelling}\"")));
        place.stdout("sweep plan.toml --out out");
        assert_eq!(support::records(&place.path("out")), records, "{spelling}");
    }
    let before = place.digest("digits").short();
    place.change("digits/train-images-idx3-ubyte");
    let message = place.error("sweep plan.toml --out out");
    let differing =
        format!("on other data (dataset digest {before} there, {} in the plan)", place.digest("digits").short());
    assert!(!message.contains("dataset digest") || message.contains("dataset ./digits there"), "{message}");
    assert!(message.contains("name the data of these records in the plan"), "{message}");
    write(PLAN);
    assert!(place.error("sweep plan.toml --out out").contains(&differing), "{differing}");
}

#[test]
fn a_network_of_a_sweep_that_is_under_way_does_not_go_on_with_other_content() {
    let place = Place::without_model();
    let plan: SweepPlan = PLAN.replace("\"digits\"", &format!("{:?}", place.path("digits"))).parse().unwrap();
    fs::write(place.path("plan.toml"), PLAN.replace("digits", "./digits")).unwrap();
    fs::create_dir_all(place.path("out/networks")).unwrap();
    let checkpoint = place.path("out/networks/none-1x5-1.safetensors");
    let splits = Splits::open(plan.data(), 60).unwrap();
    Trainer::new(plan.networks()[0].clone(), &splits).unwrap().save(&checkpoint).unwrap();
    place.change("digits/train-images-idx3-ubyte");
    for arguments in ["--jobs 1", "--dry-run"] {
        let message = place.error(&format!("sweep plan.toml --out out {arguments}"));
        let trained = splits.digest().short();
        assert!(message.contains(&format!("expected the data with digest {trained} that ")), "{message}");
        assert!(message.contains("name it as `data` in the plan, or another folder for the plan"), "{message}");
    }
    place.change("digits/train-images-idx3-ubyte");
    place.stdout("sweep plan.toml --out out");
    fs::rename(place.path("digits"), place.path("gone")).unwrap();
    let message = place.error("sweep plan.toml --out out");
    assert!(message.contains("no such folder") && message.contains("`data` in a plan"), "{message}");
}

#[test]
fn records_of_a_folder_whose_last_images_were_held_out_are_gone_on_with_where_the_plan_says_it() {
    let place = Place::without_model();
    let write = |plan: &str| fs::write(place.path("plan.toml"), plan).unwrap();
    let last = PLAN.replace("[protocol]\n", "[protocol]\nvalidation = \"last\"\n");
    write(&last);
    place.stdout("sweep plan.toml --out out");
    let text = support::records(&place.path("out"));
    assert!(!text.contains("\"validation\""), "as version 0.1 wrote it: {text}");
    let digest = place.digest("digits");
    let old = text.replace(&format!("\"dataset_digest\":\"{digest}\","), "");
    assert_ne!(old, text);
    fs::create_dir(place.path("old")).unwrap();
    fs::write(place.path("old/records.jsonl"), &old).unwrap();
    place.stdout("sweep plan.toml --out old");
    assert_eq!(support::records(&place.path("old")), old);
    write(PLAN);
    let message = place.error("sweep plan.toml --out old");
    assert!(message.contains("validation last there, drawn in the plan"), "{message}");
    assert!(message.contains("write validation = \"last\" under its [protocol]"), "{message}");
}

#[test]
fn a_measured_variance_is_known_under_another_spelling_and_measured_anew_on_other_content() {
    let place = Place::without_model();
    let command = "variance --hidden 5 --epochs 1 --batch-size 50 --train-batch-size 50 --threads 1 --estimators none";
    let command = format!("{command} --record v.jsonl --save kept --data");
    let lines = || fs::read_to_string(place.path("v.jsonl")).unwrap().lines().count();
    place.stdout(&format!("{command} digits"));
    place.stdout(&format!("{command} {}", place.path("digits").display()));
    assert_eq!(lines(), 1);
    place.change("digits/train-images-idx3-ubyte");
    let message = place.error(&format!("{command} digits"));
    assert!(message.contains("expected the data with digest") && message.contains("epoch-1.safetensors"), "{message}");
    place.stdout(&format!("{} digits", command.replace("kept", "new")));
    assert_eq!(lines(), 2);
}

#[test]
fn pruning_refuses_other_data_than_the_models() {
    let place = Place::without_model();
    place.stdout(&format!("{TRAIN} --data digits --epochs 20 --save m").replace("none", "sparse"));
    place.stdout("prune m --threshold 0 --data digits/. --out p --record p.jsonl");
    let digest = place.digest("digits").to_string();
    assert!(fs::read_to_string(place.path("p.jsonl")).unwrap().contains(&digest));
    place.change("digits/t10k-images-idx3-ubyte");
    for command in ["prune m --threshold 0 --out q", "prune m --threshold 0 --fine-tune 2 --out q --data digits"] {
        let message = place.error(command);
        assert!(
            message.contains("data is ./digits (digest ") && message.contains("that m was trained on"),
            "{message}"
        );
    }
    assert!(!place.path("q").exists());
    // The pruned model knows its data too.
    assert!(place.error("evaluate p").contains("vardrop evaluate p --data ./digits"));
}

#[test]
fn what_an_earlier_version_wrote_is_matched_by_name_and_keeps_the_last_images() {
    let place = Place::without_model();
    place.stdout(&format!("{TRAIN} --data digits --validation last --epochs 1 --save old"));
    place.age("old");
    let whole = place.stdout(&format!("{TRAIN} --data digits --validation last --epochs 2 --json"));
    let best = |json: &str| serde_json::from_str::<Value>(json).unwrap()["best"].clone();
    for spelling in ["", "--data digits", "--data ./digits/"] {
        assert_eq!(best(&place.stdout(&format!("train --resume old --epochs 2 --json {spelling}"))), best(&whole));
    }
    let message = place.error("train --resume old --epochs 2 --validation drawn");
    assert!(message.contains("validation is drawn: expected last, as when old was trained"), "{message}");
    fs::rename(place.path("digits"), place.path("moved")).unwrap();
    let message = place.error("train --resume old --epochs 2 --data moved");
    assert!(message.contains("expected ./digits, the name of the data that old was trained on"), "{message}");
    // Whether it is other data, nobody knows.
    let Output { stdout, stderr, .. } = place.run("evaluate old --data moved --json");
    let note = String::from_utf8(stderr).unwrap();
    assert!(note.contains("may be other data than old was trained on, ./digits"), "{note}");
    assert!(String::from_utf8(stdout).unwrap().contains("\"other_data\":null"));
}

#[test]
fn a_resumed_run_has_the_images_that_were_drawn_for_it() {
    let place = Place::without_model();
    let drawn = |how: &str| format!("{TRAIN} --data digits --validation {how}");
    place.stdout(&format!("{} --epochs 1 --save m", drawn("drawn:5")));
    assert_eq!(ModelInfo::open(place.path("m")).unwrap().config.protocol.validation, Validation::Drawn { seed: 5 });
    let best = |json: &str| serde_json::from_str::<Value>(json).unwrap()["best"].clone();
    let whole = best(&place.stdout(&format!("{} --epochs 3 --json --record r.jsonl", drawn("drawn:5"))));
    assert_eq!(best(&place.stdout("train --resume m --epochs 3 --json")), whole);
    let record = Records::open(place.path("r.jsonl")).unwrap().iter().next().unwrap().clone();
    assert_eq!(record.protocol.validation, Validation::Drawn { seed: 5 });
    assert_eq!(record.dataset_digest, Some(place.digest("digits")));
    let message = String::from_utf8(place.run(&format!("{TRAIN} --validation first")).stderr).unwrap();
    assert!(message.contains("expected last, drawn, or drawn:SEED"), "{message}");
}

#[test]
fn data_that_is_sorted_by_class_is_learned_from_and_a_class_that_training_lacks_is_a_warning() {
    let place = Place::without_model();
    support::digits_labelled(&place.path("sorted"), [300, 100], |example| (example / 30 % 10) as u8);
    let train = format!("{TRAIN} --data sorted --epochs 20 --learning-rate 0.01 --json");
    let Output { stdout, stderr, .. } = place.run(&train);
    let best: Value = serde_json::from_slice(&stdout).unwrap();
    assert!(best["best"]["valid_error_percent"].as_f64().unwrap() < 50.0, "{}", best["best"]);
    assert!(!String::from_utf8(stderr).unwrap().contains("warning"));
    let Output { stderr, .. } = place.run(&format!("{train} --validation last"));
    let stderr = String::from_utf8(stderr).unwrap();
    let warning = "warning: classes 8 and 9 of ./sorted have no training image: all 60 are held out for validation";
    assert!(stderr.starts_with(warning), "{stderr}");
}

/// Records that were written before data was known by its content.
#[test]
fn the_records_of_the_repository_are_mnists_however_its_path_is_spelled() {
    let records = Records::open("results/figure1").unwrap();
    let mnist = Identity { dataset: "/somewhere/else", dataset_digest: Some(Digest::MNIST) };
    assert!(records.len() > 100 && records.iter().all(|record| record.data() == mnist));
    assert!(records.iter().all(|record| record.protocol.validation == Validation::Last));
    let other = Identity { dataset: "mnist", dataset_digest: Some("0".repeat(64).parse().unwrap()) };
    assert!(records.iter().all(|record| record.data() != other));
}

/// MNIST's own files, where they are on this machine.
#[test]
fn mnist_by_its_folder_is_mnist_and_holds_its_last_images_out() {
    let Ok(paths) = Places::from_environment(&MNIST).locate() else { return };
    let folder = paths[0].parent().unwrap().to_owned();
    let by_path = Splits::open(&Source::Folder(folder), 10_000).unwrap();
    assert_eq!((by_path.digest(), by_path.held_out_by()), (Digest::MNIST, Validation::Last));
    let by_name = Splits::open(&Source::Mnist, 10_000).unwrap();
    assert_eq!(by_name.identity(), by_path.identity());
    assert_eq!(by_name.validation.pixels(), by_path.validation.pixels());
    // Of the content, and not only as the checksums of its files have it.
    let again = Splits::hold_out(by_name.train.clone(), by_name.test.clone(), 0).unwrap();
    assert_ne!(again.digest(), Digest::MNIST);
    let whole = Splits::open(&Source::Mnist, 0).unwrap();
    assert_eq!(Splits::hold_out(whole.train.clone(), whole.test.clone(), 7).unwrap().digest(), Digest::MNIST);
}
