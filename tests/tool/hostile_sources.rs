//! Hostile source archives, and backends that return something else than the requested wheel: one
//! error says why, nothing is installed, and nothing is written elsewhere or left.

use std::path::Path;

use tar::EntryType as Kind;

use crate::support::raw_tar::{CASES, OUT, Tar, gzip};
use crate::support::raw_zip::{Entry, zip};
use crate::support::sdist::Source;
use crate::support::{Home, Index, Mirror};

const TOP: &str = "evil-1.0";

fn source() -> Source {
    Source::new("evil", "1.0", "evil runs")
}

/// Creates a sound source archive to extend.
fn sound() -> Tar {
    let mut tar = Tar::new(TOP);
    for (path, content) in source().all() {
        tar.entry(&path, Kind::Regular, "", content.as_bytes());
    }
    tar
}

fn home() -> (Mirror, Home) {
    let mirror = Mirror::new();
    let mut home = Home::ready(&mirror, &Index::new());
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    // The folders that any build makes are there.
    let index = Index::new();
    index.add_bytes("evil", "evil-1.0.tar.gz", gzip(&sound().end()));
    home.set("BOOT_INDEX_URL", &index.url());
    home.boot(["tool", "install", "evil"]).success();
    home.run(&mut home.command(home.bin().join("evil")))
        .success()
        .stdout_has("evil runs");
    home.boot(["tool", "uninstall", "evil"]).success();
    home.write("evil", "mine");
    (mirror, home)
}

/// Installs `bytes` as `file` from an index, which must fail as expected and leave nothing.
fn refused(home: &mut Home, what: &str, words: &str, file: &str, bytes: Vec<u8>) {
    let before: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with(".local/state/"))
        .collect();
    let index = Index::new();
    index.add_bytes("evil", file, bytes);
    home.set("BOOT_INDEX_URL", &index.url());
    let run = home.boot(["tool", "install", "evil"]);
    assert_eq!(run.code, Some(1), "{what}: {run}");
    assert!(run.stderr.contains(words), "{what}: no {words:?} in {run}");
    assert!(
        !run.stderr
            .chars()
            .any(|character| character.is_control() && character != '\n'),
        "{what}: {run}"
    );
    run.one_error();
    home.no_leftovers();
    let after: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with(".local/state/"))
        .collect();
    assert_eq!(after, before, "{what}");
    assert_eq!(home.read("evil"), "mine", "{what}");
    assert!(!Path::new("/tmp/boot-evil").exists(), "{what}");
}

#[test]
fn tool_install_hostile_source_tar_is_refused() {
    let (_mirror, mut home) = home();
    for (what, words, make) in CASES {
        // Looking for its PKG-INFO already stumbles over what can't be read at all.
        let words = if *words == "can't be unpacked" {
            "can't be "
        } else {
            words
        };
        let mut tar = sound();
        make(&mut tar);
        refused(&mut home, what, words, "evil-1.0.tar.gz", gzip(&tar.end()));
    }
}

#[test]
fn tool_install_source_with_trailing_data_is_refused() {
    let (_mirror, mut home) = home();
    let whole = sound().end();
    let second = gzip(&Tar::new(TOP).end());
    for (what, words, bytes) in [
        (
            "no archive",
            "can't be ",
            b"<html>not found</html>".to_vec(),
        ),
        ("nothing", "can't be ", Vec::new()),
        (
            "half a gzip file",
            "can't be ",
            gzip(&whole)[..300].to_vec(),
        ),
        (
            "a second archive",
            "follows its end",
            [gzip(&whole), second].concat(),
        ),
        (
            "garbage",
            "can't be ",
            [&gzip(&whole)[..], b"garbage"].concat(),
        ),
    ] {
        refused(&mut home, what, words, "evil-1.0.tar.gz", bytes);
    }
    // Some pack in pieces, and they are one file (RFC 1952); tar fills its blocks up with zeros.
    for at in [512, 700, 2048, whole.len() - 512] {
        let index = Index::new();
        let padded = [&whole[at..], &[0; 8192]].concat();
        index.add_bytes(
            "evil",
            "evil-1.0.tar.gz",
            [gzip(&whole[..at]), gzip(&padded)].concat(),
        );
        home.set("BOOT_INDEX_URL", &index.url());
        home.boot(["tool", "install", "evil"]).success();
        home.run(&mut home.command(home.bin().join("evil")))
            .success()
            .stdout_has("evil runs");
        home.boot(["tool", "uninstall", "evil"]).success();
    }
}

