//! What learned rates show: where on the image the noise is, which filters are kept clean, and how α depends on the width.

use ndarray::Array2;

use super::figure::Figure;
use super::style::{Color, ColorScale, Marker};
use crate::data::Dataset;
use crate::experiment::Records;
use crate::method::Method;
use crate::network::Network;

/// α of every input as a picture, beside the standard deviation of the data's pixels, and one against the other; `None` where
/// the first layer has not one α for each input, or the images another size, or the examples are no images.
pub fn input_alpha(network: &Network, dataset: &Dataset) -> Option<Figure> {
    let (height, width) = dataset.image_size()?;
    let alpha = alpha_of_inputs(network, 0)?;
    if alpha.len() != height * width {
        return None;
    }
    let deviation = pixel_deviation(dataset);
    let picture = |values: &[f64]| Array2::from_shape_fn((height, width), |(y, x)| values[y * width + x]);
    let figure = Figure::new("Where on the image the noise is")
        .columns(3)
        .height(380)
        .panel("α of each input pixel")
        .images([picture(&alpha).view()], [""; 0], 1, ColorScale::Sequential)
        .color_range(0.0, 1.0)
        .color_bar("α")
        .panel("Standard deviation of the pixel")
        .images([picture(&deviation).view()], [""; 0], 1, ColorScale::Sequential)
        .color_bar("pixels from 0 to 1")
        .panel("One against the other")
        .x_label("Standard deviation of the pixel")
        .y_label("α")
        .scatter("a pixel", &deviation, &alpha)
        .color(Color::BLUE.with_alpha(0.5))
        .markers(Marker::Circle);
    Some(figure)
}

/// First-layer filters, one picture for each hidden unit, from the unit with the least α in the second layer's noise to the one
/// with the most, `shown` of them at equal steps of that order; `None` where that noise has not one α for each unit, or the
/// input another size than `height` × `width`.
pub fn filters_by_alpha(network: &Network, height: usize, width: usize, shown: usize) -> Option<Figure> {
    let alpha = alpha_of_inputs(network, 1)?;
    let weight = &network.layers()[0].weight;
    if weight.nrows() != height * width {
        return None;
    }
    let mut order: Vec<usize> = (0..alpha.len()).collect();
    order.sort_by(|&a, &b| alpha[a].total_cmp(&alpha[b]));
    let shown = shown.min(order.len());
    let units: Vec<usize> = (0..shown).map(|k| order[k * (order.len() - 1) / (shown - 1).max(1)]).collect();
    // Each is scaled by itself: what is compared is their form.
    let picture = |&unit: &usize| {
        let column = weight.column(unit);
        let largest = column.iter().fold(f32::MIN_POSITIVE, |largest, w| largest.max(w.abs()));
        Array2::from_shape_fn((height, width), |(y, x)| f64::from(column[y * width + x] / largest))
    };
    let pictures: Vec<Array2<f64>> = units.iter().map(picture).collect();
    let labels = units.iter().map(|&unit| format!("{:.3}", alpha[unit]));
    let views = pictures.iter().map(|picture| picture.view());
    let title = "First-layer filters by the α of their unit, each scaled to its largest weight";
    Some(
        Figure::new(title)
            .images(views, labels, 8, ColorScale::Diverging)
            .color_range(-1.0, 1.0)
            .color_bar("weight / largest"),
    )
}

/// Mean α of each layer at the end of training over the width of the hidden layers, for one method's records (three hidden layers
/// of one width); the mean over seeds, in a band from the lowest to the highest.
pub fn alpha_by_width(records: &Records, method: Method) -> Figure {
    let mut figure = Figure::new(format!("{}: mean α at the end of training", method.title()))
        .height(420)
        .x_label("Units per hidden layer")
        .y_label("Mean α")
        .log_x()
        .log_y();
    // (layer, width, mean α) of every run.
    let mut means: Vec<(usize, usize, f64)> = Vec::new();
    for record in records.iter().filter(|record| record.method == method) {
        let Some(width) = record.hidden.first().filter(|&width| record.hidden == [*width; 3]) else { continue };
        let Some(epoch) = record.epochs.last() else { continue };
        means.extend(epoch.alpha.iter().enumerate().map(|(layer, alpha)| (layer, *width, alpha.mean)));
    }
    let mut widths: Vec<usize> = means.iter().map(|&(_, width, _)| width).collect();
    widths.sort_unstable();
    widths.dedup();
    for layer in 0..=means.iter().map(|&(layer, ..)| layer).max().unwrap_or(0) {
        let own = |width: usize| means.iter().filter(move |m| m.0 == layer && m.1 == width).map(|m| m.2);
        let widths: Vec<usize> = widths.iter().copied().filter(|&width| own(width).count() > 0).collect();
        let mean = widths.iter().map(|&width| own(width).sum::<f64>() / own(width).count() as f64);
        let low = widths.iter().map(|&width| own(width).fold(f64::INFINITY, f64::min));
        let high = widths.iter().map(|&width| own(width).fold(0.0, f64::max));
        let name = if layer == 0 { "Input".to_owned() } else { format!("Hidden layer {layer}") };
        figure = figure.line(name, &widths, mean).band(low, high).markers(Marker::Circle);
    }
    if !widths.is_empty() {
        figure = figure.x_ticks(widths);
    }
    figure
}

