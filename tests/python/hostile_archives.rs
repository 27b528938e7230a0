//! Archives whose checksum is right and whose content isn't: nothing is written outside of staging, nothing stays, and each is one
//! clear error. As `.tar.gz` and as the old `.tar.zst`.

use std::fs;
use std::io::Write;

use crate::support::{Home, Mirror};
use tar::EntryType as Kind;

/// A tar file in the making, written raw: the library itself refuses to make most of these.
struct Tar {
    top: &'static str,
    bytes: Vec<u8>,
}

impl Tar {
    /// With an honest file in it.
    fn new(top: &'static str) -> Tar {
        let mut tar = Tar { top, bytes: Vec::new() };
        tar.entry("bin/honest", Kind::Regular, "", b"#!/bin/sh\n");
        tar
    }

    /// An entry below the top folder.
    fn entry(&mut self, name: &str, kind: Kind, target: &str, content: &[u8]) -> &mut Tar {
        let name = format!("{}/{name}", self.top);
        self.raw(name.as_bytes(), kind, target, content.len() as u64, content)
    }

    /// An entry of any name, saying that it has `size` bytes.
    fn raw(&mut self, name: &[u8], kind: Kind, target: &str, size: u64, content: &[u8]) -> &mut Tar {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o4777);
        header.set_size(size);
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name);
        old.linkname[..target.len()].copy_from_slice(target.as_bytes());
        if let (Kind::GNUSparse, Some(gnu)) = (kind, header.as_gnu_mut()) {
            // Nothing but one hole.
            gnu.realsize.copy_from_slice(b"00077777777\0");
            gnu.sparse[0].offset.copy_from_slice(b"00077777777\0");
            gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
        }
        header.set_cksum();
        self.header(&header, content)
    }

    fn header(&mut self, header: &tar::Header, content: &[u8]) -> &mut Tar {
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Extended headers (POSIX pax) for the entry that follows.
    fn pax(&mut self, records: &[(&str, &str)]) -> &mut Tar {
        let mut text = String::new();
        for (key, value) in records {
            // A record's length counts its own digits.
            let rest = format!(" {key}={value}\n");
            let length = (1..).find(|length: &usize| length.to_string().len() + rest.len() == *length).unwrap();
            text.push_str(&format!("{length}{rest}"));
        }
        self.raw(b"pax", Kind::XHeader, "", text.len() as u64, text.as_bytes())
    }

    /// A long name (GNU) for the entry that follows.
    fn long_name(&mut self, kind: Kind, name: &str) -> &mut Tar {
        let content = [name.as_bytes(), b"\0"].concat();
        self.raw(b"././@LongLink", kind, "", content.len() as u64, &content)
    }

    fn end(&self) -> Vec<u8> {
        [&self.bytes[..], &[0; 1024]].concat()
    }
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(tar).unwrap();
    gz.finish().unwrap()
}

fn zstd(tar: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest)
}

/// What is wrong, a word of the error, and the archive with that in it.
type Case = (&'static str, &'static str, fn(&mut Tar) -> &mut Tar);

const OUT: &str = "outside of where it belongs";

