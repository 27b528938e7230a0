//! The name of one exact CPython: `cpython-3.11.9-linux-x86_64-gnu`,
//! `cpython-3.13.0+freethreaded-darwin-aarch64-none`.
//!
//! A part of a path is always one of these types, never a text that somebody wrote.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A CPython version: three numbers and perhaps a pre-release (`a1`, `b2`, `rc3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
    pub pre: Option<(Stage, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    Alpha,
    Beta,
    Candidate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Variant {
    #[default]
    Default,
    /// Without the global interpreter lock, PEP 703; written `t` after a version in requests.
    FreeThreaded,
}

/// An operating system, a processor, a C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    pub os: Os,
    pub arch: Arch,
    pub libc: Libc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Os {
    Linux,
    Darwin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    X86_64,
    Aarch64,
}

impl Arch {
    /// As keys, and Rust, write it.
    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Aarch64 => "aarch64",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Libc {
    Gnu,
    Musl,
    None,
}

/// An exact CPython. Also the name of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub version: Version,
    pub variant: Variant,
    pub platform: Platform,
}

/// A text isn't what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} isn't a {what}", crate::report::escaped(text))]
pub struct NotA {
    what: &'static str,
    text: String,
}

fn not_a(what: &'static str, text: &str) -> NotA {
    NotA {
        what,
        text: text.chars().take(80).collect(),
    }
}

impl Version {
    pub const fn new(major: u32, minor: u32, patch: u32) -> Version {
        Version {
            major,
            minor,
            patch,
            pre: None,
        }
    }

    /// `3.11`: what a minor's link is called, with a `t` where the variant is free-threaded.
    pub fn minor_name(&self, variant: Variant) -> String {
        format!("{}.{}{}", self.major, self.minor, variant.suffix())
    }

    /// As PEP 440 writes it, for specifiers.
    pub fn pep440(&self) -> pep440_rs::Version {
        // Display writes nothing that isn't a PEP 440 version.
        self.to_string()
            .parse()
            .unwrap_or_else(|_| pep440_rs::Version::new([0]))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        // No pre-release is later than any.
        let rank = |pre: Option<(Stage, u32)>| pre.map_or((1, None), |pre| (0, Some(pre)));
        (self.major, self.minor, self.patch, rank(self.pre)).cmp(&(
            other.major,
            other.minor,
            other.patch,
            rank(other.pre),
        ))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        match self.pre {
            None => Ok(()),
            Some((Stage::Alpha, number)) => write!(f, "a{number}"),
            Some((Stage::Beta, number)) => write!(f, "b{number}"),
            Some((Stage::Candidate, number)) => write!(f, "rc{number}"),
        }
    }
}

impl FromStr for Version {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Version, NotA> {
        let wrong = || not_a("full Python version like 3.11.9", text);
        let mut parts = text.splitn(3, '.');
        let (major, minor, rest) = (parts.next(), parts.next(), parts.next());
        let (Some(major), Some(minor), Some(rest)) = (major, minor, rest) else {
            return Err(wrong());
        };
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (patch, pre) = rest.split_at(digits);
        let pre = match pre {
            "" => None,
            _ => {
                let (stage, number) = [
                    ("a", Stage::Alpha),
                    ("b", Stage::Beta),
                    ("rc", Stage::Candidate),
                ]
                .iter()
                .find_map(|(letters, stage)| Some((*stage, pre.strip_prefix(letters)?)))
                .ok_or_else(wrong)?;
                Some((stage, self::number(number).ok_or_else(wrong)?))
            }
        };
        Ok(Version {
            major: number(major).ok_or_else(wrong)?,
            minor: number(minor).ok_or_else(wrong)?,
            patch: number(patch).ok_or_else(wrong)?,
            pre,
        })
    }
}

/// A plain decimal number below 10000: no sign, no leading zero.
pub(crate) fn number(text: &str) -> Option<u32> {
    let plain =
        !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0')))
        .then(|| text.parse().ok())
        .flatten()
}

impl Variant {
    /// The suffix of the version in a request, an executable's and a link's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Variant::Default => "",
            Variant::FreeThreaded => "t",
        }
    }

    /// As in the catalog and in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Default => "default",
            Variant::FreeThreaded => "freethreaded",
        }
    }
}

