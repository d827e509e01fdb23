//! The presets against the plans and the records that they stand for, and the plans against the records that were made by them.
#![cfg(feature = "sweep")]

use std::path::{Path, PathBuf};

use vardrop::Method;
use vardrop::experiment::{Record, Records, SweepPlan};
use vardrop::training::{Preset, Protocol};
use vardrop::uncertainty::EvaluationRecord;
use vardrop::variance::VarianceRecord;

/// Every plan under `experiments/`, its number of networks, and the hashes of their protocols.
///
/// Computed apart from the crate, from the settings of the first records (`67e7db97901f`) and what each plan named on top of them
/// before there were presets: SHA-256 of the settings as JSON, keys sorted, as [`Protocol::hash`] says.
const PLANS: [(&str, usize, &[&str]); 39] = [
    ("ablation/input-noise", 18, &["ec0ae5c8b256"]),
    ("ablation/last-step", 6, &["bee1d5ab570e"]),
    ("ablation/longer", 12, &["2ece81d6525e"]),
    ("ablation/small-batch", 3, &["d5b25e1dea4e"]),
    ("ablation/wide-validation", 9, &["56196803f5d7"]),
    ("engine", 15, &["3dda0410d741"]),
    (
        "figure1",
        180,
        &[
            "3ad1a3e1173c",
            "526f6d067cdf",
            "6885e0e164ff",
            "712276d01b7c",
            "8d4330db3dd6",
            "c1e49b49d096",
            "e25788a31398",
        ],
    ),
    ("protocol/100-1e-3-constant", 6, &["fb9109f35db3"]),
    ("protocol/average", 3, &["c8c7b8098a33"]),
    ("protocol/average-250", 3, &["c8c7b8098a33"]),
    ("protocol/batch-50", 3, &["e92b58ab3f0b"]),
    ("protocol/batch-50-250", 3, &["e92b58ab3f0b"]),
    ("protocol/falling", 6, &["7b9f3e72299c"]),
    ("protocol/first-grid", 168, &["1bc8caec7c38"]),
    ("protocol/second/base", 2, &["c8c7b8098a33"]),
    ("protocol/second/batch-200", 4, &["5281d526f32a"]),
    ("protocol/second/epochs-100", 7, &["675a38ac3a57"]),
    ("protocol/second/epochs-100-small-step", 1, &["c1577122b189"]),
    ("protocol/second/epochs-100-small-step-longer", 2, &["4b9de0a6c865"]),
    ("protocol/second/epochs-250", 1, &["c1577122b189"]),
    ("protocol/second/epochs-500", 2, &["c1577122b189"]),
    ("protocol/second/large-step", 4, &["cf99bf38dedc"]),
    ("protocol/second/large-step-falling", 4, &["2e67f2314fac"]),
    ("protocol/second/long-average", 4, &["8b402f644a7a"]),
    ("protocol/second/longer", 4, &["f220b643c01f"]),
    ("protocol/second/longer-500", 3, &["f220b643c01f"]),
    ("protocol/second/longer-falling", 4, &["04e40f22ca6a"]),
    ("protocol/second/longer-small-step", 4, &["c1577122b189"]),
    ("protocol/second/longer-small-step-100", 3, &["c1577122b189"]),
    ("protocol/second/longer-small-step-500", 3, &["c1577122b189"]),
    ("protocol/second/output-noise", 2, &["f220b643c01f"]),
    ("protocol/second/plain-alpha", 2, &["56196803f5d7"]),
    ("protocol/second/small-step-output-noise", 4, &["c1577122b189"]),
    ("protocol/small-batch", 3, &["63545d83896b"]),
    ("protocol/small-batch-average", 3, &["b9a1cff04bc3"]),
    ("protocol/small-batch-average-250", 3, &["b9a1cff04bc3"]),
    ("protocol/small-batch-falling", 3, &["5d918e35ea86"]),
    ("protocol/wide/step-1e-3", 27, &["56196803f5d7"]),
    ("protocol/wide/step-3e-4", 20, &["c1577122b189"]),
];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn plan(name: &str) -> SweepPlan {
    SweepPlan::open(root(&format!("experiments/{name}.toml"))).unwrap()
}

