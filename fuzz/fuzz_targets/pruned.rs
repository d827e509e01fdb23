#![no_main]

use vardrop_fuzz::{SCRATCH, pruned, seed};

libfuzzer_sys::fuzz_target!(init: seed("pruned"), |bytes: &[u8]| {
    pruned(bytes, &SCRATCH);
});
