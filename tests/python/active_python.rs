//! The Python in effect: found, pinned, run by shims and `boot exec`, and never replaced by
//! another.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Home, Mirror, Run};

const TELL: &str = "import os; print('patch', os.environ['STAND_IN'])";

/// Creates a home with the machine's minor and the invented 3.90.1 and 3.91.2.
fn home(mirror: &Mirror) -> Home {
    let home = Home::with(mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.plant(mirror, "3.90.1");
    home.plant(mirror, "3.91.2");
    home
}

/// Runs a shim in a folder.
fn shim<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
    home: &Home,
    folder: &str,
    name: &str,
    args: I,
) -> Run {
    home.run(
        home.command(home.data().join("shims").join(name))
            .current_dir(home.root.join(folder))
            .args(args),
    )
}

#[test]
fn pin_of_folder_or_nearest_parent_decides() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.write("p/.python-version", "3.90\n");
    home.write("p/q/.python-version", &format!("{}\n", mirror.minor()));
    fs::create_dir_all(home.root.join("p/r/s")).unwrap();
    for (folder, patch) in [
        ("", "3.91.2"),
        ("p", "3.90.1"),
        ("p/r/s", "3.90.1"),
        ("p/q", &mirror.version()),
    ] {
        shim(&home, folder, "python", ["-c", TELL])
            .success()
            .stdout_has(&format!("patch {patch}"));
        shim(&home, folder, "python3", ["-c", TELL])
            .success()
            .stdout_has(&format!("patch {patch}"));
        let found = home
            .boot_in(&home.root.join(folder), ["python", "find"])
            .success()
            .stdout;
        assert!(found.contains(&format!("cpython-{patch}-")), "{found}");
        home.boot_in(
            &home.root.join(folder),
            ["exec", "--", "python", "-c", TELL],
        )
        .success()
        .stdout_has(patch);
        let list = home
            .boot_in(&home.root.join(folder), ["python", "list", "--json"])
            .success()
            .json();
        let active: Vec<_> = list["pythons"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|python| python["active"] == true)
            .collect();
        assert_eq!((active.len(), &active[0]["version"]), (1, &patch.into()));
    }
    let list = home
        .boot_in(&home.root.join("p/r"), ["python", "list"])
        .success();
    assert!(
        list.stdout
            .lines()
            .any(|line| line.starts_with("* 3.90.1") && line.contains("p/.python-version")),
        "{list}"
    );
    // The global pin is what holds elsewhere.
    home.boot(["python", "pin", "--global", "3.90"]).success();
    shim(&home, "", "python", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    let list = home.boot(["python", "list", "--json"]).success().json();
    assert_eq!(
        list["pythons"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|python| python["default"] == true)
            .count(),
        1
    );
}

