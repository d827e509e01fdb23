//! What the paper claims of Figure 1, tested on our runs: each claim's difference with its interval, and a verdict.

use std::fmt;

use super::{Records, figure1_summaries, find};
use crate::error::{Error, Result};
use crate::experiment::{Contrast, holm, paper};
use crate::method::Method;
use crate::table::{Cell, Table};

/// Half the width, in percentage points, of the region in which two methods count as equal: five of the 10,000 test images.
pub const EQUIVALENCE: f64 = 0.05;
/// The chance of one false verdict among all of a report.
const LEVEL: f64 = 0.05;

/// What is claimed of two methods' test errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The first one's error is not above the second's, at the widths that satisfy the condition.
    NotAbove(Method, Method, Widths),
    /// What the first one gains on the second falls with the width.
    GainFalls(Method, Method),
}

/// The widths that a claim is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widths {
    /// All of Figure 1's.
    All,
    /// Those above this one.
    Above(usize),
    /// Those where the paper's own points are in the order claimed.
    AsInThePaper,
}

/// The claims of the paper's Figure 1: learning the rate does not hurt, for both types of noise, and helps small networks most; A2,
/// whose KL term weighs a third, is not worse than A for all but the smallest networks; and learned noise is not worse than binary
/// dropout where the paper's points say so.
pub const CLAIMS: [Claim; 8] = [
    Claim::NotAbove(Method::VariationalA, Method::GaussianA, Widths::All),
    Claim::NotAbove(Method::VariationalB, Method::GaussianB, Widths::All),
    Claim::GainFalls(Method::VariationalA, Method::GaussianA),
    Claim::GainFalls(Method::VariationalB, Method::GaussianB),
    Claim::NotAbove(Method::VariationalA2, Method::VariationalA, Widths::Above(100)),
    Claim::NotAbove(Method::VariationalA, Method::Binary, Widths::AsInThePaper),
    Claim::NotAbove(Method::VariationalA2, Method::Binary, Widths::AsInThePaper),
    Claim::NotAbove(Method::VariationalB, Method::Binary, Widths::AsInThePaper),
];

/// What our runs say of a claim. Probabilities are corrected by Holm's method over all tests of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The difference is below 0.
    Supported,
    /// The difference is above 0.
    Contradicted,
    /// Neither, and the whole 95 % interval lies within [`EQUIVALENCE`] of 0.
    Equivalent,
    /// None of the three: more runs are needed to tell.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
        })
    }
}

/// A claim at one width, or over all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct TestedClaim {
    /// The claim.
    pub claim: Claim,
    /// Units per hidden layer; `None` for all widths that were run together, each with the same weight.
    pub hidden: Option<usize>,
    /// Runs of both methods.
    pub runs: usize,
    /// The difference in percentage points, below 0 as claimed, with its interval; `None` where it was not run, or not often enough.
    pub difference: Option<Contrast>,
    /// The paper's difference.
    pub paper: f64,
    /// The probability after Holm's correction.
    pub adjusted_p: Option<f64>,
    /// The verdict; `None` without a difference.
    pub verdict: Option<Verdict>,
}

impl Claim {
    /// The method that is claimed to do better, and the one that it is compared with.
    pub fn methods(self) -> [Method; 2] {
        match self {
            Self::NotAbove(lower, than, _) | Self::GainFalls(lower, than) => [lower, than],
        }
    }

