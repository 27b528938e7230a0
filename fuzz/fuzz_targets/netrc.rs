//! netrc: no password is ever printed, and each fits into a header.
#![no_main]

use boot::testing::netrc_machines;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for machine in netrc_machines(text) {
        assert_eq!(format!("{:?}", machine.credentials), "Credentials");
        let header = machine.credentials.header();
        assert!(header.starts_with("Basic ") && !header.chars().any(char::is_control));
    }
});
