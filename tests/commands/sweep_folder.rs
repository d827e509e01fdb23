//! The folder of a sweep: other plans and other files may be in it, files in it may be damaged, and the plan may change meanwhile;
//! what is not the sweep's own stays, and what is damaged is named.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::place::{PLAN, Place, terminate, wait_for};

/// A plan of networks without noise with three hidden layers of these widths, seed 1.
fn plan(widths: &str, epochs: usize) -> String {
    format!(
        "data = \"digits\"\n[protocol]\nepochs = {epochs}\nheld_out = 100\nbatch_size = 10\n\
         [[grid]]\nmethods = [\"none\"]\nwidths = {widths}\nseeds = [1]\n"
    )
}

/// Trains the first network of the plan for a while and leaves its checkpoint.
fn leave_checkpoint(place: &Place, arguments: &str, network: &str) {
    let child = place.command(&format!("{arguments} --checkpoint-seconds 0")).spawn().unwrap();
    let checkpoint = place.path(format!("out/networks/{network}.safetensors"));
    wait_for(|| checkpoint.exists());
    terminate(&child);
    child.wait_with_output().unwrap();
    assert!(checkpoint.exists());
}

#[test]
fn a_finished_sweep_leaves_what_is_not_its_own() {
    let place = Place::new(&plan("[6]", 2));
    let networks = place.path("out/networks");
    fs::create_dir_all(networks.join("folder")).unwrap();
    for name in ["my-model.safetensors", "none-3x9-1.safetensors", "none-3x9-1.lock"] {
        fs::write(networks.join(name), "kept").unwrap();
    }
    // What a user calls so, and what a killed process left while it wrote a checkpoint.
    for name in [".none-3x9-1.safetensors-a1B2c3", ".none-3x6-1.safetensors.vardrop-unfinished-0123456789abcdef"] {
        fs::create_dir(networks.join(name)).unwrap();
        fs::write(networks.join(name).join("lock"), "").unwrap();
        fs::write(networks.join(name).join("new"), "half").unwrap();
    }
    place.run("--out out", 0);
    place.run("--out out", 0);
    assert_eq!(fs::read_dir(&networks).unwrap().count(), 5);
    assert_eq!(fs::read_to_string(networks.join("none-3x9-1.safetensors")).unwrap(), "kept");
}

#[test]
fn a_network_goes_on_where_it_was_when_others_come_before_it_in_the_plan() {
    let place = Place::new(&plan("[9]", 20_000));
    leave_checkpoint(&place, "--out out --jobs 1", "none-3x9-1");
    fs::write(place.path("plan.toml"), plan("[8, 9]", 20_000)).unwrap();
    let child = place.command("--out out --task 1").stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| place.path("out/networks/none-3x9-1.lock").exists());
    std::thread::sleep(Duration::from_millis(300));
    terminate(&child);
    let Output { stderr, .. } = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(stderr.contains("1: none 9-9-9, seed 1: goes on after epoch"), "{stderr}");
}

#[test]
fn two_plans_at_once_train_a_network_that_both_have_once() {
    let place = Place::new(&plan("[9]", 20_000));
    fs::write(place.path("other.toml"), plan("[8, 9]", 20_000)).unwrap();
    let child = place.command("--out out").spawn().unwrap();
    wait_for(|| place.path("out/networks/none-3x9-1.lock").exists());
    std::thread::sleep(Duration::from_millis(100));
    fs::rename(place.path("other.toml"), place.path("plan.toml")).unwrap();
    assert!(place.run("--out out --task 1", 1).contains("1: none 9-9-9, seed 1: another process trains it"));
    terminate(&child);
    child.wait_with_output().unwrap();
}

#[test]
fn a_task_of_a_changed_plan_overwrites_no_record() {
    let place = Place::new(&plan("[6]", 2));
    place.run("--out out --task 0", 0);
    fs::write(place.path("plan.toml"), plan("[5, 6]", 2)).unwrap();
    place.run("--out out --task 0", 0);
    assert_eq!(place.figures("out").len(), 2);
}

