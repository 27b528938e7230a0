//! Parts of the command-line contract that no other file covers: options, exit codes, streams, and
//! questions at a terminal.

use std::fs;
use std::process::Command;

use crate::support::pty::Pty;
use crate::support::{BOOT, Home, Mirror, index};

fn home(manifest: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.write(
        "dots/boot.toml",
        &format!("version = 1\n[dotfiles]\n{manifest}"),
    );
    home.write("dots/home/.toolrc", "ours\n");
    home
}

/// Creates a git repository at `git/me/dotfiles` with `main` and another branch.
fn hosted(home: &mut Home) {
    let host = format!("file://{}/git", home.root.display());
    home.set("BOOT_GIT_HOST", &host);
    home.write("git/me/dotfiles/boot.toml", "version = 1\n[dotfiles]\n");
    home.write("git/me/dotfiles/home/.toolrc", "main\n");
    commit(home, &["init", "--quiet", "--initial-branch=main"]);
    commit(home, &["checkout", "--quiet", "-b", "work"]);
    home.write("git/me/dotfiles/home/.toolrc", "work\n");
    commit(home, &["checkout", "--quiet", "-b", "unused"]);
    commit(home, &["checkout", "--quiet", "main"]);
}

/// Runs git with `args` and commits all changes before and after.
fn commit(home: &Home, args: &[&str]) {
    let folder = home.root.join("git/me/dotfiles");
    let identity = ["-c", "user.name=Me", "-c", "user.email=me@example.com"];
    for args in [
        &["add", "--all"][..],
        &["commit", "--quiet", "--message=x"],
        args,
        &["add", "--all"],
        &["commit", "--quiet", "--message=x"],
    ] {
        // Nothing to commit is no failure.
        Command::new("git")
            .args(identity)
            .args(args)
            .current_dir(&folder)
            .output()
            .expect("these stories need git");
    }
}

#[test]
fn plan_and_status_report_json_and_exit_code() {
    let home = home("");
    home.boot(["init", "dots", "--yes"]).success();
    let plan = home.boot(["plan"]).success();
    assert_eq!(home.boot(["diff"]).success().stdout, plan.stdout);
    for verb in ["plan", "status"] {
        let run = home.boot([verb, "--json", "--exit-code"]).success();
        assert!(
            run.stdout.starts_with("{\n  \"schema\": 1,") && run.stderr.is_empty(),
            "{run}"
        );
        assert_eq!(run.json()["todo"], 0);
    }
    fs::remove_file(home.root.join(".toolrc")).unwrap();
    let drift = home
        .boot(["status", "--json", "--exit-code"])
        .code(1)
        .json();
    assert_eq!(
        (&drift["items"][0]["id"], &drift["items"][0]["state"]),
        (&"~/.toolrc".into(), &"todo".into())
    );
    home.boot(["status"]).success().stdout_has("~/.toolrc");
    // A result is no chatter, and chatter no result.
    assert!(!home.boot(["-q", "plan"]).success().stdout.is_empty());
    let quiet = home.boot(["-q", "apply"]).success();
    assert!(
        quiet.stdout.is_empty() && quiet.stderr.is_empty(),
        "{quiet}"
    );
    assert!(home.boot(["-v", "apply"]).success().stdout.is_empty());
    home.boot(["undo"]).success().stderr_has("nothing to undo");
}

#[test]
fn machine_commands_exit_2_for_usage_1_without_manifest() {
    let home = Home::new();
    for wrong in [
        &["apply", "--only", "tolls"][..],
        &["apply", "--on-conflict", "overwrite"],
        &["add"],
        &["import"],
        &["init", "a", "b"],
        &["init", "--entry-script", "me"],
    ] {
        home.boot(wrong).code(2);
    }
    for verb in [
        &["plan"][..],
        &["apply"],
        &["status"],
        &["update"],
        &["lock"],
        &["verify"],
        &["add", "x"],
    ] {
        home.boot(verb).code(1).one_error().stderr_has("boot init");
    }
    home.boot(["lock", "--platform", "amiga"]).code(1);
    home.write(".config/boot/boot.toml", "version = 1\n");
    home.boot(["lock", "--platform", "amiga"])
        .code(2)
        .one_error()
        .stderr_has("linux-aarch64-gnu");
    assert!(!home.root.join(".config/boot/boot.lock").exists());
}

