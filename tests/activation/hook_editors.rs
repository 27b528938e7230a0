//! Shells whose environment another program has activated: an editor by variables, an editor or a
//! person by `activate`, pyenv-virtualenv by a variable alone. The hook takes over the environment
//! that it would activate itself, and leaves any other alone.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pty::Pty;
use crate::support::{BOOT, Home, needs, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const PYTHON: &str = "command -v python";
const ACTIVE: &str = "echo \"<$VIRTUAL_ENV>\"";

/// Creates a home with the environments of the projects `alpha` and `beta`.
fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    for name in ["alpha", "beta"] {
        let project = stand_in::project(&home, name);
        home.boot_in(&project, ["-q", "venv"]).success();
    }
    home
}

fn venv(home: &Home, project: &str) -> PathBuf {
    stand_in::real(&home.root.join(project).join(".venv"))
}

fn python(home: &Home, project: &str) -> String {
    venv(home, project).join("bin/python").display().to_string()
}

fn active(home: &Home, project: &str) -> String {
    format!("<{}>", venv(home, project).display())
}

fn path(shell: &str) -> &'static str {
    if shell == "fish" {
        "string join : -- $PATH"
    } else {
        "echo \"$PATH\""
    }
}

fn activate(shell: &str) -> &'static str {
    if shell == "fish" {
        "activate.fish"
    } else {
        "activate"
    }
}

/// Command that prints the prompt without the shell's colours.
fn prompt(shell: &str) -> &'static str {
    if shell == "fish" {
        "echo (fish_prompt)"
    } else {
        "echo \"<$PS1>\""
    }
}

/// Checks that the environment of `alpha` behaves as one that the hook activated: it follows the
/// folder, and `deactivate` holds until the folder changes.
fn behaves_as_boots_own(shell: &str, home: &Home, pty: &mut Pty) {
    let at = |pty: &Pty| format!("{shell}: {}", pty.screen());
    assert_eq!(pty.ask(ACTIVE), active(home, "alpha"), "{}", at(pty));
    assert_eq!(pty.ask(PYTHON), python(home, "alpha"), "{}", at(pty));
    let bin = venv(home, "alpha").join("bin").display().to_string();
    assert_eq!(pty.ask(path(shell)).matches(&bin).count(), 1, "{}", at(pty));
    pty.type_line("cd ../beta");
    assert_eq!(pty.ask(ACTIVE), active(home, "beta"), "{}", at(pty));
    assert_eq!(pty.ask(PYTHON), python(home, "beta"), "{}", at(pty));
    assert!(!pty.ask(path(shell)).contains(&bin), "{}", at(pty));
    pty.type_line("cd ../alpha");
    assert_eq!(pty.ask(ACTIVE), active(home, "alpha"), "{}", at(pty));
    pty.type_line("deactivate");
    assert_eq!(pty.ask(ACTIVE), "<>", "{}", at(pty));
    assert_eq!(pty.ask(ACTIVE), "<>", "{}", at(pty));
    assert!(!pty.ask(path(shell)).contains(&bin), "{}", at(pty));
    pty.type_line("cd ../beta");
    assert_eq!(pty.ask(ACTIVE), active(home, "beta"), "{}", at(pty));
    pty.type_line("cd ~");
    assert_eq!(pty.ask(ACTIVE), "<>", "{}", at(pty));
    assert!(!pty.screen().contains("__boot"), "{}", at(pty));
}

#[test]
fn hook_takes_over_venv_activated_by_editor() {
    // An editor that the desktop started knows no shims: VS Code sets these two, spelled by the
    // project's own `.venv`.
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let alpha = home.root.join("alpha");
        let line = format!(
            "env -C {0} VIRTUAL_ENV={0}/.venv PATH={0}/.venv/bin:/usr/local/bin:/usr/bin:/bin \
             {shell} -i",
            alpha.display()
        );
        let Some(mut pty) = Pty::start_as(&home, shell, &line) else {
            continue;
        };
        behaves_as_boots_own(shell, &home, &mut pty);
        let path = pty.ask(path(shell));
        assert!(
            !path.contains(".venv") && path.contains("boot/shims"),
            "{shell}: {path}"
        );
    }
}

