//! How well the uncertainty of several networks tells the unknown, side by side.

use super::detection::Detection;
use super::record::EvaluationRecord;
use super::shift::{TurnedImages, UnknownImages};
use super::table::{kinds, mean_cell};
use crate::experiment::{Contrast, Sample};
use crate::table::{Cell, Table};

/// For each kind of network, way of drawing and sort of unknown images, the AUROC of the three scores of [`UnknownImages`]: the mean
/// over the seeds with its 95 % interval over networks (Student's t), or for a single network DeLong's, over images.
pub fn unknown_table(records: &[EvaluationRecord]) -> Table {
    let mut table = Table::new([
        "Method",
        "Units per layer",
        "Networks drawn",
        "Seeds",
        "Unknown images",
        "AUROC of entropy",
        "of mutual information",
        "of 1 − largest probability",
    ]);
    for kind in kinds(records) {
        let mut sorts: Vec<&str> = Vec::new();
        for images in kind.iter().flat_map(|record| &record.unknown).map(|unknown| &unknown.images[..]) {
            if !sorts.contains(&images) {
                sorts.push(images);
            }
        }
        for images in sorts {
            let own =
                |record: &EvaluationRecord| record.unknown.iter().find(|unknown| unknown.images == images).cloned();
            let found: Vec<UnknownImages> = kind.iter().filter_map(|record| own(record)).collect();
            let cell = |score: fn(&UnknownImages) -> Option<Detection>| {
                area(&found.iter().filter_map(score).collect::<Vec<_>>())
            };
            table.push((
                kind[0].method,
                kind[0].units(),
                kind[0].networks(),
                found.len(),
                images,
                cell(|unknown| Some(unknown.entropy)),
                cell(|unknown| unknown.mutual_information),
                cell(|unknown| Some(unknown.least_confidence)),
            ));
        }
    }
    table
}

/// A mean area with its interval, whose ends are areas too.
fn area(found: &[Detection]) -> Option<String> {
    let areas: Vec<f64> = found.iter().map(|detection| detection.auroc).collect();
    let mean = Sample::of(&areas)?.mean;
    let [low, high] = match (Contrast::of([(1.0, &areas[..])]), found) {
        (Some(contrast), _) => contrast.interval.map(|end| end.clamp(0.0, 1.0)),
        (None, [one]) => [one.interval.low, one.interval.high],
        (None, _) => return Some(Cell::number(mean, 3).to_string()),
    };
    Some(format!("{} ({} to {})", Cell::number(mean, 3), Cell::number(low, 3), Cell::number(high, 3)))
}

/// For each kind of network and way of drawing, error and uncertainty at every angle that test images were turned by; mean ± standard
/// error over the seeds. Entropies are in nats.
pub fn turned_table(records: &[EvaluationRecord]) -> Table {
    let mut table = Table::new([
        "Method",
        "Units per layer",
        "Networks drawn",
        "Seeds",
        "Degrees",
        "Error (%)",
        "Mean confidence",
        "Entropy",
        "of it mutual information",
    ]);
    for kind in kinds(records) {
        let mut angles: Vec<f64> = kind.iter().flat_map(|record| &record.turned).map(|turned| turned.degrees).collect();
        angles.sort_by(f64::total_cmp);
        angles.dedup();
        for degrees in angles {
            let at = kind.iter().flat_map(|record| &record.turned).filter(|turned| turned.degrees == degrees);
            let found: Vec<&TurnedImages> = at.collect();
            let cell = |decimals, value: fn(&TurnedImages) -> f64| mean_cell(&found, decimals, value);
            table.push((
                kind[0].method,
                kind[0].units(),
                kind[0].networks(),
                found.len(),
                Cell::number(degrees, 0),
                cell(1, |turned| turned.error_percent),
                cell(3, |turned| turned.mean_confidence),
                cell(3, |turned| turned.uncertainty.entropy),
                cell(3, |turned| turned.uncertainty.mutual_information),
            ));
        }
    }
    table
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::uncertainty::{ShareInterval, Uncertainty};

    fn detection(auroc: f64) -> Detection {
        Detection { auroc, interval: ShareInterval { low: auroc - 0.01, high: auroc + 0.005 }, known: 10, unknown: 10 }
    }

    pub(crate) fn record(seed: u64, auroc: f64) -> EvaluationRecord {
        let uncertainty = Uncertainty { entropy: 1.0, expected_entropy: 0.75, mutual_information: 0.25 };
        EvaluationRecord {
            seed,
            unknown: vec![UnknownImages {
                images: "letters".into(),
                entropy: detection(auroc),
                mutual_information: None,
                least_confidence: detection(0.9),
                uncertainty,
            }],
            turned: vec![TurnedImages {
                degrees: 15.0,
                examples: 10,
                error_percent: 100.0 * auroc,
                mean_confidence: 0.5,
                uncertainty,
            }],
            ..crate::uncertainty::table::tests::record(
                crate::Method::None,
                1,
                crate::uncertainty::Sampling::without_noise(),
            )
        }
    }

    /// 0.90, 0.92 and 0.94: a standard error of 0.01155, and t = 4.303 with two degrees of freedom.
    #[test]
    fn several_seeds_have_students_interval_and_one_has_delongs() {
        let three = [record(1, 0.90), record(2, 0.92), record(3, 0.94)];
        let csv = unknown_table(&three).to_csv();
        assert_eq!(
            csv.lines().nth(1).unwrap(),
            "No dropout,5,none: without noise,3,letters,0.920 (0.870 to 0.970),,0.900"
        );
        let one = unknown_table(&three[..1]).to_csv();
        assert!(one.contains("0.900 (0.890 to 0.905)"), "{one}");
        let high = unknown_table(&[record(1, 0.99), record(2, 0.95)]).to_csv();
        assert!(high.contains("to 1.000)"), "{high}");
        assert!(unknown_table(&[]).is_empty() && turned_table(&[]).is_empty());
    }

    #[test]
    fn turned_images_have_a_row_for_each_angle() {
        let csv = turned_table(&[record(1, 0.10), record(2, 0.30)]).to_csv();
        assert!(csv.lines().nth(1).unwrap().contains(",2,15,20.0 ± 10.0,0.500 ± 0.000,1.000 ± 0.000"), "{csv}");
    }
}