#[test]
fn boot_python_variable_overrides_every_pin() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    home.write("p/.python-version", "3.90\n");
    home.boot(["venv", "--name", "named", "--python", "3.90", "--no-pip"])
        .success();
    for (request, patch) in [
        ("3.91", "3.91.2"),
        (">=3.91, <4", "3.91.2"),
        ("3.91.2 3.90.1", "3.91.2"),
        ("named", "3.90.1"),
    ] {
        home.set("BOOT_PYTHON", request);
        shim(&home, "p", "python", ["-c", TELL])
            .success()
            .stdout_has(&format!("patch {patch}"));
        home.boot_in(&home.root.join("p"), ["exec", "--", "python", "-c", TELL])
            .success()
            .stdout_has(patch);
    }
    home.set("BOOT_PYTHON", "3.91.2:3.90.1");
    shim(&home, "p", "python3.90", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    home.boot_in(&home.root.join("p"), ["python", "pin"])
        .success()
        .stdout_has("3.90")
        .stderr_has("BOOT_PYTHON");
    for wrong in ["3.8.1", "../../etc", "\u{1b}[2J"] {
        home.set("BOOT_PYTHON", wrong);
        let run = shim(&home, "p", "python", ["-c", TELL])
            .code(127)
            .stderr_has("BOOT_PYTHON")
            .one_error();
        assert!(!run.stderr.contains("\u{1b}[2J"), "escaped: {run}");
    }
    // Empty is unset.
    home.set("BOOT_PYTHON", "");
    shim(&home, "p", "python", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
}

#[test]
fn pin_with_several_versions_serves_names_with_minor() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.write("p/.python-version", "3.91\n3.90\n");
    shim(&home, "p", "python3", ["-c", TELL])
        .success()
        .stdout_has("patch 3.91.2");
    shim(&home, "p", "python3.90", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    // A name that says its version is no other Python: it runs whatever the pin says, as tox, uv
    // and poetry expect.
    let name = format!("python{}", mirror.minor());
    for folder in ["p", ""] {
        shim(&home, folder, &name, ["-c", TELL])
            .success()
            .stdout_has(&mirror.version());
    }
    shim(&home, "p", "python3.90", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    home.boot_in(&home.root.join("p"), ["which", &name])
        .success()
        .stdout_has(&name);
    home.boot_in(&home.root.join("p"), ["exec", &name, "-c", TELL])
        .success()
        .stdout_has(&mirror.version());
    home.boot_in(&home.root.join("p"), ["which", "python3.8"])
        .code(127)
        .stderr_has("boot python install 3.8")
        .one_error();
    // The one that is missing is what was asked for: the other isn't run in its place.
    home.write("p/.python-version", "3.8\n3.90\n");
    shim(&home, "p", "python", ["-c", TELL])
        .code(127)
        .stderr_has("boot python install 3.8")
        .one_error();
    shim(&home, "p", "pip", ["--version"])
        .code(127)
        .stderr_has("boot python install 3.8")
        .one_error();
    shim(&home, "p", "python3.90", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
}

#[test]
fn pin_with_unreadable_word_is_met_by_nothing() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.write("p/.python-version", "../../evil\u{1b}[2J\n");
    for run in [
        shim(&home, "p", "python", ["-c", TELL]),
        home.boot_in(&home.root.join("p"), ["which", "python"]),
        home.boot_in(&home.root.join("p"), ["python", "find"]),
        home.boot_in(&home.root.join("p"), ["exec", "--", "python", "-c", TELL]),
    ] {
        let run = run
            .code(127)
            .one_error()
            .stderr_has("p/.python-version")
            .stderr_has("boot python pin 3.11");
        assert!(
            run.stdout.is_empty()
                && !run.stderr.contains('\u{1b}')
                && run.stderr.lines().count() == 2,
            "{run}"
        );
    }
}

#[test]
fn shim_and_exec_pass_arguments_byte_for_byte() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let odd = OsString::from_vec(b"a\xff\xfe b\n'\"$(x)".to_vec());
    let program = "import os, sys; print([os.fsencode(word) for word in sys.argv[1:]])";
    let shown = r#"[b'a\xff\xfe b\n\'"$(x)', b'', b'--version']"#;
    let args = [
        OsStr::new("-c"),
        OsStr::new(program),
        &odd,
        OsStr::new(""),
        OsStr::new("--version"),
    ];
    shim(&home, "", "python", args).success().stdout_has(shown);
    let exec = [OsStr::new("exec"), OsStr::new("--"), OsStr::new("python")];
    home.boot(exec.into_iter().chain(args))
        .success()
        .stdout_has(shown);
    // And standard input, which nobody reads on the way.
    let script = format!(
        "printf 'print(6*7)' | {}/shims/python3 -",
        home.data().display()
    );
    home.run(home.command("sh").args(["-c", &script]))
        .success()
        .stdout_has("42");
}

#[test]
fn shim_and_exec_pass_signals_and_exit_codes() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    for code in [0, 1, 3, 42, 127, 255] {
        let program = format!("raise SystemExit({code})");
        shim(&home, "", "python", ["-c", &program]).code(code);
        home.boot(["exec", "python", "-c", &program]).code(code);
    }
    for args in [vec!["python"], vec!["exec", "--", "python"]] {
        // The process that was started is the one that ends by the signal: nobody waits in between.
        let program = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)";
        let run = match args.as_slice() {
            ["python"] => shim(&home, "", "python", ["-c", program]),
            _ => home.boot(args.iter().copied().chain(["-c", program])),
        };
        assert_eq!(run.code, None, "{run}");
    }
    // SIGPIPE is as the caller had it: Rust's own setting isn't handed on.
    let program = "import signal; print(signal.getsignal(signal.SIGPIPE))";
    let direct = home
        .run(
            home.command(mirror_python(&home, &mirror))
                .args(["-c", program]),
        )
        .stdout;
    assert_eq!(shim(&home, "", "python", ["-c", program]).stdout, direct);
}

