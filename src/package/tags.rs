//! Which wheels an interpreter can use, best first: PEP 425, with PEP 600 for glibc, PEP 656 for
//! musl, and macOS.

use std::collections::HashMap;

use super::facts::Facts;
use super::filename::WheelName;

/// All tags of an interpreter, with their rank.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    ranks: HashMap<String, usize>,
}

impl Tags {
    pub(crate) fn of(facts: &Facts) -> Tags {
        let list = list(facts);
        let mut ranks = HashMap::with_capacity(list.len());
        for (rank, tag) in list.into_iter().enumerate() {
            ranks.entry(tag).or_insert(rank);
        }
        Tags { ranks }
    }

    /// The rank of the best tag that `wheel` has, 0 being best; None if the interpreter can't use
    /// it.
    pub(crate) fn rank(&self, wheel: &WheelName) -> Option<usize> {
        let mut best: Option<usize> = None;
        for python in &wheel.pythons {
            for abi in &wheel.abis {
                for platform in &wheel.platforms {
                    if let Some(rank) = self.ranks.get(&format!("{python}-{abi}-{platform}")) {
                        best = Some(best.map_or(*rank, |best| best.min(*rank)));
                    }
                }
            }
        }
        best
    }
}

/// In the order that the `packaging` library has, which is what pip goes by.
fn list(facts: &Facts) -> Vec<String> {
    let (major, minor, _) = facts.version;
    let platforms = platforms(facts);
    let mut tags = Vec::new();
    let mut push = |python: &str, abi: &str, platforms: &[String]| {
        tags.extend(
            platforms
                .iter()
                .map(|platform| format!("{python}-{abi}-{platform}")),
        );
    };
    let own = match facts.markers.implementation_name.as_str() {
        "cpython" => {
            let own = format!("cp{major}{minor}");
            push(
                &own,
                &format!("{own}{}", if facts.free_threaded { "t" } else { "" }),
                &platforms,
            );
            // The stable ABI is of the interpreter with the lock: its objects are laid out
            // otherwise without it.
            if !facts.free_threaded {
                push(&own, "abi3", &platforms);
            }
            push(&own, "none", &platforms);
            if !facts.free_threaded {
                for older in (2..minor).rev() {
                    push(&format!("cp{major}{older}"), "abi3", &platforms);
                }
            }
            own
        }
        other => {
            let own = match other {
                "pypy" => format!("pp{major}{minor}"),
                _ => format!("{other}{major}{minor}"),
            };
            let abi: Vec<&str> = facts.soabi.split('-').take(2).collect();
            push(&own, &abi.join("_").replace('.', "_"), &platforms);
            push(&own, "none", &platforms);
            own
        }
    };
    let any = ["any".to_string()];
    let mut generic = vec![format!("py{major}{minor}"), format!("py{major}")];
    generic.extend((0..minor).rev().map(|older| format!("py{major}{older}")));
    for python in &generic {
        push(python, "none", &platforms);
    }
    push(&own, "none", &any);
    for python in &generic {
        push(python, "none", &any);
    }
    tags
}

fn platforms(facts: &Facts) -> Vec<String> {
    let machine = facts.markers.platform_machine.to_ascii_lowercase();
    match facts.markers.sys_platform.as_str() {
        "linux" => {
            // A 32-bit interpreter on a 64-bit kernel.
            let machine = match (machine.as_str(), facts.pointer_bits) {
                ("x86_64", 32) => "i686",
                ("aarch64", 32) => "armv7l",
                (machine, _) => machine,
            };
            let mut found = match &facts.libc {
                Some((name, 2, minor)) if name == "glibc" => manylinux(*minor, machine),
                Some((name, major, minor)) if name == "musl" => (0..=*minor)
                    .rev()
                    .map(|minor| format!("musllinux_{major}_{minor}_{machine}"))
                    .collect(),
                _ => Vec::new(),
            };
            found.push(format!("linux_{machine}"));
            found
        }
        "darwin" => macos(facts.macos.unwrap_or((11, 0)), &machine),
        other => vec![format!("{other}_{machine}").replace(['-', '.', ' '], "_")],
    }
}

fn manylinux(glibc: u32, machine: &str) -> Vec<String> {
    let oldest = if matches!(machine, "x86_64" | "i686") {
        5
    } else {
        17
    };
    let mut found = Vec::new();
    for minor in (oldest..=glibc).rev() {
        found.push(format!("manylinux_2_{minor}_{machine}"));
        let legacy = match minor {
            17 => "manylinux2014",
            12 => "manylinux2010",
            5 => "manylinux1",
            _ => continue,
        };
        found.push(format!("{legacy}_{machine}"));
    }
    found
}

