//! What moved images and images of no class promise.

use sha2::{Digest, Sha256};
use vardrop::data::{Dataset, Images, LETTERS, letters, synthetic};
use vardrop::ndarray::{Array2, ArrayView1};

/// A square image as (row, column).
fn square(image: ArrayView1<'_, u8>, side: usize) -> Array2<u8> {
    Array2::from_shape_vec((side, side), image.to_vec()).unwrap()
}

fn moments(image: &Array2<u8>) -> [f64; 3] {
    image.indexed_iter().fold([0.0; 3], |[mass, x, y], ((row, column), &ink)| {
        let ink = f64::from(ink);
        [mass + ink, x + ink * column as f64, y + ink * row as f64]
    })
}

#[test]
fn a_quarter_turn_moves_pixels_and_changes_none() {
    for (images, side) in [(synthetic(20, 1).images().clone(), 28), (odd(), 5)] {
        let turned = |degrees| images.rotated(degrees).unwrap();
        for (image, row) in images.pixels().outer_iter().enumerate() {
            let original = square(row, side);
            let of = |images: &Images| square(images.pixels().row(image), side);
            let last = side - 1;
            // Counter-clockwise: the right column becomes the top row.
            let quarter = Array2::from_shape_fn((side, side), |(row, column)| original[[column, last - row]]);
            assert_eq!(of(&turned(90.0)), quarter);
            let half = Array2::from_shape_fn((side, side), |(row, column)| original[[last - row, last - column]]);
            assert_eq!(of(&turned(180.0)), half);
            let three = Array2::from_shape_fn((side, side), |(row, column)| original[[last - column, row]]);
            assert_eq!(of(&turned(270.0)), three);
            assert_eq!(of(&turned(-90.0)), three);
        }
        for whole in [0.0, -0.0, 360.0, -720.0, 1e-300, -1e-300] {
            assert_eq!(turned(whole).pixels(), images.pixels(), "{whole}");
        }
    }
}

fn odd() -> Images {
    let pixels = Array2::from_shape_fn((3, 25), |(image, pixel)| ((image * 91 + pixel * 37) % 256) as u8);
    Images::new("odd", pixels, 5, 5).unwrap()
}

/// A blurred spot off the middle goes where the turn takes its centre, and keeps its mass.
#[test]
fn a_turn_takes_a_spot_where_it_belongs() {
    let middle = 13.5;
    let spot = |x: f64, y: f64| {
        Array2::from_shape_fn((1, 784), |(_, pixel)| {
            let (dx, dy) = ((pixel % 28) as f64 - middle - x, (pixel / 28) as f64 - middle - y);
            (200.0 * (-(dx * dx + dy * dy) / 8.0).exp()) as u8
        })
    };
    let (x, y) = (5.0, -2.0);
    let images = Images::new("spot", spot(x, y), 28, 28).unwrap();
    let [mass, ..] = moments(&square(images.pixels().row(0), 28));
    for degrees in [1.0, 17.0, 45.0, 133.3, 260.0, -30.0, 3_630.0] {
        let turned = images.rotated(degrees).unwrap();
        let [turned_mass, sum_x, sum_y] = moments(&square(turned.pixels().row(0), 28));
        // With y upwards, a counter-clockwise turn multiplies x + iy by e^(iφ).
        let (sine, cosine) = f64::to_radians(degrees).sin_cos();
        let (expected_x, expected_up) = (x * cosine + y * sine, x * sine - y * cosine);
        assert!((sum_x / turned_mass - middle - expected_x).abs() < 0.03, "{degrees}");
        assert!((middle - sum_y / turned_mass - expected_up).abs() < 0.03, "{degrees}");
        assert!((turned_mass / mass - 1.0).abs() < 0.02, "{degrees}: {turned_mass} of {mass}");
    }
}

#[test]
fn what_comes_from_outside_is_black() {
    let white = Images::new("white", Array2::from_elem((1, 784), 255), 28, 28).unwrap();
    let turned = white.rotated(45.0).unwrap();
    let image = square(turned.pixels().row(0), 28);
    assert_eq!((image[[0, 0]], image[[27, 27]], image[[0, 27]]), (0, 0, 0));
    assert_eq!((image[[14, 14]], image[[1, 14]]), (255, 255));
}

#[test]
fn one_image_at_several_angles_is_that_image_turned_by_each() {
    let digits = synthetic(5, 2);
    let angles = [0.0, 33.0, 90.0];
    let series = digits.images().rotations_of(3, &angles).unwrap();
    assert_eq!(series.len(), 3);
    for (row, degrees) in angles.into_iter().enumerate() {
        assert_eq!(series.pixels().row(row), digits.rotated(degrees).unwrap().pixels().row(3));
    }
    let message = digits.images().rotations_of(5, &angles).unwrap_err().to_string();
    assert!(message.contains("example is 5") && message.contains("below 5"), "{message}");
}

