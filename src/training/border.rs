//! Whether a network has learned to ignore the edge of its images: the α of border pixels beside that of the centre.

use serde::{Deserialize, Serialize};

use crate::network::Network;

/// Pixels from the edge that count as border: MNIST's digits lie within the 20 × 20 pixels inside of it.
const BORDER: usize = 4;

/// Width and height of the centre.
const CENTRE: usize = 10;

/// Mean α of the input pixels, where it is learned for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BorderAlpha {
    /// Over the pixels at most 4 from the edge.
    pub border: f64,
    /// Over the 10 × 10 pixels in the middle.
    pub centre: f64,
}

impl BorderAlpha {
    /// `None` where the first layer's α is not learned for each input, or the image is smaller than border and centre.
    pub fn of(network: &Network, height: usize, width: usize) -> Option<Self> {
        let rates = network.layers()[0].learned_rates()?;
        if rates.log_alpha.dim() != (height * width, 1) || height.min(width) < CENTRE + 2 * BORDER {
            return None;
        }
        let (top, left) = ((height - CENTRE) / 2, (width - CENTRE) / 2);
        let is_border = |y: usize, x: usize| y < BORDER || x < BORDER || y >= height - BORDER || x >= width - BORDER;
        let is_centre = |y, x| (top..top + CENTRE).contains(&y) && (left..left + CENTRE).contains(&x);
        let mean = |holds: &dyn Fn(usize, usize) -> bool| {
            let own = rates.log_alpha.iter().enumerate().filter(|(pixel, _)| holds(pixel / width, pixel % width));
            let alpha: Vec<f64> = own.map(|(_, x)| f64::from(*x).exp()).collect();
            alpha.iter().sum::<f64>() / alpha.len() as f64
        };
        Some(Self { border: mean(&is_border), centre: mean(&is_centre) })
    }

    /// How many times larger the border's is.
    pub fn ratio(&self) -> f64 {
        self.border / self.centre
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;
    use crate::network::{DropoutRates, Initialisation};

    fn network(method: Method, inputs: usize) -> Network {
        Network::new(method, &[inputs, 3], DropoutRates::default(), Initialisation::default(), 1).unwrap()
    }

    #[test]
    fn border_and_centre_are_the_pixels_that_they_are_said_to_be() {
        let mut network = network(Method::VariationalA, 28 * 28);
        let log_alpha = &mut network.layers_mut()[0].rates_mut().unwrap().log_alpha;
        let mut counts = (0, 0);
        for y in 0..28_usize {
            for x in 0..28_usize {
                // The distance from the edge: 0 to 13.
                let depth = y.min(x).min(27 - y).min(27 - x);
                let alpha: f32 = if depth < 4 {
                    0.75
                } else if depth >= 9 {
                    0.125
                } else {
                    1e-6
                };
                counts = (counts.0 + usize::from(depth < 4), counts.1 + usize::from(depth >= 9));
                log_alpha[(y * 28 + x, 0)] = alpha.ln();
            }
        }
        assert_eq!(counts, (28 * 28 - 20 * 20, 100));
        let found = BorderAlpha::of(&network, 28, 28).unwrap();
        assert!((found.border - 0.75).abs() < 1e-6 && (found.centre - 0.125).abs() < 1e-6, "{found:?}");
        assert!((found.ratio() - 6.0).abs() < 1e-5);
    }

    #[test]
    fn without_an_alpha_for_each_pixel_there_is_nothing() {
        for method in [Method::None, Method::GaussianA, Method::VariationalB, Method::Sparse] {
            assert_eq!(BorderAlpha::of(&network(method, 784), 28, 28), None, "{method}");
        }
        assert_eq!(BorderAlpha::of(&network(Method::VariationalA, 16 * 16), 16, 16), None);
    }
}
