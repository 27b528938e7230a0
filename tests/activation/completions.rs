//! Completion of `boot` in the real shells: commands, options and existing names.

use crate::support::pty::Pty;
use crate::support::{Home, Index, Mirror, Wheel};

fn home() -> Home {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(
        Wheel::new("speaker", "1.0")
            .file("speaker.py", "def main(): pass\n")
            .script("speaker", "speaker:main"),
    );
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["venv", "--name", "workbench"]).success();
    home.write(".bashrc", "PS1='$ '\n");
    home.write(
        ".zshrc",
        "PS1='$ '\nautoload -Uz compinit && compinit -u -d ~/.zcompdump\n",
    );
    home.write(
        ".config/fish/config.fish",
        "function fish_prompt; echo '$ '; end\nset -g fish_greeting\n",
    );
    std::fs::create_dir_all(home.bin()).unwrap();
    std::os::unix::fs::symlink(crate::support::BOOT, home.bin().join("boot")).unwrap();
    home
}

/// Returns the candidates that boot offers `shell` for the last of `words`.
fn asked(home: &Home, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = home.command(crate::support::BOOT);
    command
        .env("_BOOT_COMPLETE", shell)
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    let run = home.run(command.arg("--").args(words)).success();
    run.stdout.lines().map(String::from).collect()
}

#[test]
fn completion_offers_names_of_tools_pythons_and_venvs() {
    let mirror_minor = Mirror::new().minor();
    let home = home();
    for words in [
        ["boot", "tool", "upgrade", ""],
        ["boot", "tool", "inject", "sp"],
        ["boot", "tool", "uninstall", "speak"],
    ] {
        assert!(
            asked(&home, "bash", &words).contains(&"speaker".into()),
            "{words:?}: {:?}",
            asked(&home, "bash", &words)
        );
    }
    assert!(asked(&home, "bash", &["boot", "venv", "remove", "w"]).contains(&"workbench".into()));
    for words in [
        ["boot", "python", "uninstall", ""],
        ["boot", "python", "find", ""],
        ["boot", "venv", "--python", ""],
    ] {
        assert!(
            asked(&home, "bash", &words).contains(&mirror_minor),
            "{words:?}"
        );
    }
    assert!(
        asked(
            &home,
            "bash",
            &["boot", "python", "install", &mirror_minor[..2]]
        )
        .contains(&mirror_minor)
    );
    assert_eq!(
        asked(
            &home,
            "bash",
            &["boot", "tool", "upgrade", "nothing-like-it"]
        ),
        [""; 0]
    );
    // What is hidden in the help isn't offered.
    assert!(!asked(&home, "bash", &["boot", "shell", ""]).contains(&"enter".into()));
    // fish and zsh show the version beside the name.
    assert!(
        asked(&home, "fish", &["boot", "tool", "upgrade", ""]).contains(&"speaker\t1.0".into())
    );
    assert!(asked(&home, "zsh", &["boot", "tool", "upgrade", ""]).contains(&"speaker:1.0".into()));
}

#[test]
fn completion_works_at_first_tab_in_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let home = home();
        home.boot(["shell", "install", "--shell", shell]).success();
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        // Typed: a tool's name, not to its end.
        assert_eq!(
            pty.ask("boot tool exec spea\t -- sh -c 'echo completed'"),
            "completed",
            "{shell}: {}",
            pty.screen()
        );
        assert_eq!(
            pty.ask("boot tool exec spea\t -- sh -c 'echo again'"),
            "again",
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn completion_in_zsh_works_before_and_after_compinit() {
    for (before, behind) in [
        (
            "autoload -Uz compinit && compinit -u -D\n",
            "compinit -u -D\n",
        ),
        ("", "autoload -Uz compinit && compinit -u -D\n"),
    ] {
        let home = home();
        home.write(".zshrc", &format!("PS1='$ '\n{before}"));
        home.boot(["shell", "install", "--shell", "zsh"]).success();
        // As an installer that came later would.
        home.write(".zshrc", &format!("{}{behind}", home.read(".zshrc")));
        let Some(mut pty) = Pty::start(&home, "zsh") else {
            return;
        };
        assert_eq!(
            pty.ask("boot tool exec spea\t -- sh -c 'echo completed'"),
            "completed",
            "{}",
            pty.screen()
        );
        assert_eq!(pty.ask("echo ${precmd_functions[(I)__boot_compdef]}"), "0");
    }
}

#[test]
fn completion_variable_with_wrong_value_is_error() {
    let home = Home::new();
    let mut command = home.command(crate::support::BOOT);
    home.run(command.env("_BOOT_COMPLETE", "bash").args(["tool", "list"]))
        .code(2)
        .one_error();
    let mut command = home.command(crate::support::BOOT);
    home.run(
        command
            .env("_BOOT_COMPLETE", "tcsh")
            .args(["--", "boot", ""]),
    )
    .code(2)
    .one_error();
}
