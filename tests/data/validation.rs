//! Which training images are held out, that they are the same ones each time, and what is said of classes that training lacks.

use proptest::prelude::*;
use vardrop::data::{Dataset, Splits, Validation, synthetic};
use vardrop::ndarray::Array2;

/// Images of one pixel, each with its own number in it, of these classes.
fn numbered(labels: &[u8]) -> Dataset {
    let pixels = Array2::from_shape_fn((labels.len(), 2), |(example, byte)| (example >> (8 * byte)) as u8);
    Dataset::new("numbered", pixels, labels.to_vec(), 1, 2).unwrap()
}

/// The numbers that the images of a part had before.
fn numbers(part: &Dataset) -> Vec<usize> {
    part.pixels().outer_iter().map(|image| usize::from(image[0]) + (usize::from(image[1]) << 8)).collect()
}

fn drawn(labels: &[u8], held_out: usize, seed: u64) -> Splits {
    Splits::hold_out_by(numbered(labels), numbered(&[0, 1]), held_out, Validation::Drawn { seed }).unwrap()
}

proptest! {
    #[test]
    fn of_each_class_its_share_is_drawn_within_one_and_no_image_is_in_two_parts(
        labels in prop::collection::vec(0_u8..10, 2..400), part in 0.0..1.0, seed: u64,
    ) {
        let held_out = (part * labels.len() as f64) as usize;
        let splits = drawn(&labels, held_out, seed);
        let (train, validation) = (numbers(&splits.train), numbers(&splits.validation));
        prop_assert_eq!(validation.len(), held_out);
        let mut all = [&train[..], &validation].concat();
        all.sort_unstable();
        prop_assert!(all.into_iter().eq(0..labels.len()), "every image is in one part, once");
        // Images keep their labels.
        for (numbers, part) in [(&train, &splits.train), (&validation, &splits.validation)] {
            prop_assert!(numbers.iter().zip(part.labels()).all(|(&number, &label)| usize::from(labels[number]) == label));
        }
        for class in 0..10 {
            let count = |labels: &mut dyn Iterator<Item = usize>| labels.filter(|&label| label == class).count() as f64;
            let share = count(&mut labels.iter().map(|&label| label.into())) * held_out as f64 / labels.len() as f64;
            let found = count(&mut splits.validation.labels().iter().copied());
            prop_assert!((found - share).abs() < 1.0, "class {}: {}, not {}", class, found, share);
        }
        prop_assert_eq!(numbers(&drawn(&labels, held_out, seed).validation), validation);
        // How many are held out, and which, says nothing of the data.
        let whole = Splits::hold_out(numbered(&labels), numbered(&[0, 1]), 0).unwrap();
        prop_assert_eq!(splits.digest(), whole.digest());
    }
}

#[test]
fn another_seed_draws_other_images() {
    let labels = [0, 1, 2].repeat(50);
    assert_ne!(numbers(&drawn(&labels, 30, 1).validation), numbers(&drawn(&labels, 30, 2).validation));
}

#[test]
fn data_that_is_sorted_by_class_has_every_class_in_both_parts_where_it_is_drawn() {
    let labels: Vec<u8> = (0..300).map(|example| (example / 30) as u8).collect();
    let splits = drawn(&labels, 60, 1);
    for class in 0..10 {
        let count = |part: &Dataset| part.labels().iter().filter(|&&label| label == class).count();
        assert_eq!((count(&splits.train), count(&splits.validation)), (24, 6), "class {class}");
    }
    assert!(splits.warnings().is_empty());
}

#[test]
fn classes_that_training_lacks_are_named() {
    let labels: Vec<u8> = (0..300).map(|example| (example / 30) as u8).collect();
    let splits = Splits::hold_out(numbered(&labels), numbered(&labels), 70).unwrap();
    let [warning] = &splits.warnings()[..] else { panic!("{:?}", splits.warnings()) };
    assert!(warning.starts_with("classes 8 and 9 of numbered have no training image: all 60"), "{warning}");
    assert!(warning.contains("--validation drawn"), "{warning}");

    let splits = Splits::hold_out(numbered(&labels[..90]), numbered(&[0, 3, 3, 7, 9]), 0).unwrap();
    let [warning] = &splits.warnings()[..] else { panic!("{:?}", splits.warnings()) };
    assert!(warning.starts_with("classes 3, 7 and 9 of numbered have images only in the test: 4 of 5"), "{warning}");

    assert!(Splits::hold_out(synthetic(300, 1), synthetic(50, 2), 60).unwrap().warnings().is_empty());
}

#[test]
fn a_class_of_one_image_keeps_it_for_training_where_another_class_can_give_one() {
    let labels = [vec![0; 5], vec![1; 5], vec![2]].concat();
    for seed in 0..20 {
        assert_eq!(drawn(&labels, 6, seed).train.labels().iter().filter(|&&label| label == 2).count(), 1);
    }
}

#[test]
fn who_puts_another_part_in_place_has_other_data() {
    let mut splits = drawn(&[0, 1, 2].repeat(20), 12, 1);
    let whole = splits.digest();
    splits.train = splits.train.slice(0..40).unwrap();
    assert_ne!(splits.digest(), whole);
    let cut = Splits::hold_out(splits.train.clone(), splits.test.clone(), 0).unwrap();
    assert_ne!(cut.digest(), whole);
}
