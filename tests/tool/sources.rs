//! Installs without a wheel on an index: source archives, folders, git repositories, wheels by path
//! and by address.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::sdist::{Source, commit};
use crate::support::{Home, Index, Mirror, Wheel, index};

/// Runs a command; the stand-in's interpreter runs an environment as the machine's python3 does.
fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .to_string()
}

fn site(home: &Home, mirror: &Mirror, tool: &str) -> PathBuf {
    home.data().join(format!(
        "tools/{tool}/lib/python{}/site-packages",
        mirror.minor()
    ))
}

fn direct_url(site: &Path, info: &str) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(site.join(info).join("direct_url.json")).unwrap())
        .unwrap()
}

fn ready() -> (Mirror, Index, Home) {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    // Compiling goes on after boot has ended, and would look like something left behind.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    (mirror, index, home)
}

#[test]
fn tool_install_source_archive_is_built_once() {
    let (mirror, index, mut home) = ready();
    // The user's own packages have no place in a build.
    home.set("PYTHONPATH", &home.root.display().to_string());
    index.add(Wheel::new("helper", "1").file("helper.py", ""));
    index.add_source(
        &Source::new("made", "1.0", "made")
            .requires("click")
            .build_requires("helper"),
    );
    home.boot(["tool", "install", "made"])
        .success()
        .stderr_lacks("asked for what a build needs");
    assert_eq!(says(&home, "made"), "made");
    let site = site(&home, &mirror, "made");
    assert!(
        site.join("click.py").is_file(),
        "what its metadata asks for"
    );
    assert!(
        !site.join("helper.py").exists(),
        "what only the build needed"
    );
    assert!(!site.join("made-1.0.dist-info/direct_url.json").exists());
    home.boot(["tool", "uninstall", "made"]).success();
    home.boot(["--offline", "-v", "tool", "install", "made"])
        .success()
        .stderr_lacks("building");
    home.no_leftovers();
}

#[test]
fn tool_install_final_source_metadata_needs_no_build() {
    let (_mirror, index, home) = ready();
    index.add_source(&Source::new("old", "1", "old").stated());
    index.add_source(
        &Source::new("old", "2", "old")
            .requires("click<8")
            .stated()
            .file("broken", "never"),
    );
    index.add(
        Wheel::new("user", "1")
            .requires("old")
            .requires("click>=8")
            .command("user", "x"),
    );
    home.boot(["tool", "install", "user"]).success();
}

#[test]
fn tool_install_failed_build_shows_output_leaves_nothing() {
    let (_mirror, index, home) = ready();
    index.add_source(&Source::new("bad", "1", "x").file("broken", "no such header"));
    let kept = || {
        home.tree()
            .into_iter()
            .filter(|path| !path.starts_with(".cache"))
            .collect::<Vec<_>>()
    };
    let before = kept();
    home.boot(["tool", "install", "bad"])
        .code(1)
        .stderr_has("something of the compiler's")
        .stderr_has("the build broke: no such header")
        .stderr_has(".local/state/boot/log/")
        .one_error();
    assert_eq!(kept(), before);
    home.no_leftovers();
    home.boot(["tool", "install", "--no-build", "bad"])
        .code(1)
        .stderr_has("--no-build")
        .one_error();
    // A wheel, however old, is what --no-build takes.
    index.add(Wheel::new("bad", "0.9").command("bad", "old"));
    let mut home = home;
    home.set(
        "BOOT_CACHE_DIR",
        &home.root.join("cache2").display().to_string(),
    );
    home.boot(["tool", "install", "--no-build", "bad"])
        .success()
        .stderr_has("0.9");
    // Nor does an upgrade build.
    home.boot(["tool", "upgrade", "bad"]).success();
}

