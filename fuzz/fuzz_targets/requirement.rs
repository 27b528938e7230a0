//! Requirements and markers (PEP 508), as packages' metadata and people write them.
#![no_main]

use boot::testing::{Requirement, parse_marker};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Requirement>() {
        Ok(wish) => {
            let is_plain = |name: &str| !name.contains(['/', '\\', '.', ' ']);
            assert!(is_plain(wish.name.as_str()), "{wish:?}");
            assert!(wish.extras.iter().all(|extra| is_plain(extra.as_str())));
        }
        // What is wrong, and what to do about it.
        Err(error) => {
            let error = error.to_string();
            assert_eq!(error.split('\n').count(), 2, "{error:?}");
            assert!(error.split('\n').all(is_one_line), "{error:?}");
        }
    }
    if let Err(reason) = parse_marker(text) {
        assert!(is_one_line(&reason), "{reason:?}");
    }
});

fn is_one_line(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}
