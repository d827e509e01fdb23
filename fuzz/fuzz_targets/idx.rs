#![no_main]

use vardrop_fuzz::{SCRATCH, idx, seed};

libfuzzer_sys::fuzz_target!(init: seed("idx"), |bytes: &[u8]| {
    idx(bytes, &SCRATCH);
});
