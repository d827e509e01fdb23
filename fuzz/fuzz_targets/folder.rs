#![no_main]

use vardrop_fuzz::{SCRATCH, folder, seed};

libfuzzer_sys::fuzz_target!(init: seed("folder"), |bytes: &[u8]| {
    folder(bytes, &SCRATCH);
});
