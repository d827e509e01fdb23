//! Tables on the command line: training, evaluating, predicting, resuming, sweeping, pruning and measuring.

use crate::support;
use std::fmt::Write as _;
use std::fs;

use crate::support::figures;
use crate::support::folder::Folder;
use serde_json::Value;

/// Numbers in [−1, 1) that look random.
fn numbers() -> impl FnMut() -> f64 {
    let mut state = 1_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    }
}

/// A folder with two tables of 120 rows, made by a formula, and nothing else around.
fn with_tables() -> Folder {
    let place = Folder::new();
    let mut number = numbers();
    let mut houses = "id,area,side,age,price\n".to_owned();
    let mut flowers = "length,width,kind\n".to_owned();
    for row in 0..120 {
        let (area, age, noise) = (100.0 + 40.0 * number(), 50.0 + 50.0 * number(), number());
        let side = ["north", "south"][row % 2];
        let price = 1000.0 * area + if row % 2 == 0 { 20_000.0 } else { 0.0 } - 200.0 * age + 3000.0 * noise;
        writeln!(houses, "{row},{area:.1},{side},{age:.0},{price:.0}").unwrap();
        let kind = ["rose", "lily, white", "iris"][row % 3];
        let centre = [1.0, 4.0, 7.0][row % 3];
        writeln!(flowers, "{:.2},{:.2},\"{kind}\"", centre + number(), 2.0 * centre + number()).unwrap();
    }
    fs::write(place.path("houses.csv"), houses).unwrap();
    fs::write(place.path("flowers.csv"), flowers).unwrap();
    place
}

fn read(place: &Folder, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

const HOUSES: &str = "train --data ./houses.csv --target price --ignored id --method variational-b --hidden 20 --threads 1 --epochs 60 \
     --learning-rate 5e-3 --held-out 10";
const FLOWERS: &str =
    "train --data ./flowers.csv --method variational-b --hidden 20 --threads 1 --epochs 40 --learning-rate 1e-2";

/// Columns of a CSV file without quotes, by their names.
fn column<'a>(csv: &'a str, name: &str) -> Vec<&'a str> {
    let place = csv.lines().next().unwrap().split(',').position(|column| column == name).unwrap();
    csv.lines().skip(1).map(|line| line.split(',').nth(place).unwrap()).collect()
}

#[test]
fn real_targets_are_told_in_the_tables_units_from_training_to_prediction() {
    let place = with_tables();
    let trained = place.json(&format!("{HOUSES} --save houses.safetensors"));
    // 120 rows, 24 of them for the test.
    assert_eq!((&trained["train_examples"], &trained["preset"]), (&86.into(), &"custom".into()));
    assert_eq!(trained["protocol"]["likelihood"], "gaussian");
    let (best, epochs) = (&trained["best"], trained["epochs"].as_array().unwrap());
    let chosen = &epochs[best["epoch"].as_u64().unwrap() as usize - 1];
    for key in ["valid_rmse", "test_rmse", "valid_error_percent", "test_error_percent"] {
        assert!(best[key].is_number() && best[key] == chosen[key], "{key}: {best}");
    }
    // Prices scatter by about 27,000, of which 1,700 are noise.
    let rmse = best["test_rmse"].as_f64().unwrap();
    assert!((1000.0..9000.0).contains(&rmse), "{rmse}");

    let evaluated = place.json("evaluate houses.safetensors");
    assert!((evaluated["test_rmse"].as_f64().unwrap() / rmse - 1.0).abs() < 1e-4, "{evaluated}");
    assert_eq!((&evaluated["test_examples"], &evaluated["other_data"]), (&24.into(), &false.into()));
    assert!(evaluated["test_negative_log_likelihood"].as_f64().unwrap() > 7.0, "of a density for each unit of money");
    let levels: Vec<f64> =
        evaluated["intervals"].as_array().unwrap().iter().map(|one| one["level"].as_f64().unwrap()).collect();
    assert_eq!(levels, [0.5, 0.9, 0.95]);
    assert_eq!(evaluated["targets"][0]["name"], "price");
    let drawn = place.json("evaluate houses.safetensors --samples 20 --levels 0.9");
    let interval = &drawn["intervals"][0];
    assert!(interval["coverage"].as_f64().unwrap() > 0.6 && interval["width"].as_f64().unwrap() > 3000.0, "{drawn}");
    let [told, _] = place.both("evaluate houses.safetensors --samples 20");
    assert!(told.contains("price: RMSE ") && told.contains("intervals of 90 %: "), "{told}");

    // Without the target, and the columns in another order.
    let houses = read(&place, "houses.csv");
    let other: String = houses.lines().fold(String::new(), |text, line| {
        let cells: Vec<&str> = line.split(',').collect();
        text + &format!("{},note,{},{}\n", cells[3], cells[2], cells[1])
    });
    fs::write(place.path("new.csv"), &other).unwrap();
    place.both("evaluate houses.safetensors --data ./new.csv --predict predictions.csv --samples 10 --levels 0.9");
    let predictions = read(&place, "predictions.csv");
    assert!(predictions.starts_with("price,price low 90%,price high 90%\n"), "{predictions}");
    let number = |text: &str| text.parse::<f64>().unwrap();
    let [mean, low, high] = ["price", "price low 90%", "price high 90%"].map(|name| column(&predictions, name));
    let prices = column(&houses, "price");
    assert_eq!(mean.len(), 120);
    let squares = mean.iter().zip(&prices).map(|(a, b)| (number(a) - number(b)).powi(2)).sum::<f64>();
    assert!((squares / 120.0).sqrt() < 9000.0, "{squares}");
    assert!((0..120).all(|row| number(low[row]) < number(mean[row]) && number(mean[row]) < number(high[row])));
    // What is there is not replaced unasked.
    let again = "evaluate houses.safetensors --data ./new.csv --predict predictions.csv";
    assert!(place.failure(again).contains("predictions.csv"));
    place.both(&format!("{again} --force"));
    assert!(place.failure("evaluate houses.safetensors --data ./new.csv").contains("price"), "it has no target");
}