#[test]
fn a_turned_data_set_keeps_its_labels_and_says_what_it_is() {
    let digits = synthetic(30, 3);
    let turned = digits.rotated(20.0).unwrap();
    assert_eq!(turned.labels(), digits.labels());
    assert_eq!(turned.name(), "synthetic, rotated by 20°");
    assert_ne!(turned.pixels(), digits.pixels());
}

#[test]
fn what_cannot_be_turned_is_an_error_that_names_it() {
    let wide = Dataset::new("wide", Array2::zeros((1, 12)), vec![0], 3, 4).unwrap();
    let message = wide.rotated(10.0).unwrap_err().to_string();
    assert!(message.contains("3 × 4") && message.contains("square"), "{message}");
    for angle in [f64::NAN, f64::INFINITY] {
        let message = synthetic(1, 1).rotated(angle).unwrap_err().to_string();
        assert!(message.contains(&format!("angle is {angle}")), "{message}");
    }
}

#[test]
fn shuffled_pixels_keep_each_images_brightness_and_nothing_else() {
    let digits = synthetic(50, 4);
    let noise = digits.images().shuffled(1);
    assert_eq!((noise.len(), noise.height(), noise.width()), (50, 28, 28));
    let sorted = |row: ArrayView1<'_, u8>| {
        let mut pixels = row.to_vec();
        pixels.sort_unstable();
        pixels
    };
    for (image, original) in noise.pixels().outer_iter().zip(digits.pixels().outer_iter()) {
        assert_eq!(sorted(image), sorted(original));
        assert_ne!(image, original);
    }
    assert_eq!(noise.pixels(), digits.images().shuffled(1).pixels());
    assert_ne!(noise.pixels(), digits.images().shuffled(2).pixels());
    // Each image has an order of its own: equal images become different ones.
    let twice = Images::new("ramp", Array2::from_shape_fn((2, 100), |(_, pixel)| pixel as u8), 10, 10).unwrap();
    let shuffled = twice.shuffled(1);
    assert_ne!(shuffled.pixels().row(0), shuffled.pixels().row(1));
    // The ink of a pixel no longer depends on where it is: in digits the corners are nearly black.
    let corner = |images: &Images| images.pixels().column(0).iter().map(|&ink| f64::from(ink)).sum::<f64>() / 50.0;
    assert!(corner(&noise) > corner(digits.images()) + 10.0);
}

#[test]
fn the_same_seed_draws_the_same_letters_on_every_platform() {
    let letters = letters(1000, 7);
    let hash = Sha256::digest(letters.pixels().as_slice().unwrap());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    // Taken on x86-64. It changes with every change to how letters are drawn.
    assert_eq!(hash, "db6cc57d339e206314b775e9e0c0ccb7a4ff950d2039701ba4b9c99af0ec8480");
}

#[test]
fn letters_lie_as_mnists_digits_do_in_a_box_of_20_pixels_about_their_centre_of_mass() {
    let letters = letters(1000, 1);
    for image in letters.pixels().outer_iter() {
        let image = square(image, 28);
        let [mass, x, y] = moments(&image);
        // MNIST's own lie within half a pixel of pixel 14. A thin pen's ink depends a little on where between pixels it
        // runs.
        assert!((x / mass - 14.0).abs() < 0.3 && (y / mass - 14.0).abs() < 0.3, "{} {}", x / mass, y / mass);
        let inked = |lines: vardrop::ndarray::iter::Lanes<'_, u8, vardrop::ndarray::Ix1>| {
            let inked: Vec<bool> = lines.into_iter().map(|line| line.iter().any(|&ink| ink > 127)).collect();
            let first = inked.iter().position(|&inked| inked).unwrap();
            inked.iter().rposition(|&inked| inked).unwrap() + 1 - first
        };
        let longer = inked(image.rows()).max(inked(image.columns()));
        // A smooth stroke may swing out beyond its points.
        assert!((18..=23).contains(&longer), "{longer}");
    }
}

#[test]
fn letters_are_none_that_a_digit_is_read_in_and_more_begin_with_the_fewer() {
    assert!(LETTERS.len() >= 12 && LETTERS.iter().all(char::is_ascii_uppercase));
    assert!("OIZSGQDLJ".chars().all(|digit_like| !LETTERS.contains(&digit_like)));
    let (few, many) = (letters(20, 3), letters(50, 3));
    assert_eq!(few, many.slice(0..20).unwrap());
    assert_ne!(few.pixels(), letters(20, 4).pixels());
    assert!(letters(0, 1).is_empty());
}

#[test]
fn images_that_do_not_fit_together_are_an_error_that_shows_the_values() {
    let error = |pixels, height, width| Images::new("odd", pixels, height, width).unwrap_err().to_string();
    assert!(error(Array2::zeros((2, 3)), 2, 2).contains("[2, 3]: expected [2, 4]"));
    assert!(error(Array2::zeros((2, 0)), 0, 2).contains("0 × 2"));
    let images = Images::new("few", Array2::zeros((3, 4)), 2, 2).unwrap();
    let message = images.slice(2..4).unwrap_err().to_string();
    assert!(message.contains("2..4") && message.contains("0..3"), "{message}");
    assert_eq!(images.named("other").name(), "other");
}
