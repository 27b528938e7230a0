//! Shims without a hook: in cron, make, ssh, containers and other accounts. They find boot's folder
//! by their own location, and resolve to themselves.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{BOOT, Home, Mirror, Run, needs, nobody};

const TELL: &str = "import os; print('patch', os.environ['STAND_IN'])";

/// Creates a home with the machine's minor, 3.90.1 and 3.91.2, and a project that pins 3.90.
fn home(mirror: &Mirror) -> Home {
    let home = Home::with(mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.plant(mirror, "3.90.1");
    home.plant(mirror, "3.91.2");
    home.write("p/.python-version", "3.90\n");
    // Others look in too.
    fs::set_permissions(&home.root, fs::Permissions::from_mode(0o755)).unwrap();
    home
}

fn shim(home: &Home, name: &str) -> PathBuf {
    home.data().join("shims").join(name)
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

/// Runs a program in the project with no other variables than these.
fn bare(
    home: &Home,
    program: impl AsRef<std::ffi::OsStr>,
    variables: &[(&str, &str)],
    args: &[&str],
) -> Run {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(home.root.join("p"))
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    home.run(&mut command)
}

#[test]
fn shim_resolves_to_itself() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    for name in ["python", "python3", "python3.90", "pip", "pip3.91"] {
        let shim = shim(&home, name);
        assert_eq!(fs::canonicalize(&shim).unwrap(), shim);
        assert!(fs::symlink_metadata(&shim).unwrap().is_file());
    }
    let path = format!("{}:/usr/bin:/bin", home.data().join("shims").display());
    let script = "realpath \"$(command -v python3)\"";
    let run = bare(&home, "/bin/sh", &[("PATH", &path)], &["-c", script]).success();
    assert_eq!(
        run.stdout.trim(),
        shim(&home, "python3").display().to_string()
    );
    // What was found by its real path is the Python still.
    bare(&home, run.stdout.trim(), &[], &["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
}

#[test]
fn shim_finds_data_folder_under_any_home() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.write(".config/boot/python-version", "3.91\n");
    fs::create_dir(home.root.join("plain")).unwrap();
    let other = home.root.join("other");
    fs::create_dir(&other).unwrap();
    let other = other.display().to_string();
    let homes: [&[(&str, &str)]; 6] = [
        &[],
        &[("HOME", "/nonexistent")],
        &[("HOME", "/github/home"), ("CI", "true")],
        &[("HOME", &other)],
        &[("HOME", &other), ("XDG_DATA_HOME", "/nonexistent/data")],
        &[("HOME", "relative")],
    ];
    let shims = home.data().join("shims");
    let path = format!("{}:/usr/bin:/bin", shims.display());
    for variables in homes {
        bare(&home, shims.join("python"), variables, &["-c", TELL])
            .success()
            .stdout_has("patch 3.90.1");
        // A global pin is that of the home around the shims.
        let mut command = Command::new(shims.join("python3"));
        command
            .args(["-c", TELL])
            .current_dir(home.root.join("plain"))
            .env_clear()
            .envs(variables.iter().copied());
        home.run(&mut command).success().stdout_has("patch 3.91.2");
        // As cron, ssh and git's hooks start it: by name, from a shell that read nothing.
        let mut variables = variables.to_vec();
        variables.push(("PATH", &path));
        for shell in [&["/bin/sh", "-c"][..], &["bash", "--norc", "-c"]] {
            let script = format!("exec python3 -c \"{TELL}\"");
            let args: Vec<&str> = shell[1..]
                .iter()
                .copied()
                .chain([script.as_str()])
                .collect();
            bare(&home, shell[0], &variables, &args)
                .success()
                .stdout_has("patch 3.90.1");
        }
    }
    // In make, whose recipes a plain sh runs.
    if needs::program("make") {
        home.write(
            "p/Makefile",
            &format!("all:\n\t@python -c \"{TELL}\"\n\t@cd ../plain && python -c \"{TELL}\"\n"),
        );
        let run = bare(
            &home,
            "make",
            &[("PATH", &path), ("HOME", "/nonexistent")],
            &["-s"],
        )
        .success();
        assert_eq!(run.stdout, "patch 3.90.1\npatch 3.91.2\n");
    }
    // Where a variable names the folder it is that one.
    let named = home.root.join("named");
    fs::create_dir(&named).unwrap();
    let run = bare(
        &home,
        shims.join("python"),
        &[("BOOT_DATA_DIR", named.to_str().unwrap())],
        &["-c", TELL],
    );
    run.code(127)
        .stderr_has(&format!("(in {}, as BOOT_DATA_DIR says)", named.display()))
        .one_error();
}

#[test]
fn shim_of_other_user_runs() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    if !nobody::is_root() || !needs::program("setpriv") {
        return;
    }
    let python = shim(&home, "python");
    let words = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        python.to_str().unwrap(),
        "-c",
        TELL,
    ];
    for variables in [
        &[][..],
        &[("HOME", "/")],
        &[("HOME", "/nonexistent"), ("USER", "nobody")],
    ] {
        bare(
            &home,
            "setpriv",
            &[variables, &[("PATH", "/usr/bin:/bin")]].concat(),
            &words,
        )
        .success()
        .stdout_has("patch 3.90.1");
    }
}

