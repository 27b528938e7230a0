//! What a source tree says of itself: how it is built (PEP 517, PEP 518), and sometimes already
//! what it needs.

use std::fs;
use std::path::{Component, Path};

use serde::Deserialize;

/// The `[build-system]` table, or what stands for it where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct System {
    pub requires: Vec<String>,
    /// A module, and perhaps an object in it after a colon.
    pub backend: String,
    /// Folders of the tree that the backend lies in.
    pub backend_path: Vec<String>,
}

#[derive(Default, Deserialize)]
struct PyProject {
    #[serde(rename = "build-system")]
    build_system: Option<Table>,
    project: Option<Project>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Table {
    #[serde(default)]
    requires: Vec<String>,
    build_backend: Option<String>,
    #[serde(default)]
    backend_path: Vec<String>,
}

#[derive(Deserialize)]
struct Project {
    name: Option<String>,
}

/// What `setup.py` without more means.
const LEGACY: &str = "setuptools.build_meta:__legacy__";

impl System {
    /// Reads it from a tree; an error says what is wrong with that.
    pub(super) fn read(tree: &Path) -> Result<System, String> {
        let Some(text) = fs::read_to_string(tree.join("pyproject.toml")).ok() else {
            if !tree.join("setup.py").is_file() {
                return Err("it has neither a pyproject.toml nor a setup.py".into());
            }
            return Ok(System {
                requires: vec!["setuptools>=40.8.0".into()],
                backend: LEGACY.into(),
                backend_path: Vec::new(),
            });
        };
        let project: PyProject = toml::from_str(&text)
            .map_err(|error| format!("its pyproject.toml can't be read: {}", error.message()))?;
        let Some(table) = project.build_system else {
            return Ok(System {
                requires: vec!["setuptools>=40.8.0".into()],
                backend: LEGACY.into(),
                backend_path: Vec::new(),
            });
        };
        let outside = |path: &String| {
            !Path::new(path)
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        if table.backend_path.iter().any(outside) {
            return Err("its backend-path leads out of it".into());
        }
        Ok(System {
            requires: table.requires,
            backend: table.build_backend.unwrap_or_else(|| LEGACY.into()),
            backend_path: table.backend_path,
        })
    }
}

/// The name that a tree gives itself without being asked to run: in pyproject.toml, in PKG-INFO, in
/// setup.cfg.
pub(super) fn name(tree: &Path) -> Option<String> {
    let read = |file: &str| fs::read_to_string(tree.join(file)).ok();
    let project = read("pyproject.toml")
        .and_then(|text| toml::from_str::<PyProject>(&text).ok())
        .and_then(|project| project.project);
    if let Some(name) = project.and_then(|project| project.name) {
        return Some(name);
    }
    let named = |text: String| {
        text.lines().find_map(|line| {
            line.strip_prefix("Name:")
                .map(|name| name.trim().to_string())
        })
    };
    if let Some(name) = read("PKG-INFO").and_then(named) {
        return Some(name);
    }
    let text = read("setup.cfg")?;
    let mut metadata = false;
    for line in text.lines() {
        if line.starts_with('[') {
            metadata = line.trim() == "[metadata]";
        } else if metadata
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "name"
        {
            return Some(value.trim().to_string());
        }
    }
    None
}

/// The PKG-INFO of a source archive, where it promises that a wheel will say the same (PEP 643).
pub(super) fn stated(tree: &Path) -> Option<String> {
    let text = fs::read_to_string(tree.join("PKG-INFO")).ok()?;
    let mut modern = false;
    for line in text.lines().take_while(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if key.eq_ignore_ascii_case("Metadata-Version") {
            let (major, minor) = value.split_once('.')?;
            modern = (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?) >= (2, 2);
        }
        let decisive = [
            "requires-dist",
            "requires-python",
            "provides-extra",
            "version",
        ];
        if key.eq_ignore_ascii_case("Dynamic")
            && decisive.iter().any(|name| value.eq_ignore_ascii_case(name))
        {
            return None;
        }
    }
    modern.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(tree.path().join(name), content).unwrap();
        }
        tree
    }

    #[test]
    fn system_of_old_tree_is_setuptools() {
        for files in [
            &[("setup.py", "")][..],
            &[("setup.py", ""), ("pyproject.toml", "[tool.x]\n")],
        ] {
            let system = System::read(tree(files).path()).unwrap();
            assert_eq!(
                (system.backend.as_str(), system.requires.len()),
                (LEGACY, 1)
            );
        }
        assert!(
            System::read(tree(&[]).path())
                .unwrap_err()
                .contains("setup.py")
        );
        assert!(
            System::read(tree(&[("pyproject.toml", "[")]).path())
                .unwrap_err()
                .contains("pyproject.toml")
        );
    }

    #[test]
    fn system_refuses_backend_outside_the_tree() {
        let text = "[build-system]\nrequires = ['a']\nbuild-backend = 'b:c'\n\
                    backend-path = ['.', 'sub']\n";
        let system = System::read(tree(&[("pyproject.toml", text)]).path()).unwrap();
        assert_eq!(
            (system.backend.as_str(), system.backend_path.len()),
            ("b:c", 2)
        );
        for wrong in ["../x", "/tmp"] {
            let text = format!(
                "[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['{wrong}']\n"
            );
            assert!(
                System::read(tree(&[("pyproject.toml", &text)]).path())
                    .unwrap_err()
                    .contains("backend-path")
            );
        }
    }

    #[test]
    fn name_is_read_without_running_code() {
        assert_eq!(
            name(tree(&[("pyproject.toml", "[project]\nname = 'a'\n")]).path()).as_deref(),
            Some("a")
        );
        assert_eq!(
            name(tree(&[("PKG-INFO", "Metadata-Version: 1.0\nName: b\n")]).path()).as_deref(),
            Some("b")
        );
        assert_eq!(
            name(tree(&[("setup.cfg", "[x]\nname=no\n[metadata]\nname = c\n")]).path()).as_deref(),
            Some("c")
        );
        assert_eq!(name(tree(&[("setup.py", "")]).path()), None);
    }

    #[test]
    fn stated_accepts_only_final_metadata() {
        let stated = |text: &str| stated(tree(&[("PKG-INFO", text)]).path()).is_some();
        assert!(stated("Metadata-Version: 2.2\nName: a\n"));
        assert!(stated("Metadata-Version: 2.4\nName: a\nDynamic: License\n"));
        assert!(!stated("Metadata-Version: 2.1\nName: a\n"));
        assert!(!stated(
            "Metadata-Version: 2.2\nName: a\nDynamic: Requires-Dist\n"
        ));
    }
}
