//! `vardrop train` and `vardrop evaluate`: what they print and where, their exit codes, Ctrl-C, and resuming.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vardrop::data::mnist::MNIST;
use vardrop::training::Preset;

use crate::support::figures;
use crate::support::folder::{Folder, text};

const SMALL: &str = "train --data ./digits --held-out 60 --hidden 8,8 --batch-size 32 --threads 1 --seed 3";

#[test]
fn train_prints_one_object_with_the_keys_that_scripts_rely_on() {
    let place = Folder::with_digits();
    let output = place.run(&format!("{SMALL} --method variational-b --epochs 2 --json"));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert_eq!((stdout.lines().count(), stdout.ends_with('\n')), (1, true));
    let object: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&object["method"], &object["seed"]), (&"variational-b".into(), &3.into()));
    assert_eq!(object["hidden"], serde_json::json!([8, 8]));
    assert_eq!((&object["dataset"], &object["train_examples"]), (&"./digits".into(), &240.into()));
    assert_eq!((&object["batch_size"], &object["finished"]), (&32.into(), &true.into()));
    assert_eq!((&object["preset"], &object["protocol"]["averaging"]), (&"custom".into(), &0.9998.into()));
    assert!(!cfg!(target_os = "linux") || object["peak_memory_mib"].as_f64().unwrap() > 1.0);
    let epochs = object["epochs"].as_array().unwrap();
    assert_eq!(epochs.iter().map(|epoch| epoch["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    for epoch in epochs {
        for key in ["seconds", "train_loss", "valid_error_percent", "test_error_percent"] {
            assert!(epoch[key].is_number(), "{key}: {epoch}");
        }
    }
    let best = &object["best"];
    let chosen = &epochs[best["epoch"].as_u64().unwrap() as usize - 1];
    for key in ["valid_error_percent", "test_error_percent"] {
        assert_eq!(best[key], chosen[key]);
    }
    // Plain lines where there is no terminal: no escape, no carriage return.
    let stderr = text(&output.stderr);
    let lines: Vec<&str> = stderr.lines().collect();
    let expected = "protocol figure1 but for epochs, batch size, held out, validation: 2 epochs, step size 1e-3, minibatches of \
                    32, averaging 0.9998, 60 examples held out for validation";
    assert_eq!(lines[0], expected);
    assert!(
        lines.len() == 3 && lines[1].starts_with("epoch 1/2: loss ") && lines[2].starts_with("epoch 2/2"),
        "{stderr}"
    );
    assert!(!stderr.contains(['\u{1b}', '\r']), "{stderr:?}");
}

/// What decides a run, and where it is said: on standard error, in the object, in the record and in the saved model.
#[test]
fn the_protocol_is_the_readmes_where_no_option_says_otherwise() {
    let place = Folder::with_digits();
    let small = "train --data ./digits --hidden 8,8 --threads 1 --json --batch-size 30";
    let run = |arguments: &str| {
        let output = place.run(&format!("{small} {arguments}"));
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), stderr)
    };
    let (own, stderr) = run("--method variational-a2 --seed 2 --epochs 2");
    // Of other data than MNIST a tenth is held out.
    assert_eq!((&own["train_examples"], &own["protocol"]["held_out"]), (&270.into(), &30.into()));
    assert_eq!((&own["protocol"]["learning_rate"], &own["protocol"]["alpha_step"]), (&1e-3.into(), &1.0.into()));
    assert!(!stderr.contains("note:"), "{stderr}");
    let (named, stderr) = run("--method binary --protocol first --held-out 0 --epochs 2 --averaging 0.5");
    assert_eq!((&named["train_examples"], &named["protocol"]["alpha_step"]), (&300.into(), &20.0.into()));
    assert!(stderr.starts_with("protocol first but for epochs, averaging, batch size, held out:"), "{stderr}");
    let output = place.run(
        "train --data ./digits --hidden 8 --threads 1 --method none --patience 1 --save model --record runs.jsonl",
    );
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with(
        "protocol figure1 but for held out, patience, validation: 60 epochs, step size 1e-3, minibatches of 100"
    ));
    assert!(stderr.contains("note: the number of epochs was chosen for MNIST's 60,000 images"), "{stderr}");
    let record: Value = serde_json::from_str(&text(&fs::read(place.path("runs.jsonl")).unwrap())).unwrap();
    assert_eq!(record["preset"], "custom");
    assert_eq!(vardrop::training::ModelInfo::open(place.path("model")).unwrap().preset.as_deref(), Some("custom"));
    let exact = place.json("train --data ./digits --hidden 8 --threads 1 --method none --held-out 0");
    assert_eq!((&exact["preset"], &exact["best"]["epoch"]), (&"figure1".into(), &60.into()));
}

