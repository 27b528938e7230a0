//! Tar files written byte by byte, because the library refuses to write hostile ones, and a list of
//! hostile cases.

use std::io::Write;

use tar::EntryType as Kind;

/// Builder of a tar file.
pub struct Tar {
    pub top: &'static str,
    bytes: Vec<u8>,
}

impl Tar {
    /// Starts a tar file with an honest entry.
    pub fn new(top: &'static str) -> Tar {
        let mut tar = Tar {
            top,
            bytes: Vec::new(),
        };
        tar.entry("bin/honest", Kind::Regular, "", b"#!/bin/sh\n");
        tar
    }

    /// Adds an entry below the top folder.
    pub fn entry(&mut self, name: &str, kind: Kind, target: &str, content: &[u8]) -> &mut Tar {
        let name = format!("{}/{name}", self.top);
        self.raw(name.as_bytes(), kind, target, content.len() as u64, content)
    }

    /// Adds an entry of any name with the declared `size`.
    pub fn raw(
        &mut self,
        name: &[u8],
        kind: Kind,
        target: &str,
        size: u64,
        content: &[u8],
    ) -> &mut Tar {
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

    /// Continues a tar file without its end.
    pub fn of(top: &'static str, bytes: Vec<u8>) -> Tar {
        Tar { top, bytes }
    }

    fn header(&mut self, header: &tar::Header, content: &[u8]) -> &mut Tar {
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Adds extended headers (POSIX pax) for the next entry.
    pub fn pax(&mut self, records: &[(&str, &str)]) -> &mut Tar {
        let mut text = String::new();
        for (key, value) in records {
            // A record's length counts its own digits.
            let rest = format!(" {key}={value}\n");
            let length = (1..)
                .find(|length: &usize| length.to_string().len() + rest.len() == *length)
                .unwrap();
            text.push_str(&format!("{length}{rest}"));
        }
        self.raw(
            b"pax",
            Kind::XHeader,
            "",
            text.len() as u64,
            text.as_bytes(),
        )
    }

    /// Adds a long name (GNU) for the next entry.
    pub fn long_name(&mut self, kind: Kind, name: &str) -> &mut Tar {
        let content = [name.as_bytes(), b"\0"].concat();
        self.raw(b"././@LongLink", kind, "", content.len() as u64, &content)
    }

    pub fn end(&self) -> Vec<u8> {
        [&self.bytes[..], &[0; 1024]].concat()
    }
}

pub fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(tar).unwrap();
    gz.finish().unwrap()
}

pub fn zstd(tar: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Name, part of the error, and archive of each hostile case.
pub type Case = (&'static str, &'static str, fn(&mut Tar) -> &mut Tar);

pub const OUT: &str = "outside of where it belongs";

pub const CASES: &[Case] = &[
    ("an absolute name", OUT, |t| {
        t.raw(b"/tmp/boot-evil", Kind::Regular, "", 1, b"x")
    }),
    ("an absolute name behind slashes", OUT, |t| {
        t.raw(b"//tmp/boot-evil", Kind::Regular, "", 1, b"x")
    }),
    ("..", OUT, |t| {
        t.entry("../../evil", Kind::Regular, "", b"x")
    }),
    (".. that comes back", OUT, |t| {
        t.entry("lib/../bin/evil", Kind::Regular, "", b"x")
    }),
    ("a folder outside", OUT, |t| {
        t.entry("../../evil/", Kind::Directory, "", b"")
    }),
    ("an absolute link", OUT, |t| {
        t.entry("bin/l", Kind::Symlink, "/etc/passwd", b"")
    }),
    ("a link out of the tree", OUT, |t| {
        t.entry("bin/l", Kind::Symlink, "../../../evil", b"")
    }),
    ("a chain of links out of the tree", OUT, |t| {
        t.entry("a/b/up", Kind::Symlink, "../..", b"").entry(
            "a/b/out",
            Kind::Symlink,
            "up/../..",
            b"",
        )
    }),
    ("a file through a link", "both a file and a folder", |t| {
        t.entry("d/f", Kind::Regular, "", b"x")
            .entry("bin/honest/x", Kind::Regular, "", b"x")
    }),
    ("a file through a folder's link", "comes twice", |t| {
        t.entry("out", Kind::Symlink, "bin", b"")
            .entry("out/x", Kind::Regular, "", b"x")
    }),
    ("a hard link outside", OUT, |t| {
        t.entry("bin/l", Kind::Link, "../../evil", b"")
    }),
    ("a hard link to an absolute name", OUT, |t| {
        t.entry("bin/l", Kind::Link, "/etc/passwd", b"")
    }),
    ("a hard link to nothing", "link to nothing", |t| {
        let target = format!("{}/no", t.top);
        t.entry("bin/l", Kind::Link, &target, b"")
    }),
    ("a hard link to a link", "link to nothing", |t| {
        let target = format!("{}/bin/s", t.top);
        t.entry("bin/s", Kind::Symlink, "honest", b"")
            .entry("bin/l", Kind::Link, &target, b"")
    }),
    ("a link without a target", "without a target", |t| {
        t.entry("bin/l", Kind::Symlink, "", b"")
    }),
    ("a character device", "no file, no folder", |t| {
        t.entry("dev/null", Kind::Char, "", b"")
    }),
    ("a block device", "no file, no folder", |t| {
        t.entry("dev/sda", Kind::Block, "", b"")
    }),
    ("a FIFO", "no file, no folder", |t| {
        t.entry("bin/f", Kind::Fifo, "", b"")
    }),
    ("an unknown kind", "no file, no folder", |t| {
        t.entry("bin/f", Kind::new(b'Z'), "", b"")
    }),
    ("a file twice", "comes twice", |t| {
        t.entry("bin/honest", Kind::Regular, "", b"other")
    }),
    ("a link over a file", "comes twice", |t| {
        t.entry("bin/honest", Kind::Symlink, "other", b"")
    }),
    ("a file over a folder", "comes twice", |t| {
        t.entry("bin", Kind::Regular, "", b"x")
    }),
    ("a folder over a file", "both a file and a folder", |t| {
        t.entry("bin/honest", Kind::Directory, "", b"")
    }),
    ("a terminal's commands in a name", OUT, |t| {
        t.entry("../\u{1b}[2J\u{1b}]0;evil\u{7}", Kind::Regular, "", b"x")
    }),
    ("a NUL in an extended name", OUT, |t| {
        t.pax(&[("path", "python/x\0/../../evil")])
            .entry("ok", Kind::Regular, "", b"x")
    }),
    ("an extended name outside", OUT, |t| {
        t.pax(&[("path", "../../evil")])
            .entry("ok", Kind::Regular, "", b"x")
    }),
    ("an extended absolute name", OUT, |t| {
        t.pax(&[("path", "/tmp/boot-evil")])
            .entry("ok", Kind::Regular, "", b"x")
    }),
    ("an extended link outside", OUT, |t| {
        t.pax(&[("linkpath", "/etc/passwd")])
            .entry("bin/l", Kind::Symlink, "honest", b"")
    }),
    (
        "an extended size beyond the end",
        "can't be unpacked",
        |t| {
            t.pax(&[("size", "99999999999")])
                .entry("ok", Kind::Regular, "", b"x")
        },
    ),
    (
        "an extended size that overflows",
        "can't be unpacked",
        |t| {
            t.pax(&[("size", "18446744073709551615")])
                .entry("ok", Kind::Regular, "", b"x")
        },
    ),
    ("an extended size that is none", "a size in it", |t| {
        t.pax(&[("size", "-1")])
            .entry("ok", Kind::Regular, "", b"x")
    }),
    ("a long name outside", OUT, |t| {
        t.long_name(Kind::GNULongName, "../../evil")
            .entry("ok", Kind::Regular, "", b"x")
    }),
    ("a long link outside", OUT, |t| {
        t.long_name(Kind::GNULongLink, "/etc/passwd")
            .entry("bin/l", Kind::Symlink, "honest", b"")
    }),
    ("a name longer than any path", "longer than any path", |t| {
        t.long_name(Kind::GNULongName, &"a/".repeat(200_000))
            .entry("ok", Kind::Regular, "", b"x")
    }),
    ("a size beyond the end", "can't be unpacked", |t| {
        let name = format!("{}/f", t.top);
        t.raw(name.as_bytes(), Kind::Regular, "", 0o77_777_777_777, b"x")
    }),
    ("a size that overflows", "can't be unpacked", |t| {
        let name = format!("{}/f", t.top);
        t.raw(name.as_bytes(), Kind::Regular, "", u64::MAX, b"x")
    }),
    (
        "a header whose checksum is wrong",
        "can't be unpacked",
        |t| {
            t.entry("bin/x", Kind::Regular, "", b"x");
            let at = t.bytes.len() - 1024;
            t.bytes[at] ^= 1;
            t
        },
    ),
    ("a file with holes, GNU's old way", "holes", |t| {
        t.entry("bin/s", Kind::GNUSparse, "", b"")
    }),
    ("a file with holes, the new way", "holes", |t| {
        let records = [
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", "../evil"),
            ("GNU.sparse.realsize", "9999999"),
        ];
        t.pax(&records).entry("ok", Kind::Regular, "", b"1\n0\n1\n")
    }),
    ("another archive behind the end", "follows its end", |t| {
        t.bytes.extend_from_slice(&[0; 1024]);
        t.entry("bin/second", Kind::Regular, "", b"x")
    }),
    ("a bomb", "far more than it should", |t| {
        t.entry("bin/zeros", Kind::Regular, "", &vec![0; 100 << 20])
    }),
    (
        "a bomb that isn't even wanted",
        "far more than it should",
        |t| {
            t.raw(
                b"elsewhere/zeros",
                Kind::Regular,
                "",
                100 << 20,
                &vec![0; 100 << 20],
            )
        },
    ),
    ("a bomb of a name", "far more than it should", |t| {
        t.raw(
            b"././@LongLink",
            Kind::GNULongName,
            "",
            100 << 20,
            &vec![b'a'; 100 << 20],
        )
    }),
];
