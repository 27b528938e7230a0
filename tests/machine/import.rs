//! `boot import` from pipx, uv, pyenv and a Brewfile, whose files stay unchanged.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Home, Mirror, index, needs};

const MANIFEST: &str = ".config/boot/boot.toml";

/// Writes a tool of pipx with its link, as `pipx install` does; `more` extends the package's
/// record.
fn pipx(home: &Home, name: &str, asked: &str, python: &str, more: &str, injected: &str) {
    let root = format!(".local/pipx/venvs/{name}");
    home.write(
        &format!("{root}/pipx_metadata.json"),
        &format!(
            r#"{{"pipx_metadata_version": "0.5", "python_version": "Python {python}",
                "venv_args": [],
                "source_interpreter": {{"__type__": "Path", "__Path__": "/usr/bin/python3"}},
                "main_package": {{"package": "{name}", "package_or_url": "{asked}",
                    "package_version": "1.0", "include_apps": true,
                    "apps": ["{name}"], "app_paths": [{{"__type__": "Path", "__Path__": "/x"}}],
                    "pip_args": [], "suffix": "" {more}}},
                "injected_packages": {{{injected}}}}}"#
        ),
    );
    let script = home.program(
        &format!("{root}/bin/{name}"),
        &format!("#!/bin/sh\necho {name} of pipx\n"),
    );
    fs::create_dir_all(home.bin()).unwrap();
    symlink(script, home.bin().join(name)).unwrap();
}

/// Returns every file of the other managers with its content.
fn theirs(home: &Home) -> Vec<(String, Vec<u8>)> {
    let foreign = |path: &String| path.starts_with(".local/pipx") || path.starts_with(".pyenv");
    let paths = home.tree().into_iter().filter(foreign);
    paths
        .map(|path| {
            (
                path.clone(),
                fs::read(home.root.join(&path)).unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn import_pipx_writes_manifest_and_apply_takes_over() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    let furo = r#""furo": {"package": "furo", "package_or_url": "furo", "package_version": "1",
        "include_apps": false, "apps": []}"#;
    pipx(&home, "black", "black", "3.11.7", "", "");
    pipx(&home, "sphinx", "sphinx", "3.11.7", "", furo);
    let manifest = format!(
        "# mine\nversion = 1\n\n[python] # the first is the default\ninstall = [\"{}\"]\n",
        mirror.minor()
    );
    home.write(MANIFEST, &manifest);
    let before = theirs(&home);
    home.boot(["import", "pipx", "--dry-run"])
        .success()
        .stdout_has("inject = [\"furo\"]");
    assert_eq!(home.read(MANIFEST), manifest);
    home.boot(["import", "pipx"])
        .success()
        .stderr_has("+ tool     sphinx, with furo")
        .stderr_has("boot apply");
    assert_eq!(
        home.read(MANIFEST),
        format!("{manifest}\n[tools]\nblack = \"*\"\nsphinx = {{ inject = [\"furo\"] }}\n")
    );
    home.boot(["import", "pipx"])
        .success()
        .stderr_has("black is in boot.toml already")
        .stderr_has("nothing to do");

    // pipx's own commands are in the way: nothing is done to them before somebody says so.
    home.boot(["plan"])
        .success()
        .stdout_has("! tool     black (~/.local/bin/black is there, and boot did not make it)");
    home.boot(["apply"])
        .code(1)
        .one_error()
        .stderr_has("~/.local/bin/black")
        .stderr_has("--on-conflict backup");
    assert!(
        !home.data().join("tools").exists() && !home.data().join("pythons").exists(),
        "nothing was done"
    );
    home.boot(["apply", "--on-conflict", "keep"])
        .success()
        .stderr_has("~/.local/bin/black stays as it was");
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black of pipx");
    home.boot(["apply", "--on-conflict", "backup"])
        .success()
        .stderr_has("2 tools");
    assert_eq!(theirs(&home), before, "nothing of theirs is touched");
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_lacks("of pipx");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    // And back.
    home.boot(["undo"]).success();
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black of pipx");
    assert!(
        home.boot(["plan"])
            .success()
            .stdout
            .contains("! tool     black")
    );
}

#[test]
fn import_pipx_reads_first_metadata_format() {
    let home = Home::new();
    // 0.1 of 2020, with an environment whose suffix only its folder tells.
    for (folder, package) in [("httpie", "httpie"), ("black_old", "black")] {
        home.write(
            &format!(".local/pipx/venvs/{folder}/pipx_metadata.json"),
            &format!(
                r#"{{"injected_packages": {{}}, "main_package": {{"app_paths": [],
                "app_paths_of_dependencies": {{}}, "apps": [], "apps_of_dependencies": [],
                "include_apps": true, "include_dependencies": false, "package": "{package}",
                "package_or_url": "{package}>=1", "package_version": "2.0", "pip_args": []}},
                "pipx_metadata_version": "0.1", "python_version": "Python 3.8.2",
                "venv_args": []}}"#
            ),
        );
    }
    home.boot(["import", "pipx"])
        .success()
        .stderr_has("+ tool     black>=1, as black-old");
    assert_eq!(
        home.read(MANIFEST),
        "version = 1\n\n[tools]\nblack-old = { version = \">=1\", suffix = \"-old\" }\n\
         httpie = \">=1\"\n"
    );
}