/// Where the records of a plan are: in a folder of its name, but for one plan.
fn results_of(plan: &str) -> Vec<String> {
    match plan {
        "engine" => ["before", "after", "lists"].map(|folder| format!("results/engine/{folder}")).to_vec(),
        name => vec![format!("results/{name}")],
    }
}

fn plans_in(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            plans_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.with_extension("").strip_prefix(root("experiments")).unwrap().to_owned();
            found.push(name.to_str().unwrap().replace('\\', "/"));
        }
    }
}

#[test]
fn every_committed_plan_is_the_one_that_it_was_before_there_were_presets() {
    let mut found = Vec::new();
    plans_in(&root("experiments"), &mut found);
    found.sort();
    assert_eq!(found, PLANS.map(|(name, ..)| name));
    for (name, networks, expected) in PLANS {
        let plan = plan(name);
        assert_eq!(plan.networks().len(), networks, "{name}");
        let mut hashes: Vec<String> = plan.networks().iter().map(|config| config.protocol.hash()).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes, expected, "{name}");
    }
}

#[test]
fn every_record_of_a_sweep_is_of_a_network_of_its_plan() {
    for (name, ..) in PLANS {
        let plan = plan(name);
        for folder in results_of(name).iter().filter(|folder| root(folder).exists()) {
            let records = Records::open(root(folder)).unwrap();
            assert!(!records.is_empty(), "{folder}");
            for record in records.iter() {
                let is_its = plan.networks().iter().any(|config| {
                    (config.method, &config.hidden, config.seed) == (record.method, &record.hidden, record.seed)
                        && config.protocol == record.protocol
                });
                assert!(is_its, "{name}: {} {:?}, seed {}", record.method, record.hidden, record.seed);
            }
        }
    }
}

fn preset_of(record: &Record) -> Option<Preset> {
    record.protocol.preset(record.method, &record.hidden)
}

#[test]
fn figure_1_is_the_default_of_its_methods_in_the_plan_and_in_its_records() {
    let plan = plan("figure1");
    for config in plan.networks() {
        let default = Preset::of(config.method).protocol(config.method, &config.hidden).unwrap();
        assert_eq!(config.protocol, default, "{} {:?}", config.method, config.hidden);
    }
    let records = Records::open(root("results/figure1")).unwrap();
    assert_eq!(records.len(), plan.networks().len());
    assert!(records.iter().all(|record| preset_of(record) == Some(Preset::Figure1)));
}

#[test]
fn the_records_of_table_1_and_of_the_sparse_network_have_their_presets() {
    let (records, _) = VarianceRecord::open(root("results/table1")).unwrap();
    assert_eq!(records.len(), 40);
    for record in records {
        let whole = Preset::Table1.protocol(record.method, &record.hidden).unwrap();
        assert_eq!(record.protocol, whole.with_epochs(record.protocol.epochs));
    }
    let trainings = Records::open(root("results/sparse/training.jsonl")).unwrap();
    let reported: Vec<_> = trainings.iter().filter(|record| record.train_examples == 60_000).map(preset_of).collect();
    assert_eq!(reported, [Some(Preset::Sparse); 3]);
}

#[test]
fn uncertainty_is_measured_on_networks_of_figure_1() {
    let (records, torn) = EvaluationRecord::open(root("results/uncertainty")).unwrap();
    assert!(torn.is_empty() && !records.is_empty());
    for record in records {
        assert_eq!(record.protocol.preset(record.method, &record.hidden), Some(Preset::Figure1));
        assert_eq!((record.train_examples, record.calibration.examples), (60_000, 10_000));
        assert!(record.unknown.iter().any(|unknown| unknown.images == "fashion-mnist"));
        assert!(record.samples.is_none_or(|samples| samples == 100));
    }
}

