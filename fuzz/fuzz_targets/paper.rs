#![no_main]

use vardrop_fuzz::{SCRATCH, paper, seed};

libfuzzer_sys::fuzz_target!(init: seed("paper"), |bytes: &[u8]| {
    paper(bytes, &SCRATCH);
});
