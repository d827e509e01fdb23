//! MNIST: where it is looked for, how it is verified, how it is read.

mod files;
mod places;

use std::path::Path;

use ndarray::Array2;

pub use files::{FILES, FileSpec, FileState};
pub use places::{Place, Places};

use crate::data::dataset::Dataset;
use crate::data::idx;
use crate::error::{Error, Result};

/// MNIST's training and test images, from the first place that has them.
///
/// # Errors
/// [`Error::Missing`] with everything that was tried where they are nowhere.
pub fn open() -> Result<(Dataset, Dataset)> {
    let places = Places::from_environment();
    let paths = places.locate(&FILES)?;
    open_files(&paths, "mnist")
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
        Dataset::new(name, pixels, classes, height, width)
    };
    Ok((read(train_images.as_ref(), train_labels.as_ref())?, read(test_images.as_ref(), test_labels.as_ref())?))
}
