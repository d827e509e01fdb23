//! Tables: what becomes of their columns, how they are split, and what is said of a file that is none.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vardrop::Method;
use vardrop::data::csv::{Column, CsvOptions, Recipe, TargetColumns, TargetKind};
use vardrop::data::{Dataset, Source, Splits, Target, Validation};
use vardrop::ndarray::{Array2, Axis, array};
use vardrop::training::{Config, train};
use vardrop::uncertainty::{Calibration, Predictive, Sampling};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// All rows for training, and again as the test.
fn whole(path: &Path, options: CsvOptions) -> vardrop::Result<Splits> {
    options.test_file(path).open(path, 0, None)
}

fn opened(content: &str, options: CsvOptions) -> Splits {
    whole(&Place::new().write("t.csv", content), options).unwrap()
}

/// What is said of a table without anything in the way of a path.
#[track_caller]
fn refused(content: impl AsRef<[u8]>, options: CsvOptions, expected: &str) {
    let place = Place::new();
    let message = whole(&place.write("t.csv", content), options).unwrap_err().to_string();
    let message = message.replace(&format!("{}/", place.0.path().display()), "");
    assert!(message.contains(expected), "{message}");
}

fn values(part: &Dataset) -> Array2<f64> {
    part.values().unwrap().to_owned()
}

const HOUSES: &str = "area,side,rooms,price\n40,south,2,100.5\n75.5,north,3,210\n-1e1,south,2,-3\n";

#[test]
fn numbers_stay_texts_become_a_feature_for_each_category_and_the_last_column_is_predicted() {
    let splits = opened(HOUSES, CsvOptions::default());
    let expected = array![[40.0, 0.0, 1.0, 2.0], [75.5, 1.0, 0.0, 3.0], [-10.0, 0.0, 1.0, 2.0]];
    assert_eq!(splits.train.table().unwrap(), expected);
    assert_eq!(values(&splits.train), array![[100.5], [210.0], [-3.0]]);
    assert_eq!(splits.train.quantities(), ["price"]);
    let recipe = splits.recipe().unwrap();
    assert_eq!(recipe.feature_names(), ["area", "side=north", "side=south", "rooms"]);
}

#[test]
fn any_columns_are_predicted_left_out_or_made_categories() {
    let splits = opened(HOUSES, CsvOptions::default().target(["price", "area"]).ignored(["side"]));
    assert_eq!((splits.train.inputs(), splits.train.quantities()), (1, &["price".to_owned(), "area".into()][..]));
    assert_eq!(splits.train.target(1), Target::Values(&[210.0, 75.5]));
    // Left out, the last column is not what is predicted either.
    let splits = opened(HOUSES, CsvOptions::default().ignored(["price"]).categorical(["area"]));
    assert_eq!(splits.train.quantities(), ["rooms"]);
    let names = ["area=-1e1", "area=40", "area=75.5", "side=north", "side=south"];
    assert_eq!(splits.recipe().unwrap().feature_names(), names);
}

#[test]
fn text_and_on_demand_whole_numbers_are_classes() {
    let splits = opened(HOUSES, CsvOptions::default().target(["side"]));
    assert_eq!(
        (splits.train.labels(), splits.train.class_names()),
        (&[1, 0, 1][..], &["north".to_owned(), "south".into()][..])
    );
    let rooms = "rooms,x\n10,1\n9,2\n10,3\n";
    let options = CsvOptions::default().target(["rooms"]);
    assert_eq!(values(&opened(rooms, options.clone()).train), array![[10.0], [9.0], [10.0]]);
    let splits = opened(rooms, options.kind(TargetKind::Classes));
    assert_eq!(splits.train.class_names(), ["9", "10"], "by size");
    assert_eq!(splits.train.labels(), [1, 0, 1]);
}

