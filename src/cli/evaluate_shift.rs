//! `--unknown` and `--turned`: how uncertainty changes on images that are unlike those of training.

use std::ffi::OsStr;
use std::fmt;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use vardrop::data::{Dataset, Images, Source, Splits, letters};
use vardrop::uncertainty::{Detection, Predictive, Sampling, TurnedImages, UnknownImages};
use vardrop::{Cell, Error, Result, Table};

use super::models::{Inputs, Models};

/// Seed of the letters that are drawn, and of the order of shuffled pixels: the images are the same in every evaluation.
const SEED: u64 = 1;

/// What images are evaluated beside the test's.
#[derive(Debug, Args)]
pub struct ShiftArgs {
    /// Images that no class fits: letters (drawn by Vardrop), noise (the test images with shuffled pixels), or the test images of mnist,
    /// fashion-mnist, synthetic or a folder. Give it several times for several sorts
    #[arg(long, value_name = "DATA", value_parser = unknown(), conflicts_with = "predict")]
    unknown: Vec<Unknown>,
    /// Turn the first N test images
    #[arg(long, value_name = "N", conflicts_with = "predict")]
    turned: Option<usize>,
}

/// A sort of images that no class fits.
#[derive(Debug, Clone)]
enum Unknown {
    Letters,
    Noise,
    Of(Source),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Letters => f.write_str("letters"),
            Self::Noise => f.write_str("noise"),
            Self::Of(source) => source.fmt(f),
        }
    }
}

/// Reads `--unknown`.
fn unknown() -> impl TypedValueParser<Value = Unknown> {
    OsStringValueParser::new().try_map(|text| parse(&text))
}

fn parse(text: &OsStr) -> Result<Unknown> {
    match text.to_str() {
        Some("letters") => return Ok(Unknown::Letters),
        Some("noise") => return Ok(Unknown::Noise),
        _ => {}
    }
    match Source::from_os(text) {
        Ok(source @ (Source::Mnist | Source::FashionMnist | Source::Synthetic | Source::Folder(_))) => {
            Ok(Unknown::Of(source))
        }
        _ => {
            let expected =
                "letters, noise, mnist, fashion-mnist, synthetic, or a folder that holds four files named as MNIST's";
            Err(Error::Argument {
                name: "unknown",
                value: format!("{:?}", text.to_string_lossy()),
                expected: expected.into(),
            })
        }
    }
}

/// The images, ready to be predicted for.
#[derive(Default)]
pub struct Shifts {
    /// With what they are called.
    unknown: Vec<(String, Dataset)>,
    /// How many test images are turned.
    turned: Option<usize>,
}

impl ShiftArgs {
    /// Opens the images, of which none may be the test's.
    pub fn open(&self, splits: &Splits, is_categorical: bool) -> Result<Shifts> {
        let asked = self.unknown.first().map(|unknown| ("unknown", unknown.to_string()));
        let asked = asked.or(self.turned.map(|count| ("turned", count.to_string())));
        let Some((name, value)) = asked else { return Ok(Shifts::default()) };
        let test = &splits.test;
        if !is_categorical || test.image_size().is_none() {
            let expected = "none for a table: only models of images are evaluated on unknown or turned images";
            return Err(Error::Argument { name, value, expected: expected.into() });
        }
        if let Some(count) = self.turned.filter(|count| !(1..=test.len()).contains(count)) {
            let expected = format!("a number from 1 to {}, of the test images of {}", test.len(), test.name());
            return Err(Error::Argument { name: "turned", value: count.to_string(), expected });
        }
        if self.turned.is_some() {
            // Images that are not square cannot be turned, which is better said before the work.
            test.slice(0..1)?.rotated(TurnedImages::STEP)?;
        }
        let open = |unknown: &Unknown| Ok((unknown.to_string(), unknown.images(splits)?));
        Ok(Shifts { unknown: self.unknown.iter().map(open).collect::<Result<_>>()?, turned: self.turned })
    }
}

