//! What the commands do to files: nothing before the work is done, nothing to what is not their own, and nothing by halves.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::ops::Deref;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use crate::support::folder::Folder;
use vardrop::experiment::Records;
use vardrop::files::Kind;
use vardrop::sparse::SparseModel;
use vardrop::training::Model;

/// A folder with a tiny data set.
struct Place(Folder);

impl Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

const TRAIN: &str = "train --data ./digits --held-out 60 --batch-size 20 --threads 1 --hidden 6";

impl Place {
    fn new() -> Self {
        Self(Folder::with_digits())
    }

    /// With a checkpoint `sp.st` of a sparse network and `dense.st` of another, and an exported model `good.st`.
    fn with_models() -> Self {
        let place = Self::new();
        place.run(&format!("{TRAIN} --method sparse --epochs 2 --save sp.st --export good.st"), 0);
        place.run(&format!("{TRAIN} --method none --epochs 1 --save dense.st"), 0);
        place
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Standard output and standard error of a command that ends with a code.
    #[track_caller]
    fn run(&self, arguments: &str, code: i32) -> (String, String) {
        told(self.command(arguments).output().unwrap(), code)
    }

    /// A command as a shell reads it, with `vardrop` for the program.
    #[track_caller]
    fn shell(&self, line: &str, code: i32) -> (String, String) {
        let script = format!("vardrop() {{ {} \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_vardrop"));
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).current_dir(self.root()).env_remove("MNIST_DIR").stdin(Stdio::null());
        told(shell.output().unwrap(), code)
    }

    /// What is in the folder and was not there at first.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "digits");
        names.sort();
        names
    }
}

#[track_caller]
fn told(Output { status, stdout, stderr }: Output, code: i32) -> (String, String) {
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(status.code(), Some(code), "{stdout}{stderr}");
    (stdout, stderr)
}

/// Ends a training by Ctrl-C once its first line is printed; the lines that follow.
fn interrupt(mut child: Child) -> (Vec<String>, Output) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line.starts_with("epoch 1/")));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest = lines.collect();
    (rest, child.wait_with_output().unwrap())
}

