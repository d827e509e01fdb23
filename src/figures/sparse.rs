//! Sparse networks: what is left of their weights, in training and once they are pruned.

use ndarray::Array2;

use super::figure::Figure;
use super::style::{ColorScale, Marker};
use crate::network::Network;
use crate::sparse::{LENET5_PUBLISHED, LayerSparsity, LeNet5Record};
use crate::training::History;

/// What is left of each layer's weights once those that are noise (ln α > 3) are gone, over the epochs, for sparse variational dropout.
pub fn sparsity_curves(history: &History) -> Figure {
    let epochs = || history.epochs.iter().map(|epoch| epoch.epoch);
    let layers = history.epochs.iter().map(|epoch| epoch.sparsity.len()).max().unwrap_or(0);
    let mut figure = Figure::new("Weights left: ln α up to 3")
        .height(380)
        .x_label("Epoch")
        .y_label("Share of the layer's weights (%)")
        .log_y();
    for layer in 0..layers {
        // A layer without a weight has no place on a logarithmic axis.
        let left = |share: &f64| Some(100.0 * (1.0 - share)).filter(|left| *left > 0.0);
        let share = history.epochs.iter().map(|epoch| epoch.sparsity.get(layer).and_then(left));
        figure = figure.line(format!("Layer {}", layer + 1), epochs(), share);
    }
    figure
}

/// How many weights out of each input pruning has left, as a picture; `None` where the input has another size.
pub fn weights_left_by_pixel(pruned: &Network, height: usize, width: usize) -> Option<Figure> {
    let weight = &pruned.layers()[0].weight;
    if weight.nrows() != height * width {
        return None;
    }
    let left = |(y, x)| weight.row(y * width + x).iter().filter(|&&w| w != 0.0).count() as f64;
    let layers = crate::sparse::layer_sparsity(pruned);
    let title = format!("Weights left of the {} out of each pixel", layers[0].outputs);
    let kept: Vec<String> = layers.iter().map(|layer: &LayerSparsity| format!("{:.1} %", layer.percent())).collect();
    Some(
        Figure::new(title)
            .height(420)
            .panel(format!("gone of each layer: {}", kept.join(", ")))
            .images([Array2::from_shape_fn((height, width), left).view()], [""; 0], 1, ColorScale::Sequential)
            .color_bar("weights"),
    )
}

/// Test error of LeNet-5 over its compression, by threshold on ln α: a line for each record, and the published points. Thresholds whose
/// error is above 2 % are left out.
pub fn lenet5_curves(records: &[LeNet5Record]) -> Figure {
    let mut figure = Figure::new("LeNet-5: error against compression")
        .height(420)
        .log_x()
        .x_label("Compression (all weights for each one left)")
        .y_label("Test error (%)");
    for record in records {
        let shown: Vec<_> = record.by_threshold.iter().filter(|at| at.test_error_percent < 2.0).collect();
        let epochs = record.epochs.last().map_or(0, |epoch| epoch.epoch);
        let (sizes, errors) = (shown.iter().map(|at| at.compression), shown.iter().map(|at| at.test_error_percent));
        figure = figure.line(format!("ours, {epochs} epochs, by threshold"), sizes, errors).markers(Marker::Circle);
    }
    for (name, _, compression, error) in LENET5_PUBLISHED {
        figure = figure.scatter(name, [compression], [error]).open();
    }
    figure
}

/// The filters of LeNet-5's first convolution, 5 × 5 weights each, pruned.
pub fn lenet5_filters(record: &LeNet5Record) -> Figure {
    // What a record lacks stays blank.
    let weight = |filter: &[f32], place: usize| filter.get(place).map_or(f64::NAN, |&weight| f64::from(weight));
    let picture = |filter: &Vec<f32>| Array2::from_shape_fn((5, 5), |(y, x)| weight(filter, 5 * y + x));
    let pictures: Vec<Array2<f64>> = record.first_filters.iter().map(picture).collect();
    Figure::new(format!("The {} filters of the first convolution, pruned", pictures.len()))
        .images(pictures.iter().map(|picture| picture.view()), [""; 0], 10, ColorScale::Diverging)
        .color_bar("θ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::figure::tests::drawn;

    #[test]
    fn lenet5_has_a_line_for_each_record_a_point_for_each_published_network_and_its_filters() {
        let (records, _) = LeNet5Record::open("results/lenet5").unwrap();
        let json = drawn(&lenet5_curves(&records));
        assert_eq!(json["data"].as_array().unwrap().len(), records.len() + LENET5_PUBLISHED.len());
        let errors = json["data"][0]["y"].as_array().unwrap();
        assert!(!errors.is_empty() && errors.iter().all(|error| error.as_f64().unwrap() < 2.0), "{errors:?}");
        assert!(drawn(&lenet5_filters(&records[0]))["data"].as_array().is_some());
    }

    #[test]
    fn pixels_count_the_weights_that_are_left_of_them() {
        let mut network = Network::builder(4).dense(3, crate::layers::Activation::Identity).build(1).unwrap();
        network.layers_mut()[0].weight.row_mut(2).fill(0.0);
        let json = drawn(&weights_left_by_pixel(&network, 2, 2).unwrap());
        let title = json["layout"]["title"]["text"].as_str().unwrap();
        assert!(title.starts_with("Weights left of the 3 out"), "{title}");
        assert!(weights_left_by_pixel(&network, 3, 2).is_none());
    }
}