#[test]
fn hook_in_plain_shell_keeps_editor_venv_before_shims() {
    for (shell, rc) in [
        ("bash", ".bashrc"),
        ("zsh", ".zshrc"),
        ("fish", ".config/fish/config.fish"),
    ] {
        if !needs::program(shell) {
            continue;
        }
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let alpha = home.root.join("alpha/.venv");
        let mut command = home.command(shell);
        command
            .args(["-c", &format!(". ~/{rc}; command -v python")])
            .env("VIRTUAL_ENV", &alpha)
            .current_dir(home.root.join("alpha"));
        command.env(
            "PATH",
            format!("{}/bin:/usr/local/bin:/usr/bin:/bin", alpha.display()),
        );
        assert_eq!(
            home.run(&mut command).success().stdout.trim(),
            alpha.join("bin/python").display().to_string(),
            "{shell}"
        );
    }
}

#[test]
fn activate_script_of_boot_hands_over_to_hook() {
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd alpha");
        let before = pty.ask(prompt(shell));
        // As editors type it, and READMEs say; twice is the same as once.
        for _ in 0..2 {
            pty.type_line(&format!("source .venv/bin/{}", activate(shell)));
            assert_eq!(pty.ask(prompt(shell)), before, "{shell}: {}", pty.screen());
        }
        behaves_as_boots_own(shell, &home, &mut pty);
        // It takes back a deactivation, at once.
        pty.type_line("cd ~/alpha; deactivate");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}");
        let answer = pty.ask(&format!(
            "source .venv/bin/{}; command -v python",
            activate(shell)
        ));
        assert_eq!(answer, python(&home, "alpha"), "{shell}: {}", pty.screen());
        // That of another project is somebody's wish: active where it isn't boot's to decide, until
        // one comes to it.
        pty.type_line(&format!("source ../beta/.venv/bin/{}", activate(shell)));
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ..");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd beta");
        assert_eq!(
            pty.ask(prompt(shell)),
            before,
            "{shell}: its mark is off the prompt: {}",
            pty.screen()
        );
        assert_eq!(
            pty.ask(path(shell))
                .matches(&venv(&home, "beta").join("bin").display().to_string())
                .count(),
            1,
            "{shell}"
        );
        pty.type_line("cd ~/alpha");
        behaves_as_boots_own(shell, &home, &mut pty);
    }
}

#[test]
fn hook_takes_over_activate_in_start_up_file() {
    // PyCharm reads the user's file first, and then activates.
    for shell in SHELLS {
        let home = home();
        let script = home.root.join("alpha/.venv/bin").join(activate(shell));
        stand_in::start_up(&home, shell, "", &format!("source {}", script.display()));
        let line = format!("env -C {} {shell} -i", home.root.join("alpha").display());
        let Some(mut pty) = Pty::start_as(&home, shell, &line) else {
            continue;
        };
        let shown = pty.ask(prompt(shell));
        assert!(!shown.contains("(alpha)"), "{shell}: {shown}");
        behaves_as_boots_own(shell, &home, &mut pty);
    }
}