const CASES: &[Case] = &[
    ("an absolute name", OUT, |t| t.raw(b"/tmp/boot-evil", Kind::Regular, "", 1, b"x")),
    ("an absolute name behind slashes", OUT, |t| t.raw(b"//tmp/boot-evil", Kind::Regular, "", 1, b"x")),
    ("..", OUT, |t| t.entry("../../evil", Kind::Regular, "", b"x")),
    (".. that comes back", OUT, |t| t.entry("lib/../bin/evil", Kind::Regular, "", b"x")),
    ("a folder outside", OUT, |t| t.entry("../../evil/", Kind::Directory, "", b"")),
    ("an absolute link", OUT, |t| t.entry("bin/l", Kind::Symlink, "/etc/passwd", b"")),
    ("a link out of the tree", OUT, |t| t.entry("bin/l", Kind::Symlink, "../../../evil", b"")),
    ("a chain of links out of the tree", OUT, |t| {
        t.entry("a/b/up", Kind::Symlink, "../..", b"").entry("a/b/out", Kind::Symlink, "up/../..", b"")
    }),
    ("a file through a link", "both a file and a folder", |t| {
        t.entry("d/f", Kind::Regular, "", b"x").entry("bin/honest/x", Kind::Regular, "", b"x")
    }),
    ("a file through a folder's link", "comes twice", |t| {
        t.entry("out", Kind::Symlink, "bin", b"").entry("out/x", Kind::Regular, "", b"x")
    }),
    ("a hard link outside", OUT, |t| t.entry("bin/l", Kind::Link, "../../evil", b"")),
    ("a hard link to an absolute name", OUT, |t| t.entry("bin/l", Kind::Link, "/etc/passwd", b"")),
    ("a hard link to nothing", "link to nothing", |t| {
        let target = format!("{}/no", t.top);
        t.entry("bin/l", Kind::Link, &target, b"")
    }),
    ("a hard link to a link", "link to nothing", |t| {
        let target = format!("{}/bin/s", t.top);
        t.entry("bin/s", Kind::Symlink, "honest", b"").entry("bin/l", Kind::Link, &target, b"")
    }),
    ("a link without a target", "without a target", |t| t.entry("bin/l", Kind::Symlink, "", b"")),
    ("a character device", "no file, no folder", |t| t.entry("dev/null", Kind::Char, "", b"")),
    ("a block device", "no file, no folder", |t| t.entry("dev/sda", Kind::Block, "", b"")),
    ("a FIFO", "no file, no folder", |t| t.entry("bin/f", Kind::Fifo, "", b"")),
    ("an unknown kind", "no file, no folder", |t| t.entry("bin/f", Kind::new(b'Z'), "", b"")),
    ("a file twice", "comes twice", |t| t.entry("bin/honest", Kind::Regular, "", b"other")),
    ("a link over a file", "comes twice", |t| t.entry("bin/honest", Kind::Symlink, "other", b"")),
    ("a file over a folder", "comes twice", |t| t.entry("bin", Kind::Regular, "", b"x")),
    ("a folder over a file", "both a file and a folder", |t| t.entry("bin/honest", Kind::Directory, "", b"")),
    ("a terminal's commands in a name", OUT, |t| t.entry("../\u{1b}[2J\u{1b}]0;evil\u{7}", Kind::Regular, "", b"x")),
    ("a NUL in an extended name", OUT, |t| t.pax(&[("path", "python/x\0/../../evil")]).entry("ok", Kind::Regular, "", b"x")),
    ("an extended name outside", OUT, |t| t.pax(&[("path", "../../evil")]).entry("ok", Kind::Regular, "", b"x")),
    ("an extended absolute name", OUT, |t| t.pax(&[("path", "/tmp/boot-evil")]).entry("ok", Kind::Regular, "", b"x")),
    ("an extended link outside", OUT, |t| t.pax(&[("linkpath", "/etc/passwd")]).entry("bin/l", Kind::Symlink, "honest", b"")),
    ("an extended size beyond the end", "can't be unpacked", |t| t.pax(&[("size", "99999999999")]).entry("ok", Kind::Regular, "", b"x")),
    ("an extended size that overflows", "can't be unpacked", |t| {
        t.pax(&[("size", "18446744073709551615")]).entry("ok", Kind::Regular, "", b"x")
    }),
    ("an extended size that is none", "a size in it", |t| t.pax(&[("size", "-1")]).entry("ok", Kind::Regular, "", b"x")),
    ("a long name outside", OUT, |t| t.long_name(Kind::GNULongName, "../../evil").entry("ok", Kind::Regular, "", b"x")),
    ("a long link outside", OUT, |t| t.long_name(Kind::GNULongLink, "/etc/passwd").entry("bin/l", Kind::Symlink, "honest", b"")),
    ("a name longer than any path", "longer than any path", |t| {
        t.long_name(Kind::GNULongName, &"a/".repeat(200_000)).entry("ok", Kind::Regular, "", b"x")
    }),
    ("a size beyond the end", "can't be unpacked", |t| {
        let name = format!("{}/f", t.top);
        t.raw(name.as_bytes(), Kind::Regular, "", 0o77_777_777_777, b"x")
    }),
    ("a size that overflows", "can't be unpacked", |t| {
        let name = format!("{}/f", t.top);
        t.raw(name.as_bytes(), Kind::Regular, "", u64::MAX, b"x")
    }),
    ("a header whose checksum is wrong", "can't be unpacked", |t| {
        t.entry("bin/x", Kind::Regular, "", b"x");
        let at = t.bytes.len() - 1024;
        t.bytes[at] ^= 1;
        t
    }),
    ("a file with holes, GNU's old way", "holes", |t| t.entry("bin/s", Kind::GNUSparse, "", b"")),
    ("a file with holes, the new way", "holes", |t| {
        let records =
            [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "../evil"), ("GNU.sparse.realsize", "9999999")];
        t.pax(&records).entry("ok", Kind::Regular, "", b"1\n0\n1\n")
    }),
    ("another archive behind the end", "follows its end", |t| {
        t.bytes.extend_from_slice(&[0; 1024]);
        t.entry("bin/second", Kind::Regular, "", b"x")
    }),
    ("a bomb", "far more than it should", |t| t.entry("bin/zeros", Kind::Regular, "", &vec![0; 100 << 20])),
    ("a bomb that isn't even wanted", "far more than it should", |t| {
        t.raw(b"elsewhere/zeros", Kind::Regular, "", 100 << 20, &vec![0; 100 << 20])
    }),
    ("a bomb of a name", "far more than it should", |t| t.raw(b"././@LongLink", Kind::GNULongName, "", 100 << 20, &vec![b'a'; 100 << 20])),
];