#[test]
fn tool_install_folder_is_built_and_editable_one_linked() {
    let (mirror, _index, home) = ready();
    let folder = Source::new("mine", "1.0", "first")
        .requires("click")
        .folder(&home, "work/my project");
    home.boot_in(&home.root.join("work"), ["tool", "install", "./my project"])
        .success();
    assert_eq!(says(&home, "mine"), "first");
    let about = direct_url(&site(&home, &mirror, "mine"), "mine-1.0.dist-info");
    assert_eq!(
        about["url"],
        format!("file://{}", folder.display()).replace(' ', "%20")
    );
    assert!(about["dir_info"].is_object() && about["dir_info"]["editable"].is_null());

    fs::write(folder.join("mine.py"), "def main():\n    print('second')\n").unwrap();
    home.boot(["tool", "install", &folder.display().to_string()])
        .success()
        .stderr_has("already");
    home.boot(["tool", "upgrade", "mine"]).success();
    assert_eq!(says(&home, "mine"), "second");

    home.boot([
        "tool",
        "install",
        "--editable",
        &folder.display().to_string(),
    ])
    .success();
    assert_eq!(
        direct_url(&site(&home, &mirror, "mine"), "mine-1.0.dist-info")["dir_info"]["editable"],
        true
    );
    fs::write(folder.join("mine.py"), "def main():\n    print('third')\n").unwrap();
    assert_eq!(says(&home, "mine"), "third");
    home.boot(["tool", "reinstall", "mine"]).success();
    fs::write(folder.join("mine.py"), "def main():\n    print('fourth')\n").unwrap();
    assert_eq!(
        says(&home, "mine"),
        "fourth",
        "the receipt keeps that it is editable"
    );
    home.boot(["tool", "install", "--editable", "black"])
        .code(2)
        .stderr_has("editable")
        .one_error();
    home.boot(["tool", "install", "./nothing"])
        .code(1)
        .stderr_has("./nothing")
        .one_error();
}

#[test]
fn tool_install_git_repository_at_tag_and_newest_commit() {
    let (mirror, _index, home) = ready();
    let folder = Source::new("repo", "1.0", "tagged").repository(&home, "repositories/repo");
    let at = |rev: &str| format!("git+file://{}{rev}", folder.display());
    home.boot(["tool", "install", &at("@v1")]).success();
    assert_eq!(says(&home, "repo"), "tagged");
    fs::write(folder.join("repo.py"), "def main():\n    print('newest')\n").unwrap();
    let newest = commit(&home, &folder);
    home.boot(["tool", "upgrade", "repo"])
        .success()
        .stderr_has("newest");
    assert_eq!(says(&home, "repo"), "tagged", "a tag is a tag");
    home.boot(["tool", "install", &at("")]).success();
    assert_eq!(says(&home, "repo"), "newest");
    let about = direct_url(&site(&home, &mirror, "repo"), "repo-1.0.dist-info");
    assert_eq!(about["vcs_info"]["commit_id"], newest);
    assert!(about["vcs_info"]["requested_revision"].is_null());
    fs::write(folder.join("repo.py"), "def main():\n    print('newer')\n").unwrap();
    commit(&home, &folder);
    home.boot(["tool", "upgrade", "repo"]).success();
    assert_eq!(
        says(&home, "repo"),
        "newer",
        "the version is the same, the commit isn't"
    );
    home.boot(["tool", "install", &at("@v9")])
        .code(1)
        .stderr_has("v9")
        .one_error();
    home.boot(["tool", "install", &at("@--upload-pack=x")])
        .code(1)
        .one_error();
    // A package in a folder of the repository, with extras and a dependency.
    Source::new("part", "2", "a part")
        .requires("click; extra == 'x'")
        .folder(&home, "repositories/repo/packages/part");
    commit(&home, &folder);
    home.boot([
        "tool",
        "install",
        &format!("part[x] @ {}#subdirectory=packages/part", at("")),
    ])
    .success();
    assert_eq!(says(&home, "part"), "a part");
    assert!(site(&home, &mirror, "part").join("click.py").is_file());
    assert_eq!(
        direct_url(&site(&home, &mirror, "part"), "part-2.dist-info")["subdirectory"],
        "packages/part"
    );
}

#[test]
fn tool_install_wheel_or_archive_by_path_and_address() {
    let (mirror, index, home) = ready();
    let server = &index.server;
    server.put(
        "/else/direct-1.0-py3-none-any.whl",
        "application/zip",
        Wheel::new("direct", "1.0")
            .requires("click")
            .command("direct", "x")
            .bytes(),
    );
    let url = format!("{}/else/direct-1.0-py3-none-any.whl", server.url());
    home.boot(["tool", "install", &url]).success();
    assert!(site(&home, &mirror, "direct").join("click.py").is_file());
    let about = direct_url(&site(&home, &mirror, "direct"), "direct-1.0.dist-info");
    assert_eq!(about["url"], url);
    assert!(
        about["archive_info"]["hashes"]["sha256"]
            .as_str()
            .unwrap()
            .len()
            == 64
    );
    home.boot(["tool", "uninstall", "direct"]).success();
    home.boot(["--offline", "tool", "install", &url]).success();
    home.boot(["tool", "uninstall", "direct"]).success();
    let wrong = format!("{url}#sha256={}", "0".repeat(64));
    home.boot(["tool", "install", &wrong])
        .code(1)
        .stderr_has("SHA-256")
        .one_error();
    assert!(!home.data().join("tools/direct").exists());

    let source = Source::new("packed", "3.1", "packed");
    fs::write(home.root.join(source.file_name()), source.archive()).unwrap();
    home.boot(["tool", "install", &source.file_name()])
        .success();
    assert_eq!(says(&home, "packed"), "packed");
    // As code hosts offer them: the name tells nothing.
    server.put(
        "/else/main.tar.gz",
        "application/gzip",
        Source::new("hosted", "1", "hosted").archive(),
    );
    home.boot([
        "tool",
        "install",
        &format!("{}/else/main.tar.gz", server.url()),
    ])
    .success();
    assert_eq!(says(&home, "hosted"), "hosted");
    // One that is another than was asked for.
    home.boot(["tool", "install", &format!("other @ {url}")])
        .code(1)
        .stderr_has("other")
        .one_error();
    home.boot(["tool", "inject", "black", &url]).code(1);
    home.boot(["tool", "install", "black", "--with", &url])
        .success();
    assert!(site(&home, &mirror, "black").join("direct.py").is_file());
    home.no_leftovers();
}

