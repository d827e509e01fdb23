//! MNIST and Fashion-MNIST as they were published.

use super::files::{FileSpec, Fingerprint, NAMES};
use crate::data::{Dataset, Digest};
use crate::error::Result;

/// A data set that was published as four IDX files of 70,000 grey images of 28 × 28 pixels.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// What `--data` and folders call it: `mnist`.
    pub name: &'static str,
    /// What messages call it: `MNIST`.
    pub title: &'static str,
    /// The environment variable that names its folder, as a shell writes it: `$MNIST_DIR`.
    pub variable: &'static str,
    /// Where a package of the system puts it.
    pub system: Option<&'static str>,
    /// Where it is looked for from the folder that one is in: `./data/mnist`.
    pub local: &'static str,
    /// Training images and labels, test images and labels.
    pub files: [FileSpec; 4],
    /// Folders on the web with the four `.gz` files, tried in this order.
    pub mirrors: &'static [&'static str],
    /// The digest of its content.
    pub digest: Digest,
    /// The names of its classes; none of digits, which are their own names.
    pub class_names: &'static [&'static str],
}

/// The bytes of the four files as `gunzip` leaves them.
const PLAIN_BYTES: [u64; 4] = [47_040_016, 60_008, 7_840_016, 10_008];

/// From the size and checksum of each `.gz`, and the checksum of what it holds.
const fn files(of: [(u64, &'static str, &'static str); 4]) -> [FileSpec; 4] {
    const fn file(index: usize, (bytes, gz, plain): (u64, &'static str, &'static str)) -> FileSpec {
        FileSpec {
            name: NAMES[index],
            gz: Fingerprint { bytes, sha256: gz },
            plain: Fingerprint { bytes: PLAIN_BYTES[index], sha256: plain },
        }
    }
    [file(0, of[0]), file(1, of[1]), file(2, of[2]), file(3, of[3])]
}

/// Handwritten digits (LeCun, Cortes & Burges). Its mirrors are what TensorFlow Datasets and torchvision use, and a repository.
pub const MNIST: Published = Published {
    name: "mnist",
    title: "MNIST",
    variable: "$MNIST_DIR",
    system: None,
    local: "./data/mnist",
    files: files([
        (
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        (
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        (
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        (
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ]),
    mirrors: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://raw.githubusercontent.com/fgnt/mnist/master/",
    ],
    digest: Digest::MNIST,
    class_names: &[],
};

/// Articles of clothing (Xiao, Rasul & Vollgraf 2017), in the form of MNIST. Its mirrors are its authors' and the one that Keras uses;
/// `system` is where Debian's package dataset-fashion-mnist puts it.
pub const FASHION_MNIST: Published = Published {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    variable: "$FASHION_MNIST_DIR",
    system: Some("/usr/share/datasets/fashion-mnist"),
    local: "./data/fashion-mnist",
    files: files([
        (
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        (
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        (
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        (
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ]),
    mirrors: &[
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    digest: Digest::FASHION_MNIST,
    class_names: &[
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
};

impl Published {
    /// The environment variable, without the `$`.
    pub(super) fn variable_name(&self) -> &'static str {
        self.variable.trim_start_matches('$')
    }

    /// Its parts with the names of its classes, where they have names.
    pub(in crate::data) fn name_classes(&self, (train, test): (Dataset, Dataset)) -> Result<(Dataset, Dataset)> {
        let named = |part: Dataset| part.with_target_names(self.class_names.iter().copied());
        if self.class_names.is_empty() { Ok((train, test)) } else { Ok((named(train)?, named(test)?)) }
    }

    /// The command that downloads it.
    pub(super) fn fetch_command(&self) -> String {
        if self.name == MNIST.name { "vardrop data fetch".into() } else { format!("vardrop data fetch {}", self.name) }
    }
}
