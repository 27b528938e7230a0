//! Real rival tools from the public index find all installed Pythons in a folder that is pinned to
//! one.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{BOOT, Home, Run, needs, pythons};

const TOOLS: [&str; 8] = [
    "tox",
    "nox",
    "uv",
    "virtualenv",
    "poetry",
    "pdm",
    "hatch",
    "pre-commit",
];
const TELL: &str = "import sys; print('ran %d.%d' % sys.version_info[:2])";

/// A home with adopted real Pythons and the installed tools.
struct Machine {
    home: Home,
    minors: Vec<String>,
}

impl Machine {
    fn with(tools: &[&str]) -> Option<Machine> {
        if !needs::network() {
            return None;
        }
        let mut found = pythons::several()?;
        // Tools give up on old ones, each at its own time.
        let supported = found
            .iter()
            .filter(|python| is_supported(&python.minor))
            .count();
        if supported >= 2 {
            found.retain(|python| is_supported(&python.minor));
        }
        // Each takes every tool some seconds.
        found.truncate(3);
        let mut home = Home::new();
        for name in [
            "BOOT_INDEX_URL",
            "BOOT_CONNECT_TIMEOUT",
            "BOOT_READ_TIMEOUT",
        ] {
            home.set(name, "");
        }
        for (name, value) in std::env::vars() {
            let name_of_route = [
                "SSL_CERT",
                "PIP_",
                "UV_DEFAULT_INDEX",
                "UV_INDEX",
                "HTTP_PROXY",
                "HTTPS_PROXY",
                "NO_PROXY",
            ];
            if name_of_route
                .iter()
                .any(|start| name.to_ascii_uppercase().starts_with(start))
            {
                home.set(&name, &value);
            }
        }
        // They take what is here.
        for (name, value) in [
            ("UV_PYTHON_DOWNLOADS", "never"),
            ("PDM_CHECK_UPDATE", "0"),
            ("NO_COLOR", "1"),
        ] {
            home.set(name, value);
        }
        for python in &found {
            home.boot(["python", "adopt", &python.path.display().to_string()])
                .success();
        }
        home.boot(["tool", "install"].into_iter().chain(tools.iter().copied()))
            .success();
        Some(Machine {
            home,
            minors: found.into_iter().map(|python| python.minor).collect(),
        })
    }