#[test]
fn tool_install_failed_build_names_likely_cause() {
    let (_mirror, index, home) = ready();
    for (name, says, cause) in [
        (
            "noheader",
            "x.c:3:10: fatal error: libpq-fe.h: No such file or directory",
            "libpq-fe.h isn't there",
        ),
        (
            "nocompiler",
            "  error: command 'gcc' failed: No such file or directory",
            "gcc isn't there",
        ),
        (
            "old",
            "ModuleNotFoundError: No module named 'distutils'",
            "--python",
        ),
    ] {
        index.add_source(
            &Source::new(name, "1.0", "never").file("broken", &format!("\n{says}\nthe end")),
        );
        home.boot(["tool", "install", name])
            .code(1)
            .one_error()
            .stderr_has("failed: the end")
            .stderr_has(says)
            .stderr_has(cause);
        home.no_leftovers();
    }
    assert!(!home.data().join("tools/old").exists());
}

/// A minimal setuptools: the part that boot needs for a tree with only a setup.py.
const SETUPTOOLS: &str = r#"
import base64, hashlib, os, sys, zipfile

class Legacy:
    def run(self):
        told = {}
        sys.modules["setuptools"].setup = told.update
        sys.path.insert(0, os.getcwd())
        names = {"__name__": "__main__", "__file__": "setup.py"}
        exec(compile(open("setup.py").read(), "setup.py", "exec"), names)
        return told

    def get_requires_for_build_wheel(self, settings=None):
        return self.run().get("setup_requires", [])

    def build_wheel(self, folder, settings=None, metadata=None):
        told = self.run()
        stem = told["name"] + "-" + told["version"]
        files = {name + ".py": open(name + ".py").read() for name in told["py_modules"]}
        commands = told["entry_points"]["console_scripts"]
        info = stem + ".dist-info/"
        metadata = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files[info + "METADATA"] = metadata.format(**told)
        files[info + "WHEEL"] = (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        files[info + "entry_points.txt"] = (
            "[console_scripts]\n" + "\n".join(commands) + "\n"
        )
        files[info + "RECORD"] = ""
        with zipfile.ZipFile(os.path.join(folder, stem + "-py3-none-any.whl"), "w") as archive:
            for path, text in files.items():
                archive.writestr(zipfile.ZipInfo(path), text)
        return stem + "-py3-none-any.whl"

__legacy__ = Legacy()
"#;

#[test]
fn tool_install_setup_py_alone_is_built_by_setuptools() {
    let (_mirror, index, home) = ready();
    index.add(
        Wheel::new("setuptools", "80.0")
            .file("setuptools/__init__.py", "")
            .file("setuptools/build_meta.py", SETUPTOOLS),
    );
    index.add(Wheel::new("helper", "1.0").file("helper.py", "VERSION = '1.5'\n"));
    let setup = "print('chatter of the build')\nfrom setuptools import setup\n\
                 try:\n    from helper import VERSION\nexcept ImportError:\n    VERSION = '1.5'\n\
                 import neighbour\nsetup(name='legacy', version=VERSION, py_modules=['legacy'], \
                 setup_requires=['helper'],\n    \
                 entry_points={'console_scripts': ['legacy = legacy:main']})\n";
    let tree = home
        .write("tree/setup.py", setup)
        .parent()
        .unwrap()
        .to_path_buf();
    home.write("tree/neighbour.py", "");
    home.write("tree/legacy.py", "def main():\n    print('legacy runs')\n");
    home.boot(["tool", "install", &tree.display().to_string()])
        .success()
        .stderr_lacks("chatter");
    assert_eq!(says(&home, "legacy"), "legacy runs");
    assert!(
        index
            .server
            .requests()
            .iter()
            .any(|request| request.contains("helper")),
        "what setup.py asks for is there when it builds"
    );
}
