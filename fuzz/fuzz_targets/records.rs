#![no_main]

use vardrop_fuzz::{SCRATCH, records, seed};

libfuzzer_sys::fuzz_target!(init: seed("records"), |bytes: &[u8]| {
    records(bytes, &SCRATCH);
});