#[test]
fn shim_works_under_any_name() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let python = shim(&home, "python");
    let lost = [("HOME", "/nonexistent"), ("PATH", "/usr/bin:/bin")];
    // Links to it elsewhere, by its own name and by another.
    for name in [
        "links/python",
        "links/python3",
        "links/py",
        "links/my-python",
    ] {
        let link = home.root.join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&python, &link).unwrap();
        bare(&home, &link, &lost, &["-c", TELL])
            .success()
            .stdout_has("patch 3.90.1");
    }
    symlink(&python, home.root.join("links/python3.91")).unwrap();
    bare(
        &home,
        home.root.join("links/python3.91"),
        &lost,
        &["-c", TELL],
    )
    .success()
    .stdout_has("patch 3.91.2");
    // Another first word: a login shell's, boot's own, none of meaning.
    for word in ["-python", "boot", "sh", "python3", "/usr/bin/python3", ""] {
        let script = format!("exec -a '{word}' {} -c \"{TELL}\"", python.display());
        bare(&home, "bash", &lost, &["-c", &script])
            .success()
            .stdout_has("patch 3.90.1");
    }
    // Relative ones.
    let script = format!(
        "cd {} && exec ./python -c \"{TELL}\"",
        home.data().join("shims").display()
    );
    bare(&home, "/bin/sh", &lost, &["-c", &script])
        .success()
        .stdout_has("patch 3.91.2");
    let script = format!("PATH=../.local/share/boot/shims; exec python -c \"{TELL}\"");
    bare(&home, "/bin/sh", &lost, &["-c", &script])
        .success()
        .stdout_has("patch 3.90.1");
    // boot itself under a shim's name has no folder around it: HOME says.
    let script = format!("exec -a python {BOOT} -c \"{TELL}\"");
    let own = home.root.display().to_string();
    bare(
        &home,
        "bash",
        &[("HOME", &own), ("PATH", "/usr/bin:/bin")],
        &["-c", &script],
    )
    .success()
    .stdout_has("patch 3.90.1");
    let empty = home.root.join("empty").display().to_string();
    let run = bare(
        &home,
        "bash",
        &[("HOME", &empty), ("PATH", "/usr/bin:/bin")],
        &["-c", &script],
    )
    .code(127)
    .one_error();
    run.stderr_has(&format!("{empty}/.local/share/boot"))
        .stderr_has("BOOT_DATA_DIR");
}

#[test]
fn shim_without_proc_uses_argv0() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    if !cfg!(target_os = "linux") || !needs::mounts() {
        return;
    }
    let shims = home.data().join("shims");
    let lost = |path: &str| {
        [
            ("HOME", "/nonexistent".to_string()),
            ("PATH", path.to_string()),
        ]
    };
    let scripts = [
        (
            format!("exec {}/python -c \"{TELL}\"", shims.display()),
            "/usr/bin:/bin".to_string(),
        ),
        (
            format!("exec python3 -c \"{TELL}\""),
            format!("{}:/usr/bin:/bin", shims.display()),
        ),
        (
            format!("exec ../.local/share/boot/shims/python -c \"{TELL}\""),
            "/usr/bin:/bin".to_string(),
        ),
    ];
    for (script, path) in scripts {
        let script = format!("mount -t tmpfs none /proc && {script}");
        let variables = lost(&path);
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        bare(
            &home,
            "unshare",
            &variables,
            &["--mount", "sh", "-c", &script],
        )
        .success()
        .stdout_has("patch 3.90.1");
    }
}