#[test]
fn patience_stops_a_run_early() {
    let place = Folder::with_digits();
    let output = place.json(&format!("{SMALL} --method none --epochs 400 --patience 3"));
    let (done, best) = (output["epochs"].as_array().unwrap().len() as u64, output["best"]["epoch"].as_u64().unwrap());
    assert!(done < 400 && done == best + 3, "{done} epochs, the best {best}");
}

#[test]
fn train_without_json_prints_one_sentence_and_the_same_run_twice_is_the_same() {
    let place = Folder::with_digits();
    let output = place.run(&format!("{SMALL} --method binary --epochs 1"));
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("binary: test error ") && stdout.contains("validation chose"), "{stdout}");
    assert_eq!(stdout.lines().count(), 1);
    let run = || figures(place.json(&format!("{SMALL} --method gaussian-a --epochs 2")));
    assert_eq!(run(), run());
    let all = place.json("train --data ./digits --held-out 0 --hidden 4 --method none --epochs 2 --threads 1");
    assert_eq!((&all["best"]["epoch"], &all["best"]["valid_error_percent"]), (&2.into(), &Value::Null));
    assert_eq!(all["train_examples"], 300);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_a_model_to_evaluate_and_to_resume_to_the_same_numbers() {
    let place = Folder::with_digits();
    let endless = format!("{SMALL} --method variational-a --epochs 1000000 --save model --record runs.jsonl --json");
    let mut child = place.command(&endless).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Two whole epochs, so that the model is one that validation chose; then somewhere in the third or later.
    assert!(lines.by_ref().map(Result::unwrap).any(|line| line.starts_with("epoch 2/")));
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(kill.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let go_on =
        "interrupted; go on with: vardrop train --resume model --save model --data ./digits --record runs.jsonl --json";
    assert_eq!(rest.last().map(String::as_str), Some(go_on));
    let interrupted: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(interrupted["finished"], false);
    let epochs = interrupted["epochs"].as_array().unwrap().len();
    assert!(epochs >= 2);
    assert!(!place.path("runs.jsonl").exists(), "an unfinished run is no record");

    let evaluated = place.json("evaluate model");
    assert_eq!(evaluated["test_error_percent"], interrupted["best"]["test_error_percent"]);
    assert_eq!((&evaluated["dataset"], &evaluated["test_examples"]), (&"./digits".into(), &100.into()));

    let all = epochs + 2;
    let resumed = place.json(&format!("train --resume model --save model --epochs {all} --record runs.jsonl"));
    let whole = place.json(&format!("{SMALL} --method variational-a --epochs {all}"));
    assert_eq!(figures(resumed), figures(whole));
    let report = place.run("report figure1 runs.jsonl --format csv");
    assert_eq!(report.status.code(), Some(0), "{}", text(&report.stderr));
}

#[test]
fn a_run_that_goes_on_on_another_processor_says_so_and_its_record_names_both() {
    let place = Folder::with_digits();
    place.json(&format!("{SMALL} --method none --epochs 1 --save model"));
    let unmoved = place.run("train --resume model --epochs 2");
    assert!(!text(&unmoved.stderr).contains("another machine"), "{}", text(&unmoved.stderr));
    // As if it had been written on another one, whose name is as long.
    let mut model = fs::read(place.path("model")).unwrap();
    let key = br#"\"processor\":\""#;
    let at = model.windows(key.len()).position(|part| part == key).unwrap() + key.len();
    model[at] = b'?';
    fs::write(place.path("model"), model).unwrap();
    let output = place.run("train --resume model --epochs 2 --record runs.jsonl");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("note: this run continues on another machine (?") && stderr.contains(", then "),
        "{stderr}"
    );
    let record: Value = serde_json::from_str(&text(&fs::read(place.path("runs.jsonl")).unwrap())).unwrap();
    let processor = record["processor"].as_str().unwrap();
    assert!(processor.starts_with('?') && processor.contains(", then "), "{record}");
}