fn mirror_python(home: &Home, mirror: &Mirror) -> std::path::PathBuf {
    home.data()
        .join("pythons")
        .join(mirror.key.to_string())
        .join(format!("bin/python{}", mirror.minor()))
}

#[test]
fn shim_that_calls_itself_is_error() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    // A Python whose command is a script that runs its own name again, shims first: as wrappers do.
    let python = home
        .data()
        .join("pythons")
        .join(
            mirror
                .key
                .to_string()
                .replacen(&mirror.version(), "3.90.1", 1),
        )
        .join("bin/python3.90");
    fs::write(
        &python,
        format!(
            "#!/bin/sh\nexec {}/shims/python3.90 \"$@\"\n",
            home.data().display()
        ),
    )
    .unwrap();
    let run = shim(&home, "", "python3.90", ["-c", TELL])
        .code(1)
        .stderr_has("calls itself")
        .one_error();
    assert!(run.stderr.contains("python3.90"), "{run}");
    // Real nesting is far below the limit.
    let nested = "import os, subprocess, sys; n = int(sys.argv[1]); \
        sys.exit(subprocess.call(['python', '-c', sys.argv[2], str(n - 1), sys.argv[2]]) if n else \
        5)";
    let path = format!("{}/shims:/usr/bin:/bin", home.data().display());
    home.set("PATH", &path);
    home.boot(["python", "pin", "--global", &mirror.minor()])
        .success();
    home.run(
        home.command(home.data().join("shims/python"))
            .env("PATH", path)
            .args(["-c", nested, "8", nested]),
    )
    .code(5);
}

#[test]
fn pin_system_skips_shims_under_any_name() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.write("p/.python-version", "system\n");
    let (shims, alias) = (home.data().join("shims"), home.root.join("alias"));
    symlink(&shims, &alias).unwrap();
    let fake = home.write("fake/python3", "#!/bin/sh\necho the system says \"$@\"\n");
    fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}/:{}:{}:/usr/bin:/bin",
        alias.display(),
        shims.display(),
        shims.display(),
        fake.parent().unwrap().display()
    );
    let run = |program: &Path, args: &[&str]| {
        home.run(
            home.command(program)
                .current_dir(home.root.join("p"))
                .env("PATH", &path)
                .args(args),
        )
        .success()
    };
    run(&shims.join("python3"), &["x"]).stdout_has("the system says x");
    // Many systems have no `python`; it is the same one then.
    run(&shims.join("python"), &["y"]).stdout_has("the system says y");
    run(Path::new(crate::support::BOOT), &["which", "python3"])
        .stdout_has(&fake.display().to_string());
    run(
        Path::new(crate::support::BOOT),
        &["python", "find", "system"],
    )
    .stdout_has(&fake.display().to_string());
    run(
        Path::new(crate::support::BOOT),
        &["exec", "--", "python3", "z"],
    )
    .stdout_has("the system says z");
    // None there: no other Python steps in.
    home.run(
        home.command(shims.join("python3"))
            .current_dir(home.root.join("p"))
            .env("PATH", &shims),
    )
    .code(127)
    .one_error();
}