#[test]
fn quotes_line_ends_byte_order_marks_and_other_separators_are_read() {
    let expected = opened("name,y\n\"a, b\",1\n\"c\nd\",2\n\"e \"\"f\"\"\",3\n", CsvOptions::default());
    let names = ["name=a, b", "name=c\nd", "name=e \"f\""];
    assert_eq!(expected.recipe().unwrap().feature_names(), names);
    let plain = opened("x,y\n1,2\n3,4\n", CsvOptions::default());
    for other in
        ["\u{feff}x,y\r\n1,2\r\n3,4", "\u{feff}\"x\",\"y\"\n1,2\n3,4\n", "x;y\n1;2\n3;4", " x , y\n 1 ,2\n\n3,\"4\"\n"]
    {
        let other = opened(other, CsvOptions::default());
        assert_eq!(other.recipe().unwrap().columns, plain.recipe().unwrap().columns);
        assert_eq!((values(&other.train), other.train.table()), (values(&plain.train), plain.train.table()));
        assert_eq!(other.digest(), plain.digest());
    }
    let tabs = Place::new();
    let path = tabs.write("t.tsv", "x\ty\n1\t2\n3\t4\n");
    assert_eq!(whole(&path, CsvOptions::default()).unwrap().digest(), plain.digest());
}

#[test]
fn a_value_that_is_missing_is_named_by_line_and_column() {
    for missing in ["", "NA", "n/a", "NaN", "?", "null"] {
        let shown = if missing.is_empty() { "empty".to_owned() } else { format!("{missing:?}") };
        let expected =
            format!("t.csv is not a table to learn from: line 4, column \"b\" is {shown}, a missing value: fill it in");
        refused(format!("a,b,y\n1,\"x\",2\n2,y,3\n3,{missing},4\n"), CsvOptions::default(), &expected);
    }
    refused("a,y\n1,2\n3,\n", CsvOptions::default(), "line 3, column \"y\" is empty");
    for (before, line) in
        [("\"1\",2\n\n\n", 5), ("1,2\r\n", 3), ("1,2\r\n\r\n3,4\r\n", 5), ("1,2\r3,4\r", 4), ("\"1\",\"2\n\"\n", 4)]
    {
        let content = format!("\u{feff}a,y\n{before}3,\n");
        refused(content, CsvOptions::default(), &format!("line {line}, column \"y\" is empty"));
        refused(format!("a,y\n{before}3\n"), CsvOptions::default(), &format!("line {line} has 1 cells"));
    }
}

#[test]
fn what_is_no_table_says_why_and_what_to_do() {
    let plain = CsvOptions::default;
    refused("", plain(), "t.csv is not a table to learn from: it is empty: expected a header");
    refused("a,b\n", plain(), "it has no rows below its header");
    refused("1,2\n3,4\n", plain(), "its first line has only numbers: put a header above it");
    refused("a,,c\n1,2,3\n", plain(), "column 2 of its header has no name");
    refused("a,b,a\n1,2,3\n", plain(), "columns 1 and 3 are both called \"a\"");
    refused("a,b\n1,2\n3\n", plain(), "line 3 has 1 cells: expected 2, as the header has");
    refused("a,b\n1,2\n3,4,5\n", plain(), "line 3 has 3 cells: expected 2");
    refused(b"a,b\n1,2\n\xff,4\n", plain(), "line 3 is not UTF-8");
    refused("y\n1\n2\n", plain(), "it has no column to predict from");
    refused("a,y\n1,2\n1e999,4\n", plain(), "line 3, column \"a\" is \"1e999\": expected a finite number");
    refused(
        "a,y\n1,2\n3,4\n3x,4\n",
        plain(),
        "line 4, column \"a\" is \"3x\", and 2 of its 3 cells are numbers: correct it",
    );
    refused("a,y\n1,2\n3,4\n5,6x\n", plain(), "line 4, column \"y\" is \"6x\"");
    refused("a,y\n1,red\n2,red\n", plain(), "all rows have \"red\" as \"y\": expected two classes or more");
    refused("a,y\n1,1.5\n2,3\n", plain().kind(TargetKind::Classes), "line 2, column \"y\" is not a whole number");
    refused(
        "a,y\n1,p\n2,q\n",
        plain().kind(TargetKind::Values),
        "line 2, column \"y\" is \"p\": expected a finite number",
    );
    refused("a,b,y\n1,1,2\n2,1,3\n", plain().target(["b", "y"]).kind(TargetKind::Classes), "only one can be classes");
    let ids: String = (0..1001).map(|row| format!("id{row},{row}\n")).collect();
    refused(
        format!("id,y\n{ids}"),
        plain(),
        "column \"id\" has 1001 different cells: expected at most 1000; leave it out",
    );
    let message = plain().open("nowhere.csv", 0, None).unwrap_err().to_string();
    assert!(message.contains("cannot open nowhere.csv") && message.contains("name a CSV file"), "{message}");
}

