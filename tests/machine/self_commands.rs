//! `boot self`: updates replace boot, and uninstalling leaves only the user's files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use boot::testing::Sha256;
use boot::testing::target;

use crate::support::{BOOT, Fault, Home, Mirror, Run, Server, index};

const OWN: &str = env!("CARGO_PKG_VERSION");

/// Copies boot to where install.sh puts it.
fn settle(home: &Home) {
    fs::create_dir_all(home.bin()).unwrap();
    fs::copy(BOOT, home.bin().join("boot")).unwrap();
}

fn own(home: &Home, args: &[&str]) -> Run {
    home.run(home.command(home.bin().join("boot")).args(args))
}

/// Publishes a release whose boot is a script; returns the archive's path.
fn publish(home: &Home, server: &Server, version: &str, script: &str) -> String {
    let name = format!("boot-{version}-{}", target());
    home.program(&format!("release/{name}/boot"), script);
    let archive = home.root.join("release/archive.tar.gz");
    let packed = Command::new("tar")
        .arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(home.root.join("release"))
        .arg(&name)
        .status()
        .unwrap();
    assert!(packed.success());
    let bytes = fs::read(&archive).unwrap();
    let list = format!("{}  {name}.tar.gz\n", Sha256::of(&bytes));
    fs::remove_dir_all(home.root.join("release")).unwrap();
    server.put("/latest/SHA256SUMS", "text/plain", list.into_bytes());
    let path = format!("/v{version}/{name}.tar.gz");
    server.put(&path, "application/gzip", bytes);
    path
}

#[test]
fn self_update_installs_newer_release() {
    let mut home = Home::new();
    let server = Server::new();
    home.set("BOOT_INSTALL_URL", &server.url());
    settle(&home);
    publish(&home, &server, OWN, "#!/bin/sh\n");
    own(&home, &["self", "update"])
        .success()
        .stderr_has("is the newest");
    assert_eq!(
        server.requests(),
        ["GET /latest/SHA256SUMS"],
        "and nothing is downloaded"
    );
    own(&home, &["self", "version"])
        .success()
        .stdout_has(OWN)
        .stdout_has(&target());

    publish(&home, &server, "99.1.0", "#!/bin/sh\necho 'boot 99.1.0'\n");
    let offline = own(&home, &["--offline", "self", "update"]).code(1);
    assert!(offline.stderr.contains("--offline"), "{offline}");
    own(&home, &["self", "update"])
        .success()
        .stderr_has("boot 99.1.0 is in ~/.local/bin/boot");
    own(&home, &["--version"])
        .success()
        .stdout_has("boot 99.1.0");
    assert_eq!(
        fs::metadata(home.bin().join("boot"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o755
    );
    assert_eq!(
        fs::read_link(home.bin().join("bootx")).unwrap(),
        Path::new("boot")
    );
    assert_eq!(
        fs::read_dir(home.bin()).unwrap().count(),
        2,
        "no staging is left"
    );
}

#[test]
fn self_update_renews_shims_and_keeps_foreign_bootx() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    let server = Server::new();
    home.set("BOOT_INSTALL_URL", &server.url());
    settle(&home);
    home.program(".local/bin/bootx", "#!/bin/sh\necho mine\n");
    own(&home, &["python", "install", &mirror.minor()]).success();
    let inode = |path: &Path| fs::symlink_metadata(path).unwrap().ino();
    let shim = home.data().join("shims/python3");
    assert_eq!(inode(&shim), inode(&home.bin().join("boot")));
    publish(&home, &server, "99.1.0", "#!/bin/sh\necho 'boot 99.1.0'\n");
    own(&home, &["self", "update"])
        .success()
        .stderr_has("~/.local/bin/bootx isn't boot's")
        .stderr_has("boot tool run");
    assert_eq!(inode(&shim), inode(&home.bin().join("boot")));
    assert_eq!(home.read(".local/bin/bootx"), "#!/bin/sh\necho mine\n");
    home.no_leftovers();
}

#[test]
fn bootx_runs_tools_and_is_uninstalled_with_boot() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    settle(&home);
    // From a build in a checkout there is no place for it.
    home.boot(["shell", "install"]).success();
    assert!(
        fs::symlink_metadata(home.bin().join("bootx")).is_err()
            && !Path::new(BOOT).with_file_name("bootx").exists()
    );
    own(&home, &["shell", "install"]).success();
    assert_eq!(
        fs::read_link(home.bin().join("bootx")).unwrap(),
        Path::new("boot")
    );
    let run = home
        .run(
            home.command("bootx")
                .args(["--from", "sphinx", "sphinx-build"]),
        )
        .success();
    run.stdout_has("sphinx 7.0.0");
    own(&home, &["self", "uninstall"])
        .code(3)
        .stderr_has("remove ~/.local/bin/bootx");
    own(&home, &["self", "uninstall", "--yes"]).success();
    assert!(!home.bin().exists());
    // One that only has the name stays.
    settle(&home);
    home.program(".local/bin/bootx", "#!/bin/sh\n");
    own(&home, &["self", "uninstall", "--yes"]).success();
    assert!(home.bin().join("bootx").exists());
}

