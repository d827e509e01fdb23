//! `vardrop train --method sparse`, `vardrop prune` and the evaluation of what they leave, as a user meets them.

use crate::support::folder::Folder;

/// A folder with digits, and a sparse network trained on them.
fn with_model() -> Folder {
    let place = Folder::with_digits();
    place.json(&format!("{TRAIN} --method sparse --hidden 12,8 --epochs 80 --save model"));
    place
}

const TRAIN: &str = "train --data ./digits --held-out 60 --batch-size 20 --learning-rate 0.01 --threads 1";

#[test]
fn a_sparse_network_is_pruned_written_and_evaluated() {
    let place = with_model();
    let output = place.run("prune model --threshold 3 --record records.jsonl");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && stdout.contains("Compression") && stdout.contains("model-pruned.safetensors"),
        "{stdout}"
    );
    let pruned = place.json("prune model --threshold 0 --out tight --record records.jsonl");
    assert!(pruned["compression"].as_f64().unwrap() > 1.5, "{pruned}");
    assert_eq!(pruned["layers"][0]["inputs"], 16);
    let records = std::fs::read_to_string(place.path("records.jsonl")).unwrap();
    assert_eq!(records.lines().count(), 2);
    // What is evaluated is what was written.
    let evaluated = place.json("evaluate tight --threads 1");
    assert_eq!(evaluated["test_error_percent"], pruned["test_error_percent"]);
    assert_eq!((&evaluated["method"], &evaluated["test_examples"]), (&"sparse".into(), &100.into()));
    assert_eq!(evaluated["dataset"], "./digits");
    let message = place.failure("evaluate tight --samples 3");
    assert!(message.contains("samples is 3") && message.contains("no noise"), "{message}");
}

#[test]
fn what_is_left_is_trained_on_without_noise() {
    let place = with_model();
    let plain = place.json("prune model --threshold -1 --out plain");
    let tuned = place.json("prune model --threshold -1 --out tuned --fine-tune 20 --learning-rate 0.01 --threads 1");
    assert_eq!((&tuned["layers"], &tuned["fine_tuned_epochs"]), (&plain["layers"], &20.into()));
    assert_eq!(tuned["pruned_test_error_percent"], plain["test_error_percent"]);
    assert!(tuned["valid_error_percent"].as_f64() <= plain["valid_error_percent"].as_f64(), "{plain} {tuned}");
}

#[test]
fn a_dense_model_becomes_sparse_from_its_own_weights() {
    let place = with_model();
    place.json(&format!("{TRAIN} --method none --hidden 12,8 --epochs 10 --save dense"));
    let message = place.failure("prune dense");
    assert!(message.contains("method of the model is none") && message.contains("--start dense"), "{message}");
    let made = place.json(&format!("{TRAIN} --method sparse --start dense --epochs 80 --save sparse"));
    assert_eq!(made["hidden"], serde_json::json!([12, 8]), "the widths are the model's");
    assert!(place.json("prune sparse")["compression"].as_f64().unwrap() > 1.1);
    let message = place.failure(&format!("{TRAIN} --method sparse --start nothing"));
    assert!(message.contains("nothing"), "{message}");
    let message = place.failure(&format!("{TRAIN} --method sparse --start dense --hidden 12,9"));
    assert!(message.contains("--start") && message.contains("--hidden"), "{message}");
}

#[test]
fn an_exported_model_is_evaluated_and_not_resumed() {
    let place = with_model();
    let trained =
        place.json(&format!("{TRAIN} --method binary --hidden 12 --epochs 2 --save whole --export model-alone"));
    let size = |name| std::fs::metadata(place.path(name)).unwrap().len();
    assert!(3 * size("model-alone") < size("whole"), "{} of {}", size("model-alone"), size("whole"));
    let evaluated = place.json("evaluate model-alone");
    assert_eq!(evaluated["test_error_percent"], trained["best"]["test_error_percent"]);
    let message = place.failure("train --resume model-alone --epochs 3");
    assert!(message.contains("model-alone") && message.contains("exported model"), "{message}");
}

#[test]
fn wrong_arguments_are_named_and_nothing_is_written() {
    let place = with_model();
    for (arguments, parts) in [
        ("prune model --threshold nan", ["threshold is NaN", "such as 3"]),
        ("prune model --threshold -40", ["threshold is -40", "smallest ln α"]),
        ("prune model --out model", ["out is model", "another file"]),
        ("prune nothing", ["nothing", "No such file"]),
        ("prune digits/train-labels-idx1-ubyte", ["train-labels", "is not a vardrop model"]),
        ("train --method sparse --patience 2", ["--patience 2 does not go with the method sparse", "leave it out"]),
        ("train --method sparse --kl-warm-up 5", ["5", "such as 5,20"]),
        ("train --method sparse --epochs 3 --kl-warm-up 5,20", ["--kl-warm-up is 5,20", "from 0 to the 3 --epochs"]),
    ] {
        let message = place.failure(arguments);
        assert!(parts.iter().all(|part| message.contains(part)), "{arguments}: {message}");
    }
    let names = std::fs::read_dir(place.root()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["digits", "model"]);
}
