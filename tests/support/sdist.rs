//! Source trees with their own build backend, so that no build needs a network.

use std::fs;
use std::path::{Path, PathBuf};

use super::Home;

const BACKEND: &str = include_str!("backend.py");

/// Builder of a source tree: a package with one module, and a command of its name that prints
/// `says`.
pub struct Source {
    pub name: String,
    pub version: String,
    requires: Vec<String>,
    build_requires: Vec<String>,
    files: Vec<(String, String)>,
    stated: bool,
}

impl Source {
    pub fn new(name: &str, version: &str, says: &str) -> Source {
        let module = (
            format!("{name}.py"),
            format!("def main():\n    print({says:?})\n"),
        );
        Source {
            name: name.into(),
            version: version.into(),
            requires: Vec::new(),
            build_requires: Vec::new(),
            files: vec![module],
            stated: false,
        }
    }

    pub fn requires(mut self, requirement: &str) -> Source {
        self.requires.push(requirement.into());
        self
    }

    /// Sets a requirement that the backend asks for and imports.
    pub fn build_requires(mut self, name: &str) -> Source {
        self.build_requires.push(name.into());
        self
    }

    /// Declares PKG-INFO final, so that no code has to run for the metadata.
    pub fn stated(mut self) -> Source {
        self.stated = true;
        self
    }

    pub fn file(mut self, path: &str, content: &str) -> Source {
        self.files.push((path.into(), content.into()));
        self
    }

    /// Returns the path and content of each file.
    pub fn all(&self) -> Vec<(String, String)> {
        let list = |items: &[String]| {
            format!(
                "[{}]",
                items
                    .iter()
                    .map(|item| format!("{item:?}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        let backend = BACKEND
            .replace("@NAME@", &self.name)
            .replace("@VERSION@", &self.version)
            .replace("@REQUIRES@", &list(&self.requires))
            .replace("@BUILD_REQUIRES@", &list(&self.build_requires));
        let mut files = self.files.clone();
        files.push(("backend/tiny_backend.py".into(), backend));
        files.push((
            "pyproject.toml".into(),
            format!(
                "[project]\nname = \"{}\"\nversion = \"{}\"\n\n[build-system]\nrequires = []\n\
                 build-backend = \"tiny_backend\"\nbackend-path = [\"backend\"]\n",
                self.name, self.version
            ),
        ));
        let requires: String = self
            .requires
            .iter()
            .map(|one| format!("Requires-Dist: {one}\n"))
            .collect();
        let metadata = if self.stated { "2.2" } else { "2.1" };
        files.push((
            "PKG-INFO".into(),
            format!(
                "Metadata-Version: {metadata}\nName: {}\nVersion: {}\n{requires}",
                self.name, self.version
            ),
        ));
        files
    }

    /// Writes it as a folder below the home directory.
    pub fn folder(&self, home: &Home, path: &str) -> PathBuf {
        for (name, content) in self.all() {
            home.write(&format!("{path}/{name}"), &content);
        }
        home.root.join(path)
    }

    pub fn file_name(&self) -> String {
        format!("{}-{}.tar.gz", self.name, self.version)
    }

    /// Packs it as a source archive.
    pub fn archive(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        for (path, content) in self.all() {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            tar.append_data(
                &mut header,
                format!("{}-{}/{path}", self.name, self.version),
                content.as_bytes(),
            )
            .unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    /// Writes it as a git repository with one commit and the tag `v1`; returns its folder.
    pub fn repository(&self, home: &Home, path: &str) -> PathBuf {
        let folder = self.folder(home, path);
        git(home, &folder, &["init", "--quiet", "--initial-branch=main"]);
        commit(home, &folder);
        git(home, &folder, &["tag", "v1"]);
        folder
    }
}

/// Commits everything; returns the commit.
pub fn commit(home: &Home, folder: &Path) -> String {
    git(home, folder, &["add", "."]);
    git(
        home,
        folder,
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.org",
            "commit",
            "--quiet",
            "-m",
            "x",
        ],
    );
    git(home, folder, &["rev-parse", "HEAD"])
}

fn git(home: &Home, folder: &Path, args: &[&str]) -> String {
    assert!(fs::metadata(folder).is_ok());
    home.run(home.command("git").arg("-C").arg(folder).args(args))
        .success()
        .stdout
        .trim()
        .to_string()
}
