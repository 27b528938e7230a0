//! An install from a full cache starts no other program, opens no socket and reads no certificates,
//! so that it takes milliseconds.

use crate::support::{BOOT, Home, Mirror, index, needs};

#[test]
#[cfg(target_os = "linux")]
fn tool_install_from_cache_starts_nothing_and_opens_no_socket() {
    if !needs::program("strace") {
        return;
    }
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    let authorities = home
        .write("authorities.pem", crate::support::tls::AUTHORITY)
        .display()
        .to_string();
    home.set("SSL_CERT_FILE", &authorities);
    // It is compiled by another program, once.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    let traced = |words: &[&str]| {
        let mut strace = home.command("strace");
        strace.args([
            "-f",
            "-qq",
            "-s",
            "4096",
            "-o",
            "trace",
            "-e",
            "trace=execve,socket,?open,openat",
            BOOT,
        ]);
        home.run(strace.args(words)).success();
        home.read("trace")
    };
    let first = traced(&["tool", "install", "black"]);
    assert!(
        first.contains("socket("),
        "a trace shows what is looked for here: {first}"
    );
    home.boot(["tool", "uninstall", "black"]).success();
    let trace = traced(&["--offline", "tool", "install", "black"]);
    assert!(
        trace.contains("/wheel.json\""),
        "the cache was used: {trace}"
    );
    let lines = |word: &str| {
        trace
            .lines()
            .filter(|line| line.contains(word))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("execve(").len(), 1, "{:?}", lines("execve("));
    for word in [
        "socket(",
        "authorities.pem",
        "/etc/ssl",
        "/etc/pki",
        "ca-certificates",
        "resolv.conf",
    ] {
        assert!(lines(word).is_empty(), "{:?}", lines(word));
    }
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black 24.1.0");
}