/// α of a layer's inputs, where it has one for each.
fn alpha_of_inputs(network: &Network, layer: usize) -> Option<Vec<f64>> {
    let layer = network.layers().get(layer)?;
    let rates = layer.learned_rates()?;
    (rates.log_alpha.dim() == (layer.dim().0, 1)).then(|| rates.log_alpha.iter().map(|x| f64::from(*x).exp()).collect())
}

/// Standard deviation of each pixel over the data, on a scale from 0 to 1 (divisor n).
fn pixel_deviation(dataset: &Dataset) -> Vec<f64> {
    let n = dataset.len().max(1) as f64;
    let (mut sums, mut squares) = (vec![0.0; dataset.inputs()], vec![0.0; dataset.inputs()]);
    for row in dataset.pixels().outer_iter() {
        for ((sum, square), &pixel) in sums.iter_mut().zip(&mut squares).zip(row) {
            let value = f64::from(pixel) / 255.0;
            *sum += value;
            *square += value * value;
        }
    }
    sums.iter().zip(&squares).map(|(sum, square)| (square / n - (sum / n).powi(2)).max(0.0).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::experiment::tests::record;
    use crate::figures::figure::tests::drawn;
    use crate::network::{DropoutRates, Initialisation};
    use crate::training::AlphaStatistics;

    fn network(method: Method, widths: &[usize]) -> Network {
        Network::new(method, widths, DropoutRates::default(), Initialisation::default(), 1).unwrap()
    }

    #[test]
    fn a_pixels_deviation_is_that_of_the_data() {
        let dataset = synthetic(50, 3);
        let pixels = dataset.pixels().mapv(|pixel| f64::from(pixel) / 255.0);
        let expected = pixels.std_axis(ndarray::Axis(0), 0.0);
        for (found, expected) in pixel_deviation(&dataset).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn alpha_of_the_inputs_needs_one_for_each() {
        let dataset = synthetic(50, 3);
        let json = drawn(&input_alpha(&network(Method::VariationalA, &[784, 5, 4]), &dataset).unwrap());
        assert_eq!(json["data"].as_array().unwrap().len(), 3);
        assert!(input_alpha(&network(Method::VariationalB, &[784, 5, 4]), &dataset).is_none());
        assert!(input_alpha(&network(Method::VariationalA, &[783, 5, 4]), &dataset).is_none());
    }

    #[test]
    fn filters_come_in_the_order_of_their_alpha() {
        let mut network = network(Method::VariationalA, &[784, 9, 4]);
        let log_alpha = &mut network.layers_mut()[1].rates_mut().unwrap().log_alpha;
        for (unit, x) in log_alpha.iter_mut().enumerate() {
            *x = (0.1 * ((unit * 4 % 9) as f32 + 1.0)).ln();
        }
        let text = drawn(&filters_by_alpha(&network, 28, 28, 3).unwrap()).to_string();
        let places: Vec<usize> = ["0.100", "0.500", "0.900"].iter().map(|alpha| text.find(alpha).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert!(filters_by_alpha(&network, 28, 28, 1).is_some() && filters_by_alpha(&network, 28, 28, 99).is_some());
        assert!(filters_by_alpha(&network, 27, 28, 3).is_none());
    }

    #[test]
    fn alpha_over_width_has_a_line_and_a_band_for_each_layer() {
        let at = |width, seed, mean| {
            let mut record = record(Method::VariationalA, width, seed, 1.5);
            let alpha = |mean| AlphaStatistics { mean, std: 0.0, min: mean, max: mean, quantiles: None };
            record.epochs = vec![crate::training::Epoch {
                alpha: vec![alpha(mean), alpha(2.0 * mean)],
                ..crate::figures::training::tests::history(1, true).epochs.remove(0)
            }];
            record
        };
        let records: Records = [at(100, 1, 0.1), at(100, 2, 0.3), at(250, 1, 0.4)].into_iter().collect();
        let json = drawn(&alpha_by_width(&records, Method::VariationalA));
        let lines: Vec<_> = json["data"].as_array().unwrap().iter().filter(|s| s["name"] == "Input").collect();
        assert_eq!(lines[0]["y"][0].as_f64().map(|y| (y * 1e6).round()), Some(2e5), "the mean over seeds");
        assert!(drawn(&alpha_by_width(&records, Method::None))["data"].as_array().is_some());
    }
}
