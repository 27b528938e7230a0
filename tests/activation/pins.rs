//! Spellings of pins by people, other tools and strangers: understood ones, and ones that nothing
//! meets. Shims, `exec`, `which`, `find` and the hook agree.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{BOOT, Home, Run, stand_in};

/// Creates a home with 3.11.9, its shims and the default 3.11, which would run if a pin were
/// skipped.
fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    home.boot(["python", "install", "3.11", "--default"])
        .success();
    home
}

/// Creates a project with the pin `text` below one that pins 3.11.
fn project(home: &Home, text: &[u8]) -> PathBuf {
    let folder = stand_in::project(home, "parent").join("kid");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".python-version"), text).unwrap();
    folder
}

/// Runs every command that looks up the Python of `folder`.
fn all(home: &Home, folder: &Path) -> Vec<Run> {
    let shim = |name: &str| {
        home.run(
            home.command(home.data().join("shims").join(name))
                .current_dir(folder),
        )
    };
    let boot = |args: &[&str]| home.boot_in(folder, args.iter().copied());
    vec![
        shim("python"),
        shim("python3"),
        boot(&["exec", "--", "python"]),
        boot(&["exec", "--", "true"]),
        boot(&["which", "python3"]),
        boot(&["python", "find"]),
    ]
}

fn enter(home: &Home, folder: &Path) -> Run {
    home.run(
        home.command(BOOT)
            .args(["shell", "enter", "bash"])
            .arg(folder)
            .arg(""),
    )
    .success()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(bytes)
        .collect()
}

/// Checks that nothing runs, that every command explains it in three lines at most, and the hook in
/// one line.
fn is_unmet(home: &Home, folder: &Path, text: &str) {
    for run in all(home, folder) {
        let run = run
            .code(127)
            .one_error()
            .stderr_has(text)
            .stderr_lacks("\u{1b}")
            .stderr_lacks("warning:");
        assert_eq!(run.stdout, "", "{run}");
    }
    let run = enter(home, folder)
        .stdout_lacks("__boot_use")
        .stderr_has(text)
        .stderr_lacks("\u{1b}");
    assert_eq!(run.stderr.lines().count(), 1, "{run}");
    assert!(!folder.join(".venv").exists() && !folder.parent().unwrap().join(".venv").exists());
}

