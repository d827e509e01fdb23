//! Where MNIST is looked for, what counts as found, and what the errors say.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Tiny, gzip, idx};
use vardrop::Error;
use vardrop::data::mnist::{FASHION_MNIST, FileState, MNIST, Places, Published};
use vardrop::data::{Source, Splits, Validation};

fn from_variables(variables: &[(&str, &str)]) -> Places {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Places::from_variables(&MNIST, |name| variables.get(name).map(OsString::from))
}

/// No place has anything yet.
fn places_in(of: &'static Published, root: &Path) -> Places {
    Places { of, variable: None, system: None, local: root.join("local"), cache: Some(root.join("cache")) }
}

#[test]
fn the_environment_says_where_to_look() {
    let places = from_variables(&[("MNIST_DIR", "/m"), ("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]);
    assert_eq!(places.variable, Some("/m".into()));
    assert_eq!(places.local, Path::new("data/mnist"));
    assert_eq!(places.cache, Some(Path::new("/c").join("vardrop").join("mnist")));
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn without_a_usable_xdg_cache_home_the_cache_is_in_the_home_folder() {
    for value in ["", "relative/cache"] {
        let places = from_variables(&[("XDG_CACHE_HOME", value), ("HOME", "/h")]);
        assert_eq!(places.cache, Some("/h/.cache/vardrop/mnist".into()));
    }
    assert_eq!(from_variables(&[("HOME", "")]).cache, None);
}

#[test]
fn an_empty_variable_is_not_set() {
    assert_eq!(from_variables(&[("MNIST_DIR", "")]).variable, None);
}

#[test]
fn places_are_tried_in_order() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let mut places = places_in(tiny.published(), root.path());
    let found = |places: &Places| places.locate().unwrap()[0].parent().unwrap().to_path_buf();

    let cache = places.cache.clone().unwrap();
    tiny.write_gz(&cache);
    assert_eq!(found(&places), cache);
    tiny.write_plain(&places.local);
    assert_eq!(found(&places), places.local);
    places.system = Some(root.path().join("system"));
    tiny.write_gz(places.system.as_ref().unwrap());
    assert_eq!(found(&places), places.system.clone().unwrap());
    places.variable = Some(root.path().join("variable"));
    tiny.write_gz(places.variable.as_ref().unwrap());
    assert_eq!(found(&places), places.variable.clone().unwrap());
}

#[test]
fn a_folder_may_mix_gzipped_and_plain_files() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let places = places_in(tiny.published(), root.path());
    tiny.write_plain(&places.local);
    fs::remove_file(places.local.join(tiny.specs[2].name)).unwrap();
    fs::write(places.local.join(tiny.specs[2].gz_name()), &tiny.gz[2]).unwrap();
    let names = places.locate().unwrap().map(|path| path.extension().is_some());
    assert_eq!(names, [false, false, true, false]);
}

#[test]
fn an_intact_plain_file_makes_up_for_a_damaged_gzipped_one() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    tiny.write_plain(root.path());
    fs::write(root.path().join(tiny.specs[0].gz_name()), "half a download").unwrap();
    let FileState::Verified { path, .. } = tiny.specs[0].inspect(root.path()) else { panic!("not verified") };
    assert_eq!(path, root.path().join(tiny.specs[0].name));
}

#[test]
fn a_damaged_place_is_passed_over() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let places = places_in(tiny.published(), root.path());
    tiny.write_gz(&places.local);
    fs::write(places.local.join(tiny.specs[3].gz_name()), "other").unwrap();
    tiny.write_gz(places.cache.as_ref().unwrap());
    assert!(places.locate().unwrap()[3].starts_with(root.path().join("cache")));
}