#[test]
fn classes_keep_their_names_from_training_to_prediction() {
    let place = with_tables();
    let [told, log] = place.both(&format!("{FLOWERS} --save flowers.safetensors"));
    assert!(told.starts_with("variational-b: test error "), "{told}");
    assert!(log.starts_with("protocol table but for epochs, learning rate: 40 epochs, step size 1e-2"), "{log}");
    assert!(log.contains("19 examples held out for validation"), "a fifth of 96: {log}");
    let evaluated = place.json("evaluate flowers.safetensors");
    assert!(evaluated["test_error_percent"].as_f64().unwrap() < 10.0, "{evaluated}");
    place.both("evaluate flowers.safetensors --predict predictions.csv");
    let predictions = read(&place, "predictions.csv");
    assert!(predictions.starts_with("kind,p(iris),\"p(lily, white)\",p(rose)\n"), "{predictions}");
    assert_eq!(predictions.lines().count(), 121);
    // Of another table every row counts.
    let flowers = read(&place, "flowers.csv");
    let part: String = flowers.lines().take(31).fold(String::new(), |text, line| text + line + "\n");
    fs::write(place.path("part.csv"), part).unwrap();
    let evaluated = place.json("evaluate flowers.safetensors --data ./part.csv");
    assert_eq!((&evaluated["test_examples"], &evaluated["other_data"]), (&30.into(), &true.into()));
    // The same table at another place is the same data.
    fs::rename(place.path("flowers.csv"), place.path("moved.csv")).unwrap();
    let message = place.failure("evaluate flowers.safetensors");
    assert!(message.contains("Give its new place") && message.contains("--data FILE.csv"), "{message}");
    let evaluated = place.json("evaluate flowers.safetensors --data ./moved.csv");
    assert_eq!((&evaluated["test_examples"], &evaluated["other_data"]), (&24.into(), &false.into()));
    assert!(place.failure("evaluate flowers.safetensors --data synthetic").contains("a table with the columns of"));
}

