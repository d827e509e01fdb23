//! What is done with an input: it goes to every reader that may meet such bytes, and what has been read is used, written and
//! read again. Nothing here may panic or take long, whatever the bytes are. The tests of the crate send the corpus through the
//! same functions. Each says whether a reader took the bytes for what they are to be.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use safetensors::SafeTensors;
use vardrop::data::csv::{CsvOptions, Recipe};
use vardrop::data::mnist::MNIST;
use vardrop::data::{Dataset, Identity, Source, Splits, idx as idx_files};
use vardrop::engine::Examples;
use vardrop::experiment::{Record, Records, SweepPlan, paper as published, report};
use vardrop::ndarray::Array2;
use vardrop::serde_json;
use vardrop::sparse::{PruneRecord, SparseModel, SparseNetwork, compression, prune, pruning_table};
use vardrop::training::{Config, Model, ModelInfo, Trainer};
use vardrop::uncertainty::{EvaluationRecord, Predictive, Sampling, evaluation_table};
use vardrop::variance::{self, VarianceRecord};
use vardrop::{Method, Table};

/// One file of the IDX format, as it is and gzipped.
pub fn idx(bytes: &[u8], _: &Path) -> bool {
    let plain = read_idx(bytes);
    // Bytes that are gzipped already are then gzipped twice, which the reader does not unpack.
    assert!(bytes.starts_with(&[0x1f, 0x8b]) || plain == read_idx(&gzip(bytes)), "gzip changes nothing");
    plain.0.is_some() || plain.1.is_some()
}

fn read_idx(bytes: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let path = Path::new("input");
    let images = idx_files::from_reader::<3>(bytes, path).ok().map(|(sizes, elements)| {
        assert_eq!(sizes.iter().product::<usize>(), elements.len());
        elements
    });
    let labels = idx_files::from_reader::<1>(bytes, path).ok().map(|([count], elements)| {
        assert_eq!(count, elements.len());
        elements
    });
    (images, labels)
}

/// A folder of four files: the lengths of the first three, two bytes each, then all four one after another.
pub fn folder(bytes: &[u8], scratch: &Path) -> bool {
    let folder = scratch.join("folder");
    fs::create_dir_all(&folder).expect("a folder that can be written");
    let (lengths, mut rest) = bytes.split_at(bytes.len().min(6));
    let mut lengths = lengths.chunks_exact(2).map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])));
    for file in &MNIST.files {
        let (own, others) = rest.split_at(lengths.next().unwrap_or(usize::MAX).min(rest.len()));
        fs::write(folder.join(file.name), own).expect("a file that can be written");
        rest = others;
    }
    let mut taken = false;
    for held_out in [0, 1] {
        let Ok(splits) = Splits::open(&Source::Folder(folder.clone()), held_out) else { continue };
        taken = true;
        assert_eq!(splits.validation.len(), held_out);
        if splits.train.inputs() <= 64 && !splits.test.is_empty() {
            let mut pixels = vec![0.0f32; splits.train.inputs()];
            splits.test.fill_batch(&[splits.test.len() - 1], &mut pixels);
            assert!(pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
        }
    }
    taken
}

/// A table: its recipe, written and read, makes the same of it again.
pub fn table(bytes: &[u8], scratch: &Path) -> bool {
    let path = scratch.join("table.csv");
    fs::write(&path, bytes).expect("a file that can be written");
    let Ok(splits) = CsvOptions::default().test_file(&path).open(&path, 0, None) else { return false };
    // Numbers may be too large to have a deviation.
    let Ok(splits) = splits.standardised() else { return true };
    let recipe = splits.recipe().expect("a table has one");
    let json = serde_json::to_string(&recipe).expect("plain data");
    let read: Recipe = serde_json::from_str(&json).expect("what was written");
    assert_eq!(read, recipe);
    let again = read.dataset(&path).expect("the same table");
    assert_eq!((again.table(), again.values()), (splits.train.table(), splits.train.values()));
    assert_eq!(again.labels(), splits.train.labels());
    true
}

/// A model: the file, or, where it begins with a brace, what the file of a small network says of itself.
pub fn model(bytes: &[u8], scratch: &Path) -> bool {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| saved(Method::VariationalB));
    let (path, again) = (scratch.join("model.safetensors"), scratch.join("model-again.safetensors"));
    if !write(&path, "vardrop", bytes, &FILE) {
        return false;
    }
    let is_pruned = SparseModel::is_one(&path).expect("a file that can be read");
    let info = ModelInfo::open(&path);
    let taken = info.is_ok();
    if let Ok(Model { info: whole, network }) = Model::open(&path) {
        assert_eq!(whole, info.expect("a whole model says what it is"));
        assert!(!is_pruned && network.widths() == whole.widths);
        let _ = whole.history.best().map(|best| best.to_string());
        if network.layers()[0].dim().0 == SPLITS.test.inputs() {
            // A network of huge weights may have no probabilities: that is an error, and no panic.
            let _ = Predictive::of_dataset(&network, &SPLITS.test, Sampling::draws(2).threads(1));
        }
    }
    if let Ok(trainer) = Trainer::resume(&path, &SPLITS, None) {
        trainer.save(&again).expect("what was read can be written");
        let again = Trainer::resume(&again, &SPLITS, None).expect("what was written can be read");
        assert_eq!((again.network(), again.history()), (trainer.network(), trainer.history()));
    }
    taken
}

