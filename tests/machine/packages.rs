//! System packages through stand-ins of each supported manager: as root, with sudo, and without
//! permission.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Home, needs, nobody};

/// Creates a home whose PATH has only stand-ins and a few programs, not the machine's own manager.
fn home(manifest: &str) -> Home {
    let mut home = Home::new();
    home.write(
        "dots/boot.toml",
        &format!("version = 1\n[dotfiles]\n{manifest}"),
    );
    home.write("dots/home/.plainrc", "plain\n");
    fs::create_dir_all(home.root.join("prefix/bin")).unwrap();
    for name in ["sh", "grep", "mkdir"] {
        symlink(
            which::which(name).unwrap(),
            home.root.join("prefix/bin").join(name),
        )
        .unwrap();
    }
    let path = home.root.join("prefix/bin").display().to_string();
    home.set("PATH", &path);
    home.set("SHELL", "/bin/sh");
    home
}

/// Writes a program that records its call and runs `text`.
fn stand_in(home: &Home, name: &str, text: &str) {
    home.program(
        &format!("prefix/bin/{name}"),
        &format!("#!/bin/sh\necho {name} \"$@\" >>\"$HOME/called\"\n{text}\n"),
    );
}

/// Writes the stand-ins of a manager, which record packages in `installed`.
fn manager(home: &Home, name: &str) {
    let listed = |before: &str| {
        format!(
            "for n; do grep -qx \"$n\" \"$HOME/installed\" 2>/dev/null && echo \"{before}$n\"; \
             done; exit 1"
        )
    };
    let add = "for n; do case $n in -*|install|add|update) ;; no-such) echo 'error: no-such is \
               unknown' >&2; exit 1;; *) echo $n >>\"$HOME/installed\";; esac; done";
    match name {
        "apt" => {
            stand_in(home, "apt-get", add);
            stand_in(home, "dpkg-query", &listed("installed "));
        }
        "dnf" => {
            stand_in(home, "dnf", add);
            stand_in(home, "rpm", &listed(""));
        }
        "pacman" => stand_in(
            home,
            "pacman",
            &format!("case $1 in --query) {};; esac\n{add}", listed("")),
        ),
        "apk" => stand_in(
            home,
            "apk",
            &format!("case $1 in info) {};; esac\n{add}", listed("")),
        ),
        _ => stand_in(
            home,
            "brew",
            "shift; for n; do mkdir -p \"$HOME/prefix/opt/$n\"; done",
        ),
    }
}

#[test]
fn apply_queries_each_package_manager_and_installs_once() {
    for (name, told) in [
        ("apt", "apt-get install --yes -- ripgrep special"),
        ("dnf", "dnf install --assumeyes ripgrep special"),
        (
            "pacman",
            "pacman --sync --needed --noconfirm -- ripgrep special",
        ),
        ("apk", "apk add ripgrep special"),
        ("brew", "brew install ripgrep special"),
    ] {
        let home = home(&format!(
            "[packages]\nany = ['ripgrep']\n{name} = ['special']\n"
        ));
        manager(&home, name);
        stand_in(
            &home,
            "sudo",
            "[ \"$2\" = true ] || { shift; exec \"$@\"; }",
        );
        let Some(run) = nobody::boot(&home, &["init", "dots", "--yes"]) else {
            return;
        };
        run.success()
            .stderr_has(&format!("ripgrep, through {name}"))
            .stderr_has("2 packages");
        let called = home.read("called");
        assert!(called.lines().any(|line| line == told), "{name}: {called}");
        assert_eq!(
            called.lines().any(|line| line == format!("sudo -n {told}")),
            name != "brew",
            "{name}: {called}"
        );
        fs::remove_file(home.root.join("called")).unwrap();
        nobody::boot(&home, &["apply"])
            .unwrap()
            .success()
            .stderr_has("nothing to do");
        let called = fs::read_to_string(home.root.join("called")).unwrap_or_default();
        assert!(
            !called.contains("install --") && !called.contains("sudo"),
            "asked, and not told again: {called}"
        );
    }
}

#[test]
fn apply_wrong_package_stops_no_other_in_each_manager() {
    for name in ["apt", "dnf", "pacman", "apk"] {
        let home = home("[packages]\nany = ['no-such', 'ripgrep']\n");
        manager(&home, name);
        stand_in(
            &home,
            "sudo",
            "[ \"$2\" = true ] || { shift; exec \"$@\"; }",
        );
        let Some(run) = nobody::boot(&home, &["init", "dots", "--yes"]) else {
            return;
        };
        run.code(4)
            .stderr_has("package no-such")
            .stderr_has("no-such is unknown");
        assert!(
            home.read("installed").contains("ripgrep") && home.root.join(".plainrc").exists(),
            "{name}"
        );
    }
}

#[test]
fn apply_without_root_skips_packages_and_says_so() {
    let home = home("[packages]\nany = ['ripgrep', 'jq']\n");
    manager(&home, "apt");
    // No sudo at all.
    let Some(run) = nobody::boot(&home, &["init", "dots", "--dry-run"]) else {
        return;
    };
    run.success()
        .stdout_has("(skipped: it needs root, and there is no sudo here)");
    nobody::boot(&home, &["init", "dots", "--yes"])
        .unwrap()
        .success();
    assert!(home.root.join(".plainrc").exists() && !home.root.join("installed").exists());
    nobody::boot(&home, &["apply"])
        .unwrap()
        .success()
        .stderr_has("nothing to do");
    // A sudo that asks for a password: what to type is said, once.
    stand_in(
        &home,
        "sudo",
        "echo 'sudo: a password is required' >&2; exit 1",
    );
    let run = nobody::boot(&home, &["apply"]).unwrap().success();
    assert_eq!(
        run.stderr
            .matches("sudo apt-get install --yes -- ripgrep jq")
            .count(),
        1,
        "{run}"
    );
    assert!(!home.root.join("installed").exists());
    assert!(
        home.read("called")
            .lines()
            .filter(|line| line.starts_with("sudo"))
            .all(|line| line == "sudo -n true")
    );
}

#[test]
fn apply_as_root_uses_no_sudo() {
    if !nobody::is_root() {
        needs::skipped("this isn't root");
        return;
    }
    let home = home("[packages]\nany = ['ripgrep']\nbrew = ['jq']\n");
    manager(&home, "apk");
    manager(&home, "brew");
    home.boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("jq, through brew (skipped: brew doesn't work as root)");
    home.boot(["init", "dots", "--yes"])
        .success()
        .stderr_has("ripgrep, through apk");
    assert!(
        home.read("called").contains("apk add ripgrep")
            && !home.read("called").contains("brew install")
    );
}
