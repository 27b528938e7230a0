//! The hooks in real shells without a terminal, under the options that change the meaning of shell
//! code, and in folders with hostile names. hook_options.rs has the tests on a terminal.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{BOOT, Home, needs, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Creates a home with a stand-in for a Python.
fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    home
}

/// Runs `script` in an interactive `shell` with the hook and returns stdout and stderr. In
/// `script`, `prompt` shows a prompt and `show` prints the environment on PATH. `before` runs
/// before the hook. None if the shell is missing.
fn run(home: &Home, shell: &str, before: &str, script: &str) -> Option<(String, String)> {
    if !needs::program(shell) {
        return None;
    }
    let hook = home.root.join("hook");
    fs::write(&hook, home.boot(["shell", "init", shell]).success().stdout).unwrap();
    let (prompt, plain) = match shell {
        "fish" => (
            "function prompt; emit fish_prompt; end; function show; set -l n 0; for p in $PATH; \
             string match -qr -- '\\.venv|venvs/' $p; and set n 1; end; echo \"<$VIRTUAL_ENV> \
             $n\"; end",
            "--no-config",
        ),
        "zsh" => (
            "prompt() { for f in \"${precmd_functions[@]}\"; do $f; done; }; show() \
             { local p=${PATH//.venv/}; p=${p//venvs/}; print -r -- \"<${VIRTUAL_ENV-}> \
             $(( ${#p} < ${#PATH} ))\"; }",
            "-f",
        ),
        _ => (
            "prompt() { local c; for c in \"${PROMPT_COMMAND[@]}\"; do eval \"$c\"; done; }; \
             show() { local p=${PATH/.venv/}; p=${p/venvs/}; echo \"<${VIRTUAL_ENV-}> \
             $(( ${#p} < ${#PATH} ))\"; }",
            "--norc",
        ),
    };
    let whole = format!("{prompt}\n{before}\n. '{}'\n{script}\n", hook.display());
    let run = home
        .command(shell)
        .args([plain, "-i", "-c"])
        .arg(OsStr::new(&whole))
        .output()
        .unwrap();
    Some((
        String::from_utf8_lossy(&run.stdout).into_owned(),
        String::from_utf8_lossy(&run.stderr).into_owned(),
    ))
}

fn active(folder: &Path) -> String {
    format!("<{}> 1\n", stand_in::real(&folder.join(".venv")).display())
}

const NONE: &str = "<> 0\n";

#[test]
fn hook_enters_and_leaves_under_all_shell_options() {
    let table = [
        ("bash", ":"),
        ("bash", "set -u"),
        ("bash", "set -o pipefail"),
        ("bash", "set -e"),
        ("bash", "set -C"),
        ("bash", "set -f"),
        ("bash", "set -o posix"),
        ("bash", "shopt -s extglob nullglob"),
        ("bash", "shopt -s failglob"),
        ("bash", "shopt -s nocasematch"),
        ("bash", "IFS=/"),
        ("bash", "IFS=:"),
        ("bash", "PROMPT_COMMAND='true;'"),
        ("bash", "PROMPT_COMMAND=(:)"),
        ("zsh", ":"),
        ("zsh", "setopt no_unset"),
        ("zsh", "setopt err_return"),
        ("zsh", "setopt no_clobber"),
        ("zsh", "setopt null_glob"),
        ("zsh", "setopt sh_word_split"),
        ("zsh", "setopt glob_subst"),
        ("zsh", "setopt rc_quotes"),
        ("zsh", "setopt extended_glob"),
        ("zsh", "IFS=/"),
        ("fish", "true"),
        ("fish", "set -g IFS /"),
    ];
    for (shell, option) in table {
        let home = home();
        let project = stand_in::project(&home, "p");
        fs::create_dir(project.join("sub")).unwrap();
        let Some((out, errors)) = run(
            &home,
            shell,
            option,
            "prompt; show; cd p/sub; prompt; show; cd ../..; prompt; show; cd p; prompt; show; \
             deactivate; prompt; show; cd sub; prompt; show",
        ) else {
            continue;
        };
        let wanted = [
            NONE,
            &active(&project),
            NONE,
            &active(&project),
            NONE,
            &active(&project),
        ]
        .concat();
        assert_eq!(out, wanted, "{shell} {option}: {errors}");
    }
}

#[test]
fn hook_never_runs_a_folder_name() {
    for name in [
        "$(touch x)",
        "`touch x`",
        "a'b\"c",
        ";touch x;",
        "new\nline",
        "-e",
        "trailing ",
        "[a]*",
        "back\\slash",
        "%d!x",
    ] {
        for shell in SHELLS {
            let home = home();
            let project = stand_in::project(&home, name);
            let Some((out, errors)) = run(
                &home,
                shell,
                "",
                "cd ./*/; prompt; show; cd /; prompt; show",
            ) else {
                continue;
            };
            assert_eq!(out, active(&project) + NONE, "{shell} {name:?}: {errors}");
            assert!(
                !home.root.join("x").exists() && !project.join("x").exists(),
                "{shell} {name:?}"
            );
        }
    }
}

