//! What a dataset and its splits promise.

use vardrop::Method;
use vardrop::data::{Dataset, Source, Splits, synthetic};
use vardrop::ndarray::{Array2, array};
use vardrop::training::{Config, Trainer};
use vardrop::uncertainty::{Calibration, Predictive, Sampling};

fn two() -> Dataset {
    Dataset::new("two", array![[0, 255], [51, 102]], vec![3, 7], 1, 2).unwrap()
}

#[test]
fn a_pixel_becomes_its_255th_part_rounded_once() {
    let pixels = Array2::from_shape_fn((1, 256), |(_, pixel)| pixel as u8);
    let dataset = Dataset::new("ramp", pixels, vec![0], 16, 16).unwrap();
    let (mut single, mut double) = ([0_f32; 256], [0_f64; 256]);
    dataset.fill_batch(&[0], &mut single);
    dataset.fill_batch(&[0], &mut double);
    for pixel in 0..256 {
        assert_eq!(single[pixel], (pixel as f64 / 255.0) as f32);
        // The reciprocal of 255 is itself rounded: two roundings of half a unit in the last place.
        assert!((double[pixel] - pixel as f64 / 255.0).abs() <= f64::EPSILON);
    }
}

#[test]
fn a_batch_follows_the_order_of_its_examples_and_may_repeat_them() {
    let mut batch = [9_f32; 6];
    two().fill_batch(&[1, 0, 1], &mut batch);
    assert_eq!(batch, [0.2, 0.4, 0.0, 1.0, 0.2, 0.4]);
}

#[test]
#[should_panic(expected = "2 examples of 2 pixels each")]
fn a_batch_of_another_length_panics() {
    two().fill_batch(&[1, 0], &mut [0_f32; 3]);
}

#[test]
fn a_slice_shares_its_pixels_and_keeps_its_labels() {
    let dataset = synthetic(20, 1);
    let slice = dataset.slice(5..12).unwrap();
    assert_eq!(slice.labels(), &dataset.labels()[5..12]);
    assert!(std::ptr::eq(&slice.pixels()[[0, 0]], &dataset.pixels()[[5, 0]]));
    let mut ours = vec![0_f32; 784];
    let mut theirs = ours.clone();
    slice.slice(1..3).unwrap().fill_batch(&[1], &mut ours);
    dataset.fill_batch(&[7], &mut theirs);
    assert_eq!(ours, theirs);
}

#[test]
#[expect(clippy::reversed_empty_ranges)]
fn a_range_outside_is_an_error_that_names_it() {
    for range in [0..3, 2..1, 5..9] {
        let message = two().slice(range.clone()).unwrap_err().to_string();
        assert!(message.contains(&format!("{range:?}")) && message.contains("0..2"), "{message}");
    }
    assert!(two().slice(2..2).unwrap().is_empty());
}

#[test]
fn what_does_not_fit_together_is_an_error_that_shows_the_values() {
    let error =
        |pixels, labels, height, width| Dataset::new("odd", pixels, labels, height, width).unwrap_err().to_string();
    assert!(error(array![[1, 2]], vec![0, 1], 1, 2).contains("[1, 2]: expected [2, 2]"));
    assert!(error(array![[1, 2]], vec![0], 2, 2).contains("[1, 2]: expected [1, 4]"));
    assert!(error(Array2::zeros((1, 0)), vec![0], 0, 28).contains("0 × 28"));
    assert!(error(Array2::zeros((1, 0)), vec![0], usize::MAX, 2).contains("at least one pixel"));
}

#[test]
fn images_have_ten_classes_unless_a_label_needs_more_or_another_number_is_named() {
    assert_eq!(two().classes(), 10);
    assert_eq!(Dataset::new("many", array![[1, 2]], vec![46], 1, 2).unwrap().classes(), 47);
    let images = || two().images().clone();
    assert_eq!(Dataset::of_images(images(), vec![300, 0], 301).unwrap().labels(), [300, 0]);
    let message = Dataset::of_images(images(), vec![0, 2], 2).unwrap_err().to_string();
    assert_eq!(message, "label is 2 (example 1 of two): expected a class from 0 to 1: labels count from 0");
    let message = Dataset::of_images(images(), vec![0, 0], 1).unwrap_err().to_string();
    assert!(message.contains("number of classes is 1: expected 2 or more"), "{message}");
    // The part with more of them says how many there are.
    let labelled = |labels, classes| Dataset::of_images(images(), labels, classes).unwrap();
    let splits = Splits::hold_out(labelled(vec![0, 1], 2), labelled(vec![0, 4], 5), 1).unwrap();
    assert_eq!([&splits.train, &splits.validation, &splits.test].map(|part| part.classes()), [5; 3]);
}

