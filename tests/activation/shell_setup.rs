//! `boot shell install`, `status` and `uninstall`: the hook is live where each shell reads it, and
//! the user's files are restored.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::support::{Home, Mirror, needs, nobody};

/// Returns the installed shells; CI must have all of them.
fn shells() -> impl Iterator<Item = &'static str> {
    ["bash", "zsh", "fish"]
        .into_iter()
        .filter(|shell| needs::program(shell))
}

fn install(home: &Home, shell: &str) {
    home.boot(["shell", "install", "--shell", shell]).success();
}

/// Returns `live` and `note` of `boot shell status --json` for one run of a shell.
fn status(home: &Home, shell: &str, run: &str) -> (bool, String) {
    let mut command = home.command(crate::support::BOOT);
    command
        .args(["shell", "status", "--json"])
        .env("SHELL", which::which(shell).unwrap());
    let body = home.run(&mut command).success().json();
    let lines = body["runs"].as_array().unwrap();
    let line = lines
        .iter()
        .find(|line| line["shell"] == shell && line["run"] == run)
        .unwrap_or_else(|| panic!("no {shell} {run}: {body}"));
    (
        line["live"].as_bool().unwrap(),
        line["note"].as_str().unwrap().into(),
    )
}

#[test]
fn shell_install_hook_is_live_in_each_kind_of_run() {
    for shell in shells() {
        let home = Home::new();
        for run in ["login", "interactive", "plain"] {
            assert!(
                !status(&home, shell, run).0,
                "{shell} {run}: nothing is installed yet"
            );
        }
        install(&home, shell);
        for run in ["login", "interactive", "plain"] {
            let (live, note) = status(&home, shell, run);
            // `bash -c` reads no file at all, and that is said.
            let wanted = (shell, run) != ("bash", "plain");
            assert_eq!(live, wanted, "{shell} {run}: {note}");
            assert_eq!(
                note.contains("reads no start-up file"),
                !wanted,
                "{shell} {run}: {note}"
            );
        }
        home.boot(["shell", "uninstall"]).success();
        assert!(!status(&home, shell, "login").0, "{shell}");
    }
}

#[test]
fn shell_install_uses_file_that_bash_login_reads() {
    for name in [".bash_profile", ".bash_login", ".profile"] {
        let home = Home::new();
        home.write(name, "export MINE=1\n");
        home.write(".bashrc", "# mine\n");
        install(&home, "bash");
        assert!(home.read(name).contains("boot"), "{name}");
        assert!(status(&home, "bash", "login").0, "{name}");
        assert_eq!(
            fs::read_dir(&home.root)
                .unwrap()
                .flatten()
                .filter(|entry| entry.path().is_file())
                .count(),
            2,
            "{name}: no other file is made"
        );
    }
}

#[test]
fn shell_install_survives_reordered_path_in_zsh_login() {
    if !needs::program("zsh") {
        return;
    }
    let home = Home::new();
    // What macOS's path_helper does between .zshenv and .zprofile.
    home.write(".zprofile", "PATH=/usr/local/bin:/usr/bin:/bin:$PATH\n");
    install(&home, "zsh");
    assert!(status(&home, "zsh", "login").0);
    assert!(status(&home, "zsh", "plain").0);
}

#[test]
fn shell_install_follows_zdotdir() {
    if !needs::program("zsh") {
        return;
    }
    let mut home = Home::new();
    home.write(".zshenv", "export ZDOTDIR=$HOME/.config/zsh\n");
    home.write(".config/zsh/.zshrc", "# mine\n");
    let folder = home.root.join(".config/zsh").display().to_string();
    // As in a shell of this user, where boot is called from.
    home.set("ZDOTDIR", &folder);
    install(&home, "zsh");
    assert!(home.read(".config/zsh/.zshrc").contains("boot"));
    assert!(!home.root.join(".zshrc").exists());
    let mut command = home.command("zsh");
    command.env_remove("ZDOTDIR").args(["-c", "echo $PATH"]);
    home.run(&mut command)
        .success()
        .stdout_has(".local/share/boot/shims");
    for run in ["login", "interactive", "plain"] {
        assert!(status(&home, "zsh", run).0, "{run}");
    }
}

