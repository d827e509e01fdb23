//! Evaluations of several networks side by side.

use super::record::EvaluationRecord;
use crate::experiment::{Contrast, Sample};
use crate::table::{Cell, Table};

/// Error, likelihood, calibration and uncertainty of each kind of network and way of drawing, in the order of the records; mean ±
/// standard error over the seeds that the networks were trained with. Entropies are in nats.
pub fn evaluation_table(records: &[EvaluationRecord]) -> Table {
    let mut table = Table::new([
        "Method",
        "Units per layer",
        "Networks drawn",
        "Seeds",
        "Test error (%)",
        "Negative log-likelihood",
        "Calibration error (%)",
        "by chance (%)",
        "Entropy",
        "of it mutual information",
    ]);
    for kind in kinds(records) {
        let cell = |decimals, value: fn(&EvaluationRecord) -> f64| mean_cell(&kind, decimals, value);
        table.push((
            kind[0].method,
            kind[0].units(),
            kind[0].networks(),
            kind.len(),
            cell(2, |record| record.calibration.error_percent),
            cell(4, |record| record.calibration.negative_log_likelihood),
            cell(2, calibration_error),
            cell(2, |record| 100.0 * record.calibration.error_by_chance),
            cell(3, |record| record.uncertainty.entropy),
            cell(3, |record| record.uncertainty.mutual_information),
        ));
    }
    table
}

/// What drawing networks changes: for each kind of network, expected calibration error and negative log-likelihood without noise and
/// of the drawn networks, and the differences of the same trained network, drawn less not drawn, with 95 % intervals over the seeds
/// (Student's t). Only networks that have records of both are in it.
pub fn drawing_table(records: &[EvaluationRecord]) -> Table {
    let mut table = Table::new([
        "Method",
        "Units per layer",
        "Networks drawn",
        "Seeds",
        "Calibration error without noise (%)",
        "drawn (%)",
        "difference, 95 % interval",
        "Negative log-likelihood without noise",
        "drawn",
        "difference, 95 % interval",
    ]);
    for kind in kinds(records).into_iter().filter(|kind| kind[0].samples.is_some()) {
        let pairs: Vec<(&EvaluationRecord, &EvaluationRecord)> = kind
            .iter()
            .filter_map(|&drawn| {
                Some((records.iter().find(|record| record.is_same_network_without_noise(drawn))?, drawn))
            })
            .collect();
        if pairs.is_empty() {
            continue;
        }
        let mut row =
            vec![kind[0].method.into(), kind[0].units().into(), kind[0].networks().into(), pairs.len().into()];
        for (decimals, value) in [
            (2, calibration_error as fn(&EvaluationRecord) -> f64),
            (4, |record| record.calibration.negative_log_likelihood),
        ] {
            let mean = |of: &dyn Fn(&(&EvaluationRecord, &EvaluationRecord)) -> f64| {
                pairs.iter().map(of).sum::<f64>() / pairs.len() as f64
            };
            let differences: Vec<f64> = pairs.iter().map(|(plain, drawn)| value(drawn) - value(plain)).collect();
            row.push(Cell::number(mean(&|(plain, _)| value(plain)), decimals));
            row.push(Cell::number(mean(&|(_, drawn)| value(drawn)), decimals));
            row.push(difference(&differences, decimals).into());
        }
        table.push(row);
    }
    table
}

/// The mean of a value ± its standard error; nothing of none.
pub(super) fn mean_cell<T>(of: &[&T], decimals: usize, value: fn(&T) -> f64) -> Option<Cell> {
    let values: Vec<f64> = of.iter().map(|of| value(of)).collect();
    Sample::of(&values).map(|sample| Cell::estimate(sample.mean, sample.standard_error, decimals))
}

/// In percent.
fn calibration_error(record: &EvaluationRecord) -> f64 {
    100.0 * record.calibration.expected_calibration_error
}

