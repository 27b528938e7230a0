//! A genuine archive of python-build-standalone, from the npm package
//! `@xspect-build/python-linux-x64`. Needs the npm registry (`npm_config_registry`),
//! BOOT_TEST_NETWORK=1, and a platform that the archive runs on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Home, genuine};

/// Prints the missing paths among all that sysconfig knows. It skips the folders of time zones, a
/// search path of this kind of system. The first argument is a name of the prefix without blanks.
const LOST: &str = r#"
import os, re, sys, sysconfig
values = dict(sysconfig.get_config_vars())
values.update(("path " + name, path) for name, path in sysconfig.get_paths().items())
for name, value in values.items():
    if name in ("TZPATH", "STRICT_SYSV_CURSES"):
        continue
    for word in re.split(r"[\s'\"=:,;()]+", str(value).replace(sys.prefix, sys.argv[1])):
        word = re.sub(r"^-[ILR]", "", word)
        if word.startswith("/") and not os.path.exists(word):
            print(name, word)
"#;

/// Returns the absolute paths in a text that do not exist.
fn lost(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| c.is_whitespace() || "'\"=:,;".contains(c));
    words
        .map(|word| {
            word.strip_prefix("-I")
                .or(word.strip_prefix("-L"))
                .unwrap_or(word)
        })
        .filter(|word| word.starts_with('/') && !Path::new(word).exists())
        .collect()
}

const SETUP: &str = "\
from setuptools import Extension, setup
setup(name='answer', version='1.0', ext_modules=[Extension('answer', ['answer.c'])])
";
const SOURCE: &str = r#"
#include <Python.h>
static PyObject *get(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"get", get, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "answer", "", -1, methods};
PyMODINIT_FUNC PyInit_answer(void) { return PyModule_Create(&module); }
"#;

/// Creates a source distribution with an extension in C.
fn sdist(home: &Home) -> PathBuf {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    let info = "Metadata-Version: 2.1\nName: answer\nVersion: 1.0\n";
    for (name, content) in [
        ("setup.py", SETUP),
        ("answer.c", SOURCE),
        ("PKG-INFO", info),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(
            &mut header,
            format!("answer-1.0/{name}"),
            content.as_bytes(),
        )
        .unwrap();
    }
    let path = home.root.join("answer-1.0.tar.gz");
    fs::write(&path, tar.into_inner().unwrap().finish().unwrap()).unwrap();
    path
}

#[test]
fn genuine_python_from_the_network_works_in_any_folder() {
    let Some((server, catalog)) = genuine::served() else {
        return;
    };

    // A plain folder, and one that a first line can't name.
    for folder in ["data", "a folder/data"] {
        let mut home = Home::new();
        home.set("BOOT_PYTHON_MIRROR", &server.url());
        home.set(
            "BOOT_PYTHON_CATALOG",
            &home.write("catalog.tsv", &catalog).display().to_string(),
        );
        let data = home.root.join(folder);
        home.set("BOOT_DATA_DIR", &data.display().to_string());
        home.boot(["python", "install", "--prebuilt", "3.9"])
            .success();
        home.no_leftovers();
        home.boot(["python", "verify"])
            .success()
            .stdout_has("complete");
        let python = PathBuf::from(home.boot(["python", "find", "3.9"]).success().stdout.trim());
        let root = python.parent().unwrap().parent().unwrap().to_path_buf();
        assert!(root.starts_with(&data));

        // Nothing it says of itself is of another machine.
        let short = home.root.join("short");
        std::os::unix::fs::symlink(&root, &short).unwrap();
        let run = home
            .run(home.command(&python).args(["-c", LOST]).arg(&short))
            .success();
        assert_eq!(run.stdout, "", "paths that don't exist, in {folder}");
        let said = home
            .run(home.command(&python).args(["-m", "sysconfig"]))
            .success()
            .stdout;
        for builder in [
            "\"/install",
            "/tools/",
            "/build/",
            "\"clang",
            " clang",
            "=clang",
        ] {
            assert!(
                !said
                    .replace(&root.display().to_string(), "")
                    .contains(builder),
                "{builder} in {said}"
            );
        }
        for option in [
            "--ldflags",
            "--cflags",
            "--includes",
            "--libs",
            "--prefix",
            "--exec-prefix",
            "--configdir",
        ] {
            // The script itself can't be called from a folder with a blank; that is upstream's.
            if folder.contains(' ') {
                continue;
            }
            for name in ["python3-config", "python3.9-config"] {
                let run = home
                    .run(home.command(root.join("bin").join(name)).arg(option))
                    .success();
                assert_eq!(lost(&run.stdout), [] as [&str; 0], "{run}");
                assert!(
                    !run.stdout.trim().is_empty() && run.stderr.is_empty(),
                    "{run}"
                );
            }
        }
        for entry in fs::read_dir(root.join("lib/pkgconfig")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            let prefix = text
                .lines()
                .find_map(|line| line.strip_prefix("prefix="))
                .unwrap_or_else(|| panic!("{text}"));
            assert_eq!(Path::new(prefix), root, "{}", entry.path().display());
            let text = text.replace(root.to_str().unwrap(), short.to_str().unwrap());
            assert_eq!(lost(&text), [] as [&str; 0], "{}", entry.path().display());
        }
        for script in ["pip3", "pip3.9", "2to3", "idle3", "pydoc3"] {
            let text = fs::read_to_string(root.join("bin").join(script)).unwrap();
            assert!(
                text.contains(&python.display().to_string()),
                "{script} starts with {:?}",
                text.lines().take(2).collect::<Vec<_>>()
            );
        }
        home.run(home.command(root.join("bin/pip3")).arg("--version"))
            .success()
            .stdout_has("(python 3.9)");
        home.run(home.command(root.join("bin/pydoc3")).arg("zlib"))
            .success();

        // An extension is compiled and works, by pip in an environment.
        let venv = home.root.join("venv");
        home.boot([
            "venv",
            "--python",
            "3.9",
            "--system-site-packages",
            venv.to_str().unwrap(),
        ])
        .success();
        let mut pip = home.command(venv.join("bin/pip"));
        pip.args([
            "install",
            "--no-index",
            "--no-build-isolation",
            "--no-use-pep517",
        ])
        .arg(sdist(&home));
        home.run(&mut pip).success();
        home.run(
            home.command(venv.join("bin/python"))
                .args(["-c", "import answer; print(answer.get())"]),
        )
        .success()
        .stdout_has("42");
    }
}
