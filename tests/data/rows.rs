//! Rows of numbers with classes or real values: what is refused, how they are split, standardised and told apart.

use proptest::prelude::*;
use vardrop::data::{Dataset, Splits, Standardisation, Target, Validation, synthetic};
use vardrop::ndarray::{Array2, Axis, array};

/// Two features and two quantities of each example, all distinct.
fn numbered(examples: usize) -> Dataset {
    let features = Array2::from_shape_fn((examples, 2), |(row, column)| (10 * row + column) as f64);
    let targets = Array2::from_shape_fn((examples, 2), |(row, column)| 1000.0 + (7 * row * row + column) as f64);
    Dataset::regression("numbered", features, targets).unwrap()
}

#[test]
fn rows_become_batches_in_either_precision_and_slices_share_them() {
    let data = numbered(5);
    let mut batch = [0_f32; 4];
    data.fill_batch(&[3, 0], &mut batch);
    assert_eq!(batch, [30.0, 31.0, 0.0, 1.0]);
    let slice = data.slice(2..5).unwrap();
    let mut row = [0_f64; 2];
    slice.fill_batch(&[1], &mut row);
    assert_eq!(row, [30.0, 31.0]);
    assert_eq!(slice.target(1), Target::Values(&[1063.0, 1064.0]));
    assert!(std::ptr::eq(&slice.table().unwrap()[[0, 0]], &data.table().unwrap()[[2, 0]]));
    assert_eq!((data.inputs(), data.classes(), data.labels().len(), data.image_size()), (2, 0, 0, None));
    assert!(data.slice(3..9).unwrap_err().to_string().contains("0..5"));
}

#[test]
fn a_transposed_table_keeps_its_meaning() {
    let turned = |rows: Array2<f64>| rows.reversed_axes();
    let data =
        Dataset::regression("turned", turned(array![[1.0, 2.0], [3.0, 4.0]]), turned(array![[5.0, 6.0]])).unwrap();
    let mut row = [0_f64; 2];
    data.fill_batch(&[1], &mut row);
    assert_eq!((row, data.target(1)), ([2.0, 4.0], Target::Values(&[6.0])));
}

#[test]
fn what_does_not_do_is_named_by_its_place() {
    let one = array![[1.0]];
    for (bad, shown) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        let message = Dataset::regression("odd", array![[1.0, 2.0], [3.0, bad]], array![[0.0], [0.0]]).unwrap_err();
        let expected = format!("feature is {shown} (row 1, column 1 of odd, counted from 0): expected a finite number");
        assert!(message.to_string().starts_with(&expected), "{message}");
        let message = Dataset::regression("odd", one.clone(), array![[bad]]).unwrap_err().to_string();
        assert!(message.contains("target is ") && message.contains("row 0, column 0"), "{message}");
    }
    let message = |data: vardrop::Result<Dataset>| data.unwrap_err().to_string();
    assert!(
        message(Dataset::regression("odd", Array2::zeros((1, 0)), one.clone())).contains("number of features is 0")
    );
    assert!(message(Dataset::regression("odd", one.clone(), Array2::zeros((1, 0)))).contains("number of targets is 0"));
    assert!(message(Dataset::regression("odd", one.clone(), array![[1.0], [2.0]])).contains("[2]: expected [1]"));
    assert!(message(Dataset::classification("odd", one.clone(), vec![3], 3)).contains("label is 3 (example 0 of odd)"));
    let names = Dataset::classification("odd", one, vec![0], 2).unwrap().with_target_names(["a"; 3]);
    assert!(message(names).contains("number of names is 3: expected 2, one for each of the classes"));
}

#[test]
fn targets_have_names() {
    assert_eq!(numbered(1).quantities(), ["target 1", "target 2"]);
    let named = numbered(3).with_target_names(["height", "weight"]).unwrap();
    assert_eq!(named.slice(0..1).unwrap().quantities(), ["height", "weight"]);
    let classes = Dataset::classification("c", array![[1.0]], vec![1], 2).unwrap();
    assert!(classes.class_names().is_empty());
    assert_eq!(classes.with_target_names(["no", "yes"]).unwrap().class_names(), ["no", "yes"]);
}