    /// What its difference over several widths is.
    pub(super) fn over(self) -> &'static str {
        if matches!(self, Self::GainFalls(..)) { "per doubling" } else { "together" }
    }

    /// The widths that it is made for, as a phrase: `100 to 1250`, or, where some between are left out, `100, 250`.
    pub(super) fn widths(self) -> String {
        let widths: Vec<usize> = self.points().map(|(width, _)| width).collect();
        let all = paper::figure1().iter().filter(|point| point.method == self.methods()[0]);
        let all: Vec<usize> = all.map(|point| point.hidden).collect();
        match widths[..] {
            [first, _, .., last] if all.windows(widths.len()).any(|run| run == widths) => format!("{first} to {last}"),
            _ => widths.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
        }
    }

    /// The paper's points of both methods at each width that the claim is made for.
    fn points(self) -> impl Iterator<Item = (usize, [f64; 2])> {
        let [lower, than] = self.methods();
        paper::figure1().iter().filter(move |point| point.method == lower).filter_map(move |point| {
            let other = find(paper::figure1(), than, point.hidden)?.error_percent;
            let is_claimed = match self {
                Self::NotAbove(_, _, Widths::Above(width)) => point.hidden > width,
                Self::NotAbove(_, _, Widths::AsInThePaper) => point.error_percent < other,
                _ => true,
            };
            is_claimed.then_some((point.hidden, [point.error_percent, other]))
        })
    }

    /// The tests of the claim, each with its groups: at each width, and over all that were run.
    fn test(self, records: &Records) -> Result<Vec<TestedClaim>> {
        let methods = self.methods();
        let mut run = Vec::new();
        let mut tests = Vec::new();
        for (hidden, paper) in self.points() {
            let mut errors = [Vec::new(), Vec::new()];
            for (method, errors) in methods.iter().zip(&mut errors) {
                let own = records.iter().filter(|record| record.method == *method && record.hidden == [hidden; 3]);
                errors.extend(own.map(|record| record.best.test_error_percent));
            }
            let groups = [(1.0, &errors[0][..]), (-1.0, &errors[1][..])];
            let runs = errors.iter().map(Vec::len).sum();
            let difference = Contrast::of(groups);
            if matches!(self, Self::NotAbove(..)) {
                tests.push(TestedClaim::new(self, Some(hidden), runs, difference, paper[0] - paper[1]));
            }
            if difference.is_some() {
                run.push((hidden as f64, errors, paper));
            }
        }
        let weights = self.weights(&run.iter().map(|of| of.0).collect::<Vec<_>>());
        let groups = run
            .iter()
            .zip(&weights)
            .flat_map(|((_, errors, _), &weight)| [(weight, errors[0].as_slice()), (-weight, errors[1].as_slice())]);
        let paper = run.iter().zip(&weights).map(|((_, _, paper), weight)| weight * (paper[0] - paper[1])).sum();
        let runs = run.iter().map(|(_, errors, _)| errors[0].len() + errors[1].len()).sum();
        tests.push(TestedClaim::new(self, None, runs, Contrast::of(groups), paper));
        Ok(tests)
    }

    /// What the difference at each width counts in the difference over all of them: the same, or, for a gain that falls, the slope of
    /// the gain over the binary logarithm of the width.
    fn weights(self, widths: &[f64]) -> Vec<f64> {
        let count = widths.len() as f64;
        match self {
            Self::NotAbove(..) => vec![1.0 / count; widths.len()],
            Self::GainFalls(..) => {
                let logs: Vec<f64> = widths.iter().map(|width| width.log2()).collect();
                let mean = logs.iter().sum::<f64>() / count;
                let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
                // The gain is the second method's error less the first's.
                logs.iter().map(|log| if squares > 0.0 { -(log - mean) / squares } else { 0.0 }).collect()
            }
        }
    }
}

/// `Variational A ≤ Gaussian A`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [lower, than] = self.methods().map(Method::title);
        match self {
            Self::NotAbove(..) => write!(f, "{lower} ≤ {than}"),
            Self::GainFalls(..) => write!(f, "Gain of {lower} on {than} falls with the width"),
        }
    }
}

impl TestedClaim {
    fn new(claim: Claim, hidden: Option<usize>, runs: usize, difference: Option<Contrast>, paper: f64) -> Self {
        Self { claim, hidden, runs, difference, paper, adjusted_p: None, verdict: None }
    }

    fn judge(&mut self, adjusted_p: f64) {
        let Some(difference) = self.difference else { return };
        self.adjusted_p = Some(adjusted_p);
        self.verdict = Some(match () {
            () if adjusted_p < LEVEL && difference.estimate < 0.0 => Verdict::Supported,
            () if adjusted_p < LEVEL => Verdict::Contradicted,
            () if difference.is_within(EQUIVALENCE) => Verdict::Equivalent,
            () => Verdict::Inconclusive,
        });
    }
}

/// Every claim at every width and over all of them, with its verdict; what was not run has no difference.
///
/// # Errors
/// Runs of two protocols for one point, of two data sets, or on two numbers of training images.
pub fn tested_claims(records: &Records) -> Result<Vec<TestedClaim>> {
    // Refuses what cannot share a figure.
    let summaries = figure1_summaries(records)?;
    let mut examples: Vec<usize> = summaries.iter().map(|summary| summary.train_examples).collect();
    examples.sort_unstable();
    examples.dedup();
    if let [fewest, .., most] = examples[..] {
        let found = format!("a mixture of networks trained on {fewest} and on {most} images");
        return Err(Error::argument("set of records", found, "networks trained on as many images each"));
    }
    let mut tests = Vec::new();
    for claim in CLAIMS {
        tests.extend(claim.test(records)?);
    }
    let probabilities: Vec<f64> = tests.iter().filter_map(|test| Some(test.difference?.p)).collect();
    let mut adjusted = holm(&probabilities).into_iter();
    for test in tests.iter_mut().filter(|test| test.difference.is_some()) {
        test.judge(adjusted.next().expect("one for each difference"));
    }
    Ok(tests)
}

