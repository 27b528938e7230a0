//! The publisher's `SHA256SUMS` of one release: one file that says both what exists and what it
//! must hash to.
//!
//! A line is a SHA-256, blanks, and a file's name, as `sha256sum` writes it. The name says all that
//! a catalog has:
//! `cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-freethreaded+pgo+lto-full.tar.zst`, and before
//! 2021 `cpython-3.9.1-x86_64-unknown-linux-gnu-pgo+lto-20210103T1125.tar.zst`.

use super::catalog::{self, Build};
use super::key::{Arch, Key, Libc, Os, Platform, Variant, Version};
use crate::store::digest::Sha256;

/// The builds that a release's list names, one of each key: the smallest archive that is complete.
/// What boot can't use (debug builds, other platforms, other files) and what isn't a line of a
/// checksum list is passed over. `release` is the folder that the list lies in, where that is
/// known; a file of another release is none of it.
pub fn read(text: &str, release: Option<&str>) -> Vec<Build> {
    let mut best: Vec<(u8, Build)> = Vec::new();
    for (rank, build) in text.lines().filter_map(|text| line(text, release)) {
        match best
            .iter_mut()
            .find(|(_, there)| there.key == build.key && there.release == build.release)
        {
            Some(there) if rank < there.0 => *there = (rank, build),
            Some(_) => {}
            None => best.push((rank, build)),
        }
    }
    best.into_iter()
        .map(|(_, build)| build)
        .filter(catalog::is_usable)
        .collect()
}

/// The build of a line, with its rank among the files of the same key: lower is better.
fn line(line: &str, folder: Option<&str>) -> Option<(u8, Build)> {
    let (sha256, file) = line.trim_end().split_once([' ', '\t'])?;
    let sha256: Sha256 = sha256.parse().ok()?;
    // `*` marks binary mode.
    let file = file.trim_start().trim_start_matches('*');
    let (key, release, rank) = file_name(file)?;
    let release = match (folder, release) {
        (Some(folder), Date::Release(release)) if folder != release => return None,
        (Some(folder), _) => folder,
        (None, Date::Release(release) | Date::Build(release)) => release,
    };
    Some((
        rank,
        Build {
            key,
            release: release.into(),
            file: file.into(),
            sha256,
        },
    ))
}

/// The date in a file's name: its release, or when it was built, which may be a day before.
enum Date<'a> {
    Release(&'a str),
    Build(&'a str),
}

/// The meaning of a file's name: its key, its release, and how good a choice it is among those of
/// the
/// same key.
fn file_name(file: &str) -> Option<(Key, Date<'_>, u8)> {
    if !catalog::is_plain(file) {
        return None;
    }
    let stem = file
        .strip_suffix(".tar.gz")
        .or_else(|| file.strip_suffix(".tar.zst"))?
        .strip_prefix("cpython-")?;
    let (version, rest) = stem.split_once(['-', '+'])?;
    let version: Version = version.parse().ok()?;
    // The release follows the version; old names end with when they were built.
    let (date, rest) = match rest.split_once('-') {
        Some((release, rest)) if is_date(release) => (Date::Release(release), rest),
        _ => {
            let (rest, built) = rest.rsplit_once('-')?;
            let (date, _) = built.split_once('T')?;
            (is_date(date).then_some(Date::Build(date))?, rest)
        }
    };
    let (platform, flavour) = TRIPLES.iter().find_map(|(triple, platform)| {
        let flavour = rest.strip_prefix(triple)?;
        Some((*platform, flavour.strip_prefix('-').unwrap_or(flavour)))
    })?;
    let (variant, flavour) = match flavour.strip_prefix("freethreaded") {
        Some(flavour) => (
            Variant::FreeThreaded,
            flavour.trim_start_matches(['-', '+']),
        ),
        None => (Variant::Default, flavour),
    };
    let rank = FLAVOURS.iter().position(|known| *known == flavour)?;
    Some((
        Key {
            version,
            variant,
            platform,
        },
        date,
        rank as u8,
    ))
}

/// True if this can be the name of a release.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The publisher's names for the platforms that boot runs on. Its x86_64_v2 to v4 crash on older
/// processors.
const TRIPLES: &[(&str, Platform)] = &[
    (
        "x86_64-unknown-linux-gnu",
        Platform {
            os: Os::Linux,
            arch: Arch::X86_64,
            libc: Libc::Gnu,
        },
    ),
    (
        "aarch64-unknown-linux-gnu",
        Platform {
            os: Os::Linux,
            arch: Arch::Aarch64,
            libc: Libc::Gnu,
        },
    ),
    (
        "x86_64-unknown-linux-musl",
        Platform {
            os: Os::Linux,
            arch: Arch::X86_64,
            libc: Libc::Musl,
        },
    ),
    (
        "aarch64-unknown-linux-musl",
        Platform {
            os: Os::Linux,
            arch: Arch::Aarch64,
            libc: Libc::Musl,
        },
    ),
    (
        "x86_64-apple-darwin",
        Platform {
            os: Os::Darwin,
            arch: Arch::X86_64,
            libc: Libc::None,
        },
    ),
    (
        "aarch64-apple-darwin",
        Platform {
            os: Os::Darwin,
            arch: Arch::Aarch64,
            libc: Libc::None,
        },
    ),
];

/// The kinds of archive, best first: small ones, then full ones, the optimised before the plain.
const FLAVOURS: &[&str] = &[
    "install_only_stripped",
    "install_only",
    "pgo+lto-full",
    "pgo+lto",
    "lto-full",
    "lto",
    "pgo-full",
    "pgo",
    "noopt-full",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_understands_every_compiled_file_name() {
        for line in catalog::standalone()
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let fields: Vec<&str> = line.split('\t').collect();
            let listed = read(&format!("{}  {}", fields[5], fields[4]), Some(fields[3]));
            let written: Vec<String> = listed.iter().map(Build::to_string).collect();
            // Static musl builds are of no use.
            let wanted = catalog::read(line).unwrap();
            assert_eq!(
                written,
                if wanted.is_empty() {
                    vec![]
                } else {
                    vec![line.to_string()]
                }
            );
        }
    }

    #[test]
    fn read_takes_smallest_complete_archive() {
        let sha = Sha256::of(b"");
        let names = [
            "cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-debug-full.tar.zst",
            "cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-install_only.tar.gz",
            "cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz",
            "cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-pgo+lto-full.tar.zst",
            "cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-freethreaded+debug-full.tar.zst",
            "cpython-3.13.1+20250106-x86_64-unknown-linux-gnu-freethreaded+pgo+lto-full.tar.zst",
            "cpython-3.13.1+20250106-x86_64_v3-unknown-linux-gnu-install_only.tar.gz",
            "cpython-3.13.1+20250106-x86_64-pc-windows-msvc-install_only.tar.gz",
            "cpython-3.13.1+20250106-x86_64-unknown-linux-musl-install_only_stripped.tar.gz",
            "cpython-3.13.1+20990101-aarch64-apple-darwin-install_only.tar.gz",
            "../cpython-3.12.1+20250106-x86_64-unknown-linux-gnu-install_only.tar.gz",
            "SHA256SUMS",
        ];
        let text: String = names
            .iter()
            .map(|name| format!("{sha}  {name}\n"))
            .collect();
        let builds = read(&format!("# no line\n{text}"), Some("20250106"));
        let files: Vec<&str> = builds.iter().map(|build| build.file.as_str()).collect();
        assert_eq!(
            files,
            [names[2], names[5]],
            "no debug build, no other platform, no static musl, nothing of another release"
        );
    }
}
