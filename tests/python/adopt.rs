//! Adopted interpreters: linked, complete or not, and never changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Home, Mirror, pythons};
use boot::testing::Version;

fn patch(mirror: &Mirror, more: u32) -> Version {
    Version {
        patch: mirror.key.version.patch + more,
        ..mirror.key.version
    }
}

/// Returns each file of a foreign tree with its content, and each link with its target.
fn state(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        let modified = fs::symlink_metadata(&path).unwrap().modified().unwrap();
        let content = match (kind.is_dir(), kind.is_symlink()) {
            (true, _) => state(&path).join("\n"),
            (_, true) => format!("-> {}", fs::read_link(&path).unwrap().display()),
            _ => format!("{:?}", fs::read(&path).unwrap()),
        };
        all.push(format!("{} {modified:?} {content}", path.display()));
    }
    all.sort();
    all
}

/// Returns a PATH without the machine's own Pythons: basic programs and the package manager
/// `manager`.
fn bare_path(home: &Home, manager: &str) -> String {
    let folder = home.root.join("bare");
    fs::create_dir_all(&folder).unwrap();
    for name in ["sh", "bash", "env"] {
        let real = which::which(name).unwrap();
        let _ = symlink(real, folder.join(name));
    }
    home.program(&format!("bare/{manager}"), "#!/bin/sh\nexit 1\n");
    folder.display().to_string()
}