#[test]
fn shim_missing_python_names_folder_and_working_command() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.boot(["python", "uninstall", "--force", &mirror.version()])
        .success();
    home.write("p/.python-version", &mirror.minor());
    let data = home.data().display().to_string();
    let elsewhere = home.root.join("elsewhere").display().to_string();
    fs::create_dir(&elsewhere).unwrap();
    let run = bare(
        &home,
        shim(&home, "python"),
        &[("HOME", &elsewhere), ("PATH", "/usr/bin:/bin")],
        &["-c", TELL],
    )
    .code(127)
    .one_error();
    let run = run
        .stderr_has(&format!("Python {}", mirror.minor()))
        .stderr_has(&format!("(in {data})"));
    let advice = run.stderr.lines().last().unwrap();
    assert_eq!(
        advice,
        format!(
            "BOOT_DATA_DIR={data} boot python install {}",
            mirror.minor()
        )
    );
    // It is typed there.
    let boot = format!("boot() {{ {BOOT} \"$@\"; }}; {advice}");
    home.run(
        home.command("bash")
            .args(["-c", &boot])
            .env("HOME", &elsewhere),
    )
    .success();
    bare(
        &home,
        shim(&home, "python"),
        &[("HOME", &elsewhere), ("PATH", "/usr/bin:/bin")],
        &["-c", TELL],
    )
    .success();
    // In one's own home nothing of that is said.
    home.write("p/.python-version", "3.8");
    let run = home
        .run(
            home.command(shim(&home, "python"))
                .current_dir(home.root.join("p")),
        )
        .code(127)
        .one_error();
    run.stderr_has("boot python install 3.8")
        .stderr_lacks("BOOT_DATA_DIR")
        .stderr_lacks("(in ");
}

#[test]
fn doctor_fix_replaces_old_shims_and_keeps_foreign_files() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let shims = home.data().join("shims");
    // As boots made them at first, one whose boot is gone, and one of a Python that is gone.
    for (name, target) in [
        ("python", Path::new(BOOT)),
        ("pip", Path::new("/gone/bin/boot")),
        ("python3.55", Path::new(BOOT)),
    ] {
        let _ = fs::remove_file(shims.join(name));
        symlink(target, shims.join(name)).unwrap();
    }
    // The user's own, of all kinds, one of them where a shim would be.
    fs::remove_file(shims.join("python3.91")).unwrap();
    let mine = home.program(
        ".local/share/boot/shims/python3.91",
        "#!/bin/sh\necho mine\n",
    );
    home.program(".local/share/boot/shims/python3.77", "#!/bin/sh\n");
    home.write(".local/share/boot/shims/notes", "");
    symlink("/usr/bin/env", shims.join("python3.66")).unwrap();
    fs::create_dir(shims.join("python3.44")).unwrap();
    let doctor = home
        .boot(["doctor"])
        .code(1)
        .stdout_has("an older boot's")
        .stdout_has("shims/python3.91");
    doctor.stdout_has("isn't a shim of boot's");
    home.boot(["doctor", "--fix"]);
    assert_eq!(inode(&shims.join("python")), inode(&shims.join("python3")));
    assert_eq!(inode(&shims.join("pip")), inode(&shims.join("python3")));
    assert!(fs::symlink_metadata(shims.join("python3.55")).is_err());
    assert_eq!(fs::read_to_string(&mine).unwrap(), "#!/bin/sh\necho mine\n");
    for name in ["python3.77", "notes", "python3.66", "python3.44"] {
        assert!(fs::symlink_metadata(shims.join(name)).is_ok(), "{name}");
    }
    fs::remove_file(&mine).unwrap();
    home.boot(["doctor"]).stdout_has("not there: python3.91");
    home.boot(["doctor", "--fix"]);
    home.run(home.command(&mine).args(["-c", TELL]))
        .success()
        .stdout_has("patch 3.91.2");
    home.boot(["doctor"])
        .stdout_lacks("an older boot's")
        .stdout_lacks("not there")
        .stdout_lacks("isn't a shim");
    home.no_leftovers();
}

