//! The publisher's SHA256SUMS: it comes from the network.
#![no_main]

use boot::testing::{catalog, checksums};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let builds = checksums::read(text, None);
    // What a refresh keeps is a catalog that can be read again.
    let written: String = builds.iter().map(|build| format!("{build}\n")).collect();
    assert_eq!(catalog::read(&written), Ok(builds));
});
