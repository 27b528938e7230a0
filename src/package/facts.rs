//! What packaging needs to know of an interpreter: learned once, by running it, and kept in its
//! `boot.json`, so that neither resolving nor installing ever starts a Python.

use std::path::{Path, PathBuf};

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};
use serde::{Deserialize, Serialize};

/// A program for the interpreter that prints [`Facts`] as JSON. Run it with `-I`.
pub(crate) const SCRIPT: &str = include_str!("facts.py");

/// An interpreter, as far as wheels and markers care.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Major, minor and micro.
    pub version: (u32, u32, u32),
    pub markers: Markers,
    pub free_threaded: bool,
    /// As in `cpython-311-x86_64-linux-gnu`; empty if the interpreter doesn't say.
    pub soabi: String,
    pub pointer_bits: u32,
    /// Name ("glibc" or "musl"), major and minor of the C library; None elsewhere than on Linux.
    pub libc: Option<(String, u32, u32)>,
    /// Major and minor of the macOS that it runs on.
    pub macos: Option<(u32, u32)>,
    /// As in `cpython-311`, the infix of bytecode files.
    pub cache_tag: String,
    /// The bytecode's magic number in hexadecimal.
    pub magic: String,
    /// The standard library's folder, absolute.
    pub stdlib: PathBuf,
    /// Where things go in a virtual environment, relative to its root.
    pub purelib: PathBuf,
    pub platlib: PathBuf,
    pub scripts: PathBuf,
    pub include: PathBuf,
}

/// An interpreter that can be run, where something has to be built for it.
#[derive(Clone, Copy, Debug)]
pub struct Python<'a> {
    pub facts: &'a Facts,
    /// Its absolute path.
    pub program: &'a Path,
}

/// The variables of PEP 508's environment markers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Markers {
    pub implementation_name: String,
    pub implementation_version: String,
    pub os_name: String,
    pub platform_machine: String,
    pub platform_python_implementation: String,
    pub platform_release: String,
    pub platform_system: String,
    pub platform_version: String,
    pub python_full_version: String,
    pub python_version: String,
    pub sys_platform: String,
}

impl Facts {
    /// For evaluating markers; an error if a version among them isn't one of PEP 440.
    pub fn marker_environment(&self) -> Result<MarkerEnvironment, pep440_rs::VersionParseError> {
        let m = &self.markers;
        // Distributions of Linux append a `+` to versions they built from a branch (PEP 508 knows
        // no such thing).
        let full = m.python_full_version.trim_end_matches('+');
        MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: &m.implementation_name,
            implementation_version: &m.implementation_version,
            os_name: &m.os_name,
            platform_machine: &m.platform_machine,
            platform_python_implementation: &m.platform_python_implementation,
            platform_release: &m.platform_release,
            platform_system: &m.platform_system,
            platform_version: &m.platform_version,
            python_full_version: full,
            python_version: &m.python_version,
            sys_platform: &m.sys_platform,
        })
    }
}
