//! Evaluations of several networks side by side.

use super::record::EvaluationRecord;
use crate::experiment::Sample;
use crate::table::{Cell, Table};

/// Error, likelihood, calibration and uncertainty of each kind of network and way of drawing, in the order of the records; mean ±
/// standard error over the seeds that the networks were trained with. Entropies are in nats.
pub fn evaluation_table(records: &[EvaluationRecord]) -> Table {
    let mut table = Table::new([
        "Method",
        "Networks drawn",
        "Seeds",
        "Test error (%)",
        "Negative log-likelihood",
        "Calibration error (%)",
        "by chance (%)",
        "Entropy",
        "of it mutual information",
    ]);
    let mut kinds: Vec<Vec<&EvaluationRecord>> = Vec::new();
    for record in records {
        match kinds.iter_mut().find(|kind| kind[0].is_same_kind(record)) {
            Some(kind) => kind.push(record),
            None => kinds.push(vec![record]),
        }
    }
    for kind in kinds {
        let cell = |decimals: usize, value: fn(&EvaluationRecord) -> f64| {
            let values: Vec<f64> = kind.iter().map(|record| value(record)).collect();
            Sample::of(&values).map(|sample| Cell::estimate(sample.mean, sample.standard_error, decimals))
        };
        table.push(vec![
            Cell::from(kind[0].method),
            kind[0].samples.map_or(Cell::from("none: without noise"), |samples| Cell::from(samples.to_string())),
            Cell::from(kind.len()),
            Cell::from(cell(2, |record| record.calibration.error_percent)),
            Cell::from(cell(4, |record| record.calibration.negative_log_likelihood)),
            Cell::from(cell(2, |record| 100.0 * record.calibration.expected_calibration_error)),
            Cell::from(cell(2, |record| 100.0 * record.calibration.error_by_chance)),
            Cell::from(cell(3, |record| record.uncertainty.entropy)),
            Cell::from(cell(3, |record| record.uncertainty.mutual_information)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::method::Method;
    use crate::training::{Config, ModelInfo, Trainer};
    use crate::uncertainty::{Calibration, Evaluated, Predictive, Sampling};

    fn record(method: Method, seed: u64, sampling: Sampling) -> EvaluationRecord {
        let splits = crate::data::Splits::hold_out(synthetic(120, 1), synthetic(40, 2), 20).unwrap();
        let config = Config::new(method, &[5]).batch_size(20).epochs(1).seed(seed).threads(1);
        let trainer = Trainer::new(config, &splits).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        trainer.save(&path).unwrap();
        let model = ModelInfo::open(&path).unwrap();
        let predictive = Predictive::of_dataset(trainer.network(), &splits.test, sampling).unwrap();
        let calibration = predictive.calibration(splits.test.labels(), Calibration::BINS).unwrap();
        let evaluated = Evaluated { model: &model, test_data: splits.identity(), sampling };
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
            lines[1].starts_with("Binary dropout,2,2,")
                && lines[2].starts_with("Binary dropout,none: without noise,1,"),
            "{csv}"
        );
        let mean = (records[0].calibration.error_percent + records[1].calibration.error_percent) / 2.0;
        assert!(table.to_string().contains(&format!("{mean:.2} ±")), "{table}");
    }
}