#[test]
fn tool_install_hostile_source_zip_is_refused() {
    let (_mirror, mut home) = home();
    let name = |path: &str| format!("{TOP}/{path}");
    for (what, words, entry) in [
        ("a name that climbs", OUT, Entry::new("../evil", "x")),
        (
            "a name that climbs out of its folder",
            OUT,
            Entry::new(name("../../evil"), "x"),
        ),
        ("an absolute name", OUT, Entry::new("/tmp/boot-evil", "x")),
        (
            "a link out",
            OUT,
            Entry::new(name("link"), "../../../evil").mode(0o120777),
        ),
        ("a file twice", "twice", Entry::new(name("evil.py"), "x")),
        (
            "a bomb",
            "far more",
            Entry::new(name("zeros"), vec![0; 100 << 20]).deflated(),
        ),
        (
            "a name that differs in both headers",
            "two names",
            Entry::new(name("seen"), "x").local_name("../evil"),
        ),
        (
            "an entry that its directory doesn't have",
            "doesn't list",
            Entry::new(name("hidden"), "x").unlisted(),
        ),
        (
            "an encrypted entry",
            "error: ",
            Entry::new(name("secret"), "0123456789abcdef").flags(1),
        ),
    ] {
        let mut entries: Vec<Entry> = source()
            .all()
            .into_iter()
            .map(|(path, content)| Entry::new(name(&path), content))
            .collect();
        entries.push(entry);
        refused(&mut home, what, words, "evil-1.0.zip", zip(&entries));
    }
    refused(
        &mut home,
        "no archive",
        "error: ",
        "evil-1.0.zip",
        b"PK nothing".to_vec(),
    );
}

/// Packs a source whose backend builds a sound wheel at `PATH` in `folder` and then runs `then`,
/// which may set `NAME`.
fn backend(then: &str) -> Vec<u8> {
    let text = format!(
        "import os, zipfile\nfrom tiny_backend import *\nimport tiny_backend\n\
         def prepare_metadata_for_build_wheel(folder, settings=None):\n    return \
         tiny_backend.prepare_metadata_for_build_wheel(folder)\n\
         def build_wheel(folder, settings=None, metadata=None):\n    NAME = \
         tiny_backend.build_wheel(folder)\n    \
         PATH = os.path.join(folder, NAME)\n    {}\n    return NAME\n",
        then.replace('\n', "\n    ")
    );
    let mut tar = Tar::new(TOP);
    for (path, content) in source().file("backend/evil_backend.py", &text).all() {
        let content = content.replace(
            "build-backend = \"tiny_backend\"",
            "build-backend = \"evil_backend\"",
        );
        tar.entry(&path, Kind::Regular, "", content.as_bytes());
    }
    gzip(&tar.end())
}

#[test]
fn tool_install_wrong_wheel_of_backend_is_refused() {
    let (_mirror, mut home) = home();
    let more = |path: &str| format!("zipfile.ZipFile(PATH, 'a').writestr({path:?}, 'x')");
    let named =
        |name: &str| format!("os.rename(PATH, os.path.join(folder, {name:?}))\nNAME = {name:?}");
    for (what, words, then) in [
        (
            "a wheel of another package",
            "other-1.0-py3-none-any.whl",
            named("other-1.0-py3-none-any.whl"),
        ),
        (
            "a wheel of another version",
            "evil-2.0-py3-none-any.whl",
            named("evil-2.0-py3-none-any.whl"),
        ),
        ("no wheel's name", "error: ", named("evil.txt")),
        (
            "a wheel that isn't there",
            "error: ",
            "os.remove(PATH)".into(),
        ),
        (
            "a wheel elsewhere",
            "error: ",
            "os.rename(PATH, os.path.join(folder, '..', NAME))\nNAME = os.path.join('..', NAME)"
                .into(),
        ),
        (
            "a wheel at an absolute place",
            "error: ",
            "NAME = '/etc/passwd'".into(),
        ),
        (
            "a wheel that is a link",
            "error: ",
            "os.remove(PATH)\nos.symlink('/etc/passwd', PATH)".into(),
        ),
        (
            "a wheel that is a folder",
            "error: ",
            "os.remove(PATH)\nos.mkdir(PATH)".into(),
        ),
        ("nothing in it", "error: ", "open(PATH, 'w').close()".into()),
        ("no name at all", "error: ", "NAME = None".into()),
        ("a number for a name", "error: ", "NAME = 7".into()),
        (
            "a name of control characters",
            "error: ",
            "NAME = chr(27) + '[2J.whl'".into(),
        ),
        ("a file that climbs", "outside", more("../evil")),
        (
            "a file at an absolute place",
            "outside",
            more("/tmp/boot-evil"),
        ),
        (
            "the interpreter",
            "python",
            more("evil-1.0.data/data/bin/python"),
        ),
        (
            "a command called python",
            "command's",
            more("evil-1.0.data/scripts/python3"),
        ),
    ] {
        refused(&mut home, what, words, "evil-1.0.tar.gz", backend(&then));
    }
    // One that does nothing to it is fine.
    let index = Index::new();
    index.add_bytes("evil", "evil-1.0.tar.gz", backend("pass"));
    home.set("BOOT_INDEX_URL", &index.url());
    home.boot(["tool", "install", "evil"]).success();
    home.run(&mut home.command(home.bin().join("evil")))
        .success()
        .stdout_has("evil runs");
}