#[test]
fn resuming_takes_the_models_data_and_refuses_other() {
    let place = Folder::with_digits();
    place.json(&format!("{SMALL} --method none --epochs 1 --save model"));
    let resumed = place.json("train --resume model --epochs 2");
    assert_eq!((&resumed["train_examples"], &resumed["dataset"]), (&240.into(), &"./digits".into()));
    let message = place.failure_of("train --resume model --epochs 2 --held-out 50", 1);
    assert!(message.contains("images held out is 50, which leaves 250 to train on: expected 60"), "{message}");
    fs::create_dir(place.path("other")).unwrap();
    for file in MNIST.files {
        fs::copy(place.path("digits").join(file.name), place.path("other").join(file.name)).unwrap();
    }
    place.json("train --resume model --epochs 2 --data ./other");
    fs::copy(place.path("other").join(MNIST.files[0].name), place.path("other").join(MNIST.files[2].name)).unwrap();
    fs::copy(place.path("other").join(MNIST.files[1].name), place.path("other").join(MNIST.files[3].name)).unwrap();
    let message = place.failure_of("train --resume model --epochs 2 --data ./other", 1);
    assert!(message.contains("data is ./other (digest ") && message.contains("(then called ./digits)"), "{message}");
    // The model's own settings count.
    for setting in ["--method none", "--hidden 8,8", "--seed 4", "--threads 1", "--batch-size 10", "--averaging 0.5"] {
        let message = place.failure_of(&format!("train --resume model {setting}"), 2);
        assert!(message.contains("cannot be used with"), "{message}");
    }
    assert!(place.failure_of("train --resume missing", 1).contains("missing"));
}

#[test]
fn wrong_arguments_exit_2_with_the_known_names_and_wrong_values_exit_1_with_what_is_expected() {
    let place = Folder::with_digits();
    let message = place.failure_of("train --method dropout", 2);
    assert!(message.contains("dropout") && message.contains("variational-a2"), "{message}");
    for arguments in
        ["train", "train --methd none", "train --method none --epochs many", "evaluate", "evaluate a --samples"]
    {
        place.failure_of(arguments, 2);
    }
    assert!(place.failure_of("evaluate model --samples 0", 2).contains("--samples"));
    fs::write(place.path("notes"), "{}\nwhat I have seen").unwrap();
    for (arguments, parts) in [
        ("--threads 0", ["--threads is 0", "1 to 1024"]),
        ("--threads 100000", ["--threads is 100000", "1 to 1024"]),
        ("--batch-size 0", ["--batch-size is 0", "1 example or more"]),
        ("--batch-size 241", ["--batch-size 241 is more than the 240", "choose 1 to 240"]),
        ("--epochs 0", ["--epochs is 0", "from 1 to 1000000000"]),
        ("--epochs 18446744073709551615", ["--epochs is 18446744073709551615", "from 1 to"]),
        ("--epochs 5 --constant-epochs 6", ["--constant-epochs 6 is later than", "or more --epochs"]),
        ("--epochs 5 --kl-warm-up 2,6", ["--kl-warm-up is 2,6", "from 0 to the 5 --epochs"]),
        ("--patience 0", ["--patience is 0", "1 epoch or more"]),
        ("--patience 3 --held-out 0", ["--patience 3 needs a validation set", "images out with --held-out"]),
        ("--protocol sparse", ["--protocol sparse has no settings for the method none", "figure1, or leave it out"]),
        ("--averaging 1.5", ["--averaging is 1.5", "from 0 to below 1"]),
        ("--averaging -0.5", ["--averaging is -0.5", "from 0 to below 1"]),
        ("--hidden 0,10", ["--hidden is [0, 10]", "each at least 1"]),
        ("--hidden 99999999999999", ["99999999999999", "at most"]),
        ("--learning-rate nan", ["--learning-rate is NaN", "above 0"]),
        ("--learning-rate -1", ["--learning-rate is -1", "above 0"]),
        ("--alpha-step 0", ["--alpha-step is 0", "above 0"]),
        ("--held-out 300", ["--held-out is 300", "300 training images"]),
        ("--learning-rate 1e30", ["at epoch 1, step", "smaller learning rate"]),
        ("--save no/such/model", ["cannot write no/such/model", "No such file"]),
        ("--record digits", ["cannot write digits", "directory"]),
        (
            "--record notes --epochs 1000000",
            [
                "notes is not a file of records: line 1",
                "name another file\nto write to it anyway: vardrop train --force",
            ],
        ),
    ] {
        let defaults: String = ["--held-out 60", "--hidden 8", "--threads 1"]
            .into_iter()
            .filter(|default| !arguments.contains(default.split(' ').next().unwrap()))
            .collect::<Vec<_>>()
            .join(" ");
        let message = place.failure_of(&format!("train --method none --data ./digits {defaults} {arguments}"), 1);
        assert!(parts.iter().all(|part| message.contains(part)), "{arguments}: {message}");
        assert!(message.starts_with("error: ") || arguments.contains("1e30"), "{message}");
    }
    let message = place.failure_of("train --method none --data nowhere", 2);
    assert!(message.contains("nowhere") && message.contains("synthetic"), "{message}");
}