#[test]
fn shell_uninstall_restores_bytes_mode_and_links() {
    for before in [
        None,
        Some(""),
        Some("a=1"),
        Some("a=1\n"),
        Some("a=1\r\nb=2\r\n"),
        Some("\n\n"),
    ] {
        for shell in ["bash", "zsh", "fish"] {
            let home = Home::new();
            let (file, real) = match shell {
                "bash" => (".bashrc", "dots/bashrc"),
                "zsh" => (".zshrc", "dots/zshrc"),
                _ => (".config/fish/conf.d/boot.fish", "dots/boot.fish"),
            };
            let linked = home.root.join(file);
            fs::create_dir_all(linked.parent().unwrap()).unwrap();
            if let Some(text) = before {
                // In a repository of dotfiles, as many keep them; for fish the file is boot's
                // alone.
                let path = home.write(real, text);
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                symlink(&path, &linked).unwrap();
            }
            let tree = |home: &Home| {
                home.tree()
                    .into_iter()
                    .filter(|path| !path.starts_with(".local"))
                    .collect::<Vec<_>>()
            };
            let paths = tree(&home);
            install(&home, shell);
            let once = home.read(file);
            home.boot(["shell", "install", "--shell", shell])
                .success()
                .stderr_has("nothing to do");
            assert_eq!(
                home.read(file),
                once,
                "{shell}: a second run changes no byte"
            );
            assert_eq!(linked.is_symlink(), before.is_some());
            home.boot(["shell", "uninstall"]).success();
            assert_eq!(tree(&home), paths, "{shell} {before:?}");
            if let Some(text) = before {
                assert_eq!(home.read(real), text, "{shell}");
                assert_eq!(
                    fs::metadata(home.root.join(real)).unwrap().mode() & 0o777,
                    0o600,
                    "{shell}"
                );
            }
        }
    }
}

#[test]
fn shell_install_as_root_keeps_owner_of_file() {
    let home = Home::new();
    let path = home.write(".bashrc", "# mine\n");
    if std::os::unix::fs::chown(&path, Some(4242), Some(4242)).is_err() {
        needs::skipped("only root gives files away");
        return;
    }
    install(&home, "bash");
    let data = fs::metadata(&path).unwrap();
    assert_eq!((data.uid(), data.gid()), (4242, 4242));
    assert!(home.read(".bashrc").contains("boot"));
}

#[test]
fn shell_uninstall_finds_block_in_file_no_longer_read() {
    let mut home = Home::new();
    home.write(".profile", "# mine\n");
    home.write(".zshrc", "# mine\n");
    install(&home, "bash");
    install(&home, "zsh");
    home.write(".bash_profile", "# newer\n");
    let folder = home.root.join("zsh").display().to_string();
    home.write("zsh/.zshrc", "# newer\n");
    home.set("ZDOTDIR", &folder);
    home.boot(["shell", "uninstall"]).success();
    for (name, text) in [
        (".profile", "# mine\n"),
        (".zshrc", "# mine\n"),
        (".bash_profile", "# newer\n"),
        ("zsh/.zshrc", "# newer\n"),
    ] {
        assert_eq!(home.read(name), text, "{name}");
    }
    assert!(
        !home.root.join(".zshenv").exists()
            && !home.root.join(".zprofile").exists()
            && !home.root.join(".bashrc").exists()
    );
}

#[test]
fn shell_install_read_only_file_is_error_before_changes() {
    let home = Home::new();
    let path = home.write(".bashrc", "# mine\n");
    home.write(".profile", "# mine\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let Some(run) = nobody::boot(&home, &["shell", "install", "--shell", "bash"]) else {
        return;
    };
    run.code(1).one_error().stderr_has(".bashrc");
    assert_eq!(home.read(".bashrc"), "# mine\n");
    assert_eq!(home.read(".profile"), "# mine\n");
}

