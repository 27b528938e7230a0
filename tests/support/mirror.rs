//! A mirror of prebuilt Pythons on loopback. Its archives hold a script that runs the machine's
//! python3. boot downloads, checks, unpacks, tests and publishes them as it does any archive.
//!
//! A stand-in runs environments like a real Python: it passes on the name by which it was called,
//! so that `pyvenv.cfg` beside it counts. Programs find the patch that runs them in `STAND_IN`.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use boot::testing::Sha256;
use boot::testing::{Key, Platform, Version};

use super::Server;

pub const RELEASE: &str = "20260101";

pub struct Mirror {
    pub server: Server,
    /// Key of the machine's version.
    pub key: Key,
    python: PathBuf,
    archive: Vec<u8>,
    lines: Vec<String>,
}

impl Mirror {
    pub fn new() -> Mirror {
        let (python, version) = machine_python();
        let key = Key {
            version,
            variant: Default::default(),
            platform: Platform::host().unwrap(),
        };
        let mut mirror = Mirror {
            server: Server::new(),
            key,
            python,
            archive: Vec::new(),
            lines: Vec::new(),
        };
        mirror.archive = mirror.publish(version);
        mirror
    }

    /// Publishes a further version of the machine's minor, which homes know after
    /// [`super::Home::learn`].
    pub fn publish(&mut self, version: Version) -> Vec<u8> {
        assert_eq!(
            (version.major, version.minor),
            (self.key.version.major, self.key.version.minor),
            "the machine's python3 stands in"
        );
        let archive = archive(&self.python, self.key.version, version);
        self.server
            .put(&path(version), "application/gzip", archive.clone());
        let sha256 = Sha256::of(&archive);
        self.lines.push(format!(
            "{version}\t{}\tdefault\t{RELEASE}\t{}\t{sha256}\n",
            self.key.platform,
            file(version)
        ));
        archive
    }

    /// Creates a mirror whose only build is an old, full `.tar.zst` archive with more in it than
    /// the Python.
    pub fn full() -> Mirror {
        let mut mirror = Mirror::new();
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |path: &str, content: &[u8]| append(&mut tar, path, 0o644, content);
        add("python/PYTHON.json", b"{}");
        add("python/build/lib/libz.a", b"!<arch>");
        fill(
            &mut tar,
            "python/install",
            &mirror.python,
            mirror.key.version,
            mirror.key.version,
        );
        let packed = ruzstd::encoding::compress_to_vec(
            &tar.into_inner().unwrap()[..],
            ruzstd::encoding::CompressionLevel::Fastest,
        );
        mirror.serve("pgo+lto-full.tar.zst", packed);
        mirror
    }

    /// Serves this archive as the only one of the machine's version; `ending` is its file name's
    /// end.
    pub fn serve(&mut self, ending: &str, archive: Vec<u8>) {
        let file = format!("cpython-{}+{RELEASE}-stand-in-{ending}", self.key.version);
        let sha256 = Sha256::of(&archive);
        self.lines = vec![format!(
            "{}\t{}\tdefault\t{RELEASE}\t{file}\t{sha256}\n",
            self.key.version, self.key.platform
        )];
        self.server.put(
            &format!("/{RELEASE}/{file}"),
            "application/octet-stream",
            archive.clone(),
        );
        self.archive = archive;
    }

    /// Publishes the next patch.
    pub fn publish_next(&mut self) -> Version {
        let next = Version {
            patch: self.key.version.patch + self.lines.len() as u32,
            ..self.key.version
        };
        self.publish(next);
        next
    }

    /// Returns the minor, such as `3.11`.
    pub fn minor(&self) -> String {
        self.key.version.minor_name(self.key.variant)
    }

    pub fn version(&self) -> String {
        self.key.version.to_string()
    }

    /// Returns the key of another version.
    pub fn key_of(&self, version: Version) -> Key {
        Key {
            version,
            ..self.key
        }
    }

    pub fn file(&self) -> String {
        file(self.key.version)
    }

    /// Returns the archive's path on the server.
    pub fn path(&self) -> String {
        path(self.key.version)
    }

    pub fn size(&self) -> usize {
        self.archive.len()
    }

    /// Returns the archive.
    pub fn archive(&self) -> &[u8] {
        &self.archive
    }

    /// Returns the text of a stand-in that another program may have installed, without the modules
    /// in `cut`.
    pub fn interpreter(&self, version: Version, cut: &[&str]) -> String {
        script(&self.python, self.key.version, version, cut)
    }

    /// Returns whether the machine's Python is complete; distributions leave parts out.
    pub fn is_complete(&self) -> bool {
        self.imports(
            "import sys, pip, ensurepip\nif sys.version_info < (3, 12):\n    import \
                      distutils.core, lib2to3",
        )
    }

    /// Returns whether the machine's Python has pip.
    pub fn has_pip(&self) -> bool {
        self.imports("import pip")
    }