/// Installs what the mirror serves; it must fail as said, and leave nothing.
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
    let new: Vec<String> = home.tree().into_iter().filter(|path| !before.contains(path)).collect();
    // The folders that boot keeps its things in, and nothing in them.
    let folders =
        [".cache", ".local", ".local/share", ".local/share/boot", ".local/share/boot/pythons", ".local/state", ".local/state/boot"];
    let strange: Vec<&String> = new.iter().filter(|path| !folders.contains(&path.as_str()) && !path.starts_with(".cache/")).collect();
    assert!(strange.is_empty(), "{what} left {strange:?}");
    assert_eq!(home.read("evil"), "mine", "{what}");
    assert!(!std::path::Path::new("/tmp/boot-evil").exists(), "{what}");
}

#[test]
fn hostile_gzip_archives_are_refused() {
    let mut mirror = Mirror::new();
    for (what, words, make) in CASES {
        let mut tar = Tar::new("python");
        make(&mut tar);
        mirror.serve("install_only.tar.gz", gzip(&tar.end()));
        refused(&mirror, what, words);
    }
}

#[test]
fn hostile_zstd_archives_are_refused() {
    let mut mirror = Mirror::new();
    for (what, words, make) in CASES {
        let mut tar = Tar::new("python/install");
        make(&mut tar);
        mirror.serve("full.tar.zst", zstd(&tar.end()));
        refused(&mirror, what, words);
    }
}

#[test]
fn what_is_wrong_with_the_packing_is_refused() {
    let mut mirror = Mirror::new();
    let honest = Tar::new("python").end();
    let second = gzip(&Tar::new("python").end());
    let full = zstd(&Tar::new("python/install").end());
    for (what, words, ending, bytes) in [
        ("no archive", "can't be unpacked", "x.tar.gz", b"<html>not found</html>".to_vec()),
        ("nothing", "can't be unpacked", "x.tar.gz", Vec::new()),
        ("half a gzip file", "can't be unpacked", "x.tar.gz", gzip(&honest)[..60].to_vec()),
        ("a second gzip member", "follows its end", "x.tar.gz", [gzip(&honest), second].concat()),
        ("garbage behind the end", "can't be unpacked", "x.tar.gz", [&gzip(&honest)[..], b"garbage"].concat()),
        ("gzip that is called zstd", "can't be unpacked", "x.tar.zst", gzip(&honest)),
        ("nothing, as zstd", "can't be unpacked", "x.tar.zst", Vec::new()),
        ("half a zstd file", "can't be unpacked", "x.tar.zst", full[..full.len() / 2].to_vec()),
        ("a second zstd frame", "follows its end", "x.tar.zst", [&full[..], &full[..]].concat()),
        ("a window of gigabytes", "can't be unpacked", "x.tar.zst", [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xff], &full[6..]].concat()),
    ] {
        mirror.serve(ending, bytes);
        refused(&mirror, what, words);
    }
}

/// Honest archives have such names: the terminals of a terminfo database. Where a filesystem takes them for one, that is an error.
#[test]
fn names_that_differ_in_case_are_two_files_or_one_error() {
    let mut mirror = Mirror::full();
    let mut tar = Tar { top: "python/install", bytes: Vec::new() };
    let mut unpacked = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(mirror.archive()).unwrap();
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
    tar.bytes = unpacked[..unpacked.len() - 1024].to_vec();
    tar.entry("share/terminfo/N/x", Kind::Regular, "", b"upper").entry("share/terminfo/n/x", Kind::Regular, "", b"lower");
    mirror.serve("full.tar.zst", zstd(&tar.end()));
    let home = Home::with(&mirror);
    let folds = fs::create_dir(home.root.join("Case")).is_ok() && home.root.join("case").exists();
    let run = home.boot(["python", "install", "--prebuilt", &mirror.minor()]);
    if folds {
        run.code(1).stderr_has("upper and lower case").one_error();
    } else {
        run.success();
        let share = format!(".local/share/boot/pythons/{}/share/terminfo", mirror.minor());
        assert_eq!((home.read(&format!("{share}/N/x")), home.read(&format!("{share}/n/x"))), ("upper".into(), "lower".into()));
    }
    home.no_leftovers();
}

#[test]
fn a_full_archive_of_old_is_installed_without_what_is_beside_the_python() {
    let mirror = Mirror::full();
    let home = Home::with(&mirror);
    home.boot(["python", "install", "--prebuilt", &mirror.minor()]).success();
    if mirror.is_complete() {
        home.boot(["python", "verify"]).success().stdout_has("complete");
    }
    home.no_leftovers();
    let config = home.data().join("pythons").join(mirror.minor()).join("bin").join(format!("python{}-config", mirror.minor()));
    home.run(&mut home.command(config)).success().stdout_has(&mirror.key.to_string());
    assert!(!home.tree().iter().any(|path| path.contains("PYTHON.json") || path.contains("libz.a")), "{:?}", home.tree());
}
