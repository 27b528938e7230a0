//! `.python-version`: anybody may have written it.
#![no_main]

use std::path::Path;

use boot::testing::pin::{self, Entry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let (entries, warning) = pin::parse(text);
    // What a person is shown obeys no terminal, and what was understood is understood again as it
    // is written.
    let is_one_line = |line: &str| !line.chars().any(char::is_control);
    assert!(warning.is_none_or(|warning| is_one_line(&warning)));
    for entry in entries {
        if let Entry::Unmet(unmet) = &entry {
            assert!(
                is_one_line(&unmet.line(Path::new("/p/.python-version")))
                    && is_one_line(&unmet.to_string()),
                "{unmet:?}"
            );
            continue;
        }
        let written = entry.to_string();
        assert!(
            !written.contains('/') && !written.contains(".."),
            "{written:?}"
        );
        // `3R1` is written as `3.post1`: what becomes too long for a line needn't be one again.
        if written.len() > 64 {
            continue;
        }
        assert_eq!(
            pin::parse(written.as_bytes()),
            (vec![entry], None),
            "{written:?}"
        );
    }
});