#[test]
fn a_test_set_of_another_kind_is_refused() {
    let message = |train, test| Splits::hold_out(train, test, 1).unwrap_err().to_string();
    let wide = Dataset::regression("wide", Array2::zeros((2, 3)), Array2::zeros((2, 2))).unwrap();
    assert!(message(numbered(4), wide).contains("a test example of wide has shape [1, 3]: expected [1, 2]"));
    let classes = Dataset::classification("classes", Array2::zeros((2, 2)), vec![0, 1], 2).unwrap();
    let found = message(numbered(4), classes);
    assert!(found.contains("target of the test examples is 2 classes in classes: expected 2 real targets"), "{found}");
    let rows = Dataset::classification("rows", Array2::zeros((2, 784)), vec![0, 1], 10).unwrap();
    assert!(message(synthetic(3, 1), rows).contains("a test example of rows has shape [1, 784]: expected [28, 28]"));
    let standardised = Splits::hold_out(numbered(4), numbered(2), 1).unwrap().standardised().unwrap();
    assert!(message(standardised.train, numbered(2)).contains("not standardised as the training examples are"));
}

proptest! {
    #[test]
    fn examples_with_real_targets_are_drawn_once_each_and_the_digest_knows_nothing_of_it(
        examples in 2_usize..60, part in 0.0..1.0, seed: u64,
    ) {
        let held_out = (part * examples as f64) as usize;
        let splits = Splits::hold_out_by(numbered(examples), numbered(1), held_out, Validation::Drawn { seed }).unwrap();
        let numbers = |part: &Dataset| part.table().unwrap().column(0).iter().map(|x| *x as usize / 10).collect::<Vec<_>>();
        let (train, validation) = (numbers(&splits.train), numbers(&splits.validation));
        prop_assert!(train.is_sorted() && validation.is_sorted() && validation.len() == held_out);
        let mut all = [train.clone(), validation].concat();
        all.sort_unstable();
        prop_assert!(all.into_iter().eq(0..examples));
        let all = numbered(examples);
        for (at, number) in train.into_iter().enumerate() {
            prop_assert_eq!(splits.train.target(at), all.target(number));
        }
        let whole = Splits::hold_out(numbered(examples), numbered(1), 0).unwrap();
        prop_assert_eq!(splits.digest(), whole.digest());
        prop_assert!(splits.warnings().is_empty());
    }

    #[test]
    fn standardised_training_examples_have_mean_0_and_deviation_1_and_come_back_in_their_units(
        values in prop::collection::vec((-1e6..1e6, -1e-3..1e-3), 3..40), shift in -1e6..1e6,
    ) {
        let n = values.len();
        let features = Array2::from_shape_fn((n, 2), |(row, column)| if column == 0 { values[row].0 } else { 7.3 });
        let targets = Array2::from_shape_fn((n, 1), |(row, _)| shift + values[row].1);
        let data = Dataset::regression("drawn", features.clone(), targets.clone()).unwrap();
        let splits = Splits::hold_out(data.clone(), data, 0).unwrap();
        let digest = splits.digest();
        let splits = splits.standardised().unwrap();
        prop_assert_eq!(splits.digest(), digest, "of the data, not of what is made of them");
        let train = splits.train.table().unwrap();
        let mean = train.mean_axis(Axis(0)).unwrap();
        prop_assert!(mean.iter().all(|mean| mean.abs() < 1e-6), "{}", mean);
        prop_assert!((train.std(0.0) * 2_f64.sqrt() - 1.0).abs() < 1e-6, "one column of two has deviation 1");
        prop_assert!(train.column(1).iter().all(|x| *x == 0.0), "a constant feature");
        prop_assert_eq!(splits.train.table(), splits.test.table());
        let by = splits.train.standardisation().unwrap();
        for (row, target) in targets.iter().enumerate() {
            let Target::Values(&[z]) = splits.train.target(row) else { panic!("a value") };
            let (back, deviation) = by.to_units(0, z, 1.0);
            prop_assert!((back - target).abs() <= 1e-9 * target.abs().max(1.0), "{} {}", back, target);
            prop_assert_eq!(deviation, by.targets[0].scale);
        }
        let json = serde_json::to_string(by).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Standardisation>(&json).unwrap(), by);
    }
}