/// The claims as a table: our difference with its interval, the paper's, and the verdict.
///
/// # Errors
/// As [`tested_claims`].
pub fn claims(records: &Records) -> Result<Table> {
    let tests = tested_claims(records)?;
    let family = tests.iter().filter(|test| test.difference.is_some()).count();
    let probability = |p: f64| if p < 1e-3 { Cell::scientific(p, 1) } else { Cell::number(p, 3) };
    let mut table = Table::new([
        "Claim",
        "Units per layer",
        "Runs",
        "Ours",
        "95 % interval",
        "−0.3 to +0.3",
        "p (Holm)",
        "Paper",
        "Verdict",
    ]);
    for test in &tests {
        let over = test.claim.over();
        table.push((
            test.claim.to_string(),
            test.hidden.map_or(over.to_owned(), |width| width.to_string()),
            test.runs,
            test.difference.map(|difference| Cell::difference(difference.estimate, 2)),
            test.difference.map(|difference| interval(difference.interval)),
            test.difference.map(|difference| forest(difference, test.paper)),
            test.adjusted_p.map(probability),
            Cell::difference(test.paper, 2),
            test.verdict.map_or("not run".to_owned(), |verdict| verdict.to_string()),
        ));
    }
    Ok(table.caption(format!(
        "Difference in test error, in percentage points, below 0 as claimed: the mean of the first method's runs less that of the \
         second's (Welch; runs are not paired, because errors of equal seeds were found to be uncorrelated). `together` is the mean over \
         the widths; `per doubling` is how much the gain changes when the width doubles. p is two-sided and corrected by Holm's method \
         for the {family} tests of the table. Supported and contradicted: p is below {LEVEL}, and the difference below or above 0. \
         Equivalent: otherwise, the interval lies within ±{EQUIVALENCE}. In the drawing ● is ours, ○ the paper's, ├ and ┤ are the ends of \
         the interval, ◂ and ▸ what lies beyond the scale. The scatter is that of the seeds; all networks are tested on the same 10,000 \
         images."
    )))
}

/// `−0.12 to +0.03`.
pub(super) fn interval([low, high]: [f64; 2]) -> String {
    format!("{} to {}", Cell::difference(low, 2), Cell::difference(high, 2))
}