#[test]
fn whole_numbers_are_classes_where_the_likelihood_says_so() {
    let place = with_tables();
    let codes = read(&place, "flowers.csv").replace("rose", "0").replace("\"lily, white\"", "1").replace("iris", "2");
    fs::write(place.path("codes.csv"), codes.replace("\"", "")).unwrap();
    let train = "train --data ./codes.csv --method none --hidden 10 --threads 1 --epochs 3";
    let values = place.json(train);
    assert!(values["best"]["test_rmse"].is_number(), "{values}");
    let classes = place.json(&format!("{train} --likelihood categorical"));
    assert!(classes["best"].get("test_rmse").is_none(), "{classes}");
    let message = place.failure(&format!("{} --likelihood gaussian", FLOWERS));
    assert!(message.contains("kind"), "{message}");
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    let place = with_tables();
    let train = "train --method none --hidden 5 --epochs 1 --threads 1";
    for (arguments, parts) in [
        ("--data ./houses.csv --target prize", ["prize", "price"]),
        ("--data ./houses.csv --target price --ignored price", ["price", "leave out"]),
        ("--data synthetic --target price", ["--target", "--data FILE.csv"]),
        ("--data ./houses.csv --test-share 1.5", ["--test-share is 1.5", "a share"]),
        ("--data ./none.csv", ["none.csv", "No such file"]),
        ("--data ./houses.csv --likelihood poisson", ["poisson", "categorical"]),
        ("--data ./houses.csv --activation step", ["step", "relu"]),
        ("--data ./houses.csv --patience 3 --held-out 0", ["--patience", "--held-out"]),
        ("--data ./houses.csv --batch-size 1000", ["--batch-size", "training examples"]),
    ] {
        let message = place.failure(&format!("{train} {arguments}"));
        assert!(parts.iter().all(|part| message.contains(part)), "{arguments}: {message}");
    }
    let houses = read(&place, "houses.csv");
    fs::write(place.path("hole.csv"), houses.replacen("south", "", 1)).unwrap();
    let message = place.failure(&format!("{train} --data ./hole.csv"));
    assert!(message.contains("hole.csv") && message.contains("line 3") && message.contains("side"), "{message}");
    place.both(&format!("{HOUSES} --epochs 1 --save houses.safetensors").replace("--epochs 60 ", ""));
    fs::write(place.path("west.csv"), houses.replacen("south", "west", 1)).unwrap();
    for action in ["", "--predict out.csv"] {
        let message = place.failure(&format!("evaluate houses.safetensors --data ./west.csv {action}"));
        assert!(message.contains("\"west\"") && message.contains("line 3"), "{message}");
    }
    fs::write(place.path("less.csv"), houses.replacen("area", "size", 1)).unwrap();
    assert!(place.failure("evaluate houses.safetensors --data ./less.csv").contains("area"));
}

#[test]
fn a_resumed_run_gives_the_numbers_of_an_uninterrupted_one() {
    let place = with_tables();
    let train = "train --data ./houses.csv --target price --test-share 0.25 --test-seed 7 --method variational-a --hidden 8 \
                 --activation tanh --optimizer sgd:0.9 --learning-rate 0.01 --threads 1 --patience 99 --held-out 10 --seed 3";
    let whole = place.json(&format!("{train} --epochs 6"));
    assert_eq!(whole["protocol"]["activation"], "tanh");
    assert!(whole["border_alpha"].is_null(), "a table has no border");
    place.json(&format!("{train} --epochs 2 --save part.safetensors"));
    let resumed = place.json("train --resume part.safetensors --epochs 6 --save part.safetensors");
    assert_eq!(figures(resumed), figures(whole.clone()));
    // Also where the table has moved, and not where it has changed.
    place.json(&format!("{train} --epochs 2 --save moved.safetensors"));
    fs::rename(place.path("houses.csv"), place.path("moved.csv")).unwrap();
    let message = place.failure("train --resume moved.safetensors --epochs 6");
    assert!(message.contains("houses.csv: no such file") && message.contains("--data FILE.csv"), "{message}");
    let resumed = place.json("train --resume moved.safetensors --epochs 6 --data ./moved.csv");
    assert_eq!(resumed["best"], whole["best"]);
    fs::write(place.path("moved.csv"), read(&place, "moved.csv").replacen("south", "north", 1)).unwrap();
    let message = place.failure("train --resume moved.safetensors --epochs 6 --data ./moved.csv");
    assert!(message.contains("expected the data with digest"), "{message}");
    assert!(place.failure("train --resume moved.safetensors --target price").contains("--target"));
}