#[test]
fn hook_colon_in_folder_name_adds_nothing_to_path() {
    for shell in SHELLS {
        let home = home();
        let project = stand_in::project(&home, "a:evil");
        let Some((out, errors)) = run(&home, shell, "", "cd a:evil; prompt; show") else {
            continue;
        };
        assert_eq!(out, active(&project), "{shell}: {errors}");
        assert!(
            stand_in::real(&project.join(".venv")).ends_with("a_evil"),
            "{shell}"
        );
    }
}

#[test]
fn hook_activates_foreign_venv_only_after_trust() {
    for shell in SHELLS {
        let home = home();
        let project = stand_in::project(&home, "p");
        let bin = project.join(".venv/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(
            project.join(".venv/pyvenv.cfg"),
            "home = /usr/bin\nversion = 3.11.2\n",
        )
        .unwrap();
        for command in ["python", "git", "ls"] {
            fs::write(bin.join(command), "#!/bin/sh\ntouch ~/pwned\n").unwrap();
            fs::set_permissions(bin.join(command), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let Some((out, errors)) = run(
            &home,
            shell,
            "",
            "cd p; prompt; show; prompt; cd /; prompt; cd ~/p; prompt; ls >/dev/null",
        ) else {
            continue;
        };
        assert_eq!(out, NONE, "{shell}");
        assert_eq!(
            errors.matches("boot trust").count(),
            1,
            "said once for each folder: {errors}"
        );
        assert!(!home.root.join("pwned").exists());
        home.boot(["trust", "p"]).success();
        let script = format!("cd p; prompt; show; '{BOOT}' -q untrust; prompt; show");
        let (out, errors) = run(&home, shell, "", &script).unwrap();
        assert_eq!(out, active(&project) + NONE, "{shell}: {errors}");
    }
}

#[test]
fn hook_notices_pin_edited_within_a_second() {
    for shell in SHELLS {
        let home = home();
        let project = stand_in::project(&home, "p");
        let Some((out, errors)) = run(
            &home,
            shell,
            "",
            "cd p; prompt; show; echo 3.12 > .python-version; prompt; show; prompt; cd /; prompt; \
             cd ~/p; prompt; echo 3.11 > .python-version; prompt; show",
        ) else {
            continue;
        };
        assert_eq!(
            out,
            active(&project) + NONE + &active(&project),
            "{shell}: {errors}"
        );
        assert_eq!(
            errors.matches("boot python install 3.12").count(),
            1,
            "{errors}"
        );
    }
}

#[test]
fn hook_leaves_manual_activation_alone() {
    for shell in SHELLS {
        let home = home();
        let project = stand_in::project(&home, "p");
        home.boot(["-q", "venv", "other", "--no-pip"]).success();
        let activate = if shell == "fish" {
            "activate.fish"
        } else {
            "activate"
        };
        let script = format!(
            "cd p; prompt; . ~/other/bin/{activate}; prompt; echo \"$VIRTUAL_ENV\"; cd /; prompt; \
             echo \"$VIRTUAL_ENV\"; cd ~/p; deactivate; prompt; prompt; show; cd ..; prompt; cd p; \
             prompt; show"
        );
        let Some((out, errors)) = run(&home, shell, "", &script) else {
            continue;
        };
        let other = format!("{}\n", home.root.join("other").display());
        assert_eq!(
            out,
            other.clone() + &other + NONE + &active(&project),
            "{shell}: {errors}"
        );
    }
}

#[test]
fn hook_sourced_twice_adds_path_once() {
    for shell in SHELLS {
        let home = home();
        let project = stand_in::project(&home, "p");
        let path = if shell == "fish" {
            "string join : -- $PATH"
        } else {
            "echo \"$PATH\""
        };
        let script = format!(
            "cd p; prompt; {path}; . ~/hook; prompt; {path}; cd /; . ~/hook; prompt; {path}"
        );
        let Some((out, errors)) = run(&home, shell, "", &script) else {
            continue;
        };
        let lines: Vec<&str> = out.lines().collect();
        let [first, second, left] = lines[..] else {
            panic!("{shell}: {out} {errors}")
        };
        assert_eq!(first, second, "{shell}");
        assert_eq!(
            first,
            format!(
                "{}/bin:{left}",
                stand_in::real(&project.join(".venv")).display()
            ),
            "{shell}"
        );
    }
}

#[test]
fn hook_creates_nothing_in_open_folder_or_home() {
    let home = home();
    fs::write(home.root.join(".python-version"), "3.11").unwrap();
    let open = stand_in::project(&home, "open");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let Some((out, errors)) = run(&home, "bash", "", "prompt; show; cd open; prompt; show") else {
        return;
    };
    assert_eq!(out, [NONE, NONE].concat());
    assert!(errors.contains("others can write"), "{errors}");
    assert!(!home.root.join(".venv").exists() && !open.join(".venv").exists());
}