#[test]
#[cfg(target_os = "linux")]
fn python_adopt_all_finds_interpreters_and_changes_none() {
    let mirror = Mirror::new();
    let minor = mirror.minor();
    let mut home = Home::new();
    let (pyenv, uv, system, brew) = (
        patch(&mirror, 3),
        patch(&mirror, 5),
        patch(&mirror, 1),
        patch(&mirror, 4),
    );
    let python = |place: &str, version: Version| {
        home.program(
            &format!("{place}/bin/python{minor}"),
            &mirror.interpreter(version, &[]),
        )
    };
    let theirs = python(&format!(".pyenv/versions/{pyenv}"), pyenv);
    python(&format!(".local/share/uv/python/cpython-{uv}-linux"), uv);
    symlink(
        format!("cpython-{uv}-linux"),
        home.root
            .join(format!(".local/share/uv/python/cpython-{minor}-linux")),
    )
    .unwrap();
    // Homebrew's kegs are links into its cellar, where the next patch lies beside this one.
    python(&format!("brew/Cellar/python@{minor}/{brew}"), brew);
    fs::create_dir_all(home.root.join("brew/opt")).unwrap();
    symlink(
        format!("../Cellar/python@{minor}/{brew}"),
        home.root.join(format!("brew/opt/python@{minor}")),
    )
    .unwrap();
    let keg = home
        .root
        .join(format!("brew/opt/python@{minor}/bin/python{minor}"));
    let usual = python("system", system);
    symlink(format!("python{minor}"), usual.with_file_name("python3")).unwrap();
    // pyenv's shims ask for a version each time, and its environments have a Python of another.
    let shim = home.program(
        ".pyenv/shims/python3",
        &format!("#!/bin/sh\nexec {} \"$@\"\n", theirs.display()),
    );
    home.run(home.command(&theirs).args([
        "-m",
        "venv",
        "--without-pip",
        ".pyenv/versions/project",
    ]))
    .success();
    let path = format!(
        "{}:{}:{}",
        shim.parent().unwrap().display(),
        usual.parent().unwrap().display(),
        bare_path(&home, "apt-get")
    );
    home.set(
        "HOMEBREW_PREFIX",
        &home.root.join("brew").display().to_string(),
    );
    home.set("PATH", &path);
    let boot = |args: &[&str]| {
        home.run(
            home.command(crate::support::BOOT)
                .env("PATH", &path)
                .args(args),
        )
    };
    let before =
        [".pyenv", ".local/share/uv", "brew", "system"].map(|place| state(&home.root.join(place)));

    // Nothing named: what there is, and nothing done.
    boot(&["python", "adopt"])
        .code(2)
        .stderr_has("--all")
        .stderr_has(&format!("~/.pyenv/versions/{pyenv}/bin/python{minor}"))
        .one_error();
    boot(&["python", "list"])
        .success()
        .stderr_has("no Python is installed");

    let all = boot(&["python", "adopt", "--all"]).success();
    let mut taken: Vec<&str> = all
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("adopted Python "))
        .collect();
    taken.sort();
    assert_eq!(taken.len(), 4, "{all}");
    let after =
        [".pyenv", ".local/share/uv", "brew", "system"].map(|place| state(&home.root.join(place)));
    assert_eq!(before, after, "nothing of theirs has changed");
    let list = boot(&["python", "list", "--json"]).success().json();
    let pythons = list["pythons"].as_array().unwrap();
    assert!(
        pythons.iter().all(|python| python["origin"] == "adopted"),
        "{list}"
    );
    assert_eq!(pythons[0]["version"], uv.to_string());
    assert_eq!(
        (&pythons[1]["version"], &pythons[1]["path"]),
        (&brew.to_string().into(), &keg.display().to_string().into())
    );
    assert_eq!(pythons[2]["path"], theirs.display().to_string());

    // They are Pythons like any other: by shim, in environments, by exec with a PATH that has
    // nothing of their neighbours.
    let told = "import os, sys; print('patch', os.environ['STAND_IN'], sys.executable)";
    let run = home
        .run(
            home.command(home.data().join(format!("shims/python{minor}")))
                .args(["-c", told]),
        )
        .success();
    run.stdout_has(&format!("patch {uv}"));
    if mirror.is_complete() {
        // Its pip is asked for through it: a neighbour by that name may be another's.
        let pip = home.data().join("shims").join(format!("pip{minor}"));
        let run = home.run(home.command(pip).args(["--version"])).success();
        run.stdout_has("pip ")
            .stdout_has(&format!("(python {minor})"));
    }
    boot(&["venv", "--python", &pyenv.to_string(), "--no-pip", "env"]).success();
    let inside = home
        .run(
            home.command(home.root.join("env/bin/python"))
                .args(["-c", told]),
        )
        .success();
    inside
        .stdout_has(&format!("patch {pyenv}"))
        .stdout_has("env/bin/python");
    let exec = boot(&[
        "exec",
        "--python",
        &system.to_string(),
        "--",
        "sh",
        "-c",
        "command -v python; echo $PATH",
    ])
    .success();
    assert!(
        exec.stdout
            .starts_with(&home.data().join("pythons").display().to_string()),
        "{exec}"
    );
    assert!(
        exec.stdout.matches("/system/bin").count() <= 1,
        "only where PATH had it: {exec}"
    );

    // A second time there is nothing to do; boot doesn't upgrade what isn't its own; and it forgets
    // it without touching it.
    boot(&["python", "adopt", "--all"])
        .success()
        .stderr_has("is already adopted")
        .stderr_lacks("adopted Python");
    boot(&["python", "upgrade", &minor])
        .code(1)
        .stderr_has("its owner upgrades it there")
        .one_error();
    boot(&["python", "uninstall", &pyenv.to_string()])
        .code(1)
        .stderr_has("~/env")
        .one_error();
    boot(&["python", "uninstall", "--force", &pyenv.to_string()])
        .success()
        .stderr_has("stays where it is");
    assert!(theirs.exists());
    home.run(
        home.command(home.root.join("env/bin/python"))
            .args(["-c", told]),
    )
    .success();
    let after =
        [".pyenv", ".local/share/uv", "brew", "system"].map(|place| state(&home.root.join(place)));
    assert_eq!(before, after);
    home.no_leftovers();
}

#[test]
fn python_adopt_refuses_what_is_no_python() {
    let mirror = Mirror::new();
    let home = Home::new();
    home.program("liar/python3", "#!/bin/sh\necho hello\n");
    home.program("endless/python3", "#!/bin/sh\nwhile :; do echo yes; done\n");
    home.program(
        "broken/python3",
        "#!/bin/sh\necho 'no library' >&2\nexit 1\n",
    );
    home.program(
        "pypy/python3",
        "#!/bin/sh\nprintf 'pypy\\n/p\\n/p\\n/p/python3\\n'\n",
    );
    home.write("plain/python3", "text");
    home.run(home.command("sh").args([
        "-c",
        &format!(
                "echo '{}' >python3.x; chmod +x python3.x",
                mirror
                    .interpreter(mirror.key.version, &[])
                    .replace('\'', "'\\''")
            ),
    ]));
    home.run(home.command(home.root.join("python3.x")).args([
        "-m",
        "venv",
        "--without-pip",
        "env",
    ]));
    let mut refused = vec![
        "liar/python3",
        "endless/python3",
        "broken/python3",
        "pypy/python3",
        "plain/python3",
        "nowhere/python3",
        "liar",
    ];
    if cfg!(target_os = "linux") {
        refused.push("env/bin/python");
    }
    for path in refused {
        home.boot(["python", "adopt", &format!("./{path}")])
            .code(1)
            .stderr_has(path.split('/').next().unwrap())
            .one_error();
    }
    home.boot(["python", "adopt", "no-such-python"])
        .code(1)
        .one_error();
    home.boot(["python", "list"])
        .success()
        .stderr_has("no Python is installed");
    assert!(
        !home
            .tree()
            .iter()
            .any(|path| path.contains("boot/pythons/")),
        "{:?}",
        home.tree()
    );
    // One that is refused doesn't keep the others out.
    home.boot(["python", "adopt", "./liar/python3", "./python3.x"])
        .code(4)
        .stderr_has("adopted Python");
}

