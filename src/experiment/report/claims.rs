//! What the paper claims of Figure 1, tested on our runs: pairs of networks that share their width and their seed.

use super::{Records, figure1_summaries, find};
use crate::error::Result;
use crate::experiment::{PairedTest, Sample, paper};
use crate::method::Method;
use crate::table::{Cell, Table};

/// That one method's error is not above another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The method whose error is claimed to be the lower one.
    pub lower: Method,
    /// The method that it is compared with.
    pub than: Method,
    /// It is claimed for widths above this one.
    pub above: usize,
}

/// The claims of the paper's Figure 1: learning the rate helps, at every width, for both types of noise; and A2, whose KL term
/// weighs a third, is not worse than A for all but the smallest networks.
pub const CLAIMS: [Claim; 3] = [
    Claim { lower: Method::VariationalA, than: Method::GaussianA, above: 0 },
    Claim { lower: Method::VariationalA2, than: Method::VariationalA, above: 100 },
    Claim { lower: Method::VariationalB, than: Method::GaussianB, above: 0 },
];

/// A claim at one width.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimAtWidth {
    /// Units per hidden layer.
    pub hidden: usize,
    /// The differences in percentage points of each seed that both methods have; below 0 as claimed.
    pub differences: Vec<f64>,
    /// The paper's difference.
    pub paper: f64,
}

/// A claim on our runs.
#[derive(Debug, Clone, PartialEq)]
pub struct TestedClaim {
    /// The claim.
    pub claim: Claim,
    /// Every width that it is made for, also those that were not run.
    pub widths: Vec<ClaimAtWidth>,
}

impl Claim {
    /// The claim on the pairs of runs that share width, seed and images, each with the protocol of its method.
    ///
    /// # Errors
    /// Runs of two protocols for one point, or of two data sets.
    pub fn test(self, records: &Records) -> Result<TestedClaim> {
        // Refuses what cannot share a point.
        figure1_summaries(records)?;
        let points = paper::figure1().iter().filter(|p| p.method == self.lower && p.hidden > self.above);
        let widths = points.filter_map(|point| {
            let paper = point.error_percent - find(paper::figure1(), self.than, point.hidden)?.error_percent;
            let of = |method| records.iter().filter(move |r| r.method == method && r.hidden == [point.hidden; 3]);
            let pairs = of(self.lower).filter_map(|lower| {
                let than = of(self.than).find(|than| than.is_paired_with(lower))?;
                Some(lower.best.test_error_percent - than.best.test_error_percent)
            });
            Some(ClaimAtWidth { hidden: point.hidden, differences: pairs.collect(), paper })
        });
        Ok(TestedClaim { claim: self, widths: widths.collect() })
    }
}

impl ClaimAtWidth {
    /// The mean difference; `None` without a pair.
    pub fn mean(&self) -> Option<f64> {
        Sample::of(&self.differences).map(|sample| sample.mean)
    }

    /// Whether the mean difference is at most 0; `None` without a pair.
    pub fn holds(&self) -> Option<bool> {
        // A mean of hundredths that is 0 may be a rounding above it.
        self.mean().map(|mean| mean <= 1e-9)
    }

    /// The test; `None` for fewer than two pairs, and for pairs that all differ by the same.
    pub fn test(&self) -> Option<PairedTest> {
        PairedTest::of(&self.differences)
    }
}

impl TestedClaim {
    /// All widths together, each with the same weight; `None` where none has two pairs that do not differ by the same.
    pub fn over_widths(&self) -> Option<PairedTest> {
        PairedTest::over(self.widths.iter().map(|width| width.differences.as_slice()))
    }

    /// Whether the mean difference is at most 0 at each width that was run; `None` where none was.
    pub fn holds(&self) -> Option<bool> {
        self.widths.iter().filter_map(ClaimAtWidth::holds).reduce(|all, holds| all && holds)
    }
}

