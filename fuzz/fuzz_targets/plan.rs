#![no_main]

use vardrop_fuzz::{SCRATCH, plan, seed};

libfuzzer_sys::fuzz_target!(init: seed("plan"), |bytes: &[u8]| {
    plan(bytes, &SCRATCH);
});