#[test]
fn python_adopt_of_installed_version_is_refused() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let theirs = home.program(
        &format!("theirs/python{}", mirror.minor()),
        &mirror.interpreter(mirror.key.version, &[]),
    );
    home.boot(["python", "adopt", &theirs.display().to_string()])
        .code(1)
        .stderr_has("boot python uninstall")
        .one_error();
    home.boot(["python", "list", "--json"])
        .success()
        .stdout_has("prebuilt");
    // Its owner upgrades it: adopted again, it is still one Python.
    let next = patch(&mirror, 1);
    fs::write(&theirs, mirror.interpreter(next, &[])).unwrap();
    home.boot(["python", "adopt", &theirs.display().to_string()])
        .success();
    let after = patch(&mirror, 2);
    fs::write(&theirs, mirror.interpreter(after, &[])).unwrap();
    home.boot(["python", "verify", &next.to_string()])
        .code(1)
        .stdout_has(&format!("it is {after} now"))
        .stdout_has("boot python adopt");
    home.boot(["python", "adopt", &theirs.display().to_string()])
        .success();
    home.boot(["python", "find", &next.to_string()]).code(127);
    home.boot(["python", "find", &after.to_string()]).success();
    // boot's own is what the minor means, as long as there is one.
    home.boot(["python", "find", &mirror.minor()])
        .success()
        .stdout_has(&mirror.key.to_string());
    home.boot(["python", "uninstall", &mirror.version()])
        .success();
    home.boot(["python", "find", &mirror.minor()])
        .success()
        .stdout_has("theirs/python");
}