#[test]
fn shim_runs_while_other_boot_renews_it() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let boots = ["one", "two"].map(|name| {
        let boot = home.root.join(name).join("boot");
        fs::create_dir(boot.parent().unwrap()).unwrap();
        // By other processes: a file that is open for writing here would be so in what other
        // threads start, and then it can't be run.
        home.run(home.command("cp").arg(BOOT).arg(&boot)).success();
        // Another build: what follows the program is nobody's.
        let mut bytes = fs::OpenOptions::new().append(true).open(&boot).unwrap();
        std::io::Write::write_all(&mut bytes, name.as_bytes()).unwrap();
        boot
    });
    let renew = |boot: &Path| {
        home.run(home.command(boot).args(["self", "link"]))
            .success()
    };
    std::thread::scope(|scope| {
        let renewing = scope.spawn(|| {
            for _ in 0..10 {
                boots.iter().for_each(|boot| drop(renew(boot)));
            }
        });
        while !renewing.is_finished() {
            home.run(home.command(shim(&home, "python3.90")).args(["-c", TELL]))
                .success()
                .stdout_has("patch 3.90.1");
        }
    });
    for boot in &boots {
        home.run(home.command(boot).args(["doctor"]))
            .stdout_has(if boot == &boots[0] {
                "an older boot's"
            } else {
                ""
            });
        renew(boot);
        for name in ["python", "pip3", "python3.90"] {
            assert_eq!(inode(&shim(&home, name)), inode(boot), "{name}");
        }
    }
    // Another way to renew them is to install.
    home.boot(["python", "install", &mirror.minor()]).success();
    assert_eq!(inode(&shim(&home, "python")), inode(Path::new(BOOT)));
    home.no_leftovers();
}

#[test]
fn shims_are_one_copy_where_hard_links_fail() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let names = ["python", "python3", "pip", "pip3.90", "python3.91"];
    let is_one_copy = |boot: &Path| {
        let files: Vec<u64> = names.iter().map(|name| inode(&shim(&home, name))).collect();
        assert!(
            files.iter().all(|file| *file == files[0]) && files[0] != inode(boot),
            "{files:?}"
        );
    };
    // On another filesystem.
    let memory = Path::new("/dev/shm");
    let is_other = fs::metadata(memory)
        .is_ok_and(|data| data.dev() != fs::metadata(&home.root).unwrap().dev());
    if is_other {
        let place = tempfile::tempdir_in(memory).unwrap();
        let boot = place.path().join("boot");
        // By other processes: a file that is open for writing here would be so in what other
        // threads start, and then it can't be run.
        home.run(home.command("cp").arg(BOOT).arg(&boot)).success();
        let link = || {
            home.run(home.command(&boot).args(["self", "link"]))
                .success()
        };
        // Alike is as good as the same.
        link();
        assert_eq!(inode(&shim(&home, "python")), inode(Path::new(BOOT)));
        home.run(
            home.command("sh")
                .args(["-c", "printf other >>\"$0\""])
                .arg(&boot),
        )
        .success();
        link();
        is_one_copy(&boot);
        let before = inode(&shim(&home, "python"));
        link();
        assert_eq!(inode(&shim(&home, "python")), before, "nothing to do");
        // One that is missing joins the others.
        fs::remove_file(shim(&home, "python3.91")).unwrap();
        link();
        is_one_copy(&boot);
        bare(
            &home,
            shim(&home, "python"),
            &[("HOME", "/nonexistent")],
            &["-c", TELL],
        )
        .success()
        .stdout_has("patch 3.90.1");
    } else {
        needs::skipped("/dev/shm is no other filesystem");
    }
    // A binary that is root's: protected_hardlinks refuses others a name of it.
    for name in names {
        fs::remove_file(shim(&home, name)).unwrap();
    }
    if let Some(run) = nobody::boot(&home, &["self", "link"]) {
        run.success();
        if nobody::is_root()
            && fs::read_to_string("/proc/sys/fs/protected_hardlinks")
                .is_ok_and(|value| value.trim() == "1")
        {
            assert!(
                names
                    .iter()
                    .all(|name| inode(&shim(&home, name)) != inode(Path::new(BOOT)))
            );
        }
        bare(
            &home,
            shim(&home, "python"),
            &[("HOME", "/nonexistent")],
            &["-c", TELL],
        )
        .success()
        .stdout_has("patch 3.90.1");
    }
}