#[test]
fn a_record_that_is_cut_off_is_told_and_its_network_trained_again() {
    let place = Place::new(&plan("[5, 6]", 2));
    place.run("--out whole", 0);
    place.run("--out out", 0);
    let path = place.path("out/none-3x5-1.jsonl");
    let cut = fs::read(&path).unwrap()[..300].to_owned();
    fs::write(&path, &cut).unwrap();
    let message = place.run("--out out", 0);
    for part in ["none-3x5-1.jsonl", "line 1: 300 bytes of a record that was cut off are left out"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(place.figures("out"), place.figures("whole"));
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 3, "a file a record, and networks");
    assert_eq!(fs::read_dir(place.path("out/networks")).unwrap().count(), 0);
}

#[test]
fn a_last_line_is_removed_only_where_a_crash_cut_it_off() {
    let place = Place::new(&plan("[5, 6]", 2));
    place.run("--out whole", 0);
    let whole = ["6", "5"]
        .map(|width| fs::read_to_string(place.path(format!("whole/none-3x{width}-1.jsonl"))).unwrap())
        .concat();
    fs::create_dir(place.path("out")).unwrap();
    let path = place.path("out/none-3x5-1.jsonl");
    let first = whole.lines().next().unwrap();
    let other = first.replace("\"none\"", "\"new-method\"");
    let list = format!("[{}]", whole.lines().collect::<Vec<_>>().join(","));
    for kept in [other, list, "a note".to_owned(), "\"a note".to_owned(), whole.replace('\n', "\r")] {
        fs::write(&path, &kept).unwrap();
        let message = place.run("--out out", 1);
        assert!(message.contains("out/none-3x5-1.jsonl is not a file of records: line 1, column "), "{message}");
        assert_eq!(fs::read_to_string(&path).unwrap(), kept);
    }
    fs::write(&path, format!("{first}\n{}", &first[..200])).unwrap();
    let message = place.run("--out out", 0);
    assert!(message.contains("line 2: 200 bytes of a record that was cut off are left out"), "{message}");
    assert_eq!(place.figures("out"), place.figures("whole"));
}

#[test]
fn a_damaged_checkpoint_fails_its_network_alone_and_says_what_to_do() {
    let place = Place::new(&plan("[5, 6]", 3));
    place.run("--out whole", 0);
    fs::create_dir_all(place.path("out/networks")).unwrap();
    let checkpoint = place.path("out/networks/none-3x6-1.safetensors");
    fs::write(&checkpoint, "damaged").unwrap();
    let message = place.run("--out out --jobs 1", 1);
    for part in [
        "failed: ",
        "none-3x6-1.safetensors is not a checkpoint to go on from: ",
        "1 failed",
        "remove it, and the network",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("train --save"), "{message}");
    assert_eq!(fs::read_to_string(&checkpoint).unwrap(), "damaged");
    assert_eq!(place.figures("out").len(), 1);
    fs::remove_file(&checkpoint).unwrap();
    fs::create_dir(&checkpoint).unwrap();
    let message = place.run("--out out", 1);
    assert!(message.contains("not a checkpoint to go on from: is a directory; remove it, and"), "{message}");
    fs::remove_dir(&checkpoint).unwrap();
    place.run("--out out", 0);
    assert_eq!(place.figures("out"), place.figures("whole"));
}

