//! Which of the training examples are held out for validation.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The seed that draws where none is named.
const SEED: u64 = 1;

/// Which training images are held out. As text: `last`, `drawn`, or `drawn:SEED`.
///
/// Runs that differ in their seed of training share one validation set, drawn by a seed of its own: their errors then scatter by
/// initialisation, order and noise only, and methods are compared, and epochs chosen, on the same images.
///
/// ```
/// use vardrop::data::Validation;
/// assert_eq!("drawn:7".parse::<Validation>()?, Validation::Drawn { seed: 7 });
/// assert_eq!("drawn".parse::<Validation>()?.to_string(), "drawn");
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Validation {
    /// The last ones, as the paper's field does with MNIST, whose images are in no order. Of images that are sorted by class, whole
    /// classes would be held out.
    #[default]
    Last,
    /// Of each class its share to within one example, drawn by `seed`; 1 unless another is named. Of examples with real targets, any.
    Drawn {
        /// Which images: the same on every machine and in every version.
        seed: u64,
    },
}

impl Validation {
    /// Drawn by the usual seed.
    pub const DRAWN: Self = Self::Drawn { seed: SEED };

    /// Whether it is [`Self::Last`], which records of version 0.1 mean where they say nothing.
    pub(crate) fn is_last(&self) -> bool {
        *self == Self::Last
    }
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last => f.pad("last"),
            Self::Drawn { seed: SEED } => f.pad("drawn"),
            Self::Drawn { seed } => f.pad(&format!("drawn:{seed}")),
        }
    }
}

impl FromStr for Validation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let seed = match text {
            "last" => return Ok(Self::Last),
            "drawn" => return Ok(Self::DRAWN),
            other => other.strip_prefix("drawn:").and_then(|seed| seed.parse().ok()),
        };
        seed.map(|seed| Self::Drawn { seed }).ok_or_else(|| {
            Error::argument("validation", format!("{text:?}"), "last, drawn, or drawn:SEED, such as drawn:7")
        })
    }
}

impl From<Validation> for String {
    fn from(validation: Validation) -> Self {
        validation.to_string()
    }
}

impl TryFrom<String> for Validation {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

/// The order of examples with `count` of them, drawn by `seed` in each class's proportion, at the end; both parts keep the order
/// that they had. Examples without classes, such as those of real targets, are all of one.
///
/// # Panics
/// Where `count` is above the number of labels.
pub(super) fn drawn_last(labels: &[usize], count: usize, seed: u64) -> Vec<usize> {
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(example, &label)| classes.entry(label).or_default().push(example));
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    let mut held_out = vec![false; labels.len()];
    for (mut examples, share) in classes.into_values().zip(shares(&sizes, count)) {
        examples.sort_unstable_by_key(|&example| (place(seed, example), example));
        examples[..share].iter().for_each(|&example| held_out[example] = true);
    }
    let (drawn, kept): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|&example| held_out[example]);
    [kept, drawn].concat()
}

/// How many of `count` each class gives: its exact share, rounded down, and one more where the remainder is largest. A class gives
/// its last example only where no other class can give one.
fn shares(sizes: &[usize], count: usize) -> Vec<usize> {
    let all = sizes.iter().sum::<usize>().max(1) as u128;
    assert!(count as u128 <= all, "{count} of {all}");
    let exact = |size: usize| (size as u128 * count as u128 / all, size as u128 * count as u128 % all);
    let mut shares: Vec<usize> = sizes.iter().map(|&size| exact(size).0 as usize).collect();
    let rest = count - shares.iter().sum::<usize>();
    let mut order: Vec<usize> = (0..sizes.len()).filter(|&class| exact(sizes[class]).1 > 0).collect();
    order.sort_by_key(|&class| (shares[class] + 1 == sizes[class], std::cmp::Reverse(exact(sizes[class]).1), class));
    order[..rest].iter().for_each(|&class| shares[class] += 1);
    shares
}

/// Where a seed puts an example among those of its class: SplitMix64's output function, over the seed and then the example. Written
/// out here, because a library's shuffle may change, and a run that is resumed must have the same images.
fn place(seed: u64, example: usize) -> u64 {
    fn mixed(state: u64) -> u64 {
        let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }
    mixed(mixed(seed) ^ example as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By hand: of 10 + 6 + 4 examples 7 are to go: 3.5, 2.1 and 1.4; 3 + 2 + 1, and the one that is left to the first.
    #[test]
    fn shares_are_rounded_to_the_largest_remainder() {
        assert_eq!(shares(&[10, 6, 4], 7), [4, 2, 1]);
        assert_eq!(shares(&[5, 0, 5], 3), [2, 0, 1], "of equal remainders the first class");
        assert_eq!(shares(&[1, 9], 5), [0, 5], "the only example of a class stays, if another class can give one");
        assert_eq!(shares(&[1, 1], 1), [1, 0]);
        assert_eq!(shares(&[], 0), [0; 0]);
    }

    /// SplitMix64's first output for the state 0 is e220a8397b1dcdaf (Steele, Lea & Flood's code).
    #[test]
    fn the_same_seed_draws_the_same_examples_in_every_version() {
        let labels: Vec<usize> = (0..20).map(|example| example % 2).collect();
        let order = drawn_last(&labels, 6, 1);
        assert_eq!(order[14..], [6, 8, 9, 11, 12, 17]);
    }

    proptest! {
        #[test]
        fn each_class_gives_its_share_within_one_and_no_example_twice(
            labels in prop::collection::vec(0_usize..12, 1..300), part in 0.0..1.0, seed: u64,
        ) {
            let count = (part * labels.len() as f64) as usize;
            let order = drawn_last(&labels, count, seed);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..labels.len()), "each example once");
            let (kept, drawn) = order.split_at(labels.len() - count);
            prop_assert!(kept.is_sorted() && drawn.is_sorted());
            for class in 0..12 {
                let of = |examples: &[usize]| examples.iter().filter(|&&example| labels[example] == class).count();
                let all = of(&order) as f64;
                let share = all * count as f64 / labels.len() as f64;
                prop_assert!((of(drawn) as f64 - share).abs() < 1.0, "class {class}: {} of {all}, not {share}", of(drawn));
            }
            prop_assert_eq!(&drawn_last(&labels, count, seed), &order, "the same seed draws the same");
        }
    }
}