#[test]
fn shim_with_minor_runs_it_and_others_follow_venv() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    home.boot(["venv", "--name", "named", "--python", "3.90", "--no-pip"])
        .success();
    let env = home.data().join("venvs/named");
    home.write("p/.python-version", "named\n3.91\n");
    let place = "import os, sys; print('patch', os.environ['STAND_IN'], sys.prefix)";
    let run = |name: &str, args: &[&str]| {
        home.run(
            home.command(shim(&home, name))
                .current_dir(home.root.join("p"))
                .args(args),
        )
    };
    for name in ["python", "python3", "python3.90"] {
        run(name, &["-c", place])
            .success()
            .stdout_has(&format!("patch 3.90.1 {}", env.display()));
    }
    run("python3.91", &["-c", TELL])
        .success()
        .stdout_has("patch 3.91.2");
    // An environment without pip has none: the one of the Python behind it would install elsewhere.
    for name in ["pip", "pip3", "pip3.90"] {
        let error = run(name, &["--version"]).code(127).one_error();
        error
            .stderr_has(&format!("the environment {} has no {name}", env.display()))
            .stderr_has("-m ensurepip --default-pip");
    }
    home.program(
        ".local/share/boot/venvs/named/bin/pip",
        "#!/bin/sh\necho pip of the environment\n",
    );
    for name in ["pip", "pip3.90"] {
        run(name, &["--version"])
            .success()
            .stdout_has("pip of the environment");
    }
    // One that makes no name with its minor, as those of 3.8 do, is of it by its library.
    fs::remove_file(env.join("bin/python3.90")).unwrap();
    fs::create_dir_all(env.join("lib/python3.90")).unwrap();
    run("python3.90", &["-c", place])
        .success()
        .stdout_has(&env.display().to_string());
    // The pin can't be met: names with a minor run, others don't.
    home.write("p/.python-version", "3.90.7\n");
    run("python", &["-c", TELL])
        .code(127)
        .stderr_has("boot python install 3.90.7")
        .one_error();
    run("pip", &["--version"])
        .code(127)
        .stderr_has("boot python install 3.90.7")
        .one_error();
    run("python3.90", &["-c", TELL])
        .success()
        .stdout_has("patch 3.90.1");
    // Nothing of that minor.
    let which = |name: &str| home.boot_in(&home.root.join("p"), ["which", name]);
    which("python3.8")
        .code(127)
        .stderr_has("Python 3.8 isn't installed")
        .stderr_has("boot python install 3.8")
        .one_error();
    home.write("p/.python-version", "3.8.1\n");
    which("python3.8")
        .code(127)
        .stderr_has("boot python install 3.8.1")
        .one_error();
    which("python3.7")
        .code(127)
        .stderr_has("no such CPython is known")
        .stderr_lacks("install 3.7")
        .one_error();
}