#[test]
fn self_update_wrong_release_keeps_old_boot() {
    let mut home = Home::new();
    let server = Server::new();
    home.set("BOOT_INSTALL_URL", &server.url());
    settle(&home);
    let before = fs::read(home.bin().join("boot")).unwrap();
    let untouched = || {
        assert!(fs::read(home.bin().join("boot")).unwrap() == before);
        assert_eq!(
            fs::read_dir(home.bin()).unwrap().count(),
            1,
            "no staging is left"
        );
    };
    own(&home, &["self", "update"])
        .code(1)
        .stderr_has("404")
        .one_error();
    // Another file than the list says.
    let path = publish(&home, &server, "99.1.0", "#!/bin/sh\necho 'boot 99.1.0'\n");
    server.put(&path, "application/gzip", b"something else".to_vec());
    own(&home, &["self", "update"])
        .code(1)
        .stderr_has("SHA-256")
        .one_error();
    untouched();
    server.fault(&path, Fault::Status(404));
    own(&home, &["self", "update"])
        .code(1)
        .stderr_has("404")
        .one_error();
    server.mend();
    // One that doesn't run here, and one that is something else.
    for script in [
        "#!/bin/sh\necho 'GLIBC_9.9 not found' >&2; exit 1\n",
        "#!/bin/sh\necho 'boot 1.0.0'\n",
        "#!/no/such/loader\n",
    ] {
        publish(&home, &server, "99.1.0", script);
        own(&home, &["self", "update"])
            .code(1)
            .stderr_has("doesn't run on this machine")
            .one_error();
        untouched();
    }
    server.put(
        "/latest/SHA256SUMS",
        "text/plain",
        b"nothing of interest\n".to_vec(),
    );
    own(&home, &["self", "update"])
        .code(1)
        .stderr_has(&target())
        .one_error();
    home.set("BOOT_INSTALL_URL", "http://example.org/x");
    own(&home, &["self", "update"])
        .code(1)
        .stderr_has("https")
        .one_error();
    // A build in a checkout isn't replaced by a release.
    let built = home.root.join("checkout/target/debug/boot");
    fs::create_dir_all(built.parent().unwrap()).unwrap();
    fs::copy(BOOT, &built).unwrap();
    let own = |args: &[&str]| home.run(home.command(&built).args(args));
    own(&["self", "update"])
        .code(1)
        .stderr_has("./install.sh")
        .one_error();
    own(&["self", "uninstall", "--yes"])
        .code(1)
        .stderr_has("cargo build")
        .one_error();
    assert!(fs::read(&built).unwrap() == before);
}

#[test]
fn self_uninstall_leaves_only_files_of_the_user() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("SHELL", "/bin/bash");
    home.write(".bashrc", "# mine\n");
    home.write(".zshrc", "# mine too\n");
    home.write("bin/other", "");
    home.write(
        "dots/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = [\"{}\"]\n[tools]\nblack = \"*\"\n[shell]\n\
                  hook = true\n",
            mirror.minor()
        ),
    );
    home.write("project/.python-version", &mirror.minor());
    let contents = |home: &Home| {
        let mut all = home.tree();
        all.retain(|path| !path.starts_with("project/.venv") && path != "dots/boot.lock");
        all.into_iter()
            .map(|path| (fs::read(home.root.join(&path)).ok(), path))
            .collect::<Vec<_>>()
    };
    let before = contents(&home);
    settle(&home);
    own(&home, &["init", "dots", "--yes"]).success();
    home.run(
        home.command(home.bin().join("boot"))
            .arg("venv")
            .current_dir(home.root.join("project")),
    )
    .success();
    own(&home, &["tool", "run", "--from", "sphinx", "sphinx-build"])
        .success()
        .stdout_has("sphinx 7.0.0");
    assert!(home.bin().join("black").exists() && home.read(".bashrc").len() > 10);

    // Nobody to ask: nothing goes.
    let there = contents(&home);
    own(&home, &["self", "uninstall"])
        .code(3)
        .stderr_has("remove ~/.local/share/boot/pythons")
        .stderr_has("--yes");
    assert_eq!(contents(&home).len(), there.len());

    own(&home, &["self", "uninstall", "--yes"])
        .success()
        .stderr_has("boot is gone");
    assert_eq!(contents(&home), before);
    for left in [".local", ".cache", ".config"] {
        assert!(!home.root.join(left).exists(), "{left}");
    }
}

#[test]
fn self_uninstall_keeps_backups_settings_and_repository() {
    let home = Home::new();
    home.write(
        "dots/boot.toml",
        "version = 1\n[dotfiles]\nroot = \"home\"\n",
    );
    home.write("dots/home/.toolrc", "new\n");
    home.write(".toolrc", "old and precious\n");
    home.write(".config/boot/config.toml", "");
    home.write(".local/share/boot/dotfiles/README", "mine\n");
    home.write(".local/bin/neighbour", "#!/bin/sh\n");
    settle(&home);
    own(&home, &["init", "dots", "--yes", "--on-conflict", "backup"]).success();
    let run = own(&home, &["self", "uninstall", "--yes"]).success();
    for kept in [
        "~/.local/share/boot/dotfiles",
        "~/.local/state/boot/backups",
        "~/.config/boot",
    ] {
        assert!(run.stderr.contains(kept), "{run}");
    }
    assert_eq!(home.read(".local/share/boot/dotfiles/README"), "mine\n");
    assert!(
        home.root.join(".config/boot/config.toml").exists()
            && home.root.join(".local/bin/neighbour").exists()
    );
    assert!(!home.bin().join("boot").exists() && !home.root.join(".cache").exists());
    // The next boot still knows how to put it back.
    settle(&home);
    own(&home, &["undo"]).success();
    assert_eq!(home.read(".toolrc"), "old and precious\n");
}

#[test]
fn cli_unknown_command_suggests_similar() {
    let home = Home::new();
    home.boot(["install", "3.11"])
        .code(2)
        .one_error()
        .stderr_has("boot python install 3.11");
    home.boot(["doctr"])
        .code(2)
        .one_error()
        .stderr_has("boot doctor");
    home.boot(["sing\u{1b}[31m"])
        .code(2)
        .one_error()
        .stderr_has("boot -h");
    home.boot(["help"])
        .success()
        .stdout_has("BOOT_INDEX_URL")
        .stdout_has("Exit codes");
}
