//! Commands after `cd` on one line run in the new project, and `cd` itself behaves as before.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pty::Pty;
use crate::support::{Home, needs, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const PYTHON: &str = "command -v python";

/// Starts a shell in `alpha`, in a home with the environments of `alpha` and `beta` and the project
/// `new` without one.
fn stand(shell: &str, before: &str, after: &str) -> Option<(Home, Pty)> {
    let home = home();
    stand_in::start_up(&home, shell, before, after);
    let mut pty = Pty::start(&home, shell)?;
    pty.type_line("cd alpha");
    assert_eq!(
        pty.ask(PYTHON),
        python(&home, "alpha"),
        "{shell}: {}",
        pty.screen()
    );
    Some((home, pty))
}

fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    for name in ["alpha", "beta"] {
        let project = stand_in::project(&home, name);
        home.boot_in(&project, ["-q", "venv"]).success();
    }
    stand_in::project(&home, "new");
    fs::create_dir_all(home.root.join("plain/deep")).unwrap();
    home
}

fn python(home: &Home, project: &str) -> String {
    stand_in::real(&home.root.join(project).join(".venv"))
        .join("bin/python")
        .display()
        .to_string()
}

fn shim(home: &Home) -> String {
    let shims = home.data().join("shims/python");
    if shims.exists() {
        shims.display().to_string()
    } else {
        String::new()
    }
}

/// Removes the folder reports that fish 4 writes to the terminal, also inside substitutions.
fn without_reports(answer: &str) -> String {
    let mut text = answer.to_string();
    while let Some(at) = text.find("\u{1b}]7;") {
        let Some(end) = text[at..].find('\u{7}') else {
            break;
        };
        text.replace_range(at..at + end + 1, "");
    }
    text.trim().to_string()
}

