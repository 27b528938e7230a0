//! boot.toml: anybody may have written it, and a dotfiles repository brings it along.
#![no_main]

use boot::testing::parse_manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // What is wrong with which line and column, and what to do about it.
    if let Err(error) = parse_manifest(text) {
        assert!(error.starts_with("boot.toml:"), "{error:?}");
        assert_eq!(error.split('\n').count(), 2, "{error:?}");
        let is_one_line = |line: &str| !line.is_empty() && !line.chars().any(char::is_control);
        assert!(error.split('\n').all(is_one_line), "{error:?}");
    }
});