/// Models of earlier versions have ten outputs whatever their data were.
#[test]
fn a_model_with_more_outputs_than_classes_is_evaluated_and_resumed() {
    let labels: Vec<usize> = (0..60).map(|example| example % 3).collect();
    let splits = |classes| {
        let part = || Dataset::of_images(synthetic(60, 1).images().clone(), labels.clone(), classes).unwrap();
        Splits::hold_out(part(), part(), 20).unwrap()
    };
    let (ten, three) = (splits(10), splits(3));
    assert_eq!(ten.digest(), three.digest());
    let config = Config::new(Method::None, &[4]).epochs(1).batch_size(10).threads(1);
    let mut trainer = Trainer::new(config, &ten).unwrap();
    trainer.run(|_| std::ops::ControlFlow::Continue(())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    trainer.save(path.clone()).unwrap();
    let mut resumed = Trainer::resume(&path, &three, Some(2)).unwrap();
    resumed.run(|_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!((resumed.history().epochs.len(), resumed.network().widths()), (2, vec![784, 4, 10]));
    let predictive = Predictive::of_dataset(resumed.best_network(), &three.test, Sampling::without_noise()).unwrap();
    assert!(predictive.calibration(three.test.labels(), Calibration::BINS).is_ok());
    // A new one has as many as there are classes.
    assert_eq!(Trainer::new(resumed.config().clone(), &three).unwrap().network().widths(), [784, 4, 3]);
}

#[test]
fn a_transposed_array_keeps_its_meaning() {
    let dataset = Dataset::new("turned", array![[1, 3], [2, 4]].reversed_axes(), vec![0, 1], 1, 2).unwrap();
    let mut batch = [0_f64; 2];
    dataset.fill_batch(&[1], &mut batch);
    assert_eq!(batch.map(|pixel| (pixel * 255.0).round()), [3.0, 4.0]);
}

#[test]
fn the_last_training_images_are_held_out() {
    let train = synthetic(30, 1);
    let splits = Splits::hold_out(train.clone(), synthetic(10, 2), 12).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (18, 12, 10));
    assert_eq!(splits.validation.labels(), &train.labels()[18..]);

    let all = Splits::hold_out(train.clone(), synthetic(10, 2), 0).unwrap();
    assert_eq!((all.train.len(), all.validation.is_empty()), (30, true));
}

#[test]
fn holding_everything_out_is_an_error() {
    for held_out in [30, 31, usize::MAX] {
        let message = Splits::hold_out(synthetic(30, 1), synthetic(10, 2), held_out).unwrap_err().to_string();
        assert!(message.contains(&held_out.to_string()) && message.contains("fewer than the 30"), "{message}");
    }
}

#[test]
fn test_images_of_another_size_are_an_error() {
    let message = Splits::hold_out(synthetic(3, 1), two(), 1).unwrap_err().to_string();
    assert!(message.contains("[1, 2]: expected [28, 28]"), "{message}");
}

#[test]
fn a_source_parses_back_from_its_text() {
    for source in [
        Source::Mnist,
        Source::FashionMnist,
        Source::Synthetic,
        Source::Folder("./fashion".into()),
        Source::Folder("/a/b".into()),
        Source::Csv("a.csv".into()),
        Source::Csv("./b.TSV".into()),
    ] {
        assert_eq!(source.to_string().parse::<Source>().unwrap(), source);
        let json = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source, "{json}");
    }
    // A folder that is called as a source is still a folder.
    assert_eq!(Source::Folder("mnist".into()).to_string().parse::<Source>().unwrap(), Source::Folder("./mnist".into()));
}

#[test]
fn a_misspelt_source_lists_the_known_ones() {
    let message = "minst".parse::<Source>().unwrap_err().to_string();
    assert!(
        message.contains("\"minst\"") && message.contains("mnist, fashion-mnist, synthetic, a folder"),
        "{message}"
    );
}

#[test]
fn an_existing_folder_is_a_source() {
    assert_eq!("tests".parse::<Source>().unwrap(), Source::Folder("tests".into()));
}