    fn imports(&self, program: &str) -> bool {
        let complete = Command::new(&self.python)
            .args(["-I", "-Wignore", "-c", program])
            .status()
            .is_ok_and(|status| status.success());
        if !complete {
            super::needs::skipped(&format!(
                "{} is incomplete: {program:?} fails",
                self.python.display()
            ));
        }
        complete
    }

    /// Returns a complete real python3 of this machine, for programs that have to find their
    /// environment.
    pub fn machine() -> PathBuf {
        machine_python().0
    }

    /// Returns whether the distribution brought the machine's Python.
    pub fn is_distributions(&self) -> bool {
        self.python.starts_with("/usr/bin")
    }

    /// Serves other bytes than the catalog promises.
    pub fn spoil(&self) {
        let mut spoiled = self.archive.clone();
        let middle = spoiled.len() / 2;
        spoiled[middle] ^= 1;
        self.server.put(&self.path(), "application/gzip", spoiled);
    }

    pub fn catalog(&self) -> String {
        self.lines.concat()
    }
}

fn file(version: Version) -> String {
    format!("cpython-{version}+{RELEASE}-stand-in-install_only_stripped.tar.gz")
}

fn path(version: Version) -> String {
    format!("/{RELEASE}/{}", file(version))
}

/// Finds a complete python3 of this machine.
fn machine_python() -> (PathBuf, Version) {
    let program = "import platform, ssl, sqlite3, zlib, bz2, lzma, ctypes, readline, curses, uuid, \
                   venv; print(platform.python_version())";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = vec![
        PathBuf::from("/usr/bin/python3"),
        PathBuf::from("/usr/local/bin/python3"),
        PathBuf::from("/opt/homebrew/bin/python3"),
    ];
    candidates.extend(which::which_in_global("python3", Some(path)).unwrap());
    for python in candidates {
        let Ok(output) = Command::new(&python).args(["-I", "-c", program]).output() else {
            continue;
        };
        if let (true, Ok(version)) = (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).trim().parse(),
        ) {
            return (python, version);
        }
    }
    panic!(
        "the stories need a complete python3 on this machine (with ssl, sqlite3, readline, venv \
         and so on)"
    );
}

fn archive(python: &std::path::Path, real: Version, version: Version) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    fill(&mut tar, "python", python, real, version);
    let mut gz = tar.into_inner().unwrap();
    gz.flush().unwrap();
    gz.finish().unwrap()
}

fn append(tar: &mut tar::Builder<impl Write>, path: &str, mode: u32, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content).unwrap();
}

/// Packs the Python below `top`.
fn fill(
    tar: &mut tar::Builder<impl Write>,
    top: &str,
    python: &std::path::Path,
    real: Version,
    version: Version,
) {
    let minor = format!("{}.{}", version.major, version.minor);
    let mut add = |path: &str, mode: u32, content: &[u8]| {
        append(tar, &format!("{top}/{path}"), mode, content)
    };
    add(
        &format!("bin/python{minor}"),
        0o755,
        script(python, real, version, &[]).as_bytes(),
    );
    add(
        &format!("bin/python{minor}-config"),
        0o755,
        b"#!/bin/sh\nprefix=\"/install\"\necho $prefix\n",
    );
    // No os.py: by that a Python knows its library, and this one's is the machine's.
    add(&format!("lib/python{minor}/this.py"), 0o644, b"");
    // Some weight, so that a download can be cut in the middle; not all of it packs.
    let mut noise = Vec::new();
    let mut seed: u32 = 7;
    for _ in 0..400_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((seed >> 24) as u8);
    }
    add("share/weight", 0o644, &noise);
}

/// Returns the interpreter's script, which runs the machine's Python by the name it was called by.
/// For another patch it reports that version when asked with `-c`, as boot asks. It cannot import
/// the modules in `cut`.
fn script(python: &std::path::Path, real: Version, version: Version, cut: &[&str]) -> String {
    let python = python.display();
    // A framework's Python finds its library by its own name.
    let exec = if cfg!(target_os = "macos") {
        format!("exec {python}")
    } else {
        format!("exec -a \"$0\" {python}")
    };
    let mut text = format!("#!/bin/bash\nexport STAND_IN={version}\n");
    if real != version || !cut.is_empty() {
        let patch = version.patch;
        let cut: String = cut
            .iter()
            .map(|name| format!("; sys.modules[\"{name}\"] = None"))
            .collect();
        let lie = format!(
            "import sys{cut}; sys.version = \"{version}\" + sys.version[len(\"{real}\"):]; \
             sys.version_info = sys.version_info[:2] + ({patch}, \"final\", 0)"
        );
        text.push_str(&format!(
            "words=()\nwhile (($#)); do\n  words+=(\"$1\")\n  if [[ $1 == -c && $# -gt 1 ]]; \
             then\n    words+=('{lie}'$'\\n'\"$2\" \"${{@:3}}\")\n    break\n  fi\n  \
             [[ $1 == -* ]] || {{ words+=(\"${{@:2}}\"); break; }}\n  shift\ndone\n\
             set -- \"${{words[@]}}\"\n"
        ));
    }
    format!("{text}{exec} \"$@\"\n")
}