#[test]
fn exec_runs_command_with_path_of_the_python() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.boot(["exec", "--python", "3.90", "--", "python3", "-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    // What it starts finds the same Python, and no shim.
    let path = format!("{}:/usr/bin:/bin", home.data().join("shims").display());
    let script = "command -v python3.90; echo \"$PATH\"";
    let run = home
        .run(
            home.command(crate::support::BOOT)
                .env("PATH", &path)
                .args(["exec", "--python", "3.90", "--", "sh", "-c", script]),
        )
        .success();
    assert!(
        run.stdout.starts_with(
            &home
                .data()
                .join("pythons/3.90/bin/python3.90")
                .display()
                .to_string()
        ),
        "{run}"
    );
    assert!(!run.stdout.contains("shims"), "{run}");
    home.boot(["exec", "--python", "3.8", "--", "sh", "-c", "echo ran"])
        .code(127)
        .stderr_has("boot python install 3.8")
        .one_error();
    home.boot(["exec", "--python", "tortoise", "--", "sh"])
        .code(2)
        .one_error();
    home.boot(["exec", "--", "no-such-command"])
        .code(127)
        .stderr_has("no-such-command")
        .one_error();
    home.boot(["exec"]).code(2);
    let python = mirror_python(&home, &mirror).display().to_string();
    home.boot(["exec", "--python", &python, "--", "python", "-c", TELL])
        .success()
        .stdout_has(&mirror.version());
    // An active environment is what would run.
    home.boot(["venv", "--python", "3.90", "--no-pip", "env"])
        .success();
    let env = home.root.join("env");
    let path = format!(
        "{}/bin:{}:/usr/bin:/bin",
        env.display(),
        home.data().join("shims").display()
    );
    let active = |args: &[&str]| {
        home.run(
            home.command(crate::support::BOOT)
                .env("PATH", &path)
                .env("VIRTUAL_ENV", &env)
                .args(args),
        )
    };
    active(&["which", "python"])
        .success()
        .stdout_has(&env.join("bin/python").display().to_string());
    active(&["exec", "--", "python", "-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    active(&["exec", "--python", "3.91", "--", "python", "-c", TELL])
        .success()
        .stdout_has("patch 3.91.2");
}

#[test]
fn which_names_what_would_run() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.boot(["which", "python3.90"])
        .success()
        .stdout_has("pythons/3.90/bin/python3.90");
    home.boot(["which", "sh"]).success().stdout_has("/sh");
    home.boot(["which", "python3.8"])
        .code(127)
        .stderr_has("boot python install 3.8")
        .one_error();
    home.boot(["which", "no-such-command"])
        .code(127)
        .stderr_has("no command no-such-command")
        .stderr_has("boot tool install")
        .one_error();
    home.write("p/.python-version", "3.8\n");
    home.boot_in(&home.root.join("p"), ["which", "sh"])
        .code(127)
        .stderr_has("boot python install 3.8")
        .one_error();
    let empty = Home::new();
    for name in ["python", "python3", "pip"] {
        empty
            .boot(["which", name])
            .code(127)
            .stderr_has("no Python is installed")
            .stderr_has("boot python install")
            .one_error();
    }
    empty
        .boot(["python", "list", "--outdated"])
        .success()
        .stderr_has("no Python is installed");
    // What clap has to say is as short as the rest.
    for wrong in [
        &["exec"][..],
        &["python", "uninstall"],
        &["python", "install", "--bogus"],
        &["python", "install", "--source", "--prebuilt"],
    ] {
        empty
            .boot(wrong)
            .code(2)
            .stderr_has("Usage: boot")
            .one_error();
    }
}

#[test]
fn python_find_prints_one_path() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    for request in [
        "3.90",
        "3.90.1",
        "python3.90",
        "cpython@3.90",
        ">=3.90,<3.91",
        "3.90.*",
    ] {
        let found = home.boot(["python", "find", request]).success().stdout;
        assert!(
            found.ends_with("/bin/python3.90\n") && found.lines().count() == 1,
            "{request}: {found}"
        );
    }
    home.boot(["python", "find", "latest"])
        .success()
        .stdout_has("python3.91");
    let python = mirror_python(&home, &mirror);
    home.boot(["python", "find", &python.display().to_string()])
        .success()
        .stdout_has(&python.display().to_string());
    home.boot(["venv", "--python", "3.90", "--no-pip", "env"])
        .success();
    home.boot(["python", "find", "./env"])
        .success()
        .stdout_has(&home.root.join("env/bin/python").display().to_string());
    for missing in [
        "3.8",
        "3.90.2",
        "3.90t",
        "./nowhere",
        "cpython-3.90.1-darwin-aarch64-none",
    ] {
        let run = home.boot(["python", "find", missing]).code(127).one_error();
        assert_eq!(run.stdout, "", "{missing}");
    }
    home.boot(["python", "find", "tortoise"])
        .code(2)
        .one_error();
}

#[test]
fn python_pin_is_written_shown_and_removed() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let project = home.root.join("p");
    fs::create_dir(&project).unwrap();
    let pin = |args: &[&str]| {
        home.boot_in(
            &project,
            ["python", "pin"].into_iter().chain(args.iter().copied()),
        )
    };
    pin(&[]).success().stderr_has("nothing is pinned");
    pin(&["python3.90"]).success();
    assert_eq!(home.read("p/.python-version"), "3.90\n");
    pin(&["3.90"]).success().stderr_has("says so already");
    pin(&["3.90.1", "3.91"]).success();
    assert_eq!(home.read("p/.python-version"), "3.90.1\n3.91\n");
    pin(&[])
        .success()
        .stdout_has("3.90.1, 3.91")
        .stdout_has("~/p/.python-version");
    // Known, and not installed yet.
    pin(&["3.8"])
        .success()
        .stderr_has("Python 3.8 isn't installed yet: boot python install 3.8");
    // Never to be met: the file stays.
    for (wrong, code) in [
        ("3.99", 1),
        ("3.8.999", 1),
        ("3.12t", 1),
        ("cpython-3.12.1-darwin-aarch64-none", 1),
        ("tortoise", 2),
        ("/bin/sh", 2),
        ("..", 2),
    ] {
        if cfg!(target_os = "macos") && wrong.contains("darwin") {
            continue;
        }
        pin(&[wrong]).code(code).one_error();
        assert_eq!(home.read("p/.python-version"), "3.8\n", "{wrong}");
    }
    home.boot(["venv", "--name", "named", "--python", "3.90", "--no-pip"])
        .success();
    pin(&["named"]).success();
    shim(&home, "p", "python", ["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    pin(&["--unset"]).success();
    assert!(!project.join(".python-version").exists());
    pin(&["--unset"]).success().stderr_has("there is no");

    pin(&["--global", "3.90"]).success();
    assert_eq!(home.read(".config/boot/python-version"), "3.90\n");
    pin(&[])
        .success()
        .stdout_has("3.90")
        .stdout_has("~/.config/boot/python-version");
    pin(&["--global"]).success().stdout_has("3.90");
    // A link into somebody's dotfiles stays one.
    home.write("dotfiles/python-version", "3.90\n");
    let global = home.root.join(".config/boot/python-version");
    fs::remove_file(&global).unwrap();
    symlink(home.root.join("dotfiles/python-version"), &global).unwrap();
    pin(&["--global", "3.91"]).success();
    assert_eq!(home.read("dotfiles/python-version"), "3.91\n");
    pin(&["--global", "--unset"]).success();
    assert!(!global.exists());
}
