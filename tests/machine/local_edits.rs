//! Local edits in repositories that boot fetched survive an update, a failed or declined update,
//! and the uninstallation of boot.

use std::fs;

use crate::support::pty::Pty;
use crate::support::{BOOT, Home};

/// Creates a home that was set up from `me/dotfiles`, which extends `acme/base`.
fn home() -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    let host = format!("file://{}/git", home.root.display());
    home.set("BOOT_GIT_HOST", &host);
    home.write(
        "git/me/dotfiles/boot.toml",
        "version = 1\nextends = ['acme/base']\n[dotfiles]\n",
    );
    home.write("git/me/dotfiles/home/.minerc", "mine\n");
    commit(&home, "me/dotfiles");
    home.write("git/acme/base/boot.toml", "version = 1\n[dotfiles]\n");
    home.write("git/acme/base/home/.teamrc", "team\n");
    commit(&home, "acme/base");
    fs::create_dir_all(home.bin()).unwrap();
    fs::copy(BOOT, home.bin().join("boot")).unwrap();
    home.boot(["init", "me", "--yes"]).success();
    home
}

fn commit(home: &Home, name: &str) {
    let identity = ["-c", "user.name=Me", "-c", "user.email=me@example.com"];
    for args in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message=x"],
    ] {
        let folder = home.root.join("git").join(name);
        home.run(
            home.command("git")
                .args(identity)
                .args(args)
                .current_dir(folder),
        )
        .success();
    }
}

const LOCK: &str = ".local/share/boot/dotfiles/boot.lock";

#[test]
fn update_is_refused_while_team_dotfile_is_edited() {
    let home = home();
    // Linked, so it is edited where it lies.
    fs::write(home.root.join(".teamrc"), "team, and my line\n").unwrap();
    home.write("git/acme/base/home/.teamrc", "team, newer\n");
    commit(&home, "acme/base");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    let run = home.boot(["update", "--yes"]).code(1).one_error();
    run.stderr_has("changes of yours")
        .stderr_has("acme/base")
        .stderr_has("~/.local/share/boot/extends/");
    assert_eq!(home.read(".teamrc"), "team, and my line\n");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    // Nor does it go with the line that asks for it.
    home.write("git/me/dotfiles/boot.toml", "version = 1\n[dotfiles]\n");
    commit(&home, "me/dotfiles");
    home.boot(["update", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("changes of yours");
    assert_eq!(home.read(".teamrc"), "team, and my line\n");
    home.write(
        "git/me/dotfiles/boot.toml",
        "version = 1\nextends = ['acme/base']\n[dotfiles]\n",
    );
    commit(&home, "me/dotfiles");
    fs::write(home.root.join(".teamrc"), "team\n").unwrap();
    // What a program leaves beside it is no edit.
    let clone = fs::read_dir(home.data().join("extends"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    fs::write(clone.join("home/.swap"), "").unwrap();
    home.boot(["update", "--yes"]).success();
    assert_eq!(home.read(".teamrc"), "team, newer\n");
}

#[test]
fn self_uninstall_keeps_fetched_repositories_in_use() {
    let home = home();
    fs::write(home.root.join(".teamrc"), "team, and my line\n").unwrap();
    let run = home
        .run(
            home.command(home.bin().join("boot"))
                .args(["self", "uninstall", "--yes"]),
        )
        .success();
    run.stderr_has("~/.local/share/boot/extends")
        .stderr_has("~/.local/share/boot/dotfiles");
    assert_eq!(
        (home.read(".teamrc").as_str(), home.read(".minerc").as_str()),
        ("team, and my line\n", "mine\n")
    );
    assert!(!home.bin().join("boot").exists());
}

#[test]
fn update_failed_pull_keeps_lock() {
    let home = home();
    home.boot(["lock"]).success();
    let lock = home.read(LOCK);
    let away = |from: &str, to: &str| {
        fs::rename(
            home.root.join("git/me").join(from),
            home.root.join("git/me").join(to),
        )
        .unwrap()
    };
    away("dotfiles", "gone");
    home.boot(["update", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("can't be pulled");
    assert_eq!(home.read(LOCK), lock);
    away("gone", "dotfiles");
    // What can't be merged: a change here, and one there.
    home.write(".local/share/boot/dotfiles/home/.minerc", "mine, here\n");
    home.write("git/me/dotfiles/home/.minerc", "mine, there\n");
    commit(&home, "me/dotfiles");
    home.boot(["update", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("can't be pulled");
    assert_eq!(
        (home.read(LOCK), home.read(".minerc").as_str()),
        (lock, "mine, here\n")
    );
}

#[test]
fn update_declined_keeps_lock() {
    let home = home();
    home.boot(["lock"]).success();
    let lock = home.read(LOCK);
    home.write(
        "git/acme/base/boot.toml",
        "version = 1\n[dotfiles]\n[[run]]\nid = 'new'\ncmd = 'touch \"$HOME/ran\"'\n",
    );
    commit(&home, "acme/base");
    home.boot(["update"]).code(3);
    assert_eq!(home.read(LOCK), lock);
    let Some(mut pty) = Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!("{BOOT} update"));
    pty.expect("Run them?");
    pty.type_line("n");
    pty.expect("you didn't agree");
    drop(pty);
    assert_eq!(home.read(LOCK), lock);
    home.boot(["--offline", "status"]).success();
    home.boot(["--offline", "apply"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["update", "--yes"])
        .success()
        .stderr_has("wrote boot.lock");
    assert!(home.read(LOCK) != lock && home.root.join("ran").exists());
}

#[test]
fn init_other_branch_of_fetched_repository_is_error() {
    let home = home();
    let run = home
        .boot(["init", "me", "--branch", "work", "--yes"])
        .code(1)
        .one_error();
    run.stderr_has("is here already, at the branch main")
        .stderr_has("check work out in ~/.local/share/boot/dotfiles");
    home.boot(["init", "me", "--branch", "main", "--yes"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["init", "me", "--yes"])
        .success()
        .stderr_has("nothing to do");
}
