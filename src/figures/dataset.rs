//! A contact sheet: a few examples of each class of a data set.

use ndarray::Array2;

use super::figure::Figure;
use super::style::ColorScale;
use crate::data::Dataset;

/// The first `examples` images of each class, one column a class; a class with fewer of them leaves places empty.
pub fn contact_sheet(dataset: &Dataset, examples: usize) -> Figure {
    let (height, width, classes) = (dataset.height(), dataset.width(), dataset.classes());
    let empty = || Array2::from_elem((height, width), f64::NAN);
    let mut pictures: Vec<Array2<f64>> = (0..classes * examples).map(|_| empty()).collect();
    let mut found = vec![0; classes];
    for (label, row) in dataset.labels().iter().zip(dataset.pixels().outer_iter()) {
        let class = usize::from(*label);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;

    #[test]
    fn a_sheet_has_a_column_for_each_class_and_a_row_for_each_example() {
        let json = contact_sheet(&synthetic(200, 1), 3).to_plotly().unwrap().to_json();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let rows = json["data"][0]["z"].as_array().unwrap();
        let columns = rows[0].as_array().unwrap().len();
        assert!(rows.len() > 3 * 28 && columns > 10 * 28 && columns < 11 * 28 + 28, "{} × {columns}", rows.len());
    }

    #[test]
    fn asking_for_more_than_there_are_leaves_places_empty() {
        assert!(contact_sheet(&synthetic(5, 1), 2).to_png().is_ok());
        assert!(contact_sheet(&synthetic(5, 1), 0).to_png().is_ok());
    }
}