impl FromStr for Variant {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Variant, NotA> {
        match text {
            "default" => Ok(Variant::Default),
            "freethreaded" => Ok(Variant::FreeThreaded),
            _ => Err(not_a("variant", text)),
        }
    }
}

impl Platform {
    /// The machine that this binary runs on. The C library is that of the machine's own programs,
    /// not of this binary, which may be a static one. None where boot supports no Python.
    pub fn host() -> Option<Platform> {
        let arch = match std::env::consts::ARCH {
            "x86_64" => Arch::X86_64,
            "aarch64" => Arch::Aarch64,
            _ => return None,
        };
        match std::env::consts::OS {
            "macos" => Some(Platform {
                os: Os::Darwin,
                arch,
                libc: Libc::None,
            }),
            "linux" => {
                let musl = if cfg!(target_env = "musl") {
                    // A static boot runs everywhere: only the loader tells what else does.
                    let glibc = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
                    !glibc
                        .iter()
                        .any(|loader| std::path::Path::new(loader).exists())
                } else {
                    false
                };
                Some(Platform {
                    os: Os::Linux,
                    arch,
                    libc: if musl { Libc::Musl } else { Libc::Gnu },
                })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let os = match self.os {
            Os::Linux => "linux",
            Os::Darwin => "darwin",
        };
        let libc = match self.libc {
            Libc::Gnu => "gnu",
            Libc::Musl => "musl",
            Libc::None => "none",
        };
        write!(f, "{os}-{}-{libc}", self.arch.name())
    }
}

impl FromStr for Platform {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Platform, NotA> {
        let wrong = || not_a("platform like linux-x86_64-gnu", text);
        let mut parts = text.split('-');
        let (os, arch, libc, end) = (parts.next(), parts.next(), parts.next(), parts.next());
        let os = match os {
            Some("linux") => Os::Linux,
            Some("darwin" | "macos") => Os::Darwin,
            _ => return Err(wrong()),
        };
        let arch = match arch {
            Some("x86_64") => Arch::X86_64,
            Some("aarch64") => Arch::Aarch64,
            _ => return Err(wrong()),
        };
        let libc = match libc {
            Some("gnu") => Libc::Gnu,
            Some("musl") => Libc::Musl,
            Some("none") => Libc::None,
            _ => return Err(wrong()),
        };
        if end.is_some() {
            return Err(wrong());
        }
        Ok(Platform { os, arch, libc })
    }
}

impl Key {
    /// True if both stand behind the same minor's link.
    pub fn is_same_minor(&self, other: &Key) -> bool {
        let minor = |key: &Key| (key.version.major, key.version.minor, key.variant);
        minor(self) == minor(other)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variant = match self.variant {
            Variant::Default => "",
            Variant::FreeThreaded => "+freethreaded",
        };
        write!(f, "cpython-{}{variant}-{}", self.version, self.platform)
    }
}

impl FromStr for Key {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Key, NotA> {
        let wrong = || not_a("key like cpython-3.11.9-linux-x86_64-gnu", text);
        let rest = text.strip_prefix("cpython-").ok_or_else(wrong)?;
        let (version, platform) = rest.split_once('-').ok_or_else(wrong)?;
        let (version, variant) = match version.strip_suffix("+freethreaded") {
            Some(version) => (version, Variant::FreeThreaded),
            None => (version, Variant::Default),
        };
        Ok(Key {
            version: version.parse().map_err(|_| wrong())?,
            variant,
            platform: platform.parse().map_err(|_| wrong())?,
        })
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_version_round_trip() {
        for text in [
            "cpython-3.11.9-linux-x86_64-gnu",
            "cpython-3.13.0rc3+freethreaded-darwin-aarch64-none",
        ] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "3.11",
            "3.11.",
            "3.011.1",
            "3.11.1x",
            "3.11.1rc",
            "3.11.1/..",
            "99999.1.1",
            "3.11.-1",
        ] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
        assert!("cpython-3.11.9-linux-x86_64-gnu/..".parse::<Key>().is_err());
    }

    #[test]
    fn version_orders_pre_releases_first() {
        let versions = [
            "3.9.10",
            "3.10.0a1",
            "3.10.0a2",
            "3.10.0b1",
            "3.10.0rc1",
            "3.10.0",
            "3.10.9",
            "3.10.10",
        ];
        let parsed: Vec<Version> = versions.iter().map(|v| v.parse().unwrap()).collect();
        assert!(parsed.is_sorted());
    }
}
