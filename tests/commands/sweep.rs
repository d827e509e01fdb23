//! `vardrop sweep`: that no moment of death loses, doubles or tears a record, and that the numbers are those of an undisturbed
//! sweep; single tasks; what is refused.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::place::{PLAN, Place, terminate, wait_for};
use serde_json::Value;
use vardrop::experiment::Records;

/// How many kills: 20, unless the environment says another number.
///
///     VARDROP_KILLS=200 cargo test --locked --release --test commands kills -- --nocapture
fn kills() -> usize {
    let wanted = std::env::var("VARDROP_KILLS").unwrap_or("20".to_owned());
    wanted.parse().unwrap_or_else(|_| panic!("VARDROP_KILLS is {wanted:?}: expected a number, such as 200"))
}

#[test]
fn kills_at_any_moment_lose_double_and_tear_no_record_and_change_no_number() {
    let place = Place::new(PLAN);
    let start = Instant::now();
    place.run("--out whole --jobs 2", 0);
    let whole_takes = start.elapsed();
    let whole = place.figures("whole");
    assert_eq!(whole.len(), 12);
    // Moments all over a sweep, spread evenly by a sequence of low discrepancy: the golden ratio's multiples.
    let moment = |kill: usize| whole_takes.mul_f64((kill as f64 * 0.618_033_988_749_895).fract());
    let (wanted, mut kills, mut folder, mut resumed) = (kills(), 0, 0, 0);
    while kills < wanted {
        let mut child = place.command(&format!("--out {folder} --jobs 2 --checkpoint-seconds 0")).spawn().unwrap();
        std::thread::sleep(moment(kills));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        } else {
            folder += 1;
        }
        let output = child.wait_with_output().unwrap();
        resumed += String::from_utf8_lossy(&output.stderr).matches("goes on after epoch").count();
        if place.path(folder.to_string()).exists() {
            let so_far = place.figures(&folder.to_string());
            assert!(so_far.iter().all(|record| whole.contains(record)));
        }
    }
    for folder in 0..=folder {
        place.run(&format!("--out {folder} --jobs 2"), 0);
        assert_eq!(place.figures(&folder.to_string()), whole);
        let left: Vec<_> = fs::read_dir(place.path(format!("{folder}/networks"))).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(fs::read_dir(place.path(folder.to_string())).unwrap().count(), 13, "a file a record, and networks");
    }
    println!("{kills} kills of {} sweeps; {resumed} networks went on from a checkpoint", folder + 1);
}

#[test]
fn a_finished_sweep_trains_nothing_and_two_at_once_train_each_network_once() {
    let place = Place::new(PLAN);
    let children: Vec<_> = (0..3).map(|_| place.command("--out shared --jobs 1").spawn().unwrap()).collect();
    for child in children {
        child.wait_with_output().unwrap();
    }
    place.run("--out shared", 0);
    let files = || {
        let paths = fs::read_dir(place.path("shared")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> =
            paths.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect();
        files.sort();
        files
    };
    let before = files();
    assert!(before.len() == 12 && before.iter().all(|file| file.lines().count() == 1));
    assert!(place.run("--out shared", 0).contains("12 networks have their record"));
    assert_eq!(files(), before);
}

#[test]
fn single_tasks_make_the_sweep() {
    let place = Place::new(&PLAN.replace("epochs = 12", "epochs = 2"));
    place.run("--out whole", 0);
    for task in (0..12).rev() {
        place.run(&format!("--out tasks --task {task}"), 0);
    }
    place.run("--out tasks --task 3", 0);
    assert_eq!(place.figures("tasks"), place.figures("whole"));
}

#[test]
fn a_folder_of_one_file_of_records_or_of_an_older_versions_tasks_is_gone_on_with() {
    let place = Place::new(&PLAN.replace("epochs = 12", "epochs = 2"));
    place.run("--out whole", 0);
    fs::create_dir(place.path("older")).unwrap();
    let record = |network: &str| fs::read_to_string(place.path(format!("whole/{network}.jsonl"))).unwrap();
    fs::write(place.path("older/records.jsonl"), record("none-3x6-1") + &record("none-3x9-2")).unwrap();
    fs::write(place.path("older/task-variational-a-3x6-2.jsonl"), record("variational-a-3x6-2")).unwrap();
    assert!(place.run("--out older --dry-run", 0).contains("9 of 12 networks are left"));
    place.run("--out older", 0);
    assert_eq!(place.figures("older"), place.figures("whole"));
}

#[test]
fn a_dry_run_says_what_is_left_and_trains_nothing() {
    let place = Place::new(&PLAN.replace("epochs = 12", "epochs = 2"));
    place.run("--out out --task 0", 0);
    let text = place.run("--out out --dry-run --jobs 2", 0);
    assert!(text.contains("11 of 12 networks are left: about"), "{text}");
    let record = fs::read_to_string(place.path("out/none-3x6-1.jsonl")).unwrap();
    let hash = serde_json::from_str::<Value>(&record).unwrap()["protocol_hash"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!("protocol {hash}, tasks 0 to 11")), "{text}");
    assert_eq!(place.figures("out").len(), 1);
}

