//! Hostile wheels and odd ones. A hostile wheel installs nothing, leaves nothing, writes nothing
//! elsewhere, and is one error; an odd one installs.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;

use crate::support::raw_zip::{Entry, zip};
use crate::support::{Home, Index, Mirror};

const INFO: &str = "evil-1.0.dist-info";
const WHEEL: &str = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
const FILE: &str = "evil-1.0-py3-none-any.whl";
/// Part of every name that must not appear anywhere.
const CANARY: &str = "canary";

/// Entries of a sound wheel.
fn sound() -> Vec<Entry> {
    vec![
        Entry::new("evil.py", "def main():\n    print('evil runs')\n"),
        Entry::new(
            format!("{INFO}/METADATA"),
            "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
        ),
        Entry::new(format!("{INFO}/WHEEL"), WHEEL),
        Entry::new(
            format!("{INFO}/entry_points.txt"),
            "[console_scripts]\nevil = evil:main\n",
        ),
        Entry::new(
            format!("{INFO}/RECORD"),
            format!("evil.py,,\n{INFO}/METADATA,,\n{INFO}/WHEEL,,\n{INFO}/RECORD,,\n"),
        ),
    ]
}

/// Packs a sound wheel with one more entry.
fn and(entry: Entry) -> Vec<u8> {
    all([sound(), vec![entry]].concat())
}

fn all(entries: Vec<Entry>) -> Vec<u8> {
    zip(&entries)
}

/// Packs a sound wheel with another content of a file of its dist-info folder, or without it.
fn with(file: &str, content: Option<&[u8]>) -> Vec<u8> {
    let numbers = ["evil.py", "METADATA", "WHEEL", "entry_points.txt", "RECORD"];
    let number = numbers.iter().position(|name| *name == file).unwrap();
    let mut entries = sound();
    match content {
        Some(content) => entries[number] = Entry::new(format!("{INFO}/{file}"), content),
        None => drop(entries.remove(number)),
    }
    all(entries)
}

fn named(name: &str) -> Vec<u8> {
    and(Entry::new(name, "x"))
}

fn points(line: &str) -> Vec<u8> {
    with(
        "entry_points.txt",
        Some(format!("[console_scripts]\nevil = evil:main\n{line}\n").as_bytes()),
    )
}