    /// Creates a folder that is pinned to the oldest Python, which a search for the newest would
    /// not find first.
    fn project(&self, name: &str) -> std::path::PathBuf {
        let folder = self.home.root.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join(".python-version"),
            format!("{}\n", self.minors.last().unwrap()),
        )
        .unwrap();
        let project =
            format!("[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.8\"\n");
        fs::write(folder.join("pyproject.toml"), project).unwrap();
        folder
    }

    /// Builds a command of a tool with the shims on PATH and no active environment.
    fn command(&self, folder: &Path, words: &[&str]) -> Command {
        let mut command = self.home.command(self.home.bin().join(words[0]));
        let path = format!(
            "{}:{}:/usr/bin:/bin",
            self.home.data().join("shims").display(),
            self.home.bin().display()
        );
        command
            .args(&words[1..])
            .current_dir(folder)
            .env("PATH", path);
        command
    }

    fn run(&self, folder: &Path, words: &[&str]) -> Run {
        self.home.run(&mut self.command(folder, words))
    }

    /// Checks the minor of an interpreter.
    fn is_minor(&self, python: &Path, minor: &str) {
        self.home
            .run(self.home.command(python).args(["-c", TELL]))
            .success()
            .stdout_has(&format!("ran {minor}\n"));
    }

    /// Formats the minors as a list of TOML or Python.
    fn listed(&self, wanted: &dyn Fn(&str) -> String) -> String {
        self.minors
            .iter()
            .map(|minor| wanted(minor))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn is_supported(minor: &str) -> bool {
    minor
        .rsplit('.')
        .next()
        .is_some_and(|minor| minor.parse::<u32>().is_ok_and(|minor| minor >= 10))
}

#[test]
fn shims_let_rival_tools_from_the_network_find_all_pythons() {
    let Some(machine) = Machine::with(&TOOLS) else {
        return;
    };
    let pinned = machine.minors.last().unwrap();
    let folder = machine.project("pinned");
    machine
        .home
        .run(
            machine
                .home
                .command(BOOT)
                .args(["exec", "python", "-c", TELL])
                .current_dir(&folder),
        )
        .success()
        .stdout_has(pinned);

    for minor in &machine.minors {
        let found = machine
            .run(&folder, &["uv", "python", "find", "--no-project", minor])
            .success();
        machine.is_minor(Path::new(found.stdout.trim()), minor);
        for (tool, words) in [
            ("uv", &["uv", "venv", "-p"][..]),
            ("virtualenv", &["virtualenv", "-p"]),
        ] {
            let env = format!("../{tool}-{minor}");
            machine
                .run(&folder, &[words, &[minor.as_str(), env.as_str()]].concat())
                .success();
            machine.is_minor(&folder.join(env).join("bin/python"), minor);
        }
        // PDM resolves what it finds, and writes a pin of its own.
        let own = machine.project(&format!("pdm-{minor}"));
        machine.run(&own, &["pdm", "use", "-f", minor]).success();
        machine
            .run(&own, &["pdm", "run", "python", "-c", TELL])
            .success()
            .stdout_has(&format!("ran {minor}"));
        machine
            .run(&folder, &["poetry", "env", "use", minor])
            .success();
        machine
            .run(&folder, &["poetry", "run", "python", "-c", TELL])
            .success()
            .stdout_has(&format!("ran {minor}"));
    }

    let short = |minor: &str| format!("py{}", minor.replace('.', ""));
    let tox = format!(
        "[tox]\nenv_list = {}\n[testenv]\nskip_install = true\ncommands = python -c \"{}\"\n",
        machine.listed(&short),
        TELL
    );
    fs::write(folder.join("tox.ini"), tox).unwrap();
    let run = machine.run(&folder, &["tox", "run"]).success();
    let sessions = machine.listed(&|minor| format!("\"{minor}\""));
    let nox = format!(
        "import nox\nnox.options.default_venv_backend = \"virtualenv\"\n\
         @nox.session(python=[{sessions}])\n\
         def tell(session):\n    session.run(\"python\", \"-c\", \"{TELL}\")\n"
    );
    fs::write(folder.join("noxfile.py"), nox).unwrap();
    let nox = machine
        .run(&folder, &["nox", "--error-on-missing-interpreters"])
        .success();
    for minor in &machine.minors {
        assert!(
            run.stdout.contains(&format!("{}: OK", short(minor)))
                && run.stdout.contains(&format!("ran {minor}")),
            "{run}"
        );
        assert!(
            nox.stdout.contains(&format!("ran {minor}")) && !nox.stderr.contains("skipped"),
            "{nox}"
        );
    }

    let mut project = fs::read_to_string(folder.join("pyproject.toml")).unwrap();
    for minor in &machine.minors {
        project.push_str(&format!(
            "[tool.hatch.envs.{}]\npython = \"{minor}\"\nskip-install = true\n",
            short(minor)
        ));
    }
    fs::write(folder.join("pyproject.toml"), project).unwrap();
    for minor in &machine.minors {
        let run = machine
            .run(
                &folder,
                &["hatch", "-e", &short(minor), "run", "python", "--version"],
            )
            .success();
        assert!(
            format!("{}{}", run.stdout, run.stderr).contains(&format!("Python {minor}.")),
            "{run}"
        );
    }

    machine
        .home
        .run(
            machine
                .home
                .command("git")
                .args(["init", "-q", "."])
                .current_dir(&folder),
        )
        .success();
    let mut hooks = String::from("repos:\n- repo: local\n  hooks:\n");
    for minor in &machine.minors {
        hooks.push_str(&format!(
            "  - {{id: \"{minor}\", name: \"{minor}\", language: python, \
             language_version: python{minor}, entry: python -V, always_run: true, \
             pass_filenames: false, verbose: true}}\n"
        ));
    }
    fs::write(folder.join(".pre-commit-config.yaml"), hooks).unwrap();
    machine
        .home
        .run(
            machine
                .home
                .command("git")
                .args(["add", "."])
                .current_dir(&folder),
        )
        .success();
    let run = machine
        .run(&folder, &["pre-commit", "run", "--all-files"])
        .success();
    for minor in &machine.minors {
        assert!(run.stdout.contains(&format!("Python {minor}.")), "{run}");
    }
}

/// A person's shell in a project whose environment is active.
struct Inside<'a> {
    machine: &'a Machine,
    folder: std::path::PathBuf,
    root: std::path::PathBuf,
    /// Program that succeeds only if all requested packages are installed.
    imports: &'static str,
}