#[test]
fn a_test_table_with_its_columns_in_another_order_tests_what_the_other_trains() {
    let place = with_tables();
    let flowers = read(&place, "flowers.csv");
    let lines: Vec<&str> = flowers.lines().collect();
    let test: String = lines[81..].iter().fold("kind,width,length\n".to_owned(), |text, line| {
        let (numbers, kind) = line.split_once(",\"").unwrap();
        let (length, width) = numbers.split_once(',').unwrap();
        text + &format!("\"{kind},{width},{length}\n")
    });
    fs::write(place.path("train.csv"), lines[..81].join("\n")).unwrap();
    fs::write(place.path("test.csv"), test).unwrap();
    let train = FLOWERS.replace("./flowers.csv", "./train.csv --target kind --test-data test.csv");
    let trained = place.json(&format!("{train} --save flowers.safetensors"));
    assert_eq!(trained["train_examples"], 64);
    assert_eq!(
        (&trained["protocol"]["held_out"], &trained["protocol"]["patience"]),
        (&16.into(), &20.into()),
        "{trained}"
    );
    let all = place.json(&format!("{train} --held-out 0"));
    assert!(all["protocol"].get("patience").is_none(), "nothing is held out: {all}");
    assert_eq!(place.json("evaluate flowers.safetensors")["test_examples"], 40);
    let message = place.failure(&format!("{train} --test-share 0.3"));
    assert!(message.contains("--test-share") && message.contains("--test-data"), "{message}");
}

#[test]
fn a_plan_trains_on_a_table() {
    let place = with_tables();
    let plan = "data = \"./houses.csv\"\n[table]\ntarget = \"price\"\nignored = [\"id\"]\ntest_share = 0.25\n[protocol]\nepochs = 3\n\
                [[grid]]\nmethods = [\"none\", \"variational-b\"]\nwidths = [8]\nlayers = 1\nseeds = [1, 2]\n";
    fs::write(place.path("plan.toml"), plan).unwrap();
    let [_, log] = place.both("sweep plan.toml --out out --jobs 1");
    assert!(log.contains("test RMSE") && log.contains("4 networks have their record"), "{log}");
    let records = support::records(&place.path("out"));
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&record["train_examples"], &record["protocol"]["held_out"]), (&72.into(), &18.into()));
        assert_eq!(record["protocol"]["likelihood"], "gaussian");
        assert!(record["best"]["test_rmse"].is_number());
    }
    // Again, there is nothing to do.
    let [_, log] = place.both("sweep plan.toml --out out");
    assert!(log.contains("4 networks have their record"), "{log}");
    for (from, to, part) in [
        ("test_share = 0.25", "test_share = 0.25\ntest_data = \"a.csv\"", "two test sets"),
        ("test_share", "testshare", "unknown field"),
        ("\"./houses.csv\"", "\"synthetic\"", "is not a table"),
        ("\"price\"", "\"prize\"", "prize"),
    ] {
        fs::write(place.path("wrong.toml"), plan.replace(from, to)).unwrap();
        let message = place.failure("sweep wrong.toml --out wrong");
        assert!(message.contains(part), "{to}: {message}");
    }
}

#[test]
fn a_sparse_network_of_a_table_is_pruned_and_evaluated() {
    let place = with_tables();
    let train = "train --data ./houses.csv --target price --method sparse --hidden 10 --activation tanh --threads 1 --epochs 20";
    place.both(&format!("{train} --save sparse.safetensors"));
    let pruned = place.json("prune sparse.safetensors --out pruned.safetensors --fine-tune 1");
    assert!(pruned["test_error_percent"].is_number(), "{pruned}");
    let evaluated = place.json("evaluate pruned.safetensors");
    assert!(evaluated["test_rmse"].is_number() && evaluated["targets"][0]["name"] == "price", "{evaluated}");
    place.both("evaluate pruned.safetensors --predict predictions.csv");
    assert_eq!(read(&place, "predictions.csv").lines().count(), 121);
}

#[test]
fn the_variance_of_a_tables_gradient_is_measured() {
    let place = with_tables();
    let measured = place.json(
        "variance --data ./houses.csv --target price --ignored id --hidden 8 --epochs 1,2 --batch-size 20 --threads 1",
    );
    let measurements = measured["measurements"].as_array().unwrap();
    assert_eq!(measurements.len(), 8, "four estimators after each of two epochs");
    assert_eq!(measurements[0]["protocol"]["likelihood"], "gaussian");
}
