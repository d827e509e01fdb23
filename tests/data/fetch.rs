//! The downloader against a server that behaves well, badly, or not at all.
#![cfg(feature = "fetch")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::Tiny;
use crate::support::server::Reply::{BreakOff, Good, Silence, Stall, Status, Unannounced};
use crate::support::server::{Reply, Server};
use vardrop::Error;
use vardrop::data::mnist::{Fetcher, MNIST, Places, Published};

/// Patient enough for a busy machine, impatient enough for a test.
const PATIENCE: Duration = Duration::from_secs(1);

fn fetcher(mirrors: &[&Server]) -> Fetcher {
    Fetcher {
        mirrors: mirrors.iter().map(|server| server.url.clone()).collect(),
        connect_timeout: PATIENCE,
        stall_timeout: PATIENCE,
        file_timeout: 20 * PATIENCE,
    }
}

fn gz(name: &str) -> Vec<u8> {
    let tiny = Tiny::new();
    let index = tiny.specs.iter().position(|spec| spec.gz_name() == name).expect("one of the four files");
    tiny.gz[index].clone()
}

fn good() -> Server {
    Server::start(|name| Good(gz(name)))
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn gz_names() -> Vec<String> {
    let mut names: Vec<_> = MNIST.files.iter().map(|file| file.gz_name()).collect();
    names.sort();
    names
}

/// What is tried and fails, and that nothing is left of it.
fn failure(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> String {
    let (root, server) = (tempfile::tempdir().unwrap(), Server::start(reply));
    let folder = root.path().join("cache");
    let error = fetcher(&[&server]).fetch(Tiny::new().published(), &folder).unwrap_err();
    assert_eq!(files_in(&folder), Vec::<String>::new());
    let Error::Missing { what, tried, .. } = error else { panic!("{error}") };
    assert_eq!((what.as_str(), tried.len()), ("train-images-idx3-ubyte.gz", 1));
    assert!(tried[0].starts_with(&format!("{}train-images-idx3-ubyte.gz: ", server.url)), "{tried:?}");
    tried[0].clone()
}

#[test]
fn good_files_arrive_whole_and_are_not_fetched_again() {
    let (root, tiny, server) = (tempfile::tempdir().unwrap(), Tiny::new(), good());
    let folder = root.path().join("made/on/the/way");
    for _ in 0..2 {
        let paths = fetcher(&[&server]).fetch(tiny.published(), &folder).unwrap();
        for (path, bytes) in paths.iter().zip(&tiny.gz) {
            assert_eq!(&fs::read(path).unwrap(), bytes);
        }
        assert_eq!(files_in(&folder), gz_names());
        assert_eq!(server.requests().len(), 4);
    }
}

#[test]
#[cfg(unix)]
fn what_is_fetched_is_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let (root, server) = (tempfile::tempdir().unwrap(), good());
    let paths = fetcher(&[&server]).fetch(Tiny::new().published(), root.path()).unwrap();
    let other = root.path().join("other");
    fs::write(&other, "").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
    assert_eq!(mode(&paths[0]), mode(&other));
}

#[test]
fn a_length_that_is_not_announced_is_no_error() {
    let (root, server) = (tempfile::tempdir().unwrap(), Server::start(|name| Unannounced(gz(name))));
    fetcher(&[&server]).fetch(Tiny::new().published(), root.path()).unwrap();
    assert_eq!(files_in(root.path()), gz_names());
}

#[test]
fn a_wrong_checksum_is_refused_with_both_values() {
    let reason = failure(|name| {
        let mut bytes = gz(name);
        *bytes.last_mut().unwrap() ^= 1;
        Good(bytes)
    });
    assert!(reason.contains("SHA-256") && reason.contains(Tiny::new().specs[0].gz.sha256), "{reason}");
}

#[test]
fn a_truncated_file_is_refused() {
    let length = Tiny::new().gz[0].len();
    let reason = failure(|name| BreakOff { announced: gz(name).len(), bytes: gz(name)[..20].to_vec() });
    assert!(reason.contains(&format!("breaks off after 20 of {length} bytes")), "{reason}");
    let reason = failure(|name| Unannounced(gz(name)[..20].to_vec()));
    assert!(reason.contains(&format!("breaks off after 20 of {length} bytes")), "{reason}");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let reason = failure(|_| Stall { announced: 1 << 40, bytes: vec![0; 10] });
    assert!(reason.contains("announces 1099511627776 bytes"), "{reason}");
    let reason = failure(|_| Unannounced(vec![0; 1 << 20]));
    assert!(reason.contains("sends more than the expected"), "{reason}");
}

#[test]
fn a_stalled_server_is_left() {
    for silence in [false, true] {
        let start = Instant::now();
        let reason = failure(move |name| {
            let bytes = gz(name);
            if silence { Silence } else { Stall { announced: bytes.len(), bytes: bytes[..20].to_vec() } }
        });
        assert!(reason.contains(if silence { "does not answer in time" } else { "breaks off after 20" }), "{reason}");
        assert!(start.elapsed() < 5 * PATIENCE, "{:?}", start.elapsed());
    }
}

#[test]
fn the_next_mirror_is_asked_and_then_stays_the_first() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let (bad, good) = (Server::start(|_| Status("404 Not Found")), good());
    fetcher(&[&bad, &good]).fetch(tiny.published(), root.path()).unwrap();
    assert_eq!(files_in(root.path()), gz_names());
    assert_eq!((bad.requests().len(), good.requests().len()), (1, 4));
}

