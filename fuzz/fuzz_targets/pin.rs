//! `.python-version`: anybody may have written it.
#![no_main]

use boot::project::pin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let (entries, warning) = pin::parse(text);
    // What a person is shown obeys no terminal, and what was understood is understood again as it is written.
    assert!(!warning.is_some_and(|warning| warning.chars().any(char::is_control)));
    for entry in entries {
        let written = entry.to_string();
        assert!(!written.contains('/') && !written.contains(".."), "{written:?}");
        // `3R1` is written as `3.post1`: what becomes too long for a line needn't be one again.
        if written.len() > 64 {
            continue;
        }
        assert_eq!(pin::parse(written.as_bytes()), (vec![entry], None), "{written:?}");
    }
});
