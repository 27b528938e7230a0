//! Catalogs, as BOOT_PYTHON_CATALOG names them and as a refresh leaves them in the cache.
#![no_main]

use boot::testing::catalog;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(builds) = catalog::read(text) else {
        return;
    };
    for build in &builds {
        // Both become parts of an address.
        assert!(
            !build.file.contains('/')
                && !build.release.contains('/')
                && !build.release.starts_with('.'),
            "{build:?}"
        );
    }
    let written: String = builds.iter().map(|build| format!("{build}\n")).collect();
    assert_eq!(catalog::read(&written), Ok(builds));
});