#[test]
fn python_adopt_of_incomplete_python_names_missing_package() {
    let mirror = Mirror::new();
    let mut home = Home::new();
    let path = bare_path(&home, "apt-get");
    home.set("PATH", &path);
    let cut = ["ensurepip", "tkinter", "_tkinter", "lib2to3", "pip"];
    let python = home.program(
        &format!("cut/python{}", mirror.minor()),
        &mirror.interpreter(mirror.key.version, &cut),
    );
    let run = |args: &[&str]| {
        home.run(
            home.command(crate::support::BOOT)
                .env("PATH", &path)
                .args(args),
        )
    };
    let taken = run(&["python", "adopt", &python.display().to_string()])
        .success()
        .stderr_has("incomplete: it lacks ensurepip");
    if mirror.is_distributions() {
        taken
            .stderr_has(&format!("apt-get install -y python{}-venv", mirror.minor()))
            .stderr_has("python3-tk")
            .stderr_has("python3-pip");
    }
    let table = run(&["python", "verify"]).code(1);
    let table = table
        .stdout_has("incomplete: no ensurepip")
        .stdout_has("MISSING")
        .stdout_has("tkinter")
        .stdout_has("optional");
    if mirror.is_distributions() {
        table.stdout_has(&format!("python{}-venv", mirror.minor()));
    }
    let json = run(&["python", "verify", "--json"]).code(1).json();
    assert_eq!(json["schema"], 1);
    let python = &json["pythons"][0];
    let modules = python["modules"].as_array().unwrap();
    let module = |name: &str| {
        modules
            .iter()
            .find(|module| module["name"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(
        (&python["complete"], &python["venv"], &python["pip"]),
        (&false.into(), &true.into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&module("ensurepip")["ok"], &module("ensurepip")["optional"]),
        (&false.into(), &false.into())
    );
    assert_eq!(
        (&module("tkinter")["ok"], &module("tkinter")["optional"]),
        (&false.into(), &true.into())
    );
    assert_eq!(module("ssl")["ok"], true);
    assert!(modules.len() > 180, "the whole library: {}", modules.len());
    // A pip there is by the interpreter itself, or not at all; the neighbours' isn't taken for it.
    run(&["which", "pip"]).code(127).one_error();
    // As Debian's python3-minimal has it: no environments either, and no distutils, which Pythons
    // before 3.12 have.
    let next = patch(&mirror, 1);
    let bare = home.program(
        &format!("bare-python/python{}", mirror.minor()),
        &mirror.interpreter(next, &["venv", "ensurepip", "distutils"]),
    );
    let taken = run(&["python", "adopt", &bare.display().to_string()])
        .success()
        .stderr_has("incomplete: it lacks");
    let table = run(&["python", "verify", &next.to_string()])
        .code(1)
        .stdout_has("  an environment");
    let mut lost = vec!["venv", "ensurepip"];
    if mirror.key.version.minor < 12 {
        lost.push("distutils");
    }
    for module in lost {
        let line = table
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{module} ")));
        assert!(
            line.is_some_and(|line| line.contains("MISSING")) && taken.stderr.contains(module),
            "{module}: {table}"
        );
    }
    if mirror.is_distributions() {
        assert!(
            table
                .stdout
                .contains(&format!("python{}-venv", mirror.minor())),
            "{table}"
        );
        assert_eq!(
            table.stdout.contains("python3-distutils"),
            mirror.key.version.minor < 12,
            "{table}"
        );
    }
}

#[test]
fn python_verify_checks_every_module() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "verify"])
        .success()
        .stderr_has("no Python is installed");
    home.boot(["python", "install", &mirror.minor()]).success();
    let table = home
        .boot(["python", "verify", &mirror.minor()])
        .stdout_has("modules more");
    let complete = mirror.is_complete();
    assert_eq!(
        (table.code, table.stdout.contains("  complete")),
        (Some(if complete { 0 } else { 1 }), complete),
        "{table}"
    );
    let table = table
        .stdout_has("OpenSSL")
        .stdout_has("SQLite")
        .stdout_has("made one, and it runs");
    assert!(table.stdout.lines().count() < 25, "{table}");
    let all = home.boot(["python", "verify", "--all"]);
    assert!(
        all.stdout.lines().count() > 180 && all.stdout.contains("  zipfile"),
        "{all}"
    );
    home.boot(["python", "verify", "3.8.99"])
        .code(127)
        .one_error();
    // One that has stopped running.
    let python = home
        .data()
        .join("pythons")
        .join(mirror.key.to_string())
        .join(format!("bin/python{}", mirror.minor()));
    fs::write(
        &python,
        "#!/bin/sh\necho 'libfoo.so.1: not found' >&2\nexit 127\n",
    )
    .unwrap();
    home.boot(["python", "verify"])
        .code(1)
        .stdout_has("libfoo.so.1")
        .stdout_lacks("MISSING");
}

#[test]
fn python_adopted_then_removed_is_skipped_and_replaceable() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let version = patch(&mirror, 3);
    let python = |place: &str| {
        home.program(
            &format!("{place}/python{}", mirror.minor()),
            &mirror.interpreter(version, &[]),
        )
    };
    let (first, second) = (python("first"), python("second"));
    home.boot(["python", "adopt", &first.display().to_string()])
        .success();
    home.write("project/.python-version", &version.to_string());
    home.boot_in(&home.root.join("project"), ["which", "python"])
        .success();
    fs::remove_file(&first).unwrap();

    // It can't be run, so it is none: what asks for it hears so, and what asks for the minor has
    // the other.
    home.boot(["python", "find", &version.to_string()])
        .code(127)
        .one_error();
    home.boot_in(&home.root.join("project"), ["which", "python"])
        .code(127)
        .one_error();
    home.boot(["python", "find", &mirror.minor()])
        .success()
        .stdout_has(&mirror.key.to_string());
    let out = format!("its interpreter is gone: boot python uninstall {version}");
    home.boot(["python", "list"]).success().stdout_has(&out);
    let list = home.boot(["python", "list", "--json"]).success().json();
    assert_eq!(
        (
            &list["pythons"][1]["version"],
            &list["pythons"][1]["installed"]
        ),
        (&version.to_string().into(), &false.into()),
        "{list}"
    );
    home.boot(["doctor"])
        .code(1)
        .stdout_has(&format!("boot python uninstall {version}"));
    home.boot(["python", "verify"])
        .code(1)
        .stdout_has(&version.to_string());

    // Another of its version takes its place; and where that goes too it can be forgotten.
    home.boot(["python", "adopt", &second.display().to_string()])
        .success()
        .stderr_has("adopted Python");
    home.boot(["python", "find", &version.to_string()])
        .success()
        .stdout_has("second/python");
    fs::remove_file(&second).unwrap();
    home.boot(["python", "uninstall", &version.to_string()])
        .success();
    home.boot(["python", "list"]).success().stdout_lacks("gone");
    home.no_leftovers();
}