#[test]
fn an_interrupted_or_diverged_run_leaves_the_old_files_byte_for_byte() {
    let place = Place::with_models();
    let good = place.read("good.st");
    let endless = format!("{TRAIN} --method none --epochs 1000000 --export good.st --record runs.jsonl");
    interrupt(place.command(&endless).spawn().unwrap());
    place
        .run(&format!("{TRAIN} --method none --epochs 3 --learning-rate 1e30 --export good.st --record runs.jsonl"), 1);
    place.run(&format!("{TRAIN} --method none --learning-rate 1e30 --save good.st --force"), 1);
    place.run(&format!("{TRAIN} --method none --batch-size 1000 --export good.st"), 2);
    assert_eq!(place.read("good.st"), good);
    assert_eq!(place.names(), ["dense.st", "good.st", "sp.st"]);
    // Finished work takes the place of a model of its kind, at once and with its permissions.
    fs::set_permissions(place.path("good.st"), fs::Permissions::from_mode(0o640)).unwrap();
    place.run(&format!("{TRAIN} --method none --epochs 1 --export good.st"), 0);
    assert_eq!(Model::open(place.path("good.st")).unwrap().info.config.method.name(), "none");
    assert_eq!(fs::metadata(place.path("good.st")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn one_file_has_one_use_whatever_it_is_called() {
    let place = Place::with_models();
    symlink("sp.st", place.path("soft")).unwrap();
    fs::hard_link(place.path("sp.st"), place.path("hard")).unwrap();
    symlink(".", place.path("here")).unwrap();
    symlink("new", place.path("dangling")).unwrap();
    let before = (place.read("sp.st"), place.names());
    for other in ["sp.st", "./sp.st", "here/sp.st", "soft", "hard", "digits/../sp.st"] {
        for arguments in [
            format!("prune sp.st --out {other}"),
            format!("prune {other} --out sp.st"),
            format!("prune sp.st --record {other}"),
            format!("train --resume sp.st --export {other}"),
            format!("train --resume sp.st --save sp.st --export {other}"),
            format!("train --resume sp.st --record {other}"),
            format!("{} --method sparse --start sp.st --save {other}", TRAIN.replace("--hidden 6", "")),
            format!("evaluate sp.st --record {other}"),
            format!("variance sp.st --batch-size 20 --record {other}"),
        ] {
            let (_, message) = place.run(&format!("{arguments} --force"), 1);
            assert!(message.contains("expected another file than "), "{arguments}: {message}");
        }
    }
    for arguments in [
        "--save new --export new",
        "--save new --export ./new",
        "--save new --record here/new",
        "--export new --record dangling",
        "--export dangling --save new",
        "--export digits/train-images-idx3-ubyte",
        "--record digits/t10k-labels-idx1-ubyte",
    ] {
        let (_, message) = place.run(&format!("{TRAIN} --method none {arguments} --force"), 1);
        assert!(message.contains("expected another file than "), "{arguments}: {message}");
    }
    let folder = "variance --data ./digits --hidden 6 --epochs 1 --batch-size 20 --save .";
    place.run(&format!("{folder} --record training.safetensors"), 1);
    // Standard output, when it is a file.
    let (_, message) = place.shell(&format!("vardrop {TRAIN} --method none --record log >> log"), 1);
    assert!(message.contains("another file than standard output"), "{message}");
    fs::remove_file(place.path("log")).unwrap();
    assert_eq!((place.read("sp.st"), place.names()), before);
    place.run("train --resume sp.st --save ./soft --epochs 2", 0);
    assert!(place.path("soft").is_symlink());
}

#[test]
fn what_vardrop_did_not_write_is_not_written_to_without_force() {
    let place = Place::with_models();
    place.run("evaluate sp.st --record evaluations.jsonl", 0);
    place.run("prune sp.st --threshold 0 --out pruned.st --record prunings.jsonl", 0);
    place.run("variance dense.st --batch-size 40 --estimators none --record variances.jsonl", 0);
    place.run(&format!("{TRAIN} --method none --epochs 1 --record runs.jsonl"), 0);
    place.write("notes.txt", "what I have seen\n");
    let before: Vec<_> = place.names().iter().map(|name| place.read(name)).collect();
    let run = format!("{TRAIN} --method none --epochs 1");
    for (arguments, names) in [
        (format!("{run} --export"), "notes.txt sp.st pruned.st runs.jsonl"),
        (format!("{run} --save"), "notes.txt sp.st pruned.st good.st runs.jsonl"),
        (format!("{run} --record"), "notes.txt sp.st evaluations.jsonl prunings.jsonl variances.jsonl"),
        ("prune sp.st --threshold 0 --out".into(), "notes.txt good.st prunings.jsonl"),
        ("prune sp.st --threshold 0 --record".into(), "notes.txt runs.jsonl evaluations.jsonl variances.jsonl"),
        ("evaluate sp.st --record".into(), "notes.txt runs.jsonl prunings.jsonl variances.jsonl"),
        ("variance dense.st --batch-size 40 --record".into(), "notes.txt runs.jsonl evaluations.jsonl prunings.jsonl"),
    ] {
        for name in names.split(' ') {
            let (_, message) = place.run(&format!("{arguments} {name}"), 1);
            assert!(message.starts_with(&format!("error: {name} is ")), "{arguments} {name}: {message}");
            if name != "sp.st" || !arguments.starts_with("prune") {
                let command = arguments.split_once(' ').unwrap().0;
                let again = format!("to write to it anyway: vardrop {command} --force ");
                assert!(message.contains(&again), "{arguments} {name}: {message}");
            }
        }
    }
    for (name, kind) in [("variances", "gradients' variances"), ("prunings", "pruned networks")] {
        let (_, message) = place.run(&format!("{run} --record {name}.jsonl"), 1);
        assert!(message.contains(&format!("records of {kind} (line 1)")), "{message}");
    }
    let after: Vec<_> = place.names().iter().map(|name| place.read(name)).collect();
    assert!(after == before, "nothing was touched");

    // The command that the message names does it.
    let (_, message) = place.run(&format!("{run} --record notes.txt"), 1);
    place.shell(message.rsplit_once("anyway: ").unwrap().1, 0);
    let notes = String::from_utf8(place.read("notes.txt")).unwrap();
    assert!(notes.starts_with("what I have seen\n{\"method\":\"none\"") && notes.lines().count() == 2, "{notes}");
    place.run(&format!("{run} --export notes.txt --force"), 0);
    assert_eq!(Kind::of(place.path("notes.txt")).unwrap(), Some(Kind::Exported));
    let (_, message) = place.run("report table1 runs.jsonl", 1);
    assert!(message.contains("line 1 is a record of a training run"), "{message}");
}

#[test]
fn a_device_pipe_or_link_is_written_through_and_what_cannot_be_is_refused() {
    let place = Place::with_models();
    // As root, the real one would be lost to a mistake.
    let null = place.path("null");
    let made = Command::new("mknod").arg(&null).args(["c", "1", "3"]).stderr(Stdio::null()).status().unwrap().success();
    let null = if made { "null" } else { "/dev/null" };
    place.run(&format!("prune sp.st --threshold 0 --out {null} --record {null}"), 0);
    place.run(&format!("{TRAIN} --method none --epochs 1 --export {null} --record {null}"), 0);
    assert!(fs::metadata(place.path(null)).unwrap().file_type().is_char_device());
    place.run(&format!("{TRAIN} --method none --epochs 1 --save {null}"), 1);

    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let child = place.command("prune sp.st --threshold 0 --out pipe").spawn().unwrap();
    let mut bytes = Vec::new();
    fs::File::open(place.path("pipe")).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(fs::metadata(place.path("pipe")).unwrap().file_type().is_fifo());
    place.run("prune sp.st --threshold 0 --out pruned.st", 0);
    assert!(bytes == place.read("pruned.st"), "the pipe had the whole network");

    let output = place.command("prune sp.st --threshold 0 --out /dev/stdout").output().unwrap();
    assert!(output.stdout.starts_with(&bytes), "{}", String::from_utf8_lossy(&output.stderr));
    place.shell("vardrop prune sp.st --threshold 0 --out /dev/stdout > out", 1);

    fs::create_dir(place.path("deep")).unwrap();
    symlink("../pruned.st", place.path("deep/link")).unwrap();
    symlink("deep/target", place.path("dangling")).unwrap();
    for (link, target) in [("deep/link", "pruned.st"), ("dangling", "deep/target")] {
        place.run(&format!("prune sp.st --threshold 2 --out {link}"), 0);
        assert!(place.path(link).is_symlink());
        assert_eq!(SparseModel::open(place.path(target)).unwrap().info.threshold, 2.0);
    }
    for out in ["deep", "deep/", "new/", ".", "/proc/new", "/proc/self/new", "no/such", "sp.st/x", "/dev/fd/1x"] {
        let (_, message) = place.run(&format!("prune sp.st --threshold 0 --out {out}"), 1);
        assert!(message.contains("cannot write "), "{out}: {message}");
    }
    assert!(std::os::unix::net::UnixListener::bind(place.path("socket")).is_ok());
    place.run("prune sp.st --threshold 0 --out socket", 1);
}

#[test]
fn a_result_that_cannot_be_kept_is_printed_and_is_an_error() {
    let place = Place::with_models();
    for (arguments, begins) in [
        (format!("{TRAIN} --method none --epochs 1"), "none: test error"),
        (format!("{TRAIN} --method none --epochs 1 --json"), "{\"method\":\"none\""),
        ("evaluate sp.st".to_owned(), "sparse on 100"),
        ("prune sp.st --threshold 0 --out pruned.st --json".to_owned(), "{\"method\""),
        ("variance dense.st --batch-size 40 --estimators none --json".to_owned(), "{\"measurements\""),
    ] {
        let (stdout, stderr) = place.run(&format!("{arguments} --record /dev/full"), 1);
        assert!(stdout.starts_with(begins), "{arguments}: {stdout}");
        assert!(stderr.contains("error: cannot write /dev/full: No space left"), "{arguments}: {stderr}");
    }
    // What comes after the failure is kept all the same.
    let (stdout, stderr) =
        place.run(&format!("{TRAIN} --method none --epochs 1 --export /dev/full --record runs.jsonl --json"), 1);
    assert!(stdout.contains("\"finished\":true") && stderr.contains("/dev/full"), "{stdout}{stderr}");
    assert_eq!(Records::open(place.path("runs.jsonl")).unwrap().len(), 1);
    let (stdout, _) = place.run("prune sp.st --threshold 0 --out /dev/full --record prunings.jsonl", 1);
    assert!(stdout.contains("weights are left") && !stdout.contains("written to"), "{stdout}");
    assert_eq!(place.read("prunings.jsonl").iter().filter(|&&byte| byte == b'\n').count(), 1);

    // A folder that goes away, and room that is too small for a checkpoint, while a training runs.
    fs::create_dir(place.path("going")).unwrap();
    let arguments = "--method none --epochs 60 --export going/e.st --record going/r.jsonl --save going/s.st --json";
    let mut child = place.command(&format!("{TRAIN} {arguments}")).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line.starts_with("epoch 1/")));
    fs::rename(place.path("going"), place.path("gone")).unwrap();
    let rest: Vec<String> = lines.collect();
    let (stdout, _) = told(child.wait_with_output().unwrap(), 1);
    assert!(stdout.contains("\"finished\":true"), "{stdout}");
    let errors = rest.iter().filter(|line| line.starts_with("error: cannot write going/")).count();
    assert!(errors >= 2 && rest.iter().any(|line| line.starts_with("warning: ")), "{rest:?}");
    let limited = format!("trap '' XFSZ; ulimit -f 1; vardrop {TRAIN} --method none --epochs 1 --save s.st --json");
    let (stdout, stderr) = place.shell(&limited, 1);
    assert!(stdout.contains("\"finished\":true") && stderr.contains("cannot write s.st"), "{stdout}{stderr}");
    assert!(!place.path("s.st").exists());
}

#[test]
fn what_will_not_be_kept_is_said_first_and_the_hints_go_on_as_they_are() {
    let place = Place::new();
    let odd = "my models/it's \"one\" $HOME.st";
    fs::create_dir(place.path("my models")).unwrap();
    let quick = format!("vardrop {TRAIN} --method none --epochs 2");
    place.shell(&format!("{quick} --save 'my models/it'\\''s \"one\" $HOME.st'"), 0);
    let (_, message) = place.run_words(&["train", "--resume", odd, "--epochs", "3"], 0);
    let first = message.lines().find(|line| line.starts_with("note: without --save")).unwrap();
    assert!(first.contains("this training is lost when it ends"), "{message}");
    place.shell(first.split_once(": vardrop ").map(|(_, rest)| format!("vardrop {rest}")).unwrap().as_str(), 0);
    assert_eq!(Model::open(place.path(odd)).unwrap().info.history.epochs.len(), 3);

    // Interrupted, with every file that it had and names that a shell would split.
    let mut words: Vec<&str> = TRAIN.split(' ').collect();
    words[2] = "digits";
    let files = ["--save", "./-a b.st", "--export", "e x.st", "--record", "-r.jsonl", "--json"];
    words.extend(["--method", "none", "--epochs", "1000000"]);
    let record = files.map(|word| if word == "-r.jsonl" { "./-r.jsonl" } else { word });
    let mut command = place.command("");
    let (rest, output) = interrupt(command.args(&words).args(record).spawn().unwrap());
    assert_eq!(output.status.code(), Some(130));
    let hint = rest.last().unwrap().strip_prefix("interrupted; go on with: ").unwrap().to_owned();
    let done = Model::open(place.path("-a b.st")).unwrap().info.history.epochs.len();
    let (stdout, _) = place.shell(&format!("{hint} --epochs {}", done + 1), 0);
    assert!(stdout.contains("\"finished\":true"), "{stdout}");
    assert!(place.path("e x.st").exists() && place.path("-r.jsonl").exists(), "{hint}");
}

impl Place {
    #[track_caller]
    fn run_words(&self, words: &[&str], code: i32) -> (String, String) {
        told(self.command("").args(words).output().unwrap(), code)
    }
}

/// How many kills: 20, unless the environment says another number.
///
///     VARDROP_KILLS=500 cargo test --locked --test commands kills -- --nocapture
fn kills() -> usize {
    let wanted = std::env::var("VARDROP_KILLS").unwrap_or("20".to_owned());
    wanted.parse().unwrap_or_else(|_| panic!("VARDROP_KILLS is {wanted:?}: expected a number, such as 500"))
}

#[test]
fn kills_at_any_moment_tear_and_lose_no_file_and_leave_nothing_behind() {
    let place = Place::with_models();
    fs::create_dir(place.path("out")).unwrap();
    let train = format!("{TRAIN} --method none --epochs 2 --save out/NEW.st --export out/e.st --record out/r.jsonl");
    let prune = "prune sp.st --threshold 0 --out out/p.st --record out/p.jsonl";
    place.run(&train.replace("NEW", "first"), 0);
    place.run(prune, 0);
    let takes = |arguments: &str| {
        let start = Instant::now();
        place.run(arguments, 0);
        start.elapsed()
    };
    let commands = [train.replace("NEW", "again"), prune.to_owned()];
    let takes = [takes(&commands[0]), takes(&commands[1])];
    let (wanted, mut killed, mut round, mut left_behind) = (kills(), 0, 0, 0);
    let (mut runs, mut prunings) = (2, 2);
    while killed < wanted {
        let command = round % 2;
        let _ = fs::remove_file(place.path("out/again.st"));
        let mut child = place.command(&commands[command]).spawn().unwrap();
        // Moments all over the command, most of them near its end, where it writes: the golden ratio's multiples.
        let moment = (round as f64 * 0.618_033_988_749_895).fract();
        std::thread::sleep(takes[command].mul_f64(1.05 * moment.sqrt()));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        round += 1;
        Model::open(place.path("out/e.st")).unwrap();
        SparseModel::open(place.path("out/p.st")).unwrap();
        if place.path("out/again.st").exists() {
            Model::open(place.path("out/again.st")).unwrap();
        }
        let records = fs::read_to_string(place.path("out/r.jsonl")).unwrap();
        assert!(records.ends_with('\n') && records.lines().count() - runs <= 1, "{runs}: {records}");
        runs = records.lines().count();
        let records = fs::read_to_string(place.path("out/p.jsonl")).unwrap();
        assert!(records.ends_with('\n') && records.lines().count() - prunings <= 1, "{prunings}: {records}");
        prunings = records.lines().count();
        let hidden = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
        let there = || fs::read_dir(place.path("out")).unwrap().map(Result::unwrap).filter(hidden).count();
        left_behind += usize::from(there() > 0);
        if round % 10 == 0 {
            place.run(prune, 0);
            prunings += 1;
            assert_eq!(there(), 0, "the next run cleans up");
        }
    }
    Records::open(place.path("out/r.jsonl")).unwrap();
    place.run(prune, 0);
    let names: Vec<_> = fs::read_dir(place.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{names:?}");
    println!("{killed} kills in {round} commands; {left_behind} times something was left, and gone after the next run");
}

#[test]
fn two_runs_in_one_folder_do_not_disturb_each_other() {
    let place = Place::with_models();
    let names: Vec<String> = (0..6).map(|run| format!("{run}.st")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|name| place.command(&format!("{TRAIN} --method none --epochs 30 --save {name} --record r.jsonl")))
        .map(|mut command| command.spawn().unwrap())
        .collect();
    for child in children {
        told(child.wait_with_output().unwrap(), 0);
    }
    for name in names {
        assert_eq!(Model::open(place.path(&name)).unwrap().info.history.epochs.len(), 30);
    }
    assert_eq!(place.read("r.jsonl").iter().filter(|&&byte| byte == b'\n').count(), 6);
    assert!(place.names().iter().all(|name| !name.starts_with('.')), "{:?}", place.names());
}
