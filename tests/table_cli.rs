//! Tables on the command line: trained on, resumed, evaluated, also on other tables; what is said of options that do not go together.
#![cfg(feature = "cli")]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

struct Place(tempfile::TempDir);

impl Place {
    /// `t.csv` with 300 rows: y = 3·x + 50·[side is north] + 1000, `big` is whether that is above 1200, and a name for each row.
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let rows: Vec<String> = (0..300).map(|row| Self::row(7 * row % 100, row % 2 == 0)).collect();
        place.write("t.csv", &format!("name,x,side,big,y\n{}\n", rows.join("\n")));
        place
    }

    fn row(x: usize, is_north: bool) -> String {
        let y = 3 * x + if is_north { 50 } else { 0 } + 1000;
        let (side, big) = (if is_north { "north" } else { "south" }, if y > 1200 { "yes" } else { "no" });
        format!("\"row {x}, {side}\",{x},{side},{big},{y}")
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vardrop"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    #[track_caller]
    fn stdout(&self, arguments: &str) -> String {
        let Output { status, stdout, stderr } = self.run(arguments);
        assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.stdout(&format!("{arguments} --json"))).unwrap()
    }

    #[track_caller]
    fn error(&self, arguments: &str, code: i32) -> String {
        let Output { status, stderr, .. } = self.run(arguments);
        let message = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(code), "{message}");
        message
    }
}

const TRAIN: &str =
    "train --method variational-b --hidden 20 --batch-size 20 --learning-rate 5e-3 --averaging 0.99 --threads 1";
const VALUES: &str = "--data t.csv --ignore name,big --activation tanh";

#[test]
fn real_targets_are_learned_and_evaluated_in_their_units() {
    let place = Place::new();
    let text = place.stdout(&format!("{TRAIN} {VALUES} --epochs 60 --save m"));
    assert!(text.starts_with("variational-b: test root mean square error ") && text.contains(" of y, "), "{text}");
    let rmse: f64 = text.split_whitespace().nth(6).unwrap().parse().unwrap();
    // The targets' own deviation is 90.
    assert!(rmse > 0.1 && rmse < 30.0, "{text}");
    let report = place.json("evaluate m");
    assert_eq!((&report["test_examples"], &report["other_data"]), (&60.into(), &false.into()));
    let quantity = &report["quantities"][0];
    assert_eq!(quantity["name"], "y");
    assert!((quantity["rmse"].as_f64().unwrap() - rmse).abs() < 1e-3, "{quantity} {rmse}");
    let within = place.json("evaluate m --samples 20")["quantities"][0]["within_95_percent"].as_f64().unwrap();
    assert!(within > 80.0, "{within}");
    assert!(place.stdout("evaluate m").contains("root mean square error"));

    // All rows of another table, its columns in another order.
    place.write("other.csv", "side,y,x\nnorth,1170,40\nsouth,1030,10\nsouth,1240,80\n");
    let report = place.json("evaluate m --data other.csv");
    assert_eq!((&report["test_examples"], &report["other_data"]), (&3.into(), &true.into()));
    assert!(report["quantities"][0]["rmse"].as_f64().unwrap() < 60.0, "{report}");
    place.write("other.csv", "side,y,x\nwest,1170,40\n");
    let message = place.error("evaluate m --data other.csv", 1);
    assert!(message.contains("line 2, column \"side\" is \"west\", a category that"), "{message}");
}

#[test]
fn a_resumed_run_gives_the_numbers_of_an_uninterrupted_one() {
    let place = Place::new();
    let best = |report: &Value| report["best"].clone();
    let whole = place.json(&format!("{TRAIN} {VALUES} --constant-epochs 4 --epochs 4"));
    place.stdout(&format!("{TRAIN} {VALUES} --constant-epochs 2 --epochs 2 --save m"));
    assert_eq!(best(&place.json("train --resume m --epochs 4")), best(&whole));
    fs::rename(place.0.path().join("t.csv"), place.0.path().join("moved.csv")).unwrap();
    let message = place.error("train --resume m --epochs 4", 1);
    assert!(message.contains("t.csv: no such file") && message.contains("--data TABLE.csv"), "{message}");
    assert_eq!(best(&place.json("train --resume m --epochs 4 --data moved.csv")), best(&whole));
    let text = fs::read_to_string(place.0.path().join("moved.csv")).unwrap();
    place.write("moved.csv", &text.replacen(",7,", ",8,", 1));
    let message = place.error("train --resume m --epochs 4 --data moved.csv", 1);
    assert!(message.contains("expected the data with digest"), "{message}");
}

#[test]
fn classes_are_learned_whether_they_are_text_or_numbers_that_the_likelihood_makes_classes() {
    let place = Place::new();
    let report =
        place.json(&format!("{TRAIN} --data t.csv --target big --ignore name,y --epochs 40 --save m --held-out 40"));
    assert!(report["best"]["test_error_percent"].as_f64().unwrap() < 15.0, "{}", report["best"]);
    assert_eq!(report["train_examples"], 200);
    let evaluated = place.json("evaluate m --samples 4");
    assert_eq!(evaluated["test_examples"], 60);
    assert!(evaluated["calibration"]["error_percent"].as_f64().unwrap() < 15.0);

    let inputs =
        format!("{TRAIN} --data t.csv --target big --ignore name --epochs 1").replace("variational-b", "variational-a");
    assert!(place.json(&inputs)["border_alpha"].is_null(), "a table has no border");

    place.write("n.csv", &(0..60).fold("x,k\n".into(), |text, row| format!("{text}{row},{}\n", row % 3)));
    place.write("n_test.csv", "k,x\n0,3\n1,4\n");
    let train = format!("{TRAIN} --data n.csv --epochs 1 --test-data n_test.csv");
    assert!(place.stdout(&train).contains("root mean square error"));
    place.stdout(&format!("{train} --likelihood categorical --save k"));
    assert_eq!(place.json("evaluate k")["test_examples"], 2);
}

#[test]
fn what_does_not_go_together_says_so() {
    let place = Place::new();
    for (arguments, part) in [
        ("--data synthetic --target y", "--data is synthetic: expected a table, TABLE.csv, for --target"),
        ("--data synthetic --test-share 0.5", "expected a table, TABLE.csv, for --test-share"),
        (
            "--data t.csv --target yy",
            "column is \"yy\": expected a column of t.csv: name, x, side, big, y; the nearest is \"y\"",
        ),
        ("--data t.csv --test-share 2", "share of the test is 2: expected a share of the 300 rows"),
        (
            "--data t.csv --target big --likelihood gaussian",
            "line 2, column \"big\" is \"no\": expected a finite number",
        ),
        ("--data none.csv", "cannot open none.csv"),
    ] {
        let message = place.error(&format!("{TRAIN} {arguments}"), 1);
        assert!(message.contains(part), "{arguments}: {message}");
    }
    place.stdout(&format!("{TRAIN} {VALUES} --epochs 1 --save m"));
    assert!(place.error("train --resume m --target x", 2).contains("--target"));
    assert!(place.error("evaluate m --record r", 1).contains("none for real targets"));
    let sparse = format!("{TRAIN} --data t.csv --ignore name --target big --epochs 1 --save s")
        .replace("variational-b", "sparse");
    place.stdout(&sparse);
    assert!(place.error("prune s", 1).contains("is a table, and a pruned network does not keep"));
}