#[test]
fn a_refusal_names_its_status() {
    for status in ["404 Not Found", "500 Internal Server Error", "403 Forbidden"] {
        let reason = failure(move |_| Status(status));
        assert!(reason.contains(&format!("HTTP status {}", &status[..3])), "{reason}");
    }
}

#[test]
fn what_arrived_before_a_failure_stays_and_the_rest_follows_later() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    let flaky = Server::start(|name| if name.contains("images") { Good(gz(name)) } else { Status("503 Busy") });
    let error = fetcher(&[&flaky]).fetch(tiny.published(), root.path()).unwrap_err().to_string();
    assert!(error.contains("train-labels-idx1-ubyte.gz was not found"), "{error}");
    assert_eq!(files_in(root.path()), ["train-images-idx3-ubyte.gz"]);

    let good = good();
    fetcher(&[&good]).fetch(tiny.published(), root.path()).unwrap();
    assert_eq!((files_in(root.path()), good.requests().len()), (gz_names(), 3));
}

#[test]
fn a_damaged_file_in_the_cache_is_replaced() {
    let (root, tiny, server) = (tempfile::tempdir().unwrap(), Tiny::new(), good());
    tiny.write_gz(root.path());
    fs::write(root.path().join(tiny.specs[1].gz_name()), "half a file").unwrap();
    fetcher(&[&server]).fetch(tiny.published(), root.path()).unwrap();
    assert_eq!(server.requests(), ["train-labels-idx1-ubyte.gz"]);
    assert_eq!(fs::read(root.path().join(tiny.specs[1].gz_name())).unwrap(), tiny.gz[1]);
}

#[test]
fn several_at_once_do_not_disturb_each_other() {
    let (root, tiny, server) = (tempfile::tempdir().unwrap(), Tiny::new(), good());
    let fetcher = fetcher(&[&server]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| fetcher.fetch(tiny.published(), root.path()).unwrap());
        }
    });
    assert_eq!(files_in(root.path()), gz_names());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let (root, server) = (tempfile::tempdir().unwrap(), good());
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let message = fetcher(&[&server]).fetch(Tiny::new().published(), &file.join("below")).unwrap_err().to_string();
    assert!(message.starts_with("cannot create") && message.contains("below"), "{message}");
}

fn places_in(of: &'static Published, root: &Path) -> Places {
    Places { of, variable: None, system: None, local: root.join("local"), cache: Some(root.join("cache")) }
}

#[test]
fn what_is_found_is_not_fetched_and_what_is_not_goes_to_the_cache() {
    let (root, tiny, server) = (tempfile::tempdir().unwrap(), Tiny::new(), good());
    let places = places_in(tiny.published(), root.path());
    let paths = fetcher(&[&server]).locate_or_fetch(&places).unwrap();
    assert!(paths[0].starts_with(places.cache.as_ref().unwrap()));

    tiny.write_plain(&places.local);
    let paths = fetcher(&[&server]).locate_or_fetch(&places).unwrap();
    assert!(paths[0].starts_with(&places.local));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_variable_that_leads_nowhere_is_an_error_and_nothing_is_fetched() {
    let (root, server) = (tempfile::tempdir().unwrap(), good());
    let places =
        Places { variable: Some(root.path().join("variable")), ..places_in(Tiny::new().published(), root.path()) };
    let error = fetcher(&[&server]).locate_or_fetch(&places).unwrap_err().to_string();
    assert!(error.contains("$MNIST_DIR") && error.contains("no such folder"), "{error}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn where_no_mirror_answers_the_error_says_every_place_and_mirror_and_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    // A port that was free a moment ago: the connection is refused.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = Server::start(|_| Silence);
    let mut fetcher = fetcher(&[&silent]);
    fetcher.mirrors.extend([format!("http://{closed}"), "http://no-such-host.invalid/mnist".into()]);

    let start = Instant::now();
    let Err(Error::Missing { tried, advice, .. }) = fetcher.locate_or_fetch(&places_in(&MNIST, root.path())) else {
        panic!("found")
    };
    // No mirror takes longer than the waits for its address, its connection and its answer.
    assert!(start.elapsed() < 9 * PATIENCE, "{:?}", start.elapsed());
    let beginnings = [
        "$MNIST_DIR: not set",
        "./data/mnist",
        "cache",
        &silent.url,
        &format!("http://{closed}/train"),
        "http://no-such",
    ];
    assert_eq!(tried.len(), beginnings.len());
    for (tried, beginning) in tried.iter().zip(beginnings) {
        assert!(tried.starts_with(beginning), "{tried}");
    }
    for part in ["MNIST_DIR", "./data/mnist", "synthetic"] {
        assert!(advice.contains(part), "{advice}");
    }
}
