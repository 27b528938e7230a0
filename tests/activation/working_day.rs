//! A working day: four projects, branches, a rename, a copy, a clean, a patch upgrade, an
//! uninstall. After each step the prompt, the shims, `boot exec`, `boot which` and scripts name the
//! same Python, in three shells.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pty::Pty;
use crate::support::{BOOT, Home, needs, stand_in};

/// Creates a home with shims and with stand-ins that print the path by which they were called.
fn home() -> Home {
    let home = Home::new();
    for version in ["3.11.9", "3.12.1"] {
        install(&home, version);
    }
    let shims = home.data().join("shims");
    fs::create_dir_all(&shims).unwrap();
    for name in ["python", "python3", "python3.11", "python3.12"] {
        fs::hard_link(BOOT, shims.join(name))
            .or_else(|_| fs::copy(BOOT, shims.join(name)).map(drop))
            .unwrap();
    }
    home
}

fn install(home: &Home, version: &str) {
    stand_in::install_version(home, version);
    speak(home);
}

fn speak(home: &Home) {
    for entry in fs::read_dir(home.data().join("pythons")).unwrap().flatten() {
        for program in fs::read_dir(entry.path().join("bin")).unwrap().flatten() {
            fs::write(program.path(), "#!/bin/sh\necho \"$0\"\n").unwrap();
        }
    }
}

/// Returns the interpreter that all commands name in `folder`; empty if all exit with 127.
fn python(home: &Home, pty: &mut Pty, folder: &Path) -> String {
    pty.type_line(&format!("cd '{}'", folder.display()));
    pty.ask("true");
    let mut answers: Vec<(&str, String)> = Vec::new();
    answers.push(("prompt", pty.ask("python 2>/dev/null")));
    answers.push(("script", pty.ask("sh -c python 2>/dev/null")));
    let trimmed = |run: crate::support::Run| {
        if run.code == Some(127) {
            String::new()
        } else {
            run.success().stdout.trim().to_string()
        }
    };
    answers.push(("which", trimmed(home.boot_in(folder, ["which", "python"]))));
    answers.push((
        "exec",
        trimmed(home.boot_in(folder, ["exec", "--", "python"])),
    ));
    answers.push((
        "shim",
        trimmed(
            home.run(
                home.command(home.data().join("shims/python"))
                    .current_dir(folder),
            ),
        ),
    ));
    let first = answers[0].1.clone();
    for (who, answer) in &answers {
        assert_eq!(
            *answer,
            first,
            "{who} in {}: {answers:?}\n{}",
            folder.display(),
            pty.screen()
        );
    }
    first
}

fn git(home: &Home, folder: &Path, line: &str) {
    let mut command = home.command("git");
    command.current_dir(folder).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "init.defaultBranch=main",
    ]);
    home.run(command.args(line.split(' '))).success();
}

fn environment(folder: &Path) -> PathBuf {
    fs::read_link(folder.join(".venv")).unwrap()
}

#[test]
fn python_is_same_in_every_command_all_day() {
    for shell in ["bash", "zsh", "fish"] {
        if !needs::program(shell) {
            continue;
        }
        let home = home();
        home.boot(["python", "pin", "--global", "3.12"]).success();
        stand_in::start_up(&home, shell, "", "");
        let mut pty = Pty::start(&home, shell).unwrap();
        let pinned = |name: &str, pin: &str| {
            let folder = stand_in::project(&home, name);
            fs::write(folder.join(".python-version"), format!("{pin}\n")).unwrap();
            folder
        };
        let (shop, site, exact) = (
            pinned("shop", "3.11"),
            pinned("site", "3.12"),
            pinned("exact", "3.11.9"),
        );
        let plain = home.root.join("plain");
        fs::create_dir(&plain).unwrap();

        // Morning: each its own, and the default outside.
        for folder in [&shop, &site, &exact] {
            assert_eq!(
                python(&home, &mut pty, folder),
                format!("{}/bin/python", environment(folder).display()),
                "{shell}"
            );
        }
        let default = python(&home, &mut pty, &home.root.clone());
        assert!(
            default.ends_with("/pythons/3.12/bin/python3.12"),
            "{shell}: {default}"
        );
        assert_eq!(python(&home, &mut pty, &plain), default);
        home.boot_in(&plain, ["venv"]).success();
        assert!(
            python(&home, &mut pty, &plain).starts_with(environment(&plain).to_str().unwrap()),
            "{shell}"
        );

        // A branch with another pin, and back.
        git(&home, &shop, "init -q");
        git(&home, &shop, "add .python-version");
        git(&home, &shop, "commit -qm x");
        let first = python(&home, &mut pty, &shop);
        git(&home, &shop, "checkout -qb newer");
        fs::write(shop.join(".python-version"), "3.12\n").unwrap();
        git(&home, &shop, "commit -qam newer");
        assert!(
            python(&home, &mut pty, &shop).ends_with("/pythons/3.12/bin/python3.12"),
            "{shell}"
        );
        git(&home, &shop, "checkout -q main");
        assert_eq!(python(&home, &mut pty, &shop), first, "{shell}");
        // A colleague raises the patch: nobody has it, and nobody runs another.
        fs::write(shop.join(".python-version"), "3.11.12\n").unwrap();
        assert_eq!(python(&home, &mut pty, &shop), "", "{shell}");
        git(&home, &shop, "checkout -q .");
        assert_eq!(python(&home, &mut pty, &shop), first, "{shell}");

        // Renamed, copied, cleaned.
        let market = home.root.join("market");
        fs::rename(&shop, &market).unwrap();
        assert_eq!(python(&home, &mut pty, &market), first, "{shell}");
        home.run(home.command("cp").args(["-a", "market", "copy"]))
            .success();
        let copy = python(&home, &mut pty, &home.root.join("copy"));
        assert!(
            copy.starts_with(environment(&home.root.join("copy")).to_str().unwrap())
                && copy != first,
            "{shell}"
        );
        assert_eq!(python(&home, &mut pty, &market), first, "{shell}");
        git(&home, &market, "clean -fdxq");
        let cleaned = python(&home, &mut pty, &market);
        assert!(
            cleaned.ends_with("/bin/python") && cleaned != first,
            "{shell}: {cleaned}"
        );
        home.boot_in(&market, ["venv", "restore"]).success();
        assert_eq!(python(&home, &mut pty, &market), first, "{shell}");

        // The newest patch takes the place of the one before: what follows the minor follows, what
        // names the patch doesn't.
        stand_in::replace_version(&home, "3.11.9", "3.11.10");
        speak(&home);
        assert_eq!(python(&home, &mut pty, &market), first, "{shell}");
        assert_eq!(python(&home, &mut pty, &exact), "", "{shell}");
        // Uninstalled.
        home.boot(["python", "uninstall", "--force", "3.11"])
            .success();
        assert_eq!(python(&home, &mut pty, &market), "", "{shell}");
        assert!(
            python(&home, &mut pty, &site).ends_with("/bin/python"),
            "{shell}"
        );
        assert!(
            python(&home, &mut pty, &plain).ends_with("/bin/python"),
            "{shell}"
        );
    }
}