#[test]
fn shell_status_names_what_disables_the_hook() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor(), "--default"])
        .success();
    home.write(".bashrc", "# mine\n");
    install(&home, "bash");
    let block = home.read(".bashrc");
    let said = |bashrc: &str| {
        home.write(".bashrc", bashrc);
        status(&home, "bash", "interactive")
    };
    assert_eq!(said(&block), (true, String::new()));
    let (live, note) = said(&format!("return 0\n{block}"));
    assert!(
        !live && note.contains("an earlier line ends the file"),
        "{note}"
    );
    let (live, note) = said(&format!("{block}PATH=/usr/bin:$PATH\n"));
    assert!(!live && note.contains("ahead of boot's on PATH"), "{note}");
    let (live, note) = said(&format!("{block}alias python=python2\n"));
    assert!(live && note.contains("an alias or a function"), "{note}");
    let (live, note) = said(&format!("{block}PROMPT_COMMAND='history -a'\n"));
    assert!(!live && note.contains("sets PROMPT_COMMAND"), "{note}");
    let (live, note) = said(&format!("{block}PROMPT_COMMAND+=('history -a')\n"));
    assert_eq!((live, note), (true, String::new()));
    let (live, note) = said(&format!("{block}cd() {{ builtin cd \"$@\"; }}\n"));
    assert!(live && note.contains("at prompts only"), "{note}");
    let (live, note) = said(&format!("BOOT_CD=off\n{block}"));
    assert_eq!((live, note), (true, String::new()));
    let (live, note) = said("# nothing\n");
    assert!(
        !live && note.contains("no hook in ~/.bashrc: boot shell install"),
        "{note}"
    );
    // The hook's own file is of another boot.
    let hook = home.data().join("shell/boot.bash");
    fs::write(&hook, format!("{}\n", fs::read_to_string(&hook).unwrap())).unwrap();
    let (live, note) = said(&block);
    assert!(
        live && note.contains("boot shell install brings it up to date"),
        "{note}"
    );
}

#[test]
fn shell_status_tells_that_no_zsh_prompt_calls_the_hook() {
    if !shells().any(|shell| shell == "zsh") {
        return;
    }
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor(), "--default"])
        .success();
    home.write(".zshrc", "# mine\n");
    install(&home, "zsh");
    let block = home.read(".zshrc");
    home.write(".zshrc", &format!("{block}precmd_functions=()\n"));
    let (live, note) = status(&home, "zsh", "interactive");
    assert!(!live && note.contains("precmd_functions"), "{note}");
    home.boot(["doctor"]).stdout_has("precmd_functions");
    home.write(".zshrc", &format!("{block}precmd() {{ :; }}\n"));
    assert_eq!(status(&home, "zsh", "interactive"), (true, String::new()));
}

#[test]
fn shell_status_does_not_wait_for_background_jobs() {
    let home = Home::new();
    home.write(
        ".bashrc",
        "echo 'Welcome!'\nsleep 30 &\nprintf 'no end to this line'\n",
    );
    install(&home, "bash");
    let start = std::time::Instant::now();
    assert_eq!(status(&home, "bash", "interactive"), (true, String::new()));
    assert!(
        start.elapsed() < std::time::Duration::from_secs(15),
        "it waited for what runs in the background"
    );
}

#[test]
fn shell_status_names_shadowed_pythons() {
    let home = Home::new();
    for folder in ["one", "two"] {
        let path = home.write(&format!("{folder}/python"), "#!/bin/sh\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = home.command(crate::support::BOOT);
    command.args(["shell", "status"]).env(
        "PATH",
        format!("{0}/one:{0}/two:/usr/bin:/bin", home.root.display()),
    );
    let run = home.run(&mut command).success();
    let here = run.stdout.lines().last().unwrap();
    assert!(
        here.contains("~/one/python") && here.contains("ahead of ~/two/python"),
        "{run}"
    );
}