#[test]
fn a_variable_that_leads_nowhere_is_an_error_though_other_places_have_the_files() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let mut places = places_in(tiny.published(), root.path());
    tiny.write_gz(&places.local);
    let variable = root.path().join("variable");
    places.variable = Some(variable.clone());

    let error = |places: &Places| places.locate().unwrap_err().to_string();
    assert!(error(&places).contains("variable): no such folder"), "{}", error(&places));
    fs::create_dir(&variable).unwrap();
    assert!(error(&places).contains("none of the four files"), "{}", error(&places));

    tiny.write_gz(&variable);
    fs::remove_file(variable.join(tiny.specs[0].gz_name())).unwrap();
    let mut changed = tiny.gz[1].clone();
    changed[20] ^= 1;
    fs::write(variable.join(tiny.specs[1].gz_name()), changed).unwrap();
    fs::write(variable.join(tiny.specs[2].gz_name()), "short").unwrap();
    let message = error(&places);
    for part in [
        "$MNIST_DIR",
        "train-images-idx3-ubyte.gz is missing",
        "train-labels-idx1-ubyte.gz has the SHA-256",
        tiny.specs[1].gz.sha256,
        &format!("t10k-images-idx3-ubyte.gz has 5 bytes: expected {}", tiny.specs[2].gz.bytes),
        "no other place is searched",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("t10k-labels"), "{message}");
}

#[test]
fn where_it_is_nowhere_the_error_says_what_was_tried_and_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let Err(Error::Missing { tried, advice, .. }) = places_in(&MNIST, root.path()).locate() else { panic!("found") };
    assert_eq!(tried.len(), 3);
    assert_eq!(tried[0], "$MNIST_DIR: not set");
    assert!(tried[2].contains("cache") && tried[2].contains("no such folder"), "{tried:?}");
    for part in ["MNIST_DIR", "./data/mnist", "vardrop data fetch", "synthetic"] {
        assert!(advice.contains(part), "{advice}");
    }
}

/// `gzip -1` of the same content is as good; of other content it is damaged, and the published file is named.
#[test]
fn another_compression_of_the_same_content_is_verified_by_it() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let file = root.path().join(tiny.specs[0].gz_name());
    let mut other = tiny.gz[0].clone();
    // The header's time of compression.
    other[4] ^= 1;
    fs::write(&file, &other).unwrap();
    let FileState::Verified { sha256, .. } = tiny.specs[0].inspect(root.path()) else { panic!("not verified") };
    assert_eq!(sha256, tiny.specs[0].plain.sha256);
    fs::write(&file, gzip(&tiny.plain[1])).unwrap();
    let FileState::Damaged { reason, .. } = tiny.specs[0].inspect(root.path()) else { panic!("not damaged") };
    assert!(reason.contains(&format!("expected {}", tiny.specs[0].gz.bytes)), "{reason}");
}

#[test]
fn fashion_mnist_is_looked_for_by_its_own_variable_package_folder_and_cache() {
    let variables = |name: &str| match name {
        "XDG_CACHE_HOME" => Some(OsString::from("/c")),
        "MNIST_DIR" => Some("/m".into()),
        _ => None,
    };
    let places = Places::from_variables(&FASHION_MNIST, variables);
    assert_eq!((&places.variable, places.local.as_path()), (&None, Path::new("data/fashion-mnist")));
    assert_eq!(places.cache, Some(Path::new("/c").join("vardrop").join("fashion-mnist")));
    let names: Vec<_> = places.inspect().iter().map(|place| place.name).collect();
    let package = "/usr/share/datasets/fashion-mnist";
    assert_eq!(names, ["$FASHION_MNIST_DIR", package, "./data/fashion-mnist", "cache"]);
    let advice = Places { variable: None, ..places }.advice();
    for part in ["`vardrop data fetch fashion-mnist`", "./data/fashion-mnist", "FASHION_MNIST_DIR names"] {
        assert!(advice.contains(part), "{advice}");
    }
    let named = Places::from_variables(&FASHION_MNIST, |name| (name == "FASHION_MNIST_DIR").then(|| "/nowhere".into()));
    let message = named.locate().unwrap_err().to_string();
    assert!(
        message.starts_with("Fashion-MNIST was not found; tried\n  $FASHION_MNIST_DIR (/nowhere): no such"),
        "{message}"
    );
    assert!(message.contains("`unset FASHION_MNIST_DIR`"), "{message}");
}

