//! A package's page as HTML: its files can be fetched, and none is called like a path.
#![no_main]

use boot::testing::page;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for file in
        page::parse("https://example.org/simple/a/", Some("text/html"), body).unwrap_or_default()
    {
        assert!(!file.file.contains(['/', '\\', '\0']), "{file:?}");
        assert!(file.url.starts_with("http"), "{file:?}");
    }
});
