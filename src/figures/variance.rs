//! Variances of gradient estimates over the minibatch, and over directions.

use super::figure::Figure;
use super::style::Color;
use crate::variance::{Estimator, NoiseSpectrum, Share, VarianceLaw};

impl Color {
    /// The colour that an estimator has everywhere.
    pub fn of_estimator(estimator: Estimator) -> Self {
        match estimator {
            Estimator::LocalReparameterization => Self::BLUE,
            Estimator::SeparateWeightSamples => Self::GREEN,
            Estimator::Flipout => Self::ORANGE,
            Estimator::SingleWeightSample => Self::VERMILLION,
            Estimator::NoNoise => Self::GREY,
        }
    }
}

/// The variance over the minibatch size: all of it, with the law fitted to each estimator's points as a dashed line, and the
/// part that comes from the noise, with dotted lines that fall as 1/M from its first point.
pub fn variance_curves(shares: &[Share]) -> Figure {
    let estimators = Estimator::ALL.into_iter().filter_map(|estimator| {
        let own: Vec<Share> = shares.iter().filter(|share| share.estimator == estimator).cloned().collect();
        (!own.is_empty()).then_some((estimator, own))
    });
    let estimators: Vec<(Estimator, Vec<Share>)> = estimators.collect();
    let mut ticks: Vec<usize> = shares.iter().map(|share| share.batch_size).collect();
    ticks.sort_unstable();
    ticks.dedup();
    let sizes = |own: &[Share]| own.iter().map(|share| share.batch_size).collect::<Vec<_>>();
    let mut figure = Figure::new("How the variance of a gradient falls with the minibatch")
        .columns(2)
        .height(400)
        .panel("All of it, and the law v/M + c·(M − 1)/M")
        .x_label("Minibatch size M")
        .y_label("Variance, mean over the weights")
        .log_x()
        .x_ticks(ticks.clone())
        .log_y();
    for (estimator, own) in &estimators {
        figure = figure
            .scatter(estimator.title(), sizes(own), own.iter().map(|share| share.total))
            .color(Color::of_estimator(*estimator));
        if let Some(law) = VarianceLaw::fit(own) {
            let values = own.iter().map(|share| law.at(share.batch_size));
            figure = figure
                .line(format!("{estimator}: law"), sizes(own), values)
                .color(Color::of_estimator(*estimator))
                .dashed()
                .group(estimator.title());
        }
    }
    figure = figure.panel("The part that comes from the noise").x_label("Minibatch size M").log_x();
    figure = figure.x_ticks(ticks).log_y();
    for (estimator, own) in estimators.iter().filter(|(estimator, _)| *estimator != Estimator::NoNoise) {
        figure = figure
            .line(format!("{estimator}: noise"), sizes(own), own.iter().map(|share| share.noise))
            .color(Color::of_estimator(*estimator))
            .markers(super::style::Marker::Circle)
            .group(estimator.title());
        let first = &own[0];
        let ideal = own.iter().map(|share| first.noise * first.batch_size as f64 / share.batch_size as f64);
        figure = figure
            .line(format!("{estimator}: 1/M"), sizes(own), ideal)
            .color(Color::of_estimator(*estimator))
            .dotted()
            .faint()
            .group(estimator.title());
    }
    figure
}

/// The spectrum of each estimator's noise: the eigenvalues by rank, and what share of the variance the largest ones hold.
pub fn noise_spectra(spectra: &[NoiseSpectrum]) -> Figure {
    let mut figure = Figure::new("In how many directions the noise of a gradient lies")
        .columns(2)
        .height(380)
        .panel("Variance along each direction")
        .x_label("Direction, from the largest")
        .y_label("Eigenvalue of the covariance")
        .log_x()
        .log_y();
    for spectrum in spectra {
        // The last eigenvalues of a sample are too small by far, and on a logarithmic axis take all the room.
        let shown = (spectrum.eigenvalues.len() * 9 / 10).max(1);
        let values = &spectrum.eigenvalues[..shown];
        figure = figure
            .line(spectrum.estimator.title(), 1..=values.len(), values)
            .color(Color::of_estimator(spectrum.estimator));
    }
    figure = figure.panel("Share of the variance").x_label("Number of the largest directions").y_label("Share");
    figure = figure.log_x().y_range(0.0, 1.0);
    for spectrum in spectra {
        let shares = spectrum.cumulative_share();
        figure = figure
            .line(format!("{}: share", spectrum.estimator), 1..=shares.len(), shares)
            .color(Color::of_estimator(spectrum.estimator))
            .group(spectrum.estimator.title());
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::figure::tests::drawn;

    #[test]
    fn each_estimator_has_points_a_law_its_noise_and_the_ideal() {
        let share = |estimator, batch_size: usize| Share {
            estimator,
            batch_size,
            total: 10.0 / batch_size as f64,
            interval: None,
            noise: 5.0 / batch_size as f64,
            noise_interval: None,
            seconds_per_gradient: 0.1,
        };
        let shares = Estimator::ALL.map(|estimator| [1, 10, 100].map(|size| share(estimator, size))).concat();
        assert_eq!(drawn(&variance_curves(&shares))["data"].as_array().unwrap().len(), 5 * 2 + 4 * 2);
        assert!(variance_curves(&[]).to_plotly().is_ok());
    }

    #[test]
    fn each_spectrum_has_its_eigenvalues_and_its_shares() {
        let spectrum = NoiseSpectrum {
            estimator: Estimator::SingleWeightSample,
            eigenvalues: vec![4.0, 2.0, 1.0, 1.0],
            dimensions: 30,
        };
        let json = drawn(&noise_spectra(&[spectrum]));
        assert_eq!(json["data"].as_array().unwrap().len(), 2);
        assert_eq!(json["data"][1]["y"].as_array().unwrap().last().unwrap().as_f64(), Some(1.0));
    }
}