/// A mean difference with its interval, which one pair does not have.
fn difference(differences: &[f64], decimals: usize) -> String {
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    let signed = |value: f64| Cell::difference(value, decimals).to_string();
    match Contrast::of([(1.0, differences)]) {
        Some(Contrast { interval: [low, high], .. }) => {
            format!("{} ({} to {})", signed(mean), signed(low), signed(high))
        }
        None => signed(mean),
    }
}

/// The records of each kind of network and way of drawing, in the order of the records.
pub(crate) fn kinds(records: &[EvaluationRecord]) -> Vec<Vec<&EvaluationRecord>> {
    let mut kinds: Vec<Vec<&EvaluationRecord>> = Vec::new();
    for record in records {
        match kinds.iter_mut().find(|kind| kind[0].is_same_kind(record)) {
            Some(kind) => kind.push(record),
            None => kinds.push(vec![record]),
        }
    }
    kinds
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::method::Method;
    use crate::training::{Config, ModelInfo, Trainer};
    use crate::uncertainty::{Calibration, Evaluated, Predictive, Sampling};

    pub(crate) fn record(method: Method, seed: u64, sampling: Sampling) -> EvaluationRecord {
        let splits = crate::data::Splits::hold_out(synthetic(120, 1), synthetic(40, 2), 20).unwrap();
        let config = Config::new(method, &[5]).batch_size(20).epochs(1).seed(seed).threads(1);
        let trainer = Trainer::new(config, &splits).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        trainer.save(&path).unwrap();
        let model = ModelInfo::open(&path).unwrap();
        let predictive = Predictive::of_dataset(trainer.network(), &splits.test, sampling).unwrap();
        let calibration = predictive.calibration(splits.test.labels(), Calibration::BINS).unwrap();
        let evaluated = Evaluated { model: &model, ensemble: &[], test_data: splits.identity(), sampling };
        EvaluationRecord::new(evaluated, &predictive, &calibration, "vardrop evaluate")
    }

    #[test]
    fn seeds_are_one_row_and_ways_of_drawing_are_several() {
        let draws = Sampling::draws(2).threads(1);
        let records = [
            record(Method::Binary, 1, draws),
            record(Method::Binary, 2, draws),
            record(Method::Binary, 1, Sampling::without_noise()),
            record(Method::None, 1, Sampling::without_noise()),
        ];
        let table = evaluation_table(&records);
        let csv = table.to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(table.len(), 3);
        assert!(
            lines[1].starts_with("Binary dropout,5,2,2,")
                && lines[2].starts_with("Binary dropout,5,none: without noise,1,"),
            "{csv}"
        );
        let mean = (records[0].calibration.error_percent + records[1].calibration.error_percent) / 2.0;
        assert!(table.to_string().contains(&format!("{mean:.2} ±")), "{table}");
    }

    #[test]
    fn what_drawing_changes_is_the_difference_of_the_same_network() {
        let draws = Sampling::draws(2).threads(1);
        let plain = Sampling::without_noise();
        let records: Vec<EvaluationRecord> = [(1, draws), (2, draws), (3, draws), (1, plain), (2, plain)]
            .map(|(seed, sampling)| record(Method::Binary, seed, sampling))
            .into();
        let table = drawing_table(&records);
        let csv = table.to_csv();
        // The third seed has no record without noise.
        assert!(csv.lines().nth(1).unwrap().starts_with("Binary dropout,5,2,2,"), "{csv}");
        let error = |index: usize| 100.0 * records[index].calibration.expected_calibration_error;
        let mean = (error(0) - error(3) + error(1) - error(4)) / 2.0;
        assert!(csv.contains(&format!("{} (", Cell::difference(mean, 2))), "{mean}: {csv}");
        assert!(drawing_table(&records[3..]).is_empty());
        let alone = drawing_table(&[records[0].clone(), records[3].clone()]).to_csv();
        assert!(!alone.contains(" to "), "one pair has no interval: {alone}");
    }
}