/// A pruned network: the file, or, where it begins with a brace, what the file of a small network says of itself.
pub fn pruned(bytes: &[u8], scratch: &Path) -> bool {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(saved_pruned);
    let (path, again) = (scratch.join("pruned.safetensors"), scratch.join("pruned-again.safetensors"));
    if !write(&path, "vardrop-pruned", bytes, &FILE) {
        return false;
    }
    let _ = SparseModel::is_one(&path).expect("a file that can be read");
    let Ok(model) = SparseModel::open(&path) else { return false };
    let layers = model.network.sparsity();
    let _ = (compression(&layers), model.network.units(), model.network.stored_weights());
    assert!(layers.iter().all(|layer| (0.0..=100.0).contains(&layer.percent())), "{layers:?}");
    if model.network.widths()[0] == SPLITS.test.inputs() {
        let indices: Vec<usize> = (0..SPLITS.test.len()).collect();
        let _ = model.network.predict(&Examples { dataset: &SPLITS.test, indices: &indices }, 1);
    }
    model.save(&again).expect("what was read can be written");
    assert_eq!(SparseModel::open(&again).expect("what was written can be read"), model);
    true
}

/// The plan of a sweep.
pub fn plan(bytes: &[u8], _: &Path) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(plan) = text.parse::<SweepPlan>() else { return false };
    for network in plan.networks() {
        network.check().expect("a plan holds what can be trained");
    }
    let _ =
        (plan.network(0).expect("a plan has a network"), plan.data().to_string(), plan.networks()[0].protocol.hash());
    true
}

/// A file of records, which may be of each kind.
pub fn records(bytes: &[u8], scratch: &Path) -> bool {
    let path = scratch.join("records.jsonl");
    fs::write(&path, bytes).expect("a file that can be written");
    let mut taken = 0;
    if let Ok(records) = Records::open(&path) {
        taken += records.len();
        let _ = records.summaries();
        for record in &records {
            reads_back::<Record>(record);
        }
        let figure1 = [report::figure1, report::figure1_points, report::differences, report::protocols];
        let claims = [report::claims, report::selection, report::selection_claims];
        figure1.iter().chain(&claims).filter_map(|report| report(&records).ok()).for_each(render);
    }
    if let Ok((records, _)) = VarianceRecord::open(&path) {
        taken += records.len();
        records.iter().for_each(reads_back);
        let _ = variance::ratios_to_paper(&records);
        [variance::table1, variance::table1_points].iter().filter_map(|report| report(&records).ok()).for_each(render);
        render(variance::pass_table(&records));
        records
            .iter()
            .for_each(|record| render(variance::measured(&[("", std::slice::from_ref(&record.measurement))])));
    }
    if let Ok((records, _)) = EvaluationRecord::open(&path) {
        taken += records.len();
        records.iter().for_each(reads_back);
        render(evaluation_table(&records));
        records.iter().for_each(|record| render(record.calibration.table()));
    }
    if let Ok((records, _)) = PruneRecord::open(&path) {
        taken += records.len();
        records.iter().for_each(reads_back);
        render(pruning_table(&records));
    }
    taken > 0
}

/// Numbers to compare with, with the columns of the paper's files.
pub fn paper(bytes: &[u8], _: &Path) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let path = Path::new("input");
    published::read_figure1(text, path).is_ok() || published::read_table1(text, path).is_ok()
}

fn reads_back<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(record: &T) {
    let line = vardrop::to_json(record).expect("what was read can be written");
    assert_eq!(&serde_json::from_str::<T>(&line).expect("what was written can be read"), record);
}

fn render(table: Table) {
    let _ = (table.to_string(), table.to_html(), table.to_csv(), table.to_markdown());
}

/// Writes the input, or a file that says it of itself; whether there is one.
fn write(path: &Path, key: &str, bytes: &[u8], file: &[u8]) -> bool {
    let bytes = if bytes.starts_with(b"{") {
        let Ok(description) = String::from_utf8(bytes.to_vec()) else { return false };
        let tensors = SafeTensors::deserialize(file).expect("a file that was saved");
        let metadata = HashMap::from([(key.to_owned(), description)]);
        safetensors::serialize(tensors.iter(), Some(metadata)).expect("tensors that were read")
    } else {
        bytes.to_vec()
    };
    fs::write(path, bytes).expect("a file that can be written");
    true
}

