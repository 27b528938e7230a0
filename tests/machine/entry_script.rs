//! The script of `boot init --entry-script`, run as a container runs it.

use std::fs;

use crate::support::{BOOT, Home, Server};

#[test]
fn entry_script_retries_and_lets_container_go_on() {
    let mut home = Home::new();
    let server = Server::new();
    home.set("BOOT_INSTALL_URL", &server.url());
    home.set("BOOT_ENTRY_PAUSE", "0");
    let clone = home
        .write("clone/boot.toml", "version = 1\n")
        .parent()
        .unwrap()
        .to_path_buf();
    home.boot_in(&clone, ["init", "--entry-script"])
        .success()
        .stderr_has("commit it");
    home.boot_in(&clone, ["init", "--entry-script"])
        .success()
        .stderr_has("nothing to do");
    let script = clone.join("install.sh");
    assert!(
        home.run(
            home.command(&script)
                .env("PATH", "/usr/bin:/bin")
                .env("BOOT_ENTRY_TRIES", "1")
        )
        .code
            == Some(1),
        "no release is there"
    );

    // A first boot that fails once.
    let flaky =
        format!("[ -e \"$HOME/tried\" ] || {{ : >\"$HOME/tried\"; exit 4; }}\nexec {BOOT} \"$@\"");
    let installer = format!(
        "mkdir -p \"$HOME/.local/bin\"\ncat >\"$HOME/.local/bin/boot\" <<'END'\n#!/bin/sh\n\
         {flaky}\nEND\nchmod +x \"$HOME/.local/bin/boot\"\n"
    );
    server.put("/latest/install.sh", "text/plain", installer.into_bytes());
    let run = home
        .run(
            home.command("dash")
                .arg(&script)
                .env("PATH", "/usr/bin:/bin"),
        )
        .success();
    assert!(
        home.root.join("tried").exists() && run.stdout.contains("nothing to do"),
        "{run}"
    );

    // Too slow: the container goes on, and so does boot.
    home.program(
        ".local/bin/boot",
        "#!/bin/sh\nuntil [ -e \"$HOME/go\" ] || [ ! -d \"$HOME\" ]; \
                                     do sleep 0.1; done\n: >\"$HOME/late\"\n",
    );
    home.run(
        home.command("dash")
            .arg(&script)
            .env("PATH", "/usr/bin:/bin")
            .env("BOOT_ENTRY_LIMIT", "1"),
    )
    .success()
    .stdout_has("in the background");
    // It waits for this, so that it is late however slow the machine; and there is time enough for
    // it then.
    home.write("go", "");
    for _ in 0..600 {
        if home.root.join(".local/state/boot/entry.done").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(home.root.join("late").exists());

    fs::write(&script, "mine\n").unwrap();
    home.boot_in(&clone, ["init", "--entry-script"])
        .code(2)
        .stderr_has("install.sh is there")
        .one_error();
}
