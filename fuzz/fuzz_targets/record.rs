//! RECORD: whatever it says, a hash that is believed is one.
#![no_main]

use boot::testing::record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for hash in record::hashes(text).values() {
        assert!(hash.starts_with("sha256=") && hash.len() == 50, "{hash:?}");
    }
});
