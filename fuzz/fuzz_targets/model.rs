#![no_main]

use vardrop_fuzz::{SCRATCH, model, seed};

libfuzzer_sys::fuzz_target!(init: seed("model"), |bytes: &[u8]| {
    model(bytes, &SCRATCH);
});
