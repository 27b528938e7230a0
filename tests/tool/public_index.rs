//! Installs from the public index, only with BOOT_TEST_NETWORK=1. The machine's own Python stands
//! in for boot's.

use crate::support::{Home, Mirror, needs};

/// Creates a home that reaches the public index as the tester does; None without BOOT_TEST_NETWORK.
pub fn online(make: impl FnOnce() -> Home) -> Option<Home> {
    if !needs::network() {
        return None;
    }
    let mut home = make();
    home.set("BOOT_INDEX_URL", "");
    home.set("BOOT_CONNECT_TIMEOUT", "20");
    home.set("BOOT_READ_TIMEOUT", "60");
    for name in [
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "PIP_CERT",
        "PIP_INDEX_URL",
        "UV_DEFAULT_INDEX",
    ] {
        if let Ok(value) = std::env::var(name) {
            home.set(name, &value);
        }
    }
    Some(home)
}

#[test]
fn tool_install_black_from_the_network_runs() {
    let mirror = Mirror::new();
    let ready = || {
        let home = Home::with(&mirror);
        home.boot(["python", "install", &mirror.minor()]).success();
        home
    };
    let Some(home) = online(ready) else { return };
    home.boot(["tool", "install", "black"])
        .success()
        .stderr_has("black");
    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(list["tools"][0]["name"], "black");
    let site = home.data().join(format!(
        "tools/black/lib/python{}/site-packages",
        mirror.minor()
    ));
    // The stand-in's interpreter is the machine's, which knows nothing of the environment.
    let python = home.data().join("tools/black/bin/python");
    home.run(
        home.command(python)
            .env("PYTHONPATH", site)
            .args(["-m", "black", "--version"]),
    )
    .success()
    .stdout_has("black");
}