/// Creates a project without a pin, with a trusted environment made by the standard library.
fn standard(home: &Home, name: &str) -> bool {
    let Ok(python) = which::which("python3") else {
        needs::skipped("python3");
        return false;
    };
    let project = stand_in::project(home, name);
    fs::remove_file(project.join(".python-version")).unwrap();
    let mut command = home.command(python.to_str().unwrap());
    command
        .args(["-m", "venv", "--without-pip", ".venv"])
        .current_dir(&project);
    home.run(&mut command).success();
    for folder in [".venv", ".venv/bin"] {
        let folder = project.join(folder);
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    home.boot(["trust", name]).success();
    true
}

#[test]
fn hook_takes_over_trusted_activate_script_of_stdlib() {
    for shell in SHELLS {
        let home = home();
        if !standard(&home, "old") {
            return;
        }
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd old");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "old"),
            "{shell}: no pin is needed: {}",
            pty.screen()
        );
        let before = (pty.ask(prompt(shell)), pty.ask(path(shell)));
        for _ in 0..2 {
            pty.type_line(&format!("source .venv/bin/{}", activate(shell)));
            assert_eq!(
                (pty.ask(prompt(shell)), pty.ask(path(shell))),
                before,
                "{shell}: {}",
                pty.screen()
            );
        }
        pty.type_line("deactivate");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        // What was put on PATH meanwhile is still there afterwards: the script's own deactivate
        // would bring back an older one.
        pty.type_line(&format!("source .venv/bin/{}", activate(shell)));
        pty.type_line(if shell == "fish" {
            "set PATH /mine $PATH; cd ~/alpha"
        } else {
            "PATH=/mine:$PATH; cd ~/alpha"
        });
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "alpha"),
            "{shell}: {}",
            pty.screen()
        );
        assert!(
            pty.ask(path(shell)).contains("/mine:"),
            "{shell}: {}",
            pty.screen()
        );
        behaves_as_boots_own(shell, &home, &mut pty);
    }
}

