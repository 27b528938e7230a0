//! The hooks beside other programs in a shell: direnv, pyenv-virtualenv, computed prompts,
//! bash-preexec, chpwd hooks, nested shells, and scripts that read the start-up files. A stand-in
//! replaces a program that this machine lacks.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::pty::Pty;
use crate::support::{Home, needs, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const ACTIVE: &str = "echo \"<$VIRTUAL_ENV>\"";

fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    stand_in::project(&home, "p");
    home
}

/// Expected answer to [`ACTIVE`]: the real path of the environment.
fn active(home: &Home, name: &str) -> String {
    format!("<{}>", stand_in::real(&home.root.join(name)).display())
}

fn path(shell: &str) -> &'static str {
    if shell == "fish" {
        "string join : -- $PATH"
    } else {
        "echo \"$PATH\""
    }
}

#[test]
fn hook_and_direnv_keep_each_others_variables() {
    if !needs::program("direnv") {
        return;
    }
    for shell in SHELLS {
        for first in [true, false] {
            let home = home();
            home.write("p/.envrc", "export FROM_DIRENV=1\nPATH_add scripts\n");
            home.write("p/sub/.envrc", "export FROM_DIRENV=2\nPATH_add scripts\n");
            home.write(
                "other/.envrc",
                &format!(
                    "export VIRTUAL_ENV={0}/other/env\nPATH_add env/bin\n",
                    home.root.display()
                ),
            );
            stand_in::project(&home, "q");
            for folder in ["p", "p/sub", "other"] {
                let allowed = home.run(home.command("direnv").args(["allow", folder]));
                allowed.success();
            }
            let hook = if shell == "fish" {
                "direnv hook fish | source".into()
            } else {
                format!("eval \"$(direnv hook {shell})\"")
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
            let at = |pty: &Pty| {
                format!(
                    "{shell}, direnv first: {first}; the screen shows:\n{}",
                    pty.screen()
                )
            };
            let before = pty.ask(path(shell));
            let wanted = |pty: &mut Pty, venv: &str, direnv: &str| {
                assert_eq!(pty.ask(ACTIVE), active(&home, venv), "{}", at(pty));
                assert_eq!(
                    pty.ask("command -v python"),
                    stand_in::real(&home.root.join(venv))
                        .join("bin/python")
                        .display()
                        .to_string(),
                    "{}",
                    at(pty)
                );
                assert_eq!(pty.ask("echo \"$FROM_DIRENV\""), direnv, "{}", at(pty));
            };
            let none = |pty: &mut Pty| {
                assert_eq!(pty.ask(ACTIVE), "<>", "{}", at(pty));
                assert_eq!(pty.ask("echo \"$FROM_DIRENV\""), "", "{}", at(pty));
                assert_eq!(pty.ask(path(shell)), before, "{}", at(pty));
            };
            pty.type_line("cd p");
            wanted(&mut pty, "p/.venv", "1");
            // Read anew, it puts back its PATH.
            let envrc = home.write(
                "p/.envrc",
                "export FROM_DIRENV=3\nPATH_add scripts\nPATH_add more\n",
            );
            // direnv compares whole seconds.
            fs::File::options()
                .append(true)
                .open(envrc)
                .unwrap()
                .set_modified(SystemTime::now() + Duration::from_secs(5))
                .unwrap();
            home.run(home.command("direnv").args(["allow", "p"]))
                .success();
            pty.type_line("");
            wanted(&mut pty, "p/.venv", "3");
            pty.type_line("cd sub");
            wanted(&mut pty, "p/.venv", "2");
            pty.type_line("cd ~/q");
            wanted(&mut pty, "q/.venv", "");
            pty.type_line("cd ~/p");
            wanted(&mut pty, "p/.venv", "3");
            pty.type_line("cd ~");
            none(&mut pty);
            // direnv's environment is its own affair; when it goes, boot's comes at once.
            pty.type_line("cd other");
            assert_eq!(pty.ask(ACTIVE), active(&home, "other/env"), "{}", at(&pty));
            pty.type_line("cd ~/q");
            wanted(&mut pty, "q/.venv", "");
            pty.type_line("cd ~");
            none(&mut pty);
        }
    }
}

#[test]
fn hook_and_pyenv_virtualenv_agree() {
    // At a change of the directory it takes away every environment that isn't one of its own, and
    // the function that would.
    let posix = "export PYENV_VIRTUALENV_INIT=1
_pyenv_virtualenv_hook() {
  local ret=$?
  if [ \"${VIRTUAL_ENV-}\" = \"${_PYENV_VH_VENV-}\" ] && [ \"$PWD\" = \"${_PYENV_VH_PWD-}\" ]; then
    return $ret
  fi
  runs=$((${runs-0} + 1))
  if [ -n \"${VIRTUAL_ENV-}\" ]; then
    unset PYENV_VIRTUAL_ENV VIRTUAL_ENV
    if declare -f deactivate >/dev/null 2>&1; then unset -f deactivate; fi
  fi
  _PYENV_VH_PWD=$PWD _PYENV_VH_VENV=${VIRTUAL_ENV-}
  return $ret
}
";
    let fish = "set -gx PYENV_VIRTUALENV_INIT 1
function _pyenv_virtualenv_hook --on-event fish_prompt
  test \"$VIRTUAL_ENV\" = \"$_PYENV_VH_VENV\"; and test \"$PWD\" = \"$_PYENV_VH_PWD\"; and return
  set -g runs (math 0$runs + 1)
  if test -n \"$VIRTUAL_ENV\"
    set -e PYENV_VIRTUAL_ENV
    set -e VIRTUAL_ENV
    functions -q deactivate; and functions -e deactivate
  end
  set -g _PYENV_VH_PWD \"$PWD\"
  set -g _PYENV_VH_VENV \"$VIRTUAL_ENV\"
end
";
    for shell in SHELLS {
        for first in [true, false] {
            let home = home();
            stand_in::project(&home, "q");
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
            for folder in ["p", "q", "p"] {
                pty.type_line(&format!("cd ~/{folder}"));
                assert_eq!(
                    pty.ask(ACTIVE),
                    active(&home, &format!("{folder}/.venv")),
                    "{shell}, {first}: {}",
                    pty.screen()
                );
                let runs = pty.ask("echo $runs");
                pty.ask("echo");
                assert_eq!(
                    pty.ask(ACTIVE),
                    active(&home, &format!("{folder}/.venv")),
                    "{shell}, {first}: {}",
                    pty.screen()
                );
                assert_eq!(
                    pty.ask("echo $runs"),
                    runs,
                    "{shell}, {first}: it has nothing to do at the next prompts"
                );
            }
            pty.type_line("cd ~");
            assert_eq!(pty.ask(ACTIVE), "<>", "{shell}, {first}: {}", pty.screen());
            assert_eq!(pty.ask(path(shell)), before, "{shell}, {first}");
        }
    }
}

#[test]
fn hook_keeps_status_and_environment_for_computed_prompts() {
    // What starship, oh-my-posh and bash-preexec do: read `$?` and VIRTUAL_ENV before each prompt,
    // and watch commands in a trap.
    for shell in SHELLS {
        for first in [true, false] {
            let home = home();
            let theirs = match shell {
                "bash" => {
                    "theirs() { local ended=$?; shown=\"$ended ${VIRTUAL_ENV##*/}\"; PS1='$ '; }\n\
                     trap 'watched=$BASH_COMMAND' DEBUG\n\
                     PROMPT_COMMAND=\"theirs${PROMPT_COMMAND:+;$PROMPT_COMMAND}\""
                }
                "zsh" => {
                    "setopt prompt_subst\ntheirs() \
                     { local ended=$?; shown=\"$ended ${VIRTUAL_ENV##*/}\"; PS1='$ ' }\n\
                     preexec_functions+=(watching); watching() { watched=$1 }\n\
                     precmd_functions+=(theirs)"
                }
                _ => {
                    "function fish_prompt; set -l ended $status; set -g shown \"$ended \"(string \
                     replace -r '.*/' '' -- \"$VIRTUAL_ENV\"); echo '$ '; end\n\
                     function watching --on-event fish_preexec; set -g watched $argv[1]; end"
                }
            };
            stand_in::start_up(
                &home,
                shell,
                if first { theirs } else { "" },
                if first { "" } else { theirs },
            );
            let Some(mut pty) = Pty::start(&home, shell) else {
                continue;
            };
            pty.type_line("cd p");
            // Bash's own prompt command may come before the hook: then it shows the environment one
            // prompt later.
            pty.type_line("sh -c 'exit 7'");
            assert_eq!(
                pty.ask("echo \"$shown\""),
                "7 p",
                "{shell}, {first}: {}",
                pty.screen()
            );
            assert_ne!(pty.ask("echo \"$watched\""), "", "{shell}, {first}");
            let watched = pty.ask("echo \"$watched\"");
            assert!(
                !watched.contains("__boot"),
                "{shell}, {first}: the trap hears of the user's commands: {watched}"
            );
        }
    }
}

#[test]
fn hook_prints_nothing_in_command_substitution() {
    // oh-my-zsh and others have hooks at each change of the directory; ours must not speak there.
    for shell in SHELLS {
        let home = home();
        let theirs = match shell {
            "zsh" => "chpwd() { moved=$PWD }",
            "fish" => "function moved --on-variable PWD; set -g moved $PWD; end",
            _ => "cd() { builtin cd \"$@\" && moved=$PWD; }",
        };
        stand_in::start_up(&home, shell, theirs, "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let project = home.root.join("p").display().to_string();
        let question = if shell == "fish" {
            "echo \"<\"(cd p; and pwd)\">\""
        } else {
            "echo \"<$(cd p && pwd)>\""
        };
        let answer = pty.ask(question);
        // fish 4 itself tells the terminal where it is, there too.
        let answer = match answer.split_once("\x1b]7;") {
            Some((_, rest)) if shell == "fish" => rest.split_once('\x07').unwrap().1,
            _ => &answer,
        };
        assert_eq!(answer, format!("<{project}>"), "{shell}: {}", pty.screen());
        // fish runs a substitution in the shell itself, which has moved.
        if shell != "fish" {
            assert_eq!(
                pty.ask(ACTIVE),
                "<>",
                "{shell}: a substitution enters nothing"
            );
            pty.type_line("cd p");
        }
        assert_eq!(pty.ask("echo \"$moved\""), project, "{shell}");
        assert_eq!(pty.ask(ACTIVE), active(&home, "p/.venv"), "{shell}");
    }
}

#[test]
fn hook_in_nested_shell_decides_by_folder() {
    for shell in SHELLS {
        let home = home();
        stand_in::project(&home, "q");
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let before = pty.ask(path(shell));
        pty.type_line("cd p");
        assert_eq!(pty.ask(ACTIVE), active(&home, "p/.venv"), "{shell}");
        // As tmux does: a new shell with the variables of this one, somewhere else.
        pty.type_line(&format!("cd ~/q; env -C ~ {shell} -i"));
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        assert_eq!(pty.ask(path(shell)), before, "{shell}: {}", pty.screen());
        pty.type_line("cd q");
        assert_eq!(pty.ask(ACTIVE), active(&home, "q/.venv"), "{shell}");
        pty.type_line("exit");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "q/.venv"),
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ~");
        assert_eq!(pty.ask(path(shell)), before, "{shell}: {}", pty.screen());
    }
}

#[test]
fn hook_in_script_is_silent_and_enters_nothing() {
    for (shell, options, rc) in [
        ("bash", "set -eu; set -o pipefail", ".bashrc"),
        ("zsh", "set -eu; setopt pipe_fail", ".zshrc"),
    ] {
        if which::which(shell).is_err() {
            continue;
        }
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let script = home.write(
            "script",
            &format!(
                "{options}\n. ~/{rc}\ncd p\n\
                                           echo \"<${{VIRTUAL_ENV-}}>\"\n\
                                           command -v boot-none || echo none\n"
            ),
        );
        let run = home.run(home.command(shell).arg(script)).success();
        assert_eq!(
            run.stdout, "<>\nnone\n",
            "{shell}: a script has no prompt, so it enters nothing"
        );
        assert_eq!(run.stderr, "", "{shell}");
        // `bash -c` inside of a project keeps what the shell around it has.
        let mut command = home.command(shell);
        let venv = home.root.join("p/.venv");
        command
            .args(["-c", &format!(". ~/{rc}; echo \"$VIRTUAL_ENV\"")])
            .env("VIRTUAL_ENV", &venv)
            .current_dir(home.root.join("p"));
        assert_eq!(
            home.run(&mut command).success().stdout.trim(),
            venv.display().to_string(),
            "{shell}"
        );
    }
}
