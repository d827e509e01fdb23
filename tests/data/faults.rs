//! A folder of data that does not do: what is wrong with it is said of the right file, and the advice works when it is typed. Names
//! that other sites and systems give the four files are found, and no path makes a command panic.
#![cfg(all(feature = "cli", unix))]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::folder::Folder;
use crate::support::server::{Reply, Server};
use crate::support::{Tiny, gzip, idx};
use vardrop::data::mnist::MNIST;
use vardrop::data::{Source, Splits};

/// A folder with the data set `digits`.
struct Place(Folder);

impl Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Place {
    fn new() -> Self {
        Self(Folder::with_digits())
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.0.command("");
        command.args(arguments).env("HOME", self.root()).env_remove("FASHION_MNIST_DIR");
        command
    }

    /// What training on a folder says, which must fail with code 1.
    #[track_caller]
    fn error(&self, folder: &str) -> String {
        failed(&mut self.command(["train", "--method", "none", "--epochs", "1", "--held-out", "9", "--data", folder]))
    }
}

#[track_caller]
fn failed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let message = String::from_utf8(stderr).unwrap();
    assert_eq!((status.code(), stdout.as_slice()), (Some(1), &b""[..]), "{message}");
    message
}

#[test]
fn a_folder_that_is_none_says_what_is_there_in_its_place() {
    let place = Place::new();
    fs::write(place.path("file"), "text").unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    symlink("loop", place.path("loop")).unwrap();
    for (folder, part) in [
        ("./missing", "no such folder"),
        ("./file", "is not a folder: expected a folder with four files"),
        ("file", "is not a folder"),
        ("dangling", "is a link that leads nowhere (to nowhere)"),
        ("loop", "is a link that cannot be followed (Too many levels"),
        ("file/below", "cannot be read (Not a directory"),
    ] {
        let message = place.error(folder);
        assert!(message.contains(part), "{folder}: {message}");
        for file in MNIST.files {
            assert!(message.contains(file.name), "the four files are named: {message}");
        }
        assert!(message.contains("--data"), "{message}");
    }
}

#[test]
fn a_file_that_does_not_do_is_named_with_what_is_there_in_its_place() {
    let place = Place::new();
    let file = place.path("digits/t10k-images-idx3-ubyte");
    let name = "t10k-images-idx3-ubyte";
    let replaced = |make: &dyn Fn(&Path)| {
        let _ = fs::remove_file(&file).or_else(|_| fs::remove_dir(&file));
        make(&file);
        place.error("digits")
    };
    let message = replaced(&|_| {});
    assert!(message.contains("t10k-images-idx3-ubyte.gz or t10k-images-idx3-ubyte: not there"), "{message}");
    assert!(!message.contains("train-labels-idx1-ubyte: not there"), "{message}");
    let message = replaced(&|file| fs::create_dir(file).unwrap());
    assert!(message.contains(&format!("{name} is a folder: expected a file")), "{message}");
    let message = replaced(&|file| symlink("gone", file).unwrap());
    assert!(message.contains(&format!("{name} is a link that leads nowhere (to gone)")), "{message}");
    let message = replaced(&|file| symlink(name, file).unwrap());
    assert!(message.contains(&format!("{name} is a link that cannot be followed (Too many")), "{message}");
    let message = replaced(&|file| fs::write(file, "").unwrap());
    assert!(message.contains(&format!("{name} is empty: copy or download it again")), "{message}");
    // A pipe that nobody writes to is not waited for.
    let message = replaced(&|file| assert!(Command::new("mkfifo").arg(file).status().unwrap().success()));
    assert!(message.contains(&format!("{name} is a device or a pipe: expected a file")), "{message}");
}