/// Returns name, archive, and a part of the error of each case.
fn hostile(root: &Path) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let absolute = format!("{}/canary", root.display());
    let mut bomb = sound();
    bomb.push(
        Entry::new("canary.bin", vec![0; 1 << 20])
            .deflated()
            .says_size(10),
    );
    let mut shared = sound();
    shared.push(Entry::new("canary.py", "x"));
    shared.push(Entry::new("canary2.py", "x").at(0, 0));
    // As the smallest bombs are made: each entry is also a part of the one before it.
    let inner = Entry::new("canary-inner.bin", "x");
    let outer = Entry::new("canary-outer.bin", inner.bytes());
    let offset = outer.bytes().len() - inner.bytes().len();
    let nested = all([sound(), vec![outer, inner.at(5, offset)]].concat());
    let mut unlisted = sound();
    unlisted.insert(1, Entry::new("canary.py", "x").unlisted());
    let unlisted = all(unlisted);
    let mut cut = all(sound());
    cut.truncate(cut.len() - 30);
    let info = |file: &str| format!("{INFO}/{file}");
    vec![
        // Names.
        ("a name that climbs", named("../canary"), "outside"),
        (
            "a name that climbs far",
            named(&format!("{}canary", "../".repeat(12))),
            "outside",
        ),
        (
            "a name that climbs in its middle",
            named("evil/../../canary"),
            "outside",
        ),
        ("a folder that climbs", named("../canary/"), "outside"),
        ("an absolute name", named(&absolute), "outside"),
        (
            "an absolute name with two slashes",
            named(&format!("/{absolute}")),
            "outside",
        ),
        ("a drive", named("C:/canary"), "outside"),
        ("a drive and backslashes", named("C:\\canary"), "outside"),
        ("backslashes", named("..\\canary"), "outside"),
        ("a backslash within", named("evil\\canary.py"), "outside"),
        ("a NUL", named("canary\0.py"), "outside"),
        (
            "a name beyond any path",
            named(&"canary/".repeat(1000)),
            "longer",
        ),
        (
            "a name that isn't text",
            and(Entry::new(b"canary\xff\xfe.py", "x").flags(1 << 11)),
            "UTF-8",
        ),
        (
            "a name that isn't text and doesn't claim to be",
            and(Entry::new(b"canary\xff.py", "x")),
            "UTF-8",
        ),
        ("a file below a file", named("evil.py/canary"), "evil.py"),
        (
            "a link out",
            and(Entry::new("canary", "/etc/passwd").mode(0o120777)),
            "outside",
        ),
        (
            "a link within",
            and(Entry::new("canary", "evil.py").mode(0o120777)),
            "outside",
        ),
        ("a file twice", named("evil.py"), "twice"),
        (
            "a file twice, by another spelling",
            named("./evil.py"),
            "twice",
        ),
        (
            "a data folder that climbs",
            named("evil-1.0.data/data/../../../../canary"),
            "outside",
        ),
        (
            "a script that climbs",
            named("evil-1.0.data/scripts/../canary"),
            "outside",
        ),
        (
            "an absolute name in a data folder",
            named("evil-1.0.data/data//canary/../../canary"),
            "outside",
        ),
        (
            "a data folder of an unknown kind",
            named("evil-1.0.data/etc/canary"),
            "belongs nowhere",
        ),
        (
            "a data folder of no kind",
            named("evil-1.0.data/canary"),
            "belongs nowhere",
        ),
        // The environment itself.
        (
            "pyvenv.cfg",
            named("evil-1.0.data/data/pyvenv.cfg"),
            "pyvenv.cfg",
        ),
        (
            "the interpreter",
            named("evil-1.0.data/data/bin/python"),
            "python",
        ),
        (
            "the interpreter's folder",
            named("evil-1.0.data/data/bin/python3/x"),
            "python3",
        ),
        (
            "boot's receipt",
            named("evil-1.0.data/data/boot-receipt.toml"),
            "boot-receipt.toml",
        ),
        (
            "a script called python",
            named("evil-1.0.data/scripts/python3"),
            "command's",
        ),
        (
            "a script with a newline",
            named("evil-1.0.data/scripts/canary\nx"),
            "command's",
        ),
        (
            "a script with an escape",
            named("evil-1.0.data/scripts/canary\u{1b}[31m"),
            "command's",
        ),
        (
            "a script in a folder",
            named("evil-1.0.data/scripts/sub/canary"),
            "command's",
        ),
        // Entry points.
        (
            "a command that climbs",
            points("../canary = evil:main"),
            "command's",
        ),
        (
            "an absolute command",
            points("/tmp/canary = evil:main"),
            "command's",
        ),
        (
            "a command called python",
            points("python = evil:main"),
            "command's",
        ),
        (
            "a command that is an option",
            points("-canary = evil:main"),
            "command's",
        ),
        (
            "code for a function",
            points("canary = evil:main();import os"),
            "module:function",
        ),
        (
            "code for a module",
            points("canary = os;x:main"),
            "module:function",
        ),
        ("nothing to call", points("canary = evil"), "no function"),
        // The dist-info folder.
        ("no WHEEL", with("WHEEL", None), "WHEEL"),
        ("no METADATA", with("METADATA", None), "error: "),
        ("no RECORD", with("RECORD", None), "RECORD"),
        (
            "a wheel of tomorrow",
            with(
                "WHEEL",
                Some(b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\n"),
            ),
            "version 2",
        ),
        (
            "a wheel of no version",
            with("WHEEL", Some(b"Root-Is-Purelib: true\n")),
            "no version",
        ),
        (
            "a wheel of nonsense",
            with("WHEEL", Some(&[0xff; 100])),
            "no version",
        ),
        (
            "a root nowhere",
            with(
                "WHEEL",
                Some(b"Wheel-Version: 1.0\nRoot-Is-Purelib: perhaps\n"),
            ),
            "belongs",
        ),
        (
            "another package's METADATA",
            with(
                "METADATA",
                Some(b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"),
            ),
            "other",
        ),
        (
            "another version's METADATA",
            with(
                "METADATA",
                Some(b"Metadata-Version: 2.1\nName: evil\nVersion: 2.0\n"),
            ),
            "2.0",
        ),
        (
            "METADATA of nobody",
            with("METADATA", Some(&[0xff; 1000])),
            "metadata",
        ),
        (
            "two dist-info folders",
            named("other-1.0.dist-info/WHEEL"),
            "more than one",
        ),
        (
            "METADATA without end",
            with("METADATA", Some(&[b'a'; 20 << 20])),
            "error: ",
        ),
        // The archive.
        ("no zip file", b"PK nothing".to_vec(), "error: "),
        ("an archive that is cut", cut, "error: "),
        ("nothing at all", Vec::new(), "error: "),
        ("a directory that lies about a size", all(bomb), "error: "),
        (
            "a bomb of honest sizes",
            and(Entry::new("canary.bin", vec![0; 70 << 20]).deflated()),
            "far more",
        ),
        (
            "a name that differs in both headers",
            and(Entry::new("seen.py", "x").local_name("canary.py")),
            "two names",
        ),
        (
            "a way of packing that differs in both headers",
            and(Entry::new("canary.py", "x").local_method(8)),
            "two ways",
        ),
        (
            "a size that differs in both headers",
            and(Entry::new("canary.py", "x").local_size(7)),
            "two ways",
        ),
        (
            "an entry that its directory doesn't have",
            unlisted,
            "doesn't list",
        ),
        (
            "an entry at the end that its directory doesn't have",
            and(Entry::new("canary.py", "x").unlisted()),
            "doesn't list",
        ),
        (
            "an archive behind an archive",
            [all(sound()), all(sound())].concat(),
            "before its first",
        ),
        (
            "something before it",
            [b"#!/bin/sh\n".to_vec(), all(sound())].concat(),
            "before its first",
        ),
        (
            "something behind it",
            [all(sound()), b"canary".to_vec()].concat(),
            "behind its end",
        ),
        ("two entries at one place", all(shared), "error: "),
        ("an entry within another", nested, "overlap"),
        (
            "a wrong checksum",
            and(Entry::new("canary.py", "x").says_crc(7)),
            "error: ",
        ),
        (
            "an unknown compression",
            and(Entry::new("canary.py", "x").method(77)),
            "packed with method 77",
        ),
        (
            "bzip2",
            and(Entry::new("canary.py", "x").method(12)),
            "packed with bzip2",
        ),
        (
            "lzma",
            and(Entry::new("canary.py", "x").method(14)),
            "packed with lzma",
        ),
        (
            "an encrypted entry",
            and(Entry::new("canary.py", "0123456789abcdef").flags(1)),
            "error: ",
        ),
        (
            "a device",
            and(Entry::new("canary", "").mode(0o020644)),
            "no file",
        ),
        (
            "a wheel's own name for boot's files",
            and(Entry::new(info("../../canary"), "x")),
            "outside",
        ),
    ]
}

#[test]
fn tool_install_hostile_wheel_leaves_nothing() {
    let mirror = Mirror::new();
    let mut home = Home::ready(&mirror, &Index::new());
    // The folders that any install makes are there.
    let index = Index::new();
    index.add_bytes("evil", FILE, all(sound()));
    home.set("BOOT_INDEX_URL", &index.url());
    home.boot(["tool", "install", "evil"]).success();
    home.boot(["tool", "uninstall", "evil"]).success();
    let before = home.tree();
    let mut wrong = Vec::new();
    for (what, bytes, words) in hostile(&home.root) {
        let index = Index::new();
        index.add_bytes("evil", FILE, bytes);
        home.set("BOOT_INDEX_URL", &index.url());
        let run = home.boot(["tool", "install", "evil"]);
        let lines = run.stderr.trim_end().lines().count();
        if run.code == Some(0)
            || lines > 3
            || !run.stderr.contains("error: ")
            || run.stderr.contains("panicked")
        {
            wrong.push(format!("{what}: {run}"));
        } else if !run.stderr.contains(words) {
            wrong.push(format!("{what}: no {words:?} in {run}"));
        }
        if run
            .stderr
            .chars()
            .any(|character| character.is_control() && character != '\n')
        {
            wrong.push(format!("{what}: what it said reaches the terminal"));
        }
        if home.tree() != before {
            wrong.push(format!("{what}: it left something"));
        }
        let everywhere = paths(&home.root);
        wrong.extend(
            everywhere
                .iter()
                .filter(|path| path.contains(CANARY) || path.contains("boot-staging"))
                .map(|path| format!("{what}: {path}")),
        );
        // What went through isn't blamed on those that come after it.
        let _ = home.boot(["tool", "uninstall", "evil"]);
        let _ = fs::remove_dir_all(home.root.join(".cache/boot/wheels"));
        wrong.extend(
            ["/canary", "/tmp/canary"]
                .iter()
                .filter(|path| Path::new(path).exists())
                .map(|path| format!("{what}: {path}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lists every path below `folder`.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            found.extend(paths(&entry.path()));
        }
    }
    found
}

/// Packs the sound wheel as other writers do: with sizes of 64 bits, or with sizes after the
/// content.
fn rewritten(stream: bool) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(all(sound()))).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    let options = SimpleFileOptions::default().large_file(!stream);
    let mut copy = |to: &mut dyn FnMut(&str, &[u8])| {
        for number in 0..from.len() {
            let mut entry = from.by_index(number).unwrap();
            let name = entry.name().unwrap().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            to(&name, &content);
        }
    };
    if stream {
        let mut to = zip::ZipWriter::new_stream(&mut bytes);
        copy(&mut |name, content| {
            to.start_file(name, options).unwrap();
            to.write_all(content).unwrap();
        });
        to.finish().unwrap();
    } else {
        let mut to = zip::ZipWriter::new(&mut bytes);
        copy(&mut |name, content| {
            to.start_file(name, options).unwrap();
            to.write_all(content).unwrap();
        });
        to.finish().unwrap();
    }
    let bytes = bytes.into_inner();
    // The flag that sizes follow, and the version of the format that has 64 bits.
    assert!(
        if stream {
            bytes[6] & 8 != 0
        } else {
            bytes[4] == 45
        },
        "{:?}",
        &bytes[..30]
    );
    bytes
}

/// Returns name, archive, and an expected file of each odd wheel.
fn odd(root: &Path) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let bashrc = root.join(".bashrc").display().to_string();
    let record = |text: &str| with("RECORD", Some(text.as_bytes()));
    // From wherever such a line is read: of the way up to the home directory each length.
    let theirs: String = (1..16)
        .map(|depth| format!("{}.bashrc,,\n", "../".repeat(depth)))
        .collect();
    let site = "lib/pythonMINOR/site-packages";
    let keep = |path: &str| -> &'static str { format!("{site}/{path}").leak() };
    let mut trailing = all(sound());
    let end = trailing.len();
    trailing[end - 2..].copy_from_slice(&5u16.to_le_bytes());
    trailing.extend(b"hello");
    let mut folders = vec![
        Entry::new("evil_data/", "").mode(0o040755),
        Entry::new("evil_data/deep/x.txt", "x"),
    ];
    folders.extend(sound());
    vec![
        ("a sound one", all(sound()), keep("evil.py")),
        (
            "RECORD with wrong hashes",
            record("evil.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,99\n"),
            keep("evil.py"),
        ),
        (
            "RECORD that is nonsense",
            with("RECORD", Some(&[0xff; 300])),
            keep("evil.py"),
        ),
        ("RECORD that is empty", record(""), keep("evil.py")),
        (
            "RECORD that lists what others have",
            record(&format!("{theirs}{bashrc},,\nevil.py,,\n")),
            keep("evil.py"),
        ),
        (
            "folders of their own",
            all(folders),
            keep("evil_data/deep/x.txt"),
        ),
        (
            "names with blanks and letters of others",
            named("evil_data/größe und mehr.txt"),
            keep("evil_data/größe und mehr.txt"),
        ),
        (
            "names with commas and quotes",
            named("evil_data/a,\"b\".txt"),
            keep("evil_data/a,\"b\".txt"),
        ),
        (
            "names that differ in case",
            all([
                sound(),
                vec![
                    Entry::new("evil_data/A.txt", ""),
                    Entry::new("evil_data/a.txt", ""),
                ],
            ]
            .concat()),
            keep("evil_data/A.txt"),
        ),
        ("a .pth file", named("evil-path.pth"), keep("evil-path.pth")),
        (
            "a file called like a dist-info folder",
            named("notes.dist-info"),
            keep("notes.dist-info"),
        ),
        (
            "deflated entries",
            and(Entry::new("evil_data/zeros", vec![0; 1 << 20]).deflated()),
            keep("evil_data/zeros"),
        ),
        ("sizes of 64 bits", rewritten(false), keep("evil.py")),
        ("sizes behind the content", rewritten(true), keep("evil.py")),
        (
            "setuid",
            and(Entry::new("evil_data/suid", "x").mode(0o104755)),
            keep("evil_data/suid"),
        ),
        (
            "entries without any mode",
            and(Entry::new("evil_data/plain", "x").mode(0)),
            keep("evil_data/plain"),
        ),
        ("a comment at its end", trailing, keep("evil.py")),
        (
            "a script that is binary",
            named("evil-1.0.data/scripts/evil-binary"),
            "bin/evil-binary",
        ),
        (
            "a data file",
            named("evil-1.0.data/data/share/evil/x"),
            "share/evil/x",
        ),
        (
            "headers",
            named("evil-1.0.data/headers/evil.h"),
            "include/site/pythonMINOR/evil/evil.h",
        ),
        (
            "platlib beside purelib",
            named("evil-1.0.data/platlib/evil_plat.py"),
            keep("evil_plat.py"),
        ),
        (
            "extras in an entry point",
            points("evil2 = evil:main [fast]"),
            "bin/evil2",
        ),
        (
            "a command with a window",
            points("[gui_scripts]\nevil-gui = evil:main"),
            "bin/evil-gui",
        ),
        (
            "signatures of a RECORD",
            and(Entry::new(format!("{INFO}/RECORD.jws"), "{}")),
            keep("evil.py"),
        ),
        (
            "a wheel of 1.9",
            with(
                "WHEEL",
                Some(b"Wheel-Version: 1.9\r\nRoot-Is-Purelib: False\r\n\r\nBody: 2\r\n"),
            ),
            keep("evil.py"),
        ),
        (
            "METADATA in an old encoding",
            with(
                "METADATA",
                Some(
                    b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\nAuthor: J\xfcrgen\n\n\xff\n",
                ),
            ),
            keep("evil.py"),
        ),
        (
            "a long description",
            with(
                "METADATA",
                Some(
                    &[
                        b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n\n".as_slice(),
                        &[b'x'; 1 << 20],
                    ]
                    .concat(),
                ),
            ),
            keep("evil.py"),
        ),
    ]
}

