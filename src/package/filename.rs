//! What the name of a distribution's file says: wheels (PEP 427) and source archives (PEP 625, and
//! what came before it).

use pep440_rs::Version;

use super::requirement::Name;

/// A wheel's name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    pub name: Name,
    pub version: Version,
    /// Number and rest; a wheel without a build tag comes before all that have one.
    pub build: Option<(u64, String)>,
    pub pythons: Vec<String>,
    pub abis: Vec<String>,
    pub platforms: Vec<String>,
}

impl WheelName {
    /// None for what isn't a wheel's name: an index may list anything.
    pub fn parse(file: &str) -> Option<WheelName> {
        let fields: Vec<&str> = file.strip_suffix(".whl")?.split('-').collect();
        let (name, version, build, tags) = match fields[..] {
            [name, version, python, abi, platform] => {
                (name, version, None, [python, abi, platform])
            }
            [name, version, build, python, abi, platform] => {
                (name, version, Some(build), [python, abi, platform])
            }
            _ => return None,
        };
        let build = match build {
            None => None,
            Some(build) => {
                let digits = build.bytes().take_while(u8::is_ascii_digit).count();
                Some((build[..digits].parse().ok()?, build[digits..].to_string()))
            }
        };
        if tags.iter().any(|tag| tag.is_empty()) {
            return None;
        }
        let [pythons, abis, platforms] =
            tags.map(|tag| tag.split('.').map(str::to_ascii_lowercase).collect());
        Some(WheelName {
            name: name.parse().ok()?,
            version: version.replace('_', "+").parse().ok()?,
            build,
            pythons,
            abis,
            platforms,
        })
    }
}

/// The version of `name`'s source archive, or None if the file isn't one. The package's name is
/// needed: in `a-b-1.tar.gz` nothing else tells where it ends.
pub fn source_version(file: &str, name: &Name) -> Option<Version> {
    let stem = [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz"]
        .iter()
        .find_map(|end| file.strip_suffix(end))?;
    stem.match_indices('-').find_map(|(at, _)| {
        let same = stem[..at].parse::<Name>().is_ok_and(|found| found == *name);
        same.then(|| stem[at + 1..].parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheel_name_is_split_into_parts() {
        let wheel = WheelName::parse(
            "Foo.Bar-1.0_cpu-2b-cp311.cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        )
        .unwrap();
        assert_eq!(wheel.name.as_str(), "foo-bar");
        assert_eq!(wheel.version.to_string(), "1.0+cpu");
        assert_eq!(wheel.build, Some((2, "b".into())));
        assert_eq!(
            (wheel.pythons.len(), wheel.abis.len(), wheel.platforms.len()),
            (2, 1, 2)
        );
        for wrong in [
            "a.whl",
            "a-1.0.whl",
            "a-x-py3-none-any.whl",
            "a-1-b-py3-none-any.whl",
            "a-1-py3--any.whl",
            "a-1-py3-none-any.zip",
            "",
        ] {
            assert!(WheelName::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn source_version_needs_name_of_package() {
        let version = |file: &str, name: &str| {
            source_version(file, &name.parse().unwrap()).map(|version| version.to_string())
        };
        assert_eq!(version("a-b-1.0.tar.gz", "a-b").as_deref(), Some("1.0"));
        assert_eq!(
            version("A_B-1.0-1.zip", "a-b").as_deref(),
            Some("1.0.post1")
        );
        assert_eq!(version("a-b-1.0.tar.gz", "a"), None);
        assert_eq!(version("a-1.0.exe", "a"), None);
    }
}
