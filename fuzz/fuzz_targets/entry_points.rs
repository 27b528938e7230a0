//! entry_points.txt: its names become files in a bin folder, its targets Python code.
#![no_main]

use boot::testing::entry_points;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for point in entry_points::commands(text).unwrap_or_default() {
        assert!(
            !point.name.is_empty() && !point.name.contains(['/', '\0', '\n']) && point.name != "..",
            "{point:?}"
        );
        let code = format!("{}.{}", point.module, point.function);
        assert!(
            !code.contains(['\n', ' ', ';', '(', '\'', '"', '/']),
            "{point:?}"
        );
    }
});
