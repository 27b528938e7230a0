//! A mirror of prebuilt Pythons on loopback. Its archive is a stand-in: a script in place of the interpreter, which is the
//! machine's own python3. What boot does with it (download, check, unpack, self-test, publish) is what it does with any.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use boot::python::key::{Key, Platform, Version};
use boot::store::digest::Sha256;

use super::Server;

pub const RELEASE: &str = "20260101";

pub struct Mirror {
    pub server: Server,
    pub key: Key,
    archive: Vec<u8>,
}

impl Mirror {
    pub fn new() -> Mirror {
        let (python, version) = machine_python();
        let key = Key { version, variant: Default::default(), platform: Platform::host().unwrap() };
        let mut mirror = Mirror { server: Server::new(), key, archive: Vec::new() };
        mirror.archive = archive(&python, version);
        mirror.server.put(&mirror.path(), "application/gzip", mirror.archive.clone());
        mirror
    }

    /// As in `3.11`.
    pub fn minor(&self) -> String {
        self.key.version.minor_name(self.key.variant)
    }

    pub fn version(&self) -> String {
        self.key.version.to_string()
    }

    pub fn file(&self) -> String {
        format!("cpython-{}+{RELEASE}-stand-in-install_only_stripped.tar.gz", self.key.version)
    }

    /// The archive's path on the server.
    pub fn path(&self) -> String {
        format!("/{RELEASE}/{}", self.file())
    }

    pub fn size(&self) -> usize {
        self.archive.len()
    }

    /// Serves other bytes than the catalog promises.
    pub fn spoil(&self) {
        let mut spoiled = self.archive.clone();
        let middle = spoiled.len() / 2;
        spoiled[middle] ^= 1;
        self.server.put(&self.path(), "application/gzip", spoiled);
    }

    pub fn catalog(&self) -> String {
        format!("{}\t{}\tdefault\t{RELEASE}\t{}\t{}\n", self.key.version, self.key.platform, self.file(), Sha256::of(&self.archive))
    }
}

/// A complete python3 of this machine.
fn machine_python() -> (PathBuf, Version) {
    let program = "import platform, ssl, sqlite3, zlib, bz2, lzma, ctypes, readline, curses, uuid, venv; print(platform.python_version())";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates =
        vec![PathBuf::from("/usr/bin/python3"), PathBuf::from("/usr/local/bin/python3"), PathBuf::from("/opt/homebrew/bin/python3")];
    candidates.extend(which::which_in_global("python3", Some(path)).unwrap());
    for python in candidates {
        let Ok(output) = Command::new(&python).args(["-I", "-c", program]).output() else { continue };
        if let (true, Ok(version)) = (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().parse()) {
            return (python, version);
        }
    }
    panic!("the stories need a complete python3 on this machine (with ssl, sqlite3, readline, venv and so on)");
}

fn archive(python: &std::path::Path, version: Version) -> Vec<u8> {
    let minor = format!("{}.{}", version.major, version.minor);
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut add = |path: &str, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, format!("python/{path}"), content).unwrap();
    };
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", python.display());
    add(&format!("bin/python{minor}"), 0o755, script.as_bytes());
    add(&format!("bin/python{minor}-config"), 0o755, b"#!/bin/sh\nprefix=\"/install\"\necho $prefix\n");
    add(&format!("lib/python{minor}/os.py"), 0o644, b"");
    // Some weight, so that a download can be cut in the middle; not all of it packs.
    let mut noise = Vec::new();
    let mut seed: u32 = 7;
    for _ in 0..400_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((seed >> 24) as u8);
    }
    add("share/weight", 0o644, &noise);
    let mut gz = tar.into_inner().unwrap();
    gz.flush().unwrap();
    gz.finish().unwrap()
}