#[test]
fn exec_and_which_use_venv_of_current_folder() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    for name in ["named", "other"] {
        home.boot(["venv", "--name", name, "--python", "3.90", "--no-pip"])
            .success();
    }
    let env = |name: &str| home.data().join("venvs").join(name);
    home.program(
        ".local/share/boot/venvs/named/bin/pytest",
        "#!/bin/sh\necho \"pytest of $VIRTUAL_ENV\"\n",
    );
    home.program(
        ".local/share/boot/venvs/other/bin/pytest",
        "#!/bin/sh\necho \"other's\"\n",
    );
    home.write("p/.python-version", "named\n");
    let boot = |args: &[&str]| home.boot_in(&home.root.join("p"), args);
    let expected = format!("pytest of {}", env("named").display());
    boot(&["exec", "--", "pytest"])
        .success()
        .stdout_has(&expected);
    boot(&["which", "pytest"])
        .success()
        .stdout_has(&env("named").join("bin/pytest").display().to_string());
    // The shell stood in another project when the hook looked last: what counts is the folder.
    let active = |args: &[&str]| {
        let path = format!(
            "{}:{}:/usr/bin:/bin",
            env("other").join("bin").display(),
            home.data().join("shims").display()
        );
        let mut command = home.command(BOOT);
        command
            .args(args)
            .current_dir(home.root.join("p"))
            .env("PATH", path);
        home.run(
            command
                .env("VIRTUAL_ENV", env("other"))
                .env("__BOOT_ACTIVE", env("other")),
        )
    };
    active(&["exec", "--", "pytest"])
        .success()
        .stdout_has(&expected);
    active(&["which", "python"])
        .success()
        .stdout_has(&env("named").join("bin/python").display().to_string());
    active(&["exec", "python3.91", "-c", TELL])
        .success()
        .stdout_has("patch 3.91.2");
    active(&["which", "python3.8"])
        .code(127)
        .stderr_has("boot python install 3.8")
        .stderr_lacks("venvs")
        .one_error();
    // Another Python was asked for: nothing of the environment is found, and nothing says that it
    // is active.
    active(&["exec", "--python", "3.91", "--", "pytest"])
        .code(127)
        .one_error();
    let run = active(&[
        "exec",
        "--python",
        "3.91",
        "--",
        "sh",
        "-c",
        "echo \"in ${VIRTUAL_ENV-none}: $PATH\"",
    ])
    .success();
    run.stdout_has("in none: ")
        .stdout_lacks("venvs")
        .stdout_lacks("shims");
}

#[test]
fn pin_system_ignores_venvs_and_shims() {
    let mirror = Mirror::new();
    let home = home(&mirror);
    let system = home.program("system/bin/python3", "#!/bin/sh\necho the system\n");
    let env = home.root.join("p/env");
    home.boot(["venv", "p/env", "--python", "3.90", "--no-pip"])
        .success();
    home.boot(["venv", "kept", "--python", "3.91", "--no-pip"])
        .success();
    home.boot(["venv", "--name", "named", "--python", "3.90", "--no-pip"])
        .success();
    // Links to shims, and a further name of one.
    fs::create_dir_all(home.root.join("mine")).unwrap();
    symlink(shim(&home, "python3"), home.root.join("mine/python3")).unwrap();
    fs::create_dir_all(home.root.join("linked")).unwrap();
    fs::hard_link(shim(&home, "python3"), home.root.join("linked/python3")).unwrap();
    let folders = [
        env.join("bin"),
        home.data().join("venvs/named/bin"),
        home.root.join("kept/bin"),
        home.data().join("shims"),
        home.root.join("mine"),
        home.root.join("linked"),
        system.parent().unwrap().into(),
    ];
    let path = std::env::join_paths(folders).unwrap();
    home.write("p/.python-version", "system\n");
    for active in [Some(&env), None] {
        let run = |program: &Path, more: &[(&str, &str)], args: &[&str]| {
            let mut command = home.command(program);
            command
                .current_dir(home.root.join("p"))
                .env("PATH", &path)
                .envs(more.iter().copied())
                .args(args);
            if let Some(active) = active {
                command.env("VIRTUAL_ENV", active);
            }
            home.run(&mut command)
        };
        let shown = system.display().to_string();
        run(Path::new(BOOT), &[], &["python", "find", "system"])
            .success()
            .stdout_has(&shown);
        run(
            Path::new(BOOT),
            &[("BOOT_PYTHON", "system")],
            &["which", "python3"],
        )
        .success()
        .stdout_has(&shown);
        run(
            Path::new(BOOT),
            &[("BOOT_PYTHON", "system")],
            &["exec", "python"],
        )
        .success()
        .stdout_has("the system");
        run(Path::new(BOOT), &[], &["venv", "new", "--python", "system"])
            .code(127)
            .stderr_has(&shown)
            .one_error();
        run(&shim(&home, "python"), &[], &[])
            .success()
            .stdout_has("the system");
        run(&home.root.join("mine/python3"), &[], &[])
            .success()
            .stdout_has("the system");
        // It has no pip, and nobody else's steps in; names with a minor are what they say.
        run(&shim(&home, "pip"), &[], &["--version"])
            .code(127)
            .stderr_has("PATH has no pip beside boot's")
            .one_error();
        run(&shim(&home, "python3.91"), &[], &["-c", TELL])
            .success()
            .stdout_has("patch 3.91.2");
    }
}
