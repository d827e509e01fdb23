//! The IDX format of MNIST's files, plain or gzipped.
//!
//! Two zero bytes, the element type (8: unsigned byte), the number of dimensions, each dimension's size as a
//! big-endian `u32`, then the elements, the last dimension running fastest.
//!
//! A header is never believed: memory grows with the bytes that are really there, and reading stops one byte beyond what
//! the header announces, so that neither a forged size nor a decompression bomb costs more than [`MAX_ELEMENTS`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// The most elements that a file may hold, five times MNIST's training images.
pub const MAX_ELEMENTS: usize = 1 << 28;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UNSIGNED_BYTE: u8 = 0x08;

/// Reads an IDX file of unsigned bytes with `RANK` dimensions: their sizes and the elements.
///
/// The content decides whether it is gzipped, not the name.
///
/// # Errors
/// [`Error::Io`] where it cannot be opened or read; [`Error::Format`] where it is not what the format says.
pub fn read<const RANK: usize>(path: &Path) -> Result<([usize; RANK], Vec<u8>)> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    from_reader(BufReader::new(file), path)
}

/// Reads IDX from anything; `path` is what errors call it. Otherwise as [`read`].
///
/// # Errors
/// As [`read`].
pub fn from_reader<const RANK: usize>(mut reader: impl BufRead, path: &Path) -> Result<([usize; RANK], Vec<u8>)> {
    let gzipped = reader.fill_buf().map_err(Error::io("read", path))?.starts_with(&GZIP_MAGIC);
    if gzipped { parse(MultiGzDecoder::new(reader), path) } else { parse(reader, path) }
}

fn parse<const RANK: usize>(mut reader: impl Read, path: &Path) -> Result<([usize; RANK], Vec<u8>)> {
    let malformed = |reason: String| {
        let reason = format!("{reason}; put an undamaged file in its place, or name other data with --data");
        Error::Format { path: path.into(), expected: "an IDX file", reason }
    };
    let failed = |error: io::Error, part: &str| match error.kind() {
        io::ErrorKind::UnexpectedEof => malformed(format!("it is truncated: it ends within {part}")),
        // What the decompressor finds wrong.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            malformed(format!("it cannot be decompressed: {error}"))
        }
        _ => Error::io("read", path)(error),
    };

    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(|error| failed(error, "the 4 bytes of its magic number"))?;
    let [zero, zero_too, element, rank] = magic;
    if (zero, zero_too) != (0, 0) {
        let found = u32::from_be_bytes(magic);
        return Err(malformed(format!(
            "its magic number is 0x{found:08x}: expected 0x{:08x}",
            u32::from_be_bytes([0, 0, UNSIGNED_BYTE, RANK as u8])
        )));
    }
    if element != UNSIGNED_BYTE {
        return Err(malformed(format!(
            "its element type is 0x{element:02x}: expected 0x{UNSIGNED_BYTE:02x}, unsigned bytes"
        )));
    }
    if usize::from(rank) != RANK {
        return Err(malformed(format!("it has {rank} dimensions: expected {RANK}")));
    }

    let mut sizes = [0; RANK];
    for size in &mut sizes {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|error| failed(error, "the sizes of its dimensions"))?;
        *size = u32::from_be_bytes(bytes) as usize;
    }
    let product = |least| sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size.max(least)));
    let elements = product(0)
        // A size of 0 does not excuse the others: callers multiply them too.
        .filter(|_| product(1).is_some_and(|elements| elements <= MAX_ELEMENTS))
        .ok_or_else(|| {
            malformed(format!("its header says {sizes:?} elements: expected a product of at most {MAX_ELEMENTS}"))
        })?;

    let mut bytes = Vec::new();
    reader
        .take(elements as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(error, &format!("the compressed data of its {elements} elements")))?;
    if bytes.len() > elements {
        return Err(malformed(format!("bytes follow the {elements} elements that its header {sizes:?} says")));
    }
    if bytes.len() < elements {
        return Err(malformed(format!(
            "it is truncated: its header {sizes:?} says {elements} elements, and it holds {}",
            bytes.len()
        )));
    }
    Ok((sizes, bytes))
}
