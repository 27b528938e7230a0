//! The hooks at real prompts under every option that changes the meaning of shell code.

use std::fs;

use crate::support::pty::Pty;
use crate::support::{Home, stand_in};

/// An option of the user's start-up file, and a question whose answer shows that it still holds.
struct Row {
    shell: &'static str,
    option: &'static str,
    question: &'static str,
    answer: &'static str,
}

const fn row(
    shell: &'static str,
    option: &'static str,
    question: &'static str,
    answer: &'static str,
) -> Row {
    Row {
        shell,
        option,
        question,
        answer,
    }
}

const TABLE: &[Row] = &[
    row("bash", "", "echo none", "none"),
    row("bash", "set -e", "case $- in *e*) echo on;; esac", "on"),
    row("bash", "set -u", "case $- in *u*) echo on;; esac", "on"),
    row(
        "bash",
        "set -euo pipefail",
        "case $-$SHELLOPTS in *e*u*pipefail*) echo on;; esac",
        "on",
    ),
    row("bash", "set -C", "case $- in *C*) echo on;; esac", "on"),
    row("bash", "set -f", "case $- in *f*) echo on;; esac", "on"),
    row("bash", "set -k", "case $- in *k*) echo on;; esac", "on"),
    row(
        "bash",
        "set -o posix",
        "case $SHELLOPTS in *posix*) echo on;; esac",
        "on",
    ),
    row(
        "bash",
        "set -o posix; set -eu",
        "case $SHELLOPTS in *errexit*posix*) echo on;; esac",
        "on",
    ),
    row(
        "bash",
        "shopt -s extglob nullglob",
        "shopt -q nullglob && echo on",
        "on",
    ),
    row(
        "bash",
        "shopt -s failglob",
        "shopt -q failglob && echo on",
        "on",
    ),
    row(
        "bash",
        "shopt -s nocasematch nocaseglob",
        "shopt -q nocasematch && echo on",
        "on",
    ),
    row(
        "bash",
        "shopt -s localvar_inherit compat43",
        "shopt -q localvar_inherit && echo on",
        "on",
    ),
    row("bash", "IFS=/", "printf %q \"$IFS\"", "/"),
    row("bash", "IFS=:_b", "printf %q \"$IFS\"", ":_b"),
    row("bash", "IFS=", "echo \"<$IFS>\"", "<>"),
    row("bash", "unset PROMPT_COMMAND", "echo none", "none"),
    row("bash", "PROMPT_COMMAND=", "echo none", "none"),
    row("bash", "PROMPT_COMMAND='heard=$?'", "echo $heard", "7"),
    row("bash", "PROMPT_COMMAND='heard=$?; '", "echo $heard", "7"),
    row(
        "bash",
        "PROMPT_COMMAND=(ran=1 'heard=$?;')",
        "echo $ran $heard",
        "1 7",
    ),
    row(
        "bash",
        "export PROMPT_COMMAND='ran=1'; set -eu",
        "echo $ran",
        "1",
    ),
    row(
        "bash",
        "trap 'before=$BASH_COMMAND' DEBUG; set -T",
        "trap -p DEBUG",
        "trap -- 'before=$BASH_COMMAND' DEBUG",
    ),
    row(
        "bash",
        "trap 'failed=$((${failed-0} + 1))' ERR; set -E",
        "echo ${failed-0}",
        "2",
    ),
    row(
        "bash",
        "alias local=false unset=false read=false export=echo",
        "alias read",
        "alias read='false'",
    ),
    row("zsh", "", "echo none", "none"),
    row(
        "zsh",
        "setopt err_exit",
        "[[ -o err_exit ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt err_return",
        "[[ -o err_return ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt no_unset pipe_fail",
        "[[ -o pipe_fail && ! -o unset ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt no_clobber",
        "[[ ! -o clobber ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt null_glob extended_glob",
        "[[ -o null_glob ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt ksh_arrays",
        "[[ -o ksh_arrays ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt sh_word_split glob_subst",
        "[[ -o sh_word_split ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt ksh_glob sh_glob",
        "[[ -o ksh_glob ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt rc_expand_param rc_quotes",
        "[[ -o rc_quotes ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt posix_builtins posix_identifiers",
        "[[ -o posix_builtins ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt warn_create_global warn_nested_var",
        "[[ -o warn_create_global ]] && echo on",
        "on",
    ),
    row(
        "zsh",
        "setopt all_export",
        "[[ -o all_export ]] && echo on",
        "on",
    ),
    row("zsh", "IFS=/", "print -r -- ${(q)IFS}", "/"),
    row(
        "zsh",
        "precmd() { ran=1 }; precmd_functions=(also); also() { heard=$? }",
        "echo $ran $heard",
        "1 7",
    ),
    row(
        "zsh",
        "TRAPZERR() { failed=$(( ${failed-0} + 1 )) }",
        "echo ${failed-0}",
        "2",
    ),
    row("zsh", "TRAPDEBUG() { before=1 }", "echo $before", "1"),
    row(
        "zsh",
        "alias local=false unset=false read=false typeset=false",
        "alias read",
        "read=false",
    ),
    row("fish", "", "echo none", "none"),
    row("fish", "set -g IFS /", "echo $IFS", "/"),
    row(
        "fish",
        "function __mine --on-event fish_prompt; set -g heard $status; end",
        "echo $heard",
        "7",
    ),
    row(
        "fish",
        "function test; echo mine; end; functions -e test",
        "echo none",
        "none",
    ),
];