#[test]
fn the_first_records_have_the_preset_that_is_abandoned() {
    let records = Records::open(root("results/first_light.jsonl")).unwrap();
    assert!(records.len() == 28 && records.iter().all(|record| preset_of(record) == Some(Preset::First)));
}

#[test]
fn other_widths_take_the_nearest_choice_by_ratio_and_unequal_ones_count_as_their_geometric_mean() {
    let binary = |hidden: &[usize]| {
        let Protocol { epochs, learning_rate, .. } = Preset::Figure1.protocol(Method::None, hidden).unwrap();
        (epochs, learning_rate)
    };
    // Without dropout the three choices are 60, 30 and 60 epochs; variational A tells the first from the last.
    let variational = |width: usize| {
        let protocol = Preset::Figure1.protocol(Method::VariationalA, &[width; 2]).unwrap();
        (protocol.epochs, protocol.learning_rate)
    };
    for (width, epochs) in [(1, 60), (158, 60), (159, 30), (353, 30), (354, 60), (1_000_000, 60)] {
        assert_eq!(binary(&[width; 3]), (epochs, 1e-3), "{width}");
    }
    assert_eq!(
        [1, 158, 159, 353, 354, usize::MAX].map(variational).map(|(epochs, _)| epochs),
        [120, 120, 60, 60, 120, 120]
    );
    assert_eq!((variational(158).1, variational(354).1), (1e-3, 3e-4));
    // √(20 · 2000) = 200 and √(20 · 1000) = 141.
    assert_eq!((binary(&[20, 2000]).0, binary(&[20, 1000]).0), (30, 60));
    // Wrong widths are named by a check, and not here.
    assert_eq!((binary(&[]).0, binary(&[0]).0), (60, 60));
}

#[test]
fn a_preset_is_for_its_methods_alone_and_no_two_are_one() {
    for method in Method::ALL {
        let own: Vec<(Preset, Protocol)> = Preset::ALL
            .into_iter()
            .filter_map(|preset| Some((preset, preset.protocol(method, &[100; 3]).ok()?)))
            .collect();
        let names: Vec<&str> = own.iter().map(|(preset, _)| preset.name()).collect();
        let expected: &[&str] = match method {
            Method::Sparse => &["sparse", "table"],
            _ => &["figure1", "table1", "first", "table"],
        };
        assert_eq!(names, expected, "{method}");
        assert!(names.contains(&Preset::of(method).name()));
        for (preset, protocol) in own {
            assert_eq!(protocol.preset(method, &[100; 3]), Some(preset));
            assert_eq!(preset.name().parse::<Preset>().unwrap(), preset);
        }
    }
    let message = Preset::Figure1.protocol(Method::Sparse, &[300, 100]).unwrap_err().to_string();
    assert_eq!(message, "preset figure1 has no settings for the method sparse: name sparse, or leave it out");
    let message = "figure2".parse::<Preset>().unwrap_err().to_string();
    assert!(message.contains("figure2") && message.contains("figure1, table1, sparse, first, table"), "{message}");
}

#[test]
fn another_number_of_epochs_keeps_a_constant_step_size_constant_and_a_sparse_networks_phases_in_proportion() {
    let constant = Preset::Figure1.protocol(Method::None, &[100]).unwrap().with_epochs(7);
    assert_eq!((constant.epochs, constant.constant_epochs), (7, 7));
    let sparse = |epochs| Preset::Sparse.protocol(Method::Sparse, &[300, 100]).unwrap().with_epochs(epochs);
    let phases = |protocol: Protocol| (protocol.epochs, protocol.constant_epochs, protocol.kl_warm_up);
    assert_eq!(phases(sparse(200)), (200, 100, Some([5.0, 20.0])));
    assert_eq!(phases(sparse(30)), (30, 15, Some([0.75, 3.0])));
    assert_eq!(sparse(31).with_epochs(200), sparse(200), "whatever was rounded on the way");
    let own = Protocol { constant_epochs: 80, ..sparse(200) };
    assert_eq!(phases(own.with_epochs(100)), (100, 80, Some([5.0, 20.0])), "what was set otherwise stays");
}