#[test]
fn held_out_examples_have_no_say_in_the_standardisation() {
    let far = Dataset::regression("far", array![[0.0], [2.0], [1e9]], array![[1.0], [1.0], [5.0]]).unwrap();
    let splits = Splits::hold_out(far.clone(), far, 1).unwrap().standardised().unwrap();
    assert_eq!(splits.train.table().unwrap(), array![[-1.0], [1.0]]);
    assert_eq!(splits.validation.table().unwrap(), array![[1e9 - 1.0]]);
    assert_eq!(splits.validation.values().unwrap(), array![[4.0]], "a constant target has the scale 1");
}

#[test]
fn a_standardisation_is_done_once_and_after_examples_were_held_out() {
    let splits = Splits::hold_out(numbered(6), numbered(2), 0).unwrap().standardised().unwrap();
    let message = |result: vardrop::Result<Splits>| result.unwrap_err().to_string();
    assert!(message(splits.clone().standardised()).contains("is already done"));
    assert!(message(splits.holding_out(2, None)).contains("hold them out first, then standardise"));
    let narrow = Standardisation { features: vec![], targets: vec![] };
    assert!(narrow.apply(&numbered(2)).unwrap_err().to_string().contains("[2, 2]: expected [0, 0]"));
    let mut by = Standardisation::of(&numbered(4)).unwrap();
    by.features[1].scale = 0.0;
    assert!(by.apply(&numbered(2)).unwrap_err().to_string().contains("column 1"));
    let huge = Dataset::regression("huge", array![[-1.7e308], [1.7e308], [1.7e308]], Array2::zeros((3, 1))).unwrap();
    assert!(Standardisation::of(&huge).unwrap_err().to_string().contains("scale of a feature is"));
    assert!(Standardisation::of(&numbered(4).slice(0..0).unwrap()).is_err());
}

#[test]
fn images_with_classes_stay_as_they_are() {
    let splits = Splits::hold_out(synthetic(20, 1), synthetic(5, 2), 5).unwrap();
    let same = splits.clone().standardised().unwrap();
    assert_eq!(same.train.pixels(), splits.train.pixels());
    assert!(same.train.standardisation().is_none());
}

#[test]
fn the_digest_covers_every_number() {
    let digest = |features: [f64; 2], targets: [f64; 2]| {
        let column = |values: [f64; 2]| Array2::from_shape_vec((2, 1), values.to_vec()).unwrap();
        let train = Dataset::regression("a", column(features), column(targets)).unwrap();
        Splits::hold_out(train, numbered_line(), 0).unwrap().digest()
    };
    let whole = digest([1.0, 2.0], [3.0, 4.0]);
    assert_eq!(digest([1.0, 2.0], [3.0, 4.0]), whole);
    assert_ne!(digest([1.0, 2.5], [3.0, 4.0]), whole);
    assert_ne!(digest([1.0, 2.0], [3.0, 4.5]), whole);
    assert_eq!(digest([0.0, 2.0], [3.0, 4.0]), digest([-0.0, 2.0], [3.0, 4.0]));
    // In Python: hashlib.sha256(b"vardrop examples 1\n" + struct.pack(">3Q4d", 2, 1, 1, 1, 2, 3, 4)
    // + struct.pack(">3Q2d", 1, 1, 1, 5, 6)).hexdigest()
    assert_eq!(whole.to_string(), "06ffea4b1c76b63c99f9bae45d9c7f27de587253b0824982897e4961bbca181c");
}

fn numbered_line() -> Dataset {
    Dataset::regression("b", array![[5.0]], array![[6.0]]).unwrap()
}

#[test]
fn labels_that_are_no_bytes_have_a_digest_of_their_own() {
    let digest = |label| {
        let data = Dataset::of_images(synthetic(2, 1).images().clone(), vec![0, label], 600).unwrap();
        Splits::hold_out(data.clone(), data, 0).unwrap().digest()
    };
    assert_ne!(digest(300), digest(300 - 256));
    assert_ne!(digest(300), digest(301));
}

#[test]
#[should_panic(expected = "numbered has rows of numbers and no images: read them with `table`")]
fn a_table_has_no_images() {
    numbered(2).images();
}

#[test]
fn a_table_is_not_turned() {
    assert!(numbered(2).rotated(90.0).unwrap_err().to_string().contains("only images can be rotated"));
}
