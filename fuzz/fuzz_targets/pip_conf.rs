//! pip.conf: of an option, boot understands a value, words, or neither.
#![no_main]

use boot::testing::{Name, Pip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let pip = Pip::parse([text.into()]);
    for option in [
        "index-url",
        "extra-index-url",
        "find-links",
        "pre",
        "timeout",
    ] {
        if let Some(value) = pip.value(option) {
            assert!(!value.trim().is_empty(), "{option}: {value:?}");
        }
        let words = pip.words(option);
        assert!(
            words
                .iter()
                .all(|word| !word.is_empty() && !word.contains(char::is_whitespace)),
            "{option}: {words:?}"
        );
        let _ = pip.is_on(option);
    }
    let name: Name = "black".parse().unwrap();
    let _ = (pip.formats().allow(&name), pip.route());
});
