//! Contact sheets: a few examples of each class of a data set, and images of no class.

use ndarray::Array2;

use super::figure::Figure;
use super::style::ColorScale;
use crate::data::{Dataset, Images};

/// The first `examples` images of each class, one column a class; a class with fewer of them leaves places empty. A data set
/// without images or classes is an error when the figure is drawn.
pub fn contact_sheet(dataset: &Dataset, examples: usize) -> Figure {
    if dataset.image_size().is_none() || dataset.classes() == 0 {
        let mut figure = Figure::new(dataset.name());
        figure.fail(
            "images with classes for a contact sheet: read rows of numbers with `table` and `labels` or `values`",
        );
        return figure;
    }
    let (height, width, classes) = (dataset.height(), dataset.width(), dataset.classes());
    let empty = || Array2::from_elem((height, width), f64::NAN);
    let mut pictures: Vec<Array2<f64>> = (0..classes * examples).map(|_| empty()).collect();
    let mut found = vec![0; classes];
    for (label, row) in dataset.labels().iter().zip(dataset.pixels().outer_iter()) {
        let class = *label;
        if class < classes && found[class] < examples {
            let place = found[class] * classes + class;
            pictures[place] = Array2::from_shape_fn((height, width), |(y, x)| f64::from(row[y * width + x]));
            found[class] += 1;
        }
        if found.iter().all(|&found| found == examples) {
            break;
        }
    }
    let title = format!("{}: the first {examples} of each class, of {} images", dataset.name(), dataset.len());
    Figure::new(title).images(pictures.iter().map(|picture| picture.view()), [""; 0], classes, ColorScale::Grey)
}

/// The first images, `columns` in a row, in as many as `rows` rows.
pub fn image_sheet(images: &Images, rows: usize, columns: usize) -> Figure {
    let (height, width) = (images.height(), images.width());
    let pixels = images.pixels();
    let shown = images.len().min(rows.saturating_mul(columns));
    let picture =
        |image: usize| Array2::from_shape_fn((height, width), |(y, x)| f64::from(pixels[[image, y * width + x]]));
    let pictures: Vec<Array2<f64>> = (0..shown).map(picture).collect();
    let count = if shown < images.len() { format!("the first {shown} of {}", images.len()) } else { shown.to_string() };
    let title = format!("{}: {count} images", images.name());
    Figure::new(title).images(pictures.iter().map(|picture| picture.view()), [""; 0], columns, ColorScale::Grey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{letters, synthetic};

    #[test]
    fn a_sheet_of_images_shows_as_many_as_there_are() {
        for (count, rows, title) in [(7, 2, ": 7 images"), (30, 2, "the first 20 of 30"), (0, 3, ": 0 images")] {
            let figure = image_sheet(&letters(count, 1), rows, 10);
            assert!(figure.title().contains(title), "{}", figure.title());
            assert!(figure.to_plotly().is_ok() && figure.to_png().is_ok());
        }
    }

    #[test]
    fn a_sheet_has_a_column_for_each_class_and_a_row_for_each_example() {
        let json = contact_sheet(&synthetic(200, 1), 3).to_plotly().unwrap().to_json();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let rows = json["data"][0]["z"].as_array().unwrap();
        let columns = rows[0].as_array().unwrap().len();
        assert!(rows.len() > 3 * 28 && columns > 10 * 28 && columns < 11 * 28 + 28, "{} × {columns}", rows.len());
    }

    #[test]
    fn a_table_has_no_contact_sheet() {
        let table = Dataset::classification("rows", Array2::zeros((2, 3)), vec![0, 1], 2).unwrap();
        let message = contact_sheet(&table, 4).to_png().unwrap_err().to_string();
        assert!(message.contains("rows") && message.contains("images with classes"), "{message}");
    }

    #[test]
    fn asking_for_more_than_there_are_leaves_places_empty() {
        assert!(contact_sheet(&synthetic(5, 1), 2).to_png().is_ok());
        assert!(contact_sheet(&synthetic(5, 1), 0).to_png().is_ok());
    }
}