impl Unknown {
    /// The images, of the test's size; their labels mean nothing.
    fn images(&self, splits: &Splits) -> Result<Dataset> {
        let test = &splits.test;
        let images: Images = match self {
            Self::Letters => letters(test.len(), SEED),
            Self::Noise => test.images().shuffled(SEED),
            Self::Of(source) => {
                let other = Splits::open(source, 0)?;
                if other.identity() == splits.identity() {
                    return Err(self.refused("images of no class: these are the test images themselves".into()));
                }
                other.test.images().clone()
            }
        };
        if (images.height(), images.width()) != (test.height(), test.width()) {
            let [height, width] = [test.height(), test.width()];
            let size = format!("{} × {}", images.height(), images.width());
            return Err(self.refused(format!("images of {height} × {width} pixels, as the test's: these have {size}")));
        }
        let count = images.len();
        Dataset::of_images(images, vec![0; count], test.classes())
    }

    fn refused(&self, expected: String) -> Error {
        Error::Argument { name: "unknown", value: self.to_string(), expected }
    }
}

impl Shifts {
    /// How well the models tell each sort of unknown images from the test's, whose predictions are `known`.
    pub fn unknown(&self, models: &Models, known: &Predictive, sampling: Sampling) -> Result<Vec<UnknownImages>> {
        let of = |(name, images): &(String, Dataset)| {
            UnknownImages::of(name, known, &models.classes(&Inputs::Examples(images), sampling)?)
        };
        self.unknown.iter().map(of).collect()
    }

    /// What the models make of the first test images at each angle.
    pub fn turned(&self, models: &Models, test: &Dataset, sampling: Sampling) -> Result<Vec<TurnedImages>> {
        let Some(count) = self.turned else { return Ok(Vec::new()) };
        let first = test.slice(0..count)?;
        let of = |degrees: f64| {
            let predictive = models.classes(&Inputs::Examples(&first.rotated(degrees)?), sampling)?;
            TurnedImages::of(degrees, &predictive, first.labels())
        };
        TurnedImages::angles().into_iter().map(of).collect()
    }
}

/// What is printed of it as text.
pub fn text(unknown: &[UnknownImages], turned: &[TurnedImages]) -> String {
    let mut text = String::new();
    for table in [of_unknown(unknown), of_turned(turned)].iter().filter(|table| !table.is_empty()) {
        text += &format!("\n\n{}", table.to_string().trim_end());
    }
    text
}

fn of_unknown(unknown: &[UnknownImages]) -> Table {
    let header = ["unknown", "images", "mean entropy", "AUROC of entropy", "of mutual information", "of 1 − max p"];
    let mut table = Table::new(header)
        .caption("Unknown images told from the test images: area under the ROC curve (95 % interval)");
    let area = |Detection { auroc, interval, .. }: Detection| {
        format!("{auroc:.4} ({:.4} to {:.4})", interval.low, interval.high)
    };
    for one in unknown {
        table.push((
            &one.images[..],
            one.entropy.unknown,
            Cell::number(one.uncertainty.entropy, 3),
            area(one.entropy),
            one.mutual_information.map(area),
            area(one.least_confidence),
        ));
    }
    table
}

fn of_turned(turned: &[TurnedImages]) -> Table {
    let count = turned.first().map_or(0, |one| one.examples);
    let header = ["degrees", "error (%)", "mean confidence", "entropy", "mutual information"];
    let mut table = Table::new(header).caption(format!("The first {count} test images, turned"));
    for one in turned {
        table.push((
            Cell::number(one.degrees, 0),
            Cell::number(one.error_percent, 1),
            Cell::number(one.mean_confidence, 3),
            Cell::number(one.uncertainty.entropy, 3),
            Cell::number(one.uncertainty.mutual_information, 3),
        ));
    }
    table
}
