//! Huge pages for the arrays that a step reads and writes from end to end.
//!
//! A step streams through parameters, gradients, moments and averages, 13 MB of them for three layers of 250 units. In pages of 4 KB
//! the processor looks up an address for every 64 cache lines, and its prefetching stops at every page's end; in pages of 2 MB
//! it hardly does either (6 % of the step there). Linux gives such pages where it is asked to; where it does not, nothing changes.

use std::ops::Range;

/// Bytes of a huge page, on x86-64 and most others.
const HUGE: usize = 2 << 20;

/// Where arrays are in memory.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Range<usize>>);

impl Places {
    /// Arrays, each a slice.
    pub(super) fn add<'a, T: 'a>(&mut self, arrays: impl IntoIterator<Item = &'a [T]>) {
        let places = arrays.into_iter().map(|array| array.as_ptr_range());
        self.0.extend(places.map(|place| place.start as usize..place.end as usize).filter(|place| !place.is_empty()));
    }

    /// Asks for huge pages wherever the arrays are, with what lies between them.
    pub(super) fn ask(self) {
        for block in self.blocks() {
            ask(block);
        }
    }

    /// Starts of the blocks of a huge page's size that the arrays touch, in ascending order. Blocks of which they fill less than
    /// half are left out.
    fn blocks(mut self) -> Vec<usize> {
        self.0.sort_by_key(|place| place.start);
        let mut filled: Vec<(usize, usize)> = Vec::new();
        for place in self.0 {
            for block in (place.start / HUGE..place.end.div_ceil(HUGE)).map(|block| block * HUGE) {
                let bytes = place.end.min(block + HUGE) - place.start.max(block);
                match filled.last_mut() {
                    Some((last, filled)) if *last == block => *filled += bytes,
                    _ => filled.push((block, bytes)),
                }
            }
        }
        filled.into_iter().filter(|&(_, bytes)| 2 * bytes >= HUGE).map(|(block, _)| block).collect()
    }
}

/// Asks for one huge page in the place of the small ones at `block`.
#[cfg(all(target_os = "linux", not(miri)))]
fn ask(block: usize) {
    // The first is for pages to come, and for older kernels, which do it by and by; the second is done at once, from 6.1 on.
    for advice in [libc::MADV_HUGEPAGE, libc::MADV_COLLAPSE] {
        // SAFETY: neither changes what is in memory, or what of it there is. Refused, nothing is done.
        unsafe { libc::madvise(block as *mut libc::c_void, HUGE, advice) };
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn ask(_block: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_asked_for_once_if_half_of_it_is_in_use() {
        let kilobytes = |start: usize, end: usize| start << 10..end << 10;
        let places =
            Places(vec![kilobytes(3000, 3900), kilobytes(0, 2200), kilobytes(4000, 4096), kilobytes(4096, 4500)]);
        // Of the second block 152 + 900 + 96 KB are in use, of the third 404.
        assert_eq!(places.blocks(), [0, HUGE]);
        assert!(Places::default().blocks().is_empty());
    }

    #[test]
    fn arrays_are_as_before() {
        let array: Vec<u32> = (0..if cfg!(miri) { 3_000 } else { 3_000_000 }).collect();
        let mut places = Places::default();
        places.add([&array[..], &[]]);
        places.ask();
        assert!(array.iter().zip(0..).all(|(&a, b)| a == b));
    }
}
