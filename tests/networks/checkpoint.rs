//! Model files: what is written is read back; whatever else is in a file is an error, and no panic; a file that cannot
//! be replaced stays as it was.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::support::rewritten;
use ndarray::Array2;
use serde_json::Value;
use vardrop::data::{Dataset, Splits, Validation};
use vardrop::engine::{Engine, Examples};
use vardrop::training::{Config, Ending, Model, ModelInfo, Trainer};
use vardrop::{Error, Method};

/// 2 × 3 pixels whose class shows in them.
fn dataset(name: &str, examples: usize, seed: usize) -> Dataset {
    let labels: Vec<u8> = (0..examples).map(|example| ((example * 7 + seed) % 10) as u8).collect();
    let pixels = Array2::from_shape_fn((examples, 6), |(example, pixel)| {
        (usize::from(labels[example]) * (pixel + 3) * 29 + example % 5) as u8
    });
    Dataset::new(name, pixels, labels, 2, 3).unwrap()
}

fn splits() -> Splits {
    Splits::hold_out(dataset("tiny", 100, 0), dataset("tiny", 40, 3), 30).unwrap()
}

/// After one epoch and three of the five steps of the second.
fn trainer(splits: &Splits, method: Method) -> Trainer<'_> {
    let config = Config::new(method, &[4, 3]).epochs(3).batch_size(16).threads(1);
    let mut trainer = Trainer::new(config, splits).unwrap();
    let mut events = 0;
    let ending = trainer.run(|_| {
        events += 1;
        if events == 9 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(ending.unwrap(), Ending::Stopped);
    trainer
}

struct Place {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        Self { folder, path }
    }

    /// The bytes of a saved model.
    fn saved(&self, method: Method) -> Vec<u8> {
        // What a test has damaged is no file of Vardrop's any more, and is not replaced.
        let _ = fs::remove_file(&self.path);
        trainer(&splits(), method).save(&self.path).unwrap();
        fs::read(&self.path).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Reads a file in every way there is, and trains a step where it can be resumed; the errors' messages.
fn read(path: &Path, bytes: &[u8]) -> [Option<String>; 2] {
    fs::write(path, bytes).unwrap();
    let splits = splits();
    let opened = Model::open(path).map(|model| {
        assert!(model.network.parameters().into_iter().all(|(_, values)| values.iter().all(|x| x.is_finite())));
    });
    let _ = ModelInfo::open(path);
    let resumed = Trainer::resume(path, &splits, None).and_then(|mut trainer| {
        trainer.run(|_| ControlFlow::Break(()))?;
        Ok(())
    });
    [opened.err(), resumed.err()].map(|error: Option<Error>| error.map(|error| error.to_string()))
}

#[track_caller]
fn assert_refused(path: &Path, bytes: &[u8], parts: &[&str]) {
    for message in read(path, bytes) {
        let message = message.expect("an error");
        assert!(message.contains(&*path.to_string_lossy()), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn a_model_reads_back_as_it_was_saved() {
    let (place, splits) = (Place::new(), splits());
    for method in Method::ALL {
        let trainer = trainer(&splits, method);
        trainer.save(&place.path).unwrap();
        let model = Model::open(&place.path).unwrap();
        assert_eq!(&model.network, trainer.best_network(), "{method}");
        assert_eq!(&model.info.config, trainer.config(), "{method}");
        assert_eq!(&model.info.history, trainer.history(), "{method}: to the last bit");
        assert_eq!((model.info.widths.as_slice(), model.info.dataset.as_str()), (&[6, 4, 3, 10][..], "tiny"));
        assert_eq!(ModelInfo::open(&place.path).unwrap(), model.info);
        // Saving again what was read gives the same file: nothing is lost on the way.
        let bytes = fs::read(&place.path).unwrap();
        let again = Trainer::resume(&place.path, &splits, None).unwrap();
        again.save(&place.path).unwrap();
        assert_eq!(read_tensors(&fs::read(&place.path).unwrap()), read_tensors(&bytes), "{method}");
        assert_eq!(ModelInfo::open(&place.path).unwrap(), model.info, "{method}");
    }
    assert_eq!(place.names(), ["model.safetensors"], "no temporary file is left");
}

fn read_tensors(bytes: &[u8]) -> &[u8] {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    &bytes[8 + length..]
}

#[test]
fn the_saved_model_has_the_test_error_of_the_epoch_that_validation_chose() {
    let (place, splits) = (Place::new(), splits());
    let mut trainer = trainer(&splits, Method::VariationalB);
    trainer.run(|_| ControlFlow::Continue(())).unwrap();
    trainer.save(&place.path).unwrap();
    let model = Model::open(&place.path).unwrap();
    let indices: Vec<usize> = (0..splits.test.len()).collect();
    let batch = Examples { dataset: &splits.test, indices: &indices };
    let score = Engine::new(&model.network, 16, 1).unwrap().evaluate(&model.network, &batch).unwrap();
    let best = trainer.best().unwrap();
    assert_eq!(score.error_percent, best.test_error_percent);
    assert_eq!(score.cross_entropy, trainer.history().epochs[best.epoch - 1].test_cross_entropy);
}

#[test]
fn a_file_that_is_cut_off_is_an_error_at_every_length() {
    let place = Place::new();
    let bytes = place.saved(Method::VariationalA);
    let lengths = (0..40).chain((40..bytes.len()).step_by(97)).chain(bytes.len() - 5..bytes.len());
    for length in lengths {
        assert_refused(&place.path, &bytes[..length], &["is not a vardrop model"]);
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_refused(&place.path, &longer, &["is not a vardrop model"]);
}

#[test]
fn flipped_bytes_never_panic() {
    let place = Place::new();
    for method in [Method::VariationalA, Method::VariationalB] {
        let bytes = place.saved(method);
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut refused = 0;
        for round in 0..400usize {
            // A simple generator is random enough here; three of four changes hit the header, where all the meaning is.
            let random = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let place_of_change = if round % 4 == 0 { random % bytes.len() } else { random % header };
            let mut changed = bytes.clone();
            changed[place_of_change] = match round % 3 {
                0 => changed[place_of_change] ^ 1 << (random % 8),
                1 => b"0123456789\"{}[],:-e."[random % 20],
                _ => (random >> 8) as u8,
            };
            refused += usize::from(read(&place.path, &changed)[1].is_some());
        }
        assert!(refused > 100, "{refused} of 400 changes were seen");
    }
}

#[test]
fn what_is_no_model_is_an_error_that_says_why() {
    let place = Place::new();
    let bytes = place.saved(Method::VariationalB);
    for garbage in [&b""[..], b"hello", &[0xff; 4096], b"\x93NUMPY\x01\x00", &[0; 64]] {
        assert_refused(&place.path, garbage, &["is not a vardrop model"]);
    }
    // A header that claims more than there is asks for no memory.
    let huge = [&(u64::MAX / 2).to_le_bytes()[..], b"{}"].concat();
    assert_refused(&place.path, &huge, &["is not a vardrop model"]);
    let without = rewritten(&bytes, |header, _| header["__metadata__"] = serde_json::json!({}));
    assert_refused(&place.path, &without, &["no key `vardrop`"]);
    // Another format may have other keys.
    let future = rewritten(&bytes, |_, info| *info = serde_json::json!({ "format": 2, "network": "new" }));
    assert_refused(&place.path, &future, &["format 2", "reads format 1"]);
    let missing = place.folder.path().join("missing");
    let message = Model::open(&missing).unwrap_err().to_string();
    assert!(message.contains("cannot read") && message.contains("missing"), "{message}");
    assert!(Model::open(place.folder.path()).is_err());
}

#[test]
fn shapes_that_lie_are_errors_before_anything_is_allocated_after_them() {
    let place = Place::new();
    let bytes = place.saved(Method::VariationalB);
    let lie = |widths: Value, hidden: Value| {
        rewritten(&bytes, |_, info| {
            info["widths"] = widths;
            info["config"]["hidden"] = hidden;
        })
    };
    let json = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    for (widths, hidden) in [
        ("[6,4,3,1000000000000]", "[4,3]"),
        ("[1000000000000,4,3,10]", "[4,3]"),
        ("[18446744073709551615,4,3,10]", "[4,3]"),
        ("[6,1000000000000,3,10]", "[1000000000000,3]"),
        ("[6,4,3,10]", "[4,4]"),
        ("[6,4,3,10]", "[]"),
        ("[6]", "[]"),
        ("[]", "[]"),
        ("[6,10]", "[]"),
        ("[6,4,3,10,10]", "[4,3,10]"),
    ] {
        assert_refused(&place.path, &lie(json(widths), json(hidden)), &["is not a vardrop model"]);
    }
    // The tensors themselves, with shapes whose product is the same, or of another type.
    let transposed = rewritten(&bytes, |header, _| header["layers.0.weight"]["shape"] = serde_json::json!([4, 6]));
    assert_refused(&place.path, &transposed, &["layers.0.weight has shape [4, 6]"]);
    let integers = rewritten(&bytes, |header, _| header["layers.1.log_alpha"]["dtype"] = "I32".into());
    assert!(read(&place.path, &integers)[0].as_ref().unwrap().contains("I32"));
    let renamed = rewritten(&bytes, |header, _| {
        let tensor = header.as_object_mut().unwrap().remove("training.second_moment.layers.0.bias").unwrap();
        header["training.second_moment.layers.9.bias"] = tensor;
    });
    let [opened, resumed] = read(&place.path, &renamed);
    assert!(opened.is_none() && resumed.unwrap().contains("training.second_moment.layers.0.bias"));
}

#[test]
fn numbers_that_are_not_finite_are_errors() {
    let place = Place::new();
    let bytes = place.saved(Method::VariationalA);
    let header: Value = {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        serde_json::from_slice(&bytes[8..8 + length]).unwrap()
    };
    let start = bytes.len() - read_tensors(&bytes).len();
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (name, resumed_only) in [("layers.1.bias", false), ("training.first_moment.layers.0.weight", true)] {
            let offset = start + header[name]["data_offsets"][0].as_u64().unwrap() as usize;
            let mut changed = bytes.clone();
            changed[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            let [opened, resumed] = read(&place.path, &changed);
            assert_eq!(opened.is_none(), resumed_only, "{name}");
            let message = resumed.unwrap();
            assert!(message.contains(name) && message.contains("not finite"), "{message}");
        }
    }
}

#[test]
fn a_position_that_contradicts_itself_is_an_error() {
    let place = Place::new();
    let bytes = place.saved(Method::None);
    let edits: [fn(&mut Value); 8] = [
        |info| info["steps"] = 7.into(),
        |info| info["steps"] = u64::MAX.into(),
        |info| info["position"]["step"] = 4.into(),
        |info| info["position"]["step"] = u64::MAX.into(),
        |info| info["position"]["examples"] = 0.into(),
        |info| info["history"] = serde_json::json!([]),
        |info| info["history"][0]["epoch"] = 2.into(),
        |info| info["config"]["protocol"]["batch_size"] = 0.into(),
    ];
    for edit in edits {
        let [opened, resumed] = read(&place.path, &rewritten(&bytes, |_, info| edit(info)));
        assert!(opened.is_none(), "the model itself is whole");
        assert!(resumed.unwrap().contains("it stands at"));
    }
    assert_eq!(read(&place.path, &rewritten(&bytes, |_, _| {})), [None, None], "unchanged, it is read");
}

#[test]
fn other_data_is_refused_on_resuming_with_both_named() {
    let (place, own) = (Place::new(), splits());
    trainer(&own, Method::Binary).save(&place.path).unwrap();
    let refused = |splits: &Splits, parts: &[&str]| {
        let message = Trainer::resume(&place.path, splits, None).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let splits = |name, examples, held_out| {
        Splits::hold_out(dataset(name, examples, 0), dataset(name, 40, 3), held_out).unwrap()
    };
    // By content and not by name.
    Trainer::resume(&place.path, &splits("other", 100, 30), None).unwrap();
    let digest = own.digest().short();
    let parts =
        ["data is tiny (digest ", &format!("the data with digest {digest} that "), "(then called tiny)", "--data"];
    refused(&splits("tiny", 90, 20), &parts);
    let parts = ["images held out is 20, which leaves 80 to train on: expected 30, which left 70", "--held-out 30"];
    refused(&splits("tiny", 100, 20), &parts);
    let by = |validation| Splits::hold_out_by(dataset("tiny", 100, 0), dataset("tiny", 40, 3), 30, validation).unwrap();
    refused(&by(Validation::DRAWN), &["validation is drawn: expected last, as when", "--validation last"]);
    // Images of another size under the same name have no place in the network.
    let image = |examples| Dataset::new("tiny", Array2::zeros((examples, 4)), vec![0; examples], 2, 2).unwrap();
    let splits = Splits::hold_out(image(100), image(40), 30).unwrap();
    let resumed = Trainer::resume(&place.path, &splits, None);
    assert!(resumed.and_then(|mut trainer| trainer.run(|_| ControlFlow::Break(()))).is_err());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_an_old_file_stays() {
    let (place, splits) = (Place::new(), splits());
    let trainer = trainer(&splits, Method::None);
    fs::write(&place.path, b"a file").unwrap();
    for path in [place.folder.path().join("no/such/folder/model"), place.path.join("model")] {
        let message = trainer.save(&path).unwrap_err().to_string();
        assert!(message.contains("cannot write") && message.contains(&*path.to_string_lossy()), "{message}");
    }
    // A folder in the file's place.
    let folder = place.folder.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("inside"), b"kept").unwrap();
    assert!(trainer.save(&folder).is_err());
    assert_eq!(fs::read(folder.join("inside")).unwrap(), b"kept");
    let mut names = place.names();
    names.sort();
    assert_eq!(names, ["folder", "model.safetensors"], "no temporary file is left");
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_leaves_the_file_as_it_was_but_for_root() {
    use std::os::unix::fs::PermissionsExt;
    let (place, splits) = (Place::new(), splits());
    let old = place.saved(Method::None);
    let trainer = trainer(&splits, Method::Binary);
    let permit = |mode| fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    permit(0o555);
    let is_root = fs::write(place.folder.path().join("probe"), b"").is_ok();
    let result = trainer.save(&place.path);
    permit(0o755);
    if is_root {
        // Root may write anywhere: the new model is there, whole.
        result.unwrap();
        assert_eq!(Model::open(&place.path).unwrap().info.config.method, Method::Binary);
    } else {
        assert!(result.unwrap_err().to_string().contains("ermission denied"));
        assert_eq!(fs::read(&place.path).unwrap(), old);
    }
}

#[cfg(unix)]
#[test]
fn a_saved_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.saved(Method::None);
    let other = place.folder.path().join("other");
    fs::write(&other, b"").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&place.path), mode(&other));
}