/// What fuzzing starts from: the name of a target, and what its reader takes, as vardrop writes it.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let images = |count: u8| {
        [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3][..], &vec![77; 6 * usize::from(count)]].concat()
    };
    let labels = |count: u8| [&[0, 0, 8, 1, 0, 0, 0, count][..], &(0..count).collect::<Vec<u8>>()].concat();
    let four = |files: [Vec<u8>; 4]| {
        let lengths = files[..3].iter().flat_map(|file| (file.len() as u16).to_le_bytes()).collect();
        [vec![lengths], files.into()].concat().concat()
    };
    let mut seeds = vec![
        ("idx", images(2)),
        ("idx", labels(3)),
        ("idx", gzip(&images(1))),
        ("folder", four([images(3), labels(3), images(1), labels(1)])),
        ("folder", four([gzip(&images(4)), labels(4), gzip(&images(2)), labels(2)])),
        ("table", b"area,side,price\n40,south,100.5\n75.5,\"north, west\",210\n".to_vec()),
        ("table", b"a;b\r\n1;p\r\n2;q\r\n".to_vec()),
        ("model", with_file(|path| trained(Method::VariationalA2).export(path))),
        ("model", description("vardrop", &saved(Method::VariationalB))),
        ("pruned", saved_pruned()),
        ("pruned", description("vardrop-pruned", &saved_pruned())),
        ("plan", include_bytes!("../experiments/figure1.toml").to_vec()),
        ("plan", include_bytes!("../experiments/engine.toml").to_vec()),
        ("paper", include_bytes!("../paper/figure1.csv").to_vec()),
        ("paper", include_bytes!("../paper/figure1_replication.csv").to_vec()),
        ("paper", include_bytes!("../paper/table1.csv").to_vec()),
    ];
    seeds.extend(Method::ALL.map(|method| ("model", saved(method))));
    let of_sweep = Record::of(&trained(Method::VariationalA), "vardrop train").expect("an epoch has ended");
    let line = vardrop::to_json(&of_sweep).expect("finite numbers").into_bytes();
    seeds.push(("records", [&line[..], &line[..line.len() / 2]].join(&b'\n')));
    for file in [
        &include_bytes!("../results/table1-on-the-way/records.jsonl")[..],
        include_bytes!("../results/uncertainty/evaluations.jsonl"),
        include_bytes!("../results/sparse/lenet-300-100.jsonl"),
    ] {
        let line = file.split_inclusive(|&byte| byte == b'\n').next().expect("a line");
        seeds.push(("records", line.to_vec()));
    }
    seeds
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes all")
}

fn description(key: &str, file: &[u8]) -> Vec<u8> {
    let (_, metadata) = SafeTensors::read_metadata(file).expect("a file that was saved");
    metadata.metadata().as_ref().expect("a description")[key].clone().into_bytes()
}

/// Small images of 2 × 3 pixels.
pub static SPLITS: LazyLock<Splits> = LazyLock::new(|| {
    let dataset = |examples: usize| {
        let labels = (0..examples).map(|example| (example % 10) as u8).collect();
        let pixels = Array2::from_shape_fn((examples, 6), |(example, pixel)| (example * 29 + pixel * 47) as u8);
        Dataset::new("small", pixels, labels, 2, 3).expect("labels below 10")
    };
    Splits::hold_out(dataset(40), dataset(7), 4).expect("more than 4")
});

/// The file of a network that was trained for an epoch.
pub fn saved(method: Method) -> Vec<u8> {
    with_file(|path| trained(method).save(path))
}

/// The file of a network that was pruned.
pub fn saved_pruned() -> Vec<u8> {
    let trainer = trained(Method::Sparse);
    let pruned = prune(trainer.best_network(), -2.0).and_then(|network| SparseNetwork::new(&network));
    let network = pruned.expect("weights are left");
    let data = Identity { dataset: "small", dataset_digest: None };
    with_file(|path| SparseModel::new(network, trainer.config(), data, SPLITS.train.len(), -2.0, 0).save(path))
}

fn trained(method: Method) -> Trainer<'static> {
    let config = Config::new(method, &[4, 3]).epochs(2).batch_size(9).threads(1);
    let mut trainer = Trainer::new(config, &SPLITS).expect("a small network");
    trainer.run(|_| std::ops::ControlFlow::Continue(())).expect("finite numbers");
    trainer
}

fn with_file(write: impl FnOnce(&Path) -> vardrop::Result<()>) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("file");
    write(&path)
        .and_then(|()| fs::read(&path).map_err(|source| vardrop::Error::Io { action: "read", path, source }))
        .expect("a file")
}
