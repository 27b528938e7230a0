//! METADATA and PKG-INFO: names and versions that are understood are plain.
#![no_main]

use boot::testing::metadata::Metadata;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(metadata) = text.parse::<Metadata>() {
        assert!(!metadata.name.as_str().contains(['/', '\\']));
        assert!(
            metadata
                .requires
                .iter()
                .all(|wish| !wish.name.as_str().contains(['/', '\\']))
        );
    }
});
