//! Requests, as people type them and as pins and manifests have them.
#![no_main]

use boot::testing::Key;
use boot::testing::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(request) = text.parse::<Request>() {
        let written = request.to_string();
        // `3R1` is written as `3.post1`: what becomes too long for a request needn't be one again.
        if written.len() <= 64 {
            assert_eq!(written.parse(), Ok(request), "{written:?}");
        }
    }
    if let Ok(key) = text.parse::<Key>() {
        let folder = key.to_string();
        assert!(
            !folder.contains('/') && !folder.contains(".."),
            "{folder:?}"
        );
        assert_eq!(folder.parse(), Ok(key));
    }
});