#[test]
fn cd_command_after_it_runs_in_new_project() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, "", "") else {
            continue;
        };
        let answer = pty.ask("cd ../beta && command -v python");
        assert_eq!(
            without_reports(&answer),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        assert_eq!(
            pty.ask(PYTHON),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        // Through a folder without a project, deeper, and back.
        let answer = pty.ask(
            "cd ../plain/deep && echo \"<$VIRTUAL_ENV>\" && cd ../../alpha && command -v python",
        );
        let answer = without_reports(&answer);
        assert_eq!(
            answer.split_whitespace().collect::<Vec<_>>(),
            ["<>", &python(&home, "alpha")],
            "{shell}: {}",
            pty.screen()
        );
        let answer = pty.ask(
            "pushd ../beta >/dev/null && command -v python && popd >/dev/null && command -v python",
        );
        let answer = without_reports(&answer);
        assert_eq!(
            answer.split_whitespace().collect::<Vec<_>>(),
            [python(&home, "beta"), python(&home, "alpha")],
            "{shell}"
        );
        // In a function, and in a file that is read.
        home.write("jump", "cd ~/beta\n");
        let define = if shell == "fish" {
            "function jump; cd ~/beta; command -v python; end"
        } else {
            "jump() { cd ~/beta; command -v python; }"
        };
        pty.type_line(define);
        assert_eq!(
            without_reports(&pty.ask("jump")),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ~/alpha");
        assert_eq!(
            without_reports(&pty.ask("source ~/jump; command -v python")),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        assert!(
            !pty.screen().contains("__boot"),
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn cd_in_subshell_leaves_parent_shell_alone() {
    for shell in ["bash", "zsh"] {
        let Some((home, mut pty)) = stand(shell, "", "") else {
            continue;
        };
        for line in [
            "(cd ../beta && command -v python)",
            "echo \"$(cd ../beta && command -v python)\"",
            "echo `cd ../beta && command -v python`",
            "{ cd ../beta && command -v python; } | cat",
            "(cd ../new; cd ../beta && command -v python)",
            "( (cd ../beta && (command -v python)) )",
            "{ cd ../beta && command -v python; } & wait $!",
        ] {
            let answer = pty.ask(line);
            let last = answer
                .lines()
                .map(str::trim)
                .rfind(|line| line.starts_with('/'))
                .unwrap_or_default();
            assert_eq!(
                last,
                python(&home, "beta"),
                "{shell}: {line}: {}",
                pty.screen()
            );
            assert_eq!(
                pty.ask(PYTHON),
                python(&home, "alpha"),
                "{shell}: {line}: {}",
                pty.screen()
            );
        }
        // Where nobody can have an environment, the environment that was left is gone too.
        assert_eq!(
            pty.ask("(cd / && echo \"<$VIRTUAL_ENV>\")"),
            "<>",
            "{shell}"
        );
    }
    // fish runs a substitution in the shell itself, which has moved.
    let Some((home, mut pty)) = stand("fish", "", "") else {
        return;
    };
    let answer = pty.ask("echo (cd ../beta; and command -v python)");
    assert_eq!(
        without_reports(&answer),
        python(&home, "beta"),
        "{}",
        pty.screen()
    );
    assert_eq!(pty.ask(PYTHON), python(&home, "beta"), "{}", pty.screen());
}

#[test]
fn cd_in_subshell_creates_and_prints_nothing() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, "", "") else {
            continue;
        };
        let venv = home.root.join("new/.venv");
        let new = home.root.join("new").display().to_string();
        let lines: &[&str] = match shell {
            "fish" => &["echo (cd ../new; and pwd)"],
            _ => &[
                "(cd ../new && pwd)",
                "echo \"$(cd ../new && pwd)\"",
                "{ cd ../new && pwd; } | cat",
            ],
        };
        for line in lines {
            let answer = if shell == "fish" {
                // Its next prompt is in the new project, and makes what is missing.
                pty.ask(&format!(
                    "{line}; test -e {}; and echo made",
                    venv.display()
                ))
            } else {
                pty.ask(line)
            };
            assert_eq!(
                without_reports(&answer),
                new,
                "{shell}: {line}: {}",
                pty.screen()
            );
            if shell != "fish" {
                assert!(!venv.exists(), "{shell}: {line}");
                assert!(
                    !pty.screen().contains("made "),
                    "{shell}: {line}: {}",
                    pty.screen()
                );
            }
        }
        pty.type_line("cd ~/plain");
        // Only what the user's own commands print.
        let file = home.root.join("out");
        let joined = if shell == "fish" {
            "begin; cd ../new; and cd ../beta; end"
        } else {
            "{ cd ../new && cd ../beta; }"
        };
        pty.type_line(&format!("{joined} >{}", file.display()));
        assert_eq!(
            pty.ask(PYTHON),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        assert_eq!(
            without_reports(&fs::read_to_string(&file).unwrap()),
            "",
            "{shell}"
        );
        assert!(venv.exists(), "{shell}: {}", pty.screen());
        assert_eq!(
            pty.screen().matches("made ").count(),
            1,
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn cd_off_leaves_activation_to_prompts() {
    for shell in SHELLS {
        let off = if shell == "fish" {
            "set -gx BOOT_CD off"
        } else {
            "export BOOT_CD=off"
        };
        let Some((home, mut pty)) = stand(shell, off, "") else {
            continue;
        };
        let answer = pty.ask("cd ../beta && command -v python");
        assert_eq!(
            without_reports(&answer),
            python(&home, "alpha"),
            "{shell}: {}",
            pty.screen()
        );
        assert_eq!(
            pty.ask(PYTHON),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        if shell == "bash" {
            assert_eq!(
                pty.ask("type -t cd pushd popd | tr '\\n' ' '"),
                "builtin builtin builtin"
            );
        }
    }
}

#[test]
fn cd_in_start_up_files_and_scripts_enters_nothing() {
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(
            &home,
            shell,
            "",
            &format!("cd {}/new && cd ..", home.root.display()),
        );
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        assert_eq!(pty.ask("echo \"<$VIRTUAL_ENV>\""), "<>", "{shell}");
        assert!(
            !home.root.join("new/.venv").exists(),
            "{shell}: {}",
            pty.screen()
        );
        let rc = match shell {
            "fish" => ".config/fish/config.fish",
            "zsh" => ".zshrc",
            _ => ".bashrc",
        };
        let kind = if shell == "fish" {
            "functions -q __boot_moved; or echo builtin"
        } else {
            "echo builtin"
        };
        let script = home.write(
            "script",
            &format!(". ~/{rc}\ncd ~/alpha\necho \"<$VIRTUAL_ENV>\"\n{kind}\n"),
        );
        let mut command = home.command(shell);
        command.arg(script);
        let run = home.run(&mut command).success();
        assert_eq!(run.stdout, "<>\nbuiltin\n", "{shell}: {run}");
    }
    let home = home();
    stand_in::start_up(&home, "bash", "", "");
    let mut command = home.command("bash");
    command.args(["-c", ". ~/.bashrc; type -t cd pushd popd"]);
    assert_eq!(
        home.run(&mut command).success().stdout,
        "builtin\nbuiltin\nbuiltin\n"
    );
}

/// Lines that change the folder in every way that bash knows. Output, exit status and destination
/// must not depend on the hook.
const WAYS: &[&str] = &[
    "cd",
    "cd -",
    "cd plain",
    "cd ..",
    "cd -- plain",
    "cd ./-e && cd ..",
    "cd -- -e",
    "cd - && cd ~",
    "cd nowhere",
    "cd nowhere 2>/dev/null || echo \"ended $?\"",
    "cd a b",
    "cd ''",
    "cd \"\"",
    "cd file",
    "cd -P link && pwd",
    "cd ~; cd -L link && pwd -L",
    "cd ~; cd -P -e link; pwd",
    "cd ~; cd -e plain",
    "cd ~; cd -@ plain",
    "cd -z",
    "CDPATH=$HOME; cd /; cd plain",
    "CDPATH=; cd ~; cd plain; cd ~",
    "pushd plain",
    "pushd",
    "pushd +1",
    "pushd -n /usr",
    "popd -n",
    "popd",
    "popd; popd",
    "popd",
    "dirs -c; cd ~; pushd /usr >/dev/null; echo \"${DIRSTACK[@]}\"; dirs -v; popd",
    "mkdir -p q && cd $_ && pwd; cd ..",
    "cd plain; echo \"$_\"; cd ..",
    "(set -e; cd nowhere; echo not reached); echo \"ended $?\"",
    "(set -e; cd plain; pwd); echo \"ended $?\"",
    "(set -u; cd plain; pwd); echo \"ended $?\"",
    "(set -o posix; cd plain; pwd); echo \"ended $?\"",
    "(set -euo pipefail; cd plain; cd - >/dev/null; pwd); echo \"ended $?\"",
    "if cd nowhere; then echo yes; else echo no; fi",
    "cd plain && cd deep || echo failed; cd ~",
    "while cd plain 2>/dev/null; do pwd; done; cd ~",
    "OLDPWD=/usr; cd -; cd ~",
    "unset OLDPWD; cd -; cd ~",
    "HOME=/usr cd; pwd; cd ~",
    "builtin cd plain; pwd; command cd ..; pwd",
    "shopt -s cdspell; cd palin; pwd; cd ~; shopt -u cdspell",
    "shopt -s cdable_vars; there=$HOME/plain; cd there; cd ~; shopt -u cdable_vars",
    "trap 'echo failed' ERR; cd nowhere; trap - ERR",
    "set -E; trap 'echo failed' ERR; cd nowhere; cd plain; trap - ERR; set +E; cd ~",
    "f() { local -r x=1; cd plain && pwd; }; f; cd ~",
    "cd $'new\\nline' && pwd; cd ~",
    "cd plain >out; cat out; cd ~",
    "cd plain </dev/null 2>&1; cd ~",
    "IFS=/; cd plain; cd ..; unset IFS",
    "set -f; cd plain; cd ..; set +f",
    "chmod 000 shut; cd shut; cd ~",
];

/// Returns the output, status and folder after each of [`WAYS`] in bash; `before` runs before the
/// hook.
fn walk(home: &Home, before: &str) -> String {
    for folder in ["plain/deep", "-e", "new\nline", "shut"] {
        fs::create_dir_all(home.root.join(folder)).unwrap();
    }
    home.write("file", "");
    let link = home.root.join("link");
    if fs::symlink_metadata(&link).is_err() {
        std::os::unix::fs::symlink("plain/deep", link).unwrap();
    }
    let hook = home.root.join("hook");
    fs::write(&hook, home.boot(["shell", "init", "bash"]).success().stdout).unwrap();
    let ways: Vec<String> = WAYS
        .iter()
        .enumerate()
        .map(|(at, way)| {
            format!("{way}\necho \"[{at}: $? $PWD ${{OLDPWD-none}} ${{DIRSTACK[*]}}]\"\n")
        })
        .collect();
    let script = format!(
        "prompt() {{ local c; for c in \"${{PROMPT_COMMAND[@]}}\"; do eval \"$c\"; done; }}\n\
         {before}\n. '{}'\nprompt\n{}",
        hook.display(),
        ways.concat()
    );
    let script = home.write("ways", &script);
    let run = home.run(home.command("bash").args(["--norc", "-i"]).arg(script));
    format!("{}{}", run.stdout, run.stderr.replace("ways: ", ""))
}

#[test]
fn cd_pushd_and_popd_behave_as_without_hook() {
    let (plain, hooked) = (Home::new(), Home::new());
    let before = walk(&plain, "BOOT_CD=off").replace(&plain.root.display().to_string(), "HOME");
    let after = walk(&hooked, "").replace(&hooked.root.display().to_string(), "HOME");
    assert!(
        before.contains(&format!("[{}: ", WAYS.len() - 1)),
        "{before}"
    );
    let lines: Vec<(&str, &str)> = before
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other)
        .collect();
    assert_eq!(lines, []);
    assert_eq!(before.lines().count(), after.lines().count());
}

#[test]
fn cd_of_user_is_kept() {
    let theirs = "cd() { builtin cd \"$@\" && moved=$PWD; }";
    for (before, after) in [
        (theirs, ""),
        ("", theirs),
        ("alias cd='builtin cd' pushd='builtin pushd'", ""),
        ("", "alias cd='builtin cd'"),
    ] {
        let Some((home, mut pty)) = stand("bash", before, after) else {
            return;
        };
        let at = |pty: &Pty| format!("{before:?}, {after:?}: {}", pty.screen());
        // Prompts look, as they always do.
        assert_eq!(
            pty.ask("cd ../beta && command -v python"),
            python(&home, "alpha"),
            "{}",
            at(&pty)
        );
        assert_eq!(pty.ask(PYTHON), python(&home, "beta"), "{}", at(&pty));
        let kind = pty.ask("type -t cd");
        assert_eq!(
            kind,
            if before.contains("alias") || after.contains("alias") {
                "alias"
            } else {
                "function"
            },
            "{}",
            at(&pty)
        );
        if kind == "function" {
            assert_eq!(
                pty.ask("echo $moved"),
                home.root.join("beta").display().to_string(),
                "{}",
                at(&pty)
            );
        }
        // Those of the three that they left alone are boot's.
        let pushd = pty.ask("pushd ../alpha >/dev/null && command -v python");
        assert_eq!(
            pushd,
            if before.contains("pushd") {
                python(&home, "beta")
            } else {
                python(&home, "alpha")
            },
            "{}",
            at(&pty)
        );
    }
}

#[test]
fn cd_wrappers_and_jumpers_work_and_run_once() {
    // The way of rvm and mise, which bring chpwd_functions to bash; a wrapper that calls cd; what
    // autojump, z and fasd do (cd), and zoxide.
    let others = "__zsh_like_cd() \
                  { local hook; if builtin \"$@\"; then \
                  for hook in chpwd \"${chpwd_functions[@]}\"; do \
                  if declare -f \"$hook\" >/dev/null; then \"$hook\" || break; fi; done; true; \
                  else return $?; fi; }\n\
                  cd() { __zsh_like_cd cd \"$@\"; }\n";
    let Some((home, mut pty)) = stand("bash", "", others) else {
        return;
    };
    assert_eq!(
        pty.ask("cd ../beta && command -v python"),
        python(&home, "beta"),
        "{}",
        pty.screen()
    );
    assert_eq!(
        pty.ask("cd nowhere 2>/dev/null || echo $?"),
        "1",
        "{}",
        pty.screen()
    );

    let jumps = "mk() { mkdir -p \"$1\" && cd \"$1\"; }\nj() { cd ~/\"$1\"; }\n\
                 z() { \\builtin cd -- ~/\"$1\"; }\nup() \
                 { cd \"$@\" && up_ran=$((${up_ran-0} + 1)); }";
    let (home, mut pty) = stand("bash", "", jumps).unwrap();
    assert_eq!(
        pty.ask("j beta && command -v python"),
        python(&home, "beta"),
        "{}",
        pty.screen()
    );
    assert_eq!(
        pty.ask("up ~/alpha && command -v python && echo $up_ran")
            .replace("\r\n", " "),
        format!("{} 1", python(&home, "alpha"))
    );
    // `builtin cd` is seen at the prompt.
    pty.type_line("z beta");
    assert_eq!(pty.ask(PYTHON), python(&home, "beta"), "{}", pty.screen());
    assert_eq!(
        pty.ask("mk ~/plain/made && echo \"<$VIRTUAL_ENV>\""),
        "<>",
        "{}",
        pty.screen()
    );
    // In zsh and fish every jump is seen.
    for (shell, define) in [
        ("zsh", "z() { \\builtin cd -- ~/\"$1\" }"),
        ("fish", "function z; builtin cd ~/$argv[1]; end"),
    ] {
        let Some((home, mut pty)) = stand(shell, "", define) else {
            continue;
        };
        let answer = pty.ask("z beta && command -v python");
        assert_eq!(
            without_reports(&answer),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn cd_completion_and_autocd_are_unchanged() {
    let Some((home, mut pty)) = stand("bash", "complete -o nospace -d cd", "shopt -s autocd")
    else {
        return;
    };
    assert_eq!(pty.ask("complete -p cd"), "complete -o nospace -d cd");
    pty.type_line("../beta");
    assert_eq!(pty.ask(PYTHON), python(&home, "beta"), "{}", pty.screen());
    // What completions do in their subshells looks at nothing.
    assert_eq!(
        pty.ask("(COMP_LINE=x; cd ../alpha; command -v python)"),
        python(&home, "beta")
    );
    let Some((home, mut pty)) = stand("zsh", "setopt auto_cd auto_pushd", "") else {
        return;
    };
    pty.type_line("../beta");
    assert_eq!(pty.ask(PYTHON), python(&home, "beta"), "{}", pty.screen());
    assert_eq!(
        pty.ask("cd -q ../alpha; command -v python"),
        python(&home, "beta")
    );
    assert_eq!(pty.ask(PYTHON), python(&home, "alpha"), "{}", pty.screen());
}

#[test]
fn deactivate_holds_only_in_folder_where_it_was_typed() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, "", "") else {
            continue;
        };
        pty.type_line("deactivate; cd ../beta");
        assert_eq!(
            pty.ask(PYTHON),
            python(&home, "beta"),
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ../alpha; deactivate");
        assert_eq!(
            pty.ask("echo \"<$VIRTUAL_ENV>\""),
            "<>",
            "{shell}: {}",
            pty.screen()
        );
        assert_eq!(pty.ask(PYTHON), shim(&home), "{shell}: {}", pty.screen());
    }
}

#[test]
fn cd_under_set_x_traces_few_lines() {
    for (shell, most) in [("bash", 8), ("zsh", 8)] {
        let Some((_home, mut pty)) = stand(shell, "", "") else {
            continue;
        };
        pty.ask("echo");
        let before = pty.screen().len();
        pty.type_line("set -x; cd ../beta; set +x");
        pty.ask("echo");
        let traced = pty.screen()[before..]
            .lines()
            .filter(|line| line.starts_with('+'))
            .count();
        assert!(
            traced <= most,
            "{shell}: {traced} lines: {}",
            &pty.screen()[before..]
        );
    }
}

#[test]
fn hook_asks_once_about_folder_with_requires_python() {
    // boot says in one line what pyproject.toml asks for; it is asked at the first visit, and not
    // at the next ones.
    for shell in SHELLS {
        if !needs::program("strace") {
            return;
        }
        let home = home();
        home.write(
            "plain/pyproject.toml",
            "[project]\nrequires-python = \">=3.12\"\n",
        );
        stand_in::start_up(&home, shell, "", "");
        let log: PathBuf = home.root.join("trace");
        let line = format!(
            "strace -f -q -e trace=execve -o {} {shell} -i",
            log.display()
        );
        let Some(mut pty) = Pty::start_as(&home, shell, &line) else {
            continue;
        };
        let asked = |path: &Path| {
            fs::read_to_string(path)
                .unwrap()
                .matches("\"enter\"")
                .count()
        };
        pty.type_line("cd plain/deep");
        pty.ask("echo");
        pty.ask("echo");
        assert_eq!(asked(&log), 0, "{shell}");
        for _ in 0..3 {
            pty.type_line("cd ~/plain");
            pty.ask("echo");
            pty.type_line("cd /");
            pty.ask("echo");
        }
        assert_eq!(
            asked(&log),
            1,
            "{shell}: {}",
            fs::read_to_string(&log).unwrap()
        );
    }
}
