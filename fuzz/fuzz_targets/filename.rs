//! File names of an index's page: wheels and source archives. What is understood never is a path.
#![no_main]

use boot::testing::{WheelName, source_version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(wheel) = WheelName::parse(text) {
        assert!(!wheel.name.as_str().contains(['/', '\\', '.']), "{text:?}");
        assert!(text.ends_with(".whl"));
    }
    if let Some((name, _)) = text.split_once('-')
        && let Ok(name) = name.parse()
    {
        let _ = source_version(text, &name);
    }
});