#[test]
fn hook_keeps_foreign_venv_and_says_so_once_per_project() {
    for shell in SHELLS {
        let home = home();
        home.boot(["-q", "venv", "other", "--no-pip"]).success();
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let other = home.root.join("other");
        pty.type_line(&format!("source ~/other/bin/{}", activate(shell)));
        for folder in ["alpha", "beta", "alpha", "beta"] {
            pty.type_line(&format!("cd ~/{folder}"));
            assert_eq!(
                pty.ask(ACTIVE),
                format!("<{}>", other.display()),
                "{shell}: {}",
                pty.screen()
            );
            assert_eq!(
                pty.ask(PYTHON),
                other.join("bin/python").display().to_string(),
                "{shell}"
            );
        }
        assert_eq!(
            pty.screen().matches("is active by hand").count(),
            2,
            "{shell}: once a project: {}",
            pty.screen()
        );
        // Entering with a command behind it says nothing more.
        let answer = pty.ask("cd ~/alpha && command -v python");
        assert!(answer.ends_with("other/bin/python"), "{shell}: {answer}");
        assert_eq!(
            pty.screen().matches("is active by hand").count(),
            2,
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("deactivate");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        pty.type_line("cd ../beta");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn activate_script_runs_no_program_called_deactivate() {
    let home = home();
    let activate = home.root.join("alpha/.venv/bin/activate");
    // What pyenv-virtualenv has on PATH.
    let program = home.write(
        "programs/function/deactivate",
        "#!/bin/sh\necho 'deactivate must be sourced' >&2\nexit 1\n",
    );
    fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin",
        program.parent().unwrap().display()
    );
    for shell in ["sh", "dash", "bash", "zsh", "ksh", "mksh", "busybox sh"] {
        let words: Vec<&str> = shell.split(' ').collect();
        if which::which(words[0]).is_err() {
            continue;
        }
        for options in ["set -eu", "set -e", "set -u", ":"] {
            let script = format!(
                "{options}; . {0}; command -v python; . {0}; command -v python; deactivate; echo \
                 \"<${{VIRTUAL_ENV-}}>\"",
                activate.display()
            );
            let mut command = home.command(words[0]);
            command
                .args(&words[1..])
                .args(["-c", &script])
                .env("PATH", &path)
                .env("LANG", "C");
            let run = home.run(&mut command).success();
            let wanted = format!("{0}\n{0}\n<>\n", python(&home, "alpha"));
            assert_eq!(
                (run.stdout.as_str(), run.stderr.as_str()),
                (wanted.as_str(), ""),
                "{shell} {options}"
            );
        }
    }
    for name in ["activate", "activate.fish"] {
        let text = fs::read_to_string(home.root.join("alpha/.venv/bin").join(name)).unwrap();
        assert!(text.contains("must be sourced"), "{name}");
    }
}

#[test]
fn activate_script_works_in_script_that_read_the_hook() {
    for (shell, rc) in [
        ("bash", ".bashrc"),
        ("zsh", ".zshrc"),
        ("fish", ".config/fish/config.fish"),
    ] {
        if !needs::program(shell) {
            continue;
        }
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let script = home.write(
            "script",
            &format!(
                ". ~/{rc}\ncd ~/alpha\n. .venv/bin/{}\ncommand -v python\n",
                activate(shell)
            ),
        );
        let mut command = home.command(shell);
        command.arg(script);
        assert_eq!(
            home.run(&mut command).success().stdout,
            format!("{}\n", python(&home, "alpha")),
            "{shell}"
        );
    }
}

#[test]
fn hook_ignores_virtual_env_of_pyenv_and_says_so_once() {
    // It exports VIRTUAL_ENV for the pin, at a change of the folder or of that variable, and never
    // puts commands on PATH.
    let posix = "export PYENV_VIRTUALENV_INIT=1
_pyenv_virtualenv_hook() {
  local ret=$?
  if [ \"${VIRTUAL_ENV-}\" = \"${_PYENV_VH_VENV-}\" ] && [ \"$PWD\" = \"${_PYENV_VH_PWD-}\" ]; then
    return $ret
  fi
  if [ -f .python-version ]; then
    export PYENV_VIRTUAL_ENV=/pyenv/versions/acme VIRTUAL_ENV=/pyenv/versions/acme
  else
    unset PYENV_VIRTUAL_ENV VIRTUAL_ENV
  fi
  _PYENV_VH_PWD=$PWD _PYENV_VH_VENV=${VIRTUAL_ENV-}
  return $ret
}
";
    let fish = "set -gx PYENV_VIRTUALENV_INIT 1
function _pyenv_virtualenv_hook --on-event fish_prompt
  test \"$VIRTUAL_ENV\" = \"$_PYENV_VH_VENV\"; and test \"$PWD\" = \"$_PYENV_VH_PWD\"; and return
  if test -f .python-version
    set -gx PYENV_VIRTUAL_ENV /pyenv/versions/acme
    set -gx VIRTUAL_ENV /pyenv/versions/acme
  else
    set -e PYENV_VIRTUAL_ENV
    set -e VIRTUAL_ENV
  end
  set -g _PYENV_VH_PWD \"$PWD\"
  set -g _PYENV_VH_VENV \"$VIRTUAL_ENV\"
end
";
    for shell in SHELLS {
        for first in [true, false] {
            let home = home();
            let hook = match shell {
                "bash" => format!(
                    "{posix}PROMPT_COMMAND=\"_pyenv_virtualenv_hook;${{PROMPT_COMMAND-}}\"\n"
                ),
                "zsh" => {
                    format!("{posix}precmd_functions=(_pyenv_virtualenv_hook $precmd_functions)\n")
                }
                _ => fish.to_string(),
            };
            stand_in::start_up(
                &home,
                shell,
                if first { &hook } else { "" },
                if first { "" } else { &hook },
            );
            let Some(mut pty) = Pty::start(&home, shell) else {
                continue;
            };
            let before = pty.ask(path(shell));
            for folder in ["alpha", "beta", "alpha"] {
                pty.type_line(&format!("cd ~/{folder}"));
                for _ in 0..2 {
                    pty.ask("echo");
                    assert_eq!(
                        pty.ask(PYTHON),
                        python(&home, folder),
                        "{shell}, {first}: {}",
                        pty.screen()
                    );
                    assert_eq!(
                        pty.ask(ACTIVE),
                        active(&home, folder),
                        "{shell}, {first}: {}",
                        pty.screen()
                    );
                }
            }
            pty.type_line("cd ~");
            pty.ask("echo");
            assert_eq!(pty.ask(ACTIVE), "<>", "{shell}, {first}: {}", pty.screen());
            assert_eq!(
                pty.ask(path(shell)),
                before,
                "{shell}, {first}: {}",
                pty.screen()
            );
            assert_eq!(
                pty.screen().matches("pyenv-virtualenv activates").count(),
                1,
                "{shell}, {first}: {}",
                pty.screen()
            );
        }
    }
}

#[test]
fn boot_python_variable_overrides_venv_at_next_prompt() {
    for shell in SHELLS {
        let home = home();
        home.boot(["-q", "venv", "--name", "named", "--python", "3.11"])
            .success();
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let set = |value: &str| {
            if shell == "fish" {
                format!("set -gx BOOT_PYTHON {value}")
            } else {
                format!("export BOOT_PYTHON={value}")
            }
        };
        let unset = if shell == "fish" {
            "set -e BOOT_PYTHON"
        } else {
            "unset BOOT_PYTHON"
        };
        pty.type_line("cd alpha");
        assert_eq!(pty.ask(ACTIVE), active(&home, "alpha"), "{shell}");
        pty.type_line(&set("3.11"));
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        pty.type_line("cd ../beta");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        let named = format!(
            "<{}>",
            stand_in::real(&home.data().join("venvs/named")).display()
        );
        pty.type_line(&set("named"));
        assert_eq!(pty.ask(ACTIVE), named, "{shell}: {}", pty.screen());
        pty.type_line("cd ~");
        assert_eq!(
            pty.ask(ACTIVE),
            named,
            "{shell}: without a project too: {}",
            pty.screen()
        );
        pty.type_line(unset);
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        pty.type_line("cd beta");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn hook_finds_new_commands_at_next_prompt() {
    for shell in SHELLS {
        let home = home();
        let place = |folder: &Path| {
            let program = folder.join("python3");
            fs::create_dir_all(folder).unwrap();
            let _ = fs::remove_file(&program);
            fs::write(
                &program,
                format!(
                    "#!/bin/sh\necho {}\n",
                    folder.file_name().unwrap().to_str().unwrap()
                ),
            )
            .unwrap();
            fs::set_permissions(
                &program,
                std::os::unix::fs::PermissionsExt::from_mode(0o755),
            )
            .unwrap();
        };
        let shims = home.data().join("shims");
        if shims.join("python3").exists() {
            fs::remove_file(shims.join("python3")).unwrap();
        }
        place(&home.root.join("system"));
        let after = if shell == "fish" {
            "set -a PATH ~/system"
        } else {
            "PATH=$PATH:~/system"
        };
        // A folder ahead of the one where it comes from must not have it.
        let line = format!(
            "env PATH=/nowhere {} -i",
            which::which(shell)
                .map(|path| path.display().to_string())
                .unwrap_or_default()
        );
        stand_in::start_up(&home, shell, "", after);
        let Some(mut pty) = Pty::start_as(&home, shell, &line) else {
            continue;
        };
        assert_eq!(pty.ask("python3"), "system", "{shell}: {}", pty.screen());
        place(&shims);
        // Something was installed, and told.
        home.boot(["-q", "venv", "--name", "any", "--python", "3.11"])
            .success();
        pty.type_line("");
        assert_eq!(pty.ask("python3"), "shims", "{shell}: {}", pty.screen());
    }
}

/// Returns `here` and `why` of `boot shell status --json`, run in the shell itself.
fn here(home: &Home, shell: &str, pty: &mut Pty) -> (serde_json::Value, String) {
    let file = home.root.join("status.json");
    pty.type_line(&format!("{BOOT} shell status --json >{}", file.display()));
    pty.ask("echo");
    let text = fs::read_to_string(&file).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{shell}: {error}: {}", pty.screen()));
    (value["here"].clone(), value["why"].as_str().unwrap().into())
}

#[test]
fn shell_status_explains_active_environment() {
    for shell in SHELLS {
        let home = home();
        home.boot(["-q", "venv", "other", "--no-pip"]).success();
        home.write("missing/.python-version", "3.8.1\n");
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let (state, why) = here(&home, shell, &mut pty);
        assert_eq!(
            (&state["hook"], &state["follows_cd"], &state["environment"]),
            (&true.into(), &true.into(), &serde_json::Value::Null)
        );
        assert_eq!(why, "no environment belongs here", "{shell}");
        pty.type_line("cd alpha");
        let (state, why) = here(&home, shell, &mut pty);
        assert_eq!(
            (state["environment"].as_str().unwrap(), why.as_str()),
            (venv(&home, "alpha").to_str().unwrap(), "boot's"),
            "{shell}"
        );
        pty.type_line("deactivate");
        assert!(
            here(&home, shell, &mut pty)
                .1
                .contains("deactivate was typed"),
            "{shell}"
        );
        pty.type_line("cd ../missing");
        let why = here(&home, shell, &mut pty).1;
        assert!(
            why.contains("boot python install 3.8.1"),
            "{shell}: {why}: {}",
            pty.screen()
        );
        pty.type_line(&format!(
            "source ~/other/bin/{}; cd ../beta",
            activate(shell)
        ));
        let (state, why) = here(&home, shell, &mut pty);
        assert_eq!(
            (
                state["activation"].as_str(),
                why.ends_with("until: deactivate")
            ),
            (Some("foreign"), true),
            "{shell}: {why}"
        );
        let file = home.root.join("doctor");
        pty.type_line(&format!("{BOOT} doctor >{0} 2>&1", file.display()));
        pty.ask("echo");
        let said = fs::read_to_string(file).unwrap();
        let finding = "was activated in this shell by other means than boot's";
        assert!(
            said.contains("~/other") && said.contains(finding),
            "{shell}: {said}"
        );
        // A shell inside that has no hook is not taken for this one.
        let plain = if shell == "fish" {
            "sh -c"
        } else {
            "env -i HOME=$HOME PATH=$PATH __BOOT_HOOK=\"$__BOOT_HOOK\" sh -c"
        };
        pty.type_line(&format!("{plain} '{BOOT} shell status --json >~/inner; :'"));
        pty.ask("echo");
        let inner: serde_json::Value = serde_json::from_str(&home.read("inner")).unwrap();
        assert_eq!(inner["here"]["hook"], false, "{shell}");
    }
}

#[test]
fn doctor_and_shell_status_name_other_activators() {
    let table = [
        (
            "bash",
            "_pyenv_virtualenv_hook() { :; }",
            "pyenv-virtualenv",
            "pyenv virtualenv-init",
        ),
        (
            "zsh",
            "enable_autoswitch_virtualenv() { : }",
            "zsh-autoswitch-virtualenv",
            "plugins in ~/.zshrc",
        ),
        (
            "fish",
            "function _pyenv_virtualenv_hook; end",
            "pyenv-virtualenv",
            "pyenv virtualenv-init",
        ),
        (
            "bash",
            "mkdir -p ~/conda/bin ~/conda/condabin; PATH=~/conda/bin:~/conda/condabin:$PATH",
            "conda",
            "auto_activate_base false",
        ),
    ];
    for (shell, theirs, name, remedy) in table {
        if !needs::program(shell) {
            continue;
        }
        let home = home();
        let rc = match shell {
            "bash" => ".bashrc",
            "zsh" => ".zshrc",
            _ => ".config/fish/config.fish",
        };
        home.boot(["-q", "shell", "install", "--shell", shell])
            .success();
        let before = fs::read_to_string(home.root.join(rc)).unwrap_or_default();
        home.write(rc, &format!("{before}\n{theirs}\n"));
        for command in [vec!["shell", "status"], vec!["doctor"]] {
            let mut run = home.command(BOOT);
            run.args(&command)
                .env("SHELL", which::which(shell).unwrap());
            let run = home.run(&mut run);
            let said = format!("{}{}", run.stdout, run.stderr);
            let line = said
                .lines()
                .position(|line| line.contains(name))
                .map(|at| said.lines().skip(at).take(3).collect::<String>());
            assert!(
                line.is_some_and(|line| line.contains(remedy)),
                "{shell} {command:?}: {said}"
            );
        }
    }
}