impl Inside<'_> {
    fn enter<'a>(machine: &'a Machine, name: &str, more: &str) -> Inside<'a> {
        let folder = machine.project(name);
        let project = fs::read_to_string(folder.join("pyproject.toml")).unwrap();
        fs::write(folder.join("pyproject.toml"), project + more).unwrap();
        fs::create_dir_all(folder.join("src").join(name)).unwrap();
        fs::write(folder.join("src").join(name).join("__init__.py"), "").unwrap();
        let mut command = machine.home.command(BOOT);
        machine
            .home
            .run(
                command
                    .args(["shell", "enter", "bash"])
                    .arg(&folder)
                    .arg(""),
            )
            .success()
            .stdout_has("__boot_use");
        let root = fs::read_link(folder.join(".venv")).unwrap();
        Inside {
            machine,
            folder,
            root,
            imports: "import iniconfig",
        }
    }

    fn run(&self, words: &[&str]) -> Run {
        let mut command = self.machine.command(&self.folder, words);
        let path = format!(
            "{}/bin:{}:/usr/bin:/bin",
            self.root.display(),
            self.machine.home.data().join("shims").display()
        );
        self.machine
            .home
            .run(command.env("PATH", path).env("VIRTUAL_ENV", &self.root))
    }

    /// Checks that the link is unchanged, that its environment has the package, and that the next
    /// prompt activates it.
    fn is_kept(&self, what: &str) {
        assert_eq!(
            fs::read_link(self.folder.join(".venv")).unwrap(),
            self.root,
            "{what}"
        );
        self.machine
            .home
            .run(
                self.machine
                    .home
                    .command(self.root.join("bin/python"))
                    .args(["-c", self.imports]),
            )
            .success();
        let mut command = self.machine.home.command(BOOT);
        let run = self.machine.home.run(
            command
                .args(["shell", "enter", "bash"])
                .arg(&self.folder)
                .arg(""),
        );
        assert!(run.stdout.contains("__boot_use"), "{what}: {run}");
    }
}

#[test]
fn venv_link_is_kept_by_rival_tools_from_the_network() {
    let Some(machine) = Machine::with(&["uv", "poetry", "pdm", "virtualenv"]) else {
        return;
    };
    let depends = "dependencies = [\"iniconfig\"]\n[build-system]\nrequires = [\"setuptools\"]\n\
                   build-backend = \"setuptools.build_meta\"\n";
    let uv = Inside::enter(&machine, "withuv", depends);
    for words in [
        &["uv", "sync"][..],
        &["uv", "run", "python", "-c", "import iniconfig"],
        &["uv", "pip", "install", "iniconfig"],
        &["uv", "add", "iniconfig"],
    ] {
        let run = uv.run(words).success();
        assert!(
            !run.stderr.contains("VIRTUAL_ENV"),
            "no warning about another environment: {run}"
        );
        uv.is_kept(&words.join(" "));
    }
    // Another Python by uv goes behind the link, and is judged by the pin.
    let other = machine.minors.first().unwrap();
    uv.run(&["uv", "venv", "--clear", "-p", other]).success();
    assert_eq!(fs::read_link(uv.folder.join(".venv")).unwrap(), uv.root);
    machine.is_minor(&uv.root.join("bin/python"), other);
    machine
        .home
        .run(
            machine
                .home
                .command(BOOT)
                .args(["which", "python"])
                .current_dir(&uv.folder),
        )
        .success()
        .stdout_lacks("venvs/projects");
    fs::write(uv.folder.join(".python-version"), format!("{other}\n")).unwrap();
    uv.run(&["uv", "sync"]).success();
    uv.is_kept("uv sync after another Python");

    // What needs no index: these ask another than the one that is set up for pip.
    let builds = "[build-system]\nrequires = [\"poetry-core\"]\n\
                  build-backend = \"poetry.core.masonry.api\"\n[tool.poetry]\n\
                  packages = [{ include = \"withpoetry\", from = \"src\" }]\n";
    let poetry = Inside {
        imports: "import withpoetry",
        ..Inside::enter(&machine, "withpoetry", builds)
    };
    let in_project = [
        "poetry",
        "config",
        "virtualenvs.in-project",
        "true",
        "--local",
    ];
    poetry.run(&in_project).success();
    poetry.run(&["poetry", "install"]).success();
    poetry.is_kept("poetry install");
    machine
        .run(&poetry.folder, &["poetry", "install"])
        .success();
    poetry.is_kept("poetry install, nothing active");

    let pdm = Inside {
        imports: "pass",
        ..Inside::enter(&machine, "withpdm", "")
    };
    pdm.run(&["pdm", "install", "--no-self"]).success();
    pdm.is_kept("pdm install");

    let pip = Inside::enter(&machine, "withpip", depends);
    pip.machine
        .home
        .run(machine.home.command(pip.root.join("bin/python")).args([
            "-m",
            "pip",
            "install",
            "-q",
            "iniconfig",
        ]))
        .success();
    pip.is_kept("pip install");
    // Typed by habit: virtualenv writes behind the link, venv refuses one.
    pip.run(&[
        "virtualenv",
        "-q",
        "-p",
        machine.minors.last().unwrap(),
        ".venv",
    ])
    .success();
    assert_eq!(fs::read_link(pip.folder.join(".venv")).unwrap(), pip.root);
    let mut venv = machine.home.command(pip.root.join("bin/python"));
    machine
        .home
        .run(venv.args(["-m", "venv", ".venv"]).current_dir(&pip.folder))
        .code(1);
    assert_eq!(fs::read_link(pip.folder.join(".venv")).unwrap(), pip.root);
}
