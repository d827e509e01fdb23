#![no_main]

use vardrop_fuzz::{SCRATCH, seed, table};

libfuzzer_sys::fuzz_target!(init: seed("table"), |bytes: &[u8]| {
    table(bytes, &SCRATCH);
});
