//! The hooks in their real shells, through the options that change what shell code means, and in folders with hostile names.
//! Each prompt is asked for by name, without a terminal; tests of prompts on a terminal are stories.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const BOOT: &str = env!("CARGO_BIN_EXE_boot");
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// A home directory with a Python that was never built, and the hook.
struct Home {
    root: PathBuf,
    _keep: TempDir,
}

impl Home {
    fn new() -> Home {
        let keep = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(keep.path()).unwrap();
        let pythons = root.join(".local/share/boot/pythons");
        let key = boot::python::key::Key {
            version: "3.11.9".parse().unwrap(),
            variant: Default::default(),
            platform: boot::python::key::Platform::host().unwrap(),
        };
        let python = pythons.join(key.to_string());
        fs::create_dir_all(python.join("bin")).unwrap();
        fs::write(python.join("bin/python3.11"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(python.join("bin/python3.11"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink(key.to_string(), pythons.join("3.11")).unwrap();
        let text = |names: &[&str]| names.iter().map(|name| (name.to_string(), "x".into())).collect::<serde_json::Map<_, _>>();
        let mut facts = text(&["soabi", "cache_tag", "magic", "stdlib"]);
        facts.extend(
            [
                ("purelib", "lib/python3.11/site-packages"),
                ("platlib", "lib/python3.11/site-packages"),
                ("scripts", "bin"),
                ("include", "include"),
            ]
            .map(|(key, value)| (key.into(), value.into())),
        );
        facts.insert("version".into(), serde_json::json!([3, 11, 9]));
        facts.insert("free_threaded".into(), false.into());
        facts.insert("pointer_bits".into(), 64.into());
        facts.insert("libc".into(), serde_json::Value::Null);
        facts.insert("macos".into(), serde_json::Value::Null);
        facts.insert(
            "markers".into(),
            text(&[
                "implementation_name",
                "implementation_version",
                "os_name",
                "platform_machine",
                "platform_python_implementation",
                "platform_release",
                "platform_system",
                "platform_version",
                "python_full_version",
                "python_version",
                "sys_platform",
            ])
            .into(),
        );
        let record = serde_json::json!({"schema": 1, "key": key.to_string(), "origin": "prebuilt", "sha256": null,
            "executable": "bin/python3.11", "facts": facts});
        fs::write(python.join("boot.json"), record.to_string()).unwrap();
        Home { root, _keep: keep }
    }

    /// A folder below home with a pin.
    fn project(&self, name: &str) -> PathBuf {
        let folder = self.root.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join(".python-version"), "3.11\n").unwrap();
        folder
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env_clear()
            .env("HOME", &self.root)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        // One cache for all, so that pip is unpacked once.
        command.env("BOOT_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command
    }

    fn boot(&self, args: &[&str]) -> String {
        let run = self.command(BOOT).args(args).output().unwrap();
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }

    /// What `script` prints in an interactive `shell` that has the hook; `prompt` in it stands for showing one, `show` for the
    /// environment that is on PATH. `before` runs ahead of the hook. None where the shell isn't there.
    fn shell(&self, shell: &str, before: &str, script: &str) -> Option<(String, String)> {
        if which::which(shell).is_err() {
            assert!(std::env::var_os("BOOT_TEST_ALL_SHELLS").is_none(), "{shell} is missing");
            eprintln!("SKIPPED: {shell} is missing");
            return None;
        }
        let hook = self.root.join("hook");
        fs::write(&hook, self.boot(&["shell", "init", shell])).unwrap();
        let (prompt, plain) = match shell {
            "fish" => (
                "function prompt; emit fish_prompt; end; function show; set -l n 0; for p in $PATH; string match -q -- \"*.venv*\" $p; and set n 1; end; echo \"<$VIRTUAL_ENV> $n\"; end",
                "--no-config",
            ),
            "zsh" => (
                "prompt() { for f in \"${precmd_functions[@]}\"; do $f; done; }; show() { local p=${PATH//[^:v]/}; print -r -- \"<${VIRTUAL_ENV-}> $(( ${#${PATH//.venv/}} < ${#PATH} ))\"; }",
                "-f",
            ),
            _ => (
                "prompt() { local c; for c in \"${PROMPT_COMMAND[@]}\"; do eval \"$c\"; done; }; show() { local p=${PATH/.venv/}; echo \"<${VIRTUAL_ENV-}> $(( ${#p} < ${#PATH} ))\"; }",
                "--norc",
            ),
        };
        let whole = format!("{prompt}\n{before}\n. '{}'\n{script}\n", hook.display());
        let run = self.command(shell).args([plain, "-i", "-c"]).arg(OsStr::new(&whole)).output().unwrap();
        Some((String::from_utf8_lossy(&run.stdout).into_owned(), String::from_utf8_lossy(&run.stderr).into_owned()))
    }
}

fn active(folder: &Path) -> String {
    format!("<{}> 1\n", folder.join(".venv").display())
}

const NONE: &str = "<> 0\n";

#[test]
fn entering_and_leaving_works_whatever_the_options_are() {
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
        let home = Home::new();
        let project = home.project("p");
        fs::create_dir(project.join("sub")).unwrap();
        let Some((out, errors)) = home.shell(shell, option, "prompt; show; cd p/sub; prompt; show; cd ../..; prompt; show; cd p; prompt; show; deactivate; prompt; show; cd sub; prompt; show") else {
            continue;
        };
        let wanted = [NONE, &active(&project), NONE, &active(&project), NONE, &active(&project)].concat();
        assert_eq!(out, wanted, "{shell} {option}: {errors}");
    }
}

#[test]
fn no_name_of_a_folder_is_ever_run() {
    for name in ["$(touch x)", "`touch x`", "a'b\"c", ";touch x;", "new\nline", "-e", "trailing ", "[a]*", "back\\slash", "%d!x"] {
        for shell in SHELLS {
            let home = Home::new();
            let project = home.project(name);
            let Some((out, errors)) = home.shell(shell, "", "cd ./*/; prompt; show; cd /; prompt; show") else { continue };
            assert_eq!(out, active(&project) + NONE, "{shell} {name:?}: {errors}");
            assert!(!home.root.join("x").exists() && !project.join("x").exists(), "{shell} {name:?}");
        }
    }
}

#[test]
fn a_colon_in_the_path_puts_nothing_on_path() {
    for shell in SHELLS {
        let home = Home::new();
        home.project("a:evil");
        let Some((out, errors)) = home.shell(shell, "", "cd a:evil; prompt; show") else { continue };
        assert_eq!(out, NONE, "{shell}");
        assert!(errors.contains("colon"), "{errors}");
    }
}

#[test]
fn what_a_checkout_brings_along_is_not_activated_until_it_is_trusted() {
    for shell in SHELLS {
        let home = Home::new();
        let project = home.project("p");
        let bin = project.join(".venv/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(project.join(".venv/pyvenv.cfg"), "home = /usr/bin\nversion = 3.11.2\n").unwrap();
        for command in ["python", "git", "ls"] {
            fs::write(bin.join(command), "#!/bin/sh\ntouch ~/pwned\n").unwrap();
            fs::set_permissions(bin.join(command), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let Some((out, errors)) = home.shell(shell, "", "cd p; prompt; show; prompt; cd /; prompt; cd ~/p; prompt; ls >/dev/null") else {
            continue;
        };
        assert_eq!(out, NONE, "{shell}");
        assert_eq!(errors.matches("boot trust").count(), 1, "said once for each folder: {errors}");
        assert!(!home.root.join("pwned").exists());
        home.boot(&["trust", "p"]);
        let script = format!("cd p; prompt; show; '{BOOT}' -q untrust; prompt; show");
        let (out, errors) = home.shell(shell, "", &script).unwrap();
        assert_eq!(out, active(&project) + NONE, "{shell}: {errors}");
    }
}

#[test]
fn a_pin_that_is_edited_within_the_same_second_is_noticed_and_a_missing_python_is_said_once() {
    for shell in SHELLS {
        let home = Home::new();
        let project = home.project("p");
        let Some((out, errors)) = home.shell(
            shell,
            "",
            "cd p; prompt; show; echo 3.12 > .python-version; prompt; show; prompt; cd /; prompt; cd ~/p; prompt; echo 3.11 > .python-version; prompt; show",
        ) else {
            continue;
        };
        assert_eq!(out, active(&project) + NONE + &active(&project), "{shell}: {errors}");
        assert_eq!(errors.matches("boot python install 3.12").count(), 1, "{errors}");
    }
}

#[test]
fn what_was_activated_by_hand_is_left_alone_and_its_deactivation_holds() {
    for shell in SHELLS {
        let home = Home::new();
        let project = home.project("p");
        home.boot(&["-q", "venv", "other", "--no-pip"]);
        let activate = if shell == "fish" { "activate.fish" } else { "activate" };
        let script = format!(
            "cd p; prompt; . ~/other/bin/{activate}; prompt; echo \"$VIRTUAL_ENV\"; cd /; prompt; echo \"$VIRTUAL_ENV\"; cd ~/p; deactivate; prompt; prompt; show; cd ..; prompt; cd p; prompt; show"
        );
        let Some((out, errors)) = home.shell(shell, "", &script) else { continue };
        let other = format!("{}\n", home.root.join("other").display());
        assert_eq!(out, other.clone() + &other + NONE + &active(&project), "{shell}: {errors}");
    }
}

#[test]
fn sourced_twice_and_in_a_nested_shell_nothing_is_there_twice() {
    for shell in SHELLS {
        let home = Home::new();
        let project = home.project("p");
        let path = if shell == "fish" { "string join : -- $PATH" } else { "echo \"$PATH\"" };
        let script = format!("cd p; prompt; {path}; . ~/hook; prompt; {path}; cd /; . ~/hook; prompt; {path}");
        let Some((out, errors)) = home.shell(shell, "", &script) else { continue };
        let lines: Vec<&str> = out.lines().collect();
        let [first, second, left] = lines[..] else { panic!("{shell}: {out} {errors}") };
        assert_eq!(first, second, "{shell}");
        assert_eq!(first, format!("{}/bin:{left}", project.join(".venv").display()), "{shell}");
    }
}

#[test]
fn what_the_last_command_ended_with_stays() {
    for (shell, script) in [
        ("bash", "cd p; (exit 7); __boot_prompt; echo $?; (exit 7); __boot_prompt; echo $?"),
        ("zsh", "cd p; (exit 7); __boot_prompt; echo $?; (exit 7); __boot_prompt; echo $?"),
    ] {
        let home = Home::new();
        home.project("p");
        let Some((out, _)) = home.shell(shell, "", script) else { continue };
        assert_eq!(out, "7\n7\n", "{shell}");
    }
}

#[test]
fn nothing_is_made_where_others_can_write_or_in_the_home_directory() {
    let home = Home::new();
    fs::write(home.root.join(".python-version"), "3.11").unwrap();
    let open = home.project("open");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let Some((out, errors)) = home.shell("bash", "", "prompt; show; cd open; prompt; show") else { return };
    assert_eq!(out, [NONE, NONE].concat());
    assert!(errors.contains("others can write"), "{errors}");
    assert!(!home.root.join(".venv").exists() && !open.join(".venv").exists());
}