#[test]
fn the_count_is_a_number_alone_and_touches_nothing() {
    let place = Place::new(&PLAN.replace("\"digits\"", "\"./nowhere\""));
    assert_eq!(place.run("--count", 0), "12\n");
    assert!(!place.path("results").exists());
}

#[test]
fn a_termination_signal_leaves_a_checkpoint_and_the_task_goes_on_to_the_same_numbers() {
    let place = Place::new(&PLAN.replace("epochs = 12", "epochs = 1000"));
    place.run("--out whole --task 5", 0);
    let child = place.command("--out out --task 5 --checkpoint-seconds 1000").spawn().unwrap();
    // The lock is taken after the process has begun to watch for signals.
    let lock = place.path("out/networks/variational-b-3x6-2.lock");
    wait_for(|| lock.exists());
    std::thread::sleep(Duration::from_millis(100));
    terminate(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(lock.with_extension("safetensors").exists());
    assert!(place.figures("out").is_empty());
    let text = place.run("--out out --dry-run", 0);
    assert!(text.contains("12 of 12 networks are left, 1 of them under way: about"), "{text}");
    assert!(place.run("--out out --task 5", 0).contains("goes on after epoch"));
    assert_eq!(place.figures("out"), place.figures("whole"));
    assert_eq!(fs::read_dir(place.path("out/networks")).unwrap().count(), 0);
}

#[test]
fn records_from_before_the_hash_are_read_and_have_their_protocols() {
    let records = Records::open(concat!(env!("CARGO_MANIFEST_DIR"), "/results/first_light.jsonl")).unwrap();
    assert_eq!(records.len(), 28);
    assert!(records.iter().all(|record| record.protocol_hash == "67e7db97901f"), "that of the preset `first`");
}

#[test]
fn what_does_not_fit_is_an_error_and_nothing_is_overwritten() {
    let place = Place::new(&PLAN.replace("epochs = 12", "epochs = 2"));
    place.run("--out out", 0);
    let first = "out/none-3x6-1.jsonl";
    let before = fs::read(place.path(first)).unwrap();
    fs::write(place.path("plan.toml"), PLAN).unwrap();
    let message = place.run("--out out", 1);
    for part in ["by another protocol, ", "; epochs 2 there, 12 in the plan)"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(fs::read(place.path(first)).unwrap(), before);
    let hint = "preset = \"first\"";
    assert!(!message.contains(hint), "{message}");
    // A record from before there were presets, and a plan that names none.
    let older = String::from_utf8(before.clone()).unwrap().replace("\"preset\":\"custom\",", "");
    fs::write(place.path(first), &older).unwrap();
    let message = place.run("--out out", 1);
    assert!(message.contains(hint), "{message}");

    fs::write(place.path("plan.toml"), PLAN.replace("widths = [6, 9]", "widths = \"wide\"")).unwrap();
    let message = place.run("--out other", 1);
    assert!(message.contains("plan.toml is not the plan of a sweep") && message.contains("wide"), "{message}");
    assert!(!place.path("other").exists());

    fs::write(place.path("plan.toml"), PLAN).unwrap();
    fs::rename(place.path("digits"), place.path("elsewhere")).unwrap();
    fs::create_dir(place.path("digits")).unwrap();
    assert!(place.run("--out early --jobs 0", 2).contains("'0' for '--jobs <N>'"), "before the data is looked for");
    assert!(place.run("--out early --task 12", 1).contains("task is 12: expected 0 to 11"), "the same");
    assert!(!place.path("early").exists());
    fs::remove_dir(place.path("digits")).unwrap();
    fs::rename(place.path("elsewhere"), place.path("digits")).unwrap();
    fs::write(place.path("file"), "").unwrap();
    assert!(place.run("--out file", 1).contains("file"));
    fs::create_dir(place.path("odd")).unwrap();
    fs::write(place.path("odd/records.jsonl"), "not a record\n").unwrap();
    assert!(place.run("--out odd", 1).contains("line 1"));
    assert_eq!(fs::read_to_string(place.path("odd/records.jsonl")).unwrap(), "not a record\n");
}

/// A limit on the size of files stands for a full disk: a record does not fit.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_the_next_sweep_goes_on() {
    let place = Place::new(PLAN);
    place.run("--out whole", 0);
    place.run("--out full --task 0", 0);
    let written = place.figures("full");
    let mut shell = Command::new("sh");
    // A block of 512 bytes; without the signal, a write that goes too far is an error.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} sweep plan.toml --out full --jobs 1",
        env!("CARGO_BIN_EXE_vardrop")
    );
    let output = shell.args(["-c", &script]).current_dir(place.root()).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("cannot write full/none-3x9-1.jsonl"), "{message}");
    assert_eq!(place.figures("full"), written, "what was written before is as it was");
    place.run("--out full", 0);
    assert_eq!(place.figures("full"), place.figures("whole"));
}