#[test]
fn a_wrong_setting_is_named_before_the_data_is_looked_for() {
    let place = Folder::with_digits();
    fs::create_dir(place.path("empty")).unwrap();
    for (arguments, name) in [
        ("--averaging 1", "averaging"),
        ("--epochs 5 --constant-epochs 6", "constant-epochs"),
        ("--threads 0", "threads"),
        ("--hidden 0", "hidden"),
        ("--protocol sparse", "--protocol"),
    ] {
        let output = place.run(&format!("train --method none --data empty {arguments}"));
        let message = text(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains(name) && !message.contains("empty"), "{message}");
    }
}

#[test]
fn a_saved_model_is_not_replaced_by_another_run() {
    let place = Folder::with_digits();
    place.json(&format!("{SMALL} --method none --epochs 1 --save model"));
    let before = fs::read(place.path("model")).unwrap();
    let message = place.failure_of(&format!("{SMALL} --method binary --epochs 1 --save model"), 1);
    assert!(
        message.contains("model is there already") && message.contains("vardrop train --resume model --save model"),
        "{message}"
    );
    assert_eq!(fs::read(place.path("model")).unwrap(), before);
}

#[test]
fn a_finished_run_is_recorded_for_the_report() {
    let place = Folder::with_digits();
    for seed in [1, 2] {
        let arguments = format!("--data ./digits --held-out 60 --hidden 8,8,8 --threads 1 --epochs 1 --seed {seed}");
        place.json(&format!("train --method gaussian-b {arguments} --record results/runs.jsonl"));
    }
    let records = text(&fs::read(place.path("results/runs.jsonl")).unwrap());
    assert_eq!(records.lines().count(), 2);
    let record: Value = serde_json::from_str(records.lines().next().unwrap()).unwrap();
    assert!(record["command"].as_str().unwrap().starts_with("vardrop train --method gaussian-b"));
    assert_eq!(record["protocol"]["held_out"], 60);
    let report = place.run("report figure1 results/runs.jsonl --format csv");
    assert_eq!(report.status.code(), Some(0), "{}", text(&report.stderr));
    assert!(text(&report.stdout).contains("ours,gaussian-b"), "{}", text(&report.stdout));
    for (what, part) in [
        ("differences", "0 of the paper's 42 points are run"),
        ("claims", "| Variational B ≤ Gaussian B | together | 0 |"),
        ("selection", "| by validation (reported) | all | 0 |"),
        ("selection-claims", "| Variational B ≤ Gaussian B | by validation (reported) |"),
    ] {
        let report = text(&place.run(&format!("report {what} results/runs.jsonl")).stdout);
        assert!(report.contains(part), "{report}");
    }
}