#[test]
fn init_branch_is_checked_out_and_update_follows_it() {
    let mut home = Home::new();
    hosted(&mut home);
    commit(&home, &["checkout", "--quiet", "work"]);
    home.boot(["init", "me", "--branch=-x", "--yes"])
        .code(2)
        .one_error();
    home.boot(["init", "me", "--branch", "nowhere", "--yes"])
        .code(1)
        .one_error();
    home.boot(["init", "me", "--branch", "work", "--yes"])
        .success();
    assert_eq!(home.read(".toolrc"), "work\n");
    home.write("git/me/dotfiles/home/.toolrc", "later\n");
    commit(&home, &["status"]);
    home.boot(["update", "--locked", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("boot.lock: there is none");
    home.boot(["update", "--yes"]).success();
    assert_eq!(home.read(".toolrc"), "later\n");
    // With --locked it stays as it is, though nobody has committed it.
    let lock = home.read(".local/share/boot/dotfiles/boot.lock");
    home.write("git/me/dotfiles/home/.toolrc", "last\n");
    commit(&home, &["status"]);
    home.boot(["update", "--locked", "--yes"]).success();
    assert_eq!(
        (
            home.read(".toolrc"),
            home.read(".local/share/boot/dotfiles/boot.lock")
        ),
        ("last\n".into(), lock)
    );
}

#[test]
fn init_ssh_clones_over_ssh() {
    let mut home = Home::new();
    home.set("BOOT_GIT_HOST", "https://h.example");
    let ssh = home
        .program(
            "ssh",
            "#!/bin/sh\necho \"$@\" >>\"$HOME/called\"\nexit 255\n",
        )
        .display()
        .to_string();
    home.set("GIT_SSH_COMMAND", &ssh);
    home.boot(["init", "me/box", "--ssh", "--yes"])
        .code(1)
        .one_error();
    let called = home.read("called");
    assert!(
        called.contains("git@h.example") && called.contains("me/box"),
        "{called}"
    );
}

#[test]
fn init_offline_reports_what_is_missing_and_does_the_rest() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.write(
        "dots/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = ['{}']\n[tools]\nblack = '*'\n[dotfiles]\n",
            mirror.minor()
        ),
    );
    home.write("dots/home/.toolrc", "");
    home.boot(["--offline", "init", "dots", "--yes"])
        .code(4)
        .stderr_has("offline");
    assert!(
        home.root.join(".toolrc").exists()
            && index.server.requests().is_empty()
            && mirror.server.requests().is_empty()
    );
    home.boot(["apply"]).success();
    home.boot(["--offline", "apply"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["--offline", "init", "somebody"])
        .code(1)
        .one_error();
}

#[test]
fn apply_question_is_asked_once_and_default_used_without_tty() {
    let manifest = "'~/.gitconfig' = { mode = 'template' }\n[vars]\n\
                    email = { ask = 'Your e-mail?', default = 'me@example.com' }\n";
    let home = home(manifest);
    home.write("dots/home/.gitconfig", "{{ vars.email }}\n");
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(home.read(".gitconfig"), "me@example.com\n");
    // The default was nobody's answer: at a terminal it is asked.
    home.write("dots/home/.gitconfig", "mail = {{ vars.email }}\n");
    let Some(mut pty) = Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!("{BOOT} apply"));
    pty.expect("Your e-mail? [me@example.com]");
    pty.type_line("you@example.com");
    pty.expect("new: 1 dotfile");
    assert_eq!(home.read(".gitconfig"), "mail = you@example.com\n");
    home.write("dots/home/.gitconfig", "m = {{ vars.email }}\n");
    home.boot(["apply"]).success();
    assert_eq!(home.read(".gitconfig"), "m = you@example.com\n");
}

#[test]
fn init_at_terminal_waits_for_consent() {
    let home = home("");
    home.write(".toolrc", "mine\n");
    let Some(mut pty) = Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!("{BOOT} init dots"));
    pty.expect("[backup/keep/stop]");
    pty.type_line("stop");
    pty.expect("--on-conflict backup");
    pty.type_line(&format!("{BOOT} init dots --on-conflict backup"));
    pty.expect("Do all of this?");
    pty.type_line("n");
    pty.expect("you didn't agree");
    assert_eq!(home.read(".toolrc"), "mine\n");
    assert!(!home.root.join(".local/state/boot/applied.toml").exists());
    pty.type_line(&format!("{BOOT} init dots --on-conflict backup"));
    pty.type_line("y");
    pty.expect("new: 1 dotfile");
    assert_eq!(home.read(".toolrc"), "ours\n");
    home.boot(["undo"]).success();
    assert_eq!(home.read(".toolrc"), "mine\n");
}
