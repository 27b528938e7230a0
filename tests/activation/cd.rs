//! `cd project` in each shell on a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::pty::Pty;
use crate::support::stand_in::real;
use crate::support::{Home, Mirror};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Creates a home with a Python, the hook in the start-up file of `shell`, and a project.
fn home(mirror: &Mirror, shell: &str) -> Home {
    let home = Home::with(mirror);
    home.write(".bashrc", "PS1='$ '\n");
    home.write(".zshrc", "PS1='$ '\n");
    home.write(
        ".config/fish/config.fish",
        "function fish_prompt; echo '$ '; end\nset -g fish_greeting\n",
    );
    home.boot(["python", "install", &mirror.minor()]).success();
    home.boot(["shell", "install", "--shell", shell]).success();
    home.write("project/.python-version", &format!("{}\n", mirror.minor()));
    fs::create_dir_all(home.root.join("project/deep/er")).unwrap();
    home
}

const ACTIVE: &str = "printenv VIRTUAL_ENV";

#[test]
fn cd_activates_environment_and_leaving_deactivates() {
    let mirror = Mirror::new();
    for shell in SHELLS {
        let home = home(&mirror, shell);
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let venv = home.root.join("project/.venv");
        assert_eq!(pty.ask(ACTIVE), "", "{shell}");
        let before = pty.ask("printenv PATH");
        pty.type_line("cd project");
        let shown = pty.ask(ACTIVE);
        let venv = real(&venv);
        assert_eq!(
            shown,
            venv.display().to_string(),
            "{shell}: {}",
            pty.screen()
        );
        assert!(venv.join("pyvenv.cfg").is_file() && venv.join(".gitignore").is_file());
        assert_eq!(
            pty.ask("command -v python"),
            venv.join("bin/python").display().to_string(),
            "{shell}"
        );
        pty.type_line("cd deep/er");
        assert_eq!(
            pty.ask(ACTIVE),
            venv.display().to_string(),
            "{shell}: deeper is the same project"
        );
        pty.type_line("cd ~");
        assert_eq!(pty.ask(ACTIVE), "", "{shell}");
        assert_eq!(
            pty.ask("printenv PATH"),
            before,
            "{shell}: exactly what was added is gone"
        );
        assert!(
            !home.root.join(".venv").exists(),
            "never in the home directory itself"
        );
    }
}

#[test]
fn cd_does_not_activate_environment_of_checkout() {
    let mirror = Mirror::new();
    for shell in SHELLS {
        let home = home(&mirror, shell);
        for program in ["python", "git", "ls"] {
            let path = home.write(
                &format!("project/.venv/bin/{program}"),
                "#!/bin/sh\ntouch \"$HOME/owned\"\n",
            );
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        home.write("project/.venv/pyvenv.cfg", "home = /usr/bin\n");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd project");
        assert_eq!(pty.ask(ACTIVE), "", "{shell}");
        pty.ask("ls >/dev/null");
        assert!(
            pty.screen().contains("boot trust"),
            "{shell}: the way to allow it is said: {}",
            pty.screen()
        );
        assert!(
            !home.root.join("owned").exists(),
            "{shell}: nothing of it ran"
        );
    }
}

#[test]
fn cd_missing_python_is_one_line_with_command() {
    let mirror = Mirror::new();
    for shell in SHELLS {
        let home = home(&mirror, shell);
        home.write("project/.python-version", "3.8.1\n");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd project");
        pty.ask("true");
        pty.ask("true");
        let screen = pty.screen();
        assert_eq!(
            screen.matches("boot python install 3.8.1").count(),
            1,
            "{shell}: {screen}"
        );
    }
}

#[test]
fn shell_uninstall_restores_every_byte() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.write(".bashrc", "# mine, without a newline at the end");
    home.write(".zshrc", "");
    let before = (home.read(".bashrc"), home.read(".zshrc"));
    home.boot(["shell", "install", "--shell", "bash", "--shell", "zsh"])
        .success();
    let installed = (home.read(".bashrc"), home.read(".zshrc"));
    assert_ne!(installed.0, before.0);
    home.boot(["shell", "install", "--shell", "bash", "--shell", "zsh"])
        .success();
    assert_eq!(
        (home.read(".bashrc"), home.read(".zshrc")),
        installed,
        "a second run changes no byte"
    );
    home.boot(["shell", "uninstall"]).success();
    assert_eq!((home.read(".bashrc"), home.read(".zshrc")), before);
}