#[test]
fn a_column_that_is_not_there_is_told_with_those_that_are_and_the_nearest() {
    let expected =
        "column is \"prize\": expected a column of t.csv: area, side, rooms, price; the nearest is \"price\"";
    for options in [
        CsvOptions::default().target(["prize"]),
        CsvOptions::default().ignored(["prize"]),
        CsvOptions::default().categorical(["prize"]),
    ] {
        refused(HOUSES, options, expected);
    }
    refused(HOUSES, CsvOptions::default().target(["PRICE"]), "the nearest is \"price\"");
    refused(HOUSES, CsvOptions::default().target(["xyzzy"]), "area, side, rooms, price");
    refused(HOUSES, CsvOptions::default().target(["price", "price"]), "target price is named twice");
    refused(
        HOUSES,
        CsvOptions::default().target(["price"]).ignored(["price"]),
        "target price is also a column to leave out",
    );
}

#[test]
fn a_second_file_is_the_test_and_has_no_say_in_the_encoding() {
    let place = Place::new();
    let train = place.write("train.csv", HOUSES);
    let test = place.write("test.csv", "price,rooms,other,side,area\n1,2,x,north,3\n");
    let splits = CsvOptions::default().test_file(&test).open(&train, 1, None).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (2, 1, 1));
    assert_eq!(splits.test.table().unwrap(), array![[3.0, 1.0, 0.0, 2.0]]);
    assert_eq!(splits.test.name(), splits.train.name());
    fs::write(&test, "area,side,rooms,price\n1,south,2,3\n1,west,2,3\n").unwrap();
    let message = CsvOptions::default().test_file(&test).open(&train, 1, None).unwrap_err().to_string();
    let expected = "line 3, column \"side\" is \"west\", a category that the training data does not have (north, south): correct it";
    assert!(message.contains("test.csv is not") && message.contains(expected), "{message}");
    let message =
        CsvOptions::default().target(["side"]).test_file(&test).open(&train, 1, None).unwrap_err().to_string();
    assert!(message.contains("a class that the training data does not have"), "{message}");
    fs::write(&test, "area,side,price\n1,south,2\n").unwrap();
    let message = CsvOptions::default().test_file(&test).open(&train, 1, None).unwrap_err().to_string();
    assert!(message.contains("column is \"rooms\": expected a column of"), "{message}");
}

/// Rows that are told apart by `x`, in two classes of 30 and 10.
fn forty() -> String {
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{}", if row < 30 { "many" } else { "few" })).collect();
    format!("x,y\n{}\n", rows.join("\n"))
}