/// A line of a forest plot, from −0.3 to +0.3 in steps of 0.025.
fn forest(difference: Contrast, paper: f64) -> String {
    const HALF: i32 = 12;
    let place = |value: f64| ((value / 0.025).round() as i32).clamp(-HALF - 1, HALF + 1);
    let [low, high] = difference.interval.map(place);
    let (ours, published) = (place(difference.estimate), place(paper));
    let mark = |at: i32| match at {
        _ if at == ours && at.abs() <= HALF => '●',
        _ if at < -HALF => {
            if low < -HALF {
                '◂'
            } else {
                ' '
            }
        }
        _ if at > HALF => {
            if high > HALF {
                '▸'
            } else {
                ' '
            }
        }
        _ if at == published => '○',
        _ if at == low => '├',
        _ if at == high => '┤',
        0 => '┼',
        _ if (low..high).contains(&at) => '─',
        _ => '·',
    };
    (-HALF - 1..=HALF + 1).map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Record;
    use crate::experiment::tests::record;

    /// Test errors of a method at a width, seeds 1, 2, …
    fn runs(method: Method, width: usize, errors: &[f64]) -> Vec<Record> {
        (1..).zip(errors).map(|(seed, &error)| record(method, width, seed, error)).collect()
    }

    fn records() -> Records {
        [
            runs(Method::VariationalA, 100, &[1.5, 1.6, 1.4]),
            runs(Method::GaussianA, 100, &[2.5, 2.4, 2.6]),
            runs(Method::VariationalA, 250, &[1.3, 1.35]),
            runs(Method::GaussianA, 250, &[1.4, 1.4]),
            runs(Method::VariationalA2, 250, &[1.4]),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn of(claim: Claim, hidden: Option<usize>, records: &Records) -> TestedClaim {
        let tests = tested_claims(records).unwrap();
        tests.into_iter().find(|test| test.claim == claim && test.hidden == hidden).unwrap()
    }

    #[test]
    fn a_difference_is_welchs_and_the_widths_count_alike() {
        let test = of(CLAIMS[0], Some(100), &records());
        // Means 1.5 and 2.5, each with a standard error of 0.1/√3: −1 ± 0.0816, with 4 degrees of freedom.
        let difference = test.difference.unwrap();
        assert!((difference.estimate + 1.0).abs() < 1e-9 && (difference.degrees - 4.0).abs() < 1e-9, "{test:?}");
        assert!((test.paper + 0.98).abs() < 1e-9);
        assert_eq!((test.runs, test.verdict), (6, Some(Verdict::Supported)));
        // The differences of the widths are −1 and −0.075.
        let together = of(CLAIMS[0], None, &records());
        assert!((together.difference.unwrap().estimate + 0.5375).abs() < 1e-9);
        assert_eq!(together.runs, 10);
    }

    #[test]
    fn a_gain_that_falls_is_the_slope_over_the_doublings_of_the_width() {
        // The gain falls from 1 at 100 units to 0.5 at 200 and 0 at 400, which are no widths of the paper: 0.5 a doubling.
        let weights = CLAIMS[2].weights(&[100.0, 200.0, 400.0]);
        let slope: f64 = weights.iter().zip([-1.0, -0.5, 0.0]).map(|(weight, difference)| weight * difference).sum();
        assert!((slope + 0.5).abs() < 1e-12);
        let test = of(CLAIMS[2], None, &records());
        // From 1 to 0.075 over log2(2.5) doublings.
        assert!((test.difference.unwrap().estimate + 0.925 / 2.5_f64.log2()).abs() < 1e-9, "{test:?}");
        assert!(CLAIMS[2].weights(&[100.0]).iter().all(|&weight| weight == 0.0));
    }

    #[test]
    fn verdicts_follow_the_interval_and_the_corrected_probability() {
        let verdict = |values: [f64; 2], p| {
            let difference = Contrast::of([(1.0, &values[..])]);
            let mut test = TestedClaim::new(CLAIMS[0], Some(100), 2, difference, 0.0);
            test.judge(p);
            test.verdict.unwrap()
        };
        assert_eq!(verdict([-0.2, -0.21], 0.01), Verdict::Supported);
        assert_eq!(verdict([0.2, 0.21], 0.01), Verdict::Contradicted);
        assert_eq!(verdict([0.2, 0.21], 0.06), Verdict::Inconclusive);
        assert_eq!(verdict([0.001, 0.002], 0.2), Verdict::Equivalent);
        assert_eq!(verdict([-0.001, -0.002], 0.01), Verdict::Supported, "a small difference is one all the same");
    }

    #[test]
    fn what_was_not_run_has_its_row_and_no_verdict() {
        assert_eq!(of(CLAIMS[4], Some(250), &records()).verdict, None, "one run of A2 tells nothing of its scatter");
        let markdown = claims(&records()).unwrap().to_markdown();
        assert!(
            markdown.contains("| Variational A2 ≤ Variational A | 250 | 3 |  |  |  |  | −0.06 | not run |"),
            "{markdown}"
        );
        assert!(!markdown.contains("| Variational A2 ≤ Variational A | 100 |"), "it is claimed above 100 units only");
        assert!(
            markdown.contains("| Variational B ≤ Gaussian B | 100 | 0 |  |  |  |  | −0.42 | not run |"),
            "{markdown}"
        );
        assert!(markdown.contains("| Variational A ≤ Gaussian A | 100 | 6 | −1.00 | −1.23 to −0.77 |"), "{markdown}");
        assert!(claims(&Records::default()).unwrap().to_markdown().contains("| together | 0 |"));
    }

    #[test]
    fn binary_dropout_is_compared_where_the_papers_points_are_in_that_order() {
        let widths: Vec<usize> = CLAIMS[7].points().map(|(width, _)| width).collect();
        // The paper's variational B is 1.58 against 2.17 at 100 units, and 1.29 against 1.22 at 500.
        assert!(widths.contains(&100) && !widths.contains(&500), "{widths:?}");
    }

    #[test]
    fn networks_of_other_images_or_numbers_of_them_are_refused() {
        let with = |change: fn(&mut Record)| {
            let mut other = record(Method::GaussianA, 500, 1, 1.2);
            change(&mut other);
            tested_claims(&Records::from_iter([record(Method::VariationalA, 500, 1, 1.1), other]))
        };
        assert!(with(|other| (other.protocol.epochs, other.protocol.learning_rate) = (7, 3e-4)).is_ok());
        let message = with(|other| other.train_examples -= 1).unwrap_err().to_string();
        assert!(message.contains("49999 and on 50000"), "{message}");
        assert!(with(|other| other.dataset = "synthetic".to_owned()).is_err());
    }

    #[test]
    fn the_drawing_has_ours_the_papers_and_the_interval_at_their_places() {
        let difference = Contrast { interval: [-0.1, 0.05], ..Contrast::of([(1.0, &[-0.02, -0.03][..])]).unwrap() };
        assert_eq!(forest(difference, -0.2), " ····○···├──●┼─┤·········· ");
        let wide = Contrast { interval: [-0.9, 0.9], ..difference };
        assert!(forest(wide, 0.0).starts_with('◂') && forest(wide, 0.0).ends_with('▸'));
    }
}
