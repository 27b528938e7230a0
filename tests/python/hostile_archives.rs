//! Archives with a right checksum and hostile content, as `.tar.gz` and `.tar.zst`: nothing is
//! written outside of staging, nothing stays, and each is one clear error.

use std::fs;

use crate::support::raw_tar::{CASES, Tar, gzip, zstd};
use crate::support::{Home, Mirror};
use tar::EntryType as Kind;

/// Installs what the mirror serves, which must fail as expected and leave nothing.
fn refused(mirror: &Mirror, what: &str, words: &str) {
    let home = Home::with(mirror);
    home.write("evil", "mine");
    let before = home.tree();
    let run = home.boot(["python", "install", "--prebuilt", &mirror.minor()]);
    assert_eq!(run.code, Some(1), "{what}: {run}");
    assert!(run.stderr.contains(words), "{what}, no {words:?}: {run}");
    assert!(!run.stderr.contains('\u{1b}'), "{what}: {run}");
    run.one_error();
    home.no_leftovers();
    let new: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !before.contains(path))
        .collect();
    // The folders that boot keeps its things in, and nothing in them.
    let folders = [
        ".cache",
        ".local",
        ".local/share",
        ".local/share/boot",
        ".local/share/boot/pythons",
        ".local/state",
        ".local/state/boot",
    ];
    let strange: Vec<&String> = new
        .iter()
        .filter(|path| !folders.contains(&path.as_str()) && !path.starts_with(".cache/"))
        .collect();
    assert!(strange.is_empty(), "{what} left {strange:?}");
    assert_eq!(home.read("evil"), "mine", "{what}");
    assert!(!std::path::Path::new("/tmp/boot-evil").exists(), "{what}");
}

#[test]
fn python_install_hostile_gzip_archive_is_refused() {
    let mut mirror = Mirror::new();
    for (what, words, make) in CASES {
        let mut tar = Tar::new("python");
        make(&mut tar);
        mirror.serve("install_only.tar.gz", gzip(&tar.end()));
        refused(&mirror, what, words);
    }
}

#[test]
fn python_install_hostile_zstd_archive_is_refused() {
    let mut mirror = Mirror::new();
    for (what, words, make) in CASES {
        let mut tar = Tar::new("python/install");
        make(&mut tar);
        mirror.serve("full.tar.zst", zstd(&tar.end()));
        refused(&mirror, what, words);
    }
}

#[test]
fn python_install_broken_compression_is_refused() {
    let mut mirror = Mirror::new();
    let honest = Tar::new("python").end();
    let second = gzip(&Tar::new("python").end());
    let full = zstd(&Tar::new("python/install").end());
    for (what, words, ending, bytes) in [
        (
            "no archive",
            "can't be unpacked",
            "x.tar.gz",
            b"<html>not found</html>".to_vec(),
        ),
        ("nothing", "can't be unpacked", "x.tar.gz", Vec::new()),
        (
            "half a gzip file",
            "can't be unpacked",
            "x.tar.gz",
            gzip(&honest)[..60].to_vec(),
        ),
        (
            "a second gzip member",
            "follows its end",
            "x.tar.gz",
            [gzip(&honest), second].concat(),
        ),
        (
            "garbage behind the end",
            "can't be unpacked",
            "x.tar.gz",
            [&gzip(&honest)[..], b"garbage"].concat(),
        ),
        (
            "gzip that is called zstd",
            "can't be unpacked",
            "x.tar.zst",
            gzip(&honest),
        ),
        (
            "nothing, as zstd",
            "can't be unpacked",
            "x.tar.zst",
            Vec::new(),
        ),
        (
            "half a zstd file",
            "can't be unpacked",
            "x.tar.zst",
            full[..full.len() / 2].to_vec(),
        ),
        (
            "a second zstd frame",
            "follows its end",
            "x.tar.zst",
            [&full[..], &full[..]].concat(),
        ),
        (
            "a window of gigabytes",
            "can't be unpacked",
            "x.tar.zst",
            [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xff], &full[6..]].concat(),
        ),
    ] {
        mirror.serve(ending, bytes);
        refused(&mirror, what, words);
    }
}

/// Honest archives have such names: the terminals of a terminfo database. On a file system that
/// folds case they are an error.
#[test]
fn python_install_names_that_differ_in_case_are_kept_or_error() {
    let mut mirror = Mirror::full();
    let mut unpacked = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(mirror.archive()).unwrap();
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
    let mut tar = Tar::of("python/install", unpacked[..unpacked.len() - 1024].to_vec());
    tar.entry("share/terminfo/N/x", Kind::Regular, "", b"upper")
        .entry("share/terminfo/n/x", Kind::Regular, "", b"lower");
    mirror.serve("full.tar.zst", zstd(&tar.end()));
    let home = Home::with(&mirror);
    let folds = fs::create_dir(home.root.join("Case")).is_ok() && home.root.join("case").exists();
    let run = home.boot(["python", "install", "--prebuilt", &mirror.minor()]);
    if folds {
        run.code(1).stderr_has("upper and lower case").one_error();
    } else {
        run.success();
        let share = format!(
            ".local/share/boot/pythons/{}/share/terminfo",
            mirror.minor()
        );
        assert_eq!(
            (
                home.read(&format!("{share}/N/x")),
                home.read(&format!("{share}/n/x"))
            ),
            ("upper".into(), "lower".into())
        );
    }
    home.no_leftovers();
}

#[test]
fn python_install_full_archive_keeps_only_the_python() {
    let mirror = Mirror::full();
    let home = Home::with(&mirror);
    home.boot(["python", "install", "--prebuilt", &mirror.minor()])
        .success();
    if mirror.is_complete() {
        home.boot(["python", "verify"])
            .success()
            .stdout_has("complete");
    }
    home.no_leftovers();
    let config = home
        .data()
        .join("pythons")
        .join(mirror.minor())
        .join("bin")
        .join(format!("python{}-config", mirror.minor()));
    home.run(&mut home.command(config))
        .success()
        .stdout_has(&mirror.key.to_string());
    assert!(
        !home
            .tree()
            .iter()
            .any(|path| path.contains("PYTHON.json") || path.contains("libz.a")),
        "{:?}",
        home.tree()
    );
}