#[test]
fn a_share_of_the_rows_is_the_test_of_each_class_its_part_and_the_same_each_time() {
    let place = Place::new();
    let path = place.write("forty.csv", forty());
    let open = |options: CsvOptions| options.open(&path, 8, None).unwrap();
    let numbers = |part: &Dataset| part.table().unwrap().iter().map(|x| *x as usize).collect::<Vec<_>>();
    let splits = open(CsvOptions::default());
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (24, 8, 8));
    let few = |part: &Dataset| part.labels().iter().filter(|&&label| label == 0).count();
    assert_eq!([few(&splits.train), few(&splits.validation), few(&splits.test)], [6, 2, 2]);
    let mut all = [numbers(&splits.train), numbers(&splits.validation), numbers(&splits.test)].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..40));
    assert_eq!(numbers(&splits.test), [6, 8, 12, 21, 28, 29, 31, 36], "in every version");
    assert_ne!(numbers(&open(CsvOptions::default().test_share(0.2, 2)).test), numbers(&splits.test));
    assert_eq!(open(CsvOptions::default().test_share(0.5, 1)).test.len(), 20);
    assert_eq!(splits.held_out_by(), Validation::DRAWN);
    for fraction in [0.0, 1.0, -1.0, f64::NAN, 0.001] {
        let message = CsvOptions::default().test_share(fraction, 1).open(&path, 0, None).unwrap_err().to_string();
        assert!(message.contains("share of the test is ") && message.contains("of the 40 rows"), "{message}");
    }
    // As a source of data, and with other rows held out.
    let source: Source = path.to_str().unwrap().parse().unwrap();
    assert_eq!(source, Source::Csv(path.clone()));
    let again = Splits::open(&source, 0).unwrap();
    assert_eq!(again.digest(), splits.digest());
    let again = again.holding_out(8, None).unwrap();
    assert_eq!(numbers(&again.validation), numbers(&splits.validation));
    assert_eq!(again.recipe(), splits.recipe());
    assert_eq!(source.files(), [path]);
}

#[test]
fn a_network_learns_the_classes_of_a_table_and_predicts_another_one() {
    let place = Place::new();
    // The class is whether x is above 500, the other way round where the colour is red.
    let row = |at: usize| (13 * at % 1000, ["red", "blue"][at / 3 % 2]);
    let class = |(x, colour): (usize, &str)| if (x > 500) == (colour == "blue") { "above" } else { "below" };
    let rows: Vec<String> =
        (0..600).map(row).map(|(x, colour)| format!("{x},{colour},{}", class((x, colour)))).collect();
    let path = place.write("t.csv", format!("x,colour,y\n{}\n", rows.join("\n")));
    let splits = CsvOptions::default().open(&path, 80, None).unwrap().standardised().unwrap();
    assert_eq!((splits.train.len(), splits.train.classes()), (400, 2));
    let config =
        Config::new(Method::Binary, &[16, 16]).epochs(80).batch_size(20).learning_rate(5e-3).seed(1).threads(1);
    let network = train(&config, &splits, |_| ()).unwrap().network;
    let without_noise = Sampling::without_noise().threads(1);
    let predictive = Predictive::of_dataset(&network, &splits.test, without_noise).unwrap();
    let wrong = predictive.calibration(splits.test.labels(), Calibration::BINS).unwrap().error_percent;
    assert!(wrong < 15.0, "{wrong} % of the test, where chance has 50");

    let other = place.write("other.csv", "colour,x\nblue,900\nred,900\n");
    let features = splits.recipe().unwrap().features(other).unwrap().mapv(|x| x as f32);
    let predictive = Predictive::of_array(&network, features.view(), without_noise).unwrap();
    let probable = |row: usize| usize::from(predictive.probabilities()[(row, 1)] > 0.5);
    let names = splits.train.class_names();
    assert_eq!((&*names[probable(0)], &*names[probable(1)]), ("above", "below"));
}