/// Every claim at every width and over all of them: our mean difference, its standard error and its test beside the paper's
/// difference. What was not run has its row, without numbers.
///
/// # Errors
/// As [`Claim::test`].
pub fn claims(records: &Records) -> Result<Table> {
    let mut table =
        Table::new(["Claim", "Units per layer", "Pairs", "Ours", "Standard error", "t", "p", "Paper", "Holds"]);
    let hold = |holds: Option<bool>| holds.map_or("not run", |holds| if holds { "yes" } else { "no" });
    let probability = |p: f64| if p < 1e-3 { Cell::scientific(p, 1) } else { Cell::number(p, 3) };
    for claim in CLAIMS {
        let tested = claim.test(records)?;
        let name = format!("{} ≤ {}", claim.lower.title(), claim.than.title());
        for width in &tested.widths {
            let (sample, test) = (Sample::of(&width.differences), width.test());
            table.push((
                name.as_str(),
                width.hidden.to_string(),
                width.differences.len(),
                sample.map(|sample| Cell::difference(sample.mean, 2)),
                sample.and_then(|sample| sample.standard_error).map(|error| Cell::number(error, 2)),
                test.map(|test| Cell::difference(test.t, 1)),
                test.map(|test| probability(test.p)),
                Cell::difference(width.paper, 2),
                hold(width.holds()),
            ));
        }
        let test = tested.over_widths();
        let run: Vec<&ClaimAtWidth> = tested.widths.iter().filter(|width| width.differences.len() > 1).collect();
        let paper = run.iter().map(|width| width.paper).sum::<f64>() / run.len() as f64;
        table.push((
            name,
            "together",
            tested.widths.iter().map(|width| width.differences.len()).sum::<usize>(),
            test.map(|test| Cell::difference(test.mean, 2)),
            test.map(|test| Cell::number(test.standard_error, 2)),
            test.map(|test| Cell::difference(test.t, 1)),
            test.map(|test| probability(test.p)),
            test.map(|_| Cell::difference(paper, 2)),
            hold(tested.holds()),
        ));
    }
    Ok(table.caption(
        "Difference in test error, in percentage points, between networks that share width and seed. p is \
         the chance of a t as low as this, or lower, if there were no difference (one-sided, paired): near 0 speaks for the claim, \
         near 1 against it. A single pair has no test, nor have pairs that all differ by the same. `Holds` asks only whether the \
         mean is at most 0; the last row of a claim asks it of each width that was run, and tests the mean over those with two \
         pairs or more (degrees of freedom after Welch and Satterthwaite). The scatter is that of the seeds; all networks are \
         tested on the same 10,000 images.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::tests::record;

    /// Test errors of a method at a width, seeds 1, 2, …
    fn runs(method: Method, width: usize, errors: &[f64]) -> Vec<crate::experiment::Record> {
        (1..).zip(errors).map(|(seed, &error)| record(method, width, seed, error)).collect()
    }

    fn records() -> Records {
        [
            runs(Method::VariationalA, 100, &[1.5, 1.6, 1.4]),
            runs(Method::GaussianA, 100, &[2.5, 2.4, 2.6, 9.0]),
            runs(Method::VariationalA, 250, &[1.3, 1.35]),
            runs(Method::GaussianA, 250, &[1.4, 1.4]),
            runs(Method::VariationalA2, 250, &[1.4]),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    #[test]
    fn runs_are_paired_by_width_and_seed_and_what_has_no_partner_is_left_out() {
        let tested = CLAIMS[0].test(&records()).unwrap();
        assert_eq!(
            tested.widths.iter().map(|width| width.hidden).collect::<Vec<_>>(),
            [100, 250, 500, 750, 1000, 1250]
        );
        let pairs: Vec<usize> = tested.widths.iter().map(|width| width.differences.len()).collect();
        assert_eq!(pairs, [3, 2, 0, 0, 0, 0]);
        // -1.0, -0.8, -1.2: mean -1, deviation 0.2, error 0.11547, t -8.66 with 2 degrees of freedom.
        let test = tested.widths[0].test().unwrap();
        assert!((test.mean + 1.0).abs() < 1e-9 && (test.t + 8.660).abs() < 1e-3, "{test:?}");
        assert!((tested.widths[0].paper + 0.98).abs() < 1e-9);
        // The means of the widths are -1 and -0.075.
        assert!((tested.over_widths().unwrap().mean + 0.5375).abs() < 1e-9);
        assert_eq!(tested.holds(), Some(true));
    }

    #[test]
    fn a_claim_that_does_not_hold_and_one_that_was_not_run_are_told() {
        let tested = CLAIMS[1].test(&records()).unwrap();
        assert_eq!(tested.widths[0].hidden, 250, "it is claimed above 100 alone");
        assert_eq!((tested.holds(), tested.widths[0].test()), (Some(false), None));
        assert_eq!(CLAIMS[2].test(&records()).unwrap().holds(), None);
        let markdown = claims(&records()).unwrap().to_markdown();
        assert!(
            markdown.contains("| Variational A2 ≤ Variational A | 250 | 1 | +0.10 |  |  |  | −0.06 | no |"),
            "{markdown}"
        );
        assert!(
            markdown.contains("| Variational B ≤ Gaussian B | 100 | 0 |  |  |  |  | −0.42 | not run |"),
            "{markdown}"
        );
        assert!(
            markdown.contains("| Variational A ≤ Gaussian A | 100 | 3 | −1.00 | 0.12 | −8.7 | 0.007 |"),
            "{markdown}"
        );
        assert!(markdown.contains("| Variational A ≤ Gaussian A | together | 5 | −0.54 | 0.06 |"), "{markdown}");
        assert!(claims(&Records::default()).unwrap().to_markdown().contains("| together | 0 |"));
    }

    #[test]
    fn a_pair_sees_the_same_images_whatever_validation_chose_for_its_methods() {
        let pairs = |change: fn(&mut crate::experiment::Record)| {
            let mut other = record(Method::GaussianA, 500, 1, 1.2);
            change(&mut other);
            let records = Records::from_iter([record(Method::VariationalA, 500, 1, 1.1), other]);
            CLAIMS[0].test(&records).unwrap().widths[2].differences.len()
        };
        assert_eq!(pairs(|other| (other.protocol.epochs, other.protocol.learning_rate) = (7, 3e-4)), 1);
        assert_eq!(pairs(|other| other.protocol.batch_size += 1), 0);
        assert_eq!(pairs(|other| other.protocol.held_out += 1), 0);
        assert_eq!(pairs(|other| other.train_examples -= 1), 0);
        let other =
            crate::experiment::Record { dataset: "synthetic".to_owned(), ..record(Method::GaussianA, 500, 1, 1.2) };
        let mixed = Records::from_iter([record(Method::VariationalA, 500, 1, 1.1), other]);
        assert!(CLAIMS[0].test(&mixed).is_err(), "runs on other data are refused");
    }
}
