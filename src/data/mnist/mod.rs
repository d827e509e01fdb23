//! MNIST and Fashion-MNIST: where they are looked for, how they are verified, how they are read.
//!
//! MNIST is looked for in `$MNIST_DIR`; where that is not set, in `./data/mnist`, then in the user's cache, and is
//! otherwise downloaded to the cache (feature `fetch`). Fashion-MNIST is looked for in the same way, by `$FASHION_MNIST_DIR`, and
//! where Debian's package puts it too. A place holds a data set where it has all four files, gzipped or not, with the published
//! SHA-256; another compression of the same content does as well.

#[cfg(feature = "fetch")]
mod fetch;
mod files;
mod places;
mod published;

use std::path::{Path, PathBuf};

use ndarray::Array2;

#[cfg(feature = "fetch")]
pub use fetch::Fetcher;
pub use files::{FileSpec, FileState, Fingerprint};
pub use places::{Place, PlacedFile, Places};
pub use published::{FASHION_MNIST, MNIST, Published};

use crate::data::dataset::Dataset;
use crate::data::idx;
use crate::data::images::Images;
use crate::error::{Error, Result};

/// The training and test images of a published data set, from the first place that has them, or downloaded.
///
/// # Errors
/// [`Error::Missing`] with everything that was tried where they are nowhere.
pub fn open(of: &'static Published) -> Result<(Dataset, Dataset)> {
    of.name_classes(open_files(&locate(&Places::from_environment(of))?, of.name)?)
}

#[cfg(feature = "fetch")]
fn locate(places: &Places) -> Result<[PathBuf; 4]> {
    Fetcher::default().locate_or_fetch(places)
}

#[cfg(not(feature = "fetch"))]
fn locate(places: &Places) -> Result<[PathBuf; 4]> {
    places.locate()
}

/// The training and test images of a folder with four files named as MNIST's, gzipped or not, of any size. A `.` before `idx` in
/// their names, and another case, do as well. There are as many classes as the highest label of either part says, which counts from 0.
///
/// # Errors
/// [`Error::Missing`] where a file is not there or cannot be opened; [`Error::Format`] where one is not an IDX file of the right
/// kind, or does not fit the others.
pub fn open_folder(folder: &Path, name: &str) -> Result<(Dataset, Dataset)> {
    let paths = places::paths_in(folder)?;
    open_files(&paths, name)
}

/// What to do about a file that is not what it should be.
const REMEDY: &str = "copy the file again, or give another folder with --data";

/// `paths` in the order of [`Published::files`].
fn open_files(paths: &[impl AsRef<Path>; 4], name: &str) -> Result<(Dataset, Dataset)> {
    let [train_images, train_labels, test_images, test_labels] = paths.each_ref().map(AsRef::as_ref);
    let (train, labels) = read(train_images, train_labels, name)?;
    let (test, tested) = read(test_images, test_labels, name)?;
    if labels.iter().all(|label| *label == labels[0]) {
        let reason = format!("all its {} labels are {}: expected two classes or more", labels.len(), labels[0]);
        return Err(unfit(train_labels, "a file of labels to train on", reason));
    }
    let sizes = [&test, &train].map(|images| (images.height(), images.width()));
    if sizes[0] != sizes[1] {
        let [test, train] = sizes.map(|(height, width)| format!("{height} × {width}"));
        let reason = format!("its images have {test} pixels: expected {train}, as {} has", train_images.display());
        return Err(unfit(test_images, "a file of test images for this folder", reason));
    }
    let classes = 1 + labels.iter().chain(&tested).max().expect("a label or more");
    Ok((Dataset::of_images(train, labels, classes)?, Dataset::of_images(test, tested, classes)?))
}

/// Images and their labels, which must fit together.
fn read(images: &Path, labels: &Path, name: &str) -> Result<(Images, Vec<usize>)> {
    let ([count, height, width], pixels) = idx::read::<3>(images).map_err(with_remedy)?;
    let ([labelled], classes) = idx::read::<1>(labels).map_err(with_remedy)?;
    if count == 0 || height * width == 0 {
        let reason = format!("it holds {count} images of {height} × {width} pixels: expected one or more of each");
        return Err(unfit(images, "a file of images", reason));
    }
    if count != labelled {
        let reason = format!("it labels {labelled} examples, and {} holds {count} images", images.display());
        return Err(unfit(labels, "the labels of these images", reason));
    }
    let pixels = Array2::from_shape_vec((count, height * width), pixels).expect("sizes that the reader checked");
    let too_large = |error: Error| unfit(images, "a file of images to learn from", error.to_string());
    let images = Images::new(name, pixels, height, width).map_err(too_large)?;
    Ok((images, classes.into_iter().map(usize::from).collect()))
}

fn unfit(path: &Path, expected: &'static str, reason: String) -> Error {
    with_remedy(Error::Format { path: path.into(), expected, reason })
}

fn with_remedy(error: Error) -> Error {
    match error {
        Error::Format { path, expected, reason } => {
            Error::Format { path, expected, reason: format!("{reason}; {REMEDY}") }
        }
        other => other,
    }
}