#[test]
fn a_recipe_opens_the_same_splits_again_and_prepares_other_files() {
    let place = Place::new();
    let rows: Vec<String> = (0..20).map(|row| format!("{row},{},{}", ["a", "b", "c"][row % 3], 3 * row + 1)).collect();
    let path = place.write("t.csv", format!("x,kind,y\n{}\n", rows.join("\n")));
    let splits = CsvOptions::default().test_share(0.25, 3).open(&path, 4, None).unwrap().standardised().unwrap();
    let recipe = splits.recipe().unwrap();
    let json = serde_json::to_string(&recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);

    let again = recipe.open(&path, 4, None).unwrap();
    for (one, other) in
        [(&splits.train, &again.train), (&splits.validation, &again.validation), (&splits.test, &again.test)]
    {
        assert_eq!((one.table(), one.values()), (other.table(), other.values()));
        assert_eq!(one.standardisation(), other.standardisation());
    }
    assert_eq!((again.digest(), again.recipe()), (splits.digest(), Some(recipe.clone())));

    let other = place.write("other.csv", "y,kind,x\n7,c,2\n10,a,3\n");
    let dataset = recipe.dataset(&other).unwrap();
    let features = recipe.features(place.write("without.csv", "kind,x,note\nc,2,hm\na,3,?\n")).unwrap();
    assert_eq!(dataset.table().unwrap(), features);
    let by = recipe.standardisation.as_ref().unwrap();
    let Target::Values(&[z]) = dataset.target(1) else { panic!("a value") };
    assert!((by.to_units(0, z, 0.0).0 - 10.0).abs() < 1e-12);
    let mean = splits.train.table().unwrap().mean_axis(Axis(0)).unwrap();
    assert!(mean.iter().all(|mean| mean.abs() < 1e-12), "{mean}");
}

#[test]
fn a_recipe_in_json_is_what_records_keep() {
    let recipe = Recipe {
        columns: vec![
            Column { name: "area".into(), categories: None },
            Column { name: "side".into(), categories: Some(vec!["north".into()]) },
        ],
        target: TargetColumns::Classes { name: "sold".into(), classes: vec!["no".into(), "yes".into()] },
        test: Default::default(),
        standardisation: None,
    };
    let expected = r#"{"columns":[{"name":"area"},{"name":"side","categories":["north"]}],"target":{"kind":"classes","name":"sold","classes":["no","yes"]},"test":{"share":{"fraction":0.2,"seed":1}},"standardisation":null}"#;
    assert_eq!(serde_json::to_string(&recipe).unwrap(), expected);
    assert_eq!(serde_json::from_str::<CsvOptions>("{}").unwrap(), CsvOptions::default());
}

/// A cell of text as it stands in a file.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn whatever_the_order_of_columns_the_same_numbers_are_read(
        rows in prop::collection::vec((-1e9..1e9_f64, "[a-d ,\"\n;]{0,3}[a-z]", any::<i16>()), 2..20),
        order in Just([0, 1, 2]).prop_shuffle(),
    ) {
        let cells = |(x, text, y): &(f64, String, i16)| [x.to_string(), quoted(text), y.to_string()];
        let line = |cells: [String; 3], order: [usize; 3]| order.map(|at| cells[at].clone()).join(",");
        let header = || ["x", "t", "y"].map(String::from);
        let content = |order: [usize; 3]| {
            let lines: Vec<String> = std::iter::once(header()).chain(rows.iter().map(cells)).map(|cells| line(cells, order)).collect();
            lines.join("\n")
        };
        let place = Place::new();
        let path = place.write("t.csv", content([0, 1, 2]));
        let splits = whole(&path, CsvOptions::default()).unwrap();
        for (row, (x, _, y)) in rows.iter().enumerate() {
            prop_assert_eq!(splits.train.table().unwrap()[(row, 0)], *x, "to the last bit");
            prop_assert_eq!(splits.train.target(row), Target::Values(&[f64::from(*y)]));
            prop_assert_eq!(splits.train.table().unwrap().row(row).iter().skip(1).sum::<f64>(), 1.0, "one category");
        }
        let other = splits.recipe().unwrap().dataset(place.write("o.csv", content(order))).unwrap();
        prop_assert_eq!((other.table(), other.values()), (splits.train.table(), splits.train.values()));
    }

    #[test]
    fn no_file_makes_the_reader_panic(bytes in "(\u{feff})?[a-c0-2,;\"\n\r\t .?-]{0,60}", cut in 0_usize..60, junk: u8) {
        let mut bytes = bytes.into_bytes();
        if cut < bytes.len() {
            bytes[cut] = junk;
        }
        let path = Place::new();
        if let Err(error) = whole(&path.write("t.csv", &bytes), CsvOptions::default()) {
            prop_assert!(error.to_string().len() > 10);
        }
    }
}
