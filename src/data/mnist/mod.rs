//! MNIST: where it is looked for, how it is verified, how it is read.
//!
//! It is looked for in `$MNIST_DIR`; where that is not set, in `./data/mnist`, then in the user's cache, and is
//! otherwise downloaded to the cache (feature `fetch`). A place holds MNIST where it has all four files, gzipped or not,
//! with the published SHA-256.

#[cfg(feature = "fetch")]
mod fetch;
mod files;
mod places;

use std::path::{Path, PathBuf};

use ndarray::Array2;

#[cfg(feature = "fetch")]
pub use fetch::{Fetcher, MIRRORS};
pub use files::{FILES, FileSpec, FileState, Fingerprint};
pub use places::{Place, PlacedFile, Places};

use crate::data::dataset::Dataset;
use crate::data::idx;
use crate::error::{Error, Result};

/// MNIST's training and test images, from the first place that has them, or downloaded.
///
/// # Errors
/// [`Error::Missing`] with everything that was tried where they are nowhere.
pub fn open() -> Result<(Dataset, Dataset)> {
    open_files(&locate(&Places::from_environment())?, "mnist")
}

#[cfg(feature = "fetch")]
fn locate(places: &Places) -> Result<[PathBuf; 4]> {
    Fetcher::default().locate_or_fetch(places, &FILES)
}

#[cfg(not(feature = "fetch"))]
fn locate(places: &Places) -> Result<[PathBuf; 4]> {
    places.locate(&FILES)
}

/// The training and test images of a folder with four files named as MNIST's, gzipped or not, of any size.
///
/// # Errors
/// [`Error::Missing`] where a file is not there; [`Error::Format`] where one is not an IDX file of the right kind.
pub fn open_folder(folder: &Path, name: &str) -> Result<(Dataset, Dataset)> {
    let paths = places::paths_in(folder)?;
    open_files(&paths, name)
}

/// `paths` in the order of [`FILES`].
fn open_files(paths: &[impl AsRef<Path>; 4], name: &str) -> Result<(Dataset, Dataset)> {
    let [train_images, train_labels, test_images, test_labels] = paths;
    let read = |images: &Path, labels: &Path| -> Result<Dataset> {
        let ([count, height, width], pixels) = idx::read::<3>(images)?;
        let ([labelled], classes) = idx::read::<1>(labels)?;
        if count != labelled {
            let reason = format!("it labels {labelled} examples, and {} holds {count} images", images.display());
            return Err(Error::Format { path: labels.into(), expected: "the labels of these images", reason });
        }
        let pixels = Array2::from_shape_vec((count, height * width), pixels).expect("sizes that the reader checked");
        Dataset::new(name, pixels, classes, height, width).map_err(|error| {
            let of_label = matches!(error, Error::Argument { name: "label", .. });
            let (path, expected) =
                if of_label { (labels, "labels of ten classes") } else { (images, "images to learn from") };
            Error::Format { path: path.into(), expected, reason: format!("{error}; name other data with --data") }
        })
    };
    Ok((read(train_images.as_ref(), train_labels.as_ref())?, read(test_images.as_ref(), test_labels.as_ref())?))
}