#[test]
fn import_pipx_keeps_requests_and_reports_the_rest() {
    let mut home = Home::new();
    let pipx_home = home.root.join("elsewhere").display().to_string();
    home.set("PIPX_HOME", &pipx_home);
    let apps = r#""dvc-s3": {"package": "dvc-s3", "package_or_url": "dvc-s3[x]<3",
        "package_version": "2.0", "include_apps": true, "apps": ["dvcs3"],
        "pip_args": ["--no-deps"]},
        "local": {"package": "local", "package_or_url": "/src/local"}"#;
    for (name, asked, python, more, injected) in [
        ("black", "black[d]==24.*", "3.12.1", "", ""),
        ("ruff", "ruff", "3.12.1", ", \"pinned\": true", ""),
        ("dvc", "dvc", "3.12.1", "", apps),
        ("old", "old", "3.9.5", "", ""),
        (
            "mytool",
            "git+https://me:secret@h.example/x.git@v2",
            "3.12.1",
            "",
            "",
        ),
        (
            "dev",
            "/home/me/src/dev",
            "3.12.1",
            ", \"pip_args_\": 1",
            "",
        ),
        (
            "wheel-of",
            "https://h.example/wheel_of-1.whl",
            "3.12.1",
            "",
            "",
        ),
    ] {
        pipx(&home, name, asked, python, more, injected);
    }
    fs::rename(home.root.join(".local/pipx"), home.root.join("elsewhere")).unwrap();
    let run = home.boot(["import", "pipx"]).success();
    assert!(!run.stderr.contains("secret"), "{run}");
    for said in [
        "- dev: it comes from a folder",
        "- wheel-of: it comes from an archive's address",
        "- local in dvc: ",
        "--no-deps for dvc-s3 in dvc",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    let text = home.read(MANIFEST);
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let tools = manifest["tools"].as_table().unwrap();
    assert_eq!(
        tools.keys().collect::<Vec<_>>(),
        ["black", "dvc", "mytool", "old", "ruff"]
    );
    for line in [
        "black = { version = \"==24.*\", extras = [\"d\"] }",
        "ruff = \"==1.0\"",
        "dvc = { inject = [\"dvc-s3[x]<3\"], expose = { dvcs3 = \"dvcs3\" } }",
        "mytool = { git = \"https://h.example/x.git\", rev = \"v2\" }",
        // The others are all on one Python; this one was put on another.
        "old = { python = \"3.9\" }",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    home.boot(["plan"]).success();
}

#[test]
fn import_uv_reads_tools_and_pythons() {
    let mut home = Home::new();
    for (name, receipt) in [
        (
            "black",
            "requirements = [{ name = \"black\", extras = [\"d\"], specifier = \">=24,<26\" }, \
             { name = \"click\" }]\nconstraints = [{ name = \"pathspec\", specifier = \"<1\" }]",
        ),
        (
            "first",
            "requirements = [\"first>=1\", \"click\"]\npython = \"3.12\"",
        ),
        (
            "mytool",
            "requirements = \
             [{ name = \"mytool\", \
             git = \"https://h.example/x?tag=v1#0123456789abcdef0123456789abcdef01234567\" }]",
        ),
        (
            "sub",
            "requirements = [{ name = \"sub\", git = \"https://h.example/x?subdirectory=sub\" }]",
        ),
        (
            "dev",
            "requirements = [{ name = \"dev\", editable = \"/src/dev\" }]",
        ),
        (
            "sphinx",
            "requirements = [{ name = \"sphinx\" }, { name = \"furo\" }]\n\
             python = \"/usr/bin/python3\"\n\
             entrypoints = [{ name = \"fu\", install-path = \"/x\", from = \"furo\" }, \
             { name = \"sphinx-build\", install-path = \"/x\", from = \"sphinx\" }]\n\
             [tool.options]\nindex = [{ url = \"https://me:secret@h.example/simple\" }]",
        ),
    ] {
        home.write(
            &format!(".local/share/uv/tools/{name}/uv-receipt.toml"),
            &format!("[tool]\n{receipt}\n"),
        );
        home.write(
            &format!(".local/share/uv/tools/{name}/pyvenv.cfg"),
            "home = /usr/bin\nversion_info = 3.12.1\nuv = 0.9.0\n",
        );
    }
    home.write(".local/share/uv/tools/.lock", "");
    for key in [
        "cpython-3.12.1-linux-x86_64-gnu",
        "cpython-3.13.0-linux-x86_64-gnu",
        "pypy-3.10.14-linux-x86_64-gnu",
    ] {
        home.write(&format!(".local/share/uv/python/{key}/bin/python"), "");
    }
    symlink(
        "cpython-3.13.0-linux-x86_64-gnu",
        home.root
            .join(".local/share/uv/python/cpython-3.13-linux-x86_64-gnu"),
    )
    .unwrap();
    home.write(".config/uv/.python-version", "3.12\n");
    let run = home.boot(["import", "uv"]).success();
    assert!(!run.stderr.contains("secret"), "{run}");
    for said in [
        "- sub: ",
        "- dev: ",
        "constraints of black",
        "- index of sphinx",
        "Python pypy-3.10.14",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    assert_eq!(
        home.read(MANIFEST),
        "version = 1\n\n[python]\ninstall = [\"3.12.1\", \"3.13.0\"]\n\n[tools]\n\
         black = { version = \">=24,<26\", extras = [\"d\"], inject = [\"click\"] }\n\
         first = { version = \">=1\", inject = [\"click\"], python = \"3.12\" }\n\
         mytool = { git = \"https://h.example/x\", rev = \"v1\" }\n\
         sphinx = { inject = [\"furo\"], expose = { fu = \"fu\" } }\n"
    );
    // Another folder of tools, as a variable names it.
    home.set("UV_TOOL_DIR", "~/nothing");
    let json = home.boot(["import", "uv", "--json"]).success().json();
    assert_eq!(
        (
            json["schema"].as_i64(),
            json["new"].as_array().map(Vec::len),
            json["there"].as_array().map(Vec::len)
        ),
        (Some(1), Some(0), Some(2))
    );
}

#[test]
fn import_pyenv_reads_versions_and_virtualenvs() {
    let home = Home::new();
    for version in [
        "2.7.18",
        "3.11.7",
        "3.12.1",
        "3.13.0t",
        "pypy3.10-7.3.17",
        "miniconda3-4.7.12",
    ] {
        home.write(&format!(".pyenv/versions/{version}/bin/python"), "");
    }
    home.write(
        ".pyenv/versions/3.11.7/envs/work/pyvenv.cfg",
        "home = /x/bin\nversion = 3.11.7\n",
    );
    home.write(
        ".pyenv/versions/3.11.7/envs/work/lib/python3.11/site-packages/flask-3.0.0.dist-info/\
         METADATA",
        "",
    );
    home.write(
        ".pyenv/versions/3.11.7/envs/work/lib/python3.11/site-packages/pip-24.0.dist-info/METADATA",
        "",
    );
    symlink("3.11.7/envs/work", home.root.join(".pyenv/versions/work")).unwrap();
    symlink(
        "/opt/homebrew/opt/python@3.13",
        home.root.join(".pyenv/versions/3.13.9"),
    )
    .unwrap();
    home.write(".pyenv/version", "3.11.7\n3.12.1\n");
    let before = theirs(&home);
    let run = home
        .boot(["import", "pyenv"])
        .success()
        .stderr_has("+ venv     work, with Python 3.11.7");
    for said in [
        "- Python 2.7.18: ",
        "- pypy3.10-7.3.17: ",
        "- 1 packages in the virtualenv work: ",
        "/.pyenv/versions/work/bin/pip freeze",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    assert_eq!(
        home.read(MANIFEST),
        "version = 1\n\n[python]\ninstall = [\"3.11.7\", \"3.12.1\", \"3.13.0t\"]\n\n[venvs]\n\
         work = \"3.11.7\"\n"
    );
    assert_eq!(theirs(&home), before);
    home.boot(["plan"])
        .success()
        .stdout_has("work, with Python 3.11.7");
}

#[test]
fn import_brewfile_reads_python_part_and_names_the_rest() {
    let home = Home::new();
    home.write(
        "Brewfile",
        "tap \"acme/tools\"\n# tools\nbrew \"python@3.12\"\nbrew 'python@3.12'\n\
         brew \"black\" # format\nbrew(\"httpie\")\nbrew \"sphinx-doc\", link: true\n\
         brew \"jq\", args: [\"HEAD\"]\nbrew \"ruff\" if OS.mac?\n\
         brew \"poetry\", args: [\"HEAD\"]\nbrew \"pyenv\"\nbrew \"awscli\"\n\
         brew \"acme/tools/black\"\n\
         cask \"firefox\"\nuv \"mkdocs\", with: [\"mkdocs-material<10\"]\n\
         if OS.mac?\n  brew \"x#{1}\"\nend\nsystem \"touch ran\"\n",
    );
    let run = home.boot(["import", "brewfile"]).success();
    for said in [
        "- brew ruff: ",
        "- brew poetry: ",
        "- brew pyenv: boot does",
        "stay Homebrew's: tap acme/tools, brew jq, brew awscli, brew acme/tools/black, cask \
         firefox",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    assert_eq!(
        home.read(MANIFEST),
        "version = 1\n\n[python]\ninstall = [\"3.12\"]\n\n[tools]\nblack = \"*\"\nhttpie = \"*\"\n\
         sphinx = \"*\"\nmkdocs = { inject = [\"mkdocs-material<10\"] }\n"
    );
    assert!(!home.root.join("ran").exists());
    home.write("other", "brew \"tox\"\n");
    home.boot(["import", "brewfile", "--file", "other"])
        .success()
        .stderr_has("+ tool     tox");
    home.boot(["import", "pipx", "--file", "other"])
        .code(2)
        .one_error();
    home.boot(["import", "brewfile", "--file", "nowhere"])
        .code(1)
        .one_error();
    fs::remove_file(home.root.join("Brewfile")).unwrap();
    home.boot(["import", "brewfile"])
        .success()
        .stderr_has("there is nothing of a Brewfile");
}

#[test]
fn import_hostile_record_is_one_error_and_others_are_read() {
    let good = r#"{"pipx_metadata_version": "0.5",
        "main_package": {"package": "evil", "package_or_url": "evil"}}"#;
    for (what, record) in [
        ("cut", "{\"pipx_metadata_version\": ".to_string()),
        ("no JSON", "\u{1b}[2J".into()),
        ("a list", "[1, 2]".into()),
        (
            "wrong types",
            good.replace("{\"package\": \"evil\"", "{\"package\": [\"evil\"]"),
        ),
        (
            "a number for a table",
            good.replace(
                "\"main_package\"",
                "\"injected_packages\": 7, \"main_package\"",
            ),
        ),
        ("a newer format", good.replace("0.5", "1.0")),
        ("huge", format!("{}{good}", " ".repeat(5 << 20))),
        ("deep", format!("{{\"x\": {}", "[".repeat(100_000))),
    ] {
        let home = Home::new();
        home.write(".local/pipx/venvs/evil/pipx_metadata.json", &record);
        let run = home.boot(["import", "pipx"]).code(1).one_error();
        assert!(
            !run.stderr.contains('\u{1b}') && run.stderr.matches("error:").count() == 1,
            "{what}: {run}"
        );
        assert!(!home.root.join(MANIFEST).exists(), "{what}");
        pipx(&home, "black", "black", "3.12.1", "", "");
        home.boot(["import", "pipx"])
            .code(4)
            .stderr_has("+ tool     black");
    }
    // What can be read, and is no tool, is left out in words.
    for (name, asked) in [
        ("evil", "evil; id"),
        ("evil", "-e evil"),
        ("evil", "--index-url=http://x"),
        ("../../x", "x"),
        ("a\\u001b[2Jb", "x"),
        ("evil", "black"),
    ] {
        let home = Home::new();
        let record = good
            .replacen("\"evil\"", &format!("\"{name}\""), 1)
            .replace(": \"evil\"}}", &format!(": \"{asked}\"}}}}"));
        home.write(".local/pipx/venvs/evil/pipx_metadata.json", &record);
        let run = home
            .boot(["import", "pipx"])
            .success()
            .stderr_has("- evil: ");
        assert!(
            !run.stderr.contains('\u{1b}') && !home.root.join(MANIFEST).exists(),
            "{name} {asked}: {run}"
        );
    }
    for receipt in [
        "",
        "[tool]\n",
        "[tool]\nrequirements = 7\n",
        "[tool]\nrequirements = [{ nme = 'x' }]\n",
        "\u{1b}[2J",
    ] {
        let home = Home::new();
        home.write(".local/share/uv/tools/evil/uv-receipt.toml", receipt);
        let run = home.boot(["import", "uv"]).code(1).one_error();
        assert!(!run.stderr.contains('\u{1b}'), "{receipt}: {run}");
    }
    let home = Home::new();
    fs::create_dir_all(home.root.join(".local/share/uv/tools/evil")).unwrap();
    symlink(
        "/dev/zero",
        home.root.join(".local/share/uv/tools/evil/uv-receipt.toml"),
    )
    .unwrap();
    home.boot(["import", "uv"]).code(1).one_error();
}

#[test]
fn init_names_other_managers_to_import() {
    let home = Home::new();
    pipx(&home, "black", "black", "3.12.1", "", "");
    home.write(".pyenv/versions/3.12.1/bin/python", "");
    home.boot(["init", "--yes"])
        .success()
        .stderr_has("boot import pipx pyenv");
    home.boot(["import", "pipx", "pyenv"]).success();
    let text = home.read(MANIFEST);
    assert!(
        text.contains("install = [\"3.12.1\"]")
            && text.contains("black = \"*\"")
            && text.contains("hook = true"),
        "{text}"
    );
    home.boot(["plan"]).success();
}

/// Covers the default folder of pipx since 1.3; the other tests use the older one, which is the
/// same on every system.
#[test]
#[cfg(target_os = "linux")]
fn import_pipx_finds_each_of_its_folders() {
    let mut home = Home::new();
    let record = r#"{"pipx_metadata_version": "0.5",
        "main_package": {"package": "NAME", "package_or_url": "NAME"}}"#;
    for (folder, name) in [
        (".local/share/pipx", "one"),
        ("data/pipx", "two"),
        ("own", "three"),
    ] {
        home.write(
            &format!("{folder}/venvs/{name}/pipx_metadata.json"),
            &record.replace("NAME", name),
        );
    }
    home.boot(["import", "pipx", "--dry-run"])
        .success()
        .stdout_has("one = \"*\"");
    let root = home.root.display().to_string();
    home.set("XDG_DATA_HOME", &format!("{root}/data"));
    home.boot(["import", "pipx", "--dry-run"])
        .success()
        .stdout_has("two = \"*\"");
    home.set("PIPX_HOME", "~/own");
    home.boot(["import", "pipx", "--dry-run"])
        .success()
        .stdout_has("three = \"*\"")
        .stdout_lacks("two");
}

#[test]
fn import_into_wrong_manifest_is_refused() {
    let home = Home::new();
    pipx(&home, "black", "black", "3.12.1", "", "");
    home.write(MANIFEST, "version = 1\n[tols]\n");
    home.boot(["import", "pipx"])
        .code(2)
        .one_error()
        .stderr_has("did you mean tools?");
    assert_eq!(home.read(MANIFEST), "version = 1\n[tols]\n");
}

/// Uses the current pipx and uv of the public index.
#[test]
fn import_reads_real_pipx_and_uv_from_the_network() {
    if !needs::network() {
        return;
    }
    let home = Home::new();
    let run = |line: &str| {
        let mut command = home.command("sh");
        for name in [
            "PIP_INDEX_URL",
            "UV_INDEX_URL",
            "UV_DEFAULT_INDEX",
            "HTTPS_PROXY",
            "https_proxy",
            "SSL_CERT_FILE",
            "PIP_CERT",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        home.run(command.args(["-c", line])).success()
    };
    run("python3 -m venv others && others/bin/pip install --quiet pipx uv");
    run("others/bin/pipx install pycowsay==0.0.0.2 && others/bin/pipx inject pycowsay 'click>=8'");
    run("others/bin/pipx install --suffix _two pycowsay");
    run("others/bin/uv tool install --quiet 'httpie>=3' --with click --with 'rich<15'");
    home.boot(["import", "pipx", "uv"])
        .success()
        .stderr_has("pycowsay, as pycowsay_two");
    let text = home.read(MANIFEST);
    assert!(
        text.contains("pycowsay = { version = \"==0.0.0.2\", inject = [\"click>=8\"] }"),
        "{text}"
    );
    assert!(
        text.contains("httpie = { version = \">=3\", inject = [\"click\", \"rich<15\"] }"),
        "{text}"
    );
}