fn macos((major, minor): (u32, u32), machine: &str) -> Vec<String> {
    let formats: &[&str] = match machine {
        "arm64" => &["arm64", "universal2"],
        "x86_64" => &[
            "x86_64",
            "intel",
            "fat64",
            "fat32",
            "universal2",
            "universal",
        ],
        other => return vec![format!("macosx_{major}_{minor}_{other}")],
    };
    // Programs built against an old SDK are told 10.16 by macOS 11.
    let (major, minor) = if major == 10 && minor >= 16 {
        (11, 0)
    } else {
        (major, minor)
    };
    let mut found = Vec::new();
    for major in (11..=major).rev() {
        found.extend(
            formats
                .iter()
                .map(|format| format!("macosx_{major}_0_{format}")),
        );
    }
    // Apple's own processors began with 11: from before it, only what has both.
    let old: &[&str] = if machine == "arm64" {
        &["universal2"]
    } else {
        formats
    };
    let newest = if major == 10 { minor } else { 16 };
    for minor in (4..=newest).rev() {
        found.extend(
            old.iter()
                .map(|format| format!("macosx_10_{minor}_{format}")),
        );
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::facts::Markers;
    use super::*;

    /// A CPython on Linux with glibc 2.31.
    pub(crate) fn facts(minor: u32) -> Facts {
        Facts {
            version: (3, minor, 4),
            markers: Markers {
                implementation_name: "cpython".into(),
                implementation_version: format!("3.{minor}.4"),
                os_name: "posix".into(),
                platform_machine: "x86_64".into(),
                platform_python_implementation: "CPython".into(),
                platform_release: "5.10".into(),
                platform_system: "Linux".into(),
                platform_version: "1".into(),
                python_full_version: format!("3.{minor}.4"),
                python_version: format!("3.{minor}"),
                sys_platform: "linux".into(),
            },
            free_threaded: false,
            soabi: format!("cpython-3{minor}-x86_64-linux-gnu"),
            pointer_bits: 64,
            libc: Some(("glibc".into(), 2, 31)),
            macos: None,
            cache_tag: format!("cpython-3{minor}"),
            magic: String::new(),
            stdlib: "/lib".into(),
            purelib: "lib".into(),
            platlib: "lib".into(),
            scripts: "bin".into(),
            include: "include".into(),
        }
    }

    fn rank(facts: &Facts, tags: &str) -> Option<usize> {
        Tags::of(facts).rank(&WheelName::parse(&format!("a-1-{tags}.whl")).unwrap())
    }

    #[test]
    fn tags_on_linux_rank_native_before_abi3_and_any() {
        let facts = facts(11);
        let order = [
            "cp311-cp311-manylinux_2_31_x86_64",
            "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
            "cp311-cp311-manylinux2014_x86_64",
            "cp311-cp311-manylinux1_x86_64",
            "cp311-cp311-linux_x86_64",
            "cp311-abi3-manylinux2014_x86_64",
            "cp38-abi3-manylinux2014_x86_64",
            "py3-none-manylinux2014_x86_64",
            "cp311-none-any",
            "py2.py3-none-any",
            "py30-none-any",
        ];
        let ranks: Vec<usize> = order
            .iter()
            .map(|tag| rank(&facts, tag).unwrap_or_else(|| panic!("{tag}")))
            .collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
        for other in [
            "cp312-cp312-manylinux2014_x86_64",
            "cp312-abi3-manylinux2014_x86_64",
            "cp311-cp311-manylinux_2_34_x86_64",
            "cp311-cp311-musllinux_1_1_x86_64",
            "cp311-cp311-manylinux2014_aarch64",
            "cp311-cp311t-manylinux2014_x86_64",
            "py2-none-any",
            "py312-none-any",
        ] {
            assert_eq!(rank(&facts, other), None, "{other}");
        }
    }

    #[test]
    fn tags_of_free_threaded_exclude_abi3() {
        let mut facts = facts(13);
        facts.free_threaded = true;
        assert!(rank(&facts, "cp313-cp313t-manylinux_2_28_x86_64").is_some());
        assert!(rank(&facts, "py3-none-any").is_some());
        assert_eq!(rank(&facts, "cp313-cp313-manylinux_2_28_x86_64"), None);
        assert_eq!(rank(&facts, "cp39-abi3-manylinux_2_28_x86_64"), None);
    }

    #[test]
    fn tags_of_musl_macos_and_pypy_are_their_own() {
        let mut musl = facts(12);
        musl.libc = Some(("musl".into(), 1, 2));
        assert!(rank(&musl, "cp312-cp312-musllinux_1_1_x86_64").is_some());
        assert_eq!(rank(&musl, "cp312-cp312-manylinux2014_x86_64"), None);

        let mut mac = facts(12);
        mac.libc = None;
        mac.macos = Some((14, 5));
        mac.markers.sys_platform = "darwin".into();
        mac.markers.platform_machine = "arm64".into();
        assert!(
            rank(&mac, "cp312-cp312-macosx_11_0_arm64")
                < rank(&mac, "cp312-cp312-macosx_10_9_universal2")
        );
        assert_eq!(rank(&mac, "cp312-cp312-macosx_10_9_x86_64"), None);
        assert_eq!(rank(&mac, "cp312-cp312-macosx_15_0_arm64"), None);

        let mut pypy = facts(10);
        pypy.markers.implementation_name = "pypy".into();
        pypy.soabi = "pypy310-pp73-x86_64-linux-gnu".into();
        assert!(rank(&pypy, "pp310-pypy310_pp73-manylinux2014_x86_64").is_some());
        assert_eq!(rank(&pypy, "cp310-abi3-manylinux2014_x86_64"), None);
    }
}
