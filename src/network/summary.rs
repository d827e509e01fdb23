//! A network as a table: each layer's shape, noise and parameters.

use super::{Network, PRUNING_THRESHOLD};
use crate::Real;
use crate::layers::Layer;
use crate::table::{Cell, Table};

impl Network {
    /// A row for each layer, from the input to the output: its shape (inputs × outputs), its noise, the mean of α (the noise's
    /// variance relative to the mean) over the layer's noise variables, and how many numbers training learns; their sum in the
    /// last row. Where weights are pruned or would be, their share stands there too.
    pub fn summary(&self) -> Table {
        summary(self)
    }
}

/// A column that stands there only where a layer has something in it.
type Optional<T> = (&'static str, fn(&Layer<T>) -> Option<Cell>);

fn summary<T: Real>(network: &Network<T>) -> Table {
    let optional: [Optional<T>; 3] =
        [("Mean of α", mean_alpha), ("ln α > 3 (%)", would_be_pruned), ("Weights of 0 (%)", zeros)];
    let shown: Vec<&Optional<T>> =
        optional.iter().filter(|(_, cell)| network.layers.iter().any(|layer| cell(layer).is_some())).collect();
    let names = shown.iter().map(|(name, _)| *name);
    let mut table = Table::new(["Layer", "Shape", "Noise"].into_iter().chain(names).chain(["Parameters"]));
    let mut total = 0;
    for (index, layer) in network.layers.iter().enumerate() {
        let (inputs, outputs) = layer.dim();
        let parameters = parameters(layer);
        total += parameters;
        let mut row = vec![
            Cell::from((index + 1).to_string()),
            format!("{inputs} × {outputs}").into(),
            layer.noise.description().into(),
        ];
        row.extend(shown.iter().map(|(_, cell)| Cell::from(cell(layer))));
        row.push(parameters.into());
        table.push(row);
    }
    let widths: Vec<_> = network.widths().iter().map(usize::to_string).collect();
    let mut row = vec![Cell::from("total"), widths.join("–").into(), Cell::Empty];
    row.extend(shown.iter().map(|_| Cell::Empty));
    row.push(total.into());
    table.push(row);
    table
}

/// Numbers that training learns: weights, biases, and where it is learned, ln α or ln σ².
fn parameters<T: Real>(layer: &Layer<T>) -> usize {
    layer.weight.len() + layer.bias.len() + layer.learned_noise().map_or(0, |(_, values)| values.len())
}

/// Of σ²/W² the mean says nothing, and stands nowhere.
fn mean_alpha<T: Real>(layer: &Layer<T>) -> Option<Cell> {
    layer.noise.kind().mean_alpha().map(|mean| Cell::number(mean, 3))
}

fn would_be_pruned<T: Real>(layer: &Layer<T>) -> Option<Cell> {
    let log_alpha = layer.log_alpha_of_weights()?;
    let above = log_alpha.iter().filter(|x| x.f64() > PRUNING_THRESHOLD).count();
    Some(Cell::number(100.0 * above as f64 / log_alpha.len() as f64, 1))
}

fn zeros<T: Real>(layer: &Layer<T>) -> Option<Cell> {
    let zeros = layer.weight.iter().filter(|&&weight| weight == T::zero()).count();
    (zeros > 0).then(|| Cell::number(100.0 * zeros as f64 / layer.weight.len() as f64, 1))
}

#[cfg(test)]
mod tests {
    use super::super::{DropoutRates, Initialisation};
    use super::*;
    use crate::layers::{Additive, Noise};
    use crate::method::Method;

    fn network(method: Method) -> Network {
        Network::new(method, &[6, 5, 4, 3], DropoutRates::default(), Initialisation::default(), 1).unwrap()
    }

    /// By hand: weights 6·5 + 5·4 + 4·3 = 62, biases 5 + 4 + 3 = 12, learned noise 6 + 5 + 4 = 15 for units, 62 for weights.
    #[test]
    fn the_total_is_every_number_that_is_learned() {
        for method in Method::ALL {
            let learned = match method {
                Method::VariationalA | Method::VariationalA2 => 15,
                Method::VariationalB | Method::Sparse => 62,
                _ => 0,
            };
            let network = network(method);
            let csv = network.summary().to_csv();
            let total = csv.lines().last().unwrap();
            assert!(total.starts_with("total,6–5–4–3,"), "{total}");
            assert_eq!(total.rsplit(',').next().unwrap(), (62 + 12 + learned).to_string(), "{method}");
            let own: usize = network.parameters().iter().map(|(_, values)| values.len()).sum();
            assert_eq!(own, 62 + 12 + learned, "{method}");
        }
    }

    #[test]
    fn each_layer_says_its_noise_and_alpha() {
        let text = network(Method::VariationalA).summary().to_markdown();
        assert!(text.starts_with("| Layer | Shape | Noise | Mean of α | Parameters |\n"), "{text}");
        assert!(
            text.contains("| 1 | 6 × 5 | input × Gaussian: α learned, one for each input | 0.250 | 41 |"),
            "{text}"
        );
        assert!(
            text.contains("| 2 | 5 × 4 | input × Gaussian: α learned, one for each input | 1.000 | 29 |"),
            "{text}"
        );
        let text = network(Method::Binary).summary().to_markdown();
        assert!(text.contains("input × Bernoulli, p = 0.2 | 0.250 | 35") && text.contains("p = 0.5 | 1.000"), "{text}");
        assert!(!network(Method::None).summary().to_markdown().contains("α"));
    }

    #[test]
    fn pruned_weights_and_those_that_would_be_have_a_column_each() {
        let mut sparse = network(Method::Sparse);
        // ln α = ln σ² − ln W²: with W = 1, above 3 for one weight of thirty.
        let layer = &mut sparse.layers_mut()[0];
        layer.weight.fill(1.0);
        let Noise::Additive(Additive { log_variance, .. }) = &mut layer.noise else { panic!("additive noise") };
        log_variance.fill(2.9);
        log_variance[(0, 0)] = 3.1;
        let text = sparse.summary().to_csv();
        assert!(text.starts_with("Layer,Shape,Noise,ln α > 3 (%),Parameters\n"), "{text}");
        assert!(text.lines().nth(1).unwrap().ends_with(",3.333333333,65"), "{text}");

        let mut pruned = network(Method::None);
        pruned.layers_mut()[1].weight.row_mut(0).fill(0.0);
        let text = pruned.summary().to_csv();
        assert!(text.starts_with("Layer,Shape,Noise,Weights of 0 (%),Parameters\n"), "{text}");
        assert!(text.contains("2,5 × 4,none,20,24\n"), "{text}");
    }
}