#[test]
fn tool_install_odd_wheel_works() {
    let mirror = Mirror::new();
    let mut home = Home::ready(&mirror, &Index::new());
    home.write(".bashrc", "mine\n");
    for (what, bytes, has) in odd(&home.root) {
        let index = Index::new();
        index.add_bytes("evil", FILE, bytes);
        home.set("BOOT_INDEX_URL", &index.url());
        let run = home.boot(["tool", "install", "evil"]);
        assert_eq!(run.code, Some(0), "{what}: {run}");
        let environment = home.data().join("tools/evil");
        let path = environment.join(has.replace("MINOR", &mirror.minor()));
        let data = fs::symlink_metadata(&path)
            .unwrap_or_else(|error| panic!("{what}: {}: {error}", path.display()));
        let mode = std::os::unix::fs::PermissionsExt::mode(&data.permissions());
        assert!(
            data.is_file() && mode & 0o7022 == 0 && mode & 0o444 == 0o444,
            "{what}: {mode:o}"
        );
        home.run(&mut home.command(home.bin().join("evil")))
            .success()
            .stdout_has("evil runs");
        home.boot(["tool", "reinstall", "evil"]).success();
        home.boot(["tool", "uninstall", "evil"]).success();
        assert_eq!(home.read(".bashrc"), "mine\n", "{what}");
        home.no_leftovers();
    }
}