#[test]
fn evaluate_reads_the_saved_model_with_and_without_noise() {
    let place = Folder::with_digits();
    let trained = place.json(&format!("{SMALL} --method variational-b --epochs 3 --save model"));
    let plain = place.json("evaluate model");
    assert_eq!(plain["test_error_percent"], trained["best"]["test_error_percent"]);
    let drawn =
        |seed: u64, threads: u64| place.json(&format!("evaluate model --samples 4 --seed {seed} --threads {threads}"));
    let first = drawn(1, 1);
    assert_eq!(first, drawn(1, 1));
    assert_eq!(first["samples"], 4);
    // Another number of threads cuts the products elsewhere, but draws the same noise.
    let difference = |other: &Value| {
        (first["test_cross_entropy"].as_f64().unwrap() - other["test_cross_entropy"].as_f64().unwrap()).abs()
    };
    assert!(difference(&drawn(1, 3)) < 1e-5 && difference(&drawn(2, 1)) > 1e-5);
    assert!(difference(&plain) > 1e-5);
    let sentence = text(&place.run("evaluate model --samples 2 --data ./digits").stdout);
    assert!(sentence.starts_with("variational-b on 100 test examples of ./digits (2 drawn networks)"), "{sentence}");
}

#[test]
fn evaluate_says_what_is_wrong_with_a_file() {
    let place = Folder::with_digits();
    place.json(&format!("{SMALL} --method none --epochs 1 --save model"));
    let model = fs::read(place.path("model")).unwrap();
    fs::write(place.path("garbage"), b"no model at all").unwrap();
    fs::write(place.path("cut-off"), &model[..model.len() / 2]).unwrap();
    for (name, what) in [
        ("missing", "cannot read missing: No such file or directory"),
        ("digits", "cannot read digits: Is a directory"),
        ("garbage", "garbage is not a vardrop model: "),
        ("cut-off", "cut-off is not a vardrop model: "),
    ] {
        let message = place.failure_of(&format!("evaluate {name}"), 1);
        assert!(message.contains(what) && message.contains("`vardrop train --save"), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    for threads in ["0", "1025", "18446744073709551615"] {
        let message = place.failure_of(&format!("evaluate model --threads {threads}"), 1);
        assert!(message.contains(&format!("threads is {threads}")), "{message}");
    }
    // Digits of another size do not fit.
    let message = place.failure_of("evaluate model --data synthetic", 1);
    assert!(message.contains("[784]") && message.contains("[16]"), "{message}");
}

#[test]
fn report_says_what_it_lacks_and_what_writes_it() {
    let place = Folder::with_digits();
    for (what, remedy) in [("figure1", "`vardrop sweep PLAN.toml"), ("claims", "`vardrop train --record FILE.jsonl`")] {
        for (folder, reason) in [
            ("nowhere", "cannot open nowhere: No such file or directory"),
            ("digits", "digits is not a folder of records: it holds no .jsonl file"),
        ] {
            let message = place.failure_of(&format!("report {what} {folder}"), 1);
            assert!(message.contains(reason) && message.contains(remedy), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
    let message = place.failure_of("report table1 nowhere", 1);
    assert!(message.contains("nowhere") && message.contains("`vardrop variance --record FILE.jsonl`"), "{message}");
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let place = Folder::with_digits();
    let mut child = place.command(&format!("{SMALL} --method none --epochs 3 --save model")).spawn().unwrap();
    drop((child.stderr.take(), child.stdout.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(Path::new(&place.path("model")).is_file());
}

#[test]
fn help_mentions_every_flag_and_what_it_starts_with() {
    let place = Folder::with_digits();
    let help = |arguments: &str| {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(0));
        text(&output.stdout)
    };
    let train = help("train --help");
    for flag in [
        "method",
        "hidden",
        "data",
        "batch-size",
        "epochs",
        "seed",
        "threads",
        "held-out",
        "validation",
        "learning-rate",
        "constant-epochs",
        "alpha-step",
        "averaging",
        "save",
        "resume",
        "record",
        "json",
        "protocol",
    ] {
        assert!(train.contains(&format!("--{flag}")), "{flag}: {train}");
    }
    // What each option is by default is the protocol's; the protocols are named, each with what it is.
    let words = train.split_whitespace().collect::<Vec<_>>().join(" ");
    for preset in Preset::ALL {
        assert!(words.contains(&format!("- {preset}: {}", preset.description())), "{preset}: {train}");
    }
    assert!(words.matches("as in the protocol").count() >= 7, "{train}");
    let evaluate = help("evaluate --help");
    for flag in ["data", "samples", "seed", "threads", "json"] {
        assert!(evaluate.contains(&format!("--{flag}")), "{flag}: {evaluate}");
    }
    assert!(help("--help").contains("evaluate"));
}
