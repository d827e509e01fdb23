//! What a network has learned, weight by weight: α beside the weights, and α where its pixel is.

use ndarray::{Array2, s};

use super::figure::Figure;
use super::style::ColorScale;
use crate::network::Network;

/// Bins of the histogram below a picture, and its height in pixels of the picture.
const BINS: usize = 14;
const HISTOGRAM: usize = 10;

/// α of the weights of some units of the first layer, each as a picture of the input (height × width) with the histogram of its α
/// below, from 0 to 1 and in the colours of the picture. A panel for each network, such as one after a few epochs and one after many.
/// `None` where α is not one for each weight, or the input has another size. Units that a network has not are left out.
pub fn alpha_images(networks: &[(&str, &Network)], height: usize, width: usize, units: &[usize]) -> Option<Figure> {
    let mut figure =
        Figure::new("α of each weight of some units in the first layer, by their numbers, and its histogram")
            .columns(1);
    for (title, network) in networks {
        let rates = network.layers().first()?.rates()?;
        let (inputs, outputs) = network.layers()[0].dim();
        if rates.log_alpha.dim() != (inputs, outputs) || inputs != height * width {
            return None;
        }
        let units: Vec<usize> = units.iter().copied().filter(|&unit| unit < outputs).collect();
        let picture =
            |unit: &usize| with_histogram(rates.log_alpha.column(*unit).mapv(f64::from).mapv(f64::exp).view(), width);
        let pictures: Vec<Array2<f64>> = units.iter().map(picture).collect();
        let labels = units.iter().map(|unit| unit.to_string());
        let views = pictures.iter().map(|picture| picture.view());
        figure =
            figure.panel(*title).images(views, labels, 8, ColorScale::Sequential).color_range(0.0, 1.0).color_bar("α");
    }
    Some(figure)
}

/// A picture of α with its histogram below. A bar has the colour of its α.
fn with_histogram(alpha: ndarray::ArrayView1<'_, f64>, width: usize) -> Array2<f64> {
    let height = alpha.len() / width;
    let mut counts = [0_usize; BINS];
    alpha.iter().for_each(|&alpha| counts[((alpha * BINS as f64) as usize).min(BINS - 1)] += 1);
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    Array2::from_shape_fn((height + 1 + HISTOGRAM, width), |(y, x)| {
        if y < height {
            return alpha[y * width + x];
        }
        let bin = x * BINS / width;
        let full = (counts[bin] as f64 / most * HISTOGRAM as f64).ceil() as usize;
        // The row between the picture and its histogram stays empty.
        if y > height && height + 1 + HISTOGRAM - y <= full { (bin as f64 + 0.5) / BINS as f64 } else { f64::NAN }
    })
}

/// The weights of each layer beside the α of the same weights: all of them, inputs to the right and outputs downwards.
pub fn weights_beside_alpha(network: &Network) -> Figure {
    let layers = network.layers();
    let mut figure =
        Figure::new("All weights, and the α of the same weights").columns(2).height(230 * layers.len() as u32);
    for (index, layer) in layers.iter().enumerate() {
        let (inputs, outputs) = layer.dim();
        let last = index + 1 == layers.len();
        let weights = layer.weight.t().mapv(f64::from);
        // A few large weights would take all the colour.
        let limit = quantile(weights.iter().map(|weight| weight.abs()).collect(), 0.99).max(f64::MIN_POSITIVE);
        figure = figure
            .panel(format!("Layer {}: weights, {inputs} × {outputs}", index + 1))
            .heat_map(&weights, ColorScale::Diverging)
            .color_range(-limit, limit)
            .color_bar("θ")
            .x_label(if last { "Input" } else { "" })
            .y_label("Output");
        if let Some(rates) = layer.rates() {
            let alpha =
                rates.log_alpha.broadcast((inputs, outputs)).map(|alpha| alpha.t().mapv(|x| f64::from(x).exp()));
            let Some(alpha) = alpha else { continue };
            figure = figure
                .panel(format!("Layer {}: α", index + 1))
                .heat_map(&alpha, ColorScale::Sequential)
                .color_range(0.0, 1.0)
                .color_bar("α")
                .x_label(if last { "Input" } else { "" });
        }
    }
    figure
}

/// The filters of the first layer: the weights of some units, each as a picture of the input (height × width).
pub fn filters(networks: &[(&str, &Network)], height: usize, width: usize, units: &[usize]) -> Option<Figure> {
    let mut figure = Figure::new("The weights of some units in the first layer, by their numbers").columns(1);
    for (title, network) in networks {
        let weight = &network.layers().first()?.weight;
        let units: Vec<usize> = units.iter().copied().filter(|&unit| unit < weight.ncols()).collect();
        if weight.nrows() != height * width {
            return None;
        }
        let picture =
            |unit: &usize| weight.slice(s![.., *unit]).mapv(f64::from).into_shape_with_order((height, width)).ok();
        let pictures: Vec<Array2<f64>> = units.iter().map(picture).collect::<Option<_>>()?;
        let limit =
            quantile(pictures.iter().flatten().map(|weight| weight.abs()).collect(), 0.99).max(f64::MIN_POSITIVE);
        let labels = units.iter().map(|unit| unit.to_string());
        let views = pictures.iter().map(|picture| picture.view());
        figure = figure
            .panel(*title)
            .images(views, labels, 8, ColorScale::Diverging)
            .color_range(-limit, limit)
            .color_bar("θ");
    }
    Some(figure)
}

fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::figure::tests::drawn;
    use crate::method::Method;
    use crate::network::{DropoutRates, Initialisation};

    fn network(method: Method) -> Network {
        Network::new(method, &[16, 5, 3], DropoutRates::default(), Initialisation::UnitColumns, 1).unwrap()
    }

    #[test]
    fn pictures_of_alpha_need_one_for_each_weight() {
        let own = network(Method::VariationalB);
        let figure = alpha_images(&[("early", &own), ("late", &own)], 4, 4, &[0, 4, 9]).unwrap();
        let json = drawn(&figure);
        assert!(json["data"][1]["z"].as_array().is_some() && json["data"][0]["showscale"] == true);
        for (method, width) in [(Method::VariationalA, 4), (Method::None, 4), (Method::VariationalB, 5)] {
            assert!(alpha_images(&[("late", &network(method))], 4, width, &[0]).is_none());
        }
    }

    #[test]
    fn a_histogram_stands_below_its_picture_with_its_largest_bin_full() {
        let alpha = ndarray::Array1::from_elem(28 * 28, 0.97);
        let picture = with_histogram(alpha.view(), 28);
        assert_eq!(picture.dim(), (28 + 1 + HISTOGRAM, 28));
        // All of them are in the last bin, of 28 / 14 pixels.
        let drawn = picture.slice(s![28.., ..]).iter().filter(|value| value.is_finite()).count();
        assert_eq!(drawn, 2 * HISTOGRAM);
    }

    #[test]
    fn weights_stand_beside_alpha_where_there_is_one() {
        for (method, panels) in [(Method::VariationalB, 4), (Method::VariationalA, 4), (Method::None, 2)] {
            assert_eq!(drawn(&weights_beside_alpha(&network(method)))["data"].as_array().unwrap().len(), panels);
        }
    }

    #[test]
    fn filters_are_pictures_of_the_input() {
        let own = network(Method::None);
        assert!(drawn(&filters(&[("", &own)], 4, 4, &[0, 1]).unwrap())["data"][0]["z"].as_array().is_some());
        assert!(filters(&[("", &own)], 4, 5, &[0]).is_none());
    }
}