/// The real one, where it is on this machine.
#[test]
fn fashion_mnist_has_its_digest_and_the_names_of_its_classes() {
    let Ok(paths) = Places::from_environment(&FASHION_MNIST).locate() else { return };
    let splits = Splits::open(&Source::FashionMnist, 10_000).unwrap();
    assert_eq!((splits.train.len(), splits.test.len(), splits.train.classes()), (50_000, 10_000, 10));
    assert_eq!((&*splits.train.class_names()[9], splits.train.name()), ("Ankle boot", "fashion-mnist"));
    assert_eq!(splits.held_out_by(), Validation::DRAWN);
    let by_path = Splits::open(&Source::Folder(paths[0].parent().unwrap().into()), 10_000).unwrap();
    assert_eq!((by_path.digest(), by_path.train.class_names().len()), (FASHION_MNIST.digest, 10));
    assert_eq!(by_path.validation.pixels(), splits.validation.pixels());
}

#[test]
fn something_else_under_the_name_of_a_file_is_damaged() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    fs::create_dir(root.path().join(tiny.specs[0].gz_name())).unwrap();
    let FileState::Damaged { reason, .. } = tiny.specs[0].inspect(root.path()) else { panic!("not damaged") };
    assert_eq!(reason, "is a folder: expected a file");
}

fn open(folder: &Path) -> Result<Splits, Error> {
    Splits::open(&Source::Folder(folder.into()), 2)
}

#[test]
fn a_folder_of_any_size_opens_gzipped_or_not() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    for write in [Tiny::write_gz, Tiny::write_plain] {
        let folder = tempfile::tempdir_in(&root).unwrap();
        write(&tiny, folder.path());
        let splits = open(folder.path()).unwrap();
        assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (4, 2, 4));
        assert_eq!((splits.train.height(), splits.train.width()), (2, 3));
        assert_eq!(splits.held_out_by(), Validation::DRAWN);
        assert_eq!(splits.test.pixels()[[3, 5]], 123);
        assert_eq!(splits.test.name(), folder.path().to_string_lossy());
    }
}

/// The number of classes is the highest label's and one, of both parts.
#[test]
fn a_folder_has_as_many_classes_as_its_labels_say() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    for (train, test, classes) in [([0, 1, 0, 1, 1, 0], [1, 0, 1, 0], 2), ([0, 1, 2, 3, 4, 5], [46, 0, 1, 2], 47)] {
        tiny.write_plain(root.path());
        fs::write(root.path().join("train-labels-idx1-ubyte"), idx(&[6], &train)).unwrap();
        fs::write(root.path().join("t10k-labels-idx1-ubyte"), idx(&[4], &test)).unwrap();
        let splits = open(root.path()).unwrap();
        assert_eq!((splits.train.classes(), splits.test.classes()), (classes, classes));
    }
}

#[test]
fn a_folder_that_does_not_do_says_why() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let folder: PathBuf = root.path().join("data");
    let message = || open(&folder).unwrap_err().to_string();

    assert!(message().contains("no such folder"), "{}", message());
    tiny.write_gz(&folder);
    fs::remove_file(folder.join("t10k-labels-idx1-ubyte.gz")).unwrap();
    assert!(message().contains("t10k-labels-idx1-ubyte.gz or t10k-labels-idx1-ubyte: not there"), "{}", message());

    fs::write(folder.join("t10k-labels-idx1-ubyte"), idx(&[3], &[1, 2, 3])).unwrap();
    assert!(message().contains("labels 3 examples") && message().contains("holds 4 images"), "{}", message());
    fs::write(folder.join("t10k-labels-idx1-ubyte"), idx(&[4, 1, 1], &[1, 2, 3, 4])).unwrap();
    assert!(message().contains("it has 3 dimensions: expected 1"), "{}", message());
}

/// Real MNIST where it is on this machine, the digits drawn in its stead elsewhere: their sizes are the same.
#[test]
fn mnist_splits_into_50_000_and_10_000_and_10_000() {
    let is_here = Places::from_environment(&MNIST).locate().is_ok();
    let source = if is_here { Source::Mnist } else { Source::Synthetic };
    let splits = Splits::open(&source, 10_000).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (50_000, 10_000, 10_000));
    for split in [&splits.train, &splits.validation, &splits.test] {
        assert_eq!((split.name(), split.height(), split.width()), (source.to_string().as_str(), 28, 28));
        assert!((0..10).all(|class| split.labels().contains(&class)));
    }
    if is_here {
        assert_eq!((splits.train.labels()[0], splits.test.labels()[0]), (5, 7));
    }
}