#[test]
fn pin_spellings_are_understood() {
    let home = home();
    let mut texts: Vec<Vec<u8>> = [
        "3.11",
        "v3.11",
        "V3.11.9",
        "Python3.11",
        "CPython3.11",
        "PYTHON-3.11",
        "cpython@3.11",
        "python = \"3.11\"",
        "\"3.11\"",
        "'3.11'",
        "3.11.x",
        "3.11.X",
        "3.11;",
        "3.11,",
        "=3.11",
        "311",
        "3.11 3.12",
        "3.11,3.12",
        "3.11:3.12",
        "python 3.11.9 3.12.1",
        "Latest",
        "^3.11",
        "~3.11",
        ">=3.10 <3.13",
        ">= 3.10, < 3.13",
        "\t3.11\t# ours",
        "\n\r\n3.11\r\n",
        "\u{feff}3.11",
        "3.11\rpypy3.10\r",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    texts.extend([
        utf16("3.11\r\n", u16::to_le_bytes),
        utf16("3.11\r\n", u16::to_be_bytes),
        b"3.11 # f\xfcr alle".to_vec(),
    ]);
    for text in texts {
        let folder = project(&home, &text);
        for run in all(&home, &folder) {
            run.success().stderr_lacks("warning");
        }
        home.boot_in(&folder, ["which", "python"])
            .success()
            .stdout_has("3.11");
        enter(&home, &folder)
            .stdout_has("__boot_use")
            .stdout_has("kid");
        fs::remove_dir_all(home.root.join("parent")).unwrap();
    }
}

#[test]
fn pin_with_unknown_word_is_met_by_nothing() {
    let home = home();
    let long = "x".repeat(65);
    let large = "3.11\n".repeat(1000);
    for (text, said) in [
        (
            "pypy3.10",
            "pypy3.10, which isn't CPython, and boot has CPython only",
        ),
        ("PyPy", "boot has CPython only"),
        ("pypy3.10\n3.11\n", "boot python pin 3.10"),
        ("miniconda3-latest", "boot has CPython only"),
        ("graalpy-24.1", "boot has CPython only"),
        ("3.11-dev", "development build"),
        ("3.11-dev 3.11", "development build"),
        (
            "3.11.9/envs/me",
            "boot venv --name me --python 3.11.9 && boot python pin me",
        ),
        ("3.11-slim", "boot python pin 3.11"),
        ("3.12-bookworm\n3.11\n", "boot python pin 3.12"),
        ("3.11+", "boot python pin 3.11"),
        (">=3.10 || 3.9", "boot python pin 3.10"),
        ("3.10.1.2", "boot python pin 3.10"),
        (
            "<<<<<<< HEAD\n3.11\n=======\n3.12\n>>>>>>> theirs\n",
            "merge conflict",
        ),
        ("../../evil\u{1b}[2J", "\\u{1b}"),
        ("/usr/bin/python3", "boot python pin 3.11"),
        ("$(touch x)", "boot python pin 3.11"),
        ("3.11\0", "NUL"),
        (&long, "more than 64 characters"),
        (&large, "more than 4096 bytes"),
    ] {
        let folder = project(&home, text.as_bytes());
        is_unmet(&home, &folder, said);
        // What is advised works where the version is here, and the pin is met again.
        home.boot_in(&folder, ["python", "pin", "3.11"]).success();
        for run in all(&home, &folder) {
            run.success();
        }
        fs::remove_dir_all(home.root.join("parent")).unwrap();
    }
}

#[test]
fn pin_irregular_file_is_unmet_with_reason() {
    let home = home();
    let folder = project(&home, b"");
    let pin = folder.join(".python-version");
    let empty = || {
        let _ = fs::remove_file(&pin);
        let _ = fs::remove_dir(&pin);
    };
    empty();
    fs::create_dir(&pin).unwrap();
    is_unmet(&home, &folder, "move it away, then: boot python pin 3.11");
    empty();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pin,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    is_unmet(&home, &folder, "isn't a regular file");
    empty();
    symlink("/dev/zero", &pin).unwrap();
    is_unmet(&home, &folder, "isn't a regular file");
    empty();
    symlink("nowhere", &pin).unwrap();
    is_unmet(&home, &folder, "leads nowhere");
}

#[test]
fn pin_without_words_falls_back_to_parent() {
    let home = home();
    for text in ["", "\n\n", "# 3.12\n", "\u{feff}\r\n"] {
        let folder = project(&home, text.as_bytes());
        for run in all(&home, &folder) {
            assert_eq!(run.success().stderr, "");
        }
        enter(&home, &folder)
            .stdout_has("__boot_use")
            .stdout_has("parent");
        fs::remove_dir_all(home.root.join("parent")).unwrap();
    }
}

#[test]
fn pin_unknown_word_beside_valid_one_is_warned_about() {
    let home = home();
    let folder = project(&home, b"3.11\n../evil\x1b\n");
    for run in all(&home, &folder) {
        run.success()
            .stderr_has("warning: ")
            .stderr_has("../evil\\u{1b}");
    }
}

#[test]
fn pin_global_that_is_unreadable_is_met_by_nothing() {
    let home = home();
    home.write(".config/boot/python-version", "pypy3.10\n");
    let folder = home.root.join("plain");
    fs::create_dir(&folder).unwrap();
    for run in all(&home, &folder) {
        run.code(127)
            .one_error()
            .stderr_has("boot python pin --global 3.10");
    }
    home.boot(["python", "pin", "--global", "3.11"]).success();
    for run in all(&home, &folder) {
        run.success();
    }
}

#[test]
fn pin_unknown_version_is_not_offered_for_install() {
    let home = home();
    for (text, said, lacks) in [
        ("3.7", "no such CPython is known", "install 3.7"),
        ("2.7.18", "no such CPython is known", "install 2.7.18"),
        ("3.12.0rc1", "the newest 3.12 is 3.12.", "install 3.12.0rc1"),
        (
            "3.11.99",
            "the newest 3.11 is 3.11.",
            "\nboot python install",
        ),
        ("3.12", "boot python install 3.12", "no such CPython"),
    ] {
        let folder = project(&home, text.as_bytes());
        for run in all(&home, &folder) {
            run.code(127)
                .one_error()
                .stderr_has(said)
                .stderr_lacks(lacks);
        }
        let line = enter(&home, &folder);
        assert!(
            line.stderr.lines().count() == 1
                && line.stderr.contains(if text == "3.12" {
                    said
                } else {
                    ": boot python pin 3."
                }),
            "{line}"
        );
        home.boot(["python", "find", text])
            .code(127)
            .one_error()
            .stderr_has(if text == "3.12" {
                said
            } else {
                "no such CPython is known"
            });
        fs::remove_dir_all(home.root.join("parent")).unwrap();
    }
}

#[test]
fn python_of_other_implementations_is_refused_everywhere() {
    let home = home();
    for word in ["pypy3.10", "graalpy-24.1", "miniconda3-latest", "3.11-dev"] {
        for args in [
            &["python", "install", word][..],
            &["python", "pin", word],
            &["python", "pin", "--global", word],
            &["python", "find", word],
            &["venv", "--python", word],
            &["exec", "--python", word, "--", "python"],
        ] {
            let said = if word == "3.11-dev" {
                "boot has releases only"
            } else {
                "boot has CPython only"
            };
            home.boot(args.iter().copied())
                .code(2)
                .one_error()
                .stderr_has(word)
                .stderr_has(said);
        }
    }
    home.boot(["venv", "--name", "pypy3.10"])
        .code(2)
        .one_error()
        .stderr_has("boot has CPython only");
    home.boot(["venv", "--name", ""])
        .code(2)
        .one_error()
        .stderr_has("an environment needs a name");
    assert!(
        !home.data().join("venvs/pypy3.10").exists() && !home.root.join(".python-version").exists()
    );
    // A name that only begins alike is one.
    home.boot(["venv", "--name", "pypy-work"]).success();
    home.boot(["python", "pin", "pypy-work"]).success();
}

#[test]
fn boot_python_variable_with_wrong_value_is_explained() {
    let mut home = home();
    let folder = home.root.join("plain");
    fs::create_dir(&folder).unwrap();
    for (value, said) in [
        (
            "pypy3.10",
            "BOOT_PYTHON asks for pypy3.10, which isn't CPython, and boot has CPython only",
        ),
        ("3.11-dev", "export BOOT_PYTHON=3.11"),
        (" ", "unset BOOT_PYTHON"),
        (
            "3.11-slim",
            "BOOT_PYTHON asks for no Python that boot knows: 3.11-slim",
        ),
        ("3.7", "no such CPython is known"),
        (
            "work",
            "no environment is called work, which BOOT_PYTHON asks for",
        ),
    ] {
        home.set("BOOT_PYTHON", value);
        for run in all(&home, &folder) {
            run.code(127).one_error().stderr_has(said);
        }
    }
    for value in ["3.11", "v3.11", "3.9:3.11", "3.11 3.9", ">=3.10, <3.13"] {
        home.set("BOOT_PYTHON", value);
        let run = home.boot_in(&folder, ["which", "python3.11"]).success();
        assert!(run.stdout.contains("3.11"), "{value}: {run}");
    }
}

#[test]
fn tool_install_with_foreign_boot_python_is_refused() {
    let mut home = home();
    home.set("BOOT_PYTHON", "pypy3.10");
    home.boot(["tool", "install", "black"])
        .one_error()
        .stderr_has("boot has CPython only");
}

#[test]
fn python_install_of_foreign_pin_is_refused() {
    let home = home();
    let folder = project(&home, b"pypy3.10\n");
    home.boot_in(&folder, ["python", "install"])
        .code(127)
        .one_error()
        .stderr_has("boot has CPython only");
    fs::write(folder.join(".python-version"), "pypy3.10 3.11").unwrap();
    home.boot_in(&folder, ["python", "install"])
        .success()
        .stderr_has("boot has CPython only")
        .stderr_has("3.11.9 is already installed");
}

#[test]
fn exec_python_accepts_lists_and_venv_names() {
    let home = home();
    stand_in::install_version(&home, "3.12.1");
    home.boot(["exec", "--python", "3.12:3.11", "--", "python3.11"])
        .success();
    home.boot(["exec", "--python", "3.9:3.11", "--", "python3.11"])
        .success();
    home.boot(["exec", "--python", "3.9:3.11", "--", "python"])
        .code(127)
        .one_error()
        .stderr_has("boot python install 3.9");
    home.boot(["venv", "--name", "work", "--python", "3.12"])
        .success();
    home.boot([
        "exec",
        "--python",
        "work",
        "--",
        "sh",
        "-c",
        "command -v python",
    ])
    .success()
    .stdout_has("venvs/work/bin/python");
    home.boot(["exec", "--python", "tortoise", "--", "true"])
        .code(2)
        .one_error();
}

#[test]
fn pin_system_without_system_python_is_error() {
    let home = home();
    let folder = project(&home, b"System\n");
    let shims = home.data().join("shims");
    let run = home
        .run(
            home.command(shims.join("python"))
                .current_dir(&folder)
                .env("PATH", &shims),
        )
        .code(127)
        .one_error();
    run.stderr_has("asks for the system's Python, and PATH has no Python beside boot's")
        .stderr_has("boot python pin 3.11");
}

#[test]
fn python_pin_reports_other_files_and_variables() {
    let mut home = home();
    home.write(
        "app/pyproject.toml",
        "[project]\nname = \"app\"\nrequires-python = \">=3.11\"\n",
    );
    let app = home.root.join("app");
    let pin = |home: &Home, args: &[&str]| {
        home.boot_in(
            &app,
            ["python", "pin"].into_iter().chain(args.iter().copied()),
        )
    };
    pin(&home, &[]).success().stderr_has(
        "pyproject.toml asks for Python >=3.11, and no pin says so: boot python pin '>=3.11'",
    );
    pin(&home, &[">=3.11"]).success().stderr_lacks("deactivate");
    pin(&home, &[])
        .success()
        .stdout_has(">=3.11")
        .stderr_lacks("pyproject.toml");
    // What stands between the pin and its effect.
    home.set("PYENV_VERSION", "3.9");
    home.set("VIRTUAL_ENV", "/somebody/s/venv");
    for args in [&["3.11"][..], &["3.11"], &[]] {
        pin(&home, args)
            .success()
            .stderr_has("BOOT_PYTHON")
            .stderr_has("/somebody/s/venv was activated by hand")
            .stderr_has("deactivate first");
    }
    home.boot(["python", "list"])
        .success()
        .stderr_has("PYENV_VERSION is set, and boot doesn't read it");
    home.set(
        "VIRTUAL_ENV",
        &home.data().join("venvs/work").display().to_string(),
    );
    pin(&home, &[]).success().stderr_lacks("deactivate");
}

#[test]
fn python_pin_refuses_requests_that_cannot_be_met() {
    let home = home();
    for (word, code, said) in [
        ("3.7", 1, "no CPython 3.7 is known"),
        ("3.11.99", 1, "the newest 3.11 is 3.11."),
        ("/usr/bin/python3", 2, "boot python adopt"),
        (
            "3.11.9/envs/me",
            2,
            "boot venv --name me --python 3.11.9 && boot python pin me",
        ),
        ("tortoise", 2, "boot venv --name tortoise"),
        ("", 2, "names no Python"),
    ] {
        home.boot(["python", "pin", word])
            .code(code)
            .one_error()
            .stderr_has(said);
        assert!(!home.root.join(".python-version").exists(), "{word}");
    }
    home.boot(["python", "pin", "v3.11", "Python3.12"])
        .success();
    assert_eq!(home.read(".python-version"), "3.11\n3.12\n");
    home.boot(["python", "pin", "3.12 3.11"])
        .success()
        .stderr_has("now says 3.12, 3.11");
}

#[test]
fn python_pin_writes_only_through_links_to_pins() {
    let home = home();
    home.write("dotfiles/python-version", "3.12\n");
    let global = home.root.join(".config/boot/python-version");
    fs::remove_file(&global).unwrap();
    symlink(home.root.join("dotfiles/python-version"), &global).unwrap();
    for _ in 0..2 {
        home.boot(["python", "install", "3.11", "--default"])
            .success();
        assert!(global.is_symlink() && home.read("dotfiles/python-version") == "3.11\n");
    }
    // A checkout that has a link in place of its pin writes nothing of the user's.
    home.write("precious", "mine\n");
    let folder = project(&home, b"");
    fs::remove_file(folder.join(".python-version")).unwrap();
    symlink(home.root.join("precious"), folder.join(".python-version")).unwrap();
    home.boot_in(&folder, ["python", "pin", "3.11"]).success();
    assert_eq!(
        (
            home.read("precious"),
            home.read("parent/kid/.python-version")
        ),
        ("mine\n".into(), "3.11\n".into())
    );
}

#[test]
fn venv_named_by_pin_uses_default_python() {
    let home = home();
    stand_in::install_version(&home, "3.12.1");
    for (name, folder) in [
        ("one", home.root.clone()),
        ("two", project(&home, b"two\n")),
    ] {
        home.boot_in(&folder, ["venv", "--name", name]).success();
        assert!(
            home.read(&format!(".local/share/boot/venvs/{name}/pyvenv.cfg"))
                .contains("3.11"),
            "{name}"
        );
    }
}
