//! An interpreter that isn't here, described: what a lock resolves for. Where machines of one
//! platform differ, it is the oldest that packages still care for, so that what is chosen runs on
//! all of them.

use super::key::{Arch, Key, Libc, Os, Stage, Variant};
use crate::package::facts::{Facts, Markers};

/// The C libraries of current enterprise Linuxes, and what the newer `manylinux` wheels are made
/// for: the oldest first.
const GLIBC: [(u32, u32); 3] = [(2, 28), (2, 34), (2, 39)];
const MUSL: [(u32, u32); 1] = [(1, 2)];
const MACOS: [(u32, u32); 3] = [(13, 0), (14, 0), (15, 0)];

/// [`facts`] on machines of different age, the oldest first: what has no wheels for one may have
/// some for the next.
pub(crate) fn ages(key: &Key) -> impl Iterator<Item = Facts> {
    let versions: &[(u32, u32)] = match key.platform.libc {
        Libc::Gnu => &GLIBC,
        Libc::Musl => &MUSL,
        Libc::None => &MACOS,
    };
    let oldest = facts(key);
    versions.iter().map(move |&version| {
        let libc = oldest
            .libc
            .as_ref()
            .map(|(name, ..)| (name.clone(), version.0, version.1));
        Facts {
            libc,
            macos: oldest.macos.map(|_| version),
            ..oldest.clone()
        }
    })
}

/// The facts of a prebuilt CPython of this key, as far as wheels and markers care (PEP 425,
/// PEP 508). The kernel's release and version are of one machine, and empty here; folders are as on
/// every Unix.
pub fn facts(key: &Key) -> Facts {
    let version = key.version;
    let (short, full) = (
        format!("{}.{}", version.major, version.minor),
        version.to_string(),
    );
    let machine = match (key.platform.arch, key.platform.os) {
        (Arch::X86_64, _) => "x86_64",
        (Arch::Aarch64, Os::Linux) => "aarch64",
        (Arch::Aarch64, Os::Darwin) => "arm64",
    };
    let (system, sys_platform) = match key.platform.os {
        Os::Linux => ("Linux", "linux"),
        Os::Darwin => ("Darwin", "darwin"),
    };
    // As sys.implementation has it: the stage's first letter.
    let implementation = match version.pre {
        Some((Stage::Candidate, number)) => format!(
            "{}.{}.{}c{number}",
            version.major, version.minor, version.patch
        ),
        _ => full.clone(),
    };
    let library = format!("lib/python{}", version.minor_name(key.variant));
    Facts {
        version: (version.major, version.minor, version.patch),
        markers: Markers {
            implementation_name: "cpython".into(),
            implementation_version: implementation,
            os_name: "posix".into(),
            platform_machine: machine.into(),
            platform_python_implementation: "CPython".into(),
            platform_release: String::new(),
            platform_system: system.into(),
            platform_version: String::new(),
            python_full_version: full,
            python_version: short,
            sys_platform: sys_platform.into(),
        },
        free_threaded: key.variant == Variant::FreeThreaded,
        soabi: String::new(),
        pointer_bits: 64,
        libc: match key.platform.libc {
            Libc::Gnu => Some(("glibc".into(), GLIBC[0].0, GLIBC[0].1)),
            Libc::Musl => Some(("musl".into(), MUSL[0].0, MUSL[0].1)),
            Libc::None => None,
        },
        macos: (key.platform.os == Os::Darwin).then_some(MACOS[0]),
        cache_tag: format!("cpython-{}{}", version.major, version.minor),
        magic: String::new(),
        stdlib: library.clone().into(),
        purelib: format!("{library}/site-packages").into(),
        platlib: format!("{library}/site-packages").into(),
        scripts: "bin".into(),
        include: "include".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::filename::WheelName;
    use crate::package::tags::Tags;

    #[test]
    fn ages_of_newer_machines_take_more_wheels() {
        let ages = |key: &str, tags: &str| -> Vec<bool> {
            let wheel = WheelName::parse(&format!("a-1-{tags}.whl")).unwrap();
            ages(&key.parse().unwrap())
                .map(|facts| Tags::of(&facts).rank(&wheel).is_some())
                .collect()
        };
        assert_eq!(
            ages(
                "cpython-3.12.4-linux-x86_64-gnu",
                "cp39-abi3-manylinux_2_34_x86_64"
            ),
            [false, true, true]
        );
        assert_eq!(
            ages(
                "cpython-3.12.4-darwin-aarch64-none",
                "cp312-cp312-macosx_15_0_arm64"
            ),
            [false, false, true]
        );
        assert_eq!(
            ages(
                "cpython-3.12.4-linux-x86_64-musl",
                "cp312-cp312-musllinux_1_2_x86_64"
            ),
            [true]
        );
    }

    #[test]
    fn facts_of_each_target_take_its_wheels() {
        let takes = |key: &str, tags: &str| {
            let facts = facts(&key.parse().unwrap());
            assert!(facts.marker_environment().is_ok());
            Tags::of(&facts)
                .rank(&WheelName::parse(&format!("a-1-{tags}.whl")).unwrap())
                .is_some()
        };
        let (linux, arm, musl) = (
            "cpython-3.12.4-linux-x86_64-gnu",
            "cpython-3.12.4-linux-aarch64-gnu",
            "cpython-3.12.4-linux-x86_64-musl",
        );
        let (mac, free) = (
            "cpython-3.12.4-darwin-aarch64-none",
            "cpython-3.13.0+freethreaded-linux-x86_64-gnu",
        );
        assert!(
            takes(linux, "cp312-cp312-manylinux_2_28_x86_64")
                && !takes(linux, "cp312-cp312-manylinux_2_34_x86_64")
        );
        assert!(
            takes(arm, "cp312-cp312-manylinux2014_aarch64")
                && !takes(arm, "cp312-cp312-manylinux2014_x86_64")
        );
        assert!(
            takes(musl, "cp312-cp312-musllinux_1_2_x86_64")
                && !takes(musl, "cp312-cp312-manylinux2014_x86_64")
        );
        assert!(
            takes(mac, "cp312-cp312-macosx_11_0_arm64")
                && !takes(mac, "cp312-cp312-macosx_14_0_arm64")
        );
        assert!(
            takes(free, "cp313-cp313t-manylinux_2_28_x86_64")
                && !takes(free, "cp313-cp313-manylinux_2_28_x86_64")
        );
        for key in [linux, arm, musl, mac, free] {
            assert!(takes(key, "py3-none-any"), "{key}");
        }
    }
}