/// As if it had been written on another processor, whose name is as long.
fn move_to_another_processor(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let key = b"\"processor\":\"";
    // In a model's header the JSON is within a string, its quotes with backslashes.
    let escaped = br#"\"processor\":\""#;
    let find = |key: &[u8]| bytes.windows(key.len()).position(|part| part == key).map(|at| at + key.len());
    let at = find(key).or_else(|| find(escaped)).unwrap();
    bytes[at] = b'?';
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_folder_of_networks_from_two_processors_says_so() {
    let place = Place::new(&plan("[6]", 2));
    assert!(!place.run("--out out", 0).contains("note:"));
    move_to_another_processor(&place.path("out/none-3x6-1.jsonl"));
    fs::write(place.path("plan.toml"), plan("[5, 6]", 2)).unwrap();
    let text = place.run("--out out", 0);
    assert!(text.contains("note: with this machine's, the networks in out are from ?"), "{text}");
    let mut report = Command::new(env!("CARGO_BIN_EXE_vardrop"));
    let report = report.args(["report", "figure1", "out"]).current_dir(place.root()).output().unwrap();
    let stderr = String::from_utf8(report.stderr).unwrap();
    assert!(report.status.success() && stderr.contains("note: the records are from ?"), "{stderr}");

    fs::write(place.path("plan.toml"), plan("[9]", 20_000)).unwrap();
    leave_checkpoint(&place, "--out out --jobs 1", "none-3x9-1");
    move_to_another_processor(&place.path("out/networks/none-3x9-1.safetensors"));
    let child = place.command("--out out --jobs 1").spawn().unwrap();
    wait_for(|| place.path("out/networks/none-3x9-1.lock").exists());
    std::thread::sleep(Duration::from_millis(300));
    terminate(&child);
    let stderr = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    assert!(
        stderr.contains("none 9-9-9, seed 1 continues on another machine (?") && stderr.contains(", then "),
        "{stderr}"
    );
}

#[test]
fn what_a_later_grid_cannot_have_is_named_before_the_first_is_trained() {
    let late = "[[grid]]\nmethods = [\"none\"]\nwidths = [7]\nseeds = [1]\nprotocol = ";
    for (setting, part) in [
        ("{ batch_size = 1500 }", "batch_size 1500 is more than the 200 training examples"),
        ("{ hidden_rate = 1.5 }", "hidden_rate is 1.5"),
        (
            "{ epochs = 3 }\n[[grid]]\nmethods = [\"none\"]\nwidths = [100000]\nseeds = [1]",
            "at most 1073741824 weights",
        ),
    ] {
        let place = Place::new(&format!("{}{late}{setting}\n", plan("[6]", 2)));
        let message = place.run("--out out", 1);
        assert!(message.contains(part), "{message}");
        assert!(!place.path("out").exists());
    }
}

#[test]
fn networks_of_two_protocols_are_timed_by_themselves() {
    let other = "[[grid]]\nmethods = [\"none\"]\nwidths = [6]\nseeds = [2]\nprotocol = { batch_size = 100 }\n";
    let place = Place::new(&(plan("[6]", 2) + other));
    let text = place.run("--out out --dry-run --jobs 100", 0);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("No dropout  6, 6, 6")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_ne!(lines[0], lines[1], "each has its protocol");
}

#[test]
fn a_plan_that_trains_a_network_in_another_way_meanwhile_is_refused_when_its_turn_comes() {
    let two = plan("[9]", 20_000).replace("seeds = [1]", "seeds = [1, 2]");
    let place = Place::new(&two);
    let child = place.command("--out out --jobs 1").stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| place.path("out/networks/none-3x9-1.lock").exists());
    std::thread::sleep(Duration::from_millis(100));
    fs::write(place.path("plan.toml"), two.replace("20000", "2")).unwrap();
    // The first network is locked, and the second trained in the way of the changed plan.
    place.run("--out out --jobs 1", 1);
    terminate(&child);
    child.wait_with_output().unwrap();
    assert_eq!(place.figures("out").len(), 1);
    fs::write(place.path("plan.toml"), two).unwrap();
    assert!(place.run("--out out --task 1", 1).contains("by another protocol"));
}

#[cfg(unix)]
#[test]
fn a_device_in_the_place_of_a_file_of_records_stays_a_device() {
    use std::os::unix::fs::FileTypeExt;
    let place = Place::new(&plan("[6]", 2));
    fs::create_dir(place.path("out")).unwrap();
    let pipe = place.path("out/records.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(place.run("--out out", 1).contains("expected a file of records: remove it, or name another folder"));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_unicode_is_a_path() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new(&PLAN.replace("epochs = 12", "epochs = 1"));
    let mut command = place.command("--task 0 --out");
    let output = command.arg(std::ffi::OsStr::from_bytes(b"out\xff")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
