//! How uncertain networks are of what they were not trained on, from records: images of no class, and turned images.

use super::figure::Figure;
use super::uncertainty::styles;
use crate::experiment::{Contrast, Sample};
use crate::method::Method;
use crate::uncertainty::{Detection, EvaluationRecord, TurnedImages, UnknownImages, kinds};

/// How well a score tells unknown images.
type Score = fn(&UnknownImages) -> Option<Detection>;
/// What is shown of turned images.
type Value = fn(&TurnedImages) -> f64;

/// Ticks of an axis of angles.
const QUARTERS: [f64; 5] = [0.0, 90.0, 180.0, 270.0, 360.0];

/// How well each kind of network tells each sort of unknown images from test images, by entropy and by mutual information: the mean AUROC
/// over seeds with its 95 % interval over networks, or DeLong's interval over images where there is one network.
pub fn unknown_areas(records: &[EvaluationRecord]) -> Figure {
    let kinds = with_names(records);
    let mut sorts: Vec<&str> = Vec::new();
    for unknown in records.iter().flat_map(|record| &record.unknown) {
        if !sorts.contains(&&unknown.images[..]) {
            sorts.push(&unknown.images);
        }
    }
    let names: Vec<&str> = kinds.iter().map(|(name, _)| &name[..]).collect();
    let mut figure = Figure::new("Unknown images told from test images").columns(2).height(420).share_y();
    let scores: [(&str, Score); 2] =
        [("By entropy", |one| Some(one.entropy)), ("By mutual information", |one| one.mutual_information)];
    for (title, score) in scores {
        figure = figure.panel(title).x_tick_labels(sorts.iter().copied());
        figure = figure.x_range(-0.5, sorts.len().max(1) as f64 - 0.5).y_label("AUROC");
        for (index, ((name, records), (color, marker))) in kinds.iter().zip(styles(&names)).enumerate() {
            let of = |images: &str| {
                let own = records.iter().flat_map(|record| &record.unknown).filter(|unknown| unknown.images == images);
                area(&own.filter_map(score).collect::<Vec<_>>())
            };
            let found: Vec<(f64, [f64; 3])> = sorts
                .iter()
                .enumerate()
                .filter_map(|(place, images)| {
                    let aside = 0.1 * (index as f64 - (kinds.len() - 1) as f64 / 2.0);
                    Some((place as f64 + aside, of(images)?))
                })
                .collect();
            if found.is_empty() {
                continue;
            }
            let at = |part: usize| found.iter().map(move |(_, area)| area[part]);
            figure = figure
                .scatter(name, found.iter().map(|found| found.0), at(0))
                .intervals(at(1), at(2))
                .color(color)
                .markers(marker);
        }
    }
    figure
}

/// Test error, entropy and mutual information of turned test images over the angle, for each kind of network: the mean over seeds, in the
/// band of its 95 % interval over networks where there are several. Entropies are in nats.
pub fn turned_curves(records: &[EvaluationRecord]) -> Figure {
    let kinds = with_names(records);
    let names: Vec<&str> = kinds.iter().map(|(name, _)| &name[..]).collect();
    let mut figure = Figure::new("Turned test images").columns(3).height(380);
    let values: [(&str, &str, Value); 3] = [
        ("Error against the label", "Error (%)", |one| one.error_percent),
        ("Entropy", "Nats", |one| one.uncertainty.entropy),
        ("Mutual information", "Nats", |one| one.uncertainty.mutual_information),
    ];
    for (title, unit, value) in values {
        figure = figure.panel(title).x_label("Angle (degrees)").y_label(unit).x_range(0.0, 360.0).x_ticks(QUARTERS);
        for ((name, records), (color, _)) in kinds.iter().zip(styles(&names)) {
            let Some(first) = records.first() else { continue };
            let degrees: Vec<f64> = first.turned.iter().map(|one| one.degrees).collect();
            let points: Vec<[f64; 3]> = degrees
                .iter()
                .filter_map(|&degrees| {
                    let own = records.iter().flat_map(|record| &record.turned).filter(|one| one.degrees == degrees);
                    mean(&own.map(value).collect::<Vec<_>>())
                })
                .collect();
            let at = |part: usize| points.iter().map(move |point| point[part]);
            figure = figure.line(name, degrees, at(0)).band(at(1), at(2)).color(color);
        }
    }
    figure
}

/// The records of each kind of network with a name: the method's title alone where its noise is drawn, or where it has none.
fn with_names(records: &[EvaluationRecord]) -> Vec<(String, Vec<&EvaluationRecord>)> {
    let name = |record: &EvaluationRecord| {
        let mut name = record.method.title().to_owned();
        if record.samples.is_none() && record.method != Method::None {
            name += ", without noise";
        }
        if !record.ensemble.is_empty() {
            name += &format!(", ensemble of {}", record.ensemble.len());
        }
        name
    };
    kinds(records).into_iter().map(|kind| (name(kind[0]), kind)).collect()
}

/// The mean of values and its 95 % interval, which a single value has not: it is then the value.
fn mean(values: &[f64]) -> Option<[f64; 3]> {
    let mean = Sample::of(values)?.mean;
    let [low, high] = Contrast::of([(1.0, values)]).map_or([mean; 2], |contrast| contrast.interval);
    Some([mean, low, high])
}

/// The mean of areas and its 95 % interval, which ends at 1; of a single network DeLong's.
fn area(found: &[Detection]) -> Option<[f64; 3]> {
    if let [one] = found {
        return Some([one.auroc, one.interval.low, one.interval.high]);
    }
    let [mean, low, high] = mean(&found.iter().map(|detection| detection.auroc).collect::<Vec<_>>())?;
    Some([mean, low.max(0.0), high.min(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::figure::tests::drawn;
    use crate::uncertainty::tests::record;

    fn named<'a>(json: &'a serde_json::Value, name: &str) -> Vec<&'a serde_json::Value> {
        json["data"].as_array().unwrap().iter().filter(|trace| trace["name"] == name).collect()
    }

    #[test]
    fn areas_are_means_over_seeds_with_intervals_and_an_ensemble_stands_beside() {
        let ensemble = EvaluationRecord { ensemble: vec![1, 2], ..record(1, 0.96) };
        let json = drawn(&unknown_areas(&[record(1, 0.90), record(2, 0.94), ensemble]));
        let single = named(&json, "No dropout")[0];
        assert!((single["y"][0].as_f64().unwrap() - 0.92).abs() < 1e-12);
        // 12.706 standard errors of 0.02, cut at 1.
        assert!((single["error_y"]["array"][0].as_f64().unwrap() - 0.08).abs() < 1e-12);
        let together = named(&json, "No dropout, ensemble of 2")[0];
        assert!((together["error_y"]["arrayminus"][0].as_f64().unwrap() - 0.01).abs() < 1e-12);
        assert!(drawn(&unknown_areas(&[]))["data"].as_array().is_some());
    }

    #[test]
    fn turned_images_are_a_line_for_each_kind_in_each_panel() {
        let json = drawn(&turned_curves(&[record(1, 0.1), record(2, 0.3)]));
        let lines = named(&json, "No dropout");
        let errors: Vec<_> = lines.iter().filter(|line| line["y"][0] == 20.0).collect();
        assert!(!errors.is_empty(), "{json}");
        assert!(drawn(&turned_curves(&[]))["data"].as_array().is_some());
    }
}