#[test]
fn hook_changes_no_setting_under_all_shell_options() {
    // A terminal each, the shells beside one another.
    std::thread::scope(|scope| {
        for shell in ["bash", "zsh", "fish"] {
            scope.spawn(move || TABLE.iter().filter(|row| row.shell == shell).for_each(walk));
        }
    });
}

/// Enters and leaves a project, and compares all settings before and after.
fn walk(row: &Row) {
    let Row { shell, option, .. } = row;
    let home = Home::new();
    stand_in::install(&home);
    let project = stand_in::project(&home, "p");
    home.boot_in(&project, ["-q", "venv"]).success();
    let venv = stand_in::real(&project.join(".venv"));
    fs::create_dir_all(home.root.join("p/deep/er")).unwrap();
    stand_in::start_up(&home, shell, option, "");
    let Some(mut pty) = Pty::start(&home, shell) else {
        return;
    };
    let at = |pty: &Pty| {
        format!(
            "{shell} with {option:?}; the screen shows:\n{}",
            pty.screen()
        )
    };

    let active = if *shell == "fish" {
        "echo \"$VIRTUAL_ENV\""
    } else {
        "echo \"${VIRTUAL_ENV-}\""
    };
    let settings = match *shell {
        "bash" => "set +o; shopt -p || :; trap -p; printf %q \"$PS1\"; echo \"$PATH\"",
        "zsh" => "setopt; trap; echo \"$PS1 $PATH\"",
        _ => "functions fish_prompt; echo \"$PATH\"",
    };
    let before = pty.ask(settings);
    assert_eq!(pty.ask(active), "", "{}", at(&pty));
    // On one line, in a subshell and in the shell itself.
    let prefix = if *shell == "fish" {
        "cd p; and"
    } else {
        "cd p &&"
    };
    if *shell != "fish" {
        assert_eq!(
            pty.ask(&format!("({prefix} {active})")),
            venv.display().to_string(),
            "{}",
            at(&pty)
        );
        assert_eq!(pty.ask(active), "", "{}", at(&pty));
    }
    assert!(
        pty.ask(&format!("{prefix} {active}"))
            .contains(&venv.display().to_string()),
        "{}",
        at(&pty)
    );
    pty.type_line("cd ~");
    assert_eq!(pty.ask(active), "", "{}", at(&pty));
    assert_eq!(pty.ask(settings), before, "{}", at(&pty));
    pty.type_line("cd p");
    assert_eq!(pty.ask(active), venv.display().to_string(), "{}", at(&pty));
    assert_eq!(
        pty.ask("command -v python"),
        venv.join("bin/python").display().to_string(),
        "{}",
        at(&pty)
    );
    pty.type_line("cd deep/er");
    assert_eq!(pty.ask(active), venv.display().to_string(), "{}", at(&pty));
    pty.type_line("deactivate");
    assert_eq!(pty.ask(active), "", "{}", at(&pty));
    assert_eq!(pty.ask(active), "", "it holds; {}", at(&pty));
    pty.type_line("cd ..");
    assert_eq!(pty.ask(active), venv.display().to_string(), "{}", at(&pty));
    pty.type_line("cd ~");
    assert_eq!(pty.ask(active), "", "{}", at(&pty));
    assert_eq!(pty.ask(settings), before, "{}", at(&pty));

    // What a command ended with is what the next one finds. Where that ends the shell, it isn't
    // asked.
    let ends = ["set -e", "err_exit", "err_return"]
        .iter()
        .any(|option| row.option.contains(option));
    if !ends {
        pty.type_line("cd p");
        match *shell {
            "bash" => pty.type_line("give() { return $1; }; give 3 | give 7"),
            "zsh" => pty.type_line("give() { \\builtin return $1 }; give 3 | give 7"),
            _ => pty.type_line("function give; return $argv[1]; end; give 3 | give 7"),
        }
        match *shell {
            "bash" => pty.type_line("ended=\"$? ${PIPESTATUS[0]} ${PIPESTATUS[1]}\""),
            "zsh" => pty.type_line("ended=\"$? ${(j: :)pipestatus[@]}\""),
            _ => pty.type_line("set ended $status $pipestatus"),
        }
        assert_eq!(pty.ask("echo \"$ended\""), "7 3 7", "{}", at(&pty));
        pty.type_line("give 7");
    }
    assert_eq!(pty.ask(row.question), row.answer, "{}", at(&pty));
    let screen = pty.screen();
    let complaint = screen.lines().find(|line| {
        line.contains("__boot") || line.contains("parameter not set") || line.contains("not found")
    });
    assert_eq!(complaint, None, "{}", at(&pty));
}
