//! The IDX reader survives any bytes: an error or the right elements, in bounded memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::support::{gzip, idx};
use proptest::prelude::*;
use vardrop::data::idx::{MAX_ELEMENTS, from_reader, read};
use vardrop::{Error, Result};

/// Remembers each thread's largest allocation since it began to read.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn remember(size: usize) {
    LARGEST.set(LARGEST.get().max(size));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        remember(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        remember(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Far above what any file here needs, far below what the forged headers announce.
const MODEST: usize = 4 << 20;

fn images(bytes: &[u8]) -> Result<([usize; 3], Vec<u8>)> {
    LARGEST.set(0);
    from_reader(bytes, Path::new("images"))
}

fn reason(bytes: &[u8]) -> String {
    match images(bytes) {
        Err(Error::Format { reason, .. }) => {
            let remedy = "; put an undamaged file in its place, or name other data with --data";
            reason.strip_suffix(remedy).unwrap_or_else(|| panic!("{reason}: expected what to do")).to_owned()
        }
        other => panic!("expected a format error, not {other:?}"),
    }
}

fn file() -> Vec<u8> {
    idx(&[2, 2, 3], &(1..=12).collect::<Vec<u8>>())
}

#[test]
fn plain_and_gzipped_files_give_the_same_elements() {
    let expected = ([2, 2, 3], (1..=12).collect::<Vec<u8>>());
    assert_eq!(images(&file()).unwrap(), expected);
    assert_eq!(images(&gzip(&file())).unwrap(), expected);
}

#[test]
fn gzip_members_may_follow_one_another() {
    let file = file();
    let (head, tail) = file.split_at(9);
    assert_eq!(images(&[gzip(head), gzip(tail)].concat()).unwrap().0, [2, 2, 3]);
}

#[test]
fn a_file_without_elements_is_read() {
    assert_eq!(images(&idx(&[0, 28, 28], &[])).unwrap(), ([0, 28, 28], vec![]));
}

#[test]
fn every_truncation_is_an_error() {
    for bytes in [file(), gzip(&file())] {
        for length in 0..bytes.len() {
            assert!(images(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
    assert_eq!(reason(&file()[..20]), "it is truncated: its header [2, 2, 3] says 12 elements, and it holds 4");
    assert!(reason(&[]).contains("magic number"));
    assert!(reason(&file()[..7]).contains("sizes of its dimensions"));
}

#[test]
fn a_wrong_header_is_named_with_what_was_expected() {
    let changed = |index: usize, byte: u8| {
        let mut bytes = file();
        bytes[index] = byte;
        reason(&bytes)
    };
    assert_eq!(changed(0, 0x50), "its magic number is 0x50000803: expected 0x00000803");
    assert_eq!(changed(2, 0x0d), "its element type is 0x0d: expected 0x08, unsigned bytes");
    assert_eq!(changed(3, 1), "it has 1 dimensions: expected 3");
}

#[test]
fn trailing_bytes_are_an_error() {
    let long = [file(), vec![0]].concat();
    assert_eq!(reason(&long), "bytes follow the 12 elements that its header [2, 2, 3] says");
    assert_eq!(reason(&gzip(&long)), reason(&long));
    assert!(images(&[gzip(&file()), b"rubbish".to_vec()].concat()).is_err());
}

#[test]
fn a_wrong_checksum_of_gzip_is_an_error() {
    let mut bytes = gzip(&file());
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    assert!(reason(&bytes).starts_with("it cannot be decompressed"));
}

#[test]
fn sizes_that_overflow_or_are_absurd_are_an_error() {
    assert!(reason(&idx(&[u32::MAX; 3], &[])).contains("[4294967295, 4294967295, 4294967295]"));
    let beyond = reason(&idx(&[1, 1, MAX_ELEMENTS as u32 + 1], &[]));
    assert!(beyond.contains(&format!("at most {MAX_ELEMENTS}")), "{beyond}");
    // A product of 0 hides nothing.
    assert!(reason(&idx(&[0, u32::MAX, u32::MAX], &[])).contains("[0, 4294967295, 4294967295]"));
}

#[test]
fn an_announced_size_allocates_nothing() {
    assert!(reason(&idx(&[1, 1, MAX_ELEMENTS as u32], &[1, 2])).contains("it holds 2"));
    assert!(LARGEST.get() < MODEST);
}

#[test]
fn a_decompression_bomb_is_left_after_what_its_header_announces() {
    // 64 MiB of zeros in 64 KiB, behind a header that announces 12 elements.
    let file = file();
    let content = file.chain(io::repeat(0).take(64 << 20));
    let mut bomb = flate2::read::GzEncoder::new(content, flate2::Compression::fast());
    let mut bytes = Vec::new();
    bomb.read_to_end(&mut bytes).unwrap();
    assert!(reason(&bytes).contains("bytes follow the 12 elements"));
    assert!(LARGEST.get() < MODEST);
}

#[test]
fn an_endless_stream_is_left_after_what_its_header_announces() {
    let endless = BufReader::new(file().leak().chain(io::repeat(7)));
    let error = from_reader::<3>(endless, Path::new("endless")).unwrap_err().to_string();
    assert!(error.contains("endless is not an IDX file: bytes follow"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = read::<3>(&folder.path().join("none")).unwrap_err().to_string();
    assert!(message.starts_with("cannot open") && message.contains("none"), "{message}");
    assert!(matches!(read::<3>(folder.path()), Err(Error::Io { .. })));
}

/// One way of spoiling a file.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Truncate(prop::sample::Index),
    /// Another size in the header, where the file is plain.
    Size(usize, u32),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (index(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, 1 << bit)),
        (index(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (index(), 1..20_usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        index().prop_map(Mutation::Truncate),
        (0..3_usize, any::<u32>()).prop_map(|(dimension, size)| Mutation::Size(dimension, size)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match mutation {
        Mutation::Set(at, byte) => bytes[at.index(length)] = *byte,
        Mutation::Flip(at, bit) => bytes[at.index(length)] ^= bit,
        Mutation::Insert(at, new) => drop(bytes.splice(at.index(length)..at.index(length), new.iter().copied())),
        Mutation::Remove(at, count) => drop(bytes.drain(at.index(length)..(at.index(length) + count).min(length))),
        Mutation::Truncate(at) => bytes.truncate(at.index(length)),
        Mutation::Size(dimension, size) => {
            for (offset, byte) in size.to_be_bytes().into_iter().enumerate() {
                if let Some(place) = bytes.get_mut(4 + 4 * dimension + offset) {
                    *place = byte;
                }
            }
        }
    }
}

/// Whatever the bytes: an error, or as many elements as the sizes say; never a large allocation.
fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    match images(bytes) {
        Ok((sizes, elements)) => prop_assert_eq!(elements.len(), sizes.iter().product::<usize>()),
        Err(Error::Format { reason, .. }) => prop_assert!(!reason.is_empty()),
        Err(other) => prop_assert!(false, "not a format error: {}", other),
    }
    prop_assert!(LARGEST.get() < MODEST);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_file_is_survived(mutations in prop::collection::vec(mutation(), 1..5)) {
        let mut bytes = file();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        survives(&bytes)?;
    }

    #[test]
    fn a_mutated_gzipped_file_is_survived(mutations in prop::collection::vec(mutation(), 1..5)) {
        let mut bytes = gzip(&file());
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        survives(&bytes)?;
    }

    #[test]
    fn a_gzipped_mutated_file_is_survived(mutations in prop::collection::vec(mutation(), 1..5)) {
        let mut bytes = file();
        mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
        survives(&gzip(&bytes))?;
    }

    #[test]
    fn arbitrary_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        survives(&bytes)?;
    }

    #[test]
    fn what_is_written_is_read_back(
        (sizes, elements) in (0..5_u32, 0..5_u32, 0..5_u32).prop_flat_map(|(a, b, c)| {
            (Just([a, b, c]), prop::collection::vec(any::<u8>(), (a * b * c) as usize))
        }),
        gzipped: bool,
    ) {
        let bytes = idx(&sizes, &elements);
        let read = images(&if gzipped { gzip(&bytes) } else { bytes }).unwrap();
        prop_assert_eq!(read, (sizes.map(|size| size as usize), elements));
    }
}