#[test]
fn python_install_restores_lost_interpreter() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let found = home
        .boot(["python", "find", &mirror.minor()])
        .success()
        .stdout;
    fs::remove_file(found.trim()).unwrap();
    home.boot(["python", "list"]).success().stdout_has(&format!(
        "its interpreter is gone: boot python install {}",
        mirror.version()
    ));
    home.boot(["python", "install", &mirror.minor()])
        .success()
        .stderr_has("installed");
    assert_eq!(
        home.boot(["python", "find", &mirror.minor()])
            .success()
            .stdout,
        found
    );
    home.boot(["python", "list"]).success().stdout_lacks("gone");
}

/// Writes modules that `pip` imports on its way, as a hostile checkout has them.
fn plant_modules(home: &Home) {
    for name in [
        "pip/__init__.py",
        "pip/__main__.py",
        "runpy.py",
        "importlib.py",
        "sitecustomize.py",
        "encodings/__init__.py",
        "sys.py",
    ] {
        home.write(
            &format!("hostile/{name}"),
            "import os; os.write(1, b'HOSTILE')\n",
        );
    }
}

#[test]
fn pip_of_adopted_python_runs_nothing_of_current_folder() {
    let Some(real) = pythons::several() else {
        return;
    };
    let home = Home::new();
    plant_modules(&home);
    let hostile = home.root.join("hostile");
    for python in &real {
        home.boot(["python", "adopt", &python.path.display().to_string()])
            .success();
        let minor = &python.minor;
        let pip = |args: &[&str]| {
            let mut command = home.command(home.data().join(format!("shims/pip{minor}")));
            home.run(command.current_dir(&hostile).args(args))
                .success()
                .stdout_lacks("HOSTILE")
        };
        pip(&["--version"]).stdout_has(&format!("(python {minor})"));
        pip(&["install", "--help"]).stdout_has("install [options]");
        // What an older boot made is renewed with the links.
        let key = fs::read_link(home.data().join("pythons").join(minor)).unwrap();
        let script = home.data().join("pythons").join(key).join("bin/pip");
        let right = fs::read(&script).unwrap();
        home.program(
            script.strip_prefix(&home.root).unwrap().to_str().unwrap(),
            "#!/bin/sh\nexec python3 -m pip \"$@\"\n",
        );
        home.boot(["self", "link"]).success();
        assert_eq!(fs::read(&script).unwrap(), right, "{minor}");
        pip(&["--version"]).stdout_has(&format!("(python {minor})"));
        home.boot(["python", "verify", minor]).stdout_lacks("WRONG");
    }
}

#[test]
fn python_verify_finds_pip_of_another_python() {
    let mirror = Mirror::new();
    if !mirror.has_pip() {
        return;
    }
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let bin = format!(".local/share/boot/pythons/{}/bin", mirror.key);
    let pip = home.program(
        &format!("{bin}/pip"),
        &format!(
            "#!/bin/sh\nexec {} -m pip \"$@\"\n",
            Mirror::machine().display()
        ),
    );
    home.boot(["python", "verify"]).stdout_lacks("WRONG");
    fs::write(
        &pip,
        "#!/bin/sh\necho 'pip 23.0 from /else where/pip (python 3.11)'\n",
    )
    .unwrap();
    let run = home
        .boot(["python", "verify"])
        .code(1)
        .stdout_has("WRONG  pip is another Python's: /else where/pip");
    run.stdout_has(&format!(
        "boot python install --reinstall {}",
        mirror.version()
    ));
    let json = home.boot(["python", "verify", "--json"]).code(1).json();
    assert_eq!(json["pythons"][0]["complete"], false);
    fs::write(&pip, "#!/bin/sh\necho broken >&2; exit 3\n").unwrap();
    home.boot(["python", "verify"])
        .code(1)
        .stdout_has("WRONG  pip doesn't run: broken");
}