#[test]
fn what_may_not_be_read_says_so_and_how_to_change_it() {
    let place = Place::new();
    fs::set_permissions(place.root(), fs::Permissions::from_mode(0o755)).unwrap();
    // Root may read everything: it leaves its rights, with a program that another user can start.
    let program = place.path("vardrop");
    fs::copy(env!("CARGO_BIN_EXE_vardrop"), &program).unwrap();
    let is_root = fs::read_dir(place.path("digits")).is_ok() && {
        fs::set_permissions(place.path("digits"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::read_dir(place.path("digits")).is_ok()
    };
    let error = |arguments: &[&str], mnist_dir: Option<&Path>| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(place.root()).env("XDG_CACHE_HOME", "/nowhere").env_remove("MNIST_DIR");
        command.envs(mnist_dir.map(|folder| ("MNIST_DIR", folder)));
        if is_root {
            command.uid(65_534).gid(65_534);
        }
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert_eq!(status.code(), Some(1));
        String::from_utf8([stdout, stderr].concat()).unwrap()
    };
    let train = ["train", "--method", "none", "--held-out", "9", "--data", "digits"];
    let permit = |path: &str, mode| fs::set_permissions(place.path(path), fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o000, 0o644] {
        // Neither listed nor entered; listed and not entered.
        permit("digits", mode);
        let message = error(&train, None);
        assert!(message.contains("cannot be read, permission denied: `chmod u+rX digits`"), "{mode:o}: {message}");
        let folder = place.path("digits");
        for action in [&["data"][..], &["data", "fetch"], &["train", "--method", "none"]] {
            let message = error(action, Some(&folder));
            assert!(message.contains("permission denied: `chmod u+rX "), "{mode:o}, {action:?}: {message}");
            assert!(message.contains("It must be a folder that can be read"), "{mode:o}, {action:?}: {message}");
        }
    }
    permit("digits", 0o755);
    permit("digits/train-labels-idx1-ubyte", 0o000);
    let message = error(&train, None);
    let part = "train-labels-idx1-ubyte cannot be read, permission denied: `chmod u+rX digits/train-labels-idx1-ubyte`";
    assert!(message.contains(part), "{message}");
    assert!(!message.contains("not there"), "{message}");
}

#[test]
fn the_names_of_other_sites_and_systems_are_found() {
    for spelled in [
        |name: &str| name.replace("-idx", ".idx"),
        |name: &str| name.to_uppercase(),
        |name: &str| name.replace("-idx", ".idx").replace("train", "Train") + ".GZ",
        |name: &str| name.replace("-idx", ".idx") + ".gz",
    ] {
        let (place, tiny) = (Place::new(), Tiny::new());
        fs::create_dir_all(place.path("data/mnist")).unwrap();
        let name = |file: usize| spelled(MNIST.files[file].name);
        for (file, plain) in tiny.plain.iter().enumerate() {
            let bytes = if name(file).to_lowercase().ends_with(".gz") { gzip(plain) } else { plain.clone() };
            fs::write(place.path("data/mnist").join(name(file)), bytes).unwrap();
        }
        let splits = Splits::open(&Source::Folder(place.path("data/mnist")), 0).unwrap();
        assert_eq!((splits.train.len(), splits.test.len()), (6, 4), "{}", name(0));
        // As MNIST too, whose checksums these have not.
        let output = place.command(["data"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("{}  damaged   has", name(0))) || text.contains(&name(0)), "{text}");
        assert!(!text.contains("missing"), "{text}");
    }
}

/// MNIST's own files, where they are on this machine, by the names of the original site.
#[test]
fn mnist_by_the_names_of_the_original_site_is_verified() {
    let places = vardrop::data::mnist::Places::from_environment(&MNIST);
    let Ok(paths) = places.locate() else { return };
    let place = Place::new();
    fs::create_dir_all(place.path("data/mnist")).unwrap();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().replace("-idx", ".idx");
        symlink(&path, place.path("data/mnist").join(name)).unwrap();
    }
    let output = place.command(["data"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn damaged_files_in_mnist_dir_are_moved_away_and_downloaded_as_the_advice_says() {
    let (place, tiny) = (Place::new(), Tiny::new());
    let folder = place.path("my mnist");
    tiny.write_gz(&folder);
    fs::write(folder.join("train-images-idx3-ubyte.gz.damaged"), "an older one").unwrap();
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = asked.clone();
    let server = Server::start(move |name| {
        seen.lock().unwrap().push(name.to_owned());
        Reply::Status("404 Not Found")
    });
    let data = |arguments: &[&str]| {
        let output = place.command(arguments).env("MNIST_DIR", &folder).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let advice = |text: &str| {
        let command = text.lines().find(|line| line.trim_start().starts_with("mv ")).expect(text);
        command.trim().to_owned()
    };
    let (shown, fetched) = (data(&["data"]), data(&["data", "fetch", "--mirror", &server.url]));
    assert_eq!(advice(&shown), advice(&fetched));
    assert!(asked.lock().unwrap().is_empty(), "nothing is downloaded over files that are there");
    assert_eq!(advice(&shown).matches("mv ").count(), 4);
    assert!(shown.contains(&format!("--data '{}'", folder.display())), "{shown}");

    // Typed into a shell, with this program as `vardrop` and the server as the mirror.
    let command = advice(&shown).replace("vardrop data fetch", "\"$VARDROP\" data fetch --mirror \"$MIRROR\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(place.root()).env("MNIST_DIR", &folder);
    shell.env("VARDROP", env!("CARGO_BIN_EXE_vardrop")).env("MIRROR", &server.url);
    let output = shell.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("404"), "it asks the mirror: {message}");
    assert_eq!(*asked.lock().unwrap(), ["train-images-idx3-ubyte.gz"]);
    assert_eq!(fs::read(folder.join("train-images-idx3-ubyte.gz.damaged")).unwrap(), b"an older one");
    assert_eq!(fs::read(folder.join("train-images-idx3-ubyte.gz.damaged-2")).unwrap(), tiny.gz[0]);
}

#[test]
fn a_mnist_dir_that_is_no_folder_is_said_by_data_and_by_fetch() {
    let place = Place::new();
    fs::write(place.path("file"), "text").unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    for (name, part) in [("file", "is not a folder"), ("dangling", "is a link that leads nowhere")] {
        for arguments in [&["data"][..], &["data", "fetch", "--mirror", "http://127.0.0.1:1"]] {
            let output = place.command(arguments).env("MNIST_DIR", name).output().unwrap();
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(output.status.code() == Some(1) && text.contains(part), "{arguments:?}: {text}");
            assert!(text.contains("It must be a folder that can be read, with MNIST's four files"), "{text}");
        }
    }
    // One that is not there yet is made, when there is something to put into it.
    let output = place.command(["data"]).env("MNIST_DIR", "new").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("`vardrop data fetch` downloads what is missing"));
}

/// The four files with one of them changed, and what the error must say.
#[track_caller]
fn refused(file: usize, bytes: &[u8], parts: &[&str]) {
    let place = Place::new();
    fs::write(place.path("digits").join(MNIST.files[file].name), bytes).unwrap();
    let message = place.error("digits");
    assert!(message.contains(&format!("digits/{} is not ", MNIST.files[file].name)), "{message}");
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    assert!(message.contains("copy the file again, or give another folder with --data"), "{message}");
}

#[test]
fn files_that_do_not_fit_together_are_named_with_the_value_and_what_to_do() {
    refused(1, &idx(&[299], &[1; 299]), &["labels 299 examples, and ", "train-images-idx3-ubyte holds 300 images"]);
    refused(1, &idx(&[300], &[7; 300]), &["all its 300 labels are 7: expected two classes or more"]);
    refused(0, &idx(&[0, 4, 4], &[]), &["it holds 0 images of 4 × 4 pixels: expected one or more"]);
    refused(2, &idx(&[0, 4, 4], &[]), &["it holds 0 images"]);
    refused(0, &idx(&[300, 0, 4], &[]), &["300 images of 0 × 4 pixels"]);
    refused(2, &idx(&[100, 4, 5], &[9; 2000]), &["its images have 4 × 5 pixels: expected 4 × 4, as ", "train-images"]);
    // Of as many pixels, and another shape.
    refused(2, &idx(&[100, 2, 8], &[9; 1600]), &["2 × 8 pixels: expected 4 × 4"]);
    refused(0, &idx(&[300, 4], &[9; 1200]), &["it has 2 dimensions: expected 3"]);
    refused(3, &idx(&[100], &[1; 99]), &["it is truncated: its header [100] says 100 elements, and it holds 99"]);
    refused(0, b"<!DOCTYPE html>", &["its magic number is 0x3c21444f: expected 0x00000803"]);
    refused(0, &idx(&[u32::MAX, 28, 28], &[1]), &["its header says [4294967295, 28, 28]"]);
}

/// The file names that are no Unicode.
fn odd(name: &str) -> OsString {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0xff);
    OsStr::from_bytes(&bytes).to_owned()
}

#[test]
fn a_path_that_is_no_unicode_makes_no_command_panic() {
    let place = Place::new();
    fs::rename(place.path("digits"), place.path(odd("digits"))).unwrap();
    Tiny::new().write_gz(&place.path(odd("mnist")));
    fs::write(place.path("plan.toml"), "data = \"./nowhere\"\n[[grid]]\nwidths = [5]\nseeds = [1]\n").unwrap();
    let run = |arguments: &[&str], code: i32| {
        // What ends in ~ is a name that is no Unicode.
        let argument = |argument: &&str| argument.strip_suffix('~').map_or_else(|| OsString::from(*argument), odd);
        let mut command = place.command(arguments.iter().map(argument).collect::<Vec<_>>());
        let Output { status, stdout, stderr } = command.env("MNIST_DIR", odd("mnist")).output().unwrap();
        let text = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
        text
    };
    let json: serde_json::Value = serde_json::from_str(&run(&["data", "--json"], 1)).unwrap();
    assert_eq!(json["places"][0]["path"], "mnist\u{fffd}");
    assert_eq!(json["places"][0]["files"][0]["state"], "damaged");
    assert!(run(&["data"], 1).contains(r"mv $'mnist\xff/train-images-idx3-ubyte.gz' "));
    run(&["data", "fetch", "--json"], 1);

    let train =
        ["train", "--data", "digits~", "--held-out", "60", "--hidden", "5", "--batch-size", "20", "--epochs", "1"];
    let with = |more: &[&'static str]| [&train[..], more].concat();
    run(&with(&["--method", "sparse", "--save", "m~", "--export", "e~", "--record", "r~", "--json"]), 0);
    for file in ["m", "e", "r"] {
        assert!(place.path(odd(file)).exists(), "{file}");
    }
    // The model names the folder as far as Unicode can; its content says that it is the right one.
    assert!(run(&["train", "--resume", "m~", "--epochs", "1"], 1).contains("was not found; tried"));
    run(&["train", "--resume", "m~", "--epochs", "1", "--data", "digits~", "--save", "m~"], 0);
    let start = ["train", "--method", "binary", "--start", "e~", "--data", "digits~", "--held-out", "60"];
    run(&[&start[..], &["--epochs", "1", "--save", "b~"]].concat(), 0);
    run(&["evaluate", "m~", "--data", "digits~", "--record", "ev~", "--json"], 0);
    run(&["prune", "m~", "--threshold", "0", "--data", "digits~", "--record", "p~"], 0);
    let mut pruned = odd("m");
    pruned.push("-pruned.safetensors");
    assert!(place.path(pruned).exists(), "beside the model, under its name");
    run(&["variance", "b~", "--data", "digits~", "--batch-size", "50", "--record", "v~"], 0);
    run(&["report", "figure1", "r~"], 0);
    run(&["report", "table1", "v~"], 0);
    fs::rename(place.path("plan.toml"), place.path(odd("plan"))).unwrap();
    run(&["sweep", "plan~", "--count"], 0);
    run(&["sweep", "plan~"], 1);
    for missing in [&["evaluate", "x~"][..], &["prune", "x~"], &["report", "figure1", "x~"], &["sweep", "x~"]] {
        run(missing, 1);
    }
}
